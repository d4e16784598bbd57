// Dates as HTTP writes them (RFC 9110 section 5.6.7), and Retry-After (section 10.2.3).
#pragma once

#include <dovetail/base/calendar_writing.hpp>
#include <dovetail/base/text.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::http1 {

/// How many characters `write_http_date` writes.
inline constexpr std::size_t http_date_size = 29;

namespace detail {

inline constexpr std::array<std::string_view, 7> day_names{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                           "Thursday", "Friday", "Saturday"};
inline constexpr std::string_view month_names = "JanFebMarAprMayJunJulAugSepOctNovDec";

/// Takes a date apart from its front to its end; every step is false when something else stands there.
class date_reader {
 public:
  constexpr explicit date_reader(std::string_view text) noexcept : rest_(text) {}

  constexpr bool at_end() const noexcept { return rest_.empty(); }

  constexpr bool literal(std::string_view text) noexcept {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  /// Exactly `digits` digits.
  constexpr bool number(std::size_t digits, int& value) noexcept {
    if (rest_.size() < digits) return false;
    value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (!is_ascii_digit(c)) return false;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return true;
  }
  /// The name of a day: all of it, or its first three letters.
  constexpr bool day_name(bool is_long) noexcept {
    for (const std::string_view name : day_names) {
      if (literal(is_long ? name : name.substr(0, 3))) return true;
    }
    return false;
  }
  constexpr bool month_name(int& month) noexcept {
    for (month = 1; month <= 12; ++month) {
      if (literal(month_names.substr(static_cast<std::size_t>(3 * (month - 1)), 3))) return true;
    }
    return false;
  }
  constexpr bool time(int& seconds) noexcept {
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!number(2, hour) || !literal(":") || !number(2, minute) || !literal(":") || !number(2, second)) return false;
    seconds = hour * 3600 + minute * 60 + second;
    return hour < 24 && minute < 60 && second <= 60;  // 60: a leap second
  }

 private:
  std::string_view rest_;
};

struct date_numbers {
  int year = 0;
  int month = 0;
  int day = 0;
  int seconds = 0;
};

/// Sun, 06 Nov 1994 08:49:37 GMT
constexpr bool read_fixed_date(date_reader from, date_numbers& date) noexcept {
  return from.day_name(false) && from.literal(", ") && from.number(2, date.day) && from.literal(" ") &&
         from.month_name(date.month) && from.literal(" ") && from.number(4, date.year) && from.literal(" ") &&
         from.time(date.seconds) && from.literal(" GMT") && from.at_end();
}

/// Sunday, 06-Nov-94 08:49:37 GMT, of RFC 850
constexpr bool read_short_year_date(date_reader from, date_numbers& date) noexcept {
  return from.day_name(true) && from.literal(", ") && from.number(2, date.day) && from.literal("-") &&
         from.month_name(date.month) && from.literal("-") && from.number(2, date.year) && from.literal(" ") &&
         from.time(date.seconds) && from.literal(" GMT") && from.at_end();
}

/// Sun Nov  6 08:49:37 1994, of asctime()
constexpr bool read_asctime_date(date_reader from, date_numbers& date) noexcept {
  return from.day_name(false) && from.literal(" ") && from.month_name(date.month) && from.literal(" ") &&
         (from.literal(" ") ? from.number(1, date.day) : from.number(2, date.day)) && from.literal(" ") &&
         from.time(date.seconds) && from.literal(" ") && from.number(4, date.year) && from.at_end();
}

constexpr bool to_time(const date_numbers& date, std::chrono::sys_seconds& value) noexcept {
  const std::chrono::year_month_day day{std::chrono::year{date.year},
                                        std::chrono::month{static_cast<unsigned>(date.month)},
                                        std::chrono::day{static_cast<unsigned>(date.day)}};
  if (!day.ok()) return false;
  const std::chrono::sys_seconds point = std::chrono::sys_days{day} + std::chrono::seconds{date.seconds};
  constexpr std::chrono::sys_seconds beyond = std::chrono::sys_days{std::chrono::year{10000} / 1 / 1};
  if (point >= beyond) return false;  // the leap second of its last day would end in a year of five digits
  value = point;
  return true;
}

}  // namespace detail

/// Writes a point in time between the years 0 and 9999 as `Sun, 06 Nov 1994 08:49:37 GMT` at `out`; gives its end.
constexpr char* write_http_date(char* out, std::chrono::sys_seconds value) noexcept {
  const auto day = std::chrono::floor<std::chrono::days>(value);
  const std::chrono::year_month_day date{day};
  const auto put = [&out](std::string_view text) {
    for (const char c : text) *out++ = c;
  };
  const auto seconds = static_cast<unsigned>((value - day).count());
  put(detail::day_names[std::chrono::weekday{day}.c_encoding()].substr(0, 3));
  put(", ");
  out = dovetail::detail::write_two(out, static_cast<unsigned>(date.day()));
  put(" ");
  put(detail::month_names.substr(3 * (static_cast<unsigned>(date.month()) - 1), 3));
  put(" ");
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  out = dovetail::detail::write_two(dovetail::detail::write_two(out, year / 100 % 100), year % 100);
  put(" ");
  out = dovetail::detail::write_two(out, seconds / 3600);
  put(":");
  out = dovetail::detail::write_two(out, seconds / 60 % 60);
  put(":");
  out = dovetail::detail::write_two(out, seconds % 60);
  put(" GMT");
  return out;
}

/// Reads a date in any of the three forms that a recipient must take. `now` tells the century of the one with two
/// digits of year: not more than 50 years ahead. The name of the day must be one, and is not compared with the date.
/// False, and `value` is as before, for anything else.
constexpr bool parse_http_date(std::string_view text, std::chrono::sys_seconds now,
                               std::chrono::sys_seconds& value) noexcept {
  const detail::date_reader from{text};
  detail::date_numbers date;
  if (detail::read_fixed_date(from, date) || detail::read_asctime_date(from, date)) return detail::to_time(date, value);
  if (!detail::read_short_year_date(from, date)) return false;
  const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
  const int year = static_cast<int>(today.year());
  date.year += year - year % 100;
  if (date.year > year + 50) {
    date.year -= 100;
  } else if (date.year <= year - 50) {
    date.year += 100;
  }
  return detail::to_time(date, value);
}

/// Reads Retry-After: a number of seconds (those that do not fit 31 bits are 2^31 - 1), or a date, from which `now` is
/// taken; a date in the past is no delay. False, and `delay` is as before, for anything else.
constexpr bool parse_retry_after(std::string_view text, std::chrono::sys_seconds now,
                                 std::chrono::seconds& delay) noexcept {
  constexpr std::uint64_t most = 0x7FFF'FFFF;
  if (text.empty()) return false;
  if (is_ascii_digit(text.front())) {
    std::uint64_t seconds = 0;
    for (const char c : text) {
      if (!is_ascii_digit(c)) return false;
      seconds = (std::min)(most, seconds * 10 + static_cast<std::uint64_t>(c - '0'));
    }
    delay = std::chrono::seconds{static_cast<std::int64_t>(seconds)};
    return true;
  }
  std::chrono::sys_seconds date;
  if (!parse_http_date(text, now, date)) return false;
  delay = (std::max)(date - now, std::chrono::seconds{0});
  return true;
}

}  // namespace dovetail::inline v0::http1
