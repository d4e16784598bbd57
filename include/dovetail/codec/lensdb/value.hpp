// What lies under a key: text and bytes as they are, every other type through the value format.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/format/shape.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::lensdb {

namespace detail {

template <class T>
concept text_value = dovetail::detail::text_like<T>;

template <class T>
concept bytes_value = !text_value<T> && std::convertible_to<const T&, byte_view>;

/// Text that is nobody else's.
template <class T>
inline constexpr bool is_string = false;
template <class Allocator>
inline constexpr bool is_string<std::basic_string<char, std::char_traits<char>, Allocator>> = true;

/// Bytes that are nobody else's: std::vector<std::byte>, std::array<std::byte, N>.
template <class T>
concept owned_bytes = dovetail::detail::is_byte_container<T> && !std::constructible_from<T, byte_span>;

/// The text of a value. An array of characters ends at its first zero, as a literal does, or where it ends.
template <class T>
std::string_view text_of(const T& value) {
  if constexpr (dovetail::detail::is_char_array<T>) {
    return {value, static_cast<std::size_t>(std::find(value, value + sizeof value, '\0') - value)};
  } else {
    return std::string_view{value};
  }
}

/// Bytes as the type that holds them.
template <class T>
result<T> own_bytes(byte_view stored) {
  T value{};
  if constexpr (dovetail::detail::is_std_array<T>) {
    if (stored.size() != value.size()) {
      return error_info{errc::malformed_value, "the value has " + std::to_string(stored.size()) +
                                                   " bytes, and the std::array " + std::to_string(value.size())};
    }
    std::copy(stored.begin(), stored.end(), value.begin());
  } else {
    value.assign(stored.begin(), stored.end());
  }
  return value;
}

}  // namespace detail

/// How values become bytes: `encode(value, out)` appends, `decode<T>(bytes)` reads; dt::json, dt::message_pack, …
template <class F>
concept value_format = requires(std::string& out, std::string_view bytes) {
  // If the compiler points here: the format needs `static … encode(const T&, std::string& out)`, void or result<void>.
  F::encode(0, out);
  // If the compiler points here: the format needs `template <class T> static dt::result<T> decode(std::string_view)`.
  { F::template decode<int>(bytes) } -> std::same_as<result<int>>;
};

/// Appends the stored form of `value` to `out`. Text and bytes are stored as they are, whatever the format.
template <class Format, class T>
error_info encode_value(const T& value, std::string& out) {
  if constexpr (detail::text_value<T>) {
    out += detail::text_of(value);
  } else if constexpr (detail::bytes_value<T>) {
    out += as_text(byte_view{value});
  } else if constexpr (std::is_void_v<decltype(Format::encode(value, out))>) {
    Format::encode(value, out);
  } else {
    if (auto written = Format::encode(value, out); !written) return std::move(written).error();
  }
  return {};
}

/// Reads a value of type T from its stored form: every T that `encode_value` takes comes back as it was, but for those
/// that only view text or bytes of somebody else, or convert to them; these do not compile here.
/// Errors: errc::malformed_value for a std::array<std::byte, N> when there are not exactly N bytes; the format's own.
template <class Format, class T>
result<T> decode_value(byte_view stored) {
  if constexpr (detail::is_string<T>) {
    return T(as_text(stored));
  } else if constexpr (detail::owned_bytes<T>) {
    return detail::own_bytes<T>(stored);
  } else if constexpr (detail::text_value<T> || detail::bytes_value<T>) {
    static_assert(dovetail::detail::is_supported<T>,
                  "dovetail: set() stores this type as plain text or bytes, and it cannot be made from them again: get "
                  "a std::string, a std::vector<std::byte> or a std::array<std::byte, N>");
    return errc::malformed_value;
  } else {
    return Format::template decode<T>(as_text(stored));
  }
}

}  // namespace dovetail::inline v0::lensdb
