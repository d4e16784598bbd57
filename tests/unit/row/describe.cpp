#include <dovetail/row/describe.hpp>

#include <dovetail/row/reflect.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <tuple>

namespace dt = dovetail;

namespace {

class account {
 public:
  account() = default;
  account(int id, std::string owner) : id_(id), owner_(std::move(owner)) {}
  int id() const { return id_; }
  const std::string& owner() const { return owner_; }

 private:
  friend struct dt::describe<account>;
  int id_ = 0;
  std::string owner_;
};

struct base {
  int id = 0;
};
struct derived : base {
  std::string name;
};

struct with_array {
  int id;
  char code[4];
};

}  // namespace

template <>
struct dt::describe<account> {
  static constexpr auto fields = std::tuple{dt::field<"id">(&account::id_), dt::field<"owner">(&account::owner_)};
};

template <>
struct dt::describe<derived> {
  static constexpr auto fields = std::tuple{dt::field<"id">(&derived::id), dt::field<"full name">(&derived::name)};
};

template <>
struct dt::describe<with_array> {
  static constexpr auto fields = std::tuple{dt::field<"code">(&with_array::code), dt::field<"id">(&with_array::id)};
};

namespace {

TEST(Describe, PrivateMembersOfAClassWithConstructorsAreSeen) {
  static_assert(dt::reflectable<account>);
  static_assert(dt::field_count<account> == 2);
  static_assert(dt::field_names<account> == std::array<std::string_view, 2>{"id", "owner"});
  static_assert(std::is_same_v<dt::field_type<account, 1>, std::string>);
  account a;
  dt::with_fields(a, [](int& id, std::string& owner) {
    id = 7;
    owner = "Ada";
  });
  EXPECT_EQ(a.id(), 7);
  EXPECT_EQ(a.owner(), "Ada");
}

TEST(Describe, MembersOfAConstObjectAreConst) {
  const account a{3, "Bob"};
  const int id = dt::with_fields(a, [](auto& first, auto& second) {
    static_assert(std::is_same_v<decltype(first), const int&>);
    static_assert(std::is_same_v<decltype(second), const std::string&>);
    return first;
  });
  EXPECT_EQ(id, 3);
}

TEST(Describe, MembersOfABaseClassAreSeenThroughTheDerivedOne) {
  static_assert(dt::field_names<derived> == std::array<std::string_view, 2>{"id", "full name"});
  derived d;
  dt::with_fields(d, [](int& id, std::string& name) {
    id = 5;
    name = "x";
  });
  EXPECT_EQ(d.id, 5);
  EXPECT_EQ(d.name, "x");
}

TEST(Describe, TheOrderIsThatOfTheDescriptionAndArraysAreAllowed) {
  static_assert(dt::field_names<with_array> == std::array<std::string_view, 2>{"code", "id"});
  static_assert(std::is_same_v<dt::field_type<with_array, 0>, char[4]>);
}

}  // namespace
