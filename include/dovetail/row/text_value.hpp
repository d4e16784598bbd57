// Values that databases without types for them keep as texts: UUIDs, decimals, dates and times.
#pragma once

#include <dovetail/base/calendar.hpp>
#include <dovetail/base/decimal.hpp>
#include <dovetail/base/uuid.hpp>
#include <dovetail/row/field.hpp>
#include <dovetail/row/time_loss.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace dovetail::inline v0::detail {

/// Whether `parse_text_value` reads fields of this kind.
constexpr bool is_kept_as_text(field_kind kind) noexcept {
  switch (kind) {
    case field_kind::uuid:
    case field_kind::decimal:
    case field_kind::date:
    case field_kind::timestamp:
    case field_kind::local_timestamp:
    case field_kind::duration:
    case field_kind::time_of_day:
      return true;
    default:
      return false;
  }
}

/// Reads a text as a value of the field; ISO 8601 for dates and times (points in time without a zone: UTC). False when
/// it is none; the field may hold anything then.
template <field_kind Kind, class T>
bool parse_text_value(std::string_view text, T& out) {
  static_assert(is_kept_as_text(Kind));
  if constexpr (Kind == field_kind::uuid) {
    return parse_uuid(text, out);
  } else if constexpr (Kind == field_kind::decimal) {
    return parse_decimal(text, out);
  } else if constexpr (Kind == field_kind::date) {
    std::chrono::year_month_day date{};
    if (!parse_date(text, date)) return false;
    if constexpr (chrono_sys_time<T>) {
      out = std::chrono::sys_days{date};
    } else if constexpr (chrono_local_time<T>) {
      out = std::chrono::local_days{date};
    } else {
      out = date;
    }
    return true;
  } else if constexpr (Kind == field_kind::timestamp) {
    return parse_timestamp(text, out);
  } else if constexpr (Kind == field_kind::local_timestamp) {
    return parse_local_timestamp(text, out);
  } else if constexpr (Kind == field_kind::duration) {
    return parse_duration(text, out);
  } else {
    typename T::precision since_midnight{};
    if (!parse_duration(text, since_midnight)) return false;
    out = T{since_midnight};
    return true;
  }
}

/// What to say of a text that `parse_text_value` has refused; empty when there is nothing to say.
template <field_kind Kind, class T>
[[gnu::cold]] std::string words_of_refused(std::string_view text) {
  constexpr bool is_time = Kind == field_kind::timestamp || Kind == field_kind::local_timestamp ||
                           Kind == field_kind::duration || Kind == field_kind::time_of_day;
  if constexpr (is_time) {
    return lost_part_of<T>(text);
  } else {
    return {};
  }
}

}  // namespace dovetail::inline v0::detail
