#include <dovetail/client/pool.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;

/// What all connections of one test do and have done.
struct world {
  std::atomic<int> alive{0};
  std::atomic<int> opens{0};
  std::atomic<int> pings{0};
  std::atomic<int> closes{0};
  dt::error_info open_failure;
  dt::error_info ping_failure;
  bool constructor_throws = false;
  bool open_throws = false;
  dt::clock::time_point time{1h};
  std::vector<dt::observation> seen;
  int most_pings = 1'000'000;
  std::function<void()> while_closing;
};

class connection {
 public:
  struct options {
    world* all = nullptr;
  };
  explicit connection(const options& settings) : all_(settings.all) {
    if (all_->constructor_throws) throw std::runtime_error("no memory");
    ++all_->alive;
  }
  ~connection() { --all_->alive; }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  dt::result<void> open(dt::deadline) {
    ++all_->opens;
    if (all_->open_throws) throw std::runtime_error("open");
    if (all_->open_failure) return all_->open_failure;
    health_ = dt::session_health::idle;
    return {};
  }
  dt::result<void> ping(dt::deadline) {
    if (++all_->pings > all_->most_pings) {
      all_->open_failure = dt::errc::deadline_passed;
      return dt::errc::deadline_passed;
    }
    if (all_->ping_failure) return all_->ping_failure;
    return {};
  }
  dt::session_health health() const noexcept { return health_; }
  void close() noexcept {
    ++all_->closes;
    if (all_->while_closing) all_->while_closing();
    health_ = dt::session_health::closed;
  }
  void becomes(dt::session_health health) { health_ = health; }

 private:
  world* all_;
  dt::session_health health_ = dt::session_health::closed;
};

/// A bounded pool whose clock stands still until the test moves it.
struct clocked : dt::bounded_pool {
  clocked(world& all, dt::bounded_pool settings) : dt::bounded_pool(settings), all_(&all) {}
  dt::clock::time_point now() const noexcept { return all_->time; }

 private:
  world* all_;
};

struct recorder {
  world* all;
  void on(const dt::observation& seen) noexcept { all->seen.push_back(seen); }
};

using plain_pool = dt::pool<connection>;
using clocked_pool = dt::pool<connection, clocked, recorder>;

struct caller : plain_pool::waiter {
  caller() : pool_waiter(&notified) {}
  static void notified(pool_waiter& self) noexcept { ++static_cast<caller&>(self).notifications; }
  int notifications = 0;
};

