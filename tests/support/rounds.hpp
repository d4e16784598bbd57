// How often a test repeats what must never fail: under sanitizers, which make it ten times as dear, a tenth as often.
#pragma once

namespace dovetail::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool is_sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr bool is_sanitized = true;
#else
inline constexpr bool is_sanitized = false;
#endif
#else
inline constexpr bool is_sanitized = false;
#endif

constexpr int rounds(int without_sanitizers) noexcept {
  return is_sanitized ? without_sanitizers / 10 : without_sanitizers;
}

}  // namespace dovetail::test
