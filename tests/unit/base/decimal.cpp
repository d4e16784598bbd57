#include <dovetail/base/decimal.hpp>

#include <gtest/gtest.h>

#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
using dt::decimal;

constexpr decimal read(std::string_view text) {
  decimal value;
  if (!dt::parse_decimal(text, value)) return decimal::nan();
  return value;
}

constexpr bool has_text(const decimal& value, std::string_view text) {
  char buffer[128]{};
  const char* const end = dt::format_decimal(buffer, value);
  return std::string_view{buffer, static_cast<std::size_t>(end - buffer)} == text &&
         dt::decimal_text_size(value) == text.size();
}

struct text_case {
  std::string_view written, shown;
  int scale;
};

constexpr text_case text_cases[] = {
    {"0", "0", 0},
    {"-0", "0", 0},
    {"-0.00", "0.00", 2},
    {"000.100", "0.100", 3},
    {"12.50", "12.50", 2},
    {"-0.05", "-0.05", 2},
    {".5", "0.5", 1},
    {"5.", "5", 0},
    {"+3", "3", 0},
    {"1e3", "1000", 0},
    {"1.5e1", "15", 0},
    {"1.25e1", "12.5", 1},
    {"12e-4", "0.0012", 4},
    {"0e9", "0", 0},
    {"9999999999999999999", "9999999999999999999", 0},
    {"10000000000000000000", "10000000000000000000", 0},
    {"18446744073709551615", "18446744073709551615", 0},
    {"18446744073709551616", "18446744073709551616", 0},
    {"-184467440737095516.16", "-184467440737095516.16", 2},
    {"0.00000000000000000000000000000001", "0.00000000000000000000000000000001", 32},
    {"123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789", 9},
    {"1e30", "1000000000000000000000000000000", 0},
    {"NaN", "NaN", 0},
    {"infinity", "Infinity", 0},
    {"-inf", "-Infinity", 0},
};

constexpr bool all_text_cases_hold() {
  for (const text_case& each : text_cases) {
    const decimal value = read(each.written);
    if (!has_text(value, each.shown) || value.scale() != each.scale) return false;
    if (read(each.shown) != value || read(each.shown).scale() != each.scale) return false;
  }
  return true;
}
static_assert(all_text_cases_hold());

TEST(Decimal, TextComesBackWithItsScale) {
  for (const text_case& each : text_cases) {
    EXPECT_EQ(to_string(read(each.written)), each.shown);
    EXPECT_EQ(read(each.written).scale(), each.scale) << each.written;
    EXPECT_EQ(read(each.shown), read(each.written));
  }
}

constexpr bool malformed_text_leaves_the_value_alone() {
  for (const std::string_view text : {"", "-", ".", "1.2.3", "1e", "abc", " 1", "1 ", "-nan", "0x1", "1e-16384"}) {
    decimal value{7};
    if (dt::parse_decimal(text, value) || value != 7) return false;
  }
  return true;
}
static_assert(malformed_text_leaves_the_value_alone());

TEST(Decimal, MalformedTextIsRefusedAndLeavesTheValueAlone) { EXPECT_TRUE(malformed_text_leaves_the_value_alone()); }

TEST(Decimal, TheLimitsOfPostgreSqlAreReachedAndNotPassed) {
  decimal value;
  const std::string whole(131072, '9');
  const std::string fraction(16383, '9');
  ASSERT_TRUE(dt::parse_decimal(whole + '.' + fraction, value));
  EXPECT_EQ(to_string(value), whole + '.' + fraction);
  EXPECT_EQ(value.digit_count(), decimal::maximum_digits);
  EXPECT_FALSE(dt::parse_decimal('1' + whole + '.' + fraction, value));
  EXPECT_FALSE(dt::parse_decimal(whole + '.' + fraction + '0', value));
  EXPECT_TRUE(dt::parse_decimal("000" + whole + '.' + fraction, value));
  // Digits before the point have a limit of their own, whatever is left of those behind it.
  EXPECT_TRUE(dt::parse_decimal("1e131071", value));
  EXPECT_FALSE(dt::parse_decimal("1e131072", value));
  EXPECT_FALSE(dt::parse_decimal("1" + whole + ".5", value));
  EXPECT_TRUE(dt::parse_decimal(whole + ".5", value));
  EXPECT_FALSE(value.rescale(0)) << "rounding carries into one digit more";
  EXPECT_FALSE(dt::parse_decimal("1e2000000000", value));
  EXPECT_FALSE(dt::parse_decimal("1e-2000000000", value));
}

struct order_case {
  std::string_view low, high;
};

