// The part of a pool that does not know its connections: slots that are claimed without a lock, and a fair queue.
#pragma once

#include <dovetail/base/errc.hpp>
#include <dovetail/base/error.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/base/sole.hpp>
#include <dovetail/client/pool_node.hpp>
#include <dovetail/client/pool_report.hpp>
#include <dovetail/client/pool_slot.hpp>
#include <dovetail/policy/pool.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <source_location>

namespace dovetail::inline v0::detail {

/// Where this thread found its last slot; only a hint, shared by all pools.
inline constinit thread_local std::uint32_t pool_hint = 0;

/// The invariant that makes it fair and loses no wake-up: while somebody is queued, every slot is `wanted` (or closed).
/// So nothing is idle or empty that a newcomer could snatch, and whoever gives a slot back must come through the queue.
/// A caller who finds nothing marks all slots under the lock before it queues; a slot that comes back before its mark
/// is found by the marking itself.
class pool_core {
 public:
  struct claim {
    pool_slot* slot = nullptr;  // claimed at once
    errc refused{};             // or not even queued
  };

  /// Errors: throws errc::invalid_option for more than a million connections.
  explicit pool_core(const pool_limits& limits)
      : limits_(limits), most_(limits.max == 0 ? 1 : limits.max), size_(size_of(limits)), slots_(size_) {
    for (std::size_t i = most_; i < size_; ++i) slots_[i].state.store(slot_state::closed, std::memory_order_relaxed);
  }
  pool_core(const pool_core&) = delete;
  pool_core& operator=(const pool_core&) = delete;

  const pool_limits& limits() const noexcept { return limits_; }
  /// The number of slots, those included that only `resize` brings into use.
  std::size_t size() const noexcept { return size_; }
  pool_slot& slot(std::size_t index) noexcept { return slots_[index]; }
  std::size_t index_of(const pool_slot& slot) const noexcept { return static_cast<std::size_t>(&slot - slots_.get()); }

  /// An idle slot, else an empty one, else null. Never waits, never overtakes the queue.
  pool_slot* try_claim() noexcept {
    const std::size_t hint = pool_hint < size_ ? pool_hint : 0;
    pool_slot& preferred = slots_[hint];
    if (is(preferred, slot_state::idle) && preferred.change(slot_state::idle, slot_state::leased, acquire)) {
      return &preferred;
    }
    return claim_any(hint);
  }

  pool_slot* claim_any(std::size_t start) noexcept;

  pool_slot* claim_in(slot_state wanted, std::size_t start) noexcept {
    for (std::size_t i = 0, at = start; i < size_; ++i) {
      if (is(slots_[at], wanted) && slots_[at].change(wanted, slot_state::leased, acquire)) {
        pool_hint = static_cast<std::uint32_t>(at);
        return &slots_[at];
      }
      if (++at == size_) at = 0;
    }
    return nullptr;
  }

  /// Claims a slot, or puts the node at the end of the queue and takes a reference for it.
  claim claim_or_queue(pool_node& node) noexcept;

  /// Takes the node out of the queue; false when its notification has been sent or is on its way.
  bool remove(pool_node& node) noexcept;

  /// Gives a slot back that nobody waits for; false when it must be passed on.
  /// After true the pool may be gone already: its last owner need not wait for us.
  static bool give_back(pool_slot& slot) noexcept {
    return slot.change(slot_state::leased, slot.open ? slot_state::idle : slot_state::empty, std::memory_order_release);
  }

  /// Gives a wanted slot to the first in the queue; false when the pool is closed: then end its connection and
  /// `finish`.
  bool pass_on(pool_slot& slot, clock::time_point now) noexcept;

  /// One step of making the pool as large as `most`: a slot that the caller must hand back, or null when there is no
  /// more to do now. A slot that came into use goes to the queue so; one that is too many is retired, those in use when
  /// they come back.
  [[gnu::cold]] pool_slot* step_to(std::size_t most) noexcept;

  /// Marks a slot of a closed pool as gone for good, with the reference that its lease had; true when it was the last.
  [[nodiscard]] bool finish(pool_slot& slot) noexcept {
    slot.state.store(slot_state::closed, std::memory_order_release);
    return drop_reference();
  }

  /// True when the caller must delete the pool's state.
  [[nodiscard]] bool drop_reference() noexcept { return references_.fetch_sub(1, std::memory_order_acq_rel) == 1; }

  /// No slot can be claimed and nobody can queue from here on; who waits is refused. Leases get a reference each.
  /// False when it was closed before; else the caller ends the connections of the slots that are `closing`.
  [[gnu::cold]] bool close() noexcept;

  bool is_closed() const noexcept {
    const std::lock_guard lock{mutex_};
    return closed_;
  }

  pool_statistics statistics() const noexcept;

  [[gnu::cold]] plain_list<pool_holder> holders(clock::time_point now) const;

  [[gnu::cold]] void remember_connect_error(const error_info& info, clock::time_point now) noexcept;
  error_info last_connect_error() const;

  /// Everything that is known about why there is no connection.
  [[gnu::cold]] exhaustion explain(errc code, const pool_node& node, clock::time_point now) const;

