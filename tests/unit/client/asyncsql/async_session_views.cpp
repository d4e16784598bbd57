#include <dovetail/client/asyncsql/async_session_view.hpp>

#include <dovetail/client/asyncsql/async_session.hpp>
#include <dovetail/client/asyncsql/batch_async.hpp>
#include <dovetail/client/asyncsql/optimistic_async.hpp>
#include <dovetail/sqlite_async.hpp>

#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::asyncsql::parameter_types;
using dt::asyncsql::session_settings;
using dt::asyncsql::transaction_mode;
using session = dt::asyncsql::async_session<dt::sqlite::async_client>;

session_settings in_mode(transaction_mode mode) {
  session_settings how;
  how.transaction.mode = mode;
  return how;
}

struct item {
  std::int64_t id;
  std::string name;
};
struct versioned {
  std::int64_t id;
  std::string name;
  dt::version version;
};

class AsyncsqlAsyncViews : public ::testing::Test {
 protected:
  AsyncsqlAsyncViews() {
    client.execute("create table item(id integer primary key, name text not null, version integer not null default 0)");
    client.execute("insert into item(id, name) values (1, 'a'), (2, 'b')");
  }
  ~AsyncsqlAsyncViews() override {
    db.close();
    client.close();
    for (const char* end : {"", "-wal", "-shm"}) {
      std::error_code ec;
      std::filesystem::remove(path + end, ec);
    }
  }

  static void expect_nothing_thrown(const std::exception_ptr& thrown) {
    if (!thrown) return;
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& what) {
      ADD_FAILURE() << what.what();
    }
  }
  template <class... Bodies>
  void run(Bodies... bodies) {
    (asio::co_spawn(io, std::move(bodies), &expect_nothing_thrown), ...);
    io.run();
    io.restart();
  }
  std::int64_t count() { return client.query_value<std::int64_t>("select count(*) from item"); }

  std::string path = (std::filesystem::temp_directory_path() /
                      ("dovetail_async_views_" + std::to_string(::getpid()) + "_" +
                       ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".db"))
                         .string();
  asio::io_context io;
  dt::sqlite::client client{"sqlite:" + path};
  dt::sqlite::async_client db{io.get_executor(), "sqlite:" + path};
};

/// What awaiting gives; empty when nothing was thrown.
template <class T>
asio::awaitable<dt::error_info> failure(asio::awaitable<T> call) {
  try {
    static_cast<void>(co_await std::move(call));
  } catch (const dt::error& thrown) {
    co_return thrown.info();
  }
  co_return dt::error_info{};
}
asio::awaitable<dt::error_info> failure(asio::awaitable<void> call) {
  try {
    co_await std::move(call);
  } catch (const dt::error& thrown) {
    co_return thrown.info();
  }
  co_return dt::error_info{};
}

asio::awaitable<dt::error_info> outcome_of(asio::awaitable<void> call) {
  dt::error_info why;
  try {
    co_await std::move(call);
  } catch (const dt::error& failed) {
    why = failed.info();
  }
  co_return why;
}

TEST_F(AsyncsqlAsyncViews, AStatementMayHaveALimitOfItsOwnAndFailWithoutAnException) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  auto other = client.begin(dt::begin_mode::immediate);
  run([&]() -> asio::awaitable<void> {
    const auto since = std::chrono::steady_clock::now();
    auto limited = automatic.within(50ms).with(dt::as_result);
    const dt::result<dt::summary> done = co_await limited.execute("delete from item");
    EXPECT_FALSE(done);
    EXPECT_LT(std::chrono::steady_clock::now() - since, 25s);
    const dt::result<int> read = co_await automatic.with(dt::as_result).query_value<int>("select count(*) from item");
    EXPECT_EQ(read.value(), 2);
    const auto past = co_await failure(automatic.within(dt::deadline::after(-1ms)).execute("delete from item"));
    EXPECT_TRUE(past.kind() == dt::condition::timeout) << past.message();
  });
  other.rollback();
  EXPECT_EQ(count(), 2);
}

TEST_F(AsyncsqlAsyncViews, FuturesAndCallbacksGoTheSessionsWay) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  auto future = automatic.with(asio::use_future).execute("insert into item(id, name) values (?, ?)", 3, "c");
  std::optional<dt::result<dt::summary>> called;
  automatic.with([&](dt::result<dt::summary> answer) { called = std::move(answer); })
      .execute(dt::runtime("insert into nowhere values (1)"));
  auto bad = automatic.with(asio::use_future).execute("insert into item(id, name) values (1, 'again')");
  io.run();
  EXPECT_EQ(future.get().rows_affected, 1);
  ASSERT_TRUE(called.has_value());
  EXPECT_FALSE(*called);
  EXPECT_THROW(bad.get(), dt::error);
  EXPECT_EQ(automatic.metrics().commits(), 1u);
  EXPECT_EQ(automatic.metrics().statements(), 3u);
}

