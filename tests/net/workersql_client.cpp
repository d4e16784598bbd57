#include <dovetail/workersql_async.hpp>

#include <support/http_peer.hpp>
#include <support/workersql_session.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace {

using namespace workersql_test;
using dt::condition;
using dt::test::http_call;
using dt::test::http_peer;
using namespace std::chrono_literals;

struct user {
  std::int64_t id;
  std::string name;
};

struct misspelled {
  std::int64_t id;
  std::string nam;
};

constexpr std::string_view ann =
    R"({"success":true,"data":[{"id":1,"name":"Ann"}],"rowCount":1,"cached":true,"executionTime":2})";
constexpr std::string_view wrote =
    R"({"success":true,"data":{"rows":[],"rowsAffected":1,"insertId":7},"cached":false})";
constexpr std::string_view fast = "retryDelay=1&retryAttempts=3";

TEST(WorkersqlClient, AQueryBecomesRowsAndTheConnectionIsKept) {
  http_peer gateway{[](const http_call&, int) { return ok(ann); }};
  workersql::client db{gateway.dsn()};
  for (int i = 0; i < 3; ++i) {
    const auto users = db.query<user>("select id, name from users where id = ?", 1);
    ASSERT_EQ(users.size(), 1U);
    EXPECT_EQ(users[0].name, "Ann");
  }
  EXPECT_EQ(db.query_one<user>("select id, name from users where id = :id", dt::arg<"id">(1)).id, 1);
  EXPECT_EQ(db.query_optional<user>("select id, name from users where id = $1", 1)->id, 1);
  EXPECT_EQ(gateway.accepted(), 1);
  const auto calls = gateway.calls();
  EXPECT_EQ(calls[0].line, "POST /v1/query HTTP/1.1");
  EXPECT_EQ(calls[0].field("Authorization"), "Bearer J");
  EXPECT_EQ(calls[0].body, R"({"sql":"select id, name from users where id = ?","params":[1]})");
  EXPECT_TRUE(calls[0].field("Idempotency-Key").empty());
  const auto stats = db.get_pool_stats();
  EXPECT_EQ(stats.total, 1U);
  EXPECT_EQ(stats.idle, 1U);
  EXPECT_EQ(stats.max_connections, 10U);
}

TEST(WorkersqlClient, WhatHttpCannotSendIsRefusedWithTheReason) {
  http_peer gateway{[](const http_call&, int) { return ok(ann); }};
  const auto check = [&gateway](const char* path, const char* key) {
    workersql::options how;
    how.endpoint = {"127.0.0.1", gateway.port(), false, path};
    how.api_key = dt::secret{key};
    workersql::client db{how};
    workersql::batch work;
    work.add("insert into t values (1)");
    const auto is_told = [](const dt::error_info& why) {
      EXPECT_EQ(why.code(), dt::errc::invalid_option);
      EXPECT_NE(why.message().find("characters that HTTP forbids"), std::string::npos) << why.message();
      EXPECT_EQ(why.message().find("hush"), std::string::npos) << why.message();
    };
    is_told(db.with(dt::as_result).query<user>("select id, name from users").error());
    is_told(db.with(dt::as_result).execute("insert into users values (1)").error());
    is_told(db.with(dt::as_result).batch(work).error());
    is_told(db.with(dt::as_result).health().error());
    is_told(db.with(dt::as_result).transaction([](auto&) -> dt::result<void> { return {}; }).error());
  };
  check("/v1", "hush\r\nX");
  check("/v1 x", "J");
  EXPECT_TRUE(gateway.calls().empty());
}

