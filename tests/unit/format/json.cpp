#include <dovetail/format/json.hpp>

#include "../../support/format_values.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>

namespace {

namespace dt = dovetail;
using format_values::color;
using format_values::everything;
using format_values::point;
using format_values::tree;

template <class T>
std::string written(const T& value) {
  std::string text;
  dt::json::encode(value, text).value();
  return text;
}

template <class T>
std::string failure(std::string_view text) {
  const auto read = dt::json::decode<T>(text);
  return read ? "no failure" : std::string{read.error().context()};
}

template <class T>
dt::error_info error_of(std::string_view text) {
  return dt::json::decode<T>(text).error();
}

bool is_json(std::string_view text) { return dt::json::decode<dt::json_text>(text).has_value(); }

TEST(Json, AStructWithEveryKindOfMemberComesBackAsItWas) {
  const everything value = format_values::make_everything();
  EXPECT_EQ(dt::json::decode<everything>(written(value)).value(), value);
  EXPECT_EQ(dt::json::decode<everything>(written(everything{})).value(), everything{});
}

TEST(Json, TheTextOfAStructHasItsMembersInOrderAndNoWhiteSpace) {
  EXPECT_EQ(written(point{1, std::nullopt}), R"({"x":1,"y":null})");
  EXPECT_EQ(written(std::vector<point>{{1, 2}, {3, 4}}), R"([{"x":1,"y":2},{"x":3,"y":4}])");
  EXPECT_EQ(written(tree{}), R"({"name":"","children":[]})");
}

TEST(Json, EveryOrderOfKeysIsRead) {
  struct row {
    int a, b, c, d;
    bool operator==(const row&) const = default;
  };
  const row expected{1, 2, 3, 4};
  std::array<std::string, 4> members{R"("a":1)", R"("b":2)", R"("c":3)", R"("d":4)"};
  do {
    const std::string object = "{" + members[0] + " ,\n" + members[1] + "," + members[2] + ", " + members[3] + "}";
    EXPECT_EQ(dt::json::decode<row>(object).value(), expected) << object;
    const auto twice = dt::json::decode<std::vector<row>>("[" + object + ",{\"d\":4,\"c\":3,\"b\":2,\"a\":1}]");
    EXPECT_EQ(twice.value(), (std::vector<row>{expected, expected})) << object;
  } while (std::next_permutation(members.begin(), members.end()));
}

TEST(Json, UnknownKeysAreSkippedAndTheirValuesChecked) {
  EXPECT_EQ(dt::json::decode<point>(R"({"z":[{"x":9}],"x":1,"w":"\n","y":2})").value(), (point{1, 2}));
  EXPECT_EQ(failure<point>(R"({"z":[1,],"x":1})"), "line 1, column 9, $.z: expected a value, found ']'");
}

TEST(Json, AKeyMayBeWrittenWithEscapes) {
  EXPECT_EQ(dt::json::decode<point>(R"({"\u0078":1,"\u0079" : 2})").value(), (point{1, 2}));
}

TEST(Json, MissingMembersAreNamedTogetherAndNearKeysPointedOut) {
  struct city {
    int id;
    std::string name;
    std::optional<double> area;
  };
  EXPECT_EQ(failure<city>("{}").substr(0, 47), R"(line 1, column 1, $: missing "id", "name" of ci)");
  EXPECT_TRUE(failure<city>(R"({"id":1,"nmae":"Bern"})").ends_with(R"(; is "nmae" meant to be "name"?)"));
  EXPECT_EQ(error_of<city>("{}").code(), dt::errc::row_mismatch);
}

TEST(Json, AMembersKeyThatComesTwiceIsAnError) {
  EXPECT_EQ(failure<point>(R"({"x":1,"x":2})"), "line 1, column 8, $: the key \"x\" is given twice");
  EXPECT_EQ(failure<point>(R"({"y":1,"x":2,"y":3})"), "line 1, column 14, $: the key \"y\" is given twice");
  EXPECT_FALSE((dt::json::decode<std::map<std::string, int>>(R"({"a":1,"a":1})").has_value()));
}

TEST(Json, ErrorsNameLineColumnAndPath) {
  EXPECT_EQ(failure<std::vector<point>>("[{\"x\":1},\n {\"x\":\"\u00e4\", \"y\":null},\n{\"x\":true}]"),
            "line 2, column 7, $[1].x: expected a number, found a string");
  EXPECT_EQ(failure<std::vector<point>>("[{\"x\":1},\n{\"y\":null,\n\"x\" : }]"),
            "line 3, column 7, $[1].x: expected a number, found '}'");
  EXPECT_EQ(failure<tree>(R"({"name":"a","children":[{"name":"b","children":[{"name":7}]}]})"),
            "line 1, column 57, $.children[0].children[0].name: expected a string, found a number");
  EXPECT_EQ(failure<point>(""), "line 1, column 1, $: expected an object, found the end of the text");
  EXPECT_EQ(failure<int>("1 2"), "line 1, column 3, $: expected the end of the text, found a number");
  using map = std::map<std::string, int>;
  EXPECT_EQ(failure<map>(R"({"a b":"x"})"), "line 1, column 8, $[\"a b\"]: expected a number, found a string");
}

TEST(Json, ErrorsHaveTheCodeOfTheirKind) {
  EXPECT_EQ(error_of<int>("null").code(), dt::errc::unexpected_null);
  EXPECT_EQ(error_of<int>("\"1\"").code(), dt::errc::malformed_value);
  EXPECT_EQ(error_of<int>("x").code(), dt::errc::malformed_json);
  EXPECT_EQ(error_of<int>("2147483648").code(), dt::errc::value_out_of_range);
  EXPECT_EQ(error_of<double>("1e400").code(), dt::errc::value_out_of_range);
}

TEST(Json, EveryPrefixOfATextIsAnErrorAndNothingElse) {
  const std::string text = written(format_values::make_everything());
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(dt::json::decode<everything>(std::string_view{text}.substr(0, size)).has_value()) << size;
  }
}

