// Signed tokens (JSON Web Tokens, RFC 7519, in the compact form of RFC 7515) with HS256, and nothing else.
#pragma once

#include <dovetail/base/bytes.hpp>
#include <dovetail/codec/workersql_gateway/principal.hpp>
#include <dovetail/format/base64.hpp>
#include <dovetail/format/json.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql::serving {

using digest = std::array<std::byte, 32>;

/// Functions of the program's TLS library; false when it refuses.
struct gateway_crypto {
  bool (*sha256)(byte_view data, digest& out) noexcept = nullptr;
  bool (*hmac_sha256)(byte_view key, byte_view data, digest& out) noexcept = nullptr;
};

/// In a time that does not depend on the contents.
inline bool are_equal(byte_view a, byte_view b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= std::to_integer<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

/// base64url without padding (RFC 7515 section 2). False when it is anything else.
inline bool read_base64url(std::string_view text, std::string& out) {
  if (text.size() % 4 == 1) return false;
  std::string plain{text};
  for (char& c : plain) {
    if (c == '+' || c == '/' || c == '=') return false;
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  plain.append((4 - plain.size() % 4) % 4, '=');
  out.resize(dovetail::detail::base64_byte_count(plain));
  return dovetail::detail::read_base64(plain, byte_span{reinterpret_cast<std::byte*>(out.data()), out.size()});
}

/// What a token must say.
struct token_rules {
  std::string_view secret;
  std::string_view issuer;    ///< empty: any
  std::string_view audience;  ///< empty: any
  std::int64_t now = 0;       ///< seconds since 1970
  std::int64_t leeway = 0;    ///< seconds by which clocks may differ
  bool needs_expiry = false;
  permissions without_claim = permissions::read;  ///< of a token that does not say what it permits
};

namespace wire {

struct token_head {
  std::string alg;
  std::optional<std::string> typ;
  std::optional<json_text> crit;
};

struct token_claims {
  std::optional<json_text> iss, aud, sub, user_id, tenant_id, tid, permissions, roles, exp, nbf;
};

}  // namespace wire

/// A claim that is a text; nothing when it is missing or anything else.
inline std::optional<std::string> text_claim(const std::optional<json_text>& claim) {
  if (!claim) return {};
  auto read = json::decode<std::string>(claim->text);
  if (!read) return {};
  return *std::move(read);
}

/// A claim that is a text or an array of texts; empty when it is anything else.
inline std::vector<std::string> texts_claim(const std::optional<json_text>& claim) {
  if (!claim) return {};
  if (auto one = text_claim(claim)) return {*std::move(one)};
  auto read = json::decode<std::vector<std::string>>(claim->text);
  return read ? *std::move(read) : std::vector<std::string>{};
}

/// `read`, `write`, `admin`, alone or behind a prefix (`sql:write`, `db.admin`); the highest counts. A single text may
/// hold several, apart by spaces or commas.
inline permissions permissions_of(const std::vector<std::string>& names) noexcept {
  permissions best = permissions::none;
  for (std::string_view all : names) {
    while (!all.empty()) {
      const std::size_t end = all.find_first_of(" ,");
      std::string_view name = all.substr(0, end);
      all.remove_prefix(end == std::string_view::npos ? all.size() : end + 1);
      name.remove_prefix(name.find_last_of(":.") + 1);
      for (const permissions each : {permissions::read, permissions::write, permissions::admin}) {
        if (equals_ignoring_case(name, to_string(each)) && each > best) best = each;
      }
    }
  }
  return best;
}

/// Times are numbers of seconds, maybe with a fraction (RFC 7519 section 2).
inline bool is_time_right(const token_rules& rules, const wire::token_claims& claims) {
  const auto leeway = static_cast<double>(rules.leeway);
  const auto now = static_cast<double>(rules.now);
  if (claims.exp) {
    const auto exp = json::decode<double>(claims.exp->text);
    if (!exp || !(now < *exp + leeway)) return false;
  } else if (rules.needs_expiry) {
    return false;
  }
  if (claims.nbf) {
    const auto nbf = json::decode<double>(claims.nbf->text);
    if (!nbf || !(now + leeway >= *nbf)) return false;
  }
  return true;
}

/// The first second at which a token with this `exp` is of no use.
inline std::int64_t first_late_second(double exp, std::int64_t leeway) noexcept {
  const double late = std::ceil(exp + static_cast<double>(leeway));
  constexpr double never = 9e18;  // below 2^63
  return late < never ? static_cast<std::int64_t>(late) : (std::numeric_limits<std::int64_t>::max)();
}

inline bool is_named(std::string_view wanted, const std::optional<json_text>& claim) {
  if (wanted.empty()) return true;
  for (const std::string& each : texts_claim(claim)) {
    if (each == wanted) return true;
  }
  return false;
}

/// True when the last part of the token is the HS256 signature of what is before it.
inline bool is_signature_right(std::string_view token, std::string_view secret, const gateway_crypto& crypto) {
  const std::size_t last = token.rfind('.');
  std::string signature;
  digest made{};
  if (last == std::string_view::npos || !read_base64url(token.substr(last + 1), signature)) return false;
  if (!crypto.hmac_sha256(as_byte_view(secret), as_byte_view(token.substr(0, last)), made)) return false;
  return are_equal(as_byte_view(signature), made);
}

/// Whom a token stands for; nothing when it is not right in any way. The signature is looked at before the claims.
inline std::optional<principal> read_token(std::string_view token, const token_rules& rules,
                                           const gateway_crypto& crypto) {
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (first == std::string_view::npos || first == last || token.find('.', first + 1) != last) return {};
  std::string text;
  if (!read_base64url(token.substr(0, first), text)) return {};
  const auto head = json::decode<wire::token_head>(text);
  if (!head || head->alg != "HS256" || head->crit) return {};
  if (!is_signature_right(token, rules.secret, crypto)) return {};
  if (!read_base64url(token.substr(first + 1, last - first - 1), text)) return {};
  const auto claims = json::decode<wire::token_claims>(text);
  if (!claims || !is_time_right(rules, *claims)) return {};
  if (!is_named(rules.issuer, claims->iss) || !is_named(rules.audience, claims->aud)) return {};
  auto tenant = text_claim(claims->tenant_id ? claims->tenant_id : claims->tid);
  if (!tenant || tenant->empty()) return {};
  principal who;
  who.tenant = *std::move(tenant);
  who.user = text_claim(claims->sub ? claims->sub : claims->user_id).value_or(std::string{});
  const auto& granted = claims->permissions ? claims->permissions : claims->roles;
  if (claims->exp) who.expires = first_late_second(json::decode<double>(claims->exp->text).value(), rules.leeway);
  who.may = granted ? permissions_of(texts_claim(granted)) : rules.without_claim;
  return who;
}

}  // namespace dovetail::inline v0::workersql::serving
