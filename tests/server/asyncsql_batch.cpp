// Batches, bulk changes and dynamic rows on PostgreSQL, blocking and awaited.
#include <dovetail/client/asyncsql/batch.hpp>
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/batch_cases.hpp>
#include <support/postgres_server.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace dt = dovetail;
using dt::test::postgres_server;

namespace {

struct numbered {
  std::int64_t id;
};

struct tagged {
  std::int64_t id;
  std::vector<std::string> tags;
};

std::string url() {
  return "postgresql://app@127.0.0.1:" + std::to_string(postgres_server::shared().port()) + "/app?sslmode=disable";
}

TEST(BatchOnPostgres, R6ToR25HoldForABlockingClient) {
  dt::postgres::client db{url()};
  dt::test::batch_cases cases{db, dt::test::blocking_calls<dt::postgres::client>{db}};
  cases.run_all();
}

TEST(BatchOnPostgres, R6ToR25HoldForAnAwaitedClient) {
  asio::io_context io;
  dt::postgres::client setup{url()};
  dt::postgres::async_client db{io.get_executor(), url()};
  dt::test::batch_cases cases{setup, dt::test::awaited_calls<dt::postgres::async_client>{db, io}};
  cases.run_all();
}

TEST(BatchOnPostgres, R26AListGoesIntoAnArrayColumnAsInASingleStatement) {
  dt::postgres::client db{url()};
  db.script("drop table if exists tagged; create table tagged(id bigint, tags text[])");
  const std::vector<tagged> rows{{1, {"a", "b"}}, {2, {}}};
  EXPECT_EQ(dt::execute_many(db, "insert into tagged values(:id, :tags)", rows).rows_affected, 2);
  EXPECT_EQ(dt::bulk_insert(db, "tagged", rows).rows_affected, 2);
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from tagged where tags = ?", rows[0].tags), 2);
}

TEST(BatchOnPostgres, ARowThatFailsInACopyIsNamedToo) {
  dt::postgres::client db{url()};
  db.script("drop table if exists few; create table few(id bigint primary key)");
  std::vector<numbered> rows;
  for (std::int64_t id = 1; id <= 40; ++id) rows.push_back({id == 23 ? 5 : id});
  const auto message_of = [&](auto&& on) -> std::string {
    try {
      static_cast<void>(dt::bulk_insert(on, "few", rows));
    } catch (const dt::error& failed) {
      return failed.what();
    }
    return {};
  };
  EXPECT_NE(message_of(db).find("row 23"), std::string::npos) << message_of(db);
  const auto given = dt::bulk_insert(db.with(dt::as_result), "few", rows);
  ASSERT_FALSE(given);
  EXPECT_EQ(given.error().server().copy_row, 23);
  EXPECT_NE(given.error().message().find("row 23"), std::string::npos) << given.error().message();

  asio::io_context io;
  dt::postgres::async_client awaited{io.get_executor(), url()};
  std::string said;
  const auto call = [&]() -> asio::awaitable<void> {
    try {
      const dt::batch_result done = co_await dt::bulk_insert(awaited, "few", rows);
      said = "nothing failed";
    } catch (const dt::error& failed) {
      said = failed.what();
    }
  };
  asio::co_spawn(io, call(), asio::detached);
  io.run();
  EXPECT_NE(said.find("row 23"), std::string::npos) << said;
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from few"), 0);
}

/// What `dt::bulk_insert` of so many rows comes to: the rows that it wrote, or the code of its failure.
std::string inserted(auto& db, const char* table, std::int64_t first, std::int64_t count) {
  std::vector<numbered> rows;
  for (std::int64_t id = first; id < first + count; ++id) rows.push_back({id});
  try {
    return std::to_string(dt::bulk_insert(db, table, rows).rows_affected);
  } catch (const dt::error& failed) {
    return failed.info().server().sqlstate;
  }
}

TEST(BatchOnPostgres, ManyRowsAreInsertedWhereFewAreAndRefusedWhereFewAre) {
  dt::postgres::client db{url()};
  db.script(
      "drop schema if exists \"o'dd\" cascade; create schema \"o'dd\"; set client_min_messages = warning; "
      "create table \"o'dd\".\"b\\ase\"(id bigint primary key);"
      "create view \"o'dd\".seen as select id from \"o'dd\".\"b\\ase\";"
      "create table \"o'dd\".ruled(id bigint); create table \"o'dd\".other(id bigint);"
      "create rule away as on insert to \"o'dd\".ruled do instead insert into \"o'dd\".other values (new.id);"
      "create table \"o'dd\".secured(id bigint); alter table \"o'dd\".secured enable row level security;"
      "alter table \"o'dd\".secured force row level security;"
      "create policy small on \"o'dd\".secured using (true) with check (id < 1000);"
      "create table \"o'dd\".counted(id bigint generated always as identity);"
      "create table \"o'dd\".computed(n bigint, id bigint generated always as (n + 1) stored);"
      "create table \"o'dd\".parted(id bigint) partition by range (id);"
      "create table \"o'dd\".part partition of \"o'dd\".parted for values from (0) to (1000)");
  const auto both = [&](auto& on, const char* table) {
    const std::string few = inserted(on, table, 1, 15);
    return few + " " + inserted(on, table, 101, 40);
  };
  EXPECT_EQ(both(db, "o'dd.b\\ase"), "15 40");
  db.execute("delete from \"o'dd\".\"b\\ase\"");
  EXPECT_EQ(both(db, "o'dd.seen"), "15 40");
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from \"o'dd\".\"b\\ase\""), 55);
  static_cast<void>(both(db, "o'dd.ruled"));
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from \"o'dd\".other"), 55);
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from \"o'dd\".ruled"), 0);
  EXPECT_EQ(both(db, "o'dd.counted"), "428C9 428C9");
  EXPECT_EQ(both(db, "o'dd.computed"), "428C9 428C9");
  EXPECT_EQ(both(db, "o'dd.parted"), "15 40");
  EXPECT_EQ(both(db, "o'dd.nowhere"), "42P01 42P01");

  {
    auto tx = db.begin();
    EXPECT_EQ(both(tx, "o'dd.secured"), "15 40") << "and the transaction goes on";
    EXPECT_EQ(both(tx, "o'dd.seen"), "23505 25P02") << "by inserts too";
    tx.rollback();
  }
  EXPECT_EQ(inserted(db, "o'dd.secured", 990, 40), "42501");

  asio::io_context io;
  dt::postgres::async_client awaited{io.get_executor(), url()};
  const dt::test::awaited_calls<dt::postgres::async_client> call{awaited, io};
  std::vector<numbered> rows;
  for (std::int64_t id = 200; id < 240; ++id) rows.push_back({id});
  EXPECT_EQ(call([&](auto& on) { return dt::bulk_insert(on, "o'dd.seen", rows); }).rows_affected, 40);
  EXPECT_EQ(call([&](auto& on) { return dt::bulk_insert(on, "o'dd.parted", rows); }).rows_affected, 40);
  db.script("drop schema \"o'dd\" cascade");
}

