// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677): what the client says, and whether the server knew it too.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/secret.hpp>
#include <dovetail/base/text.hpp>
#include <dovetail/codec/postgres/crypto.hpp>
#include <dovetail/codec/postgres/saslprep.hpp>
#include <dovetail/format/base64.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

using dovetail::detail::append_parts;
using dovetail::detail::base64_byte_count;
using dovetail::detail::base64_size;
using dovetail::detail::number_text;
using dovetail::detail::printable;
using dovetail::detail::read_base64;
using dovetail::detail::write_base64;

/// One log-in. Call `first`, send what it gives, hand the answer to `prove`, send, hand the last answer to `verify`.
/// Passwords are prepared as PostgreSQL does, as far as `prepare_password` knows (docs/postgres.md, "What is missing").
/// Errors: errc::login_refused with the reason, which holds no secret. Lifetime: borrows password and binding.
/// Cost: as many hashes as the server asks for, at most `most_iterations`.
class scram {
 public:
  /// A server that asks for more wants to keep us busy.
  static constexpr std::uint32_t most_iterations = 1'000'000;
  static constexpr std::string_view plain_name = "SCRAM-SHA-256";
  static constexpr std::string_view plus_name = "SCRAM-SHA-256-PLUS";

  enum class binding : std::uint8_t {
    unsupported,  ///< we cannot
    unused,       ///< we could, and the server does not offer it: it fails when somebody has removed the offer
    used,         ///< -PLUS, with the hash of the server's certificate
  };

  scram(const crypto_functions& crypto, const secret& password, binding how, byte_view channel) noexcept
      : crypto_(&crypto), password_(&password), how_(how), channel_(channel) {}

  /// Gives client-first-message. `user` may be empty: PostgreSQL takes the one of the StartupMessage.
  error_info first(std::string& message, std::string_view user = {});

  /// The same with a given nonce, which must be different for each log-in.
  error_info first_with(std::string& message, std::string_view user, std::string_view nonce);

  /// Takes server-first-message, gives client-final-message.
  error_info prove(std::string_view answer, std::string& message);

  /// Takes server-final-message: a server that does not know the password cannot have made it.
  error_info verify(std::string_view answer);

  /// Could the server have prepared the password otherwise than `prove` did?
  bool is_password_doubtful() const noexcept { return is_password_doubtful_; }

 private:
  [[gnu::cold, gnu::noinline]] static error_info bad(std::string text) {
    return {errc::login_refused, std::move(text)};
  }

  /// The gs2-header (RFC 5802 section 7).
  std::string_view header() const noexcept;

  /// Takes the attribute `name` off the front, up to the comma behind it.
  static bool take(std::string_view& rest, char name, std::string_view& value) noexcept;

  static void append_base64(std::string& text, byte_view bytes);

  const crypto_functions* crypto_;
  const secret* password_;
  binding how_;
  byte_view channel_;
  std::string nonce_;
  std::string bare_;  // client-first-message-bare
  sha256_digest expected_{};
  bool has_proved_ = false;
  bool is_password_doubtful_ = false;
};

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

DOVETAIL_DEFINE error_info scram::first(std::string& message, std::string_view user) {
  std::array<std::byte, 18> random{};  // 24 characters of base64, as libpq's
  if (!crypto_->random_bytes(random)) return {errc::login_refused, "there are no random numbers for a SCRAM log-in"};
  std::string nonce(base64_size(random.size()), '\0');
  write_base64(nonce.data(), random);
  return first_with(message, user, nonce);
}

DOVETAIL_DEFINE error_info scram::first_with(std::string& message, std::string_view user, std::string_view nonce) {
  nonce_ = nonce;
  bare_ = "n=";
  for (const char c : user) {  // RFC 5802 section 5.1
    if (c == '=') {
      bare_ += "=3D";
    } else if (c == ',') {
      bare_ += "=2C";
    } else {
      bare_ += c;
    }
  }
  append_parts(bare_, {",r=", nonce});
  message.clear();
  append_parts(message, {header(), bare_});
  return {};
}

