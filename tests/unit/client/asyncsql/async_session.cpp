#include <dovetail/client/asyncsql/async_session.hpp>

#include <dovetail/client/asyncsql/open_async.hpp>
#include <dovetail/sqlite_async.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::asyncsql::session_settings;
using dt::asyncsql::transaction_mode;
using session = dt::asyncsql::async_session<dt::sqlite::async_client>;

session_settings in_mode(transaction_mode mode) {
  session_settings how;
  how.transaction.mode = mode;
  how.retry.initial_delay = 1ms;
  how.retry.max_delay = 20ms;
  return how;
}

class AsyncsqlAsyncSession : public ::testing::Test {
 protected:
  AsyncsqlAsyncSession() {
    client.execute("create table account(id integer primary key, balance integer not null)");
    client.execute("insert into account values (1, 100), (2, 100)");
  }
  ~AsyncsqlAsyncSession() override {
    db.close();
    client.close();
    for (const char* end : {"", "-wal", "-shm"}) {
      std::error_code ec;
      std::filesystem::remove(path + end, ec);
    }
  }

  /// Runs coroutines until all have ended; what one throws fails the test.
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
    return client.query_value<std::int64_t>("select balance from account where id = ?", id);
  }

  std::string path = (std::filesystem::temp_directory_path() /
                      ("dovetail_async_session_" + std::to_string(::getpid()) + "_" +
                       ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".db"))
                         .string();
  asio::io_context io;
  dt::sqlite::client client{"sqlite:" + path};
  dt::sqlite::async_client db{io.get_executor(), "sqlite:" + path + "?busyTimeout=0"};
};

asio::awaitable<dt::error_info> failure(asio::awaitable<dt::summary> statement) {
  try {
    co_await std::move(statement);
  } catch (const dt::error& thrown) {
    co_return thrown.info();
  }
  co_return dt::error_info{};
}
asio::awaitable<dt::error_info> failure(asio::awaitable<void> call) {
  try {
    co_await std::move(call);
  } catch (const dt::error& thrown) {
    co_return thrown.info();
  }
  co_return dt::error_info{};
}

TEST_F(AsyncsqlAsyncSession, X1_AnAutomaticInsertIsKeptAndAFailingOneIsNot) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  run([&]() -> asio::awaitable<void> {
    const dt::summary done = co_await automatic.execute("insert into account values (?, ?)", 3, 5);
    EXPECT_EQ(done.rows_affected, 1);
    const auto why = co_await failure(automatic.execute("insert into account values (3, 6)"));
    EXPECT_EQ(why.kind(), dt::condition::constraint);
    EXPECT_EQ(co_await automatic.query_value<int>("select balance from account where id = 3"), 5);
  });
  EXPECT_EQ(automatic.metrics().commits(), 1u);
  EXPECT_EQ(automatic.metrics().rollbacks(), 1u);
}

TEST_F(AsyncsqlAsyncSession, X3_AManualTransferIsAllOrNothing) {
  session manual{db, in_mode(transaction_mode::manual)};
  run([&]() -> asio::awaitable<void> {
    //[awaited
    co_await manual.begin();
    co_await manual.execute("update account set balance = balance - :n where id = 1", dt::arg<"n">(30));
    co_await manual.execute("update account set balance = balance + :n where id = 2", dt::arg<"n">(30));
    EXPECT_EQ(co_await manual.query_value<int>("select balance from account where id = 1"), 70);
    co_await manual.commit();
    //]
    co_await manual.begin();
    co_await manual.execute("update account set balance = 0");
    co_await manual.rollback();
  });
  EXPECT_EQ(balance(1), 70);
  EXPECT_EQ(balance(2), 130);
  EXPECT_EQ(manual.statistics().active, 0u);
}

TEST_F(AsyncsqlAsyncSession, X5_OfTwoConcurrentBeginsExactlyOneWins) {
  session manual{db, in_mode(transaction_mode::manual)};
  int won = 0;
  const auto one = [&]() -> asio::awaitable<void> {
    const auto why = co_await failure(manual.begin());
    if (!why) ++won;
  };
  run(one, one, one, one);
  EXPECT_EQ(won, 1);
  EXPECT_EQ(manual.statistics().active, 1u);
  run([&]() -> asio::awaitable<void> { co_await manual.rollback(); });
  EXPECT_EQ(manual.statistics().active, 0u);
}

