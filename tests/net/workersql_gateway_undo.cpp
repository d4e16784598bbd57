// The WorkerSQL gateway over SQLite: what cannot be answered is undone, and who may only read writes in no way.
#include <support/workersql_gateway.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

using namespace gateway_test;

struct GatewayUndo : testing::Test {
  file_database file;
  ws::gateway_options how = with_key();

  GatewayUndo() {
    how.results.rows = 2;
    how.authentication.api_keys.push_back({.key = dt::secret{"R"}, .name = "reader", .may = ws::permissions::read});
  }
  int users() { return file.db.query_value<int>("select count(*) from users"); }
};

constexpr std::string_view not_utf8 = R"J(insert into users(name) values (cast(x'ff' as text)) returning name)J";
constexpr std::string_view too_many = R"J(insert into users(id) values (1),(2),(3) returning id)J";
constexpr std::string_view reader = "Authorization: Bearer R\r\n";

std::string statement_of(std::string_view sql) { return std::string{R"J({"sql":")J"}.append(sql).append("\"}"); }

TEST_F(GatewayUndo, AChangeWhoseTextCannotBeAnsweredDidNotHappen) {
  ws::gateway served{file.db, how};
  const response alone = ask(served, query(statement_of(not_utf8)));
  EXPECT_EQ(alone.status(), "400");
  EXPECT_TRUE(alone.has("row 1, column 'name': not UTF-8")) << alone.body;
  EXPECT_EQ(users(), 0);
  for (const std::string_view kind : {"batch", "queries"}) {
    const response got =
        ask(served, post("/sql/batch", std::string{"{\""}
                                           .append(kind)
                                           .append(R"J(":[{"sql":"insert into users(id) values (7)"},)J")
                                           .append(statement_of(not_utf8))
                                           .append("]}")));
    EXPECT_EQ(got.status(), "400") << kind;
    EXPECT_TRUE(got.has(R"J("statement":1)J")) << got.body;
    EXPECT_EQ(users(), 0) << kind;
  }
  const response single =
      ask(served,
          post("/sql/batch",
               std::string{R"J({"queries":[)J"}.append(statement_of(not_utf8)).append(R"J(],"transaction":false})J")));
  EXPECT_TRUE(single.has(R"J("success":false)J")) << single.body;
  EXPECT_EQ(users(), 0);
  socket_client socket{served};
  EXPECT_NE(socket.say(R"J({"type":"query","id":"1",)J" + statement_of(not_utf8).substr(1)).find("not UTF-8"),
            std::string::npos);
  EXPECT_EQ(users(), 0);
}

TEST_F(GatewayUndo, WhatCannotBeAnsweredInATransactionIsUndoneAloneThere) {
  ws::gateway served{file.db, how};
  for (const std::string_view sql : {not_utf8, too_many}) {
    socket_client socket{served};
    socket.say(R"J({"type":"begin","id":"1"})J");
    socket.say(R"J({"type":"query","id":"2","sql":"insert into users(id) values (40)"})J");
    EXPECT_NE(socket.say(R"J({"type":"query","id":"3",)J" + statement_of(sql).substr(1)).find(R"J("type":"error")J"),
              std::string::npos);
    EXPECT_NE(socket.say(R"J({"type":"commit","id":"4"})J").find(R"J("type":"response")J"), std::string::npos);
    EXPECT_EQ(users(), 1) << sql;
    file.db.execute("delete from users");
  }
}

// The table that is the pragma `optimize` runs `analyze`, which writes: for tables whose indexes were thought about on
// the connection, and have no statistics yet.
TEST_F(GatewayUndo, WhoMayOnlyReadCannotWriteByATableThatIsAPragma) {
  dt::sqlite::client one{"sqlite:" + file.path + "?maxConnections=1"};
  one.script(
      "create index by_price on users(price); create index by_big on users(big);"
      "with recursive n(i) as (select 1 union all select i + 1 from n where i < 500) "
      "insert into users(id, name, price, big) select i, 'n' || i, i, i from n");
  const auto statistics = [&] {
    return file.db.query_value<int>("select count(*) from sqlite_master where name = 'sqlite_stat1'");
  };
  ws::gateway served{one, how};
  const std::string sneaky = statement_of("select * from pragma_optimize");
  const auto think = [&] {
    EXPECT_EQ(ask(served, query(statement_of("select id from users where price = 7 and big = 7"), reader)).status(),
              "200");
  };
  think();
  ask(served, query(sneaky, reader));
  EXPECT_EQ(statistics(), 0);
  think();
  ask(served, post("/sql/batch", R"J({"queries":[)J" + sneaky + "]}", reader));
  EXPECT_EQ(statistics(), 0);
  think();
  {
    socket_client socket{served, "/v1/ws", reader};
    socket.say(R"J({"type":"begin","id":"1"})J");
    socket.say(R"J({"type":"query","id":"2",)J" + sneaky.substr(1));
    socket.say(R"J({"type":"commit","id":"3"})J");
  }
  EXPECT_EQ(statistics(), 0);
  think();
  ask(served, query(sneaky));
  EXPECT_EQ(statistics(), 1) << "the test is of a statement that writes where nobody forbids it";
}

TEST_F(GatewayUndo, AReaderLeavesNoConnectionThatCannotWrite) {
  dt::sqlite::client one{"sqlite:" + file.path + "?maxConnections=1"};
  ws::gateway served{one, how};
  const auto write = [&] { return ask(served, query(statement_of("insert into users(price) values (1)"))).status(); };
  ask(served, query(statement_of("select 1"), reader));
  EXPECT_EQ(write(), "200");
  ask(served, query(statement_of("select * from nope"), reader));
  EXPECT_EQ(write(), "200");
  ask(served, query(statement_of("values (1),(2),(3)"), reader));
  EXPECT_EQ(write(), "200");
  ask(served,
      query(
          R"J({"sql":"with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n","timeout":50})J",
          reader));
  EXPECT_EQ(write(), "200") << "after one that was interrupted";
  ask(served, post("/sql/batch", R"J({"queries":[{"sql":"select 1"},{"sql":"select * from nope"}]})J", reader));
  EXPECT_EQ(write(), "200");
  for (const std::string_view end : {"commit", "rollback", "leave"}) {
    {
      socket_client socket{served, "/v1/ws", reader};
      socket.say(R"J({"type":"begin","id":"1"})J");
      EXPECT_NE(socket.say(R"J({"type":"query","id":"2","sql":"select 7 as a"})J").find(R"J({"a":7})J"),
                std::string::npos);
      if (end != "leave") socket.say(std::string{R"J({"id":"3","type":")J"}.append(end).append("\"}"));
    }
    EXPECT_TRUE(soon([&] { return served.statistics().transactions == 0; }));
    EXPECT_EQ(write(), "200") << end;
  }
}

