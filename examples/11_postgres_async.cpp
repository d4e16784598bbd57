// PostgreSQL, asynchronously: coroutines, a deadline for one call, many operations at once over one pool.
// Usage: 11_postgres_async CONNECTION_STRING
#include <dovetail/postgres_async.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>

namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

//[work
asio::awaitable<void> work(dt::postgres::async_client& db) {
  const auto one = co_await db.query_value<int>("select ? + ?", 40, 2);
  std::printf("%d\n", one);

  // The server is told to stop, and the connection lives on.
  const auto late = co_await db.within(50ms).with(dt::as_result).query_value<int>("select 1 from pg_sleep(10)");
  std::printf("%s\n", late ? "in time" : "too late");

  const auto sum = co_await db.transaction([](auto& tx) -> asio::awaitable<long> {
    co_await tx.execute("create temporary table t on commit drop as select generate_series(1, 100) as n");
    co_return co_await tx.template query_value<long>("select sum(n) from t");
  });
  std::printf("%ld\n", sum);
}
//]

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: 11_postgres_async CONNECTION_STRING\n");
    return 2;
  }
  asio::io_context io;
  dt::postgres::async_client db{io.get_executor(), argv[1]};
  int failures = 0;
  for (int i = 0; i < 4; ++i) {
    asio::co_spawn(io, work(db), [&failures](std::exception_ptr thrown) {
      if (thrown == nullptr) return;
      ++failures;
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& failed) {
        std::fprintf(stderr, "%s\n", failed.what());
      }
    });
  }
  io.run();
  return failures;
}
