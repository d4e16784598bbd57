// verify_queries on SQLite: every wrong statement of this program is found, with its place, and none is executed.
#define DOVETAIL_REGISTER_QUERIES
#include <dovetail/asyncsql.hpp>
#include <dovetail/sqlite_verify.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dt = dovetail;

namespace {

struct city {
  std::int64_t id;
  std::string name;
  std::optional<double> area;
};
struct named_area {
  std::string name;
  double area;  // null in the table
};
struct wrong_type {
  std::int64_t id;
  std::int64_t name;
};

// Never called: what registers itself does so before main().
[[maybe_unused]] void never_called(dt::sqlite::client& db) {
  db.query<city>([] { return dt::sql_text("select id, name, area from city where id = ?"); }, 1);
  db.query<city>([] { return dt::sql_text("select * from city where id in (:ids)"); },
                 dt::arg<"ids">(std::vector<int>{1, 2}));
  db.execute([] { return dt::sql_text("delete from city"); });
  db.query<city>([] { return dt::sql_text("select id, name, area from town"); });
  db.query<city>([] { return dt::sql_text("select * from lake"); });
  db.query<named_area>([] { return dt::sql_text("select name, area from city"); });
  db.query_optional<wrong_type>([] { return dt::sql_text("select id, name from city where id = $1"); }, 1);
  db.execute([] { return dt::sql_text("update city set mayor = :mayor"); }, dt::arg<"mayor">(1));
}

// The same of a session with rules, whose statements are of another type.
[[maybe_unused]] void never_called(dt::asyncsql::session<dt::sqlite::client, dt::asyncsql::guard<>>& db) {
  db.query<city>([] { return dt::sql_text("select id, name, area from city where id = :guarded"); },
                 dt::arg<"guarded">(1));
  db.execute([] { return dt::sql_text("update city set guarded_mayor = :mayor where id = 1"); }, dt::arg<"mayor">(1));
}

struct count_of_cities {
  constexpr dt::sql_text operator()() const { return dt::sql_text("select count(*) from city"); }
};

[[maybe_unused]] std::int64_t twice(dt::sqlite::client& db) {  // one statement, though it stands in two places
  return db.query_value<std::int64_t>(count_of_cities{}) + db.query_value<std::int64_t>(count_of_cities{});
}

dt::sqlite::client with_schema() {
  dt::sqlite::client db{"sqlite::memory:?maxConnections=1"};
  db.script(
      "create table city(id integer primary key, name text not null, area real);"
      "create table lake(id integer primary key, depth real);"
      "insert into city values (1, 'Bern', null)");
  return db;
}

const dt::query_finding* find(const dt::verification& in, std::string_view text) {
  for (const dt::query_finding& each : in.findings) {
    if (each.text.find(text) != std::string::npos) return &each;
  }
  return nullptr;
}

TEST(VerifyQueries, EveryWrongStatementIsReportedAtOnceWithItsPlace) {
  dt::sqlite::client db = with_schema();
  const dt::verification found = dt::verify_queries(db);
  EXPECT_EQ(found.checked, 12u);
  EXPECT_EQ(found.findings.size(), 6u) << found.report();
  for (const dt::query_finding& each : found.findings) {
    EXPECT_NE(std::string_view{each.where.file_name()}.find("verify_queries"), std::string_view::npos);
    EXPECT_GT(each.where.line(), 30u);
  }
  const dt::query_finding* const table = find(found, "from town");
  ASSERT_NE(table, nullptr);
  EXPECT_NE(table->problem.find("town"), std::string::npos) << table->problem;
  const dt::query_finding* const column = find(found, "from lake");
  ASSERT_NE(column, nullptr);
  EXPECT_NE(column->problem.find("'name'"), std::string::npos) << column->problem;
  const dt::query_finding* const null = find(found, "select name, area");
  ASSERT_NE(null, nullptr);
  EXPECT_NE(null->problem.find("may be null"), std::string::npos) << null->problem;
  const dt::query_finding* const type = find(found, "where id = $1");
  ASSERT_NE(type, nullptr);
  EXPECT_NE(type->problem.find("TEXT"), std::string::npos) << type->problem;
  EXPECT_NE(find(found, "set mayor"), nullptr);
  EXPECT_NE(find(found, "guarded_mayor"), nullptr);
  EXPECT_NE(found.report().find("6 of 12 statements do not fit"), std::string::npos) << found.report();
}

TEST(VerifyQueries, NothingIsExecuted) {
  dt::sqlite::client db = with_schema();
  static_cast<void>(dt::verify_queries(db));
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from city"), 1);  // `delete from city` was prepared only
}

TEST(VerifyQueries, AChangeOfTheSchemaIsSeenThoughTheStatementsWerePreparedBefore) {
  dt::sqlite::client db = with_schema();
  const std::size_t before = dt::verify_queries(db).findings.size();
  db.execute("alter table city rename column area to surface");
  EXPECT_EQ(twice(db), 2);
  EXPECT_GT(dt::verify_queries(db).findings.size(), before);
}

TEST(VerifyQueries, APlainLiteralRegistersItselfWithItsFirstUse) {
  dt::sqlite::client db = with_schema();
  const std::size_t before = dt::verify_queries(db).checked;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(db.query_value<std::string>("select name from city where id = ?", 1), "Bern");
    EXPECT_EQ(db.query_value<std::string>(dt::runtime("select name from city where id = ?"), 1), "Bern");
  }
  db.execute("create table river(id integer primary key)");  // of no rows
  db.transaction(
      [](auto& tx) { tx.execute("update city set area = 1 where id in (:ids)", dt::arg<"ids">(std::vector{1})); });
  EXPECT_EQ(dt::verify_queries(db).checked, before + 2);
  db.execute("alter table city rename column area to surface");
  const dt::verification broken = dt::verify_queries(db);
  const dt::query_finding* const update = find(broken, "set area");
  ASSERT_NE(update, nullptr) << broken.report();
  EXPECT_NE(std::string_view{update->where.file_name()}.find("verify_queries"), std::string_view::npos);
  EXPECT_EQ(find(broken, "select name from city where id"), nullptr) << broken.report();
}

