#include <dovetail/sql/validation.hpp>

#include <dovetail/sql/validated_statement.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
using dt::dialect;
using dt::validation_profile;
using dt::validation_rule;

constexpr dt::validation standard{};
constexpr dt::validation admin{.allow_admin = true};
constexpr dt::validation strict{.profile = validation_profile::strict};
constexpr dt::validation off{.profile = validation_profile::off};

constexpr validation_rule rule_of(std::string_view text, const dt::validation& may = standard,
                                  dialect d = dialect::postgres) {
  return dt::validate(d, text, may).rule;
}

struct rule_case {
  std::string_view text;
  validation_rule rule;                              ///< without a permission
  validation_rule of_admin = validation_rule::none;  ///< with allow_admin
  dialect language = dialect::postgres;
};

template <std::size_t N>
constexpr bool hold(const rule_case (&cases)[N]) {
  for (const rule_case& each : cases) {
    if (rule_of(each.text, standard, each.language) != each.rule) return false;
    if (rule_of(each.text, admin, each.language) != each.of_admin) return false;
  }
  return true;
}

template <std::size_t N>
void expect(const rule_case (&cases)[N]) {
  for (const rule_case& each : cases) {
    EXPECT_EQ(dt::to_string(rule_of(each.text, standard, each.language)), dt::to_string(each.rule)) << each.text;
    EXPECT_EQ(dt::to_string(rule_of(each.text, admin, each.language)), dt::to_string(each.of_admin)) << each.text;
  }
}

using enum validation_rule;

constexpr rule_case v1[] = {
    {"select * from t where a = :x", none},
    {"insert into t(a) values (:x) on conflict (a) do update set a = :x", none},
    {"update t set a = :x", none},
    {"delete from t where a = :x", none},
    {"with x as (insert into t values (1) returning a) select a from x", none},
    {"merge into t using s on true when matched then delete", none},
};
static_assert(hold(v1));
TEST(Validation, V1_DataMayBeReadAndWritten) { expect(v1); }

constexpr rule_case v2[] = {{"select 1;", none}, {"select 1 ; ; ", none}, {"select 1; -- done", none}};
static_assert(hold(v2));
TEST(Validation, V2_ASemicolonAtTheEndIsNoSecondStatement) { expect(v2); }

constexpr rule_case v3[] = {
    {"select 1; drop table t", several_statements, several_statements},
    {"select 1; with x as (select 1) select * from x", several_statements, several_statements},
    {"select 1; copy t to stdout", several_statements, several_statements},
    {"select 1;/**/delete from t", several_statements, several_statements},
    {"select 1; 'abc", malformed_text, malformed_text},
    {"select 1 ; /*! delete from t */", several_statements, several_statements, dialect::mysql},
    {"select ';drop table t'", none},
    {"select $$;drop table t$$", none},
};
static_assert(hold(v3));
TEST(Validation, V3_AStackedStatementIsRefusedWhateverItIs) { expect(v3); }

TEST(Validation, V5_UnionIsAllowedAndTheStrictProfileRefusesItAcrossLines) {
  constexpr std::string_view texts[] = {"select 1 union select 2", "select a from t\nunion\n all\nselect b from u"};
  for (const std::string_view text : texts) {
    EXPECT_EQ(rule_of(text), none) << text;
    EXPECT_EQ(rule_of(text, strict), set_operation) << text;
  }
  EXPECT_EQ(rule_of("select 'a union b', t.union from t", strict), none);
}
static_assert(rule_of("select 1 union\nselect 2", strict) == set_operation);

TEST(Validation, V6_CommentsAreAllowedAndTheStrictProfileRefusesThem) {
  constexpr std::string_view texts[] = {"select 1 -- c", "select /* c\nd */ 1", "/* c */ select 1"};
  for (const std::string_view text : texts) {
    EXPECT_EQ(rule_of(text), none) << text;
    EXPECT_EQ(rule_of(text, strict), comment) << text;
  }
  EXPECT_EQ(rule_of("select 1 # c", strict, dialect::mysql), comment);
  EXPECT_EQ(rule_of("select '-- a', \"/* b */\", 5 - -1", strict), none);
  EXPECT_EQ(rule_of("select 5--3", strict, dialect::mysql), none);
}
static_assert(rule_of("select 1 /* c */", strict) == comment);