TEST(WorkersqlClient, SlashesAtTheEndOfThePathAreLeftOut) {
  http_peer gateway{[](const http_call&, int) { return ok(ann); }};
  for (const char* path : {"/v1/", "/v1//", "/v1", "/", ""}) {
    workersql::options how;
    how.endpoint = {"127.0.0.1", gateway.port(), false, path};
    workersql::client db{how};
    db.query<user>("select id, name from users");
  }
  const auto calls = gateway.calls();
  ASSERT_EQ(calls.size(), 5U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(calls[static_cast<std::size_t>(i)].line, "POST /v1/query HTTP/1.1");
  for (int i = 3; i < 5; ++i) EXPECT_EQ(calls[static_cast<std::size_t>(i)].line, "POST /query HTTP/1.1");
}

// The pool would stay at its ten without a word.
TEST(WorkersqlClient, MoreMinConnectionsThanThePoolMayHaveAreRefused) {
  try {
    workersql::client db{"workersql://h/d?minConnections=20"};
    ADD_FAILURE() << "no complaint";
  } catch (const dt::error& failed) {
    EXPECT_EQ(failed.code(), dt::errc::invalid_option);
    EXPECT_NE(std::string_view{failed.what()}.find("'minConnections' is larger than 'maxConnections', which is 10"),
              std::string_view::npos)
        << failed.what();
  }
  EXPECT_NO_THROW(workersql::client{"workersql://h/d?minConnections=10"});
  workersql::client::settings wide;
  wide.pool.max_connections = 20;
  EXPECT_NO_THROW((workersql::client{"workersql://h/d?minConnections=20", wide}));
}

TEST(WorkersqlClient, AWriteCarriesAKeyAndTellsWhatItDid) {
  http_peer gateway{[](const http_call&, int) { return ok(wrote); }};
  workersql::client db{gateway.dsn()};
  const dt::summary done = db.execute("insert into users(name) values (?)", "Ann");
  EXPECT_EQ(done.rows_affected, 1);
  EXPECT_EQ(done.last_insert_id, 7);
  EXPECT_EQ(db.insert("users", user{1, "Ann"}).last_insert_id, 7);
  const auto calls = gateway.calls();
  EXPECT_EQ(calls[0].field("Idempotency-Key").size(), 32U);
  EXPECT_NE(calls[0].field("Idempotency-Key"), calls[1].field("Idempotency-Key"));
  EXPECT_EQ(calls[1].body, R"x({"sql":"insert into \"users\" (\"id\", \"name\") values (?, ?)","params":[1,"Ann"]})x");
}

TEST(WorkersqlClient, ABatchIsOneRequestInEitherDialect) {
  http_peer gateway{[](const http_call&, int) {
    return ok(R"({"success":true,"data":{"results":[{"rowsAffected":2}],"totalRowsAffected":2}})");
  }};
  workersql::client db{gateway.dsn()};
  workersql::batch work;
  work.add("insert into t(id) values (?)", 1).add("update t set n = :n", dt::arg<"n">(true));
  const workersql::batch_summary done = db.batch(work);
  EXPECT_EQ(done.rows_affected, 2);
  EXPECT_EQ(done.results.size(), 1U);
  EXPECT_EQ(
      db.execute_many("insert into t values (?, ?)", std::vector<std::tuple<int, std::string>>{{1, "a"}, {2, "b"}})
          .rows_affected,
      2);
  EXPECT_EQ(db.insert("users", std::vector<user>{{1, "a"}, {2, "b"}}).rows_affected, 2);
  EXPECT_EQ(db.batch(workersql::batch{}).rows_affected, 0);
  db.close();  // the peer serves one connection at a time
  workersql::client sdk{gateway.dsn("batch=sdk")};
  sdk.batch(work);
  const auto calls = gateway.calls();
  ASSERT_EQ(calls.size(), 4U);
  EXPECT_EQ(calls[0].line, "POST /v1/batch HTTP/1.1");
  EXPECT_EQ(
      calls[0].body,
      R"x({"batch":[{"sql":"insert into t(id) values (?)","params":[1]},{"sql":"update t set n = ?1","params":[1]}]})x");
  EXPECT_EQ(
      calls[1].body,
      R"x({"batch":[{"sql":"insert into t values (?, ?)","params":[1,"a"]},{"sql":"insert into t values (?, ?)","params":[2,"b"]}]})x");
  EXPECT_EQ(calls[3].body.find(R"({"queries":[)"), 0U);
  EXPECT_NE(calls[3].body.find(R"(],"transaction":true,"stopOnError":true})"), std::string::npos);
}

