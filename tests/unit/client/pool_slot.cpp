#include <dovetail/client/pool_slot.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;

static_assert(alignof(dt::detail::pool_slot) == 64);

TEST(PoolSlot, TheCoarseClockIsNeverAheadAndCatchesUp) {
  for (int i = 0; i < 100'000; ++i) {
    const auto coarse = dt::detail::coarse_now();
    ASSERT_LE(coarse, dt::clock::now());
  }
  // How far it is behind depends on when the system last had a processor for its timer.
  const auto now = dt::clock::now();
  while (dt::detail::coarse_now() < now && dt::clock::now() < now + 60s) {
  }
  EXPECT_GE(dt::detail::coarse_now(), now);
}

TEST(PoolSlot, AStampInTheFutureIsNoNegativeAge) {
  dt::detail::pool_slot slot;
  const auto now = dt::clock::now();
  slot.stamp(now + 1s);
  EXPECT_EQ(dt::detail::elapsed_since(slot.since, now), 0s);
  EXPECT_EQ(dt::detail::elapsed_since(slot.since, now + 3s), 2s);
}

TEST(PoolSlot, IsHeldBetweenClaimAndReturnOnly) {
  dt::detail::pool_slot slot;
  using enum dt::detail::slot_state;
  EXPECT_FALSE(slot.is_held());
  EXPECT_TRUE(slot.change(empty, leased, std::memory_order_acquire));
  EXPECT_TRUE(slot.is_held());
  EXPECT_FALSE(slot.change(empty, leased, std::memory_order_acquire));
  EXPECT_TRUE(slot.change(leased, wanted, std::memory_order_relaxed));
  EXPECT_TRUE(slot.is_held());
  EXPECT_TRUE(slot.change(wanted, idle, std::memory_order_release));
  EXPECT_FALSE(slot.is_held());
}

}  // namespace
