// A statement with its checks done: literals while the program is compiled, `dt::runtime(text)` when it runs.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/row/plan.hpp>
#include <dovetail/sql/analysis.hpp>
#include <dovetail/sql/argument.hpp>
#include <dovetail/sql/columns.hpp>
#include <dovetail/sql/compile_error.hpp>
#include <dovetail/sql/mask.hpp>
#include <dovetail/sql/parameters.hpp>
#include <dovetail/sql/registered_query.hpp>
#include <dovetail/sql/report.hpp>
#include <dovetail/sql/rewrite.hpp>
#include <dovetail/sql/sql_text.hpp>
#include <dovetail/sql/statement_view.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0 {

/// SQL that is made at run time: `db.query<city>(dt::runtime(text))`. The checks of a literal are done before any I/O.
/// Never put values of users into the text; give them as arguments.
/// Lifetime: borrows `text`, which must stay as it is, until the call has copied what it needs.
struct runtime {
  std::string_view text;
  constexpr explicit runtime(std::string_view sql) noexcept : text(sql) {}
};

/// All that a statement's text tells, compared with the arguments and the row type of a call.
template <std::size_t Slots>
struct statement_check {
  statement_traits traits{};
  std::array<parameter_place, Slots> places{};  ///< for each slot of the arguments, the parameter that it fills
  sql_problem problem{};
  detail::placeholder_marks marks{};
  bool has_literals = false;
  detail::text_facts facts{};
};

namespace detail {

/// Lets a check read its text, and tells what else was found on the way.
using text_reader = text_facts (*)(analyser& check, dialect d) noexcept;

constexpr text_facts read_for_parameters(analyser& check, dialect) noexcept {
  check.run();
  return {};
}

}  // namespace detail

/// Checks a text for the dialect `D`, against rows of type `Row` (void: none are wanted) and arguments of the types
/// `Args`. Usable in constant expressions. In a text that is no literal (`is_literal`), an argument without a
/// placeholder of its name is no mistake: the text may vary under a fixed list of arguments.
template <dialect D, class Row, class... Args>
constexpr auto check_statement(std::string_view text, bool is_literal = true,
                               detail::text_reader read = &detail::read_for_parameters) noexcept {
  using pack = detail::argument_pack<detail::argument_shape_t<Args>...>;
  statement_check<pack::slot_count> done;
  detail::output_column columns[detail::select_list::capacity];
  detail::analyser found(text, D, lexis_of(D),
                         {.argument_slots = pack::argument_slots.data(),
                          .count = pack::slot_count,
                          .style = pack::style,
                          .is_literal = is_literal},
                         done.places.data(), columns);
  done.facts = read(found, D);
  done.traits = found.traits();
  done.problem = found.problem();
  done.marks = found.marks();
  done.has_literals = found.has_literals();
  if constexpr (!std::is_void_v<Row>) {
    if (!done.problem) done.problem = detail::compare_columns(D, text, found, row_plan<Row>::description);
  }
  return done;
}

namespace detail {

/// The checked statement of a literal that is known by its type.
template <class Text, class Statement>
inline constexpr Statement constant_statement{Text{}().text, Text{}().where};

/// With DOVETAIL_REGISTER_QUERIES (the same for all files of a program) the statement is in the list of
/// `verify_queries`.
template <class Text, class Statement>
constexpr void note_query() noexcept {
#if defined(DOVETAIL_REGISTER_QUERIES)
  static_cast<void>(&query_registration<Text, Statement>::entry);
#endif
}

}  // namespace detail

template <class Statement>
class brief_statement;

/// SQL for the dialect `D` whose rows become `Row` (void: no rows wanted), checked against arguments of the shapes
/// `Shapes`. Implicitly made from a string literal (a constant expression) or from `dt::runtime(text)`; write it as
/// `statement_for<D, Row, Args...>`.
/// Cost: a literal is checked by the compiler alone; nothing of its text is looked at when the program runs.
template <dialect D, class Row, class... Shapes>
class checked_statement {
  using pack = detail::argument_pack<Shapes...>;

 public:
  using row_type = Row;
  static constexpr dialect language = D;
  static constexpr std::size_t slot_count = pack::slot_count;
  using places_type = std::array<parameter_place, slot_count>;

  /// From a literal, or a constant `std::string_view`.
  /// If the compiler points here: the text has the mistake that the message names (`mistake_in_sql::…`), or it is not
  /// a constant; then say so: `dt::runtime(text)`.
  template <class Text>
    requires std::convertible_to<const Text&, std::string_view>
  consteval checked_statement(const Text& sql, std::source_location where = std::source_location::current())
      : view_{.text = text_of(sql), .traits = {}, .is_literal = true, .where = where} {
    const sql_problem found = check(true);
    if (!view_.traits.is_native) {
      rewrite_ = &native_text;
      // The one mistake that is left for the running program: a range that expands into too many parameters.
      if (view_.traits.expands) describe_ = &detail::describe_mistake;
    }
    if (!found) return;
    if (found.what == sql_mistake::wrong_argument_count) {
      detail::stop_at_counts<pack::slot_count>(found.expected);
    } else if (found.what == sql_mistake::parameter_without_argument) {
      if constexpr (pack::style != argument_style::positional) {
        detail::stop_at_parameter<pack>(view_.text.substr(found.at, found.size));
      }
    } else if (found.what == sql_mistake::argument_without_parameter) {
      detail::stop_at_argument<pack>(found.expected, std::make_index_sequence<pack::slot_count>{});
    } else if (found.what >= sql_mistake::no_rows_returned) {
      if constexpr (!std::is_void_v<Row>) detail::stop_compiling_for_row<Row>(found);
    } else {
      detail::stop_compiling(found.what, view_.text.data() + found.at);
    }
  }

