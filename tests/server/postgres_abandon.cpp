// The ROLLBACK of an abandoned transaction is sent and not waited for: round trips, locks, and what else may happen
// while its answer is owed.
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/postgres_relay.hpp>
#include <support/postgres_server.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace dt = dovetail;
namespace pg = dt::postgres;
using dt::errc;
using dt::test::postgres_relay;
using dt::test::postgres_server;
using namespace std::chrono_literals;

namespace {

struct entry {
  int x;
};

class PostgresAbandon : public testing::Test {
 protected:
  PostgresAbandon() {
    server.sql("drop table if exists leaf; create table leaf(x int); grant all on leaf to public");
    abandon();  // from here on it is prepared
    static_cast<void>(count());
  }

  int count() { return db.query_value<int>("select count(*)::int from leaf"); }
  int backend() { return db.query_value<int>("select pg_backend_pid()"); }
  std::string seen() const { return server.sql("select coalesce(string_agg(x::text, ' ' order by x), '') from leaf"); }
  void abandon() {
    auto tx = db.begin();
    tx.execute("insert into leaf values (?)", 1);
  }

  template <class Body>
  void await(Body body) {
    asio::io_context io;
    pg::async_client adb{io.get_executor(), relay.url("&maxConnections=1")};
    std::exception_ptr failed;
    asio::co_spawn(io, body(adb), [&](std::exception_ptr thrown) { failed = thrown; });
    io.run();
    if (failed) std::rethrow_exception(failed);
  }

  postgres_server& server = postgres_server::shared();
  postgres_relay relay{server.port()};
  pg::client db{relay.url("&maxConnections=1")};
};

TEST_F(PostgresAbandon, TakesNoRoundTrip) {
  const int mine = backend();
  int before = relay.rounds();
  abandon();
  EXPECT_EQ(count(), 0);
  EXPECT_LE(relay.rounds(), before + 3);  // of the two statements, and the ROLLBACK's, for which nobody has waited
  before = relay.rounds();
  EXPECT_THROW(db.transaction([](auto& tx) {
    tx.execute("insert into leaf values (?)", 1);
    throw std::runtime_error("mine");
  }),
               std::runtime_error);
  EXPECT_EQ(count(), 0);
  EXPECT_EQ(backend(), mine);
  EXPECT_EQ(seen(), "");
}

/// The server is stopped, so that nobody can have waited for it.
TEST_F(PostgresAbandon, IsNotWaitedFor) {
  const int mine = backend();
  {
    auto tx = db.begin();
    tx.execute("insert into leaf values (?)", 1);
    ASSERT_EQ(::kill(mine, SIGSTOP), 0);
  }
  EXPECT_EQ(db.statistics().idle, 1U);
  const auto late = db.within(200ms).with(dt::as_result).query_value<int>("select count(*)::int from leaf");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), errc::deadline_passed);
  EXPECT_EQ(db.statistics().idle, 0U);  // it did not find its place again
  ::kill(mine, SIGCONT);
  EXPECT_EQ(count(), 0);
  EXPECT_NE(backend(), mine);
}

TEST_F(PostgresAbandon, ADeadlineBehindItLeavesTheConnectionAlive) {
  for (int i = 0; i != 20; ++i) {
    abandon();
    EXPECT_EQ(
        db.within(std::chrono::milliseconds{i}).with(dt::as_result).execute("select pg_sleep(600)").error().code(),
        errc::deadline_passed);
    EXPECT_EQ(count(), 0);
  }
  const int mine = backend();
  abandon();
  EXPECT_EQ(db.within(200ms).with(dt::as_result).execute("select pg_sleep(600)").error().code(), errc::deadline_passed);
  EXPECT_EQ(count(), 0);
  EXPECT_EQ(backend(), mine);
}

TEST_F(PostgresAbandon, ItsLocksAreGoneAtOnce) {
  const std::string mine = std::to_string(backend());
  {
    auto tx = db.begin();
    tx.script("lock table leaf in access exclusive mode");
  }
  EXPECT_TRUE(server.becomes("select count(*) from pg_locks where relation = 'leaf'::regclass", "0"));
  EXPECT_TRUE(server.becomes("select state from pg_stat_activity where pid = " + mine, "idle"));
}

