#include <dovetail/base/fixed_string.hpp>

#include <gtest/gtest.h>

#include <string_view>
#include <type_traits>

namespace {

namespace dt = dovetail;

template <dt::fixed_string Text>
struct named {
  static constexpr std::string_view name = Text.view();
};

static_assert(named<"first name">::name == "first name");
static_assert(named<"">::name.empty());
static_assert(std::is_same_v<named<"id">, named<"id">> && !std::is_same_v<named<"id">, named<"ids">>);
static_assert(dt::fixed_string{"ab"} == dt::fixed_string{"ab"} && !(dt::fixed_string{"ab"} == dt::fixed_string{"ac"}));
static_assert(!(dt::fixed_string{"ab"} == dt::fixed_string{"abc"}) && dt::fixed_string{"abc"}.size() == 3);
static_assert(dt::fixed_string<3>{std::string_view{"xyz"}}.view() == "xyz");
static_assert(dt::fixed_string{"a\0b"}.view() == std::string_view{"a\0b", 3});

TEST(FixedString, TextIsAPartOfAType) {
  EXPECT_EQ(named<"first name">::name, "first name");
  EXPECT_EQ(dt::fixed_string{"abc"}.view(), "abc");
}

}  // namespace
