#include <dovetail/client/sqlite/session.hpp>

#include <dovetail/client/sqlite/connection_string.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <climits>
#include <string_view>
#include <thread>

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::sqlite::detail::session;

namespace {

dt::sqlite::options memory() { return dt::sqlite::parse("sqlite::memory:").value().options; }

constexpr const char* endless =
    "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";

TEST(SqliteSession, ADeadlineEndsALongStatement) {
  session db;
  ASSERT_TRUE(db.open(memory(), {}));
  const session::limits_scope limit{db, {dt::deadline::after(20ms), nullptr}};
  const dt::result<void> ran = db.run(endless);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code(), dt::errc::deadline_passed);
}

TEST(SqliteSession, ACancellationEndsALongStatement) {
  session db;
  ASSERT_TRUE(db.open(memory(), {}));
  std::atomic<bool> cancelled = true;
  const session::limits_scope limit{db, {{}, &cancelled}};
  EXPECT_EQ(db.run(endless).error().code(), dt::errc::cancelled);
}

TEST(SqliteSession, ATextThatSqliteCannotCountIsRefusedUnread) {
  session db;
  ASSERT_TRUE(db.open(memory(), {}));
  const std::string_view enormous{"select 1", std::size_t{INT_MAX} + 1};
  EXPECT_EQ(db.prepare(enormous, {}).error().code(), dt::errc::malformed_statement);
  EXPECT_EQ(db.run_script(enormous).error().code(), dt::errc::malformed_statement);
}

TEST(SqliteSession, AnInMemoryDatabaseIsSharedByItsConnectionsAndByNoOther) {
  const dt::sqlite::options one = memory();
  session a, b, other;
  ASSERT_TRUE(a.open(one, {}));
  ASSERT_TRUE(b.open(one, {}));
  ASSERT_TRUE(other.open(memory(), {}));
  ASSERT_TRUE(a.run("create table t(x)"));
  EXPECT_TRUE(b.run("insert into t values (1)"));
  EXPECT_FALSE(other.run("insert into t values (1)"));
}

TEST(SqliteSession, AnInMemoryDatabaseLivesLongerThanItsConnections) {
  const dt::sqlite::options one = memory();
  {
    session first;
    ASSERT_TRUE(first.open(one, {}));
    ASSERT_TRUE(first.run("create table t(x)"));
  }
  session second;
  ASSERT_TRUE(second.open(one, {}));
  EXPECT_TRUE(second.run("insert into t values (1)"));
}

TEST(SqliteSession, ALockIsWaitedForUntilTheDeadline) {
  const dt::sqlite::options one = memory();
  session writer, other;
  ASSERT_TRUE(writer.open(one, {}));
  ASSERT_TRUE(other.open(one, {}));
  ASSERT_TRUE(writer.run("begin immediate"));
  const session::limits_scope limit{other, {dt::deadline::after(20ms), nullptr}};
  const dt::result<void> ran = other.run("begin immediate");
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code(), dt::errc::deadline_passed);
  EXPECT_NE(ran.error().message().find("locked"), std::string::npos);
}

TEST(SqliteSession, ALockIsWaitedForNotLongerThanTheBusyTimeout) {
  dt::sqlite::options one = memory();
  one.busy_timeout = 10ms;
  session writer, other;
  ASSERT_TRUE(writer.open(one, {}));
  ASSERT_TRUE(other.open(one, {}));
  ASSERT_TRUE(writer.run("begin immediate"));
  EXPECT_EQ(other.run("begin immediate").error().kind(), dt::condition::busy);
}

TEST(SqliteSession, ACancelledWaitForALockEnds) {
  const dt::sqlite::options one = memory();
  session writer, other;
  ASSERT_TRUE(writer.open(one, {}));
  ASSERT_TRUE(other.open(one, {}));
  ASSERT_TRUE(writer.run("begin immediate"));
  std::atomic<bool> cancelled = true;
  const session::limits_scope limit{other, {{}, &cancelled}};
  EXPECT_EQ(other.run("begin immediate").error().code(), dt::errc::cancelled);
}

TEST(SqliteSession, AReleasedLockIsTaken) {
  const dt::sqlite::options one = memory();
  session writer, other;
  ASSERT_TRUE(writer.open(one, {}));
  ASSERT_TRUE(other.open(one, {}));
  ASSERT_TRUE(writer.run("begin immediate"));
  std::thread waiter{[&other] { EXPECT_TRUE(other.run("begin immediate")); }};
  EXPECT_TRUE(writer.run("commit"));
  waiter.join();
}

TEST(SqliteSession, ForeignKeysAreEnforcedUnlessSaidOtherwise) {
  session on, off;
  dt::sqlite::options lax = memory();
  lax.foreign_keys = false;
  for (session* each : {&on, &off}) {
    ASSERT_TRUE(each->open(each == &on ? memory() : lax, {}));
    ASSERT_TRUE(each->run_script("create table p(id integer primary key); create table c(p integer references p);"));
  }
  EXPECT_EQ(on.run("insert into c values (5)").error().kind(), dt::condition::constraint);
  EXPECT_TRUE(off.run("insert into c values (5)"));
}

TEST(SqliteSession, AStatementIsKeptAndFoundByTextAndByAddress) {
  session db;
  ASSERT_TRUE(db.open(memory(), {}));
  constexpr std::string_view text = "select 1";
  sqlite3_stmt* first = nullptr;
  {
    auto use = db.prepare(text, text);
    ASSERT_TRUE(use);
    first = use->get();
    EXPECT_FALSE(db.find(text));  // in use
    auto twin = db.prepare(text, text);
    ASSERT_TRUE(twin);
    EXPECT_NE(twin->get(), first);
  }
  EXPECT_EQ(db.find(text).get(), first);
  EXPECT_EQ(db.prepare(std::string{text}, {})->get(), first);
}

TEST(SqliteSession, TheStatementUsedLeastLatelyMakesRoom) {
  dt::sqlite::options how = memory();
  how.cache_statements = 2;
  session db;
  ASSERT_TRUE(db.open(how, {}));
  constexpr std::string_view one = "select 1", two = "select 2", three = "select 3";
  for (const std::string_view text : {one, two, one, three}) ASSERT_TRUE(db.prepare(text, text));
  EXPECT_TRUE(db.find(one));
  EXPECT_FALSE(db.find(two));
  EXPECT_TRUE(db.find(three));
}

TEST(SqliteSession, AScriptRunsAllItsStatementsAndStopsAtTheFirstMistake) {
  session db;
  ASSERT_TRUE(db.open(memory(), {}));
  EXPECT_TRUE(db.run_script("create table t(x); -- a comment\n insert into t values (1); select * from t; /* end */ "));
  EXPECT_FALSE(db.run_script("insert into t values (2); selct; insert into t values (3)"));
  auto use = db.prepare("select count(*) from t", {});
  ASSERT_TRUE(use);
  ASSERT_EQ(sqlite3_step(use->get()), SQLITE_ROW);
  EXPECT_EQ(sqlite3_column_int(use->get(), 0), 2);
}

TEST(SqliteSession, AFileThatCannotBeOpenedIsAConnectionError) {
  session db;
  dt::sqlite::options how;
  how.path = "no/such/folder/file.db";
  const dt::result<void> opened = db.open(how, {});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind(), dt::condition::connection);
  EXPECT_NE(opened.error().message().find("no/such/folder/file.db"), std::string::npos);
  EXPECT_EQ(db.health(), dt::session_health::closed);
}

}  // namespace
