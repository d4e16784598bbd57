#include <dovetail/row/reflect.hpp>

#include <dovetail/base/decimal.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/base/uuid.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <any>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace dt = dovetail;

namespace reflect_test {

struct city {
  std::int64_t id;
  std::string name;
  std::optional<double> area;
};

struct camel {
  int orderId;
  std::string HTTPServer;
  dt::column<"Kept As Is", int> other;
};

struct named {
  int id;
  dt::column<"first name", std::string> first;
  dt::column<"group", std::optional<int>> group;
};

struct own_types {
  std::unique_ptr<int> pointer;  // not copyable
  std::any anything;
  std::array<int, 3> numbers;
  std::vector<city> cities;
  std::map<std::string, int> map;
  std::variant<int, std::string> either;
  std::function<void()> call;
  dt::uuid key;
  std::chrono::system_clock::time_point when;
};

struct any_first {
  std::any anything;
  int x;
};

struct single {
  std::string only;
};

struct nested {
  city first;
  city second;
  std::optional<city> third;
};

struct defaulted {
  int a = 1;
  std::string b = "b";
};

template <class T>
struct generic {
  T value;
  std::vector<T> many;
};

struct empty {};

struct mäßig {
  int länge;
  int _under;
  int x1;
};

struct constant {
  const int fixed;
  int free;
};

struct thirty_two {
  int a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7;
  int c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7;
};

struct thirty_three {
  int a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7;
  int c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7;
  std::string last;
};

struct hundred {
  int a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9;
  int c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, d0, d1, d2, d3, d4, d5, d6, d7, d8, d9;
  int e0, e1, e2, e3, e4, e5, e6, e7, e8, e9, f0, f1, f2, f3, f4, f5, f6, f7, f8, f9;
  int g0, g1, g2, g3, g4, g5, g6, g7, g8, g9, h0, h1, h2, h3, h4, h5, h6, h7, h8, h9;
  int i0, i1, i2, i3, i4, i5, i6, i7, i8, i9, j0, j1, j2, j3, j4, j5, j6, j7, j8, j9;
};

class with_constructor {
 public:
  explicit with_constructor(int) {}
};

struct with_virtual {
  virtual ~with_virtual() = default;
  int x = 0;
};

struct money {
  std::int64_t cents;
};

}  // namespace reflect_test

template <>
inline constexpr dt::name_style dt::name_style_of<reflect_test::camel> = dt::name_style::snake_case;

template <>
struct dt::field_codec<reflect_test::money> {
  using stored_type = std::int64_t;
  static stored_type encode(const reflect_test::money& m) { return m.cents; }
  static dt::result<reflect_test::money> decode(stored_type cents) { return reflect_test::money{cents}; }
};

