#include <dovetail/tls.hpp>

#include <dovetail/driver/async_run.hpp>
#include <dovetail/driver/run.hpp>
#include <dovetail/transport/blocking.hpp>

#include <support/dialogues.hpp>
#include <support/tls_server.hpp>

#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

using secure = dt::tls<dt::tcp>;

const bool no_sigpipe = (std::signal(SIGPIPE, SIG_IGN), true);  // of the server, which writes with OpenSSL's own BIO

secure::endpoint to(const tests::tls_server& server, std::string name = "localhost") {
  secure::endpoint peer{"127.0.0.1", server.port()};
  peer.settings.server_name = std::move(name);
  peer.settings.authorities = server.authority_file();
  return peer;
}

std::error_code connect(const secure::endpoint& peer, dt::deadline by = dt::deadline::after(60s)) {
  secure::stream stream{peer};
  return dt::connect(stream, by);
}

// Sends bytes and reads as many back.
class echo {
 public:
  using value_type = std::string;
  explicit echo(std::string text) : text_(std::move(text)), back_(text_.size(), '\0') {}
  dt::action resume(const dt::event& ev) {
    if (ev.ec) return dt::action::done(ev.ec);
    switch (step_++) {
      case 0:
        return dt::action::connect();
      case 1:
        return dt::action::write(dt::as_byte_view(text_));
      case 2:
        break;
      default:
        got_ += ev.bytes;
    }
    if (got_ == back_.size()) return dt::action::done();
    return dt::action::read({reinterpret_cast<std::byte*>(back_.data()) + got_, back_.size() - got_});
  }
  std::string value() && { return std::move(back_); }

 private:
  std::string text_;
  std::string back_;
  std::size_t got_ = 0;
  int step_ = 0;
};

std::string large_text() {
  std::string text(100'000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 26);
  return text;
}

}  // namespace

TEST(Tls, BytesComeBackThroughAVerifiedSession) {
  const tests::tls_server server{{}};
  secure::stream stream{to(server)};
  const auto answer = dt::run(stream, echo{large_text()}, dt::deadline::after(60s));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(*answer, large_text());
  EXPECT_TRUE(stream.is_encrypted());
  EXPECT_EQ(stream.protocol().substr(0, 4), "TLSv");
}

TEST(Tls, TheAsynchronousLoopDoesTheSame) {
  const tests::tls_server server{{}};
  asio::io_context io;
  dt::async_stream<secure> stream{io.get_executor(), to(server)};
  dt::result<std::string> answer = dt::errc::cancelled;
  dt::async_run(stream, echo{large_text()}, dt::deadline::after(60s), nullptr,
                [&](dt::result<std::string> got) { answer = std::move(got); });
  io.run();
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(*answer, large_text());
}

TEST(Tls, APeerThatIsNotReadFromDoesNotStopAnExchange) {
  const tests::tls_server server{{}};
  const std::string text = dt::test::patterned_text(20'000'000);  // more than the sockets' buffers hold
  dt::test::line_session session;
  secure::stream stream{to(server)};
  auto answer = dt::run(stream, dt::test::pass_through{session, text, true}, dt::deadline::after(60s));
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(*answer == text, true);
  asio::io_context io;
  dt::async_stream<secure> awaited{io.get_executor(), to(server)};
  answer = dt::errc::cancelled;
  stream.close();
  dt::async_run(awaited, dt::test::pass_through{session, text, true}, dt::deadline::after(60s), nullptr,
                [&](dt::result<std::string> got) { answer = std::move(got); });
  io.run();
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(*answer == text, true);
}

TEST(Tls, AnAddressIsLookedForAmongTheCertificatesAddresses) {
  const tests::tls_server server{{}};
  EXPECT_FALSE(connect(to(server, "127.0.0.1")));
  EXPECT_EQ(connect(to(server, "127.0.0.2")), dt::condition::authentication);
}

