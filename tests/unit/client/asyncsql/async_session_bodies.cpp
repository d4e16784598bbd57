#include <dovetail/client/asyncsql/async_session.hpp>
#include <dovetail/sqlite_async.hpp>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>
#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <stdexcept>
#include <string>

// Bodies of transactions that throw what is no dt::error, in every completion style.
namespace {

namespace dt = dovetail;
using session = dt::asyncsql::async_session<dt::sqlite::async_client>;

struct no_exception_of_std {};

class AsyncsqlBodies : public ::testing::Test {
 protected:
  void insert_before() {
    auto made = db.with(asio::use_future).execute("create table t(n integer)");
    io.run();
    io.restart();
    made.get();
  }
  void expect_nothing_written() {
    io.restart();
    auto count = db.with(asio::use_future).query_value<int>("select count(*) from t");
    io.run();
    EXPECT_EQ(count.get(), 0);
  }

  asio::io_context io;
  dt::sqlite::async_client db{io.get_executor(), "sqlite::memory:?maxConnections=1"};
  session automatic{db};
};

TEST_F(AsyncsqlBodies, AFutureGetsTheExceptionOfTheBodyAsItIs) {
  insert_before();
  auto nothing = automatic.with(asio::use_future).run_transaction([](auto& tx) -> asio::awaitable<void> {
    co_await tx.execute("insert into t values (1)");
    throw std::out_of_range{"the body's own"};
  });
  auto value = automatic.with(asio::use_future).run_transaction([](auto& tx) -> asio::awaitable<int> {
    co_await tx.execute("insert into t values (1)");
    throw no_exception_of_std{};
  });
  EXPECT_NO_THROW(io.run());
  EXPECT_THROW(nothing.get(), std::out_of_range);
  EXPECT_THROW(value.get(), no_exception_of_std);
  expect_nothing_written();
}

TEST_F(AsyncsqlBodies, ACallbackGetsItAsAFailure) {
  insert_before();
  std::optional<dt::result<void>> nothing;
  automatic.with([&](dt::result<void> answer) { nothing = std::move(answer); })
      .run_transaction([](auto& tx) -> asio::awaitable<void> {
        co_await tx.execute("insert into t values (1)");
        throw std::out_of_range{"the body's own"};
      });
  std::optional<dt::result<int>> value;
  automatic.with([&](dt::result<int> answer) { value = std::move(answer); })
      .run_transaction([](auto& tx) -> asio::awaitable<int> {
        co_await tx.execute("insert into t values (1)");
        throw no_exception_of_std{};
      });
  auto in_a_future =
      automatic.with(dt::as_result(asio::use_future)).run_transaction([](auto& tx) -> asio::awaitable<void> {
        co_await tx.execute("insert into t values (1)");
        throw std::out_of_range{"the body's own"};
      });
  EXPECT_NO_THROW(io.run());
  ASSERT_TRUE(nothing.has_value());
  EXPECT_EQ(nothing->error().code(), dt::errc::invalid_state);
  EXPECT_NE(nothing->error().message().find("the body's own"), std::string::npos) << nothing->error().message();
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(value->error().code(), dt::errc::invalid_state);
  EXPECT_EQ(in_a_future.get().error().code(), dt::errc::invalid_state);
  expect_nothing_written();
}

TEST_F(AsyncsqlBodies, ItsDovetailErrorIsStillThat) {
  insert_before();
  auto future = automatic.with(asio::use_future).run_transaction([](auto& tx) -> asio::awaitable<void> {
    co_await tx.execute(dt::runtime("insert into nowhere values (1)"));
  });
  io.run();
  EXPECT_THROW(future.get(), dt::error);
}

}  // namespace
