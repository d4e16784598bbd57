// What the asynchronous client has as the blocking one has it: streams, the background check, the pool's counters.
#include <dovetail/workersql_async.hpp>

#include <support/http_peer.hpp>
#include <support/workersql_session.hpp>

#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace {

using namespace workersql_test;
using dt::test::http_call;
using dt::test::http_peer;
using namespace std::chrono_literals;

struct user {
  std::int64_t id;
  std::string name;
};

constexpr std::string_view three =
    R"({"success":true,"data":[{"id":1,"name":"Ann"},{"id":2,"name":"Bo"},{"id":3,"name":"Cy"}]})";

void rethrow(std::exception_ptr thrown) {
  if (thrown) std::rethrow_exception(thrown);
}

TEST(WorkersqlAsyncStream, GivesTheRowsOfOneAnswerOneByOne) {
  http_peer gateway{[](const http_call&, int) { return ok(three); }};
  asio::io_context io;
  workersql::async_client db{io.get_executor(), gateway.dsn()};
  std::string names;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        auto users = co_await db.stream<user>("select id, name from users where id < ?", 9);
        while (const user* each = co_await users.next()) names += each->name;
        EXPECT_EQ(co_await users.next(), nullptr);
      },
      rethrow);
  io.run();
  EXPECT_EQ(names, "AnnBoCy");
  ASSERT_EQ(gateway.calls().size(), 1U);
  EXPECT_EQ(gateway.calls()[0].body, R"({"sql":"select id, name from users where id < ?","params":[9]})");
  EXPECT_EQ(db.statistics().idle, 1U);
}

TEST(WorkersqlAsyncStream, GivesItsConnectionBackWhenItIsLeftOrClosed) {
  http_peer gateway{[](const http_call&, int) { return ok(three); }};
  asio::io_context io;
  workersql::async_client db{io.get_executor(), gateway.dsn("maxConnections=1")};
  int rows = 0;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        {
          auto left = co_await db.stream<user>("select id, name from users");
          EXPECT_NE(co_await left.next(), nullptr);
          EXPECT_EQ(db.statistics().active, 1U);
        }
        EXPECT_EQ(db.statistics().active, 0U);
        auto closed = co_await db.with(dt::as_result).stream<user>("select id, name from users");
        EXPECT_TRUE(closed);
        if (!closed) co_return;
        const auto done = co_await closed->close();
        EXPECT_TRUE(done);
        const auto after = co_await db.query<user>("select id, name from users");
        rows = static_cast<int>(after.size());
      },
      rethrow);
  io.run();
  EXPECT_EQ(rows, 3);
  EXPECT_EQ(gateway.accepted(), 1);
}

TEST(WorkersqlAsyncStream, IsRepeatedAndFailsAsAQueryDoes) {
  http_peer gateway{[](const http_call&, int number) {
    if (number == 0) return std::string{};
    if (number == 1) return ok(three);
    return answer("500 Internal Server Error", R"({"success":false,"error":"EdgeSQLError: no such table: users"})");
  }};
  asio::io_context io;
  workersql::async_client db{io.get_executor(), gateway.dsn("retryDelay=1")};
  struct other {
    std::int64_t id;
    std::string nam;
  };
  bool is_done = false;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        const auto unfit = co_await db.with(dt::as_result).stream<other>("select * from users");
        EXPECT_EQ(unfit.error().code(), dt::errc::row_mismatch);
        const auto missing = co_await db.with(dt::as_result).stream<user>("select id, name from users");
        EXPECT_EQ(missing.error().kind(), dt::condition::not_found);
        is_done = true;
      },
      rethrow);
  io.run();
  EXPECT_TRUE(is_done);
  EXPECT_EQ(gateway.calls().size(), 3U);
}

TEST(WorkersqlAsyncStream, TakesFlagsAndNothing) {
  http_peer gateway{[](const http_call& call, int) {
    return ok(call.body.find("none") == call.body.npos ? R"({"success":true,"data":[{"f":true},{"f":0}]})"
                                                       : R"({"success":true,"data":[]})");
  }};
  asio::io_context io;
  workersql::async_client db{io.get_executor(), gateway.dsn()};
  auto flags = db.with(asio::use_future).stream<bool>("select f from t");
  io.run();
  auto stream = flags.get();
  const auto next = [&io](auto& of) {
    auto row = of.next();
    io.restart();
    io.run();
    const bool* const got = row.get();
    return got == nullptr ? std::optional<bool>{} : std::optional<bool>{*got};
  };
  EXPECT_EQ(next(stream), true);
  EXPECT_EQ(next(stream), false);
  EXPECT_EQ(next(stream), std::nullopt);
  auto none = db.with(asio::use_future).stream<bool>("select f from none");
  io.restart();
  io.run();
  auto empty = none.get();
  EXPECT_EQ(next(empty), std::nullopt);
}

