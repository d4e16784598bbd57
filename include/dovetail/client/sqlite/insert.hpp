// `insert into … values (…)` for structs: the text from the fields, one prepared statement for all rows.
#pragma once

#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/sqlite/bind_value.hpp>
#include <dovetail/client/sqlite/execute.hpp>
#include <dovetail/client/sqlite/request.hpp>
#include <dovetail/client/sqlite/session.hpp>
#include <dovetail/row/written.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {
namespace sqlite::detail {

/// Binds the columns of a struct in their order.
struct field_binder {
  binder& to;
  int number = 0;

  template <class... Members>
  bool operator()(const Members&... members) {
    return (to.bind(++number, members) && ...);
  }
};

template <class Struct>
error_info bind_fields(const session& on, sqlite3_stmt* statement, const Struct& row) {
  binder to{statement, true};
  field_binder fields{to};
  if (write_columns(row, fields)) return {};
  const std::string_view name = column_names<Struct>[static_cast<std::size_t>(fields.number - 1)];
  return bind_failure(on, to, "field '", name, "'");
}

/// Names the row of a range that failed, counted from 1.
[[gnu::cold, gnu::noinline]] inline error_info name_row(error_info failure, std::size_t number,
                                                        bool is_one_of_several) {
  if (!is_one_of_several) return failure;
  std::string context;
  dovetail::detail::append_parts(context, {"row ", dovetail::detail::number_text{number},
                                           failure.context().empty() ? "" : ": ", failure.context()});
  failure.with_context(std::move(context));
  return failure;
}

/// Inserts each row; the caller sees to it that a failure undoes those before.
template <class Range>
error_info insert_rows(session& on, sqlite3_stmt* statement, const Range& rows, bool is_one_of_several, summary& done) {
  std::size_t number = 0;
  for (const auto& row : rows) {
    ++number;
    error_info failure = bind_fields(on, statement, row);
    if (!failure) failure = run_and_count(on, statement, statement_kind::insert, done);
    sqlite3_reset(statement);
    if (failure) return name_row(std::move(failure), number, is_one_of_several);
  }
  return {};
}

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0
