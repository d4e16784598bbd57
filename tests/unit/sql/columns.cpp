#include <dovetail/sql/columns.hpp>

#include "support/sql_cases.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

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

TEST(Columns, ThatOnlyEndAsAFieldDoesAreNotMeant) {
  EXPECT_EQ((fit<row, lite>("select user_id as the_id, name from t")), missing);
  EXPECT_EQ((fit<row, my>("select the_ID, name from t")), missing);
  EXPECT_EQ((fit<order, lite>("select ID, BUYER_ID, Buyer_Name from t")), none);
  EXPECT_EQ((fit<order, lite>("select id, byuer_id, buyer_name from t")), missing);
  EXPECT_EQ((fit<order, my>("select id, id as other_id, buyer_name from t")), missing);
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
}

struct city {
  std::int64_t id;
  std::string name;
  std::optional<double> area;
};

// The words for a text that is made at run time; empty when it fits.
template <dialect D, class Row, class... Args>
std::string words(std::string_view text, const Args&...) {
  const dt::statement_for<D, Row, Args...> statement{dt::runtime(text)};
  if (statement.is_valid()) return {};
  const dt::error_info failure = statement.failure();
  EXPECT_EQ(failure.code(), dt::errc::row_mismatch);
  EXPECT_TRUE(failure.statement().empty());
  return std::string{failure.context()};
}

TEST(MisfitOfAText, NamesEveryFieldItsTypeAndTheNearestName) {
  EXPECT_EQ((words<lite, city>("select id, nmae, ara from city where id > ? and b = 1", 0)),
            "row type city does not match the select list (2 problems)\n"
            "  field 'name' (std::string)           : no such column; did you mean 'nmae'?\n"
            "  field 'area' (std::optional<double>) : no such column; did you mean 'ara'?\n"
            "  columns selected: id, nmae, ara");
  EXPECT_EQ((words<my, city>("select 1 as x")),
            "row type city does not match the select list (3 problems)\n"
            "  field 'id' (std::int64_t)            : no such column\n"
            "  field 'name' (std::string)           : no such column\n"
            "  field 'area' (std::optional<double>) : no such column\n"
            "  columns selected: x");
}

TEST(MisfitOfAText, HasTheStatementOnlyWhenTextsAreShown) {
  const dt::statement_for<lite, city> statement{dt::runtime("select id, nmae from city")};
  EXPECT_EQ(statement.failure(false).message().find("SQL"), std::string::npos);
  const std::string shown = statement.failure(true).message();
  EXPECT_NE(shown.find("\n  columns selected: id, nmae\n  SQL: select id, nmae from city\n  at: "), std::string::npos)
      << shown;
  EXPECT_EQ(shown.find("line 1"), std::string::npos) << shown;
}

TEST(MisfitOfAText, IsFoundWhateverTheArgumentsAre) {
  const std::string expected =
      "row type row does not match the select list (1 problem)\n"
      "  field 'name' (std::string) : no such column; did you mean 'nmae'?\n"
      "  columns selected: id, nmae";
  const std::vector<int> ids{1, 2};
  EXPECT_EQ((words<pg, row>("select id, nmae from t where id = $2 and b = $1", 1, 2)), expected);
  EXPECT_EQ((words<pg, row>("select id, nmae from t where id = :id", dt::arg<"id">(1))), expected);
  EXPECT_EQ((words<pg, row>("select id, nmae from t where id in (:ids)", dt::arg<"ids">(ids))), expected);
  EXPECT_EQ((words<lite, row>("select id, nmae from t where id in (?)", ids)), expected);
  EXPECT_EQ((words<lite, row>("select id, nmae from t where area = :area", city{})), expected);
  EXPECT_EQ((words<my, row>("select id, nmae from t where id = ?", 1)), expected);
  EXPECT_EQ((words<my, row>("select id, nmae from t where area = %(area)s", city{})), expected);
}

