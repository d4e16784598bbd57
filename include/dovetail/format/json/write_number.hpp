// Numbers as JSON text: whole ones by eight digits at a time, real ones by the shortest text that reads back the same.
#pragma once

#include <dovetail/format/json/scan.hpp>
#include <dovetail/format/shape.hpp>

#include <bit>
#include <cfloat>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <cstring>

namespace dovetail::inline v0::detail {

/// How many characters a number takes at most, and how far beyond its end the writers may store.
inline constexpr std::size_t json_number_room = 32;

/// The eight decimal digits of `value` (< 10^8) as values, the first one in the lowest byte.
[[gnu::always_inline]] constexpr std::uint64_t split_eight_digits(std::uint32_t value) noexcept {
  // Multiplications by rounded-up reciprocals divide all lanes at once; they are exact for the values that lanes hold.
  const std::uint64_t fours = value / 10000u | std::uint64_t{value % 10000u} << 32;
  const std::uint64_t hundreds = (fours * 10486u >> 20) & 0x0000007F0000007Fu;
  const std::uint64_t pairs = hundreds | (fours - hundreds * 100u) << 16;
  const std::uint64_t tens = (pairs * 103u >> 10) & 0x000F000F000F000Fu;
  return tens | (pairs - tens * 10u) << 8;
}

/// Stores eight bytes, the lowest one first.
[[gnu::always_inline]] inline void store_eight(char* to, std::uint64_t eight) noexcept {
  if constexpr (std::endian::native == std::endian::big) eight = __builtin_bswap64(eight);
  std::memcpy(to, &eight, sizeof eight);
}

/// Writes all eight digits.
[[gnu::always_inline]] inline char* write_eight_digits(char* out, std::uint32_t value) noexcept {
  store_eight(out, split_eight_digits(value) | every_byte * '0');
  return out + 8;
}

/// Writes a number below 10^8 without leading zeros; stores eight bytes.
[[gnu::always_inline]] inline char* write_small_unsigned(char* out, std::uint32_t value) noexcept {
  const std::uint64_t digits = split_eight_digits(value);
  const int zeros = first_mark(digits | std::uint64_t{1} << 56);  // the last digit stays, even when it is 0
  store_eight(out, (digits | every_byte * '0') >> (8 * zeros));
  return out + 8 - zeros;
}

[[gnu::always_inline]] inline char* write_unsigned(char* out, std::uint64_t value) noexcept {
  constexpr std::uint64_t unit = 100000000u;
  if (value < unit) return write_small_unsigned(out, static_cast<std::uint32_t>(value));
  if (value < unit * unit) {
    out = write_small_unsigned(out, static_cast<std::uint32_t>(value / unit));
    return write_eight_digits(out, static_cast<std::uint32_t>(value % unit));
  }
  out = write_small_unsigned(out, static_cast<std::uint32_t>(value / (unit * unit)));
  value %= unit * unit;
  out = write_eight_digits(out, static_cast<std::uint32_t>(value / unit));
  return write_eight_digits(out, static_cast<std::uint32_t>(value % unit));
}

template <whole_number T>
[[gnu::always_inline]] inline char* write_integer(char* out, T value) noexcept {
  auto magnitude = static_cast<std::uint64_t>(value);
  if constexpr (std::signed_integral<T>) {
    *out = '-';
    out += value < 0;
    if (value < 0) magnitude = 0 - magnitude;
  }
  return write_unsigned(out, magnitude);
}

/// Writes a number that has at most four decimal places and few digits before them, as `std::to_chars` does; null for
/// all others. Decimals of so few digits that the type keeps each apart have no shorter text, and no other as short.
template <real_number T>
[[gnu::always_inline]] inline char* write_short_decimal(char* out, T value) noexcept {
  constexpr T unit = 10000;
  constexpr T limit = static_cast<T>(std::same_as<T, double> ? 1e11 : 100.0);  // 15 digits, or 6
  const T magnitude = value < 0 ? -value : value;
  if (FLT_EVAL_METHOD != 0 || !(magnitude >= T(0.001) && magnitude < limit)) return nullptr;
  const auto units = static_cast<std::int64_t>(magnitude * unit + T(0.5));
  // Both sides are exact, so the quotient is the value nearest to the text.
  if (static_cast<T>(units) / unit != magnitude) return nullptr;
  const auto whole = static_cast<std::uint64_t>(units) / 10000u;
  const auto places = static_cast<std::uint32_t>(static_cast<std::uint64_t>(units) % 10000u);
  if (places == 0 && whole % 100000u == 0) [[unlikely]]
    return nullptr;  // 1e+05 is shorter
  *out = '-';
  out = write_unsigned(out + (value < 0), whole);
  if (places == 0) return out;
  *out = '.';
  const std::uint64_t digits = split_eight_digits(places);  // the upper four bytes
  store_eight(out + 1, (digits | every_byte * '0') >> 32);
  return out + 5 - std::countl_zero(digits) / 8;
}

/// `value` is finite.
template <real_number T>
[[gnu::always_inline]] inline char* write_real(char* out, T value) noexcept {
  if (char* const end = write_short_decimal(out, value)) return end;
  return std::to_chars(out, out + json_number_room, value).ptr;
}

}  // namespace dovetail::inline v0::detail
