// What a field of a time is too coarse for: the words of a value that would lose a part.
#pragma once

#include <dovetail/base/calendar_parts.hpp>
#include <dovetail/base/calendar_reading.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/row/field.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace dovetail::inline v0::detail {

/// The least that a type can tell apart: whole seconds, or nanoseconds where `seconds` is 0.
struct time_unit {
  std::int64_t seconds;
  std::uint32_t nanos;
};

template <class T>
constexpr auto count_of_time() {
  if constexpr (chrono_time_point<T>) {
    return typename T::duration{};
  } else if constexpr (chrono_time_of_day<T>) {
    return typename T::precision{};
  } else {
    return T{};
  }
}

template <class T>
constexpr time_unit unit_of_time() noexcept {
  using period = typename decltype(count_of_time<T>())::period;
  if constexpr (period::den == 1) {
    return {period::num, 0};
  } else {
    return {0, nanos_per_second / static_cast<std::uint32_t>(period::den)};
  }
}

/// "it has a fraction of a second, which would be lost: use std::chrono::sys_time<std::chrono::microseconds>, …"; empty
/// when that is not what is wrong. `kind` is that of the field: a point in time, a local one, a duration, a time of
/// day.
[[gnu::cold]] std::string lost_part(field_kind kind, time_unit unit, second_parts exact);
/// The same of a text that was refused.
[[gnu::cold]] std::string lost_part(field_kind kind, time_unit unit, std::string_view text);

template <class T, class Value>
[[gnu::cold]] std::string lost_part_of(const Value& value) {
  return lost_part(field_kind_of<T>, unit_of_time<T>(), value);
}

}  // namespace dovetail::inline v0::detail

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::detail {

[[gnu::noinline]] DOVETAIL_DEFINE std::string lost_part(field_kind kind, time_unit unit, second_parts exact) {
  const bool loses_fraction = unit.nanos == 0 ? exact.nanos != 0 : exact.nanos % unit.nanos != 0;
  const bool loses_seconds = unit.seconds > 1 && exact.seconds % unit.seconds != 0;
  if (!loses_fraction && !loses_seconds) return {};
  const std::string_view precision = exact.nanos == 0          ? "std::chrono::seconds"
                                     : exact.nanos % 1000 == 0 ? "std::chrono::microseconds"
                                                               : "std::chrono::nanoseconds";
  const std::string_view around = kind == field_kind::timestamp         ? "std::chrono::sys_time<"
                                  : kind == field_kind::local_timestamp ? "std::chrono::local_time<"
                                  : kind == field_kind::time_of_day     ? "std::chrono::hh_mm_ss<"
                                                                        : "";
  std::string words;
  append_parts(words,
               {"it has ",
                !loses_fraction   ? "minutes or seconds, which"
                : unit.nanos == 0 ? "a fraction of a second, which"
                                  : "more digits behind the second, which",
                " would be lost: use ", around, precision, around.empty() ? "" : ">", ", or round it in the query"});
  return words;
}

[[gnu::noinline]] DOVETAIL_DEFINE std::string lost_part(field_kind kind, time_unit unit, std::string_view text) {
  second_parts exact;
  bool has_zone = false;
  const bool is_point = kind == field_kind::timestamp || kind == field_kind::local_timestamp;
  const bool is_read = is_point ? read_timestamp(text, exact, has_zone) : read_duration(text, exact);
  if (!is_read || (has_zone && kind == field_kind::local_timestamp)) return {};
  return lost_part(kind, unit, exact);
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
