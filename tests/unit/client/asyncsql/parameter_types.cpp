#include <dovetail/client/asyncsql/parameter_types.hpp>

#include <dovetail/format/json.hpp>
#include <dovetail/sql/statement.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dt = dovetail;
using dt::asyncsql::is_type_name;
using dt::asyncsql::parameter_types;

TEST(ParameterTypes, TheTypesOfTheSpecificationAreTypeNames) {
  for (const std::string_view each : {"text",
                                      "varchar",
                                      "integer",
                                      "numeric",
                                      "decimal",
                                      "jsonb",
                                      "json",
                                      "timestamp",
                                      "timestamptz",
                                      "date",
                                      "inet",
                                      "macaddr",
                                      "uuid",
                                      "text[]",
                                      "integer[]",
                                      "double precision",
                                      "Character Varying (20)",
                                      "timestamp with time zone",
                                      "timestamp(3) without time zone",
                                      "time with time zone[]",
                                      "numeric(10, 2)",
                                      "numeric ( 10,2 )",
                                      "app.mood",
                                      "pg_catalog.int4[][]",
                                      "int[3]",
                                      "\"Mood\"",
                                      "app.\"a \"\"b\"\"\"",
                                      "_mine",
                                      "bit varying(3)",
                                      " text "}) {
    EXPECT_TRUE(is_type_name(each)) << each;
  }
}

TEST(ParameterTypes, H7_NothingElseIsATypeName) {
  using namespace std::string_view_literals;
  for (const std::string_view each : {""sv,
                                      " "sv,
                                      "text); DROP TABLE t; --"sv,
                                      "text or true"sv,
                                      "text union select 1"sv,
                                      "text::text"sv,
                                      "text--"sv,
                                      "text/**/"sv,
                                      "text,text"sv,
                                      "text;"sv,
                                      "'text'"sv,
                                      "\"\""sv,
                                      "\"open"sv,
                                      "a.b.c"sv,
                                      "1text"sv,
                                      "numeric()"sv,
                                      "numeric(10"sv,
                                      "numeric(10,2,3)"sv,
                                      "numeric(a)"sv,
                                      "text["sv,
                                      "text[a]"sv,
                                      "text]"sv,
                                      "$1"sv,
                                      "te\0xt"sv,
                                      "text\n"sv,
                                      "timestamp with time zone zone"sv,
                                      "timestamp(3)(3)"sv,
                                      ".text"sv,
                                      "app."sv,
                                      "double precisions"sv,
                                      "text\\"sv,
                                      "numeric(9999999999)"sv}) {
    EXPECT_FALSE(is_type_name(each)) << each;
  }
}

TEST(ParameterTypes, H9_TypesOfACallWinNameByName) {
  const parameter_types session{{"metadata", "jsonb"}, {"role_id", "uuid"}};
  const parameter_types both = parameter_types{{"role_id", "text"}}.over(session);
  ASSERT_EQ(both.all().size(), 2u);
  EXPECT_EQ(both.all()[0].name, "metadata");
  EXPECT_EQ(both.all()[0].type, "jsonb");
  EXPECT_EQ(both.all()[1].name, "role_id");
  EXPECT_EQ(both.all()[1].type, "text");
}

TEST(ParameterTypes, AWrongTypeThatIsReplacedIsNoProblem) {
  parameter_types types{{"a", "no type"}};
  EXPECT_EQ(types.problem().code(), dt::errc::invalid_option);
  types.set({"a", "text"});
  EXPECT_FALSE(types.problem());
}

struct applied {
  std::vector<std::uint32_t> types;
  std::string text;
  bool is_changed;
};
applied apply(const parameter_types& hints, std::vector<dt::argument_slot> slots,
              std::vector<dt::parameter_place> places, std::string text, std::vector<std::uint32_t> sizes = {}) {
  applied done{{}, std::move(text), false};
  std::size_t count = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].number != 0) count += places[i].expands ? sizes[i] : 1;
  }
  done.types.assign(count, 23);
  done.is_changed = hints.hints()->apply(*hints.hints(), {slots, places, sizes}, done.types, done.text);
  return done;
}

// Object identifiers: pg_type.dat of PostgreSQL; text 25, uuid 2950, jsonb 3802, jsonb[] 3807.
TEST(ParameterTypes, H1_TypesThatAreBuiltInAreDeclared) {
  const auto done = apply({{"role_id", "text"}, {"meta", "jsonb"}, {"unknown", "date"}},
                          {{.name = "meta"}, {.name = "role_id"}, {.name = "plain"}, {.name = "unused"}},
                          {{.number = 2}, {.number = 1}, {.number = 3}, {.number = 0}}, "select $1, $2, $3, $2");
  EXPECT_EQ(done.types, (std::vector<std::uint32_t>{25, 3802, 23}));
  EXPECT_EQ(done.text, "select $1, $2, $3, $2");
  EXPECT_FALSE(done.is_changed);
}

