#include <dovetail/codec/postgres/copy_in.hpp>
#include <dovetail/codec/postgres/drain.hpp>
#include <dovetail/codec/postgres/execute.hpp>
#include <dovetail/codec/postgres/script.hpp>
#include <dovetail/codec/postgres/wait_notification.hpp>

#include <support/postgres_session.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace {

using namespace postgres_test;
using dt::errc;
using dt::session_health;
using dt::test::script;

struct PostgresDrain : testing::Test {
  open_session at;
  auto drain() {
    return [this] { return pg::drain_dialogue{*at}; };
  }
  /// A script whose query was sent, and was broken off behind `sent` bytes of it and `read` of the answer.
  void break_off(std::size_t sent, const std::string& read = {}) {
    pg::script_dialogue dialogue{at.fresh(), "select 1"};
    const dt::action written = dialogue.resume({});
    ASSERT_EQ(written.what(), dt::verb::exchange);
    dt::event happened{{}, written.output().size(), false};
    if (sent < written.output().size()) happened = {errc::cancelled, sent, true};
    dt::action next = dialogue.resume(happened);
    if (next.what() == dt::verb::done) return;
    ASSERT_EQ(next.what(), dt::verb::read);
    read.copy(reinterpret_cast<char*>(next.input().data()), read.size());
    next = dialogue.resume({errc::deadline_passed, read.size(), false});
    while (next.what() != dt::verb::done) next = dialogue.resume({errc::deadline_passed, 0, false});
  }
};

const std::string query = wire::query("select 1");
const std::string cancelled = wire::error("57014") + wire::ready();

TEST_F(PostgresDrain, WhatIsOwedIsReadAndDropped) {
  break_off(query.size());
  ASSERT_TRUE(at->can_drain());
  EXPECT_EQ(script(drain()).read(cancelled).value().failure.code(), pg::sqlstate::query_cancelled);
  EXPECT_EQ(at.health(), session_health::idle);
  break_off(query.size());
  EXPECT_FALSE(script(drain())
                   .read(wire::columns({"a"}) + wire::row({"x"}) + wire::notice() + wire::complete("SELECT 1") +
                         wire::notification("a", "b") + wire::parameter("x", "y") + wire::ready('T'))
                   .value()
                   .failure);
  EXPECT_EQ(at.health(), session_health::in_transaction);
  EXPECT_EQ(at->notifications.size(), 1U);
  EXPECT_EQ(at->facts.parameters.find("x"), "y");
}

TEST_F(PostgresDrain, AMessageThatWasReadInHalfIsGoneOnWith) {
  for (std::size_t half : {1U, 5U, 8U}) {
    const std::string answer = wire::row({"xxxxxxxxxxxxx"}) + cancelled;
    break_off(query.size(), wire::columns({"a"}) + answer.substr(0, half));
    script(drain()).read_each_byte(answer.substr(half)).done();
    EXPECT_EQ(at.health(), session_health::idle);
  }
}

TEST_F(PostgresDrain, HalfARequestIsSentToItsEnd) {
  for (std::size_t sent = 1; sent < query.size(); ++sent) {
    break_off(sent);
    ASSERT_TRUE(at->can_drain());
    script(drain()).write(query.substr(sent)).read(cancelled).done();
    EXPECT_EQ(at.health(), session_health::idle);
  }
}

TEST_F(PostgresDrain, ARequestThatWasNotSentLeavesNothingToDrain) {
  break_off(0);
  EXPECT_EQ(at.health(), session_health::idle);
  script(drain()).done();
}

TEST_F(PostgresDrain, ItMayBeBrokenOffItself) {
  break_off(3);
  script(drain()).write(query.substr(3)).cancelled(2).done_with(errc::cancelled);
  script(drain()).write(query.substr(5)).read("").failing(errc::deadline_passed).done_with(errc::deadline_passed);
  ASSERT_TRUE(at->can_drain());
  script(drain()).read(wire::row({"large"}).substr(0, 7)).read("").cancelled().done_with(errc::cancelled);
  script(drain()).read(wire::row({"large"}).substr(7) + cancelled).done();
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresDrain, LargeMessagesAreNotKept) {
  break_off(query.size());
  script(drain()).read(wire::row({std::string(3'000'000, 'x')}) + cancelled).done();  // beyond the limit of messages
  EXPECT_LE(at->facts.input.capacity(), 64U * 1024);
}

TEST_F(PostgresDrain, AServerThatWaitsForDataGetsNone) {
  break_off(query.size());
  script(drain())
      .read(wire::copy_in())
      .write(wire::message('f', wire::text("the client has cancelled the copy")))
      .read(cancelled)
      .done();
  EXPECT_EQ(at.health(), session_health::idle);
}

