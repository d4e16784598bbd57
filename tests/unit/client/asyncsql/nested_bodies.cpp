// Bodies within transactions: what they return, how they fail, and savepoints of their own.
#include <dovetail/client/asyncsql/async_session.hpp>
#include <dovetail/client/asyncsql/session.hpp>
#include <dovetail/sqlite.hpp>
#include <dovetail/sqlite_async.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::asyncsql::session_settings;
using dt::asyncsql::transaction_mode;

session_settings in_mode(transaction_mode mode) {
  session_settings how;
  how.transaction.mode = mode;
  return how;
}

dt::error_info failure(const auto& body) {
  try {
    body();
  } catch (const dt::error& thrown) {
    return thrown.info();
  }
  return {};
}
asio::awaitable<dt::error_info> failure_of(asio::awaitable<void> call) {
  try {
    co_await std::move(call);
  } catch (const dt::error& thrown) {
    co_return thrown.info();
  }
  co_return dt::error_info{};
}

/// Counts the attempts that were judged: those that were repeated, and the last.
struct refusals {
  int* seen;
  void on(const dt::observation& what) const noexcept {
    if (what.what == dt::observed::retry || what.what == dt::observed::error) ++*seen;
  }
};

class NestedBodies : public ::testing::Test {
 protected:
  using session = dt::asyncsql::session<dt::sqlite::client>;
  using async_session = dt::asyncsql::async_session<dt::sqlite::async_client>;

  NestedBodies() { client.execute("create table t(id integer primary key)"); }
  ~NestedBodies() override {
    async_client.close();
    client.close();
    for (const char* end : {"", "-wal", "-shm"}) {
      std::error_code ec;
      std::filesystem::remove(path + end, ec);
    }
  }
  void run(auto body) {
    bool has_ended = false;
    asio::co_spawn(io, std::move(body), [&](std::exception_ptr thrown) {
      has_ended = true;
      try {
        if (thrown) std::rethrow_exception(thrown);
      } catch (const std::exception& what) {
        ADD_FAILURE() << what.what();
      }
    });
    io.run();
    io.restart();
    EXPECT_TRUE(has_ended);
  }
  std::string kept() {
    return client.query_value<std::string>("select coalesce(group_concat(id), '') from (select id from t order by id)");
  }

  std::string path = (std::filesystem::temp_directory_path() /
                      ("dovetail_nested_bodies_" + std::to_string(::getpid()) + "_" +
                       ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".db"))
                         .string();
  asio::io_context io;
  dt::sqlite::client client{"sqlite:" + path};
  dt::sqlite::async_client async_client{io.get_executor(), "sqlite:" + path};
};

TEST_F(NestedBodies, AFailedResultUndoesANestedBodyOfASession) {
  session db{client, in_mode(transaction_mode::automatic)};
  auto tx = db.scope();
  tx.execute("insert into t values (1)");
  const auto body = [](auto& in) -> dt::result<int> {
    in.execute("insert into t values (2)");
    return dt::error_info{dt::errc::invalid_key, "no"};
  };
  EXPECT_EQ(failure([&] { tx.transaction(body); }).code(), dt::errc::invalid_key);
  tx.execute("insert into t values (3)");
  tx.commit();
  EXPECT_EQ(kept(), "1,3");
}

TEST_F(NestedBodies, ANestedBodyOfASessionGivesWhatItReturns) {
  session db{client, in_mode(transaction_mode::automatic)};
  auto tx = db.scope();
  const int number = tx.transaction([](auto& in) {
    in.execute("insert into t values (1)");
    return 7;
  });
  EXPECT_EQ(number, 7);
  const std::unique_ptr<int> moved =
      tx.transaction([](auto&) -> dt::result<std::unique_ptr<int>> { return std::make_unique<int>(8); });
  EXPECT_EQ(*moved, 8);
  tx.transaction([](auto& in) -> dt::result<void> {
    in.execute("insert into t values (2)");
    return {};
  });
  tx.commit();
  EXPECT_EQ(kept(), "1,2");
}

TEST_F(NestedBodies, AFailedResultUndoesAnAwaitedBodyAtEachDepthOfASession) {
  async_session db{async_client, in_mode(transaction_mode::automatic)};
  const auto body = [](auto& in) -> asio::awaitable<dt::result<int>> {
    co_await in.execute("insert into t values (2)");
    co_return dt::error_info{dt::errc::invalid_key, "no"};
  };
  const auto good = [](auto& in) -> asio::awaitable<dt::result<int>> {
    co_await in.execute("insert into t values (3)");
    co_return 7;
  };
  run([&]() -> asio::awaitable<void> {
    const auto nested = [&]() -> asio::awaitable<void> {
      auto tx = co_await db.scope();
      const auto inner = [&]() -> asio::awaitable<void> { static_cast<void>(co_await tx.transaction(body)); };
      const dt::error_info why = co_await failure_of(inner());
      EXPECT_EQ(why.code(), dt::errc::invalid_key);
      const int number = co_await tx.transaction(good);
      EXPECT_EQ(number, 7);
      co_await tx.commit();
    };
    co_await nested();
    const auto top = [&]() -> asio::awaitable<void> { static_cast<void>(co_await db.run_transaction(body)); };
    const dt::error_info why = co_await failure_of(top());
    EXPECT_EQ(why.code(), dt::errc::invalid_key);
  });
  EXPECT_EQ(kept(), "3");
}

