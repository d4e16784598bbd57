// Turns of coroutines: one at a time, first come, first served.
#pragma once

#include <dovetail/base/deadline.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/post.hpp>
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

/// Threads: any coroutine of any executor. Lifetime: shared by those that wait.
class async_turns {
  struct waiter {
    explicit waiter(const asio::any_io_executor& on) : timer(on) {}
    asio::steady_timer timer;
    bool is_granted = false;
  };

 public:
  /// Ends the turn when it goes.
  class turn {
   public:
    turn() noexcept = default;
    explicit turn(std::shared_ptr<async_turns> of) noexcept : of_(std::move(of)) {}
    turn(turn&&) noexcept = default;
    turn& operator=(turn&&) = delete;
    ~turn() {
      if (of_) of_->pass_on();
    }
    explicit operator bool() const noexcept { return of_ != nullptr; }

   private:
    std::shared_ptr<async_turns> of_;
  };

  /// Waits for a turn; an empty one when the time is over or the coroutine is cancelled.
  static asio::awaitable<turn> take(std::shared_ptr<async_turns> of, deadline by) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    std::shared_ptr<waiter> mine;
    {
      const std::lock_guard lock{of->mutex_};
      if (!std::exchange(of->is_taken_, true)) co_return turn{of};
      mine = std::make_shared<waiter>(executor);
      if (by.is_never()) {
        mine->timer.expires_at((asio::steady_timer::time_point::max)());
      } else {
        mine->timer.expires_at(by.when());
      }
      of->waiting_.push_back(mine);
    }
    std::error_code ec;
    co_await mine->timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    const std::lock_guard lock{of->mutex_};
    if (mine->is_granted) co_return turn{of};
    std::erase(of->waiting_, mine);
    co_return turn{};
  }

 private:
  void pass_on() noexcept {
    std::shared_ptr<waiter> next;
    {
      const std::lock_guard lock{mutex_};
      if (waiting_.empty()) {
        is_taken_ = false;
        return;
      }
      next = std::move(waiting_.front());
      waiting_.pop_front();
      next->is_granted = true;
    }
    try {
      const auto executor = next->timer.get_executor();
      asio::post(executor, [next = std::move(next)] { next->timer.cancel(); });
    } catch (...) {  // out of memory: it sees that it was granted when its time is over
    }
  }

  std::mutex mutex_;
  std::deque<std::shared_ptr<waiter>> waiting_;
  bool is_taken_ = false;
};

}  // namespace dovetail::inline v0::asyncsql::detail