TEST(MisfitOfAText, NamesColumnsAsTheServerWouldSpellThem) {
  EXPECT_EQ((words<pg, row>("select t.ID, \"Name\" from t")),
            "row type row does not match the select list (1 problem)\n"
            "  field 'name' (std::string) : no such column; did you mean 'Name'?\n"
            "  columns selected: id, Name");
  EXPECT_EQ((words<lite, row>("select t.[id], count(*) \"nam\" from t")),
            "row type row does not match the select list (1 problem)\n"
            "  field 'name' (std::string) : no such column; did you mean 'nam'?\n"
            "  columns selected: id, nam");
  EXPECT_EQ((words<my, row>("select `id`, t.title as `names` from t")),
            "row type row does not match the select list (1 problem)\n"
            "  field 'name' (std::string) : no such column; did you mean 'names'?\n"
            "  columns selected: id, names");
  EXPECT_EQ((words<pg, renamed>("insert into t values (1) returning \"first nmae\"")),
            "row type renamed does not match the select list (1 problem)\n"
            "  field 'first name' (std::string) : no such column; did you mean 'first nmae'?\n"
            "  columns selected: first nmae");
}

TEST(MisfitOfAText, NamesFieldsOfNestedStructsByTheirPath) {
  EXPECT_EQ((words<pg, order>("select id, b.id as buyer_id, b.name as buyer_nmae from t")),
            "row type order does not match the select list (1 problem)\n"
            "  field 'buyer.name' (std::string) : no such column; did you mean 'buyer_nmae'?\n"
            "  columns selected: id, buyer_id, buyer_nmae");
  EXPECT_EQ((words<lite, std::optional<order>>("select id, name from t")),
            "row type std::optional<order> does not match the select list (2 problems)\n"
            "  field 'buyer.id' (int)           : no such column\n"
            "  field 'buyer.name' (std::string) : no such column; did you mean 'name'?\n"
            "  columns selected: id, name");
}

TEST(MisfitOfAText, NamesAllColumnsThatOneFieldWouldTake) {
  EXPECT_EQ(
      (words<pg, row>("select a.id, b.ID, b.name as title, b.id from a, b")),
      "row type row does not match the select list (2 problems)\n"
      "  field 'id' (int)           : columns 1 ('id') and 2 ('id') and 4 ('id') have its name; rename all but one "
      "(as …)\n"
      "  field 'name' (std::string) : no such column\n"
      "  columns selected: id, id, title, id");
}

TEST(MisfitOfAText, CountsColumnsForRowsByPosition) {
  EXPECT_EQ((words<lite, std::tuple<int, std::string>>("select a, b + 1, f(c) d from t")),
            "row type std::tuple<int, std::string> does not match the select list (1 problem)\n"
            "  number of columns : the query returns 3, the row type takes 2\n"
            "  columns selected: a, (expression), d");
  EXPECT_EQ((words<pg, dt::by_position<row>>("select a from t")),
            "row type row does not match the select list (1 problem)\n"
            "  number of columns : the query returns 1, the row type takes 2\n"
            "  columns selected: a");
  std::string text{"select c0"};
  for (int i = 1; i < 100; ++i) text += ", c" + std::to_string(i);
  const std::string many = words<lite, int>(text + " from t");
  EXPECT_NE(many.find("the query returns 100, the row type takes 1\n  columns selected: c0, c1, "), std::string::npos);
  EXPECT_TRUE(many.ends_with(", c63, and 36 more")) << many;
}

TEST(MisfitOfAText, IsSilentWhereTheTextDoesNotTell) {
  EXPECT_EQ((words<lite, city>("select * from t")), "");
  EXPECT_EQ((words<pg, city>("select id, t.* from t")), "");
  EXPECT_EQ((words<my, city>("select id, count(*) from t")), "");
  EXPECT_EQ((words<my, city>("select ID, NAME, Area from t")), "");
}

}  // namespace
