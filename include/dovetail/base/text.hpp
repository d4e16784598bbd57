// Small tools for text without a locale: ASCII case, whole numbers, hexadecimal digits.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/name.hpp>
#include <dovetail/base/similarity.hpp>
#include <dovetail/base/utf8.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0 {

/// Reads all of `text` as a decimal whole number: digits with an optional '-' (signed types) or '+' in front.
/// False, and `value` is as before, when `text` is anything else or does not fit `Integer`.
template <std::integral Integer>
  requires(!std::same_as<Integer, bool>)
constexpr bool parse_integer(std::string_view text, Integer& value) noexcept {
  using unsigned_type = std::make_unsigned_t<Integer>;
  const bool is_negative = std::signed_integral<Integer> && !text.empty() && text.front() == '-';
  if (is_negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  if (text.empty()) return false;
  constexpr unsigned_type largest = static_cast<unsigned_type>((std::numeric_limits<Integer>::max)());
  const unsigned_type limit = is_negative ? static_cast<unsigned_type>(largest + 1) : largest;
  unsigned_type magnitude = 0;
  for (const char c : text) {
    if (!is_ascii_digit(c)) return false;
    const auto digit = static_cast<unsigned_type>(c - '0');
    if (magnitude > limit / 10 || (magnitude == limit / 10 && digit > limit % 10)) return false;
    magnitude = static_cast<unsigned_type>(magnitude * 10 + digit);
  }
  value = static_cast<Integer>(is_negative ? static_cast<unsigned_type>(0 - magnitude) : magnitude);
  return true;
}

namespace detail {

/// The value of every hexadecimal digit; -1 for other characters.
inline constexpr auto hex_values = [] {
  std::array<signed char, 256> values{};
  for (signed char& each : values) each = -1;
  for (signed char i = 0; i < 10; ++i) values[static_cast<std::size_t>('0' + i)] = i;
  for (signed char i = 0; i < 6; ++i) {
    values[static_cast<std::size_t>('a' + i)] = static_cast<signed char>(10 + i);
    values[static_cast<std::size_t>('A' + i)] = static_cast<signed char>(10 + i);
  }
  return values;
}();

inline constexpr char hex_digits[] = "0123456789abcdef";

}  // namespace detail

/// The value of a hexadecimal digit of either case, or -1.
constexpr int hex_value(char c) noexcept { return detail::hex_values[static_cast<unsigned char>(c)]; }

/// Writes two lower-case hexadecimal digits a byte at `out`; returns the end of what was written.
constexpr char* format_hex(char* out, byte_view bytes) noexcept {
  for (const std::byte b : bytes) {
    *out++ = detail::hex_digits[std::to_integer<unsigned>(b) >> 4];
    *out++ = detail::hex_digits[std::to_integer<unsigned>(b) & 15];
  }
  return out;
}

/// The bytes as lower-case hexadecimal digits.
inline std::string to_hex(byte_view bytes) {
  std::string text(bytes.size() * 2, '0');
  format_hex(text.data(), bytes);
  return text;
}

/// Reads hexadecimal digits of either case into `bytes`; false when the length is not exactly twice `bytes.size()`, or
/// at the first other character (some of `bytes` may have been written then).
constexpr bool parse_hex(std::string_view text, byte_span bytes) noexcept {
  if (text.size() % 2 != 0 || text.size() / 2 != bytes.size()) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<std::byte>(high * 16 + low);
  }
  return true;
}

}  // namespace dovetail::inline v0
