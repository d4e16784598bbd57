// Types that users have made, against a real server: ranges of theirs, and what is said of values and columns that do
// not fit, which names types, attributes and enumerators.
#include <dovetail/postgres.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dt = dovetail;
namespace pg = dovetail::postgres;
using dt::test::postgres_server;
using namespace std::chrono;

namespace {

struct address {
  std::string street;
  std::optional<std::string> zip;
  std::optional<int> number;
};
struct lacks_one {
  std::string street;
  std::optional<std::string> zip;
};
struct other_type {
  std::string street;
  std::optional<std::string> zip;
  bool number = false;
};
struct wants_all {
  std::string street;
  std::string zip;
  int number = 0;
};
struct too_small {
  std::string street;
  std::optional<std::string> zip;
  std::int8_t number = 0;
};
struct house {
  int id = 0;
  wants_all home;
};
enum class mood { sad, ok };

struct span_row {
  int id = 0;
  pg::range<double> during;
  std::optional<pg::multirange<double>> open;
};

struct PostgresOwnTypes : testing::Test {
  dt::postgres::client db{postgres_server::shared().socket_string("app", " maxConnections=1")};

  PostgresOwnTypes() {
    db.script(
        "drop schema if exists own cascade; create schema own; set search_path to own;"
        "create type float_range as range (subtype = float8, multirange_type_name = float_multirange);"
        "create type time_range as range (subtype = time); create type text_range as range (subtype = text);"
        "create type mood as enum ('sad', 'ok', 'angry'); create domain floats as float_range check (not "
        "isempty(value));"
        "create type address as (street text, zip text, number int); create type house as (id int, home address);"
        "create domain ints as int[]; create domain score as int");
  }
  ~PostgresOwnTypes() override { db.script("reset search_path; drop schema own cascade"); }

  /// The message of what a query for `T` fails with.
  template <class T>
  std::string refusal(const std::string& query) {
    const auto answer = db.with(dt::as_result).query<T>(dt::runtime(query));
    return answer ? "no failure" : std::string{answer.error().message()};
  }

  template <class T>
  void both_ways(const std::string& type, const std::string& literal, const T& value) {
    EXPECT_EQ(db.query_value<T>(dt::runtime("select '" + literal + "'::" + type)), value) << literal;
    EXPECT_EQ(db.query_value<std::string>(dt::runtime("select (?::" + type + ")::text"), value),
              db.query_value<std::string>(dt::runtime("select ('" + literal + "'::" + type + ")::text")));
    EXPECT_FALSE(db.query_value<std::optional<T>>(dt::runtime("select null::" + type)).has_value());
    EXPECT_TRUE(db.query_value<bool>(dt::runtime("select (?::" + type + ") is null"), std::optional<T>{}));
  }
};

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(PostgresOwnTypes, RangesOfUsersGoBothWays) {
  using reals = pg::range<double>;
  both_ways("float_range", "[1.5,2.5)", reals{1.5, 2.5});
  both_ways("float_range", "(-1e+300,0.1]", reals{-1e300, 0.1, false, true});
  both_ways("float_range", "[0.1,)", reals{0.1, std::nullopt});
  both_ways("float_range", "(,)", reals{std::nullopt, std::nullopt, false, false});
  both_ways("float_range", "empty", reals::empty());
  both_ways("floats", "[1,2)", reals{1.0, 2.0});
  both_ways("time_range", "[08:00:00,24:00:00]", pg::range<microseconds>{8h, 24h, true, true});
  both_ways("text_range",
            R"x(["","a ""b"" \\,)")x"
            ")",
            pg::range<std::string>{"", R"x(a "b" \,))x"});
  both_ways("float_multirange", "{}", pg::multirange<double>{});
  both_ways("float_multirange", "{(,1),[2,3],[4.5,)}",
            pg::multirange<double>{{{std::nullopt, 1.0, false}, {2.0, 3.0, true, true}, {4.5, std::nullopt}}});
}

