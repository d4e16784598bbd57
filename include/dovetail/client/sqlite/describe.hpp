// Describes a statement's columns with what SQLite's schema says of them; executes nothing.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/client/sqlite/columns.hpp>
#include <dovetail/client/sqlite/connection.hpp>
#include <dovetail/client/verify_queries.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {
namespace sqlite {
namespace detail {

/// Whether a column of a result may be null, as far as the table that it comes from tells. An INTEGER PRIMARY KEY is
/// the rowid, and never null, though it is not declared so. (https://www.sqlite.org/lang_createtable.html, 5)
[[gnu::cold, gnu::noinline]] inline nullability nulls_of(sqlite3* database, sqlite3_stmt* statement, int column) {
  const char* const schema = sqlite3_column_database_name(statement, column);
  const char* const table = sqlite3_column_table_name(statement, column);
  const char* const name = sqlite3_column_origin_name(statement, column);
  if (table == nullptr || name == nullptr) return nullability::unknown;  // an expression
  const char* type = nullptr;
  int is_not_null = 0;
  int is_key = 0;
  if (sqlite3_table_column_metadata(database, schema, table, name, &type, nullptr, &is_not_null, &is_key, nullptr) !=
      SQLITE_OK) {
    return nullability::unknown;  // a view's
  }
  const bool is_rowid = is_key != 0 && type != nullptr && equals_ignoring_case(type, "INTEGER");
  return is_not_null != 0 || is_rowid ? nullability::never : nullability::possible;
}

}  // namespace detail

/// For `verify_queries`. Errors: those of preparing the statement.
[[gnu::cold, gnu::noinline]] inline error_info describe_query(connection& on, std::string_view text, deadline by,
                                                              std::vector<described_column>& columns) {
  detail::session& session = on.handle();
  const detail::session::limits_scope limits{session, {by, nullptr}};
  if (error_info refused = detail::session::refuse_long(text)) return refused;
  // Not through the cache: what was prepared before the schema changed is compiled again only when it is executed.
  sqlite3_stmt* statement = nullptr;
  const int code =
      sqlite3_prepare_v2(session.handle(), text.data(), static_cast<int>(text.size()), &statement, nullptr);
  const detail::statement owner{statement};
  if (code != SQLITE_OK) return session.failure_in(code, text);
  const auto known = detail::columns_of(statement);
  for (std::size_t i = 0; i < known.size(); ++i) {
    columns.push_back({std::string{known[i].name}, std::string{known[i].database_type}, known[i].accepts,
                       detail::nulls_of(session.handle(), statement, static_cast<int>(i)), known[i].advice});
  }
  return {};
}

}  // namespace sqlite
}  // namespace dovetail::inline v0
