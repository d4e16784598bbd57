// The rows of a stream, which a gateway has sent at once.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/row/plan.hpp>
#include <dovetail/row/rows.hpp>

#include <cstddef>
#include <utility>

namespace dovetail::inline v0::workersql::detail {

template <class Row>
class stream_state {
 public:
  explicit stream_state(rows<row_value_t<Row>> all) noexcept : all_(std::move(all)) {}

  /// Moves the next row out; false at the end.
  bool next(row_value_t<Row>& out) {
    if (at_ == all_.size()) return false;
    out = std::move(all_[at_++]);
    return true;
  }
  error_info take_failure() const { return {}; }
  std::size_t rows_read() const noexcept { return at_; }
  void close() noexcept { all_.clear(); }

 private:
  rows<row_value_t<Row>> all_;
  std::size_t at_ = 0;
};

}  // namespace dovetail::inline v0::workersql::detail
