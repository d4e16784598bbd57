#include <dovetail/client/pool_core.hpp>

#include <gtest/gtest.h>

#include <source_location>
#include <vector>

namespace {

namespace dt = dovetail;
using dt::detail::pool_slot;
using dt::detail::slot_state;

struct core : dt::detail::pool_core {
  explicit core(std::size_t max, std::size_t queue = 10) : pool_core({.max = max, .queue = queue}) {}
};

struct node : dt::detail::pool_node {
  node() : pool_node([](pool_node& self) noexcept { ++static_cast<node&>(self).notifications; }) {}
  int notifications = 0;
};

TEST(PoolCore, PrefersAnIdleSlotToAnEmptyOne) {
  core pool{3};
  pool.slot(2).open = true;
  pool.slot(2).state = slot_state::idle;
  EXPECT_EQ(pool.try_claim(), &pool.slot(2));
  EXPECT_NE(pool.try_claim(), nullptr);
  EXPECT_NE(pool.try_claim(), nullptr);
  EXPECT_EQ(pool.try_claim(), nullptr);
}

TEST(PoolCore, WhileSomebodyWaitsEverySlotIsWantedAndNothingCanBeSnatched) {
  core pool{2};
  pool_slot* const first = pool.try_claim();
  pool_slot* const second = pool.try_claim();
  first->open = second->open = true;
  node early, late;
  EXPECT_EQ(pool.claim_or_queue(early).slot, nullptr);
  EXPECT_EQ(pool.claim_or_queue(late).slot, nullptr);
  EXPECT_EQ(first->state, slot_state::wanted);
  EXPECT_EQ(second->state, slot_state::wanted);
  EXPECT_FALSE(pool.give_back(*first));
  EXPECT_TRUE(pool.pass_on(*first, dt::clock::now()));
  EXPECT_EQ(early.slot, first);
  EXPECT_EQ(first->state, slot_state::wanted) << "one still waits";
  EXPECT_EQ(pool.try_claim(), nullptr);
  EXPECT_TRUE(pool.pass_on(*second, dt::clock::now()));
  EXPECT_EQ(late.slot, second);
  EXPECT_EQ(second->state, slot_state::leased) << "nobody waits any more";
  EXPECT_TRUE(pool.give_back(*second));
  EXPECT_EQ(early.notifications + late.notifications, 2);
}

TEST(PoolCore, ASlotThatCameBackBeforeTheQueueingIsFoundByIt) {
  core pool{2};
  pool_slot* const first = pool.try_claim();
  pool_slot* const second = pool.try_claim();
  second->open = true;
  EXPECT_TRUE(pool.give_back(*second));
  node late;
  EXPECT_EQ(pool.claim_or_queue(late).slot, second);
  EXPECT_EQ(pool.statistics().waiting, 0u);
  // The mark that was set on the way costs one detour, and no more.
  EXPECT_FALSE(pool.give_back(*first));
  EXPECT_TRUE(pool.pass_on(*first, dt::clock::now()));
  EXPECT_EQ(first->state, slot_state::empty);
}

TEST(PoolCore, NodesLeaveTheQueueFromAnyPlace) {
  core pool{1};
  pool_slot* const only = pool.try_claim();
  std::vector<node> nodes(4);
  for (node& each : nodes) EXPECT_EQ(pool.claim_or_queue(each).slot, nullptr);
  EXPECT_TRUE(pool.remove(nodes[1]));
  EXPECT_TRUE(pool.remove(nodes[3]));
  EXPECT_TRUE(pool.remove(nodes[0]));
  EXPECT_FALSE(pool.remove(nodes[0]));
  EXPECT_EQ(pool.statistics().waiting, 1u);
  EXPECT_TRUE(pool.pass_on(*only, dt::clock::now()));
  EXPECT_EQ(nodes[2].slot, only);
  EXPECT_FALSE(pool.remove(nodes[2]));
}

TEST(PoolCore, ClosingRefusesTheQueueAndMarksWhatIsLeased) {
  core pool{3};
  pool_slot* const leased = pool.try_claim();
  pool_slot* const idle = pool.try_claim();
  pool_slot* const opening = pool.try_claim();
  idle->open = true;
  node waiting;
  EXPECT_EQ(pool.claim_or_queue(waiting).slot, nullptr);
  EXPECT_TRUE(pool.remove(waiting));
  EXPECT_TRUE(pool.pass_on(*idle, dt::clock::now()));
  EXPECT_EQ(idle->state, slot_state::idle);
  EXPECT_TRUE(pool.close());
  EXPECT_FALSE(pool.close());
  EXPECT_EQ(idle->state, slot_state::closing);
  EXPECT_EQ(pool.claim_or_queue(waiting).refused, dt::errc::pool_closed);
  EXPECT_FALSE(pool.pass_on(*leased, dt::clock::now()));
  EXPECT_FALSE(pool.finish(*leased)) << "the pool itself and another lease are left";
  EXPECT_FALSE(pool.drop_reference()) << "the reference of the node that left the queue";
  EXPECT_FALSE(pool.drop_reference()) << "the pool's own";
  EXPECT_TRUE(pool.finish(*opening)) << "the last lease is the last reference";
}

}  // namespace
