// Rows that are awaited, from a portal and from a COPY, against a real server: in and outside of transactions, given
// up, cancelled and late.
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/postgres_server.hpp>
#include <support/recovery.hpp>

#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace dt = dovetail;
using dt::test::postgres_server;
using namespace std::chrono_literals;

namespace {

struct item {
  int n;
  std::string_view text;
};

struct PostgresAsyncStream : testing::Test {
  asio::io_context io;
  dt::postgres::async_client db{io.get_executor(), postgres_server::shared().socket_string("app", " maxConnections=1")};

  template <class Body>
  void run(Body body) {
    std::exception_ptr thrown;
    bool is_over = false;
    asio::co_spawn(io, body, [&](std::exception_ptr what) {
      thrown = what;
      is_over = true;
    });
    io.restart();
    io.run_for(120s);
    EXPECT_TRUE(is_over);
    if (thrown) std::rethrow_exception(thrown);
  }
  asio::awaitable<int> process() { return db.query_value<int>("select pg_backend_pid()"); }
};

// A sequence counts also what is undone.
TEST_F(PostgresAsyncStream, OneThatWritesIsNotBegunAgainWhenItsConnectionIsLost) {
  run([&]() -> asio::awaitable<void> {
    co_await db.script("create sequence attempts; create table attempted(id bigint)");
    constexpr auto kills = "select nextval('attempts'), pg_terminate_backend(pg_backend_pid()), pg_sleep(10)";
    const std::string text = std::string{"with k as materialized ("} + kills +
                             ") insert into attempted select nextval from k returning id::int";
    const auto lost = co_await db.with(dt::as_result).stream<int>(dt::runtime(text));
    EXPECT_FALSE(lost);
    if (lost) co_return;
    EXPECT_TRUE(lost.error().kind() == dt::condition::connection ||
                lost.error().kind() == dt::condition::commit_unknown)
        << lost.error().message();
    const int attempts = co_await db.query_value<int>("select last_value::int from attempts");
    EXPECT_EQ(attempts, 1);
    const auto read = co_await db.with(dt::as_result).stream<int>(dt::runtime(std::string{kills}));
    EXPECT_FALSE(read) << "select: it may be asked again, and is lost each time";
    co_await db.script("drop sequence attempts; drop table attempted");
  });
}

TEST_F(PostgresAsyncStream, AllRowsComeInTheirOrderFromBothSources) {
  run([&]() -> asio::awaitable<void> {
    const int before = co_await process();
    for (const bool copies : {false, true}) {
      // Named first: GCC 12 destroys what a conditional gives within a co_await expression before it is awaited.
      auto opening = copies ? db.copy_out_query<item>("select n, 'row ' || n as text from generate_series(1, 30000) n")
                            : db.stream<item>("select n, 'row ' || n as text from generate_series(1, ?) n", 30000);
      auto rows = co_await std::move(opening);
      int seen = 0;
      while (const item* each = co_await rows.next()) {
        ++seen;
        if (each->n != seen || each->text != "row " + std::to_string(seen)) ADD_FAILURE() << seen;
      }
      EXPECT_EQ(seen, 30000);
      EXPECT_EQ(co_await rows.next(), nullptr);
    }
    EXPECT_EQ(co_await process(), before);
  });
}

TEST_F(PostgresAsyncStream, AStreamThatIsClosedOrDroppedGivesTheConnectionBackAlive) {
  run([&]() -> asio::awaitable<void> {
    int before = co_await process();
    const auto expect_same = [&](int now, bool must_live) {
      EXPECT_TRUE(now == before || !must_live);
      before = now;
    };
    for (const bool closes : {true, false}) {
      std::optional<dt::test::recovery_watch> watch;
      {
        auto rows = co_await db.stream<int>("select n from generate_series(1, 100000) n");
        EXPECT_EQ(*co_await rows.next(), 1);
        watch.emplace();
        if (closes) co_await rows.close();
      }
      const int first = co_await process();
      expect_same(first, watch->must_live());
      {
        auto rows = co_await db.copy_out_query<std::tuple<int, std::string>>(
            "select n, repeat('x', 500) from generate_series(1, 200000) n");
        EXPECT_EQ(std::get<0>(*co_await rows.next()), 1);
        watch.emplace();
        if (closes) co_await rows.close();
      }
      const int second = co_await process();
      expect_same(second, watch->must_live());
    }
  });
}

// What was asked for ahead would take minutes: it is cancelled.
TEST_F(PostgresAsyncStream, OneThatIsDroppedDoesNotKeepItsConnectionForRowsThatNobodyWants) {
  run([&]() -> asio::awaitable<void> {
    const auto began = std::chrono::steady_clock::now();
    {
      auto rows = co_await db.stream<item>(
          "select n, repeat('x', 900) as text from generate_series(1, 2000) n where n < 400 or pg_sleep(60)::text = "
          "''");
      while (const item* each = co_await rows.next()) {
        if (each->n == 300) break;
      }
    }
    co_await process();
    EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
  });
}

TEST_F(PostgresAsyncStream, ATransactionStreamsItsOwnRowsAndOtherStatementsRunBetweenThem) {
  run([&]() -> asio::awaitable<void> {
    const int sum = co_await db.transaction([](auto& tx) -> asio::awaitable<int> {
      co_await tx.execute("create temporary table t on commit drop as select n from generate_series(1, 1000) n");
      auto rows = co_await tx.template stream<int>("select n from t order by n");
      int total = 0;
      while (const int* n = co_await rows.next()) {
        total += *n;
        if (*n == 500) total += co_await tx.template query_value<int>("select 1000000");
      }
      auto copied = co_await tx.template copy_out_query<int>("select n from t");
      while (const int* n = co_await copied.next()) total -= *n;
      auto left = co_await tx.template stream<int>("select n from t");  // goes unread
      static_cast<void>(co_await left.next());
      co_return total;
    });
    EXPECT_EQ(sum, 1000000);
  });
}

TEST_F(PostgresAsyncStream, AStatementDuringACopyOfItsTransactionIsRefusedAndTheCopyGoesOn) {
  run([&]() -> asio::awaitable<void> {
    const int seen = co_await db.transaction([](auto& tx) -> asio::awaitable<int> {
      auto rows = co_await tx.template copy_out_query<int>("select n from generate_series(1, 300000) n");
      EXPECT_EQ(*co_await rows.next(), 1);
      const auto refused = co_await tx.with(dt::as_result).template query_value<int>("select 1");
      EXPECT_FALSE(refused);
      if (!refused) {
        EXPECT_EQ(refused.error().code(), dt::errc::busy);
      }
      int count = 1;
      while (co_await rows.next() != nullptr) ++count;
      co_return count;
    });
    EXPECT_EQ(seen, 300000);
  });
}

TEST_F(PostgresAsyncStream, AnErrorInTheMiddleEndsTheStreamAndNotTheConnection) {
  run([&]() -> asio::awaitable<void> {
    const int before = co_await process();
    for (const bool copies : {false, true}) {
      auto opening =
          copies
              ? db.with(dt::as_result).copy_out_query<int>("select 100 / (50000 - n) from generate_series(1, 60000) n")
              : db.with(dt::as_result).stream<int>("select 100 / (50000 - n) from generate_series(1, 60000) n");
      auto opened = co_await std::move(opening);
      EXPECT_TRUE(opened);
      int seen = 0;
      dt::error_info why;
      for (;;) {
        const auto next = co_await opened->next();
        if (!next) why = next.error();
        if (!next || *next == nullptr) break;
        ++seen;
      }
      EXPECT_EQ(why.server().sqlstate, "22012") << why.message();
      EXPECT_GT(seen, 0);
      EXPECT_LT(seen, 50000);
      EXPECT_EQ(co_await process(), before);
    }
  });
}

TEST_F(PostgresAsyncStream, ADeadlineOrACancellationOfAFetchLeavesTheConnectionAlive) {
  run([&]() -> asio::awaitable<void> {
    int before = co_await process();
    for (const bool copies : {false, true}) {
      constexpr auto& slow =
          "select n, case n when 3000 then pg_sleep(600)::text else repeat('x', 300) end as text from "
          "generate_series(1, 9000) n";
      int seen = 0;
      for (auto limit = 200ms; seen == 0 && limit < 60s; limit *= 2) {  // more, when not even the opening was in time
        auto opening = copies ? db.within(limit).with(dt::as_result).copy_out_query<item>(slow)
                              : db.within(limit).with(dt::as_result).stream<item>(slow);
        std::optional<dt::test::recovery_watch> watch{limit};
        auto rows = co_await std::move(opening);
        dt::error_info why;
        if (!rows) why = rows.error();
        while (rows) {
          watch.emplace(limit);  // each fetch has the time anew
          const auto next = co_await rows->next();
          if (!next) why = next.error();
          if (!next || *next == nullptr) break;
          ++seen;
        }
        EXPECT_EQ(why.code(), dt::errc::deadline_passed) << why.message();
        const int now = co_await process();
        EXPECT_TRUE(now == before || !watch->must_live());
        before = now;
      }
      EXPECT_GT(seen, 0);
      EXPECT_LT(seen, 3000);
    }
  });
}

TEST_F(PostgresAsyncStream, ColumnsThatDoNotFitAndTablesThatAreNotThereAreErrorsOfTheOpening) {
  run([&]() -> asio::awaitable<void> {
    struct other {
      int n;
      int missing;
    };
    const auto wrong = co_await db.with(dt::as_result).stream<other>(dt::runtime("select 1 as n, 'x' as text"));
    EXPECT_FALSE(wrong);
    const auto none = co_await db.with(dt::as_result).copy_out<other>("nowhere");
    EXPECT_FALSE(none);
    if (!none) {
      EXPECT_EQ(none.error().server().sqlstate, "42P01");
    }
    const auto unnamed = co_await db.with(dt::as_result).copy_out<other>("");
    EXPECT_FALSE(unnamed);
    if (!unnamed) {
      EXPECT_EQ(unnamed.error().code(), dt::errc::malformed_statement);
    }
  });
}

TEST_F(PostgresAsyncStream, ACopyThatIsLateIsAnErrorAfterACommitToo) {
  run([&]() -> asio::awaitable<void> {
    for (const bool commits : {false, true}) {
      if (commits) {
        co_await db.transaction([](auto& tx) -> asio::awaitable<void> { co_await tx.execute("select 1"); });
      }
      int seen = 0;
      bool is_late = false;
      try {
        auto rows = co_await db.within(dt::deadline::after(300ms))
                        .copy_out_query<std::tuple<int, std::string>>(
                            "select n, repeat('x', 80) from generate_series(1, 100000) n");
        while (co_await rows.next()) {
          if (++seen == 5) {
            asio::steady_timer pause{io, 500ms};
            co_await pause.async_wait(asio::use_awaitable);
          }
        }
      } catch (const dt::error&) {
        is_late = true;
      }
      EXPECT_TRUE(is_late) << seen;
    }
  });
}

// Without a name a statement lives as long as somebody uses it: its rows, which are there before they are decoded.
TEST_F(PostgresAsyncStream, OneThatCameWholeKeepsTheStatementThatItsRowsAreDecodedBy) {
  dt::postgres::async_client unnamed{
      io.get_executor(), postgres_server::shared().socket_string("app", " maxConnections=1 unnamedStatements=true")};
  const auto expect_three = [](auto& on) -> asio::awaitable<void> {
    auto rows = co_await on.template stream<item>("select n, 'row ' || n as text from generate_series(1, 3) n");
    for (int expected = 1; expected <= 3; ++expected) {
      const item* const row = co_await rows.next();
      EXPECT_NE(row, nullptr);
      if (row == nullptr) co_return;
      EXPECT_EQ(row->n, expected);
      EXPECT_EQ(row->text, "row " + std::to_string(expected));
    }
    EXPECT_EQ(co_await rows.next(), nullptr);
  };
  run([&]() -> asio::awaitable<void> {
    co_await expect_three(unnamed);
    co_await unnamed.transaction([&](auto& tx) -> asio::awaitable<void> { co_await expect_three(tx); });
    const auto failed =
        co_await unnamed.with(dt::as_result).stream<int>("select 1 / (n - 2) from generate_series(1, 3) n");
    EXPECT_EQ(failed.error().server().sqlstate, "22012");
  });
}

// Who has the connection next may be another thread, and count the uses of the same statement.
TEST_F(PostgresAsyncStream, OneThatWasReadToItsEndUsesNothingOfTheConnectionAnyMore) {
  dt::postgres::async_client few{io.get_executor(),
                                 postgres_server::shared().socket_string("app", " maxConnections=1 cacheStatements=1")};
  const auto kept = [](auto& on) -> asio::awaitable<int> {
    co_await on.template query_value<int>("select 1");
    co_await on.template query_value<int>("select 2");
    co_return co_await on.template query_value<int>("select count(*)::int from pg_prepared_statements");
  };
  run([&]() -> asio::awaitable<void> {
    for (const bool copies : {false, true}) {
      auto opening = copies ? few.copy_out_query<int>("select n from generate_series(1, 600) n")
                            : few.stream<int>("select n from generate_series(1, 600) n");
      auto rows = co_await std::move(opening);
      while (co_await rows.next()) continue;
      EXPECT_EQ(co_await kept(few), 1) << copies;
      co_await rows.close();
      EXPECT_EQ(co_await rows.next(), nullptr);
    }
    co_await few.transaction([&](auto& tx) -> asio::awaitable<void> {
      auto rows = co_await tx.template stream<int>("select n from generate_series(1, 600) n");
      while (co_await rows.next()) continue;
      EXPECT_EQ(co_await kept(tx), 1);
      EXPECT_EQ(co_await rows.next(), nullptr);
    });
  });
}

}  // namespace
