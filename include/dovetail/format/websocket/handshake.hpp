// The rules of the opening handshake (RFC 6455 section 4), upon heads of HTTP/1.1.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/format/base64.hpp>
#include <dovetail/format/http1/fields.hpp>
#include <dovetail/format/http1/head_writer.hpp>
#include <dovetail/format/http1/request_reader.hpp>
#include <dovetail/format/http1/response_reader.hpp>
#include <dovetail/format/websocket/problem.hpp>

#include <array>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

namespace dovetail::inline v0::websocket {

/// SHA-1 as the program's TLS library has it; false when the library refuses.
using sha1_function = bool (*)(byte_view data, std::array<std::byte, 20>& out) noexcept;

using key_text = std::array<char, 24>;     ///< Sec-WebSocket-Key
using accept_text = std::array<char, 28>;  ///< Sec-WebSocket-Accept

/// The key of 16 unpredictable bytes, another one for each connection.
constexpr key_text make_key(std::span<const std::byte, 16> random) noexcept {
  key_text key{};
  dovetail::detail::write_base64(key.data(), random);
  return key;
}

/// The answer to a key. False when the key is not 24 characters, or when the hash refuses.
inline bool make_accept(std::string_view key, sha1_function sha1, accept_text& out) noexcept {
  constexpr std::string_view suffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // section 1.3
  std::array<char, 24 + suffix.size()> text{};
  if (key.size() != 24) return false;
  std::memcpy(text.data(), key.data(), key.size());
  std::memcpy(text.data() + key.size(), suffix.data(), suffix.size());
  std::array<std::byte, 20> hash{};
  if (!sha1(as_byte_view({text.data(), text.size()}), hash)) return false;
  dovetail::detail::write_base64(out.data(), hash);
  return true;
}

/// For a server (section 4.2.1). `key` gets what `make_accept` answers; it borrows from the request.
/// problem::unsupported_version is answered by 426 with `Sec-WebSocket-Version: 13`, the others by 400.
constexpr problem check_upgrade_request(const http1::request_head& request, std::string_view& key) noexcept {
  const http1::field_lines& fields = request.fields;
  const bool has_body = request.body.kind == http1::framing::chunked || request.body.length != 0;
  if (request.method != "GET" || request.minor_version == 0 || has_body || !fields.lists("Connection", "upgrade") ||
      !fields.lists("Upgrade", "websocket")) {
    return problem::not_an_upgrade;
  }
  const auto version = fields.find("Sec-WebSocket-Version");
  if (!version || *version != "13" || fields.count("Sec-WebSocket-Version") != 1) return problem::unsupported_version;
  const auto given = fields.find("Sec-WebSocket-Key");
  std::array<std::byte, 16> nonce{};
  if (!given || fields.count("Sec-WebSocket-Key") != 1 || dovetail::detail::base64_byte_count(*given) != nonce.size() ||
      !dovetail::detail::read_base64(*given, nonce)) {
    return problem::bad_key;
  }
  key = *given;
  return problem::none;
}

/// For a client (section 4.1). `offered_protocols` is the comma list that was sent, empty when none was; no extension
/// was offered.
constexpr problem check_upgrade_response(const http1::response_head& response, const accept_text& expected,
                                         std::string_view offered_protocols = {}) noexcept {
  const http1::field_lines& fields = response.fields;
  const auto upgrade = fields.find("Upgrade");
  if (response.status != 101 || response.minor_version == 0 || !upgrade ||
      !equals_ignoring_case(*upgrade, "websocket") || !fields.lists("Connection", "upgrade")) {
    return problem::not_an_upgrade;
  }
  const auto accept = fields.find("Sec-WebSocket-Accept");
  if (!accept || *accept != std::string_view{expected.data(), expected.size()} ||
      fields.count("Sec-WebSocket-Accept") != 1) {
    return problem::bad_accept;
  }
  if (fields.find("Sec-WebSocket-Extensions")) return problem::unasked_extension;
  if (const auto chosen = fields.find("Sec-WebSocket-Protocol")) {
    bool is_offered = false;
    std::string_view each;
    while (http1::detail::take_element(offered_protocols, each)) is_offered = is_offered || each == *chosen;
    if (!is_offered || fields.count("Sec-WebSocket-Protocol") != 1) return problem::unasked_protocol;
  }
  return problem::none;
}

/// Adds the fields of a client's request but Host.
inline void add_upgrade_request(http1::head_writer& writer, const key_text& key) {
  writer.field("Upgrade", "websocket")
      .field("Connection", "Upgrade")
      .field("Sec-WebSocket-Key", std::string_view{key.data(), key.size()})
      .field("Sec-WebSocket-Version", "13");
}

/// Adds the fields of a server's response of status 101.
inline void add_upgrade_response(http1::head_writer& writer, const accept_text& accept) {
  writer.field("Upgrade", "websocket")
      .field("Connection", "Upgrade")
      .field("Sec-WebSocket-Accept", std::string_view{accept.data(), accept.size()});
}

/// The first subprotocol of the client's that is one of `ours`; subprotocols differ by case. Lifetime: borrows from the
/// request.
constexpr std::optional<std::string_view> choose_protocol(const http1::request_head& request,
                                                          std::initializer_list<std::string_view> ours) noexcept {
  for (const http1::field& line : request.fields) {
    if (!equals_ignoring_case(line.name, "Sec-WebSocket-Protocol")) continue;
    std::string_view list = line.value;
    std::string_view wanted;
    while (http1::detail::take_element(list, wanted)) {
      for (const std::string_view each : ours) {
        if (each == wanted) return wanted;
      }
    }
  }
  return std::nullopt;
}

}  // namespace dovetail::inline v0::websocket
