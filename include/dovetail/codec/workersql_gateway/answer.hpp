// What a WorkerSQL gateway answers, and how failures become answers.
#pragma once

#include <dovetail/base/calendar.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/format/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace dovetail::inline v0::workersql::serving {

/// The seven codes that WorkerSQL's clients know.
namespace codes {
inline constexpr std::string_view invalid_query = "INVALID_QUERY";
inline constexpr std::string_view connection = "CONNECTION_ERROR";
inline constexpr std::string_view timeout = "TIMEOUT_ERROR";
inline constexpr std::string_view authentication = "AUTH_ERROR";
inline constexpr std::string_view permission = "PERMISSION_ERROR";
inline constexpr std::string_view resource_limit = "RESOURCE_LIMIT";
inline constexpr std::string_view internal = "INTERNAL_ERROR";
}  // namespace codes

/// An answer but for the fields that every answer has.
struct gateway_answer {
  unsigned status = 200;
  std::string body;
  std::string_view content_type = "application/json";
  std::string_view allow{};       ///< of 405: the methods
  std::uint32_t retry_after = 0;  ///< seconds; 0: not said
  bool has_challenge = false;     ///< of 401
  bool is_final = true;           ///< asking again gives the same: it can be kept under an idempotency key
  bool changed_nothing = false;   ///< for certain: executing it again does no harm, so that it is not kept
  bool needs_admin = false;       ///< the statements that it answers do
  bool is_replayed = false;       ///< kept from the first time
};

/// Appends text as a JSON string; what is no UTF-8 in it becomes '?'.
inline void append_json_text(std::string& out, std::string_view text) {
  if (json::encode(text, out)) return;
  std::string plain;
  plain.reserve(text.size());
  for (const char c : text) plain += c >= ' ' && c < 0x7F ? c : '?';
  static_cast<void>(json::encode(plain, out));
}

/// Appends `,name:`, without the comma behind an opening brace.
inline void append_key(std::string& out, std::string_view name) {
  if (!out.empty() && out.back() != '{') out += ',';
  ((out += '"') += name) += "\":";
}
inline void append_member(std::string& out, std::string_view name, std::string_view text) {
  append_key(out, name);
  append_json_text(out, text);
}

/// Appends now as ISO 8601 in UTC with milliseconds, in quotes.
inline void append_timestamp(std::string& out, std::chrono::system_clock::time_point now) {
  char buffer[timestamp_text_size];
  const std::chrono::local_time<std::chrono::milliseconds> instant{
      std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch())};
  char* const end = format_local_timestamp(buffer, instant, 'T');
  ((out += '"').append(buffer, end)) += "Z\"";
}

/// What a failure is called, with its status.
struct failure_class {
  unsigned status;
  std::string_view code;
  std::uint32_t retry_after = 0;
  bool is_final = true;
};

/// A failure of a statement. What was certainly not executed, or may succeed later, is not final.
inline failure_class class_of(condition kind) noexcept {
  switch (kind) {
    case condition::constraint:
    case condition::not_found:
    case condition::syntax:
    case condition::mapping:
    case condition::data:
    case condition::unsupported:
    case condition::misuse:
      return {400, codes::invalid_query};
    case condition::permission:
      return {403, codes::permission};
    case condition::limit:
      return {413, codes::resource_limit};
    case condition::busy:
    case condition::serialization:
      return {503, codes::resource_limit, 1, false};
    case condition::connection:
      return {503, codes::connection, 1, false};
    case condition::timeout:
    case condition::cancelled:
      return {504, codes::timeout, 0, false};
    case condition::commit_unknown:
      return {500, codes::internal};
    default:
      return {500, codes::internal, 0, false};
  }
}

/// The same, with what the condition does not tell: a value that is too large to be read, and what SQLite reports with
/// its general code, which is about the statement (too deep, not in a transaction, after an `or rollback`).
inline failure_class class_of(const error_info& failure) noexcept {
  const std::error_code code = failure.code();
  if (code == errc::frame_too_large) return class_of(condition::limit);
  if (code == errc::transaction_aborted) return class_of(condition::misuse);
  constexpr int sqlite_error = 1;
  const bool is_statements = (code.value() & 0xFF) == sqlite_error && failure.kind() == condition::server &&
                             std::string_view{code.category().name()} == "dovetail.sqlite";
  return is_statements ? class_of(condition::misuse) : class_of(failure.kind());
}

/// Appends an error as an object: `{code:…,message:…,details:…,timestamp:…}`. `details` is JSON or empty.
inline void append_error(std::string& out, std::string_view code, std::string_view message, std::string_view details) {
  out += '{';
  append_member(out, "code", code);
  append_member(out, "message", message);
  if (!details.empty()) append_key(out, "details"), out += details;
  append_key(out, "timestamp");
  append_timestamp(out, std::chrono::system_clock::now());
  out += '}';
}

inline gateway_answer refusal(const failure_class& what, std::string_view message, std::string_view details = {}) {
  gateway_answer answer;
  answer.status = what.status;
  answer.retry_after = what.retry_after;
  answer.is_final = what.is_final;
  answer.has_challenge = what.status == 401;
  answer.body = R"({"success":false,"error":)";
  append_error(answer.body, what.code, message, details);
  answer.body += '}';
  return answer;
}
inline gateway_answer refusal(unsigned status, std::string_view code, std::string_view message) {
  return refusal({.status = status, .code = code, .is_final = status < 500 && status != 429}, message);
}

/// The words about a failure: the server's, without the program's own places and statements.
inline std::string message_of(const error_info& failure) {
  const condition kind = failure.kind();
  if (failure.code() == errc::frame_too_large) return "a value is larger than the gateway reads";
  if (kind == condition::connection) return "the database cannot be reached";
  if (kind == condition::authentication || kind == condition::configuration || kind == condition::protocol) {
    return "the gateway cannot use its database";
  }
  // The context of a pool's says who has its connections: places in the program.
  if (failure.code() == errc::pool_wait_timeout) return "no connection to the database became free in time";
  if (failure.code() == errc::pool_queue_full) return "too many wait for a connection to the database";
  std::string text{failure.context()};
  const std::string& said = failure.server().message;
  if (!said.empty()) {
    if (!text.empty()) text += ": ";
    text += said;
  }
  if (text.empty()) text = failure.code().message();
  return text;
}

inline constexpr std::size_t no_statement = static_cast<std::size_t>(-1);

/// What is known of a failure beside its code and message: the condition's name, SQLSTATE, the constraint, …; which
/// statement of a batch it was, counted from 0.
inline std::string details_of(const error_info& failure, std::size_t statement = no_statement) {
  std::string out{"{"};
  append_member(out, "reason", dovetail::detail::name_of(failure.kind()));
  const server_fields& said = failure.server();
  if (!said.sqlstate.empty()) append_member(out, "sqlState", said.sqlstate);
  if (!said.constraint.empty()) append_member(out, "constraint", said.constraint);
  if (!said.table.empty()) append_member(out, "table", said.table);
  if (!said.column.empty()) append_member(out, "column", said.column);
  if (!said.hint.empty()) append_member(out, "hint", said.hint);
  if (said.position > 0) append_key(out, "position"), out += std::to_string(said.position);
  if (statement != no_statement) append_key(out, "statement"), out += std::to_string(statement);
  return out += '}';
}

inline gateway_answer answer_failure(const error_info& failure, std::size_t statement = no_statement) {
  return refusal(class_of(failure), message_of(failure), details_of(failure, statement));
}

}  // namespace dovetail::inline v0::workersql::serving
