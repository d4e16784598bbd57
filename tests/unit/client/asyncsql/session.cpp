#include <dovetail/client/asyncsql/session.hpp>

#include <dovetail/sqlite.hpp>

#include <support/savepoint_streams.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::asyncsql::session_settings;
using dt::asyncsql::transaction_mode;
using session = dt::asyncsql::session<dt::sqlite::client>;

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

/// A database file that goes with the test.
class file {
 public:
  file() {
    static std::atomic<int> made{0};
    path_ = std::filesystem::temp_directory_path() /
            ("dovetail_session_" + std::to_string(::getpid()) + "_" + std::to_string(made.fetch_add(1)) + ".db");
  }
  ~file() {
    for (const char* end : {"", "-wal", "-shm", "-journal"}) {
      std::error_code ec;
      std::filesystem::remove(path_.string() + end, ec);
    }
  }
  std::string url(std::string_view more = {}) const { return "sqlite:" + path_.string() + std::string{more}; }

 private:
  std::filesystem::path path_;
};

class AsyncsqlSession : public ::testing::Test {
 protected:
  AsyncsqlSession() {
    db.execute("create table account(id integer primary key, balance integer not null)");
    db.execute("insert into account values (1, 100), (2, 100)");
  }
  std::int64_t balance(int id) { return db.query_value<std::int64_t>("select balance from account where id = ?", id); }
  std::int64_t count() { return db.query_value<std::int64_t>("select count(*) from account"); }

  dt::sqlite::client db{"sqlite::memory:"};
};

TEST_F(AsyncsqlSession, X1_AnAutomaticInsertIsKeptAndAFailingOneLeavesAUsableConnection) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  EXPECT_EQ(automatic.execute("insert into account values (3, 5)").rows_affected, 1);
  const auto why = failure([&] { automatic.execute("insert into account values (3, 6)"); });
  EXPECT_EQ(why.kind(), dt::condition::constraint);
  EXPECT_EQ(automatic.query_value<int>("select balance from account where id = 3"), 5);
  EXPECT_EQ(db.statistics().opened, 1u) << "the connection was used again";
  EXPECT_EQ(automatic.metrics().commits(), 1u);
  EXPECT_EQ(automatic.metrics().rollbacks(), 1u);
}

TEST_F(AsyncsqlSession, X3_AManualTransferIsAllOrNothing) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  manual.execute("update account set balance = balance - :amount where id = :id", dt::arg<"amount">(30),
                 dt::arg<"id">(1));
  manual.execute("update account set balance = balance + ? where id = ?", 30, 2);
  manual.commit();
  EXPECT_EQ(balance(1), 70);
  EXPECT_EQ(balance(2), 130);

  manual.begin();
  manual.execute("update account set balance = balance - 30 where id = 1");
  EXPECT_EQ(manual.query_value<int>("select balance from account where id = 1"), 40) << "sees what it wrote";
  manual.rollback();
  EXPECT_EQ(balance(1), 70);
  EXPECT_FALSE(manual.is_in_transaction());
}

TEST_F(AsyncsqlSession, X4_AStatementThatFailsLeavesAManualTransactionOpen) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  manual.execute("insert into account values (3, 1)");
  EXPECT_THROW(manual.execute("insert into account values (3, 1)"), dt::error);
  EXPECT_TRUE(manual.is_in_transaction());
  manual.commit();
  EXPECT_EQ(count(), 3);
}

TEST_F(AsyncsqlSession, X5_OfTwoConcurrentBeginsExactlyOneWinsAndNoConnectionIsLost) {
  session manual{db, in_mode(transaction_mode::manual)};
  std::atomic<int> won{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto why = failure([&] { manual.begin(); });
      (why ? refused : won).fetch_add(1);
      if (why) {
        EXPECT_TRUE(says(why, "Transaction already active")) << why.message();
      }
    });
  }
  for (auto& each : threads) each.join();
  EXPECT_EQ(won.load(), 1);
  EXPECT_EQ(refused.load(), 7);
  EXPECT_EQ(db.statistics().active, 1u);
  manual.rollback();
  EXPECT_EQ(db.statistics().active, 0u);
}

