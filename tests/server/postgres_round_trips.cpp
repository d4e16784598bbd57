// Values of every type against a real server, both ways, alone, as null, and in arrays: what the server writes for the
// value is what it writes for the literal, and what is read is the value.
#include <dovetail/format/json.hpp>
#include <dovetail/postgres.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace dt = dovetail;
namespace pg = dovetail::postgres;
using dt::test::postgres_server;
using namespace std::chrono;

namespace {

using instant = sys_time<microseconds>;
using local_instant = local_time<microseconds>;

/// Two values that are the same bits: NaN is NaN, and 0 is not -0.
template <class T>
bool is_same(const T& a, const T& b) {
  if constexpr (std::is_floating_point_v<T>) {
    return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
  } else if constexpr (requires { a.to_duration(); }) {
    return a.to_duration() == b.to_duration();
  } else if constexpr (requires { a.value.begin(); }) {
    return a.value == b.value;
  } else {
    return a == b;
  }
}

struct PostgresRoundTrips : testing::Test {
  dt::postgres::client db{postgres_server::shared().socket_string("app", " maxConnections=1")};

  std::string text_of(const std::string& expression) {
    return db.query_value<std::string>(dt::runtime("select (" + expression + ")::text"));
  }

  /// `literal` stands in quotes, `type` behind its cast.
  template <class T>
  void both_ways(const std::string& type, const std::string& literal, const T& value) {
    SCOPED_TRACE(type + " " + literal.substr(0, 60));
    const std::string one = "'" + literal + "'::" + type;
    const std::string list = "array[" + one + ", null]::" + type + "[]";
    using list_type = std::vector<std::optional<T>>;

    const auto [read, none, all, empty] = db.query_one<std::tuple<T, std::optional<T>, list_type, list_type>>(
        dt::runtime("select " + one + ", null::" + type + ", " + list + ", '{}'::" + type + "[]"));
    EXPECT_TRUE(is_same(read, value)) << text_of(one);
    EXPECT_FALSE(none.has_value());
    ASSERT_EQ(all.size(), 2u);
    EXPECT_TRUE(all[0].has_value() && is_same(*all[0], value)) << text_of(list);
    EXPECT_FALSE(all[1].has_value());
    EXPECT_TRUE(empty.empty());

    const auto [sent, is_null, sent_list, sent_empty] =
        db.query_one<std::tuple<std::string, bool, std::string, std::string>>(
            dt::runtime("select (?::" + type + ")::text, (?::" + type + ") is null, (?::" + type +
                        "[])::text, (?::" + type + "[])::text"),
            value, std::optional<T>{}, list_type{value, std::nullopt}, list_type{});
    EXPECT_EQ(sent, text_of(one));
    EXPECT_TRUE(is_null);
    EXPECT_EQ(sent_list, text_of(list));
    EXPECT_EQ(sent_empty, "{}");
  }
};

TEST_F(PostgresRoundTrips, Integers) {
  both_ways("int2", "-32768", (std::numeric_limits<std::int16_t>::min)());
  both_ways("int4", "2147483647", (std::numeric_limits<std::int32_t>::max)());
  both_ways("int8", "-9223372036854775808", (std::numeric_limits<std::int64_t>::min)());
  both_ways("bool", "true", true);
  both_ways("bool", "false", false);
}

TEST_F(PostgresRoundTrips, Reals) {
  both_ways("float8", "-0", -0.0);
  both_ways("float8", "NaN", std::numeric_limits<double>::quiet_NaN());
  both_ways("float8", "Infinity", std::numeric_limits<double>::infinity());
  both_ways("float8", "-Infinity", -std::numeric_limits<double>::infinity());
  both_ways("float8", "4.9406564584124654e-324", std::numeric_limits<double>::denorm_min());
  both_ways("float8", "1.7976931348623157e308", (std::numeric_limits<double>::max)());
  both_ways("float4", "-0", -0.0f);
  both_ways("float4", "NaN", std::numeric_limits<float>::quiet_NaN());
  both_ways("float4", "-Infinity", -std::numeric_limits<float>::infinity());
  both_ways("float4", "1.4e-45", std::numeric_limits<float>::denorm_min());
}

TEST_F(PostgresRoundTrips, NumericsOfEveryLength) {
  const auto decimal = [&](const std::string& text) {
    dt::decimal value;
    EXPECT_TRUE(dt::parse_decimal(text, value)) << text.substr(0, 50);
    both_ways("numeric", text, value);
    EXPECT_EQ(to_string(db.query_value<dt::decimal>(dt::runtime("select '" + text + "'::numeric"))), text);
  };
  decimal("0");
  decimal("0.00");
  decimal("-1.50");
  decimal("NaN");
  decimal("Infinity");
  decimal("-Infinity");
  decimal("10000");
  decimal("0.0001");
  decimal(std::string(100, '7') + "." + std::string(30, '3'));
  decimal("0." + std::string(16382, '0') + "1");  // the largest scale
  decimal("0." + std::string(16383, '0'));
  decimal(std::string(131072, '9'));  // the most digits
  decimal("-" + std::string(131072, '9') + "." + std::string(16383, '9'));
}

TEST_F(PostgresRoundTrips, TextsAndBytes) {
  both_ways("text", "", std::string{});
  both_ways("text", "NULL \"quoted\" \\ {,} äöü", std::string{"NULL \"quoted\" \\ {,} äöü"});
  both_ways("varchar(5)", "ab", std::string{"ab"});
  both_ways("char(4)", "ab  ", std::string{"ab  "});
  both_ways("name", "a name", std::string{"a name"});
  both_ways("\"char\"", "x", std::string{"x"});
  both_ways("xml", "<a>1</a>", std::string{"<a>1</a>"});
  both_ways("bytea", "\\x", std::vector<std::byte>{});
  both_ways("bytea", "\\x00ff5c", std::vector<std::byte>{std::byte{0}, std::byte{0xFF}, std::byte{0x5C}});
  both_ways("uuid", "8c5d6c2e-0f6b-4d37-9a51-2f8d3a6d7c11", dt::uuid{"8c5d6c2e-0f6b-4d37-9a51-2f8d3a6d7c11"});
}

TEST_F(PostgresRoundTrips, JsonOfStructs) {
  using document = dt::json_value<std::map<std::string, std::vector<int>>>;
  both_ways("jsonb", R"({"a": [1, 2], "b": []})", document{{{"a", {1, 2}}, {"b", {}}}});
  both_ways("json", R"({"a": [1, 2], "b": []})", document{{{"a", {1, 2}}, {"b", {}}}});
}

TEST_F(PostgresRoundTrips, Dates) {
  both_ways("date", "0001-02-29 BC", year_month_day{0y / February / 29});
  both_ways("date", "0001-01-01", year_month_day{1y / January / 1});
  both_ways("date", "4713-01-01 BC", year_month_day{-4712y / January / 1});
  both_ways("date", "32767-12-31", year_month_day{32767y / December / 31});
  both_ways("date", "infinity", (sys_days::max)());
  both_ways("date", "-infinity", (sys_days::min)());
  both_ways("date", "1999-12-31", sys_days{1999y / December / 31});
}

TEST_F(PostgresRoundTrips, PointsInTime) {
  both_ways("timestamptz", "0001-01-01 00:00:00+00 BC", instant{sys_days{0y / January / 1}});
  both_ways("timestamptz", "1999-12-31 23:59:59.999999+00", instant{sys_days{2000y / January / 1}} - 1us);
  both_ways("timestamptz", "infinity", (instant::max)());
  both_ways("timestamptz", "-infinity", (instant::min)());
  both_ways("timestamp", "0001-12-31 23:59:59.000001 BC", local_instant{local_days{0y / December / 31}} + 86399s + 1us);
  both_ways("timestamp", "infinity", (local_instant::max)());
  both_ways("timestamp", "-infinity", (local_instant::min)());
  both_ways("timestamptz", "2024-02-29 12:00:00+00", sys_seconds{sys_days{2024y / February / 29}} + 12h);
}

TEST_F(PostgresRoundTrips, TimesOfDayAndSpans) {
  both_ways("time", "24:00:00", hh_mm_ss<microseconds>{24h});
  both_ways("time", "00:00:00", hh_mm_ss<microseconds>{0us});
  both_ways("time", "23:59:59.999999", hh_mm_ss<microseconds>{24h - 1us});
  both_ways("timetz", "24:00:00+15:59:59", pg::time_tz{24h, 15h + 59min + 59s});
  both_ways("timetz", "00:00:00-15:59:59", pg::time_tz{0us, -(15h + 59min + 59s)});
  both_ways("interval", "-1 year -2 mons +3 days -04:05:06.000007",
            pg::interval{-14, 3, -(4 * 3600 + 5 * 60 + 6) * std::int64_t{1'000'000} - 7});
  both_ways("interval", "0", pg::interval{});
  both_ways("interval", "178956970 years 7 mons 2147483647 days 2562047788:00:54.775807",
            pg::interval{2147483647, 2147483647, (std::numeric_limits<std::int64_t>::max)()});
  both_ways("interval", "-26:00:00", microseconds{-26h});
}

TEST_F(PostgresRoundTrips, AddressesBitsAndMoney) {
  both_ways("inet", "10.1.2.3/8", pg::inet::v4(10, 1, 2, 3, 8));
  both_ways("inet", "0.0.0.0/0", pg::inet::v4(0, 0, 0, 0, 0));
  both_ways("cidr", "10.0.0.0/8", pg::inet::v4(10, 0, 0, 0, 8));
  std::array<std::byte, 16> loopback{};
  loopback[15] = std::byte{1};
  both_ways("inet", "::1", pg::inet::v6(loopback));
  both_ways("cidr", "::/0", pg::inet::v6({}, 0));
  both_ways("macaddr", "08:00:2b:01:02:ff",
            pg::macaddr{{std::byte{8}, std::byte{0}, std::byte{0x2B}, std::byte{1}, std::byte{2}, std::byte{255}}});
  both_ways("macaddr8", "08:00:2b:01:02:03:04:ff",
            pg::macaddr8{{std::byte{8}, std::byte{0}, std::byte{0x2B}, std::byte{1}, std::byte{2}, std::byte{3},
                          std::byte{4}, std::byte{255}}});
  both_ways("varbit", "", pg::bits{});
  both_ways("varbit", "101100111", pg::bits{"101100111"});
  both_ways("bit(3)", "110", pg::bits{"110"});
  both_ways("money", "-$92,233,720,368,547,758.08", pg::money{(std::numeric_limits<std::int64_t>::min)()});
  both_ways("money", "$0.05", pg::money{5});
}

TEST_F(PostgresRoundTrips, Shapes) {
  const double infinity = std::numeric_limits<double>::infinity();
  both_ways("point", "(-0,Infinity)", pg::point{-0.0, infinity});
  both_ways("line", "{1,-1,0}", pg::line{1, -1, 0});
  both_ways("lseg", "[(1,2),(3,4)]", pg::lseg{{1, 2}, {3, 4}});
  both_ways("box", "(3,4),(1,2)", pg::box{{3, 4}, {1, 2}});
  both_ways("path", "[(0,0),(1,1)]", pg::path{{{0, 0}, {1, 1}}, false});
  both_ways("path", "((0,0),(1,1))", pg::path{{{0, 0}, {1, 1}}, true});
  both_ways("polygon", "((0,0),(1,1),(1,0))", pg::polygon{{{0, 0}, {1, 1}, {1, 0}}});
  both_ways("circle", "<(1,2),3>", pg::circle{{1, 2}, 3});
}

template <class T>
std::vector<pg::range<T>> bounded_in_every_way(const T& a, const T& b) {
  return {{a, b, true, false},
          {a, std::nullopt, true, false},
          {std::nullopt, b, false, false},
          {std::nullopt, std::nullopt, false, false},
          pg::range<T>::empty()};
}

TEST_F(PostgresRoundTrips, Ranges) {
  const auto each = [&](const std::string& type, const std::string& a, const std::string& b, const auto& all) {
    both_ways(type, "[" + a + "," + b + ")", all[0]);
    both_ways(type, "[" + a + ",)", all[1]);
    both_ways(type, "(," + b + ")", all[2]);
    both_ways(type, "(,)", all[3]);
    both_ways(type, "empty", all[4]);
  };
  each("int4range", "-5", "7", bounded_in_every_way(-5, 7));
  each("int8range", "-5000000000", "7", bounded_in_every_way(std::int64_t{-5'000'000'000}, std::int64_t{7}));
  each("numrange", "-1.50", "2", bounded_in_every_way(dt::decimal{"-1.50"}, dt::decimal{"2"}));
  each("daterange", "2024-02-29", "2024-03-01",
       bounded_in_every_way(sys_days{2024y / February / 29}, sys_days{2024y / March / 1}));
  each("tstzrange", "2024-02-29 00:00:00+00", "infinity",
       bounded_in_every_way(instant{sys_days{2024y / February / 29}}, (instant::max)()));
  each("tsrange", "-infinity", "2024-03-01 00:00:00",
       bounded_in_every_way((local_instant::min)(), local_instant{local_days{2024y / March / 1}}));
  both_ways("numrange", "(1,2]", pg::range<dt::decimal>{dt::decimal{"1"}, dt::decimal{"2"}, false, true});
}

TEST_F(PostgresRoundTrips, Multiranges) {
  using numbers = pg::multirange<int>;
  both_ways("int4multirange", "{}", numbers{});
  both_ways("int4multirange", "{(,1),[3,5),[7,)}", numbers{{{std::nullopt, 1, false}, {3, 5}, {7, std::nullopt}}});
  both_ways("datemultirange", "{[2024-02-29,2024-03-01)}",
            pg::multirange<sys_days>{{{sys_days{2024y / February / 29}, sys_days{2024y / March / 1}}}});
  both_ways("nummultirange", "{(1.5,2]}",
            pg::multirange<dt::decimal>{{{dt::decimal{"1.5"}, dt::decimal{"2"}, false, true}}});
}

TEST_F(PostgresRoundTrips, ArraysOfAnyShape) {
  using table = std::vector<std::vector<std::optional<int>>>;
  using cube = std::vector<std::vector<std::vector<std::string>>>;
  EXPECT_EQ(db.query_value<table>("select array[[1,null],[3,4]]"), (table{{1, std::nullopt}, {3, 4}}));
  EXPECT_EQ(db.query_value<std::string>("select (?::int[])::text", table{{1, std::nullopt}, {3, 4}}),
            "{{1,NULL},{3,4}}");
  const cube letters{{{"a", ""}, {"NULL", "\"\\,"}}, {{"e", "f"}, {"g", "h"}}};
  EXPECT_EQ(db.query_value<cube>("select ?::text[]", letters), letters);
  EXPECT_EQ(db.query_value<int>("select array_ndims(?::text[])", letters), 3);
  // The lower bounds are dropped; what is sent begins at 1.
  EXPECT_EQ(db.query_value<std::vector<int>>("select '[5:7]={1,2,3}'::int[]"), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(db.query_value<std::vector<std::vector<int>>>("select '[-1:0][0:1]={{1,2},{3,4}}'::int[]"),
            (std::vector<std::vector<int>>{{1, 2}, {3, 4}}));
  EXPECT_EQ(db.query_value<int>("select array_lower(?::int[], 1)", std::vector<int>{1, 2}), 1);
  EXPECT_EQ(db.query_value<table>("select '{}'::int[]"), table{});
  // int2vector and oidvector are no arrays to the protocol's users here; they come as text.
  EXPECT_EQ(db.query_value<std::string>("select '1 2'::int2vector"), "1 2");
}

TEST_F(PostgresRoundTrips, NumbersOfObjects) {
  EXPECT_EQ(db.query_value<std::uint32_t>("select 4294967295::oid"), 4294967295u);
  EXPECT_EQ(db.query_value<std::string>("select (?::int8::oid)::text", std::uint32_t{4294967295u}), "4294967295");
  EXPECT_EQ(db.query_value<std::string>("select 'pg_class'::regclass"), "pg_class");
  EXPECT_EQ(db.query_value<std::uint64_t>("select '18446744073709551615'::xid8"),
            (std::numeric_limits<std::uint64_t>::max)());
  EXPECT_EQ(db.query_value<std::uint64_t>("select ?", (std::numeric_limits<std::uint64_t>::max)()),
            (std::numeric_limits<std::uint64_t>::max)());
}

TEST_F(PostgresRoundTrips, RawValuesGoBackAsTheyCame) {
  const auto point = db.query_value<pg::raw>("select point(1,2)");
  EXPECT_EQ(point.type, 600u);
  EXPECT_EQ(db.query_value<std::string>("select (?::point)::text", point), "(1,2)");
  EXPECT_FALSE(db.query_value<std::optional<pg::raw>>("select null::point").has_value());
}

}  // namespace
