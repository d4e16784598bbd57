#include <dovetail/policy/pool.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::idle_verdict;

static_assert(dt::pool_policy<dt::bounded_pool>);
static_assert(dt::pool_policy<dt::single_connection>);
static_assert(dt::pool_policy<dt::shared_connection>);
static_assert(!dt::pool_policy<int>);

constexpr dt::bounded_pool limited{
    .min_connections = 2, .idle_limit = 10min, .age_limit = 30min, .check_interval = 30s};

static_assert(limited.judge({.idle = 0s, .age = 0s, .open = 8}) == idle_verdict::keep);
static_assert(limited.judge({.idle = 29s, .age = 29min, .open = 8}) == idle_verdict::keep);
static_assert(limited.judge({.idle = 30s, .age = 1min, .open = 8}) == idle_verdict::check);
static_assert(limited.judge({.idle = 10min, .age = 11min, .open = 3}) == idle_verdict::retire);
static_assert(limited.judge({.idle = 10min, .age = 11min, .open = 2}) == idle_verdict::check, "the minimum stays");
static_assert(limited.judge({.idle = 1s, .age = 11min, .open = 3, .unused = 10min}) == idle_verdict::retire,
              "pings are no use");
static_assert(limited.judge({.idle = 1s, .age = 11min, .open = 2, .unused = 10min}) == idle_verdict::keep);
static_assert(limited.judge({.idle = 0s, .age = 30min, .open = 1}) == idle_verdict::retire, "age spares nobody");

constexpr auto off = dt::clock::duration::max();
static_assert(dt::bounded_pool{.idle_limit = off, .age_limit = off, .check_interval = off}.judge(
                  {.idle = 8760h, .age = 8760h, .open = 8}) == idle_verdict::keep);

static_assert(dt::bounded_pool{}.limits().max == 8);
static_assert(dt::bounded_pool{}.limits().acquire_wait == 30s, "the wait is finite unless the user says otherwise");
static_assert(dt::bounded_pool{.max_connections = 0}.limits().max == 1);
static_assert(dt::bounded_pool{.min_connections = 9, .max_connections = 4}.limits().min == 4);
static_assert(dt::bounded_pool{.idle_limit = 40s, .age_limit = 2h}.limits().sweep_interval == 10s);
static_assert(dt::bounded_pool{.idle_limit = off, .age_limit = off}.limits().sweep_interval == 1min);
static_assert(dt::bounded_pool{.idle_limit = 1us}.limits().sweep_interval == 1ms);
static_assert(dt::bounded_pool{.leak_warning = 8s}.limits().sweep_interval == 2s);

static_assert(dt::single_connection{}.limits().max == 1);
static_assert(dt::shared_connection{}.limits() == dt::single_connection{}.limits());
static_assert(dt::shared_connection{}.judge({.idle = 30s, .age = 100h, .open = 1}) == idle_verdict::check);
static_assert(dt::single_connection{}.judge({.idle = 29s, .age = 100h, .open = 1}) == idle_verdict::keep);
static_assert(dt::single_connection{}.judge({.idle = 30s, .age = 100h, .open = 1}) == idle_verdict::check);

TEST(PoolPolicy, JudgesAtRunTimeAsInTheCompiler) {
  dt::bounded_pool policy;
  policy.idle_limit = 1min;
  EXPECT_EQ(policy.judge({.idle = 59s, .age = 2min, .open = 1}), idle_verdict::check);
  EXPECT_EQ(policy.judge({.idle = 60s, .age = 2min, .open = 1}), idle_verdict::retire);
}

}  // namespace
