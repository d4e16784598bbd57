// Makes a connection to a gateway a WebSocket: the opening handshake (RFC 6455 section 4) as a dialogue.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/codec/workersql/errc.hpp>
#include <dovetail/codec/workersql/failure.hpp>
#include <dovetail/codec/workersql/final_head.hpp>
#include <dovetail/codec/workersql/idle_check.hpp>
#include <dovetail/codec/workersql/session.hpp>
#include <dovetail/format/http1/head_writer.hpp>
#include <dovetail/format/websocket/handshake.hpp>
#include <dovetail/sansio/machine.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::workersql {

/// Errors: errc::operation_unsupported when the gateway answers with another status than 101 (401 and 403: that it does
/// not let us in); gateway_errc::not_a_gateway for a wrong handshake; the transport's own. The connection is of no more
/// use then. Cancellation: the session is desynchronised afterwards.
class upgrade {
 public:
  using value_type = void;

  explicit upgrade(session& on) noexcept : on_(&on), idle_(on) {}

  action resume(const event& ev) {
    if (step_ == step::checking) return check(ev);
    if (ev.cancelled) return finish(dovetail::errc::cancelled);
    if (ev.ec) {
      if (ev.ec != dovetail::errc::deadline_passed) on_->set_health(session_health::closed);
      return finish(ev.ec);
    }
    switch (step_) {
      case step::writing:
        return read();
      case step::reading:
        on_->input().commit(ev.bytes);
        return take();
      case step::checking:
      case step::over:
        break;
    }
    return action::done(dovetail::errc::invalid_state);
  }

  void value() && noexcept {}
  error_info failure(std::error_code ec) const { return failure_ && failure_.code() == ec ? failure_ : error_info{ec}; }

 private:
  enum class step : std::uint8_t { checking, writing, reading, over };

  action check(const event& ev) {
    const action next = idle_.resume(ev);
    if (next.what() != verb::done) return next;
    return next.error() ? finish(idle_.failure(next.error())) : begin();
  }
  [[gnu::noinline]] action begin() {
    std::array<std::byte, 16> random{};
    websocket::key_text key{};
    if (!on_->randomize(random) ||
        !websocket::make_accept({(key = websocket::make_key(random)).data(), key.size()}, on_->sha1(), expected_)) {
      return finish({dovetail::errc::operation_unsupported, "the TLS library gives no random bytes, or no SHA-1"});
    }
    byte_buffer& out = on_->output();
    out.clear();
    on_->input().clear();
    std::string host;
    detail::append_host(host, on_->options().endpoint);
    http1::head_writer head{out};
    head.request("GET", on_->options().endpoint.path + "/ws").field("Host", host);
    if (!on_->options().api_key.empty()) {
      std::string token{"Bearer "};
      token += on_->options().api_key.reveal();
      head.field("Authorization", token);
      secret{std::move(token)};  // wiped
    }
    websocket::add_upgrade_request(head.field("User-Agent", "dovetail"), key);
    if (head.end() != http1::problem::none) {
      return finish({dovetail::errc::invalid_option, "the endpoint has characters that HTTP forbids"});
    }
    on_->set_health(session_health::desynchronised);
    step_ = step::writing;
    return action::write(out.view());
  }
  action read() {
    step_ = step::reading;
    if (!on_->input().prepare(1)) return finish(dovetail::errc::frame_too_large);
    return action::read(on_->input().free());
  }
  [[gnu::noinline]] action take() {
    http1::response_head head;
    const final_head_reading got = head_.read(on_->input(), head);
    if (got.state == http1::progress::need_more) return read();
    if (got.state == http1::progress::failed) {
      return finish({make_error_code(gateway_errc::not_a_gateway), std::string{got.text}});
    }
    if (head.status != 101) return refused(head.status);
    const websocket::problem why = websocket::check_upgrade_response(head, expected_);
    if (why != websocket::problem::none) {
      return finish({make_error_code(gateway_errc::not_a_gateway), std::string{websocket::text_of(why)}});
    }
    on_->input().consume(got.size);
    on_->open_socket();
    step_ = step::over;
    return action::done();
  }
  [[gnu::cold, gnu::noinline]] action refused(unsigned status) {
    on_->set_health(session_health::closed);
    if (status == 401 || status == 403 || status == 429 || (status >= 502 && status <= 504)) {
      return finish(detail::answer_failure(status, {}, {}));
    }
    std::string words{"this gateway offers no transactions: it answered the WebSocket handshake with status "};
    words += dovetail::detail::number_text{status};
    return finish({dovetail::errc::operation_unsupported, std::move(words)});
  }
  action finish(error_info failure) {
    failure_ = std::move(failure);
    step_ = step::over;
    return action::done(failure_.code());
  }

  session* on_;
  idle_check idle_;
  final_head head_;
  websocket::accept_text expected_{};
  step step_ = step::checking;
  error_info failure_;
};

static_assert(value_machine<upgrade>);

}  // namespace dovetail::inline v0::workersql
