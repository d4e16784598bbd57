// The WorkerSQL gateway: what its clients are told when it stops, and when a transaction came too late.
#include <support/workersql_gateway.hpp>

#include <dovetail/workersql.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace {

using namespace gateway_test;

constexpr std::string_view going_away{"\x03\xE9", 2};  // 1001, RFC 6455 section 7.4.1

TEST(GatewayTransactions, OurClientIsToldThatATransactionCameTooLate) {
  file_database file;
  ws::gateway_options how = with_key();
  how.transaction_limit = 50ms;
  ws::gateway served{file.db, how};
  ws::client db{served.dsn("apiKey=J")};
  auto tx = db.begin();
  tx.execute("insert into users(id) values (5)");
  EXPECT_TRUE(soon([&] { return served.statistics().transactions == 0; }));
  const auto late = tx.with(dt::as_result).execute("insert into users(id) values (6)");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), dt::condition::timeout) << late.error().message();
  EXPECT_TRUE(late.error().code() == ws::sdk_code::timeout_error);
  const auto ended = tx.with(dt::as_result).run(dt::sql_commit{}, std::source_location::current());
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().kind(), dt::condition::timeout) << ended.error().message();
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 0);
}

TEST(GatewayTransactions, ALateMessageThatNamesNoTransactionIsNotExecutedOnItsOwn) {
  file_database file;
  ws::gateway_options how = with_key();
  how.transaction_limit = 50ms;
  ws::gateway served{file.db, how};
  socket_client client{served};
  client.say(R"J({"action":"begin","transactionId":"a"})J");
  EXPECT_TRUE(soon([&] { return served.statistics().transactions == 0; }));
  EXPECT_NE(client.say(R"J({"sql":"insert into users(id) values (7)"})J").find("TIMEOUT_ERROR"), std::string::npos);
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 0);
  EXPECT_EQ(client.say(R"J({"action":"rollback"})J"),
            R"J({"success":true,"action":"rollback","data":{"transactionId":"a"}})J");
  EXPECT_NE(client.say(R"J({"sql":"insert into users(id) values (7)"})J").find(R"J("success":true)J"),
            std::string::npos);
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 1);
}

/// A request of which half has come: it is cut when the grace of a stop is over.
struct half_request {
  explicit half_request(const ws::gateway& of) : to(of.endpoint()) {
    to.send(get("/auth/me") + "POST /v1/query HTTP/1.1\r\n");
    EXPECT_EQ(receive(to).status(), "200");
  }
  void wait_for_the_end_of_grace() { EXPECT_TRUE(to.read(1).empty()); }
  wire to;
};

TEST(GatewayStop, WhatTheDatabaseHasBegunIsAnsweredThoughTheGraceIsOver) {
  auto behind = std::make_unique<gated_database>();
  const auto gate = behind->state;
  ws::gateway_options how = with_key();
  how.stop_grace = 50ms;
  ws::gateway served{std::move(behind), how};
  wire client{served.endpoint()};
  client.send(query(R"J({"sql":"insert into t values(1)"})J"));
  gate->wait_for_executions(1);
  socket_client socket{served};
  socket.send_frame(0x81, R"J({"type":"query","id":"1","sql":"insert into t values(2)"})J");
  gate->wait_for_executions(2);
  half_request half{served};
  std::thread stopping{[&] { served.stop(); }};
  half.wait_for_the_end_of_grace();
  gate->open();
  const response got = receive(client);
  EXPECT_EQ(got.status(), "200");
  EXPECT_TRUE(got.has("Connection: close\r\n"));
  EXPECT_NE(socket.read_frame().find(R"J("type":"response")J"), std::string::npos);
  EXPECT_EQ(socket.read_frame(), going_away);
  client.close();
  socket.to.close();
  stopping.join();
}

TEST(GatewayStop, WhoReadsNoAnswerDoesNotHoldItUp) {
  file_database file;
  ws::gateway_options how = with_key();
  how.stop_grace = 50ms;
  how.write_limit = 1h;
  how.results.rows = 1'000'000;
  how.results.bytes = 256 * 1024 * 1024;
  ws::gateway served{file.db, how};
  wire client{served.endpoint()};
  client.send(query(
      R"J({"sql":"with recursive n(i) as (select 1 union all select i + 1 from n where i < 30) select hex(zeroblob(500000)) as a from n"})J"));
  EXPECT_EQ(text_of(client.read(4)), "HTTP");
  served.stop();  // or this test never ends
}

TEST(GatewayStop, AnOpenTransactionIsRolledBackAndItsWebSocketSentAway) {
  file_database file;
  ws::gateway_options how = with_key();
  how.stop_grace = 50ms;
  ws::gateway served{file.db, how};
  socket_client client{served};
  client.say(R"J({"type":"begin","id":"1"})J");
  client.say(R"J({"type":"query","id":"2","sql":"INSERT INTO users(id) VALUES (5)"})J");
  std::thread stopping{[&] { served.stop(); }};
  EXPECT_EQ(client.read_frame(), going_away);
  EXPECT_EQ(client.code, 0x88u);
  client.to.close();
  stopping.join();
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 0);
}

}  // namespace
