// Clients whose pool is looked after in the background: their ends, and the intervals that there may be.
#include <dovetail/policy/observer.hpp>
#include <dovetail/workersql_async.hpp>

#include <support/http_peer.hpp>
#include <support/workersql_session.hpp>

#include <asio/io_context.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace workersql_test;
using dt::test::http_call;
using dt::test::http_peer;
using namespace std::chrono_literals;

/// Threads that close at the same time, as near as can be.
template <class Client>
void close_at_once(Client& db) {
  std::atomic<int> waiting{3};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      --waiting;
      while (waiting != 0) std::this_thread::yield();
      db.close();
    });
  }
  for (std::thread& each : threads) each.join();
}

TEST(WorkersqlKeeper, AnyNumberOfThreadsMayCloseAtOnce) {
  http_peer gateway{[](const http_call&, int) { return ok(R"({"status":"healthy"})"); }};
  asio::io_context io;
  for (int i = 0; i < 50; ++i) {
    workersql::client db{gateway.dsn("healthCheckInterval=1&minConnections=1")};
    close_at_once(db);
    workersql::async_client later{io.get_executor(), gateway.dsn("healthCheckInterval=1&minConnections=1")};
    close_at_once(later);
  }
}

/// Does something whenever it is told something.
struct acting_observer {
  const std::function<void()>* act = nullptr;
  void on(const dt::observation&) const noexcept { (*act)(); }
};
using acting_client = workersql::kept_client<
    dt::basic_client<workersql::connection, workersql::sdk_backoff, workersql::keep_alive_pool, acting_observer>>;

TEST(WorkersqlKeeper, AnObserverOfARoundMayCloseTheClient) {
  http_peer gateway{[](const http_call&, int) { return ok(R"({"status":"healthy"})"); }};
  std::atomic<bool> has_closed{false};
  std::atomic<acting_client*> client{nullptr};
  const std::function<void()> act = [&] {
    acting_client* const db = client.exchange(nullptr);
    if (db == nullptr) return;
    db->close();
    has_closed = true;
  };
  acting_client::settings how;
  how.observer.act = &act;
  how.pool.min_connections = 1;
  how.pool.check_interval = 1ms;
  const auto parsed = workersql::parse(gateway.dsn());
  ASSERT_TRUE(parsed) << parsed.error().message();
  acting_client db{parsed->options, how};
  client = &db;
  for (int i = 0; i < 6000 && !has_closed; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(has_closed);
  db.close();
  EXPECT_EQ(db.with(dt::as_result).query_value<int>("select 1").error().code(), dt::errc::pool_closed);
}

TEST(WorkersqlKeeper, ARepeaterMayBeDestroyedByWhatItCalls) {
  std::atomic<int> calls{0};
  std::unique_ptr<workersql::detail::repeater> each;
  std::mutex making;
  std::unique_lock lock{making};
  each = std::make_unique<workersql::detail::repeater>(1ms, [&] {
    const std::lock_guard made{making};
    each.reset();
    ++calls;
  });
  lock.unlock();
  for (int i = 0; i < 6000 && calls == 0; ++i) std::this_thread::sleep_for(10ms);
  lock.lock();  // behind the call
  lock.unlock();
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(calls, 1);
}

/// Connections that rounds of both clients have opened, within 50 ms.
int opened(dt::clock::duration interval) {
  http_peer gateway{[](const http_call&, int) { return ok(R"({"status":"healthy"})"); }};
  const auto parsed = workersql::parse(gateway.dsn());
  EXPECT_TRUE(parsed);
  workersql::client::settings how;
  how.pool.min_connections = 1;
  how.pool.check_interval = interval;
  workersql::client db{parsed->options, how};
  asio::io_context io;
  workersql::async_client::settings then;
  then.pool.min_connections = 1;
  then.pool.check_interval = interval;
  workersql::async_client later{io.get_executor(), parsed->options, then};
  std::this_thread::sleep_for(50ms);
  io.run_for(1s);
  return gateway.accepted();
}

TEST(WorkersqlKeeper, IntervalsThatAreNoneOrBeyondAllTimeMakeNoRounds) {
  for (const dt::clock::duration none : {dt::clock::duration::zero(), dt::clock::duration{-1s},
                                         (dt::clock::duration::min)(), (dt::clock::duration::max)()}) {
    EXPECT_EQ(opened(none), 0) << none.count();
  }
  EXPECT_EQ(opened((dt::clock::duration::max)() - 1ns), 0);
  EXPECT_EQ(opened(std::chrono::hours{24 * 365 * 250}), 0);
  EXPECT_NE(opened(1ms), 0);
}

}  // namespace
