#include <dovetail/base/calendar_reading.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace {

namespace detail = dovetail::detail;

constexpr bool a_refused_part_is_not_taken() {
  detail::calendar_reader from("99x-1");
  unsigned two = 7;
  std::uint64_t number = 7;
  std::uint32_t nanos = 7;
  if (from.take_two(59, two) || from.take('x') || from.take_number(3, 1000, number) || two != 7 || number != 7)
    return false;
  if (!from.take_number(1, 99, number) || number != 99 || !from.take('x') || from.take_fraction(nanos)) return false;
  return from.take('-') && !from.at_end() && from.next_is('1') && from.take_number(1, 1, number) && from.at_end();
}
static_assert(a_refused_part_is_not_taken());

TEST(CalendarReading, APartThatIsRefusedIsNotTaken) { EXPECT_TRUE(a_refused_part_is_not_taken()); }

struct zone_case {
  std::string_view text;
  int offset;
};

constexpr zone_case zone_cases[] = {
    {"Z", 0},        {"z", 0},        {"+00", 0},          {"-00:00", 0},
    {"+0130", 5400}, {"-08", -28800}, {"+01:30:15", 5415}, {"-23:59:59", -86399},
};

constexpr bool holds(const zone_case& each) {
  detail::calendar_reader from(each.text);
  int offset = 0;
  return detail::take_zone(from, offset) && from.at_end() && offset == each.offset;
}

constexpr bool all_zone_cases_hold() {
  for (const zone_case& each : zone_cases) {
    if (!holds(each)) return false;
  }
  return true;
}
static_assert(all_zone_cases_hold());

TEST(CalendarReading, ZonesAreSecondsEastOfGreenwich) {
  for (const zone_case& each : zone_cases) EXPECT_TRUE(holds(each)) << each.text;
}

constexpr bool fraction_is(std::string_view text, std::uint32_t expected) {
  detail::calendar_reader from(text);
  std::uint32_t nanos = 0;
  return from.take_fraction(nanos) && nanos == expected;
}
static_assert(fraction_is("5", 500'000'000) && fraction_is("000000001", 1) && fraction_is("123456789000", 123'456'789));
static_assert(!fraction_is("1234567891", 123'456'789) && !fraction_is("", 0) && !fraction_is("x", 0));

TEST(CalendarReading, AFractionIsCountedInNanoseconds) {
  EXPECT_TRUE(fraction_is("25", 250'000'000));
  EXPECT_TRUE(fraction_is("999999999", 999'999'999));
  EXPECT_FALSE(fraction_is("0000000001", 0));
}

constexpr bool the_fast_form_agrees_with_the_general_one() {
  // A sign in front keeps a date from the fast way, and means nothing.
  for (const std::string_view text :
       {"+2024-02-29", "+2023-02-29", "+0000-01-01", "+9999-12-31", "+2024-04-31", "+2024-00-10", "+2024-13-10",
        "+2024-10-00", "+2024-10-32", "+2024-1a-10", "+202x-10-10"}) {
    std::chrono::year_month_day fast{};
    std::chrono::year_month_day general{};
    detail::calendar_reader from(text.substr(1));
    detail::calendar_reader signed_one(text);
    if (detail::take_date(from, fast) != detail::take_date(signed_one, general) || fast != general) return false;
  }
  return true;
}
static_assert(the_fast_form_agrees_with_the_general_one());

TEST(CalendarReading, TheFastFormOfADateAgreesWithTheGeneralOne) {
  EXPECT_TRUE(the_fast_form_agrees_with_the_general_one());
}

}  // namespace
