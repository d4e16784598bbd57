// The counters behind a metrics observer: a row an operation, a shard a few threads, no lock on the way of a request.
#pragma once

#include <dovetail/policy/metrics.hpp>
#include <dovetail/policy/observer.hpp>
#include <dovetail/policy/prometheus.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::detail {

/// Spreads threads over shards, so that they do not write to the same cache lines.
inline constexpr std::size_t metric_shards = 8;
inline std::size_t metric_shard() noexcept {
  static constinit std::atomic<std::size_t> threads{0};
  thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed) % metric_shards;
  return mine;
}

using metric_counter = std::atomic<std::uint64_t>;

inline void count(metric_counter& counter, std::uint64_t by = 1) noexcept {
  counter.fetch_add(by, std::memory_order_relaxed);
}

struct atomic_condition_counts {
  std::array<metric_counter, condition_counts::size> counts{};

  void add(std::error_code ec) noexcept { count(counts[condition_counts::index(condition_of(ec))]); }
  void add_to(condition_counts& sums) const noexcept {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      sums.add(static_cast<condition>(i), counts[i].load(std::memory_order_relaxed));
    }
  }
};

/// One shard's counters of one operation; those of connections and waits are kept under the empty name.
struct alignas(64) metric_shard_row {
  histogram latency;
  metric_counter failed{0};
  metric_counter retries{0};
  metric_counter sent{0};
  metric_counter received{0};
  atomic_condition_counts errors;
};

/// The counters of one name; shards come into being when a thread first needs them.
class metric_row {
 public:
  explicit metric_row(std::string_view name) : name_(name) {}
  ~metric_row() {
    for (auto& each : shards_) delete each.load(std::memory_order_relaxed);
  }
  metric_row(const metric_row&) = delete;
  metric_row& operator=(const metric_row&) = delete;

  std::string_view name() const noexcept { return name_; }

  bool is_used() const noexcept {
    bool used = false;
    each_shard([&used](const metric_shard_row&) { used = true; });
    return used;
  }

  /// Null when there is no memory.
  metric_shard_row* mine() noexcept {
    std::atomic<metric_shard_row*>& place = shards_[metric_shard()];
    if (metric_shard_row* const found = place.load(std::memory_order_acquire)) return found;
    return make_shard(place);
  }

  template <class Visit>
  void each_shard(Visit&& visit) const {
    for (const auto& each : shards_) {
      if (const metric_shard_row* const shard = each.load(std::memory_order_acquire)) visit(*shard);
    }
  }

 private:
  [[gnu::noinline]] static metric_shard_row* make_shard(std::atomic<metric_shard_row*>& place) noexcept {
    try {
      auto made = std::make_unique<metric_shard_row>();
      metric_shard_row* found = nullptr;
      return place.compare_exchange_strong(found, made.get(), std::memory_order_acq_rel) ? made.release() : found;
    } catch (...) {
      return nullptr;
    }
  }

  std::string name_;
  std::array<std::atomic<metric_shard_row*>, metric_shards> shards_{};
};

class metrics_table {
 public:
  /// Operations with names of their own; what comes later is counted as "(other)".
  static constexpr std::size_t capacity = 128;

  metrics_table() = default;
  metrics_table(const metrics_table&) = delete;
  metrics_table& operator=(const metrics_table&) = delete;
  ~metrics_table() {
    for (auto& each : rows_) delete each.load(std::memory_order_relaxed);
  }

  void record(const observation& seen) noexcept {
    switch (seen.what) {
      case observed::connect:
        return record_timed(connects_, seen);
      case observed::pool_wait:
        return record_timed(pool_waits_, seen);
      case observed::disconnect:
        return count(disconnects_);
      case observed::leak_warning:
        return count(leak_warnings_);
      case observed::notice:
      case observed::circuit:
      case observed::audit:
        return;  // the statement's request is counted already
      default:
        break;
    }
    metric_row* const row = find(seen.operation);
    metric_shard_row* const counters = row == nullptr ? nullptr : row->mine();
    if (counters == nullptr) return;
    if (seen.what == observed::retry) {
      count(counters->retries);
    } else if (seen.what == observed::error) {
      counters->errors.add(seen.ec);
    } else {
      counters->latency.record(seen.duration);
      count(counters->sent, seen.bytes_sent);
      count(counters->received, seen.bytes_received);
      if (seen.ec) count(counters->failed);
    }
  }

  metrics_snapshot snapshot() const {
    metrics_snapshot all;
    for (const sums& each : collect()) all.operations.push_back(each.plain);
    const sums connects = sum(connects_);
    all.connects = connects.plain.latency;
    all.connect_errors = connects.plain.errors;
    const sums waits = sum(pool_waits_);
    all.pool_waits = waits.plain.latency;
    all.pool_wait_errors = waits.plain.errors;
    all.disconnects = disconnects_.load(std::memory_order_relaxed);
    all.leak_warnings = leak_warnings_.load(std::memory_order_relaxed);
    return all;
  }

