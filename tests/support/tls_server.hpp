// A TLS echo server in the process, with certificates made on the spot; for tests only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

namespace tests {

struct certificate {
  EVP_PKEY* key = nullptr;
  X509* x509 = nullptr;

  /// `names` as in a configuration file: "DNS:localhost,IP:127.0.0.1". Signed by `issuer`, or by itself.
  static certificate make(const char* common_name, const char* names, const certificate* issuer,
                          long valid_seconds = 3600) {
    certificate made;
    made.key = EVP_EC_gen("P-256");
    made.x509 = X509_new();
    X509_set_version(made.x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.x509), issuer == nullptr ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(made.x509), -7200);
    X509_gmtime_adj(X509_getm_notAfter(made.x509), valid_seconds);
    X509_set_pubkey(made.x509, made.key);
    X509_NAME* name = X509_get_subject_name(made.x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name), -1, -1,
                               0);
    const certificate& signer = issuer == nullptr ? made : *issuer;
    X509_set_issuer_name(made.x509, X509_get_subject_name(signer.x509));
    X509V3_CTX context;
    X509V3_set_ctx(&context, signer.x509, made.x509, nullptr, nullptr, 0);
    const auto extend = [&](int nid, const char* value) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
      if (extension == nullptr) throw std::runtime_error("cannot make a certificate");
      X509_add_ext(made.x509, extension, -1);
      X509_EXTENSION_free(extension);
    };
    extend(NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (names != nullptr) extend(NID_subject_alt_name, names);
    X509_sign(made.x509, signer.key, EVP_sha256());
    return made;
  }
  void free() {
    X509_free(x509);
    EVP_PKEY_free(key);
  }
};

/// Answers every connection by echoing, until destroyed. `authority_file()` is what clients must trust.
class tls_server {
 public:
  struct behaviour {
    const char* names = "DNS:localhost,IP:127.0.0.1";
    long valid_seconds = 3600;
    bool wants_client_certificate = false;
    bool speaks_plain_text = false;  // answers the handshake with text
    bool closes_in_handshake = false;
  };

  explicit tls_server(behaviour how) : how_(how) {
    char pattern[] = "/tmp/dovetail-tls-XXXXXX";
    folder_ = mkdtemp(pattern);
    certificate authority = certificate::make("test authority", nullptr, nullptr);
    certificate mine = certificate::make("test server", how.names, &authority, how.valid_seconds);
    certificate client = certificate::make("test client", nullptr, &authority);
    save(authority, "authority");
    save(client, "client");
    context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context_, mine.x509);
    SSL_CTX_use_PrivateKey(context_, mine.key);
    if (how.wants_client_certificate) {
      SSL_CTX_load_verify_locations(context_, authority_file().c_str(), nullptr);
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    authority.free();
    mine.free();
    client.free();
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
    SSL_CTX_free(context_);
    std::error_code ec;
    std::filesystem::remove_all(folder_, ec);
  }

  std::uint16_t port() const { return port_; }
  std::string authority_file() const { return folder_ + "/authority.pem"; }
  std::string client_file() const { return folder_ + "/client.pem"; }
  std::string client_key_file() const { return folder_ + "/client.key"; }

 private:
  void save(const certificate& what, const std::string& name) const {
    std::FILE* file = std::fopen((folder_ + "/" + name + ".pem").c_str(), "w");
    PEM_write_X509(file, what.x509);
    std::fclose(file);
    file = std::fopen((folder_ + "/" + name + ".key").c_str(), "w");
    PEM_write_PrivateKey(file, what.key, EVP_aes_256_cbc(), reinterpret_cast<const unsigned char*>("sesame"), 6,
                         nullptr, nullptr);
    std::fclose(file);
  }

  void serve() {
    while (!is_stopping_) {
      const int peer = ::accept(listener_, nullptr, nullptr);
      if (peer < 0) break;
      const timeval limit{5, 0};
      ::setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      if (how_.speaks_plain_text) {
        char greeting[64];
        static_cast<void>(::read(peer, greeting, sizeof greeting));
        static_cast<void>(::write(peer, "HTTP/1.0 400 Bad Request\r\n\r\n", 28));
      } else if (!how_.closes_in_handshake) {
        echo(peer);
      }
      ::close(peer);
    }
  }

  void echo(int peer) const {
    SSL* ssl = SSL_new(context_);
    SSL_set_fd(ssl, peer);
    if (SSL_accept(ssl) == 1) {
      char data[16384];
      for (int got; (got = SSL_read(ssl, data, sizeof data)) > 0;) SSL_write(ssl, data, got);
      SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    ERR_clear_error();
  }

  behaviour how_;
  std::string folder_;
  SSL_CTX* context_ = nullptr;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

}  // namespace tests
