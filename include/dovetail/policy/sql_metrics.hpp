// The counters of SQL sessions and their pool, under the metric names of AsyncSQL, as Prometheus text.
#pragma once

#include <dovetail/base/condition.hpp>
#include <dovetail/base/deadline.hpp>
#include <dovetail/policy/circuit_breaker.hpp>
#include <dovetail/policy/metrics.hpp>
#include <dovetail/policy/prometheus.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <source_location>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace dovetail::inline v0::asyncsql {

/// A statement that took longer than the threshold.
struct slow_statement {
  std::string text;  ///< without its literals
  std::string operation;
  clock::duration duration{};
  std::source_location where{};
  std::chrono::system_clock::time_point when{};
};

/// How a wait for a lock ended.
enum class lock_status : std::uint8_t { success, timeout, error };
/// What happened to a pool.
enum class pool_event : std::uint8_t { create, cleanup, acquire, release };

namespace detail {

/// Durations counted under fixed edges.
class edge_histogram {
 public:
  /// In nanoseconds: 1, 5, 10, 25, 50, 100, 250, 500 ms, 1, 2.5, 5 and 10 s.
  static constexpr std::array<std::uint64_t, 12> edges{1'000'000,     5'000'000,     10'000'000,    25'000'000,
                                                       50'000'000,    100'000'000,   250'000'000,   500'000'000,
                                                       1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000};

  void record(clock::duration duration) noexcept {
    const std::uint64_t ns = duration.count() < 0 ? 0 : static_cast<std::uint64_t>(duration.count());
    std::size_t at = 0;
    while (at < edges.size() && ns > edges[at]) ++at;
    counts_[at].fetch_add(1, std::memory_order_relaxed);
    total_.fetch_add(ns, std::memory_order_relaxed);
  }
  std::uint64_t count() const noexcept;
  std::uint64_t total() const noexcept { return total_.load(std::memory_order_relaxed); }
  /// How many are in the buckets up to and with `edge`.
  std::uint64_t up_to(std::size_t edge) const noexcept;

 private:
  std::array<std::atomic<std::uint64_t>, edges.size() + 1> counts_{};
  std::atomic<std::uint64_t> total_{0};
};

}  // namespace detail

/// What a pool looks like at the moment of writing.
struct pool_gauges {
  std::size_t idle = 0;
  std::size_t active = 0;
  std::size_t max = 0;
};

/// Counts for one pool and its sessions. Threads: all functions may be called by any thread; recording takes a few
/// relaxed additions, only a slow statement takes a lock.
class sql_metrics {
 public:
  /// `pool` is the label; it must hold no secret.
  explicit sql_metrics(std::string pool, std::size_t kept_slow_statements = 100)
      : pool_(std::move(pool)), kept_(kept_slow_statements) {}
  sql_metrics(const sql_metrics&) = delete;
  sql_metrics& operator=(const sql_metrics&) = delete;

  const std::string& pool() const noexcept { return pool_; }

  void saw_lock(lock_status status, clock::duration waited) noexcept {
    add(locks_[static_cast<std::size_t>(status)]);
    if (waited > clock::duration::zero()) lock_waits_.record(waited);
  }
  void lock_taken() noexcept { active_locks_.fetch_add(1, std::memory_order_relaxed); }
  void lock_released() noexcept { active_locks_.fetch_sub(1, std::memory_order_relaxed); }
  void saw_pool(pool_event event) noexcept { add(events_[static_cast<std::size_t>(event)]); }
  /// A connection was asked for; `is_exhausted`: none became free in time.
  void saw_acquire(clock::duration waited, bool is_exhausted) noexcept {
    acquire_waits_.record(waited);
    if (is_exhausted) add(exhaustions_);
  }
  void saw_statement(clock::duration duration, std::error_code ec) noexcept {
    statements_time_.record(duration);
    if (ec) add(errors_[condition_counts::index(condition_of(ec))]);
  }
  void saw_retry() noexcept { add(retries_); }
  void saw_transaction(bool is_committed) noexcept { add(is_committed ? commits_ : rollbacks_); }
  void saw_circuit(circuit_state now) noexcept {
    circuit_.store(static_cast<std::uint8_t>(now), std::memory_order_relaxed);
    if (now == circuit_state::open) add(circuit_openings_);
  }
  void saw_circuit_refusal() noexcept { add(circuit_refusals_); }
  [[gnu::cold]] void saw_slow(slow_statement statement);
  /// How many slow statements are kept from now on.
  [[gnu::cold]] void keep_slow(std::size_t most);

