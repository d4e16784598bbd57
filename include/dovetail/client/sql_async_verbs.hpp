// The verbs of asynchronous SQL clients: `sql_verbs` with owned arguments, and transactions.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/client/async_hold.hpp>
#include <dovetail/client/async_sql_stream.hpp>
#include <dovetail/client/async_transaction.hpp>
#include <dovetail/client/sql_blocking_verbs.hpp>
#include <dovetail/client/sql_verbs.hpp>
#include <dovetail/driver/await_pause.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace detail {

template <class T>
struct awaited;
template <class T, class Executor>
struct awaited<asio::awaitable<T, Executor>> {
  using type = T;
};

/// What a body's awaitable gives; of a `result` its value.
template <class Fn, class Transaction>
using awaited_body_value = typename body_value<typename awaited<std::invoke_result_t<Fn&, Transaction&>>::type>::type;

/// What came of one run of a body: its value, the library's failure, or somebody else's exception.
template <class T>
struct body_outcome {
  std::optional<std::conditional_t<std::is_void_v<T>, char, T>> value{};
  error_info failure{};
  std::exception_ptr thrown{};
};

template <class T, class Transaction, class Fn>
asio::awaitable<body_outcome<T>> await_body(Transaction& tx, Fn& body) {
  body_outcome<T> outcome;
  using returned = typename awaited<std::invoke_result_t<Fn&, Transaction&>>::type;
  try {
    if constexpr (is_result<returned>) {
      returned answer = co_await body(tx);
      if (!answer) {
        outcome.failure = std::move(answer).error();
      } else if constexpr (!std::is_void_v<T>) {
        outcome.value.emplace(*std::move(answer));
      }
    } else if constexpr (std::is_void_v<T>) {
      co_await body(tx);
    } else {
      outcome.value.emplace(co_await body(tx));
    }
  } catch (const error& failed) {
    outcome.failure = failed.info();
  } catch (...) {
    outcome.thrown = std::current_exception();
  }
  co_return outcome;
}

template <class Core>
asio::awaitable<result<typename Core::lease>> async_begin(std::shared_ptr<Core> core, asio::any_io_executor executor,
                                                          call how, sql_begin begin) {
  return async_initiate_result<typename Core::lease>(
      [core = std::move(core), executor = std::move(executor), how](auto handler, sql_begin op) mutable {
        async_hold<Core, sql_begin, decltype(handler)>::begin(std::move(core), std::move(executor), how, op,
                                                              std::move(handler));
      },
      as_result, begin);
}

/// Runs a body in a transaction; see `sql_async_verbs::transaction`. `T` is what the body gives.
template <class T, class Core, class Fn>
asio::awaitable<result<T>> await_transaction(std::shared_ptr<Core> core, asio::any_io_executor executor,
                                             begin_mode mode, Fn body, call how) {
  const bool throws = co_await asio::this_coro::throw_if_cancelled();  // as the caller has it
  for (int attempt = 1;; ++attempt) {
    auto lent = co_await async_begin(core, executor, how, sql_begin{mode, 0, true});
    if (!lent) co_return std::move(lent).error();
    body_outcome<T> outcome;
    bool may_be_kept = false;  // begun again, it would do something twice
    {
      async_transaction<Core> tx{core, *std::move(lent), executor, how.by, mode};
      outcome = co_await await_body<T>(tx, body);
      // Whatever was cancelled: the end of the transaction happens.
      co_await asio::this_coro::throw_if_cancelled(false);
      tx.state()->end_guests(0);
      if (!outcome.failure && !outcome.thrown) {
        if (tx.is_busy()) {
          outcome.failure = error_info{errc::invalid_state,
                                       "an operation of the transaction had not ended when its body "
                                       "returned; nothing was committed"};
        } else if (tx.is_aborted()) {
          outcome.failure = error_info{errc::transaction_aborted, "nothing was committed"};
        } else if (auto done = co_await tx.perform(sql_commit{}, how.where); !done) {
          outcome.failure = std::move(done).error();
        }
      }
      may_be_kept = tx.may_be_kept();
      if (!tx.is_busy() && !tx.is_aborted()) {
        const sql_rollback undo{0, false};
        const result<void> undone = co_await tx.perform(undo, how.where);
        if (!undone && outcome.failure) outcome.failure.with_suppressed(undone.error());
      }
      co_await asio::this_coro::throw_if_cancelled(throws);
    }
    if (outcome.thrown) std::rethrow_exception(outcome.thrown);
    if (!outcome.failure) {
      if constexpr (std::is_void_v<T>) {
        co_return result<void>{};
      } else {
        co_return *std::move(outcome.value);
      }
    }
    outcome.failure.with_location(how.where);
    if (may_be_kept || !is_conflict(outcome.failure)) co_return outcome.failure;
    const verdict next = core->judge(outcome.failure, "transaction", attempt, false, 0, how);
    if (!next.repeat) co_return outcome.failure;
    co_await asio::this_coro::throw_if_cancelled(false);  // the pause says it itself
    error_info ended = co_await await_pause<Core>(executor, next.delay, throws, how.where);
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (ended) co_return ended;
  }
}

