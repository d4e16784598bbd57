// The verbs of blocking SQL clients that hold a connection: streams, and transactions that are repeated as a whole.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/client/sql_stream.hpp>
#include <dovetail/client/sql_verbs.hpp>
#include <dovetail/client/transaction.hpp>
#include <dovetail/policy/pause.hpp>
#include <dovetail/policy/retry.hpp>

#include <cstddef>
#include <optional>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace detail {

template <class Self>
using core_of = std::remove_cvref_t<decltype(std::declval<Self&>().core())>;

/// True for the verbs of a transaction: they run on its connection.
template <class Self>
concept inside_transaction = requires(Self& self, const call& how) {
  self.hold(how);
};

/// True where what is opened must not outlive `Self`, which has the connections.
template <class Self>
concept owns_connections = Self::owns_connections;

/// What is opened here ends here.
template <class Self>
concept has_guests = requires(Self& self) {
  self.guests();
};

/// How many savepoints deep, of those that have no scope of their own.
template <has_guests Self>
int guest_depth(Self& self) {
  if constexpr (requires { self.guest_depth(); }) {
    return self.guest_depth();
  } else {
    return 0;
  }
}

/// A stream that was opened on the connection of a transaction ends with it. `of_transaction`: it was opened there.
template <class Self, class Stream>
void join_guests(Self& self, Stream& opened, [[maybe_unused]] bool of_transaction) {
  if constexpr (has_guests<Self>) {
    opened.join(self.guests(), guest_depth(self));
  } else if constexpr (requires { self.adopt(opened); }) {
    if (of_transaction) self.adopt(opened);  // of a session that may have a transaction open
  }
}

template <class Self>
result<held_connection<core_of<Self>>> hold_connection(Self& self, const call& how) {
  if constexpr (inside_transaction<Self>) {
    return self.hold(how);
  } else {
    auto lent = self.core().acquire(how);
    if (!lent) return std::move(lent).error();
    return held_connection<core_of<Self>>{*std::move(lent)};
  }
}

/// Begins something on a connection that stays lent afterwards: `begin(connection, attempt)` gives a `result`. After a
/// failure it is tried again, on whatever connection the pool lends, as the retry policy says; but not inside of a
/// transaction, whose connection is the only one.
template <class Self, class Begin>
auto begin_held(Self& self, held_connection<core_of<Self>>& held, std::string_view name, bool is_idempotent,
                const call& how, Begin begin) -> decltype(begin(*held, 1)) {
  for (int attempt = 1;; ++attempt) {
    auto begun = begin(*held, attempt);
    if constexpr (inside_transaction<Self>) {
      return begun;
    } else {
      if (begun) return begun;
      error_info why = std::move(begun).error();
      const std::size_t sent = (*held).last_traffic().sent;
      clock::duration at_least{};
      if constexpr (requires { (*held).asked_pause(); }) at_least = (*held).asked_pause();
      held.release();  // before the pause
      const verdict next = self.core().judge(why, name, attempt, is_idempotent, sent, how, at_least);
      if (!next.repeat) return why;
      pause_for(next.delay);
      auto again = hold_connection(self, how);
      if (!again) return std::move(again).error();
      held = *std::move(again);
    }
  }
}

template <bool ReturnsResult, class Self>
result<transaction_scope<core_of<Self>, ReturnsResult>> begin_transaction(Self& self, begin_mode mode, const call& how,
                                                                          deadline by) {
  auto held = hold_connection(self, how);
  if (!held) return std::move(held).error();
  if constexpr (!inside_transaction<Self> && begins_later<typename core_of<Self>::connection_type>) {
    if (error_info why = (**held).begin_later(mode)) {
      self.core().judge(why, sql_begin::name, 1, true, 0, how, {}, true);
      return why;
    }
    return transaction_scope<core_of<Self>, ReturnsResult>{self.core(), *std::move(held), by, 0, mode};
  }
  int depth = 0;
  if constexpr (inside_transaction<Self>) depth = self.nesting();
  sql_begin begin{mode, depth};
  // A pooled connection may have been closed by the server meanwhile.
  result<void> has_begun = begin_held(self, *held, sql_begin::name, true, how, [&](auto& on, int attempt) {
    if constexpr (inside_transaction<Self>) {
      return self.perform(begin, how);
    } else {
      return self.core().perform_on(on, begin, how, attempt);
    }
  });
  if (!has_begun) return std::move(has_begun).error();
  result<transaction_scope<core_of<Self>, ReturnsResult>> begun{
      transaction_scope<core_of<Self>, ReturnsResult>{self.core(), *std::move(held), by, depth}};
  if constexpr (has_guests<Self>) begun->join(self.guests(), self.fate());
  return begun;
}