TEST(WorkersqlClient, ABatchThatExecutedNothingIsAnError) {
  http_peer gateway{
      [](const http_call&, int) { return ok(R"({"success":true,"data":{"results":[],"totalRowsAffected":0}})"); }};
  workersql::client db{gateway.dsn("batch=sdk")};
  workersql::batch work;
  work.add("insert into t(id) values (?)", 1);
  const auto got = db.with(dt::as_result).batch(work);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), workersql::gateway_errc::batch_failed);
}

TEST(WorkersqlClient, SelectsAreRefusedInABatchBeforeAByte) {
  http_peer gateway{[](const http_call&, int) { return ok("{}"); }};
  workersql::client db{gateway.dsn()};
  workersql::batch work;
  work.add("select 1");
  EXPECT_EQ(db.with(dt::as_result).batch(work).error().code(), dt::errc::operation_unsupported);
  EXPECT_TRUE(gateway.calls().empty());
}

// Sections 2 and 6 of the specification: the gateway's key takes 500 statements, the SDKs' 1 to 100.
TEST(WorkersqlClient, ABatchOfMoreThanTheGatewayTakesIsRefusedBeforeAByte) {
  http_peer gateway{[](const http_call&, int) {
    return ok(R"({"success":true,"data":{"results":[{"rowsAffected":1}],"totalRowsAffected":1}})");
  }};
  struct {
    const char* how;
    int most;
  } const all[] = {{"", 500}, {"batch=sdk", 100}, {"batchLimit=2", 2}, {"batch=sdk&batchLimit=600", 600}};
  int sent = 0;
  for (const auto& [how, most] : all) {
    workersql::client db{gateway.dsn(how)};
    std::vector<std::tuple<int>> rows(static_cast<std::size_t>(most));
    EXPECT_TRUE(db.with(dt::as_result).execute_many("insert into t values (?)", rows)) << how;
    ++sent;
    rows.emplace_back(0);
    const auto refused = db.with(dt::as_result).execute_many("insert into t values (?)", rows).error();
    EXPECT_EQ(refused.code(), workersql::gateway_errc::too_large) << how;
    EXPECT_TRUE(refused.code() == workersql::sdk_code::resource_limit) << how;
    const std::string words = "a batch of " + std::to_string(most + 1) + " statements, and the gateway takes " +
                              std::to_string(most) + " in one";
    EXPECT_NE(refused.message().find(words), std::string::npos) << refused.message();
    const auto users = db.with(dt::as_result).insert("users", std::vector<user>(rows.size()));
    EXPECT_EQ(users.error().code(), workersql::gateway_errc::too_large) << how;
    EXPECT_EQ(static_cast<int>(gateway.calls().size()), sent) << how;
  }
}

TEST(WorkersqlClient, AnAnswerWithoutRowsIsSaidToBeOne) {
  http_peer gateway{[](const http_call&, int) { return ok(R"({"success":true,"cached":false,"executionTime":2})"); }};
  workersql::client db{gateway.dsn()};
  const auto got = db.with(dt::as_result).query<user>("select id, name from users");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), workersql::gateway_errc::missing_rows);
  EXPECT_EQ(db.execute("delete from users").rows_affected, 0);
}

