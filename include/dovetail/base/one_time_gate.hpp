// What a thread waits at until another one opens it; apart, as what waiting needs is dear to include.
#pragma once

#include <dovetail/base/deadline.hpp>

#include <cstddef>

namespace dovetail::inline v0::detail {

/// Closed until it is opened, once and for all. Threads: any, but for the destructor, which may run as soon as a wait
/// has returned. Cost: no allocation.
class one_time_gate {
 public:
  one_time_gate() noexcept;
  one_time_gate(const one_time_gate&) = delete;
  one_time_gate& operator=(const one_time_gate&) = delete;
  ~one_time_gate();

  /// Lets all pass who wait, and who will.
  void open() noexcept;

  /// Blocks until it is open, or `by` passes; whether it is open.
  bool wait(deadline by = deadline::never());

 private:
  struct state;
  state& inside() noexcept;

  alignas(std::max_align_t) std::byte memory_[192];  // for a mutex and a condition variable
};

}  // namespace dovetail::inline v0::detail

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <condition_variable>
#include <mutex>
#include <new>

namespace dovetail::inline v0::detail {

struct one_time_gate::state {
  std::mutex mutex;
  std::condition_variable opened;
  bool is_open = false;
};

DOVETAIL_DEFINE one_time_gate::one_time_gate() noexcept {
  static_assert(sizeof(state) <= sizeof memory_ && alignof(state) <= alignof(std::max_align_t));
  ::new (static_cast<void*>(memory_)) state;
}

DOVETAIL_DEFINE one_time_gate::~one_time_gate() { inside().~state(); }

DOVETAIL_DEFINE one_time_gate::state& one_time_gate::inside() noexcept {
  return *std::launder(reinterpret_cast<state*>(memory_));
}

DOVETAIL_DEFINE void one_time_gate::open() noexcept {
  state& in = inside();
  const std::lock_guard lock{in.mutex};
  in.is_open = true;
  in.opened.notify_all();  // under the lock: the gate may be gone as soon as who waits can take the lock
}

DOVETAIL_DEFINE bool one_time_gate::wait(deadline by) {
  state& in = inside();
  std::unique_lock lock{in.mutex};
  const auto is_open = [&in] { return in.is_open; };
  if (!by.is_never()) return in.opened.wait_until(lock, by.when(), is_open);
  in.opened.wait(lock, is_open);
  return true;
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
