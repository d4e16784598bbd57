// The rules by which a statement's text is let through or refused before it is sent: profiles off, standard and strict.
#pragma once

#include <dovetail/sql/classify.hpp>

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {

/// How much of a statement's text is checked. In each of them a text with more than one statement, or without an end
/// of a quote or comment, is refused. Parameters, not these rules, keep values of users out of the text.
enum class validation_profile : std::uint8_t {
  off,       ///< nothing else
  standard,  ///< data is read and written; all else needs a permission
  strict,    ///< as standard, without comments and UNION
};

/// What a text may contain. A structural type: a value of it can be a template argument.
struct validation {
  validation_profile profile = validation_profile::standard;
  bool allow_admin = false;            ///< all classes but `transaction`
  bool allow_ddl = false;              ///< create, alter, drop … of what is part of a schema
  bool allow_calls = false;            ///< call
  bool allow_settings = false;         ///< set, reset, a pragma that changes something
  bool allow_notifications = false;    ///< listen, notify, unlisten
  bool allow_risky_functions = false;  ///< pg_sleep(…), load_file(…), dblink(…) and their like
  bool allow_scripts = false;          ///< several statements in one text; each is checked. For `script`

  friend constexpr bool operator==(const validation&, const validation&) = default;
};

/// The rule that a text breaks.
enum class validation_rule : std::uint8_t {
  none,
  malformed_text,
  no_statement,
  several_statements,
  transaction_control,
  definition,
  administration,
  procedure_call,
  session_setting,
  notification,
  risky_function,
  comment,
  set_operation,
};

/// The name of a rule, as errors have it: "definition".
constexpr std::string_view to_string(validation_rule rule) noexcept {
  constexpr std::string_view names[] = {
      "none",           "malformed_text", "no_statement",   "several_statements", "transaction_control",
      "definition",     "administration", "procedure_call", "session_setting",    "notification",
      "risky_function", "comment",        "set_operation"};
  return names[static_cast<std::size_t>(rule)];
}

/// What is wrong, and what would allow it.
constexpr std::string_view words_of(validation_rule rule) noexcept {
  switch (rule) {
    case validation_rule::none:
      return "nothing is wrong";
    case validation_rule::malformed_text:
      return "a quote or a comment has no end";
    case validation_rule::no_statement:
      return "no query provided";
    case validation_rule::several_statements:
      return "more than one statement in a text";
    case validation_rule::transaction_control:
      return "a transaction is begun and ended by transaction(), begin(), commit() and rollback(), not by a text";
    case validation_rule::definition:
      return "a statement that defines something needs allow_ddl or allow_admin";
    case validation_rule::administration:
      return "an administrative statement needs allow_admin";
    case validation_rule::procedure_call:
      return "a call needs allow_calls or allow_admin";
    case validation_rule::session_setting:
      return "a statement that changes the session needs allow_settings or allow_admin";
    case validation_rule::notification:
      return "listen and notify need allow_notifications or allow_admin";
    case validation_rule::risky_function:
      return "a function that waits, or reaches files, sessions or other servers, needs allow_risky_functions";
    case validation_rule::comment:
      return "the strict profile takes no comments";
    case validation_rule::set_operation:
      return "the strict profile takes no UNION";
  }
  return "unknown rule";
}

/// The rule that a text breaks, and where.
struct validation_verdict {
  validation_rule rule = validation_rule::none;
  std::uint32_t at = 0;
  std::uint32_t size = 0;

  constexpr bool is_allowed() const noexcept { return rule == validation_rule::none; }
  friend constexpr bool operator==(const validation_verdict&, const validation_verdict&) = default;
};

namespace detail {

/// The rule about a class as such.
constexpr validation_rule rule_about(const classification& found, const validation& may) noexcept {
  if (found.what == statement_class::transaction) return validation_rule::transaction_control;
  if (may.allow_admin || !found.is_executed) return validation_rule::none;
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

/// The rule that the first statement of a text breaks.
constexpr validation_verdict judge_statement(const classification& found, const validation& may) noexcept {
  if (found.problem) return {validation_rule::malformed_text, found.problem.at, found.problem.size};
  if (found.what == statement_class::none) return {validation_rule::no_statement, 0, 0};
  if (found.has_more && !may.allow_scripts) return {validation_rule::several_statements, found.more_at, 0};
  if (may.profile == validation_profile::off) return {};
  const validation_rule rule = rule_about(found, may);
  if (rule != validation_rule::none) return {rule, found.begin, 0};
  if (found.risk_size != 0 && !may.allow_risky_functions) {
    return {validation_rule::risky_function, found.risk_at, found.risk_size};
  }
  if (may.profile == validation_profile::strict) {
    if (found.has_comment) return {validation_rule::comment, found.comment_at, 0};
    if (found.has_union) return {validation_rule::set_operation, found.union_at, 5};
  }
  return {};
}

}  // namespace detail

/// Checks a text against the rules. Cost: one pass; no allocation. Usable in constant expressions.
constexpr validation_verdict validate(dialect d, std::string_view text, const validation& may = {}) noexcept {
  std::uint32_t begin = 0;
  for (;;) {
    const classification found = v0::classify(d, text.substr(begin));
    validation_verdict said = detail::judge_statement(found, may);
    if (said.rule == validation_rule::no_statement && begin != 0) return {};
    said.at += begin;
    if (!said.is_allowed() || !found.has_more) return said.is_allowed() ? validation_verdict{} : said;
    begin += found.more_at;
  }
}

}  // namespace dovetail::inline v0
