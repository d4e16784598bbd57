// A checked statement whose literal text has to keep rules too, while the program is compiled.
#pragma once

#include <dovetail/sql/statement.hpp>
#include <dovetail/sql/validation.hpp>

#include <concepts>
#include <source_location>
#include <string_view>

namespace dovetail::inline v0 {

/// If the compiler points here: the literal SQL text breaks the rule that the function is named for, and the client's
/// type does not allow it (`dt::validation`). None of them is constexpr: calling one stops the compilation.
namespace refused_sql {

void malformed_text();
void no_statement();
void several_statements();
void transaction_control_use_transaction_or_begin();
void definition_needs_allow_ddl_or_allow_admin();
void administration_needs_allow_admin();
void procedure_call_needs_allow_calls();
void session_setting_needs_allow_settings();
void notification_needs_allow_notifications();
void risky_function_needs_allow_risky_functions();
void comment_in_strict_profile();
void set_operation_in_strict_profile();
void conditional_comment_that_some_servers_run();

}  // namespace refused_sql

namespace detail {

/// Never returns from a constant evaluation, unless the rule is `none`. `at` is for the compiler to print.
constexpr void stop_compiling(validation_rule rule, [[maybe_unused]] const char* at) {
  switch (rule) {
    case validation_rule::none:
      return;
    case validation_rule::malformed_text:
      return refused_sql::malformed_text();
    case validation_rule::no_statement:
      return refused_sql::no_statement();
    case validation_rule::several_statements:
      return refused_sql::several_statements();
    case validation_rule::transaction_control:
      return refused_sql::transaction_control_use_transaction_or_begin();
    case validation_rule::definition:
      return refused_sql::definition_needs_allow_ddl_or_allow_admin();
    case validation_rule::administration:
      return refused_sql::administration_needs_allow_admin();
    case validation_rule::procedure_call:
      return refused_sql::procedure_call_needs_allow_calls();
    case validation_rule::session_setting:
      return refused_sql::session_setting_needs_allow_settings();
    case validation_rule::notification:
      return refused_sql::notification_needs_allow_notifications();
    case validation_rule::risky_function:
      return refused_sql::risky_function_needs_allow_risky_functions();
    case validation_rule::comment:
      return refused_sql::comment_in_strict_profile();
    case validation_rule::set_operation:
      return refused_sql::set_operation_in_strict_profile();
    case validation_rule::conditional_comment:
      return refused_sql::conditional_comment_that_some_servers_run();
  }
}

/// Two passes over the same tokens: a text's check and its classification. It ends with the check.
struct check_and_rules {
  analyser& check;
  classifier& rules;
  bool is_whole = false;  // the check has seen the text's end

  void see_comment() noexcept { rules.see_comment(); }
  unsigned wanted() const noexcept { return unsigned{rules.wanted()} | check.wanted(); }
  bool take_next(const token& at, const token& previous, const token& before) noexcept {
    if (rules.wants(at)) rules.take_next(at, previous, before);
    if (!check.wants(at) || check.take_next(at, previous, before)) return true;
    is_whole = at.kind == token_kind::end;
    return false;
  }
};

/// Reads a text once for its check and its classification.
[[gnu::noinline]] inline text_facts read_for_rules(analyser& check, dialect d) noexcept {
  if (!check.begin()) return {};
  classifier rules{check.text(), d, check.source()};
  check_and_rules both{check, rules};
  read_many(both, check.source(), check.text());
  return both.is_whole ? text_facts{d, check.text(), rules.found()} : text_facts{};
}

}  // namespace detail

/// As `checked_statement`, and a literal keeps the rules of `May`.
/// Cost: that of `checked_statement`; a literal is validated by the compiler alone.
template <validation May, dialect D, class Row, class... Shapes>
class validated_statement : public checked_statement<D, Row, Shapes...> {
  using base = checked_statement<D, Row, Shapes...>;

 public:
  static constexpr validation rules = May;

  /// If the compiler points here: see `checked_statement`, and the rule that the message names (`refused_sql::…`).
  template <class Text>
    requires std::convertible_to<const Text&, std::string_view>
  consteval validated_statement(const Text& sql, std::source_location where = std::source_location::current())
      : base(sql, where) {
    const validation_verdict said = validate(D, base::view().text, May);
    detail::stop_compiling(said.rule, base::view().text.data() + said.at);
  }

  /// From a literal that is known by its type: see `sql_text`.
  template <sql_constant Text>
  constexpr validated_statement(Text) noexcept : base(detail::constant_statement<Text, validated_statement>) {
    detail::note_query<Text, validated_statement>();
  }

  /// A text made at run time is judged by who takes the statement, with settings that may come from a file: by
  /// `validate(dialect, view(), rules)`, for which it is not read again.
  validated_statement(runtime sql, std::source_location where = std::source_location::current()) noexcept
      : base(sql, where, &detail::read_for_rules) {}
};

/// The parameter type of a verb that has rules.
template <validation May, dialect D, class Row, class... Args>
using validated_statement_for = validated_statement<May, D, Row, detail::argument_shape_t<Args>...>;

}  // namespace dovetail::inline v0