TEST_F(AsyncsqlAsyncViews, AScopeIsKeptByCommitAndElseRolledBack) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  run([&]() -> asio::awaitable<void> {
    {
      auto tx = co_await automatic.scope();
      co_await tx.execute("insert into item(id, name) values (3, 'kept')");
      co_await tx.savepoint("here");
      co_await tx.execute("delete from item");
      co_await tx.rollback_to("here");
      co_await tx.commit();
      EXPECT_FALSE(tx.is_open());
      const auto twice = co_await failure(tx.commit());
      EXPECT_EQ(twice.code(), dt::errc::transaction_closed);
      const auto late = co_await failure(tx.execute("delete from item"));
      EXPECT_EQ(late.code(), dt::errc::transaction_closed);
    }
    {
      auto tx = co_await automatic.scope(dt::begin_mode::immediate);
      co_await tx.execute("delete from item");
      co_await tx.rollback();
    }
    {
      auto tx = co_await automatic.within(60s).scope();
      co_await tx.execute("delete from item");
    }
    EXPECT_EQ(co_await automatic.query_value<int>("select count(*) from item"), 3);
  });
  EXPECT_EQ(count(), 3);
  EXPECT_EQ(automatic.metrics().commits(), 1u);
  EXPECT_EQ(automatic.metrics().rollbacks(), 2u);
}

TEST_F(AsyncsqlAsyncViews, HealthAndPrometheusSayWhatTheyDoOfABlockingSession) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  run([&]() -> asio::awaitable<void> {
    const dt::asyncsql::health_report well = co_await automatic.health();
    EXPECT_TRUE(well.is_healthy);
    EXPECT_GT(well.latency, 0ns);
    EXPECT_GE(well.pool.total, 1u);
    EXPECT_EQ(automatic.metrics().statements(), 0u);
    co_await automatic.execute("delete from item where id = 9");
    const std::string text = automatic.prometheus();
    EXPECT_NE(text.find("asyncsql_transactions_total"), std::string::npos);
    db.close();
    const dt::asyncsql::health_report ill = co_await automatic.health();
    EXPECT_FALSE(ill.is_healthy);
    EXPECT_EQ(ill.why.code(), dt::errc::pool_closed);
  });
}

TEST_F(AsyncsqlAsyncViews, R17_AStreamInsideAManualTransactionSeesItsRowsAndIsCounted) {
  session manual{db, in_mode(transaction_mode::manual)};
  run([&]() -> asio::awaitable<void> {
    co_await manual.begin();
    co_await manual.execute("insert into item(id, name) values (3, 'mine')");
    const auto before = manual.metrics().statements();
    auto rows = co_await manual.stream<item>("select id, name from item where id > ? order by id", 0);
    int seen = 0;
    while (const item* each = co_await rows.next()) EXPECT_EQ(each->id, ++seen);
    EXPECT_EQ(seen, 3);
    EXPECT_EQ(manual.metrics().statements(), before + 1);
    auto again = co_await manual.within(60s).with(dt::as_result).stream<item>("select id, name from item");
    EXPECT_TRUE(again);
    if (again) {
      auto first = co_await again->next();
      EXPECT_TRUE(first);
      EXPECT_TRUE(co_await again->close());
    }
    auto wrong = co_await manual.with(dt::as_result).stream<item>(dt::runtime("select id, name from nowhere"));
    EXPECT_FALSE(wrong);
    co_await manual.rollback();
    auto outside = co_await manual.stream<item>("select id, name from item");
    seen = 0;
    while (co_await outside.next() != nullptr) ++seen;
    EXPECT_EQ(seen, 2);
    co_await manual.run_transaction([&](auto& tx) -> asio::awaitable<void> {
      auto inside = co_await tx.template stream<item>("select id, name from item");
      const item* const first = co_await inside.next();
      EXPECT_NE(first, nullptr);
    });
  });
}

