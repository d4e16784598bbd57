// What a script has committed inside of a transaction is not done again when the transaction's loop meets a conflict.
#include <dovetail/client/asyncsql/async_session.hpp>
#include <dovetail/client/asyncsql/session.hpp>
#include <dovetail/sqlite_async.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::asyncsql::session_settings;
using dt::asyncsql::transaction_mode;

/// A database with a table `t`, and another one, attached as `other`, whose lock somebody holds: writes to its table
/// `u` are refused as busy.
class DoubledWrites : public ::testing::Test {
 protected:
  DoubledWrites() {
    std::filesystem::create_directories(folder);
    looker.execute("create table t(x integer)");
    elsewhere.execute("create table u(x integer)");
    blocker.emplace(elsewhere.begin());
    db.script(attach());
    run([&]() -> asio::awaitable<void> { co_await async_db.script(attach()); });
  }
  ~DoubledWrites() override {
    std::error_code ec;
    std::filesystem::remove_all(folder, ec);
  }

  std::string file(std::string_view name) const { return (folder / name).string(); }
  std::string attach() const { return "attach '" + file("other.db") + "' as other"; }
  int written() { return looker.query_value<int>("select count(*) from t"); }

  static session_settings automatic() {
    session_settings how;
    how.transaction.mode = transaction_mode::automatic;
    how.transaction.isolation = dt::begin_mode::deferred;  // takes the locks that its statements need
    how.retry.initial_delay = 1ms;
    how.retry.max_delay = 5ms;
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

  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("dovetail_doubled_writes_" + std::to_string(::getpid()));
  asio::io_context io;
  dt::sqlite::client looker{"sqlite:" + file("own.db")};
  dt::sqlite::client elsewhere{"sqlite:" + file("other.db")};
  std::optional<decltype(elsewhere.begin())> blocker;
  dt::sqlite::client db{"sqlite:" + file("own.db") + "?busyTimeout=0&maxConnections=1"};
  dt::sqlite::async_client async_db{io.get_executor(), "sqlite:" + file("own.db") + "?busyTimeout=0&maxConnections=1"};
};

const char* const ends_and_is_refused = "insert into t values (1); commit; insert into other.u values (1)";
const char* const begins_again_and_is_refused =
    "insert into t values (1); commit; begin; insert into other.u values (1)";
const char* const begins_again = "insert into t values (1); commit; begin";

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

TEST_F(DoubledWrites, AScriptOfABlockingSession) {
  dt::asyncsql::session<dt::sqlite::client> session{db, automatic()};
  EXPECT_EQ(failure([&] { session.script(ends_and_is_refused); }).kind(), dt::condition::busy);
  EXPECT_EQ(written(), 1);
  EXPECT_EQ(failure([&] { session.script(begins_again_and_is_refused); }).kind(), dt::condition::busy);
  EXPECT_EQ(written(), 2);
}

TEST_F(DoubledWrites, AScriptOfAnAwaitedSession) {
  dt::asyncsql::async_session<dt::sqlite::async_client> session{async_db, automatic()};
  run([&]() -> asio::awaitable<void> {
    const dt::error_info first = co_await failure_of(session.script(ends_and_is_refused));
    EXPECT_EQ(first.kind(), dt::condition::busy);
    EXPECT_EQ(written(), 1);
    const dt::error_info second = co_await failure_of(session.script(begins_again_and_is_refused));
    EXPECT_EQ(second.kind(), dt::condition::busy);
    EXPECT_EQ(written(), 2);
  });
}

TEST_F(DoubledWrites, ABodyInABlockingSession) {
  dt::asyncsql::session<dt::sqlite::client> session{db, automatic()};
  int calls = 0;
  const auto body = [&](auto& tx) {
    ++calls;
    tx.script(ends_and_is_refused);
  };
  EXPECT_EQ(failure([&] { session.run_transaction(body); }).kind(), dt::condition::busy);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(written(), 1);
  const auto two = [&](auto& tx) {
    tx.script(begins_again);
    tx.execute("insert into other.u values (1)");
  };
  EXPECT_EQ(failure([&] { session.run_transaction(two); }).kind(), dt::condition::busy);
  EXPECT_EQ(written(), 2);
}

TEST_F(DoubledWrites, ABodyInAnAwaitedSession) {
  dt::asyncsql::async_session<dt::sqlite::async_client> session{async_db, automatic()};
  int calls = 0;
  const auto body = [&](auto& tx) -> asio::awaitable<void> {
    ++calls;
    co_await tx.script(ends_and_is_refused);
  };
  const auto nested = [&](auto& tx) -> asio::awaitable<void> {
    co_await tx.script(begins_again);
    const auto inner = [](auto& on) -> asio::awaitable<void> { co_await on.execute("insert into other.u values (1)"); };
    co_await tx.transaction(inner);
  };
  run([&]() -> asio::awaitable<void> {
    const dt::error_info first = co_await failure_of(session.run_transaction(body));
    EXPECT_EQ(first.kind(), dt::condition::busy);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(written(), 1);
    const dt::error_info second = co_await failure_of(session.run_transaction(nested));
    EXPECT_EQ(second.kind(), dt::condition::busy);
    EXPECT_EQ(written(), 2);
  });
}

TEST_F(DoubledWrites, ABodyOfABlockingClient) {
  int calls = 0;
  const auto body = [&](auto& tx) {
    ++calls;
    tx.script(ends_and_is_refused);
  };
  EXPECT_EQ(failure([&] { db.transaction(dt::begin_mode::deferred, body); }).kind(), dt::condition::busy);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(written(), 1);
  const auto nested = [&](auto& tx) { tx.transaction([](auto& inner) { inner.script(begins_again_and_is_refused); }); };
  EXPECT_EQ(failure([&] { db.transaction(dt::begin_mode::deferred, nested); }).kind(), dt::condition::busy);
  EXPECT_EQ(written(), 2);
  const auto ended = [&](auto& tx) {
    tx.execute("insert into t values (1)");
    tx.commit();
    db.execute("insert into other.u values (1)");
  };
  EXPECT_EQ(failure([&] { db.transaction(dt::begin_mode::deferred, ended); }).kind(), dt::condition::busy);
  EXPECT_EQ(written(), 3);
}

TEST_F(DoubledWrites, ABodyOfAnAwaitedClient) {
  int calls = 0;
  const auto body = [&](auto& tx) -> asio::awaitable<void> {
    ++calls;
    co_await tx.script(ends_and_is_refused);
  };
  const auto nested = [&](auto& tx) -> asio::awaitable<void> {
    const auto inner = [](auto& on) -> asio::awaitable<void> { co_await on.script(begins_again_and_is_refused); };
    co_await tx.transaction(inner);
  };
  run([&]() -> asio::awaitable<void> {
    const dt::error_info first = co_await failure_of(async_db.transaction(dt::begin_mode::deferred, body));
    EXPECT_EQ(first.kind(), dt::condition::busy);
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(written(), 1);
    const dt::error_info second = co_await failure_of(async_db.transaction(dt::begin_mode::deferred, nested));
    EXPECT_EQ(second.kind(), dt::condition::busy);
    EXPECT_EQ(written(), 2);
  });
}

TEST_F(DoubledWrites, AScriptThatLeavesItsTransactionOpenIsRepeatedStill) {
  const char* const script = "insert into t values (1); insert into other.u values (1)";
  dt::asyncsql::session<dt::sqlite::client> blocking{db, automatic()};
  EXPECT_EQ(failure([&] { blocking.script(script); }).kind(), dt::condition::busy);
  EXPECT_EQ(blocking.metrics().retries(), 3u);
  dt::asyncsql::async_session<dt::sqlite::async_client> awaited{async_db, automatic()};
  int calls = 0;
  const auto body = [&](auto& tx) -> asio::awaitable<void> {
    ++calls;
    co_await tx.script(script);
  };
  run([&]() -> asio::awaitable<void> {
    const dt::error_info refused = co_await failure_of(awaited.script(script));
    EXPECT_EQ(refused.kind(), dt::condition::busy);
    EXPECT_EQ(awaited.metrics().retries(), 3u);
    const dt::error_info again = co_await failure_of(awaited.run_transaction(body));
    EXPECT_EQ(again.kind(), dt::condition::busy);
  });
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(written(), 0);
}

}  // namespace