TEST(WorkersqlClient, AWriteIsNoSuccessBecauseSomebodyAnsweredWithJson) {
  http_peer portal{[](const http_call&, int) { return ok(R"({"status":"please log in"})"); }};
  workersql::client db{portal.dsn(fast)};
  EXPECT_EQ(db.with(dt::as_result).execute("delete from users").error().code(), workersql::gateway_errc::not_a_gateway);
  EXPECT_EQ(db.with(dt::as_result).query<user>("select id, name from users").error().code(),
            workersql::gateway_errc::not_a_gateway);
  EXPECT_EQ(db.with(dt::as_result).insert("users", user{1, "Ann"}).error().code(),
            workersql::gateway_errc::not_a_gateway);
}

TEST(WorkersqlClient, ACommitThatTheGatewayDoesNotKnowOfIsUnknownAndRepeatedOnlyWithItsKey) {
  http_peer gateway{[](const http_call&, int) {
    return answer("500 Internal Server Error", R"({"success":false,"error":{"code":"INTERNAL_ERROR","message":"lost",)"
                                               R"("details":{"reason":"commit_unknown"}}})");
  }};
  workersql::client db{gateway.dsn(fast)};
  EXPECT_EQ(db.with(dt::as_result).execute("delete from users").error().code(), dt::errc::outcome_unknown);
  EXPECT_EQ(gateway.calls().size(), 1U);
  db.close();
  workersql::client keyed{gateway.dsn(std::string{fast} + "&idempotency=all")};
  EXPECT_EQ(keyed.with(dt::as_result).execute("delete from users").error().code(), dt::errc::outcome_unknown);
  const auto calls = gateway.calls();
  ASSERT_EQ(calls.size(), 4U);
  EXPECT_EQ(calls[1].field("Idempotency-Key"), calls[3].field("Idempotency-Key"));
}

TEST(WorkersqlClient, AFailureTellsTheGatewaysWordsAndTheRequestsId) {
  http_peer gateway{[](const http_call&, int) {
    return answer("500 Internal Server Error",
                  R"({"success":false,"error":"EdgeSQLError: no such table: nope: SQLITE_ERROR"})",
                  "Content-Type: application/json\r\nX-Request-ID: 8d5f\r\n");
  }};
  workersql::client db{gateway.dsn()};
  try {
    db.query<user>("select id, name from nope where name = 'hush'");
    FAIL() << "no failure";
  } catch (const dt::error& failed) {
    EXPECT_EQ(failed.code(), workersql::gateway_errc::no_such_object);
    EXPECT_TRUE(failed.code() == workersql::sdk_code::invalid_query);
    const std::string words = failed.what();
    EXPECT_NE(words.find("no such table: nope"), std::string::npos) << words;
    EXPECT_NE(words.find("8d5f"), std::string::npos) << words;
    EXPECT_NE(words.find("workersql_client.cpp"), std::string::npos) << words;
    EXPECT_EQ(words.find("hush"), std::string::npos) << words;
    EXPECT_EQ(words.find("Bearer"), std::string::npos) << words;
  }
  EXPECT_EQ(gateway.calls().size(), 1U);  // not repeated: it would fail again
}

TEST(WorkersqlClient, AReadIsRepeatedWhenTheConnectionBreaks) {
  http_peer gateway{[](const http_call&, int number) { return number < 2 ? std::string{} : ok(ann); }};
  workersql::client db{gateway.dsn(fast)};
  EXPECT_EQ(db.query<user>("select id, name from users").size(), 1U);
  EXPECT_EQ(gateway.calls().size(), 3U);
}

