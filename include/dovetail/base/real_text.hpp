// Floating-point numbers from text, without a locale: by the standard library, or by the C library where that has none.
#pragma once

#include <dovetail/base/name.hpp>

#include <cstddef>
#include <string_view>
#include <system_error>

namespace dovetail::inline v0::detail {

/// Reads all of `text` as a number in the form that std::from_chars takes: an optional '-', digits with or without a
/// point, an exponent or none; "inf", "infinity" and "nan".
/// Errors: invalid_argument (anything else), result_out_of_range; `value` is as before then.
std::errc parse_real(std::string_view text, double& value) noexcept;
std::errc parse_real(std::string_view text, float& value) noexcept;

/// The same by the C library, whatever the program's locale is: for standard libraries without std::from_chars for
/// floating-point numbers, such as libc++ before version 20.
/// Errors: std::errc::not_enough_memory besides. Cost: one allocation for texts of more than 127 characters.
std::errc parse_real_in_c_locale(std::string_view text, double& value) noexcept;
std::errc parse_real_in_c_locale(std::string_view text, float& value) noexcept;

}  // namespace dovetail::inline v0::detail

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#if !defined(_WIN32)
#include <locale.h>
#include <stdlib.h>
#endif
#if defined(__APPLE__) || defined(__FreeBSD__)
#include <xlocale.h>
#endif

namespace dovetail::inline v0::detail {

inline bool is_real_text(std::string_view text) noexcept {
  if (text.starts_with('-')) text.remove_prefix(1);
  for (const std::string_view word : {"inf", "infinity", "nan"}) {
    if (equals_ignoring_case(text, word)) return true;
  }
  std::size_t at = 0;
  const auto digits = [&] {
    const std::size_t first = at;
    while (at < text.size() && is_ascii_digit(text[at])) ++at;
    return at - first;
  };
  std::size_t count = digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    count += digits();
  }
  if (count == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

#if !defined(_WIN32)
template <class Real, class Read>
std::errc parse_real_with(Read read, std::string_view text, Real& value) noexcept {
  if (!is_real_text(text)) return std::errc::invalid_argument;
  char fixed[128];
  std::unique_ptr<char[]> large;
  char* copy = fixed;
  if (text.size() >= sizeof fixed) {
    large.reset(new (std::nothrow) char[text.size() + 1]);
    copy = large.get();
    if (copy == nullptr) return std::errc::not_enough_memory;
  }
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  static const locale_t c_locale = ::newlocale(LC_ALL_MASK, "C", nullptr);
  if (c_locale == nullptr) return std::errc::not_enough_memory;
  const int before = errno;
  errno = 0;
  const Real found = read(copy, c_locale);
  // Numbers below the least normal one are in range, whatever errno says; zero and infinity in their place are not.
  constexpr Real most = (std::numeric_limits<Real>::max)();
  const bool is_beyond = errno == ERANGE && (found == Real{0} || found > most || found < -most);
  errno = before;
  if (is_beyond) return std::errc::result_out_of_range;
  value = found;
  return std::errc{};
}

DOVETAIL_DEFINE std::errc parse_real_in_c_locale(std::string_view text, double& value) noexcept {
  return parse_real_with([](const char* from, locale_t by) { return ::strtod_l(from, nullptr, by); }, text, value);
}
DOVETAIL_DEFINE std::errc parse_real_in_c_locale(std::string_view text, float& value) noexcept {
  return parse_real_with([](const char* from, locale_t by) { return ::strtof_l(from, nullptr, by); }, text, value);
}
#endif

template <class Real>
std::errc parse_real_at_best(std::string_view text, Real& value) noexcept {
#if defined(__cpp_lib_to_chars) || defined(_WIN32)
  Real found{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), found);
  if (end != text.data() + text.size()) return std::errc::invalid_argument;
  if (ec == std::errc{}) value = found;
  return ec;
#else
  return parse_real_in_c_locale(text, value);
#endif
}

DOVETAIL_DEFINE std::errc parse_real(std::string_view text, double& value) noexcept {
  return parse_real_at_best(text, value);
}
DOVETAIL_DEFINE std::errc parse_real(std::string_view text, float& value) noexcept {
  return parse_real_at_best(text, value);
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
