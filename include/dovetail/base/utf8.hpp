// Whether text is well-formed UTF-8, and its characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0 {

/// The number of bytes at the front of `text` that are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates,
/// nothing above U+10FFFF); `text.size()` when all of it is.
/// Cost: plain ASCII is looked at eight bytes at a time.
constexpr std::size_t valid_utf8_prefix(std::string_view text) noexcept {
  const std::size_t size = text.size();
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&at](std::size_t i) { return (at(i) & 0xC0) == 0x80; };
  std::size_t i = 0;
  while (i < size) {
    if (!std::is_constant_evaluated()) {
      for (std::uint64_t eight = 0; size - i >= sizeof eight; i += sizeof eight) {
        std::memcpy(&eight, text.data() + i, sizeof eight);
        if ((eight & 0x8080808080808080u) != 0) break;
      }
      if (i == size) break;
    }
    const unsigned char lead = at(i);
    if (lead < 0x80) {
      ++i;
    } else if (lead >= 0xC2 && lead <= 0xDF) {
      if (size - i < 2 || !continues(i + 1)) return i;
      i += 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      if (size - i < 3 || !continues(i + 1) || !continues(i + 2)) return i;
      if (lead == 0xE0 && at(i + 1) < 0xA0) return i;  // overlong
      if (lead == 0xED && at(i + 1) > 0x9F) return i;  // surrogate
      i += 3;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      if (size - i < 4 || !continues(i + 1) || !continues(i + 2) || !continues(i + 3)) return i;
      if (lead == 0xF0 && at(i + 1) < 0x90) return i;  // overlong
      if (lead == 0xF4 && at(i + 1) > 0x8F) return i;  // above U+10FFFF
      i += 4;
    } else {
      return i;
    }
  }
  return size;
}

/// True when all of `text` is well-formed UTF-8.
constexpr bool is_valid_utf8(std::string_view text) noexcept { return valid_utf8_prefix(text) == text.size(); }

namespace detail {

/// False for the second and later bytes of a character.
constexpr bool begins_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

constexpr int count_characters(std::string_view text) noexcept {
  int count = 0;
  for (const char c : text) count += begins_character(c) ? 1 : 0;
  return count;
}

/// The byte with the character `position`, counted from 1; the text's size is that of the one behind the last; npos
/// for what is beyond.
constexpr std::size_t byte_of_character(std::string_view text, int position) noexcept {
  std::size_t at = 0;
  for (int left = position - 1; left > 0; --left) {
    if (at == text.size()) return std::string_view::npos;
    do {
      ++at;
    } while (at < text.size() && !begins_character(text[at]));
  }
  return at;
}

}  // namespace detail
}  // namespace dovetail::inline v0
