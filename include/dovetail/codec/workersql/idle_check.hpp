// Looks at an idle connection before a request is written on it, and opens it again when its peer has done with it.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/codec/workersql/session.hpp>
#include <dovetail/codec/workersql/startup.hpp>
#include <dovetail/sansio/machine.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::workersql {

/// Ends well when a request can be written: the connection is open, and nothing has come on it that nobody asked for.
/// A connection that the peer has ended meanwhile, or on which bytes wait that could answer anything (RFC 9112 section
/// 9.3: a late answer, a 408 to nobody), is opened again, once, with the session's body kept; nothing has been written
/// by then, so that a write is as safe on the fresh one. What comes between this look and the request cannot be told
/// from its answer. Cost: one system call that does not wait.
/// Errors: errc::invalid_state when the last dialogue broke; errc::invalid_option for what HTTP cannot send; those of
/// `startup`.
class idle_check {
 public:
  using value_type = void;

  explicit idle_check(session& on) noexcept : on_(&on) {}

  action resume(const event& ev) {
    if (again_) return open(ev);
    if (ev.cancelled) return finish(dovetail::errc::cancelled);
    if (!is_looking_) return look();
    if (ev.ec == dovetail::errc::deadline_passed) return finish(ev.ec);
    if (!ev.ec && ev.bytes == 0) return action::done();
    body_ = std::move(on_->body());
    again_.emplace(*on_);
    return open({});
  }

  void value() && noexcept {}
  error_info failure(std::error_code ec) const {
    if (again_) return again_->failure(ec);
    return failure_ && failure_.code() == ec ? failure_ : error_info{ec};
  }

 private:
  action look() {
    if (on_->refusal()) return finish(on_->refusal());
    if (on_->health() != session_health::idle) {
      return finish({dovetail::errc::invalid_state, "the connection is not open, or its last dialogue broke"});
    }
    is_looking_ = true;
    on_->input().clear();
    if (!on_->input().prepare(1)) return finish(dovetail::errc::frame_too_large);
    return action::look(on_->input().free());
  }
  [[gnu::cold, gnu::noinline]] action open(const event& ev) {
    const action next = again_->resume(ev);
    if (next.what() == verb::done) on_->body() = std::move(body_);
    return next;
  }
  [[gnu::cold]] action finish(error_info failure) {
    failure_ = std::move(failure);
    return action::done(failure_.code());
  }

  session* on_;
  bool is_looking_ = false;
  std::optional<startup> again_;
  std::string body_;
  error_info failure_;
};

static_assert(value_machine<idle_check>);

}  // namespace dovetail::inline v0::workersql
