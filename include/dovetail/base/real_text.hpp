// Floating-point numbers from text, without a locale: the standard library's own function, where it has one.
#pragma once

#include <charconv>
#include <concepts>

#if !defined(__cpp_lib_to_chars)
#include <dovetail/base/real_fallback.hpp>
#endif

namespace dovetail::inline v0::detail {

/// std::from_chars for `double` and `float`. libc++ has none before version 20: the C library's takes its place there.
template <std::floating_point Real>
std::from_chars_result real_from_chars(const char* begin, const char* end, Real& value) noexcept {
#if defined(__cpp_lib_to_chars)
  return std::from_chars(begin, end, value);
#else
  return real_from_chars_in_c_locale(begin, end, value);
#endif
}

}  // namespace dovetail::inline v0::detail
