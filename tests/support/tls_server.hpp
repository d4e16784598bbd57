// A TLS echo server in the process, with certificates made on the spot; for tests only.
#pragma once

#include <support/tls_authority.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tests {

/// Answers every connection by echoing, until destroyed. `authority_file()` is what clients must trust.
class tls_server {
 public:
  struct behaviour {
    const char* names = "DNS:localhost,IP:127.0.0.1";
    long valid_seconds = 3600;
    bool wants_client_certificate = false;
    bool speaks_plain_text = false;  // answers the handshake with text
    bool closes_in_handshake = false;
    const char* answer = nullptr;               // said to whatever comes, instead of an echo
    std::function<void(SSL*)> serve = nullptr;  // does everything after the handshake
    int newest = 0;                             // TLS1_2_VERSION: nothing newer; TLS1_1_VERSION: that alone
    bool is_parallel = false;                   // every connection has a thread of its own
    const char* alpn = nullptr;                 // chosen when it is offered
  };

  explicit tls_server(behaviour how) : how_(std::move(how)) {
    context_ = authority_.context(how_.names, how_.valid_seconds);
    if (how_.newest == TLS1_1_VERSION) {
      SSL_CTX_set_min_proto_version(context_.get(), how_.newest);
      SSL_CTX_set_security_level(context_.get(), 0);  // its signatures are made with SHA-1
    }
    SSL_CTX_set_max_proto_version(context_.get(), how_.newest);
    SSL_CTX_set_alpn_select_cb(context_.get(), &tls_server::choose, const_cast<char*>(how_.alpn));
    if (how_.wants_client_certificate) {
      SSL_CTX_load_verify_locations(context_.get(), authority_file().c_str(), nullptr);
      SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 16);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this] { serve(); }};
  }
  tls_server(const tls_server&) = delete;
  tls_server& operator=(const tls_server&) = delete;
  ~tls_server() {
    is_stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  std::uint16_t port() const { return port_; }
  /// Handshakes that went well, and those of them that went on with an earlier session.
  int handshakes() const { return handshakes_; }
  int resumed() const { return resumed_; }
  std::string authority_file() const { return authority_.file(); }
  std::string client_file() const { return authority_.client_file(); }
  std::string client_key_file() const { return authority_.client_key_file(); }

 private:
  static int choose(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in, unsigned size,
                    void* wanted) {
    if (wanted == nullptr) return SSL_TLSEXT_ERR_NOACK;
    const std::string name = static_cast<const char*>(wanted);
    for (unsigned at = 0; at < size; at += 1U + in[at]) {
      if (std::string(reinterpret_cast<const char*>(in) + at + 1, in[at]) != name) continue;
      *out = in + at + 1;
      *out_size = in[at];
      return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }

  void serve() {
    while (!is_stopping_) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0) break;
      const timeval limit{60, 0};
      ::setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      if (how_.speaks_plain_text) {
        char greeting[64];
        static_cast<void>(::read(peer, greeting, sizeof greeting));
        static_cast<void>(::write(peer, "HTTP/1.0 400 Bad Request\r\n\r\n", 28));
      } else if (!how_.closes_in_handshake) {
        if (how_.is_parallel) {
          others_.emplace_back([this, peer] {
            echo(peer);
            ::close(peer);
          });
          continue;
        }
        echo(peer);
      }
      ::close(peer);
    }
    for (std::thread& each : others_) each.join();
  }

  void echo(int peer) {
    SSL* ssl = SSL_new(context_.get());
    SSL_set_fd(ssl, peer);
    const bool is_accepted = SSL_accept(ssl) == 1;
    if (is_accepted && SSL_session_reused(ssl) == 1) ++resumed_;
    if (is_accepted) ++handshakes_;
    if (is_accepted && how_.serve) {
      how_.serve(ssl);
    } else if (is_accepted) {
      char data[16384];
      for (int got; (got = SSL_read(ssl, data, sizeof data)) > 0;) {
        how_.answer == nullptr ? SSL_write(ssl, data, got)
                               : SSL_write(ssl, how_.answer, static_cast<int>(std::strlen(how_.answer)));
      }
      SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    ERR_clear_error();
  }

  behaviour how_;
  tls_authority authority_;
  server_context context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> is_stopping_ = false;
  std::atomic<int> handshakes_ = 0;
  std::atomic<int> resumed_ = 0;
  std::vector<std::thread> others_;
  std::thread thread_;
};

}  // namespace tests
