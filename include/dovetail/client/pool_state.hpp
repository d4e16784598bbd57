// A pool's connections, and what happens to them between two leases.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/health.hpp>
#include <dovetail/base/sole.hpp>
#include <dovetail/client/pool_core.hpp>
#include <dovetail/policy/observer.hpp>
#include <dovetail/policy/pool.hpp>

#include <concepts>
#include <memory>
#include <new>
#include <source_location>
#include <utility>

namespace dovetail::inline v0 {

/// What the holder of a lease must do before using the connection.
enum class lease_state : std::uint8_t {
  ready,  ///< nothing
  check,  ///< ping it; then say `checked()` or `reopen()`
  open,   ///< open it; then say `opened()` or `open_failed()`
};

/// What a pool needs of the connections that it keeps.
template <class C>
concept pooled_connection = requires(C& connection, const C& seen, const typename C::options& options) {
  // If the compiler points here: the connection must be constructible from `const Connection::options&`.
  C(options);
  // If the compiler points here: the connection needs `dt::session_health health() const noexcept`.
  { seen.health() }
  noexcept->std::same_as<session_health>;
  // If the compiler points here: the connection needs `void close() noexcept`.
  { connection.close() }
  noexcept;
};

namespace detail {

template <pooled_connection Connection, pool_policy Policy, observer Observer>
class pool_state : public pool_core {
 public:
  using connection_type = Connection;
  using options_type = typename Connection::options;

  pool_state(options_type options, Policy policy, Observer watcher);

  Connection& connection(const pool_slot& slot) noexcept { return places_[index_of(slot)].connection; }
  const options_type& options() const noexcept { return options_; }
  const Policy& policy() const noexcept { return policy_; }
  Observer& watcher() noexcept { return observer_; }

  /// The time for stamps; may be some milliseconds late.
  clock::time_point now() const noexcept {
    if constexpr (requires { policy_.now(); }) {
      return policy_.now();
    } else {
      return coarse_now();
    }
  }
  clock::time_point precise_now() const noexcept {
    if constexpr (requires { policy_.now(); }) {
      return policy_.now();
    } else {
      return clock::now();
    }
  }

  /// Takes over a slot that the caller has just claimed or been granted.
  /// Errors: what Connection's constructor throws; the slot has been given back then.
  lease_state adopt(pool_slot& slot, std::source_location where) {
    const clock::time_point time = now();
    const clock::duration idle = elapsed_since(slot.since, time);
    slot.stamp(time);
    slot.where.store(where, std::memory_order_relaxed);
    if (slot.warned.load(std::memory_order_relaxed)) slot.warned.store(false, std::memory_order_relaxed);
    if (slot.put_off.load(std::memory_order_relaxed) != 0) slot.put_off.store(0, std::memory_order_relaxed);
    if (time.time_since_epoch().count() >= next_sweep_.load(std::memory_order_relaxed)) sweep(time);
    if (!slot.open) return begin_opening(slot);
    const idle_verdict verdict = judge(slot, idle, time);
    if (verdict == idle_verdict::retire || has_gone_stale(connection(slot), idle)) return reopen(slot);
    return verdict == idle_verdict::keep ? lease_state::ready : lease_state::check;
  }

  /// Replaces the connection by a fresh one, to be opened.
  [[gnu::cold, gnu::noinline]] lease_state reopen(pool_slot& slot);

  [[gnu::cold, gnu::noinline]] void finish_opening(pool_slot& slot) noexcept;

  /// Records the failure, and gives the place to the next in the queue, who may have more luck.
  [[gnu::cold, gnu::noinline]] void fail_opening(pool_slot& slot, const error_info& why) noexcept;

  /// Ends a lease: the connection stays when it is clean, and goes when it is not.
  /// Reads no clock unless leaks are looked for: an idle connection is as old as the beginning of its last lease, which
  /// errs on the side of checking it once more.
  void release(pool_slot& slot) noexcept {
    if (limits().leak_warning != (clock::duration::max)()) {
      const clock::time_point time = now();
      warn_of_leak(slot, time);
      slot.stamp(time);
    }
    if (!slot.open || connection(slot).health() != session_health::idle) return discard(slot);
    if (!give_back(slot)) hand_back(slot);
  }

