// The circuit breaker of sessions, blocking and awaited (P11), over databases that cannot be opened.
#include <dovetail/asyncsql.hpp>
#include <dovetail/asyncsql_async.hpp>
#include <dovetail/sqlite.hpp>
#include <dovetail/sqlite_async.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace dt = dovetail;
namespace sql = dt::asyncsql;
using namespace std::chrono_literals;
using dt::circuit_state;

/// A folder that is not there at first: databases in it cannot be opened.
class folder {
 public:
  folder()
      : path_(std::filesystem::temp_directory_path() /
              ("dovetail_circuit_" + std::to_string(::getpid()) + "_" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name())) {}
  ~folder() {
    std::error_code ec;
    std::filesystem::remove_all(path_, ec);
  }
  void make() const { std::filesystem::create_directory(path_); }
  void remove() const { std::filesystem::remove_all(path_); }
  std::string url() const { return "sqlite:" + (path_ / "a.db").string(); }

 private:
  std::filesystem::path path_;
};

struct recorder {
  std::shared_ptr<std::vector<std::string>> states = std::make_shared<std::vector<std::string>>();
  void on(const dt::observation& seen) const noexcept {
    if (seen.what == dt::observed::circuit) states->emplace_back(seen.operation);
  }
};

sql::session_settings with_breaker(int failures, dt::clock::duration open_time, int retries = 0) {
  sql::session_settings how;
  how.circuit = {.failures = failures, .open_time = open_time};
  how.retry.max_retries = retries;
  how.retry.initial_delay = 1ms;
  how.retry.max_delay = 1ms;
  return how;
}

dt::error_info failure(const auto& body) {
  try {
    body();
  } catch (const dt::error& thrown) {
    return thrown.info();
  }
  return {};
}

TEST(SessionCircuit, P11_OpensAfterFailuresAndTheErrorSaysWhenItTriesAgain) {
  const folder in;
  dt::sqlite::client client{in.url()};
  sql::session db{client, with_breaker(2, 1h)};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(db.circuit(), circuit_state::closed);
    EXPECT_NE(failure([&] { db.query_value<int>("select 1"); }).code(), dt::errc::circuit_open);
  }
  EXPECT_EQ(db.circuit(), circuit_state::open);
  in.make();  // the database could be opened now, but nobody tries
  const auto refused = failure([&] { db.query_value<int>("select 1"); });
  EXPECT_EQ(refused.code(), dt::errc::circuit_open);
  EXPECT_EQ(refused.kind(), dt::condition::connection);
  EXPECT_NE(refused.message().find("connection"), std::string::npos);
  EXPECT_NE(refused.message().find("the next try is in 3"), std::string::npos) << refused.message();
  EXPECT_NE(refused.message().find("unable to open database file"), std::string::npos) << refused.message();
  EXPECT_EQ(failure([&] { db.scope(); }).code(), dt::errc::circuit_open);
  EXPECT_EQ(failure([&] { db.connect(); }).code(), dt::errc::circuit_open);
  EXPECT_EQ(failure([&] { db.stream<int>("select 1"); }).code(), dt::errc::circuit_open);
  EXPECT_EQ(failure([&] { db.run_transaction([](auto&) {}); }).code(), dt::errc::circuit_open);
  EXPECT_EQ(db.metrics().circuit_openings(), 1U);
  EXPECT_EQ(db.metrics().circuit_refusals(), 5U);
  const std::string text = db.prometheus();
  EXPECT_NE(text.find("asyncsql_circuit_state{pool_key=\"asyncsql\"} 2"), std::string::npos);
  EXPECT_NE(text.find("asyncsql_circuit_refusals_total{pool_key=\"asyncsql\"} 5"), std::string::npos);
  EXPECT_TRUE(db.health().is_healthy);  // asks in any case
}

TEST(SessionCircuit, P11_EachAttemptCountsAndTheCallThatOpensItSaysWhatFailed) {
  const folder in;
  dt::sqlite::client client{in.url()};
  auto how = with_breaker(3, 1h, 100);
  how.retry.codes = {"14"};  // a database that cannot be opened, is tried again
  sql::session db{client, how};
  const auto why = failure([&] { db.query_value<int>("select 1"); });
  EXPECT_NE(why.code(), dt::errc::circuit_open);
  EXPECT_NE(why.message().find("unable to open database file"), std::string::npos) << why.message();
  EXPECT_EQ(db.metrics().retries(), 2U);
  EXPECT_EQ(db.circuit(), circuit_state::open);
  const auto refused = failure([&] { db.query_value<int>("select 1"); });
  EXPECT_EQ(refused.code(), dt::errc::circuit_open);
  EXPECT_NE(refused.message().find("; the last failure was: " + why.code().message()), std::string::npos)
      << refused.message();
}

