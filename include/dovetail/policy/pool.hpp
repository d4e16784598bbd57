// Pool policies: how many connections a client keeps, how long a caller waits for one, and when one has served its
// time.
#pragma once

#include <dovetail/base/deadline.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>

namespace dovetail::inline v0 {

/// The fixed bounds of a pool, read once when it is made.
struct pool_limits {
  std::size_t min = 0;       ///< idleness never shrinks the pool below this
  std::size_t max = 1;       ///< connections, those that are being opened included; 0 counts as 1, at most a million
  std::size_t queue = 1000;  ///< callers that may wait at a time
  clock::duration acquire_wait =
      std::chrono::seconds{30};                          ///< longest wait for a connection; the deadline may be shorter
  clock::duration check_wait = std::chrono::seconds{2};  ///< longest wait for the answer to a health check
  clock::duration leak_warning = (clock::duration::max)();   ///< a connection held longer is reported once
  clock::duration sweep_interval = std::chrono::seconds{1};  ///< how often callers look for stale connections
  std::size_t capacity = 0;  ///< the most that `resize` may allow; what is less than `max` counts as `max`

  friend constexpr bool operator==(const pool_limits&, const pool_limits&) noexcept = default;
};

/// What a policy may know of an idle connection.
struct idle_facts {
  clock::duration
      idle{};  ///< since it was last known to be in use: since its last lease began, at the latest since it ended
  clock::duration age{};     ///< since it was opened
  std::size_t open = 0;      ///< connections that are open in the pool, this one included
  clock::duration unused{};  ///< since a caller last had it: as `idle`, but that pings of `maintain()` do not end it
};

/// What becomes of an idle connection.
enum class idle_verdict : std::uint8_t {
  keep,    ///< may be used as it is
  check,   ///< the next user must ping it first
  retire,  ///< is closed
};

/// Sets the bounds of a pool and judges its idle connections. Pure: no clock, no I/O.
/// A policy may also have `clock::time_point now() const noexcept`, which then is the pool's clock.
template <class P>
concept pool_policy = std::copyable<P> && requires(const P& policy, const idle_facts& facts) {
  // If the compiler points here: the policy needs `dt::pool_limits limits() const noexcept`.
  { policy.limits() }
  noexcept->std::same_as<pool_limits>;
  // If the compiler points here: the policy needs `dt::idle_verdict judge(const dt::idle_facts&) const noexcept`.
  { policy.judge(facts) }
  noexcept->std::same_as<idle_verdict>;
};

namespace detail {

constexpr idle_verdict judge_idle(const idle_facts& facts, std::size_t min, clock::duration idle_limit,
                                  clock::duration age_limit, clock::duration check_interval) noexcept {
  if (facts.age >= age_limit) return idle_verdict::retire;
  // Of a connection that is only kept alive, `idle` says nothing of how long nobody has needed it.
  const clock::duration unused = facts.unused > facts.idle ? facts.unused : facts.idle;
  if (unused >= idle_limit && facts.open > min) return idle_verdict::retire;
  return facts.idle >= check_interval ? idle_verdict::check : idle_verdict::keep;
}

/// A quarter of the shortest limit, within a millisecond and a minute.
constexpr clock::duration sweep_interval(clock::duration idle_limit, clock::duration age_limit,
                                         clock::duration leak_warning) noexcept {
  clock::duration shortest = idle_limit < age_limit ? idle_limit : age_limit;
  if (leak_warning < shortest) shortest = leak_warning;
  shortest /= 4;
  const clock::duration least = std::chrono::milliseconds{1};
  const clock::duration most = std::chrono::minutes{1};
  return shortest < least ? least : shortest > most ? most : shortest;
}

/// Of a policy with one connection.
template <class Policy>
constexpr pool_limits limits_of_one(const Policy& how) noexcept {
  return {.min = 0,
          .max = 1,
          .queue = how.queue_limit,
          .acquire_wait = how.acquire_wait,
          .check_wait = how.check_wait,
          .leak_warning = how.leak_warning,
          .sweep_interval = sweep_interval(how.idle_limit, how.age_limit, how.leak_warning)};
}

}  // namespace detail

/// Up to `max_connections`, opened when they are needed and closed when they are not.
/// `clock::duration::max()` switches a time limit off; a negative one counts as zero, which has passed at once.
struct bounded_pool {
  std::size_t min_connections = 0;  ///< more than `max_connections` counts as these
  std::size_t max_connections = 8;  ///< 0 counts as 1
  clock::duration acquire_wait = std::chrono::seconds{30};
  clock::duration idle_limit = std::chrono::minutes{10};
  clock::duration age_limit = std::chrono::minutes{30};
  clock::duration check_interval = std::chrono::seconds{30};  ///< idle for longer: pinged before it is used
  clock::duration check_wait = std::chrono::seconds{2};
  std::size_t queue_limit = 1000;
  clock::duration leak_warning = (clock::duration::max)();
  std::size_t capacity = 0;  ///< room for `pool::resize`, 64 bytes a place; 0: as `max_connections`