std::vector<dt::observed> kinds(const world& all) {
  std::vector<dt::observed> result;
  for (const dt::observation& each : all.seen) result.push_back(each.what);
  return result;
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(Pool, OpensAConnectionWhenNoneIsThereAndReusesItAfterwards) {
  world all;
  plain_pool pool{{&all}};
  EXPECT_EQ(pool.statistics(), (dt::pool_statistics{.max = 8}));
  {
    auto lease = pool.acquire().value();
    EXPECT_FALSE(lease.is_reused());
    EXPECT_EQ(pool.statistics(), (dt::pool_statistics{.total = 1, .active = 1, .max = 8, .opened = 1}));
  }
  EXPECT_EQ(pool.statistics(), (dt::pool_statistics{.total = 1, .idle = 1, .max = 8, .opened = 1}));
  EXPECT_TRUE(pool.acquire().value().is_reused());
  EXPECT_EQ(all.opens, 1);
  EXPECT_EQ(all.pings, 0);
}

TEST(Pool, OpensNoMoreThanTheMaximum) {
  world all;
  plain_pool pool{{&all}, {.max_connections = 2}};
  auto first = pool.acquire().value();
  auto second = pool.acquire().value();
  EXPECT_FALSE(pool.try_acquire());
  EXPECT_EQ(all.alive, 2);
  first.release();
  EXPECT_TRUE(pool.try_acquire());
}

TEST(Pool, ClosesWhatIsNotCleanWhenItComesBack) {
  for (const dt::session_health health :
       {dt::session_health::desynchronised, dt::session_health::closed, dt::session_health::in_transaction}) {
    world all;
    plain_pool pool{{&all}};
    pool.acquire().value()->becomes(health);
    EXPECT_EQ(all.alive, 0);
    EXPECT_EQ(pool.statistics(), (dt::pool_statistics{.max = 8, .opened = 1, .closed = 1}));
  }
}

TEST(Pool, ADiscardedLeaseClosesEvenACleanConnection) {
  world all;
  plain_pool pool{{&all}};
  auto lease = pool.acquire().value();
  lease.discard();
  EXPECT_FALSE(lease);
  EXPECT_EQ(all.alive, 0);
}

TEST(Pool, AMovedLeaseGivesBackOnce) {
  world all;
  plain_pool pool{{&all}};
  auto first = pool.acquire().value();
  auto second = pool.acquire().value();
  second = std::move(first);
  EXPECT_EQ(pool.statistics().active, 1u);
  EXPECT_EQ(pool.statistics().idle, 1u);
}

TEST(Pool, WaitersGetConnectionsInTheOrderInWhichTheyCame) {
  world all;
  plain_pool pool{{&all}, {.max_connections = 1}};
  auto lease = pool.acquire().value();
  std::vector<std::unique_ptr<caller>> queue;
  for (int i = 0; i < 5; ++i) {
    queue.push_back(std::make_unique<caller>());
    const auto got = pool.start_acquire(*queue.back());
    ASSERT_TRUE(got.has_value());
    ASSERT_FALSE(*got);
  }
  EXPECT_EQ(pool.statistics().waiting, 5u);
  for (int i = 0; i < 5; ++i) {
    lease.release();
    for (int other = 0; other < 5; ++other)
      EXPECT_EQ(queue[static_cast<std::size_t>(other)]->notifications, other <= i);
    EXPECT_FALSE(pool.try_acquire()) << "a newcomer overtook the queue";
    lease = queue[static_cast<std::size_t>(i)]->take().value();
    EXPECT_EQ(lease.state(), dt::lease_state::ready);
  }
  EXPECT_EQ(all.opens, 1);
}

TEST(Pool, AWaiterGetsThePermissionToOpenWhenAConnectionBreaks) {
  world all;
  plain_pool pool{{&all}, {.max_connections = 1}};
  auto lease = pool.acquire().value();
  caller waiting;
  ASSERT_TRUE(pool.start_acquire(waiting).has_value());
  lease->becomes(dt::session_health::desynchronised);
  lease.release();
  ASSERT_EQ(waiting.notifications, 1);
  auto got = waiting.take().value();
  EXPECT_EQ(got.state(), dt::lease_state::open);
  EXPECT_EQ(all.alive, 1);
}

TEST(Pool, AFailedOpeningWakesTheNextAndIsRemembered) {
  world all;
  plain_pool pool{{&all}, {.max_connections = 1}};
  auto opening = pool.try_acquire();
  ASSERT_EQ(opening.state(), dt::lease_state::open);
  caller first, second;
  ASSERT_TRUE(pool.start_acquire(first).has_value());
  ASSERT_TRUE(pool.start_acquire(second).has_value());
  opening.open_failed(dt::errc::host_not_found);
  ASSERT_EQ(first.notifications, 1);
  EXPECT_EQ(second.notifications, 0);
  EXPECT_EQ(pool.last_connect_error().code(), dt::errc::host_not_found);
  auto next = first.take().value();
  EXPECT_EQ(next.state(), dt::lease_state::open);
  next.open_failed(dt::errc::connection_closed);
  EXPECT_EQ(second.notifications, 1);
  EXPECT_EQ(pool.last_connect_error().code(), dt::errc::connection_closed);
  EXPECT_EQ(pool.statistics().failed, 2u);
}

TEST(Pool, AcquireReportsWhyOpeningFailed) {
  world all;
  all.open_failure = dt::error_info{dt::make_error_code(dt::errc::host_not_found), "db.example"};
  plain_pool pool{{&all}};
  const auto got = pool.acquire();
  EXPECT_EQ(got.error().code(), dt::errc::host_not_found);
  EXPECT_EQ(got.error().context(), "db.example");
  EXPECT_EQ(pool.statistics(), (dt::pool_statistics{.max = 8, .failed = 1}));
  all.open_failure = {};
  EXPECT_TRUE(pool.acquire().has_value());
}

TEST(Pool, AnExceptionWhileAConnectionIsMadeLosesNoPlace) {
  world all;
  plain_pool pool{{&all}, {.max_connections = 1}};
  all.constructor_throws = true;
  EXPECT_THROW((void)pool.acquire(), std::runtime_error);
  all.constructor_throws = false;
  all.open_throws = true;
  EXPECT_THROW((void)pool.acquire(), std::runtime_error);
  all.open_throws = false;
  EXPECT_TRUE(pool.acquire().has_value());
  EXPECT_EQ(all.alive, 1);
  EXPECT_EQ(pool.statistics().total, 1u);
}

TEST(Pool, ACancelledWaiterLeavesTheQueueAndTheNextOneIsServed) {
  world all;
  plain_pool pool{{&all}, {.max_connections = 1}};
  auto lease = pool.acquire().value();
  caller first, second;
  ASSERT_TRUE(pool.start_acquire(first).has_value());
  ASSERT_TRUE(pool.start_acquire(second).has_value());
  EXPECT_TRUE(first.cancel());
  EXPECT_FALSE(first.cancel());
  EXPECT_EQ(pool.statistics().waiting, 1u);
  lease.release();
  EXPECT_EQ(first.notifications, 0);
  EXPECT_EQ(second.notifications, 1);
}

TEST(Pool, ACancelThatComesTooLateLosesNoConnection) {
  world all;
  plain_pool pool{{&all}, {.max_connections = 1}};
  {
    auto lease = pool.acquire().value();
    caller first, second;
    ASSERT_TRUE(pool.start_acquire(first).has_value());
    ASSERT_TRUE(pool.start_acquire(second).has_value());
    lease.release();
    EXPECT_FALSE(first.cancel());
    EXPECT_FALSE(first.expire());
    ASSERT_EQ(first.notifications, 1);
    first.take().value().release();  // what a cancelled operation does with a grant
    EXPECT_EQ(second.notifications, 1);
  }  // and `second` never takes its grant
  EXPECT_EQ(pool.statistics().idle, 1u);
}

TEST(Pool, AWaiterThatIsDestroyedLeavesTheQueue) {
  world all;
  plain_pool pool{{&all}, {.max_connections = 1}};
  auto lease = pool.acquire().value();
  {
    caller gone;
    ASSERT_TRUE(pool.start_acquire(gone).has_value());
  }
  EXPECT_EQ(pool.statistics().waiting, 0u);
  lease.release();
  EXPECT_EQ(pool.statistics().idle, 1u);
}

TEST(Pool, AFullQueueRefusesAtOnce) {
  world all;
  plain_pool pool{{&all}, {.max_connections = 1, .queue_limit = 1}};
  auto lease = pool.acquire().value();
  caller first, second;
  ASSERT_TRUE(pool.start_acquire(first).has_value());
  const auto refused = pool.start_acquire(second);
  EXPECT_EQ(refused.error().code(), dt::errc::pool_queue_full);
  EXPECT_EQ(refused.error().kind(), dt::condition::busy);
  EXPECT_EQ(second.notifications, 0);
  const auto blocking = pool.acquire();
  EXPECT_EQ(blocking.error().code(), dt::errc::pool_queue_full);
}

TEST(Pool, AWaitThatRunsOutNamesTheHoldersAndTheLastConnectError) {
  world all;
  plain_pool pool{{&all}, {.max_connections = 2}};
  auto holder = pool.acquire().value();
  const auto line = std::to_string(std::source_location::current().line() - 1);
  all.open_failure = dt::error_info{dt::make_error_code(dt::errc::host_not_found), "db.example"};
  EXPECT_FALSE(pool.acquire().has_value());
  all.open_failure = {};
  auto second = pool.acquire().value();
  const auto got = pool.acquire(dt::deadline::after(1ms));
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code(), dt::errc::pool_wait_timeout);
  EXPECT_EQ(got.error().kind(), dt::condition::timeout);
  const std::string text = got.error().message();
  EXPECT_TRUE(contains(text, "2 of 2 in use, 0 waiting")) << text;
  EXPECT_TRUE(contains(text, "pool.cpp:" + line)) << text;
  EXPECT_TRUE(contains(text, "held for ")) << text;
  EXPECT_TRUE(contains(text, "last connect error, ")) << text;
  EXPECT_TRUE(contains(text, "db.example: the host name could not be resolved")) << text;
  EXPECT_EQ(pool.statistics().timeouts, 1u);
  EXPECT_EQ(pool.statistics().waiting, 0u);
  const auto holders = pool.holders();
  ASSERT_EQ(holders.size(), 2u);
  EXPECT_EQ(std::to_string(holders[0].where.line()), line);
}

