#include <dovetail/driver/async_run.hpp>

#include <support/dialogues.hpp>
#include <support/line_server.hpp>
#include <support/styles.hpp>

#include <dovetail/transport/memory.hpp>

#include <asio/bind_allocator.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace dt = dovetail;
using namespace dt::test;
using namespace std::chrono_literals;

namespace {

using async_end = dt::basic_async_stream<dt::memory_stream>;

struct ends {
  explicit ends(std::size_t capacity = 64 * 1024, dt::memory_faults faults = {}) {
    auto made = dt::memory_stream::pair(capacity);
    made.first.set_faults(faults);
    ours.emplace(io.get_executor(), std::move(made.first));
    theirs = std::move(made.second);
  }
  template <class Machine>
  auto run(Machine dialogue, dt::deadline by = dt::deadline::after(60s)) {
    std::optional<dt::result<dt::detail::machine_value_t<Machine>>> got;
    dt::async_run(*ours, std::move(dialogue), by, &moved, [&got](auto outcome) { got.emplace(std::move(outcome)); });
    EXPECT_FALSE(got) << "completed inside the initiating function";
    run_until(io, [&got] { return got.has_value(); });
    return *std::move(got);
  }
  asio::io_context io;
  std::optional<async_end> ours;
  dt::memory_stream theirs;
  line_session session;
  dt::traffic moved;
};

TEST(AsyncRun, ADialogueGivesItsValueAndItsTraffic) {
  ends e;
  write_text(e.theirs, "pong\n");
  const auto got = e.run(exchange_lines{e.session, "ping"});
  ASSERT_TRUE(got);
  EXPECT_EQ("pong\n", *got);
  EXPECT_EQ((dt::traffic{5, 5}), e.moved);
  EXPECT_EQ("ping", read_line(e.theirs));
}

TEST(AsyncRun, ItWaitsForAReplyThatComesLater) {
  ends e;
  std::thread peer([&e] { hub_server::echo(e.theirs); });
  for (int i = 0; i < 100; ++i) EXPECT_EQ("ping\n", *e.run(exchange_lines{e.session, "ping"}));
  e.ours->close();
  peer.join();
}

TEST(AsyncRun, AMachineWithoutAValueGivesSuccessOrFailure) {
  ends e;
  EXPECT_TRUE(e.run(take_a_break{1ms}));
  EXPECT_EQ(dt::errc::deadline_passed, e.run(take_a_break{1h}, dt::deadline::after(5ms)).error().code());
}

TEST(AsyncRun, APassedDeadlineFailsBeforeAByteIsSent) {
  ends e;
  EXPECT_EQ(dt::errc::deadline_passed,
            e.run(exchange_lines{e.session, "ping"}, dt::deadline{dt::clock::now()}).error().code());
  EXPECT_EQ(dt::traffic{}, e.moved);
}

TEST(AsyncRun, AStallingPeerEndsAtTheDeadlineAtEveryStep) {
  for (const std::string_view reply : {"", "p", "pon"}) {
    dt::traffic moved;
    for (auto budget = 30ms; moved != dt::traffic{5, reply.size()}; budget *= 2) {  // more, when all was too late
      ASSERT_LT(budget, 60s);
      ends e;
      write_text(e.theirs, reply);
      const auto start = dt::clock::now();
      const auto got = e.run(exchange_lines{e.session, "ping"}, dt::deadline::after(budget));
      EXPECT_EQ(dt::errc::deadline_passed, got.error().code());
      EXPECT_GE(dt::clock::now() - start, budget);
      moved = e.moved;
    }
  }
}

TEST(AsyncRun, NoConnectionIsBegunAfterTheDeadline) {
  const auto hub = std::make_shared<dt::memory_hub>();
  line_session session;
  for (auto budget = 20ms; session.in.empty(); budget *= 2) {  // more, when not even the first one was in time
    asio::io_context io;
    async_end ours{io.get_executor(), dt::memory_endpoint{hub}};
    std::optional<std::error_code> ended;
    dt::async_run(ours, connect_again{session}, dt::deadline::after(budget), nullptr,
                  [&ended](const dt::result<void>& got) { ended = got.error().code(); });
    io.run();
    EXPECT_EQ(dt::errc::deadline_passed, ended);
    EXPECT_FALSE(ours.is_open());
  }
}

TEST(AsyncRun, ADyingPeerOrGarbageIsAnErrorAtEveryStep) {
  for (const std::string_view reply : {"", "p", "pon"}) {
    ends e;
    write_text(e.theirs, reply);
    e.theirs.close();
    EXPECT_EQ(dt::condition::connection, e.run(exchange_lines{e.session, "ping"}).error().kind());
    ends broken;
    write_text(broken.theirs, reply);
    broken.theirs.break_connection();
    EXPECT_EQ(dt::condition::connection, broken.run(exchange_lines{broken.session, "ping"}).error().kind());
    ends garbage;
    write_text(garbage.theirs, std::string{reply} + std::string(1, '\0'));
    EXPECT_EQ(dt::errc::malformed_frame, garbage.run(exchange_lines{garbage.session, "ping"}).error().code());
  }
}

TEST(AsyncRun, ALookTakesWhatIsThereAndNeverWaits) {
  ends e;
  const auto nothing = e.run(glance{e.session}, dt::deadline::never());
  ASSERT_TRUE(nothing);
  EXPECT_EQ("", *nothing);
  EXPECT_EQ(dt::traffic{}, e.moved);
  write_text(e.theirs, "late");
  EXPECT_EQ("late", *e.run(glance{e.session}, dt::deadline::never()));
  EXPECT_EQ((dt::traffic{0, 4}), e.moved);
  e.theirs.close();
  EXPECT_EQ(dt::errc::connection_closed, e.run(glance{e.session}).error().code());
}

// Its peer writes whenever it reads, for ever.
struct never_waits {
  dt::memory_stream* peer;
  line_session* session;
  dt::action resume(const dt::event& happened) {
    if (happened.ec) return dt::action::done(happened.ec);
    write_text(*peer, "x");
    return dt::action::read(session->chunk);
  }
};

TEST(AsyncRun, APeerThatNeverLetsUsWaitDoesNotStopTheClock) {
  ends e;
  EXPECT_EQ(dt::errc::deadline_passed,
            e.run(never_waits{&e.theirs, &e.session}, dt::deadline::after(20ms)).error().code());
}

TEST(AsyncRun, APeerThatDiesWhileWeWaitIsNoticed) {
  ends e;
  std::thread peer([&e] {
    read_line(e.theirs);
    e.theirs.break_connection();
  });
  EXPECT_EQ(dt::condition::connection, e.run(exchange_lines{e.session, "ping"}).error().kind());
  peer.join();
}

TEST(AsyncRun, AWriteWaitsForRoomAndCountsWhatLeft) {
  ends e{16};
  const std::string longer(1000, 'x');
  std::thread peer([&e] { write_text(e.theirs, read_line(e.theirs) + "\n"); });
  const auto got = e.run(exchange_lines{e.session, longer});
  peer.join();
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ((dt::traffic{1001, 1001}), e.moved);
  dt::traffic partly;
  for (auto budget = 20ms; partly != dt::traffic{16, 0}; budget *= 2) {
    ASSERT_LT(budget, 60s);
    ends stalled{16};
    EXPECT_EQ(dt::errc::deadline_passed,
              stalled.run(exchange_lines{stalled.session, longer}, dt::deadline::after(budget)).error().code());
    partly = stalled.moved;
  }
}

TEST(AsyncRun, APeerThatIsNotReadFromDoesNotStopAnExchange) {
  const std::string text = patterned_text(10'000);
  for (const std::size_t capacity : {1U, 16U, 1000U, 100'000U}) {
    for (const bool asks : {false, true}) {
      ends e{capacity};
      std::thread peer([&e] { give_back(e.theirs); });
      const auto got = e.run(pass_through{e.session, text, false, asks});
      e.ours->close();
      peer.join();
      ASSERT_TRUE(got) << got.error().message();
      EXPECT_EQ(*got, text);
      EXPECT_EQ((dt::traffic{text.size(), text.size()}), e.moved);
    }
  }
}

TEST(AsyncRun, AnExchangeThatNobodyAnswersEndsAtTheDeadlineAndCountsWhatLeft) {
  dt::traffic moved;
  for (auto budget = 20ms; moved != dt::traffic{16, 3}; budget *= 2) {
    ASSERT_LT(budget, 60s);
    ends e{16};
    write_text(e.theirs, "abc");
    EXPECT_EQ(dt::errc::deadline_passed,
              e.run(pass_through{e.session, std::string(1000, 'x')}, dt::deadline::after(budget)).error().code());
    moved = e.moved;
  }
}

TEST(AsyncRun, WhatAPeerSaidLastIsReadWhenWritingFails) {
  ends e;
  write_text(e.theirs, "goodbye");
  e.theirs.close();
  EXPECT_EQ(std::errc::broken_pipe, e.run(pass_through{e.session, "x"}).error().code());
  EXPECT_EQ("goodbye", e.session.in);
}

TEST(AsyncRun, AHundredThousandImmediateRoundsDoNotGrowTheStack) {
  dt::memory_faults slow;
  slow.read_at_most = 1;
  ends e{64 * 1024, slow};
  std::string reply(60'000, 'x');
  write_text(e.theirs, reply);
  std::thread peer([&e] { write_text(e.theirs, std::string(60'000, 'y') + "\n"); });
  const auto got = e.run(exchange_lines{e.session, "ping"}, dt::deadline::after(120s));
  peer.join();
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(120'001U, got->size());
}

TEST(AsyncRun, AHundredThousandOperationsFromTheirOwnHandlersDoNotGrowTheStack) {
  ends e;
  int left = 100'000;
  struct again {
    ends* e;
    int* left;
    void operator()(const dt::result<std::string>& got) const {
      EXPECT_TRUE(got);
      if (--*left == 0) return;
      read_line(e->theirs);
      write_text(e->theirs, "pong\n");
      dt::async_run(*e->ours, exchange_lines{e->session, "ping"}, dt::deadline::after(120s), nullptr, *this);
    }
  };
  write_text(e.theirs, "pong\n");
  dt::async_run(*e.ours, exchange_lines{e.session, "ping"}, dt::deadline::after(120s), nullptr, again{&e, &left});
  e.io.run();
  EXPECT_EQ(0, left);
}

TEST(AsyncRun, NothingKeepsTheContextBusyAfterTheLastOperation) {
  ends e;
  std::thread peer([&e] {
    read_line(e.theirs);
    write_text(e.theirs, "pong\n");
  });
  bool is_over = false;
  dt::async_run(*e.ours, exchange_lines{e.session, "ping"}, dt::deadline::after(1h), nullptr,
                [&](const auto& got) { is_over = got.has_value(); });
  const auto start = dt::clock::now();
  e.io.run();  // without run_until: the timer of the deadline must not hold it
  EXPECT_TRUE(is_over);
  EXPECT_LT(dt::clock::now() - start, 60s);
  peer.join();
}

TEST(AsyncRun, ASecondOperationIsRefusedAsBusy) {
  ends e;
  std::optional<std::error_code> first, second;
  line_session other;
  dt::async_run(*e.ours, exchange_lines{e.session, "ping"}, dt::deadline::after(60s), nullptr,
                [&](const auto& got) { first = got.error().code(); });
  dt::async_run(*e.ours, exchange_lines{other, "ping"}, dt::deadline::after(60s), nullptr,
                [&](const auto& got) { second = got.error().code(); });
  EXPECT_FALSE(second);
  run_until(e.io, [&] { return second.has_value(); });
  EXPECT_EQ(dt::errc::busy, *second);
  EXPECT_FALSE(first);
  write_text(e.theirs, "pong\n");
  run_until(e.io, [&] { return first.has_value(); });
  EXPECT_FALSE(*first);
}

TEST(AsyncRun, MoveOnlyHandlersAndMoveOnlyValuesWork) {
  ends e;
  write_text(e.theirs, "pong\n");
  auto box = std::make_unique<int>(7);
  std::string got;
  dt::async_run(*e.ours, boxed_exchange{e.session, "ping"}, dt::deadline::after(60s), nullptr,
                [&got, box = std::move(box)](dt::result<std::unique_ptr<std::string>> r) {
                  got = *r.value() + std::to_string(*box);
                });
  e.io.run();
  EXPECT_EQ("pong\n7", got);
}

TEST(AsyncRun, CancellationReachesTheDialogueAtEveryStep) {
  for (const std::string_view reply : {"", "p", "pon"}) {
    ends e;
    write_text(e.theirs, reply);
    asio::cancellation_signal signal;
    std::optional<std::error_code> ended;
    dt::async_run(*e.ours, exchange_lines{e.session, "ping"}, dt::deadline::after(60s), &e.moved,
                  asio::bind_cancellation_slot(signal.slot(), [&](const auto& got) { ended = got.error().code(); }));
    while (e.io.poll_one() != 0) {
    }
    EXPECT_FALSE(ended);
    signal.emit(asio::cancellation_type::terminal);
    EXPECT_FALSE(ended) << "completed inside emit()";
    run_until(e.io, [&] { return ended.has_value(); });
    EXPECT_EQ(dt::errc::cancelled, *ended);
    EXPECT_EQ(dt::session_health::desynchronised, e.session.state);
    EXPECT_FALSE(signal.slot().has_handler());
  }
}

TEST(AsyncRun, CancellationBeforeTheFirstSuspensionCounts) {
  ends e;
  asio::cancellation_signal signal;
  std::optional<std::error_code> ended;
  dt::async_run(*e.ours, exchange_lines{e.session, "ping"}, dt::deadline::after(60s), nullptr,
                asio::bind_cancellation_slot(signal.slot(), [&](const auto& got) { ended = got.error().code(); }));
  signal.emit(asio::cancellation_type::terminal);
  run_until(e.io, [&] { return ended.has_value(); });
  EXPECT_EQ(dt::errc::cancelled, *ended);
}

TEST(AsyncRun, TotalCancellationCountsOnlyBeforeTheFirstByteIsSent) {
  ends e;
  asio::cancellation_signal signal;
  std::optional<std::error_code> ended;
  const auto start = [&](auto dialogue) {
    ended.reset();
    dt::async_run(*e.ours, std::move(dialogue), dt::deadline::after(60s), nullptr,
                  asio::bind_cancellation_slot(signal.slot(), [&](const auto& got) { ended = got.error().code(); }));
    while (e.io.poll_one() != 0) {
    }
    signal.emit(asio::cancellation_type::total);
  };
  start(exchange_lines{e.session, "ping"});
  while (e.io.poll_one() != 0) {
  }
  EXPECT_FALSE(ended);
  write_text(e.theirs, "pong\n");
  run_until(e.io, [&] { return ended.has_value(); });
  EXPECT_FALSE(*ended);
  start(take_a_break{1h});
  run_until(e.io, [&] { return ended.has_value(); });
  EXPECT_EQ(dt::errc::cancelled, *ended);
}

// Reads on after a cancellation, until the reply is there: as a dialogue does that can tell its server.
struct patient_exchange : exchange_lines {
  using exchange_lines::exchange_lines;
  dt::action resume(const dt::event& happened) {
    if (happened.cancelled) return was_cancelled = true, exchange_lines::resume(dt::event{});
    return exchange_lines::resume(happened);
  }
  bool was_cancelled = false;
  std::string value() && { return (was_cancelled ? "cancelled, yet " : "") + std::move(*this).exchange_lines::value(); }
};

TEST(AsyncRun, TheDialogueDecidesHowACancelledOperationEnds) {
  ends e;
  std::optional<dt::result<std::string>> got;
  dt::async_run(*e.ours, patient_exchange{e.session, "ping"}, dt::deadline::after(60s), nullptr,
                [&](dt::result<std::string> r) { got.emplace(std::move(r)); });
  while (e.io.poll_one() != 0) {
  }
  e.ours->cancel();
  while (e.io.poll_one() != 0) {
  }
  EXPECT_FALSE(got);
  write_text(e.theirs, "pong\n");
  run_until(e.io, [&] { return got.has_value(); });
  EXPECT_EQ("cancelled, yet pong\n", got->value());
}

TEST(AsyncRun, ClosingTheStreamEndsItsOperation) {
  ends e;
  std::optional<std::error_code> ended;
  dt::async_run(*e.ours, exchange_lines{e.session, "ping"}, dt::deadline::after(60s), nullptr,
                [&](const auto& got) { ended = got.error().code(); });
  e.ours->close();
  run_until(e.io, [&] { return ended.has_value(); });
  EXPECT_EQ(dt::errc::cancelled, *ended);
  EXPECT_FALSE(e.ours->is_open());
}

TEST(AsyncRun, AnOperationMayOutliveItsStreamObject) {
  ends e;
  std::optional<std::error_code> ended;
  dt::async_run(*e.ours, exchange_lines{e.session, "ping"}, dt::deadline::after(60s), nullptr,
                [&](const auto& got) { ended = got.error().code(); });
  e.ours.reset();
  run_until(e.io, [&] { return ended.has_value(); });
  EXPECT_EQ(dt::errc::cancelled, *ended);
}

TEST(AsyncRun, AContextThatGoesFirstTakesItsOperationsAlong) {
  auto held = std::make_shared<int>(1);
  line_session session;
  auto pair = dt::memory_stream::pair();
  {
    asio::io_context io;
    async_end ours{io.get_executor(), std::move(pair.first)};
    dt::async_run(ours, exchange_lines{session, "ping"}, dt::deadline::after(1h), nullptr, [held](const auto&) {});
    EXPECT_EQ(2, held.use_count());
  }
  EXPECT_EQ(1, held.use_count());
}

// Counts what is taken from it.
template <class T>
struct counting_allocator {
  using value_type = T;
  explicit counting_allocator(int& in_use) : balance(&in_use) {}
  template <class U>
  counting_allocator(const counting_allocator<U>& other) : balance(other.balance) {}  // NOLINT
  T* allocate(std::size_t n) {
    ++*balance;
    return std::allocator<T>{}.allocate(n);
  }
  void deallocate(T* p, std::size_t n) {
    --*balance;
    std::allocator<T>{}.deallocate(p, n);
  }
  template <class U>
  bool operator==(const counting_allocator<U>& other) const {
    return balance == other.balance;
  }
  int* balance;
};

TEST(AsyncRun, TheHandlersAllocatorAndExecutorAreUsed) {
  ends e;
  int in_use = 0;
  int seen = -1;
  asio::io_context elsewhere;
  auto strand = asio::make_strand(e.io);
  bool was_in_strand = false;
  dt::async_run(*e.ours, exchange_lines{e.session, "ping"}, dt::deadline::after(60s), nullptr,
                asio::bind_allocator(counting_allocator<void>{in_use}, asio::bind_executor(strand, [&](const auto&) {
                                       seen = in_use;
                                       was_in_strand = strand.running_in_this_thread();
                                     })));
  EXPECT_GE(in_use, 1);
  write_text(e.theirs, "pong\n");
  run_until(e.io, [&] { return seen >= 0; });
  EXPECT_EQ(0, seen) << "memory was still held when the handler was called";
  EXPECT_TRUE(was_in_strand);
}

TEST(AsyncRun, ManyStreamsOnManyThreadsWithDeadlinesAndCancellations) {
  asio::thread_pool pool{4};
  constexpr int streams = 8;
  std::vector<std::unique_ptr<line_session>> sessions;
  std::vector<std::unique_ptr<async_end>> ours;
  std::vector<std::thread> peers;
  std::vector<dt::memory_stream> theirs;
  std::atomic<int> succeeded{0}, failed{0};
  struct looper {
    async_end* end;
    line_session* session;
    std::atomic<int>*succeeded, *failed;
    int left;
    void go() {
      dt::async_run(*end, exchange_lines{*session, "ping"}, dt::deadline::after(left % 50 == 0 ? 1ms : 10s), nullptr,
                    [self = *this](const dt::result<std::string>& got) mutable {
                      ++(got ? *self.succeeded : *self.failed);
                      if (--self.left > 0) self.go();
                    });
    }
  };
  for (int i = 0; i < streams; ++i) {
    auto pair = dt::memory_stream::pair();
    theirs.push_back(std::move(pair.second));
    sessions.push_back(std::make_unique<line_session>());
    ours.push_back(std::make_unique<async_end>(pool.get_executor(), std::move(pair.first)));
  }
  for (auto& each : theirs) peers.emplace_back([&each] { hub_server::echo(each); });
  for (int i = 0; i < streams; ++i) {
    looper{ours[static_cast<std::size_t>(i)].get(), sessions[static_cast<std::size_t>(i)].get(), &succeeded, &failed,
           500}
        .go();
  }
  for (int i = 0; i < 200; ++i) {
    ours[static_cast<std::size_t>(i) % streams]->cancel();
    std::this_thread::yield();
  }
  pool.join();
  EXPECT_EQ(streams * 500, succeeded + failed);
  ours.clear();
  for (auto& each : peers) each.join();
}

}  // namespace
