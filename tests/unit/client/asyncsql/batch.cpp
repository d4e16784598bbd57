// Batches, bulk changes and dynamic rows on SQLite, blocking and awaited.
#include <dovetail/client/asyncsql/batch.hpp>
#include <dovetail/sqlite.hpp>
#include <dovetail/sqlite_async.hpp>

#include <support/batch_cases.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace dt = dovetail;

namespace {

static_assert(dt::detail::update_tail<dt::dialect::postgres, dt::test::town, "id"> ==
              R"( set "name" = $1, "area" = $2 where "id" = $3)");
static_assert(dt::detail::keys_tail<dt::dialect::sqlite, dt::test::town, "id", "name"> ==
              R"( where "id" = ? and "name" = ?)");

TEST(Batch, R6ToR25HoldForABlockingClient) {
  dt::sqlite::client db{"sqlite::memory:"};
  dt::test::batch_cases cases{db, dt::test::blocking_calls<dt::sqlite::client>{db}};
  cases.run_all();
}

TEST(Batch, R6ToR25HoldForAnAwaitedClient) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("dovetail_batch_" + std::to_string(getpid()) + ".db")).string();
  {
    asio::io_context io;
    dt::sqlite::client setup{"sqlite:" + path};
    dt::sqlite::async_client db{io.get_executor(), "sqlite:" + path};
    dt::test::batch_cases cases{setup, dt::test::awaited_calls<dt::sqlite::async_client>{db, io}};
    cases.run_all();
  }
  for (const char* const end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
}

TEST(Batch, AnswersAsResultsWhereTheClientDoes) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.script("create table town(id integer primary key, name text, area real)");
  const dt::result<dt::batch_result> refused =
      dt::bulk_insert(db.with(dt::as_result), "town", std::vector<dt::test::town>{{1, "a", {}}, {1, "b", {}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), dt::condition::constraint);
  const auto done = dt::execute_many(db.with(dt::as_result), "insert into town(id) values(?)", std::vector<int>{1, 2});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->rows_affected, 2);
}

TEST(DynamicRow, ReadsTheKindsThatSqliteHas) {
  dt::sqlite::client db{"sqlite::memory:"};
  const auto r = db.query_one<dt::row>(
      "select x'00ff' as b, '2024-02-29' as d, '2024-02-29 12:30:00' as t, 7 as i, 2.0 as x, "
      "'0b1fb9c9-6d1c-4ee1-a1a6-0f5b8a2f9c01' as u, '12.50' as n, null as z, 300 as big");
  EXPECT_EQ(r.get<std::vector<std::byte>>("b"), (std::vector<std::byte>{std::byte{0}, std::byte{255}}));
  EXPECT_EQ(r.get<std::chrono::year_month_day>("d"),
            (std::chrono::year_month_day{std::chrono::year{2024}, std::chrono::month{2}, std::chrono::day{29}}));
  EXPECT_EQ(r.get<std::chrono::sys_seconds>("t"),
            std::chrono::sys_days{std::chrono::year{2024} / 2 / 29} + std::chrono::minutes{750});
  EXPECT_EQ(dt::to_string(r.get<dt::uuid>("u")), "0b1fb9c9-6d1c-4ee1-a1a6-0f5b8a2f9c01");
  EXPECT_EQ(dt::to_string(r.get<dt::decimal>("n")), "12.50");
  EXPECT_EQ(r.get<dt::decimal>("i"), dt::decimal{7});
  EXPECT_EQ(r.get<double>("i"), 7.0);
  EXPECT_EQ(r.try_get<int>("x").error().code(), dt::errc::malformed_value);
  EXPECT_EQ(r.try_get<std::int8_t>("big").error().code(), dt::errc::value_out_of_range);
  EXPECT_EQ(r.try_get<int>(99).error().code(), dt::errc::row_mismatch);
  EXPECT_TRUE(r.contains("z"));
  EXPECT_FALSE(r.contains("zz"));
  EXPECT_EQ(dt::to_json(r).substr(0, 12), R"({"b":"AP8=",)");
  EXPECT_GT(r.bytes(), r.size() * sizeof(dt::row_value));
}

}  // namespace
