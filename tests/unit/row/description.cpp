#include <dovetail/row/description.hpp>

#include <gtest/gtest.h>

#include <array>

namespace dt = dovetail;

namespace {

using dt::field_kind;
using dt::leaf_takes;
using dt::name_style;

// struct { int id; struct { string zipCode; struct { int id; } country; } homeAddress; }
constexpr std::array groups{dt::leaf_group{"homeAddress"}, dt::leaf_group{"country", 0}, dt::leaf_group{""}};
constexpr std::array leaves{
    dt::leaf{"id", "int", field_kind::integer}, dt::leaf{"zipCode", "", field_kind::text, false, 0},
    dt::leaf{"id", "int", field_kind::integer, false, 1}, dt::leaf{"", "int", field_kind::integer},
    dt::leaf{"inner", "int", field_kind::integer, false, 2}};
constexpr dt::row_description row{"person", dt::row_shape::by_name, leaves, groups};

TEST(LeafTakes, AMemberTakesTheColumnOfItsName) {
  static_assert(leaf_takes(row, 0, "id"));
  static_assert(!leaf_takes(row, 0, "ID") && !leaf_takes(row, 0, "xid") && !leaf_takes(row, 0, "i") &&
                !leaf_takes(row, 0, ""));
  EXPECT_TRUE(leaf_takes(row, 0, "id"));
}

TEST(LeafTakes, AMemberOfANestedStructTakesPrefixedColumns) {
  static_assert(leaf_takes(row, 1, "homeAddress.zipCode") && leaf_takes(row, 1, "homeAddress_zipCode"));
  static_assert(leaf_takes(row, 2, "homeAddress.country.id") && leaf_takes(row, 2, "homeAddress_country_id") &&
                leaf_takes(row, 2, "homeAddress.country_id"));
  static_assert(!leaf_takes(row, 1, "zipCode") && !leaf_takes(row, 2, "country.id") &&
                !leaf_takes(row, 2, "homeAddress-country-id") && !leaf_takes(row, 2, "homeAddresscountryid"));
  SUCCEED();
}

TEST(LeafTakes, SnakeCaseAppliesToEveryPart) {
  static_assert(leaf_takes(row, 1, "home_address.zip_code", name_style::snake_case));
  static_assert(leaf_takes(row, 2, "home_address_country_id", name_style::snake_case));
  static_assert(leaf_takes(row, 0, "id", name_style::snake_case));
  static_assert(!leaf_takes(row, 1, "homeAddress.zipCode", name_style::snake_case));
  SUCCEED();
}

TEST(LeafTakes, ALeafWithoutANameTakesNoColumnByName) {
  static_assert(!leaf_takes(row, 3, "") && !leaf_takes(row, 3, "x"));
  SUCCEED();
}

TEST(LeafTakes, AStructWithoutANameAddsNoPrefix) {
  static_assert(leaf_takes(row, 4, "inner"));
  SUCCEED();
}

}  // namespace
