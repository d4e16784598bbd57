// The cryptographic functions of log-ins, by OpenSSL.
#pragma once

#include <dovetail/codec/postgres/crypto.hpp>
#include <dovetail/transport/tls_digest.hpp>

namespace dovetail::inline v0::postgres {

/// For `startup`. Threads: any.
inline const crypto_functions& openssl_crypto() noexcept {
  static constexpr crypto_functions functions{
      &dovetail::detail::sha256,         //
      &dovetail::detail::hmac_sha256,    //
      &dovetail::detail::pbkdf2_sha256,  //
      &dovetail::detail::md5,            //
      &dovetail::detail::random_bytes,
  };
  return functions;
}

}  // namespace dovetail::inline v0::postgres
