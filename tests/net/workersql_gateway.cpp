// The WorkerSQL gateway over real sockets: recorded requests, hostile peers, load, duplicates, WebSockets, stopping.
#include <support/workersql_gateway.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace gateway_test;

struct GatewayServer : testing::Test {
  file_database file;
  ws::gateway served{file.db, with_key()};
};

// The requests are those of the golden examples of the specification; the answers are those that it calls "docs".
TEST_F(GatewayServer, AnswersTheGoldenRequests) {
  wire client{served.endpoint()};
  const auto say = [&](const std::string& bytes) {
    client.send(bytes);
    return receive(client);
  };
  const response health = say(get("/health"));  // G1
  EXPECT_EQ(health.status(), "200");
  EXPECT_TRUE(health.has(R"J({"status":"healthy","timestamp":")J")) << health.body;
  EXPECT_TRUE(health.has(R"J("version":"1.0.0","uptime":)J")) << health.body;
  const response inserted = say(query(  // G7
      R"J({"sql":"INSERT INTO users (id,name,active,price,big,ts) VALUES (?,?,?,?,?,?)","params":[1,"Ann",true,12.5,9007199254740993,"2025-01-02 03:04:05"]})J"));
  EXPECT_EQ(inserted.status(), "200");
  EXPECT_TRUE(inserted.has("X-Request-ID: "));
  EXPECT_TRUE(inserted.body.starts_with(
      R"J({"success":true,"data":{"rows":[],"rowsAffected":1,"insertId":1},"cached":false,"executionTime":)J"))
      << inserted.body;
  const response selected = say(query(R"J({"sql":"SELECT * FROM users WHERE id = ?","params":[1]})J"));  // G4
  EXPECT_TRUE(selected.body.starts_with(
      R"J({"success":true,"data":{"rows":[{"id":1,"name":"Ann","active":1,"price":12.5,"big":9007199254740993,"ts":"2025-01-02 03:04:05","bin":null}],"rowsAffected":0},"cached":false,)J"))
      << selected.body;
  const response duplicate = say(query(R"J({"sql":"INSERT INTO users(id) VALUES (1)"})J"));  // G9
  EXPECT_EQ(duplicate.status(), "400");
  EXPECT_TRUE(
      duplicate.has(R"J({"success":false,"error":{"code":"INVALID_QUERY","message":"UNIQUE constraint failed)J"));
  EXPECT_TRUE(duplicate.has(R"J("details":{"reason":"constraint")J")) << duplicate.body;
  EXPECT_TRUE(say(query(R"J({"sql":"SELEC 1"})J")).has(R"J("reason":"syntax")J"));             // G10
  EXPECT_TRUE(say(query(R"J({"sql":"SELECT * FROM nope"})J")).has("no such table: nope"));     // G11
  EXPECT_EQ(say(query(R"J({"sql":"SELECT ? AS a, ? AS b","params":[1]})J")).status(), "400");  // G12
  EXPECT_EQ(say(query(R"J({"query":"SELECT 1"})J")).status(), "400");                          // G14
  EXPECT_EQ(say(query(R"J({"sql":)J")).status(), "400");
  EXPECT_EQ(say(query("")).status(), "400");
  const response batch = say(post(  // G16
      "/sql/batch",
      R"J({"batch":[{"sql":"INSERT INTO users (id,name) VALUES (?,?)","params":[10,"B1"]},{"sql":"UPDATE users SET active=? WHERE id<=?","params":[1,10]}]})J"));
  EXPECT_EQ(
      batch.body,
      R"J({"success":true,"data":{"results":[{"rowsAffected":1,"insertId":10},{"rowsAffected":2}],"totalRowsAffected":3}})J");
  const response queries = say(post(  // G17, without its loss
      "/v1/batch",
      R"J({"queries":[{"sql":"INSERT INTO users (id,name) VALUES (?,?)","params":[11,"B2"]}],"transaction":true,"stopOnError":true})J"));
  EXPECT_TRUE(queries.body.starts_with(R"J({"success":true,"results":[{"success":true,"data":[],"rowCount":1,)J"));
  EXPECT_EQ(say(post("/sql/batch", R"J({"batch":[{"sql":"SELECT 1"}]})J")).status(), "400");  // G18
  const response failed = say(post(                                                           // G19
      "/sql/batch",
      R"J({"batch":[{"sql":"INSERT INTO users(id) VALUES (20)"},{"sql":"INSERT INTO users(id) VALUES (1)"}]})J"));
  EXPECT_EQ(failed.status(), "400");
  EXPECT_TRUE(failed.has(R"J("statement":1)J")) << failed.body;
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users where id in (10, 11, 20)"), 2);
}

TEST_F(GatewayServer, RefusesWhoIsNotKnown) {
  for (const std::string_view fields : {"", "Authorization: Bearer abc123\r\n", "Authorization: Bearer\r\n",
                                        "Authorization: J\r\n", "X-API-Key: K\r\n", "Authorization: Basic Sg==\r\n"}) {
    const response got = ask(served, query(R"J({"sql":"select 1"})J", fields));
    EXPECT_EQ(got.status(), "401") << fields;
    EXPECT_TRUE(got.has(R"J("code":"AUTH_ERROR","message":"Unauthorized")J")) << got.body;
    EXPECT_TRUE(got.has("WWW-Authenticate: Bearer\r\n"));
  }
  EXPECT_EQ(ask(served, query(R"J({"sql":"select 1"})J", "X-API-Key: J\r\n")).status(), "200");
  EXPECT_EQ(ask(served, get("/auth/me")).body, R"J({"authenticated":false})J");
  EXPECT_EQ(ask(served, get("/auth/me", "authorization: bearer J\r\n")).body,
            R"J({"authenticated":true,"tenantId":"t1","userId":"app","permissions":["read","write","admin"]})J");
}

TEST_F(GatewayServer, KnowsItsPathsAndMethodsAndGuessesNone) {
  EXPECT_EQ(ask(served, get("/nope")).status(), "404");
  EXPECT_EQ(ask(served, get("/x/health")).status(), "404");
  EXPECT_EQ(ask(served, get("/health?x=1")).status(), "200");
  const response got = ask(served, get("/v1/query", "Authorization: Bearer J\r\n"));
  EXPECT_EQ(got.status(), "405");
  EXPECT_TRUE(got.has("Allow: POST\r\n"));
  EXPECT_EQ(ask(served, "OPTIONS /v1/query HTTP/1.1\r\nHost: h\r\nOrigin: https://a\r\n\r\n").status(), "405");
  wire client{served.endpoint()};
  client.send("HEAD /health HTTP/1.1\r\nHost: h\r\n\r\n");
  const response head = receive(client, false);
  EXPECT_EQ(head.status(), "200");
  client.send(get("/health"));
  EXPECT_EQ(receive(client).status(), "200") << "an answer to HEAD has no body that would stand before this one";
}

TEST_F(GatewayServer, MetricsAreTextOrJson) {
  ask(served, query(R"J({"sql":"select 1"})J"));
  const response text = ask(served, get("/metrics"));
  EXPECT_TRUE(text.has("Content-Type: text/plain; version=0.0.4"));
  EXPECT_TRUE(text.has("workersql_gateway_requests_total{endpoint=\"query\",status=\"2xx\"} 1\n")) << text.body;
  const response json = ask(served, get("/metrics", "Accept: application/json\r\n"));
  EXPECT_TRUE(json.has(R"J("connections":{"active":1,"inTransaction":0},"cache":{"status":)J")) << json.body;
}

TEST_F(GatewayServer, ARequestSplitIntoSingleBytesIsReadLikeAWholeOne) {
  wire client{served.endpoint()};
  for (const char c : query(R"J({"sql":"select 7 as a"})J")) client.send(std::string_view{&c, 1});
  EXPECT_TRUE(receive(client).has(R"J("rows":[{"a":7}])J"));
}

TEST_F(GatewayServer, AChunkedBodyIsABody) {
  wire client{served.endpoint()};
  client.send(
      "POST /sql HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer J\r\nTransfer-Encoding: chunked\r\n\r\n"
      "9\r\n{\"sql\":\"s\r\nd;x=y\r\nelect 7 as a\"\r\n1\r\n}\r\n0\r\nX: y\r\n\r\n");
  EXPECT_TRUE(receive(client).has(R"J("rows":[{"a":7}])J"));
  client.send(get("/health"));
  EXPECT_EQ(receive(client).status(), "200");
}

TEST_F(GatewayServer, PipelinedRequestsAreAnsweredInTheirOrder) {
  wire client{served.endpoint()};
  std::string all;
  for (int i = 0; i < 50; ++i) all += query(R"J({"sql":"select )J" + std::to_string(i) + R"J( as a"})J");
  client.send(all);
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(receive(client).has(R"J("rows":[{"a":)J" + std::to_string(i) + "}]"));
  }
}

TEST_F(GatewayServer, ABodyIsAskedForOnlyWhenItIsWanted) {
  wire known{served.endpoint()};
  known.send(
      "POST /sql HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer J\r\nExpect: 100-continue\r\nContent-Length: 18\r\n\r\n");
  EXPECT_EQ(receive(known).head, "HTTP/1.1 100 Continue\r\n\r\n");
  known.send(R"J({"sql":"select 1"})J");
  EXPECT_EQ(receive(known).status(), "200");
  wire stranger{served.endpoint()};
  stranger.send("POST /sql HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 18\r\n\r\n");
  const response got = receive(stranger);
  EXPECT_EQ(got.status(), "401");
  EXPECT_TRUE(got.has("Connection: close\r\n"));
}

TEST_F(GatewayServer, MalformedRequestsAreRefusedAndTheConnectionEnds) {
  struct bad {
    std::string_view bytes;
    std::string_view status;
  };
  const bad all[] = {
      {"GARBAGE\r\n\r\n", "400"},
      {"POST /sql HTTP/1.1\nHost: h\n\n", "400"},
      {"POST /sql HTTP/1.1\r\nHost : h\r\n\r\n", "400"},
      {"POST /sql HTTP/1.1\r\n\r\n", "400"},
      {"POST /sql HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"},
      {"POST /sql HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
      {"POST /sql HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501"},
      {"POST /sql HTTP/3.0\r\nHost: h\r\n\r\n", "505"},
      {"POST /sql HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n", "413"},
      {"POST /sql HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer J\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
  };
  for (const bad& each : all) {
    wire client{served.endpoint()};
    client.send(each.bytes);
    const response got = receive(client);
    EXPECT_EQ(got.status(), each.status) << each.bytes;
    EXPECT_TRUE(got.has("Connection: close\r\n")) << each.bytes;
    EXPECT_TRUE(client.read(1).empty());
  }
  wire large{served.endpoint()};
  large.send("GET /health HTTP/1.1\r\nHost: h\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(receive(large).status(), "431");
}

TEST_F(GatewayServer, GarbageNeverKeepsItFromAnsweringOthers) {
  std::mt19937 random{7};
  for (int i = 0; i < 300; ++i) {
    wire client{served.endpoint()};
    std::string bytes = i % 2 == 0 ? std::string{} : query(R"J({"sql":"select 1"})J");
    const std::size_t size = random() % 600;
    if (bytes.empty()) {
      for (std::size_t j = 0; j < size; ++j) bytes += static_cast<char>(random());
    } else {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    client.send(bytes);
    if (i % 3 == 0) client.end();
  }
  EXPECT_EQ(ask(served, query(R"J({"sql":"select 1"})J")).status(), "200");
  EXPECT_TRUE(soon([&] { return served.statistics().connections == 0; })) << "those who have gone are forgotten";
}

TEST_F(GatewayServer, TwoHundredAndFiftySixConnectionsAreServedAtOnce) {
  std::vector<std::unique_ptr<wire>> all;
  for (int i = 0; i < 256; ++i) all.push_back(std::make_unique<wire>(served.endpoint()));
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 256; ++i) {
      all[static_cast<std::size_t>(i)]->send(
          query(R"J({"sql":"select ? as a","params":[)J" + std::to_string(i) + "]}"));
    }
    for (int i = 0; i < 256; ++i) {
      const response got = receive(*all[static_cast<std::size_t>(i)]);
      EXPECT_TRUE(got.has(R"J("rows":[{"a":)J" + std::to_string(i) + "}]")) << got.body;
    }
  }
  EXPECT_EQ(served.statistics().connections, 256u);
}

TEST(GatewayLimits, OneConnectionTooManyIsClosed) {
  file_database file;
  ws::gateway_options how = with_key();
  how.max_connections = 1;
  ws::gateway served{file.db, how};
  wire first{served.endpoint()};
  first.send(get("/health"));
  EXPECT_EQ(receive(first).status(), "200");
  wire second{served.endpoint()};
  second.send(get("/health"));
  EXPECT_TRUE(second.read(1).empty());
  EXPECT_TRUE(soon([&] { return served.statistics().refused_connections == 1; }));
}

TEST(GatewayLimits, WhoAsksTooOftenIsToldWhenToComeAgain) {
  file_database file;
  ws::gateway_options how = with_key();
  how.rate = {.requests = 2, .window = 3600s};
  ws::gateway served{file.db, how};
  EXPECT_EQ(ask(served, query(R"J({"sql":"select 1"})J")).status(), "200");
  EXPECT_EQ(ask(served, query(R"J({"sql":"select 1"})J")).status(), "200");
  const response got = ask(served, query(R"J({"sql":"select 1"})J"));
  EXPECT_EQ(got.status(), "429");
  const std::size_t at = got.head.find("Retry-After: ");
  ASSERT_NE(at, std::string::npos) << got.head;
  const int wait = std::stoi(got.head.substr(at + 13));
  EXPECT_TRUE(wait > 1700 && wait <= 1800) << wait;
  EXPECT_TRUE(got.has(R"J("code":"RESOURCE_LIMIT")J"));
  EXPECT_EQ(ask(served, query(R"J({"sql":"select 1"})J", "")).status(), "401") << "an address has a bucket of its own";
  EXPECT_EQ(served.statistics().limited, 1u);
}

TEST(GatewayLimits, AResultOverTheLimitUndoesWhatMadeIt) {
  file_database file;
  ws::gateway_options how = with_key();
  how.results.rows = 2;
  ws::gateway served{file.db, how};
  EXPECT_EQ(ask(served, query(R"J({"sql":"values (1),(2)"})J")).status(), "200");
  EXPECT_EQ(ask(served, query(R"J({"sql":"values (1),(2),(3)"})J")).status(), "413");
  EXPECT_EQ(ask(served, query(R"J({"sql":"insert into users(id) values (1),(2),(3) returning id"})J")).status(), "413");
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 0);
}

TEST(GatewayLimits, ARequestThatDoesNotComeInTimeIsGivenUp) {
  file_database file;
  ws::gateway_options how = with_key();
  how.read_limit = 50ms;
  ws::gateway served{file.db, how};
  wire half_head{served.endpoint()};
  half_head.send("GET /health HTT");
  EXPECT_EQ(receive(half_head).status(), "408");
  wire half_body{served.endpoint()};
  half_body.send("POST /sql HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer J\r\nContent-Length: 18\r\n\r\n{\"sq");
  EXPECT_EQ(receive(half_body).status(), "408");
}

TEST(GatewayLimits, AnIdleConnectionIsClosed) {
  file_database file;
  ws::gateway_options how = with_key();
  how.idle_limit = 50ms;
  ws::gateway served{file.db, how};
  wire client{served.endpoint()};
  EXPECT_TRUE(client.read(1).empty());
  EXPECT_EQ(client.error(), dt::errc::connection_closed);
}

TEST(GatewayLimits, APeerThatDoesNotReadIsGivenUp) {
  file_database file;
  ws::gateway_options how = with_key();
  how.write_limit = 100ms;
  how.results = {.rows = 100, .bytes = 64 * 1024 * 1024};
  ws::gateway served{file.db, how};
  wire client{served.endpoint()};
  client.send(query(R"J({"sql":"select hex(zeroblob(10000000)) as a"})J"));
  EXPECT_TRUE(soon([&] { return served.statistics().requests == 1 && served.statistics().connections == 0; }));
  EXPECT_EQ(ask(served, get("/health")).status(), "200");
}

TEST(GatewayCors, IsOffUntilAnOriginIsNamed) {
  file_database file;
  ws::gateway_options how = with_key();
  how.cors_origins = {"https://app.example"};
  ws::gateway served{file.db, how};
  const response preflight =
      ask(served, "OPTIONS /v1/query HTTP/1.1\r\nHost: h\r\nOrigin: https://app.example\r\n\r\n");
  EXPECT_EQ(preflight.status(), "204");
  EXPECT_TRUE(preflight.has("Access-Control-Allow-Origin: https://app.example\r\n"));
  EXPECT_FALSE(ask(served, get("/health", "Origin: https://evil.example\r\n")).has("Access-Control"));
  EXPECT_TRUE(ask(served, get("/health", "Origin: https://app.example\r\n")).has("Access-Control-Allow-Origin"));
}

TEST(GatewayAnonymous, PagesOfOthersMayNotUseIt) {
  file_database file;
  ws::gateway_options how;
  how.authentication.anonymous = ws::permissions::read;
  ws::gateway served{file.db, how};
  EXPECT_EQ(ask(served, query(R"J({"sql":"select 1"})J", "")).status(), "200");
  EXPECT_EQ(ask(served, query(R"J({"sql":"delete from users"})J", "")).status(), "403");
  EXPECT_EQ(ask(served, query(R"J({"sql":"select 1"})J", "Origin: https://evil.example\r\n")).status(), "403");
}

TEST(GatewayOptions, AGatewayThatNobodyMayUseIsAMistake) {
  file_database file;
  EXPECT_THROW(ws::gateway(file.db, {}), dt::error);
  ws::gateway_options how = with_key();
  how.host = "no address";
  EXPECT_THROW(ws::gateway(file.db, how), dt::error);
}

TEST(GatewayIdempotent, ARepeatedRequestIsAnsweredFromWhatWasKept) {
  file_database file;
  ws::gateway served{file.db, with_key()};
  const std::string fields = "Authorization: Bearer J\r\nIdempotency-Key: k1\r\n";
  const std::string body = R"J({"batch":[{"sql":"INSERT INTO users(name) VALUES ('x')"}]})J";
  const response first = ask(served, post("/sql/batch", body, fields));  // G21
  const response second = ask(served, post("/sql/batch", body, fields));
  EXPECT_EQ(first.status(), "200");
  EXPECT_EQ(second.body, first.body);
  EXPECT_TRUE(second.has("Idempotency-Replayed: true\r\n"));
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 1);
  EXPECT_EQ(ask(served, post("/sql/batch", body + " ", fields)).status(), "400") << "another request under the key";
  EXPECT_EQ(ask(served, query(body, fields)).status(), "400") << "and so is another path";
  EXPECT_EQ(served.statistics().replays, 1u);
}

TEST(GatewayIdempotent, AChangeWithAKeyIsARealOneAndAFailureIsKeptToo) {
  file_database file;
  ws::gateway served{file.db, with_key()};
  const std::string request = query(R"J({"sql":"INSERT INTO users(id) VALUES (?)","params":[7]})J",
                                    "Authorization: Bearer J\r\nIdempotency-Key: a\r\n");
  EXPECT_TRUE(ask(served, request).has(R"J("rowsAffected":1,"insertId":7)J"));
  EXPECT_TRUE(ask(served, request).has(R"J("rowsAffected":1,"insertId":7)J"));
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 1);
  const std::string twice = query(R"J({"sql":"INSERT INTO users(id) VALUES (?)","params":[7]})J",
                                  "Authorization: Bearer J\r\nX-Idempotency-Key: b\r\n");
  EXPECT_EQ(ask(served, twice).status(), "400");
  EXPECT_TRUE(ask(served, twice).has("Idempotency-Replayed: true"));
}