TEST(BatchOnPostgres, ManyBadRowsAreSkippedAndTheOthersStay) {
  dt::postgres::client db{url()};
  db.script("drop table if exists few; create table few(id bigint primary key)");
  std::vector<numbered> rows;
  for (std::int64_t i = 0; i < 10'000; ++i) rows.push_back({i % 10 < 3 ? -1 : i});
  auto tx = db.begin();  // one that is not synced for each part
  tx.execute("insert into few values (-1)");
  const dt::batch_result done = dt::bulk_insert(tx, "few", rows, dt::batch_errors::skip_row);
  EXPECT_EQ(done.failures.size(), 3000U);
  EXPECT_EQ(done.rows_affected, 7000);
  EXPECT_FALSE(done.stopped);
  for (std::size_t i = 0; i < 3000; ++i) ASSERT_EQ(done.failures[i].row, i / 3 * 10 + i % 3);
  tx.commit();
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from few"), 7001);
}

TEST(DynamicRowOnPostgres, ReadsTheKindsThatPostgresHas) {
  dt::postgres::client db{url()};
  db.script("set time zone 'UTC'");
  const auto r = db.query_one<dt::row>(
      "select '\\x00ff'::bytea as b, date '2024-02-29' as d, timestamptz '2024-02-29 12:30:00+00' as t, timestamp "
      "'2024-02-29 12:30:00.25' as l, 7::int2 as i, 2.5::float4 as x, '0b1fb9c9-6d1c-4ee1-a1a6-0f5b8a2f9c01'::uuid as "
      "u, 12.50::numeric as n, null::jsonb as z, '{\"a\": 1}'::jsonb as j, true as y, time '12:30' as c, "
      "'{1,2}'::int[] as a, '10.0.0.1'::inet as ip");
  EXPECT_EQ(r.get<std::vector<std::byte>>("b"), (std::vector<std::byte>{std::byte{0}, std::byte{255}}));
  EXPECT_EQ(r.get<std::chrono::year_month_day>("d"), std::chrono::year{2024} / 2 / 29);
  EXPECT_EQ(r.get<std::chrono::sys_seconds>("t"),
            std::chrono::sys_days{std::chrono::year{2024} / 2 / 29} + std::chrono::minutes{750});
  EXPECT_EQ(r.get<std::chrono::local_time<std::chrono::milliseconds>>("l").time_since_epoch(),
            (std::chrono::sys_days{std::chrono::year{2024} / 2 / 29} + std::chrono::minutes{750} +
             std::chrono::milliseconds{250})
                .time_since_epoch());
  EXPECT_EQ(r.get<int>("i"), 7);
  EXPECT_EQ(r.get<double>("x"), 2.5);
  EXPECT_EQ(dt::to_string(r.get<dt::uuid>("u")), "0b1fb9c9-6d1c-4ee1-a1a6-0f5b8a2f9c01");
  EXPECT_EQ(dt::to_string(r.get<dt::decimal>("n")), "12.50");
  EXPECT_TRUE(r.is_null("z"));
  EXPECT_TRUE(r.get<bool>("y"));
  EXPECT_EQ(r.get<std::string>("ip"), "10.0.0.1");
  EXPECT_EQ(r.get<std::string>("a"), "{1,2}");
  EXPECT_EQ(r.columns()[9].database_type, "jsonb");
  EXPECT_EQ(dt::to_json(r),
            R"({"b":"AP8=","d":"2024-02-29","t":"2024-02-29 12:30:00+00","l":"2024-02-29 12:30:00.25","i":7,"x":2.5,)"
            R"("u":"0b1fb9c9-6d1c-4ee1-a1a6-0f5b8a2f9c01","n":"12.50","z":null,"j":{"a": 1},"y":true,"c":"12:30:00",)"
            R"("a":"{1,2}","ip":"10.0.0.1"})");
}

}  // namespace
