// What a metrics observer has counted, as plain values.
#pragma once

#include <dovetail/base/condition.hpp>
#include <dovetail/policy/histogram.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace dovetail::inline v0 {

/// Failures by kind.
class condition_counts {
 public:
  static constexpr std::size_t size = static_cast<std::size_t>(condition::server) + 1;

  std::uint64_t operator[](condition kind) const noexcept { return counts_[index(kind)]; }
  void add(condition kind, std::uint64_t count) noexcept { counts_[index(kind)] += count; }
  std::uint64_t total() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t each : counts_) sum += each;
    return sum;
  }

  /// The place of a kind in a table of counters; place 0 takes what is no kind.
  static constexpr std::size_t index(condition kind) noexcept {
    const auto at = static_cast<std::size_t>(kind);
    return at < size ? at : 0;
  }

  friend bool operator==(const condition_counts&, const condition_counts&) noexcept = default;

 private:
  std::array<std::uint64_t, size> counts_{};
};

/// The counters of one verb.
struct operation_metrics {
  std::string operation;
  duration_summary latency;           ///< of all attempts; `count` is their number
  std::uint64_t failed_attempts = 0;  ///< attempts that ended with an error
  std::uint64_t retries = 0;          ///< attempts that followed a failed one
  condition_counts errors;            ///< what callers got, after all attempts
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
};

/// A snapshot of all counters.
struct metrics_snapshot {
  std::vector<operation_metrics> operations;  ///< by name
  duration_summary connects;                  ///< that succeeded
  condition_counts connect_errors;
  std::uint64_t disconnects = 0;
  duration_summary pool_waits;        ///< callers that found no free connection
  condition_counts pool_wait_errors;  ///< and got none in the end
  std::uint64_t leak_warnings = 0;
};

}  // namespace dovetail::inline v0
