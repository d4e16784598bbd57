// Makes a connection to a gateway a WebSocket: the opening handshake (RFC 6455 section 4) as a dialogue.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/codec/workersql/asked_pause.hpp>
#include <dovetail/codec/workersql/errc.hpp>
#include <dovetail/codec/workersql/final_head.hpp>
#include <dovetail/codec/workersql/idle_check.hpp>
#include <dovetail/codec/workersql/read_answer.hpp>
#include <dovetail/codec/workersql/session.hpp>
#include <dovetail/format/http1/body_collector.hpp>
#include <dovetail/format/http1/head_writer.hpp>
#include <dovetail/format/websocket/handshake.hpp>
#include <dovetail/sansio/machine.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::workersql {

/// Errors: errc::operation_unsupported when the gateway answers with another status than 101 (401 and 403: that it does
/// not let us in; 429 and 502 to 504: that it cannot now, with its words and its pause); gateway_errc::not_a_gateway
/// for a wrong handshake; the transport's own. The connection is of no more use then. Cancellation: the session is
/// desynchronised afterwards.
class upgrade {
 public:
  using value_type = void;

  explicit upgrade(session& on) noexcept : on_(&on), idle_(on) {}

  action resume(const event& ev) {
    if (step_ == step::checking) return check(ev);
    if (ev.cancelled) return finish(dovetail::errc::cancelled);
    if (body_ && ev.ec && ev.ec != dovetail::errc::deadline_passed) return end_words(ev.bytes);
    if (ev.ec) {
      if (ev.ec != dovetail::errc::deadline_passed) on_->set_health(session_health::closed);
      return finish(ev.ec);
    }
    switch (step_) {
      case step::writing:
        return read();
      case step::reading:
        on_->input().commit(ev.bytes);
        return body_ ? take_words() : take();
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
    head.request("GET", detail::target_of(on_->options().endpoint, "/ws")).field("Host", host);
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
    on_->set_asked_pause({});
    on_->request_id().clear();
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
    if (head.status != 101) {
      note_asked_pause(*on_, head);
      if (const auto id = head.fields.find("X-Request-ID")) on_->request_id() = id->substr(0, 128);
      status_ = head.status;
      http1::limits bounds;
      bounds.body = most_words;
      body_.emplace(head.body, bounds);
      on_->input().consume(got.size);
      return take_words();
    }
    const websocket::problem why = websocket::check_upgrade_response(head, expected_);
    if (why != websocket::problem::none) {
      return finish({make_error_code(gateway_errc::not_a_gateway), std::string{websocket::text_of(why)}});
    }
    on_->input().consume(got.size);
    on_->open_socket();
    step_ = step::over;
    return action::done();
  }
  /// Of a refusal: what it says, as far as it is short and comes whole.
  [[gnu::cold, gnu::noinline]] action take_words() {
    const http1::body_progress got = body_->collect(on_->input().filled());
    if (got.state == http1::progress::complete) return refused(as_text(got.content));
    if (got.state == http1::progress::failed || got.content.size() > most_words) return refused({});
    on_->input().truncate(body_->compact(on_->input().filled()));
    return read();
  }
  [[gnu::cold, gnu::noinline]] action end_words(std::size_t bytes) {
    on_->input().commit(bytes);
    return body_->end_of_stream() == http1::problem::none ? take_words() : refused({});
  }
  [[gnu::cold, gnu::noinline]] action refused(std::string_view body) {
    on_->set_health(session_health::closed);
    if (status_ == 401 || status_ == 403 || status_ == 429 || (status_ >= 502 && status_ <= 504) ||
        detail::wants_tls(status_, body)) {
      reply_facts said;
      bool is_stopped = false;
      const http_answer answer{
          .status = status_, .body = body, .request_id = on_->request_id(), .had_key = !on_->options().api_key.empty()};
      return finish(read_answer(answer, {}, said, is_stopped));
    }
    std::string words{"this gateway offers no transactions: it answered the WebSocket handshake with status "};
    words += dovetail::detail::number_text{status_};
    if (detail::errc_of_status(status_, {}) == gateway_errc::not_found) words += " (is the apiEndpoint right?)";
    return finish({dovetail::errc::operation_unsupported, std::move(words)});
  }
  action finish(error_info failure) {
    failure_ = std::move(failure);
    step_ = step::over;
    return action::done(failure_.code());
  }

  static constexpr std::size_t most_words = 64 * 1024;

  session* on_;
  idle_check idle_;
  final_head head_;
  std::optional<http1::body_collector> body_;  // of a refusal
  unsigned status_ = 0;
  websocket::accept_text expected_{};
  step step_ = step::checking;
  error_info failure_;
};

static_assert(value_machine<upgrade>);

}  // namespace dovetail::inline v0::workersql
