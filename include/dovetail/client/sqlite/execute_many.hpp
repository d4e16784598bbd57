// A prepared statement executed for many rows of arguments.
#pragma once

#include <dovetail/client/sql_batch.hpp>
#include <dovetail/client/sqlite/bind_value.hpp>
#include <dovetail/client/sqlite/execute.hpp>
#include <dovetail/client/sqlite/insert.hpp>
#include <dovetail/client/sqlite/request.hpp>
#include <dovetail/client/sqlite/session.hpp>

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

namespace dovetail::inline v0 {
namespace sqlite::detail {

/// Executes the statement for each row; the caller sees to it that a failure undoes those before.
template <class Op>
error_info execute_rows(session& on, sqlite3_stmt* statement, const Op& op, summary& done) {
  const statement_view& view = op.request.sql.view();
  std::size_t number = 0;
  for (const auto& row : op.rows) {
    const auto request = op.request_of(row);
    binder to{statement, true};
    std::uint32_t current = 0;
    const auto bind = [&](std::uint32_t parameter, const auto& value) {
      current = parameter;
      return to.bind(static_cast<int>(parameter), value);
    };
    const bool bound = std::apply(
        [&](const auto&... each) { return bind_parameters(view.traits, op.request.sql.places(), bind, each...); },
        request.arguments);
    const std::int64_t before = done.rows_affected;
    error_info failure = bound ? run_and_count(on, statement, view.traits.kind, done)
                               : bind_failure(on, to, "parameter ", dovetail::detail::number_text{current});
    sqlite3_reset(statement);
    if (failure) {
      op.state->failed_row = number;
      return name_row(std::move(failure), op.state->done_before + number + 1, true);
    }
    ++number;
    op.state->row_done(done.rows_affected - before);
  }
  return {};
}

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0
