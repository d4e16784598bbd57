// A call's way through the circuit breaker of its session, if there is one.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/client/asyncsql/settings.hpp>
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

/// "… the next try is in 12.5 s; the last failure: connection refused".
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
  if (cause) text.append("; the last failure: ").append(cause.message());
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
  /// Tells how it ended: `why` is empty when it went well.
  template <class Watcher>
  void saw(const error_info& why, Watcher& watcher) {
    if (of_ == nullptr) return;
    const bool was_trial = std::exchange(is_trial_, false);
    tell(of_->saw(*how_, evidence_of(why), was_trial, clock::now(), why.code()), why, watcher);
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

}  // namespace dovetail::inline v0::asyncsql::detail
