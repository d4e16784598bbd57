// Numbers of JSON: whole ones exactly, real ones to the nearest double, both in the strict form of RFC 8259.
#pragma once

#include <dovetail/base/real_text.hpp>
#include <dovetail/format/json/round_decimal.hpp>
#include <dovetail/format/json/scan.hpp>
#include <dovetail/format/json/source.hpp>
#include <dovetail/format/shape.hpp>

#include <cfloat>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>

namespace dovetail::inline v0::detail {

/// Finds out what is wrong with a number that a fast path gave up on; `what` is what was expected.
[[gnu::cold, gnu::noinline]] inline const char* fail_json_number(json_source& in, const char* at,
                                                                 std::string_view what) {
  const char* digit = at;
  if (digit != in.end && *digit == '-') ++digit;
  if (digit == in.end || *digit < '0' || *digit > '9') {
    return digit == at ? in.fail_expected(at, what) : in.fail_syntax(digit, "a digit");
  }
  if (*digit == '0' && in.end - digit > 1 && digit[1] >= '0' && digit[1] <= '9') {
    return in.fail(digit, errc::malformed_json, "a number must not begin with 0 and another digit");
  }
  return in.fail_expected(at, what);
}

[[gnu::cold, gnu::noinline]] inline const char* fail_json_range(json_source& in, const char* at, std::int64_t least,
                                                                std::uint64_t most) {
  return in.fail(at, errc::value_out_of_range,
                 join_message({"expected a whole number from ", least, " to ", most, ", found one beyond"}));
}

/// Reads the digits of a number with as many as fit 64 bits only; null when they do not.
/// `at` is the first digit; `digits_end` is behind the last one.
inline bool fits_64_bits(const char* at, const char* digits_end, std::uint64_t value) noexcept {
  const auto count = digits_end - at;
  // With 20 digits the number is below 10^20 < 6 * 2^64; it fits when it begins with 1 and the sum did not wrap.
  return count < 20 || (count == 20 && *at == '1' && value >= 10000000000000000000u);
}

template <whole_number T>
[[gnu::always_inline]] inline const char* read_json_integer(json_source& in, const char* at, T& out) {
  constexpr auto least = static_cast<std::int64_t>((std::numeric_limits<T>::min)());
  constexpr auto most = static_cast<std::uint64_t>((std::numeric_limits<T>::max)());
  const char* const begin = at;
  const bool is_negative = at != in.end && *at == '-';
  at += is_negative;
  const char* const digits = at;
  std::uint64_t value = 0;
  at = read_digits(at, in.end, value);
  if (at == digits || (*digits == '0' && at - digits > 1)) [[unlikely]]
    return fail_json_number(in, begin, "a number");
  if (at != in.end && (*at == '.' || *at == 'e' || *at == 'E')) [[unlikely]] {
    return in.fail(begin, errc::malformed_value, "expected a whole number, found one with a fraction or exponent");
  }
  const std::uint64_t limit = is_negative ? std::uint64_t{0} - static_cast<std::uint64_t>(least) : most;
  if (value > limit || !fits_64_bits(digits, at, value)) [[unlikely]]
    return fail_json_range(in, begin, least, most);
  out = static_cast<T>(is_negative ? std::uint64_t{0} - value : value);
  return at;
}

/// The parts of a number's text: ±digits × 10^exponent.
struct json_number {
  std::uint64_t digits = 0;  // modulo 2^64: exact when digit_count <= 19
  std::ptrdiff_t digit_count = 0;
  std::int64_t exponent = 0;
  bool is_negative = false;
};

/// Scans a number of any form; null after a failure.
[[gnu::always_inline]] inline const char* scan_json_number(json_source& in, const char* at, json_number& number) {
  const char* const begin = at;
  number.is_negative = at != in.end && *at == '-';
  at += number.is_negative;
  const char* const digits = at;
  at = read_digits(at, in.end, number.digits);
  number.digit_count = at - digits;
  if (at == digits || (*digits == '0' && at - digits > 1)) [[unlikely]]
    return fail_json_number(in, begin, "a number");
  if (at != in.end && *at == '.') {
    const char* const fraction = ++at;
    at = read_digits(at, in.end, number.digits);
    if (at == fraction) [[unlikely]]
      return in.fail_syntax(at, "a digit behind the decimal point");
    number.digit_count += at - fraction;
    number.exponent = fraction - at;
  }
  if (at != in.end && (*at == 'e' || *at == 'E')) [[unlikely]] {
    ++at;
    const bool is_small = at != in.end && *at == '-';
    if (is_small || (at != in.end && *at == '+')) ++at;
    const char* const power = at;
    std::int64_t exponent = 0;
    for (; at != in.end && *at >= '0' && *at <= '9'; ++at) {
      if (exponent < 1000000000000) exponent = exponent * 10 + (*at - '0');  // beyond, only its size counts
    }
    if (at == power) return in.fail_syntax(at, "a digit of the exponent");
    number.exponent += is_small ? -exponent : exponent;
  }
  return at;
}

inline constexpr double exact_powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
inline constexpr float exact_float_powers_of_ten[] = {1e0f, 1e1f, 1e2f, 1e3f, 1e4f, 1e5f,
                                                      1e6f, 1e7f, 1e8f, 1e9f, 1e10f};

/// Any number, from its text.
template <real_number T>
[[gnu::noinline]] const char* convert_json_real(json_source& in, const char* begin, const char* end,
                                                const json_number& number, T& out) {
  const auto [stop, ec] = real_from_chars(begin, end, out);
  if (ec == std::errc{} && stop == end) return end;
  // Out of range: nothing but zeros, or too small for the type, is zero; else it is too large.
  std::int64_t leading_zeros = 0;
  for (const char* at = begin; at != end && (*at == '-' || *at == '0' || *at == '.'); ++at) leading_zeros += *at == '0';
  if (number.digit_count - leading_zeros + number.exponent > 0) {
    return in.fail(begin, errc::value_out_of_range, "expected a number that the C++ type can hold, found a larger one");
  }
  out = number.is_negative ? -T{0} : T{0};
  return end;
}

/// Cost: when digits and power of ten are exact in the type, one multiplication or division gives the nearest value;
/// up to 19 digits and powers up to ±27 take three multiplications; what is left is the standard library's.
template <real_number T>
[[gnu::always_inline]] inline const char* read_json_real(json_source& in, const char* at, T& out) {
  constexpr bool is_double = std::same_as<T, double>;
  const char* const begin = at;
  json_number number;
  at = scan_json_number(in, at, number);
  if (at == nullptr) [[unlikely]]
    return nullptr;
  constexpr std::uint64_t most_digits = std::uint64_t{1} << std::numeric_limits<T>::digits;
  constexpr std::int64_t most_power = is_double ? 22 : 10;
  // FLT_EVAL_METHOD: where intermediate results have more bits, they would be rounded twice.
  if (FLT_EVAL_METHOD == 0 && number.digit_count <= 19 && number.digits <= most_digits &&
      number.exponent <= most_power && number.exponent >= -most_power) {
    T value = static_cast<T>(number.digits);
    const auto power = static_cast<std::size_t>(number.exponent < 0 ? -number.exponent : number.exponent);
    T scale{};
    if constexpr (is_double) {
      scale = exact_powers_of_ten[power];
    } else {
      scale = exact_float_powers_of_ten[power];
    }
    value = number.exponent < 0 ? value / scale : value * scale;
    out = number.is_negative ? -value : value;
    return at;
  }
  T magnitude{};
  if (number.digit_count <= 19 && number.digits != 0 && round_decimal(number.digits, number.exponent, magnitude))
      [[likely]] {
    out = number.is_negative ? -magnitude : magnitude;
    return at;
  }
  return convert_json_real(in, begin, at, number, out);
}

}  // namespace dovetail::inline v0::detail
