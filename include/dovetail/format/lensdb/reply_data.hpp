// The data of successful replies: truth values, the number of keys, the list of keys.
#pragma once

#include <dovetail/base/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace dovetail::inline v0::lensdb {

namespace detail {

constexpr bool equals(byte_view bytes, std::string_view text) noexcept {
  if (bytes.size() != text.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::to_integer<unsigned char>(bytes[i]) != static_cast<unsigned char>(text[i])) return false;
  }
  return true;
}

}  // namespace detail

/// EXISTS: `true` or `false`; nothing for any other text.
constexpr std::optional<bool> parse_truth(byte_view data) noexcept {
  if (detail::equals(data, "true")) return true;
  if (detail::equals(data, "false")) return false;
  return std::nullopt;
}

/// SIZE: ASCII decimal digits and nothing else; nothing for any other text, or more than 64 bits.
constexpr std::optional<std::uint64_t> parse_count(byte_view data) noexcept {
  if (data.empty()) return std::nullopt;
  std::uint64_t count = 0;
  for (const std::byte each : data) {
    const unsigned char c = std::to_integer<unsigned char>(each);
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (count > (UINT64_MAX - digit) / 10) return std::nullopt;
    count = count * 10 + digit;
  }
  return count;
}

/// KEYS: calls `take(byte_view)` for each key. Keys are joined by one line feed; no data means no keys, because there
/// is no empty key. A key that holds a line feed looks like two (V32): the protocol cannot tell.
template <class Take>
constexpr void for_each_key(byte_view data, Take&& take) {
  if (data.empty()) return;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= data.size(); ++i) {
    if (i == data.size() || data[i] == std::byte{'\n'}) {
      take(data.subspan(begin, i - begin));
      begin = i + 1;
    }
  }
}

}  // namespace dovetail::inline v0::lensdb
