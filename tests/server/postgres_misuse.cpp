// What hostile users did to pipelines, copies and transactions: statements that the server lost, one text for two row
// types, copies that outlive their transaction, connections that the server closed.
#include <dovetail/postgres.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace dt = dovetail;
namespace pg = dt::postgres;
using dt::test::postgres_server;
using namespace std::chrono_literals;

namespace {

struct PostgresMisuse : testing::Test {
  pg::client db{postgres_server::shared().socket_string("app", " maxConnections=1")};

  void let_the_server_close_the_connection() {
    const std::string process = std::to_string(db.query_value<int>("select pg_backend_pid()"));
    db.script("set idle_session_timeout = '100ms'");
    ASSERT_TRUE(postgres_server::shared().becomes("select count(*) from pg_stat_activity where pid = " + process, "0"));
  }
};

TEST_F(PostgresMisuse, APipelineWhoseStatementsTheServerForgotIsPreparedAnew) {
  for (int round = 0; round < 3; ++round) {
    const auto [one, two] = db.pipeline(pg::query_value<int>("select ? + 1 + 1000 - 1000 + 0 + 0 + 0 + 0", round),
                                        pg::query_value<int>("select ? + 2 + 1000 - 1000 + 0 + 0 + 0 + 0", round));
    EXPECT_EQ(one, round + 1);
    EXPECT_EQ(two, round + 2);
    db.script("discard all");
  }
}

TEST_F(PostgresMisuse, OneTextMayBeReadAsTwoTypesInOnePipeline) {
  for (int round = 0; round < 2; ++round) {
    const auto [text, number] = db.pipeline(pg::query_value<std::string>("select 1234.5::numeric"),
                                            pg::query_value<dt::decimal>("select 1234.5::numeric"));
    EXPECT_EQ(text, "1234.5");
    EXPECT_EQ(to_string(number), "1234.5");
    const auto [other_number, other_text] = db.pipeline(pg::query_value<dt::decimal>("select 77.5::numeric"),
                                                        pg::query_value<std::string>("select 77.5::numeric"));
    EXPECT_EQ(other_text, "77.5");
    EXPECT_EQ(to_string(other_number), "77.5");
  }
}

TEST_F(PostgresMisuse, PlacesOfMistakesAreTheSameInAllStatementsThatShareALiteral) {
  std::vector<decltype(pg::query_value<int>("select ? + ? + nosuch", 1, 2))> statements;
  for (int i = 0; i < 3; ++i) statements.push_back(pg::query_value<int>("select ? + ? + nosuch", 1, 2));
  const auto results = db.pipeline_each(statements);
  ASSERT_EQ(results.size(), 3u);
  for (const auto& each : results) {
    ASSERT_FALSE(each);
    EXPECT_EQ(each.error().server().position, 16);
  }
}

TEST_F(PostgresMisuse, ColumnsOfACopiedQueryMayShareAName) {
  int seen = 0;
  for (const auto& [one, two] : db.copy_out_query<std::tuple<int, int>>("select 1, 2")) seen += one * 10 + two;
  EXPECT_EQ(seen, 12);
}

TEST_F(PostgresMisuse, ACopyEndsWithItsTransaction) {
  auto tx = db.begin();
  auto rows = tx.copy_out_query<int>("select n from generate_series(1, 300000) n");
  EXPECT_TRUE(rows.next());
  EXPECT_THROW(tx.commit(), dt::error);
  const auto next = rows.next();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code(), dt::errc::transaction_closed);
}

TEST_F(PostgresMisuse, AStatementDuringACopyIsRefusedAndTheCopyGoesOn) {
  auto tx = db.begin();
  int seen = 0;
  {
    auto rows = tx.copy_out_query<int>("select n from generate_series(1, 500000) n");
    EXPECT_TRUE(rows.next());
    for (int again = 0; again < 2; ++again) {
      const auto refused = tx.with(dt::as_result).execute("select 1");
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code(), dt::errc::busy);
    }
    for (seen = 1;; ++seen) {
      const auto next = rows.next();
      ASSERT_TRUE(next) << next.error().message();
      if (*next == nullptr) break;
    }
  }
  EXPECT_EQ(seen, 500000);
  EXPECT_EQ(tx.query_value<int>("select 7"), 7);
  tx.commit();
}

TEST_F(PostgresMisuse, AStatementWithinTheSourceOfACopyIsRefusedAndTheCopyGoesOn) {
  db.script("create temp table copied_from_source(n int)");
  auto tx = db.begin();
  dt::error_info refusal;
  int piece = 0;
  const auto copied = tx.copy_in_text("copy copied_from_source from stdin", [&]() -> std::string {
    const auto refused = tx.with(dt::as_result).query_value<int>("select 1");
    if (!refused) refusal = refused.error();
    return ++piece < 4 ? std::to_string(piece) + "\n" : std::string{};
  });
  EXPECT_EQ(refusal.code(), dt::errc::busy);
  EXPECT_EQ(copied.rows_affected, 3);
  tx.commit();
  EXPECT_EQ(db.query_value<int>("select count(*)::int from copied_from_source"), 3);
}

TEST_F(PostgresMisuse, ATransactionBeginsOnAnotherConnectionWhereTheServerClosedOne) {
  let_the_server_close_the_connection();
  int seen = 0;
  db.transaction([&](auto& tx) { seen = tx.template query_value<int>("select 7"); });
  EXPECT_EQ(seen, 7);
}

}  // namespace
