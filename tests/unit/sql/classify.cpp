#include <dovetail/sql/classify.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dt = dovetail;
using dt::dialect;
using dt::statement_class;
using dt::tri_state;

constexpr statement_class class_of(dialect d, std::string_view text) { return dt::classify(d, text).what; }
constexpr tri_state reads(dialect d, std::string_view text) { return dt::classify(d, text).read_only; }

/// The tables with a blank between them, those that are written with a '!'; a '?' at the end when there may be more.
std::string tables(dialect d, std::string_view text) {
  const dt::classification found = dt::classify(d, text);
  std::string names;
  for (std::size_t i = 0; i < found.table_count; ++i) {
    const dt::table_place& at = found.tables[i];
    if (i > 0) names += ' ';
    names += text.substr(at.begin, at.end - at.begin);
    if (at.is_written) names += '!';
  }
  if (!found.has_all_tables) names += '?';
  return names;
}

struct class_case {
  dialect language;
  std::string_view text;
  statement_class what;
  tri_state read_only;
};

constexpr class_case class_cases[] = {
    {dialect::sqlite, "select 1", statement_class::select, tri_state::yes},
    {dialect::postgres, "values (1), (2)", statement_class::select, tri_state::yes},
    {dialect::postgres, "table city", statement_class::select, tri_state::yes},
    {dialect::postgres, "(select 1) union (select 2)", statement_class::select, tri_state::yes},
    {dialect::postgres, "select * from t for update", statement_class::select, tri_state::no},
    {dialect::postgres, "select * from t for no key update", statement_class::select, tri_state::no},
    {dialect::postgres, "select substring(a from 2 for 3) from t", statement_class::select, tri_state::yes},
    {dialect::mysql, "select * from t lock in share mode", statement_class::select, tri_state::no},
    {dialect::postgres, "select * into n from t", statement_class::select, tri_state::no},
    {dialect::mysql, "select a into @v from t", statement_class::select, tri_state::yes},
    {dialect::mysql, "select a into u into @v from t", statement_class::select,
     tri_state::no},  // no statement, but a writing one
    {dialect::mysql, "select a into outfile '/f' from t", statement_class::select, tri_state::no},
    {dialect::postgres, "with x as (delete from t returning *) select * from x", statement_class::select,
     tri_state::no},
    {dialect::postgres, "with x as materialized (insert into t values (1) returning a) select a from x",
     statement_class::select, tri_state::no},
    {dialect::postgres, "with x as (select 1) update t set a = 1", statement_class::update, tri_state::no},
    {dialect::postgres, "with recursive x(n) as (select 1) select * from x", statement_class::select, tri_state::yes},
    {dialect::postgres, "with x as (select 1) search depth first by a set b select * from x", statement_class::select,
     tri_state::yes},
    {dialect::sqlite, "insert or replace into t values (1)", statement_class::insert, tri_state::no},
    {dialect::sqlite, "replace into t values (1)", statement_class::insert, tri_state::no},
    {dialect::sqlite, "DELETE FROM t", statement_class::remove, tri_state::no},
    {dialect::postgres, "merge into t using s on s.a = t.a when matched then delete", statement_class::merge,
     tri_state::no},
    {dialect::postgres, "explain delete from t", statement_class::remove, tri_state::yes},
    {dialect::postgres, "explain analyze delete from t", statement_class::remove, tri_state::no},
    {dialect::postgres, "explain (costs off, analyze) delete from t", statement_class::remove, tri_state::no},
    {dialect::postgres, "explain (\"analyze\") delete from t", statement_class::remove, tri_state::no},
    {dialect::postgres, "explain (\"analyse\" true) delete from t", statement_class::remove, tri_state::no},
    {dialect::postgres, "explain (U&\"\\0061nalyze\") delete from t", statement_class::remove, tri_state::no},
    {dialect::postgres, "explain (U&\"!0061nalyze\" uescape '!') delete from t", statement_class::remove,
     tri_state::no},
    {dialect::postgres, "explain (\"costs\" off) delete from t", statement_class::remove, tri_state::yes},
    {dialect::postgres, "explain analyze select 1", statement_class::select, tri_state::yes},
    {dialect::sqlite, "explain query plan select 1", statement_class::select, tri_state::yes},
    {dialect::mysql, "describe t", statement_class::show, tri_state::yes},
    {dialect::sqlite, "pragma table_info(t)", statement_class::show, tri_state::yes},
    {dialect::sqlite, "pragma main.user_version;", statement_class::show, tri_state::yes},
    {dialect::sqlite, "pragma user_version = 3", statement_class::setting, tri_state::no},
    {dialect::sqlite, "pragma journal_mode(off)", statement_class::setting, tri_state::no},
    {dialect::sqlite, "pragma optimize", statement_class::setting, tri_state::no},
    {dialect::postgres, "create materialized view v as select 1", statement_class::definition, tri_state::no},
    {dialect::postgres, "revoke all on t from bob", statement_class::rights, tri_state::no},
    {dialect::postgres, "begin isolation level serializable", statement_class::transaction, tri_state::unknown},
    {dialect::postgres, "prepare transaction 'x'", statement_class::transaction, tri_state::unknown},
    {dialect::postgres, "prepare x as select 1", statement_class::prepared, tri_state::unknown},
    {dialect::postgres, "set transaction read only", statement_class::transaction, tri_state::unknown},
    {dialect::mysql, "set autocommit = 0", statement_class::transaction, tri_state::unknown},
    {dialect::postgres, "set session role bob", statement_class::setting, tri_state::no},
    {dialect::mysql, "start replica", statement_class::administration, tri_state::no},
    {dialect::mysql, "start transaction", statement_class::transaction, tri_state::unknown},
    {dialect::postgres, "copy t to stdout", statement_class::copy, tri_state::unknown},
    {dialect::mysql, "load data infile 'f' into table t", statement_class::copy, tri_state::unknown},
    {dialect::postgres, "load 'library'", statement_class::administration, tri_state::no},
    {dialect::postgres, "call p(1)", statement_class::call, tri_state::unknown},
    {dialect::postgres, "do $$ begin end $$", statement_class::block, tri_state::no},
    {dialect::postgres, "listen news", statement_class::notification, tri_state::no},
    {dialect::postgres, "refresh materialized view v", statement_class::maintenance, tri_state::no},
    {dialect::sqlite, "attach 'f' as x", statement_class::attachment, tri_state::no},
    {dialect::mysql, "/*!50000 drop table t */", statement_class::definition, tri_state::no},
    {dialect::sqlite, "frobnicate", statement_class::unknown, tri_state::unknown},
    {dialect::sqlite, "12", statement_class::unknown, tri_state::unknown},
    {dialect::sqlite, "  -- nothing\n ;", statement_class::none, tri_state::unknown},
};

