#include <dovetail/sql/placeholders.hpp>

#include <dovetail/sql/classify.hpp>

#include "support/sql_cases.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace sql_cases;
using dt::arg;

constexpr dialect pg = dialect::postgres;
constexpr dialect my = dialect::mysql;
constexpr dialect lite = dialect::sqlite;

using values = std::vector<std::string>;

// The numbers are those of the cases in the specification of the three dialects.

// PostgreSQL

static_assert(is_fine<pg>("SELECT * FROM users WHERE id = :id", arg<"id">(1)));
TEST(PostgresPlaceholders, A1ANameBecomesANumber) {
  EXPECT_EQ(send<pg>("SELECT * FROM users WHERE id = :id", arg<"id">(1)),
            (sent{"SELECT * FROM users WHERE id = $1", {"1"}}));
}

TEST(PostgresPlaceholders, A2NamesAreNumberedAsTheyAppear) {
  constexpr std::string_view text = "UPDATE a SET b = b - :amount WHERE id = :from_account";
  static_assert(is_fine<pg>(text, arg<"from_account">(1), arg<"amount">(100)));
  EXPECT_EQ(send<pg>(text, arg<"from_account">(1), arg<"amount">(100)),
            (sent{"UPDATE a SET b = b - $1 WHERE id = $2", {"100", "1"}}));
}

TEST(PostgresPlaceholders, A3ARepeatedNameIsOneParameter) {
  EXPECT_EQ(send<pg>("SELECT :a, :b, :a", arg<"a">(1), arg<"b">(2)), (sent{"SELECT $1, $2, $1", {"1", "2"}}));
}

TEST(PostgresPlaceholders, A5ACastBehindANameIsKept) {
  static_assert(is_fine<pg>("VALUES (:permissions::jsonb)", arg<"permissions">("{}")));
  EXPECT_EQ(send<pg>("VALUES (:permissions::jsonb)", arg<"permissions">("{}")), (sent{"VALUES ($1::jsonb)", {"{}"}}));
}

TEST(PostgresPlaceholders, A6ASpacedCastIsKept) {
  EXPECT_EQ(send<pg>("SELECT :x :: jsonb", arg<"x">("1")), (sent{"SELECT $1 :: jsonb", {"1"}}));
}

TEST(PostgresPlaceholders, A7CastsAreNotNames) {
  constexpr std::string_view text = "SELECT x::text, y::date, :text, :date";
  static_assert(is_fine<pg>(text, arg<"text">("t"), arg<"date">("d")));
  EXPECT_EQ(send<pg>(text, arg<"text">("t"), arg<"date">("d")), (sent{"SELECT x::text, y::date, $1, $2", {"t", "d"}}));
}

TEST(PostgresPlaceholders, A9ADoubledQuoteStaysInTheLiteral) {
  static_assert(is_fine<pg>("SELECT 'it''s :a', :a", arg<"a">(1)));
  EXPECT_EQ(send<pg>("SELECT 'it''s :a', :a", arg<"a">(1)), (sent{"SELECT 'it''s :a', $1", {"1"}}));
}

TEST(PostgresPlaceholders, A10AnEscapeStringTakesBackslashes) {
  static_assert(is_fine<pg>(R"(SELECT E'it\'s :a', :a)", arg<"a">(1)));
  EXPECT_EQ(send<pg>(R"(SELECT E'it\'s :a', :a)", arg<"a">(1)), (sent{R"(SELECT E'it\'s :a', $1)", {"1"}}));
}

TEST(PostgresPlaceholders, A11AStandardStringEndsBehindABackslash) {
  static_assert(is_fine<pg>(R"(SELECT 'C:\', :a)", arg<"a">(1)));
  EXPECT_EQ(send<pg>(R"(SELECT 'C:\', :a)", arg<"a">(1)), (sent{R"(SELECT 'C:\', $1)", {"1"}}));
}

TEST(PostgresPlaceholders, A13DollarQuotesNestByTheirTags) {
  static_assert(is_fine<pg>("SELECT $f$ $$ :a $$ $f$, :a", arg<"a">(1)));
  EXPECT_EQ(send<pg>("SELECT $f$ $$ :a $$ $f$, :a", arg<"a">(1)), (sent{"SELECT $f$ $$ :a $$ $f$, $1", {"1"}}));
}

TEST(PostgresPlaceholders, A14ADollarInsideAnIdentifierIsNoPlaceholder) {
  static_assert(is_fine<pg>("SELECT col$1 FROM t WHERE x = $1", "v"));
  EXPECT_EQ(send<pg>("SELECT col$1 FROM t WHERE x = $1", "v"), (sent{"SELECT col$1 FROM t WHERE x = $1", {"v"}}));
}

TEST(PostgresPlaceholders, A15NestedCommentsHoldNoPlaceholders) {
  constexpr std::string_view text = "SELECT 1 /* :a /* :b */ :c */ , :d -- :e";
  static_assert(is_fine<pg>(text, arg<"d">(1)));
  EXPECT_EQ(send<pg>(text, arg<"d">(1)), (sent{"SELECT 1 /* :a /* :b */ :c */ , $1 -- :e", {"1"}}));
}

