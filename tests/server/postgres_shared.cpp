// Many callers on one connection of the asynchronous PostgreSQL client: their statements go together, their answers,
// failures, deadlines and cancellations stay apart.
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/postgres_server.hpp>
#include <support/recovery.hpp>
#include <support/styles.hpp>

#include <asio/bind_allocator.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_future.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

namespace dt = dovetail;
namespace pg = dt::postgres;
using dt::test::postgres_server;
using namespace std::chrono_literals;

namespace {

struct entry {
  int id;
  std::string name;
};

/// A number whose codec throws at 3, both ways.
struct touchy {
  int value = 0;
};

}  // namespace

template <>
struct dovetail::field_codec<touchy> {
  using stored_type = std::int64_t;
  static std::int64_t encode(const touchy& of) {
    if (of.value == 3) throw std::runtime_error{"three is too many"};
    return of.value;
  }
  static dt::result<touchy> decode(std::int64_t stored) {
    if (stored == 3) throw std::runtime_error{"three is too many"};
    return touchy{static_cast<int>(stored)};
  }
};

namespace {

/// Counts requests and bytes.
struct counting {
  struct counts {
    std::atomic<int> requests{0};
    std::atomic<int> failures{0};
    std::atomic<int> writers{0};  // requests that have sent something
    std::atomic<std::size_t> received{0};
  };
  std::shared_ptr<counts> to = std::make_shared<counts>();
  void on(const dt::observation& seen) noexcept {
    if (seen.what != dt::observed::request) return;
    ++to->requests;
    if (seen.ec) ++to->failures;
    if (seen.bytes_sent != 0) ++to->writers;
    to->received += seen.bytes_received;
  }
};

/// Counts what is not given back.
template <class T>
struct caller_allocator {
  using value_type = T;
  explicit caller_allocator(int& of) noexcept : live(&of) {}
  template <class U>
  caller_allocator(const caller_allocator<U>& other) noexcept : live(other.live) {}
  T* allocate(std::size_t count) {
    ++*live;
    return std::allocator<T>{}.allocate(count);
  }
  void deallocate(T* memory, std::size_t count) noexcept {
    --*live;
    std::allocator<T>{}.deallocate(memory, count);
  }
  template <class U>
  bool operator==(const caller_allocator<U>& other) const noexcept {
    return live == other.live;
  }
  int* live;
};

using shared_client = pg::async_shared_client;
using seen_client =
    dt::basic_async_client<pg::async_connection, dt::exponential_backoff, dt::shared_connection, counting>;

struct PostgresShared : testing::Test {
  void SetUp() override {
    // Of another test, whose client has gone while the server sleeps on.
    admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'shared'");
    ASSERT_TRUE(postgres_server::shared().becomes(
        "select count(*) from pg_stat_activity where application_name = 'shared'", "0"));
    admin.script("drop table if exists entry; create table entry(id int primary key, name text not null)");
    admin.script("insert into entry select n, 'e' || n from generate_series(1, 100) as n");
  }

  /// Runs coroutines to their end; their exceptions fail the test.
  template <class Body>
  void spawn(Body body) {
    asio::co_spawn(io, std::move(body), [](std::exception_ptr thrown) {
      if (!thrown) return;
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& failed) {
        ADD_FAILURE() << failed.what();
      }
    });
  }
  /// Starts a statement whose answer comes into `to`.
  template <class T, class Verb>
  void start(std::optional<dt::result<T>>& to, Verb verb) {
    verb(db.with([&to](dt::result<T> answer) { to.emplace(std::move(answer)); }));
  }
  void run_until(const auto&... answers) {
    dt::test::run_until(io, [&] { return (true && ... && answers.has_value()); });
  }
  /// Until the server executes `pg_sleep` for this client.
  void run_until_sleeping(int count = 1) {
    dt::test::run_until(io, [&] {
      return admin.query_value<std::int64_t>(
                 "select count(*) from pg_stat_activity where wait_event in ('PgSleep', 'advisory') and "
                 "application_name = "
                 "'shared'") == count;
    });
  }

  /// Statements that ask for the lock 7 wait from here on, until `open_gate()`.
  void close_gate() { gate.execute("select pg_advisory_lock(7)"); }
  void open_gate() { gate.execute("select pg_advisory_unlock(7)"); }

