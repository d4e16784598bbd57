// A histogram of durations of a fixed size: every bucket at most a sixteenth wide, counted without a lock.
#pragma once

#include <dovetail/base/deadline.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace dovetail::inline v0 {

/// What is known of a number of durations. A percentile is at most 6.3 % above the true one, and never above `max`;
/// of durations over 18 minutes only the longest is known.
struct duration_summary {
  std::uint64_t count = 0;
  clock::duration total{};
  clock::duration average{};
  clock::duration p50{};
  clock::duration p95{};
  clock::duration p99{};
  clock::duration max{};

  friend bool operator==(const duration_summary&, const duration_summary&) noexcept = default;
};

namespace detail {

/// The buckets: nanoseconds 1 to 32 have one each, and then every doubling has 16, up to 2^40 ns (18 minutes).
/// A bucket includes its upper edge, as Prometheus wants it.
struct histogram_scale {
  static constexpr unsigned fine_bits = 4;
  static constexpr unsigned top_bits = 40;
  static constexpr std::size_t size = ((top_bits - fine_bits) << fine_bits) + (std::size_t{1} << fine_bits);

  /// Zero counts as one nanosecond; what is longer than the scale goes into the last bucket.
  static constexpr std::size_t index(std::uint64_t nanoseconds) noexcept {
    const std::uint64_t value = nanoseconds == 0 ? 0 : nanoseconds - 1;
    if (value >= (std::uint64_t{1} << top_bits)) return size - 1;
    const unsigned width = static_cast<unsigned>(std::bit_width(value));
    const unsigned shift = width > fine_bits + 1 ? width - (fine_bits + 1) : 0;
    return (static_cast<std::size_t>(shift) << fine_bits) + static_cast<std::size_t>(value >> shift);
  }

  /// The longest duration that the bucket takes.
  static constexpr std::uint64_t upper_edge(std::size_t index) noexcept {
    const std::size_t block = index >> fine_bits;
    if (block < 2) return index + 1;
    const unsigned shift = static_cast<unsigned>(block - 1);
    const std::uint64_t lead = (index & ((std::size_t{1} << fine_bits) - 1)) + (std::uint64_t{1} << fine_bits);
    return (lead + 1) << shift;
  }
};

/// Counters of a histogram as plain numbers.
class histogram_counts {
 public:
  histogram_counts() : buckets_(std::make_unique<std::array<std::uint64_t, histogram_scale::size>>()) {
    buckets_->fill(0);
  }

  void add(std::size_t bucket, std::uint64_t count) noexcept { (*buckets_)[bucket] += count, count_ += count; }
  void add_total(std::uint64_t nanoseconds) noexcept { total_ += nanoseconds; }
  void include_max(std::uint64_t nanoseconds) noexcept { max_ = nanoseconds > max_ ? nanoseconds : max_; }

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t total() const noexcept { return total_; }
  std::uint64_t(max)() const noexcept { return max_; }

  /// How many took at most `edge`, which must be a power of two: then it is exact.
  std::uint64_t count_up_to(std::uint64_t edge) const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < histogram_scale::size && histogram_scale::upper_edge(i) <= edge; ++i) {
      sum += (*buckets_)[i];
    }
    return sum;
  }

  /// What the given share (in thousandths) of all did not exceed.
  std::uint64_t percentile(std::uint64_t thousandths) const noexcept {
    const std::uint64_t rank = (count_ * thousandths + 999) / 1000;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < histogram_scale::size; ++i) {
      seen += (*buckets_)[i];
      if (seen >= rank && seen != 0) {
        const bool is_last = i + 1 == histogram_scale::size;
        return is_last || histogram_scale::upper_edge(i) > max_ ? max_ : histogram_scale::upper_edge(i);
      }
    }
    return 0;
  }

  duration_summary summary() const noexcept {
    const auto duration = [](std::uint64_t ns) { return clock::duration{static_cast<clock::rep>(ns)}; };
    duration_summary result;
    result.count = count_;
    result.total = duration(total_);
    result.average = duration(count_ == 0 ? 0 : total_ / count_);
    result.p50 = duration(percentile(500));
    result.p95 = duration(percentile(950));
    result.p99 = duration(percentile(990));
    result.max = duration(max_);
    return result;
  }

 private:
  std::unique_ptr<std::array<std::uint64_t, histogram_scale::size>> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t total_ = 0;
  std::uint64_t max_ = 0;
};

/// Counters that any number of threads may add to.
class histogram {
 public:
  void record(clock::duration duration) noexcept {
    const std::uint64_t ns = duration.count() < 0 ? 0 : static_cast<std::uint64_t>(duration.count());
    buckets_[histogram_scale::index(ns)].fetch_add(1, std::memory_order_relaxed);
    total_.fetch_add(ns, std::memory_order_relaxed);
    std::uint64_t seen = max_.load(std::memory_order_relaxed);
    while (ns > seen && !max_.compare_exchange_weak(seen, ns, std::memory_order_relaxed)) {
    }
  }

  void add_to(histogram_counts& counts) const noexcept {
    for (std::size_t i = 0; i < histogram_scale::size; ++i) {
      if (const auto count = buckets_[i].load(std::memory_order_relaxed); count != 0) counts.add(i, count);
    }
    counts.add_total(total_.load(std::memory_order_relaxed));
    counts.include_max(max_.load(std::memory_order_relaxed));
  }

 private:
  std::array<std::atomic<std::uint64_t>, histogram_scale::size> buckets_{};
  std::atomic<std::uint64_t> total_{0};
  std::atomic<std::uint64_t> max_{0};
};

}  // namespace detail
}  // namespace dovetail::inline v0
