// Requests and answers over a Unix socket that is used for long: the timer of such a wait is set once, deadlines hold.
#include <dovetail/driver/run.hpp>
#include <dovetail/transport/unix_socket.hpp>

#include <support/socket_server.hpp>

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace dt = dovetail;
using namespace dt::test;
using namespace std::chrono_literals;

namespace {

struct answer {
  std::string text;
  std::error_code ec;
  dt::clock::duration took{};
};

/// One connection that asks lines and gets back what one read brings.
class asker {
 public:
  explicit asker(const std::string& path, std::size_t room = 4096) : stream(dt::unix_socket::endpoint{path}) {
    into_.resize(room);
    open();
  }
  void open() { EXPECT_FALSE(dt::connect(stream, dt::deadline::after(60s))); }

  answer ask(std::string_view line, dt::deadline by) {
    const std::string request = std::string{line} + "\n";
    const dt::clock::time_point begun = dt::clock::now();
    dt::event happened;
    dt::detail::perform_asking(stream, dt::action::ask(dt::as_byte_view(request), into_), by, happened);
    const dt::byte_view got{into_.data(), happened.received};
    return {std::string{dt::as_text(got)}, happened.ec, dt::clock::now() - begun};
  }
  answer ask(std::string_view line, dt::clock::duration budget) { return ask(line, dt::deadline::after(budget)); }

  /// As often as it takes until the connection has a timer of its own.
  void ask_for_long(dt::clock::duration budget) {
    for (int i = 0; i < 40; ++i) ASSERT_EQ("again\n", ask("again", budget).text) << i;
  }

  dt::unix_socket::stream stream;

 private:
  std::vector<std::byte> into_;
};

std::string fresh_path() {
  static int count = 0;
  return ::testing::TempDir() + "dovetail-" + std::to_string(::getpid()) + "-" + std::to_string(++count) + ".reply";
}

/// Echoes, but: "silence" gets no answer, "late" one after 600 ms, "dribble" a byte each 20 ms, "farewell" an answer
/// and the end of our half, "rest" a line of 6000 bytes.
void serve(accepted_stream& peer) {
  for (std::string line = peer.read_line(); !line.empty(); line = peer.read_line()) {
    if (line == "silence") continue;
    if (line == "late") std::this_thread::sleep_for(600ms);
    if (line == "rest") line = std::string(5999, 'x');
    if (line == "dribble") {
      for (int i = 0; i < 60 && peer.write("."); ++i) std::this_thread::sleep_for(20ms);
    }
    if (!peer.write(line + "\n")) return;
    if (line == "farewell") peer.shutdown_write();
  }
}

#if defined(__linux__)
std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator{"/proc/self/fd"}, std::filesystem::directory_iterator{});
}
#endif

TEST(ReplyWait, DeadlinesInAnyOrderHoldExactly) {
  const std::string path = fresh_path();
  socket_server server{path, serve};
  asker a{path};
  a.ask_for_long(60s);
  const answer never = a.ask("silence", 150ms);  // shorter than what the timer is set for
  EXPECT_EQ(dt::errc::deadline_passed, never.ec);
  EXPECT_GE(never.took, 150ms);
  EXPECT_LT(never.took, 5s);
  a.ask_for_long(200ms);
  const answer late = a.ask("late", 60s);  // longer: it is woken in between
  EXPECT_EQ("late\n", late.text);
  EXPECT_GE(late.took, 600ms);
  EXPECT_EQ(dt::errc::deadline_passed, a.ask("silence", 50ms).ec);
  EXPECT_EQ("after\n", a.ask("after", dt::deadline::never()).text);
  EXPECT_EQ(dt::errc::deadline_passed, a.ask("silence", dt::deadline{dt::clock::time_point{}}).ec);  // 1970, or boot
  EXPECT_EQ(dt::errc::deadline_passed, a.ask("silence", dt::deadline{dt::clock::time_point{-1ns}}).ec);
  EXPECT_EQ("after\n", a.ask("after", 60s).text);
}

TEST(ReplyWait, ATrickleDoesNotProlongAWait) {
  const std::string path = fresh_path();
  socket_server server{path, serve};
  asker a{path};
  a.ask_for_long(60s);
  const dt::deadline by = dt::deadline::after(300ms);
  answer got = a.ask("dribble", by);
  EXPECT_EQ(".", got.text);
  const dt::clock::time_point begun = dt::clock::now();
  int parts = 1;
  for (; !got.ec && parts < 1000; ++parts) got = a.ask("more", by);
  EXPECT_EQ(dt::errc::deadline_passed, got.ec);
  EXPECT_LT(parts, 40);
  EXPECT_LT(dt::clock::now() - begun, 5s);
}

TEST(ReplyWait, SignalsDoNotProlongAWait) {
  const std::string path = fresh_path();
  socket_server server{path, serve};
  asker a{path};
  a.ask_for_long(60s);
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ASSERT_EQ(0, sigaction(SIGALRM, &action, nullptr));  // no SA_RESTART
  const itimerval often{{0, 5000}, {0, 5000}};
  const itimerval never{};
  setitimer(ITIMER_REAL, &often, nullptr);
  const answer got = a.ask("silence", 300ms);
  setitimer(ITIMER_REAL, &never, nullptr);
  EXPECT_EQ(dt::errc::deadline_passed, got.ec);
  EXPECT_GE(got.took, 300ms);
  EXPECT_LT(got.took, 5s);
}

