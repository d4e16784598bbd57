#include <dovetail/client/asyncsql/async_session.hpp>
#include <dovetail/sqlite_async.hpp>

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

// What happens to the streams of a transaction when others act in it at the same time. ThreadSanitizer sees most of it.
namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

struct number {
  std::int64_t n;
  std::string text;
};

constexpr auto& counting =
    "with recursive c(i) as (select 1 union all select i + 1 from c where i < :last) select i as n, 'row ' || i as "
    "text "
    "from c";

using client = dt::sqlite::async_client;
using session = dt::asyncsql::async_session<client>;

dt::asyncsql::session_settings manual_mode() {
  dt::asyncsql::session_settings how;
  how.transaction.mode = dt::asyncsql::transaction_mode::manual;
  return how;
}

template <class T>
asio::awaitable<void> wait_for(const std::future<T>& answer) {
  asio::steady_timer pause{co_await asio::this_coro::executor};
  while (answer.wait_for(0s) != std::future_status::ready) {
    pause.expires_after(1ms);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

template <class Body>
void run(Body body) {
  asio::io_context io;
  client db{io.get_executor(), "sqlite::memory:?maxConnections=1"};
  std::exception_ptr thrown;
  asio::co_spawn(io, body(db), [&](std::exception_ptr e) { thrown = e; });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
  EXPECT_EQ(db.statistics().active, 0u);
}

TEST(SqliteAsyncStreamThreads, OneThatGoesWhileAnotherStatementRunsIsEndedBehindThat) {
  run([](client& db) -> asio::awaitable<void> {
    co_await db.transaction([](auto& tx) -> asio::awaitable<void> {
      co_await tx.execute("create table t(n integer primary key, text text not null)");
      co_await tx.execute(
          "with recursive c(i) as (select 1 union all select i + 1 from c where i < 5000) insert into t select i, 'x' "
          "from c");
      for (int round = 0; round < 20; ++round) {
        auto rows = co_await tx.template stream<number>("select n, text from t where n > :after", dt::arg<"after">(0));
        EXPECT_EQ((co_await rows.next())->n, 1);
        // The same text, so that both look at the same kept statement.
        auto others = tx.with(asio::use_future)
                          .template query<number>("select n, text from t where n > :after", dt::arg<"after">(4000));
        rows = {};
        co_await wait_for(others);
        EXPECT_EQ(others.get().size(), 1000u);
      }
      // SQLite refuses this while a statement reads the table.
      co_await tx.execute("drop table t");
    });
  });
}

TEST(SqliteAsyncStreamThreads, OneWhoseTransactionEndsWhileItIsOpenedIsAnError) {
  run([](client& db) -> asio::awaitable<void> {
    for (int round = 0; round < 20; ++round) {
      std::optional<dt::error_info> told;
      try {
        co_await db.transaction([&](auto& tx) -> asio::awaitable<void> {
          tx.with([&](auto opened) {
              told = std::move(opened).error();
            }).template stream<number>(counting, dt::arg<"last">(1'000'000));
          if (!told) throw std::runtime_error{"the body gives up"};
          co_return;
        });
        ADD_FAILURE() << "the body's exception was lost";
      } catch (const std::runtime_error&) {
      }
      asio::steady_timer pause{db.get_executor()};
      while (!told) {
        pause.expires_after(1ms);
        co_await pause.async_wait(asio::use_awaitable);
      }
      EXPECT_EQ(told->code(), dt::errc::transaction_closed);
      EXPECT_EQ(co_await db.query_value<int>("select 7"), 7);
    }
  });
}

TEST(SqliteAsyncStreamThreads, OneOfASavepointThatEndsWhileItIsOpenedIsAnErrorToo) {
  run([](client& db) -> asio::awaitable<void> {
    std::optional<dt::error_info> told;
    bool is_thrown = false;
    try {
      co_await db.transaction([&](auto& tx) -> asio::awaitable<void> {
        co_await tx.transaction([&](auto& inner) -> asio::awaitable<void> {
          inner.with([&](auto opened) { told = std::move(opened).error(); })
              .template stream<number>(counting, dt::arg<"last">(1'000'000));
          if (!told) throw std::runtime_error{"the body gives up"};
          co_return;
        });
      });
    } catch (const std::runtime_error&) {
      is_thrown = true;
    }
    EXPECT_TRUE(is_thrown);
    asio::steady_timer pause{db.get_executor()};
    while (!told) {
      pause.expires_after(1ms);
      co_await pause.async_wait(asio::use_awaitable);
    }
    EXPECT_EQ(told->code(), dt::errc::transaction_closed);
    EXPECT_EQ(co_await db.query_value<int>("select 7"), 7);
  });
}

// Others have the connection of the transaction: the same call again, later.
template <class Call>
auto persist(Call call) -> decltype(call()) {
  asio::steady_timer pause{co_await asio::this_coro::executor};
  for (;;) {
    auto answer = co_await call();
    if (answer || answer.error().code() != dt::errc::busy) co_return answer;
    pause.expires_after(100us);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

TEST(SqliteAsyncStreamThreads, StreamsAndStatementsOfOneManualTransactionMayBeOnSeveralThreads) {
  asio::thread_pool threads{4};
  client db{threads.get_executor(), "sqlite::memory:?maxConnections=1"};
  session manual{db, manual_mode()};
  constexpr int rounds = 30;
  constexpr int last = 600;  // more than one fetch
  std::atomic<int> read_to_the_end{0};
  const auto reader = [&](int number_of_reader) -> asio::awaitable<void> {
    for (int round = 0; round < rounds; ++round) {
      auto rows =
          co_await persist([&] { return manual.with(dt::as_result).stream<number>(counting, dt::arg<"last">(last)); });
      EXPECT_TRUE(rows) << rows.error().message();
      if (!rows) co_return;
      std::int64_t seen = 0;
      for (;;) {
        const auto row = co_await persist([&] { return rows->next(); });
        EXPECT_TRUE(row) << row.error().message();
        if (!row || *row == nullptr) break;
        EXPECT_EQ((*row)->n, ++seen);
        if (round % 3 == 0 && seen == 100 + number_of_reader) break;  // and drops the rest
      }
      if (seen == last) ++read_to_the_end;
    }
  };
  std::atomic<int> written{0};
  const auto writer = [&]() -> asio::awaitable<void> {
    for (int round = 0; round < rounds * 3; ++round) {
      const auto done =
          co_await persist([&] { return manual.with(dt::as_result).execute("insert into t(n) values (?)", round); });
      EXPECT_TRUE(done) << done.error().message();
      written += done ? 1 : 0;
    }
  };
  asio::co_spawn(
      threads,
      [&]() -> asio::awaitable<void> {
        co_await manual.begin();
        co_await manual.execute("create table t(n integer)");
      },
      asio::use_future)
      .get();
  std::vector<std::future<void>> all;
  for (int i = 0; i < 3; ++i) all.push_back(asio::co_spawn(threads, reader(i), asio::use_future));
  for (int i = 0; i < 2; ++i) all.push_back(asio::co_spawn(threads, writer(), asio::use_future));
  for (std::future<void>& each : all) each.get();
  asio::co_spawn(threads, manual.commit(), asio::use_future).get();
  EXPECT_EQ(read_to_the_end, 3 * rounds * 2 / 3);
  EXPECT_EQ(written, 2 * 3 * rounds);
  EXPECT_EQ(db.with(asio::use_future).query_value<int>("select count(*) from t").get(), written);
  EXPECT_EQ(db.statistics().opened, 1u) << "the connection was lost";
}

asio::awaitable<dt::error_info> failure_of(asio::awaitable<void> call) {
  dt::error_info why;
  try {
    co_await std::move(call);
  } catch (const dt::error& failed) {
    why = failed.info();
  }
  co_return why;
}

TEST(SqliteAsyncStreamThreads, ATransactionMayEndOnAnotherThreadThanItsStreamIsReadOn) {
  asio::thread_pool threads{4};
  client db{threads.get_executor(), "sqlite::memory:?maxConnections=1"};
  session manual{db, manual_mode()};
  int cut_off = 0;
  for (int round = 0; round < 60; ++round) {
    asio::co_spawn(threads, manual.begin(), asio::use_future).get();
    std::promise<void> first_row;
    const auto reader = [&]() -> asio::awaitable<dt::error_info> {
      // Rows so large that each is fetched alone.
      auto rows = co_await manual.stream<number>(
          "with recursive c(i) as (select 1 union all select i + 1 from c) select i as n, hex(zeroblob(100000)) as "
          "text from c");
      bool is_first = true;
      for (;;) {
        const auto row = co_await rows.next(dt::as_result);
        if (std::exchange(is_first, false)) first_row.set_value();
        if (!row && row.error().code() == dt::errc::busy) continue;
        if (!row) co_return row.error();
        if (*row == nullptr) co_return dt::error_info{};
      }
    };
    auto reading = asio::co_spawn(threads, reader(), asio::use_future);
    first_row.get_future().get();
    // A row may be being fetched: the transaction ends behind that then, and is rolled back.
    const dt::error_info refused =
        asio::co_spawn(threads, failure_of(round % 2 == 0 ? manual.commit() : manual.rollback()), asio::use_future)
            .get();
    if (refused) {
      EXPECT_EQ(refused.code(), dt::errc::busy) << refused.message();
    }
    const dt::error_info why = reading.get();
    EXPECT_EQ(why.code(), dt::errc::transaction_closed) << why.message();
    if (why) ++cut_off;
    EXPECT_FALSE(manual.is_in_transaction());
  }
  EXPECT_EQ(cut_off, 60);
  EXPECT_EQ(db.with(asio::use_future).query_value<int>("select 7").get(), 7);
}

}  // namespace