TEST(Pool, TheWaitEndsWithThePolicysLimitWhenTheDeadlineIsLater) {
  world all;
  plain_pool pool{{&all}, {.max_connections = 1, .acquire_wait = 1ms}};
  auto holder = pool.acquire().value();
  EXPECT_EQ(pool.acquire().error().code(), dt::errc::pool_wait_timeout);
  EXPECT_EQ(pool.acquire(dt::deadline::after(1h)).error().code(), dt::errc::pool_wait_timeout);
}

TEST(Pool, AnExpiredAsynchronousWaitTellsTheSameStory) {
  world all;
  plain_pool pool{{&all}, {.max_connections = 1}};
  auto holder = pool.acquire().value();
  caller waiting;
  ASSERT_TRUE(pool.start_acquire(waiting).has_value());
  const dt::error_info failure = waiting.expire();
  EXPECT_EQ(failure.code(), dt::errc::pool_wait_timeout);
  EXPECT_TRUE(contains(failure.message(), "1 of 1 in use"));
  EXPECT_EQ(pool.statistics().timeouts, 1u);
  holder.release();
  EXPECT_EQ(waiting.notifications, 0);
}

TEST(Pool, ABlockedThreadAndAnAsynchronousWaiterQueueInOneLine) {
  world all;
  plain_pool pool{{&all}, {.max_connections = 1}};
  auto lease = pool.acquire().value();
  std::atomic<bool> thread_has_it{false};
  std::thread blocked{[&] {
    auto got = pool.acquire().value();
    thread_has_it = true;
  }};
  while (pool.statistics().waiting != 1) std::this_thread::yield();
  caller after;
  ASSERT_TRUE(pool.start_acquire(after).has_value());
  lease.release();
  blocked.join();
  EXPECT_TRUE(thread_has_it);
  EXPECT_EQ(after.notifications, 1);
}

