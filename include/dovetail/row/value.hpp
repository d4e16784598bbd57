// From a value as a database has it to a field: nothing is cut, rounded or wrapped without an error.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/row/enums.hpp>
#include <dovetail/row/field.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0 {

/// Sets an integer or bool from an integer of any width.
/// Errors: errc::value_out_of_range when `out` cannot hold it; bool holds 0 and 1.
template <std::integral From, std::integral To>
  requires(!std::same_as<From, bool>)
constexpr errc assign_integer(From value, To& out) noexcept {
  if constexpr (std::same_as<To, bool>) {
    if (value != From{0} && value != From{1}) return errc::value_out_of_range;
    out = value != From{0};
  } else {
    using limits = std::numeric_limits<To>;
    if constexpr (std::signed_integral<From> && std::unsigned_integral<To>) {
      if (value < 0) return errc::value_out_of_range;
      if constexpr (sizeof(From) > sizeof(To)) {
        if (value > static_cast<From>((limits::max)())) return errc::value_out_of_range;
      }
    } else if constexpr (std::unsigned_integral<From> && std::signed_integral<To>) {
      if constexpr (sizeof(From) >= sizeof(To)) {
        if (value > static_cast<From>((limits::max)())) return errc::value_out_of_range;
      }
    } else if constexpr (sizeof(From) > sizeof(To)) {
      if (value > static_cast<From>((limits::max)())) return errc::value_out_of_range;
      if constexpr (std::signed_integral<From>) {
        if (value < static_cast<From>((limits::min)())) return errc::value_out_of_range;
      }
    }
    out = static_cast<To>(value);
  }
  return errc{};
}

/// Sets a floating-point number from another one: a `float` has fewer digits, that is no error.
/// Errors: errc::value_out_of_range when a finite number is too large for `out`.
template <std::floating_point From, std::floating_point To>
constexpr errc assign_real(From value, To& out) noexcept {
  if constexpr (sizeof(From) > sizeof(To)) {
    constexpr auto largest = static_cast<From>((std::numeric_limits<To>::max)());
    const bool is_finite = value - value == From{0};
    if (is_finite && (value > largest || value < -largest)) return errc::value_out_of_range;
  }
  out = static_cast<To>(value);
  return errc{};
}

/// Sets a floating-point number from an integer.
/// Errors: errc::value_out_of_range when `out` cannot hold all of its digits.
template <std::integral From, std::floating_point To>
constexpr errc assign_real(From value, To& out) noexcept {
  const auto converted = static_cast<To>(value);
  // 2^63 and 2^64 are exact as floating-point numbers, and outside of the integers: they are told before the cast back.
  constexpr auto limit = static_cast<To>((std::numeric_limits<From>::max)() / 2 + 1) * To{2};
  if (converted >= limit || static_cast<From>(converted) != value) return errc::value_out_of_range;
  out = converted;
  return errc{};
}

namespace detail {

[[gnu::noinline]] inline void assign_long(std::string_view text, std::string& to) { to.assign(text); }

/// What `to.assign` does with a text that is not of `to`. A short one is written into a string without memory of its
/// own where that is.
[[gnu::noinline, gnu::flatten]] inline void assign_string(std::string_view text, std::string& to) {
  constexpr std::size_t few = 15;  // fit into a string itself, where strings have three words at least
  if (sizeof(std::string) >= 24 && text.size() <= few && to.capacity() <= few) {
    std::destroy_at(&to);
    std::construct_at(&to, text.data(), text.size());
  } else {
    assign_long(text, to);
  }
}

}  // namespace detail

/// Sets a `std::string`, a `std::string_view` (it borrows from `text`), or a `char[N]` (padded with zeros, one at
/// least). Errors: errc::value_out_of_range when a `char[N]` is too short.
template <class To>
  requires(field_kind_of<To> == field_kind::text)
[[gnu::always_inline]] constexpr errc assign_text(std::string_view text, To& out) {
  if constexpr (std::is_array_v<To>) {
    constexpr std::size_t size = std::extent_v<To>;
    if (text.size() >= size) return errc::value_out_of_range;
    for (std::size_t i = 0; i < size; ++i) out[i] = i < text.size() ? text[i] : '\0';
  } else if constexpr (std::same_as<To, std::string_view>) {
    out = text;
  } else if (std::is_constant_evaluated()) {
    out.assign(text.data(), text.size());
  } else {
    detail::assign_string(text, out);
  }
  return errc{};
}

/// Sets a `std::vector<std::byte>`, a `byte_view` (it borrows from `bytes`), or a `std::array<std::byte, N>`.
/// Errors: errc::value_out_of_range when an array has another size.
template <class To>
  requires(field_kind_of<To> == field_kind::bytes)
constexpr errc assign_bytes(byte_view bytes, To& out) {
  if constexpr (detail::is_byte_array<To>) {
    if (bytes.size() != out.size()) return errc::value_out_of_range;
    for (std::size_t i = 0; i < bytes.size(); ++i) out[i] = bytes[i];
  } else if constexpr (std::same_as<To, byte_view>) {
    out = bytes;
  } else {
    out.assign(bytes.begin(), bytes.end());
  }
  return errc{};
}

/// Sets an enum by the number of its value; numbers without an enumerator are taken (flags are combined so).
/// Errors: errc::value_out_of_range when its underlying type cannot hold the number.
template <std::integral From, class E>
  requires(std::is_enum_v<E>)
constexpr errc assign_enum(From number, E& out) noexcept {
  std::underlying_type_t<E> value{};
  const errc code = assign_integer(number, value);
  if (code == errc{}) out = static_cast<E>(value);
  return code;
}

/// Sets an enum by the name of its enumerator, as it is spelled in C++ or in `describe<E>`.
/// Errors: errc::malformed_value when there is no such name.
template <class E>
  requires(std::is_enum_v<E>)
constexpr errc assign_enum(std::string_view name, E& out) noexcept {
  const auto found = enum_value<E>(name);
  if (!found) return errc::malformed_value;
  out = *found;
  return errc{};
}

}  // namespace dovetail::inline v0