  constexpr pool_limits limits() const noexcept {
    const std::size_t max = max_connections == 0 ? 1 : max_connections;
    return {.min = min_connections < max ? min_connections : max,
            .max = max,
            .queue = queue_limit,
            .acquire_wait = acquire_wait,
            .check_wait = check_wait,
            .leak_warning = leak_warning,
            .sweep_interval = detail::sweep_interval(idle_limit, age_limit, leak_warning),
            .capacity = capacity};
  }
  constexpr idle_verdict judge(const idle_facts& facts) const noexcept {
    return detail::judge_idle(facts, min_connections, idle_limit, age_limit, check_interval);
  }
  friend constexpr bool operator==(const bounded_pool&, const bounded_pool&) noexcept = default;
};

/// One connection; callers take turns. `clock::duration::max()` switches a time limit off.
struct single_connection {
  clock::duration acquire_wait = std::chrono::seconds{30};
  clock::duration idle_limit = (clock::duration::max)();
  clock::duration age_limit = (clock::duration::max)();
  clock::duration check_interval = std::chrono::seconds{30};
  clock::duration check_wait = std::chrono::seconds{2};
  std::size_t queue_limit = 1000;
  clock::duration leak_warning = (clock::duration::max)();

  constexpr pool_limits limits() const noexcept { return detail::limits_of_one(*this); }
  constexpr idle_verdict judge(const idle_facts& facts) const noexcept {
    return detail::judge_idle(facts, 0, idle_limit, age_limit, check_interval);
  }
  friend constexpr bool operator==(const single_connection&, const single_connection&) noexcept = default;
};

/// One connection that an asynchronous client's callers share: statements that wait while others are under way are sent
/// together, and each caller gets the answer to its own. Transactions, streams and all else that needs the connection
/// whole take turns with them. Of clients that cannot join statements: as `single_connection`.
struct shared_connection {
  static constexpr bool joins_statements = true;

  clock::duration acquire_wait = std::chrono::seconds{30};  ///< for the connection, and for being sent
  clock::duration idle_limit = (clock::duration::max)();
  clock::duration age_limit = (clock::duration::max)();
  clock::duration check_interval = std::chrono::seconds{30};
  clock::duration check_wait = std::chrono::seconds{2};
  std::size_t queue_limit = 1000;
  clock::duration leak_warning = (clock::duration::max)();
  std::size_t batch_limit = 256;  ///< statements that are sent together at most; 0 counts as 1

  constexpr pool_limits limits() const noexcept { return detail::limits_of_one(*this); }
  constexpr idle_verdict judge(const idle_facts& facts) const noexcept {
    return detail::judge_idle(facts, 0, idle_limit, age_limit, check_interval);
  }
  friend constexpr bool operator==(const shared_connection&, const shared_connection&) noexcept = default;
};

}  // namespace dovetail::inline v0
