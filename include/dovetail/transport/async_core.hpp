// How an asynchronous operation is suspended until a descriptor is ready, a signal comes, time is up, or it is
// cancelled.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/transport/concepts.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/post.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <utility>

#if defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DECLARE
#else
#define DOVETAIL_DECLARE inline  // or GCC writes them into every file that sees the class
#endif
namespace dovetail::inline v0::detail {

/// What an operation finds when it goes on.
struct wake_up {
  std::error_code fault{};  ///< waiting itself is impossible
  bool cancelled = false;   ///< somebody wants the operation to end; told once
};

class async_core;

/// What a stream keeps in order to wake an operation: it may keep it longer than the operation's executor lives.
class wake_relay final : public waker {
 public:
  explicit wake_relay(async_core& core) noexcept : core_(&core) {}
  DOVETAIL_DECLARE void wake() noexcept override;
  void forget() noexcept;

 private:
  std::mutex mutex_;
  async_core* core_;
};

/// The part of an asynchronous stream that knows Asio and not the stream; lives as long as an operation needs it.
/// Threads: an operation runs in one thread at a time; `cancel`, `wake` and the timer come from any other one.
/// Cost: one timer a stream. It is set when an operation has to wait and no earlier time is set, stays set while one
/// operation follows the other, and looks at the deadline of whatever is waiting when it goes off.
class async_core : public std::enable_shared_from_this<async_core> {
 public:
  explicit async_core(asio::any_io_executor executor);
  async_core(const async_core&) = delete;
  async_core& operator=(const async_core&) = delete;
  DOVETAIL_DECLARE virtual ~async_core();

  const asio::any_io_executor& executor() const noexcept { return executor_; }

  /// Takes the stream for one operation; false when another one has it.
  bool begin();

  /// The operation is over; true when the stream is to be closed now.
  bool end() noexcept;

  /// After the completion handler has returned: without a next operation, nothing may keep the executor busy.
  void settle();

  std::size_t operation() const noexcept { return operation_; }
  void note_sent() noexcept { has_sent_.store(true, std::memory_order_relaxed); }

  /// Before `notify()`, so that a signal which comes before `suspend()` is not lost.
  void expect_signal();

  /// Calls `handler(error_code)` on its own executor as soon as the operation can go on; never in here.
  template <class Handler>
  void suspend(native_handle watched, readiness what, deadline limit, Handler handler) {
    const std::lock_guard lock(mutex_);
    fault_ = {};
    std::size_t at = 0;
    if (what == readiness::signalled) [[unlikely]]
      return suspend_until_signal(limit, std::move(handler));
    if (!cancel_requested_.load(std::memory_order_relaxed)) fault_ = watch(watched, at);
    if (fault_ || cancel_requested_.load(std::memory_order_relaxed)) [[unlikely]]
      return yield(std::move(handler));
    limit_ = limit;
    arm();
    waiting_ = at == 0 ? waiting::first : waiting::second;
    descriptors_[at].async_wait(what == readiness::writable ? asio::posix::descriptor_base::wait_write
                                                            : asio::posix::descriptor_base::wait_read,
                                std::move(handler));
  }

  /// The same for a read that waits for `readable` and a write that waits for `writable`, be they one descriptor or
  /// two: goes on when one of them can.
  template <class Handler>
  void suspend_both(native_handle readable, native_handle writable, deadline limit, Handler handler) {
    const std::lock_guard lock(mutex_);
    fault_ = {};
    if (!cancel_requested_) fault_ = watch(readable, reading_at_);
    if (!cancel_requested_ && !fault_) fault_ = watch(writable, writing_at_);
    if (fault_ || cancel_requested_) return yield(std::move(handler));
    limit_ = limit;
    arm();
    waiting_ = waiting::both;
    waits_for_both_ = true;
    // Only one of the two can own the operation; the other one wakes it.
    descriptors_[writing_at_].async_wait(asio::posix::descriptor_base::wait_write,
                                         [core = weak_from_this(), number = ++both_number_](const std::error_code&) {
                                           if (const std::shared_ptr<async_core> self = core.lock()) {
                                             self->can_write(number);
                                           }
                                         });
    descriptors_[reading_at_].async_wait(asio::posix::descriptor_base::wait_read, std::move(handler));
  }

  /// Calls `handler()` later, so that it is not called in here and others have their turn.
  template <class Handler>
  [[gnu::noinline]] void yield(Handler handler) {
    asio::post(executor_, std::move(handler));
  }

  /// What happened while the operation was suspended.
  wake_up resumed() {
    if (waits_for_both_) end_other_wait();
    const bool cancelled = cancel_requested_.load(std::memory_order_relaxed) &&
                           cancel_requested_.exchange(false, std::memory_order_relaxed);
    return {std::exchange(fault_, {}), cancelled};
  }

