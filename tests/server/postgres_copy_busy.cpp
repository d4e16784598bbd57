// COPY into a server that speaks while it takes the data, fails in the middle of it, or is told to stop: by the
// clients, over every kind of connection.
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/postgres_server.hpp>
#include <support/recovery.hpp>
#include <support/styles.hpp>

#include <gtest/gtest.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace dt = dovetail;
namespace pg = dovetail::postgres;
using dt::test::postgres_server;
using namespace std::chrono_literals;

namespace {

/// Counts the notices.
struct listener {
  std::shared_ptr<int> count = std::make_shared<int>(0);

  void on(const dt::observation& what) const noexcept { *count += what.what == dt::observed::notice; }
};

using client = dt::basic_client<pg::connection, dt::exponential_backoff, dt::bounded_pool, listener>;
using async_client = dt::basic_async_client<pg::async_connection, dt::exponential_backoff, dt::bounded_pool, listener>;

struct line {
  int n;
  std::string text;
};

/// Much more than the buffers of the two ends hold together, in both directions.
constexpr int many = 20'000;
const std::string kilobyte(1000, 'x');

std::vector<line> lines(int count) {
  std::vector<line> all;
  for (int i = 0; i < count; ++i) all.push_back({i, kilobyte});
  return all;
}

struct PostgresBusyCopy : testing::Test {
  /// Each row that comes is answered with a notice as long as itself, and -1 is refused.
  static void SetUpTestSuite() {
    postgres_server::shared().sql(R"(
      drop table if exists noisy, silent;
      create table noisy(n int, text text); grant all on noisy to public;
      create table silent(n int, text text); grant all on silent to public;
      create or replace function say() returns trigger language plpgsql as $$
      begin
        if new.n < 0 then raise 'no such number' using errcode = '22023'; end if;
        raise notice '%', new.text;
        return new;
      end $$;
      create trigger talk before insert on noisy for each row execute function say();)");
  }
  void SetUp() override { postgres_server::shared().sql("truncate noisy, silent"); }

  static std::string count(const std::string& table = "noisy") {
    return postgres_server::shared().sql("select count(*) from " + table);
  }
  static std::vector<std::string> connections() {
    const postgres_server& server = postgres_server::shared();
    return {server.socket_string("app", " maxConnections=1"), server.url("scram", "?maxConnections=1&sslmode=disable"),
            server.url("scram", "?maxConnections=1&sslmode=require")};
  }

  /// Runs an awaited verb to its end.
  template <class T, class Start>
  dt::result<T> await(Start start) {
    std::optional<dt::result<T>> got;
    start([&got](dt::result<T> came) { got.emplace(std::move(came)); });
    dt::test::run_until(io, [&got] { return got.has_value(); });
    return got ? *std::move(got) : dt::result<T>{dt::errc::deadline_passed};
  }

