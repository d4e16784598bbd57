// One connection's side of LensDB: makes the dialogues that a wire connection drives.
#pragma once

#include <dovetail/codec/lensdb/lifecycle.hpp>
#include <dovetail/codec/lensdb/perform.hpp>
#include <dovetail/codec/lensdb/session_state.hpp>

namespace dovetail::inline v0::lensdb {

/// The session of a connection. Lifetime: its machines borrow it, so it stays where it is while one of them lives.
template <dialect D>
class session {
 public:
  explicit session(const session_limits& limits) : state_(limits, D::default_request_limit, D::reply_header_size) {}
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  startup<D> open() { return startup<D>{state_}; }
  health_check<D> ping() { return health_check<D>{state_}; }
  closing quit() noexcept { return closing{state_}; }

  /// Lifetime: borrows `asked` until the dialogue is over.
  template <class Operation>
  perform<D, Operation> start(const Operation& asked) {
    return perform<D, Operation>{state_, asked};
  }

  session_health health() const noexcept { return state_.health(); }
  session_state& state() noexcept { return state_; }

 private:
  session_state state_;
};

}  // namespace dovetail::inline v0::lensdb