constexpr rule_case v7[] = {
    {"create table t(a int)", definition},
    {"create temporary table t(a int)", definition},
    {"create unlogged table if not exists t(a int)", definition},
    {"create view v as select 1", definition},
    {"create unique index concurrently i on t(a)", definition},
    {"create materialized view v as select 1", definition},
    {"create or replace function f() returns int language sql as 'select 1'", definition},
    {"create trigger g before update on t for each row execute function f()", definition},
    {"create procedure p() language sql as 'select 1'", definition},
    {"alter table t add b int", definition},
    {"drop view v", definition},
    {"create role bob", administration},
    {"alter system set work_mem = '1GB'", administration},
    {"create extension dblink", administration},
    {"drop database d", administration},
    {"alter default privileges in schema s grant select on tables to bob", administration},
};
static_assert(hold(v7));
TEST(Validation, V7_DefinitionsNeedAPermission) { expect(v7); }

TEST(Validation, DefinitionsOfASchemaMayBeAllowedAlone) {
  constexpr dt::validation ddl{.allow_ddl = true};
  EXPECT_EQ(rule_of("create table t(a int)", ddl), none);
  EXPECT_EQ(rule_of("drop index i", ddl), none);
  EXPECT_EQ(rule_of("create role bob", ddl), administration);
  EXPECT_EQ(rule_of("grant select on t to bob", ddl), administration);
  EXPECT_EQ(rule_of("vacuum", ddl), administration);
}

constexpr rule_case v9[] = {
    {"grant select on t to bob", administration},
    {"revoke all on t from bob", administration},
    {"truncate t", definition},
};
static_assert(hold(v9));
TEST(Validation, V9_RightsAndTruncateNeedAPermission) { expect(v9); }

constexpr rule_case v10[] = {
    {"select truncate(1.5, 1)", none},
    {"select * from grants", none},
    {"select 'GRANT'", none},
    {"update t set action = 'drop the table'", none},
};
static_assert(hold(v10));
TEST(Validation, V10_WordsOfAdministrationInsideOfAQueryAreNone) { expect(v10); }

