// Tokens: signatures by RFC 7515's own example, and claims of tokens that another program signed.
#include <dovetail/codec/workersql_gateway/token.hpp>

#include <dovetail/codec/workersql_gateway/authentication.hpp>
#include <dovetail/transport/tls_digest.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
namespace serving = dt::workersql::serving;
using dt::workersql::permissions;

constexpr serving::gateway_crypto crypto{&dt::detail::sha256, &dt::detail::hmac_sha256};

// Made with Python's hmac, hashlib and base64; the secret is local-dev-secret.
constexpr std::string_view good_token =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJ0ZW5hbnRfaWQiOiJ0MSIsInN1YiI6ImFubiIsInBlcm1pc3Npb25zIjpbInJlYWQiLCJ3cml0ZSJdLCJleHAiOjIwMDAwMDAwMDB9.ENIrb_"
    "VRRwiJZZWy7ppxX4kW6fpy8wmj9eag9KunCx4";
constexpr std::string_view expired_token =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0ZW5hbnRfaWQiOiJ0MSIsInN1YiI6ImFubiIsImV4cCI6MTAwMH0.a-CN_EMQ9_"
    "BmpmkhyTL2j11e10W6swPPXNixm7HCuHg";
constexpr std::string_view early_token =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0ZW5hbnRfaWQiOiJ0MSIsIm5iZiI6MzAwMDAwMDAwMH0."
    "UykEmeP6mA3BFnHXXKLpqO8MQrJ0R0h0aTMuRh1g29E";
constexpr std::string_view no_tenant_token =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbm4ifQ.lbVqTxDv9Cr--Y4R_nAg5SRny_BJdA5RsYURVCRk67M";
constexpr std::string_view roles_token =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0aWQiOiJ0MiIsInVzZXJfaWQiOiJib2IiLCJyb2xlcyI6InNxbDphZG1pbiJ9."
    "RSGoccacbPE8J-zMPAZs76TdbDBhi7YJvI_OcqgXC3s";
constexpr std::string_view silent_token =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0ZW5hbnRfaWQiOiJ0MyJ9.oZJrMiUK0TBD3K94GTveulnGhNAvvq23BvuuubIJN1M";
constexpr std::string_view not_admin_token =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJ0ZW5hbnRfaWQiOiJ0MyIsInBlcm1pc3Npb25zIjpbIm5vLWFkbWluIiwiYWRtaW5pc3RyYXRvciJdfQ.Vox6Q84l23iSiN6L8Q-93eUX98-"
    "kpcXFRk1lWABWUzU";
constexpr std::string_view none_alg_token = "eyJhbGciOiJub25lIn0.eyJ0ZW5hbnRfaWQiOiJ0MSJ9.";
constexpr std::string_view rs256_token =
    "eyJhbGciOiJSUzI1NiJ9.eyJ0ZW5hbnRfaWQiOiJ0MSJ9.S0-A0n_kE6h_vL-uBaxpFnteNLV_Z4YJbm9HJUcSTNk";
constexpr std::string_view crit_token =
    "eyJhbGciOiJIUzI1NiIsImNyaXQiOlsiYjY0Il0sImI2NCI6ZmFsc2V9.eyJ0ZW5hbnRfaWQiOiJ0MSJ9."
    "YcnNTFQ6tyIZFTDOPq7GOa2RjYIWmVQl1_mdDiaItGQ";
constexpr std::string_view other_secret_token =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0ZW5hbnRfaWQiOiJ0MSJ9.aYcNabnmKifBAx0AiXy_l2srA23W8twaIbdwhZN-tLU";
constexpr std::string_view text_exp_token =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0ZW5hbnRfaWQiOiJ0MSIsImV4cCI6IjIwMDAwMDAwMDAifQ.lNUoVTnntNRUif5-"
    "02gOey2a6oB5KHIdlvL8H7Y3W-M";
constexpr std::string_view aud_token =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ0ZW5hbnRfaWQiOiJ0MSIsImlzcyI6Im1lIiwiYXVkIjpbImEiLCJiIl19.Imo1ewk177qtRnp-"
    "75pdUDi_8eJQ0QfMB5QoZRK5m0w";

serving::token_rules rules() {
  serving::token_rules how;
  how.secret = "local-dev-secret";
  how.now = 1'800'000'000;
  return how;
}
auto read(std::string_view token, const serving::token_rules& how = rules()) {
  return serving::read_token(token, how, crypto);
}

