// The connection of blocking PostgreSQL clients.
#pragma once

#include <dovetail/base/later.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/client/postgres/client_session.hpp>
#include <dovetail/client/postgres/connection_string.hpp>
#include <dovetail/client/postgres/copy_stream.hpp>
#include <dovetail/client/postgres/endpoint.hpp>
#include <dovetail/client/postgres/notifications.hpp>
#include <dovetail/client/postgres/stream_state.hpp>
#include <dovetail/client/postgres/verbs.hpp>
#include <dovetail/client/sql_blocking_verbs.hpp>
#include <dovetail/codec/postgres/cancel_request.hpp>
#include <dovetail/codec/postgres/drain.hpp>
#include <dovetail/driver/run.hpp>

#include <chrono>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace postgres {

/// How long a connection whose operation was broken off may take to stop the server and to find its place again; such
/// an operation ends so much later than its deadline at most.
inline constexpr std::chrono::milliseconds recovery_limit{500};

/// A connection that was idle for as long is looked at before it is used: a server that was restarted has ended it.
inline constexpr std::chrono::seconds look_again_after{1};

/// One session with a server. Threads: one at a time, which the pool sees to.
class connection {
 public:
  using options = connect_options;
  template <class Self>
  using verbs = listen_verbs<
      Self,
      copy_stream_verbs<Self, extra_verbs<sql_blocking_verbs<Self, dialect::postgres>, argument_storage::borrowed>>>;
  template <class Row>
  using stream_state = detail::stream_state<Row>;
  using stream_step = v0::stream_step;

  static result<parsed_string<options>> parse(std::string_view text) { return postgres::parse(text); }

  explicit connection(const options& how) : session_(how), stream_(endpoint_of(how)) {}
  ~connection() { close(); }

  result<void> open(deadline by) {
    moved_ = {};
    return run(stream_, session_.open(by), by, moved_);
  }
  result<void> ping(deadline by);
  session_health health() const noexcept {
    return stream_.is_open() ? session_.wire().health() : session_health::closed;
  }
  /// For the pool: has the server ended an idle connection? Who comes back at once is not kept waiting for the answer.
  bool is_stale(clock::duration idle) const noexcept {
    return idle >= look_again_after && v0::detail::has_hung_up(stream_.handle(readiness::readable));
  }
  traffic last_traffic() const noexcept { return moved_; }
  /// For the pool: notices go to its observer.
  template <class Observer>
  void report_notices(Observer& to) noexcept {
    session_.report_notices(to);
  }
  bool is_in_transaction() const noexcept {
    return health() == session_health::in_transaction || session_.wire().is_in_transaction();
  }
  /// For transactions: see `begins_later`.
  template <class Op>
  static constexpr bool carries_begin = detail::carries_begin<Op>;
  error_info begin_later(begin_mode mode) { return session_.begin_later(mode); }
  bool is_begin_pending() const noexcept { return session_.wire().is_begin_deferred(); }
  bool has_begin_failed() const noexcept {
    return session_.wire().has_begin_failed() || (is_begin_pending() && !stream_.is_open());
  }
  void drop_begin() noexcept { session_.wire().drop_begin(); }
  /// Says farewell where the server listens.
  void close() noexcept;

  template <operation Op>
  result<typename Op::value_type> perform(Op& op, deadline by) {
    if (detail::is_refused<Op>(session_.wire())) [[unlikely]]
      return detail::another_is_under_way();
    return perform_next(op, by);
  }

  /// Executes a query, and reads its first rows.
  template <class Row, class Request>
  result<stream_state<Row>> open_stream(const Request& request, deadline by) {
    if (detail::is_refused<void>(session_.wire())) return detail::another_is_under_way();
    moved_ = {};
    const bool shows_text = session_.options().include_statement_text;
    detail::prepared_request<Request> asked{request};
    if (error_info failure = asked.prepare(session_.wire(), shows_text)) return failure;
    auto rows = std::make_unique<detail::row_stream<Row>>();
    auto opened = converse(rows->opening(session_.wire(), asked.request()), by);
    if (!opened) {
      recover();
      return asked.explain(std::move(opened).error(), shows_text);
    }
    return keep_open(std::move(rows));
  }

  /// Begins a copy, and reads its first rows.
  template <class Row>
  result<stream_state<Row>> open_copy(detail::copy_origin from, deadline by) {
    if (detail::is_refused<void>(session_.wire())) return detail::another_is_under_way();
    moved_ = {};
    auto rows = std::make_unique<detail::row_stream<Row>>();
    rows->copy_from(std::move(from));
    if (error_info failure = fetch(*rows, by)) return failure;
    return keep_open(std::move(rows));
  }

  /// The next row of a stream; `budget` bounds this step alone.
  template <class Row>
  stream_step next(stream_state<Row>& of, row_value_t<Row>& out, clock::duration budget, deadline by) {
    auto& rows = of.rows();
    for (;;) {
      bool failed = false;
      if (rows.next(out, failed)) return failed ? of.fail(rows.take_failure()) : stream_step::row;
      if (!rows.has_more()) return stream_step::done;
      if (error_info failure = fetch(rows, earlier(by, deadline::after(budget)))) return of.fail(std::move(failure));
    }
  }