TEST_F(AsyncsqlAsyncSession, CoroutinesTakeTurnsInAManualTransaction) {
  session manual{db, in_mode(transaction_mode::manual)};
  run([&]() -> asio::awaitable<void> { co_await manual.begin(); });
  const auto add = [&]() -> asio::awaitable<void> {
    for (int n = 0; n < 50; ++n) co_await manual.execute("update account set balance = balance + 1 where id = 1");
  };
  run(add, add, add, add);
  run([&]() -> asio::awaitable<void> { co_await manual.commit(); });
  EXPECT_EQ(balance(1), 300);
  // Their waits are lock contention, as those of threads are.
  const std::string text = manual.prometheus();
  for (const char* line : {"asyncsql_lock_acquisitions_total{pool_key=\"asyncsql\",status=\"success\"} 202\n",
                           "asyncsql_lock_acquisitions_total{pool_key=\"asyncsql\",status=\"timeout\"} 0\n",
                           "asyncsql_active_locks{pool_key=\"asyncsql\"} 0\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\nin\n" << text;
  }
  EXPECT_EQ(text.find("asyncsql_lock_wait_seconds_count{pool_key=\"asyncsql\"} 0\n"), std::string::npos) << text;
}

TEST_F(AsyncsqlAsyncSession, P21_WaitsForAConnectionAreMeasured) {
  dt::sqlite::async_client one{io.get_executor(), "sqlite:" + path + "?maxConnections=1&acquireTimeout=20"};
  session automatic{one, in_mode(transaction_mode::automatic)};
  run([&]() -> asio::awaitable<void> {
    auto scope = co_await automatic.scope();
    auto given = automatic.with(dt::as_result);
    const auto full = co_await given.query_value<int>("select 1");
    EXPECT_TRUE(!full && full.error().code() == dt::errc::pool_wait_timeout);
    co_await scope.rollback();
    EXPECT_EQ(co_await automatic.query_value<int>("select 1"), 1);
  });
  const std::string text = automatic.prometheus();
  for (const char* line : {"kailash_pool_acquire_wait_seconds_count{pool=\"asyncsql\"} 3\n",
                           "kailash_pool_exhaustion_events_total{pool=\"asyncsql\"} 1\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\nin\n" << text;
  }
  one.close();
}

TEST_F(AsyncsqlAsyncSession, X10_AClosedSessionHasRolledBack) {
  session manual{db, in_mode(transaction_mode::manual)};
  run([&]() -> asio::awaitable<void> {
    co_await manual.begin();
    co_await manual.execute("delete from account");
    co_await manual.close();
    const auto why = co_await failure(manual.execute("delete from account"));
    EXPECT_EQ(why.code(), dt::errc::transaction_closed);
  });
  EXPECT_EQ(client.query_value<int>("select count(*) from account"), 2);
}

TEST_F(AsyncsqlAsyncSession, X17_ASavepointUndoesWhatCameBehindIt) {
  session manual{db, in_mode(transaction_mode::manual)};
  run([&]() -> asio::awaitable<void> {
    co_await manual.begin();
    co_await manual.execute("insert into account values (3, 1)");
    co_await manual.savepoint("inner");
    co_await manual.execute("insert into account values (4, 1)");
    co_await manual.rollback_to("inner");
    const auto why = co_await failure(manual.savepoint("x\"; drop table account"));
    EXPECT_EQ(why.code(), dt::errc::malformed_statement);
    co_await manual.commit();
  });
  EXPECT_EQ(client.query_value<int>("select count(*) from account"), 3);
}

TEST_F(AsyncsqlAsyncSession, ABodyThatCanBeNeitherReleasedNorUndoneIsNotCommitted) {
  session manual{db, in_mode(transaction_mode::manual)};
  const auto body = [](auto& tx) -> asio::awaitable<void> {
    co_await tx.execute("insert into account values (3, 1)");
    co_await tx.script("release savepoint \"dovetail nested 1\"");  // the mark that the session has set itself
  };
  run([&]() -> asio::awaitable<void> {
    co_await manual.begin();
    EXPECT_TRUE(co_await failure(manual.run_transaction(body)));
    const auto refused = co_await failure(manual.commit());
    EXPECT_EQ(refused.code(), dt::errc::transaction_aborted);
  });
  EXPECT_EQ(client.query_value<int>("select count(*) from account"), 2);
}

TEST_F(AsyncsqlAsyncSession, X21_CallsThatTheModeDoesNotAllowAreRefused) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  session manual{db, in_mode(transaction_mode::manual)};
  run([&]() -> asio::awaitable<void> {
    const auto begin = co_await failure(automatic.begin());
    EXPECT_NE(begin.message().find("can only be called in 'manual' transaction mode"), std::string::npos);
    const auto commit = co_await failure(manual.commit());
    EXPECT_NE(commit.message().find("No active transaction to commit"), std::string::npos);
  });
}

TEST_F(AsyncsqlAsyncSession, X22_RunTransactionRepeatsTheWholeBodyAfterAConflict) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  int calls = 0;
  run([&]() -> asio::awaitable<void> {
    const int seen =
        co_await automatic.run_transaction(dt::begin_mode::deferred, [&](auto& tx) -> asio::awaitable<int> {
          const int before = co_await tx.template query_value<int>("select balance from account where id = 1");
          if (++calls == 1) client.execute("update account set balance = 10 where id = 1");
          co_await tx.execute("update account set balance = ? where id = 1", before + 1);
          co_return before;
        });
    EXPECT_EQ(seen, 10);
  });
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(balance(1), 11);
}