  std::atomic<std::size_t> open{0};  // connections that are open now
  std::atomic<std::uint64_t> opened{0};
  std::atomic<std::uint64_t> closed{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> timeouts{0};
  std::atomic<std::size_t> waiting_outside{0};  // callers whose turn comes with somebody else's

 protected:
  ~pool_core() = default;

 private:
  static constexpr std::memory_order acquire = std::memory_order_acquire;

  /// The number of slots; there are no more than a machine can have connections, and "as many as you like" is no
  /// number.
  static std::size_t size_of(const pool_limits& limits) {
    const std::size_t most = limits.max > limits.capacity ? limits.max : limits.capacity;
    const std::size_t size = most == 0 ? 1 : most;
    if (size > 1'000'000) refuse_size();
    return size;
  }
  [[gnu::cold]] static void refuse_size();

  static bool is(const pool_slot& slot, slot_state state) noexcept {
    return slot.state.load(std::memory_order_relaxed) == state;
  }

  void unlink(pool_node& node) noexcept {
    (node.previous_ == nullptr ? first_ : node.previous_->next_) = node.next_;
    (node.next_ == nullptr ? last_ : node.next_->previous_) = node.previous_;
    waiting_.fetch_sub(1, std::memory_order_relaxed);
  }

  /// True when the slot was free and is the caller's now; else it comes back through the queue.
  static bool claim_or_mark(pool_slot& slot) noexcept {
    for (;;) {
      switch (slot.state.load(std::memory_order_relaxed)) {
        case slot_state::idle:
          if (slot.change(slot_state::idle, slot_state::leased, acquire)) return true;
          break;
        case slot_state::empty:
          if (slot.change(slot_state::empty, slot_state::leased, acquire)) return true;
          break;
        case slot_state::leased:
          if (slot.change(slot_state::leased, slot_state::wanted, std::memory_order_relaxed)) return false;
          break;
        default:
          return false;
      }
    }
  }

  [[gnu::cold, gnu::noinline]] void close_slot(pool_slot& slot) noexcept {
    for (;;) {
      switch (slot.state.load(std::memory_order_relaxed)) {
        case slot_state::idle:
          if (slot.change(slot_state::idle, slot_state::closing, acquire)) return;
          break;
        case slot_state::empty:
          if (slot.change(slot_state::empty, slot_state::closed, acquire)) return;
          break;
        case slot_state::leased:
          slot.change(slot_state::leased, slot_state::wanted, std::memory_order_relaxed);
          break;
        case slot_state::wanted:
          references_.fetch_add(1, std::memory_order_relaxed);
          return;
        default:
          return;
      }
    }
  }

  const pool_limits limits_;
  std::atomic<std::size_t> most_;  // connections that there may be; changes under the lock
  const std::size_t size_;
  const sole_array<pool_slot> slots_;

  alignas(64) mutable std::mutex mutex_;
  pool_node* first_ = nullptr;
  pool_node* last_ = nullptr;
  bool closed_ = false;
  std::size_t surplus_ = 0;  // slots that have to go when they come back
  error_info last_connect_error_;
  clock::time_point last_connect_error_at_{};
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::size_t> references_{1};  // of the pool itself, of nodes in the queue, of leases after close()
};

}  // namespace dovetail::inline v0::detail

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::detail {

[[gnu::noinline]] DOVETAIL_DEFINE void pool_core::refuse_size() {
  throw_error(
      {errc::invalid_option, "a pool must not have more than 1000000 connections ('max_connections', 'capacity')"});
}

[[gnu::noinline]] DOVETAIL_DEFINE pool_slot* pool_core::claim_any(std::size_t start) noexcept {
  pool_slot* const found = claim_in(slot_state::idle, start);
  return found != nullptr ? found : claim_in(slot_state::empty, start);
}

[[gnu::noinline]] DOVETAIL_DEFINE auto pool_core::claim_or_queue(pool_node& node) noexcept -> claim {
  const std::lock_guard lock{mutex_};
  if (closed_) return {nullptr, errc::pool_closed};
  if (first_ == nullptr) {
    for (std::size_t i = 0; i < size_; ++i) {
      if (claim_or_mark(slots_[i])) return {&slots_[i], {}};
    }
  }
  if (waiting_.load(std::memory_order_relaxed) >= limits_.queue) return {nullptr, errc::pool_queue_full};
  node.status = pool_node::state::queued;
  node.slot = nullptr;
  node.next_ = nullptr;
  node.previous_ = last_;
  (last_ == nullptr ? first_ : last_->next_) = &node;
  last_ = &node;
  waiting_.fetch_add(1, std::memory_order_relaxed);
  references_.fetch_add(1, std::memory_order_relaxed);
  return {};
}

DOVETAIL_DEFINE bool pool_core::remove(pool_node& node) noexcept {
  const std::lock_guard lock{mutex_};
  if (node.status != pool_node::state::queued) return false;
  unlink(node);
  node.status = pool_node::state::detached;
  return true;
}

[[gnu::noinline]] DOVETAIL_DEFINE bool pool_core::pass_on(pool_slot& slot, clock::time_point now) noexcept {
  pool_node* node = nullptr;
  {
    const std::lock_guard lock{mutex_};
    if (closed_) return false;
    if (surplus_ != 0) {
      --surplus_;
      slot.state.store(slot_state::retiring, std::memory_order_relaxed);
      references_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    node = first_;
    if (node == nullptr) {
      slot.state.store(slot.open ? slot_state::idle : slot_state::empty, std::memory_order_release);
      return true;
    }
    unlink(*node);
    if (first_ == nullptr) slot.state.store(slot_state::leased, std::memory_order_relaxed);
    slot.stamp(now);
    slot.where.store(node->where, std::memory_order_relaxed);
    node->slot = &slot;
    node->status = pool_node::state::granted;
  }
  node->notify_(*node);
  return true;
}

[[gnu::noinline]] DOVETAIL_DEFINE pool_slot* pool_core::step_to(std::size_t most) noexcept {
  most = most == 0 ? 1 : most < size_ ? most : size_;
  const std::lock_guard lock{mutex_};
  if (closed_) return nullptr;
  std::size_t now = most_.load(std::memory_order_relaxed);
  for (; now < most && surplus_ != 0; ++now) --surplus_;
  for (; now > most; --now) ++surplus_;
  most_.store(now, std::memory_order_relaxed);
  for (std::size_t i = 0; i < size_ && now < most; ++i) {
    if (slots_[i].state.load(acquire) != slot_state::closed) continue;  // after all that who retired it did
    slots_[i].state.store(slot_state::wanted, std::memory_order_relaxed);
    most_.store(now + 1, std::memory_order_relaxed);
    return &slots_[i];
  }
  for (std::size_t i = 0; i < size_ && surplus_ != 0; ++i) {
    if (is(slots_[i], slot_state::empty) && slots_[i].change(slot_state::empty, slot_state::closed, acquire)) {
      --surplus_;
    } else if (claim_or_mark(slots_[i])) {
      slots_[i].state.store(slot_state::wanted, std::memory_order_relaxed);
      return &slots_[i];
    }
  }
  return nullptr;
}

[[gnu::noinline]] DOVETAIL_DEFINE bool pool_core::close() noexcept {
  pool_node* refused = nullptr;
  {
    const std::lock_guard lock{mutex_};
    if (closed_) return false;
    closed_ = true;
    for (std::size_t i = 0; i < size_; ++i) close_slot(slots_[i]);
    refused = first_;
    first_ = last_ = nullptr;
    waiting_.store(0, std::memory_order_relaxed);
    for (pool_node* node = refused; node != nullptr; node = node->next_) node->status = pool_node::state::refused;
  }
  while (refused != nullptr) {
    pool_node* const node = refused;
    refused = node->next_;
    node->notify_(*node);
  }
  return true;
}

DOVETAIL_DEFINE pool_statistics pool_core::statistics() const noexcept {
  pool_statistics counts;
  for (std::size_t i = 0; i < size_; ++i) {
    if (slots_[i].is_held()) {
      ++counts.active;
    } else if (is(slots_[i], slot_state::idle)) {
      ++counts.idle;
    }
  }
  counts.total = counts.active + counts.idle;
  counts.waiting = waiting_.load(std::memory_order_relaxed) + waiting_outside.load(std::memory_order_relaxed);
  counts.min = limits_.min;
  counts.max = most_.load(std::memory_order_relaxed);
  counts.opened = opened.load(std::memory_order_relaxed);
  counts.closed = closed.load(std::memory_order_relaxed);
  counts.failed = failed.load(std::memory_order_relaxed);
  counts.timeouts = timeouts.load(std::memory_order_relaxed);
  return counts;
}

[[gnu::noinline]] DOVETAIL_DEFINE plain_list<pool_holder> pool_core::holders(clock::time_point now) const {
  plain_list<pool_holder> all;
  for (std::size_t i = 0; i < size_; ++i) {
    const pool_slot& each = slots_[i];
    if (!each.is_held()) continue;
    all.push_back({each.where.load(std::memory_order_relaxed), elapsed_since(each.since, now),
                   each.opening.load(std::memory_order_relaxed)});
  }
  return all;
}

[[gnu::noinline]] DOVETAIL_DEFINE void pool_core::remember_connect_error(const error_info& info,
                                                                         clock::time_point now) noexcept {
  error_info copy{info};
  const std::lock_guard lock{mutex_};
  std::swap(last_connect_error_, copy);
  last_connect_error_at_ = now;
}

DOVETAIL_DEFINE error_info pool_core::last_connect_error() const {
  const std::lock_guard lock{mutex_};
  return last_connect_error_;
}

[[gnu::noinline]] DOVETAIL_DEFINE exhaustion pool_core::explain(errc code, const pool_node& node,
                                                                clock::time_point now) const {
  exhaustion facts;
  facts.code = code;
  facts.waited = now - node.since;
  facts.where = node.where;
  facts.counts = statistics();
  facts.holders = holders(now);
  const std::lock_guard lock{mutex_};
  facts.last_connect_error = last_connect_error_;
  facts.last_connect_error_age = now - last_connect_error_at_;
  return facts;
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