  static std::string where() { return postgres_server::shared().socket_string("app", " application_name=shared"); }

  asio::io_context io;
  pg::client admin{postgres_server::shared().socket_string("app", " maxConnections=2")};
  pg::client gate{postgres_server::shared().socket_string("app", " maxConnections=1")};
  shared_client db{io.get_executor(), where()};
};

TEST_F(PostgresShared, ManyCoroutinesHaveOneConnectionAndTheirOwnAnswers) {
  int done = 0;
  for (int i = 1; i <= 64; ++i) {
    spawn([&, i]() -> asio::awaitable<void> {
      for (int round = 0; round < 20; ++round) {
        const entry got = co_await db.query_one<entry>("select id, name from entry where id = ?", i);
        EXPECT_EQ(got.id, i);
        EXPECT_EQ(got.name, "e" + std::to_string(i));
        EXPECT_EQ(co_await db.query_value<std::int64_t>("select count(*) from entry where id <= ?", i), i);
        const auto none = co_await db.query_optional<entry>("select id, name from entry where id = ?", -i);
        EXPECT_FALSE(none);
        const std::vector<int> wanted{i, 1};
        const auto rows = co_await db.query<entry>("select id, name from entry where id in (?)", wanted);
        EXPECT_EQ(rows.size(), i == 1 ? 1U : 2U);
        const auto changed = co_await db.execute("update entry set name = name where id = ?", i);
        EXPECT_EQ(changed.rows_affected, 1);
      }
      ++done;
    });
  }
  io.run();
  EXPECT_EQ(done, 64);
  const dt::pool_statistics counts = db.statistics();
  EXPECT_EQ(counts.opened, 1U);
  EXPECT_EQ(counts.max, 1U);
  EXPECT_EQ(counts.waiting, 0U);
  EXPECT_EQ(counts.active, 0U);
}

TEST_F(PostgresShared, WaitingStatementsAreSentTogether) {
  counting watcher;
  seen_client seen{io.get_executor(), where(), {.observer = watcher}};
  for (int batches = 1; batches <= 2; ++batches) {
    std::vector<std::optional<dt::result<int>>> answers(50);
    for (int i = 0; i < 50; ++i) {
      seen.with([&to = answers[static_cast<std::size_t>(i)]](dt::result<int> answer) { to.emplace(std::move(answer)); })
          .query_value<int>("select ? * 2", i);
    }
    io.restart();
    io.run();
    for (int i = 0; i < 50; ++i) EXPECT_EQ(**answers[static_cast<std::size_t>(i)], 2 * i);
    EXPECT_EQ(watcher.to->requests, 50 * batches);
    EXPECT_EQ(watcher.to->writers, batches) << "the bytes of a batch are those of the first answer";
    EXPECT_GT(watcher.to->received, 0U);
  }
}

TEST_F(PostgresShared, ABatchIsNoLargerThanThePolicySays) {
  counting watcher;
  seen_client seen{io.get_executor(), where(), {.pool = {.batch_limit = 10}, .observer = watcher}};
  std::vector<int> order;
  for (int i = 0; i < 35; ++i) {
    seen.with([&order, i](const dt::result<int>& answer) {
          EXPECT_TRUE(answer);
          order.push_back(i);
        })
        .query_value<int>("select ?", i);
  }
  io.run();
  ASSERT_EQ(order.size(), 35U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end())) << "whoever came first is answered first";
  EXPECT_EQ(watcher.to->writers, 4);
}

