// The answers of a gateway that are not about statements, and the head of every answer.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/client/workersql_gateway/hub.hpp>
#include <dovetail/client/workersql_gateway/request.hpp>
#include <dovetail/format/http1.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dovetail::inline v0::workersql::serving {

inline constexpr std::string_view overloaded_words = "the gateway is overloaded";

/// Nothing was done.
inline gateway_answer answer_overloaded() {
  return refusal(failure_class{503, codes::resource_limit, 1, false}, overloaded_words);
}

/// Threads: any. Asks the database.
inline gateway_answer answer_health(gateway_hub& hub, deadline by) {
  const clock::time_point since = clock::now();
  const result<void> there = hub.database->ping(earlier(by, deadline::after(std::chrono::seconds{2})));
  gateway_answer answer;
  answer.status = there ? 200 : 503;
  std::string& out = answer.body;
  out = there ? R"({"status":"healthy","timestamp":)" : R"({"status":"unhealthy","timestamp":)";
  append_timestamp(out, std::chrono::system_clock::now());
  out += R"(,"version":"1.0.0","uptime":)";
  out += std::to_string(std::chrono::duration_cast<std::chrono::seconds>(clock::now() - hub.since).count());
  out +=
      there ? R"(,"database":{"connected":true,"responseTime":)" : R"(,"database":{"connected":false,"responseTime":)";
  append_milliseconds(out, clock::now() - since);
  out += R"(},"cache":{"enabled":false}})";
  return answer;
}

inline gateway_answer answer_metrics(gateway_hub& hub, bool wants_json) {
  gateway_answer answer;
  const database_load behind = hub.database->load();
  if (wants_json) {
    answer.body = json_metrics(hub.counters, behind, hub.answers.size());
  } else {
    answer.body = prometheus_text(hub.counters, behind, hub.answers.size());
    answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
  }
  return answer;
}

inline gateway_answer answer_who(const std::optional<principal>& who) {
  gateway_answer answer;
  answer.body = R"({"authenticated":false})";
  if (!who) return answer;
  answer.body = R"({"authenticated":true)";
  append_member(answer.body, "tenantId", who->tenant);
  append_member(answer.body, "userId", who->user);
  append_key(answer.body, "permissions");
  answer.body += '[';
  for (const permissions each : {permissions::read, permissions::write, permissions::admin}) {
    if (each > who->may) break;
    if (each != permissions::read) answer.body += ',';
    append_json_text(answer.body, to_string(each));
  }
  answer.body += "]}";
  return answer;
}

inline void write_cors(http1::head_writer& head, const gateway_request& request) {
  head.field("Access-Control-Allow-Origin", request.origin).field("Vary", "Origin");
  if (request.is_preflight) {
    head.field("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS");
    head.field("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, X-API-Key, X-Request-ID");
    head.field("Access-Control-Max-Age", "600");
  } else {
    head.field("Access-Control-Expose-Headers", "X-Request-ID, Retry-After, Idempotency-Replayed");
  }
}

/// The code of a request that is no HTTP, by its status.
inline std::string_view code_of_status(unsigned status) noexcept {
  return status == 413 || status == 414 || status == 431 ? codes::resource_limit : codes::invalid_query;
}

/// Appends the answer to an upgrade. False when a field cannot be written.
inline bool write_upgrade(byte_buffer& out, const gateway_request& request) {
  http1::head_writer head{out};
  head.response(101);
  websocket::add_upgrade_response(head, request.accept);
  head.field("X-Request-ID", request.id);
  return head.end() == http1::problem::none;
}

/// Appends the head of an answer. False when a field cannot be written.
inline bool write_head(byte_buffer& out, const gateway_request& request, const gateway_answer& answer, bool is_ending) {
  http1::head_writer head{out};
  head.response(answer.status);
  head.date(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
  const bool has_body = answer.status != 204;
  if (has_body) {
    head.field("Content-Type", answer.content_type);
    head.field("Content-Length", static_cast<std::uint64_t>(answer.body.size()));
  }
  head.field("X-Request-ID", request.id);
  head.field("Cache-Control", "no-store");
  head.field("X-Content-Type-Options", "nosniff");
  if (answer.has_challenge) head.field("WWW-Authenticate", "Bearer");
  if (answer.retry_after != 0) head.field("Retry-After", std::uint64_t{answer.retry_after});
  if (!answer.allow.empty()) head.field("Allow", answer.allow);
  // The echo tells clients that the key is honoured here, for single statements too.
  if (const std::string_view key = request.idempotency_key; !key.empty() && key.size() <= 255) {
    head.field("Idempotency-Key", key);
  }
  if (answer.is_replayed) head.field("Idempotency-Replayed", "true");
  if (answer.status == 426) {
    head.field("Upgrade", "websocket").field("Sec-WebSocket-Version", "13");
    head.field("Connection", is_ending ? "close, Upgrade" : "Upgrade");
  } else if (is_ending) {
    head.field("Connection", "close");
  }
  if (!request.origin.empty()) write_cors(head, request);
  return head.end() == http1::problem::none;
}

}  // namespace dovetail::inline v0::workersql::serving