consteval bool all_class_cases_hold() {
  for (const class_case& each : class_cases) {
    if (class_of(each.language, each.text) != each.what || reads(each.language, each.text) != each.read_only)
      return false;
  }
  return true;
}
static_assert(all_class_cases_hold());

TEST(Classify, EachKindOfStatementIsToldByItsWords) {
  for (const class_case& each : class_cases) {
    EXPECT_EQ(dt::to_string(class_of(each.language, each.text)), dt::to_string(each.what)) << each.text;
    EXPECT_EQ(reads(each.language, each.text), each.read_only) << each.text;
  }
}

TEST(Classify, TablesOfAQueryAreFoundInEveryPlaceOfIt) {
  const auto pg = [](std::string_view text) { return tables(dialect::postgres, text); };
  EXPECT_EQ(pg("select * from a, b x join app.c y on a.id = y.id, d where a in (select z from e)"), "a b app.c d e");
  EXPECT_EQ(pg("select * from (a join b using (id)) left join c on true"), "a b c");
  EXPECT_EQ(pg("select * from ((select 1 from a) union select 2 from b) x"), "a b");
  EXPECT_EQ(pg("select (select max(n) from a), extract(year from d), trim(both 'x' from t) from b"), "a b");
  EXPECT_EQ(pg("select * from a where x is not distinct from y"), "a");
  EXPECT_EQ(pg("select 1 union all table a order by 1"), "a");
  EXPECT_EQ(pg("select * from only a, lateral (select * from b) x, generate_series(1, 2) g"), "a b");
  EXPECT_EQ(pg("select 1"), "");
}

