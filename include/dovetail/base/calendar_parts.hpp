// Spans of time and points in time as seconds and nanoseconds, exactly, whatever type of <chrono> holds them.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <utility>

namespace dovetail::inline v0::detail {

inline constexpr std::uint32_t nanos_per_second = 1'000'000'000;

inline constexpr std::uint32_t powers_of_ten[10] = {1,       10,        100,        1'000,       10'000,
                                                    100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};

/// A span of time, or one since the epoch: whole seconds rounded down, and the nanoseconds above them.
struct second_parts {
  std::int64_t seconds = 0;
  std::uint32_t nanos = 0;  // below nanos_per_second
};

/// A duration that counts whole seconds, or decimal fractions of a second not finer than a nanosecond, by an integer.
template <class Duration>
concept calendar_duration = std::integral<typename Duration::rep> &&
    (Duration::period::den == 1 || (Duration::period::num == 1 && nanos_per_second % Duration::period::den == 0));

/// Exactly: false when a part of a unit would be lost, or the count does not fit.
template <calendar_duration Duration>
constexpr bool to_duration(second_parts parts, Duration& value) noexcept {
  using rep = typename Duration::rep;
  constexpr std::int64_t least = (std::numeric_limits<std::int64_t>::min)();
  constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)();
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
    if (count > (std::numeric_limits<std::int64_t>::max)() / unit ||
        count < (std::numeric_limits<std::int64_t>::min)() / unit) {
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

}  // namespace dovetail::inline v0::detail
