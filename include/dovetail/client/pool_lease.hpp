// A connection on loan from a pool, and the place in the queue of a caller who waits for one.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/client/pool_state.hpp>

#include <source_location>
#include <utility>

namespace dovetail::inline v0 {

/// A connection on loan; goes back when the lease goes, by its health: clean ones are reused, all others closed.
/// A connection in a transaction counts as not clean: roll back before.
/// Threads: a lease is one thread's at a time. Lifetime: may outlive the pool; the connection is closed then.
template <class State>
class pool_lease {
 public:
  using connection_type = typename State::connection_type;

  /// No connection.
  pool_lease() noexcept = default;
  pool_lease(pool_lease&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)),
        slot_(other.slot_),
        state_(other.state_),
        is_reused_(other.is_reused_) {}
  pool_lease& operator=(pool_lease&& other) noexcept {
    if (this != &other) {
      release();
      pool_ = std::exchange(other.pool_, nullptr);
      slot_ = other.slot_;
      state_ = other.state_;
      is_reused_ = other.is_reused_;
    }
    return *this;
  }
  ~pool_lease() { release(); }

  explicit operator bool() const noexcept { return pool_ != nullptr; }
  connection_type& operator*() const noexcept { return pool_->connection(*slot_); }
  connection_type* operator->() const noexcept { return &pool_->connection(*slot_); }

  /// What is to be done before the connection can be used.
  lease_state state() const noexcept { return state_; }

  /// True when the connection has served before: its peer may have closed it in the meantime.
  bool is_reused() const noexcept { return is_reused_; }

  /// The ping that `lease_state::check` asks for was answered.
  void checked() noexcept { state_ = lease_state::ready; }

  /// The connection is of no use: closes it and puts an unopened one in its place, which then must be opened.
  void reopen() {
    is_reused_ = false;
    State* const pool = std::exchange(pool_, nullptr);
    state_ = pool->reopen(*slot_);
    pool_ = pool;
  }

  /// The connection is open now.
  void opened() noexcept {
    pool_->finish_opening(*slot_);
    state_ = lease_state::ready;
  }

  /// The connection could not be opened: ends the lease, remembers why, and lets the next in the queue try.
  void open_failed(const error_info& why) noexcept { std::exchange(pool_, nullptr)->fail_opening(*slot_, why); }

  /// Ends the lease.
  void release() noexcept {
    if (pool_ != nullptr) std::exchange(pool_, nullptr)->release(*slot_);
  }

  /// Ends the lease and closes the connection, whatever its health.
  void discard() noexcept {
    if (pool_ != nullptr) std::exchange(pool_, nullptr)->discard(*slot_);
  }

  /// Used by the pool: takes over a slot that was just claimed.
  pool_lease(State& pool, detail::pool_slot& slot, std::source_location where) { adopt(pool, slot, where); }
  /// The same, of a lease that is empty.
  void adopt(State& pool, detail::pool_slot& slot, std::source_location where) {
    slot_ = &slot;
    state_ = pool.adopt(slot, where);
    is_reused_ = state_ != lease_state::open;
    pool_ = &pool;  // last: a constructor that throws leaves nothing to give back
  }

 private:
  State* pool_ = nullptr;
  detail::pool_slot* slot_ = nullptr;
  lease_state state_ = lease_state::ready;
  bool is_reused_ = false;
};

/// A place in the queue of a pool, for callers that must not block. Derive from it to find your operation again.
/// Threads: after `pool::start_acquire` queued it, `notify` is called exactly once, by the thread that gives a
/// connection back or closes the pool, with no lock held; it should only hand the rest over to the caller's own
/// executor. It is not called when `cancel()` returned true or `expire()` a failure. Lifetime: must stay where it is
/// until then.
template <class State>
class pool_waiter : private detail::pool_node {
 public:
  using lease = pool_lease<State>;
  using notify_function = void (*)(pool_waiter&) noexcept;

  explicit pool_waiter(notify_function notify) noexcept : pool_node(&forward), notify_(notify) {}
  ~pool_waiter() {
    if (pool_ == nullptr || cancel()) return;
    const closer end{pool_};
    if (status == state::granted) pool_->give_up(*slot);
  }

  bool is_waiting() const noexcept { return pool_ != nullptr; }

  /// What the notification brought: a lease, or errc::pool_closed. Call it once, after `notify`.
  result<lease> take() {
    State* const pool = std::exchange(pool_, nullptr);
    const closer end{pool};
    if (status == state::refused) {
      pool->saw_wait(*this, errc::pool_closed);
      return error_info{errc::pool_closed}.with_location(where);
    }
    pool->saw_wait(*this, {});
    return lease{*pool, *slot, where};
  }

  /// Leaves the queue; false when it is too late: the notification has been sent or is on its way.
  bool cancel() noexcept {
    if (pool_ == nullptr || !pool_->remove(*this)) return false;
    pool_->saw_wait(*this, errc::cancelled);
    std::exchange(pool_, nullptr)->drop();
    return true;
  }

  /// Leaves the queue because the time is over, with the whole story as error; no error when it is too late for that.
  error_info expire() {
    if (pool_ == nullptr || !pool_->remove(*this)) return {};
    const closer end{std::exchange(pool_, nullptr)};
    return end.pool->exhausted(*this);
  }

  /// Used by the pool: gets a slot at once, or a place in the queue, or a refusal.
  result<lease> start(State& pool, std::source_location from) {
    where = from;
    since = pool.precise_now();
    pool_ = &pool;
    const typename State::claim got = pool.claim_or_queue(*this);
    if (got.slot == nullptr && got.refused == errc{}) return lease{};
    pool_ = nullptr;
    if (got.slot != nullptr) return lease{pool, *got.slot, from};
    return pool.refusal(got.refused, *this);
  }

 private:
  struct closer {
    State* pool;
    ~closer() { pool->drop(); }
  };

  static void forward(detail::pool_node& node) noexcept {
    auto& self = static_cast<pool_waiter&>(node);
    self.notify_(self);
  }

  State* pool_ = nullptr;
  notify_function notify_;
};

}  // namespace dovetail::inline v0
