// Ends a statement for whose answer nobody waits any more.
#pragma once

#include <atomic>
#include <mutex>

namespace dovetail::inline v0::workersql::serving {

/// One request's: asked for by whoever sees that its client has gone, heeded by whoever runs its statements. What ends
/// by a flag looks at `flag()`; what a server must be told registers itself while its statement runs. Threads: any.
class interruption {
 public:
  using tell_type = void (*)(void* whom) noexcept;

  /// Nothing further is begun, and what looks at the flag ends.
  void request() noexcept { flag_.store(true); }
  bool is_requested() const noexcept { return flag_.load(); }
  const std::atomic<bool>& flag() const noexcept { return flag_; }

  /// Until `unwatch`, `how(whom)` stops what runs. Who has registered must look at `is_requested` before it runs it.
  void watch(void* whom, tell_type how) noexcept {
    const std::lock_guard lock{mutex_};
    whom_ = whom;
    tell_ = how;
  }
  /// Waits for a `tell` that is under way: afterwards none reaches what runs next.
  void unwatch() noexcept {
    const std::lock_guard lock{mutex_};
    whom_ = nullptr;
  }

  /// Tells whoever has registered, and may wait for a server meanwhile. True when somebody was told; to be repeated
  /// until it is false, for a statement that was about to be sent is not stopped by what came before it.
  bool tell() noexcept {
    const std::lock_guard lock{mutex_};
    if (whom_ == nullptr) return false;
    tell_(whom_);
    return true;
  }

 private:
  std::atomic<bool> flag_{false};
  std::mutex mutex_;
  void* whom_ = nullptr;
  tell_type tell_ = nullptr;
};

}  // namespace dovetail::inline v0::workersql::serving
