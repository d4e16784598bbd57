#include <dovetail/policy/sql_retry.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <system_error>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::asyncsql::classify;
using dt::asyncsql::decide;
using dt::asyncsql::jitter_kind;
using dt::asyncsql::retry_class;
using dt::asyncsql::retry_settings;
using dt::asyncsql::sql_attempt;
using dt::asyncsql::sql_phase;

/// A failure with a SQLSTATE, of the condition that the backend gives it.
dt::error_info failed(std::string_view sqlstate, dt::condition kind, std::string message = {}) {
  static const struct : std::error_category {
    const char* name() const noexcept override { return "test"; }
    std::string message(int) const override { return "test"; }
    std::error_condition default_error_condition(int value) const noexcept override {
      return dt::make_error_condition(static_cast<dt::condition>(value));
    }
  } category;
  dt::error_info info{std::error_code{static_cast<int>(kind), category}};
  dt::server_fields fields;
  fields.sqlstate = sqlstate;
  fields.message = std::move(message);
  info.with_server(std::move(fields));
  return info;
}

retry_class class_of(const dt::error_info& why, sql_phase phase, std::size_t sent = 100) {
  return classify(why, phase, sent, {});
}

TEST(SqlRetry, Y1_DelaysGrowByTheBaseUpToTheMaximum) {
  retry_settings how{.initial_delay = 1s, .max_delay = 3s, .exponential_base = 2.0, .jitter = jitter_kind::none};
  const dt::clock::duration expected[] = {1s, 2s, 3s, 3s, 3s};
  for (int k = 0; k < 5; ++k) EXPECT_EQ(dt::asyncsql::delay_after(k + 1, 0, how), expected[k]) << k;
}

TEST(SqlRetry, Y2_JitterStaysWithinAQuarterAndBelowTheMaximum) {
  const retry_settings how{.initial_delay = 50s, .max_delay = 60s};
  std::uint64_t state = 7;
  for (int i = 0; i < 1000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto delay = dt::asyncsql::delay_after(1, static_cast<std::uint32_t>(state >> 32), how);
    EXPECT_LE(delay, 60s);
    EXPECT_GE(delay, 37500ms);
  }
  EXPECT_EQ(dt::asyncsql::delay_after(1, 0xFFFFFFFFu, how), 60s);
  EXPECT_EQ(dt::asyncsql::delay_after(1, 0, how), 37500ms);
}

TEST(SqlRetry, Y3_RetriesAreCountedAfterTheFirstAttempt) {
  for (const int retries : {0, 1, 3}) {
    const retry_settings how{.max_retries = retries, .initial_delay = 0s};
    int attempts = 1;
    while (decide(retry_class::rolled_back, {.attempt = attempts}, how).repeat) ++attempts;
    EXPECT_EQ(attempts, retries + 1);
  }
  EXPECT_EQ(retry_settings{.max_retries = -5}.attempts(), 1) << "an attempt is always made";
}

TEST(SqlRetry, Y5_WhatTheServerHasRolledBackIsRepeatedAsAWhole) {
  for (const sql_phase phase : {sql_phase::execute, sql_phase::commit}) {
    EXPECT_EQ(class_of(failed("40001", dt::condition::serialization), phase), retry_class::rolled_back);
    EXPECT_EQ(class_of(failed("40P01", dt::condition::serialization), phase), retry_class::rolled_back);
    EXPECT_EQ(class_of(failed("", dt::condition::busy), phase), retry_class::rolled_back);
  }
  EXPECT_TRUE(decide(retry_class::rolled_back, {}, {}).repeat);
}

TEST(SqlRetry, Y6_NothingIsRepeatedInsideATransactionOfTheCaller) {
  for (const retry_class kind : {retry_class::rolled_back, retry_class::not_sent, retry_class::lost,
                                 retry_class::read_only_server, retry_class::listed}) {
    EXPECT_FALSE(decide(kind, {.is_repeatable = true, .is_in_transaction_of_caller = true}, {}).repeat);
  }
}

TEST(SqlRetry, Y7_WordsInAMessageDoNotMakeAFailureTransient) {
  EXPECT_EQ(
      class_of(failed("42703", dt::condition::not_found, "column \"timeout_secs\" does not exist"), sql_phase::execute),
      retry_class::never);
  EXPECT_EQ(
      class_of(failed("23505", dt::condition::constraint, "duplicate key violates \"timeout_pk\""), sql_phase::execute),
      retry_class::never);
}

TEST(SqlRetry, Y9_AConnectionLostWhileExecutingIsRepeatedForReadsOnly) {
  const retry_class kind = class_of(dt::errc::connection_lost, sql_phase::execute);
  EXPECT_EQ(kind, retry_class::lost);
  EXPECT_TRUE(decide(kind, {.is_repeatable = true}, {}).repeat);
  EXPECT_FALSE(decide(kind, {.is_repeatable = false}, {}).repeat);
}

TEST(SqlRetry, Y10_AStatementStoppedForItsTimeIsNotRepeatedUnlessAskedFor) {
  const retry_class kind = class_of(failed("57014", dt::condition::cancelled), sql_phase::execute);
  EXPECT_EQ(kind, retry_class::timeout);
  EXPECT_FALSE(decide(kind, {.is_repeatable = true}, {}).repeat);
  EXPECT_TRUE(decide(kind, {.is_repeatable = true}, {.timeouts_of_reads = true}).repeat);
  EXPECT_FALSE(decide(kind, {.is_repeatable = false}, {.timeouts_of_reads = true}).repeat);
  EXPECT_NE(std::string{dt::error_info{dt::errc::pool_wait_timeout}.message() +
                        dt::condition_category().message(static_cast<int>(dt::condition::timeout))}
                .find("timeout"),
            std::string::npos);
}

