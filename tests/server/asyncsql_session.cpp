#include <dovetail/asyncsql.hpp>
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/postgres_server.hpp>
#include <support/savepoint_streams.hpp>

#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::asyncsql::session_settings;
using dt::asyncsql::transaction_mode;
using dt::test::postgres_server;
using session = dt::asyncsql::session<dt::postgres::client>;

session_settings in_mode(transaction_mode mode) {
  session_settings how;
  how.transaction.mode = mode;
  how.retry.initial_delay = 1ms;
  how.retry.max_delay = 20ms;
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

bool says(const dt::error_info& why, std::string_view words) { return why.message().find(words) != std::string::npos; }

class AsyncsqlPostgres : public ::testing::Test {
 protected:
  AsyncsqlPostgres() {
    db.script(
        "drop schema if exists t cascade; create schema t;"
        "create table t.account(id int primary key, balance bigint not null, on_call bool not null default true);"
        "insert into t.account values (1, 100), (2, 100); create sequence t.runs");
  }
  std::int64_t balance(int id) {
    return db.query_value<std::int64_t>("select balance from t.account where id = $1", id);
  }
  std::int64_t count() { return db.query_value<std::int64_t>("select count(*) from t.account"); }
  std::string url(std::string_view more = {}) { return postgres_server::shared().url("app", more); }

  dt::postgres::client db{url()};
};

TEST_F(AsyncsqlPostgres, X1_AnAutomaticInsertIsKeptAndAFailingOneLeavesAUsableConnection) {
  dt::postgres::client own{url("?maxConnections=1")};
  session automatic{own, in_mode(transaction_mode::automatic)};
  EXPECT_EQ(automatic.execute("insert into t.account values (3, 5)").rows_affected, 1);
  EXPECT_EQ(failure([&] { automatic.execute("insert into t.account values (3, 6)"); }).kind(),
            dt::condition::constraint);
  EXPECT_EQ(automatic.query_value<std::int64_t>("select balance from t.account where id = 3"), 5);
  EXPECT_EQ(own.statistics().opened, 1u);
}

TEST_F(AsyncsqlPostgres, X2_ACommitThatIsLostIsNotRepeated) {
  db.script(
      "create function t.die() returns trigger language plpgsql as $$ begin perform nextval('t.runs');"
      "perform pg_terminate_backend(pg_backend_pid()); perform pg_sleep(1); return null; end $$;"
      "create constraint trigger dies after insert on t.account deferrable initially deferred for each row "
      "execute function t.die()");
  session automatic{db, in_mode(transaction_mode::automatic)};
  const auto why = failure([&] { automatic.execute("insert into t.account values (3, 5)"); });
  EXPECT_TRUE(why.kind() == dt::condition::commit_unknown || why.kind() == dt::condition::connection) << why.message();
  EXPECT_EQ(db.query_value<std::int64_t>("select last_value from t.runs"), 1) << "executed once";
  EXPECT_EQ(automatic.metrics().retries(), 0u);
}

TEST_F(AsyncsqlPostgres, X3_AManualTransferIsAllOrNothing) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  manual.execute("update t.account set balance = balance - :amount where id = :id", dt::arg<"amount">(30),
                 dt::arg<"id">(1));
  manual.execute("update t.account set balance = balance + :amount where id = :id", dt::arg<"amount">(30),
                 dt::arg<"id">(2));
  EXPECT_EQ(balance(1), 100) << "others do not see it yet";
  manual.commit();
  EXPECT_EQ(balance(1), 70);
  EXPECT_EQ(balance(2), 130);
  manual.begin();
  manual.execute("update t.account set balance = 0");
  manual.rollback();
  EXPECT_EQ(balance(1), 70);
}

TEST_F(AsyncsqlPostgres, X5_OfTwoConcurrentBeginsExactlyOneWins) {
  session manual{db, in_mode(transaction_mode::manual)};
  std::atomic<int> won{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      if (!failure([&] { manual.begin(); })) ++won;
    });
  }
  for (auto& each : threads) each.join();
  EXPECT_EQ(won.load(), 1);
  EXPECT_EQ(db.statistics().active, 1u);
  manual.rollback();
  EXPECT_EQ(db.statistics().active, 0u);
}