TEST(SessionCircuit, P11_TrialsThatGoWellCloseItAndTheObserverHearsOfAll) {
  const folder in;
  const recorder seen;
  using client_type = dt::basic_client<dt::sqlite::connection, dt::no_retry, dt::bounded_pool, recorder>;
  client_type::settings settings;
  settings.observer = seen;
  client_type client{in.url(), settings};
  sql::session<client_type> db{client, with_breaker(2, 1ms)};
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(failure([&] { db.query_value<int>("select 1"); }));
  EXPECT_EQ(db.circuit(), circuit_state::open);
  std::this_thread::sleep_for(2ms);
  EXPECT_NE(failure([&] { db.query_value<int>("select 1"); }).code(), dt::errc::circuit_open);  // a trial, in vain
  EXPECT_EQ(db.circuit(), circuit_state::open);
  in.make();
  std::this_thread::sleep_for(2ms);
  EXPECT_EQ(db.query_value<int>("select 1"), 1);
  EXPECT_EQ(db.circuit(), circuit_state::half_open);
  EXPECT_TRUE(failure([&] { db.execute(dt::runtime("insert into none values (1)")); }));  // an answer is an answer
  EXPECT_EQ(db.circuit(), circuit_state::closed);
  EXPECT_EQ(*seen.states, (std::vector<std::string>{"open", "half_open", "open", "half_open", "closed"}));
}

TEST(SessionCircuit, P11_SessionsOfOnePoolShareWhatIsKnownAndOffMeansOff) {
  const folder in;
  sql::pool_registry registry;
  auto how = sql::read_config(in.url() + "?circuit_failures=2&circuit_open_time=1h&circuit_successes=3").value();
  EXPECT_EQ(how.session.circuit, (dt::circuit_policy{.failures = 2, .open_time = 1h, .successes = 3}));
  EXPECT_FALSE(sql::read_config(in.url() + "?circuit_successes=0"));
  EXPECT_FALSE(sql::read_config(in.url() + "?circuit_failures=-1"));
  auto one = sql::open<dt::sqlite::client>(how, registry);
  auto two = sql::open<dt::sqlite::client>(how, registry);
  auto off = sql::open<dt::sqlite::client>(in.url(), registry);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(failure([&] { one.query_value<int>("select 1"); }));
  EXPECT_EQ(two.circuit(), circuit_state::open);
  EXPECT_EQ(failure([&] { two.query_value<int>("select 1"); }).code(), dt::errc::circuit_open);
  EXPECT_NE(failure([&] { off.query_value<int>("select 1"); }).code(), dt::errc::circuit_open);
}

TEST(SessionCircuit, P11_TransactionsThatAreOpenGoOn) {
  const folder in;
  in.make();
  dt::sqlite::client client{in.url()};
  auto how = with_breaker(1, 1h);
  how.transaction.mode = sql::transaction_mode::manual;
  const auto breaker = std::make_shared<dt::circuit_breaker>();
  using session = sql::session<dt::sqlite::client>;
  session db{std::shared_ptr<dt::sqlite::client>{std::shared_ptr<void>{}, &client}, how, {}, {}, breaker};
  db.begin();
  db.execute(dt::runtime("create table t(id integer)"));
  breaker->saw(how.circuit, dt::circuit_evidence::down, false, dt::clock::now());
  EXPECT_EQ(db.circuit(), circuit_state::open);
  db.execute("insert into t values (1)");
  db.commit();
  EXPECT_EQ(failure([&] { db.begin(); }).code(), dt::errc::circuit_open);
  EXPECT_EQ(client.query_value<int>("select count(*) from t"), 1);
}

TEST(SessionCircuit, TheCallersOwnTimeSaysNothingOfTheServer) {
  const folder in;
  in.make();
  dt::sqlite::client client{in.url()};
  sql::session db{client, with_breaker(1, 1h)};
  db.execute(dt::runtime("create table t(i integer)"));
  const dt::deadline over{dt::clock::now() - 1s};
  const auto written = failure([&] { db.within(over).execute("insert into t values (1)"); });
  EXPECT_EQ(written.kind(), dt::condition::timeout) << written.message();
  EXPECT_EQ(failure([&] { db.within(over).query_value<int>("select 1"); }).kind(), dt::condition::timeout);
  EXPECT_EQ(failure([&] { db.within(over).scope(); }).kind(), dt::condition::timeout);
  EXPECT_EQ(db.circuit(), circuit_state::closed);
  db.execute("insert into t values (2)");
}

