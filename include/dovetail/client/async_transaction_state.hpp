// What an asynchronous transaction, its views and its streams share: one connection, one operation at a time.
#pragma once

#include <dovetail/base/health.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/client/async_beginning.hpp>
#include <dovetail/client/handler_executor.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/client/transaction_guest.hpp>
#include <dovetail/policy/observer.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/post.hpp>

#include <climits>
#include <memory>
#include <mutex>
#include <source_location>
#include <system_error>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

/// A stream on a transaction's connection. Its part in the transaction is touched under the transaction's lock only.
class async_guest : public transaction_guest {
 public:
  using transaction_guest::transaction_guest;

 private:
  template <class Core>
  friend class async_transaction_state;
  std::shared_ptr<async_guest> next_dismissed_;
};

/// Lives as long as an operation of the transaction runs. Threads: any; an operation that finds another one running is
/// refused with errc::busy. Who has entered has the connection alone until it leaves, but for the guests' rows: they
/// are ended under the lock while nobody has it.
template <class Core>
class async_transaction_state : public std::enable_shared_from_this<async_transaction_state<Core>> {
 public:
  using connection_type = typename Core::connection_type;
  using lease = typename Core::lease;

  /// `mode`: of a transaction whose connection is to begin it with the first statement.
  async_transaction_state(std::shared_ptr<Core> core, lease on, asio::any_io_executor executor, deadline by,
                          begin_mode mode = begin_mode::automatic)
      : core_(std::move(core)), on_(std::move(on)), executor_(std::move(executor)), by_(by), mode_(mode) {}
  ~async_transaction_state() {
    if (!is_busy_) return;
    dismissed_.reset();
    on_.discard();  // its operation went with the executor's context, or by an exception, and told nobody
  }

  const std::shared_ptr<Core>& core() const noexcept { return core_; }
  const asio::any_io_executor& executor() const noexcept { return executor_; }
  deadline by() const noexcept {
    const auto held = lock();
    return by_;
  }
  void set_by(deadline by) noexcept {
    const auto held = lock();
    by_ = by;
  }
  connection_type& connection() noexcept { return *on_; }
  bool is_open() const noexcept {
    const auto held = lock();
    return !is_over_;
  }
  bool is_busy() const noexcept {
    const auto held = lock();
    return is_busy_;
  }
  bool is_aborted() const noexcept {
    const auto held = lock();
    return is_over_ || is_spoilt_ || (!is_busy_ && !is_in_transaction());
  }
  /// It is still open here, but its connection is closed.
  bool has_lost_connection() const noexcept {
    const auto held = lock();
    return on_ && !is_busy_ && on_->health() == session_health::closed;
  }
  int depth() const noexcept {
    const auto held = lock();
    return depth_;
  }
  void set_depth(int depth) noexcept {
    const auto held = lock();
    depth_ = depth;
  }

  [[nodiscard]] std::unique_lock<std::mutex> lock() const noexcept { return std::unique_lock{mutex_}; }

  /// A statement of its own (a script's) may have committed it: who does it all again may do something twice. To be
  /// asked before the transaction's end is awaited.
  bool may_be_kept() const noexcept {
    const auto held = lock();
    return may_be_kept_;
  }
  void keep() noexcept {
    const auto held = lock();
    may_be_kept_ = true;
  }

  /// Takes the connection for one operation; the reason why not, else.
  error_info enter(std::source_location where);
  /// Ends the operation, and what had to wait for its end. `why`: how it ended, no failure when well; null: it was
  /// none.
  void leave(const error_info* why = nullptr) noexcept;
  /// The first failure since an operation succeeded.
  error_info failure() const noexcept {
    const auto held = lock();
    return failure_;
  }

  /// From here on the guest ends with the transaction, or with the savepoint that it is in.
  void join(async_guest& guest) noexcept {
    const auto held = lock();
    guest.join(guests_, depth_);
  }
  /// The guest goes before it has come to its end: it is ended now, or kept until the operation that runs has ended.
  void dismiss(std::shared_ptr<async_guest> guest) noexcept;
  /// Ends the guests of this depth and of those below; behind the operation that runs, if there is one.
  void end_guests(int depth) noexcept {
    const auto held = lock();
    if (is_busy_) {
      ends_from_ = depth < ends_from_ ? depth : ends_from_;
    } else {
      guests_.end_from(depth);
    }
  }

