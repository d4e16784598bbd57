// One TLS session as steps that never block, and the settings that it is made from, by OpenSSL.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/condition.hpp>
#include <dovetail/base/errc.hpp>
#include <dovetail/base/secret.hpp>
#include <dovetail/base/sole.hpp>
#include <dovetail/transport/concepts.hpp>
#include <dovetail/transport/tls_digest.hpp>
#include <dovetail/transport/tls_sessions.hpp>

#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_TLS_SOURCE)
#include <algorithm>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#else
#include <openssl/types.h>
typedef struct bio_method_st BIO_METHOD;  // as <openssl/bio.h> has it
#endif

#include <climits>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#if defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DECLARE
#else
#define DOVETAIL_DECLARE inline  // or GCC writes them into every file that sees the class
#endif
namespace dovetail::inline v0 {

/// What is checked of the server's certificate.
enum class tls_verify : std::uint8_t {
  full,         ///< signed by a trusted authority, and for the server's name (the default)
  certificate,  ///< signed by a trusted authority; for whatever name
  none,         ///< nothing: encrypted, and anybody may be at the other end
};

/// When the handshake takes place.
enum class tls_start : std::uint8_t { at_once, on_request };

/// How TLS sessions are made. Files are PEM and read when a session begins.
struct tls_settings {
  std::string server_name;  ///< sent to the server (SNI) and looked for in its certificate; a name or an address
  tls_verify verify = tls_verify::full;
  tls_start start = tls_start::at_once;
  std::string authorities;  ///< file of trusted certificates; empty: the system's
  std::string certificate;  ///< our own certificate chain, where the server wants one
  std::string private_key;  ///< its key
  secret private_key_password;
  std::string application_protocol;          ///< ALPN; empty: none is offered
  bool sends_name = true;                    ///< SNI, where `server_name` is a name
  std::shared_ptr<tls_sessions> sessions{};  ///< to go on with, of all connections of a client; null: none are kept
};

namespace detail {

class tls_category_type final : public std::error_category {
 public:
  const char* name() const noexcept override { return "dovetail.tls"; }
  DOVETAIL_DECLARE std::string message(int value) const override;
  DOVETAIL_DECLARE std::error_condition default_error_condition(int value) const noexcept override;
  /// A file that cannot be read is also what the system says of it: std::errc::no_such_file_or_directory.
  DOVETAIL_DECLARE bool equivalent(int value, const std::error_condition& to) const noexcept override;
};

class certificate_category_type final : public std::error_category {
 public:
  const char* name() const noexcept override { return "dovetail.certificate"; }
  DOVETAIL_DECLARE std::string message(int value) const override;
  DOVETAIL_DECLARE std::error_condition default_error_condition(int) const noexcept override;
};

}  // namespace detail

/// OpenSSL's own errors (packed codes of ERR_get_error).
inline const std::error_category& tls_category() noexcept {
  static const detail::tls_category_type category;
  return category;
}

/// Why a certificate was not accepted (X509_V_ERR_…).
inline const std::error_category& certificate_category() noexcept {
  static const detail::certificate_category_type category;
  return category;
}

namespace detail {

/// Moves ciphertext for a session.
class tls_io {
 public:
  virtual attempt receive(byte_span into) = 0;
  virtual attempt send(byte_view from) = 0;

 protected:
  ~tls_io() = default;
};

struct tls_deleter {
  void operator()(SSL_CTX* made) const noexcept;
  void operator()(SSL* made) const noexcept;
  void operator()(BIO_METHOD* made) const noexcept;
};

/// The oldest error in OpenSSL's queue, which is emptied.
std::error_code take_tls_error() noexcept;

class tls_session {
 public:
  static sole<tls_session> create(const tls_settings& how, std::error_code& ec);
  /// The server's side. Lifetime: `context` outlives it. Null without memory.
  static sole<tls_session> accept(SSL_CTX& context);

  attempt handshake(tls_io& io);

  attempt read(tls_io& io, byte_span into);

  /// Is there something to read? It stays there. What has come is decrypted, of one record at most.
  attempt peek(tls_io& io);

  /// After a step that has to wait the same bytes must be offered again; a moved buffer is allowed.
  attempt write(tls_io& io, byte_view from);

  attempt say_goodbye(tls_io& io);

  bool is_established() const noexcept { return is_established_; }
  std::string_view protocol() const noexcept;
  bool is_resumed() const noexcept;
  std::string_view application_protocol() const noexcept;
  byte_view channel_binding() noexcept;

