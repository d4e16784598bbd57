#include <dovetail/codec/lensdb/exchange.hpp>

#include <support/lensdb_bytes.hpp>
#include <support/lensdb_session.hpp>
#include <support/script.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace lensdb_test;
using dt::errc;
using dt::session_health;
using dt::test::script;
using lensdb::any_request;
using lensdb::lens_v1;
using lensdb::operation;
using lensdb::status;

const any_request get_k{.code = operation::get, .key = "k"};
const any_request set_k{.code = operation::set, .key = "k", .value = "v"};
const auto get_frame = request(operation::get, "k");
const auto set_frame = request(operation::set, "k", "v");

template <class D = lens_v1>
auto make(session_maker<D>& sessions, const any_request& asked) {
  return [&sessions, asked] { return lensdb::exchange<D>{sessions.fresh().state(), asked}; };
}

TEST(LensExchange, AWholeRequestLeavesInOneWriteAndItsReplyIsReadExactly) {
  session_maker sessions;
  const lensdb::parsed_reply reply = script(make(sessions, get_k)).write(get_frame).read(ok("value")).value();
  EXPECT_EQ(reply.status, status::success);
  EXPECT_EQ(dt::as_text(reply.data), "value");
  EXPECT_EQ(sessions.health(), session_health::idle);
}

TEST(LensExchange, AReplySplitIntoSingleBytesIsReadLikeAWholeOne) {
  session_maker sessions;
  const lensdb::parsed_reply reply = script(make(sessions, get_k)).write(get_frame).read_each_byte(ok("value")).value();
  EXPECT_EQ(dt::as_text(reply.data), "value");
  EXPECT_EQ(sessions.health(), session_health::idle);
}

