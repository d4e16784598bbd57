// The dialects of SQL: what differs in spelling, placeholders and limits.
#pragma once

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {

enum class dialect : std::uint8_t { sqlite, postgres, mysql };

/// The name of a dialect: "sqlite", "postgres", "mysql".
constexpr std::string_view to_string(dialect d) noexcept {
  switch (d) {
    case dialect::sqlite:
      return "sqlite";
    case dialect::postgres:
      return "postgres";
    case dialect::mysql:
      return "mysql";
  }
  return "unknown";
}

/// An answer of a check that may not know: such a check stays silent, and leaves it to the server.
enum class tri_state : std::uint8_t { no, yes, unknown };

/// What a statement does, as its first words tell.
enum class statement_kind : std::uint8_t {
  select,       ///< select, values, table
  insert,       ///< insert, replace
  update,       ///< update
  remove,       ///< delete
  definition,   ///< create, alter, drop, truncate, grant …
  transaction,  ///< begin, commit, rollback, savepoint, release
  pragma,       ///< SQLite's pragma
  other,        ///< everything else
};

/// How a statement's text marks its parameters.
enum class placeholder_style : std::uint8_t {
  none,      ///< no parameters: the text is sent as it is
  question,  ///< `?`
  numbered,  ///< `?1`
  dollar,    ///< `$1`
  format,    ///< `%s`
  colon,     ///< `:name`
  at,        ///< `@name`, SQLite only
  tcl,       ///< `$name`, SQLite only
  pyformat,  ///< `%(name)s`
};

constexpr bool is_named(placeholder_style style) noexcept { return style >= placeholder_style::colon; }

/// The most parameters that the database takes in one statement.
constexpr std::uint32_t parameter_limit(dialect d) noexcept { return d == dialect::sqlite ? 32766 : 65535; }

/// How a dialect spells literals, identifiers and comments. Change a copy for a server in another mode.
struct lexis {
  bool backslash_escapes;      ///< in '…' (MySQL unless NO_BACKSLASH_ESCAPES)
  bool escape_strings;         ///< E'…' (PostgreSQL)
  bool double_quoted_strings;  ///< "…" is a string (MySQL unless ANSI_QUOTES)
  bool backticks;              ///< `identifier`
  bool brackets;               ///< [identifier] (SQLite)
  bool hash_comments;          ///< # to the end of the line (MySQL)
  bool spaced_dashes;          ///< -- begins a comment only before white space (MySQL)
  bool executable_comments;    ///< /*! … */ is code (MySQL)
  bool nested_comments;        ///< /* /* */ */ (PostgreSQL)
  bool dollar_quotes;          ///< $tag$ … $tag$ (PostgreSQL)
  bool question_operators;     ///< ? ?| ?& @? are operators, ?? is an escaped one (PostgreSQL)
  bool native_names;           ///< @name and $name are parameters (SQLite)
  bool returns_end_lines;      ///< a carriage return alone ends a comment of one line (PostgreSQL)
  bool byte_order_marks;       ///< U+FEFF before a token is white space (SQLite)
};

constexpr lexis lexis_of(dialect d) noexcept {
  lexis rules{};
  rules.backslash_escapes = rules.double_quoted_strings = rules.hash_comments = d == dialect::mysql;
  rules.spaced_dashes = rules.executable_comments = d == dialect::mysql;
  rules.backticks = d != dialect::postgres;
  rules.brackets = rules.native_names = d == dialect::sqlite;
  rules.escape_strings = rules.nested_comments = d == dialect::postgres;
  rules.dollar_quotes = rules.question_operators = rules.returns_end_lines = d == dialect::postgres;
  rules.byte_order_marks = d == dialect::sqlite;
  return rules;
}

}  // namespace dovetail::inline v0
