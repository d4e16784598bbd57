// A transaction begins with its first statement: how many round trips that takes, and what fails when that fails.
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/postgres_relay.hpp>
#include <support/postgres_server.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

namespace dt = dovetail;
namespace pg = dt::postgres;
using dt::errc;
using dt::test::postgres_relay;
using dt::test::postgres_server;
using namespace std::chrono_literals;

namespace {

struct entry {
  int x;
};

/// Names of the operations that failed, and that were repeated.
struct failures {
  std::vector<std::string>* of;
  void on(const dt::observation& what) noexcept {
    if (what.what == dt::observed::error) of->push_back("error " + std::string{what.operation});
    if (what.what == dt::observed::retry) of->push_back("retry " + std::string{what.operation});
  }
};
static_assert(dt::observer<failures>);

class PostgresBegin : public testing::Test {
 protected:
  using client = dt::basic_client<pg::connection, dt::exponential_backoff, dt::bounded_pool, failures>;

  explicit PostgresBegin(int attempts = 4)
      : db{relay.url("&maxConnections=1"),
           {.retry = {.attempts = attempts, .initial_delay = 1ms}, .observer = {&heard}}} {
    server.sql("drop table if exists book; create table book(x int); grant all on book to public");
    static_cast<void>(db.execute("insert into book values (?)", 0));
    db.execute("delete from book");
    static_cast<void>(count());
    heard.clear();
  }

  std::string count() { return std::to_string(db.query_value<int>("select count(*)::int from book")); }
  std::string seen() const { return server.sql("select coalesce(string_agg(x::text, ' ' order by x), '') from book"); }
  int backend() { return db.query_value<int>("select pg_backend_pid()"); }
  void kill_backend() {
    const std::string mine = std::to_string(backend());
    server.sql("select pg_terminate_backend(" + mine + ")");
    ASSERT_TRUE(server.becomes("select count(*) from pg_stat_activity where pid = " + mine, "0"));
    std::this_thread::sleep_for(50ms);  // the relay passes the end on
    heard.clear();
  }

  /// Runs `body(async client)`.
  template <class Body>
  void await(Body body, int attempts = 4) {
    asio::io_context io;
    pg::async_client adb{
        io.get_executor(), relay.url("&maxConnections=1"), {.retry = {.attempts = attempts, .initial_delay = 1ms}}};
    std::exception_ptr failed;
    asio::co_spawn(io, body(adb), [&](std::exception_ptr thrown) { failed = thrown; });
    io.run();
    if (failed) std::rethrow_exception(failed);
  }

  postgres_server& server = postgres_server::shared();
  postgres_relay relay{server.port()};
  std::vector<std::string> heard;
  client db;
};

TEST_F(PostgresBegin, ATransactionOfOneStatementTakesTwoRoundTrips) {
  int before = relay.rounds();
  {
    auto tx = db.begin();
    EXPECT_EQ(relay.rounds(), before);
    tx.execute("insert into book values (?)", 1);
    EXPECT_EQ(relay.rounds(), before + 1);
    EXPECT_EQ(seen(), "");
    tx.commit();
  }
  EXPECT_EQ(relay.rounds(), before + 2);
  EXPECT_EQ(seen(), "1");

  before = relay.rounds();
  db.transaction([](auto& tx) { tx.insert("book", entry{2}); });
  db.transaction([](auto& tx) { tx.insert("book", entry{3}); });
  EXPECT_EQ(relay.rounds(), before + 5);  // that statement was prepared once
  before = relay.rounds();
  db.transaction([](auto& tx) { tx.pipeline(pg::execute("insert into book values (?)", 4)); });
  EXPECT_EQ(relay.rounds(), before + 2);
  EXPECT_EQ(seen(), "1 2 3 4");
  EXPECT_EQ(relay.connections(), 1);
}

TEST_F(PostgresBegin, ATransactionWithoutAStatementTakesNone) {
  const int mine = backend();
  const int before = relay.rounds();
  db.begin().commit();
  db.begin().rollback();
  static_cast<void>(db.begin(dt::begin_mode::serializable));
  db.transaction([](auto&) {});
  EXPECT_THROW(db.transaction([](auto&) { throw std::runtime_error("mine"); }), std::runtime_error);
  EXPECT_EQ(relay.rounds(), before);
  db.execute("insert into book values (?)", 1);  // no transaction is left over
  EXPECT_EQ(relay.rounds(), before + 1);
  EXPECT_EQ(seen(), "1");
  EXPECT_EQ(backend(), mine);
}

TEST_F(PostgresBegin, AModeThatThereIsNotIsRefusedAtOnce) {
  const auto refused = db.with(dt::as_result).begin(dt::begin_mode::immediate);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::operation_unsupported);
  EXPECT_EQ(heard, std::vector<std::string>{"error begin"});
  EXPECT_EQ(count(), "0");
}

