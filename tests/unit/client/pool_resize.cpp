#include <dovetail/client/pool.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;

/// A connection that is only counted.
class counted {
 public:
  struct options {
    std::atomic<int>* living = nullptr;
  };
  explicit counted(const options& how) : living_(how.living) {}
  ~counted() { close(); }
  dt::result<void> open(dt::deadline) {
    is_open_ = true;
    ++*living_;
    return {};
  }
  dt::result<void> ping(dt::deadline) { return {}; }
  dt::session_health health() const noexcept {
    return is_open_ ? dt::session_health::idle : dt::session_health::closed;
  }
  void close() noexcept {
    if (std::exchange(is_open_, false)) --*living_;
  }

 private:
  std::atomic<int>* living_;
  bool is_open_ = false;
};

using pool = dt::pool<counted>;
using lease = pool::lease;

dt::bounded_pool up_to(std::size_t max, std::size_t capacity) {
  dt::bounded_pool how;
  how.max_connections = max;
  how.capacity = capacity;
  how.acquire_wait = 120s;
  return how;
}

TEST(PoolResize, APoolGrowsUpToItsCapacity) {
  std::atomic<int> living{0};
  pool of{{&living}, up_to(1, 4)};
  lease one = of.acquire().value();
  EXPECT_FALSE(of.try_acquire());
  of.resize(3);
  EXPECT_EQ(of.statistics().max, 3u);
  lease two = of.acquire().value();
  lease three = of.acquire().value();
  EXPECT_FALSE(of.try_acquire());
  of.resize(100);
  EXPECT_EQ(of.statistics().max, 4u);
}

TEST(PoolResize, ACallerInTheQueueGetsANewPlace) {
  std::atomic<int> living{0};
  pool of{{&living}, up_to(1, 2)};
  lease one = of.acquire().value();
  std::thread waiting{[&] { EXPECT_TRUE(of.acquire(dt::deadline::after(120s)).value()); }};
  while (of.statistics().waiting == 0) std::this_thread::yield();
  of.resize(2);
  waiting.join();
  EXPECT_EQ(of.statistics().total, 2u);
}

TEST(PoolResize, IdleConnectionsThatAreTooManyAreClosedAtOnce) {
  std::atomic<int> living{0};
  pool of{{&living}, up_to(3, 0)};
  {
    lease one = of.acquire().value();
    lease two = of.acquire().value();
    lease three = of.acquire().value();
  }
  EXPECT_EQ(living.load(), 3);
  of.resize(1);
  EXPECT_EQ(living.load(), 1);
  EXPECT_EQ(of.statistics().max, 1u);
  EXPECT_EQ(of.statistics().idle, 1u);
  of.resize(0);
  EXPECT_EQ(of.statistics().max, 1u) << "at least one";
}

TEST(PoolResize, ConnectionsInUseGoWhenTheyComeBack) {
  std::atomic<int> living{0};
  pool of{{&living}, up_to(3, 0)};
  std::optional<lease> one{of.acquire().value()};
  std::optional<lease> two{of.acquire().value()};
  std::optional<lease> three{of.acquire().value()};
  of.resize(1);
  EXPECT_EQ(living.load(), 3);
  one.reset();
  EXPECT_EQ(living.load(), 2);
  two.reset();
  EXPECT_EQ(living.load(), 1);
  three.reset();
  EXPECT_EQ(living.load(), 1);
  EXPECT_EQ(of.statistics().idle, 1u);
  of.resize(3);
  EXPECT_EQ(of.statistics().max, 3u);
  one.emplace(of.acquire().value());
  two.emplace(of.acquire().value());
  three.emplace(of.acquire().value());
}

TEST(PoolResize, GrowingAgainKeepsWhatWasToGo) {
  std::atomic<int> living{0};
  pool of{{&living}, up_to(2, 0)};
  std::optional<lease> one{of.acquire().value()};
  std::optional<lease> two{of.acquire().value()};
  of.resize(1);
  of.resize(2);
  one.reset();
  two.reset();
  EXPECT_EQ(living.load(), 2);
}

TEST(PoolResize, ThePoolMayBeClosedWhileConnectionsAreTooMany) {
  std::atomic<int> living{0};
  pool of{{&living}, up_to(2, 4)};
  lease one = of.acquire().value();
  lease two = of.acquire().value();
  of.resize(1);
  of.close();
  of.resize(4);
  one.release();
  two.release();
  EXPECT_EQ(living.load(), 0);
}

TEST(PoolResize, ManyThreadsNeverHaveMoreThanTheLargestSizeAndNobodyIsForgotten) {
  std::atomic<int> living{0};
  pool of{{&living}, up_to(2, 8)};
  std::atomic<bool> stop{false};
  std::atomic<int> held{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 3000; ++n) {
        lease mine = of.acquire(dt::deadline::after(120s)).value();
        const int now = held.fetch_add(1) + 1;
        for (int seen = most.load(); now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        if (n % 7 == 0) std::this_thread::yield();
        held.fetch_sub(1);
      }
    });
  }
  std::thread resizer{[&] {
    for (std::size_t n = 0; !stop.load(); ++n) {
      of.resize(1 + n * 5 % 8);
      std::this_thread::yield();
    }
  }};
  for (auto& each : threads) each.join();
  stop = true;
  resizer.join();
  EXPECT_LE(most.load(), 8);
  of.resize(3);
  EXPECT_EQ(of.statistics().max, 3u);
  EXPECT_EQ(of.statistics().active, 0u);
  EXPECT_LE(of.statistics().idle, 3u);
  std::vector<lease> all;
  for (int i = 0; i < 3; ++i) all.push_back(of.acquire(dt::deadline::after(120s)).value());
  EXPECT_FALSE(of.try_acquire());
}

}  // namespace
