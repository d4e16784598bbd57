// The lesser and the greater of two numbers, where <algorithm> would be dear to include.
#pragma once

namespace dovetail::inline v0::detail {

template <class T>
[[gnu::always_inline]] constexpr T lesser(T one, T other) noexcept {
  return other < one ? other : one;
}

template <class T>
[[gnu::always_inline]] constexpr T greater(T one, T other) noexcept {
  return one < other ? other : one;
}

}  // namespace dovetail::inline v0::detail
