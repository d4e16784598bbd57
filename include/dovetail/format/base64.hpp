// Bytes as text in base64 (RFC 4648 section 4, with padding).
#pragma once

#include <dovetail/base/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::detail {

inline constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

inline constexpr std::array<std::int8_t, 256> base64_values = [] {
  std::array<std::int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (std::size_t i = 0; i < base64_alphabet.size(); ++i) {
    values[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}();

constexpr std::size_t base64_size(std::size_t bytes) noexcept { return (bytes + 2) / 3 * 4; }

/// Writes `base64_size(bytes.size())` characters at `out`; returns their end.
constexpr char* write_base64(char* out, byte_view bytes) noexcept {
  const auto at = [bytes](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[i]); };
  std::size_t i = 0;
  for (; bytes.size() - i >= 3; i += 3) {
    const std::uint32_t three = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    for (int shift = 18; shift >= 0; shift -= 6) *out++ = base64_alphabet[three >> shift & 63];
  }
  if (const std::size_t rest = bytes.size() - i; rest != 0) {
    const std::uint32_t last = at(i) << 16 | (rest == 2 ? at(i + 1) << 8 : 0);
    *out++ = base64_alphabet[last >> 18 & 63];
    *out++ = base64_alphabet[last >> 12 & 63];
    *out++ = rest == 2 ? base64_alphabet[last >> 6 & 63] : '=';
    *out++ = '=';
  }
  return out;
}

/// How many bytes `text` stands for; only its length and padding are looked at.
constexpr std::size_t base64_byte_count(std::string_view text) noexcept {
  std::size_t count = text.size() / 4 * 3;
  if (text.size() >= 4 && text.back() == '=') count -= text[text.size() - 2] == '=' ? 2 : 1;
  return count;
}

/// Reads all of `text` into `bytes`. False when those are not `base64_byte_count(text)`, a character is foreign, the
/// padding is wrong or missing, or the bits behind the last byte are not zero: each byte sequence has one text.
constexpr bool read_base64(std::string_view text, byte_span bytes) noexcept {
  if (text.size() % 4 != 0 || base64_byte_count(text) != bytes.size()) return false;
  std::size_t written = 0;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool is_last = i + 4 == text.size();
    const std::size_t padding = !is_last || text[i + 3] != '=' ? 0 : text[i + 2] == '=' ? 2 : 1;
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const int value = j >= 4 - padding ? 0 : base64_values[static_cast<unsigned char>(text[i + j])];
      if (value < 0) return false;
      group = group << 6 | static_cast<std::uint32_t>(value);
    }
    if ((padding == 1 && (group & 0xFF) != 0) || (padding == 2 && (group & 0xFFFF) != 0)) return false;
    for (std::size_t j = 0; j < 3 - padding; ++j)
      bytes[written++] = static_cast<std::byte>(group >> (16 - 8 * j) & 0xFF);
  }
  return true;
}

}  // namespace dovetail::inline v0::detail
