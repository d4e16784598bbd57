// One connection's side of WorkerSQL for clients: from the verbs' operations to dialogues.
#pragma once

#include <dovetail/client/sql_batch.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/transaction.hpp>
#include <dovetail/client/workersql/calls.hpp>
#include <dovetail/client/workersql/operations.hpp>
#include <dovetail/codec/workersql/session.hpp>
#include <dovetail/codec/workersql/startup.hpp>
#include <dovetail/transport/tls_digest.hpp>

#include <type_traits>
#include <utility>

namespace dovetail::inline v0::workersql::detail {

/// The session of a connection, and the dialogues that it makes. Its machines borrow it and the operation: both stay
/// where they are while one of them lives.
class client_session {
 public:
  explicit client_session(const options& how)
      : session_(how, {&dovetail::detail::random_bytes, &dovetail::detail::sha1}) {}

  startup open() noexcept { return startup{session_}; }
  ping_call ping() noexcept { return ping_call{session_}; }

  template <class Request>
  statement_call<Request, summary_target> start(sql_execute<Request>& op) {
    return {session_, op.request, &op.key, nullptr, {}, false};
  }
  template <class Row, class Request>
  statement_call<Request, all_rows<Row>> start(sql_query<Row, Request>& op) {
    return {session_, op.request, &op.key};
  }
  /// Rows of what may be more than anybody wants to keep: never from the cache of results, nor into it.
  template <class Row, class Request>
  stream_open_call<Row, Request> start(const sql_stream_open<stream_state<Row>, Request>& op) {
    return {session_, op.request, *op.rows};
  }
  template <class Rows>
  stream_fetch_call start(const sql_stream_fetch<Rows>& op) const noexcept {
    return stream_fetch_call{op.rows->answer()};
  }
  template <class Rows>
  nothing_call start(const sql_stream_close<Rows>&) const noexcept {
    return {};
  }
  template <class Row, class Request>
  statement_call<Request, one_row<Row, false>> start(sql_query_one<Row, Request>& op) {
    return {session_, op.request, &op.key};
  }
  template <class Row, class Request>
  statement_call<Request, one_row<Row, true>> start(sql_query_optional<Row, Request>& op) {
    return {session_, op.request, &op.key};
  }
  template <class Row, class Request>
  statement_call<Request, some_rows_target<Row>> start(sql_query_some<Row, Request>& op) {
    return {session_, op.request, &op.key, nullptr, some_rows_target<Row>{op.limits}};
  }
  template <class Row, class Request>
  statement_call<Request, response_target<Row>> start(query_with_facts<Row, Request>& op) {
    return {session_, op.request, &op.key, &op.how};
  }
  template <class Row, class Struct>
  insert_call<std::remove_cvref_t<Struct>, one_row<Row, false>> start(sql_insert_returning<Row, Struct>& op) {
    return {session_, op.table, op.tail, op.returning, op.row, op.key};
  }
  template <class Range>
  insert_rows_call<Range> start(sql_insert<Range>& op) {
    return {session_, op};
  }
  batch_call start(execute_batch& op) noexcept { return {session_, op}; }
  execute_rows_call start(execute_rows& op) noexcept { return {session_, op}; }
  script_call start(const sql_script& op) noexcept { return {session_, op.text}; }
  health_call start(const ask_health&) noexcept { return health_call{session_}; }
  begin_call start(const sql_begin& op) noexcept { return {session_, op}; }
  end_call start(const sql_commit& op) noexcept { return {session_, true, op.depth}; }
  end_call start(const sql_rollback& op) noexcept { return {session_, false, op.depth}; }
  ping_call start(const ask_ping&) noexcept { return ping(); }

  workersql::session& wire() noexcept { return session_; }
  const workersql::session& wire() const noexcept { return session_; }

 private:
  workersql::session session_;
};

}  // namespace dovetail::inline v0::workersql::detail
