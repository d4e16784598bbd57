// The random numbers that spread retries; nothing else depends on them.
#pragma once

#include <dovetail/base/deadline.hpp>

#include <cstdint>

namespace dovetail::inline v0::detail {

/// One step of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
constexpr std::uint64_t split_mix(std::uint64_t& state) noexcept {
  state += 0x9E3779B97F4A7C15U;
  std::uint64_t mixed = state;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBU;
  return mixed ^ (mixed >> 31);
}

/// A number for `failure::random`; differs between threads and runs, and is not for secrets.
inline std::uint32_t random_for_jitter() noexcept {
  thread_local std::uint64_t state = 0;
  if (state == 0) {
    state = static_cast<std::uint64_t>(clock::now().time_since_epoch().count()) ^
            (static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&state)) << 17);
  }
  return static_cast<std::uint32_t>(split_mix(state) >> 32);
}

}  // namespace dovetail::inline v0::detail