constexpr rule_case v11[] = {
    {"select sleep from t where sleep > 1", none},
    {"select t.benchmark from benchmark t", none},
    {"insert into sleep(a) values (1)", none},
    {"select pg_sleep(1)", risky_function, risky_function},
    {"select pg_catalog . \"pg_sleep\" /* c */ (1)", risky_function, risky_function},
    {"select * from pg_sleep_for('1 s')", risky_function, risky_function},
    {"select * from rows from (f(), pg_sleep_for('1 s'))", risky_function, risky_function},
    {"select U&\"pg\\005fsleep\"(1)", risky_function, risky_function},
    {"select sleep(5)", risky_function, risky_function, dialect::mysql},
    {"select BENCHMARK (1000, md5(1))", risky_function, risky_function, dialect::mysql},
    {"select load_file('/f')", risky_function, risky_function, dialect::mysql},
    {"select /*! sleep(5) */", risky_function, risky_function, dialect::mysql},
    {"select load_extension('x')", risky_function, risky_function, dialect::sqlite},
    {"select fts3_tokenizer('simple', x'4141')", risky_function, risky_function, dialect::sqlite},
    {"select pg_advisory_lock(1)", risky_function, risky_function},
    {"select pg_try_advisory_lock_shared(1, 2)", risky_function, risky_function},
    {"select pg_read_file('/f')", risky_function, risky_function},
    {"select lo_import('/f')", risky_function, risky_function},
    {"select * from dblink_exec('x', 'y')", risky_function, risky_function},
    {"select pg_terminate_backend(1)", risky_function, risky_function},
    {"select set_config('role', 'bob', false)", risky_function, risky_function},
    {"select query_to_xml_and_xmlschema('x', true, true, '')", risky_function, risky_function},
    {"select pg_notify('a', 'b')", risky_function, risky_function},
    {"select 1 -- c\r, pg_sleep(1)", risky_function, risky_function},
    {"select E'a'\n'\\' , ' || pg_sleep(1) --'", risky_function, risky_function},
    {"select \xEF\xBB\xBFload_extension('x')", risky_function, risky_function, dialect::sqlite},
    {"select :a(') , load_extension('x') --')", malformed_text, malformed_text, dialect::sqlite},
    {"select #a(') , load_extension('x') --')", malformed_text, malformed_text, dialect::sqlite},
    {"\xEF\xBB\xBF"
     "begin",
     transaction_control, transaction_control, dialect::sqlite},
    {"select 1into t", administration},
    {"select U&\"pg!005fsleep\" uescape '!' (0.5)", risky_function, risky_function},
    {"select pg_catalog . U&\"pg!005fsleep\" /**/ UESCAPE /**/ E'!' (1)", risky_function, risky_function},
    {"select U&\"pg!005fsleep\" uescape '!'\n'' (1)", risky_function, risky_function},
    {"select U&\"a!0062\" uescape '!', (1) from t where b in ('x')", none},
    {"select * from ts_stat('select v from t')", risky_function, risky_function},
    {"select ts_rewrite(q, 'select 1')", risky_function, risky_function},
    {"select lo_put(1, 0, 'x')", risky_function, risky_function},
    {"select lowrite(1, 'x'), loread(1, 1)", risky_function, risky_function},
    {"select pg_switch_wal()", risky_function, risky_function},
    {"select pg_create_restore_point('a')", risky_function, risky_function},
    {"select pg_drop_replication_slot('a')", risky_function, risky_function},
    {"select pg_logical_emit_message(true, 'a', 'b')", risky_function, risky_function},
    {"select * from crosstab('select 1, 2, 3') as t(a int)", risky_function, risky_function},
    // One argument may stand in front: f(x) is (x).f.
    {"select (0.3::float8).pg_sleep", risky_function, risky_function},
    {"select ('select 1'::text) . \"ts_stat\"", risky_function, risky_function},
    {"select $1.pg_read_file", risky_function, risky_function},
    {"select (array[1])[1].pg_terminate_backend", risky_function, risky_function},
    {"select (t).x.pg_sleep from t", risky_function, risky_function},
    {"select (1).U&\"pg!005fsleep\" uescape '!'", risky_function, risky_function},
    {"select (t).x.y, a.sleep, (t).pg_x from t as a", none},
    {"select (t).sleep", none, none, dialect::sqlite},
    {"explain (\"analyze\") select pg_sleep(1)", risky_function, risky_function},
    {"select s.pg_sleep::text from float8(0.4) s", risky_function, risky_function},
    {"select s . /**/ PG_Sleep from float8(0.4) s", risky_function, risky_function},
    {"select s /**/ .pg_sleep from float8(0.4) s", risky_function, risky_function},
    {"select s.\"pg_sleep\" from float8(0.4) s", risky_function, risky_function},
    {"select s.U&\"pg!005fsleep\" uescape '!' from float8(0.4) s", risky_function, risky_function},
    {"select 1 from float8(0.4) s where a = 1 and s.lo_import = s.x", risky_function, risky_function},
    {"select x from text('select 1') s order by a, length(s.query_to_xml)", risky_function, risky_function},
    {"select t.lo_price, t.pg_x, t.sleep, t.location, t.*, t . id, \"t\".\"lo_price\" from t", none},
    {"select s.pg_sleep from s", none, none, dialect::sqlite},
    // Views that show what a risky function gives.
    {"table pg_hba_file_rules", risky_function, risky_function},
    {"select * from pg_catalog . \"pg_hba_file_rules\"", risky_function, risky_function},
    {"select 1 where exists (select from t, PG_Ident_File_Mappings)", risky_function, risky_function},
    {"table U&\"pg\\005fhba_file_rules\"", risky_function, risky_function},
    {"select * from U&\"pg!005fhba_file_rules\" uescape '!'", risky_function, risky_function},
    {"select * from u&\"pg_hba_file_rules\"", risky_function, risky_function},
    {"select * from public.U&\"x\"", risky_function, risky_function},
    {"select 1 from t, (U&\"x\" cross join u)", risky_function, risky_function},
    {"select 1 from ((((((((((((((((((((((((((((((U&\"x\" cross join u))))))))))))))))))))))))))))))", administration,
     risky_function},
    {"with a as (delete from U&\"x\" returning *) select * from a", administration, risky_function},
    {"select U&\"stra\\00dfe\", t.a from t order by U&\"stra\\00dfe\"", none},
    {"select U&'d\\0061t' from t", none},
    {"select get_lock('a', 10)", risky_function, risky_function, dialect::mysql},
    // Settings are rows that can be written.
    {"update pg_settings set setting = 'off' where name = 'standard_conforming_strings'", administration},
    {"update pg_catalog . \"pg_settings\" as s set setting = 'x'", administration},
    {"with x as (update pg_settings set setting = 'x' returning *) select * from x", administration},
    {"update U&\"pg!005fsettings\" uescape '!' set setting = 'x'", administration, risky_function},
    {"select setting from pg_settings where name = 'role'", none},
    {"insert into t select name from pg_settings", none},
    {"update t set pg_settings = 1", none},
};
static_assert(hold(v11));
TEST(Validation, V11_FunctionsThatReachBeyondTheDataAreRefusedWhereTheyAreCalled) {
  expect(v11);
  EXPECT_EQ(rule_of("select pg_sleep(1)", {.allow_risky_functions = true}), none);
}

