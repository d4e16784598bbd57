// What the words between the tables of a statement mean, for whoever looks for its tables.
#pragma once

#include <dovetail/sql/leading_word.hpp>
#include <dovetail/sql/lexer.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

/// It can name a table. SQLite takes 'city' for a name too where one is expected.
constexpr bool is_table_name(const token& at, dialect d) noexcept {
  return at.kind == token_kind::word || at.kind == token_kind::quoted ||
         (at.kind == token_kind::string && d == dialect::sqlite);
}

/// A table that is the operand of `in`, all of whose rows SQLite reads.
/// Source: https://www.sqlite.org/lang_expr.html#in_op
constexpr bool is_table_operand(const token& at, const token& previous, dialect d) noexcept {
  return previous.key == word_key("in") && d == dialect::sqlite && is_table_name(at, d);
}

/// A query can begin with it.
constexpr bool is_query_word(std::uint64_t key) noexcept {
  return key == word_key("select") || key == word_key("with") || key == word_key("values") || key == word_key("table");
}

/// It stands between the verb and the name of the table that is written, as in `insert or ignore into`, and cannot be
/// that name here: most of these words may be one elsewhere. `is_into`: behind the `into` of a select.
/// Source: https://www.postgresql.org/docs/15/sql-keywords-appendix.html; `%fallback ID` in SQLite's parse.y;
/// https://dev.mysql.com/doc/refman/8.4/en/keywords.html
constexpr bool is_target_modifier(const token& at, std::string_view word, const token& previous, bool is_into,
                                  dialect d) noexcept {
  switch (at.key) {
    case word_key("into"):
    case word_key("or"):
    case word_key("not"):
    case word_key("table"):
    case word_key("from"):
      return true;
    case word_key("exists"):
      return previous.key == word_key("not");  // that of `if exists` is known with the `if`
    case word_key("replace"):
    case word_key("ignore"):
      return d == dialect::mysql || previous.key == word_key("or");
    case word_key("abort"):
    case word_key("fail"):
    case word_key("rollback"):
      return previous.key == word_key("or");
    case word_key("delayed"):
      return d == dialect::mysql;
    case word_key("temp"):
    case word_key("unlogged"):
      return is_into;
    default:
      if (at.key != 0) return false;
      if (equals_ignoring_case(word, "temporary")) return is_into;
      return d == dialect::mysql &&
             (equals_ignoring_case(word, "low_priority") || equals_ignoring_case(word, "high_priority"));
  }
}

/// What was taken for a table's name is the `if` of `drop table if exists` and of `create table if not exists`.
constexpr bool ends_condition(const token& at, const token& previous) noexcept {
  return previous.key == word_key("if") && (at.key == word_key("exists") || at.key == word_key("not"));
}

/// No table has this name: the clause behind it begins without one.
constexpr bool is_clause_word(const token& at) noexcept {
  switch (at.key) {
    case word_key("select"):
    case word_key("set"):
    case word_key("values"):
    case word_key("where"):
    case word_key("using"):
    case word_key("on"):
    case word_key("default"):
    case word_key("as"):
      return true;
    default:
      return false;
  }
}

/// What a word says of the tables of a `from` before it.
enum class tables_end : std::uint8_t {
  none,
  certain,      // a clause begins that names no tables
  unless_hint,  // so it does, but in `for order by` and `within group`
  of_merge,     // so it does in a merge
  of_update,    // so it does before the `from` of an update; elsewhere, perhaps
  perhaps,      // a clause begins, or it is the alias of a table
};

constexpr tables_end end_of_tables(const token& at, std::string_view word, dialect d) noexcept {
  switch (at.key) {
    case word_key("where"):
    case word_key("having"):
    case word_key("limit"):
    case word_key("union"):
    case word_key("select"):
      return tables_end::certain;
    case word_key("group"):
    case word_key("order"):
      return tables_end::unless_hint;
    case word_key("when"):
      return tables_end::of_merge;
    case word_key("set"):
      return tables_end::of_update;
    case word_key("window"):
      return d == dialect::postgres ? tables_end::certain : tables_end::perhaps;
    case word_key("except"):
      return d != dialect::mysql ? tables_end::certain : tables_end::perhaps;
    case word_key("offset"):
    case word_key("fetch"):
    case word_key("values"):
    case word_key("for"):
    case word_key("do"):
      return tables_end::perhaps;
    default:
      if (at.key != 0 || (!equals_ignoring_case(word, "intersect") && !equals_ignoring_case(word, "returning"))) {
        return tables_end::none;
      }
      return d != dialect::mysql ? tables_end::certain : tables_end::perhaps;
  }
}

/// The words of at most eight letters that mean something where no name is expected: those of
/// `table_finder::take_clause`, and `in`. A table without collisions, for most words of a text are none of them.
class clause_words {
 public:
  consteval clause_words() {
    for (const char* word : {"from",  "join",   "using",  "into",   "table", "view",  "on",     "update", "share",
                             "set",   "where",  "group",  "having", "order", "limit", "offset", "fetch",  "window",
                             "union", "except", "values", "select", "for",   "do",    "when",   "in"}) {
      const std::uint64_t key = word_key(word);
      if (words_[place(key)] != 0) throw "two words at one place: another multiplier";
      words_[place(key)] = key;
    }
  }
  constexpr bool has(std::uint64_t key) const noexcept { return words_[place(key)] == key; }

 private:
  static constexpr std::size_t place(std::uint64_t key) noexcept { return key * 0x616499c9e25a7605 >> 58; }

  std::uint64_t words_[64]{};
};
inline constexpr clause_words words_of_clauses{};

/// False: where no name is expected, nothing follows from the word. Longer words are looked at where it matters.
constexpr bool may_be_clause(const token& at) noexcept {
  if (at.key != 0) return words_of_clauses.has(at.key);
  const std::uint32_t size = at.end - at.begin;
  return size == 9 || size == 13;  // intersect, returning; straight_join
}

/// A query follows: union, except, intersect.
constexpr bool joins_queries(const token& at, std::string_view word) noexcept {
  return at.key == word_key("union") || at.key == word_key("except") ||
         (at.key == 0 && equals_ignoring_case(word, "intersect"));
}

/// Behind it `table city` is a query, as in `union all table city`; `before` is the token before it.
constexpr bool is_before_query(const token& at, std::string_view word, const token& before,
                               std::string_view word_before) noexcept {
  if (at.key == word_key("all") || at.key == word_key("distinct")) return joins_queries(before, word_before);
  return joins_queries(at, word) && !before.is('.');
}

}  // namespace detail
}  // namespace dovetail::inline v0
