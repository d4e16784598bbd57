// Requests as bytes: an array for literals, the caller's buffer otherwise; one code for both.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/format/lensdb/lens_v1.hpp>
#include <dovetail/format/lensdb/request.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

namespace dovetail::inline v0::lensdb {

/// Can this dialect say this request: is there a number for the operation, do the lengths fit their fields?
template <dialect D = lens_v1, request R>
constexpr bool is_expressible(const R& asked) noexcept {
  return D::type_of(asked.code).has_value() && detail::key_of(asked).size() <= D::key_size_limit &&
         detail::value_of(asked).size() <= 0xFFFF'FFFF;
}

/// How many bytes the frame of a request has.
template <dialect D = lens_v1, request R>
constexpr std::size_t frame_size(const R& asked) noexcept {
  return D::request_header_size + detail::key_of(asked).size() + detail::value_of(asked).size();
}

namespace detail {

[[gnu::always_inline]] constexpr std::byte* append_text(std::byte* to, const char* from, std::size_t bytes) noexcept {
  if (std::is_constant_evaluated()) {
    for (std::size_t i = 0; i < bytes; ++i) to[i] = static_cast<std::byte>(static_cast<unsigned char>(from[i]));
  } else if (bytes >= 8 && bytes <= 16) {
    // Keys are mostly as short as this, and then a call of memcpy costs more than its work: two words that overlap.
    std::uint64_t first;
    std::uint64_t last;
    std::memcpy(&first, from, 8);
    std::memcpy(&last, from + bytes - 8, 8);
    std::memcpy(to, &first, 8);
    std::memcpy(to + bytes - 8, &last, 8);
  } else if (bytes != 0) [[likely]] {
    std::memcpy(to, from, bytes);
  }
  return to + bytes;
}

template <dialect D, request R>
[[gnu::always_inline]] constexpr std::byte* write_frame(std::byte* to, const R& asked) noexcept {
  const auto key = key_of(asked);
  const auto value = value_of(asked);
  D::write(to, request_header{.magic = D::magic,
                              .version = D::version,
                              .type = D::type_of(asked.code).value_or(0xFF),
                              .key_size = static_cast<std::uint32_t>(key.size()),
                              .value_size = static_cast<std::uint32_t>(value.size()),
                              .flags = flags_of(asked)});
  to = append_text(to + D::request_header_size, key.data(), key.size());
  return append_text(to, value.data(), value.size());
}

}  // namespace detail

/// Builds the frame of a request made of string literals; `constexpr auto f = frame(get{"user:1"})` is data.
/// A key that the dialect cannot say, or an operation that it does not have, does not compile.
template <dialect D = lens_v1, fixed_request R>
constexpr auto frame(const R& asked) noexcept {
  static_assert(D::type_of(R::code).has_value(), "this dialect of LensDB does not have this operation");
  if constexpr (requires { asked.key; }) {
    static_assert(decltype(R::key)::size() <= D::key_size_limit, "the key is too long for this dialect of LensDB");
    static_assert(decltype(R::key)::size() != 0 || R::code == operation::exists, "LensDB has no empty key");
  }
  std::array<std::byte, D::request_header_size + detail::fixed_payload<R>()> bytes{};
  detail::write_frame<D>(bytes.data(), asked);
  return bytes;
}

/// Writes the frame of any request into `to`; returns the part that was written, or an empty view when the frame is
/// larger than `to` or this dialect cannot say it (`is_expressible`).
template <dialect D = lens_v1, request R>
[[gnu::always_inline]] constexpr byte_view frame(const R& asked, byte_span to) noexcept {
  const std::size_t bytes = frame_size<D>(asked);
  if (bytes > to.size()) [[unlikely]]
    return {};
  if (!is_expressible<D>(asked)) [[unlikely]]
    return {};
  detail::write_frame<D>(to.data(), asked);
  return to.first(bytes);
}

/// Builds the frame of any other request in memory of its own; empty when this dialect cannot say it.
template <dialect D = lens_v1, request R>
  requires(!fixed_request<R>)
constexpr std::vector<std::byte> frame(const R& asked) {
  std::vector<std::byte> bytes;
  if (!is_expressible<D>(asked)) return bytes;
  bytes.resize(frame_size<D>(asked));
  detail::write_frame<D>(bytes.data(), asked);
  return bytes;
}

}  // namespace dovetail::inline v0::lensdb