DOVETAIL_DEFINE error_info scram::prove(std::string_view answer, std::string& message) {
  std::string_view rest = answer;
  std::string_view nonce, salt_text, count_text;
  if (!take(rest, 'r', nonce) || !take(rest, 's', salt_text) || !take(rest, 'i', count_text)) {
    // An extension that must be understood ("m=") comes first, and is refused with the rest.
    return bad("the server's first SCRAM message is malformed");
  }
  if (nonce.size() <= nonce_.size() || !nonce.starts_with(nonce_)) {
    return bad("the server's SCRAM nonce does not continue ours");
  }
  std::uint32_t count = 0;
  if (!parse_integer(count_text, count) || count == 0) return bad("the server's SCRAM iteration count is no number");
  if (count > most_iterations) {
    std::string text;
    append_parts(text, {"the server asks for ", number_text{count}, " SCRAM iterations, more than the ",
                        number_text{most_iterations}, " that are done"});
    return bad(std::move(text));
  }
  std::array<std::byte, 1024> salt_room;
  const std::size_t salt_size = base64_byte_count(salt_text);
  if (salt_size == 0 || salt_size > salt_room.size() ||
      !read_base64(salt_text, byte_span{salt_room}.first(salt_size))) {
    return bad("the server's SCRAM salt is malformed");
  }

  message = "c=";
  std::string bound{header()};
  if (how_ == binding::used) bound.append(as_text(channel_));
  append_base64(message, as_byte_view(bound));
  append_parts(message, {",r=", nonce});
  std::string signed_text;  // AuthMessage of RFC 5802 section 3
  append_parts(signed_text, {bare_, ",", answer, ",", message});

  const prepared_password prepared = prepare_password(password_->reveal());
  is_password_doubtful_ = !prepared.is_certain;
  sha256_digest salted, client_key, stored_key, proof, server_key;
  const bool is_done = crypto_->pbkdf2_sha256(as_byte_view(prepared.text.reveal()),
                                              byte_view{salt_room}.first(salt_size), count, salted) &&
                       crypto_->hmac_sha256(salted, as_byte_view("Client Key"), client_key) &&
                       crypto_->sha256(client_key, stored_key) &&
                       crypto_->hmac_sha256(stored_key, as_byte_view(signed_text), proof) &&
                       crypto_->hmac_sha256(salted, as_byte_view("Server Key"), server_key) &&
                       crypto_->hmac_sha256(server_key, as_byte_view(signed_text), expected_);
  if (!is_done) return bad("the TLS library refuses to compute a SCRAM proof");
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] ^= client_key[i];
  message += ",p=";
  append_base64(message, proof);
  has_proved_ = true;
  return {};
}

DOVETAIL_DEFINE error_info scram::verify(std::string_view answer) {
  std::string_view rest = answer;
  std::string_view value;
  if (take(rest, 'e', value)) return bad("the server refuses the SCRAM log-in: " + printable(value, 64));
  sha256_digest given{};
  if (!has_proved_ || !take(rest, 'v', value) || base64_byte_count(value) != given.size() ||
      !read_base64(value, given)) {
    return bad("the server's last SCRAM message is malformed");
  }
  unsigned difference = 0;
  for (std::size_t i = 0; i < given.size(); ++i) difference |= std::to_integer<unsigned>(given[i] ^ expected_[i]);
  if (difference != 0) return bad("the server does not know the password: somebody may pose as it");
  return {};
}

DOVETAIL_DEFINE std::string_view scram::header() const noexcept {
  switch (how_) {
    case binding::unsupported:
      return "n,,";
    case binding::unused:
      return "y,,";
    case binding::used:
      return "p=tls-server-end-point,,";
  }
  return {};
}

DOVETAIL_DEFINE bool scram::take(std::string_view& rest, char name, std::string_view& value) noexcept {
  if (rest.size() < 2 || rest[0] != name || rest[1] != '=') return false;
  rest.remove_prefix(2);
  const std::size_t comma = rest.find(',');
  value = rest.substr(0, comma);
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return true;
}

DOVETAIL_DEFINE void scram::append_base64(std::string& text, byte_view bytes) {
  const std::size_t at = text.size();
  text.resize(at + base64_size(bytes.size()));
  write_base64(text.data() + at, bytes);
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
