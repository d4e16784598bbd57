// What stays where it is while an asynchronous stream is read: its rows, and the connection that they come from.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/base/lesser.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/client/async_transaction_state.hpp>
#include <dovetail/client/handler_executor.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/row/plan.hpp>
#include <dovetail/row/row_mask.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/post.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <source_location>
#include <utility>

namespace dovetail::inline v0::detail {

/// Threads: one operation at a time; its owner may go meanwhile, on any thread. One in a transaction may be ended by it
/// on any thread too: rows, `at_` and the place among the guests are touched under the transaction's lock, or by an
/// operation of the stream, which has the connection alone.
template <class Row, class Core>
class async_stream_state : private async_guest, public std::enable_shared_from_this<async_stream_state<Row, Core>> {
 public:
  using value_type = row_value_t<Row>;
  using connection_type = typename Core::connection_type;
  using rows_type = typename connection_type::template stream_rows<Row>;
  using lease = typename Core::lease;
  using transaction_type = async_transaction_state<Core>;

  async_stream_state(std::shared_ptr<Core> core, asio::any_io_executor executor, clock::duration budget, deadline by,
                     std::source_location where)
      : async_guest(&transaction_ended),
        core_(std::move(core)),
        executor_(std::move(executor)),
        budget_(budget),
        by_(by),
        where_(where) {}
  ~async_stream_state() {
    {
      const auto held = hold();
      leave();
    }
    // The executor's context went in the middle of a dialogue, or before it could end the stream.
    if (phase_.load(std::memory_order_relaxed) == phase::busy || rows_.needs_close()) discard();
  }

  rows_type& rows() noexcept { return rows_; }
  /// Each row goes through it before it is read.
  void mask_with(row_mask<value_type> hidden) { mask_ = std::move(hidden); }

  /// The stream has been opened, on a connection of its own or on that of a transaction.
  void opened(lease on) noexcept {
    own_ = std::move(on);
    at_ = &*own_;
  }
  /// Before it is opened on the connection of a transaction: from here on it ends with that.
  void opening(std::shared_ptr<transaction_type> inside) noexcept {
    inside_ = std::move(inside);
    inside_->join(*this);
  }
  /// Afterwards. Errors: errc::transaction_closed when the transaction has ended meanwhile.
  error_info opened() {
    const auto held = hold();
    if (!is_listed()) return error_info{errc::transaction_closed}.with_location(where_);
    at_ = &inside_->connection();
    return {};
  }

  /// The next row, the end, or a failure, when no I/O is needed for that.
  std::optional<result<value_type*>> ready() {
    if (phase_.load(std::memory_order_acquire) == phase::busy) return fail(errc::busy);
    return known();
  }

  /// Starts reading the next row; nothing completes in here.
  template <class Handler>
  void next(Handler handler) {
    if (auto row = ready()) return post(std::move(handler), *std::move(row));
    phase_.store(phase::busy, std::memory_order_release);
    run<value_type*>(sql_stream_fetch<rows_type>{&rows_}, std::move(handler));
  }

  /// Starts ending the stream.
  template <class Handler>
  void close(Handler handler) {
    if (phase_.load(std::memory_order_acquire) == phase::busy)
      return post(std::move(handler), result<void>{errc::busy});
    if (!needs_close()) {
      give_back();
      return post(std::move(handler), result<void>{});
    }
    phase_.store(phase::busy, std::memory_order_release);
    run<void>(sql_stream_close<rows_type>{&rows_}, std::move(handler));
  }

  /// Of a stream that is none any more.
  template <class Handler, class Answer>
  static void post_end(Handler handler, Answer answer) {
    auto executor = asio::get_associated_executor(handler);
    asio::post(executor, [handler = std::move(handler), answer = std::move(answer)]() mutable {
      std::move(handler)(std::move(answer));
    });
  }

  /// The stream's owner goes.
  void dropped() noexcept {
    if (phase_.exchange(phase::dropped, std::memory_order_acq_rel) == phase::idle) drop();
  }

 private:
  enum class phase : unsigned char { idle, busy, dropped };

  result<value_type*> fail(error_info why) const { return std::move(why).with_location(where_); }
  deadline limit() const noexcept { return earlier(call::within(budget_, where_).by, by_); }

