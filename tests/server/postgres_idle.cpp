// A connection that the server has ended while nobody used it costs its next user nothing, not even a write.
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/postgres_server.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace dt = dovetail;
using dt::test::postgres_server;
using namespace std::chrono_literals;

namespace {

class PostgresIdle : public testing::Test {
 protected:
  PostgresIdle() {
    sql("drop table if exists idle_writes; create table idle_writes(n int); "
        "grant all on idle_writes to app");
  }
  static void sql(const std::string& text) { postgres_server::shared().sql(text); }
  static void end_all() {
    sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'");
    std::this_thread::sleep_for(dt::postgres::look_again_after + 100ms);
  }
};

TEST_F(PostgresIdle, AWriteGoesToAFreshConnection) {
  for (const std::string& where : {postgres_server::shared().socket_string("app", " maxConnections=1"),
                                   postgres_server::shared().url("app", "?maxConnections=1&sslmode=disable"),
                                   postgres_server::shared().url("app", "?maxConnections=1&sslmode=require")}) {
    dt::postgres::client db{where};
    const auto first = db.query_value<int>("select pg_backend_pid()");
    end_all();
    db.execute("insert into idle_writes values (?)", 1);
    EXPECT_NE(db.query_value<int>("select pg_backend_pid()"), first);
  }
}

TEST_F(PostgresIdle, AnAwaitedOneToo) {
  asio::io_context io;
  dt::postgres::async_client db{io.get_executor(), postgres_server::shared().socket_string("app", " maxConnections=1")};
  const auto work = [&]() -> asio::awaitable<int> {
    co_await db.execute("insert into idle_writes values (?)", 1);
    end_all();
    co_await db.execute("insert into idle_writes values (?)", 2);
    co_return co_await db.query_value<int>("select sum(n)::int from idle_writes");
  };
  auto sum = asio::co_spawn(io, work(), asio::use_future);
  io.run();
  EXPECT_EQ(sum.get(), 3);
}

TEST_F(PostgresIdle, WhatTheServerOnlySaysEndsNothing) {
  dt::postgres::client db{postgres_server::shared().socket_string("app", " maxConnections=1")};
  db.script("listen idle_news");
  const auto first = db.query_value<int>("select pg_backend_pid()");
  sql("notify idle_news, 'something to read'");
  std::this_thread::sleep_for(dt::postgres::look_again_after + 100ms);
  EXPECT_EQ(db.query_value<int>("select pg_backend_pid()"), first);
}

}  // namespace
