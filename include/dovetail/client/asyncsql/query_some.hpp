// `dt::query_some`: the first rows of a result, up to a number of rows or bytes.
#pragma once

#include <dovetail/client/asyncsql/sql_database.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/sql_verbs.hpp>

#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {

/// Reads rows until one of the limits is reached, and ends the statement there: what is behind is not fetched.
///
///     auto first = dt::query_some<dt::row>(db, dt::row_limits{100, 1 << 20}, "select * from log where id > ?", 7);
///     first.rows …, first.has_more
///
/// `db` is any database; an asynchronous one gives what its verbs give. (limited_rows<Row>) Errors: as `query`.
template <class Row, asyncsql::sql_database Db, class... Args>
decltype(auto) query_some(
    Db&& db, row_limits limits,
    detail::statement_of<std::remove_cvref_t<Db>, std::remove_cvref_t<Db>::speaks, Row, Args...> sql,
    const Args&... args) {
  constexpr dialect speaks = std::remove_cvref_t<Db>::speaks;
  constexpr argument_storage storage =
      asyncsql::is_async<std::remove_reference_t<Db>> ? argument_storage::owned : argument_storage::borrowed;
  using arguments = detail::argument_tuple<storage, Args...>;
  using request = sql_request<statement_for<speaks, Row, Args...>, typename arguments::type>;
  detail::note_use(sql);
  return db.run(sql_query_some<Row, request>{request{sql, arguments::make(args...)}, limits}, sql.view().where);
}

}  // namespace dovetail::inline v0
