// Awaited sessions against a real PostgreSQL server.
#include <dovetail/asyncsql_async.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/postgres_server.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::asyncsql::transaction_mode;
using dt::test::postgres_server;

class AsyncsqlPostgresAwaited : public ::testing::Test {
 protected:
  AsyncsqlPostgresAwaited() {
    client.script(
        "drop schema if exists w cascade; create schema w; create table w.account(id int primary key, balance bigint);"
        "insert into w.account values (1, 100), (2, 100)");
  }

  auto session_in(transaction_mode mode) {
    dt::asyncsql::config how = dt::asyncsql::read_config(url).value();
    how.session.transaction.mode = mode;
    how.session.retry.initial_delay = 1ms;
    how.session.retry.max_delay = 10ms;
    how.session.retry.max_retries = 100;
    return dt::asyncsql::open_async<dt::postgres::async_client>(io.get_executor(), how, dt::asyncsql::no_guard{},
                                                                registry);
  }
  template <class... Bodies>
  void run(Bodies... bodies) {
    const auto seen = [](std::exception_ptr thrown) {
      if (!thrown) return;
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& what) {
        ADD_FAILURE() << what.what();
      }
    };
    (asio::co_spawn(io, std::move(bodies), seen), ...);
    io.run();
    io.restart();
  }
  std::int64_t balance(int id) {
    return client.query_value<std::int64_t>("select balance from w.account where id = $1", id);
  }

  std::string url = postgres_server::shared().url();
  asio::io_context io;
  dt::asyncsql::pool_registry registry;
  dt::postgres::client client{url};
};

TEST_F(AsyncsqlPostgresAwaited, X3_AManualTransferIsAllOrNothing) {
  auto manual = session_in(transaction_mode::manual);
  run([&]() -> asio::awaitable<void> {
    co_await manual.begin();
    co_await manual.execute("update w.account set balance = balance - :n where id = 1", dt::arg<"n">(30));
    co_await manual.execute("update w.account set balance = balance + :n where id = 2", dt::arg<"n">(30));
    co_await manual.commit();
    co_await manual.begin(dt::begin_mode::serializable);
    co_await manual.execute("update w.account set balance = 0");
    co_await manual.rollback();
  });
  EXPECT_EQ(balance(1), 70);
  EXPECT_EQ(balance(2), 130);
}

TEST_F(AsyncsqlPostgresAwaited, X3_ARollbackOnALostConnectionHasNothingToUndoAndSucceeds) {
  auto manual = session_in(transaction_mode::manual);
  int lost = 0;
  run([&]() -> asio::awaitable<void> {
    for (const bool commits : {false, true}) {
      co_await manual.begin();
      co_await manual.execute("insert into w.account values (3, 5)");
      try {
        co_await manual.execute("insert into w.account select 4, pg_terminate_backend(pg_backend_pid())::int");
      } catch (const dt::error& thrown) {
        EXPECT_EQ(thrown.kind(), dt::condition::connection) << thrown.what();
        ++lost;
      }
      EXPECT_TRUE(manual.is_in_transaction());
      if (commits) {
        try {
          co_await manual.commit();
        } catch (const dt::error&) {
          ++lost;  // what is lost is not committed
        }
      } else {
        co_await manual.rollback();
      }
      EXPECT_FALSE(manual.is_in_transaction());
    }
    auto automatic = session_in(transaction_mode::automatic);
    auto scope = co_await automatic.scope();
    try {
      co_await scope.execute("insert into w.account select 4, pg_terminate_backend(pg_backend_pid())::int");
    } catch (const dt::error&) {
      ++lost;
    }
    co_await scope.rollback();
    EXPECT_FALSE(scope.is_open());
  });
  EXPECT_EQ(lost, 4);
  EXPECT_EQ(client.query_value<std::int64_t>("select count(*) from w.account"), 2);
}

