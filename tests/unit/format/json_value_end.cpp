#include <dovetail/format/json/value_end.hpp>

#include <dovetail/format/json/skip.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace {

using dovetail::detail::json_value_end;

/// How long the value at the beginning of the text is, when the text comes in pieces of this size.
std::optional<std::size_t> end_of(std::string_view text, std::size_t piece) {
  json_value_end of;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const std::string some{text.substr(at, piece)};  // in memory of its own, so that a byte read behind it is seen
    const char* const behind = of.find(some.data(), some.data() + some.size());
    if (behind != nullptr) return at + static_cast<std::size_t>(behind - some.data());
  }
  return {};
}

TEST(JsonValueEnd, IsFoundHoweverTheTextIsCut) {
  for (const std::string_view value :
       {R"({})", R"([])", R"({"a":1})", R"([1,[2,{"b":[]}],"]"])", R"("a\"b")", R"("\\")", R"("")", "12.5e+3", "-0",
        "true", "null", R"({"}":"{","\"]":"\\"})", R"({ "a" : [ "\u0041\\\"" , { } ] })",
        R"("long enough for sixteen")", "\"\xC3\xA9\xE2\x82\xAC and plain text\""}) {
    for (const std::string_view behind : {",", "]", "}", " ", "\n"}) {
      const std::string text = std::string{value} + std::string{behind} + R"({"x":1}])";
      for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        EXPECT_EQ(end_of(text, piece), value.size()) << text << " in pieces of " << piece;
      }
    }
  }
}

TEST(JsonValueEnd, IsWhereTheReaderOfJsonFindsIt) {
  const std::string text = R"({"a":[1,2.5,"x\ny",{"b":null}],"c":{"d":[[],[{}]]},"e":"\ud83d\ude00"},7)";
  dovetail::detail::json_source in{text};
  const char* const behind = dovetail::detail::skip_json_value(in, in.begin);
  ASSERT_NE(behind, nullptr);
  EXPECT_EQ(end_of(text, 3), static_cast<std::size_t>(behind - in.begin));
}

TEST(JsonValueEnd, IsNotThereWhileTheValueMayGoOn) {
  for (const std::string_view text : {"", "1", "tru", R"("a)", R"("a\")", "[1", "{", R"({"a":"}")", "[[]", "[\"]\""}) {
    EXPECT_EQ(end_of(text, 1), std::nullopt) << text;
  }
}

TEST(JsonValueEnd, OfWhatIsNoJsonIsSoonAndLeavesNoJsonInFront) {
  const std::string deep(129, '[');
  for (const std::string_view text : {std::string_view{R"({"a":[1}],7)"}, std::string_view{R"([1}},{"a":1}])"},
                                      std::string_view{",7"}, std::string_view{"]"}, std::string_view{deep}}) {
    const std::optional<std::size_t> size = end_of(text, 1);
    ASSERT_TRUE(size) << text;
    EXPECT_GT(*size, 0U) << text;
    dovetail::detail::json_source in{text.substr(0, *size)};
    const char* const behind = dovetail::detail::skip_json_value(in, in.begin);
    EXPECT_EQ(behind, nullptr) << text;
  }
  EXPECT_EQ(end_of("12\"x\"", 1), 2U) << "who reads on finds no separator";
  EXPECT_EQ(end_of("1{}", 1), 1U);
}

}  // namespace
