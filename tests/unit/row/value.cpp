#include <dovetail/row/value.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace dt = dovetail;

namespace value_test {
enum class color : std::uint8_t { red, green };
enum class wide : std::int64_t { low = -1 };
}  // namespace value_test

namespace {

using namespace value_test;
using dt::errc;

template <class To, class From>
constexpr bool fits(From value) {
  To out{};
  return dt::assign_integer(value, out) == errc{} && static_cast<From>(out) == value;
}

template <class To, class From>
constexpr bool is_out_of_range(From value) {
  To out{17};
  return dt::assign_integer(value, out) == errc::value_out_of_range && out == 17;
}

/// The limits of `To` fit from an int64, and one more does not.
template <class To>
constexpr bool is_checked() {
  using limits = std::numeric_limits<To>;
  return fits<To>(std::int64_t{limits::max()}) && fits<To>(std::int64_t{limits::min()}) &&
         is_out_of_range<To>(std::int64_t{limits::max()} + 1) && is_out_of_range<To>(std::int64_t{limits::min()} - 1);
}

TEST(AssignInteger, EveryWidthIsCheckedAtItsLimits) {
  static_assert(is_checked<std::int8_t>() && is_checked<std::int16_t>() && is_checked<std::int32_t>());
  static_assert(is_checked<std::uint8_t>() && is_checked<std::uint16_t>() && is_checked<std::uint32_t>());
  EXPECT_TRUE(is_checked<std::int16_t>());
}

TEST(AssignInteger, SixtyFourBitsOfBothSigns) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  constexpr auto all = std::numeric_limits<std::uint64_t>::max();
  EXPECT_BOTH_TIMES(fits<std::int64_t>(most) && fits<std::int64_t>(least) && fits<std::uint64_t>(most));
  EXPECT_BOTH_TIMES(is_out_of_range<std::uint64_t>(std::int64_t{-1}) && is_out_of_range<std::uint64_t>(least));
  EXPECT_BOTH_TIMES(fits<std::uint64_t>(all) && is_out_of_range<std::int64_t>(all));
  EXPECT_BOTH_TIMES(fits<std::int64_t>(std::uint64_t{most}) && is_out_of_range<std::int64_t>(std::uint64_t{most} + 1));
  EXPECT_BOTH_TIMES(is_out_of_range<std::int8_t>(all) && is_out_of_range<std::uint8_t>(all));
}

TEST(AssignInteger, NarrowSourcesFitWiderTargetsOfTheirSign) {
  EXPECT_BOTH_TIMES(fits<std::int64_t>(std::int16_t{-5}) && fits<std::int32_t>(std::uint16_t{65535}));
  EXPECT_BOTH_TIMES(is_out_of_range<std::uint32_t>(std::int16_t{-5}) && fits<std::uint8_t>(std::int8_t{127}));
  EXPECT_BOTH_TIMES(is_out_of_range<std::int8_t>(std::uint8_t{128}) && is_out_of_range<std::uint64_t>(std::int8_t{-1}));
}

TEST(AssignInteger, BoolIsZeroOrOne) {
  bool out = true;
  EXPECT_EQ(dt::assign_integer(0, out), errc{});
  EXPECT_FALSE(out);
  EXPECT_EQ(dt::assign_integer(1, out), errc{});
  EXPECT_TRUE(out);
  EXPECT_EQ(dt::assign_integer(2, out), errc::value_out_of_range);
  EXPECT_EQ(dt::assign_integer(-1, out), errc::value_out_of_range);
  EXPECT_TRUE(out);
}

TEST(AssignReal, AFloatMayLoseDigitsButNotItsMagnitude) {
  float out = 0;
  EXPECT_EQ(dt::assign_real(0.1, out), errc{});
  EXPECT_EQ(out, 0.1F);
  EXPECT_EQ(dt::assign_real(1e300, out), errc::value_out_of_range);
  EXPECT_EQ(dt::assign_real(-1e300, out), errc::value_out_of_range);
  EXPECT_EQ(dt::assign_real(std::numeric_limits<double>::infinity(), out), errc{});
  EXPECT_EQ(out, std::numeric_limits<float>::infinity());
  EXPECT_EQ(dt::assign_real(std::numeric_limits<double>::quiet_NaN(), out), errc{});
  EXPECT_NE(out, out);
  double wide = 0;
  EXPECT_EQ(dt::assign_real(1e300, wide), errc{});
  EXPECT_EQ(wide, 1e300);
  EXPECT_EQ(dt::assign_real(1.5F, wide), errc{});
  EXPECT_EQ(wide, 1.5);
}

