#include <dovetail/sqlite_async.hpp>

#include <gtest/gtest.h>

#include <asio/bind_executor.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

using dt::sqlite::detail::call_gate;
using dt::sqlite::detail::worker_stream;

struct waiting_call {
  using value_type = int;
  std::shared_ptr<std::promise<void>> started;
  std::shared_future<void> until;
  int gives;
  dt::result<int> operator()(dt::sqlite::connection&, dt::deadline) const {
    if (started) started->set_value();
    until.wait();
    return gives;
  }
};

struct call_that_cannot_be_kept {
  using value_type = void;
  call_that_cannot_be_kept() = default;
  call_that_cannot_be_kept(call_that_cannot_be_kept&&) { throw std::runtime_error{"it does not move"}; }
  dt::result<void> operator()(dt::sqlite::connection&, dt::deadline) const { return {}; }
};

TEST(SqliteAsyncWorker, AJobThatFindsAnotherOneWaitingIsRefusedAndNoneIsLost) {
  asio::io_context io;
  const auto gate = std::make_shared<call_gate>();
  worker_stream on{dt::sqlite::connection{dt::sqlite::options{}}, gate};
  std::promise<void> go;
  const std::shared_future<void> until = go.get_future().share();
  const auto started = std::make_shared<std::promise<void>>();
  std::optional<dt::result<int>> first, second, third;
  const auto into = [&](std::optional<dt::result<int>>& answer) {
    return asio::bind_executor(io.get_executor(), [&answer](dt::result<int> came) { answer = std::move(came); });
  };
  async_run(on, waiting_call{started, until, 1}, dt::deadline::never(), nullptr, into(first));
  started->get_future().wait();
  async_run(on, waiting_call{nullptr, until, 2}, dt::deadline::never(), nullptr, into(second));
  async_run(on, waiting_call{nullptr, until, 3}, dt::deadline::never(), nullptr, into(third));
  go.set_value();
  io.run();
  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(first->value(), 1);
  EXPECT_EQ(second->value(), 2);
  EXPECT_EQ(third->error().code(), dt::errc::busy);
  gate->shut();
}

TEST(SqliteAsyncWorker, ACallThatCouldNotBeginDoesNotKeepTheClientFromGoing) {
  asio::io_context io;
  const auto gate = std::make_shared<call_gate>();
  worker_stream on{dt::sqlite::connection{dt::sqlite::options{}}, gate};
  const auto handler = asio::bind_executor(io.get_executor(), [](const dt::result<void>&) {});
  EXPECT_THROW(async_run(on, call_that_cannot_be_kept{}, dt::deadline::never(), nullptr, handler), std::runtime_error);
  // On a thread of its own: a gate that waits for ever must be a failure.
  const auto ended = std::make_shared<std::promise<void>>();
  std::thread{[gate, ended] {
    gate->shut();
    ended->set_value();
  }}.detach();
  EXPECT_EQ(ended->get_future().wait_for(60s), std::future_status::ready) << "the gate waits for a call that is gone";
}

}  // namespace
