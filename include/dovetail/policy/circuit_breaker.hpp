// A circuit breaker: after failures in a row a server is left alone for a while, then tried by one call at a time.
#pragma once

#include <dovetail/base/condition.hpp>
#include <dovetail/base/deadline.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/error_info.hpp>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <system_error>

namespace dovetail::inline v0 {

enum class circuit_state : std::uint8_t {
  closed,     ///< calls pass
  half_open,  ///< one call at a time passes, to try whether the server is there again
  open,       ///< calls are refused
};

/// The name of a state: "closed", "half_open", "open".
constexpr std::string_view to_string(circuit_state state) noexcept {
  return state == circuit_state::closed ? "closed" : state == circuit_state::open ? "open" : "half_open";
}

/// What an ended call tells about the server.
enum class circuit_evidence : std::uint8_t {
  none,  ///< nothing: it did not come so far, or the caller gave it up
  up,    ///< the server has answered, be it with a refusal
  down,  ///< the server could not be reached, or has not answered in time
};

/// What a failure tells about the server. Waits for a connection of a full pool, and mistakes that were found on this
/// side, tell nothing.
inline circuit_evidence evidence_of(const error_info& why) noexcept {
  if (!why) return circuit_evidence::up;
  if (why.code() == errc::circuit_open || why.code() == errc::pool_wait_timeout) return circuit_evidence::none;
  const std::string_view state = why.server().sqlstate;
  if (state == "53300") return circuit_evidence::down;  // too many connections
  switch (why.kind()) {
    case condition::connection:
    case condition::commit_unknown:  // sent, and the answer was lost
      return circuit_evidence::down;
    case condition::timeout:
      return state.empty() ? circuit_evidence::down : circuit_evidence::up;
    default:
      return why.code().category() == error_category() ? circuit_evidence::none : circuit_evidence::up;
  }
}

/// All that decisions are based on.
struct circuit_facts {
  circuit_state state = circuit_state::closed;
  int in_a_row = 0;             ///< failures while closed, successful trials while half open
  clock::time_point opened{};   ///< when it opened last
  bool is_being_tried = false;  ///< a trial is under way

  friend constexpr bool operator==(const circuit_facts&, const circuit_facts&) noexcept = default;
};

/// What becomes of a call.
struct circuit_verdict {
  bool may_pass = true;
  bool is_trial = false;
  clock::duration wait{};  ///< of a refused call: until the next trial; zero when one is under way
};

/// When a circuit opens and closes. Pure: what comes next depends on the settings, the facts and the given time.
struct circuit_policy {
  int failures = 0;  ///< in a row, that open it; 0: there is no breaker
  clock::duration open_time = std::chrono::seconds{60};
  int successes = 2;  ///< trials in a row, that close it

  constexpr bool is_on() const noexcept { return failures > 0; }

  constexpr circuit_verdict decide(const circuit_facts& facts, clock::time_point now) const noexcept {
    if (!is_on() || facts.state == circuit_state::closed) return {};
    const clock::duration waited = now - facts.opened;
    if (facts.state == circuit_state::open && waited < open_time) return {false, false, open_time - waited};
    if (facts.is_being_tried) return {false, false, {}};
    return {true, true, {}};
  }
  /// After a call has been let through as a trial.
  constexpr circuit_facts trying(circuit_facts facts) const noexcept {
    if (facts.state == circuit_state::open) facts.in_a_row = 0;
    facts.state = circuit_state::half_open;
    facts.is_being_tried = true;
    return facts;
  }
  /// After a call has ended. What was no trial, and began before the circuit opened, changes nothing any more.
  constexpr circuit_facts after(circuit_facts facts, circuit_evidence said, bool was_trial,
                                clock::time_point now) const noexcept {
    const circuit_facts opened{.state = circuit_state::open, .opened = now};
    if (was_trial) {
      facts.is_being_tried = false;
      if (said == circuit_evidence::none) return facts;
      if (said == circuit_evidence::down) return opened;
      return ++facts.in_a_row >= successes ? circuit_facts{} : facts;
    }
    if (facts.state != circuit_state::closed || said == circuit_evidence::none) return facts;
    facts.in_a_row = said == circuit_evidence::down ? facts.in_a_row + 1 : 0;
    return facts.in_a_row >= failures ? opened : facts;
  }

  friend constexpr bool operator==(const circuit_policy&, const circuit_policy&) noexcept = default;
};

/// The facts of one server, shared by its callers, each with a policy of its own.
/// Threads: all functions may be called by any thread. Cost: an uncontended lock for each call.
class circuit_breaker {
 public:
  circuit_breaker() = default;
  circuit_breaker(const circuit_breaker&) = delete;
  circuit_breaker& operator=(const circuit_breaker&) = delete;

  circuit_facts facts() const noexcept {
    const std::lock_guard lock{mutex_};
    return facts_;
  }
  circuit_state state() const noexcept { return facts().state; }
  /// Of the newest failure that said that the server is down; empty when there was none, or nobody has told it.
  std::error_code cause() const noexcept {
    const std::lock_guard lock{mutex_};
    return cause_;
  }

  /// A trial that is let through must be ended by `saw`.
  circuit_verdict ask(const circuit_policy& how, clock::time_point now) noexcept {
    const std::lock_guard lock{mutex_};
    const circuit_verdict said = how.decide(facts_, now);
    if (said.is_trial) facts_ = how.trying(facts_);
    return said;
  }

  struct change {
    circuit_state before = circuit_state::closed;
    circuit_state after = circuit_state::closed;
  };
  /// Tells how a call has ended; gives the states before and after it.
  change saw(const circuit_policy& how, circuit_evidence said, bool was_trial, clock::time_point now,
             std::error_code cause = {}) noexcept {
    const std::lock_guard lock{mutex_};
    if (said == circuit_evidence::down) cause_ = cause;
    const circuit_state before = facts_.state;
    facts_ = how.after(facts_, said, was_trial, now);
    return {before, facts_.state};
  }

 private:
  mutable std::mutex mutex_;
  circuit_facts facts_;
  std::error_code cause_{};
};

}  // namespace dovetail::inline v0
