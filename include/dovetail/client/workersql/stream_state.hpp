// The rows of a stream, blocking or awaited, which a gateway has sent at once.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/row/plan.hpp>
#include <dovetail/row/rows.hpp>

#include <cstddef>
#include <utility>

namespace dovetail::inline v0::workersql::detail {

template <class Row>
class stream_state {
 public:
  using value_type = row_value_t<Row>;

  stream_state() = default;
  explicit stream_state(rows<value_type> all) noexcept : all_(std::move(all)) {}

  /// Moves the next row out; false at the end.
  bool next(value_type& out) {
    if (at_ == all_.size()) return false;
    out = std::move(all_[at_++]);
    return true;
  }
  /// The next row, which stays here until the next call.
  stream_step take(value_type*& out) {
    if (!next(row_)) return stream_step::done;
    out = &row_;
    return stream_step::row;
  }
  error_info take_failure() const { return {}; }
  std::size_t rows_read() const noexcept { return at_; }
  /// Nothing of it is open at the gateway.
  bool needs_close() const noexcept { return false; }
  void close() noexcept { abandon(); }
  void abandon() noexcept {
    all_.clear();
    at_ = 0;
  }

 private:
  rows<value_type> all_;
  std::size_t at_ = 0;
  value_type row_{};
};

}  // namespace dovetail::inline v0::workersql::detail
