// The buffer that replies are read into: consumed bytes, then committed ones, then free space, up to a maximum.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/lesser.hpp>
#include <dovetail/base/sole.hpp>

#include <cstddef>
#include <cstring>
#include <utility>

namespace dovetail::inline v0 {

/// A growing byte queue with a hard maximum; memory is not zeroed.
/// Lifetime: `committed()`, `filled()` and `free()` are valid until the next `prepare()`, `consume()` or `clear()`.
/// Cost: only the unread tail is moved, and only when the space behind it is too small.
class read_buffer {
 public:
  explicit read_buffer(std::size_t maximum, std::size_t initial = 4096) noexcept
      : maximum_(maximum), initial_(detail::lesser(initial, maximum)) {}
  /// Leaves `other` empty and usable.
  read_buffer(read_buffer&& other) noexcept
      : memory_(std::move(other.memory_)),
        capacity_(std::exchange(other.capacity_, 0)),
        begin_(std::exchange(other.begin_, 0)),
        end_(std::exchange(other.end_, 0)),
        maximum_(other.maximum_),
        initial_(other.initial_) {}
  read_buffer& operator=(read_buffer&& other) noexcept {
    memory_ = std::move(other.memory_);
    capacity_ = std::exchange(other.capacity_, 0);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    maximum_ = other.maximum_;
    initial_ = other.initial_;
    return *this;
  }

  byte_view committed() const noexcept { return {memory_.get() + begin_, end_ - begin_}; }
  /// The committed bytes, for what is decoded in place.
  byte_span filled() noexcept { return {memory_.get() + begin_, end_ - begin_}; }
  byte_span free() noexcept { return {memory_.get() + end_, capacity_ - end_}; }
  std::size_t maximum() const noexcept { return maximum_; }
  std::size_t capacity() const noexcept { return capacity_; }

  /// Makes room for at least `bytes` (at least one) behind the committed bytes; false when the maximum forbids it.
  bool prepare(std::size_t bytes) {
    if (bytes == 0) bytes = 1;
    if (capacity_ - end_ >= bytes) return true;
    const std::size_t used = end_ - begin_;
    if (bytes > maximum_ - detail::lesser(used, maximum_)) return false;
    if (capacity_ - used >= bytes && begin_ != 0) {
      std::memmove(memory_.get(), memory_.get() + begin_, used);
    } else {
      const std::size_t wanted = detail::greater(initial_, detail::greater(used + bytes, capacity_ * 2));
      const std::size_t grown = detail::lesser(maximum_, wanted);
      detail::sole_array<std::byte> larger{grown};
      if (used != 0) std::memcpy(larger.get(), memory_.get() + begin_, used);
      memory_ = std::move(larger);
      capacity_ = grown;
    }
    begin_ = 0;
    end_ = used;
    return true;
  }

  /// Says that `bytes` of `free()` now hold data.
  void commit(std::size_t bytes) noexcept { end_ += detail::lesser(bytes, capacity_ - end_); }

  /// Forgets the first `bytes` of `committed()`.
  void consume(std::size_t bytes) noexcept {
    begin_ += detail::lesser(bytes, end_ - begin_);
    if (begin_ == end_) begin_ = end_ = 0;
  }

  /// Forgets what is behind the first `size` bytes of `committed()`.
  void truncate(std::size_t size) noexcept { end_ = begin_ + detail::lesser(size, end_ - begin_); }

  void clear() noexcept { begin_ = end_ = 0; }

 private:
  detail::sole_array<std::byte> memory_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t maximum_;
  std::size_t initial_;
};

}  // namespace dovetail::inline v0
