// Which statements' answers a client may keep for another call, and the tables whose writes make them old.
#pragma once

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

/// Functions whose result depends on when they are called.
constexpr bool is_clock_function(std::uint64_t key) noexcept {
  using dovetail::detail::word_key;
  return key == word_key("now") || key == word_key("date") || key == word_key("time") || key == word_key("datetime") ||
         key == word_key("strftime");
}
/// Such functions that need no parentheses.
constexpr bool is_clock_word(std::string_view word) noexcept {
  constexpr std::string_view words[] = {"current_timestamp", "current_date",   "current_time",
                                        "localtime",         "localtimestamp", "sysdate"};
  return dovetail::detail::is_among(word, words);
}
/// 'now'::timestamp and date 'today' are the clock of PostgreSQL.
constexpr bool is_clock_literal(std::string_view literal) noexcept {
  constexpr std::string_view around = "' \t\r\n";
  const std::size_t begin = literal.find_first_not_of(around);
  if (begin == literal.npos) return false;
  literal = literal.substr(begin, literal.find_last_not_of(around) - begin + 1);
  constexpr std::string_view words[] = {"now", "today", "tomorrow", "yesterday"};
  return dovetail::detail::is_among(literal, words);
}

/// Functions that give the same for the same arguments, beyond those that `classify` takes for harmless.
constexpr bool is_steady_function(std::uint64_t key, std::string_view word) noexcept {
  if (dovetail::detail::is_pure_function(key, word)) return true;
  constexpr std::string_view names[] = {"ifnull",
                                        "iif",
                                        "hex",
                                        "unhex",
                                        "quote",
                                        "typeof",
                                        "instr",
                                        "printf",
                                        "format",
                                        "unicode",
                                        "ltrim",
                                        "rtrim",
                                        "sign",
                                        "power",
                                        "sqrt",
                                        "exp",
                                        "ln",
                                        "group_concat",
                                        "string_agg",
                                        "array_agg",
                                        "dense_rank",
                                        "lag",
                                        "lead",
                                        "first_value",
                                        "last_value",
                                        "ntile",
                                        "nth_value",
                                        "json",
                                        "json_extract",
                                        "json_array",
                                        "json_object",
                                        "json_type",
                                        "json_valid",
                                        "glob",
                                        "bool_and",
                                        "bool_or",
                                        "octet_length",
                                        "char_length",
                                        "json_array_length",
                                        "json_group_array",
                                        "json_group_object"};
  return dovetail::detail::is_among(word, names);
}

/// True when nothing in the text is known to give another result each time. `all_steady`: nor can be suspected to.
[[gnu::noinline]] inline bool has_no_clock(std::string_view sql, bool& all_steady) {
  using dovetail::detail::token;
  using dovetail::detail::token_kind;
  dovetail::detail::lexer source{sql, lexis_of(dialect::sqlite)};
  const auto text_of = [sql](const token& at) { return sql.substr(at.begin, at.end - at.begin); };
  all_steady = true;
  token previous;
  token at;
  for (;; previous = at) {
    source.read(at);
    const bool is_call = at.is('(');
    if (is_call && previous.kind == token_kind::word) {
      if (is_clock_function(previous.key)) return false;
      all_steady = all_steady && is_steady_function(previous.key, text_of(previous));
    } else if (is_call && previous.kind == token_kind::quoted) {
      all_steady = false;
    }
    const bool is_clock = (at.kind == token_kind::word && !previous.is('.') && is_clock_word(text_of(at))) ||
                          (at.kind == token_kind::string && is_clock_literal(text_of(at))) ||
                          at.is('@');  // a variable of the session
    if (is_clock) return false;
    if (at.kind == token_kind::end) return true;
  }
}

/// PostgreSQL's names in U&"…" may spell any table with escapes, and mean nothing to SQLite's lexer.
constexpr bool has_escaped_name(std::string_view sql) noexcept {
  for (std::size_t at = sql.find("&\""); at != sql.npos; at = sql.find("&\"", at + 1)) {
    if (at != 0 && (sql[at - 1] | 0x20) == 'u') return true;
  }
  return false;
}

/// Tables that the database changes by itself.
[[gnu::cold]] inline bool is_system_table(std::string_view written) {
  const std::string name = comparable_name(dialect::sqlite, written);
  const std::size_t dot = name.rfind('.');
  const std::string_view last = std::string_view{name}.substr(dot == std::string::npos ? 0 : dot + 1);
  return last.starts_with("pg_") || last.starts_with("sqlite_") || name.starts_with("information_schema.");
}

}  // namespace detail

/// The tables that an answer to this statement depends on; nothing when it must not be kept. Kept are answers to single
/// select, values and table statements
///   * that read only: no `for update`, no `into`, no writing `with`;
///   * whose tables are all known from the text, none of them a system's own (pg_…, sqlite_…, information_schema);
///   * that call only functions known to give the same for the same arguments: no clock (`now`, `date`, `strftime`, …,
///     `current_timestamp`, 'today'), no `random`, no function that this library does not know, no session variable;
///   * without a hint of their own (a comment that begins with a plus sign).
[[gnu::noinline]] inline std::optional<table_set> cached_tables(std::string_view sql) {
  const classification found = classify(dialect::sqlite, sql);
  const bool is_plain = found.what == statement_class::select && found.read_only == tri_state::yes &&
                        !found.is_explained && !found.makes_table && !found.locks_rows && found.has_all_tables &&
                        !found.has_more && found.risk_size == 0 && !found.problem && !detail::has_escaped_name(sql);
  if (!is_plain || (found.has_comment && sql.find("/*+") != sql.npos)) return std::nullopt;
  bool all_steady = false;
  if (!detail::has_no_clock(sql, all_steady) || (found.calls_functions && !all_steady)) return std::nullopt;
  table_set tables;
  for (std::size_t i = 0; i < found.table_count; ++i) {
    const std::string_view name = sql.substr(found.tables[i].begin, found.tables[i].end - found.tables[i].begin);
    if (detail::is_system_table(name)) return std::nullopt;
    tables.add(detail::cached_table_name(name));
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
                        !detail::has_escaped_name(sql);
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
