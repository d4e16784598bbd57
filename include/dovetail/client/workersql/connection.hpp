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

  /// Executes a query, and reads its first row; the others come while they are read.
  template <class Row, class Request>
  result<stream_state<Row>> open_stream(const Request& request, deadline by) {
    stream_state<Row> rows;
    sql_stream_open<stream_state<Row>, Request> op{request, &rows};
    if (auto opened = drive(session_.start(op), by); !opened) return std::move(opened).error();
    return rows;
  }
  /// The next row of a stream; `budget` bounds this step alone.
  template <class Row>
  stream_step next(stream_state<Row>& of, row_value_t<Row>& out, clock::duration budget, deadline by) {
    for (;;) {
      const stream_step came = of.next(out);
      if (came != stream_step::more) return came;
      sql_stream_fetch<stream_state<Row>> op{&of};
      auto fetched = drive(session_.start(op), earlier(by, deadline::after(budget)));
      if (!fetched) return of.fail(std::move(fetched).error());
    }
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
