// The server's side of TLS, by OpenSSL: certificate and key as they were read, of which each connection gets a session.
#pragma once

#include <dovetail/base/errc.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/base/secret.hpp>
#include <dovetail/base/sole.hpp>
#include <dovetail/transport/tls_session.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace dovetail::inline v0 {

enum class tls_version : std::uint8_t { tls_1_2, tls_1_3 };

/// Who a server is, and whom it lets connect. Files are PEM, and read when it starts and when it is told to.
struct tls_server_settings {
  std::string certificate{};  ///< its own first, then those that lead from it to an authority which clients know
  std::string private_key{};  ///< of the first certificate; empty: it is in the same file
  secret private_key_password{};
  std::string client_authorities{};  ///< only who has a certificate of one of these may connect; empty: nobody is asked
                                     ///< for one. With them no session is resumed: every connection shows its own
  tls_version oldest = tls_version::tls_1_2;
};

namespace detail {

/// A handshake failed because its first bytes were a request of HTTP. OpenSSL sends no alert then.
inline bool was_plain_http(std::error_code ec) noexcept {
  if (ec.category() != tls_category()) return false;
  const unsigned long code = static_cast<unsigned>(ec.value());
  const int reason = ERR_GET_REASON(code);
  return ERR_GET_LIB(code) == ERR_LIB_SSL && (reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST);
}

/// Reading the files again is making another one. Threads: `accept` from one at a time. Lifetime: outlives its
/// sessions.
class tls_server_context {
 public:
  /// `protocol` is the only one of ALPN (RFC 7301); who offers others alone is refused.
  explicit tls_server_context(std::string_view protocol) : protocol_(1, static_cast<char>(protocol.size())) {
    protocol_.append(protocol);
  }
  tls_server_context(const tls_server_context&) = delete;
  tls_server_context& operator=(const tls_server_context&) = delete;

  /// Reads the files. Errors: errc::invalid_option; the words name the setting, and nothing that may be the key's text.
  error_info load(const tls_server_settings& how);

  /// The server's side of one connection; null without memory.
  sole<tls_session> accept() const { return tls_session::accept(*context_); }

 private:
  struct asked_password {
    const secret* text;
    bool was_wanted = false;
  };

  bool prepare(tls_version oldest);
  error_info load_key(const tls_server_settings& how, asked_password& password);
  error_info load_authorities(const std::string& file);

  /// OpenSSL would ask on the terminal.
  static int give_password(char* into, int room, int, void* of) noexcept;
  static int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                             unsigned offered_size, void* self) noexcept;
  static error_info wrong_file(std::string_view setting, const std::string& file);
  static error_info wrong_key();

  std::string protocol_;  // as on the wire: its length, its name
  std::unique_ptr<SSL_CTX, tls_deleter> context_;
};

}  // namespace detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/tls_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_TLS_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::detail {

DOVETAIL_DEFINE error_info tls_server_context::load(const tls_server_settings& how) {
  if (how.certificate.empty()) return {errc::invalid_option, "tls.certificate is missing"};
  ERR_clear_error();
  if (!prepare(how.oldest)) return {errc::invalid_option, "TLS cannot be set up: " + take_tls_error().message()};
  asked_password password{&how.private_key_password};
  SSL_CTX_set_default_passwd_cb(context_.get(), &tls_server_context::give_password);
  SSL_CTX_set_default_passwd_cb_userdata(context_.get(), &password);
  const bool is_read = SSL_CTX_use_certificate_chain_file(context_.get(), how.certificate.c_str()) == 1;
  error_info wrong = is_read ? load_key(how, password) : wrong_file("tls.certificate", how.certificate);
  SSL_CTX_set_default_passwd_cb_userdata(context_.get(), nullptr);
  if (!wrong && !how.client_authorities.empty()) wrong = load_authorities(how.client_authorities);
  return wrong;
}