template <class Session>
asio::awaitable<void> expect_refused_inside(Session& db) {
  const auto is_refused = [](const dt::error_info& why) {
    EXPECT_EQ(why.code(), dt::errc::invalid_state) << why.message();
    EXPECT_NE(why.message().find("inside of its own transaction"), std::string::npos) << why.message();
  };
  is_refused(co_await failure(db.execute("delete from account")));
  auto view = db.within(50s);
  is_refused(co_await failure(view.execute("delete from account")));
  auto given = view.with(dt::as_result);
  const auto answer = co_await given.execute("delete from account");
  is_refused(answer ? dt::error_info{} : answer.error());
  auto body = [](auto& tx) -> asio::awaitable<void> { co_await tx.execute("delete from account"); };
  is_refused(co_await failure(db.run_transaction(body)));
  const auto stream = co_await given.template stream<std::int64_t>("select id from account");
  is_refused(stream ? dt::error_info{} : stream.error());
  if (db.mode() == transaction_mode::manual) {
    is_refused(co_await failure(db.begin()));
    is_refused(co_await failure(db.savepoint("mark")));
    is_refused(co_await failure(db.commit()));
    is_refused(co_await failure(db.rollback()));
  } else {
    dt::error_info why;
    try {
      const auto scope = co_await db.scope();
    } catch (const dt::error& thrown) {
      why = thrown.info();
    }
    is_refused(why);
  }
}

TEST_F(AsyncsqlAsyncSession, ItsOwnVerbInTheBodyOfItsTransactionIsRefusedAtOnce) {
  session manual{db, in_mode(transaction_mode::manual)};
  session automatic{db, in_mode(transaction_mode::automatic)};
  int bodies = 0;
  run([&]() -> asio::awaitable<void> {
    const auto body = [&](auto& tx) -> asio::awaitable<void> {
      co_await expect_refused_inside(manual);
      co_await tx.transaction([&](auto&) -> asio::awaitable<void> { co_await expect_refused_inside(manual); });
      // Of a coroutine that the body spawns and awaits.
      const asio::any_io_executor mine = co_await asio::this_coro::executor;
      auto child = expect_refused_inside(manual);
      co_await asio::co_spawn(mine, std::move(child), asio::use_awaitable);
      co_await tx.execute("update account set balance = balance + 1 where id = 1");
      ++bodies;
    };
    co_await manual.run_transaction(body);  // of its own
    co_await manual.begin();
    co_await manual.run_transaction(body);  // joins that one
    co_await manual.commit();
    co_await automatic.run_transaction([&](auto& tx) -> asio::awaitable<void> {
      co_await expect_refused_inside(automatic);
      // Another session is not meant, and its body is in both.
      const auto inner = [&](auto&) -> asio::awaitable<void> {
        co_await expect_refused_inside(manual);
        co_await expect_refused_inside(automatic);
      };
      co_await manual.run_transaction(dt::begin_mode::deferred, inner);
      EXPECT_EQ(co_await manual.query_value<int>("select count(*) from account"), 2);
      co_await tx.execute("update account set balance = balance + 1 where id = 1");
      ++bodies;
    });
    EXPECT_EQ(co_await automatic.query_value<int>("select count(*) from account"), 2);
  });
  EXPECT_EQ(bodies, 3);
  EXPECT_EQ(balance(1), 103);
}

