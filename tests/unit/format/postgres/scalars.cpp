// Numbers, text and times; every byte was recorded from PostgreSQL 15.
#include "support/postgres_values.hpp"

#include <dovetail/format/json.hpp>

#include <chrono>
#include <cmath>
#include <limits>

namespace {

using namespace recorded;
using namespace std::chrono;
namespace oids = pg::oids;

dt::decimal number(std::string_view text) {
  dt::decimal read;
  EXPECT_TRUE(dt::parse_decimal(text, read)) << text;
  return read;
}

// select encode(numeric_send('0.00'::numeric), 'hex'), and so on
TEST(PostgresNumeric, IsExactBothWaysAndKeepsItsScale) {
  const std::pair<const char*, const char*> cases[] = {
      {"0", "0000000000000000"},
      {"0.00", "0000000000000002"},
      {"1", "00010000000000000001"},
      {"-1", "00010000400000000001"},
      {"123.45", "0002000000000002007b1194"},
      {"-123.45", "0002000040000002007b1194"},
      {"10000", "00010001000000000001"},
      {"0.0001", "0001ffff000000040001"},
      {"0.00001", "0001fffe0000000503e8"},
      {"123456789012345678901234567890.12345", "000a000700000005000c0d801ed204d2162e23340d801ed204d21388"},
      {"99999999", "0002000100000000270f270f"},
      {"100000000000000000000", "00010005000000000001"},
      {"0.1000", "0001ffff0000000403e8"},
      {"-0.5", "0001ffff400000011388"},
      {"0.0000000000000001", "0001fffc000000100001"},
      {"10000.0001", "0003000100000004000100000001"},
  };
  for (const auto& [text, hex] : cases) {
    both_ways(oids::numeric, hex, number(text));
    dt::decimal read;
    EXPECT_EQ(decode(oids::numeric, hex, read), dt::errc{});
    EXPECT_EQ(to_string(read), text);
    std::string as_text;
    EXPECT_EQ(decode(oids::numeric, hex, as_text), dt::errc{});
    EXPECT_EQ(as_text, text);
  }
  both_ways(oids::numeric, "00000000c0000000", dt::decimal::nan());
  both_ways(oids::numeric, "00000000d0000020", dt::decimal::infinity());
  both_ways(oids::numeric, "00000000f0000020", dt::decimal::negative_infinity());
}

TEST(PostgresNumeric, WhatNoServerSendsIsRefused) {
  dt::decimal read;
  EXPECT_EQ(decode(oids::numeric, "0001000000000000270f00", read), dt::errc::malformed_value) << "a byte behind";
  EXPECT_EQ(decode(oids::numeric, "00010000000000002710", read), dt::errc::malformed_value) << "a digit of 10000";
  EXPECT_EQ(decode(oids::numeric, "00010000800000000001", read), dt::errc::malformed_value) << "an unknown sign";
  EXPECT_EQ(decode(oids::numeric, "00010000000040000001", read), dt::errc::malformed_value) << "a scale of 16384";
  EXPECT_EQ(decode(oids::numeric, "ffff000000000000", read), dt::errc::malformed_value) << "65535 digits, none there";
  EXPECT_EQ(decode(oids::numeric, "0001ffff000000000001", read), dt::errc::malformed_value)
      << "digits beyond the scale";
  EXPECT_EQ(decode(oids::numeric, "00017fff000000000001", read), dt::errc{}) << "the largest weight";
  EXPECT_EQ(decode(oids::numeric, "00018000000000000001", read), dt::errc::malformed_value) << "the smallest weight";
}

// select encode(int8send(-2), 'hex'), int4send(123456), int2send(-3::int2), float8send(-1.5), …
TEST(PostgresScalars, NumbersHaveTheBytesOfTheServer) {
  both_ways<std::int64_t>(oids::int8, "fffffffffffffffe", -2);
  both_ways<std::int32_t>(oids::int4, "0001e240", 123456);
  both_ways<std::int16_t>(oids::int2, "fffd", -3);
  both_ways<std::uint32_t>(oids::oid_, "ee6b2800", 4000000000u);
  both_ways(oids::float8, "bff8000000000000", -1.5);
  both_ways(oids::float4, "3dcccccd", 0.1f);
  both_ways(oids::boolean, "01", true);
}

TEST(PostgresScalars, IntegersOfOneWidthGoToFieldsOfAnotherWhenTheyFit) {
  std::int64_t wide = 0;
  EXPECT_EQ(decode(oids::int2, "fffd", wide), dt::errc{});
  EXPECT_EQ(wide, -3);
  std::int8_t narrow = 0;
  EXPECT_EQ(decode(oids::int8, "fffffffffffffffe", narrow), dt::errc{});
  EXPECT_EQ(narrow, -2);
  EXPECT_EQ(decode(oids::int4, "0001e240", narrow), dt::errc::value_out_of_range);
  std::uint64_t positive = 0;
  EXPECT_EQ(decode(oids::int2, "fffd", positive), dt::errc::value_out_of_range);
  std::uint32_t number = 0;
  EXPECT_EQ(decode(oids::oid_, "ee6b2800", number), dt::errc{});
  EXPECT_EQ(number, 4000000000u);
  std::uint64_t exact = 0;
  EXPECT_EQ(decode(oids::numeric, "0002000100000000270f270f", exact), dt::errc{});
  EXPECT_EQ(exact, 99999999u);
  EXPECT_EQ(decode(oids::numeric, "0002000000000002007b1194", exact), dt::errc::value_out_of_range);
  EXPECT_EQ(decode(oids::int8, "0001e240", exact), dt::errc::malformed_value) << "a bigint of four bytes";
  bool flag = false;
  EXPECT_EQ(decode(oids::boolean, "02", flag), dt::errc::malformed_value);
}

TEST(PostgresScalars, IntegersAdaptToTheTypeOfTheParameter) {
  EXPECT_EQ(encode(std::int64_t{-3}, oids::int2), "fffd");
  EXPECT_EQ(encode(std::int64_t{123456}, oids::int4), "0001e240");
  EXPECT_EQ(encode(std::int16_t{-2}, oids::int8), "fffffffffffffffe");
  EXPECT_EQ(encode(std::int32_t{10000}, oids::numeric), "00010001000000000001");
  EXPECT_EQ(encode(std::int64_t{-1} - 1, oids::float8), "c000000000000000");
  EXPECT_EQ(encode(40000, oids::int2), "refused: the integer does not fit smallint");
  EXPECT_EQ(encode(std::int64_t{1} << 40, oids::int4), "refused: the integer does not fit integer");
  EXPECT_EQ(encode(~std::uint64_t{0}, oids::int8), "refused: the integer does not fit bigint");
  EXPECT_EQ(encode(std::uint64_t{99999999}), "0002000100000000270f270f") << "uint64 is numeric";
  EXPECT_EQ(encode((std::int64_t{1} << 53) + 1, oids::float8),
            "refused: the integer has more digits than double precision holds");
  EXPECT_EQ(encode(-1, oids::oid_), "refused: the integer does not fit the parameter's 32 bits without sign");
  EXPECT_EQ(encode(1e300, oids::float4), "refused: the number does not fit real");
  EXPECT_EQ(encode(1.5, oids::int4).substr(0, 7), "refused");
  EXPECT_EQ(encode(true, oids::int4).substr(0, 7), "refused");
}

TEST(PostgresScalars, TheTypesOfParametersComeFromTheCppTypes) {
  static_assert(pg::parameter_oid<std::int8_t>() == oids::int2 && pg::parameter_oid<std::int16_t>() == oids::int2);
  static_assert(pg::parameter_oid<int>() == oids::int4 && pg::parameter_oid<const std::int64_t&>() == oids::int8);
  static_assert(pg::parameter_oid<std::uint32_t>() == oids::int8 &&
                pg::parameter_oid<std::uint64_t>() == oids::numeric);
  static_assert(pg::parameter_oid<std::string>() == 0 && pg::parameter_oid<const char*>() == 0);
  static_assert(pg::parameter_oid<char[4]>() == 0 && pg::parameter_oid<std::nullptr_t>() == 0);
  static_assert(pg::parameter_oid<std::optional<double>>() == oids::float8);
  static_assert(pg::parameter_oid<dt::column<"a", float>>() == oids::float4);
  static_assert(pg::parameter_oid<std::vector<std::byte>>() == oids::bytea);
  static_assert(pg::parameter_oid<std::vector<std::optional<int>>>() == 1007);
  static_assert(pg::parameter_oid<std::vector<std::vector<double>>>() == 1022);
  static_assert(pg::parameter_oid<std::vector<std::string>>() == 0);
  static_assert(pg::parameter_oid<sys_time<seconds>>() == oids::timestamptz);
  static_assert(pg::parameter_oid<local_time<seconds>>() == oids::timestamp);
  static_assert(pg::parameter_oid<sys_days>() == oids::date && pg::parameter_oid<minutes>() == oids::interval);
  static_assert(pg::parameter_oid<dt::json_value<int>>() == oids::jsonb);
}

// textsend('zażółć'), byteasend('\x00ff'), uuid_send('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')
TEST(PostgresScalars, TextGoesAsTextSoThatItFitsEveryParameter) {
  std::string text;
  EXPECT_EQ(decode(oids::text, "7a61c5bcc3b3c582c487", text), dt::errc{});
  EXPECT_EQ(text, "zażółć");
  EXPECT_EQ(encode(text), "text: 7a61c5bcc3b3c582c487");
  EXPECT_EQ(encode("ab", oids::uuid), "text: 6162");
  EXPECT_EQ(encode(std::string_view{}), "text: ");
  EXPECT_EQ(encode(std::string("a\0b", 3)), "refused: PostgreSQL's text takes no zero byte");
  EXPECT_EQ(encode(static_cast<const char*>(nullptr)), "null");
  EXPECT_EQ(encode(nullptr), "null");
  EXPECT_EQ(encode(std::optional<int>{}), "null");
  EXPECT_EQ(encode(std::optional<int>{123456}), "0001e240");
  char small[3]{};
  EXPECT_EQ(decode(oids::text, "616263", small), dt::errc::value_out_of_range);
  both_ways(oids::bytea, "00ff", std::vector<std::byte>{std::byte{0}, std::byte{255}});
  dt::uuid id;
  ASSERT_TRUE(dt::parse_uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", id));
  both_ways(oids::uuid, "a0eebc999c0b4ef8bb6d6bb9bd380a11", id);
  EXPECT_EQ(decode(oids::uuid, "a0eebc999c0b4ef8bb6d6bb9bd380a11", text), dt::errc{});
  EXPECT_EQ(text, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
}

// date_send('2024-02-29'), …
TEST(PostgresTimes, DatesCountFrom2000AndHaveInfinities) {
  both_ways(oids::date, "00002279", 2024y / February / 29);
  both_ways(oids::date, "ffffffff", sys_days{1999y / December / 31});
  both_ways(oids::date, "7fffffff", (sys_days::max)());
  both_ways(oids::date, "80000000", (local_days::min)());
  both_ways(oids::date, "ffda97a7", sys_days{-4713y / November / 24});
  both_ways(oids::date, "7fda970c", sys_days{days{2145031948 + 10957}});
  EXPECT_EQ(encode(sys_days{-4713y / November / 23}), "refused: PostgreSQL has no such date");
  EXPECT_EQ(encode(2023y / February / 29), "refused: PostgreSQL has no such date");
  year_month_day date;
  EXPECT_EQ(decode(oids::date, "7fffffff", date), dt::errc::value_out_of_range);
  EXPECT_EQ(decode(oids::date, "7fda970c", date), dt::errc::value_out_of_range);
}

// timestamp_send('2024-02-29 12:30:00.123456'), timestamptz_send('2024-02-29 12:30:00.123456+02'), …
TEST(PostgresTimes, PointsInTimeAreMicrosecondsAndHaveInfinities) {
  const auto noon = 12h + 30min + 123456us;
  both_ways(oids::timestamp, "0002b5832fc3c440", local_days{2024y / February / 29} + noon);
  both_ways(oids::timestamptz, "0002b581829c7c40", sys_days{2024y / February / 29} + noon - 2h);
  both_ways(oids::timestamp, "fffca2fec4c81fff", local_time<microseconds>{-1us});
  both_ways(oids::timestamptz, "7fffffffffffffff", (sys_time<microseconds>::max)());
  both_ways(oids::timestamptz, "8000000000000000", (sys_time<seconds>::min)());
  both_ways(oids::timestamp, "fd0f7cc1411fa000", local_days{-4713y / November / 24} + 0us);
  sys_time<microseconds> late;
  EXPECT_EQ(decode(oids::timestamptz, "7fffffff5bb3b29f", late), dt::errc::value_out_of_range);
  sys_time<seconds> coarse;
  EXPECT_EQ(decode(oids::timestamptz, "0002b581829c7c40", coarse), dt::errc::value_out_of_range);
  sys_time<nanoseconds> fine;
  EXPECT_EQ(decode(oids::timestamptz, "0002b581829c7c40", fine), dt::errc{});
  EXPECT_EQ(fine, sys_days{2024y / February / 29} + noon - 2h);
  EXPECT_EQ(decode(oids::timestamptz, "fd0f7cc1411fa000", fine), dt::errc::value_out_of_range);
  EXPECT_EQ(encode(local_seconds{9'300'000'000'000s}), "refused: the time is out of PostgreSQL's range");
}

// select '2024-02-29 12:30:00.1234565'::timestamp, …: .123456 (even), .123457, .123456, 12:30:01
TEST(PostgresTimes, NanosecondsAreRoundedAsTheServerRoundsTexts) {
  const auto at = [](auto fraction) { return encode(local_days{2024y / February / 29} + 12h + 30min + fraction); };
  const std::string even = "0002b5832fc3c440";
  const std::string odd = "0002b5832fc3c441";
  EXPECT_EQ(at(123'456'000ns), even);
  EXPECT_EQ(at(123'456'499ns), even);
  EXPECT_EQ(at(123'456'500ns), even);
  EXPECT_EQ(at(123'456'501ns), odd);
  EXPECT_EQ(at(123'455'500ns), even);
  EXPECT_EQ(at(123'457'499ns), odd);
  EXPECT_EQ(at(999'999'500ns), at(1s));
  using hundred_nanoseconds = duration<std::int64_t, std::ratio<1, 10'000'000>>;
  EXPECT_EQ(at(hundred_nanoseconds{1'234'564}), even);
  EXPECT_EQ(at(hundred_nanoseconds{1'234'566}), odd);
  using parts_of_128 = duration<std::int64_t, std::ratio<1, 128>>;
  EXPECT_EQ(at(parts_of_128{1}), at(7'812us));   // 7 812.5
  EXPECT_EQ(at(parts_of_128{3}), at(23'438us));  // 23 437.5
  // Before 1970 and before 2000: nearest, not towards zero.
  EXPECT_EQ(encode(sys_time<nanoseconds>{-1ns}), encode(sys_time<microseconds>{0us}));
  EXPECT_EQ(encode(sys_time<nanoseconds>{-501ns}), encode(sys_time<microseconds>{-1us}));
  EXPECT_EQ(encode(sys_time<nanoseconds>{-1'500ns}), encode(sys_time<microseconds>{-2us}));
  // The largest and the smallest are the infinities; those beside them are points in time.
  EXPECT_EQ(encode((sys_time<nanoseconds>::max)()), "7fffffffffffffff");
  EXPECT_EQ(encode((sys_time<nanoseconds>::max)() - 1ns), encode(sys_time<microseconds>{9'223'372'036'854'776us}));
  EXPECT_EQ(encode((sys_time<nanoseconds>::min)() + 1ns), encode(sys_time<microseconds>{-9'223'372'036'854'776us}));
  EXPECT_EQ(encode(nanoseconds{1'501}), encode(microseconds{2}));
  EXPECT_EQ(encode(hh_mm_ss{23h + 59min + 59s + 999'999'999ns}), encode(hours{24}, oids::time));
}

TEST(PostgresTimes, TimesAdaptToTheParameterWhereNothingIsLost) {
  const auto midnight = sys_days{2024y / February / 29} + 0s;
  EXPECT_EQ(encode(midnight, oids::date), "00002279");
  EXPECT_EQ(encode(midnight + 1s, oids::date), "refused: the parameter is a date, the value has a time");
  EXPECT_EQ(encode(sys_days{2024y / February / 29}, oids::timestamp), encode(midnight));
  EXPECT_EQ(encode((sys_days::max)(), oids::timestamptz), "7fffffffffffffff");
  EXPECT_EQ(encode((sys_time<seconds>::min)(), oids::date), "80000000");
  EXPECT_EQ(encode(local_days{2024y / February / 29} + 0s, oids::timestamptz),
            "refused: a local time says no point in time: it fits timestamp and date");
  EXPECT_EQ(encode(sys_days{days{2145031948 + 10957}}, oids::timestamp),
            "refused: the date is too late for a timestamp");
}

// time_send('12:34:56.789'), time_send('24:00:00'), interval_send('1 day 02:00'), …
TEST(PostgresTimes, SpansComeFromTimesAndIntervals) {
  const auto span = 12h + 34min + 56s + 789ms;
  both_ways(oids::time, "0000000a8be62608", microseconds{span});
  both_ways(oids::time, "000000141dd76000", hours{24});
  hh_mm_ss<milliseconds> clock{};
  EXPECT_EQ(decode(oids::time, "0000000a8be62608", clock), dt::errc{});
  EXPECT_EQ(clock.to_duration(), span);
  EXPECT_EQ(encode(clock), "0000000a8be62608");
  EXPECT_EQ(decode(oids::time, "000000141dd76001", clock), dt::errc::malformed_value);
  minutes whole{};
  EXPECT_EQ(decode(oids::interval, "00000001ad2748000000000100000000", whole), dt::errc{});
  EXPECT_EQ(whole, 26h);
  std::string words;
  EXPECT_EQ(decode(oids::interval, "000000036c966ee0fffffffd0000000e", whole, &words), dt::errc::value_out_of_range);
  EXPECT_EQ(words, "an interval with months has no fixed length; use dt::postgres::interval");
  words.clear();
  EXPECT_EQ(decode(oids::interval, "00000000000000010000000000000000", whole, &words), dt::errc::value_out_of_range);
  EXPECT_TRUE(words.ends_with("would be lost: use std::chrono::microseconds, or round it in the query")) << words;
  EXPECT_EQ(encode(hours{2}), "00000001ad2748000000000000000000");
  EXPECT_EQ(encode(hours{25}, oids::time), "refused: the span is no time of day");
}

// interval_send('1 year 2 mons -3 days 04:05:06.7')
TEST(PostgresTimes, AnIntervalKeepsMonthsDaysAndMicrosecondsApart) {
  const pg::interval span{.months = 14, .days = -3, .microseconds = 14'706'700'000};
  both_ways(oids::interval, "000000036c966ee0fffffffd0000000e", span);
  const std::pair<const char*, pg::interval> texts[] = {
      {"1 year 2 mons -3 days +04:05:06.7", span},
      {"-1 mons +2 days -03:00:00.5", {-1, 2, -10'800'500'000}},
      {"00:00:00", {}},
      {"1 year", {12, 0, 0}},
      {"-1 days", {0, -1, 0}},
  };
  for (const auto& [text, value] : texts) {
    pg::interval read;
    EXPECT_EQ(decode_text(oids::interval, text, read), dt::errc{}) << text;
    EXPECT_EQ(read, value) << text;
  }
  for (const char* const text : {"", "1 yard", "P1Y", "1", "99999999999 days", "1 day x"}) {
    pg::interval read;
    EXPECT_EQ(decode_text(oids::interval, text, read), dt::errc::malformed_value) << text;
  }
}

// json_send('{"a":[1,2]}'), jsonb_send('{"a":[1,2]}')
struct document {
  std::vector<int> a;
  bool operator==(const document&) const = default;
};

TEST(PostgresJson, JsonbHasAVersionInFrontJsonHasNot) {
  dt::json_value<document> read;
  EXPECT_EQ(decode(oids::json, "7b2261223a5b312c325d7d", read), dt::errc{});
  EXPECT_EQ(read.value, (document{{1, 2}}));
  read = {};
  EXPECT_EQ(decode(oids::jsonb, "017b2261223a205b312c20325d7d", read), dt::errc{});
  EXPECT_EQ(read.value, (document{{1, 2}}));
  EXPECT_EQ(encode(read), "017b2261223a5b312c325d7d");
  EXPECT_EQ(encode(read, oids::json), "7b2261223a5b312c325d7d");
  EXPECT_EQ(encode(read, oids::int4), "refused: JSON cannot be sent to a parameter of this type");
  std::string text;
  EXPECT_EQ(decode(oids::jsonb, "017b2261223a205b312c20325d7d", text), dt::errc{});
  EXPECT_EQ(text, "{\"a\": [1, 2]}");
  EXPECT_EQ(decode(oids::jsonb, "027b7d", text), dt::errc::malformed_value) << "another version";
  EXPECT_EQ(decode(oids::jsonb, "", text), dt::errc::malformed_value);
  std::string words;
  EXPECT_EQ(decode(oids::json, "7b", read, &words), dt::errc::malformed_json);
  EXPECT_NE(words, "");
}

// enum_send('happy'::mood), citextsend('Ab'::citext)
enum class mood { sad, happy };

TEST(PostgresEnums, AreNamesForTextAndNumbersForIntegers) {
  mood read{};
  EXPECT_EQ(decode(16389, "6861707079", read), dt::errc{});
  EXPECT_EQ(read, mood::happy);
  EXPECT_EQ(decode(oids::int4, "00000000", read), dt::errc{});
  EXPECT_EQ(read, mood::sad);
  EXPECT_EQ(decode(oids::text, "616e677279", read), dt::errc::malformed_value);
  EXPECT_EQ(encode(mood::happy), "text: 6861707079");
  EXPECT_EQ(encode(mood::happy, oids::int2), "0001");
  EXPECT_EQ(encode(static_cast<mood>(9)), "refused: the enum's value has no name");
  std::string text;
  EXPECT_EQ(decode(16400, "4162", text), dt::errc{});
  EXPECT_EQ(text, "Ab");
  EXPECT_EQ(decode(16400, "", text), dt::errc{});
  EXPECT_EQ(text, "");
  EXPECT_EQ(decode(16400, "0941", text), dt::errc{});
  EXPECT_EQ(text, "\tA");
}

TEST(PostgresText, BinaryFormsOfUsersTypesThatAreNoTextAreRefused) {
  std::string text = "kept";
  std::string words;
  EXPECT_EQ(decode(16401, "0000000100000001610000000131", text, &words), dt::errc::malformed_value) << "hstore_send";
  EXPECT_EQ(words, "its binary form is no text; cast it in the query: ::text, ::text[]");
  EXPECT_EQ(decode(16402, "01612e62", text), dt::errc::malformed_value) << "ltree_send";
  EXPECT_EQ(decode(16403, "610062", text), dt::errc::malformed_value) << "no text has a zero byte";
  EXPECT_EQ(text, "kept");
}

template <class T>
std::string copy(const T& value, pg::oid wanted) {
  dt::byte_buffer out;
  const char* why = "";
  if (pg::write_copy_value(out, value, wanted, why) != dt::errc{}) return std::string{"refused: "} + why;
  return dt::to_hex(out.view());
}

TEST(PostgresCopy, TextBecomesTheBinaryFormOfTheColumn) {
  EXPECT_EQ(copy(std::int64_t{-2}, oids::int8), "00000008fffffffffffffffe");
  EXPECT_EQ(copy(123456, oids::int8), "00000008000000000001e240");
  EXPECT_EQ(copy(std::optional<int>{}, oids::int4), "ffffffff");
  EXPECT_EQ(copy("abc", oids::text), "00000003616263");
  EXPECT_EQ(copy("{}", oids::jsonb), "00000003017b7d");
  EXPECT_EQ(copy("{}", oids::json), "000000027b7d");
  EXPECT_EQ(copy("123.45", oids::numeric), "0000000c0002000000000002007b1194");
  EXPECT_EQ(copy("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", oids::uuid), "00000010a0eebc999c0b4ef8bb6d6bb9bd380a11");
  EXPECT_EQ(copy(mood::happy, 16389), "000000056861707079");
  EXPECT_EQ(copy("x", oids::uuid), "refused: the text is no UUID");
  EXPECT_EQ(copy("x", oids::numeric), "refused: the text is no number");
  EXPECT_EQ(copy("1", oids::int4),
            "refused: text cannot be copied to a column of this type in binary; use the type's C++ type");
}

TEST(PostgresCopy, TypesTellBeforeTheFirstRowWhatCanBeSent) {
  static_assert(pg::can_send<int>(oids::int2) && pg::can_send<int>(oids::numeric) && !pg::can_send<int>(oids::float4));
  static_assert(!pg::can_send<double>(oids::numeric) && pg::can_send<std::optional<double>>(oids::float4));
  static_assert(pg::can_send<sys_days>(oids::timestamptz) && !pg::can_send<local_time<seconds>>(oids::timestamptz));
  static_assert(pg::can_send<std::vector<int>>(1005) && !pg::can_send<std::vector<int>>(oids::int4));
  static_assert(pg::can_send<std::string>(oids::inet) && pg::can_send<mood>(16389) && !pg::can_send<mood>(oids::date));
  static_assert(pg::can_send<pg::interval>(oids::interval) && !pg::can_send<pg::interval>(oids::time));
  static_assert(pg::can_send<std::vector<std::byte>>(oids::bytea) && pg::can_send<dt::json_value<int>>(oids::json));
}

TEST(PostgresText, ValuesInTextFormatAreReadToo) {
  std::int32_t integer = 0;
  EXPECT_EQ(decode_text(oids::int4, "-12", integer), dt::errc{});
  EXPECT_EQ(integer, -12);
  EXPECT_EQ(decode_text(oids::int4, "12x", integer), dt::errc::malformed_value);
  double real = 0;
  EXPECT_EQ(decode_text(oids::float8, "-1.5e3", real), dt::errc{});
  EXPECT_EQ(real, -1500);
  EXPECT_EQ(decode_text(oids::float8, "-Infinity", real), dt::errc{});
  EXPECT_EQ(real, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(decode_text(oids::float8, "NaN", real), dt::errc{});
  EXPECT_TRUE(std::isnan(real));
  bool flag = false;
  EXPECT_EQ(decode_text(oids::boolean, "t", flag), dt::errc{});
  EXPECT_TRUE(flag);
  EXPECT_EQ(decode_text(oids::boolean, "y", flag), dt::errc::malformed_value);
  std::vector<std::byte> bytes;
  EXPECT_EQ(decode_text(oids::bytea, "\\x00ff", bytes), dt::errc{});
  EXPECT_EQ(bytes, (std::vector<std::byte>{std::byte{0}, std::byte{255}}));
  EXPECT_EQ(decode_text(oids::bytea, "\\x0", bytes), dt::errc::malformed_value);
  sys_time<microseconds> instant;
  EXPECT_EQ(decode_text(oids::timestamptz, "2024-02-29 10:30:00.123456+00", instant), dt::errc{});
  EXPECT_EQ(instant, sys_days{2024y / February / 29} + 10h + 30min + 123456us);
  EXPECT_EQ(decode_text(oids::timestamptz, "infinity", instant), dt::errc{});
  EXPECT_EQ(instant, (sys_time<microseconds>::max)());
  sys_days day;
  EXPECT_EQ(decode_text(oids::date, "4714-11-24 BC", day), dt::errc{});
  EXPECT_EQ(day, sys_days{-4713y / November / 24});
  dt::decimal exact;
  EXPECT_EQ(decode_text(oids::numeric, "1.50", exact), dt::errc{});
  EXPECT_EQ(to_string(exact), "1.50");
}

}  // namespace
