// Arrays, ranges, composite types and the types that only PostgreSQL has; every byte was recorded from PostgreSQL 15.
#include "support/postgres_values.hpp"

#include <dovetail/format/postgres/bits.hpp>
#include <dovetail/format/postgres/composite.hpp>
#include <dovetail/format/postgres/geometry.hpp>
#include <dovetail/format/postgres/money.hpp>
#include <dovetail/format/postgres/network.hpp>
#include <dovetail/format/postgres/range.hpp>
#include <dovetail/format/postgres/raw.hpp>
#include <dovetail/format/postgres/time_tz.hpp>

#include <chrono>

namespace compound {

struct pair {
  int a = 0;
  std::optional<std::string> s;
  bool operator==(const pair&) const = default;
};

struct outer {
  bool flag = false;
  pair inner;
  bool operator==(const outer&) const = default;
};

enum class mood { sad, happy };

struct feeling {
  int strength = 0;
  mood what{};
  bool operator==(const feeling&) const = default;
};

}  // namespace compound

namespace {

using namespace recorded;
using namespace compound;
using namespace std::chrono;
namespace oids = pg::oids;

// array_send('{{1,2,3},{4,5,6}}'::int8[]), array_send('{}'::int4[]), …
TEST(PostgresArrays, HaveDimensionsAndElementsWithLengths) {
  both_ways(
      1016,
      "00000002000000000000001400000002000000010000000300000001000000080000000000000001000000080000000000000002000000"
      "080000000000000003000000080000000000000004000000080000000000000005000000080000000000000006",
      std::vector<std::vector<std::int64_t>>{{1, 2, 3}, {4, 5, 6}});
  both_ways(1007, "000000000000000000000017", std::vector<int>{});
  both_ways(1000, "000000010000000000000010000000020000000100000001010000000100", std::vector<bool>{true, false});
  both_ways(1001, "00000001000000000000001100000001000000010000000101",
            std::vector<std::vector<std::byte>>{{std::byte{1}}});
  both_ways(1182, "00000001000000000000043a00000001000000010000000400000001",
            std::vector<sys_days>{sys_days{2000y / January / 2}});
  std::vector<std::int16_t> from_zero;
  EXPECT_EQ(decode(1005, "0000000100000000000000150000000200000000000000020007000000020008", from_zero), dt::errc{});
  EXPECT_EQ(from_zero, (std::vector<std::int16_t>{7, 8})) << "the lower bound is dropped";
}

// array_send('{1,NULL,-3}'::int4[]), array_send(array['a','NULL',null,'','q"b']::text[])
TEST(PostgresArrays, ElementsCanBeNull) {
  constexpr const char* integers = "00000001000000010000001700000003000000010000000400000001ffffffff00000004fffffffd";
  std::vector<std::optional<int>> read;
  EXPECT_EQ(decode(1007, integers, read), dt::errc{});
  EXPECT_EQ(read, (std::vector<std::optional<int>>{1, std::nullopt, -3}));
  std::vector<int> without_null;
  EXPECT_EQ(decode(1007, integers, without_null), dt::errc::unexpected_null);
  std::vector<std::optional<std::string>> texts;
  EXPECT_EQ(
      decode(1009, "00000001000000010000001900000005000000010000000161000000044e554c4cffffffff0000000000000003712262",
             texts),
      dt::errc{});
  EXPECT_EQ(texts, (std::vector<std::optional<std::string>>{"a", "NULL", std::nullopt, "", "q\"b"}));
  std::vector<std::optional<dt::decimal>> numbers;
  EXPECT_EQ(decode(1231, "0000000100000001000006a400000002000000010000000c000200000000000100011388ffffffff", numbers),
            dt::errc{});
  ASSERT_EQ(numbers.size(), 2u);
  EXPECT_EQ(to_string(*numbers[0]), "1.5");
  // The server does not look at the flag for nulls; ours is always 0.
  EXPECT_EQ(encode(read), "00000001000000000000001700000003000000010000000400000001ffffffff00000004fffffffd");
}

TEST(PostgresArrays, ListsOfTextAreLiteralsWhereOnlyTheServerKnowsTheType) {
  const std::vector<std::optional<std::string>> texts{"a", "NULL", std::nullopt, "", "q\"\\b", "{,}"};
  EXPECT_EQ(encode(texts),
            "text: " + dt::to_hex(dt::as_byte_view("{\"a\",\"NULL\",NULL,\"\",\"q\\\"\\\\b\",\"{,}\"}")));
  EXPECT_EQ(encode(std::vector<std::string>{}), "text: 7b7d");
  EXPECT_EQ(encode(std::vector<std::string>{"a"}, 1009),
            "000000010000000000000019000000010000000100000001"
            "61");
  EXPECT_EQ(encode(std::vector<mood>{mood::happy}, 16388), "text: " + dt::to_hex(dt::as_byte_view("{\"happy\"}")));
  std::vector<mood> moods;
  EXPECT_EQ(decode(16388, "0000000100000000000040050000000100000001000000056861707079", moods), dt::errc{});
  EXPECT_EQ(moods, std::vector<mood>{mood::happy});
}

TEST(PostgresArrays, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(encode(std::vector<std::vector<int>>{{1, 2}, {3}}), "refused: the rows of a nested array differ in length");
  EXPECT_EQ(encode(std::vector<int>{1}, oids::int4).substr(0, 7), "refused");
  EXPECT_EQ(encode(std::vector<int>{1, 70000}, 1005), "refused: the integer does not fit smallint");
  std::string words;
  std::vector<int> flat;
  EXPECT_EQ(decode(1007,
                   "0000000200000000000000170000000100000001000000010000000100000004"
                   "00000001",
                   flat, &words),
            dt::errc::malformed_value);
  EXPECT_EQ(words, "the array has another number of dimensions: 2, the field has 1");
  EXPECT_EQ(decode(1009,
                   "000000010000000000000019000000010000000100000001"
                   "61",
                   flat, &words),
            dt::errc::malformed_value);
  EXPECT_EQ(words, "the array's elements have another type: text");
  // {1,NULL}
  EXPECT_EQ(decode(1007,
                   "0000000100000001000000170000000200000001"
                   "0000000400000001ffffffff",
                   flat, &words),
            dt::errc::unexpected_null);
  EXPECT_EQ(words, "element 2: an element is null: the elements' type must be a std::optional");
}

TEST(PostgresArrays, CountsThatTheMessageCannotHoldAllocateNothing) {
  std::vector<int> flat;
  std::vector<std::vector<int>> nested;
  EXPECT_EQ(decode(1007,
                   "000000010000000000000017"
                   "7fffffff00000001",
                   flat),
            dt::errc::malformed_value);
  EXPECT_EQ(decode(1007,
                   "000000010000000000000017"
                   "ffffffff00000001",
                   flat),
            dt::errc::malformed_value);
  EXPECT_EQ(decode(1007, "7fffffff0000000000000017", flat), dt::errc::malformed_value);
  EXPECT_EQ(decode(1007, "ffffffff0000000000000017", flat), dt::errc::malformed_value);
  EXPECT_EQ(decode(1007,
                   "000000020000000000000017"
                   "7fffffff00000001"
                   "7fffffff00000001",
                   nested),
            dt::errc::malformed_value);
  EXPECT_EQ(decode(1007,
                   "000000020000000000000017"
                   "7fffffff00000001"
                   "0000000000000001",
                   nested),
            dt::errc::malformed_value);
  EXPECT_EQ(flat.capacity() + nested.capacity(), 0u);
}

// inet_send('192.168.1.5/24'), cidr_send('10.1.0.0/16'), macaddr_send('08:00:2b:01:02:03'), …
TEST(PostgresNetwork, AddressesKeepTheirPrefix) {
  both_ways(oids::inet, "02180004c0a80105", pg::inet::v4(192, 168, 1, 5, 24));
  both_ways(oids::inet, "022000040a000001", pg::inet::v4(10, 0, 0, 1));
  both_ways(oids::cidr, "021001040a010000", pg::inet::v4(10, 1, 0, 0, 16));
  std::array<std::byte, 16> address{std::byte{0x20}, std::byte{0x01}, std::byte{0x0d}, std::byte{0xb8}};
  address[15] = std::byte{1};
  both_ways(oids::inet, "0340001020010db8000000000000000000000001", pg::inet::v6(address, 64));
  both_ways(oids::macaddr, "08002b010203",
            pg::macaddr{{std::byte{8}, std::byte{0}, std::byte{0x2b}, std::byte{1}, std::byte{2}, std::byte{3}}});
  both_ways(oids::macaddr8, "08002b0102030405",
            pg::macaddr8{{std::byte{8}, std::byte{0}, std::byte{0x2b}, std::byte{1}, std::byte{2}, std::byte{3},
                          std::byte{4}, std::byte{5}}});
  pg::inet read;
  EXPECT_EQ(decode(oids::inet, "02210004c0a80105", read), dt::errc::malformed_value) << "a prefix of 33";
  EXPECT_EQ(decode(oids::inet, "04180004c0a80105", read), dt::errc::malformed_value) << "an unknown family";
  EXPECT_EQ(decode(oids::inet, "02180005c0a8010500", read), dt::errc::malformed_value) << "five bytes";
  EXPECT_EQ(encode(pg::inet::v4(1, 2, 3, 4, 33)), "refused: the prefix is longer than the address");
}

// bit_send(B'101'), varbit_send(B'1010101011'), cash_send('$1234.50'), timetz_send('12:34:56.789+02:30'), …
TEST(PostgresOwnTypes, BitsMoneyAndTimesWithZone) {
  both_ways(oids::bit, "00000003a0", pg::bits{"101"});
  both_ways(oids::varbit, "0000000aaac0", pg::bits{"1010101011"});
  both_ways(oids::varbit, "00000000", pg::bits{});
  pg::bits bits;
  EXPECT_EQ(decode(oids::varbit, "ffffffff00", bits), dt::errc::malformed_value);
  both_ways(oids::money, "000000000001e23a", pg::money{123450});
  both_ways(oids::money, "fffffffffffffffb", pg::money{-5});
  both_ways(oids::timetz, "0000000a8be62608ffffdcd8", pg::time_tz{12h + 34min + 56s + 789ms, 2h + 30min});
  both_ways(oids::timetz, "000000000000000000007080", pg::time_tz{0us, -8h});
  EXPECT_EQ(encode(pg::time_tz{0us, 16h}).substr(0, 7), "refused");
}

// point_send('(1.5,-2)'), line_send('{1,2,3}'), lseg_send('[(1,2),(3,4)]'), box_send('(1,2),(3,4)'), …
TEST(PostgresGeometry, ShapesAreTheirCoordinates) {
  both_ways(oids::point, "3ff8000000000000c000000000000000", pg::point{1.5, -2});
  both_ways(oids::line, "3ff000000000000040000000000000004008000000000000", pg::line{1, 2, 3});
  both_ways(oids::lseg, "3ff0000000000000400000000000000040080000000000004010000000000000", pg::lseg{{1, 2}, {3, 4}});
  both_ways(oids::box, "400800000000000040100000000000003ff00000000000004000000000000000", pg::box{{3, 4}, {1, 2}});
  both_ways(oids::path, "00000000023ff0000000000000400000000000000040080000000000004010000000000000",
            pg::path{{{1, 2}, {3, 4}}, false});
  both_ways(oids::path, "01000000023ff0000000000000400000000000000040080000000000004010000000000000",
            pg::path{{{1, 2}, {3, 4}}, true});
  both_ways(oids::polygon,
            "00000003000000000000000000000000000000003ff000000000000000000000000000003ff00000000000003ff0000000000000",
            pg::polygon{{{0, 0}, {1, 0}, {1, 1}}});
  both_ways(oids::circle, "3ff000000000000040000000000000004008000000000000", pg::circle{{1, 2}, 3});
  pg::polygon polygon;
  EXPECT_EQ(decode(oids::polygon, "ffffffff", polygon), dt::errc::malformed_value);
  EXPECT_EQ(polygon.points.capacity(), 0u);
}

// range_send('[1,10)'::int4range), range_send('empty'::int4range), range_send('(,5]'::int8range), …
TEST(PostgresRanges, HaveBoundsThatAreInclusiveExclusiveOrNotThere) {
  both_ways(oids::int4range, "020000000400000001000000040000000a", pg::range<int>{1, 10});
  both_ways(oids::int4range, "01", pg::range<int>::empty());
  both_ways(oids::int8range, "08000000080000000000000006", pg::range<std::int64_t>{std::nullopt, 6, false, false});
  both_ways(oids::numrange, "060000000c0002000000000001000113880000000c000200000000000100021388",
            pg::range<dt::decimal>{dt::decimal{"1.5"}, dt::decimal{"2.5"}, true, true});
  both_ways(oids::numrange, "18", pg::range<dt::decimal>{std::nullopt, std::nullopt, false, false});
  both_ways(oids::daterange, "02000000040000223e000000040000225d",
            pg::range<sys_days>{sys_days{2024y / January / 1}, sys_days{2024y / February / 1}});
  both_ways(oids::tstzrange, "10000000080002b0d5d4e94000",
            pg::range<sys_time<microseconds>>{sys_days{2024y / January / 1}, std::nullopt, false, false});
  both_ways(oids::int4multirange,
            "00000002000000110200000004000000010000000400000003000000110200000004000000050000000400000008",
            pg::multirange<int>{{{1, 3}, {5, 8}}});
  both_ways(oids::int4multirange, "00000000", pg::multirange<int>{});
  static_assert(pg::parameter_oid<pg::range<int>>() == oids::int4range);
  static_assert(pg::parameter_oid<std::vector<pg::range<sys_days>>>() == 3913);
  pg::multirange<int> read;
  EXPECT_EQ(decode(oids::int4multirange, "ffffffff", read), dt::errc::malformed_value);
  EXPECT_EQ(read.ranges.capacity(), 0u);
  pg::range<int> other;
  std::string words;
  EXPECT_EQ(decode(oids::daterange, "01", other, &words), dt::errc::malformed_value);
  EXPECT_EQ(words, "the column has another type");
}

// PostgreSQL 15 documentation, 8.17.5 "Input/Output of Ranges"; a type of a user's has a number above 16384.
TEST(PostgresRanges, OfUsersAreReadFromTheirText) {
  using reals = pg::range<double>;
  using texts = pg::range<std::string>;
  const auto real = [](std::string_view text) {
    reals read;
    EXPECT_EQ(decode_text(16400, text, read), dt::errc{}) << text;
    return read;
  };
  EXPECT_EQ(real("[1.5,2.5)"), (reals{1.5, 2.5}));
  EXPECT_EQ(real("(1.5,2.5]"), (reals{1.5, 2.5, false, true}));
  EXPECT_EQ(real("(,-1e+300]"), (reals{std::nullopt, -1e300, false, true}));
  EXPECT_EQ(real("(,)"), (reals{std::nullopt, std::nullopt, false, false}));
  EXPECT_EQ(real("empty"), reals::empty());
  texts text;
  EXPECT_EQ(decode_text(16400, R"x(["","a ""b"" \\ c,)\"\]"))x", text), dt::errc{});
  EXPECT_EQ(text, (texts{"", R"x(a "b" \ c,)"])x"}));
  for (const char* wrong :
       {"", "[", "[1", "[1,", "[1,2", "1,2)", "[1,2)x", "emptyx", "[\"1,2)", "[1,2\\", "[1,2,3)", "[a,2)", "{[1,2)}"}) {
    reals read;
    EXPECT_EQ(decode_text(16400, wrong, read), dt::errc::malformed_value) << wrong;
  }
  pg::multirange<double> many;
  EXPECT_EQ(decode_text(16400, "{(,1],[2.5,3)}", many), dt::errc{});
  EXPECT_EQ(many, (pg::multirange<double>{{{std::nullopt, 1.0, false, true}, {2.5, 3.0}}}));
  EXPECT_EQ(decode_text(16400, "{}", many), dt::errc{});
  EXPECT_EQ(many, pg::multirange<double>{});
  for (const char* wrong : {"", "{", "}", "{[1,2)", "{[1,2),}", "{[1,2)[3,4)}", "{}x", "[1,2)"}) {
    EXPECT_EQ(decode_text(16400, wrong, many), dt::errc::malformed_value) << wrong;
  }
  EXPECT_EQ(encode(reals{0.1, std::nullopt}, 16400), "text: 5b22302e31222c29");  // ["0.1",)
  EXPECT_EQ(encode(reals{1.0, 2.0}, oids::int4),
            "refused: the parameter is no range; a cast says which one it is, ?::name");
  EXPECT_EQ(encode(pg::multirange<double>{}, 16400), "text: 7b7d");
  EXPECT_EQ(encode(pg::multirange<int>{}, oids::int4range),
            "refused: the parameter is no multirange; a cast says which one it is, ?::name");
}

// record_send(row(7,'x'::text)), record_send(row(true,row(7,'x'::text))), …
TEST(PostgresComposites, FillStructsAttributeByAttribute) {
  both_ways(oids::record, "00000002000000170000000400000007000000190000000178", pg::composite{pair{7, "x"}});
  both_ways(oids::record, "0000000200000017000000040000000700000019ffffffff", pg::composite{pair{7, std::nullopt}});
  pg::composite<outer> nested;
  EXPECT_EQ(
      decode(oids::record,
             "00000002000000100000000101000008c90000001900000002000000170000000400000007000000190000000178", nested),
      dt::errc{});
  EXPECT_EQ(nested.value, (outer{true, {7, "x"}}));
  pg::composite<feeling> felt;
  EXPECT_EQ(decode(oids::record, "0000000200000017000000040000000500004005000000056861707079", felt), dt::errc{});
  EXPECT_EQ(felt.value, (feeling{5, mood::happy}));
  // array_send(array[row(1,'a')::pair,null])
  std::vector<std::optional<pg::composite<pair>>> list;
  EXPECT_EQ(
      decode(16394,
             "00000001000000010000400b00000002000000010000001900000002000000170000000400000001000000190000000161ff"
             "ffffff",
             list),
      dt::errc{});
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0]->value, (pair{1, "a"}));
  EXPECT_FALSE(list[1]);
  std::string words;
  pg::composite<pair> wrong;
  EXPECT_EQ(decode(oids::record, "0000000100000017000000040000000700", wrong, &words), dt::errc::malformed_value);
  EXPECT_EQ(words, "the composite type and the struct differ in their number of members: 1 and 2");
  EXPECT_EQ(decode(oids::record, "00000002000000190000000178000000190000000178", wrong, &words),
            dt::errc::malformed_value);
  EXPECT_EQ(words, "attribute 1 ('a', text): the value is no int");
  // row(null::integer, 'a'::text)
  EXPECT_EQ(decode(oids::record, "0000000200000017ffffffff000000190000000161", wrong, &words),
            dt::errc::unexpected_null);
  EXPECT_EQ(words, "attribute 1 ('a', integer): an attribute is null: the struct's member must be a std::optional");
}