  asio::io_context io;
};

TEST_F(PostgresBusyCopy, ANoticeForEachRowStopsNeitherSide) {
  const std::vector<line> all = lines(many);
  for (const std::string& where : connections()) {
    SCOPED_TRACE(where);
    listener heard;
    client db{where, {.observer = heard}};
    EXPECT_EQ(db.within(120s).copy_in("noisy", all).rows_affected, many);
    EXPECT_EQ(*heard.count, many);
    int given = 0;
    const std::string text = "1\t" + kilobyte + "\n";
    const auto copied = db.within(120s).copy_in_text("copy noisy from stdin", [&]() -> std::string_view {
      return ++given <= many ? std::string_view{text} : std::string_view{};
    });
    EXPECT_EQ(copied.rows_affected, many);
    EXPECT_EQ(*heard.count, 2 * many);
  }
}

TEST_F(PostgresBusyCopy, ANoticeForEachRowStopsNeitherSideAwaited) {
  const std::vector<line> all = lines(many);
  for (const std::string& where : connections()) {
    SCOPED_TRACE(where);
    listener heard;
    async_client db{io.get_executor(), where, {.observer = heard}};
    const auto copied = await<dt::summary>([&](auto handler) { db.within(50s).with(handler).copy_in("noisy", all); });
    ASSERT_TRUE(copied) << copied.error().message();
    EXPECT_EQ(copied->rows_affected, many);
    EXPECT_EQ(*heard.count, many);
  }
}

TEST_F(PostgresBusyCopy, ALargeParameterBehindALargeAnswerStopsNeitherSide) {
  const std::string large(30'000'000, 'y');
  for (const std::string& where : connections()) {
    SCOPED_TRACE(where);
    dt::postgres::client db{where};
    const auto [sizes, length] =
        db.within(120s).pipeline(pg::query<std::string>("select repeat('z', 10000) from generate_series(1, 3000)"),
                                 pg::query_value<int>("select length(?::text)", large));
    EXPECT_EQ(sizes.size(), 3000U);
    EXPECT_EQ(length, 30'000'000);
    dt::postgres::async_client awaited{io.get_executor(), where};
    using answers = std::tuple<dt::rows<std::string>, int>;
    const auto got = await<answers>([&](auto handler) {
      awaited.within(50s).with(handler).pipeline(
          pg::query<std::string>("select repeat('z', 10000) from generate_series(1, 3000)"),
          pg::query_value<int>("select length(?::text)", large));
    });
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(std::get<0>(*got).size(), 3000U);
    EXPECT_EQ(std::get<1>(*got), 30'000'000);
  }
}

TEST_F(PostgresBusyCopy, AnErrorInTheMiddleEndsTheCopyBeforeAllDataIsSent) {
  const std::string text = "1\t" + kilobyte + "\n";
  for (const std::string& where : connections()) {
    SCOPED_TRACE(where);
    dt::postgres::client db{where};
    const int before = db.query_value<int>("select pg_backend_pid()");
    for (const std::string& table : {std::string{"noisy"}, std::string{"silent"}}) {
      std::int64_t given = 0;
      const auto copied = db.within(120s).with(dt::as_result).copy_in_text("copy " + table + " from stdin", [&] {
        return ++given == 10 ? table == "noisy" ? "-1\tx\n" : "one\tx\n" : given < 1'000'000 ? text : std::string{};
      });
      ASSERT_FALSE(copied);
      EXPECT_EQ(copied.error().server().sqlstate, table == "noisy" ? "22023" : "22P02");
      EXPECT_LT(given, 100'000) << "of a million";
      EXPECT_EQ(db.query_value<int>("select pg_backend_pid()"), before);
    }
  }
  EXPECT_EQ(count(), "0");
}

TEST_F(PostgresBusyCopy, WhyTheServerEndedTheConnectionIsTold) {
  dt::postgres::client db{postgres_server::shared().socket_string("app", " maxConnections=1 retryAttempts=1")};
  const std::string text = "1\t" + kilobyte + "\n";
  const std::string process = std::to_string(db.query_value<int>("select pg_backend_pid()"));
  int given = 0;
  const auto copied = db.within(120s).with(dt::as_result).copy_in_text("copy silent from stdin", [&] {
    if (++given == 100) postgres_server::shared().sql("select pg_terminate_backend(" + process + ")");
    return given < 1'000'000 ? text : std::string{};
  });
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().server().sqlstate, "57P01") << copied.error().message();
  EXPECT_EQ(count("silent"), "0");
}

struct PostgresCancelledCopy : PostgresBusyCopy {
  static constexpr int rows = 2000;

  dt::postgres::async_client db{io.get_executor(), postgres_server::shared().socket_string("app", " maxConnections=1")};
  const std::string text = "1\t" + kilobyte + "\n";

  int process() {
    return await<int>([&](auto handler) { db.with(handler).template query_value<int>("select pg_backend_pid()"); })
        .value();
  }

  /// Starts `copy(token)`, lets the loop run so many steps, and cancels it. False when it was over before.
  template <class Copy>
  bool cancel_after(int steps, Copy copy, std::optional<dt::result<dt::summary>>& got) {
    asio::cancellation_signal signal;
    copy(asio::bind_cancellation_slot(signal.slot(), [&got](dt::result<dt::summary> came) { got.emplace(came); }));
    io.restart();
    for (int i = 0; i < steps && !got; ++i) io.run_one_for(10s);
    const bool is_in_time = !got;
    signal.emit(asio::cancellation_type::terminal);
    dt::test::run_until(io, [&got] { return got.has_value(); });
    return is_in_time;
  }

