#include <dovetail/transport/tcp.hpp>

#include <support/asking.hpp>
#include <support/line_client.hpp>
#include <support/socket_server.hpp>
#include <support/styles.hpp>

#include <gtest/gtest.h>

#include <sys/time.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <thread>

namespace dt = dovetail;
using namespace dt::test;
using namespace std::chrono_literals;

namespace {

static_assert(dt::transport<dt::tcp>);

struct fixture {
  explicit fixture(socket_server::serve_function serve = socket_server::echo, std::string host = "127.0.0.1")
      : server(std::move(serve)),
        blocking(dt::tcp::endpoint{host, server.port()}),
        asynchronous(io.get_executor(), dt::tcp::endpoint{host, server.port()}) {}

  /// Runs `body(style, client_session)` in every style, on new connections.
  template <class Body>
  void in_each_style(Body body) {
    for_each_style(blocking, asynchronous, io, [&](auto& s) {
      blocking.stream.close();
      asynchronous.stream.close();
      const auto opened = s.template run<void>([](auto&& c) { return c.open(); });
      ASSERT_TRUE(opened) << opened.error().message();
      body(s);
      blocking.stream.close();
      asynchronous.stream.close();
    });
  }

  socket_server server;
  asio::io_context io;
  line_client<dt::tcp> blocking;
  async_line_client<dt::tcp> asynchronous;
};

TEST(Tcp, ARequestAndItsAnswerAreOneAction) {
  expect_asking<dt::tcp>([](auto serve) { return std::make_unique<socket_server>(serve); },
                         [](const socket_server& server) {
                           return dt::tcp::endpoint{"127.0.0.1", server.port()};
                         });
}

TEST(Tcp, LinesComeBackInEveryStyle) {
  fixture f;
  f.in_each_style([](auto& s) {
    for (int i = 0; i < 50; ++i) {
      const auto got = s.template run<std::string>([i](auto&& c) { return c.exchange("line " + std::to_string(i)); });
      ASSERT_TRUE(got) << got.error().message();
      EXPECT_EQ("line " + std::to_string(i) + "\n", *got);
    }
  });
}

TEST(Tcp, MoreThanSocketBuffersHoldPassesBothWaysInEveryStyle) {
  fixture f;
  const std::string longer(400'000, 'x');
  f.in_each_style([&](auto& s) {
    const auto got = s.template run<std::string>([&](auto&& c) { return c.exchange(longer); });
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(longer.size() + 1, got->size());
  });
}

TEST(Tcp, AHostNameIsResolvedInEveryStyle) {
  fixture f{socket_server::echo, "localhost"};  // perhaps ::1 first, where nobody listens
  f.in_each_style([](auto& s) {
    EXPECT_EQ("x\n", (s.template run<std::string>([](auto&& c) { return c.exchange("x"); }).value()));
  });
}

TEST(Tcp, APeerThatDiesStallsOrTalksGarbageIsAnErrorInEveryStyle) {
  const auto exchange = [](auto&& c) { return c.exchange("x"); };
  for (const std::string_view reply : {"", "par"}) {
    fixture closes{[reply](accepted_stream& peer) {
      peer.read_line();
      peer.write(reply);
    }};
    closes.in_each_style(
        [&](auto& s) { EXPECT_EQ(dt::errc::connection_closed, s.template run<std::string>(exchange).error().code()); });
    fixture resets{[reply](accepted_stream& peer) {
      peer.read_line();
      peer.write(reply);
      peer.reset();
    }};
    resets.in_each_style(
        [&](auto& s) { EXPECT_EQ(dt::condition::connection, s.template run<std::string>(exchange).error().kind()); });
    fixture stalls{[reply](accepted_stream& peer) {
      peer.read_line();
      peer.write(reply);
      peer.read_line();  // until the client gives up
    }};
    const dt::clock::duration patient = stalls.blocking.budget;
    stalls.in_each_style([&](auto& s) {
      stalls.blocking.budget = stalls.asynchronous.budget = 60ms;  // of the exchange, not of connecting
      EXPECT_EQ(dt::condition::timeout, s.template run<std::string>(exchange).error().kind());
      stalls.blocking.budget = stalls.asynchronous.budget = patient;
    });
    fixture babbles{[reply](accepted_stream& peer) {
      peer.read_line();
      peer.write(std::string{reply} + std::string(1, '\0') + "\n");
    }};
    babbles.in_each_style(
        [&](auto& s) { EXPECT_EQ(dt::condition::protocol, s.template run<std::string>(exchange).error().kind()); });
  }
}

TEST(Tcp, WritingToADeadPeerIsAnErrorAndNoSignal) {
  std::signal(SIGPIPE, SIG_DFL);
  fixture f{[](accepted_stream& peer) {
    peer.read_line();  // a reset before it may meet a client that still connects
    peer.reset();
  }};
  dt::tcp::stream& s = f.blocking.stream;
  ASSERT_FALSE(dt::connect(s, dt::deadline::after(60s)));
  std::error_code ec;
  dt::write_all(s, dt::as_byte_view("x\n"), dt::deadline::after(60s), ec);
  ASSERT_FALSE(ec);
  for (const auto by = dt::deadline::after(60s); !ec && !by.has_passed();) {  // the reset comes when it comes
    dt::write_all(s, dt::as_byte_view("x"), dt::deadline::after(60s), ec);
    std::this_thread::yield();
  }
  EXPECT_EQ(dt::condition::connection, dt::condition_of(ec));
}

TEST(Tcp, SignalsDoNotProlongAWait) {
  std::atomic<bool> is_over{false};
  fixture f{[&is_over](accepted_stream& peer) {
    for (int i = 0; i < 500 && !is_over; ++i) std::this_thread::sleep_for(10ms);
    peer.write("late\n");
  }};
  ASSERT_FALSE(dt::connect(f.blocking.stream, dt::deadline::after(60s)));
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ASSERT_EQ(0, sigaction(SIGALRM, &action, nullptr));  // no SA_RESTART
  const itimerval often{{0, 5000}, {0, 5000}};
  const itimerval never{};
  std::byte answer[8];
  setitimer(ITIMER_REAL, &often, nullptr);
  const dt::attempt read = f.blocking.stream.read_waiting(answer, dt::deadline::after(500ms));
  setitimer(ITIMER_REAL, &never, nullptr);
  is_over = true;
  EXPECT_EQ(read.ec, dt::errc::deadline_passed) << read.bytes << " bytes came five seconds later";
}

TEST(Tcp, ARefusedConnectionNamesThePeer) {
  // Bound and not listening: nobody else can get the port meanwhile.
  const dt::detail::owned_handle taken{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(0, ::bind(taken.get(), reinterpret_cast<const sockaddr*>(&address), size));
  ASSERT_EQ(0, ::getsockname(taken.get(), reinterpret_cast<sockaddr*>(&address), &size));
  const std::uint16_t port = ntohs(address.sin_port);
  asio::io_context io;
  line_client<dt::tcp> blocking{dt::tcp::endpoint{"127.0.0.1", port}};
  async_line_client<dt::tcp> asynchronous{io.get_executor(), dt::tcp::endpoint{"127.0.0.1", port}};
  for_each_style(blocking, asynchronous, io, [&](auto& s) {
    const auto opened = s.template run<void>([](auto&& c) { return c.open(); });
    ASSERT_FALSE(opened);
    EXPECT_EQ(std::errc::connection_refused, opened.error().code());
    EXPECT_EQ("127.0.0.1:" + std::to_string(port), opened.error().context());
  });
}

TEST(Tcp, AnUnknownHostIsSaidSoBeforeTheDeadline) {
  asio::io_context io;
  const dt::tcp::endpoint nowhere{"no-such-host.invalid", 80};
  line_client<dt::tcp> blocking{nowhere};
  async_line_client<dt::tcp> asynchronous{io.get_executor(), nowhere};
  blocking.budget = asynchronous.budget = 3s;
  for_each_style(blocking, asynchronous, io, [&](auto& s) {
    const auto opened = s.template run<void>([](auto&& c) { return c.open(); });
    ASSERT_FALSE(opened);
    EXPECT_TRUE(opened.error().code() == dt::errc::host_not_found || opened.error().code() == dt::errc::deadline_passed)
        << opened.error().message();
  });
}

TEST(Tcp, ANameResolutionIsBoundedByItsDeadline) {
  dt::tcp::stream s{dt::tcp::endpoint{"another-host.invalid", 80}};
  EXPECT_TRUE(dt::connect(s, dt::deadline{dt::clock::now()}));
  EXPECT_FALSE(s.is_open());  // the helper thread may still be at work; nothing waits for it
}

TEST(Tcp, AStreamCanBeConnectedAgain) {
  fixture f;
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(dt::connect(f.blocking.stream, dt::deadline::after(60s)));
    EXPECT_EQ("x\n", f.blocking.exchange("x"));
  }
}

TEST(Tcp, PeersAreNamedLikeInAUrl) {
  EXPECT_EQ("localhost:80", (dt::tcp::stream{dt::tcp::endpoint{"localhost", 80}}.peer()));
  EXPECT_EQ("[::1]:80", (dt::tcp::stream{dt::tcp::endpoint{"::1", 80}}.peer()));
}

TEST(Tcp, NoDelayIsOnAndKeepAliveWhenAsked) {
  fixture f;
  ASSERT_FALSE(dt::connect(f.blocking.stream, dt::deadline::after(60s)));
  const dt::native_handle handle = f.blocking.stream.handle(dt::readiness::readable);
  int value = 0;
  socklen_t size = sizeof value;
  ASSERT_EQ(0, ::getsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &value, &size));
  EXPECT_NE(0, value);
  ASSERT_EQ(0, ::getsockopt(handle, SOL_SOCKET, SO_KEEPALIVE, &value, &size));
  EXPECT_NE(0, value);
}

TEST(Tcp, ClosingAnAsynchronousStreamEndsItsOperationAndKeepsTheReactorClean) {
  fixture f{[](accepted_stream& peer) { peer.read_line(); }};
  for (int i = 0; i < 20; ++i) {
    f.asynchronous.with([](const dt::result<void>& r) { EXPECT_TRUE(r); }).open();
    run_until(f.io, [&] { return f.asynchronous.session.state == dt::session_health::idle; });
    f.asynchronous.session.state = dt::session_health::closed;
    std::optional<std::error_code> ended;
    dt::async_run(f.asynchronous.stream, read_to_end{f.asynchronous.session}, dt::deadline::after(60s), nullptr,
                  [&](const auto& r) { ended = r.error().code(); });
    f.asynchronous.stream.close();
    run_until(f.io, [&] { return ended.has_value(); });
  }
  // The last connections may still wait in the listener's queue.
  const dt::deadline soon = dt::deadline::after(60s);
  while (f.server.accepted() < 20 && !soon.has_passed()) std::this_thread::yield();
  EXPECT_EQ(20, f.server.accepted());
}

}  // namespace
