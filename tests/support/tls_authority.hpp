// A certificate authority in a temporary folder, and servers' TLS contexts with certificates of it; for tests only.
#pragma once

#include <support/certificate.hpp>

#include <openssl/ssl.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

namespace tests {

struct free_context {
  void operator()(SSL_CTX* of) const { SSL_CTX_free(of); }
};
using server_context = std::unique_ptr<SSL_CTX, free_context>;

class tls_authority {
 public:
  tls_authority() {
    char pattern[] = "/tmp/dovetail-tls-XXXXXX";
    folder_ = mkdtemp(pattern);
    mine_ = certificate::make("test authority", nullptr, nullptr);
    certificate client = certificate::make("test client", nullptr, &mine_);
    save(mine_, "authority");
    save(client, "client");
    client.free();
  }
  tls_authority(const tls_authority&) = delete;
  tls_authority& operator=(const tls_authority&) = delete;
  ~tls_authority() {
    mine_.free();
    std::error_code ec;
    std::filesystem::remove_all(folder_, ec);
  }

  /// What a server with a certificate for these names needs; a context whose `valid_seconds` are negative has expired.
  server_context context(const char* names = "DNS:localhost,IP:127.0.0.1", long valid_seconds = 3600) const {
    certificate its = certificate::make("test server", names, &mine_, valid_seconds);
    server_context made{SSL_CTX_new(TLS_server_method())};
    SSL_CTX_use_certificate(made.get(), its.x509);
    SSL_CTX_use_PrivateKey(made.get(), its.key);
    SSL_CTX_set_session_id_context(made.get(), reinterpret_cast<const unsigned char*>("test"), 4);
    its.free();
    return made;
  }

  /// PEM files of a server: its certificate for these names, and its key.
  struct server_files {
    std::string certificate;
    std::string key;
  };
  server_files server(const char* names = "DNS:localhost,IP:127.0.0.1", const std::string& password = {}) {
    certificate its = certificate::make("test server", names, &mine_);
    const std::string base = folder_ + "/server" + std::to_string(++servers_);
    its.save_certificate(base + ".pem");
    its.save_key(base + ".key", password);
    its.free();
    return {base + ".pem", base + ".key"};
  }

  /// Those of a client whose certificate has ended.
  server_files expired_client() {
    certificate its = certificate::make("test client", nullptr, &mine_, -60);
    const std::string base = folder_ + "/expired" + std::to_string(++servers_);
    its.save_certificate(base + ".pem");
    its.save_key(base + ".key", "");
    its.free();
    return {base + ".pem", base + ".key"};
  }

  std::string file() const { return folder_ + "/authority.pem"; }
  std::string client_file() const { return folder_ + "/client.pem"; }
  std::string client_key_file() const { return folder_ + "/client.key"; }

 private:
  void save(const certificate& what, const std::string& name) const {
    what.save_certificate(folder_ + "/" + name + ".pem");
    what.save_key(folder_ + "/" + name + ".key", "sesame");
  }

  std::string folder_;
  certificate mine_;
  int servers_ = 0;
};

}  // namespace tests