TEST_F(PostgresOwnTypes, RangesOfUsersInTables) {
  db.execute(dt::runtime("create table spans(id int primary key, during float_range not null, open float_multirange)"));
  const std::vector<span_row> rows{{1, {1.5, 2.5}, std::nullopt}, {2, {}, pg::multirange<double>{{{1.0, 2.0}}}}};
  db.insert("spans", rows);
  db.insert("spans", span_row{3, pg::range<double>::empty(), pg::multirange<double>{}});
  EXPECT_EQ(
      db.copy_in("spans", std::vector<span_row>{{4, {1.5, 2.5}, std::nullopt},
                                                {5, {}, pg::multirange<double>{{{1.0, 2.0}, {3.0, std::nullopt}}}}})
          .rows_affected,
      2);
  EXPECT_EQ(db.query_value<std::string>("select string_agg(during::text || coalesce(open::text, '-'), ' ' order by id) "
                                        "from spans"),
            "[1.5,2.5)- (,){[1,2)} empty{} [1.5,2.5)- (,){[1,2),[3,)}");
  const auto back = db.query<span_row>("select * from spans order by id");
  ASSERT_EQ(back.size(), 5u);
  EXPECT_EQ(back[0].during, (pg::range<double>{1.5, 2.5}));
  EXPECT_EQ(back[4].open->ranges.size(), 2u);
  std::size_t number = 0;
  for (const span_row& each : db.copy_out<span_row>("spans")) {
    EXPECT_EQ(each.during, back[number].during);
    EXPECT_EQ(each.open, back[number++].open);
  }
  for (const span_row& each : db.stream<span_row>("select * from spans order by id desc")) {
    EXPECT_EQ(each.during, back[--number].during);
  }
  EXPECT_EQ(number, 0u);
  EXPECT_EQ(db.query_value<int>("select id from spans where during @> ? and id < 2", 2.0), 1);
  EXPECT_EQ(
      db.query_value<int>("select count(*) from spans where during && ?::float_range", pg::range<double>{2.0, 9.0}), 4);
  using list = std::vector<pg::range<double>>;
  EXPECT_EQ(db.query_value<std::string>("select (?::float_range[])::text", list{{1.5, 2.5}, list::value_type::empty()}),
            R"x({"[1.5,2.5)",empty})x");
  // The binary form of a range does not say what its bounds are.
  EXPECT_SAYS(refusal<list>("select array['[1,2)'::float_range]"), "is read from a column of its own");
  EXPECT_SAYS(refusal<pg::range<int>>("select '[1.5,2)'::float_range"),
              "its lower bound is no value of the field's type");
  EXPECT_SAYS(refusal<pg::range<double>>("select 'sad'::mood"), "its text is no range");
  const auto wrong = db.with(dt::as_result).query_value<std::string>("select ?::int::text", pg::range<double>{});
  EXPECT_SAYS(std::string{wrong.error().message()},
              "parameter 1, integer: the parameter is no range; a cast says which");
  struct ints {
    int id = 0;
    pg::range<int> during;
  };
  const auto copied = db.with(dt::as_result).copy_in("spans", std::vector<ints>{{9, {1, 2}}});
  EXPECT_TRUE(copied.has_value()) << copied.error().message();  // COPY knows the column's type
  EXPECT_EQ(db.query_value<std::string>("select during::text from spans where id = 9"), "[1,2)");
}

