// The WorkerSQL gateway in front of PostgreSQL: parameters, values, batches, failures, and who may only read.
#include <dovetail/client/workersql_gateway/database_of.hpp>
#include <dovetail/codec/workersql_gateway/socket_session.hpp>
#include <dovetail/postgres.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace dt = dovetail;
namespace serving = dt::workersql::serving;
using dt::test::postgres_server;
using dt::workersql::permissions;

struct GatewayPostgres : testing::Test {
  dt::postgres::client db{postgres_server::shared().socket_string("app", " maxConnections=4")};
  serving::database_of<dt::postgres::client&> behind{db};
  serving::execution_rules rules;

  GatewayPostgres() {
    db.script(
        "drop table if exists gateway_city;"
        "create table gateway_city(id int4 primary key, name text unique, area float8, price numeric(8,2), is_big bool,"
        " made date, data jsonb, bin bytea);"
        "create or replace function gateway_spend() returns int language plpgsql volatile as "
        "$$ begin insert into gateway_city(id) values (99); return 1; end $$");
  }
  serving::gateway_answer query(std::string_view body, permissions may = permissions::admin) {
    return serving::execute_query(behind, body, {"ann", "t", may}, rules, dt::deadline::after(60s));
  }
  serving::gateway_answer batch(std::string_view body) {
    return serving::execute_batch(behind, body, {"ann", "t", permissions::admin}, rules, dt::deadline::after(60s));
  }
};

bool has(const serving::gateway_answer& of, std::string_view part) { return of.body.find(part) != std::string::npos; }

TEST_F(GatewayPostgres, EveryKindOfParameterArrives) {
  const auto inserted = query(
      R"J({"sql":"insert into gateway_city values (?,?,?,?,?,?,?,?)","params":[1,"Bern",51.6,"9.90",true,"2025-01-02","{\"a\":[1]}",{"hex":"00ff"}]})J");
  EXPECT_TRUE(has(inserted, R"J("data":{"rows":[],"rowsAffected":1})J")) << inserted.body;
  const auto selected =
      query(R"J({"sql":"select * from gateway_city where id = $1 and name = $2","params":[1,"Bern"]})J");
  EXPECT_TRUE(has(
      selected,
      R"J({"id":1,"name":"Bern","area":51.6,"price":"9.90","is_big":true,"made":"2025-01-02","data":{"a": [1]},"bin":"AP8="})J"))
      << selected.body;
  const auto named =
      query(R"J({"sql":"select :a::int8 as a, :b::text as b","params":{"b":null,"a":9007199254740993}})J");
  EXPECT_TRUE(has(named, R"J("rows":[{"a":9007199254740993,"b":null}])J")) << named.body;
}

TEST_F(GatewayPostgres, ChangesThatGiveRowsGiveThem) {
  const auto answer = query(R"J({"sql":"insert into gateway_city(id) values (1),(2) returning id"})J");
  EXPECT_TRUE(has(answer, R"J("data":{"rows":[{"id":1},{"id":2}],"rowsAffected":2})J")) << answer.body;
}

TEST_F(GatewayPostgres, FailuresHaveTheServersFields) {
  query(R"J({"sql":"insert into gateway_city(id,name) values (1,'a')"})J");
  const auto twice = query(R"J({"sql":"insert into gateway_city(id,name) values (2,'a')"})J");
  EXPECT_EQ(twice.status, 400u);
  EXPECT_TRUE(has(twice, R"J("reason":"constraint","sqlState":"23505","constraint":"gateway_city_name_key")J"))
      << twice.body;
  const auto wrong = query(R"J({"sql":"select nothing from gateway_city"})J");
  EXPECT_EQ(wrong.status, 400u);
  EXPECT_TRUE(has(wrong, R"J("sqlState":"42703")J")) << wrong.body;
  EXPECT_EQ(query(R"J({"sql":"select ?::int8","params":[1,2]})J").status, 400u);
}

TEST_F(GatewayPostgres, ABatchIsOneTransaction) {
  const auto failed = batch(
      R"J({"batch":[{"sql":"insert into gateway_city(id) values (?)","params":[1]},{"sql":"insert into gateway_city(id) values (?)","params":[1]}]})J");
  EXPECT_EQ(failed.status, 400u);
  EXPECT_TRUE(has(failed, R"J("statement":1)J")) << failed.body;
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from gateway_city"), 0);
  const auto done = batch(
      R"J({"queries":[{"sql":"create table gateway_other(a int)"},{"sql":"insert into gateway_city(id) values (5)"},{"sql":"select id from gateway_city"},{"sql":"drop table gateway_other"}]})J");
  EXPECT_EQ(done.status, 200u);
  EXPECT_TRUE(has(done, R"J({"success":true,"data":[{"id":5}],"rowCount":1})J")) << done.body;
}

