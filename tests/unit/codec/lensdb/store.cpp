#include <dovetail/codec/lensdb/store.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::lensdb::status;
using dt::lensdb::store;

constexpr dt::clock::time_point start{std::chrono::hours{1}};

TEST(LensStore, KeepsWhatItIsGiven) {
  store keys{{}};
  EXPECT_EQ(keys.find("k", start), nullptr);
  EXPECT_EQ(keys.set("k", "v", {}, start), status::success);
  EXPECT_EQ(*keys.find("k", start), "v");
  EXPECT_EQ(keys.set("k", "", {}, start), status::success);
  EXPECT_EQ(*keys.find("k", start), "");
  EXPECT_TRUE(keys.erase("k", start));
  EXPECT_FALSE(keys.erase("k", start));
  EXPECT_EQ(keys.memory(), 0u);
}

TEST(LensStore, AKeyIsGoneAtTheMomentItsTimeIsOver) {
  store keys{{}};
  keys.set("k", "v", start + 10s, start);
  EXPECT_NE(keys.find("k", start + 10s - 1ns), nullptr);
  EXPECT_EQ(keys.find("k", start + 10s), nullptr);
  EXPECT_EQ(keys.size(start + 10s), 0u);
  EXPECT_EQ(keys.memory(), 0u);
}

TEST(LensStore, EveryOperationSeesThatAKeyIsOver) {
  store keys{{}};
  const auto with_expired = [&] { keys.set("k", "v", start + 1s, start); };
  with_expired();
  EXPECT_FALSE(keys.erase("k", start + 1s));
  with_expired();
  EXPECT_EQ(keys.size(start + 1s), 0u);
  with_expired();
  keys.for_each_key(start + 1s, [](std::string_view) { FAIL(); });
}

TEST(LensStore, APlainSetTakesTheTimeToLiveAwayAndANewOneReplacesIt) {
  store keys{{}};
  keys.set("k", "v", start + 1s, start);
  keys.set("k", "w", {}, start);
  EXPECT_EQ(keys.next_expiry(), std::nullopt);
  EXPECT_EQ(*keys.find("k", start + 1h), "w");
  keys.set("k", "x", start + 2h, start + 1h);
  keys.set("k", "y", start + 3h, start + 1h);
  EXPECT_EQ(keys.next_expiry(), start + 3h);
  EXPECT_EQ(*keys.find("k", start + 2h), "y");
}

TEST(LensStore, ATimeToLiveOfNothingIsOverAtOnce) {
  store keys{{}};
  EXPECT_EQ(keys.set("k", "v", start, start), status::success);
  EXPECT_EQ(keys.find("k", start), nullptr);
}

TEST(LensStore, ExpiringRemovesOnlyWhatIsOver) {
  store keys{{}};
  for (int i = 0; i < 100; ++i) keys.set(std::to_string(i), "v", start + std::chrono::seconds{i}, start - 1s);
  keys.expire(start + 49s);
  EXPECT_EQ(keys.next_expiry(), start + 50s);
  EXPECT_EQ(keys.size(start + 49s), 50u);
  keys.clear();
  EXPECT_EQ(keys.next_expiry(), std::nullopt);
}

TEST(LensStore, AFullStoreIsUnchangedByWhatDoesNotFit) {
  store keys{{.memory = 10, .keys = 2}};
  EXPECT_EQ(keys.set("a", "123", {}, start), status::success);
  EXPECT_EQ(keys.set("a", std::string(10, 'x'), {}, start), status::storage_full);
  EXPECT_EQ(*keys.find("a", start), "123");
  EXPECT_EQ(keys.set("a", std::string(9, 'x'), {}, start), status::success);
  EXPECT_EQ(keys.memory(), 10u);
  EXPECT_EQ(keys.set("b", "", {}, start), status::storage_full);
  EXPECT_EQ(keys.set("a", "", {}, start), status::success);
  EXPECT_EQ(keys.set("b", "", {}, start), status::success);
  EXPECT_EQ(keys.set("c", "", {}, start), status::storage_full);
}

TEST(LensStore, WhatIsOverMakesRoom) {
  store keys{{.keys = 1}};
  keys.set("a", "1", start + 1s, start);
  EXPECT_EQ(keys.set("b", "2", {}, start), status::storage_full);
  EXPECT_EQ(keys.set("b", "2", {}, start + 1s), status::success);
}

}  // namespace
