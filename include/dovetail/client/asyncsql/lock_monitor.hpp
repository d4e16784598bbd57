// Counters of optimistic locking, and the last conflicts.
#pragma once

#include <dovetail/base/uuid.hpp>
#include <dovetail/client/asyncsql/lock_outcome.hpp>
#include <dovetail/policy/prometheus.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// Counters at one moment. Reading them is no operation.
struct lock_metrics {
  std::uint64_t total_operations = 0;  ///< reads, updates, deletes; each one of a batch
  std::uint64_t successful_operations =
      0;                                ///< those that ended with `success`; none of an atomic batch that was undone
  std::uint64_t version_conflicts = 0;  ///< each meeting with another writer
  std::uint64_t retries_performed = 0;
  std::uint64_t merge_conflicts = 0;  ///< operations that ended so

  double avg_retry_count() const noexcept { return share(retries_performed); }
  double conflict_rate() const noexcept { return share(version_conflicts); }
  double success_rate() const noexcept { return share(successful_operations); }

 private:
  double share(std::uint64_t part) const noexcept {
    return total_operations == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(total_operations);
  }
};

/// One operation that met another writer.
struct lock_conflict {
  std::chrono::system_clock::time_point timestamp{};  ///< when the operation ended
  std::string table_name;                             ///< as `optimistic` was given it
  std::string record_id;                              ///< the key as text: of a text, an integer or a UUID; else empty
  std::int64_t expected_version = 0;                  ///< what the caller started from
  std::int64_t current_version = 0;  ///< of the other writer's row, as it was last met; 0: not read, or gone
  int retry_count = 0;               ///< attempts after the first
  conflict_strategy resolution_strategy = conflict_strategy::fail_fast;
  lock_status status = lock_status::success;  ///< how the operation ended
};

/// What the remembered conflicts have in common.
struct lock_analysis {
  std::size_t total_conflicts = 0;
  std::vector<std::pair<std::string, std::size_t>> hotspot_tables{};  ///< the five with most conflicts
  std::map<int, std::size_t> retry_distribution{};
  double avg_retries = 0;
  std::vector<std::string> recommendations{};
};

/// Counts for one or more `optimistic` objects. Threads: any. Cost: a few relaxed additions an operation; a conflict
/// also a lock and an entry.
class lock_monitor {
 public:
  /// `capacity`: how many conflicts are remembered.
  explicit lock_monitor(std::size_t capacity = 1000) : capacity_(capacity) {}
  lock_monitor(const lock_monitor&) = delete;
  lock_monitor& operator=(const lock_monitor&) = delete;

  /// For `optimistic`: an operation ended; `is_success` false also when it failed with an error.
  void count(bool is_success, std::uint64_t conflicts, std::uint64_t retries, bool is_merge_conflict) noexcept {
    operations_.fetch_add(1, std::memory_order_relaxed);
    if (is_success) successes_.fetch_add(1, std::memory_order_relaxed);
    if (conflicts != 0) conflicts_.fetch_add(conflicts, std::memory_order_relaxed);
    if (retries != 0) retries_.fetch_add(retries, std::memory_order_relaxed);
    if (is_merge_conflict) merge_conflicts_.fetch_add(1, std::memory_order_relaxed);
  }
  /// For `optimistic`: what the operations of an atomic batch came to, which counted here until it was known whether
  /// they are kept. What had succeeded in a batch that was undone has not.
  [[gnu::cold]] void absorb(lock_monitor& batch, bool is_kept) {
    const lock_metrics counted = batch.metrics();
    operations_.fetch_add(counted.total_operations, std::memory_order_relaxed);
    if (is_kept) successes_.fetch_add(counted.successful_operations, std::memory_order_relaxed);
    conflicts_.fetch_add(counted.version_conflicts, std::memory_order_relaxed);
    retries_.fetch_add(counted.retries_performed, std::memory_order_relaxed);
    merge_conflicts_.fetch_add(counted.merge_conflicts, std::memory_order_relaxed);
    for (lock_conflict& met : batch.history_) {
      if (!is_kept && met.status == lock_status::success) met.status = lock_status::rolled_back;
      remember(std::move(met));
    }
  }
  /// For `optimistic`: one that counts for a batch.
  std::shared_ptr<lock_monitor> of_batch() const { return std::make_shared<lock_monitor>(capacity_); }
  [[gnu::cold]] void remember(lock_conflict met) {
    const std::lock_guard lock{mutex_};
    if (capacity_ == 0) return;
    if (history_.size() == capacity_) history_.pop_front();
    history_.push_back(std::move(met));
  }

