// The client's cache of results, against a scripted server and against the gateway of this library.
#include <dovetail/sqlite.hpp>
#include <dovetail/workersql_async.hpp>
#include <dovetail/workersql_gateway.hpp>

#include <support/http_peer.hpp>
#include <support/rounds.hpp>
#include <support/workersql_session.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace {

using namespace workersql_test;
using dt::test::http_call;
using dt::test::http_peer;
using namespace std::chrono_literals;

struct user {
  std::int64_t id;
  std::string name;
};
struct id_only {
  std::int64_t id;
};

constexpr std::string_view ann = R"({"success":true,"data":[{"id":1,"name":"Ann"}],"rowCount":1,"executionTime":2})";
constexpr std::string_view wrote = R"({"success":true,"data":{"rows":[],"rowsAffected":1,"insertId":7}})";
constexpr std::string_view on = "retryDelay=1&retryAttempts=3&cacheTtl=1h&cacheInvalidation=tables";

bool reads(const http_call& call) { return call.body.find("select") != std::string::npos; }

TEST(WorkersqlCache, AHitMakesNoRequest) {
  http_peer gateway{[](const http_call&, int) { return ok(ann); }};
  workersql::client db{gateway.dsn(on)};
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(db.query<user>("select id, name from users where id = ?", 1).at(0).name, "Ann");
  }
  EXPECT_EQ(gateway.calls().size(), 1U);
  // The same answer for other rows and verbs, and for a handle.
  EXPECT_EQ(db.query_one<id_only>("select id, name from users where id = ?", 1).id, 1);
  EXPECT_EQ(db.query_optional<user>("select id, name from users where id = ?", 1)->name, "Ann");
  auto find = db.prepare<user, int>("select id, name from users where id = ?");
  EXPECT_EQ(find(1).size(), 1U);
  const auto facts = db.request<user>("select id, name from users where id = ?", 1);
  EXPECT_TRUE(facts.cached);
  EXPECT_EQ(facts.execution_time, 2.0);
  EXPECT_EQ(gateway.calls().size(), 1U);
  // Another parameter, another text.
  db.query<user>("select id, name from users where id = ?", 2);
  db.query<user>("select id, name from users where id in (?)", std::vector<int>{1});
  EXPECT_EQ(gateway.calls().size(), 3U);
  const workersql::cache_statistics counts = db.get_cache_stats();
  EXPECT_EQ(counts.hits, 8U);
  EXPECT_EQ(counts.misses, 3U);
  EXPECT_EQ(counts.entries, 3U);
}

TEST(WorkersqlCache, IsOffUnlessItIsAskedFor) {
  http_peer gateway{[](const http_call&, int) { return ok(ann); }};
  workersql::client db{gateway.dsn()};
  db.query<user>("select id, name from users");
  db.query<user>("select id, name from users");
  db.forget_cached();
  EXPECT_EQ(gateway.calls().size(), 2U);
  EXPECT_EQ(db.get_cache_stats().misses, 0U);
}

TEST(WorkersqlCache, AHitNeedsNoGateway) {
  std::optional<workersql::client> db;
  {
    http_peer gateway{[](const http_call&, int) { return ok(ann, "Connection: close\r\n"); }};
    db.emplace(gateway.dsn(on));
    db->query<user>("select id, name from users");
  }
  EXPECT_EQ(db->query<user>("select id, name from users").size(), 1U);
  db->close();
  EXPECT_EQ(db->with(dt::as_result).query<user>("select id, name from users").error().code(), dt::errc::pool_closed);
}

TEST(WorkersqlCache, WhatWasKeptBecomesOld) {
  http_peer gateway{[](const http_call&, int) { return ok(ann); }};
  workersql::client db{gateway.dsn("cacheTtl=1ms")};
  db.query<user>("select id, name from users");
  const auto kept_since = dt::clock::now();
  while (dt::clock::now() - kept_since < 1ms) std::this_thread::yield();
  db.query<user>("select id, name from users");
  EXPECT_EQ(gateway.calls().size(), 2U);
  EXPECT_EQ(db.get_cache_stats().hits, 0U);
}

