// Executes a request of HTTP on a worker, and says why one is not begun.
#pragma once

#include <dovetail/client/workersql_gateway/hub.hpp>
#include <dovetail/client/workersql_gateway/replies.hpp>
#include <dovetail/client/workersql_gateway/request.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dovetail::inline v0::workersql::serving {

/// Threads: any.
inline gateway_answer execute_request(gateway_hub& hub, const gateway_request& request, std::string_view content,
                                      deadline by, const request_extras& with) {
  if (request.where == endpoint::health) return answer_health(hub, by);
  if (with.until != nullptr && with.until->is_requested()) return answer_failure(error_info{errc::cancelled});
  if (by.has_passed() || hub.is_full(request.unsent.get())) return answer_overloaded();
  if (request.where == endpoint::query) {
    return execute_query(*hub.database, content, *request.who, hub.rules, by, with);
  }
  return execute_batch(*hub.database, content, *request.who, hub.rules, by, with);
}

/// What a repeated request must have in common with the first one.
inline bool digest_of(endpoint where, std::string_view content, digest& out) {
  std::string asked{to_string(where)};
  (asked += '\n') += content;
  return dovetail::detail::sha256(as_byte_view(asked), out);
}

/// Why a request cannot be under its idempotency key; nothing when it can, and `out` is what others must have in common
/// with it.
inline std::optional<gateway_answer> identify(const gateway_request& request, std::string_view content, digest& out) {
  if (request.idempotency_key.size() > 255) {
    return refusal(400, codes::invalid_query, "an idempotency key has at most 255 characters");
  }
  if (!digest_of(request.where, content, out)) return refusal(500, codes::internal, "no SHA-256");
  return {};
}

/// What a request that is executed under its idempotency key is known by.
struct request_key {
  std::string name;     ///< in the gateway's store
  std::string kept{};   ///< in the database; empty: it is not kept there
  std::string asked{};  ///< there, for all that was asked
};

inline request_key key_of(const gateway_hub& hub, const gateway_request& request, const digest& asked) {
  // Whoever only reads is given no answer of those who write, and it is no danger that both execute the same request.
  const std::string_view readers = request.who->may <= permissions::read ? "readers " : "";
  request_key key{std::string{readers} + request.who->key() + '\n' + request.idempotency_key};
  if (!hub.options.idempotency.in_database) return key;
  digest made{};
  if (!dovetail::detail::sha256(as_byte_view(key.name), made)) return key;
  key.kept = to_hex(made);
  key.asked = to_hex(asked);
  return key;
}

/// `is_kept`: under an idempotency key.
inline request_extras extras_of(const gateway_hub& hub, interruption* until, bool is_kept, const request_key& key) {
  return {.until = until,
          .is_kept = is_kept,
          .key = key.kept,
          .identity = key.asked,
          .now = unix_time(),
          .keep = hub.options.idempotency.keep};
}

/// True when an answer that was made for somebody is not for this one of the same name, who may do less.
inline bool is_withheld(const gateway_answer& kept, const gateway_request& request) noexcept {
  return kept.needs_admin && request.who && request.who->may != permissions::admin;
}
inline gateway_answer answer_withheld() {
  return refusal(403, codes::permission, "the statement needs the permission admin");
}

/// Of a request whose idempotency key does not let it begin.
inline gateway_answer refuse_start(idempotent_start why, std::uint32_t retry_after) {
  if (why == idempotent_start::mismatch) {
    return refusal(400, codes::invalid_query, "the idempotency key was used for another request");
  }
  if (why == idempotent_start::full) {
    return refusal(failure_class{503, codes::resource_limit, retry_after, false},
                   "no room for another idempotency key");
  }
  return refusal(failure_class{409, codes::resource_limit, 1, false}, "the same request is under way");
}

}  // namespace dovetail::inline v0::workersql::serving
