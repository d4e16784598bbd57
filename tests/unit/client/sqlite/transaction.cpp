#include <dovetail/sqlite.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace dt = dovetail;

namespace {

struct number {
  std::int64_t n;
};

struct a_table : testing::Test {
  dt::sqlite::client db{"sqlite::memory:?maxConnections=1"};
  a_table() { db.script("create table t(n integer primary key); insert into t values (1), (2), (3)"); }
  ~a_table() override {
    EXPECT_EQ(db.statistics().active, 0u);
    EXPECT_EQ(db.statistics().opened, 1u) << "the connection stayed clean";
  }
};

TEST_F(a_table, AStreamThatOutlivesACommitSaysSo) {
  auto tx = db.begin();
  auto rows = tx.stream<number>("select n from t order by n");
  ASSERT_NE(rows.next().value(), nullptr);
  tx.execute("insert into t values (4)");
  tx.commit();
  EXPECT_EQ(db.query_value<int>("select count(*) from t"), 4) << "the connection is free again";
  for (int i = 0; i != 2; ++i) {
    auto late = rows.next();
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code(), dt::errc::transaction_closed);
    EXPECT_EQ(late.error().kind(), dt::condition::misuse);
  }
}

TEST_F(a_table, AStreamThatOutlivesARollbackOrTheTransactionObjectSaysSo) {
  using stream_type = decltype(db.begin().stream<number>("select n from t"));
  for (const bool is_explicit : {true, false}) {
    std::optional<stream_type> rows;
    {
      auto tx = db.begin();
      tx.execute("delete from t where n = 3");
      rows.emplace(tx.stream<number>("select n from t"));
      ASSERT_NE(rows->next().value(), nullptr);
      if (is_explicit) tx.rollback();
    }
    EXPECT_EQ(rows->next().error().code(), dt::errc::transaction_closed);
    EXPECT_EQ(db.query_value<int>("select count(*) from t"), 3);
    EXPECT_THROW(static_cast<void>(rows->begin()), dt::error);
  }
}

TEST_F(a_table, AStreamThatWasReadToItsEndHasNothingToComplainOf) {
  auto tx = db.begin();
  auto rows = tx.stream<number>("select n from t where n = 1");
  ASSERT_NE(rows.next().value(), nullptr);
  ASSERT_EQ(rows.next().value(), nullptr);
  tx.commit();
  EXPECT_EQ(rows.next().value(), nullptr);
}

TEST_F(a_table, StreamsAndTransactionsMayMoveWhileTheyAreOpen) {
  auto first = db.begin();
  auto rows = first.stream<number>("select n from t order by n");
  ASSERT_NE(rows.next().value(), nullptr);
  auto tx = std::move(first);
  auto moved = std::move(rows);
  auto more = tx.stream<number>("select n from t order by n desc");
  EXPECT_EQ(moved.next().value()->n, 2);
  EXPECT_EQ(more.next().value()->n, 3);
  tx.commit();
  EXPECT_EQ(moved.next().error().code(), dt::errc::transaction_closed);
  EXPECT_EQ(more.next().error().code(), dt::errc::transaction_closed);
}

TEST_F(a_table, ANestedTransactionIsUndoneWhenTheOuterOneEndsFirst) {
  auto outer = db.begin();
  outer.execute("insert into t values (10)");
  auto inner = outer.begin();
  inner.execute("insert into t values (11)");
  auto rows = inner.stream<number>("select n from t");
  ASSERT_NE(rows.next().value(), nullptr);
  outer.commit();
  EXPECT_FALSE(inner.is_open());
  EXPECT_EQ(inner.with(dt::as_result).execute("insert into t values (12)").error().code(),
            dt::errc::transaction_closed);
  EXPECT_EQ(rows.next().error().code(), dt::errc::transaction_closed);
  EXPECT_EQ(db.query_value<int>("select max(n) from t"), 10);
}

TEST_F(a_table, ASavepointEndsItsOwnStreamsAlone) {
  auto outer = db.begin();
  auto kept = outer.stream<number>("select n from t order by n");
  auto inner = outer.begin();
  auto lost = inner.stream<number>("select n from t order by n");
  ASSERT_NE(lost.next().value(), nullptr);
  inner.commit();
  EXPECT_EQ(lost.next().error().code(), dt::errc::transaction_closed);
  EXPECT_EQ(kept.next().value()->n, 1);
}

TEST_F(a_table, ATimeLimitOfACallDoesNotOutlastThatOfItsTransaction) {
  const auto late = db.within(std::chrono::milliseconds{30}).with(dt::as_result).transaction([](auto& tx) {
    return tx.within(std::chrono::seconds{5})
        .with(dt::as_result)
        .template query_value<std::int64_t>(
            "with recursive e(i) as (select 1 union all select i + 1 from e limit 200000000) select count(*) from e");
  });
  EXPECT_EQ(late.error().kind(), dt::condition::timeout);
}

struct loose {
  std::int64_t id;
  std::int64_t n;
};

TEST_F(a_table, AKeptInsertReturningIsComparedAnewAfterTheSchemaChanged) {
  db.execute("create table u(id integer primary key, n blob)");
  const auto unfit = db.with(dt::as_result).insert_returning("u", loose{1, 2});
  ASSERT_FALSE(unfit);
  ASSERT_EQ(unfit.error().code(), dt::errc::row_mismatch);
  db.script("drop table u; create table u(id integer primary key, n integer)");
  const auto fits = db.with(dt::as_result).insert_returning("u", loose{1, 2});
  ASSERT_TRUE(fits) << fits.error().message();
  EXPECT_EQ(fits->n, 2);
  const auto query = [&](std::int64_t id) {
    return db.with(dt::as_result).query_one<loose>("insert into v(id, n) values (?, ?) returning id, n", id, 7);
  };
  db.execute("create table v(id integer primary key, n blob)");
  ASSERT_EQ(query(1).error().code(), dt::errc::row_mismatch);
  EXPECT_EQ(db.query_value<int>("select count(*) from v"), 0) << "what does not fit is not executed";
  db.script("drop table v; create table v(id integer primary key, n integer)");
  ASSERT_TRUE(query(1));
  EXPECT_EQ(query(2).value().n, 7);
  EXPECT_EQ(db.query_value<int>("select count(*) from v"), 2);
}

}  // namespace
