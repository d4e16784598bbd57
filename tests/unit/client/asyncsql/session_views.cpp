#include <dovetail/client/asyncsql/session_view.hpp>

#include <dovetail/client/asyncsql/batch.hpp>
#include <dovetail/client/asyncsql/optimistic.hpp>
#include <dovetail/client/asyncsql/session.hpp>
#include <dovetail/sqlite.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::asyncsql::parameter_types;
using dt::asyncsql::session_settings;
using dt::asyncsql::transaction_mode;
using session = dt::asyncsql::session<dt::sqlite::client>;

session_settings in_mode(transaction_mode mode) {
  session_settings how;
  how.transaction.mode = mode;
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

struct item {
  std::int64_t id;
  std::string name;
};
struct versioned {
  std::int64_t id;
  std::string name;
  dt::version version;
};

/// Counts what it is told.
struct counting_guard {
  struct counts {
    int checked = 0;
    int streams = 0;
    int failed = 0;
  };
  std::shared_ptr<counts> seen = std::make_shared<counts>();

  dt::error_info check(const dt::statement_view& sql, const dt::asyncsql::guard_context&) const {
    ++seen->checked;
    if (sql.text.find("forbidden") != std::string_view::npos) return dt::error_info{dt::errc::access_denied};
    return {};
  }
  dt::error_info check_script(std::string_view, const dt::asyncsql::guard_context&) const { return {}; }
  dt::error_info check_table(std::string_view, const dt::asyncsql::guard_context&) const { return {}; }
  void saw(std::string_view, const dt::asyncsql::guard_context& about,
           const dt::asyncsql::statement_outcome& outcome) const noexcept {
    if (about.operation == "stream") ++seen->streams;
    if (outcome.ec) ++seen->failed;
  }
};

class AsyncsqlSessionViews : public ::testing::Test {
 protected:
  AsyncsqlSessionViews() {
    db.execute("create table item(id integer primary key, name text not null, version integer not null default 0)");
    db.execute("insert into item(id, name) values (1, 'a'), (2, 'b')");
  }
  std::int64_t count() { return db.query_value<std::int64_t>("select count(*) from item"); }

  dt::sqlite::client db{"sqlite::memory:"};
  const std::vector<item> mixed{{3, "c"}, {1, "twice"}, {4, "d"}};
};

TEST_F(AsyncsqlSessionViews, ABatchThatSkipsRowsThroughAViewLeavesTheManualTransactionAlive) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  const auto through_limit = dt::bulk_insert(manual.within(60s), "item", mixed, dt::batch_errors::skip_row);
  EXPECT_EQ(through_limit.rows_affected, 2);
  EXPECT_EQ(through_limit.failures.size(), 1u);
  const std::vector<item> more{{5, "e"}, {2, "twice"}};
  const auto through_results =
      dt::bulk_insert(manual.with(dt::as_result), "item", more, dt::batch_errors::skip_row).value();
  EXPECT_EQ(through_results.rows_affected, 1);
  EXPECT_TRUE(manual.is_in_transaction());
  EXPECT_TRUE(manual.within(60s).is_in_transaction());
  manual.commit();
  EXPECT_FALSE(manual.is_in_transaction());
  EXPECT_EQ(count(), 5);
}

TEST_F(AsyncsqlSessionViews, AnAtomicUpdateThroughAViewIsASavepointOfTheManualTransaction) {
  session manual{db, in_mode(transaction_mode::manual)};
  const dt::optimistic<versioned> items{"item"};
  manual.begin();
  manual.execute("insert into item(id, name) values (9, 'kept')");
  const std::vector<versioned> rows{{1, "new", {0}}, {2, "old", {7}}};
  const auto done = items.update_all(manual.within(60s), rows, dt::batch_mode::atomic);
  EXPECT_TRUE(done.is_rolled_back);
  manual.commit();
  EXPECT_EQ(db.query_value<std::string>("select name from item where id = 1"), "a");
  EXPECT_EQ(count(), 3);
}

