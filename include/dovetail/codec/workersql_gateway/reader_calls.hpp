// Finds what a PostgreSQL statement calls that somebody who only reads may not call.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/sql/function_words.hpp>
#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/postgres_functions.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dovetail::inline v0::workersql::serving {

/// A read-only transaction of PostgreSQL does not forbid everything (large objects, replication slots, locks,
/// settings), so what a reader calls must be known to be harmless: a function of PostgreSQL's own table, or one of
/// `more`, each a name as it is written when it is called (`similarity`, `app.price`), or the begin of names with a
/// star (`st_*`). One pass over the text; whatever has the form of a call and is not understood is taken for one.
class reader_calls {
 public:
  reader_calls(std::string_view text, const std::vector<std::string>& more) noexcept
      : text_(text), source_(text, lexis_of(dialect::postgres)), more_(&more) {}

  /// The name of the first one, as it is in the text; empty: there is none.
  std::string_view find_forbidden() {
    for (token at = source_.next(); at.kind != kind::end; at = source_.next()) {
      if (at.kind == kind::quoted && v0::detail::is_unicode_text(text_of(at))) return text_of(at);
      if (at.is('(')) {
        if (is_name(last_[0]) && !may_open()) return written_name();
        open(at);
      } else {
        if (is_attribute() && calls_by_attribute(last_[0])) return text_of(last_[0]);
        if (at.is(')')) close();
        note_word(at);
      }
      for (std::size_t i = 3; i > 0; --i) last_[i] = last_[i - 1];
      last_[0] = at;
    }
    return is_attribute() && calls_by_attribute(last_[0]) ? text_of(last_[0]) : std::string_view{};
  }

 private:
  using token = v0::detail::token;
  using kind = v0::detail::token_kind;

