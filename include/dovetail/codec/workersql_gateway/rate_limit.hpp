// How often somebody may ask: a bucket of tokens that fills as time passes.
#pragma once

#include <dovetail/base/deadline.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <string>
#include <unordered_map>

namespace dovetail::inline v0::workersql {

/// For each principal; for requests that are refused before one is known, for each address.
struct rate_limit {
  std::uint32_t requests = 0;  ///< in `window`, and so many at once; 0: any number
  std::chrono::seconds window{60};
};

namespace serving {

/// Threads: one at a time. Memory: bounded; whoever has not asked for a whole window is forgotten, and when there is no
/// room for another one, whoever has not asked for the longest time. Cost: the same with any number of them.
class rate_limiter {
 public:
  explicit rate_limiter(const rate_limit& limit, std::size_t most = 100'000) noexcept : limit_(limit), most_(most) {}

  /// 0: go on. Else: refused, and in so many seconds there is room again.
  std::uint32_t take(const std::string& who, clock::time_point now) {
    if (limit_.requests == 0) return 0;
    const double capacity = limit_.requests;
    const double rate = capacity / static_cast<double>((std::max)(limit_.window, std::chrono::seconds{1}).count());
    auto found = known_.find(who);
    if (found == known_.end()) {
      // Two for one: a crowd that has gone is forgotten while others come.
      for (int i = 0; i < 2 && !buckets_.empty() && now - buckets_.front().at >= limit_.window; ++i) forget_oldest();
      if (buckets_.size() >= most_) forget_oldest();
      buckets_.push_back({who, capacity, now});
      found = known_.emplace(who, std::prev(buckets_.end())).first;
    } else {
      buckets_.splice(buckets_.end(), buckets_, found->second);
    }
    bucket& of = *found->second;
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
    std::string who;
    double tokens;
    clock::time_point at;
  };

  void forget_oldest() {
    if (buckets_.empty()) return;
    known_.erase(buckets_.front().who);
    buckets_.pop_front();
  }

  rate_limit limit_;
  std::size_t most_;
  std::list<bucket> buckets_;  // who has asked last is the last
  std::unordered_map<std::string, std::list<bucket>::iterator> known_;
};

}  // namespace serving
}  // namespace dovetail::inline v0::workersql
