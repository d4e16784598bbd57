// One statement executed for many rows of arguments, as an operation: all of them or none.
#pragma once

#include <dovetail/client/sql_operations.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
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
  std::string array_text;              ///< of the same change by arrays
  std::vector<std::size_t> ends;       ///< of arrays: the row behind the last of each execution; else empty
  bool is_numbered = false;      ///< of arrays: each returns the numbers, from 1, of its elements that did something
  bool knows_each = true;        ///< false when it is not known what each row did: a trigger left some out
  std::size_t done_before = 0;   ///< rows of operations before this one
  std::size_t report_every = 0;  ///< rows; 0: never
  void (*report)(batch_state& self, std::size_t done) = nullptr;

  /// For connections: the operation begins (again).
  void begin();
  /// For connections: another row was executed.
  void row_done(std::int64_t count);
  /// For connections: an element of the array that is executed changed a row.
  void row_changed(std::uint64_t number) {
    const std::size_t first = next_end_ == 0 ? 0 : ends[next_end_ - 1];
    if (number - 1 < ends[next_end_] - first) ++affected[first + static_cast<std::size_t>(number) - 1];
  }

 private:
  void array_done(std::int64_t count);

  std::size_t next_end_ = 0;
};

/// How values of a type go to the server as elements of an array.
enum class array_element : std::uint8_t {
  none,      ///< not at all
  typed,     ///< the type says which type of array
  inferred,  ///< it does not: text and enums have the type of the column
};
/// If the compiler points here: a backend with arrays specialises it for its dialect.
template <dialect D, class T>
inline constexpr array_element array_element_of = array_element::none;

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
  /// The members that are sent, where the rows are structs whose members are columns.
  static constexpr std::span<const std::string_view> columns_from_struct() noexcept {
    if constexpr (requires { Unpack::template columns<typename Range::value_type>(); }) {
      return Unpack::template columns<typename Range::value_type>();
    } else {
      return {};
    }
  }
};

namespace detail {

[[gnu::cold, gnu::noinline]] inline error_info no_expanding_batch() {
  return {errc::operation_unsupported, "a range in in (…) cannot be an argument of a batch: its size may differ"};
}

}  // namespace detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {

DOVETAIL_DEFINE void batch_state::begin() {
  affected.assign(ends.empty() ? 0 : ends.back(), 0);
  failed_row = no_row;
  next_end_ = 0;
  knows_each = true;
}

DOVETAIL_DEFINE void batch_state::row_done(std::int64_t count) {
  if (!ends.empty()) return array_done(count);
  affected.push_back(count);
  if (report_every != 0 && affected.size() % report_every == 0) report(*this, done_before + affected.size());
}

[[gnu::noinline]] DOVETAIL_DEFINE void batch_state::array_done(std::int64_t count) {
  const std::size_t first = next_end_ == 0 ? 0 : ends[next_end_ - 1];
  const std::size_t end = ends[next_end_++];
  std::int64_t known = 0;
  for (std::size_t i = first; i < end; ++i) known += is_numbered ? affected[i] : (affected[i] = 1);
  knows_each = knows_each && known == count;
  if (report_every != 0 && end % report_every == 0) report(*this, end);
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
