// One owner of an object or an array, in few functions: std::unique_ptr is some hundred templates for each type.
#pragma once

#include <cstddef>
#include <utility>

namespace dovetail::inline v0::detail {

struct by_delete {
  template <class T>
  void operator()(T* made) const noexcept {
    delete made;
  }
};

/// What the library needs of std::unique_ptr for its own objects.
template <class T, class Deleter = by_delete>
class sole {
 public:
  sole() noexcept = default;
  explicit sole(T* made) noexcept : made_(made) {}
  sole(sole&& other) noexcept : made_(other.release()) {}
  sole& operator=(sole&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~sole() { reset(); }

  T* get() const noexcept { return made_; }
  T& operator*() const noexcept { return *made_; }
  T* operator->() const noexcept { return made_; }
  explicit operator bool() const noexcept { return made_ != nullptr; }

  T* release() noexcept { return std::exchange(made_, nullptr); }
  void reset(T* next = nullptr) noexcept {
    T* const last = std::exchange(made_, next);
    if (last != nullptr) Deleter{}(last);
  }

 private:
  T* made_ = nullptr;
};

/// The same for an array.
template <class T>
class sole_array {
 public:
  sole_array() noexcept = default;
  /// Bytes and other plain values are not set.
  explicit sole_array(std::size_t count) : first_(new T[count]) {}
  sole_array(sole_array&& other) noexcept : first_(std::exchange(other.first_, nullptr)) {}
  sole_array& operator=(sole_array&& other) noexcept {
    T* const last = std::exchange(first_, std::exchange(other.first_, nullptr));
    delete[] last;
    return *this;
  }
  ~sole_array() { delete[] first_; }

  T* get() const noexcept { return first_; }
  T& operator[](std::size_t at) const noexcept { return first_[at]; }

  void reset() noexcept { delete[] std::exchange(first_, nullptr); }

 private:
  T* first_ = nullptr;
};

}  // namespace dovetail::inline v0::detail
