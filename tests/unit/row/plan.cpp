#include <dovetail/row/plan.hpp>

#include <dovetail/base/result.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

namespace dt = dovetail;

namespace plan_test {

enum class color { red };
struct address {
  std::string street;
  std::optional<int> number;
};
struct customer {
  int id;
  address home;
};
struct order {
  std::int64_t id;
  customer buyer;
  std::optional<customer> receiver;
  dt::column<"grand total", double> total;
  color paint;
  dt::column<"pay load", dt::json_value<address>> payload;
};
struct cents {
  std::int64_t value;
};
struct priced {
  cents price;
  std::optional<cents> discount;
};

}  // namespace plan_test

template <>
struct dt::field_codec<plan_test::cents> {
  using stored_type = std::int64_t;
};

namespace {

using namespace plan_test;
using dt::field_kind;
using dt::row_plan;
using dt::row_shape;

TEST(RowPlan, NestedStructsAreFlattened) {
  using plan = row_plan<order>;
  EXPECT_BOTH_TIMES(plan::size == 10);
  EXPECT_BOTH_TIMES(plan::description.type_name == "plan_test::order");
  EXPECT_BOTH_TIMES(plan::description.shape == row_shape::by_name);
  constexpr auto& leaves = plan::leaves;
  EXPECT_BOTH_TIMES(leaves[0].name == "id" && leaves[0].kind == field_kind::integer && !leaves[0].is_nullable);
  EXPECT_BOTH_TIMES(leaves[0].type_name == "std::int64_t" && leaves[0].group == dt::leaf::no_group);
  EXPECT_BOTH_TIMES(leaves[1].name == "id" && leaves[1].group == 0);
  EXPECT_BOTH_TIMES(leaves[2].name == "street" && leaves[2].group == 1 && leaves[2].kind == field_kind::text);
  EXPECT_BOTH_TIMES(leaves[3].name == "number" && leaves[3].is_nullable);
  EXPECT_BOTH_TIMES(leaves[4].group == 2 && leaves[4].is_nullable);  // in an optional struct
  EXPECT_BOTH_TIMES(leaves[7].name == "grand total" && leaves[7].kind == field_kind::real && !leaves[7].is_nullable);
  EXPECT_BOTH_TIMES(leaves[7].type_name == "double");
  EXPECT_BOTH_TIMES(leaves[8].kind == field_kind::enumeration);
  EXPECT_BOTH_TIMES(leaves[9].name == "pay load" && leaves[9].kind == field_kind::json);
  EXPECT_BOTH_TIMES(plan::groups.size() == 4);
  EXPECT_BOTH_TIMES(plan::groups[0].name == "buyer" && plan::groups[0].parent == dt::leaf::no_group);
  EXPECT_BOTH_TIMES(plan::groups[1].name == "home" && plan::groups[1].parent == 0 && !plan::groups[1].is_optional);
  EXPECT_BOTH_TIMES(plan::groups[2].name == "receiver" && plan::groups[2].is_optional);
  EXPECT_BOTH_TIMES(plan::groups[3].name == "home" && plan::groups[3].parent == 2 && !plan::groups[3].is_optional);
}

TEST(RowPlan, TypesWithACodecAreOneColumn) {
  EXPECT_BOTH_TIMES(row_plan<priced>::size == 2);
  EXPECT_BOTH_TIMES(row_plan<priced>::leaves[0].kind == field_kind::integer);
  EXPECT_BOTH_TIMES(row_plan<priced>::leaves[1].kind == field_kind::integer && row_plan<priced>::leaves[1].is_nullable);
  EXPECT_BOTH_TIMES(row_plan<cents>::size == 1 && row_plan<cents>::description.shape == row_shape::single);
}

TEST(RowPlan, TuplesAndPairsTakeColumnsByPosition) {
  using plan = row_plan<std::tuple<int, std::optional<std::string>, address>>;
  EXPECT_BOTH_TIMES(plan::size == 4 && plan::description.shape == row_shape::by_position);
  EXPECT_BOTH_TIMES(plan::leaves[0].name.empty() && plan::leaves[1].is_nullable);
  EXPECT_BOTH_TIMES(plan::leaves[2].name == "street" && plan::leaves[2].group == 0 && plan::groups[0].name.empty());
  EXPECT_BOTH_TIMES(row_plan<std::pair<int, double>>::size == 2);
  EXPECT_BOTH_TIMES(row_plan<std::pair<int, double>>::description.shape == row_shape::by_position);
}

TEST(RowPlan, ByPositionIsTheStructWithAnotherShape) {
  EXPECT_BOTH_TIMES(row_plan<dt::by_position<customer>>::description.shape == row_shape::by_position);
  EXPECT_BOTH_TIMES(row_plan<dt::by_position<customer>>::size == 3);
  EXPECT_BOTH_TIMES(std::is_same_v<dt::row_value_t<dt::by_position<customer>>, customer>);
  EXPECT_BOTH_TIMES(std::is_same_v<dt::row_value_t<customer>, customer>);
}

TEST(RowPlan, SingleValuesAreOneLeafWithoutAName) {
  EXPECT_BOTH_TIMES(row_plan<int>::size == 1 && row_plan<int>::description.shape == row_shape::single);
  EXPECT_BOTH_TIMES(row_plan<std::optional<double>>::leaves[0].is_nullable);
  EXPECT_BOTH_TIMES(row_plan<std::string>::leaves[0].kind == field_kind::text);
  EXPECT_BOTH_TIMES(row_plan<dt::json_value<address>>::leaves[0].kind == field_kind::json);
}

TEST(RowPlan, AnOptionalStructIsARowToo) {
  EXPECT_BOTH_TIMES(row_plan<std::optional<address>>::size == 2);
  EXPECT_BOTH_TIMES(row_plan<std::optional<address>>::description.shape == row_shape::by_name);
  EXPECT_BOTH_TIMES(row_plan<std::optional<address>>::leaves[0].is_nullable);
  EXPECT_BOTH_TIMES(dt::leaf_takes(row_plan<std::optional<address>>::description, 0, "street"));
}

TEST(RowPlan, LocalStructsAndAHundredFieldsWork) {
  struct local {
    int a;
    std::string b;
  };
  EXPECT_BOTH_TIMES(row_plan<local>::size == 2 && row_plan<local>::description.type_name == "local");
}

TEST(RowPlan, FieldsThatTakeOneColumnAreFound) {
  struct twice {
    dt::column<"x", int> a;
    dt::column<"x", int> b;
  };
  struct clash {
    int buyer_id;
    customer buyer;
  };
  struct fine {
    int id;
    customer buyer;
  };
  using dt::detail::has_distinct_paths;
  using dt::detail::make_plan_table;
  static constexpr auto first = make_plan_table<twice>();
  static constexpr auto second = make_plan_table<clash>();
  static constexpr auto third = make_plan_table<fine>();
  EXPECT_BOTH_TIMES(!has_distinct_paths({"", row_shape::by_name, first.leaves, first.groups}));
  EXPECT_BOTH_TIMES(!has_distinct_paths({"", row_shape::by_name, second.leaves, second.groups}));
  EXPECT_BOTH_TIMES(has_distinct_paths({"", row_shape::by_name, third.leaves, third.groups}));
}

}  // namespace
