#include <dovetail/base/plain_list.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>
#include <utility>

namespace dt = dovetail;

namespace {

using list = dt::detail::plain_list<int>;

list counted(int count) {
  list all;
  for (int i = 0; i < count; ++i) all.push_back(i);
  return all;
}

TEST(PlainList, BeginsEmpty) {
  const list none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.size(), 0U);
  EXPECT_EQ(none.begin(), none.end());
}

TEST(PlainList, KeepsItsValuesWhileItGrows) {
  const list all = counted(1000);
  ASSERT_EQ(all.size(), 1000U);
  int next = 0;
  for (const int each : all) EXPECT_EQ(each, next++);
}

TEST(PlainList, TakesOneOfItsOwnValues) {
  list all{7};
  for (int i = 0; i < 40; ++i) all.push_back(all[0]);
  EXPECT_EQ(all.size(), 41U);
  EXPECT_EQ(all[40], 7);
}

TEST(PlainList, ACopyIsItsOwn) {
  list all = counted(3);
  const list copy = all;
  all[0] = 9;
  EXPECT_EQ(copy[0], 0);
  EXPECT_EQ(copy.size(), 3U);
  const list of_nothing{list{}};
  EXPECT_TRUE(of_nothing.empty());
}

TEST(PlainList, MovingTakesEverything) {
  list all = counted(3);
  list moved{std::move(all)};
  EXPECT_TRUE(all.empty());  // NOLINT: that is what is tested
  EXPECT_EQ(moved.size(), 3U);
  all = std::move(moved);
  EXPECT_EQ(all[2], 2);
  all.push_back(3);
  EXPECT_EQ(all.size(), 4U);
}

TEST(PlainList, GrowsByValuesAsTheirTypeBegins) {
  struct part {
    std::string_view name = "none";
    std::int64_t number = -1;
  };
  dt::detail::plain_list<part> all;
  all.grow(5);
  all.grow(2);
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[4].name, "none");
  EXPECT_EQ(all[4].number, -1);
}

}  // namespace
