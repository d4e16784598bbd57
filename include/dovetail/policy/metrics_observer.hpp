// An observer that counts: requests, errors, latencies, bytes, retries and pool waits, also as Prometheus text.
#pragma once

#include <dovetail/policy/metrics.hpp>
#include <dovetail/policy/metrics_table.hpp>
#include <dovetail/policy/observer.hpp>
#include <dovetail/policy/prometheus.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {

/// Counts what it sees. Copies share their counters: give one to any number of clients and ask it at any time.
/// Threads: all functions may be called by any thread. Cost: some relaxed additions on memory of the thread's own
/// shard.
class metrics_observer {
 public:
  metrics_observer() : table_(std::make_shared<detail::metrics_table>()) {}

  void on(const observation& seen) noexcept { table_->record(seen); }

  /// All counters; each is exact, but they are not read in one instant.
  metrics_snapshot snapshot() const { return table_->snapshot(); }

  /// All counters in Prometheus' text format 0.0.4 (`Content-Type: text/plain; version=0.0.4`). Every name begins with
  /// `prefix`, every sample carries `labels`; those with a name that is taken (by us: operation, condition, percentile,
  /// le, quantile) get an `exported_` in front of it, as Prometheus itself does.
  std::string prometheus(std::string_view prefix = "dovetail", metric_labels labels = {}) const {
    return table_->prometheus(prefix, std::move(labels));
  }

 private:
  std::shared_ptr<detail::metrics_table> table_;
};

}  // namespace dovetail::inline v0