TEST_F(AsyncsqlAsyncSession, OtherCoroutinesUseTheSessionWhileABodyRuns) {
  session manual{db, in_mode(transaction_mode::manual)};
  std::string order;
  run([&]() -> asio::awaitable<void> { co_await manual.begin(); });
  bool is_inside = false;
  const auto bodied = [&]() -> asio::awaitable<void> {
    co_await manual.run_transaction([&](auto& tx) -> asio::awaitable<void> {
      is_inside = true;
      co_await tx.execute("update account set balance = 1 where id = 1");
      for (int n = 0; n < 20; ++n) co_await asio::post(io, asio::use_awaitable);
      order += "body ";
    });
  };
  const auto other = [&]() -> asio::awaitable<void> {
    while (!is_inside) co_await asio::post(io, asio::use_awaitable);
    co_await manual.execute("update account set balance = balance + 1 where id = 1");
    order += "other";
  };
  run(bodied, other);
  EXPECT_EQ(order, "body other");
  run([&]() -> asio::awaitable<void> { co_await manual.commit(); });
  EXPECT_EQ(balance(1), 2);
}

TEST_F(AsyncsqlAsyncSession, WhatABodyHasSpawnedUsesTheSessionWhenTheBodyIsOver) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  bool is_over = false;
  int seen = 0;
  run([&]() -> asio::awaitable<void> {
    co_await automatic.run_transaction([&](auto& tx) -> asio::awaitable<void> {
      const asio::any_io_executor mine = co_await asio::this_coro::executor;
      const auto late = [&]() -> asio::awaitable<void> {
        while (!is_over) co_await asio::post(io, asio::use_awaitable);
        seen = co_await automatic.query_value<int>("select balance from account where id = 1");
      };
      asio::co_spawn(mine, late, asio::detached);
      co_await tx.execute("update account set balance = 7 where id = 1");
    });
    is_over = true;
  });
  EXPECT_EQ(seen, 7);
}

TEST_F(AsyncsqlAsyncSession, ACancellationOfAnyKindReachesTheBody) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  for (const asio::cancellation_type kind : {asio::cancellation_type::terminal, asio::cancellation_type::total}) {
    asio::cancellation_signal stop;
    std::error_code inside;
    const auto body = [&](auto& tx) -> asio::awaitable<void> {
      co_await tx.execute("delete from account");
      asio::steady_timer forever{io, (asio::steady_timer::time_point::max)()};
      asio::post(io, [&stop, kind] { stop.emit(kind); });
      co_await forever.async_wait(asio::redirect_error(asio::use_awaitable, inside));
      if (inside) throw std::system_error{inside};
    };
    const auto call = [&]() -> asio::awaitable<void> {
      co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
      co_await automatic.run_transaction(body);
    };
    std::exception_ptr ended;
    asio::co_spawn(io, call, asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr why) { ended = why; }));
    io.run();
    io.restart();
    EXPECT_EQ(inside, asio::error::operation_aborted);
    EXPECT_TRUE(ended);
    EXPECT_EQ(client.query_value<int>("select count(*) from account"), 2);
  }
}