TEST(Pool, AClosedPoolRefusesAndWakesWhoWaits) {
  world all;
  plain_pool pool{{&all}, {.max_connections = 1}};
  auto lease = pool.acquire().value();
  caller waiting;
  ASSERT_TRUE(pool.start_acquire(waiting).has_value());
  std::thread blocked{[&] { EXPECT_EQ(pool.acquire().error().code(), dt::errc::pool_closed); }};
  while (pool.statistics().waiting != 2) std::this_thread::yield();
  pool.close();
  pool.close();
  blocked.join();
  EXPECT_TRUE(pool.is_closed());
  ASSERT_EQ(waiting.notifications, 1);
  EXPECT_EQ(waiting.take().error().code(), dt::errc::pool_closed);
  EXPECT_EQ(pool.acquire().error().code(), dt::errc::pool_closed);
  EXPECT_EQ(all.alive, 1);
  lease.release();
  EXPECT_EQ(all.alive, 0);
  EXPECT_EQ(pool.statistics().total, 0u);
}

TEST(Pool, ClosingEndsIdleConnections) {
  world all;
  plain_pool pool{{&all}};
  pool.acquire().value().release();
  pool.close();
  EXPECT_EQ(all.alive, 0);
  EXPECT_EQ(pool.statistics(), (dt::pool_statistics{.max = 8, .opened = 1, .closed = 1}));
}

TEST(Pool, LeasesAndWaitersMayOutliveThePool) {
  world all;
  auto pool = std::make_unique<plain_pool>(connection::options{&all}, dt::bounded_pool{.max_connections = 2});
  auto first = pool->acquire().value();
  auto opening = pool->try_acquire();
  caller waiting;
  ASSERT_TRUE(pool->start_acquire(waiting).has_value());
  pool.reset();
  EXPECT_EQ(waiting.notifications, 1);
  EXPECT_EQ(all.alive, 2);
  opening.opened();
  opening.release();
  first.release();
  EXPECT_EQ(all.alive, 0);
  EXPECT_EQ(waiting.take().error().code(), dt::errc::pool_closed);
}

TEST(Pool, APoolThatIsDestroyedLeavesAnUntakenGrantUsable) {
  world all;
  auto pool = std::make_unique<plain_pool>(connection::options{&all}, dt::bounded_pool{.max_connections = 1});
  auto lease = pool->acquire().value();
  caller waiting;
  ASSERT_TRUE(pool->start_acquire(waiting).has_value());
  lease.release();
  pool.reset();
  EXPECT_EQ(all.alive, 1);
  waiting.take().value().release();
  EXPECT_EQ(all.alive, 0);
}

TEST(Pool, AConnectionThatIdledIsPingedBeforeItIsUsed) {
  world all;
  clocked_pool pool{{&all}, {all, {.check_interval = 30s}}, {&all}};
  pool.acquire().value().release();
  all.time += 29s;
  pool.acquire().value().release();
  EXPECT_EQ(all.pings, 0);
  all.time += 30s;
  EXPECT_TRUE(pool.acquire().value().is_reused());
  EXPECT_EQ(all.pings, 1);
  pool.acquire().value().release();
  EXPECT_EQ(all.pings, 1);
}

