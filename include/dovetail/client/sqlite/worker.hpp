// The thread of an asynchronous connection: runs SQLite's blocking calls one after another.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {
namespace sqlite::detail {

/// Knows the calls of one client that are running, so that its destructor can end them and wait for their end.
class call_gate {
 public:
  /// False when the client is going: the call must not begin. Else `leave` must follow.
  bool enter(std::atomic<bool>& cancelled);
  void leave(std::atomic<bool>& cancelled) noexcept;
  /// Interrupts all calls and waits until they have handed over their results.
  void shut() noexcept;

 private:
  std::mutex mutex_;
  std::condition_variable left_;
  std::vector<std::atomic<bool>*> running_;
  bool is_shut_ = false;
};

/// A call that has entered a gate; leaves it when it goes.
class gate_pass {
 public:
  explicit gate_pass(std::shared_ptr<call_gate> of);
  gate_pass(gate_pass&&) noexcept = default;
  gate_pass& operator=(gate_pass&&) = delete;
  ~gate_pass() { leave(); }

  explicit operator bool() const noexcept { return gate_ != nullptr; }
  const std::shared_ptr<std::atomic<bool>>& cancelled() const noexcept { return cancelled_; }
  void leave() noexcept;

 private:
  std::shared_ptr<call_gate> gate_;
  std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
};

/// Something to run on a worker.
struct job {
  virtual ~job() = default;
  virtual void run() noexcept = 0;
};

/// A thread that is started with the first job. One job at a time.
class worker {
 public:
  worker() = default;
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  ~worker();

  /// Takes the job, unless another one waits already. Throws when there is no thread to be had.
  void post(std::unique_ptr<job>& next);

 private:
  void loop();

  std::mutex mutex_;
  std::condition_variable woken_;
  std::unique_ptr<job> next_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/sqlite_async_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SQLITE_ASYNC_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::sqlite::detail {

DOVETAIL_DEFINE bool call_gate::enter(std::atomic<bool>& cancelled) {
  const std::lock_guard lock{mutex_};
  if (is_shut_) return false;
  running_.push_back(&cancelled);
  return true;
}

DOVETAIL_DEFINE void call_gate::leave(std::atomic<bool>& cancelled) noexcept {
  const std::lock_guard lock{mutex_};
  std::erase(running_, &cancelled);
  if (running_.empty()) left_.notify_all();  // under the lock: whoever waits may destroy this right after
}

DOVETAIL_DEFINE void call_gate::shut() noexcept {
  std::unique_lock lock{mutex_};
  is_shut_ = true;
  for (std::atomic<bool>* const each : running_) each->store(true, std::memory_order_relaxed);
  left_.wait(lock, [this] { return running_.empty(); });
}

DOVETAIL_DEFINE gate_pass::gate_pass(std::shared_ptr<call_gate> of) : gate_(std::move(of)) {
  if (!gate_->enter(*cancelled_)) gate_ = nullptr;
}

DOVETAIL_DEFINE void gate_pass::leave() noexcept {
  if (gate_ != nullptr) std::exchange(gate_, nullptr)->leave(*cancelled_);
}

DOVETAIL_DEFINE worker::~worker() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock{mutex_};
    is_ending_ = true;
  }
  woken_.notify_one();
  thread_.join();
}

DOVETAIL_DEFINE void worker::post(std::unique_ptr<job>& next) {
  // The thread waits for the lock too: else its first job could end, and another thread post here, before `thread_`
  // is written; or a job could end, and its handler end this, before the thread is notified.
  const std::lock_guard lock{mutex_};
  if (next_ != nullptr) return;
  if (!thread_.joinable()) thread_ = std::thread{[this] { loop(); }};
  next_ = std::move(next);
  woken_.notify_one();
}

DOVETAIL_DEFINE void worker::loop() {
  std::unique_lock lock{mutex_};
  for (;;) {
    woken_.wait(lock, [this] { return next_ != nullptr || is_ending_; });
    if (next_ == nullptr) return;
    std::unique_ptr<job> current = std::move(next_);
    lock.unlock();
    current->run();
    current.reset();
    lock.lock();
  }
}

}  // namespace dovetail::inline v0::sqlite::detail
#undef DOVETAIL_DEFINE
#endif
