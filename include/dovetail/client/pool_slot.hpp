// One place of a pool: its state, and who holds it since when.
#pragma once

#include <dovetail/base/coarse_clock.hpp>
#include <dovetail/base/deadline.hpp>

#include <atomic>
#include <cstdint>
#include <source_location>

namespace dovetail::inline v0::detail {

/// The states of a slot. Only the thread that leads a slot into `leased` may touch its connection.
enum class slot_state : std::uint32_t {
  empty,     ///< no connection; may be claimed to open one
  idle,      ///< an open connection that nobody uses
  leased,    ///< somebody's; coming back needs no more than one compare-and-swap
  wanted,    ///< somebody's, and it must come back through the queue: callers wait, or the pool is closing
  closing,   ///< its connection is being closed by `close()`
  closed,    ///< nobody's: the pool is closed, or smaller than it might be
  retiring,  ///< its connection is being closed because the pool shrinks
};

/// A cache line a slot, so that two callers with two slots do not meet.
struct alignas(64) pool_slot {
  std::atomic<slot_state> state{slot_state::empty};
  bool open = false;  // for the owner of the slot only
  std::atomic<bool> opening{false};
  std::atomic<bool> warned{false};   // this lease has been reported as a leak
  std::atomic<clock::rep> since{0};  // leased: when the lease began; idle: when it was last known to be in use
  std::atomic<clock::rep> opened_at{0};
  std::atomic<clock::rep> put_off{0};         // how long it had not been used when `maintain()` last pinged it
  std::atomic<std::source_location> where{};  // of the acquire() call

  bool is_held() const noexcept {
    const slot_state now = state.load(std::memory_order_acquire);
    return now == slot_state::leased || now == slot_state::wanted;
  }
  bool change(slot_state from, slot_state to, std::memory_order order) noexcept {
    return state.compare_exchange_strong(from, to, order, std::memory_order_relaxed);
  }
  void stamp(clock::time_point now) noexcept { since.store(now.time_since_epoch().count(), std::memory_order_relaxed); }
};

/// Never negative: the coarse clock may be some milliseconds behind the precise one.
inline clock::duration elapsed_since(const std::atomic<clock::rep>& stamp, clock::time_point now) noexcept {
  const clock::duration passed = now.time_since_epoch() - clock::duration{stamp.load(std::memory_order_relaxed)};
  return passed < clock::duration::zero() ? clock::duration::zero() : passed;
}

}  // namespace dovetail::inline v0::detail
