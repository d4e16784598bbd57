// Finds the tables that a statement names, and what it does besides reading, from its tokens.
#pragma once

#include <dovetail/sql/leading_word.hpp>
#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/statement_class.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

constexpr bool is_query_word(std::uint64_t key) noexcept {
  return key == word_key("select") || key == word_key("with") || key == word_key("values") || key == word_key("table");
}

/// Sees each token of one statement after another. What it is not sure of it reports as a table rather than not.
class table_finder {
 public:
  constexpr table_finder(std::string_view text, dialect d, classification& found) noexcept
      : text_(text), dialect_(d), found_(found) {}

  /// The statement begins with its main verb, or with `with`.
  constexpr void begin(statement_class verb, bool is_with, const token& at) noexcept {
    is_started_ = found_.has_all_tables = true;
    first_ = at.begin;
    frame& outer = top();
    outer.is_query = true;
    if (is_with) {
      outer.with = with_part::name;
    } else {
      begin_verb(outer, verb, at.key);
    }
  }

  constexpr void take(const token& at, const token& previous, const token& before) noexcept {
    if (!is_started_) return;
    if (at.begin == first_ && at.kind == token_kind::word) return;
    if (is_in_name_) {
      if (continues_name(at, previous)) return;
      end_name(at);
    }
    if (at.is('(')) return open(previous);
    if (at.is(')')) return close();
    if (opaque_ > 0) return;
    frame& now = top();
    if (now.is_new && !begin_inside(now, at)) return;
    if (now.with != with_part::none && take_with(now, at)) return;
    if (now.part == clause::target || now.part == clause::table) {
      if (take_expected(now, at)) return;
    }
    if (at.is(',')) {
      if (now.part == clause::list) now.part = clause::table;
      return;
    }
    if (at.kind == token_kind::word && !previous.is('.')) take_clause(now, at, previous, before);
  }

  constexpr void finish() noexcept {
    if (is_in_name_) add_table(name_end_);
    is_in_name_ = false;
  }

  constexpr void see_comment() noexcept {
    if (is_in_name_) found_.has_all_tables = false;  // in the middle of app /* … */ . city, perhaps
  }
  /// The name before an opening parenthesis is the table of an insert or a definition, and no function.
  constexpr bool is_at_own_name() const noexcept {
    return is_in_name_ ? is_target_name_ : frames_[depth_].with == with_part::as;
  }
  /// Part of it writes, though its main verb may be select.
  constexpr bool writes() const noexcept { return writes_; }
  constexpr bool is_too_deep() const noexcept { return is_too_deep_; }
  /// Of a statement that began with `with`.
  constexpr statement_class main_verb() const noexcept { return frames_[0].verb; }

 private:
  enum class clause : std::uint8_t {
    other,
    target,  // a name follows, behind words like `into` and `if not exists`
    table,   // a name or a parenthesis follows
    list,    // behind a name: another one may follow a comma
  };
  enum class with_part : std::uint8_t { none, name, as, after };

  struct frame {
    clause part = clause::other;
    with_part with = with_part::none;
    statement_class verb = statement_class::none;
    std::uint8_t ctes = 0;  // known before it was opened
    bool is_new = true;
    bool is_query = false;  // `from` is a clause in it, and no part of extract(year from …)
    bool is_from = false;   // stands where a table may stand
    bool is_cte_body = false;
    bool is_recursive = false;
    bool has_from = false;
    bool has_using = false;
    bool writes_list = false;
    bool takes_several = false;
  };
  static constexpr std::uint32_t most_frames = 24;
  static constexpr std::uint8_t most_ctes = 16;

  constexpr frame& top() noexcept { return frames_[depth_]; }
  constexpr std::string_view text_of(std::uint32_t begin, std::uint32_t end) const noexcept {
    return text_.substr(begin, end - begin);
  }
  constexpr std::string_view text_of(const token& at) const noexcept { return text_of(at.begin, at.end); }
  constexpr bool is_name(const token& at) const noexcept {
    return at.kind == token_kind::word || at.kind == token_kind::quoted ||
           (at.kind == token_kind::string && dialect_ == dialect::sqlite);  // SQLite takes 'city' for a name there
  }

