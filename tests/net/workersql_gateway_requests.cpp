// Requests of a WorkerSQL gateway that are doubtful, and what they may not get or take from others.
#include <support/workersql_gateway.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace gateway_test;

constexpr std::string_view select_one = R"J({"sql":"select 1 as a"})J";

TEST(GatewayFields, OfTheFieldsThatSayWhoAsksAndUnderWhichKeyThereIsOne) {
  file_database file;
  ws::gateway served{file.db, with_key()};
  const std::string key = "Authorization: Bearer J\r\n";
  for (const std::string& fields : {
           key + "Authorization: Bearer J\r\n",
           key + "authorization: Bearer other\r\n",
           std::string{"X-API-Key: J\r\nX-API-Key: other\r\n"},
           key + "Idempotency-Key: a\r\nIdempotency-Key: b\r\n",
           key + "X-Idempotency-Key: a\r\nX-Idempotency-Key: a\r\n",
       }) {
    EXPECT_EQ(ask(served, query(select_one, fields)).status(), "400") << fields;
  }
  EXPECT_EQ(ask(served, query(select_one, key + "Idempotency-Key: a\r\n")).status(), "200");
}

TEST(GatewayFields, NothingButAContinuationCanBeExpected) {
  file_database file;
  ws::gateway served{file.db, with_key()};
  const std::string key = "Authorization: Bearer J\r\n";
  EXPECT_EQ(ask(served, query(select_one, key + "Expect: foo\r\n")).status(), "417");
  EXPECT_EQ(ask(served, query(select_one, key + "Expect: 100-continue, foo\r\n")).status(), "417");
  EXPECT_EQ(ask(served, query(select_one, key + "Content-Encoding: gzip\r\n")).status(), "415");
  EXPECT_EQ(ask(served, query(select_one, key + "Content-Encoding: identity\r\n")).status(), "200");
  EXPECT_EQ(ask(served, query(select_one, key + "Expect: 100-Continue\r\n")).status(), "100");
}

TEST(GatewayKeptAnswers, AreGivenToNobodyWhoMayNotHaveWhatWasAsked) {
  file_database file;
  ws::gateway_options how;
  const auto add = [&how](std::string_view key, ws::permissions may) {
    how.authentication.api_keys.push_back(
        {.key = dt::secret{std::string{key}}, .name = "app", .tenant = "t1", .may = may});
  };
  add("A", ws::permissions::admin);
  add("W", ws::permissions::write);
  add("R", ws::permissions::read);
  ws::gateway served{file.db, how};
  const auto say = [&](std::string_view who, std::string_view key, std::string_view body) {
    std::string fields = "Idempotency-Key: ";
    fields.append(key).append("\r\nAuthorization: Bearer ").append(who).append("\r\n");
    return ask(served, query(body, fields));
  };
  constexpr std::string_view change = R"J({"sql":"insert into users(id) values (1) returning 'secret' as s"})J";
  EXPECT_TRUE(say("W", "k1", change).has("secret"));
  const response refused = say("R", "k1", change);
  EXPECT_EQ(refused.status(), "403") << refused.body;
  EXPECT_FALSE(refused.has("secret"));
  EXPECT_TRUE(say("W", "k1", change).has("Idempotency-Replayed: true"));
  EXPECT_TRUE(say("A", "k1", change).has("Idempotency-Replayed: true")) << "who may do more executes nothing twice";
  constexpr std::string_view definition = R"J({"sql":"create table other(a integer)"})J";
  EXPECT_EQ(say("A", "k2", definition).status(), "200");
  EXPECT_EQ(say("W", "k2", definition).status(), "403");
  EXPECT_TRUE(say("A", "k2", definition).has("Idempotency-Replayed: true"));
}

TEST(GatewayMistakes, WhatSqliteSaysOfAStatementIsTheCallersFault) {
  file_database file;
  ws::gateway served{file.db, with_key()};
  const std::string deep = R"J({"sql":"select )J" + std::string(200, '(') + "1" + std::string(200, ')') + "\"}";
  const response too_deep = ask(served, query(deep));
  EXPECT_EQ(too_deep.status(), "400") << too_deep.body;
  const response vacuum = ask(served, post("/v1/batch", R"J({"queries":[{"sql":"vacuum"}],"transaction":true})J"));
  EXPECT_EQ(vacuum.status(), "400") << vacuum.body;
  file.db.script("insert into users(id) values (1)");
  socket_client client{served};
  client.say(R"J({"type":"begin","id":"1"})J");
  const std::string twice =
      client.say(R"J({"type":"query","id":"2","sql":"insert or rollback into users(id) values (1)"})J");
  EXPECT_NE(twice.find("INVALID_QUERY"), std::string::npos) << twice;
  const std::string after = client.say(R"J({"type":"query","id":"3","sql":"insert into users(id) values (2)"})J");
  EXPECT_NE(after.find("INVALID_QUERY"), std::string::npos) << after;
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 1);
}

TEST(GatewayShares, SlowReadersOfOneKeyLeaveRoomForOthers) {
  file_database file;
  ws::gateway_options how = with_key();
  how.authentication.api_keys.push_back({.key = dt::secret{"K"}, .name = "other", .tenant = "t1"});
  how.answer_memory = 64 * 1024 * 1024;
  ws::gateway served{file.db, how};
  constexpr std::string_view large = R"J({"sql":"select hex(zeroblob(6000000)) as a"})J";  // 12 MB
  std::vector<std::unique_ptr<wire>> slow;
  bool is_refused = false;
  for (int i = 0; i < 12 && !is_refused; ++i) {  // they read the first byte of an answer, and no more
    slow.push_back(std::make_unique<wire>(served.endpoint()));
    slow.back()->send(query(large));
    const std::string first = text_of(slow.back()->read(12));
    is_refused = first.ends_with("503");
  }
  EXPECT_TRUE(is_refused);
  EXPECT_EQ(ask(served, query(select_one)).status(), "503");
  EXPECT_EQ(ask(served, query(select_one, "Authorization: Bearer K\r\n")).status(), "200");
}

}  // namespace
