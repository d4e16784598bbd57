#include <dovetail/policy/retry.hpp>

#include <dovetail/policy/jitter.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <set>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::condition;
using dt::failure;
using dt::verdict;

static_assert(dt::retry_policy<dt::no_retry>);
static_assert(dt::retry_policy<dt::fixed_delay>);
static_assert(dt::retry_policy<dt::exponential_backoff>);

// What may be repeated at all.
static_assert(dt::may_repeat({.kind = condition::connection, .bytes_sent = 0}));
static_assert(!dt::may_repeat({.kind = condition::connection, .bytes_sent = 1}));
static_assert(dt::may_repeat({.kind = condition::connection, .idempotent = true, .bytes_sent = 1}));
static_assert(!dt::may_repeat({.kind = condition::commit_unknown, .bytes_sent = 1}));
static_assert(dt::may_repeat({.kind = condition::commit_unknown, .idempotent = true, .bytes_sent = 1}));
static_assert(dt::may_repeat({.kind = condition::serialization, .bytes_sent = 100}));
static_assert(dt::may_repeat({.kind = condition::busy, .bytes_sent = 100}));
static_assert(dt::may_repeat({.kind = condition::timeout}));
static_assert(!dt::may_repeat({.kind = condition::timeout, .idempotent = true, .bytes_sent = 1}));

constexpr bool is_never_repeated(condition kind) {
  return !dt::may_repeat({.kind = kind, .idempotent = true}) && !dt::may_repeat({.kind = kind, .bytes_sent = 1});
}
static_assert(is_never_repeated(condition::cancelled));
static_assert(is_never_repeated(condition::authentication));
static_assert(is_never_repeated(condition::permission));
static_assert(is_never_repeated(condition::constraint));
static_assert(is_never_repeated(condition::not_found));
static_assert(is_never_repeated(condition::syntax));
static_assert(is_never_repeated(condition::mapping));
static_assert(is_never_repeated(condition::data));
static_assert(is_never_repeated(condition::limit));
static_assert(is_never_repeated(condition::protocol));
static_assert(is_never_repeated(condition::unsupported));
static_assert(is_never_repeated(condition::configuration));
static_assert(is_never_repeated(condition::misuse));
static_assert(is_never_repeated(condition::server));
static_assert(is_never_repeated(static_cast<condition>(0)));

static_assert(dt::no_retry{}.decide({.kind = condition::busy}) == verdict::give_up());

// A fixed delay.
constexpr dt::fixed_delay twice{.attempts = 3, .delay = 10ms};
static_assert(twice.decide({.kind = condition::busy, .attempt = 1}) == verdict::repeat_after(10ms));
static_assert(twice.decide({.kind = condition::busy, .attempt = 2}) == verdict::repeat_after(10ms));
static_assert(twice.decide({.kind = condition::busy, .attempt = 3}) == verdict::give_up());
static_assert(twice.decide({.kind = condition::syntax, .attempt = 1}) == verdict::give_up());
static_assert(dt::fixed_delay{.attempts = 0}.decide({.kind = condition::busy}) == verdict::give_up());
static_assert(dt::fixed_delay{.attempts = 1}.decide({.kind = condition::busy}) == verdict::give_up());
static_assert(dt::fixed_delay{.delay = -1s}.decide({.kind = condition::busy}) == verdict::repeat_after(0s));

// Never past the deadline, nor past the total budget.
static_assert(!twice.decide({.kind = condition::busy, .budget = 10ms}).repeat);
static_assert(twice.decide({.kind = condition::busy, .budget = 11ms}).repeat);
static_assert(!twice.decide({.kind = condition::busy, .budget = 0ms}).repeat);
constexpr dt::fixed_delay bounded{.attempts = 100, .delay = 10ms, .total_budget = 50ms};
static_assert(bounded.decide({.kind = condition::busy, .elapsed = 40ms}).repeat);
static_assert(!bounded.decide({.kind = condition::busy, .elapsed = 41ms}).repeat);
static_assert(!bounded.decide({.kind = condition::busy, .elapsed = 1h}).repeat);