TEST(Validation, SettingsByWhichTextsAreReadNeedAllowAdmin) {
  constexpr dt::validation settings{.allow_settings = true};
  for (const char* text : {"set standard_conforming_strings = off", "SET LOCAL Standard_Conforming_Strings to 'off'",
                           "set session \"standard_conforming_strings\" = 'off'", "reset standard_conforming_strings",
                           "set U&\"standard!005fconforming_strings\" uescape '!' = off", "set names 'SJIS'",
                           "set client_encoding to 'GBK'", "update pg_settings set setting = 'off' where name = 'x'"}) {
    EXPECT_EQ(rule_of(text, settings), administration) << text;
    EXPECT_EQ(rule_of(text, {.allow_admin = true}), none) << text;
  }
  EXPECT_EQ(rule_of("set search_path to 'standard_conforming_strings'", settings), none);
  EXPECT_EQ(rule_of("alter role r set standard_conforming_strings = off", {.allow_ddl = true}), administration);
  EXPECT_EQ(rule_of("alter database d set standard_conforming_strings = off", {.allow_ddl = true}), administration);
  EXPECT_EQ(rule_of("select set_config('standard_conforming_strings', 'off', false)", settings), risky_function);
}

constexpr rule_case v13[] = {
    {"vacuum full t", administration},
    {"do $$ begin end $$", administration},
    {"call p(1)", procedure_call},
    {"set role bob", session_setting},
    {"set global x = 1", session_setting, none, dialect::mysql},
    {"attach 'f' as x", administration, none, dialect::sqlite},
    {"pragma user_version = 3", session_setting, none, dialect::sqlite},
    {"rename table a to b", definition, none, dialect::mysql},
    {"shutdown", administration, none, dialect::mysql},
    {"kill 3", administration, none, dialect::mysql},
    {"copy t from program 'x'", administration},
    {"load data infile 'f' into table t", administration, none, dialect::mysql},
    {"select * into n from t", administration},
    {"select a into outfile '/f' from t", administration, none, dialect::mysql},
    {"with x as (select 1) select * into n from x", administration},
    {"listen news", notification},
    {"execute x", administration},
    {"explain analyze create table t as select 1", definition},
    {"explain (\"analyze\") create table t as select 1", definition},
    {"frobnicate", administration},
};
static_assert(hold(v13));
TEST(Validation, V13_AdministrationNeedsAPermission) { expect(v13); }

TEST(Validation, CallsSettingsAndNotificationsHavePermissionsOfTheirOwn) {
  EXPECT_EQ(rule_of("call p(1)", {.allow_calls = true}), none);
  EXPECT_EQ(rule_of("set role bob", {.allow_settings = true}), none);
  EXPECT_EQ(rule_of("notify news", {.allow_notifications = true}), none);
}

constexpr rule_case v14[] = {
    {"pragma table_info(t)", none, none, dialect::sqlite}, {"pragma main.index_list('t')", none, none, dialect::sqlite},
    {"pragma foreign_keys", none, none, dialect::sqlite},  {"explain delete from t", none},
    {"explain create table t as select 1", none},          {"show work_mem", none},
};
static_assert(hold(v14));
TEST(Validation, V14_WhatOnlyTellsIsAllowed) { expect(v14); }