TEST_F(GatewayPostgres, WhoMayOnlyReadCannotWriteThroughAFunction) {
  EXPECT_EQ(query(R"J({"sql":"select gateway_spend()"})J", permissions::read).status, 403u);
  rules.reader_functions = {"gateway_spend"};
  const auto refused = query(R"J({"sql":"select gateway_spend()"})J", permissions::read);
  EXPECT_NE(refused.status, 200u);
  EXPECT_TRUE(has(refused, R"J("sqlState":"25006")J")) << refused.body;
  EXPECT_EQ(query(R"J({"sql":"select pg_sleep(0)"})J", permissions::read).status, 403u);
  EXPECT_EQ(query(R"J({"sql":"select count(*) from gateway_city"})J", permissions::read).status, 200u);
  EXPECT_EQ(query(R"J({"sql":"select gateway_spend()"})J", permissions::write).status, 200u);
}

TEST_F(GatewayPostgres, WhatAReadOnlyTransactionDoesNotForbidIsRefusedToReaders) {
  db.script("select lo_unlink(oid) from pg_largeobject_metadata where oid = 777001; select lo_create(777001)");
  const auto ask = [&](std::string sql) {
    std::string body = R"J({"sql":)J";
    EXPECT_TRUE(dt::json::encode(sql, body));
    return query(body + "}", permissions::read);
  };
  for (const std::string_view each : {
           R"(select lo_put(777001, 0, 'HACKED'))",
           R"(select lo_unlink(777001))",
           R"(select LO_Unlink /* a */ (777001))",
           R"(select "lo_unlink"(777001))",
           R"(select pg_catalog.lo_unlink(777001))",
           R"(select "pg_catalog"."lo_unlink"(777001))",
           R"(select postgres.pg_catalog.lo_unlink(777001))",
           R"(select U&"lo_unlin\006b"(777001))",
           R"(select U&"lo!_unlink" uescape '!' (777001))",
           R"(select (777001::oid).lo_unlink)",
           R"(select (777001::oid)."lo_unlink")",
           R"(select g.lo_unlink from unnest(array[777001::oid]) g)",
           R"(select g.lo_unlink + 1 from unnest(array[777001::oid]) g)",
           R"(select distinct on (1) lo_unlink(777001))",
           R"(select 1 operator(pg_catalog.+) lo_unlink(777001))",
           R"(select 1, lo_unlink(777001) as (x))",
           R"(with a as (select 1) (select 1) order by 1, lo_unlink(777001))",
           R"(with a as (select 1) select 1, lo_unlink(777001))",
           R"(select * from unnest(array[1]) with ordinality, lo_unlink(777001))",
           R"(select * from rows from (lo_unlink(777001)))",
           R"(select (array[1])[lo_unlink(777001)])",
           R"(explain analyze select lo_unlink(777001))",
           R"(values (lo_unlink(777001)))",
           R"(select lo_create(777002))",
           R"(select lo_from_bytea(777002, 'a'))",
           R"(select pg_switch_wal())",
           R"(select pg_create_physical_replication_slot('gateway_slot'))",
           R"(select pg_advisory_unlock_all())",
           R"(select setseed(0.5))",
           R"(select ts_stat('select lo_unlink(777001)'))",
           R"(select query_to_xml('select lo_unlink(777001)', true, true, ''))",
       }) {
    const auto told = ask(std::string{each});
    EXPECT_TRUE(told.status == 403 || told.status == 400) << each << told.body;
    EXPECT_FALSE(has(told, "sqlState")) << "it came to the database: " << each << told.body;
  }
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from pg_largeobject_metadata where oid = 777001"), 1);
  EXPECT_EQ(db.query_value<std::int64_t>("select length(lo_get(777001))"), 0);
  db.script("select lo_unlink(777001)");
}