  /// The transaction's lock, when the stream is in one.
  std::unique_lock<std::mutex> hold() const noexcept {
    return inside_ ? inside_->lock() : std::unique_lock<std::mutex>{};
  }
  bool needs_close() const noexcept {
    const auto held = hold();
    return at_ != nullptr && rows_.needs_close();
  }
  error_info over() const {
    if (!was_cut_off_) return {};
    return {errc::transaction_closed, "the stream was not read to its end before"};
  }

  /// As `ready()`, of what no owner touches meanwhile. What a user's field_codec or mask throws is told as a failure:
  /// out of here it would be told to nobody.
  std::optional<result<value_type*>> known() noexcept {
    error_info thrown;
    try {
      return taken();
    } catch (...) {
      thrown = dovetail::detail::current_failure();
    }
    drop_rows();
    return result<value_type*>{std::move(thrown).with_location(where_)};
  }
  std::optional<result<value_type*>> taken() {
    value_type* row = nullptr;
    auto held = hold();
    if (at_ == nullptr) {
      if (error_info why = over()) return fail(std::move(why));
      return result<value_type*>{nullptr};
    }
    switch (rows_.take(row)) {
      case stream_step::row:
        mask_(*row);
        return result<value_type*>{row};
      case stream_step::done:
        if (held) held.unlock();
        give_back();
        return result<value_type*>{nullptr};
      case stream_step::failed: {
        result<value_type*> why = fail(rows_.take_failure());
        if (held) held.unlock();
        drop_rows();
        return why;
      }
      case stream_step::more:
        break;
    }
    return {};
  }

  template <class Handler, class Answer>
  void post(Handler handler, Answer answer) {
    auto executor = asio::get_associated_executor(handler, executor_);
    asio::post(executor, [handler = std::move(handler), answer = std::move(answer)]() mutable {
      std::move(handler)(std::move(answer));
    });
  }

  /// Called when an operation of the stream has ended; what the handler wants is `T`.
  template <class T, class Op, class Handler>
  struct step {
    using executor_type = asio::any_io_executor;
    using cancellation_slot_type = asio::associated_cancellation_slot_t<Handler>;

    std::shared_ptr<async_stream_state> self;
    Handler handler;
    asio::any_io_executor executor;

    executor_type get_executor() const noexcept { return executor; }
    cancellation_slot_type get_cancellation_slot() const noexcept {
      return asio::get_associated_cancellation_slot(handler);
    }
    void operator()(result<void> answer) { self->template ran<T>(std::move(answer), std::move(handler)); }
  };

  /// In phase `busy`, which lasts until the handler is called: an owner who goes leaves everything to us.
  template <class T, class Op, class Handler>
  void run(Op op, Handler handler) {
    if (std::optional<result<T>> instead = take_turn<T>()) {
      settle(*instead);
      return post(std::move(handler), *std::move(instead));
    }
    try {
      asio::any_io_executor executor = executor_for(handler, executor_);
      async_run(at_->stream(), at_->own(std::move(op)), limit(), nullptr,
                step<T, Op, Handler>{this->shared_from_this(), std::move(handler), std::move(executor)});
    } catch (...) {  // nothing runs; the handler is gone
      if (inside_) inside_->leave();
      result<T> untold{errc::cancelled};
      settle(untold);
      throw;
    }
  }

  /// Takes the transaction's connection; else gives what is to be told instead.
  template <class T>
  std::optional<result<T>> take_turn() {
    if (!inside_) return {};
    error_info why = inside_->enter(where_);
    {
      const auto held = hold();
      if (at_ != nullptr && !why) return {};
      if (at_ != nullptr) return result<T>{std::move(why)};
    }
    if (!why) inside_->leave();  // it has ended meanwhile, with a savepoint
    if constexpr (std::is_void_v<T>) {
      return result<void>{};
    } else {
      return known();
    }
  }