  /// After each step of a copy in: nothing is in the table, and the connection lives.
  template <class Copy>
  void expect_clean(const std::string& table, Copy copy) {
    int before = process();
    int cancelled = 0;
    for (int steps = 0;; ++steps) {
      ASSERT_LT(steps, 100'000);
      SCOPED_TRACE(std::to_string(steps) + " steps");
      postgres_server::shared().sql("truncate " + table);
      const dt::test::recovery_watch watch;
      std::optional<dt::result<dt::summary>> got;
      const bool is_in_time = cancel_after(steps, copy, got);
      ASSERT_TRUE(got);
      const int after = process();
      EXPECT_TRUE(after == before || !watch.must_live());
      before = after;
      const std::string all = std::to_string(rows);
      const std::string there = count(table);
      if (*got) {
        EXPECT_EQ(there, all);
      } else {
        ++cancelled;
        EXPECT_EQ(got->error().code(), dt::errc::cancelled) << got->error().message();
        const bool may_be_there = got->error().message().find("may have been executed") != std::string::npos;
        EXPECT_TRUE(there == "0" || (may_be_there && there == all)) << there << got->error().message();
      }
      if (!is_in_time) break;
    }
    // Before it begins, and while the server is waited for; how often that is depends on the system's buffers.
    EXPECT_GE(cancelled, 2);
  }
};

TEST_F(PostgresCancelledCopy, AfterEachStepNothingIsThereAndTheConnectionLives) {
  const std::vector<line> all = lines(rows);
  expect_clean("silent", [&](auto token) { db.with(std::move(token)).copy_in("silent", all); });
  expect_clean("noisy", [&](auto token) { db.with(std::move(token)).copy_in("noisy", all); });
}

TEST_F(PostgresCancelledCopy, AfterEachStepOfTextNothingIsThereAndTheConnectionLives) {
  for (const std::string table : {"silent", "noisy"}) {
    expect_clean(table, [&](auto token) {
      db.with(std::move(token)).copy_in_text("copy " + table + " from stdin", [this, given = 0]() mutable {
        return ++given <= rows ? text : std::string{};
      });
    });
  }
}

TEST_F(PostgresCancelledCopy, CancelledByItsOwnSourceAtEachPieceNothingIsThereAndTheConnectionLives) {
  int before = process();
  for (int at = 1; at <= rows; at += 123) {
    SCOPED_TRACE(at);
    asio::cancellation_signal signal;
    std::optional<dt::result<dt::summary>> got;
    const dt::test::recovery_watch watch;
    db.with(asio::bind_cancellation_slot(signal.slot(), [&](dt::result<dt::summary> came) { got.emplace(came); }))
        .copy_in_text("copy noisy from stdin", [&, given = 0]() mutable {
          if (++given == at) signal.emit(asio::cancellation_type::terminal);
          return text;  // without end
        });
    dt::test::run_until(io, [&got] { return got.has_value(); });
    ASSERT_TRUE(got);
    ASSERT_FALSE(*got);
    EXPECT_EQ(got->error().code(), dt::errc::cancelled);
    const int after = process();
    EXPECT_TRUE(after == before || !watch.must_live());
    before = after;
    EXPECT_EQ(count(), "0");
  }
}

TEST_F(PostgresCancelledCopy, AfterEachStepOfACopyOutTheConnectionLives) {
  int before = process();
  int cancelled = 0;
  for (int steps = 0;; ++steps) {
    SCOPED_TRACE(steps);
    const dt::test::recovery_watch watch;
    std::optional<dt::result<dt::summary>> got;
    std::size_t bytes = 0;
    const bool is_in_time = cancel_after(
        steps,
        [&](auto token) {
          db.with(std::move(token))
              .copy_out_text(
                  "copy (select repeat('x', 1000) from generate_series(1, 400) n where n % 20 <> 0 or "
                  "pg_sleep(0.002) is not null) to stdout",
                  [&bytes](std::string_view some) { bytes += some.size(); });
        },
        got);
    ASSERT_TRUE(got);
    const int after = process();
    EXPECT_TRUE(after == before || !watch.must_live());
    before = after;
    if (*got) {
      EXPECT_EQ(bytes, 400U * 1001U);
    } else {
      ++cancelled;
      EXPECT_EQ(got->error().code(), dt::errc::cancelled) << got->error().message();
    }
    if (!is_in_time) break;
  }
  EXPECT_GE(cancelled, 2);
}

TEST_F(PostgresCancelledCopy, ADeadlineInTheMiddleOfACopyIntoABusyServerLeavesTheConnectionAlive) {
  dt::postgres::client blocking{postgres_server::shared().socket_string("app", " maxConnections=1")};
  int before = blocking.query_value<int>("select pg_backend_pid()");
  int given = 0;
  for (auto limit = 200ms; given == 0; limit *= 2) {  // more, when not even the copy had begun
    ASSERT_LT(limit, 60s);
    const dt::test::recovery_watch watch{limit};
    const auto copied = blocking.within(limit).with(dt::as_result).copy_in_text("copy noisy from stdin", [&] {
      ++given;
      return text;
    });
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().code(), dt::errc::deadline_passed);
    const int after = blocking.query_value<int>("select pg_backend_pid()");
    EXPECT_TRUE(after == before || !watch.must_live());
    before = after;
  }
  EXPECT_EQ(count(), "0");
}

}  // namespace
