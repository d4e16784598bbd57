// Asynchronous LensDB clients over real sockets: the same verbs, any completion style, many keys at once, cancellation.
#include <dovetail/lensdb_async.hpp>
#include <dovetail/lensdb_server.hpp>

#include <support/lensdb_peer.hpp>
#include <support/lensdb_session.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <exception>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// Reflection sees structs with linkage only.
namespace lensdb_async_client_test {

struct user {
  std::string name;
  int age = 0;
  std::optional<double> score;
  friend bool operator==(const user&, const user&) = default;
};

}  // namespace lensdb_async_client_test

namespace {

using namespace lensdb_test;
using namespace std::chrono_literals;
using dt::errc;
using lensdb_async_client_test::user;

asio::awaitable<void> use_all_verbs(std::string uri) {
  lensdb::async_client kv{co_await asio::this_coro::executor, uri};
  const user ada{"Ada", 36, {}};
  co_await kv.set("user:1", ada);
  EXPECT_EQ(co_await kv.get<user>("user:1"), ada);
  EXPECT_EQ(co_await kv.get("nokey"), std::nullopt);
  co_await kv.set("k", "v", 60s);
  EXPECT_TRUE(co_await kv.exists("k"));
  EXPECT_EQ(co_await kv.size(), 2u);
  EXPECT_EQ((co_await kv.keys()).size(), 2u);
  EXPECT_TRUE(co_await kv.erase("k"));
  co_await kv.ping();
  EXPECT_EQ(co_await kv.stats(), "Basic statistics placeholder");
  co_await kv.within(60s).clear();
  EXPECT_EQ(co_await kv.size(), 0u);
  dt::result<std::optional<std::string>> refused = co_await kv.with(dt::as_result).get("");
  EXPECT_EQ(refused.error().code(), errc::invalid_key);
}

TEST(LensAsyncClient, HasTheSameVerbs) {
  lensdb::server server;
  asio::io_context io;
  std::exception_ptr failure;
  asio::co_spawn(io, use_all_verbs(server.uri()), [&](std::exception_ptr thrown) { failure = thrown; });
  io.run();
  if (failure) std::rethrow_exception(failure);
}

asio::awaitable<void> ask_in_braces(std::string uri) {
  lensdb::async_client kv{co_await asio::this_coro::executor, uri};
  const std::string long_key(100, 'k');
  const std::string long_text(200, 't');
  co_await kv.set_many({{"a", 1}, {"b", "two"}, {long_key, long_text}});
  const auto texts = co_await kv.get_many({"a", "b", "c", long_key, std::string(50, 'z')});
  EXPECT_EQ(texts, (std::vector<std::optional<std::string>>{"1", "two", std::nullopt, long_text, std::nullopt}));
  co_await kv.set_many({{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"e", 5}, {"f", 6}, {"g", 7}, {"h", 8}}, 60s);
  const auto numbers = co_await kv.get_many<int>({"a", "h"});
  EXPECT_EQ(numbers, (std::vector<std::optional<int>>{1, 8}));
  const auto refused = co_await kv.with(dt::as_result).set_many({{"a", 1}, {"", long_text}});
  EXPECT_EQ(refused.error().code(), errc::invalid_key);
  EXPECT_TRUE(refused.error().context().starts_with("request 2 of 2")) << refused.error().message();
}

// With GCC 12 too, which refuses every std::initializer_list in a co_await expression.
TEST(LensAsyncClient, TakesManyInBracesWhereTheyAreAwaited) {
  lensdb::server server;
  asio::io_context io;
  std::exception_ptr failure;
  asio::co_spawn(io, ask_in_braces(server.uri()), [&](std::exception_ptr thrown) { failure = thrown; });
  io.run();
  if (failure) std::rethrow_exception(failure);
}

TEST(LensAsyncClient, TakesAnyNumberInBracesWhereTheyAreNotAwaited) {
  lensdb::server server;
  asio::thread_pool threads{1};
  lensdb::async_client kv{threads.get_executor(), server.uri()};
  kv.with(asio::use_future)
      .set_many({{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"e", 5}, {"f", 6}, {"g", 7}, {"h", 8}, {"i", 9}})
      .get();
  EXPECT_EQ(kv.with(asio::use_future).get_many<int>({"i"}).get(), std::vector<std::optional<int>>{9});
  threads.join();
}

TEST(LensAsyncClient, OnesOwnMistakeIsToldWithoutAConnection) {
  peer silent{[](peer::socket& from, int) { peer::wait_for_end(from); }};
  asio::io_context io;
  lensdb::async_client kv{io.get_executor(), silent.uri("?maxConnections=1&acquireTimeout=60s")};
  std::optional<dt::error_info> stopped;
  asio::cancellation_signal stop;
  kv.with(asio::bind_cancellation_slot(
              stop.slot(), [&](dt::result<std::optional<std::string>> answer) { stopped = answer.error(); }))
      .get("k");
  io.poll();
  ASSERT_EQ(kv.statistics().active, 1u);  // the only connection is taken
  std::vector<dt::error_info> told;
  const auto take = [&](const auto& answer) { told.push_back(answer.error()); };
  kv.with(take).get("");
  EXPECT_TRUE(told.empty());  // never inside of the call
  kv.with(take).set("k", std::string(5000, 'v'));
  kv.with(take).set("k", "v", -1s);
  kv.with(take).get_many({"a", ""});
  kv.with(take).set_many(std::vector(200, std::pair{"", 1}));
  while (told.size() < 5) io.poll();
  EXPECT_EQ(told[0].code(), errc::invalid_key);
  EXPECT_NE(told[0].where().line(), 0u);
  EXPECT_EQ(told[1].code(), errc::request_too_large);
  EXPECT_EQ(told[2].code(), errc::invalid_argument);
  EXPECT_TRUE(told[3].context().starts_with("request 2 of 2")) << told[3].message();
  EXPECT_EQ(told[4].code(), errc::invalid_key);
  EXPECT_FALSE(stopped);
  EXPECT_EQ(kv.statistics().active, 1u);
  stop.emit(asio::cancellation_type::terminal);
  io.run();
  EXPECT_TRUE(stopped);
}

TEST(LensAsyncClient, CompletesCallbacksAndFutures) {
  lensdb::server server;
  asio::thread_pool threads{2};
  lensdb::async_client kv{threads.get_executor(), server.uri()};
  kv.with(asio::use_future).set("k", "v").get();
  std::promise<std::optional<std::string>> found;
  kv.with([&](dt::result<std::optional<std::string>> answer) { found.set_value(answer.value()); }).get("k");
  EXPECT_EQ(found.get_future().get(), "v");
  EXPECT_THROW(kv.with(asio::use_future).get("").get(), dt::error);
  threads.join();
}

TEST(LensAsyncClient, AsksForManyKeysConcurrently) {
  lensdb::server server;
  asio::thread_pool threads{2};
  lensdb::async_client kv{threads.get_executor(), server.uri("maxConnections=8")};
  std::vector<std::pair<std::string, int>> entries;
  std::vector<std::string> keys;
  for (int i = 0; i < 400; ++i) {
    entries.emplace_back("n" + std::to_string(i), i);
    keys.push_back(entries.back().first);
  }
  kv.with(asio::use_future).set_many(entries).get();
  const auto values = kv.with(asio::use_future).get_many<int>(keys).get();
  ASSERT_EQ(values.size(), 400u);
  for (int i = 0; i < 400; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], i);
  EXPECT_GE(server.statistics().accepted, 2u);
  keys[399] = "";
  const auto asked = server.statistics().requests;
  try {
    kv.with(asio::use_future).get_many<int>(keys).get();
    ADD_FAILURE() << "an empty key was taken";
  } catch (const dt::error& refused) {
    EXPECT_TRUE(refused.info().context().starts_with("request 400 of 400: GET")) << refused.what();
  }
  EXPECT_EQ(server.statistics().requests, asked);  // no share has begun
  EXPECT_TRUE(kv.with(asio::use_future).get_many<int>({}).get().empty());
  threads.join();
}

