// What a gateway makes of bodies, permissions and results, against a database that only remembers.
#include <dovetail/codec/workersql_gateway/execute.hpp>

#include <dovetail/codec/workersql_gateway/idempotency.hpp>
#include <dovetail/codec/workersql_gateway/rate_limit.hpp>
#include <dovetail/codec/workersql_gateway/socket_session.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace dt = dovetail;
namespace serving = dt::workersql::serving;
using dt::workersql::permissions;
using serving::statement;
using serving::statement_result;

class fake_transaction;

class fake_database final : public serving::database {
 public:
  dt::dialect speaks() const noexcept override { return language; }
  dt::result<statement_result> run(const statement& what, const serving::result_limits&, dt::deadline) override {
    ran.push_back(what);
    if (what.sql.find("boom") != std::string::npos) return dt::error_info{failure, "boom"};
    return next;
  }
  dt::result<std::vector<statement_result>> run_all(const std::vector<statement>& all,
                                                    const serving::result_limits& limits, dt::deadline by,
                                                    std::size_t& failed) override {
    dt::result<std::vector<statement_result>> done{std::vector<statement_result>{}};
    for (std::size_t i = 0; i < all.size(); ++i) {
      failed = i;
      auto one = run(all[i], limits, by);
      if (!one) return one.error();
      done->push_back(*one);
    }
    ++transactions;
    return done;
  }
  dt::result<std::unique_ptr<serving::transaction>> begin(bool, dt::deadline) override;
  dt::result<void> ping(dt::deadline) override { return {}; }
  serving::database_load load() const noexcept override { return {}; }

  dt::dialect language = dt::dialect::sqlite;
  statement_result next;
  std::vector<statement> ran;
  dt::errc failure = dt::errc::no_row;
  int transactions = 0;
  std::string ends;
};

class fake_transaction final : public serving::transaction {
 public:
  explicit fake_transaction(fake_database& of) : of_(&of) {}
  ~fake_transaction() override {
    if (!is_committed_) of_->ends += "rollback;";
  }
  dt::result<statement_result> run(const statement& what, const serving::result_limits& limits,
                                   dt::deadline by) override {
    return of_->run(what, limits, by);
  }
  dt::result<void> commit(dt::deadline) override {
    is_committed_ = true;
    of_->ends += "commit;";
    return {};
  }

 private:
  fake_database* of_;
  bool is_committed_ = false;
};

dt::result<std::unique_ptr<serving::transaction>> fake_database::begin(bool, dt::deadline) {
  return std::unique_ptr<serving::transaction>{std::make_unique<fake_transaction>(*this)};
}

struct Gateway : testing::Test {
  fake_database db;
  serving::principal who{"ann", "t", permissions::admin};
  serving::execution_rules rules;

  serving::gateway_answer query(std::string_view body) {
    return serving::execute_query(db, body, who, rules, dt::deadline::never());
  }
  serving::gateway_answer batch(std::string_view body) {
    return serving::execute_batch(db, body, who, rules, dt::deadline::never());
  }
};

using GatewayExecute = Gateway;
using GatewaySession = Gateway;

bool has(const serving::gateway_answer& of, std::string_view part) { return of.body.find(part) != std::string::npos; }

dt::row make_row(std::vector<std::string> names, std::vector<dt::row_value> values) {
  auto columns = std::make_shared<std::vector<dt::row_column>>();
  for (std::string& each : names) columns->push_back({std::move(each), {}});
  return dt::row{std::move(columns), std::move(values)};
}
dt::row_value integer(std::int64_t value) {
  dt::row_value made;
  made.set_integer(value);
  return made;
}
dt::row_value text(dt::field_kind kind, std::string_view value) {
  dt::row_value made;
  made.set_text(kind, value);
  return made;
}
dt::row_value real(double value) {
  dt::row_value made;
  made.set_real(value);
  return made;
}

TEST_F(GatewayExecute, ParametersTakeTheirTypesFromTheJson) {
  EXPECT_EQ(query(R"J({"sql":"select ?,?,?,?,?,?,?,?","params":[1,-9223372036854775808,2.0,1e2,"é\u0000",true,null,
      {"hex":"00ff"}],"cache":null,"timeout":5000})J")
                .status,
            200u);
  ASSERT_EQ(db.ran.size(), 1u);
  const auto& values = db.ran[0].values;
  ASSERT_EQ(values.size(), 8u);
  EXPECT_EQ(std::get<std::int64_t>(values[0]), 1);
  EXPECT_EQ(std::get<std::int64_t>(values[1]), INT64_MIN);
  EXPECT_EQ(std::get<double>(values[2]), 2.0);
  EXPECT_EQ(std::get<double>(values[3]), 100.0);
  EXPECT_EQ(std::get<std::string>(values[4]), std::string_view("\xC3\xA9\0", 3));
  EXPECT_TRUE(std::get<bool>(values[5]));
  EXPECT_EQ(values[6].index(), 0u);
  EXPECT_EQ(std::get<std::vector<std::byte>>(values[7]), (std::vector{std::byte{0}, std::byte{255}}));
}

TEST_F(GatewayExecute, ParametersOfAnObjectAreNamed) {
  EXPECT_EQ(query(R"J({"sql":"select :a","params":{"a":{"base64":"AP8="}}})J").status, 200u);
  EXPECT_EQ(db.ran[0].names, std::vector<std::string>{"a"});
  EXPECT_EQ(std::get<std::vector<std::byte>>(db.ran[0].values[0]).size(), 2u);
}

