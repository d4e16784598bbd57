// Answers that a client has in its cache of results, as the verbs want them: without a connection.
#pragma once

#include <dovetail/client/workersql/call_base.hpp>
#include <dovetail/codec/workersql/read_answer.hpp>
#include <dovetail/codec/workersql/row_target.hpp>

#include <optional>
#include <string>

namespace dovetail::inline v0::workersql::detail {

/// The answer to a query that is kept already; nothing when the gateway has to be asked.
template <class Request, class Target>
std::optional<typename Target::value_type> kept_answer(const options& client, const Request& asked,
                                                       const query_options* how, Target target) {
  const cache_wish wish = cache_wish_of(client, how);
  if (!wish.looks || !asked.is_read_only()) return std::nullopt;
  std::string body;
  if (write_statement_body(body, client, asked, how)) return std::nullopt;  // the dialogue tells
  const result_cache::kept_body kept = client.cache->find(client, body, wish.most_age, clock::now());
  if (kept == nullptr) return std::nullopt;
  reply_facts said;
  bool is_stopped = false;
  // An answer that does not fit these rows is asked for again, so that the failure is as it always is.
  if (read_answer({200, *kept, {}}, target.sink(), said, is_stopped) || is_stopped) return std::nullopt;
  said.is_cached = true;
  if (target.finish(said)) return std::nullopt;
  return target.value();
}

template <class Row, class Request>
auto kept_answer(const options& client, const sql_query<Row, Request>& op) {
  return kept_answer(client, op.request, nullptr, all_rows<Row>{});
}
template <class Row, class Request>
auto kept_answer(const options& client, const sql_query_one<Row, Request>& op) {
  return kept_answer(client, op.request, nullptr, one_row<Row, false>{});
}
template <class Row, class Request>
auto kept_answer(const options& client, const sql_query_optional<Row, Request>& op) {
  return kept_answer(client, op.request, nullptr, one_row<Row, true>{});
}
template <class Row, class Request>
auto kept_answer(const options& client, const sql_query_some<Row, Request>& op) {
  return kept_answer(client, op.request, nullptr, some_rows_target<Row>{op.limits});
}
template <class Row, class Request>
auto kept_answer(const options& client, const query_with_facts<Row, Request>& op) {
  return kept_answer(client, op.request, &op.how, response_target<Row>{});
}

}  // namespace dovetail::inline v0::workersql::detail
