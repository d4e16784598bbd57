#include <dovetail/row/enums.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace dt = dovetail;

namespace enums_test {

enum class color { red, green, blue = 7, infra = -3 };
enum plain { alpha, beta = 5 };
enum plain_negative { minus = -1, zero };
enum class tiny : unsigned char { none, most = 127, beyond = 200 };
enum class lowest : signed char { bottom = -128, top = 127 };
enum class wide : long long { one = 1 };
enum class unsigned_wide : unsigned long long { one = 1 };
enum class twins { first = 1, second = 1 };
enum class nameless {};
struct holder {
  enum class inner { one, two };
};
template <class T>
struct generic {
  enum class inner { one, two };
};
enum class spelled { a = 1000, b = 2000, c = 3 };

}  // namespace enums_test

template <>
struct dt::describe<enums_test::spelled> {
  static constexpr auto enumerators =
      std::array{dt::enumerator{enums_test::spelled::a, "first choice"}, dt::enumerator{enums_test::spelled::b, "B"}};
};

namespace {

using namespace enums_test;

enum class unnamed { x, y };

TEST(Enums, AnEnumeratorHasItsSpelling) {
  static_assert(dt::enum_name(color::red) == "red");
  static_assert(dt::enum_name(color::blue) == "blue");
  static_assert(dt::enum_name(color::infra) == "infra");
  static_assert(dt::enum_name(holder::inner::two) == "two");
  static_assert(dt::enum_name(generic<int>::inner::one) == "one");
  static_assert(dt::enum_name(generic<color>::inner::two) == "two");
  static_assert(dt::enum_name(unnamed::y) == "y");
  EXPECT_EQ(dt::enum_name(color::green), "green");
}

TEST(Enums, AValueWithoutAnEnumeratorHasNoName) {
  EXPECT_BOTH_TIMES(dt::enum_name(static_cast<color>(3)).empty());
  EXPECT_BOTH_TIMES(dt::enum_name(static_cast<color>(100000)).empty());
  EXPECT_BOTH_TIMES(dt::enum_name(static_cast<nameless>(0)).empty());
}

TEST(Enums, ANameGivesItsValueAndOnlyExactly) {
  static_assert(dt::enum_value<color>("green") == color::green);
  static_assert(dt::enum_value<color>("infra") == color::infra);
  static_assert(!dt::enum_value<color>("Green"));
  static_assert(!dt::enum_value<color>("gree"));
  static_assert(!dt::enum_value<color>(""));
  static_assert(!dt::enum_value<nameless>("x"));
  EXPECT_EQ(dt::enum_value<color>(std::string{"blue"}), color::blue);
}

TEST(Enums, UnscopedEnumsWithoutAFixedTypeWork) {
  EXPECT_BOTH_TIMES(dt::enum_name(alpha) == "alpha" && dt::enum_name(beta) == "beta");
  EXPECT_BOTH_TIMES(dt::enum_name(minus) == "minus" && dt::enum_name(zero) == "zero");
  EXPECT_BOTH_TIMES(dt::enum_value<plain>("beta") == beta);
}

TEST(Enums, ValuesOfEveryWidthAreFoundFromMinus128To127) {
  EXPECT_BOTH_TIMES(dt::enum_name(lowest::bottom) == "bottom" && dt::enum_name(lowest::top) == "top");
  EXPECT_BOTH_TIMES(dt::enum_name(tiny::most) == "most" && dt::enum_name(tiny::beyond).empty());
  EXPECT_BOTH_TIMES(dt::enum_name(wide::one) == "one" && dt::enum_name(unsigned_wide::one) == "one");
}

TEST(Enums, OfTwoEnumeratorsWithOneValueOneIsItsName) {
  EXPECT_BOTH_TIMES(!dt::enum_name(twins::first).empty());
  EXPECT_BOTH_TIMES(dt::enum_name(twins::first) == dt::enum_name(twins::second));
}

TEST(Enums, ADescriptionReplacesTheSpellingAndReachesAnyValue) {
  EXPECT_BOTH_TIMES(dt::enum_name(spelled::a) == "first choice" && dt::enum_name(spelled::b) == "B");
  EXPECT_BOTH_TIMES(dt::enum_value<spelled>("B") == spelled::b);
  EXPECT_BOTH_TIMES(dt::enum_name(spelled::c).empty());  // not described
}

TEST(Enums, ALocalEnumWorks) {
  enum class local { left, right };
  EXPECT_BOTH_TIMES(dt::enum_name(local::right) == "right");
}

}  // namespace