TEST_F(PostgresBegin, TheModeHoldsForTheFirstStatement) {
  auto tx = db.with(dt::as_result).begin(dt::begin_mode::read_only);
  ASSERT_TRUE(tx);
  EXPECT_EQ(tx->execute("insert into book values (?)", 1).error().code(), pg::sqlstate::read_only_transaction);
  EXPECT_EQ(tx->commit().error().code(), errc::transaction_aborted);
  EXPECT_EQ(db.transaction(dt::begin_mode::serializable,
                           [](auto& on) { return on.template query_value<std::string>("show transaction_isolation"); }),
            "serializable");
  EXPECT_EQ(seen(), "");
}

TEST_F(PostgresBegin, WhatCannotCarryTheBeginningComesBehindIt) {
  db.transaction([](auto& tx) { tx.script("insert into book values (1); insert into book values (2)"); });
  db.transaction([](auto& tx) {
    tx.transaction([](auto& inner) { inner.execute("insert into book values (?)", 3); });
    auto rows = tx.template stream<entry>("select x from book order by x");
    EXPECT_EQ((*rows.begin()).x, 1);
  });
  const auto undone = db.with(dt::as_result).transaction([](auto& tx) -> dt::result<void> {
    EXPECT_TRUE(tx.script("insert into book values (7)"));
    return dt::error_info{errc::no_row};
  });
  EXPECT_EQ(undone.error().code(), errc::no_row);
  {
    auto tx = db.begin();
    auto rows = tx.stream<entry>("insert into book values (8) returning x");
    EXPECT_EQ((*rows.begin()).x, 8);
  }
  {
    auto tx = db.begin();
    const std::vector<entry> more{{9}, {10}};
    tx.copy_in("book", more);
  }
  {
    auto tx = db.begin();
    const std::vector<entry> more{{11}, {12}};
    tx.insert("book", more);
  }
  EXPECT_EQ(seen(), "1 2 3");
  EXPECT_EQ(relay.connections(), 1);
}

TEST_F(PostgresBegin, AScriptThatEndsItLeavesNothingToRunAlone) {
  auto tx = db.with(dt::as_result).begin();
  ASSERT_TRUE(tx);
  EXPECT_TRUE(tx->execute("insert into book values (?)", 1));
  EXPECT_TRUE(tx->script("commit"));
  EXPECT_EQ(tx->execute("insert into book values (?)", 2).error().code(), errc::transaction_aborted);
  EXPECT_EQ(tx->commit().error().code(), errc::transaction_aborted);
  EXPECT_EQ(seen(), "1");
}

TEST_F(PostgresBegin, AStatementThatIsNotSentLeavesTheBeginningToTheNext) {
  auto tx = db.with(dt::as_result).begin();
  ASSERT_TRUE(tx);
  const int before = relay.rounds();
  EXPECT_FALSE(tx->execute("commit"));
  EXPECT_FALSE(tx->execute("insert into book values (?)", std::string("a\0b", 3)));
  EXPECT_TRUE(tx->execute("insert into book values (?)", 1));
  EXPECT_LE(relay.rounds(), before + 2);
  EXPECT_TRUE(tx->rollback());
  EXPECT_EQ(seen(), "");
  EXPECT_EQ(relay.connections(), 1);
}

/// As a hot standby refuses `serializable`: the server skips what comes behind.
TEST_F(PostgresBegin, WhatCannotBeginDoesNotRunItsFirstStatement) {
  relay.replace("begin isolation level serializable", "begin isolation level serializabel");
  {
    auto tx = db.with(dt::as_result).begin(dt::begin_mode::serializable);
    ASSERT_TRUE(tx);
    const auto refused = tx->execute("insert into book values (?)", 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), pg::sqlstate::syntax_error);
    EXPECT_EQ(heard, std::vector<std::string>{"error begin"});
    EXPECT_EQ(tx->execute("insert into book values (?)", 2).error().code(), errc::transaction_aborted);
    EXPECT_EQ(tx->script("insert into book values (3)").error().code(), errc::transaction_aborted);
    EXPECT_EQ(tx->commit().error().code(), errc::transaction_aborted);
  }
  {
    auto tx = db.with(dt::as_result).begin(dt::begin_mode::serializable);
    ASSERT_TRUE(tx);
    EXPECT_EQ(tx->script("insert into book values (3)").error().code(), pg::sqlstate::syntax_error);
    EXPECT_TRUE(tx->rollback());
  }
  const auto swallowed = db.with(dt::as_result).transaction(dt::begin_mode::serializable, [](auto& tx) {
    EXPECT_FALSE(tx.execute("insert into book values (?)", 4));
  });
  EXPECT_EQ(swallowed.error().code(), errc::transaction_aborted);
  await([](pg::async_client& adb) -> asio::awaitable<void> {
    for (const bool by_script : {false, true}) {
      const auto none =
          co_await adb.with(dt::as_result)
              .transaction(dt::begin_mode::serializable, [by_script](auto& tx) -> asio::awaitable<void> {
                dt::result<void> first;
                if (by_script) {
                  first = co_await tx.with(dt::as_result).script("insert into book values (5)");
                } else {
                  const auto done = co_await tx.with(dt::as_result).execute("insert into book values (?)", 6);
                  if (!done) first = done.error();
                }
                EXPECT_EQ(first.error().code(), pg::sqlstate::syntax_error);
                const auto next = co_await tx.with(dt::as_result).execute("insert into book values (?)", 7);
                EXPECT_EQ(next.error().code(), errc::transaction_aborted);
              });
      EXPECT_EQ(none.error().code(), errc::transaction_aborted);
    }
    co_await adb.execute("insert into book values (?)", 8);
  });
  EXPECT_EQ(seen(), "8");
}