TEST(WorkersqlCache, EveryKindOfWriteForgetsItsTables) {
  http_peer gateway{[](const http_call& call, int) {
    const bool is_batch = call.line.find("/batch") != std::string::npos;
    return ok(is_batch      ? R"({"success":true,"data":{"results":[{"rowsAffected":1}],"totalRowsAffected":1}})"
              : reads(call) ? ann
                            : wrote);
  }};
  workersql::client db{gateway.dsn(on)};
  workersql::batch work;
  work.add("insert into users(id) values (?)", 5);
  int number = 0;
  const auto is_forgotten = [&](auto write) {
    ++number;
    db.query<user>("select id, name from users");
    const std::size_t before = gateway.calls().size();
    db.query<user>("select id, name from users");
    EXPECT_EQ(gateway.calls().size(), before) << "kept before write " << number;
    write();
    const std::size_t after = gateway.calls().size();
    db.query<user>("select id, name from users");
    return gateway.calls().size() == after + 1;
  };
  EXPECT_TRUE(is_forgotten([&] { db.execute("update users set name = ?", "x"); }));
  EXPECT_TRUE(is_forgotten([&] { db.execute("delete from main.\"Users\""); }));
  EXPECT_TRUE(is_forgotten([&] { db.insert("users", user{2, "Bo"}); }));
  EXPECT_TRUE(is_forgotten([&] { db.insert("users", std::vector<user>{{2, "Bo"}, {3, "Cy"}}); }));
  EXPECT_TRUE(is_forgotten([&] { db.batch(work); }));
  EXPECT_TRUE(is_forgotten([&] {
    db.execute_many("update users set name = ? where id = ?", std::vector<std::tuple<std::string, int>>{{"a", 1}});
  }));
  EXPECT_TRUE(is_forgotten([&] { db.execute("create view v as select 1"); }));
  EXPECT_TRUE(is_forgotten([&] { db.script("delete from orders; delete from users"); }));
  EXPECT_TRUE(is_forgotten([&] { db.forget_cached("main.users"); }));
  EXPECT_TRUE(is_forgotten([&] { db.forget_cached(); }));
  EXPECT_FALSE(is_forgotten([&] { db.execute("delete from orders where id = ?", 1); }));
  EXPECT_FALSE(is_forgotten([&] { db.forget_cached("orders"); }));
  EXPECT_FALSE(is_forgotten([&] { db.query<id_only>("select id from orders"); }));
}

TEST(WorkersqlCache, AWriteWhoseAnswerIsLostForgetsToo) {
  http_peer gateway{[](const http_call& call, int) { return reads(call) ? ok(ann) : std::string{}; }};
  workersql::client db{gateway.dsn(on)};
  db.query<user>("select id, name from users");
  EXPECT_EQ(db.with(dt::as_result).execute("delete from users").error().code(), dt::errc::outcome_unknown);
  EXPECT_EQ(db.get_cache_stats().entries, 0U);
}

TEST(WorkersqlCache, AFailureIsNeverKept) {
  http_peer gateway{[](const http_call&, int number) {
    switch (number) {
      case 0:
        return answer("400 Bad Request", "Invalid SQL request");
      case 1:
        return ok(R"({"success":false,"error":"EdgeSQLError: no such table: users"})");
      case 2:
        return ok(R"({"success":true,"executionTime":2})");  // without rows
      case 3:
        return ok(R"({"success":true,"data":[{"id":"no number","name":"Ann"}]})");
      default:
        return ok(ann);
    }
  }};
  workersql::client db{gateway.dsn(on)};
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(db.with(dt::as_result).query<user>("select id, name from users")) << i;
  EXPECT_EQ(db.get_cache_stats().entries, 0U);
  EXPECT_EQ(db.query<user>("select id, name from users").size(), 1U);
  EXPECT_EQ(db.get_cache_stats().entries, 1U);
}

TEST(WorkersqlCache, RowsThatDoNotFitWhatIsKeptFailAsWithoutIt) {
  http_peer gateway{[](const http_call&, int) { return ok(ann); }};
  workersql::client db{gateway.dsn(on)};
  db.query<user>("select * from users");
  struct other {
    std::int64_t id;
    std::int64_t name;
  };
  const auto failed = db.with(dt::as_result).query<other>("select * from users");
  ASSERT_FALSE(failed);
  EXPECT_EQ(gateway.calls().size(), 2U);
  EXPECT_EQ(db.query<user>("select * from users").size(), 1U);
  EXPECT_EQ(gateway.calls().size(), 2U);
}