TEST_F(AsyncsqlPostgres, X6_AnAbortedTransactionIsNotCommittedInSilence) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  manual.execute("insert into t.account values (3, 5)");
  EXPECT_EQ(failure([&] { manual.execute("insert into t.account values (3, 5)"); }).kind(), dt::condition::constraint);
  const auto after = failure([&] { manual.execute("insert into t.account values (4, 5)"); });
  EXPECT_TRUE(says(after, "aborted")) << after.message();
  const auto end = failure([&] { manual.commit(); });
  EXPECT_EQ(end.code(), dt::errc::transaction_aborted) << end.message();
  EXPECT_FALSE(manual.is_in_transaction());
  EXPECT_EQ(count(), 2);
}

TEST_F(AsyncsqlPostgres, X3_ARollbackOnALostConnectionHasNothingToUndoAndSucceeds) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  manual.execute("insert into t.account values (3, 5)");
  const auto lost =
      failure([&] { manual.execute("insert into t.account select 4, pg_terminate_backend(pg_backend_pid())::int"); });
  EXPECT_EQ(lost.kind(), dt::condition::connection) << lost.message();
  EXPECT_TRUE(manual.is_in_transaction());
  EXPECT_FALSE(failure([&] { manual.rollback(); }));
  EXPECT_FALSE(manual.is_in_transaction());
  EXPECT_EQ(failure([&] { manual.rollback(); }).code(), dt::errc::invalid_state) << "there is none";
  manual.begin();  // on a new connection
  EXPECT_EQ(failure([&] {
              manual.execute("insert into t.account select 4, pg_terminate_backend(pg_backend_pid())::int");
            }).kind(),
            dt::condition::connection);
  EXPECT_TRUE(failure([&] { manual.commit(); })) << "what is lost is not committed";
  EXPECT_EQ(count(), 2);
  EXPECT_EQ(db.statistics().active, 0u);
}

TEST_F(AsyncsqlPostgres, X3_ATransactionOfAClientIsRolledBackOnALostConnectionToo) {
  auto outer = db.begin();
  auto inner = outer.begin();
  EXPECT_TRUE(failure([&] { inner.execute("select pg_terminate_backend(pg_backend_pid())"); }));
  ASSERT_TRUE(inner.has_lost_connection());
  EXPECT_FALSE(failure([&] { inner.rollback(); }));
  EXPECT_TRUE(outer.has_lost_connection());
  EXPECT_FALSE(failure([&] { outer.rollback(); }));
  EXPECT_EQ(failure([&] { outer.rollback(); }).code(), dt::errc::transaction_closed);
  EXPECT_EQ(db.statistics().active, 0u);
}

// Ends a backend from outside, and waits until it is gone.
void end_backend(dt::postgres::client& by, int backend) {
  by.query_value<bool>("select pg_terminate_backend($1)", backend);
  while (by.query_value<std::int64_t>("select count(*) from pg_stat_activity where pid = $1", backend) != 0) {
    std::this_thread::sleep_for(2ms);
  }
}

TEST_F(AsyncsqlPostgres, X3_ARollbackThatFindsItsConnectionLostDoesNotHideWhatItWasToUndo) {
  session manual{db, in_mode(transaction_mode::manual)};
  const auto seen = failure([&] {
    manual.begin();
    try {
      const int backend = manual.query_value<int>("select pg_backend_pid()");
      manual.execute("insert into t.account values (3, 5)");
      try {
        manual.execute("insert into t.account values (3, 5)");
      } catch (...) {
        end_backend(db, backend);  // nobody has noticed yet
        throw;
      }
    } catch (...) {
      EXPECT_TRUE(manual.is_in_transaction());
      manual.rollback();
      throw;
    }
  });
  EXPECT_EQ(seen.kind(), dt::condition::constraint) << seen.message();
  EXPECT_FALSE(manual.is_in_transaction());
  session lasting{db};
  auto scope = lasting.scope();
  end_backend(db, scope.query_value<int>("select pg_backend_pid()"));
  EXPECT_FALSE(failure([&] { scope.rollback(); }));
  auto outer = db.begin();
  auto inner = outer.begin();
  end_backend(db, inner.query_value<int>("select pg_backend_pid()"));
  EXPECT_FALSE(failure([&] { inner.rollback(); }));
  EXPECT_TRUE(outer.has_lost_connection());
  EXPECT_FALSE(failure([&] { outer.rollback(); }));
  EXPECT_EQ(count(), 2);
  EXPECT_EQ(db.statistics().active, 0u);
}

