// Views of raw bytes, and integers stored in them in a stated byte order.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0 {

using byte_view = std::span<const std::byte>;
using byte_span = std::span<std::byte>;

/// Views text as bytes. Lifetime: borrows from `text`.
inline byte_view as_byte_view(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// Views bytes as text, without any check of encoding. Lifetime: borrows from `bytes`.
inline std::string_view as_text(byte_view bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

namespace detail {

/// Reverses the bytes of an unsigned integer (`std::byteswap` of C++23). Without a loop, because GCC 12 makes one
/// instruction of the written-out shifts and not of a loop. These are inlined by order: GCC takes them for larger than
/// they are.
template <std::unsigned_integral T>
[[gnu::always_inline]] constexpr T byteswap(T value) noexcept {
  if constexpr (sizeof(T) == 1) {
    return value;
  } else if constexpr (sizeof(T) == 2) {
    return static_cast<T>((value << 8) | (value >> 8));
  } else if constexpr (sizeof(T) == 4) {
    return (value << 24) | ((value << 8) & 0x00FF'0000u) | ((value >> 8) & 0x0000'FF00u) | (value >> 24);
  } else {
    static_assert(sizeof(T) == 8);
    const auto low = byteswap(static_cast<std::uint32_t>(value));
    const auto high = byteswap(static_cast<std::uint32_t>(value >> 32));
    return static_cast<T>((static_cast<std::uint64_t>(low) << 32) | high);
  }
}

template <std::endian Order, std::unsigned_integral T>
[[gnu::always_inline]] constexpr void store(std::byte* to, T value) noexcept {
  if (std::is_constant_evaluated()) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      const std::size_t at = Order == std::endian::big ? sizeof(T) - 1 - i : i;
      to[at] = static_cast<std::byte>(static_cast<unsigned char>(value >> (8 * i)));
    }
  } else {
    if constexpr (Order != std::endian::native) value = byteswap(value);
    std::memcpy(to, &value, sizeof value);
  }
}

template <std::endian Order, std::unsigned_integral T>
[[gnu::always_inline]] constexpr T load(const std::byte* from) noexcept {
  T value = 0;
  if (std::is_constant_evaluated()) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      const std::size_t at = Order == std::endian::big ? sizeof(T) - 1 - i : i;
      value = static_cast<T>(value | (static_cast<T>(std::to_integer<unsigned char>(from[at])) << (8 * i)));
    }
  } else {
    std::memcpy(&value, from, sizeof value);
    if constexpr (Order != std::endian::native) value = byteswap(value);
  }
  return value;
}

}  // namespace detail

/// Writes `value` at `to` with the most significant byte first; the caller has checked that `sizeof(T)` bytes fit.
template <std::unsigned_integral T>
[[gnu::always_inline]] constexpr void store_big(std::byte* to, T value) noexcept {
  detail::store<std::endian::big>(to, value);
}

/// Writes `value` at `to` with the least significant byte first; the caller has checked that `sizeof(T)` bytes fit.
template <std::unsigned_integral T>
[[gnu::always_inline]] constexpr void store_little(std::byte* to, T value) noexcept {
  detail::store<std::endian::little>(to, value);
}

/// Reads an integer stored with the most significant byte first; the caller has checked that the bytes are there.
template <std::unsigned_integral T>
[[gnu::always_inline]] constexpr T load_big(const std::byte* from) noexcept {
  return detail::load<std::endian::big, T>(from);
}

/// Reads an integer stored with the least significant byte first; the caller has checked that the bytes are there.
template <std::unsigned_integral T>
[[gnu::always_inline]] constexpr T load_little(const std::byte* from) noexcept {
  return detail::load<std::endian::little, T>(from);
}

}  // namespace dovetail::inline v0
