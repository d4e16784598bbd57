// Rows read while the statement runs: bounded memory, any number of rows.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/client/transaction.hpp>
#include <dovetail/client/transaction_guest.hpp>
#include <dovetail/row/plan.hpp>
#include <dovetail/row/row_mask.hpp>

#include <cstddef>
#include <iterator>
#include <source_location>
#include <utility>

namespace dovetail::inline v0 {

/// The rows of a query, one at a time: `for (const city& c : db.stream<city>("…"))`. Holds a connection until the last
/// row has been read or the stream goes; fields may be `std::string_view` and `byte_view` here.
/// Lifetime: a row, and what its views borrow, lives until the next one. A transaction's stream ends with it.
/// Threads: one at a time.
/// Errors: `begin()` and `++` throw `dt::error`; `next()` returns it. errc::transaction_closed when the transaction was
/// over first. The client's time limit holds for each step.
template <class Row, class Core>
class sql_stream : private detail::transaction_guest {
 public:
  using value_type = row_value_t<Row>;
  using connection_type = typename Core::connection_type;

  sql_stream(detail::held_connection<Core> on, typename connection_type::template stream_state<Row> state,
             clock::duration budget, deadline by, std::source_location where)
      : transaction_guest(&transaction_ended),
        on_(std::move(on)),
        state_(std::move(state)),
        budget_(budget),
        by_(by),
        where_(where) {}
  sql_stream(sql_stream&&) noexcept = default;
  sql_stream& operator=(sql_stream&&) = delete;
  ~sql_stream() { close(); }

  /// The next row, or null at the end. Lifetime: until the next call.
  result<value_type*> next() {
    const advance came = step();
    if (came == advance::row) return &row_;
    if (came == advance::failed) return std::move(failure_);
    return static_cast<value_type*>(nullptr);
  }

  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = sql_stream::value_type;
    using difference_type = std::ptrdiff_t;

    iterator() noexcept = default;
    explicit iterator(sql_stream* of) noexcept : of_(of) {}
    value_type& operator*() const noexcept { return of_->row_; }
    value_type* operator->() const noexcept { return &of_->row_; }
    iterator& operator++() {
      if (!of_->step_or_throw()) of_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept { return at.of_ == nullptr; }

   private:
    sql_stream* of_ = nullptr;
  };

  /// Reads the first row; a stream can be walked through once.
  iterator begin() { return iterator{step_or_throw() ? this : nullptr}; }
  std::default_sentinel_t end() const noexcept { return {}; }

  /// Used by sessions that hide columns: each row goes through it.
  void mask_with(detail::row_mask<value_type> hidden) { mask_ = std::move(hidden); }
  /// Used by `stream()` of a transaction: the stream ends with it.
  using detail::transaction_guest::join;

  /// Ends the statement and gives the connection back.
  void close() noexcept {
    if (!on_) return;
    leave();
    state_.close();
    on_.release();
  }

 private:
  enum class advance : unsigned char { row, done, failed };

  advance step() {
    if (!on_) return was_cut_off_ ? cut_off() : advance::done;
    switch (on_->next(state_, row_, budget_, by_)) {
      case connection_type::stream_step::row:
        mask_(row_);
        return advance::row;
      case connection_type::stream_step::done:
        close();
        return advance::done;
      default:
        failure_ = state_.take_failure().with_location(where_);
        close();
        return advance::failed;
    }
  }
  advance cut_off() {
    failure_ = error_info{errc::transaction_closed, "the stream was not read to its end before"}.with_location(where_);
    return advance::failed;
  }
  static void transaction_ended(detail::transaction_guest& guest) noexcept {
    auto& self = static_cast<sql_stream&>(guest);
    self.was_cut_off_ = true;
    self.close();
  }
  bool step_or_throw() {
    const advance came = step();
    if (came == advance::failed) detail::throw_error(std::move(failure_));
    return came == advance::row;
  }

  detail::held_connection<Core> on_;
  typename connection_type::template stream_state<Row> state_;
  clock::duration budget_;
  deadline by_;
  std::source_location where_;
  value_type row_{};
  error_info failure_;
  detail::row_mask<value_type> mask_;
  bool was_cut_off_ = false;
};

}  // namespace dovetail::inline v0
