// The cryptographic functions of log-ins, by OpenSSL.
#pragma once

#include <dovetail/codec/postgres/crypto.hpp>
#include <dovetail/transport/tls_digest.hpp>

namespace dovetail::inline v0::postgres {

/// For `startup`. Threads: any.
const crypto_functions& openssl_crypto() noexcept;

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE const crypto_functions& openssl_crypto() noexcept {
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
#undef DOVETAIL_DEFINE
#endif
