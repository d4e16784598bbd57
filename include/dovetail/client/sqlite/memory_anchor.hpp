// What keeps an in-memory database alive.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace dovetail::inline v0 {
namespace sqlite {

/// A handle of an in-memory database, closed with the last copy. By hand: std::shared_ptr is some hundred functions.
class memory_anchor {
 public:
  using close_function = void(void* handle) noexcept;

  /// Of no database.
  memory_anchor() noexcept = default;
  /// `handle()` is set by whoever opens the database.
  explicit memory_anchor(close_function* close) : shared_(new shared{close}) {}
  memory_anchor(const memory_anchor& other) noexcept : shared_(other.shared_) {
    if (shared_ != nullptr) shared_->owners.fetch_add(1, std::memory_order_relaxed);
  }
  memory_anchor(memory_anchor&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  memory_anchor& operator=(memory_anchor other) noexcept {
    std::swap(shared_, other.shared_);
    return *this;
  }
  ~memory_anchor() {
    if (shared_ != nullptr) release();
  }

  explicit operator bool() const noexcept { return shared_ != nullptr; }
  /// Only of an anchor that is one.
  void*& handle() noexcept { return shared_->handle; }

  friend bool operator==(const memory_anchor&, const memory_anchor&) noexcept = default;

 private:
  struct shared {
    close_function* close;
    void* handle = nullptr;
    std::atomic<std::uint32_t> owners{1};
  };

  [[gnu::cold, gnu::noinline]] void release() noexcept {
    if (shared_->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    shared_->close(shared_->handle);
    delete shared_;
  }

  shared* shared_ = nullptr;
};

}  // namespace sqlite
}  // namespace dovetail::inline v0
