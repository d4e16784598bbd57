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

/// `is_kept`: under an idempotency key. Threads: any.
inline gateway_answer execute_request(gateway_hub& hub, const gateway_request& request, std::string_view content,
                                      deadline by, bool is_kept) {
  if (request.where == endpoint::health) return answer_health(hub, by);
  if (by.has_passed() || hub.is_full()) return answer_overloaded();
  if (request.where == endpoint::query) {
    return execute_query(*hub.database, content, *request.who, hub.rules, by, is_kept);
  }
  return execute_batch(*hub.database, content, *request.who, hub.rules, by);
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
