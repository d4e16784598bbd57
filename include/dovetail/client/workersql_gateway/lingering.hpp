// How long a connection of a gateway that has said its last word still reads.
#pragma once

#include <dovetail/base/deadline.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace dovetail::inline v0::workersql::serving {

/// A socket that is closed with bytes which nobody has read resets its connection, and that may destroy an answer on
/// its way (RFC 9112 section 9.6). So what the peer still sends is read and thrown away: while it sends, for ten
/// seconds, and 64 MiB or what four bodies may have; a silent one, and any when the gateway stops, for two seconds.
class lingering {
 public:
  static constexpr clock::duration turn = std::chrono::seconds{2};
  static constexpr std::size_t at_once = 64 * 1024;

  explicit lingering(std::size_t body_limit) noexcept
      : most_((std::max)(body_limit / 16, std::size_t{1024 * 1024}) * 64) {}

  /// False when it was too much.
  bool take(std::size_t bytes) noexcept {
    has_come_ = has_come_ || bytes != 0;
    sum_ += bytes;
    return sum_ <= most_;
  }
  /// A turn is over: is there another one?
  bool goes_on() noexcept { return std::exchange(has_come_, false) && ++turns_ < 5; }

 private:
  std::size_t most_;
  std::size_t sum_ = 0;
  int turns_ = 0;
  bool has_come_ = false;
};

}  // namespace dovetail::inline v0::workersql::serving
