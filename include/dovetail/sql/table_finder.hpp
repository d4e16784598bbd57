// Finds the tables that a statement names, and what it does besides reading, from its tokens.
#pragma once

#include <dovetail/sql/query_frame.hpp>
#include <dovetail/sql/leading_word.hpp>
#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/statement_class.hpp>
#include <dovetail/sql/table_words.hpp>
#include <dovetail/sql/token_run.hpp>

#include <cstdint>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {
namespace detail {

/// Sees each token of one statement after another. What it is not sure of it reports as a table rather than not.
class table_finder {
 public:
  constexpr table_finder(std::string_view text, dialect d, classification& found) noexcept
      : text_(text), dialect_(d), found_(found), ctes_(text) {
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
  using clause = table_clause;
  using frame = query_frame;
  static constexpr std::uint32_t most_frames = 24;

  constexpr frame& top() noexcept { return frames_[depth_]; }
  // Whether no name is expected behind a token.
  constexpr void rest(const token& at) noexcept {
    const frame& now = top();
    is_idle_ = is_started_ && !is_in_name_ && opaque_ == 0 && now.is_begun && now.with == with_part::none &&
               now.part != clause::target && now.part != clause::table && at.key != word_key("in");
  }
  constexpr std::string_view text_of(std::uint32_t begin, std::uint32_t end) const noexcept {
    return text_.substr(begin, end - begin);
  }
  constexpr std::string_view text_of(const token& at) const noexcept { return text_of(at.begin, at.end); }
  [[gnu::noinline]] constexpr void take_slowly(const token& at, const token& previous, const token& before) noexcept {
    if (!is_started_) return;
    if (at.begin == first_ && at.kind == token_kind::word) return;
    if (is_in_name_) {
      if (is_target_name_ && top().verb == statement_class::definition && ends_condition(at, previous)) {
        is_in_name_ = false;
        return;
      }
      if (continues_name(at, previous)) return;
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
    if (at.kind != token_kind::quoted || (text_[at.begin] | 0x20) != 'u') return;
    found_.has_spelt_table = true;
    found_.has_all_tables = false;
    if (found_.risk_size != 0) return;
    found_.risk_at = at.begin;
    found_.risk_size = at.end - at.begin;
  }

  constexpr bool continues_name(const token& at, const token& previous) noexcept {
    if (!at.is('.') && !(previous.is('.') && is_table_name(at, dialect_))) return false;
    see_spelling(at);
    name_end_ = at.end;
    return true;
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

  constexpr void take_clause(frame& now, const token& at, const token& previous, const token& before) noexcept {
    if (!now.is_query) {
      if (at.key != word_key("select")) return;
      now.is_query = true;  // behind another query in parentheses
      if (now.verb == statement_class::none) now.verb = statement_class::select;
      return;
    }
    if (!is_clause(now, at, previous, before)) return;
    switch (at.key) {
      case word_key("from"):
        if (previous.key == word_key("distinct") && (before.key == word_key("is") || before.key == word_key("not"))) {
          if (!now.has_from && may_be_member(before)) found_.has_all_tables = false;
          return;
        }
        now.writes_list = now.verb == statement_class::remove && !now.has_from;
        now.takes_several = true;
        now.has_from = true;
        now.part = clause::table;
        return;
      case word_key("join"):
        if (may_join(now)) now.part = clause::table;
        return;
      case word_key("using"):
        if ((now.verb != statement_class::remove && now.verb != statement_class::merge) || now.has_using) return;
        now.has_using = true;
        now.writes_list = false;
        now.part = clause::table;
        return;
      case word_key("into"):
        if (now.verb != statement_class::select) return;
        made_table_ = std::exchange(found_.makes_table, true);
        is_into_ = true;
        now.writes_list = true;
        now.takes_several = false;
        now.part = clause::target;
        return;
      case word_key("table"):
        if (now.verb == statement_class::definition) {
          if (!has_object_) now.part = clause::target;
          has_object_ = true;
        } else if (is_before_query(previous, text_of(previous), before, text_of(before)) ||
                   (now.verb == statement_class::insert && !now.has_source)) {
          now.has_source = true;
          now.writes_list = false;
          now.part = clause::table;
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
      case word_key("share"):
        take_update(now, previous);
        return;
      default:
        if (at.key == 0 && dialect_ == dialect::mysql && equals_ignoring_case(text_of(at), "straight_join")) {
          if (may_join(now)) now.part = clause::table;
          return;
        }
        return take_end(now, at, previous, before);
    }
  }

  // False: the word is a label, an alias or a part of a variable's name, and begins no clause.
  constexpr bool is_clause(const frame& now, const token& at, const token& previous, const token& before) noexcept {
    if (dialect_ == dialect::mysql) {
      if (previous.is('@') && previous.end == at.begin) return false;
      if (is_in_word(at, previous)) found_.has_all_tables = false;
    }
    if (previous.key != word_key("as") || now.verb == statement_class::definition || before.is('.')) return true;
    if (dialect_ == dialect::mysql) {
      if (before.is('@') && before.end == previous.begin) return true;
      if (is_in_word(previous, before)) found_.has_all_tables = false;
    }
    if (before.key != word_key("as")) return false;
    found_.has_all_tables = false;  // a label `as`, or a column t.as with a label
    return true;
  }

  // MySQL's names may begin with digits and $, and variables with @ and anything.
  static constexpr bool is_in_word(const token& at, const token& previous) noexcept {
    if (previous.is('@')) return true;
    return previous.end == at.begin && (previous.kind == token_kind::number || previous.is('$'));
  }

  // Whether a dot may stand before a word: what is behind a comment is not looked for.
  constexpr bool may_be_member(const token& at) const noexcept {
    if (found_.has_comment) return true;
    std::uint32_t to = at.begin;
    while (to > 0 && (class_of(text_[to - 1]) & class_space) != 0) --to;
    return to > 0 && text_[to - 1] == '.';
  }

  // A `join` before any table is PostgreSQL's label: select id join from city.
  static constexpr bool may_join(const frame& now) noexcept {
    return now.has_from || now.has_using || now.verb == statement_class::update ||
           now.verb == statement_class::definition;
  }

  // for update, for no key update, for share; lock in share mode; do update, on duplicate key update
  constexpr void take_update(frame& now, const token& previous) noexcept {
    const bool is_lock = previous.key == word_key("for") || previous.key == word_key("key");
    if (is_lock || previous.key == word_key("do")) now.part = clause::other;
    if (now.verb == statement_class::select && (is_lock || previous.key == word_key("in"))) found_.locks_rows = true;
  }

  constexpr void take_end(frame& now, const token& at, const token& previous, const token& before) noexcept {
    if (at.key == word_key("select") || at.key == word_key("values")) now.has_source = true;
    if (at.key == word_key("select") && now.verb != statement_class::remove) now.has_from = false;
    switch (end_of_tables(at, text_of(at), dialect_)) {
      case tables_end::none:
        return;
      case tables_end::certain:
        break;
      case tables_end::unless_hint:  // use index for order by (a); and mode() within group (…)
        if (!before.is('.') && (previous.key == word_key("for") || previous.key == word_key("within"))) return;
        break;
      case tables_end::of_merge:
        if (now.verb != statement_class::merge) return;
        break;
      case tables_end::of_update:
        if (now.verb == statement_class::update && !now.has_from) break;
        [[fallthrough]];
      case tables_end::perhaps:
        if (now.part == clause::list) now.part = clause::left;
        return;
    }
    now.part = clause::other;
  }

  std::string_view text_;
  dialect dialect_;
  classification& found_;
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
  bool is_into_ = false;
  bool made_table_ = false;  // by an `into` before this one
  bool has_object_ = false;
  bool writes_ = false;
  bool is_too_deep_ = false;
};

}  // namespace detail
}  // namespace dovetail::inline v0