 private:
  tls_session() = default;

  static int clamp(std::size_t size) noexcept { return size < INT_MAX ? static_cast<int>(size) : INT_MAX; }

  bool prepare(const tls_settings& how);

  bool load_files(const tls_settings& how);

  bool name_server(const tls_settings& how);

  bool offer_protocol(std::string_view name);

  void resume_from(const tls_settings& how);

  bool plug_in();

  BIO* make_bio();

  template <class Call>
  attempt step(tls_io& io, Call call);

  secret password_;
  std::shared_ptr<tls_sessions> sessions_;
  std::string sessions_key_;
  sole<SSL_CTX, tls_deleter> context_;
  sole<BIO_METHOD, tls_deleter> method_;
  sole<SSL, tls_deleter> ssl_;
  static constexpr std::size_t largest_hash = 64;

  std::byte binding_[largest_hash];
  tls_io* io_ = nullptr;
  attempt last_;
  bool is_established_ = false;
};

}  // namespace detail
}  // namespace dovetail::inline v0
#undef DOVETAIL_DECLARE

// Compiled once: in the program's `dovetail/tls_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_TLS_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::detail {

DOVETAIL_DEFINE std::string certificate_category_type::message(int value) const {
  return std::string{"the server's certificate is not accepted: "} + X509_verify_cert_error_string(value);
}

DOVETAIL_DEFINE std::error_condition certificate_category_type::default_error_condition(int) const noexcept {
  return make_error_condition(condition::authentication);
}

DOVETAIL_DEFINE void tls_deleter::operator()(SSL_CTX* made) const noexcept { SSL_CTX_free(made); }
DOVETAIL_DEFINE void tls_deleter::operator()(SSL* made) const noexcept { SSL_free(made); }
DOVETAIL_DEFINE void tls_deleter::operator()(BIO_METHOD* made) const noexcept { BIO_meth_free(made); }

template <class Call>
attempt tls_session::step(tls_io& io, Call call) {
  io_ = &io;
  last_ = {};
  ERR_clear_error();
  const int outcome = call();
  io_ = nullptr;
  if (outcome > 0) return attempt::done(static_cast<std::size_t>(outcome));
  switch (SSL_get_error(ssl_.get(), outcome)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return last_;
    case SSL_ERROR_ZERO_RETURN:
      return attempt::failed(make_error_code(errc::connection_closed));
    default:
      // The stream's own error says more than the layer above it, which only saw a failed read.
      if (last_.is_over() && last_.ec) {
        ERR_clear_error();
        // An end of which the peer's TLS did not say a word may be somebody else's: what has come may be cut off
        // (RFC 8446 section 6.1).
        const bool is_cut = is_established_ && last_.ec == errc::connection_closed;
        return attempt::failed(is_cut ? make_error_code(errc::connection_lost) : last_.ec);
      }
      return attempt::failed(take_tls_error());
  }
}

DOVETAIL_DEFINE attempt tls_session::read(tls_io& io, byte_span into) {
  return step(io, [&] { return SSL_read(ssl_.get(), into.data(), clamp(into.size())); });
}

DOVETAIL_DEFINE attempt tls_session::peek(tls_io& io) {
  char one = 0;
  return step(io, [&] { return SSL_peek(ssl_.get(), &one, 1); });
}

DOVETAIL_DEFINE attempt tls_session::write(tls_io& io, byte_view from) {
  return step(io, [&] { return SSL_write(ssl_.get(), from.data(), clamp(from.size())); });
}

DOVETAIL_DEFINE std::string_view tls_session::protocol() const noexcept { return SSL_get_version(ssl_.get()); }

DOVETAIL_DEFINE bool tls_session::is_resumed() const noexcept { return SSL_session_reused(ssl_.get()) == 1; }