  /// What a savepoint has left behind cannot be undone alone: nothing of the transaction may be kept.
  void spoil() noexcept {
    const auto held = lock();
    is_spoilt_ = true;
  }

  /// The transaction is over. A connection whose operation still runs is closed when that has ended.
  void end() noexcept;

  /// Starts one operation. Never repeated.
  template <class Op, class Handler>
  void start(Op op, call how, Handler handler);

 private:
  template <class Handler, class Op>
  struct running;
  template <class Handler, class Op>
  struct begun_with;
  template <class Handler, class Op>
  struct begun_before;

  /// False when it could not begin, and has no connection any more.
  bool is_in_transaction() const noexcept { return on_ && on_->is_in_transaction(); }
  traffic moved() const noexcept { return on_ ? on_->moved() : traffic{}; }

  /// Runs the operation of who has entered.
  template <class Op, class Handler>
  void perform(Op op, running<Handler, Op> then);
  /// The same, of the first one, when the server has not heard of the transaction.
  template <class Op, class Handler>
  void begin_with(Op op, running<Handler, Op> then);
  /// The connection is here again.
  void take_back(lease on) noexcept {
    const auto held = lock();
    on_ = std::move(on);
  }

  mutable std::mutex mutex_;
  std::shared_ptr<Core> core_;
  lease on_;
  asio::any_io_executor executor_;
  deadline by_;
  begin_mode mode_;
  int depth_ = 0;
  int ends_from_ = INT_MAX;  // which guests end when the operation that runs has ended
  bool is_busy_ = false;
  bool is_over_ = false;
  bool is_spoilt_ = false;
  bool may_be_kept_ = false;
  error_info failure_{};
  guest_list guests_;
  std::shared_ptr<async_guest> dismissed_;  // goes before the connection does
};

template <class Core>
error_info async_transaction_state<Core>::enter(std::source_location where) {
  errc why{};
  {
    const auto held = lock();
    if (is_over_) {
      why = errc::transaction_closed;
    } else if (is_busy_) {
      why = errc::busy;
    } else if (is_spoilt_ || !is_in_transaction()) {
      why = errc::transaction_aborted;
    } else {
      is_busy_ = true;
      return {};
    }
  }
  return error_info{why}.with_location(where);
}

template <class Core>
void async_transaction_state<Core>::leave(const error_info* why) noexcept {
  lease ended;  // it and the dismissed go without the lock
  std::shared_ptr<async_guest> dismissed;
  {
    const auto held = lock();
    is_busy_ = false;
    if (why != nullptr && (!*why || !failure_)) failure_ = *why;
    dismissed = std::move(dismissed_);
    for (async_guest* each = dismissed.get(); each != nullptr; each = each->next_dismissed_.get()) each->end();
    guests_.end_from(std::exchange(ends_from_, INT_MAX));
    if (is_over_) ended = std::move(on_);
  }
  ended.discard();
  while (dismissed) dismissed = std::move(dismissed->next_dismissed_);
}

template <class Core>
void async_transaction_state<Core>::dismiss(std::shared_ptr<async_guest> guest) noexcept {
  const auto held = lock();
  if (!guest->is_listed()) return;  // it has been ended, or dismissed before
  if (!is_busy_) return guest->end();
  guest->leave();
  guest->next_dismissed_ = std::move(dismissed_);
  dismissed_ = std::move(guest);
}

template <class Core>
void async_transaction_state<Core>::end() noexcept {
  lease ended;
  bool is_useless = false;
  {
    const auto held = lock();
    is_over_ = true;
    if (is_busy_) {
      ends_from_ = 0;
      return;
    }
    guests_.end_from(0);
    ended = std::move(on_);
    is_useless = is_spoilt_;
  }
  is_useless ? ended.discard() : ended.release();
}

/// Frees the connection, and adds the caller's place to a failure on its way.
template <class Core>
template <class Handler, class Op>
struct async_transaction_state<Core>::running {
  using executor_type = asio::any_io_executor;
  using cancellation_slot_type = asio::associated_cancellation_slot_t<Handler>;
  using stopwatch_type = stopwatch<std::remove_reference_t<decltype(std::declval<Core&>().watcher())>>;