TEST(LensAsyncClient, AManyThatIsCancelledEndsAllItsShares) {
  peer silent{[](peer::socket& from, int) { peer::wait_for_end(from); }};
  asio::io_context io;
  lensdb::async_client kv{io.get_executor(), silent.uri("?maxConnections=2")};
  asio::cancellation_signal stop;
  std::optional<dt::error_info> failure;
  kv
      .with(asio::bind_cancellation_slot(
          stop.slot(), [&](dt::result<std::vector<std::optional<std::string>>> answer) { failure = answer.error(); }))
      .get_many(std::vector<std::string>(100, "k"));
  io.poll();
  stop.emit(asio::cancellation_type::terminal);
  io.run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind(), dt::condition::cancelled);
  EXPECT_EQ(kv.statistics().active, 0u);
}

TEST(LensAsyncClient, ACancelledChangeGivesItsConnectionUp) {
  lensdb::server server{{.framing = lensdb::framing::one_per_recv}};
  asio::io_context io;
  lensdb::async_client kv{io.get_executor(), server.uri("setex=true&maxConnections=1")};
  asio::cancellation_signal stop;
  std::optional<dt::error_info> failure;
  kv.with(asio::bind_cancellation_slot(stop.slot(), [&](dt::result<void> answer) { failure = answer.error(); }))
      .set("k", "v", 60s);
  while (kv.statistics().opened < 1) io.poll();
  for (int i = 0; i < 100; ++i) io.poll();  // what follows the opening is sent, and has no answer
  stop.emit(asio::cancellation_type::terminal);
  io.run();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->kind(), dt::condition::cancelled);
  io.restart();
  auto pinged = kv.with(asio::use_future).ping();
  io.run();
  pinged.get();
  EXPECT_EQ(kv.statistics().opened, 2u);
}

TEST(LensAsyncClient, AChangeAfterARestartOfTheServerIsExecutedOnANewConnection) {
  std::optional<lensdb::server> server{std::in_place};
  const std::uint16_t port = server->port();
  asio::thread_pool threads{1};
  lensdb::async_client kv{threads.get_executor(), server->uri("maxConnections=1&retryAttempts=1")};
  kv.with(asio::use_future).set("k", "1").get();
  server.reset();
  server.emplace(lensdb::server_options{.port = port});
  kv.with(asio::use_future).set("k", "2").get();
  EXPECT_EQ(kv.with(asio::use_future).get("k").get(), "2");
  EXPECT_EQ(kv.statistics().opened, 2u);
  threads.join();
}

TEST(LensAsyncClient, TheContextOfACallbackIsNotOutOfWorkBeforeItIsCalled) {
  lensdb::server server;
  asio::thread_pool threads{1};
  lensdb::async_client kv{threads.get_executor(), server.uri("maxConnections=4")};
  asio::io_context io;
  bool is_called = false;
  const auto take = [&](dt::result<std::vector<std::optional<std::string>>> answer) { is_called = answer.has_value(); };
  kv.with(asio::bind_executor(io.get_executor(), take)).get_many(std::vector<std::string>(200, "k"));
  io.run();
  EXPECT_TRUE(is_called);
  threads.join();
}

}  // namespace
