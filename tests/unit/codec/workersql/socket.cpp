#include <dovetail/client/workersql/calls.hpp>

#include <support/script.hpp>
#include <support/workersql_session.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

namespace {

using namespace workersql_test;
using dt::errc;
using dt::session_health;
using dt::test::script;

// The nonce of the tests is 16 bytes 0xAA; its accept was computed with another program (RFC 6455 section 4.2.2).
const std::string handshake =
    "GET /v1/ws HTTP/1.1\r\nHost: gw:8787\r\nAuthorization: Bearer J\r\nUser-Agent: dovetail\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Key: qqqqqqqqqqqqqqqqqqqqqg==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const std::string switched =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: tuNFO/XNjXKBBczJqWfkXV1RTQA=\r\n\r\n";

/// A client's frame (RFC 6455 section 5.2), masked with four bytes 0xAA; the payload is shorter than 64 KiB.
std::string sent(std::string_view payload, int code = 1) {
  std::string frame{static_cast<char>(0x80 | code)};
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xFF);
  }
  frame += "\xAA\xAA\xAA\xAA";
  for (const char c : payload) frame += static_cast<char>(c ^ '\xAA');
  return frame;
}
/// A server's frame, without a mask.
std::string came(std::string_view payload, int code = 1) {
  std::string frame{static_cast<char>(0x80 | code), static_cast<char>(payload.size())};
  return frame.append(payload);
}

const std::string begin_message = sent(R"({"type":"begin","id":"1"})");
const std::string begun = came(R"({"id":"1","type":"response","data":{"transactionId":"tx1"}})");

auto beginning(session_maker& sessions, dt::sql_begin op = {}) {
  return [&sessions, op] { return workersql::detail::begin_call{sessions.fresh(), op}; };
}

TEST(WorkersqlTransaction, BeginningMakesTheConnectionAWebSocket) {
  session_maker sessions;
  script(beginning(sessions)).write(handshake).read(switched).write(begin_message).read(begun).leaves([&] {
    EXPECT_EQ(sessions.health(), session_health::in_transaction);
    EXPECT_EQ(sessions.now().socket()->transaction_id, "tx1");
  });
}

TEST(WorkersqlTransaction, AConnectionThatHasEndedIsOpenedAgainBeforeTheHandshake) {
  session_maker sessions;
  script(beginning(sessions))
      .look_end()
      .connect()
      .write(handshake)
      .read(switched)
      .write(begin_message)
      .read(begun)
      .leaves([&] { EXPECT_EQ(sessions.health(), session_health::in_transaction); });
  script(beginning(sessions))
      .look(switched)
      .connect()
      .write(handshake)
      .read(answer("500 Internal Server Error", "Internal Server Error"))
      .done_with(errc::operation_unsupported);
}

TEST(WorkersqlTransaction, EveryByteMayComeAlone) {
  session_maker sessions;
  script(beginning(sessions))
      .write(handshake)
      .read(switched)
      .write(begin_message)
      .read(begun)
      .one_byte_a_read()
      .leaves([&] { EXPECT_EQ(sessions.health(), session_health::in_transaction); });
}

TEST(WorkersqlTransaction, AnyTroubleLeavesNoUsableConnection) {
  session_maker sessions;
  const auto is_useless = [&] {
    EXPECT_TRUE(sessions.health() != session_health::in_transaction &&
                (sessions.health() != session_health::idle || !sessions.now().socket()));
  };
  script(beginning(sessions))
      .write(handshake)
      .read(switched)
      .write(begin_message)
      .read(begun)
      .fail_each_step()
      .leaves(is_useless);
  script(beginning(sessions))
      .write(handshake)
      .read(switched)
      .write(begin_message)
      .read(begun)
      .cancel_each_step()
      .leaves(is_useless);
}