TEST_F(AsyncsqlPostgres, X3_WhatARollbackFailsOfIsToldBehindTheFirstFailure) {
  auto how = in_mode(transaction_mode::manual);
  how.transaction.close_limit = 200ms;
  session manual{db, how};
  manual.begin();
  auto backend = static_cast<::pid_t>(manual.query_value<int>("select pg_backend_pid()"));
  EXPECT_EQ(failure([&] { manual.execute("insert into t.account values (1, 5)"); }).kind(), dt::condition::constraint);
  EXPECT_TRUE(says(failure([&] { manual.execute("select 1"); }), "aborted"));
  ::kill(backend, SIGSTOP);
  const auto seen = failure([&] { manual.rollback(); });
  ::kill(backend, SIGCONT);
  EXPECT_EQ(seen.kind(), dt::condition::constraint) << seen.message();
  EXPECT_TRUE(seen.suppressed().find("timeout") != std::string_view::npos) << seen.message();
  EXPECT_TRUE(says(seen, "\n  and then: ")) << seen.message();
  // A failure that a savepoint has mended is none any more.
  manual.begin();
  backend = static_cast<::pid_t>(manual.query_value<int>("select pg_backend_pid()"));
  manual.savepoint("before");
  EXPECT_TRUE(failure([&] { manual.execute("insert into t.account values (1, 5)"); }));
  manual.rollback_to("before");
  ::kill(backend, SIGSTOP);
  const auto alone = failure([&] { manual.rollback(); });
  ::kill(backend, SIGCONT);
  EXPECT_EQ(alone.kind(), dt::condition::timeout) << alone.message();
  EXPECT_TRUE(alone.suppressed().empty());
}

TEST_F(AsyncsqlPostgres, X3_ABodysFailureIsSeenAndTheRollbacksIsToldBehindIt) {
  auto how = in_mode(transaction_mode::automatic);
  how.transaction.close_limit = 200ms;
  how.retry.max_retries = 0;
  session automatic{db, how};
  ::pid_t backend = 0;
  const auto body = [&](auto& tx) {
    backend = static_cast<::pid_t>(tx.template query_value<int>("select pg_backend_pid()"));
    const auto failed = failure([&] { tx.execute("insert into t.account values (1, 5)"); });
    ::kill(backend, SIGSTOP);
    throw dt::error{failed};
  };
  const auto seen = failure([&] { automatic.run_transaction(body); });
  ::kill(backend, SIGCONT);
  EXPECT_EQ(seen.kind(), dt::condition::constraint) << seen.message();
  EXPECT_TRUE(seen.suppressed().find("timeout") != std::string_view::npos) << seen.message();
  dt::postgres::client::settings patient;
  patient.timeout = 5s;
  dt::postgres::client client{url(), patient};
  const auto begun = std::chrono::steady_clock::now();
  const auto plain = failure([&] { client.transaction(body); });
  const auto took = std::chrono::steady_clock::now() - begun;
  ::kill(backend, SIGCONT);
  EXPECT_EQ(plain.kind(), dt::condition::constraint) << plain.message();
  // PostgreSQL's own client does not wait for what the server says to the ROLLBACK.
  EXPECT_LT(took, 4s);
  EXPECT_TRUE(plain.suppressed().empty()) << plain.message();
  EXPECT_EQ(count(), 2);
}

TEST_F(AsyncsqlPostgres, X6_ASavepointBringsAnAbortedTransactionBack) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  manual.execute("insert into t.account values (3, 5)");
  manual.savepoint("before");
  EXPECT_THROW(manual.execute("insert into t.account values (3, 5)"), dt::error);
  manual.rollback_to("before");
  manual.execute("insert into t.account values (4, 5)");
  manual.release("before");
  manual.commit();
  EXPECT_EQ(count(), 4);
}

TEST_F(AsyncsqlPostgres, X17_StreamsOfAManualTransactionEndWithItsSavepointsAndWithIt) {
  session manual{db, in_mode(transaction_mode::manual)};
  dt::test::savepoint_streams{db, manual}.run_all();
}

TEST_F(AsyncsqlPostgres, X7_TheLoserOfALockCommitsNothing) {
  session winner{db, in_mode(transaction_mode::manual)};
  session loser{db, in_mode(transaction_mode::manual)};
  winner.begin();
  winner.execute("update t.account set balance = 1 where id = 1");
  loser.begin();
  loser.execute("set local lock_timeout = '50ms'");
  const auto why = failure([&] { loser.execute("update t.account set balance = 2 where id = 1"); });
  EXPECT_EQ(why.server().sqlstate, "55P03");
  EXPECT_THROW(loser.commit(), dt::error);
  winner.commit();
  EXPECT_EQ(balance(1), 1);
}