TEST(WorkersqlClient, AWriteIsRepeatedWithTheSameKeyWhereTheGatewayHonoursIt) {
  const auto lose_first = [](const http_call&, int number) { return number == 0 ? std::string{} : ok(wrote); };
  http_peer trusted{lose_first};
  workersql::client all{trusted.dsn(std::string{fast} + "&idempotency=all")};
  EXPECT_EQ(all.execute("insert into t values (?)", 1).rows_affected, 1);
  const auto calls = trusted.calls();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].field("Idempotency-Key"), calls[1].field("Idempotency-Key"));
  EXPECT_EQ(calls[0].field("Idempotency-Key").size(), 32U);

  http_peer unknown{lose_first};
  workersql::client automatic{unknown.dsn(fast)};
  const auto lost = automatic.with(dt::as_result).execute("insert into t values (?)", 1);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code(), dt::errc::outcome_unknown);
  EXPECT_EQ(unknown.calls().size(), 1U);

  http_peer echoing{[](const http_call& call, int number) {
    return number == 1 ? std::string{} : ok(wrote, "Idempotency-Key: " + call.field("Idempotency-Key") + "\r\n");
  }};
  workersql::client learning{echoing.dsn(fast)};
  learning.execute("insert into t values (?)", 1);
  learning.execute("insert into t values (?)", 2);  // lost once, and repeated
  EXPECT_EQ(echoing.calls().size(), 3U);

  http_peer keyless{lose_first};
  workersql::client none{keyless.dsn(std::string{fast} + "&idempotency=none")};
  EXPECT_FALSE(none.with(dt::as_result).execute("insert into t values (?)", 1));
  EXPECT_TRUE(keyless.calls()[0].field("Idempotency-Key").empty());
}

TEST(WorkersqlClient, AWriteWhoseRowsAreReadCarriesItsKeyToo) {
  http_peer gateway{[](const http_call&, int number) { return number % 2 == 0 ? std::string{} : ok(ann); }};
  workersql::client db{gateway.dsn(std::string{fast} + "&idempotency=all")};
  EXPECT_EQ(db.query<user>("insert into users(name) values (?) returning id, name", "Ann").size(), 1U);
  EXPECT_EQ(db.query_one<user>("update users set name = ? returning id, name", "Ann").id, 1);
  EXPECT_TRUE(db.query_optional<user>("delete from users where id = ? returning id, name", 1));
  EXPECT_TRUE(db.request<user>("delete from users where id = ? returning id, name", 1).cached);
  EXPECT_EQ(db.query<user>("select id, name from users").size(), 1U);
  const auto calls = gateway.calls();
  ASSERT_EQ(calls.size(), 10U);  // each was lost once
  for (std::size_t at = 0; at < 8; at += 2) {
    EXPECT_EQ(calls[at].field("Idempotency-Key").size(), 32U) << calls[at].body;
    EXPECT_EQ(calls[at].field("Idempotency-Key"), calls[at + 1].field("Idempotency-Key")) << calls[at].body;
    if (at != 0) {
      EXPECT_NE(calls[at].field("Idempotency-Key"), calls[at - 1].field("Idempotency-Key"));
    }
  }
  EXPECT_TRUE(calls[9].field("Idempotency-Key").empty());
}

TEST(WorkersqlClient, ALostBatchIsRepeatedWithItsKey) {
  http_peer gateway{[](const http_call&, int number) {
    return number == 0 ? std::string{}
                       : ok(R"({"success":true,"data":{"results":[{"rowsAffected":1}],"totalRowsAffected":1}})");
  }};
  workersql::client db{gateway.dsn(fast)};
  workersql::batch work;
  work.add("insert into t(id) values (?)", 1);
  EXPECT_EQ(db.batch(work).rows_affected, 1);
  const auto calls = gateway.calls();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].field("Idempotency-Key"), calls[1].field("Idempotency-Key"));
}

