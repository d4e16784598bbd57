// The circuit breaker's decisions, with a clock of the test's own.
#include <dovetail/policy/circuit_breaker.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::circuit_evidence;
using dt::circuit_state;

constexpr dt::circuit_policy five{.failures = 5, .open_time = 60s, .successes = 2};
constexpr dt::clock::time_point start{1000s};

/// Lets one call through, which ends as `said`; false when it is refused.
bool call(dt::circuit_breaker& of, circuit_evidence said, dt::clock::time_point now,
          const dt::circuit_policy& how = five) {
  const auto verdict = of.ask(how, now);
  if (verdict.may_pass) of.saw(how, said, verdict.is_trial, now);
  return verdict.may_pass;
}

void open_it(dt::circuit_breaker& of, dt::clock::time_point now) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(call(of, circuit_evidence::down, now));
}

TEST(CircuitBreaker, P11_FiveFailuresInARowOpenItAndFourDoNot) {
  dt::circuit_breaker of;
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(call(of, circuit_evidence::down, start));
  EXPECT_EQ(of.state(), circuit_state::closed);
  EXPECT_TRUE(call(of, circuit_evidence::up, start));  // the row begins anew
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(call(of, circuit_evidence::down, start));
  EXPECT_TRUE(call(of, circuit_evidence::none, start));  // tells nothing: the row goes on
  EXPECT_EQ(of.state(), circuit_state::closed);
  EXPECT_TRUE(call(of, circuit_evidence::down, start));
  EXPECT_EQ(of.state(), circuit_state::open);
  const auto refused = of.ask(five, start + 10s);
  EXPECT_FALSE(refused.may_pass);
  EXPECT_EQ(refused.wait, 50s);
}

TEST(CircuitBreaker, P11_AfterAMinuteTwoTrialsThatGoWellCloseIt) {
  dt::circuit_breaker of;
  open_it(of, start);
  EXPECT_FALSE(call(of, circuit_evidence::up, start + 60s - 1ns));
  EXPECT_TRUE(call(of, circuit_evidence::up, start + 60s));
  EXPECT_EQ(of.state(), circuit_state::half_open);
  EXPECT_TRUE(call(of, circuit_evidence::up, start + 60s));
  EXPECT_EQ(of.state(), circuit_state::closed);
  EXPECT_EQ(of.facts(), dt::circuit_facts{});
}

TEST(CircuitBreaker, P11_ATrialThatFailsOpensItForAnotherMinute) {
  dt::circuit_breaker of;
  open_it(of, start);
  EXPECT_TRUE(call(of, circuit_evidence::up, start + 61s));
  EXPECT_TRUE(call(of, circuit_evidence::down, start + 62s));  // the second trial
  EXPECT_EQ(of.state(), circuit_state::open);
  EXPECT_FALSE(call(of, circuit_evidence::up, start + 121s));
  EXPECT_TRUE(call(of, circuit_evidence::up, start + 122s));
  EXPECT_EQ(of.state(), circuit_state::half_open);  // what went well before does not count
}

TEST(CircuitBreaker, P11_OneCallAtATimeTries) {
  dt::circuit_breaker of;
  open_it(of, start);
  const auto first = of.ask(five, start + 60s);
  EXPECT_TRUE(first.may_pass && first.is_trial);
  const auto second = of.ask(five, start + 60s);
  EXPECT_FALSE(second.may_pass);
  EXPECT_EQ(second.wait, 0s);
  of.saw(five, circuit_evidence::none, true, start + 61s);  // given up by its caller: room for another one
  EXPECT_EQ(of.state(), circuit_state::half_open);
  EXPECT_TRUE(of.ask(five, start + 61s).is_trial);
}

TEST(CircuitBreaker, WhatBeganBeforeItOpenedChangesNothing) {
  dt::circuit_breaker of;
  open_it(of, start);
  of.saw(five, circuit_evidence::up, false, start + 1s);
  EXPECT_EQ(of.state(), circuit_state::open);
  of.saw(five, circuit_evidence::down, false, start + 59s);
  EXPECT_TRUE(of.ask(five, start + 60s).is_trial);  // and does not open it for longer
  of.saw(five, circuit_evidence::down, false, start + 60s);
  EXPECT_EQ(of.state(), circuit_state::half_open);
}

TEST(CircuitBreaker, ThatIsOffLetsEverythingThrough) {
  constexpr dt::circuit_policy off{};
  static_assert(!off.is_on());
  dt::circuit_breaker of;
  open_it(of, start);
  EXPECT_TRUE(of.ask(off, start).may_pass);
}

