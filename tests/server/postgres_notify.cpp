// LISTEN against a real server, blocking and awaited: what other sessions send, and what happens when the server cuts
// the connection.
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace dt = dovetail;
using dt::test::postgres_server;
using namespace std::chrono_literals;

namespace {

/// Cuts all connections that listen to something.
constexpr const char* cut =
    "select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %' and pid <> pg_backend_pid()";

struct PostgresNotify : testing::Test {
  dt::postgres::client db{postgres_server::shared().socket_string("admin", " maxConnections=1")};

  void notify(const std::string& channel, const std::string& payload) {
    db.execute("select pg_notify(?, ?)", channel, payload);
  }
  int listeners() {
    return db.query_value<int>(
        "select count(*)::int from pg_stat_activity where query like 'listen %' and state = 'idle'");
  }
  void await_no_listener() {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (listeners() != 0 && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(5ms);
    EXPECT_EQ(listeners(), 0);
  }

  asio::io_context io;
  dt::postgres::async_client async{io.get_executor(), postgres_server::shared().socket_string("admin")};

  template <class Body>
  void run(Body body) {
    std::exception_ptr thrown;
    bool is_over = false;
    asio::co_spawn(io, body, [&](std::exception_ptr what) {
      thrown = what;
      is_over = true;
    });
    io.restart();
    io.run_for(120s);
    EXPECT_TRUE(is_over);
    if (thrown) std::rethrow_exception(thrown);
  }
};

TEST_F(PostgresNotify, NotificationsComeInTheirOrderOnAConnectionOfTheirOwn) {
  auto notifications = db.listen("news");  // the pool has one connection, and it stays free
  EXPECT_FALSE(notifications.next(0ms));
  notify("news", "first");
  notify("other", "not for us");
  notify("news", "");
  const auto first = notifications.next(60s);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->channel, "news");
  EXPECT_EQ(first->payload, "first");
  EXPECT_EQ(static_cast<int>(first->process), db.query_value<int>("select pg_backend_pid()"));
  EXPECT_FALSE(first->after_reconnect);
  const auto second = notifications.next(60s);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->payload, "");
  EXPECT_FALSE(notifications.next(20ms));
}

TEST_F(PostgresNotify, WhatHasComeIsGivenWithoutWaiting) {
  auto notifications = db.listen("news");
  run([&]() -> asio::awaitable<void> {
    auto awaited = co_await async.listen("news");
    notify("news", "1");
    notify("news", "2");
    EXPECT_TRUE(notifications.next(60s) && (co_await awaited.next(60s)));
    // The second has come with the first, or comes soon: nobody is told when.
    const auto end = std::chrono::steady_clock::now() + 60s;
    for (int round = 0; round < 3; ++round) {
      std::optional<dt::postgres::notification> polled;
      while (!polled && std::chrono::steady_clock::now() < end) polled = notifications.next(0ms);
      EXPECT_TRUE(polled);
      std::optional<dt::postgres::notification> glimpsed;
      while (!glimpsed && std::chrono::steady_clock::now() < end) glimpsed = co_await awaited.next(0ms);
      EXPECT_TRUE(glimpsed);
      EXPECT_TRUE(polled && glimpsed && polled->payload == glimpsed->payload);
      notify("news", "more");
    }
    db.execute(cut);
    std::optional<dt::postgres::notification> gap;
    while ((!gap || !gap->after_reconnect) && std::chrono::steady_clock::now() < end) gap = notifications.next(0ms);
    EXPECT_TRUE(gap && gap->after_reconnect);
  });
}

TEST_F(PostgresNotify, SeveralChannelsAndNamesAsTheyAreWritten) {
  auto notifications = db.listen("a", "Two Words", "quo\"te; select 1");
  for (const char* channel : {"Two Words", "quo\"te; select 1", "a"}) {
    notify(channel, "x");
    const auto came = notifications.next(60s);
    ASSERT_TRUE(came);
    EXPECT_EQ(came->channel, channel);
  }
}

TEST_F(PostgresNotify, ANameThatNoChannelCanHaveIsRefusedBeforeAnyInputOrOutput) {
  for (const std::string_view name : {std::string_view{}, std::string_view{"a\0b", 3}}) {
    const auto refused = db.with(dt::as_result).listen(name);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), dt::errc::malformed_statement);
    EXPECT_GT(refused.error().where().line(), 0U);
  }
  EXPECT_FALSE(db.with(dt::as_result).listen(std::string(64, 'x')));
  EXPECT_TRUE(db.with(dt::as_result).listen(std::string(63, 'x')));
}

