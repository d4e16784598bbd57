// What a C++ type is to a row: its kind of value, whether it can be null, what lies under its wrappers.
#pragma once

#include <dovetail/row/column.hpp>
#include <dovetail/row/field_kind.hpp>
#include <dovetail/row/reflect.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace dovetail::inline v0 {

class decimal;

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_column = false;
template <fixed_string Name, class T>
inline constexpr bool is_column<column<Name, T>> = true;

template <class T>
inline constexpr bool is_json_value = false;
template <class T>
inline constexpr bool is_json_value<json_value<T>> = true;

template <class T>
inline constexpr bool is_by_position = false;
template <class T>
inline constexpr bool is_by_position<by_position<T>> = true;

template <class T>
inline constexpr bool is_vector = false;
template <class T, class Allocator>
inline constexpr bool is_vector<std::vector<T, Allocator>> = true;

template <class T>
inline constexpr bool is_byte_array = false;
template <std::size_t Size>
inline constexpr bool is_byte_array<std::array<std::byte, Size>> = true;

template <class T>
inline constexpr bool is_char_array = false;
template <std::size_t Size>
inline constexpr bool is_char_array<char[Size]> = true;

template <class T>
concept byte_range_like = std::same_as<typename T::value_type, std::byte> && requires(const T& bytes) {
  { bytes.data() } -> std::convertible_to<const std::byte*>;
  bytes.size();
};

// The types of <chrono> by their shape, because that header costs as much to compile as all of this layer.
template <class T>
concept chrono_duration = requires(const T& value) {
  typename T::rep;
  typename T::period;
  { value.count() } -> std::same_as<typename T::rep>;
};
template <class T>
concept chrono_time_point = requires(const T& value) {
  typename T::clock;
  { value.time_since_epoch() } -> std::same_as<typename T::duration>;
  requires chrono_duration<typename T::duration>;
};
template <class T>
concept chrono_sys_time = chrono_time_point<T> && requires(const T& value) {
  T::clock::to_time_t(value);
};
template <class T>
concept chrono_local_time = chrono_time_point<T> && std::is_empty_v<typename T::clock> && !requires {
  T::clock::now();
};
template <class T>
concept chrono_in_days = chrono_time_point<T> && T::duration::period::num == 86400 && T::duration::period::den == 1;
template <class T>
concept chrono_date = requires(const T& value) {
  value.year();
  value.month();
  value.day();
  { value.ok() } -> std::same_as<bool>;
};
template <class T>
concept chrono_time_of_day = requires(const T& value) {
  value.is_negative();
  value.hours();
  value.minutes();
  value.subseconds();
};

template <class T>
struct unwrap_column {
  using type = T;
};
template <fixed_string Name, class T>
struct unwrap_column<column<Name, T>> : unwrap_column<T> {};

template <class T>
struct unwrap_optional {
  using type = T;
};
template <class T>
struct unwrap_optional<std::optional<T>> {
  using type = T;
};

/// What is stored for `T`: the type that a codec names, or `T` itself.
template <class T>
struct unwrap_codec {
  using type = T;
};
template <has_field_codec T>
struct unwrap_codec<T> {
  using type = typename field_codec<T>::stored_type;
};

template <class T>
consteval field_kind kind_of() {
  if constexpr (has_field_codec<T>) {
    return kind_of<typename field_codec<T>::stored_type>();
  } else if constexpr (is_native_value<T>) {
    return field_kind::native;
  } else if constexpr (std::same_as<T, bool>) {
    return field_kind::boolean;
  } else if constexpr (std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
                       std::same_as<T, char16_t> || std::same_as<T, char32_t> || std::same_as<T, long double>) {
    return field_kind::unsupported;
  } else if constexpr (std::signed_integral<T>) {
    return field_kind::integer;
  } else if constexpr (std::unsigned_integral<T>) {
    return field_kind::unsigned_integer;
  } else if constexpr (std::floating_point<T>) {
    return field_kind::real;
  } else if constexpr (std::same_as<T, std::byte>) {
    return field_kind::unsupported;
  } else if constexpr (std::is_enum_v<T>) {
    return field_kind::enumeration;
  } else if constexpr (std::same_as<T, std::string> || std::same_as<T, std::string_view> || is_char_array<T>) {
    return field_kind::text;
  } else if constexpr (byte_range_like<T>) {
    return field_kind::bytes;
  } else if constexpr (is_vector<T>) {
    return kind_of<typename unwrap_optional<typename T::value_type>::type>() == field_kind::unsupported
               ? field_kind::unsupported
               : field_kind::list;
  } else if constexpr (std::same_as<T, v0::uuid>) {
    return field_kind::uuid;
  } else if constexpr (std::same_as<T, v0::decimal>) {
    return field_kind::decimal;
  } else if constexpr (is_json_value<T>) {
    return field_kind::json;
  } else if constexpr (chrono_duration<T>) {
    return field_kind::duration;
  } else if constexpr (chrono_date<T> || ((chrono_sys_time<T> || chrono_local_time<T>)&&chrono_in_days<T>)) {
    return field_kind::date;
  } else if constexpr (chrono_sys_time<T>) {
    return field_kind::timestamp;
  } else if constexpr (chrono_local_time<T>) {
    return field_kind::local_timestamp;
  } else if constexpr (chrono_time_of_day<T>) {
    return field_kind::time_of_day;
  } else {
    return field_kind::unsupported;
  }
}

}  // namespace detail

using detail::is_column;
using detail::is_json_value;
using detail::is_optional;

/// The kind of value that `T` is to a row, without `std::optional` and `column<>` around it.
template <class T>
inline constexpr field_kind field_kind_of = detail::kind_of<
    typename detail::unwrap_optional<typename detail::unwrap_column<std::remove_cv_t<T>>::type>::type>();

}  // namespace dovetail::inline v0