TEST(Pool, AConnectionWhosePingFailsIsReplaced) {
  world all;
  clocked_pool pool{{&all}, {all, {.check_interval = 30s}}, {&all}};
  pool.acquire().value().release();
  all.time += 31s;
  all.ping_failure = dt::errc::connection_closed;
  EXPECT_FALSE(pool.acquire().value().is_reused());
  EXPECT_EQ(all.opens, 2);
  EXPECT_EQ(all.alive, 1);
  EXPECT_EQ(pool.statistics().closed, 1u);
}

TEST(Pool, AConnectionThatIsTooOldOrIdledTooLongIsReplaced) {
  world all;
  clocked_pool pool{{&all}, {all, {.idle_limit = 10min, .age_limit = 30min}}, {&all}};
  pool.acquire().value().release();
  all.time += 10min;
  EXPECT_FALSE(pool.acquire().value().is_reused());
  for (int i = 0; i < 3; ++i) {
    all.time += 9min;
    EXPECT_TRUE(pool.acquire().value().is_reused());
  }
  all.time += 3min;
  EXPECT_FALSE(pool.acquire().value().is_reused());
  EXPECT_EQ(all.opens, 3);
  EXPECT_EQ(all.alive, 1);
}

TEST(Pool, CallersCloseWhatHasIdledTooLongDownToTheMinimum) {
  world all;
  clocked_pool pool{{&all}, {all, {.min_connections = 2, .idle_limit = 10min}}, {&all}};
  {
    std::vector<clocked_pool::lease> leases;
    for (int i = 0; i < 5; ++i) leases.push_back(pool.acquire().value());
  }
  EXPECT_EQ(all.alive, 5);
  for (int i = 0; i < 4; ++i) {
    all.time += 4min;
    pool.acquire().value().release();
  }
  EXPECT_EQ(all.alive, 2);
  EXPECT_EQ(pool.statistics(),
            (dt::pool_statistics{.total = 2, .idle = 2, .min = 2, .max = 8, .opened = 5, .closed = 3}));
}

TEST(Pool, MaintenanceOpensTheMinimumChecksAndRetires) {
  world all;
  clocked_pool pool{{&all}, {all, {.min_connections = 3, .check_interval = 30s}}, {&all}};
  EXPECT_TRUE(pool.maintain().has_value());
  EXPECT_EQ(pool.statistics().idle, 3u);
  all.time += 31s;
  EXPECT_TRUE(pool.maintain().has_value());
  EXPECT_EQ(all.pings, 3);
  all.time += 31min;
  EXPECT_TRUE(pool.maintain().has_value());
  EXPECT_EQ(all.opens, 6);
  EXPECT_EQ(all.alive, 3);
  all.time += 31min;
  all.open_failure = dt::errc::host_not_found;
  EXPECT_EQ(pool.maintain().error().code(), dt::errc::host_not_found);
  EXPECT_EQ(all.alive, 0);
}

TEST(Pool, MaintenanceDoesNotKeepConnectionsForEverThatNobodyUses) {
  world all;
  clocked_pool pool{{&all}, {all, {.min_connections = 1, .idle_limit = 10min, .check_interval = 30s}}, {&all}};
  {
    std::vector<clocked_pool::lease> leases;
    for (int i = 0; i < 4; ++i) leases.push_back(pool.acquire().value());
  }
  for (int i = 0; i < 19; ++i) {
    all.time += 30s;
    EXPECT_TRUE(pool.maintain().has_value());
  }
  EXPECT_EQ(all.pings, 19 * 4);
  EXPECT_EQ(all.alive, 4) << "not yet";
  pool.acquire().value().release();  // that one is in use again
  all.time += 30s;
  EXPECT_TRUE(pool.maintain().has_value());
  EXPECT_EQ(all.alive, 1);
  for (int i = 0; i < 25; ++i) {
    all.time += 30s;
    EXPECT_TRUE(pool.maintain().has_value());
  }
  EXPECT_EQ(all.alive, 1) << "the minimum stays";
  EXPECT_EQ(all.opens, 4);
}

TEST(Pool, OneRoundOfMaintenanceChecksEachConnectionOnceHoweverShortTheIntervalIs) {
  world all;
  all.most_pings = 100;  // of a round that would not end
  clocked_pool pool{{&all}, {all, {.check_interval = 0s}}, {&all}};
  {
    std::vector<clocked_pool::lease> leases;
    for (int i = 0; i < 3; ++i) leases.push_back(pool.acquire().value());
  }
  all.time += 1ms;
  EXPECT_TRUE(pool.maintain().has_value());
  EXPECT_EQ(all.pings, 3);
}