// https://www.postgresql.org/docs/17/queries-table-expressions.html#QUERIES-TABLEFUNCTIONS
TEST(Classify, RowsFromFunctionsIsNoTable) {
  const auto pg = [](std::string_view text) { return tables(dialect::postgres, text); };
  EXPECT_EQ(pg("select * from rows from (f())"), "");
  EXPECT_EQ(pg("select * from ROWS /* c */ FROM (f()) x, b"), "b?") << "a name may go on behind a comment";
  EXPECT_EQ(pg("select * from rows from (f(), app.g(1, (select max(n) from d))) with ordinality as t(a, b), c"), "d c");
  EXPECT_EQ(pg("select * from a, rows from (json_to_recordset($1) as (n int, t text), h()) as t, b"), "a b");
  EXPECT_EQ(pg("select * from a left join lateral rows from (f(a.n)) as t on true join b on true"), "a b");
  EXPECT_EQ(pg("select * from (rows from (f()) x cross join a)"), "a");
  EXPECT_EQ(pg("update a set n = 1 from rows from (f()) x"), "a!");
  EXPECT_EQ(pg("delete from a using rows from (f()) x, b"), "a! b");
  EXPECT_EQ(pg("with x as (select * from rows from (f())) select * from x, rows"), "rows");
  EXPECT_EQ(pg("select * from rows, \"rows\" r, a"), "rows \"rows\" a") << "tables may be named so";
  EXPECT_EQ(pg("select * from rows from secret"), "secret") << "which the server does not take";
  EXPECT_EQ(pg("select * from rows from (secret)"), "secret") << "nor this";
  EXPECT_EQ(pg("delete from rows where n in (select 1 from b)"), "rows! b");
  EXPECT_EQ(pg("update rows set n = 1 from b"), "rows! b");
}

TEST(Classify, ATableBehindInIsOneOfSqlite) {
  const auto lite = [](std::string_view text) { return tables(dialect::sqlite, text); };
  EXPECT_EQ(lite("select 1 where ? in secret"), "secret");
  EXPECT_EQ(lite("select * from a where id not in main . b and x in \"c\""), "a main . b \"c\"");
  EXPECT_EQ(lite("select * from a where (x, y) in v limit 1"), "a v");
  EXPECT_EQ(lite("select 1 where 1 in 'secret'"), "'secret'") << "even so";
  EXPECT_EQ(lite("select 1 in [s t], b, ((2 in `u`)), max(3 in v) from d order by 1 in e, f"), "[s t] `u` v d e");
  EXPECT_EQ(lite("select * from a join b on a.x in c, d order by 1 in e"), "a b c d e");
  EXPECT_EQ(lite("delete from a where id in b returning id in c, d"), "a! b c");
  EXPECT_EQ(lite("update a set x = 1 in b, y = 2 where id in a"), "a! b");
  EXPECT_EQ(lite("insert into a select * from b where x in c"), "a! b c");
  EXPECT_EQ(lite("with b as (select 1) select 1 in b, 1 in main.b"), "main.b");
  EXPECT_EQ(lite("select 1 in /* \n */ b"), "b");
  EXPECT_EQ(lite("select 1 in main /* . */ . b"), "main /* . */ . b?");
  EXPECT_EQ(lite("select * from a where x in (1) and y in (select z from b) and z in (?, c)"), "a b");
  EXPECT_EQ(lite("select * from a where x in json_each(?)"), "a");
  EXPECT_TRUE(dt::classify(dialect::sqlite, "select * from a where x in f(?)").calls_functions);
  EXPECT_EQ(dt::classify(dialect::sqlite, "select * from t lock in share mode").read_only, tri_state::no);
  EXPECT_EQ(tables(dialect::postgres, "select position('a' in b) from t"), "t");
  EXPECT_EQ(tables(dialect::mysql, "select * from t lock in share mode"), "t");
}