TEST_F(AsyncsqlSession, X9_ASavepointsNameIsNoPlaceForSql) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  for (const char* name : {"x\"; DROP", "", "1st", "a b", "x;y"}) {
    const auto why = failure([&] { manual.savepoint(name); });
    EXPECT_EQ(why.code(), dt::errc::malformed_statement) << name;
    EXPECT_TRUE(says(why, "Invalid identifier"));
  }
  EXPECT_EQ(failure([&] { manual.savepoint(std::string(64, 'a')); }).code(), dt::errc::malformed_statement);
  manual.savepoint(std::string(63, 'a'));
  manual.rollback();
}

TEST_F(AsyncsqlSession, X10_ASessionThatGoesRollsItsTransactionBack) {
  {
    session manual{db, in_mode(transaction_mode::manual)};
    manual.begin();
    manual.execute("delete from account");
  }
  EXPECT_EQ(count(), 2);
  EXPECT_EQ(db.statistics().active, 0u);
}

TEST_F(AsyncsqlSession, X10_AClosedSessionRefusesCallsAndLeavesTheClientOpen) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  manual.execute("delete from account");
  manual.close();
  EXPECT_EQ(failure([&] { manual.execute("delete from account"); }).code(), dt::errc::transaction_closed);
  EXPECT_TRUE(manual.is_closed());
  EXPECT_EQ(count(), 2);
}

TEST_F(AsyncsqlSession, X14_AScopeEndsOnceAndSaysSoTheSecondTime) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  {
    auto tx = automatic.scope();
    tx.execute("insert into account values (3, 1)");
    tx.commit();
    EXPECT_TRUE(says(failure([&] { tx.commit(); }), "No active transaction to commit"));
    EXPECT_TRUE(says(failure([&] { tx.rollback(); }), "No active transaction to rollback"));
    EXPECT_EQ(failure([&] { tx.execute("delete from account"); }).code(), dt::errc::transaction_closed);
  }
  EXPECT_EQ(count(), 3);
  try {
    auto tx = automatic.scope();
    tx.execute("delete from account");
    throw std::runtime_error("no");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(count(), 3);
}

TEST_F(AsyncsqlSession, X14_AFailingCommitIsVisible) {
  db.execute("create table child(id integer references account(id) deferrable initially deferred)");
  session automatic{db, in_mode(transaction_mode::automatic)};
  auto tx = automatic.scope();
  tx.execute("insert into child values (99)");
  EXPECT_EQ(failure([&] { tx.commit(); }).kind(), dt::condition::constraint);
  EXPECT_FALSE(tx.is_open());
  EXPECT_EQ(db.query_value<int>("select count(*) from child"), 0);
  EXPECT_EQ(failure([&] { automatic.execute("insert into child values (99)"); }).kind(), dt::condition::constraint);
  EXPECT_EQ(db.statistics().active, 0u);
}

TEST_F(AsyncsqlSession, X17_ASavepointUndoesWhatCameBehindItOnly) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  manual.execute("insert into account values (3, 1)");
  manual.savepoint("inner");
  manual.execute("insert into account values (4, 1)");
  manual.rollback_to("inner");
  manual.release("inner");
  manual.commit();
  EXPECT_EQ(count(), 3);

  manual.begin();
  EXPECT_THROW(manual.run_transaction([](auto& tx) {
    tx.execute("delete from account");
    throw std::runtime_error("inner");
  }),
               std::runtime_error);
  manual.run_transaction([](auto& tx) { tx.execute("insert into account values (5, 1)"); });
  manual.commit();
  EXPECT_EQ(count(), 4);
}

TEST_F(AsyncsqlSession, X17_StreamsOfAManualTransactionEndWithItsSavepointsAndWithIt) {
  session manual{db, in_mode(transaction_mode::manual)};
  dt::test::savepoint_streams{db, manual}.run_all();
}

