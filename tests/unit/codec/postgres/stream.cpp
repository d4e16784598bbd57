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

/// A portal that runs ahead: rows are left in the input, and taken out of it here.
struct PostgresStreamAhead : PostgresStream {
  const std::string ask = wire::execute(2, portal_name);

  pg::stream_dialogue fetch() {
    static_cast<void>(take());
    return {*at, portal, {this, nullptr, [](void*, dt::byte_view, bool&) { return std::size_t{0}; }, nullptr}};
  }
  /// The rows that are there.
  std::vector<std::string> take() {
    at.rows.clear();
    bool failed = false;
    const pg::row_sink sink = at.rows.sink();
    at->facts.input.consume(sink.take(sink.state, at->facts.input.committed(), failed));
    EXPECT_FALSE(failed);
    return at.rows.texts();
  }
  /// A fresh session, whose portal has given its first batch.
  void open_ahead() {
    at.fresh();
    portal = {};
    portal.run_ahead();
    ASSERT_FALSE(
        play(start(), prepared + wire::bind_complete() + wire::row({"1"}) + wire::row({"2"}) + wire::suspended()));
    ASSERT_TRUE(portal.runs_ahead());
    at.rows.clear();
  }
  /// It has two batches to give, and the first row of them has come.
  void fetch_first() {
    open_ahead();
    script(fetch()).write(ask + ask + wire::flush()).read(wire::row({"3"})).done();
  }
};

using texts = std::vector<std::string>;

TEST_F(PostgresStreamAhead, TheServerHasTheNextBatchBeforeTheLastOneIsRead) {
  fetch_first();
  EXPECT_EQ(take(), texts{"3"});
  EXPECT_TRUE(script(fetch()).read(wire::row({"4"}) + wire::suspended() + wire::row({"5"})).value().is_suspended);
  EXPECT_EQ(take(), texts{"4"});
  script(fetch()).write(ask + wire::flush()).done();
  EXPECT_EQ(take(), texts{"5"});
  EXPECT_EQ(portal.asked(), 2U);
  EXPECT_TRUE(at->can_drain());
  const pg::execution last = script(fetch())
                                 .read(wire::complete("SELECT 1"))
                                 .write(wire::sync())
                                 .read_each_byte(wire::complete("SELECT 0") + wire::ready())
                                 .value();
  EXPECT_FALSE(last.is_suspended);
  EXPECT_FALSE(portal.is_open());
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresStreamAhead, AResultThatEndsWithABatchEndsInTheNext) {
  fetch_first();
  EXPECT_EQ(take(), texts{"3"});
  script(fetch())
      .read(wire::suspended())
      .write(ask + wire::flush())
      .read(wire::complete("SELECT 0"))
      .write(wire::sync())
      .read(wire::complete("SELECT 0") + wire::ready())
      .done();
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresStreamAhead, OneByteAReadAndEachStepFailing) {
  const auto make = [&] {
    open_ahead();
    return fetch();
  };
  const std::string row = wire::notice() + wire::row({"3"});
  script(make)
      .write(ask + ask + wire::flush())
      .read_each_byte(wire::suspended())
      .write(ask + wire::flush())
      .read_each_byte(row)
      .fail_each_step()
      .leaves([&] { EXPECT_EQ(at.health(), session_health::closed); });
  const auto drained = [&] {
    EXPECT_TRUE(at->can_drain());
    script([&] { return pg::drain_dialogue{*at}; })
        .write_checked([](dt::byte_view bytes) { EXPECT_TRUE(dt::as_text(bytes).ends_with(wire::sync())); })
        .read(wire::ready())
        .done();
    EXPECT_EQ(at.health(), session_health::idle);
    script(close()).done();  // the portal has ended with it
    EXPECT_FALSE(portal.is_open());
    EXPECT_EQ(portal.asked(), 0U);
    EXPECT_EQ(play(fetch(), ""), errc::invalid_state);
  };
  for (const bool is_late : {false, true}) {
    auto steps = script(make);
    steps.write(ask + ask + wire::flush()).read(wire::suspended()).write(ask + wire::flush()).read(row);
    (is_late ? steps.time_out_each_step() : steps.cancel_each_step()).leaves(drained);
  }
}