  constexpr void begin_verb(frame& now, statement_class verb, std::uint64_t key) noexcept {
    now.verb = verb;
    now.is_new = false;
    now.is_query = verb <= statement_class::merge || verb == statement_class::definition;
    switch (verb) {
      case statement_class::select:
        now.part = key == word_key("table") ? clause::table : clause::other;
        return;
      case statement_class::insert:
      case statement_class::update:
      case statement_class::merge:
        now.takes_several = verb == statement_class::update;
        now.part = clause::target;
        now.writes_list = writes_ = true;
        return;
      case statement_class::remove:
        writes_ = true;
        return;
      case statement_class::definition:
        now.takes_several = key == word_key("drop") || key == word_key("truncate");
        now.writes_list = true;
        if (key == word_key("truncate")) now.part = clause::target;
        return;
      default:
        return;
    }
  }

  constexpr void open(const token& previous) noexcept {
    if (opaque_ > 0 || depth_ + 1 == most_frames) {
      ++opaque_;
      is_too_deep_ = true;
      found_.has_all_tables = false;
      return;
    }
    frame& now = top();
    if (now.is_new) {
      now.is_new = false;
      if (now.is_from) now.part = clause::table, now.is_query = true;
    }
    frame inner;
    inner.ctes = cte_count_;
    if (now.part == clause::table) {
      inner.is_from = true;
      now.part = clause::list;
    } else if (now.part == clause::target) {
      now.part = clause::other;
      found_.has_all_tables = false;
    }
    inner.is_cte_body = now.with == with_part::as && previous.kind == token_kind::word &&
                        (previous.key == word_key("as") || equals_ignoring_case(text_of(previous), "materialized"));
    frames_[++depth_] = inner;
  }

  constexpr void close() noexcept {
    if (opaque_ > 0) {
      --opaque_;
      return;
    }
    if (depth_ == 0) return;
    const frame inner = top();
    --depth_;
    cte_count_ = inner.ctes;
    if (!inner.is_cte_body) return;
    frame& now = top();
    now.with = with_part::after;
    if (!hides_at_once(now)) add_cte();
  }

  // The first token behind an opening parenthesis; false when that was all of it.
  constexpr bool begin_inside(frame& now, const token& at) noexcept {
    now.is_new = false;
    if (at.kind == token_kind::word) {
      if (at.key == word_key("with")) {
        now.is_query = true;
        now.with = with_part::name;
        return false;
      }
      const statement_class verb = class_of_word(at.key, {});
      if (is_query_word(at.key) || (now.is_cte_body && verb <= statement_class::merge)) {
        begin_verb(now, verb, at.key);
        return false;
      }
    }
    if (now.is_from) {
      now.is_query = true;
      now.verb = statement_class::select;
      now.part = clause::table;
    }
    return true;
  }

  // with [recursive] name [(columns)] as (…), …; true when the token belongs to it.
  constexpr bool take_with(frame& now, const token& at) noexcept {
    switch (now.with) {
      case with_part::name:
        if (equals_ignoring_case(text_of(at), "recursive")) {
          now.is_recursive = true;
        } else if (is_name(at)) {
          cte_ = {at.begin, at.end};
          if (hides_at_once(now)) add_cte();
          now.with = with_part::as;
        }
        return true;
      case with_part::as:
        return true;
      case with_part::after: {
        if (at.is(',')) {
          now.with = with_part::name;
          return true;
        }
        if (at.kind != token_kind::word) return true;
        const statement_class verb = class_of_word(at.key, {});
        if (verb == statement_class::none || verb > statement_class::merge) return true;  // search …, cycle …
        now.with = with_part::none;
        begin_verb(now, verb, at.key);
        return true;
      }
      case with_part::none:
        break;
    }
    return false;
  }