TEST_F(GatewayExecute, NamesByTheThousandsAreNotEachComparedWithEach) {
  std::string body = R"J({"sql":"select :n0","params":{"n0":1)J";
  for (int i = 1; i < 80'000; ++i) body.append(",\"n").append(std::to_string(i)).append("\":1");
  const auto began = dt::clock::now();
  EXPECT_EQ(query(body + "}}").status, 200u);
  ASSERT_EQ(db.ran.size(), 1u);
  EXPECT_EQ(db.ran[0].names.size(), 80'000u);
  EXPECT_EQ(db.ran[0].names.back(), "n79999");
  const auto twice = query(body + R"J(,"n0":2}})J");
  EXPECT_EQ(twice.status, 400u);
  EXPECT_TRUE(has(twice, "params has a name twice")) << twice.body;
  EXPECT_LT(dt::clock::now() - began, 20s);  // minutes, if they were
}

TEST_F(GatewayExecute, ABodyThatIsNotAStatementIsRefusedBeforeTheDatabaseSeesIt) {
  for (const std::string_view body : {"",
                                      "{",
                                      "[]",
                                      "null",
                                      R"J({"query":"SELECT 1"})J",
                                      R"J({"sql":)J",
                                      R"J({"sql":""})J",
                                      R"J({"sql":" \n"})J",
                                      R"J({"sql":7})J",
                                      R"J({"sql":"select 1"} x)J",
                                      R"J({"sql":"select 1","sql":"select 2"})J",
                                      R"J({"sql":"select ?","params":"x"})J",
                                      R"J({"sql":"select ?","params":[[1]]})J",
                                      R"J({"sql":"select ?","params":[{"a":1}]})J",
                                      R"J({"sql":"select ?","params":[9223372036854775808]})J",
                                      R"J({"sql":"select ?","params":[1e999]})J",
                                      R"J({"sql":"select ?","params":[{"hex":"0"}]})J",
                                      R"J({"sql":"select ?","params":[{"base64":"AP8"}]})J",
                                      R"J({"sql":"select 1","timeout":0})J",
                                      R"J({"sql":"select 1","timeout":300001})J",
                                      R"J({"sql":"select 1","transactionId":"t"})J",
                                      R"J({"sql":"select :a","params":{"a":1,"a":2}})J"}) {
    const auto answer = query(body);
    EXPECT_EQ(answer.status, 400u) << body;
    EXPECT_TRUE(has(answer, R"J({"success":false,"error":{"code":"INVALID_QUERY","message":")J")) << answer.body;
  }
  EXPECT_TRUE(db.ran.empty());
}

TEST_F(GatewayExecute, SeveralStatementsAndTransactionsAreRefusedToEverybody) {
  for (const std::string_view body :
       {R"J({"sql":"select 1; drop table t"})J", R"J({"sql":"begin"})J", R"J({"sql":"commit"})J",
        R"J({"sql":"savepoint a"})J", R"J({"sql":"-- nothing"})J", R"J({"sql":"select 'a"})J"}) {
    EXPECT_EQ(query(body).status, 400u) << body;
  }
  EXPECT_EQ(query(R"J({"sql":"select 'x; drop y';"})J").status, 200u) << "a semicolon in a text is no end";
  EXPECT_EQ(db.ran.size(), 1u);
}

TEST_F(GatewayExecute, WhatChangesTheSharedConnectionNeedsAnOption) {
  struct expected {
    dt::dialect language;
    std::string_view sql;
    bool stays;
  };
  using enum dt::dialect;
  const expected all[] = {{sqlite, "pragma foreign_keys=0", true},
                          {sqlite, "attach 'x' as y", true},
                          {sqlite, "detach y", true},
                          {sqlite, "create /* a */ temp table t(a)", true},
                          {sqlite, "CREATE TEMPORARY VIEW v as select 1", true},
                          {sqlite, "create table if not exists temp.t(a)", true},
                          {sqlite, "create table temp(temp int)", false},
                          {sqlite, "create table t as select 1 as a", false},
                          {sqlite, "pragma table_info(t)", false},
                          {sqlite, "vacuum", false},
                          {postgres, "set search_path = x", true},
                          {postgres, "reset all", true},
                          {postgres, "set local search_path = x", false},
                          {postgres, "create local temp table t(a int)", true},
                          {postgres, "select 1 as a into temp t", true},
                          {postgres, "select 1 as a into t", false},
                          {postgres, "prepare p as select 1", true},
                          {postgres, "listen a", true},
                          {postgres, "notify a", false},
                          {postgres, "create table pg_temp.t(a int)", true},
                          {sqlite, R"(create table \"temp\".users(a))", true},
                          {sqlite, "create table [TEMP] . t(a)", true},
                          {sqlite, "create table 'temp'.t(a)", true},
                          {sqlite, "create table `temp`.t(a)", true},
                          {sqlite, R"(create view \"temp\".v as select 1)", true},
                          {sqlite, R"(create trigger \"temp\".r after insert on x begin select 1; end)", true},
                          {sqlite, "create virtual table [temp].f using fts5(a)", true},
                          {sqlite, R"(create table \"temp\"(\"temp\" int default 'temp'))", false},
                          {sqlite, R"(insert into \"temp\".t values(1))", false},
                          {postgres, R"(create table \"pg_temp\".t(a int))", true},
                          {postgres, R"(create table U&\"pg\\005ftemp\".t(a int))", true},
                          {postgres, R"(create table U&\"pg!005ftemp\" uescape '!'.t(a int))", true},
                          {postgres, R"(select 1 as a into \"pg_temp\".t)", true},
                          {postgres, "create table pg_temp_3.t(a int)", true},
                          {postgres, R"(create function \"pg_temp\".f() returns int language sql as 'select 2')", true},
                          {postgres, R"(alter table \"pg_temp\".t add b int)", true},
                          {postgres, R"(import foreign schema a from server b into \"pg_temp_3\")", true},
                          {postgres, "create table pg_temporal(pg_temp int, temp_a int)", false},
                          {postgres, R"(create table U&\"t\\0061\"(a int))", false},
                          {postgres, "declare c cursor with hold for select 1", true},
                          {postgres, "close c", true},
                          {postgres, "load 'x'", true}};
  for (const expected& each : all) {
    db.language = each.language;
    std::string body{R"J({"sql":")J"};
    body.append(each.sql).append("\"}");
    rules.allows_connection_changes = false;
    const auto answer = query(body);
    EXPECT_EQ(answer.status, each.stays ? 400u : 200u) << each.sql << answer.body;
    rules.allows_connection_changes = true;
    EXPECT_EQ(query(body).status, 200u) << each.sql;
  }
}

TEST_F(GatewayExecute, PermissionsAreThoseOfTheStatementsClass) {
  rules.allows_connection_changes = true;
  struct expected {
    std::string_view sql;
    permissions needed;
  };
  const expected all[] = {{"select 1", permissions::read},
                          {"explain select 1", permissions::read},
                          {"pragma table_info(t)", permissions::read},
                          {"with a as (select 1) select * from a", permissions::read},
                          {"insert into t values(1)", permissions::write},
                          {"WITH a AS (SELECT 1) DELETE FROM t", permissions::write},
                          {"replace into t values(1)", permissions::write},
                          {"create table t(a)", permissions::admin},
                          {"drop table t", permissions::admin},
                          {"pragma journal_mode=wal", permissions::admin},
                          {"attach 'x' as y", permissions::admin},
                          {"select load_extension('x')", permissions::admin},
                          {"vacuum", permissions::admin}};
  for (const expected& each : all) {
    for (const permissions may : {permissions::none, permissions::read, permissions::write, permissions::admin}) {
      who.may = may;
      std::string body{R"J({"sql":")J"};
      body.append(each.sql).append("\"}");
      EXPECT_EQ(query(body).status, may >= each.needed ? 200u : 403u) << each.sql << ' ' << to_string(may);
    }
  }
}

TEST_F(GatewayExecute, WhoMayOnlyReadRunsEverythingWithoutWriting) {
  db.language = dt::dialect::postgres;
  who.may = permissions::read;
  EXPECT_EQ(query(R"J({"sql":"select spend(1)"})J").status, 403u) << "nobody has said that readers may";
  rules.reader_functions = {"spend"};
  EXPECT_EQ(query(R"J({"sql":"select spend(1)"})J").status, 200u);
  EXPECT_EQ(query(R"J({"sql":"select * from view_of_functions"})J").status, 200u);
  who.may = permissions::write;
  EXPECT_EQ(query(R"J({"sql":"select spend(1)"})J").status, 200u);
  EXPECT_TRUE(db.ran[0].must_not_write);
  EXPECT_TRUE(db.ran[1].must_not_write);
  EXPECT_FALSE(db.ran[2].must_not_write);
}

TEST_F(GatewayExecute, AChangeWhoseAnswerIsKeptRunsSoThatAFailureIsCertain) {
  const auto keyed = [&](std::string_view body) {
    return serving::execute_query(db, body, who, rules, dt::deadline::never(), {.is_kept = true});
  };
  EXPECT_EQ(keyed(R"J({"sql":"delete from t"})J").status, 200u);
  EXPECT_EQ(keyed(R"J({"sql":"select 1"})J").status, 200u);
  EXPECT_EQ(keyed(R"J({"sql":"vacuum"})J").status, 200u);
  EXPECT_EQ(query(R"J({"sql":"delete from t"})J").status, 200u);
  ASSERT_EQ(db.ran.size(), 4u);
  EXPECT_TRUE(db.ran[0].needs_certainty);
  EXPECT_FALSE(db.ran[1].needs_certainty);
  EXPECT_FALSE(db.ran[2].needs_certainty) << "it cannot run in a transaction";
  EXPECT_FALSE(db.ran[3].needs_certainty);
  db.failure = dt::errc::deadline_passed;
  EXPECT_FALSE(keyed(R"J({"sql":"delete from boom"})J").is_final) << "it was rolled back: it can be tried again";
  EXPECT_TRUE(keyed(R"J({"sql":"drop table boom"})J").is_final) << "it may have happened: it must not run again";
  db.failure = dt::errc::commit_unknown;
  EXPECT_TRUE(keyed(R"J({"sql":"delete from boom"})J").is_final);
}

// A client that hangs up must not leave an answer under its key that says less than what the repeated request would do.
TEST_F(GatewayExecute, WhatIsKeptIsNotInterruptedWhereItWouldBeHalfDone) {
  serving::interruption until;
  const serving::request_extras with{.until = &until, .is_kept = true};
  const auto is_interruptible = [&](std::string_view body, bool is_batch, const serving::request_extras& how) {
    db.ran.clear();
    const auto answer = is_batch ? serving::execute_batch(db, body, who, rules, dt::deadline::never(), how)
                                 : serving::execute_query(db, body, who, rules, dt::deadline::never(), how);
    EXPECT_EQ(answer.status, 200u) << body;
    for (const statement& each : db.ran) EXPECT_EQ(each.until, db.ran.front().until) << body;
    return !db.ran.empty() && db.ran.front().until == &until;
  };
  constexpr std::string_view apart =
      R"J({"queries":[{"sql":"select 1"},{"sql":"delete from t"}],"transaction":false})J";
  EXPECT_FALSE(is_interruptible(apart, true, with));
  EXPECT_TRUE(is_interruptible(apart, true, {.until = &until})) << "nothing is kept";
  EXPECT_TRUE(is_interruptible(R"J({"queries":[{"sql":"delete from t"}]})J", true, with)) << "it is rolled back";
  EXPECT_TRUE(is_interruptible(R"J({"queries":[{"sql":"select 1"}],"transaction":false})J", true, with));
  EXPECT_FALSE(is_interruptible(R"J({"sql":"create table t as select 1 as a"})J", false, with));
  EXPECT_TRUE(is_interruptible(R"J({"sql":"create table t as select 1 as a"})J", false, {.until = &until}));
  EXPECT_TRUE(is_interruptible(R"J({"sql":"delete from t"})J", false, with));
  EXPECT_TRUE(is_interruptible(R"J({"sql":"select 1"})J", false, with));
}

TEST_F(GatewayExecute, ACancelledAnswerIsNotFinalWhereNothingWasDone) {
  serving::interruption until;
  const serving::request_extras with{.until = &until, .is_kept = true};
  db.failure = dt::errc::cancelled;
  const auto is_final = [&](std::string_view body) {
    return serving::execute_query(db, body, who, rules, dt::deadline::never(), with).is_final;
  };
  EXPECT_FALSE(is_final(R"J({"sql":"create table boom(a int)"})J"));
  EXPECT_FALSE(is_final(R"J({"sql":"vacuum boom"})J"));
  EXPECT_FALSE(is_final(R"J({"sql":"delete from boom"})J"));
  db.language = dt::dialect::postgres;
  EXPECT_TRUE(is_final(R"J({"sql":"call boom()"})J")) << "it may have committed before";
  EXPECT_TRUE(is_final(R"J({"sql":"do 'boom'"})J"));
  until.request();
  constexpr std::string_view reads = R"J({"queries":[{"sql":"select boom"}],"transaction":false})J";
  EXPECT_FALSE(serving::execute_batch(db, reads, who, rules, dt::deadline::never(), with).is_final)
      << "who waits for the same answer is not told that it was cancelled";
}

TEST(GatewayReaders, AWordOfTheGrammarIsNoCallOnlyWhereTheGrammarHasIt) {
  const std::vector<std::string> none;
  for (const std::string_view text :
       {"select system('x')",
        "select bernoulli('x')",
        "select * from system('x')",
        "select first(a) from t",
        "select next(1)",
        "select 1, content('x')",
        "select document('x')",
        "select columns(1)",
        "select second(1)",
        "select passing(1)",
        "select repeatable('x')",
        "select over('x')",
        "select filter('x')",
        "select escape('x')",
        "select by('x')",
        "select a + sets('x')",
        "select cube('x')",
        "select rollup('x') from t group by a",
        "select 1 where materialized('x')",
        "select zone('x')",
        "select explain('x')",
        "select varying('x')",
        "select join('x')",
        "select * from a where join('x')",
        "select * from a join join('x') b on true",
        "select overlaps_('x')",
        "select ilike('x')",
        "select collation('x')",
        "select * from operator('x')",
        "select * from a, operator('x')",
        "select public.system('x')",
        "select \"system\"('x')",
        "select 1 where 'a' similar to second('x')",
        "select not materialized('x')",
        "select 1 from t group by a union select b, cube('x') from t",
        "select 1 from t group by array[a, cube('x')]",
        "select 1 from t group by (cube('x'))",
        "select 1 from t group by a + cube('x')",
        "select 1 from t group by a order by b, rollup('x')",
        "select xmlexists(passing('x') passing y)",
        "select (xmlexists('a' passing y), passing('x'))",
        "select xmlexists(case when passing('x') then a end passing y)",
        "select xmlexists(coalesce(content('x')) passing y)",
        "select app.xmlparse(content('x'))",
        "select json_value(a operator(pg_catalog.||) passing('x'), '$')",
        "select * from json_table(columns('x'), '$' columns (a int))",
        "select * from json_table(a, '$' columns (a int default columns('x') on empty))"}) {
    EXPECT_FALSE((serving::reader_calls{text, none}.find_forbidden().empty())) << text;
  }
  for (const std::string_view text :
       {"select * from t tablesample system (10) repeatable (5)",
        "select * from t tablesample bernoulli(10)",
        "select a from t order by (a) fetch first (1) rows only",
        "select a from t fetch next (1) rows only",
        "select xmlparse(content ('<a/>'))",
        "select xmlserialize(document (a) as text) from t",
        "select xmlexists('//a' passing (b)) from t",
        "select * from t, xmltable('//a' passing (b) columns c int path 'c')",
        "select json_value(a, '$.x' passing (1) as y) from t",
        "select * from json_table('{}', '$' as r columns (a int path '$.a', nested path '$.b' columns (c int)))",
        "select interval '1' second(3), a::interval second(2), interval '1 2' day to second(3)",
        "select count(*) filter (where a) over (order by (a)) from t",
        "select a from t where b like 'x' escape ('!')",
        "select now() at time zone ('utc')",
        "select a from t group by cube (a, b), rollup (c)",
        "select a from t group by a, grouping sets (cube (a), rollup (b), (c))",
        "with x as not materialized (select 1) select * from x",
        "explain (analyze) select 1",
        "select a::character varying(3), a::bit varying(3) from t",
        "select * from t join (select 1 as a) b on (true) left join (select 2 as a) c using (a)",
        "select 1 operator(pg_catalog.+) 2, (a) in (1) from t window w as (partition by (a))"}) {
    EXPECT_EQ((serving::reader_calls{text, none}.find_forbidden()), "") << text;
  }
}

TEST_F(GatewayExecute, AResultHasTheShapeOfTheDocuments) {
  db.next.rows.emplace_back(make_row(
      {"id", "id", "big", "blob", "x"},
      {integer(1), integer(2), integer(9007199254740993), text(dt::field_kind::bytes, {"\0\xFF", 2}), real(INFINITY)}));
  db.next.rows_affected = 0;
  db.next.has_rows = true;
  const auto answer = query(R"J({"sql":"select 1"})J");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(
      answer.body.substr(0, answer.body.find(R"J(,"executionTime")J")),
      R"J({"success":true,"data":{"rows":[{"id":1,"id_2":2,"big":9007199254740993,"blob":"AP8=","x":null}],"rowsAffected":0},"cached":false)J");
}

TEST_F(GatewayExecute, AResultHasTheShapeOfTheSdksWhenThatIsWanted) {
  rules.form = {dt::workersql::envelope::sdk, dt::workersql::large_integers::strings, dt::workersql::blob_text::hex};
  db.next.rows.emplace_back(make_row({"big", "small", "blob"}, {integer(9007199254740993), integer(9007199254740992),
                                                                text(dt::field_kind::bytes, {"\0\xFF", 2})}));
  db.next.has_rows = true;
  const auto answer = query(R"J({"sql":"select 1"})J");
  EXPECT_EQ(
      answer.body.substr(0, answer.body.find(R"J(,"executionTime")J")),
      R"J({"success":true,"data":[{"big":"9007199254740993","small":9007199254740992,"blob":"00ff"}],"rowCount":1,"cached":false)J");
  db.next = {};
  db.next.rows_affected = 3;
  db.next.insert_id = 9;
  const auto written = query(R"J({"sql":"insert into t values(1)"})J");
  EXPECT_EQ(written.body.substr(0, written.body.find(R"J(,"executionTime")J")),
            R"J({"success":true,"data":[],"rowCount":3,"rowsAffected":3,"lastInsertId":9,"cached":false)J");
}

TEST_F(GatewayExecute, TextThatIsNotUtf8IsAFailureAndNotBadJson) {
  db.next.rows.emplace_back(make_row({"a"}, {text(dt::field_kind::text, "\xFF")}));
  const auto answer = query(R"J({"sql":"select 1"})J");
  EXPECT_EQ(answer.status, 400u);
  EXPECT_TRUE(has(answer, "row 1, column 'a': not UTF-8")) << answer.body;
}

TEST_F(GatewayExecute, ABatchOfChangesIsAnsweredByCounts) {
  db.next.rows_affected = 2;
  const auto answer = batch(
      R"J({"batch":[{"sql":"INSERT INTO users (id,name) VALUES (?,?)","params":[10,"B1"]},{"sql":"UPDATE users SET active=? WHERE id<=?","params":[1,10]}]})J");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_EQ(answer.body,
            R"J({"success":true,"data":{"results":[{"rowsAffected":2},{"rowsAffected":2}],"totalRowsAffected":4}})J");
  EXPECT_EQ(db.transactions, 1);
  EXPECT_EQ(batch(R"J({"batch":[]})J").body, R"J({"success":true,"data":{"results":[],"totalRowsAffected":0}})J");
}

TEST_F(GatewayExecute, ABatchOfQueriesIsAnsweredOneByOne) {
  db.next.rows_affected = 1;
  const auto answer = batch(
      R"J({"queries":[{"sql":"INSERT INTO t VALUES (?)","params":[11]}],"transaction":true,"stopOnError":true})J");
  EXPECT_EQ(answer.status, 200u);
  EXPECT_TRUE(answer.body.starts_with(
      R"J({"success":true,"results":[{"success":true,"data":[],"rowCount":1,"rowsAffected":1}],"totalExecutionTime":)J"))
      << answer.body;
  EXPECT_EQ(db.transactions, 1) << "nothing is lost silently, and nothing is half done";
}

TEST_F(GatewayExecute, ABatchWithoutATransactionGoesOnOrStopsAsAsked) {
  const auto on = batch(
      R"J({"queries":[{"sql":"select 1"},{"sql":"select boom"},{"sql":"select 2"}],"transaction":false,"stopOnError":false})J");
  EXPECT_EQ(db.ran.size(), 3u);
  EXPECT_TRUE(has(on, R"J({"success":false,"results":[{"success":true,)J")) << on.body;
  EXPECT_TRUE(has(on, R"J({"success":false,"error":{"code":"INVALID_QUERY","message":"boom")J")) << on.body;
  const auto stopped =
      batch(R"J({"queries":[{"sql":"select boom"},{"sql":"select 2"}],"transaction":false,"stop_on_error":true})J");
  EXPECT_EQ(db.ran.size(), 4u);
  EXPECT_EQ(db.transactions, 0);
  EXPECT_TRUE(has(stopped, R"J("success":false)J"));
}

TEST_F(GatewayExecute, ABatchThatIsWrongAnywhereRunsNothing) {
  rules.batch_operations = 2;
  for (const std::string_view body :
       {R"J({"batch":[{"sql":"SELECT 1"}]})J", R"J({"batch":[{"sql":"create table t(a)"}]})J",
        R"J({"batch":[{"params":[]}]})J", R"J({})J", R"J({"batch":[],"queries":[]})J", R"J({"queries":[]})J",
        R"J({"batch":{}})J", R"J({"queries":[{"sql":"select 1"},{"sql":""}]})J"}) {
    EXPECT_EQ(batch(body).status, 400u) << body;
  }
  EXPECT_EQ(batch(R"J({"queries":[{"sql":"select 1"},{"sql":"select 1"},{"sql":"select 1"}]})J").status, 413u);
  who.may = permissions::read;
  EXPECT_EQ(batch(R"J({"queries":[{"sql":"select 1"},{"sql":"delete from t"}]})J").status, 403u);
  EXPECT_TRUE(db.ran.empty());
}

TEST_F(GatewayExecute, AFailedBatchSaysWhichStatementItWas) {
  const auto answer = batch(R"J({"batch":[{"sql":"delete from t"},{"sql":"delete from boom"}]})J");
  EXPECT_EQ(answer.status, 400u);
  EXPECT_TRUE(has(answer, R"J("details":{"reason":"not_found","statement":1})J")) << answer.body;
}

TEST(GatewayFailure, EachConditionHasItsStatusAndCode) {
  const auto status = [](dt::error_info failure) { return serving::answer_failure(failure).status; };
  const auto code = [](std::errc number) { return std::make_error_code(number); };
  EXPECT_EQ(status(dt::errc::deadline_passed), 504u);
  EXPECT_EQ(status(dt::errc::pool_wait_timeout), 504u);
  EXPECT_EQ(status(dt::errc::connection_lost), 503u);
  EXPECT_EQ(status(dt::errc::request_too_large), 413u);
  EXPECT_EQ(status(dt::errc::malformed_statement), 400u);
  EXPECT_EQ(status(dt::errc::access_denied), 403u);
  EXPECT_EQ(status(dt::errc::commit_unknown), 500u);
  EXPECT_EQ(status(dt::errc::login_refused), 500u);
  EXPECT_EQ(status(code(std::errc::device_or_resource_busy)), 503u);
  EXPECT_FALSE(serving::answer_failure(dt::errc::deadline_passed).is_final);
  EXPECT_TRUE(serving::answer_failure(dt::errc::commit_unknown).is_final) << "it must never run again";
  const auto lost = serving::answer_failure(dt::error_info{dt::errc::connection_lost, "host 10.0.0.1"});
  EXPECT_EQ(lost.body.find("10.0.0.1"), std::string::npos) << "how the database is reached is no business of clients";
  for (const dt::errc each : {dt::errc::pool_wait_timeout, dt::errc::pool_queue_full}) {
    const auto answer = serving::answer_failure(dt::error_info{each, "held for 1.4 s by /a/b.hpp:153 virtual f()"});
    EXPECT_EQ(answer.body.find("b.hpp"), std::string::npos) << "nor are places in the program: " << answer.body;
    EXPECT_TRUE(has(answer, "connection to the database")) << answer.body;
  }
}

std::uint32_t retry_after = 0;  // of the last `start`

serving::idempotent_start start(serving::idempotency_store& store, const std::string& key,
                                const serving::digest& request, const std::weak_ptr<serving::answer_listener>& listener,
                                dt::clock::time_point now, const serving::gateway_answer*& kept,
                                const std::string& who = "ann") {
  return store.start(who, key, request, listener, now, kept, retry_after);
}

TEST(GatewayIdempotency, AKeyIsExecutedOnceAndForgottenInTime) {
  serving::idempotency_store store{{.keep = 300s, .entries = 2, .principal_percent = 100}};
  const serving::gateway_answer* kept = nullptr;
  const serving::digest request{std::byte{1}};
  const serving::digest other{std::byte{2}};
  const dt::clock::time_point now{};
  EXPECT_EQ(start(store, "a", request, {}, now, kept), serving::idempotent_start::execute);
  EXPECT_EQ(start(store, "a", request, {}, now, kept), serving::idempotent_start::conflict);
  EXPECT_EQ(start(store, "a", other, {}, now, kept), serving::idempotent_start::mismatch);
  serving::gateway_answer answer;
  answer.body = "{}";
  store.finish("a", answer, now + 10s);
  EXPECT_EQ(start(store, "a", request, {}, now + 309s, kept), serving::idempotent_start::replay);
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(kept->body, "{}");
  EXPECT_TRUE(kept->is_replayed);
  EXPECT_EQ(start(store, "a", other, {}, now + 309s, kept), serving::idempotent_start::mismatch);
  EXPECT_EQ(start(store, "b", other, {}, now + 309s, kept), serving::idempotent_start::execute);
  EXPECT_EQ(start(store, "c", other, {}, now + 309s, kept), serving::idempotent_start::full);
  EXPECT_EQ(start(store, "a", request, {}, now + 310s, kept), serving::idempotent_start::execute);
  answer.is_final = false;
  store.finish("a", answer, now + 311s);
  store.finish("b", answer, now + 311s);
  EXPECT_EQ(store.size(), 0u);
  EXPECT_EQ(store.bytes(), 0u);
}

TEST(GatewayIdempotency, NobodyTakesTheWholeStoreAndAFullOneSaysWhenThereIsRoomAgain) {
  serving::idempotency_store store{{.keep = 300s, .entries = 4, .principal_percent = 50}};
  const serving::gateway_answer* kept = nullptr;
  const dt::clock::time_point now{};
  using enum serving::idempotent_start;
  EXPECT_EQ(start(store, "a1", {}, {}, now, kept, "ann"), execute);
  EXPECT_EQ(start(store, "a2", {}, {}, now, kept, "ann"), execute);
  EXPECT_EQ(start(store, "a3", {}, {}, now, kept, "ann"), full) << "two of four are one principal's share";
  EXPECT_EQ(retry_after, 1u) << "nothing of hers has a time yet";
  EXPECT_EQ(start(store, "b1", {}, {}, now, kept, "ben"), execute);
  store.finish("b1", {}, now + 1s);
  store.finish("a1", {}, now + 20s);
  EXPECT_EQ(start(store, "a3", {}, {}, now + 20s + 1ms, kept, "ann"), full);
  EXPECT_EQ(retry_after, 300u) << "until the first of hers is forgotten, and not anybody's";
  EXPECT_EQ(start(store, "b2", {}, {}, now + 21s, kept, "ben"), execute);
  EXPECT_EQ(start(store, "c1", {}, {}, now + 21s, kept, "cid"), full);
  EXPECT_EQ(retry_after, 280u) << "until anything is forgotten";
  EXPECT_EQ(start(store, "c1", {}, {}, now + 301s, kept, "cid"), execute);
  EXPECT_EQ(start(store, "a3", {}, {}, now + 320s, kept, "ann"), execute);
  serving::gateway_answer vain;
  vain.is_final = false;
  for (const char* key : {"a2", "a3", "b2", "c1"}) store.finish(key, vain, now + 320s);
  EXPECT_EQ(store.size(), 0u);
  EXPECT_EQ(store.bytes(), 0u);
}

TEST(GatewayIdempotency, OnePrincipalDoesNotTakeAllBytesEither) {
  serving::idempotency_store store{{.bytes = 100'000, .principal_percent = 50}};
  const serving::gateway_answer* kept = nullptr;
  serving::gateway_answer large;
  large.body.assign(40'000, 'x');
  int begun = 0;
  while (begun < 1000 &&
         start(store, "a" + std::to_string(begun), {}, {}, {}, kept, "ann") == serving::idempotent_start::execute) {
    store.finish("a" + std::to_string(begun++), large, {});
  }
  EXPECT_GT(begun, 1);
  EXPECT_LT(begun, 1000) << "what is kept of the others needs room too";
  EXPECT_EQ(start(store, "b1", {}, {}, {}, kept, "ben"), serving::idempotent_start::execute);
}

TEST(GatewayIdempotency, AnAnswerForWhichThereIsNoRoomIsRememberedWithoutItsWords) {
  serving::idempotency_store store{{.bytes = 200'000, .principal_percent = 50}};
  const serving::gateway_answer* kept = nullptr;
  serving::gateway_answer large;
  large.body.assign(1'000'000, 'x');
  for (const std::string key : {"a", "b", "c"}) {
    EXPECT_EQ(start(store, key, {}, {}, {}, kept), serving::idempotent_start::execute);
  }
  store.finish("a", large, {});
  large.body.resize(60'000);
  store.finish("b", large, {});
  large.status = 400;
  store.finish("c", large, {});
  EXPECT_LT(store.bytes(), 100'000u);
  EXPECT_EQ(start(store, "a", {}, {}, {}, kept), serving::idempotent_start::replay) << "it is not executed again";
  EXPECT_EQ(kept->status, 500u);
  EXPECT_TRUE(has(*kept, "executed; the answer was too large to be kept")) << kept->body;
  EXPECT_TRUE(kept->is_replayed);
  EXPECT_EQ(start(store, "b", {}, {}, {}, kept), serving::idempotent_start::replay);
  EXPECT_EQ(kept->body.size(), 60'000u) << "for this one there is room";
  EXPECT_EQ(start(store, "c", {}, {}, {}, kept), serving::idempotent_start::replay);
  EXPECT_EQ(kept->status, 400u);
  EXPECT_TRUE(has(*kept, "failed before")) << kept->body;
  EXPECT_EQ(start(store, "d", {}, {}, dt::clock::time_point{} + 301s, kept), serving::idempotent_start::execute);
  large.is_final = false;
  store.finish("d", large, {});
  EXPECT_EQ(store.bytes(), 0u);
}

TEST(GatewayIdempotency, WhatChangedNothingIsSharedWithThoseWhoWaitAndNotKept) {
  struct listener final : serving::answer_listener {
    void on_answer(const serving::gateway_answer* answer) override { had_answer = answer != nullptr; }
    bool had_answer = false;
  };
  serving::idempotency_store store{{}};
  const serving::gateway_answer* kept = nullptr;
  const auto waiting = std::make_shared<listener>();
  EXPECT_EQ(start(store, "a", {}, waiting, {}, kept), serving::idempotent_start::execute);
  EXPECT_EQ(start(store, "a", {}, waiting, {}, kept), serving::idempotent_start::wait);
  serving::gateway_answer answer;
  answer.changed_nothing = true;
  store.finish("a", answer, {});
  EXPECT_TRUE(waiting->had_answer);
  EXPECT_EQ(store.size(), 0u);
}

TEST_F(GatewayExecute, AnAnswerTellsWhetherSomethingMayHaveChanged) {
  const auto changed_nothing = [&](std::string_view sql) {
    std::string body{R"J({"sql":")J"};
    body.append(sql).append("\"}");
    const bool alone = query(body).changed_nothing;
    const std::string all = R"J({"queries":[{"sql":"select 1"},)J" + body;
    EXPECT_EQ(batch(all + "]}").changed_nothing, alone) << sql;
    EXPECT_EQ(batch(all + R"J(],"transaction":false})J").changed_nothing, alone) << sql;
    return alone;
  };
  EXPECT_TRUE(changed_nothing("select a from t where b = 1"));
  EXPECT_TRUE(changed_nothing("select boom from t")) << "a failure too";
  EXPECT_TRUE(changed_nothing("begin")) << "it is not executed";
  EXPECT_FALSE(changed_nothing("insert into t values(1)"));
  EXPECT_FALSE(changed_nothing("insert into boom values(1)"));
  EXPECT_FALSE(changed_nothing("select spend(1)")) << "the function may write";
  EXPECT_FALSE(changed_nothing("vacuum"));
  who.may = permissions::read;
  EXPECT_TRUE(changed_nothing("select spend(1)")) << "it runs where nothing is written";
  EXPECT_TRUE(changed_nothing("insert into t values(1)")) << "it is refused";
}

TEST(GatewayIdempotency, ThoseWhoWaitAreTold) {
  struct listener final : serving::answer_listener {
    void on_answer(const serving::gateway_answer* answer) override {
      ++calls;
      had_answer = answer != nullptr;
    }
    int calls = 0;
    bool had_answer = false;
  };
  serving::idempotency_store store{{.waiting = 1}};
  const serving::gateway_answer* kept = nullptr;
  const auto waiting = std::make_shared<listener>();
  EXPECT_EQ(start(store, "a", {}, waiting, {}, kept), serving::idempotent_start::execute);
  EXPECT_EQ(start(store, "a", {}, waiting, {}, kept), serving::idempotent_start::wait);
  EXPECT_EQ(start(store, "a", {}, waiting, {}, kept), serving::idempotent_start::conflict) << "one may wait";
  store.finish("a", {}, {});
  EXPECT_EQ(waiting->calls, 1);
  EXPECT_TRUE(waiting->had_answer);
}

TEST(GatewayRateLimit, ABucketFillsAsTimePasses) {
  serving::rate_limiter limiter{{.requests = 2, .window = 10s}, 2};
  const dt::clock::time_point now{};
  EXPECT_EQ(limiter.take("a", now), 0u);
  EXPECT_EQ(limiter.take("a", now), 0u);
  EXPECT_EQ(limiter.take("a", now), 5u) << "two in ten seconds: the next one in five";
  EXPECT_EQ(limiter.take("b", now), 0u);
  EXPECT_EQ(limiter.take("c", now), 0u) << "a full table locks nobody out: the least used one is forgotten";
  EXPECT_EQ(limiter.size(), 2u);
  EXPECT_EQ(limiter.take("b", now), 0u) << "it has a bucket still, and one left in it";
  EXPECT_EQ(limiter.take("b", now), 5u);
  EXPECT_EQ(limiter.take("d", now + 10s), 0u) << "who is silent for the window is forgotten";
  EXPECT_EQ(limiter.size(), 1u);
  serving::rate_limiter none{{}};
  EXPECT_EQ(none.take("a", now), 0u);
}

TEST_F(GatewaySession, TheSdksMessagesMakeATransaction) {
  std::atomic<std::size_t> open{0};
  serving::socket_session session{db, who, rules, open, 1};
  const auto say = [&](std::string_view message) { return session.handle(message, dt::deadline::never()); };
  EXPECT_EQ(say(R"J({"type":"begin","id":"m1"})J"),
            R"J({"id":"m1","type":"response","data":{"transactionId":"tx_1"}})J");
  EXPECT_EQ(open.load(), 1u);
  EXPECT_EQ(say(R"J({"type":"query","id":7,"sql":"insert into t values(?)","params":[1],"transactionId":"tx_1"})J"),
            R"J({"id":7,"type":"response","data":{"rows":[],"rowsAffected":0}})J");
  EXPECT_EQ(say(R"J({"type":"commit","id":"m3","transactionId":"tx_1"})J"),
            R"J({"id":"m3","type":"response","data":{"transactionId":"tx_1"}})J");
  EXPECT_EQ(db.ends, "commit;");
  EXPECT_EQ(open.load(), 0u);
  const std::string late = say(R"J({"type":"query","id":"m4","sql":"select 1","transactionId":"tx_1"})J");
  EXPECT_NE(late.find(R"J("code":"INVALID_QUERY","message":"Transaction not found")J"), std::string::npos) << late;
  EXPECT_EQ(db.ran.size(), 1u) << "a statement of a transaction that is gone must not run outside of one";
  const std::string early = say(R"J({"type":"commit","id":"m5"})J");
  EXPECT_NE(early.find("Transaction not started"), std::string::npos) << early;
  EXPECT_EQ(say(R"J({"type":"rollback","id":"m6"})J"), R"J({"id":"m6","type":"response","data":{}})J");
}

TEST_F(GatewaySession, TheUpstreamDialectIsSpokenToo) {  // the messages of golden example G26
  std::atomic<std::size_t> open{0};
  serving::socket_session session{db, who, rules, open, 1};
  const auto say = [&](std::string_view message) { return session.handle(message, dt::deadline::never()); };
  EXPECT_EQ(say(R"J({"action":"begin","transactionId":"tx-1"})J"),
            R"J({"success":true,"action":"begin","data":{"transactionId":"tx-1"}})J");
  EXPECT_EQ(say(R"J({"sql":"INSERT INTO wst (v) VALUES (?)","params":["a"]})J"),
            R"J({"success":true,"data":{"rows":[],"rowsAffected":0}})J");
  EXPECT_EQ(say(R"J({"action":"commit"})J"), R"J({"success":true,"action":"commit","data":{"transactionId":"tx-1"}})J");
  EXPECT_NE(say(R"J({"action":"commit"})J").find(R"J({"success":false,"action":"commit",)J"), std::string::npos);
  EXPECT_NE(say("{}").find("Missing SQL query"), std::string::npos);
  EXPECT_NE(say("nonsense").find(R"J("id":null,"type":"error")J"), std::string::npos);
}

TEST_F(GatewaySession, WhatIsNotCommittedIsRolledBack) {
  std::atomic<std::size_t> open{0};
  {
    serving::socket_session session{db, who, rules, open, 1};
    session.handle(R"J({"type":"begin","id":1})J", dt::deadline::never());
    session.time_out();
    EXPECT_EQ(db.ends, "rollback;");
    session.handle(R"J({"type":"begin","id":1})J", dt::deadline::never());
    serving::socket_session second{db, who, rules, open, 1};
    EXPECT_NE(second.handle(R"J({"type":"begin","id":1})J", dt::deadline::never()).find("RESOURCE_LIMIT"),
              std::string::npos);
    const std::string again = session.handle(R"J({"type":"begin","id":1})J", dt::deadline::never());
    EXPECT_NE(again.find("open already"), std::string::npos);
  }
  EXPECT_EQ(db.ends, "rollback;rollback;");
  EXPECT_EQ(open.load(), 0u);
}

TEST_F(GatewaySession, AMessageCanBeRefusedButForTheEndOfATransaction) {
  std::atomic<std::size_t> open{0};
  serving::socket_session session{db, who, rules, open, 1};
  const serving::failure_class why{429, serving::codes::resource_limit, 7, false};
  const auto refused = [&](std::string_view message) { return session.refuse(message, why, "later").value_or(""); };
  constexpr std::string_view commit = R"J({"type":"commit","id":"c"})J";
  EXPECT_TRUE(refused(commit).starts_with(R"J({"id":"c","type":"error","error":{"code":"RESOURCE_LIMIT")J"));
  session.handle(R"J({"type":"begin","id":1})J", dt::deadline::never());
  EXPECT_EQ(refused(commit), "");
  EXPECT_EQ(refused(R"J({"action":"rollback"})J"), "");
  const std::string told = refused(R"J({"type":"query","id":"q","sql":"delete from t"})J");
  EXPECT_TRUE(told.starts_with(
      R"J({"id":"q","type":"error","error":{"code":"RESOURCE_LIMIT","message":"later","details":{"retryAfter":7})J"))
      << told;
  EXPECT_TRUE(refused(R"J({"sql":"delete from t"})J").starts_with(R"J({"success":false,"error":{)J"));
  EXPECT_NE(refused("nonsense").find("INVALID_QUERY"), std::string::npos);
  EXPECT_TRUE(db.ran.empty());
  EXPECT_TRUE(session.is_in_transaction());
}

TEST_F(GatewaySession, PermissionsHoldForMessagesToo) {
  std::atomic<std::size_t> open{0};
  who.may = permissions::read;
  serving::socket_session session{db, who, rules, open, 1};
  const std::string refused =
      session.handle(R"J({"type":"query","id":"a","sql":"delete from t"})J", dt::deadline::never());
  EXPECT_TRUE(refused.starts_with(R"J({"id":"a","type":"error","error":{"code":"PERMISSION_ERROR")J")) << refused;
  EXPECT_TRUE(db.ran.empty());
}

}  // namespace