TEST_F(PostgresShared, FailuresStayApart) {
  std::optional<dt::result<int>> division;
  std::optional<dt::result<int>> syntax;
  std::optional<dt::result<dt::summary>> duplicate;
  std::optional<dt::result<dt::summary>> added;
  std::optional<dt::result<dt::summary>> transaction;
  std::optional<dt::result<entry>> misfit;
  std::optional<dt::result<entry>> nobody;
  std::optional<dt::result<int>> last;
  start(added, [](auto c) { c.execute("insert into entry values (?, ?)", 200, "new"); });
  start(division, [](auto c) { c.template query_value<int>("select 1 / ?::int", 0); });
  start(duplicate, [](auto c) { c.execute("insert into entry values (?, ?)", 1, "twice"); });
  start(syntax, [](auto c) { c.template query_value<int>(dt::runtime("select wrong from entry")); });
  start(transaction, [](auto c) { c.execute(dt::runtime("begin")); });
  start(misfit, [](auto c) { c.template query_one<entry>("select id, id::float8 as name from entry where id = 1"); });
  start(nobody, [](auto c) { c.template query_one<entry>("select id, name from entry where id = -1"); });
  start(last, [](auto c) { c.template query_value<int>("select 1"); });
  run_until(division, syntax, duplicate, added, transaction, misfit, nobody, last);
  EXPECT_EQ(division->error().server().sqlstate, "22012");
  EXPECT_EQ(syntax->error().server().sqlstate, "42703");
  EXPECT_EQ(syntax->error().server().position, 8);
  EXPECT_EQ(duplicate->error().kind(), dt::condition::constraint);
  EXPECT_EQ(transaction->error().code(), dt::errc::invalid_state);
  EXPECT_EQ(misfit->error().code(), dt::errc::row_mismatch);
  EXPECT_EQ(nobody->error().code(), dt::errc::no_row);
  EXPECT_EQ(**last, 1);
  EXPECT_EQ((*added)->rows_affected, 1);
  EXPECT_EQ(admin.query_value<std::string>("select name from entry where id = 200"), "new");
  EXPECT_EQ(admin.query_value<std::string>("select name from entry where id = 1"), "e1");
  EXPECT_EQ(db.statistics().opened, 1U);
}

TEST_F(PostgresShared, WhatACallersOwnCodecThrowsIsHisFailureAlone) {
  std::optional<dt::result<touchy>> read;
  std::optional<dt::result<dt::rows<std::int64_t>>> written;
  std::optional<dt::result<touchy>> good;
  std::optional<dt::result<int>> other;
  start(read, [](auto c) { c.template query_value<touchy>("select 3::bigint"); });
  start(written, [](auto c) { c.template query<std::int64_t>("select ?::bigint", touchy{3}); });
  start(good, [](auto c) { c.template query_value<touchy>("select ?::bigint", touchy{4}); });
  start(other, [](auto c) { c.template query_value<int>("select 5"); });
  run_until(read, written, good, other);
  EXPECT_NE(read->error().message().find("three is too many"), std::string::npos) << read->error().message();
  EXPECT_NE(written->error().message().find("three is too many"), std::string::npos) << written->error().message();
  EXPECT_EQ((**good).value, 4);
  EXPECT_EQ(**other, 5);
  EXPECT_EQ(db.statistics().opened, 1U) << "the connection lives";
}

TEST_F(PostgresShared, AnAnswerDoesNotWaitForTheRestOfItsBatch) {
  std::optional<dt::result<int>> early;
  std::optional<dt::result<int>> slow;
  start(early, [](auto c) { c.template query_value<int>("select 1"); });
  start(slow, [](auto c) { c.template query_value<int>("select 1 from pg_sleep(600)"); });
  run_until(early);
  EXPECT_EQ(**early, 1);
  EXPECT_FALSE(slow);
  db.close();
  io.stop();
}

TEST_F(PostgresShared, WhoHasHisAnswerHasHisMemoryBackWhileTheBatchGoesOn) {
  close_gate();
  int live = 0;
  std::optional<dt::result<int>> early;
  std::optional<dt::result<int>> slow;
  db.with(
        asio::bind_allocator(caller_allocator<char>{live}, [&](dt::result<int> answer) { early = std::move(answer); }))
      .query_value<int>("select 1");
  start(slow, [](auto c) { c.template query_value<int>("select 2 from pg_advisory_xact_lock_shared(7)"); });
  run_until(early);
  EXPECT_EQ(**early, 1);
  EXPECT_EQ(live, 0) << "his allocator may go with him";
  EXPECT_FALSE(slow);
  open_gate();
  run_until(slow);
  EXPECT_EQ(**slow, 2);
}

