// The WorkerSQL gateway in front of PostgreSQL: parameters, values, batches, failures, and who may only read.
#include <dovetail/client/workersql_gateway/database_of.hpp>
#include <dovetail/codec/workersql_gateway/socket_session.hpp>
#include <dovetail/postgres.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

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
  const auto refused = query(R"J({"sql":"select gateway_spend()"})J", permissions::read);
  EXPECT_NE(refused.status, 200u);
  EXPECT_TRUE(has(refused, R"J("sqlState":"25006")J")) << refused.body;
  EXPECT_EQ(query(R"J({"sql":"select pg_sleep(0)"})J", permissions::read).status, 403u);
  EXPECT_EQ(query(R"J({"sql":"select count(*) from gateway_city"})J", permissions::read).status, 200u);
  EXPECT_EQ(query(R"J({"sql":"select gateway_spend()"})J", permissions::write).status, 200u);
}

TEST_F(GatewayPostgres, AStatementIsStoppedWhenItsTimeIsOver) {
  const auto late = query(R"J({"sql":"select pg_sleep(20)","timeout":100})J");
  EXPECT_EQ(late.status, 504u);
  EXPECT_TRUE(has(late, R"J("code":"TIMEOUT_ERROR")J")) << late.body;
  EXPECT_EQ(query(R"J({"sql":"select 1"})J").status, 200u);
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
