// What a session knows of any operation of a SQL client: its text, whether it needs a transaction, how it ended.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/client/asyncsql/settings.hpp>
#include <dovetail/client/asyncsql/statement_guard.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/policy/sql_metrics.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

namespace dovetail::inline v0::asyncsql::detail {

template <class Op>
concept has_statement = requires(const Op& op) {
  op.request.sql.view();
};
template <class Op>
concept has_table = requires(const Op& op) {
  op.table;
};

/// Asks the guard about each statement of a pipeline. None of them has met the rules of a session when the program was
/// compiled: literals are judged as other texts are.
template <class Guard, class Ops>
error_info admit_each(const Guard& guard, const Ops& ops, const guard_context& context) {
  error_info refused;
  const auto is_refused = [&](const auto& each) {
    statement_view sql = each.request.sql.view();
    sql.is_literal = false;
    refused = guard.check(sql, context);
    return static_cast<bool>(refused);
  };
  if constexpr (requires { ops.size(); }) {
    for (const auto& each : ops) {
      if (is_refused(each)) break;
    }
  } else {
    std::apply([&](const auto&... each) { static_cast<void>((is_refused(each) || ...)); }, ops);
  }
  return refused;
}

/// Asks the guard about an operation.
template <class Guard, class Op>
error_info admit(const Guard& guard, const Op& op, const guard_context& context) {
  if constexpr (has_statement<Op>) {
    return guard.check(op.request.sql.view(), context);
  } else if constexpr (has_table<Op>) {
    return guard.check_table(op.table, context);
  } else if constexpr (requires { op.ops; }) {
    return admit_each(guard, op.ops, context);
  } else if constexpr (requires { op.text; }) {
    return guard.check_script(op.text, context);
  } else {
    return {};
  }
}

template <class Op>
std::string_view text_of(const Op& op) noexcept {
  if constexpr (has_statement<Op>) {
    return op.request.sql.view().text;
  } else if constexpr (has_table<Op>) {
    return op.table;
  } else if constexpr (requires { op.text; }) {
    return op.text;
  } else {
    return {};
  }
}

/// The text for a log: without its literals. A script has none.
template <class Op>
std::string public_text_of(const Op& op, [[maybe_unused]] dialect speaks) {
  if constexpr (has_statement<Op>) {
    const statement_view& view = op.request.sql.view();
    return view.mask == nullptr ? std::string{view.text} : view.mask(speaks, view.text);
  } else if constexpr (has_table<Op>) {
    return std::string{op.table};
  } else {
    return {};
  }
}

/// Whether an automatic transaction goes around the operation: not for reads, nor for a pragma, most of which do
/// nothing inside of one.
template <class Op>
bool wants_transaction(const Op& op, const transaction_settings& how) noexcept {
  if (how.mode != transaction_mode::automatic) return false;
  if constexpr (has_statement<Op>) {
    if (op.request.sql.view().traits.kind == statement_kind::pragma) return false;
  }
  return !op.is_idempotent() || how.isolation != begin_mode::automatic;
}

template <class T>
std::int64_t rows_of(const T& value) noexcept {
  if constexpr (requires { value.rows_affected; }) {
    return value.rows_affected;
  } else if constexpr (requires {
                         value.size();
                         value.begin();
                       }) {
    return static_cast<std::int64_t>(value.size());
  } else if constexpr (requires { value.has_value(); }) {
    return value.has_value() ? 1 : 0;
  } else {
    return 1;
  }
}

/// Says what to do about a statement that the database does not run inside of a transaction.
[[gnu::cold, gnu::noinline]] inline void explain_mode(error_info& why) {
  const std::string_view message = why.server().message;
  const bool is_refused = why.server().sqlstate == "25001" ||
                          message.find("from within a transaction") != std::string_view::npos ||
                          message.find("within a transaction block") != std::string_view::npos;
  if (!is_refused) return;
  std::string context{why.context()};
  dovetail::detail::append_parts(context, {context.empty() ? "" : "; ",
                                           "the session puts each statement into a transaction of its own: run this "
                                           "one in a session with transaction_mode::none"});
  why.with_context(std::move(context));
}

/// Says what to do about a parameter whose type the server cannot tell.
[[gnu::cold, gnu::noinline]] inline void explain_type(error_info& why) {
  if (why.server().sqlstate != "42P18") return;
  std::string context{why.context()};
  dovetail::detail::append_parts(
      context, {context.empty() ? "" : "; ",
                "name the parameter's type in parameter_types, of the session or of the call: {\"name\", \"text\"}"});
  why.with_context(std::move(context));
}

/// A failure of the session's own rules.
[[gnu::cold, gnu::noinline]] inline error_info misuse(std::string_view text, std::source_location where,
                                                      errc code = errc::invalid_state) {
  error_info info{make_error_code(code), std::string{text}};
  info.with_location(where);
  return info;
}

/// The failure of a session's own call in the body of its own transaction.
[[gnu::cold, gnu::noinline]] inline error_info used_inside(std::source_location where) {
  return misuse(
      "the session itself is used inside of its own transaction, by the body of run_transaction or a callback: use "
      "the transaction that the body was given",
      where);
}

}  // namespace dovetail::inline v0::asyncsql::detail
