// Optimistic locking on SQLite: the cases of the specification (K1 …), blocking and awaited.
#include <dovetail/client/asyncsql/optimistic.hpp>
#include <dovetail/sqlite.hpp>
#include <dovetail/sqlite_async.hpp>

#include <support/optimistic_cases.hpp>
#include <support/rounds.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace dt = dovetail;

namespace {

using dt::test::account;

struct database_file {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("dovetail_locking_" + std::to_string(getpid()));
  database_file() { std::filesystem::create_directories(folder); }
  ~database_file() { std::filesystem::remove_all(folder); }
  std::string url() const { return "sqlite:" + (folder / "test.db").string(); }
};

using layout = dt::lock_layout<account, "id", "">;
static_assert(layout::version == 4 && layout::key == 0 && layout::payload.size() == 3);
static_assert(
    dt::lock_statements<dt::dialect::postgres, layout>::set ==
    R"( set "owner" = $1, "balance" = $2, "rate" = $3, "version" = "version" + 1 where "id" = $4 and "version" = $5)");
static_assert(dt::lock_statements<dt::dialect::sqlite, layout>::by_version == R"( where "id" = ? and "version" = ?)");
static_assert(dt::lock_statements<dt::dialect::sqlite, layout>::select ==
              R"(select "id", "owner", "balance", "rate", "version" from )");

TEST(Optimistic, K1ToK22HoldForABlockingClient) {
  dt::sqlite::client db{"sqlite::memory:"};
  dt::test::optimistic_cases cases{db, dt::test::blocking_calls<dt::sqlite::client>{db}};
  cases.run_all();
}

TEST(Optimistic, K1ToK22HoldForAnAwaitedClient) {
  const database_file file;
  asio::io_context io;
  dt::sqlite::client setup{file.url()};
  dt::sqlite::async_client db{io.get_executor(), file.url()};
  dt::test::optimistic_cases cases{setup, dt::test::awaited_calls<dt::sqlite::async_client>{db, io}};
  cases.run_all();
}

TEST(Optimistic, ACancelledPauseBeforeARetryIsACancelledCall) {
  const database_file file;
  asio::io_context io;
  dt::sqlite::client setup{file.url()};
  setup.script(
      "create table account(id integer primary key, owner text, balance integer, rate real, version integer);"
      "insert into account values (1, 'ann', 100, 0.5, 2)");
  dt::sqlite::async_client db{io.get_executor(), file.url()};
  dt::lock_settings patient{dt::conflict_strategy::retry, 3, std::chrono::hours{1}};
  patient.max_delay = patient.retry_delay;
  const dt::optimistic<account> accounts{"account", patient};
  asio::cancellation_signal stop;
  dt::error_info why;
  std::exception_ptr thrown;
  const auto call = [&]() -> asio::awaitable<void> {
    const account base{1, "ann", 100, 0.5, {1}};
    const account mine{1, "bob", 100, 0.5, {1}};
    auto on = db.with(dt::as_result);
    const auto answer = co_await accounts.update(on, base, mine);
    why = answer.error();
  };
  asio::co_spawn(io, call, asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr by) { thrown = by; }));
  asio::steady_timer later{io, std::chrono::milliseconds{100}};
  later.async_wait([&](std::error_code) { stop.emit(asio::cancellation_type::terminal); });
  io.run();
  EXPECT_FALSE(thrown);
  EXPECT_EQ(why.code(), dt::errc::cancelled) << why.message();
}

TEST(Optimistic, K13AnUnknownColumnIsTheServersError) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.script("create table account(id integer primary key, version integer)");
  const dt::optimistic<account> accounts{"account"};
  const auto answer =
      accounts.update(db.within(std::chrono::seconds{60}).with(dt::as_result), account{1, "x", 1, {}, {1}});
  EXPECT_FALSE(answer);
  EXPECT_EQ(accounts.metrics().successful_operations, 0U);
  EXPECT_EQ(accounts.metrics().total_operations, 1U);
  EXPECT_THROW((dt::optimistic<account>{""}), dt::error);
}

TEST(Optimistic, K19AChangeInATransactionThatIsRolledBackNeverWas) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.script("create table account(id integer primary key, owner text, balance integer, rate real, version integer)");
  db.insert("account", account{1, "ann", 100, {}, {1}});
  const dt::optimistic<account> accounts{"account"};
  {
    auto tx = db.begin();
    auto found = accounts.read(tx, 1);
    found.row.balance = 0;
    EXPECT_EQ(accounts.update(tx, found).new_version(), 2);
    EXPECT_EQ(accounts.read(tx, 1).row.balance, 0);
    tx.rollback();
  }
  EXPECT_EQ(accounts.read(db, 1).row, (account{1, "ann", 100, {}, {1}}));
}

