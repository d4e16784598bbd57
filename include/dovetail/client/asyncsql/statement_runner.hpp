// Performs one operation on a pooled connection, in a transaction of its own if need be, and again by the class of its
// failure.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/client/asyncsql/session_circuit.hpp>
#include <dovetail/client/asyncsql/settings.hpp>
#include <dovetail/client/asyncsql/statement_facts.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/transaction.hpp>
#include <dovetail/policy/jitter.hpp>
#include <dovetail/policy/observer.hpp>
#include <dovetail/policy/pause.hpp>
#include <dovetail/policy/sql_metrics.hpp>
#include <dovetail/policy/sql_retry.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::asyncsql::detail {

/// How an attempt failed.
struct failed_attempt {
  error_info why{};
  sql_phase phase = sql_phase::connect;
  std::size_t sent = 0;
  retry_class kind = retry_class::never;
  bool may_be_kept = false;     ///< some of it may have been committed before it failed: it is not repeated
  bool is_evidence = true;      ///< of how the server is: it was asked, and what failed was no other one
  bool is_refused_now = false;  ///< the circuit is open: another attempt would only lose the reason
};

/// What a failed attempt tells about the server.
inline circuit_evidence evidence_of(const failed_attempt& bad, const call& how, clock::duration timeout) noexcept {
  return bad.is_evidence ? v0::evidence_of(bad.why, was_cut_short(how, timeout)) : circuit_evidence::none;
}

/// What to do about a failed attempt; sets its class, and reports it to `watcher`.
template <class Watcher>
[[gnu::cold, gnu::noinline]] verdict judge(failed_attempt& bad, std::string_view name, int attempt, bool is_repeatable,
                                           const call& how, const retry_settings& rules, sql_metrics& metrics,
                                           Watcher& watcher) {
  const clock::time_point now = clock::now();
  bad.kind = classify(bad.why, bad.phase, bad.sent, rules);
  verdict next = decide(bad.kind,
                        {.phase = bad.phase,
                         .is_repeatable = is_repeatable,
                         .bytes_sent = bad.sent,
                         .attempt = attempt,
                         .elapsed = now - how.since,
                         .budget = how.by.is_never() ? (clock::duration::max)()
                                                     : (std::max)(how.by.when() - now, clock::duration::zero()),
                         .random = dovetail::detail::random_for_jitter()},
                        rules);
  if (bad.is_refused_now || (bad.may_be_kept && bad.kind != retry_class::not_sent)) next = verdict::give_up();
  if (next.repeat) metrics.saw_retry();
  dovetail::detail::observe(watcher, [&] {
    return observation{.what = next.repeat ? observed::retry : observed::error,
                       .operation = name,
                       .ec = bad.why.code(),
                       .duration = next.repeat ? next.delay : now - how.since,
                       .attempt = attempt,
                       .where = how.where};
  });
  if (!next.repeat) bad.why.with_location(how.where);
  return next;
}

/// Borrows all that it is made of.
template <class Core>
class statement_runner {
 public:
  using connection_type = typename Core::connection_type;
  using lease = typename Core::lease;

  statement_runner(Core& core, const session_settings& settings, sql_metrics& metrics,
                   circuit_breaker* circuit) noexcept
      : core_(&core), settings_(&settings), metrics_(&metrics), pass_(circuit, settings.circuit, metrics) {}

  /// Performs `op`; `wraps`: between the beginning and the commit of a transaction.
  template <operation Op>
  result<typename Op::value_type> perform(Op& op, const call& how, bool wraps) {
    failed_attempt bad;
    const bool may_end = may_end_transaction(op);
    for (int attempt = 1;; ++attempt) {
      lease on = start(how, wraps, settings_->transaction.isolation, bad);
      if (on) {
        const bool is_late = how.by.has_passed();  // before the server is asked
        auto answer = core_->perform_on(*on, op, how, attempt);
        const bool may_be_kept =
            v0::may_be_kept<Op>(may_end, static_cast<bool>(answer), wraps && on->is_in_transaction());
        if (!answer) {
          fail(on, bad, answer.error(), wraps);
          bad.is_evidence = !is_late;
        } else if (!wraps || finish(on, how, bad)) {
          pass_.saw({}, circuit_evidence::up, core_->watcher());
          return answer;
        }
        bad.may_be_kept = may_be_kept;
      }
      on.release();  // before the pause
      if (!pause(bad, Op::name, attempt, op.is_idempotent(), how)) return std::move(bad.why);
    }
  }

