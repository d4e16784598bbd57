#include <dovetail/base/coarse_clock.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

TEST(CoarseClock, ItIsNeverAheadAndNotFarBehind) {
  for (int round = 0; round < 1000; ++round) {
    const dt::clock::time_point before = dt::clock::now();
    const dt::clock::time_point coarse = dt::detail::coarse_now();
    EXPECT_LE(coarse, dt::clock::now());
    EXPECT_GE(coarse, before - 50ms);
  }
}

TEST(CoarseClock, FarIsWhatItCannotBeWrongAbout) {
  const dt::clock::time_point coarse{1h};
  EXPECT_TRUE(dt::detail::is_far(dt::deadline::never(), coarse));
  EXPECT_TRUE(dt::detail::is_far(dt::deadline{coarse + 101ms}, coarse));
  EXPECT_FALSE(dt::detail::is_far(dt::deadline{coarse + 100ms}, coarse));
  EXPECT_FALSE(dt::detail::is_far(dt::deadline{coarse}, coarse));
  EXPECT_FALSE(dt::detail::is_far(dt::deadline{coarse - 1ms}, coarse));
  EXPECT_FALSE(dt::detail::is_far(dt::deadline{(dt::clock::time_point::min)()}, coarse));
}

TEST(CoarseClock, WhatIsOverIsOverAtOnce) {
  for (int round = 0; round < 1000; ++round) {
    EXPECT_TRUE(dt::detail::is_over(dt::deadline{dt::clock::now()}));
    EXPECT_TRUE(dt::detail::is_over(dt::deadline{(dt::clock::time_point::min)()}));
    EXPECT_FALSE(dt::detail::is_over(dt::deadline::after(1h)));
    EXPECT_FALSE(dt::detail::is_over(dt::deadline::never()));
  }
}

}  // namespace
