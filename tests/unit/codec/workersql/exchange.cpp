#include <dovetail/codec/workersql/exchange.hpp>

#include <dovetail/policy/retry.hpp>

#include <support/script.hpp>
#include <support/workersql_session.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

namespace {

using namespace workersql_test;
using dt::errc;
using dt::session_health;
using dt::test::script;
using namespace std::chrono_literals;

constexpr std::string_view select_1 = R"({"sql":"select 1","params":[]})";
const std::string good = ok(R"({"success":true})");
const workersql::http_request read_request{};
const workersql::http_request write_request{.what = workersql::endpoint_kind::query, .is_write = true, .key = "k1"};

auto make(session_maker& sessions, const workersql::http_request& asked = read_request,
          std::string_view text = select_1) {
  return [&sessions, asked, text] {
    workersql::session& on = sessions.fresh();
    on.body() = text;
    return workersql::exchange{on, asked};
  };
}

TEST(WorkersqlExchange, ARequestLeavesInOneWriteAndItsAnswerIsRead) {
  session_maker sessions;
  const auto got = script(make(sessions)).write(post("/v1/query", select_1)).read(good).value();
  EXPECT_EQ(got.status, 200U);
  EXPECT_EQ(got.body, R"({"success":true})");
  EXPECT_EQ(sessions.health(), session_health::idle);
}

TEST(WorkersqlExchange, AnAnswerInSingleBytesIsReadLikeAWholeOne) {
  session_maker sessions;
  const auto got = script(make(sessions)).write(post("/v1/query", select_1)).read_each_byte(good).value();
  EXPECT_EQ(got.body, R"({"success":true})");
  EXPECT_EQ(sessions.health(), session_health::idle);
}

TEST(WorkersqlExchange, AnAnswerInChunksIsPutTogether) {
  session_maker sessions;
  const std::string chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n2;x=y\r\n1}\r\n0\r\nT: 1\r\n\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, chunked.size()}) {
    const auto got = script(make(sessions)).write(post("/v1/query", select_1)).read_in_pieces(chunked, piece).value();
    EXPECT_EQ(got.body, R"({"a":1})");
    EXPECT_EQ(sessions.health(), session_health::idle);
  }
}

// `responseLimit` is of the body: what stands between its chunks is none of it.
TEST(WorkersqlExchange, AnAnswerInTheSmallestChunksIsReadUpToTheLimitOfItsBody) {
  workersql::options how = plain_options();
  how.response_limit = 1'000'000;
  session_maker sessions{how};
  const std::string body(300'000, '1');
  std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char each : body) chunked.append("1\r\n").append(1, each).append("\r\n");
  chunked += "0\r\n\r\n";
  const auto got = script(make(sessions)).write(post("/v1/query", select_1)).read_in_pieces(chunked, 65'521).value();
  EXPECT_EQ(got.body, body);
  EXPECT_EQ(sessions.health(), session_health::idle);
}

TEST(WorkersqlExchange, AnAnswerUntilTheEndOfTheStreamClosesTheConnection) {
  session_maker sessions;
  const auto got = script(make(sessions))
                       .write(post("/v1/query", select_1))
                       .read("HTTP/1.1 200 OK\r\n\r\n{\"a\":1}")
                       .read_end()
                       .value();
  EXPECT_EQ(got.body, R"({"a":1})");
  EXPECT_EQ(sessions.health(), session_health::closed);
}

TEST(WorkersqlExchange, ConnectionCloseAndHttp10EndTheConnection) {
  session_maker sessions;
  script(make(sessions)).write(post("/v1/query", select_1)).read(ok("{}", "Connection: close\r\n")).leaves([&] {
    EXPECT_EQ(sessions.health(), session_health::closed);
  });
  script(make(sessions))
      .write(post("/v1/query", select_1))
      .read("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}")
      .leaves([&] { EXPECT_EQ(sessions.health(), session_health::closed); });
}

TEST(WorkersqlExchange, InformationalAnswersArePassedOverUpToALimit) {
  session_maker sessions;
  const auto got = script(make(sessions))
                       .write(post("/v1/query", select_1))
                       .read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + good)
                       .value();
  EXPECT_EQ(got.status, 200U);
  std::string endless;
  for (int i = 0; i < 9; ++i) endless += "HTTP/1.1 102 Processing\r\n\r\n";
  script(make(sessions))
      .write(post("/v1/query", select_1))
      .read(endless)
      .done_with(make_error_code(workersql::gateway_errc::not_a_gateway));
}

