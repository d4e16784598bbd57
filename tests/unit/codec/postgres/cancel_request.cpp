#include <dovetail/codec/postgres/cancel_request.hpp>

#include <support/postgres_login.hpp>
#include <support/script.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

namespace dt = dovetail;
namespace pg = dovetail::postgres;
namespace wire = postgres_wire;
using dt::test::script;

struct fixture {
  pg::connect_options how;
  pg::connection_facts facts;

  explicit fixture(const std::string& key = "\1\2\3\4") {
    how.servers.resize(3);
    facts.server = 2;
    EXPECT_TRUE(facts.key.assign(0x01020304, dt::as_byte_view(key)));
  }
  pg::cancel_request dialogue() const { return pg::cancel_request{facts, how}; }
};

/// Documentation, CancelRequest: length, code 80877102, process, key.
const std::string request{"\0\0\0\20\4\322\26\56\1\2\3\4\1\2\3\4", 16};

TEST(PostgresCancelRequest, AsksTheSameServerAndWaitsForTheEnd) {
  const fixture f;
  script([&] { return f.dialogue(); }).connect(2).write(request).read_end().close().done();
}

TEST(PostgresCancelRequest, AStreamThatIsResetHasEndedToo) {
  const fixture f;
  script([&] { return f.dialogue(); })
      .connect(2)
      .write(request)
      .read("noise")
      .read({})
      .failing(std::make_error_code(std::errc::connection_reset))
      .close()
      .done();
}

TEST(PostgresCancelRequest, LongKeysAreSentWhole) {
  const fixture f{std::string(32, 'k')};
  script([&] { return f.dialogue(); })
      .connect(2)
      .write(std::string{"\0\0\0\54\4\322\26\56\1\2\3\4", 12} + std::string(32, 'k'))
      .read_end()
      .close()
      .done();
}

TEST(PostgresCancelRequest, AnEncryptedConnectionsKeyIsNotSentInPlainText) {
  fixture f;
  f.facts.is_encrypted = true;
  const std::string ssl_request{"\0\0\0\10\4\322\26\57", 8};
  script([&] { return f.dialogue(); })
      .connect(2)
      .write(ssl_request)
      .read("S")
      .start_tls()
      .write(request)
      .read_end()
      .close()
      .done();
  script([&] { return f.dialogue(); })
      .connect(2)
      .write(ssl_request)
      .read("N")
      .close()
      .done_with(dt::errc::operation_unsupported);
  script([&] { return f.dialogue(); })
      .connect(2)
      .write(ssl_request)
      .read("SS")
      .close()
      .done_with(dt::errc::unexpected_message);
  f.how.tls_negotiation = pg::ssl_negotiation::direct;
  script([&] { return f.dialogue(); }).connect(2).start_tls().write(request).read_end().close().done();
}

TEST(PostgresCancelRequest, StepsThatFailCloseTheStream) {
  fixture f;
  f.facts.is_encrypted = true;
  const dt::event troubles[] = {{dt::make_error_code(dt::errc::deadline_passed), 0, false},
                                {dt::make_error_code(dt::errc::cancelled), 0, true}};
  for (const dt::event& trouble : troubles) {
    for (int at = 1; at <= 6; ++at) {  // connect, ask, answer, TLS, request, end
      pg::cancel_request dialogue = f.dialogue();
      dt::action next = dialogue.resume({});
      for (int step = 1; step < at; ++step) {
        dt::event happened;
        if (next.what() == dt::verb::read) {
          next.input()[0] = std::byte{'S'};
          happened.bytes = 1;
        }
        next = dialogue.resume(happened);
      }
      EXPECT_EQ(dialogue.resume(trouble).what(), dt::verb::close) << at;
      EXPECT_EQ(dialogue.resume({}).error(), trouble.ec) << at;
    }
  }
}

TEST(PostgresCancelRequest, WithoutAKeyThereIsNothingToAskFor) {
  fixture f;
  f.facts.key.clear();
  script([&] { return f.dialogue(); }).done_with(dt::errc::operation_unsupported);
}

TEST(PostgresTerminate, SaysGoodbyeAndCloses) {
  for (const dt::session_health before : {dt::session_health::idle, dt::session_health::in_transaction}) {
    pg::connection_facts facts;
    facts.health = before;
    script(pg::terminate{facts}).write(wire::message('X')).close().done();
    EXPECT_EQ(dt::session_health::closed, facts.health);
  }
}

TEST(PostgresTerminate, AConnectionThatIsOutOfStepIsClosedWithoutAWord) {
  for (const dt::session_health before : {dt::session_health::desynchronised, dt::session_health::closed}) {
    pg::connection_facts facts;
    facts.health = before;
    script(pg::terminate{facts}).close().done();
    EXPECT_EQ(dt::session_health::closed, facts.health);
  }
}

TEST(PostgresTerminate, AFarewellThatCannotBeSentIsNoFailure) {
  pg::connection_facts facts;
  facts.health = dt::session_health::idle;
  script(pg::terminate{facts}).write(wire::message('X')).failing(dt::errc::connection_lost).close().done();
}

}  // namespace
