#include <dovetail/sql/analysis.hpp>

#include "support/sql_cases.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

using namespace sql_cases;
using dt::arg;
using dt::statement_kind;
using enum dt::tri_state;

constexpr dialect pg = dialect::postgres;
constexpr dialect my = dialect::mysql;
constexpr dialect lite = dialect::sqlite;

struct classified {
  std::string_view text;
  statement_kind kind;
  dt::tri_state read_only;
  dt::tri_state returns_rows;
};

constexpr classified statements[] = {
    {"select 1", statement_kind::select, yes, yes},
    {"  -- why\n /* really */ SELECT 1;", statement_kind::select, yes, yes},
    {"values (1), (2)", statement_kind::select, yes, yes},
    {"(select 1) union (select 2)", statement_kind::select, unknown, yes},
    {"select * from t for update", statement_kind::select, no, yes},
    {"select a into b from t", statement_kind::select, no, no},
    {"insert into t values (1)", statement_kind::insert, no, no},
    {"replace into t values (1)", statement_kind::insert, no, no},
    {"insert into t values (1) returning id", statement_kind::insert, no, yes},
    {"insert into t with recursive c(i) as (select 1) select i, 'a' from c", statement_kind::insert, no, no},
    {"insert into t(a) with c(i, j) as (values (1, 2)) select i from c", statement_kind::insert, no, no},
    {"update t set a = 1", statement_kind::update, no, no},
    {"Update t Set a = 1 Returning *", statement_kind::update, no, yes},
    {"delete from t", statement_kind::remove, no, no},
    {"delete from t returning id", statement_kind::remove, no, yes},
    {"with x as (select 1) select * from x", statement_kind::select, yes, yes},
    {"with recursive x(a, b) as (select 1, 2), y as not materialized (select 2) insert into t select * from x",
     statement_kind::insert, no, no},
    {"with x as (delete from t returning id) select * from x", statement_kind::select, no, yes},
    {"with x as (select 1) update t set a = 1", statement_kind::update, no, no},
    {"create table t(a int, b text)", statement_kind::definition, no, no},
    {"drop table t", statement_kind::definition, no, no},
    {"alter table t add column a int", statement_kind::definition, no, no},
    {"begin immediate", statement_kind::transaction, unknown, no},
    {"commit", statement_kind::transaction, unknown, no},
    {"savepoint a", statement_kind::transaction, unknown, no},
    {"release a", statement_kind::transaction, unknown, no},
    {"pragma journal_mode = wal", statement_kind::pragma, unknown, unknown},
    {"explain select 1", statement_kind::other, unknown, yes},
    {"vacuum", statement_kind::other, no, no},
    {"call f()", statement_kind::other, unknown, unknown},
};

constexpr bool is_classified_well(const classified& expected) {
  const auto found = dt::check_statement<pg, void>(expected.text);
  return !found.problem && found.traits.kind == expected.kind && found.traits.read_only == expected.read_only &&
         found.traits.returns_rows == expected.returns_rows;
}

constexpr bool all_are_classified_well() {
  for (const classified& expected : statements) {
    if (!is_classified_well(expected)) return false;
  }
  return true;
}
static_assert(all_are_classified_well());

TEST(Analysis, TellsWhatAStatementDoesFromItsWords) {
  for (const classified& expected : statements) EXPECT_TRUE(is_classified_well(expected)) << expected.text;
}

struct wrong {
  std::string_view text;
  sql_mistake what;
};

constexpr wrong mistakes[] = {
    {"", sql_mistake::empty_statement},
    {"  \n\t", sql_mistake::empty_statement},
    {"-- only a comment", sql_mistake::empty_statement},
    {";", sql_mistake::empty_statement},
    {"select 'abc", sql_mistake::quote_not_closed},
    {"select 'it''s", sql_mistake::quote_not_closed},
    {"select \"abc", sql_mistake::identifier_quote_not_closed},
    {"select $$abc", sql_mistake::dollar_quote_not_closed},
    {"select $a$abc$b$", sql_mistake::dollar_quote_not_closed},
    {"select /* abc", sql_mistake::comment_not_closed},
    {"select /* /* abc */", sql_mistake::comment_not_closed},
    {"select (1", sql_mistake::parenthesis_not_closed},
    {"select 1)", sql_mistake::parenthesis_not_opened},
    {"select 1; select 2", sql_mistake::several_statements},
    {"select 1;; select 2", sql_mistake::several_statements},
    {"begin; commit", sql_mistake::several_statements},
    {"alter table t add begin int; drop table x", sql_mistake::several_statements},
    {"create table begin(a int); drop table x", sql_mistake::several_statements},
    {"create table t(a int); begin", sql_mistake::several_statements},
    {"create function begin() returns int as 'x' language sql; drop table x", sql_mistake::several_statements},
    {"create function f() returns int language sql begin atomic select 1; end; drop table x",
     sql_mistake::several_statements},
    {"insert into t(a, b) values (1)", sql_mistake::insert_counts_differ},
    {"insert into t(a) values (1, 2)", sql_mistake::insert_counts_differ},
    {"insert into t(a, b) values (1, 2), (3)", sql_mistake::insert_counts_differ},
    {"insert into t values (1, 2), (3)", sql_mistake::insert_counts_differ},
    {"insert into s.t as x (a, b) values (f(1, 2))", sql_mistake::insert_counts_differ},
    {"insert into t(a, b) select c from d", sql_mistake::insert_counts_differ},
    {"insert into t(a, b) with c(i, j) as (values (1, 2)) select i from c", sql_mistake::insert_counts_differ},
    {"insert into t(a, b) select 1 on conflict do nothing", sql_mistake::insert_counts_differ},
    {"with x as (select 1) insert into t(a, b) values (1)", sql_mistake::insert_counts_differ},
};