  // Whether the name stands for the expression in its own body already, and not for a table.
  constexpr bool hides_at_once(const frame& now) const noexcept {
    return now.is_recursive || dialect_ == dialect::sqlite;
  }

  constexpr void add_cte() noexcept {
    if (cte_count_ < most_ctes) ctes_[cte_count_++] = cte_;  // one too many is reported as a table
  }

  constexpr bool is_cte(std::string_view name) const noexcept {
    const bool is_plain = class_of(name.front()) == class_word_start;
    for (std::uint8_t i = 0; i < cte_count_; ++i) {
      const std::string_view known = text_of(ctes_[i].begin, ctes_[i].end);
      const bool are_plain = is_plain && class_of(known.front()) == class_word_start;
      if (known == name || (are_plain && equals_ignoring_case(known, name))) return true;
    }
    return false;
  }

  constexpr bool take_expected(frame& now, const token& at) noexcept {
    if (at.kind == token_kind::word) {
      if (at.key == word_key("only") || at.key == word_key("lateral")) return true;
      if (now.part == clause::target && is_modifier(at)) return true;
      if (is_clause_word(at)) {
        now.part = clause::other;
        found_.has_all_tables = false;
        return false;
      }
      if (is_into_) {
        is_into_ = false;
        if (at.key == word_key("outfile") || at.key == word_key("dumpfile")) {
          now.part = clause::other;
          return true;
        }
      }
    }
    if (!is_name(at)) {
      if (is_into_ && at.is('@')) found_.makes_table = false;  // select … into @variable
      is_into_ = false;
      now.part = clause::other;
      found_.has_all_tables = found_.has_all_tables && at.is('@');
      return false;
    }
    if (at.kind == token_kind::quoted && (text_[at.begin] | 0x20) == 'u') found_.has_all_tables = false;  // U&"…"
    is_in_name_ = true;
    is_target_name_ = now.part == clause::target;
    name_begin_ = at.begin;
    name_end_ = at.end;
    return true;
  }

  constexpr bool is_modifier(const token& at) const noexcept {
    switch (at.key) {
      case word_key("into"):
      case word_key("or"):
      case word_key("replace"):
      case word_key("ignore"):
      case word_key("abort"):
      case word_key("fail"):
      case word_key("rollback"):
      case word_key("delayed"):
      case word_key("if"):
      case word_key("not"):
      case word_key("exists"):
      case word_key("table"):
      case word_key("temp"):
      case word_key("unlogged"):
      case word_key("from"):
        return true;
      default:
        return at.key == 0 &&
               (equals_ignoring_case(text_of(at), "temporary") || equals_ignoring_case(text_of(at), "low_priority") ||
                equals_ignoring_case(text_of(at), "high_priority"));
    }
  }