constexpr rule_case v15[] = {
    {"begin", transaction_control, transaction_control},
    {"BEGIN immediate", transaction_control, transaction_control, dialect::sqlite},
    {"commit", transaction_control, transaction_control},
    {"savepoint s", transaction_control, transaction_control},
    {"rollback to s", transaction_control, transaction_control},
    {"prepare transaction 'x'", transaction_control, transaction_control},
    {"set transaction read only", transaction_control, transaction_control},
    {"/* c */ end", transaction_control, transaction_control},
};
static_assert(hold(v15));
TEST(Validation, V15_TransactionsAreNoTextAndTheWordsNameTheApi) {
  expect(v15);
  EXPECT_NE(dt::words_of(transaction_control).find("transaction()"), std::string_view::npos);
}

constexpr rule_case v17[] = {
    {"/*! DROP TABLE t */", definition, none, dialect::mysql},
    {"/*!50000 DROP TABLE t */", conditional_comment, conditional_comment, dialect::mysql},
    {"select 1 /*!99999 ' */ ; drop table t -- ' */", conditional_comment, conditional_comment, dialect::mysql},
    {"select 1 /*M!100000 ; drop table t */", conditional_comment, conditional_comment, dialect::mysql},
    {"select 1 /*M! ; drop table t */", conditional_comment, conditional_comment, dialect::mysql},
    {"select 1 /*! /*!99999 ' */ ; drop table t -- ' */ */", conditional_comment, conditional_comment, dialect::mysql},
    {"select 1 /*!1+1 */", conditional_comment, conditional_comment, dialect::mysql},
    {"/*!50000 */", conditional_comment, conditional_comment, dialect::mysql},
    {"select 1 /*+ max */ /* M! */ /* !5 */", none, none, dialect::mysql},
    {"select 1 /*M!5 */ /*!5 */", none},
    {"select 1 --\x7F'\n; drop table t -- '", several_statements, several_statements, dialect::mysql},
    {"select 1 --\x01'\n; drop table t -- '", several_statements, several_statements, dialect::mysql},
    {"select 1 --'\n; drop table t -- '", none, none, dialect::mysql},
    {"/*! grant all on t to bob */", administration, none, dialect::mysql},
};
static_assert(hold(v17));
TEST(Validation, V17_TheContentOfAnExecutableCommentIsCode) { expect(v17); }

TEST(Validation, V18_OffLeavesTheSingleStatementRule) {
  for (const std::string_view text : {"drop table t", "select pg_sleep(1)", "begin", "grant x to y", "frobnicate"}) {
    EXPECT_EQ(rule_of(text, off), none) << text;
  }
  EXPECT_EQ(rule_of("select 1; select 2", off), several_statements);
  EXPECT_EQ(rule_of("select 'abc", off), malformed_text);
}
static_assert(rule_of("drop table t", off) == none && rule_of("select 1; select 2", off) == several_statements);

TEST(Validation, V23_ATextWithoutAStatementIsRefused) {
  for (const std::string_view text : {"", "  \n", "-- c", "/* c */ ;", ";;"}) {
    EXPECT_EQ(rule_of(text), no_statement) << text;
    EXPECT_EQ(rule_of(text, off), no_statement) << text;
  }
  EXPECT_EQ(dt::words_of(no_statement), "no query provided");
}

TEST(Validation, EachStatementOfAScriptIsChecked) {
  constexpr dt::validation scripts{.allow_scripts = true};
  EXPECT_EQ(rule_of("insert into t values (1); delete from t;", scripts), none);
  const dt::validation_verdict said = dt::validate(dialect::postgres, "select 1; select 2; drop table t", scripts);
  EXPECT_EQ(said.rule, definition);
  EXPECT_EQ(said.at, 20u);
  EXPECT_EQ(rule_of("select 1; select 'abc", scripts), malformed_text);
  EXPECT_EQ(rule_of("select 1; ; -- end", scripts), none);
}

TEST(Validation, TextThatComesOutOfAValueNeverMakesAStatementMore) {
  // What a program makes when it pastes text into a literal: the texts end the literal and begin something else.
  constexpr std::string_view pasted[] = {"'; drop table t; --",      "' ; delete from t where '1'='1",
                                         "1'; truncate t; select '", "'; copy t to program 'x",
                                         "\\'; drop table t; --",    "';\tvacuum;--",
                                         "'/**/;/**/do $$x$$;--",    "'; select pg_sleep(9) --"};
  for (const std::string_view value : pasted) {
    const std::string text = "select * from t where name = '" + std::string{value} + "'";
    EXPECT_NE(rule_of(text), none) << text;
    EXPECT_NE(rule_of(text, admin), none) << text;
  }
}