TEST_F(PostgresAbandon, AllSortsOfCallsReadItFirst) {
  const std::vector<entry> two{{1}, {2}};
  const int mine = backend();
  abandon();
  db.script("insert into leaf values (10)");
  abandon();
  db.copy_in("leaf", two);
  abandon();
  int sum = 0;
  for (const entry& each : db.copy_out<entry>("leaf")) sum += each.x;
  EXPECT_EQ(sum, 13);
  abandon();
  sum = 0;
  for (const entry& each : db.stream<entry>("select x from leaf")) sum += each.x;
  EXPECT_EQ(sum, 13);
  abandon();
  db.pipeline(pg::execute("insert into leaf values (?)", 20), pg::execute("insert into leaf values (?)", 21));
  abandon();
  db.insert("leaf", two);
  abandon();
  db.transaction([](auto& tx) { tx.execute("insert into leaf values (?)", 30); });
  abandon();
  db.transaction([](auto& tx) { tx.script("insert into leaf values (31)"); });
  abandon();
  EXPECT_THROW(db.script("select 1/0"), dt::error);
  abandon();
  EXPECT_THROW(db.execute("insert into leaf values (1/?)", 0), dt::error);
  {
    auto tx = db.with(dt::as_result).begin();
    ASSERT_TRUE(tx);
    EXPECT_FALSE(tx->execute("insert into leaf values (1/?)", 0));
  }
  EXPECT_EQ(seen(), "1 1 2 2 10 20 21 30 31");
  EXPECT_EQ(backend(), mine);
}

TEST_F(PostgresAbandon, AStreamThatIsOpenEndsBeforeIt) {
  const int mine = backend();
  db.script("insert into leaf select generate_series(1, 5000)");
  {
    auto tx = db.begin();
    auto rows = tx.stream<entry>("select x from leaf");
    EXPECT_EQ((*rows.begin()).x, 1);
  }
  EXPECT_EQ(count(), 5000);
  EXPECT_THROW(db.transaction([](auto& tx) {
    auto rows = tx.template stream<entry>("select x from leaf");
    if ((*rows.begin()).x == 1) throw std::runtime_error("mine");
  }),
               std::runtime_error);
  EXPECT_EQ(count(), 5000);
  EXPECT_EQ(backend(), mine);
}

TEST_F(PostgresAbandon, AnUnaskedEndIsTheServersReason) {
  for (const bool begins : {false, true}) {
    const int mine = backend();
    {
      auto tx = db.begin();
      tx.execute("insert into leaf values (?)", 1);
      ASSERT_EQ(::kill(mine, SIGSTOP), 0);
    }
    server.sql("select pg_terminate_backend(" + std::to_string(mine) + ")");
    std::thread later{[mine] {
      std::this_thread::sleep_for(100ms);
      ::kill(mine, SIGCONT);
    }};
    if (begins) {  // of a transaction nothing stays: both are asked again
      db.transaction([](auto& tx) { tx.execute("insert into leaf values (?)", 2); });
    } else {
      const auto ended = db.with(dt::as_result).execute("insert into leaf values (?)", 3);
      EXPECT_FALSE(ended);
      EXPECT_EQ(ended.error().kind(), dt::condition::connection) << ended.error().message();
    }
    later.join();
    EXPECT_NE(backend(), mine);
  }
  EXPECT_EQ(seen(), "2");
}

TEST_F(PostgresAbandon, AKilledBackendLeavesTheNextInDoubt) {
  const int mine = backend();
  {
    auto tx = db.begin();
    tx.execute("insert into leaf values (?)", 1);
    ASSERT_EQ(::kill(mine, SIGSTOP), 0);
  }
  relay.cut_next(false);
  const auto lost = db.with(dt::as_result).execute("insert into leaf values (?)", 2);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code(), errc::outcome_unknown) << lost.error().message();
  ::kill(mine, SIGCONT);
  EXPECT_EQ(count(), 0);
}