TEST(Json, TextsOutsideOfRfc8259AreRefused) {
  for (const std::string_view text : {"",
                                      " ",
                                      "[",
                                      "]",
                                      "[1",
                                      "[1,",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "{",
                                      "{\"a\"",
                                      "{\"a\":",
                                      "{\"a\":1",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{\"a\" 1}",
                                      "{1:1}",
                                      "[1}",
                                      "nul",
                                      "nulll",
                                      "True",
                                      "NaN",
                                      "Infinity",
                                      "-Infinity",
                                      "-",
                                      "+1",
                                      "01",
                                      "-01",
                                      "1.",
                                      ".5",
                                      "1.e5",
                                      "1e",
                                      "1e+",
                                      "0x10",
                                      "1_000",
                                      "\"",
                                      "\"a",
                                      "\"\\\"",
                                      "\"\\x41\"",
                                      "\"\\u12\"",
                                      "\"\\u12G4\"",
                                      "\"\t\"",
                                      "\"\n\"",
                                      "\"\x1f\"",
                                      "// c\n1",
                                      "/* c */1",
                                      "1;",
                                      "[1]]",
                                      "\xEF\xBB\xBF"
                                      "1",
                                      "\f1",
                                      "\v1",
                                      "\xC2\xA0"
                                      "1",
                                      "[1]\x01",
                                      "'a'",
                                      "{\"a\":1 \"b\":2}",
                                      "[\"a\" \"b\"]",
                                      "{,}",
                                      "[\"\\uD800\"]"}) {
    EXPECT_FALSE(is_json(text)) << text;
  }
  EXPECT_FALSE(is_json(std::string_view("1\0", 2)));
}

TEST(Json, TextsOfRfc8259AreRead) {
  for (const std::string_view text : {"null",
                                      " true ",
                                      "false",
                                      "0",
                                      "-0",
                                      "-0.0",
                                      "1E5",
                                      "1e-5",
                                      "1.5e+300",
                                      "1e999999",
                                      "123456789012345678901234567890",
                                      "\"\"",
                                      "\"\\u0000\"",
                                      "\"\\/\"",
                                      "\"\x7f\"",
                                      "[]",
                                      "[ ]",
                                      "{}",
                                      "{ }",
                                      "\t\r\n [\t1 ,\r2\n] ",
                                      "{\"\":0}",
                                      "{\"a\":1,\"a\":2}",
                                      "[[],{},\"\",0,null]",
                                      "\"\xF0\x9F\x98\x80\"",
                                      "[\"\\uD83D\\uDE00\"]"}) {
    EXPECT_TRUE(is_json(text)) << text;
  }
}

TEST(Json, NestingIsReadTo128LevelsAndNoDeeper) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(is_json(nested(128)));
  EXPECT_FALSE(is_json(nested(129)));
  EXPECT_FALSE(is_json(std::string(1000000, '[')));
  EXPECT_FALSE(is_json([] {
    std::string text;
    for (int i = 0; i < 200000; ++i) text += "{\"a\":";
    return text;
  }()));
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "{\"name\":\"\",\"children\":[";
  EXPECT_EQ(error_of<tree>(deep).code(), dt::errc::malformed_json);
}