DOVETAIL_DEFINE bool tls_server_context::prepare(tls_version oldest) {
  context_.reset(SSL_CTX_new(TLS_server_method()));
  if (!context_) return false;
  SSL_CTX* const made = context_.get();
  // A connection that waits needs no buffers.
  SSL_CTX_set_mode(made,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(made, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Sessions are resumed by tickets, which the clients keep: a cache here would grow with their number.
  SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
  static constexpr unsigned char name[] = {'d', 'o', 'v', 'e', 't', 'a', 'i', 'l'};
  if (SSL_CTX_set_session_id_context(made, name, sizeof name) != 1) return false;
  SSL_CTX_set_alpn_select_cb(made, &tls_server_context::choose_protocol, this);
  return SSL_CTX_set_min_proto_version(made, oldest == tls_version::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1;
}

DOVETAIL_DEFINE error_info tls_server_context::load_key(const tls_server_settings& how, asked_password& password) {
  struct free_key {
    void operator()(EVP_PKEY* of) const noexcept { EVP_PKEY_free(of); }
  };
  struct free_bio {
    void operator()(BIO* of) const noexcept { BIO_free(of); }
  };
  const std::string& file = how.private_key.empty() ? how.certificate : how.private_key;
  ERR_clear_error();
  const std::unique_ptr<BIO, free_bio> from{BIO_new_file(file.c_str(), "r")};
  if (!from) return wrong_key();
  const std::unique_ptr<EVP_PKEY, free_key> key{
      PEM_read_bio_PrivateKey(from.get(), nullptr, &tls_server_context::give_password, &password)};
  if (!key && password.was_wanted) {
    ERR_clear_error();
    return {errc::invalid_option, how.private_key_password.empty()
                                      ? "tls.private_key is encrypted, and tls.private_key_password is missing"
                                      : "tls.private_key_password does not open tls.private_key"};
  }
  if (!key) return wrong_key();
  const X509* const certificate = SSL_CTX_get0_certificate(context_.get());
  if (certificate == nullptr || X509_check_private_key(certificate, key.get()) != 1) {
    ERR_clear_error();
    return {errc::invalid_option, "tls.private_key is not the key of tls.certificate"};
  }
  if (SSL_CTX_use_PrivateKey(context_.get(), key.get()) != 1) return wrong_key();
  return {};
}

DOVETAIL_DEFINE error_info tls_server_context::load_authorities(const std::string& file) {
  STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(file.c_str());
  if (names == nullptr) return wrong_file("tls.client_authorities", file);
  SSL_CTX_set_client_CA_list(context_.get(), names);  // takes them
  if (SSL_CTX_load_verify_file(context_.get(), file.c_str()) != 1) return wrong_file("tls.client_authorities", file);
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // A session that goes on is not verified again: its certificate might have ended since.
  SSL_CTX_set_options(context_.get(), SSL_OP_NO_TICKET);
  if (SSL_CTX_set_num_tickets(context_.get(), 0) != 1) return wrong_file("tls.client_authorities", file);
  return {};
}

DOVETAIL_DEFINE int tls_server_context::give_password(char* into, int room, int, void* of) noexcept {
  if (of == nullptr) return -1;
  auto& password = *static_cast<asked_password*>(of);
  password.was_wanted = true;
  const std::string_view text = password.text->reveal();
  if (text.empty() || room < 0 || text.size() > static_cast<std::size_t>(room)) return -1;
  std::memcpy(into, text.data(), text.size());
  return static_cast<int>(text.size());
}

DOVETAIL_DEFINE int tls_server_context::choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                                                        const unsigned char* offered, unsigned offered_size,
                                                        void* self) noexcept {
  const std::string& ours = static_cast<const tls_server_context*>(self)->protocol_;
  unsigned char* found = nullptr;
  const int agreed = SSL_select_next_proto(&found, size, reinterpret_cast<const unsigned char*>(ours.data()),
                                           static_cast<unsigned>(ours.size()), offered, offered_size);
  *chosen = found;
  return agreed == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

DOVETAIL_DEFINE error_info tls_server_context::wrong_file(std::string_view setting, const std::string& file) {
  return {errc::invalid_option, std::string{setting} + " '" + file + "': " + take_tls_error().message()};
}

/// Without the file's name: who gives the key itself by mistake does not find it in a log.
DOVETAIL_DEFINE error_info tls_server_context::wrong_key() {
  return {errc::invalid_option,
          "tls.private_key must be the name of a PEM file with a key: " + take_tls_error().message()};
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
