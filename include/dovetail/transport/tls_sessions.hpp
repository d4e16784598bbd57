// The TLS sessions that the connections of one client go on with, so that a new one needs no whole handshake.
#pragma once

#include <dovetail/base/sole.hpp>

#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_TLS_SOURCE)
#include <openssl/ssl.h>
#include <openssl/x509.h>
#else
#include <openssl/types.h>
typedef struct ssl_session_st SSL_SESSION;  // as <openssl/ssl.h> has it
#endif

#include <cstddef>
#include <ctime>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {
namespace detail {

struct tls_session_deleter {
  void operator()(SSL_SESSION* kept) const noexcept;
};
using kept_tls_session = sole<SSL_SESSION, tls_session_deleter>;

}  // namespace detail

/// Keeps the newest sessions, each under what it was made with: the server's name and everything that decides whom we
/// trust and who we are. One of TLS 1.3 is used once (RFC 8446 appendix C.4), one of TLS 1.2 until a newer one comes.
/// A resumed session is not verified again; it ends with its own lifetime, or with the server's certificate.
/// Threads: any. Cost: at most `most` sessions of a few KiB, the oldest goes first. Copies of a session are kept and
/// given, because a connection that ends without a farewell spoils its own.
class tls_sessions {
 public:
  static constexpr std::size_t most = 16;

  /// Null when there is none.
  detail::kept_tls_session take(std::string_view key);

  /// Called by OpenSSL: without memory nothing is kept.
  void keep(std::string_view key, SSL_SESSION& fresh) noexcept;

  /// After a handshake that failed: nothing is tried twice.
  void forget(std::string_view key) noexcept;

  std::size_t size() const;

 private:
  struct entry {
    std::string key;
    detail::kept_tls_session session;
  };

  static bool is_single(const SSL_SESSION& kept) noexcept;
  static bool is_over(SSL_SESSION& kept) noexcept;
  void erase(std::size_t at) noexcept;

  mutable std::mutex mutex_;
  std::vector<entry> all_;
};

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/tls_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_TLS_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {

DOVETAIL_DEFINE void detail::tls_session_deleter::operator()(SSL_SESSION* kept) const noexcept {
  SSL_SESSION_free(kept);
}

DOVETAIL_DEFINE detail::kept_tls_session tls_sessions::take(std::string_view key) {
  const std::lock_guard lock{mutex_};
  for (std::size_t i = all_.size(); i-- > 0;) {
    if (all_[i].key != key) continue;
    detail::kept_tls_session found = is_single(*all_[i].session)
                                         ? std::move(all_[i].session)
                                         : detail::kept_tls_session{SSL_SESSION_dup(all_[i].session.get())};
    if (!all_[i].session || is_over(*all_[i].session)) erase(i);
    if (found && !is_over(*found)) return found;
  }
  return {};
}

DOVETAIL_DEFINE void tls_sessions::keep(std::string_view key, SSL_SESSION& fresh) noexcept {
  detail::kept_tls_session copy{SSL_SESSION_dup(&fresh)};
  if (!copy || SSL_SESSION_is_resumable(copy.get()) != 1) return;
  if (!is_single(*copy)) forget(key);
  try {
    const std::lock_guard lock{mutex_};
    if (all_.size() >= most) erase(0);
    all_.push_back({std::string{key}, std::move(copy)});
  } catch (...) {
    return;
  }
}

DOVETAIL_DEFINE void tls_sessions::forget(std::string_view key) noexcept {
  const std::lock_guard lock{mutex_};
  for (std::size_t i = all_.size(); i-- > 0;) {
    if (all_[i].key == key) erase(i);
  }
}

DOVETAIL_DEFINE std::size_t tls_sessions::size() const {
  const std::lock_guard lock{mutex_};
  return all_.size();
}

DOVETAIL_DEFINE bool tls_sessions::is_single(const SSL_SESSION& kept) noexcept {
  return SSL_SESSION_get_protocol_version(&kept) >= TLS1_3_VERSION;
}

DOVETAIL_DEFINE bool tls_sessions::is_over(SSL_SESSION& kept) noexcept {
  if (std::time(nullptr) >= SSL_SESSION_get_time(&kept) + SSL_SESSION_get_timeout(&kept)) return true;
  const X509* const peer = SSL_SESSION_get0_peer(&kept);
  return peer != nullptr && X509_cmp_current_time(X509_get0_notAfter(peer)) <= 0;
}

DOVETAIL_DEFINE void tls_sessions::erase(std::size_t at) noexcept {
  all_.erase(all_.begin() + static_cast<std::ptrdiff_t>(at));
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
