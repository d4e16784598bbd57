// Gateways behind a real HTTP proxy (tinyproxy), in plain TCP and with TLS: tunnels, credentials, and their failures.
#include <dovetail/workersql_async.hpp>

#include <support/http_peer.hpp>
#include <support/tinyproxy.hpp>
#include <support/tls_server.hpp>
#include <support/workersql_session.hpp>

#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace workersql_test;
using dt::condition;
using dt::test::http_call;
using dt::test::http_peer;
using dt::test::tinyproxy;

constexpr auto query_text = "select n from t";
const std::string one = ok(R"({"success":true,"data":[{"n":1}],"rowsAffected":1})");

/// `user` is "user:password@", or nothing.
std::string through(const tinyproxy& proxy, const std::string& user = {}) {
  return "&retryAttempts=1&proxy=http://" + user + "127.0.0.1:" + std::to_string(proxy.port());
}
std::string dsn_of(const tests::tls_server& server) {
  return "workersql://127.0.0.1:" + std::to_string(server.port()) +
         "/db?apiKey=J&tlsAuthorities=" + server.authority_file();
}

/// The same by both clients.
void succeeds(const std::string& dsn) {
  workersql::client db{dsn};
  EXPECT_EQ(db.query_value<int>(query_text), 1);
  EXPECT_EQ(db.query_value<int>(query_text), 1);
  db.close();
  asio::io_context io;
  workersql::async_client later{io.get_executor(), dsn};
  auto got = later.with(asio::use_future).query_value<int>(query_text);
  io.run();
  EXPECT_EQ(got.get(), 1);
}
void is_refused(const std::string& dsn, condition kind, std::string_view words) {
  workersql::client db{dsn};
  const dt::error_info told = db.with(dt::as_result).query_value<int>(query_text).error();
  EXPECT_EQ(told.kind(), kind) << told.message();
  EXPECT_NE(told.message().find(words), std::string::npos) << told.message();
  EXPECT_EQ(told.message().find("sesame"), std::string::npos) << told.message();
  asio::io_context io;
  workersql::async_client later{io.get_executor(), dsn};
  auto got = later.with(dt::as_result(asio::use_future)).query_value<int>(query_text);
  io.run();
  EXPECT_EQ(got.get().error().kind(), kind);
}

TEST(WorkersqlProxy, PlainHttpGoesThroughATunnel) {
  tinyproxy proxy;
  http_peer gateway{[](const http_call&, int) { return one; }};
  succeeds(gateway.dsn() + through(proxy));
  for (const http_call& each : gateway.calls()) {
    EXPECT_EQ(each.line, "POST /v1/query HTTP/1.1");
    EXPECT_EQ(each.field("Authorization"), "Bearer J");
  }
  EXPECT_EQ(gateway.accepted(), 2);  // one for each client: the tunnel is kept
  EXPECT_NE(proxy.log().find("CONNECT 127.0.0.1:" + std::to_string(gateway.port())), std::string::npos) << proxy.log();
}

TEST(WorkersqlProxy, TlsIsMadeWithTheGatewayAndNotWithTheProxy) {
  tinyproxy proxy;
  tests::tls_server gateway{{.answer = one.c_str()}};
  succeeds(dsn_of(gateway) + through(proxy));
  EXPECT_EQ(gateway.handshakes(), 2);
  EXPECT_NE(proxy.log().find("CONNECT 127.0.0.1:" + std::to_string(gateway.port())), std::string::npos) << proxy.log();
}

TEST(WorkersqlProxy, ItsCredentialsAreForTheProxyAlone) {
  tinyproxy proxy{"Aladdin", "opensesame"};
  {
    http_peer gateway{[](const http_call&, int) { return one; }};
    succeeds(gateway.dsn() + through(proxy, "Aladdin:opensesame@"));
    for (const http_call& each : gateway.calls()) EXPECT_TRUE(each.field("Proxy-Authorization").empty());
  }
  tests::tls_server gateway{{.answer = one.c_str()}};
  succeeds(dsn_of(gateway) + through(proxy, "Aladdin:opensesame@"));
}

TEST(WorkersqlProxy, WrongAndMissingCredentialsAreToldAsSuch) {
  tinyproxy proxy{"Aladdin", "opensesame"};
  http_peer gateway{[](const http_call&, int) { return one; }};
  is_refused(gateway.dsn() + through(proxy), condition::permission, "status 407, for it wants another user");
  for (const char* user : {"Aladdin:closesesame@", "Alibaba:opensesame@"}) {  // tinyproxy calls it 401
    is_refused(gateway.dsn() + through(proxy, user), condition::permission, ", for it wants another user or password");
  }
  EXPECT_EQ(gateway.accepted(), 0);
}

TEST(WorkersqlProxy, ATargetThatRefusesAndAProxyThatIsNotThereAreLostConnections) {
  tinyproxy proxy;
  dt::test::socket_server nobody{dt::test::socket_server::echo, dt::test::socket_server::lateness::listens_when_told};
  const std::string dsn = "workersql://127.0.0.1:" + std::to_string(nobody.port()) + "/db?ssl=false";
  is_refused(dsn + through(proxy), condition::connection, "the proxy refused the tunnel with status 5");
  proxy.kill();
  is_refused(dsn + through(proxy), condition::connection, "127.0.0.1:" + std::to_string(proxy.port()));
}

TEST(WorkersqlProxy, OneThatDiesInTheMiddleLeavesAWriteUnknownAndTheNextCallGoesOn) {
  for (const bool is_write : {false, true}) {
    tinyproxy proxy;
    http_peer gateway{[&](const http_call&, int number) {
      if (number == 0) proxy.kill();
      return one;
    }};
    workersql::client db{gateway.dsn("idempotency=none") + through(proxy)};
    dt::error_info told;
    if (is_write)
      told = db.with(dt::as_result).execute("insert into t values (1)").error();
    else
      told = db.with(dt::as_result).query_value<int>(query_text).error();
    if (is_write)
      EXPECT_EQ(told.code(), dt::errc::outcome_unknown) << told.message();
    else
      EXPECT_EQ(told.kind(), condition::connection) << told.message();
    EXPECT_EQ(db.get_pool_stats().active, 0U);
    proxy.restart();
    EXPECT_EQ(db.execute("insert into t values (1)").rows_affected, 1);
    EXPECT_EQ(db.query_value<int>(query_text), 1);
    EXPECT_EQ(db.get_pool_stats().idle, 1U);
  }
}

}  // namespace