TEST(SessionCircuit, TheSessionsOwnTimeIsEvidence) {
  const folder in;
  in.make();
  dt::sqlite::client client{in.url()};
  auto how = with_breaker(1, 1h);
  how.timeout = 300ms;
  sql::session db{client, how};
  const auto why = failure([&] {
    db.query_value<std::int64_t>(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 4000000000) select count(*) from n");
  });
  EXPECT_EQ(why.code(), dt::errc::deadline_passed) << why.message();
  EXPECT_EQ(db.circuit(), circuit_state::open);
}

TEST(SessionCircuit, AFullPoolSaysNothingOfTheServer) {
  const folder in;
  in.make();
  dt::sqlite::client::settings settings;
  settings.pool.max_connections = 1;
  settings.pool.acquire_wait = 1ms;
  dt::sqlite::client client{in.url(), settings};
  sql::session db{client, with_breaker(1, 1h)};
  {
    auto held = db.scope();
    EXPECT_EQ(failure([&] { db.query_value<int>("select 1"); }).code(), dt::errc::pool_wait_timeout);
    EXPECT_TRUE(failure([&] { db.within(dt::deadline{dt::clock::now() - 1s}).query_value<int>("select 1"); }));
  }
  EXPECT_EQ(db.circuit(), circuit_state::closed);
}

TEST(SessionCircuit, WhatFailsElsewhereInABodyIsNotThisServers) {
  const folder in;
  in.make();
  dt::sqlite::client client{in.url()};
  sql::session db{client, with_breaker(1, 1h)};
  for (const auto code : {dt::errc::connection_lost, dt::errc::deadline_passed}) {
    const auto why = failure([&] {
      db.run_transaction([&](auto&) { throw dt::error{dt::error_info{code, "of another service"}}; });
    });
    EXPECT_EQ(why.code(), code);
  }
  EXPECT_EQ(db.circuit(), circuit_state::closed);
  EXPECT_EQ(db.query_value<int>("select 1"), 1);
}