TEST(WorkersqlCache, ACallMayWantAFreshAnswer) {
  http_peer gateway{[](const http_call&, int number) {
    return ok(R"({"success":true,"data":[{"id":)" + std::to_string(number) + "}]}");
  }};
  workersql::client db{gateway.dsn(on)};
  const auto ask = [&](const workersql::query_options& how) {
    return db.request<id_only>(how, "select id from users").data.at(0).id;
  };
  using workersql::cache_use;
  EXPECT_EQ(ask({}), 0);
  EXPECT_EQ(ask(cache_use::bypass), 1);
  EXPECT_EQ(ask({}), 0) << "what a bypass gave was not kept";
  EXPECT_EQ(ask(cache_use::refresh), 2);
  EXPECT_EQ(ask({}), 2) << "what a refresh gave was";
  EXPECT_EQ(ask(workersql::consistency::strong), 3);
  EXPECT_EQ(ask(workersql::consistency::strong), 4) << "strong means from the database";
  EXPECT_EQ(ask(workersql::consistency::weak), 5);
  EXPECT_EQ(ask(workersql::consistency::weak), 5);
  EXPECT_EQ(ask({}), 2);
  workersql::query_options young = workersql::consistency::bounded;
  young.staleness = 1h;
  EXPECT_EQ(ask(young), 6);
  EXPECT_EQ(ask(young), 6);
  workersql::query_options without;
  without.cache.enabled = false;
  EXPECT_EQ(ask(without), 7);
  EXPECT_EQ(ask(without), 8);
}

TEST(WorkersqlCache, WhatTheGatewayHasFromItsOwnCacheIsNotKeptAgain) {
  http_peer gateway{
      [](const http_call&, int) { return ok(R"({"success":true,"data":[{"id":1,"name":"Ann"}],"cached":true})"); }};
  workersql::client db{gateway.dsn(on)};
  db.query<user>("select id, name from users");
  db.query<user>("select id, name from users");
  EXPECT_EQ(gateway.calls().size(), 2U);
}

TEST(WorkersqlCache, StreamsAndClocksAreAlwaysAsked) {
  http_peer gateway{[](const http_call&, int) { return ok(ann); }};
  workersql::client db{gateway.dsn(on)};
  for (int i = 0; i < 2; ++i) {
    for (const user& each : db.stream<user>("select id, name from users")) EXPECT_EQ(each.id, 1);
    db.query<user>("select id, name from users where at < datetime('now')");
  }
  EXPECT_EQ(gateway.calls().size(), 4U);
  EXPECT_EQ(db.get_cache_stats().misses, 0U);
  EXPECT_EQ(db.get_cache_stats().entries, 0U);
}

TEST(WorkersqlCache, ItsParametersBelongTogether) {
  const auto parse = [](std::string_view more) { return workersql::parse("workersql://h/d?" + std::string{more}); };
  const auto all = parse("cacheTtl=5s&cacheEntries=7&cacheBytes=2048&cacheInvalidation=all");
  ASSERT_TRUE(all);
  ASSERT_NE(all->options.cache, nullptr);
  EXPECT_EQ(all->options.cache->settings().ttl, 5s);
  EXPECT_EQ(all->options.cache->settings().entries, 7U);
  EXPECT_EQ(all->options.cache->settings().bytes, 2048U);
  EXPECT_EQ(all->options.cache->settings().invalidation, workersql::cache_invalidation::all);
  EXPECT_EQ(parse("")->options.cache, nullptr);
  EXPECT_FALSE(parse("cacheEntries=7"));
  EXPECT_FALSE(parse("cacheTtl=0"));
  EXPECT_FALSE(parse("cacheTtl=5s&cacheInvalidation=some"));
}

TEST(WorkersqlCache, AStreamThatWritesIsHeardOfWhenItIsClosed) {
  http_peer gateway{[](const http_call&, int) {
    return ok(R"({"success":true,"data":[{"id":1,"name":"Ann"},{"id":2,"name":"Bo"}]})");
  }};
  asio::io_context io;
  workersql::async_client db{io.get_executor(), gateway.dsn(on)};
  bool is_done = false;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        co_await db.query<user>("select id, name from users");
        auto changed = co_await db.stream<user>("update users set name = upper(name) returning id, name");
        const user* const first = co_await changed.next();
        EXPECT_NE(first, nullptr);
        co_await changed.close();
        co_await db.query<user>("select id, name from users");
        EXPECT_EQ(gateway.calls().size(), 3U);
        is_done = true;
      },
      asio::detached);
  io.run();
  EXPECT_TRUE(is_done);
}