TEST(GatewayIdempotent, DuplicatesWaitForTheFirstAndNothingRunsTwice) {
  auto behind = std::make_unique<gated_database>();
  const auto gate = behind->state;
  ws::gateway served{std::move(behind), with_key()};
  const std::string request =
      query(R"J({"sql":"insert into t values(1)"})J", "Authorization: Bearer J\r\nIdempotency-Key: k\r\n");
  std::vector<std::unique_ptr<wire>> all;
  for (int i = 0; i < 32; ++i) {
    all.push_back(std::make_unique<wire>(served.endpoint()));
    all.back()->send(request);
  }
  gate->wait_for_executions(1);
  gate->open();
  int replayed = 0;
  for (const auto& each : all) {
    const response got = receive(*each);
    EXPECT_EQ(got.status(), "200");
    EXPECT_TRUE(got.has(R"J("rowsAffected":1)J")) << got.body;
    replayed += got.has("Idempotency-Replayed") ? 1 : 0;
  }
  EXPECT_EQ(replayed, 31);
  EXPECT_EQ(gate->executions(), 1);
}

TEST(GatewayIdempotent, WhatCameToNothingIsExecutedAgain) {
  auto behind = std::make_unique<gated_database>();
  const auto gate = behind->state;
  ws::gateway served{std::move(behind), with_key()};
  const std::string request =
      query(R"J({"sql":"insert into busy values(1)"})J", "Authorization: Bearer J\r\nIdempotency-Key: k\r\n");
  wire first{served.endpoint()};
  first.send(request);
  gate->wait_for_executions(1);
  wire second{served.endpoint()};
  second.send(request);
  gate->open();
  const response failed = receive(first);
  EXPECT_EQ(failed.status(), "503");
  EXPECT_TRUE(failed.has("Retry-After: 1\r\n"));
  EXPECT_EQ(receive(second).status(), "200");
  EXPECT_EQ(gate->executions(), 2);
}

