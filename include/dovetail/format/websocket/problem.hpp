// What may be wrong with WebSocket frames and handshakes, in words and as the code that the connection is closed with.
#pragma once

#include <dovetail/format/websocket/close_code.hpp>

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::websocket {

/// The first thing that is wrong with what the peer sent.
enum class problem : std::uint8_t {
  none,
  reserved_bits,
  unknown_opcode,
  length_not_minimal,
  length_too_large,
  mask_missing,
  mask_forbidden,
  control_too_long,
  control_fragmented,
  nothing_to_continue,
  message_unfinished,
  message_too_large,
  invalid_utf8,
  malformed_close,
  not_an_upgrade,
  unsupported_version,
  bad_key,
  bad_accept,
  unasked_protocol,
  unasked_extension,
};

/// A sentence without a full stop; it quotes nothing of the peer.
constexpr std::string_view text_of(problem what) noexcept {
  switch (what) {
    case problem::none:
      return "no problem";
    case problem::reserved_bits:
      return "a frame has reserved bits, of an extension that was not agreed on";
    case problem::unknown_opcode:
      return "a frame has an unknown opcode";
    case problem::length_not_minimal:
      return "the length of a frame is written longer than it must be";
    case problem::length_too_large:
      return "the length of a frame does not fit 63 bits";
    case problem::mask_missing:
      return "a frame of the client is not masked";
    case problem::mask_forbidden:
      return "a frame of the server is masked";
    case problem::control_too_long:
      return "a control frame has more than 125 bytes";
    case problem::control_fragmented:
      return "a control frame is fragmented";
    case problem::nothing_to_continue:
      return "a frame continues a message that was not begun";
    case problem::message_unfinished:
      return "a message begins inside another one";
    case problem::message_too_large:
      return "a message is larger than the limit";
    case problem::invalid_utf8:
      return "a text is not well-formed UTF-8";
    case problem::malformed_close:
      return "a close frame has half a code, or a code that it must not have";
    case problem::not_an_upgrade:
      return "the message does not change the connection to WebSocket";
    case problem::unsupported_version:
      return "the version of WebSocket is not 13";
    case problem::bad_key:
      return "the Sec-WebSocket-Key is not the base64 of 16 bytes";
    case problem::bad_accept:
      return "the Sec-WebSocket-Accept does not answer the key";
    case problem::unasked_protocol:
      return "the server chose a subprotocol that was not offered";
    case problem::unasked_extension:
      return "the server chose an extension that was not offered";
  }
  return "?";
}

/// What the connection is closed with (RFC 6455 sections 7.4.1 and 8.1).
constexpr close_code close_code_for(problem what) noexcept {
  switch (what) {
    case problem::none:
      return close_code::normal;
    case problem::length_too_large:
    case problem::message_too_large:
      return close_code::message_too_big;
    case problem::invalid_utf8:
      return close_code::invalid_payload;
    default:
      return close_code::protocol_error;
  }
}

}  // namespace dovetail::inline v0::websocket
