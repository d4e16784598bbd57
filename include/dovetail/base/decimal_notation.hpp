// Where sign, digits and scale are in the text of a decimal number.
#pragma once

#include <dovetail/base/name.hpp>

#include <cstddef>
#include <string_view>

namespace dovetail::inline v0::detail {

/// The parts of a number's text. Lifetime: borrows from the text.
struct decimal_notation {
  enum class form : unsigned char { malformed, number, infinity, nan };

  form what = form::malformed;
  bool is_negative = false;
  std::string_view whole{};     // digits in front of the point, without leading zeros
  std::string_view fraction{};  // digits behind it; without leading zeros when `whole` is empty
  std::size_t zeros = 0;        // to be put behind both, for a large exponent
  int scale = 0;                // of the number made of whole, fraction and zeros

  constexpr std::size_t digit_count() const noexcept { return whole.size() + fraction.size() + zeros; }
};

/// Reads `[±]digits[.digits][e[±]digits]`, `NaN`, `[±]Infinity` or `[±]inf`; malformed, too, when the scale is above
/// `maximum_scale` or there are more than `maximum_digits` digits.
constexpr decimal_notation read_decimal_notation(std::string_view text, int maximum_scale,
                                                 std::size_t maximum_digits) noexcept {
  using form = decimal_notation::form;
  decimal_notation read;
  read.is_negative = !text.empty() && text.front() == '-';
  const bool is_signed = read.is_negative || (!text.empty() && text.front() == '+');
  if (is_signed) text.remove_prefix(1);
  if (equals_ignoring_case(text, "infinity") || equals_ignoring_case(text, "inf")) {
    read.what = form::infinity;
    return read;
  }
  if (!is_signed && equals_ignoring_case(text, "nan")) {
    read.what = form::nan;
    return read;
  }

  const auto take_digits = [&text] {
    std::size_t count = 0;
    while (count < text.size() && is_ascii_digit(text[count])) ++count;
    const std::string_view digits = text.substr(0, count);
    text.remove_prefix(count);
    return digits;
  };
  read.whole = take_digits();
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    read.fraction = take_digits();
  }
  if (read.whole.empty() && read.fraction.empty()) return read;

  constexpr int furthest = 1'000'000;  // beyond every limit, and far from overflow
  int exponent = 0;
  if (!text.empty() && (text.front() == 'e' || text.front() == 'E')) {
    text.remove_prefix(1);
    const bool is_small = !text.empty() && text.front() == '-';
    if (is_small || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
    const std::string_view digits = take_digits();
    if (digits.empty()) return read;
    for (const char c : digits) {
      if (exponent < furthest) exponent = exponent * 10 + (c - '0');
    }
    if (is_small) exponent = -exponent;
  }
  if (!text.empty() || read.fraction.size() > maximum_digits) return read;

  const int shift = static_cast<int>(read.fraction.size()) - exponent;
  const auto drop_zeros = [](std::string_view& digits) {
    while (!digits.empty() && digits.front() == '0') digits.remove_prefix(1);
  };
  drop_zeros(read.whole);
  if (read.whole.empty()) drop_zeros(read.fraction);
  if (shift > 0) {
    read.scale = shift;
  } else if (read.digit_count() != 0) {
    read.zeros = static_cast<std::size_t>(-shift);
  }
  if (read.scale <= maximum_scale && read.digit_count() <= maximum_digits) read.what = form::number;
  return read;
}

}  // namespace dovetail::inline v0::detail
