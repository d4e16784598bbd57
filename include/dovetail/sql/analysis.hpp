// Reads a statement's text once: what it does, its parameters, its columns, and the first mistake in it.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/sql/insert_counts.hpp>
#include <dovetail/sql/leading_word.hpp>
#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/placeholder_marks.hpp>
#include <dovetail/sql/placeholders.hpp>
#include <dovetail/sql/routine_body.hpp>
#include <dovetail/sql/select_list.hpp>
#include <dovetail/sql/token_run.hpp>
#include <dovetail/sql/traits.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

/// One pass over the tokens. Usable in constant expressions; allocates nothing.
class analyser {
 public:
  constexpr analyser(std::string_view text, dialect d, const lexis& rules, const argument_view& arguments,
                     parameter_place* places, output_column* columns) noexcept
      : text_(text),
        dialect_(d),
        mixes_arguments_(arguments.style == argument_style::mixed),
        list_(columns),
        source_(text, rules),
        placeholders_(text, d, rules, arguments, places, traits_) {}
  analyser(const analyser&) = delete;
  analyser& operator=(const analyser&) = delete;

  constexpr void run() noexcept {
    if (begin()) read_tokens(*this, source_, text_);
  }

  /// Before the first token. False when there is no need to read any.
  constexpr bool begin() noexcept {
    marks_.clear();
    if (mixes_arguments_) fail(sql_mistake::named_and_positional_arguments, 0);
    return !mixes_arguments_;
  }

  /// The marks of the tokens that can tell anything behind those that were taken.
  constexpr std::uint8_t wanted() const noexcept { return wanted_; }
  constexpr bool wants(const token& at) const noexcept { return (at.marks & wanted_) != 0; }

  /// Takes a token, and looks at the two before it. False when it is the last one: the text's end, or a mistake.
  [[gnu::noinline]] constexpr bool take_next(const token& at, const token& previous, const token& before) noexcept {
    previous_ = &previous;
    before_ = &before;
    if (placeholders_.is_open()) placeholders_.settle(at);
    if (at.kind == token_kind::end) {
      if (!adopt(source_.problem()) && !adopt(placeholders_.problem())) finish();
      return false;
    }
    take(at);
    if (adopt(placeholders_.problem())) return false;
    wanted_ = marks_wanted(at);
    return true;
  }

  /// Reads the text, and has read nothing before the first token is taken.
  constexpr lexer& source() noexcept { return source_; }
  constexpr std::string_view text() const noexcept { return text_; }
  constexpr const sql_problem& problem() const noexcept { return problem_; }
  constexpr const statement_traits& traits() const noexcept { return traits_; }
  constexpr const placeholder_marks& marks() const noexcept { return marks_; }
  /// The columns that come back, when `traits().returns_rows`.
  constexpr const select_list& columns() const noexcept { return list_; }
  /// The text holds literals: text in quotes, numbers.
  constexpr bool has_literals() const noexcept { return has_literals_; }
  constexpr bool has_columns() const noexcept { return list_role_ == role::output; }
  constexpr std::uint32_t list_begin() const noexcept { return list_begin_; }

 private:
  enum class role : std::uint8_t { none, output, insert_source };

  // The other tokens that may follow tell nothing: `take` would do nothing.
  constexpr std::uint8_t marks_wanted(const token& at) const noexcept {
    if (is_empty_ || is_ended_ || placeholders_.is_open()) return mark_any;
    if (depth_ != 0) {
      if (at.is('(')) return mark_any;
      return depth_ == 1 ? mark_shape | mark_value | mark_comma : mark_shape | mark_value;
    }
    if (in_list_ || awaits_main_word_ || traits_.kind == statement_kind::definition) return mark_any;
    if (insert_.is_open()) return mark_any;
    return mark_shape | mark_value | mark_clause;
  }

  constexpr void fail(sql_mistake what, const token& at, std::uint32_t expected = 0, std::uint32_t given = 0) noexcept {
    if (!problem_) {
      problem_ = {.what = what, .at = at.begin, .size = at.end - at.begin, .expected = expected, .given = given};
    }
  }
  constexpr void fail(sql_mistake what, std::uint32_t at, std::uint32_t expected = 0,
                      std::uint32_t given = 0) noexcept {
    fail(what, token{.begin = at, .end = at}, expected, given);
  }

  // True when there is a problem, this one or another.
  constexpr bool adopt(const sql_problem& found) noexcept {
    if (!problem_ && found) problem_ = found;
    return static_cast<bool>(problem_);
  }

  [[gnu::always_inline]] constexpr void take(const token& found) noexcept {
    if (is_ended_ && !found.is(';')) {
      has_literals_ = has_literals_ || found.kind == token_kind::string || found.kind == token_kind::number;
      return fail(sql_mistake::several_statements, found.begin);
    }
    if (found.kind == token_kind::word) return take_word(found);
    if (found.kind == token_kind::symbol) return take_symbol(found);
    if (found.kind == token_kind::placeholder) {
      marks_.add(found.begin);
      add_to_list(found);
      return placeholders_.take(found, {*previous_, *before_, parentheses_ > 0 && (in_mask_ & 1) != 0});
    }
    if (found.kind == token_kind::escape) {
      marks_.add(found.begin);
      needs_rewriting_ = true;
    } else if (found.kind == token_kind::string || found.kind == token_kind::number) {
      has_literals_ = true;
    }
    add_to_list(found);
  }

