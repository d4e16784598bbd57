// The least that a client of PostgreSQL can do with Asio and coroutines: the raw socket's messages, sent at once, and a
// wait in the reactor until the answer is there.
#pragma once

#include "raw_postgres.hpp"

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/use_awaitable.hpp>

#include <utility>

namespace bench {

/// A raw connection whose answers are awaited. Lifetime: the connection's.
class awaited_raw_postgres {
 public:
  awaited_raw_postgres(asio::io_context& on, raw_postgres& raw) : raw_(raw), watched_(on, raw.handle()) {}
  awaited_raw_postgres(const awaited_raw_postgres&) = delete;
  awaited_raw_postgres& operator=(const awaited_raw_postgres&) = delete;
  ~awaited_raw_postgres() { watched_.release(); }

  asio::awaitable<account> find(std::int64_t id) {
    account found{};
    const auto take = [&found](account&& row) { found = std::move(row); };
    raw_.write_point(id);
    raw_.write_sync();
    raw_.send();
    do {
      co_await watched_.async_wait(asio::posix::descriptor_base::wait_read, asio::use_awaitable);
    } while (!raw_.receive(take));
    co_return found;
  }

 private:
  raw_postgres& raw_;
  asio::posix::stream_descriptor watched_;
};

}  // namespace bench
