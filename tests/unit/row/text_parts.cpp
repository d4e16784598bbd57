#include <dovetail/row/text_parts.hpp>
#include <dovetail/row/type_name.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <limits>
#include <ratio>
#include <string>
#include <string_view>
#include <vector>

namespace dt = dovetail;

namespace {

using dt::detail::number_text;
using dt::detail::tidy_type_name;

TEST(TextParts, NumbersAreWrittenInDigits) {
  EXPECT_EQ(std::string_view{number_text{0}}, "0");
  EXPECT_EQ(std::string_view{number_text{120}}, "120");
  EXPECT_EQ(std::string_view{number_text{std::numeric_limits<std::size_t>::max()}}, "18446744073709551615");
}

TEST(TidyTypeName, WhatCompilersPrintBecomesWhatProgrammersWrite) {
  EXPECT_EQ(tidy_type_name("std::optional<std::__cxx11::basic_string<char> >"), "std::optional<std::string>");
  EXPECT_EQ(tidy_type_name("std::optional<std::basic_string<char>>"), "std::optional<std::string>");
  EXPECT_EQ(tidy_type_name("std::vector<std::byte, std::allocator<std::byte> >"), "std::vector<std::byte>");
  EXPECT_EQ(tidy_type_name("std::vector<std::vector<int, std::allocator<int> >, std::allocator<std::vector<int, "
                           "std::allocator<int> > > >"),
            "std::vector<std::vector<int>>");
  EXPECT_EQ(tidy_type_name("std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >"),
            "std::string");
  EXPECT_EQ(tidy_type_name("dovetail::v0::uuid"), "dt::uuid");
  EXPECT_EQ(tidy_type_name("dovetail::json_value<shop::item>"), "dt::json_value<shop::item>");
  EXPECT_EQ(tidy_type_name("std::optional<long int>"), "std::optional<std::int64_t>");
  EXPECT_EQ(tidy_type_name("std::optional<long>"), "std::optional<std::int64_t>");
  EXPECT_EQ(tidy_type_name("std::optional<long unsigned int>"), "std::optional<std::uint64_t>");
  EXPECT_EQ(tidy_type_name("std::optional<unsigned long>"), "std::optional<std::uint64_t>");
  EXPECT_EQ(tidy_type_name("std::tuple<short int, unsigned short>"), "std::tuple<std::int16_t, std::uint16_t>");
  EXPECT_EQ(tidy_type_name("std::optional<{anonymous}::row>"), "std::optional<row>");
  EXPECT_EQ(tidy_type_name("std::optional<(anonymous namespace)::row>"), "std::optional<row>");
  EXPECT_EQ(tidy_type_name("std::optional<signed char>"), "std::optional<std::int8_t>");
  EXPECT_EQ(tidy_type_name("shop::order"), "shop::order");
  EXPECT_EQ(tidy_type_name("shop::longest<short_name>"), "shop::longest<short_name>");
  EXPECT_EQ(tidy_type_name(""), "");
}

template <class T>
std::string tidy_name_of() {
  return tidy_type_name(dt::type_name<T>());  // as this compiler spells it
}

TEST(TextParts, TimesHaveTheNamesThatProgramsUse) {
  EXPECT_EQ(tidy_name_of<std::chrono::nanoseconds>(), "std::chrono::nanoseconds");
  EXPECT_EQ(tidy_name_of<std::chrono::microseconds>(), "std::chrono::microseconds");
  EXPECT_EQ(tidy_name_of<std::chrono::milliseconds>(), "std::chrono::milliseconds");
  EXPECT_EQ(tidy_name_of<std::chrono::seconds>(), "std::chrono::seconds");
  EXPECT_EQ(tidy_name_of<std::chrono::minutes>(), "std::chrono::minutes");
  EXPECT_EQ(tidy_name_of<std::chrono::hours>(), "std::chrono::hours");
  EXPECT_EQ(tidy_name_of<std::chrono::sys_seconds>(), "std::chrono::sys_seconds");
  EXPECT_EQ(tidy_name_of<std::chrono::sys_days>(), "std::chrono::sys_days");
  EXPECT_EQ(tidy_name_of<std::chrono::local_seconds>(), "std::chrono::local_seconds");
  EXPECT_EQ(tidy_name_of<std::chrono::local_days>(), "std::chrono::local_days");
  EXPECT_EQ(tidy_name_of<std::chrono::sys_time<std::chrono::microseconds>>(),
            "std::chrono::sys_time<std::chrono::microseconds>");
  EXPECT_EQ(tidy_name_of<std::vector<std::chrono::sys_seconds>>(), "std::vector<std::chrono::sys_seconds>");
  EXPECT_EQ((tidy_name_of<std::chrono::duration<double, std::milli>>()),
            "std::chrono::duration<double, std::ratio<1, 1000>>");
}

TEST(PathOf, PartsAreJoinedByDotsAndNamelessLeavesAreCounted) {
  const std::array groups{dt::leaf_group{"customer"}, dt::leaf_group{"address", 0}};
  const std::array leaves{dt::leaf{"id"}, dt::leaf{"zip", "", dt::field_kind::text, false, 1}, dt::leaf{}};
  const dt::row_description row{"r", dt::row_shape::by_name, leaves, groups};
  EXPECT_EQ(dt::path_of(row, 0), "id");
  EXPECT_EQ(dt::path_of(row, 1), "customer.address.zip");
  EXPECT_EQ(dt::path_of(row, 2), "#3");
}

}  // namespace
