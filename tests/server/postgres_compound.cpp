// Lists of composites and arrays of users' types against a real server: what their text and their elements' types can
// be.
#include <dovetail/postgres.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace dt = dovetail;
using dt::test::postgres_server;
using namespace std::chrono;

namespace {

using microseconds_point = sys_time<microseconds>;

struct moment {
  year_month_day date;
  sys_days day;
  microseconds_point at;
  local_time<microseconds> local;
  microseconds span;
  friend bool operator==(const moment&, const moment&) = default;
};

using moments = std::vector<dt::postgres::composite<moment>>;

struct PostgresCompound : testing::Test {
  dt::postgres::client db{postgres_server::shared().socket_string("app", " maxConnections=1")};
};

TEST_F(PostgresCompound, TimesOfEveryAgeAreSentInListsAsTheyAreAlone) {
  db.script(
      "drop table if exists moments; drop type if exists moment;"
      "create type moment as (date date, day date, at timestamptz, local timestamp, span interval);"
      "create table moments(one moment, all_of_them moment[])");
  const auto at = [](sys_days day) { return microseconds_point{day} + 23h + 59min + 1s + 1us; };
  const auto of = [&](year_month_day date, microseconds span) {
    const microseconds_point point = at(date);
    return moment{date, date, point, local_time<microseconds>{point.time_since_epoch()}, span};
  };
  moment last = of(9999y / December / 31, 2'562'047'788h);
  last.day = (sys_days::max)();
  last.at = (microseconds_point::max)();
  last.local = (local_time<microseconds>::max)();
  moment first = of(-4712y / January / 1, -2'562'047'788h);
  first.day = (sys_days::min)();
  first.at = (microseconds_point::min)();
  moment far = of(32767y / December / 31, 0us);
  far.at = at(sys_days{days{106'751'990 - 1000}});  // in the year 294,244
  far.day = sys_days{days{106'751'990 * 20}};
  const moments sent{{of(-43y / March / 15, -1us)},
                     {of(0y / February / 29, 1s)},
                     {of(-400y / February / 29, 0us)},
                     {of(1y / January / 1, 59min)},
                     {of(99y / December / 31, 100h)},
                     {of(10000y / January / 1, -1h)},
                     {of(1969y / July / 20, 1us)},
                     {of(2000y / February / 29, -24h)},
                     {last},
                     {first},
                     {far}};
  for (const char* settings :
       {"set timezone to 'Asia/Kolkata'", "set datestyle to 'SQL, DMY'; set intervalstyle to 'sql_standard'"}) {
    db.script(settings);
    for (const auto& each : sent) {
      db.execute("delete from moments");
      db.execute("insert into moments values (?, ?)", each, moments{each});
      EXPECT_TRUE(db.query_value<bool>("select one is not distinct from all_of_them[1] from moments"))
          << db.query_value<std::string>("select all_of_them::text from moments");
      EXPECT_EQ(db.query_value<moments>("select all_of_them from moments"), moments{each});
    }
  }
  moment none = sent[0].value;
  none.span = (microseconds::max)();
  none.date = 2023y / February / 29;
  EXPECT_EQ(db.with(dt::as_result).execute("insert into moments values (null, ?)", moments{{none}}).error().code(),
            dt::errc::value_out_of_range);
  db.script("reset all; drop table moments; drop type moment");
}

struct dated {
  sys_days day;
  sys_time<nanoseconds> rounded;
};

TEST_F(PostgresCompound, ADayIsMidnightInUtcInListsToo) {
  db.script(
      "drop type if exists dated; create type dated as (day timestamptz, rounded timestamptz); set timezone to "
      "'Asia/Kolkata'");
  const std::vector<dt::postgres::composite<dated>> sent{
      {{2024y / February / 29, sys_days{2024y / February / 29} + 2500ns}}};
  EXPECT_TRUE(
      db.query_value<bool>("select (cast(? as dated[]))[1] = row('2024-02-29 00:00:00+00'::timestamptz, "
                           "'2024-02-29 00:00:00.000002+00'::timestamptz)::dated",
                           sent));
  db.script("reset all; drop type dated");
}

struct table {
  std::vector<std::vector<int>> numbers;
  std::vector<std::vector<std::string>> texts;
};

TEST_F(PostgresCompound, ListsInListsOfCompositesAreMeasured) {
  db.script("drop type if exists table_; create type table_ as (numbers int[], texts text[])");
  using tables = std::vector<dt::postgres::composite<table>>;
  EXPECT_EQ(db.query_value<std::string>("select cast(cast(? as table_[]) as text)",
                                        tables{{{{{}, {}}, {{}}}}, {{{}, {{"a", ""}, {"NULL", "\\\""}}}}}),
            R"x({"({},{})","({},\"{{a,\"\"\"\"},{\"\"NULL\"\",\"\"\\\\\\\\\\\\\"\"\"\"}}\")"})x");
  EXPECT_EQ(db.with(dt::as_result)
                .query_value<std::string>("select cast(cast(? as table_[]) as text)", tables{{{{{1, 2}, {3}}, {}}}})
                .error()
                .code(),
            dt::errc::value_out_of_range);
  db.script("drop type table_");
}

struct sized {
  std::vector<std::int64_t> sizes;
  std::vector<std::string> names;
};

TEST_F(PostgresCompound, ADomainsDomainIsCopiedAsWhatItIsMadeOf) {
  db.script(
      "drop table if exists sized; drop domain if exists inner_size, outer_size, inner_name cascade;"
      "create domain inner_size as int; create domain outer_size as inner_size check (value > 0);"
      "create domain inner_name as text; create domain names as inner_name[];"
      "create table sized(sizes outer_size[], names names)");
  EXPECT_EQ(db.copy_in("sized", std::vector<sized>{{{1, 2}, {"a", "b"}}}).rows_affected, 1);
  EXPECT_EQ((db.query_one<std::tuple<std::string, std::string>>("select sizes::text, names::text from sized")),
            (std::tuple<std::string, std::string>{"{1,2}", "{a,b}"}));
  db.script("drop table sized; drop domain outer_size, inner_size, names, inner_name");
}

}  // namespace

/// A text that a program's own code does not want to read.
struct picky {
  std::string text;
};
template <>
struct dovetail::field_codec<picky> {
  using stored_type = std::string;
  static result<picky> decode(std::string stored) {
    if (stored == "bad") throw std::runtime_error("picky");
    return picky{std::move(stored)};
  }
  static std::string encode(const picky& value) { return value.text; }
};

namespace {

TEST_F(PostgresCompound, WhatThrowsAmongTheAnswersOfAPipelineUndoesItAndLeavesTheConnection) {
  db.script("drop table if exists thrown; create table thrown(text text)");
  const int process = db.query_value<int>("select pg_backend_pid()");
  for (const std::size_t size : {std::size_t{1}, std::size_t{200}, std::size_t{5000}}) {  // some, and some chunks
    for (const int bad : {0, 1, 150, 299}) {
      using statement =
          decltype(dt::postgres::query_one<picky>("insert into thrown values (?) returning text", picky{}));
      std::vector<statement> all;
      for (int i = 0; i < 300; ++i) {
        all.push_back(dt::postgres::query_one<picky>("insert into thrown values (?) returning text",
                                                     picky{i == bad ? "bad" : std::string(size, 'x')}));
      }
      EXPECT_THROW(db.pipeline(all), std::runtime_error);
      EXPECT_EQ(db.query_value<int>("select pg_backend_pid()"), process);
      if (size == 5000 && bad < 150) {  // further writes were to come
        EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from thrown"), 0);
      }
      EXPECT_EQ(db.pipeline(std::vector<statement>(all.begin() + bad + 1, all.end())).size(),
                299U - static_cast<unsigned>(bad));
      db.execute("delete from thrown");
    }
  }
  db.script("drop table thrown");
}

}  // namespace
