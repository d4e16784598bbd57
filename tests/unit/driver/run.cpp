#include <dovetail/driver/run.hpp>

#include <support/dialogues.hpp>
#include <support/line_server.hpp>

#include <dovetail/transport/memory.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <utility>

namespace dt = dovetail;
using namespace dt::test;
using namespace std::chrono_literals;

namespace {

struct ends {
  explicit ends(std::size_t capacity = 64 * 1024) {
    auto made = dt::memory_stream::pair(capacity);
    ours = std::move(made.first);
    theirs = std::move(made.second);
  }
  dt::memory_stream ours, theirs;
  line_session session;
};

TEST(Run, ADialogueGivesItsValueAndItsTraffic) {
  ends e;
  write_text(e.theirs, "pong\n");
  dt::traffic moved;
  const auto got = dt::run(e.ours, exchange_lines{e.session, "ping"}, dt::deadline::after(60s), moved);
  ASSERT_TRUE(got);
  EXPECT_EQ("pong\n", *got);
  EXPECT_EQ((dt::traffic{5, 5}), moved);
  EXPECT_EQ("ping", read_line(e.theirs));
}

TEST(Run, AMachineWithoutAValueGivesSuccessOrFailure) {
  ends e;
  EXPECT_TRUE(dt::run(e.ours, take_a_break{1ms}));
  EXPECT_FALSE(dt::run(e.ours, open_line{e.session})) << "an open stream of a pair leads nowhere";
}

TEST(Run, AMachineMayBeKeptByTheCaller) {
  ends e;
  write_text(e.theirs, "pong\n");
  boxed_exchange kept{e.session, "ping"};
  const auto got = dt::run(e.ours, kept, dt::deadline::after(60s));
  ASSERT_TRUE(got);
  EXPECT_EQ("pong\n", **got);
}

TEST(Run, APassedDeadlineFailsBeforeAByteIsSent) {
  ends e;
  dt::traffic moved;
  const auto got = dt::run(e.ours, exchange_lines{e.session, "ping"}, dt::deadline{dt::clock::now()}, moved);
  EXPECT_EQ(dt::errc::deadline_passed, got.error().code());
  EXPECT_EQ("memory", got.error().context());
  EXPECT_EQ(dt::traffic{}, moved);
}

TEST(Run, AStallingPeerEndsAtTheDeadlineAtEveryStep) {
  for (const std::string_view reply : {"", "p", "pon"}) {
    dt::traffic moved;
    for (auto budget = 30ms; moved != dt::traffic{5, reply.size()}; budget *= 2) {  // more, when all was too late
      ASSERT_LT(budget, 60s);
      ends e;
      write_text(e.theirs, reply);
      const auto start = dt::clock::now();
      moved = {};
      const auto got = dt::run(e.ours, exchange_lines{e.session, "ping"}, dt::deadline::after(budget), moved);
      EXPECT_EQ(dt::errc::deadline_passed, got.error().code());
      EXPECT_GE(dt::clock::now() - start, budget);
      EXPECT_EQ(dt::session_health::desynchronised, e.session.state);
    }
  }
}

TEST(Run, ADyingPeerIsAnErrorAtEveryStep) {
  for (const std::string_view reply : {"", "p", "pon"}) {
    ends e;
    write_text(e.theirs, reply);
    e.theirs.shutdown_write();
    EXPECT_EQ(dt::errc::connection_closed,
              dt::run(e.ours, exchange_lines{e.session, "ping"}, dt::deadline::after(60s)).error().code());
    ends broken;
    write_text(broken.theirs, reply);
    broken.theirs.break_connection();
    EXPECT_EQ(dt::condition::connection,
              dt::run(broken.ours, exchange_lines{broken.session, "ping"}, dt::deadline::after(60s)).error().kind());
  }
}

TEST(Run, GarbageIsTheDialoguesError) {
  ends e;
  write_text(e.theirs, std::string_view{"po\0ng\n", 6});
  EXPECT_EQ(dt::errc::malformed_frame,
            dt::run(e.ours, exchange_lines{e.session, "ping"}, dt::deadline::after(60s)).error().code());
}

TEST(Run, AWriteWaitsForRoomAndCountsWhatLeft) {
  ends e{16};
  std::string longer(1000, 'x');
  std::thread peer([&e] { write_text(e.theirs, read_line(e.theirs) + "\n"); });
  dt::traffic moved;
  const auto got = dt::run(e.ours, exchange_lines{e.session, longer}, dt::deadline::after(60s), moved);
  peer.join();
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(longer + "\n", *got);
  EXPECT_EQ((dt::traffic{1001, 1001}), moved);

  dt::traffic partly;
  for (auto budget = 20ms; partly != dt::traffic{16, 0}; budget *= 2) {
    ASSERT_LT(budget, 60s);
    ends stalled{16};
    partly = {};
    const auto late =
        dt::run(stalled.ours, exchange_lines{stalled.session, longer}, dt::deadline::after(budget), partly);
    EXPECT_EQ(dt::errc::deadline_passed, late.error().code());
  }
}

TEST(Run, APeerThatIsNotReadFromDoesNotStopAnExchange) {
  const std::string text = patterned_text(10'000);
  for (const std::size_t capacity : {1U, 16U, 1000U, 100'000U}) {
    for (const bool asks : {false, true}) {
      ends e{capacity};
      std::thread peer([&e] { give_back(e.theirs); });
      dt::traffic moved;
      const auto got = dt::run(e.ours, pass_through{e.session, text, false, asks}, dt::deadline::after(60s), moved);
      e.ours.close();
      peer.join();
      ASSERT_TRUE(got) << got.error().message();
      EXPECT_EQ(*got, text);
      EXPECT_EQ((dt::traffic{text.size(), text.size()}), moved);
    }
  }
}

/// Asks once, and remembers what it was told.
class asker {
 public:
  explicit asker(line_session& s) noexcept : session_(&s) {}
  dt::action resume(const dt::event& happened) {
    if (!std::exchange(has_begun_, true)) return dt::action::ask(dt::as_byte_view("ping\n"), session_->chunk);
    told = happened;
    return dt::action::done(happened.ec);
  }
  dt::event told;

 private:
  line_session* session_;
  bool has_begun_ = false;
};

TEST(Run, ARequestIsToldTogetherWithItsAnswer) {
  ends e;
  asker dialogue{e.session};
  dt::traffic moved;
  write_text(e.theirs, "pong");
  ASSERT_TRUE(dt::run(e.ours, dialogue, dt::deadline::after(60s), moved));
  EXPECT_EQ(dialogue.told.bytes, 5U);
  EXPECT_EQ(dialogue.told.received, 4U);
  EXPECT_EQ((dt::traffic{5, 4}), moved);
  ends silent;
  asker late{silent.session};
  EXPECT_EQ(dt::errc::deadline_passed, dt::run(silent.ours, late, dt::deadline::after(20ms), moved).error().code());
  EXPECT_EQ(late.told.bytes, 5U);
  EXPECT_EQ(late.told.received, 0U);
  ends broken;
  asker cut{broken.session};
  std::thread peer([&broken] {
    read_line(broken.theirs);
    broken.theirs.close();
  });
  EXPECT_EQ(dt::condition::connection, dt::run(broken.ours, cut, dt::deadline::after(60s)).error().kind());
  peer.join();
  EXPECT_EQ(cut.told.bytes, 5U);
}

TEST(Run, AnExchangeThatNobodyAnswersEndsAtTheDeadlineAndCountsWhatLeft) {
  dt::traffic moved;
  for (auto budget = 20ms; moved != dt::traffic{16, 3}; budget *= 2) {
    ASSERT_LT(budget, 60s);
    ends e{16};
    write_text(e.theirs, "abc");
    moved = {};
    const auto got =
        dt::run(e.ours, pass_through{e.session, std::string(1000, 'x')}, dt::deadline::after(budget), moved);
    EXPECT_EQ(dt::errc::deadline_passed, got.error().code());
  }
}

TEST(Run, WhatAPeerSaidLastIsReadWhenWritingFails) {
  ends e;
  write_text(e.theirs, "goodbye");
  e.theirs.close();
  auto got = dt::run(e.ours, pass_through{e.session, "x"}, dt::deadline::after(60s));
  EXPECT_EQ(std::errc::broken_pipe, got.error().code());
  EXPECT_EQ("goodbye", e.session.in);
  ends full{1};  // the end is found while writing has to wait
  std::thread peer([&full] { full.theirs.close(); });
  got = dt::run(full.ours, pass_through{full.session, "longer"}, dt::deadline::after(60s));
  peer.join();
  EXPECT_EQ(dt::condition::connection, got.error().kind());
}

TEST(Run, OneByteAReadAndAWriteChangesNothing) {
  ends e;
  dt::memory_faults slow;
  slow.read_at_most = slow.write_at_most = 1;
  e.ours.set_faults(slow);
  write_text(e.theirs, "pong\n");
  EXPECT_EQ("pong\n", *dt::run(e.ours, exchange_lines{e.session, "ping"}, dt::deadline::after(60s)));
}

TEST(Run, HalfCloseLetsTheOtherHalfGoOn) {
  ends e;
  std::thread peer([&e] {
    while (!read_line(e.theirs).empty()) {
    }
    write_text(e.theirs, "the rest");
    e.theirs.close();
  });
  EXPECT_EQ("the rest", *dt::run(e.ours, read_to_end{e.session}, dt::deadline::after(60s)));
  peer.join();
}

TEST(Run, ALookTakesWhatIsThereAndNeverWaits) {
  ends e;
  dt::traffic moved;
  const auto nothing = dt::run(e.ours, glance{e.session}, dt::deadline::never(), moved);
  ASSERT_TRUE(nothing);
  EXPECT_EQ("", *nothing);
  EXPECT_EQ(dt::traffic{}, moved);
  write_text(e.theirs, "late");
  EXPECT_EQ("late", *dt::run(e.ours, glance{e.session}, dt::deadline::never(), moved));
  EXPECT_EQ((dt::traffic{0, 4}), moved);
  e.theirs.close();
  EXPECT_EQ(dt::errc::connection_closed, dt::run(e.ours, glance{e.session}).error().code());
}

TEST(Run, ABreakLongerThanTheDeadlineIsCutThere) {
  ends e;
  const auto start = dt::clock::now();
  EXPECT_EQ(dt::errc::deadline_passed, dt::run(e.ours, take_a_break{1h}, dt::deadline::after(10ms)).error().code());
  EXPECT_LT(dt::clock::now() - start, 60s);
}

TEST(Run, NoConnectionIsBegunAfterTheDeadline) {
  const auto hub = std::make_shared<dt::memory_hub>();
  line_session session;
  for (auto budget = 20ms; session.in.empty(); budget *= 2) {  // more, when not even the first one was in time
    dt::memory_stream ours{dt::memory_endpoint{hub}};
    const auto got = dt::run(ours, connect_again{session}, dt::deadline::after(budget));
    EXPECT_EQ(dt::errc::deadline_passed, got.error().code());
    EXPECT_FALSE(ours.is_open());
  }
}

TEST(Run, ADialogueThatNeverStopsIsEndedAfterItsDeadlineAndAfterFailures) {
  ends e;
  EXPECT_EQ(dt::errc::deadline_passed,
            dt::run(e.ours, stubborn_reader{e.session}, dt::deadline::after(10ms)).error().code());
  e.theirs.close();
  EXPECT_EQ(dt::errc::connection_closed, dt::run(e.ours, stubborn_reader{e.session}, {}).error().code());
}

// Writes and reads at once, for ever.
struct endless {
  dt::memory_stream* peer;
  line_session* session;
  dt::action resume(const dt::event& happened) {
    if (happened.ec) return dt::action::done(happened.ec);
    write_text(*peer, "x");
    return dt::action::read(session->chunk);
  }
};

TEST(Run, APeerThatNeverLetsUsWaitDoesNotStopTheClock) {
  ends e;
  EXPECT_EQ(dt::errc::deadline_passed,
            dt::run(e.ours, endless{&e.theirs, &e.session}, dt::deadline::after(20ms)).error().code());
}

TEST(Run, TlsOnAStreamWithoutItIsUnsupported) {
  struct wants_tls {
    bool asked = false;
    dt::action resume(const dt::event& happened) {
      if (std::exchange(asked, true)) return dt::action::done(happened.ec);
      return dt::action::start_tls();
    }
  };
  ends e;
  EXPECT_EQ(dt::condition::unsupported, dt::run(e.ours, wants_tls{}).error().kind());
}

}  // namespace