TEST_F(PostgresShared, WhoIsCancelledInTheQueueIsNotSent) {
  close_gate();
  std::optional<dt::result<int>> slow;
  std::optional<dt::result<dt::summary>> dropped;
  std::optional<dt::result<int>> behind;
  start(slow, [](auto c) { c.template query_value<int>("select 1 from pg_advisory_xact_lock_shared(7)"); });
  run_until_sleeping();
  asio::cancellation_signal stop;
  db.with(
        asio::bind_cancellation_slot(stop.slot(), [&](dt::result<dt::summary> answer) { dropped = std::move(answer); }))
      .execute("insert into entry values (?, ?)", 300, "never");
  start(behind, [](auto c) { c.template query_value<int>("select 2"); });
  EXPECT_EQ(db.statistics().waiting, 2U);
  stop.emit(asio::cancellation_type::total);
  EXPECT_EQ(db.statistics().waiting, 1U);
  run_until(dropped);
  EXPECT_EQ(dropped->error().code(), dt::errc::cancelled);
  EXPECT_EQ(dropped->error().context(), "");
  EXPECT_FALSE(slow);
  open_gate();
  run_until(slow, behind);
  EXPECT_EQ(**slow, 1);
  EXPECT_EQ(**behind, 2);
  EXPECT_EQ(admin.query_value<std::int64_t>("select count(*) from entry where id = 300"), 0);
}

TEST_F(PostgresShared, WhoIsCancelledAfterwardsGoesAtOnceAndOthersGetTheirAnswers) {
  close_gate();
  std::optional<dt::result<int>> process;
  start(process, [](auto c) { c.template query_value<int>("select pg_backend_pid()"); });
  run_until(process);
  std::optional<dt::result<std::string>> slow;
  std::optional<dt::result<int>> behind;
  asio::cancellation_signal stop;
  {
    const std::string text =
        "select repeat('x', 1000) || ? from pg_advisory_xact_lock_shared(7)";  // goes before the answer comes
    db.with(
          asio::bind_cancellation_slot(stop.slot(), [&](dt::result<std::string> answer) { slow = std::move(answer); }))
        .query_value<std::string>(dt::runtime(text), std::string(100, 'y'));
  }
  start(behind, [](auto c) { c.template query_value<int>("select pg_backend_pid()"); });
  run_until_sleeping();
  stop.emit(asio::cancellation_type::total);  // it has been sent: nothing less than terminal ends it
  io.restart();
  io.poll();
  EXPECT_FALSE(slow);
  stop.emit(asio::cancellation_type::terminal);
  io.restart();
  io.poll();
  ASSERT_TRUE(slow);
  EXPECT_EQ(slow->error().code(), dt::errc::cancelled);
  EXPECT_FALSE(behind);
  open_gate();
  run_until(behind);
  ASSERT_TRUE(*behind) << behind->error().message();
  EXPECT_EQ(**behind, **process) << "nothing was broken off";
}

TEST_F(PostgresShared, TheServerIsStoppedWhenNobodyWaitsForTheBatch) {
  std::optional<dt::result<int>> process;
  start(process, [](auto c) { c.template query_value<int>("select pg_backend_pid()"); });
  run_until(process);
  for (const bool is_by_deadline : {false, true}) {
    std::optional<dt::result<int>> first;
    std::optional<dt::result<int>> second;
    std::optional<dt::result<int>> next;
    asio::cancellation_signal stop_first;
    asio::cancellation_signal stop_second;
    const auto until = is_by_deadline ? dt::clock::duration{1s} : dt::clock::duration{60s};
    db.within(until)
        .with(
            asio::bind_cancellation_slot(stop_first.slot(), [&](dt::result<int> answer) { first = std::move(answer); }))
        .query_value<int>("select 1 from pg_sleep(600)");
    db.within(until)
        .with(asio::bind_cancellation_slot(stop_second.slot(),
                                           [&](dt::result<int> answer) { second = std::move(answer); }))
        .query_value<int>("select 2");
    if (!is_by_deadline) run_until_sleeping();
    const dt::test::recovery_watch watch{is_by_deadline ? 1s : 0s};
    if (!is_by_deadline) {
      stop_first.emit(asio::cancellation_type::terminal);
      stop_second.emit(asio::cancellation_type::terminal);
    }
    run_until(first, second);
    EXPECT_EQ(first->error().kind(), is_by_deadline ? dt::condition::timeout : dt::condition::cancelled);
    EXPECT_EQ(second->error().kind(), is_by_deadline ? dt::condition::timeout : dt::condition::cancelled);
    EXPECT_TRUE(is_by_deadline || first->error().context().find("may have been executed") != std::string_view::npos);
    start(next, [](auto c) { c.template query_value<int>("select pg_backend_pid()"); });
    run_until(next);
    ASSERT_TRUE(*next) << next->error().message();
    EXPECT_TRUE(**next == **process || !watch.must_live());
    *process = **next;
  }
}