  /// Ends a lease and its connection.
  [[gnu::cold, gnu::noinline]] void discard(pool_slot& slot) noexcept;

  /// Gives a slot back that was granted and never used.
  void give_up(pool_slot& slot) noexcept { hand_back(slot); }

  /// Closes idle connections that the policy retires, and reports leaks.
  [[gnu::noinline]] void sweep(clock::time_point time) noexcept;

  /// Reports every lease that is older than the threshold, once. Returns after how long to look again.
  [[gnu::cold, gnu::noinline]] clock::duration warn_of_leaks() noexcept;

  /// A connection that idled too long without a check and was last in use before `begun`, or a place below the minimum;
  /// null when all is well.
  [[gnu::cold, gnu::noinline]] pool_slot* claim_for_maintenance(clock::time_point begun) noexcept;

  /// For how long no caller has had the connection; pings of `maintain()` do not count.
  clock::duration unused_since(const pool_slot& slot, clock::time_point time) const noexcept {
    return elapsed_since(slot.since, time) + clock::duration{slot.put_off.load(std::memory_order_relaxed)};
  }

  [[gnu::cold, gnu::noinline]] void close_all() noexcept;

  [[gnu::cold, gnu::noinline]] void resize(std::size_t most) noexcept {
    while (pool_slot* const each = step_to(most)) hand_back(*each);
  }

  void drop() noexcept {
    if (drop_reference()) destroy();
  }

  /// The failure of a caller whose time in the queue is over.
  [[gnu::cold, gnu::noinline]] error_info exhausted(const pool_node& node) {
    timeouts.fetch_add(1, std::memory_order_relaxed);
    return refusal(errc::pool_wait_timeout, node);
  }

  /// The failure of a caller who got no connection.
  [[gnu::cold, gnu::noinline]] error_info refusal(errc code, const pool_node& node);

  void saw_wait(const pool_node& node, std::error_code ec) noexcept;

 private:
  [[gnu::cold, gnu::noinline]] void destroy() noexcept;

  struct alignas(64) place {
    place() noexcept {}  // NOLINT: a union's member cannot be defaulted here
    place(const place&) = delete;
    place& operator=(const place&) = delete;
    ~place() { reset(); }

    void reset() noexcept {
      if (is_there) connection.~Connection();
      is_there = false;
    }

    // By hand: std::optional is some fifty functions for each type.
    union {
      Connection connection;
    };
    bool is_there = false;
  };

  /// Has a peer that says nothing unasked said something, or ended the stream, since the last lease? A connection that
  /// cannot tell has not. Costs a system call where it can, and saves a request from being lost.
  static bool has_gone_stale(const Connection& of, clock::duration idle) noexcept {
    if constexpr (requires { of.is_stale(idle); }) {
      return of.is_stale(idle);
    } else if constexpr (requires { of.is_stale(); }) {
      return of.is_stale();
    } else {
      return false;
    }
  }

  idle_verdict judge(const pool_slot& slot, clock::duration idle, clock::time_point time) const noexcept {
    // Some servers forget an idle connection without closing it: then no policy may keep it longer.
    if constexpr (requires { Connection::idle_limit; }) {
      if (idle >= Connection::idle_limit) return idle_verdict::retire;
    }
    return policy_.judge({idle, elapsed_since(slot.opened_at, time), open.load(std::memory_order_relaxed),
                          idle + clock::duration{slot.put_off.load(std::memory_order_relaxed)}});
  }

  /// Claims an idle slot whose verdict is the given one; most are left alone after a look.
  bool claim_judged(pool_slot& slot, idle_verdict verdict, clock::time_point time) noexcept {
    const auto fits = [&] { return judge(slot, elapsed_since(slot.since, time), time) == verdict; };
    if (slot.state.load(std::memory_order_relaxed) != slot_state::idle || !fits()) return false;
    if (!slot.change(slot_state::idle, slot_state::leased, std::memory_order_acquire)) return false;
    if (fits()) return true;
    hand_back(slot);
    return false;
  }

  [[gnu::cold, gnu::noinline]] lease_state begin_opening(pool_slot& slot);

  [[gnu::cold, gnu::noinline]] void end_connection(pool_slot& slot) noexcept;

