// A value or a failure, for callers who do not want exceptions.
#pragma once

#include <dovetail/base/assert.hpp>
#include <dovetail/base/error.hpp>

#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {

/// A value, or everything that is known of why there is none. `value()` throws `dt::error` when there is none.
template <class T>
class [[nodiscard]] result {
 public:
  using value_type = T;

  result(T&& value) : value_(std::move(value)), has_value_(true) {}  // NOLINT: a value is a result
  result(const T& value) requires std::is_copy_constructible_v<T> : value_(value), has_value_(true) {}  // NOLINT
  result(error_info failure) : failure_(std::move(failure)) {}  // NOLINT: so is a failure
  result(std::error_code code) : failure_(code) {}              // NOLINT
  result(errc code) : failure_(code) {}                         // NOLINT

  result(const result& other) requires std::is_copy_constructible_v<T> : failure_(other.failure_) {
    if (other.has_value_) make(other.value_);
  }
  /// The other keeps its value, moved from, if it had one.
  result(result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) : failure_(std::move(other.failure_)) {
    if (other.has_value_) make(std::move(other.value_));
  }
  result& operator=(const result& other) requires std::is_copy_constructible_v<T> {
    if (this != &other) *this = result{other};  // as it was when copying throws
    return *this;
  }
  result& operator=(result&& other) noexcept(std::is_nothrow_move_constructible_v<T>) {
    if (this != &other) {
      drop();
      failure_ = std::move(other.failure_);
      if (other.has_value_) make(std::move(other.value_));
    }
    return *this;
  }
  ~result() { drop(); }

  bool has_value() const noexcept { return has_value_; }
  explicit operator bool() const noexcept { return has_value(); }

  /// Errors: throws `dt::error`.
  T& value() & { return check(), value_; }
  const T& value() const& { return check(), value_; }
  T&& value() && { return check(), std::move(value_); }

  /// Without a check: only when `has_value()`.
  T& operator*() & noexcept {
    DOVETAIL_ASSERT(has_value());
    return value_;
  }
  const T& operator*() const& noexcept {
    DOVETAIL_ASSERT(has_value());
    return value_;
  }
  T&& operator*() && noexcept {
    DOVETAIL_ASSERT(has_value());
    return std::move(value_);
  }
  T* operator->() noexcept { return std::addressof(**this); }
  const T* operator->() const noexcept { return std::addressof(**this); }

  template <class U>
  T value_or(U&& other) const& {
    return has_value_ ? value_ : static_cast<T>(std::forward<U>(other));
  }
  template <class U>
  T value_or(U&& other) && {
    return has_value_ ? std::move(value_) : static_cast<T>(std::forward<U>(other));
  }

  /// The failure; empty when there is a value.
  const error_info& error() const& noexcept { return failure_; }
  error_info&& error() && noexcept { return std::move(failure_); }
  error_info& error() & noexcept { return failure_; }

 private:
  void check() const {
    if (!has_value_) detail::throw_error(failure_);
  }
  template <class U>
  void make(U&& value) {
    ::new (static_cast<void*>(std::addressof(value_))) T(std::forward<U>(value));
    has_value_ = true;
  }
  void drop() noexcept {
    if (has_value_) value_.~T();
    has_value_ = false;
  }

  // By hand: std::optional is some fifty functions for each type.
  union {
    T value_;
  };
  bool has_value_ = false;
  error_info failure_;
};

/// Success without a value, or a failure.
template <>
class [[nodiscard]] result<void> {
 public:
  using value_type = void;

  result() noexcept = default;
  result(error_info failure) : failure_(std::move(failure)) {}  // NOLINT
  result(std::error_code code) : failure_(code) {}              // NOLINT
  result(errc code) : failure_(code) {}                         // NOLINT

  bool has_value() const noexcept { return !failure_; }
  explicit operator bool() const noexcept { return has_value(); }
  void value() const {
    if (failure_) detail::throw_error(failure_);
  }
  const error_info& error() const& noexcept { return failure_; }
  error_info&& error() && noexcept { return std::move(failure_); }
  error_info& error() & noexcept { return failure_; }

 private:
  error_info failure_;
};

}  // namespace dovetail::inline v0
