// The rules by which a statement's text is let through or refused before it is sent: profiles, permissions, words.
#pragma once

#include <dovetail/sql/dialect.hpp>

#include <cstddef>
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
  conditional_comment,
};

/// The name of a rule, as errors have it: "definition".
constexpr std::string_view to_string(validation_rule rule) noexcept {
  constexpr std::string_view names[] = {
      "none",           "malformed_text", "no_statement",   "several_statements", "transaction_control",
      "definition",     "administration", "procedure_call", "session_setting",    "notification",
      "risky_function", "comment",        "set_operation",  "conditional_comment"};
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
      return "a function that waits, or reaches files, sessions or other servers, or a name U&\"…\" that may be its, "
             "needs allow_risky_functions";
    case validation_rule::comment:
      return "the strict profile takes no comments";
    case validation_rule::set_operation:
      return "the strict profile takes no UNION";
    case validation_rule::conditional_comment:
      return "a comment that one server runs as code and another one skips may hide anything";
  }
  return "unknown rule";
}

/// A statement whose text has passed the rules of `May` too: see sql/validated_statement.hpp.
template <validation May, dialect D, class Row, class... Shapes>
class validated_statement;

}  // namespace dovetail::inline v0
