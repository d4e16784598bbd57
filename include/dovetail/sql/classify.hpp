// Classifies a statement by its tokens: what it is, whether it reads only, which tables it names.
#pragma once

#include <dovetail/sql/function_words.hpp>
#include <dovetail/sql/leading_word.hpp>
#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/routine_body.hpp>
#include <dovetail/sql/statement_class.hpp>
#include <dovetail/sql/statement_names.hpp>
#include <dovetail/sql/table_finder.hpp>
#include <dovetail/sql/token_run.hpp>

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

/// One pass over the tokens of one statement. Usable in constant expressions; allocates nothing.
class classifier : private statement_names {
 public:
  /// `source` reads the text, and has read nothing yet.
  constexpr classifier(std::string_view text, dialect d, lexer& source) noexcept
      : statement_names(text), dialect_(d), source_(source), tables_(text, d, found_) {}
  classifier(const classifier&) = delete;
  classifier& operator=(const classifier&) = delete;

  constexpr void run() noexcept { read_tokens(*this, source_, text_); }

  /// The marks of the tokens that can tell anything behind those that were taken.
  constexpr std::uint8_t wanted() const noexcept { return wanted_; }
  constexpr bool wants(const token& at) const noexcept { return (at.marks & wanted_) != 0; }

  /// Takes a token, and looks at the two before it. False when it is behind the statement's end; then `found` is all.
  [[gnu::noinline]] constexpr bool take_next(const token& at, const token& previous, const token& before) noexcept {
    previous_ = &previous;
    before_ = &before;
    if (!is_ended_ && at.kind != token_kind::end) {
      wanted_ == mark_any ? take(at) : take_quietly(at);
      wanted_ = marks_wanted();
      return true;
    }
    if (at.is(';')) return true;
    if (at.kind != token_kind::end) {
      found_.has_more = true;
      found_.more_at = at.begin;
    }
    found_.problem = at.kind == token_kind::end ? source_.problem() : sql_problem{};
    if (found_.has_conditional_comment) found_.comment_at = conditional_at_;
    finish();
    wanted_ = 0;
    return false;
  }

  /// Sees the comment before the token that was read last.
  constexpr void see_comment() noexcept {
    if (!found_.has_comment) found_.comment_at = source_.comment();
    found_.has_comment = true;
    found_.has_conditional_comment = source_.conditional_comment() != lexer::no_comment;
    conditional_at_ = source_.conditional_comment();
    tables_.see_comment();
  }

  constexpr const classification& found() const noexcept { return found_; }

 private:
  enum class expects : std::uint8_t {
    first_word,
    explain_target,
    set_what,  // set [session | local | global] …
    prepare_what,
    start_what,
    load_what,
    object,  // create … table
    pragma_name,
    pragma_rest,
    nothing,
  };

  // Where no name is expected most tokens tell nothing: `take` would do nothing.
  constexpr std::uint8_t marks_wanted() const noexcept {
    const bool is_quiet = tables_.is_idle() && expects_ == expects::nothing && !is_ended_ &&
                          object_ != object_kind::routine && !awaits_name();
    if (!is_quiet) return mark_any;
    std::uint8_t wanted = mark_shape | mark_clause;
    if (dialect_ == dialect::postgres) wanted |= mark_name;
    if (tables_.is_in_list()) wanted |= mark_comma;
    return wanted;
  }

  constexpr void take(const token& at) noexcept {
    if (at.is(';') && depth_ == 0 && !body_.is_inside()) {
      if (found_.what != statement_class::none || expects_ != expects::first_word) end_statement(at);
      return;
    }
    if (expects_ == expects::first_word) {
      begin_statement(at);
    } else if (expects_ != expects::nothing) {
      take_early(at);
    }
    if (at.is('(')) {
      note_call();
      ++depth_;
    } else if (at.is(')') && depth_ > 0) {
      --depth_;
    }
    const bool is_no_name = (at.marks & mark_name) == 0 && !awaits_name();
    if (dialect_ == dialect::postgres && !is_no_name) see_name(at);
    if (is_create_ && object_ == object_kind::routine) body_.take(dialect_, at, *previous_, depth_ == 0);
    tables_.take(at, *previous_, *before_);
    if (at.kind == token_kind::word) take_word(at);
  }

