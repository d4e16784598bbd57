#include <dovetail/base/error_info.hpp>

#include <gtest/gtest.h>

#include <source_location>
#include <string>
#include <system_error>
#include <utility>

namespace {

namespace dt = dovetail;

TEST(ErrorInfo, NothingIsNoFailure) {
  const dt::error_info none;
  EXPECT_FALSE(none);
  EXPECT_FALSE(none.is_transient());
  EXPECT_TRUE(none.context().empty());
  EXPECT_TRUE(none.server().sqlstate.empty());
  EXPECT_EQ(none.where().line(), 0u);
}

TEST(ErrorInfo, ABareCodeIsItsOwnMessage) {
  const dt::error_info failure = dt::errc::deadline_passed;
  EXPECT_TRUE(failure);
  EXPECT_EQ(failure.kind(), dt::condition::timeout);
  EXPECT_EQ(failure.message(), "the deadline passed (timeout)");
}

TEST(ErrorInfo, ContextStandsInFrontOfTheCode) {
  EXPECT_EQ((dt::error_info{dt::errc::invalid_option, "port 0"}.message()), "port 0: invalid option");
}

TEST(ErrorInfo, BehindAQuestionTheCodesTextIsLeftOut) {
  EXPECT_EQ((dt::error_info{dt::errc::unknown_option, "unknown parameter 'prot'; did you mean 'port'?"}.message()),
            "unknown parameter 'prot'; did you mean 'port'?");
}

TEST(ErrorInfo, TheServersTextAndFieldsAreInTheMessage) {
  dt::server_fields fields;
  fields.sqlstate = "23505";
  fields.message = "duplicate key";
  fields.detail = "Key (id) exists.";
  fields.hint = "choose another";
  fields.constraint = "city_pkey";
  fields.table = "city";
  fields.column = "id";
  dt::error_info failure = dt::errc::invalid_state;
  failure.with_context("insert into city").with_server(fields).with_statement("insert …");
  EXPECT_EQ(failure.message(),
            "insert into city: duplicate key [SQLSTATE 23505]\n  detail: Key (id) exists.\n  hint: choose another\n"
            "  constraint: city_pkey\n  table: city\n  column: id\n  SQL: insert …");
  EXPECT_EQ(failure.server().constraint, "city_pkey");
  EXPECT_EQ(failure.statement(), "insert …");
}

TEST(ErrorInfo, TheServersDetailMayQuoteValuesAndIsInTheMessageOnlyWithTheStatementsText) {
  dt::server_fields fields;
  fields.message = "duplicate key";
  fields.detail = "Key (email)=(ann@example.org) already exists.";
  dt::error_info failure = dt::errc::invalid_state;
  failure.with_server(fields);
  EXPECT_EQ(failure.message(), "duplicate key");
  EXPECT_EQ(failure.server().detail, fields.detail);
  failure.with_statement("insert …");
  EXPECT_EQ(failure.message(), "duplicate key\n  detail: " + fields.detail + "\n  SQL: insert …");
}

TEST(ErrorInfo, TheFirstLocationStays) {
  dt::error_info failure = dt::errc::cancelled;
  const std::source_location here = std::source_location::current();
  failure.with_location(here).with_location(std::source_location::current());
  EXPECT_EQ(failure.where().line(), here.line());
  EXPECT_NE(failure.message().find("\n  at: " + std::string{here.file_name()} + ':' + std::to_string(here.line())),
            std::string::npos);
  dt::error_info unknown = dt::errc::cancelled;
  unknown.with_location({});
  EXPECT_EQ(unknown.message(), "the operation was cancelled");
}

TEST(ErrorInfo, ACopyDoesNotSeeLaterChanges) {
  dt::error_info first{dt::errc::cancelled, "one"};
  dt::error_info second = first;
  second.with_context("two");
  EXPECT_EQ(first.context(), "one");
  EXPECT_EQ(second.context(), "two");
  const dt::error_info third = std::move(second);
  EXPECT_EQ(third.context(), "two");
}

TEST(ErrorInfo, ACopyThatIsChangedKeepsTheServersFields) {
  dt::error_info first{dt::errc::cancelled, "one"};
  first.edit_server() = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", 11, 12, "l"};
  dt::error_info second = first;
  second.edit_server().table = "k";
  const dt::server_fields& kept = second.server();
  EXPECT_EQ(kept.severity + kept.sqlstate + kept.message + kept.detail + kept.hint + kept.schema + kept.table +
                kept.column + kept.constraint + kept.datatype + kept.context,
            "abcdefkhijl");
  EXPECT_EQ(kept.position, 11);
  EXPECT_EQ(kept.copy_row, 12);
  EXPECT_EQ(first.server().table, "g");
}

TEST(ErrorInfo, WhatMaySucceedLaterIsTransient) {
  EXPECT_TRUE(dt::error_info{dt::errc::connection_lost}.is_transient());
  EXPECT_TRUE(dt::error_info{dt::errc::pool_wait_timeout}.is_transient());
  EXPECT_TRUE(dt::error_info{dt::errc::pool_queue_full}.is_transient());
  EXPECT_TRUE(dt::error_info{std::make_error_code(std::errc::connection_refused)}.is_transient());
  EXPECT_FALSE(dt::error_info{dt::errc::malformed_json}.is_transient());
  EXPECT_FALSE(dt::error_info{dt::errc::commit_unknown}.is_transient());
}

}  // namespace