TEST_F(AsyncsqlSession, ABodyThatCanBeNeitherReleasedNorUndoneIsNotCommitted) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  EXPECT_TRUE(failure([&] {
    manual.run_transaction([](auto& tx) {
      tx.execute("insert into account values (3, 1)");
      tx.script("release savepoint \"dovetail nested 1\"");  // the mark that the session has set itself
    });
  }));
  EXPECT_EQ(failure([&] { manual.commit(); }).code(), dt::errc::transaction_aborted);
  EXPECT_EQ(count(), 2);
  auto scope = manual.scope();
  EXPECT_EQ(failure([&] {
              scope.transaction([](auto& tx) {
                tx.execute("insert into account values (3, 1)");
                tx.script("release savepoint \"dovetail nested 1\"");
                throw dt::error{dt::errc::invalid_state};
              });
            }).code(),
            dt::errc::invalid_state);
  EXPECT_EQ(failure([&] { scope.commit(); }).code(), dt::errc::transaction_aborted);
  EXPECT_EQ(count(), 2);
}

TEST_F(AsyncsqlSession, X21_CallsThatTheModeDoesNotAllowAreRefused) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  for (const auto& why : {failure([&] { automatic.begin(); }), failure([&] { automatic.commit(); }),
                          failure([&] { automatic.rollback(); })}) {
    EXPECT_EQ(why.code(), dt::errc::invalid_state);
    EXPECT_TRUE(says(why, "can only be called in 'manual' transaction mode")) << why.message();
    EXPECT_NE(why.where().line(), 0u);
  }
  session manual{db, in_mode(transaction_mode::manual)};
  EXPECT_TRUE(says(failure([&] { manual.commit(); }), "No active transaction to commit"));
  EXPECT_TRUE(says(failure([&] { manual.rollback(); }), "No active transaction to rollback"));
}

TEST_F(AsyncsqlSession, X23_AStatementThatRunsInNoTransactionNamesTheModeThatItNeeds) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  const auto why = failure([&] { automatic.execute("vacuum"); });
  EXPECT_TRUE(says(why, "transaction_mode::none")) << why.message();
  session none{db, in_mode(transaction_mode::none)};
  none.execute("vacuum");
}

TEST_F(AsyncsqlSession, ReadsTakeNoLockInAutomaticMode) {
  const file at;
  dt::sqlite::client two{at.url()};
  two.execute("create table t(x integer)");
  session automatic{two, in_mode(transaction_mode::automatic)};
  auto writer = two.begin();  // holds the write lock
  writer.execute("insert into t values (1)");
  EXPECT_EQ(automatic.query_value<int>("select count(*) from t"), 0);
  writer.rollback();
}

TEST_F(AsyncsqlSession, X15_ATransactionThatRollsBackDoesNotTouchAnothersRows) {
  const file at;
  dt::sqlite::client one{at.url()};
  one.execute("create table t(x integer)");
  session first{one, in_mode(transaction_mode::manual)};
  session second{one, in_mode(transaction_mode::automatic)};
  first.begin(dt::begin_mode::deferred);
  EXPECT_EQ(first.query_value<int>("select count(*) from t"), 0);
  second.execute("insert into t values (2)");
  first.rollback();
  EXPECT_EQ(one.query_value<int>("select x from t"), 2);
}

TEST_F(AsyncsqlSession, X25_BeginsThatFailDoNotDrainThePool) {
  dt::sqlite::client gone{"sqlite:/nonexistent/folder/file.db?maxConnections=5"};
  session manual{gone, in_mode(transaction_mode::manual)};
  for (int i = 0; i < 100; ++i) EXPECT_EQ(failure([&] { manual.begin(); }).kind(), dt::condition::connection);
  EXPECT_EQ(gone.statistics().active, 0u);
  EXPECT_FALSE(manual.is_in_transaction());
}

