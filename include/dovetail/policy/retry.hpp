// Retry policies: pure decisions about whether a failed operation is tried again, and after how long.
#pragma once

#include <dovetail/base/condition.hpp>
#include <dovetail/base/deadline.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>

namespace dovetail::inline v0 {

/// The facts of one failed attempt; all that a retry policy may base its verdict on.
struct failure {
  condition kind = condition::server;                 ///< what went wrong
  int attempt = 1;                                    ///< attempts made so far, the failed one included
  bool idempotent = false;                            ///< executing the operation twice does no harm
  std::size_t bytes_sent = 0;                         ///< of this attempt's request; 0: it cannot have been executed
  clock::duration elapsed{};                          ///< since the first attempt began
  clock::duration budget = (clock::duration::max)();  ///< left until the operation's deadline
  std::uint32_t random = 0;                           ///< uniformly distributed, for jitter
};

/// What to do about a failure.
struct verdict {
  bool repeat = false;
  clock::duration delay{};  ///< to wait before the next attempt

  static constexpr verdict give_up() noexcept { return {}; }
  static constexpr verdict repeat_after(clock::duration delay) noexcept { return {true, delay}; }
  friend constexpr bool operator==(const verdict&, const verdict&) noexcept = default;
};

/// Decides about failed attempts. Pure: the verdict depends on the policy's settings and the facts, on nothing else.
template <class P>
concept retry_policy = std::copyable<P> && requires(const P& policy, const failure& facts) {
  // If the compiler points here: the policy needs `dt::verdict decide(const dt::failure&) const noexcept`.
  { policy.decide(facts) }
  noexcept->std::same_as<verdict>;
};

/// True when repeating cannot execute the operation twice by accident, and can help at all.
/// Kinds that fail again for sure (authentication, syntax, misuse, ...) are never repeated, nor is a cancelled
/// operation.
constexpr bool may_repeat(const failure& facts) noexcept {
  const bool nothing_sent = facts.bytes_sent == 0;
  switch (facts.kind) {
    case condition::serialization:  // the server says that it did not execute it
    case condition::busy:
      return true;
    case condition::connection:
    case condition::commit_unknown:  // sent, and the answer was lost
      return nothing_sent || facts.idempotent;
    case condition::timeout:  // a request that the server found too slow is too slow the next time
      return nothing_sent;
    case condition::cancelled:
    case condition::authentication:
    case condition::permission:
    case condition::constraint:
    case condition::not_found:
    case condition::syntax:
    case condition::mapping:
    case condition::data:
    case condition::limit:
    case condition::protocol:
    case condition::unsupported:
    case condition::configuration:
    case condition::misuse:
    case condition::server:
      return false;
  }
  return false;
}

namespace detail {

/// The rules that all of our policies share: safe to repeat, attempts left, and time left after the delay.
constexpr verdict judge_retry(const failure& facts, int attempts, clock::duration total_budget,
                              clock::duration delay) noexcept {
  if (facts.attempt >= attempts || !may_repeat(facts)) return verdict::give_up();
  if (delay >= facts.budget) return verdict::give_up();
  if (facts.elapsed >= total_budget || delay > total_budget - facts.elapsed) return verdict::give_up();
  return verdict::repeat_after(delay);
}

/// `delay` scaled by a uniform factor of [0, 1).
constexpr clock::duration full_jitter(clock::duration delay, std::uint32_t random) noexcept {
  const double factor = static_cast<double>(random) / 4294967296.0;
  return clock::duration{static_cast<clock::rep>(static_cast<double>(delay.count()) * factor)};
}

}  // namespace detail

/// Tries once.
struct no_retry {
  constexpr verdict decide(const failure&) const noexcept { return verdict::give_up(); }
  friend constexpr bool operator==(const no_retry&, const no_retry&) noexcept = default;
};

/// Tries up to `attempts` times, with the same pause in between.
struct fixed_delay {
  int attempts = 3;  ///< the first one included; less than 1 counts as 1
  clock::duration delay = std::chrono::milliseconds{100};
  clock::duration total_budget = (clock::duration::max)();  ///< no attempt begins later than this after the first one

  constexpr verdict decide(const failure& facts) const noexcept {
    return detail::judge_retry(facts, attempts, total_budget,
                               delay < clock::duration::zero() ? clock::duration{} : delay);
  }
  friend constexpr bool operator==(const fixed_delay&, const fixed_delay&) noexcept = default;
};

/// Tries up to `attempts` times; the pause grows from attempt to attempt and is spread by jitter.
struct exponential_backoff {
  int attempts = 3;  ///< the first one included; less than 1 counts as 1
  clock::duration initial_delay = std::chrono::milliseconds{50};
  double multiplier = 2.0;                        ///< less than 1 counts as 1
  clock::duration cap = std::chrono::seconds{5};  ///< no pause is longer
  bool full_jitter = true;                        ///< the pause is uniform in [0, delay): clients do not return in step
  clock::duration total_budget = (clock::duration::max)();  ///< no attempt begins later than this after the first one

  /// The pause after the given attempt, before jitter.
  constexpr clock::duration delay_after(int attempt) const noexcept {
    if (initial_delay <= clock::duration::zero() || cap <= clock::duration::zero()) return clock::duration::zero();
    const double limit = static_cast<double>(cap.count());
    double delay = static_cast<double>(initial_delay.count());
    if (multiplier > 1.0) {
      for (int i = 1; i < attempt && delay < limit; ++i) delay *= multiplier;
    }
    return delay < limit ? clock::duration{static_cast<clock::rep>(delay)} : cap;
  }

  constexpr verdict decide(const failure& facts) const noexcept {
    const clock::duration delay = delay_after(facts.attempt);
    return detail::judge_retry(facts, attempts, total_budget,
                               full_jitter ? detail::full_jitter(delay, facts.random) : delay);
  }
  friend constexpr bool operator==(const exponential_backoff&, const exponential_backoff&) noexcept = default;
};

}  // namespace dovetail::inline v0
