// How often somebody may ask: a bucket of tokens that fills as time passes.
#pragma once

#include <dovetail/base/deadline.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace dovetail::inline v0::workersql {

/// For each principal; for requests that are refused before one is known, for each address.
struct rate_limit {
  std::uint32_t requests = 0;  ///< in `window`, and so many at once; 0: any number
  std::chrono::seconds window{60};
};

namespace serving {

/// Threads: one at a time. Memory: bounded; whoever has not asked for a whole window is forgotten.
class rate_limiter {
 public:
  explicit rate_limiter(const rate_limit& limit, std::size_t most = 100'000) noexcept : limit_(limit), most_(most) {}

  /// 0: go on. Else: refused, and in so many seconds there is room again.
  std::uint32_t take(const std::string& who, clock::time_point now) {
    if (limit_.requests == 0) return 0;
    const double capacity = limit_.requests;
    const double rate = capacity / static_cast<double>((std::max)(limit_.window.count(), std::int64_t{1}));
    auto found = buckets_.find(who);
    if (found == buckets_.end()) {
      if (buckets_.size() >= most_) forget(now);
      if (buckets_.size() >= most_) return 1;
      found = buckets_.emplace(who, bucket{capacity, now}).first;
    }
    bucket& of = found->second;
    const double passed = std::chrono::duration<double>(now - of.at).count();
    of.tokens = (std::min)(capacity, of.tokens + passed * rate);
    of.at = now;
    if (of.tokens >= 1) {
      of.tokens -= 1;
      return 0;
    }
    return static_cast<std::uint32_t>((std::max)(1.0, std::ceil((1 - of.tokens) / rate)));
  }

  std::size_t size() const noexcept { return buckets_.size(); }

 private:
  struct bucket {
    double tokens;
    clock::time_point at;
  };

  void forget(clock::time_point now) {
    for (auto at = buckets_.begin(); at != buckets_.end();) {
      at = now - at->second.at >= limit_.window ? buckets_.erase(at) : std::next(at);
    }
  }

  rate_limit limit_;
  std::size_t most_;
  std::unordered_map<std::string, bucket> buckets_;
};

}  // namespace serving
}  // namespace dovetail::inline v0::workersql