TEST(GatewayToken, TheExampleOfTheStandardHasARightSignature) {  // RFC 7515, appendix A.1
  constexpr std::string_view token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
      ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
      ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  std::string key;
  ASSERT_TRUE(serving::read_base64url(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow", key));
  EXPECT_EQ(key.size(), 64u);
  EXPECT_TRUE(serving::is_signature_right(token, key, crypto));
  std::string changed{token};
  changed[50] = changed[50] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(serving::is_signature_right(changed, key, crypto));
  EXPECT_FALSE(serving::is_signature_right(token.substr(0, token.size() - 1), key, crypto));
  serving::token_rules how;
  how.secret = key;
  how.now = 1'300'000'000;
  EXPECT_FALSE(serving::read_token(token, how, crypto)) << "it names no tenant";
}

TEST(GatewayToken, ClaimsSayWhoAndWhat) {
  const auto good = read(good_token);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->tenant, "t1");
  EXPECT_EQ(good->user, "ann");
  EXPECT_EQ(good->may, permissions::write);
  const auto roles = read(roles_token);
  ASSERT_TRUE(roles);
  EXPECT_EQ(roles->tenant, "t2");
  EXPECT_EQ(roles->user, "bob");
  EXPECT_EQ(roles->may, permissions::admin);
  const auto silent = read(silent_token);
  ASSERT_TRUE(silent);
  EXPECT_EQ(silent->may, permissions::read);
  const auto vague = read(not_admin_token);
  ASSERT_TRUE(vague);
  EXPECT_EQ(vague->may, permissions::none) << "a word that contains admin is another word";
}

TEST(GatewayToken, WhatIsWrongInAnyWayIsRefused) {
  for (const std::string_view each : {expired_token, early_token, no_tenant_token, none_alg_token, rs256_token,
                                      crit_token, other_secret_token, text_exp_token}) {
    EXPECT_FALSE(read(each)) << each;
  }
  for (const std::string_view each : {"", ".", "..", "a.b", "a.b.c", "a.b.c.d", "abc123"}) {
    EXPECT_FALSE(read(each)) << each;
  }
}

TEST(GatewayToken, TheTimesHaveALeeway) {
  serving::token_rules how = rules();
  how.now = 2'000'000'010;
  EXPECT_FALSE(read(good_token, how));
  how.leeway = 30;
  EXPECT_TRUE(read(good_token, how));
  how.now = 2'000'000'030;
  EXPECT_FALSE(read(good_token, how)) << "the current time must be before the expiry";
}

TEST(GatewayToken, IssuerAudienceAndExpiryCanBeDemanded) {
  serving::token_rules how = rules();
  how.issuer = "me";
  how.audience = "b";
  EXPECT_TRUE(read(aud_token, how));
  how.audience = "c";
  EXPECT_FALSE(read(aud_token, how));
  how = rules();
  how.issuer = "you";
  EXPECT_FALSE(read(aud_token, how));
  how = rules();
  how.needs_expiry = true;
  EXPECT_FALSE(read(aud_token, how));
  EXPECT_TRUE(read(good_token, how));
}

TEST(GatewayAuthentication, KeysTokensAndNobodyAreToldApart) {
  dt::workersql::gateway_authentication how;
  how.api_keys.push_back({.key = dt::secret{"k1"}, .name = "app", .tenant = "x", .may = permissions::write});
  how.api_keys.push_back({.key = dt::secret{"k2"}, .name = "boss", .tenant = "x", .may = permissions::admin});
  how.jwt_secret = dt::secret{"local-dev-secret"};
  const serving::authenticator who{how, crypto};
  EXPECT_TRUE(who.is_usable());
  const auto find = [&](std::string_view authorization, std::string_view key = {}, std::string_view token = {}) {
    return who.find({authorization, key, token}, 1'800'000'000);
  };
  ASSERT_TRUE(find("Bearer k1"));
  EXPECT_EQ(find("Bearer k1")->user, "app");
  EXPECT_EQ(find("bearer  k2")->user, "boss");
  EXPECT_EQ(find({}, "k2")->may, permissions::admin);
  EXPECT_EQ(find({}, {}, "k1")->user, "app");
  EXPECT_EQ(find(std::string{"Bearer "}.append(good_token))->user, "ann");
  EXPECT_FALSE(find({}));
  EXPECT_FALSE(find("Bearer "));
  EXPECT_FALSE(find("Bearer k"));
  EXPECT_FALSE(find("Bearer k11"));
  EXPECT_FALSE(find("Basic azE6"));
  EXPECT_FALSE(find("Basic azE6", "k1")) << "what is said in Authorization is what counts";
  how.anonymous = permissions::read;
  const serving::authenticator open{how, crypto};
  ASSERT_TRUE(open.find({}, 0));
  EXPECT_EQ(open.find({}, 0)->may, permissions::read);
  EXPECT_FALSE(open.find({"Bearer wrong", {}, {}}, 0)) << "a wrong key is not nobody";
}

TEST(GatewayAuthentication, ATokenWithoutAnEndIsTakenOnlyWhereThatIsWanted) {
  dt::workersql::gateway_authentication how;
  how.jwt_secret = dt::secret{"local-dev-secret"};
  const auto is_taken = [&](std::string_view token) {
    const serving::authenticator who{how, crypto};
    return who.find({"Bearer " + std::string{token}, {}, {}}, 1'800'000'000).has_value();
  };
  EXPECT_TRUE(is_taken(good_token));
  EXPECT_FALSE(is_taken(silent_token));
  how.jwt_needs_expiry = false;
  EXPECT_TRUE(is_taken(silent_token));
  EXPECT_FALSE(is_taken(early_token));
}

TEST(GatewayAuthentication, AnEmptyKeyIsAMistake) {
  dt::workersql::gateway_authentication how;
  how.api_keys.push_back({.key = dt::secret{""}});
  EXPECT_FALSE((serving::authenticator{how, crypto}.is_usable()));
}

TEST(GatewayToken, WhoeverItStandsForEndsWithIt) {
  serving::token_rules how = rules();
  EXPECT_EQ(read(good_token).value().expires, 2'000'000'000);
  how.leeway = 30;
  EXPECT_EQ(read(good_token, how).value().expires, 2'000'000'030) << "as long as a request would be let in";
  EXPECT_EQ(read(silent_token).value().expires, INT64_MAX);
  EXPECT_EQ(serving::first_late_second(1000.5, 0), 1001);
  EXPECT_EQ(serving::first_late_second(1e300, 30), INT64_MAX);
}

}  // namespace