  std::uint64_t statements() const noexcept { return statements_time_.count(); }
  std::uint64_t errors(condition kind) const noexcept { return get(errors_[condition_counts::index(kind)]); }
  std::uint64_t retries() const noexcept { return get(retries_); }
  std::uint64_t commits() const noexcept { return get(commits_); }
  std::uint64_t rollbacks() const noexcept { return get(rollbacks_); }
  std::uint64_t exhaustions() const noexcept { return get(exhaustions_); }
  std::uint64_t slow_count() const noexcept { return get(slow_); }
  std::uint64_t circuit_openings() const noexcept { return get(circuit_openings_); }
  std::uint64_t circuit_refusals() const noexcept { return get(circuit_refusals_); }
  /// The newest slow statements, the newest first.
  [[gnu::cold]] std::vector<slow_statement> slow_statements() const;

  /// Appends the samples of several pools, family by family.
  friend std::string to_prometheus(const std::vector<std::pair<const sql_metrics*, pool_gauges>>& pools);

 private:
  using counter = std::atomic<std::uint64_t>;
  static void add(counter& to) noexcept { to.fetch_add(1, std::memory_order_relaxed); }
  static std::uint64_t get(const counter& from) noexcept { return from.load(std::memory_order_relaxed); }

  std::string pool_;
  std::array<counter, 3> locks_{};
  std::array<counter, 4> events_{};
  std::array<counter, condition_counts::size> errors_{};
  std::atomic<std::int64_t> active_locks_{0};
  counter exhaustions_{0};
  counter retries_{0};
  counter commits_{0};
  counter rollbacks_{0};
  counter slow_{0};
  counter circuit_openings_{0};
  counter circuit_refusals_{0};
  std::atomic<std::uint8_t> circuit_{0};
  detail::edge_histogram lock_waits_;
  detail::edge_histogram acquire_waits_;
  detail::edge_histogram statements_time_;
  mutable std::mutex mutex_;
  std::size_t kept_;
  std::deque<slow_statement> slow_statements_;
};

/// The text of several pools' metrics in Prometheus' format 0.0.4. Names: asyncsql_lock_acquisitions_total,
/// asyncsql_lock_wait_seconds, asyncsql_active_locks, asyncsql_pool_operations_total, asyncsql_lock_contention_seconds,
/// kailash_pool_acquire_wait_seconds, kailash_pool_connections_idle, kailash_pool_exhaustion_events_total, and
/// asyncsql_statement_seconds, asyncsql_statement_errors_total, asyncsql_retries_total, asyncsql_transactions_total,
/// asyncsql_slow_statements_total, asyncsql_pool_connections, and of the circuit breaker, of pools that have met one,
/// asyncsql_circuit_state (0 closed, 1 half open, 2 open), asyncsql_circuit_openings_total,
/// asyncsql_circuit_refusals_total.
[[gnu::cold]] std::string to_prometheus(const std::vector<std::pair<const sql_metrics*, pool_gauges>>& pools);

}  // namespace dovetail::inline v0::asyncsql

namespace dovetail::inline v0::asyncsql {

inline std::uint64_t detail::edge_histogram::count() const noexcept { return up_to(edges.size()); }

inline std::uint64_t detail::edge_histogram::up_to(std::size_t edge) const noexcept {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i <= edge; ++i) sum += counts_[i].load(std::memory_order_relaxed);
  return sum;
}

[[gnu::noinline]] inline void sql_metrics::saw_slow(slow_statement statement) {
  add(slow_);
  const std::lock_guard lock{mutex_};
  if (kept_ == 0) return;
  if (slow_statements_.size() >= kept_) slow_statements_.resize(kept_ - 1);
  slow_statements_.push_front(std::move(statement));
}

