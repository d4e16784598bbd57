// The client's side of a log-in: answers the server's Authentication messages, and refuses what must not be answered.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/later.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/secret.hpp>
#include <dovetail/base/text.hpp>
#include <dovetail/codec/postgres/crypto.hpp>
#include <dovetail/codec/postgres/message.hpp>
#include <dovetail/codec/postgres/options.hpp>
#include <dovetail/codec/postgres/scram.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

/// Who logs in, and over what.
struct login {
  const connect_options* options;
  const crypto_functions* crypto;
  const secret* password;
  byte_view channel;          ///< of the TLS connection; empty without TLS
  bool is_encrypted = false;  ///< by TLS
};

/// One log-in. Lifetime: borrows what `login` points to.
/// Errors: errc::login_refused or errc::malformed_frame, in words that hold no secret.
class authentication {
 public:
  explicit authentication(const login& who) noexcept : who_(who) {}

  /// True once the server has accepted us (AuthenticationOk).
  bool is_over() const noexcept { return step_ == step::over; }

  /// Takes the body of an Authentication message; appends the answer, if there is one, to `out`.
  error_info take(byte_view body, byte_buffer& out);

 private:
  enum class step : std::uint8_t { start, answered, scram_begun, scram_proved, scram_verified, over };

  [[gnu::cold, gnu::noinline]] static error_info refused(std::string text) {
    return {errc::login_refused, std::move(text)};
  }
  [[gnu::cold, gnu::noinline]] static error_info malformed() {
    return {errc::malformed_frame, "an Authentication message is malformed, or comes out of turn"};
  }

  /// May this method be answered? `word` is the one of require_auth.
  error_info permit(std::string_view word, std::string_view name) const;

  error_info begin(std::string_view word, std::string_view name);

  static error_info answer(std::string_view text, byte_buffer& out) {
    message_writer{out}.begin(from_client::password).text(text).end();
    return {};
  }

  error_info answer_md5(message_reader& reader, byte_buffer& out);

  error_info begin_scram(message_reader& reader, byte_buffer& out);

  error_info go_on_with_scram(message_reader& reader, byte_buffer& out);

  error_info end_scram(message_reader& reader);

  error_info finish();

  static error_info unknown(std::uint32_t kind);

  /// What the server wrote, without what could spoil a terminal or a log.
  static std::string printable(std::string_view text);