TEST(GatewayStop, RequestsUnderWayAreAnswered) {
  auto behind = std::make_unique<gated_database>();
  const auto gate = behind->state;
  ws::gateway served{std::move(behind), with_key()};
  wire idle{served.endpoint()};
  wire client{served.endpoint()};
  client.send(query(R"J({"sql":"insert into t values(1)"})J") + get("/health"));
  gate->wait_for_executions(1);
  std::thread stopping{[&] { served.stop(); }};
  EXPECT_TRUE(idle.read(1).empty()) << "who asks nothing is sent away at once";
  gate->open();
  const response got = receive(client);
  EXPECT_EQ(got.status(), "200");
  EXPECT_TRUE(got.has("Connection: close\r\n"));
  EXPECT_TRUE(client.read(1).empty()) << "what was pipelined behind it is not begun";
  stopping.join();
  EXPECT_TRUE((wire{served.endpoint()}.error())) << "nobody listens any more";
}

TEST(GatewayStop, UnderLoadEveryAnswerIsWhole) {
  file_database file;
  ws::gateway served{file.db, with_key()};
  std::atomic<int> answered{0};
  std::atomic<int> broken{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (;;) {
        wire client{served.endpoint()};
        if (client.error()) return;
        for (;;) {
          client.send(query(R"J({"sql":"select 1 as a"})J"));
          const response got = receive(client);
          if (got.head.empty()) break;
          if (!got.head.ends_with("\r\n\r\n") || !got.body.ends_with("}")) ++broken;
          ++answered;
        }
      }
    });
  }
  EXPECT_TRUE(soon([&] { return answered > 200; }));
  served.stop();
  for (std::thread& each : clients) each.join();
  EXPECT_EQ(broken, 0);
  served.stop();
}