  // As `take` does when `marks_wanted` leaves tokens out.
  constexpr void take_quietly(const token& at) noexcept {
    if ((at.marks & mark_name) != 0) return see_name(at);
    if (at.kind == token_kind::word) {
      if (previous_->is('.')) return;
      tables_.take_idle_word(at, *previous_, *before_);
      return take_word(at);
    }
    switch (at.symbol) {
      case '(':
        note_call();
        ++depth_;
        return tables_.open_idle(*previous_);
      case ')':
        if (depth_ > 0) --depth_;
        return tables_.close_idle();
      case ',':
        return tables_.take_idle_comma();
      default:
        if (depth_ == 0) end_statement(at);
        return;
    }
  }

  constexpr void begin_statement(const token& at) noexcept {
    if (at.is('(')) {  // (select …) union …
      found_.begin = at.begin;
      found_.what = statement_class::select;
      expects_ = expects::nothing;
      tables_.begin(statement_class::select, false, at);
      return;
    }
    found_.begin = at.begin;
    expects_ = expects::nothing;
    if (at.kind != token_kind::word) {
      found_.what = statement_class::unknown;
      return;
    }
    if (at.key == word_key("explain") || at.key == word_key("describe") || at.key == word_key("desc")) {
      found_.is_explained = true;
      found_.is_executed = false;
      found_.what = statement_class::show;
      expects_ = expects::explain_target;
      return;
    }
    begin_main(at);
  }

  constexpr void begin_main(const token& at) noexcept {
    expects_ = expects::nothing;
    if (at.key == word_key("with")) {
      found_.what = statement_class::select;
      is_with_ = true;
      return tables_.begin(statement_class::none, true, at);
    }
    found_.what = class_of_word(at.key, text_of(at));
    tables_.begin(found_.what, false, at);
    switch (at.key) {
      case word_key("set"):
        expects_ = expects::set_what;
        break;
      case word_key("prepare"):
        expects_ = expects::prepare_what;
        break;
      case word_key("start"):
        expects_ = expects::start_what;
        break;
      case word_key("load"):
        expects_ = expects::load_what;
        break;
      case word_key("create"):
      case word_key("alter"):
      case word_key("drop"):
      case word_key("comment"):
        is_create_ = at.key == word_key("create");
        expects_ = expects::object;
        break;
      case word_key("pragma"):
        expects_ = expects::pragma_name;
        break;
      case word_key("rename"):
        object_ = object_kind::table;
        break;
      case word_key("truncate"):
        object_ = object_kind::table;
        break;
      default:
        break;
    }
  }

  // Words that decide what the first one meant.
  constexpr void take_early(const token& at) noexcept {
    switch (expects_) {
      case expects::explain_target:
        return take_explained(at);
      case expects::set_what:
        if (at.key == word_key("session") || at.key == word_key("local") || at.key == word_key("global")) return;
        if (is_word(at, "transaction") || is_word(at, "autocommit")) found_.what = statement_class::transaction;
        if (at.is('@') || (at.kind == token_kind::placeholder && at.style == placeholder_style::at)) return;
        break;
      case expects::prepare_what:
        if (is_word(at, "transaction")) found_.what = statement_class::transaction;
        break;
      case expects::start_what:
        if (!is_word(at, "transaction")) found_.what = statement_class::administration;
        break;
      case expects::load_what:
        if (at.key != word_key("data") && at.key != word_key("xml")) found_.what = statement_class::administration;
        break;
      case expects::object:
        if (take_object(at)) break;
        return;
      case expects::pragma_name:
        if (at.is('=') || at.is('(')) {
          const bool is_name = previous_->kind == token_kind::word || previous_->kind == token_kind::quoted;
          if (at.is('(') && is_name && is_reading_pragma(text_of(*previous_), true)) {
            found_.what = statement_class::show;
          }
          expects_ = expects::pragma_rest;
        }
        return;
      case expects::pragma_rest:
        // pragma table_info(t) = 1 is none of SQLite's forms: never taken for a reading one.
        if (at.is('=')) found_.what = statement_class::setting;
        return;
      default:
        break;
    }
    expects_ = expects::nothing;
  }

  constexpr void take_explained(const token& at) noexcept {
    if (depth_ > 0 || at.kind != token_kind::word) {
      if (is_analyze(at)) found_.is_executed = true;
      if (depth_ > 0 && previous_->is('(') && is_query_word(at.key)) begin_main(at);
      return;
    }
    if (is_analyze(at)) {
      found_.is_executed = true;
      return;
    }
    const statement_class target =
        at.key == word_key("with") ? statement_class::select : class_of_word(at.key, text_of(at));
    if (target != statement_class::unknown) begin_main(at);
  }