TEST_F(AsyncsqlAsyncViews, ABatchThatSkipsRowsLeavesTheManualTransactionAlive) {
  session manual{db, in_mode(transaction_mode::manual)};
  run([&]() -> asio::awaitable<void> {
    const std::vector<item> mixed{{3, "c"}, {1, "twice"}, {4, "d"}};
    co_await manual.begin();
    const dt::batch_result done = co_await dt::bulk_insert(manual, "item", mixed, dt::batch_errors::skip_row);
    EXPECT_EQ(done.rows_affected, 2);
    EXPECT_EQ(done.failures.size(), 1u);
    const std::vector<item> more{{5, "e"}, {2, "twice"}};
    auto limited = manual.within(60s);
    const dt::batch_result through = co_await dt::bulk_insert(limited, "item", more, dt::batch_errors::skip_row);
    EXPECT_EQ(through.rows_affected, 1);
    EXPECT_TRUE(manual.is_in_transaction());
    co_await manual.commit();
    co_await manual.run_transaction([&](auto& tx) -> asio::awaitable<void> {
      const std::vector<item> last{{6, "f"}, {2, "twice"}, {7, "g"}};
      const dt::batch_result inside = co_await dt::bulk_insert(tx, "item", last, dt::batch_errors::skip_row);
      EXPECT_EQ(inside.rows_affected, 2);
    });
  });
  EXPECT_EQ(count(), 7);
}

TEST_F(AsyncsqlAsyncViews, AnAtomicUpdateIsASavepointOfTheManualTransaction) {
  session manual{db, in_mode(transaction_mode::manual)};
  run([&]() -> asio::awaitable<void> {
    const dt::optimistic<versioned> items{"item"};
    co_await manual.begin();
    co_await manual.execute("insert into item(id, name) values (9, 'kept')");
    const std::vector<versioned> rows{{1, "new", {0}}, {2, "old", {7}}};
    const auto done = co_await items.update_all(manual, rows, dt::batch_mode::atomic);
    EXPECT_TRUE(done.is_rolled_back);
    const std::vector<versioned> good{{1, "newer", {0}}, {2, "newest", {0}}};
    const auto kept = co_await items.update_all(manual, good, dt::batch_mode::atomic);
    EXPECT_TRUE(kept.ok());
    co_await manual.commit();
  });
  EXPECT_EQ(client.query_value<std::string>("select name from item where id = 1"), "newer");
  EXPECT_EQ(count(), 3);
}

TEST_F(AsyncsqlAsyncViews, RunTransactionJoinsAnOpenTransactionBehindASavepoint) {
  session manual{db, in_mode(transaction_mode::manual)};
  run([&]() -> asio::awaitable<void> {
    co_await manual.begin();
    co_await manual.execute("insert into item(id, name) values (3, 'kept')");
    const int given = co_await manual.run_transaction([](auto& tx) -> asio::awaitable<int> {
      co_await tx.execute("insert into item(id, name) values (4, 'kept too')");
      co_await tx.transaction([](auto& inner) -> asio::awaitable<void> {
        co_await inner.execute("insert into item(id, name) values (5, 'kept as well')");
      });
      co_return 7;
    });
    EXPECT_EQ(given, 7);
    bool is_thrown = false;
    try {
      co_await manual.run_transaction([](auto& tx) -> asio::awaitable<void> {
        co_await tx.execute("delete from item");
        throw std::runtime_error{"no"};
      });
    } catch (const std::runtime_error&) {
      is_thrown = true;
    }
    EXPECT_TRUE(is_thrown);
    EXPECT_TRUE(manual.is_in_transaction());
    EXPECT_EQ(co_await manual.query_value<int>("select count(*) from item"), 5);
    co_await manual.rollback();
  });
  EXPECT_EQ(count(), 2);
}

TEST_F(AsyncsqlAsyncViews, BodiesAndScopesHaveTheLimitOfTheirView) {
  session manual{db, in_mode(transaction_mode::manual)};
  run([&]() -> asio::awaitable<void> {
    const auto late = [&](auto& tx) -> asio::awaitable<void> {
      asio::steady_timer longer{io, 300ms};
      co_await longer.async_wait(asio::use_awaitable);
      co_await tx.execute("insert into item(id, name) values (4, 'late')");
    };
    const auto brief = manual.within(250ms).with(dt::as_result);
    const auto outside = co_await brief.run_transaction(late);
    EXPECT_EQ(outside.error().code(), dt::errc::deadline_passed);
    {
      auto scope = co_await manual.within(250ms).scope();
      const auto inside = co_await outcome_of(late(scope));
      EXPECT_EQ(inside.code(), dt::errc::deadline_passed);
    }
    co_await manual.begin();
    co_await manual.execute("insert into item(id, name) values (3, 'kept')");
    const auto joined = co_await brief.run_transaction(late);
    EXPECT_EQ(joined.error().code(), dt::errc::deadline_passed);
    co_await manual.execute("insert into item(id, name) values (5, 'kept')");
    co_await manual.commit();
  });
  EXPECT_EQ(client.query_value<int>("select count(*) from item"), 4);
}

