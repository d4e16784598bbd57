// How much does one of 64 rows by key cost, all asked for before the first answer, compared with libpq's pipeline mode?
// A real server, a Unix socket.
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include "support/account.hpp"
#include "support/bench.hpp"
#include "support/libpq.hpp"
#include "support/one_core.hpp"
#include "support/raw_postgres.hpp"

#include <support/postgres_server.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace dt = dovetail;
namespace pg = dt::postgres;

namespace {

using bench::account;
using bench::add;
using bench::by_id;
using bench::fill;
using bench::next;
using bench::read_account;

constexpr std::size_t deep = 64;
constexpr std::size_t selects = 20'032;  // full pipelines

struct key {
  explicit key(std::int64_t id) { bench::store_big(bytes, id); }
  char bytes[8];
  const char* values[1] = {bytes};
  static constexpr int lengths[] = {8};
  static constexpr int formats[] = {1};
};

std::uint64_t one_by_one(bench::libpq& in) {
  std::uint64_t sum = 0;
  std::int64_t id = 1;
  for (std::size_t i = 0; i < selects; ++i) {
    id = next(id);
    const key wanted{id};
    PGresult* const got =
        in.rows(PQexecPrepared(in.get(), "point", 1, wanted.values, wanted.lengths, wanted.formats, 1));
    sum = add(sum, read_account(got));
    PQclear(got);
  }
  return sum;
}

void read_end(bench::libpq& in) {
  if (PQgetResult(in.get()) != nullptr) bench::stop("more than one result");
}

std::uint64_t by_pipeline_mode(bench::libpq& in) {
  std::uint64_t sum = 0;
  std::int64_t id = 1;
  for (std::size_t i = 0; i < selects; i += deep) {
    for (std::size_t j = 0; j < deep; ++j) {
      id = next(id);
      const key wanted{id};
      if (PQsendQueryPrepared(in.get(), "point", 1, wanted.values, wanted.lengths, wanted.formats, 1) != 1) {
        bench::stop(PQerrorMessage(in.get()));
      }
    }
    if (PQpipelineSync(in.get()) != 1) bench::stop(PQerrorMessage(in.get()));
    for (std::size_t j = 0; j < deep; ++j) {
      PGresult* const got = in.rows(PQgetResult(in.get()));
      sum = add(sum, read_account(got));
      PQclear(got);
      read_end(in);
    }
    PGresult* const synced = PQgetResult(in.get());
    if (PQresultStatus(synced) != PGRES_PIPELINE_SYNC) bench::stop("no sync");
    PQclear(synced);
  }
  return sum;
}

std::uint64_t by_raw_socket(bench::raw_postgres& in) {
  std::uint64_t sum = 0;
  std::int64_t id = 1;
  for (std::size_t i = 0; i < selects; i += deep) {
    for (std::size_t j = 0; j < deep; ++j) in.write_point(id = next(id));
    in.write_sync();
    in.exchange([&sum](const account& found) { sum = add(sum, found); });
  }
  return sum;
}

using select = decltype(pg::query_one<account>(by_id, std::int64_t{}));

void fill_pipeline(std::vector<select>& batch, std::int64_t& id) {
  batch.clear();
  for (std::size_t j = 0; j < deep; ++j) {
    id = next(id);
    batch.push_back(pg::query_one<account>(by_id, id));
  }
}

std::uint64_t by_pipeline(pg::client& db) {
  std::uint64_t sum = 0;
  std::int64_t id = 1;
  std::vector<select> batch;
  for (std::size_t i = 0; i < selects; i += deep) {
    fill_pipeline(batch, id);
    for (const account& found : db.pipeline(batch)) sum = add(sum, found);
  }
  return sum;
}

asio::awaitable<std::uint64_t> await_pipelines(pg::async_client& db) {
  std::uint64_t sum = 0;
  std::int64_t id = 1;
  std::vector<select> batch;
  for (std::size_t i = 0; i < selects; i += deep) {
    fill_pipeline(batch, id);
    const std::vector<account> all = co_await db.pipeline(batch);
    for (const account& found : all) sum = add(sum, found);
  }
  co_return sum;
}

}  // namespace

int main() {
  bench::stay_on_one_core();
  dt::test::postgres_server& server = dt::test::postgres_server::shared();
  pg::client db{server.socket_string()};
  db.script(fill);
  bench::libpq piped{server.socket_string()};
  piped.prepare("point", by_id);
  if (PQenterPipelineMode(piped.get()) != 1) bench::stop("no pipeline mode");
  bench::libpq hand{server.socket_string()};
  hand.prepare("point", by_id);
  bench::raw_postgres raw{server.socket_path(), "app", "app"};
  raw.prepare("point", by_id);
  asio::io_context io;
  pg::async_client awaited{io.get_executor(), server.socket_string()};

  bench::task task{"postgres_pipeline"};
  task.add("libpq pipeline mode, binary", selects, [&] { return by_pipeline_mode(piped); });
  task.add("libpq one by one", selects, [&] { return one_by_one(hand); });
  task.add("raw socket (limit)", selects, [&] { return by_raw_socket(raw); });
  task.add("dovetail", selects, [&] { return by_pipeline(db); });
  task.add("dovetail async", selects, [&] {
    std::future<std::uint64_t> sum = asio::co_spawn(io, await_pipelines(awaited), asio::use_future);
    io.restart();
    io.run();
    return sum.get();
  });
  return task.run();
}
