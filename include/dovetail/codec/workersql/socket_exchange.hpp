// One message and its answer over a WebSocket: what an exchange is inside of a transaction.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/codec/workersql/errc.hpp>
#include <dovetail/codec/workersql/failure.hpp>
#include <dovetail/codec/workersql/session.hpp>
#include <dovetail/format/websocket/frame_writer.hpp>
#include <dovetail/format/websocket/message_reader.hpp>
#include <dovetail/sansio/machine.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::workersql {

/// Begins a message of the SDKs' dialect in the session's body: {'type':'query','id':'7','transactionId':'…'; the
/// members of `rest` (an object's text, or nothing) follow.
[[gnu::noinline]] inline std::string socket_message(session& on, std::string_view type, std::string_view rest = {}) {
  socket_state& state = *on.socket();
  std::string text;
  dovetail::detail::append_parts(
      text, {"{\"type\":\"", type, "\",\"id\":\"", dovetail::detail::number_text{++state.last_id}, "\""});
  // The gateway's own name of the transaction comes back as it came; what needs an escape is refused when it comes.
  if (!state.transaction_id.empty()) {
    dovetail::detail::append_parts(text, {",\"transactionId\":\"", state.transaction_id, "\""});
  }
  if (rest.size() > 2) {
    text += ',';
    text += rest.substr(1);
  } else {
    text += '}';
  }
  return text;
}

/// Sends the session's body as a text message and reads the next one; pings are answered meanwhile. Before that it
/// looks at what has come already: a message that nobody asked for is no answer, and after a farewell nothing is sent.
/// Errors: gateway_errc::not_a_gateway for what RFC 6455 forbids; errc::connection_closed when the gateway ends the
/// WebSocket, which is answered (section 5.5.1), or gateway_errc::too_large when it says that;
/// errc::unexpected_message; errc::frame_too_large beyond `responseLimit`; the transport's own. When the message cannot
/// be sent what the gateway said before is read: why it leaves, as a rule. Nothing is executed
/// twice by a repetition, for there is none: a transaction is over when its connection is. Cancellation: the session is
/// desynchronised afterwards, unless nothing was sent.
class socket_exchange {
 public:
  using value_type = std::string_view;  // borrows from the session until its next dialogue

  explicit socket_exchange(session& on) noexcept : on_(&on) {}

  action resume(const event& ev) {
    if (ev.cancelled) return finish(dovetail::errc::cancelled);
    if (step_ == step::leaving) return finish(std::move(farewell_));
    if (step_ == step::sending && ev.ec && ev.ec != dovetail::errc::deadline_passed && !broken_by_) {
      broken_by_ = ev.ec;
      return read(1);
    }
    if (ev.ec) {
      if (ev.ec != dovetail::errc::deadline_passed) on_->set_health(session_health::closed);
      return finish(broken_by_ ? broken_by_ : ev.ec);
    }
    switch (step_) {
      case step::start:
        return look();
      case step::sending:
        was_sent_ = true;
        return take();
      case step::answering:
        return take();
      case step::looking:
      case step::reading:
        on_->input().commit(ev.bytes);
        return take();
      case step::leaving:
      case step::over:
        break;
    }
    return action::done(dovetail::errc::invalid_state);
  }

  std::string_view value() && noexcept { return text_; }
  std::string_view text() const noexcept { return text_; }
  bool was_sent() const noexcept { return was_sent_; }
  error_info failure(std::error_code ec) const { return failure_ && failure_.code() == ec ? failure_ : error_info{ec}; }

 private:
  enum class step : std::uint8_t { start, looking, sending, answering, reading, leaving, over };