template <dialect D>
using under_rules = dt::validated_statement<standard, D, void, dt::detail::one_value>;

TEST(Validation, ATextMadeAtRunTimeIsReadOnceForItsParametersAndForTheRules) {
  const std::string text = "select name from city where id = $1 /* c */ union select pg_sleep(1)::text";
  const under_rules<dialect::postgres> made{dt::runtime(text)};
  EXPECT_TRUE(made.is_valid());
  EXPECT_EQ(made.view().traits.parameters, 1);
  EXPECT_TRUE(made.view().facts.are_of(dialect::postgres, text));
  // Of other characters, at another place or in another dialect nothing is known.
  EXPECT_FALSE(made.view().facts.are_of(dialect::mysql, text));
  EXPECT_FALSE(made.view().facts.are_of(dialect::postgres, std::string{text}));
  EXPECT_FALSE(made.view().facts.are_of(dialect::postgres, std::string_view{text}.substr(0, text.size() - 1)));
  // Without rules nobody asks.
  const dt::statement_for<dialect::postgres, void, int> plain{dt::runtime(text)};
  EXPECT_FALSE(plain.view().facts.are_of(dialect::postgres, text));
}

TEST(Validation, NothingIsKeptOfATextThatHasToBeLookedAtAgain) {
  for (const std::string_view text :
       {"select ?; drop table t", "select ?; -- end\n ; select 1", "select ?, 'un", "", "-- c",
        "select ? /*!50000 union select 1 */", "select ?)", "select ?, $1", "select :a"}) {
    const under_rules<dialect::mysql> made{dt::runtime(text)};
    EXPECT_FALSE(made.view().facts.are_of(dialect::mysql, text)) << text;
    EXPECT_EQ(dt::validate(dialect::mysql, made.view()), dt::validate(dialect::mysql, text)) << text;
  }
}

TEST(Validation, AStatementIsJudgedAsItsTextIs) {
  constexpr dt::validation all[] = {standard,
                                    admin,
                                    strict,
                                    off,
                                    {.allow_ddl = true},
                                    {.allow_risky_functions = true},
                                    {.profile = validation_profile::strict, .allow_scripts = true}};
  for (const std::string_view text : {"select name from city where id = ?",
                                      "drop table city",
                                      "select 1 -- c",
                                      "select 1 union select 2",
                                      "select load_file(?)",
                                      "update pg_settings set setting = ?",
                                      "set standard_conforming_strings = off",
                                      "vacuum",
                                      "select * into t from city",
                                      "explain delete from city",
                                      "begin",
                                      "call f(?)",
                                      "select (x).pg_sleep from t",
                                      "select 1; select 2",
                                      "select 'a",
                                      "/*! select */ 1",
                                      "with x as (delete from t returning *) select * from x",
                                      "create role r",
                                      "create trigger t after insert on c begin select 1; end",
                                      "notify x"}) {
    const under_rules<dialect::sqlite> of_sqlite{dt::runtime(text)};
    const under_rules<dialect::postgres> of_postgres{dt::runtime(text)};
    const under_rules<dialect::mysql> of_mysql{dt::runtime(text)};
    for (const dt::validation& may : all) {
      EXPECT_EQ(dt::validate(dialect::sqlite, of_sqlite.view(), may), dt::validate(dialect::sqlite, text, may)) << text;
      EXPECT_EQ(dt::validate(dialect::postgres, of_postgres.view(), may), dt::validate(dialect::postgres, text, may))
          << text;
      EXPECT_EQ(dt::validate(dialect::mysql, of_mysql.view(), may), dt::validate(dialect::mysql, text, may)) << text;
      // One that speaks another dialect is judged by its text too.
      EXPECT_EQ(dt::validate(dialect::sqlite, of_mysql.view(), may), dt::validate(dialect::sqlite, text, may)) << text;
    }
  }
}

TEST(Validation, AStatementWhoseTextWasExchangedIsJudgedByTheNewOne) {
  const std::string text = "select name from city where id = ?";
  dt::statement_view view = under_rules<dialect::sqlite>{dt::runtime(text)}.view();
  ASSERT_TRUE(view.facts.are_of(dialect::sqlite, text));
  view.text = "drop table city";
  EXPECT_EQ(dt::validate(dialect::sqlite, view).rule, definition);
}

}  // namespace
