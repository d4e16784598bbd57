// How much does one row by its key cost, compared with a prepared statement of libpq? A real server, by a Unix socket
// (postgres_point) or by TCP without TLS (postgres_point_tcp).
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include "support/account.hpp"
#include "support/bench.hpp"
#include "support/libpq.hpp"
#include "support/one_core.hpp"
#include "support/raw_postgres.hpp"
#include "support/raw_postgres_awaited.hpp"

#include <support/postgres_server.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dt = dovetail;

namespace {

using bench::account;
using bench::add;
using bench::by_id;
using bench::fill;
using bench::next;
using bench::read_account;

constexpr std::size_t selects = 10'000;

account find(bench::libpq& in, std::int64_t id) {
  char key[8];
  bench::store_big(key, id);
  const char* const values[] = {key};
  const int lengths[] = {8};
  const int formats[] = {1};
  PGresult* const got = in.rows(PQexecPrepared(in.get(), "point", 1, values, lengths, formats, 1));
  account found = read_account(got);
  PQclear(got);
  return found;
}

account find(bench::raw_postgres& in, std::int64_t id) {
  account found{};
  in.write_point(id);
  in.write_sync();
  in.exchange([&found](account&& row) { found = std::move(row); });
  return found;
}

template <class Find>
std::uint64_t one_by_one(bench::latencies& times, Find find_one) {
  std::uint64_t sum = 0;
  std::int64_t id = 1;
  for (std::size_t i = 0; i < selects; ++i) {
    id = next(id);
    const std::uint64_t start = bench::wall_ns();
    const account found = find_one(id);
    times.add(bench::wall_ns() - start);
    sum = add(sum, found);
  }
  return sum;
}

asio::awaitable<account> find(dt::postgres::async_client& in, std::int64_t id) {
  return in.query_one<account>(by_id, id);
}
asio::awaitable<account> find(bench::awaited_raw_postgres& in, std::int64_t id) { return in.find(id); }

template <class Client>
asio::awaitable<std::uint64_t> await_all(Client& db, bench::latencies& times) {
  std::uint64_t sum = 0;
  std::int64_t id = 1;
  for (std::size_t i = 0; i < selects; ++i) {
    id = next(id);
    const std::uint64_t start = bench::wall_ns();
    const account found = co_await find(db, id);
    times.add(bench::wall_ns() - start);
    sum = add(sum, found);
  }
  co_return sum;
}

template <class Client>
std::uint64_t run_awaited(asio::io_context& io, Client& db, bench::latencies& times) {
  std::future<std::uint64_t> sum = asio::co_spawn(io, await_all(db, times), asio::use_future);
  io.restart();
  io.run();
  return sum.get();
}

}  // namespace

int main(int argc, char** argv) {
  const bool is_by_tcp = argc > 1 && std::string_view{argv[1]} == "postgres_point_tcp";
  bench::stay_on_one_core();
  dt::test::postgres_server& server = dt::test::postgres_server::shared();
  const std::string where = is_by_tcp ? server.url("app", "?sslmode=disable") : server.socket_string();
  dt::postgres::client db{where};
  db.script(fill);
  bench::libpq hand{where};
  hand.prepare("point", by_id);
  bench::raw_postgres raw{server.socket_path(), "app", "app"};
  raw.prepare("point", by_id);
  asio::io_context io;
  bench::raw_postgres raw_of_awaited{server.socket_path(), "app", "app"};
  raw_of_awaited.prepare("point", by_id);
  bench::awaited_raw_postgres awaited_raw{io, raw_of_awaited};
  dt::postgres::async_client awaited{io.get_executor(), where};

  bench::task task{is_by_tcp ? "postgres_point_tcp" : "postgres_point"};
  task.add("libpq binary, prepared", selects,
           [&](bench::latencies& times) { return one_by_one(times, [&](std::int64_t id) { return find(hand, id); }); });
  if (!is_by_tcp) {
    task.add("raw socket (limit)", selects, [&](bench::latencies& times) {
      return one_by_one(times, [&](std::int64_t id) { return find(raw, id); });
    });
  }
  task.add("dovetail", selects, [&](bench::latencies& times) {
    return one_by_one(times, [&](std::int64_t id) { return db.query_one<account>(by_id, id); });
  });
  if (!is_by_tcp) {
    task.add("raw socket, awaited (limit)", selects,
             [&](bench::latencies& times) { return run_awaited(io, awaited_raw, times); });
  }
  task.add("dovetail async", selects, [&](bench::latencies& times) { return run_awaited(io, awaited, times); });
  return task.run();
}