  /// Lends a connection on which a transaction has begun; repeated, because nothing of the program's was done yet.
  result<lease> begin(const call& how, begin_mode mode) {
    failed_attempt bad;
    for (int attempt = 1;; ++attempt) {
      lease on = start(how, true, mode, bad);
      if (on) {
        pass_.saw({}, circuit_evidence::up, core_->watcher());
        return on;
      }
      if (!pause(bad, "begin", attempt, true, how)) return std::move(bad.why);
    }
  }

  /// Lends a connection.
  result<lease> acquire(const call& how) {
    failed_attempt bad;
    for (int attempt = 1;; ++attempt) {
      lease on = start(how, false, begin_mode::automatic, bad);
      if (on) {
        if (on.is_reused()) {
          pass_.drop();
        } else {
          pass_.saw({}, circuit_evidence::up, core_->watcher());
        }
        return on;
      }
      if (!pause(bad, "acquire", attempt, true, how)) return std::move(bad.why);
    }
  }

  /// Lets the pause before the next attempt pass; false when there is none: where the circuit is open now the call ends
  /// with its own failure.
  [[gnu::cold]] bool pause(failed_attempt& bad, std::string_view name, int attempt, bool is_repeatable,
                           const call& how) {
    bad.is_refused_now = pass_.saw(bad.why, evidence_of(bad, how, settings_->timeout), core_->watcher());
    const verdict next = judge(bad, name, attempt, is_repeatable, how, settings_->retry, *metrics_, core_->watcher());
    if (!next.repeat) return false;
    dovetail::detail::pause_for(next.delay);
    return true;
  }

 private:
  /// A connection, with a transaction if `wraps`; empty when there is none, and `bad` says why.
  lease start(const call& how, bool wraps, begin_mode mode, failed_attempt& bad) {
    const bool wants_fresh =
        bad.kind == retry_class::not_sent || bad.kind == retry_class::lost || bad.kind == retry_class::read_only_server;
    bad = {};
    if (error_info refused = pass_.ask(how.where, core_->watcher())) {
      bad = {std::move(refused), sql_phase::connect};
      return {};
    }
    const clock::time_point since = clock::now();
    result<lease> got = core_->connections().acquire(how.by, how.where);
    if (got && wants_fresh && got->is_reused()) got = replace(*std::move(got), how);
    metrics_->saw_acquire(clock::now() - since, !got && got.error().code() == errc::pool_wait_timeout);
    if (!got) {
      bad = {std::move(got).error(), sql_phase::connect};
      return {};
    }
    if (wraps) {
      sql_begin begin{mode, 0};
      const bool is_late = how.by.has_passed();
      if (result<void> begun = core_->perform_on(**got, begin, how); !begun) {
        bad = {std::move(begun).error(), sql_phase::begin, (*got)->last_traffic().sent};
        bad.is_evidence = !is_late;
        return {};
      }
    }
    return *std::move(got);
  }

  /// The pool may hold more connections to a server that is gone: this one is opened anew.
  result<lease> replace(lease old, const call& how) {
    old.reopen();
    if (result<void> opened = old->open(how.by); !opened) {
      old.open_failed(opened.error());
      return std::move(opened).error();
    }
    old.opened();
    return old;
  }

  void fail(lease& on, failed_attempt& bad, error_info& why, bool wraps) {
    bad = {std::move(why), sql_phase::execute, on->last_traffic().sent};
    if (!wraps) return;
    explain_mode(bad.why);
    undo(on, bad.why);
  }

  bool finish(lease& on, const call& how, failed_attempt& bad) {
    sql_commit keep{0};
    result<void> done = core_->perform_on(*on, keep, how);
    metrics_->saw_transaction(static_cast<bool>(done));
    if (done) return true;
    bad = {std::move(done).error(), sql_phase::commit, on->last_traffic().sent};
    if (on->is_in_transaction()) undo(on, bad.why);
    return false;
  }

  /// What cannot be rolled back in time is closed with its connection, and `why` is told.
  void undo(lease& on, error_info& why) {
    metrics_->saw_transaction(false);
    if (!on->is_in_transaction() || on->health() == session_health::closed) return;
    sql_rollback back{0};
    result<void> undone = on->perform(back, deadline::after(settings_->transaction.close_limit));
    undone = dovetail::detail::settle_rollback(std::move(undone), on->health() == session_health::closed, {});
    if (!undone) why.with_suppressed(undone.error());
  }

  Core* core_;
  const session_settings* settings_;
  sql_metrics* metrics_;
  circuit_pass pass_;
};

}  // namespace dovetail::inline v0::asyncsql::detail
