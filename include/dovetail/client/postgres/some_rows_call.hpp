// The first rows of a result: read through a portal that is closed at the limit.
#pragma once

#include <dovetail/base/later.hpp>
#include <dovetail/client/postgres/statement_call.hpp>
#include <dovetail/client/postgres/stream_state.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/codec/postgres/execute.hpp>
#include <dovetail/codec/postgres/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace dovetail::inline v0 {
namespace postgres::detail {

/// Lifetime: borrows the session and the operation.
template <class Row, class Request>
class some_rows_call {
 public:
  using value_type = limited_rows<row_value_t<Row>>;

  some_rows_call(session& on, const sql_query_some<Row, Request>& op, bool shows_text)
      : on_(&on),
        asked_(op.request),
        limits_(op.limits),
        rows_(std::make_unique<row_stream<Row>>()),
        shows_text_(shows_text) {}

  action resume(const event& ev) {
    if (!opening_) {
      if (error_info failure = asked_.prepare(*on_, shows_text_)) return end(std::move(failure));
      rows_->keep_at_most(limits_.bytes);
      opening_.emplace(rows_->opening(*on_, asked_.request(), first_batch()));
    }
    if (!reading_) return opened(opening_->resume(ev));
    return fetched(reading_->resume(ev));
  }
  error_info failure(std::error_code ec) const { return failure_ ? failure_ : error_info{ec}; }
  value_type value() && { return std::move(some_); }

 private:
  /// One more than wanted tells whether there are more. Of rows whose bytes are limited, and that may be of any size, a
  /// few.
  std::int32_t first_batch() const noexcept {
    const std::size_t most = limits_.bytes == 0 ? 16 * 1024 : 256;
    if (limits_.rows == 0) return 256;
    return static_cast<std::int32_t>(limits_.rows < most ? limits_.rows + 1 : most);
  }

  action opened(const action& next) {
    if (next.what() != verb::done) return next;
    if (next.error()) return end(explain(opening_->failure(next.error()), asked_.view(), shows_text_));
    return take_batch();
  }
  action fetched(const action& next) {
    if (next.what() != verb::done) return next;
    if (next.error()) return end(explain(reading_->failure(next.error()), asked_.view(), shows_text_));
    return is_closing_ ? end(std::move(failure_)) : take_batch();
  }

  action take_batch() {
    byte_view body;
    while (!is_enough_ && rows_->next_body(body)) {
      if (limits_.are_reached(some_.rows.size(), bytes_)) {
        is_enough_ = some_.has_more = true;
        break;
      }
      const auto read = [this, body](auto& out) { return rows_->read_into(body, out); };
      if (!v0::detail::append_row(some_.rows, read)) {
        failure_ = explain(rows_->take_failure(), asked_.view(), shows_text_);
        is_enough_ = true;
        break;
      }
      bytes_ += body.size();
    }
    if (rows_->has_forgotten() && !is_enough_) is_enough_ = some_.has_more = true;
    if (!rows_->has_more()) return end(std::move(failure_));
    if (is_enough_) {
      is_closing_ = true;
      reading_.emplace(rows_->closing(*on_));
    } else {
      reading_.emplace(rows_->fetching(*on_));
    }
    return fetched(reading_->resume({}));
  }

  action end(error_info why) {
    failure_ = std::move(why);
    return action::done(failure_.code());
  }

  session* on_;
  prepared_request<Request> asked_;
  row_limits limits_;
  std::unique_ptr<row_stream<Row>> rows_;
  v0::detail::later<execute_dialogue> opening_;
  v0::detail::later<stream_dialogue> reading_;
  value_type some_;
  std::size_t bytes_ = 0;
  error_info failure_;
  bool shows_text_;
  bool is_enough_ = false;
  bool is_closing_ = false;
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