  /// Ends the operation that runs now.
  void cancel() noexcept;

  /// Ends the given operation. Without `terminal`, only while nothing has been sent: then it has had no effect yet.
  void cancel(std::size_t operation, asio::cancellation_type type) noexcept;

  /// Cancels what runs and has the stream closed afterwards; false when nothing runs: the caller closes it.
  bool cancel_and_close() noexcept;

  /// Takes the stream's descriptors out of the reactor; before the stream closes or replaces them.
  void detach() noexcept;

  /// What to give to `notify()`.
  const std::shared_ptr<wake_relay>& relay() const noexcept { return relay_; }

  /// The signal that a stream's step may be tried again.
  void signal() noexcept;

  /// Memory for one operation, kept for the next one; only between `begin()` and `end()`.
  void* allocate(std::size_t size);
  void deallocate(void* memory) noexcept { spare_ = memory; }

 private:
  enum class waiting : std::uint8_t { no, first, second, both, signal };

  template <class Handler>
  [[gnu::noinline]] void suspend_until_signal(deadline limit, Handler handler) {
    if (cancel_requested_ || was_signalled_) return yield(std::move(handler));
    limit_ = limit;
    arm();
    waiting_ = waiting::signal;
    signal_.expires_at((clock::time_point::max)());
    signal_.async_wait(std::move(handler));
  }

  void request_cancel() noexcept;

  /// Lets the handler that waits be called now; does nothing when none does.
  void interrupt() noexcept;

  void end_other_wait() noexcept;

  /// Puts a descriptor into the reactor, unless it is there.
  std::error_code watch(native_handle handle, std::size_t& at);

  void arm();

  void disarm() noexcept;

  void time_is_up(std::size_t number);

  void can_write(std::size_t number);

  asio::any_io_executor executor_;
  std::mutex mutex_;
  asio::steady_timer timer_;
  asio::steady_timer signal_;
  asio::posix::stream_descriptor descriptors_[2];  // a socket needs one, a pair of pipes two
  deadline limit_;
  clock::time_point timer_at_{};
  std::size_t timer_number_ = 0;
  std::size_t both_number_ = 0;
  std::size_t reading_at_ = 0;
  std::size_t writing_at_ = 0;
  std::size_t operation_ = 0;
  std::error_code fault_;          // only the operation's
  bool waits_for_both_ = false;    // only the operation's
  waiting waiting_ = waiting::no;  // what the operation waits for, or has waited for before it went on
  bool timer_is_set_ = false;
  bool close_requested_ = false;
  bool was_signalled_ = false;
  // Changed under the lock; what goes on in the operation's own thread needs none to look.
  std::atomic<bool> is_running_{false};
  std::atomic<bool> cancel_requested_{false};
  std::atomic<bool> has_sent_{false};
  void* spare_ = nullptr;
  std::size_t spare_size_ = 0;
  std::shared_ptr<wake_relay> relay_ = std::make_shared<wake_relay>(*this);
};

/// The core together with the stream itself, so that the stream is there as long as an operation needs it.
template <stream Stream>
struct async_core_of final : async_core {
  template <class... Args>
  explicit async_core_of(asio::any_io_executor executor, Args&&... args)
      : async_core(std::move(executor)), stream(std::forward<Args>(args)...) {}
  ~async_core_of() override { detach(); }

  void close() noexcept {
    detach();
    stream.close();
  }