// Exponential growth up to the cap.
constexpr dt::exponential_backoff growing{
    .attempts = 10, .initial_delay = 1s, .multiplier = 2.0, .cap = 3s, .full_jitter = false};
constexpr dt::clock::duration pause_after(int attempt) {
  return growing.decide({.kind = condition::busy, .attempt = attempt}).delay;
}
static_assert(pause_after(1) == 1s && pause_after(2) == 2s && pause_after(3) == 3s && pause_after(4) == 3s);
static_assert(pause_after(9) == 3s);
static_assert(!growing.decide({.kind = condition::busy, .attempt = 10}).repeat);
static_assert(growing.delay_after(2'000'000'000) == 3s, "no overflow and no long loop");
static_assert(dt::exponential_backoff{.initial_delay = 1s, .multiplier = 0.5}.delay_after(3) == 1s);
static_assert(dt::exponential_backoff{.initial_delay = 10s, .cap = 1s}.delay_after(1) == 1s);
static_assert(dt::exponential_backoff{.initial_delay = -1s}.delay_after(5) == 0s);
static_assert(dt::exponential_backoff{.cap = dt::clock::duration::max()}.delay_after(1000) ==
              dt::clock::duration::max());

// Full jitter: from nothing to just below the pause.
constexpr dt::exponential_backoff jittery{.attempts = 10, .initial_delay = 1s, .cap = 8s};
constexpr dt::clock::duration jittered(int attempt, std::uint32_t random) {
  return jittery.decide({.kind = condition::busy, .attempt = attempt, .random = random}).delay;
}
static_assert(jittered(1, 0) == 0s);
static_assert(jittered(1, 0x80000000u) == 500ms);
static_assert(jittered(4, 0x80000000u) == 4s);
static_assert(jittered(9, 0xFFFFFFFFu) < 8s && jittered(9, 0xFFFFFFFFu) > 7999ms);

struct options {
  dt::exponential_backoff retry{};
};
constexpr options wanted{.retry = {.attempts = 5, .initial_delay = 100ms}};
static_assert(wanted.retry.attempts == 5 && wanted.retry.initial_delay == 100ms && wanted.retry.cap == 5s);

TEST(Retry, DecidesAtRunTimeAsInTheCompiler) {
  failure facts{.kind = condition::connection, .attempt = 1};
  EXPECT_TRUE(wanted.retry.decide(facts).repeat);
  facts.bytes_sent = 4;
  EXPECT_FALSE(wanted.retry.decide(facts).repeat);
  facts.idempotent = true;
  EXPECT_TRUE(wanted.retry.decide(facts).repeat);
  facts.attempt = 5;
  EXPECT_FALSE(wanted.retry.decide(facts).repeat);
}

TEST(Retry, JitterSpreadsOverTheWholePause) {
  std::set<int> tenths;
  for (int i = 0; i < 2000; ++i) {
    const auto delay = jittered(1, dt::detail::random_for_jitter());
    EXPECT_GE(delay, 0s);
    EXPECT_LT(delay, 1s);
    tenths.insert(static_cast<int>(delay / 100ms));
  }
  EXPECT_EQ(tenths.size(), 10u);
}

/// A user's own policy: once more, at once, whatever happened, if it is safe.
struct once_more {
  verdict decide(const failure& facts) const noexcept {
    return facts.attempt == 1 && dt::may_repeat(facts) ? verdict::repeat_after(0s) : verdict::give_up();
  }
};
static_assert(dt::retry_policy<once_more>);

struct not_noexcept {
  verdict decide(const failure&) const { return {}; }
};
static_assert(!dt::retry_policy<not_noexcept>);
static_assert(!dt::retry_policy<int>);

}  // namespace
