// The memory of a gateway's connections: what their answers take of a common budget, and buffers that shrink again.
#pragma once

#include <dovetail/base/buffer.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace dovetail::inline v0::workersql::serving {

/// What one connection has added to a sum, and to that of its principal; goes with it. Threads: one at a time; the sums
/// are everybody's.
class memory_share {
 public:
  explicit memory_share(std::atomic<std::size_t>& sum) noexcept : sum_(&sum) {}
  memory_share(const memory_share&) = delete;
  memory_share& operator=(const memory_share&) = delete;
  ~memory_share() { set(0); }

  /// From here on this is the principal's.
  void count_for(std::shared_ptr<std::atomic<std::size_t>> principals) noexcept {
    if (own_ == principals) return;
    if (own_) own_->fetch_sub(mine_, std::memory_order_relaxed);
    own_ = std::move(principals);
    if (own_) own_->fetch_add(mine_, std::memory_order_relaxed);
  }
  void set(std::size_t bytes) noexcept {
    sum_->fetch_add(bytes - mine_, std::memory_order_relaxed);  // modulo 2^64
    if (own_) own_->fetch_add(bytes - mine_, std::memory_order_relaxed);
    mine_ = bytes;
  }

 private:
  std::atomic<std::size_t>* sum_;
  std::shared_ptr<std::atomic<std::size_t>> own_;
  std::size_t mine_ = 0;
};

inline constexpr std::size_t kept_memory = 64 * 1024;  ///< that a connection which waits keeps of a buffer

/// Gives the memory of an unusually large request back.
inline void shrink(read_buffer& of) {
  if (of.capacity() <= kept_memory || of.committed().size() > kept_memory / 2) return;
  read_buffer smaller{of.maximum(), 4096};
  const byte_view rest = of.committed();
  if (!rest.empty() && smaller.prepare(rest.size())) {
    std::copy(rest.begin(), rest.end(), smaller.free().begin());
    smaller.commit(rest.size());
  }
  of = std::move(smaller);
}
inline void shrink(std::string& of) {
  if (of.capacity() > kept_memory) std::string{}.swap(of);  // an assignment would keep the memory
}

}  // namespace dovetail::inline v0::workersql::serving