TEST(LensExchange, AReplyLargerThanTheFirstBufferIsCollected) {
  session_maker sessions;
  const std::string keys(306'000, 'k');
  const lensdb::parsed_reply reply = script(make(sessions, any_request{.code = operation::keys}))
                                         .write(request(operation::keys))
                                         .read_in_pieces(ok(keys), 65536)
                                         .value();
  EXPECT_EQ(reply.data.size(), keys.size());
  EXPECT_EQ(sessions.health(), session_health::idle);
}

TEST(LensExchange, EveryRecordedReplyOfOneFrameIsReadByteByByte) {
  for (const auto& each : lensdb_vectors::all) {
    if (each.response.empty()) continue;
    const auto bytes = lensdb_vectors::to_vector(each.response);
    const auto first = lensdb::parse_reply(dt::byte_view{bytes});
    if (first.size != bytes.size()) continue;  // V41, V43: two replies to one request
    session_maker sessions;
    const auto reply = script(make(sessions, get_k)).write(get_frame).read_each_byte(bytes).value();
    EXPECT_EQ(reply.status, first.status) << each.id;
    EXPECT_EQ(sessions.health(),
              first.status == status::invalid_message ? session_health::desynchronised : session_health::idle)
        << each.id;
  }
}

TEST(LensExchange, TwoRepliesToOneRequestAreNotBelieved) {
  for (const char* id : {"V41", "V43"}) {
    session_maker sessions;
    script(make(sessions, get_k))
        .write(get_frame)
        .read(lensdb_vectors::to_vector(lensdb_vectors::named(id).response))
        .done_with(errc::unexpected_message);
    EXPECT_EQ(sessions.health(), session_health::desynchronised);
  }
}

TEST(LensExchange, AReplyTooManyIsSeenHoweverLargeTheOneBeforeItWas) {
  // The read of a reply's rest has room for more, wherever a buffer that has grown may end.
  for (std::size_t size = 4050; size != 4120; ++size) {
    session_maker sessions;
    auto bytes = ok(std::string(size, 'x'));
    auto header = bytes;
    header.resize(14);
    bytes.erase(bytes.begin(), bytes.begin() + 14);
    bytes.push_back(std::byte{'L'});
    script(make(sessions, get_k)).write(get_frame).read(header).read(bytes).done_with(errc::unexpected_message);
    EXPECT_EQ(sessions.health(), session_health::desynchronised) << size;
  }
}

TEST(LensExchange, NothingIsSentWhereSomethingHasComeUnasked) {
  session_maker sessions;
  for (const any_request& asked : {get_k, set_k}) {
    script(make(sessions, asked)).look(ok("of nobody")).done_with(errc::unexpected_message);
    EXPECT_EQ(sessions.health(), session_health::desynchronised);
    script(make(sessions, asked)).look("L").done_with(errc::unexpected_message);
    EXPECT_EQ(sessions.health(), session_health::desynchronised);
    script(make(sessions, asked)).look_end().done_with(errc::connection_closed);  // known: it was not executed
    EXPECT_EQ(sessions.health(), session_health::closed);
  }
  script(make(sessions, get_k)).look().write(get_frame).read(ok("v")).done();
  script(make(sessions, get_k)).look().write(get_frame).read(ok("v")).cancel_each_step().leaves([&] {
    EXPECT_NE(sessions.health(), session_health::idle);
  });
  const dt::error_info why = script(make(sessions, set_k)).look("LENS").failure();
  EXPECT_EQ(why.context(), "SET: it was not sent, as bytes came that nobody asked for");
}

TEST(LensExchange, AnyFailingOrCancelledStepMakesTheSessionUnusable) {
  session_maker sessions;
  const auto is_unusable = [&] { EXPECT_NE(sessions.health(), session_health::idle); };
  script(make(sessions, get_k)).write(get_frame).read(ok("v")).fail_each_step().leaves(is_unusable);
  script(make(sessions, get_k)).write(get_frame).read(ok("v")).one_byte_a_read().fail_each_step().leaves(is_unusable);
  script(make(sessions, get_k)).write(get_frame).read(ok("v")).time_out_each_step().leaves(is_unusable);
  script(make(sessions, get_k)).write(get_frame).read(ok("v")).one_byte_a_read().cancel_each_step().leaves(is_unusable);
}

TEST(LensExchange, ACancelledOrLateDialogueIsDesynchronisedNotClosed) {
  session_maker sessions;
  script(make(sessions, get_k)).write(get_frame).read({}).cancelled().done_with(errc::cancelled);
  EXPECT_EQ(sessions.health(), session_health::desynchronised);
  script(make(sessions, get_k))
      .write(get_frame)
      .read({})
      .failing(errc::deadline_passed)
      .done_with(errc::deadline_passed);
  EXPECT_EQ(sessions.health(), session_health::desynchronised);
  script(make(sessions, get_k)).write(get_frame).read_end().done_with(errc::connection_closed);
  EXPECT_EQ(sessions.health(), session_health::closed);
}

TEST(LensExchange, TheOutcomeOfAChangeIsUnknownOnceTheWholeRequestHasLeft) {
  session_maker sessions;
  for (const auto& [asked, frame] :
       {std::pair{set_k, set_frame},
        std::pair{any_request{.code = operation::erase, .key = "k"}, request(operation::erase, "k")},
        std::pair{any_request{.code = operation::clear}, request(operation::clear)}}) {
    script(make(sessions, asked)).write(frame).read_end().done_with(errc::outcome_unknown);
    script(make(sessions, asked)).write(frame).read({}).failing(errc::deadline_passed).done_with(errc::outcome_unknown);
    script(make(sessions, asked)).write(frame).read("garbage!").done_with(errc::outcome_unknown);
    script(make(sessions, asked))
        .write(frame)
        .failing(errc::deadline_passed, frame.size())
        .done_with(errc::outcome_unknown);
  }
}

TEST(LensExchange, TheOutcomeIsKnownWhileAPartOfTheRequestIsStillHere) {
  session_maker sessions;
  script(make(sessions, set_k))
      .write(set_frame)
      .failing(errc::deadline_passed, set_frame.size() - 1)
      .done_with(errc::deadline_passed);
  script(make(sessions, set_k)).write(set_frame).failing(errc::connection_lost).done_with(errc::connection_lost);
}

TEST(LensExchange, ACancelledChangeSaysThatItMayHaveHappened) {
  session_maker sessions;
  lensdb::exchange<lens_v1> dialogue{sessions.fresh().state(), set_k};
  dialogue.resume({});
  dialogue.resume({});
  dialogue.resume({.bytes = set_frame.size()});
  const dt::action end = dialogue.resume({.ec = errc::cancelled, .cancelled = true});
  EXPECT_EQ(end.error(), errc::cancelled);
  EXPECT_NE(dialogue.failure(end.error()).message().find("may have been executed"), std::string::npos);
}

TEST(LensExchange, GarbageIsRefusedAtTheFirstWrongByteGroup) {
  session_maker sessions;
  script(make(sessions, get_k)).write(get_frame).read("HTTP").done_with(errc::malformed_frame);
  script(make(sessions, get_k)).write(get_frame).read("LENS\x02").done_with(errc::malformed_frame);
  script(make(sessions, get_k)).write(get_frame).read("LENS\x01\x07").done_with(errc::malformed_frame);
  EXPECT_EQ(sessions.health(), session_health::desynchronised);
}

TEST(LensExchange, AReplyThatAnnouncesMoreThanTheLimitIsRefusedBeforeItComes) {
  lensdb::session_limits limits;
  limits.reply_data = 100;
  session_maker sessions{limits};
  script(make(sessions, get_k)).write(get_frame).read(ok(std::string(100, 'x'))).done();
  auto header = ok(std::string(101, 'x'));
  header.resize(14);
  script(make(sessions, get_k)).write(get_frame).read(header).done_with(errc::frame_too_large);
  EXPECT_EQ(sessions.health(), session_health::desynchronised);
  header = reply(status::internal_error, {}, std::string(70'000, 'x'));
  header.resize(14);
  script(make(sessions, get_k)).write(get_frame).read(header).done_with(errc::frame_too_large);
}

TEST(LensExchange, AfterAnInvalidMessageTheConnectionIsGivenUp) {
  session_maker sessions;
  const auto reply_bytes = reply(status::invalid_message, {}, "not enough bytes");
  EXPECT_EQ(script(make(sessions, get_k)).write(get_frame).read(reply_bytes).value().status, status::invalid_message);
  EXPECT_EQ(sessions.health(), session_health::desynchronised);
}

TEST(LensExchange, WhatTheServerWouldNotTakeIsRefusedBeforeAByteIsSent) {
  session_maker sessions;
  const auto refused = [&](const any_request& asked, errc why) {
    script(make(sessions, asked)).done_with(why);
    EXPECT_EQ(sessions.health(), session_health::idle);
  };
  const std::string long_key(1025, 'k');
  const std::string long_value(4096 - 18 - 1 + 1, 'v');
  refused({.code = operation::get}, errc::invalid_key);
  refused({.code = operation::set, .key = {}, .value = "v"}, errc::invalid_key);
  refused({.code = operation::erase}, errc::invalid_key);
  refused({.code = operation::exists, .key = long_key}, errc::invalid_key);
  refused({.code = operation::set, .key = "k", .value = long_value}, errc::request_too_large);
  refused({.code = operation::setex, .key = "k", .value = "v", .flags = 60}, errc::operation_unsupported);
}

TEST(LensExchange, TheLargestRequestsOfTheRecordingAreStillSent) {
  session_maker sessions;
  const std::string key(1024, 'k');
  const std::string value(4077, 'z');
  script(make(sessions, any_request{.code = operation::get, .key = key}))
      .write(lensdb_vectors::to_vector(lensdb_vectors::named("V35").request))
      .read(ok("v"))
      .done();
  script(make(sessions, any_request{.code = operation::set, .key = "b", .value = value}))
      .write(lensdb_vectors::to_vector(lensdb_vectors::named("V39").request))
      .read(ok())
      .done();
}

TEST(LensExchange, TheRequestLimitIsAnOption) {
  lensdb::session_limits limits;
  limits.request = 1448;
  session_maker sessions{limits};
  const std::string value(1448 - 19, 'v');
  script(make(sessions, any_request{.code = operation::set, .key = "k", .value = value}))
      .write(request(operation::set, "k", value))
      .read(ok())
      .done();
  const std::string larger = value + "v";
  script(make(sessions, any_request{.code = operation::set, .key = "k", .value = larger}))
      .done_with(errc::request_too_large);
  limits.request = 2'000'000;
  session_maker generous{limits};
  const std::string too_large(lens_v1::value_size_limit + 1, 'v');
  script(make(generous, any_request{.code = operation::set, .key = "k", .value = too_large}))
      .done_with(errc::request_too_large);
}

TEST(LensExchange, SetexIsSentOnlyWhereTheUserSaysThatTheServerHasIt) {
  lensdb::session_limits limits;
  limits.has_setex = true;
  session_maker sessions{limits};
  const any_request setex{.code = operation::setex, .key = "t", .value = "v", .flags = 60};
  script(make(sessions, setex))
      .write(lensdb_vectors::to_vector(lensdb_vectors::named("V69").request))
      .read(ok())
      .done();
  script(make(sessions, setex))
      .write(lensdb_vectors::to_vector(lensdb_vectors::named("V69").request))
      .read({})
      .failing(errc::deadline_passed)
      .done_with(errc::outcome_unknown);
}

TEST(LensExchange, NoRequestIsSentOverASessionThatIsNotIdle) {
  session_maker sessions;
  for (const session_health each : {session_health::closed, session_health::desynchronised}) {
    sessions.fresh().state().set_health(each);
    script(lensdb::exchange<lens_v1>{sessions->state(), get_k}).done_with(errc::invalid_state);
  }
}

TEST(LensExchange, InTheSecondDialectARequestEndsItsHalfAndItsReplyEndsWithTheStream) {
  using lensdb::ldbd_v1;
  session_maker<ldbd_v1> sessions;
  const auto frame = request<ldbd_v1>(operation::get, "k");
  const auto bytes = ok<ldbd_v1>("value");
  const auto reply = script(make(sessions, get_k)).write(frame).shutdown_write().read(bytes).read_end().value();
  EXPECT_EQ(dt::as_text(reply.data), "value");
  EXPECT_EQ(sessions.health(), session_health::closed);
  EXPECT_EQ(
      dt::as_text(
          script(make(sessions, get_k)).write(frame).shutdown_write().read_each_byte(bytes).read_end().value().data),
      "value");
}

TEST(LensExchange, InTheSecondDialectAStreamThatEndsEarlyIsALostReply) {
  using lensdb::ldbd_v1;
  session_maker<ldbd_v1> sessions;
  const auto get_bytes = request<ldbd_v1>(operation::get, "k");
  const auto set_bytes = request<ldbd_v1>(operation::set, "k", "v");
  script(make(sessions, get_k)).write(get_bytes).shutdown_write().read_end().done_with(errc::connection_closed);
  script(make(sessions, get_k))
      .write(get_bytes)
      .shutdown_write()
      .read("LDBD\x01")
      .read_end()
      .done_with(errc::connection_closed);
  script(make(sessions, set_k)).write(set_bytes).shutdown_write().read_end().done_with(errc::outcome_unknown);
  const auto is_unusable = [&] { EXPECT_NE(sessions.health(), session_health::idle); };
  script(make(sessions, get_k))
      .write(get_bytes)
      .shutdown_write()
      .read(ok<ldbd_v1>("v"))
      .read_end()
      .one_byte_a_read()
      .cancel_each_step()
      .leaves(is_unusable);
  script(make(sessions, get_k))
      .write(get_bytes)
      .shutdown_write()
      .read(ok<ldbd_v1>("v"))
      .read_end()
      .fail_each_step()
      .leaves(is_unusable);
}

TEST(LensExchange, InTheSecondDialectDataHasALimitThoughItHasNoLength) {
  using lensdb::ldbd_v1;
  lensdb::session_limits limits;
  limits.reply_data = 1000;
  limits.reply_message = 100;
  session_maker<ldbd_v1> sessions{limits};
  const auto frame = request<ldbd_v1>(operation::get, "k");
  script(make(sessions, get_k))
      .write(frame)
      .shutdown_write()
      .read(ok<ldbd_v1>(std::string(1100, 'x')))
      .done_with(errc::frame_too_large);
  script(make(sessions, get_k))
      .write(frame)
      .shutdown_write()
      .read(ok<ldbd_v1>(std::string(1000, 'x')))
      .read_end()
      .done();
  script(make(sessions, get_k))
      .write(frame)
      .shutdown_write()
      .read(ok<ldbd_v1>(std::string(1001, 'x')))
      .done_with(errc::frame_too_large);
}

TEST(LensExchange, MessagesNameTheOperationAndNeverTheKeyOrTheValue) {
  session_maker sessions;
  const std::string secret_key(2000, 's');
  lensdb::exchange<lens_v1> dialogue{sessions->state(),
                                     any_request{.code = operation::set, .key = secret_key, .value = "hidden"}};
  const dt::action end = dialogue.resume({});
  const std::string message = dialogue.failure(end.error()).message();
  EXPECT_NE(message.find("SET"), std::string::npos);
  EXPECT_NE(message.find("2000"), std::string::npos);
  EXPECT_EQ(message.find("ssss"), std::string::npos);
  EXPECT_EQ(message.find("hidden"), std::string::npos);
}

}  // namespace