TEST(Json, StringsAreDecodedToUtf8) {
  const auto read = [](std::string_view text) { return dt::json::decode<std::string>(text).value(); };
  EXPECT_EQ(read(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
  EXPECT_EQ(read(R"("\u0041\u00e4\u20AC\uD83D\uDE00")"), "A\u00e4\u20AC\U0001F600");
  EXPECT_EQ(read(R"("a\u0000b")"), std::string("a\0b", 3));
  EXPECT_EQ(read("\"\u00e4\u20AC\U0001F600 plain \u00e4\""), "\u00e4\u20AC\U0001F600 plain \u00e4");
}

TEST(Json, HalvesOfSurrogatePairsAreRefused) {
  for (const char* text : {R"("\uD800")", R"("\uDC00")", R"("\uD800\uD800")", R"("\uD800x")", R"("\uD800\n")",
                           R"("\uDE00\uD83D")", R"("\uD83D\u0041")", R"("\uD83D\uDE0")"}) {
    EXPECT_FALSE(dt::json::decode<std::string>(text).has_value()) << text;
  }
}

TEST(Json, StringsThatAreNotUtf8AreRefusedBothWays) {
  for (const std::string_view bytes :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
        "\xF8\x88\x80\x80\x80", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xFF"}) {
    EXPECT_FALSE(dt::json::decode<std::string>("\"" + std::string{bytes} + "\"").has_value());
    EXPECT_FALSE(dt::json::decode<std::string>("\"plain and long enough " + std::string{bytes} + "\"").has_value());
    std::string out = "before";
    const auto result = dt::json::encode(std::vector<std::string>{"ok", "text " + std::string{bytes}}, out);
    EXPECT_EQ(result.error().context(), "cannot write $[1]: the text is not UTF-8");
    EXPECT_EQ(out, "before");
  }
}

TEST(Json, ASpecialCharacterIsFoundAtEveryPlaceOfAString) {
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (const std::string_view special : {"\"", "\\", "\n", "\x01", "\u00e4", "\U0001F600"}) {
        std::string value(size, 'x');
        value.replace(at, 1, special);
        EXPECT_EQ(dt::json::decode<std::string>(written(value)).value(), value);
      }
    }
  }
}

TEST(Json, LongTextsAndManyElementsPassTheWritersBlock) {
  std::vector<std::string> values;
  for (std::size_t size = 0; size < 5000; size += 37) values.push_back(std::string(size, size % 2 == 0 ? 'a' : '"'));
  EXPECT_EQ(dt::json::decode<std::vector<std::string>>(written(values)).value(), values);
  std::vector<std::byte> bytes(10000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7);
  EXPECT_EQ(dt::json::decode<std::vector<std::byte>>(written(bytes)).value(), bytes);
}

TEST(Json, IntegersAreExactAtTheirLimits) {
  EXPECT_EQ(dt::json::decode<std::int64_t>("-9223372036854775808").value(), INT64_MIN);
  EXPECT_EQ(dt::json::decode<std::int64_t>("9223372036854775807").value(), INT64_MAX);
  EXPECT_EQ(dt::json::decode<std::uint64_t>("18446744073709551615").value(), UINT64_MAX);
  EXPECT_EQ(dt::json::decode<std::int8_t>("-128").value(), -128);
  EXPECT_EQ(dt::json::decode<unsigned>("-0").value(), 0u);
  for (const char* text : {"9223372036854775808", "-9223372036854775809", "18446744073709551616",
                           "99999999999999999999", "100000000000000000000", "18446744073709551616000000000000"}) {
    EXPECT_EQ(error_of<std::int64_t>(text).code(), dt::errc::value_out_of_range) << text;
  }
  EXPECT_EQ(error_of<std::uint64_t>("18446744073709551616").code(), dt::errc::value_out_of_range);
  EXPECT_EQ(error_of<std::uint64_t>("-1").code(), dt::errc::value_out_of_range);
  EXPECT_EQ(failure<std::uint8_t>("256"),
            "line 1, column 1, $: expected a whole number from 0 to 255, found one beyond");
  EXPECT_EQ(error_of<int>("1.0").code(), dt::errc::malformed_value);
  EXPECT_EQ(error_of<int>("1e3").code(), dt::errc::malformed_value);
}

