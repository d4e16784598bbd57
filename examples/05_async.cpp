// The same verbs without blocking: coroutines, callbacks, futures, deadlines and cancellation.
#include <dovetail/lensdb_async.hpp>
#include <dovetail/lensdb_server.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <cstdio>
#include <future>
#include <thread>

namespace dt = dovetail;
using namespace std::chrono_literals;

//[coroutine
asio::awaitable<int> count_visits(dt::lensdb::async_client& kv) {
  for (int i = 1; i <= 3; ++i) co_await kv.within(30s).set("visits", i);
  co_return (co_await kv.get<int>("visits")).value();
}
//]

int main() {
  dt::lensdb::server server;
  asio::io_context io;
  dt::lensdb::async_client kv{io.get_executor(), server.uri()};

  int visits = 0;
  asio::co_spawn(io, count_visits(kv), [&](std::exception_ptr failed, int n) { visits = failed ? -1 : n; });
  io.run();
  io.restart();

  //[styles
  kv.with([](dt::result<bool> there) { std::printf("callback: %d\n", there ? *there : -1); }).exists("visits");

  std::future<std::uint64_t> keys = kv.with(asio::use_future).size();
  std::future<dt::result<std::uint64_t>> same = kv.with(dt::as_result(asio::use_future)).size();  // without exceptions

  asio::cancellation_signal stop;
  kv.with(asio::bind_cancellation_slot(stop.slot(),
                                       [](dt::result<void> done) {
                                         std::printf("cancelled: %d\n",
                                                     done.error().kind() == dt::condition::cancelled);
                                       }))
      .ping();
  stop.emit(asio::cancellation_type::terminal);
  //]
  io.run();
  std::printf("%d visits, %d key\n", visits, static_cast<int>(keys.get()));
  return visits == 3 && same.get().value() == 1 ? 0 : 1;
}
