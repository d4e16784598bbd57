// Streams of a blocking manual session, its savepoints and its end: the same on every backend.
#pragma once

#include <dovetail/asyncsql.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace dovetail::test {

/// `setup`: a blocking client of the database that `manual`, in mode manual, works on.
template <class Setup, class Session>
class savepoint_streams {
 public:
  savepoint_streams(Setup& setup, Session& manual) : setup_(setup), manual_(manual) {}

  void run_all() {
    setup_.script(
        "drop table if exists counted; create table counted(n integer primary key);"
        "insert into counted with recursive up(i) as (select 1 union all select i + 1 from up where i < 3000) "
        "select i from up");
    going_back();
    going_back_in_a_body();
    forgetting();
    marks_of_one_name();
    ending();
    setup_.script("drop table counted");
  }

 private:
  static auto open(auto& on) { return on.template stream<std::int64_t>("select n from counted order by n"); }

  /// How many rows are left, or why it has failed.
  struct rest {
    int rows = 0;
    std::error_code why{};
  };
  static rest read(auto& stream) {
    rest found;
    for (;;) {
      auto row = stream.next();
      if (!row) found.why = row.error().code();
      if (!row || *row == nullptr) return found;
      ++found.rows;
    }
  }
  std::int64_t count() { return setup_.template query_value<std::int64_t>("select count(*) from counted"); }

  void going_back() {
    SCOPED_TRACE("rollback_to ends the streams that were opened since the savepoint, and no others");
    manual_.begin();
    auto before = open(manual_);
    EXPECT_TRUE(before.next());
    manual_.savepoint("outer");
    auto between = open(manual_);
    EXPECT_TRUE(between.next());
    manual_.savepoint("inner");
    manual_.execute("insert into counted values (7000)");
    auto behind = open(manual_);
    EXPECT_TRUE(behind.next());
    auto unread = manual_.with(as_result).template stream<std::int64_t>("select n from counted order by n");
    ASSERT_TRUE(unread);
    manual_.rollback_to("inner");
    EXPECT_EQ(read(behind).why, errc::transaction_closed);
    EXPECT_EQ(read(*unread).why, errc::transaction_closed);
    EXPECT_TRUE(between.next());
    auto again = open(manual_);  // the savepoint stays
    EXPECT_TRUE(again.next());
    manual_.rollback_to("outer");
    EXPECT_EQ(read(again).why, errc::transaction_closed);
    EXPECT_EQ(read(between).why, errc::transaction_closed);
    const rest left = read(before);
    EXPECT_EQ(left.rows, 2999);
    EXPECT_FALSE(left.why);
    manual_.execute("insert into counted values (7001)");
    manual_.commit();
    EXPECT_EQ(count(), 3001);
    setup_.execute("delete from counted where n > 3000");
  }

  void going_back_in_a_body() {
    SCOPED_TRACE("the same in the body of run_transaction");
    manual_.run_transaction([](auto& tx) {
      auto before = open(tx);
      EXPECT_TRUE(before.next());
      tx.savepoint("mark");
      auto behind = open(tx);
      EXPECT_TRUE(behind.next());
      EXPECT_THROW(tx.transaction([](auto& inner) {
        inner.savepoint("deeper");
        throw std::runtime_error{"the body gives up"};
      }),
                   std::runtime_error);
      EXPECT_TRUE(behind.next());  // what the nested body has set is forgotten with it
      tx.rollback_to("mark");
      EXPECT_EQ(read(behind).why, errc::transaction_closed);
      EXPECT_EQ(read(before).rows, 2999);
      tx.execute("insert into counted values (7002)");
    });
    EXPECT_EQ(count(), 3001);
    setup_.execute("delete from counted where n > 3000");
  }

  void forgetting() {
    SCOPED_TRACE("release keeps streams");
    manual_.begin();
    manual_.savepoint("one");
    auto kept = open(manual_);
    EXPECT_TRUE(kept.next());
    manual_.release("one");
    EXPECT_TRUE(kept.next());
    manual_.savepoint("two");
    manual_.rollback_to("two");
    EXPECT_EQ(read(kept).rows, 2998) << "it was opened before that savepoint";
    manual_.rollback();
  }

  void marks_of_one_name() {
    SCOPED_TRACE("the latest of a name is meant");
    manual_.begin();
    manual_.savepoint("mark");
    auto first = open(manual_);
    EXPECT_TRUE(first.next());
    manual_.savepoint("mark");
    auto second = open(manual_);
    EXPECT_TRUE(second.next());
    manual_.rollback_to("mark");
    EXPECT_EQ(read(second).why, errc::transaction_closed);
    EXPECT_TRUE(first.next());
    manual_.release("mark");
    manual_.rollback_to("mark");
    EXPECT_EQ(read(first).why, errc::transaction_closed);
    manual_.script("savepoint own");  // of which nothing is known
    auto third = open(manual_);
    EXPECT_TRUE(third.next());
    manual_.rollback_to("own");
    EXPECT_EQ(read(third).why, errc::transaction_closed);
    manual_.rollback();
  }

  void ending() {
    SCOPED_TRACE("commit and rollback end them all");
    for (const bool commits : {true, false}) {
      manual_.begin();
      auto open_one = open(manual_);
      EXPECT_TRUE(open_one.next());
      commits ? manual_.commit() : manual_.rollback();
      const rest left = read(open_one);
      EXPECT_EQ(left.rows, 0);
      EXPECT_EQ(left.why, errc::transaction_closed);
      EXPECT_EQ(manual_.statistics().active, 0U);
      auto alone = open(manual_);  // without a transaction: on a connection of its own
      EXPECT_TRUE(alone.next());
      manual_.begin();
      manual_.rollback();
      EXPECT_EQ(read(alone).rows, 2999);
    }
  }

  Setup& setup_;
  Session& manual_;
};

}  // namespace dovetail::test