TEST(WorkersqlExchange, AWriteCarriesItsKeyAndAnEchoIsNoted) {
  session_maker sessions;
  script(make(sessions, write_request))
      .write(post("/v1/query", select_1, "k1"))
      .read(ok("{}", "Idempotency-Key: k1\r\n"))
      .leaves([&] { EXPECT_TRUE(sessions.now().honours_keys()); });
  script(make(sessions, write_request)).write(post("/v1/query", select_1, "k1")).read(ok("{}")).leaves([&] {
    EXPECT_FALSE(sessions.now().honours_keys());
  });
}

TEST(WorkersqlExchange, HealthIsAGetWithoutBody) {
  session_maker sessions;
  script([&] {
    return workersql::exchange{sessions.fresh(), workersql::http_request{.what = workersql::endpoint_kind::health}};
  })
      .write(get("/v1/health"))
      .read(ok("{}"))
      .done();
}

TEST(WorkersqlExchange, RetryAfterIsReadInBothForms) {
  session_maker sessions;
  script(make(sessions))
      .write(post("/v1/query", select_1))
      .read(answer("429 Too Many Requests", "Rate limit exceeded", "Retry-After: 7\r\n"))
      .leaves([&] { EXPECT_EQ(sessions.now().asked_pause(), 7s); });
  script(make(sessions))
      .write(post("/v1/query", select_1))
      .read(answer("503 Service Unavailable", "",
                   "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:50:07 GMT\r\n"))
      .leaves([&] { EXPECT_EQ(sessions.now().asked_pause(), 30s); });
  script(make(sessions))
      .write(post("/v1/query", select_1))
      .read(answer("429 Too Many Requests", "", "Retry-After: Sun, 06 Nov 1994 08:50:07 GMT\r\n"))
      .leaves([&] { EXPECT_EQ(sessions.now().asked_pause(), 0s); });
}

TEST(WorkersqlExchange, BytesBehindTheAnswerDesynchroniseTheConnection) {
  session_maker sessions;
  script(make(sessions)).write(post("/v1/query", select_1)).read(good + "HTTP/1.1").leaves([&] {
    EXPECT_EQ(sessions.health(), session_health::desynchronised);
  });
}

