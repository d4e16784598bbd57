// The blocking SQLite client, without the list of what is compiled once: asynchronous programs need not read that.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/client/basic_client.hpp>
#include <dovetail/client/sqlite/connection.hpp>
#include <dovetail/row/row.hpp>
#include <dovetail/sql/statement.hpp>

namespace dovetail::inline v0 {
namespace sqlite {

/// A SQLite database: `dt::sqlite::client db{"sqlite:cities.db"}`, or "sqlite::memory:".
/// Verbs: see `sql_verbs` and `sql_blocking_verbs`. Connection strings: see `sqlite::parse`. Values: see
/// `sqlite::detail::binder` (in) and `sqlite::detail::statement_row` (out).
using client = basic_client<connection>;

}  // namespace sqlite
}  // namespace dovetail::inline v0
