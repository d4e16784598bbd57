#include <dovetail/base/deadline.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;

constexpr dt::deadline at(std::chrono::seconds when) { return dt::deadline{dt::clock::time_point{when}}; }

static_assert(dt::deadline{}.is_never() && dt::deadline::never() == dt::deadline{});
static_assert(!at(5s).is_never() && at(5s).when() == dt::clock::time_point{5s});
static_assert(earlier(at(5s), at(6s)) == at(5s) && earlier(at(6s), at(5s)) == at(5s));
static_assert(earlier(at(5s), dt::deadline::never()) == at(5s));

TEST(Deadline, OneThatNeverPassesHasAllTheTimeThereIs) {
  EXPECT_FALSE(dt::deadline::never().has_passed());
  EXPECT_EQ(dt::deadline::never().remaining(), dt::clock::duration::max());
}

TEST(Deadline, ABudgetBecomesAPointInTheFuture) {
  const dt::deadline soon = dt::deadline::after(1h);
  EXPECT_FALSE(soon.has_passed());
  EXPECT_LE(soon.remaining(), 1h);
  EXPECT_GT(soon.remaining(), 59min);
}

TEST(Deadline, ABudgetBeyondTheClockNeverPasses) {
  EXPECT_TRUE(dt::deadline::after(dt::clock::duration::max()).is_never());
}

TEST(Deadline, ABudgetOfNothingOrLessHasPassed) {
  for (const dt::clock::duration budget :
       {dt::clock::duration{0}, dt::clock::duration{-1h}, dt::clock::duration::min()}) {
    const dt::deadline past = dt::deadline::after(budget);
    EXPECT_TRUE(past.has_passed());
    EXPECT_EQ(past.remaining(), dt::clock::duration::zero());
  }
}

TEST(Deadline, TheEarliestPointOfTheClockHasNoTimeLeft) {
  const dt::deadline first{dt::clock::time_point::min()};
  EXPECT_TRUE(first.has_passed());
  EXPECT_EQ(first.remaining(), dt::clock::duration::zero());
}

}  // namespace
