// Finds the tables that a statement names, and what it does besides reading, from its tokens.
#pragma once

#include <dovetail/sql/function_words.hpp>
#include <dovetail/sql/leading_word.hpp>
#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/query_frame.hpp>
#include <dovetail/sql/statement_class.hpp>
#include <dovetail/sql/table_clauses.hpp>
#include <dovetail/sql/table_words.hpp>
#include <dovetail/sql/token_run.hpp>

#include <cstdint>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {
namespace detail {

/// Sees each token of one statement after another. What it is not sure of it reports as a table rather than not.
class table_finder : private table_clauses {
 public:
  constexpr table_finder(std::string_view text, dialect d, classification& found) noexcept
      : table_clauses(text, d, found), ctes_(text) {
    frames_[0] = {};
  }

  /// The statement begins with its main verb, or with `with`.
  constexpr void begin(statement_class verb, bool is_with, const token& at) noexcept {
    is_started_ = found_.has_all_tables = true;
    is_idle_ = false;
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
    if (!is_idle_) {
      take_slowly(at, previous, before);
      return rest(at);
    }
    if (at.kind == token_kind::word) {
      if ((at.marks & mark_clause) != 0 && !previous.is('.')) take_idle_word(at, previous, before);
    } else if (at.is('(')) {
      open_idle(previous);
    } else if (at.is(')')) {
      close_idle();
    } else if (at.is(',')) {
      take_idle_comma();
    }
  }

  // What `take` does where no name is expected, as most tokens find it: with a word of a clause that stands behind no
  // dot, with parentheses and commas. Other tokens tell nothing there.
  constexpr void take_idle_word(const token& at, const token& previous, const token& before) noexcept {
    take_clause(top(), at, previous, before);
    rest(at);
  }
  constexpr void open_idle(const token& previous) noexcept {
    open(previous);
    is_idle_ = false;
  }
  constexpr void close_idle() noexcept {
    close();
    rest({});
  }
  constexpr void take_idle_comma() noexcept {
    take_comma(top());
    rest({});
  }

  constexpr void finish() noexcept {
    if (is_in_name_) add_table(name_end_);
    is_in_name_ = false;
  }

  constexpr void see_comment() noexcept {
    if (is_in_name_) found_.has_all_tables = false;  // in the middle of app /* … */ . city, perhaps
  }
  /// No name is expected: words that are no clause words, and most symbols, tell nothing.
  constexpr bool is_idle() const noexcept { return is_idle_; }
  /// Another table may follow a comma.
  constexpr bool is_in_list() const noexcept { return frames_[depth_].part >= clause::list; }
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
  static constexpr std::uint32_t most_frames = 24;

  constexpr frame& top() noexcept { return frames_[depth_]; }
  // Whether no name is expected behind a token.
  constexpr void rest(const token& at) noexcept {
    const frame& now = top();
    is_idle_ = is_started_ && !is_in_name_ && opaque_ == 0 && now.is_begun && now.with == with_part::none &&
               now.part != clause::target && now.part != clause::table && at.key != word_key("in");
  }
  [[gnu::noinline]] constexpr void take_slowly(const token& at, const token& previous, const token& before) noexcept {
    if (!is_started_) return;
    if (at.begin == first_ && at.kind == token_kind::word) return;
    if (is_in_name_) {
      if (is_target_name_ && top().verb == statement_class::definition && ends_condition(at, previous)) {
        is_in_name_ = false;
        return;
      }
      if (continues_name(at, previous)) return;
      if (is_rows_from(at)) {
        is_in_name_ = false;  // what is expected now is the parenthesis, whose names are as those behind any `from`
        return;
      }
      // app.1city and app.$city, which are names to MySQL
      if (at.kind == token_kind::number || previous.is('.')) found_.has_all_tables = false;
      end_name(at);
    }
    if (at.is('(')) return open(previous);
    if (at.is(')')) return close();
    if (opaque_ > 0) return see_spelling(at);
    frame& now = top();
    if (!now.is_begun && !begin_inside(now, at)) return;
    if (now.with != with_part::none && take_with(now, at)) return;
    if (now.part == clause::target || now.part == clause::table) {
      if (take_expected(now, at, previous)) return;
    } else if (is_table_operand(at, previous, dialect_)) {
      if (before.key == word_key("lock") && at.key == word_key("share")) found_.locks_rows = true;
      is_operand_ = true;
      is_target_name_ = false;
      return begin_name(at);
    }
    if (at.is(',')) return take_comma(now);
    if (at.kind == token_kind::word && !previous.is('.')) take_clause(now, at, previous, before);
  }

