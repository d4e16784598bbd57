// The connection pool of every client: fair, thread-safe, for blocking and asynchronous callers at the same time.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/one_time_gate.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/client/pool_lease.hpp>
#include <dovetail/client/pool_state.hpp>
#include <dovetail/policy/observer.hpp>
#include <dovetail/policy/pool.hpp>

#include <memory>
#include <source_location>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// A connection that can be opened and pinged by a blocking call.
template <class C>
concept blocking_connection = pooled_connection<C> && requires(C& connection, deadline until) {
  // If the compiler points here: the connection needs `dt::result<void> open(dt::deadline)`.
  { connection.open(until) } -> std::same_as<result<void>>;
  // If the compiler points here: the connection needs `dt::result<void> ping(dt::deadline)`.
  { connection.ping(until) } -> std::same_as<result<void>>;
};

/// Lends connections, first come, first served; opens them when they are needed, in the thread of who needs one.
/// Has no thread of its own: stale connections are closed by callers that take one, and by `maintain()`.
/// Threads: all functions may be called at any time by any thread; destroying it while another thread is in one may
/// not. Lifetime: leases and waiters may outlive it. Cost: a lease is two compare-and-swaps on a cache line of its own
/// when a connection is free, and no lock.
template <pooled_connection Connection, pool_policy Policy = bounded_pool, observer Observer = no_observer>
class pool {
  using state = detail::pool_state<Connection, Policy, Observer>;

 public:
  using connection_type = Connection;
  using options = typename Connection::options;
  using lease = pool_lease<state>;
  using waiter = pool_waiter<state>;

  [[gnu::cold, gnu::noinline]] explicit pool(options settings, Policy policy = {}, Observer watcher = {})
      : state_(new state(std::move(settings), std::move(policy), std::move(watcher))) {}
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;
  ~pool() {
    state_->close_all();
    state_->drop();
  }

  /// Lends a connection that is ready for use; opens or checks it if need be. Waits at most until the deadline, and for
  /// a free connection not longer than the policy's `acquire_wait`.
  /// Errors: errc::pool_wait_timeout with all holders, errc::pool_queue_full, errc::pool_closed, or why opening failed.
  result<lease> acquire(deadline until = deadline::never(),
                        std::source_location where = std::source_location::current()) requires
      blocking_connection<Connection> {
    result<lease> got = try_acquire(where);
    if (*got && got->state() == lease_state::ready) return got;
    return acquire_slowly(std::move(*got), until, where);
  }

  /// The same into `got`, which is empty; gives why there is none.
  error_info acquire(lease& got, deadline until, std::source_location where) requires blocking_connection<Connection> {
    if (detail::pool_slot* const slot = state_->try_claim()) [[likely]] {
      got.adopt(*state_, *slot, where);
      if (got.state() == lease_state::ready) [[likely]]
        return {};
    }
    return acquire_slowly_into(got, until, where);
  }

  /// Lends a connection if one is free or may be opened; an empty lease otherwise. Never waits: look at
  /// `lease::state()`.
  lease try_acquire(std::source_location where = std::source_location::current()) {
    detail::pool_slot* const slot = state_->try_claim();
    return slot == nullptr ? lease{} : lease{*state_, *slot, where};
  }

  /// Lends a connection at once, or queues the waiter and returns an empty lease; see `waiter`. Never blocks: look at
  /// `lease::state()`, and end the wait yourself at `acquire_deadline()` by `waiter::expire()`.
  /// Errors: errc::pool_queue_full, errc::pool_closed.
  result<lease> start_acquire(waiter& node, std::source_location where = std::source_location::current()) {
    if (lease got = try_acquire(where)) return got;
    return node.start(*state_, where);
  }

  /// When a wait for a connection that begins now ends, for an operation with the given deadline.
  deadline acquire_deadline(deadline until) const noexcept {
    return earlier(until, deadline::after(state_->limits().acquire_wait));
  }

  /// Counts callers who wait for a connection without a place in the queue: somebody in the queue asks for them.
  void note_waiting(std::size_t more, std::size_t less) noexcept {
    state_->waiting_outside.fetch_add(more - less, std::memory_order_relaxed);
  }

  /// The failure of such a caller: errc::pool_wait_timeout or errc::pool_queue_full, with all holders.
  [[gnu::cold, gnu::noinline]] error_info refuse(errc code, clock::time_point since, std::source_location where) {
    struct outsider final : detail::pool_node {
      outsider() noexcept : pool_node(nullptr) {}
    } node;
    node.since = since;
    node.where = where;
    return code == errc::pool_wait_timeout ? state_->exhausted(node) : state_->refusal(code, node);
  }

  /// Until when the answer to a health check may take, for an operation with the given deadline.
  deadline check_deadline(deadline until) const noexcept {
    return earlier(until, deadline::after(state_->limits().check_wait));
  }

