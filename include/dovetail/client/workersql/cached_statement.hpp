// Which statements' answers a client may keep for another call, and the tables whose writes make them old.
#pragma once

#include <dovetail/client/workersql/steady_text.hpp>
#include <dovetail/format/json/read.hpp>
#include <dovetail/format/json/skip.hpp>
#include <dovetail/format/json/source.hpp>
#include <dovetail/sql/classify.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql {

/// Tables by their last names in lower case, without schema and quotes: names that could mean one table are the same.
struct table_set {
  std::vector<std::string> names{};
  bool is_all = false;  ///< nobody knows which: any

  void add(std::string name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  }
};

namespace detail {

/// Longer names are cut, because PostgreSQL takes two names for one that begin with the same 63 bytes or so.
[[gnu::cold, gnu::noinline]] inline std::string cached_table_name(std::string_view written) {
  constexpr std::size_t most = 60;
  std::string name = comparable_name(dialect::sqlite, written);
  if (const std::size_t dot = name.rfind('.'); dot != std::string::npos) name.erase(0, dot + 1);
  if (name.size() > most) name.resize(most);
  return name;
}

/// PostgreSQL's U&"…" may spell any table with escapes, U&'…' and E'…' any text; they mean something else to SQLite's
/// lexer.
constexpr bool has_escapes(std::string_view sql) noexcept {
  for (std::size_t at = sql.find_first_of("&'"); at != sql.npos; at = sql.find_first_of("&'", at + 1)) {
    if (at == 0) continue;
    const char before = static_cast<char>(sql[at - 1] | 0x20);
    if (sql[at] == '\'') {
      if (before == 'e' && (at == 1 || !dovetail::detail::continues_word(sql[at - 2]))) return true;
    } else if (before == 'u' && at + 1 != sql.size() && (sql[at + 1] == '"' || sql[at + 1] == '\'')) {
      return true;
    }
  }
  return false;
}

/// Tables that the database changes by itself.
[[gnu::cold]] inline bool is_system_table(std::string_view written) {
  const std::string name = comparable_name(dialect::sqlite, written);
  const std::size_t dot = name.rfind('.');
  const std::string_view last = std::string_view{name}.substr(dot == std::string::npos ? 0 : dot + 1);
  return last.starts_with("pg_") || last.starts_with("sqlite_") || last.starts_with("pragma_") ||
         last.starts_with("v$") || last.starts_with("gv$") || name.starts_with("information_schema.");
}

/// False when one of them must not be kept.
[[gnu::noinline]] inline bool add_read_tables(std::string_view sql, const classification& found, table_set& out) {
  for (std::size_t i = 0; i < found.table_count; ++i) {
    const std::string_view name = sql.substr(found.tables[i].begin, found.tables[i].end - found.tables[i].begin);
    if (is_system_table(name)) return false;
    out.add(cached_table_name(name));
  }
  return found.has_all_tables;
}

}  // namespace detail

/// The tables that an answer to this statement depends on; nothing when it must not be kept. Kept are answers to single
/// select, values and table statements
///   * that read only: no `for update`, no `into`, no writing `with`;
///   * whose tables are all known from the text, none of them a system's own (pg_…, sqlite_…, pragma_…, v$…,
///     information_schema);
///   * that call only functions known to give the same for the same arguments: no clock (`now`, `date`, `strftime`, …,
///     `current_timestamp`, 'today 10:00', E'…', a parameter or expression that is cast to what may be a time), no
///     `random`, no function that this library does not know, no session variable;
///   * without a hint of their own (a comment that begins with a plus sign).
[[gnu::noinline]] inline std::optional<table_set> cached_tables(std::string_view sql) {
  const classification found = classify(dialect::sqlite, sql);
  const bool is_plain = found.what == statement_class::select && found.read_only == tri_state::yes &&
                        !found.is_explained && !found.makes_table && !found.locks_rows && found.has_all_tables &&
                        !found.has_more && found.risk_size == 0 && !found.problem && !detail::has_escapes(sql);
  if (!is_plain || (found.has_comment && sql.find("/*+") != sql.npos)) return std::nullopt;
  const detail::steady_reader text{sql};
  if (text.has_clock() || (found.calls_functions && text.calls_unknown())) return std::nullopt;
  table_set tables;
  if (!detail::add_read_tables(sql, found, tables)) return std::nullopt;
  // with t as (select * from t) …: the inner t is a table, but in SQLite.
  if (text.has_with() &&
      !detail::add_read_tables(sql, classify(dialect::postgres, sql, lexis_of(dialect::sqlite)), tables)) {
    return std::nullopt;
  }
  return tables;
}

/// Adds the tables that a statement writes, none when it only reads; all, where its text does not tell: definitions,
/// scripts, and whatever is no insert, update, delete or merge.
[[gnu::noinline]] inline void add_written_tables(std::string_view sql, table_set& out) {
  const classification found = classify(dialect::sqlite, sql);
  const bool is_one = !found.has_more && !found.problem;
  if (is_one && found.read_only == tri_state::yes) return;
  const bool is_known = found.what <= statement_class::merge && found.has_all_tables && is_one && !found.makes_table &&
                        !detail::has_escapes(sql);
  bool has_written = false;
  for (std::size_t i = 0; is_known && i < found.table_count; ++i) {
    const table_place& at = found.tables[i];
    if (!at.is_written) continue;
    has_written = true;
    out.add(detail::cached_table_name(sql.substr(at.begin, at.end - at.begin)));
  }
  if (!has_written) out.is_all = true;
}

namespace detail {

/// Reads one object of a request: its 'sql', or those of its 'batch' or 'queries'. Null after a mistake.
inline const char* add_statements(dovetail::detail::json_source& in, const char* at, std::string& last,
                                  table_set& out) {
  if (at == in.end || *at != '{') return in.fail_expected(at, "an object");
  at = dovetail::detail::skip_json_space(at + 1, in.end);
  bool is_closed = at != in.end && *at == '}';
  std::string space;
  std::string text;
  while (!is_closed) {
    std::string_view key;
    at = dovetail::detail::view_json_key(in, at, space, key);
    if (at == nullptr) return nullptr;
    if (key == "sql") {
      at = dovetail::detail::read_json_string(in, at, text);
      if (at != nullptr && text != last) {
        add_written_tables(text, out);
        last = text;
      }
    } else if (key == "batch" || key == "queries") {
      at = dovetail::detail::read_json_array(in, at,
                                             [&](const char* next) { return add_statements(in, next, last, out); });
    } else {
      at = dovetail::detail::skip_json_value(in, at);
    }
    if (at != nullptr) at = dovetail::detail::read_json_separator(in, at, '}', is_closed);
    if (at == nullptr) return nullptr;
  }
  return at;
}

/// The tables that a request writes, by its body: one statement, or a batch in either dialect.
[[gnu::cold, gnu::noinline]] inline table_set tables_written_by(std::string_view body) {
  dovetail::detail::json_source in{body};
  table_set written;
  std::string last;
  if (add_statements(in, in.begin, last, written) == nullptr) written.is_all = true;
  return written;
}

}  // namespace detail
}  // namespace dovetail::inline v0::workersql
