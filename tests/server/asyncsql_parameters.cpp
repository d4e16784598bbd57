// Parameters of every kind on PostgreSQL: the cases of the specification (T1 …).
#include <dovetail/format/json.hpp>
#include <dovetail/postgres.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace dt = dovetail;
using dt::test::postgres_server;

namespace {

using namespace std::chrono_literals;

struct inner {
  std::string ip;
  std::chrono::year_month_day day;
  std::optional<double> nothing;
};
struct item {
  int n;
};

class ParametersOnPostgres : public testing::Test {
 protected:
  dt::postgres::client db{"postgresql://app@127.0.0.1:" + std::to_string(postgres_server::shared().port()) +
                          "/app?sslmode=disable"};
  void SetUp() override {
    db.script("drop table if exists numbers; create table numbers(id int); insert into numbers values(1), (2), (3)");
  }
};

TEST_F(ParametersOnPostgres, T1T2T3T6ListsAreArraysAndStandInIn) {
  using list = std::vector<int>;
  EXPECT_EQ(db.query<int>("select id from numbers where id = any(:ids)", dt::arg<"ids">(list{1, 2, 3})).size(), 3U);
  EXPECT_EQ(db.query<int>("select id from numbers where id = any(?)", list{}).size(), 0U);
  EXPECT_EQ(db.query<int>("select id from numbers where id = any(?)", std::vector<std::optional<int>>{1, std::nullopt})
                .size(),
            1U);
  EXPECT_EQ(db.query<int>("select id from numbers where id in (:ids)", dt::arg<"ids">(list{1, 2})).size(), 2U);
  EXPECT_EQ(db.query<int>("select id from numbers where id in (:ids)", dt::arg<"ids">(list{})).size(), 0U);
  EXPECT_EQ(db.query<int>("select id from numbers where id not in (:ids)", dt::arg<"ids">(list{})).size(), 3U);
  EXPECT_EQ(db.query<int>("select id from numbers where id in (?)", std::set<int>{3, 9}).size(), 1U);
}

TEST_F(ParametersOnPostgres, T7T23StructsAndMapsAreJson) {
  const std::map<std::string, inner> data{{"größe", {"10.0.0.1", std::chrono::year{2024} / 2 / 29, {}}}};
  db.script("drop table if exists event; create table event(data jsonb)");
  db.execute("insert into event values(:data)", dt::arg<"data">(dt::json_value{data}));
  EXPECT_EQ(db.query_value<std::string>("select data->'größe'->>'day' from event"), "2024-02-29");
  EXPECT_EQ(db.query_value<std::string>("select data::text from event"),
            db.query_value<std::string>("select data from event"));
  EXPECT_EQ((db.query_value<dt::json_value<std::map<std::string, inner>>>("select data from event")->at("größe").ip),
            "10.0.0.1");
}

TEST_F(ParametersOnPostgres, T9AListOfStructsIsAnArrayOfJson) {
  const std::vector<dt::json_value<item>> items{{{1}}, {{2}}};
  EXPECT_EQ(db.query_value<std::string>("select (?::jsonb[])[2]->>'n'", items), "2");
}

TEST_F(ParametersOnPostgres, T10IntegersHaveTheTypeThatHoldsThem) {
  EXPECT_EQ(db.query_value<std::int64_t>("select ?::bigint", std::int64_t{2147483648}), 2147483648);
  EXPECT_EQ(db.query_value<std::int64_t>("select ?::bigint", std::numeric_limits<std::int64_t>::min()),
            std::numeric_limits<std::int64_t>::min());
  const std::uint64_t large = std::uint64_t{1} << 63;
  EXPECT_EQ(dt::to_string(db.query_value<dt::decimal>("select ?::numeric", large)), "9223372036854775808");
}

TEST_F(ParametersOnPostgres, T11BoolIsBooleanAlsoInJson) {
  EXPECT_EQ(db.query_value<int>("select id from numbers where (id = 2) = :a", dt::arg<"a">(true)), 2);
  EXPECT_EQ(db.query_value<std::string>("select jsonb_build_object('k', ?::boolean)::text", true), R"({"k": true})");
}

TEST_F(ParametersOnPostgres, T13T14T15T17ValuesComeBackEqual) {
  const auto day = std::chrono::year{2024} / 2 / 29;
  const auto instant = std::chrono::sys_days{day} + 12h + 30min;
  db.script("drop table if exists moment; create table moment(d date, l timestamp, t timestamptz)");
  db.execute("insert into moment values(?, ?, ?)", day, std::chrono::local_seconds{instant.time_since_epoch()},
             std::chrono::sys_seconds{instant});
  EXPECT_EQ(db.query_value<std::string>("select to_char(d, 'YYYY-MM-DD') || to_char(l, 'HH24:MI') || to_char(t at time "
                                        "zone 'UTC', 'HH24:MI:SS') from moment"),
            "2024-02-2912:3012:30:00");
  db.execute("insert into moment(d) values(?)", "2024-01-01");  // T14: the server reads it
  EXPECT_EQ(db.query_value<int>("select count(*)::int from moment where d = '2024-01-01'"), 1);
  dt::uuid id;
  ASSERT_TRUE(dt::parse_uuid("0b1fb9c9-6d1c-4ee1-a1a6-0f5b8a2f9c01", id));
  EXPECT_EQ(db.query_value<dt::uuid>("select ?::uuid", id), id);
  EXPECT_TRUE(std::isnan(db.query_value<double>("select ?::float8", std::numeric_limits<double>::quiet_NaN())));
  EXPECT_EQ(db.query_value<double>("select ?::float8", -std::numeric_limits<double>::infinity()),
            -std::numeric_limits<double>::infinity());
  const std::vector<std::byte> bytes{std::byte{0}, std::byte{255}};
  EXPECT_EQ(db.query_value<std::vector<std::byte>>("select ?::bytea", bytes), bytes);
  dt::decimal many_digits;
  ASSERT_TRUE(dt::parse_decimal("12345678901234567890.10", many_digits));
  EXPECT_EQ(dt::to_string(db.query_value<dt::decimal>("select ?::numeric", many_digits)), "12345678901234567890.10");
}

TEST_F(ParametersOnPostgres, T13PointsInTimeOfAnyPrecisionAreRoundedAsTextsAre) {
  using std::chrono::nanoseconds;
  db.script("drop table if exists instant; create table instant(n int, t timestamptz, l timestamp)");
  const auto now = std::chrono::system_clock::now();
  db.execute("insert into instant values(1, :now, null)", dt::arg<"now">(now));
  EXPECT_EQ(db.query_value<std::chrono::system_clock::time_point>("select t from instant where t = ?", now),
            std::chrono::round<std::chrono::microseconds>(now));
  const std::chrono::local_time<nanoseconds> base = std::chrono::local_days{std::chrono::year{2024} / 2 / 29} + 12h;
  for (const int fraction : {1, 499, 500, 501, 1499, 1500, 1501, 2500, 999'999'499, 999'999'500}) {
    std::string digits = std::to_string(fraction);
    digits.insert(0, 9 - digits.size(), '0');
    EXPECT_EQ(db.query_value<std::string>("select (?::timestamp)::text", base + nanoseconds{fraction}),
              db.query_value<std::string>("select (?::text::timestamp)::text", "2024-02-29 12:00:00." + digits))
        << digits;
  }
  EXPECT_EQ(db.query_value<std::chrono::local_time<nanoseconds>>("select ?::timestamp", base + 1501ns), base + 2us);
  EXPECT_EQ(db.query_value<std::chrono::local_time<std::chrono::minutes>>("select ?::timestamp", base), base);
}

TEST_F(ParametersOnPostgres, T18NullNeedsNoHintWhereTheTypeIsClear) {
  EXPECT_EQ(db.query_value<std::string>("select coalesce(:x, 'd')", dt::arg<"x">(std::nullopt)), "d");
  EXPECT_EQ(db.query_value<std::string>("select coalesce(?, 'd')", std::optional<std::string>{}), "d");
}

TEST_F(ParametersOnPostgres, T19MonthsOfAnIntervalStayMonths) {
  const dt::postgres::interval span{.months = 1, .days = 2, .microseconds = 0};
  EXPECT_EQ(db.query_value<std::string>("select (date '2024-01-31' + ?::interval)::date::text", span), "2024-03-02");
}

TEST_F(ParametersOnPostgres, A45ValuesAreNeverReadAsSql) {
  for (const std::string value : {"?", "$1", "%s", ":x", "\\", "; drop table numbers; --", "it's \"quoted\""}) {
    EXPECT_EQ(db.query_value<std::string>("select :v::text", dt::arg<"v">(value)), value);
  }
  EXPECT_EQ(db.query_value<int>("select count(*)::int from numbers"), 3);
}

TEST_F(ParametersOnPostgres, A50TextWithNulIsRefusedBeforeItIsSent) {
  EXPECT_THROW(db.query_value<std::string>("select ?::text", std::string("a\0b", 3)), dt::error);
  EXPECT_EQ(db.query_value<int>("select 1"), 1);
}

}  // namespace