  /// Closes stale connections, checks those that idled, and opens new ones up to the policy's minimum.
  /// Errors: why opening failed.
  [[gnu::cold, gnu::noinline]] result<void> maintain(
      deadline until = deadline::never(),
      std::source_location where = std::source_location::current()) requires blocking_connection<Connection> {
    const clock::time_point begun = state_->now();
    for (std::size_t i = 0; i < state_->size(); ++i) {  // no connection twice, however short its limits are
      lease next = next_maintenance(begun, where);
      if (!next) break;
      result<lease> done = prepare(std::move(next), until);
      if (!done) return std::move(done).error();
    }
    return {};
  }

  /// Closes stale connections, and lends one that must be checked or opened; an empty lease when nothing is left to do.
  /// Connections that have been in use since `begun` are not checked: say when the round began, so that it ends. A
  /// check is no use: `idle_facts::unused` goes on.
  lease next_maintenance(clock::time_point begun, std::source_location where = std::source_location::current()) {
    const clock::time_point time = state_->now();
    state_->sweep(time);
    detail::pool_slot* const slot = state_->claim_for_maintenance(begun);
    if (slot == nullptr) return {};
    const clock::duration unused = state_->unused_since(*slot, time);
    lease next{*state_, *slot, where};
    if (next.state() == lease_state::check) slot->put_off.store(unused.count(), std::memory_order_relaxed);
    return next;
  }
  lease next_maintenance(std::source_location where = std::source_location::current()) {
    return next_maintenance((clock::time_point::max)(), where);
  }

  /// Refuses new callers and those that wait (errc::pool_closed), closes idle connections now and leased ones when they
  /// come back. The destructor does the same.
  void close() noexcept { state_->close_all(); }
  bool is_closed() const noexcept { return state_->is_closed(); }

  /// Allows at most so many connections from now on: at least 1, at most the policy's `capacity` (or `max`, if that is
  /// more). When it grows, callers in the queue get the new places; when it shrinks, idle connections are closed now,
  /// and those in use when they come back.
  void resize(std::size_t most) noexcept { state_->resize(most); }

  pool_statistics statistics() const noexcept { return state_->statistics(); }
  [[gnu::cold, gnu::noinline]] std::vector<pool_holder> holders() const {
    const auto all = state_->holders(state_->precise_now());
    return {all.begin(), all.end()};
  }
  /// Why the last attempt to open a connection failed; empty when none ever did.
  error_info last_connect_error() const { return state_->last_connect_error(); }

  const Policy& policy() const noexcept { return state_->policy(); }
  Observer& watcher() noexcept { return state_->watcher(); }
  const options& connection_options() const noexcept { return state_->options(); }

 private:
  class blocking_waiter : public waiter {
   public:
    blocking_waiter() noexcept : waiter(&wake) {}

    bool wait(deadline by = deadline::never()) { return woken_.wait(by); }

   private:
    static void wake(waiter& node) noexcept { static_cast<blocking_waiter&>(node).woken_.open(); }

    detail::one_time_gate woken_;
  };

  [[gnu::noinline]] result<lease> acquire_slowly(lease got, deadline until,
                                                 std::source_location where) requires blocking_connection<Connection>;

  [[gnu::noinline]] error_info acquire_slowly_into(lease& got, deadline until, std::source_location where) requires
      blocking_connection<Connection> {
    result<lease> slowly = acquire_slowly(std::move(got), until, where);
    if (!slowly) return std::move(slowly).error();
    got = *std::move(slowly);
    return {};
  }

  result<lease> wait(deadline until, std::source_location where);

  result<lease> prepare(lease got, deadline until) requires blocking_connection<Connection>;

  state* const state_;
};

template <pooled_connection Connection, pool_policy Policy, observer Observer>
auto pool<Connection, Policy, Observer>::acquire_slowly(lease got, deadline until, std::source_location where)
    -> result<lease>
  requires blocking_connection<Connection> {
    if (!got) {
      result<lease> waited = wait(until, where);
      if (!waited) return waited;
      got = std::move(*waited);
    }
    return prepare(std::move(got), until);
  }

template <pooled_connection Connection, pool_policy Policy, observer Observer>
auto pool<Connection, Policy, Observer>::wait(deadline until, std::source_location where) -> result<lease> {
  blocking_waiter node;
  result<lease> got = node.start(*state_, where);
  if (!got || *got) return got;
  const deadline end = acquire_deadline(until);
  for (;;) {
    const clock::duration leak_due = state_->warn_of_leaks();
    const deadline wake = earlier(end, deadline::after(leak_due));
    if (node.wait(wake)) return node.take();
    if (!end.has_passed()) continue;
    if (error_info failure = node.expire()) return failure;
    node.wait();
    return node.take();
  }
}

template <pooled_connection Connection, pool_policy Policy, observer Observer>
auto pool<Connection, Policy, Observer>::prepare(lease got, deadline until) -> result<lease>
  requires blocking_connection<Connection> {
    if (got.state() == lease_state::check) {
      if (got->ping(check_deadline(until))) {
        got.checked();
      } else {
        got.reopen();
      }
    }
    if (got.state() == lease_state::open) {
      if (result<void> opening = got->open(until); !opening) {
        error_info failure = std::move(opening).error();
        got.open_failed(failure);
        return failure;
      }
      got.opened();
    }
    return got;
  }

}  // namespace dovetail::inline v0