  constexpr void add_to_list(const token& found) noexcept {
    is_empty_ = false;
    if (in_list_ && depth_ == 0) list_.add(found);
  }

  [[gnu::always_inline]] constexpr void take_symbol(const token& found) noexcept {
    switch (found.symbol) {
      case '(':
        return open_parenthesis();
      case ')':
        return close_parenthesis(found);
      case ',':
        if (depth_ == 0 && in_list_) return list_.end_column();
        if (depth_ == 1) ++commas_;
        return;
      case ';':
        if (depth_ != 0) return;
        end_list();
        if (is_routine_) body_.take(dialect_, found, *previous_, true);
        if (!is_empty_ && !body_.is_inside()) is_ended_ = true;
        return;
      case '[':  // an array's index or slice
        ++brackets_;
        ++depth_;
        return;
      case ']':
        if (brackets_ == 0) return add_to_list(found);
        --brackets_;
        --depth_;
        if (depth_ == 0 && in_list_) list_.add(found);
        return;
      default:
        return add_to_list(found);
    }
  }

  constexpr void open_parenthesis() noexcept {
    if (is_empty_) opened_by_parenthesis_ = true;
    is_empty_ = false;
    const bool is_in = previous_->key == word_key("in") && previous_->kind == token_kind::word;
    in_mask_ = in_mask_ << 1 | (is_in ? 1u : 0u);
    if (depth_ == 0) commas_ = 0;
    ++depth_;
    ++parentheses_;
  }

  constexpr void close_parenthesis(const token& found) noexcept {
    if (parentheses_ == 0) return fail(sql_mistake::parenthesis_not_opened, found);
    in_mask_ >>= 1;
    --depth_;
    --parentheses_;
    if (depth_ != 0) return;
    if (in_list_) list_.add_parenthesis();
    const std::uint32_t count = previous_->is('(') ? 0 : commas_ + 1;
    if (!insert_.take_list(count)) fail(sql_mistake::insert_counts_differ, found, insert_.expected(), count);
  }

  [[gnu::always_inline]] constexpr void take_word(const token& found) noexcept {
    const std::uint64_t key = found.key;
    if (is_empty_) {
      is_empty_ = false;
      begin_statement(found);
      return;
    }
    if (depth_ != 0) {
      if (previous_->is('(')) take_first_word_inside(key);
      return;
    }
    if (in_list_) {
      if (key == word_key("as")) return list_.add_as();
      if ((found.marks & mark_clause) == 0 || !ends_list(found)) return list_.add(found);
      end_list();
    }
    if (awaits_main_word_) {
      begin_main_statement(found);
    } else {
      take_clause(found);
    }
  }

  constexpr void take_first_word_inside(std::uint64_t key) noexcept {
    const bool is_query = key == word_key("select") || key == word_key("with") || key == word_key("values");
    if (is_query) in_mask_ &= ~std::uint64_t{1};  // `in (select …)` is no list
    if (depth_ == 1 && is_query) insert_.take_query_inside();
    if (is_with_ && (key == word_key("insert") || key == word_key("update") || key == word_key("delete"))) {
      traits_.read_only = tri_state::no;
      writes_inside_ = true;
    }
    if (traits_.kind == statement_kind::other && opened_by_parenthesis_ && depth_ >= 1 && is_query) {
      traits_.kind = statement_kind::select;
      traits_.read_only = tri_state::unknown;
      traits_.returns_rows = tri_state::yes;
    }
  }

  constexpr bool ends_list(const token& found) const noexcept {
    if (list_.awaits_name() && found.key != word_key("from")) return false;
    switch (found.key) {
      case word_key("from"):
        return !list_.is_after_distinct();
      case word_key("where"):
      case word_key("group"):
      case word_key("having"):
      case word_key("window"):
      case word_key("order"):
      case word_key("limit"):
      case word_key("offset"):
      case word_key("fetch"):
      case word_key("for"):
      case word_key("union"):
      case word_key("except"):
      case word_key("into"):
        return true;
      case word_key("on"):
        return list_role_ == role::insert_source;  // on conflict, on duplicate key
      default:
        return is_word(found, "intersect") || (list_role_ == role::insert_source && is_word(found, "returning"));
    }
  }

  // For words too long for a key.
  constexpr bool is_word(const token& found, std::string_view word) const noexcept {
    return found.key == 0 && found.end - found.begin == word.size() && found.kind == token_kind::word &&
           equals_ignoring_case(text_.substr(found.begin, word.size()), word);
  }

  constexpr void begin_list(role list_role, const token& at) noexcept {
    if (list_role_ != role::none) return;
    list_role_ = list_role;
    list_begin_ = at.begin;
    in_list_ = true;
  }

