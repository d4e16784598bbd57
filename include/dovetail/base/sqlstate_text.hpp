// SQLSTATEs, five characters, as numbers and back: error codes hold numbers.
#pragma once

#include <dovetail/base/name.hpp>

#include <string_view>

namespace dovetail::inline v0::detail {

/// The five characters as a number in base 36; 0 when they are none. (An SQLSTATE of zeros is success.)
constexpr int sqlstate_number(std::string_view text) noexcept {
  if (text.size() != 5) return 0;
  int number = 0;
  for (const char c : text) {
    if (!is_ascii_digit(c) && !is_ascii_upper(c)) return 0;
    number = number * 36 + (is_ascii_digit(c) ? c - '0' : c - 'A' + 10);
  }
  return number;
}

/// Writes the five characters at `out`.
constexpr void format_sqlstate(char* out, int number) noexcept {
  for (int i = 4; i >= 0; --i, number /= 36) {
    const int digit = number % 36;
    out[i] = static_cast<char>(digit < 10 ? '0' + digit : 'A' + (digit - 10));
  }
}

}  // namespace dovetail::inline v0::detail