TEST(Json, IntegersOfEveryLengthComeBack) {
  std::uint64_t value = 0;
  for (int digits = 0; digits <= 20; ++digits) {
    for (const std::uint64_t near : {value - 1, value, value + 1}) {
      EXPECT_EQ(written(near), std::to_string(near));
      EXPECT_EQ(dt::json::decode<std::uint64_t>(std::to_string(near) + " ").value(), near);
      EXPECT_EQ(written(static_cast<std::int64_t>(near)), std::to_string(static_cast<std::int64_t>(near)));
    }
    value = value == 0 ? 1 : value * 10;
  }
  for (std::uint32_t i = 0; i < 100000; ++i) ASSERT_EQ(written(i * 997), std::to_string(i * 997));
}

TEST(Json, DoublesComeBackBitForBit) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100000; ++i) {
    const double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) continue;
    ASSERT_EQ(std::bit_cast<std::uint64_t>(dt::json::decode<double>(written(value)).value()),
              std::bit_cast<std::uint64_t>(value));
    const float small = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    if (!std::isfinite(small)) continue;
    ASSERT_EQ(dt::json::decode<float>(written(small)).value(), small);
  }
}

TEST(Json, DecimalTextBecomesTheNearestDouble) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 50000; ++i) {
    const std::string text = std::to_string(random() % 100000000000000000u) + "." + std::to_string(random() % 1000000) +
                             "e" + std::to_string(static_cast<int>(random() % 60) - 30);
    ASSERT_EQ(dt::json::decode<double>(text).value(), std::strtod(text.c_str(), nullptr)) << text;
    const std::string shorter = std::to_string(random() % 10000) + "." + std::to_string(random() % 1000);
    ASSERT_EQ(dt::json::decode<double>(shorter).value(), std::strtod(shorter.c_str(), nullptr)) << shorter;
    ASSERT_EQ(dt::json::decode<float>(shorter).value(), std::strtof(shorter.c_str(), nullptr)) << shorter;
  }
  EXPECT_EQ(dt::json::decode<double>("9007199254740993").value(), 9007199254740992.0);
  EXPECT_EQ(dt::json::decode<double>("2.2250738585072011e-308").value(), 2.2250738585072011e-308);
  EXPECT_EQ(dt::json::decode<double>("5e-324").value(), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(dt::json::decode<double>("1e-400").value(), 0.0);
  EXPECT_TRUE(std::signbit(dt::json::decode<double>("-1e-400").value()));
  EXPECT_TRUE(std::signbit(dt::json::decode<double>("-0").value()));
  EXPECT_EQ(dt::json::decode<double>("0e999999999999999999").value(), 0.0);
  EXPECT_EQ(dt::json::decode<double>("0." + std::string(400, '0') + "1e401").value(), 1.0);
  EXPECT_EQ(error_of<float>("1e39").code(), dt::errc::value_out_of_range);
}

TEST(Json, NanAndInfinityAreRefusedWithTheirPath) {
  std::string out = "x";
  for (const double value : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    const std::map<std::string, std::vector<double>> values{{"a", {1, value}}};
    EXPECT_EQ(dt::json::encode(values, out).error().context(),
              "cannot write $.a[1]: JSON has no form for NaN and infinity");
    EXPECT_EQ(out, "x");
  }
}

