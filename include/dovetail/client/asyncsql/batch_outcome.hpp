// What a batch is told and what it answers, and which of its rows to execute next when some are skipped.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/client/sql_batch.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// What becomes of a batch when a row of it fails.
enum class batch_errors : std::uint8_t {
  undo_all,  ///< none of its rows stays, and the call fails with the row's error
  skip_row,  ///< the others stay; the answer lists those that failed
};

struct batch_options {
  batch_errors on_error = batch_errors::undo_all;
  std::size_t report_every = 1000;  ///< rows between two calls of the progress function

  batch_options() = default;
  batch_options(batch_errors what) : on_error(what) {}  // NOLINT: what becomes of errors is all that most calls say
  batch_options(batch_errors what, std::size_t every) : on_error(what), report_every(every) {}
};

/// A row of a batch that failed.
struct batch_failure {
  std::size_t row = 0;  ///< counted from 0
  error_info error;
};

/// What a batch did.
struct [[nodiscard]] batch_result {
  std::int64_t rows_affected = 0;
  std::vector<std::int64_t> affected{};  ///< by each row; -1 for one that failed or was not reached
  std::vector<batch_failure> failures{};
  error_info stopped{};  ///< with `skip_row`: a failure of no row (a lost connection) that ended the batch half-way

  bool ok() const noexcept { return failures.empty() && !stopped; }
  explicit operator bool() const noexcept { return ok(); }
};

/// Stands for no progress function.
struct no_progress {
  void operator()(std::size_t, std::size_t) const noexcept {}
};

namespace detail {

/// True for failures that say something of the row, not of the database.
[[gnu::cold, gnu::noinline]] inline bool is_failure_of_row(const error_info& failure) noexcept {
  switch (failure.kind()) {
    case condition::constraint:
    case condition::data:
    case condition::mapping:
    case condition::not_found:
    case condition::permission:
    case condition::server:
      return true;
    default:
      return false;
  }
}

/// The decisions of a batch that skips its bad rows, without I/O: which rows to execute next. Each segment is all or
/// nothing; after a failure the rows before the bad one are executed again, without it, so that each is executed at
/// most twice. A segment is sent whole before its answer comes: those behind a failure are short, and grow while they
/// go well, so that many bad rows do not make the same good ones be sent again and again.
class batch_segments {
 public:
  explicit batch_segments(std::size_t rows) : rows_(rows), end_(rows) { result_.affected.assign(rows, -1); }

  bool has_next() const noexcept { return first_ < rows_; }
  std::size_t first() const noexcept { return first_; }
  std::size_t count() const noexcept { return end_ - first_; }

  void done(const batch_state& state, std::int64_t affected) {
    for (std::size_t i = 0; i < state.affected.size(); ++i) result_.affected[first_ + i] = state.affected[i];
    result_.rows_affected += affected;
    first_ = end_;
    if (bad_) {
      skip(std::move(bad_));
    } else {
      length_ = (std::min)(length_, rows_) * 2;
    }
    cut();
  }
  /// False when the batch cannot go on.
  bool failed(const batch_state& state, error_info failure) {
    if (state.failed_row == batch_state::no_row || !is_failure_of_row(failure)) {
      result_.stopped = std::move(failure);
      return false;
    }
    length_ = (std::max)(shortest, 2 * state.failed_row);
    if (state.failed_row == 0) {
      bad_ = {};
      skip(std::move(failure));
      cut();
    } else {
      end_ = first_ + state.failed_row;
      bad_ = std::move(failure);
    }
    return true;
  }
  batch_result& result() noexcept { return result_; }

 private:
  static constexpr std::size_t shortest = 8;

  void skip(error_info failure) {
    result_.failures.push_back({first_, std::move(failure)});
    bad_ = {};
    ++first_;
  }
  void cut() noexcept { end_ = length_ < rows_ - first_ ? first_ + length_ : rows_; }

  std::size_t rows_;
  std::size_t first_ = 0;
  std::size_t end_;
  std::size_t length_ = rows_;  // of the next segment, at most
  error_info bad_{};            // of the row behind the segment, where that was tried already
  batch_result result_;
};

}  // namespace detail
}  // namespace dovetail::inline v0