TEST(WorkersqlExchange, WhatIsNoHttpIsNamed) {
  session_maker sessions;
  for (const char* each : {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
                           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"}) {
    script(make(sessions))
        .write(post("/v1/query", select_1))
        .read(each)
        .done_with(make_error_code(workersql::gateway_errc::not_a_gateway));
    EXPECT_NE(sessions.health(), session_health::idle);
  }
}

TEST(WorkersqlExchange, AnAnswerBeyondTheLimitIsRefusedByItsLength) {
  workersql::options how = plain_options();
  how.response_limit = 4096;
  session_maker sessions{how};
  script(make(sessions))
      .write(post("/v1/query", select_1))
      .read("HTTP/1.1 200 OK\r\nContent-Length: 4097\r\n\r\n")
      .done_with(errc::frame_too_large);
}

TEST(WorkersqlExchange, AnyFailingStepOfAReadLeavesNoUsableSession) {
  session_maker sessions;
  script(make(sessions)).write(post("/v1/query", select_1)).read_in_pieces(good, 20).fail_each_step().leaves([&] {
    EXPECT_NE(sessions.health(), session_health::idle);
  });
  script(make(sessions)).write(post("/v1/query", select_1)).read_in_pieces(good, 20).time_out_each_step().leaves([&] {
    EXPECT_NE(sessions.health(), session_health::idle);
  });
  script(make(sessions)).write(post("/v1/query", select_1)).read_in_pieces(good, 20).cancel_each_step().leaves([&] {
    EXPECT_NE(sessions.health(), session_health::idle);
  });
}

TEST(WorkersqlExchange, AWriteThatWasSentAndNotAnsweredIsOfUnknownOutcome) {
  session_maker sessions;
  script(make(sessions, write_request))
      .write(post("/v1/query", select_1, "k1"))
      .read_end()
      .done_with(errc::outcome_unknown);
  script(make(sessions, write_request))
      .write(post("/v1/query", select_1, "k1"))
      .read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}")
      .read_end()
      .done_with(errc::outcome_unknown);
  script(make(sessions)).write(post("/v1/query", select_1)).read_end().done_with(errc::connection_closed);
  script(make(sessions, write_request))
      .write(post("/v1/query", select_1, "k1"))
      .failing(std::make_error_code(std::errc::connection_reset), 10)
      .read_end()
      .done_with(std::make_error_code(std::errc::connection_reset));
}

// RFC 9112 section 9.3: a client that sends a body should look for an answer meanwhile, and cease to send when one of
// failure comes.

