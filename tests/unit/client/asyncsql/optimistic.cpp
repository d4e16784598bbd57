// Optimistic locking on SQLite: the cases of the specification (K1 …), blocking and awaited.
#include <dovetail/client/asyncsql/async_session.hpp>
#include <dovetail/client/asyncsql/optimistic.hpp>
#include <dovetail/client/asyncsql/session.hpp>
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

// A row in another version than the one that was read, and pauses that last longer than anybody waits.
struct conflict_ahead {
  database_file file;
  dt::sqlite::client setup{file.url()};
  account base{1, "ann", 100, 0.5, {1}};
  account mine{1, "bob", 100, 0.5, {1}};

  conflict_ahead() {
    setup.script(
        "create table account(id integer primary key, owner text, balance integer, rate real, version integer);"
        "insert into account values (1, 'ann', 100, 0.5, 2)");
  }
  static dt::optimistic<account> accounts(std::chrono::milliseconds pause) {
    dt::lock_settings how{dt::conflict_strategy::retry, 3, pause};
    how.max_delay = pause;
    return dt::optimistic<account>{"account", how};
  }
  static void expect_no_pause(const dt::lock_result<account>& answer) {
    EXPECT_EQ(answer.status, dt::lock_status::retry_exhausted);
    EXPECT_EQ(answer.retry_count, 0);
    EXPECT_FALSE(answer.updated);
    ASSERT_TRUE(answer.theirs);
    EXPECT_EQ(answer.theirs->version, dt::version{2});
    EXPECT_EQ(answer.current_version, 2);
  }
};

TEST(Optimistic, APauseThatDoesNotFitIntoTheLimitOfAViewIsNotBegun) {
  conflict_ahead with;
  const auto accounts = conflict_ahead::accounts(std::chrono::hours{1});
  const auto limit = std::chrono::minutes{10};
  const auto since = dt::clock::now();
  conflict_ahead::expect_no_pause(accounts.update(with.setup.within(limit), with.base, with.mine));
  const auto counted = accounts.metrics();
  EXPECT_EQ(counted.version_conflicts, 1U);
  EXPECT_EQ(counted.retries_performed, 0U);

  dt::asyncsql::session<dt::sqlite::client> db{with.setup};
  conflict_ahead::expect_no_pause(accounts.update(db.within(limit), with.base, with.mine));
  const auto all = accounts.update_all(db.within(limit), std::vector<account>{with.mine});
  EXPECT_EQ(all.results.at(0).status, dt::lock_status::version_conflict);  // without a base nothing is repeated

  asio::io_context io;
  dt::sqlite::async_client awaited{io.get_executor(), with.file.url()};
  dt::asyncsql::async_session<dt::sqlite::async_client> session{awaited};
  bool is_done = false;
  const auto call = [&]() -> asio::awaitable<void> {
    auto view = awaited.within(limit);
    conflict_ahead::expect_no_pause(co_await accounts.update(view, with.base, with.mine));
    auto of_session = session.within(dt::deadline::after(limit));
    conflict_ahead::expect_no_pause(co_await accounts.update(of_session, with.base, with.mine));
    auto of_styled = session.within(limit).with(dt::as_result);
    auto answer = co_await accounts.update(of_styled, with.base, with.mine);
    conflict_ahead::expect_no_pause(*answer);
    is_done = true;
  };
  asio::co_spawn(io, call, [](std::exception_ptr by) { EXPECT_FALSE(by); });
  io.run();
  EXPECT_TRUE(is_done);
  EXPECT_LT(dt::clock::now() - since, limit);
}

TEST(Optimistic, TheLimitOfAViewIsOneOfAllPausesOfACallTogether) {
  conflict_ahead with;
  dt::lock_settings how{dt::conflict_strategy::retry, 1000, std::chrono::milliseconds{400}};
  how.retry_backoff_multiplier = 1;
  const dt::optimistic<account> accounts{"account", how};
  const auto limit = std::chrono::seconds{1};
  dt::sqlite::client other{with.file.url()};
  const auto overtaken = [&](account& row) {  // somebody else is always faster
    other.execute("update account set version = version + 1");
    row.balance += 1;
  };
  // Each pause fits into the limit, three do not. A statement may be late too, on a machine that is busy.
  const auto expect_end = [&](const dt::result<dt::lock_result<account>>& answer) {
    if (!answer) {
      EXPECT_EQ(answer.error().code(), dt::errc::deadline_passed) << answer.error().message();
      return;
    }
    EXPECT_EQ(answer->status, dt::lock_status::retry_exhausted);
    EXPECT_LE(answer->retry_count, 2);
  };
  expect_end(accounts.modify(with.setup.within(limit).with(dt::as_result), 1, overtaken));

  asio::io_context io;
  dt::sqlite::async_client awaited{io.get_executor(), with.file.url()};
  dt::asyncsql::async_session<dt::sqlite::async_client> session{awaited};
  bool is_done = false;
  const auto call = [&]() -> asio::awaitable<void> {
    auto view = awaited.within(limit).with(dt::as_result);
    auto answer = co_await accounts.modify(view, 1, overtaken);
    expect_end(answer);
    auto of_session = session.within(limit).with(dt::as_result);
    auto again = co_await accounts.modify(of_session, 1, overtaken);
    expect_end(again);
    is_done = true;
  };
  asio::co_spawn(io, call, [](std::exception_ptr by) { EXPECT_FALSE(by); });
  io.run();
  EXPECT_TRUE(is_done);
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
