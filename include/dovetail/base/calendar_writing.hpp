// Writes dates, times of day and spans as ISO 8601 text, two digits at a time.
#pragma once

#include <dovetail/base/calendar_parts.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace dovetail::inline v0::detail {

/// The digits of 00 to 99, one behind the other.
inline constexpr auto two_digits = [] {
  std::array<char, 200> digits{};
  for (std::size_t i = 0; i < 100; ++i) {
    digits[2 * i] = static_cast<char>('0' + i / 10);
    digits[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return digits;
}();

/// `value`, which is below 100.
constexpr char* write_two(char* out, unsigned value) noexcept {
  out[0] = two_digits[2 * value];
  out[1] = two_digits[2 * value + 1];
  return out + 2;
}

/// `value` with at least `least` digits.
constexpr char* write_number(char* out, std::uint64_t value, int least) noexcept {
  char reversed[20]{};
  int count = 0;
  for (; value != 0 || count < least; value /= 10) reversed[count++] = static_cast<char>('0' + value % 10);
  while (count > 0) *out++ = reversed[--count];
  return out;
}

/// `date`, which is ok().
constexpr char* write_date(char* out, std::chrono::year_month_day date) noexcept {
  const int year = static_cast<int>(date.year());
  if (year >= 0 && year <= 9999) {
    out = write_two(write_two(out, static_cast<unsigned>(year / 100)), static_cast<unsigned>(year % 100));
  } else {
    if (year < 0) *out++ = '-';
    out = write_number(out, static_cast<std::uint64_t>(year < 0 ? -year : year), 4);
  }
  *out++ = '-';
  out = write_two(out, static_cast<unsigned>(date.month()));
  *out++ = '-';
  return write_two(out, static_cast<unsigned>(date.day()));
}

/// A point and the first `digits` of the nine digits of `nanos`.
constexpr char* write_fraction(char* out, std::uint32_t nanos, int digits) noexcept {
  *out++ = '.';
  if (digits == 6) {
    const std::uint32_t micros = nanos / 1000;
    return write_two(write_two(write_two(out, micros / 10'000), micros / 100 % 100), micros % 100);
  }
  std::uint32_t rest = nanos / powers_of_ten[9 - digits];
  for (int i = digits; i-- > 0; rest /= 10) out[i] = static_cast<char>('0' + rest % 10);
  return out + digits;
}

/// :MM:SS[.fraction] behind the hours.
constexpr char* write_minutes_and_seconds(char* out, unsigned seconds, std::uint32_t nanos, int digits) noexcept {
  *out++ = ':';
  out = write_two(out, seconds / 60 % 60);
  *out++ = ':';
  out = write_two(out, seconds % 60);
  return digits == 0 ? out : write_fraction(out, nanos, digits);
}

/// A date and a time; nothing when the year is beyond the calendar's range.
constexpr char* write_timestamp(char* out, second_parts instant, int digits, char separator) noexcept {
  using namespace std::chrono;
  constexpr std::int64_t first = sys_days{(year::min)() / January / 1}.time_since_epoch().count();
  constexpr std::int64_t last = sys_days{(year::max)() / December / 31}.time_since_epoch().count();
  std::int64_t day = instant.seconds / 86400;
  std::int64_t second = instant.seconds % 86400;
  if (second < 0) {
    --day;
    second += 86400;
  }
  if (day < first || day > last) return out;
  out = write_date(out, year_month_day{sys_days{days{static_cast<days::rep>(day)}}});
  *out++ = separator;
  const auto of_day = static_cast<unsigned>(second);
  return write_minutes_and_seconds(write_two(out, of_day / 3600), of_day % 3600, instant.nanos, digits);
}

constexpr char* write_duration(char* out, second_parts span, int digits) noexcept {
  std::uint64_t seconds = static_cast<std::uint64_t>(span.seconds);
  if (span.seconds < 0) {
    *out++ = '-';
    seconds = 0 - seconds;
    if (span.nanos != 0) {
      --seconds;
      span.nanos = nanos_per_second - span.nanos;
    }
  }
  out = write_number(out, seconds / 3600, 2);
  return write_minutes_and_seconds(out, static_cast<unsigned>(seconds % 3600), span.nanos, digits);
}

}  // namespace dovetail::inline v0::detail