  [[gnu::noinline]] action look() {
    if (!on_->socket()) return finish(dovetail::errc::invalid_state);
    on_->input().consume(std::exchange(on_->socket()->used, 0));
    if (!on_->input().prepare(1)) return finish(dovetail::errc::frame_too_large);
    step_ = step::looking;
    return action::look(on_->input().free());
  }
  [[gnu::noinline]] action send() {
    on_->output().clear();
    if (!append(websocket::opcode::text, as_byte_view(on_->body()))) return finish(no_randomness());
    on_->set_health(session_health::desynchronised);  // until the whole answer is here
    step_ = step::sending;
    return action::write(on_->output().view());
  }
  bool append(websocket::opcode code, byte_view payload) {
    websocket::masking_key key{};
    if (!on_->randomize(key)) return false;
    websocket::append_frame(on_->output(), code, payload, &key);
    return true;
  }
  [[gnu::noinline]] action take() {
    for (;;) {
      const websocket::reading got = on_->socket()->reader.read(on_->input().filled());
      switch (got.what) {
        case websocket::received::text:
          if (!was_sent_) return refuse({dovetail::errc::unexpected_message, "a message that nobody asked for"});
          text_ = as_text(got.payload);
          on_->socket()->used = got.used;
          on_->set_health(session_health::in_transaction);
          step_ = step::over;
          return action::done();
        case websocket::received::ping: {
          on_->set_health(session_health::desynchronised);
          on_->output().clear();
          const bool is_good = append(websocket::opcode::pong, got.payload);
          on_->input().consume(got.used);
          if (!is_good) return finish(no_randomness());
          step_ = step::answering;
          return action::write(on_->output().view());
        }
        case websocket::received::pong:
          on_->input().consume(got.used);
          continue;
        case websocket::received::need_more:
          on_->input().consume(got.used);
          return was_sent_ || broken_by_ ? read(got.wanted) : send();
        case websocket::received::close:
          return leave(got);
        case websocket::received::binary:
          return refuse({dovetail::errc::unexpected_message, "a binary message, where the gateway speaks text"});
        case websocket::received::failed:
          if (got.why == websocket::problem::message_too_large) return refuse(too_large());
          return refuse({make_error_code(gateway_errc::not_a_gateway), std::string{websocket::text_of(got.why)}});
      }
    }
  }
  [[gnu::cold, gnu::noinline]] action leave(const websocket::reading& got) {
    farewell_ = farewell(got);
    on_->set_health(session_health::closed);
    on_->output().clear();
    websocket::masking_key key{};
    if (!on_->randomize(key)) return finish(std::move(farewell_));
    websocket::append_close(on_->output(), got.code, {}, &key);
    step_ = step::leaving;
    return action::write(on_->output().view());
  }
  action read(std::size_t bytes) {
    constexpr std::size_t most_at_once = 1024 * 1024;
    step_ = step::reading;
    if (!on_->input().prepare((std::min)(bytes, most_at_once))) {
      return refuse(too_large());
    }
    return action::read(on_->input().free());
  }
  /// Why the gateway leaves, as far as it says (RFC 6455 section 7.4.1). Whoever sends too much once more is refused
  /// once more: that is no lost connection.
  [[gnu::cold, gnu::noinline]] static error_info farewell(const websocket::reading& got) {
    std::string words{"the gateway has ended the transaction's WebSocket"};
    if (got.code == websocket::close_code::no_status) return {dovetail::errc::connection_closed, std::move(words)};
    std::string_view why;
    std::error_code code = make_error_code(dovetail::errc::connection_closed);
    switch (got.code) {
      case websocket::close_code::message_too_big:
        code = make_error_code(gateway_errc::too_large);
        why = ", for the message is larger than it takes";
        break;
      case websocket::close_code::going_away:
        why = ", for it stops";
        break;
      case websocket::close_code::policy_violation:
        why = ", which may be used no longer";
        break;
      case websocket::close_code::internal_error:
        why = ", for it has failed";
        break;
      default:
        break;
    }
    dovetail::detail::append_parts(
        words, {why, " (code ", dovetail::detail::number_text{static_cast<std::uint16_t>(got.code)}, ")"});
    if (!got.payload.empty()) words.append(": ").append(detail::readable(as_text(got.payload), 200));
    return {code, std::move(words)};
  }
  static error_info too_large() { return {dovetail::errc::frame_too_large, "the answer is larger than responseLimit"}; }
  static error_info no_randomness() {
    return {dovetail::errc::operation_unsupported, "the TLS library gives no random bytes"};
  }
  /// What came cannot be understood, and so neither can what comes.
  [[gnu::cold]] action refuse(error_info why) {
    on_->set_health(session_health::desynchronised);
    return finish(std::move(why));
  }
  action finish(error_info failure) {
    failure_ = std::move(failure);
    step_ = step::over;
    return action::done(failure_.code());
  }

  session* on_;
  step step_ = step::start;
  bool was_sent_ = false;
  std::error_code broken_by_;  // what ended the sending
  std::string_view text_;
  error_info failure_;
  error_info farewell_;  // while ours is sent
};

static_assert(value_machine<socket_exchange>);

}  // namespace dovetail::inline v0::workersql
