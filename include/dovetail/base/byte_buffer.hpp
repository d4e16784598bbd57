// The buffer that requests are written into: grows at its end, keeps its memory, does not zero it.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/lesser.hpp>
#include <dovetail/base/lesser.hpp>
#include <dovetail/base/sole.hpp>

#include <concepts>
#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {

/// A vector of bytes without the zeroing. Lifetime: `view()`, `data()` and what `grow` gave are valid until the next
/// call that grows it. Cost: amortised one copy a byte.
class byte_buffer {
 public:
  byte_buffer() noexcept = default;
  /// Leaves `other` empty and usable.
  byte_buffer(byte_buffer&& other) noexcept
      : memory_(std::move(other.memory_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  byte_buffer& operator=(byte_buffer&& other) noexcept {
    memory_ = std::move(other.memory_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  std::byte* data() noexcept { return memory_.get(); }
  const std::byte* data() const noexcept { return memory_.get(); }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  bool empty() const noexcept { return size_ == 0; }
  byte_view view() const noexcept { return {memory_.get(), size_}; }

  void clear() noexcept { size_ = 0; }
  /// Forgets what is behind the first `size` bytes.
  void truncate(std::size_t size) noexcept { size_ = detail::lesser(size_, size); }
  /// Gives the memory back.
  void release() noexcept {
    memory_.reset();
    size_ = capacity_ = 0;
  }

  void reserve(std::size_t capacity) {
    if (capacity > capacity_) reallocate(capacity);
  }

  /// Adds `count` bytes, which hold anything yet, and gives the place of the first.
  [[gnu::always_inline]] std::byte* grow(std::size_t count) {
    if (capacity_ - size_ < count) [[unlikely]]
      reallocate_for(count);
    std::byte* const at = memory_.get() + size_;
    size_ += count;
    return at;
  }

  [[gnu::always_inline]] void append(byte_view bytes) {
    if (!bytes.empty()) std::memcpy(grow(bytes.size()), bytes.data(), bytes.size());
  }
  void append(std::string_view text) { append(as_byte_view(text)); }

  /// An integer with the most significant byte first.
  template <std::unsigned_integral T>
  [[gnu::always_inline]] void append_big(T value) {
    store_big(grow(sizeof(T)), value);
  }

 private:
  [[gnu::noinline]] void reallocate_for(std::size_t count) {
    reallocate(detail::greater(std::size_t{256}, detail::greater(capacity_ * 2, size_ + count)));
  }
  void reallocate(std::size_t capacity) {
    detail::sole_array<std::byte> larger{capacity};
    if (size_ != 0) std::memcpy(larger.get(), memory_.get(), size_);
    memory_ = std::move(larger);
    capacity_ = capacity;
  }

  detail::sole_array<std::byte> memory_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace dovetail::inline v0
