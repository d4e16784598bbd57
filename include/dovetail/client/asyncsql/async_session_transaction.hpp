// An awaited transaction of a session: what the body of `run_transaction` gets, and what `scope()` gives.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/client/async_perform.hpp>
#include <dovetail/client/async_transaction.hpp>
#include <dovetail/client/asyncsql/body_executor.hpp>
#include <dovetail/client/asyncsql/session_transaction.hpp>
#include <dovetail/client/sql_async_verbs.hpp>
#include <dovetail/driver/as_result.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::asyncsql {
namespace detail {

/// Commits or rolls back, within the session's limits; streams end with the transaction. On a lost connection there is
/// nothing to undo: a rollback succeeds.
template <class Context, class Transaction>
asio::awaitable<result<void>> end_transaction(Context& context, Transaction& tx, bool commits,
                                              std::source_location where) {
  tx.limit(deadline::after(commits ? context.how.timeout : context.how.transaction.close_limit));
  tx.state()->end_guests(0);
  if (!commits) {
    context.metrics->saw_transaction(false);
    if (tx.has_lost_connection()) co_return result<void>{};  // the database has undone it
    co_return co_await tx.perform(sql_rollback{}, where);
  }
  result<void> done = co_await tx.perform(sql_commit{}, where);
  context.metrics->saw_transaction(static_cast<bool>(done));
  co_return done;
}

/// The same as the program has asked for it: a rollback that finds its connection lost succeeds too, and one that fails
/// does not hide the failure that it was to undo.
template <class Context, class Transaction>
asio::awaitable<result<void>> end_as_asked(Context& context, Transaction& tx, bool commits,
                                           std::source_location where) {
  const error_info first = tx.state()->failure();
  result<void> done = co_await end_transaction(context, tx, commits, where);
  if (!commits) done = dovetail::detail::settle_rollback(std::move(done), tx.has_lost_connection(), first);
  co_return done;
}

/// Undoes what was done since a savepoint, within the session's `close_limit` whatever other limits there are. Where
/// that fails nothing of the transaction may be kept, and `why`, if it is a failure, is told.
template <class Context, class Transaction>
asio::awaitable<void> undo_savepoint(Context& context, Transaction& tx, std::string_view name, error_info& why,
                                     std::source_location where) {
  if (tx.is_aborted()) co_return;
  if (tx.has_lost_connection()) co_return tx.state()->spoil();  // nothing of it is there any more
  tx.limit(deadline::after(context.how.transaction.close_limit));
  sql_script back = undo_script(name);
  result<void> undone = co_await tx.perform(std::move(back), where);
  if (undone) co_return;
  tx.state()->spoil();
  undone = dovetail::detail::settle_rollback(std::move(undone), tx.has_lost_connection(), {});
  if (!undone && why) why.with_suppressed(undone.error());
}

/// Performs one operation on a connection of the pool, within the client's timeout too.
template <class Core, operation Op>
asio::awaitable<result<typename Op::value_type>> perform_watched(std::shared_ptr<Core> core,
                                                                 asio::any_io_executor executor, call how, Op op) {
  return async_initiate_result<typename Op::value_type>(
      [core = std::move(core), executor = std::move(executor), how](auto handler, Op asked) mutable {
        call now = call::within(core->timeout(), how.where);
        now.by = earlier(now.by, how.by);
        now.watch = how.watch;
        dovetail::detail::async_perform<Core, Op, decltype(handler)>::begin(std::move(core), std::move(executor), now,
                                                                            std::move(asked), std::move(handler));
      },
      as_result, std::move(op));
}

/// Lends a connection on which a transaction has begun, unless the circuit breaker forbids it. `whole`: of a call that
/// goes on in the transaction, which tells how it ended; null: to have begun is all.
template <class Context, class Core>
asio::awaitable<result<typename Core::lease>> begin_passed(const Context& context, std::shared_ptr<Core> core,
                                                           asio::any_io_executor executor, call how,
                                                           begin_mode isolation, circuit_pass* whole = nullptr) {
  circuit_pass own = context.pass();
  circuit_pass& pass = whole == nullptr ? own : *whole;
  if (error_info refused = pass.ask(how.where, core->watcher())) co_return refused;
  circuit_watch watch{pass, *context.metrics, context.how.timeout, how, core->watcher()};
  sql_begin begin{isolation, 0};
  auto lent = co_await dovetail::detail::async_begin(core, executor, watch.how(), std::move(begin));
  if (!lent || whole == nullptr) watch.ended(lent);
  co_return lent;
}

/// Opens a stream in the style of `token` once the guard has agreed, on the connection of `inside` if there is one.
template <class Row, class Context, class Core, class Request, class Token>
asio::awaitable<result<async_sql_stream<Row, Core, Token>>> open_session_stream(
    Context& context, dialect speaks, std::shared_ptr<Core> core,
    std::shared_ptr<dovetail::detail::async_transaction_state<Core>> inside, asio::any_io_executor executor,
    clock::duration budget, deadline by, Request asked, Token token, attempt_watcher* watch) {
  using stream_type = async_sql_stream<Row, Core, Token>;
  const statement_view sql = asked.sql.view();
  const guard_context about = context.about(speaks, "stream", sql.where);
  typename Context::mask_type hidden;
  if (error_info refused = context.template refuse_stream<Row>(sql, about, hidden)) co_return refused;
  if (asked.hints == nullptr) asked.hints = context.how.parameter_types.hints();
  const clock::time_point since = clock::now();
  error_info failure;
  stream_type opened;
  if constexpr (std::is_same_v<Token, as_result_t>) {
    auto answer = co_await dovetail::detail::open_async_stream<Row>(
        std::move(core), std::move(inside), std::move(executor), budget, by, sql.where, std::move(asked), token, watch);
    if (answer) {
      opened = *std::move(answer);
    } else {
      failure = std::move(answer).error();
    }
  } else {
    static_assert(dovetail::detail::is_use_awaitable<Token>::value,
                  "dovetail: the streams of an awaited session are awaited, with dt::as_result or without");
    try {
      opened =
          co_await dovetail::detail::open_async_stream<Row>(std::move(core), std::move(inside), std::move(executor),
                                                            budget, by, sql.where, std::move(asked), token, watch);
    } catch (const error& failed) {
      failure = failed.info();
    }
  }
  context.saw_stream(sql, about, failure.code(), clock::now() - since);
  if (failure) co_return failure;
  hidden.watch(opened);
  co_return opened;
}

}  // namespace detail