  /// From a literal that is known by its type: see `sql_text`. Checked as a literal is.
  template <sql_constant Text>
  constexpr checked_statement(Text) noexcept : checked_statement(detail::constant_statement<Text, checked_statement>) {
    detail::note_query<Text, checked_statement>();
  }

  /// Errors: none here; ask `problem()` or `failure()`.
  checked_statement(runtime sql, std::source_location where = std::source_location::current()) noexcept
      : checked_statement(sql, where, &detail::read_for_parameters) {}

  constexpr const statement_view& view() const noexcept { return view_; }
  constexpr operator const statement_view&() const noexcept { return view_; }  // NOLINT: a statement is a view of it
  /// For each slot of the arguments (`detail::argument_pack`), the parameter that it fills.
  constexpr const places_type& places() const noexcept { return places_; }

  /// Looks at a copy of its text from now on, which must live as long as the statement does.
  void use_copy(std::string_view same_text) noexcept { view_.text = same_text; }

  static constexpr std::span<const argument_slot> argument_slots() noexcept { return pack::argument_slots; }
  /// The text and parameters that the database takes for these arguments.
  /// Errors: errc::too_many_parameters, when ranges make them so many.
  template <class... Args>
  result<native_statement> native(const Args&... args) const {
    if (rewrite_ == nullptr) return native_statement{std::string{view_.text}, view_.traits.parameters, {}};
    native_statement found = rewrite_(D, view_, argument_slots(), places_, v0::slot_sizes(args...));
    if (found.parameters > parameter_limit(D)) {
      const auto end = static_cast<std::uint32_t>(view_.text.size());
      return describe({.what = sql_mistake::too_many_parameters,
                       .at = end,
                       .expected = parameter_limit(D),
                       .given = found.parameters},
                      false, nullptr);
    }
    return found;
  }

  constexpr bool is_valid() const noexcept { return !problem_; }
  constexpr const sql_problem& problem() const noexcept { return problem_; }

  /// The failure of a statement that is not valid. Its text is quoted only when `shows_text`.
  error_info failure(bool shows_text = false) const {
    const row_description* row = nullptr;
    if constexpr (!std::is_void_v<Row>) row = &row_plan<Row>::description;
    return describe(problem_, shows_text, row);
  }

 protected:
  checked_statement(runtime sql, std::source_location where, detail::text_reader read) noexcept
      : view_{.text = sql.text, .traits = {}, .is_literal = false, .where = where},
        problem_(check(false, read)),
        describe_(&detail::describe_mistake),
        rewrite_(&native_text) {}

 private:
  friend brief_statement<checked_statement>;

  constexpr checked_statement(const statement_view& view, const places_type& places, const sql_problem& problem,
                              decltype(&detail::describe_mistake) describing, decltype(&native_text) rewrite) noexcept
      : view_(view), places_(places), problem_(problem), describe_(describing), rewrite_(rewrite) {}

  error_info describe(const sql_problem& found, bool shows_text, const row_description* row) const {
    if (describe_ == nullptr) return {};  // a literal that compiled
    return describe_(found, D, view_.text, shows_text, pack::argument_slots, row, view_.where);
  }

  template <class Text>
  static constexpr std::string_view text_of(const Text& sql) noexcept {
    if constexpr (std::is_array_v<Text>) {
      return {sql, std::extent_v<Text> - 1};  // without a search for its end
    } else {
      return sql;
    }
  }

  constexpr sql_problem check(bool is_literal, detail::text_reader read = &detail::read_for_parameters) noexcept {
    const statement_check<slot_count> found = check_statement<D, Row, Shapes...>(view_.text, is_literal, read);
    view_.traits = found.traits;
    view_.marks = found.marks;
    view_.facts = found.facts;
    places_ = found.places;
    if (found.has_literals) view_.mask = &mask_literals;
    return found.problem;
  }

  statement_view view_;
  places_type places_{};
  sql_problem problem_{};
  // Null for literals that need neither: a program that has only such ones does not contain the functions.
  decltype(&detail::describe_mistake) describe_ = nullptr;
  decltype(&native_text) rewrite_ = nullptr;
};

/// The parameter type of a verb: `template <class Row, class... Args> … query(statement_for<D, Row, Args...> sql, const
/// Args&... args)`.
template <dialect D, class Row, class... Args>
using statement_for = checked_statement<D, Row, detail::argument_shape_t<Args>...>;

}  // namespace dovetail::inline v0
