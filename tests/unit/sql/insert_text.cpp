#include <dovetail/sql/insert_text.hpp>

#include <dovetail/row/column.hpp>

#include "support/sql_cases.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
using dt::dialect;
using dt::on_conflict;

constexpr dialect pg = dialect::postgres;
constexpr dialect my = dialect::mysql;
constexpr dialect lite = dialect::sqlite;

struct city {
  std::int64_t id;
  std::string name;
  std::optional<double> area;
};

struct link {
  int left;
  int right;
  dt::column<"the \"weight\"", double> weight;
};

static_assert(dt::insert_tail<pg, city> == R"( ("id", "name", "area") values ($1, $2, $3))");
static_assert(dt::insert_tail<lite, city> == R"( ("id", "name", "area") values (?, ?, ?))");
static_assert(dt::insert_tail<my, city> == "(`id`, `name`, `area`) values (?, ?, ?)" ||
              dt::insert_tail<my, city> == " (`id`, `name`, `area`) values (?, ?, ?)");
static_assert(dt::insert_tail<pg, link> == R"( ("left", "right", "the ""weight""") values ($1, $2, $3))");
static_assert(dt::returning_tail<lite, city> == R"( returning "id", "name", "area")");
static_assert(dt::column_list<pg, city> == R"( ("id", "name", "area"))");
static_assert(dt::insert_tail<pg, city, on_conflict::update, "id"> ==
              R"( ("id", "name", "area") values ($1, $2, $3) on conflict ("id") do update set )"
              R"("name" = excluded."name", "area" = excluded."area")");
static_assert(dt::insert_tail<lite, link, on_conflict::update, "left", "right"> ==
              R"( ("left", "right", "the ""weight""") values (?, ?, ?) on conflict ("left", "right") do update set )"
              R"("the ""weight""" = excluded."the ""weight""")");
static_assert(dt::insert_tail<lite, city, on_conflict::ignore> ==
              R"( ("id", "name", "area") values (?, ?, ?) on conflict do nothing)");
static_assert(dt::insert_tail<my, city, on_conflict::update, "id"> ==
              " (`id`, `name`, `area`) values (?, ?, ?) on duplicate key update "
              "`name` = values(`name`), `area` = values(`area`)");
static_assert(dt::insert_tail<my, city, on_conflict::ignore> ==
              " (`id`, `name`, `area`) values (?, ?, ?) on duplicate key update `id` = `id`");

struct place {
  std::string town;
  std::optional<int> zip;
};
struct region {
  place capital;
  int size;
};
struct person {
  int id;
  place home;
  dt::column<"the \"land\"", std::optional<region>> land;
};

static_assert(dt::insert_tail<pg, person> ==
              R"( ("id", "home_town", "home_zip", "the ""land""_capital_town", "the ""land""_capital_zip", )"
              R"("the ""land""_size") values ($1, $2, $3, $4, $5, $6))");
static_assert(dt::insert_tail<my, region> == " (`capital_town`, `capital_zip`, `size`) values (?, ?, ?)");
static_assert(dt::returning_tail<lite, region> == R"( returning "capital_town", "capital_zip", "size")");
static_assert(dt::column_list<pg, region> == R"( ("capital_town", "capital_zip", "size"))");
static_assert(dt::insert_tail<lite, region, on_conflict::update, "capital_town"> ==
              R"( ("capital_town", "capital_zip", "size") values (?, ?, ?) on conflict ("capital_town") do update set )"
              R"("capital_zip" = excluded."capital_zip", "size" = excluded."size")");

TEST(InsertText, PutsTheTableBeforeWhatTheCompilerWrote) {
  EXPECT_EQ(dt::insert_text(pg, "app.city", dt::insert_tail<pg, city>).value(),
            R"(insert into "app"."city" ("id", "name", "area") values ($1, $2, $3))");
  EXPECT_EQ(dt::insert_text(lite, "city", dt::insert_tail<lite, city>, dt::returning_tail<lite, city>).value(),
            R"(insert into "city" ("id", "name", "area") values (?, ?, ?) returning "id", "name", "area")");
}

TEST(InsertText, IsFoundRightByOurOwnChecks) {
  const std::string text =
      dt::insert_text(pg, "city", dt::insert_tail<pg, city, on_conflict::update, "id">, dt::returning_tail<pg, city>)
          .value();
  const auto found = dt::check_statement<pg, city, std::int64_t, std::string, double>(text);
  EXPECT_EQ(found.problem.what, dt::sql_mistake::none);
  EXPECT_TRUE(found.traits.is_native);
  EXPECT_EQ(found.traits.parameters, 3);
}

TEST(InsertText, ANameThatIsNoneIsRefused) {
  EXPECT_EQ(dt::insert_text(pg, "", dt::insert_tail<pg, city>).error().code(), dt::errc::malformed_statement);
}

TEST(InsertText, SeveralRowsHaveTheirNumbersInOneRun) {
  EXPECT_EQ(dt::insert_rows_text(pg, "city", dt::column_list<pg, city>, 3, 2).value(),
            R"(insert into "city" ("id", "name", "area") values ($1, $2, $3), ($4, $5, $6))");
  EXPECT_EQ(dt::insert_rows_text(lite, "city", dt::column_list<lite, city>, 3, 1, " returning \"id\"").value(),
            R"(insert into "city" ("id", "name", "area") values (?, ?, ?) returning "id")");
}

TEST(InsertText, MoreRowsThanTheDatabaseTakesAreRefused) {
  EXPECT_EQ(dt::rows_per_insert(pg, 3), 21845u);
  EXPECT_EQ(dt::rows_per_insert(lite, 3), 10922u);
  EXPECT_TRUE(dt::insert_rows_text(lite, "city", dt::column_list<lite, city>, 3, 10922));
  EXPECT_EQ(dt::insert_rows_text(lite, "city", dt::column_list<lite, city>, 3, 10923).error().code(),
            dt::errc::too_many_parameters);
}

}  // namespace
