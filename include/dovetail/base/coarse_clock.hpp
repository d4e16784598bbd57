// The time, read cheaply: late by a tick, which is near enough for stamps and for what is far away.
#pragma once

#include <dovetail/base/deadline.hpp>

#include <time.h>

#include <chrono>
#include <cstdint>

namespace dovetail::inline v0::detail {

/// `clock::now()`, late by less than a millisecond or, where there is no cheap counter, by a tick of the system's
/// timer. Stamping a lease twice with `clock::now()` would cost more than all the rest of it.
inline clock::time_point coarse_now() noexcept {
#if (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
  // The time that this thread read last is good until the processor has counted on by 2^20 cycles (0.2 to 0.5 ms). Only
  // differences on one thread matter, so it needs no rate and no synchronised counters; a step back reads anew.
  struct reading {
    std::uint64_t cycles;
    clock::rep time;
  };
  constinit thread_local reading last{0, 0};
  const std::uint64_t cycles = __builtin_ia32_rdtsc();
  if (cycles - last.cycles >= (std::uint64_t{1} << 20) || last.time == 0) {
    last = {cycles, clock::now().time_since_epoch().count()};
  }
  return clock::time_point{clock::duration{last.time}};
#elif defined(__linux__) && defined(CLOCK_MONOTONIC_COARSE)
  ::timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);  // same epoch as CLOCK_MONOTONIC, which steady_clock reads
  return clock::time_point{std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec}};
#else
  return clock::now();
#endif
}

/// Is it so far away that the coarse clock, however late, cannot be wrong about it?
inline bool is_far(deadline when, clock::time_point coarse) noexcept {
  return when.when() > coarse && when.when() - coarse > std::chrono::milliseconds{100};
}

/// `by.has_passed()`, which reads the clock only when the end is near.
inline bool is_over(deadline by) noexcept { return !is_far(by, coarse_now()) && by.has_passed(); }

}  // namespace dovetail::inline v0::detail
