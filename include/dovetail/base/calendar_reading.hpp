// Takes dates, times of day and zones off the front of ISO 8601 text.
#pragma once

#include <dovetail/base/calendar_parts.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::detail {

/// Walks over text; every `take` moves on only when it succeeds.
class calendar_reader {
 public:
  constexpr explicit calendar_reader(std::string_view text) noexcept
      : at_(text.data()), end_(text.data() + text.size()) {}

  constexpr bool at_end() const noexcept { return at_ == end_; }
  constexpr bool next_is(char c) const noexcept { return at_ != end_ && *at_ == c; }
  constexpr bool take(char c) noexcept {
    if (!next_is(c)) return false;
    ++at_;
    return true;
  }

  /// Exactly two digits with a value of at most `largest`.
  constexpr bool take_two(unsigned largest, unsigned& value) noexcept {
    if (end_ - at_ < 2) return false;
    const unsigned high = digit(at_[0]);
    const unsigned low = digit(at_[1]);
    if (high > 9 || low > 9 || high * 10 + low > largest) return false;
    value = high * 10 + low;
    at_ += 2;
    return true;
  }

  /// `least` or more digits with a value of at most `largest`.
  constexpr bool take_number(int least, std::uint64_t largest, std::uint64_t& value) noexcept {
    const char* from = at_;
    std::uint64_t read = 0;
    for (; from != end_ && digit(*from) <= 9; ++from) {
      if (read > (largest - digit(*from)) / 10) return false;
      read = read * 10 + digit(*from);
    }
    if (from - at_ < least) return false;
    at_ = from;
    value = read;
    return true;
  }

  /// Exactly `YYYY-MM-DD` without any check but that of the digits, all at once; the usual form, and the fast one.
  constexpr bool take_plain_date(unsigned& year, unsigned& month, unsigned& day) noexcept {
    if (end_ - at_ < 10 || at_[4] != '-' || at_[7] != '-') return false;
    const unsigned d[8] = {digit(at_[0]), digit(at_[1]), digit(at_[2]), digit(at_[3]),
                           digit(at_[5]), digit(at_[6]), digit(at_[8]), digit(at_[9])};
    unsigned is_wrong = 0;
    for (const unsigned each : d) is_wrong |= static_cast<unsigned>(each > 9);
    if (is_wrong != 0) return false;
    year = d[0] * 1000 + d[1] * 100 + d[2] * 10 + d[3];
    month = d[4] * 10 + d[5];
    day = d[6] * 10 + d[7];
    at_ += 10;
    return true;
  }

  /// The digits behind a decimal point as nanoseconds; digits behind the ninth must be zeros.
  constexpr bool take_fraction(std::uint32_t& nanos) noexcept {
    std::uint32_t read = 0;
    int count = 0;
    for (; count < 9 && at_ != end_ && digit(*at_) <= 9; ++count) read = read * 10 + digit(*at_++);
    if (count == 0) return false;
    while (next_is('0')) ++at_;
    nanos = read * powers_of_ten[9 - count];
    return at_end() || digit(*at_) > 9;
  }

 private:
  static constexpr unsigned digit(char c) noexcept { return static_cast<unsigned char>(c) - unsigned{'0'}; }

  const char* at_;
  const char* end_;
};

/// [±]YYYY-MM-DD with four or more digits of year.
constexpr bool take_date(calendar_reader& from, std::chrono::year_month_day& date) noexcept {
  unsigned year = 0;
  unsigned month = 0;
  unsigned day = 0;
  bool is_negative = false;
  if (!from.take_plain_date(year, month, day)) {
    is_negative = from.take('-');
    if (!is_negative) from.take('+');
    std::uint64_t long_year = 0;
    if (!from.take_number(4, 32767, long_year) || !from.take('-') || !from.take_two(12, month) || !from.take('-') ||
        !from.take_two(31, day)) {
      return false;
    }
    year = static_cast<unsigned>(long_year);
  }
  const int signed_year = is_negative ? -static_cast<int>(year) : static_cast<int>(year);
  const std::chrono::year_month_day read{std::chrono::year{signed_year}, std::chrono::month{month},
                                         std::chrono::day{day}};
  const bool is_in_every_month = month >= 1 && month <= 12 && day >= 1 && day <= 28;
  if (!is_in_every_month && !read.ok()) return false;
  date = read;
  return true;
}