TEST(Classify, TablesThatAreWrittenAreMarked) {
  EXPECT_EQ(tables(dialect::postgres, "insert into app.\"City\"(a, b) select a, b from s on conflict (a) do nothing"),
            "app.\"City\"! s");
  EXPECT_EQ(tables(dialect::postgres, "update only t as q set a = (select 1 from s) from r where q.id = r.id"),
            "t! s r");
  EXPECT_EQ(tables(dialect::postgres, "delete from t using u, v where true"), "t! u v");
  EXPECT_EQ(tables(dialect::postgres,
                   "merge into t using (select * from s) z on true when not matched then insert "
                   "values (1) when matched then update set a = 1"),
            "t! s");
  EXPECT_EQ(tables(dialect::mysql, "update a, b set a.x = 1"), "a! b!");
  EXPECT_EQ(tables(dialect::mysql, "insert ignore t set a = 1 on duplicate key update a = values(a)"), "t!");
  EXPECT_EQ(tables(dialect::postgres, "truncate table a, b"), "a! b!");
  EXPECT_EQ(tables(dialect::sqlite, "drop table if exists a"), "a!");
  EXPECT_EQ(tables(dialect::postgres, "with x as (insert into t(a) values (1) returning *) select * from x"), "t!");
}

TEST(Classify, ANameOfACommonTableExpressionHidesATableOnlyWhereItIsKnown) {
  EXPECT_EQ(tables(dialect::postgres, "with users as (select * from users) select * from users"), "users");
  EXPECT_EQ(tables(dialect::postgres, "with recursive users as (select * from users) select * from users, t"), "t");
  EXPECT_EQ(tables(dialect::postgres, "select * from (with u as (select 1) select * from u) x, u"), "u");
  EXPECT_EQ(tables(dialect::postgres, "with a as (select 1), b as (select * from a) select * from b, app.a"), "app.a");
  EXPECT_EQ(tables(dialect::postgres, "with \"A\" as (select 1) select * from a"), "a");
  EXPECT_EQ(tables(dialect::sqlite, "with t as (select 1 union all select n + 1 from t) select * from t"), "");
  EXPECT_EQ(tables(dialect::postgres, "with a as (with b as (select 1) select 1) select * from b"), "b");
  EXPECT_EQ(tables(dialect::postgres, "with a as (with b as (select 1) select * from b) select * from a"), "");
  EXPECT_EQ(tables(dialect::postgres, "with t as (select 1) delete from t"), "t!");
}

TEST(Classify, WhatItCannotKnowItSays) {
  EXPECT_EQ(tables(dialect::postgres, "select * from U&\"\\0063ity\""), "U&\"\\0063ity\"?");
  EXPECT_EQ(tables(dialect::postgres, "select * from app /* . */ . city"), "app /* . */ . city?");
  EXPECT_EQ(tables(dialect::postgres, "call p()"), "?");
  EXPECT_EQ(tables(dialect::postgres, "create table t as select * from s"), "t! s?");
  EXPECT_EQ(tables(dialect::sqlite, "select * from 'city'"), "'city'");
  std::string many = "select * from t0";
  for (int i = 1; i < 17; ++i) many += ", t" + std::to_string(i);
  EXPECT_FALSE(dt::classify(dialect::sqlite, many).has_all_tables);
  EXPECT_EQ(dt::classify(dialect::sqlite, many).table_count, 16);
  std::string deep = "select * from t where a in ";
  for (int i = 0; i < 40; ++i) deep += "(select ";
  deep += "1" + std::string(40, ')');
  EXPECT_FALSE(dt::classify(dialect::sqlite, deep).has_all_tables);
  EXPECT_EQ(dt::classify(dialect::sqlite, deep).read_only, tri_state::unknown);
}

struct table_case {
  dialect language;
  std::string_view text;
  std::string_view found;
};