TEST_F(PostgresShared, ADeadlineInTheQueueNamesTheHolder) {
  close_gate();
  std::optional<dt::result<int>> slow;
  std::optional<dt::result<int>> late;
  std::optional<dt::result<int>> patient;
  start(slow, [](auto c) { c.template query_value<int>("select 1 from pg_advisory_xact_lock_shared(7)"); });
  run_until_sleeping();
  start(patient, [](auto c) { c.template query_value<int>("select 2"); });
  db.within(50ms).with([&](dt::result<int> answer) { late = std::move(answer); }).query_value<int>("select 3");
  run_until(late);
  EXPECT_EQ(late->error().code(), dt::errc::pool_wait_timeout);
  EXPECT_NE(late->error().message().find("held for"), std::string::npos) << late->error().message();
  EXPECT_FALSE(slow);
  EXPECT_EQ(db.statistics().timeouts, 1U);
  open_gate();
  run_until(slow, patient);
  EXPECT_EQ(**slow, 1);
  EXPECT_EQ(**patient, 2);
}

TEST_F(PostgresShared, AFullQueueRefuses) {
  shared_client small{io.get_executor(), where(), {.pool = {.queue_limit = 2}}};
  std::vector<std::optional<dt::result<int>>> answers(4);
  for (auto& each : answers) {
    small.with([&each](dt::result<int> answer) { each.emplace(std::move(answer)); }).query_value<int>("select 1");
  }
  io.run();
  EXPECT_EQ(**answers[0], 1);
  EXPECT_EQ(**answers[1], 1);
  EXPECT_EQ(answers[2]->error().code(), dt::errc::pool_queue_full);
  EXPECT_EQ(answers[3]->error().code(), dt::errc::pool_queue_full);
  EXPECT_EQ(small.statistics().waiting, 0U);
}

TEST_F(PostgresShared, AClosedClientRefusesThoseThatWait) {
  close_gate();
  std::optional<dt::result<int>> slow;
  std::optional<dt::result<int>> waiting;
  start(slow, [](auto c) { c.template query_value<int>("select 1 from pg_advisory_xact_lock_shared(7)"); });
  run_until_sleeping();
  start(waiting, [](auto c) { c.template query_value<int>("select 2"); });
  db.close();
  open_gate();
  run_until(slow, waiting);
  EXPECT_EQ(**slow, 1);
  EXPECT_EQ(waiting->error().code(), dt::errc::pool_closed);
  std::optional<dt::result<int>> after;
  start(after, [](auto c) { c.template query_value<int>("select 2"); });
  run_until(after);
  EXPECT_EQ(after->error().code(), dt::errc::pool_closed);
}

TEST_F(PostgresShared, WhatWasNotExecutedWhenTheConnectionIsLostIsRepeated) {
  close_gate();
  std::optional<dt::result<int>> slow;
  std::optional<dt::result<dt::summary>> behind;
  std::optional<dt::result<int>> read;
  start(slow, [](auto c) { c.template query_value<int>("select 1 from pg_advisory_xact_lock_shared(7)"); });
  start(behind, [](auto c) { c.execute("insert into entry values (?, ?)", 400, "once"); });
  start(read, [](auto c) { c.template query_value<int>("select 7"); });
  run_until_sleeping();
  admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'shared'");
  ASSERT_TRUE(postgres_server::shared().becomes(
      "select count(*) from pg_stat_activity where application_name = 'shared'", "0"));
  open_gate();
  run_until(slow, behind, read);
  EXPECT_EQ(**slow, 1) << "it reads only, and was asked again";
  ASSERT_TRUE(*behind) << "the server had not begun with it: " << behind->error().message();
  EXPECT_EQ((*behind)->rows_affected, 1);
  EXPECT_EQ(**read, 7);
  EXPECT_EQ(db.statistics().opened, 2U);
}

