#include <dovetail/base/decimal_notation.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <string_view>

namespace {

namespace dt = dovetail;
using form = dt::detail::decimal_notation::form;

struct notation_case {
  std::string_view text;
  form what = form::number;
  bool is_negative = false;
  std::string_view whole{}, fraction{};
  std::size_t zeros = 0;
  int scale = 0;
};

constexpr notation_case notation_cases[] = {
    {.text = "0"},
    {.text = "007", .whole = "7"},
    {.text = "-12.50", .is_negative = true, .whole = "12", .fraction = "50", .scale = 2},
    {.text = "+1", .whole = "1"},
    {.text = ".5", .fraction = "5", .scale = 1},
    {.text = "5.", .whole = "5"},
    {.text = "0.0012", .fraction = "12", .scale = 4},
    {.text = "1e3", .whole = "1", .zeros = 3},
    {.text = "1.25E+1", .whole = "1", .fraction = "25", .scale = 1},
    {.text = "1.5e-2", .whole = "1", .fraction = "5", .scale = 3},
    {.text = "0e100"},
    {.text = "0.00e1", .scale = 1},
    {.text = "1e6", .whole = "1", .zeros = 6},
    {.text = "1e-5", .whole = "1", .scale = 5},
    {.text = "nan", .what = form::nan},
    {.text = "-INFINITY", .what = form::infinity, .is_negative = true},
    {.text = "inf", .what = form::infinity},
    {.text = "", .what = form::malformed},
    {.text = "-", .what = form::malformed},
    {.text = ".", .what = form::malformed},
    {.text = "-nan", .what = form::malformed},
    {.text = "infinit", .what = form::malformed},
    {.text = " 1", .what = form::malformed},
    {.text = "1 ", .what = form::malformed},
    {.text = "1.2.3", .what = form::malformed},
    {.text = "1,5", .what = form::malformed},
    {.text = "--1", .what = form::malformed},
    {.text = "e5", .what = form::malformed},
    {.text = "1e", .what = form::malformed},
    {.text = "1e+", .what = form::malformed},
    {.text = "1e1.5", .what = form::malformed},
    {.text = "0x10", .what = form::malformed},
    {.text = "12345678", .what = form::malformed},  // one digit above the limit of this test
    {.text = "1e7", .what = form::malformed},
    {.text = "1e-6", .what = form::malformed},  // the scale is above the limit of this test
    {.text = "1e99999999999999999999", .what = form::malformed},
    {.text = "1e-99999999999999999999", .what = form::malformed},
};

constexpr bool holds(const notation_case& each) {
  const dt::detail::decimal_notation read = dt::detail::read_decimal_notation(each.text, 5, 7);
  if (read.what != each.what) return false;
  if (read.what == form::infinity) return read.is_negative == each.is_negative;
  if (read.what != form::number) return true;
  return read.is_negative == each.is_negative && read.whole == each.whole && read.fraction == each.fraction &&
         read.zeros == each.zeros && read.scale == each.scale;
}

constexpr bool all_notation_cases_hold() {
  for (const notation_case& each : notation_cases) {
    if (!holds(each)) return false;
  }
  return true;
}
static_assert(all_notation_cases_hold());

TEST(DecimalNotation, SignDigitsAndScaleAreFoundAndOtherTextsRefused) {
  for (const notation_case& each : notation_cases) EXPECT_TRUE(holds(each)) << each.text;
}

}  // namespace