// What a server reads is named, or it is said that there may be more.
constexpr table_case table_cases[] = {
    // labels of PostgreSQL that are spelt like clauses
    {dialect::postgres, "select id as from from secret", "secret"},
    {dialect::postgres, "select id join from secret", "secret"},
    {dialect::postgres, "select id as join from secret", "secret"},
    {dialect::postgres, "select id as table from secret", "secret"},
    {dialect::postgres, "select id as into from secret", "secret"},
    {dialect::postgres, "select id straight_join from secret", "secret"},
    {dialect::postgres, "select t.as from secret t", "secret"},
    {dialect::postgres, "select t.as as from from secret t", "from?"},
    {dialect::postgres, "select id as as from secret", "secret?"},
    {dialect::postgres, "select t.union table from secret t", "secret"},
    {dialect::postgres, "select t . is distinct from secret t", "?"},
    {dialect::postgres, "select a is distinct from b from secret", "secret"},
    {dialect::postgres, "select 1 from a union select id join from secret", "a secret"},
    {dialect::postgres, "insert into a select id join from secret", "a! secret"},
    {dialect::postgres, "insert into a select id table from secret", "a! secret"},
    {dialect::postgres, "update a set b = straight_join from secret", "a! secret"},
    {dialect::postgres, "select * from (select id join from secret) x", "secret"},
    // aliases that are spelt like clauses
    {dialect::postgres, "select * from city set, secret", "city?"},
    {dialect::postgres, "select * from city as set, secret", "city secret"},
    {dialect::postgres, "select * from city values, secret", "city?"},
    {dialect::postgres, "select * from city set join secret on true, d", "city secret d"},
    {dialect::postgres, "insert into a select * from city update, secret", "a! city secret"},
    {dialect::postgres, "update a set b = 1 from city set, secret", "a! city?"},
    {dialect::postgres, "update a as set set b = 1, c = 2 from secret", "a! secret"},
    {dialect::sqlite, "select * from city window, secret", "city?"},
    {dialect::sqlite, "select * from city as window, secret", "city secret"},
    {dialect::sqlite, "select * from city as offset, secret", "city secret"},
    {dialect::sqlite, "select * from city offset, secret", "city?"},
    {dialect::sqlite, "select * from city fetch, secret", "city?"},
    {dialect::sqlite, "select * from city for, secret", "city?"},
    {dialect::sqlite, "select * from city do, secret", "city?"},
    {dialect::sqlite, "select * from (city do, secret)", "city?"},
    {dialect::sqlite, "select * from a join b window on b.x = (1), secret", "a b?"},
    {dialect::sqlite, "select * from city join city c2 on case when 1 then 1 end, secret", "city secret"},
    {dialect::postgres, "select * from city join city c2 on case when true then true end, secret", "city secret"},
    {dialect::postgres, "select * from a join b on mode() within group (order by 1) = 1, secret", "a b secret"},
    {dialect::mysql, "select * from city returning, secret", "city?"},
    {dialect::mysql, "select * from city except, secret", "city?"},
    {dialect::mysql, "select * from city intersect, secret", "city?"},
    {dialect::mysql, "select * from city use index for order by (a), secret", "city?"},
    {dialect::mysql, "select * from city use index for group by (a), secret", "city?"},
    {dialect::mysql, "select * from city for system_time all, secret", "city?"},
    // a table that is a query
    {dialect::postgres, "select 1 union distinct table secret", "secret"},
    {dialect::postgres, "select 1 intersect distinct table secret", "secret"},
    {dialect::postgres, "select 1 except all table secret", "secret"},
    {dialect::postgres, "insert into city table secret", "city! secret"},
    {dialect::postgres, "insert into city (id) table secret", "city! secret"},
    {dialect::postgres, "insert into city overriding user value table secret", "city! secret"},
    {dialect::postgres, "insert into city as c table secret", "city! secret"},
    {dialect::postgres, "with a as (select 1) insert into city table secret", "city! secret"},
    {dialect::postgres, "insert into city with a as (table b) table secret", "city! b secret"},
    // names
    {dialect::sqlite, "select * from e'y'", "e"},
    {dialect::sqlite, "select * from n'y', b'z'", "n b"},
    {dialect::sqlite, "select * from only, secret", "only secret"},
    {dialect::sqlite, "select * from lateral secret", "lateral"},
    {dialect::mysql, "select * from app.1city", "app?"},
    {dialect::mysql, "select * from app.$city", "app.?"},
    {dialect::mysql, "select @from from secret", "secret"},
    {dialect::mysql, "select @as from secret", "secret"},
    {dialect::mysql, "select @1from from secret", "from?"},
    {dialect::mysql, "select $from from secret", "from?"},
    {dialect::mysql, "select @1as from secret", "?"},
    {dialect::mysql, "select * from city join b on @where, secret", "city b secret"},
    {dialect::mysql, "with X as (select 1) select * from x", "x"},
    {dialect::mysql, "with x as (select 1) select * from x", ""},
    // words that stand before a table's name, where they are the name
    {dialect::sqlite, "update temp x set a = 1", "temp!"},
    {dialect::sqlite, "update temp as x set a = 1", "temp!"},
    {dialect::postgres, "update temp x set a = 1", "temp!"},
    {dialect::postgres, "update temp set a = 1", "temp!"},
    {dialect::postgres, "update only temp x set a = 1", "temp!"},
    {dialect::sqlite, "update temp.x set a = 1", "temp.x!"},
    {dialect::sqlite, "update temporary x set a = 1", "temporary!"},
    {dialect::sqlite, "insert into temp(a) select 1 from x", "temp! x"},
    {dialect::sqlite, "insert into temp values (1)", "temp!"},
    {dialect::mysql, "update temp x set a = 1", "temp!"},
    {dialect::mysql, "update fail x set a = 1", "fail!"},
    {dialect::postgres, "insert into replace select 1", "replace!"},
    {dialect::postgres, "insert into exists values (1)", "exists!"},
    {dialect::postgres, "update ignore x set a = 1", "ignore!"},
    {dialect::postgres, "update low_priority x set a = 1", "low_priority!"},
    {dialect::sqlite, "update abort x set a = 1", "abort!"},
    {dialect::sqlite, "update or abort abort set a = 1", "abort!"},
    {dialect::sqlite, "update or replace replace set a = 1", "replace!"},
    {dialect::sqlite, "update rollback set a = 1", "rollback!"},
    {dialect::sqlite, "insert or rollback into delayed values (1)", "delayed!"},
    {dialect::sqlite, "update unlogged x set a = 1", "unlogged!"},
    {dialect::postgres, "merge into temp x using s on true when matched then delete", "temp! s"},
    {dialect::postgres, "truncate temp, x", "temp! x!"},
    {dialect::postgres, "truncate table if, x", "if! x!"},
    {dialect::postgres, "drop table if", "if!"},
    {dialect::postgres, "drop table if cascade", "if!"},
    {dialect::postgres, "drop table if, x", "if! x!"},
    {dialect::postgres, "drop table exists", "exists!"},
    {dialect::postgres, "drop table if exists if, exists", "if! exists!"},
    {dialect::postgres, "alter table if exists temp drop x", "temp!"},
    {dialect::sqlite, "alter table if rename to x", "if!"},
    {dialect::sqlite, "update if x set a = 1", "if!"},
    {dialect::postgres, "update if x set a = 1", "if!"},
    // and where they are not
    {dialect::sqlite, "insert or replace into t values (1)", "t!"},
    {dialect::sqlite, "update or ignore t set a = 1", "t!"},
    {dialect::mysql, "insert low_priority ignore into t values (1)", "t!"},
    {dialect::mysql, "insert high_priority t values (1)", "t!"},
    {dialect::mysql, "update low_priority ignore t, u set t.a = 1", "t! u!"},
    {dialect::mysql, "replace delayed into t values (1)", "t!"},
    {dialect::mysql, "drop temporary table if exists t", "t!"},
    {dialect::postgres, "select 1 into temp t from s", "t! s"},
    {dialect::postgres, "select 1 into temporary table t from s", "t! s"},
    {dialect::postgres, "select 1 into unlogged t from s", "t! s"},
    {dialect::sqlite, "create temp table if not exists t(a)", "t!?"},
    {dialect::postgres, "create table if not exists t as select * from s", "t! s?"},
    // names that may be any
    {dialect::postgres, "update U&\"a\" set b = 1", "U&\"a\"!?"},
    {dialect::postgres, "select * from a, (U&\"b\" join c on true)", "a U&\"b\" c?"},
    // ordinary ones: their commas bring no tables
    {dialect::postgres, "select a, b from t group by a, b order by a, b limit 1 offset 2", "t"},
    {dialect::postgres, "select a from t join u on f(t.a, u.b) and case when a then b end, v where x", "t u v"},
    {dialect::postgres, "select a from t window w as (order by a, b), v as (partition by a, c)", "t"},
    {dialect::sqlite, "select a from t window w as (order by a, b), v as (partition by a, c)", "t"},
    {dialect::mysql, "select a from t window w as (order by a, b), v as (partition by a, c)", "t"},
    {dialect::postgres, "select a from t, u for update of t, u", "t u"},
    {dialect::postgres, "select a from t, u for no key update of t, u", "t u"},
    {dialect::mysql, "select a from t, u for share of t, u skip locked", "t u"},
    {dialect::mysql, "select a from t limit 1, 2", "t"},
    {dialect::sqlite, "select a from t limit 1, 2", "t"},
    {dialect::mysql, "select a from t as x order by x.a, x.b", "t"},
    {dialect::mysql, "select straight_join a, b from t straight_join u", "t u"},
    {dialect::postgres, "select a from t offset 3 fetch first 2 rows only", "t"},
    {dialect::postgres, "insert into t values (1), (2) on conflict (a, b) do update set a = 1, b = 2 returning a, b",
     "t!"},
    {dialect::sqlite, "insert into t select * from s where true on conflict (a) do update set a = 1, b = 2", "t! s"},
    {dialect::postgres, "insert into t select * from s on conflict (a, b) do update set a = 1, b = 2", "t! s"},
    {dialect::mysql, "insert into t select * from s on duplicate key update a = 1, b = 2", "t! s"},
    {dialect::mysql, "insert into t set a = 1, b = 2", "t!"},
    {dialect::mysql, "update t, u set t.a = 1, u.b = 2", "t! u!"},
    {dialect::mysql, "update t join u on t.a = u.a set t.a = 1, u.b = 2", "t! u!"},
    {dialect::postgres, "update t set a = 1, b = 2 from u, v where true returning a, b", "t! u v"},
    {dialect::postgres, "delete from t using a, b where true", "t! a b"},
    {dialect::postgres, "delete from t returning a, b", "t!"},
    {dialect::sqlite, "delete from t returning a, b", "t!"},
    {dialect::postgres, "merge into t using s on true when matched then update set a = 1, b = 2", "t! s"},
    {dialect::postgres, "select a from t except values (1), (2)", "t"},
};