TEST_F(GatewayPostgres, ReadersCallWhatOnlyComputes) {
  query(R"J({"sql":"insert into gateway_city(id,name,area,price,data) values (1,'Bern',51.6,9.9,'{\"a\":[1,2]}')"})J");
  rules.reader_functions = {"app.price", "gateway_tw*"};
  db.script("create or replace function gateway_twice(a int) returns int language sql immutable as 'select 2 * a'");
  for (
      const std::string_view each : {
          R"(select count(*), sum(id), min(name), max(area), avg(price), string_agg(name, ',' order by id) from gateway_city)",
          R"(select count(*) filter (where id > 0), percentile_cont(0.5) within group (order by area) from gateway_city)",
          R"(select row_number() over (order by id), lag(id, 1) over w from gateway_city window w as (partition by name))",
          R"(select lower(name), UPPER(name), "substring"(name, 1, 2), pg_catalog.length(name) from gateway_city)",
          R"(select substring(name from (1) for (2)), position('e' in name), trim(both 'B' from name), overlay(name placing 'x' from 1) from gateway_city)",
          R"(select coalesce(null, 1), nullif(1, 2), greatest(1, 2), least(1, 2))",
          R"(select now(), current_timestamp(3), date_trunc('day', now()), extract(year from now()), age(now()), to_char(now(), 'YYYY'))",
          R"(select date '2025-01-02' + interval '1 day', make_date(2025, 1, 2), (date '2025-01-02', date '2025-01-03') overlaps (date '2025-01-02', date '2025-01-04'))",
          R"(select data->'a', jsonb_array_length(data->'a'), jsonb_build_object('a', 1), to_jsonb(name), json_agg(name) over () from gateway_city)",
          R"(select * from jsonb_array_elements('[1,2]') as e(v), generate_series(1, 3) g(x))",
          R"(select * from unnest(array[1,2], array['a','b']) with ordinality as t(a, b, c))",
          R"(select * from (values (1, 'a'), (2, 'b')) v(a, b))",
          R"(select * from jsonb_to_record('{"a":1}') as t(a int, b numeric(8,2)))",
          R"(with recursive t(n) as (values (1) union all select n + 1 from t where n < 5), u(a) as (select n from t) select sum(a) from u)",
          R"(with a as materialized (select 1 as x), b(y) as (select x from a) (select y from b) union all (select 2))",
          R"(select cast(price as numeric(10, 1)), price::numeric(10, 1), name::varchar(2), name::character varying(3) from gateway_city)",
          R"(select abs(-1), round(1.5, 1), floor(1.5), ceil(1.5), power(2, 3), sqrt(4), mod(5, 3), random() < 2, md5('a'), encode(sha256('a'), 'hex'))",
          R"(select array_agg(id), array_length(array[1,2], 1), array(select 1), 1 = any(array[1]), 1 in (1, 2), exists (select 1) from gateway_city)",
          R"(select regexp_replace(name, 'e', 'a'), split_part(name, 'e', 1), format('%s', name), left(name, 1), right(name, 1), repeat('a', 3) from gateway_city)",
          R"(select name, count(*) from gateway_city group by grouping sets ((name), ()) having count(*) > 0)",
          R"(select c.id, c.name from gateway_city as c join gateway_city as d using (id) where (c.id, d.id) in ((1, 1)) order by (c.id) limit (1) offset (0))",
          R"(select 1 operator(pg_catalog.+) 2, case when (true) then (1) else (2) end, not (true))",
          R"(select distinct on (id) id, lower(name) from gateway_city)",
          R"(explain (costs off) select count(*) from gateway_city)",
          R"(select pg_typeof(1), pg_size_pretty(pg_relation_size('gateway_city')), current_setting('server_version'), version())",
          R"(select gateway_twice(2))",
          R"(select to_tsvector('simple', name) @@ to_tsquery('simple', 'bern') from gateway_city)",
      }) {
    std::string body = R"J({"sql":)J";
    EXPECT_TRUE(dt::json::encode(each, body));
    const auto told = query(body + "}", permissions::read);
    EXPECT_EQ(told.status, 200u) << each << told.body;
  }
  EXPECT_EQ(query(R"J({"sql":"select app.lower(name) from gateway_city"})J", permissions::read).status, 403u)
      << "a schema's own function of that name";
  const auto listed = query(R"J({"sql":"select app.price(1)"})J", permissions::read);
  EXPECT_TRUE(has(listed, "sqlState")) << "it may be called, and does not exist" << listed.body;
}

TEST_F(GatewayPostgres, AStatementIsStoppedWhenItsTimeIsOver) {
  const auto late = query(R"J({"sql":"select pg_sleep(20)","timeout":100})J");
  EXPECT_EQ(late.status, 504u);
  EXPECT_TRUE(has(late, R"J("code":"TIMEOUT_ERROR")J")) << late.body;
  EXPECT_EQ(query(R"J({"sql":"select 1"})J").status, 200u);
}