  std::string prometheus(std::string_view prefix, metric_labels labels) const {
    const std::vector<sums> all = collect();
    prometheus_writer out{std::string{prefix}, std::move(labels)};
    const auto each = [&](std::string_view name, std::string_view help, auto value) {
      if (all.empty()) return;
      out.family(name, "counter", help);
      for (const sums& row : all) out.sample({{"operation", row.plain.operation}}, value(row.plain));
    };
    if (!all.empty()) {
      out.family("request_duration_seconds", "histogram", "Time of one attempt of an operation.");
      for (const sums& row : all) out.histogram_samples({{"operation", row.plain.operation}}, row.latency);
      out.family("request_duration_percentile_seconds", "gauge",
                 "Percentiles of the time of one attempt since the start.");
      for (const sums& row : all) write_percentiles(out, row);
    }
    each("failed_attempts_total", "Attempts that ended with an error.",
         [](const operation_metrics& row) { return row.failed_attempts; });
    each("retries_total", "Attempts that followed a failed one.",
         [](const operation_metrics& row) { return row.retries; });
    each("sent_bytes_total", "Bytes of requests.", [](const operation_metrics& row) { return row.bytes_sent; });
    each("received_bytes_total", "Bytes of replies.", [](const operation_metrics& row) { return row.bytes_received; });
    if (std::any_of(all.begin(), all.end(), [](const sums& row) { return row.plain.errors.total() != 0; })) {
      out.family("errors_total", "counter", "Operations that failed after all attempts.");
      for (const sums& row : all) write_errors(out, row.plain.errors, {{"operation", row.plain.operation}});
    }
    write_timed(out, sum(connects_), "connect_duration_seconds", "Time to open a connection.", "connect_errors_total",
                "Attempts to open a connection that failed.");
    write_timed(out, sum(pool_waits_), "pool_wait_seconds", "Time callers waited for a free connection.",
                "pool_wait_errors_total", "Callers that waited and got no connection.");
    out.family("disconnects_total", "counter", "Connections closed.");
    out.sample({}, disconnects_.load(std::memory_order_relaxed));
    out.family("leak_warnings_total", "counter", "Connections held for longer than the threshold.");
    out.sample({}, leak_warnings_.load(std::memory_order_relaxed));
    return std::move(out).text();
  }

 private:
  struct sums {
    operation_metrics plain;
    histogram_counts latency;
  };

  static void record_timed(metric_row& row, const observation& seen) noexcept {
    metric_shard_row* const counters = row.mine();
    if (counters == nullptr) return;
    if (seen.ec) {
      counters->errors.add(seen.ec);
    } else {
      counters->latency.record(seen.duration);
    }
  }

  static sums sum(const metric_row& row) {
    sums result;
    result.plain.operation = row.name();
    row.each_shard([&](const metric_shard_row& shard) {
      shard.latency.add_to(result.latency);
      shard.errors.add_to(result.plain.errors);
      result.plain.failed_attempts += shard.failed.load(std::memory_order_relaxed);
      result.plain.retries += shard.retries.load(std::memory_order_relaxed);
      result.plain.bytes_sent += shard.sent.load(std::memory_order_relaxed);
      result.plain.bytes_received += shard.received.load(std::memory_order_relaxed);
    });
    result.plain.latency = result.latency.summary();
    return result;
  }

  std::vector<sums> collect() const {
    std::vector<sums> all;
    for (const auto& each : rows_) {
      if (const metric_row* const row = each.load(std::memory_order_acquire)) all.push_back(sum(*row));
    }
    if (other_.is_used()) all.push_back(sum(other_));
    std::sort(all.begin(), all.end(),
              [](const sums& a, const sums& b) { return a.plain.operation < b.plain.operation; });
    return all;
  }

  static void write_percentiles(prometheus_writer& out, const sums& row) {
    for (const auto& [label, thousandths] : {std::pair{"50", 500u}, {"95", 950u}, {"99", 990u}, {"100", 1000u}}) {
      out.sample({{"operation", row.plain.operation}, {"percentile", label}},
                 seconds_text(row.latency.percentile(thousandths)));
    }
  }

  static void write_errors(prometheus_writer& out, const condition_counts& errors, metric_labels labels) {
    labels.emplace_back("condition", "");
    for (std::size_t i = 0; i < condition_counts::size; ++i) {
      const auto kind = static_cast<condition>(i);
      if (errors[kind] == 0) continue;
      labels.back().second = name_of(kind);
      out.sample(labels, errors[kind]);
    }
  }

  static void write_timed(prometheus_writer& out, const sums& row, std::string_view name, std::string_view help,
                          std::string_view errors_name, std::string_view errors_help) {
    out.family(name, "histogram", help);
    out.histogram_samples({}, row.latency);
    if (row.plain.errors.total() == 0) return;
    out.family(errors_name, "counter", errors_help);
    write_errors(out, row.plain.errors, {});
  }

  /// The row of a name; made when it is new. Null when there is no memory.
  metric_row* find(std::string_view name) noexcept {
    std::size_t hash = 14695981039346656037u;  // FNV-1a
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    for (std::size_t i = 0; i < capacity; ++i) {
      std::atomic<metric_row*>& place = rows_[(hash + i) % capacity];
      metric_row* row = place.load(std::memory_order_acquire);
      if (row == nullptr) row = insert(place, name);
      if (row == nullptr || row->name() == name) return row;
    }
    return &other_;
  }

  [[gnu::noinline]] static metric_row* insert(std::atomic<metric_row*>& place, std::string_view name) noexcept {
    try {
      auto made = std::make_unique<metric_row>(name);
      metric_row* found = nullptr;
      if (place.compare_exchange_strong(found, made.get(), std::memory_order_acq_rel)) return made.release();
      return found;
    } catch (...) {
      return nullptr;
    }
  }

  std::array<std::atomic<metric_row*>, capacity> rows_{};
  metric_row other_{"(other)"};
  metric_row connects_{{}};
  metric_row pool_waits_{{}};
  metric_counter disconnects_{0};
  metric_counter leak_warnings_{0};
};

}  // namespace dovetail::inline v0::detail