TEST_F(PostgresOwnTypes, RangesOfUsersOverTypesThatHaveOneAreReadToo) {
  db.script(
      "create type big_range as range (subtype = int8); create type moment_range as range (subtype = timestamptz);"
      "set timezone to 'Asia/Kolkata'");
  using point = sys_time<microseconds>;
  const point begin = point{sys_days{2024y / February / 29}} + 1us;
  EXPECT_EQ(db.query_value<pg::range<point>>("select '[2024-02-29 00:00:00.000001+00,infinity)'::moment_range"),
            (pg::range<point>{begin, (point::max)()}));
  EXPECT_EQ(db.query_value<pg::range<std::int64_t>>("select '[-5,9000000000)'::big_range"),
            (pg::range<std::int64_t>{-5, 9'000'000'000}));
  EXPECT_EQ(db.query_value<pg::range<std::int64_t>>("select ?::big_range", "[1,5)"), (pg::range<std::int64_t>{1, 5}));
  db.script("reset timezone");
}

struct priced {
  int id = 0;
  double price = 0;
};

TEST_F(PostgresOwnTypes, ACopyThatDoesNotFitNamesTheTypes) {
  db.execute(dt::runtime("create table priced(id int, price numeric)"));
  const auto copied = db.with(dt::as_result).copy_in("priced", std::vector<priced>{{1, 2.5}});
  ASSERT_FALSE(copied.has_value());
  EXPECT_SAYS(std::string{copied.error().message()},
              "field 'price' (double): its type has no place in a column of the type numeric; use dt::decimal");
}

TEST_F(PostgresOwnTypes, ARefusedAttributeIsNamed) {
  const std::string one = "select row('Main', null, 300)::address";
  EXPECT_SAYS(refusal<pg::composite<lacks_one>>(one), "differ in their number of members: 3 and 2");
  EXPECT_SAYS(refusal<pg::composite<other_type>>(one), "attribute 3 ('number', integer): the value is no bool");
  EXPECT_SAYS(refusal<pg::composite<wants_all>>(one), "attribute 2 ('zip', text): an attribute is null");
  EXPECT_SAYS(refusal<pg::composite<too_small>>(one), "attribute 3 ('number', integer): the value does not fit ");
  EXPECT_SAYS(refusal<pg::composite<house>>("select row(1, row('Main', null, 3)::address)::house"),
              "attribute 2 ('home', a user-defined type): attribute 2 ('zip', text): an attribute is null");
  EXPECT_SAYS(refusal<std::vector<pg::composite<wants_all>>>(
                  "select array[row('a', 'b', 1)::address, row('a', null, 1)::address]"),
              "element 2: attribute 2 ('zip', text): an attribute is null");
}

TEST_F(PostgresOwnTypes, AnUnknownLabelIsAnsweredWithTheKnownOnes) {
  EXPECT_SAYS(refusal<mood>("select 'angry'::mood"), "its text is none of the enumerators 'sad', 'ok'");
  EXPECT_SAYS(refusal<std::vector<mood>>("select array['ok', 'angry']::mood[]"),
              "element 2: its text is none of the enumerators 'sad', 'ok'");
}

TEST_F(PostgresOwnTypes, TypesThatDoNotFitAreNamedBeforeAnyRow) {
  const std::string none = " where false";
  EXPECT_SAYS(refusal<std::vector<std::string>>("select array[1]" + none),
              "column 'array' is integer[]; use std::vector of its element's type");
  EXPECT_SAYS(refusal<std::vector<std::string>>("select '{1}'::ints as numbers" + none),
              "column 'numbers' is integer[]");
  EXPECT_SAYS(refusal<int>("select '{1}'::ints as numbers" + none), "column 'numbers' is integer[]");
  EXPECT_SAYS(refusal<std::string>("select 1::score as score" + none), "column 'score' is integer;");
  EXPECT_SAYS(refusal<pg::range<int>>("select daterange(null, null)" + none), "column 'daterange' is daterange");
  EXPECT_SAYS(refusal<pg::multirange<int>>("select int4range(1, 2)" + none), "column 'int4range' is int4range");
  EXPECT_SAYS(refusal<std::vector<pg::range<int>>>("select array[numrange(1, 2)]" + none), "is numrange[]");
  EXPECT_SAYS(refusal<pg::money>("select 1.5" + none), "is numeric");
  EXPECT_SAYS(refusal<std::vector<std::vector<int>>>("select '{1}'::ints"),
              "the array has another number of dimensions: 1, the field has 2");
  // Types of the same families still fit.
  EXPECT_EQ(refusal<std::vector<std::int64_t>>("select array[1::smallint]" + none), "no failure");
  EXPECT_EQ(refusal<std::vector<mood>>("select array['ok']" + none), "no failure");
  EXPECT_EQ(refusal<pg::inet>("select '10.0.0.0/8'::cidr" + none), "no failure");
}

}  // namespace
