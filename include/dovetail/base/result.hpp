// A value or a failure, for callers who do not want exceptions.
#pragma once

#include <dovetail/base/assert.hpp>
#include <dovetail/base/error.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {

/// A value, or everything that is known of why there is none. `value()` throws `dt::error` when there is none.
template <class T>
class [[nodiscard]] result {
 public:
  using value_type = T;

  result(T value) : value_(std::move(value)) {}                 // NOLINT: a value is a result
  result(error_info failure) : failure_(std::move(failure)) {}  // NOLINT: so is a failure
  result(std::error_code code) : failure_(code) {}              // NOLINT
  result(errc code) : failure_(code) {}                         // NOLINT

  bool has_value() const noexcept { return value_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  /// Errors: throws `dt::error`.
  T& value() & { return check(), *value_; }
  const T& value() const& { return check(), *value_; }
  T&& value() && { return check(), *std::move(value_); }

  /// Without a check: only when `has_value()`.
  T& operator*() & noexcept {
    DOVETAIL_ASSERT(has_value());
    return *value_;
  }
  const T& operator*() const& noexcept {
    DOVETAIL_ASSERT(has_value());
    return *value_;
  }
  T&& operator*() && noexcept {
    DOVETAIL_ASSERT(has_value());
    return *std::move(value_);
  }
  T* operator->() noexcept { return &*value_; }
  const T* operator->() const noexcept { return &*value_; }

  template <class U>
  T value_or(U&& other) const& {
    return value_.value_or(std::forward<U>(other));
  }
  template <class U>
  T value_or(U&& other) && {
    return std::move(value_).value_or(std::forward<U>(other));
  }

  /// The failure; empty when there is a value.
  const error_info& error() const& noexcept { return failure_; }
  error_info&& error() && noexcept { return std::move(failure_); }
  error_info& error() & noexcept { return failure_; }

 private:
  void check() const {
    if (!value_) detail::throw_error(failure_);
  }

  std::optional<T> value_;
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