TEST(WorkersqlCache, TheAsynchronousClientHasItToo) {
  http_peer gateway{[](const http_call& call, int) { return ok(reads(call) ? ann : wrote); }};
  asio::io_context io;
  workersql::async_client db{io.get_executor(), gateway.dsn(on)};
  bool is_done = false;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 3; ++i) {
          const auto users = co_await db.query<user>("select id, name from users where id = ?", 1);
          EXPECT_EQ(users.at(0).name, "Ann");
        }
        EXPECT_EQ(gateway.calls().size(), 1U);
        co_await db.execute("delete from users where id = ?", 2);
        const user again = co_await db.query_one<user>("select id, name from users where id = ?", 1);
        EXPECT_EQ(again.id, 1);
        EXPECT_EQ(gateway.calls().size(), 3U);
        is_done = true;
      },
      asio::detached);
  io.run();
  EXPECT_TRUE(is_done);
  EXPECT_EQ(db.get_cache_stats().hits, 2U);
  // A hit completes later, never in the call itself.
  bool is_called = false;
  io.restart();
  db.with([&is_called](dt::result<dt::rows<user>> got) {
      is_called = got && got->size() == 1;
    }).query<user>("select id, name from users where id = ?", 1);
  EXPECT_FALSE(is_called);
  io.run();
  EXPECT_TRUE(is_called);
  EXPECT_EQ(gateway.calls().size(), 3U);
}

class WorkersqlCacheWithGateway : public ::testing::Test {
 protected:
  WorkersqlCacheWithGateway() {
    workersql::gateway_options how;
    how.authentication.api_keys.push_back(
        {.key = dt::secret{"k1"}, .name = "app", .tenant = "t1", .may = workersql::permissions::admin});
    served.emplace(dt::sqlite::client{"sqlite::memory:"}, how);
  }
  std::string dsn() const { return served->dsn("apiKey=k1&cacheTtl=1h&cacheInvalidation=tables"); }

  std::optional<workersql::gateway> served;
};

TEST_F(WorkersqlCacheWithGateway, ATransactionReadsForItselfAndItsWritesCountAtTheCommit) {
  workersql::client db{dsn()};
  db.execute("create table t(id integer primary key)");
  const auto count = [&] { return db.query_value<int>("select count(*) from t"); };
  EXPECT_EQ(count(), 0);
  db.transaction([&](auto& tx) {
    tx.execute("insert into t(id) values (?)", 1);
    EXPECT_EQ(tx.template query_value<int>("select count(*) from t"), 1) << "not what others have kept";
  });
  EXPECT_EQ(db.get_cache_stats().entries, 0U) << "what a transaction reads is not kept";
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(db.get_cache_stats().hits, 1U);
  auto tx = db.begin();
  tx.execute("insert into t(id) values (?)", 2);
  tx.rollback();
  EXPECT_EQ(count(), 1);
}

TEST_F(WorkersqlCacheWithGateway, WhoWaitsForAWriteNeverReadsWhatWasThereBefore) {
  workersql::client db{dsn()};
  db.execute("create table t(id integer primary key, n integer)");
  db.execute("insert into t(id, n) values (1, 0)");
  const int writes = dt::test::rounds(300);
  std::atomic<int> told{0};
  std::atomic<bool> is_over{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!is_over) {
        const int least = told;
        if (db.query_value<int>("select n from t where id = ?", 1) < least) ++wrong;
      }
    });
  }
  for (int n = 1; n <= writes; ++n) {
    db.execute("update t set n = ? where id = 1", n);
    told = n;
  }
  is_over = true;
  for (std::thread& each : readers) each.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(db.query_value<int>("select n from t where id = ?", 1), writes);
}

TEST_F(WorkersqlCacheWithGateway, ClientsMayShareOne) {
  auto parsed = workersql::parse(dsn());
  ASSERT_TRUE(parsed);
  workersql::client first{parsed->options};
  asio::io_context io;
  workersql::async_client second{io.get_executor(), parsed->options};
  first.execute("create table t(id integer primary key)");
  EXPECT_EQ(first.query_value<int>("select count(*) from t"), 0);
  auto write = second.with(asio::use_future).execute("insert into t(id) values (?)", 1);
  io.run();
  write.get();
  EXPECT_EQ(first.query_value<int>("select count(*) from t"), 1);
  EXPECT_EQ(second.get_cache_stats().misses, 2U);
}

}  // namespace