constexpr order_case order_cases[] = {
    {"1.0", "1.01"},
    {"-1.01", "-1.0"},
    {"-1", "0"},
    {"-0.0001", "0.000"},
    {"0", "0.0000000000000000000000000000000000001"},
    {"0.09", "0.1"},
    {"9.99", "10"},
    {"0.10", "0.11"},
    {"18446744073709551615", "18446744073709551616"},
    {"18446744073709551615.9", "18446744073709551616"},
    {"-18446744073709551616", "-18446744073709551615"},
    {"99999999999999999999999999999", "99999999999999999999999999999.000001"},
    {"2", "10000000000000000000000000000000000000000"},
    {"-10000000000000000000000000000000000000000", "2"},
    {"-Infinity", "-1e100"},
    {"1e100", "Infinity"},
    {"-Infinity", "Infinity"},
    {"Infinity", "NaN"},
    {"-Infinity", "NaN"},
    {"0", "NaN"},
};

constexpr bool all_order_cases_hold() {
  for (const order_case& each : order_cases) {
    const decimal low = read(each.low);
    const decimal high = read(each.high);
    if (!(low < high) || !(high > low) || low == high || (low <=> low) != 0 || (high <=> high) != 0) return false;
  }
  return true;
}
static_assert(all_order_cases_hold());

TEST(Decimal, OrderIsByValueAndTotal) {
  for (const order_case& each : order_cases) {
    EXPECT_LT(read(each.low), read(each.high)) << each.low << ' ' << each.high;
    EXPECT_GT(read(each.high), read(each.low)) << each.low << ' ' << each.high;
  }
}

constexpr bool scale_makes_no_difference() {
  return decimal{"1.0"} == decimal{"1.00"} && decimal{"1"} == decimal{"1.000"} && decimal{"0"} == decimal{"-0.00"} &&
         read("100000000000000000000.0") == read("1e20") && read("-100000000000000000000.00") == read("-1e20") &&
         read("1.00000000000000000000000000") == 1 && decimal::nan() == decimal::nan() &&
         decimal::infinity() == read("inf") && decimal::infinity() != decimal::negative_infinity();
}
static_assert(scale_makes_no_difference());

TEST(Decimal, EqualNumbersAreEqualWhateverTheirScale) { EXPECT_TRUE(scale_makes_no_difference()); }

TEST(Decimal, OrderAgreesWithThatOfFractionsWithACommonDenominator) {
  std::vector<std::pair<std::int64_t, decimal>> numbers;  // in thousandths
  for (std::int64_t digits = -120; digits <= 120; ++digits) {
    std::int64_t unit = 1000;
    for (int scale = 0; scale <= 3; ++scale, unit /= 10) {
      decimal value;
      ASSERT_TRUE(value.assign_digits(digits < 0, std::to_string(digits < 0 ? -digits : digits), scale));
      numbers.emplace_back(digits * unit, std::move(value));
    }
  }
  for (const auto& [x, a] : numbers) {
    for (const auto& [y, b] : numbers) ASSERT_EQ(a <=> b, std::weak_ordering{x <=> y}) << a.scale() << ' ' << b.scale();
  }
}

constexpr bool integers_come_back() {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::int64_t low = 0;
  std::uint64_t high = 0;
  std::int8_t small = 0;
  return decimal{least}.to_integer(low) && low == least && decimal{most}.to_integer(high) && high == most &&
         has_text(decimal{least}, "-9223372036854775808") && has_text(decimal{most}, "18446744073709551615") &&
         decimal{"12.00"}.to_integer(small) && small == 12 && decimal{"-128"}.to_integer(small) && small == -128 &&
         decimal{"0.000"}.to_integer(small) && small == 0 && read("7.00000000000000000000000").to_integer(small) &&
         small == 7 && decimal{0u}.is_zero();
}
static_assert(integers_come_back());

TEST(Decimal, EveryIntegerComesBackAndSoDoesAFractionOfZeros) { EXPECT_TRUE(integers_come_back()); }

constexpr bool what_is_no_integer_is_refused() {
  for (const std::string_view text : {"128", "-129", "1.5", "0.01", "300", "1e20", "1e30", "-1e30", "NaN", "inf",
                                      "0.00000000000000000000000000000000000000000001", "7.00000000000000000000001"}) {
    std::int8_t value = 42;
    if (read(text).to_integer(value) || value != 42) return false;
  }
  std::int64_t value = 42;
  return !read("9223372036854775808").to_integer(value) && !read("-9223372036854775809").to_integer(value) &&
         value == 42;
}
static_assert(what_is_no_integer_is_refused());

TEST(Decimal, ANumberThatIsNoIntegerOfTheTypeIsRefused) { EXPECT_TRUE(what_is_no_integer_is_refused()); }

struct scale_case {
  std::string_view from;
  int scale;
  std::string_view to;
};

constexpr scale_case scale_cases[] = {
    {"1", 2, "1.00"},
    {"1.005", 2, "1.01"},
    {"1.0049", 2, "1.00"},
    {"-1.005", 2, "-1.01"},
    {"9.995", 2, "10.00"},
    {"999.5", 0, "1000"},
    {"0.5", 0, "1"},
    {"0.49", 0, "0"},
    {"-0.4", 0, "0"},
    {"0.04", 0, "0"},
    {"0.05", 1, "0.1"},
    {"0", 3, "0.000"},
    {"0.000", 0, "0"},
    {"18446744073709551615", 1, "18446744073709551615.0"},
    {"18446744073709551615.5", 0, "18446744073709551616"},
    {"99999999999999999999999.99", 1, "100000000000000000000000.0"},
};