TEST(GatewayHealth, ADatabaseThatIsGoneIsSaidToBe) {
  ws::gateway served{std::make_unique<gated_database>(), with_key()};
  const response got = ask(served, get("/v1/health"));
  EXPECT_EQ(got.status(), "503");
  EXPECT_TRUE(got.has(R"J({"status":"unhealthy")J"));
}

TEST_F(GatewayServer, AWebSocketIsOpenedAsTheStandardHasIt) {  // RFC 6455 section 1.3, and section 5.7 for the frame
  socket_client client{served};
  EXPECT_EQ(client.answer.status(), "101");
  EXPECT_TRUE(client.answer.has("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")) << client.answer.head;
  constexpr unsigned char hello[] = {0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58};
  client.to.send(std::string_view{reinterpret_cast<const char*>(hello), sizeof hello});
  EXPECT_NE(client.read_frame().find(R"J("type":"error","error":{"code":"INVALID_QUERY")J"), std::string::npos);
  EXPECT_EQ(client.code, 0x81u);
  client.send_frame(0x89, "are you there");
  EXPECT_EQ(client.read_frame(), "are you there");
  EXPECT_EQ(client.code, 0x8Au);
  client.send_frame(0x88, std::string_view{"\x03\xE8", 2});
  EXPECT_EQ(client.read_frame(), (std::string_view{"\x03\xE8", 2}));
  EXPECT_EQ(client.code, 0x88u);
  EXPECT_TRUE(client.to.read(1).empty());
}

