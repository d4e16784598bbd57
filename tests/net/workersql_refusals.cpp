// Requests that a gateway refuses before all of them has come: who sends on is told why, over plain TCP and TLS.
#include <support/tls_authority.hpp>
#include <support/workersql_gateway.hpp>

#include <dovetail/workersql_async.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <future>
#include <string>
#include <string_view>
#include <utility>

namespace {

using namespace gateway_test;
using secure_wire = lensdb_test::wire_over<dt::tls<dt::tcp>::stream>;

constexpr std::size_t far_too_large = 20 * 1024 * 1024;  // a body may have a MiB, and buffers hold a few

class GatewayRefusals : public testing::TestWithParam<bool> {
 protected:
  GatewayRefusals() {
    if (GetParam()) how.tls = {.certificate = files.certificate, .private_key = files.key};
  }

  std::string dsn(const ws::gateway& of) const {
    return of.dsn("apiKey=J&healthCheckInterval=3600s&tlsAuthorities=" + authority.file());
  }
  /// Calls `use(wire)` with a raw client.
  template <class Use>
  void with_wire(const ws::gateway& of, Use use) const {
    if (!GetParam()) return use(wire{of.endpoint()});
    dt::tls<dt::tcp>::endpoint where{"127.0.0.1", of.port()};
    where.settings.authorities = authority.file();
    use(secure_wire{where});
  }

  tests::tls_authority authority;
  tests::tls_authority::server_files files = authority.server();
  file_database file;
  ws::gateway_options how = with_key();
  const std::string text = std::string(far_too_large, 'x');
};

TEST_P(GatewayRefusals, WhoSendsAllOfALargeBodyBeforeItReadsIsAnswered) {
  ws::gateway served{file.db, how};
  std::string chunked =
      "POST /v1/query HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer J\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t i = 0; i < far_too_large / 65536; ++i) {
    chunked.append("10000\r\n").append(std::string_view{text}.substr(0, 65536)).append("\r\n");
  }
  chunked += "0\r\n\r\n";
  for (const std::string& request : {query(text), chunked, post("/nowhere", text)}) {
    with_wire(served, [&](auto client) {
      client.send(request);
      EXPECT_FALSE(client.error()) << client.error().message();
      EXPECT_EQ(receive(client).status(), "413");
      EXPECT_TRUE(client.read_all().empty());
      EXPECT_EQ(client.error(), dt::errc::connection_closed) << client.error().message();
    });
  }
}

TEST_P(GatewayRefusals, WhoSendsAllOfALargeMessageBeforeItReadsIsToldSo) {
  ws::gateway served{file.db, how};
  with_wire(served, [&](auto client) {
    socket_client_over<decltype(client)> socket{std::move(client)};
    socket.send_frame(0x81, text);
    EXPECT_FALSE(socket.to.error()) << socket.to.error().message();
    EXPECT_EQ(socket.read_frame(), "\x03\xF1") << "1009, RFC 6455 section 7.4.1";
    EXPECT_TRUE(socket.to.read_all().empty());
    EXPECT_EQ(socket.to.error(), dt::errc::connection_closed);
  });
}