TEST_F(AsyncsqlPostgres, X10_ASessionThatGoesLeavesNoTransactionOnTheServer) {
  {
    session manual{db, in_mode(transaction_mode::manual)};
    manual.begin();
    manual.execute("delete from t.account");
  }
  EXPECT_TRUE(postgres_server::shared().becomes(
      "select count(*) from pg_stat_activity where state like 'idle in transaction%' and usename = 'app'", "0"));
  EXPECT_EQ(count(), 2);
}

TEST_F(AsyncsqlPostgres, X14_AScopeRollsBackWhenTheBodyThrows) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  EXPECT_THROW(automatic.run_transaction([](auto& tx) {
    tx.execute("delete from t.account");
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(count(), 2);
  auto tx = automatic.scope(dt::begin_mode::read_only);
  EXPECT_EQ(failure([&] { tx.execute("delete from t.account"); }).server().sqlstate, "25006");
  tx.rollback();
}

TEST_F(AsyncsqlPostgres, X22_WriteSkewIsRepeatedUntilItIsNone) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  std::atomic<int> calls{0};
  std::atomic<int> first{0};
  // Somebody stays on call: each of the two may leave only when the other one stays.
  const auto leave = [&](int id) {
    automatic.run_transaction(dt::begin_mode::serializable, [&](auto& tx) {
      ++calls;
      const auto on_call = tx.template query_value<std::int64_t>("select count(*) from t.account where on_call");
      if (first.fetch_add(1) < 2) {
        while (first.load() < 2) std::this_thread::yield();  // both have read before one writes
      }
      if (on_call >= 2) tx.execute("update t.account set on_call = false where id = $1", id);
    });
  };
  std::thread one{[&] { leave(1); }};
  std::thread two{[&] { leave(2); }};
  one.join();
  two.join();
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from t.account where on_call"), 1);
  EXPECT_GT(calls.load(), 2);
}

TEST_F(AsyncsqlPostgres, X23_AVacuumInAutomaticModeIsToldAboutTheOtherMode) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  const auto why = failure([&] { automatic.execute("vacuum t.account"); });
  EXPECT_TRUE(says(why, "transaction_mode::none")) << why.message();
  session none{db, in_mode(transaction_mode::none)};
  none.execute("vacuum t.account");
}

TEST_F(AsyncsqlPostgres, X25_BeginsThatFailDoNotDrainThePool) {
  dt::postgres::client gone{"postgresql://app@127.0.0.1:1/app?maxConnections=5&sslmode=disable"};
  session_settings how = in_mode(transaction_mode::manual);
  how.retry.max_retries = 0;
  session manual{gone, how};
  for (int i = 0; i < 100; ++i) {
    const auto why = failure([&] { manual.begin(); });
    EXPECT_EQ(why.kind(), dt::condition::connection);
    EXPECT_TRUE(says(why, "onnect")) << why.message();
  }
  EXPECT_EQ(gone.statistics().active, 0u);
}

TEST_F(AsyncsqlPostgres, Y5_AnAutomaticStatementIsRepeatedAfterASerializationFailure) {
  session_settings how = in_mode(transaction_mode::automatic);
  how.transaction.isolation = dt::begin_mode::serializable;
  session automatic{db, how};
  db.script(
      "create function t.fails_once() returns int language plpgsql as $$ begin "
      "if nextval('t.runs') = 1 then raise sqlstate '40001'; end if; return 7; end $$");
  automatic.execute("insert into t.account select 3, t.fails_once()");
  EXPECT_EQ(balance(3), 7);
  EXPECT_EQ(automatic.metrics().retries(), 1u);
}

TEST_F(AsyncsqlPostgres, Y6_NothingIsRepeatedInAManualTransaction) {
  session manual{db, in_mode(transaction_mode::manual)};
  db.script(
      "create function t.fails_once() returns int language plpgsql as $$ begin "
      "if nextval('t.runs') = 1 then raise sqlstate '40001'; end if; return 7; end $$");
  manual.begin();
  EXPECT_EQ(failure([&] { manual.execute("insert into t.account select 3, t.fails_once()"); }).kind(),
            dt::condition::serialization);
  EXPECT_EQ(manual.metrics().retries(), 0u);
  manual.rollback();
}

