// Any number of rows in bounded memory, awaited; and a transaction whose verbs take tokens and time limits.
#include <dovetail/sqlite_async.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <cstdio>
#include <exception>
#include <vector>

namespace dt = dovetail;
using namespace std::chrono_literals;

struct measurement {
  std::int64_t id;
  double value;
};

asio::awaitable<double> add_up(dt::sqlite::async_client& db) {
  double sum = 0;
  //[stream
  auto rows = co_await db.stream<measurement>("select id, value from measurement where id < ?", 9'000);
  while (const measurement* m = co_await rows.next()) sum += m->value;
  //]
  co_return sum;
}

asio::awaitable<bool> try_to_add(dt::sqlite::async_client& db) {
  bool is_new = false;
  co_await db.transaction([&](auto& tx) -> asio::awaitable<void> {
    //[transaction
    const auto added = co_await tx.with(dt::as_result).execute("insert into measurement values (?, ?)", 1, 0.5);
    co_await tx.within(30s).execute("delete from measurement where id > ?", 5'000);
    //]
    is_new = static_cast<bool>(added);
  });
  co_return is_new;
}

asio::awaitable<bool> work(dt::sqlite::async_client& db) {
  co_await db.execute("create table measurement(id integer primary key, value real not null)");
  std::vector<measurement> many;
  for (int i = 0; i < 10'000; ++i) many.push_back({i, i * 0.5});
  co_await db.insert("measurement", many);
  const double sum = co_await add_up(db);
  const bool is_new = co_await try_to_add(db);
  const auto left = co_await db.query_value<int>("select count(*) from measurement");
  std::printf("sum %.1f, %s, %d left\n", sum, is_new ? "added" : "there already", left);
  co_return sum == 0.5 * 9'000 * 8'999 / 2 && !is_new && left == 5'001;
}

int main() {
  asio::io_context io;
  dt::sqlite::async_client db{io.get_executor(), "sqlite::memory:"};
  bool is_right = false;
  asio::co_spawn(io, work(db), [&](std::exception_ptr failed, bool done) { is_right = !failed && done; });
  io.run();
  return is_right ? 0 : 1;
}