// SQLite's `returning` gives the row before any trigger has changed it: https://www.sqlite.org/lang_returning.html
constexpr const char* table_with_trigger =
    "create table account(id integer primary key, owner text, balance integer, rate real, version integer not null);"
    "create trigger after_update after update on account when new.version = old.version + 1 begin"
    " update account set version = version + 10, balance = balance + 1 where id = new.id; end;"
    "insert into account values (1, 'ann', 100, null, 1), (2, 'bob', 100, null, 1)";

TEST(Optimistic, WhatATriggerOfSqliteChangesIsSeenWhenTheRowIsReadBack) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.script(table_with_trigger);
  dt::lock_settings how{dt::conflict_strategy::fail_fast};
  const dt::optimistic<account> plain{"account", how};
  how.reads_back = true;
  const dt::optimistic<account> accounts{"account", how};

  auto unseen = plain.read(db, 2);
  unseen.row.balance = 5;
  const auto stale = plain.update(db, unseen);
  EXPECT_TRUE(stale.ok());
  EXPECT_EQ(stale.new_version(), 2) << "what the statement returned";
  EXPECT_EQ(plain.update(db, stale).status, dt::lock_status::version_conflict) << "and no update is lost by it";

  auto found = accounts.read(db, 1);
  found.row.balance = 5;
  const auto changed = accounts.update(db, found);
  ASSERT_TRUE(changed.ok());
  EXPECT_EQ(changed.new_version(), 12);
  EXPECT_EQ(changed.row, (account{1, "ann", 6, std::nullopt, dt::version{12}}));
  EXPECT_EQ(changed.base, changed.row);
  EXPECT_EQ(changed.replaced_version, 1);
  EXPECT_TRUE(accounts.update(db, changed).ok()) << "the version is the row's";
  const auto again = accounts.modify(db, 1, [](account& row) { row.balance = 50; });
  EXPECT_EQ(again.row.balance, 51);
  const auto forced = accounts
                          .with([&] {
                            how.strategy = dt::conflict_strategy::last_writer_wins;
                            return how;
                          }())
                          .update(db, again.row);
  EXPECT_TRUE(forced.forced_update);
  EXPECT_EQ(forced.new_version(), db.query_value<std::int64_t>("select version from account where id = 1"));
  EXPECT_EQ(forced.replaced_version, again.new_version());
}

TEST(Optimistic, ARowThatItsOwnTriggerDeletesWasWrittenAllTheSame) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.script(
      "create table account(id integer primary key, owner text, balance integer, rate real, version integer not null);"
      "create trigger gone after update on account begin delete from account where id = new.id; end;"
      "insert into account values (1, 'ann', 100, null, 1)");
  dt::lock_settings how;
  how.reads_back = true;
  const dt::optimistic<account> accounts{"account", how};
  const auto changed = accounts.update(db, accounts.read(db, 1));
  EXPECT_TRUE(changed.ok());
  EXPECT_EQ(changed.new_version(), 2);
}

TEST(Optimistic, AnAwaitedRowIsReadBackToo) {
  const database_file file;
  asio::io_context io;
  dt::sqlite::client{file.url()}.script(table_with_trigger);
  dt::sqlite::async_client db{io.get_executor(), file.url()};
  const dt::test::awaited_calls<dt::sqlite::async_client> call{db, io};
  dt::lock_settings how;
  how.reads_back = true;
  const dt::optimistic<account> accounts{"account", how};
  auto found = call([&](auto& on) { return accounts.read(on, 1); });
  found.row.balance = 5;
  const auto changed = call([&](auto& on) { return accounts.update(on, found); });
  EXPECT_EQ(changed.new_version(), 12);
  EXPECT_EQ(changed.row.balance, 6);
}

TEST(Optimistic, K23ReadChangeAndUpdateInOneTransactionCommitTogether) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.script("create table account(id integer primary key, owner text, balance integer, rate real, version integer)");
  db.insert("account", account{1, "ann", 100, {}, {1}});
  const dt::optimistic<account> accounts{"account"};
  db.transaction([&](auto& tx) {
    auto found = accounts.read(tx, 1);
    found.row.balance += 50;
    EXPECT_TRUE(accounts.update(tx, found));
  });
  EXPECT_EQ(accounts.read(db, 1).row, (account{1, "ann", 150, {}, {2}}));
}

TEST(Optimistic, ThirtyTwoThreadsIncrementingOneRowAThousandTimesEachLoseNothing) {
  const database_file file;
  dt::sqlite::client::settings how;
  how.pool.max_connections = 2;
  how.timeout = std::chrono::seconds{60};
  dt::sqlite::client db{file.url(), how};
  db.script("create table account(id integer primary key, owner text, balance integer, rate real, version integer)");
  db.insert("account", account{1, "ann", 0, {}, {0}});
  dt::lock_settings patient{dt::conflict_strategy::retry, 1'000'000, std::chrono::milliseconds{1}};
  patient.max_delay = std::chrono::milliseconds{16};
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
}

}  // namespace
