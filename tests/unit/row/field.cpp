#include <dovetail/row/field.hpp>

#include <dovetail/base/bytes.hpp>
#include <dovetail/base/decimal.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/base/uuid.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dt = dovetail;

namespace field_test {
struct money {
  std::int64_t cents;
};
struct tag {
  std::string text;
};
enum class color { red };
enum plain { alpha };
struct some {
  int x;
};
}  // namespace field_test

template <>
struct dt::field_codec<field_test::money> {
  using stored_type = std::int64_t;
};
template <>
struct dt::field_codec<field_test::tag> {
  using stored_type = std::string;
};

namespace {

using namespace field_test;
using namespace std::chrono;
using dt::field_kind;

template <class T>
constexpr field_kind kind = dt::field_kind_of<T>;

TEST(FieldKindOf, Scalars) {
  EXPECT_BOTH_TIMES(kind<bool> == field_kind::boolean);
  EXPECT_BOTH_TIMES(kind<signed char> == field_kind::integer && kind<short> == field_kind::integer &&
                    kind<int> == field_kind::integer && kind<long> == field_kind::integer &&
                    kind<long long> == field_kind::integer);
  EXPECT_BOTH_TIMES(kind<unsigned char> == field_kind::unsigned_integer &&
                    kind<unsigned> == field_kind::unsigned_integer &&
                    kind<unsigned long long> == field_kind::unsigned_integer);
  EXPECT_BOTH_TIMES(kind<float> == field_kind::real && kind<double> == field_kind::real);
  EXPECT_BOTH_TIMES(kind<color> == field_kind::enumeration && kind<plain> == field_kind::enumeration);
}

TEST(FieldKindOf, TextAndBytes) {
  EXPECT_BOTH_TIMES(kind<std::string> == field_kind::text && kind<std::string_view> == field_kind::text &&
                    kind<char[8]> == field_kind::text);
  EXPECT_BOTH_TIMES(kind<std::vector<std::byte>> == field_kind::bytes && kind<dt::byte_view> == field_kind::bytes &&
                    kind<std::array<std::byte, 16>> == field_kind::bytes);
}

TEST(FieldKindOf, DatesAndTimes) {
  EXPECT_BOTH_TIMES(kind<year_month_day> == field_kind::date && kind<sys_days> == field_kind::date &&
                    kind<local_days> == field_kind::date);
  EXPECT_BOTH_TIMES(kind<sys_seconds> == field_kind::timestamp &&
                    kind<sys_time<microseconds>> == field_kind::timestamp &&
                    kind<system_clock::time_point> == field_kind::timestamp);
  EXPECT_BOTH_TIMES(kind<local_seconds> == field_kind::local_timestamp &&
                    kind<local_time<milliseconds>> == field_kind::local_timestamp);
  EXPECT_BOTH_TIMES(kind<seconds> == field_kind::duration && kind<duration<double>> == field_kind::duration);
  EXPECT_BOTH_TIMES(kind<hh_mm_ss<seconds>> == field_kind::time_of_day);
  EXPECT_BOTH_TIMES(kind<steady_clock::time_point> == field_kind::unsupported);
}

TEST(FieldKindOf, ValuesOfTheLibraryAndOfTheUser) {
  EXPECT_BOTH_TIMES(kind<dt::uuid> == field_kind::uuid && kind<dt::decimal> == field_kind::decimal);
  EXPECT_BOTH_TIMES(kind<dt::json_value<some>> == field_kind::json);
  EXPECT_BOTH_TIMES(kind<money> == field_kind::integer && kind<tag> == field_kind::text);
}

TEST(FieldKindOf, WrappersAreLookedThrough) {
  EXPECT_BOTH_TIMES(kind<std::optional<int>> == field_kind::integer &&
                    kind<std::optional<money>> == field_kind::integer);
  EXPECT_BOTH_TIMES(kind<dt::column<"x", double>> == field_kind::real &&
                    kind<dt::column<"x", std::optional<double>>> == field_kind::real);
  EXPECT_BOTH_TIMES(kind<const int> == field_kind::integer);
  EXPECT_BOTH_TIMES(dt::is_optional<std::optional<int>> && !dt::is_optional<int>);
  EXPECT_BOTH_TIMES(dt::is_column<dt::column<"x", int>> && dt::is_json_value<dt::json_value<int>>);
}

TEST(FieldKindOf, Lists) {
  EXPECT_BOTH_TIMES(kind<std::vector<int>> == field_kind::list &&
                    kind<std::vector<std::optional<std::string>>> == field_kind::list);
  EXPECT_BOTH_TIMES(kind<std::vector<some>> == field_kind::unsupported);
}

TEST(FieldKindOf, WhatNoColumnCanFillIsUnsupported) {
  EXPECT_BOTH_TIMES(kind<some> == field_kind::unsupported && kind<std::map<int, int>> == field_kind::unsupported &&
                    kind<int*> == field_kind::unsupported && kind<int[3]> == field_kind::unsupported);
  EXPECT_BOTH_TIMES(kind<char> == field_kind::unsupported && kind<wchar_t> == field_kind::unsupported &&
                    kind<long double> == field_kind::unsupported && kind<std::byte> == field_kind::unsupported);
  EXPECT_BOTH_TIMES(kind<std::optional<std::optional<int>>> == field_kind::unsupported);
}

}  // namespace
