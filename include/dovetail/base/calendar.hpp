// Dates, points in time and durations as ISO 8601 text, both ways, without locale or allocation.
#pragma once

#include <dovetail/base/calendar_parts.hpp>
#include <dovetail/base/calendar_reading.hpp>
#include <dovetail/base/calendar_writing.hpp>

#include <chrono>
#include <cstddef>
#include <string_view>

namespace dovetail::inline v0 {

/// How many characters the `format_` functions write at most.
inline constexpr std::size_t date_text_size = 12;       // -32767-12-31
inline constexpr std::size_t timestamp_text_size = 32;  // -32767-12-31T23:59:59.123456789Z
inline constexpr std::size_t duration_text_size = 33;   // -2562047788015215:30:08.123456789

/// Reads `YYYY-MM-DD`: four or five digits of year, an optional sign in front (year 0 is 1 BC) or " BC" behind.
/// False, and `value` is as before, for anything else and for dates that no calendar has.
constexpr bool parse_date(std::string_view text, std::chrono::year_month_day& value) noexcept {
  const bool is_before_christ = detail::drop_before_christ(text);
  detail::calendar_reader from(text);
  std::chrono::year_month_day date{};
  if (!detail::take_date(from, date) || !from.at_end()) return false;
  if (is_before_christ && !detail::count_back(date)) return false;
  value = date;
  return true;
}

/// Reads `YYYY-MM-DD[(T| )HH:MM[:SS[.f…]][zone]]`, the zone being `Z`, `±hh`, `±hhmm` or `±hh:mm[:ss]`. A text without
/// zone means UTC, one without time midnight.
/// False, and `value` is as before, for anything else, for what is out of the range of `Duration`, and where `Duration`
/// is too coarse for the text: nothing is rounded.
template <detail::calendar_duration Duration>
constexpr bool parse_timestamp(std::string_view text, std::chrono::sys_time<Duration>& value) noexcept {
  detail::second_parts parts;
  bool has_zone = false;
  Duration since_epoch{};
  if (!detail::read_timestamp(text, parts, has_zone) || !detail::to_duration(parts, since_epoch)) return false;
  value = std::chrono::sys_time<Duration>{since_epoch};
  return true;
}

/// As `parse_timestamp`, but a text with a zone is refused: it says more than a local time can hold.
template <detail::calendar_duration Duration>
constexpr bool parse_local_timestamp(std::string_view text, std::chrono::local_time<Duration>& value) noexcept {
  detail::second_parts parts;
  bool has_zone = false;
  Duration since_epoch{};
  if (!detail::read_timestamp(text, parts, has_zone) || has_zone || !detail::to_duration(parts, since_epoch)) {
    return false;
  }
  value = std::chrono::local_time<Duration>{since_epoch};
  return true;
}

/// Reads a time of day or a longer span, `[±]HH:MM[:SS[.f…]]`, any number of hours.
/// False, and `value` is as before, for anything else, and where `Duration` is too small or too coarse for the text.
template <detail::calendar_duration Duration>
constexpr bool parse_duration(std::string_view text, Duration& value) noexcept {
  detail::second_parts parts;
  return detail::read_duration(text, parts) && detail::to_duration(parts, value);
}

/// Writes `YYYY-MM-DD` at `out` (years before 0 with '-', years after 9999 with five digits); returns its end.
/// Writes nothing when `value` is not `ok()`.
constexpr char* format_date(char* out, std::chrono::year_month_day value) noexcept {
  return value.ok() ? detail::write_date(out, value) : out;
}

/// Writes `YYYY-MM-DDTHH:MM:SS[.f…]Z` at `out`; returns its end. The number of digits behind the point is that of
/// `Duration`: none for seconds, 3 for milliseconds, 6 for microseconds, 9 for nanoseconds.
/// Writes nothing when the year is not between -32767 and 32767.
template <detail::calendar_duration Duration>
constexpr char* format_timestamp(char* out, std::chrono::sys_time<Duration> value, char separator = 'T') noexcept {
  detail::second_parts parts;
  if (!detail::to_parts(value.time_since_epoch(), parts)) return out;
  char* const end = detail::write_timestamp(out, parts, detail::fraction_digits<Duration>, separator);
  if (end == out) return out;
  *end = 'Z';
  return end + 1;
}

/// As `format_timestamp`, without the `Z`.
template <detail::calendar_duration Duration>
constexpr char* format_local_timestamp(char* out, std::chrono::local_time<Duration> value,
                                       char separator = 'T') noexcept {
  detail::second_parts parts;
  if (!detail::to_parts(value.time_since_epoch(), parts)) return out;
  return detail::write_timestamp(out, parts, detail::fraction_digits<Duration>, separator);
}

/// Writes `[-]HH:MM:SS[.f…]` at `out`, two or more digits of hours; returns its end.
/// Writes nothing when the span is more than 2^63 seconds.
template <detail::calendar_duration Duration>
constexpr char* format_duration(char* out, Duration value) noexcept {
  detail::second_parts parts;
  return detail::to_parts(value, parts) ? detail::write_duration(out, parts, detail::fraction_digits<Duration>) : out;
}

}  // namespace dovetail::inline v0