  static constexpr bool is_clause_word(const token& at) noexcept {
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

  constexpr bool continues_name(const token& at, const token& previous) noexcept {
    if (!at.is('.') && !(previous.is('.') && is_name(at))) return false;
    if (at.kind == token_kind::quoted && (text_[at.begin] | 0x20) == 'u') found_.has_all_tables = false;
    name_end_ = at.end;
    return true;
  }

  constexpr void end_name(const token& at) noexcept {
    is_in_name_ = false;
    frame& now = top();
    if (!at.is('(') || is_target_name_) add_table(name_end_);  // else a function that gives rows
    now.part = is_target_name_ && !now.takes_several ? clause::other : clause::list;
  }

  constexpr void add_table(std::uint32_t end) noexcept {
    const bool is_written = top().writes_list;
    const std::string_view name = text_of(name_begin_, end);
    if (!is_written && name.find('.') == std::string_view::npos && is_cte(name)) return;
    for (std::uint8_t i = 0; i < found_.table_count; ++i) {
      table_place& known = found_.tables[i];
      if (text_of(known.begin, known.end) == name) {
        known.is_written = known.is_written || is_written;
        return;
      }
    }
    if (found_.table_count == classification::most_tables) {
      found_.has_all_tables = false;
      return;
    }
    found_.tables[found_.table_count++] = {name_begin_, end, is_written};
  }

  constexpr void take_clause(frame& now, const token& at, const token& previous, const token& before) noexcept {
    if (!now.is_query) {
      if (at.key != word_key("select")) return;
      now.is_query = true;  // behind another query in parentheses
      if (now.verb == statement_class::none) now.verb = statement_class::select;
      return;
    }
    switch (at.key) {
      case word_key("from"):
        if (previous.key == word_key("distinct") && (before.key == word_key("is") || before.key == word_key("not"))) {
          return;
        }
        now.writes_list = now.verb == statement_class::remove && !now.has_from;
        now.takes_several = true;
        now.has_from = true;
        now.part = clause::table;
        return;
      case word_key("join"):
        now.part = clause::table;
        return;
      case word_key("using"):
        if ((now.verb != statement_class::remove && now.verb != statement_class::merge) || now.has_using) return;
        now.has_using = true;
        now.writes_list = false;
        now.part = clause::table;
        return;
      case word_key("into"):
        if (now.verb != statement_class::select) return;
        found_.makes_table = is_into_ = true;
        now.writes_list = true;
        now.takes_several = false;
        now.part = clause::target;
        return;
      case word_key("table"):
        if (now.verb == statement_class::definition ? !has_object_ : is_between_queries(previous)) {
          now.part = now.verb == statement_class::definition ? clause::target : clause::table;
          has_object_ = true;
        }
        return;
      case word_key("view"):
      case word_key("on"):
        if (now.verb == statement_class::definition && !has_object_) {
          now.part = clause::target;
          has_object_ = true;
        }
        return;
      case word_key("update"):
      case word_key("share"):  // for update, for no key update, for share; lock in share mode
        if (now.verb == statement_class::select &&
            (previous.key == word_key("for") || previous.key == word_key("key") || previous.key == word_key("in"))) {
          found_.locks_rows = true;
        }
        return;
      case word_key("set"):
      case word_key("where"):
      case word_key("group"):
      case word_key("having"):
      case word_key("order"):
      case word_key("limit"):
      case word_key("offset"):
      case word_key("fetch"):
      case word_key("window"):
      case word_key("union"):
      case word_key("except"):
      case word_key("values"):
      case word_key("select"):
      case word_key("for"):
      case word_key("do"):
      case word_key("when"):
        now.part = clause::other;
        return;
      default:
        if (at.key != 0) return;
        if (equals_ignoring_case(text_of(at), "intersect") || equals_ignoring_case(text_of(at), "returning")) {
          now.part = clause::other;
        } else if (equals_ignoring_case(text_of(at), "straight_join")) {
          now.part = clause::table;
        }
        return;
    }
  }

  // union all table city
  constexpr bool is_between_queries(const token& previous) const noexcept {
    return previous.key == word_key("union") || previous.key == word_key("all") || previous.key == word_key("except") ||
           previous.key == word_key("as") || equals_ignoring_case(text_of(previous), "intersect");
  }

  struct span {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };

  std::string_view text_;
  dialect dialect_;
  classification& found_;
  std::array<frame, most_frames> frames_{};
  std::array<span, most_ctes> ctes_{};
  span cte_{};
  std::uint32_t depth_ = 0;
  std::uint32_t opaque_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t name_begin_ = 0;
  std::uint32_t name_end_ = 0;
  std::uint8_t cte_count_ = 0;
  bool is_started_ = false;
  bool is_in_name_ = false;
  bool is_target_name_ = false;
  bool is_into_ = false;
  bool has_object_ = false;
  bool writes_ = false;
  bool is_too_deep_ = false;
};

}  // namespace detail
}  // namespace dovetail::inline v0