// The last failure says nothing of the attempt whose answer was lost.
TEST(WorkersqlClient, AWriteOfWhichAnAttemptWasLostEndsAsUnknownWhateverComesLast) {
  for (const char* last : {"401 Unauthorized", "429 Too Many Requests", "503 Service Unavailable", "400 Bad Request"}) {
    http_peer gateway{[&](const http_call&, int number) {
      return number % 2 == 0 ? std::string{} : answer(last, R"({"error":"UNIQUE constraint failed: users.id"})");
    }};
    const auto how = gateway.dsn("retryDelay=1&retryAttempts=2&idempotency=all");
    workersql::client db{how};
    const auto told = db.with(dt::as_result).execute("insert into users(id) values (1)").error();
    EXPECT_EQ(told.code(), dt::errc::outcome_unknown) << last;
    EXPECT_NE(told.context().find("answer lost"), std::string_view::npos) << told.message();
    EXPECT_EQ(gateway.calls().size(), 2U) << last;
    EXPECT_NE(db.with(dt::as_result).query<user>("select id, name from users").error().code(),
              dt::errc::outcome_unknown);
    db.close();  // the peer serves one connection after the other
    asio::io_context io;
    workersql::async_client awaited{io.get_executor(), how};
    auto later = awaited.with(dt::as_result(asio::use_future)).execute("insert into users(id) values (1)");
    io.run();
    EXPECT_EQ(later.get().error().code(), dt::errc::outcome_unknown) << last;
  }
}

TEST(WorkersqlClient, AProxyThatLostTheAnswerOfAWriteLeavesItUnknown) {
  for (const char* status : {"502 Bad Gateway", "504 Gateway Timeout"}) {
    http_peer gateway{[&](const http_call&, int) { return answer(status, "<html>upstream</html>"); }};
    workersql::client db{gateway.dsn("retryDelay=1&retryAttempts=1")};
    EXPECT_EQ(db.with(dt::as_result).execute("delete from users").error().code(), dt::errc::outcome_unknown);
    EXPECT_EQ(db.with(dt::as_result).query<user>("select id, name from users").error().kind(), condition::connection);
  }
}

TEST(WorkersqlClient, AnAnswerToAWriteThatSomebodyElseMadeOrThatCannotBeReadLeavesItUnknown) {
  const std::string given_up =
      R"({"success":false,"error":{"code":"TIMEOUT_ERROR","message":"the statement may have been executed",)"
      R"("details":{"reason":"timeout"}}})";
  const std::string lost[] = {
      answer("504 Gateway Timeout", R"({"message":"Endpoint request timed out"})"),
      answer("502 Bad Gateway", R"({"message":"Internal server error"})"),
      answer("502 Bad Gateway", R"({"error":"upstream connect error"})"),
      answer("504 Gateway Timeout", given_up),
      ok(R"({"success":true,"data":{"rowsAffected":1}} x)"),
      ok("\"\xFF\""),
      ok(""),
      ok("<html>log in</html>"),
      "HTTP/1.1 204 No Content\r\n\r\n",
  };
  for (const std::string& each : lost) {
    http_peer gateway{[&](const http_call&, int) { return each; }};
    workersql::client db{gateway.dsn("retryDelay=1&retryAttempts=1")};
    const auto told = db.with(dt::as_result).execute("delete from users").error();
    EXPECT_EQ(told.code(), dt::errc::outcome_unknown) << each;
    EXPECT_NE(db.with(dt::as_result).query<user>("select id, name from users").error().code(),
              dt::errc::outcome_unknown)
        << each;
  }
  // A gateway that knows says so, and so does who refuses before anything is executed.
  for (const std::string& each :
       {answer("504 Gateway Timeout", R"({"success":false,"error":{"code":"TIMEOUT_ERROR","message":"undone"}})"),
        answer("503 Service Unavailable", R"({"message":"Service Unavailable"})"),
        answer("400 Bad Request", R"({"error":"near \"x\": syntax error"})")}) {
    http_peer gateway{[&](const http_call&, int) { return each; }};
    workersql::client db{gateway.dsn("retryDelay=1&retryAttempts=1")};
    EXPECT_NE(db.with(dt::as_result).execute("delete from users").error().code(), dt::errc::outcome_unknown) << each;
  }
}

TEST(WorkersqlClient, TooManyRequestsAreRepeatedAfterThePauseThatWasAskedFor) {
  http_peer gateway{[](const http_call&, int number) {
    return number == 0 ? answer("429 Too Many Requests", "Rate limit exceeded", "Retry-After: 1\r\n") : ok(wrote);
  }};
  workersql::client db{gateway.dsn(fast)};
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(db.execute("insert into t values (?)", 1).rows_affected, 1);
  EXPECT_GE(std::chrono::steady_clock::now() - before, 1s);
  EXPECT_EQ(gateway.calls().size(), 2U);
}