TEST_F(GatewayServer, AWebSocketNeedsTheSameKeyAsARequest) {
  EXPECT_EQ((socket_client{served, "/v1/ws", ""}.answer.status()), "401");
  EXPECT_EQ((socket_client{served, "/sql/ws?token=J", ""}.answer.status()), "101");
  EXPECT_EQ((socket_client{served, "/sql/ws?token=K", ""}.answer.status()), "401");
  EXPECT_EQ(ask(served, get("/v1/ws", "Authorization: Bearer J\r\n")).status(), "426");
}

TEST_F(GatewayServer, ATransactionIsSeenByOthersWhenItIsCommitted) {
  socket_client client{served};
  EXPECT_EQ(client.say(R"J({"type":"begin","id":"1"})J"),
            R"J({"id":"1","type":"response","data":{"transactionId":"tx_1"}})J");
  EXPECT_EQ(
      client.say(
          R"J({"type":"query","id":"2","transactionId":"tx_1","sql":"INSERT INTO users(id) VALUES (?)","params":[5]})J"),
      R"J({"id":"2","type":"response","data":{"rows":[],"rowsAffected":1,"insertId":5}})J");
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 0);
  EXPECT_EQ(served.statistics().transactions, 1u);
  EXPECT_EQ(client.say(R"J({"type":"commit","id":"3","transactionId":"tx_1"})J"),
            R"J({"id":"3","type":"response","data":{"transactionId":"tx_1"}})J");
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 1);
}

