// What comes on an idle kept-alive connection answers nothing: plain and TLS, blocking and asynchronous.
#include <dovetail/workersql_async.hpp>

#include <support/socket_server.hpp>
#include <support/tls_server.hpp>
#include <support/workersql_session.hpp>

#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <gtest/gtest.h>

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>

namespace {

using namespace workersql_test;
using namespace std::chrono_literals;

/// One accepted connection of either server.
struct link {
  std::function<std::string()> read;  // what has come; empty at the end of the stream
  std::function<void(std::string_view)> write;
  std::function<void()> end;
  int handle;
};

/// True when the peer's system has everything that was written, and the end of the stream where it was ended.
bool has_arrived(int handle) {
  for (int i = 0; i < 6000; ++i) {
    int unsent = 1;
    tcp_info state{};
    socklen_t size = sizeof state;
    if (::ioctl(handle, SIOCOUTQ, &unsent) == 0 && unsent == 0 &&
        ::getsockopt(handle, IPPROTO_TCP, TCP_INFO, &state, &size) == 0 && state.tcpi_unacked == 0 &&
        state.tcpi_state != TCP_FIN_WAIT1) {
      return true;
    }
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

/// Answers each request with the number of its connection, counted from 1; between two requests of the first one it
/// does what an idle connection is to suffer.
class moody_gateway {
 public:
  enum class mood { sends_late_bytes, ends_its_half };

  moody_gateway(bool is_secure, mood what) : mood_(what) {
    if (is_secure) {
      tls_.emplace(tests::tls_server::behaviour{.serve = [this](SSL* ssl) {
        serve({[ssl] {
                 char data[4096];
                 const int got = SSL_read(ssl, data, sizeof data);
                 return got > 0 ? std::string(data, static_cast<std::size_t>(got)) : std::string{};
               },
               [ssl](std::string_view text) { SSL_write(ssl, text.data(), static_cast<int>(text.size())); },
               [ssl] {
                 SSL_shutdown(ssl);
                 ::shutdown(SSL_get_fd(ssl), SHUT_WR);
               },
               SSL_get_fd(ssl)});
      }});
    } else {
      plain_.emplace([this](dt::test::accepted_stream& peer) {
        serve({[&peer] {
                 std::byte data[4096];
                 std::error_code ec;
                 const std::size_t got = dt::read_some(peer, data, dt::deadline::after(60s), ec);
                 return ec ? std::string{} : std::string{dt::as_text(dt::byte_view{data, got})};
               },
               [&peer](std::string_view text) { peer.write(text); }, [&peer] { peer.shutdown_write(); },
               peer.handle(dt::readiness::readable)});
      });
    }
  }

  ~moody_gateway() {
    if (!is_allowed_) may_interfere_.set_value();  // a test has failed before
  }

  std::string dsn() const {
    if (plain_) return "workersql://127.0.0.1:" + std::to_string(plain_->port()) + "/db?ssl=false&" + rest;
    return "workersql://127.0.0.1:" + std::to_string(tls_->port()) + "/db?tlsAuthorities=" + tls_->authority_file() +
           "&" + rest;
  }
  /// Lets it happen; true when the client's system has it.
  bool interfere() {
    is_allowed_ = true;
    may_interfere_.set_value();
    return has_happened_.get_future().get();
  }
  int accepted() const { return accepted_; }
  /// Requests that came on the first connection after it happened.
  int wasted() const { return wasted_; }

 private:
  static constexpr const char* rest = "apiKey=J&retryAttempts=1&idempotency=none&healthCheckInterval=600000";

  static std::string answer_of(int number) {
    const std::string n = std::to_string(number);
    return ok(R"({"success":true,"data":[{"n":)" + n + R"(}],"rowsAffected":)" + n + "}");
  }
  /// False at the end of the stream.
  static bool read_request(const link& peer) {
    for (std::string text; text.find("]}") == text.npos;) {
      const std::string more = peer.read();
      if (more.empty()) return false;
      text += more;
    }
    return true;
  }
  void serve(const link& peer) {
    const int number = ++accepted_;
    if (!read_request(peer)) return;
    peer.write(answer_of(number));
    if (number == 1) {
      may_interfere_.get_future().get();
      mood_ == mood::ends_its_half ? peer.end() : peer.write(answer_of(666));
      has_happened_.set_value(has_arrived(peer.handle));
    }
    while (read_request(peer)) {
      if (number == 1) ++wasted_;
      if (number != 1 || mood_ == mood::sends_late_bytes) peer.write(answer_of(number));
    }
  }

  mood mood_;
  bool is_allowed_ = false;
  std::atomic<int> accepted_{0};
  std::atomic<int> wasted_{0};
  std::promise<void> may_interfere_;
  std::promise<bool> has_happened_;
  std::optional<dt::test::socket_server> plain_;
  std::optional<tests::tls_server> tls_;
};

/// Asks, lets it happen, asks again: `ask(is_write)` gives the number in the answer.
template <class Ask>
void check(moody_gateway& gateway, bool is_write, Ask ask) {
  EXPECT_EQ(ask(false), 1);
  ASSERT_TRUE(gateway.interfere());
  EXPECT_EQ(ask(is_write), 2);  // once, on a fresh connection
  EXPECT_EQ(ask(false), 2);
  EXPECT_EQ(gateway.accepted(), 2);
  EXPECT_EQ(gateway.wasted(), 0);
}

class WorkersqlIdle : public testing::TestWithParam<std::tuple<bool, bool, bool>> {
 protected:
  bool is_secure() const { return std::get<0>(GetParam()); }
  bool is_write() const { return std::get<2>(GetParam()); }
  moody_gateway::mood mood() const {
    return std::get<1>(GetParam()) ? moody_gateway::mood::ends_its_half : moody_gateway::mood::sends_late_bytes;
  }
};

TEST_P(WorkersqlIdle, WhatHappensToAnIdleConnectionHarmsNoCall) {
  moody_gateway gateway{is_secure(), mood()};
  workersql::client db{gateway.dsn()};
  check(gateway, is_write(), [&](bool writes) {
    return writes ? static_cast<int>(db.execute("insert into t values (?)", 1).rows_affected)
                  : db.query_value<int>("select n from t");
  });
}

TEST_P(WorkersqlIdle, TheAsynchronousClientLooksToo) {
  moody_gateway gateway{is_secure(), mood()};
  asio::io_context io;
  workersql::async_client db{io.get_executor(), gateway.dsn()};
  check(gateway, is_write(), [&](bool writes) {
    io.restart();
    if (writes) {
      auto done = db.with(asio::use_future).execute("insert into t values (?)", 1);
      io.run();
      return static_cast<int>(done.get().rows_affected);
    }
    auto got = db.with(asio::use_future).query_value<int>("select n from t");
    io.run();
    return got.get();
  });
}

INSTANTIATE_TEST_SUITE_P(PlainAndTls, WorkersqlIdle,
                         testing::Combine(testing::Bool(), testing::Bool(), testing::Bool()));

}  // namespace