TEST_F(AsyncsqlPostgres, Y9_AReadWhoseConnectionIsLostIsRepeatedOnANewOne) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  const int seen = automatic.query_value<int>(
      "select case when nextval('t.runs') = 1 then pg_terminate_backend(pg_backend_pid())::int else 5 end");
  EXPECT_EQ(seen, 5);
  EXPECT_EQ(automatic.metrics().retries(), 1u);
}

TEST_F(AsyncsqlPostgres, Y9_AWriteWhoseConnectionIsLostIsNotRepeated) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  const auto why = failure([&] {
    automatic.execute(
        "insert into t.account select 3, pg_terminate_backend(pg_backend_pid())::int + nextval('t.runs')");
  });
  EXPECT_TRUE(why) << "the connection is gone";
  EXPECT_EQ(automatic.metrics().retries(), 0u);
  EXPECT_EQ(count(), 2);
}

TEST_F(AsyncsqlPostgres, Y10_AStatementTimeoutIsTypedAndNotRepeated) {
  dt::postgres::client own{url("?options=-c%20statement_timeout%3D50")};
  session automatic{own, in_mode(transaction_mode::automatic)};
  const auto why = failure([&] { automatic.execute("insert into t.account select 3, 1 from pg_sleep(5)"); });
  EXPECT_EQ(why.server().sqlstate, "57014");
  EXPECT_TRUE(says(why, "timeout")) << why.message();
  EXPECT_EQ(automatic.metrics().retries(), 0u);
}

TEST_F(AsyncsqlPostgres, Y15_DeadIdleConnectionsAreReplacedBeforeAnythingIsSent) {
  dt::postgres::client own{url("?maxConnections=8")};
  session_settings how = in_mode(transaction_mode::automatic);
  how.retry.max_retries = 1;
  session automatic{own, how};
  {
    std::vector<session::transaction_type> all;  // so many connections are open
    for (int i = 0; i < 6; ++i) all.push_back(automatic.scope());
  }
  EXPECT_EQ(own.statistics().idle, 6u);
  postgres_server::shared().sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'");
  ASSERT_TRUE(postgres_server::shared().becomes("select count(*) from pg_stat_activity where usename = 'app'", "0"));
  for (int i = 3; i < 9; ++i) automatic.execute("insert into t.account values ($1, 1)", i);
  EXPECT_EQ(count(), 8);
}

TEST_F(AsyncsqlPostgres, R17_AStreamInsideAManualTransactionSeesItsRows) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  manual.execute("insert into t.account values (3, 7)");
  std::int64_t sum = 0;
  for (const std::int64_t each : manual.stream<std::int64_t>("select balance from t.account")) sum += each;
  EXPECT_EQ(sum, 207);
  manual.rollback();
}

TEST_F(AsyncsqlPostgres, TransfersUnderKilledBackendsLoseAndDoubleNothing) {
  db.execute("create table t.log(id bigint generated always as identity, key text unique)");
  session automatic{db, in_mode(transaction_mode::automatic)};
  std::atomic<bool> stop{false};
  std::thread killer{[&] {
    while (!stop.load()) {
      postgres_server::shared().sql(
          "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app' order by random() limit 1");
      std::this_thread::sleep_for(5ms);
    }
  }};
  std::atomic<int> acknowledged{0};
  std::atomic<int> unknown{0};
  std::vector<std::thread> threads;
  for (int worker = 0; worker < 4; ++worker) {
    threads.emplace_back([&, worker] {
      for (int n = 0; n < 100; ++n) {
        const std::string key = std::to_string(worker) + "-" + std::to_string(n);
        const auto why = failure([&] {
          automatic.run_transaction([&](auto& tx) {
            tx.execute("update t.account set balance = balance - 1 where id = 1");
            tx.execute("update t.account set balance = balance + 1 where id = 2");
            tx.execute("insert into t.log(key) values ($1)", key);
          });
        });
        if (!why) ++acknowledged;
        if (why.kind() == dt::condition::commit_unknown) ++unknown;
      }
    });
  }
  for (auto& each : threads) each.join();
  stop = true;
  killer.join();
  const dt::postgres::client::settings patient{.retry = {.attempts = 50}};
  dt::postgres::client after{url(), patient};
  const auto done = after.query_value<std::int64_t>("select count(*) from t.log");
  EXPECT_GE(done, acknowledged.load()) << "nothing acknowledged is lost";
  EXPECT_LE(done, acknowledged.load() + unknown.load() + 400 - acknowledged.load());
  EXPECT_EQ(after.query_value<std::int64_t>("select balance from t.account where id = 1"), 100 - done);
  EXPECT_EQ(after.query_value<std::int64_t>("select balance from t.account where id = 2"), 100 + done);
  EXPECT_GT(acknowledged.load(), 0);
}