TEST_F(PostgresBegin, AConnectionThatWasLostMeanwhileIsReplaced) {
  kill_backend();
  db.transaction([](auto& tx) { tx.execute("insert into book values (?)", 1); });
  EXPECT_EQ(heard, std::vector<std::string>{"retry begin"});
  kill_backend();
  db.transaction([](auto& tx) { tx.script("insert into book values (2)"); });
  EXPECT_EQ(heard, std::vector<std::string>{"retry begin"});
  kill_backend();
  db.transaction([](auto& tx) { tx.transaction([](auto& in) { in.execute("insert into book values (?)", 3); }); });
  EXPECT_EQ(heard, std::vector<std::string>{"retry begin"});

  auto tx = db.begin();  // between the two
  server.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'");
  ASSERT_TRUE(server.becomes("select count(*) from pg_stat_activity where usename = 'app'", "0"));
  std::this_thread::sleep_for(50ms);
  tx.execute("insert into book values (?)", 4);
  tx.commit();
  EXPECT_EQ(seen(), "1 2 3 4");
}

TEST_F(PostgresBegin, AnAnswerThatIsLostBeforeTheBeginningIsKnownRepeatsBoth) {
  for (const bool server_hears : {false, true}) {
    heard.clear();
    relay.cut_next(server_hears);
    db.transaction([](auto& tx) { tx.execute("insert into book values (?)", 1); });
    EXPECT_EQ(heard, std::vector<std::string>{"retry begin"});
  }
  EXPECT_EQ(seen(), "1 1");

  heard.clear();
  const auto lost = db.with(dt::as_result).transaction([&](auto& tx) -> dt::result<void> {
    EXPECT_TRUE(tx.execute("insert into book values (?)", 2));
    relay.cut_next(true);
    const auto second = tx.execute("insert into book values (?)", 2);
    if (!second) return second.error();
    return {};
  });
  EXPECT_EQ(lost.error().kind(), dt::condition::connection);
  EXPECT_EQ(seen(), "1 1");

  await([&](pg::async_client& adb) -> asio::awaitable<void> {
    co_await adb.execute("insert into book values (?)", 3);
    for (const bool server_hears : {false, true}) {
      relay.cut_next(server_hears);
      co_await adb.transaction([](auto& tx) -> asio::awaitable<void> {  //
        co_await tx.execute("insert into book values (?)", 3);
      });
      relay.cut_next(server_hears);
      co_await adb.transaction([](auto& tx) -> asio::awaitable<void> {  //
        co_await tx.script("insert into book values (3)");
      });
    }
  });
  EXPECT_EQ(seen(), "1 1 3 3 3 3 3");
}

struct PostgresBeginOnce : PostgresBegin {
  PostgresBeginOnce() : PostgresBegin(1) {}
};

TEST_F(PostgresBeginOnce, WithoutAnotherAttemptNothingIsCommitted) {
  kill_backend();
  const auto lost = db.with(dt::as_result).transaction([](auto& tx) {
    EXPECT_EQ(tx.execute("insert into book values (?)", 1).error().kind(), dt::condition::connection);
  });
  EXPECT_EQ(lost.error().code(), errc::transaction_aborted);
  EXPECT_EQ(heard, std::vector<std::string>{"error begin"});
  EXPECT_EQ(count(), "0");
  await(
      [&](pg::async_client& adb) -> asio::awaitable<void> {
        for (const bool by_script : {false, true}) {
          co_await adb.execute("insert into book values (?)", 3);
          relay.cut_next(true);
          const auto none = co_await adb.with(dt::as_result).transaction([&](auto& tx) -> asio::awaitable<void> {
            if (by_script) {
              const auto first = co_await tx.with(dt::as_result).script("insert into book values (4)");
              EXPECT_EQ(first.error().kind(), dt::condition::connection);
            } else {
              const auto first = co_await tx.with(dt::as_result).execute("insert into book values (?)", 4);
              EXPECT_EQ(first.error().kind(), dt::condition::connection);
            }
            const auto next = co_await tx.with(dt::as_result).execute("insert into book values (?)", 4);
            EXPECT_EQ(next.error().code(), errc::transaction_aborted);
          });
          EXPECT_EQ(none.error().code(), errc::transaction_aborted);
        }
      },
      1);
  EXPECT_EQ(seen(), "3 3");
}

