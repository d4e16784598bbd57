// Statements whose arguments are known at run time: the checks, the places and the native text.
#include <dovetail/base/deadline.hpp>
#include <dovetail/sql/dynamic_statement.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace {

namespace dt = dovetail;
using dt::dynamic_arguments;
using dt::dynamic_statement;

TEST(DynamicStatement, PositionalArgumentsFillTheirPlaceholders) {
  const std::vector<dt::sql_value> values{std::int64_t{1}, std::string{"a"}};
  const dynamic_arguments given{values, {}};
  const dynamic_statement<dt::dialect::postgres> sql{"select ?, ?", given};
  ASSERT_TRUE(sql.is_valid());
  EXPECT_EQ(sql.native(given)->text, "select $1, $2");
  std::vector<std::uint32_t> bound;
  EXPECT_TRUE(dt::bind_parameters(
      sql.view().traits, sql.places(),
      [&](std::uint32_t number, const auto&) {
        bound.push_back(number);
        return true;
      },
      given));
  EXPECT_EQ(bound, (std::vector<std::uint32_t>{1, 2}));
}

TEST(DynamicStatement, NamedArgumentsAreFoundByTheirNames) {
  const std::vector<dt::sql_value> values{1.5, std::monostate{}};
  const std::vector<std::string> names{"b", "a"};
  const dynamic_arguments given{values, names};
  const dynamic_statement<dt::dialect::sqlite> sql{"select :a, :b, :a", given};
  ASSERT_TRUE(sql.is_valid());
  EXPECT_EQ(sql.places()[0].number, 2);
  EXPECT_EQ(sql.places()[1].number, 1);
}

TEST(DynamicStatement, BindingStopsAtTheFirstRefusal) {
  const std::vector<dt::sql_value> values{true, std::vector<std::byte>(3)};
  const dynamic_arguments given{values, {}};
  const dynamic_statement<dt::dialect::sqlite> sql{"select $1, $2", given};
  int calls = 0;
  EXPECT_FALSE(dt::bind_parameters(
      sql.view().traits, sql.places(), [&](std::uint32_t, const auto&) { return ++calls > 5; }, given));
  EXPECT_EQ(calls, 1);
}

TEST(DynamicStatement, MistakesAreThoseOfARuntimeText) {
  const std::vector<dt::sql_value> one{std::int64_t{1}};
  const dynamic_arguments given{one, {}};
  const auto code = [&](std::string_view text, const dynamic_arguments& args) {
    const dynamic_statement<dt::dialect::sqlite> sql{text, args};
    return sql.is_valid() ? std::error_code{} : sql.failure().code();
  };
  EXPECT_EQ(code("select ?, ?", given), dt::errc::wrong_argument_count);
  EXPECT_EQ(code("select 1", given), dt::errc::wrong_argument_count);
  EXPECT_EQ(code("select ?", {}), dt::errc::wrong_argument_count);
  EXPECT_EQ(code("select 'a", {}), dt::errc::malformed_statement);
  EXPECT_EQ(code("select 1; select 2", {}), dt::errc::malformed_statement);
  const std::vector<std::string> names{"b"};
  EXPECT_EQ(code("select :a", {one, names}), dt::errc::unknown_parameter);
  for (const char* text : {"select :missing_name", "select @missing_name", "select $missing_name"}) {
    const dynamic_arguments named{one, names};
    const dynamic_statement<dt::dialect::sqlite> sql{text, named};
    EXPECT_EQ(sql.failure().context(), "a named parameter has no argument: 'missing_name' (line 1, column 8)") << text;
  }
  const std::vector<std::string> similar{"user_name"};
  for (const char* text : {"select :user_nmae", "select %(user_nmae)s"}) {
    const dynamic_arguments named{one, similar};
    const dynamic_statement<dt::dialect::sqlite> sql{text, named};
    EXPECT_EQ(sql.failure().context(),
              "a named parameter has no argument: 'user_nmae' (line 1, column 8); did you mean 'user_name'?")
        << text;
  }
  EXPECT_FALSE(code("select ?", given));
}

TEST(DynamicStatement, ManyNamesAreEachFoundAndTheFirstOfEqualOnes) {
  std::vector<std::string> names;
  for (int i = 40; i > 0; --i) names.push_back("n" + std::to_string(i));
  names.emplace_back("n7");  // again: the first one is meant
  names.emplace_back("");
  const std::vector<dt::sql_value> values(names.size(), std::int64_t{1});
  const dynamic_arguments given{values, names};
  const dynamic_statement<dt::dialect::sqlite> sql{"select :n7, :n40, :n1, :n7", given};
  ASSERT_TRUE(sql.is_valid());
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(sql.places()[i].number, i == 33 ? 1 : i == 0 ? 2 : i == 39 ? 3 : 0) << i;
  }
  for (const char* text : {"select :n", "select :n401", "select :a", "select :z", "select :N7"}) {
    const dynamic_statement<dt::dialect::sqlite> wrong{text, given};
    ASSERT_FALSE(wrong.is_valid()) << text;
    EXPECT_EQ(wrong.failure().code(), dt::errc::unknown_parameter) << text;
  }
}

TEST(DynamicStatement, NamesByTheThousandsAreNotEachComparedWithEach) {
  std::vector<std::string> names;
  std::string text = "select :n0";
  for (int i = 0; i < 30'000; ++i) names.push_back("n" + std::to_string(i));
  for (int i = 0; i < 200'000; ++i) text += ",:n29999";
  const std::vector<dt::sql_value> values(names.size(), std::int64_t{1});
  const auto began = dt::clock::now();
  const dynamic_statement<dt::dialect::sqlite> sql{text, {values, names}};
  EXPECT_TRUE(sql.is_valid());
  EXPECT_EQ(sql.places().back().number, 2);
  EXPECT_LT(dt::clock::now() - began, std::chrono::seconds{20});  // minutes, if they were
}

}  // namespace
