// Writes whole WebSocket frames.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/bytes.hpp>
#include <dovetail/format/websocket/close_code.hpp>
#include <dovetail/format/websocket/frame.hpp>
#include <dovetail/format/websocket/mask.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace dovetail::inline v0::websocket {

/// Adds a frame. With a `key` the payload is masked, as all that a client sends must be, and nothing that a server
/// sends. The caller keeps the rules of its kind: text is UTF-8, the payload of a control frame has at most 125 bytes.
inline void append_frame(byte_buffer& out, opcode code, byte_view payload, const masking_key* key = nullptr,
                         bool is_final = true) {
  frame_header header{code, is_final, key != nullptr, {}, payload.size()};
  if (key != nullptr) header.key = *key;
  std::byte* const at = out.grow(frame_header_size(header.length, header.is_masked) + payload.size());
  std::byte* const to = write_frame_header(at, header);
  if (payload.empty()) return;
  std::memcpy(to, payload.data(), payload.size());
  if (key != nullptr) apply_mask({to, payload.size()}, *key);
}

/// Adds a close frame; one without code and reason for close_code::no_status. A reason that is too long is cut between
/// two characters. A code that no frame may have is sent as close_code::internal_error.
inline void append_close(byte_buffer& out, close_code code, std::string_view reason = {},
                         const masking_key* key = nullptr) {
  std::array<std::byte, control_payload_limit> payload{};
  std::size_t size = 0;
  if (code != close_code::no_status) {
    if (!may_be_sent(code)) code = close_code::internal_error;
    store_big(payload.data(), static_cast<std::uint16_t>(code));
    std::size_t length = (std::min)(reason.size(), payload.size() - 2);
    if (length < reason.size()) {
      while (length > 0 && (static_cast<unsigned char>(reason[length]) & 0xC0) == 0x80) --length;
    }
    if (length != 0) std::memcpy(payload.data() + 2, reason.data(), length);
    size = 2 + length;
  }
  append_frame(out, opcode::close, byte_view{payload}.first(size), key);
}

}  // namespace dovetail::inline v0::websocket
