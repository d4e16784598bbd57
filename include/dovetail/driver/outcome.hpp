// From a finished dialogue to the operation's result.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/sansio/machine.hpp>

#include <string>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace detail {

template <class M>
struct machine_value {
  using type = void;
};
template <value_machine M>
struct machine_value<M> {
  using type = typename M::value_type;
};

/// What the caller waits for: the machine's value, or void when it has none.
template <class M>
using machine_value_t = typename machine_value<std::remove_cvref_t<M>>::type;

/// A machine, given as a value or by reference.
template <class M>
concept runnable = machine<std::remove_reference_t<M>>;

/// How often a dialogue may go on asking after it was told of failures; then the driver ends it.
class patience {
 public:
  bool is_over() const noexcept { return failures_ >= 16; }
  std::error_code last() const noexcept { return last_; }

  void note(std::error_code ec) noexcept {
    if (ec) {
      last_ = ec;
      is_late_ = is_late_ || ec == errc::deadline_passed;
      ++failures_;
    } else if (!is_late_) {
      failures_ = 0;
    }
  }

 private:
  std::error_code last_;
  int failures_ = 0;
  bool is_late_ = false;
};

/// The time limit of what follows a connect.
inline deadline limit_of(const action& connecting, deadline by) noexcept {
  return connecting.delay() > clock::duration::zero() ? earlier(by, deadline::after(connecting.delay())) : by;
}

/// Says which of several peers is meant, to streams that have several.
template <class Stream>
void select_peer(Stream& stream, std::size_t target) {
  if constexpr (requires { stream.select(target); }) stream.select(target);
}

/// What a TLS stream knows for channel binding.
template <class Stream>
byte_view channel_binding_of(Stream& stream) {
  if constexpr (requires { stream.channel_binding(); }) {
    return stream.channel_binding();
  } else {
    return {};
  }
}

/// Adds who the peer was, unless the machine has said something better.
inline void add_peer(error_info& failure, std::string peer) {
  if (failure.context().empty() && !peer.empty()) failure.with_context(std::move(peer));
}

template <machine M, class Stream>
result<machine_value_t<M>> outcome_of(M& dialogue, std::error_code ec, const Stream& stream) {
  if (ec) {
    error_info failure = failure_of(dialogue, ec);
    if constexpr (requires { stream.peer(); }) {
      if (failure.kind() == condition::connection || failure.kind() == condition::timeout) {
        add_peer(failure, stream.peer());
      }
    }
    return failure;
  }
  if constexpr (std::is_void_v<machine_value_t<M>>) {
    return {};
  } else {
    return std::move(dialogue).value();
  }
}

}  // namespace detail
}  // namespace dovetail::inline v0