TEST_F(AsyncsqlSessionViews, ATransactionThroughAViewHasItsStyleAndItsLimit) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  const dt::result<int> given = automatic.with(dt::as_result).run_transaction([](auto& tx) {
    tx.execute("insert into item(id, name) values (7, 'x')");
    return 42;
  });
  EXPECT_EQ(given.value(), 42);
  const dt::result<void> failed = automatic.with(dt::as_result).run_transaction([](auto& tx) {
    tx.execute("delete from item");
    tx.execute("insert into item(id, name) values (7, 'x'), (7, 'y')");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), dt::condition::constraint);
  EXPECT_EQ(count(), 3);
  auto limited = automatic.within(-1ms).with(dt::as_result).scope();
  EXPECT_FALSE(limited);
  auto scope = automatic.within(60s).scope();
  scope.execute("delete from item");
  scope.rollback();
  EXPECT_EQ(count(), 3);
}

TEST_F(AsyncsqlSessionViews, ABodyThatJoinsTheManualTransactionHasTheLimitOfItsView) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  manual.execute("insert into item(id, name) values (3, 'kept')");
  int calls = 0;
  const auto body = [&](auto& tx) {
    ++calls;
    const dt::deadline longer = dt::deadline::after(300ms);
    while (!longer.has_passed()) {
    }
    tx.execute("insert into item(id, name) values (4, 'late')");
  };
  EXPECT_EQ(failure([&] { manual.within(200ms).run_transaction(body); }).code(), dt::errc::deadline_passed);
  EXPECT_EQ(calls, 1);
  manual.execute("insert into item(id, name) values (5, 'kept')");  // which has no such limit
  manual.run_transaction([](auto& tx) { EXPECT_TRUE(tx.limit().is_never()); });
  manual.commit();
  EXPECT_EQ(count(), 4);
  EXPECT_EQ(db.query_value<int>("select count(*) from item where id = 4"), 0);
}

TEST_F(AsyncsqlSessionViews, ABodyThatGivesAFailedResultRollsBack) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  const auto why = failure([&] {
    automatic.run_transaction([](auto& tx) -> dt::result<int> {
      tx.execute("delete from item");
      return dt::error_info{dt::errc::cancelled};
    });
  });
  EXPECT_EQ(why.code(), dt::errc::cancelled);
  EXPECT_EQ(count(), 2);
}

TEST_F(AsyncsqlSessionViews, AStreamThroughAViewSeesTheManualTransactionAndGivesResults) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  manual.execute("insert into item(id, name) values (3, 'mine')");
  int seen = 0;
  for (const item& each : manual.within(60s).stream<item>("select id, name from item order by id")) {
    EXPECT_EQ(each.id, ++seen);
  }
  EXPECT_EQ(seen, 3);
  auto opened = manual.with(dt::as_result).stream<item>(dt::runtime("select id, name from nowhere"));
  EXPECT_FALSE(opened);
  manual.rollback();
}

TEST_F(AsyncsqlSessionViews, StreamsAreCountedAndAudited) {
  counting_guard guard;
  dt::asyncsql::session<dt::sqlite::client, counting_guard> guarded{db, in_mode(transaction_mode::automatic), guard};
  const auto before = guarded.metrics().statements();
  { auto rows = guarded.stream<item>("select id, name from item"); }
  EXPECT_EQ(guarded.metrics().statements(), before + 1);
  EXPECT_EQ(guard.seen->streams, 1);
  EXPECT_EQ(guard.seen->failed, 0);
  const auto why =
      failure([&] { auto rows = guarded.stream<item>("select id, name from item where name = 'forbidden'"); });
  EXPECT_EQ(why.code(), dt::errc::access_denied);
  EXPECT_EQ(guard.seen->streams, 2);
  EXPECT_EQ(guard.seen->failed, 1);
  guarded.run_transaction([](auto& tx) { auto rows = tx.template stream<item>("select id, name from item"); });
  EXPECT_EQ(guard.seen->streams, 3);
}

