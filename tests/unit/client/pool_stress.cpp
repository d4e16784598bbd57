#include <dovetail/client/pool.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;

struct world {
  std::atomic<int> alive{0};
  std::atomic<int> used_by_two{0};
  std::atomic<std::uint64_t> opens{0};
  unsigned failing_opens_in_16 = 0;
};

class connection {
 public:
  struct options {
    world* all = nullptr;
  };
  explicit connection(const options& settings) : all_(settings.all) { ++all_->alive; }
  ~connection() { --all_->alive; }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  dt::result<void> open(dt::deadline) {
    const user guard{*this};
    if ((++all_->opens * 7) % 16 < all_->failing_opens_in_16) return dt::errc::host_not_found;
    health_ = dt::session_health::idle;
    return {};
  }
  dt::result<void> ping(dt::deadline) {
    const user guard{*this};
    return {};
  }
  dt::session_health health() const noexcept { return health_; }
  void close() noexcept {
    const user guard{*this};
    health_ = dt::session_health::closed;
  }
  void use() {
    const user guard{*this};
    ++uses_;  // a data race if two use it: the thread sanitizer would tell
  }
  void breaks() { health_ = dt::session_health::desynchronised; }

 private:
  struct user {
    explicit user(connection& of) : used(of) {
      if (used.is_used_.exchange(true)) ++used.all_->used_by_two;
    }
    ~user() { used.is_used_ = false; }
    connection& used;
  };

  world* all_;
  std::atomic<bool> is_used_{false};
  int uses_ = 0;
  dt::session_health health_ = dt::session_health::closed;
};

/// Proves that callers did queue: a storm without waiters would prove nothing.
struct wait_counter {
  std::shared_ptr<std::atomic<int>> waits = std::make_shared<std::atomic<int>>(0);
  void on(const dt::observation& seen) noexcept {
    if (seen.what == dt::observed::pool_wait && !seen.ec) ++*waits;
  }
};

using pool_type = dt::pool<connection, dt::bounded_pool, wait_counter>;

/// An asynchronous caller: is told once, by whatever thread.
struct caller : pool_type::waiter {
  caller() : pool_waiter(&notified) {}
  static void notified(pool_waiter& self) noexcept {
    auto& told = *static_cast<caller&>(self).told;  // the node may be gone as soon as the flag is up
    const auto keep = static_cast<caller&>(self).told_;
    told.store(true);
    told.notify_one();
  }
  std::shared_ptr<std::atomic<bool>> told_ = std::make_shared<std::atomic<bool>>(false);
  std::atomic<bool>* told = told_.get();
};

/// Does with a lease what the random number says.
void work(pool_type::lease lease, unsigned random) {
  if (!lease) return;
  if (lease.state() == dt::lease_state::check) lease.checked();
  if (lease.state() == dt::lease_state::open) {
    if (random % 31 == 0) return;  // cancelled in the middle of opening
    if (const auto opening = lease->open({}); !opening) return lease.open_failed(opening.error());
    lease.opened();
  }
  lease->use();
  if (random % 13 == 0) lease->breaks();
  if (random % 3 == 0) std::this_thread::yield();
  if (random % 29 == 0) lease.discard();
}

struct counters {
  std::atomic<int> served{0};
  std::atomic<int> timed_out{0};
  std::atomic<int> cancelled{0};
  std::atomic<int> failed{0};
};

void block(pool_type& pool, std::mt19937& random, counters& count) {
  const bool hurried = random() % 2 == 0;
  auto got =
      pool.acquire(hurried ? dt::deadline::after(std::chrono::microseconds{random() % 200}) : dt::deadline::never());
  if (got) {
    ++count.served;
    return work(*std::move(got), static_cast<unsigned>(random()));
  }
  ++(got.error().code() == dt::errc::pool_wait_timeout ? count.timed_out : count.failed);
}

void suspend(pool_type& pool, std::mt19937& random, counters& count) {
  caller waiting;
  auto got = pool.start_acquire(waiting);
  if (!got) {
    ++count.failed;
    return;
  }
  if (!*got) {
    switch (random() % 3) {
      case 0:
        if (waiting.cancel()) {
          ++count.cancelled;
          return;
        }
        break;
      case 1:
        std::this_thread::yield();
        if (waiting.expire()) {
          ++count.timed_out;
          return;
        }
        break;
      default:
        break;
    }
    waiting.told->wait(false);
    got = waiting.take();
    if (!got) {
      ++count.failed;
      return;
    }
  }
  ++count.served;
  work(*std::move(got), static_cast<unsigned>(random()));
}

