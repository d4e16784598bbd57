#include <dovetail/codec/postgres/drain.hpp>
#include <dovetail/codec/postgres/stream.hpp>

#include <support/postgres_session.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace postgres_test;
using dt::errc;
using dt::session_health;
using dt::test::script;

constexpr const char* sql = "select x from large";
const std::string name = pg::statement_cache::name_of(sql, {});
constexpr const char* portal_name = "dt_portal_1";
const std::string prepared =
    wire::close_complete() + wire::parse_complete() + wire::parameters({}) + wire::columns({"x"}) + wire::ready();

struct PostgresStream : testing::Test {
  open_session at;
  pg::portal portal;

  pg::execute_dialogue start() { return {*at, {.text = sql, .row_limit = 2}, at.rows.sink(), portal}; }
  pg::stream_dialogue next() { return {*at, portal, at.rows.sink()}; }
  pg::stream_dialogue close() { return {*at, portal}; }

  /// A fresh session with an open portal.
  void open(char status) {
    at.fresh().facts.transaction_status = status;
    portal = {};
    std::string answer = wire::bind_complete() + wire::row({"1"}) + wire::row({"2"}) + wire::suspended();
    if (status != 'I') answer += wire::ready(status);
    ASSERT_FALSE(play(start(), prepared.substr(0, prepared.size() - 6) + wire::ready(status) + answer));
    ASSERT_TRUE(portal.is_open());
  }
};

TEST_F(PostgresStream, OutsideOfATransactionAFlushKeepsThePortalOpen) {
  script(start())
      .write(wire::close(name) + wire::parse(name, sql) + wire::describe(name) + wire::sync())
      .read(prepared)
      .write(wire::bind(name, {}, portal_name) + wire::execute(2, portal_name) + wire::flush())
      .read(wire::bind_complete() + wire::row({"1"}) + wire::row({"2"}) + wire::suspended())
      .done();
  EXPECT_TRUE(portal.is_open());
  EXPECT_TRUE(at->can_drain());
  EXPECT_EQ(play(pg::execute_dialogue{*at, {.text = "select 1"}}, ""), errc::invalid_state);
  const pg::execution more = script(next())
                                 .write(wire::execute(2, portal_name) + wire::flush())
                                 .read_each_byte(wire::row({"3"}) + wire::row({"4"}) + wire::suspended())
                                 .value();
  EXPECT_TRUE(more.is_suspended);
  const pg::execution last = script(next())
                                 .write(wire::execute(2, portal_name) + wire::flush())
                                 .read(wire::row({"5"}) + wire::complete("SELECT 5"))
                                 .write(wire::sync())
                                 .read(wire::ready())
                                 .value();
  EXPECT_FALSE(last.is_suspended);
  EXPECT_EQ(last.tag.rows(), 5);
  EXPECT_FALSE(portal.is_open());
  EXPECT_EQ(at.rows.texts(), (std::vector<std::string>{"1", "2", "3", "4", "5"}));
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresStream, AResultThatFitsTheFirstBatchIsOverWithIt) {
  EXPECT_FALSE(
      play(start(), prepared + wire::bind_complete() + wire::row({"1"}) + wire::complete("SELECT 1") + wire::ready()));
  EXPECT_FALSE(portal.is_open());
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresStream, InATransactionTheSessionIsFreeBetweenTheBatches) {
  open('T');
  EXPECT_EQ(at.health(), session_health::in_transaction);
  script(next())
      .write(wire::execute(2, portal_name) + wire::sync())
      .read(wire::row({"3"}) + wire::row({"4"}) + wire::suspended() + wire::ready('T'))
      .done();
  script(close())
      .write(wire::close(portal_name, 'P') + wire::sync())
      .read(wire::close_complete() + wire::ready('T'))
      .done();
  EXPECT_FALSE(portal.is_open());
  script(close()).done();  // once is enough
  EXPECT_EQ(play(next(), ""), errc::invalid_state);
}

TEST_F(PostgresStream, ClosingOutsideOfATransactionIsASync) {
  open('I');
  script(close()).write(wire::sync()).read(wire::ready()).done();
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresStream, AnErrorEndsThePortal) {
  for (const char status : {'I', 'T'}) {
    open(status);
    std::string written;
    EXPECT_EQ(play(next(), wire::row({"3"}) + wire::error("22012") + wire::ready(status == 'I' ? 'I' : 'E'), &written),
              pg::sqlstate::division_by_zero);
    EXPECT_TRUE(written.ends_with(wire::sync()));
    EXPECT_FALSE(portal.is_open());
    EXPECT_EQ(at.health(), status == 'I' ? session_health::idle : session_health::in_transaction);
  }
}

TEST_F(PostgresStream, ARowThatFailsEndsThePortal) {
  open('I');
  at.rows.fails_at = 3;
  script(next())
      .write(wire::execute(2, portal_name) + wire::flush())
      .read(wire::row({"3"}) + wire::row({"4"}) + wire::suspended())
      .write(wire::sync())
      .read(wire::ready())
      .done_with(errc::malformed_value);
  EXPECT_EQ(at.rows.texts().size(), 3U);
  EXPECT_FALSE(portal.is_open());
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresStream, WhatIsBrokenOffIsDrained) {
  open('I');
  script(next()).write(wire::execute(2, portal_name) + wire::flush()).read("").cancelled().done_with(errc::cancelled);
  script([&] { return pg::drain_dialogue{*at}; })
      .write(wire::sync())
      .read(wire::row({"3"}) + wire::suspended() + wire::ready())
      .done();
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresStream, ALostConnectionLosesNothingThatWasCommitted) {
  const std::error_code reset = std::make_error_code(std::errc::connection_reset);
  open('I');
  script(next()).write(wire::execute(2, portal_name) + wire::flush()).read("").failing(reset).done_with(reset);
  EXPECT_EQ(at.health(), session_health::closed);
}

TEST_F(PostgresStream, AMessageThatDoesNotBelongClosesTheSession) {
  for (const std::string& wrong : {wire::bind_complete(), wire::ready(), wire::close_complete(), wire::columns({}),
                                   wire::message('I'), wire::copy_in()}) {
    open('T');
    EXPECT_EQ(play(next(), wrong), errc::unexpected_message) << wrong[0];
    EXPECT_EQ(at.health(), session_health::closed);
    open('T');
    if (wrong[0] != '3') {
      EXPECT_EQ(play(close(), wrong), errc::unexpected_message) << wrong[0];
    }
  }
}

}  // namespace