/// The connection is gone, and there is no other one: what a body makes of that commits nothing.
TEST_F(PostgresBegin, WhereNoOtherConnectionIsToBeHadItIsAborted) {
  auto tx = db.with(dt::as_result).begin();
  ASSERT_TRUE(tx);
  relay.cut_next(false);
  relay.refuse(true);
  const auto none = tx->execute("insert into book values (?)", 1);
  EXPECT_EQ(none.error().kind(), dt::condition::connection);
  EXPECT_TRUE(tx->is_open());
  EXPECT_EQ(tx->execute("insert into book values (?)", 1).error().code(), errc::transaction_aborted);
  EXPECT_EQ(tx->commit().error().code(), errc::transaction_aborted);
  EXPECT_EQ(tx->commit().error().code(), errc::transaction_closed);
  const auto swallowed =
      db.with(dt::as_result).transaction([](auto& on) { EXPECT_FALSE(on.execute("insert into book values (?)", 1)); });
  EXPECT_FALSE(swallowed);
  relay.refuse(false);
  EXPECT_EQ(count(), "0");
}

TEST_F(PostgresBegin, ADeadlineInTheFirstStatementLeavesTheConnectionAlive) {
  const int mine = backend();
  {
    auto tx = db.with(dt::as_result).begin();
    ASSERT_TRUE(tx);
    EXPECT_EQ(tx->within(200ms).execute("select pg_sleep(600)").error().code(), errc::deadline_passed);
    EXPECT_EQ(tx->execute("insert into book values (?)", 1).error().code(), pg::sqlstate::in_failed_transaction);
    EXPECT_TRUE(tx->rollback());
  }
  EXPECT_EQ(backend(), mine);
  {
    auto tx = db.with(dt::as_result).begin();
    ASSERT_TRUE(tx);
    EXPECT_EQ(tx->within(dt::deadline::after(-1ms)).execute("insert into book values (?)", 1).error().code(),
              errc::deadline_passed);
    EXPECT_TRUE(tx->execute("insert into book values (?)", 2));
    EXPECT_TRUE(tx->commit());
  }
  EXPECT_EQ(backend(), mine);
  EXPECT_EQ(seen(), "2");
}

TEST_F(PostgresBegin, AsynchronousTransactionsTakeAsManyRoundTrips) {
  await([&](pg::async_client& adb) -> asio::awaitable<void> {
    co_await adb.execute("insert into book values (?)", 1);
    int before = relay.rounds();
    co_await adb.transaction([](auto& tx) -> asio::awaitable<void> {  //
      co_await tx.execute("insert into book values (?)", 2);
    });
    EXPECT_EQ(relay.rounds(), before + 2);
    before = relay.rounds();
    co_await adb.transaction([](auto&) -> asio::awaitable<void> { co_return; });
    const auto failed = co_await adb.with(dt::as_result).transaction([](auto&) -> asio::awaitable<dt::result<void>> {
      co_return dt::error_info{errc::no_row};
    });
    EXPECT_EQ(failed.error().code(), errc::no_row);
    EXPECT_EQ(relay.rounds(), before);
    co_await adb.transaction([](auto& tx) -> asio::awaitable<void> {
      co_await tx.transaction([](auto& in) -> asio::awaitable<void> {  //
        co_await in.execute("insert into book values (?)", 3);
      });
      auto rows = co_await tx.template stream<entry>("select x from book order by x");
      const entry* const first = co_await rows.next();
      EXPECT_EQ(first->x, 1);
    });
    co_await adb.transaction([](auto& tx) -> asio::awaitable<void> {
      auto rows = co_await tx.template stream<entry>("insert into book values (4) returning x");
      const entry* const first = co_await rows.next();
      EXPECT_EQ(first->x, 4);
    });
    const auto late = co_await adb.with(dt::as_result).transaction([](auto& tx) -> asio::awaitable<void> {
      const auto slept = co_await tx.within(200ms).with(dt::as_result).execute("select pg_sleep(600)");
      EXPECT_EQ(slept.error().code(), errc::deadline_passed);
    });
    EXPECT_EQ(late.error().code(), errc::transaction_aborted);
    EXPECT_EQ(adb.statistics().opened, 1U);
  });
  EXPECT_EQ(seen(), "1 2 3 4");
}

}  // namespace