TEST_F(GatewayServer, ATransactionWhoseConnectionEndsIsRolledBack) {
  {
    socket_client client{served};
    client.say(R"J({"type":"begin","id":"1"})J");
    client.say(R"J({"type":"query","id":"2","sql":"INSERT INTO users(id) VALUES (5)"})J");
    client.to.close();
  }
  EXPECT_TRUE(soon([&] { return served.statistics().transactions == 0; }));
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 0);
}

TEST(GatewayTransactions, OneThatIsSilentForTooLongIsRolledBack) {
  file_database file;
  ws::gateway_options how = with_key();
  how.transaction_limit = 50ms;
  ws::gateway served{file.db, how};
  socket_client client{served};
  client.say(R"J({"type":"begin","id":"1"})J");
  client.say(R"J({"type":"query","id":"2","transactionId":"tx_1","sql":"INSERT INTO users(id) VALUES (5)"})J");
  EXPECT_TRUE(soon([&] { return served.statistics().transactions == 0; }));
  EXPECT_NE(client.say(R"J({"type":"commit","id":"3","transactionId":"tx_1"})J").find("TIMEOUT_ERROR"),
            std::string::npos);
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 0);
}

TEST(GatewayTransactions, ACommitDoesNotWaitBehindThoseWhoWaitForItsLocks) {
  file_database file;
  ws::gateway_options how = with_key();
  how.worker_threads = 1;
  ws::gateway served{file.db, how};
  socket_client holder{served};
  holder.say(R"J({"type":"begin","id":"1"})J");
  wire waiting{served.endpoint()};
  waiting.send(query(R"J({"sql":"INSERT INTO users(id) VALUES (6)"})J"));
  holder.say(R"J({"type":"query","id":"2","sql":"INSERT INTO users(id) VALUES (5)"})J");
  EXPECT_NE(holder.say(R"J({"type":"commit","id":"3"})J").find("response"), std::string::npos);
  EXPECT_EQ(receive(waiting).status(), "200");
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 2);
}