TEST_F(AsyncsqlAsyncSession, WhetherACancelledCoroutineThrowsIsTheCallersToSay) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  asio::cancellation_signal stop;
  const auto body = [](auto& tx) -> asio::awaitable<void> {
    co_await tx.execute("update account set balance = balance + 1 where id = 1");
    const auto inner = [](auto& nested) -> asio::awaitable<void> {
      co_await nested.execute("update account set balance = balance + 1 where id = 2");
    };
    co_await tx.transaction(inner);
    co_await tx.execute("update account set balance = balance + 1 where id = 1");
  };
  const auto call = [&]() -> asio::awaitable<void> {
    co_await asio::this_coro::throw_if_cancelled(false);
    asio::steady_timer forever{io, (asio::steady_timer::time_point::max)()};
    asio::post(io, [&stop] { stop.emit(asio::cancellation_type::terminal); });
    std::error_code ec;
    co_await forever.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    EXPECT_EQ(ec, asio::error::operation_aborted);
    // What is to be tidied up is done, each step of it.
    co_await automatic.execute("update account set balance = balance + 10 where id = 1");
    EXPECT_FALSE(co_await asio::this_coro::throw_if_cancelled());
    co_await automatic.run_transaction(body);
    EXPECT_FALSE(co_await asio::this_coro::throw_if_cancelled());
    co_await db.transaction(body);
    EXPECT_FALSE(co_await asio::this_coro::throw_if_cancelled());
  };
  std::exception_ptr ended;
  asio::co_spawn(io, call, asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr why) { ended = why; }));
  io.run();
  EXPECT_FALSE(ended);
  EXPECT_EQ(balance(1), 114);
  EXPECT_EQ(balance(2), 102);
}

TEST_F(AsyncsqlAsyncSession, ACancelledPauseBeforeTheNextAttemptIsACancelledCall) {
  session_settings how = in_mode(transaction_mode::automatic);
  how.retry.initial_delay = how.retry.max_delay = 1h;
  how.retry.codes = {"19"};  // SQLITE_CONSTRAINT
  how.timeout = 2h;
  session patient{db, how};
  asio::cancellation_signal stop;
  const auto stop_in_pause = [&](const session& of) {
    while (of.prometheus().find("asyncsql_retries_total{pool_key=\"asyncsql\"} 1") == std::string::npos) io.run_one();
    while (io.poll_one() != 0) {
    }
    stop.emit(asio::cancellation_type::terminal);
    io.run();
    io.restart();
  };
  const auto insert = "insert into account values (1, 1)";
  dt::error_info by_callback;
  const auto note = [&](const dt::result<dt::summary>& answer) { by_callback = answer.error(); };
  patient.with(asio::bind_cancellation_slot(stop.slot(), note)).execute(dt::runtime{insert});
  stop_in_pause(patient);
  EXPECT_EQ(by_callback.code(), dt::errc::cancelled) << by_callback.message();

  session another{db, how};
  std::exception_ptr thrown;
  dt::error_info by_result;
  const auto call = [&]() -> asio::awaitable<void> {
    const auto answer = co_await another.with(dt::as_result).execute("insert into account values (1, 1)");
    by_result = answer.error();
  };
  asio::co_spawn(io, call, asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr why) { thrown = why; }));
  stop_in_pause(another);
  EXPECT_FALSE(thrown);
  EXPECT_EQ(by_result.code(), dt::errc::cancelled) << by_result.message();
}

TEST_F(AsyncsqlAsyncSession, ACancelledWaitForATurnIsACancelledCall) {
  session manual{db, in_mode(transaction_mode::manual)};
  asio::cancellation_signal stop;
  asio::steady_timer until_stopped{io, (asio::steady_timer::time_point::max)()};
  dt::error_info why;
  std::exception_ptr thrown;
  const auto waits = [&]() -> asio::awaitable<void> {
    const auto answer = co_await manual.with(dt::as_result).execute("delete from account");
    why = answer.error();
    until_stopped.cancel();
  };
  run([&]() -> asio::awaitable<void> {
    co_await manual.begin();
    co_await manual.run_transaction([&](auto& tx) -> asio::awaitable<void> {
      asio::co_spawn(io, waits, asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr by) { thrown = by; }));
      co_await tx.execute("update account set balance = 7 where id = 1");  // its wait begins meanwhile
      asio::post(io, [&] { stop.emit(asio::cancellation_type::terminal); });
      std::error_code ec;
      co_await until_stopped.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    });
    co_await manual.commit();
  });
  EXPECT_FALSE(thrown);
  EXPECT_EQ(why.code(), dt::errc::cancelled) << why.message();
  EXPECT_EQ(balance(1), 7);
}