const std::string large_text = R"({"sql":"select 1","params":[")" + std::string(100'000, 'x') + R"("]})";
const std::string refusal = answer("413 Payload Too Large", R"({"success":false,"error":"too large"})");

TEST(WorkersqlExchange, AnAnswerThatComesWhileALargeBodyIsSentEndsTheSending) {
  session_maker sessions;
  const std::string all = post("/v1/query", large_text);
  const std::string_view sent = std::string_view{all}.substr(0, 70'000);
  const auto got = script(make(sessions, read_request, large_text)).exchange(sent, refusal).value();
  EXPECT_EQ(got.status, 413U);
  EXPECT_EQ(got.body, R"({"success":false,"error":"too large"})");
  EXPECT_EQ(sessions.health(), session_health::closed) << "half a request is on its way";

  script(make(sessions, read_request, large_text))
      .exchange(sent, refusal.substr(0, refusal.size() - 5))
      .read(refusal.substr(refusal.size() - 5))
      .done();
  EXPECT_EQ(sessions.health(), session_health::closed);
  script(make(sessions, write_request, large_text))
      .exchange(post("/v1/query", large_text, "k1").substr(0, 70'000), refusal.substr(0, refusal.size() - 5))
      .read_end()
      .done_with(errc::connection_closed);  // it was not sent, so its outcome is known
}

// RFC 9110 section 15.2: those of 1xx are no answer.
TEST(WorkersqlExchange, WhatIsNoFinalAnswerDoesNotEndTheSending) {
  session_maker sessions;
  const std::string all = post("/v1/query", large_text);
  const std::string_view text = all;
  const std::string_view begun{"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 20"};
  const auto got = script(make(sessions, read_request, large_text))
                       .exchange(text.substr(0, 1), begun.substr(0, 10))
                       .exchange(text.substr(1, 69'999), begun.substr(10))
                       .exchange(text.substr(70'000), "")
                       .read(good.substr(11))
                       .value();
  EXPECT_EQ(got.body, R"({"success":true})");
  EXPECT_EQ(sessions.health(), session_health::idle);
  script(make(sessions, read_request, large_text))
      .exchange(text.substr(0, 70'000), begun)
      .exchange(text.substr(70'000), "")
      .read(good.substr(11))
      .fail_each_step()
      .leaves([&] { EXPECT_NE(sessions.health(), session_health::idle); });
  script(make(sessions, read_request, large_text))
      .exchange(text.substr(0, 70'000), begun)
      .exchange(text.substr(70'000), "")
      .read(good.substr(11))
      .cancel_each_step()
      .leaves([&] { EXPECT_NE(sessions.health(), session_health::idle); });
}

TEST(WorkersqlExchange, WhatWasSaidBeforeTheRestWasRefusedIsRead) {
  const std::error_code broken = std::make_error_code(std::errc::broken_pipe);
  for (const bool is_large : {false, true}) {
    session_maker sessions;
    const auto fresh = [&] {
      workersql::session& on = sessions.fresh();
      on.body() = is_large ? large_text : std::string{select_1};
      return workersql::exchange{on, read_request};
    };
    const std::string all = post("/v1/query", is_large ? large_text : std::string{select_1});
    const auto got = script(fresh).write(all).failing(broken, 10).read(refusal).value();
    EXPECT_EQ(got.status, 413U);
    EXPECT_EQ(sessions.health(), session_health::closed);
    script(fresh).write(all).failing(broken, 10).read_end().done_with(broken);
    script(fresh).write(all).failing(broken, 10).read(refusal.substr(0, 8)).read_end().done_with(broken);
    script(fresh).write(all).failing(errc::deadline_passed, 10).done_with(errc::deadline_passed);
    script(fresh)
        .write(all)
        .failing(broken, 10)
        .read("")
        .failing(errc::deadline_passed)
        .done_with(errc::deadline_passed);
  }
}

// RFC 8446 section 5.1: a record begins with its type, alert (21) or handshake (22), and 3. This one is "fatal" (2),
// protocol_version (70).
TEST(WorkersqlExchange, APeerThatSpeaksTlsIsToldFromGarbage) {
  session_maker sessions;
  const dt::error_info told = script(make(sessions))
                                  .write(post("/v1/query", select_1))
                                  .read(dt::test::script_bytes{0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46})
                                  .failure();
  EXPECT_EQ(told.code(), make_error_code(workersql::gateway_errc::not_a_gateway));
  EXPECT_NE(told.context().find("ssl=true"), std::string::npos) << told.message();
  const dt::error_info written = script(make(sessions, write_request))
                                     .write(post("/v1/query", select_1, "k1"))
                                     .read(dt::test::script_bytes{0x16, 0x03})
                                     .failure();
  EXPECT_EQ(written.code(), make_error_code(errc::outcome_unknown));
  EXPECT_NE(written.context().find("ssl=true"), std::string::npos) << written.message();
}

TEST(WorkersqlExchange, ABrokenSessionSendsNothing) {
  session_maker sessions;
  script([&] {
    return workersql::exchange{sessions.fresh(session_health::desynchronised), read_request};
  }).done_with(errc::invalid_state);
}

// RFC 9112 section 9.3: an idle connection may be ended by its peer at any time, and what comes on it unasked answers
// nothing. Whatever is found before a byte is written, the request leaves on a fresh connection.

TEST(WorkersqlExchange, BytesThatWaitOnAnIdleConnectionAnswerNothing) {
  session_maker sessions;
  const std::string late = ok(R"({"success":true,"data":[{"n":666}]})");
  for (const std::string& waiting : {late, std::string{"HTTP/1.1 408 Request Timeout\r\n\r\n"}, std::string{"x"}}) {
    for (const auto& asked : {read_request, write_request}) {
      const auto got = script(make(sessions, asked))
                           .look(waiting)
                           .connect()
                           .write(post("/v1/query", select_1, asked.key))
                           .read(good)
                           .value();
      EXPECT_EQ(got.body, R"({"success":true})");
      EXPECT_EQ(sessions.health(), session_health::idle);
    }
  }
}

TEST(WorkersqlExchange, AConnectionThatItsPeerHasEndedIsOpenedAgainBeforeAWriteLeaves) {
  session_maker sessions;
  const auto got = script(make(sessions, write_request))
                       .look_end()
                       .connect()
                       .write(post("/v1/query", select_1, "k1"))
                       .read(good)
                       .value();
  EXPECT_EQ(got.status, 200U);
  workersql::options how = plain_options();
  how.endpoint = {"gw", 443, true, "/v1"};
  how.proxy_host = "proxy";
  session_maker secure{how};
  script([&] {
    return workersql::exchange{secure.fresh(), workersql::http_request{.what = workersql::endpoint_kind::health}};
  })
      .look()
      .failing(std::make_error_code(std::errc::connection_reset))
      .connect()
      .write("CONNECT gw:443 HTTP/1.1\r\nHost: gw:443\r\n\r\n")
      .read("HTTP/1.1 200 OK\r\n\r\n")
      .start_tls()
      .write_checked([](dt::byte_view) {})
      .read(ok("{}"))
      .done();
}

TEST(WorkersqlExchange, AWriteWhoseConnectionCannotBeOpenedAgainWasNotSent) {
  session_maker sessions;
  script(make(sessions, write_request))
      .look_end()
      .connect()
      .failing(std::make_error_code(std::errc::connection_refused))
      .done_with(std::make_error_code(std::errc::connection_refused));
  EXPECT_EQ(sessions.health(), session_health::closed);
}

TEST(WorkersqlExchange, ALookThatIsCancelledOrTooLateLeavesTheConnectionAsItWas) {
  session_maker sessions;
  script(make(sessions, write_request)).look().cancelled().done_with(errc::cancelled);
  EXPECT_EQ(sessions.health(), session_health::idle);
  script(make(sessions, write_request)).look().failing(errc::deadline_passed).done_with(errc::deadline_passed);
  EXPECT_EQ(sessions.health(), session_health::idle);
}

TEST(WorkersqlExchange, AKeyThatHttpForbidsIsRefusedBeforeAByte) {
  workersql::options how = plain_options();
  how.api_key = dt::secret{"a\r\nX: hush"};
  session_maker sessions{how};
  script(make(sessions)).done_with(errc::invalid_option);
  EXPECT_EQ(sessions.now().refusal().message().find("hush"), std::string::npos);
}

// startup.hpp

auto opening(session_maker& sessions) {
  return [&sessions] { return workersql::startup{sessions.fresh(session_health::closed)}; };
}

TEST(WorkersqlStartup, APlainEndpointIsOnlyConnected) {
  session_maker sessions;
  script(opening(sessions)).connect().leaves([&] { EXPECT_EQ(sessions.health(), session_health::idle); });
  script(opening(sessions)).connect().fail_each_step().leaves([&] {
    EXPECT_EQ(sessions.health(), session_health::closed);
  });
}

TEST(WorkersqlStartup, AnHttpsEndpointIsSecured) {
  workersql::options how = plain_options();
  how.endpoint.is_tls = true;
  session_maker sessions{how};
  script(opening(sessions)).connect().start_tls().leaves([&] { EXPECT_EQ(sessions.health(), session_health::idle); });
  script(opening(sessions)).connect().start_tls().cancel_each_step().leaves([&] {
    EXPECT_EQ(sessions.health(), session_health::closed);
  });
}

TEST(WorkersqlStartup, AFileOfAuthoritiesThatCannotBeReadIsNamed) {
  workersql::options how = plain_options();
  how.endpoint.is_tls = true;
  how.certificate_authorities = "/nowhere/ca.pem";
  session_maker sessions{how};
  const dt::error_info failed =
      script(opening(sessions)).connect().start_tls().failing(make_error_code(dt::errc::invalid_option)).failure();
  EXPECT_EQ(failed.kind(), dt::condition::configuration);
  EXPECT_NE(failed.message().find("tlsAuthorities '/nowhere/ca.pem'"), std::string::npos) << failed.message();
}

TEST(WorkersqlStartup, AProxyIsAskedForATunnelBeforeTls) {
  workersql::options how = plain_options();
  how.endpoint = {"::1", 443, true, "/v1"};
  how.proxy_host = "proxy";
  how.proxy_port = 3128;
  session_maker sessions{how};
  const std::string connect = "CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n";
  const std::string tunnel = "HTTP/1.1 200 Connection established\r\n\r\n";
  script(opening(sessions)).connect().write(connect).read_each_byte(tunnel).start_tls().leaves([&] {
    EXPECT_EQ(sessions.health(), session_health::idle);
  });
  script(opening(sessions)).connect().write(connect).read(tunnel).start_tls().fail_each_step().leaves([&] {
    EXPECT_EQ(sessions.health(), session_health::closed);
  });
  script(opening(sessions))
      .connect()
      .write(connect)
      .read("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
      .done_with(errc::connection_lost);
  for (const char* each : {"407 Proxy Authentication Required", "401 Unauthorized", "403 Forbidden"}) {
    const dt::error_info refused = script(opening(sessions)).connect().write(connect).read(answer(each, "")).failure();
    EXPECT_EQ(refused.kind(), dt::condition::permission);
    EXPECT_NE(refused.message().find(std::string{each, 3}), std::string::npos);
    EXPECT_FALSE(dt::may_repeat({.kind = refused.kind()}));
  }
  std::string informational;
  for (int i = 0; i < 8; ++i) informational += "HTTP/1.1 102 Processing\r\n\r\n";
  script(opening(sessions)).connect().write(connect).read(informational + tunnel).start_tls().done();
  script(opening(sessions))
      .connect()
      .write(connect)
      .read(informational + "HTTP/1.1 102 Processing\r\n\r\n")
      .done_with(errc::malformed_frame);
  const dt::error_info tls = script(opening(sessions)).connect().write(connect).read("\x15\x03").failure();
  EXPECT_EQ(tls.code(), make_error_code(errc::malformed_frame));
  EXPECT_NE(tls.context().find("it speaks TLS"), std::string::npos) << tls.message();
  script(opening(sessions)).connect().write(connect).read(tunnel + "x").done_with(errc::unexpected_message);
}

TEST(WorkersqlStartup, AProxyIsToldItsUserAndTheGatewayIsNot) {
  workersql::options how = plain_options();
  how.proxy_host = "proxy";
  how.proxy_user = "Aladdin";  // the example of RFC 7617 section 2
  how.proxy_password = dt::secret{"open sesame"};
  session_maker sessions{how};
  const std::string connect =
      "CONNECT gw:8787 HTTP/1.1\r\nHost: gw:8787\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n";
  script(opening(sessions)).connect().write(connect).read("HTTP/1.1 200 OK\r\n\r\n").done();
  const dt::error_info refused = script(opening(sessions))
                                     .connect()
                                     .write(connect)
                                     .read(answer("407 Proxy Authentication Required", ""))
                                     .failure();
  EXPECT_NE(refused.message().find("407, for it wants another user or password"), std::string::npos);
  EXPECT_EQ(refused.message().find("sesame"), std::string::npos);
}

// RFC 7617 section 2: no colon in the user, no control character in either.
TEST(WorkersqlStartup, WhatBasicCannotSendIsRefusedBeforeAProxyIsAsked) {
  const std::pair<std::string, std::string> all[] = {
      {"Alad:din", "open sesame"}, {"Alad\ndin", "open sesame"}, {"Aladdin", "open\x7Fsesame"}};
  for (const auto& [user, password] : all) {
    workersql::options how = plain_options();
    how.proxy_host = "proxy";
    how.proxy_user = user;
    how.proxy_password = dt::secret{password};
    session_maker sessions{how};
    const dt::error_info refused = script(opening(sessions)).failure();
    EXPECT_EQ(refused.code(), errc::invalid_option) << user;
    EXPECT_NE(refused.message().find("which Basic cannot send"), std::string::npos) << refused.message();
    EXPECT_EQ(refused.message().find("sesame"), std::string::npos);
  }
}

}  // namespace
