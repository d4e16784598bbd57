// What a client is made of: a pool of connections, and the loop that repeats an operation as the retry policy says.
#pragma once

#include <dovetail/base/coarse_clock.hpp>
#include <dovetail/base/error.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/client/connection.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/client/pool.hpp>
#include <dovetail/client/settings.hpp>
#include <dovetail/policy/jitter.hpp>
#include <dovetail/policy/observer.hpp>
#include <dovetail/policy/pause.hpp>
#include <dovetail/policy/retry.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {
namespace detail {

/// The final failure of an operation of which an earlier attempt was lost: what the last one met says nothing of that.
/// errc::outcome_unknown with the last failure's words, but for a statement that can never have run.
[[gnu::cold]] void recall_lost_attempt(error_info& why);

/// Errors: throws errc::invalid_option for a client's time limit that is none: every call would fail.
[[gnu::cold]] clock::duration checked_time_limit(clock::duration timeout);

/// Nothing around the attempts of an operation.
struct bare_attempts {
  template <class Connection, class Attempt>
  static auto around(Connection&, Attempt attempt) {
    return attempt();
  }
  static constexpr bool is_over() noexcept { return false; }
};

/// What callers wait in whose statements are sent together: of a pool policy that has one connection shared, and of
/// connections that can do it.
struct no_joint_queue {};
template <class Connection, class Pool>
struct joint_queue_of {
  using type = no_joint_queue;
};
template <class Connection, class Pool>
  requires(Pool::joins_statements)
&&requires { typename Connection::joint_queue; }
struct joint_queue_of<Connection, Pool> {
  using type = typename Connection::joint_queue;
};

}  // namespace detail

/// Performs operations on pooled connections. Threads: any number at once.
template <pooled_connection Connection, retry_policy Retry, pool_policy Pool, observer Observer>
class client_core {
 public:
  using connection_type = Connection;
  using settings = client_settings<Retry, Pool, Observer>;
  using pool_type = pool<Connection, Pool, Observer>;
  using lease = typename pool_type::lease;

  using joint_queue = typename detail::joint_queue_of<Connection, Pool>::type;

  [[gnu::cold, gnu::noinline]] client_core(typename Connection::options options, settings how);

  pool_type& connections() noexcept { return pool_; }
  const Retry& retry() const noexcept { return retry_; }
  clock::duration timeout() const noexcept { return timeout_; }
  Observer& watcher() noexcept { return pool_.watcher(); }

  /// True when an operation may have an answer in this process: `Connection::kept_answer(options, op)` gives it or
  /// nothing, and `Connection::may_keep_answers(options)` tells whether there can be any. Most databases have no such
  /// thing.
  template <class Op>
  static constexpr bool keeps_answers = requires(const typename Connection::options& options, const Op& op) {
    Connection::kept_answer(options, op);
    Connection::may_keep_answers(options);
  };

  /// That answer; nothing from a client that is closed, or when the time is over.
  template <operation Op>
    requires keeps_answers<Op> std::optional<typename Op::value_type> kept_answer(const Op& op, const call& how) {
      const typename Connection::options& options = pool_.connection_options();
      // In this order: without a cache, the usual case, the clock is not read.
      if (!Connection::may_keep_answers(options) || pool_.is_closed() || how.by.has_passed()) return std::nullopt;
      return Connection::kept_answer(options, op);
    }

  /// Why an operation must not be performed, when its connections can tell without one: `Connection::refusal(options,
  /// op)`. It is the caller's mistake, so it is told before a connection is waited for or opened. Reported to the
  /// observer.
  template <operation Op>
  error_info refusal([[maybe_unused]] const Op& op, [[maybe_unused]] const call& how) {
    if constexpr (requires(const typename Connection::options& options) { Connection::refusal(options, op); }) {
      error_info why = Connection::refusal(pool_.connection_options(), op);
      if (why) judge(why, Op::name, 1, op.is_idempotent(), 0, how, {}, true);
      return why;
    } else {
      return {};
    }
  }

  /// True when operations of this kind may be sent together with others: `Connection::may_join(options, op, how)` says
  /// of one whether it is, and `Connection::join(…)` begins it.
  template <class Op>
  static constexpr bool joins = requires(joint_queue& queue, const typename Connection::options& options, const Op& op,
                                         const call& how) {
    queue.size();
    Connection::may_join(options, op, how);
  };
  joint_queue& joint() noexcept { return joint_; }

