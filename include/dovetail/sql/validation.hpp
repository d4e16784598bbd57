// Checks a statement's text against the rules of a profile and its permissions.
#pragma once

#include <dovetail/sql/classify.hpp>
#include <dovetail/sql/statement_view.hpp>
#include <dovetail/sql/validation_rule.hpp>

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {

/// The rule that a text breaks, and where.
struct validation_verdict {
  validation_rule rule = validation_rule::none;
  std::uint32_t at = 0;
  std::uint32_t size = 0;

  constexpr bool is_allowed() const noexcept { return rule == validation_rule::none; }
  friend constexpr bool operator==(const validation_verdict&, const validation_verdict&) = default;
};

namespace detail {

/// The rule about a class as such. `Found` is `classification`, or `text_facts`.
template <class Found>
constexpr validation_rule rule_about(const Found& found, const validation& may) noexcept {
  if (found.what == statement_class::transaction) return validation_rule::transaction_control;
  if (may.allow_admin || !found.is_executed) return validation_rule::none;
  if (found.is_server_setting) return validation_rule::administration;
  switch (found.what) {
    case statement_class::select:
      return found.makes_table ? validation_rule::administration : validation_rule::none;
    case statement_class::insert:
    case statement_class::update:
    case statement_class::remove:
    case statement_class::merge:
    case statement_class::show:
      return found.makes_table ? validation_rule::administration : validation_rule::none;
    case statement_class::definition:
      if (found.is_server_object) return validation_rule::administration;
      return may.allow_ddl ? validation_rule::none : validation_rule::definition;
    case statement_class::call:
      return may.allow_calls ? validation_rule::none : validation_rule::procedure_call;
    case statement_class::setting:
      return may.allow_settings ? validation_rule::none : validation_rule::session_setting;
    case statement_class::notification:
      return may.allow_notifications ? validation_rule::none : validation_rule::notification;
    default:
      return validation_rule::administration;
  }
}

/// The rule that a statement breaks whose text is one, and whole.
template <class Found>
constexpr validation_rule rule_of(const Found& found, const validation& may) noexcept {
  if (may.profile == validation_profile::off) return validation_rule::none;
  const validation_rule rule = rule_about(found, may);
  if (rule != validation_rule::none) return rule;
  if (found.risk_size != 0 && !may.allow_risky_functions) return validation_rule::risky_function;
  if (may.profile != validation_profile::strict) return validation_rule::none;
  if (found.has_comment) return validation_rule::comment;
  return found.has_union ? validation_rule::set_operation : validation_rule::none;
}

/// The rule that the first statement of a text breaks.
constexpr validation_verdict judge_statement(const classification& found, const validation& may) noexcept {
  if (found.problem) return {validation_rule::malformed_text, found.problem.at, found.problem.size};
  if (found.has_conditional_comment) return {validation_rule::conditional_comment, found.comment_at, 0};
  if (found.what == statement_class::none) return {validation_rule::no_statement, 0, 0};
  if (found.has_more && !may.allow_scripts) return {validation_rule::several_statements, found.more_at, 0};
  const validation_rule rule = rule_of(found, may);
  switch (rule) {
    case validation_rule::none:
      return {};
    case validation_rule::risky_function:
      return {rule, found.risk_at, found.risk_size};
    case validation_rule::comment:
      return {rule, found.comment_at, 0};
    case validation_rule::set_operation:
      return {rule, found.union_at, 5};
    default:
      return {rule, found.begin, 0};
  }
}

}  // namespace detail

/// Checks a text against the rules. Cost: one pass; no allocation. Usable in constant expressions.
constexpr validation_verdict validate(dialect d, std::string_view text, const validation& may = {}) noexcept {
  std::uint32_t begin = 0;
  for (;;) {
    const std::string_view rest = text.substr(begin);
    detail::lexer source{rest, lexis_of(d)};
    detail::classifier pass{rest, d, source};
    pass.run();
    const classification& found = pass.found();
    validation_verdict said = detail::judge_statement(found, may);
    if (said.rule == validation_rule::no_statement && begin != 0) return {};
    said.at += begin;
    if (!said.is_allowed() || !found.has_more) return said.is_allowed() ? validation_verdict{} : said;
    begin += found.more_at;
  }
}

/// The same for a statement, which says the same of its text. Cost: none for its text when it was made of a text at run
/// time for a client with rules (`validated_statement`) and keeps these ones.
constexpr validation_verdict validate(dialect d, const statement_view& sql, const validation& may = {}) noexcept {
  const bool is_known = sql.facts.are_of(d, sql.text);
  if (is_known && detail::rule_of(sql.facts, may) == validation_rule::none) return {};
  return v0::validate(d, sql.text, may);
}

}  // namespace dovetail::inline v0
