// How a mistake in a literal statement reaches the user: a call of a function that is not constexpr, named for it.
#pragma once

#include <dovetail/base/fixed_string.hpp>
#include <dovetail/base/similarity.hpp>
#include <dovetail/row/plan.hpp>
#include <dovetail/sql/mistake.hpp>
#include <dovetail/sql/token.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {

/// If the compiler points here: the literal SQL text has the mistake that the function is named for. None of them is
/// constexpr: calling one stops the compilation. The lines around the message show where in the text. (Those that name
/// a struct have a body, because Clang warns of a function without one when the struct is in an anonymous namespace.)
namespace mistake_in_sql {

template <int Count>
struct placeholders;
template <int Count>
struct arguments;

void empty_statement();
void nul_character();
void quote_not_closed();
void identifier_quote_not_closed();
void dollar_quote_not_closed();
void comment_not_closed();
void parenthesis_not_closed();
void parenthesis_not_opened();
void several_statements_need_script();
void placeholders_of_different_styles_are_mixed();
void invalid_parameter_name();
void parameters_are_numbered_from_1();
void parameter_number_is_skipped();
void too_many_parameters();
void more_placeholders_than_arguments();
template <class Found, class Given>
void more_placeholders_than_arguments();
void more_arguments_than_placeholders();
template <class Found, class Given>
void more_arguments_than_placeholders();
void parameter_without_argument();
template <fixed_string NearestArgument>
void parameter_without_argument_did_you_mean();
void named_and_positional_arguments_are_mixed();
void named_placeholders_need_dt_arg_or_a_struct();
void positional_placeholders_do_not_take_named_arguments();
void any_of_a_range_is_not_known_here_use_in();
void a_range_must_be_alone_in_its_in();
void a_range_is_used_in_in_and_as_one_value();
void insert_has_more_or_fewer_values_than_columns();
void argument_without_parameter();
template <fixed_string Name>
void argument_without_parameter();
template <class Row>
void statement_returns_no_rows_for() {}
template <class Row, fixed_string Field>
void select_list_has_no_column_for_field() {}
template <class Row, fixed_string Field>
void select_list_has_two_columns_for_field() {}
template <class Row>
void select_list_has_more_or_fewer_columns_than() {}

}  // namespace mistake_in_sql

namespace detail {

/// GCC prints template arguments only: the number found becomes one, as long as it is among `Found`.
template <int Given, int... Found>
constexpr void stop_at_counts(int found, std::integer_sequence<int, Found...>) {
  using given = mistake_in_sql::arguments<Given>;
  ((found != Found    ? void()
    : (Found > Given) ? mistake_in_sql::more_placeholders_than_arguments<mistake_in_sql::placeholders<Found>, given>()
                      : mistake_in_sql::more_arguments_than_placeholders<mistake_in_sql::placeholders<Found>, given>()),
   ...);
  if (found > Given) mistake_in_sql::more_placeholders_than_arguments();
  if (found < Given) mistake_in_sql::more_arguments_than_placeholders();
}

template <std::size_t Given>
constexpr void stop_at_counts(std::uint32_t found) {
  stop_at_counts<static_cast<int>(Given)>(static_cast<int>(found), std::make_integer_sequence<int, 17>{});
}

template <class Pack, std::size_t I>
consteval auto name_of_slot() {
  constexpr std::string_view name = Pack::argument_slots[I].name;
  return fixed_string<name.size()>{name};
}

/// An argument that the text has no `:name` for.
template <class Pack, std::size_t... I>
constexpr void stop_at_argument(std::size_t slot, std::index_sequence<I...>) {
  ((slot != I ? void() : mistake_in_sql::argument_without_parameter<name_of_slot<Pack, I>()>()), ...);
}

/// A parameter's name as Clang prints the argument of a call: text that fills an array, its last character zero.
struct parameter_name {
  char text[33];

