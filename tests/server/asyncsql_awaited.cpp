// What awaited sessions have of blocking ones, against a real PostgreSQL server.
#include <dovetail/asyncsql_async.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/postgres_server.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <future>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::asyncsql::parameter_types;
using dt::asyncsql::transaction_mode;
using dt::test::postgres_server;
using session = dt::asyncsql::async_session<dt::postgres::async_client>;

struct item {
  std::int64_t id;
  std::string name;
};

class AsyncsqlAwaited : public ::testing::Test {
 protected:
  AsyncsqlAwaited() {
    client.script(
        "drop schema if exists v cascade; create schema v; create table v.item(id bigint primary key, name text not "
        "null); insert into v.item values (1, 'a'), (2, 'b')");
  }
  static dt::asyncsql::session_settings in_mode(transaction_mode mode) {
    dt::asyncsql::session_settings how;
    how.transaction.mode = mode;
    how.parameter_types = {{"meta", "jsonb"}};
    return how;
  }
  template <class Body>
  void run(Body body) {
    asio::co_spawn(io, std::move(body), [](const std::exception_ptr& thrown) {
      if (!thrown) return;
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& what) {
        ADD_FAILURE() << what.what();
      }
    });
    io.run();
    io.restart();
  }
  std::int64_t count() { return client.query_value<std::int64_t>("select count(*) from v.item"); }

  std::string url = postgres_server::shared().url();
  asio::io_context io;
  dt::postgres::client client{url};
  dt::postgres::async_client db{io.get_executor(), url};
};

TEST_F(AsyncsqlAwaited, H1_ValuesAreSentAsTheTypesOfTheSessionAndOfTheCall) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  run([&]() -> asio::awaitable<void> {
    EXPECT_EQ(co_await automatic.query_value<std::string>("select pg_typeof(:meta)::text", dt::arg<"meta">("1")),
              "jsonb");
    const parameter_types types{{"meta", "text"}};
    auto hinted = automatic.with(types);
    EXPECT_EQ(co_await hinted.query_value<std::string>("select pg_typeof(:meta)::text", dt::arg<"meta">("1")), "text");
    auto rows = co_await automatic.stream<std::string>("select pg_typeof(:meta)::text", dt::arg<"meta">("1"));
    const std::string* const first = co_await rows.next();
    EXPECT_TRUE(first != nullptr && *first == "jsonb");
    co_await rows.close();
    auto tx = co_await automatic.scope(dt::begin_mode::read_only);
    EXPECT_EQ(co_await tx.query_value<std::string>("select pg_typeof(:meta)::text", dt::arg<"meta">("1")), "jsonb");
    co_await tx.rollback();
  });
}

TEST_F(AsyncsqlAwaited, ABatchThatSkipsRowsLeavesTheManualTransactionAlive) {
  session manual{db, in_mode(transaction_mode::manual)};
  run([&]() -> asio::awaitable<void> {
    const std::vector<item> mixed{{3, "c"}, {1, "twice"}, {4, "d"}};
    co_await manual.begin();
    const auto done = co_await dt::bulk_insert(manual, "v.item", mixed, dt::batch_errors::skip_row);
    EXPECT_EQ(done.rows_affected, 2);
    EXPECT_EQ(done.failures.size(), 1u);
    EXPECT_EQ(co_await manual.query_value<int>("select count(*)::int from v.item"), 4);
    co_await manual.commit();
    co_await manual.run_transaction([&](auto& tx) -> asio::awaitable<void> {
      const std::vector<item> more{{5, "e"}, {1, "twice"}};
      const auto inside = co_await dt::bulk_insert(tx, "v.item", more, dt::batch_errors::skip_row);
      EXPECT_EQ(inside.failures.size(), 1u);
    });
  });
  EXPECT_EQ(count(), 5);
}

TEST_F(AsyncsqlAwaited, AFailureInAJoinedTransactionIsUndoneAndTheTransactionGoesOn) {
  session manual{db, in_mode(transaction_mode::manual)};
  run([&]() -> asio::awaitable<void> {
    co_await manual.begin();
    co_await manual.execute("insert into v.item values (3, 'kept')");
    bool is_refused = false;
    try {
      co_await manual.run_transaction([](auto& tx) -> asio::awaitable<void> {
        co_await tx.execute("insert into v.item values (4, 'undone')");
        co_await tx.execute("insert into v.item values (4, 'twice')");
      });
    } catch (const dt::error& refused) {
      is_refused = refused.kind() == dt::condition::constraint;
    }
    EXPECT_TRUE(is_refused);
    auto rows = co_await manual.within(60s).stream<item>("select id, name from v.item order by id");
    int seen = 0;
    while (co_await rows.next() != nullptr) ++seen;
    EXPECT_EQ(seen, 3);
    co_await manual.commit();
  });
  EXPECT_EQ(count(), 3);
}

