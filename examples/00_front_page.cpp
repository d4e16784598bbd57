// The lines of the front page, compiled and run.
//[includes
#include <dovetail/sqlite.hpp>
//]
#include <dovetail/lensdb.hpp>
#include <dovetail/lensdb_async.hpp>
#include <dovetail/lensdb_server.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace dt = dovetail;
using namespace std::chrono_literals;

//[struct
struct city {
  std::int64_t id;
  std::string name;
  std::optional<double> area;
};
//]

void sqlite() {
  //[ten_lines
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute("create table city(id integer primary key, name text not null, area real)");
  db.insert("city", std::vector<city>{{1, "Bern", 51.6}, {2, "Chur", std::nullopt}});

  for (const city& c : db.query<city>("select id, name, area from city where id > ?", 0)) std::puts(c.name.c_str());
  city bern = db.query_one<city>("select * from city where id = :id", dt::arg<"id">(1));
  std::optional<city> none = db.query_optional<city>("select * from city where id = $1", 7);
  std::int64_t n = db.query_value<std::int64_t>("select count(*) from city");
  db.transaction([](auto& tx) { tx.execute("update city set name = ? where id = ?", "Basel", 1); });
  //]
  std::printf("%s, %s, %lld\n", bern.name.c_str(), none ? "found" : "none", static_cast<long long>(n));
}

struct user {
  int id;
  std::string name;
};

void lensdb() {
  dt::lensdb::server server;
  const std::string address = server.uri();
  //[lensdb
  dt::lensdb::client kv{address};  // "lensdb://127.0.0.1:8080"
  kv.set("user:1", user{1, "Ada"});
  std::optional<user> ada = kv.get<user>("user:1");

  constexpr auto request = dt::lensdb::frame(dt::lensdb::get{"user:1"});  // std::array, built by the compiler
  static_assert(request.size() == 18 + 6);
  //]
  std::printf("%s, %zu bytes\n", ada->name.c_str(), request.size());

  //[policies
  using cache = dt::client<dt::tcp,                                           // Transport
                           dt::lensdb::codec<dt::lensdb::lens_v1, dt::json>,  // Codec
                           dt::exponential_backoff,                           // RetryPolicy
                           dt::bounded_pool>;                                 // PoolPolicy
  cache shared{address, {.retry = {.attempts = 5, .initial_delay = 100ms}, .pool = {.max_connections = 4}}};
  //]
  std::printf("%zu keys\n", static_cast<std::size_t>(shared.size()));
}

//[async
asio::awaitable<void> work(dt::lensdb::async_client& kv) {
  co_await kv.set("k", "v");
  std::optional<std::string> value = co_await kv.within(20s).get("k");                     // a deadline for this call
  dt::result<std::optional<std::string>> same = co_await kv.with(dt::as_result).get("k");  // no exceptions
  std::printf("%s %s\n", value->c_str(), (*same)->c_str());
}
//]

void async() {
  dt::lensdb::server server;
  asio::io_context io;
  dt::lensdb::async_client kv{io.get_executor(), server.uri()};
  asio::co_spawn(io, work(kv), asio::detached);
  io.run();
}

int main() {
  sqlite();
  lensdb();
  async();
}
