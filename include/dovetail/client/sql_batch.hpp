// One statement executed for many rows of arguments, as an operation: all of them or none.
#pragma once

#include <dovetail/client/sql_operations.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// What is known of a batch while it runs and afterwards; shared by the operation and the one who waits for it.
struct batch_state {
  static constexpr std::size_t no_row = static_cast<std::size_t>(-1);

  std::string text;                    ///< of a statement that was made for the batch
  std::vector<std::int64_t> affected;  ///< by each row's execution
  std::size_t failed_row = no_row;     ///< which row of this operation failed, when one did
  std::size_t done_before = 0;         ///< rows of operations before this one
  std::size_t report_every = 0;        ///< rows; 0: never
  void (*report)(batch_state& self, std::size_t done) = nullptr;

  /// For connections: the operation begins (again).
  void begin() {
    affected.clear();
    failed_row = no_row;
  }
  /// For connections: another row was executed.
  void row_done(std::int64_t count) {
    affected.push_back(count);
    if (report_every != 0 && affected.size() % report_every == 0) report(*this, done_before + affected.size());
  }
};

/// The statement of a batch, where every operation has its own.
template <class Statement>
struct batch_request {
  Statement sql;
  const detail::parameter_hints* hints = nullptr;  // as in `sql_request`
};

/// Executes a statement for each row of a range, with one prepared statement; a failure undoes all of them, and its
/// context names the row, counted from 1. `Unpack{}(row)` gives the arguments of a row as a tuple of references.
template <class Statement, class Range, class Unpack>
struct sql_execute_many {
  using value_type = summary;
  static constexpr std::string_view name = "execute_many";
  using arguments_type = decltype(Unpack{}(*std::declval<const Range&>().begin()));
  using request_type = sql_request<Statement, arguments_type>;

  batch_request<Statement> request;
  Range rows;
  std::shared_ptr<batch_state> state;

  request_type request_of(const typename Range::value_type& row) const {
    return {request.sql, Unpack{}(row), request.hints};
  }
  bool is_idempotent() const noexcept { return false; }
};

namespace detail {

[[gnu::cold, gnu::noinline]] inline error_info no_expanding_batch() {
  return {errc::operation_unsupported, "a range in in (…) cannot be an argument of a batch: its size may differ"};
}

}  // namespace detail
}  // namespace dovetail::inline v0
