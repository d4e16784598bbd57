// SQLite databases in files: write-ahead log, several connections and threads, locks and the deadline.
#include <dovetail/sqlite.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

class SqliteFile : public testing::Test {
 protected:
  SqliteFile() { clean(); }
  ~SqliteFile() override { clean(); }
  std::string uri(const std::string& parameters = {}) const { return "sqlite:" + file_ + parameters; }
  void clean() const {
    for (const char* tail : {"", "-wal", "-shm", "-journal"}) std::filesystem::remove(file_ + tail);
  }

  std::string file_ =
      (std::filesystem::temp_directory_path() / ("dovetail_" + std::to_string(getpid()) + "_" +
                                                 testing::UnitTest::GetInstance()->current_test_info()->name() + ".db"))
          .string();
};

TEST_F(SqliteFile, AFileGetsAWriteAheadLogAndKeepsItsRows) {
  {
    dt::sqlite::client db{uri()};
    db.execute("create table t(x integer)");
    db.execute("insert into t values (?)", 5);
    EXPECT_EQ(db.query_value<std::string>("pragma journal_mode"), "wal");
  }
  dt::sqlite::client again{uri("?mode=ro")};
  EXPECT_EQ(again.query_value<int>("select x from t"), 5);
  EXPECT_EQ(again.with(dt::as_result).execute("insert into t values (6)").error().kind(), dt::condition::permission);
  EXPECT_EQ(again.transaction([](auto& tx) { return tx.template query_value<int>("select x from t"); }), 5);
}

TEST_F(SqliteFile, AFileThatMustBeThereIsNotMade) {
  dt::sqlite::client db{uri("?mode=rw&retryAttempts=1")};
  EXPECT_EQ(db.with(dt::as_result).query<int>("select 1").error().kind(), dt::condition::connection);
  EXPECT_FALSE(std::filesystem::exists(file_));
}

TEST_F(SqliteFile, ReadersDoNotWaitForAWriterNorAStreamForThem) {
  dt::sqlite::client db{uri("?busyTimeout=100")};
  db.script("create table t(x integer); insert into t values (1), (2), (3)");
  int changed = 0;
  for (const int x : db.stream<int>("select x from t")) {
    changed += static_cast<int>(db.execute("update t set x = x + 10 where x = ?", x).rows_affected);
  }
  EXPECT_EQ(changed, 3);
  auto writer = db.begin();
  writer.execute("delete from t");
  EXPECT_EQ(db.query_value<int>("select sum(x) from t"), 36);
}

TEST_F(SqliteFile, ManyThreadsCountWithoutLosingOne) {
  dt::sqlite::client db{uri()};
  db.script("create table counter(n integer); insert into counter values (0)");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&db] {
      for (int j = 0; j < 50; ++j) {
        db.transaction([](auto& tx) {
          const int n = tx.template query_value<int>("select n from counter");
          tx.execute("update counter set n = ?", n + 1);
        });
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(db.query_value<int>("select n from counter"), 200);
}

TEST_F(SqliteFile, AConflictOfDeferredTransactionsIsRepeatedAsAWhole) {
  dt::sqlite::client db{uri()};
  db.script("create table counter(n integer); insert into counter values (0)");
  int calls = 0;
  db.transaction(dt::begin_mode::deferred, [&](auto& tx) {
    const int n = tx.template query_value<int>("select n from counter");
    if (calls++ == 0) db.execute("update counter set n = 41");  // now our snapshot is old
    tx.execute("update counter set n = ?", n + 1);
  });
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(db.query_value<int>("select n from counter"), 42);
}

TEST_F(SqliteFile, AWriterWaitsForAnotherUntilItsDeadline) {
  dt::sqlite::client db{uri()};
  db.execute("create table t(x integer)");
  auto first = db.begin();
  const auto second = db.within(50ms).with(dt::as_result).execute("insert into t values (1)");
  EXPECT_EQ(second.error().kind(), dt::condition::timeout);
  first.rollback();
  EXPECT_EQ(db.execute("insert into t values (1)").rows_affected, 1);
}

}  // namespace
