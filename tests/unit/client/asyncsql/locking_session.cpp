// Optimistic locking and batches through sessions: manual transactions, and the guard that every statement passes.
#include <dovetail/client/asyncsql/batch.hpp>
#include <dovetail/client/asyncsql/optimistic.hpp>
#include <dovetail/client/asyncsql/query_some.hpp>
#include <dovetail/client/asyncsql/session.hpp>
#include <dovetail/sqlite.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dt = dovetail;

namespace {

struct account {
  std::int64_t id = 0;
  std::int64_t balance = 0;
  dt::version version;
};

using session = dt::asyncsql::session<dt::sqlite::client>;

class LockingSession : public testing::Test {
 protected:
  dt::asyncsql::session_settings in_manual_mode() {
    dt::asyncsql::session_settings how;
    how.transaction.mode = dt::asyncsql::transaction_mode::manual;
    return how;
  }
  dt::sqlite::client client{"sqlite::memory:"};
  session db{client, in_manual_mode()};
  void SetUp() override {
    db.script("create table account(id integer primary key, balance integer, version integer)");
    db.insert("account", std::vector<account>{{1, 100, {1}}, {2, 200, {1}}});
  }
};

TEST_F(LockingSession, K23BeginReadUpdateCommit) {
  const dt::optimistic<account> accounts{"account"};
  db.begin();
  auto found = accounts.read(db, 1);
  found.row.balance += 50;
  EXPECT_EQ(accounts.update(db, found).new_version(), 2);
  db.commit();
  EXPECT_EQ(accounts.read(db, 1).row.balance, 150);
}

TEST_F(LockingSession, X13ABatchInABorrowedTransactionGoesWithItsRollback) {
  db.begin();
  const std::vector<account> rows{{3, 1, {1}}, {1, 1, {1}}, {4, 1, {1}}};
  const dt::batch_result done = dt::bulk_insert(db, "account", rows, dt::batch_errors::skip_row);
  EXPECT_EQ(done.failures.size(), 1U);
  EXPECT_EQ(done.rows_affected, 2);
  EXPECT_EQ(dt::query_some<dt::row>(db, dt::row_limits{3}, "select * from account").rows.size(), 3U);
  db.rollback();
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from account"), 2);
}

TEST_F(LockingSession, K18AnAtomicBatchOfUpdatesIsUndoneInsideOfAManualTransaction) {
  const dt::optimistic<account> accounts{"account", dt::conflict_strategy::fail_fast};
  db.begin();
  const auto none = accounts.update_all(db, std::vector<account>{{1, 0, {1}}, {2, 0, {7}}}, dt::batch_mode::atomic);
  EXPECT_TRUE(none.is_rolled_back);
  db.commit();
  EXPECT_EQ(accounts.read(db, 1).row.balance, 100);
}

/// Refuses whatever deletes.
struct no_deletes {
  dt::error_info check(const dt::statement_view& sql, const dt::asyncsql::guard_context&) const {
    if (sql.traits.kind != dt::statement_kind::remove) return {};
    return {dt::errc::invalid_state, "no deletes here"};
  }
  dt::error_info check_script(std::string_view, const dt::asyncsql::guard_context&) const { return {}; }
  dt::error_info check_table(std::string_view, const dt::asyncsql::guard_context&) const { return {}; }
  void saw(std::string_view, const dt::asyncsql::guard_context&,
           const dt::asyncsql::statement_outcome&) const noexcept {}
};

TEST_F(LockingSession, EveryStatementOfABatchAndOfALockPassesTheGuard) {
  dt::asyncsql::session<dt::sqlite::client, no_deletes> guarded{client};
  const std::vector<account> rows{{1, 0, {1}}};
  const dt::optimistic<account> accounts{"account"};
  EXPECT_THROW(static_cast<void>(dt::bulk_delete<"id">(guarded, "account", rows)), dt::error);
  EXPECT_THROW(static_cast<void>(dt::execute_many(guarded, "delete from account where id = :id", rows)), dt::error);
  EXPECT_THROW(static_cast<void>(accounts.erase(guarded, rows[0])), dt::error);
  EXPECT_EQ(dt::bulk_update<"id">(guarded, "account", rows).rows_affected, 1);
  EXPECT_EQ(client.query_value<std::int64_t>("select count(*) from account"), 2);
}

}  // namespace
