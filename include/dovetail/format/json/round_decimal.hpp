// A whole number times a power of ten, rounded to the nearest float or double by integers alone.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace dovetail::inline v0::detail {

/// 128 bits of a product.
struct wide_number {
  std::uint64_t high;
  std::uint64_t low;
};

[[gnu::always_inline]] constexpr wide_number multiply_wide(std::uint64_t a, std::uint64_t b) noexcept {
#ifdef __SIZEOF_INT128__
  __extension__ using wide = unsigned __int128;
  const wide product = static_cast<wide>(a) * b;
  return {static_cast<std::uint64_t>(product >> 64), static_cast<std::uint64_t>(product)};
#else
  constexpr std::uint64_t half = 0xFFFFFFFFu;
  const std::uint64_t low = (a & half) * (b & half);
  const std::uint64_t left = (a >> 32) * (b & half) + (low >> 32);
  const std::uint64_t right = (a & half) * (b >> 32) + (left & half);
  return {(a >> 32) * (b >> 32) + (left >> 32) + (right >> 32), right << 32 | (low & half)};
#endif
}

/// 5^27 is the greatest power of five of 64 bits.
inline constexpr int most_power_of_five = 27;

/// A power of five, shifted until its highest bit is set, and the first 128 bits of its reciprocal.
struct power_of_five {
  std::uint64_t shifted = 0;
  wide_number reciprocal{};  // rounded down
  int width = 0;             // the power's bits
};

consteval auto make_powers_of_five() {
  std::array<power_of_five, most_power_of_five + 1> powers{};
  std::uint64_t power = 1;
  for (power_of_five& each : powers) {
    each.width = static_cast<int>(std::bit_width(power));
    each.shifted = power << (64 - each.width);
    std::uint64_t rest = std::uint64_t{1} << (each.width - 1);  // divided bit by bit
    for (int i = 0; i < 128; ++i) {
      each.reciprocal.high = each.reciprocal.high << 1 | each.reciprocal.low >> 63;
      each.reciprocal.low <<= 1;
      rest <<= 1;
      if (rest >= power) {
        rest -= power;
        each.reciprocal.low |= 1;
      }
    }
    power *= 5;
  }
  return powers;
}

inline constexpr auto powers_of_five = make_powers_of_five();

/// Rounds digits × 10^power to the nearest value, ties to even; `digits` is not 0. False when `power` is beyond
/// ±27, when the value does not fit `T`, and when 128 bits do not tell on which side of a tie the number is.
template <class T>
constexpr bool round_decimal(std::uint64_t digits, std::int64_t power, T& out) noexcept {
  using bits_type = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  if (power < -most_power_of_five || power > most_power_of_five) return false;
  const bool is_exact = power >= 0;
  const power_of_five& five = powers_of_five[static_cast<std::size_t>(is_exact ? power : -power)];
  const int zeros = std::countl_zero(digits);
  digits <<= zeros;

  // The value is (high + low / 2^64) × 2^scale; divisions drop what is below, less than two units of `low`.
  wide_number value{};
  int scale = static_cast<int>(power) - zeros;
  if (is_exact) {
    value = multiply_wide(digits, five.shifted);
    scale += five.width;
  } else {
    value = multiply_wide(digits, five.reciprocal.high);
    const std::uint64_t carry = multiply_wide(digits, five.reciprocal.low).high;
    value.low += carry;
    value.high += value.low < carry;
    scale += 1 - five.width;
  }
  if (value.high >> 63 == 0) {
    value.high = value.high << 1 | value.low >> 63;
    value.low <<= 1;
    --scale;
  }

  constexpr int dropped = 64 - std::numeric_limits<T>::digits;
  constexpr std::uint64_t half = std::uint64_t{1} << (dropped - 1);
  const std::uint64_t rest = value.high & (2 * half - 1);
  std::uint64_t mantissa = value.high >> dropped;
  if (!is_exact && (value.low >= std::uint64_t{0} - 4 || (rest == half && value.low == 0))) return false;
  const bool is_above = rest > half || (rest == half && (value.low != 0 || (mantissa & 1) != 0));
  mantissa += is_above;
  // The mantissa's highest bit, and a carry out of it, are added to the exponent.
  const int exponent = scale + 62 + std::numeric_limits<T>::max_exponent;
  const std::uint64_t bits =
      mantissa + (static_cast<std::uint64_t>(exponent - 1) << (std::numeric_limits<T>::digits - 1));
  constexpr auto infinity = std::bit_cast<bits_type>(std::numeric_limits<T>::infinity());
  if (bits >= infinity) return false;
  out = std::bit_cast<T>(static_cast<bits_type>(bits));
  return true;
}

}  // namespace dovetail::inline v0::detail