TEST_F(AsyncsqlAsyncSession, ACommitThatIsCancelledWhileItWaitsForReadersEndsTheTransaction) {
  client.script("pragma journal_mode = delete");
  dt::sqlite::async_client patient{io.get_executor(), "sqlite:" + path + "?journal=delete&busyTimeout=1h"};
  dt::sqlite::client other{"sqlite:" + path + "?journal=delete"};
  session manual{patient, in_mode(transaction_mode::manual)};
  auto reading = other.begin(dt::begin_mode::deferred);
  EXPECT_EQ(reading.query_value<int>("select balance from account where id = 1"), 100);
  asio::cancellation_signal stop;
  asio::steady_timer later{io};
  dt::error_info why;
  std::exception_ptr thrown;
  bool is_in_transaction = true;
  const auto body = [&]() -> asio::awaitable<void> {
    co_await manual.begin();
    co_await manual.execute("update account set balance = 7 where id = 1");
    later.expires_after(100ms);
    later.async_wait([&](std::error_code) { stop.emit(asio::cancellation_type::terminal); });
    try {
      co_await manual.commit();  // waits for the reader
    } catch (const dt::error& failed) {
      why = failed.info();
    }
    is_in_transaction = manual.is_in_transaction();
  };
  asio::co_spawn(io, body, asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr by) { thrown = by; }));
  io.run();
  io.restart();
  EXPECT_FALSE(thrown);
  EXPECT_EQ(why.code(), dt::errc::cancelled) << why.message();
  EXPECT_FALSE(is_in_transaction);
  reading.rollback();
  EXPECT_EQ(balance(1), 100);
  run([&]() -> asio::awaitable<void> {
    co_await manual.begin();
    co_await manual.execute("update account set balance = 8 where id = 1");
    co_await manual.commit();
  });
  EXPECT_EQ(balance(1), 8);
}

TEST_F(AsyncsqlAsyncSession, TheTimeoutIsOfEachStatementOfABodyNotOfAllOfIt) {
  session_settings how = in_mode(transaction_mode::automatic);
  how.timeout = 1s;
  session automatic{db, how};
  run([&]() -> asio::awaitable<void> {
    co_await automatic.run_transaction([&](auto& tx) -> asio::awaitable<void> {
      co_await tx.execute("update account set balance = 1 where id = 1");
      asio::steady_timer longer{io, 1100ms};
      co_await longer.async_wait(asio::use_awaitable);
      co_await tx.execute("update account set balance = 2 where id = 2");
    });
  });
  EXPECT_EQ(balance(1), 1);
  EXPECT_EQ(balance(2), 2);
}

TEST_F(AsyncsqlAsyncSession, X14_ABodyThatThrowsIsRolledBackAndNotRepeated) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  int calls = 0;
  bool caught = false;
  run([&]() -> asio::awaitable<void> {
    try {
      co_await automatic.run_transaction([&](auto& tx) -> asio::awaitable<void> {
        ++calls;
        co_await tx.execute("delete from account");
        throw std::runtime_error("no");
      });
    } catch (const std::runtime_error&) {
      caught = true;
    }
  });
  EXPECT_TRUE(caught);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(client.query_value<int>("select count(*) from account"), 2);
}

TEST_F(AsyncsqlAsyncSession, Y5_AnAutomaticStatementIsRepeatedWhenTheDatabaseIsBusy) {
  session_settings how = in_mode(transaction_mode::automatic);
  how.retry.max_retries = 1000;
  auto config = dt::asyncsql::read_config("sqlite:" + path + "?busyTimeout=0").value();
  config.session = how;
  dt::asyncsql::pool_registry registry;
  auto automatic =
      dt::asyncsql::open_async<dt::sqlite::async_client>(io.get_executor(), config, dt::asyncsql::no_guard{}, registry);
  auto again =
      dt::asyncsql::open_async<dt::sqlite::async_client>(io.get_executor(), config, dt::asyncsql::no_guard{}, registry);
  EXPECT_EQ(registry.count(), 1u) << "the same executor and settings share a pool";
  auto blocker = client.begin();
  run([&]() -> asio::awaitable<void> { co_await automatic.execute("insert into account values (3, 1)"); },
      [&]() -> asio::awaitable<void> {
        asio::steady_timer pause{io, 30ms};
        co_await pause.async_wait(asio::use_awaitable);
        blocker.rollback();
      });
  EXPECT_EQ(client.query_value<int>("select count(*) from account"), 3);
}

}  // namespace
