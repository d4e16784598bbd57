#include <dovetail/row/rows.hpp>

#include <gtest/gtest.h>

#include <ranges>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace dt = dovetail;

namespace {

static_assert(std::ranges::contiguous_range<dt::rows<int>> && std::ranges::sized_range<dt::rows<int>>);

TEST(Rows, AreUsedLikeAVector) {
  dt::rows<std::string> rows{"a", "b"};
  EXPECT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[1], "b");
  EXPECT_EQ(rows.front(), "a");
  EXPECT_EQ(rows.back(), "b");
  EXPECT_EQ(rows.at(0), "a");
  EXPECT_THROW(static_cast<void>(rows.at(2)), std::out_of_range);
  rows.reserve(10);
  EXPECT_GE(rows.capacity(), 10u);
  rows.emplace_back("c");
  rows.push_back("d");
  std::string all;
  for (const std::string& row : rows) all += row;
  EXPECT_EQ(all, "abcd");
  EXPECT_EQ(rows.data(), &rows[0]);
  rows.pop_back();
  rows.clear();
  EXPECT_TRUE(rows.empty());
}

TEST(Rows, GiveUpTheirVectorAndAreComparedWithOne) {
  dt::rows<int> rows{std::vector{1, 2}};
  EXPECT_EQ(rows, (dt::rows<int>{1, 2}));
  EXPECT_EQ(rows, (std::vector{1, 2}));
  EXPECT_NE(rows, (dt::rows<int>{1}));
  const std::vector<int> inside = std::move(rows).vector();
  EXPECT_EQ(inside, (std::vector{1, 2}));
}

TEST(Rows, HoldBools) {
  dt::rows<bool> rows{true, false};
  EXPECT_TRUE(rows[0]);
  rows.push_back(true);
  EXPECT_EQ(rows.size(), 3u);
}

}  // namespace