TEST_F(GatewayUndo, AConnectionThatTheProgramMadeReadOnlyStaysSo) {
  dt::sqlite::client one{"sqlite:" + file.path + "?maxConnections=1"};
  one.script("pragma query_only=1");
  ws::gateway served{one, how};
  EXPECT_EQ(ask(served, query(statement_of("select 1"), reader)).status(), "200");
  EXPECT_NE(ask(served, query(statement_of("insert into users(price) values (1)"))).status(), "200");
}

TEST_F(GatewayUndo, BeginningAndCommittingHaveTheLimitOfTheirMessage) {
  dt::sqlite::client slow{"sqlite:" + file.path + "?busyTimeout=600000"};
  ws::serving::database_of<dt::sqlite::client&> behind{slow};
  auto holder = behind.begin(false, dt::deadline::after(60s));
  ASSERT_TRUE(holder);
  const auto late = behind.begin(false, dt::deadline::after(20ms));  // waits for the lock of the other one
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), dt::condition::timeout) << late.error().message();
  ws::serving::statement what;
  what.sql = "insert into users(id) values (9)";
  EXPECT_TRUE((*holder)->run(what, {}, dt::deadline::after(60s)));
  EXPECT_FALSE((*holder)->commit(dt::deadline{dt::clock::now()})) << "its time is over";
  holder->reset();
  EXPECT_EQ(users(), 0);
  auto next = behind.begin(false, dt::deadline::after(60s));
  ASSERT_TRUE(next);
  EXPECT_TRUE((*next)->run(what, {}, dt::deadline::after(60s)));
  EXPECT_TRUE((*next)->commit(dt::deadline::after(60s)));
  EXPECT_EQ(users(), 1);
}

}  // namespace
