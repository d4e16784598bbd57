// SQLSTATEs of PostgreSQL as error codes, and the condition of each.
#pragma once

#include <dovetail/base/condition.hpp>
#include <dovetail/base/sqlstate_text.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace dovetail::inline v0::postgres {
namespace detail {

using v0::detail::format_sqlstate;
using v0::detail::sqlstate_number;

}  // namespace detail

/// The SQLSTATEs that programs ask for (PostgreSQL documentation, appendix "PostgreSQL Error Codes"). Others are codes
/// of the same category: `ec == postgres::make_error_code("22012")`.
enum class sqlstate : int {
  connection_failure = detail::sqlstate_number("08006"),
  protocol_violation = detail::sqlstate_number("08P01"),
  feature_not_supported = detail::sqlstate_number("0A000"),
  string_too_long = detail::sqlstate_number("22001"),
  numeric_value_out_of_range = detail::sqlstate_number("22003"),
  division_by_zero = detail::sqlstate_number("22012"),
  invalid_text_representation = detail::sqlstate_number("22P02"),
  not_null_violation = detail::sqlstate_number("23502"),
  foreign_key_violation = detail::sqlstate_number("23503"),
  unique_violation = detail::sqlstate_number("23505"),
  check_violation = detail::sqlstate_number("23514"),
  exclusion_violation = detail::sqlstate_number("23P01"),
  read_only_transaction = detail::sqlstate_number("25006"),
  in_failed_transaction = detail::sqlstate_number("25P02"),
  invalid_statement_name = detail::sqlstate_number("26000"),
  invalid_authorization = detail::sqlstate_number("28000"),
  invalid_password = detail::sqlstate_number("28P01"),
  database_not_found = detail::sqlstate_number("3D000"),
  serialization_failure = detail::sqlstate_number("40001"),
  deadlock_detected = detail::sqlstate_number("40P01"),
  insufficient_privilege = detail::sqlstate_number("42501"),
  syntax_error = detail::sqlstate_number("42601"),
  column_not_found = detail::sqlstate_number("42703"),
  function_not_found = detail::sqlstate_number("42883"),
  table_not_found = detail::sqlstate_number("42P01"),
  duplicate_statement = detail::sqlstate_number("42P05"),
  duplicate_table = detail::sqlstate_number("42P07"),
  too_many_connections = detail::sqlstate_number("53300"),
  lock_not_available = detail::sqlstate_number("55P03"),
  query_cancelled = detail::sqlstate_number("57014"),
  admin_shutdown = detail::sqlstate_number("57P01"),
  crash_shutdown = detail::sqlstate_number("57P02"),
  cannot_connect_now = detail::sqlstate_number("57P03"),
  raised_exception = detail::sqlstate_number("P0001"),
  internal_error = detail::sqlstate_number("XX000"),
};