/// What the body of a transaction gives: `T` and `result<T>` alike give `T`.
template <class T>
struct body_value {
  using type = T;
};
template <class T>
struct body_value<result<T>> {
  using type = T;
};

/// Calls the body, and puts what it gives, or its failure, into `value`.
template <class Fn, class Transaction, class Value>
error_info call_body(Fn& body, Transaction& tx, std::optional<Value>& value) {
  using returned = std::invoke_result_t<Fn&, Transaction&>;
  if constexpr (std::is_void_v<returned>) {
    body(tx);
  } else if constexpr (is_result<returned>) {
    returned answer = body(tx);
    if (!answer) return std::move(answer).error();
    if constexpr (!std::is_void_v<typename returned::value_type>) value.emplace(*std::move(answer));
  } else {
    value.emplace(body(tx));
  }
  return {};
}

/// Conflicts with other transactions: the database has executed nothing of it, or undone it.
inline bool is_conflict(const error_info& failure) noexcept {
  return failure.kind() == condition::serialization || failure.kind() == condition::busy;
}

}  // namespace detail

/// `sql_verbs`, and those verbs that hold a connection. Base class of blocking clients, their views and transactions.
template <class Self, dialect D>
class sql_blocking_verbs : public sql_verbs<Self, D, argument_storage::borrowed> {
  using base = sql_verbs<Self, D, argument_storage::borrowed>;

 public:
  using typename base::place;

  /// The rows one at a time, with bounded memory: see `sql_stream`. In a pooled client another connection than that of
  /// the verbs called meanwhile. Until it is opened, with its first rows where the database sends them, it is retried
  /// as a query is. (sql_stream)
  template <class Row, class... Args>
  auto stream(detail::statement_of<Self, D, Row, Args...> sql, const Args&... args) & {
    using stream_type = sql_stream<Row, detail::core_of<Self>>;
    return this->self().deliver([&]() -> result<stream_type> {
      Self& self = this->self();
      const call how = self.start_call(sql.view().where);
      auto held = detail::hold_connection(self, how);
      if (!held) return std::move(held).error();
      auto request = base::template ask<Row>(sql, args...);
      if constexpr (requires { self.hints(); }) request.hints = self.hints();
      auto state = detail::begin_held(self, *held, "stream", request.is_read_only(), how,
                                      [&](auto& on, int) { return on.template open_stream<Row>(request, how.by); });
      if (!state) return std::move(state).error().with_location(how.where);
      const bool of_transaction = held->is_borrowed();
      result<stream_type> opened{
          stream_type{*std::move(held), *std::move(state), self.core().timeout(), self.limit(), how.where}};
      detail::join_guests(self, *opened, of_transaction);
      return opened;
    }());
  }
  template <class Row, class... Args>
  auto stream(detail::statement_of<Self, D, Row, Args...> sql, const Args&... args) && {
    static_assert(!detail::owns_connections<Self>,
                  "dovetail: a stream must not outlive its client: give the temporary client a name");
    return this->template stream<Row>(sql, args...);
  }

