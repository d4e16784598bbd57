// What an awaited session is made of: its state, the turns in its manual transaction, the repetition of its others.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/async_transaction.hpp>
#include <dovetail/client/asyncsql/async_session_transaction.hpp>
#include <dovetail/client/asyncsql/async_turns.hpp>
#include <dovetail/client/asyncsql/body_executor.hpp>
#include <dovetail/client/asyncsql/statement_runner.hpp>
#include <dovetail/client/sql_async_verbs.hpp>
#include <dovetail/driver/await_pause.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>

#include <atomic>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::asyncsql::detail {

/// What an awaited session is made of. Who has the turn of `turns` may touch `manual`.
template <class Client, class Guard>
struct async_session_state {
  using tx_type = async_transaction<typename Client::core_type>;
  using transaction_type = async_session_transaction<typename Client::core_type, Guard>;

  async_session_state(std::shared_ptr<Client> of, session_settings settings, Guard by,
                      std::shared_ptr<sql_metrics> metrics, std::shared_ptr<circuit_breaker> circuit)
      : client(std::move(of)), context{std::move(settings), std::move(by), std::move(metrics), std::move(circuit)} {
    if (!context.circuit) context.circuit = std::make_shared<circuit_breaker>();
    if (!context.metrics) {
      context.metrics = std::make_shared<sql_metrics>(context.how.name, context.how.monitor.kept_slow_queries);
    }
    context.metrics->saw_pool(pool_event::acquire);
  }
  async_session_state(const async_session_state&) = delete;
  async_session_state& operator=(const async_session_state&) = delete;
  ~async_session_state() { context.metrics->saw_pool(pool_event::release); }

  std::shared_ptr<Client> client;
  session_context<Guard> context;
  std::shared_ptr<async_turns> turns = std::make_shared<async_turns>();
  std::optional<tx_type> manual;
  std::atomic<bool> is_in_manual{false};  // whether `manual` is there, for who has no turn
  std::atomic<bool> is_closed{false};
};

/// A turn in the manual transaction; the wait is the session's lock contention. One that ends after the session was
/// closed closes the transaction's connection.
template <class State>
class async_session_turn {
 public:
  async_session_turn(std::shared_ptr<State> of, async_turns::turn taken, bool is_late = false) noexcept
      : of_(std::move(of)), taken_(std::move(taken)), is_late_(is_late) {
    if (taken_) of_->context.metrics->lock_taken();
  }
  async_session_turn(async_session_turn&&) noexcept = default;
  async_session_turn& operator=(async_session_turn&&) = delete;
  ~async_session_turn() {
    if (!taken_) return;
    if (of_->is_closed) of_->manual.reset();
    of_->is_in_manual = of_->manual.has_value();
    of_->context.metrics->lock_released();
  }
  bool is_taken() const noexcept { return static_cast<bool>(taken_); }
  explicit operator bool() const noexcept { return is_taken() && !of_->is_closed; }
  error_info refused(std::source_location where) const {
    if (of_->is_closed) return misuse("the session is closed", where, errc::transaction_closed);
    if (!is_late_) return misuse("while it waited for its turn in the transaction", where, errc::cancelled);
    return misuse("another statement in the transaction took too long", where, errc::deadline_passed);
  }

  static asio::awaitable<async_session_turn> take(std::shared_ptr<State> of, deadline by) {
    const clock::time_point since = clock::now();
    auto taken = co_await async_turns::take(of->turns, by);
    const clock::duration waited = taken.has_waited() ? clock::now() - since : clock::duration::zero();
    of->context.metrics->saw_lock(taken ? lock_status::success : lock_status::timeout, waited);
    async_session_turn given{std::move(of), std::move(taken), by.has_passed()};
    co_return std::move(given);
  }

 private:
  std::shared_ptr<State> of_;
  async_turns::turn taken_;
  bool is_late_ = false;  // nobody's turn: the time is over
};

/// Runs `body(tx)`, which gives an awaitable of a `result`, in transactions until one is committed or no more are
/// worth it. `may_fail_elsewhere`: a program's own body, whose failures need not be this server's.
template <class T, class State, class Body>
asio::awaitable<result<T>> attempt_all(std::shared_ptr<State> self, begin_mode isolation, const Body& body,
                                       std::string_view name, call how, bool may_fail_elsewhere = false) {
  const auto core = self->client->core();
  const asio::any_io_executor executor = self->client->get_executor();
  const bool throws = co_await asio::this_coro::throw_if_cancelled();  // as the caller has it
  // A statement has been answered when it is committed: that the server began a transaction is no sign of it. A body
  // may take its time, and no trial waits for it.
  circuit_pass pass = self->context.pass();
  circuit_pass* const until_it_ends = may_fail_elsewhere ? nullptr : &pass;
  for (int attempt = 1;; ++attempt) {
    failed_attempt bad;
    auto lent = co_await begin_passed(self->context, core, executor, how, isolation, until_it_ends);
    if (!lent) co_return std::move(lent).error();  // connecting and beginning were repeated already
    {
      typename State::tx_type tx{core, *std::move(lent), executor, how.by};
      result<T> answer = co_await body(tx);
      co_await asio::this_coro::throw_if_cancelled(false);  // the end of the transaction happens
      if (answer) {
        result<void> done = co_await end_transaction(self->context, tx, true, how.where);
        if (done) {
          if (until_it_ends != nullptr) pass.saw({}, circuit_evidence::up, core->watcher());
          co_await asio::this_coro::throw_if_cancelled(throws);
          co_return answer;
        }
        bad = {std::move(done).error(), sql_phase::commit, 1};
      } else {
        bad = {std::move(answer).error(), sql_phase::execute, 1};
        if (may_fail_elsewhere) {
          bad.is_evidence = tx.has_lost_connection() && bad.why.kind() != condition::timeout;
        }
        explain_mode(bad.why);
      }
      bad.may_be_kept = tx.may_be_kept();  // by a script in it: begun again, it would do everything twice
      if (!tx.is_aborted()) {
        const result<void> undone = co_await end_transaction(self->context, tx, false, how.where);
        if (!undone) bad.why.with_suppressed(undone.error());
      }
      co_await asio::this_coro::throw_if_cancelled(throws);
    }
    const clock::duration timeout = self->context.how.timeout;
    bad.is_refused_now = pass.saw(bad.why, evidence_of(bad, how, timeout), core->watcher());
    const verdict next =
        judge(bad, name, attempt, false, how, self->context.how.retry, *self->context.metrics, core->watcher());
    if (!next.repeat) co_return std::move(bad.why);
    co_await asio::this_coro::throw_if_cancelled(false);  // the pause says it itself
    error_info ended = co_await dovetail::detail::await_pause<void>(executor, next.delay, throws, how.where);
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (ended) co_return ended;
  }
}

template <class T, class State, class Fn>
asio::awaitable<result<T>> call_body(State& of, typename State::tx_type& tx, Fn& body, deadline by,
                                     std::exception_ptr& thrown) {
  typename State::transaction_type shown{of.context, tx, by};
  auto outcome = co_await await_marked<T>(&of, shown, body);
  if (outcome.thrown) {
    thrown = outcome.thrown;
    co_return errc::cancelled;  // never repeated; the exception goes on its way afterwards
  }
  if (outcome.failure) co_return std::move(outcome.failure);
  if (tx.is_aborted()) co_return error_info{errc::transaction_aborted, "nothing was committed"};
  if constexpr (std::is_void_v<T>) {
    co_return result<void>{};
  } else {
    co_return *std::move(outcome.value);
  }
}

}  // namespace dovetail::inline v0::asyncsql::detail
