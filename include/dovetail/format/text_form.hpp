// Values that the formats carry as text: dates, times, durations, UUIDs, decimal numbers.
#pragma once

#include <dovetail/base/calendar.hpp>
#include <dovetail/base/decimal.hpp>
#include <dovetail/base/uuid.hpp>
#include <dovetail/row/field.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace dovetail::inline v0::detail {

/// Types that are text in every format: a date is YYYY-MM-DD, a point in time YYYY-MM-DDTHH:MM:SS[.f…]Z, a local time
/// the same without Z, a duration [-]HH:MM:SS[.f…], a UUID its 36 characters, a decimal number its digits.
template <class T>
concept has_text_form = !has_field_codec<T> && !std::is_scalar_v<T> &&
                        (kind_of<T>() == field_kind::date || kind_of<T>() == field_kind::timestamp ||
                         kind_of<T>() == field_kind::local_timestamp || kind_of<T>() == field_kind::duration ||
                         kind_of<T>() == field_kind::time_of_day || kind_of<T>() == field_kind::uuid ||
                         kind_of<T>() == field_kind::decimal);

/// What messages call such a value.
template <class T>
consteval std::string_view text_form_name() {
  switch (kind_of<T>()) {
    case field_kind::date:
      return "a date (YYYY-MM-DD)";
    case field_kind::timestamp:
      return "a point in time (YYYY-MM-DDTHH:MM:SSZ) that the C++ type can hold exactly";
    case field_kind::local_timestamp:
      return "a date and time without zone (YYYY-MM-DDTHH:MM:SS) that the C++ type can hold exactly";
    case field_kind::uuid:
      return "a UUID";
    case field_kind::decimal:
      return "a decimal number";
    default:
      return "a time span (HH:MM:SS) that the C++ type can hold exactly";
  }
}

/// Reads all of `text`; false when it is not of the type's form.
template <has_text_form T>
constexpr bool read_text_form(std::string_view text, T& value) {
  using namespace std::chrono;
  if constexpr (kind_of<T>() == field_kind::uuid) {
    return parse_uuid(text, value);
  } else if constexpr (kind_of<T>() == field_kind::decimal) {
    return parse_decimal(text, value);
  } else if constexpr (std::same_as<T, year_month_day>) {
    return parse_date(text, value);
  } else if constexpr (chrono_local_time<T>) {
    return parse_local_timestamp(text, value);
  } else if constexpr (chrono_time_point<T>) {
    return parse_timestamp(text, value);
  } else if constexpr (kind_of<T>() == field_kind::time_of_day) {
    typename T::precision span{};
    if (!parse_duration(text, span)) return false;
    value = T{span};
    return true;
  } else {
    return parse_duration(text, value);
  }
}

/// Where a text form is written to: short ones into `compact`.
struct text_form_space {
  char compact[48];
  std::string large;
};
static_assert(sizeof(text_form_space::compact) >= timestamp_text_size &&
              sizeof(text_form_space::compact) >= duration_text_size &&
              sizeof(text_form_space::compact) >= uuid::text_size);

/// The text of `value`; empty when it has none (a date that does not exist, a year beyond the calendar).
/// Lifetime: borrows from `space`.
template <has_text_form T>
std::string_view write_text_form(const T& value, text_form_space& space) {
  using namespace std::chrono;
  char* const begin = space.compact;
  char* end = begin;
  if constexpr (kind_of<T>() == field_kind::uuid) {
    end = format_uuid(begin, value);
  } else if constexpr (kind_of<T>() == field_kind::decimal) {
    const std::size_t size = decimal_text_size(value);
    if (size <= sizeof space.compact) {
      end = format_decimal(begin, value);
    } else {
      space.large.resize(size);
      format_decimal(space.large.data(), value);
      return space.large;
    }
  } else if constexpr (std::same_as<T, year_month_day>) {
    end = format_date(begin, value);
  } else if constexpr (chrono_in_days<T>) {
    const auto day = value.time_since_epoch();
    constexpr auto first = sys_days{(year::min)() / January / 1}.time_since_epoch();
    constexpr auto last = sys_days{(year::max)() / December / 31}.time_since_epoch();
    if (day >= first && day <= last) end = format_date(begin, year_month_day{sys_days{day}});
  } else if constexpr (chrono_local_time<T>) {
    end = format_local_timestamp(begin, value);
  } else if constexpr (chrono_time_point<T>) {
    end = format_timestamp(begin, value);
  } else if constexpr (kind_of<T>() == field_kind::time_of_day) {
    end = format_duration(begin, value.to_duration());
  } else {
    end = format_duration(begin, value);
  }
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace dovetail::inline v0::detail
