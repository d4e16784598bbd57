#include <dovetail/base/calendar_parts.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>

namespace {

namespace dt = dovetail;
using namespace std::chrono;
using dt::detail::second_parts;

template <class Duration>
constexpr bool comes_back(Duration value) {
  second_parts parts;
  Duration read{};
  return dt::detail::to_parts(value, parts) && parts.nanos < dt::detail::nanos_per_second &&
         dt::detail::to_duration(parts, read) && read == value;
}

template <class Duration>
constexpr bool limits_come_back() {
  return comes_back(Duration::min()) && comes_back(Duration::min() + Duration{1}) && comes_back(Duration{-1}) &&
         comes_back(Duration{0}) && comes_back(Duration{1}) && comes_back(Duration::max());
}
using ticks_of_ten_milliseconds = duration<std::int64_t, std::centi>;
using short_seconds = duration<std::int16_t>;
static_assert(limits_come_back<nanoseconds>() && limits_come_back<microseconds>() && limits_come_back<milliseconds>());
static_assert(limits_come_back<seconds>() && limits_come_back<ticks_of_ten_milliseconds>());
static_assert(limits_come_back<short_seconds>() && limits_come_back<duration<std::uint64_t, std::milli>>() == false);
static_assert(limits_come_back<duration<std::int32_t, days::period>>());

TEST(CalendarParts, TheLimitsOfADurationComeBackFromItsParts) {
  EXPECT_TRUE(limits_come_back<nanoseconds>());
  EXPECT_TRUE(limits_come_back<microseconds>());
  EXPECT_TRUE(limits_come_back<milliseconds>());
  EXPECT_TRUE(limits_come_back<seconds>());
  EXPECT_TRUE(limits_come_back<short_seconds>());
}

template <class Duration>
constexpr bool refuses(second_parts parts) {
  Duration value{42};
  return !dt::detail::to_duration(parts, value) && value == Duration{42};
}

constexpr bool what_does_not_fit_is_refused() {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  second_parts parts;
  return refuses<nanoseconds>({9'223'372'036, 854'775'808}) && refuses<nanoseconds>({-9'223'372'037, 145'224'191}) &&
         refuses<nanoseconds>({most, 0}) && refuses<nanoseconds>({least, 0}) && refuses<milliseconds>({0, 1'000}) &&
         refuses<seconds>({0, 1}) && refuses<minutes>({59, 0}) && refuses<days>({-1, 0}) &&
         refuses<short_seconds>({32768, 0}) && !dt::detail::to_parts(hours{most}, parts) &&
         !dt::detail::to_parts(hours{least}, parts);
}
static_assert(what_does_not_fit_is_refused());

TEST(CalendarParts, WhatIsTooLargeOrTooFineForADurationIsRefused) { EXPECT_TRUE(what_does_not_fit_is_refused()); }

static_assert(dt::detail::fraction_digits<hours> == 0 && dt::detail::fraction_digits<seconds> == 0);
static_assert(dt::detail::fraction_digits<ticks_of_ten_milliseconds> == 2);
static_assert(dt::detail::fraction_digits<milliseconds> == 3 && dt::detail::fraction_digits<nanoseconds> == 9);
static_assert(!dt::detail::calendar_duration<duration<double>>);
static_assert(!dt::detail::calendar_duration<duration<std::int64_t, std::pico>>);
static_assert(!dt::detail::calendar_duration<duration<std::int64_t, std::ratio<1, 3>>>);

TEST(CalendarParts, DigitsBehindThePointAreThoseOfTheDuration) {
  EXPECT_EQ(dt::detail::fraction_digits<seconds>, 0);
  EXPECT_EQ(dt::detail::fraction_digits<milliseconds>, 3);
  EXPECT_EQ(dt::detail::fraction_digits<microseconds>, 6);
  EXPECT_EQ(dt::detail::fraction_digits<nanoseconds>, 9);
}

}  // namespace
