// What a verb of a client becomes: a plain value that a connection can perform.
#pragma once

#include <dovetail/base/condition.hpp>
#include <dovetail/base/deadline.hpp>
#include <dovetail/base/error_info.hpp>

#include <concepts>
#include <source_location>
#include <string_view>

namespace dovetail::inline v0 {

/// One request with its arguments and the type of its answer. A client may perform it more than once (retry).
template <class Op>
concept operation = requires(const Op& op) {
  // If the compiler points here: an operation names the type of its answer.
  typename Op::value_type;
  // If the compiler points here: an operation has `static constexpr std::string_view name`, for observers and errors.
  { Op::name } -> std::convertible_to<std::string_view>;
  // If the compiler points here: `is_idempotent()` says whether performing it twice does no harm.
  { op.is_idempotent() } -> std::same_as<bool>;
};

/// An operation of several statements, of which the first may be kept when a later one fails. It says so by
/// `static constexpr bool keeps_parts = true`, and is not repeated because the database was busy or undid a conflict.
template <class Op>
constexpr bool ends_at([[maybe_unused]] condition failed) noexcept {
  if constexpr (requires { Op::keeps_parts; }) {
    return failed == condition::busy || failed == condition::serialization;
  } else {
    return false;
  }
}

/// Whether an operation may end the transaction that it runs in by a statement of its own, though a transaction may be
/// open afterwards: those that may have `bool may_end_transaction() const`.
template <class Op>
bool may_end_transaction([[maybe_unused]] const Op& op) noexcept {
  if constexpr (requires { op.may_end_transaction(); }) {
    return op.may_end_transaction();
  } else {
    return false;
  }
}

/// Whether something of an operation in a transaction may be permanent though the transaction was not committed by its
/// owner, who must not do it again then. `may_end`: what `may_end_transaction` said.
template <class Op>
constexpr bool may_be_kept(bool may_end, bool has_succeeded, bool is_in_transaction) noexcept {
  return may_end || (!is_in_transaction && (has_succeeded || requires { Op::keeps_parts; }));
}

struct call;

/// Is told of each attempt of a call. Threads: those of the call, one at a time.
class attempt_watcher {
 public:
  /// An attempt has failed. False: it was the last one.
  virtual bool failed(const error_info& why, const call& how) = 0;
  /// A connection was waited for; `is_exhausted`: none became free in time.
  virtual void acquired(clock::duration waited, bool is_exhausted) = 0;
  /// Before another attempt; the reason why there is none.
  virtual error_info again(const call& how) = 0;

 protected:
  ~attempt_watcher() = default;
};

/// How one call is made: by when it must be over, when it began, and where in the user's program that was.
struct call {
  deadline by;
  clock::time_point since{};
  std::source_location where{};
  attempt_watcher* watch = nullptr;  ///< of an asynchronous call; lives until its handler is called

  /// A call that begins now and may take as long as `budget`.
  static call within(clock::duration budget, std::source_location where) noexcept {
    const clock::time_point now = clock::now();
    return {budget >= (clock::time_point::max)() - now ? deadline::never() : deadline{now + budget}, now, where};
  }
  /// A call that begins now and must be over by `by`.
  static call until(deadline by, std::source_location where) noexcept { return {by, clock::now(), where}; }
};

}  // namespace dovetail::inline v0
