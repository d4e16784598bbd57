#include <dovetail/transport/tcp_or_unix.hpp>

#include <dovetail/driver/async_run.hpp>
#include <dovetail/driver/run.hpp>

#include <support/socket_server.hpp>

#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace dt = dovetail;
using namespace dt::test;
using namespace std::chrono_literals;

namespace {

static_assert(dt::transport<dt::tcp_or_unix>);

/// Connects to each target in turn until one answers a line; gives the target's number and what it said.
class first_answer {
 public:
  using value_type = std::pair<std::size_t, std::string>;

  explicit first_answer(std::vector<std::size_t> targets, dt::clock::duration limit = {})
      : targets_(std::move(targets)), limit_(limit) {}

  dt::action resume(const dt::event& ev) {
    if (ev.cancelled) return dt::action::done(dt::errc::cancelled);
    switch (step_) {
      case 1:  // connected
        if (ev.ec) return next(ev.ec);
        step_ = 2;
        return dt::action::write(dt::as_byte_view("who\n"));
      case 2:  // written
        if (ev.ec) return next(ev.ec);
        step_ = 3;
        return dt::action::read(room_);
      case 3:
        if (ev.ec) return next(ev.ec);
        text_.append(dt::as_text(dt::byte_view{room_}.first(ev.bytes)));
        return text_.ends_with('\n') ? dt::action::done() : dt::action::read(room_);
      default:
        return next({});
    }
  }
  value_type value() && { return {targets_[at_ - 1], text_}; }

 private:
  dt::action next(std::error_code ec) {
    if (at_ == targets_.size()) return dt::action::done(ec);
    step_ = 1;
    return dt::action::connect(targets_[at_++], limit_);
  }

  std::vector<std::size_t> targets_;
  dt::clock::duration limit_;
  std::size_t at_ = 0;
  int step_ = 0;
  std::array<std::byte, 64> room_{};
  std::string text_;
};

struct servers {
  explicit servers(socket_server::serve_function first = socket_server::echo)
      : path(::testing::TempDir() + "dovetail-either-" + std::to_string(::getpid()) + ".socket"),
        by_tcp(std::move(first)),
        by_path(path, [](accepted_stream& peer) {
          peer.read_line();
          peer.write("the path\n");
        }) {}

  dt::tcp_or_unix_endpoint endpoint() const {
    dt::tcp_or_unix_endpoint made;
    made.targets.resize(3);
    made.targets[0].tcp = {"127.0.0.1", by_tcp.port()};
    made.targets[0].server_name = "first";
    made.targets[1].path = path;
    made.targets[2].path = path + ".none";
    return made;
  }

  std::string path;
  socket_server by_tcp;
  socket_server by_path;
};

dt::result<first_answer::value_type> ask(const servers& around, first_answer dialogue, bool is_async,
                                         dt::deadline by = dt::deadline::after(60s)) {
  if (!is_async) {
    dt::tcp_or_unix::stream stream{around.endpoint()};
    return dt::run(stream, std::move(dialogue), by);
  }
  asio::io_context context;
  dt::async_stream<dt::tcp_or_unix> stream{context.get_executor(), around.endpoint()};
  dt::result<first_answer::value_type> got = dt::errc::invalid_state;
  dt::async_run(stream, std::move(dialogue), by, nullptr,
                [&got](dt::result<first_answer::value_type> result) { got = std::move(result); });
  context.run();
  return got;
}

TEST(TcpOrUnix, TheDialogueChoosesTheTarget) {
  const servers around;
  for (const bool is_async : {false, true}) {
    EXPECT_EQ((first_answer::value_type{0, "who\n"}), ask(around, first_answer{{0}}, is_async).value());
    EXPECT_EQ((first_answer::value_type{1, "the path\n"}), ask(around, first_answer{{1}}, is_async).value());
  }
}

TEST(TcpOrUnix, ATargetThatFailsGivesWayToTheNext) {
  const servers around;
  for (const bool is_async : {false, true}) {
    EXPECT_EQ(1u, ask(around, first_answer{{2, 7, 1}}, is_async).value().first);
    const auto failed = ask(around, first_answer{{7, 2}}, is_async);
    EXPECT_EQ(std::errc::no_such_file_or_directory, failed.error().code());
    EXPECT_EQ(std::errc::invalid_argument, ask(around, first_answer{{7}}, is_async).error().code());
  }
}

TEST(TcpOrUnix, TheLimitOfAConnectCoversWhatFollowsAndEndsAtTheNext) {
  // The first one accepts and never answers.
  const servers around{[](accepted_stream& peer) { peer.read_line(), peer.read_line(); }};
  for (const bool is_async : {false, true}) {
    for (auto limit = 50ms;; limit *= 2) {  // more, when it was too little for the one that answers
      const auto got = ask(around, first_answer{{0, 1}, limit}, is_async);
      if (!got && limit < 20s) continue;
      ASSERT_TRUE(got) << got.error().message();
      EXPECT_EQ(1u, got->first);
      break;
    }
    // Without one, the operation's own deadline holds.
    EXPECT_EQ(dt::errc::deadline_passed,
              ask(around, first_answer{{0}}, is_async, dt::deadline::after(50ms)).error().code());
    // A limit beyond the deadline does not prolong it.
    EXPECT_EQ(dt::errc::deadline_passed,
              ask(around, first_answer{{0}, 1h}, is_async, dt::deadline::after(50ms)).error().code());
  }
}

TEST(TcpOrUnix, NamesAreThoseOfTheSelectedTarget) {
  const servers around;
  dt::tcp_or_unix::stream stream{around.endpoint()};
  EXPECT_EQ("127.0.0.1:" + std::to_string(around.by_tcp.port()), stream.peer());
  EXPECT_EQ("first", stream.server_name());
  stream.select(1);
  EXPECT_EQ(around.path, stream.peer());
  stream.select(9);
  EXPECT_EQ("", stream.peer());
  EXPECT_EQ("", stream.server_name());
  EXPECT_FALSE(stream.is_open());
}

TEST(TcpOrUnix, AHostsNameIsResolved) {
  const servers around;
  for (const bool is_async : {false, true}) {
    dt::tcp_or_unix_endpoint endpoint = around.endpoint();
    endpoint.targets[0].tcp.host = "localhost";
    if (is_async) {
      asio::io_context context;
      dt::async_stream<dt::tcp_or_unix> stream{context.get_executor(), endpoint};
      bool is_answered = false;
      dt::async_run(stream, first_answer{{0}}, dt::deadline::after(60s), nullptr,
                    [&](dt::result<first_answer::value_type> result) { is_answered = result.has_value(); });
      context.run();
      EXPECT_TRUE(is_answered);
    } else {
      dt::tcp_or_unix::stream stream{endpoint};
      EXPECT_TRUE(dt::run(stream, first_answer{{0}}, dt::deadline::after(60s)));
    }
  }
}

}  // namespace
