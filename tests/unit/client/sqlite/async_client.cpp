#include <dovetail/sqlite_async.hpp>

#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

struct item {
  std::int64_t id;
  std::string name;
};

constexpr auto& endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";

/// Runs a coroutine to its end, with a client for it.
template <class Body>
void run(Body body) {
  asio::io_context io;
  dt::sqlite::async_client db{io.get_executor(), "sqlite::memory:"};
  std::exception_ptr thrown;
  asio::co_spawn(io, body(db), [&](std::exception_ptr e) { thrown = e; });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
}

TEST(SqliteAsyncClient, TheVerbsOfTheBlockingClientAreAwaited) {
  run([](dt::sqlite::async_client& db) -> asio::awaitable<void> {
    co_await db.execute("create table item(id integer primary key, name text not null)");
    std::vector<item> two;
    two.push_back({1, "a"});
    two.push_back({2, "b"});
    const dt::summary done = co_await db.insert("item", two);
    EXPECT_EQ(done.rows_affected, 2);
    const auto rows = co_await db.query<item>("select id, name from item where id > $1", 1);
    EXPECT_EQ(rows.size(), 1u);
    const auto one = co_await db.within(60s).query_one<item>("select * from item where name = :n", dt::arg<"n">("a"));
    EXPECT_EQ(one.id, 1);
    const auto none = co_await db.query_optional<item>("select * from item where id = ?", 9);
    EXPECT_FALSE(none.has_value());
    const auto failed = co_await db.with(dt::as_result).query<item>("select * from nowhere");
    EXPECT_EQ(failed.error().kind(), dt::condition::not_found);
  });
}

TEST(SqliteAsyncClient, AnyCompletionStyleWillDo) {
  asio::io_context io;
  dt::sqlite::async_client db{io.get_executor(), "sqlite::memory:"};
  std::future<int> number = db.with(asio::use_future).query_value<int>("select length(?)", std::string(100, 'x'));
  bool called = false;
  db.with([&](dt::result<int> n) { called = n.value() == 2; }).query_value<int>("select 2");
  io.run();
  EXPECT_EQ(number.get(), 100);
  EXPECT_TRUE(called);
}

TEST(SqliteAsyncClient, ATransactionCommitsOrRollsBackAndNests) {
  run([](dt::sqlite::async_client& db) -> asio::awaitable<void> {
    co_await db.execute("create table item(id integer primary key, name text not null)");
    const int kept = co_await db.transaction([](auto& tx) -> asio::awaitable<int> {
      co_await tx.execute("insert into item values (1, 'a')");
      bool failed = false;
      try {
        co_await tx.transaction([](auto& inner) -> asio::awaitable<void> {
          co_await inner.execute("insert into item values (2, 'b')");
          co_await inner.execute("insert into item values (1, 'again')");
        });
      } catch (const dt::error& e) {
        failed = e.kind() == dt::condition::constraint;
      }
      EXPECT_TRUE(failed);
      co_return co_await tx.template query_value<int>("select count(*) from item");
    });
    EXPECT_EQ(kept, 1);
    bool stopped = false;
    try {
      co_await db.transaction([](auto& tx) -> asio::awaitable<void> {
        co_await tx.execute("delete from item");
        throw std::runtime_error("stop");
      });
    } catch (const std::runtime_error&) {
      stopped = true;
    }
    EXPECT_TRUE(stopped);
    const int left = co_await db.query_value<int>("select count(*) from item");
    EXPECT_EQ(left, 1);
    EXPECT_EQ(db.statistics().opened, 1u);
  });
}

TEST(SqliteAsyncClient, ACancelledQueryIsInterruptedAndItsConnectionLivesOn) {
  asio::io_context io;
  dt::sqlite::async_client db{io.get_executor(), "sqlite::memory:"};
  db.with([](dt::result<int> n) { EXPECT_TRUE(n); }).query_value<int>("select 1");  // now there is a connection
  io.run();
  io.restart();
  asio::cancellation_signal stop;
  dt::error_info why;
  auto done = asio::bind_cancellation_slot(
      stop.slot(), [&](dt::result<std::int64_t> n) { why = n ? dt::error_info{} : std::move(n).error(); });
  db.with(std::move(done)).query_value<std::int64_t>(endless);
  asio::steady_timer later{io, 20ms};
  later.async_wait([&](std::error_code) { stop.emit(asio::cancellation_type::total); });
  io.run();
  EXPECT_EQ(why.kind(), dt::condition::cancelled);
  EXPECT_EQ(db.statistics().idle, 1u);
}

