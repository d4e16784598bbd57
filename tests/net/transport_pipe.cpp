#include <dovetail/transport/pipe.hpp>

#include <support/dialogues.hpp>
#include <support/line_client.hpp>
#include <support/styles.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <thread>
#include <vector>

namespace dt = dovetail;
using namespace dt::test;
using namespace std::chrono_literals;

namespace {

static_assert(dt::transport<dt::stdio_pipe>);

struct fixture {
  explicit fixture(std::vector<std::string> command)
      : blocking(dt::stdio_pipe::endpoint{command}),
        asynchronous(io.get_executor(), dt::stdio_pipe::endpoint{command}) {}

  template <class Body>
  void in_each_style(Body body) {
    for_each_style(blocking, asynchronous, io, [&](auto& s) {
      blocking.stream.close();
      asynchronous.stream.close();
      const auto opened = s.template run<void>([](auto&& c) { return c.open(); });
      ASSERT_TRUE(opened) << opened.error().message();
      body(s);
    });
  }

  asio::io_context io;
  line_client<dt::stdio_pipe> blocking;
  async_line_client<dt::stdio_pipe> asynchronous;
};

TEST(StdioPipe, AChildAnswersInEveryStyle) {
  fixture f{{"cat"}};
  const std::string longer(40'000, 'x');  // less than what two pipes hold: cat reads and writes by turns
  f.in_each_style([&](auto& s) {
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ("hello\n", (s.template run<std::string>([](auto&& c) { return c.exchange("hello"); }).value()));
    }
    EXPECT_EQ(longer + "\n", (s.template run<std::string>([&](auto&& c) { return c.exchange(longer); }).value()));
  });
}

TEST(StdioPipe, MoreThanTwoPipesHoldPassesThroughAChild) {
  const std::string text = patterned_text(2'000'000);
  line_session session;
  dt::stdio_pipe::stream blocking{dt::stdio_pipe::endpoint{{"cat"}}};
  auto got = dt::run(blocking, pass_through{session, text, true}, dt::deadline::after(60s));
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(*got, text);
  asio::io_context io;
  dt::async_stream<dt::stdio_pipe> stream{io.get_executor(), dt::stdio_pipe::endpoint{{"cat"}}};
  bool is_over = false;
  dt::async_run(stream, pass_through{session, text, true}, dt::deadline::after(60s), nullptr,
                [&](dt::result<std::string> came) {
                  got = std::move(came);
                  is_over = true;
                });
  got = dt::errc::cancelled;
  run_until(io, [&] { return is_over; });
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(*got, text);
}

TEST(StdioPipe, AChildThatEndsOrStallsIsAnErrorInEveryStyle) {
  fixture ends{{"sh", "-c", "read line; echo -n par"}};
  ends.in_each_style([](auto& s) {
    EXPECT_EQ(dt::errc::connection_closed,
              s.template run<std::string>([](auto&& c) { return c.exchange("x"); }).error().code());
  });
  fixture stalls{{"sh", "-c", "read line; echo -n par; read more"}};
  const dt::clock::duration patient = stalls.blocking.budget;
  stalls.in_each_style([&](auto& s) {
    stalls.blocking.budget = stalls.asynchronous.budget = 50ms;  // of the exchange, not of the start
    EXPECT_EQ(dt::errc::deadline_passed,
              s.template run<std::string>([](auto&& c) { return c.exchange("x"); }).error().code());
    stalls.blocking.budget = stalls.asynchronous.budget = patient;
  });
}

TEST(StdioPipe, WritingToAChildThatIsGoneIsAnErrorAndNoSignal) {
  std::signal(SIGPIPE, SIG_DFL);
  dt::stdio_pipe::stream s{dt::stdio_pipe::endpoint{{"true"}}};
  ASSERT_FALSE(dt::connect(s, {}));
  std::byte one{};
  std::error_code ec;
  EXPECT_EQ(0U, dt::read_some(s, {&one, 1}, dt::deadline::after(60s), ec));
  ec = {};  // its output is closed; the kernel may close its input a moment later
  for (const auto by = dt::deadline::after(60s); !ec && !by.has_passed(); std::this_thread::sleep_for(1ms)) {
    dt::write_all(s, dt::as_byte_view("x"), dt::deadline::after(60s), ec);
  }
  EXPECT_EQ(std::errc::broken_pipe, ec);
}

TEST(StdioPipe, AProgramThatIsNotThereIsAnErrorThatNamesIt) {
  fixture f{{"/no/such/program", "--password=x"}};
  for_each_style(f.blocking, f.asynchronous, f.io, [](auto& s) {
    const auto opened = s.template run<void>([](auto&& c) { return c.open(); });
    EXPECT_EQ(std::errc::no_such_file_or_directory, opened.error().code());
    EXPECT_EQ(std::string::npos, opened.error().message().find("password"));
  });
}

TEST(StdioPipe, AChildThatDoesNotListenIsKilledAfterItsGrace) {
  dt::stdio_pipe::endpoint sleeper{{"sleep", "1000"}};
  sleeper.grace = 20ms;
  const auto start = dt::clock::now();
  {
    dt::stdio_pipe::stream s{sleeper};
    ASSERT_FALSE(dt::connect(s, {}));
  }
  EXPECT_LT(dt::clock::now() - start, 60s);
}

TEST(StdioPipe, HalfCloseEndsTheChildsInput) {
  dt::stdio_pipe::stream s{dt::stdio_pipe::endpoint{{"wc", "-l"}}};
  line_session session;
  ASSERT_TRUE(dt::run(s, open_line{session}, dt::deadline::after(60s)));
  std::error_code ec;
  dt::write_all(s, dt::as_byte_view("a\nb\nc\n"), dt::deadline::after(60s), ec);
  EXPECT_EQ("3\n", dt::run(s, read_to_end{session}, dt::deadline::after(60s)).value());
}

}  // namespace
