// The WorkerSQL gateway over SQLite: what runs for a client that has gone is ended, and what holds is given back.
#include <support/workersql_gateway.hpp>

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace {

using namespace gateway_test;

constexpr std::string_view endless = "with recursive n(i) as (select 1 union all select i + 1 from n) ";

struct GatewayAbandoned : testing::Test {
  file_database file;
  ws::gateway_options how = with_key();

  GatewayAbandoned() {
    how.worker_threads = 1;
    how.max_transactions = 1;
    how.request_limit = 100s;  // longer than a client of these tests waits
  }
  static std::string body_of(std::string_view rest) {
    return std::string{R"J({"sql":")J"}.append(endless).append(rest).append("\"}");
  }
  bool is_running() {
    return soon([&] { return file.db.statistics().active == 1; });
  }
  int users() { return file.db.query_value<int>("select count(*) from users"); }
};

TEST_F(GatewayAbandoned, AQueryWhoseClientHasGoneGivesItsThreadBack) {
  ws::gateway served{file.db, how};
  wire client{served.endpoint()};
  client.send(query(body_of("select max(i) from n")));
  ASSERT_TRUE(is_running());
  client.close();
  EXPECT_EQ(ask(served, query(R"J({"sql":"select 1"})J")).status(), "200");
}

TEST_F(GatewayAbandoned, AChangeWhoseClientHasGoneDidNotHappen) {
  ws::gateway served{file.db, how};
  for (const std::string_view key : {"", "Idempotency-Key: k\r\n"}) {  // on its own, and in a transaction
    wire client{served.endpoint()};
    client.send(query(body_of("insert into users(big) select i from n"),
                      std::string{"Authorization: Bearer J\r\n"}.append(key)));
    ASSERT_TRUE(is_running());
    client.close();
    EXPECT_EQ(ask(served, query(R"J({"sql":"insert into users(name) values (null)"})J")).status(), "200");
    EXPECT_EQ(users(), 1) << key;
    file.db.execute("delete from users");
  }
}

// What is kept under the key must be what was done: these are not undone as a whole, so they are not interrupted.
TEST_F(GatewayAbandoned, WhatRunsOutsideOfATransactionUnderAKeyIsDoneAndAnsweredAgain) {
  const std::string slow = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000) ";
  const std::string fields = "Authorization: Bearer J\r\nIdempotency-Key: k\r\n";
  const std::string batch = R"J({"queries":[{"sql":"insert into users(id) values (1)"},{"sql":")J" + slow +
                            R"J(insert into users(id, big) select 2, max(i) from n"},)J" +
                            R"J({"sql":"insert into users(id) values (3)"}],"transaction":false})J";
  const std::string table = R"J({"sql":"create table made as )J" + slow + R"J(select max(i) as m from n"})J";
  const std::string all[] = {post("/v1/batch", batch, fields), query(table, fields)};
  for (const std::string& request : all) {
    ws::gateway served{file.db, how};
    wire client{served.endpoint()};
    client.send(request);
    ASSERT_TRUE(is_running());
    client.close();
    const response again = ask(served, request);
    EXPECT_EQ(again.status(), "200") << again.body;
    EXPECT_TRUE(again.has("Idempotency-Replayed: true")) << again.head;
    EXPECT_TRUE(again.body.starts_with(R"J({"success":true)J")) << again.body;
    EXPECT_FALSE(again.has("cancelled")) << again.body;
  }
  EXPECT_EQ(users(), 3);
  EXPECT_EQ(file.db.query_value<int>("select m from made"), 1000000);
}

TEST_F(GatewayAbandoned, ABatchWhoseClientHasGoneDidNotHappen) {
  ws::gateway served{file.db, how};
  wire client{served.endpoint()};
  client.send(post("/v1/batch", std::string{R"J({"batch":[{"sql":"insert into users(id) values (1)"},)J"}
                                    .append(body_of("insert into users(big) select i from n"))
                                    .append("]}")));
  ASSERT_TRUE(is_running());
  client.close();
  EXPECT_EQ(ask(served, query(R"J({"sql":"select 1"})J")).status(), "200");
  EXPECT_EQ(users(), 0);
}

