#include <dovetail/row/written.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace {

namespace dt = dovetail;

struct place {
  std::string town;
  std::optional<int> zip;
};
struct region {
  place capital;
  int size;
};
struct person {
  int id;
  place home;
  std::optional<region> land;
};
struct flat {
  int id;
  dt::column<"first name", std::string> name;
};

std::vector<std::string_view> names(auto& all) { return {all.begin(), all.end()}; }

TEST(WrittenColumns, HaveTheNamesOfAllStructsAroundThem) {
  EXPECT_EQ(names(dt::column_names<flat>), (std::vector<std::string_view>{"id", "first name"}));
  EXPECT_EQ(names(dt::column_names<person>),
            (std::vector<std::string_view>{"id", "home_town", "home_zip", "land_capital_town", "land_capital_zip",
                                           "land_size"}));
  static_assert(dt::column_count_of<flat> == 2 && dt::column_count_of<person> == 6);
}

TEST(WrittenColumns, AreMeantByTheirOwnNameAndByThoseAround) {
  EXPECT_EQ(names(dt::detail::meant_names<person>),
            (std::vector<std::string_view>{"id", "town", "home_town", "zip", "home_zip", "town", "capital_town",
                                           "land_capital_town", "zip", "capital_zip", "land_capital_zip", "size",
                                           "land_size"}));
}

TEST(WrittenColumns, OfAnOptionalStructAreOptional) {
  static_assert(std::is_same_v<dt::written_type<person, 1>, std::string>);
  static_assert(std::is_same_v<dt::written_type<person, 2>, std::optional<int>>);
  static_assert(std::is_same_v<dt::written_type<person, 3>, std::optional<std::string>>);
  static_assert(std::is_same_v<dt::written_type<person, 4>, std::optional<int>>);
  static_assert(std::is_same_v<dt::written_type<person, 5>, std::optional<int>>);
}

struct printed {
  std::string text{};
  std::size_t most = 100;

  void add(int value) { text += std::to_string(value) + ' '; }
  void add(const std::string& value) { text += value + ' '; }
  template <class T>
  void add(const std::optional<T>& value) {
    value ? add(*value) : void(text += "null ");
  }
  template <class T>
  void add(const dt::column<"first name", T>& value) {
    add(value.value);
  }
  template <class... Values>
  bool operator()(const Values&... values) {
    return ((most-- != 0 && (add(values), true)) && ...);
  }
};

TEST(WrittenColumns, AreWrittenInTheirOrderWithNullsForAnEmptyStruct) {
  printed all;
  EXPECT_TRUE(dt::write_columns(person{1, {"Bern", 3000}, region{{"Chur", std::nullopt}, 7}}, all));
  EXPECT_EQ(all.text, "1 Bern 3000 Chur null 7 ");
  printed empty;
  EXPECT_TRUE(dt::write_columns(person{2, {"Bern", std::nullopt}, std::nullopt}, empty));
  EXPECT_EQ(empty.text, "2 Bern null null null null ");
  printed simple;
  EXPECT_TRUE(dt::write_columns(flat{3, {"Ada"}}, simple));
  EXPECT_EQ(simple.text, "3 Ada ");
  printed two;
  two.most = 2;
  EXPECT_FALSE(dt::write_columns(person{1, {"Bern", 3000}, {}}, two));
  EXPECT_EQ(two.text, "1 Bern ");
}

}  // namespace
