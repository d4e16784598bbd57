#include <dovetail/sqlite_async.hpp>

#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>

namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

struct number {
  std::int64_t n;
  std::string text;
};
struct viewed {
  std::int64_t n;
  std::optional<std::string_view> text;
};
static_assert(dt::borrows_from_source<viewed> && dt::borrows_from_source<std::string_view>);
static_assert(!dt::borrows_from_source<number> && !dt::borrows_from_source<std::tuple<int, std::string>>);

// Counts from 1; a row's text shows its number.
constexpr auto& counting =
    "with recursive c(i) as (select 1 union all select i + 1 from c where i < :last) select i as n, 'row ' || i as "
    "text "
    "from c";
// Gives one row, and then computes without end.
constexpr auto& stuck =
    "select 1 as n, 'first' as text union all select count(*), 'never' from (with recursive e(i) as (select 1 union "
    "all "
    "select i + 1 from e) select i from e)";

using client = dt::sqlite::async_client;

template <class Body>
void run(Body body) {
  asio::io_context io;
  client db{io.get_executor(), "sqlite::memory:?maxConnections=1"};
  std::exception_ptr thrown;
  asio::co_spawn(io, body(db), [&](std::exception_ptr e) { thrown = e; });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
  EXPECT_EQ(db.statistics().active, 0u);
  EXPECT_LE(db.statistics().opened, 1u) << "a connection was lost";
}