TEST(Json, EnumsAreNamesWhereTheyHaveOneAndReadByNameOrNumber) {
  EXPECT_EQ(written(std::vector{color::red, color::blue, static_cast<color>(7)}), R"(["red",200,7])");
  EXPECT_EQ(dt::json::decode<color>("\"green\"").value(), color::green);
  EXPECT_EQ(dt::json::decode<color>("1").value(), color::green);
  EXPECT_EQ(written(format_values::low), "\"low\"");
  EXPECT_NE(failure<color>("\"grey\"").find("\"red\", \"green\""), std::string::npos);
  EXPECT_EQ(error_of<color>("256").code(), dt::errc::value_out_of_range);
}

TEST(Json, BytesAreBase64) {
  EXPECT_EQ(written(std::vector<std::byte>{}), "\"\"");
  EXPECT_EQ(written(std::vector<std::byte>(1)), "\"AA==\"");
  EXPECT_EQ(written(std::vector<std::byte>(2)), "\"AAA=\"");
  EXPECT_EQ(written(std::vector<std::byte>(3)), "\"AAAA\"");
  for (const char* text : {"\"A\"", "\"AA\"", "\"AAA\"", "\"=\"", "\"====\"", "\"A===\"", "\"AAB=\"", "\"AB==\"",
                           "\"AA==AAAA\"", "\"AA-_\"", "\"AA A\""}) {
    EXPECT_FALSE(dt::json::decode<std::vector<std::byte>>(text).has_value()) << text;
  }
  EXPECT_FALSE((dt::json::decode<std::array<std::byte, 2>>("\"AAAA\"").has_value()));
}

TEST(Json, ArraysOfFixedSizeMustHaveIt) {
  EXPECT_FALSE((dt::json::decode<std::array<int, 2>>("[1]").has_value()));
  EXPECT_FALSE((dt::json::decode<std::array<int, 2>>("[1,2,3]").has_value()));
  EXPECT_FALSE((dt::json::decode<std::tuple<int, int>>("[1]").has_value()));
  EXPECT_EQ((dt::json::decode<std::pair<int, std::string>>("[1,\"a\"]").value()),
            (std::pair<int, std::string>{1, "a"}));
}

TEST(Json, DecimalsAreReadFromStringsAndFromNumbersExactly) {
  EXPECT_EQ(to_string(dt::json::decode<dt::decimal>("\"0.10\"").value()), "0.10");
  EXPECT_EQ(to_string(dt::json::decode<dt::decimal>("12345678901234567890.10").value()), "12345678901234567890.10");
  EXPECT_EQ(written(dt::json::decode<dt::decimal>("1.50").value()), "\"1.50\"");
}

TEST(Json, TextThatIsKeptIsCheckedWhenReadAndWhenWritten) {
  struct holder {
    dt::json_text any;
  };
  EXPECT_EQ(dt::json::decode<holder>(R"({"any": {"a" : [1 ]} })").value().any.text, R"({"a" : [1 ]})");
  std::string out;
  EXPECT_EQ(dt::json::encode(holder{dt::json_text{"{]"}}, out).error().code(), dt::errc::malformed_json);
  EXPECT_FALSE(dt::json::encode(dt::json_text{"1 2"}, out).has_value());
}

TEST(Json, ACodecsOwnWordsAreInTheError) {
  EXPECT_EQ(failure<format_values::money>("\"5 USD\""), "line 1, column 1, $: expected an amount in EUR");
}

TEST(Json, AnOptionalIsItsValueOrNull) {
  EXPECT_EQ(dt::json::decode<std::optional<int>>("null").value(), std::nullopt);
  EXPECT_EQ(dt::json::decode<std::optional<int>>(" 5").value(), 5);
  EXPECT_FALSE(dt::json::decode<std::optional<int>>("nil").has_value());
}

TEST(Json, EncodeAppends) {
  std::string out = "a";
  dt::json::encode(1, out).value();
  EXPECT_EQ(out, "a1");
}

}  // namespace

TEST(Json, ManyInnerArraysTakeNoMoreMemoryThanTheirElements) {
  std::string text = "[";
  for (int i = 0; i < 2000; ++i) text += (i == 0 ? "[" : ",[") + std::string{"1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"};
  text += "]";
  const auto read = dt::json::decode<std::vector<std::vector<int>>>(text);
  ASSERT_TRUE(read);
  std::size_t capacity = 0;
  for (const auto& inner : *read) capacity += inner.capacity();
  EXPECT_LE(capacity, 2000U * 64U);
}
