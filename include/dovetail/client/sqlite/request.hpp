// From a checked statement and its arguments to a prepared statement that is ready to run.
#pragma once

#include <dovetail/client/sqlite/bind_value.hpp>
#include <dovetail/client/sqlite/session.hpp>
#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/parameters.hpp>
#include <dovetail/sql/statement_view.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace dovetail::inline v0 {
namespace sqlite::detail {

/// The statement with `…` for its literals: errors may show it.
inline std::string masked_text(std::string_view text) {
  namespace sql = dovetail::detail;
  std::string masked;
  std::size_t copied = 0;
  sql::lexer tokens{text, lexis_of(dialect::sqlite)};
  for (sql::token at = tokens.next(); at.kind != sql::token_kind::end; at = tokens.next()) {
    if (at.kind != sql::token_kind::string && at.kind != sql::token_kind::number) continue;
    masked.append(text, copied, at.begin - copied);
    masked += at.kind == sql::token_kind::string ? "'…'" : "…";
    copied = at.end;
  }
  if (tokens.problem()) return {};
  return masked.append(text, copied, text.size() - copied);
}

/// Adds the statement and the caller's place to a failure. The text only when the user asked for it; without its
/// literals also when rows do not fit, because then the text is what has to be changed.
inline error_info add_statement(error_info failure, const statement_view& sql, bool shows_text) {
  failure.with_location(sql.where);
  if (shows_text) {
    failure.with_statement(std::string{sql.text});
  } else if (failure.code() == errc::row_mismatch) {
    failure.with_statement(masked_text(sql.text));
  }
  return failure;
}

/// The failure of an argument that could not be bound.
inline error_info bind_failure(const session& on, const binder& to, std::string which) {
  if (to.refused() == errc{}) return on.failure(to.code(), std::move(which));
  return {make_error_code(to.refused()), which.append(": ").append(to.reason())};
}

/// Prepares a request's statement, or takes it from the cache, and binds the arguments.
/// `borrow`: the arguments stay where they are until the statement has run.
template <class Request>
error_info start(session& on, const Request& request, bool borrow, bool shows_text, statement_use& used) {
  const auto& sql = request.sql;
  if (!sql.is_valid()) return sql.failure(shows_text);
  const statement_view& view = sql.view();
  const std::string_view key = view.key();
  if (!key.empty()) used = on.find(key);
  if (!used) {
    result<statement_use> prepared = [&] {
      if (view.traits.is_native) return on.prepare(view.text, key);
      auto native = std::apply([&](const auto&... each) { return sql.native(each...); }, request.arguments);
      if (!native) return result<statement_use>{std::move(native).error()};
      return on.prepare(native->text, key);
    }();
    if (!prepared) return add_statement(std::move(prepared).error(), view, shows_text);
    used = *std::move(prepared);
  }
  binder to{used.get(), borrow};
  std::uint32_t current = 0;
  const auto bind = [&](std::uint32_t number, const auto& value) {
    current = number;
    return to.bind(static_cast<int>(number), value);
  };
  const bool bound =
      std::apply([&](const auto&... each) { return bind_parameters(view.traits, sql.places(), bind, each...); },
                 request.arguments);
  if (!bound) {
    return add_statement(bind_failure(on, to, "parameter " + std::to_string(current)), view, shows_text);
  }
  return {};
}

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0
