#include <dovetail/base/name.hpp>

#include <gtest/gtest.h>

#include <string_view>

namespace {

namespace dt = dovetail;

struct style_case {
  std::string_view name;
  std::string_view snake;
};

constexpr style_case snake_cases[] = {
    {"", ""},
    {"id", "id"},
    {"orderId", "order_id"},
    {"OrderId", "order_id"},
    {"HTTPServer", "http_server"},
    {"serverHTTP", "server_http"},
    {"utf8Text", "utf8_text"},
    {"already_snake", "already_snake"},
    {"mixed_Case", "mixed_case"},
    {"aB", "a_b"},
    {"ABC", "abc"},
    {"x2Y", "x2_y"},
    {"_private", "_private"},
    {"trailing_", "trailing_"},
};

constexpr std::string_view in_snake_case(std::string_view name, char (&buffer)[64]) {
  return {buffer, static_cast<std::size_t>(dt::format_snake_case(buffer, name) - buffer)};
}

constexpr bool all_snake_cases_hold() {
  for (const style_case& each : snake_cases) {
    char buffer[64]{};
    if (in_snake_case(each.name, buffer) != each.snake) return false;
  }
  return true;
}
static_assert(all_snake_cases_hold());

TEST(Name, CamelCaseBecomesSnakeCase) {
  for (const style_case& each : snake_cases) EXPECT_EQ(dt::to_snake_case(each.name), each.snake) << each.name;
}

constexpr style_case camel_cases[] = {
    {"", ""},    {"orderId", "order_id"},   {"id", "id"},    {"_orderId", "_order_id"}, {"__x", "__x"}, {"aB", "a__b"},
    {"a", "a_"}, {"utf8Text", "utf8_text"}, {"a1b", "a_1b"},
};

constexpr bool all_camel_cases_hold() {
  for (const style_case& each : camel_cases) {
    char buffer[64]{};
    const char* const end = dt::format_camel_case(buffer, each.snake);
    if (std::string_view{buffer, static_cast<std::size_t>(end - buffer)} != each.name) return false;
  }
  return true;
}
static_assert(all_camel_cases_hold());

TEST(Name, SnakeCaseBecomesCamelCase) {
  for (const style_case& each : camel_cases) EXPECT_EQ(dt::to_camel_case(each.snake), each.name) << each.snake;
}

constexpr bool comparison_regards_letters_only() {
  return dt::equals_ignoring_case("Select", "sELECT") && !dt::equals_ignoring_case("select", "selects") &&
         !dt::equals_ignoring_case("[", "{") && dt::equals_ignoring_case("", "") &&
         dt::starts_with_ignoring_case("INSERT into", "insert") && !dt::starts_with_ignoring_case("in", "insert") &&
         dt::compare_ignoring_case("abc", "ABD") < 0 && dt::compare_ignoring_case("ABC", "abc") == 0 &&
         dt::compare_ignoring_case("ab", "ABC") < 0 && dt::compare_ignoring_case("\xFF", "a") > 0;
}
static_assert(comparison_regards_letters_only());

TEST(Name, ComparisonIgnoresTheCaseOfAsciiLettersAndNothingElse) { EXPECT_TRUE(comparison_regards_letters_only()); }

constexpr bool classes_of_characters_hold_for_every_byte() {
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(static_cast<unsigned char>(i));
    const bool is_upper = i >= 65 && i <= 90;
    const bool is_lower = i >= 97 && i <= 122;
    if (dt::is_ascii_upper(c) != is_upper || dt::is_ascii_lower(c) != is_lower) return false;
    if (dt::is_ascii_letter(c) != (is_upper || is_lower)) return false;
    if (dt::is_ascii_digit(c) != (i >= 48 && i <= 57)) return false;
    if (dt::ascii_lower(c) != (is_upper ? static_cast<char>(i + 32) : c)) return false;
    if (dt::ascii_upper(c) != (is_lower ? static_cast<char>(i - 32) : c)) return false;
  }
  return true;
}
static_assert(classes_of_characters_hold_for_every_byte());

TEST(Name, CharactersAboveAsciiAreNoLettersWhateverTheLocale) {
  EXPECT_TRUE(classes_of_characters_hold_for_every_byte());
}

}  // namespace
