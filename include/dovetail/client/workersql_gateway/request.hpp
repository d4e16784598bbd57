// What a gateway keeps of a request's head, whose bytes go when the body comes.
#pragma once

#include <dovetail/base/text.hpp>
#include <dovetail/client/workersql_gateway/options.hpp>
#include <dovetail/codec/workersql_gateway/authentication.hpp>
#include <dovetail/codec/workersql_gateway/route.hpp>
#include <dovetail/format/http1.hpp>
#include <dovetail/format/websocket.hpp>
#include <dovetail/transport/tls_digest.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dovetail::inline v0::workersql::serving {

struct gateway_request {
  endpoint where = endpoint::none;
  std::string method;
  std::string path;
  std::string id;
  std::string origin;  ///< when it may be told; empty: none was said, or another
  std::string idempotency_key;
  bool is_head = false;
  bool is_from_page = false;  ///< a browser says for whom it asks
  bool wants_json_metrics = false;
  bool keep_alive = false;
  bool expects_continue = false;
  bool is_preflight = false;
  websocket::problem upgrade = websocket::problem::not_an_upgrade;
  websocket::accept_text accept{};
  std::optional<principal> who;
  std::shared_ptr<std::atomic<std::size_t>> unsent;  ///< of the principal: what waits for its connections
  bool has_twins = false;                            ///< a field that must be there once is there twice
  bool expects_more = false;                         ///< anything but 100-continue
  bool is_encoded = false;                           ///< the body is compressed, or the like
};

/// What proxies may read in another way than we do: of these fields there may be one. And what is expected of us.
inline void check_fields(const http1::request_head& head, gateway_request& out) noexcept {
  constexpr std::string_view single[] = {"Authorization", "X-API-Key", "Idempotency-Key", "X-Idempotency-Key"};
  unsigned seen = 0;
  for (const http1::field& each : head.fields) {
    for (unsigned i = 0; i < 4; ++i) {
      if (!equals_ignoring_case(each.name, single[i])) continue;
      out.has_twins = out.has_twins || (seen & 1U << i) != 0;
      seen |= 1U << i;
    }
    if (equals_ignoring_case(each.name, "Content-Encoding") && !equals_ignoring_case(each.value, "identity")) {
      out.is_encoded = true;
    }
    if (!equals_ignoring_case(each.name, "Expect")) continue;
    std::string_view rest = each.value;
    std::string_view element;
    while (http1::detail::take_element(rest, element)) {
      out.expects_more = out.expects_more || !equals_ignoring_case(element, "100-continue");
    }
  }
}

/// A text that may stand in a field of the answer and in logs.
inline bool is_plain_id(std::string_view text) noexcept {
  if (text.empty() || text.size() > 128) return false;
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                          c == '_' || c == '.' || c == ':';
    if (!is_plain) return false;
  }
  return true;
}

/// Sixteen random bytes as a UUID (RFC 9562, version 4).
inline std::string new_request_id() {
  std::array<std::byte, 16> bytes{};
  static_cast<void>(dovetail::detail::random_bytes(bytes));
  bytes[6] = (bytes[6] & std::byte{0x0F}) | std::byte{0x40};
  bytes[8] = (bytes[8] & std::byte{0x3F}) | std::byte{0x80};
  std::string text = to_hex(bytes);
  for (const std::size_t at : {8u, 13u, 18u, 23u}) text.insert(at, 1, '-');
  return text;
}

/// What a request may take.
inline http1::limits bounds_of(const gateway_options& how) noexcept {
  return {.head = how.head_limit,
          .target = (std::min)(how.head_limit, std::size_t{8192}),
          .fields = 128,
          .body = how.body_limit,
          .chunk_overhead = 16 * 1024};
}

inline bool is_allowed_origin(const std::vector<std::string>& allowed, std::string_view origin) noexcept {
  for (const std::string& each : allowed) {
    if (each == "*" || each == origin) return true;
  }
  return false;
}

/// Takes over what is needed; everything is copied.
inline gateway_request read_request(const http1::request_head& head, const authenticator& who, std::int64_t now,
                                    const std::vector<std::string>& origins) {
  gateway_request out;
  check_fields(head, out);
  const http1::target_parts target = http1::split_target(head.target);
  const auto field = [&head](std::string_view name) { return head.fields.find(name).value_or(std::string_view{}); };
  out.where = head.form == http1::target_form::asterisk ? endpoint::none : endpoint_of(target.path);
  out.method = head.method;
  out.path = target.path;
  out.is_head = head.method == "HEAD";
  out.keep_alive = head.keep_alive && head.minor_version == 1;
  out.expects_continue = head.expects_continue;
  const std::string_view id = field("X-Request-ID");
  out.id = is_plain_id(id) ? std::string{id} : new_request_id();
  const std::string_view origin = field("Origin");
  out.is_from_page = !origin.empty();
  if (out.is_from_page && is_allowed_origin(origins, origin)) out.origin = origin;
  out.is_preflight = head.method == "OPTIONS" && !out.origin.empty();
  std::string_view key = field("Idempotency-Key");
  if (key.empty()) key = field("X-Idempotency-Key");
  out.idempotency_key = key;
  const std::string_view accepted = field("Accept");
  out.wants_json_metrics = accepted.find("application/json") != std::string_view::npos;
  std::string token;
  if (out.where == endpoint::socket) {
    std::string_view socket_key;
    out.upgrade = websocket::check_upgrade_request(head, socket_key);
    if (out.upgrade == websocket::problem::none &&
        !websocket::make_accept(socket_key, &dovetail::detail::sha1, out.accept)) {
      out.upgrade = websocket::problem::bad_key;
    }
    http1::find_query_parameter(target.query, "token", token);
  }
  out.who = who.find({field("Authorization"), field("X-API-Key"), token}, now);
  return out;
}

}  // namespace dovetail::inline v0::workersql::serving
