// An object that is made later than its owner, in few functions: std::optional is some hundred templates for each type.
#pragma once

#include <memory>
#include <new>
#include <utility>

namespace dovetail::inline v0::detail {

/// What the library needs of std::optional for its own machines. Moved: the other one keeps what is left of its object.
template <class T>
class later {
 public:
  later() noexcept {}
  later(later&& other) noexcept {
    if (other.is_here_) emplace(std::move(*other));
  }
  later& operator=(later&& other) noexcept {
    if (this == &other) return *this;
    reset();
    if (other.is_here_) emplace(std::move(*other));
    return *this;
  }
  ~later() { reset(); }

  template <class... Arguments>
  T& emplace(Arguments&&... arguments) {
    reset();
    T* const made = ::new (static_cast<void*>(std::addressof(object_))) T(std::forward<Arguments>(arguments)...);
    is_here_ = true;
    return *made;
  }
  void reset() noexcept {
    if (!is_here_) return;
    is_here_ = false;
    object_.~T();
  }

  explicit operator bool() const noexcept { return is_here_; }
  T& operator*() noexcept { return object_; }
  const T& operator*() const noexcept { return object_; }
  T* operator->() noexcept { return std::addressof(object_); }
  const T* operator->() const noexcept { return std::addressof(object_); }

 private:
  union {
    T object_;
  };
  bool is_here_ = false;
};

}  // namespace dovetail::inline v0::detail