consteval bool no_table_is_missed() {
  for (const table_case& each : table_cases) {
    if (dt::classify(each.language, each.text).has_all_tables != (!each.found.ends_with('?'))) return false;
  }
  return true;
}
static_assert(no_table_is_missed());

TEST(Classify, LabelsAndAliasesThatAreSpeltLikeClausesHideNoTable) {
  for (const table_case& each : table_cases) EXPECT_EQ(tables(each.language, each.text), each.found) << each.text;
}

TEST(Classify, CallsOfFunctionsThatMayWriteAreNoted) {
  EXPECT_TRUE(dt::classify(dialect::postgres, "select nextval('s')").calls_functions);
  EXPECT_TRUE(dt::classify(dialect::postgres, "select \"sum\"(1)").calls_functions);
  EXPECT_FALSE(
      dt::classify(dialect::postgres, "select count(*), coalesce(a, 1) from t where b in (1)").calls_functions);
  EXPECT_FALSE(
      dt::classify(dialect::postgres, "insert into f(a) values (1) on conflict (a) do nothing").calls_functions);
}

TEST(Classify, ATriggersBodyIsOneStatementAndEndsWhereItEnds) {
  constexpr std::string_view trigger =
      "create trigger g after insert on t begin update u set x = case when 1 then 2 else 3 end; delete from v; end";
  static_assert(!dt::classify(dialect::sqlite, trigger).has_more);
  EXPECT_FALSE(dt::classify(dialect::sqlite, std::string{trigger} + ";").has_more);
  EXPECT_TRUE(dt::classify(dialect::sqlite, std::string{trigger} + "; drop table v").has_more);
  EXPECT_TRUE(dt::classify(dialect::sqlite, "alter table t add begin int; drop table v").has_more);
  EXPECT_FALSE(
      dt::classify(dialect::mysql, "create procedure p() begin if 1 then select 1; end if; select 2; end").has_more);
}