  constexpr explicit parameter_name(std::string_view name) noexcept : text{} {
    for (std::size_t i = 0; i < 32; ++i) text[i] = i < name.size() ? name[i] : ' ';
    text[32] = '\0';  // Clang takes no zero for text that was not written
  }
};

/// A parameter that the call has no argument for. A name in the text is no template argument, which is all that GCC
/// prints: there the nearest argument is named, beside the text.
template <class Pack, std::size_t... I>
constexpr void stop_at_parameter([[maybe_unused]] parameter_name name, [[maybe_unused]] std::size_t nearest_slot,
                                 std::index_sequence<I...>) {
  ((nearest_slot != I ? void() : mistake_in_sql::parameter_without_argument_did_you_mean<name_of_slot<Pack, I>()>()),
   ...);
  if (nearest_slot == sizeof...(I)) mistake_in_sql::parameter_without_argument();
}

template <class Pack>
constexpr void stop_at_parameter(std::string_view placeholder) {
  const std::string_view name = name_in_placeholder(placeholder);
  nearest_search search{name};
  std::size_t best = Pack::slot_count;
  for (std::size_t i = 0; i < Pack::slot_count; ++i) {
    const std::string_view before = search.best;
    search.offer(Pack::argument_slots[i].name);
    if (search.best.data() != before.data()) best = i;
  }
  stop_at_parameter<Pack>(parameter_name{name}, best, std::make_index_sequence<Pack::slot_count>{});
}

/// Never returns from a constant evaluation. `at` is for the compiler to print.
constexpr void stop_compiling(sql_mistake what, [[maybe_unused]] const char* at) {
  switch (what) {
    case sql_mistake::none:
      return;
    case sql_mistake::empty_statement:
      return mistake_in_sql::empty_statement();
    case sql_mistake::nul_character:
      return mistake_in_sql::nul_character();
    case sql_mistake::quote_not_closed:
      return mistake_in_sql::quote_not_closed();
    case sql_mistake::identifier_quote_not_closed:
      return mistake_in_sql::identifier_quote_not_closed();
    case sql_mistake::dollar_quote_not_closed:
      return mistake_in_sql::dollar_quote_not_closed();
    case sql_mistake::comment_not_closed:
      return mistake_in_sql::comment_not_closed();
    case sql_mistake::parenthesis_not_closed:
      return mistake_in_sql::parenthesis_not_closed();
    case sql_mistake::parenthesis_not_opened:
      return mistake_in_sql::parenthesis_not_opened();
    case sql_mistake::several_statements:
      return mistake_in_sql::several_statements_need_script();
    case sql_mistake::mixed_placeholders:
      return mistake_in_sql::placeholders_of_different_styles_are_mixed();
    case sql_mistake::invalid_parameter_name:
      return mistake_in_sql::invalid_parameter_name();
    case sql_mistake::parameter_number_zero:
      return mistake_in_sql::parameters_are_numbered_from_1();
    case sql_mistake::parameter_number_skipped:
      return mistake_in_sql::parameter_number_is_skipped();
    case sql_mistake::too_many_parameters:
      return mistake_in_sql::too_many_parameters();
    case sql_mistake::named_and_positional_arguments:
      return mistake_in_sql::named_and_positional_arguments_are_mixed();
    case sql_mistake::named_placeholders_positional_arguments:
      return mistake_in_sql::named_placeholders_need_dt_arg_or_a_struct();
    case sql_mistake::positional_placeholders_named_arguments:
      return mistake_in_sql::positional_placeholders_do_not_take_named_arguments();
    case sql_mistake::any_of_range:
      return mistake_in_sql::any_of_a_range_is_not_known_here_use_in();
    case sql_mistake::range_not_alone:
      return mistake_in_sql::a_range_must_be_alone_in_its_in();
    case sql_mistake::range_used_in_two_ways:
      return mistake_in_sql::a_range_is_used_in_in_and_as_one_value();
    case sql_mistake::insert_counts_differ:
      return mistake_in_sql::insert_has_more_or_fewer_values_than_columns();
    default:
      return mistake_in_sql::argument_without_parameter();
  }
}

template <class Row, std::size_t I>
consteval auto path_of_field() {
  constexpr auto& row = row_plan<Row>::description;
  constexpr auto write = [](char* out) {
    return format_column_path(out, row, row.leaves[I].group, row.leaves[I].name);
  };
  constexpr std::size_t size = [&] {
    char buffer[1024]{};
    return static_cast<std::size_t>(write(buffer) - buffer);
  }();
  char path[size + 1]{};
  write(path);
  return fixed_string<size>{std::string_view{path, size}};
}

template <class Row, std::size_t... I>
constexpr void stop_at_field([[maybe_unused]] bool is_twice, [[maybe_unused]] std::size_t field,
                             std::index_sequence<I...>) {
  ((field != I ? void()
    : is_twice ? mistake_in_sql::select_list_has_two_columns_for_field<Row, path_of_field<Row, I>()>()
               : mistake_in_sql::select_list_has_no_column_for_field<Row, path_of_field<Row, I>()>()),
   ...);
}

/// For the mistakes that concern the row type.
template <class Row>
constexpr void stop_compiling_for_row(const sql_problem& found) {
  if (found.what == sql_mistake::no_rows_returned) return mistake_in_sql::statement_returns_no_rows_for<Row>();
  if (found.what == sql_mistake::wrong_column_count) {
    return mistake_in_sql::select_list_has_more_or_fewer_columns_than<Row>();
  }
  stop_at_field<Row>(found.what == sql_mistake::column_selected_twice, found.expected,
                     std::make_index_sequence<row_plan<Row>::size>{});
}

}  // namespace detail
}  // namespace dovetail::inline v0
