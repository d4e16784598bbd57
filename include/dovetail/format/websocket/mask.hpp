// The masking of what a client sends (RFC 6455 section 5.3).
#pragma once

#include <dovetail/base/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace dovetail::inline v0::websocket {

/// Unpredictable, and another one for each frame.
using masking_key = std::array<std::byte, 4>;

/// Masks `data`, or takes the mask away again. `offset` is how many bytes of the frame are in front of it.
/// Cost: eight bytes a step, or as many as the compiler's vectors hold.
constexpr void apply_mask(byte_span data, const masking_key& key, std::uint64_t offset = 0) noexcept {
  std::array<std::byte, 8> turned{};
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = key[(offset + i) % 4];
  std::byte* at = data.data();
  std::size_t left = data.size();
  if (!std::is_constant_evaluated()) {
    std::uint64_t mask = 0;
    std::memcpy(&mask, turned.data(), sizeof mask);
    for (; left >= sizeof mask; left -= sizeof mask, at += sizeof mask) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, at, sizeof eight);
      eight ^= mask;
      std::memcpy(at, &eight, sizeof eight);
    }
  }
  for (std::size_t i = 0; i < left; ++i) at[i] ^= turned[i % 4];
}

}  // namespace dovetail::inline v0::websocket
