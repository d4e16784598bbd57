#include <dovetail/tls.hpp>

#include <dovetail/driver/run.hpp>
#include <dovetail/transport/blocking.hpp>

#include <support/tls_server.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

using secure = dt::tls<dt::tcp>;

const bool no_sigpipe = (std::signal(SIGPIPE, SIG_IGN), true);  // of the server, which writes with OpenSSL's own BIO

secure::endpoint to(const tests::tls_server& server) {
  secure::endpoint peer{"127.0.0.1", server.port()};
  peer.settings.server_name = "localhost";
  peer.settings.authorities = server.authority_file();
  return peer;
}

// Connects and has one byte echoed, so that tickets have come, whichever the version.
struct visit {
  std::error_code ec;
  bool is_resumed = false;
  std::string protocol{};
  std::string chosen{};
};

visit go(const secure::endpoint& peer) {
  const dt::deadline by = dt::deadline::after(60s);
  secure::stream stream{peer};
  visit seen{dt::connect(stream, by)};
  if (seen.ec) return seen;
  seen.is_resumed = stream.is_resumed();
  seen.protocol = stream.protocol();
  seen.chosen = stream.application_protocol();
  const std::byte sent{42};
  std::byte got{};
  dt::write_all(stream, {&sent, 1}, by, seen.ec);
  if (!seen.ec) dt::read_some(stream, {&got, 1}, by, seen.ec);
  EXPECT_EQ(got, sent);
  return seen;
}

class TlsResumption : public testing::TestWithParam<int> {};

}  // namespace

TEST_P(TlsResumption, ASecondConnectionGoesOnWithTheSessionOfTheFirst) {
  const tests::tls_server server{{.newest = GetParam()}};
  const secure::endpoint peer = to(server);
  for (int i = 0; i < 4; ++i) {
    const visit seen = go(peer);
    ASSERT_FALSE(seen.ec) << seen.ec.message();
    EXPECT_EQ(seen.is_resumed, i != 0);
    EXPECT_EQ(seen.protocol, GetParam() == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
  }
  EXPECT_EQ(server.handshakes(), 4);
  EXPECT_EQ(server.resumed(), 3);
}

TEST_P(TlsResumption, ASessionIsOnlyUsedForWhatItWasMadeWith) {
  const tests::tls_server server{{.newest = GetParam()}};
  const secure::endpoint peer = to(server);
  ASSERT_FALSE(go(peer).ec);
  std::vector<secure::endpoint> others(5, peer);
  others[0].settings.server_name = "127.0.0.1";
  others[1].settings.verify = dt::tls_verify::certificate;
  others[2].settings.verify = dt::tls_verify::none;
  others[3].settings.certificate = server.client_file();
  others[3].settings.private_key = server.client_key_file();
  others[3].settings.private_key_password = dt::secret{"sesame"};
  others[4].settings.application_protocol = "http/1.1";
  for (const secure::endpoint& other : others) {
    const visit seen = go(other);
    ASSERT_FALSE(seen.ec) << seen.ec.message();
    EXPECT_FALSE(seen.is_resumed);
  }
  EXPECT_EQ(server.resumed(), 0);
  EXPECT_TRUE(go(peer).is_resumed);
  EXPECT_EQ(server.resumed(), 1);
}

TEST_P(TlsResumption, WhatWasNotVerifiedIsNoWayAroundVerification) {
  const tests::tls_server server{{.newest = GetParam()}};
  const tests::tls_server stranger{{}};
  secure::endpoint peer = to(server);
  peer.settings.authorities = stranger.authority_file();
  peer.settings.verify = dt::tls_verify::none;
  ASSERT_FALSE(go(peer).ec);
  EXPECT_TRUE(go(peer).is_resumed);
  peer.settings.verify = dt::tls_verify::full;
  EXPECT_EQ(go(peer).ec, dt::condition::authentication);
}

TEST_P(TlsResumption, ManyThreadsShareTheSessionsOfAClient) {
  const tests::tls_server server{{.newest = GetParam()}};
  const secure::endpoint peer = to(server);
  ASSERT_FALSE(go(peer).ec);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&peer] {
      for (int k = 0; k < 5; ++k) EXPECT_FALSE(go(peer).ec);
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(server.handshakes(), 21);
  EXPECT_GT(server.resumed(), 0);
  EXPECT_LE(peer.settings.sessions->size(), dt::tls_sessions::most);
}

TEST_P(TlsResumption, WithoutAStoreEveryHandshakeIsWhole) {
  const tests::tls_server server{{.newest = GetParam()}};
  secure::endpoint peer = to(server);
  peer.settings.sessions = nullptr;
  EXPECT_FALSE(go(peer).ec);
  EXPECT_FALSE(go(peer).is_resumed);
  EXPECT_EQ(server.resumed(), 0);
}

TEST_P(TlsResumption, AServerThatHasForgottenTheSessionGetsAWholeHandshake) {
  secure::endpoint peer;
  {
    const tests::tls_server first{{.newest = GetParam()}};
    peer = to(first);
    peer.settings.verify = dt::tls_verify::none;
    ASSERT_FALSE(go(peer).ec);
  }
  ASSERT_GT(peer.settings.sessions->size(), 0U);
  const tests::tls_server second{{.newest = GetParam()}};
  peer.peer = to(second).peer;
  const visit seen = go(peer);
  EXPECT_FALSE(seen.ec) << seen.ec.message();
  EXPECT_FALSE(seen.is_resumed);
  EXPECT_TRUE(go(peer).is_resumed);
}

INSTANTIATE_TEST_SUITE_P(OfEveryVersion, TlsResumption, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION));

TEST(TlsAlpn, TheStreamTellsWhatTheServerChose) {
  const tests::tls_server server{{.alpn = "http/1.1"}};
  secure::endpoint peer = to(server);
  peer.settings.application_protocol = "http/1.1";
  EXPECT_EQ(go(peer).chosen, "http/1.1");
  EXPECT_EQ(go(peer).chosen, "http/1.1");  // of a resumed session too
  EXPECT_EQ(server.resumed(), 1);
  peer.settings.application_protocol = "h2";  // the server refuses it
  EXPECT_TRUE(go(peer).ec);
  const tests::tls_server silent{{}};
  secure::endpoint other = to(silent);
  other.settings.application_protocol = "http/1.1";
  EXPECT_EQ(go(other).chosen, "");
}
