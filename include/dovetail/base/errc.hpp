// The library's own error codes; each database adds a category for the codes of its server.
#pragma once

#include <dovetail/base/condition.hpp>

#include <string>
#include <system_error>

namespace dovetail::inline v0 {

/// Failures that the library itself finds.
enum class errc {
  deadline_passed = 1,     ///< the operation's time was over
  pool_wait_timeout,       ///< no connection became free in time
  pool_queue_full,         ///< too many callers wait for a connection already
  pool_closed,             ///< the pool is closing
  cancelled,               ///< cancelled by the caller
  connection_closed,       ///< the peer closed the connection
  connection_lost,         ///< the connection broke in the middle of an operation
  host_not_found,          ///< the name could not be resolved
  outcome_unknown,         ///< the request was sent, and its answer was lost
  malformed_frame,         ///< magic, version or lengths of a frame are wrong
  frame_too_large,         ///< a frame or reply is larger than the limit
  unexpected_message,      ///< the peer's message does not belong here
  malformed_value,         ///< a value's text or bytes are not of its type
  value_out_of_range,      ///< a value does not fit the C++ type
  unexpected_null,         ///< null for a type that has no null
  malformed_json,          ///< not JSON (RFC 8259)
  malformed_message_pack,  ///< not MessagePack
  malformed_bincode,       ///< not bincode of this type
  row_mismatch,            ///< the columns do not fit the struct
  no_row,                  ///< exactly one row was asked for, none came
  too_many_rows,           ///< at most one row was asked for, more came
  malformed_statement,     ///< unterminated quote or comment, mixed placeholders, several statements
  wrong_argument_count,    ///< placeholders and arguments differ in number
  unknown_parameter,       ///< a `:name` without an argument, or an argument without a `:name`
  too_many_parameters,     ///< more than the database takes
  malformed_connection_string,
  unknown_option,         ///< a connection string's parameter is not known
  invalid_option,         ///< an option's value is out of its range
  request_too_large,      ///< refused here: the server would not take it
  invalid_key,            ///< refused here: empty, too long, or not that of the row that was read
  operation_unsupported,  ///< the peer does not have this operation
  busy,                   ///< the connection is in use by another operation
  transaction_closed,     ///< the transaction is over already
  transaction_aborted,    ///< the transaction failed before, and can only be rolled back
  commit_unknown,         ///< the answer to a commit was lost
  invalid_state,          ///< called in a state that does not allow it
  login_refused,          ///< refused here: the peer's way to log in, or a peer that does not prove who it is
  no_suitable_server,     ///< servers answered, and none is in the wanted role
  statement_refused,      ///< refused here: a rule of the client's validation forbids the statement
  access_denied,          ///< refused here: the access control forbids it
  circuit_open,           ///< refused here: the server could not be reached again and again, and is left alone
  invalid_argument,       ///< refused here: an argument of a call is out of the range that it may have
  socket_missing,         ///< a Unix socket's file is not there: no server listens; also the system's "no such file"
};

namespace detail {

struct errc_entry {
  condition kind;
  const char* text;
};

inline errc_entry describe(errc code) noexcept {
  switch (code) {
    case errc::deadline_passed:
      return {condition::timeout, "the deadline passed"};
    case errc::pool_wait_timeout:
      return {condition::timeout, "no connection became free in time"};
    case errc::pool_queue_full:
      return {condition::busy, "too many callers are waiting for a connection"};
    case errc::pool_closed:
      return {condition::misuse, "the pool is closed"};
    case errc::cancelled:
      return {condition::cancelled, "the operation was cancelled"};
    case errc::connection_closed:
      return {condition::connection, "the peer closed the connection"};
    case errc::connection_lost:
      return {condition::connection, "the connection was lost"};
    case errc::host_not_found:
      return {condition::connection, "the host name could not be resolved"};
    case errc::outcome_unknown:
      return {condition::commit_unknown, "the request was sent and its answer was lost"};
    case errc::malformed_frame:
      return {condition::protocol, "the peer sent a malformed frame"};
    case errc::frame_too_large:
      return {condition::protocol, "the peer's frame is larger than the limit"};
    case errc::unexpected_message:
      return {condition::protocol, "the peer sent an unexpected message"};
    case errc::malformed_value:
      return {condition::data, "a value is not of its type's form"};
    case errc::value_out_of_range:
      return {condition::data, "a value does not fit its C++ type"};
    case errc::unexpected_null:
      return {condition::data, "a value is null and its C++ type has no null"};
    case errc::malformed_json:
      return {condition::data, "malformed JSON"};
    case errc::malformed_message_pack:
      return {condition::data, "malformed MessagePack"};
    case errc::malformed_bincode:
      return {condition::data, "malformed bincode"};
    case errc::row_mismatch:
      return {condition::mapping, "the row type does not match the columns"};
    case errc::no_row:
      return {condition::not_found, "one row was asked for and none came"};
    case errc::too_many_rows:
      return {condition::mapping, "at most one row was asked for and more came"};
    case errc::malformed_statement:
      return {condition::syntax, "malformed statement"};
    case errc::wrong_argument_count:
      return {condition::misuse, "the number of arguments is wrong"};
    case errc::unknown_parameter:
      return {condition::misuse, "a named parameter is unknown"};
    case errc::too_many_parameters:
      return {condition::limit, "too many parameters"};
    case errc::malformed_connection_string:
      return {condition::configuration, "malformed connection string"};
    case errc::unknown_option:
      return {condition::configuration, "unknown option"};
    case errc::invalid_option:
      return {condition::configuration, "invalid option"};
    case errc::request_too_large:
      return {condition::limit, "the request is larger than the server takes"};
    case errc::invalid_key:
      return {condition::misuse, "invalid key"};
    case errc::operation_unsupported:
      return {condition::unsupported, "the peer does not support the operation"};
    case errc::busy:
      return {condition::misuse, "the connection is in use by another operation"};
    case errc::transaction_closed:
      return {condition::misuse, "the transaction is over"};
    case errc::transaction_aborted:
      return {condition::server, "the transaction was aborted by an earlier failure"};
    case errc::commit_unknown:
      return {condition::commit_unknown, "the answer to the commit was lost"};
    case errc::invalid_state:
      return {condition::misuse, "the operation is not allowed in this state"};
    case errc::login_refused:
      return {condition::authentication, "the log-in was refused on this side"};
    case errc::no_suitable_server:
      return {condition::connection, "no server is in the wanted role"};
    case errc::statement_refused:
      return {condition::misuse, "the statement is refused by validation"};
    case errc::access_denied:
      return {condition::permission, "access denied"};
    case errc::circuit_open:
      return {condition::connection, "the connection failed again and again, and the circuit is open"};
    case errc::invalid_argument:
      return {condition::misuse, "an argument is out of its range"};
    case errc::socket_missing:
      return {condition::connection, "no such socket: is the server running, and is this its folder?"};
  }
  return {condition::server, "unknown error"};
}

class error_category_type final : public std::error_category {
 public:
  const char* name() const noexcept override { return "dovetail"; }
  std::string message(int value) const override { return describe(static_cast<errc>(value)).text; }
  std::error_condition default_error_condition(int value) const noexcept override {
    return make_error_condition(describe(static_cast<errc>(value)).kind);
  }
  bool equivalent(int value, const std::error_condition& to) const noexcept override {
    return std::error_category::equivalent(value, to) ||
           (static_cast<errc>(value) == errc::socket_missing && to == std::errc::no_such_file_or_directory);
  }
};

}  // namespace detail

const std::error_category& error_category() noexcept;

inline std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), error_category()}; }

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {

DOVETAIL_DEFINE const std::error_category& error_category() noexcept {
  static const detail::error_category_type category;
  return category;
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif

template <>
struct std::is_error_code_enum<dovetail::errc> : std::true_type {};
