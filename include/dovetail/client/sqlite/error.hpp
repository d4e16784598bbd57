// SQLite's result codes as error codes, and the message of a failed call taken apart.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/client/sqlite/library.hpp>

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace dovetail::inline v0 {
namespace sqlite {

/// Codes that SQLite reports as plain SQLITE_ERROR, told apart by its message; their low byte is SQLITE_ERROR.
enum class detailed_error : int {
  syntax = SQLITE_ERROR | (0x70 << 8),          ///< the statement's text is no SQL
  no_such_object = SQLITE_ERROR | (0x71 << 8),  ///< a table, column, function … that does not exist
};

namespace detail {

[[gnu::cold, gnu::noinline]] inline condition condition_of_sqlite(int code) noexcept {
  switch (code) {
    case static_cast<int>(detailed_error::syntax):
      return condition::syntax;
    case static_cast<int>(detailed_error::no_such_object):
      return condition::not_found;
    case SQLITE_BUSY_SNAPSHOT:  // what we read is old: waiting does not help, beginning again does
    case SQLITE_ABORT_ROLLBACK:
      return condition::serialization;
    default:
      break;
  }
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_SCHEMA:
      return condition::busy;
    case SQLITE_CONSTRAINT:
      return condition::constraint;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return condition::permission;
    case SQLITE_CANTOPEN:
      return condition::connection;
    case SQLITE_NOTADB:
      return condition::configuration;
    case SQLITE_INTERRUPT:
      return condition::cancelled;
    case SQLITE_NOMEM:
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
      return condition::limit;
    case SQLITE_MISMATCH:
      return condition::data;
    case SQLITE_RANGE:
    case SQLITE_MISUSE:
      return condition::misuse;
    case SQLITE_NOLFS:
    case SQLITE_NOTFOUND:
      return condition::unsupported;
    default:
      return condition::server;
  }
}

class category_type final : public std::error_category {
 public:
  const char* name() const noexcept override { return "dovetail.sqlite"; }
  std::string message(int value) const override {
    switch (value) {
      case static_cast<int>(detailed_error::syntax):
        return "syntax error";
      case static_cast<int>(detailed_error::no_such_object):
        return "no such table, column or function";
      default:
        return sqlite3_errstr(value);
    }
  }
  std::error_condition default_error_condition(int value) const noexcept override {
    return make_error_condition(condition_of_sqlite(value));
  }
};

}  // namespace detail

/// The category of SQLite's extended result codes; `code().value() & 0xFF` is the primary code.
const std::error_category& category() noexcept;

inline std::error_code make_error_code(int extended_result) noexcept { return {extended_result, category()}; }
inline std::error_code make_error_code(detailed_error code) noexcept { return {static_cast<int>(code), category()}; }

namespace detail {

/// Fills table, column and constraint from "UNIQUE constraint failed: city.name, city.area" and its sisters.
[[gnu::cold, gnu::noinline]] inline void take_constraint_apart(std::string_view message, server_fields& fields) {
  constexpr std::string_view marker = " constraint failed";
  const std::size_t at = message.find(marker);
  if (at == std::string_view::npos) return;
  const std::string_view kind = message.substr(0, at);
  std::string_view names = message.substr(at + marker.size());
  if (!names.starts_with(": ")) {
    fields.constraint = kind;  // "FOREIGN KEY constraint failed": SQLite does not say which
    return;
  }
  names.remove_prefix(2);
  if (kind == "CHECK") {
    fields.constraint = names;
    return;
  }
  if (names.starts_with("index '") && names.ends_with("'")) {
    fields.constraint = names.substr(7, names.size() - 8);
    return;
  }
  const std::size_t dot = names.find('.');
  if (dot == std::string_view::npos) return;
  const std::string_view table = names.substr(0, dot);
  fields.table = table;
  while (!names.empty()) {  // "t.a, t.b" -> "a, b"
    const std::size_t comma = names.find(", ");
    std::string_view name = names.substr(0, comma);
    if (name.starts_with(table) && name.size() > table.size()) name.remove_prefix(table.size() + 1);
    if (!fields.column.empty()) fields.column += ", ";
    fields.column += name;
    if (comma == std::string_view::npos) break;
    names.remove_prefix(comma + 2);
  }
}

/// SQLite quotes the token it stumbled over; a literal must not get into a message, a keyword or a name may.
[[gnu::cold, gnu::noinline]] inline std::string without_literals(std::string_view message) {
  for (const std::string_view before : {std::string_view{"near \""}, std::string_view{"unrecognized token: \""}}) {
    if (!message.starts_with(before) || message.size() <= before.size()) continue;
    const char first = message[before.size()];
    const bool is_name = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') || first == '_';
    const bool is_sign = std::string_view{"(),;.*=<>+-/%|&~:?@$"}.find(first) != std::string_view::npos;
    const bool is_blob =
        (first == 'x' || first == 'X') && message.size() > before.size() + 1 && message[before.size() + 1] == '\'';
    if ((is_name || is_sign) && !is_blob) break;
    return before.starts_with("near") ? "syntax error near a literal" : "a literal is malformed or not closed";
  }
  return std::string{message};
}

/// Tells apart what SQLite calls SQLITE_ERROR.
[[gnu::cold, gnu::noinline]] inline int refine(int code, std::string_view message) noexcept {
  if (code != SQLITE_ERROR) return code;
  if (message.starts_with("no such ")) return static_cast<int>(detailed_error::no_such_object);
  if (message.ends_with("syntax error") || message.starts_with("unrecognized token") || message == "incomplete input") {
    return static_cast<int>(detailed_error::syntax);
  }
  return code;
}

/// What is known of the call on `db` that just returned `code`. `db` may be null.
[[gnu::cold]] error_info failure_of(sqlite3* db, int code, std::string_view context = {});

}  // namespace detail
}  // namespace sqlite
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/sqlite_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SQLITE_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace sqlite {

DOVETAIL_DEFINE const std::error_category& category() noexcept {
  static const detail::category_type instance;
  return instance;
}

namespace detail {

[[gnu::noinline]] DOVETAIL_DEFINE error_info failure_of(sqlite3* db, int code, std::string_view context) {
  error_info info{make_error_code(code), context};
  if (db == nullptr) return info;
  // The connection's own code says more, but only if it is about this call.
  const int extended = sqlite3_extended_errcode(db);
  if ((extended & 0xFF) != (code & 0xFF)) return info;
  const std::string_view message = sqlite3_errmsg(db);
  info = error_info{make_error_code(refine(extended, message)), context};
  server_fields& fields = info.edit_server();
  fields.message = without_literals(message);
  const int offset = sqlite3_error_offset(db);
  if (offset >= 0) fields.position = offset + 1;
  if ((extended & 0xFF) == SQLITE_CONSTRAINT) take_constraint_apart(message, fields);
  return info;
}

}  // namespace detail
}  // namespace sqlite
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif

template <>
struct std::is_error_code_enum<dovetail::sqlite::detailed_error> : std::true_type {};