/// Removes the " BC" that PostgreSQL puts behind years before 1; true when it was there.
constexpr bool drop_before_christ(std::string_view& text) noexcept {
  if (!text.ends_with(" BC")) return false;
  text.remove_suffix(3);
  return true;
}

/// The astronomical year of a year before Christ: 1 BC is 0, 2 BC is -1.
constexpr bool count_back(std::chrono::year_month_day& date) noexcept {
  const int year = static_cast<int>(date.year());
  if (year < 1) return false;
  date = std::chrono::year{1 - year} / date.month() / date.day();
  return date.ok();
}

/// :MM[:SS[.fraction]] behind the hours.
constexpr bool take_minutes_and_seconds(calendar_reader& from, unsigned& minutes, unsigned& seconds,
                                        std::uint32_t& nanos) noexcept {
  if (!from.take(':') || !from.take_two(59, minutes)) return false;
  if (!from.take(':')) return true;
  if (!from.take_two(59, seconds)) return false;
  return !(from.take('.') || from.take(',')) || from.take_fraction(nanos);
}

/// Z, ±hh, ±hhmm, ±hh:mm or ±hh:mm:ss, in seconds east of Greenwich.
constexpr bool take_zone(calendar_reader& from, int& offset) noexcept {
  if (from.take('Z') || from.take('z')) return true;
  const bool is_west = from.take('-');
  if (!is_west && !from.take('+')) return false;
  unsigned hours = 0;
  unsigned minutes = 0;
  unsigned seconds = 0;
  if (!from.take_two(23, hours)) return false;
  if (from.take(':')) {
    if (!from.take_two(59, minutes)) return false;
    if (from.take(':') && !from.take_two(59, seconds)) return false;
  } else if (!from.at_end() && !from.take_two(59, minutes)) {
    return false;
  }
  const int east = static_cast<int>(hours * 3600 + minutes * 60 + seconds);
  offset = is_west ? -east : east;
  return true;
}

/// Reads a date with an optional time and zone; `has_zone` says whether there was one, which `instant` then regards.
constexpr bool read_timestamp(std::string_view text, second_parts& instant, bool& has_zone) noexcept {
  const bool is_before_christ = drop_before_christ(text);
  calendar_reader from(text);
  std::chrono::year_month_day date{};
  if (!take_date(from, date) || (is_before_christ && !count_back(date))) return false;
  unsigned hours = 0;
  unsigned minutes = 0;
  unsigned seconds = 0;
  std::uint32_t nanos = 0;
  int offset = 0;
  has_zone = false;
  if (!from.at_end()) {
    if (!from.take('T') && !from.take(' ') && !from.take('t')) return false;
    if (!from.take_two(23, hours) || !take_minutes_and_seconds(from, minutes, seconds, nanos)) return false;
    if (!from.at_end()) {
      from.take(' ');
      if (!take_zone(from, offset) || !from.at_end()) return false;
      has_zone = true;
    }
  }
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  instant = {days * 86400 + static_cast<int>(hours * 3600 + minutes * 60 + seconds) - offset, nanos};
  return true;
}

/// Reads [±]H…:MM[:SS[.fraction]].
constexpr bool read_duration(std::string_view text, second_parts& span) noexcept {
  calendar_reader from(text);
  const bool is_negative = from.take('-');
  if (!is_negative) from.take('+');
  constexpr std::uint64_t largest = std::uint64_t{1} << 63;
  std::uint64_t hours = 0;
  unsigned minutes = 0;
  unsigned seconds = 0;
  std::uint32_t nanos = 0;
  if (!from.take_number(1, largest / 3600, hours) || !take_minutes_and_seconds(from, minutes, seconds, nanos) ||
      !from.at_end()) {
    return false;
  }
  // The sum is below 2^63 + 3600, so that it cannot wrap; what is above the range is refused here.
  const std::uint64_t whole = hours * 3600 + minutes * 60 + seconds;
  if (whole > largest || (whole == largest && (!is_negative || nanos != 0))) return false;
  if (!is_negative) {
    span = {static_cast<std::int64_t>(whole), nanos};
  } else if (nanos == 0) {
    span = {static_cast<std::int64_t>(0 - whole), 0};
  } else {
    span = {-static_cast<std::int64_t>(whole) - 1, nanos_per_second - nanos};
  }
  return true;
}

}  // namespace dovetail::inline v0::detail
