// What comes on an idle kept-alive connection answers nothing: plain and TLS, blocking and asynchronous.
#include <dovetail/workersql_async.hpp>

#include <support/gateway_link.hpp>
#include <support/workersql_session.hpp>

#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <gtest/gtest.h>

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <tuple>

namespace {

using namespace workersql_test;
using dt::test::gateway_link;
using dt::test::read_request;
using namespace std::chrono_literals;

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

  moody_gateway(bool is_secure, mood what) : mood_(what), is_secure_(is_secure) {}

  ~moody_gateway() {
    if (!is_allowed_) may_interfere_.set_value();  // a test has failed before
  }

  std::string dsn() const {
    const std::string tls = is_secure_ ? "tlsAuthorities=" + authority_.file() : "ssl=false";
    return "workersql://127.0.0.1:" + std::to_string(server_.port()) + "/db?" + tls +
           "&apiKey=J&retryAttempts=1&idempotency=none&healthCheckInterval=600000";
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
  static std::string answer_of(int number) {
    const std::string n = std::to_string(number);
    return ok(R"({"success":true,"data":[{"n":)" + n + R"(}],"rowsAffected":)" + n + "}");
  }
  void serve(gateway_link peer) {
    if (is_secure_ && !peer.secure(context_.get())) return;
    const int number = ++accepted_;
    if (read_request(peer).empty()) return;
    peer.write(answer_of(number));
    if (number == 1) {
      may_interfere_.get_future().get();
      if (mood_ == mood::ends_its_half)
        peer.end();
      else
        peer.write(answer_of(666));
      has_happened_.set_value(has_arrived(peer.handle()));
    }
    while (!read_request(peer).empty()) {
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
  bool is_secure_;
  tests::tls_authority authority_;
  tests::server_context context_ = authority_.context();
  dt::test::socket_server server_{[this](dt::test::accepted_stream& peer) { serve(gateway_link{peer}); }};
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
