#include <dovetail/base/similarity.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dt = dovetail;

struct distance_case {
  std::string_view a, b;
  std::size_t limit, distance;
};

constexpr distance_case distance_cases[] = {
    {"", "", 3, 0},         {"abc", "abc", 0, 0},       {"abc", "ABC", 0, 0},        {"", "abc", 3, 3},
    {"abc", "", 2, 3},      {"abc", "abd", 1, 1},       {"abc", "ac", 1, 1},         {"ac", "abc", 1, 1},
    {"abc", "acb", 1, 1},   {"ca", "abc", 5, 3},        {"kitten", "sitting", 5, 3}, {"kitten", "sitting", 2, 3},
    {"naem", "name", 3, 1}, {"abcdef", "badcfe", 3, 3}, {"total", "", 9, 5},
};

constexpr bool all_distances_hold() {
  for (const distance_case& each : distance_cases) {
    if (dt::edit_distance(each.a, each.b, each.limit) != each.distance) return false;
    if (dt::edit_distance(each.b, each.a, each.limit) != each.distance) return false;
  }
  return true;
}
static_assert(all_distances_hold());

TEST(Similarity, DistanceCountsInsertionsDeletionsReplacementsAndSwaps) {
  for (const distance_case& each : distance_cases) {
    EXPECT_EQ(dt::edit_distance(each.a, each.b, each.limit), each.distance) << each.a << ' ' << each.b;
    EXPECT_EQ(dt::edit_distance(each.b, each.a, each.limit), each.distance) << each.a << ' ' << each.b;
  }
}

TEST(Similarity, ADistanceUnderALimitIsTheDistanceWithoutOne) {
  // Every pair of words of up to four letters out of two, against a limit that is never reached.
  std::vector<std::string> words{""};
  for (std::size_t i = 0; words[i].size() < 4; ++i) {
    words.push_back(words[i] + 'a');
    words.push_back(words[i] + 'b');
  }
  for (const std::string& a : words) {
    for (const std::string& b : words) {
      const std::size_t distance = dt::edit_distance(a, b, 100);
      for (std::size_t limit = 0; limit < 5; ++limit) {
        EXPECT_EQ(dt::edit_distance(a, b, limit), distance > limit ? limit + 1 : distance) << a << ' ' << b;
      }
    }
  }
}

TEST(Similarity, NamesTooLongToBeMeantAreFarFromEverything) {
  const std::string longest(128, 'x');
  const std::string too_long(129, 'x');
  EXPECT_EQ(dt::edit_distance(longest, longest, 3), 0u);
  EXPECT_EQ(dt::edit_distance(too_long, too_long, 3), 4u);
}

constexpr std::array<std::string_view, 5> options{"timeout", "maxConnections", "minConnections", "ssl", "apiKey"};

struct nearest_case {
  std::string_view written, meant;
};

constexpr nearest_case nearest_cases[] = {
    {"maxConection", "maxConnections"},
    {"max_connections", "maxConnections"},
    {"MAXCONNECTIONS", "maxConnections"},
    {"timeuot", "timeout"},
    {"tiemout", "timeout"},
    {"SSL", "ssl"},
    {"sls", "ssl"},
    {"apikey", "apiKey"},
    {"minConnection", "minConnections"},
    {"zzz", ""},
    {"", ""},
    {"pooling", ""},
};

constexpr bool all_nearest_cases_hold() {
  for (const nearest_case& each : nearest_cases) {
    if (dt::nearest(each.written, options) != each.meant) return false;
  }
  return true;
}
static_assert(all_nearest_cases_hold());

TEST(Similarity, AMisspeltNameFindsTheOneThatWasMeant) {
  for (const nearest_case& each : nearest_cases) EXPECT_EQ(dt::nearest(each.written, options), each.meant);
}

TEST(Similarity, TheNearestOfSeveralWinsAndTheFirstOfEquallyNearOnes) {
  EXPECT_EQ(dt::nearest("total_price", std::vector<std::string>{"total_prize", "total_price_", "totals"}),
            "total_price_");
  EXPECT_EQ(dt::nearest("cax", std::vector<std::string>{"cat", "car"}), "cat");
}

TEST(Similarity, ANameThatSharesNoCharacterIsNeverSuggested) {
  EXPECT_EQ(dt::nearest("a", std::vector<std::string>{"b"}), "");
  EXPECT_EQ(dt::nearest("ab", std::vector<std::string>{"", "_"}), "");
}

TEST(Similarity, WordsAreEqualWhateverTheirStyle) {
  static_assert(dt::equals_in_words("order_id", "OrderId"));
  static_assert(dt::equals_in_words("_a_", "A"));
  static_assert(!dt::equals_in_words("order_id", "order_ids"));
  static_assert(!dt::equals_in_words("", "x"));
  EXPECT_TRUE(dt::equals_in_words("order_id", "OrderId"));
  EXPECT_FALSE(dt::equals_in_words("order_id", "order_ids"));
}

}  // namespace