/// A savepoint in an open transaction.
template <class T, class Core, class Fn>
asio::awaitable<result<T>> await_savepoint(std::shared_ptr<async_transaction_state<Core>> outer, Fn body,
                                           clock::duration budget, deadline by, std::source_location where) {
  const int depth = outer->depth() + 1;
  const auto perform = [&](auto op) { return run_in_transaction(outer, op, budget, by, where, as_result); };
  const auto undo = [&] {  // has to happen even when the time is over: with a limit of its own
    const clock::duration limit = outer->core()->timeout();
    return run_in_transaction(outer, sql_rollback{depth}, limit, deadline::never(), where, as_result);
  };
  if (auto begun = co_await perform(sql_begin{begin_mode::automatic, depth}); !begun)
    co_return std::move(begun).error();
  outer->set_depth(depth);
  async_transaction<Core> tx{outer};
  body_outcome<T> outcome = co_await await_body<T>(tx, body);
  outer->set_depth(depth - 1);
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  outer->end_guests(depth);
  if (!outcome.failure && !outcome.thrown) {
    if (auto done = co_await perform(sql_commit{depth}); !done) outcome.failure = std::move(done).error();
  }
  if ((outcome.failure || outcome.thrown) && !outer->is_aborted()) {
    result<void> undone;
    if (outer->has_lost_connection()) {  // nothing of it is there any more
      outer->spoil();
    } else if (undone = co_await undo(); !undone) {
      outer->spoil();
      undone = settle_rollback(std::move(undone), outer->has_lost_connection(), {});
    }
    if (!undone && outcome.failure) outcome.failure.with_suppressed(undone.error());
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (outcome.thrown) std::rethrow_exception(outcome.thrown);
  if (outcome.failure) co_return outcome.failure;
  if constexpr (std::is_void_v<T>) {
    co_return result<void>{};
  } else {
    co_return *std::move(outcome.value);
  }
}

template <class T>
asio::awaitable<T> value_of(asio::awaitable<result<T>> inner) {
  result<T> outcome = co_await std::move(inner);
  co_return std::move(outcome).value();
}

template <class Self>
concept inside_async_transaction = requires(Self& self) {
  self.state()->end_guests(0);
};

}  // namespace detail

/// `sql_verbs` that own their arguments, and transactions. Base class of asynchronous clients, views, transactions.
template <class Self, dialect D>
class sql_async_verbs : public sql_verbs<Self, D, argument_storage::owned> {
  using base = sql_verbs<Self, D, argument_storage::owned>;

 public:
  using typename base::place;

  /// `co_await db.transaction([](auto& tx) -> asio::awaitable<void> { co_await tx.execute("…"); })`: commits when the
  /// body returns, rolls back when it throws or gives a failed `result`; inside of a transaction a savepoint. After a
  /// conflict with another transaction it begins again as the retry policy says, so that the body may be called more
  /// than once; but not when a script of the body's has committed something. Completion: an awaitable, with
  /// `dt::as_result` one of `dt::result`, with other tokens as `asio::co_spawn`.
  template <class Fn>
  auto transaction(begin_mode mode, Fn body, place where = place::current()) {
    Self& self = this->self();
    using core_type = std::remove_cvref_t<decltype(*self.core())>;
    using value_type = detail::awaited_body_value<Fn, async_transaction<core_type>>;
    if constexpr (detail::inside_async_transaction<Self>) {
      return deliver<value_type>(
          detail::await_savepoint<value_type>(self.state(), std::move(body), self.budget(), self.limit(), where));
    } else {
      return deliver<value_type>(detail::await_transaction<value_type>(self.core(), self.get_executor(), mode,
                                                                       std::move(body), self.start_call(where)));
    }
  }
  template <class Fn>
    requires(!std::is_same_v<Fn, begin_mode>)
  auto transaction(Fn body, place where = place::current()) {
    return transaction(begin_mode::automatic, std::move(body), where);
  }

  /// The rows some at a time, with bounded memory: see `async_sql_stream`. In a pooled client another connection than
  /// those of the verbs called meanwhile. (async_sql_stream)
  template <class Row, class... Args>
  auto stream(statement_for<D, Row, Args...> sql, const Args&... args) {
    Self& self = this->self();
    using core_type = std::remove_cvref_t<decltype(*self.core())>;
    std::shared_ptr<detail::async_transaction_state<core_type>> inside;
    if constexpr (detail::inside_async_transaction<Self>) inside = self.state();
    return detail::open_async_stream<Row>(self.core(), std::move(inside), self.get_executor(), self.budget(),
                                          self.limit(), sql.view().where, base::template ask<Row>(sql, args...),
                                          self.token());
  }

 private:
  template <class T>
  auto deliver(asio::awaitable<result<T>> running) {
    Self& self = this->self();
    using token_type = std::remove_cvref_t<decltype(self.token())>;
    if constexpr (std::is_same_v<token_type, as_result_t>) {
      return running;
    } else if constexpr (detail::is_use_awaitable<token_type>::value) {
      return detail::value_of<T>(std::move(running));
    } else {
      auto token = self.token();
      return asio::co_spawn(self.get_executor(), detail::value_of<T>(std::move(running)), std::move(token));
    }
  }
};

}  // namespace dovetail::inline v0
