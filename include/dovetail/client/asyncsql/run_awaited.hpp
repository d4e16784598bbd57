// Awaiting an operation of an asynchronous database, whatever its style is: exceptions or `dt::result`.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/client/sql_operations.hpp>

#include <asio/awaitable.hpp>

#include <concepts>
#include <source_location>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

template <class Awaitable>
struct awaited_type;
template <class T, class Executor>
struct awaited_type<asio::awaitable<T, Executor>> {
  using type = T;
};

/// What awaiting an operation of `Db` gives. If the compiler points here: this call takes databases whose verbs are
/// awaited, with `dt::as_result` or without; no other completion tokens.
template <class Db, class Op>
using awaited_answer =
    typename awaited_type<decltype(std::declval<Db&>().run(std::declval<Op>(), std::source_location{}))>::type;

template <class Db, class Op>
asio::awaitable<result<typename Op::value_type>> run_awaited(Db& db, Op op, std::source_location where) {
  if constexpr (std::same_as<awaited_answer<Db, Op>, result<typename Op::value_type>>) {
    co_return co_await db.run(std::move(op), where);
  } else {
    error_info failure;
    try {
      co_return co_await db.run(std::move(op), where);
    } catch (const error& failed) {
      failure = failed.info();
    }
    co_return failure;
  }
}

/// True for a database whose verbs give `dt::result`.
template <class Db>
inline constexpr bool awaits_results = std::same_as<awaited_answer<Db, sql_script>, result<void>>;

template <class T>
asio::awaitable<T> awaited_value(asio::awaitable<result<T>> answer) {
  result<T> came = co_await std::move(answer);
  co_return std::move(came).value();
}

/// An answer in the style of the database.
template <class Db, class T>
auto deliver_awaited(asio::awaitable<result<T>> answer) {
  if constexpr (awaits_results<Db>) {
    return answer;
  } else {
    return awaited_value<T>(std::move(answer));
  }
}

/// Runs a body that gives nothing in a transaction.
template <class Db, class Body>
asio::awaitable<error_info> transact_awaited(Db& db, const Body& body, std::source_location where) {
  error_info failure;
  if constexpr (!requires { db.transaction(body, where); }) {
    failure = error_info{errc::operation_unsupported, "this transaction has no savepoints by body"};
  } else if constexpr (std::same_as<typename awaited_type<decltype(db.transaction(body, where))>::type, void>) {
    try {
      co_await db.transaction(body, where);
    } catch (const error& failed) {
      failure = failed.info();
    }
  } else {
    result<void> ended = co_await db.transaction(body, where);
    failure = std::move(ended).error();
  }
  co_return failure;
}

}  // namespace dovetail::inline v0::detail
