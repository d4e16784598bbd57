// Performing an operation on a blocking database, whatever its style is: exceptions or `dt::result`.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/error.hpp>
#include <dovetail/client/sql_operations.hpp>

#include <concepts>
#include <source_location>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

/// A transaction, or a session that may have one open.
template <class Db>
concept may_be_in_transaction = requires(Db& db) {
  db.nesting();
}
|| requires(Db& db) {
  { db.is_in_transaction() } -> std::convertible_to<bool>;
};

/// True where a pause would hold a transaction open, and a failure could end one.
template <class Db>
bool in_transaction(Db& db) {
  if constexpr (requires { db.nesting(); }) {
    return true;
  } else if constexpr (may_be_in_transaction<Db>) {
    return db.is_in_transaction();
  } else {
    return false;
  }
}

/// By when a call on `db` must be over; never, where nobody has said so.
template <class Db>
deadline limit_of(const Db& db) {
  if constexpr (requires { db.limit(); }) {
    return db.limit();
  } else {
    return deadline::never();
  }
}

template <class Db, class Op>
result<typename Op::value_type> run_blocking(Db& db, Op op, std::source_location where) {
  using answer = std::remove_cvref_t<decltype(db.run(std::move(op), where))>;
  if constexpr (std::same_as<answer, result<typename Op::value_type>>) {
    return db.run(std::move(op), where);
  } else {
    try {
      return db.run(std::move(op), where);
    } catch (const error& failed) {
      return failed.info();
    }
  }
}

/// True for a database whose verbs give `dt::result`.
template <class Db>
inline constexpr bool gives_results = requires(Db& db, sql_script op) {
  { db.run(std::move(op), std::source_location{}) } -> std::same_as<result<void>>;
};

/// An answer in the style of the database.
template <class Db, class T>
std::conditional_t<gives_results<Db>, result<T>, T> deliver_as(result<T> answer) {
  if constexpr (gives_results<Db>) {
    return answer;
  } else {
    return std::move(answer).value();
  }
}

}  // namespace dovetail::inline v0::detail
