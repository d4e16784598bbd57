// What an answer that is no success says: from its status, its text, or its structured error.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/name.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/codec/workersql/errc.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql {

/// The `error` member of an answer, a string or an object.
struct reply_error {
  bool is_set = false;
  std::string code{};            ///< of an object: one of the SDKs' seven, or another
  std::string message{};         ///< without the prefix "EdgeSQLError: "
  std::string details{};         ///< of an object: its `details` as JSON
  std::string reason{};          ///< the `reason` in there: our own gateway's name of the condition
  std::int64_t retry_after = 0;  ///< seconds, in there: over a WebSocket, where there is no Retry-After
  std::int64_t statement = -1;   ///< of a batch, in there: which one has failed, counted from 0
  // What else may be in there, of the database's own.
  std::string sqlstate{};
  std::string constraint{};
  std::string table{};
  std::string column{};
  std::string hint{};
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
  // From the messages that were observed, and those of SQLite and PostgreSQL behind a gateway. Those that name objects
  // come first, for a name may be any word.
  constexpr phrase phrases[] = {
      {"no such", gateway_errc::no_such_object},
      {"does not exist", gateway_errc::no_such_object},
      {"transient database busy", gateway_errc::overloaded},
      {"circuit open", gateway_errc::overloaded},
      {"database is locked", gateway_errc::overloaded},
      {"at capacity", gateway_errc::overloaded},
      {"constraint", gateway_errc::constraint_violation},
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

/// One of the SDKs' codes is known, so that words only tell which failure of it this is.
inline gateway_errc errc_within(sdk_code known, std::string_view words, gateway_errc otherwise) noexcept {
  const gateway_errc told = errc_of_words(words, otherwise);
  return describe(told).sdk == known ? told : otherwise;
}

struct named_errc {
  std::string_view name;
  gateway_errc code;
};

/// False when the name is none of them.
template <std::size_t Count>
constexpr bool find_errc(const named_errc (&all)[Count], std::string_view name, gateway_errc& out) noexcept {
  for (const named_errc& each : all) {
    if (each.name != name) continue;
    out = each.code;
    return true;
  }
  return false;
}

/// What our own gateway's name of a condition stands for.
constexpr bool find_reason(std::string_view reason, gateway_errc& out) noexcept {
  constexpr named_errc reasons[] = {
      {"constraint", gateway_errc::constraint_violation},
      {"not_found", gateway_errc::no_such_object},
      {"syntax", gateway_errc::syntax_error},
      {"data", gateway_errc::invalid_value},
      {"unsupported", gateway_errc::unsupported},
      {"permission", gateway_errc::forbidden},
      {"limit", gateway_errc::too_large},
      {"busy", gateway_errc::overloaded},
      {"serialization", gateway_errc::conflict},
      {"connection", gateway_errc::unavailable},
      {"timeout", gateway_errc::timed_out},
      {"cancelled", gateway_errc::timed_out},
      {"server", gateway_errc::internal_error},
      {"protocol", gateway_errc::internal_error},
      {"configuration", gateway_errc::internal_error},
      {"authentication", gateway_errc::internal_error},  // the gateway's own, at its database
  };
  return find_errc(reasons, reason, out);
}

/// The classes of SQLSTATE that tell for certain.
constexpr bool find_state(std::string_view state, gateway_errc& out) noexcept {
  constexpr named_errc states[] = {
      {"42501", gateway_errc::forbidden},      {"42601", gateway_errc::syntax_error},
      {"42P01", gateway_errc::no_such_object}, {"42703", gateway_errc::no_such_object},
      {"42883", gateway_errc::no_such_object}, {"3F000", gateway_errc::no_such_object},
      {"57014", gateway_errc::timed_out},      {"55P03", gateway_errc::overloaded},
  };
  constexpr named_errc classes[] = {
      {"08", gateway_errc::unavailable},   {"0A", gateway_errc::unsupported},
      {"22", gateway_errc::invalid_value}, {"23", gateway_errc::constraint_violation},
      {"40", gateway_errc::conflict},      {"53", gateway_errc::overloaded},
      {"54", gateway_errc::too_large},
  };
  return state.size() == 5 && (find_errc(states, state, out) || find_errc(classes, state.substr(0, 2), out));
}

/// What a structured error's code stands for: those of the SDKs, and of the gateway's documentation. False when it is
/// another.
inline bool find_code(std::string_view code, unsigned status, std::string_view words, gateway_errc& out) noexcept {
  constexpr named_errc codes[] = {
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
  if (find_errc(codes, code, out)) return true;
  if (code == "RESOURCE_LIMIT") {
    out = status == 413   ? gateway_errc::too_large
          : status == 429 ? gateway_errc::rate_limited
                          : errc_within(sdk_code::resource_limit, words, gateway_errc::overloaded);
  } else if (code == "INVALID_QUERY" || code == "INVALID_SQL") {
    if (status == 404 || status == 405 || status == 410) {
      out = gateway_errc::not_found;  // of the path: "no such" in its words is no table
      return true;
    }
    out = errc_within(sdk_code::invalid_query, words, gateway_errc::invalid_request);
  } else if (code == "INTERNAL_ERROR") {
    out = errc_within(sdk_code::internal_error, words, gateway_errc::internal_error);
  } else {
    return false;
  }
  return true;
}

inline gateway_errc errc_of_status(unsigned status, std::string_view words) noexcept {
  switch (status) {
    case 400:
    case 409:
    case 422:
      return errc_within(sdk_code::invalid_query, words, gateway_errc::invalid_request);
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

/// What is structured goes first, the finest of it: the reason, the SQLSTATE, the code, the status; words only tell
/// what none of these does.
[[gnu::cold, gnu::noinline]] inline gateway_errc classify_answer(unsigned status, const reply_error& said,
                                                                 std::string_view words) noexcept {
  gateway_errc found{};
  if (find_reason(said.reason, found) || find_state(said.sqlstate, found)) return found;
  return find_code(said.code, status, words, found) ? found : errc_of_status(status, words);
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

/// A peer's text for messages and logs: no control characters, which terminals obey, and no more than `most` bytes.
[[gnu::cold, gnu::noinline]] inline std::string readable(std::string_view text, std::size_t most) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const bool is_cut = text.size() > most;
  if (is_cut) {
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80) --most;  // no half of a character
    text = text.substr(0, most);
  }
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte != 0x7F) {
      out += c;
    } else if (c == '\n' || c == '\t' || c == '\r') {
      (out += '\\') += c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
    } else {
      ((out += "\\x") += digits[byte >> 4]) += digits[byte & 15U];
    }
  }
  if (is_cut) out += "...";
  return out;
}

/// What servers that speak TLS say to who does not: nginx, Go, Apache, and our own gateway.
[[gnu::cold, gnu::noinline]] inline bool wants_tls(unsigned status, std::string_view words) noexcept {
  if (status != 400) return false;
  words = words.substr(0, 4096);
  for (const std::string_view each :
       {"to https port", "to an https server", "to an ssl-enabled", "this port speaks tls"}) {
    if (mentions(words, each)) return true;
  }
  return false;
}

/// The failure of an answer: `said` is its JSON error, `body` its text when it is no JSON. Texts are cut and
/// `readable`.
[[gnu::cold, gnu::noinline]] inline error_info answer_failure(unsigned status, const reply_error& said,
                                                              std::string_view body) {
  server_fields fields;
  constexpr std::size_t most_words = 2000;
  constexpr std::size_t most_of_a_name = 500;
  constexpr std::size_t most_details = 16 * 1024;
  fields.message = readable(said.is_set ? std::string_view{said.message} : words_of(body), most_words);
  if (said.details.size() <= most_details) fields.detail = said.details;  // JSON: a part of it is none
  fields.sqlstate = readable(said.sqlstate, most_of_a_name);
  fields.constraint = readable(said.constraint, most_of_a_name);
  fields.table = readable(said.table, most_of_a_name);
  fields.column = readable(said.column, most_of_a_name);
  fields.hint = readable(said.hint, most_words);
  const gateway_errc code = classify_answer(status, said, fields.message);
  if (code == gateway_errc::not_found && fields.hint.empty()) fields.hint = "is the apiEndpoint right?";
  if (wants_tls(status, said.is_set ? std::string_view{said.message} : body)) {
    fields.hint = "ssl=true, or an apiEndpoint that begins with https";
  }
  // The gateway itself may not know: its database's answer to the commit was lost.
  const bool is_unknown = said.reason == "commit_unknown";
  error_info failure{is_unknown ? make_error_code(dovetail::errc::outcome_unknown) : make_error_code(code)};
  fields.severity =
      said.code.empty() ? std::string{to_string(sdk_code_of(failure.code()))} : readable(said.code, most_of_a_name);
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