TEST(Classify, ANameThatIsSpeltLikeThePartOfABodyHidesNoSecondStatement) {
  constexpr std::string_view lite[] = {
      "create trigger begin after insert on t begin select 1; end; drop table v",
      "create trigger g after update of begin on t begin select 1; end; drop table v",
      "create trigger g after insert on begin begin select 1; end; drop table v",
      "create trigger g after insert on t when begin begin select begin; end; drop table v",
  };
  for (const std::string_view text : lite) EXPECT_TRUE(dt::classify(dialect::sqlite, text).has_more) << text;
  constexpr std::string_view pg[] = {
      "create function begin() returns int as 'x' language sql; drop table v",
      "create function s.begin() returns begin as 'x' language sql; drop table v",
      "create trigger begin after insert on begin execute function begin(); drop table v",
      "create function f() returns int begin atomic select 1 case; end; drop table v",
      "create function f() returns int begin atomic select 1 as case; select t.case from t; end; drop table v",
      "create function f() returns int begin atomic end; drop table v",
      "create procedure f(a int default 1) begin atomic select case when 1=1 then 2 end; select 3; end; drop table v",
  };
  for (const std::string_view text : pg) EXPECT_TRUE(dt::classify(dialect::postgres, text).has_more) << text;
  EXPECT_FALSE(dt::classify(dialect::postgres,
                            "create function f() returns int begin atomic select case when true then "
                            "case 1 when 1 then 2 end end as end; select 2 case; end;")
                   .has_more);
}