DOVETAIL_DEFINE std::string_view tls_session::application_protocol() const noexcept {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

DOVETAIL_DEFINE byte_view tls_session::channel_binding() noexcept {
  static_assert(largest_hash >= EVP_MAX_MD_SIZE);
  const X509* const peer = SSL_get0_peer_certificate(ssl_.get());
  return {binding_, peer == nullptr ? 0 : end_point_hash(*peer, binding_)};
}

}  // namespace dovetail::inline v0::detail
namespace dovetail::inline v0 {
namespace detail {

DOVETAIL_DEFINE std::string tls_category_type::message(int value) const {
  const unsigned long code = static_cast<unsigned>(value);
  if (ERR_SYSTEM_ERROR(code)) return "TLS: " + std::generic_category().message(ERR_GET_REASON(code));
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "TLS failed (" + std::to_string(value) + ")" : "TLS: " + std::string{reason};
}

DOVETAIL_DEFINE std::error_condition tls_category_type::default_error_condition(int value) const noexcept {
  const unsigned long code = static_cast<unsigned>(value);
  const bool is_setup = ERR_GET_LIB(code) != ERR_LIB_SSL;  // files that cannot be read, keys that do not fit
  return make_error_condition(is_setup ? condition::configuration : condition::connection);
}

DOVETAIL_DEFINE bool tls_category_type::equivalent(int value, const std::error_condition& to) const noexcept {
  const unsigned long code = static_cast<unsigned>(value);
  if (ERR_SYSTEM_ERROR(code) && to == std::error_condition{ERR_GET_REASON(code), std::generic_category()}) return true;
  return default_error_condition(value) == to;
}

DOVETAIL_DEFINE std::error_code take_tls_error() noexcept {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return make_error_code(errc::connection_lost);
  return {static_cast<int>(static_cast<unsigned>(code)), tls_category()};
}

DOVETAIL_DEFINE sole<tls_session> tls_session::create(const tls_settings& how, std::error_code& ec) {
  ERR_clear_error();
  if (how.verify == tls_verify::full && how.server_name.empty()) {
    ec = errc::invalid_option;  // nothing to verify against is a mistake, not a success
    return {};
  }
  sole<tls_session> made{new tls_session};
  if (!made->prepare(how)) {
    ec = take_tls_error();
    return {};
  }
  return made;
}

DOVETAIL_DEFINE sole<tls_session> tls_session::accept(SSL_CTX& context) {
  ERR_clear_error();
  sole<tls_session> made{new tls_session};
  made->ssl_.reset(SSL_new(&context));
  if (!made->ssl_ || !made->plug_in()) {
    ERR_clear_error();
    return {};
  }
  SSL_set_accept_state(made->ssl_.get());
  return made;
}

DOVETAIL_DEFINE attempt tls_session::handshake(tls_io& io) {
  const attempt over = step(io, [this] { return SSL_do_handshake(ssl_.get()); });
  if (over.is_over() && !over.ec) {
    is_established_ = true;
    return attempt::done();  // no bytes of the user's
  }
  if (over.ec && sessions_) sessions_->forget(sessions_key_);
  if (over.ec.category() == tls_category()) {
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (verdict != X509_V_OK) return attempt::failed({static_cast<int>(verdict), certificate_category()});
  }
  return over;
}

DOVETAIL_DEFINE attempt tls_session::say_goodbye(tls_io& io) {
  return step(io, [this] {
    const int said = SSL_shutdown(ssl_.get());
    return said == 0 ? 1 : said;  // we do not wait for the peer's goodbye
  });
}

DOVETAIL_DEFINE bool tls_session::prepare(const tls_settings& how) {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_ || SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION) != 1) return false;
  SSL_CTX_set_mode(context_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (!load_files(how)) return false;
  ssl_.reset(SSL_new(context_.get()));
  if (!ssl_) return false;
  SSL_set_verify(ssl_.get(), how.verify == tls_verify::none ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
  if (!name_server(how) || !offer_protocol(how.application_protocol)) return false;
  resume_from(how);
  SSL_set_connect_state(ssl_.get());
  return plug_in();
}

DOVETAIL_DEFINE bool tls_session::plug_in() {
  SSL_set_read_ahead(ssl_.get(), 1);
  BIO* const bio = make_bio();
  if (bio == nullptr) return false;
  SSL_set_bio(ssl_.get(), bio, bio);
  return true;
}

DOVETAIL_DEFINE bool tls_session::load_files(const tls_settings& how) {
  if (how.verify != tls_verify::none) {
    const int loaded = how.authorities.empty()
                           ? SSL_CTX_set_default_verify_paths(context_.get())
                           : SSL_CTX_load_verify_locations(context_.get(), how.authorities.c_str(), nullptr);
    if (loaded != 1) return false;
  }
  if (how.certificate.empty()) return true;
  password_ = how.private_key_password;
  SSL_CTX_set_default_passwd_cb_userdata(context_.get(), this);
  SSL_CTX_set_default_passwd_cb(context_.get(), [](char* into, int room, int, void* self) {
    const std::string_view text = static_cast<tls_session*>(self)->password_.reveal();
    const std::size_t size = (std::min)(text.size(), static_cast<std::size_t>((std::max)(room, 0)));
    std::memcpy(into, text.data(), size);
    return static_cast<int>(size);
  });
  const std::string& key = how.private_key.empty() ? how.certificate : how.private_key;
  return SSL_CTX_use_certificate_chain_file(context_.get(), how.certificate.c_str()) == 1 &&
         SSL_CTX_use_PrivateKey_file(context_.get(), key.c_str(), SSL_FILETYPE_PEM) == 1 &&
         SSL_CTX_check_private_key(context_.get()) == 1;
}

DOVETAIL_DEFINE bool tls_session::name_server(const tls_settings& how) {
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl_.get());
  // An address is looked for among the certificate's addresses, and is not sent as a name (RFC 6066 section 3).
  const bool is_address =
      !how.server_name.empty() && X509_VERIFY_PARAM_set1_ip_asc(wanted, how.server_name.c_str()) == 1;
  if (is_address) {
    if (how.verify != tls_verify::full) X509_VERIFY_PARAM_set1_ip(wanted, nullptr, 0);
    return true;
  }
  ERR_clear_error();
  if (how.verify == tls_verify::full) {
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_host(wanted, how.server_name.data(), how.server_name.size()) != 1) return false;
  }
  return how.server_name.empty() || !how.sends_name ||
         SSL_set_tlsext_host_name(ssl_.get(), how.server_name.c_str()) == 1;
}

