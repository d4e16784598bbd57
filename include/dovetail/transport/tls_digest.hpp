// Hashes and random bytes by OpenSSL, for the log-ins of databases.
#pragma once

#include <dovetail/base/bytes.hpp>

#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_TLS_SOURCE)
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#else
#include <openssl/types.h>
#endif

#include <array>
#include <climits>
#include <cstddef>
#include <cstdint>

namespace dovetail::inline v0::detail {

bool sha256(byte_view data, std::array<std::byte, 32>& out) noexcept;

/// For the handshake of WebSocket, which asks for no secrecy of it.
bool sha1(byte_view data, std::array<std::byte, 20>& out) noexcept;

/// False where the library's rules forbid MD5 (FIPS).
bool md5(byte_view data, std::array<std::byte, 16>& out) noexcept;

bool hmac_sha256(byte_view key, byte_view data, std::array<std::byte, 32>& out) noexcept;

bool pbkdf2_sha256(byte_view password, byte_view salt, std::uint32_t iterations,
                   std::array<std::byte, 32>& out) noexcept;

/// Unpredictable bytes, fit for nonces.
bool random_bytes(byte_span out) noexcept;

/// The hash of a certificate that channel binding names tls-server-end-point (RFC 5929 section 4.1): by the hash of the
/// certificate's signature, SHA-256 instead of MD5 and SHA-1. Gives its size; 0 when the signature has no hash.
std::size_t end_point_hash(const X509& certificate, byte_span out) noexcept;

}  // namespace dovetail::inline v0::detail

// Compiled once: in the program's `dovetail/tls_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_TLS_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::detail {

inline const unsigned char* openssl_bytes(byte_view data) noexcept {
  return reinterpret_cast<const unsigned char*>(data.data());
}

template <std::size_t Size>
bool digest(const EVP_MD* kind, byte_view data, std::array<std::byte, Size>& out) noexcept {
  unsigned size = 0;
  unsigned char made[EVP_MAX_MD_SIZE];
  if (EVP_Digest(data.data(), data.size(), made, &size, kind, nullptr) != 1 || size != Size) return false;
  for (std::size_t i = 0; i < Size; ++i) out[i] = static_cast<std::byte>(made[i]);
  return true;
}

DOVETAIL_DEFINE bool sha256(byte_view data, std::array<std::byte, 32>& out) noexcept {
  return digest(EVP_sha256(), data, out);
}

DOVETAIL_DEFINE bool sha1(byte_view data, std::array<std::byte, 20>& out) noexcept {
  return digest(EVP_sha1(), data, out);
}

DOVETAIL_DEFINE bool md5(byte_view data, std::array<std::byte, 16>& out) noexcept {
  return digest(EVP_md5(), data, out);
}

DOVETAIL_DEFINE bool random_bytes(byte_span out) noexcept {
  return out.size() <= INT_MAX &&
         RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size())) == 1;
}

DOVETAIL_DEFINE bool hmac_sha256(byte_view key, byte_view data, std::array<std::byte, 32>& out) noexcept {
  if (key.size() > INT_MAX) return false;
  unsigned size = 0;
  return HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), openssl_bytes(data), data.size(),
              reinterpret_cast<unsigned char*>(out.data()), &size) != nullptr &&
         size == out.size();
}

DOVETAIL_DEFINE bool pbkdf2_sha256(byte_view password, byte_view salt, std::uint32_t iterations,
                                   std::array<std::byte, 32>& out) noexcept {
  if (password.size() > INT_MAX || salt.size() > INT_MAX || iterations > INT_MAX) return false;
  return PKCS5_PBKDF2_HMAC(reinterpret_cast<const char*>(password.data()), static_cast<int>(password.size()),
                           openssl_bytes(salt), static_cast<int>(salt.size()), static_cast<int>(iterations),
                           EVP_sha256(), static_cast<int>(out.size()),
                           reinterpret_cast<unsigned char*>(out.data())) == 1;
}

DOVETAIL_DEFINE std::size_t end_point_hash(const X509& certificate, byte_span out) noexcept {
  int kind = NID_undef;
  if (X509_get_signature_info(const_cast<X509*>(&certificate), &kind, nullptr, nullptr, nullptr) != 1) return 0;
  if (kind == NID_md5 || kind == NID_sha1) kind = NID_sha256;
  const EVP_MD* const by = kind == NID_undef ? nullptr : EVP_get_digestbynid(kind);
  unsigned size = 0;
  if (by == nullptr || out.size() < static_cast<std::size_t>(EVP_MD_get_size(by))) return 0;
  return X509_digest(&certificate, by, reinterpret_cast<unsigned char*>(out.data()), &size) == 1 ? size : 0;
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
