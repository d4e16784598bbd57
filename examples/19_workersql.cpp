// WorkerSQL: a SQL database behind an HTTP gateway, here one of this process over SQLite.
#include <dovetail/policy/metrics_observer.hpp>
#include <dovetail/sqlite.hpp>
#include <dovetail/workersql.hpp>
#include <dovetail/workersql_gateway.hpp>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace dt = dovetail;

struct user {
  std::int64_t id;
  std::string name;
  bool active;
};

int main() {
  dt::workersql::gateway_options how;
  how.authentication.api_keys.push_back({.key = dt::secret{"dev-key"}, .may = dt::workersql::permissions::admin});
  dt::workersql::gateway served{dt::sqlite::client{"sqlite::memory:"}, how};

  // A real one is "workersql://api.workersql.com/mydb?apiKey=…".
  dt::workersql::client db{served.dsn("apiKey=dev-key&maxConnections=20&idempotency=all")};
  db.execute("create table users(id integer primary key, name text not null, active integer)");

  //[use
  // One statement, many rows, one request: all or none.
  db.execute_many("insert into users(id, name, active) values (?, ?, ?)",
                  std::vector<std::tuple<int, std::string, bool>>{{1, "Ann", true}, {2, "Bo", false}});

  for (const user& each : db.query<user>("SELECT * FROM users WHERE id = ?", 1)) std::cout << each.name << '\n';

  // What the gateway says besides the rows.
  const auto answer = db.request<user>(dt::workersql::consistency::strong, "SELECT * FROM users");
  std::cout << answer.data.size() << " rows, " << (answer.cached ? "cached" : "fresh") << '\n';

  // Several statements, all or none; and one with a handle.
  dt::workersql::batch work;
  work.add("insert into users(id, name) values (?, ?)", 3, "Cy")
      .add("update users set name = ? where id = ?", "Bob", 2);
  db.batch(work);
  auto find = db.prepare<user, int>("SELECT * FROM users WHERE id = ? and active is not null");
  std::cout << find.one(2).name << '\n';

  // Over a WebSocket of its own; rolled back when it throws.
  db.transaction([](auto& tx) { tx.execute("update users set active = :yes", dt::arg<"yes">(true)); });
  //]

  //[cache
  dt::workersql::client cached{served.dsn("apiKey=dev-key&cacheTtl=30s")};
  const auto count = [&cached] { return cached.query_value<int>("SELECT count(*) FROM users"); };
  count();
  count();                                                         // no request
  cached.execute("insert into users(id, name) values (4, 'Di')");  // what is kept of users is forgotten
  std::cout << count() << " users, " << cached.get_cache_stats().hits << " hit\n";
  //]

  //[ask
  // How one query is asked; every member may be left out.
  dt::workersql::query_options asked;
  asked.consistency = dt::workersql::consistency::bounded;  // may come from a cache of the gateway's …
  asked.staleness = std::chrono::seconds{10};               // … that is no older than this
  asked.timeout = std::chrono::seconds{5};                  // what the gateway may take: 1 s to 300 s
  asked.cache.enabled = false;                              // told to the gateway: .enabled, .ttl, .key
  asked.caching = dt::workersql::cache_use::bypass;         // of the client's own cache: normal, refresh, bypass
  const auto rows = db.request<user>(asked, "SELECT * FROM users WHERE active = ?", true);
  //]
  std::cout << rows.data.size() << " active\n";

  //[config
  // The same without a connection string.
  dt::workersql::options where;
  where.endpoint = {"127.0.0.1", served.port(), false, "/v1"};  // host, port, TLS, path
  where.api_key = dt::secret{"dev-key"};
  dt::workersql::client::settings settings;
  settings.retry.attempts = 5;
  settings.retry.initial_delay = std::chrono::seconds{1};
  settings.pool.min_connections = 2;
  settings.pool.max_connections = 20;
  settings.pool.idle_limit = std::chrono::minutes{5};
  dt::workersql::client configured{where, settings};

  // A list where SQL has one.
  const std::vector<int> ids{1, 2};
  std::cout << configured.query<user>("SELECT * FROM users WHERE id IN (?)", ids).size() << " users\n";
  //]

  //[metrics
  using measured_client =
      dt::workersql::kept_client<dt::basic_client<dt::workersql::connection, dt::workersql::sdk_backoff,
                                                  dt::workersql::keep_alive_pool, dt::metrics_observer>>;
  measured_client measured{served.dsn("apiKey=dev-key")};
  measured.query_value<int>("SELECT count(*) FROM users");
  const std::string scraped = measured.watcher().prometheus("workersql");  // or snapshot()
  //]
  std::cout << (scraped.find("workersql_") != scraped.npos ? "counted\n" : "not counted\n");

  // Any number of threads.
  std::vector<std::thread> threads;
  for (int i = 0; i < 10; ++i) {
    threads.emplace_back([&db] { db.query_value<int>("SELECT count(*) FROM users WHERE active = ?", true); });
  }
  for (std::thread& each : threads) each.join();

  // The seven codes of the SDKs.
  try {
    db.query<user>("SELECT * FROM nobody");
  } catch (const dt::error& failed) {
    const dt::workersql::validation_error shown = dt::workersql::validation_error_of(failed.info());
    std::cout << to_string(shown.code) << ": " << shown.message << '\n';
    std::cout << "details: " << shown.details << '\n';
  }

  const dt::workersql::pool_stats pool = db.get_pool_stats();
  std::cout << (pool.active == 0 && pool.max_connections == 20 ? "all connections are back" : "a connection is missing")
            << '\n';
  return db.health().is_healthy() ? 0 : 1;
}
