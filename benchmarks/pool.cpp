// What does it cost to take a connection from the pool and give it back, with statistics, deadline and holder tracking?
//
//   bench_pool pool_1          one thread
//   bench_pool pool_8          eight threads, eight connections
//   bench_pool pool_8_scarce   eight threads, four connections: who finds none must queue

#include <dovetail/client/pool.hpp>

#include "support/bench.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

namespace {

namespace dt = dovetail;

/// Costs nothing to open, so that only the pool is measured.
class connection {
 public:
  struct options {};
  explicit connection(const options&) {}
  dt::result<void> open(dt::deadline) { return {}; }
  dt::result<void> ping(dt::deadline) { return {}; }
  dt::session_health health() const noexcept { return dt::session_health::idle; }
  void close() noexcept {}
  void use() noexcept { ++uses_; }

 private:
  std::size_t uses_ = 0;
};

/// What one writes by hand: no statistics, no deadline, no holders, no limits of age, no queue.
class bare_pool {
 public:
  explicit bare_pool(std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      all_.push_back(std::make_unique<connection>(connection::options{}));
      free_.push_back(all_.back().get());
    }
  }
  connection* acquire() {
    std::unique_lock lock{mutex_};
    available_.wait(lock, [this] { return !free_.empty(); });
    connection* const taken = free_.back();
    free_.pop_back();
    return taken;
  }
  void release(connection* returned) {
    {
      const std::lock_guard lock{mutex_};
      free_.push_back(returned);
    }
    available_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable available_;
  std::vector<connection*> free_;
  std::vector<std::unique_ptr<connection>> all_;
};

template <class Work>
void in_threads(std::size_t threads, Work work) {
  if (threads == 1) return work();
  std::vector<std::thread> all;
  for (std::size_t i = 0; i < threads; ++i) all.emplace_back(work);
  for (std::thread& each : all) each.join();
}

int run(const char* task, std::size_t threads, std::size_t connections) {
  const std::size_t each = threads == 1 ? 2'000'000 : 250'000;  // many time slices long: threads do meet
  const std::size_t items = each * threads;
  bench::task bench{task, 9};

  bare_pool bare{connections};
  bench.add("std::mutex + std::vector", items, [&] {
    in_threads(threads, [&] {
      for (std::size_t i = 0; i < each; ++i) {
        connection* const taken = bare.acquire();
        taken->use();
        bare.release(taken);
      }
    });
  });

  const dt::deadline until = dt::deadline::after(std::chrono::hours{1});
  const auto use = [&](auto& pool) {
    in_threads(threads, [&] {
      for (std::size_t i = 0; i < each; ++i) {
        auto lease = pool.acquire(until);
        (*lease)->use();
      }
    });
  };
  dt::pool<connection> pool{{}, {.max_connections = connections}};
  bench.add("dovetail", items, [&] { use(pool); });

  dt::pool<connection> watchful{{}, {.max_connections = connections, .leak_warning = std::chrono::seconds{30}}};
  bench.add("dovetail with leak warning", items, [&] { use(watchful); });

  if (threads == 1) {
    bench.add("dovetail async", items, [&] {
      for (std::size_t i = 0; i < each; ++i) {
        decltype(pool)::waiter waiter{[](decltype(pool)::waiter&) noexcept {}};
        auto lease = pool.start_acquire(waiter);
        if (lease->state() == dt::lease_state::open) lease->opened();
        (*lease)->use();
      }
    });
  }
  const int exit_code = bench.run();
  const dt::pool_statistics counts = pool.statistics();
  if (counts.active != 0 || counts.waiting != 0 || counts.timeouts != 0) {
    std::fprintf(stderr, "%s: the pool has lost a connection or a caller\n", task);
    return 1;
  }
  return exit_code;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view task = count > 1 ? arguments[1] : "pool_1";
  if (task == "pool_1") return run("pool_1", 1, 8);
  if (task == "pool_8") return run("pool_8", 8, 8);
  if (task == "pool_8_scarce") return run("pool_8_scarce", 8, 4);
  std::fprintf(stderr, "usage: bench_pool {pool_1|pool_8|pool_8_scarce}\n");
  return 2;
}
