#include <dovetail/base/utf8.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

using namespace std::string_view_literals;
namespace dt = dovetail;

struct utf8_case {
  std::string_view text;
  std::size_t valid;
};

constexpr utf8_case utf8_cases[] = {
    {""sv, 0},
    {"plain text that is longer than eight bytes"sv, 42},
    {"Z\xC3\xBCrich"sv, 7},
    {"\xE2\x82\xAC"sv, 3},
    {"\xF0\x9F\x99\x82"sv, 4},
    {"\xED\x9F\xBF"sv, 3},      // U+D7FF, the last before the surrogates
    {"\xEE\x80\x80"sv, 3},      // U+E000, the first behind them
    {"\xF4\x8F\xBF\xBF"sv, 4},  // U+10FFFF
    {"a\0b"sv, 3},
    {"\x80"sv, 0},              // a continuation without a lead
    {"\xC0\x80"sv, 0},          // overlong
    {"\xC1\xBF"sv, 0},          // overlong
    {"\xE0\x9F\xBF"sv, 0},      // overlong
    {"\xF0\x8F\xBF\xBF"sv, 0},  // overlong
    {"\xED\xA0\x80"sv, 0},      // surrogate
    {"\xF4\x90\x80\x80"sv, 0},  // above U+10FFFF
    {"\xF5\x80\x80\x80"sv, 0},
    {"\xFF"sv, 0},
    {"ab\xC3"sv, 2},  // cut off
    {"ab\xE2\x82"sv, 2},
    {"ab\xF0\x9F\x99"sv, 2},
    {"ab\xC3(x"sv, 2},
    {"12345678\xE2\x82\xAC"
     "12345678\xFF"sv,
     19},
};

constexpr bool all_utf8_cases_hold() {
  for (const utf8_case& each : utf8_cases) {
    if (dt::valid_utf8_prefix(each.text) != each.valid) return false;
    if (dt::is_valid_utf8(each.text) != (each.valid == each.text.size())) return false;
  }
  return true;
}
static_assert(all_utf8_cases_hold());

TEST(Utf8, WellFormedTextIsToldFromOverlongSurrogateAndCutOffOnes) {
  for (const utf8_case& each : utf8_cases) EXPECT_EQ(dt::valid_utf8_prefix(each.text), each.valid) << each.text;
}

TEST(Utf8, AMistakeIsFoundAtEveryPlaceOfALongText) {
  for (std::size_t place = 0; place < 40; ++place) {
    std::string text(40, 'x');
    text[place] = '\xFE';
    EXPECT_EQ(dt::valid_utf8_prefix(text), place);
  }
}

}  // namespace
