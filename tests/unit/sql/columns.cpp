#include <dovetail/sql/columns.hpp>

#include "support/sql_cases.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace {

using namespace sql_cases;

constexpr dialect pg = dialect::postgres;
constexpr dialect my = dialect::mysql;
constexpr dialect lite = dialect::sqlite;

struct row {
  int id;
  std::string name;
};

template <class Row, dialect D = pg>
constexpr sql_mistake fit(std::string_view text) {
  return dt::check_statement<D, Row>(text).problem.what;
}

struct selection {
  std::string_view text;
  sql_mistake what;
};

constexpr sql_mistake none = sql_mistake::none;
constexpr sql_mistake missing = sql_mistake::field_not_selected;

// What a `row` gets from PostgreSQL.
constexpr selection selections[] = {
    {"select id, name from t", none},
    {"select name, id, other from t", none},
    {"select t.id, s.t.name from t", none},
    {"select 1 as id, 'x' as name", none},
    {"select f(x) id, (y) name from t", none},
    {"select a id, t.b name from t", none},
    {"select distinct id, name from t", none},
    {"select distinct on (a) id, name from t", none},
    {"select all id, name from t", none},
    {"select \"id\", \"name\" from t", none},
    {"select ID, Name from t", none},
    {"select id, name", none},
    {"select id, case a when b then c end as name from t", none},
    {"select id, count(*) over (order by x, y) as name from t", none},
    {"select id, name from (select a, b from c) x union select 1, 2", none},
    {"with x as (select a, b from c) select id, name from x", none},
    {"select id, a is distinct from b as name from t", none},
    {"select id, x::double precision as name from t", none},
    {"insert into t values (1) returning id, name", none},
    {"update t set a = 1 returning id, name", none},
    {"delete from t returning id, name", none},

    {"select id from t", missing},
    {"select id, nmae from t", missing},
    {"select id, name as title from t", missing},
    {"select id, name title from t", missing},
    {"select id, f(name) title from t", missing},
    {"select id, \"Name\" from t", missing},
    {"select id, t.title from t where name = 1", missing},
    {"select id, a is distinct from b as c from t", missing},
    {"select id union select name", missing},
    {"select id intersect select name", missing},
    {"with x as (select id, name from c) select id from x", missing},
    {"insert into t(id, name) values (1, 2) returning id", missing},
    {"insert into t(id, name) select id, name from u returning id", missing},
    {"update t set name = 1 returning id", missing},

    // What the text does not tell is left to the server.
    {"select * from t", none},
    {"select t.* from t", none},
    {"select id, t.* from t", none},
    {"select distinct on (a) * from t", none},
    {"select id, count(*) from t", none},
    {"select id, a + b from t", none},
    {"select id, a * b from t", none},
    {"select id, not title from t", none},
    {"select id, a collate title from t", none},
    {"select id, x::double precision from t", none},
    {"select id, interval '1' day from t", none},
    {"select id, sum(x) over title from t", none},
    {"select id, case when a then (b) end from t", none},
    {"select id, (a).title from t", none},
    {"select id, null from t", none},
    {"select id, a isnull from t", none},
    {"(select id from t)", none},
    {"table t", none},
    {"explain select id from t", none},
    {"call f()", none},
    {"update t set a = 1 returning *", none},

    {"select id, name, id from t", sql_mistake::column_selected_twice},
    {"select a.id, b.id, name from a, b", sql_mistake::column_selected_twice},
    {"select a.id, b.other, b.other, name from a, b", none},
    {"insert into t values (1) returning id, name, name", sql_mistake::column_selected_twice},

    {"update t set a = 1", sql_mistake::no_rows_returned},
    {"create table t(id int, name text)", sql_mistake::no_rows_returned},
    {"begin", sql_mistake::no_rows_returned},
};

constexpr bool all_fit_as_said() {
  for (const selection& one : selections) {
    if (fit<row>(one.text) != one.what) return false;
  }
  return true;
}
static_assert(all_fit_as_said());

TEST(Columns, AreComparedWithTheFieldsWhereTheTextTellsThem) {
  for (const selection& one : selections) EXPECT_EQ(fit<row>(one.text), one.what) << one.text;
}

struct camel {
  int userId;
};

TEST(Columns, CaseIsFoldedAsTheServerDoesIt) {
  EXPECT_EQ((fit<camel, pg>("select userId from t")), missing);
  EXPECT_EQ((fit<camel, pg>("select \"userId\" from t")), none);
  EXPECT_EQ((fit<camel, lite>("select userid from t")), none);
  EXPECT_EQ((fit<camel, my>("select USERID from t")), none);
}

TEST(Columns, InSnakeCaseMayBeMeantByTheClientsNameStyle) {
  EXPECT_EQ((fit<camel, pg>("select user_id from t")), none);
  EXPECT_EQ((fit<camel, lite>("select user_id from t")), none);
}

struct customer {
  int id;
  std::string name;
};
struct order {
  int id;
  std::optional<customer> buyer;
};

TEST(Columns, OfNestedStructsHaveAPrefix) {
  EXPECT_EQ(fit<order>("select id, buyer_id, b.name as buyer_name from t"), none);
  EXPECT_EQ(fit<order>("select id, b.id as \"buyer.id\", b.name as \"buyer.name\" from t"), none);
  EXPECT_EQ(fit<order>("select id, name from t"), missing);
}

struct renamed {
  dt::column<"first name", std::string> first;
};

TEST(Columns, WithNamesOfTheirOwnAreFoundByThem) {
  EXPECT_EQ(fit<renamed>("select a as \"first name\" from t"), none);
  EXPECT_EQ(fit<renamed>("select first from t"), missing);
}

TEST(Columns, AreCountedForRowsByPosition) {
  constexpr sql_mistake count = sql_mistake::wrong_column_count;
  static_assert(fit<std::pair<int, int>>("select a, b from t") == none);
  EXPECT_EQ((fit<std::pair<int, int>>("select a, b from t")), none);
  EXPECT_EQ((fit<std::pair<int, int>>("select a, b + 1, c from t")), count);
  EXPECT_EQ((fit<std::tuple<int, int, int>>("select a, b from t")), count);
  EXPECT_EQ((fit<dt::by_position<row>>("select a, f(b, c) from t")), none);
  EXPECT_EQ((fit<dt::by_position<row>>("select a from t")), count);
  EXPECT_EQ(fit<int>("select count(*) from t"), none);
  EXPECT_EQ(fit<int>("select a, b from t"), count);
  EXPECT_EQ(fit<std::optional<int>>("select max(a) from t"), none);
  EXPECT_EQ((fit<std::pair<int, int>>("select * from t")), none);
  EXPECT_EQ(fit<int>("select a is distinct from b from t"), none);
}

TEST(Columns, OfLongListsAreLeftToTheServer) {
  std::string text{"select c0"};
  for (int i = 1; i < 100; ++i) text += ", c" + std::to_string(i);
  EXPECT_EQ(fit<row>(text + " from t"), none);
  EXPECT_EQ(fit<int>(text + " from t"), sql_mistake::wrong_column_count);
}

TEST(Columns, TheMistakeNamesTheField) {
  const auto found = dt::check_statement<pg, row>("select id from t");
  EXPECT_EQ(found.problem.expected, 1u);
  const dt::statement_for<pg, row> statement{dt::runtime("select id from t")};
  EXPECT_EQ(statement.failure().code(), dt::errc::row_mismatch);
  EXPECT_NE(statement.failure().context().find("'name' of "), std::string_view::npos);
}

}  // namespace
