// The guard of a session: validation of texts, access control, audit.
#pragma once

#include <dovetail/client/asyncsql/security_settings.hpp>
#include <dovetail/client/asyncsql/statement_guard.hpp>
#include <dovetail/sql/validated_statement.hpp>

#include <memory>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::asyncsql {
namespace detail {

/// What is malformed in a text: a quote without an end, a parameter's name, …
[[gnu::cold, gnu::noinline]] inline sql_mistake mistake_in(dialect speaks, std::string_view text) {
  for (;;) {
    const classification found = v0::classify(speaks, text);
    if (found.problem || !found.has_more) return found.problem.what;
    text.remove_prefix(found.more_at);
  }
}

/// The failure of a text that breaks a rule. Names the rule, what is malformed and the place, and nothing of the text.
[[gnu::cold, gnu::noinline]] inline error_info refusal_of(std::string_view text, const validation_verdict& said,
                                                          const guard_context& context) {
  const bool is_malformed = said.rule == validation_rule::malformed_text;
  const sql_mistake cause = is_malformed ? mistake_in(context.speaks, text) : sql_mistake::none;
  const sql_problem found{.what = sql_mistake::refused,
                          .at = said.at,
                          .size = said.size,
                          .expected = static_cast<std::uint32_t>(said.rule),
                          .given = static_cast<std::uint32_t>(cause)};
  return dovetail::detail::describe_mistake(found, context.speaks, text, false, {}, nullptr, context.where);
}

[[gnu::cold, gnu::noinline]] inline error_info denial(std::string_view reason, std::source_location where) {
  error_info failure{errc::access_denied, std::string{reason}};  // the code's text follows the reason
  failure.with_location(where);
  return failure;
}

/// Asks the access control; what it throws refuses the statement too.
[[gnu::noinline]] inline error_info ask_access(const security_settings& how, access_request& asked,
                                               const guard_context& context) {
  if (how.user.empty()) return denial("the session has no user", context.where);
  asked.user = how.user;
  asked.session = context.session;
  asked.where = context.where;
  try {
    const access_decision said = how.access->decide(asked);
    return said.is_allowed ? error_info{} : denial(said.reason, context.where);
  } catch (...) {
    return denial("the access control failed", context.where);
  }
}

/// Asks about each statement of a text.
[[gnu::noinline]] inline error_info ask_access(const security_settings& how, std::string_view text,
                                               const guard_context& context) {
  for (;;) {
    const classification found = v0::classify(context.speaks, text);
    if (found.what == statement_class::none && !found.has_more) return {};
    if (found.has_spelt_table) return denial("a table's name is written as U&\"…\"", context.where);
    std::vector<touched_table> tables;
    tables.reserve(found.table_count);
    for (std::size_t i = 0; i < found.table_count; ++i) {
      const table_place& at = found.tables[i];
      tables.push_back({comparable_name(context.speaks, text.substr(at.begin, at.end - at.begin)), at.is_written});
    }
    access_request asked{.user = {},
                         .what = found.what,
                         .read_only = found.read_only,
                         .tables = tables,
                         .has_all_tables = found.has_all_tables};
    if (error_info denied = ask_access(how, asked, context)) return denied;
    if (!found.has_more) return {};
    text.remove_prefix(found.more_at);
  }
}

[[gnu::noinline]] inline error_info check_text(const security_settings& how, const statement_view& sql, bool is_script,
                                               const guard_context& context) {
  validation may = how.rules();
  may.allow_scripts = is_script;
  const validation_verdict said = v0::validate(context.speaks, sql, may);
  if (!said.is_allowed()) return refusal_of(sql.text, said, context);
  return how.access == nullptr ? error_info{} : ask_access(how, sql.text, context);
}

[[gnu::noinline]] inline void tell_audit(const security_settings& how, std::string_view text,
                                         const guard_context& context, const statement_outcome& outcome) noexcept {
  const bool is_text = context.operation != "insert" && context.operation != "insert_returning" &&
                       context.operation != "upsert" && context.operation != "copy_in";
  const statement_class what = is_text ? v0::classify(context.speaks, text).what : statement_class::insert;
  how.audit->on({.what = observed::audit,
                 .operation = to_string(what),
                 .ec = outcome.ec,
                 .duration = outcome.duration,
                 .where = context.where,
                 .subject = how.user});
}

}  // namespace detail

/// Decides about the statements of a session. `Literals` are the rules for string literals: one that breaks them does
/// not compile. The run-time settings hold for other texts; by default they are those rules too.
/// Errors: errc::statement_refused, which names the rule; errc::access_denied. Neither tells anything of the text.
/// Threads: any number at once. Cost: none for a literal, unless there is an access control or an audit; next to
/// none for a text made at run time, which is classified where its parameters are checked; one pass over a script.
template <validation Literals = validation{}>
class guard {
 public:
  static constexpr validation literals = Literals;

  guard() : guard(defaults()) {}
  explicit guard(security_settings how) : how_(std::make_shared<const security_settings>(std::move(how))) {}

  const security_settings& settings() const noexcept { return *how_; }

  error_info check(const statement_view& sql, const guard_context& context) const {
    if (!sql.is_literal) return detail::check_text(*how_, sql, false, context);
    return how_->access == nullptr ? error_info{} : detail::ask_access(*how_, sql.text, context);
  }
  error_info check_script(std::string_view text, const guard_context& context) const {
    return detail::check_text(*how_, statement_view{.text = text, .traits = {}}, true, context);
  }
  error_info check_table(std::string_view table, const guard_context& context) const {
    if (how_->access == nullptr) return {};
    const touched_table written{comparable_name(context.speaks, table), true};
    access_request asked{.user = {},
                         .what = statement_class::insert,
                         .read_only = tri_state::no,
                         .tables = {&written, 1},
                         .has_all_tables = true};
    return detail::ask_access(*how_, asked, context);
  }
  void saw(std::string_view text, const guard_context& context, const statement_outcome& outcome) const noexcept {
    if (how_->audit != nullptr) detail::tell_audit(*how_, text, context, outcome);
  }

 private:
  static security_settings defaults() {
    security_settings how;
    how.profile = Literals.profile;
    how.allow_admin = Literals.allow_admin;
    how.allow_ddl = Literals.allow_ddl;
    how.allow_calls = Literals.allow_calls;
    how.allow_settings = Literals.allow_settings;
    how.allow_notifications = Literals.allow_notifications;
    how.allow_risky_functions = Literals.allow_risky_functions;
    return how;
  }

  std::shared_ptr<const security_settings> how_;
};

static_assert(statement_guard<guard<>>);

}  // namespace dovetail::inline v0::asyncsql
