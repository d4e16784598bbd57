// One accepted connection of a scripted gateway, in plain TCP or with TLS: read, written, ended and cut in the same
// way.
#pragma once

#include <support/socket_server.hpp>
#include <support/tls_authority.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <fcntl.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace dovetail::test {

class gateway_link {
 public:
  explicit gateway_link(accepted_stream& peer) : peer_(&peer) {
    const int flags = ::fcntl(handle(), F_GETFL);
    ::fcntl(handle(), F_SETFL, flags & ~O_NONBLOCK);
    const timeval limit{60, 0};
    ::setsockopt(handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }

  int handle() const { return peer_->handle(readiness::readable); }

  /// The server's side of the handshake; false when the client would not.
  bool secure(SSL_CTX* with) {
    ssl_.reset(SSL_new(with));
    SSL_set_fd(ssl_.get(), handle());
    const bool is_secure = SSL_accept(ssl_.get()) == 1;
    ERR_clear_error();
    return is_secure;
  }
  bool is_secure() const { return ssl_ != nullptr; }

  /// What has come, at most so much; empty at the end of the stream.
  std::string read(std::size_t most = 65536) {
    std::string got(most, '\0');
    const ssize_t size =
        ssl_ ? SSL_read(ssl_.get(), got.data(), static_cast<int>(most)) : ::recv(handle(), got.data(), got.size(), 0);
    ERR_clear_error();
    got.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return got;
  }
  bool write(std::string_view text) {
    if (text.empty()) return true;
    const ssize_t size = ssl_ ? SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()))
                              : ::send(handle(), text.data(), text.size(), MSG_NOSIGNAL);
    ERR_clear_error();
    return size == static_cast<ssize_t>(text.size());
  }
  /// Says that nothing more comes, as it should be said.
  void end() {
    if (ssl_) SSL_shutdown(ssl_.get());
    ::shutdown(handle(), SHUT_WR);
  }
  /// The stream ends in the middle: over TLS without a word.
  void cut() { peer_->close(); }
  void reset() { peer_->reset(); }
  void bound_receive_buffer() { peer_->bound_receive_buffer(); }
  void wait_for_end() {
    while (!read().empty()) {
    }
  }

 private:
  struct free_session {
    void operator()(SSL* of) const { SSL_free(of); }
  };

  accepted_stream* peer_;
  std::unique_ptr<SSL, free_session> ssl_;
};

/// One request with a Content-Length, or none; `most` bytes of it at most. Empty when the stream has ended before.
inline std::string read_request(gateway_link& from, std::string::size_type most = std::string::npos) {
  std::string text;
  std::size_t size = std::string::npos;
  while (text.size() < std::min(size, most)) {
    const std::string more = from.read(std::min<std::size_t>(65536, std::min(size, most) - text.size()));
    if (more.empty()) return {};
    text += more;
    const std::size_t end = text.find("\r\n\r\n");
    if (size != std::string::npos || end == std::string::npos) continue;
    const std::size_t length = text.find("Content-Length: ");
    size = end + 4 + (length < end ? std::stoul(text.substr(length + 16)) : 0);
  }
  return text;
}

}  // namespace dovetail::test
