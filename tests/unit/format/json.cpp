#include <dovetail/format/json.hpp>

#include "../../support/format_values.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <span>

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
  EXPECT_EQ(failure<point>("true"), "line 1, column 1, $: expected an object, found a boolean");
  EXPECT_EQ(failure<point>("-1"), "line 1, column 1, $: expected an object, found a number");
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

TEST(Json, ATextWithoutQuotesIsNoValueWhateverItsFirstLetter) {
  for (const char* const text : {"text", "trueish", "falsehood", "fine", "nullable", "nul", "-", "- a remark"}) {
    const std::string expected = std::string{"line 1, column 1, $: expected an object, found '"} + text[0] + "'";
    EXPECT_EQ(failure<point>(text), expected) << text;
    EXPECT_EQ(error_of<point>(text).code(), dt::errc::malformed_json) << text;
  }
  EXPECT_EQ(error_of<point>("true").code(), dt::errc::malformed_value);
  EXPECT_EQ(error_of<point>("null ").code(), dt::errc::unexpected_null);
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

struct eight_fields {
  std::int64_t id;
  int quantity;
  double price;
  bool active;
  std::string name;
  std::string created;
  std::optional<std::string> token;
  std::optional<int> note;
  bool operator==(const eight_fields&) const = default;
};

TEST(Json, AllOrdersOfEightKeysAreRead) {
  const eight_fields expected{7, -3, 1.5, true, "a", "a longer text than fits", "t", std::nullopt};
  std::array<std::string, 8> members{R"("id":7)",        R"("quantity":-3)", R"("price":1.5)",
                                     R"("active":true)", R"("name":"a")",    R"("created":"a longer text than fits")",
                                     R"("token":"t")",   R"("note":null)"};
  std::sort(members.begin(), members.end());
  std::size_t orders = 0;
  do {
    std::string object = "{";
    for (const std::string& member : members) object += (object.size() == 1 ? "" : ",") + member;
    object += '}';
    const auto read = dt::json::decode<eight_fields>(object);
    ASSERT_TRUE(read.has_value()) << object;
    ASSERT_EQ(*read, expected) << object;
    ++orders;
  } while (std::next_permutation(members.begin(), members.end()));
  EXPECT_EQ(orders, 40320u);
}

TEST(Json, AnyOrderOfKeysMayBeSpacedOutEscapedAndMixedWithUnknownOnes) {
  const eight_fields expected{7, -3, 1.5, false, "a", "b", std::nullopt, 4};
  const std::vector<std::string> members{R"("id" : 7)",
                                         R"("quantity":-3)",
                                         R"("\u0070rice":1.5)",
                                         R"("active" :false)",
                                         R"("name": "a")",
                                         R"("creat\u0065d":"b")",
                                         R"("note"
: 4)",
                                         R"("notes":[1,{"id":2}])",
                                         R"("i":1)",
                                         R"("quantit":2)",
                                         R"("":3)",
                                         R"("id\u0000":5)"};
  std::mt19937 random(5);
  for (int i = 0; i < 3000; ++i) {
    std::vector<std::string> now = members;
    std::shuffle(now.begin(), now.end(), random);
    std::string object = "{ ";
    for (const std::string& member : now) object += (object.size() == 2 ? "" : i % 2 == 0 ? " ,\n " : ",") + member;
    object += i % 3 == 0 ? "\n}" : "}";
    const auto read = dt::json::decode<eight_fields>(object);
    ASSERT_TRUE(read.has_value()) << object << read.error().context();
    ASSERT_EQ(*read, expected) << object;
  }
}

/// Reads `Struct`, whose members are all `int`, in many orders; member `i` is i + 1. Keys that look alike change
/// nothing.
template <class Struct, std::size_t Count>
void expect_members(const std::array<std::string_view, Count>& names, std::span<const std::string_view> others) {
  std::mt19937 random(9);
  std::array<std::size_t, Count> order{};
  for (std::size_t i = 0; i < Count; ++i) order[i] = i;
  for (int round = 0; round < 200; ++round) {
    std::string object = "{";
    for (const std::size_t i : order) {
      object += (object.size() == 1 ? "\"" : ",\"") + std::string{names[i]} + "\":" + std::to_string(i + 1);
      object += ",\"" + std::string{others[random() % others.size()]} + "\":true";
    }
    object += "}";
    const auto read = dt::json::decode<Struct>(object);
    ASSERT_TRUE(read.has_value()) << object << read.error().context();
    int expected = 0;
    const auto check = [&](int member) { EXPECT_EQ(member, ++expected) << object; };
    dt::with_fields(*read, [&](const auto&... members) { (check(members), ...); });
    std::shuffle(order.begin(), order.end(), random);
  }
}