TEST_F(AsyncsqlSession, Y5_AnAutomaticStatementIsRepeatedWhenTheDatabaseIsBusy) {
  const file at;
  dt::sqlite::client two{at.url("?busyTimeout=0")};
  two.execute("create table t(x integer)");
  session_settings how = in_mode(transaction_mode::automatic);
  how.retry.max_retries = 1000;
  session automatic{two, how};
  auto blocker = two.begin();
  std::thread later{[&] {
    const dt::deadline limit = dt::deadline::after(60s);
    while (automatic.metrics().retries() == 0 && !limit.has_passed()) std::this_thread::sleep_for(1ms);
    blocker.rollback();
  }};
  automatic.execute("insert into t values (1)");
  later.join();
  EXPECT_EQ(two.query_value<int>("select count(*) from t"), 1);
  EXPECT_GT(automatic.metrics().retries(), 0u);
}

TEST_F(AsyncsqlSession, Y6_NothingIsRepeatedInAManualTransaction) {
  const file at;
  dt::sqlite::client two{at.url("?busyTimeout=0")};
  two.execute("create table t(x integer)");
  session manual{two, in_mode(transaction_mode::manual)};
  manual.begin(dt::begin_mode::deferred);
  auto blocker = two.begin();
  EXPECT_EQ(failure([&] { manual.execute("insert into t values (1)"); }).kind(), dt::condition::busy);
  EXPECT_EQ(manual.metrics().retries(), 0u);
  EXPECT_TRUE(manual.is_in_transaction());
  manual.rollback();
}

TEST_F(AsyncsqlSession, X22_RunTransactionRepeatsTheWholeBodyAfterAConflict) {
  const file at;
  dt::sqlite::client two{at.url("?busyTimeout=0")};
  two.execute("create table t(x integer)");
  two.execute("insert into t values (0)");
  session automatic{two, in_mode(transaction_mode::automatic)};
  int calls = 0;
  const int seen = automatic.run_transaction(dt::begin_mode::deferred, [&](auto& tx) {
    const int before = tx.template query_value<int>("select x from t");
    if (++calls == 1) two.execute("update t set x = 10");  // spoils the snapshot
    tx.execute("update t set x = ?", before + 1);
    return before;
  });
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(seen, 10);
  EXPECT_EQ(two.query_value<int>("select x from t"), 11);
}

TEST_F(AsyncsqlSession, AScriptOfWhichSomeIsKeptIsNotRepeated) {
  const file at;
  const file other;
  dt::sqlite::client two{at.url("?busyTimeout=0&maxConnections=1")};
  dt::sqlite::client elsewhere{other.url()};
  two.execute("create table t(x integer)");
  elsewhere.execute("create table u(x integer)");
  two.script("attach '" + other.url().substr(7) + "' as other");
  auto blocker = elsewhere.begin();
  session none{two, in_mode(transaction_mode::none)};
  const std::string script = "insert into t values (1); insert into other.u values (1)";
  EXPECT_EQ(failure([&] { none.script(script); }).kind(), dt::condition::busy);
  EXPECT_EQ(two.query_value<int>("select count(*) from t"), 1);
  session automatic{two, in_mode(transaction_mode::automatic)};
  EXPECT_EQ(failure([&] { automatic.script(script); }).kind(), dt::condition::busy);
  EXPECT_EQ(automatic.metrics().retries(), 3u);
  EXPECT_EQ(two.query_value<int>("select count(*) from t"), 1);
}

TEST_F(AsyncsqlSession, ABodyThatHasCommittedIsNotBegunAgain) {
  const file at;
  dt::sqlite::client two{at.url("?busyTimeout=0")};
  two.execute("create table t(x integer)");
  session automatic{two, in_mode(transaction_mode::automatic)};
  int calls = 0;
  const dt::error_info why = failure([&] {
    automatic.run_transaction([&](auto& tx) {
      ++calls;
      tx.execute("insert into t values (1)");
      tx.commit();
      auto blocker = two.begin();
      two.execute("insert into t values (2)");
    });
  });
  EXPECT_EQ(why.kind(), dt::condition::busy);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(two.query_value<int>("select count(*) from t"), 1);
}

