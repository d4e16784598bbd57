// The threads of a gateway that wait for its database.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql::serving {

/// Something to do on another thread. Must not throw.
class job {
 public:
  virtual ~job() = default;
  virtual void work() noexcept = 0;
};

/// Jobs begin in the order in which they came. Threads: `submit` from any; `stop` once, and not from a job.
class workers {
 public:
  explicit workers(std::size_t count) {
    try {
      for (std::size_t i = 0; i < count; ++i) threads_.emplace_back([this] { run(); });
    } catch (...) {
      stop();
      throw;
    }
  }
  workers(const workers&) = delete;
  workers& operator=(const workers&) = delete;
  ~workers() { stop(); }

  void submit(std::shared_ptr<job> next) {
    {
      const std::lock_guard lock{mutex_};
      waiting_.push_back(std::move(next));
    }
    wakes_.notify_one();
  }

  /// Lets the jobs that are there be done, and ends the threads.
  void stop() noexcept {
    {
      const std::lock_guard lock{mutex_};
      is_stopping_ = true;
    }
    wakes_.notify_all();
    for (std::thread& each : threads_) each.join();
    threads_.clear();
  }

 private:
  void run() {
    for (;;) {
      std::shared_ptr<job> next;
      {
        std::unique_lock lock{mutex_};
        wakes_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        next = std::move(waiting_.front());
        waiting_.pop_front();
      }
      next->work();
    }
  }

  std::mutex mutex_;
  std::condition_variable wakes_;
  std::deque<std::shared_ptr<job>> waiting_;
  std::vector<std::thread> threads_;
  bool is_stopping_ = false;
};

}  // namespace dovetail::inline v0::workersql::serving