TEST(GatewayTransactions, StoppingRollsBackWhatIsOpen) {
  file_database file;
  ws::gateway_options how = with_key();
  how.stop_grace = 50ms;
  ws::gateway served{file.db, how};
  socket_client client{served};
  socket_client idle{served};
  client.say(R"J({"type":"begin","id":"1"})J");
  client.say(R"J({"type":"query","id":"2","sql":"INSERT INTO users(id) VALUES (5)"})J");
  served.stop();
  EXPECT_EQ(idle.read_frame(), (std::string_view{"\x03\xE9", 2})) << "going away";
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 0);
}

TEST_F(GatewayServer, WebSocketsThatBreakTheRulesAreClosedWithTheReason) {
  const auto code_after = [&](std::string_view bytes) {
    socket_client client{served};
    client.to.send(bytes);
    const std::string reason = client.read_frame();
    if (client.code != 0x88 || reason.size() < 2) return 0;
    return static_cast<int>(static_cast<unsigned char>(reason[0])) << 8 | static_cast<unsigned char>(reason[1]);
  };
  EXPECT_EQ(code_after(std::string_view{"\x81\x05Hello", 7}), 1002) << "without a mask";
  EXPECT_EQ(code_after(std::string_view{"\xF1\x80\0\0\0\0", 6}), 1002) << "reserved bits";
  EXPECT_EQ(code_after(std::string_view{"\x82\x81\0\0\0\0x", 7}), 1003) << "binary";
  EXPECT_EQ(code_after(std::string_view{"\x81\x81\0\0\0\0\xFF", 7}), 1007) << "no UTF-8";
  EXPECT_EQ(code_after(std::string_view{"\x81\xFF\0\0\0\0\x7F\xFF\xFF\xFF\0\0\0\0", 14}), 1009) << "too large";
}