TEST(AssignReal, IntegersMustFitExactly) {
  double out = 0;
  EXPECT_EQ(dt::assign_real(std::int64_t{1} << 53, out), errc{});
  EXPECT_EQ(out, 9007199254740992.0);
  EXPECT_EQ(dt::assign_real((std::int64_t{1} << 53) + 1, out), errc::value_out_of_range);
  EXPECT_EQ(dt::assign_real(std::numeric_limits<std::int64_t>::max(), out), errc::value_out_of_range);
  EXPECT_EQ(dt::assign_real(std::numeric_limits<std::int64_t>::min(), out), errc{});
  EXPECT_EQ(dt::assign_real(std::numeric_limits<std::uint64_t>::max(), out), errc::value_out_of_range);
  EXPECT_EQ(dt::assign_real(std::uint64_t{1} << 63, out), errc{});
  float narrow = 0;
  EXPECT_EQ(dt::assign_real(16777217, narrow), errc::value_out_of_range);
  EXPECT_EQ(dt::assign_real(16777216, narrow), errc{});
  EXPECT_EQ(dt::assign_real(std::int8_t{-7}, narrow), errc{});
  EXPECT_EQ(narrow, -7.0F);
}

TEST(AssignText, StringsViewsAndArrays) {
  std::string owned = "longer than before";
  EXPECT_EQ(dt::assign_text("abc", owned), errc{});
  EXPECT_EQ(owned, "abc");
  const std::string with_zero("a\0b", 3);
  EXPECT_EQ(dt::assign_text(with_zero, owned), errc{});
  EXPECT_EQ(owned.size(), 3u);
  EXPECT_EQ(dt::assign_text({}, owned), errc{});
  EXPECT_TRUE(owned.empty());
  std::string_view view;
  EXPECT_EQ(dt::assign_text(with_zero, view), errc{});
  EXPECT_EQ(view.data(), with_zero.data());
  char array[4] = {'x', 'x', 'x', 'x'};
  EXPECT_EQ(dt::assign_text("ab", array), errc{});
  EXPECT_EQ(std::string_view(array, 4), std::string_view("ab\0\0", 4));
  EXPECT_EQ(dt::assign_text("abc", array), errc{});
  EXPECT_EQ(dt::assign_text("abcd", array), errc::value_out_of_range);
  EXPECT_STREQ(array, "abc");
}

TEST(AssignBytes, VectorsViewsAndArrays) {
  const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{0}, std::byte{255}};
  std::vector<std::byte> owned(9);
  EXPECT_EQ(dt::assign_bytes(bytes, owned), errc{});
  EXPECT_EQ(owned, (std::vector<std::byte>{bytes.begin(), bytes.end()}));
  dt::byte_view view;
  EXPECT_EQ(dt::assign_bytes(bytes, view), errc{});
  EXPECT_EQ(view.data(), bytes.data());
  std::array<std::byte, 3> same{};
  EXPECT_EQ(dt::assign_bytes(bytes, same), errc{});
  EXPECT_EQ(same, bytes);
  std::array<std::byte, 4> other{};
  EXPECT_EQ(dt::assign_bytes(bytes, other), errc::value_out_of_range);
}

TEST(AssignEnum, ByNumberAndByName) {
  color out{};
  EXPECT_EQ(dt::assign_enum(1, out), errc{});
  EXPECT_EQ(out, color::green);
  EXPECT_EQ(dt::assign_enum(200, out), errc{});  // no enumerator, and the type can hold it
  EXPECT_EQ(static_cast<int>(out), 200);
  EXPECT_EQ(dt::assign_enum(256, out), errc::value_out_of_range);
  EXPECT_EQ(dt::assign_enum(-1, out), errc::value_out_of_range);
  EXPECT_EQ(dt::assign_enum("red", out), errc{});
  EXPECT_EQ(out, color::red);
  EXPECT_EQ(dt::assign_enum("RED", out), errc::malformed_value);
  EXPECT_EQ(dt::assign_enum("1", out), errc::malformed_value);
  wide low{};
  EXPECT_EQ(dt::assign_enum(std::int64_t{-1}, low), errc{});
  EXPECT_EQ(low, wide::low);
}

}  // namespace
