// The pause between two attempts; apart, as what sleeping needs is dear to include.
#pragma once

#include <dovetail/base/deadline.hpp>

namespace dovetail::inline v0::detail {

/// Blocks this thread for `delay`; returns at once where that is zero or less.
void pause_for(clock::duration delay);

}  // namespace dovetail::inline v0::detail

#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <thread>

namespace dovetail::inline v0::detail {

DOVETAIL_DEFINE void pause_for(clock::duration delay) {
  if (delay > clock::duration::zero()) std::this_thread::sleep_for(delay);
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
