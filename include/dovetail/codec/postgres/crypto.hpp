// The cryptographic functions that logging in needs, as the program's TLS library provides them.
#pragma once

#include <dovetail/base/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::postgres {

using sha256_digest = std::array<std::byte, 32>;
using md5_digest = std::array<std::byte, 16>;

/// Functions injected into the codec, which implements none of them. Each is false when the library refuses (MD5 under
/// FIPS rules).
struct crypto_functions {
  bool (*sha256)(byte_view data, sha256_digest& out) noexcept;
  bool (*hmac_sha256)(byte_view key, byte_view data, sha256_digest& out) noexcept;
  bool (*pbkdf2_sha256)(byte_view password, byte_view salt, std::uint32_t iterations, sha256_digest& out) noexcept;
  bool (*md5)(byte_view data, md5_digest& out) noexcept;
  bool (*random_bytes)(byte_span out) noexcept;
};

}  // namespace dovetail::inline v0::postgres
