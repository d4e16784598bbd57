#include <dovetail/row/bind.hpp>

#include <dovetail/row/plan.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace dt = dovetail;

namespace bind_test {

struct customer {
  int id;
  std::string name;
};
struct order {
  std::int64_t id;
  std::string title;
  double total;
};
struct joined {
  int id;
  customer buyer;
  std::optional<customer> receiver;
};
struct camel {
  int userId;
  customer homeOwner;
};
struct xy {
  double x;
  double y;
};

}  // namespace bind_test

namespace {

using namespace bind_test;
using dt::column_info;
using dt::field_kind;
using dt::mismatch;
using dt::mismatch_kind;

using columns = std::vector<column_info>;

columns named(std::initializer_list<std::string_view> names) {
  columns list;
  for (const std::string_view name : names) list.push_back({.name = name});
  return list;
}

template <class Row>
dt::result<dt::binding> bind_to(const columns& given, const dt::bind_options& options = {}) {
  return dt::bind_row(dt::row_plan<Row>::description, given, options);
}

template <class Row>
std::vector<mismatch> mismatches(const columns& given, const dt::bind_options& options = {}) {
  std::vector<mismatch> problems;
  const auto bound = dt::bind_row(dt::row_plan<Row>::description, given, options, &problems);
  EXPECT_EQ(bound.has_value(), problems.empty());
  if (!bound) {
    EXPECT_EQ(bound.error().code(), dt::make_error_code(dt::errc::row_mismatch));
    EXPECT_EQ(bound.error().kind(), dt::condition::mapping);
  }
  return problems;
}

std::vector<int> columns_of(const dt::binding& bound) { return {bound.columns().begin(), bound.columns().end()}; }

TEST(BindRow, ColumnsInTheOrderOfTheFieldsAreRecognised) {
  const auto bound = bind_to<order>(named({"id", "title", "total"}));
  ASSERT_TRUE(bound);
  EXPECT_TRUE(bound->is_in_order());
  EXPECT_EQ(columns_of(*bound), (std::vector{0, 1, 2}));
}

TEST(BindRow, ColumnsInAnyOrderAndColumnsThatNoFieldTakesAreFine) {
  const auto bound = bind_to<order>(named({"total", "colour", "id", "title"}));
  ASSERT_TRUE(bound);
  EXPECT_FALSE(bound->is_in_order());
  EXPECT_EQ(columns_of(*bound), (std::vector{2, 3, 0}));
}

TEST(BindRow, SurplusColumnsBehindTheFieldsKeepTheStraightPath) {
  const auto bound = bind_to<order>(named({"id", "title", "total", "more"}));
  ASSERT_TRUE(bound);
  EXPECT_TRUE(bound->is_in_order());
}

TEST(BindRow, NestedStructsTakePrefixedColumns) {
  const auto bound = bind_to<joined>(named({"id", "buyer.id", "buyer.name", "receiver_id", "receiver_name"}));
  ASSERT_TRUE(bound);
  EXPECT_TRUE(bound->is_in_order());
}

TEST(BindRow, AMissingColumnIsNamedWithTheNearestOne) {
  EXPECT_EQ(mismatches<order>(named({"id", "titel", "total"})),
            (std::vector{mismatch{mismatch_kind::missing_column, 1, -1}}));
  EXPECT_EQ(bind_to<order>(named({"id", "titel", "total"})).error().context(),
            "row type bind_test::order does not match the query result (1 problem)\n"
            "  field 'title' (std::string) : no such column; did you mean 'titel'?\n"
            "  columns returned: id, titel, total");
}

TEST(BindRow, NoNameIsOfferedWhenNoneIsNear) {
  EXPECT_EQ(bind_to<order>(named({"id", "total"})).error().context(),
            "row type bind_test::order does not match the query result (1 problem)\n"
            "  field 'title' (std::string) : no such column\n"
            "  columns returned: id, total");
  EXPECT_EQ(bind_to<order>({}).error().context(),
            "row type bind_test::order does not match the query result (3 problems)\n"
            "  field 'id' (std::int64_t)   : no such column\n"
            "  field 'title' (std::string) : no such column\n"
            "  field 'total' (double)      : no such column\n"
            "  columns returned: none");
}

TEST(BindRow, AColumnThatAnotherFieldTakesIsNotOffered) {
  // 'total' is two edits from 'title', but it is taken
  EXPECT_EQ(bind_to<order>(named({"id", "total", "x"})).error().context(),
            "row type bind_test::order does not match the query result (1 problem)\n"
            "  field 'title' (std::string) : no such column\n"
            "  columns returned: id, total, x");
}

TEST(BindRow, AColumnInAnotherCaseIsOfferedButNotTaken) {
  EXPECT_EQ(bind_to<order>(named({"ID", "title", "total"})).error().context(),
            "row type bind_test::order does not match the query result (1 problem)\n"
            "  field 'id' (std::int64_t) : no such column; did you mean 'ID'?\n"
            "  columns returned: ID, title, total");
}

TEST(BindRow, TheCasePolicyIsOfferedWhenItWouldHelp) {
  EXPECT_EQ(bind_to<camel>(named({"user_id", "homeOwner.id", "homeOwner.name"})).error().context(),
            "row type bind_test::camel does not match the query result (1 problem)\n"
            "  field 'userId' (int) : no such column; did you mean 'user_id' (dt::name_style::snake_case)?\n"
            "  columns returned: user_id, homeOwner.id, homeOwner.name");
}

TEST(BindRow, TheCasePolicyMapsFieldsToSnakeCaseColumns) {
  const dt::bind_options options{.style = dt::name_style::snake_case};
  EXPECT_TRUE((bind_to<camel>(named({"user_id", "home_owner_id", "home_owner.name"}), options)));
  EXPECT_EQ((mismatches<camel>(named({"userId", "home_owner_id", "home_owner_name"}), options)),
            (std::vector{mismatch{mismatch_kind::missing_column, 0, -1}}));
}

TEST(BindRow, NearestNamesOfNestedFieldsAreFoundWithAndWithoutTheirPrefix) {
  const auto text =
      std::string{bind_to<joined>(named({"id", "buyer_id", "buyer_nmae", "receiver_id", "name"})).error().context()};
  EXPECT_EQ(text,
            "row type bind_test::joined does not match the query result (2 problems)\n"
            "  field 'buyer.name' (std::string)    : no such column; did you mean 'buyer_nmae'?\n"
            "  field 'receiver.name' (std::string) : no such column; did you mean 'name'?\n"
            "  columns returned: id, buyer_id, buyer_nmae, receiver_id, name");
}

TEST(BindRow, DuplicateColumnsAreAnErrorWhereAFieldTakesThem) {
  EXPECT_EQ(mismatches<order>(named({"id", "title", "total", "id"})),
            (std::vector{mismatch{mismatch_kind::duplicate_column, 0, 0}}));
  EXPECT_EQ(bind_to<order>(named({"id", "title", "total", "id"})).error().context(),
            "row type bind_test::order does not match the query result (1 problem)\n"
            "  field 'id' (std::int64_t) : columns 1 ('id') and 4 ('id') have its name; rename all but one (as …)\n"
            "  columns returned: id, title, total, id");
  EXPECT_TRUE(mismatches<order>(named({"id", "title", "total", "other", "other"})).empty());
}

TEST(BindRow, BothSpellingsOfAPrefixedColumnAreDuplicates) {
  const columns given = named({"id", "buyer.id", "buyer_id", "buyer_name", "receiver_id", "receiver_name"});
  EXPECT_EQ(mismatches<joined>(given), (std::vector{mismatch{mismatch_kind::duplicate_column, 1, 1}}));
}

TEST(BindRow, AColumnOfAnotherTypeIsReportedWithBothTypesAndAdvice) {
  columns given = named({"id", "title", "total"});
  given[0] = {.name = "id", .database_type = "int8", .accepts = field_kind::integer};
  given[1] = {.name = "title", .database_type = "text", .accepts = field_kind::text};
  given[2] = {.name = "total",
              .database_type = "numeric(12,2)",
              .accepts = field_kind::decimal | field_kind::text,
              .advice = "use dt::decimal, or std::string, or cast in SQL"};
  EXPECT_EQ(mismatches<order>(given), (std::vector{mismatch{mismatch_kind::incompatible_type, 2, 2}}));
  EXPECT_EQ(
      bind_to<order>(given).error().context(),
      "row type bind_test::order does not match the query result (1 problem)\n"
      "  field 'total' (double) : column 'total' is numeric(12,2); use dt::decimal, or std::string, or cast in SQL\n"
      "  columns returned: id int8, title text, total numeric(12,2)");
}

TEST(BindRow, AdviceIsMadeFromTheKindsThatAColumnGives) {
  columns given = named({"id", "title", "total"});
  given[2] = {.name = "total", .database_type = "uuid", .accepts = field_kind::uuid | field_kind::text};
  EXPECT_EQ(bind_to<order>(given).error().context(),
            "row type bind_test::order does not match the query result (1 problem)\n"
            "  field 'total' (double) : column 'total' is uuid; use std::string, or dt::uuid\n"
            "  columns returned: id, title, total uuid");
  given[2] = {.name = "total", .accepts = {}};
  EXPECT_EQ(bind_to<order>(given).error().context(),
            "row type bind_test::order does not match the query result (1 problem)\n"
            "  field 'total' (double) : column 'total' has another type\n"
            "  columns returned: id, title, total");
}

TEST(BindRow, EveryKindHasATypeInAdvice) {
  for (int i = 1; i <= static_cast<int>(field_kind::list); ++i) {
    EXPECT_FALSE(dt::detail::type_for(static_cast<field_kind>(i)).empty()) << i;
  }
  EXPECT_EQ(dt::detail::type_for(field_kind::list), "std::vector");
  EXPECT_EQ(dt::detail::type_for(field_kind::date), "std::chrono::year_month_day");
  EXPECT_EQ(dt::detail::type_for(field_kind::uuid), "dt::uuid");
  EXPECT_EQ(dt::detail::type_for(field_kind::json), "dt::json_value");
}

TEST(BindRow, AColumnThatTheServerCallsNullableNeedsAnOptional) {
  columns given = named({"id", "title", "total"});
  given[2].nulls = dt::nullability::possible;
  EXPECT_EQ(mismatches<order>(given), (std::vector{mismatch{mismatch_kind::null_not_allowed, 2, 2}}));
  EXPECT_EQ(bind_to<order>(given).error().context(),
            "row type bind_test::order does not match the query result (1 problem)\n"
            "  field 'total' (double) : column 'total' may be null; use std::optional<double>\n"
            "  columns returned: id, title, total");
  given[2].nulls = dt::nullability::never;
  EXPECT_TRUE(bind_to<order>(given));
}

TEST(BindRow, ANullableColumnFitsAMemberOfAnOptionalStruct) {
  columns given = named({"id", "buyer_id", "buyer_name", "receiver_id", "receiver_name"});
  given[3].nulls = given[4].nulls = dt::nullability::possible;
  EXPECT_TRUE(bind_to<joined>(given));
}

TEST(BindRow, AllProblemsAreInOneReport) {
  columns given = named({"total", "customer_name", "id", "id"});
  given[0] = {.name = "total", .database_type = "numeric", .accepts = field_kind::decimal};
  given[0].nulls = dt::nullability::possible;
  EXPECT_EQ(mismatches<order>(given), (std::vector<mismatch>{{mismatch_kind::duplicate_column, 0, 2},
                                                             {mismatch_kind::missing_column, 1, -1},
                                                             {mismatch_kind::incompatible_type, 2, 0},
                                                             {mismatch_kind::null_not_allowed, 2, 0}}));
  EXPECT_EQ(bind_to<order>(given).error().context(),
            "row type bind_test::order does not match the query result (4 problems)\n"
            "  field 'id' (std::int64_t)   : columns 3 ('id') and 4 ('id') have its name; rename all but one (as …)\n"
            "  field 'title' (std::string) : no such column\n"
            "  field 'total' (double)      : column 'total' is numeric; use dt::decimal\n"
            "  field 'total' (double)      : column 'total' may be null; use std::optional<double>\n"
            "  columns returned: total numeric, customer_name, id, id");
}

TEST(BindRow, TheWholeMessageEndsWithStatementAndPlace) {
  auto bound = bind_to<order>(named({"id", "total"}));
  const auto here = std::source_location::current();
  const std::string text = bound.error().with_statement("select id, total from orders").with_location(here).message();
  EXPECT_TRUE(
      text.starts_with("row type bind_test::order does not match the query result (1 problem)\n"
                       "  field 'title' (std::string) : no such column\n"
                       "  columns returned: id, total\n"
                       "  SQL: select id, total from orders\n"
                       "  at: "))
      << text;
  EXPECT_NE(text.find("bind.cpp:" + std::to_string(here.line())), std::string::npos) << text;
}

TEST(BindRow, SurplusColumnsAreReportedWhenTheyAreForbidden) {
  const dt::bind_options strict{.allow_surplus_columns = false};
  EXPECT_TRUE((bind_to<order>(named({"id", "title", "total"}), strict)));
  EXPECT_EQ((bind_to<order>(named({"id", "title", "total", "colour"}), strict).error().context()),
            "row type bind_test::order does not match the query result (1 problem)\n"
            "  column 'colour' : no field takes it\n"
            "  columns returned: id, title, total, colour");
}

TEST(BindRow, ByPositionNamesDoNotMatterButTheNumberDoes) {
  using row = std::tuple<int, std::string>;
  const auto bound = bind_to<row>(named({"a", "a"}));
  ASSERT_TRUE(bound);
  EXPECT_TRUE(bound->is_in_order());
  EXPECT_EQ(mismatches<row>(named({"a"})), (std::vector{mismatch{mismatch_kind::wrong_column_count, -1, -1}}));
  EXPECT_EQ((bind_to<std::pair<int, int>>(named({"a", "b", "c"})).error().context()),
            "row type std::pair<int, int> does not match the query result (1 problem)\n"
            "  number of columns : the query returns 3, the row type takes 2\n"
            "  columns returned: a, b, c");
}

TEST(BindRow, ByPositionTypesAreChecked) {
  columns given = named({"a", "b"});
  given[1] = {.name = "b", .database_type = "bytea", .accepts = field_kind::bytes};
  EXPECT_EQ((bind_to<std::pair<int, std::string>>(given).error().context()),
            "row type std::pair<int, std::string> does not match the query result (1 problem)\n"
            "  field '#2' (std::string) : column 'b' is bytea; use std::vector<std::byte>\n"
            "  columns returned: a, b bytea");
}

TEST(BindRow, ByPositionSwappedNamesAreFound) {
  using row = dt::by_position<xy>;
  EXPECT_TRUE(bind_to<row>(named({"x", "y"})));
  EXPECT_TRUE(bind_to<row>(named({"left", "top"})));
  EXPECT_TRUE(bind_to<row>(named({"y", "other"})));
  EXPECT_EQ(mismatches<row>(named({"y", "x"})),
            (std::vector<mismatch>{{mismatch_kind::swapped_columns, 0, 1}, {mismatch_kind::swapped_columns, 1, 0}}));
  EXPECT_EQ(bind_to<row>(named({"y", "x"})).error().context(),
            "row type bind_test::xy does not match the query result (2 problems)\n"
            "  field 'x' (double) : takes column 1, which is 'y'; 'x' is column 2\n"
            "  field 'y' (double) : takes column 2, which is 'x'; 'y' is column 1\n"
            "  columns returned: y, x");
}

TEST(BindRow, ASingleValueTakesTheOnlyColumnWhateverItsName) {
  EXPECT_TRUE(bind_to<int>(named({"count(*)"})));
  EXPECT_EQ(bind_to<int>(named({"a", "b"})).error().context(),
            "row type int does not match the query result (1 problem)\n"
            "  number of columns : the query returns 2, the row type takes 1\n"
            "  columns returned: a, b");
  EXPECT_FALSE(bind_to<int>({}));
}

TEST(BindRow, ManyColumnsAreCutShort) {
  std::vector<std::string> texts;
  for (int i = 0; i < 70; ++i) texts.push_back("c" + std::to_string(i));
  columns given;
  for (const std::string& text : texts) given.push_back({.name = text});
  const std::string message{bind_to<order>(given).error().context()};
  EXPECT_NE(message.find("c62, c63, and 6 more"), std::string::npos) << message;
}

}  // namespace