TEST(WorkersqlClient, APauseBeyondTheDeadlineEndsTheCallAtOnce) {
  http_peer gateway{[](const http_call&, int) {
    return answer("429 Too Many Requests", "Rate limit exceeded", "Retry-After: 60\r\n");
  }};
  workersql::client db{gateway.dsn(fast)};
  const auto before = std::chrono::steady_clock::now();
  const auto got = db.within(25s).with(dt::as_result).query<user>("select id, name from users");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), workersql::gateway_errc::rate_limited);
  EXPECT_TRUE(got.error().code() == workersql::sdk_code::resource_limit);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 25s);
}

TEST(WorkersqlClient, ADeadlineEndsAWaitForAnAnswer) {
  std::promise<void> given_up;
  http_peer gateway{[over = given_up.get_future().share()](const http_call&, int) {
    over.wait();
    return ok(ann);
  }};
  workersql::client db{gateway.dsn()};
  const auto got = db.within(50ms).with(dt::as_result).query<user>("select id, name from users");
  given_up.set_value();
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind(), condition::timeout);
  EXPECT_TRUE(got.error().code() == workersql::sdk_code::timeout_error);
}

TEST(WorkersqlClient, FactsHintsAndPreparedHandles) {
  http_peer gateway{[](const http_call&, int) { return ok(ann); }};
  workersql::client db{gateway.dsn("consistency=weak")};
  const auto got = db.request<user>(workersql::consistency::strong, "select id, name from users");
  EXPECT_TRUE(got.cached);
  EXPECT_EQ(got.execution_time, 2.0);
  EXPECT_EQ(got.row_count, 1);
  EXPECT_EQ(got.data[0].name, "Ann");
  db.query<user>("select id, name from users");
  auto find = db.prepare<user, int>("select id, name from users where id = ?");
  EXPECT_EQ(find(1).size(), 1U);
  EXPECT_EQ(find.one(1).id, 1);
  EXPECT_EQ(find.optional(1)->id, 1);
  const auto calls = gateway.calls();
  EXPECT_EQ(calls[0].body.find(R"({"sql":"/*+ strong */ select id)"), 0U) << calls[0].body;
  EXPECT_EQ(calls[1].body.find(R"({"sql":"/*+ weak */ select id)"), 0U) << calls[1].body;
}

TEST(WorkersqlClient, HealthAndPing) {
  http_peer gateway{[](const http_call& call, int) {
    if (call.line.find("/v1/health") == std::string::npos) return std::string{};
    return ok(R"({"status":"healthy","timestamp":"2026-11-20T20:15:21.559Z","version":"1.0.0","uptime":0,)"
              R"("database":{"connected":true,"responseTime":1.5},"other":[]})");
  }};
  workersql::client db{gateway.dsn()};
  const workersql::gateway_health health = db.health();
  EXPECT_TRUE(health.is_healthy());
  EXPECT_EQ(health.version, "1.0.0");
  EXPECT_EQ(health.database->connected, true);
  EXPECT_FALSE(health.cache);
  db.ping();
  EXPECT_EQ(gateway.calls().size(), 2U);
}

TEST(WorkersqlClient, IdleConnectionsArePingedInTheBackground) {
  http_peer gateway{[](const http_call& call, int) {
    return call.line.find("health") == std::string::npos ? ok(ann) : ok(R"({"status":"healthy"})");
  }};
  workersql::client db{gateway.dsn("healthCheckInterval=200&maxConnections=1")};
  db.query<user>("select id, name from users");
  for (int i = 0; i < 6000 && gateway.calls().size() < 3; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_GE(gateway.calls().size(), 3U);
  db.close();
  EXPECT_EQ(db.with(dt::as_result).query<user>("select id, name from users").error().code(), dt::errc::pool_closed);
}

TEST(WorkersqlClient, ManyThreadsShareAClient) {
  http_peer gateway{[](const http_call&, int) { return ok(ann, "Connection: close\r\n"); }};
  workersql::client db{gateway.dsn(fast)};
  std::atomic<int> rows{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 10; ++i) {
    threads.emplace_back([&] { rows += static_cast<int>(db.query<user>("select id, name from users").size()); });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(rows, 10);
}

// The asynchronous client: the same dialogues, so only what differs.

TEST(WorkersqlAsyncClient, VerbsAreAwaited) {
  http_peer gateway{[](const http_call& call, int) {
    return call.line.find("batch") == std::string::npos
               ? ok(call.body.find("insert") == std::string::npos ? ann : wrote)
               : ok(R"({"success":true,"data":{"results":[{"rowsAffected":2}],"totalRowsAffected":2}})");
  }};
  asio::io_context io;
  workersql::async_client db{io.get_executor(), gateway.dsn()};
  bool is_done = false;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        const auto users = co_await db.query<user>("select id, name from users where id = ?", 1);
        EXPECT_EQ(users[0].name, "Ann");
        const dt::summary done = co_await db.execute("insert into users(name) values (?)", std::string{"Ann"});
        EXPECT_EQ(done.last_insert_id, 7);
        workersql::batch work;
        work.add("insert into t(id) values (?)", 1);
        const auto together = co_await db.batch(work);
        EXPECT_EQ(together.rows_affected, 2);
        const auto facts = co_await db.request<user>("select id, name from users");
        EXPECT_TRUE(facts.cached);
        const auto missing = co_await db.with(dt::as_result).query<misspelled>("select * from users");
        EXPECT_EQ(missing.error().code(), dt::errc::row_mismatch);
        is_done = true;
      },
      [](std::exception_ptr thrown) {
        if (thrown) std::rethrow_exception(thrown);
      });
  io.run();
  EXPECT_TRUE(is_done);
}

TEST(WorkersqlAsyncClient, ALostReadIsRepeatedAndARateLimitWaitedFor) {
  http_peer gateway{[](const http_call&, int number) {
    if (number == 0) return std::string{};
    if (number == 1) return answer("429 Too Many Requests", "", "Retry-After: 1\r\n");
    return ok(ann);
  }};
  asio::io_context io;
  workersql::async_client db{io.get_executor(), gateway.dsn(fast)};
  const auto before = std::chrono::steady_clock::now();
  auto users = db.with(asio::use_future).query<user>("select id, name from users");
  io.run();
  EXPECT_EQ(users.get().size(), 1U);
  EXPECT_GE(std::chrono::steady_clock::now() - before, 1s);
  EXPECT_EQ(gateway.calls().size(), 3U);
}

TEST(WorkersqlAsyncClient, ADeadlineClosesTheConnectionAndTheNextCallGetsAnother) {
  std::promise<void> given_up;
  http_peer gateway{[over = given_up.get_future().share()](const http_call&, int) {
    over.wait();
    return ok(ann);
  }};
  asio::io_context io;
  workersql::async_client db{io.get_executor(), gateway.dsn()};
  for (auto limit = 300ms; gateway.calls().empty() && limit < 60s;
       limit *= 2) {  // more, when nothing was asked in time
    auto late = db.within(limit).with(asio::use_future).query<user>("select id, name from users");
    io.run();
    EXPECT_THROW(late.get(), dt::error);
    io.restart();
  }
  given_up.set_value();
  const int before = gateway.accepted();
  auto users = db.with(asio::use_future).query<user>("select id, name from users");
  io.run();
  EXPECT_EQ(users.get().size(), 1U);
  EXPECT_GT(gateway.accepted(), before);
}

}  // namespace
