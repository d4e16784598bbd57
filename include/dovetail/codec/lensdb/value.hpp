// What lies under a key: text and bytes as they are, every other type through the value format.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/result.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace dovetail::inline v0::lensdb {

namespace detail {

template <class T>
concept text_value = std::convertible_to<const T&, std::string_view>;

template <class T>
concept bytes_value = !text_value<T> && std::convertible_to<const T&, byte_view>;

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
    out += std::string_view{value};
  } else if constexpr (detail::bytes_value<T>) {
    out += as_text(byte_view{value});
  } else if constexpr (std::is_void_v<decltype(Format::encode(value, out))>) {
    Format::encode(value, out);
  } else {
    if (auto written = Format::encode(value, out); !written) return std::move(written).error();
  }
  return {};
}

/// Reads a value of type T from its stored form.
template <class Format, class T>
result<T> decode_value(byte_view stored) {
  if constexpr (std::same_as<T, std::string>) {
    return std::string{as_text(stored)};
  } else if constexpr (std::same_as<T, std::vector<std::byte>>) {
    return std::vector<std::byte>(stored.begin(), stored.end());
  } else {
    return Format::template decode<T>(as_text(stored));
  }
}

}  // namespace dovetail::inline v0::lensdb
