// TLS over any stream, by OpenSSL: certificates are verified unless the user says otherwise.
#pragma once

#include <dovetail/base/secret.hpp>
#include <dovetail/base/sole.hpp>
#include <dovetail/transport/blocking.hpp>
#include <dovetail/transport/concepts.hpp>
#include <dovetail/transport/tls_session.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace dovetail::inline v0 {

/// Where the peer of a TLS stream is, and how its identity is checked.
template <class Endpoint>
struct tls_endpoint {
  tls_endpoint() = default;
  /// The host is also the name that the certificate must be for. Connections of its copies go on with one another's
  /// TLS sessions.
  tls_endpoint(std::string host,
               std::uint16_t port) requires std::constructible_from<Endpoint, std::string, std::uint16_t>
      : peer(host, port) {
    settings.server_name = std::move(host);
    settings.sessions = std::make_shared<tls_sessions>();
  }
  tls_endpoint(Endpoint to, tls_settings how) : peer(std::move(to)), settings(std::move(how)) {}

  Endpoint peer;
  tls_settings settings;
};

/// A stream whose bytes are encrypted. With `tls_start::at_once` connecting includes the handshake; with `on_request`
/// the stream is plain until `start_tls` (protocols that negotiate first).
/// Errors: besides the inner stream's those of `tls_category()` and `certificate_category()`.
/// Threads: one operation at a time.
template <stream Inner, class Endpoint>
class tls_stream {
 public:
  explicit tls_stream(tls_endpoint<Endpoint> to) : inner_(to.peer), settings_(std::move(to.settings)) {}
  tls_stream(tls_stream&& other) noexcept = default;
  tls_stream& operator=(tls_stream&& other) noexcept = default;
  ~tls_stream() { close(); }

  attempt try_connect(deadline by) {
    if (!inner_.is_open()) {
      const attempt connected = inner_.try_connect(by);
      if (!connected.is_over() || connected.ec) return connected;
    }
    return settings_.start == tls_start::at_once ? try_start_tls() : attempt::done();
  }

  attempt try_start_tls() {
    if (!session_) {
      std::error_code ec;
      if constexpr (requires { inner_.server_name(); }) settings_.server_name = inner_.server_name();
      session_ = detail::tls_session::create(settings_, ec);
      if (ec) return attempt::failed(ec);
    }
    return through([this](detail::tls_io& io) { return session_->handshake(io); });
  }

  attempt try_read(byte_span into) {
    if (!session_) return inner_.try_read(into);
    return through([&](detail::tls_io& io) { return session_->read(io, into); });
  }

  /// Plain streams wait and read as the inner one can; for the blocking driver.
  attempt read_waiting(byte_span into, deadline by) requires requires(Inner& inner) { inner.read_waiting(into, by); }
  {
    if (!session_) return inner_.read_waiting(into, by);
    return detail::repeat_until_over(*this, by, [&] { return try_read(into); });
  }
  /// The same of a request and its answer.
  std::ptrdiff_t ask_at_once(byte_view request, byte_span into, deadline by, attempt& last) requires
      requires(Inner& inner) {
    inner.ask_at_once(request, into, by, last);
  }
  {
    if (!session_) [[likely]]
      return inner_.ask_at_once(request, into, by, last);
    last = try_write(request);
    if (!last.is_over() || last.ec || last.bytes != request.size()) return -1;
    last = attempt::wait(readiness::readable);
    return 0;
  }
  /// A decrypted reply may be here already.
  bool waits_for_reply() const noexcept requires requires { Inner::waits_for_replies; }
  { return !session_; }

  attempt try_write(byte_view from) {
    if (!session_) return inner_.try_write(from);
    return through([&](detail::tls_io& io) { return session_->write(io, from); });
  }

  /// Says goodbye (close_notify) and ends our half.
  std::error_code shutdown_write() {
    if (session_) {
      through([this](detail::tls_io& io) { return session_->say_goodbye(io); });
    }
    return inner_.shutdown_write();
  }

  std::error_code wait(const attempt& last, deadline by) { return inner_.wait(last, by); }
  native_handle handle(readiness what) const noexcept { return inner_.handle(what); }
  void notify(std::shared_ptr<waker> listener) { inner_.notify(std::move(listener)); }
  void close() noexcept {
    session_.reset();
    inner_.close();
  }
  bool is_open() const noexcept {
    return inner_.is_open() && (settings_.start == tls_start::on_request || (session_ && session_->is_established()));
  }
  std::string peer() const requires requires(const Inner& inner) { inner.peer(); }
  { return inner_.peer(); }

  bool is_encrypted() const noexcept { return session_ && session_->is_established(); }
  /// "TLSv1.3"; empty before the handshake.
  std::string_view protocol() const noexcept { return is_encrypted() ? session_->protocol() : std::string_view{}; }
  /// True when the handshake went on with a session of an earlier connection.
  bool is_resumed() const noexcept { return is_encrypted() && session_->is_resumed(); }
  /// What the server chose by ALPN (RFC 7301); empty: nothing.
  std::string_view application_protocol() const noexcept {
    return is_encrypted() ? session_->application_protocol() : std::string_view{};
  }
  /// For protocols that tie a log-in to the TLS connection: the hash of the server's certificate as RFC 5929 section 4
  /// (tls-server-end-point) defines it; empty before the handshake, and for certificates whose signature has no hash.
  byte_view channel_binding() noexcept { return is_encrypted() ? session_->channel_binding() : byte_view{}; }
  /// Which of the inner stream's peers the next connect is for, when there are several.
  void select(std::size_t target) requires requires(Inner& inner) { inner.select(target); }
  { inner_.select(target); }
  Inner& next_layer() noexcept { return inner_; }

 private:
  /// The session moves ciphertext through this; the last inner attempt says what to wait for.
  class plug final : public detail::tls_io {
   public:
    explicit plug(Inner& inner) noexcept : inner_(&inner) {}
    attempt receive(byte_span into) override { return inner_->try_read(into); }
    attempt send(byte_view from) override { return inner_->try_write(from); }

   private:
    Inner* inner_;
  };

  template <class Step>
  attempt through(Step step) {
    plug io{inner_};
    return step(io);
  }

  Inner inner_;
  tls_settings settings_;
  detail::sole<detail::tls_session> session_;
};

/// The transport policy TLS over another one: `dt::tls<dt::tcp>`.
template <transport Inner>
struct tls {
  using endpoint = tls_endpoint<typename Inner::endpoint>;
  using stream = tls_stream<typename Inner::stream, typename Inner::endpoint>;
};

}  // namespace dovetail::inline v0
