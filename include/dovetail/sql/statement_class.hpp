// What a statement is for those who decide about it: its class, the tables that it names, what is remarkable in it.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/sql/dialect.hpp>
#include <dovetail/sql/identifier.hpp>
#include <dovetail/sql/mistake.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dovetail::inline v0 {

/// What a statement does, finer than `statement_kind`.
enum class statement_class : std::uint8_t {
  none,            ///< no statement: empty, or comments alone
  select,          ///< select, values, table
  insert,          ///< insert, replace, upsert
  update,          ///< update
  remove,          ///< delete
  merge,           ///< merge
  show,            ///< show, describe, a pragma that only tells
  definition,      ///< create, alter, drop, truncate, rename, comment: of tables, views, indexes, functions …
  rights,          ///< grant, revoke
  transaction,     ///< begin, commit, rollback, savepoint, set transaction …
  setting,         ///< set, reset, discard, a pragma that changes something
  copy,            ///< copy, load data
  call,            ///< call, exec
  block,           ///< do: code of another language
  lock,            ///< lock, unlock
  notification,    ///< listen, notify, unlisten
  prepared,        ///< prepare, execute, deallocate as SQL
  cursor,          ///< declare, fetch, move, close as SQL
  maintenance,     ///< vacuum, analyze, reindex, cluster, refresh, checkpoint, optimize …
  attachment,      ///< attach, detach
  administration,  ///< of the server: roles, databases, extensions, kill, shutdown, flush, load …
  unknown,         ///< begins with a word that is none of these
};

/// The name of a class: "select", "delete", …
constexpr std::string_view to_string(statement_class what) noexcept {
  constexpr std::string_view names[] = {
      "none",     "select",      "insert",      "update",     "delete",         "merge",  "show", "definition",
      "rights",   "transaction", "setting",     "copy",       "call",           "block",  "lock", "notification",
      "prepared", "cursor",      "maintenance", "attachment", "administration", "unknown"};
  return names[static_cast<std::size_t>(what)];
}

/// One table that a statement names: text[begin, end), as it is written, with its schema.
struct table_place {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool is_written = false;

  friend constexpr bool operator==(const table_place&, const table_place&) = default;
};

/// What `classify` finds. Names of columns and functions are not looked up anywhere: a view, a trigger, or a function
/// that is called, may read and write more than the text tells.
struct classification {
  static constexpr std::size_t most_tables = 16;

  statement_class what = statement_class::none;  ///< of the first statement; with `explain`, of what is explained
  /// `yes` when its form reads only; a function that it calls may write all the same: see `calls_functions`.
  tri_state read_only = tri_state::unknown;
  bool is_explained = false;      ///< explain …
  bool is_executed = true;        ///< false for explain without analyze
  bool is_server_object = false;  ///< a definition of what is no part of a schema: a role, a database, an extension …
  /// A setting that decides how PostgreSQL reads texts (`standard_conforming_strings`, `client_encoding`), or any one
  /// that is written as a row of `pg_settings`.
  bool is_server_setting = false;
  bool makes_table = false;      ///< select … into: a new table, or a file
  bool locks_rows = false;       ///< select … for update
  bool calls_functions = false;  ///< of which the text does not tell whether they write
  bool has_all_tables = false;   ///< every table that the statement names is in `tables`
  bool has_spelt_table = false;  ///< PostgreSQL: one of them is written as U&"…", whose escapes may spell any name
  bool has_comment = false;
  /// MySQL: one that some servers run as code and others skip, at `comment_at`: `/*!50000 … */`, `/*M! … */`. It is
  /// classified as code where it begins with an exclamation mark.
  bool has_conditional_comment = false;
  bool has_union = false;
  bool has_more = false;  ///< another statement follows at `more_at`; nothing of it has been looked at
  std::uint8_t table_count = 0;
  std::array<table_place, most_tables> tables{};
  std::uint32_t begin = 0;  ///< of the first word
  std::uint32_t more_at = 0;
  std::uint32_t comment_at = 0;
  std::uint32_t union_at = 0;
  /// Of the name of a function that reaches beyond the data, or of a table or function as U&"…"; size 0: there is none.
  std::uint32_t risk_at = 0;
  std::uint32_t risk_size = 0;
  sql_problem problem{};  ///< quotes and comments without an end; then the rest is what could be seen before
};

/// A table's name as it can be compared: without quotes, and in lower case where the database makes no difference
/// (SQLite: everywhere; PostgreSQL: outside of quotes), so that APP and "City" in quotes make app.City; and as short as
/// PostgreSQL cuts it, which means the table of the short name. A part that has a dot or a double
/// quote in itself keeps double quotes around it, and its own are doubled.
[[gnu::cold]] inline std::string comparable_name(dialect d, std::string_view written) {
  std::string name;
  std::string part;
  const auto end_part = [&] {
    if (std::size_t most = identifier_limit(d); d == dialect::postgres && part.size() > most) {
      while (most != 0 && (static_cast<unsigned char>(part[most]) & 0xC0U) == 0x80U) --most;  // characters stay whole
      part.resize(most);
    }
    if (part.find_first_of(".\"") != std::string::npos) {
      name += '"';
      for (const char c : part) name.append(c == '"' ? 2 : 1, c);
      name += '"';
    } else {
      name += part;
    }
    part.clear();
  };
  for (std::size_t i = 0; i < written.size(); ++i) {
    const char open = written[i];
    if (open == '.') {
      end_part();
      name += '.';
      continue;
    }
    const bool is_quote = open == '"' || open == '\'' || open == '`' || open == '[';
    if (!is_quote) {
      if (open > ' ' || open < 0) part += d == dialect::mysql ? open : ascii_lower(open);
      continue;
    }
    const char close = open == '[' ? ']' : open;
    for (++i; i < written.size(); ++i) {
      if (written[i] == close) {
        if (close == ']' || i + 1 >= written.size() || written[i + 1] != close) break;
        ++i;
      }
      part += d == dialect::sqlite ? ascii_lower(written[i]) : written[i];
    }
  }
  end_part();
  return name;
}

}  // namespace dovetail::inline v0