TEST_F(PostgresNotify, TheServerForgetsAListenerThatHasGone) {
  await_no_listener();  // of an earlier test
  {
    auto notifications = db.listen("news");
    EXPECT_EQ(listeners(), 1);
  }
  await_no_listener();
}

TEST_F(PostgresNotify, AConnectionThatTheServerCutsIsMadeAgainAndTheGapIsTold) {
  auto notifications = db.listen("news");
  notify("news", "before");
  EXPECT_EQ(notifications.next(60s)->payload, "before");
  db.execute(cut);
  const auto gap = notifications.next(60s);
  ASSERT_TRUE(gap);
  EXPECT_TRUE(gap->after_reconnect);
  EXPECT_EQ(gap->channel, "");
  notify("news", "after");
  const auto after = notifications.next(60s);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->payload, "after");
  EXPECT_FALSE(after->after_reconnect);
}

TEST_F(PostgresNotify, WhatCannotBeMadeAgainIsAnErrorAndTheNextCallTriesOnceMore) {
  dt::postgres::client other{postgres_server::shared().socket_string("app", " retryAttempts=1")};
  auto notifications = other.listen("news");
  db.script("alter role app nologin");
  db.execute(cut);
  EXPECT_THROW(static_cast<void>(notifications.next(60s)), dt::error);
  EXPECT_THROW(static_cast<void>(notifications.next(60s)), dt::error);
  db.script("alter role app login");
  EXPECT_TRUE(notifications.next(60s)->after_reconnect);
}

TEST_F(PostgresNotify, AwaitedNotificationsSurviveACutAndEndWhenTheyAreClosed) {
  int seen = 0;
  bool was_gap = false;
  run([&]() -> asio::awaitable<void> {
    auto notifications = co_await async.listen("news");
    notify("news", "1");
    while (const auto came = co_await notifications.next()) {
      if (came->after_reconnect) {
        was_gap = true;
        notify("news", "2");
        continue;
      }
      EXPECT_EQ(came->payload, std::to_string(++seen));
      if (seen == 1) {
        db.execute(cut);
      } else {
        notifications.close();
      }
    }
    EXPECT_FALSE(notifications.is_open());
  });
  EXPECT_EQ(seen, 2);
  EXPECT_TRUE(was_gap);
  await_no_listener();
}

TEST_F(PostgresNotify, WaitingEndsInTimeOrWhenItIsCancelledAndNothingIsLost) {
  run([&]() -> asio::awaitable<void> {
    auto notifications = co_await async.listen("a", "b");
    EXPECT_FALSE(co_await notifications.next(20ms));
    EXPECT_TRUE(notifications.is_open());

    asio::cancellation_signal stop;
    std::optional<std::exception_ptr> ended;
    asio::co_spawn(
        io, [&]() -> asio::awaitable<void> { static_cast<void>(co_await notifications.next()); },
        asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr what) { ended = what; }));
    asio::steady_timer pause{io, 20ms};
    co_await pause.async_wait(asio::use_awaitable);
    stop.emit(asio::cancellation_type::terminal);
    while (!ended) {
      pause.expires_after(1ms);
      co_await pause.async_wait(asio::use_awaitable);
    }
    EXPECT_TRUE(*ended) << "no exception";
    notify("b", "still here");
    const auto came = co_await notifications.next(60s);
    EXPECT_TRUE(came && came->payload == "still here" && !came->after_reconnect);
  });
}

TEST_F(PostgresNotify, ClosingEndsAWaitAndResultsMayTakeThePlaceOfExceptions) {
  run([&]() -> asio::awaitable<void> {
    auto opened = co_await async.with(dt::as_result).listen("news");
    EXPECT_TRUE(opened);
    asio::steady_timer later{io, 20ms};
    later.async_wait([&](std::error_code) { opened->close(); });
    EXPECT_FALSE(co_await opened->next());
    const auto refused = co_await async.with(dt::as_result).listen("");
    EXPECT_FALSE(refused);
  });
}

}  // namespace
