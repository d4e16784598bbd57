#include <dovetail/row/column.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace dt = dovetail;

namespace {

TEST(Column, ConvertsToAndFromItsValue) {
  dt::column<"first name", std::string> first = "Ada";
  EXPECT_EQ(first.value, "Ada");
  first = std::string{"Bob"};
  const std::string copy = first;
  EXPECT_EQ(copy, "Bob");
  std::string& alias = first;
  alias += "by";
  EXPECT_EQ(*first, "Bobby");
  EXPECT_EQ(first->size(), 5u);
  const std::string moved = std::move(first);
  EXPECT_EQ(moved, "Bobby");
  static_assert(decltype(first)::name() == "first name");
}

TEST(Column, NumbersAreCountedWithAndComparedAsTheyAre) {
  dt::column<"n", int> n{3};
  EXPECT_EQ(n + 1, 4);
  EXPECT_TRUE(n == 3);
  EXPECT_TRUE(3 == n);
  EXPECT_TRUE(n != 4);
  EXPECT_TRUE((n == dt::column<"n", int>{3}));
  n = 5;
  EXPECT_EQ(n.value, 5);
}

TEST(Column, HoldsOptionalsAndLists) {
  dt::column<"o", std::optional<int>> o = 3;
  EXPECT_EQ(o.value, 3);
  o = std::nullopt;
  EXPECT_FALSE(o.value.has_value());
  dt::column<"l", std::vector<int>> l{std::vector{1, 2}};
  EXPECT_EQ(l->size(), 2u);
}

TEST(JsonValue, IsMadeFromItsValueAndCompared) {
  const dt::json_value value{std::vector{1, 2}};
  static_assert(std::is_same_v<decltype(value)::value_type, std::vector<int>>);
  EXPECT_EQ(value->size(), 2u);
  EXPECT_EQ(*value, (std::vector{1, 2}));
  EXPECT_TRUE((value == dt::json_value{std::vector{1, 2}}));
}

TEST(NameStyle, IsExactUnlessAStructSaysOtherwise) {
  EXPECT_BOTH_TIMES(dt::name_style_of<int> == dt::name_style::exact);
}

}  // namespace
