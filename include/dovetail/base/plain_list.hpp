// A growing array of plain values, in few functions: std::vector is some seventy for each type that it holds.
#pragma once

#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <new>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0::detail {

/// The memory of a `plain_list`, which does not know what is in it.
class plain_memory {
 public:
  plain_memory() noexcept = default;
  plain_memory(const plain_memory& other) {
    if (other.used_ != 0) std::memcpy(add(other.used_), other.first_, other.used_);
  }
  plain_memory(plain_memory&& other) noexcept : first_(other.first_), used_(other.used_), room_(other.room_) {
    other.first_ = nullptr;
    other.used_ = other.room_ = 0;
  }
  plain_memory& operator=(plain_memory other) noexcept {
    std::swap(first_, other.first_);
    std::swap(used_, other.used_);
    std::swap(room_, other.room_);
    return *this;
  }
  ~plain_memory() {
    if (first_ != nullptr) ::operator delete(first_);
  }

 protected:
  /// Room for so many bytes more, behind those that are used; the bytes are not set.
  [[gnu::noinline]] void* add(std::size_t bytes) {
    if (room_ - used_ < bytes) {
      const std::size_t room = used_ + bytes > 2 * room_ ? used_ + bytes : 2 * room_;
      void* const larger = ::operator new(room);
      if (used_ != 0) std::memcpy(larger, first_, used_);
      ::operator delete(first_);
      first_ = larger;
      room_ = room;
    }
    used_ += bytes;
    return static_cast<std::byte*>(first_) + (used_ - bytes);
  }

  void* first_ = nullptr;
  std::size_t used_ = 0;
  std::size_t room_ = 0;
};

/// What the library needs of std::vector, for types that are copied as bytes.
template <class T>
class plain_list : public plain_memory {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= alignof(std::max_align_t));

 public:
  using value_type = T;

  plain_list() noexcept = default;
  plain_list(std::initializer_list<T> values) {
    for (const T& each : values) push_back(each);
  }

  std::size_t size() const noexcept { return used_ / sizeof(T); }
  bool empty() const noexcept { return used_ == 0; }
  T* data() noexcept { return static_cast<T*>(first_); }
  const T* data() const noexcept { return static_cast<const T*>(first_); }
  T* begin() noexcept { return data(); }
  const T* begin() const noexcept { return data(); }
  T* end() noexcept { return data() + size(); }
  const T* end() const noexcept { return data() + size(); }
  T& operator[](std::size_t index) noexcept { return data()[index]; }
  const T& operator[](std::size_t index) const noexcept { return data()[index]; }

  void push_back(const T& value) {
    const T copy = value;  // it may be one of this list
    ::new (add(sizeof(T))) T(copy);
  }
  /// Only to more than there are.
  void grow(std::size_t count) {
    for (std::size_t i = size(); i < count; ++i) ::new (add(sizeof(T))) T{};
  }
};

}  // namespace dovetail::inline v0::detail
