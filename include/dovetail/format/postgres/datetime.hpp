// Dates, times and points in time: counts from 2000-01-01 on the wire.
#pragma once

#include <dovetail/base/calendar.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/row/field.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

using v0::detail::calendar_duration;

inline constexpr std::int64_t epoch_days = 10957;  // from 1970-01-01 to 2000-01-01
inline constexpr std::int64_t day_microseconds = 86'400'000'000;
inline constexpr std::int64_t epoch_microseconds = epoch_days * day_microseconds;
inline constexpr std::int64_t most_64 = (std::numeric_limits<std::int64_t>::max)();
inline constexpr std::int64_t least_64 = (std::numeric_limits<std::int64_t>::min)();
inline constexpr std::int32_t most_32 = (std::numeric_limits<std::int32_t>::max)();
inline constexpr std::int32_t least_32 = (std::numeric_limits<std::int32_t>::min)();

/// A span in microseconds as another duration. Errors: errc::value_out_of_range when it is too small or too coarse.
template <calendar_duration Duration>
constexpr errc from_microseconds(std::int64_t count, Duration& out) noexcept {
  if constexpr (std::same_as<typename Duration::period, std::micro> && sizeof(typename Duration::rep) == 8) {
    out = Duration{count};
    return errc{};
  } else {
    v0::detail::second_parts parts;
    static_cast<void>(v0::detail::to_parts(std::chrono::duration<std::int64_t, std::micro>{count}, parts));
    return v0::detail::to_duration(parts, out) ? errc{} : errc::value_out_of_range;
  }
}

/// To the nearest microsecond, halves to the even one: so the server rounds the texts that it is given
/// (ParseFractionalSecond, datetime.c: rint). `system_clock` counts nanoseconds in libstdc++. Errors:
/// errc::value_out_of_range beyond 64 bits.
template <calendar_duration Duration>
constexpr errc to_microseconds(Duration value, std::int64_t& count) noexcept {
  v0::detail::second_parts parts;
  std::chrono::duration<std::int64_t, std::micro> span{};
  if (!v0::detail::to_parts(value, parts)) return errc::value_out_of_range;
  if constexpr (std::micro::den % Duration::period::den != 0) {
    const std::uint32_t rest = parts.nanos % 1000;
    parts.nanos -= rest;
    if (rest > 500 || (rest == 500 && parts.nanos / 1000 % 2 != 0)) parts.nanos += 1000;
    if (parts.nanos == v0::detail::nanos_per_second) parts = {parts.seconds + 1, 0};
  }
  if (!v0::detail::to_duration(parts, span)) return errc::value_out_of_range;
  count = span.count();
  return errc{};
}

/// A point in time from the wire's microseconds since 2000: the smallest and the largest mean -infinity and infinity,
/// and are the smallest and the largest value of the C++ type.
template <class Point>
[[gnu::always_inline]] constexpr errc decode_point(std::int64_t count, Point& out) noexcept {
  using duration = typename Point::duration;
  if (count > most_64 - epoch_microseconds || count == least_64) [[unlikely]] {
    if (count != most_64 && count != least_64) return errc::value_out_of_range;
    out = count == most_64 ? (Point::max)() : (Point::min)();
    return errc{};
  }
  duration since{};
  const errc failed = from_microseconds(count + epoch_microseconds, since);
  if (failed == errc{}) out = Point{since};
  return failed;
}

template <class Point>
constexpr errc encode_point(Point value, std::int64_t& count) noexcept {
  if (value == (Point::max)() || value == (Point::min)()) {
    count = value == (Point::max)() ? most_64 : least_64;
    return errc{};
  }
  // From 4714 BC to 294276 AD.
  constexpr std::int64_t first = -211'813'488'000'000'000;
  constexpr std::int64_t end = 9'223'371'331'200'000'000;
  if (to_microseconds(value.time_since_epoch(), count) != errc{}) return errc::value_out_of_range;
  if (count < first + epoch_microseconds) return errc::value_out_of_range;
  count -= epoch_microseconds;
  return count < end ? errc{} : errc::value_out_of_range;
}

/// A date from the wire's days since 2000. `year_month_day` has no infinity: errc::value_out_of_range.
template <class Date>
constexpr errc decode_date(std::int32_t count, Date& out) noexcept {
  using namespace std::chrono;
  const std::int64_t since_1970 = std::int64_t{count} + epoch_days;
  if constexpr (v0::detail::chrono_time_point<Date>) {
    if (count == most_32 || count == least_32) {
      out = count == most_32 ? (Date::max)() : (Date::min)();
    } else {
      out = Date{days{static_cast<days::rep>(since_1970)}};
    }
    return errc{};
  } else {
    constexpr std::int64_t first = sys_days{(year::min)() / January / 1}.time_since_epoch().count();
    constexpr std::int64_t last = sys_days{(year::max)() / December / 31}.time_since_epoch().count();
    if (since_1970 < first || since_1970 > last) return errc::value_out_of_range;
    out = Date{sys_days{days{static_cast<days::rep>(since_1970)}}};
    return errc{};
  }
}

template <class Date>
constexpr errc encode_date(Date value, std::int32_t& count) noexcept {
  using namespace std::chrono;
  std::int64_t since_1970 = 0;
  if constexpr (v0::detail::chrono_time_point<Date>) {
    if (value == (Date::max)() || value == (Date::min)()) {
      count = value == (Date::max)() ? most_32 : least_32;
      return errc{};
    }
    since_1970 = value.time_since_epoch().count();
  } else {
    if (!value.ok()) return errc::value_out_of_range;
    since_1970 = sys_days{value}.time_since_epoch().count();
  }
  // From 4714 BC to 5874897 AD.
  constexpr std::int64_t first = -2'451'545;
  constexpr std::int64_t end = 2'145'031'949;
  if (since_1970 < first + epoch_days || since_1970 >= end + epoch_days) return errc::value_out_of_range;
  count = static_cast<std::int32_t>(since_1970 - epoch_days);
  return errc{};
}

/// A time of day: microseconds since midnight, 24:00:00 included.
constexpr bool is_time_of_day(std::int64_t microseconds) noexcept {
  return microseconds >= 0 && microseconds <= day_microseconds;
}

}  // namespace dovetail::inline v0::postgres::detail