TEST(SqliteAsyncStream, AllRowsComeOneAfterAnotherAndTheConnectionGoesBack) {
  run([](client& db) -> asio::awaitable<void> {
    auto rows = co_await db.stream<number>(counting, dt::arg<"last">(10'000));
    std::int64_t expected = 0;
    while (const number* row = co_await rows.next()) {
      ++expected;
      EXPECT_EQ(row->n, expected);
      EXPECT_EQ(row->text, "row " + std::to_string(expected));
    }
    EXPECT_EQ(expected, 10'000);
    EXPECT_EQ(db.statistics().active, 0u);
    EXPECT_EQ(co_await rows.next(), nullptr) << "the end stays the end";
    co_await rows.close();
  });
}

TEST(SqliteAsyncStream, FieldsMayBorrowFromTheRow) {
  run([](client& db) -> asio::awaitable<void> {
    auto rows = co_await db.stream<viewed>(
        "select 1 as n, 'one' as text union all select 2, null union all select 3, ?", std::string(1000, 'x'));
    EXPECT_EQ((co_await rows.next())->text, "one");
    EXPECT_EQ((co_await rows.next())->text, std::nullopt);
    EXPECT_EQ((co_await rows.next())->text, std::string(1000, 'x'));
    EXPECT_EQ(co_await rows.next(), nullptr);
  });
}

TEST(SqliteAsyncStream, AStreamThatIsDroppedGivesItsConnectionBackClean) {
  run([](client& db) -> asio::awaitable<void> {
    {
      auto rows = co_await db.stream<number>(counting, dt::arg<"last">(1'000'000'000));
      EXPECT_EQ((co_await rows.next())->n, 1);
    }
    // The pool has one connection: this waits until the stream has been ended.
    EXPECT_EQ(co_await db.query_value<int>("select 7"), 7);
    auto rows = co_await db.stream<number>(counting, dt::arg<"last">(1'000'000'000));
    rows = {};
    EXPECT_EQ(co_await db.query_value<int>("select 8"), 8);
  });
}

TEST(SqliteAsyncStream, ClosingEndsItAtOnce) {
  run([](client& db) -> asio::awaitable<void> {
    auto rows = co_await db.stream<number>(counting, dt::arg<"last">(1'000'000'000));
    co_await rows.close();
    EXPECT_EQ(db.statistics().active, 0u);
    EXPECT_EQ(co_await rows.next(), nullptr);
  });
}

TEST(SqliteAsyncStream, WhatGoesWrongIsToldWhereItIsAskedFor) {
  run([](client& db) -> asio::awaitable<void> {
    const auto none = co_await db.with(dt::as_result).stream<number>("select * from nowhere");
    EXPECT_EQ(none.error().kind(), dt::condition::not_found);
    const auto unfit = co_await db.with(dt::as_result).stream<number>(dt::runtime("select 1 as n"));
    EXPECT_EQ(unfit.error().code(), dt::errc::row_mismatch);
    auto rows = co_await db.with(dt::as_result)
                    .stream<number>("select 1 as n, 'a' as text union all select 2, null union all select 3, 'c'");
    auto& opened = rows.value();
    EXPECT_EQ((co_await opened.next()).value()->n, 1);
    EXPECT_EQ((co_await opened.next()).error().code(), dt::errc::unexpected_null);
    EXPECT_EQ((co_await opened.next()).value(), nullptr) << "a failed stream is over";
    EXPECT_EQ(co_await db.query_value<int>("select 7"), 7);
  });
}

TEST(SqliteAsyncStream, TheTimeLimitIsThatOfEachFetch) {
  run([](client& db) -> asio::awaitable<void> {
    std::int64_t last = 0;
    for (auto limit = 300ms; last != 100'000 && limit < 30s; limit *= 2) {  // more, when a fetch was too slow
      auto slow = co_await db.within(limit).with(dt::as_result).stream<number>(counting, dt::arg<"last">(100'000));
      asio::steady_timer pause{db.get_executor()};
      while (slow) {
        const auto row = co_await slow->next();
        if (!row || *row == nullptr) break;
        last = (*row)->n;
        if (last != 1) continue;
        pause.expires_after(limit + 100ms);  // the user's own time does not count
        co_await pause.async_wait(asio::use_awaitable);
      }
    }
    EXPECT_EQ(last, 100'000);
    auto late = co_await db.within(50ms).with(dt::as_result).stream<number>(stuck);
    if (late) {
      auto first = co_await late->next();
      if (first && *first != nullptr) first = co_await late->next();
      EXPECT_EQ(first.error().kind(), dt::condition::timeout);
    } else {
      EXPECT_EQ(late.error().kind(), dt::condition::timeout);
    }
  });
}

TEST(SqliteAsyncStream, AnyCompletionStyleWillDo) {
  asio::io_context io;
  client db{io.get_executor(), "sqlite::memory:"};
  auto opened = db.with(asio::use_future).stream<number>(counting, dt::arg<"last">(3));
  io.run();
  auto rows = opened.get();
  auto first = rows.next();
  io.restart();
  io.run();
  EXPECT_EQ(first.get()->n, 1);
  std::int64_t second = 0;
  bool is_called = false;
  rows.next([&](dt::result<number*> row) {
    second = row.value()->n;
    is_called = true;
  });
  EXPECT_FALSE(is_called) << "nothing completes in the call itself";
  io.restart();
  io.run();
  EXPECT_EQ(second, 2);
  rows.close([&](const dt::result<void>& done) { is_called = done && db.statistics().active == 0; });
  io.restart();
  io.run();
  EXPECT_TRUE(is_called);
  EXPECT_EQ(db.statistics().idle, 1u);
}

TEST(SqliteAsyncStream, ACancelledFetchEndsTheStreamAndItsConnectionLivesOn) {
  for (const auto pause : {0ms, 1ms, 20ms}) {  // before the opening, in it, in the fetch
    asio::io_context io;
    client db{io.get_executor(), "sqlite::memory:"};
    asio::cancellation_signal stop;
    std::exception_ptr thrown;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          auto rows = co_await db.stream<number>(stuck);
          while (co_await rows.next() != nullptr) {
          }
        },
        asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e) { thrown = e; }));
    asio::steady_timer later{io, pause};
    later.async_wait([&](std::error_code) { stop.emit(asio::cancellation_type::terminal); });
    io.run();
    EXPECT_TRUE(thrown) << pause.count();
    EXPECT_EQ(db.statistics().active, 0u);
    EXPECT_EQ(db.statistics().failed, 0u);
    EXPECT_EQ(db.statistics().opened, db.statistics().total) << "no connection was thrown away";
  }
}

TEST(SqliteAsyncStream, AStreamThatGoesWhileARowIsAwaitedIsEndedBehindIt) {
  asio::io_context io;
  client db{io.get_executor(), "sqlite::memory:"};
  auto opened = db.with(asio::use_future).stream<number>(counting, dt::arg<"last">(1'000'000'000));
  io.run();
  std::optional rows{opened.get()};
  dt::error_info why;
  bool is_waiting = false;
  while (!is_waiting) {  // past the rows that have been fetched already
    is_waiting = true;
    rows->next([&](dt::result<number*> row) {
      is_waiting = false;
      if (!row) why = std::move(row).error();
    });
    io.restart();
    io.poll();
  }
  rows.reset();
  io.restart();
  io.run();
  EXPECT_EQ(why.code(), dt::errc::cancelled);
  EXPECT_EQ(db.statistics().active, 0u);
  EXPECT_EQ(db.statistics().idle, 1u);
}

TEST(SqliteAsyncStream, AStreamMayGoOnAnyThreadWhileOthersFetchItsRows) {
  asio::thread_pool threads{4};
  client db{threads.get_executor(), "sqlite::memory:?maxConnections=2"};
  int came = 0;
  int cancelled = 0;
  // Until one was cancelled: how often a row is faster depends on what else the machine does.
  const dt::deadline limit = dt::deadline::after(60s);
  for (int round = 0; round < 100 || (cancelled == 0 && !limit.has_passed()); ++round) {
    // Rows so large that each is fetched alone.
    std::optional rows{
        db.with(asio::use_future)
            .stream<number>("with recursive c(i) as (select 1 union all select i + 1 from c) select i as "
                            "n, hex(zeroblob(200000)) as text from c")
            .get()};
    std::promise<dt::error_info> told;
    for (int i = 0; i < 2; ++i) {
      told = {};
      std::future<dt::error_info> answer = told.get_future();
      rows->next([&](dt::result<number*> row) { told.set_value(row ? dt::error_info{} : std::move(row).error()); });
      if (i == 1) {
        std::this_thread::sleep_for(std::chrono::microseconds{12 * (round % 100)});
        rows.reset();
      }
      const dt::error_info why = answer.get();
      why ? ++cancelled : ++came;
      if (why) {
        EXPECT_EQ(why.code(), dt::errc::cancelled) << why.message();
      }
    }
  }
  EXPECT_GE(came, 100);
  EXPECT_GT(cancelled, 0);
  EXPECT_EQ(db.with(asio::use_future).query_value<int>("select 7").get(), 7);
}

TEST(SqliteAsyncStream, ASecondRowIsNotGivenWhileOneIsAwaited) {
  asio::io_context io;
  client db{io.get_executor(), "sqlite::memory:"};
  auto opened = db.with(asio::use_future).stream<number>(counting, dt::arg<"last">(1'000'000'000));
  io.run();
  auto rows = opened.get();
  bool is_waiting = false;
  while (!is_waiting) {  // past the rows that have been fetched already
    is_waiting = true;
    rows.next([&](const dt::result<number*>&) { is_waiting = false; });
    io.restart();
    io.poll();
  }
  dt::error_info second;
  rows.next([&](dt::result<number*> row) { second = std::move(row).error(); });
  io.restart();
  io.run();
  EXPECT_EQ(second.code(), dt::errc::busy);
}

TEST(SqliteAsyncStream, AStreamOutlivesItsClientAsAnError) {
  asio::io_context io;
  {
    std::optional<client> db{std::in_place, io.get_executor(), "sqlite::memory:"};
    auto opened = db->with(asio::use_future).stream<viewed>("select 1 as n, 'a' as text union all select 2, 'b'");
    io.run();
    auto rows = opened.get();
    db.reset();
    dt::error_info why;
    for (int i = 0; i != 2; ++i) {
      rows.next([&](dt::result<viewed*> next) { why = next ? dt::error_info{} : std::move(next).error(); });
      io.restart();
      io.run();
    }
    EXPECT_EQ(why.code(), dt::errc::pool_closed);
  }
}

TEST(SqliteAsyncStream, AStreamInATransactionReadsWhatItWroteAndEndsWithIt) {
  run([](client& db) -> asio::awaitable<void> {
    co_await db.execute("create table t(n integer primary key, text text not null)");
    using kept_type = decltype(std::declval<client&>().stream<number>("select n, text from t"))::value_type;
    std::optional<kept_type> kept;
    co_await db.transaction([&](auto& tx) -> asio::awaitable<void> {
      co_await tx.execute(
          "with recursive c(i) as (select 1 union all select i + 1 from c where i < 1000) insert into t select i, 'x' "
          "from c");
      kept.emplace(co_await tx.template stream<number>("select n, text from t order by n"));
      int seen = 0;
      while (const number* row = co_await kept->next()) {
        if (row->n % 100 == 0) co_await tx.execute("update t set text = 'y' where n = ?", row->n);
        if (++seen == 500) break;
      }
    });
    dt::error_info why;
    try {
      co_await kept->next();
    } catch (const dt::error& e) {
      why = e.info();
    }
    EXPECT_EQ(why.code(), dt::errc::transaction_closed);
    EXPECT_EQ(why.kind(), dt::condition::misuse);
    EXPECT_EQ(co_await db.query_value<int>("select count(*) from t where text = 'y'"), 5);
  });
}

TEST(SqliteAsyncStream, ASavepointEndsItsOwnStreamsAlone) {
  run([](client& db) -> asio::awaitable<void> {
    co_await db.transaction([](auto& tx) -> asio::awaitable<void> {
      auto outer = co_await tx.template stream<number>(counting, dt::arg<"last">(1000));
      decltype(outer) inner_rows;
      co_await tx.transaction([&](auto& inner) -> asio::awaitable<void> {
        inner_rows = co_await inner.template stream<number>(counting, dt::arg<"last">(1000));
        EXPECT_EQ((co_await inner_rows.next())->n, 1);
      });
      EXPECT_EQ((co_await outer.next())->n, 1);
      const auto over = co_await inner_rows.next(dt::as_result);
      EXPECT_EQ(over.error().code(), dt::errc::transaction_closed);
    });
  });
}

TEST(SqliteAsyncTransaction, ItsVerbsTakeATokenOrATimeLimit) {
  run([](client& db) -> asio::awaitable<void> {
    co_await db.execute("create table t(n integer primary key)");
    co_await db.transaction([](auto& tx) -> asio::awaitable<void> {
      const auto twice = co_await tx.with(dt::as_result).execute("insert into t values (1), (1)");
      EXPECT_EQ(twice.error().kind(), dt::condition::constraint);
      co_await tx.within(60s).execute("insert into t values (2)");
      const auto late =
          co_await tx.within(20ms)
              .with(dt::as_result)
              .template query_value<std::int64_t>(
                  "with recursive e(i) as (select 1 union all select i + 1 from e) select count(*) from e");
      EXPECT_EQ(late.error().kind(), dt::condition::timeout);
      auto nested = co_await tx.with(dt::as_result).transaction([](auto& inner) -> asio::awaitable<int> {
        co_await inner.execute("insert into t values (3)");
        co_await inner.execute("insert into t values (3)");
        co_return 1;
      });
      EXPECT_EQ(nested.error().kind(), dt::condition::constraint);
      std::future<int> count = tx.with(asio::use_future).template query_value<int>("select count(*) from t");
      asio::steady_timer pause{tx.get_executor()};
      while (count.wait_for(0s) != std::future_status::ready) {
        pause.expires_after(1ms);
        co_await pause.async_wait(asio::use_awaitable);
      }
      EXPECT_EQ(count.get(), 1);
    });
    EXPECT_EQ(co_await db.query_value<int>("select max(n) from t"), 2);
  });
}

TEST(SqliteAsyncTransaction, ASecondOperationAtATimeIsRefused) {
  run([](client& db) -> asio::awaitable<void> {
    co_await db.transaction([](auto& tx) -> asio::awaitable<void> {
      auto first = tx.with(asio::use_future).template query_value<int>("select 1");
      const auto second = co_await tx.with(dt::as_result).template query_value<int>("select 2");
      EXPECT_EQ(second.error().code(), dt::errc::busy);
      asio::steady_timer pause{tx.get_executor()};
      while (first.wait_for(0s) != std::future_status::ready) {
        pause.expires_after(1ms);
        co_await pause.async_wait(asio::use_awaitable);
      }
    });
  });
}

TEST(SqliteAsyncTransaction, AnOperationThatIsNotAwaitedKeepsItFromCommitting) {
  asio::io_context io;
  client db{io.get_executor(), "sqlite::memory:?maxConnections=1"};
  dt::error_info why;
  int seen = 0;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        co_await db.execute("create table t(n integer)");
        const auto done = co_await db.with(dt::as_result).transaction([&](auto& tx) -> asio::awaitable<void> {
          co_await tx.execute("insert into t values (1)");
          tx.with([&](const dt::result<dt::summary>&) { ++seen; }).execute("insert into t values (2)");
        });
        why = done.error();
      },
      [](std::exception_ptr e) {
        if (e) std::rethrow_exception(e);
      });
  io.run();
  EXPECT_EQ(why.code(), dt::errc::invalid_state);
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(db.statistics().active, 0u);
  EXPECT_EQ(db.statistics().total, 0u) << "its connection was closed, which rolls back";
}

}  // namespace