TEST_F(AsyncsqlSession, WhatWaitedWhileTheSessionWasClosedIsNotDoneOutsideOfItsTransaction) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  std::atomic<bool> is_inside{false};
  std::thread first{[&] {
    manual.run_transaction([&](auto& tx) {
      is_inside = true;
      std::this_thread::sleep_for(100ms);
      tx.execute("insert into account values (3, 1)");
    });
    manual.close();
  }};
  while (!is_inside) std::this_thread::yield();
  std::vector<std::thread> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.emplace_back(
        [&, i] { static_cast<void>(failure([&] { manual.execute("insert into account values (?, 1)", 10 + i); })); });
  }
  first.join();
  for (auto& each : waiting) each.join();
  EXPECT_TRUE(manual.is_closed());
  EXPECT_EQ(count(), 2);
}

TEST_F(AsyncsqlSession, ASessionThatGetsAnotherOnesPlaceIsClosed) {
  const auto metrics = std::make_shared<dt::asyncsql::sql_metrics>("mine");
  const std::shared_ptr<dt::sqlite::client> shared{std::shared_ptr<void>{}, &db};
  session one{shared, in_mode(transaction_mode::manual), {}, metrics};
  one.begin();
  one.execute("insert into account values (3, 5)");
  one = session{db, in_mode(transaction_mode::manual)};
  EXPECT_EQ(count(), 2);
  EXPECT_NE(dt::asyncsql::to_prometheus({{metrics.get(), {}}}).find("operation=\"release\"} 1"), std::string::npos);
}

TEST_F(AsyncsqlSession, Y14_TheDeadlineOfRetriesEndsThem) {
  const file at;
  dt::sqlite::client two{at.url("?busyTimeout=0")};
  two.execute("create table t(x integer)");
  session_settings how = in_mode(transaction_mode::automatic);
  how.retry.max_retries = 1000000;
  how.retry.max_delay = 5ms;
  how.retry.deadline = 100ms;
  session automatic{two, how};
  auto blocker = two.begin();
  const auto since = dt::clock::now();
  EXPECT_EQ(failure([&] { automatic.execute("insert into t values (1)"); }).kind(), dt::condition::busy);
  EXPECT_LT(dt::clock::now() - since, 25s);
}

TEST_F(AsyncsqlSession, AStatementMayHaveALimitOfItsOwnAndFailWithoutAnException) {
  const file at;
  dt::sqlite::client two{at.url()};
  two.execute("create table t(x integer)");
  session automatic{two, in_mode(transaction_mode::automatic)};
  {
    auto blocker = two.begin();
    const auto since = dt::clock::now();
    const auto late = automatic.within(50ms).with(dt::as_result).execute("insert into t values (1)");
    ASSERT_FALSE(late);
    EXPECT_LT(dt::clock::now() - since, 25s);
  }
  const dt::result<dt::summary> done = automatic.with(dt::as_result).execute("insert into t values (1)");
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(automatic.within(60s).query_value<int>("select count(*) from t"), 1);
  EXPECT_THROW(automatic.within(60s).execute("insert into missing values (1)"), dt::error);
  session manual{two, in_mode(transaction_mode::manual)};
  manual.begin();
  manual.within(60s).execute("insert into t values (2)");
  manual.rollback();
  EXPECT_EQ(automatic.query_value<int>("select count(*) from t"), 1) << "a view is in the session's transaction";
}

TEST_F(AsyncsqlSession, R17_AStreamInsideAManualTransactionSeesItsRows) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  manual.execute("insert into account values (3, 7)");
  std::int64_t sum = 0;
  for (const std::int64_t each : manual.stream<std::int64_t>("select balance from account")) sum += each;
  EXPECT_EQ(sum, 207);
  manual.rollback();
}

TEST_F(AsyncsqlSession, ThreadsTakeTurnsInAManualTransaction) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 100; ++n) manual.execute("update account set balance = balance + 1 where id = 1");
    });
  }
  for (auto& each : threads) each.join();
  manual.commit();
  EXPECT_EQ(balance(1), 500);
  EXPECT_NE(manual.prometheus().find("asyncsql_lock_acquisitions_total{pool_key=\"asyncsql\",status=\"success\"} "),
            std::string::npos);
}

