// What an asynchronous transaction, its views and its streams share: one connection, one operation at a time.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/handler_executor.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/client/transaction_guest.hpp>
#include <dovetail/policy/observer.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/post.hpp>

#include <memory>
#include <source_location>
#include <system_error>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

/// Lives as long as an operation of the transaction runs. Threads: those of the transaction, one at a time.
template <class Core>
class async_transaction_state : public std::enable_shared_from_this<async_transaction_state<Core>> {
 public:
  using connection_type = typename Core::connection_type;

  async_transaction_state(std::shared_ptr<Core> core, typename Core::lease on, asio::any_io_executor executor,
                          deadline by)
      : core_(std::move(core)), on_(std::move(on)), executor_(std::move(executor)), by_(by) {}

  const std::shared_ptr<Core>& core() const noexcept { return core_; }
  const asio::any_io_executor& executor() const noexcept { return executor_; }
  deadline by() const noexcept { return by_; }
  void set_by(deadline by) noexcept { by_ = by; }
  connection_type& connection() noexcept { return *on_; }
  bool is_open() const noexcept { return static_cast<bool>(on_) && !is_over_; }
  bool is_busy() const noexcept { return is_busy_; }
  bool is_aborted() const noexcept { return !is_open() || is_spoilt_ || (!is_busy_ && !on_->is_in_transaction()); }
  int depth() const noexcept { return depth_; }
  void set_depth(int depth) noexcept { depth_ = depth; }
  guest_list& guests() noexcept { return guests_; }
  /// A statement of its own (a script's) may have committed it: who does it all again may do something twice. To be
  /// asked before the transaction's end is awaited.
  bool may_be_kept() const noexcept { return may_be_kept_; }

  /// Takes the connection for one operation; the reason why not, else.
  error_info enter(std::source_location where) {
    errc why{};
    if (!is_open()) {
      why = errc::transaction_closed;
    } else if (is_busy_) {
      why = errc::busy;
    } else if (is_spoilt_ || !on_->is_in_transaction()) {
      why = errc::transaction_aborted;
    } else {
      is_busy_ = true;
      return {};
    }
    return error_info{why}.with_location(where);
  }
  void leave() noexcept {
    is_busy_ = false;
    if (!is_over_) return;
    guests_.end_from(0);
    on_.discard();
  }

  /// What a savepoint has left behind cannot be undone alone: nothing of the transaction may be kept.
  void spoil() noexcept { is_spoilt_ = true; }

  /// The transaction is over. A connection whose operation still runs is closed when that has ended.
  void end() noexcept {
    is_over_ = true;
    if (is_busy_) return;
    guests_.end_from(0);
    is_spoilt_ ? on_.discard() : on_.release();
  }

  /// Starts one operation. Never repeated.
  template <class Op, class Handler>
  void start(Op op, call how, Handler handler);

 private:
  template <class Handler, class Op>
  struct running;

  std::shared_ptr<Core> core_;
  typename Core::lease on_;
  asio::any_io_executor executor_;
  deadline by_;
  int depth_ = 0;
  bool is_busy_ = false;
  bool is_over_ = false;
  bool is_spoilt_ = false;
  bool may_be_kept_ = false;
  guest_list guests_;
};

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
    on->core_->saw_request(Op::name, answer ? std::error_code{} : answer.error().code(), watch, on->on_->moved(), 1,
                           how);
    on->may_be_kept_ |= v0::may_be_kept<Op>(may_end, static_cast<bool>(answer), on->on_->is_in_transaction());
    on->leave();
    on.reset();
    if (!answer) answer.error().with_location(how.where);
    call_handler(std::move(handler), std::move(answer), executor);
  }
};

template <class Core>
template <class Op, class Handler>
void async_transaction_state<Core>::start(Op op, call how, Handler handler) {
  asio::any_io_executor executor = executor_for(handler, executor_);
  if (error_info why = enter(how.where)) {
    return asio::post(executor, [handler = std::move(handler), why = std::move(why)]() mutable {
      call_handler(std::move(handler), result<typename Op::value_type>{std::move(why)}, asio::any_io_executor{});
    });
  }
  on_->moved() = {};
  const bool may_end = may_end_transaction(op);
  async_run(on_->stream(), on_->own(std::move(op)), how.by, &on_->moved(),
            running<Handler, Op>{this->shared_from_this(), std::move(handler), std::move(executor), how, may_end});
}

}  // namespace dovetail::inline v0::detail