TEST_F(AsyncsqlAwaited, AScriptThatHasCommittedIsNotDoneAgain) {
  dt::asyncsql::session_settings how = in_mode(transaction_mode::automatic);
  how.retry.initial_delay = 1ms;
  session automatic{db, how};
  std::string text;
  int id = 10;
  int calls = 0;
  const auto make = [&](const char* between) {
    text = "insert into v.item values (" + std::to_string(++id) + ", 'x'); commit;" + between +
           " do $$ begin raise exception using errcode = '40001'; end $$";
  };
  const auto refused = [](asio::awaitable<void> call) -> asio::awaitable<bool> {
    try {
      co_await std::move(call);
    } catch (const dt::error& thrown) {
      co_return thrown.kind() == dt::condition::serialization;
    }
    co_return false;
  };
  const auto body = [&](auto& tx) -> asio::awaitable<void> {
    ++calls;
    co_await tx.script(text);
  };
  run([&]() -> asio::awaitable<void> {
    for (const char* between : {"", " begin;", " begin; savepoint a;"}) {
      make(between);
      EXPECT_TRUE(co_await refused(automatic.script(text)));
      make(between);
      EXPECT_TRUE(co_await refused(automatic.run_transaction(body)));
      make(between);
      EXPECT_TRUE(co_await refused(db.transaction(body)));
    }
  });
  EXPECT_EQ(calls, 6);
  EXPECT_EQ(count(), 2 + 9);
  EXPECT_EQ(automatic.metrics().retries(), 0u);
}

TEST_F(AsyncsqlAwaited, X11_ClosingDoesNotWaitForAStatementThatDoesNotEnd) {
  auto how = in_mode(transaction_mode::manual);
  how.transaction.close_limit = 200ms;
  auto holder = client.begin();
  holder.execute("select pg_advisory_xact_lock(4711)");
  dt::asyncsql::health_report report;
  std::atomic<bool> is_slept{false};
  session manual{db, how};
  run([&]() -> asio::awaitable<void> {
    co_await manual.begin();
    co_await manual.execute("insert into v.item values (3, 'undone')");
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          const auto slept =
              co_await manual.with(dt::as_result).query_value<int>("select 1 from pg_advisory_xact_lock(4711)");
          EXPECT_TRUE(slept);
          is_slept = true;
        },
        asio::detached);
    asio::steady_timer pause{io};
    while (client.query_value<int>("select count(*)::int from pg_locks where locktype = 'advisory' and not granted") ==
           0) {
      pause.expires_after(5ms);
      co_await pause.async_wait(asio::use_awaitable);
    }
    co_await manual.close();
    EXPECT_FALSE(is_slept) << "nobody has let it go on";
    holder.commit();
    const auto late = co_await manual.with(dt::as_result).execute("delete from v.item");
    EXPECT_EQ(late.error().code(), dt::errc::transaction_closed);
    report = co_await manual.health();
  });
  EXPECT_TRUE(is_slept);
  EXPECT_FALSE(manual.is_in_transaction());
  EXPECT_TRUE(report.is_healthy);
  EXPECT_EQ(count(), 2);
  EXPECT_TRUE(postgres_server::shared().becomes(
      "select count(*) from pg_stat_activity where state like 'idle in trans%'", "0"));
}

TEST_F(AsyncsqlAwaited, AServerThatDoesNotAnswerIsNotHealthy) {
  auto how = in_mode(transaction_mode::manual);
  how.monitor.health_wait = 300ms;
  dt::postgres::async_client::settings one_only;
  one_only.pool.max_connections = 1;
  dt::postgres::async_client single{io.get_executor(), url, one_only};
  session manual{single, how};
  run([&]() -> asio::awaitable<void> {
    const auto backend = static_cast<::pid_t>(co_await manual.query_value<int>("select pg_backend_pid()"));
    ::kill(backend, SIGSTOP);
    const auto since = std::chrono::steady_clock::now();
    const dt::asyncsql::health_report ill = co_await manual.health();
    ::kill(backend, SIGCONT);
    EXPECT_FALSE(ill.is_healthy);
    EXPECT_EQ(ill.why.kind(), dt::condition::timeout);
    EXPECT_LT(std::chrono::steady_clock::now() - since, 25s);
  });
}

TEST_F(AsyncsqlAwaited, CoroutinesOnFourThreadsTakeTurnsInAManualTransaction) {
  asio::thread_pool pool{4};
  dt::postgres::async_client on_pool{pool.get_executor(), url};
  session manual{on_pool, in_mode(transaction_mode::manual)};
  asio::co_spawn(pool, manual.begin(), asio::use_future).get();
  std::atomic<int> made{0};
  std::vector<std::future<void>> all;
  for (int i = 0; i < 12; ++i) {
    all.push_back(asio::co_spawn(
        pool,
        [&]() -> asio::awaitable<void> {
          for (int n = 0; n < 20; ++n) {
            co_await manual.execute("insert into v.item values (?, 'x')", 100 + made.fetch_add(1));
            static_cast<void>(manual.is_in_transaction());
          }
        },
        asio::use_future));
  }
  for (auto& each : all) each.get();
  asio::co_spawn(pool, manual.commit(), asio::use_future).get();
  pool.join();
  EXPECT_EQ(count(), 2 + 240);
}

}  // namespace
