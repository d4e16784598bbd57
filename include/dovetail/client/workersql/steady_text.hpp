// Whether a statement's text gives the same result each time, in the dialects that a gateway may speak.
#pragma once

#include <dovetail/sql/classify.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::workersql::detail {

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
/// 'now'::timestamp and date 'Today 10:00' are the clock of PostgreSQL.
constexpr bool has_clock_word(std::string_view literal) noexcept {
  constexpr std::string_view words[] = {"now", "today", "tomorrow", "yesterday"};
  const auto is_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  for (std::size_t at = 0; at < literal.size();) {
    std::size_t end = at;
    while (end < literal.size() && is_letter(literal[end])) ++end;
    if (dovetail::detail::is_among(literal.substr(at, end - at), words)) return true;
    at = end + 1;
  }
  return false;
}
/// A type whose values are no times, whatever text they are made of.
constexpr bool is_timeless_type(std::string_view word) noexcept {
  constexpr std::string_view words[] = {"int",    "integer", "bigint",  "smallint", "int2",   "int4",
                                        "int8",   "numeric", "decimal", "real",     "double", "float4",
                                        "float8", "text",    "varchar", "char",     "bool",   "boolean",
                                        "uuid",   "bytea",   "blob",    "json",     "jsonb"};
  return dovetail::detail::is_among(word, words);
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

/// Reads the tokens of one statement, with SQLite's rules.
class steady_reader {
 public:
  explicit steady_reader(std::string_view sql) noexcept : sql_(sql) {
    dovetail::detail::lexer source{sql, lexis_of(dialect::sqlite)};
    token at;
    for (source.read(at); at.kind != token_kind::end; source.read(at)) {
      take(at);
      before_ = previous_;
      previous_ = at;
    }
  }

  bool has_clock() const noexcept { return has_clock_; }          ///< it is known to give another result each time
  bool calls_unknown() const noexcept { return calls_unknown_; }  ///< it calls what may
  bool has_with() const noexcept { return has_with_; }

 private:
  using token = dovetail::detail::token;
  using token_kind = dovetail::detail::token_kind;
  static constexpr std::uint32_t most_depth = 64;

  std::string_view text_of(const token& at) const noexcept { return sql_.substr(at.begin, at.end - at.begin); }

  void take(const token& at) noexcept {
    using dovetail::detail::word_key;
    if (needs_timeless_) {
      has_clock_ = has_clock_ || at.kind != token_kind::word || !is_timeless_type(text_of(at));
      needs_timeless_ = false;
    }
    switch (at.kind) {
      case token_kind::word:
        if (previous_.is('.')) return;
        has_clock_ = has_clock_ || is_clock_word(text_of(at));
        has_with_ = has_with_ || at.key == word_key("with");
        if (at.key == word_key("as") && depth_ < most_depth && (casts_ >> depth_ & 1) != 0) {
          needs_timeless_ = !is_plain(previous_) || !(before_.is('(') || before_.is('.'));
        }
        return;
      case token_kind::string:  // PostgreSQL joins literals on two lines
        has_clock_ = has_clock_ || has_clock_word(text_of(at)) || previous_.kind == token_kind::string;
        return;
      case token_kind::cast:
        needs_timeless_ = !is_plain(previous_) || before_.kind == token_kind::cast;
        return;
      default:
        break;
    }
    if (at.is('@')) has_clock_ = true;  // a variable of the session
    if (at.is('(')) {
      open();
    } else if (at.is(')') && depth_ > 0) {
      if (depth_ < most_depth) casts_ &= ~(std::uint64_t{1} << depth_);
      --depth_;
    }
  }

  // A column, or a literal, which was looked at.
  static bool is_plain(const token& at) noexcept {
    return at.kind == token_kind::word || at.kind == token_kind::quoted || at.kind == token_kind::string ||
           at.kind == token_kind::number;
  }

  void open() noexcept {
    ++depth_;
    if (previous_.kind == token_kind::quoted) calls_unknown_ = true;
    if (previous_.kind != token_kind::word) return;
    has_clock_ = has_clock_ || is_clock_function(previous_.key);
    calls_unknown_ = calls_unknown_ || !is_steady_function(previous_.key, text_of(previous_));
    if (previous_.key != dovetail::detail::word_key("cast")) return;
    if (depth_ >= most_depth) {
      calls_unknown_ = true;
    } else {
      casts_ |= std::uint64_t{1} << depth_;
    }
  }

  std::string_view sql_;
  token previous_;
  token before_;
  std::uint64_t casts_ = 0;  // of the parentheses that are open, those behind `cast`
  std::uint32_t depth_ = 0;
  bool needs_timeless_ = false;  // a type comes, for what may be the name of a time
  bool has_clock_ = false;
  bool calls_unknown_ = false;
  bool has_with_ = false;
};

}  // namespace dovetail::inline v0::workersql::detail
