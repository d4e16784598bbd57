// Reads a statement's text once: what it does, its parameters, its columns, and the first mistake in it.
#pragma once

#include <dovetail/sql/argument.hpp>
#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/select_list.hpp>
#include <dovetail/sql/traits.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

/// The arguments that a statement is checked against. `places` has room for `count`.
struct argument_view {
  const argument_slot* slots = nullptr;
  std::size_t count = 0;
  argument_style style = argument_style::none;
  bool is_literal = true;  // both text and arguments are written at one place: surplus names are mistakes
};

/// One pass over the tokens. Usable in constant expressions; allocates nothing.
class analyser {
 public:
  constexpr analyser(std::string_view text, dialect d, const lexis& rules, const argument_view& arguments,
                     parameter_place* places, output_column* columns) noexcept
      : text_(text),
        dialect_(d),
        question_operators_(rules.question_operators),
        arguments_(arguments),
        places_(places),
        list_(columns),
        source_(text, rules) {}

  constexpr void run() noexcept {
    if (arguments_.style == argument_style::mixed) return fail(sql_mistake::named_and_positional_arguments, 0);
    for (;;) {
      const token found = source_.next();
      if (pending_.is_open) settle_placeholder(found);
      if (found.kind == token_kind::end) break;
      take(found);
      if (problem_) return;
      before_ = previous_;
      previous_ = found;
    }
    if (source_.problem()) {
      problem_ = source_.problem();
      return;
    }
    finish();
  }

  constexpr const sql_problem& problem() const noexcept { return problem_; }
  constexpr const statement_traits& traits() const noexcept { return traits_; }
  /// The columns that come back, when `traits().returns_rows`.
  constexpr const select_list& columns() const noexcept { return list_; }
  constexpr bool has_columns() const noexcept { return list_role_ == role::output; }
  constexpr std::uint32_t list_begin() const noexcept { return list_begin_; }

 private:
  enum class role : std::uint8_t { none, output, insert_source };
  enum class insert_part : std::uint8_t { none, table, columns, source, values, done };

  struct pending_placeholder {
    bool is_open = false;
    bool opens_in = false;    // `in (` stands before it
    bool is_in = false;       // it stands in the parentheses of an `in (…)`
    bool is_bare_in = false;  // `in` stands before it
    bool is_any = false;      // `any (` stands before it
    std::uint32_t slot = 0;
    token where{};
  };

  constexpr void fail(sql_mistake what, const token& at, std::uint32_t expected = 0, std::uint32_t given = 0) noexcept {
    if (!problem_) {
      problem_ = {.what = what, .at = at.begin, .size = at.end - at.begin, .expected = expected, .given = given};
    }
  }
  constexpr void fail(sql_mistake what, std::uint32_t at, std::uint32_t expected = 0,
                      std::uint32_t given = 0) noexcept {
    if (!problem_) problem_ = {.what = what, .at = at, .size = 0, .expected = expected, .given = given};
  }

  constexpr void take(const token& found) noexcept {
    if (is_ended_ && !found.is(';') && !has_body_) return fail(sql_mistake::several_statements, found.begin);
    switch (found.kind) {
      case token_kind::placeholder:
        add_to_list(found);
        return take_placeholder(found);
      case token_kind::word:
        return take_word(found);
      case token_kind::symbol:
        return take_symbol(found);
      case token_kind::escape:
        needs_rewriting_ = true;
        return add_to_list(found);
      default:
        return add_to_list(found);
    }
  }

  constexpr void add_to_list(const token& found) noexcept {
    is_empty_ = false;
    if (in_list_ && depth_ == 0) list_.add(found);
  }

  constexpr void take_symbol(const token& found) noexcept {
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
        if (!is_empty_) is_ended_ = true;
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
    const bool is_in = previous_.key == word_key("in") && previous_.kind == token_kind::word;
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
    const bool is_filled = !(previous_.is('('));
    const std::uint32_t count = is_filled ? commas_ + 1 : 0;
    if (insert_ == insert_part::columns) {
      insert_columns_ = count;
      has_insert_columns_ = is_filled;
      insert_ = insert_part::source;
    } else if (insert_ == insert_part::values) {
      if (has_insert_columns_ && count != insert_columns_) {
        fail(sql_mistake::insert_counts_differ, found, insert_columns_, count);
      }
      insert_columns_ = count;
      has_insert_columns_ = true;
    }
  }

