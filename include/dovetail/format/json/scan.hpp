// Looks at eight characters of JSON text at a time: the end of plain text, runs of digits.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace dovetail::inline v0::detail {

inline constexpr std::uint64_t every_byte = 0x0101010101010101u;
inline constexpr std::uint64_t every_high_bit = every_byte << 7;

/// Eight bytes, the first one lowest, whatever the machine's byte order is.
[[gnu::always_inline]] inline std::uint64_t load_eight(const char* from) noexcept {
  std::uint64_t eight;
  std::memcpy(&eight, from, sizeof eight);
  if constexpr (std::endian::native == std::endian::big) eight = __builtin_bswap64(eight);
  return eight;
}

/// The index of the lowest byte whose high bit is set in `marks`, which is not zero.
[[gnu::always_inline]] inline int first_mark(std::uint64_t marks) noexcept { return std::countr_zero(marks) >> 3; }

/// Marks the characters that end a run of plain ASCII in a string: quote, backslash, controls, and bytes above ASCII.
/// Exact for the lowest mark; a subtraction's borrow may add marks above it.
[[gnu::always_inline]] inline std::uint64_t mark_string_specials(std::uint64_t eight) noexcept {
  const std::uint64_t quotes = (eight ^ (every_byte * '"')) - every_byte;
  const std::uint64_t backslashes = (eight ^ (every_byte * '\\')) - every_byte;
  const std::uint64_t controls = eight - every_byte * 0x20;
  return (quotes | backslashes | controls | eight) & every_high_bit;
}

[[gnu::always_inline]] inline bool is_string_special(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte >= 0x80 || c == '"' || c == '\\';
}

#ifdef __SSE2__
using sixteen_bytes [[gnu::vector_size(16)]] = char;
using sixteen_signed_bytes [[gnu::vector_size(16)]] = signed char;

/// Marks by one bit each which of sixteen characters `mark_string_specials` marks; exact.
[[gnu::always_inline]] inline unsigned mark_sixteen_specials(const char* from) noexcept {
  sixteen_signed_bytes text;
  std::memcpy(&text, from, sizeof text);
  // As signed numbers, bytes above ASCII are below the controls.
  const auto marks = (text == '"') | (text == '\\') | (text < 0x20);
  return static_cast<unsigned>(__builtin_ia32_pmovmskb128((sixteen_bytes)marks));
}
#endif

/// The first character in [at, end) that is not plain inside a string; `end` when there is none.
[[gnu::always_inline]] inline const char* find_string_special(const char* at, const char* end) noexcept {
#ifdef __SSE2__
  while (end - at >= 16) {
    if (const unsigned marks = mark_sixteen_specials(at)) return at + std::countr_zero(marks);
    at += 16;
  }
#endif
  while (end - at >= 8) {
    if (const std::uint64_t marks = mark_string_specials(load_eight(at))) return at + first_mark(marks);
    at += 8;
  }
  while (at != end && !is_string_special(*at)) ++at;
  return at;
}

/// Marks the bytes that are no digits; exact for the lowest mark. `digits` gets the bytes less '0'.
[[gnu::always_inline]] inline std::uint64_t mark_non_digits(std::uint64_t eight, std::uint64_t& digits) noexcept {
  digits = eight ^ (every_byte * '0');
  return ((digits + every_byte * 0x76) | digits) & every_high_bit;
}

/// The number that eight digits (values, the first one lowest) make.
[[gnu::always_inline]] inline std::uint64_t eight_digits(std::uint64_t digits) noexcept {
  // Neighbours are joined three times: digits to pairs, pairs to fours, fours to the whole.
  digits = (digits * 10 + (digits >> 8)) & 0x00FF00FF00FF00FFu;
  digits = (digits * 100 + (digits >> 16)) & 0x0000FFFF0000FFFFu;
  return (digits * 10000 + (digits >> 32)) & 0xFFFFFFFFu;
}

inline constexpr std::uint64_t json_powers_of_ten[] = {1u,
                                                       10u,
                                                       100u,
                                                       1000u,
                                                       10000u,
                                                       100000u,
                                                       1000000u,
                                                       10000000u,
                                                       100000000u,
                                                       1000000000u,
                                                       10000000000u,
                                                       100000000000u,
                                                       1000000000000u,
                                                       10000000000000u,
                                                       100000000000000u,
                                                       1000000000000000u,
                                                       10000000000000000u,
                                                       100000000000000000u,
                                                       1000000000000000000u,
                                                       10000000000000000000u};

/// Appends the digits at `at` to `value` (modulo 2^64: the caller counts them) and returns the first other character.
/// Cost: no branch that depends on the number of digits, up to eight of them.
[[gnu::always_inline]] inline const char* read_digits(const char* at, const char* end, std::uint64_t& value) noexcept {
  while (end - at >= 8) {
    std::uint64_t digits;
    const std::uint64_t marks = mark_non_digits(load_eight(at), digits);
    if (marks != 0) {
      const int count = first_mark(marks);
      if (count == 0) return at;
      value = value * json_powers_of_ten[count] + eight_digits(digits << (64 - 8 * count));
      return at + count;
    }
    value = value * 100000000u + eight_digits(digits);
    at += 8;
  }
  while (at != end) {
    const auto digit = static_cast<unsigned char>(*at - '0');
    if (digit > 9) break;
    value = value * 10 + digit;
    ++at;
  }
  return at;
}

}  // namespace dovetail::inline v0::detail
