// The seed's defaults of retry and pool as policies, for WorkerSQL clients.
#pragma once

#include <dovetail/policy/pool.hpp>
#include <dovetail/policy/retry.hpp>

#include <chrono>
#include <cstddef>

namespace dovetail::inline v0::workersql {

/// Exponential back-off as every WorkerSQL SDK has it: three attempts, 1 s, doubled up to 30 s, and up to 30 % more at
/// random, which comes on top of the cap. Repeats what the SDKs repeat: CONNECTION_ERROR, TIMEOUT_ERROR (other policies
/// do not: a gateway's limit may be the business of one slow moment), RESOURCE_LIMIT while the database is busy; and
/// only what does no harm when it is executed twice.
struct sdk_backoff {
  int attempts = 3;  ///< the first one included; less than 1 counts as 1
  clock::duration initial_delay = std::chrono::seconds{1};
  double multiplier = 2.0;
  clock::duration cap = std::chrono::seconds{30};
  double jitter = 0.3;                                      ///< the most that is added, as a part of the delay
  clock::duration total_budget = (clock::duration::max)();  ///< no attempt begins later than this after the first one

  /// The pause after the given attempt, before jitter.
  constexpr clock::duration delay_after(int attempt) const noexcept {
    exponential_backoff growth;
    growth.initial_delay = initial_delay;
    growth.multiplier = multiplier;
    growth.cap = cap;
    return growth.delay_after(attempt);
  }

  constexpr verdict decide(const failure& seen) const noexcept {
    failure facts = seen;
    if (facts.kind == condition::timeout) facts.kind = condition::connection;
    const double delay = static_cast<double>(delay_after(facts.attempt).count());
    const double uniform = static_cast<double>(facts.random) / 4294967296.0;
    const double part = jitter < 0 ? 0.0 : jitter > 1 ? 1.0 : jitter;
    return dovetail::detail::judge_retry(facts, attempts, total_budget,
                                         clock::duration{static_cast<clock::rep>(delay + delay * part * uniform)});
  }
  friend constexpr bool operator==(const sdk_backoff&, const sdk_backoff&) noexcept = default;
};

/// Keep-alive connections, with the SDKs' bounds: one to ten, closed after five idle minutes, pinged each minute.
struct keep_alive_pool {
  std::size_t min_connections = 1;
  std::size_t max_connections = 10;
  clock::duration acquire_wait = std::chrono::seconds{30};
  clock::duration idle_limit = std::chrono::minutes{5};
  clock::duration age_limit = std::chrono::minutes{30};
  clock::duration check_interval = std::chrono::seconds{60};  ///< idle for longer: pinged before it is used
  clock::duration check_wait = std::chrono::seconds{2};
  std::size_t queue_limit = 1000;
  clock::duration leak_warning = (clock::duration::max)();

  constexpr pool_limits limits() const noexcept { return bounded().limits(); }
  constexpr idle_verdict judge(const idle_facts& facts) const noexcept { return bounded().judge(facts); }
  friend constexpr bool operator==(const keep_alive_pool&, const keep_alive_pool&) noexcept = default;

 private:
  constexpr bounded_pool bounded() const noexcept {
    bounded_pool same;
    same.min_connections = min_connections;
    same.max_connections = max_connections;
    same.acquire_wait = acquire_wait;
    same.idle_limit = idle_limit;
    same.age_limit = age_limit;
    same.check_interval = check_interval;
    same.check_wait = check_wait;
    same.queue_limit = queue_limit;
    same.leak_warning = leak_warning;
    return same;
  }
};

static_assert(retry_policy<sdk_backoff> && pool_policy<keep_alive_pool>);

}  // namespace dovetail::inline v0::workersql
