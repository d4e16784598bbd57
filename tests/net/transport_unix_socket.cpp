#include <dovetail/transport/unix_socket.hpp>

#include <support/asking.hpp>
#include <support/line_client.hpp>
#include <support/socket_server.hpp>
#include <support/styles.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dt = dovetail;
using namespace dt::test;
using namespace std::chrono_literals;

namespace {

static_assert(dt::transport<dt::unix_socket>);

std::string fresh_path() { return ::testing::TempDir() + "dovetail-" + std::to_string(::getpid()) + ".socket"; }

void expect_lines(const std::string& path) {
  socket_server server{path, socket_server::echo};
  asio::io_context io;
  line_client<dt::unix_socket> blocking{dt::unix_socket::endpoint{path}};
  async_line_client<dt::unix_socket> asynchronous{io.get_executor(), dt::unix_socket::endpoint{path}};
  const std::string longer(400'000, 'x');
  for_each_style(blocking, asynchronous, io, [&](auto& s) {
    blocking.stream.close();
    asynchronous.stream.close();
    ASSERT_TRUE(s.template run<void>([](auto&& c) { return c.open(); }));
    EXPECT_EQ("hello\n", (s.template run<std::string>([](auto&& c) { return c.exchange("hello"); }).value()));
    EXPECT_EQ(longer + "\n", (s.template run<std::string>([&](auto&& c) { return c.exchange(longer); }).value()));
    blocking.stream.close();
    asynchronous.stream.close();
  });
}

TEST(UnixSocket, LinesComeBackInEveryStyle) { expect_lines(fresh_path()); }

TEST(UnixSocket, ARequestAndItsAnswerAreOneAction) {
  const std::string path = fresh_path() + ".asked";
  expect_asking<dt::unix_socket>([&](auto serve) { return std::make_unique<socket_server>(path, serve); },
                                 [&](const socket_server&) { return dt::unix_socket::endpoint{path}; });
}

#if defined(__linux__)
TEST(UnixSocket, APathThatBeginsWithAnAtSignIsAnAbstractName) {
  expect_lines("@dovetail-test-" + std::to_string(::getpid()));
}
#endif

TEST(UnixSocket, APathWithoutAServerIsAnErrorThatNamesIt) {
  const std::string path = fresh_path() + ".none";
  asio::io_context io;
  line_client<dt::unix_socket> blocking{dt::unix_socket::endpoint{path}};
  async_line_client<dt::unix_socket> asynchronous{io.get_executor(), dt::unix_socket::endpoint{path}};
  for_each_style(blocking, asynchronous, io, [&](auto& s) {
    const auto opened = s.template run<void>([](auto&& c) { return c.open(); });
    EXPECT_EQ(std::errc::no_such_file_or_directory, opened.error().code());
    EXPECT_EQ(dt::condition::connection, opened.error().kind()) << "a server that is restarted: worth a repetition";
  });
  dt::unix_socket::stream nameless{dt::unix_socket::endpoint{""}};
  EXPECT_EQ(std::errc::invalid_argument, dt::connect(nameless, {}));
  dt::unix_socket::stream endless{dt::unix_socket::endpoint{std::string(200, 'x')}};
  EXPECT_EQ(std::errc::filename_too_long, dt::connect(endless, {}));
}

TEST(UnixSocket, AFullQueueIsTriedAgainUntilTheDeadline) {
  const std::string path = fresh_path() + ".full";
  dt::detail::socket_address address;
  ASSERT_FALSE(dt::detail::unix_address(path, address));
  dt::detail::owned_handle listener{::socket(AF_UNIX, SOCK_STREAM, 0)};
  ASSERT_EQ(0, ::bind(listener.get(), address.get(), address.size));
  ASSERT_EQ(0, ::listen(listener.get(), 0));
  std::vector<dt::detail::owned_handle> queued;
  int refused = 0;
  while (refused == 0) {
    ASSERT_LT(queued.size(), 8u);
    queued.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    if (::connect(queued.back().get(), address.get(), address.size) != 0) refused = errno;
  }
  ASSERT_EQ(EAGAIN, refused);
  dt::unix_socket::stream stream{dt::unix_socket::endpoint{path}};
  EXPECT_EQ(dt::errc::deadline_passed, dt::connect(stream, dt::deadline::after(30ms)));
  asio::io_context io;
  async_line_client<dt::unix_socket> late{io.get_executor(), dt::unix_socket::endpoint{path}};
  late.budget = 30ms;
  std::optional<std::error_code> ended;
  late.with([&](const dt::result<void>& r) { ended = r.error().code(); }).open();
  run_until(io, [&] { return ended.has_value(); });
  EXPECT_EQ(dt::errc::deadline_passed, *ended);
  ::unlink(path.c_str());
}

}  // namespace