  login who_;
  v0::detail::later<scram> scram_;
  step step_ = step::start;
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

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info authentication::take(byte_view body, byte_buffer& out) {
  message_reader reader{body};
  std::uint32_t kind = 0;
  if (!reader.u32(kind)) return malformed();
  switch (kind) {
    case 0:
      return reader.at_end() ? finish() : malformed();
    case 3:
      if (error_info refused = begin("password", "a password in plain text")) return refused;
      return reader.at_end() ? answer(who_.password->reveal(), out) : malformed();
    case 5:
      return answer_md5(reader, out);
    case 10:
      return begin_scram(reader, out);
    case 11:
      return go_on_with_scram(reader, out);
    case 12:
      return end_scram(reader);
    default:
      return unknown(kind);
  }
}

DOVETAIL_DEFINE error_info authentication::permit(std::string_view word, std::string_view name) const {
  const auto& allowed = who_.options->allowed_authentication;
  bool is_allowed = allowed.empty();
  std::string list;
  for (const std::string& each : allowed) {
    is_allowed = is_allowed || each == word;
    append_parts(list, {list.empty() ? "" : ", ", each});
  }
  if (!is_allowed) {
    std::string text;
    append_parts(text, {"the server asks for ", name, ", and the client answers only: ", list});
    return refused(std::move(text));
  }
  if (who_.options->binding == channel_binding::require && word != "scram-sha-256") {
    std::string text;
    append_parts(text, {"channel binding is required, and the server asks for ", name});
    return refused(std::move(text));
  }
  return {};
}

DOVETAIL_DEFINE error_info authentication::begin(std::string_view word, std::string_view name) {
  if (step_ != step::start) return malformed();
  if (error_info not_permitted = permit(word, name)) return not_permitted;
  if (who_.password->empty()) {
    std::string text;
    append_parts(text, {"the server asks for ", name, ", and there is no password"});
    if (const std::string& note = who_.options->password_note; !note.empty()) append_parts(text, {" (", note, ")"});
    return refused(std::move(text));
  }
  if (!may_be_text(who_.password->reveal())) return refused("the password has a zero byte in it");
  step_ = step::answered;
  return {};
}

DOVETAIL_DEFINE error_info authentication::answer_md5(message_reader& reader, byte_buffer& out) {
  byte_view salt;
  if (!reader.bytes(4, salt) || !reader.at_end()) return malformed();
  if (error_info not_permitted = begin("md5", "a password hashed with MD5")) return not_permitted;
  // "md5" + md5(md5(password + user) + salt), each in hexadecimal digits (documentation, AuthenticationMD5Password).
  md5_digest made{};
  std::string text{who_.password->reveal()};
  text += who_.options->user;
  bool is_done = who_.crypto->md5(as_byte_view(text), made);
  text.assign(text.size(), '\0');
  text = to_hex(made);
  text.append(as_text(salt));
  is_done = is_done && who_.crypto->md5(as_byte_view(text), made);
  if (!is_done) return refused("the server asks for MD5, which this machine's TLS library refuses to compute");
  return answer("md5" + to_hex(made), out);
}

DOVETAIL_DEFINE error_info authentication::begin_scram(message_reader& reader, byte_buffer& out) {
  bool has_plain = false;
  bool has_plus = false;
  std::string offered;
  for (;;) {
    std::string_view name;
    if (!reader.text(name)) return malformed();
    if (name.empty()) break;
    has_plain = has_plain || name == scram::plain_name;
    has_plus = has_plus || name == scram::plus_name;
    if (offered.size() < 200) append_parts(offered, {offered.empty() ? "" : ", ", printable(name)});
  }
  if (!reader.at_end()) return malformed();
  if (!has_plain && !has_plus) {
    return refused("the server offers no SASL method that this client knows, but: " + offered);
  }
  if (error_info not_permitted = begin("scram-sha-256", "SCRAM-SHA-256")) return not_permitted;
  if (has_plus && !who_.is_encrypted) {
    return refused("the server offers SCRAM-SHA-256-PLUS on a connection without TLS: somebody is in between");
  }
  const channel_binding wanted = who_.options->binding;
  const bool can_bind = wanted != channel_binding::disable && !who_.channel.empty();
  const bool binds = can_bind && has_plus;
  if (wanted == channel_binding::require && !binds) {
    return refused(!who_.is_encrypted ? "channel binding is required, and the connection has no TLS"
                   : !has_plus        ? "channel binding is required, and the server does not offer it"
                                      : "channel binding is required, and the server's certificate has no hash for it");
  }
  if (!has_plain && !binds) return refused("the server asks for channel binding, which is not possible here");
  std::string message;
  scram_.emplace(*who_.crypto, *who_.password,
                 binds      ? scram::binding::used
                 : can_bind ? scram::binding::unused
                            : scram::binding::unsupported,
                 who_.channel);
  if (error_info failed = scram_->first(message)) return failed;
  step_ = step::scram_begun;
  message_writer writer{out};
  writer.begin(from_client::password).text(binds ? scram::plus_name : scram::plain_name);
  writer.u32(static_cast<std::uint32_t>(message.size())).bytes(as_byte_view(message)).end();
  return {};
}

DOVETAIL_DEFINE error_info authentication::go_on_with_scram(message_reader& reader, byte_buffer& out) {
  if (step_ != step::scram_begun) return malformed();
  std::string message;
  if (error_info failed = scram_->prove(as_text(reader.rest()), message)) return failed;
  step_ = step::scram_proved;
  message_writer{out}.begin(from_client::password).bytes(as_byte_view(message)).end();
  return {};
}

DOVETAIL_DEFINE error_info authentication::end_scram(message_reader& reader) {
  if (step_ != step::scram_proved) return malformed();
  if (error_info failed = scram_->verify(as_text(reader.rest()))) return failed;
  step_ = step::scram_verified;
  return {};
}

DOVETAIL_DEFINE error_info authentication::finish() {
  if (step_ == step::scram_begun || step_ == step::scram_proved) {
    return refused("the server ends the SCRAM log-in without proving that it knows the password");
  }
  if (step_ == step::over) return malformed();
  if (step_ == step::start) {
    if (error_info not_permitted = permit("none", "no authentication at all")) return not_permitted;
  }
  step_ = step::over;
  return {};
}

DOVETAIL_DEFINE error_info authentication::unknown(std::uint32_t kind) {
  static constexpr struct {
    std::uint32_t kind;
    std::string_view name;
  } known[] = {{2, "Kerberos V5"}, {6, "SCM credentials"}, {7, "GSSAPI"}, {8, "GSSAPI"}, {9, "SSPI"}};
  std::string text = "the server asks for ";
  bool is_named = false;
  for (const auto& each : known) {
    if (each.kind != kind) continue;
    text += each.name;
    is_named = true;
  }
  if (!is_named) append_parts(text, {"authentication method ", number_text{kind}});
  text += ", which this client does not have (it has passwords, MD5, SCRAM-SHA-256 and certificates)";
  return refused(std::move(text));
}

DOVETAIL_DEFINE std::string authentication::printable(std::string_view text) {
  std::string shown{text.substr(0, 64)};
  for (char& each : shown) {
    if (each < ' ' || each > '~') each = '?';
  }
  return shown;
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
