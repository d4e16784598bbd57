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

struct locking_by_triggers : testing::Test {
  /// Before an update of the row 1 counts the version by ten more, and leaves the row 2 as it is.
  locking_by_triggers() {
    create_accounts(db, 3);
    db.script(
        "create or replace function meddle() returns trigger language plpgsql as $$ begin if old.id = 2 then return "
        "null; end if; if tg_op = 'DELETE' then return old; end if; if new.id = 1 then new.version := new.version + "
        "10; end if; return new; end $$; create trigger meddle before update or delete on account for each row "
        "execute function meddle()");
  }
  static account changed(std::int64_t id) { return {id, "eve", 5, {}, {0}}; }

  dt::postgres::client db{url()};
  const dt::optimistic<account> accounts{"account"};
};

TEST_F(locking_by_triggers, TheNewVersionIsTheOneThatTheRowHas) {
  const auto found = accounts.read(db, 1);
  auto done = accounts.update(db, found);
  EXPECT_EQ(done.new_version(), 11);
  EXPECT_EQ(done.row, accounts.read(db, 1).row);
  done = accounts.update(db, done);  // nobody was in between
  EXPECT_TRUE(done.ok()) << dt::to_string(done.status);
  EXPECT_EQ(done.new_version(), 22);
  EXPECT_EQ(accounts.metrics().version_conflicts, 0U);
}

TEST_F(locking_by_triggers, ARowThatATriggerKeepsIsRefusedAndNotTriedAgain) {
  for (const auto strategy : {dt::conflict_strategy::retry, dt::conflict_strategy::fail_fast,
                              dt::conflict_strategy::merge, dt::conflict_strategy::last_writer_wins}) {
    SCOPED_TRACE(dt::to_string(strategy));
    const dt::optimistic<account> with{"account", strategy};
    auto found = with.read(db, 2);
    found.row.balance = 5;
    const auto kept = with.update(db, found);
    EXPECT_EQ(kept.status, dt::lock_status::refused) << dt::to_string(kept.status);
    EXPECT_EQ(kept.retry_count, 0);
    EXPECT_EQ(kept.current_version, 0);
    EXPECT_FALSE(kept.updated);
    EXPECT_EQ(with.erase(db, found).status, dt::lock_status::refused);
    EXPECT_EQ(with.update(db, account{9, "bob", 1, {}, {0}}).status, dt::lock_status::record_not_found);
    EXPECT_EQ(with.metrics().version_conflicts, 0U);
  }
}

TEST_F(locking_by_triggers, AnAwaitedRowThatATriggerKeepsIsRefusedToo) {
  asio::io_context io;
  dt::postgres::async_client awaited{io.get_executor(), url()};
  const dt::test::awaited_calls<dt::postgres::async_client> call{awaited, io};
  const dt::optimistic<account> forced{"account", dt::conflict_strategy::last_writer_wins};
  EXPECT_EQ(call([&](auto& on) { return accounts.update(on, changed(2)); }).status, dt::lock_status::refused);
  EXPECT_EQ(call([&](auto& on) { return forced.update(on, changed(2)); }).status, dt::lock_status::refused);
  EXPECT_EQ(call([&](auto& on) { return forced.erase(on, changed(2)); }).status, dt::lock_status::refused);
  EXPECT_EQ(call([&](auto& on) { return accounts.update(on, changed(1)); }).new_version(), 11);
}

TEST_F(locking_by_triggers, AnAtomicBatchTellsOfTheRefusedRowAndGivesTheOldVersionsBack) {
  const auto all = accounts.update_all(db, {changed(1), changed(2)}, dt::batch_mode::atomic);
  EXPECT_TRUE(all.is_rolled_back);
  EXPECT_EQ(all.total_refused, 1U);
  EXPECT_EQ(all.total_rolled_back, 1U);
  ASSERT_EQ(all.results.size(), 2U);
  EXPECT_EQ(all.results[0].current_version, 0);
  EXPECT_EQ(accounts.read(db, 1).row.version.value, 0);
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
