// interval: months, days and microseconds, which are kept apart.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/calendar.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/text.hpp>
#include <dovetail/format/postgres/native.hpp>
#include <dovetail/format/postgres/oids.hpp>
#include <dovetail/format/postgres/value_ref.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::postgres {

/// An interval as PostgreSQL keeps it: a month has no fixed number of days, a day no fixed number of hours, so that
/// none is turned into another, and two are equal only when all parts are.
struct interval {
  std::int32_t months = 0;
  std::int32_t days = 0;
  std::int64_t microseconds = 0;

  /// The length in microseconds, a day taken as 24 hours. False when there are months, or it does not fit 64 bits.
  constexpr bool to_microseconds(std::int64_t& out) const noexcept {
    constexpr std::int64_t day = 86'400'000'000;
    constexpr std::int64_t most = (std::numeric_limits<std::int64_t>::max)();
    constexpr std::int64_t least = (std::numeric_limits<std::int64_t>::min)();
    if (months != 0 || days > most / day || days < least / day) return false;
    const std::int64_t in_days = days * day;
    if (in_days >= 0 ? microseconds > most - in_days : microseconds < least - in_days) return false;
    out = in_days + microseconds;
    return true;
  }

  friend constexpr bool operator==(const interval&, const interval&) noexcept = default;
};

}  // namespace dovetail::inline v0::postgres

namespace dovetail::inline v0 {

template <>
inline constexpr bool detail::is_native_value<postgres::interval> = true;

namespace postgres::detail {

inline void encode_interval(byte_buffer& out, const interval& value) {
  std::byte* const at = out.grow(16);
  store_big(at, static_cast<std::uint64_t>(value.microseconds));
  store_big(at + 8, static_cast<std::uint32_t>(value.days));
  store_big(at + 12, static_cast<std::uint32_t>(value.months));
}

/// Takes the words "year", "mon", "day" with their numbers; `rest` is what is behind them.
bool read_interval_words(std::string_view& rest, interval& out) noexcept;

/// Binary, and the server's text with `intervalstyle` postgres: "1 year 2 mons -3 days +04:05:06.7".
errc decode_interval(const value_ref& value, interval& out) noexcept;

template <>
struct native_codec<interval> {
  static constexpr bool reads_text = true;
  static constexpr bool takes(oid type) noexcept { return type == oids::interval; }
  static constexpr oid type() noexcept { return oids::interval; }
  static errc decode(const value_ref& value, interval& out, decode_context&) noexcept {
    return decode_interval(value, out);
  }
  static errc encode(byte_buffer& out, const interval& value, oid, encode_context&) {
    return encode_interval(out, value), errc{};
  }
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace postgres::detail {

[[gnu::noinline]] DOVETAIL_DEFINE bool read_interval_words(std::string_view& rest, interval& out) noexcept {
  while (!rest.empty()) {
    const std::size_t space = rest.find(' ');
    std::int64_t number = 0;
    if (space == std::string_view::npos || !parse_integer(rest.substr(0, space), number)) return true;
    const std::size_t end = rest.find(' ', space + 1);
    std::string_view word = rest.substr(space + 1, end == std::string_view::npos ? end : end - space - 1);
    if (word.ends_with('s')) word.remove_suffix(1);
    std::int64_t total = number;
    if (number > 1'000'000'000'000 || number < -1'000'000'000'000) return false;
    std::int32_t* const part = word == "day" ? &out.days : &out.months;
    if (word == "year") {
      total *= 12;
    } else if (word != "mon" && word != "day") {
      return false;
    }
    total += *part;
    if (!std::in_range<std::int32_t>(total)) return false;
    *part = static_cast<std::int32_t>(total);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return true;
}

[[gnu::noinline]] DOVETAIL_DEFINE errc decode_interval(const value_ref& value, interval& out) noexcept {
  if (value.is_binary) {
    if (value.size != 16) return errc::malformed_value;
    out.microseconds = static_cast<std::int64_t>(load_big<std::uint64_t>(value.data));
    out.days = static_cast<std::int32_t>(load_big<std::uint32_t>(value.data + 8));
    out.months = static_cast<std::int32_t>(load_big<std::uint32_t>(value.data + 12));
    return errc{};
  }
  interval read;
  std::string_view rest = value.text();
  if (rest.empty() || !read_interval_words(rest, read)) return errc::malformed_value;
  std::chrono::duration<std::int64_t, std::micro> span{};
  if (!rest.empty() && !parse_duration(rest, span)) return errc::malformed_value;
  read.microseconds = span.count();
  out = read;
  return errc{};
}

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