TEST(CircuitBreaker, EvidenceIsWhatSaysSomethingOfTheServer) {
  const auto of = [](dt::errc code) { return dt::evidence_of(dt::error_info{code}); };
  EXPECT_EQ(dt::evidence_of({}), circuit_evidence::up);
  for (const auto code : {dt::errc::connection_lost, dt::errc::host_not_found, dt::errc::deadline_passed,
                          dt::errc::commit_unknown, dt::errc::no_suitable_server}) {
    EXPECT_EQ(of(code), circuit_evidence::down) << static_cast<int>(code);
  }
  for (const auto code : {dt::errc::cancelled, dt::errc::pool_wait_timeout, dt::errc::pool_queue_full,
                          dt::errc::pool_closed, dt::errc::wrong_argument_count, dt::errc::circuit_open}) {
    EXPECT_EQ(of(code), circuit_evidence::none) << static_cast<int>(code);
  }
  for (const auto code : {dt::errc::deadline_passed, dt::errc::commit_unknown}) {  // by the caller's own limit
    EXPECT_EQ(dt::evidence_of(dt::error_info{code}, true), circuit_evidence::none) << static_cast<int>(code);
  }
  EXPECT_EQ(dt::evidence_of(dt::error_info{dt::errc::connection_lost}, true), circuit_evidence::down);
  EXPECT_EQ(dt::evidence_of(std::make_error_code(std::errc::connection_refused)), circuit_evidence::down);
  dt::server_fields said;
  said.sqlstate = "57014";  // the server has stopped the statement: it is there
  EXPECT_EQ(dt::evidence_of(dt::error_info{dt::errc::deadline_passed}.with_server(said)), circuit_evidence::up);
  said.sqlstate = "53300";
  EXPECT_EQ(dt::evidence_of(dt::error_info{dt::errc::invalid_state}.with_server(said)), circuit_evidence::down);
}

TEST(CircuitBreaker, ATrialThatTakesLongDoesNotKeepTheOthersWaiting) {
  dt::circuit_breaker of;
  open_it(of, start);
  EXPECT_TRUE(of.ask(five, start + 60s).is_trial);
  EXPECT_FALSE(of.ask(five, start + 120s - 1ns).may_pass);
  EXPECT_TRUE(of.ask(five, start + 120s).is_trial);
  EXPECT_FALSE(of.ask(five, start + 121s).may_pass);  // one of them at a time
  of.saw(five, circuit_evidence::up, true, start + 121s);
  EXPECT_TRUE(call(of, circuit_evidence::up, start + 121s));
  EXPECT_EQ(of.state(), circuit_state::closed);
  of.saw(five, circuit_evidence::down, true, start + 122s);  // the slow one: a failure like any other by now
  EXPECT_EQ(of.state(), circuit_state::closed);
  EXPECT_EQ(of.facts().in_a_row, 1);
}

TEST(CircuitBreaker, ASlowTrialThatEndsAfterAnotherHasFailedChangesNothing) {
  dt::circuit_breaker of;
  open_it(of, start);
  EXPECT_TRUE(of.ask(five, start + 60s).is_trial);
  EXPECT_TRUE(call(of, circuit_evidence::down, start + 120s));
  of.saw(five, circuit_evidence::up, true, start + 121s);
  of.saw(five, circuit_evidence::up, true, start + 122s);
  EXPECT_EQ(of.state(), circuit_state::open);
  EXPECT_EQ(of.facts().opened, start + 120s);
}

TEST(CircuitBreaker, KeepsTheFailureThatOpenedIt) {
  dt::circuit_breaker of;
  EXPECT_FALSE(of.cause());
  constexpr dt::circuit_policy one{.failures = 1};
  of.saw(one, circuit_evidence::down, false, start, make_error_code(dt::errc::connection_lost));
  of.saw(one, circuit_evidence::down, false, start, make_error_code(dt::errc::host_not_found));  // began before
  EXPECT_EQ(of.cause(), dt::errc::connection_lost);
}

TEST(CircuitBreaker, P11_OfManyThreadsOneTries) {
  dt::circuit_breaker of;
  open_it(of, start);
  std::atomic<int> at_once{0};
  std::atomic<int> most{0};
  std::atomic<int> trials{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const auto said = of.ask(five, start + 60s);
        if (!said.is_trial) continue;
        const int now = ++at_once;
        int seen = most.load();
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        ++trials;
        --at_once;
        of.saw(five, circuit_evidence::none, true, start + 60s);
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(most.load(), 1);
  EXPECT_GT(trials.load(), 0);
}

}  // namespace