  std::string_view text_of(const token& at) const noexcept { return text_.substr(at.begin, at.end - at.begin); }
  bool is(const token& at, std::string_view word) const noexcept {
    return at.kind == kind::word && equals_ignoring_case(text_of(at), word);
  }
  static bool is_name(const token& at) noexcept { return at.kind == kind::word || at.kind == kind::quoted; }
  /// As the catalogue has it.
  std::string name_of(const token& at) const {
    std::string name;
    const std::string_view text = text_of(at);
    if (at.kind == kind::word) {
      for (const char c : text) name += ascii_lower(c);
      return name;
    }
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
      name += text[i];
      if (text[i] == '"') ++i;
    }
    return name;
  }
  std::string_view written_name() const noexcept {
    const bool is_qualified = last_[1].is('.') && is_name(last_[2]);
    const std::uint32_t begin = is_qualified ? last_[2].begin : last_[0].begin;
    return text_.substr(begin, last_[0].end - begin);
  }

  // A call, or something else that a parenthesis follows.
  bool may_open() const {
    const token& name = last_[0];
    const token& before = last_[1];
    if (before.kind == kind::cast) return true;                     // ::numeric(8,2)
    if (is(before, "as") || is(before, "ordinality")) return true;  // of a column or table, or a type
    if (before.is('.')) {
      if (!is_name(last_[2]) || last_[3].is('.')) return false;
      const std::string schema = name_of(last_[2]);
      const std::string own = name_of(name);
      return (schema == "pg_catalog" && v0::detail::is_postgres_reading_function(own)) || is_listed(schema + '.' + own);
    }
    if (name.kind == kind::word && (is_reserved(text_of(name)) || is_grammar_here())) return true;
    const std::string own = name_of(name);
    if (v0::detail::is_postgres_reading_function(own) || is_listed(own)) return true;
    if (is_in_with()) return is(before, "with") || is(before, "recursive") || before.is(',');
    return before.is(')') && !operand_may_follow_;  // from (values (1)) t(a)
  }

  bool is_listed(const std::string& name) const noexcept {
    for (const std::string& each : *more_) {
      if (each == name) return true;
      if (each.size() > 1 && each.back() == '*' &&
          name.starts_with(std::string_view{each}.substr(0, each.size() - 1))) {
        return true;
      }
    }
    return false;
  }

  /// Words of the grammar, and types, that a parenthesis may follow and that are no names of functions: PostgreSQL
  /// reserves them, or keeps them for types and columns (appendix C of its manual).
  static constexpr bool is_reserved(std::string_view word) noexcept {
    constexpr std::string_view all[] = {
        "select", "distinct", "all",    "any",      "some",      "in",      "exists",    "not",     "and",
        "or",     "where",    "on",     "using",    "from",      "lateral", "having",    "limit",   "offset",
        "union",  "except",   "values", "row",      "intersect", "array",   "case",      "when",    "then",
        "else",   "between",  "to",     "as",       "symmetric", "for",     "group",     "analyze", "placing",
        "only",   "default",  "both",   "variadic", "leading",   "numeric", "trailing",  "decimal", "dec",
        "char",   "varchar",  "bit",    "float",    "character", "time",    "timestamp", "nchar",   "interval"};
    return v0::detail::is_among(word, all);
  }

  /// Words of the grammar that may be names of functions too, where they cannot be such.
  bool is_grammar_here() const {
    const token& name = last_[0];
    const token& before = last_[1];
    const auto is_behind = [&](std::string_view first, std::string_view second) {
      return is(before, second) && is(last_[2], first);
    };
    if (is(name, "by")) return is(before, "group") || is(before, "order") || is(before, "partition");
    if (is(name, "sets")) return is(before, "grouping");
    if (is(name, "cube") || is(name, "rollup")) {
      const bool begins = before.is(',') || before.is('(') || is(before, "by") || is(before, "distinct");
      return begins && is_set(in_grouping_);
    }
    if (is(name, "system") || is(name, "bernoulli")) return is(before, "tablesample");
    if (is(name, "first") || is(name, "next")) return is(before, "fetch");
    if (is(name, "zone")) return is(before, "time");
    if (is(name, "materialized")) return is_behind("as", "not");
    if (is(name, "explain")) return before.kind == kind::end;
    if (is(name, "escape")) return ends_operand(before);
    if (is(name, "second")) {
      return before.kind == kind::string || is(before, "interval") || is_behind("day", "to") ||
             is_behind("hour", "to") || is_behind("minute", "to");
    }
    if (is(name, "varying")) {
      return is(before, "character") || is(before, "char") || is(before, "nchar") || is(before, "bit");
    }
    if (is(name, "content") || is(name, "document")) {
      return before.is('(') && (is(last_[2], "xmlparse") || is(last_[2], "xmlserialize"));
    }
    if (is(name, "passing")) return is_set(in_document_) && ends_operand(before);
    if (is(name, "columns")) {
      return is_set(in_document_) && (ends_operand(before) || (before.kind == kind::word && is(last_[2], "as")));
    }
    // A prefix behind them would be the same; there it may be a function that gives rows.
    if (is(name, "operator")) {
      return !before.is('(') && !before.is(',') && !is(before, "from") && !is(before, "join") && !is(before, "lateral");
    }
    if (is(name, "join")) {
      return before.kind == kind::quoted || (before.kind == kind::word && !begins_operand(text_of(before)));
    }
    return false;
  }
  /// What stands behind it is no operand, and so no call.
  bool ends_operand(const token& at) const noexcept {
    if (at.kind == kind::symbol) return at.is(']') || (at.is(')') && !operand_may_follow_);
    return at.kind == kind::string || at.kind == kind::number || at.kind == kind::quoted;
  }
  /// Words behind which an expression, or what a table is made of, may begin.
  static constexpr bool begins_operand(std::string_view word) noexcept {
    constexpr std::string_view all[] = {
        "select", "distinct", "all",     "any",     "some",    "in",         "not",        "and",     "or",
        "where",  "on",       "using",   "from",    "lateral", "having",     "limit",      "offset",  "case",
        "when",   "then",     "else",    "between", "like",    "ilike",      "to",         "escape",  "by",
        "zone",   "for",      "placing", "default", "passing", "symmetric",  "is",         "fetch",   "first",
        "next",   "both",     "leading", "rows",    "range",   "groups",     "join",       "ref",     "value",
        "key",    "version",  "content", "only",    "empty",   "document",   "overlaps",   "similar", "returning",
        "union",  "except",   "values",  "isnull",  "notnull", "trailing",   "variadic",   "array",   "intersect",
        "as",     "name",     "row",     "local",   "path",    "asymmetric", "tablesample"};
    return v0::detail::is_among(word, all);
  }

  // x.name, which is name(x) where x has no such column.
  bool is_attribute() const noexcept { return last_[1].is('.') && is_name(last_[0]); }
  bool calls_by_attribute(const token& at) const {
    const std::string name = name_of(at);
    const bool is_family = name.starts_with("pg_") || name.starts_with("dblink");  // columns may be called sleep
    return v0::detail::is_postgres_other_function(name) || (is_family && v0::detail::is_risky_function(name));
  }

  // Behind `distinct on (…)` and `operator(…)` an expression begins; behind other parentheses never.
  static constexpr std::uint32_t most_depth = 64;
  std::uint64_t bit() const noexcept { return depth_ < most_depth ? std::uint64_t{1} << depth_ : 0; }
  bool is_set(std::uint64_t of) const noexcept { return (of & bit()) != 0; }
  bool is_in_with() const noexcept { return is_set(in_with_); }
  void set(std::uint64_t& of, bool is_so) const noexcept { of = is_so ? of | bit() : of & ~bit(); }

  void open(const token&) noexcept {
    const token& before = last_[0];
    // with a(x) as (…), b(y) as (…): anything else is the statement itself.
    if (is_in_with() && !is(before, "as") && !is(before, "materialized") && !is_name(before)) set(in_with_, false);
    const bool is_prefix = (is(before, "on") && is(last_[1], "distinct")) || is(before, "operator");
    constexpr std::string_view documents[] = {"xmltable",   "xmlexists",  "json_table", "json_exists",
                                              "json_value", "json_query", "columns"};
    const bool is_document =
        before.kind == kind::word && !last_[1].is('.') && v0::detail::is_among(text_of(before), documents);
    const bool is_sets = is(before, "sets") && is(last_[1], "grouping");
    ++depth_;
    set(before_operand_, is_prefix);
    set(in_document_, is_document);
    set(in_grouping_, is_sets);
    set(in_with_, false);
    operand_may_follow_ = false;
  }
  void close() noexcept {
    operand_may_follow_ = depth_ >= most_depth || (before_operand_ & bit()) != 0;
    if (depth_ > 0) --depth_;
  }
  void note_word(const token& at) noexcept {
    if (at.is('[')) set(in_grouping_, false);  // in array[…] a comma stands before any expression
    if (at.kind != kind::word) return;
    const token& before = last_[0];
    constexpr std::string_view behind_grouping[] = {"having", "window", "union", "intersect", "except", "order",
                                                    "limit",  "offset", "fetch", "for",       "select"};
    if (is(at, "by") && is(before, "group")) {
      set(in_grouping_, true);
    } else if (v0::detail::is_among(text_of(at), behind_grouping)) {
      set(in_grouping_, false);
    }
    if (is(at, "with")) {
      const bool begins = before.kind == kind::end || before.is('(') || is(before, "explain") ||
                          is(before, "analyze") || is(before, "verbose");
      if (begins) set(in_with_, true);
      return;
    }
    constexpr std::string_view verbs[] = {"select", "values", "table", "insert", "update", "delete", "merge"};
    if (is_in_with() && v0::detail::is_among(text_of(at), verbs)) set(in_with_, false);
  }

  std::string_view text_;
  v0::detail::lexer source_;
  const std::vector<std::string>* more_;
  token last_[4] = {};
  std::uint64_t in_with_ = 0;
  std::uint64_t before_operand_ = 0;
  std::uint64_t in_document_ = 0;  // in the parentheses of xmltable and its like
  std::uint64_t in_grouping_ = 0;  // between group by and what follows it
  std::uint32_t depth_ = 0;
  bool operand_may_follow_ = false;
};

}  // namespace dovetail::inline v0::workersql::serving
