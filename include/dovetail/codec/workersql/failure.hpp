// What an answer that is no success says: from its status, its text, or its structured error.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/name.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/codec/workersql/errc.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql {

/// The `error` member of an answer, a string or an object.
struct reply_error {
  bool is_set = false;
  std::string code{};     ///< of an object: one of the SDKs' seven, or another
  std::string message{};  ///< without the prefix "EdgeSQLError: "
  std::string details{};  ///< of an object: its `details` as JSON
  std::string reason{};   ///< the `reason` in there: our own gateway's name of the condition
};

/// A failure as the SDKs show it.
struct validation_error {
  sdk_code code;
  std::string message;  ///< the gateway's own where it sent one
  std::string details;  ///< the gateway's `details` as JSON; may be empty, and may quote values
};

/// What an SDK's `ValidationError` holds, of any failure of this library.
inline validation_error validation_error_of(const error_info& failure) {
  const server_fields& said = failure.server();
  return {sdk_code_of(failure.code()), said.message.empty() ? failure.message() : said.message, said.detail};
}

namespace detail {

/// True when `text` has `part`, in any case (`part` in lower case).
constexpr bool mentions(std::string_view text, std::string_view part) noexcept {
  for (std::size_t at = 0; at + part.size() <= text.size(); ++at) {
    std::size_t same = 0;
    while (same < part.size() && ascii_lower(text[at + same]) == part[same]) ++same;
    if (same == part.size()) return true;
  }
  return false;
}

/// What kind of failure a gateway's words stand for; `otherwise` when they tell nothing.
constexpr gateway_errc errc_of_words(std::string_view words, gateway_errc otherwise) noexcept {
  struct phrase {
    std::string_view part;
    gateway_errc code;
  };
  // From the messages that were observed, and those of SQLite and PostgreSQL behind a gateway.
  constexpr phrase phrases[] = {
      {"transient database busy", gateway_errc::overloaded},
      {"circuit open", gateway_errc::overloaded},
      {"database is locked", gateway_errc::overloaded},
      {"at capacity", gateway_errc::overloaded},
      {"constraint", gateway_errc::constraint_violation},
      {"no such", gateway_errc::no_such_object},
      {"does not exist", gateway_errc::no_such_object},
      {"too many sql variables", gateway_errc::too_large},
      {"toobig", gateway_errc::too_large},
      {"too big", gateway_errc::too_large},
      {"too long", gateway_errc::too_large},
      {"too large", gateway_errc::too_large},
      {"too many operations", gateway_errc::too_large},
      {"parameter bindings", gateway_errc::wrong_bindings},
      {"syntax", gateway_errc::syntax_error},
      {"did not contain a statement", gateway_errc::syntax_error},
      {"batch failed", gateway_errc::batch_failed},
      {"timed out", gateway_errc::timed_out},
      {"timeout", gateway_errc::timed_out},
  };
  for (const phrase& each : phrases) {
    if (mentions(words, each.part)) return each.code;
  }
  return otherwise;
}

/// What a structured error's code stands for: those of the SDKs, and of the gateway's documentation.
constexpr gateway_errc errc_of_code(std::string_view code, unsigned status, std::string_view words) noexcept {
  struct entry {
    std::string_view name;
    gateway_errc code;
  };
  constexpr entry entries[] = {
      {"CONNECTION_ERROR", gateway_errc::unavailable},
      {"SERVICE_UNAVAILABLE", gateway_errc::unavailable},
      {"TIMEOUT_ERROR", gateway_errc::timed_out},
      {"AUTH_ERROR", gateway_errc::unauthorized},
      {"UNAUTHORIZED", gateway_errc::unauthorized},
      {"PERMISSION_ERROR", gateway_errc::forbidden},
      {"FORBIDDEN", gateway_errc::forbidden},
      {"RATE_LIMITED", gateway_errc::rate_limited},
      {"TABLE_NOT_FOUND", gateway_errc::no_such_object},
      {"CONSTRAINT_VIOLATION", gateway_errc::constraint_violation},
      {"SHARD_CAPACITY_EXCEEDED", gateway_errc::overloaded},
  };
  for (const entry& each : entries) {
    if (each.name == code) return each.code;
  }
  if (code == "RESOURCE_LIMIT") {
    if (status == 413) return gateway_errc::too_large;
    return status == 429 ? gateway_errc::rate_limited : errc_of_words(words, gateway_errc::overloaded);
  }
  if (code == "INVALID_QUERY" || code == "INVALID_SQL") return errc_of_words(words, gateway_errc::invalid_request);
  return errc_of_words(words, gateway_errc::internal_error);
}

constexpr gateway_errc errc_of_status(unsigned status, std::string_view words) noexcept {
  switch (status) {
    case 400:
    case 409:
    case 422:
      return errc_of_words(words, gateway_errc::invalid_request);
    case 401:
    case 407:
      return gateway_errc::unauthorized;
    case 403:
    case 451:
      return gateway_errc::forbidden;
    case 404:
    case 405:
    case 410:
      return gateway_errc::not_found;
    case 408:
      return gateway_errc::timed_out;
    case 413:
    case 414:
    case 431:
      return gateway_errc::too_large;
    case 429:
      return gateway_errc::rate_limited;
    case 502:
    case 503:
    case 504:
      return gateway_errc::unavailable;
    default:
      break;
  }
  if (status >= 300 && status < 400) return gateway_errc::redirected;
  if (status < 400) return errc_of_words(words, gateway_errc::internal_error);  // a failure with a status of success
  return errc_of_words(words, status >= 500 ? gateway_errc::internal_error : gateway_errc::invalid_request);
}

/// Texts of people, not pages of HTML: what stands in front of a gateway sends those.
constexpr std::string_view words_of(std::string_view body) noexcept {
  constexpr std::size_t most = 500;
  while (!body.empty() && body.front() <= ' ' && body.front() >= 0) body.remove_prefix(1);
  if (body.starts_with('<') || body.starts_with('{') || body.starts_with('[')) return {};
  body = body.substr(0, body.find('\n'));
  while (!body.empty() && body.back() <= ' ' && body.back() >= 0) body.remove_suffix(1);
  return body.size() > most ? body.substr(0, most) : body;
}

/// The failure of an answer: `said` is its JSON error, `body` its text when it is no JSON.
[[gnu::cold, gnu::noinline]] inline error_info answer_failure(unsigned status, const reply_error& said,
                                                              std::string_view body) {
  server_fields fields;
  fields.message = said.is_set ? said.message : std::string{words_of(body)};
  fields.detail = said.details;
  const gateway_errc code =
      said.code.empty() ? errc_of_status(status, fields.message) : errc_of_code(said.code, status, fields.message);
  // The gateway itself may not know: its database's answer to the commit was lost.
  const bool is_unknown = said.reason == "commit_unknown";
  error_info failure{is_unknown ? make_error_code(dovetail::errc::outcome_unknown) : make_error_code(code)};
  fields.severity = said.code.empty() ? std::string{to_string(sdk_code_of(failure.code()))} : said.code;
  std::string context;
  if (status >= 400 || fields.message.empty()) {
    dovetail::detail::append_parts(context,
                                   {"the gateway answered with status ", dovetail::detail::number_text{status}});
  }
  if (!context.empty()) failure.with_context(std::move(context));
  failure.with_server(std::move(fields));
  return failure;
}

}  // namespace detail
}  // namespace dovetail::inline v0::workersql
