// A gateway that fails in the middle of a transaction over a WebSocket, in plain TCP and with TLS: what the call says,
// that a commit whose answer was lost is told as unknown, and that the next call of the same client is as good as ever.
#include <dovetail/workersql_async.hpp>

#include <support/gateway_link.hpp>
#include <support/workersql_session.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <future>
#include <ostream>
#include <string>
#include <string_view>
#include <tuple>

namespace {

using namespace workersql_test;
using dt::condition;
using dt::test::gateway_link;
using dt::test::read_request;
using namespace std::chrono_literals;

/// What is answered no more.
enum class place { upgrade, begin, statement, commit };
enum class deed { refuses, cuts, ends, stalls, says_half };

struct fault {
  const char* name;
  place where;
  deed what;
  condition told;
  std::string_view status = "101 Switching Protocols";
};
void PrintTo(const fault& of, std::ostream* out) { *out << of.name; }

const fault faults[] = {
    {"UpgradeForbidden", place::upgrade, deed::refuses, condition::permission, "403 Forbidden"},
    {"UpgradeUnauthorized", place::upgrade, deed::refuses, condition::authentication, "401 Unauthorized"},
    {"UpgradeUnknown", place::upgrade, deed::refuses, condition::unsupported, "500 Internal Server Error"},
    {"UpgradeCut", place::upgrade, deed::cuts, condition::connection},
    {"UpgradeHalfSaid", place::upgrade, deed::says_half, condition::connection},
    {"UpgradeStalls", place::upgrade, deed::stalls, condition::timeout},
    {"BeginCut", place::begin, deed::cuts, condition::connection},
    {"BeginHalfSaid", place::begin, deed::says_half, condition::connection},
    {"BeginStalls", place::begin, deed::stalls, condition::timeout},
    {"StatementCut", place::statement, deed::cuts, condition::connection},
    {"StatementEnded", place::statement, deed::ends, condition::connection},
    {"StatementHalfSaid", place::statement, deed::says_half, condition::connection},
    {"StatementStalls", place::statement, deed::stalls, condition::timeout},
    {"CommitCut", place::commit, deed::cuts, condition::commit_unknown},
    {"CommitEnded", place::commit, deed::ends, condition::commit_unknown},
    {"CommitHalfSaid", place::commit, deed::says_half, condition::commit_unknown},
    {"CommitStalls", place::commit, deed::stalls, condition::commit_unknown},
};

/// RFC 6455 section 4.2.2, by OpenSSL.
std::string accept_of(const std::string& request) {
  const std::string name = "Sec-WebSocket-Key: ";
  const std::size_t at = request.find(name) + name.size();
  const std::string text = request.substr(at, request.find("\r\n", at) - at) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  unsigned char coded[32];
  const int size = EVP_EncodeBlock(coded, digest, sizeof digest);
  return {reinterpret_cast<const char*>(coded), static_cast<std::size_t>(size)};
}

/// A server's frame (RFC 6455 section 5.2), shorter than 126 bytes.
std::string frame(std::string_view payload, int code = 1) {
  return std::string{static_cast<char>(0x80 | code), static_cast<char>(payload.size())}.append(payload);
}

/// A client's message with less than 64 KiB; empty at the end, or for a farewell.
std::string read_message(gateway_link& from) {
  const auto exactly = [&from](std::size_t size) {
    std::string got;
    while (got.size() < size) {
      const std::string more = from.read(size - got.size());
      if (more.empty()) return std::string{};
      got += more;
    }
    return got;
  };
  const std::string head = exactly(2);
  if (head.empty() || (head[0] & 0xF) == 8) return {};
  std::size_t size = static_cast<unsigned char>(head[1]) & 0x7FU;
  if (size == 126) {
    const std::string wide = exactly(2);
    if (wide.empty()) return {};
    size = static_cast<std::size_t>(static_cast<unsigned char>(wide[0])) << 8 | static_cast<unsigned char>(wide[1]);
  }
  const std::string mask = exactly(4);
  std::string text = exactly(size);
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(text[i] ^ mask[i % 4]);
  return text;
}

class faulty_gateway {
 public:
  faulty_gateway(bool is_secure, const fault& what) : what_(what), is_secure_(is_secure) {}

  std::string dsn() const {
    const std::string tls = is_secure_ ? "tlsAuthorities=" + authority_.file() : "ssl=false";
    return "workersql://127.0.0.1:" + std::to_string(server_.port()) + "/db?" + tls +
           "&apiKey=J&retryAttempts=1&idempotency=none&healthCheckInterval=600000";
  }
  bool has_failed() const { return has_failed_; }
  int commits() const { return commits_; }