  constexpr void take_comma(frame& now) noexcept {
    if (now.part == clause::list) now.part = clause::table;
    if (now.part == clause::left) found_.has_all_tables = false;
  }

  constexpr void begin_verb(frame& now, statement_class verb, std::uint64_t key) noexcept {
    now.verb = verb;
    now.is_begun = true;
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
    if (!now.is_begun) {
      now.is_begun = true;
      if (now.is_from) now.part = clause::table, now.is_query = now.has_from = true;
    }
    frame inner{};
    inner.ctes = ctes_.count();
    if (now.part == clause::table) {
      inner.is_from = true;
      now.part = clause::list;
    } else if (now.part == clause::target) {
      now.part = clause::other;
      found_.has_all_tables = false;
    } else if (now.part == clause::left && previous.key == word_key("as") && dialect_ != dialect::postgres) {
      now.part = clause::other;  // window w as (…)
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
    const frame& inner = frames_[depth_--];
    ctes_.shrink(inner.ctes);
    if (!inner.is_cte_body) return;
    frame& now = top();
    now.with = with_part::after;
    if (!hides_at_once(now)) ctes_.add(now.cte);
  }

  // The first token behind an opening parenthesis; false when that was all of it.
  constexpr bool begin_inside(frame& now, const token& at) noexcept {
    now.is_begun = true;
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
      now.is_query = now.has_from = true;
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
        } else if (is_table_name(at, dialect_)) {
          now.cte = {at.begin, at.end};
          if (hides_at_once(now)) ctes_.add(now.cte);
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

  constexpr bool take_expected(frame& now, const token& at, const token& previous) noexcept {
    if (at.kind == token_kind::word) {
      if (at.key == word_key("only") && dialect_ == dialect::postgres) return true;
      if (at.key == word_key("lateral") && dialect_ != dialect::sqlite) return true;
      if (now.part == clause::target && is_target_modifier(at, text_of(at), previous, is_into_, dialect_)) return true;
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
    if (!is_table_name(at, dialect_)) {
      if (is_into_ && at.is('@')) found_.makes_table = made_table_;  // select … into @variable
      is_into_ = false;
      now.part = clause::other;
      found_.has_all_tables = found_.has_all_tables && at.is('@');
      return false;
    }
    see_spelling(at);
    is_target_name_ = now.part == clause::target;
    begin_name(at);
    return true;
  }

  constexpr void begin_name(const token& at) noexcept {
    is_in_name_ = true;
    name_begin_ = at.begin;
    name_end_ = at.end;
  }

  // U&"…" may spell the name of any table, by what stands behind it too: uescape '!'.
  constexpr void see_spelling(const token& at) noexcept {
    if (at.kind != token_kind::quoted || !is_unicode_text(text_of(at))) return;
    found_.has_spelt_table = true;
    found_.has_all_tables = false;
    note_risk(found_, at);
  }

  constexpr bool continues_name(const token& at, const token& previous) noexcept {
    if (!at.is('.') && !(previous.is('.') && is_table_name(at, dialect_))) return false;
    see_spelling(at);
    name_end_ = at.end;
    return true;
  }

  // rows from (f(), …), which stands for a table; "rows" in quotes is one.
  constexpr bool is_rows_from(const token& at) const noexcept {
    return dialect_ == dialect::postgres && at.key == word_key("from") && !is_target_name_ && !is_operand_ &&
           equals_ignoring_case(text_of(name_begin_, name_end_), "rows");
  }

  constexpr void end_name(const token& at) noexcept {
    is_in_name_ = false;
    frame& now = top();
    if (!at.is('(') || is_target_name_) add_table(name_end_);  // else a function that gives rows
    if (std::exchange(is_operand_, false)) return;             // the clause goes on
    now.part = is_target_name_ && !now.takes_several ? clause::other : clause::list;
  }

  constexpr void add_table(std::uint32_t end) noexcept {
    const bool is_written = top().writes_list && !is_operand_;
    const std::string_view name = text_of(name_begin_, end);
    if (!is_written && name.find('.') == std::string_view::npos && ctes_.has(name, dialect_)) return;
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

  frame frames_[most_frames];  // those up to `depth_`
  cte_names ctes_;
  std::uint32_t depth_ = 0;
  std::uint32_t opaque_ = 0;
  std::uint32_t first_ = 0;
  std::uint32_t name_begin_ = 0;
  std::uint32_t name_end_ = 0;
  bool is_started_ = false;
  bool is_idle_ = false;  // outside of names, and none is expected
  bool is_in_name_ = false;
  bool is_target_name_ = false;
  bool is_operand_ = false;  // the name stands behind `in`
  bool writes_ = false;
  bool is_too_deep_ = false;
};

}  // namespace detail
}  // namespace dovetail::inline v0
