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

TEST(HttpCharacters, ATokenEndsAtTheFirstCharacterThatIsNoneOfItsOwnWhereverThatIs) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~0123456789";  // RFC 9110 section 5.6.2, beside letters
  for (const char around : {'a', 'Z', '-', '7', '_'}) {
    for (std::size_t at = 0; at < 40; ++at) {
      for (int code = 0; code < 256; ++code) {
        std::string text(40, around);
        const auto c = static_cast<char>(code);
        text[at] = c;
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        const bool is_of_token = is_letter || (c != '\0' && others.find(c) != others.npos);
        ASSERT_EQ(characters::token_length(text), is_of_token ? text.size() : at) << at << " " << code;
        ASSERT_EQ(characters::token_length(text.substr(0, at + 1)), is_of_token ? at + 1 : at) << at << " " << code;
      }
    }
  }
  EXPECT_BOTH_TIMES(characters::token_length("X-Content-Type-Options: nosniff"sv) == 22);
  EXPECT_BOTH_TIMES(characters::token_length(""sv) == 0 && characters::token_length(":"sv) == 0);
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