TEST_F(AsyncsqlSessionViews, TheSessionInsideOfItsOwnTransactionIsMisuseAtOnce) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  const auto since = std::chrono::steady_clock::now();
  const auto refused = [&](const auto& body) {
    const auto why = failure([&] { manual.run_transaction([&](auto&) { body(); }); });
    return why.code() == dt::errc::invalid_state && says(why, "inside of its own transaction");
  };
  EXPECT_TRUE(refused([&] { manual.execute("delete from item"); }));
  EXPECT_TRUE(refused([&] { manual.within(60s).execute("delete from item"); }));
  EXPECT_TRUE(refused([&] { manual.run_transaction([](auto&) {}); }));
  EXPECT_TRUE(refused([&] { auto rows = manual.stream<item>("select id, name from item"); }));
  EXPECT_TRUE(refused([&] { manual.begin(); }));
  EXPECT_TRUE(refused([&] { manual.commit(); }));
  EXPECT_TRUE(refused([&] { manual.savepoint("x"); }));
  EXPECT_TRUE(manual.is_in_transaction());
  EXPECT_EQ(manual.query_value<int>("select count(*) from item"), 2);
  EXPECT_LT(std::chrono::steady_clock::now() - since, 25s);
  manual.commit();
}

TEST_F(AsyncsqlSessionViews, InAutomaticModeTooTheBodysThreadMayNotGoPastItsTransaction) {
  for (const transaction_mode mode : {transaction_mode::automatic, transaction_mode::none, transaction_mode::manual}) {
    session automatic{db, in_mode(mode)};
    const auto refused = [&](const auto& body) {
      const auto why = failure([&] { automatic.run_transaction([&](auto&) { body(); }); });
      return why.code() == dt::errc::invalid_state && says(why, "inside of its own transaction");
    };
    EXPECT_TRUE(refused([&] { automatic.execute("delete from item"); }));
    EXPECT_TRUE(refused([&] { automatic.within(60s).execute("delete from item"); }));
    EXPECT_TRUE(refused([&] { automatic.query_value<int>("select count(*) from item"); }));
    EXPECT_TRUE(refused([&] { automatic.run_transaction([](auto&) {}); }));
    EXPECT_TRUE(refused([&] { auto tx = automatic.scope(); }));
    EXPECT_TRUE(refused([&] { auto rows = automatic.stream<item>("select id, name from item"); }));
    EXPECT_EQ(automatic.query_value<int>("select count(*) from item"), 2) << "after the body it serves again";
  }
}

TEST_F(AsyncsqlSessionViews, OtherThreadsAndOtherSessionsGoOnWhileABodyRuns) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  session other{db, in_mode(transaction_mode::automatic)};
  int seen = 0;
  int seen_by_other = 0;
  automatic.run_transaction(dt::begin_mode::deferred, [&](auto&) {
    std::thread elsewhere{[&] { seen = automatic.query_value<int>("select count(*) from item"); }};
    elsewhere.join();
    other.run_transaction(dt::begin_mode::deferred, [&](auto&) {
      EXPECT_EQ(failure([&] { automatic.execute("delete from item"); }).code(), dt::errc::invalid_state);
    });
    seen_by_other = other.query_value<int>("select count(*) from item");
  });
  EXPECT_EQ(seen, 2);
  EXPECT_EQ(seen_by_other, 2);
  EXPECT_EQ(count(), 2);
}

