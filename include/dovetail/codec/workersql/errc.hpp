// Failures of a WorkerSQL gateway as error codes, and the seven codes of its SDKs as conditions.
#pragma once

#include <dovetail/base/condition.hpp>
#include <dovetail/base/errc.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace dovetail::inline v0::workersql {

/// What a gateway complains of, as its status, its text or its structured error tells.
enum class gateway_errc : int {
  invalid_request = 1,   ///< 400: no statement, or one that it cannot read
  syntax_error,          ///< the text of the statement
  no_such_object,        ///< no such table, column, function …
  constraint_violation,  ///< unique, not null, check, foreign key
  wrong_bindings,        ///< placeholders and parameters differ in number
  too_large,             ///< statement, value or batch is larger than the gateway takes
  unauthorized,          ///< 401: the token is missing, expired, or none of this gateway's
  forbidden,             ///< 403, 451
  not_found,             ///< 404, 405: no such path, so that the endpoint is probably wrong
  rate_limited,          ///< 429: may be repeated after a while; nothing was executed
  overloaded,            ///< the database is busy, or a circuit is open: may be repeated
  unavailable,           ///< 502, 503, 504: what stands in front of the gateway did not reach it
  timed_out,             ///< the gateway gave the statement up
  batch_failed,          ///< a batch was undone; the gateway does not say why
  internal_error,        ///< every other failure of the gateway
  missing_rows,          ///< a query succeeded, and the answer has no member for its rows
  not_a_gateway,         ///< the answer is none of a WorkerSQL gateway
  redirected,            ///< 3xx: redirects are not followed
  conflict,              ///< with another transaction: the database has undone it, and it may be repeated as a whole
  invalid_value,         ///< a parameter or a value of a row that the database does not take
  unsupported,           ///< the gateway or its database cannot do it
};

/// The codes that all WorkerSQL SDKs know, as conditions: `failure.code() == workersql::sdk_code::auth_error`. Failures
/// that this library finds are of one of them too: a lost connection is `connection_error`, a passed deadline
/// `timeout_error`.
enum class sdk_code : int {
  invalid_query = 1,
  connection_error,
  timeout_error,
  auth_error,
  permission_error,
  resource_limit,
  internal_error,
};

/// The SDKs' spelling: "INVALID_QUERY", …
constexpr std::string_view to_string(sdk_code code) noexcept {
  constexpr std::string_view names[] = {"INVALID_QUERY",    "CONNECTION_ERROR", "TIMEOUT_ERROR", "AUTH_ERROR",
                                        "PERMISSION_ERROR", "RESOURCE_LIMIT",   "INTERNAL_ERROR"};
  return names[static_cast<int>(code) - 1];
}