  /// Performs the operation, again if the retry policy says so, each time on whatever connection the pool lends.
  template <operation Op>
    requires performs<Connection, Op> result<typename Op::value_type> perform(Op& op, const call& how) {
      return perform(op, how, detail::bare_attempts{});
    }

  /// The same, with something around each attempt: `with.around(connection, attempt)` calls `attempt()` or gives a
  /// failure, and after `with.is_over()` no attempt follows a failed one.
  template <operation Op, class Around>
    requires performs<Connection, Op> result<typename Op::value_type> perform(Op& op, const call& how, Around with) {
      if (error_info why = refusal(op, how)) return why;
      if constexpr (keeps_answers<Op>) {
        if (auto kept = kept_answer(op, how)) return *std::move(kept);
      }
      return perform_now(op, how, with);
    }

  /// One attempt on a connection that the caller has; reported to the observer.
  template <operation Op>
  result<typename Op::value_type> perform_on(Connection& on, Op& op, const call& how, int attempt = 1) {
    const detail::stopwatch<Observer> watch;
    using answer_type = result<typename Op::value_type>;
    answer_type answer = detail::is_over(how.by) ? answer_type{errc::deadline_passed} : on.perform(op, how.by);
    saw_request(Op::name, answer ? std::error_code{} : answer.error().code(), watch, on.last_traffic(), attempt, how);
    return answer;
  }

  /// Reports one attempt of an operation.
  void saw_request(std::string_view name, std::error_code ec, const detail::stopwatch<Observer>& watch, traffic moved,
                   int attempt, const call& how) noexcept {
    detail::observe(watcher(), [&] {
      return observation{.what = observed::request,
                         .operation = name,
                         .ec = ec,
                         .duration = watch.elapsed(),
                         .bytes_sent = moved.sent,
                         .bytes_received = moved.received,
                         .attempt = attempt,
                         .where = how.where};
    });
  }

  /// Lends a connection for more than one operation; connecting is repeated as the retry policy says.
  result<lease> acquire(const call& how) requires connection<Connection> {
    for (int attempt = 1;; ++attempt) {
      result<lease> got = pool_.acquire(how.by, how.where);
      if (got) return got;
      error_info why = std::move(got).error();
      if (!pause(why, "acquire", attempt, true, 0, how)) return why;
    }
  }

  /// What the retry policy says about a failed attempt; a final failure is reported and gets the caller's place.
  /// `at_least`: the pause that the server has asked for; there is no other attempt when the deadline comes before.
  /// `is_last`: no attempt follows, whatever the policy says.
  [[gnu::cold, gnu::noinline]] verdict judge(error_info& why, std::string_view name, int attempt, bool is_idempotent,
                                             std::size_t sent, const call& how, clock::duration at_least = {},
                                             bool is_last = false);

 private:
  /// How an attempt failed.
  struct failed_attempt {
    std::size_t sent = 0;
    clock::duration at_least{};
    bool is_last = false;
  };

  // One variable that is returned: the answer is made where the caller wants it.
  template <operation Op, class Around>
  result<typename Op::value_type> perform_now(Op& op, const call& how, Around& with) {
    failed_attempt last;
    result<typename Op::value_type> answer = attempt(op, how, with, 1, last);
    if (!answer) [[unlikely]]
      repeat(op, how, with, last, answer);
    return answer;
  }

  /// One attempt, on whatever connection the pool lends.
  template <operation Op, class Around>
  result<typename Op::value_type> attempt(Op& op, const call& how, Around& with, int number, failed_attempt& last) {
    lease got;
    if (error_info why = pool_.acquire(got, how.by, how.where)) [[unlikely]]
      return why;
    return attempt_on(*got, op, how, with, number, last);
  }  // the connection goes back before a pause
  template <operation Op, class Around>
  result<typename Op::value_type> attempt_on(Connection& on, Op& op, const call& how, Around& with, int number,
                                             failed_attempt& last) {
    result<typename Op::value_type> answer = with.around(on, [&] { return perform_on(on, op, how, number); });
    if (!answer) [[unlikely]] {
      last.is_last = ends_at<Op>(answer.error().kind());
      last.sent = on.last_traffic().sent;
      if constexpr (requires { on.asked_pause(); }) last.at_least = on.asked_pause();
    }
    return answer;
  }

