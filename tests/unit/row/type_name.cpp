#include <dovetail/row/type_name.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dt = dovetail;

namespace type_name_test {
struct order {};
template <class T>
struct box {
  struct inner {};
};
enum class color { red };
}  // namespace type_name_test

namespace {

struct unnamed {};

TEST(TypeName, ScalarsAndStringsHaveOneNameOnEveryCompiler) {
  static_assert(dt::type_name<bool>() == "bool");
  static_assert(dt::type_name<char>() == "char");
  static_assert(dt::type_name<int>() == "int");
  static_assert(dt::type_name<unsigned>() == "unsigned int");
  static_assert(dt::type_name<std::int8_t>() == "std::int8_t");
  static_assert(dt::type_name<std::uint8_t>() == "std::uint8_t");
  static_assert(dt::type_name<std::int16_t>() == "std::int16_t");
  static_assert(dt::type_name<std::uint16_t>() == "std::uint16_t");
  static_assert(dt::type_name<std::int64_t>() == "std::int64_t");
  static_assert(dt::type_name<long long>() == "std::int64_t");
  static_assert(dt::type_name<std::uint64_t>() == "std::uint64_t");
  static_assert(dt::type_name<float>() == "float");
  static_assert(dt::type_name<double>() == "double");
  static_assert(dt::type_name<std::string>() == "std::string");
  static_assert(dt::type_name<std::string_view>() == "std::string_view");
  SUCCEED();
}

TEST(TypeName, StructsKeepTheirNamespace) {
  static_assert(dt::type_name<type_name_test::order>() == "type_name_test::order");
  static_assert(dt::type_name<type_name_test::color>() == "type_name_test::color");
  static_assert(dt::type_name<type_name_test::box<int>>() == "type_name_test::box<int>");
  static_assert(dt::type_name<type_name_test::box<int>::inner>() == "type_name_test::box<int>::inner");
  SUCCEED();
}

TEST(TypeName, LocalTypesAndTypesOfUnnamedNamespacesHaveTheirOwnNameOnly) {
  struct local {};
  static_assert(dt::type_name<local>() == "local");
  static_assert(dt::type_name<unnamed>() == "unnamed");
  SUCCEED();
}

}  // namespace