namespace detail {

struct sqlstate_class {
  std::string_view
      prefix;  ///< of the SQLSTATE; the first that fits counts, so exceptions stand in front of their class
  condition kind;
  const char* text;
};

/// Every class of the appendix, and the codes that are of another kind than their class.
inline constexpr sqlstate_class sqlstate_classes[] = {
    {"01", condition::server, "warning"},
    {"02", condition::not_found, "no data"},
    {"03", condition::misuse, "SQL statement not yet complete"},
    {"08P01", condition::protocol, "protocol violation"},
    {"08", condition::connection, "connection failed"},
    {"09", condition::server, "a triggered action failed"},
    {"0A", condition::unsupported, "feature not supported"},
    {"0B", condition::misuse, "invalid transaction initiation"},
    {"0F", condition::data, "invalid locator"},
    {"0L", condition::permission, "invalid grantor"},
    {"0P", condition::permission, "invalid role"},
    {"0Z", condition::server, "diagnostics failed"},
    {"10", condition::data, "XQuery error"},
    {"20", condition::data, "no case fits"},
    {"21", condition::data, "cardinality violation"},
    {"22", condition::data, "a value is malformed or out of range"},
    {"23502", condition::constraint, "a null where the column takes none"},
    {"23503", condition::constraint, "a foreign key's row is missing, or still in use"},
    {"23505", condition::constraint, "a row with this key exists already"},
    {"23514", condition::constraint, "a check constraint is violated"},
    {"23P01", condition::constraint, "an exclusion constraint is violated"},
    {"23", condition::constraint, "a constraint is violated"},
    {"24", condition::misuse, "invalid cursor state"},
    {"25006", condition::permission, "the transaction is read-only"},
    {"25P02", condition::server, "the transaction was aborted by an earlier failure"},
    {"25P03", condition::connection, "the transaction was idle for too long, and the server closed the connection"},
    {"25P04", condition::connection, "the transaction took too long, and the server closed the connection"},
    {"25", condition::misuse, "invalid transaction state"},
    {"26", condition::server, "the prepared statement does not exist"},
    {"27", condition::constraint, "triggered data change violation"},
    {"28P01", condition::authentication, "the password is wrong"},
    {"28", condition::authentication, "the server does not accept who we are"},
    {"2B", condition::constraint, "others depend on this privilege"},
    {"2D", condition::misuse, "invalid transaction termination"},
    {"2F", condition::server, "an SQL routine failed"},
    {"34", condition::not_found, "the cursor does not exist"},
    {"38", condition::server, "an external routine failed"},
    {"39", condition::server, "an external routine was called wrongly"},
    {"3B", condition::misuse, "the savepoint does not exist"},
    {"3D", condition::not_found, "the database does not exist"},
    {"3F", condition::not_found, "the schema does not exist"},
    {"40002", condition::constraint, "a constraint is violated at the transaction's end"},
    {"40003", condition::commit_unknown, "it is unknown whether the statement was completed"},
    {"40P01", condition::serialization, "deadlock"},
    {"40", condition::serialization, "the transaction was rolled back because of another one"},
    {"42501", condition::permission, "insufficient privilege"},
    {"42601", condition::syntax, "syntax error"},
    {"42703", condition::not_found, "the column does not exist"},
    {"42883", condition::not_found, "the function or operator does not exist"},
    {"42P01", condition::not_found, "the table does not exist"},
    {"42P02", condition::not_found, "the parameter does not exist"},
    {"42704", condition::not_found, "the object does not exist"},
    {"42", condition::syntax, "the statement is wrong"},
    {"44", condition::constraint, "the view's check option is violated"},
    {"53300", condition::busy, "too many connections"},
    {"53", condition::limit, "the server lacks resources"},
    {"54", condition::limit, "a limit of the server is exceeded"},
    {"55006", condition::busy, "the object is in use"},
    {"55P03", condition::busy, "the lock is not available"},
    {"55", condition::misuse, "the object is not in the state that this needs"},
    {"57014", condition::cancelled, "the statement was cancelled"},
    {"57P01", condition::connection, "the administrator ended the connection"},
    {"57P02", condition::connection, "the server has crashed and restarts"},
    {"57P03", condition::connection, "the server takes no connections now"},
    {"57P04", condition::not_found, "the database was dropped"},
    {"57P05", condition::connection, "the connection was idle for too long, and the server closed it"},
    {"57", condition::server, "an operator intervened"},
    {"58", condition::server, "the server's system failed"},
    {"72", condition::serialization, "the snapshot is too old"},
    {"F0", condition::server, "the server's configuration file is wrong"},
    {"HV", condition::server, "a foreign data wrapper failed"},
    {"P0002", condition::not_found, "no data found"},
    {"P0", condition::server, "a PL/pgSQL function failed"},
    {"XX", condition::server, "internal error of the server"},
};

constexpr sqlstate_class describe_sqlstate(int number) noexcept {
  char text[5] = {};
  format_sqlstate(text, number);
  for (const sqlstate_class& each : sqlstate_classes) {
    if (std::string_view{text, 5}.starts_with(each.prefix)) return each;
  }
  return {{}, condition::server, "the server reported a failure"};
}

class sqlstate_category_type final : public std::error_category {
 public:
  const char* name() const noexcept override { return "dovetail.postgres"; }
  std::string message(int value) const override { return describe_sqlstate(value).text; }
  std::error_condition default_error_condition(int value) const noexcept override {
    return make_error_condition(describe_sqlstate(value).kind);
  }
};

}  // namespace detail

/// The category of the server's SQLSTATEs.
inline const std::error_category& category() noexcept {
  static const detail::sqlstate_category_type instance;
  return instance;
}

inline std::error_code make_error_code(sqlstate code) noexcept { return {static_cast<int>(code), category()}; }

/// The code of five characters; "XX000" (internal error) when they are no SQLSTATE of a failure.
inline std::error_code make_error_code(std::string_view five_characters) noexcept {
  const int number = detail::sqlstate_number(five_characters);
  return {number == 0 ? static_cast<int>(sqlstate::internal_error) : number, category()};
}

}  // namespace dovetail::inline v0::postgres

template <>
struct std::is_error_code_enum<dovetail::postgres::sqlstate> : std::true_type {};
