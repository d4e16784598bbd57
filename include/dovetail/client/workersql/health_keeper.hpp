// The background health check of blocking clients: a thread that keeps the pool's idle connections alive and enough.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/client/pool_report.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace dovetail::inline v0::workersql {

/// The pool's counters under the names that all SDKs use.
struct pool_stats {
  std::size_t total = 0;
  std::size_t active = 0;
  std::size_t idle = 0;
  std::size_t min_connections = 0;
  std::size_t max_connections = 0;
};

inline pool_stats pool_stats_of(const pool_statistics& all) noexcept {
  return {all.total, all.active, all.idle, all.min, all.max};
}

namespace detail {

/// How often a pool is looked after: what the connection string says, else the policy. `Wire` reads such strings.
template <class Wire, class Settings>
clock::duration check_interval_of(std::string_view connection_string, const Settings& how) {
  const auto parsed = Wire::parse(connection_string);
  return parsed && parsed->settings.check_interval ? *parsed->settings.check_interval : how.pool.check_interval;
}

/// True when a pool with this interval is looked after at all.
constexpr bool is_kept_each(clock::duration interval) noexcept {
  return interval > clock::duration::zero() && interval != (clock::duration::max)();
}

/// Calls a function on a thread of its own, again and again until `end()`. An interval is a year at most.
class repeater {
 public:
  template <class Task>
  repeater(clock::duration interval, Task task)
      : state_(std::make_shared<state>()),
        thread_([shared = state_, each = (std::min)(interval, longest), task = std::move(task)]() mutable {
          std::unique_lock lock{shared->mutex};
          shared->own = std::this_thread::get_id();
          while (!shared->wakeup.wait_for(lock, each, [&shared] { return shared->is_over; })) {
            lock.unlock();
            task();
            lock.lock();
          }
        }) {}
  repeater(const repeater&) = delete;
  repeater& operator=(const repeater&) = delete;
  /// On the function's own thread too: that ends behind the function.
  ~repeater() {
    end();
    if (thread_.joinable()) thread_.detach();
  }

  /// Lets the function be called no more, and waits until it is not running; called by the function itself it waits for
  /// nothing. It does not wait for the rest of an interval. Threads: any number at once.
  void end() noexcept {
    bool is_own = false;
    {
      const std::lock_guard lock{state_->mutex};
      state_->is_over = true;
      is_own = state_->own == std::this_thread::get_id();
    }
    state_->wakeup.notify_all();
    if (is_own) return;
    const std::lock_guard lock{joining_};
    if (thread_.joinable()) thread_.join();
  }

 private:
  static constexpr clock::duration longest = std::chrono::hours{24 * 365};  // more may overflow the time of waking up

  struct state {  // the thread's too: it may be left behind
    std::mutex mutex;
    std::condition_variable wakeup;
    bool is_over = false;
    std::thread::id own;
  };

  std::shared_ptr<state> state_;
  std::mutex joining_;
  std::thread thread_;
};

}  // namespace detail

namespace detail {

/// What clients that are looked after have in common. `keeper_` is made by the one that derives from it.
template <class Client>
class client_with_keeper : public Client {
 public:
  using settings = typename Client::settings;
  using options = typename Client::options;

  client_with_keeper(client_with_keeper&&) noexcept = default;
  client_with_keeper& operator=(client_with_keeper&& other) noexcept {
    keeper_.reset();
    auto keeper = std::move(other.keeper_);
    Client::operator=(std::move(other));
    keeper_ = std::move(keeper);
    return *this;
  }

  /// The pool's counters under the SDKs' names; `statistics()` has more.
  pool_stats get_pool_stats() const noexcept { return pool_stats_of(this->statistics()); }
  /// Refuses further calls, ends the background check, and closes the connections, those in use when they come back.
  /// A blocking client waits for a round of checks that is running, at most its `check_wait`; an observer that such a
  /// round tells something may close too, and waits for nothing. Threads: any number may close at once, and call.
  void close() noexcept {
    if (keeper_) keeper_->end();
    Client::close();
  }

 protected:
  using Client::Client;
  ~client_with_keeper() = default;

  std::unique_ptr<repeater> keeper_;  // ends before the pool does
};

}  // namespace detail

/// A blocking client whose pool is looked after in the background, each `check_interval` of the pool's policy: idle
/// connections are pinged, stale ones closed, missing ones (below the minimum) opened. No connection is opened before
/// the first interval has passed or a call needs one. A policy whose interval is `clock::duration::max()`, zero or less
/// has no such thread; one beyond a year is a year. Threads: as `basic_client`.
template <class Client>
class kept_client : public detail::client_with_keeper<Client> {
  using base = detail::client_with_keeper<Client>;

 public:
  using settings = typename Client::settings;
  using options = typename Client::options;

  explicit kept_client(std::string_view connection_string, settings how = {}) : base(connection_string, how) {
    start(detail::check_interval_of<typename Client::connection_type>(connection_string, how), how);
  }
  explicit kept_client(options where, settings how = {}) : base(std::move(where), how) {
    start(how.pool.check_interval, how);
  }

 private:
  void start(clock::duration interval, const settings& how) {
    if (!detail::is_kept_each(interval)) return;
    auto& connections = this->core().connections();
    this->keeper_ = std::make_unique<detail::repeater>(interval, [&connections, wait = how.pool.check_wait] {
      static_cast<void>(connections.maintain(deadline::after(wait)));  // the next call meets the failure itself
    });
  }
};

}  // namespace dovetail::inline v0::workersql