TEST_F(PostgresShared, WithoutRetriesALostConnectionIsTheFailureOfAllOfTheBatch) {
  shared_client once{io.get_executor(), where(), {.retry = {.attempts = 1}}};
  std::vector<std::optional<dt::result<dt::summary>>> answers(3);
  for (std::size_t i = 0; i < 3; ++i) {
    once.with([&to = answers[i]](dt::result<dt::summary> answer) { to.emplace(std::move(answer)); })
        .execute("insert into entry select 500 + ?, 'x' from pg_sleep(?)", static_cast<int>(i), i == 1 ? 600.0 : 0.0);
  }
  run_until_sleeping();
  admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'shared'");
  run_until(answers[0], answers[1], answers[2]);
  EXPECT_TRUE(*answers[0]);
  EXPECT_EQ(answers[1]->error().server().sqlstate, "57P01");
  EXPECT_EQ(answers[2]->error().server().sqlstate, "57P01");
  EXPECT_EQ(admin.query_value<std::int64_t>("select count(*) from entry where id >= 500"), 1);
}

TEST(PostgresSharedCrash, WhatMayHaveBeenExecutedIsUnknownAndNotRepeated) {
  postgres_server server;
  asio::io_context io;
  pg::client{server.socket_string()}.script("create table entry(id int primary key, name text)");
  shared_client db{io.get_executor(), server.socket_string(), {.retry = {.attempts = 20, .initial_delay = 50ms}}};
  std::optional<dt::result<int>> process;
  db.with([&](dt::result<int> answer) { process = std::move(answer); }).query_value<int>("select pg_backend_pid()");
  dt::test::run_until(io, [&] { return process.has_value(); });
  std::optional<dt::result<dt::summary>> write;
  std::optional<dt::result<int>> read;
  std::optional<dt::result<dt::summary>> waits;
  db.with([&](dt::result<dt::summary> answer) {
      write = std::move(answer);
    }).execute("insert into entry select 1, 'x' from pg_sleep(600)");
  db.with([&](dt::result<int> answer) { read = std::move(answer); }).query_value<int>("select 5");
  dt::test::run_until(
      io, [&] { return server.sql("select count(*) from pg_stat_activity where wait_event = 'PgSleep'") == "1"; });
  db.with([&](dt::result<dt::summary> answer) {
      waits = std::move(answer);
    }).execute("insert into entry values (2, 'y')");
  postgres_server::kill_backend(**process);
  dt::test::run_until(io, [&] { return write && read && waits; });
  EXPECT_EQ(write->error().code(), dt::errc::outcome_unknown) << write->error().message();
  EXPECT_EQ(**read, 5);
  ASSERT_TRUE(*waits) << waits->error().message();
  EXPECT_EQ(pg::client{server.socket_string()}.query_value<std::int64_t>("select sum(id) from entry"), 2);
}

TEST_F(PostgresShared, ATransactionHasTheConnectionForItself) {
  bool is_in_transaction = false;
  int between = 0;
  int done = 0;
  for (int i = 1; i <= 8; ++i) {
    spawn([&, i]() -> asio::awaitable<void> {
      for (int round = 0; round < 20; ++round) {
        co_await db.execute("update entry set name = name || 'x' where id = ?", i);
        if (is_in_transaction) ++between;
      }
      ++done;
    });
  }
  for (int i = 0; i < 3; ++i) {
    spawn([&]() -> asio::awaitable<void> {
      try {
        co_await db.transaction([&](auto& tx) -> asio::awaitable<void> {
          is_in_transaction = true;
          const auto before = co_await tx.template query_value<std::int64_t>("select sum(length(name)) from entry");
          co_await tx.execute("delete from entry where id = 100");
          const auto xid = co_await tx.template query_value<std::string>("select pg_current_xact_id()::text");
          EXPECT_EQ(co_await tx.template query_value<std::string>("select pg_current_xact_id()::text"), xid);
          EXPECT_EQ(co_await tx.template query_value<std::int64_t>("select sum(length(name)) from entry"), before - 4);
          is_in_transaction = false;
          throw std::runtime_error("rolled back");
        });
      } catch (const std::runtime_error&) {
        ++done;
      }
    });
  }
  io.run();
  EXPECT_EQ(done, 11) << "nobody starved";
  EXPECT_EQ(between, 0);
  EXPECT_EQ(admin.query_value<std::int64_t>("select count(*) from entry where id = 100"), 1);
  EXPECT_EQ(admin.query_value<std::string>("select name from entry where id = 8"), "e8" + std::string(20, 'x'));
  EXPECT_EQ(db.statistics().opened, 1U);
}