/// What the body of an asynchronous `run_transaction` gets: the verbs behind the session's guard, and savepoints.
/// One operation at a time.
template <class Core, statement_guard Guard>
class async_session_transaction : public Core::connection_type::template verbs<async_session_transaction<Core, Guard>> {
  using base = typename Core::connection_type::template verbs<async_session_transaction<Core, Guard>>;
  using context_type = detail::session_context<Guard>;

 public:
  using guard_type = Guard;
  using place = std::source_location;

  /// Used by sessions. `by`: when it must be over; never: each statement has the session's timeout.
  async_session_transaction(context_type& context, async_transaction<Core>& on, deadline by) noexcept
      : context_(&context), on_(&on), by_(by) {}

  asio::any_io_executor get_executor() const noexcept { return on_->get_executor(); }
  int nesting() const noexcept { return depth_ + 1; }

  asio::awaitable<void> savepoint(std::string_view name, place where = place::current()) {
    return mark(detail::savepoint_text("savepoint ", name), where);
  }
  asio::awaitable<void> rollback_to(std::string_view name, place where = place::current()) {
    return mark(detail::savepoint_text("rollback to savepoint ", name), where);
  }
  asio::awaitable<void> release(std::string_view name, place where = place::current()) {
    return mark(detail::savepoint_text("release savepoint ", name), where);
  }

  /// Awaits `body(*this)` between a savepoint and its release; when the body throws, gives a failed `result`, or the
  /// release fails, what it did is undone, within `close_limit` whatever other limits there are, and the failure is
  /// thrown. Where that fails too the transaction cannot be committed any more (errc::transaction_aborted). (what the
  /// body gives; of a `result` its value)
  template <class Fn>
  auto transaction(Fn body, place where = place::current()) {
    using value_type = dovetail::detail::awaited_body_value<Fn, async_session_transaction>;
    return dovetail::detail::value_of<value_type>(nest<value_type>(std::move(body), where));
  }

  /// The rows some at a time, those that this transaction has written included. (async_sql_stream)
  template <class Row, class... Args>
  auto stream(dovetail::detail::statement_of<async_session_transaction, base::speaks, Row, Args...> sql,
              const Args&... args) {
    using stream_type = async_sql_stream<Row, Core, asio::use_awaitable_t<>>;
    return dovetail::detail::value_of<stream_type>(detail::open_session_stream<Row>(
        *context_, base::speaks, on_->core(), on_->state(), get_executor(), context_->how.timeout, by_,
        base::template ask<Row>(sql, args...), asio::use_awaitable_t<>{}, nullptr));
  }