TEST(ReplyWait, WhatWasLeftUnreadIsReadAtOnce) {
  const std::string path = fresh_path();
  socket_server server{path, serve};
  asker a{path, 1000};
  a.ask_for_long(60s);
  std::string all = a.ask("rest", 60s).text;
  for (int i = 0; i < 5; ++i) all += a.ask("silence", 60s).text;  // no byte comes that could wake anybody
  EXPECT_EQ(std::string(5999, 'x') + "\n", all);
  a.ask_for_long(60s);
}

TEST(ReplyWait, AnEndBehindAnAnswerIsSeen) {
  const std::string path = fresh_path();
  socket_server server{path, serve};
  asker a{path};
  a.ask_for_long(60s);
  EXPECT_EQ("farewell\n", a.ask("farewell", 60s).text);
  const answer next = a.ask("silence", 60s);  // the peer reads on, and says nothing more
  EXPECT_EQ(dt::errc::connection_closed, next.ec);
  EXPECT_LT(next.took, 30s);
  a.stream.close();
  a.open();
  a.ask_for_long(60s);
}

#if defined(POLLRDHUP)
TEST(ReplyWait, AnEndThatCameWithAnAnswerIsSeen) {
  const std::string path = fresh_path();
  socket_server server{path, serve};
  asker a{path};
  a.ask_for_long(60s);
  ASSERT_TRUE(a.stream.try_write(dt::as_byte_view("farewell\n")).is_over());
  for (const dt::deadline by = dt::deadline::after(60s); !by.has_passed(); std::this_thread::sleep_for(1ms)) {
    pollfd end{a.stream.handle(dt::readiness::readable), POLLRDHUP, 0};
    if (::poll(&end, 1, 0) == 1) break;
  }
  EXPECT_EQ("farewell\n", a.ask("silence", 60s).text);
  const answer next = a.ask("silence", 60s);
  EXPECT_EQ(dt::errc::connection_closed, next.ec);
  EXPECT_LT(next.took, 30s);
}
#endif

TEST(ReplyWait, AChildOfForkDoesNotDisturbItsParent) {
  const std::string path = fresh_path();
  socket_server server{path, serve};
  asker a{path};
  a.ask_for_long(400ms);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    a.stream.close();
    ::_exit(0);
  }
  int status = -1;
  ASSERT_EQ(child, ::waitpid(child, &status, 0));
  const answer got = a.ask("silence", 400ms);
  EXPECT_EQ(dt::errc::deadline_passed, got.ec);
  EXPECT_GE(got.took, 400ms);
  EXPECT_LT(got.took, 5s);
  a.ask_for_long(60s);
}

TEST(ReplyWait, AConnectionGoesFromThreadToThread) {
  const std::string path = fresh_path();
  socket_server server{path, serve};
  asker a{path};
  std::mutex one_at_a_time;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const std::string line = std::to_string(t) + "." + std::to_string(i);
        const std::lock_guard lock{one_at_a_time};
        EXPECT_EQ(line + "\n", a.ask(line, i % 3 == 0 ? 20s : 60s).text);
      }
    });
  }
  for (std::thread& each : threads) each.join();
}

TEST(ReplyWait, AStreamThatIsMovedTakesItAlong) {
  const std::string path = fresh_path();
  socket_server server{path, serve};
  asker a{path};
  a.ask_for_long(60s);
  dt::unix_socket::stream moved = std::move(a.stream);
  a.stream = std::move(moved);
  a.ask_for_long(60s);
  EXPECT_EQ(dt::errc::deadline_passed, a.ask("silence", 50ms).ec);
}

#if defined(__linux__)
TEST(ReplyWait, CostsTwoDescriptorsWhenItIsUsedForLong) {
  const std::string path = fresh_path();
  socket_server server{path, serve};
  asker a{path};
  ASSERT_EQ("once\n", a.ask("once", 60s).text);
  const std::ptrdiff_t before = open_descriptors();
  a.ask_for_long(60s);
  EXPECT_EQ(before + 2, open_descriptors());
  a.stream.close();
  EXPECT_LE(open_descriptors(), before - 1);  // the server's end goes when it goes
}

TEST(ReplyWait, DescriptorsThatAreGettingScarceAreLeftToTheProgram) {
  const std::string path = fresh_path();
  socket_server server{path, serve};
  rlimit usual{};
  ASSERT_EQ(0, ::getrlimit(RLIMIT_NOFILE, &usual));
  for (const int spare : {-4, 0, 4}) {  // none left, and few
    asker a{path};
    ASSERT_EQ("once\n", a.ask("once", 60s).text);
    const std::ptrdiff_t before = open_descriptors();
    rlimit few = usual;
    few.rlim_cur = static_cast<rlim_t>(before + spare);
    ASSERT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &few));
    a.ask_for_long(60s);
    const answer got = a.ask("silence", 100ms);
    ASSERT_EQ(0, ::setrlimit(RLIMIT_NOFILE, &usual));
    EXPECT_EQ(dt::errc::deadline_passed, got.ec);
    EXPECT_EQ(before, open_descriptors());
  }
}
#endif

}  // namespace