  constexpr void end_list() noexcept {
    if (!in_list_) return;
    in_list_ = false;
    if (!list_.is_empty()) list_.end_column();
    if (list_role_ == role::insert_source && list_.is_counted() && !insert_.allows(list_.count())) {
      fail(sql_mistake::insert_counts_differ, list_begin_, insert_.expected(), list_.count());
    }
  }

  constexpr void begin_statement(const token& found) noexcept {
    if (found.key == word_key("with")) {
      is_with_ = awaits_main_word_ = true;
      traits_.kind = statement_kind::other;
      traits_.read_only = traits_.returns_rows = tri_state::unknown;
    } else {
      begin_main_statement(found);
    }
  }

  constexpr void begin_main_statement(const token& found) noexcept {
    const statement_form form = form_of(found.key, text_.substr(found.begin, found.end - found.begin));
    const bool is_main = form.kind <= statement_kind::remove || found.key == word_key("merge");
    if (is_with_ && !is_main) return;  // names and `as` before the main word
    awaits_main_word_ = false;
    traits_.kind = form.kind;
    is_create_ = found.key == word_key("create");
    traits_.returns_rows = form.returns_rows;
    traits_.read_only = writes_inside_ ? tri_state::no : form.read_only;
    if (form.kind == statement_kind::select && found.key == word_key("select")) begin_list(role::output, found);
    if (form.kind == statement_kind::insert) insert_.begin();
  }

  constexpr void take_clause(const token& found) noexcept {
    const std::uint64_t key = found.key;
    switch (traits_.kind) {
      case statement_kind::select:
        if (key == word_key("into")) {  // `select … into t`; a variable in MySQL
          traits_.read_only = tri_state::no;
          traits_.returns_rows = tri_state::no;
        } else if (key == word_key("for") && !previous_->is('.')) {  // for update, for share
          traits_.read_only = tri_state::no;
        }
        return;
      case statement_kind::insert:
        if (insert_.take_word(found.key)) begin_list(role::insert_source, found);
        return take_returning(found);
      case statement_kind::update:
      case statement_kind::remove:
        return take_returning(found);
      case statement_kind::definition:
        return take_definition_word(found);
      case statement_kind::other:
        return take_returning(found);
      default:
        return;
    }
  }

  // The body of what `create` makes: statements end with `;` in it.
  constexpr void take_definition_word(const token& found) noexcept {
    if (is_routine_) return body_.take(dialect_, found, *previous_, parentheses_ == 0);
    if (is_object_known_ || !is_create_ || parentheses_ != 0) return;
    const object_kind object = object_of_word(found.key, text_.substr(found.begin, found.end - found.begin));
    is_object_known_ = object != object_kind::undecided;
    is_routine_ = object == object_kind::routine;
  }

  constexpr void take_returning(const token& found) noexcept {
    if (previous_->is('.') || !is_word(found, "returning")) return;
    insert_.end();
    traits_.returns_rows = tri_state::yes;
    if (list_role_ == role::insert_source) list_role_ = role::none, list_ = select_list{list_.storage()};
    begin_list(role::output, found);
  }

  constexpr void finish() noexcept {
    const auto end = static_cast<std::uint32_t>(text_.size());
    end_list();
    if (problem_) return;
    if (is_empty_) return fail(sql_mistake::empty_statement, 0);
    if (parentheses_ != 0) return fail(sql_mistake::parenthesis_not_closed, end);
    placeholders_.finish();
    problem_ = placeholders_.problem();
    if (traits_.style == placeholder_style::none) needs_rewriting_ = false;  // without parameters the text is kept
    const bool is_native = dialect_ == dialect::sqlite
                               ? traits_.style != placeholder_style::dollar && traits_.style <= placeholder_style::tcl
                           : dialect_ == dialect::postgres ? traits_.style == placeholder_style::dollar
                                                           : traits_.style == placeholder_style::question;
    const bool is_format = traits_.style == placeholder_style::format;
    traits_.is_native =
        !needs_rewriting_ && !traits_.expands && !is_format && (is_native || traits_.style == placeholder_style::none);
  }

  std::string_view text_;
  dialect dialect_;
  bool mixes_arguments_;
  statement_traits traits_;
  select_list list_;
  lexer source_;
  placeholder_check placeholders_;
  placeholder_marks marks_;
  sql_problem problem_;
  const token* previous_ = nullptr;  // of the token that is taken
  const token* before_ = nullptr;
  std::uint64_t in_mask_ = 0;
  std::uint32_t depth_ = 0;
  std::uint32_t parentheses_ = 0;
  std::uint32_t brackets_ = 0;
  std::uint32_t commas_ = 0;
  std::uint32_t list_begin_ = 0;
  std::uint8_t wanted_ = mark_any;
  role list_role_ = role::none;
  insert_counts insert_;
  bool in_list_ = false;
  bool is_empty_ = true;
  bool is_ended_ = false;
  bool is_create_ = false;
  bool is_object_known_ = false;
  bool is_routine_ = false;
  routine_body body_;
  bool is_with_ = false;
  bool awaits_main_word_ = false;
  bool writes_inside_ = false;
  bool needs_rewriting_ = false;
  bool has_literals_ = false;
  bool opened_by_parenthesis_ = false;
};

}  // namespace detail
}  // namespace dovetail::inline v0