TEST(VerifyQueries, APlainLiteralOfASessionWithRulesRegistersItselfWithItsFirstUse) {
  auto db = std::make_shared<dt::sqlite::client>(with_schema());
  dt::asyncsql::session<dt::sqlite::client, dt::asyncsql::guard<>> guarded{db};
  const std::size_t before = dt::verify_queries(*db).checked;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(guarded.query_value<std::string>("select name from city where id = ? and 2 > 1", 1), "Bern");
    guarded.run_transaction([](auto& tx) { tx.execute("update city set area = 2 where id = ?", 1); });
  }
  EXPECT_EQ(dt::verify_queries(*db).checked, before + 2);
  db->execute("alter table city rename column area to surface");
  const dt::verification broken = dt::verify_queries(*db);
  const dt::query_finding* const update = find(broken, "set area = 2");
  ASSERT_NE(update, nullptr) << broken.report();
  EXPECT_NE(std::string_view{update->where.file_name()}.find("verify_queries"), std::string_view::npos);
}

TEST(VerifyQueries, NullsNeedNotBeChecked) {
  dt::sqlite::client db = with_schema();
  const dt::verification found = dt::verify_queries(db, {.check_nulls = false});
  EXPECT_EQ(find(found, "select name, area"), nullptr) << found.report();
  EXPECT_EQ(found.findings.size(), 5u);
}

TEST(VerifyQueries, AStatementKnownByItsTypeIsUsedLikeALiteral) {
  dt::sqlite::client db = with_schema();
  EXPECT_EQ(twice(db), 2);
  dt::rows<city> all = db.query<city>([] { return dt::sql_text("select * from city where id in (:ids)"); },
                                      dt::arg<"ids">(std::vector<int>{1, 2}));
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].name, "Bern");
}

}  // namespace