TEST_F(GatewayPostgres, AStatementIsStoppedWhenNobodyWaitsForIt) {
  const auto stop = [&](serving::interruption& until) {
    for (int i = 0; i < 12000; ++i) {  // at most a minute
      if (db.query_value<bool>("select exists (select 1 from pg_stat_activity where state = 'active' and"
                               " query like '%pg_sleep(600)%' and pid <> pg_backend_pid())")) {
        break;
      }
      std::this_thread::sleep_for(5ms);
    }
    until.request();
    while (until.tell()) std::this_thread::sleep_for(5ms);
  };
  for (const bool is_kept : {false, true}) {  // on its own, and in a transaction
    serving::interruption until;
    serving::gateway_answer told;
    std::thread running{[&] {
      told = serving::execute_query(
          behind, R"J({"sql":"insert into gateway_city(id) select 7 from (select pg_sleep(600)) as a"})J",
          {"ann", "t", permissions::admin}, rules, dt::deadline::after(300s), {.until = &until, .is_kept = is_kept});
    }};
    stop(until);
    running.join();
    EXPECT_EQ(told.status, 504u) << told.body;
    EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from gateway_city"), 0);
    for (int i = 0; i < 8; ++i) EXPECT_EQ(query(R"J({"sql":"select 1"})J").status, 200u);
  }
}

TEST_F(GatewayPostgres, AChangeUnderAKeyIsDoneOnceWhoeverIsAsked) {
  db.script("drop table if exists dovetail_idempotency");
  dt::postgres::client second_db{postgres_server::shared().socket_string("app", " maxConnections=4")};
  serving::database_of<dt::postgres::client&> second{second_db};
  const auto change = [&](serving::database& on, int key, std::int64_t now = 1000) {
    const std::string id = "k" + std::to_string(key);
    std::string body = R"J({"sql":"insert into gateway_city(id) values (?) returning id","params":[)J";
    body.append(std::to_string(key)).append("]}");
    const serving::request_extras with{.is_kept = true, .key = id, .identity = body, .now = now, .keep = 300s};
    return serving::execute_query(on, body, {"ann", "t", permissions::write}, rules, dt::deadline::after(60s), with);
  };
  std::atomic<int> replays{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back([&, i] {
      for (int key = 0; key < 10; ++key) {
        const auto told = change(i % 2 == 0 ? behind : second, key);
        EXPECT_EQ(told.status, 200u) << told.body;
        EXPECT_TRUE(has(told, R"J("rows":[{"id":)J" + std::to_string(key) + "}]")) << told.body;
        if (told.is_replayed) ++replays;
      }
    });
  }
  for (std::thread& each : clients) each.join();
  EXPECT_EQ(replays, 50);
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from gateway_city"), 10);
  EXPECT_EQ(change(behind, 3, 1299).status, 200u);
  EXPECT_EQ(change(behind, 3, 1300).status, 400u) << "forgotten: it is executed, and there is such a city";
  db.script("drop table dovetail_idempotency");
}

TEST_F(GatewayPostgres, MessagesMakeATransaction) {
  std::atomic<std::size_t> open{0};
  serving::socket_session session{behind, {"ann", "t", permissions::write}, rules, open, 1};
  const auto say = [&](std::string_view text) { return session.handle(text, dt::deadline::after(60s)); };
  say(R"J({"type":"begin","id":"1"})J");
  say(R"J({"type":"query","id":"2","sql":"insert into gateway_city(id) values (?)","params":[7]})J");
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from gateway_city"), 0);
  EXPECT_EQ(say(R"J({"type":"commit","id":"3"})J"),
            R"J({"id":"3","type":"response","data":{"transactionId":"tx_1"}})J");
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from gateway_city"), 1);
}

TEST_F(GatewayPostgres, RowsThatAreTooManyUndoWhatAFunctionHasWritten) {
  rules.results.rows = 2;
  const auto refused =
      query(R"J({"sql":"select gateway_spend() union all select 2 union all select 3"})J", permissions::write);
  EXPECT_EQ(refused.status, 413u) << refused.body;
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from gateway_city"), 0);
}

TEST_F(GatewayPostgres, InATransactionOnlyTheStatementIsUndoneWhoseRowsAreTooMany) {
  rules.results.rows = 2;
  std::atomic<std::size_t> open{0};
  serving::socket_session session{behind, {"ann", "t", permissions::write}, rules, open, 1};
  const auto say = [&](std::string_view text) { return session.handle(text, dt::deadline::after(60s)); };
  say(R"J({"type":"begin","id":"1"})J");
  say(R"J({"type":"query","id":"2","sql":"insert into gateway_city(id) values (7)"})J");
  const std::string refused =
      say(R"J({"type":"query","id":"3","sql":"insert into gateway_city(id) values (1),(2),(3) returning id"})J");
  EXPECT_NE(refused.find(R"J("type":"error")J"), std::string::npos) << refused;
  EXPECT_NE(say(R"J({"type":"commit","id":"4"})J").find(R"J("type":"response")J"), std::string::npos);
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from gateway_city"), 1);
}

}  // namespace
