#include <dovetail/row/description.hpp>

#include <support/both_times.hpp>

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
  EXPECT_BOTH_TIMES(leaf_takes(row, 1, "homeAddress.zipCode") && leaf_takes(row, 1, "homeAddress_zipCode"));
  EXPECT_BOTH_TIMES(leaf_takes(row, 2, "homeAddress.country.id") && leaf_takes(row, 2, "homeAddress_country_id") &&
                    leaf_takes(row, 2, "homeAddress.country_id"));
  EXPECT_BOTH_TIMES(!leaf_takes(row, 1, "zipCode") && !leaf_takes(row, 2, "country.id") &&
                    !leaf_takes(row, 2, "homeAddress-country-id") && !leaf_takes(row, 2, "homeAddresscountryid"));
}

TEST(LeafTakes, SnakeCaseAppliesToEveryPart) {
  EXPECT_BOTH_TIMES(leaf_takes(row, 1, "home_address.zip_code", name_style::snake_case));
  EXPECT_BOTH_TIMES(leaf_takes(row, 2, "home_address_country_id", name_style::snake_case));
  EXPECT_BOTH_TIMES(leaf_takes(row, 0, "id", name_style::snake_case));
  EXPECT_BOTH_TIMES(!leaf_takes(row, 1, "homeAddress.zipCode", name_style::snake_case));
}

TEST(LeafTakes, ALeafWithoutANameTakesNoColumnByName) {
  EXPECT_BOTH_TIMES(!leaf_takes(row, 3, "") && !leaf_takes(row, 3, "x"));
}

TEST(LeafTakes, AStructWithoutANameAddsNoPrefix) { EXPECT_BOTH_TIMES(leaf_takes(row, 4, "inner")); }

}  // namespace
