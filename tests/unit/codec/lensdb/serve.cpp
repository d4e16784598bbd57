#include <dovetail/codec/lensdb/serve.hpp>

#include <dovetail/codec/lensdb/serve_per_recv.hpp>

#include <support/lensdb_bytes.hpp>
#include <support/lensdb_session.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace lensdb_test;
using lensdb::operation;
using lensdb::status;
using lensdb_vectors::named;
using lensdb_vectors::same;
using lensdb_vectors::to_vector;

/// A server's dialogue with its store, and a driver that gives it bytes.
template <class Dialogue>
struct served {
  explicit served(const lensdb::serve_rules& how = {}) : rules(how), dialogue(keys, rules, counters) {}

  /// One turn that reads `bytes` as one read; gives what was written, nothing when the server wants more.
  std::vector<std::byte> turn(dt::byte_view bytes) {
    std::vector<std::byte> written;
    if (!is_reading) next = dialogue.resume({});
    is_reading = false;
    dt::event happened;
    while (next.what() != dt::verb::done) {
      happened = {};
      if (next.what() == dt::verb::read) {
        if (bytes.empty()) return is_reading = true, written;
        happened.bytes = std::min(bytes.size(), next.input().size());
        std::copy_n(bytes.begin(), happened.bytes, next.input().begin());
        bytes = bytes.subspan(happened.bytes);
      } else if (next.what() == dt::verb::write) {
        written.insert(written.end(), next.output().begin(), next.output().end());
        happened.bytes = next.output().size();
      }
      next = dialogue.resume(happened);
    }
    return written;
  }

  lensdb::store keys{{}};
  lensdb::serve_rules rules;
  lensdb::serve_counters counters;
  Dialogue dialogue;
  dt::action next = dt::action::done();
  bool is_reading = false;
};

TEST(LensServe, AReadThatEndsInsideARequestIsContinued) {
  served<lensdb::serve_exact> server;
  const auto bytes = request(operation::set, "key", "value");
  EXPECT_TRUE(server.turn(dt::byte_view{bytes}.first(20)).empty());
  EXPECT_FALSE(server.dialogue.is_idle());
  EXPECT_EQ(server.turn(dt::byte_view{bytes}.subspan(20)), ok());
  EXPECT_TRUE(server.dialogue.is_idle());
}

TEST(LensServe, AnUnknownTypeIsSkippedWithItsBodyAndTheConnectionGoesOn) {
  served<lensdb::serve_exact> server;
  EXPECT_TRUE(same(server.turn(to_vector(named("V51").request)), named("V51").response));
  EXPECT_EQ(server.turn(request(operation::ping)), ok("pong"));
  EXPECT_FALSE(server.dialogue.is_ending());
}

TEST(LensServe, AKeyOverTheLimitIsSkippedWithItsBody) {
  served<lensdb::serve_exact> server;
  auto bytes = to_vector(named("V36").request);
  const auto ping = request(operation::ping);
  bytes.insert(bytes.end(), ping.begin(), ping.end());
  auto expected = to_vector(named("V36").response);
  const auto pong = ok("pong");
  expected.insert(expected.end(), pong.begin(), pong.end());
  std::vector<std::byte> got = server.turn(bytes);
  if (got.size() < expected.size()) {
    const auto rest = server.turn({});
    got.insert(got.end(), rest.begin(), rest.end());
  }
  EXPECT_EQ(got, expected);
}

TEST(LensServe, AWrongMagicOrVersionEndsTheConnectionAfterTheReply) {
  for (const char* id : {"V45", "V50"}) {
    served<lensdb::serve_exact> server;
    EXPECT_TRUE(same(server.turn(to_vector(named(id).request)), named(id).response)) << id;
    EXPECT_TRUE(server.dialogue.is_ending());
    EXPECT_EQ(server.dialogue.resume({}).what(), dt::verb::shutdown_write);
    EXPECT_EQ(server.dialogue.resume({}).what(), dt::verb::read);
    EXPECT_EQ(server.dialogue.resume({.ec = dt::errc::connection_closed}).what(), dt::verb::done);
    EXPECT_TRUE(server.dialogue.is_over());
  }
}

TEST(LensServe, NoRequestIsLookedAtWhileRepliesWaitToBeWritten) {
  served<lensdb::serve_exact> server{{.output_limit = 30}};
  std::vector<std::byte> pings;
  for (int i = 0; i < 10; ++i) {
    const auto ping = request(operation::ping);
    pings.insert(pings.end(), ping.begin(), ping.end());
  }
  EXPECT_EQ(server.turn(pings).size(), 2u * 18u);
  EXPECT_EQ(server.counters.requests, 2u);
  EXPECT_EQ(server.turn({}).size(), 2u * 18u);  // without another read
}

TEST(LensServe, CancellationAndFailureEndTheConnectionAtEveryStep) {
  const auto end_of = [](const dt::event& trouble, int after) {
    served<lensdb::serve_exact> server;
    dt::action next = server.dialogue.resume({});
    const auto bytes = request(operation::ping);
    if (after > 0) {
      std::copy(bytes.begin(), bytes.end(), next.input().begin());
      next = server.dialogue.resume({.bytes = bytes.size()});
    }
    next = server.dialogue.resume(trouble);
    return next.what() == dt::verb::done && server.dialogue.is_over();
  };
  for (int after = 0; after < 2; ++after) {
    EXPECT_TRUE(end_of({.ec = dt::errc::cancelled, .cancelled = true}, after));
    EXPECT_TRUE(end_of({.ec = dt::errc::connection_lost}, after));
    EXPECT_TRUE(end_of({.ec = dt::errc::deadline_passed}, after));
  }
}

TEST(LensServePerRecv, OneReadIsOneRequestWhateverItHolds) {
  served<lensdb::serve_per_recv> server{{.framing = lensdb::framing::one_per_recv}};
  for (const char* id : {"V63", "V64", "V65", "V67", "V46", "V57"}) {
    EXPECT_TRUE(same(server.turn(to_vector(named(id).request)), named(id).response)) << id;
  }
  EXPECT_EQ(server.turn(request(operation::get, "p")), ok("1"));
}

TEST(LensServePerRecv, SetexLeavesTheConnectionDeaf) {
  served<lensdb::serve_per_recv> server{{.framing = lensdb::framing::one_per_recv}};
  dt::action next = server.dialogue.resume({});
  const auto bytes = to_vector(named("V69").request);
  std::copy(bytes.begin(), bytes.end(), next.input().begin());
  EXPECT_FALSE(server.dialogue.has_died());
  EXPECT_EQ(server.dialogue.resume({.bytes = bytes.size()}).what(), dt::verb::done);
  EXPECT_TRUE(server.dialogue.has_died());
  EXPECT_FALSE(server.dialogue.is_over());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(server.dialogue.resume({}).what(), dt::verb::wait);
  EXPECT_EQ(server.keys.size(dt::clock::now()), 0u);
  EXPECT_EQ(server.dialogue.resume({.ec = dt::errc::deadline_passed}).what(), dt::verb::done);
}

}  // namespace
