#include <dovetail/sql/statement.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dt = dovetail;
using dt::arg;
using dt::dialect;

struct city {
  std::int64_t id;
  std::string name;
  std::optional<double> area;
};

// What a verb looks like.
template <class Row, class... Args>
constexpr dt::statement_view query(const dt::statement_for<dialect::sqlite, Row, Args...>& sql, const Args&...) {
  return sql.view();
}

template <class Row, class... Args>
dt::error_info why(const dt::statement_for<dialect::sqlite, Row, Args...>& sql, const Args&...) {
  return sql.is_valid() ? dt::error_info{} : sql.failure();
}

template <class Row, class... Args>
dt::error_info why_with_text(const dt::statement_for<dialect::sqlite, Row, Args...>& sql, const Args&...) {
  return sql.failure(true);
}

TEST(Statement, ALiteralIsCheckedByTheCompilerAndKeepsItsAddress) {
  static constexpr char literal[] = "select id, name, area from city where id > ?";
  const dt::statement_view view = query<city>(literal, 0);
  EXPECT_EQ(static_cast<const void*>(view.text.data()), static_cast<const void*>(literal));
  EXPECT_EQ(view.text, literal);
  EXPECT_EQ(static_cast<const void*>(view.key().data()), static_cast<const void*>(literal));
  EXPECT_TRUE(view.is_literal);
  EXPECT_EQ(view.traits.kind, dt::statement_kind::select);
}

TEST(Statement, AConstantViewIsALiteralToo) {
  static constexpr std::string_view text = "select count(*) from city";
  EXPECT_EQ(query<std::int64_t>(text).key(), text);
}

TEST(Statement, KnowsTheLineOfTheCall) {
  const auto line = std::source_location::current().line();
  const dt::statement_view literal = query<void>("delete from city");
  const dt::statement_view made = query<void>(dt::runtime("delete from city"));
  EXPECT_EQ(literal.where.line(), line + 1);
  EXPECT_EQ(made.where.line(), line + 2);
  EXPECT_NE(std::string_view{literal.where.file_name()}.find("statement.cpp"), std::string_view::npos);
}

TEST(Statement, MadeAtRunTimeHasNoKey) {
  const std::string text = "select * from city where id = :id";
  const dt::statement_view view = query<city>(dt::runtime(text), arg<"id">(1));
  EXPECT_FALSE(view.is_literal);
  EXPECT_TRUE(view.key().empty());
}

TEST(Statement, WithARangeHasNoKeyBecauseItsTextVaries) {
  const std::vector<int> ids{1, 2};
  const dt::statement_view view = query<city>("select * from city where id in (:ids)", arg<"ids">(ids));
  EXPECT_TRUE(view.is_literal);
  EXPECT_TRUE(view.traits.expands);
  EXPECT_TRUE(view.key().empty());
}

TEST(Statement, ArgumentsOfDifferentTypesShareTheirChecks) {
  static_assert(std::is_same_v<dt::statement_for<dialect::sqlite, void, int, char[4], std::string>,
                               dt::statement_for<dialect::sqlite, void, double, char[7], city*>>);
  static_assert(std::is_same_v<dt::statement_for<dialect::sqlite, void, decltype(arg<"a">(1))>,
                               dt::statement_for<dialect::sqlite, void, decltype(arg<"a">("text"))>>);
  static_assert(!std::is_same_v<dt::statement_for<dialect::sqlite, void, int>,
                                dt::statement_for<dialect::sqlite, void, std::vector<int>>>);
}

TEST(Statement, RunTimeTextGetsTheSameChecksAsAValue) {
  EXPECT_FALSE(why<city>(dt::runtime("select * from city")));
  EXPECT_EQ(why<city>(dt::runtime("select * from city where id = ?")).code(), dt::errc::wrong_argument_count);
  EXPECT_EQ(why<city>(dt::runtime("select * from city where id = :x"), arg<"id">(1)).code(),
            dt::errc::unknown_parameter);
  EXPECT_EQ(why<city>(dt::runtime("select 'abc")).code(), dt::errc::malformed_statement);
  EXPECT_EQ(why<city>(dt::runtime("select 1; select 2")).code(), dt::errc::malformed_statement);
  EXPECT_EQ(why<city>(dt::runtime("select id, name from city")).code(), dt::errc::row_mismatch);
  EXPECT_EQ(why<city>(dt::runtime("")).code(), dt::errc::malformed_statement);
}

TEST(Statement, AFailureHasThePlaceButNotTheText) {
  const dt::error_info failure = why<void>(dt::runtime("update city\nset name = 'secret"));
  EXPECT_EQ(failure.context(), "a quote is not closed (line 2, column 12)");
  EXPECT_EQ(failure.message().find("secret"), std::string::npos);
  EXPECT_TRUE(failure.statement().empty());
  EXPECT_NE(failure.where().line(), 0u);
}

TEST(Statement, AFailureShowsTheTextWhenAskedTo) {
  const dt::error_info failure = why_with_text<void>(dt::runtime("update city\n\tset größe = 'x"));
  EXPECT_EQ(failure.context(), "a quote is not closed (line 2, column 14)\n     set größe = 'x\n                 ^");
  EXPECT_EQ(failure.statement(), "update city\n\tset größe = 'x");
}

TEST(Statement, AFailureCountsLettersNotBytes) {
  EXPECT_EQ(why<void>(dt::runtime("update t set größe = 'x")).context(), "a quote is not closed (line 1, column 22)");
}

TEST(Statement, NativeTextsOfRangesAreLimited) {
  const std::vector<int> many(40000, 1);
  const dt::statement_for<dialect::sqlite, city, std::vector<int>> statement{"select * from city where id in (?)"};
  EXPECT_EQ(statement.native(many).error().code(), dt::errc::too_many_parameters);
  EXPECT_EQ(statement.native(std::vector<int>{1, 2})->text, "select * from city where id in (?1, ?2)");
}

TEST(Statement, IsAConstant) {
  static constexpr dt::statement_for<dialect::postgres, city, int> statement{"select * from city where id = $1"};
  static_assert(statement.is_valid() && statement.view().traits.is_native);
  static_assert(statement.places()[0].number == 1);
  EXPECT_EQ(statement.native(7)->text, "select * from city where id = $1");
}

}  // namespace
