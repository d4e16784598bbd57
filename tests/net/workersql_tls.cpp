#include <dovetail/sqlite.hpp>
#include <dovetail/workersql_async.hpp>
#include <dovetail/workersql_gateway.hpp>

#include <support/tls_server.hpp>

#include <arpa/inet.h>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <future>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
namespace workersql = dovetail::workersql;

constexpr const char* one =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 33\r\n\r\n"
    R"({"success":true,"data":[{"n":1}]})";

std::string dsn(const tests::tls_server& server, const std::string& more) {
  return "workersql://127.0.0.1:" + std::to_string(server.port()) + "/db?apiKey=J&retryAttempts=1&" + more;
}

TEST(WorkersqlTls, HttpsIsTheDefaultAndTheCertificateIsChecked) {
  tests::tls_server server{{.answer = one}};
  {
    workersql::client db{dsn(server, "tlsAuthorities=" + server.authority_file())};
    EXPECT_EQ(db.query_value<int>("select 1 as n"), 1);
    EXPECT_EQ(db.query_value<int>("select 1 as n"), 1);
  }
  workersql::client stranger{dsn(server, "")};
  const auto refused = stranger.with(dt::as_result).query_value<int>("select 1 as n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), dt::condition::authentication);
  workersql::client careless{dsn(server, "tlsVerify=false")};
  EXPECT_EQ(careless.query_value<int>("select 1 as n"), 1);
}

TEST(WorkersqlTls, TheClientOffersHttp11) {
  std::atomic<bool> is_chosen = false;
  tests::tls_server server{{.serve =
                                [&is_chosen](SSL* from) {
                                  const unsigned char* name = nullptr;
                                  unsigned size = 0;
                                  SSL_get0_alpn_selected(from, &name, &size);
                                  is_chosen = std::string_view{reinterpret_cast<const char*>(name), size} == "http/1.1";
                                  char data[16384];
                                  while (SSL_read(from, data, sizeof data) > 0) {
                                    SSL_write(from, one, static_cast<int>(std::strlen(one)));
                                  }
                                  SSL_shutdown(from);
                                },
                            .alpn = "http/1.1"}};
  workersql::client db{dsn(server, "tlsAuthorities=" + server.authority_file())};
  EXPECT_EQ(db.query_value<int>("select 1 as n"), 1);
  EXPECT_TRUE(is_chosen);
}

TEST(WorkersqlTls, Tls11IsRefused) {
  tests::tls_server server{{.answer = one, .newest = TLS1_1_VERSION}};
  for (const std::string& how : {"tlsAuthorities=" + server.authority_file(), std::string{"tlsVerify=false"}}) {
    workersql::client db{dsn(server, how)};
    EXPECT_FALSE(db.with(dt::as_result).query_value<int>("select 1 as n"));
  }
  EXPECT_EQ(server.handshakes(), 0);
  // The server does speak it, with who wants it.
  const int peer = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(server.port());
  ASSERT_EQ(::connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  SSL_CTX* const old = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(old, TLS1_1_VERSION);
  SSL_CTX_set_security_level(old, 0);
  SSL* const stream = SSL_new(old);
  SSL_set_fd(stream, peer);
  EXPECT_EQ(SSL_connect(stream), 1);
  EXPECT_EQ(SSL_version(stream), TLS1_1_VERSION);
  SSL_shutdown(stream);
  SSL_free(stream);
  SSL_CTX_free(old);
  ::close(peer);
}

TEST(WorkersqlTls, TheCertificateMustBeForTheHost) {
  tests::tls_server server{{.names = "DNS:elsewhere.example", .answer = one}};
  workersql::client db{dsn(server, "tlsAuthorities=" + server.authority_file())};
  const auto refused = db.with(dt::as_result).query_value<int>("select 1 as n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), dt::condition::authentication);
}

TEST(WorkersqlTls, AServerWithoutTlsIsAnErrorAndGetsNoKey) {
  tests::tls_server server{{.speaks_plain_text = true}};
  workersql::client db{dsn(server, "tlsAuthorities=" + server.authority_file())};
  const auto refused = db.with(dt::as_result).query_value<int>("select 1 as n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message().find("Bearer"), std::string::npos);
}

// TLS in front of a gateway of this process: the bytes of each connection go both ways.
void relay(SSL* from, std::uint16_t port) {
  const int to = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(to, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    char data[16384];
    pollfd both[2] = {{SSL_get_fd(from), POLLIN, 0}, {to, POLLIN, 0}};
    for (;;) {
      if (SSL_pending(from) == 0 && ::poll(both, 2, 60'000) <= 0) break;
      if (SSL_pending(from) != 0 || both[0].revents != 0) {
        const int got = SSL_read(from, data, sizeof data);
        if (got <= 0 || ::send(to, data, static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) break;
      }
      if (both[1].revents != 0) {
        const ssize_t got = ::recv(to, data, sizeof data, 0);
        if (got <= 0 || SSL_write(from, data, static_cast<int>(got)) <= 0) break;
      }
      both[0].revents = both[1].revents = 0;
    }
  }
  ::close(to);
  SSL_shutdown(from);
}

class WorkersqlOverTls : public testing::Test {
 protected:
  static workersql::gateway_options open_to_j() {
    workersql::gateway_options how;
    how.authentication.api_keys.push_back({.key = dt::secret{"J"}, .may = workersql::permissions::admin});
    return how;
  }
  void SetUp() override {
    workersql::client{dsn()}.execute("create table person(id integer primary key, name text not null)");
  }
  std::string dsn(const std::string& more = {}) const {
    return ::dsn(tls, "tlsAuthorities=" + tls.authority_file() + "&idempotency=all&healthCheckInterval=3600s" + more);
  }

  const bool no_sigpipe = (std::signal(SIGPIPE, SIG_IGN), true);
  workersql::gateway gateway{dt::sqlite::client{"sqlite::memory:"}, open_to_j()};
  tests::tls_server tls{{.serve = [this](SSL* from) { relay(from, gateway.port()); }, .is_parallel = true}};
};

TEST_F(WorkersqlOverTls, WritesBatchesAndRowsGoThrough) {
  workersql::client db{dsn()};
  EXPECT_EQ(db.execute("insert into person values (?, ?)", 1, "Ann").rows_affected, 1);
  workersql::batch work;
  work.add("insert into person values (?, ?)", 2, "Bo").add("update person set name = ? where id = ?", "Bob", 2);
  EXPECT_EQ(db.batch(work).rows_affected, 2);
  EXPECT_EQ(db.query_value<std::string>("select name from person where id = ?", 2), "Bob");
  EXPECT_EQ(tls.handshakes(), 2);  // SetUp's client, and one for all of this
}

TEST_F(WorkersqlOverTls, TransactionsAreCommittedAndRolledBackAndGoOnWithTheSession) {
  workersql::client db{dsn()};
  db.transaction([](auto& tx) { tx.execute("insert into person values (1, 'Ann')"); });
  EXPECT_THROW(db.transaction([](auto& tx) {
    tx.execute("insert into person values (2, 'Bo')");
    throw std::runtime_error{"no"};
  }),
               std::runtime_error);
  EXPECT_EQ(db.query_value<int>("select count(*) from person"), 1);
  EXPECT_EQ(tls.resumed(), tls.handshakes() - 2);  // but the first of each client
  EXPECT_GE(tls.resumed(), 1);
}

TEST_F(WorkersqlOverTls, AnswersAreCached) {
  workersql::client db{dsn("&cacheTtl=60s")};
  const auto count = [&db] { return db.query_value<int>("select count(*) from person"); };
  EXPECT_EQ(count(), 0);
  EXPECT_EQ(count(), 0);
  EXPECT_EQ(db.get_cache_stats().hits, 1U);
  db.execute("insert into person values (1, 'Ann')");
  EXPECT_EQ(count(), 1);
}

TEST_F(WorkersqlOverTls, TheAsynchronousClientDoesTheSame) {
  asio::io_context io;
  const auto work = [&]() -> asio::awaitable<int> {
    workersql::async_client db{io.get_executor(), dsn()};
    co_await db.execute("insert into person values (?, ?)", 1, "Ann");
    co_await db.transaction(
        [](auto& tx) -> asio::awaitable<void> { co_await tx.execute("insert into person values (2, 'Bo')"); });
    const int count = co_await db.query_value<int>("select count(*) from person");
    db.close();
    co_return count;
  };
  std::future<int> count = asio::co_spawn(io, work(), asio::use_future);
  io.run();
  EXPECT_EQ(count.get(), 2);
  EXPECT_EQ(tls.resumed(), tls.handshakes() - 2);
}

}  // namespace