TEST(SqlRetry, Y11_OwnCodesAndPhrasesAreAdded) {
  const retry_settings how{.codes = {"55006"}, .phrases = {"try later"}};
  EXPECT_EQ(classify(failed("55006", dt::condition::misuse), sql_phase::execute, 1, how), retry_class::listed);
  EXPECT_EQ(classify(failed("P0001", dt::condition::server, "Please TRY LATER."), sql_phase::execute, 1, how),
            retry_class::listed);
  EXPECT_EQ(classify(failed("P0001", dt::condition::server, "retry later"), sql_phase::execute, 1, how),
            retry_class::never)
      << "only whole words";
  EXPECT_EQ(classify(failed("40001", dt::condition::serialization), sql_phase::execute, 1, how),
            retry_class::rolled_back)
      << "the list adds to the rules, it does not replace them";
}

TEST(SqlRetry, Y14_NoAttemptBeginsBehindTheDeadline) {
  const retry_settings how{.max_retries = 100, .initial_delay = 1s, .jitter = jitter_kind::none, .deadline = 2s};
  EXPECT_TRUE(decide(retry_class::rolled_back, {.attempt = 1, .elapsed = 0s}, how).repeat);
  EXPECT_FALSE(decide(retry_class::rolled_back, {.attempt = 2, .elapsed = 1s}, how).repeat);
  EXPECT_FALSE(decide(retry_class::rolled_back, {.attempt = 1, .elapsed = 2s}, how).repeat);
  EXPECT_FALSE(decide(retry_class::rolled_back, {.attempt = 1, .budget = 500ms}, how).repeat) << "the call's own limit";
}

TEST(SqlRetry, Y15_ADeadIdleConnectionIsReplacedAtOnce) {
  EXPECT_EQ(class_of(dt::errc::connection_closed, sql_phase::begin), retry_class::not_sent);
  EXPECT_EQ(class_of(dt::errc::connection_closed, sql_phase::execute, 0), retry_class::not_sent);
  const dt::verdict next = decide(retry_class::not_sent, {.is_repeatable = false, .attempt = 1}, {});
  EXPECT_TRUE(next.repeat);
  EXPECT_EQ(next.delay, 0s);
  EXPECT_GT(decide(retry_class::not_sent, {.attempt = 2}, {}).delay, 0s);
}

TEST(SqlRetry, X2_ALostCommitIsNeverRepeated) {
  for (const dt::error_info& why : {dt::error_info{dt::errc::commit_unknown}, dt::error_info{dt::errc::connection_lost},
                                    dt::error_info{dt::errc::outcome_unknown}}) {
    const retry_class kind = class_of(why, sql_phase::commit);
    EXPECT_EQ(kind, retry_class::lost_in_commit);
    EXPECT_FALSE(decide(kind, {.phase = sql_phase::commit, .is_repeatable = true}, {}).repeat);
  }
}

TEST(SqlRetry, ConnectingIsRepeatedWhenTheServerMayComeBack) {
  EXPECT_EQ(class_of(failed("53300", dt::condition::busy), sql_phase::connect), retry_class::connect_phase);
  EXPECT_EQ(class_of(failed("57P03", dt::condition::connection), sql_phase::connect), retry_class::connect_phase);
  EXPECT_EQ(class_of(dt::errc::host_not_found, sql_phase::connect), retry_class::connect_phase);
  EXPECT_EQ(class_of(std::make_error_code(std::errc::connection_refused), sql_phase::connect),
            retry_class::connect_phase);
  EXPECT_EQ(class_of(std::make_error_code(std::errc::timed_out), sql_phase::connect), retry_class::connect_phase);
  EXPECT_EQ(class_of(failed("28P01", dt::condition::authentication), sql_phase::connect), retry_class::never);
  EXPECT_EQ(class_of(failed("3D000", dt::condition::not_found), sql_phase::connect), retry_class::never);
  EXPECT_EQ(class_of(dt::errc::pool_wait_timeout, sql_phase::connect), retry_class::never)
      << "the wait for a connection was the retry";
}

TEST(SqlRetry, ALockThatIsRefusedIsRepeatedByOption) {
  const retry_class kind = class_of(failed("55P03", dt::condition::busy), sql_phase::execute);
  EXPECT_EQ(kind, retry_class::lock_not_available);
  EXPECT_FALSE(decide(kind, {}, {}).repeat);
  EXPECT_TRUE(decide(kind, {}, {.lock_not_available = true}).repeat);
}

TEST(SqlRetry, AServerThatBecameAStandbyIsLeft) {
  EXPECT_EQ(class_of(failed("25006", dt::condition::permission), sql_phase::execute), retry_class::read_only_server);
  EXPECT_TRUE(decide(retry_class::read_only_server, {}, {}).repeat);
}

TEST(SqlRetry, EveryClassHasAName) {
  EXPECT_EQ(to_string(retry_class::never), "never");
  EXPECT_EQ(to_string(retry_class::listed), "listed");
  retry_settings anything;
  anything.phrases = {std::string{dt::make_error_code(dt::errc::cancelled).message()}};
  EXPECT_EQ(classify(dt::error_info{dt::errc::cancelled}, sql_phase::execute, 1, anything), retry_class::never);
  EXPECT_EQ(to_string(retry_class::lost_in_commit), "lost_in_commit");
}

}  // namespace