TEST_F(PostgresShared, StreamsCopiesScriptsAndDefinitionsTakeTurns) {
  int done = 0;
  spawn([&]() -> asio::awaitable<void> {
    auto rows = co_await db.stream<entry>("select id, name from entry order by id");
    int sum = 0;
    while (const entry* each = co_await rows.next()) sum += each->id;
    EXPECT_EQ(sum, 5050);
    ++done;
  });
  spawn([&]() -> asio::awaitable<void> {
    std::vector<entry> more;
    for (int i = 1000; i < 1100; ++i) more.push_back({i, "copied"});
    EXPECT_EQ((co_await db.copy_in("entry", more)).rows_affected, 100);
    ++done;
  });
  spawn([&]() -> asio::awaitable<void> {
    co_await db.execute("create temporary table mine(a int)");
    co_await db.script("insert into mine values (1); insert into mine values (2)");
    EXPECT_EQ(co_await db.query_value<std::int64_t>("select count(*) from mine"), 2);
    ++done;
  });
  spawn([&]() -> asio::awaitable<void> {
    const auto refused = co_await db.with(dt::as_result).execute(dt::runtime("copy entry from stdin"));
    EXPECT_EQ(refused.error().code(), dt::errc::operation_unsupported);
    ++done;
  });
  for (int i = 0; i < 8; ++i) {
    spawn([&]() -> asio::awaitable<void> {
      for (int round = 0; round < 10; ++round) EXPECT_EQ(co_await db.query_value<int>("select 1"), 1);
      ++done;
    });
  }
  io.run();
  EXPECT_EQ(done, 12);
  EXPECT_EQ(db.statistics().opened, 1U);
}

TEST_F(PostgresShared, AStatementThatTheServerHasLostIsPreparedAgain) {
  const auto ask = [&] {
    std::optional<dt::result<std::int64_t>> count;
    std::optional<dt::result<dt::rows<entry>>> all;
    std::optional<dt::result<int>> one;
    start(count, [](auto c) { c.template query_value<std::int64_t>("select count(*) from entry"); });
    start(all, [](auto c) { c.template query<entry>("select * from entry where id <= 2 order by id"); });
    start(one, [](auto c) { c.template query_value<int>("select 1"); });
    run_until(count, all, one);
    ASSERT_TRUE(*count) << count->error().message();
    EXPECT_EQ(**count, 100);
    ASSERT_TRUE(*all) << all->error().message();
    EXPECT_EQ((**all)[1].name, "e2");
    EXPECT_EQ(**one, 1);
  };
  ask();
  std::optional<dt::result<void>> dropped;
  start(dropped, [](auto c) { c.script("deallocate all"); });
  run_until(dropped);
  ASSERT_TRUE(*dropped);
  ask();
  admin.script("alter table entry add column more int; alter table entry alter column id type bigint");
  admin.script("alter table entry alter column id type int");
  ask();
  EXPECT_EQ(db.statistics().opened, 1U);
}

