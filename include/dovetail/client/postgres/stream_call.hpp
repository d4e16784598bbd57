// The three operations of an asynchronous stream as dialogues: opening it, fetching its next rows, ending it.
#pragma once

#include <dovetail/base/later.hpp>
#include <dovetail/client/postgres/statement_call.hpp>
#include <dovetail/client/postgres/stream_state.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/row/plan.hpp>

#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::postgres {

/// A copy that a stream is to be read from, or why there is none.
struct copy_request {
  result<detail::copy_origin> from;
  bool is_read_only() const noexcept { return true; }
};

namespace detail {

/// The rows of an asynchronous stream. Lifetime: stays where it is.
template <class Row>
class awaited_rows {
 public:
  /// Rows that were asked for ahead and are not wanted may take their time.
  static constexpr std::chrono::milliseconds longest_ending{500};

  /// Forgets what an attempt before has left.
  row_batches& restart() {
    rows_.emplace();
    return *rows_;
  }
  row_batches& batches() noexcept { return *rows_; }

  stream_step take(row_value_t<Row>*& out) {
    if (!rows_) return stream_step::done;
    bool failed = false;
    if (rows_->next(row_, failed)) {
      out = &row_;
      return failed ? stream_step::failed : stream_step::row;
    }
    return rows_->has_more() ? stream_step::more : stream_step::done;
  }
  error_info take_failure() { return rows_->take_failure(); }
  bool needs_close() const noexcept { return rows_ && rows_->has_more(); }
  /// A portal goes with its transaction. After a copy that was not read to its end the connection is of no use.
  void abandon() noexcept { rows_.reset(); }

 private:
  std::optional<row_stream<Row>> rows_;
  row_value_t<Row> row_{};
};

/// Lifetime: borrows the session and the operation. Does not move once it has begun.
template <class Rows, class Request>
class stream_open_call {
 public:
  using value_type = void;

  stream_open_call(session& on, sql_stream_open<Rows, Request>& op, bool shows_text) noexcept
      : on_(&on), asked_(op.request), rows_(op.rows), shows_text_(shows_text) {}

  action resume(const event& ev) {
    if (!running_) {
      if (failure_ = asked_.prepare(*on_, shows_text_); failure_) return action::done(failure_.code());
      running_.emplace(rows_->restart().opening(*on_, asked_.request()));
    }
    const action next = running_->resume(ev);
    if (next.what() == verb::done && next.error()) {
      failure_ = asked_.explain(running_->failure(next.error()), shows_text_);
      rows_->abandon();  // while the connection, whose statement they use, is still ours
    }
    return next;
  }
  error_info failure(std::error_code ec) const { return failure_ ? failure_ : error_info{ec}; }
  void value() && noexcept {}

 private:
  session* on_;
  prepared_request<Request> asked_;
  Rows* rows_;
  v0::detail::later<execute_dialogue> running_;
  error_info failure_;
  bool shows_text_;
};

/// Opens the stream of a copy.
class copy_open_call {
 public:
  using value_type = void;

  explicit copy_open_call(error_info why) noexcept : failure_(std::move(why)) {}
  explicit copy_open_call(const copy_step& first) { running_.emplace(first); }

  action resume(const event& ev) { return running_ ? running_->resume(ev) : action::done(failure_.code()); }
  error_info failure(std::error_code ec) const { return running_ ? running_->failure(ec) : failure_; }
  void value() && noexcept {}

 private:
  v0::detail::later<copy_step> running_;
  error_info failure_;
};

/// Reads the next rows of a stream, or ends it.
class stream_step_call {
 public:
  using value_type = void;

  stream_step_call(session& on, row_batches& of, portal_step wanted) noexcept : on_(&on), of_(&of), wanted_(wanted) {}

  action resume(const event& ev);
  error_info failure(std::error_code ec) const {
    if (copying_) return copying_->failure(ec);
    return running_ ? running_->failure(ec) : error_info{ec};
  }
  void value() && noexcept {}

 private:
  session* on_;
  row_batches* of_;
  portal_step wanted_;
  v0::detail::later<copy_step> copying_;
  v0::detail::later<stream_dialogue> running_;
};

}  // namespace detail
}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {
namespace detail {

DOVETAIL_DEFINE action stream_step_call::resume(const event& ev) {
  if (of_->is_copy()) {
    // A copy cannot be ended in words: it is broken off, as by a cancellation, and the connection brought back.
    if (wanted_ == portal_step::close) return action::done(errc::cancelled);
    if (!copying_) copying_.emplace(of_->copying(*on_));
    return copying_->resume(ev);
  }
  if (!running_) running_.emplace(wanted_ == portal_step::fetch ? of_->fetching(*on_) : of_->closing(*on_));
  return running_->resume(ev);
}

}  // namespace detail
}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