TEST(SessionCircuit, TheSameOfAwaitedSessions) {
  const folder in;
  in.make();
  asio::io_context io;
  dt::sqlite::async_client client{io.get_executor(), in.url()};
  sql::async_session<dt::sqlite::async_client> db{client, with_breaker(1, 1h)};
  bool is_done = false;
  const auto body = [&]() -> asio::awaitable<void> {
    co_await db.execute(dt::runtime("create table t(i integer)"));
    auto results = db.within(20ms).with(dt::as_result);
    const auto read = co_await results.query_value<std::int64_t>(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 4000000000) select count(*) from n");
    EXPECT_TRUE(!read && read.error().kind() == dt::condition::timeout);
    const auto written = co_await results.execute(
        dt::runtime("with recursive n(i) as (select 1 union all select i + 1 from n where i < 4000000000) "
                    "insert into t select count(*) from n"));
    EXPECT_TRUE(!written && written.error().kind() == dt::condition::timeout);
    EXPECT_EQ(db.circuit(), circuit_state::closed);
    bool has_failed = false;
    try {
      co_await db.run_transaction([](auto&) -> asio::awaitable<void> {
        throw dt::error{dt::error_info{dt::errc::connection_lost, "of another service"}};
        co_return;
      });
    } catch (const dt::error& thrown) {
      has_failed = thrown.code() == dt::errc::connection_lost;
    }
    EXPECT_TRUE(has_failed);
    EXPECT_EQ(db.circuit(), circuit_state::closed);
    EXPECT_EQ(co_await db.query_value<int>("select 1"), 1);
    is_done = true;
  };
  asio::co_spawn(io, body, [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  io.run();
  EXPECT_TRUE(is_done);
}

TEST(SessionCircuit, P11_EachAttemptOfAnAwaitedCallCountsToo) {
  const folder in;
  asio::io_context io;
  dt::sqlite::async_client::settings often;
  often.retry.attempts = 100;
  often.retry.initial_delay = 1ms;
  often.retry.cap = 1ms;
  dt::sqlite::async_client client{io.get_executor(), in.url(), often};
  const auto opens = [&](auto make) {
    sql::async_session<dt::sqlite::async_client> db{client, with_breaker(3, 1h)};
    dt::error_info why;
    const auto body = [&]() -> asio::awaitable<void> {
      auto results = db.with(dt::as_result);
      why = co_await make(results);
      EXPECT_EQ(db.circuit(), circuit_state::open);
      const dt::error_info refused = co_await make(results);
      EXPECT_EQ(refused.code(), dt::errc::circuit_open);
    };
    asio::co_spawn(io, body, [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
    io.run();
    io.restart();
    EXPECT_NE(why.code(), dt::errc::circuit_open) << "the call that opens it says what failed";
    EXPECT_NE(why.message().find("unable to open database file"), std::string::npos) << why.message();
    EXPECT_EQ(db.metrics().retries(), 2U);
    EXPECT_EQ(db.metrics().circuit_refusals(), 1U);
  };
  opens([](auto& db) -> asio::awaitable<dt::error_info> {
    const auto read = co_await db.template query_value<int>("select 1");
    co_return read ? dt::error_info{} : read.error();
  });
  opens([](auto& db) -> asio::awaitable<dt::error_info> {
    const auto written = co_await db.execute(dt::runtime("create table t(id integer)"));
    co_return written ? dt::error_info{} : written.error();
  });
  opens([](auto& db) -> asio::awaitable<dt::error_info> {
    const auto rows = co_await db.template stream<int>("select 1");
    co_return rows ? dt::error_info{} : rows.error();
  });
}

TEST(SessionCircuit, P11_AnOpenCircuitEndsTheRetriesOfAnAwaitedCall) {
  const folder in;
  asio::io_context io;
  dt::sqlite::async_client::settings often;
  often.retry.attempts = 100;
  often.retry.initial_delay = 1ms;
  often.retry.cap = 1ms;
  dt::sqlite::async_client client{io.get_executor(), in.url(), often};
  sql::async_session<dt::sqlite::async_client> db{client, with_breaker(4, 1h)};
  // Two calls that are repeated at the same time: four failures of both open it, and neither is tried 100 times.
  std::vector<std::error_code> ends;
  const auto body = [&]() -> asio::awaitable<void> {
    auto results = db.with(dt::as_result);
    const auto read = co_await results.query_value<int>("select 1");
    ends.push_back(read ? std::error_code{} : read.error().code());
  };
  for (int i = 0; i < 2; ++i) {
    asio::co_spawn(io, body, [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
  }
  io.run();
  ASSERT_EQ(ends.size(), 2U);
  EXPECT_TRUE(ends[0]);
  EXPECT_TRUE(ends[1]);
  EXPECT_EQ(db.circuit(), circuit_state::open);
  EXPECT_LE(db.metrics().retries(), 4U);
}

TEST(SessionCircuit, P11_OfAwaitedSessionsToo) {
  const folder in;
  asio::io_context io;
  dt::sqlite::async_client::settings once;
  once.retry.attempts = 1;
  dt::sqlite::async_client client{io.get_executor(), in.url(), once};
  sql::async_session<dt::sqlite::async_client> db{client, with_breaker(2, 1h)};
  sql::async_session<dt::sqlite::async_client> quick{client, with_breaker(1, 1ms)};
  bool is_done = false;
  const auto body = [&]() -> asio::awaitable<void> {
    auto results = db.with(dt::as_result);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(db.circuit(), circuit_state::closed);
      const auto failed = co_await results.query_value<int>("select 1");
      EXPECT_TRUE(!failed && failed.error().code() != dt::errc::circuit_open);
    }
    EXPECT_EQ(db.circuit(), circuit_state::open);
    const auto lost = co_await quick.with(dt::as_result).execute(dt::runtime("create table t(id integer)"));
    EXPECT_FALSE(lost);  // in a transaction of its own
    EXPECT_EQ(quick.circuit(), circuit_state::open);
    in.make();
    const auto read = co_await results.query_value<int>("select 1");
    EXPECT_TRUE(!read && read.error().code() == dt::errc::circuit_open);
    const auto written = co_await results.execute(dt::runtime("create table t(id integer)"));
    EXPECT_TRUE(!written && written.error().code() == dt::errc::circuit_open);
    const auto rows = co_await results.stream<int>("select 1");
    EXPECT_TRUE(!rows && rows.error().code() == dt::errc::circuit_open);
    EXPECT_EQ(db.metrics().circuit_refusals(), 3U);
    std::this_thread::sleep_for(2ms);
    EXPECT_EQ(co_await quick.query_value<int>("select 1"), 1);
    EXPECT_EQ(quick.circuit(), circuit_state::half_open);
    co_await quick.execute(dt::runtime("create table t(id integer)"));
    EXPECT_EQ(quick.circuit(), circuit_state::closed);
    is_done = true;
  };
  asio::co_spawn(io, body, [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  io.run();
  EXPECT_TRUE(is_done);
}

}  // namespace
