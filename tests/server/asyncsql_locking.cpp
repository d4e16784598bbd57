// Optimistic locking on PostgreSQL: the cases of the specification (K1 …), blocking and awaited, and under contention.
#include <dovetail/client/asyncsql/optimistic.hpp>
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/optimistic_cases.hpp>
#include <support/postgres_server.hpp>
#include <support/rounds.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace dt = dovetail;
using dt::test::account;
using dt::test::postgres_server;
using namespace std::chrono_literals;

namespace {

std::string url() {
  return "postgresql://app@127.0.0.1:" + std::to_string(postgres_server::shared().port()) + "/app?sslmode=disable";
}

void create_accounts(dt::postgres::client& db, std::int64_t rows) {
  db.script(
      "drop table if exists account; create table account(id bigint primary key, owner text not null, balance bigint "
      "not null, rate float8, version bigint)");
  for (std::int64_t id = 1; id <= rows; ++id) db.insert("account", account{id, "ann", 0, {}, {0}});
}

TEST(OptimisticOnPostgres, K1ToK22HoldForABlockingClient) {
  dt::postgres::client db{url()};
  dt::test::optimistic_cases cases{db, dt::test::blocking_calls<dt::postgres::client>{db}};
  cases.run_all();
}

TEST(OptimisticOnPostgres, K1ToK22HoldForAnAwaitedClient) {
  asio::io_context io;
  dt::postgres::client setup{url()};
  dt::postgres::async_client db{io.get_executor(), url()};
  dt::test::optimistic_cases cases{setup, dt::test::awaited_calls<dt::postgres::async_client>{db, io}};
  cases.run_all();
}

TEST(OptimisticOnPostgres, K19AChangeInATransactionThatIsRolledBackNeverWas) {
  dt::postgres::client db{url()};
  create_accounts(db, 1);
  const dt::optimistic<account> accounts{"account"};
  {
    auto tx = db.begin();
    EXPECT_EQ(accounts.modify(tx, 1, [](account& row) { row.balance = 5; }).new_version(), 1);
    tx.rollback();
  }
  EXPECT_EQ(accounts.read(db, 1).row, (account{1, "ann", 0, {}, {0}}));
}

TEST(OptimisticOnPostgres, K23ReadChangeAndUpdateInOneAwaitedTransactionCommitTogether) {
  asio::io_context io;
  dt::postgres::client setup{url()};
  create_accounts(setup, 1);
  dt::postgres::async_client db{io.get_executor(), url()};
  const dt::optimistic<account> accounts{"account"};
  const dt::test::awaited_calls<dt::postgres::async_client> call{db, io};
  call([&](auto& client) -> asio::awaitable<int> {
    co_await client.transaction([&](auto& tx) -> asio::awaitable<void> {
      auto found = co_await accounts.read(tx, 1);
      found.row.balance += 50;
      const auto done = co_await accounts.update(tx, found);
      EXPECT_TRUE(done);
    });
    co_return 0;
  });
  EXPECT_EQ(accounts.read(setup, 1).row, (account{1, "ann", 50, {}, {1}}));
}

TEST(OptimisticOnPostgres, ThirtyTwoThreadsIncrementingOneRowAThousandTimesEachLoseNothing) {
  dt::postgres::client::settings how;
  how.pool.max_connections = 2;
  how.timeout = 600s;
  how.pool.acquire_wait = 600s;
  dt::postgres::client db{url(), how};
  create_accounts(db, 1);
  dt::lock_settings patient{dt::conflict_strategy::retry, 1'000'000, 1ms};
  patient.max_delay = 16ms;
  const dt::optimistic<account> accounts{"account", patient};
  constexpr int times = dt::test::rounds(1000);
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int thread = 0; thread < 32; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < times; ++i) {
        if (!accounts.modify(db, 1, [](account& row) { ++row.balance; })) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(accounts.read(db, 1).row.balance, 32 * times);
  EXPECT_EQ(accounts.read(db, 1).row.version.value, 32 * times);
  EXPECT_GT(accounts.metrics().version_conflicts, 0U);
}

/// Ends other sessions while the work goes on. What reported success is there; what reported a conflict is not; what
/// ended with an error may or may not be.
TEST(OptimisticOnPostgres, TransfersUnderKilledSessionsLoseAndDoubleNothing) {
  constexpr std::int64_t rows = 8;
  constexpr int threads_count = 8;
  constexpr int transfers = 150;
  dt::postgres::client db{url()};
  create_accounts(db, rows);
  db.execute("update account set balance = 1000");
  const dt::optimistic<account> accounts{"account", dt::lock_settings{dt::conflict_strategy::retry, 100, 0ms}};
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> moved{0};
  std::atomic<std::int64_t> unknown{0};
  std::thread killer{[&] {
    dt::postgres::client admin{"postgresql://admin@127.0.0.1:" + std::to_string(postgres_server::shared().port()) +
                               "/app?sslmode=disable"};
    while (!stop) {
      admin.execute(
          "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app' order by random() limit 1");
      std::this_thread::sleep_for(5ms);
    }
  }};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < threads_count; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < transfers; ++i) {
        const std::int64_t from = 1 + (thread + i) % rows;
        const std::int64_t to = 1 + (thread * 3 + i * 5 + 1) % rows;
        if (from == to) continue;
        try {
          db.transaction([&](auto& tx) {
            // In the order of the keys, so that no two transfers wait for each other.
            const auto move = [&](std::int64_t id) {
              const std::int64_t amount = id == to ? 1 : -1;
              const auto done = accounts.modify(tx, id, [&](account& row) { row.balance += amount; });
              if (!done) throw dt::error{dt::error_info{dt::errc::invalid_state, "conflict"}};
            };
            move((std::min)(from, to));
            move((std::max)(from, to));
          });
          ++moved;
        } catch (const dt::error& failed) {
          if (failed.info().kind() == dt::condition::commit_unknown) ++unknown;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  stop = true;
  killer.join();
  dt::postgres::client after{url()};
  EXPECT_EQ(after.query_value<std::int64_t>("select sum(balance)::bigint from account"), 1000 * rows);
  // Each transfer that was committed counted two rows up.
  const auto versions = after.query_value<std::int64_t>("select sum(version)::bigint from account");
  EXPECT_GE(versions, 2 * moved);
  EXPECT_LE(versions, 2 * (moved + unknown));
  EXPECT_GT(moved, 0);
}

}  // namespace