TEST(Classify, NamesOfTablesAreComparableAcrossQuotes) {
  EXPECT_EQ(dt::comparable_name(dialect::postgres, "App.City"), "app.city");
  EXPECT_EQ(dt::comparable_name(dialect::postgres, "app.\"Ci\"\"ty\""), "app.\"Ci\"\"ty\"");
  EXPECT_EQ(dt::comparable_name(dialect::postgres, "\"app.city\""), "\"app.city\"");
  const std::string longest(63, 'a');
  EXPECT_EQ(dt::comparable_name(dialect::postgres, "app." + longest + "bc"), "app." + longest);
  EXPECT_EQ(dt::comparable_name(dialect::postgres, "\"" + longest.substr(1) + "\u00e9\".t"), longest.substr(1) + ".t");
  EXPECT_EQ(dt::comparable_name(dialect::sqlite, longest + "bc"), longest + "bc");
  EXPECT_EQ(dt::comparable_name(dialect::sqlite, "[City]"), "city");
  EXPECT_EQ(dt::comparable_name(dialect::sqlite, "main . 'City'"), "main.city");
  EXPECT_EQ(dt::comparable_name(dialect::mysql, "`City`"), "City");
}

// Running programs read many tokens at once, constant expressions one by one.
TEST(Classify, NothingBehindTheStatementsEndIsHeldAgainstIt) {
  constexpr std::string_view text = "select a from t; select b from u /*!50000 where x */ union select 'abc";
  constexpr dt::classification constant = dt::classify(dialect::mysql, text);
  for (const dt::classification& found : {constant, dt::classify(dialect::mysql, std::string{text})}) {
    EXPECT_TRUE(found.has_more);
    EXPECT_EQ(found.more_at, 17u);
    EXPECT_FALSE(found.has_conditional_comment);
    EXPECT_FALSE(found.has_comment);
    EXPECT_FALSE(found.has_union);
    EXPECT_FALSE(found.problem);
  }
}

TEST(Classify, WordsAndTablesBehindManyTokensAreFoundWhereverTheyFall) {
  for (std::size_t padding = 0; padding < 150; ++padding) {
    for (const std::string_view filler : {"a", " ", ",b", ".c", "$", "1 ", "(a)", "\n--\n"}) {
      std::string text = "select /* c */ x";
      for (std::size_t i = 0; i < padding; ++i) text += filler;
      const std::size_t at = text.size() + 6;
      text += " from app.city where U&\"x\" = pg_sleep (1) for update";
      const dt::classification found = dt::classify(dialect::postgres, text);
      ASSERT_EQ(found.table_count, 1) << text;
      EXPECT_EQ(found.tables[0], (dt::table_place{static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + 8)}));
      EXPECT_EQ(text.substr(found.risk_at, found.risk_size), "pg_sleep") << text;
      EXPECT_TRUE(found.locks_rows) << text;
      EXPECT_TRUE(found.has_all_tables) << text;
      EXPECT_EQ(found.comment_at, 7u) << text;
    }
  }
}

}  // namespace
