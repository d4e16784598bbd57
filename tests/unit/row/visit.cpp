#include <dovetail/row/visit.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace dt = dovetail;

namespace {

struct customer {
  int id;
  std::string name;
};
struct order {
  int id;
  customer buyer;
  std::optional<customer> receiver;
  dt::column<"grand total", double> total;
  std::optional<int> discount;
};

/// "0=1 1=2 …": numbers of leaves and their values.
struct lister {
  std::string text;

  template <std::size_t Leaf, class T>
  bool operator()(std::integral_constant<std::size_t, Leaf>, const T& value) {
    text += std::to_string(Leaf) + '=';
    if constexpr (std::is_same_v<T, std::nullopt_t>) {
      text += "null";
    } else if constexpr (std::is_same_v<T, std::string>) {
      text += value;
    } else if constexpr (dt::is_optional<T>) {
      text += value ? std::to_string(*value) : "empty";
    } else {
      text += std::to_string(static_cast<int>(value));
    }
    text += ' ';
    return true;
  }
};

TEST(VisitLeaves, GoesThroughNestedStructsInTheOrderOfThePlan) {
  lister list;
  EXPECT_TRUE(dt::visit_leaves(order{1, {2, "a"}, customer{3, "b"}, 4.0, 5}, list));
  EXPECT_EQ(list.text, "0=1 1=2 2=a 3=3 4=b 5=4 6=5 ");
}

TEST(VisitLeaves, AnEmptyOptionalStructIsAsManyNullsAsItHasLeaves) {
  lister list;
  EXPECT_TRUE(dt::visit_leaves(order{1, {2, "a"}, std::nullopt, 4.0, std::nullopt}, list));
  EXPECT_EQ(list.text, "0=1 1=2 2=a 3=null 4=null 5=4 6=empty ");
}

TEST(VisitLeaves, EndsWhenTheVisitorSaysSo) {
  int visited = 0;
  EXPECT_FALSE(dt::visit_leaves(order{1, {2, "a"}, std::nullopt, 4.0, 5}, [&](auto leaf, const auto&) {
    ++visited;
    return leaf != 2;
  }));
  EXPECT_EQ(visited, 3);
}

TEST(VisitLeaves, TuplesAndSingleValuesAreRows) {
  lister list;
  EXPECT_TRUE(dt::visit_leaves(std::tuple{1, customer{2, "x"}}, list));
  EXPECT_TRUE(dt::visit_leaves(7, list));
  EXPECT_TRUE(dt::visit_leaves(std::optional<customer>{}, list));
  EXPECT_EQ(list.text, "0=1 1=2 2=x 0=7 0=null 1=null ");
}

}  // namespace