namespace {

using namespace reflect_test;

template <std::size_t Size>
using names = std::array<std::string_view, Size>;

struct unnamed_row {
  int id;
  std::string text;
};

TEST(Reflect, NamesAreThoseOfTheMembersInTheirOrder) {
  static_assert(dt::field_count<city> == 3);
  static_assert(dt::field_names<city> == names<3>{"id", "name", "area"});
  static_assert(dt::field_names<const city> == names<3>{"id", "name", "area"});
  static_assert(dt::field_names<nested> == names<3>{"first", "second", "third"});
  static_assert(dt::field_names<single> == names<1>{"only"});
  static_assert(dt::field_names<defaulted> == names<2>{"a", "b"});
  static_assert(dt::field_names<generic<city>> == names<2>{"value", "many"});
  static_assert(dt::field_names<constant> == names<2>{"fixed", "free"});
  EXPECT_EQ(dt::field_names<city>[1], "name");
}

TEST(Reflect, MembersOfAnyTypeAreSeenAlsoOnesThatCannotBeCopied) {
  EXPECT_BOTH_TIMES(dt::field_names<own_types> ==
                    names<9>{"pointer", "anything", "numbers", "cities", "map", "either", "call", "key", "when"});
  EXPECT_BOTH_TIMES(dt::field_names<any_first> == names<2>{"anything", "x"});
}

TEST(Reflect, IdentifiersMayHoldLettersBeyondAscii) {
  EXPECT_BOTH_TIMES(dt::field_names<mäßig> == names<3>{"länge", "_under", "x1"});
}

TEST(Reflect, TypesOfUnnamedNamespacesAndFunctionsAreSeen) {
  struct local {
    int first;
    std::vector<int> second;
  };
  static_assert(dt::field_names<unnamed_row> == names<2>{"id", "text"});
  static_assert(dt::field_names<local> == names<2>{"first", "second"});
  local object{1, {2}};
  dt::with_fields(object, [](int& first, std::vector<int>& second) {
    first = 3;
    second.push_back(4);
  });
  EXPECT_EQ(object.first, 3);
  EXPECT_EQ(object.second.size(), 2u);
}

TEST(Reflect, AColumnGivesTheNameOfItsField) {
  EXPECT_BOTH_TIMES(dt::field_names<named> == names<3>{"id", "first name", "group"});
}

TEST(Reflect, TheStyleOfAStructTurnsItsNamesIntoSnakeCaseButNotThoseGivenByHand) {
  EXPECT_BOTH_TIMES(dt::field_names<camel> == names<3>{"order_id", "http_server", "Kept As Is"});
}

TEST(Reflect, ThirtyTwoMembersAndMoreAreTakenApart) {
  static_assert(dt::field_count<thirty_two> == 32 && dt::field_names<thirty_two>[31] == "d7");
  static_assert(dt::field_count<thirty_three> == 33 && dt::field_names<thirty_three>[32] == "last");
  static_assert(dt::field_count<hundred> == 100);
  static_assert(dt::field_names<hundred>[0] == "a0" && dt::field_names<hundred>[57] == "f7" &&
                dt::field_names<hundred>[99] == "j9");
  thirty_two a{};
  dt::with_fields(a, [](auto&... members) {
    int i = 0;
    ((members = i++), ...);
  });
  EXPECT_EQ(a.a0, 0);
  EXPECT_EQ(a.d7, 31);
  hundred b{};
  dt::with_fields(b, [](auto&... members) {
    int i = 0;
    ((members = i++), ...);
  });
  EXPECT_EQ(b.a1, 1);
  EXPECT_EQ(b.j9, 99);
  const hundred& c = b;
  EXPECT_EQ(dt::with_fields(c, [](auto&... members) { return (0 + ... + members); }), 4950);
}

TEST(Reflect, EveryNumberOfMembersUpToTheThirtySecondIsCounted) {
  static_assert(dt::field_count<empty> == 0);
  empty nothing;
  EXPECT_EQ(dt::with_fields(nothing, [](auto&... members) { return sizeof...(members); }), 0u);
  struct m2 {
    int a, b;
  };
  struct m5 {
    int a, b, c, d, e;
  };
  struct m9 {
    int a, b, c, d, e, f, g, h, i;
  };
  struct m17 {
    int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q;
  };
  struct m31 {
    int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C, D, E;
  };
  static_assert(dt::field_count<m2> == 2 && dt::field_count<m5> == 5 && dt::field_count<m9> == 9);
  static_assert(dt::field_count<m17> == 17 && dt::field_count<m31> == 31 && dt::field_names<m31>[30] == "E");
}

TEST(Reflect, TypesOfMembersKeepTheirConst) {
  EXPECT_BOTH_TIMES(std::is_same_v<dt::field_type<city, 0>, std::int64_t>);
  EXPECT_BOTH_TIMES(std::is_same_v<dt::field_type<city, 2>, std::optional<double>>);
  EXPECT_BOTH_TIMES(std::is_same_v<dt::field_type<const city, 1>, const std::string>);
  EXPECT_BOTH_TIMES(std::is_same_v<dt::field_type<constant, 0>, const int>);
  EXPECT_BOTH_TIMES(std::is_same_v<dt::field_type<constant, 1>, int>);
}

TEST(Reflect, FieldsCanBeUsedAtCompileTime) {
  EXPECT_BOTH_TIMES([] {
    struct point {
      int x;
      int y;
    };
    point p{1, 2};
    dt::with_fields(p, [](int& x, int& y) { x += y; });
    return p.x;
  }() == 3);
}

TEST(Reflect, OnlyStructsWithFieldsAreReflectable) {
  EXPECT_BOTH_TIMES(dt::reflectable<city> && dt::reflectable<const city> && dt::reflectable<empty>);
  EXPECT_BOTH_TIMES(!dt::reflectable<int> && !dt::reflectable<std::string> && !dt::reflectable<std::optional<city>>);
  EXPECT_BOTH_TIMES(!dt::reflectable<std::vector<city>> && !dt::reflectable<std::tuple<int>> &&
                    !dt::reflectable<std::pair<int, int>> && !dt::reflectable<std::array<int, 2>>);
  EXPECT_BOTH_TIMES(!dt::reflectable<dt::uuid> && !dt::reflectable<dt::decimal> && !dt::reflectable<money>);
  EXPECT_BOTH_TIMES(!dt::reflectable<dt::column<"x", int>> && !dt::reflectable<dt::json_value<city>> &&
                    !dt::reflectable<dt::by_position<city>>);
  EXPECT_BOTH_TIMES(!dt::reflectable<with_constructor> && !dt::reflectable<with_virtual>);
  EXPECT_BOTH_TIMES(!dt::reflectable<std::chrono::year_month_day> && !dt::reflectable<std::chrono::seconds> &&
                    !dt::reflectable<std::chrono::sys_days>);
  EXPECT_BOTH_TIMES(!dt::reflectable<int[3]> && !dt::reflectable<city&> && !dt::reflectable<void> &&
                    !dt::reflectable<std::byte>);
}

}  // namespace