  template <class T, class Handler>
  void ran(result<void> answer, Handler handler) {
    const error_info why = answer ? error_info{} : answer.error();
    if (inside_) inside_->leave(&why);  // may end the stream
    if (!answer) {
      drop_rows();
      complete<T>(std::move(handler), std::move(answer).error().with_location(where_));
    } else if constexpr (std::is_void_v<T>) {
      give_back();
      complete<T>(std::move(handler), {});
    } else if (phase_.load(std::memory_order_acquire) == phase::dropped) {
      complete<T>(std::move(handler), result<T>{nullptr});
    } else if (auto row = known()) {
      complete<T>(std::move(handler), *std::move(row));
    } else {
      run<T>(sql_stream_fetch<rows_type>{&rows_}, std::move(handler));
    }
  }

  template <class T, class Handler>
  void complete(Handler handler, result<T> answer) {
    settle(answer);
    call_handler(std::move(handler), std::move(answer), executor_);
  }

  /// No operation runs from here on: the owner may act again, or has gone and left the rest to us.
  template <class T>
  void settle(result<T>& answer) noexcept {
    phase was = phase::busy;
    if (phase_.compare_exchange_strong(was, phase::idle, std::memory_order_acq_rel)) return;
    if (answer) answer = error_info{errc::cancelled, "the stream is gone"}.with_location(where_);
    drop();
  }

  /// The rows are over, and nothing of them is open. They go first: they may count uses of what is the connection's
  /// (prepared statements), and a cache hears now of a write whose answer was not read to its end.
  void give_back() noexcept {
    if (inside_) return drop_inside(*inside_);
    rows_.abandon();
    at_ = nullptr;
    own_.release();
  }

  /// Ends what may still be open, and gives the connection back. Nothing of the stream runs.
  void drop_rows() noexcept {
    if (inside_) return drop_inside(*inside_);
    if (at_ == nullptr) return;
    if (!rows_.needs_close()) return give_back();
    connection_type& on = *std::exchange(at_, nullptr);
    try {
      async_run(on.stream(), on.own(sql_stream_close<rows_type>{&rows_}), deadline::after(ending_limit()), nullptr,
                ending{this->shared_from_this()});
    } catch (...) {  // out of memory
      discard();
    }
  }

  /// Rows may say how long their end is worth waiting for; what takes longer is cancelled.
  clock::duration ending_limit() const noexcept {
    if constexpr (requires { rows_type::longest_ending; }) {
      return lesser<clock::duration>(core_->timeout(), rows_type::longest_ending);
    } else {
      return core_->timeout();
    }
  }

  /// The same when the owner has gone: a transaction that keeps us must not be kept by us.
  void drop() noexcept {
    if (!inside_) return drop_rows();
    const std::shared_ptr<transaction_type> inside = std::move(inside_);
    drop_inside(*inside);
  }

  /// Another operation of the transaction may run now, on another thread: the rows wait for its end then.
  void drop_inside(transaction_type& inside) noexcept {
    {
      const auto held = inside.lock();
      at_ = nullptr;
    }
    inside.dismiss(std::shared_ptr<async_guest>{this->shared_from_this(), this});
  }

  /// Closes the connection; the rows go first, because they may point into it.
  void discard() noexcept {
    rows_.abandon();
    own_.discard();
  }

  /// Called when the rows have been ended after all.
  struct ending {
    using executor_type = asio::any_io_executor;
    std::shared_ptr<async_stream_state> self;
    executor_type get_executor() const noexcept { return self->executor_; }
    void operator()(const result<void>& answer) {
      if (!answer) return self->discard();
      self->rows_.abandon();
      self->own_.release();
    }
  };

  static void transaction_ended(transaction_guest& guest) noexcept {
    auto& self = static_cast<async_stream_state&>(guest);
    self.was_cut_off_ |= self.at_ != nullptr;
    self.rows_.abandon();
    self.at_ = nullptr;
  }

  std::shared_ptr<Core> core_;
  asio::any_io_executor executor_;
  clock::duration budget_;
  deadline by_;
  std::source_location where_;
  lease own_;
  std::shared_ptr<transaction_type> inside_;  // null: the connection is `own_`
  connection_type* at_ = nullptr;             // null: the stream is over
  std::atomic<phase> phase_{phase::idle};
  bool was_cut_off_ = false;  // ended by its transaction
  row_mask<value_type> mask_;
  rows_type rows_;  // goes before the connection does
};

}  // namespace dovetail::inline v0::detail
