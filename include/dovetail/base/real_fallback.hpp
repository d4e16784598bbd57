// Floating-point numbers from text by the C library, for standard libraries without std::from_chars for them.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/name.hpp>

#include <cerrno>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <string_view>
#include <system_error>

#include <locale.h>
#include <stdlib.h>
#if defined(__APPLE__) || defined(__FreeBSD__)
#include <xlocale.h>
#endif

namespace dovetail::inline v0::detail {

/// How much of a text is a number as std::from_chars takes it (decimal, an exponent or none, "inf" and "nan"); 0 for
/// none.
inline std::size_t measure_real(std::string_view text) noexcept {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  for (const std::string_view word : {"infinity", "inf", "nan"}) {
    if (equals_ignoring_case(text.substr(at, word.size()), word)) return at + word.size();
  }
  const auto digits = [&] {
    const std::size_t first = at;
    while (at < text.size() && is_ascii_digit(text[at])) ++at;
    return at - first;
  };
  std::size_t count = digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    count += digits();
    if (count == 0) return 0;
  }
  if (count == 0) return 0;
  const std::size_t mantissa = at;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return mantissa;
  }
  return at;
}

/// What std::from_chars does, with one allocation for numbers of more than 127 characters; std::errc::not_enough_memory
/// when that fails. The program's locale does not matter.
template <std::floating_point Real>
std::from_chars_result real_from_chars_in_c_locale(const char* begin, const char* end, Real& value) noexcept {
  const std::size_t size = measure_real({begin, static_cast<std::size_t>(end - begin)});
  if (size == 0) return {begin, std::errc::invalid_argument};
  char fixed[128];
  std::unique_ptr<char[]> large;
  char* copy = fixed;
  if (size >= sizeof fixed) {
    large.reset(new (std::nothrow) char[size + 1]);
    copy = large.get();
    if (copy == nullptr) return {begin, std::errc::not_enough_memory};
  }
  std::memcpy(copy, begin, size);
  copy[size] = '\0';
  static const locale_t c_locale = ::newlocale(LC_ALL_MASK, "C", nullptr);
  if (c_locale == nullptr) return {begin, std::errc::not_enough_memory};
  const int before = errno;
  errno = 0;
  Real read{};
  if constexpr (std::same_as<Real, float>) {
    read = ::strtof_l(copy, nullptr, c_locale);
  } else if constexpr (std::same_as<Real, double>) {
    read = ::strtod_l(copy, nullptr, c_locale);
  } else {
    read = ::strtold_l(copy, nullptr, c_locale);
  }
  // Numbers below the least normal one are in range, whatever errno says; zero and infinity in their place are not.
  constexpr Real most = (std::numeric_limits<Real>::max)();
  const bool is_beyond = errno == ERANGE && (read == Real{0} || read > most || read < -most);
  errno = before;
  if (is_beyond) return {begin + size, std::errc::result_out_of_range};
  value = read;
  return {begin + size, std::errc{}};
}

}  // namespace dovetail::inline v0::detail