TEST(Tls, AnotherNameThanTheCertificatesIsRefusedUnlessOnlyTheCertificateIsVerified) {
  const tests::tls_server server{{}};
  EXPECT_EQ(connect(to(server, "example.org")), dt::condition::authentication);
  EXPECT_EQ(connect(to(server, "example.org")).message(),
            "the server's certificate is not accepted: hostname mismatch");
  secure::endpoint lenient = to(server, "example.org");
  lenient.settings.verify = dt::tls_verify::certificate;
  EXPECT_FALSE(connect(lenient));
}

TEST(Tls, AnUnknownAuthorityIsRefusedUnlessNothingIsVerified) {
  const tests::tls_server server{{}};
  const tests::tls_server other{{}};
  secure::endpoint peer = to(server);
  peer.settings.authorities = other.authority_file();
  EXPECT_EQ(connect(peer), dt::condition::authentication);
  peer.settings.verify = dt::tls_verify::none;
  EXPECT_FALSE(connect(peer));
}

TEST(Tls, AnExpiredCertificateIsRefused) {
  const tests::tls_server server{{.valid_seconds = -60}};
  EXPECT_EQ(connect(to(server)).message(), "the server's certificate is not accepted: certificate has expired");
}

TEST(Tls, VerifyingWithoutANameIsAMistakeNotASuccess) {
  const tests::tls_server server{{}};
  EXPECT_EQ(connect(to(server, "")), dt::condition::configuration);
}

TEST(Tls, AMissingFileOfAuthoritiesIsAMistakeInTheConfiguration) {
  const tests::tls_server server{{}};
  secure::endpoint peer = to(server);
  peer.settings.authorities = "/nowhere/authority.pem";
  EXPECT_EQ(connect(peer), dt::condition::configuration);
}

TEST(Tls, AClientCertificateIsShownWithAKeyThatHasAPassword) {
  const tests::tls_server server{{.wants_client_certificate = true}};
  secure::endpoint peer = to(server);
  peer.settings.certificate = server.client_file();
  peer.settings.private_key = server.client_key_file();
  peer.settings.private_key_password = dt::secret{"sesame"};
  secure::stream stream{peer};
  const auto answer = dt::run(stream, echo{"hello"}, dt::deadline::after(60s));
  ASSERT_TRUE(answer) << answer.error().message();
  peer.settings.private_key_password = dt::secret{"wrong"};
  EXPECT_EQ(connect(peer), dt::condition::configuration);
}

TEST(Tls, AServerThatAnswersInPlainTextIsAnError) {
  const tests::tls_server server{{.speaks_plain_text = true}};
  const std::error_code ec = connect(to(server));
  EXPECT_EQ(ec, dt::condition::connection) << ec.message();
}

TEST(Tls, AServerThatClosesInTheHandshakeIsAnError) {
  const tests::tls_server server{{.closes_in_handshake = true}};
  EXPECT_EQ(connect(to(server)), dt::condition::connection);
}

TEST(Tls, ADeadlineEndsAHandshakeThatNobodyAnswers) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 1), 0);
  socklen_t size = sizeof address;
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  secure::endpoint peer{"127.0.0.1", ntohs(address.sin_port)};
  peer.settings.server_name = "localhost";
  EXPECT_EQ(connect(peer, dt::deadline::after(50ms)), dt::condition::timeout);
  ::close(listener);
}

TEST(Tls, OnRequestTheStreamIsPlainUntilAskedFor) {
  const tests::tls_server server{{}};
  secure::endpoint peer = to(server);
  peer.settings.start = dt::tls_start::on_request;
  secure::stream stream{peer};
  const dt::deadline by = dt::deadline::after(60s);
  ASSERT_FALSE(dt::connect(stream, by));
  EXPECT_TRUE(stream.is_open());
  EXPECT_FALSE(stream.is_encrypted());
  ASSERT_FALSE(dt::start_tls(stream, by));
  EXPECT_TRUE(stream.is_encrypted());
}