constexpr bool all_scale_cases_hold() {
  for (const scale_case& each : scale_cases) {
    decimal value = read(each.from);
    if (!value.rescale(each.scale) || !has_text(value, each.to)) return false;
  }
  return true;
}
static_assert(all_scale_cases_hold());

TEST(Decimal, ANewScaleAddsZerosOrRoundsHalfAwayFromZero) {
  for (const scale_case& each : scale_cases) {
    decimal value = read(each.from);
    EXPECT_TRUE(value.rescale(each.scale));
    EXPECT_EQ(to_string(value), each.to) << each.from;
  }
}

TEST(Decimal, AScaleBeyondTheLimitsIsRefused) {
  decimal value{"1.5"};
  EXPECT_FALSE(value.rescale(-1));
  EXPECT_FALSE(value.rescale(decimal::maximum_scale + 1));
  EXPECT_EQ(to_string(value), "1.5");
  decimal largest = read("1e147454");
  EXPECT_FALSE(largest.rescale(1));
  decimal nan = decimal::nan();
  EXPECT_FALSE(nan.rescale(0));
}

constexpr bool signs_turn() {
  return -decimal{"1.50"} == decimal{"-1.5"} && -(-read("1e40")) == read("1e40") && !(-decimal{}).is_negative() &&
         -decimal::infinity() == decimal::negative_infinity() && (-decimal::nan()).is_nan() &&
         !(-decimal::nan()).is_negative();
}
static_assert(signs_turn());

TEST(Decimal, NegationTurnsTheSignOfEverythingButZeroAndNaN) { EXPECT_TRUE(signs_turn()); }

constexpr bool digits_come_back() {
  decimal value;
  char digits[40]{};
  return value.assign_digits(true, "0012345678901234567890123", 5) && value.digit_count() == 23 &&
         has_text(value, "-123456789012345678.90123") && value.copy_digits(digits) == digits + 23 &&
         std::string_view{digits, 23} == "12345678901234567890123" && !value.assign_digits(false, "1a", 0) &&
         !value.assign_digits(false, "1", -1) && !value.assign_digits(false, "1", 16384) && value.digit_count() == 23 &&
         value.assign_digits(true, "", 2) && has_text(value, "0.00") && value.digit_count() == 0;
}
static_assert(digits_come_back());

TEST(Decimal, DigitsAndScaleComeBack) { EXPECT_TRUE(digits_come_back()); }

TEST(Decimal, CopiesAndMovesOfShortAndLongNumbersAreTheNumber) {
  const decimal numbers[] = {0, decimal{"1.5"}, read("123456789012345678901234567890"), decimal::nan(), read("-1e40")};
  for (const decimal& a : numbers) {
    for (const decimal& b : numbers) {
      decimal copy(a);
      EXPECT_EQ(copy, a);
      copy = b;
      EXPECT_EQ(copy, b);
      decimal source(a);
      copy = std::move(source);
      EXPECT_EQ(copy, a);
      source = b;  // a moved-from number can be assigned to
      EXPECT_EQ(source, b);
      const decimal& self = copy;
      copy = self;
      EXPECT_EQ(copy, a);
    }
  }
}

TEST(Decimal, TheNearestDoubleIsFoundOrAnInfinityBeyondItsRange) {
  EXPECT_EQ(decimal{"0.1"}.to_double(), 0.1);
  EXPECT_EQ(decimal{"-12.50"}.to_double(), -12.5);
  EXPECT_EQ(read("123456789012345678901234567890").to_double(), 123456789012345678901234567890.0);
  EXPECT_EQ(read("1e400").to_double(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(read("-1e400").to_double(), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(read("1e-400").to_double(), 0.0);
  EXPECT_NE(decimal::nan().to_double(), decimal::nan().to_double());
  EXPECT_EQ(decimal::negative_infinity().to_double(), -std::numeric_limits<double>::infinity());
}

static_assert(sizeof(decimal) == 16);
static_assert(std::is_nothrow_move_constructible_v<decimal> && std::is_nothrow_move_assignable_v<decimal>);
static_assert(std::is_convertible_v<int, decimal> && std::is_convertible_v<std::uint64_t, decimal>);
static_assert(!std::is_constructible_v<decimal, double> && !std::is_constructible_v<decimal, bool> &&
              !std::is_constructible_v<decimal, char>);
constexpr decimal price{"9.90"};  // a literal can be a constant

TEST(Decimal, ALiteralIsAConstant) { EXPECT_EQ(to_string(price), "9.90"); }

}  // namespace