TEST(SqliteAsyncClient, ADeadlineEndsAQuery) {
  run([](dt::sqlite::async_client& db) -> asio::awaitable<void> {
    const auto late = co_await db.within(20ms).with(dt::as_result).query_value<std::int64_t>(endless);
    EXPECT_EQ(late.error().kind(), dt::condition::timeout);
  });
}

TEST(SqliteAsyncClient, WhatBeginsWhenItsTimeIsOverIsNotDone) {
  run([](dt::sqlite::async_client& db) -> asio::awaitable<void> {
    const dt::deadline past{dt::clock::now() - 1s};
    co_await db.execute("create table item(id integer primary key)");
    const auto late = co_await db.within(past).with(dt::as_result).execute("insert into item values (1)");
    EXPECT_EQ(late.error().code(), dt::errc::deadline_passed);
    bool is_thrown = false;
    try {
      co_await db.transaction([&past](auto& tx) -> asio::awaitable<void> {
        co_await tx.execute("insert into item values (2)");
        const auto inside = co_await tx.within(past).with(dt::as_result).execute("insert into item values (3)");
        EXPECT_EQ(inside.error().code(), dt::errc::deadline_passed);
      });
      co_await db.transaction([&past](auto& tx) -> asio::awaitable<void> {
        co_await tx.execute("insert into item values (4)");
        tx.limit(past);  // the commit comes too late, and the rollback happens all the same
      });
    } catch (const dt::error& failed) {
      is_thrown = failed.code() == dt::errc::deadline_passed;
    }
    EXPECT_TRUE(is_thrown);
    EXPECT_EQ(co_await db.query_value<std::int64_t>("select sum(id) from item"), 2);
    EXPECT_EQ(db.statistics().idle, 1u);
  });
}

TEST(SqliteAsyncClient, TheLimitAndTheDepthOfATransactionMayBeSetBesideItsViews) {
  asio::thread_pool pool{4};
  dt::sqlite::async_client db{pool.get_executor(), "sqlite::memory:"};
  auto done = asio::co_spawn(pool, db.transaction([](auto& tx) -> asio::awaitable<void> {
    std::thread beside{[&tx] {
      for (int i = 0; i < 2000; ++i) {
        tx.limit(dt::deadline::after(60s));
        tx.set_nesting(i % 2);
      }
      tx.set_nesting(0);
    }};
    int seen = 0;
    for (int i = 0; i < 2000; ++i) {
      if (tx.nesting() > 0 && !tx.view().limit().has_passed()) ++seen;
    }
    beside.join();
    EXPECT_EQ(seen, 2000);
    co_await tx.execute("create table item(id integer primary key)");
  }),
                             asio::use_future);
  EXPECT_NO_THROW(done.get());
  pool.join();
}

TEST(SqliteAsyncClient, ADestroyedClientInterruptsWhatRuns) {
  asio::io_context io;
  dt::error_info why;
  {
    dt::sqlite::async_client db{io.get_executor(), "sqlite::memory:"};
    db.with([&](dt::result<std::int64_t> n) {
        why = n ? dt::error_info{} : std::move(n).error();
      }).query_value<std::int64_t>(endless);
    io.run_for(20ms);
  }
  io.restart();
  io.run();
  EXPECT_TRUE(why);
}

struct counting_observer {
  std::atomic<int>* requests;
  void on(const dt::observation& seen) noexcept {
    if (seen.what == dt::observed::request) ++*requests;
  }
};

TEST(SqliteAsyncClient, AClientWithPoliciesOfOnesOwnInterruptsWhatRunsTooWhenItIsDestroyedOrAssigned) {
  using client =
      dt::basic_async_client<dt::sqlite::async_connection, dt::no_retry, dt::bounded_pool, counting_observer>;
  asio::io_context io;
  std::atomic<int> requests{0};
  dt::error_info of_first, of_second;
  {
    const auto start = [&](client& db, dt::error_info& why) {
      db.with([&](dt::result<std::int64_t> n) {
          why = n ? dt::error_info{} : std::move(n).error();
        }).query_value<std::int64_t>(endless);
      io.restart();
      io.run_for(20ms);
    };
    client db{io.get_executor(), "sqlite::memory:", {.observer = {&requests}}};
    start(db, of_first);
    db = client{io.get_executor(), "sqlite::memory:", {.observer = {&requests}}};
    start(db, of_second);
  }
  io.restart();
  io.run();
  // Without an interruption both would run to their deadline.
  EXPECT_TRUE(of_first);
  EXPECT_NE(of_first.kind(), dt::condition::timeout) << of_first.message();
  EXPECT_TRUE(of_second);
  EXPECT_NE(of_second.kind(), dt::condition::timeout) << of_second.message();
  EXPECT_EQ(requests.load(), 2);
}

}  // namespace
