// Batches, bulk changes and dynamic rows on PostgreSQL, blocking and awaited.
#include <dovetail/client/asyncsql/batch.hpp>
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/batch_cases.hpp>
#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace dt = dovetail;
using dt::test::postgres_server;

namespace {

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
