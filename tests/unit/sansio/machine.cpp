#include <dovetail/sansio/machine.hpp>

#include <support/dialogues.hpp>
#include <support/script.hpp>

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

namespace dt = dovetail;
using namespace dt::test;
using namespace std::chrono_literals;

namespace {

struct not_a_machine {
  int resume(const dt::event&);
};
struct value_without_type {
  dt::action resume(const dt::event&);
  int value() &&;
};

static_assert(dt::machine<open_line> && !dt::value_machine<open_line>);
static_assert(dt::value_machine<exchange_lines> && dt::value_machine<boxed_exchange>);
static_assert(!dt::machine<not_a_machine> && !dt::machine<int>);
static_assert(dt::machine<value_without_type> && !dt::value_machine<value_without_type>);

TEST(Machine, ItsOwnWordsForAFailureWinOverTheBareCode) {
  line_session s;
  boxed_exchange with_words{s, "a"};
  exchange_lines without{s, "a"};
  EXPECT_EQ("exchanging a line", dt::failure_of(with_words, dt::errc::connection_lost).context());
  EXPECT_EQ("", dt::failure_of(without, dt::errc::connection_lost).context());
  EXPECT_EQ(dt::errc::connection_lost, dt::failure_of(without, dt::errc::connection_lost).code());
}

TEST(Script, AReplySplitIntoSingleBytesIsReadLikeAWholeOne) {
  line_session s;
  EXPECT_EQ("pong\n", script(exchange_lines{s, "ping"}).write("ping\n").read("pong\n").value());
  EXPECT_EQ("pong\n", script(exchange_lines{s, "ping"}).write("ping\n").read_each_byte("pong\n").value());
  EXPECT_EQ("pong\n",
            script(exchange_lines{s, "ping"}).write("ping\n").read("po").read("ng\n").one_byte_a_read().value());
  EXPECT_EQ("pong\n", script(exchange_lines{s, "ping"}).write("ping\n").read_in_pieces("pong\n", 2).value());
}

TEST(Script, AReadNeverGivesMoreThanItsBufferHolds) {
  line_session s;
  const std::string longer(200, 'x');
  EXPECT_EQ(longer + "\n", script(exchange_lines{s, "ping"}).write("ping\n").read(longer + "\n").value());
}

TEST(Script, WhatComesWhileADialogueWritesIsScriptedToo) {
  line_session s;
  EXPECT_EQ("ping", script(pass_through{s, "ping"}).write("ping").read("ping").value()) << "nothing came";
  EXPECT_EQ("ping",
            script(pass_through{s, "ping"}).exchange("p", "p").exchange("", "i").write("ing").read("ng").value());
  EXPECT_NONFATAL_FAILURE(script(pass_through{s, "ping"}).exchange("x", "p").write("ing").read("ing").done(),
                          "does not begin with");
  EXPECT_NONFATAL_FAILURE(script(exchange_lines{s, "ping"}).exchange("p", "p").done_with(dt::errc::invalid_state),
                          "was write, not exchange");
}

TEST(Script, AnyFailingOrCancelledStepDesynchronisesTheSession) {
  line_session s;
  const auto make = [&s] {
    s = {};
    s.state = dt::session_health::idle;
    return exchange_lines{s, "ping"};
  };
  script(make).write("ping\n").read_each_byte("pong\n").fail_each_step().leaves(s, dt::session_health::desynchronised);
  script(make).write("ping\n").read("pong\n").cancel_each_step().leaves(s, dt::session_health::desynchronised);
  script(make).write("ping\n").read("pong\n").time_out_each_step().leaves(s, dt::session_health::desynchronised);
  script(make).write("ping\n").read("pong\n").leaves(s, dt::session_health::idle);
}

TEST(Script, EndsAreExpectedByCodeOrByCondition) {
  line_session s;
  script(open_line{s}).connect().done();
  script(open_line{s}).connect().failing(dt::errc::host_not_found).done_with(dt::condition::connection);
  script(exchange_lines{s, "a"}).write("a\n").read_end().done_with(dt::errc::connection_closed);
  script(exchange_lines{s, "a"}).write("a\n").cancelled(1).done_with(dt::errc::cancelled);
  script(exchange_lines{s, "a"}).write("a\n").read({0}).done_with(dt::errc::malformed_frame);
  script(exchange_lines{s, "a"}).write("a\n").read("b\nc").done_with(dt::condition::protocol);
  script(take_a_break{5ms}).wait(5ms).done();
  script(read_to_end{s}).shutdown_write().read("tail").read_end().done();
  script(exchange_lines{s, "abc"})
      .write_checked([](dt::byte_view out) { EXPECT_EQ(4U, out.size()); })
      .read("\n")
      .done();
}

TEST(Script, ItNoticesADialogueThatDoesSomethingElse) {
  static line_session s;  // the macros call their statement from another function
  EXPECT_NONFATAL_FAILURE(script(exchange_lines{s, "a"}).write("b\n").read("\n").done(), "the dialogue wrote");
  EXPECT_NONFATAL_FAILURE(script(take_a_break{5ms}).wait(6ms).done(), "the delay of wait");
  EXPECT_NONFATAL_FAILURE(script(take_a_break{5ms}).wait(5ms).wait(5ms).done(), "before its step 2");
  EXPECT_NONFATAL_FAILURE(script(open_line{s}).connect().done_with(dt::errc::cancelled), "ended with");
}

}  // namespace
