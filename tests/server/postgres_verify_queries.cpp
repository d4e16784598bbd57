// verify_queries on PostgreSQL: the server describes each statement; wrong ones are found with their places.
#define DOVETAIL_REGISTER_QUERIES
#include <dovetail/asyncsql.hpp>
#include <dovetail/postgres_verify.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dt = dovetail;
using dt::test::postgres_server;

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
[[maybe_unused]] void never_called(dt::postgres::client& db) {
  db.query<city>([] { return dt::sql_text("select id, name, area from verified_city where id = :id"); },
                 dt::arg<"id">(1));
  db.query<city>([] { return dt::sql_text("select * from verified_city where id = any($1::int8[])"); },
                 std::vector<std::int64_t>{1});
  db.execute([] { return dt::sql_text("delete from verified_city"); });
  db.query<city>([] { return dt::sql_text("select id, name, area from town"); });
  db.query<named_area>([] { return dt::sql_text("select name, area from verified_city"); });
  db.query_optional<wrong_type>([] { return dt::sql_text("select id, name from verified_city where id = ?"); }, 1);
  db.execute([] { return dt::sql_text("update verified_city set mayor = $1::int8"); }, 1);
}

// Of types of PostgreSQL's own, and of lists, the elements are looked at.
struct lists {
  std::vector<int> numbers;
  dt::postgres::range<std::chrono::sys_days> days;
  std::optional<dt::postgres::multirange<std::chrono::sys_days>> all;
};
[[maybe_unused]] void never_called_with_lists(dt::postgres::client& db) {
  db.query<lists>([] {
    return dt::sql_text("select '{1}'::int4[] as numbers, 'empty'::daterange as days, '{}'::datemultirange as all");
  });
  db.query<lists>([] {
    return dt::sql_text("select '{1}'::text[] as numbers, 'empty'::int4range as days, 'empty'::daterange as all");
  });
}

// The same of a session with rules, whose statements are of another type.
[[maybe_unused]] void never_called(dt::asyncsql::session<dt::postgres::client, dt::asyncsql::guard<>>& db) {
  db.query<city>([] { return dt::sql_text("select id, name, area from verified_city where id = :guarded"); },
                 dt::arg<"guarded">(1));
  db.execute([] { return dt::sql_text("update verified_city set guarded_mayor = :mayor where id = 1"); },
             dt::arg<"mayor">(1));
}

const dt::query_finding* find(const dt::verification& in, std::string_view text) {
  for (const dt::query_finding& each : in.findings) {
    if (each.text.find(text) != std::string::npos) return &each;
  }
  return nullptr;
}

TEST(VerifyQueriesPostgres, EveryWrongStatementIsReportedAtOnceAndNoneIsExecuted) {
  dt::postgres::client db{postgres_server::shared().socket_string("app", " maxConnections=1")};
  db.script(
      "drop table if exists verified_city;"
      "create table verified_city(id int8 primary key, name text not null, area float8);"
      "insert into verified_city values (1, 'Bern', null)");
  const dt::verification found = dt::verify_queries(db);
  EXPECT_EQ(found.checked, 11u);
  EXPECT_EQ(found.findings.size(), 6u) << found.report();
  for (const dt::query_finding& each : found.findings) EXPECT_GT(each.where.line(), 30u);
  const dt::query_finding* const table = find(found, "from town");
  ASSERT_NE(table, nullptr);
  EXPECT_NE(table->problem.find("town"), std::string::npos) << table->problem;
  const dt::query_finding* const null = find(found, "select name, area");
  ASSERT_NE(null, nullptr);
  EXPECT_NE(null->problem.find("may be null"), std::string::npos) << null->problem;
  const dt::query_finding* const type = find(found, "where id = ?");
  ASSERT_NE(type, nullptr);
  EXPECT_NE(type->problem.find("text"), std::string::npos) << type->problem;
  const dt::query_finding* const list = find(found, "int4range as days");
  ASSERT_NE(list, nullptr);
  EXPECT_NE(list->problem.find("(3 problems)"), std::string::npos) << list->problem;
  EXPECT_NE(list->problem.find("'numbers' is text[]"), std::string::npos) << list->problem;
  EXPECT_NE(list->problem.find("'days' is int4range"), std::string::npos) << list->problem;
  EXPECT_NE(find(found, "set mayor"), nullptr);
  EXPECT_NE(find(found, "guarded_mayor"), nullptr);
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from verified_city"), 1);
}

TEST(VerifyQueriesPostgres, APlainLiteralOfASessionWithRulesRegistersItselfWithItsFirstUse) {
  const auto db =
      std::make_shared<dt::postgres::client>(postgres_server::shared().socket_string("app", " maxConnections=1"));
  db->script(
      "drop table if exists verified_city;"
      "create table verified_city(id int8 primary key, name text not null, area float8);"
      "insert into verified_city values (1, 'Bern', null)");
  dt::asyncsql::session<dt::postgres::client, dt::asyncsql::guard<>> guarded{db};
  const std::size_t before = dt::verify_queries(*db).checked;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(guarded.query_value<std::string>("select name from verified_city where id = ?", 1), "Bern");
  }
  EXPECT_EQ(dt::verify_queries(*db).checked, before + 1);
  db->execute("alter table verified_city rename column name to title");
  const dt::verification broken = dt::verify_queries(*db);
  EXPECT_NE(find(broken, "select name from verified_city"), nullptr) << broken.report();
}

}  // namespace
