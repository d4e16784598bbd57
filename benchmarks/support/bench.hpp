// Runs contestants in interleaved rounds and prints one line of JSON for each; include it in one source file of a
// program.
//
//   int main() {
//     bench::task task{"json_read"};
//     task.add("hand-written", items, [&] { …; return checksum; });   // the first one is the base of the ratios
//     task.add("dovetail", items, [&] { …; return checksum; });
//     return task.run();                                              // 1 when the checksums differ
//   }
//
// A contestant's function does the work of a whole round, `items` items. It returns nothing, or a checksum that must be
// the same for all contestants that return one. A function that takes a `bench::latencies&` may `add` the time of
// single items (`task.add("x", n, [&](bench::latencies& l) { const auto t = bench::wall_ns(); …; l.add(bench::wall_ns()
// - t); })`). CPU time is the process's, all threads; `task.of_thread()` counts the calling thread only (for a server
// in the process). BENCH_ROUNDS in the environment changes the number of rounds (at least 9 count; fewer are for trying
// things out).
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <time.h>

namespace bench {

inline std::uint64_t read_clock(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

inline std::uint64_t wall_ns() { return read_clock(CLOCK_MONOTONIC); }

/// Keeps `value` and what it points to from being optimised away.
template <class T>
inline void keep(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}

// Allocations are counted in a round of their own, so that the timed rounds pay one predictable branch only.
inline std::atomic<bool> counting{false};
inline std::atomic<std::uint64_t> allocations{0};

inline void* allocate(std::size_t size, std::size_t alignment) {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
  void* memory = nullptr;
  if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) {
    memory = std::malloc(size == 0 ? 1 : size);
  } else if (posix_memalign(&memory, alignment, size == 0 ? 1 : size) != 0) {
    memory = nullptr;
  }
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

/// The times of single items of one round.
class latencies {
 public:
  void add(std::uint64_t nanoseconds) { values_.push_back(nanoseconds); }
  void clear() { values_.clear(); }
  bool empty() const { return values_.empty(); }

  /// Microseconds that the share `of` (0…1) of the items did not exceed.
  double percentile(double of) {
    const auto at = static_cast<std::ptrdiff_t>(of * static_cast<double>(values_.size() - 1));
    std::nth_element(values_.begin(), values_.begin() + at, values_.end());
    return static_cast<double>(values_[static_cast<std::size_t>(at)]) / 1000.0;
  }

 private:
  std::vector<std::uint64_t> values_;
};

inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

class task {
 public:
  explicit task(std::string name, int rounds = 11) : name_(std::move(name)), rounds_(rounds) {
    if (const char* wanted = std::getenv("BENCH_ROUNDS")) rounds_ = std::max(1, std::atoi(wanted));
  }

  task& of_thread() {
    cpu_clock_ = CLOCK_THREAD_CPUTIME_ID;
    return *this;
  }

  /// `prepare` runs before each round of this contestant, outside the measured time.
  template <class Run>
  task& add(std::string name, std::size_t items, Run run, std::function<void()> prepare = {}) {
    contestant added;
    added.name = std::move(name);
    added.items = items;
    added.prepare = std::move(prepare);
    added.run = [run = std::move(run)](latencies& times) mutable -> std::optional<std::uint64_t> {
      if constexpr (std::is_invocable_v<Run&, latencies&>) {
        return call([&]() -> decltype(auto) { return run(times); });
      } else {
        (void)times;
        return call(run);
      }
    };
    contestants_.push_back(std::move(added));
    return *this;
  }

  /// Runs all rounds and prints the lines; the program's exit code.
  int run() {
    latencies times;
    std::optional<std::uint64_t> expected;
    int failures = 0;
    for (contestant& c : contestants_) {  // a warm-up that counts allocations and compares checksums
      if (c.prepare) c.prepare();
      times.clear();
      allocations = 0;
      counting = true;
      const std::optional<std::uint64_t> checksum = c.run(times);
      counting = false;
      // The vector of latencies is ours, not the contestant's: without it in the next round the count is exact.
      if (!times.empty()) {
        if (c.prepare) c.prepare();
        times.clear();
        allocations = 0;
        counting = true;
        c.run(times);
        counting = false;
      }
      c.allocations = static_cast<double>(allocations.load()) / static_cast<double>(c.items);
      if (checksum && expected && *checksum != *expected) {
        std::fprintf(stderr, "%s: the checksum of \"%s\" differs from the first contestant's\n", name_.c_str(),
                     c.name.c_str());
        failures = 1;
      }
      if (checksum && !expected) expected = checksum;
    }
    for (int round = 0; round < rounds_; ++round) {
      for (std::size_t i = 0; i < contestants_.size(); ++i) {  // each round starts with another contestant
        contestant& c = contestants_[(i + static_cast<std::size_t>(round)) % contestants_.size()];
        if (c.prepare) c.prepare();
        times.clear();
        const std::uint64_t wall = wall_ns();
        const std::uint64_t cpu = read_clock(cpu_clock_);
        c.run(times);
        const std::uint64_t cpu_after = read_clock(cpu_clock_);
        const std::uint64_t wall_after = wall_ns();
        c.cpu.push_back(static_cast<double>(cpu_after - cpu) / static_cast<double>(c.items));
        c.wall.push_back(static_cast<double>(wall_after - wall) / static_cast<double>(c.items));
        if (!times.empty()) {
          c.p50.push_back(times.percentile(0.50));
          c.p99.push_back(times.percentile(0.99));
        }
      }
    }
    for (const contestant& c : contestants_) print(c);
    return failures;
  }

 private:
  struct contestant {
    std::string name;
    std::size_t items = 1;
    std::function<void()> prepare;
    std::function<std::optional<std::uint64_t>(latencies&)> run;
    double allocations = 0;
    std::vector<double> cpu, wall, p50, p99;
  };

  template <class Run>
  static std::optional<std::uint64_t> call(Run&& run) {
    if constexpr (std::is_void_v<decltype(run())>) {
      run();
      return std::nullopt;
    } else {
      return static_cast<std::uint64_t>(run());
    }
  }

  // A ratio is the median of the rounds' ratios: what slows the whole machine down for a while cancels out.
  static double ratio(const std::vector<double>& mine, const std::vector<double>& base) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < mine.size(); ++i) ratios.push_back(base[i] > 0 ? mine[i] / base[i] : 0);
    return median(std::move(ratios));
  }

  void print(const contestant& c) const {
    const contestant& base = contestants_.front();
    std::printf(
        "{\"task\":\"%s\",\"contestant\":\"%s\",\"cpu_ns_per_item\":%.2f,\"cpu_ratio\":%.3f,\"wall_ratio\":%.3f",
        name_.c_str(), c.name.c_str(), median(c.cpu), ratio(c.cpu, base.cpu), ratio(c.wall, base.wall));
    std::printf(",\"allocations_per_item\":%.2f", c.allocations);
    if (c.p50.empty()) {
      std::printf(",\"p50_us\":null,\"p99_us\":null}\n");
    } else {
      std::printf(",\"p50_us\":%.2f,\"p99_us\":%.2f}\n", median(c.p50), median(c.p99));
    }
    std::fflush(stdout);
  }

  std::string name_;
  int rounds_;
  clockid_t cpu_clock_ = CLOCK_PROCESS_CPUTIME_ID;
  std::vector<contestant> contestants_;
};

}  // namespace bench

void* operator new(std::size_t size) { return bench::allocate(size, 0); }
void* operator new[](std::size_t size) { return bench::allocate(size, 0); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return bench::allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return bench::allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