TEST_F(PostgresStreamAhead, WhatStandsInFrontOfAnErrorIsGivenFirst) {
  fetch_first();
  script(fetch()).read(wire::row({"4"}) + wire::suspended() + wire::row({"5"}) + wire::error("22012")).done();
  EXPECT_EQ(take(), texts{"4"});
  script(fetch()).write(ask + wire::flush()).done();
  EXPECT_EQ(take(), texts{"5"});
  script(fetch()).write(wire::sync()).read(wire::ready()).done_with(pg::sqlstate::division_by_zero);
  EXPECT_FALSE(portal.is_open());
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresStreamAhead, ClosingDropsWhatWasAskedForAhead) {
  const std::string rows = wire::row({"4"}) + wire::suspended() + wire::row({"5"});
  for (const std::string& left : {rows + wire::row({"6"}) + wire::suspended(), rows + wire::complete("SELECT 1"),
                                  wire::complete("SELECT 1") + wire::complete("SELECT 0"), rows + wire::error("22012"),
                                  wire::notice() + rows + wire::suspended()}) {
    fetch_first();  // row 3 is not read
    script(close()).write(wire::sync()).read_in_pieces(left + wire::ready(), 3).done();
    EXPECT_FALSE(portal.is_open());
    EXPECT_EQ(at.health(), session_health::idle);
    EXPECT_TRUE(at->facts.input.committed().empty());
  }
}

TEST_F(PostgresStreamAhead, ClosingTellsOfWhatIsNotOfTheRows) {
  fetch_first();
  script(close())
      .write(wire::sync())
      .read(wire::suspended() + wire::suspended() + wire::error("40001") + wire::ready())
      .done_with(pg::sqlstate::serialization_failure);  // of the end of its transaction
  EXPECT_EQ(at.health(), session_health::idle);
  fetch_first();
  script(close())
      .write(wire::sync())
      .read(wire::error("57P01", "FATAL"))
      .read_end()
      .done_with(pg::sqlstate::admin_shutdown);
  EXPECT_EQ(at.health(), session_health::closed);
}

TEST_F(PostgresStreamAhead, ClosingThatIsLateIsDrained) {
  fetch_first();
  script(close())
      .write(wire::sync())
      .read(wire::row({"4"}))
      .read("")
      .failing(errc::deadline_passed)
      .done_with(errc::deadline_passed);
  script([&] { return pg::drain_dialogue{*at}; }).read(wire::suspended() + wire::error("57014") + wire::ready()).done();
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresStreamAhead, WhatIsBrokenOffInTheMiddleOfBatchesIsDrained) {
  fetch_first();
  const std::string row = wire::row({"4"});
  script(fetch()).read(row.substr(0, 7)).read("").cancelled().done_with(errc::cancelled);
  script([&] { return pg::drain_dialogue{*at}; })
      .write(wire::sync())
      .read(row.substr(7) + wire::suspended() + wire::row({"5"}) + wire::complete("SELECT 1") + wire::ready())
      .done();
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresStreamAhead, MoreBatchesThanWereAskedForAndOtherMessagesCloseTheSession) {
  for (const std::string& wrong : {wire::bind_complete(), wire::ready(), wire::close_complete(), wire::columns({}),
                                   wire::message('I'), wire::copy_in()}) {
    fetch_first();
    EXPECT_EQ(play(fetch(), wrong), errc::unexpected_message) << wrong[0];
    EXPECT_EQ(at.health(), session_health::closed);
    if (wrong[0] == 'Z') continue;
    fetch_first();
    EXPECT_EQ(play(close(), wrong), errc::unexpected_message) << wrong[0];
    EXPECT_EQ(at.health(), session_health::closed);
  }
  const std::string end = wire::complete("SELECT 0");
  for (const std::string& more : {end + end + end, end + end + wire::row({"5"}), end + wire::row({"5"})}) {
    fetch_first();
    EXPECT_EQ(play(fetch(), more + wire::ready()), errc::unexpected_message);
  }
  fetch_first();
  EXPECT_EQ(play(close(), end + end + end + wire::ready()), errc::unexpected_message);
  fetch_first();
  EXPECT_EQ(play(fetch(), std::string{"D\0\0\0\2", 5}), errc::malformed_frame);
}

TEST_F(PostgresStreamAhead, InATransactionNothingIsAskedForAhead) {
  at.fresh().facts.transaction_status = 'T';
  portal = {};
  portal.run_ahead();
  ASSERT_FALSE(play(start(), prepared.substr(0, prepared.size() - 6) + wire::ready('T') + wire::bind_complete() +
                                 wire::row({"1"}) + wire::row({"2"}) + wire::suspended() + wire::ready('T')));
  EXPECT_FALSE(portal.runs_ahead());
  script(next())
      .write(ask + wire::sync())
      .read(wire::row({"3"}) + wire::row({"4"}) + wire::suspended() + wire::ready('T'))
      .done();
}

}  // namespace