TEST_F(GatewayAbandoned, ATransactionWhoseClientHasGoneDuringAStatementIsRolledBack) {
  ws::gateway served{file.db, how};
  {
    socket_client client{served};
    client.say(R"J({"type":"begin","id":"1"})J");
    client.say(R"J({"type":"query","id":"2","sql":"insert into users(id) values (5)"})J");
    client.send_frame(0x81, R"J({"type":"query","id":"3",)J" + body_of("select max(i) from n").substr(1));
    EXPECT_TRUE(soon([&] { return served.statistics().messages == 3; }));
  }
  EXPECT_TRUE(soon([&] { return served.statistics().transactions == 0; }));
  EXPECT_EQ(users(), 0);
  EXPECT_EQ(ask(served, query(R"J({"sql":"insert into users(id) values (5)"})J")).status(), "200");
}

TEST_F(GatewayAbandoned, AMessageHasTheTimeLimitThatItSays) {
  ws::gateway served{file.db, how};
  socket_client client{served};
  const std::string asked = body_of("select max(i) from n").substr(1);
  const std::string late = client.say(R"J({"type":"query","id":"1","timeout":20,)J" + asked);
  EXPECT_NE(late.find("TIMEOUT_ERROR"), std::string::npos) << late;
  EXPECT_NE(client.say(R"J({"type":"query","id":"2","timeout":0,)J" + asked).find("INVALID_QUERY"), std::string::npos);
}

// RFC 9112 section 9.6 lets a client end its sending and wait for the answer; from its packets alone nobody can tell it
// from one that has gone.
TEST_F(GatewayAbandoned, WhoHasEndedItsSendingIsAnsweredWhereTheGatewayIsToldTo) {
  const std::string slow = std::string{R"J({"sql":"with recursive n(i) as (select 1 union all select i + 1 from n )J"} +
                           R"J(where i < 3000000) select max(i) as m from n"})J";
  for (const bool answers : {true, false}) {
    how.answers_half_closed = answers;
    ws::gateway served{file.db, how};
    wire client{served.endpoint()};
    client.send(query(slow));
    ASSERT_TRUE(is_running());
    client.end();
    EXPECT_EQ(receive(client).has(R"J("m":3000000)J"), answers);
    EXPECT_TRUE(client.read(1).empty());  // and nothing behind it
  }
}

TEST_F(GatewayAbandoned, AResetEndsWhatRunsAlsoForWhoMayEndItsSending) {
  how.answers_half_closed = true;
  ws::gateway served{file.db, how};
  for (const bool has_ended_before : {false, true}) {
    const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(served.port());
    ASSERT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const std::string asked = query(body_of("select max(i) from n"));
    ASSERT_EQ(::send(client, asked.data(), asked.size(), 0), static_cast<ssize_t>(asked.size()));
    ASSERT_TRUE(is_running());
    if (has_ended_before) ::shutdown(client, SHUT_WR);
    const linger at_once{1, 0};
    ::setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(client);
    EXPECT_EQ(ask(served, query(R"J({"sql":"select 1"})J")).status(), "200");
  }
}

TEST_F(GatewayAbandoned, WhoHasSentMoreMeanwhileGetsAllAnswers) {
  ws::gateway served{file.db, how};
  wire client{served.endpoint()};
  const std::string slow = std::string{R"J({"sql":"with recursive n(i) as (select 1 union all select i + 1 from n )J"} +
                           R"J(where i < 300000) select max(i) as m from n"})J";
  client.send(query(slow));
  client.send(query(R"J({"sql":"select 7 as m"})J"));
  EXPECT_TRUE(receive(client).has(R"J("m":300000)J"));
  EXPECT_TRUE(receive(client).has(R"J("m":7)J"));
}

}  // namespace
