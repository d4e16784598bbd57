#include <dovetail/driver/completion.hpp>

#include <support/line_client.hpp>
#include <support/line_server.hpp>
#include <support/styles.hpp>

#include <dovetail/transport/memory.hpp>
#include <dovetail/transport/tcp.hpp>
#include <dovetail/transport/unix_socket.hpp>

#include <asio/bind_executor.hpp>
#include <asio/strand.hpp>

#include <gtest/gtest.h>

namespace dt = dovetail;
using namespace dt::test;
using namespace std::chrono_literals;

namespace {

struct fixture {
  explicit fixture(hub_server::serve_function serve = hub_server::echo)
      : server(std::move(serve)), blocking(server.endpoint()), asynchronous(io.get_executor(), server.endpoint()) {}

  hub_server server;
  asio::io_context io;
  line_client<dt::memory> blocking;
  async_line_client<dt::memory> asynchronous;
};

TEST(Completion, EveryStyleGivesTheSameValue) {
  fixture f;
  for_each_style(f.blocking, f.asynchronous, f.io, [&f](auto& s) {
    f.blocking.stream.close();
    f.asynchronous.stream.close();
    EXPECT_TRUE(s.template run<void>([](auto&& c) { return c.open(); }));
    const dt::result<std::string> line = s.template run<std::string>([](auto&& c) { return c.exchange("hello"); });
    ASSERT_TRUE(line) << line.error().message();
    EXPECT_EQ("hello\n", *line);
    const auto boxed = s.template run<std::unique_ptr<std::string>>([](auto&& c) { return c.exchange_boxed("box"); });
    ASSERT_TRUE(boxed) << boxed.error().message();
    EXPECT_EQ("box\n", **boxed);
  });
}

TEST(Completion, EveryStyleGivesTheSameFailure) {
  fixture f{[](dt::memory_stream& peer) { read_line(peer); }};  // hangs up instead of answering
  for_each_style(f.blocking, f.asynchronous, f.io, [&f](auto& s) {
    f.blocking.stream.close();
    f.asynchronous.stream.close();
    EXPECT_TRUE(s.template run<void>([](auto&& c) { return c.open(); }));
    const auto boxed = s.template run<std::unique_ptr<std::string>>([](auto&& c) { return c.exchange_boxed("box"); });
    ASSERT_FALSE(boxed);
    EXPECT_EQ(dt::errc::connection_closed, boxed.error().code());
    EXPECT_EQ("exchanging a line", boxed.error().context());
    const auto line = s.template run<std::string>([](auto&& c) { return c.exchange("again"); });
    ASSERT_FALSE(line);
    EXPECT_EQ("memory", line.error().context()) << "a failed connection names its peer";
    EXPECT_EQ(dt::condition::connection, line.error().kind());
  });
}

TEST(Completion, ACallbackBoundToAnExecutorIsCalledThere) {
  fixture f;
  auto strand = asio::make_strand(f.io);
  bool was_in_strand = false;
  f.asynchronous.with([](dt::result<void> r) { EXPECT_TRUE(r); }).open();
  f.io.run();
  f.io.restart();
  f.asynchronous
      .with(asio::bind_executor(strand,
                                [&](dt::result<std::string> r) {
                                  EXPECT_TRUE(r);
                                  was_in_strand = strand.running_in_this_thread();
                                }))
      .exchange("x");
  f.io.run();
  EXPECT_TRUE(was_in_strand);
}

TEST(Completion, DetachedOperationsRun) {
  fixture f;
  f.asynchronous.with(asio::detached).open();
  f.io.run();
  EXPECT_TRUE(f.asynchronous.stream.is_open());
}

// A value without a default constructor.
struct no_default {
  explicit no_default(int n) : number(n) {}
  int number;
};
struct giver {
  using value_type = no_default;
  dt::action resume(const dt::event&) { return dt::action::done(ec); }
  no_default value() && { return no_default{5}; }
  std::error_code ec{};
};
template <class Token>
auto give(dt::async_stream<dt::memory>& s, std::error_code ec, Token token) {
  return dt::async_initiate_result<no_default>(
      [&s, ec](auto handler) { dt::async_run(s, giver{ec}, {}, nullptr, std::move(handler)); }, token);
}

TEST(Completion, AValueNeedsNoDefaultConstructorInACoroutine) {
  fixture f;
  int number = 0;
  dt::condition kind{};
  asio::co_spawn(
      f.io,
      [&]() -> asio::awaitable<void> {
        no_default got = co_await give(f.asynchronous.stream, {}, asio::use_awaitable);
        number = got.number;
        dt::result<no_default> as_result = co_await give(f.asynchronous.stream, {}, dt::as_result);
        number += as_result->number;
        try {
          co_await give(f.asynchronous.stream, dt::errc::no_row, asio::use_awaitable);
        } catch (const dt::error& thrown) {
          kind = thrown.kind();
        }
      },
      asio::detached);
  f.io.run();
  EXPECT_EQ(10, number);
  EXPECT_EQ(dt::condition::not_found, kind);
}

// GCC 12 destroys braced aggregate temporaries in a co_await expression twice; types with constructors are safe.
asio::awaitable<std::size_t> length_of(dt::tcp_endpoint where) { co_return where.host.size(); }
asio::awaitable<std::size_t> length_of_unix(dt::unix_endpoint where) { co_return where.path.size(); }
asio::awaitable<std::size_t> faults_of(dt::memory_faults faults) { co_return faults.read_at_most; }

TEST(Completion, EndpointsMayBeWrittenInsideACoAwait) {
  asio::io_context io;
  const std::string longer(50, 'x');  // too long for the small string, so that a double free is seen
  std::size_t lengths = 0;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        lengths += co_await length_of({longer, 80});
        lengths += co_await length_of(dt::tcp::endpoint{longer, 80});
        lengths += co_await length_of_unix(dt::unix_endpoint{longer});
        EXPECT_EQ(dt::memory_faults::no_limit, co_await faults_of({}));
      },
      asio::detached);
  io.run();
  EXPECT_EQ(150U, lengths);
}

}  // namespace