[[gnu::noinline]] inline void sql_metrics::keep_slow(std::size_t most) {
  const std::lock_guard lock{mutex_};
  kept_ = most;
  if (slow_statements_.size() > most) slow_statements_.resize(most);
}

[[gnu::noinline]] inline std::vector<slow_statement> sql_metrics::slow_statements() const {
  const std::lock_guard lock{mutex_};
  return {slow_statements_.begin(), slow_statements_.end()};
}

namespace detail {

/// The samples of one histogram with the first `used` edges.
[[gnu::cold, gnu::noinline]] inline void write_histogram(dovetail::detail::prometheus_writer& out, metric_labels labels,
                                                         const edge_histogram& from, std::size_t used) {
  const metric_labels plain = labels;
  labels.emplace_back("le", "");
  for (std::size_t i = 0; i < used; ++i) {
    labels.back().second = dovetail::detail::seconds_text(edge_histogram::edges[i]);
    out.sample(labels, std::to_string(from.up_to(i)), "_bucket");
  }
  labels.back().second = "+Inf";
  const std::string count = std::to_string(from.count());
  out.sample(labels, count, "_bucket");
  out.sample(plain, dovetail::detail::seconds_text(from.total()), "_sum");
  out.sample(plain, count, "_count");
}

}  // namespace detail

