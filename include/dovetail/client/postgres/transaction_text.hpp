// The statements that begin and end transactions and savepoints on PostgreSQL.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/transaction.hpp>

#include <string>
#include <string_view>

namespace dovetail::inline v0 {
namespace postgres::detail {

/// Empty for a mode that PostgreSQL does not have.
constexpr std::string_view begin_text(begin_mode mode) noexcept {
  switch (mode) {
    case begin_mode::automatic:
      return "begin";
    case begin_mode::read_committed:
      return "begin isolation level read committed";
    case begin_mode::repeatable_read:
      return "begin isolation level repeatable read";
    case begin_mode::serializable:
      return "begin isolation level serializable";
    case begin_mode::read_only:
      return "begin read only";
    case begin_mode::repeatable_read_only:
      return "begin isolation level repeatable read, read only";
    case begin_mode::serializable_read_only:
      return "begin isolation level serializable, read only, deferrable";
    case begin_mode::deferred:
    case begin_mode::immediate:
    case begin_mode::exclusive:
      break;
  }
  return {};
}

std::string savepoint_text(std::string_view before, int depth, std::string_view between = {});

/// Errors: errc::operation_unsupported for the locking modes of SQLite.
result<std::string> begin_text(const sql_begin& op);

inline std::string commit_text(int depth) { return depth == 0 ? "commit" : savepoint_text("release ", depth); }

/// The savepoint itself stays behind after a rollback to it, and is taken away too.
inline std::string rollback_text(int depth) {
  return depth == 0 ? "rollback" : savepoint_text("rollback to ", depth, "; release ");
}

}  // namespace postgres::detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace postgres::detail {

DOVETAIL_DEFINE std::string savepoint_text(std::string_view before, int depth, std::string_view between) {
  // With a space in it: not to be met by a savepoint of the program's own.
  const std::string name = "\"dovetail depth " + std::to_string(depth) + '"';
  std::string text{before};
  text += name;
  if (!between.empty()) text.append(between).append(name);
  return text;
}

DOVETAIL_DEFINE result<std::string> begin_text(const sql_begin& op) {
  if (op.depth != 0) return savepoint_text("savepoint ", op.depth);
  const std::string_view text = begin_text(op.mode);
  if (text.empty()) {
    return error_info{errc::operation_unsupported, "PostgreSQL has no deferred, immediate or exclusive transactions"};
  }
  return std::string{text};
}

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
