// The rows of a stream, blocking or awaited, read from the answer while it comes.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/workersql/answer_stream.hpp>
#include <dovetail/codec/workersql/streamed_rows.hpp>
#include <dovetail/row/plan.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::workersql::detail {

/// Lifetime: borrows the session while it has rows to read.
template <class Row>
class stream_state {
 public:
  using value_type = row_value_t<Row>;

  /// Forgets what an attempt before has left.
  void restart(session& on, std::string statement) {
    of_ = std::make_unique<source>(on, std::move(statement));
    has_row_ = false;
  }
  answer_stream& answer() noexcept { return of_->answer; }

  /// The answer has begun: its first row is read, so that rows which do not fit fail as those of a query do.
  error_info read_first() {
    const stream_step came = read(row_);
    if (came == stream_step::failed) return take_failure();
    has_row_ = came == stream_step::row;
    return {};
  }
  error_info opening_failure(std::error_code ec) { return of_ ? of_->answer.failure(ec) : error_info{ec}; }

  /// The next row; `more` has to be fetched.
  stream_step next(value_type& out) {
    if (!std::exchange(has_row_, false)) return read(out);
    out = std::move(row_);
    return stream_step::row;
  }
  /// The next row, which stays here until the next call.
  stream_step take(value_type*& out) {
    out = &row_;
    return std::exchange(has_row_, false) ? stream_step::row : read(row_);
  }
  stream_step fail(error_info why) {
    failure_ = std::move(why);
    return stream_step::failed;
  }
  error_info take_failure() { return std::move(failure_); }

  /// Nothing can be ended in words: a connection whose answer has not come to its end is of no use any more, which its
  /// health says; one that has all of it is as good as ever.
  bool needs_close() const noexcept { return false; }
  void close() noexcept { abandon(); }
  void abandon() noexcept {
    of_.reset();
    has_row_ = false;
  }

 private:
  struct source {
    source(session& on, std::string statement) : answer(on, std::move(statement)) {}
    answer_stream answer;
    streamed_rows<Row> rows;
  };

  stream_step read(value_type& out) {
    if (!of_) return stream_step::done;
    std::string_view text;
    const stream_step came = of_->answer.take(text);
    if (came == stream_step::failed) return fail(of_->answer.take_failure());
    if (came != stream_step::row) return came;
    json_source in{text};
    in.depth = of_->answer.depth();
    if (of_->rows.read_next(in, out)) return stream_step::row;
    return fail(in.failure.is_set() ? of_->answer.refuse(in) : of_->answer.misfit(of_->rows.take_failure()));
  }

  std::unique_ptr<source> of_;
  value_type row_{};
  error_info failure_;
  bool has_row_ = false;
};

}  // namespace dovetail::inline v0::workersql::detail