[[gnu::noinline]] inline std::string to_prometheus(
    const std::vector<std::pair<const sql_metrics*, pool_gauges>>& pools) {
  using writer = dovetail::detail::prometheus_writer;
  constexpr std::size_t lock_edges = 11;  // up to 5 s
  writer locks{"asyncsql", {}};
  writer pool{"kailash", {}};
  const auto each = [&pools](writer& out, std::string_view name, std::string_view type, std::string_view help,
                             std::string_view label, auto write) {
    out.family(name, type, help);
    for (const auto& [one, gauges] : pools) write(*one, gauges, metric_labels{{std::string{label}, one->pool_}});
  };
  const auto with = [](metric_labels labels, std::string_view name, std::string_view value) {
    labels.emplace_back(std::string{name}, std::string{value});
    return labels;
  };
  constexpr std::string_view statuses[] = {"success", "timeout", "error"};
  each(locks, "lock_acquisitions_total", "counter", "Locks asked for, by how it ended.", "pool_key",
       [&](const sql_metrics& m, const pool_gauges&, const metric_labels& labels) {
         for (std::size_t i = 0; i < m.locks_.size(); ++i) {
           locks.sample(with(labels, "status", statuses[i]), sql_metrics::get(m.locks_[i]));
         }
       });
  each(locks, "lock_wait_seconds", "histogram", "Waits for locks that were not free.", "pool_key",
       [&](const sql_metrics& m, const pool_gauges&, const metric_labels& labels) {
         detail::write_histogram(locks, labels, m.lock_waits_, lock_edges);
       });
  each(locks, "active_locks", "gauge", "Locks that are held.", "pool_key",
       [&](const sql_metrics& m, const pool_gauges&, const metric_labels& labels) {
         const std::int64_t now = m.active_locks_.load(std::memory_order_relaxed);
         locks.sample(labels, static_cast<std::uint64_t>(now < 0 ? 0 : now));
       });
  constexpr std::string_view events[] = {"create", "cleanup", "acquire", "release"};
  each(locks, "pool_operations_total", "counter", "What happened to the pool.", "pool_key",
       [&](const sql_metrics& m, const pool_gauges&, const metric_labels& labels) {
         for (std::size_t i = 0; i < m.events_.size(); ++i) {
           locks.sample(with(labels, "operation", events[i]), sql_metrics::get(m.events_[i]));
         }
       });
  each(locks, "lock_contention_seconds", "summary", "Time spent on waits for locks.", "pool_key",
       [&](const sql_metrics& m, const pool_gauges&, const metric_labels& labels) {
         locks.sample(labels, dovetail::detail::seconds_text(m.lock_waits_.total()), "_sum");
         locks.sample(labels, std::to_string(m.lock_waits_.count()), "_count");
       });
  each(locks, "statement_seconds", "histogram", "Statements, retries included.", "pool_key",
       [&](const sql_metrics& m, const pool_gauges&, const metric_labels& labels) {
         detail::write_histogram(locks, labels, m.statements_time_, detail::edge_histogram::edges.size());
       });
  each(locks, "statement_errors_total", "counter", "Statements that failed for good, by kind.", "pool_key",
       [&](const sql_metrics& m, const pool_gauges&, const metric_labels& labels) {
         for (std::size_t i = 1; i < m.errors_.size(); ++i) {
           const std::uint64_t count = sql_metrics::get(m.errors_[i]);
           if (count == 0) continue;
           locks.sample(with(labels, "category", dovetail::detail::name_of(static_cast<condition>(i))), count);
         }
       });
  each(locks, "retries_total", "counter", "Attempts after the first one.", "pool_key",
       [&](const sql_metrics& m, const pool_gauges&, const metric_labels& labels) {
         locks.sample(labels, m.retries());
       });
  each(locks, "transactions_total", "counter", "Transactions, by how they ended.", "pool_key",
       [&](const sql_metrics& m, const pool_gauges&, const metric_labels& labels) {
         locks.sample(with(labels, "outcome", "committed"), m.commits());
         locks.sample(with(labels, "outcome", "rolled_back"), m.rollbacks());
       });
  each(locks, "slow_statements_total", "counter", "Statements slower than the threshold.", "pool_key",
       [&](const sql_metrics& m, const pool_gauges&, const metric_labels& labels) {
         locks.sample(labels, m.slow_count());
       });
  each(locks, "pool_connections", "gauge", "Connections, by state.", "pool_key",
       [&](const sql_metrics&, const pool_gauges& now, const metric_labels& labels) {
         locks.sample(with(labels, "state", "active"), std::uint64_t{now.active});
         locks.sample(with(labels, "state", "idle"), std::uint64_t{now.idle});
         locks.sample(with(labels, "state", "max"), std::uint64_t{now.max});
       });
  bool has_circuits = false;
  for (const auto& [one, gauges] : pools) has_circuits = has_circuits || one->circuit_openings() != 0;
  if (has_circuits) {
    each(locks, "circuit_state", "gauge", "0: closed, 1: half open, 2: open.", "pool_key",
         [&](const sql_metrics& m, const pool_gauges&, const metric_labels& labels) {
           locks.sample(labels, std::uint64_t{m.circuit_.load(std::memory_order_relaxed)});
         });
    each(locks, "circuit_openings_total", "counter", "How often the circuit breaker has opened.", "pool_key",
         [&](const sql_metrics& m, const pool_gauges&, const metric_labels& labels) {
           locks.sample(labels, m.circuit_openings());
         });
    each(locks, "circuit_refusals_total", "counter", "Calls that the circuit breaker has refused.", "pool_key",
         [&](const sql_metrics& m, const pool_gauges&, const metric_labels& labels) {
           locks.sample(labels, m.circuit_refusals());
         });
  }
  each(pool, "pool_acquire_wait_seconds", "histogram", "Waits for a connection.", "pool",
       [&](const sql_metrics& m, const pool_gauges&, const metric_labels& labels) {
         detail::write_histogram(pool, labels, m.acquire_waits_, detail::edge_histogram::edges.size());
       });
  each(pool, "pool_connections_idle", "gauge", "Open connections that nobody uses.", "pool",
       [&](const sql_metrics&, const pool_gauges& now, const metric_labels& labels) {
         pool.sample(labels, std::uint64_t{now.idle});
       });
  each(pool, "pool_exhaustion_events_total", "counter", "Callers that got no connection in time.", "pool",
       [&](const sql_metrics& m, const pool_gauges&, const metric_labels& labels) {
         pool.sample(labels, m.exhaustions());
       });
  return std::move(locks).text() + std::move(pool).text();
}

}  // namespace dovetail::inline v0::asyncsql