TEST(WorkersqlTransaction, AGatewayWithoutWebSocketsIsUnsupported) {
  session_maker sessions;
  // G25 of the specification: what the upstream gateway answers.
  script(beginning(sessions))
      .write(handshake)
      .read(answer("500 Internal Server Error", "Internal Server Error"))
      .done_with(errc::operation_unsupported);
  EXPECT_EQ(sessions.health(), session_health::closed);
  script(beginning(sessions))
      .write(handshake)
      .read(answer("401 Unauthorized", "Unauthorized"))
      .done_with(make_error_code(workersql::gateway_errc::unauthorized));
}

TEST(WorkersqlTransaction, ARefusalOfTheHandshakeKeepsItsWordsAndItsPause) {
  session_maker sessions;
  const auto refused = [&](const std::string& answer_text) {
    return script(beginning(sessions)).write(handshake).read(answer_text).failure();
  };
  const dt::error_info busy = refused(answer("429 Too Many Requests", "Rate limit exceeded", "Retry-After: 7\r\n"));
  EXPECT_EQ(busy.code(), make_error_code(workersql::gateway_errc::rate_limited));
  EXPECT_EQ(busy.server().message, "Rate limit exceeded");
  EXPECT_EQ(sessions.now().asked_pause(), std::chrono::seconds{7});
  const dt::error_info full =
      refused(answer("503 Service Unavailable",
                     R"({"success":false,"error":{"code":"RESOURCE_LIMIT","message":"too many connections"}})",
                     "Retry-After: 3\r\nX-Request-ID: r1\r\n"));
  EXPECT_EQ(full.code(), make_error_code(workersql::gateway_errc::overloaded));
  EXPECT_EQ(full.server().message, "too many connections");
  EXPECT_NE(full.server().hint.find("r1"), std::string::npos);
  EXPECT_EQ(sessions.now().asked_pause(), std::chrono::seconds{3});
  // Words that never end, or do not come whole, are left out.
  const std::string endless = "HTTP/1.1 503 S\r\nRetry-After: 2\r\n\r\n" + std::string(100'000, 'x');
  const dt::error_info cut = refused(endless);
  EXPECT_EQ(cut.code(), make_error_code(workersql::gateway_errc::unavailable));
  EXPECT_LE(cut.server().message.size(), 600U);
  EXPECT_EQ(sessions.now().asked_pause(), std::chrono::seconds{2});
  const dt::error_info ended =
      script(beginning(sessions)).write(handshake).read("HTTP/1.1 503 S\r\n\r\nbusy").read_end().failure();
  EXPECT_EQ(ended.server().message, "busy");
}

TEST(WorkersqlTransaction, ABeginThatIsRefusedOverTheSocketSaysHowLongToWait) {
  session_maker sessions;
  const dt::error_info busy =
      script(beginning(sessions))
          .write(handshake)
          .read(switched)
          .write(begin_message)
          .read(came(R"({"id":"1","type":"error","error":{"code":"RESOURCE_LIMIT","message":"m","details":)"
                     R"({"retryAfter":7}}})"))
          .failure();
  EXPECT_EQ(busy.code(), make_error_code(workersql::gateway_errc::overloaded));
  EXPECT_EQ(sessions.now().asked_pause(), std::chrono::seconds{7});
}

TEST(WorkersqlTransaction, AWrongAcceptIsNoGateway) {
  session_maker sessions;
  script(beginning(sessions))
      .write(handshake)
      .read(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
      .done_with(make_error_code(workersql::gateway_errc::not_a_gateway));
}

TEST(WorkersqlTransaction, SavepointsAreUnsupported) {
  session_maker sessions;
  script(beginning(sessions, {dt::begin_mode::automatic, 1})).done_with(errc::operation_unsupported);
}

workersql::session& open(session_maker& sessions) {
  workersql::session& on = sessions.fresh(session_health::in_transaction);
  on.open_socket();
  on.socket()->transaction_id = "tx1";
  on.socket()->last_id = 1;
  return on;
}

TEST(WorkersqlTransaction, AStatementIsAMessageAndPingsAreAnswered) {
  session_maker sessions;
  const std::string script_text = "select 1";
  script([&] {
    return workersql::detail::script_call{open(sessions), script_text};
  })
      .write(sent(R"({"type":"query","id":"2","transactionId":"tx1","sql":"select 1"})"))
      .read(came("hello", 9))
      .write(sent("hello", 10))
      .read(came(R"({"id":"2","type":"response","data":{"success":true,"data":[]}})"))
      .leaves([&] { EXPECT_EQ(sessions.health(), session_health::in_transaction); });
}

TEST(WorkersqlTransaction, AFailedStatementLeavesTheTransactionOpen) {
  session_maker sessions;
  const std::string script_text = "selec";
  script([&] {
    return workersql::detail::script_call{open(sessions), script_text};
  })
      .write(sent(R"({"type":"query","id":"2","transactionId":"tx1","sql":"selec"})"))
      .read(came(R"({"id":"2","type":"error","error":{"code":"INVALID_QUERY","message":"syntax error"}})"))
      .done_with(make_error_code(workersql::gateway_errc::syntax_error));
  EXPECT_EQ(sessions.health(), session_health::in_transaction);
}

TEST(WorkersqlTransaction, TheAnswerToAnotherMessageDesynchronises) {
  session_maker sessions;
  const std::string script_text = "select 1";
  script([&] {
    return workersql::detail::script_call{open(sessions), script_text};
  })
      .write(sent(R"({"type":"query","id":"2","transactionId":"tx1","sql":"select 1"})"))
      .read(came(R"({"id":"1","type":"response","data":{}})"))
      .done_with(errc::unexpected_message);
  EXPECT_EQ(sessions.health(), session_health::desynchronised);
}

TEST(WorkersqlTransaction, ACommitSaysFarewellAndALostOneIsUnknown) {
  session_maker sessions;
  const std::string commit = sent(R"({"type":"commit","id":"2","transactionId":"tx1"})");
  const auto ending = [&] { return workersql::detail::end_call{open(sessions), true, 0}; };
  script(ending)
      .write(commit)
      .read(came(R"({"id":"2","type":"response","data":{}})"))
      .write(sent("\x03\xE8", 8))  // 1000, normal closure
      .leaves([&] { EXPECT_EQ(sessions.health(), session_health::closed); });
  script(ending).write(commit).read_end().done_with(errc::commit_unknown);
  script(ending)
      .write(commit)
      .read(came(
          R"({"id":"2","type":"error","error":{"code":"INVALID_QUERY","message":"FOREIGN KEY constraint failed"}})"))
      .write(sent("\x03\xE8", 8))
      .done_with(make_error_code(workersql::gateway_errc::constraint_violation));
}

TEST(WorkersqlTransaction, ACommitThatNobodySpeaksOfIsUnknown) {
  session_maker sessions;
  const std::string commit = sent(R"({"type":"commit","id":"2","transactionId":"tx1"})");
  const auto ending = [&] { return workersql::detail::end_call{open(sessions), true, 0}; };
  for (const char* each :
       {R"({"id":"2","type":"error","error":{"code":"INTERNAL_ERROR","details":{"reason":"commit_unknown"}}})",
        R"({"id":"2"})", "{}", "no JSON", R"({"id":"7","type":"response","data":{}})"}) {
    script(ending).write(commit).read(came(each)).write(sent("\x03\xE8", 8)).done_with(errc::commit_unknown);
  }
  // What the gateway says is known.
  script(ending)
      .write(commit)
      .read(came(R"({"id":"2","type":"error","error":"Transaction not started"})"))
      .write(sent("\x03\xE8", 8))
      .done_with(make_error_code(workersql::gateway_errc::internal_error));
}

TEST(WorkersqlTransaction, AGatewayThatLeavesEndsTheTransaction) {
  session_maker sessions;
  const std::string script_text = "select 1";
  script([&] {
    return workersql::detail::script_call{open(sessions), script_text};
  })
      .write(sent(R"({"type":"query","id":"2","transactionId":"tx1","sql":"select 1"})"))
      .read(came("\x03\xE9", 8))
      .write(sent("\x03\xE9", 8))  // RFC 6455 section 5.5.1: the answer, with the same code
      .done_with(errc::connection_closed);
  EXPECT_EQ(sessions.health(), session_health::closed);
  script([&] {
    return workersql::detail::script_call{open(sessions), script_text};
  })
      .write(sent(R"({"type":"query","id":"2","transactionId":"tx1","sql":"select 1"})"))
      .read(came("", 8))
      .write(sent("", 8))
      .failing(std::make_error_code(std::errc::broken_pipe))
      .done_with(errc::connection_closed);
}

auto asking(session_maker& sessions, const std::string& text) {
  return [&sessions, &text] { return workersql::detail::script_call{open(sessions), text}; };
}
const std::string asked = "select 1";
const std::string question = sent(R"({"type":"query","id":"2","transactionId":"tx1","sql":"select 1"})");
const std::string reply = came(R"({"id":"2","type":"response","data":{}})");

// RFC 6455 section 7.4.1: 1001 going away, 1008 policy, 1009 too big, 1011 failure; 4999 is a program's own.
TEST(WorkersqlTransaction, AGatewayThatLeavesSaysWhy) {
  session_maker sessions;
  const std::string begin = "the gateway has ended the transaction's WebSocket";
  const std::error_code closed = make_error_code(errc::connection_closed);
  struct leaving {
    std::string payload;
    std::error_code code;
    std::string words;
  };
  for (const leaving& each : {leaving{"", closed, begin}, leaving{"\x03\xE8", closed, begin + " (code 1000)"},
                              leaving{"\x03\xE9", closed, begin + ", for it stops (code 1001)"},
                              leaving{"\x03\xF0", closed, begin + ", which may be used no longer (code 1008)"},
                              leaving{"\x03\xF1", make_error_code(workersql::gateway_errc::too_large),
                                      begin + ", for the message is larger than it takes (code 1009)"},
                              leaving{"\x03\xF3no\ndisk", closed, begin + ", for it has failed (code 1011): no\\ndisk"},
                              leaving{"\x13\x87", closed, begin + " (code 4999)"}}) {
    const dt::error_info why = script(asking(sessions, asked))
                                   .write(question)
                                   .read(came(each.payload, 8))
                                   .write(sent(each.payload.substr(0, 2), 8))
                                   .failure();
    EXPECT_EQ(why.code(), each.code) << each.words;
    EXPECT_EQ(why.context(), each.words);
    EXPECT_EQ(sessions.health(), session_health::closed);
  }
}

// A gateway that takes no message so large says so before all of it was sent, and closes.
TEST(WorkersqlTransaction, WhyAGatewayLeavesIsReadWhenTheMessageCannotBeSent) {
  session_maker sessions;
  const std::error_code broken = std::make_error_code(std::errc::broken_pipe);
  script(asking(sessions, asked))
      .write(question)
      .failing(broken, 5)
      .read(came("\x03\xF1", 8))
      .write(sent("\x03\xF1", 8))
      .failing(broken)
      .done_with(make_error_code(workersql::gateway_errc::too_large));
  EXPECT_EQ(sessions.health(), session_health::closed);
  script(asking(sessions, asked)).write(question).failing(broken, 5).read_end().done_with(broken);
  EXPECT_EQ(sessions.health(), session_health::closed);
  script(asking(sessions, asked)).write(question).failing(broken, 5).read(came("", 10)).read_end().done_with(broken);
  script(asking(sessions, asked)).write(question).failing(broken, 5).read(reply).done_with(errc::unexpected_message);
}

TEST(WorkersqlTransaction, WhatHasComeBeforeAMessageIsNotItsAnswer) {
  session_maker sessions;
  for (const std::string& early : {came(R"({"success":true,"data":[]})"), reply, reply + reply}) {
    script(asking(sessions, asked)).look(early).done_with(errc::unexpected_message);
    EXPECT_EQ(sessions.health(), session_health::desynchronised);
  }
  // Behind an answer: found before the next message.
  workersql::session* on = nullptr;
  script([&] {
    on = &open(sessions);
    return workersql::detail::script_call{*on, asked};
  })
      .write(question)
      .read(reply + reply)
      .done();
  script([&] { return workersql::detail::script_call{*on, asked}; }).done_with(errc::unexpected_message);
}

TEST(WorkersqlTransaction, AFarewellThatHasComeBeforeACommitLeavesNothingUnknown) {
  session_maker sessions;
  script([&] {
    return workersql::detail::end_call{open(sessions), true, 0};
  })
      .look(came("\x03\xE9", 8))
      .write(sent("\x03\xE9", 8))
      .done_with(errc::connection_closed);
  EXPECT_EQ(sessions.health(), session_health::closed);
  script([&] {
    return workersql::detail::end_call{open(sessions), true, 0};
  })
      .look_end()
      .done_with(errc::connection_closed);
}

TEST(WorkersqlTransaction, PingsAreAnsweredWhereverTheyCome) {
  session_maker sessions;
  script(asking(sessions, asked))
      .look(came("a", 9) + came("b", 9))
      .write(sent("a", 10))
      .write(sent("b", 10))
      .write(question)
      .read(reply)
      .leaves([&] { EXPECT_EQ(sessions.health(), session_health::in_transaction); });
  workersql::session* on = nullptr;
  script([&] {
    on = &open(sessions);
    return workersql::detail::script_call{*on, asked};
  })
      .write(question)
      .read(reply + came("a", 9) + came("c", 10))
      .leaves([&] { EXPECT_EQ(sessions.health(), session_health::in_transaction); });
  script([&] {
    return workersql::detail::script_call{*on, asked};
  })
      .write(sent("a", 10))
      .write(sent(R"({"type":"query","id":"3","transactionId":"tx1","sql":"select 1"})"))
      .read(came(R"({"id":"3","type":"response","data":{}})"))
      .leaves([&] { EXPECT_EQ(sessions.health(), session_health::in_transaction); });
}

/// A server's frame of any size.
std::string came_large(std::string_view payload) {
  std::string frame{"\x81\x7F", 2};
  for (int shift = 56; shift >= 0; shift -= 8) frame += static_cast<char>(payload.size() >> shift & 0xFF);
  return frame.append(payload);
}

TEST(WorkersqlTransaction, AnswersHaveTheLimitThatTheyHaveEverywhere) {
  const std::string text = R"({"id":"2","type":"response","data":{"text":")" + std::string(17U << 20, 'x') + "\"}}";
  session_maker sessions;  // responseLimit is 64 MiB
  script(asking(sessions, asked)).write(question).read(came_large(text)).leaves([&] {
    EXPECT_EQ(sessions.health(), session_health::in_transaction);
  });
  workersql::options how = plain_options();
  how.response_limit = 17U << 20;
  session_maker narrow{how};
  script(asking(narrow, asked)).write(question).read(came_large(text).substr(0, 10)).done_with(errc::frame_too_large);
  EXPECT_EQ(narrow.health(), session_health::desynchronised);
}

TEST(WorkersqlTransaction, InformationalAnswersToTheHandshakeArePassedOverUpToALimit) {
  session_maker sessions;
  std::string informational;
  for (int i = 0; i < 8; ++i) informational += "HTTP/1.1 102 Processing\r\n\r\n";
  script(beginning(sessions)).write(handshake).read(informational + switched).write(begin_message).read(begun).done();
  script(beginning(sessions))
      .write(handshake)
      .read(informational + "HTTP/1.1 102 Processing\r\n\r\n")
      .done_with(make_error_code(workersql::gateway_errc::not_a_gateway));
}

}  // namespace