TEST_F(AsyncsqlPostgresAwaited, X3_ARollbackThatFindsItsConnectionLostDoesNotHideWhatItWasToUndo) {
  auto manual = session_in(transaction_mode::manual);
  const auto end_backend = [&](int backend) {
    client.query_value<bool>("select pg_terminate_backend($1)", backend);
    while (client.query_value<std::int64_t>("select count(*) from pg_stat_activity where pid = $1", backend) != 0) {
      std::this_thread::sleep_for(2ms);
    }
  };
  dt::error_info seen;
  bool is_scope_undone = false;
  run([&]() -> asio::awaitable<void> {
    co_await manual.begin();
    const int backend = co_await manual.query_value<int>("select pg_backend_pid()");
    const auto first = co_await manual.with(dt::as_result).execute("insert into w.account values (1, 5)");
    end_backend(backend);  // nobody has noticed yet
    co_await manual.rollback();
    seen = first.error();
    auto automatic = session_in(transaction_mode::automatic);
    auto scope = co_await automatic.scope();
    end_backend(co_await scope.template query_value<int>("select pg_backend_pid()"));
    co_await scope.rollback();
    is_scope_undone = !scope.is_open();
  });
  EXPECT_EQ(seen.kind(), dt::condition::constraint) << seen.message();
  EXPECT_FALSE(manual.is_in_transaction());
  EXPECT_TRUE(is_scope_undone);
  EXPECT_EQ(client.query_value<std::int64_t>("select count(*) from w.account"), 2);
}

TEST_F(AsyncsqlPostgresAwaited, X3_WhatARollbackFailsOfIsToldBehindTheFirstFailure) {
  dt::asyncsql::session_settings how;
  how.transaction.mode = transaction_mode::manual;
  how.transaction.close_limit = 200ms;
  dt::postgres::async_client on{io.get_executor(), url};
  using session = dt::asyncsql::async_session<dt::postgres::async_client>;
  session manual{on, how};
  how.transaction.mode = transaction_mode::automatic;
  how.retry.max_retries = 0;
  session automatic{on, how};
  std::vector<dt::error_info> seen;
  ::pid_t backend = 0;
  const auto body = [&](auto& tx) -> asio::awaitable<void> {
    backend = static_cast<::pid_t>(co_await tx.template query_value<int>("select pg_backend_pid()"));
    dt::error_info failed;
    try {
      co_await tx.execute("insert into w.account values (1, 5)");
    } catch (const dt::error& thrown) {
      failed = thrown.info();
    }
    ::kill(backend, SIGSTOP);
    throw dt::error{failed};
  };
  run([&]() -> asio::awaitable<void> {
    co_await manual.begin();
    backend = static_cast<::pid_t>(co_await manual.query_value<int>("select pg_backend_pid()"));
    static_cast<void>(co_await manual.with(dt::as_result).execute("insert into w.account values (1, 5)"));
    ::kill(backend, SIGSTOP);
    try {
      co_await manual.rollback();
    } catch (const dt::error& thrown) {
      seen.push_back(thrown.info());
    }
    ::kill(backend, SIGCONT);
    try {
      co_await automatic.run_transaction(body);
    } catch (const dt::error& thrown) {
      seen.push_back(thrown.info());
    }
    ::kill(backend, SIGCONT);
  });
  ASSERT_EQ(seen.size(), 2u);
  for (const dt::error_info& each : seen) {
    EXPECT_EQ(each.kind(), dt::condition::constraint) << each.message();
    EXPECT_NE(each.suppressed().find("timeout"), std::string_view::npos) << each.message();
  }
}

