#include <dovetail/sql/argument.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

namespace dt = dovetail;
using dt::arg;
using dt::argument_style;
using dt::detail::argument_pack;
using dt::detail::argument_range;

struct point {
  int x;
  std::vector<int> ys;
};

TEST(Argument, BorrowsAnLvalueAndKeepsATemporary) {
  std::string text = "abc";
  const auto borrowed = arg<"a">(text);
  text = "def";
  EXPECT_EQ(borrowed.value, "def");
  static_assert(std::is_same_v<decltype(arg<"a">(text).value), std::string&>);
  static_assert(std::is_same_v<decltype(arg<"a">(std::string{}).value), std::string>);
  static_assert(arg<"a">(7).value == 7 && decltype(arg<"a">(7))::name == "a");
}

TEST(Argument, StylesAreToldFromTheTypes) {
  static_assert(argument_pack<>::style == argument_style::none);
  static_assert(argument_pack<int, std::string>::style == argument_style::positional);
  static_assert(argument_pack<point>::style == argument_style::named);
  static_assert(argument_pack<decltype(arg<"a">(1)), point>::style == argument_style::named);
  static_assert(argument_pack<point, int>::style == argument_style::mixed);
  EXPECT_EQ((argument_pack<decltype(arg<"a">(1)), int>::style), argument_style::mixed);
}

TEST(Argument, AStructHasASlotForEachField) {
  using pack = argument_pack<decltype(arg<"a">(1)), point>;
  static_assert(pack::slot_count == 3 && pack::has_ranges);
  EXPECT_EQ(pack::argument_slots[0].name, "a");
  EXPECT_EQ(pack::argument_slots[1].name, "x");
  EXPECT_EQ(pack::argument_slots[2].name, "ys");
  EXPECT_TRUE(pack::argument_slots[2].is_range);
  EXPECT_TRUE(pack::argument_slots[2].is_optional);
  EXPECT_FALSE(pack::argument_slots[0].is_optional);
}

TEST(Argument, OnlyListsOfValuesAreRanges) {
  static_assert(argument_range<std::vector<int>> && argument_range<std::list<std::string>>);
  static_assert(argument_range<std::array<int, 3>> && argument_range<std::vector<std::optional<int>>>);
  static_assert(!argument_range<std::string> && !argument_range<char[4]> && !argument_range<const char*>);
  static_assert(!argument_range<std::vector<std::byte>> && !argument_range<std::array<std::byte, 4>>);
  static_assert(!argument_range<std::filesystem::path> && !argument_range<std::optional<int>> && !argument_range<int>);
  EXPECT_TRUE((argument_pack<std::vector<int>>::has_ranges));
  EXPECT_FALSE((argument_pack<std::string>::has_ranges));
}

}  // namespace