namespace detail {

struct errc_entry {
  condition kind;
  sdk_code sdk;
  const char* text;
};

inline errc_entry describe(gateway_errc code) noexcept {
  switch (code) {
    case gateway_errc::invalid_request:
      return {condition::misuse, sdk_code::invalid_query, "the gateway cannot read the request"};
    case gateway_errc::syntax_error:
      return {condition::syntax, sdk_code::invalid_query, "the statement is wrong"};
    case gateway_errc::no_such_object:
      return {condition::not_found, sdk_code::invalid_query, "no such table, column or function"};
    case gateway_errc::constraint_violation:
      return {condition::constraint, sdk_code::invalid_query, "a constraint is violated"};
    case gateway_errc::wrong_bindings:
      return {condition::misuse, sdk_code::invalid_query, "the number of parameters is wrong"};
    case gateway_errc::too_large:
      return {condition::limit, sdk_code::resource_limit, "larger than the gateway takes"};
    case gateway_errc::unauthorized:
      return {condition::authentication, sdk_code::auth_error, "the gateway does not accept the apiKey"};
    case gateway_errc::forbidden:
      return {condition::permission, sdk_code::permission_error, "the gateway forbids it"};
    case gateway_errc::not_found:
      return {condition::not_found, sdk_code::invalid_query,
              "the gateway has no such path (is the apiEndpoint right?)"};
    case gateway_errc::rate_limited:
      return {condition::busy, sdk_code::resource_limit, "too many requests"};
    case gateway_errc::overloaded:
      return {condition::busy, sdk_code::resource_limit, "the gateway's database is busy"};
    case gateway_errc::unavailable:
      return {condition::connection, sdk_code::connection_error, "the gateway could not be reached by its proxy"};
    case gateway_errc::timed_out:
      return {condition::timeout, sdk_code::timeout_error, "the gateway gave the statement up"};
    case gateway_errc::batch_failed:
      return {condition::server, sdk_code::internal_error, "the batch failed and was undone"};
    case gateway_errc::internal_error:
      return {condition::server, sdk_code::internal_error, "the gateway failed"};
    case gateway_errc::missing_rows:
      return {condition::protocol, sdk_code::internal_error,
              "the gateway's answer has no rows, not even an empty list"};
    case gateway_errc::not_a_gateway:
      return {condition::protocol, sdk_code::internal_error, "the answer is none of a WorkerSQL gateway"};
    case gateway_errc::redirected:
      return {condition::protocol, sdk_code::connection_error,
              "the gateway answers with a redirect, which is not followed"};
    case gateway_errc::conflict:
      return {condition::serialization, sdk_code::resource_limit, "a conflict with another transaction"};
    case gateway_errc::invalid_value:
      return {condition::data, sdk_code::invalid_query, "a value that the gateway's database does not take"};
    case gateway_errc::unsupported:
      return {condition::unsupported, sdk_code::invalid_query, "the gateway or its database cannot do it"};
  }
  return {condition::server, sdk_code::internal_error, "unknown failure of a gateway"};
}

class category_type final : public std::error_category {
 public:
  const char* name() const noexcept override { return "dovetail.workersql"; }
  std::string message(int value) const override { return describe(static_cast<gateway_errc>(value)).text; }
  std::error_condition default_error_condition(int value) const noexcept override {
    return make_error_condition(describe(static_cast<gateway_errc>(value)).kind);
  }
};

}  // namespace detail

/// The category of `gateway_errc`.
inline const std::error_category& category() noexcept {
  static const detail::category_type instance;
  return instance;
}

inline std::error_code make_error_code(gateway_errc code) noexcept { return {static_cast<int>(code), category()}; }

/// Which of the seven a failure is, whoever found it.
inline sdk_code sdk_code_of(const std::error_code& code) noexcept {
  if (code.category() == category()) return detail::describe(static_cast<gateway_errc>(code.value())).sdk;
  switch (condition_of(code)) {
    case condition::connection:
    case condition::commit_unknown:
      return sdk_code::connection_error;
    case condition::timeout:
    case condition::cancelled:
      return sdk_code::timeout_error;
    case condition::authentication:
      return sdk_code::auth_error;
    case condition::permission:
      return sdk_code::permission_error;
    case condition::busy:
    case condition::limit:
      return sdk_code::resource_limit;
    case condition::syntax:
    case condition::misuse:
    case condition::mapping:
    case condition::not_found:
    case condition::constraint:
    case condition::configuration:
    case condition::unsupported:
    case condition::data:
      return sdk_code::invalid_query;
    default:
      return sdk_code::internal_error;
  }
}

namespace detail {

class sdk_category_type final : public std::error_category {
 public:
  const char* name() const noexcept override { return "dovetail.workersql.sdk"; }
  std::string message(int value) const override {
    return value >= 1 && value <= 7 ? std::string{to_string(static_cast<sdk_code>(value))} : std::string{"unknown"};
  }
  bool equivalent(const std::error_code& code, int condition) const noexcept override {
    return code && static_cast<int>(sdk_code_of(code)) == condition;
  }
};

}  // namespace detail

inline const std::error_category& sdk_category() noexcept {
  static const detail::sdk_category_type instance;
  return instance;
}

inline std::error_condition make_error_condition(sdk_code code) noexcept {
  return {static_cast<int>(code), sdk_category()};
}

}  // namespace dovetail::inline v0::workersql

template <>
struct std::is_error_code_enum<dovetail::workersql::gateway_errc> : std::true_type {};
template <>
struct std::is_error_condition_enum<dovetail::workersql::sdk_code> : std::true_type {};