TEST_F(AsyncsqlSessionViews, ASessionThatItsOwnBodyClosesRollsBackWhenTheBodyReturns) {
  session manual{db, in_mode(transaction_mode::manual)};
  manual.begin();
  manual.execute("delete from item");
  manual.run_transaction([&](auto&) { manual.close(); });
  EXPECT_TRUE(manual.is_closed());
  EXPECT_EQ(count(), 2);
  const auto why = failure([&] { manual.execute("delete from item"); });
  EXPECT_EQ(why.code(), dt::errc::transaction_closed);
}

TEST_F(AsyncsqlSessionViews, ASessionThatWasMovedFromIsMisuse) {
  session gone{db, in_mode(transaction_mode::manual)};
  const session here{std::move(gone)};
  const auto refused = [&](const auto& body) {
    const auto why = failure(body);
    return why.code() == dt::errc::invalid_state && says(why, "moved from");
  };
  EXPECT_TRUE(gone.is_closed());  // NOLINT: what a moved-from session does is what is tested
  EXPECT_TRUE(refused([&] { gone.execute("delete from item"); }));
  EXPECT_TRUE(refused([&] { static_cast<void>(gone.settings()); }));
  EXPECT_TRUE(refused([&] { gone.begin(); }));
  EXPECT_TRUE(refused([&] { gone.rollback(); }));
  EXPECT_TRUE(refused([&] { gone.savepoint("x"); }));
  EXPECT_TRUE(refused([&] { static_cast<void>(gone.is_in_transaction()); }));
  EXPECT_TRUE(refused([&] { auto tx = gone.scope(dt::begin_mode::automatic); }));
  EXPECT_TRUE(refused([&] { gone.run_transaction(dt::begin_mode::automatic, [](auto&) {}); }));
  EXPECT_TRUE(refused([&] { auto rows = gone.stream<item>("select id, name from item"); }));
  EXPECT_FALSE(gone.with(dt::as_result).execute("delete from item"));
  gone.close();
  EXPECT_EQ(here.mode(), transaction_mode::manual);
  EXPECT_EQ(count(), 2);
}

TEST_F(AsyncsqlSessionViews, H7_ATypeThatIsNoTypeRefusesTheStatementBeforeItRuns) {
  session automatic{db, in_mode(transaction_mode::automatic)};
  const parameter_types bad{{"name", "text); drop table item; --"}};
  const auto why = failure([&] { automatic.with(bad).execute("update item set name = :name", dt::arg<"name">("x")); });
  EXPECT_EQ(why.code(), dt::errc::invalid_option);
  EXPECT_TRUE(says(why, "parameter_types"));
  EXPECT_TRUE(says(why, "'name'"));
  EXPECT_FALSE(says(why, "drop table"));
  EXPECT_FALSE(automatic.with(bad).with(dt::as_result).execute("delete from item"));
  session_settings how = in_mode(transaction_mode::automatic);
  how.parameter_types = {{"name", "text union select"}};
  session wrong{db, how};
  EXPECT_EQ(failure([&] { wrong.execute("delete from item"); }).code(), dt::errc::invalid_option);
  EXPECT_EQ(failure([&] { auto rows = wrong.stream<item>("select id, name from item"); }).code(),
            dt::errc::invalid_option);
  EXPECT_EQ(count(), 2);
}

TEST_F(AsyncsqlSessionViews, H11_TypesOfOtherStatementsAndOfSqliteChangeNothing) {
  session_settings how = in_mode(transaction_mode::automatic);
  how.parameter_types = {{"meta", "jsonb"}, {"elsewhere", "app.mood[]"}};
  session automatic{db, how};
  automatic.execute("update item set name = :meta where id = 1", dt::arg<"meta">("{\"a\":1}"));
  automatic.with(parameter_types{{"meta", "numeric(10,2)"}})
      .execute("update item set name = :meta where id = 2", dt::arg<"meta">("z"));
  EXPECT_EQ(db.query_value<std::string>("select name from item where id = 1"), "{\"a\":1}");
  EXPECT_EQ(db.query_value<std::string>("select name from item where id = 2"), "z");
}

}  // namespace
