// The connection of blocking WorkerSQL clients.
#pragma once

#include <dovetail/client/operation.hpp>
#include <dovetail/client/sql_blocking_verbs.hpp>
#include <dovetail/client/workersql/client_session.hpp>
#include <dovetail/client/workersql/connection_string.hpp>
#include <dovetail/client/workersql/endpoint.hpp>
#include <dovetail/client/workersql/kept_answer.hpp>
#include <dovetail/client/workersql/stream_state.hpp>
#include <dovetail/client/workersql/verbs.hpp>
#include <dovetail/driver/run.hpp>

#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql {

/// One kept-alive connection to a gateway. Threads: one at a time, which the pool sees to.
class connection {
 public:
  using options = workersql::options;
  template <class Self>
  using verbs = extra_verbs<Self, sql_blocking_verbs<Self, dialect::sqlite>>;
  template <class Row>
  using stream_state = detail::stream_state<Row>;
  using stream_step = v0::stream_step;

  static result<parsed_string<options>> parse(std::string_view text) { return workersql::parse(text); }

  /// For the client, as the next: see `client_core::keeps_answers`.
  static bool may_keep_answers(const options& how) noexcept { return how.cache != nullptr; }
  template <class Op>
  static auto kept_answer(const options& how, const Op& op) -> decltype(detail::kept_answer(how, op)) {
    return detail::kept_answer(how, op);
  }

  explicit connection(const options& how) : session_(how), stream_(endpoint_of(how)) {}

  result<void> open(deadline by) { return drive(session_.open(), by); }
  result<void> ping(deadline by) { return drive(session_.ping(), by); }

  template <operation Op>
  result<typename Op::value_type> perform(Op& op, deadline by) {
    return drive(session_.start(op), by);
  }

  /// A gateway sends a whole answer, so a stream has all its rows from the beginning (`responseLimit` bounds them).
  template <class Row, class Request>
  result<stream_state<Row>> open_stream(const Request& request, deadline by) {
    sql_query<Row, Request> op{request};
    auto all = drive(session_.stream(op), by);
    if (!all) return std::move(all).error();
    return stream_state<Row>{*std::move(all)};
  }
  template <class Row>
  stream_step next(stream_state<Row>& of, row_value_t<Row>& out, clock::duration, deadline) {
    return of.next(out) ? stream_step::row : stream_step::done;
  }

  bool is_in_transaction() const noexcept { return health() == session_health::in_transaction; }
  session_health health() const noexcept {
    return stream_.is_open() ? session_.wire().health() : session_health::closed;
  }
  traffic last_traffic() const noexcept { return moved_; }
  /// For the retry loop: the pause that the gateway asked for.
  clock::duration asked_pause() const noexcept { return session_.wire().asked_pause(); }
  void close() noexcept { stream_.close(); }

 private:
  template <class Machine>
  result<typename Machine::value_type> drive(Machine dialogue, deadline by) {
    moved_ = {};
    return run(stream_, std::move(dialogue), by, moved_);
  }

  detail::client_session session_;
  transport::stream stream_;
  traffic moved_;
};

}  // namespace dovetail::inline v0::workersql
