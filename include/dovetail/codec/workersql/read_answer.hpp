// Judges an answer: its status, its reply_facts, and whatever says that the statement failed.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/codec/workersql/envelope.hpp>
#include <dovetail/codec/workersql/exchange.hpp>
#include <dovetail/codec/workersql/failure.hpp>

#include <string>
#include <utility>

namespace dovetail::inline v0::workersql {

/// Reads an answer; its rows go to `rows`. Errors: what the gateway complains of, with its words, its code and the
/// request's id as a hint; errc::outcome_unknown when the gateway says that it does not know whether it has committed;
/// gateway_errc::not_a_gateway for an answer of success that is no JSON object, or one that says nothing of a
/// statement. When `is_stopped`, the sink has failed and knows why.
[[gnu::noinline]] inline error_info read_answer(const http_answer& answer, const rows_sink& rows, reply_facts& out,
                                                bool& is_stopped) {
  const bool is_good = answer.status / 100 == 2;
  error_info failure;
  if (is_good) {
    failure = read_envelope(answer.body, rows, out, is_stopped);
    const bool is_told = failure || is_stopped || out.tells_outcome();
    if (!failure && is_told && out.is_success && !out.error.is_set) return {};
    is_stopped = is_stopped && !failure;
    if (!is_told) {
      failure = {make_error_code(gateway_errc::not_a_gateway), "the answer does not say whether it is a success"};
    }
    if (!failure) failure = detail::answer_failure(answer.status, out.error, answer.body);
  } else {
    bool ignored = false;
    if (answer.body.find('{') != answer.body.npos) {
      if (read_envelope(answer.body, {}, out, ignored)) out.error = {};
    }
    failure = detail::answer_failure(answer.status, out.error, answer.body);
  }
  if (!answer.request_id.empty()) {
    server_fields said = failure.server();
    said.hint.assign("the request's id is ").append(answer.request_id);
    failure.with_server(std::move(said));
  }
  return failure;
}

}  // namespace dovetail::inline v0::workersql