TEST_F(AsyncsqlAsyncViews, H7_ATypeThatIsNoTypeRefusesTheStatementBeforeItRuns) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  run([&]() -> asio::awaitable<void> {
    const parameter_types bad{{"name", "text); drop table item; --"}};
    auto refused = automatic.with(bad);
    const auto why = co_await failure(refused.execute("update item set name = :name", dt::arg<"name">("x")));
    EXPECT_EQ(why.code(), dt::errc::invalid_option);
    const auto stream = co_await failure(refused.stream<item>("select id, name from item"));
    EXPECT_EQ(stream.code(), dt::errc::invalid_option);
    const parameter_types good{{"name", "jsonb"}};
    auto hinted = automatic.with(good);
    co_await hinted.execute("update item set name = :name where id = 1", dt::arg<"name">("x"));
  });
  EXPECT_EQ(client.query_value<std::string>("select name from item where id = 1"), "x");
}

TEST_F(AsyncsqlAsyncViews, ASessionThatWasMovedFromIsMisuse) {
  session gone{db, in_mode(transaction_mode::manual)};
  session here{std::move(gone)};
  run([&]() -> asio::awaitable<void> {
    for (auto* call : {&gone}) {
      auto& moved = *call;
      EXPECT_TRUE(moved.is_closed());
      const auto why = co_await failure(moved.execute("delete from item"));
      EXPECT_EQ(why.code(), dt::errc::invalid_state);
      EXPECT_NE(why.message().find("moved from"), std::string::npos);
      const auto commit = co_await failure(moved.commit());
      EXPECT_EQ(commit.code(), dt::errc::invalid_state);
      co_await moved.close();
      EXPECT_THROW(static_cast<void>(moved.settings()), dt::error);
    }
    EXPECT_FALSE(here.is_in_transaction());
  });
  EXPECT_EQ(count(), 2);
}

TEST_F(AsyncsqlAsyncViews, CoroutinesOnFourThreadsTakeTurnsWhileOthersAskCloseAndBegin) {
  client.execute("update item set version = 0");
  std::atomic<int> done{0};
  std::atomic<int> refused{0};
  {
    asio::thread_pool pool{4};
    dt::sqlite::async_client on_pool{pool.get_executor(), "sqlite:" + path};
    session manual{on_pool, in_mode(transaction_mode::manual)};
    asio::co_spawn(pool, manual.begin(), asio::use_future).get();
    std::vector<std::future<void>> all;
    for (int i = 0; i < 16; ++i) {
      all.push_back(asio::co_spawn(
          pool,
          [&]() -> asio::awaitable<void> {
            for (int n = 0; n < 20; ++n) {
              const dt::result<dt::summary> one =
                  co_await manual.with(dt::as_result).execute("update item set version = version + 1 where id = 1");
              one ? ++done : ++refused;
              static_cast<void>(manual.is_in_transaction());
            }
          },
          asio::use_future));
    }
    all.push_back(asio::co_spawn(
        pool,
        [&]() -> asio::awaitable<void> {
          for (int n = 0; n < 10; ++n) {
            co_await manual.run_transaction([](auto& tx) -> asio::awaitable<void> {
              co_await tx.execute("update item set version = version + 1 where id = 1");
            });
            ++done;
          }
        },
        asio::use_future));
    for (auto& each : all) each.get();
    EXPECT_EQ(refused, 0);
    asio::co_spawn(pool, manual.commit(), asio::use_future).get();
    EXPECT_EQ(client.query_value<int>("select version from item where id = 1"), done);
    // The transaction of a session that is closed while others use it is kept by nobody.
    asio::co_spawn(pool, manual.begin(), asio::use_future).get();
    all.clear();
    for (int i = 0; i < 8; ++i) {
      all.push_back(asio::co_spawn(
          pool,
          [&]() -> asio::awaitable<void> {
            for (int n = 0; n < 20; ++n) {
              const dt::result<dt::summary> one =
                  co_await manual.with(dt::as_result).execute("update item set version = -1 where id = 1");
              if (!one) {
                EXPECT_EQ(one.error().code(), dt::errc::transaction_closed);
                ++refused;
              }
            }
          },
          asio::use_future));
    }
    all.push_back(asio::co_spawn(pool, manual.close(), asio::use_future));
    for (auto& each : all) each.get();
    EXPECT_GT(refused, 0);
    EXPECT_FALSE(manual.is_in_transaction());
    pool.join();
  }
  EXPECT_EQ(client.query_value<int>("select version from item where id = 1"), done);
}

}  // namespace