TEST(Pool, TwoThatCloseIdleConnectionsAtTheSameTimeDoNotGoBelowTheMinimum) {
  world all;
  clocked_pool pool{{&all}, {all, {.min_connections = 1, .idle_limit = 10min, .check_interval = 1h}}, {&all}};
  {
    std::vector<clocked_pool::lease> leases;
    for (int i = 0; i < 2; ++i) leases.push_back(pool.acquire().value());
  }
  bool is_first = true;
  all.while_closing = [&] {  // it takes time to close a connection; somebody else looks in the meantime
    if (!is_first) return;
    is_first = false;
    std::thread{[&] { EXPECT_TRUE(pool.maintain().has_value()); }}.join();
  };
  all.time += 10min;
  EXPECT_TRUE(pool.maintain().has_value());
  EXPECT_FALSE(is_first);
  EXPECT_EQ(pool.statistics().closed, 1u);
  EXPECT_EQ(pool.statistics().idle, 1u);
  all.while_closing = nullptr;
}

TEST(Pool, AnOverdueLeaseIsReportedOnceByWhoeverWaits) {
  world all;
  clocked_pool pool{{&all}, {all, {.max_connections = 1, .leak_warning = 5s}}, {&all}};
  auto lease = pool.acquire().value();
  const auto line = std::source_location::current().line() - 1;
  all.time += 6s;
  all.seen.clear();
  EXPECT_FALSE(pool.acquire(dt::deadline::after(1ms)).has_value());
  EXPECT_FALSE(pool.acquire(dt::deadline::after(1ms)).has_value());
  ASSERT_EQ(kinds(all), (std::vector{dt::observed::leak_warning, dt::observed::pool_wait, dt::observed::pool_wait}));
  EXPECT_EQ(all.seen[0].where.line(), line);
  EXPECT_EQ(all.seen[0].duration, dt::clock::duration{6s});
  EXPECT_EQ(all.seen[1].ec, dt::errc::pool_wait_timeout);
  lease.release();
  EXPECT_EQ(all.seen.size(), 3u);
}

TEST(Pool, AnOverdueLeaseIsReportedWhenItEndsAtLast) {
  world all;
  clocked_pool pool{{&all}, {all, {.leak_warning = 5s}}, {&all}};
  auto lease = pool.acquire().value();
  all.time += 5s;
  lease.release();
  auto next = pool.acquire().value();
  all.time += 4s;
  next.release();
  EXPECT_EQ(kinds(all), (std::vector{dt::observed::connect, dt::observed::leak_warning}));
}

TEST(Pool, TheObserverSeesConnectsFailuresWaitsAndDisconnects) {
  world all;
  clocked_pool pool{{&all}, {all, {.max_connections = 1}}, {&all}};
  all.open_failure = dt::errc::host_not_found;
  EXPECT_FALSE(pool.acquire().has_value());
  all.open_failure = {};
  auto lease = pool.acquire().value();
  EXPECT_FALSE(pool.acquire(dt::deadline::after(0s)).has_value());
  all.time += 1min;
  lease.discard();
  ASSERT_EQ(kinds(all), (std::vector{dt::observed::connect, dt::observed::connect, dt::observed::pool_wait,
                                     dt::observed::disconnect}));
  EXPECT_EQ(all.seen[0].ec, dt::errc::host_not_found);
  EXPECT_FALSE(all.seen[1].ec);
  EXPECT_EQ(all.seen[3].duration, dt::clock::duration{1min});
}

TEST(Pool, ASingleConnectionIsAPoolOfOne) {
  world all;
  dt::pool<connection, dt::single_connection> pool{{&all}};
  auto lease = pool.acquire().value();
  EXPECT_FALSE(pool.try_acquire());
  EXPECT_EQ(pool.statistics().max, 1u);
}

/// A user's own: every connection serves once.
struct never_reuse {
  dt::pool_limits limits() const noexcept { return {.max = 2}; }
  dt::idle_verdict judge(const dt::idle_facts&) const noexcept { return dt::idle_verdict::retire; }
};

TEST(Pool, TakesAUsersOwnPolicy) {
  world all;
  dt::pool<connection, never_reuse> pool{{&all}};
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(pool.acquire().value().is_reused());
  EXPECT_EQ(all.opens, 3);
}

}  // namespace
