// Running a prepared statement whose rows nobody wants, and counting what it changed.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/sqlite/session.hpp>
#include <dovetail/sql/dialect.hpp>

#include <cstdint>

namespace dovetail::inline v0 {
namespace sqlite::detail {

/// Statements that begin or end a transaction would leave a pooled connection in a state that nobody expects.
inline error_info refuse_transaction_statement(statement_kind kind) {
  if (kind != statement_kind::transaction) return {};
  return {errc::invalid_state,
          "begin, commit, rollback and savepoint are no statements of a client: use transaction() or begin()"};
}

/// Steps to the end. Errors: SQLite's.
inline error_info run_to_end(const session& on, sqlite3_stmt* statement) {
  int code = sqlite3_step(statement);
  while (code == SQLITE_ROW) code = sqlite3_step(statement);
  if (code != SQLITE_DONE) return on.failure(code, {});
  return {};
}

/// Runs a statement and tells what it did.
inline error_info run_and_count(const session& on, sqlite3_stmt* statement, statement_kind kind, summary& done) {
  const bool is_insert = kind == statement_kind::insert;
  // SQLite's own last_insert_rowid() stays what it is, for statements that use it; the hook tells whether a row is new.
  bool has_new_row = false;
  if (is_insert) {
    sqlite3_update_hook(
        on.handle(),
        [](void* flag, int what, const char*, const char*, sqlite3_int64) {
          if (what == SQLITE_INSERT) *static_cast<bool*>(flag) = true;
        },
        &has_new_row);
  }
  error_info failure = run_to_end(on, statement);
  if (is_insert) sqlite3_update_hook(on.handle(), nullptr, nullptr);
  if (failure) return failure;
  if (!is_insert && kind != statement_kind::update && kind != statement_kind::remove) return {};
  done.rows_affected += sqlite3_changes64(on.handle());
  if (!is_insert) return {};
  // An insert that was ignored, or became an update, made no new row.
  if (has_new_row) done.last_insert_id = sqlite3_last_insert_rowid(on.handle());
  return {};
}

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0
