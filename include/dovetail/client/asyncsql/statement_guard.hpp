// The hook through which every statement of a session passes before any I/O, and is reported after it.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/sql/statement_view.hpp>

#include <concepts>
#include <cstdint>
#include <source_location>
#include <string_view>
#include <system_error>

namespace dovetail::inline v0::asyncsql {

/// What a guard may know of a call beside its statement.
struct guard_context {
  dialect speaks = dialect::sqlite;
  std::string_view session{};    ///< the session's name
  std::string_view operation{};  ///< "query", "execute", "insert", …
  std::source_location where{};
};

/// How a statement that the guard let through ended.
struct statement_outcome {
  std::error_code ec{};  ///< empty on success
  clock::duration duration{};
  std::int64_t rows = 0;  ///< affected, or read
};

/// Decides about statements. Threads: called by several at once, through const references. Lifetime: texts are borrowed
/// for the call.
template <class G>
concept statement_guard = std::copyable<G> && requires(const G& guard, const statement_view& sql, std::string_view text,
                                                       const guard_context& context, const statement_outcome& outcome) {
  // If the compiler points here: check(statement, context) must give an empty `error_info` for what may run.
  { guard.check(sql, context) } -> std::same_as<error_info>;
  // If the compiler points here: check_script(text, context) judges the text of `script`, which may have many
  // statements.
  { guard.check_script(text, context) } -> std::same_as<error_info>;
  // If the compiler points here: check_table(name, context) judges the table of an insert, an upsert or a copy.
  { guard.check_table(text, context) } -> std::same_as<error_info>;
  // If the compiler points here: saw(text or table, context, outcome) is told how it ended.
  { guard.saw(text, context, outcome) }
  noexcept;
};

/// Lets everything through, and costs nothing.
struct no_guard {
  error_info check(const statement_view&, const guard_context&) const noexcept { return {}; }
  error_info check_script(std::string_view, const guard_context&) const noexcept { return {}; }
  error_info check_table(std::string_view, const guard_context&) const noexcept { return {}; }
  void saw(std::string_view, const guard_context&, const statement_outcome&) const noexcept {}
};

}  // namespace dovetail::inline v0::asyncsql
