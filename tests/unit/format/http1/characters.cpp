#include <dovetail/format/http1/characters.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

using namespace std::string_view_literals;
namespace characters = dovetail::http1::detail;

TEST(HttpCharacters, AControlCharacterIsFoundAtAnyPlaceAmongAnyOthers) {
  for (const char around : {'a', ' ', '~', '\x80', '\xFF', '\xA0'}) {
    for (std::size_t at = 0; at < 20; ++at) {
      for (int code = 0; code < 256; ++code) {
        std::string text(20, around);
        text[at] = static_cast<char>(code);
        const bool is_control = code < 0x20 || code == 0x7F;
        ASSERT_EQ(characters::find_control(text, 0), is_control ? at : text.size()) << at << " " << code;
        ASSERT_EQ(characters::find_control(text, at + 1), text.size()) << at << " " << code;
      }
    }
  }
  EXPECT_BOTH_TIMES(characters::find_control("abcdefgh\r\n"sv, 0) == 8);
  EXPECT_BOTH_TIMES(characters::find_control(""sv, 0) == 0);
}

TEST(HttpCharacters, ClassesAreThoseOfTheStandards) {
  // RFC 9110 section 5.6.2
  constexpr std::string_view delimiters = "\"(),/:;<=>?@[\\]{} \t\x7F\x80\xFF"sv;
  for (const char c : delimiters) EXPECT_FALSE(characters::is_in(c, characters::token_character)) << c;
  EXPECT_BOTH_TIMES(characters::is_token("!#$%&'*+-.^_`|~09azAZ") && !characters::is_token(""));
  // RFC 3986 section 2.3
  int unreserved = 0;
  for (int code = 0; code < 256; ++code) {
    unreserved += characters::is_in(static_cast<char>(code), characters::unreserved_character) ? 1 : 0;
  }
  EXPECT_EQ(unreserved, 26 + 26 + 10 + 4);
  EXPECT_BOTH_TIMES(characters::trimmed(" \t a b\t ") == "a b" && characters::trimmed(" \t").empty());
}

}  // namespace
