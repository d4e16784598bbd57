// MessagePack's extension for points in time (type -1), in its forms of 4, 8 and 12 bytes.
#pragma once

#include <dovetail/base/calendar_parts.hpp>
#include <dovetail/format/message_pack/token.hpp>

#include <cstddef>
#include <cstdint>

namespace dovetail::inline v0::detail {

inline constexpr std::int8_t pack_timestamp_type = -1;

/// Reads the `size` bytes behind the head; false when they are none of the three forms.
inline bool read_pack_timestamp(const char* at, std::size_t size, second_parts& parts) noexcept {
  std::uint64_t nanos = 0;
  if (size == 4) {
    parts.seconds = load_big_from<std::uint32_t>(at);
  } else if (size == 8) {
    const auto both = load_big_from<std::uint64_t>(at);  // 30 bits of nanoseconds, 34 bits of seconds
    nanos = both >> 34;
    parts.seconds = static_cast<std::int64_t>(both & 0x3FFFFFFFFu);
  } else if (size == 12) {
    nanos = load_big_from<std::uint32_t>(at);
    parts.seconds = static_cast<std::int64_t>(load_big_from<std::uint64_t>(at + 4));
  } else {
    return false;
  }
  parts.nanos = static_cast<std::uint32_t>(nanos);
  return nanos < 1000000000u;
}

}  // namespace dovetail::inline v0::detail