TEST(Json, KeysThatDifferOnlyBehindTheirFirstCharactersAreToldApart) {
  struct alike {
    int a, ab, abc, abcd, abcdefgh, abcdefghi, abcdefghij, abcdefghijklmnop, abcdefghijklmnopq, abcdefghijklmnopr;
  };
  static constexpr std::array<std::string_view, 10> names{"a",
                                                          "ab",
                                                          "abc",
                                                          "abcd",
                                                          "abcdefgh",
                                                          "abcdefghi",
                                                          "abcdefghij",
                                                          "abcdefghijklmnop",
                                                          "abcdefghijklmnopq",
                                                          "abcdefghijklmnopr"};
  static constexpr std::string_view others[] = {"",
                                                "b",
                                                "abcde",
                                                "abcdefg",
                                                "abcdefgi",
                                                "abcdefghj",
                                                "bbcdefghij",
                                                "A",
                                                "abcdefghijklmnopqr",
                                                "abcdefghijklmnops"};
  expect_members<alike>(names, others);

  struct columns {
    int customer_address_line_1, customer_address_line_2, customer_address_line_3, customer_address_town;
  };
  static constexpr std::array<std::string_view, 4> column_names{"customer_address_line_1", "customer_address_line_2",
                                                                "customer_address_line_3", "customer_address_town"};
  static constexpr std::string_view other_columns[] = {"customer_address_line_4", "customer_address_line_",
                                                       "customer_address", "Customer_address_line_1"};
  expect_members<columns>(column_names, other_columns);
}

TEST(Json, MoreMembersThanOneRunHoldsAreReadInAnyOrder) {
  struct wide {
    int m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21, m22, m23,
        m24, m25, m26, m27, m28, m29, m30, m31, m32, m33;
  };
  std::array<std::string, 34> text;
  std::array<std::string_view, 34> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = text[i] = "m" + std::to_string(i);
  static constexpr std::string_view others[] = {"m", "m34", "m00", "n1", "m3\\u0035"};
  expect_members<wide>(names, others);
}

TEST(Json, AKeyIsAMembersOnlyWhenAllOfItIs) {
  // Whatever the table makes of them: every one-character change of a key is another key.
  for (const std::string_view name : {"id", "quantity", "price"}) {
    for (std::size_t at = 0; at < name.size(); ++at) {
      for (int c = 0x20; c < 0x7F; ++c) {
        std::string key{name};
        key[at] = static_cast<char>(c);
        if (key == name || c == '"' || c == '\\') continue;
        const auto read = dt::json::decode<eight_fields>("{\"" + key + "\":1}");
        ASSERT_FALSE(read.has_value());
        ASSERT_EQ(read.error().code(), dt::errc::row_mismatch) << key;
        ASSERT_NE(read.error().context().find("missing \"id\", \"quantity\", \"price\""), std::string_view::npos)
            << key;
      }
    }
  }
}

TEST(Json, AKeyThatComesTwiceIsFoundInEveryOrder) {
  for (const char* text :
       {R"({"id":1,"id":2})", R"({"quantity":1,"id":1,"quantity":2})", R"({"price":1,"price" :2})",
        R"({"note":1,"id":1,"n\u006fte":2})", R"({"name":"","created":"","id":1,"quantity":1,"name":""})"}) {
    EXPECT_NE(failure<eight_fields>(text).find("is given twice"), std::string::npos) << text;
  }
}

TEST(Json, TextsAreReadUpToTheirLastByteAndNoFurther) {
  // Each text has memory of its own size, so that a sanitizer sees a load behind it.
  const std::string whole = R"({"x":12345678,"y":87654321})";
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const std::vector<char> exact(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const auto read = dt::json::decode<point>(std::string_view{exact.data(), exact.size()});
    EXPECT_EQ(read.has_value(), size == whole.size()) << size;
  }
  for (int byte = 0; byte < 256; ++byte) {
    const std::vector<char> one(1, static_cast<char>(byte));
    const std::string_view text(one.data(), 1);
    EXPECT_FALSE(dt::json::decode<point>(text).has_value());
    EXPECT_FALSE(dt::json::decode<std::string>(text).has_value());
    EXPECT_FALSE(dt::json::decode<bool>(text).has_value());
    EXPECT_EQ(dt::json::decode<double>(text).has_value(), byte >= '0' && byte <= '9');
    EXPECT_EQ(dt::json::decode<dt::json_text>(text).has_value(), byte >= '0' && byte <= '9');
  }
  for (std::size_t size = 0; size < 70; ++size) {
    const std::string quoted = '"' + std::string(size, 'q') + '"';
    const std::vector<char> exact(quoted.begin(), quoted.end());
    EXPECT_EQ(dt::json::decode<std::string>(std::string_view{exact.data(), exact.size()}).value(),
              std::string(size, 'q'));
    EXPECT_FALSE(dt::json::decode<std::string>(std::string_view{exact.data(), exact.size() - 1}).has_value());
  }
}

