// Dates, points in time and spans as the server's input functions read them: other than ISO 8601 before the year 1.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/format/postgres/datetime.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::postgres::detail {

/// Days since 2000, as `encode_date` gives them. `has_zone`: midnight in UTC where the server reads a point in time; a
/// date is the same with it.
void append_date_form(byte_buffer& out, std::int32_t days, bool has_zone);

/// Microseconds since 2000, as `encode_point` gives them. `has_zone`: in UTC, whatever the session's time zone is.
void append_instant_form(byte_buffer& out, std::int64_t microseconds, bool has_zone);

/// [-]HH:MM:SS[.ffffff]
void append_span_form(byte_buffer& out, std::int64_t microseconds);

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <charconv>

namespace dovetail::inline v0::postgres::detail {

inline void append_padded(byte_buffer& out, std::uint64_t number, std::size_t width) {
  char digits[24];
  const char* const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  for (auto size = static_cast<std::size_t>(end - digits); size < width; ++size) out.append(std::string_view{"0"});
  out.append({digits, end});
}

/// The time of a day, or of more than one.
inline void append_clock(byte_buffer& out, std::uint64_t microseconds) {
  const std::uint64_t seconds = microseconds / 1'000'000;
  append_padded(out, seconds / 3600, 2);
  out.append(std::string_view{":"});
  append_padded(out, seconds / 60 % 60, 2);
  out.append(std::string_view{":"});
  append_padded(out, seconds % 60, 2);
  if (microseconds % 1'000'000 == 0) return;
  out.append(std::string_view{"."});
  append_padded(out, microseconds % 1'000'000, 6);
}

/// Gives what belongs behind the time. The server's years reach further than those of std::chrono, and there is none
/// before 1 but by " BC".
inline std::string_view append_day(byte_buffer& out, std::int64_t since_2000) {
  using namespace std::chrono;
  constexpr std::int64_t cycle = 146'097;  // days in 400 years, after which the calendar begins anew
  const std::int64_t day = since_2000 + epoch_days;
  const std::int64_t cycles = (day >= 0 ? day : day - cycle + 1) / cycle;
  const year_month_day in_cycle{sys_days{days{static_cast<days::rep>(day - cycles * cycle)}}};
  const std::int64_t year = static_cast<int>(in_cycle.year()) + 400 * cycles;
  append_padded(out, static_cast<std::uint64_t>(year > 0 ? year : 1 - year), 4);
  out.append(std::string_view{"-"});
  append_padded(out, static_cast<unsigned>(in_cycle.month()), 2);
  out.append(std::string_view{"-"});
  append_padded(out, static_cast<unsigned>(in_cycle.day()), 2);
  return year > 0 ? "" : " BC";
}

DOVETAIL_DEFINE void append_date_form(byte_buffer& out, std::int32_t days, bool has_zone) {
  if (days == most_32 || days == least_32) return out.append(std::string_view{days > 0 ? "infinity" : "-infinity"});
  const std::string_view era = append_day(out, days);
  if (has_zone) out.append(std::string_view{"Z"});
  out.append(era);
}

DOVETAIL_DEFINE void append_instant_form(byte_buffer& out, std::int64_t microseconds, bool has_zone) {
  if (microseconds == most_64 || microseconds == least_64) {
    return out.append(std::string_view{microseconds > 0 ? "infinity" : "-infinity"});
  }
  std::int64_t day = microseconds / day_microseconds;
  if (microseconds % day_microseconds < 0) --day;
  const std::string_view era = append_day(out, day);
  out.append(std::string_view{"T"});
  append_clock(out, static_cast<std::uint64_t>(microseconds - day * day_microseconds));
  if (has_zone) out.append(std::string_view{"Z"});
  out.append(era);
}

DOVETAIL_DEFINE void append_span_form(byte_buffer& out, std::int64_t microseconds) {
  if (microseconds < 0) out.append(std::string_view{"-"});
  const auto bits = static_cast<std::uint64_t>(microseconds);
  append_clock(out, microseconds < 0 ? 0 - bits : bits);
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
