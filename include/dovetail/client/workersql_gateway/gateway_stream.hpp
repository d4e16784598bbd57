// The bytes of one connection of a gateway: those of its socket, or what TLS makes of them.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/transport/concepts.hpp>
#include <dovetail/transport/socket.hpp>
#include <dovetail/transport/tls_server.hpp>
#include <dovetail/transport/tls_session.hpp>

#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>
#include <utility>

namespace dovetail::inline v0::workersql::serving {

/// What the peer has done while nothing was read.
enum class peer_sight : std::uint8_t {
  nothing,
  more,   ///< it has sent something
  ended,  ///< it sends no more, and may still read
  lost,
};

/// One read and one write at a time, which may overlap. Handlers take `(const std::error_code&, std::size_t)`, are
/// never called before the call returns, and must keep the stream where it is. Over plain TCP it adds nothing to the
/// socket.
class gateway_stream {
 public:
  using wait_type = asio::ip::tcp::socket::wait_type;

  /// `session` is null for plain TCP; `of` is what made it.
  gateway_stream(asio::ip::tcp::socket accepted, dovetail::detail::sole<dovetail::detail::tls_session> session,
                 std::shared_ptr<const dovetail::detail::tls_server_context> of)
      : socket_(std::move(accepted)), context_(std::move(of)), session_(std::move(session)) {
    std::error_code ignored;
    if (session_) socket_.native_non_blocking(true, ignored);
  }
  gateway_stream(gateway_stream&&) noexcept = default;

  bool is_encrypted() const noexcept { return static_cast<bool>(session_); }

  /// The first step of what is encrypted. After a failure the peer has been told why, as far as TLS can.
  template <class Handler>
  void handshake(Handler done) {
    through([this](plug& io) { return session_->handshake(io); },
            [this, done = std::move(done)](const std::error_code& ec, std::size_t) mutable {
              may_say_goodbye_ = !ec;
              done(ec, 0);
            });
  }

  template <class Handler>
  void read_some(byte_span into, Handler done) {
    if (!session_) return socket_.async_read_some(asio::buffer(into.data(), into.size()), std::move(done));
    through([this, into](plug& io) { return session_->read(io, into); }, std::move(done));
  }

  /// All of it.
  template <class Handler>
  void write(byte_view from, Handler done) {
    if (!session_) return asio::async_write(socket_, asio::buffer(from.data(), from.size()), std::move(done));
    may_say_goodbye_ = false;  // the end of what is not whole must not look like one
    through([this, from, sent = std::size_t{0}](plug& io) mutable { return write_records(io, from, sent); },
            [this, done = std::move(done)](const std::error_code& ec, std::size_t bytes) mutable {
              may_say_goodbye_ = !ec;
              done(ec, bytes);
            });
  }

  /// Says goodbye (close_notify) and ends our half; what the peer sends may still be read. Over plain TCP `done` is
  /// called at once.
  template <class Handler>
  void end_sending(Handler done) {
    if (!session_) return done(shut_down(), std::size_t{0});
    const bool may_say = std::exchange(may_say_goodbye_, false);
    through([this, may_say](plug& io) { return may_say ? session_->say_goodbye(io) : attempt::done(); },
            [this, done = std::move(done)](const std::error_code& ec, std::size_t) mutable {
              done(ec ? ec : shut_down(), 0);
            });
  }

  /// After a handshake that failed: what is read from here on are the socket's own bytes.
  void give_up_encryption() noexcept { session_.reset(); }

  /// Until the socket has something for `look()`: wait_read; or is reset: wait_error.
  template <class Handler>
  void wait(wait_type what, Handler done) {
    socket_.async_wait(what, std::move(done));
  }

  /// Not while something is read.
  peer_sight look() noexcept {
    plug io{socket_};
    const attempt seen = session_ ? session_->peek(io) : dovetail::detail::peek(socket_.native_handle());
    if (!seen.is_over()) return peer_sight::nothing;
    if (!seen.ec) return peer_sight::more;
    if (seen.ec == errc::connection_closed) return peer_sight::ended;
    may_say_goodbye_ = false;
    return peer_sight::lost;
  }

  /// What is under way ends with asio::error::operation_aborted.
  void cancel() noexcept {
    std::error_code ignored;
    socket_.cancel(ignored);
  }

  /// Says goodbye when nothing is under way, as far as that can be done at once.
  void close() noexcept {
    if (session_ && std::exchange(may_say_goodbye_, false)) {
      plug io{socket_};
      session_->say_goodbye(io);
    }
    std::error_code ignored;
    socket_.close(ignored);
  }

 private:
  /// Of one step. What TLS reads for itself, such as new keys (RFC 8446 section 4.6.3), ends no step of OpenSSL's, so a
  /// peer that sends nothing else would have all turns of the other connections: after two receipts, which a record
  /// may need, the step has to wait.
  class plug final : public dovetail::detail::tls_io {
   public:
    explicit plug(asio::ip::tcp::socket& socket) noexcept : handle_(socket.native_handle()) {}
    attempt receive(byte_span into) override {
      if (receipts_++ == 2) return attempt::wait(readiness::readable);
      return dovetail::detail::receive(handle_, into);
    }
    attempt send(byte_view from) override { return dovetail::detail::send(handle_, from); }

   private:
    native_handle handle_;
    int receipts_ = 0;
  };

  /// Tries a step until it is over.
  template <class Step, class Handler>
  void through(Step step, Handler done) {
    plug io{socket_};
    const attempt tried = step(io);
    if (!tried.is_over()) return wait_for(tried, std::move(step), std::move(done));
    asio::post(socket_.get_executor(),
               [this, tried, done = std::move(done)]() mutable { finish(tried, std::move(done)); });
  }
  template <class Step, class Handler>
  void wait_for(const attempt& tried, Step step, Handler done) {
    socket_.async_wait(tried.wait_for == readiness::readable ? wait_type::wait_read : wait_type::wait_write,
                       [this, step = std::move(step), done = std::move(done)](const std::error_code& ec) mutable {
                         if (ec) return done(ec, std::size_t{0});
                         plug io{socket_};
                         const attempt again = step(io);
                         again.is_over() ? finish(again, std::move(done))
                                         : wait_for(again, std::move(step), std::move(done));
                       });
  }
  template <class Handler>
  void finish(const attempt& over, Handler done) {
    // Behind a failure TLS says nothing more; the peer's own goodbye is none.
    if (over.ec && over.ec != errc::connection_closed) may_say_goodbye_ = false;
    done(over.ec, over.bytes);
  }

  /// Some records at a time: other connections have their turns between them.
  attempt write_records(plug& io, byte_view from, std::size_t& sent) {
    constexpr int turn = 16;
    for (int records = 0; sent < from.size(); ++records) {
      if (records == turn) return attempt::wait(readiness::writable);
      const attempt tried = session_->write(io, from.subspan(sent));
      if (!tried.is_over() || tried.ec) return tried;
      sent += tried.bytes;
    }
    return attempt::done(sent);
  }

  std::error_code shut_down() noexcept {
    std::error_code ec;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
    return ec;
  }

  asio::ip::tcp::socket socket_;
  std::shared_ptr<const dovetail::detail::tls_server_context> context_;  // which others may have ceased to use
  dovetail::detail::sole<dovetail::detail::tls_session> session_;
  bool may_say_goodbye_ = false;  // the handshake is done, nothing has failed, and no answer is half sent
};

}  // namespace dovetail::inline v0::workersql::serving