void expect_nearest(const std::string& text) {
  const double wide = std::strtod(text.c_str(), nullptr);
  if (std::isfinite(wide)) {
    ASSERT_EQ(std::bit_cast<std::uint64_t>(dt::json::decode<double>(text).value()), std::bit_cast<std::uint64_t>(wide))
        << text;
  } else {
    ASSERT_EQ(error_of<double>(text).code(), dt::errc::value_out_of_range) << text;
  }
  const float narrow = std::strtof(text.c_str(), nullptr);
  if (std::isfinite(narrow)) {
    ASSERT_EQ(std::bit_cast<std::uint32_t>(dt::json::decode<float>(text).value()), std::bit_cast<std::uint32_t>(narrow))
        << text;
  } else {
    ASSERT_EQ(error_of<float>(text).code(), dt::errc::value_out_of_range) << text;
  }
}

TEST(Json, NumbersNearTheMiddleBetweenTwoAreRoundedAsStrtodDoes) {
  std::mt19937_64 random(11);
  // The exact middle between two neighbours, written with a fraction, and what is one digit beside it.
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t middle = ((std::uint64_t{1} << 53 | random() >> 11) << 1) | 1;  // 55 bits: half of a unit
    for (const std::uint64_t near : {middle - 1, middle, middle + 1}) {
      expect_nearest(std::to_string(near));
      expect_nearest(std::to_string(near * 5) + "e-1");
      expect_nearest(std::to_string(near * 25) + "e-2");
      expect_nearest(std::to_string(near) + "e" + std::to_string(static_cast<int>(random() % 60) - 30));
      expect_nearest(std::to_string(near * 5 / 10) + "." + std::to_string(near * 5 % 10) + "000000000000000000001");
    }
    const std::uint64_t single = ((std::uint64_t{1} << 24 | random() >> 40) << 1) | 1;
    for (const std::uint64_t near : {single * 5 - 1, single * 5, single * 5 + 1})
      expect_nearest(std::to_string(near) + "e-1");
  }
  for (int power = -30; power <= 30; ++power) {
    for (const char* digits :
         {"1", "9", "4503599627370497.5", "9007199254740991", "9007199254740992", "9007199254740993",
          "9007199254740994", "9007199254740995", "9999999999999999999", "9223372036854775807", "9223372036854775808",
          "1.7976931348623157", "8.5899345", "16777217", "16777219"}) {
      expect_nearest(std::string{digits} + "e" + std::to_string(power));
      expect_nearest("-" + std::string{digits} + "E+" + std::to_string(power < 0 ? -power : power));
    }
  }
}

TEST(Json, NumbersAtTheEndsOfTheRangeAreRoundedAsStrtodDoes) {
  for (const char* text : {"0",
                           "-0",
                           "0.0e99",
                           "-0e-99",
                           "5e-324",
                           "4.9406564584124654e-324",
                           "2.4703282292062327e-324",
                           "2.4703282292062328e-324",
                           "2.2250738585072014e-308",
                           "2.2250738585072011e-308",
                           "2.225073858507201e-308",
                           "1.7976931348623157e308",
                           "1.7976931348623158e308",
                           "1.7976931348623159e308",
                           "179769313486231580793728971405301e276",
                           "1e308",
                           "1e309",
                           "1e-323",
                           "1e-325",
                           "1e-999999999999999999999",
                           "1e999999999999999999999",
                           "0.000000000000000000000000000000000000000000001",
                           "1.401298464324817e-45",
                           "7.006492321624085e-46",
                           "7.006492321624086e-46",
                           "3.4028235e38",
                           "3.4028235677973366e38",
                           "3.4028235677973362e38",
                           "1.17549435e-38",
                           "123456789012345678901234567890",
                           "0.12345678901234567890123456789",
                           "18446744073709551615",
                           "18446744073709551616",
                           "18446744073709551615e27",
                           "1e27",
                           "1e28",
                           "1e-27",
                           "1e-28",
                           "18446744073709551615e-27",
                           "7450580596923828125e-27"}) {
    expect_nearest(text);
  }
}

TEST(Json, DoublesAreWrittenInTheTextOfToChars) {
  const auto expect_same = [](auto value) {
    char text[64];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    ASSERT_EQ(written(value), std::string(text, static_cast<std::size_t>(end - text)));
  };
  std::mt19937_64 random(12);
  for (int i = -30000; i < 30000; ++i) {
    expect_same(i / 10000.0);
    expect_same(static_cast<float>(i) / 10000.0f);
    expect_same(i * 1000.0);
    expect_same(std::nextafter(i / 100.0, 0.0));
  }
  for (int i = 0; i < 50000; ++i) {
    const auto digits = static_cast<double>(random() >> (11 + random() % 50));
    for (const double unit : {1.0, 10.0, 100.0, 10000.0, 100000.0}) {
      expect_same(digits / unit);
      expect_same(-static_cast<float>(digits / unit));
    }
  }
  for (const double value :
       {0.0, -0.0, 0.001, 0.0001, 99999.0, 100000.0, 120000.0, 1e11, 99999999999.9999, 0.30000000000000004}) {
    expect_same(value);
  }
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