  /// Begins a transaction, inside of one a savepoint; it is rolled back unless `commit()` is called. (transaction)
  auto begin(begin_mode mode = begin_mode::automatic, place where = place::current()) & {
    Self& self = this->self();
    const call how = self.start_call(where);
    auto begun = detail::begin_transaction<returns_result()>(self, mode, how, self.limit());
    if (!begun) begun.error().with_location(where);
    return self.deliver(std::move(begun));
  }
  auto begin(begin_mode mode = begin_mode::automatic, place where = place::current()) && {
    static_assert(!detail::owns_connections<Self>,
                  "dovetail: a transaction must not outlive its client: give the temporary client a name");
    return this->begin(mode, where);
  }

  /// Calls `body(tx)` in a transaction, and commits; rolls back when the body throws or returns a failed `result`.
  /// Inside of a transaction: a savepoint. After a conflict with another transaction (condition::serialization, busy)
  /// it begins again as the retry policy says, so that the body may be called more than once; but not when the body has
  /// committed something, by `commit()` or in a script. The client's time limit holds for all of it. (what the body
  /// returns)
  template <class Fn>
  auto transaction(begin_mode mode, Fn&& body, place where = place::current()) {
    return run_transaction(mode, body, where);
  }
  template <class Fn>
    requires(!std::is_same_v<std::remove_cvref_t<Fn>, begin_mode>)
  auto transaction(Fn&& body, place where = place::current()) {
    return run_transaction(begin_mode::automatic, body, where);
  }

 private:
  static constexpr bool returns_result() {
    return detail::is_result<decltype(std::declval<Self&>().deliver(std::declval<result<int>>()))>;
  }

  template <class Fn>
  auto run_transaction(begin_mode mode, Fn& body, place where) {
    using tx_type = v0::transaction_scope<detail::core_of<Self>, returns_result()>;
    using value_type = typename detail::body_value<std::invoke_result_t<Fn&, tx_type&>>::type;
    using stored = std::conditional_t<std::is_void_v<value_type>, char, value_type>;
    std::optional<stored> value;
    error_info failure = repeat_transaction<tx_type>(mode, body, value, this->self().start_call(where));
    if constexpr (std::is_void_v<value_type>) {
      return this->self().deliver(failure ? result<void>{std::move(failure)} : result<void>{});
    } else {
      return this->self().deliver(failure ? result<value_type>{std::move(failure)}
                                          : result<value_type>{*std::move(value)});
    }
  }

  template <class Transaction, class Fn, class Stored>
  error_info repeat_transaction(begin_mode mode, Fn& body, std::optional<Stored>& value, const call& how) {
    Self& self = this->self();
    for (int attempt = 1;; ++attempt) {
      bool is_final = false;
      error_info failure = try_transaction<Transaction>(mode, body, value, how, is_final);
      if (!failure) return failure;
      failure.with_location(how.where);
      if constexpr (detail::inside_transaction<Self>) {
        return failure;
      } else {
        if (is_final || !detail::is_conflict(failure)) return failure;
        const verdict next = self.core().judge(failure, "transaction", attempt, false, 0, how);
        if (!next.repeat) return failure;
        detail::pause_for(next.delay);
      }
    }
  }

  /// `is_final`: its failure is not to be repeated here.
  template <class Transaction, class Fn, class Stored>
  error_info try_transaction(begin_mode mode, Fn& body, std::optional<Stored>& value, const call& how, bool& is_final) {
    auto begun = detail::begin_transaction<returns_result()>(this->self(), mode, how, how.by);
    is_final = !begun;  // beginning was repeated already
    if (!begun) return std::move(begun).error();
    Transaction& tx = *begun;
    error_info failure;
    try {
      failure = detail::call_body(body, tx, value);
    } catch (const error& thrown) {  // what else is thrown passes through, and rolls back on its way
      failure = thrown.info();
    }
    is_final = tx.may_be_kept();  // begun again, it would do something twice
    if (failure) tx.abandon(&failure);
    if (failure || !tx.is_open()) return failure;  // or the body has ended it
    result<void> done = tx.finish(how.where);
    return done ? error_info{} : std::move(done).error();
  }
};

}  // namespace dovetail::inline v0