TEST_F(PostgresShared, AStatementThatIsDescribedAnewTakesNoTextFromTheOthers) {
  struct first {
    int value;
  };
  struct second {
    std::string other;
  };
  admin.script(
      "drop table if exists changing; create table changing(value int);"
      "create or replace function refuse(is_refused boolean) returns int immutable language plpgsql as $$ begin "
      "if is_refused then raise 'no' using errcode = 'feature_not_supported'; end if; return 1; end $$");
  std::optional<dt::result<dt::rows<first>>> before;
  std::optional<dt::result<int>> good;
  start(before, [](auto c) { c.template query<first>("select * from changing"); });
  start(good, [](auto c) { c.template query_value<int>("select refuse(?)", false); });
  run_until(before, good);
  ASSERT_TRUE(*before && *good);
  admin.script("drop table changing; create table changing(other text)");
  close_gate();
  std::optional<dt::result<int>> held;
  start(held, [](auto c) { c.template query_value<int>("select 1 from pg_advisory_xact_lock(7)"); });
  run_until_sleeping();
  std::optional<dt::result<dt::rows<second>>> after;
  std::optional<dt::result<int>> refused;
  start(after, [](auto c) { c.template query<second>("select * from changing"); });
  start(refused, [](auto c) { c.template query_value<int>("select refuse(?)", true); });
  open_gate();
  run_until(held, after, refused);
  EXPECT_TRUE(*after) << after->error().message();
  EXPECT_EQ(refused->error().code(), pg::sqlstate::feature_not_supported);
  admin.script("drop table changing; drop function refuse");
}

TEST_F(PostgresShared, WithoutACacheOfStatementsCallersTakeTurns) {
  shared_client unnamed{io.get_executor(), where() + " unnamedStatements=true"};
  int sum = 0;
  for (int i = 1; i <= 10; ++i) {
    unnamed.with([&](const dt::result<int>& answer) { sum += *answer; }).query_value<int>("select ?", i);
  }
  io.run();
  EXPECT_EQ(sum, 55);
  EXPECT_EQ(unnamed.statistics().opened, 1U);
}

TEST_F(PostgresShared, FromManyThreads) {
  auto work = asio::make_work_guard(io);
  std::vector<std::thread> runners;
  for (int i = 0; i < 3; ++i) runners.emplace_back([this] { io.run(); });
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 6; ++i) {
    callers.emplace_back([&, i] {
      for (int round = 0; round < 50; ++round) {
        auto future = db.with(asio::use_future).query_value<int>("select ? + 1", i);
        if (round % 10 == 0) {
          asio::io_context own;
          std::optional<dt::result<int>> dropped;
          asio::cancellation_signal stop;
          db
              .with(asio::bind_cancellation_slot(
                  stop.slot(), asio::bind_executor(own, [&](dt::result<int> answer) { dropped = std::move(answer); })))
              .query_value<int>("select 9");
          stop.emit(asio::cancellation_type::terminal);
          own.run();
          if (!dropped || (*dropped && **dropped != 9)) ++wrong;
        }
        if (future.get() != i + 1) ++wrong;
      }
    });
  }
  for (std::thread& each : callers) each.join();
  work.reset();
  for (std::thread& each : runners) each.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(db.statistics().waiting, 0U);
}

TEST(PostgresSharedEnd, AContextMayGoWithStatementsOnTheWay) {
  for (const int steps : {0, 1, 5, 20, 100}) {
    auto io = std::make_unique<asio::io_context>();
    shared_client db{io->get_executor(), postgres_server::shared().socket_string()};
    for (int i = 0; i < 8; ++i) {
      db.with([](const dt::result<int>&) {}).query_value<int>("select 1 from pg_sleep(0.01)");
      asio::co_spawn(
          *io, [](shared_client& c) -> asio::awaitable<void> { co_await c.query_value<int>("select 2"); }(db),
          asio::detached);
    }
    for (int i = 0; i < steps; ++i) io->run_one_for(20ms);
    db.close();
    // The client's streams are the context's: they go before it.
    db = shared_client{io->get_executor(), postgres_server::shared().socket_string()};
    io.reset();
  }
}

TEST_F(PostgresShared, WhatNobodyListensOnFailsEachByItsOwnPolicy) {
  shared_client nowhere{
      io.get_executor(), "host=127.0.0.1 port=1 dbname=app user=app", {.retry = {.attempts = 2, .initial_delay = 1ms}}};
  int refused = 0;
  for (int i = 0; i < 5; ++i) {
    nowhere
        .with([&](const dt::result<int>& answer) {
          EXPECT_EQ(answer.error().kind(), dt::condition::connection) << answer.error().message();
          ++refused;
        })
        .query_value<int>("select 1");
  }
  io.run();
  EXPECT_EQ(refused, 5);
  EXPECT_GE(nowhere.statistics().failed, 2U);
}

}  // namespace
