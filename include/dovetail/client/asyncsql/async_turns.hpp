// Turns of coroutines: one at a time, first come, first served.
#pragma once

#include <dovetail/base/deadline.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/awaitable.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <deque>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::asyncsql::detail {

/// Threads: any coroutine of any executor, of one with several threads too. Lifetime: shared by those that wait.
class async_turns {
  struct waiter {
    explicit waiter(const asio::any_io_executor& on) : timer(on) {}
    asio::steady_timer timer;  // touched under the lock only: who waits and who grants may be on two threads
    bool is_granted = false;
  };

 public:
  /// Ends the turn when it goes.
  class turn {
   public:
    turn() noexcept = default;
    turn(std::shared_ptr<async_turns> of, bool has_waited) noexcept : of_(std::move(of)), has_waited_(has_waited) {}
    turn(turn&&) noexcept = default;
    turn& operator=(turn&&) = delete;
    ~turn() {
      if (of_) of_->pass_on();
    }
    explicit operator bool() const noexcept { return of_ != nullptr; }
    /// Somebody else had the turn first.
    bool has_waited() const noexcept { return has_waited_; }

   private:
    std::shared_ptr<async_turns> of_;
    bool has_waited_ = false;
  };

  /// Waits for a turn; an empty one when the time is over or the coroutine is cancelled.
  /// (No temporary with a destructor stands in its co_await and co_return: GCC 12 destroys such ones twice.)
  static asio::awaitable<turn> take(std::shared_ptr<async_turns> of, deadline by) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    const std::shared_ptr<waiter> mine = of->queue(executor, by);
    if (mine != nullptr) {
      place_in_queue place{of, mine};
      std::error_code ec;
      co_await wait(of, mine, ec);
      if (!place.leave()) of.reset();
    }
    turn given{std::move(of), mine != nullptr};
    co_return std::move(given);
  }

 private:
  /// Null when the turn is the caller's at once.
  std::shared_ptr<waiter> queue(const asio::any_io_executor& executor, deadline by) {
    const std::lock_guard lock{mutex_};
    if (!std::exchange(is_taken_, true)) return nullptr;
    auto mine = std::make_shared<waiter>(executor);
    mine->timer.expires_at(by.is_never() ? (asio::steady_timer::time_point::max)() : by.when());
    waiting_.push_back(mine);
    return mine;
  }

  static asio::awaitable<void> wait(const std::shared_ptr<async_turns>& of, const std::shared_ptr<waiter>& mine,
                                    std::error_code& ec) {
    auto token = asio::redirect_error(asio::use_awaitable, ec);
    return asio::async_initiate<decltype(token), void(std::error_code)>(
        [of, mine](auto handler) {
          const std::lock_guard lock{of->mutex_};
          if (mine->is_granted) mine->timer.expires_at((asio::steady_timer::time_point::min)());  // meanwhile
          mine->timer.async_wait(std::move(handler));
        },
        token);
  }

  /// Of a coroutine that waits; one that is destroyed while it does gives its place up.
  class place_in_queue {
   public:
    place_in_queue(std::shared_ptr<async_turns> of, std::shared_ptr<waiter> mine) noexcept
        : of_(std::move(of)), mine_(std::move(mine)) {}
    place_in_queue(const place_in_queue&) = delete;
    place_in_queue& operator=(const place_in_queue&) = delete;
    ~place_in_queue() {
      if (mine_ && leave()) of_->pass_on();
    }
    /// True when it had been granted its turn.
    bool leave() {
      const std::shared_ptr<waiter> left = std::exchange(mine_, nullptr);
      const std::lock_guard lock{of_->mutex_};
      if (!left->is_granted) std::erase(of_->waiting_, left);
      return left->is_granted;
    }

   private:
    std::shared_ptr<async_turns> of_;
    std::shared_ptr<waiter> mine_;
  };

  void pass_on() noexcept {
    const std::lock_guard lock{mutex_};
    if (waiting_.empty()) {
      is_taken_ = false;
      return;
    }
    const std::shared_ptr<waiter> next = std::move(waiting_.front());
    waiting_.pop_front();
    next->is_granted = true;
    try {
      next->timer.cancel();
    } catch (...) {  // it sees that it was granted when its time is over
    }
  }

  std::mutex mutex_;
  std::deque<std::shared_ptr<waiter>> waiting_;
  bool is_taken_ = false;
};

}  // namespace dovetail::inline v0::asyncsql::detail