 private:
  void serve(gateway_link peer) {
    if (is_secure_ && !peer.secure(context_.get())) return;
    for (std::string request; !(request = read_request(peer)).empty();) {
      if (request.starts_with("GET /v1/ws ")) return serve_socket(peer, request);
      peer.write(ok(R"({"success":true,"data":[{"n":1}]})"));
    }
  }
  void serve_socket(gateway_link& peer, const std::string& request) {
    const std::string switched =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        accept_of(request) + "\r\n\r\n";
    if (!says(peer, place::upgrade, switched)) return;
    for (std::string message; !(message = read_message(peer)).empty();) {
      const std::size_t at = message.find("\"id\":") + 5;
      const std::string id = message.substr(at, message.find_first_of(",}", at) - at);
      const bool is_begin = message.find("\"begin\"") != message.npos;
      const bool is_commit = message.find("\"commit\"") != message.npos;
      const std::string_view data =
          is_begin || is_commit ? R"({"transactionId":"tx1"})" : R"({"rows":[],"rowsAffected":1})";
      const std::string said = R"({"id":)" + id + R"(,"type":"response","data":)" + std::string{data} + "}";
      const place where = is_begin ? place::begin : is_commit ? place::commit : place::statement;
      if (is_commit && (has_failed_ || where != what_.where)) ++commits_;
      if (!says(peer, where, frame(said))) return;
    }
    peer.write(frame("\x03\xE8", 8));
  }
  /// False when the connection is over.
  bool says(gateway_link& peer, place where, const std::string& text) {
    if (has_failed_ || where != what_.where) return peer.write(text);
    if (what_.what == deed::refuses) peer.write(answer(what_.status, "no"));
    if (what_.what == deed::says_half) peer.write(std::string_view{text}.substr(0, text.size() / 2));
    has_failed_ = true;
    if (what_.what == deed::cuts) {
      peer.cut();
      return false;
    }
    if (what_.what != deed::stalls) peer.end();
    peer.wait_for_end();
    return false;
  }

  fault what_;
  bool is_secure_;
  std::atomic<bool> has_failed_{false};
  std::atomic<int> commits_{0};
  tests::tls_authority authority_;
  tests::server_context context_ = authority_.context();
  dt::test::socket_server server_{[this](dt::test::accepted_stream& peer) { serve(gateway_link{peer}); }};
};

constexpr auto write_text = "insert into t values (1)";

class WorkersqlSocketFaults : public testing::TestWithParam<std::tuple<fault, bool>> {
 protected:
  const fault& what() const { return std::get<0>(GetParam()); }

  /// `transact(limit)` and `query()` throw or give what they have.
  template <class Client, class Transact, class Query>
  void check(const Client& db, Transact transact, Query query) {
    auto limit = what().what == deed::stalls ? 200ms : std::chrono::milliseconds{60s};
    do {  // longer, when the time was over before the peer came so far
      try {
        transact(limit);
        ADD_FAILURE() << "no failure";
      } catch (const dt::error& failed) {
        if (gateway.has_failed()) {
          EXPECT_EQ(failed.kind(), what().told) << failed.what();
        }
      }
      limit *= 2;
    } while (!gateway.has_failed() && limit < 60s);
    EXPECT_EQ(db.get_pool_stats().active, 0U);
    EXPECT_EQ(gateway.commits(), 0);
    EXPECT_EQ(query(), 1);
    transact(60s);
    EXPECT_EQ(gateway.commits(), 1);
    EXPECT_EQ(query(), 1);
    EXPECT_EQ(db.get_pool_stats().active, 0U);
    EXPECT_EQ(db.get_pool_stats().total, db.get_pool_stats().idle);
  }

  const bool no_sigpipe = (std::signal(SIGPIPE, SIG_IGN), true);
  faulty_gateway gateway{std::get<1>(GetParam()), what()};
};

TEST_P(WorkersqlSocketFaults, TheBlockingClientTellsAndRecovers) {
  workersql::client db{gateway.dsn()};
  check(
      db, [&db](auto limit) { db.within(limit).transaction([](auto& tx) { tx.execute(write_text); }); },
      [&db] { return db.query_value<int>("select n from t"); });
}

TEST_P(WorkersqlSocketFaults, TheAsynchronousClientTellsAndRecovers) {
  asio::io_context io;
  workersql::async_client db{io.get_executor(), gateway.dsn()};
  const auto run = [&io](auto work) {
    auto done = asio::co_spawn(io, work, asio::use_future);
    io.restart();
    io.run();
    return done.get();
  };
  check(
      db,
      [&](std::chrono::milliseconds limit) {
        run([&db, limit]() -> asio::awaitable<void> {
          co_await db.within(limit).transaction(
              [](auto& tx) -> asio::awaitable<void> { co_await tx.execute(write_text); });
        });
      },
      [&] {
        return run([&db]() -> asio::awaitable<int> {
          const int n = co_await db.query_value<int>("select n from t");
          co_return n;
        });
      });
}

INSTANTIATE_TEST_SUITE_P(AtEachStep, WorkersqlSocketFaults,
                         testing::Combine(testing::ValuesIn(faults), testing::Bool()), [](const auto& of) {
                           return std::string{std::get<0>(of.param).name} + (std::get<1>(of.param) ? "Tls" : "Plain");
                         });

}  // namespace