TEST(GatewayTransactions, ASilentPeerIsPingedAndThenGivenUp) {
  bool is_pinged_again = false;
  for (auto limit = 300ms; !is_pinged_again && limit < 20s; limit *= 2) {  // more, when the answer came too late
    file_database file;
    ws::gateway_options how = with_key();
    how.idle_limit = limit;
    ws::gateway served{file.db, how};
    socket_client client{served};
    if (client.answer.status() != "101") continue;
    client.read_frame();
    EXPECT_EQ(client.code, 0x89u);
    client.send_frame(0x8A, {});
    client.read_frame();
    is_pinged_again = client.code == 0x89u;
    if (is_pinged_again) {
      EXPECT_TRUE(client.to.read(1).empty());
    }
  }
  EXPECT_TRUE(is_pinged_again) << "who answers stays";
}

TEST(GatewayLife, OneThatWasMovedFromSaysSo) {
  file_database file;
  ws::gateway first{file.db, with_key()};
  const std::uint16_t port = first.port();
  ws::gateway second{std::move(first)};
  EXPECT_EQ(first.port(), 0);  // NOLINT: what it says then is promised
  EXPECT_EQ(first.statistics().requests, 0U);
  EXPECT_THROW(first.endpoint(), dt::error);
  EXPECT_THROW(first.dsn(), dt::error);
  EXPECT_EQ(first.reload_tls().error().code(), dt::errc::invalid_state);
  first.stop();
  EXPECT_EQ(second.port(), port);
  first = std::move(second);
  EXPECT_EQ(first.port(), port);
}

}  // namespace
