// Judges an answer: its status, its reply_facts, and whatever says that the statement failed.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/codec/workersql/envelope.hpp>
#include <dovetail/codec/workersql/exchange.hpp>
#include <dovetail/codec/workersql/failure.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql {

namespace detail {

/// The failure of a write of which nobody knows whether it was executed; the server's words stay.
[[gnu::cold, gnu::noinline]] inline error_info unknown_write(const error_info& seen, std::string_view why) {
  std::string words;
  dovetail::detail::append_parts(words, {"the statement was sent and may have been executed (", why, ")"});
  error_info unknown{dovetail::errc::outcome_unknown, std::move(words)};
  unknown.with_server(seen.server());
  return unknown;
}

/// 502 and 504 without a gateway's code are those of what stands in front of it and has lost its answer; a gateway that
/// gave its database up may say so itself.
inline bool is_lost_write(const http_answer& answer, const reply_error& said) noexcept {
  if (!answer.is_write) return false;
  return ((answer.status == 502 || answer.status == 504) && said.code.empty()) ||
         mentions(said.message, "may have been executed");
}

[[gnu::cold, gnu::noinline]] inline void add_hint(error_info& failure, std::string_view hint,
                                                  std::string_view end = {}) {
  server_fields said = failure.server();
  if (!said.hint.empty()) said.hint += "; ";
  said.hint.append(hint).append(end);
  failure.with_server(std::move(said));
}
/// The request's id goes with every complaint about its answer.
inline void note_request_id(error_info& failure, std::string_view id) {
  if (!id.empty()) add_hint(failure, "the request's id is ", id);
}

}  // namespace detail

/// Reads an answer; its rows go to `rows`. Errors: what the gateway complains of, with its words, its code and the
/// request's id as a hint; errc::outcome_unknown when the gateway says that it does not know whether it has committed,
/// and for a write whose answer a proxy has lost (502, 504) or whose answer of success cannot be read;
/// gateway_errc::not_a_gateway for an answer of success that is no JSON object, or one that says nothing of a
/// statement. When `is_stopped`, the sink has failed and knows why. `taken`: rows that stand in the body no more.
[[gnu::noinline]] inline error_info read_answer(const http_answer& answer, const rows_sink& rows, reply_facts& out,
                                                bool& is_stopped, const text_gap& taken = {}) {
  const bool is_good = answer.status / 100 == 2;
  error_info failure;
  if (is_good) {
    failure = read_envelope(answer.body, rows, out, is_stopped, detail::strictness::strict, taken);
    const bool is_told = failure || is_stopped || out.tells_outcome();
    if (!failure && is_told && out.is_success && !out.error.is_set) return {};
    is_stopped = is_stopped && !failure;
    if (failure && answer.is_write) failure = detail::unknown_write(failure, failure.context());
    if (!is_told) {
      failure = {make_error_code(gateway_errc::not_a_gateway), "the answer does not say whether it is a success"};
    }
    if (!failure) failure = detail::answer_failure(answer.status, out.error, answer.body);
  } else {
    bool ignored = false;
    if (answer.body.find('{') != answer.body.npos) {
      if (read_envelope(answer.body, {}, out, ignored, detail::strictness::lenient)) out.error = {};
    }
    failure = detail::answer_failure(answer.status, out.error, answer.body);
  }
  if (!is_good && failure.code() != dovetail::errc::outcome_unknown && detail::is_lost_write(answer, out.error)) {
    failure = detail::unknown_write(failure, "the gateway's answer was lost on its way, or the gateway gave up");
  }
  if (answer.status == 401 && !answer.had_key) detail::add_hint(failure, "no apiKey was given");
  detail::note_request_id(failure, answer.request_id);
  return failure;
}

}  // namespace dovetail::inline v0::workersql
