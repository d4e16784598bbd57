// The dialogues around the operations: opening a connection, checking it, closing it.
#pragma once

#include <dovetail/codec/lensdb/exchange.hpp>

#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::lensdb {

/// Asks an open session whether its server still answers. In a dialect with one request a connection there is nothing
/// to ask: the question would use the connection up.
/// Errors: those of `exchange`, and the server's status.
/// Cancellation: the session is desynchronised afterwards.
template <dialect D>
class health_check {
 public:
  using value_type = void;

  explicit health_check(session_state& session) : session_(&session) {}

  action resume(const event& ev) {
    if constexpr (D::reply_ends_with_stream) {
      return action::done(ev.cancelled ? make_error_code(errc::cancelled) : ev.ec);
    } else {
      if (!exchange_) exchange_.emplace(*session_, any_request{.code = operation::ping});
      const action next = exchange_->resume(ev);
      if (next.what() != verb::done) return next;
      if (next.error()) {
        failure_ = exchange_->failure(next.error());
      } else if (exchange_->reply().status != status::success) {
        failure_ = {make_error_code(exchange_->reply().status), "PING"};
      }
      return action::done(failure_.code());
    }
  }

  void value() && noexcept {}
  error_info failure(std::error_code ec) const { return failure_ ? failure_ : error_info{ec}; }

 private:
  session_state* session_;
  std::optional<exchange<D>> exchange_;
  error_info failure_;
};

/// Connects and, where a connection serves more than one request, waits for the answer to a PING: a server that has too
/// many connections accepts and closes, and one that does not serve accepts and is silent. Both would otherwise
/// leave the outcome of the first SET unknown.
/// Errors: the transport's own, those of `exchange`.
/// Cancellation: the session is closed or desynchronised afterwards.
template <dialect D>
class startup {
 public:
  using value_type = void;

  explicit startup(session_state& session) : session_(&session), check_(session) {}

  action resume(const event& ev) {
    switch (step_) {
      case step::start:
        if (ev.cancelled) return action::done(errc::cancelled);
        session_->forget_reply();
        session_->set_health(session_health::closed);
        step_ = step::connecting;
        return action::connect();
      case step::connecting:
        if (ev.cancelled) return action::done(errc::cancelled);
        if (ev.ec) return action::done(ev.ec);
        session_->set_health(session_health::idle);
        step_ = step::checking;
        return judge(check_.resume({}));
      case step::checking:
        return judge(check_.resume(ev));
    }
    return action::done(errc::invalid_state);
  }

  void value() && noexcept {}
  error_info failure(std::error_code ec) const { return failure_ && failure_.code() == ec ? failure_ : error_info{ec}; }

 private:
  enum class step : std::uint8_t { start, connecting, checking };

  action judge(const action& next) {
    if (next.what() != verb::done || !next.error()) return next;
    failure_ = check_.failure(next.error());
    if (condition_of(next.error()) == condition::connection) {  // the end of the stream, or a reset by the same close
      failure_.with_context("the LensDB server closed the connection unused; it does that when it has too many");
    } else if (next.error() == errc::malformed_frame || next.error() == errc::unexpected_message) {
      failure_.with_context("the peer does not speak " + std::string{D::name} + ": " + std::string{failure_.context()});
    }
    return next;
  }

  session_state* session_;
  health_check<D> check_;
  step step_ = step::start;
  error_info failure_;
};

/// Closes the connection; the protocol has no farewell.
class closing {
 public:
  using value_type = void;

  explicit closing(session_state& session) noexcept : session_(&session) {}

  action resume(const event&) noexcept {
    if (std::exchange(is_asked_, true)) return action::done();
    session_->set_health(session_health::closed);
    return action::close();
  }
  void value() && noexcept {}

 private:
  session_state* session_;
  bool is_asked_ = false;
};

}  // namespace dovetail::inline v0::lensdb