TEST_F(PostgresDrain, AnUnnamedStatementThatWasDescribedIsEndedWithASync) {
  open_session unnamed{0};
  pg::execute_dialogue dialogue{*unnamed, {.text = "select 1"}};
  script(std::move(dialogue))
      .write(wire::parse("", "select 1") + wire::describe("") + wire::flush())
      .read("")
      .cancelled()
      .done_with(errc::cancelled);
  script([&] { return pg::drain_dialogue{*unnamed}; })
      .write(wire::sync())
      .read(wire::parse_complete() + wire::parameters({}) + wire::no_data() + wire::ready())
      .done();
  EXPECT_EQ(unnamed.health(), session_health::idle);
}

TEST_F(PostgresDrain, ALostConnectionOrAWrongMessageClosesTheSession) {
  const std::error_code reset = std::make_error_code(std::errc::connection_reset);
  break_off(query.size());
  script(drain()).read("").failing(reset).done_with(reset);
  EXPECT_EQ(at.health(), session_health::closed);
  script(drain()).done_with(errc::connection_closed);
  break_off(query.size());
  script(drain()).read(wire::error("57P01", "FATAL")).read_end().done_with(pg::make_error_code("57P01"));
  for (const std::string& wrong : {wire::message('R', "1234"), wire::message('Z', "X"), "D" + wire::int32(2),
                                   wire::message('A', "x"), wire::message('?')}) {
    break_off(query.size());
    EXPECT_EQ(play(pg::drain_dialogue{*at}, wrong), dt::condition::protocol);
    EXPECT_EQ(at.health(), session_health::closed);
  }
}

TEST(PostgresNotifications, TheOldestIsGivenFirstAndTheQueueIsBounded) {
  pg::notification_queue queue{2};
  const auto take = [&](const char* payload) {
    const std::string whole = wire::notification("c", payload);
    return queue.take(dt::as_byte_view(std::string_view{whole}.substr(5)));
  };
  EXPECT_TRUE(take("1"));
  EXPECT_TRUE(take("2"));
  EXPECT_TRUE(take("3"));
  EXPECT_EQ(queue.dropped(), 1U);
  EXPECT_EQ(queue.pop().payload, "2");
  const pg::notification last = queue.pop();
  EXPECT_EQ(last.payload, "3");
  EXPECT_EQ(last.channel, "c");
  EXPECT_EQ(last.process, 7U);
  EXPECT_TRUE(queue.empty());
  EXPECT_FALSE(queue.take(dt::as_byte_view("abcdchannel")));
}

TEST(PostgresNotifications, ComeInTheirOrderHoweverTheyAreTaken) {
  pg::notification_queue queue{50};
  int next = 0;
  int oldest = 0;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 1 + round % 7; ++i) {
      const std::string whole = wire::notification("c", std::to_string(next++));
      ASSERT_TRUE(queue.take(dt::as_byte_view(std::string_view{whole}.substr(5))));
    }
    oldest = next - static_cast<int>(queue.size());
    for (int i = 0; i < round % 6 && !queue.empty(); ++i) {
      ASSERT_EQ(queue.pop().payload, std::to_string(oldest++)) << round;
    }
    ASSERT_EQ(queue.size(), static_cast<std::size_t>(next - oldest));
  }
  EXPECT_GT(queue.dropped(), 0U);
  queue.clear();
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.dropped(), 0U);
}

TEST(PostgresNotifications, WaitingLeavesTheSessionAsItWas) {
  open_session at;
  const auto wait = [&] { return pg::wait_notification_dialogue{*at}; };
  EXPECT_EQ(script(wait).read(wire::notice() + wire::notification("c", "1")).value().payload, "1");
  script(wait).read_each_byte(wire::notification("c", "2")).done();
  const std::string third = wire::notification("c", "3");
  script(wait).read(third.substr(0, 6)).read("").cancelled().done_with(errc::cancelled);
  EXPECT_EQ(at.health(), session_health::idle);
  EXPECT_EQ(script(wait).read(third.substr(6) + wire::notification("c", "4")).value().payload, "3");
  EXPECT_EQ(script(wait).value().payload, "4");
  EXPECT_EQ(play(wait(), wire::error("57P01", "FATAL")), pg::make_error_code("57P01"));
  EXPECT_EQ(at.health(), session_health::closed);
  at.fresh();
  EXPECT_EQ(play(wait(), wire::ready()), errc::unexpected_message);
  EXPECT_EQ(at.health(), session_health::closed);
}

}  // namespace