TEST(WorkersqlAsyncClient, PoolStatisticsHaveTheSdksNames) {
  http_peer gateway{[](const http_call&, int) { return ok(three); }};
  asio::io_context io;
  workersql::async_client db{io.get_executor(), gateway.dsn("minConnections=2&maxConnections=20")};
  auto users = db.with(asio::use_future).query<user>("select id, name from users");
  io.run();
  EXPECT_EQ(users.get().size(), 3U);
  const workersql::pool_stats stats = db.get_pool_stats();
  EXPECT_EQ(stats.total, 1U);
  EXPECT_EQ(stats.active, 0U);
  EXPECT_EQ(stats.idle, 1U);
  EXPECT_EQ(stats.min_connections, 2U);
  EXPECT_EQ(stats.max_connections, 20U);
}

/// Runs a context on a thread of its own.
struct running_context {
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::thread thread{[this] { io.run(); }};
  ~running_context() {
    work.reset();
    thread.join();
  }
};

/// Waits until something is so, at most a minute.
template <class Fn>
bool soon(Fn is_so) {
  for (int i = 0; i < 12000; ++i) {
    if (is_so()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return false;
}

TEST(WorkersqlAsyncKeeper, PingsIdleConnectionsAndReplacesThoseThatDoNotAnswer) {
  http_peer gateway{[](const http_call& call, int) {
    if (call.line != "GET /v1/health HTTP/1.1") return ok(three);
    return ok(R"({"status":"healthy"})", "Connection: close\r\n");
  }};
  running_context on;
  workersql::async_client db{on.io.get_executor(), gateway.dsn("healthCheckInterval=50&maxConnections=1")};
  EXPECT_EQ(db.with(asio::use_future).query<user>("select id, name from users").get().size(), 3U);
  // The peer closes the connection behind each answer to a ping: it is seen without a call, and opened again.
  EXPECT_TRUE(soon([&] { return gateway.accepted() >= 3; }));
  for (const http_call& each : gateway.calls()) {
    EXPECT_TRUE(each.line == "GET /v1/health HTTP/1.1" || each.body.find("users") != each.body.npos) << each.line;
  }
  EXPECT_EQ(db.with(asio::use_future).query<user>("select id, name from users").get().size(), 3U);
  db.close();
}

TEST(WorkersqlAsyncKeeper, OpensWhatIsMissingBelowTheMinimum) {
  http_peer gateway{[](const http_call&, int) { return ok(R"({"status":"healthy"})"); }};
  running_context on;
  workersql::async_client db{on.io.get_executor(), gateway.dsn("healthCheckInterval=50&minConnections=3")};
  EXPECT_TRUE(soon([&] { return db.get_pool_stats().total == 3; }));
  workersql::async_client moved{std::move(db)};
  EXPECT_EQ(moved.get_pool_stats().min_connections, 3U);
  EXPECT_TRUE(soon([&] { return gateway.calls().size() >= 3; })) << "they are pinged when they idle";
}

TEST(WorkersqlAsyncKeeper, KeepsNoContextRunningAndNeedsNoneThatRuns) {
  http_peer gateway{[](const http_call&, int) { return ok(three); }};
  asio::io_context io;
  workersql::async_client db{io.get_executor(), gateway.dsn("healthCheckInterval=1")};
  auto users = db.with(asio::use_future).query<user>("select id, name from users");
  io.run();  // comes back although the checks go on
  EXPECT_EQ(users.get().size(), 3U);
  for (int i = 0; i < 3; ++i) {
    std::this_thread::sleep_for(5ms);
    io.restart();
    io.run();  // a round, if one is due
  }
  EXPECT_EQ(db.get_pool_stats().active, 0U);
}

TEST(WorkersqlAsyncKeeper, ARoundThatNeverRunsHarmsNobody) {
  http_peer gateway{[](const http_call&, int) { return ok(three); }};
  asio::io_context io;
  {
    workersql::async_client db{io.get_executor(), gateway.dsn("healthCheckInterval=1&minConnections=2")};
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(gateway.accepted(), 0);
  io.run();  // what is left of it finds no client
  EXPECT_EQ(gateway.accepted(), 0);
}

}  // namespace
