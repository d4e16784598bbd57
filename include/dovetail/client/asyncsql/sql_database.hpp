// What code that works on every SQL backend takes: a client, a view, a transaction or a session.
#pragma once

#include <dovetail/sql/dialect.hpp>

#include <concepts>
#include <type_traits>

namespace dovetail::inline v0::asyncsql {

/// An object with the verbs of SQL: see `sql_verbs`.
template <class Db>
concept sql_database = requires(Db& db) {
  // If the compiler points here: it has no verbs of SQL; give a SQL client, a transaction or a session.
  { std::remove_cvref_t<Db>::speaks } -> std::convertible_to<dialect>;
  db.script("");
};

/// True when the verbs give awaitables.
template <class Db>
inline constexpr bool is_async = requires(Db& db) {
  db.get_executor();
};

template <class Db>
concept blocking_database = sql_database<Db> && !is_async<Db>;
template <class Db>
concept async_database = sql_database<Db> && is_async<Db>;

}  // namespace dovetail::inline v0::asyncsql