void storm(pool_type& pool, int threads, int rounds, counters& count) {
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) {
    all.emplace_back([&pool, &count, rounds, i] {
      std::mt19937 random{static_cast<std::uint32_t>(i)};
      for (int round = 0; round < rounds; ++round) {
        switch (random() % 32) {
          case 0:
            static_cast<void>(pool.maintain());
            break;
          case 1: {
            const auto now = pool.statistics();
            EXPECT_LE(now.total, now.max);
            static_cast<void>(pool.holders());
            break;
          }
          default:
            random() % 2 == 0 ? block(pool, random, count) : suspend(pool, random, count);
        }
      }
    });
  }
  for (std::thread& each : all) each.join();  // a lost wake-up would hang here
}

TEST(PoolStress, NothingIsLostWhenCallersWaitCancelTimeOutAndFail) {
  for (const std::size_t connections : {1u, 2u, 5u}) {
    world all;
    all.failing_opens_in_16 = 5;
    pool_type pool{{&all}, {.min_connections = 1, .max_connections = connections, .check_interval = 100us}};
    counters count;
    storm(pool, 8, 1500, count);
    const dt::pool_statistics after = pool.statistics();
    EXPECT_EQ(all.used_by_two, 0);
    EXPECT_EQ(after.active, 0u);
    EXPECT_EQ(after.waiting, 0u);
    EXPECT_EQ(after.idle, static_cast<std::size_t>(all.alive.load()));
    EXPECT_EQ(after.opened, after.closed + after.idle);
    EXPECT_EQ(after.timeouts, static_cast<std::uint64_t>(count.timed_out.load()));
    EXPECT_GT(count.served.load(), 0);
    EXPECT_GT(*pool.watcher().waits, 0);
    pool.close();
    EXPECT_EQ(all.alive, 0);
  }
}

TEST(PoolStress, IdleAndAgeLimitsRetireWhileOthersWork) {
  world all;
  pool_type pool{{&all}, {.max_connections = 4, .idle_limit = 200us, .age_limit = 2ms, .leak_warning = 500us}};
  counters count;
  storm(pool, 8, 1500, count);
  EXPECT_EQ(all.used_by_two, 0);
  EXPECT_EQ(pool.statistics().active, 0u);
  EXPECT_EQ(pool.statistics().idle, static_cast<std::size_t>(all.alive.load()));
}

TEST(PoolStress, EveryoneIsServedWhenNobodyGivesUp) {
  world all;
  pool_type pool{{&all}, {.max_connections = 2}};
  constexpr int threads = 8;
  constexpr int rounds = 3000;
  std::atomic<int> served{0};
  std::vector<std::thread> workers;
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      for (int round = 0; round < rounds; ++round) {
        auto lease = pool.acquire();
        ASSERT_TRUE(lease.has_value()) << lease.error().message();
        (*lease)->use();
        std::this_thread::yield();
        ++served;
      }
    });
  }
  for (std::thread& each : workers) each.join();
  EXPECT_EQ(served, threads * rounds);
  EXPECT_EQ(all.used_by_two, 0);
  EXPECT_LE(all.opens, 2u);
  EXPECT_GT(*pool.watcher().waits, 0);
}

TEST(PoolStress, ClosingInTheMiddleWakesEveryoneAndEndsEveryConnection) {
  for (int attempt = 0; attempt < 30; ++attempt) {
    world all;
    auto pool = std::make_unique<pool_type>(connection::options{&all}, dt::bounded_pool{.max_connections = 2});
    counters count;
    std::atomic<int> started{0};
    std::vector<std::thread> workers;
    for (int i = 0; i < 6; ++i) {
      workers.emplace_back([&, i] {
        std::mt19937 random{static_cast<std::uint32_t>(attempt * 100 + i)};
        ++started;
        while (!pool->is_closed()) random() % 2 == 0 ? block(*pool, random, count) : suspend(*pool, random, count);
      });
    }
    while (started < 6) std::this_thread::yield();
    for (int i = 0; i < attempt; ++i) std::this_thread::yield();
    pool->close();
    for (std::thread& each : workers) each.join();
    EXPECT_EQ(all.alive, 0);
    EXPECT_EQ(pool->statistics().total, 0u);
  }
}

TEST(PoolStress, LeasesEndInOtherThreadsWhileThePoolIsDestroyed) {
  for (int attempt = 0; attempt < 300; ++attempt) {
    world all;
    auto pool = std::make_unique<pool_type>(connection::options{&all}, dt::bounded_pool{.max_connections = 4});
    std::vector<pool_type::lease> leases;
    for (int i = 0; i < 4; ++i) leases.push_back(pool->acquire().value());
    std::vector<std::thread> workers;
    for (auto& lease : leases) {
      workers.emplace_back([mine = std::move(lease)]() mutable {
        mine->use();
        mine.release();
      });
    }
    pool.reset();
    for (std::thread& each : workers) each.join();
    EXPECT_EQ(all.alive, 0);
  }
}

}  // namespace
