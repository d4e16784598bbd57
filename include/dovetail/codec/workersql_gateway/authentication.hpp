// Finds out who sends a request: an API key, a signed token, or nobody.
#pragma once

#include <dovetail/base/secret.hpp>
#include <dovetail/codec/workersql_gateway/token.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql {

/// A key that a client sends as it is: `Authorization: Bearer …`, or `X-API-Key: …`.
struct api_key {
  secret key;
  std::string name = "api-key";  ///< as whom requests are counted, and their idempotency keys kept
  std::string tenant{};
  permissions may = permissions::write;
};

/// Who may use a gateway.
struct gateway_authentication {
  std::vector<api_key> api_keys{};
  secret jwt_secret{};                          ///< of HS256 tokens; empty: none are taken
  std::string jwt_issuer{};                     ///< the `iss` that they must have; empty: any
  std::string jwt_audience{};                   ///< what their `aud` must name; empty: any
  std::chrono::seconds jwt_leeway{30};          ///< by so much a clock may be wrong: for `exp` and `nbf`
  bool jwt_needs_expiry = true;                 ///< false: tokens without `exp` are taken, and are good for ever
  permissions jwt_default = permissions::read;  ///< of tokens without a claim `permissions` or `roles`
  permissions anonymous = permissions::none;    ///< what those may do who send no key and no token at all
};

namespace serving {

/// What a request says of its sender; views borrow from it.
struct credentials {
  std::string_view authorization;
  std::string_view api_key;
  std::string_view token;  ///< of a WebSocket's query, as some SDKs send it
};

/// Compares digests, each with each, in a time that depends on the number of keys only. Threads: any number.
class authenticator {
 public:
  authenticator(const gateway_authentication& how, const gateway_crypto& crypto) : how_(&how), crypto_(crypto) {
    for (const workersql::api_key& each : how.api_keys) {
      digest made{};
      is_usable_ = crypto_.sha256(as_byte_view(each.key.reveal()), made) && !each.key.empty() && is_usable_;
      digests_.push_back(made);
    }
  }

  /// False: a key is empty, or the library refuses SHA-256.
  bool is_usable() const noexcept { return is_usable_; }

  /// Nothing: the request is to be refused.
  std::optional<principal> find(const credentials& given, std::int64_t now) const {
    constexpr std::string_view scheme = "bearer ";
    std::string_view presented = given.api_key.empty() ? given.token : given.api_key;
    if (!given.authorization.empty()) {  // schemes are told apart without regard to case: RFC 9110 section 11.1
      if (given.authorization.size() <= scheme.size() ||
          !equals_ignoring_case(given.authorization.substr(0, scheme.size()), scheme)) {
        return {};
      }
      presented = given.authorization.substr(scheme.size());
      while (!presented.empty() && presented.front() == ' ') presented.remove_prefix(1);
    }
    if (presented.empty()) {
      if (!given.authorization.empty() || how_->anonymous == permissions::none) return {};
      return principal{"anonymous", {}, how_->anonymous};
    }
    if (auto known = find_key(presented)) return known;
    if (how_->jwt_secret.empty()) return {};
    return read_token(presented,
                      {.secret = how_->jwt_secret.reveal(),
                       .issuer = how_->jwt_issuer,
                       .audience = how_->jwt_audience,
                       .now = now,
                       .leeway = how_->jwt_leeway.count(),
                       .needs_expiry = how_->jwt_needs_expiry,
                       .without_claim = how_->jwt_default},
                      crypto_);
  }

 private:
  std::optional<principal> find_key(std::string_view presented) const {
    digest made{};
    if (digests_.empty() || !crypto_.sha256(as_byte_view(presented), made)) return {};
    const workersql::api_key* found = nullptr;
    for (std::size_t i = 0; i < digests_.size(); ++i) {
      if (are_equal(made, digests_[i])) found = &how_->api_keys[i];
    }
    if (found == nullptr) return {};
    return principal{found->name, found->tenant, found->may};
  }

  const gateway_authentication* how_;
  gateway_crypto crypto_;
  std::vector<digest> digests_;
  bool is_usable_ = true;
};

}  // namespace serving
}  // namespace dovetail::inline v0::workersql
