#include <dovetail/client/workersql/cached_statement.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

namespace workersql = dovetail::workersql;

std::string names_of(const workersql::table_set& tables) {
  if (tables.is_all) return "*";
  std::string text;
  for (const std::string& each : tables.names) text += (text.empty() ? "" : " ") + each;
  return text;
}
/// The tables that an answer depends on; "-" when it is not kept.
std::string read(std::string_view sql) {
  const auto tables = workersql::cached_tables(sql);
  return tables ? names_of(*tables) : "-";
}
std::string written(std::string_view sql) {
  workersql::table_set tables;
  workersql::add_written_tables(sql, tables);
  return names_of(tables);
}

TEST(CachedStatement, DependsOnEveryTableThatItNames) {
  EXPECT_EQ(read("select 1"), "");
  EXPECT_EQ(read("select * from City where id = ?"), "city");
  EXPECT_EQ(read("select * from main.\"City\" c join [country] on c.id = country.id, `river`"), "city country river");
  EXPECT_EQ(read("with big as (select * from city where area > 5) select count(*) from big"), "city");
  EXPECT_EQ(read("select a, (select max(b) from s) from t union all select 1, 2 from u"), "s t u");
  EXPECT_EQ(read("values (1), (2)"), "");
  EXPECT_EQ(read("/* all */ select ifnull(upper(name), 'know') from city;"), "city");
  EXPECT_EQ(read("select c.date, c.current_date from c"), "c") << "columns with the names of clocks";
}

TEST(CachedStatement, WhatIsAnotherResultEachTimeIsNotKept) {
  for (const std::string_view sql : {"select now()",
                                     "select date('now')",
                                     "select id from t where at > datetime(?)",
                                     "select CURRENT_TIMESTAMP",
                                     "select * from t where day = current_date",
                                     "select strftime('%s', at) from t",
                                     "select random() from t",
                                     "select * from t order by random()",
                                     "select last_insert_rowid()",
                                     "select changes()",
                                     "select nextval('s')",
                                     "select my_function(a) from t",
                                     "select \"random\"() from t",
                                     "select * from json_each(?)",
                                     "select 'now'::timestamp",
                                     "select date ' today '",
                                     "select 'today 10:00'::timestamp",
                                     "select * from t where at > ' TOMORROW'",
                                     "select '10:00 yesterday'::timestamp",
                                     "select e'n\\x6fw'::timestamp",
                                     "select E'x'",
                                     "select N'now'::timestamp",
                                     "select 'no'\n'w'::timestamp",
                                     "select u&'n\\006fw'::timestamp",
                                     "select $$now$$::timestamp",
                                     "select * from t where at > ?::timestamptz",
                                     "select * from t where at > ?1::text::timestamp",
                                     "select * from t where at > (?)::my_time",
                                     "select cast(? as timestamp) from t",
                                     "select cast(cast(:at as text) as date) from t",
                                     "select cast('no' || 'w' as date) from t",
                                     "select * from pragma_user_version",
                                     "select * from V$Session",
                                     "select * from sys.gv$session",
                                     "select @@version",
                                     "select * from sqlite_sequence",
                                     "select * from pg_catalog.pg_stat_activity",
                                     "select * from information_schema.tables",
                                     "select uuid(), a from t",
                                     "select julianday(a) from t",
                                     "select localtime"}) {
    EXPECT_EQ(read(sql), "-") << sql;
  }
}

TEST(CachedStatement, CastsToWhatIsNoTimeAreKeptAndThoseOfColumnsToo) {
  EXPECT_EQ(read("select a::date, t.\"at\"::timestamp, '2026-11-21'::date from t where id = ?::bigint"), "t");
  EXPECT_EQ(read("select cast(a as date), cast(t.b as time), cast(? as integer), cast(? as text) as date from t"), "t");
  EXPECT_EQ(read("select id as nowhere from t where name = 'Nowak, of todays' and kind = 'know'"), "t");
}

