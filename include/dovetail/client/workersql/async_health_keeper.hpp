// The background health check of asynchronous clients: a thread keeps the time, the client's executor does the work.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/client/pool_slot.hpp>
#include <dovetail/client/pool_state.hpp>
#include <dovetail/client/workersql/health_keeper.hpp>
#include <dovetail/driver/async_run.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql {
namespace detail {

/// One round over a pool, as `pool::maintain` makes it, one connection after the other: idle ones are pinged, stale
/// ones closed, missing ones opened. Ends at the first that cannot be opened: the next call meets the failure itself.
template <class Core>
class async_round : public std::enable_shared_from_this<async_round<Core>> {
 public:
  async_round(std::weak_ptr<Core> core, asio::any_io_executor executor, std::shared_ptr<std::atomic<bool>> is_running)
      : waiting_(std::move(core)), executor_(std::move(executor)), is_running_(std::move(is_running)) {}
  async_round(const async_round&) = delete;
  async_round& operator=(const async_round&) = delete;
  ~async_round() {
    // Destroyed in the middle of a dialogue, with the executor's context: the connection cannot be trusted any more.
    if (is_in_dialogue_) lease_.discard();
    lease_.release();
    is_running_->store(false);
  }

  /// On the executor. Throws nothing.
  void start(clock::duration wait) noexcept {
    core_ = waiting_.lock();
    if (!core_) return;
    by_ = deadline::after(wait);
    begun_ = dovetail::detail::coarse_now();
    left_ = core_->connections().statistics().max;  // no connection twice, however short its limits are
    next();
  }

 private:
  struct step {
    using executor_type = asio::any_io_executor;
    std::shared_ptr<async_round> self;
    executor_type get_executor() const noexcept { return self->executor_; }
    void operator()(result<void> answer) { self->answered(std::move(answer)); }
  };

  void next() noexcept {
    try {
      while (left_ != 0) {
        --left_;
        lease_ = core_->connections().next_maintenance(begun_);
        if (!lease_) return;
        if (lease_.state() != lease_state::ready) return prepare();
        lease_.release();
      }
    } catch (...) {  // out of memory; the destructor does the rest
    }
  }
  void prepare() {
    is_in_dialogue_ = true;
    auto& connection = *lease_;
    if (lease_.state() == lease_state::check) {
      async_run(connection.stream(), connection.session().ping(), by_, nullptr, step{this->shared_from_this()});
    } else {
      async_run(connection.stream(), connection.session().open(), by_, nullptr, step{this->shared_from_this()});
    }
  }
  void answered(result<void> answer) noexcept {
    is_in_dialogue_ = false;
    try {
      if (lease_.state() == lease_state::open) {
        if (!answer) return lease_.open_failed(answer.error());
        lease_.opened();
      } else if (answer) {
        lease_.checked();
      } else {
        lease_.reopen();
        return prepare();
      }
    } catch (...) {
      return;
    }
    lease_.release();
    next();
  }

  std::weak_ptr<Core> waiting_;  // a round that waits for its executor keeps no client
  std::shared_ptr<Core> core_;
  asio::any_io_executor executor_;
  std::shared_ptr<std::atomic<bool>> is_running_;
  deadline by_ = deadline::never();
  clock::time_point begun_{};
  std::size_t left_ = 0;
  typename Core::lease lease_;
  bool is_in_dialogue_ = false;
};

}  // namespace detail

/// An asynchronous client whose pool is looked after in the background, as that of `kept_client`: a thread of its own
/// gives the executor a round of work each `check_interval`; nothing while the last one has not ended. Between rounds
/// an `io_context` has nothing to do, so that its `run()` returns as without them; a context that does not run makes no
/// checks. A policy whose interval is `clock::duration::max()`, zero or less has no such thread: for executors that
/// take no work from other threads. Lifetime: the executor's context lives until the client is closed or gone.
template <class Client>
class kept_async_client : public detail::client_with_keeper<Client> {
  using base = detail::client_with_keeper<Client>;

 public:
  using settings = typename Client::settings;
  using options = typename Client::options;
  using executor_type = typename Client::executor_type;

  kept_async_client(executor_type executor, std::string_view connection_string, settings how = {})
      : base(std::move(executor), connection_string, how) {
    start(detail::check_interval_of<typename Client::connection_type::wire>(connection_string, how), how);
  }
  kept_async_client(executor_type executor, options where, settings how = {})
      : base(std::move(executor), std::move(where), how) {
    start(how.pool.check_interval, how);
  }

 private:
  void start(clock::duration interval, const settings& how) {
    using kept_type = typename Client::core_type;
    if (!detail::is_kept_each(interval)) return;
    this->keeper_ = std::make_unique<detail::repeater>(
        interval, [core = std::weak_ptr<kept_type>{this->core()}, executor = this->get_executor(),
                   wait = how.pool.check_wait, is_running = std::make_shared<std::atomic<bool>>(false)] {
          if (is_running->exchange(true)) return;
          auto round = std::make_shared<detail::async_round<kept_type>>(core, executor, is_running);
          asio::post(executor, [round = std::move(round), wait] { round->start(wait); });
        });
  }
};

}  // namespace dovetail::inline v0::workersql