TEST_F(PostgresAbandon, AnAwaitedOneTakesNoRoundTripEither) {
  await([&](pg::async_client& adb) -> asio::awaitable<void> {
    const int mine = co_await adb.query_value<int>("select pg_backend_pid()");
    co_await adb.execute("insert into leaf values (?)", 5);
    const auto failed =
        co_await adb.with(dt::as_result).transaction([&](auto& tx) -> asio::awaitable<dt::result<void>> {
          co_await tx.execute("insert into leaf values (?)", 6);
          ::kill(mine, SIGSTOP);
          co_return dt::error_info{errc::no_row};
        });
    EXPECT_EQ(failed.error().code(), errc::no_row);
    EXPECT_TRUE(failed.error().suppressed().empty());
    ::kill(mine, SIGCONT);
    const int left = co_await adb.query_value<int>("select count(*)::int from leaf");
    EXPECT_EQ(left, 1);
    for (int i = 0; i != 20; ++i) {
      const auto again =
          co_await adb.with(dt::as_result).transaction([](auto& tx) -> asio::awaitable<dt::result<void>> {
            co_await tx.script("insert into leaf values (1)");
            co_return dt::error_info{errc::no_row};
          });
      EXPECT_FALSE(again);
      if (i % 5 != 0) continue;
      const auto late = co_await adb.within(200ms).with(dt::as_result).execute("select pg_sleep(600)");
      EXPECT_EQ(late.error().code(), errc::deadline_passed);
    }
    co_await adb.transaction([](auto& tx) -> asio::awaitable<void> {  //
      co_await tx.execute("insert into leaf values (?)", 7);
    });
    const int same = co_await adb.query_value<int>("select pg_backend_pid()");
    EXPECT_EQ(same, mine);
  });
  EXPECT_EQ(seen(), "5 7");
}

TEST_F(PostgresAbandon, WhatIsAskedForByNameIsWaitedFor) {
  auto tx = db.with(dt::as_result).begin();
  ASSERT_TRUE(tx);
  EXPECT_TRUE(tx->execute("insert into leaf values (?)", 1));
  relay.cut_next(false);
  EXPECT_TRUE(tx->rollback());  // found lost: nothing to undo
  EXPECT_EQ(db.statistics().idle, 0U);
  EXPECT_EQ(count(), 0);
}

/// The sum of the accounts stays, whoever abandons what.
TEST_F(PostgresAbandon, ManyThreadsAbandonTransfers) {
  db.script("truncate leaf; drop table if exists hoard; create table hoard(id int primary key, money int)");
  db.script("insert into hoard select n, 100 from generate_series(1, 8) n");
  pg::client many{server.url("app", "?maxConnections=4&sslmode=disable")};
  std::vector<std::thread> all;
  for (int who = 0; who != 16; ++who) {
    all.emplace_back([&many, who] {
      for (int i = 0; i != 60; ++i) {
        const int from = 1 + (who + i) % 8;
        const int to = 1 + (who * 3 + i * 5 + 1) % 8;
        const auto done = many.with(dt::as_result).transaction([&](auto& tx) -> dt::result<void> {
          const auto taken = tx.execute("update hoard set money = money - 1 where id = ?", from);
          if (!taken) return taken.error();
          if (i % 3 == 0) return dt::error_info{errc::no_row};
          const auto given = tx.execute("update hoard set money = money + 1 where id = ?", to);
          if (!given) return given.error();
          return {};
        });
        if (i % 3 != 0) continue;
        EXPECT_FALSE(done);
        const auto read = many.with(dt::as_result).query_value<int>("select money from hoard where id = ?", from);
        EXPECT_TRUE(read) << (read ? std::string{} : read.error().message());
      }
    });
  }
  for (std::thread& each : all) each.join();
  EXPECT_EQ(server.sql("select sum(money) from hoard"), "800");
  EXPECT_EQ(many.statistics().opened, many.statistics().idle);
}

}  // namespace