  Stream stream;
};

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DECLARE

// Compiled once: in the program's `dovetail/transport_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_TRANSPORT_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::detail {

DOVETAIL_DEFINE async_core::async_core(asio::any_io_executor executor)
    : executor_(std::move(executor)),
      timer_(executor_),
      signal_(executor_),
      descriptors_{asio::posix::stream_descriptor{executor_}, asio::posix::stream_descriptor{executor_}} {}

DOVETAIL_DEFINE async_core::~async_core() {
  relay_->forget();
  detach();
  ::operator delete(spare_);
}

DOVETAIL_DEFINE void async_core::settle() {
  if (is_running_.load(std::memory_order_relaxed)) return;  // the next operation settles
  const std::lock_guard lock(mutex_);
  if (!is_running_ && timer_is_set_) disarm();
}

DOVETAIL_DEFINE void async_core::cancel() noexcept {
  const std::lock_guard lock(mutex_);
  if (is_running_) request_cancel();
}

DOVETAIL_DEFINE void async_core::cancel(std::size_t operation, asio::cancellation_type type) noexcept {
  const std::lock_guard lock(mutex_);
  if (!is_running_ || operation != operation_) return;
  const bool is_terminal = (type & asio::cancellation_type::terminal) != asio::cancellation_type::none;
  if (type == asio::cancellation_type::none || (!is_terminal && has_sent_.load(std::memory_order_relaxed))) return;
  request_cancel();
}

DOVETAIL_DEFINE bool async_core::cancel_and_close() noexcept {
  const std::lock_guard lock(mutex_);
  if (!is_running_) return false;
  close_requested_ = true;
  request_cancel();
  return true;
}

DOVETAIL_DEFINE void async_core::detach() noexcept {
  const std::lock_guard lock(mutex_);
  for (asio::posix::stream_descriptor& each : descriptors_) {
    if (each.is_open()) each.release();
  }
  if (!is_running_ && timer_is_set_) disarm();
}

DOVETAIL_DEFINE void async_core::signal() noexcept {
  const std::lock_guard lock(mutex_);
  was_signalled_ = true;
  if (waiting_ == waiting::signal) interrupt();
}

DOVETAIL_DEFINE void* async_core::allocate(std::size_t size) {
  if (spare_size_ >= size) return std::exchange(spare_, nullptr);
  ::operator delete(std::exchange(spare_, nullptr));
  spare_size_ = 0;
  void* fresh = ::operator new(size);
  spare_size_ = size;
  return fresh;
}

DOVETAIL_DEFINE void async_core::interrupt() noexcept {
  std::error_code ignored;
  switch (waiting_) {
    case waiting::no:
      break;
    case waiting::first:
      descriptors_[0].cancel(ignored);
      break;
    case waiting::second:
      descriptors_[1].cancel(ignored);
      break;
    case waiting::both:
      descriptors_[reading_at_].cancel(ignored);
      descriptors_[writing_at_].cancel(ignored);
      break;
    case waiting::signal:
      signal_.cancel();
      break;
  }
  waiting_ = waiting::no;
}

DOVETAIL_DEFINE std::error_code async_core::watch(native_handle handle, std::size_t& at) {
  std::error_code ec;
  for (at = 0; at < 2; ++at) {
    asio::posix::stream_descriptor& each = descriptors_[at];
    if (each.is_open() && each.native_handle() == handle) return ec;
    if (each.is_open()) continue;
    each.assign(handle, ec);
    return ec;
  }
  return std::make_error_code(std::errc::bad_file_descriptor);
}

DOVETAIL_DEFINE void async_core::arm() {
  if (limit_.is_never() || (timer_is_set_ && timer_at_ <= limit_.when())) return;
  timer_at_ = limit_.when();
  timer_is_set_ = true;
  timer_.expires_at(timer_at_);
  timer_.async_wait([core = weak_from_this(), number = ++timer_number_](const std::error_code&) {
    if (const std::shared_ptr<async_core> self = core.lock()) self->time_is_up(number);
  });
}

DOVETAIL_DEFINE void async_core::disarm() noexcept {
  timer_is_set_ = false;
  ++timer_number_;
  timer_.cancel();
}

DOVETAIL_DEFINE void async_core::time_is_up(std::size_t number) {
  const std::lock_guard lock(mutex_);
  if (number != timer_number_) return;
  timer_is_set_ = false;
  if (waiting_ == waiting::no) return;
  if (limit_.has_passed()) {
    interrupt();
  } else {
    arm();
  }
}

DOVETAIL_DEFINE void async_core::can_write(std::size_t number) {
  const std::lock_guard lock(mutex_);
  if (number == both_number_ && waiting_ == waiting::both) interrupt();
}

DOVETAIL_DEFINE void wake_relay::wake() noexcept {
  const std::lock_guard lock(mutex_);
  if (core_ != nullptr) core_->signal();
}

}  // namespace dovetail::inline v0::detail
namespace dovetail::inline v0::detail {

DOVETAIL_DEFINE void wake_relay::forget() noexcept {
  const std::lock_guard lock(mutex_);
  core_ = nullptr;
}

DOVETAIL_DEFINE bool async_core::begin() {
  const std::lock_guard lock(mutex_);
  if (is_running_) return false;
  is_running_.store(true, std::memory_order_relaxed);
  ++operation_;
  cancel_requested_.store(false, std::memory_order_relaxed);
  has_sent_.store(false, std::memory_order_relaxed);
  return true;
}

DOVETAIL_DEFINE bool async_core::end() noexcept {
  const std::lock_guard lock(mutex_);
  is_running_.store(false, std::memory_order_relaxed);
  waiting_ = waiting::no;
  return std::exchange(close_requested_, false);
}

DOVETAIL_DEFINE void async_core::expect_signal() {
  const std::lock_guard lock(mutex_);
  was_signalled_ = false;
}

DOVETAIL_DEFINE void async_core::end_other_wait() noexcept {
  const std::lock_guard lock(mutex_);
  waits_for_both_ = false;
  if (waiting_ == waiting::both) interrupt();
}

DOVETAIL_DEFINE void async_core::request_cancel() noexcept {
  cancel_requested_.store(true, std::memory_order_relaxed);
  interrupt();
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