  /// The last touch of a slot by its owner, and of the whole pool when it has been destroyed in the meantime.
  [[gnu::noinline]] void hand_back(pool_slot& slot) noexcept;

  [[gnu::noinline]] void warn_of_leak(pool_slot& slot, clock::time_point time) noexcept;

  static observation seen_of(observed what, const pool_slot& slot) noexcept {
    observation seen;
    seen.what = what;
    seen.where = slot.where.load(std::memory_order_relaxed);
    return seen;
  }

  const options_type options_;
  const Policy policy_;
  [[no_unique_address]] Observer observer_;
  const sole_array<place> places_;
  std::atomic<clock::rep> next_sweep_{0};
  std::atomic<bool> is_sweeping_{false};
};

template <pooled_connection Connection, pool_policy Policy, observer Observer>
pool_state<Connection, Policy, Observer>::pool_state(options_type options, Policy policy, Observer watcher)
    : pool_core(policy.limits()),
      options_(std::move(options)),
      policy_(std::move(policy)),
      observer_(std::move(watcher)),
      places_(size()) {}

template <pooled_connection Connection, pool_policy Policy, observer Observer>
lease_state pool_state<Connection, Policy, Observer>::reopen(pool_slot& slot) {
  end_connection(slot);
  return begin_opening(slot);
}

template <pooled_connection Connection, pool_policy Policy, observer Observer>
void pool_state<Connection, Policy, Observer>::finish_opening(pool_slot& slot) noexcept {
  const clock::time_point time = precise_now();
  slot.opening.store(false, std::memory_order_relaxed);
  slot.open = true;
  slot.opened_at.store(time.time_since_epoch().count(), std::memory_order_relaxed);
  open.fetch_add(1, std::memory_order_relaxed);
  opened.fetch_add(1, std::memory_order_relaxed);
  observe(observer_, [&] {
    observation seen = seen_of(observed::connect, slot);
    seen.duration = elapsed_since(slot.since, time);
    return seen;
  });
}

template <pooled_connection Connection, pool_policy Policy, observer Observer>
void pool_state<Connection, Policy, Observer>::fail_opening(pool_slot& slot, const error_info& why) noexcept {
  const clock::time_point time = precise_now();
  failed.fetch_add(1, std::memory_order_relaxed);
  remember_connect_error(why, time);
  observe(observer_, [&] {
    observation seen = seen_of(observed::connect, slot);
    seen.ec = why.code();
    seen.duration = elapsed_since(slot.since, time);
    return seen;
  });
  discard(slot);
}

template <pooled_connection Connection, pool_policy Policy, observer Observer>
void pool_state<Connection, Policy, Observer>::discard(pool_slot& slot) noexcept {
  end_connection(slot);
  hand_back(slot);
}

template <pooled_connection Connection, pool_policy Policy, observer Observer>
void pool_state<Connection, Policy, Observer>::sweep(clock::time_point time) noexcept {
  const clock::duration interval = limits().sweep_interval;
  next_sweep_.store((time + interval).time_since_epoch().count(), std::memory_order_relaxed);
  // One at a time: two would both count the connection that the other one is about to close, and go below the minimum.
  if (is_sweeping_.exchange(true, std::memory_order_acquire)) return;
  for (std::size_t i = 0; i < size(); ++i) {
    pool_slot& each = slot(i);
    if (claim_judged(each, idle_verdict::retire, time)) discard(each);
  }
  is_sweeping_.store(false, std::memory_order_release);
  warn_of_leaks();
}

template <pooled_connection Connection, pool_policy Policy, observer Observer>
clock::duration pool_state<Connection, Policy, Observer>::warn_of_leaks() noexcept {
  clock::duration next = (clock::duration::max)();
  const clock::duration threshold = limits().leak_warning;
  if (threshold == (clock::duration::max)()) return next;
  const clock::time_point time = precise_now();
  for (std::size_t i = 0; i < size(); ++i) {
    pool_slot& each = slot(i);
    if (!each.is_held() || each.warned.load(std::memory_order_relaxed)) continue;
    const clock::duration left = threshold - elapsed_since(each.since, time);
    if (left <= clock::duration::zero()) {
      warn_of_leak(each, time);
    } else if (left < next) {
      next = left;
    }
  }
  return next;
}

template <pooled_connection Connection, pool_policy Policy, observer Observer>
pool_slot* pool_state<Connection, Policy, Observer>::claim_for_maintenance(clock::time_point begun) noexcept {
  const clock::time_point time = now();
  for (std::size_t i = 0; i < size(); ++i) {
    if (slot(i).since.load(std::memory_order_relaxed) >= begun.time_since_epoch().count()) continue;
    if (claim_judged(slot(i), idle_verdict::check, time)) return &slot(i);
  }
  return open.load(std::memory_order_relaxed) < limits().min ? claim_in(slot_state::empty, 0) : nullptr;
}

template <pooled_connection Connection, pool_policy Policy, observer Observer>
void pool_state<Connection, Policy, Observer>::close_all() noexcept {
  if (!close()) return;
  for (std::size_t i = 0; i < size(); ++i) {
    pool_slot& each = slot(i);
    if (each.state.load(std::memory_order_relaxed) != slot_state::closing) continue;
    end_connection(each);
    each.state.store(slot_state::closed, std::memory_order_release);
  }
}

template <pooled_connection Connection, pool_policy Policy, observer Observer>
error_info pool_state<Connection, Policy, Observer>::refusal(errc code, const pool_node& node) {
  saw_wait(node, code);
  if (code == errc::pool_closed) return error_info{code}.with_location(node.where);
  return exhaustion_error(explain(code, node, precise_now()));
}

template <pooled_connection Connection, pool_policy Policy, observer Observer>
void pool_state<Connection, Policy, Observer>::saw_wait(const pool_node& node, std::error_code ec) noexcept {
  observe(observer_, [&] {
    observation seen;
    seen.what = observed::pool_wait;
    seen.ec = ec;
    seen.duration = precise_now() - node.since;
    seen.where = node.where;
    return seen;
  });
}

template <pooled_connection Connection, pool_policy Policy, observer Observer>
void pool_state<Connection, Policy, Observer>::destroy() noexcept {
  delete this;
}

template <pooled_connection Connection, pool_policy Policy, observer Observer>
lease_state pool_state<Connection, Policy, Observer>::begin_opening(pool_slot& slot) {
  slot.stamp(precise_now());
  slot.opening.store(true, std::memory_order_relaxed);
  try {
    place& at = places_[index_of(slot)];
    at.reset();
    ::new (static_cast<void*>(std::addressof(at.connection))) Connection(options_);
    at.is_there = true;
    if constexpr (is_observing<Observer> && requires { at.connection.report_notices(observer_); }) {
      at.connection.report_notices(observer_);
    }
  } catch (...) {
    failed.fetch_add(1, std::memory_order_relaxed);
    discard(slot);
    throw;
  }
  return lease_state::open;
}

template <pooled_connection Connection, pool_policy Policy, observer Observer>
void pool_state<Connection, Policy, Observer>::end_connection(pool_slot& slot) noexcept {
  slot.opening.store(false, std::memory_order_relaxed);
  place& held = places_[index_of(slot)];
  if (!held.is_there) return;
  held.connection.close();
  held.reset();
  if (!slot.open) return;
  slot.open = false;
  open.fetch_sub(1, std::memory_order_relaxed);
  closed.fetch_add(1, std::memory_order_relaxed);
  observe(observer_, [&] {
    observation seen = seen_of(observed::disconnect, slot);
    seen.duration = elapsed_since(slot.opened_at, precise_now());
    return seen;
  });
}

template <pooled_connection Connection, pool_policy Policy, observer Observer>
void pool_state<Connection, Policy, Observer>::hand_back(pool_slot& slot) noexcept {
  if (give_back(slot) || pass_on(slot, now())) return;
  end_connection(slot);
  if (finish(slot)) destroy();
}

template <pooled_connection Connection, pool_policy Policy, observer Observer>
void pool_state<Connection, Policy, Observer>::warn_of_leak(pool_slot& slot, clock::time_point time) noexcept {
  const clock::duration held = elapsed_since(slot.since, time);
  if (held < limits().leak_warning || slot.warned.exchange(true, std::memory_order_relaxed)) return;
  observe(observer_, [&] {
    observation seen = seen_of(observed::leak_warning, slot);
    seen.duration = held;
    return seen;
  });
}

}  // namespace detail
}  // namespace dovetail::inline v0