  // An option's name may stand in quotes; what U&"…" spells is not looked at: it may be this one.
  constexpr bool is_analyze(const token& at) const noexcept {
    if (at.kind != token_kind::quoted) return at.key == word_key("analyze") || at.key == word_key("analyse");
    const std::string_view name = bare_identifier(text_of(at));
    return is_unicode_text(name) || name == "analyze" || name == "analyse";
  }

  // True when it is known what is created, altered or dropped, or cannot be known any more.
  constexpr bool take_object(const token& at) noexcept {
    if (depth_ > 0 || at.is('(')) {
      object_ = object_kind::server;
    } else if (at.kind == token_kind::word) {
      object_ = object_of_word(at.key, text_of(at));
    }
    if (object_ == object_kind::undecided) return false;
    found_.is_server_object = object_ == object_kind::server;
    return true;
  }

  constexpr void note_call() noexcept {
    const token& name = *previous_;
    if (name.kind == token_kind::string && is_spelt()) return note_risk(name);  // U&"…" uescape '!' (
    if (name.kind != token_kind::word && name.kind != token_kind::quoted) return;
    if (tables_.is_at_own_name()) return;  // insert into city(…)
    judge_name(name);
  }

  constexpr void take_word(const token& at) noexcept {
    if (at.key != word_key("union") || previous_->is('.')) return;
    if (!found_.has_union) found_.union_at = at.begin;
    found_.has_union = true;
  }

  constexpr void end_statement(const token& at) noexcept {
    tables_.take(at, *previous_, *before_);
    is_ended_ = true;
  }

  constexpr void finish() noexcept {
    if (found_.what == statement_class::none) return;
    if (expects_ == expects::object) found_.is_server_object = true;
    if (expects_ == expects::pragma_name && is_reading_pragma(pragma_name(), false)) {
      found_.what = statement_class::show;
    }
    tables_.finish();
    if (is_with_ && tables_.main_verb() != statement_class::none) found_.what = tables_.main_verb();
    found_.read_only = judge();
    if (writes_settings()) found_.is_server_setting = true;
    if (found_.what > statement_class::show && found_.what != statement_class::definition)
      found_.has_all_tables = false;
    if (found_.what == statement_class::definition && !(object_ == object_kind::table && !is_create_)) {
      found_.has_all_tables = false;
    }
  }

  constexpr std::string_view pragma_name() const noexcept {
    const token& last = previous_->is(';') ? *before_ : *previous_;
    return last.kind == token_kind::word ? text_of(last) : std::string_view{};
  }

  constexpr tri_state judge() const noexcept {
    if (!found_.is_executed) return tri_state::yes;
    switch (found_.what) {
      case statement_class::select:
        if (tables_.writes() || found_.makes_table || found_.locks_rows) return tri_state::no;
        return tables_.is_too_deep() ? tri_state::unknown : tri_state::yes;
      case statement_class::show:
        return tri_state::yes;
      case statement_class::transaction:
      case statement_class::call:
      case statement_class::copy:
      case statement_class::prepared:
      case statement_class::cursor:
      case statement_class::unknown:
      case statement_class::none:
        return tri_state::unknown;
      default:
        return tri_state::no;
    }
  }

  dialect dialect_;
  lexer& source_;
  table_finder tables_;
  const token* before_ = nullptr;  // of the two before the token that is taken
  std::uint32_t depth_ = 0;
  std::uint32_t conditional_at_ = 0;  // `source_` may have read further than the statement goes
  routine_body body_;
  expects expects_ = expects::first_word;
  std::uint8_t wanted_ = mark_any;
  object_kind object_ = object_kind::undecided;
  bool is_ended_ = false;
  bool is_with_ = false;
  bool is_create_ = false;
};

}  // namespace detail

/// Classifies the first statement of a text; whether another follows is told by `has_more`.
/// Cost: one pass; no allocation. Usable in constant expressions.
constexpr classification classify(dialect d, std::string_view text, const lexis& rules) noexcept {
  detail::lexer source{text, rules};
  detail::classifier pass{text, d, source};
  pass.run();
  return pass.found();
}
constexpr classification classify(dialect d, std::string_view text) noexcept {
  return v0::classify(d, text, lexis_of(d));
}

}  // namespace dovetail::inline v0