TEST(ParameterTypes, H2_AJsonValueInsideOfAFunctionAndATextBesideIt) {
  const std::string text =
      "update users set preferences = jsonb_set(coalesce(preferences, '{}'), '{a}', $1) where id = $2";
  const auto declared = apply({{"settings", "jsonb"}, {"user_id", "text"}}, {{.name = "settings"}, {.name = "user_id"}},
                              {{.number = 1}, {.number = 2}}, text);
  EXPECT_EQ(declared.types, (std::vector<std::uint32_t>{3802, 25}));
  EXPECT_EQ(declared.text, text);
}

TEST(ParameterTypes, B15_TheTextForMysqlStaysAsItIsAndAJsonValueIsEncoded) {
  // Types become casts behind PostgreSQL's `$1` alone.
  const dt::json_value<std::map<std::string, int>> meta{std::map<std::string, int>{{"n", 1}}};
  const std::string text = "INSERT INTO t(meta) VALUES (:meta)";
  using argument = decltype(dt::arg<"meta">(meta));
  const dt::statement_for<dt::dialect::mysql, void, argument> statement{dt::runtime(text)};
  ASSERT_TRUE(statement.is_valid());
  const auto native = statement.native(dt::arg<"meta">(meta));
  ASSERT_TRUE(native);
  EXPECT_EQ(native->text, "INSERT INTO t(meta) VALUES (?)");
  EXPECT_EQ(apply({{"meta", "json"}}, {{.name = "meta"}}, {{.number = 1}}, native->text).text, native->text);
  std::string encoded;
  ASSERT_TRUE(dt::json::encode(meta.value, encoded));
  EXPECT_EQ(encoded, R"({"n":1})");
}

TEST(ParameterTypes, H3_ATypeOfOneIsNotThatOfEleven) {
  std::vector<dt::argument_slot> slots(12);
  std::vector<dt::parameter_place> places(12);
  for (std::uint16_t i = 0; i < 12; ++i) places[i].number = static_cast<std::uint16_t>(i + 1);
  const auto done = apply({{0, "mood"}, {10, "uuid"}}, slots, places, "select $1, $10, $11, $12");
  EXPECT_EQ(done.text, "select ($1::mood), $10, $11, $12");
  EXPECT_EQ(done.types[0], 0u);
  EXPECT_EQ(done.types[9], 23u);
  EXPECT_EQ(done.types[10], 2950u);
  EXPECT_TRUE(done.is_changed);
}

TEST(ParameterTypes, H6_ATypeOfOnesOwnIsACastAtEachPlaceAndNotInLiterals) {
  const auto done = apply({{"x", "numeric(10,2)"}}, {{.name = "x"}}, {{.number = 1}},
                          "select $1, '$1', \"$1\", $1::text, f($1) -- $1\n, $$ $1 $$");
  EXPECT_EQ(
      done.text,
      "select ($1::numeric(10,2)), '$1', \"$1\", ($1::numeric(10,2))::text, f(($1::numeric(10,2))) -- $1\n, $$ $1 $$");
}

TEST(ParameterTypes, AnElementOrAFieldIsTakenFromTheValueAndNotFromItsType) {
  const auto done = apply({{"m", "app.mood[]"}, {"c", "app.pair"}}, {{.name = "m"}, {.name = "c"}},
                          {{.number = 1}, {.number = 2}}, "select $1[1], $2.field, $1 [2]");
  EXPECT_EQ(done.text, "select ($1::app.mood[])[1], ($2::app.pair).field, ($1::app.mood[]) [2]");
}

TEST(ParameterTypes, H10_TypesByPositionAreThoseOfThePositions) {
  const auto done = apply(parameter_types::positional({"text", "", "jsonb"}), {{}, {}, {}},
                          {{.number = 1}, {.number = 2}, {.number = 3}}, "select $1, $2, $3");
  EXPECT_EQ(done.types, (std::vector<std::uint32_t>{25, 23, 3802}));
}

TEST(ParameterTypes, T9_AListHasTheTypeOfTheArrayAndOneInParenthesesThatOfItsElements) {
  const std::vector<dt::argument_slot> slots{{.name = "ids", .is_range = true}, {.name = "docs", .is_range = true}};
  const auto done =
      apply({{"ids", "uuid"}, {"docs", "jsonb[]"}}, slots, {{.number = 1, .expands = true}, {.number = 2}},
            "select $4 where id in ($1, $2, $3)", {3, 2});
  EXPECT_EQ(done.types, (std::vector<std::uint32_t>{2950, 2950, 2950, 3807}));
}

}  // namespace