  constexpr void take_word(const token& found) noexcept {
    const std::uint64_t key = found.key;
    if (is_empty_) {
      is_empty_ = false;
      begin_statement(found);
      return;
    }
    if (depth_ != 0) {
      if (previous_.is('(')) take_first_word_inside(key);
      return;
    }
    if (in_list_) {
      if (key == word_key("as")) return list_.add_as();
      if (ends_list(key)) {
        end_list();
      } else {
        list_.add(found);
        return;
      }
    }
    if (awaits_main_word_) {
      begin_main_statement(found);
    } else {
      take_clause(found);
    }
  }

  constexpr void take_first_word_inside(std::uint64_t key) noexcept {
    const bool is_query = key == word_key("select") || key == word_key("with") || key == word_key("values");
    if (insert_ == insert_part::columns && depth_ == 1 && is_query) insert_ = insert_part::done;
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

  constexpr bool ends_list(std::uint64_t key) const noexcept {
    if (list_.awaits_name() && key != word_key("from")) return false;
    switch (key) {
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
      default:
        return false;
    }
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
    if (list_role_ == role::insert_source && has_insert_columns_ && list_.is_counted() &&
        list_.count() != insert_columns_) {
      fail(sql_mistake::insert_counts_differ, list_begin_, insert_columns_, list_.count());
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
    traits_.returns_rows = form.returns_rows;
    traits_.read_only = writes_inside_ ? tri_state::no : form.read_only;
    if (form.kind == statement_kind::select && found.key == word_key("select")) begin_list(role::output, found);
    if (form.kind == statement_kind::insert) insert_ = insert_part::table;
  }

  constexpr void take_clause(const token& found) noexcept {
    const std::uint64_t key = found.key;
    switch (traits_.kind) {
      case statement_kind::select:
        if (key == word_key("into")) {  // `select … into t`; a variable in MySQL
          traits_.read_only = tri_state::no;
          traits_.returns_rows = tri_state::no;
        } else if (key == word_key("for") && !previous_.is('.')) {  // for update, for share
          traits_.read_only = tri_state::no;
        }
        return;
      case statement_kind::insert:
        take_insert_word(found);
        return take_returning(found);
      case statement_kind::update:
      case statement_kind::remove:
        return take_returning(found);
      case statement_kind::definition:
        if (key == word_key("begin")) has_body_ = true;  // a trigger's or procedure's: statements end with `;` in it
        return;
      case statement_kind::other:
        return take_returning(found);
      default:
        return;
    }
  }

  constexpr void take_insert_word(const token& found) noexcept {
    const std::uint64_t key = found.key;
    if (insert_ == insert_part::table && key == word_key("into")) {
      insert_ = insert_part::columns;
    } else if (insert_ == insert_part::columns || insert_ == insert_part::source) {
      if (key == word_key("values") || key == word_key("value")) {
        insert_ = insert_part::values;
      } else if (key == word_key("select")) {
        insert_ = insert_part::done;
        if (has_insert_columns_) begin_list(role::insert_source, found);
      } else if (key == word_key("default") || key == word_key("set")) {
        insert_ = insert_part::done;
      }
    } else if (insert_ == insert_part::values && (key == word_key("on") || key == word_key("as"))) {
      insert_ = insert_part::done;
    }
  }

  constexpr void take_returning(const token& found) noexcept {
    if (found.end - found.begin != 9 || previous_.is('.')) return;
    if (!equals_ignoring_case(text_.substr(found.begin, 9), "returning")) return;
    insert_ = insert_part::done;
    traits_.returns_rows = tri_state::yes;
    if (list_role_ == role::insert_source) list_role_ = role::none, list_ = select_list{list_.storage()};
    begin_list(role::output, found);
  }

  constexpr void take_placeholder(const token& found) noexcept {
    const placeholder_style style = found.style;
    if (is_named(style)) return take_named(found);
    if (arguments_.style == argument_style::named) {
      const bool is_text = (style == placeholder_style::question && question_operators_) ||  // an operator
                           style == placeholder_style::format;                               // a remainder
      if (!is_text) fail(sql_mistake::positional_placeholders_named_arguments, found);
      return;
    }
    if (arguments_.style == argument_style::none && style == placeholder_style::format) return;
    if (style == placeholder_style::question && question_operators_) return open_placeholder(found, questions_++);
    if (traits_.style == placeholder_style::question && style == placeholder_style::dollar && question_operators_) {
      if (certain_questions_ != 0) return fail(sql_mistake::mixed_placeholders, found);
      forget_questions();
    }
    if (!choose_style(found)) return;
    const std::uint32_t index = style == placeholder_style::question || style == placeholder_style::format
                                    ? traits_.parameters
                                    : found.number - 1;
    count_parameter(found, index + 1);
    open_placeholder(found, index);
  }

  constexpr bool choose_style(const token& found) noexcept {
    if (traits_.style == placeholder_style::none) traits_.style = found.style;
    if (traits_.style != found.style) fail(sql_mistake::mixed_placeholders, found);
    return !problem_;
  }

  constexpr void count_parameter(const token& found, std::uint32_t number) noexcept {
    if (number > parameter_limit(dialect_)) {
      return fail(sql_mistake::too_many_parameters, found, parameter_limit(dialect_), number);
    }
    if (number > traits_.parameters) traits_.parameters = static_cast<std::uint16_t>(number);
  }

  constexpr void take_named(const token& found) noexcept {
    if (arguments_.style == argument_style::positional) {
      return fail(sql_mistake::named_placeholders_positional_arguments, found);
    }
    if (!choose_style(found)) return;
    const std::string_view name = placeholder_name(text_, found);
    for (std::size_t i = 0; i < arguments_.count; ++i) {
      if (arguments_.slots[i].name != name) continue;
      if (places_[i].number == 0) {
        count_parameter(found, traits_.parameters + 1u);
        places_[i].number = traits_.parameters;
      }
      return open_placeholder(found, static_cast<std::uint32_t>(i));
    }
    fail(sql_mistake::parameter_without_argument, found);
  }

  constexpr void open_placeholder(const token& found, std::uint32_t slot) noexcept {
    const bool opens = previous_.is('(');
    pending_ = {.is_open = true,
                .opens_in = opens && before_.key == word_key("in"),
                .is_in = parentheses_ > 0 && (in_mask_ & 1) != 0,
                .is_bare_in = previous_.kind == token_kind::word && previous_.key == word_key("in"),
                .is_any = opens && (before_.key == word_key("any") || before_.key == word_key("some") ||
                                    (before_.key == word_key("all") && dialect_ != dialect::postgres)),
                .slot = slot,
                .where = found};
  }

  // Called with the token behind the placeholder, which tells what it is.
  constexpr void settle_placeholder(const token& following) noexcept {
    pending_.is_open = false;
    const token& found = pending_.where;
    if (found.style == placeholder_style::question && question_operators_) {
      const bool is_certain =
          following.kind == token_kind::end || following.is(',') || following.is(')') || following.is(';');
      if (is_certain) ++certain_questions_;
      if (traits_.style == placeholder_style::dollar) {
        if (is_certain) fail(sql_mistake::mixed_placeholders, found);
        return;
      }
      if (arguments_.style == argument_style::none && !is_certain) return;  // an operator, perhaps
      if (!choose_style(found)) return;
      count_parameter(found, traits_.parameters + 1u);
    }
    if (pending_.slot >= arguments_.count) return;
    parameter_place& place = places_[pending_.slot];
    if (!is_named(found.style)) place.number = static_cast<std::uint16_t>(pending_.slot + 1);
    if (!arguments_.slots[pending_.slot].is_range) return;
    const bool expands = (pending_.opens_in && following.is(')')) || pending_.is_bare_in;
    if (pending_.is_in && !expands) return fail(sql_mistake::range_not_alone, found);
    if (pending_.is_any && dialect_ != dialect::postgres) return fail(sql_mistake::any_of_range, found);
    if (expands) {
      if (uses_whole(pending_.slot)) return fail(sql_mistake::range_used_in_two_ways, found);
      place.expands = true;
      traits_.expands = true;
    } else {
      if (place.expands) return fail(sql_mistake::range_used_in_two_ways, found);
      if (pending_.slot < 64) whole_mask_ |= std::uint64_t{1} << pending_.slot;
    }
  }

  constexpr bool uses_whole(std::uint32_t slot) const noexcept { return slot < 64 && (whole_mask_ >> slot & 1) != 0; }

  // The first `$1` of a PostgreSQL statement: the `?` before it were operators.
  constexpr void forget_questions() noexcept {
    for (std::size_t i = 0; i < arguments_.count; ++i) places_[i] = {};
    whole_mask_ = 0;
    traits_.parameters = 0;
    traits_.expands = false;
    traits_.style = placeholder_style::none;
  }

  constexpr void finish() noexcept {
    const auto end = static_cast<std::uint32_t>(text_.size());
    if (!problem_) end_list();
    if (problem_) return;
    if (is_empty_) return fail(sql_mistake::empty_statement, 0);
    if (parentheses_ != 0) return fail(sql_mistake::parenthesis_not_closed, end);
    if (is_named(traits_.style)) {
      check_names();
    } else {
      check_count(end);
    }
    if (traits_.style == placeholder_style::none) needs_rewriting_ = false;  // without parameters the text is kept
    const bool is_native = dialect_ == dialect::sqlite
                               ? traits_.style != placeholder_style::dollar && traits_.style <= placeholder_style::tcl
                           : dialect_ == dialect::postgres ? traits_.style == placeholder_style::dollar
                                                           : traits_.style == placeholder_style::question;
    const bool is_format = traits_.style == placeholder_style::format;
    traits_.is_native =
        !needs_rewriting_ && !traits_.expands && !is_format && (is_native || traits_.style == placeholder_style::none);
  }

  constexpr void check_names() noexcept {
    if (!arguments_.is_literal) return;
    for (std::size_t i = 0; i < arguments_.count; ++i) {
      if (places_[i].number == 0 && !arguments_.slots[i].is_optional) {
        return fail(sql_mistake::argument_without_parameter, 0, static_cast<std::uint32_t>(i));
      }
    }
  }

  constexpr void check_count(std::uint32_t end) noexcept {
    if (arguments_.style == argument_style::named) {
      if (arguments_.is_literal) fail(sql_mistake::argument_without_parameter, 0);
      return;
    }
    if (traits_.parameters != arguments_.count) {
      const auto given = static_cast<std::uint32_t>(arguments_.count);
      return fail(sql_mistake::wrong_argument_count, end, traits_.parameters, given);
    }
    for (std::size_t i = 0; i < arguments_.count; ++i) {
      if (places_[i].number == 0) {
        return fail(sql_mistake::parameter_number_skipped, end, static_cast<std::uint32_t>(i + 1));
      }
    }
  }

  std::string_view text_;
  dialect dialect_;
  bool question_operators_;
  argument_view arguments_;
  parameter_place* places_;
  select_list list_;
  lexer source_;
  statement_traits traits_;
  sql_problem problem_;
  token previous_;
  token before_;
  pending_placeholder pending_;
  std::uint64_t in_mask_ = 0;
  std::uint64_t whole_mask_ = 0;
  std::uint32_t depth_ = 0;
  std::uint32_t parentheses_ = 0;
  std::uint32_t brackets_ = 0;
  std::uint32_t commas_ = 0;
  std::uint32_t insert_columns_ = 0;
  std::uint32_t questions_ = 0;
  std::uint32_t certain_questions_ = 0;
  std::uint32_t list_begin_ = 0;
  role list_role_ = role::none;
  insert_part insert_ = insert_part::none;
  bool has_insert_columns_ = false;
  bool in_list_ = false;
  bool is_empty_ = true;
  bool is_ended_ = false;
  bool has_body_ = false;
  bool is_with_ = false;
  bool awaits_main_word_ = false;
  bool writes_inside_ = false;
  bool needs_rewriting_ = false;
  bool opened_by_parenthesis_ = false;
};

}  // namespace detail
}  // namespace dovetail::inline v0