// Each takes a connection, but no thread that waits for the database, and not for ever.
TEST_P(GatewayRefusals, WhoNeverCeasesToSendIsCut) {
  ws::gateway served{file.db, how};
  with_wire(served, [&](auto client) {
    client.send("POST /v1/query HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000000\r\n\r\n");
    std::size_t sent = 0;
    for (; !client.error() && sent < 1'000'000'000; sent += text.size()) client.send(text);
    EXPECT_LT(sent, 300'000'000U);
  });
  with_wire(served, [&](auto client) {
    socket_client_over<decltype(client)> socket{std::move(client)};
    socket.to.send(std::string_view{"\x81\xFF\0\0\0\0\x7F\xFF\xFF\xFF\0\0\0\0", 14});
    std::size_t sent = 0;
    for (; !socket.to.error() && sent < 1'000'000'000; sent += text.size()) socket.to.send(text);
    EXPECT_LT(sent, 300'000'000U);
  });
  EXPECT_TRUE(soon([&] { return served.statistics().connections == 0; }));
}

TEST_P(GatewayRefusals, OurClientIsToldAndDoesNotTryAgain) {
  ws::gateway served{file.db, how};
  ws::client db{dsn(served)};
  const auto read = db.with(dt::as_result).query_value<int>("select length(?)", text);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code(), ws::gateway_errc::too_large) << read.error().message();
  const auto written = db.with(dt::as_result).execute("insert into users(name) values (?)", text);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), ws::gateway_errc::too_large) << written.error().message();
  const auto streamed = db.with(dt::as_result).stream<int>("select length(?)", text);
  ASSERT_FALSE(streamed);
  EXPECT_EQ(streamed.error().code(), ws::gateway_errc::too_large) << streamed.error().message();
  const auto changed = db.with(dt::as_result).transaction([&](auto& tx) {
    return tx.with(dt::as_result).execute("insert into users(name) values (?)", text);
  });
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code(), ws::gateway_errc::too_large) << changed.error().message();
  EXPECT_EQ(db.query_value<int>("select count(*) from users"), 0);
  EXPECT_EQ(served.statistics().accepted, 5U) << "one for each, which ends, and one for the last";
}

TEST_P(GatewayRefusals, OurAsynchronousClientIsToldToo) {
  ws::gateway served{file.db, how};
  asio::io_context io;
  const auto work = [&]() -> asio::awaitable<void> {
    ws::async_client db{io.get_executor(), dsn(served)};
    const auto read = co_await db.with(dt::as_result).query_value<int>("select length(?)", text);
    EXPECT_EQ(read.error().code(), ws::gateway_errc::too_large) << read.error().message();
    const auto written = co_await db.with(dt::as_result).execute("insert into users(name) values (?)", text);
    EXPECT_EQ(written.error().code(), ws::gateway_errc::too_large) << written.error().message();
    const auto streamed = co_await db.with(dt::as_result).stream<int>("select length(?)", text);
    EXPECT_EQ(streamed.error().code(), ws::gateway_errc::too_large) << streamed.error().message();
    std::error_code told;
    try {
      co_await db.transaction(
          [&](auto& tx) -> asio::awaitable<void> { co_await tx.execute("insert into users(name) values (?)", text); });
    } catch (const dt::error& failure) {
      told = failure.code();
    }
    EXPECT_EQ(told, ws::gateway_errc::too_large) << told.message();
    const int count = co_await db.query_value<int>("select count(*) from users");
    EXPECT_EQ(count, 0);
    db.close();
  };
  std::future<void> done = asio::co_spawn(io, work(), asio::use_future);
  io.run();
  done.get();
  EXPECT_EQ(served.statistics().accepted, 5U);
}

INSTANTIATE_TEST_SUITE_P(Wires, GatewayRefusals, testing::Bool(),
                         [](const auto& of) { return std::string{of.param ? "Tls" : "Plain"}; });

TEST(GatewayLingering, EndsWithTheTimeAndTheBytes) {
  ws::serving::lingering silent{1024};
  EXPECT_FALSE(silent.goes_on());
  ws::serving::lingering slow{1024};
  for (int turn = 1; turn < 5; ++turn) {
    EXPECT_TRUE(slow.take(1));
    EXPECT_TRUE(slow.goes_on()) << turn;
  }
  EXPECT_TRUE(slow.take(1));
  EXPECT_FALSE(slow.goes_on()) << "ten seconds";
  ws::serving::lingering quick{1024};
  EXPECT_TRUE(quick.take(64 * 1024 * 1024));
  EXPECT_FALSE(quick.take(1));
  ws::serving::lingering wide{64 * 1024 * 1024};
  EXPECT_TRUE(wide.take(256 * 1024 * 1024)) << "four bodies";
  EXPECT_FALSE(wide.take(1));
}

}  // namespace
