#include <dovetail/policy/observer.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <type_traits>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;

struct recorder {
  std::vector<dt::observed>* seen;
  void on(const dt::observation& what) noexcept { seen->push_back(what.what); }
};
struct may_throw {
  void on(const dt::observation&) {}
};

static_assert(dt::observer<dt::no_observer>);
static_assert(dt::observer<recorder>);
static_assert(dt::observer<dt::observers<recorder, dt::no_observer>>);
static_assert(!dt::observer<may_throw>);
static_assert(!dt::observer<int>);

static_assert(!dt::is_observing<dt::no_observer>);
static_assert(dt::is_observing<recorder>);
static_assert(!dt::is_observing<dt::observers<>>);
static_assert(!dt::is_observing<dt::observers<dt::no_observer, dt::no_observer>>);
static_assert(dt::is_observing<dt::observers<dt::no_observer, recorder>>);

static_assert(std::is_empty_v<dt::detail::stopwatch<dt::no_observer>>, "no clock is kept when nobody observes");
static_assert(!std::is_empty_v<dt::detail::stopwatch<recorder>>);

TEST(Observers, EachSeesEverythingInOrder) {
  std::vector<dt::observed> first, second;
  dt::observers both{recorder{&first}, recorder{&second}};
  both.on({.what = dt::observed::connect});
  both.on({.what = dt::observed::retry});
  EXPECT_EQ(first, (std::vector{dt::observed::connect, dt::observed::retry}));
  EXPECT_EQ(second, first);
  EXPECT_EQ((dt::observers<recorder, dt::no_observer>{recorder{&first}, {}}.get<recorder>().seen), &first);
}

TEST(Observers, NobodyIsAskedToMakeAnObservationForNobody) {
  dt::no_observer nobody;
  bool was_made = false;
  dt::detail::observe(nobody, [&] {
    was_made = true;
    return dt::observation{};
  });
  EXPECT_FALSE(was_made);
  std::vector<dt::observed> seen;
  recorder somebody{&seen};
  dt::detail::observe(somebody, [] { return dt::observation{.what = dt::observed::leak_warning}; });
  EXPECT_EQ(seen, std::vector{dt::observed::leak_warning});
}

TEST(Observers, TheStopwatchStandsStillForNobody) {
  EXPECT_EQ(dt::detail::stopwatch<dt::no_observer>{}.elapsed(), 0s);
  EXPECT_GE(dt::detail::stopwatch<recorder>{}.elapsed(), 0s);
}

TEST(Observers, EveryKindHasAName) {
  EXPECT_EQ(dt::to_string(dt::observed::connect), "connect");
  EXPECT_EQ(dt::to_string(dt::observed::disconnect), "disconnect");
  EXPECT_EQ(dt::to_string(dt::observed::request), "request");
  EXPECT_EQ(dt::to_string(dt::observed::retry), "retry");
  EXPECT_EQ(dt::to_string(dt::observed::error), "error");
  EXPECT_EQ(dt::to_string(dt::observed::pool_wait), "pool_wait");
  EXPECT_EQ(dt::to_string(dt::observed::leak_warning), "leak_warning");
  EXPECT_EQ(dt::to_string(dt::observed::circuit), "circuit");
}

}  // namespace