TEST_F(AsyncsqlPostgresAwaited, X6_AnAbortedTransactionIsNotCommittedInSilence) {
  auto manual = session_in(transaction_mode::manual);
  bool is_refused = false;
  run([&]() -> asio::awaitable<void> {
    co_await manual.begin();
    co_await manual.execute("insert into w.account values (3, 5)");
    try {
      co_await manual.execute("insert into w.account values (3, 5)");
    } catch (const dt::error& thrown) {
      EXPECT_EQ(thrown.kind(), dt::condition::constraint);
    }
    try {
      co_await manual.commit();
    } catch (const dt::error&) {
      is_refused = true;
    }
  });
  EXPECT_TRUE(is_refused);
  EXPECT_EQ(client.query_value<std::int64_t>("select count(*) from w.account"), 2);
}

TEST_F(AsyncsqlPostgresAwaited, X10_ASessionThatGoesLeavesNoTransactionOnTheServer) {
  {
    auto manual = session_in(transaction_mode::manual);
    run([&]() -> asio::awaitable<void> {
      co_await manual.begin();
      co_await manual.execute("delete from w.account");
    });
  }
  io.run();
  io.restart();
  EXPECT_EQ(client.query_value<std::int64_t>("select count(*) from w.account"), 2);
}

TEST_F(AsyncsqlPostgresAwaited, ConcurrentTransfersAreRepeatedUntilAllAreDone) {
  auto automatic = session_in(transaction_mode::automatic);
  const auto move = [&]() -> asio::awaitable<void> {
    for (int n = 0; n < 20; ++n) {
      co_await automatic.run_transaction(dt::begin_mode::repeatable_read, [](auto& tx) -> asio::awaitable<void> {
        const auto have = co_await tx.template query_value<std::int64_t>("select balance from w.account where id = 1");
        co_await tx.execute("update w.account set balance = $1 where id = 1", have - 1);
        co_await tx.execute("update w.account set balance = balance + 1 where id = 2");
      });
    }
  };
  run(move, move);
  EXPECT_EQ(balance(1), 60);
  EXPECT_EQ(balance(2), 140);
  EXPECT_EQ(automatic.metrics().commits(), 40u);
}

TEST_F(AsyncsqlPostgresAwaited, P11_StatementsThatAreNotAnsweredInTimeOpenTheCircuitThoughTheirTransactionsBegin) {
  dt::asyncsql::config how = dt::asyncsql::read_config(url).value();
  how.session.retry.max_retries = 0;
  how.session.timeout = 300ms;
  how.session.circuit.failures = 2;
  how.session.circuit.open_time = 1h;
  auto automatic =
      dt::asyncsql::open_async<dt::postgres::async_client>(io.get_executor(), how, dt::asyncsql::no_guard{}, registry);
  auto blocker = client.begin();
  blocker.execute("update w.account set balance = 0 where id = 1");
  std::vector<dt::error_info> seen;
  run([&]() -> asio::awaitable<void> {
    for (int i = 0; i < 3; ++i) {
      const auto answer =
          co_await automatic.with(dt::as_result).execute("update w.account set balance = 1 where id = 1");
      seen.push_back(answer.error());
    }
  });
  blocker.rollback();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].code(), dt::errc::deadline_passed);
  EXPECT_EQ(seen[1].code(), dt::errc::deadline_passed);
  EXPECT_EQ(seen[2].code(), dt::errc::circuit_open) << seen[2].message();
}

TEST_F(AsyncsqlPostgresAwaited, P2_AnotherExecutorIsAnotherPool) {
  asio::io_context other;
  const auto how = dt::asyncsql::read_config(url).value();
  auto here =
      dt::asyncsql::open_async<dt::postgres::async_client>(io.get_executor(), how, dt::asyncsql::no_guard{}, registry);
  auto there = dt::asyncsql::open_async<dt::postgres::async_client>(other.get_executor(), how, dt::asyncsql::no_guard{},
                                                                    registry);
  auto again =
      dt::asyncsql::open_async<dt::postgres::async_client>(io.get_executor(), how, dt::asyncsql::no_guard{}, registry);
  EXPECT_EQ(registry.count(), 2u);
  EXPECT_EQ(&here.client(), &again.client());
  EXPECT_NE(&here.client(), &there.client());
}

}  // namespace
