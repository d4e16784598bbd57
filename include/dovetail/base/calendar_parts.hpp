// The parts of dates and times in ISO 8601 text, read and written without regard to the C++ type that holds them.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <ratio>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::detail {

inline constexpr std::uint32_t nanos_per_second = 1'000'000'000;

/// A span of time, or one since the epoch: whole seconds rounded down, and the nanoseconds above them.
struct second_parts {
  std::int64_t seconds = 0;
  std::uint32_t nanos = 0;  // below nanos_per_second
};

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

  /// The digits behind a decimal point as nanoseconds; digits behind the ninth must be zeros.
  constexpr bool take_fraction(std::uint32_t& nanos) noexcept {
    std::uint32_t read = 0;
    std::uint32_t unit = nanos_per_second / 10;
    const char* from = at_;
    for (; from != end_ && digit(*from) <= 9; ++from) {
      if (unit == 0 && *from != '0') return false;
      read += digit(*from) * unit;
      unit /= 10;
    }
    if (from == at_) return false;
    at_ = from;
    nanos = read;
    return true;
  }

 private:
  static constexpr unsigned digit(char c) noexcept { return static_cast<unsigned char>(c) - unsigned{'0'}; }

  const char* at_;
  const char* end_;
};

/// [±]YYYY-MM-DD with four or more digits of year.
constexpr bool take_date(calendar_reader& from, std::chrono::year_month_day& date) noexcept {
  const bool is_negative = from.take('-');
  if (!is_negative) from.take('+');
  std::uint64_t year = 0;
  unsigned month = 0;
  unsigned day = 0;
  if (!from.take_number(4, 32767, year) || !from.take('-') || !from.take_two(12, month) || !from.take('-') ||
      !from.take_two(31, day)) {
    return false;
  }
  const int signed_year = is_negative ? -static_cast<int>(year) : static_cast<int>(year);
  const std::chrono::year_month_day read{std::chrono::year{signed_year}, std::chrono::month{month},
                                         std::chrono::day{day}};
  if (!read.ok()) return false;
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

/// A duration that counts whole seconds, or decimal fractions of a second not finer than a nanosecond, by an integer.
template <class Duration>
concept calendar_duration = std::integral<typename Duration::rep> &&
    (Duration::period::den == 1 || (Duration::period::num == 1 && nanos_per_second % Duration::period::den == 0));

/// Exactly: false when a part of a unit would be lost, or the count does not fit.
template <calendar_duration Duration>
constexpr bool to_duration(second_parts parts, Duration& value) noexcept {
  using rep = typename Duration::rep;
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  std::int64_t count = 0;
  if constexpr (Duration::period::den == 1) {
    if (parts.nanos != 0 || parts.seconds % Duration::period::num != 0) return false;
    count = parts.seconds / Duration::period::num;
  } else {
    constexpr std::int64_t per_second = Duration::period::den;
    constexpr std::uint32_t nanos_per_unit = nanos_per_second / static_cast<std::uint32_t>(per_second);
    if (parts.nanos % nanos_per_unit != 0) return false;
    const std::int64_t fraction = parts.nanos / nanos_per_unit;
    if (parts.seconds >= 0) {
      if (parts.seconds > most / per_second) return false;
      count = parts.seconds * per_second;
      if (fraction > most - count) return false;
      count += fraction;
    } else {
      // One second up, and the fraction's complement down, so that the smallest value does not overflow on the way.
      if (parts.seconds + 1 < least / per_second) return false;
      count = (parts.seconds + 1) * per_second;
      if (count < least + (per_second - fraction)) return false;
      count -= per_second - fraction;
    }
  }
  if (!std::in_range<rep>(count)) return false;
  value = Duration{static_cast<rep>(count)};
  return true;
}

/// False when the seconds do not fit 64 bits.
template <calendar_duration Duration>
constexpr bool to_parts(Duration value, second_parts& parts) noexcept {
  if (!std::in_range<std::int64_t>(value.count())) return false;
  const auto count = static_cast<std::int64_t>(value.count());
  if constexpr (Duration::period::den == 1) {
    constexpr std::int64_t unit = Duration::period::num;
    if (count > std::numeric_limits<std::int64_t>::max() / unit ||
        count < std::numeric_limits<std::int64_t>::min() / unit) {
      return false;
    }
    parts = {count * unit, 0};
  } else {
    constexpr std::int64_t per_second = Duration::period::den;
    std::int64_t seconds = count / per_second;
    std::int64_t rest = count % per_second;
    if (rest < 0) {
      --seconds;
      rest += per_second;
    }
    parts = {seconds, static_cast<std::uint32_t>(rest * (nanos_per_second / per_second))};
  }
  return true;
}

/// How many digits behind the decimal point show every unit of the duration.
template <calendar_duration Duration>
inline constexpr int fraction_digits = [] {
  int digits = 0;
  for (std::intmax_t units = 1; units % Duration::period::den != 0; units *= 10) ++digits;
  return digits;
}();

constexpr char* write_two(char* out, unsigned value) noexcept {
  out[0] = static_cast<char>('0' + value / 10 % 10);
  out[1] = static_cast<char>('0' + value % 10);
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

/// :MM:SS[.fraction] behind the hours.
constexpr char* write_minutes_and_seconds(char* out, unsigned seconds, std::uint32_t nanos, int digits) noexcept {
  *out++ = ':';
  out = write_two(out, seconds / 60 % 60);
  *out++ = ':';
  out = write_two(out, seconds % 60);
  if (digits == 0) return out;
  *out++ = '.';
  for (int dropped = digits; dropped < 9; ++dropped) nanos /= 10;
  for (int i = digits; i-- > 0; nanos /= 10) out[i] = static_cast<char>('0' + nanos % 10);
  return out + digits;
}

/// A date and a time; nothing when the year is beyond the calendar's range.
constexpr char* write_timestamp(char* out, second_parts instant, int digits, char separator) noexcept {
  using namespace std::chrono;
  constexpr std::int64_t first = sys_days{year::min() / January / 1}.time_since_epoch().count();
  constexpr std::int64_t last = sys_days{year::max() / December / 31}.time_since_epoch().count();
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