TEST(PostgresPlaceholders, A17SlicesOfArraysAreKept) {
  constexpr std::string_view text = "SELECT arr[1:3], arr[2:n] FROM t WHERE n = :n";
  static_assert(is_fine<pg>(text, arg<"n">(2)));
  EXPECT_EQ(send<pg>(text, arg<"n">(2)), (sent{"SELECT arr[1:3], arr[2:n] FROM t WHERE n = $1", {"2"}}));
}

TEST(PostgresPlaceholders, A18ASpacedSliceTakesNames) {
  EXPECT_EQ(send<pg>("SELECT arr[:lo : :hi]", arg<"lo">(1), arg<"hi">(2)), (sent{"SELECT arr[$1 : $2]", {"1", "2"}}));
}

TEST(PostgresPlaceholders, A19NamedNotationIsKept) {
  static_assert(is_fine<pg>("SELECT f(x := :v)", arg<"v">(1)));
  EXPECT_EQ(send<pg>("SELECT f(x := :v)", arg<"v">(1)), (sent{"SELECT f(x := $1)", {"1"}}));
}

TEST(PostgresPlaceholders, A21AQuestionMarkBesideNamesIsAnOperator) {
  static_assert(is_fine<pg>("SELECT 1 WHERE data ? :k", arg<"k">("a")));
  EXPECT_EQ(send<pg>("SELECT 1 WHERE data ? :k", arg<"k">("a")), (sent{"SELECT 1 WHERE data ? $1", {"a"}}));
}

TEST(PostgresPlaceholders, A22AQuestionMarkBesideDollarsIsAnOperator) {
  constexpr std::string_view text = "SELECT 1 WHERE data ? 'k' AND id = $1";
  static_assert(is_fine<pg>(text, 1));
  EXPECT_EQ(send<pg>(text, 1), (sent{std::string{text}, {"1"}}));
}

TEST(PostgresPlaceholders, A23TwoQuestionMarksAreAnEscapedOne) {
  constexpr std::string_view text = "SELECT 1 WHERE data ?? 'k' AND id = ?";
  static_assert(is_fine<pg>(text, 1));
  EXPECT_EQ(send<pg>(text, 1), (sent{"SELECT 1 WHERE data ? 'k' AND id = $1", {"1"}}));
}

TEST(PostgresPlaceholders, OperatorsThatContainAQuestionMarkAreNoPlaceholders) {
  constexpr std::string_view text = "SELECT a ?| b, a ?& c, a @? d WHERE x = ?";
  static_assert(is_fine<pg>(text, 1));
  EXPECT_EQ(send<pg>(text, 1), (sent{"SELECT a ?| b, a ?& c, a @? d WHERE x = $1", {"1"}}));
  EXPECT_EQ(send<pg>("SELECT ?||'x', ?&&b", 1, 2), (sent{"SELECT $1||'x', $2&&b", {"1", "2"}}));
}

TEST(PostgresPlaceholders, A25QuestionMarksInLiteralsAndIdentifiersAreKept) {
  constexpr std::string_view text = R"(SELECT ?, '?', "?", ?)";
  static_assert(is_fine<pg>(text, 1, 2));
  EXPECT_EQ(send<pg>(text, 1, 2), (sent{R"(SELECT $1, '?', "?", $2)", {"1", "2"}}));
}

TEST(PostgresPlaceholders, A26TheFormatStyleHalvesDoublePercents) {
  constexpr std::string_view text = "SELECT '%s', %s, 10 %% 3";
  static_assert(is_fine<pg>(text, 1));
  EXPECT_EQ(send<pg>(text, 1), (sent{"SELECT '%s', $1, 10 % 3", {"1"}}));
}

TEST(PostgresPlaceholders, A27PatternsOfLikeAreKept) {
  EXPECT_EQ(send<pg>("SELECT 1 WHERE x LIKE '%server%' AND y = %s", 1),
            (sent{"SELECT 1 WHERE x LIKE '%server%' AND y = $1", {"1"}}));
}