/// Counts how often it is asked.
class counting_source final : public dt::postgres::credential_source {
 public:
  explicit counting_source(std::string password) : password_(std::move(password)) {}
  dt::secret fetch() override {
    ++asked;
    if (password_ == "throws") throw std::runtime_error("the token is hunter2");
    return dt::secret{std::string{password_}};
  }
  std::atomic<int> asked{0};

 private:
  std::string password_;
};

dt::postgres::connect_options options_of(std::string_view role, std::shared_ptr<counting_source> from) {
  auto how = dt::postgres::connection::parse(postgres_server::shared().url(role)).value().options;
  how.credentials = std::move(from);
  return how;
}

TEST_F(AsyncsqlPostgres, P14_ACredentialSourceIsAskedForEachConnectionAndWinsOverThePassword) {
  const auto good = std::make_shared<counting_source>(std::string{postgres_server::password});
  dt::postgres::client own{options_of("scram", good)};
  {
    auto one = own.begin();
    auto two = own.begin();
  }
  EXPECT_EQ(own.query_value<int>("select 1"), 1);
  EXPECT_EQ(good->asked.load(), 2);
  const auto wrong = std::make_shared<counting_source>("a=b&c/d%20");
  dt::postgres::client refused{options_of("scram", wrong)};
  const auto why = failure([&] { refused.query_value<int>("select 1"); });
  EXPECT_EQ(why.kind(), dt::condition::authentication) << "the password of the options is not used instead";
  EXPECT_EQ(why.message().find("a=b"), std::string::npos);
}

TEST_F(AsyncsqlPostgres, P14_ACredentialSourceThatFailsFailsTheConnectionWithoutItsText) {
  for (const char* given : {"throws", ""}) {
    dt::postgres::client own{options_of("scram", std::make_shared<counting_source>(given))};
    const auto why = failure([&] { own.query_value<int>("select 1"); });
    EXPECT_EQ(why.code(), dt::errc::login_refused);
    EXPECT_TRUE(says(why, "credential source")) << why.message();
    EXPECT_EQ(why.message().find("hunter2"), std::string::npos);
  }
}

/// Waits until the time of the call is over that opens the connection, and gives the password, or fails, then.
class waiting_source final : public dt::postgres::credential_source {
 public:
  explicit waiting_source(bool fails) : fails_(fails) {}
  dt::secret fetch() override { return fetch_by(dt::deadline::never()); }
  dt::secret fetch_by(dt::deadline by) override {
    ++asked;
    while (!by.is_never() && !by.has_passed()) std::this_thread::sleep_for(1ms);
    if (fails_) throw std::runtime_error("the token is hunter2");
    return dt::secret{std::string{postgres_server::password}};
  }
  std::atomic<int> asked{0};

 private:
  bool fails_;
};

TEST_F(AsyncsqlPostgres, P14_ACredentialSourceIsToldTheLimitOfTheCallAndWhatComesLaterIsNotUsed) {
  const std::string url = postgres_server::shared().url("scram");
  for (const bool fails : {false, true}) {
    const auto source = std::make_shared<waiting_source>(fails);
    auto how = dt::postgres::connection::parse(url).value().options;
    how.credentials = source;
    dt::postgres::client own{how};
    const dt::clock::time_point since = dt::clock::now();
    const auto why = failure([&] { own.within(200ms).query_value<int>("select 1"); });
    EXPECT_EQ(why.code(), dt::errc::deadline_passed) << why.message();
    EXPECT_TRUE(says(why, "credential source")) << why.message();
    EXPECT_EQ(why.message().find("hunter2"), std::string::npos);
    EXPECT_LT(dt::clock::now() - since, 20s);
    EXPECT_EQ(source->asked.load(), 1);

    asio::io_context io;
    dt::postgres::async_client awaited{io.get_executor(), how};
    dt::error_info late;
    auto view = awaited.within(200ms).with([&](const dt::result<int>& answer) { late = answer.error(); });
    view.query_value<int>("select 1");
    io.run();
    EXPECT_EQ(late.code(), dt::errc::deadline_passed) << late.message();
    EXPECT_TRUE(says(late, "credential source")) << late.message();
    EXPECT_EQ(source->asked.load(), 2);
  }
  auto source = std::make_shared<waiting_source>(false);
  auto how = dt::postgres::connection::parse(url).value().options;
  how.credentials = source;
  dt::postgres::connection one{how};
  EXPECT_EQ(one.open(dt::deadline::after(0s)).error().code(), dt::errc::deadline_passed);
  EXPECT_EQ(source->asked.load(), 0) << "its time was over before";
}

