// What can be wrong with a statement's text, in words.
#pragma once

#include <dovetail/base/errc.hpp>

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {

/// What a check of a statement found. `sql_problem::expected` and `given` hold the numbers of those that count.
enum class sql_mistake : std::uint8_t {
  none,
  empty_statement,
  nul_character,
  quote_not_closed,
  identifier_quote_not_closed,
  dollar_quote_not_closed,
  comment_not_closed,
  parenthesis_not_closed,
  parenthesis_not_opened,
  several_statements,
  mixed_placeholders,
  invalid_parameter_name,
  parameter_number_zero,
  parameter_number_skipped,
  too_many_parameters,
  wrong_argument_count,
  parameter_without_argument,
  argument_without_parameter,
  named_and_positional_arguments,
  named_placeholders_positional_arguments,
  positional_placeholders_named_arguments,
  any_of_range,
  range_not_alone,
  range_used_in_two_ways,
  insert_counts_differ,
  no_rows_returned,
  field_not_selected,
  column_selected_twice,
  wrong_column_count,
  /// By the `validation_rule` with the number `sql_problem::expected`; `given` is the mistake behind it, if there is
  /// one.
  refused,
};

/// The first problem of a statement: what, where (offset of a byte in the text), and which argument or field.
struct sql_problem {
  sql_mistake what = sql_mistake::none;
  std::uint32_t at = 0;
  std::uint32_t size = 0;      ///< of the text that it is about, 0 for a place
  std::uint32_t expected = 0;  ///< or the index of the argument or field
  std::uint32_t given = 0;

  constexpr explicit operator bool() const noexcept { return what != sql_mistake::none; }
};

constexpr std::string_view words_of(sql_mistake what) noexcept {
  switch (what) {
    case sql_mistake::none:
      return "no mistake";
    case sql_mistake::empty_statement:
      return "the statement is empty";
    case sql_mistake::nul_character:
      return "the statement contains a NUL character";
    case sql_mistake::quote_not_closed:
      return "a quote is not closed";
    case sql_mistake::identifier_quote_not_closed:
      return "the quote of an identifier is not closed";
    case sql_mistake::dollar_quote_not_closed:
      return "a dollar quote is not closed";
    case sql_mistake::comment_not_closed:
      return "a comment is not closed";
    case sql_mistake::parenthesis_not_closed:
      return "a parenthesis is not closed";
    case sql_mistake::parenthesis_not_opened:
      return "a parenthesis is closed that was not opened";
    case sql_mistake::several_statements:
      return "more than one statement: use script()";
    case sql_mistake::mixed_placeholders:
      return "placeholders of different styles are mixed";
    case sql_mistake::invalid_parameter_name:
      return "the name of a parameter is not made of letters, digits and underscores";
    case sql_mistake::parameter_number_zero:
      return "parameters are numbered from 1";
    case sql_mistake::parameter_number_skipped:
      return "a parameter's number is skipped";
    case sql_mistake::too_many_parameters:
      return "more parameters than the database takes";
    case sql_mistake::wrong_argument_count:
      return "the numbers of placeholders and arguments differ";
    case sql_mistake::parameter_without_argument:
      return "a named parameter has no argument";
    case sql_mistake::argument_without_parameter:
      return "a named argument has no parameter";
    case sql_mistake::named_and_positional_arguments:
      return "named and positional arguments are mixed";
    case sql_mistake::named_placeholders_positional_arguments:
      return "named placeholders take dt::arg<\"name\">(value) or a struct";
    case sql_mistake::positional_placeholders_named_arguments:
      return "positional placeholders do not take named arguments";
    case sql_mistake::any_of_range:
      return "this database has no any() of a range: write in (…)";
    case sql_mistake::range_not_alone:
      return "a range must be alone in its in (…)";
    case sql_mistake::range_used_in_two_ways:
      return "a range is used in an in (…) and as a single value too";
    case sql_mistake::insert_counts_differ:
      return "the insert names more or fewer columns than it gives values";
    case sql_mistake::no_rows_returned:
      return "the statement returns no rows";
    case sql_mistake::field_not_selected:
      return "the select list has no column for a field";
    case sql_mistake::column_selected_twice:
      return "the select list has two columns for one field";
    case sql_mistake::wrong_column_count:
      return "the select list has more or fewer columns than the row type";
    case sql_mistake::refused:
      return "the statement is refused";
  }
  return "unknown mistake";
}

/// The error code that stands for a mistake that was found at run time.
constexpr errc code_of(sql_mistake what) noexcept {
  switch (what) {
    case sql_mistake::too_many_parameters:
      return errc::too_many_parameters;
    case sql_mistake::wrong_argument_count:
    case sql_mistake::parameter_number_skipped:
    case sql_mistake::named_and_positional_arguments:
    case sql_mistake::named_placeholders_positional_arguments:
    case sql_mistake::positional_placeholders_named_arguments:
      return errc::wrong_argument_count;
    case sql_mistake::parameter_without_argument:
    case sql_mistake::argument_without_parameter:
      return errc::unknown_parameter;
    case sql_mistake::field_not_selected:
    case sql_mistake::column_selected_twice:
    case sql_mistake::wrong_column_count:
    case sql_mistake::no_rows_returned:
      return errc::row_mismatch;
    case sql_mistake::refused:
      return errc::statement_refused;
    default:
      return errc::malformed_statement;
  }
}

}  // namespace dovetail::inline v0