// PostgreSQL 15 documentation, 8.15.6 "Array Input and Output Syntax" and 8.16.6 "Composite Type Input and Output
// Syntax".
TEST(PostgresComposites, InListsAreLiterals) {
  const auto text = [](std::string_view literal) { return "text: " + dt::to_hex(dt::as_byte_view(literal)); };
  using pairs = std::vector<pg::composite<pair>>;
  EXPECT_EQ(encode(pairs{{{1, "a"}}, {{2, std::nullopt}}}), text(R"x({"(\"1\",\"a\")","(\"2\",)"})x"));
  EXPECT_EQ(encode(pairs{{{1, "\"\\"}}}), text(R"x({"(\"1\",\"\\\"\\\\\")"})x"));
  EXPECT_EQ(encode(pairs{}), text("{}"));
  EXPECT_EQ(encode(std::vector<std::optional<pg::composite<pair>>>{std::nullopt}), text("{NULL}"));
  EXPECT_EQ(encode(std::vector<pg::composite<outer>>{{{true, {3, ""}}}}),
            text(R"x({"(\"t\",\"(\\\"3\\\",\\\"\\\")\")"})x"));
  EXPECT_EQ(encode(std::vector<pg::composite<feeling>>{{{1, static_cast<mood>(9)}}}),
            "refused: the enum's value has no name");
  EXPECT_EQ(encode(pairs{{{1, std::string(1, '\0')}}}).substr(0, 8), "refused:");
}

TEST(PostgresRaw, KeepsWhatItDoesNotKnow) {
  pg::raw read;
  EXPECT_EQ(decode(16400, "0102", read), dt::errc{});
  EXPECT_EQ(read, (pg::raw{16400, {std::byte{1}, std::byte{2}}, true}));
  EXPECT_EQ(encode(read, 16400), "0102");
  EXPECT_EQ(encode(read, 25), "refused: the raw value is of another type than the parameter");
}

}  // namespace