TEST(CachedStatement, ATableBehindInIsOneThatTheAnswerDependsOn) {
  EXPECT_EQ(read("select * from a where id in B and x not in main.\"c\" or (x, y) in d"), "a b c d");
  EXPECT_EQ(read("select * from a where id in (1, ?)"), "a");
}

TEST(CachedStatement, ATableThatHasTheNameOfAnExpressionMayBeMeantInsideOfIt) {
  EXPECT_EQ(read("with t as (select * from t) select * from t"), "t");
  EXPECT_EQ(read("with t as (select * from t join u using (id)), v as (select 1) select * from t, v"), "u t");
  EXPECT_EQ(read("with recursive t as (select 1 union all select n + 1 from t) select * from t"), "");
  EXPECT_EQ(read("with t as (select * from pg_locks) select * from t"), "-");
}

TEST(CachedStatement, OnlySingleStatementsThatReadAreKept) {
  for (const std::string_view sql : {"insert into t values (1)",
                                     "insert into t values (1) returning id",
                                     "update t set a = 1",
                                     "delete from t",
                                     "with x as (delete from t returning *) select * from x",
                                     "select * into n from t",
                                     "select * from t for update",
                                     "select 1; select 2",
                                     "pragma table_info(t)",
                                     "pragma user_version",
                                     "explain select * from t",
                                     "show tables",
                                     "begin",
                                     "create table t(a)",
                                     "",
                                     "select 'a",
                                     "nonsense",
                                     "select /*+ strong */ * from t",
                                     "select * from U&\"d\\0061ta\"",
                                     "call p()",
                                     "select pg_sleep(1)"}) {
    EXPECT_EQ(read(sql), "-") << sql;
  }
}

TEST(CachedStatement, AWriteNamesItsTables) {
  EXPECT_EQ(written("insert into City(id) select id from other"), "city");
  EXPECT_EQ(written("insert or replace into \"main\".\"City\" values (1)"), "city");
  EXPECT_EQ(written("update city set a = 1 where id in (select id from t)"), "city");
  EXPECT_EQ(written("delete from app.city where id = ?1"), "city");
  EXPECT_EQ(written("with x as (delete from t returning *) insert into u select * from x"), "t u");
  EXPECT_EQ(written("insert into t values (1) returning id"), "t");
}

TEST(CachedStatement, AWriteThatIsNotUnderstoodWritesEverything) {
  for (const std::string_view sql :
       {"create view v as select * from city", "drop table city", "alter table city add b", "vacuum",
        "insert into t values (1); delete from u", "call p()", "truncate city", "pragma user_version = 3", "nonsense",
        "insert into U&\"d\\0061ta\" values (1)", "select * into n from t", "update t set a = 'x"}) {
    EXPECT_EQ(written(sql), "*") << sql;
  }
  EXPECT_EQ(written("pragma table_info(t)"), "") << "reads only";
}

TEST(CachedStatement, NamesThatPostgresqlCutsAreOne) {
  const std::string long_name(70, 'a');
  EXPECT_EQ(read("select * from " + long_name), written("delete from " + long_name.substr(0, 63)));
}

TEST(CachedStatement, TheTablesOfARequestAreReadFromItsBody) {
  const auto of = [](std::string_view body) { return names_of(workersql::detail::tables_written_by(body)); };
  EXPECT_EQ(of(R"J({"sql":"insert into \"t\" values (?)","params":[{"sql":"no"},"x"]})J"), "t");
  EXPECT_EQ(of(R"J({"batch":[{"sql":"insert into t values (1)"},{"sql":"delete from u","params":[]}]})J"), "t u");
  EXPECT_EQ(of(R"J({"queries":[{"sql":"delete from u"}],"transaction":true,"stopOnError":true})J"), "u");
  EXPECT_EQ(of(R"J({"sql":"create table a(b)"})J"), "*");
  EXPECT_EQ(of(R"J({"sql":)J"), "*");
  EXPECT_EQ(of(""), "*");
}

}  // namespace
