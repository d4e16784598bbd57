// Numbers the placeholders of a statement, fits its arguments to them, and finds what is wrong with either.
#pragma once

#include <dovetail/sql/argument.hpp>
#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/traits.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

/// The arguments that a statement is checked against. `places` has room for `count`.
struct argument_view {
  const argument_slot* argument_slots = nullptr;
  std::size_t count = 0;
  argument_style style = argument_style::none;
  bool is_literal = true;  // both text and arguments are written at one place: surplus names are mistakes
  const std::uint32_t* by_name = nullptr;  // the places of all slots in the order of their names; null: not sorted
};

/// The tokens before a placeholder.
struct placeholder_context {
  const token& previous;
  const token& before;
  bool is_in;  // it stands in the parentheses of an `in (…)`
};

/// Takes the placeholders of one statement, in their order. The token behind each one is taken by `settle`.
class placeholder_check {
 public:
  constexpr placeholder_check(std::string_view text, dialect d, const lexis& rules, const argument_view& arguments,
                              parameter_place* places, statement_traits& traits) noexcept
      : text_(text),
        dialect_(d),
        question_operators_(rules.question_operators),
        arguments_(arguments),
        places_(places),
        traits_(&traits) {}

  constexpr bool is_open() const noexcept { return pending_.is_open; }
  constexpr const sql_problem& problem() const noexcept { return problem_; }

  constexpr void take(const token& found, const placeholder_context& context) noexcept {
    const placeholder_style style = found.style;
    if (is_named(style)) return take_named(found, context);
    if (arguments_.style == argument_style::named) {
      const bool is_text = (style == placeholder_style::question && question_operators_) ||  // an operator
                           style == placeholder_style::format;                               // a remainder
      if (!is_text) fail(sql_mistake::positional_placeholders_named_arguments, found);
      return;
    }
    if (arguments_.style == argument_style::none && style == placeholder_style::format) return;
    if (style == placeholder_style::question && question_operators_) return open(found, questions_++, context);
    if (traits_->style == placeholder_style::question && style == placeholder_style::dollar && question_operators_) {
      if (certain_questions_ != 0) return fail(sql_mistake::mixed_placeholders, found);
      forget_questions();
    }
    if (!choose_style(found)) return;
    const std::uint32_t index = style == placeholder_style::question || style == placeholder_style::format
                                    ? traits_->parameters
                                    : found.number - 1;
    count_parameter(found, index + 1);
    open(found, index, context);
  }

  // Called with the token behind the placeholder, which tells what it is.
  constexpr void settle(const token& following) noexcept {
    pending_.is_open = false;
    const token& found = pending_.where;
    if (found.style == placeholder_style::question && question_operators_) {
      const bool is_certain =
          following.kind == token_kind::end || following.is(',') || following.is(')') || following.is(';');
      if (is_certain) ++certain_questions_;
      if (traits_->style == placeholder_style::dollar) {
        if (is_certain) fail(sql_mistake::mixed_placeholders, found);
        return;
      }
      if (arguments_.style == argument_style::none && !is_certain) return;  // an operator, perhaps
      if (!choose_style(found)) return;
      count_parameter(found, traits_->parameters + 1u);
    }
    if (pending_.slot >= arguments_.count) return;
    parameter_place& place = places_[pending_.slot];
    const bool is_first = is_named(found.style) ? pending_.is_first : place.number == 0;
    if (!is_named(found.style)) place.number = static_cast<std::uint16_t>(pending_.slot + 1);
    if (!arguments_.argument_slots[pending_.slot].is_range) return;
    const bool expands = (pending_.opens_in && following.is(')')) || pending_.is_bare_in;
    if (pending_.is_in && !expands) return fail(sql_mistake::range_not_alone, found);
    if (pending_.is_any && dialect_ != dialect::postgres) return fail(sql_mistake::any_of_range, found);
    if (!is_first && place.expands != expands) return fail(sql_mistake::range_used_in_two_ways, found);
    if (expands) place.expands = traits_->expands = true;
  }

  /// The end of the text: are there as many arguments as placeholders?
  constexpr void finish() noexcept {
    if (is_named(traits_->style)) {
      check_names();
    } else {
      check_count(static_cast<std::uint32_t>(text_.size()));
    }
  }

