#include <dovetail/row/type_name.hpp>

#include <support/both_times.hpp>

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
  EXPECT_BOTH_TIMES(dt::type_name<bool>() == "bool");
  EXPECT_BOTH_TIMES(dt::type_name<char>() == "char");
  EXPECT_BOTH_TIMES(dt::type_name<int>() == "int");
  EXPECT_BOTH_TIMES(dt::type_name<unsigned>() == "unsigned int");
  EXPECT_BOTH_TIMES(dt::type_name<std::int8_t>() == "std::int8_t");
  EXPECT_BOTH_TIMES(dt::type_name<std::uint8_t>() == "std::uint8_t");
  EXPECT_BOTH_TIMES(dt::type_name<std::int16_t>() == "std::int16_t");
  EXPECT_BOTH_TIMES(dt::type_name<std::uint16_t>() == "std::uint16_t");
  EXPECT_BOTH_TIMES(dt::type_name<std::int64_t>() == "std::int64_t");
  EXPECT_BOTH_TIMES(dt::type_name<long long>() == "std::int64_t");
  EXPECT_BOTH_TIMES(dt::type_name<std::uint64_t>() == "std::uint64_t");
  EXPECT_BOTH_TIMES(dt::type_name<float>() == "float");
  EXPECT_BOTH_TIMES(dt::type_name<double>() == "double");
  EXPECT_BOTH_TIMES(dt::type_name<std::string>() == "std::string");
  EXPECT_BOTH_TIMES(dt::type_name<std::string_view>() == "std::string_view");
}

TEST(TypeName, StructsKeepTheirNamespace) {
  EXPECT_BOTH_TIMES(dt::type_name<type_name_test::order>() == "type_name_test::order");
  EXPECT_BOTH_TIMES(dt::type_name<type_name_test::color>() == "type_name_test::color");
  EXPECT_BOTH_TIMES(dt::type_name<type_name_test::box<int>>() == "type_name_test::box<int>");
  EXPECT_BOTH_TIMES(dt::type_name<type_name_test::box<int>::inner>() == "type_name_test::box<int>::inner");
}

TEST(TypeName, LocalTypesAndTypesOfUnnamedNamespacesHaveTheirOwnNameOnly) {
  struct local {};
  EXPECT_BOTH_TIMES(dt::type_name<local>() == "local");
  EXPECT_BOTH_TIMES(dt::type_name<unnamed>() == "unnamed");
}

}  // namespace
