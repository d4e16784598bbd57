#include <dovetail/sql/statement.hpp>

#include "support/rewritten_tokens.hpp"

#include <gtest/gtest.h>

#include <cstddef>
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

// The places of up to 15 placeholders are kept from the check; with more of them the text is read again.
TEST(Statement, FewPlaceholdersAndManyAreRewritten) {
  for (const int count : {1, 14, 15, 16, 40}) {
    std::string text = "select a \\:: 'b :id' from t where a in (0";
    std::string native = "select a :: 'b :id' from t where a in (0";
    for (int i = 1; i < count; ++i) {
      text += i % 2 == 0 ? ", :second" : ", :first";
      native += i % 2 == 0 ? ", $2" : ", $1";
    }
    text += ')';
    native += ')';
    const auto first = arg<"first">(1);
    const auto second = arg<"second">(2);
    const dt::statement_for<dialect::postgres, void, decltype(first), decltype(second)> made{dt::runtime(text)};
    ASSERT_TRUE(made.is_valid()) << count;
    EXPECT_EQ(made.native(first, second)->text, count == 1 ? text : native) << count;
  }
}

TEST(Statement, PlaceholdersFarInTheTextAreRewritten) {
  for (const std::size_t gap : {std::size_t{1}, std::size_t{65'000}, std::size_t{65'536}, std::size_t{200'000}}) {
    const std::string space(gap, ' ');
    const std::string text = "select %s" + space + "%% %s::text, 5 %% 3";
    const dt::statement_for<dialect::postgres, void, int, int> made{dt::runtime(text)};
    ASSERT_TRUE(made.is_valid()) << gap;
    EXPECT_EQ(made.native(1, 2)->text, "select $1" + space + "% $2::text, 5 % 3") << gap;
  }
}

TEST(Statement, PlaceholdersOfRangesAndOthersStandTogether) {
  const std::vector<int> none;
  const std::vector<int> two{1, 2};
  const std::string text = "select :id from t where a not in (:all) and b = :id and c in :all";
  const auto id = arg<"id">(7);
  const auto full = arg<"all">(two);
  const auto empty = arg<"all">(none);
  const dt::statement_for<dialect::postgres, void, decltype(id), decltype(full)> made{dt::runtime(text)};
  ASSERT_TRUE(made.is_valid());
  EXPECT_EQ(made.native(id, full)->text, "select $1 from t where a not in ($2, $3) and b = $1 and c in ($2, $3)");
  EXPECT_EQ(made.native(id, empty)->text, "select $1 from t where a <> all('{}') and b = $1 and c = any('{}')");
}

// Before a number of PostgreSQL's, what stands there must not go on with it: $$1 and $a$1 begin a dollar quote.
TEST(Statement, TheDatabaseReadsTheTokensThatWereChecked) {
  using rewritten_tokens::are_those_of_the_text;
  using rewritten_tokens::native;
  for (const std::string before :
       {"",   "a", "a$", "a$b", "1", "1.5", "1e", "\"a\"", "'a'", "e'a'", "$$a$$", "$b$a$b$", "limit", "fetch",
        "in", "$", "$a", "-",   "+", "/",   "*",  "#",     "@",   "<@",   ")",     "]",       "::int", "."}) {
    for (const std::string after : {"", "a", "$a", "$$a$$", "1", "'a'", "::int", "-1", "(", "%s", ":a"}) {
      for (const std::string mark : {"?1", "?", "%s"}) {
        const std::string text = "select " + before + mark + after;
        EXPECT_TRUE((are_those_of_the_text<dialect::postgres>(text, 1))) << text;
        EXPECT_TRUE((are_those_of_the_text<dialect::sqlite>(text, 1))) << text;
        EXPECT_TRUE((are_those_of_the_text<dialect::mysql>(text, 1))) << text;
      }
      for (const std::string mark : {"%(a)s", ":a"}) {
        const std::string text = "select " + before + mark + after;
        EXPECT_TRUE((are_those_of_the_text<dialect::postgres>(text, arg<"a">(1)))) << text;
        EXPECT_TRUE((are_those_of_the_text<dialect::sqlite>(text, arg<"a">(1)))) << text;
        EXPECT_TRUE((are_those_of_the_text<dialect::mysql>(text, arg<"a">(1)))) << text;
      }
    }
  }
  EXPECT_TRUE((are_those_of_the_text<dialect::mysql>("select :a:gr\u00F6\u00DFe, :a", arg<"a">(1))));
  EXPECT_EQ(native<dialect::postgres>("select a from t limit?1", 1), "select a from t limit $1");
  EXPECT_EQ(native<dialect::postgres>("select a$?1", 1), "select a$ $1");
  EXPECT_EQ(native<dialect::postgres>("select 1 from t where a in%(a)s", arg<"a">(1)), "select 1 from t where a in $1");
  EXPECT_EQ(native<dialect::postgres>("select $?1, 'x$$), (delete from t) -- '", 1), "");
  EXPECT_EQ(native<dialect::postgres>("select $tag?1, 'x$tag$), (delete from t) -- '", 1), "");
}

TEST(Statement, IsAConstant) {
  static constexpr dt::statement_for<dialect::postgres, city, int> statement{"select * from city where id = $1"};
  static_assert(statement.is_valid() && statement.view().traits.is_native);
  static_assert(statement.places()[0].number == 1);
  EXPECT_EQ(statement.native(7)->text, "select * from city where id = $1");
}

}  // namespace