TEST_F(AsyncsqlSession, SlowStatementsAreKeptWithoutTheirLiterals) {
  session_settings how = in_mode(transaction_mode::automatic);
  how.monitor.slow_query = 0s;
  how.monitor.kept_slow_queries = 2;
  session automatic{db, how};
  automatic.execute("insert into account values (3, 77)");
  automatic.execute("insert into account values (4, 78)");
  automatic.execute("insert into account values (5, 79)");
  const auto slow = automatic.metrics().slow_statements();
  ASSERT_EQ(slow.size(), 2u);
  EXPECT_EQ(automatic.metrics().slow_count(), 3u);
  EXPECT_EQ(slow[0].operation, "execute");
  EXPECT_EQ(slow[0].text.find("79"), std::string::npos) << slow[0].text;
  EXPECT_NE(slow[0].text.find("insert into account"), std::string::npos);
}

/// Refuses deletes, and notes what it is told.
struct no_deletes {
  std::shared_ptr<std::vector<std::string>> seen = std::make_shared<std::vector<std::string>>();

  dt::error_info check(const dt::statement_view& sql, const dt::asyncsql::guard_context&) const {
    if (sql.traits.kind != dt::statement_kind::remove) return {};
    return {dt::errc::invalid_state, "Access denied: no deletes"};
  }
  dt::error_info check_script(std::string_view, const dt::asyncsql::guard_context&) const {
    return {dt::errc::invalid_state, "Access denied: no scripts"};
  }
  dt::error_info check_table(std::string_view table, const dt::asyncsql::guard_context&) const {
    if (table != "secret") return {};
    return {dt::errc::invalid_state, "Access denied: not this table"};
  }
  void saw(std::string_view text, const dt::asyncsql::guard_context& context,
           const dt::asyncsql::statement_outcome& outcome) const noexcept {
    seen->push_back(std::string{context.session} + " " + std::string{context.operation} + " " + std::string{text} +
                    (outcome.ec ? " failed" : " ok"));
  }
};

TEST_F(AsyncsqlSession, EveryWayToAStatementLeadsPastTheGuard) {
  struct secret {
    std::int64_t id;
  };
  const no_deletes guard;
  dt::asyncsql::session<dt::sqlite::client, no_deletes> guarded{db, in_mode(transaction_mode::manual), guard};
  const auto denied = [](const dt::error_info& why) { return says(why, "Access denied"); };
  EXPECT_TRUE(denied(failure([&] { guarded.execute("delete from account"); })));
  EXPECT_TRUE(denied(failure([&] { guarded.script("select 1"); })));
  EXPECT_TRUE(denied(failure([&] { guarded.insert("secret", secret{1}); })));
  EXPECT_TRUE(denied(failure([&] { guarded.stream<int>("delete from account returning id"); })));
  auto tx = guarded.scope();
  EXPECT_TRUE(denied(failure([&] { tx.execute("delete from account"); })));
  EXPECT_TRUE(denied(failure([&] { tx.stream<int>("delete from account returning id"); })));
  tx.rollback();
  guarded.run_transaction([&](auto& inner) {
    EXPECT_TRUE(denied(failure([&] { inner.execute("delete from account"); })));
    inner.transaction(
        [&](auto& nested) { EXPECT_TRUE(denied(failure([&] { nested.execute("delete from account"); }))); });
  });
  guarded.begin();
  EXPECT_TRUE(denied(failure([&] { guarded.execute("delete from account"); })));
  guarded.execute("update account set balance = 0");
  guarded.rollback();
  ASSERT_FALSE(guard.seen->empty());
  EXPECT_EQ(guard.seen->front(), "asyncsql execute delete from account failed");
  EXPECT_EQ(guard.seen->back(), "asyncsql execute update account set balance = 0 ok");
  EXPECT_EQ(count(), 2);
}

}  // namespace
