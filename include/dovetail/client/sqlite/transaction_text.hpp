// The statements that begin and end transactions and savepoints.
#pragma once

#include <dovetail/client/transaction.hpp>

#include <string>
#include <string_view>

namespace dovetail::inline v0 {
namespace sqlite::detail {

/// With a space in it: not to be met by a savepoint of the program's own.
inline std::string savepoint_name(int depth) { return "\"dovetail depth " + std::to_string(depth) + '"'; }

inline std::string begin_text(const sql_begin& op, bool is_read_only) {
  if (op.depth != 0) return "savepoint " + savepoint_name(op.depth);
  switch (op.mode) {
    case begin_mode::deferred:
    case begin_mode::read_only:
    case begin_mode::repeatable_read_only:
    case begin_mode::serializable_read_only:
      return "begin deferred";
    case begin_mode::immediate:
      return "begin immediate";
    case begin_mode::exclusive:
      return "begin exclusive";
    case begin_mode::automatic:
    case begin_mode::read_committed:
    case begin_mode::repeatable_read:
    case begin_mode::serializable:
      break;
  }
  return is_read_only ? "begin deferred" : "begin immediate";
}

inline std::string commit_text(int depth) {
  if (depth == 0) return "commit";
  return "release " + savepoint_name(depth);
}

/// The savepoint itself stays behind after a rollback to it, and is taken away too.
inline std::string rollback_text(int depth) {
  if (depth == 0) return "rollback";
  const std::string name = savepoint_name(depth);
  return "rollback to " + name + "; release " + name;
}

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0
