// Where a number in a statement's text ends.
#pragma once

#include <dovetail/sql/token.hpp>

#include <cstdint>

namespace dovetail::inline v0 {
namespace detail {

constexpr bool is_digit(char c) noexcept { return (class_of(c) & class_digit) != 0; }
constexpr bool is_hex_digit(char c) noexcept { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

/// The end of the digits at text[at], with underscores between them.
constexpr std::uint32_t end_of_digits(const char* text, std::uint32_t size, std::uint32_t at) noexcept {
  while (at < size && (is_digit(text[at]) || (text[at] == '_' && size - at > 1 && is_digit(text[at + 1])))) ++at;
  return at;
}

/// The end of the number at text[at], where the database ends it: in `1from` and `1.e` a word begins behind it.
constexpr std::uint32_t end_of_number(const char* text, std::uint32_t size, std::uint32_t at) noexcept {
  const auto peek = [&](std::uint32_t ahead) { return size - at > ahead ? text[at + ahead] : '\0'; };
  const char second = static_cast<char>(peek(1) | 0x20);
  if (text[at] == '0' && (second == 'x' || second == 'o' || second == 'b') && is_hex_digit(peek(2))) {
    for (at += 2; at < size && (is_hex_digit(text[at]) || text[at] == '_'); ++at) {
    }
    return at;
  }
  at = end_of_digits(text, size, at);
  if (at < size && text[at] == '.') at = end_of_digits(text, size, at + 1);
  if ((peek(0) | 0x20) != 'e') return at;
  const std::uint32_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
  return is_digit(peek(1 + sign)) ? end_of_digits(text, size, at + 1 + sign) : at;
}

}  // namespace detail
}  // namespace dovetail::inline v0
