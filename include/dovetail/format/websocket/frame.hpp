// The headers of WebSocket frames, both ways (RFC 6455 section 5.2).
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/format/websocket/mask.hpp>
#include <dovetail/format/websocket/problem.hpp>

#include <cstddef>
#include <cstdint>

namespace dovetail::inline v0::websocket {

enum class opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

constexpr bool is_control(opcode code) noexcept { return static_cast<std::uint8_t>(code) >= 8; }

/// What stands in front of a frame's payload.
struct frame_header {
  opcode code = opcode::text;
  bool is_final = true;  ///< of the fragments of a message
  bool is_masked = false;
  masking_key key{};
  std::uint64_t length = 0;  ///< of the payload
};

inline constexpr std::size_t frame_header_limit = 14;
inline constexpr std::size_t control_payload_limit = 125;

/// How many bytes the header has.
constexpr std::size_t frame_header_size(std::uint64_t length, bool is_masked) noexcept {
  const std::size_t extended = length <= 125 ? 0 : length <= 0xFFFF ? 2 : 8;
  return 2 + extended + (is_masked ? 4 : 0);
}

/// What came of reading a header.
struct frame_progress {
  problem why = problem::none;
  std::size_t size = 0;    ///< bytes of the header; 0: more bytes must come, or there is a problem
  std::size_t wanted = 0;  ///< so many more, at least
};

/// Reads the header at the front of `bytes`. Refuses reserved bits, unknown opcodes, lengths that are not written in
/// their shortest form, and control frames that are fragmented or long (sections 5.2 and 5.5).
constexpr frame_progress read_frame_header(byte_view bytes, frame_header& out) noexcept {
  if (bytes.size() < 2) return {problem::none, 0, 2 - bytes.size()};
  const auto first = std::to_integer<unsigned>(bytes[0]);
  const auto second = std::to_integer<unsigned>(bytes[1]);
  if ((first & 0x70) != 0) return {problem::reserved_bits};
  const unsigned code = first & 0x0F;
  if ((code > 2 && code < 8) || code > 10) return {problem::unknown_opcode};
  out.code = static_cast<opcode>(code);
  out.is_final = (first & 0x80) != 0;
  out.is_masked = (second & 0x80) != 0;
  const unsigned short_length = second & 0x7F;
  if (is_control(out.code)) {
    if (!out.is_final) return {problem::control_fragmented};
    if (short_length > control_payload_limit) return {problem::control_too_long};
  }
  const std::size_t extended = short_length < 126 ? 0 : short_length == 126 ? 2 : 8;
  const std::size_t size = 2 + extended + (out.is_masked ? 4 : 0);
  if (bytes.size() < size) return {problem::none, 0, size - bytes.size()};
  if (extended == 0) {
    out.length = short_length;
  } else if (extended == 2) {
    out.length = load_big<std::uint16_t>(bytes.data() + 2);
    if (out.length <= 125) return {problem::length_not_minimal};
  } else {
    out.length = load_big<std::uint64_t>(bytes.data() + 2);
    if (out.length <= 0xFFFF) return {problem::length_not_minimal};
    if (out.length >> 63 != 0) return {problem::length_too_large};
  }
  if (out.is_masked) {
    for (std::size_t i = 0; i < out.key.size(); ++i) out.key[i] = bytes[2 + extended + i];
  }
  return {problem::none, size};
}

/// Writes `frame_header_size(header.length, header.is_masked)` bytes at `out`; gives their end.
constexpr std::byte* write_frame_header(std::byte* out, const frame_header& header) noexcept {
  *out++ = static_cast<std::byte>((header.is_final ? 0x80u : 0u) | static_cast<unsigned>(header.code));
  const unsigned mask_bit = header.is_masked ? 0x80 : 0;
  if (header.length <= 125) {
    *out++ = static_cast<std::byte>(mask_bit | static_cast<unsigned>(header.length));
  } else if (header.length <= 0xFFFF) {
    *out++ = static_cast<std::byte>(mask_bit | 126);
    store_big(out, static_cast<std::uint16_t>(header.length));
    out += 2;
  } else {
    *out++ = static_cast<std::byte>(mask_bit | 127);
    store_big(out, header.length);
    out += 8;
  }
  if (header.is_masked) {
    for (const std::byte each : header.key) *out++ = each;
  }
  return out;
}

}  // namespace dovetail::inline v0::websocket
