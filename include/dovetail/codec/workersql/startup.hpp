// Opening a connection to a gateway: through a proxy where there is one, and with TLS where the endpoint wants it.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/codec/workersql/final_head.hpp>
#include <dovetail/codec/workersql/session.hpp>
#include <dovetail/format/base64.hpp>
#include <dovetail/sansio/machine.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::workersql {

/// Connects; asks a proxy for a tunnel (CONNECT, RFC 9110 section 9.3.6), as its user where there is one (Basic);
/// starts TLS. Sends no request to the gateway. Errors: the transport's own; errc::connection_lost with the proxy's
/// status when it refuses, and std::errc::permission_denied for 401, 403 and 407, which no repetition mends.
/// Cancellation: the session stays closed.
class startup {
 public:
  using value_type = void;

  explicit startup(session& on) noexcept : on_(&on), head_(http1::request_kind::connect) {}

  action resume(const event& ev) {
    if (ev.cancelled) return finish(dovetail::errc::cancelled);
    if (step_ == step::securing && ev.ec == condition::configuration) return finish(bad_settings(ev.ec));
    if (step_ == step::securing && ev.ec) return finish(not_secured(ev.ec));
    if (step_ != step::start && ev.ec) return finish(ev.ec);
    switch (step_) {
      case step::start:
        if (on_->refusal()) return finish(on_->refusal());
        on_->set_health(session_health::closed);
        on_->forget_answer();
        on_->set_asked_pause({});
        on_->socket().reset();
        step_ = step::connecting;
        return action::connect();
      case step::connecting:
        return on_->options().proxy_host.empty() ? connected() : ask_proxy();
      case step::asking:
        return read();
      case step::reading:
        return take(ev);
      case step::securing:
        return open();
      case step::over:
        break;
    }
    return action::done(dovetail::errc::invalid_state);
  }

  void value() && noexcept {}
  error_info failure(std::error_code ec) const { return failure_ && failure_.code() == ec ? failure_ : error_info{ec}; }

 private:
  enum class step : std::uint8_t { start, connecting, asking, reading, securing, over };

  action connected() {
    if (!on_->options().endpoint.is_tls) return open();
    step_ = step::securing;
    return action::start_tls();
  }
  action open() {
    on_->input().clear();
    on_->set_health(session_health::idle);
    step_ = step::over;
    return action::done();
  }

  [[gnu::cold, gnu::noinline]] action ask_proxy() {
    const api_endpoint& to = on_->options().endpoint;
    std::string authority;
    const bool is_v6 = to.host.find(':') != std::string::npos;
    dovetail::detail::append_parts(
        authority, {is_v6 ? "[" : "", to.host, is_v6 ? "]" : "", ":", dovetail::detail::number_text{to.port}});
    byte_buffer& out = on_->output();
    out.clear();
    http1::head_writer head{out};
    head.request("CONNECT", authority).field("Host", authority);
    add_credentials(head);
    if (head.end() != http1::problem::none) {
      return finish({dovetail::errc::invalid_option, "the host of the endpoint has characters that HTTP forbids"});
    }
    step_ = step::asking;
    return action::write(out.view());
  }
  /// RFC 7617.
  [[gnu::cold, gnu::noinline]] void add_credentials(http1::head_writer& head) const {
    const workersql::options& how = on_->options();
    if (how.proxy_user.empty()) return;
    std::string both = how.proxy_user;
    both.append(":").append(how.proxy_password.reveal());
    const secret plain{std::move(both)};
    std::string words{"Basic "};
    const std::size_t begin = words.size();
    words.resize(begin + dovetail::detail::base64_size(plain.reveal().size()));
    dovetail::detail::write_base64(words.data() + begin, as_byte_view(plain.reveal()));
    head.field("Proxy-Authorization", words);
    secret{std::move(words)};  // wiped
  }
  action read() {
    step_ = step::reading;
    if (!on_->input().prepare(1)) return finish(dovetail::errc::frame_too_large);
    return action::read(on_->input().free());
  }
  [[gnu::cold, gnu::noinline]] action take(const event& ev) {
    on_->input().commit(ev.bytes);
    http1::response_head head;
    const final_head_reading got = head_.read(on_->input(), head);
    if (got.state == http1::progress::need_more) return read();
    std::string words{"the proxy "};
    if (got.state == http1::progress::failed) {
      words.append("sent what is no HTTP: ").append(got.text);
      return finish({dovetail::errc::malformed_frame, std::move(words)});
    }
    if (head.status / 100 != 2) {
      words.append("refused the tunnel with status ").append(dovetail::detail::number_text{head.status});
      const bool is_stranger = head.status == 407 || head.status == 401;  // RFC 9110 has 407; some say 401
      if (is_stranger) words.append(", for it wants another user or password (the parameter 'proxy')");
      // Who asks again is refused again.
      const bool is_final = is_stranger || head.status == 403;
      return finish({is_final ? std::make_error_code(std::errc::permission_denied)
                              : make_error_code(dovetail::errc::connection_lost),
                     std::move(words)});
    }
    if (on_->input().committed().size() != got.size) {
      return finish(
          {dovetail::errc::unexpected_message, "bytes came behind the proxy's answer, before anything was sent"});
    }
    return connected();
  }
  /// Of TLS: there is one file that it may be.
  [[gnu::cold, gnu::noinline]] error_info bad_settings(std::error_code ec) const {
    const std::string& file = on_->options().certificate_authorities;
    if (file.empty()) return ec;
    std::string words{"tlsAuthorities '"};
    return {ec, words.append(file).append("'")};
  }
  /// What answers in clear text is, as a rule, a gateway without TLS.
  [[gnu::cold, gnu::noinline]] static error_info not_secured(std::error_code ec) {
    error_info failure{ec};
    const std::string words = ec.message();  // OpenSSL's, whose codes are none of this layer
    for (const std::string_view clear : {"wrong version number", "packet length too long"}) {
      if (words.find(clear) == std::string::npos) continue;
      server_fields said;
      said.hint = "does the gateway speak TLS? Without it: ssl=false, or an apiEndpoint that begins with http";
      failure.with_server(std::move(said));
    }
    return failure;
  }
  action finish(error_info failure) {
    failure_ = std::move(failure);
    step_ = step::over;
    return action::done(failure_.code());
  }

  session* on_;
  final_head head_;
  step step_ = step::start;
  error_info failure_;
};

static_assert(value_machine<startup>);

}  // namespace dovetail::inline v0::workersql
