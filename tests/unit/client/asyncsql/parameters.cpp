// Parameters of every kind on SQLite: the cases of the specification (C6, T10 …).
#include <dovetail/format/json.hpp>
#include <dovetail/sqlite.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace dt = dovetail;

namespace {

using namespace std::chrono_literals;

struct inner {
  std::string ip;
  std::chrono::year_month_day day;
};

TEST(ParametersOnSqlite, C6AnEmptyListIsInNothingAndNotInIsEverything) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.script("create table t(id integer primary key); insert into t values(1), (2), (3)");
  const std::vector<int> none;
  EXPECT_EQ(db.query<int>("select id from t where id in (:ids)", dt::arg<"ids">(none)).size(), 0U);
  EXPECT_EQ(db.query<int>("select id from t where id not in (:ids)", dt::arg<"ids">(none)).size(), 3U);
  EXPECT_EQ(db.query<int>("select id from t where id in (:ids)", dt::arg<"ids">(std::set<int>{1, 3, 9})).size(), 2U);
}

TEST(ParametersOnSqlite, T7StructsAndMapsAreJson) {
  dt::sqlite::client db{"sqlite::memory:"};
  const std::map<std::string, inner> data{{"größe", {"10.0.0.1", std::chrono::year{2024} / 2 / 29}}};
  const auto text = db.query_value<std::string>("select :data", dt::arg<"data">(dt::json_value{data}));
  EXPECT_EQ(text, R"({"größe":{"ip":"10.0.0.1","day":"2024-02-29"}})");
  EXPECT_EQ(db.query_value<std::string>("select json_extract(?, '$.größe.ip')", dt::json_value{data}), "10.0.0.1");
  EXPECT_EQ(db.query_value<std::string>("select ?", dt::json_value{std::vector<int>{1, 2}}), "[1,2]");
  const dt::json_value<double> not_a_number{std::numeric_limits<double>::quiet_NaN()};
  EXPECT_THROW(db.query_value<std::string>("select ?", not_a_number), dt::error);
}

TEST(ParametersOnSqlite, T10IntegersAreExactOrRefused) {
  dt::sqlite::client db{"sqlite::memory:"};
  for (const std::int64_t each : {std::int64_t{0}, std::int64_t{2147483647}, std::int64_t{2147483648},
                                  std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(db.query_value<std::int64_t>("select ?", each), each);
  }
  const std::uint64_t too_large = std::uint64_t{1} << 63;
  EXPECT_THROW(db.query_value<std::uint64_t>("select ?", too_large), dt::error);
}

TEST(ParametersOnSqlite, T11T13T15T21ValuesComeBackEqual) {
  dt::sqlite::client db{"sqlite::memory:"};
  EXPECT_EQ(db.query_value<std::string>("select typeof(:a)", dt::arg<"a">(true)), "integer");
  EXPECT_EQ(db.query_value<std::string>("select ?", std::chrono::year{2024} / 2 / 29), "2024-02-29");
  const auto instant = std::chrono::sys_days{std::chrono::year{2024} / 2 / 29} + 12h + 30min;
  EXPECT_EQ(db.query_value<std::chrono::sys_seconds>("select ?", instant), instant);
  dt::uuid id;
  ASSERT_TRUE(dt::parse_uuid("0b1fb9c9-6d1c-4ee1-a1a6-0f5b8a2f9c01", id));
  EXPECT_EQ(db.query_value<dt::uuid>("select ?", id), id);
  dt::decimal many_digits;
  ASSERT_TRUE(dt::parse_decimal("12345678901234567890.10", many_digits));
  EXPECT_EQ(dt::to_string(db.query_value<dt::decimal>("select ?", many_digits)), "12345678901234567890.10");
  EXPECT_EQ(db.query_value<std::string>("select typeof(?)", std::vector<std::byte>{}), "blob");
  EXPECT_EQ(db.query_value<std::string>("select typeof(?)", std::nullopt), "null");
  EXPECT_EQ(db.query_value<std::string>("select typeof(?)", std::optional<std::vector<std::byte>>{}), "null");
}

TEST(ParametersOnSqlite, T13PointsInTimeHaveTheDigitsOfTheirType) {
  using namespace std::chrono;
  dt::sqlite::client db{"sqlite::memory:"};
  const sys_time<nanoseconds> instant = sys_days{year{2024} / 2 / 29} + 12h + 30min + 1'500ns;
  EXPECT_EQ(db.query_value<std::string>("select ?", instant), "2024-02-29 12:30:00.000001500");
  EXPECT_EQ(db.query_value<std::string>("select ?", floor<microseconds>(instant)), "2024-02-29 12:30:00.000001");
  EXPECT_EQ(db.query_value<std::string>("select ?", floor<seconds>(instant)), "2024-02-29 12:30:00");
  EXPECT_EQ(db.query_value<std::string>("select ?", floor<minutes>(instant)), "2024-02-29 12:30:00");
  using hundred_nanoseconds = duration<std::int64_t, std::ratio<1, 10'000'000>>;
  EXPECT_EQ(db.query_value<std::string>("select ?", floor<hundred_nanoseconds>(instant)),
            "2024-02-29 12:30:00.0000015");
  const auto now = system_clock::now();  // nanoseconds in libstdc++, microseconds in libc++
  EXPECT_EQ(db.query_value<system_clock::time_point>("select ?", now), now);
  EXPECT_EQ(db.query_value<sys_time<nanoseconds>>("select ?", now), now);
  EXPECT_EQ(db.query_value<local_time<nanoseconds>>("select ?", now).time_since_epoch(), now.time_since_epoch());
  // SQLite's own functions read it.
  EXPECT_EQ(db.query_value<std::string>("select datetime(?, '+1 hour')", instant), "2024-02-29 13:30:00");
  // Reading loses nothing in silence.
  const auto coarse = db.with(dt::as_result).query_value<sys_seconds>("select ?", instant);
  ASSERT_FALSE(coarse);
  EXPECT_EQ(db.query_value<sys_seconds>("select strftime('%Y-%m-%d %H:%M:%S', ?)", instant), floor<seconds>(instant));
}

TEST(ParametersOnSqlite, T17WhatSqliteWouldStoreAsNullIsRefused) {
  dt::sqlite::client db{"sqlite::memory:"};
  EXPECT_THROW(db.query_value<double>("select ?", std::numeric_limits<double>::quiet_NaN()), dt::error);
}

TEST(ParametersOnSqlite, A45ValuesAreNeverReadAsSql) {
  dt::sqlite::client db{"sqlite::memory:"};
  for (const std::string value : {"?", "$1", "%s", ":x", "\\", "; drop table t; --", "it's \"quoted\""}) {
    EXPECT_EQ(db.query_value<std::string>("select :v", dt::arg<"v">(value)), value);
  }
}

}  // namespace
