#include <dovetail/codec/lensdb/lifecycle.hpp>

#include <support/lensdb_session.hpp>
#include <support/script.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace lensdb_test;
using dt::errc;
using dt::session_health;
using dt::test::script;
using lensdb::operation;

const auto ping_frame = request(operation::ping);
const auto pong = ok("pong");

TEST(LensStartup, ConnectsAndAsksWhetherTheServerAnswers) {
  session_maker sessions;
  script([&] { return sessions.fresh().open(); }).connect().write(ping_frame).read_each_byte(pong).done();
  EXPECT_EQ(sessions.health(), session_health::idle);
}

TEST(LensStartup, LeavesNoUsableSessionWhereverItFails) {
  session_maker sessions;
  const auto is_unusable = [&] { EXPECT_NE(sessions.health(), session_health::idle); };
  const auto make = [&] { return sessions.fresh().open(); };
  script(make).connect().write(ping_frame).read(pong).fail_each_step().leaves(is_unusable);
  script(make).connect().write(ping_frame).read(pong).one_byte_a_read().cancel_each_step().leaves(is_unusable);
  script(make).connect().write(ping_frame).read(pong).time_out_each_step().leaves(is_unusable);
}

TEST(LensStartup, AServerWithTooManyConnectionsIsRecognisedByTheEndOfTheStreamOrAReset) {
  for (const std::error_code how :
       {make_error_code(errc::connection_closed),
        std::error_code{static_cast<int>(std::errc::connection_reset), std::system_category()}}) {
    session_maker sessions;
    auto dialogue = sessions.fresh().open();
    dialogue.resume({});
    dialogue.resume({});
    dialogue.resume({});
    dialogue.resume({.bytes = 18});
    const dt::action end = dialogue.resume({.ec = how});
    EXPECT_EQ(end.error(), how);
    EXPECT_NE(dialogue.failure(end.error()).message().find("too many"), std::string::npos);
    EXPECT_TRUE(dialogue.failure(end.error()).is_transient());
  }
}

TEST(LensStartup, APeerThatSpeaksSomethingElseIsNamedAsSuch) {
  session_maker sessions;
  script([&] { return sessions.fresh().open(); })
      .connect()
      .write(ping_frame)
      .read("HTTP/1.1 400")
      .done_with(errc::malformed_frame);
  auto dialogue = sessions.fresh().open();
  dialogue.resume({});
  dialogue.resume({});
  dialogue.resume({});
  const dt::action reading = dialogue.resume({.bytes = 18});
  std::fill_n(reading.input().begin(), 4, std::byte{'?'});
  const dt::action end = dialogue.resume({.bytes = 4});
  EXPECT_NE(dialogue.failure(end.error()).message().find("does not speak lens_v1"), std::string::npos);
}

TEST(LensStartup, APeerThatGreetsIsNoLensServer) {
  session_maker sessions;
  const dt::error_info why = script([&] { return sessions.fresh().open(); }).connect().look("220 ready").failure();
  EXPECT_EQ(why.code(), errc::unexpected_message);
  EXPECT_NE(why.message().find("does not speak lens_v1"), std::string::npos) << why.message();
}

TEST(LensStartup, InTheSecondDialectOnlyConnects) {
  session_maker<lensdb::ldbd_v1> sessions;
  script([&] { return sessions.fresh().open(); }).connect().done();
  EXPECT_EQ(sessions.health(), session_health::idle);
  script([&] { return sessions.fresh().open(); }).connect().fail_each_step();
}

TEST(LensHealthCheck, AsksAndBelievesOnlyAGoodAnswer) {
  session_maker sessions;
  const auto make = [&] { return sessions.fresh().ping(); };
  script(make).write(ping_frame).read(pong).done();
  EXPECT_EQ(sessions.health(), session_health::idle);
  script(make).write(ping_frame).read(reply(lensdb::status::internal_error, {}, "no")).done_with(dt::condition::server);
  script(make).write(ping_frame).read(pong).fail_each_step().leaves([&] {
    EXPECT_NE(sessions.health(), session_health::idle);
  });
}

TEST(LensHealthCheck, InTheSecondDialectDoesNotUseTheConnectionUp) {
  session_maker<lensdb::ldbd_v1> sessions;
  script([&] { return sessions.fresh().ping(); }).done();
  EXPECT_EQ(sessions.health(), session_health::idle);
}

TEST(LensClosing, ClosesWithoutAFarewell) {
  session_maker sessions;
  script([&] { return sessions.fresh().quit(); }).close().done();
  EXPECT_EQ(sessions.health(), session_health::closed);
}

}  // namespace
