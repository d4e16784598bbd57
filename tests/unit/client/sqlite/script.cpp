// What is said of a script of which a statement fails: which one, and on which line.
#include <dovetail/client/asyncsql/session.hpp>
#include <dovetail/sqlite.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tuple>

namespace {

namespace dt = dovetail;

dt::error_info failure(dt::sqlite::client& db, std::string_view text) {
  const auto done = db.with(dt::as_result).script(text);
  EXPECT_FALSE(done);
  return done ? dt::error_info{} : done.error();
}

TEST(SqliteScript, AMistakeIsToldWithItsStatementAndItsLine) {
  dt::sqlite::client db{"sqlite::memory:"};
  const std::string_view text =
      "create table t(name text not null);  -- 'ä;'\n\ninsert into t values ('ö');\nselect\n  nmae from t;\ndrop table "
      "t";
  const dt::error_info unknown = failure(db, text);
  EXPECT_TRUE(unknown.message().starts_with("statement 3, line 5: no such column: nmae")) << unknown.message();
  EXPECT_NE(unknown.describe(text).find("\n  line 5:   nmae from t;\n            ^"), std::string::npos)
      << unknown.describe(text);
  EXPECT_EQ(db.query_value<std::string>("select name from t"), "ö");  // what ran before stays
  EXPECT_TRUE(failure(db, "select 1;\n\nselct").message().starts_with("statement 2, line 3: "));
  EXPECT_TRUE(failure(db, "select 1;\n\nselect 'x").message().starts_with("statement 2, line 3: "));
}

TEST(SqliteScript, AStatementThatFailsAsItRunsIsToldByItsNumber) {
  dt::sqlite::client db{"sqlite::memory:"};
  const dt::error_info null = failure(
      db,
      "create table t(a not null); /* one */\n/* two */ insert into t values (1);\n;\ninsert into t\nvalues (null);");
  EXPECT_EQ(null.kind(), dt::condition::constraint);
  EXPECT_EQ(null.server().column, "a");
  EXPECT_TRUE(null.message().starts_with("statement 3, line 4: NOT NULL constraint failed")) << null.message();
}

TEST(SqliteScript, OneStatementNeedsNoNumber) {
  dt::sqlite::client db{"sqlite::memory:"};
  EXPECT_TRUE(failure(db, "drop table missing;\n").message().starts_with("no such table: missing"));
}

TEST(SqliteScript, TheMistakeOfOneStatementStandsAtACharacter) {
  dt::sqlite::client db{"sqlite::memory:"};
  const std::string_view text = "select 'äöü',\n  nmae from sqlite_master";
  const auto done = db.with(dt::as_result).query<std::tuple<std::string, std::string>>(dt::runtime(text));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().server().position, 17);
  EXPECT_NE(done.error().describe(text).find("\n  line 2:   nmae from sqlite_master\n            ^"), std::string::npos)
      << done.error().describe(text);
}

TEST(SqliteScript, ASessionSaysItToo) {
  dt::sqlite::client db{"sqlite::memory:"};
  dt::asyncsql::session_settings how;
  how.transaction.mode = dt::asyncsql::transaction_mode::automatic;
  dt::asyncsql::session session{db, how};
  try {
    session.script("create table t(a);\nselect b from t");
    ADD_FAILURE();
  } catch (const dt::error& thrown) {
    EXPECT_TRUE(std::string_view{thrown.what()}.starts_with("statement 2, line 2: no such column: b")) << thrown.what();
  }
}

}  // namespace