constexpr bool all_are_found() {
  for (const wrong& expected : mistakes) {
    if (mistake_in<pg>(expected.text) != expected.what) return false;
  }
  return true;
}
static_assert(all_are_found());

TEST(Analysis, FindsMistakesInTheText) {
  for (const wrong& expected : mistakes) EXPECT_EQ(mistake_in<pg>(expected.text), expected.what) << expected.text;
}

constexpr std::string_view right[] = {
    "select 1;",
    "select 1; -- the end",
    "select 1;;",
    "select ';', \";\" /* ; */ -- ;",
    "insert into t(a, b) values (1, 2)",
    "insert into t(a, b) values (f(1, 2), (3)), ((4), array[5, 6])",
    "insert into t(a, b) values (1, 2) on conflict (a) do update set b = (1), c = (2)",
    "insert into t(a, b) select c, d from e",
    "insert into t(a, b) select * from e",
    "insert into t(a, b) select e.*, d from e",
    "insert into t(a, b) (select c, d from e)",
    "insert into t (select c, d from e)",
    "insert into t(a, b) select c, d from e union select 1, 2 returning a",
    "insert into t(a, b) select 1, 2 returning a",
    "insert into t default values",
    "insert into t(a, b) overriding system value values (1, 2)",
    "select a[1:2], array[1, 2, 3] from t",
    "create table t(a int default (1), b text check (b in ('x', 'y')))",
    "create function f() returns int language sql begin atomic select 1; select 2; end",
    "select U&'d\\0061t', U&\"d\\0061t\", N'x', B'01', X'1F', e'\\''",
};

TEST(Analysis, FindsNoMistakeInRightTexts) {
  for (const std::string_view text : right) {
    EXPECT_EQ(mistake_in<pg>(text), sql_mistake::none) << text;
  }
}

TEST(Analysis, ATriggersBodyMayHaveManyStatementsAndNothingComesBehindIt) {
  constexpr std::string_view trigger =
      "create trigger x after insert on t begin insert into u values (case when 1 then 2 end); delete from v; end;";
  EXPECT_EQ(mistake_in<lite>(trigger), sql_mistake::none);
  EXPECT_EQ(mistake_in<lite>(std::string{trigger} + " drop table v"), sql_mistake::several_statements);
  EXPECT_EQ(mistake_in<lite>("create trigger begin after insert on t begin select 1; end; drop table v"),
            sql_mistake::several_statements);
}

TEST(Analysis, EveryCutOfATextGivesAnAnswerThatHasWords) {
  for (const std::string_view text : right) {
    for (std::size_t size = 0; size <= text.size(); ++size) {
      for (const auto find : {mistake_in<pg>, mistake_in<my>, mistake_in<lite>}) {
        const sql_mistake what = find(text.substr(0, size));
        EXPECT_NE(dt::words_of(what), "unknown mistake");
      }
    }
  }
}

static_assert(is_fine<my>("insert into t () values ()"));
static_assert(is_fine<my>("insert into t (a) values (1) on duplicate key update a = values(a)"));
static_assert(is_fine<my>("insert into t set a = 1"));
static_assert(is_fine<lite>("insert or replace into t(a, b) values (1, 2)"));
static_assert(mistake_in<lite>("insert or ignore into t(a, b) values (1)") == sql_mistake::insert_counts_differ);
static_assert(mistake_in<lite>("select `a") == sql_mistake::identifier_quote_not_closed);
static_assert(mistake_in<my>("select \"a") == sql_mistake::quote_not_closed);
static_assert(mistake_in<my>("select 'a\\'") == sql_mistake::quote_not_closed);
static_assert(is_fine<lite>("select 'a\\'"));
static_assert(is_fine<lite>("select /* /* */ 1"));
static_assert(is_fine<pg>("select (data -> 'a') ? 'b', data ?| array['a'] from t"));

TEST(Analysis, InsertsAreCountedInTheirDialect) {
  EXPECT_TRUE(is_fine<my>("insert into t () values ()"));
  EXPECT_EQ(mistake_in<lite>("insert or ignore into t(a, b) values (1)"), sql_mistake::insert_counts_differ);
  const auto found = dt::check_statement<lite, void>("insert into t(a, b, c) values (1, 2)");
  EXPECT_EQ(found.problem.expected, 3u);
  EXPECT_EQ(found.problem.given, 2u);
  EXPECT_EQ(found.problem.at, 35u);
}

TEST(Analysis, TheOffsetOfAMistakeIsThatOfItsBeginning) {
  EXPECT_EQ((dt::check_statement<pg, void>("select a, 'abc").problem.at), 10u);
  EXPECT_EQ((dt::check_statement<pg, void>("select 1; select 2").problem.at), 10u);
  EXPECT_EQ((dt::check_statement<pg, void>("select /* x").problem.at), 7u);
}

TEST(Analysis, WorksOnTextsWithAnyByte) {
  std::string text;
  for (int byte = 1; byte < 256; ++byte) {
    text.assign({static_cast<char>(byte)});
    static_cast<void>(mistake_in<pg>(text));
    text = "select " + text + " from t where a = " + text;
    static_cast<void>(mistake_in<my>(text));
    static_cast<void>(mistake_in<lite>(text));
  }
}

}  // namespace
