// What is read of a result whose rows are larger than anybody wants: no more than was asked for stays in memory.
#include <dovetail/client/asyncsql/query_some.hpp>
#include <dovetail/postgres.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <cstddef>
#include <string>

namespace dt = dovetail;
using dt::test::postgres_server;

namespace {

/// The most memory that this process has ever had, in bytes.
std::size_t most_memory() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<std::size_t>(used.ru_maxrss) * 1024;
}

constexpr std::size_t million = 1'000'000;

TEST(PostgresLimits, BytesThatAreNotWantedAreNotKept) {
  dt::postgres::client db{postgres_server::shared().socket_string()};
  db.execute("select 1");
  const std::size_t before = most_memory();
  const auto some = dt::query_some<std::string>(db, dt::row_limits{10'000, 3 * million},
                                                "select repeat('a', 1000000) from generate_series(1, 1000)");
  EXPECT_EQ(some.rows.size(), 3U);
  EXPECT_TRUE(some.has_more);
  EXPECT_LT(most_memory() - before, 100 * million);  // a whole first batch is 256 million, all rows a thousand million
  EXPECT_EQ(db.query_one<int>("select 2"), 2);       // the same connection goes on
}

TEST(PostgresLimits, SmallRowsBeforeLargeOnesDoNotMakeALargeBatch) {
  dt::postgres::client db{postgres_server::shared().socket_string()};
  const std::size_t before = most_memory();
  const auto some = dt::query_some<std::string>(
      db, dt::row_limits{10'000, 3 * million},
      "select case when n <= 256 then 'a' else repeat('a', 1000000) end from generate_series(1, 700) as n");
  EXPECT_EQ(some.rows.size(), 256U + 3U);
  EXPECT_TRUE(some.has_more);
  EXPECT_LT(most_memory() - before, 100 * million);
}

TEST(PostgresLimits, WhatFitsIsWholeAndHasNoMore) {
  dt::postgres::client db{postgres_server::shared().socket_string()};
  const auto some = dt::query_some<std::string>(db, dt::row_limits{10'000, 40 * million},
                                                "select repeat('a', 10000) from generate_series(1, 2000)");
  EXPECT_EQ(some.rows.size(), 2000U);
  EXPECT_FALSE(some.has_more);
}

TEST(PostgresLimits, AMessageOverTheLimitEndsItsStatementAndTheNextOneHasANewConnection) {
  dt::postgres::client db{postgres_server::shared().socket_string("app", " messageLimit=100000 maxConnections=1")};
  EXPECT_EQ(db.query_one<std::string>("select repeat('a', 50000)").size(), 50'000U);
  const auto refused = db.with(dt::as_result).query_one<std::string>("select repeat('a', 3000000)");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), dt::errc::frame_too_large) << refused.error().message();
  EXPECT_EQ(db.query_one<int>("select 3"), 3);
}

}  // namespace
