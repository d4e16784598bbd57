// PostgreSQL: many coroutines on one connection; statements that wait are sent together.
// Usage: 22_postgres_shared CONNECTION_STRING
#include <dovetail/postgres_async.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cstdio>
#include <exception>

namespace dt = dovetail;

namespace {

//[shared
asio::awaitable<void> visit(dt::postgres::async_shared_client& db, int number, int& sum) {
  sum += co_await db.query_value<int>("select ? * 2", number);
}

int sum_of_visits(const char* address) {
  asio::io_context io;
  dt::postgres::async_shared_client db{io.get_executor(), address, {.pool = {.queue_limit = 5000, .batch_limit = 100}}};
  int sum = 0;
  for (int i = 1; i <= 64; ++i) {
    asio::co_spawn(io, visit(db, i, sum), [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
  }
  io.run();  // one connection, and a handful of writes
  return sum;
}
//]

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: 22_postgres_shared CONNECTION_STRING\n");
    return 2;
  }
  try {
    const int sum = sum_of_visits(argv[1]);
    std::printf("%d\n", sum);
    return sum == 4160 ? 0 : 1;
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
  }
}
