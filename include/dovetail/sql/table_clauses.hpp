// What the words of a statement's clauses say of the tables that follow them, and of what it does besides reading.
#pragma once

#include <dovetail/sql/leading_word.hpp>
#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/query_frame.hpp>
#include <dovetail/sql/statement_class.hpp>
#include <dovetail/sql/table_words.hpp>

#include <cstdint>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {
namespace detail {

/// Sees the words outside of names, and moves the frame that they stand in from clause to clause. Base of the finder,
/// which knows where names begin and end.
class table_clauses {
 protected:
  using clause = table_clause;
  using frame = query_frame;

  constexpr table_clauses(std::string_view text, dialect d, classification& found) noexcept
      : text_(text), dialect_(d), found_(found) {}

  constexpr std::string_view text_of(std::uint32_t begin, std::uint32_t end) const noexcept {
    return text_.substr(begin, end - begin);
  }
  constexpr std::string_view text_of(const token& at) const noexcept { return text_of(at.begin, at.end); }

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

 private:
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

 protected:
  std::string_view text_;
  dialect dialect_;
  classification& found_;
  bool is_into_ = false;     // behind the `into` of a select
  bool made_table_ = false;  // by an `into` before this one
  bool has_object_ = false;  // of a definition: what is made or changed has its name
};

}  // namespace detail
}  // namespace dovetail::inline v0
