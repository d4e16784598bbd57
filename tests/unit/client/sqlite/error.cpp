#include <dovetail/client/sqlite/error.hpp>

#include <gtest/gtest.h>

namespace dt = dovetail;

namespace {

struct memory_database {
  sqlite3* handle = nullptr;
  memory_database() { sqlite3_open_v2(":memory:", &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE, nullptr); }
  ~memory_database() { sqlite3_close(handle); }
  dt::error_info run(const char* text) {
    const int code = sqlite3_exec(handle, text, nullptr, nullptr, nullptr);
    return code == SQLITE_OK ? dt::error_info{} : dt::sqlite::detail::failure_of(handle, code);
  }
};

TEST(SqliteError, AUniqueViolationNamesTableAndColumns) {
  memory_database db;
  EXPECT_FALSE(db.run("create table city(id integer primary key, name text, country text, unique(name, country))"));
  EXPECT_FALSE(db.run("insert into city values (1, 'Bern', 'CH')"));
  const dt::error_info failure = db.run("insert into city values (2, 'Bern', 'CH')");
  EXPECT_EQ(failure.code(), dt::condition::constraint);
  EXPECT_EQ(failure.code().value(), SQLITE_CONSTRAINT_UNIQUE);
  EXPECT_EQ(failure.server().table, "city");
  EXPECT_EQ(failure.server().column, "name, country");
  EXPECT_EQ(failure.message().find("Bern"), std::string::npos);
}

TEST(SqliteError, ACheckViolationNamesTheConstraint) {
  memory_database db;
  EXPECT_FALSE(db.run("create table t(x integer constraint positive check(x > 0))"));
  const dt::error_info failure = db.run("insert into t values (-1)");
  EXPECT_EQ(failure.kind(), dt::condition::constraint);
  EXPECT_EQ(failure.server().constraint, "positive");
}

TEST(SqliteError, AnIndexOnAnExpressionIsNamed) {
  memory_database db;
  EXPECT_FALSE(db.run("create table t(x); create unique index t_x on t(lower(x)); insert into t values ('a')"));
  EXPECT_EQ(db.run("insert into t values ('A')").server().constraint, "t_x");
}

TEST(SqliteError, AForeignKeyViolationSaysWhatItIs) {
  memory_database db;
  EXPECT_FALSE(
      db.run("pragma foreign_keys=on; create table p(id integer primary key);"
             "create table c(p integer references p)"));
  EXPECT_EQ(db.run("insert into c values (5)").server().constraint, "FOREIGN KEY");
}

TEST(SqliteError, SyntaxAndMissingObjectsAreToldApart) {
  memory_database db;
  const dt::error_info syntax = db.run("selct 1");
  EXPECT_EQ(syntax.kind(), dt::condition::syntax);
  EXPECT_EQ(syntax.server().position, 1);
  EXPECT_EQ(syntax.code().value() & 0xFF, SQLITE_ERROR);
  EXPECT_EQ(db.run("select * from nowhere").kind(), dt::condition::not_found);
  EXPECT_EQ(db.run("select x from (select 1 as y)").kind(), dt::condition::not_found);
  EXPECT_EQ(db.run("select abs(-9223372036854775807 - 1)").kind(), dt::condition::server);
}

TEST(SqliteError, ALiteralOfTheStatementStaysOutOfTheMessage) {
  memory_database db;
  EXPECT_EQ(db.run("select 1 'secret' 'secret2'").message().find("secret"), std::string::npos);
  EXPECT_EQ(db.run("select 'secret").message().find("secret"), std::string::npos);
  EXPECT_EQ(db.run("select 1 as a 31337").message().find("31337"), std::string::npos);
  EXPECT_EQ(db.run("select 1 x'5ec4e7'").message().find("5ec4e7"), std::string::npos);
  EXPECT_NE(db.run("select from where").message().find("from"), std::string::npos);
}

TEST(SqliteError, ResultCodesBecomeConditions) {
  const auto kind = [](int code) { return dt::condition_of(dt::sqlite::make_error_code(code)); };
  EXPECT_EQ(kind(SQLITE_BUSY), dt::condition::busy);
  EXPECT_EQ(kind(SQLITE_BUSY_SNAPSHOT), dt::condition::serialization);
  EXPECT_EQ(kind(SQLITE_CANTOPEN_ISDIR), dt::condition::connection);
  EXPECT_EQ(kind(SQLITE_READONLY_DBMOVED), dt::condition::permission);
  EXPECT_EQ(kind(SQLITE_NOTADB), dt::condition::configuration);
  EXPECT_EQ(kind(SQLITE_FULL), dt::condition::limit);
  EXPECT_EQ(kind(SQLITE_INTERRUPT), dt::condition::cancelled);
  EXPECT_EQ(kind(SQLITE_CORRUPT), dt::condition::server);
}

}  // namespace
