#include <dovetail/base/calendar_writing.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace {

namespace detail = dovetail::detail;

constexpr bool fraction_is(std::uint32_t nanos, int digits, std::string_view expected) {
  char out[16]{};
  const char* const end = detail::write_fraction(out, nanos, digits);
  return std::string_view{out, static_cast<std::size_t>(end - out)} == expected;
}
static_assert(fraction_is(123'456'789, 9, ".123456789") && fraction_is(123'456'000, 6, ".123456"));
static_assert(fraction_is(5'000, 6, ".000005") && fraction_is(120'000'000, 2, ".12") &&
              fraction_is(1'000'000, 3, ".001"));

TEST(CalendarWriting, AFractionHasItsDigitsAndItsLeadingZeros) {
  EXPECT_TRUE(fraction_is(123'456'789, 9, ".123456789"));
  EXPECT_TRUE(fraction_is(5'000, 6, ".000005"));
  EXPECT_TRUE(fraction_is(900'000'000, 1, ".9"));
}

constexpr bool number_is(std::uint64_t value, int least, std::string_view expected) {
  char out[24]{};
  const char* const end = detail::write_number(out, value, least);
  return std::string_view{out, static_cast<std::size_t>(end - out)} == expected;
}
static_assert(number_is(0, 2, "00") && number_is(7, 4, "0007") && number_is(12345, 4, "12345"));
static_assert(number_is(std::numeric_limits<std::uint64_t>::max(), 2, "18446744073709551615"));

TEST(CalendarWriting, ANumberHasAtLeastTheAskedDigits) {
  EXPECT_TRUE(number_is(0, 2, "00"));
  EXPECT_TRUE(number_is(12345, 4, "12345"));
}

constexpr bool all_pairs_are_written() {
  for (unsigned i = 0; i < 100; ++i) {
    char out[2]{};
    if (detail::write_two(out, i) != out + 2 || out[0] != '0' + static_cast<int>(i / 10) ||
        out[1] != '0' + static_cast<int>(i % 10)) {
      return false;
    }
  }
  return true;
}
static_assert(all_pairs_are_written());

TEST(CalendarWriting, EveryPairOfDigitsIsWritten) { EXPECT_TRUE(all_pairs_are_written()); }

}  // namespace