TEST_F(AsyncsqlPostgres, P2_AnotherUserSecretOrSourceIsAnotherPool) {
  dt::asyncsql::pool_registry registry;
  const auto of = [&](const std::string& text) {
    return dt::asyncsql::open<dt::postgres::client>(dt::asyncsql::read_config(text).value(), registry);
  };
  const std::string port = std::to_string(postgres_server::shared().port());
  auto one = of(url());
  auto same = of(url("?transaction_mode=manual"));
  EXPECT_EQ(registry.count(), 1u);
  EXPECT_EQ(&one.client(), &same.client());
  auto other_secret = of("postgresql://app:another@127.0.0.1:" + port + "/app");
  EXPECT_EQ(registry.count(), 2u);
  auto other_user = of(postgres_server::shared().url("scram"));
  EXPECT_EQ(registry.count(), 3u);
  auto other_timeout = of(url("?timeout=7s"));
  EXPECT_EQ(registry.count(), 4u);
  const auto source = std::make_shared<counting_source>("x");
  const auto with_source = [&](std::shared_ptr<counting_source> from) {
    return dt::asyncsql::open<dt::postgres::client>(
        dt::asyncsql::read_config(url()).value(),
        [&](dt::postgres::connect_options& how) { how.credentials = std::move(from); }, registry);
  };
  auto by_source = with_source(source);
  auto by_same_source = with_source(source);
  EXPECT_EQ(registry.count(), 5u);
  auto by_another = with_source(std::make_shared<counting_source>("x"));
  EXPECT_EQ(registry.count(), 6u);
  for (const std::string& key : registry.keys()) {
    EXPECT_EQ(key.find("another"), std::string::npos);
    EXPECT_EQ(key.find("pencil"), std::string::npos) << key;
  }
  EXPECT_EQ(registry.prometheus().find("pencil"), std::string::npos);
}

const char* test_variable(const char* name) {
  static const std::string port = std::to_string(postgres_server::shared().port());
  static const std::string password{postgres_server::password};
  return std::string_view{name} == "PORT" ? port.c_str() : std::string_view{name} == "PW" ? password.c_str() : nullptr;
}

// The password has a quote, a backslash and spaces in it, and is in the environment as it is.
TEST_F(AsyncsqlPostgres, APasswordOfTheEnvironmentLogsInFromEveryFormOfAFile) {
  for (const std::string_view entry :
       {R"({"url": "postgresql://scram:${PW}@127.0.0.1:${PORT}/app"})",
        R"({"url": "postgresql://127.0.0.1:${PORT}/app?user=scram&password=${PW}"})",
        R"({"url": "postgresql://scram@127.0.0.1:${PORT}/app", "password": "${PW}"})",
        R"({"connection_string": "host=127.0.0.1 port=${PORT} user=scram password=${PW} dbname=app"})",
        R"({"connection_string": "host=127.0.0.1 port=${PORT} user=scram password='${PW}' dbname=app"})",
        R"({"database_type": "postgresql", "host": ["127.0.0.1", "localhost"], "port": ["1", "${PORT}"],
            "database": "app", "user": "scram", "password": "${PW}"})"}) {
    std::string file{R"({"databases": {"default": )"};
    const auto how = dt::asyncsql::read_config_text(file.append(entry).append("}}"), {}, &test_variable);
    ASSERT_TRUE(how) << entry << ": " << how.error().message();
    dt::asyncsql::pool_registry registry;
    auto own = dt::asyncsql::open<dt::postgres::client>(*how, registry);
    EXPECT_EQ(own.query_value<std::string>("select current_user::text"), "scram") << entry;
  }
}

}  // namespace
