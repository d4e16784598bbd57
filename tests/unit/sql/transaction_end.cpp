#include <dovetail/sql/transaction_end.hpp>

#include <gtest/gtest.h>

#include <string_view>

namespace {

namespace dt = dovetail;
using dt::dialect;
using dt::detail::ends_transaction;

TEST(TransactionEnd, TextsThatEndTheTransactionThatTheyRunIn) {
  for (const std::string_view each : {"commit",
                                      "insert into t values (1); COMMIT; insert into t values (2)",
                                      "; ;commit",
                                      "-- a\n/* b */ commit",
                                      "commit and chain",
                                      "commit work; begin",
                                      "end",
                                      "end transaction;",
                                      "insert into t values (1);end",
                                      "rollback",
                                      "rollback; begin",
                                      "rollback transaction;",
                                      "rollback and chain",
                                      "savepoint a; rollback to a; commit",
                                      "create table t(x int); commit",
                                      "create table begin(x int); end; begin",
                                      "create table trigger(begin int); end",
                                      "create table t(x int default (case when 1 then 2 end)); commit",
                                      "create trigger a after insert on t begin select 1; end; commit",
                                      "select 'a;b', \"c;d\" ; commit"}) {
    EXPECT_TRUE(ends_transaction(dialect::sqlite, each)) << each;
    EXPECT_TRUE(ends_transaction(dialect::postgres, each)) << each;
  }
  EXPECT_TRUE(ends_transaction(dialect::postgres, "abort"));
  EXPECT_TRUE(ends_transaction(dialect::postgres, "insert into t values (1); prepare transaction 'x'"));
  EXPECT_TRUE(ends_transaction(dialect::postgres, "do $$ begin null; end $$; commit"));
  EXPECT_TRUE(ends_transaction(dialect::mysql, "create table t(x int)"));
  EXPECT_TRUE(ends_transaction(dialect::mysql, "start transaction"));
}

TEST(TransactionEnd, TextsThatLeaveItOpen) {
  for (const std::string_view each :
       {"", "  ", ";;", "insert into t values (1); insert into t values (2)", "begin", "savepoint a; release a",
        "rollback to a", "rollback to savepoint a;", "rollback transaction to savepoint a; select 1",
        "insert into t values ('x; commit; y')", "select 1 -- ; commit", "select 1 /* ; commit; */",
        "update t set x = case when y then 1 else 2 end; select 1", "select commit from t",
        "create trigger a after insert on t begin insert into u values (1); select 2; end; select 1",
        "create temporary trigger a after insert on t begin select case when 1 then 2 end; end",
        "create temp trigger a after insert on t begin select 1; end"}) {
    EXPECT_FALSE(ends_transaction(dialect::sqlite, each)) << each;
  }
  for (const std::string_view each : {"prepare a as select 1", "do $$ begin commit; end $$",
                                      "create or replace function f() returns int begin atomic select 1; end; select 2",
                                      "create procedure p() language sql begin atomic insert into t values (1); end"}) {
    EXPECT_FALSE(ends_transaction(dialect::postgres, each)) << each;
  }
}

TEST(TransactionEnd, OfATextWithAnOpenQuoteTheWorstIsTaken) {
  EXPECT_TRUE(ends_transaction(dialect::sqlite, "select 'open"));
  EXPECT_TRUE(ends_transaction(dialect::postgres, "select 1; /* open"));
}

}  // namespace