  /// The first attempt has failed: makes others as long as the retry policy says so.
  template <operation Op, class Around>
  [[gnu::cold, gnu::noinline]] void repeat(Op& op, const call& how, Around& with, failed_attempt last,
                                           result<typename Op::value_type>& answer) {
    bool was_lost = false;  // an attempt whose outcome nobody knows
    for (int number = 1; !answer; ++number) {
      error_info& why = answer.error();
      if (last.is_last) return;
      if (!pause(why, Op::name, number, op.is_idempotent(), last.sent, how, last.at_least, with.is_over())) {
        if (was_lost) detail::recall_lost_attempt(why);
        return;
      }
      was_lost |= why.kind() == condition::commit_unknown;
      last = {};
      answer = attempt(op, how, with, number + 1, last);
    }
  }

  /// Lets the pause before the next attempt pass; false when there is none.
  [[gnu::cold, gnu::noinline]] bool pause(error_info& why, std::string_view name, int attempt, bool is_idempotent,
                                          std::size_t sent, const call& how, clock::duration at_least = {},
                                          bool is_last = false);

  pool_type pool_;
  [[no_unique_address]] joint_queue joint_;
  [[no_unique_address]] Retry retry_;
  clock::duration timeout_;
};

template <pooled_connection Connection, retry_policy Retry, pool_policy Pool, observer Observer>
client_core<Connection, Retry, Pool, Observer>::client_core(typename Connection::options options, settings how)
    : pool_(std::move(options), std::move(how.pool), std::move(how.observer)),
      retry_(std::move(how.retry)),
      timeout_(detail::checked_time_limit(how.timeout)) {}

template <pooled_connection Connection, retry_policy Retry, pool_policy Pool, observer Observer>
verdict client_core<Connection, Retry, Pool, Observer>::judge(error_info& why, std::string_view name, int attempt,
                                                              bool is_idempotent, std::size_t sent, const call& how,
                                                              clock::duration at_least, bool is_last) {
  const clock::time_point now = clock::now();
  // A pool that stayed full for a whole wait is not asked again: more waiting is what its settings ruled out.
  if (why.code() == errc::pool_wait_timeout || why.code() == errc::pool_queue_full) is_last = true;
  if (how.watch != nullptr && !how.watch->failed(why, how)) is_last = true;
  verdict next = is_last ? verdict::give_up()
                         : retry_.decide({.kind = why.kind(),
                                          .attempt = attempt,
                                          .idempotent = is_idempotent,
                                          .bytes_sent = sent,
                                          .elapsed = now - how.since,
                                          .budget = how.by.remaining(),
                                          .random = detail::random_for_jitter()});
  if (next.repeat && next.delay < at_least) {
    const bool is_too_late = !how.by.is_never() && at_least >= how.by.when() - now;
    next = is_too_late ? verdict::give_up() : verdict::repeat_after(at_least);
  }
  detail::observe(watcher(), [&] {
    return observation{.what = next.repeat ? observed::retry : observed::error,
                       .operation = name,
                       .ec = why.code(),
                       .duration = next.repeat ? next.delay : now - how.since,
                       .attempt = attempt,
                       .where = how.where};
  });
  if (!next.repeat) why.with_location(how.where);
  return next;
}

template <pooled_connection Connection, retry_policy Retry, pool_policy Pool, observer Observer>
bool client_core<Connection, Retry, Pool, Observer>::pause(error_info& why, std::string_view name, int attempt,
                                                           bool is_idempotent, std::size_t sent, const call& how,
                                                           clock::duration at_least, bool is_last) {
  const verdict next = judge(why, name, attempt, is_idempotent, sent, how, at_least, is_last);
  if (!next.repeat) return false;
  detail::pause_for(next.delay);
  return true;
}

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::detail {

[[gnu::noinline]] DOVETAIL_DEFINE clock::duration checked_time_limit(clock::duration timeout) {
  if (timeout <= clock::duration::zero()) throw_error({errc::invalid_option, "'timeout' must be more than zero"});
  return timeout;
}

[[gnu::noinline]] DOVETAIL_DEFINE void recall_lost_attempt(error_info& why) {
  const condition kind = why.kind();
  if (kind == condition::commit_unknown || kind == condition::syntax) return;
  std::string words{"an attempt was sent and its answer lost; the last one: "};
  words += why.code().message();
  if (!why.context().empty()) append_parts(words, {": ", why.context()});
  error_info unknown{errc::outcome_unknown, std::move(words)};
  unknown.with_location(why.where());
  why = std::move(unknown);
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
