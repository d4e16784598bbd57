// What a caller branches on: a small set of kinds of failure that every database's codes map to.
#pragma once

#include <dovetail/version.hpp>

#include <string>
#include <system_error>

namespace dovetail::inline v0 {

/// The kinds of failure. Compare with an error code: `ec == dt::condition::timeout`, or ask `error::kind()`.
enum class condition {
  timeout = 1,     ///< the deadline passed, or the wait for a connection ran out
  cancelled,       ///< somebody cancelled the operation
  connection,      ///< the peer could not be reached, or the connection was lost
  authentication,  ///< the peer does not accept who we are
  permission,      ///< the peer knows us, and forbids it
  constraint,      ///< unique, foreign key, not null, check
  serialization,   ///< conflict between transactions, or a deadlock: the whole transaction may be repeated
  busy,            ///< locked or overloaded at this moment: the same request may succeed later
  not_found,       ///< no such row, key, table or column
  syntax,          ///< the text of the statement is wrong
  mapping,         ///< the result does not fit the C++ type that was asked for
  data,            ///< a value is malformed or out of range
  limit,           ///< something is larger than a limit allows
  protocol,        ///< the peer sent what its protocol does not allow
  unsupported,     ///< the peer or this library cannot do it
  configuration,   ///< a connection string or an option is wrong
  misuse,          ///< the program used the library wrongly
  commit_unknown,  ///< a commit or a write may or may not have happened
  server,          ///< the peer reported a failure of its own
};

namespace detail {

inline const char* name_of(condition kind) noexcept {
  switch (kind) {
    case condition::timeout:
      return "timeout";
    case condition::cancelled:
      return "cancelled";
    case condition::connection:
      return "connection";
    case condition::authentication:
      return "authentication";
    case condition::permission:
      return "permission";
    case condition::constraint:
      return "constraint";
    case condition::serialization:
      return "serialization";
    case condition::busy:
      return "busy";
    case condition::not_found:
      return "not_found";
    case condition::syntax:
      return "syntax";
    case condition::mapping:
      return "mapping";
    case condition::data:
      return "data";
    case condition::limit:
      return "limit";
    case condition::protocol:
      return "protocol";
    case condition::unsupported:
      return "unsupported";
    case condition::configuration:
      return "configuration";
    case condition::misuse:
      return "misuse";
    case condition::commit_unknown:
      return "commit_unknown";
    case condition::server:
      return "server";
  }
  return "unknown";
}

/// The operating system's errors, sorted into our kinds.
inline condition condition_of_system(std::errc code) noexcept {
  switch (code) {
    case std::errc::timed_out:
      return condition::timeout;
    case std::errc::operation_canceled:
      return condition::cancelled;
    case std::errc::permission_denied:
    case std::errc::operation_not_permitted:
      return condition::permission;
    case std::errc::no_such_file_or_directory:
      return condition::not_found;
    case std::errc::device_or_resource_busy:
    case std::errc::resource_unavailable_try_again:
      return condition::busy;
    case std::errc::invalid_argument:
      return condition::misuse;
    case std::errc::not_enough_memory:
    case std::errc::too_many_files_open:
    case std::errc::too_many_files_open_in_system:
    case std::errc::no_buffer_space:
    case std::errc::no_space_on_device:
      return condition::limit;
    default:
      return condition::connection;
  }
}

/// The kind that `code` is, `ours` being the category of conditions; 0 when it is no failure.
inline condition kind_of(const std::error_code& code, const std::error_category& ours) noexcept {
  if (!code) return condition{};
  const std::error_condition mapped = code.default_error_condition();
  if (mapped.category() == ours) return static_cast<condition>(mapped.value());
  if (mapped.category() == std::generic_category()) return condition_of_system(static_cast<std::errc>(mapped.value()));
  return code.category() == std::system_category() ? condition::connection : condition::server;
}

class condition_category_type final : public std::error_category {
 public:
  const char* name() const noexcept override { return "dovetail.condition"; }
  std::string message(int value) const override { return name_of(static_cast<condition>(value)); }
  bool equivalent(const std::error_code& code, int value) const noexcept override {
    return code && static_cast<int>(kind_of(code, *this)) == value;
  }
};

}  // namespace detail

const std::error_category& condition_category() noexcept;

inline std::error_condition make_error_condition(condition kind) noexcept {
  return {static_cast<int>(kind), condition_category()};
}

/// The kind of failure that `code` is, the same that `code == kind` finds. Codes of unknown categories count as
/// `condition::server`; a code that is no failure has the kind 0, which is no enumerator.
condition condition_of(const std::error_code& code) noexcept;

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {

DOVETAIL_DEFINE const std::error_category& condition_category() noexcept {
  static const detail::condition_category_type category;
  return category;
}

DOVETAIL_DEFINE condition condition_of(const std::error_code& code) noexcept {
  return detail::kind_of(code, condition_category());
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif

template <>
struct std::is_error_condition_enum<dovetail::condition> : std::true_type {};
