// From a checked statement and its arguments to a prepared statement that is ready to run.
#pragma once

#include <dovetail/client/sqlite/bind_value.hpp>
#include <dovetail/client/sqlite/session.hpp>
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

/// Adds the statement and the caller's place to a failure. The text only when the user asked for it; without its
/// literals also when rows do not fit, because then the text is what has to be changed.
[[gnu::cold]] error_info add_statement(error_info failure, const statement_view& sql, bool shows_text);

/// The failure of an argument that could not be bound.
[[gnu::cold]] error_info bind_failure(const session& on, const binder& to, std::string_view which,
                                      std::string_view name, std::string_view end = {});

[[gnu::cold]] error_info bind_failure(const session& on, const binder& to, std::uint32_t number,
                                      const statement_view& sql, bool shows_text);

/// Prepares a text that the cache does not know by its address.
[[gnu::cold]] error_info prepare(session& on, const statement_view& sql, std::string_view native, bool shows_text,
                                 statement_use& used);

/// Prepares a request's statement, or takes it from the cache, and binds the arguments.
/// `borrow`: the arguments stay where they are until the statement has run.
template <class Request>
error_info start(session& on, const Request& request, bool borrow, bool shows_text, statement_use& used) {
  const auto& sql = request.sql;
  if (!sql.is_valid()) return sql.failure(shows_text);
  const statement_view& view = sql.view();
  if (const std::string_view key = view.key(); !key.empty()) used = on.find(key);
  if (!used) {
    error_info failure;
    if (view.traits.is_native) {
      failure = prepare(on, view, view.text, shows_text, used);
    } else {
      const auto native = std::apply([&](const auto&... each) { return sql.native(each...); }, request.arguments);
      if (!native) return add_statement(native.error(), view, shows_text);
      failure = prepare(on, view, native->text, shows_text, used);
    }
    if (failure) return failure;
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
  if (!bound) return bind_failure(on, to, current, view, shows_text);
  return {};
}

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/sqlite_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SQLITE_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace sqlite::detail {

[[gnu::noinline]] DOVETAIL_DEFINE error_info add_statement(error_info failure, const statement_view& sql,
                                                           bool shows_text) {
  failure.with_location(sql.where);
  if (shows_text) {
    failure.with_statement(std::string{sql.text});
  } else if (failure.code() == errc::row_mismatch) {
    failure.with_statement(sql.mask == nullptr ? std::string{sql.text} : sql.mask(dialect::sqlite, sql.text));
  }
  return failure;
}

[[gnu::noinline]] DOVETAIL_DEFINE error_info bind_failure(const session& on, const binder& to, std::string_view which,
                                                          std::string_view name, std::string_view end) {
  std::string context;
  dovetail::detail::append_parts(context, {which, name, end});
  if (to.refused() == errc{}) return on.failure(to.code(), std::move(context));
  dovetail::detail::append_parts(context, {": ", to.reason()});
  return {make_error_code(to.refused()), std::move(context)};
}

[[gnu::noinline]] DOVETAIL_DEFINE error_info bind_failure(const session& on, const binder& to, std::uint32_t number,
                                                          const statement_view& sql, bool shows_text) {
  return add_statement(bind_failure(on, to, "parameter ", dovetail::detail::number_text{number}), sql, shows_text);
}

[[gnu::noinline]] DOVETAIL_DEFINE error_info prepare(session& on, const statement_view& sql, std::string_view native,
                                                     bool shows_text, statement_use& used) {
  if (error_info refused = session::refuse_long(sql.text)) return add_statement(std::move(refused), sql, false);
  result<statement_use> prepared = on.prepare(native, sql.key());
  if (!prepared) return add_statement(std::move(prepared).error(), sql, shows_text);
  used = *std::move(prepared);
  return {};
}

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
