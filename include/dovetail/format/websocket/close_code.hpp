// Why a WebSocket connection ends (RFC 6455 section 7.4 and the registry).
#pragma once

#include <cstdint>

namespace dovetail::inline v0::websocket {

/// The number in a close frame. 3000 to 4999 are the program's own.
enum class close_code : std::uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported_data = 1003,
  no_status = 1005,  ///< never in a frame: the close frame had no code
  abnormal = 1006,   ///< never in a frame: the stream ended without a close frame
  invalid_payload = 1007,
  policy_violation = 1008,
  message_too_big = 1009,
  mandatory_extension = 1010,
  internal_error = 1011,
  service_restart = 1012,
  try_again_later = 1013,
  bad_gateway = 1014,
};

/// True for the codes that a frame may have.
constexpr bool may_be_sent(close_code code) noexcept {
  const auto number = static_cast<std::uint16_t>(code);
  return (number >= 1000 && number <= 1003) || (number >= 1007 && number <= 1014) || (number >= 3000 && number <= 4999);
}

}  // namespace dovetail::inline v0::websocket