  std::shared_ptr<async_transaction_state> on;
  Handler handler;
  asio::any_io_executor executor;
  call how;
  bool may_end = false;
  [[no_unique_address]] stopwatch_type watch{};

  executor_type get_executor() const noexcept { return executor; }
  cancellation_slot_type get_cancellation_slot() const noexcept {
    return asio::get_associated_cancellation_slot(handler);
  }
  void operator()(result<typename Op::value_type> answer) {
    on->core_->saw_request(Op::name, answer ? std::error_code{} : answer.error().code(), watch, on->moved(), 1, how);
    if (v0::may_be_kept<Op>(may_end, static_cast<bool>(answer), on->is_in_transaction())) on->keep();
    if (!answer) answer.error().with_location(how.where);
    const error_info why = answer ? error_info{} : answer.error();
    on->leave(&why);
    on.reset();
    call_handler(std::move(handler), std::move(answer), executor);
  }
};

/// The operation has begun the transaction, or could not.
template <class Core>
template <class Handler, class Op>
struct async_transaction_state<Core>::begun_with {
  using cancellation_slot_type = asio::associated_cancellation_slot_t<Handler>;
  running<Handler, Op> then;

  cancellation_slot_type get_cancellation_slot() const noexcept { return then.get_cancellation_slot(); }
  void operator()(result<typename Op::value_type> answer, lease on) {
    then.on->take_back(std::move(on));
    then(std::move(answer));
  }
};

/// The transaction has begun, and its first operation goes next; or it could not.
template <class Core>
template <class Handler, class Op>
struct async_transaction_state<Core>::begun_before {
  using cancellation_slot_type = asio::associated_cancellation_slot_t<Handler>;
  running<Handler, Op> then;
  Op op;

  cancellation_slot_type get_cancellation_slot() const noexcept { return then.get_cancellation_slot(); }
  void operator()(result<void> begun, lease on) {
    then.on->take_back(std::move(on));
    if (!begun) return then(std::move(begun).error());
    const std::shared_ptr<async_transaction_state> keep = then.on;
    try {
      keep->perform(std::move(op), std::move(then));
    } catch (...) {  // nothing runs; the handler is gone
      keep->leave();
      throw;
    }
  }
};

template <class Core>
template <class Op, class Handler>
void async_transaction_state<Core>::perform(Op op, running<Handler, Op> then) {
  on_->moved() = {};
  const deadline by = then.how.by;
  async_run(on_->stream(), on_->own(std::move(op)), by, &on_->moved(), std::move(then));
}

template <class Core>
template <class Op, class Handler>
void async_transaction_state<Core>::begin_with(Op op, running<Handler, Op> then) {
  const call how = then.how;
  asio::any_io_executor executor = then.executor;
  lease on;
  {
    const auto held = lock();
    on = std::move(on_);
  }
  if constexpr (carries_begin<connection_type, Op>) {
    using done = begun_with<Handler, Op>;
    async_beginning<Core, Op, done>::begin(core_, std::move(executor), how, mode_, std::move(on), std::move(op),
                                           done{std::move(then)});
  } else {
    using done = begun_before<Handler, Op>;
    async_beginning<Core, sql_begin, done>::begin(core_, std::move(executor), how, mode_, std::move(on),
                                                  sql_begin{mode_}, done{std::move(then), std::move(op)});
  }
}

template <class Core>
template <class Op, class Handler>
void async_transaction_state<Core>::start(Op op, call how, Handler handler) {
  asio::any_io_executor executor = executor_for(handler, executor_);
  if (error_info why = enter(how.where)) {
    return asio::post(executor, [handler = std::move(handler), why = std::move(why)]() mutable {
      call_handler(std::move(handler), result<typename Op::value_type>{std::move(why)}, asio::any_io_executor{});
    });
  }
  try {
    const bool may_end = may_end_transaction(op);
    running<Handler, Op> then{this->shared_from_this(), std::move(handler), std::move(executor), how, may_end};
    if constexpr (begins_later<connection_type> && !std::is_same_v<Op, sql_commit> &&
                  !std::is_same_v<Op, sql_rollback>) {
      if (on_->is_begin_pending()) return begin_with(std::move(op), std::move(then));
    }
    perform(std::move(op), std::move(then));
  } catch (...) {  // nothing runs; the handler is gone
    leave();
    throw;
  }
}

}  // namespace dovetail::inline v0::detail