DOVETAIL_DEFINE bool tls_session::offer_protocol(std::string_view name) {
  if (name.empty()) return true;
  if (name.size() > 255) return false;
  std::string wire(1, static_cast<char>(name.size()));  // RFC 7301 section 3.1
  wire.append(name);
  return SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                             static_cast<unsigned>(wire.size())) == 0;
}

DOVETAIL_DEFINE void tls_session::resume_from(const tls_settings& how) {
  if (!how.sessions) return;
  sessions_ = how.sessions;
  // Each part with its length: no two settings have the same key.
  for (const std::string_view part :
       {std::string_view{how.server_name}, std::string_view{how.authorities}, std::string_view{how.certificate},
        std::string_view{how.private_key}, std::string_view{how.application_protocol}}) {
    sessions_key_.append(std::to_string(part.size())).append(":").append(part);
  }
  sessions_key_.append(std::to_string(static_cast<int>(how.verify))).append(how.sends_name ? "n" : "-");
  SSL_set_app_data(ssl_.get(), this);
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* on, SSL_SESSION* fresh) {
    const auto* const self = static_cast<const tls_session*>(SSL_get_app_data(on));
    self->sessions_->keep(self->sessions_key_, *fresh);
    return 0;  // it stays OpenSSL's
  });
  if (const kept_tls_session kept = sessions_->take(sessions_key_)) SSL_set_session(ssl_.get(), kept.get());
  ERR_clear_error();  // one that does not fit costs a whole handshake, not the connection
}

DOVETAIL_DEFINE BIO* tls_session::make_bio() {
  static const int index = BIO_get_new_index();  // there are few
  method_.reset(BIO_meth_new(index | BIO_TYPE_SOURCE_SINK, "dovetail"));
  if (!method_) return nullptr;
  BIO_meth_set_read_ex(method_.get(), [](BIO* bio, char* into, std::size_t room, std::size_t* got) {
    auto* const self = static_cast<tls_session*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    self->last_ = self->io_->receive({reinterpret_cast<std::byte*>(into), room});
    if (!self->last_.is_over()) BIO_set_retry_read(bio);
    *got = self->last_.bytes;
    return self->last_.is_over() && !self->last_.ec ? 1 : 0;
  });
  BIO_meth_set_write_ex(method_.get(), [](BIO* bio, const char* from, std::size_t size, std::size_t* sent) {
    auto* const self = static_cast<tls_session*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    self->last_ = self->io_->send({reinterpret_cast<const std::byte*>(from), size});
    if (!self->last_.is_over()) BIO_set_retry_write(bio);
    *sent = self->last_.bytes;
    return self->last_.is_over() && !self->last_.ec ? 1 : 0;
  });
  BIO_meth_set_ctrl(method_.get(),
                    [](BIO*, int command, long, void*) -> long { return command == BIO_CTRL_FLUSH ? 1 : 0; });
  BIO* const bio = BIO_new(method_.get());
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace detail
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