TEST(PostgresPlaceholders, A29TheTenthIsNotTheFirst) {
  constexpr std::string_view text = "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10";
  static_assert(is_fine<pg>(text, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  EXPECT_EQ(send<pg>(text, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
            (sent{std::string{text}, {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}}));
}

static_assert(mistake_in<pg>("SELECT $0", 1) == sql_mistake::parameter_number_zero);
static_assert(mistake_in<pg>("SELECT $3", 1) == sql_mistake::wrong_argument_count);
static_assert(mistake_in<pg>("SELECT $1, $3", 1, 2, 3) == sql_mistake::parameter_number_skipped);
TEST(PostgresPlaceholders, A30NumbersOutOfRangeAreRefused) {
  EXPECT_EQ(mistake_in<pg>("SELECT $0", 1), sql_mistake::parameter_number_zero);
  EXPECT_EQ(mistake_in<pg>("SELECT $3", 1), sql_mistake::wrong_argument_count);
  EXPECT_EQ(mistake_in<pg>("SELECT $1, $3", 1, 2, 3), sql_mistake::parameter_number_skipped);
}

static_assert(mistake_in<pg>("SELECT ?", 1, 2, 3) == sql_mistake::wrong_argument_count);
TEST(PostgresPlaceholders, A31TheErrorSaysHowManyAreExpectedAndGiven) {
  const dt::statement_for<pg, void, int, int, int> statement{dt::runtime("SELECT ?")};
  EXPECT_EQ(statement.problem().expected, 1u);
  EXPECT_EQ(statement.problem().given, 3u);
  EXPECT_EQ(statement.failure().code(), dt::errc::wrong_argument_count);
  EXPECT_EQ(statement.failure().context(),
            "the numbers of placeholders and arguments differ: it takes 1, given were 3");
}

static_assert(mistake_in<pg>("SELECT ?, %s", 1, 2) == sql_mistake::mixed_placeholders);
static_assert(mistake_in<pg>("SELECT %s, ?", 1, 2) == sql_mistake::mixed_placeholders);
static_assert(mistake_in<pg>("SELECT $1, ?", 1, 2) == sql_mistake::mixed_placeholders);
static_assert(mistake_in<pg>("SELECT ?, $1", 1, 2) == sql_mistake::mixed_placeholders);
static_assert(mistake_in<lite>("SELECT ?, ?2", 1, 2) == sql_mistake::mixed_placeholders);
static_assert(mistake_in<lite>("SELECT ?, $2", 1, 2) == sql_mistake::mixed_placeholders);
static_assert(mistake_in<lite>("SELECT :a, @a", arg<"a">(1)) == sql_mistake::mixed_placeholders);
TEST(PostgresPlaceholders, A33TwoPositionalStylesAreRefused) {
  EXPECT_EQ(mistake_in<pg>("SELECT ?, %s", 1, 2), sql_mistake::mixed_placeholders);
  EXPECT_EQ(mistake_in<pg>("SELECT %s, ?", 1, 2), sql_mistake::mixed_placeholders);
  EXPECT_EQ(mistake_in<lite>("SELECT ?, ?2", 1, 2), sql_mistake::mixed_placeholders);
}

static_assert(is_fine<pg>("SELECT :a, ?", arg<"a">(1)));
static_assert(mistake_in<pg>("SELECT :a, ?", 1) == sql_mistake::named_placeholders_positional_arguments);
static_assert(mistake_in<lite>("SELECT :a, ?", arg<"a">(1)) == sql_mistake::positional_placeholders_named_arguments);
TEST(PostgresPlaceholders, A34AQuestionMarkBesideNamesIsTextAndNeedsNamedArguments) {
  EXPECT_EQ(send<pg>("SELECT :a, ?", arg<"a">(1)), (sent{"SELECT $1, ?", {"1"}}));
  EXPECT_EQ(mistake_in<pg>("SELECT :a, ?", 1), sql_mistake::named_placeholders_positional_arguments);
}

TEST(PostgresPlaceholders, A35OneValueIsOneArgument) {
  static_assert(is_fine<pg>("SELECT 1 WHERE id = ?", 123));
  EXPECT_EQ(send<pg>("SELECT 1 WHERE id = ?", 123), (sent{"SELECT 1 WHERE id = $1", {"123"}}));
}

static_assert(mistake_in<pg>("SELECT :user_id", arg<"user">(5)) == sql_mistake::parameter_without_argument);
TEST(PostgresPlaceholders, A37AMissingNameIsRefused) {
  const dt::statement_for<pg, void, decltype(arg<"user">(5))> statement{dt::runtime("SELECT :user_id")};
  EXPECT_EQ(statement.failure().code(), dt::errc::unknown_parameter);
  EXPECT_EQ(statement.failure().context(), "a named parameter has no argument: 'user_id' (line 1, column 8)");
  EXPECT_TRUE(statement.failure().statement().empty());
  EXPECT_EQ(statement.problem().at, 7u);
}

struct both {
  int a;
  int unused;
};
static_assert(is_fine<pg>("SELECT :a", both{1, 2}));
static_assert(mistake_in<pg>("SELECT :a", arg<"a">(1), arg<"unused">(2)) == sql_mistake::argument_without_parameter);
TEST(PostgresPlaceholders, A38FieldsThatNoPlaceholderNamesAreNotSent) {
  EXPECT_EQ(send<pg>("SELECT :a", both{1, 2}), (sent{"SELECT $1", {"1"}}));
}
TEST(PostgresPlaceholders, A38AtRunTimeSurplusNamesAreNotSentEither) {
  EXPECT_EQ(send<pg>("SELECT :a", arg<"a">(1), arg<"unused">(2)), (sent{"SELECT $1", {"1"}}));
}

TEST(PostgresPlaceholders, A39NamesDifferByCase) {
  EXPECT_EQ(send<pg>("SELECT :A, :a", arg<"a">(1), arg<"A">(2)), (sent{"SELECT $1, $2", {"2", "1"}}));
}

TEST(PostgresPlaceholders, A41ABackslashEscapesAColon) {
  static_assert(is_fine<pg>(R"(SELECT \:a, :b)", arg<"b">(1)));
  EXPECT_EQ(send<pg>(R"(SELECT \:a, :b)", arg<"b">(1)), (sent{"SELECT :a, $1", {"1"}}));
}

static_assert(mistake_in<pg>("SELECT 'abc", arg<"a">(1)) == sql_mistake::quote_not_closed);
TEST(PostgresPlaceholders, A42AnOpenLiteralIsRefused) {
  EXPECT_EQ(mistake_in<pg>("SELECT 'abc", arg<"a">(1)), sql_mistake::quote_not_closed);
}

static_assert(mistake_in<pg>("SELECT :größe") == sql_mistake::invalid_parameter_name);
static_assert(mistake_in<pg>("SELECT :ärger") == sql_mistake::invalid_parameter_name);
static_assert(mistake_in<pg>("SELECT :größe", arg<"gr">(1)) == sql_mistake::invalid_parameter_name);
TEST(PostgresPlaceholders, A43ANameIsNotCutAtAForeignLetter) {
  EXPECT_EQ(mistake_in<pg>("SELECT :größe"), sql_mistake::invalid_parameter_name);
  EXPECT_EQ(mistake_in<pg>("SELECT :größe", arg<"gr">(1)), sql_mistake::invalid_parameter_name);
}

TEST(PostgresPlaceholders, A45PlaceholdersInValuesAreValues) {
  EXPECT_EQ(send<pg>("SELECT ?, ?, ?, ?, ?", "?", "$1", "%s", ":x", "\\;'\""),
            (sent{"SELECT $1, $2, $3, $4, $5", {"?", "$1", "%s", ":x", "\\;'\""}}));
}

std::string list_of(std::size_t count, std::string_view one) {
  std::string text{"SELECT 1 WHERE x IN ("};
  for (std::size_t i = 0; i < count; ++i) text.append(i == 0 ? "" : ",").append(one);
  return text + ')';
}

TEST(PostgresPlaceholders, A46MoreParametersThanTheServerTakesAreRefused) {
  EXPECT_EQ(mistake_in<pg>(list_of(65536, "?")), sql_mistake::too_many_parameters);
  EXPECT_EQ(mistake_in<pg>(list_of(65535, "?")), sql_mistake::wrong_argument_count);
  EXPECT_EQ(mistake_in<pg>("SELECT $65536", 1), sql_mistake::too_many_parameters);
  EXPECT_EQ(mistake_in<pg>("SELECT $99999999999999999999", 1), sql_mistake::too_many_parameters);
}

TEST(PostgresPlaceholders, A47ATextInTheServersOwnStyleIsSentAsItIs) {
  constexpr std::string_view text = "INSERT INTO t VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14)";
  constexpr auto found =
      dt::check_statement<pg, void, int, int, int, int, int, int, int, int, int, int, int, int, int, int>(text);
  static_assert(!found.problem && found.traits.is_native);
  EXPECT_EQ(send<pg>(text, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14).text, text);
}

TEST(PostgresPlaceholders, A49NamesAreFoundBehindAnyWhiteSpaceAndPunctuation) {
  constexpr std::string_view text = "SELECT\r\n\t:a, (:a) ,:a WHERE x=:a AND y>:a";
  static_assert(is_fine<pg>(text, arg<"a">(1)));
  EXPECT_EQ(send<pg>(text, arg<"a">(1)).text, "SELECT\r\n\t$1, ($1) ,$1 WHERE x=$1 AND y>$1");
}

static_assert(mistake_in<pg>(std::string_view{"SELECT '\0'", 10}) == sql_mistake::nul_character);
TEST(PostgresPlaceholders, A50NulIsRefusedAnywhereInTheText) {
  for (const std::string_view around :
       {"SELECT 'N'", "SELECT \"N\"", "SELECT N", "SELECT $$N$$", "SELECT 1 -- N", "SELECT 1 /* N */", "SELECT E'N'"}) {
    std::string text{around};
    text[text.find('N')] = '\0';
    EXPECT_EQ(mistake_in<pg>(text), sql_mistake::nul_character) << around;
  }
}

TEST(PostgresPlaceholders, NumberedQuestionMarksWorkEverywhere) {
  EXPECT_EQ(send<pg>("SELECT ?2, ?1", 1, 2), (sent{"SELECT $2, $1", {"1", "2"}}));
}

TEST(PostgresPlaceholders, AWordRightBehindAPlaceholderDoesNotRunIntoIt) {
  EXPECT_EQ(send<pg>("SELECT ?and", 1), (sent{"SELECT $1 and", {"1"}}));
}

TEST(PostgresPlaceholders, WithoutParametersTheTextIsSentAsItIs) {
  for (const std::string_view text :
       {"SELECT data ? 'k' FROM t", "SELECT data ?? 'k'", "SELECT 10 %% 3", R"(SELECT \:a)"}) {
    EXPECT_EQ(send<pg>(text), (sent{std::string{text}, {}}));
  }
}

static_assert(mistake_in<pg>("SELECT 1 WHERE id = ?") == sql_mistake::wrong_argument_count);
static_assert(mistake_in<pg>("SELECT 1 WHERE id = $1") == sql_mistake::wrong_argument_count);
static_assert(mistake_in<pg>("SELECT 1 WHERE id = :id") == sql_mistake::parameter_without_argument);
TEST(PostgresPlaceholders, APlaceholderWithoutAnyArgumentIsRefused) {
  EXPECT_EQ(mistake_in<pg>("SELECT 1 WHERE id = ?"), sql_mistake::wrong_argument_count);
  EXPECT_EQ(mistake_in<lite>("SELECT 1 WHERE id = ?"), sql_mistake::wrong_argument_count);
}

// MySQL

TEST(MysqlPlaceholders, B1ARepeatedNameRepeatsItsValue) {
  static_assert(is_fine<my>("SELECT :a, :b, :a", arg<"a">(1), arg<"b">(2)));
  EXPECT_EQ(send<my>("SELECT :a, :b, :a", arg<"a">(1), arg<"b">(2)), (sent{"SELECT ?, ?, ?", {"1", "2", "1"}}));
}

TEST(MysqlPlaceholders, B2NumbersArePutInOrder) {
  static_assert(is_fine<my>("SELECT $2, $1, $2", "a", "b"));
  EXPECT_EQ(send<my>("SELECT $2, $1, $2", "a", "b"), (sent{"SELECT ?, ?, ?", {"b", "a", "b"}}));
}

TEST(MysqlPlaceholders, B3BackslashesEscapeInBothKindsOfStrings) {
  constexpr std::string_view text = R"(SELECT 'it\'s :a', "say \" :a", :a)";
  static_assert(is_fine<my>(text, arg<"a">(1)));
  EXPECT_EQ(send<my>(text, arg<"a">(1)), (sent{R"(SELECT 'it\'s :a', "say \" :a", ?)", {"1"}}));
}

constexpr std::size_t placeholders_in(std::string_view text, const dt::lexis& rules) {
  dt::detail::lexer source{text, rules};
  std::size_t count = 0;
  for (dt::detail::token found = source.next(); found.kind != dt::detail::token_kind::end; found = source.next()) {
    if (found.kind == dt::detail::token_kind::placeholder) ++count;
  }
  return source.problem() ? 1000 : count;
}

constexpr dt::lexis ansi_quotes = [] {
  dt::lexis rules = dt::lexis_of(my);
  rules.double_quoted_strings = false;
  return rules;
}();
static_assert(placeholders_in(R"(SELECT "col:a", :a)", ansi_quotes) == 1);
static_assert(placeholders_in(R"(SELECT "col\", :a)", ansi_quotes) == 1);
static_assert(placeholders_in(R"(SELECT "col\", :a)", dt::lexis_of(my)) == 1000);
TEST(MysqlPlaceholders, B5WithAnsiQuotesDoubleQuotesAreIdentifiers) {
  EXPECT_EQ(placeholders_in(R"(SELECT "col:a", :a)", ansi_quotes), 1u);
  EXPECT_EQ(placeholders_in(R"(SELECT "col\", :a)", ansi_quotes), 1u);
}

TEST(MysqlPlaceholders, B6TwoDashesWithoutASpaceAreArithmetic) {
  static_assert(is_fine<my>("SELECT 5--3, :a", arg<"a">(1)));
  EXPECT_EQ(send<my>("SELECT 5--3, :a", arg<"a">(1)), (sent{"SELECT 5--3, ?", {"1"}}));
}

TEST(MysqlPlaceholders, B7BothKindsOfLineCommentsAreKept) {
  static_assert(is_fine<my>("SELECT :a # :b", arg<"a">(1)) && is_fine<my>("SELECT :a -- :b", arg<"a">(1)));
  EXPECT_EQ(send<my>("SELECT :a -- :b", arg<"a">(1)), (sent{"SELECT ? -- :b", {"1"}}));
  EXPECT_EQ(send<my>("SELECT :a # :b\n, 1", arg<"a">(1)), (sent{"SELECT ? # :b\n, 1", {"1"}}));
  EXPECT_EQ(send<my>("SELECT :a --", arg<"a">(1)), (sent{"SELECT ? --", {"1"}}));
}

TEST(MysqlPlaceholders, B9BackticksQuoteIdentifiers) {
  static_assert(is_fine<my>("SELECT `we:ird`, :a", arg<"a">(1)));
  EXPECT_EQ(send<my>("SELECT `we:ird`, :a", arg<"a">(1)), (sent{"SELECT `we:ird`, ?", {"1"}}));
}

TEST(MysqlPlaceholders, B10ExecutableCommentsAreKeptAndReadAsCode) {
  static_assert(is_fine<my>("SELECT /*! STRAIGHT_JOIN */ :a", arg<"a">(1)));
  EXPECT_EQ(send<my>("SELECT /*! STRAIGHT_JOIN */ :a", arg<"a">(1)), (sent{"SELECT /*! STRAIGHT_JOIN */ ?", {"1"}}));
  EXPECT_EQ(send<my>("SELECT /*!80000 :b, */ /*+ :c */ :a", arg<"a">(1), arg<"b">(2)),
            (sent{"SELECT /*!80000 ?, */ /*+ :c */ ?", {"2", "1"}}));
  EXPECT_EQ(mistake_in<my>("SELECT /*! 1"), sql_mistake::comment_not_closed);
}

TEST(MysqlPlaceholders, B11PathsOfJsonAreKept) {
  constexpr std::string_view text = "SELECT doc->'$.a', doc->>'$.b' WHERE id = :id";
  static_assert(is_fine<my>(text, arg<"id">(1)));
  EXPECT_EQ(send<my>(text, arg<"id">(1)).text, "SELECT doc->'$.a', doc->>'$.b' WHERE id = ?");
}

TEST(MysqlPlaceholders, B13ThePyformatStyleIsAName) {
  static_assert(is_fine<my>("SELECT 1 WHERE id = %(id)s", arg<"id">(1)));
  EXPECT_EQ(send<my>("SELECT 1 WHERE id = %(id)s", arg<"id">(1)), (sent{"SELECT 1 WHERE id = ?", {"1"}}));
  EXPECT_EQ(send<pg>("SELECT %(a)s, %(b)s, %(a)s, 7 %% 2", arg<"a">(1), arg<"b">(2)),
            (sent{"SELECT $1, $2, $1, 7 % 2", {"1", "2"}}));
}

TEST(MysqlPlaceholders, B14ListsAreWrittenOutInThreeForms) {
  const std::vector<int> ids{1, 2, 3};
  const sent expected{"SELECT 1 WHERE id IN (?, ?, ?)", {"1", "2", "3"}};
  EXPECT_EQ(send<my>("SELECT 1 WHERE id IN %s", ids), expected);
  EXPECT_EQ(send<my>("SELECT 1 WHERE id IN (:ids)", arg<"ids">(ids)), expected);
  EXPECT_EQ(send<my>("SELECT 1 WHERE id IN :ids", arg<"ids">(ids)), expected);
}

constexpr dt::tri_state reads_only(std::string_view text) {
  return dt::check_statement<my, void>(text).traits.read_only;
}

TEST(MysqlStatements, X18_WhatWritesIsNeverTakenForARead) {
  for (const std::string_view text : {"REPLACE INTO t VALUES (1)", "CALL p(1)", "/*c*/ INSERT INTO t VALUES (1)",
                                      "WITH x AS (SELECT 1 AS id) DELETE FROM t WHERE id IN (SELECT id FROM x)",
                                      "/*!50000 REPLACE INTO t VALUES (1) */", "LOAD DATA INFILE 'f' INTO TABLE t"}) {
    EXPECT_NE(reads_only(text), dt::tri_state::yes) << text;
    EXPECT_NE(dt::classify(my, text).read_only, dt::tri_state::yes) << text;
  }
  EXPECT_EQ(reads_only("/*c*/ SELECT 1"), dt::tri_state::yes);
}

TEST(MysqlPlaceholders, VariablesOfTheSessionAreNoParameters) {
  EXPECT_EQ(send<my>("SELECT @v := 1, @@version, :a", arg<"a">(1)), (sent{"SELECT @v := 1, @@version, ?", {"1"}}));
}

// SQLite

TEST(SqlitePlaceholders, C1ARepeatedNameIsOneParameter) {
  static_assert(is_fine<lite>("SELECT :a, :a, :b", arg<"a">(1), arg<"b">(2)));
  EXPECT_EQ(send<lite>("SELECT :a, :a, :b", arg<"a">(1), arg<"b">(2)), (sent{"SELECT :a, :a, :b", {"1", "2"}}));
}

TEST(SqlitePlaceholders, C2BracketsQuoteIdentifiers) {
  static_assert(is_fine<lite>(R"(SELECT [a:b], "x:y", :c)", arg<"c">(1)));
  EXPECT_EQ(send<lite>(R"(SELECT [a:b], "x:y", :c)", arg<"c">(1)), (sent{R"(SELECT [a:b], "x:y", :c)", {"1"}}));
  EXPECT_EQ(mistake_in<lite>("SELECT [a"), sql_mistake::identifier_quote_not_closed);
}

TEST(SqlitePlaceholders, C3NativeNumbersAreKept) {
  static_assert(dt::check_statement<lite, void, int, int>("SELECT ?2, ?1").traits.is_native);
  EXPECT_EQ(send<lite>("SELECT ?2, ?1", 1, 2), (sent{"SELECT ?2, ?1", {"1", "2"}}));
}

TEST(SqlitePlaceholders, DollarNumbersBecomeNativeOnes) {
  EXPECT_EQ(send<lite>("SELECT $2, $1, $2", 1, 2), (sent{"SELECT ?2, ?1, ?2", {"1", "2"}}));
}

TEST(SqlitePlaceholders, FormatPlaceholdersBecomeQuestionMarks) {
  EXPECT_EQ(send<lite>("SELECT %s, %s", 1, 2), (sent{"SELECT ?, ?", {"1", "2"}}));
  EXPECT_EQ(send<lite>("SELECT 7 %s, 8%s, %s", 1, 2), (sent{"SELECT 7 ?, 8%s, ?", {"1", "2"}}));
}

TEST(SqlitePlaceholders, C5BlobLiteralsAreLiterals) {
  static_assert(is_fine<lite>("SELECT x'3A61', ':a', :a", arg<"a">(1)));
  EXPECT_EQ(send<lite>("SELECT x'3A61', ':a', :a", arg<"a">(1)), (sent{"SELECT x'3A61', ':a', :a", {"1"}}));
}

TEST(SqlitePlaceholders, C6AnEmptyListIsInNothing) {
  EXPECT_EQ(send<lite>("SELECT 1 WHERE id IN (:ids)", arg<"ids">(std::vector<int>{})),
            (sent{"SELECT 1 WHERE id IN (select null where 1 = 0)", {}}));
  EXPECT_EQ(send<lite>("SELECT 1 WHERE id NOT IN :ids AND x = :x", arg<"ids">(std::vector<int>{}), arg<"x">(1)),
            (sent{"SELECT 1 WHERE id NOT IN (select null where 1 = 0) AND x = ?1", {"1"}}));
}

TEST(SqlitePlaceholders, C7MoreParametersThanTheLibraryTakesAreRefused) {
  EXPECT_EQ(mistake_in<lite>(list_of(32767, "?")), sql_mistake::too_many_parameters);
  const std::vector<int> ids(32767, 1);
  EXPECT_NE(send<lite>("SELECT 1 WHERE id IN (?)", ids).text.find("more parameters than the database takes"),
            std::string::npos);
}

TEST(SqlitePlaceholders, TheLibrarysOwnNamedStylesPass) {
  EXPECT_EQ(send<lite>("SELECT @a, @b", arg<"b">(2), arg<"a">(1)), (sent{"SELECT @a, @b", {"1", "2"}}));
  EXPECT_EQ(send<lite>("SELECT $a", arg<"a">(1)), (sent{"SELECT $a", {"1"}}));
  EXPECT_EQ(mistake_in<lite>("SELECT $a::b(c)", arg<"a">(1)), sql_mistake::invalid_parameter_name);
  EXPECT_EQ(mistake_in<lite>("SELECT :1", 1), sql_mistake::invalid_parameter_name);
}

// Lists

TEST(Ranges, StandBehindOtherParameters) {
  const std::vector<int> ids{7, 8};
  const sent expected{"SELECT 1 WHERE a = $1 AND id IN ($2, $3) AND b = $4", {"1", "7", "8", "2"}};
  EXPECT_EQ(send<pg>("SELECT 1 WHERE a = ? AND id IN (?) AND b = ?", 1, ids, 2), expected);
  EXPECT_EQ(send<pg>("SELECT 1 WHERE a = $1 AND id IN ($3) AND b = $2", 1, 2, ids),
            (sent{"SELECT 1 WHERE a = $1 AND id IN ($3, $4) AND b = $2", {"1", "2", "7", "8"}}));
  EXPECT_EQ(send<lite>("SELECT 1 WHERE a = ? AND id IN (?) AND b = ?", 1, ids, 2),
            (sent{"SELECT 1 WHERE a = ?1 AND id IN (?2, ?3) AND b = ?4", {"1", "7", "8", "2"}}));
  EXPECT_EQ(send<my>("SELECT 1 WHERE a = $2 AND id IN ($1) AND b IN $1", ids, 1),
            (sent{"SELECT 1 WHERE a = ? AND id IN (?, ?) AND b IN (?, ?)", {"1", "7", "8", "7", "8"}}));
}

TEST(Ranges, WithOneElementAreOneParameter) {
  EXPECT_EQ(send<pg>("SELECT 1 WHERE id IN (:ids)", arg<"ids">(std::vector<int>{5})),
            (sent{"SELECT 1 WHERE id IN ($1)", {"5"}}));
}

TEST(Ranges, OfPostgresAreArraysOutsideOfIn) {
  const std::vector<int> ids{1, 2};
  static_assert(is_fine<pg>("SELECT 1 WHERE id = ANY(:ids)", arg<"ids">(std::array<int, 2>{})));
  EXPECT_EQ(send<pg>("SELECT 1 WHERE id = ANY(:ids)", arg<"ids">(ids)),
            (sent{"SELECT 1 WHERE id = ANY($1)", {"{1 2 }"}}));
}

TEST(Ranges, ThatAreEmptyKeepTheTypeOfTheLeftSideInPostgres) {
  const std::vector<int> none;
  EXPECT_EQ(send<pg>("SELECT 1 WHERE id IN (:ids) AND x = :x", arg<"ids">(none), arg<"x">(1)),
            (sent{"SELECT 1 WHERE id = any('{}') AND x = $1", {"1"}}));
  EXPECT_EQ(send<pg>("SELECT 1 WHERE id NOT IN (?) AND x = ?", none, 1),
            (sent{"SELECT 1 WHERE id <> all('{}') AND x = $1", {"1"}}));
  EXPECT_EQ(send<pg>("SELECT 1 WHERE id NOT IN ?", none), (sent{"SELECT 1 WHERE id <> all('{}')", {}}));
  EXPECT_EQ(send<my>("SELECT 1 WHERE id IN (?)", none),
            (sent{"SELECT 1 WHERE id IN (select null from dual where 1 = 0)", {}}));
}

using ints = std::array<int, 2>;
static_assert(mistake_in<lite>("SELECT 1 WHERE id = any(:ids)", arg<"ids">(ints{})) == sql_mistake::any_of_range);
static_assert(mistake_in<my>("SELECT 1 WHERE id = ANY (?)", ints{}) == sql_mistake::any_of_range);
static_assert(mistake_in<pg>("SELECT 1 WHERE id IN (:ids, 5)", arg<"ids">(ints{})) == sql_mistake::range_not_alone);
static_assert(mistake_in<pg>("SELECT 1 WHERE id IN (5, ?)", ints{}) == sql_mistake::range_not_alone);
static_assert(mistake_in<pg>("SELECT 1 WHERE id IN (:a) OR x = any(:a)", arg<"a">(ints{})) ==
              sql_mistake::range_used_in_two_ways);
static_assert(mistake_in<pg>("SELECT 1 WHERE x = any($1) OR id IN ($1)", ints{}) ==
              sql_mistake::range_used_in_two_ways);
static_assert(is_fine<pg>("SELECT 1 WHERE id IN (SELECT x FROM y WHERE z = any(:a) OR a = :a)", arg<"a">(ints{})));
static_assert(is_fine<lite>("SELECT 1 WHERE id IN (?, ?)", 1, 2));
TEST(Ranges, InOtherPlacesAreRefusedInWords) {
  EXPECT_EQ(mistake_in<lite>("SELECT 1 WHERE id = any(:ids)", arg<"ids">(ints{})), sql_mistake::any_of_range);
  EXPECT_EQ(mistake_in<pg>("SELECT 1 WHERE id IN (5, ?)", ints{}), sql_mistake::range_not_alone);
  EXPECT_EQ(dt::words_of(sql_mistake::any_of_range), "this database has no any() of a range: write in (…)");
}

TEST(Ranges, TextAndBytesAreNoRanges) {
  static_assert(!dt::detail::argument_range<std::string> && !dt::detail::argument_range<std::vector<std::byte>>);
  static_assert(!dt::detail::argument_range<std::string_view> && !dt::detail::argument_range<int>);
  static_assert(dt::detail::argument_range<std::vector<std::string>> && dt::detail::argument_range<ints>);
  EXPECT_EQ(send<lite>("SELECT 1 WHERE id IN (?)", "text"), (sent{"SELECT 1 WHERE id IN (?)", {"text"}}));
}

struct person {
  int id;
  std::string_view name;
};

TEST(Arguments, OfAStructFillNamesAndMixWithNamedOnes) {
  static_assert(is_fine<lite>("INSERT INTO p(id, name) VALUES (:id, :name)", person{}));
  EXPECT_EQ(send<lite>("UPDATE p SET name = :name WHERE id = :old", person{1, "Eva"}, arg<"old">(2)),
            (sent{"UPDATE p SET name = :name WHERE id = :old", {"Eva", "2"}}));
}

static_assert(mistake_in<lite>("SELECT :id, ?", arg<"id">(1), 2) == sql_mistake::named_and_positional_arguments);
static_assert(mistake_in<lite>("SELECT ?", person{}) == sql_mistake::positional_placeholders_named_arguments);
static_assert(mistake_in<lite>("SELECT 1", arg<"id">(1)) == sql_mistake::argument_without_parameter);
TEST(Arguments, NamedAndPositionalOnesAreNotMixed) {
  EXPECT_EQ(mistake_in<lite>("SELECT :id, ?", arg<"id">(1), 2), sql_mistake::named_and_positional_arguments);
  EXPECT_EQ(mistake_in<lite>("SELECT ?", person{}), sql_mistake::positional_placeholders_named_arguments);
}

}  // namespace
