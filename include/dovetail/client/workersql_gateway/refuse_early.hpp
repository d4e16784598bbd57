// What a gateway refuses when it has seen no more than the head of a request.
#pragma once

#include <dovetail/client/workersql_gateway/hub.hpp>
#include <dovetail/client/workersql_gateway/request.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace dovetail::inline v0::workersql::serving {

inline std::optional<gateway_answer> refuse_upgrade(const gateway_request& request) {
  if (request.upgrade == websocket::problem::none) return {};
  const bool is_version = request.upgrade == websocket::problem::unsupported_version;
  const bool is_plain = request.upgrade == websocket::problem::not_an_upgrade;
  return refusal(is_version || is_plain ? 426 : 400, codes::invalid_query, websocket::text_of(request.upgrade));
}

/// What is known to be refused when the head has come.
inline std::optional<gateway_answer> refuse_early(gateway_hub& hub, const gateway_request& request,
                                                  const std::string& peer) {
  const endpoint where = request.where;
  if (request.has_twins) {
    return refusal(400, codes::invalid_query, "a key or an Authorization field is there twice");
  }
  // RFC 9110 section 10.1.1
  if (request.expects_more) return refusal(417, codes::invalid_query, "nothing but 100-continue can be expected");
  // RFC 9110 section 15.5.16
  if (request.is_encoded) return refusal(415, codes::invalid_query, "a Content-Encoding is not understood");
  if (where == endpoint::none) return refusal(404, codes::invalid_query, "there is no such path");
  if (request.is_preflight) {
    gateway_answer answer;
    answer.status = 204;
    return answer;
  }
  if (!has_method(where, request.method)) {
    gateway_answer answer = refusal(405, codes::invalid_query, "the path has no such method");
    answer.allow = methods_of(where);
    return answer;
  }
  if (where == endpoint::health || (where == endpoint::metrics && hub.options.metrics_are_public)) return {};
  const std::uint32_t wait = hub.limiter.take(request.who ? request.who->key() : "ip " + peer, clock::now());
  if (wait != 0) {
    hub.counters.limited.fetch_add(1, std::memory_order_relaxed);
    return refusal(failure_class{429, codes::resource_limit, wait, false}, "Rate limit exceeded");
  }
  if (where == endpoint::who) return {};
  if (!request.who) return refusal(401, codes::authentication, "Unauthorized");
  if (where == endpoint::metrics && request.who->may != permissions::admin) {
    return refusal(403, codes::permission, "metrics need the permission admin");
  }
  // A page must not use the rights of those who need no key: a browser lets it send text to any server.
  const bool is_anonymous = hub.options.authentication.anonymous != permissions::none &&
                            request.who->user == "anonymous" && request.who->tenant.empty();
  if (is_anonymous && request.is_from_page && request.origin.empty()) {
    return refusal(403, codes::permission, "requests of this origin are not allowed");
  }
  if (where == endpoint::socket) return refuse_upgrade(request);
  return {};
}

}  // namespace dovetail::inline v0::workersql::serving
