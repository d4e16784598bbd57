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
constexpr errc errc_of_words(std::string_view words, errc otherwise) noexcept {
  struct phrase {
    std::string_view part;
    errc code;
  };
  // From the messages that were observed, and those of SQLite and PostgreSQL behind a gateway.
  constexpr phrase phrases[] = {
      {"transient database busy", errc::overloaded},
      {"circuit open", errc::overloaded},
      {"database is locked", errc::overloaded},
      {"at capacity", errc::overloaded},
      {"constraint", errc::constraint_violation},
      {"no such", errc::no_such_object},
      {"does not exist", errc::no_such_object},
      {"too many sql variables", errc::too_large},
      {"toobig", errc::too_large},
      {"too big", errc::too_large},
      {"too long", errc::too_large},
      {"too large", errc::too_large},
      {"too many operations", errc::too_large},
      {"parameter bindings", errc::wrong_bindings},
      {"syntax", errc::syntax_error},
      {"did not contain a statement", errc::syntax_error},
      {"batch failed", errc::batch_failed},
      {"timed out", errc::timed_out},
      {"timeout", errc::timed_out},
  };
  for (const phrase& each : phrases) {
    if (mentions(words, each.part)) return each.code;
  }
  return otherwise;
}

/// What a structured error's code stands for: those of the SDKs, and of the gateway's documentation.
constexpr errc errc_of_code(std::string_view code, unsigned status, std::string_view words) noexcept {
  struct entry {
    std::string_view name;
    errc code;
  };
  constexpr entry entries[] = {
      {"CONNECTION_ERROR", errc::unavailable},
      {"SERVICE_UNAVAILABLE", errc::unavailable},
      {"TIMEOUT_ERROR", errc::timed_out},
      {"AUTH_ERROR", errc::unauthorized},
      {"UNAUTHORIZED", errc::unauthorized},
      {"PERMISSION_ERROR", errc::forbidden},
      {"FORBIDDEN", errc::forbidden},
      {"RATE_LIMITED", errc::rate_limited},
      {"TABLE_NOT_FOUND", errc::no_such_object},
      {"CONSTRAINT_VIOLATION", errc::constraint_violation},
      {"SHARD_CAPACITY_EXCEEDED", errc::overloaded},
  };
  for (const entry& each : entries) {
    if (each.name == code) return each.code;
  }
  if (code == "RESOURCE_LIMIT") {
    if (status == 413) return errc::too_large;
    return status == 429 ? errc::rate_limited : errc_of_words(words, errc::overloaded);
  }
  if (code == "INVALID_QUERY" || code == "INVALID_SQL") return errc_of_words(words, errc::invalid_request);
  return errc_of_words(words, errc::internal_error);
}

constexpr errc errc_of_status(unsigned status, std::string_view words) noexcept {
  switch (status) {
    case 400:
    case 409:
    case 422:
      return errc_of_words(words, errc::invalid_request);
    case 401:
    case 407:
      return errc::unauthorized;
    case 403:
    case 451:
      return errc::forbidden;
    case 404:
    case 405:
    case 410:
      return errc::not_found;
    case 408:
      return errc::timed_out;
    case 413:
    case 414:
    case 431:
      return errc::too_large;
    case 429:
      return errc::rate_limited;
    case 502:
    case 503:
    case 504:
      return errc::unavailable;
    default:
      break;
  }
  if (status >= 300 && status < 400) return errc::redirected;
  if (status < 400) return errc_of_words(words, errc::internal_error);  // a failure with a status of success
  return errc_of_words(words, status >= 500 ? errc::internal_error : errc::invalid_request);
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
  const errc code =
      said.code.empty() ? errc_of_status(status, fields.message) : errc_of_code(said.code, status, fields.message);
  error_info failure{make_error_code(code)};
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
