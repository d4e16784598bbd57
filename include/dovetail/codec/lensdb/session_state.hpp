// What one connection to a LensDB server remembers between its dialogues.
#pragma once

#include <dovetail/base/buffer.hpp>
#include <dovetail/base/health.hpp>

#include <cstddef>
#include <vector>

namespace dovetail::inline v0::lensdb {

/// The limits that a session keeps, whatever the peer says.
struct session_limits {
  std::size_t request = 0;                    ///< of header, key and value together; 0: what the dialect says
  std::size_t reply_data = 64 * 1024 * 1024;  ///< KEYS of a large store is the largest reply
  std::size_t reply_message = 64 * 1024;
  bool has_setex = false;  ///< the real server never answers SETEX, so the user must say that this one does

  /// The same, where the dialect decides.
  session_limits with_default(std::size_t default_request) const noexcept {
    session_limits whole = *this;
    if (whole.request == 0) whole.request = default_request;
    return whole;
  }
};

/// Buffers, limits and health of one connection; its dialogues borrow it, one after the other.
class session_state {
 public:
  session_state(const session_limits& limits, std::size_t default_request_limit, std::size_t reply_header_size)
      : limits_(limits.with_default(default_request_limit)),
        input_(longest(limits.reply_data, longest(limits.reply_message, reply_header_size + 1))) {}

  const session_limits& limits() const noexcept { return limits_; }
  read_buffer& input() noexcept { return input_; }
  std::vector<std::byte>& output() noexcept { return output_; }

  session_health health() const noexcept { return health_; }
  void set_health(session_health health) noexcept { health_ = health; }

  /// Forgets the last reply, and gives the memory of an unusually large one back.
  void forget_reply() {
    if (input_.committed().size() > kept_) {
      input_ = read_buffer(input_.maximum());
    } else {
      input_.clear();
    }
  }

 private:
  static constexpr std::size_t kept_ = 256 * 1024;

  /// The sum, also of limits that are none.
  static constexpr std::size_t longest(std::size_t a, std::size_t b) noexcept {
    return a > std::size_t(-1) - b ? std::size_t(-1) : a + b;
  }

  session_limits limits_;
  read_buffer input_;
  std::vector<std::byte> output_;
  session_health health_ = session_health::closed;
};

}  // namespace dovetail::inline v0::lensdb
