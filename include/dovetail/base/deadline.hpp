// The point in time by which an operation must be over.
#pragma once

#include <chrono>

namespace dovetail::inline v0 {

/// The clock of every deadline, age and delay: monotonic.
using clock = std::chrono::steady_clock;

/// A point in time that bounds an operation and everything it waits for; `deadline::never()` does not bound it.
class deadline {
 public:
  /// Never passes.
  constexpr deadline() noexcept = default;
  constexpr explicit deadline(clock::time_point when) noexcept : when_(when) {}

  static constexpr deadline never() noexcept { return deadline{}; }

  /// The deadline `budget` from now; a budget that reaches past the clock's range never passes.
  static deadline after(clock::duration budget) noexcept {
    const clock::time_point now = clock::now();
    return budget >= (clock::time_point::max)() - now ? never() : deadline{now + budget};
  }

  constexpr bool is_never() const noexcept { return when_ == (clock::time_point::max)(); }
  constexpr clock::time_point when() const noexcept { return when_; }

  bool has_passed() const noexcept { return !is_never() && clock::now() >= when_; }

  /// Time left, never negative; `duration::max()` when the deadline never passes.
  clock::duration remaining() const noexcept {
    if (is_never()) return (clock::duration::max)();
    const clock::time_point now = clock::now();
    return now < when_ ? when_ - now : clock::duration::zero();  // no subtraction that could overflow
  }

  /// The earlier of two deadlines.
  friend constexpr deadline earlier(deadline a, deadline b) noexcept { return a.when_ < b.when_ ? a : b; }
  friend constexpr bool operator==(deadline, deadline) noexcept = default;

 private:
  clock::time_point when_ = (clock::time_point::max)();
};

}  // namespace dovetail::inline v0