  session& wire() noexcept { return session_.wire(); }

  /// Whose statement `stop` ends; to be asked for while nothing runs.
  struct running {
    backend_key key;
    std::size_t server = 0;
    bool is_encrypted = false;
  };
  running who_runs() const noexcept {
    const connection_facts& now = session_.wire().facts;
    return {now.key, now.server, now.is_encrypted};
  }
  /// Asks the server, on a stream of its own, to stop what runs here, and waits until it has heard it. Threads: another
  /// one, while something runs; it must have returned before anything else is run here.
  void stop(const running& whom) const noexcept;

 private:
  using stream_type = transport::stream;

  // Apart, and with one variable that is returned: the answer is made where the caller wants it.
  template <operation Op>
  result<typename Op::value_type> perform_next(Op& op, deadline by) {
    moved_ = {};
    result<typename Op::value_type> answer = converse(session_.start(op), by);
    if (!answer) [[unlikely]] {
      v0::detail::later<drained> said;
      recover(&said);
      if constexpr (std::is_same_v<Op, sql_commit>) {
        if (session_.settle(answer.error(), said ? &*said : nullptr)) answer = {};
      }
    }
    return answer;
  }

  /// Runs a dialogue. What the program's own code in it throws (a range, a codec) breaks it off as a deadline does: the
  /// connection is brought back before the exception goes on.
  template <class Dialogue>
  auto converse(Dialogue&& dialogue, deadline by) {
    try {
      return run(stream_, dialogue, by, moved_);
    } catch (...) {
      session& on = session_.wire();
      if (!on.has_sent_any()) on.take_batch_back();  // which may end in the middle of a message
      recover();
      throw;
    }
  }
  template <class Row>
  stream_state<Row> keep_open(std::unique_ptr<detail::row_stream<Row>> rows) {
    stream_state<Row> state{std::move(rows)};
    state.on_close(this, [](void* on, detail::row_batches& of) noexcept { static_cast<connection*>(on)->end(of); });
    return state;
  }
  error_info fetch(detail::row_batches& of, deadline by) {
    if (of.is_copy()) return succeed(converse(of.copying(session_.wire()), by));
    return succeed(converse(of.fetching(session_.wire()), by));
  }
  template <class T>
  error_info succeed(result<T> fetched) {
    if (fetched) return {};
    recover();
    return std::move(fetched).error();
  }
  /// A copy that is given up has the rest of its data behind it.
  void end(detail::row_batches& of) noexcept {
    if (of.is_copy()) return recover();
    if (!run(stream_, of.closing(session_.wire()), deadline::after(recovery_limit), moved_)) recover();
  }

  /// A dialogue was broken off: tells the server to stop, and reads what is still to come. What cannot be brought back
  /// is closed.
  void recover(v0::detail::later<drained>* said = nullptr) noexcept;

  detail::client_session session_;
  stream_type stream_;
  traffic moved_;
};

}  // namespace postgres
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace postgres {

DOVETAIL_DEFINE result<void> connection::ping(deadline by) {
  moved_ = {};
  auto answer = run(stream_, session_.ping(), by, moved_);
  if (!answer) return recover(), std::move(answer).error();
  return {};
}

DOVETAIL_DEFINE void connection::close() noexcept {
  if (health() == session_health::idle) {
    static_cast<void>(run(stream_, terminate{session_.wire().facts}, deadline::after(std::chrono::milliseconds{100})));
  }
  stream_.close();
}

DOVETAIL_DEFINE void connection::stop(const running& whom) const noexcept {
  try {
    connection_facts facts;
    facts.key = whom.key;
    facts.server = whom.server;
    facts.is_encrypted = whom.is_encrypted;
    stream_type aside{endpoint_of(session_.options())};
    static_cast<void>(run(aside, cancel_request{facts, session_.options()}, deadline::after(recovery_limit)));
    aside.close();
  } catch (...) {  // out of memory
  }
}

DOVETAIL_DEFINE void connection::recover(v0::detail::later<drained>* said) noexcept {
  session& on = session_.wire();
  if (!on.can_drain()) return;
  try {
    const deadline by = deadline::after(recovery_limit);
    stream_type aside{endpoint_of(session_.options())};
    // What stops the last transaction's ROLLBACK does not stop what was sent behind it.
    const bool is_undone = !on.owes_rollback() || run(stream_, drain_dialogue{on, true}, by);
    const bool is_told = is_undone && run(aside, cancel_request{on.facts, session_.options()}, by);
    aside.close();
    if (is_told) {
      if (auto done = run(stream_, drain_dialogue{on}, by)) {
        if (said != nullptr) said->emplace(*std::move(done));
        return;
      }
    }
  } catch (...) {  // out of memory, which may be why the dialogue was broken off
  }
  close();
}

}  // namespace postgres
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