  lock_metrics metrics() const noexcept {
    return {operations_.load(std::memory_order_relaxed), successes_.load(std::memory_order_relaxed),
            conflicts_.load(std::memory_order_relaxed), retries_.load(std::memory_order_relaxed),
            merge_conflicts_.load(std::memory_order_relaxed)};
  }

  /// The last conflicts, newest first.
  std::vector<lock_conflict> conflict_history(std::size_t limit = 10) const {
    const std::lock_guard lock{mutex_};
    const std::size_t count = (std::min)(limit, history_.size());
    return {history_.rbegin(), history_.rbegin() + static_cast<std::ptrdiff_t>(count)};
  }

  /// `max_retries` is what the operations were given.
  [[gnu::cold]] lock_analysis analyze_conflicts(int max_retries = 3) const {
    const lock_metrics counted = metrics();
    lock_analysis found;
    std::map<std::string, std::size_t> tables;
    std::size_t exhausted = 0;
    std::int64_t retries = 0;
    {
      const std::lock_guard lock{mutex_};
      found.total_conflicts = history_.size();
      for (const lock_conflict& each : history_) {
        ++tables[each.table_name];
        ++found.retry_distribution[each.retry_count];
        retries += each.retry_count;
        if (each.retry_count >= max_retries) ++exhausted;
      }
    }
    if (found.total_conflicts == 0) return found;
    found.avg_retries = static_cast<double>(retries) / static_cast<double>(found.total_conflicts);
    found.hotspot_tables.assign(tables.begin(), tables.end());
    std::sort(found.hotspot_tables.begin(), found.hotspot_tables.end(), [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    if (found.hotspot_tables.size() > 5) found.hotspot_tables.resize(5);
    for (const auto& [table, count] : found.hotspot_tables) {
      if (count * 10 > counted.total_operations) {
        found.recommendations.push_back(std::string{"more than a tenth of all operations met a conflict in table "} +
                                        table +
                                        ": split its hot rows, or make the work between read and update shorter");
      }
    }
    if (exhausted * 5 > found.total_conflicts) {
      found.recommendations.emplace_back(
          "more than a fifth of the conflicts used up their retries: allow more, or choose another strategy");
    }
    if (counted.merge_conflicts != 0) {
      found.recommendations.emplace_back("merges ended in conflicts: give their fields rules");
    }
    return found;
  }

  /// The counters in Prometheus' text format, named `asyncsql_optimistic_…`.
  [[gnu::cold]] std::string prometheus(metric_labels common = {}) const {
    const lock_metrics counted = metrics();
    detail::prometheus_writer out{"asyncsql_optimistic", std::move(common)};
    out.family("operations_total", "counter", "Reads, updates and deletes with a version.");
    out.sample({{"status", "success"}}, counted.successful_operations);
    out.sample({{"status", "other"}}, counted.total_operations - counted.successful_operations);
    out.family("version_conflicts_total", "counter", "Meetings with another writer.");
    out.sample({}, counted.version_conflicts);
    out.family("retries_total", "counter", "Attempts after the first.");
    out.sample({}, counted.retries_performed);
    out.family("merge_conflicts_total", "counter", "Merges that no rule could resolve.");
    out.sample({}, counted.merge_conflicts);
    return std::move(out).text();
  }

 private:
  std::atomic<std::uint64_t> operations_{0};
  std::atomic<std::uint64_t> successes_{0};
  std::atomic<std::uint64_t> conflicts_{0};
  std::atomic<std::uint64_t> retries_{0};
  std::atomic<std::uint64_t> merge_conflicts_{0};
  mutable std::mutex mutex_;
  std::deque<lock_conflict> history_;
  std::size_t capacity_;
};

namespace detail {

/// The key of a row, for the history.
template <class T>
std::string key_text(const T& key) {
  if constexpr (std::convertible_to<const T&, std::string_view>) {
    return std::string{std::string_view{key}};
  } else if constexpr (std::integral<T>) {
    return std::to_string(key);
  } else if constexpr (std::same_as<T, uuid>) {
    char buffer[36];
    return {buffer, format_uuid(buffer, key)};
  } else {
    return {};
  }
}

}  // namespace detail
}  // namespace dovetail::inline v0