TEST_F(NestedBodies, AFailedResultUndoesAnAwaitedBodyAtEachDepthOfAClient) {
  const auto body = [](auto& in) -> asio::awaitable<dt::result<void>> {
    co_await in.execute("insert into t values (2)");
    co_return dt::error_info{dt::errc::invalid_key, "no"};
  };
  run([&]() -> asio::awaitable<void> {
    const auto outer = [&](auto& tx) -> asio::awaitable<void> {
      co_await tx.execute("insert into t values (1)");
      const dt::error_info why = co_await failure_of(tx.transaction(body));
      EXPECT_EQ(why.code(), dt::errc::invalid_key);
    };
    co_await async_client.transaction(outer);
    const dt::error_info why = co_await failure_of(async_client.transaction(body));
    EXPECT_EQ(why.code(), dt::errc::invalid_key);
    auto results = async_client.with(dt::as_result);
    const dt::result<void> given = co_await results.transaction(body);
    EXPECT_EQ(given.error().code(), dt::errc::invalid_key);
  });
  EXPECT_EQ(kept(), "1");
}

TEST_F(NestedBodies, AnUndoIsNotStoppedByAMarkOfTheBodysOwn) {
  session db{client, in_mode(transaction_mode::automatic)};
  auto tx = db.scope();
  for (const char* name : {"asyncsql_1", "asyncsql_2", "dovetail_1", "dovetail_nested_1"}) {
    const auto body = [&](auto& in) {
      in.execute("insert into t values (1)");
      in.savepoint(name);
      in.execute("insert into t values (2)");
      throw dt::error{dt::errc::invalid_key};
    };
    EXPECT_EQ(failure([&] { tx.transaction(body); }).code(), dt::errc::invalid_key);
    EXPECT_EQ(tx.query_value<int>("select count(*) from t"), 0) << name;
  }
  // Ours cannot be named at all.
  EXPECT_EQ(failure([&] { tx.savepoint("dovetail nested 1"); }).code(), dt::errc::malformed_statement);
  tx.commit();
  EXPECT_EQ(kept(), "");
}

TEST_F(NestedBodies, AnUndoIsNotStoppedByAMarkOfAnAwaitedBodysOwn) {
  async_session db{async_client, in_mode(transaction_mode::automatic)};
  run([&]() -> asio::awaitable<void> {
    auto tx = co_await db.scope();
    const auto body = [](auto& in) -> asio::awaitable<void> {
      co_await in.execute("insert into t values (1)");
      co_await in.savepoint("asyncsql_1");
      co_await in.execute("insert into t values (2)");
      throw dt::error{dt::errc::invalid_key};
    };
    const dt::error_info why = co_await failure_of(tx.transaction(body));
    EXPECT_EQ(why.code(), dt::errc::invalid_key);
    co_await tx.commit();
  });
  EXPECT_EQ(kept(), "");
}

TEST_F(NestedBodies, AnUndoOfAClientsTransactionIsNotStoppedByAMarkInAScript) {
  auto tx = client.begin();
  const auto body = [](auto& in) {
    in.script("insert into t values (1); savepoint dovetail_1; insert into t values (2)");
    throw dt::error{dt::errc::invalid_key};
  };
  EXPECT_EQ(failure([&] { tx.transaction(body); }).code(), dt::errc::invalid_key);
  tx.commit();
  EXPECT_EQ(kept(), "");
}

TEST_F(NestedBodies, ARefusedBeginIsRepeatedAsOftenAsTheSettingsSayAndNoMore) {
  auto blocker = client.begin();  // has the write lock
  int refused = 0;
  using watched = dt::basic_client<dt::sqlite::connection, dt::exponential_backoff, dt::bounded_pool, refusals>;
  watched::settings how;
  how.retry.attempts = 3;
  how.retry.initial_delay = 1ms;
  how.observer = {&refused};
  watched db{"sqlite:" + path + "?busyTimeout=0", how};
  const auto body = [](auto& tx) { tx.execute("insert into t values (1)"); };
  const dt::error_info why = failure([&] { db.transaction(body); });
  EXPECT_EQ(why.kind(), dt::condition::busy);
  EXPECT_EQ(refused, 3);
  blocker.rollback();
  db.transaction(body);
  EXPECT_EQ(kept(), "1");
}

}  // namespace
