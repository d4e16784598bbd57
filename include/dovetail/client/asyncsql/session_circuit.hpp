// A call's way through the circuit breaker of its session, if there is one.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/client/asyncsql/settings.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/policy/circuit_breaker.hpp>
#include <dovetail/policy/observer.hpp>
#include <dovetail/policy/sql_metrics.hpp>

#include <chrono>
#include <cstdint>
#include <ratio>
#include <source_location>
#include <string>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::asyncsql::detail {

/// The caller's own limit ended the call before the time was over that the session gives to each.
inline bool was_cut_short(const call& how, clock::duration timeout) noexcept {
  return how.by.has_passed() && how.by.when() - how.since < timeout;
}

/// "… the next try is in 12.5 s; the last failure was: the connection was lost". Of the failure only the text of its
/// code, which has no names and no secrets.
[[gnu::cold, gnu::noinline]] inline error_info circuit_refusal(const circuit_verdict& said, std::error_code cause,
                                                               std::source_location where) {
  std::string text;
  if (said.wait > clock::duration::zero()) {
    const auto tenths = std::chrono::ceil<std::chrono::duration<std::int64_t, std::deci>>(said.wait).count();
    dovetail::detail::append_parts(
        text, {"the next try is in ", std::to_string(tenths / 10), ".", std::to_string(tenths % 10), " s"});
  } else {
    text = "another call is trying it now";
  }
  if (cause) dovetail::detail::append_parts(text, {"; the last failure was: ", cause.message()});
  error_info refused{make_error_code(errc::circuit_open), std::move(text)};
  refused.with_location(where);
  return refused;
}

/// Asks before a call, and tells afterwards what the call says of the server. A trial that ends without a word makes
/// room for another one. Lifetime: borrows breaker (null: there is none), policy and metrics.
class circuit_pass {
 public:
  circuit_pass(circuit_breaker* of, const circuit_policy& how, sql_metrics& metrics) noexcept
      : of_(how.is_on() ? of : nullptr), how_(&how), metrics_(&metrics) {}
  circuit_pass(const circuit_pass&) = delete;
  circuit_pass& operator=(const circuit_pass&) = delete;
  ~circuit_pass() {
    if (is_trial_) of_->saw(*how_, circuit_evidence::none, true, {});
  }

  /// Empty when the call may go on.
  template <class Watcher>
  error_info ask(std::source_location where, Watcher& watcher) {
    if (of_ == nullptr || is_trial_) return {};
    const circuit_state before = of_->state();
    const circuit_verdict said = of_->ask(*how_, clock::now());
    is_trial_ = said.is_trial;
    if (!said.may_pass) {
      metrics_->saw_circuit_refusal();
      return circuit_refusal(said, of_->cause(), where);
    }
    if (is_trial_) tell({before, circuit_state::half_open}, {}, watcher);
    return {};
  }
  /// Tells how it ended: `why` is empty when it went well. True when the circuit is open now.
  template <class Watcher>
  bool saw(const error_info& why, circuit_evidence said, Watcher& watcher) {
    if (of_ == nullptr) return false;
    const bool was_trial = std::exchange(is_trial_, false);
    const auto seen = of_->saw(*how_, said, was_trial, clock::now(), why.code());
    tell(seen, why, watcher);
    return seen.after == circuit_state::open;
  }
  /// It went well, but nothing was asked of the server.
  void drop() noexcept {
    if (std::exchange(is_trial_, false)) of_->saw(*how_, circuit_evidence::none, true, {});
  }

 private:
  template <class Watcher>
  void tell(const circuit_breaker::change& seen, const error_info& why, Watcher& watcher) {
    if (seen.before == seen.after) return;
    metrics_->saw_circuit(seen.after);
    dovetail::detail::observe(watcher, [&] {
      const bool is_open = seen.after == circuit_state::open;
      return observation{.what = observed::circuit,
                         .operation = to_string(seen.after),
                         .ec = is_open ? why.code() : std::error_code{},
                         .duration = is_open ? how_->open_time : clock::duration{}};
    });
  }

  circuit_breaker* of_;
  const circuit_policy* how_;
  sql_metrics* metrics_;
  bool is_trial_ = false;
};

/// The way of an awaited call that the client repeats: each attempt asks and tells, as those of a blocking session do.
/// Lifetime: in the call's coroutine, until it has ended; borrows all that it is made of.
template <class Watcher>
class circuit_watch final : public attempt_watcher {
 public:
  circuit_watch(circuit_pass& pass, sql_metrics& metrics, clock::duration timeout, const call& how, Watcher& watcher)
      : pass_(&pass), metrics_(&metrics), watcher_(&watcher), timeout_(timeout), how_(how) {
    how_.watch = this;
  }
  circuit_watch(const circuit_watch&) = delete;
  circuit_watch& operator=(const circuit_watch&) = delete;

  /// The call, watched by this.
  const call& how() const noexcept { return how_; }

  bool failed(const error_info& why, const call&) override {
    is_told_ = true;
    return !pass_->saw(why, evidence_of(why, was_cut_short(how_, timeout_)), *watcher_);
  }
  void acquired(clock::duration waited, bool is_exhausted) override { metrics_->saw_acquire(waited, is_exhausted); }
  error_info again(const call&) override {
    error_info refused = pass_->ask(how_.where, *watcher_);
    if (!refused) metrics_->saw_retry();
    is_told_ = static_cast<bool>(refused);
    return refused;
  }
  /// The call has ended, with a result.
  template <class Answer>
  void ended(const Answer& answer) {
    if (answer) {
      pass_->saw({}, circuit_evidence::up, *watcher_);
    } else if (!is_told_) {
      failed(answer.error(), how_);
    }
  }

 private:
  circuit_pass* pass_;
  sql_metrics* metrics_;
  Watcher* watcher_;
  clock::duration timeout_;
  call how_;
  bool is_told_ = false;  // how the last attempt has failed
};

}  // namespace dovetail::inline v0::asyncsql::detail
