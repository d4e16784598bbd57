#include <dovetail/row/report.hpp>

#include <dovetail/row/bind.hpp>
#include <dovetail/row/plan.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace dt = dovetail;

namespace report_test {

struct inner {
  int id;
};
struct city {
  int id;
  std::string name;
  double area;
  inner mayor;
};

}  // namespace report_test

namespace {

using namespace report_test;
using dt::errc;

const std::vector<dt::column_info> columns{{.name = "area", .database_type = "REAL"},
                                           {.name = "id"},
                                           {.name = "name", .database_type = "TEXT"},
                                           {.name = "mayor_id", .database_type = "INTEGER"}};
constexpr auto& row = dt::row_plan<city>::description;

dt::error_info failure(errc code, int leaf, std::string_view detail = {}) {
  return dt::value_error(row, *dt::bind_row(row, columns), columns, {code, leaf}, 3, detail);
}

TEST(ValueError, NamesRowFieldTypeAndColumn) {
  const dt::error_info null = failure(errc::unexpected_null, 2);
  EXPECT_EQ(null.code(), dt::make_error_code(errc::unexpected_null));
  EXPECT_EQ(null.message(),
            "row 3 does not fit row type report_test::city\n"
            "  field 'area' (double) : column 'area' (REAL) is null; use std::optional<double>");
  EXPECT_EQ(failure(errc::value_out_of_range, 0).message(),
            "row 3 does not fit row type report_test::city\n"
            "  field 'id' (int) : column 'id' holds a value that does not fit int");
  EXPECT_EQ(failure(errc::malformed_value, 3).message(),
            "row 3 does not fit row type report_test::city\n"
            "  field 'mayor.id' (int) : column 'mayor_id' (INTEGER) holds a value that is no int");
}

TEST(ValueError, ANullInsideOfAValueIsNotCalledANullColumn) {
  EXPECT_EQ(failure(errc::unexpected_null, 2, "an element is null").message(),
            "row 3 does not fit row type report_test::city\n"
            "  field 'area' (double) : column 'area' (REAL) holds a null; an element is null");
}

TEST(ValueError, OtherCodesSpeakForThemselvesAndDetailsFollow) {
  EXPECT_EQ(failure(errc::malformed_json, 1, "line 1, column 2: expected a value").message(),
            "row 3 does not fit row type report_test::city\n"
            "  field 'name' (std::string) : column 'name' (TEXT): malformed JSON; line 1, column 2: expected a value");
}

TEST(ValueError, ASingleValueHasNoFieldName) {
  constexpr auto& single = dt::row_plan<int>::description;
  const std::vector<dt::column_info> one{{.name = "count(*)"}};
  EXPECT_EQ(dt::value_error(single, *dt::bind_row(single, one), one, {errc::unexpected_null, 0}, 1).message(),
            "row 1 does not fit row type int\n"
            "  value (int) : column 'count(*)' is null; use std::optional<int>");
}

TEST(ValueError, WithoutColumnsTheirNumberIsGiven) {
  EXPECT_EQ(dt::value_error(row, {}, {}, {errc::value_out_of_range, 2}, 9).message(),
            "row 9 does not fit row type report_test::city\n"
            "  field 'area' (double) : column 3 holds a value that does not fit double");
}

TEST(ValueError, WithoutALeafOnlyTheRowIsNamed) {
  EXPECT_EQ(dt::value_error(row, {}, {}, {errc::malformed_value, -1}, 2, "half a row").message(),
            "row 2 does not fit row type report_test::city; half a row: a value is not of its type's form");
}

TEST(ReadStatus, IsTrueWhenNothingFailed) {
  EXPECT_BOTH_TIMES(dt::read_status{});
  EXPECT_BOTH_TIMES(!dt::read_status{errc::unexpected_null, 0});
}

}  // namespace