  /// For verbs.
  template <operation Op>
  asio::awaitable<typename Op::value_type> run(Op op, place where) {
    return dovetail::detail::value_of<typename Op::value_type>(perform(std::move(op), where));
  }
  template <operation Op>
  asio::awaitable<result<typename Op::value_type>> perform(Op op, place where) {
    if (error_info wrong = context_->hint(op)) co_return wrong.with_location(where);
    const guard_context about = context_->about(base::speaks, Op::name, where);
    typename context_type::mask_type hidden;
    if (error_info refused = context_->refuse(op, about, hidden)) co_return refused;
    const clock::time_point since = clock::now();
    auto answer = co_await perform_inside(Op(op), where);
    if (!answer) detail::explain_type(answer.error());
    context_->saw(op, about, answer, clock::now() - since);
    hidden.template hide<Op>(answer);
    co_return answer;
  }
  /// What the session has let through already.
  template <operation Op>
  auto perform_inside(Op op, place where) {
    on_->limit(earlier(deadline::after(context_->how.timeout), by_));
    return on_->perform(std::move(op), where);
  }
  /// The same as `transaction`, without exceptions of ours. `T`: what the body gives. `session`: of which this is the
  /// manual transaction, if the body is the session's own.
  template <class T, class Fn>
  asio::awaitable<result<T>> nest(Fn body, place where, const void* session = nullptr) {
    const auto state = on_->state();
    const int depth = state->depth() + 1;
    const std::string name = detail::nested_name(depth);
    if (auto begun = co_await nested_call(detail::mark_action::set, name, where); !begun)
      co_return std::move(begun).error();
    state->set_depth(depth);
    ++depth_;
    dovetail::detail::body_outcome<T> outcome;
    if (session == nullptr) {
      outcome = co_await dovetail::detail::await_body<T>(*this, body);
    } else {
      outcome = co_await detail::await_marked<T>(session, *this, body);
    }
    --depth_;
    state->set_depth(depth - 1);
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);  // the end of the savepoint happens
    state->end_guests(depth);                             // and that of the body's streams
    if (!outcome.failure && !outcome.thrown) {
      if (auto done = co_await nested_call(detail::mark_action::forget, name, where); !done) {
        outcome.failure = std::move(done).error();
      }
    }
    if (outcome.failure || outcome.thrown)
      co_await detail::undo_savepoint(*context_, *on_, name, outcome.failure, where);
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (outcome.thrown) std::rethrow_exception(outcome.thrown);
    if (outcome.failure) co_return std::move(outcome.failure.with_location(where));
    if constexpr (std::is_void_v<T>) {
      co_return result<void>{};
    } else {
      co_return *std::move(outcome.value);
    }
  }

 private:
  asio::awaitable<result<void>> nested_call(detail::mark_action action, std::string_view name, place where) {
    sql_script op = detail::nested_script(action, name);
    return perform_inside(std::move(op), where);
  }
  asio::awaitable<void> mark(result<std::string> text, place where) {
    if (!text) {
      text.error().with_location(where);
      dovetail::detail::throw_error(text.error());
    }
    sql_script op{*std::move(text)};
    const result<void> done = co_await perform_inside(std::move(op), where);
    done.value();
  }

  context_type* context_;
  async_transaction<Core>* on_;
  deadline by_;
  int depth_ = 0;
};

/// An open transaction as an object: `auto tx = co_await db.scope(); … co_await tx.commit();`. One that goes without a
/// `commit()` is rolled back with its connection. Lifetime: must outlive what is awaited of it, and not its session.
template <class Core, statement_guard Guard>
class async_session_scope : public async_session_transaction<Core, Guard> {
  using base = async_session_transaction<Core, Guard>;
  using context_type = detail::session_context<Guard>;

 public:
  using typename base::place;

  /// Used by sessions.
  async_session_scope(std::shared_ptr<context_type> context, std::unique_ptr<async_transaction<Core>> on, deadline by)
      : base(*context, *on, by), context_(std::move(context)), own_(std::move(on)) {}
  async_session_scope(async_session_scope&&) noexcept = default;
  async_session_scope& operator=(async_session_scope&&) = delete;
  ~async_session_scope() {
    if (is_open()) context_->metrics->saw_transaction(false);
  }

  bool is_open() const noexcept { return own_ != nullptr && own_->is_open(); }

  /// Ends the transaction; the object is of no use afterwards, whatever comes of it.
  /// Errors: errc::transaction_closed the second time; errc::transaction_aborted when the database had rolled it back
  /// already; errc::commit_unknown when the answer was lost.
  asio::awaitable<void> commit(place where = place::current()) {
    return dovetail::detail::value_of<void>(end(true, where));
  }
  asio::awaitable<void> rollback(place where = place::current()) {
    return dovetail::detail::value_of<void>(end(false, where));
  }

 private:
  asio::awaitable<result<void>> end(bool commits, place where) {
    if (!is_open()) {
      co_return detail::misuse(commits ? "No active transaction to commit" : "No active transaction to rollback", where,
                               errc::transaction_closed);
    }
    result<void> done = co_await detail::end_as_asked(*context_, *own_, commits, where);
    own_->release();
    co_return done;
  }

  std::shared_ptr<context_type> context_;
  std::unique_ptr<async_transaction<Core>> own_;
};

}  // namespace dovetail::inline v0::asyncsql
