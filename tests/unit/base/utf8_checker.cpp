#include <dovetail/base/utf8_checker.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

using namespace std::string_view_literals;
namespace dt = dovetail;

constexpr bool takes_in_two(std::string_view text, std::size_t cut) {
  dt::utf8_checker checker;
  return checker.take(text.substr(0, cut)) && checker.take(text.substr(cut)) && checker.is_whole();
}

TEST(Utf8Checker, TextCutAnywhereIsAsGoodAsWhole) {
  // The first and the last of each length, and the neighbours of the surrogates (RFC 3629 section 4).
  constexpr std::string_view good =
      "a\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF";
  for (std::size_t cut = 0; cut <= good.size(); ++cut) EXPECT_TRUE(takes_in_two(good, cut)) << cut;
  EXPECT_BOTH_TIMES(takes_in_two("\xE2\x82\xAC"sv, 1) && takes_in_two("\xE2\x82\xAC"sv, 2));
}

TEST(Utf8Checker, TheFirstWrongByteIsFoundAndNotForgotten) {
  for (const std::string_view bad :
       {"\x80"sv, "\xC0\x80"sv, "\xC1\xBF"sv, "\xE0\x9F\xBF"sv, "\xED\xA0\x80"sv, "\xF0\x8F\xBF\xBF"sv,
        "\xF4\x90\x80\x80"sv, "\xF5\x80"sv, "\xFF"sv, "\xC2 "sv, "\xE2\x82 "sv, "\xF0\x90\x80 "sv}) {
    dt::utf8_checker checker;
    bool is_good = true;
    for (const char c : bad) is_good = is_good && checker.take({&c, 1});
    EXPECT_FALSE(is_good) << bad;
    EXPECT_FALSE(checker.take("a"));
    EXPECT_FALSE(checker.take(""));
    EXPECT_FALSE(checker.is_whole());
    EXPECT_FALSE(takes_in_two(bad, 0)) << bad;
  }
}

TEST(Utf8Checker, AWrongSecondByteIsFoundBeforeTheOthersCome) {
  dt::utf8_checker overlong;
  EXPECT_TRUE(overlong.take("\xE0"));
  EXPECT_FALSE(overlong.take("\x80"));
}

TEST(Utf8Checker, TextThatEndsInsideACharacterIsNotWhole) {
  dt::utf8_checker checker;
  EXPECT_TRUE(checker.is_whole());
  EXPECT_TRUE(checker.take("abc\xF0\x9F"));
  EXPECT_FALSE(checker.is_whole());
  EXPECT_TRUE(checker.take("\x99\x82"));
  EXPECT_TRUE(checker.is_whole());
}

}  // namespace
