// A consumer of PostgreSQL: it needs no server, because a connection string is refused before anything is connected.
#include <dovetail/postgres_async.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

struct city {
  std::int64_t id;
  std::string name;
};

constexpr std::string_view wrong = "postgresql://127.0.0.1/app?sslmode=perhaps";

bool names_the_mistake(const dovetail::error& failure) {
  std::puts(failure.what());
  return std::string_view{failure.what()}.find("sslmode") != std::string_view::npos;
}

bool blocking_refuses() try {
  dovetail::postgres::client db{wrong};
  std::printf("%zu cities of a refused client\n", db.query<city>("select id, name from city where id > ?", 0).size());
  return false;
} catch (const dovetail::error& failure) {
  return names_the_mistake(failure);
}

asio::awaitable<void> work(bool& refused) try {
  dovetail::postgres::async_client db{co_await asio::this_coro::executor, wrong};
  const auto cities = co_await db.query<city>("select id, name from city where id > ?", 0);
  std::printf("%zu cities of a refused client\n", cities.size());
} catch (const dovetail::error& failure) {
  refused = names_the_mistake(failure);
}

int main() {
  bool refused = false;
  asio::io_context io;
  asio::co_spawn(io, work(refused), asio::detached);
  io.run();
  return blocking_refuses() && refused ? 0 : 1;
}