 private:
  struct pending_placeholder {
    bool is_open = false;
    bool opens_in = false;    // `in (` stands before it
    bool is_in = false;       // it stands in the parentheses of an `in (…)`
    bool is_bare_in = false;  // `in` stands before it
    bool is_any = false;      // `any (` stands before it
    bool is_first = true;     // the first placeholder of its name
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

  constexpr bool choose_style(const token& found) noexcept {
    if (traits_->style == placeholder_style::none) traits_->style = found.style;
    if (traits_->style != found.style) fail(sql_mistake::mixed_placeholders, found);
    return !problem_;
  }

  constexpr void count_parameter(const token& found, std::uint32_t number) noexcept {
    if (number > parameter_limit(dialect_)) {
      return fail(sql_mistake::too_many_parameters, found, parameter_limit(dialect_), number);
    }
    if (number > traits_->parameters) traits_->parameters = static_cast<std::uint16_t>(number);
  }

  constexpr void take_named(const token& found, const placeholder_context& context) noexcept {
    if (arguments_.style == argument_style::positional) {
      return fail(sql_mistake::named_placeholders_positional_arguments, found);
    }
    if (!choose_style(found)) return;
    const std::size_t i = slot_of(placeholder_name(text_, found));
    if (i == arguments_.count) return fail(sql_mistake::parameter_without_argument, found);
    const bool is_first = places_[i].number == 0;
    if (is_first) {
      count_parameter(found, traits_->parameters + 1u);
      places_[i].number = traits_->parameters;
    }
    open(found, static_cast<std::uint32_t>(i), context);
    pending_.is_first = is_first;
  }

  // The first slot of that name; `count` when there is none.
  constexpr std::size_t slot_of(std::string_view name) const noexcept {
    std::size_t low = 0;
    if (arguments_.by_name == nullptr) {
      while (low < arguments_.count && arguments_.argument_slots[low].name != name) ++low;
      return low;
    }
    for (std::size_t high = arguments_.count; low < high;) {
      const std::size_t middle = low + (high - low) / 2;
      if (arguments_.argument_slots[arguments_.by_name[middle]].name < name) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low == arguments_.count) return low;
    const std::size_t found = arguments_.by_name[low];
    return arguments_.argument_slots[found].name == name ? found : arguments_.count;
  }

  constexpr void open(const token& found, std::uint32_t slot, const placeholder_context& context) noexcept {
    const bool opens = context.previous.is('(');
    const std::uint64_t caller = context.before.key;
    pending_ = {
        .is_open = true,
        .opens_in = opens && caller == word_key("in"),
        .is_in = context.is_in,
        .is_bare_in = context.previous.kind == token_kind::word && context.previous.key == word_key("in"),
        .is_any = opens && (caller == word_key("any") || caller == word_key("some") || caller == word_key("all")),
        .slot = slot,
        .where = found};
  }

  // The first `$1` of a PostgreSQL statement: the `?` before it were operators.
  constexpr void forget_questions() noexcept {
    for (std::size_t i = 0; i < arguments_.count; ++i) places_[i] = {};
    traits_->parameters = 0;
    traits_->expands = false;
    traits_->style = placeholder_style::none;
  }

  constexpr void check_names() noexcept {
    if (!arguments_.is_literal) return;
    for (std::size_t i = 0; i < arguments_.count; ++i) {
      if (places_[i].number == 0 && !arguments_.argument_slots[i].is_optional) {
        return fail(sql_mistake::argument_without_parameter, 0, static_cast<std::uint32_t>(i));
      }
    }
  }

  constexpr void check_count(std::uint32_t end) noexcept {
    if (arguments_.style == argument_style::named) {
      if (arguments_.is_literal) fail(sql_mistake::argument_without_parameter, 0);
      return;
    }
    if (traits_->parameters != arguments_.count) {
      const auto given = static_cast<std::uint32_t>(arguments_.count);
      return fail(sql_mistake::wrong_argument_count, end, traits_->parameters, given);
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
  statement_traits* traits_;
  sql_problem problem_;
  pending_placeholder pending_;
  std::uint32_t questions_ = 0;
  std::uint32_t certain_questions_ = 0;
};

}  // namespace detail
}  // namespace dovetail::inline v0
