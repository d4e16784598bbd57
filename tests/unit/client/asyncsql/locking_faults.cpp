// Optimistic locking on SQLite while the disk is full and while somebody else holds the lock: what reported success is
// there, and nothing else is.
#include <dovetail/client/asyncsql/batch.hpp>
#include <dovetail/client/asyncsql/optimistic.hpp>
#include <dovetail/sqlite.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

struct counter {
  std::int64_t id = 0;
  std::int64_t total = 0;
  dt::version version;
};

struct entry {
  std::int64_t id = 0;
  std::string text;
};

class LockingFaults : public testing::Test {
 protected:
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("dovetail_locking_faults_" + std::to_string(getpid()));
  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }
  std::string url() const { return "sqlite:" + (folder / "test.db").string(); }
  static void create(dt::sqlite::client& db) {
    db.script(
        "create table counter(id integer primary key, total integer, version integer);"
        "create table entry(id integer primary key, text text);"
        "insert into counter values(1, 0, 0)");
  }
};

TEST_F(LockingFaults, AFullDiskUndoesTheWholeTransaction) {
  dt::sqlite::client::settings one;
  one.pool.max_connections = 1;  // the limit is the connection's
  dt::sqlite::client db{url(), one};
  create(db);
  db.script("pragma max_page_count = 60");
  const dt::optimistic<counter> counters{"counter"};
  std::int64_t done = 0;
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    try {
      db.transaction([&](auto& tx) {
        const auto changed = counters.modify(tx, 1, [](counter& row) { ++row.total; });
        ASSERT_TRUE(changed);
        tx.execute("insert into entry(text) values(?)", std::string(2000, 'x'));
      });
      ++done;
    } catch (const dt::error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(done, 0);
  EXPECT_EQ(counters.read(db, 1).row.total, done);
  EXPECT_EQ(counters.read(db, 1).row.version.value, done);
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from entry"), done);

  // A batch that fills the disk leaves nothing, and says that it was no failure of a row.
  std::vector<entry> many;
  for (std::int64_t id = 1000; id < 1100; ++id) many.push_back({id, std::string(2000, 'y')});
  EXPECT_THROW(static_cast<void>(dt::bulk_insert(db, "entry", many)), dt::error);
  const dt::batch_result half = dt::bulk_insert(db, "entry", many, dt::batch_errors::skip_row);
  EXPECT_FALSE(half);
  EXPECT_TRUE(half.stopped);
  EXPECT_TRUE(half.failures.empty());
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from entry"), done);
}

TEST_F(LockingFaults, ABusyDatabaseLosesAndDoublesNothing) {
  dt::sqlite::client setup{url()};
  create(setup);
  dt::sqlite::client::settings how;
  how.pool.max_connections = 4;
  how.timeout = 100ms;  // some calls run out of time while the lock is held
  how.retry.attempts = 1;
  dt::sqlite::client db{url(), how};
  const dt::optimistic<counter> counters{
      "counter", dt::lock_settings{dt::conflict_strategy::retry, 1000, std::chrono::milliseconds{0}}};
  std::atomic<bool> stop{false};
  std::thread holder{[&] {
    dt::sqlite::client other{url()};
    while (!stop) {
      auto tx = other.begin(dt::begin_mode::immediate);
      tx.execute("update counter set total = total + 1000, version = version + 1 where id = 1");
      std::this_thread::sleep_for(120ms);
      tx.rollback();
      std::this_thread::sleep_for(50ms);
    }
  }};
  std::atomic<std::int64_t> done{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  const dt::deadline limit = dt::deadline::after(std::chrono::minutes{2});
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&] {
      // Until both have been seen: how many there are of each depends on what else the machine does.
      for (int i = 0; i < 15 || ((done == 0 || failed == 0) && !limit.has_passed()); ++i) {
        try {
          if (counters.modify(db, 1, [](counter& row) { ++row.total; })) ++done;
        } catch (const dt::error&) {
          ++failed;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  stop = true;
  holder.join();
  EXPECT_GT(done, 0);
  EXPECT_GT(failed, 0);
  EXPECT_EQ(setup.query_value<std::int64_t>("select total from counter"), done);
  EXPECT_EQ(setup.query_value<std::int64_t>("select version from counter"), done);
}

}  // namespace
