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

/// Runs a batch of rows of which some are bad; counts the rows that are sent and the parts that they are sent in.
struct batch_walk {
  std::size_t sent = 0;
  std::size_t parts = 0;

  dt::batch_result run(std::size_t rows, const auto& is_bad) {
    dt::detail::batch_segments segments{rows};
    dt::batch_state state;
    while (segments.has_next()) {
      ++parts;
      sent += segments.count();
      state.affected.assign(segments.count(), 1);
      std::size_t bad = 0;
      while (bad < segments.count() && !is_bad(segments.first() + bad)) ++bad;
      if (bad == segments.count()) {
        segments.done(state, static_cast<std::int64_t>(bad));
        continue;
      }
      state.failed_row = bad;
      if (!segments.failed(state, dt::error_info{dt::errc::value_out_of_range})) break;
    }
    return std::move(segments.result());
  }
};

TEST(Batch, R26ManyBadRowsDoNotMakeTheGoodOnesBeSentAgainAndAgain) {
  for (const std::size_t period : {2U, 3U, 7U, 100U, 3333U}) {
    SCOPED_TRACE(period);
    const auto is_bad = [&](std::size_t row) { return row % period == period - 1; };
    batch_walk walk;
    const dt::batch_result done = walk.run(10'000, is_bad);
    const std::size_t bad = 10'000 / period;
    ASSERT_EQ(done.failures.size(), bad);
    for (std::size_t i = 0; i < bad; ++i) EXPECT_EQ(done.failures[i].row, (i + 1) * period - 1);
    for (std::size_t i = 0; i < 10'000; ++i) ASSERT_EQ(done.affected[i], is_bad(i) ? -1 : 1);
    EXPECT_EQ(done.rows_affected, static_cast<std::int64_t>(10'000 - bad));
    EXPECT_LE(walk.parts, 2 * bad + 20 + bad * 2);
    EXPECT_LE(walk.sent, std::size_t{10'000} * 6 + bad * 10);
  }
  batch_walk all_bad;
  EXPECT_EQ(all_bad.run(10'000, [](std::size_t) { return true; }).failures.size(), 10'000U);
  EXPECT_EQ(all_bad.parts, 10'000U);
  EXPECT_LE(all_bad.sent, 90'000U);
  batch_walk none_bad;
  EXPECT_TRUE(none_bad.run(10'000, [](std::size_t) { return false; }).ok());
  EXPECT_EQ(none_bad.parts, 1U);
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
