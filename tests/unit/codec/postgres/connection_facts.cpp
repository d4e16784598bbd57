#include <dovetail/codec/postgres/connection_facts.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
namespace pg = dovetail::postgres;

TEST(PostgresConnectionFacts, TheServersVersionIsANumber) {
  const std::pair<std::string_view, int> versions[] = {
      {"15.4", 150004},     {"15.18 (Debian 15.18-0+deb12u1)", 150018},
      {"17beta2", 170000},  {"9.6.24", 90006},
      {"16devel", 160000},  {"", 0},
      {"unknown", 0},       {"99999999999", 99990000},
      {"14.99999", 149999},
  };
  for (const auto& each : versions) {
    pg::connection_facts facts;
    facts.parameters.set("server_version", each.first);
    EXPECT_EQ(each.second, facts.server_version()) << each.first;
  }
}

TEST(PostgresConnectionFacts, ParametersAreReplacedAndBounded) {
  pg::parameter_status parameters;
  EXPECT_TRUE(parameters.set("TimeZone", "UTC"));
  EXPECT_TRUE(parameters.set("TimeZone", "Europe/Zurich"));
  EXPECT_EQ("Europe/Zurich", parameters.find("TimeZone"));
  EXPECT_EQ("", parameters.find("timezone"));
  EXPECT_EQ(1u, parameters.all().size());
  bool has_room = true;
  for (int i = 0; i < 1000 && has_room; ++i) has_room = parameters.set("name" + std::to_string(i), "x");
  EXPECT_FALSE(has_room) << "a hostile server reports for ever";
  EXPECT_TRUE(parameters.set("TimeZone", "UTC"));
}

TEST(PostgresConnectionFacts, AFreshConnectionKnowsNothing) {
  pg::connection_facts facts;
  facts.parameters.set("a", "b");
  facts.transaction_status = 'E';
  facts.health = dt::session_health::idle;
  facts.is_encrypted = true;
  EXPECT_TRUE(facts.key.assign(1, dt::as_byte_view("abcd")));
  facts.forget();
  EXPECT_EQ("", facts.parameters.find("a"));
  EXPECT_EQ('I', facts.transaction_status);
  EXPECT_EQ(dt::session_health::closed, facts.health);
  EXPECT_FALSE(facts.is_encrypted);
  EXPECT_TRUE(facts.key.secret_bytes().empty());
}

TEST(PostgresConnectionFacts, KeysAreAsLongAsTheProtocolAllows) {
  pg::backend_key key;
  EXPECT_TRUE(key.assign(1, dt::as_byte_view(std::string(256, 'x'))));
  EXPECT_EQ(256u, key.secret_bytes().size());
  EXPECT_FALSE(key.assign(2, dt::as_byte_view(std::string(257, 'x'))));
  EXPECT_EQ(1u, key.process);
}

}  // namespace
