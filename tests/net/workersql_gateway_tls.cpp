// The WorkerSQL gateway over TLS of its own: requests, WebSockets, handshakes that fail or stall, wrong files, endings.
#include <support/workersql_gateway_tls.hpp>

#include <dovetail/workersql_async.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace gateway_test;

/// Sends and receives single bytes.
struct drop_stream : dt::tcp_stream {
  using dt::tcp_stream::tcp_stream;
  dt::attempt try_read(dt::byte_span into) { return tcp_stream::try_read(into.first(1)); }
  dt::attempt try_write(dt::byte_view from) { return tcp_stream::try_write(from.first(1)); }
};

/// Sends what is written when its sending ends, all at once, and stays open.
struct held_stream : dt::tcp_stream {
  using dt::tcp_stream::tcp_stream;
  dt::attempt try_write(dt::byte_view from) {
    if (!holds) return tcp_stream::try_write(from);
    held.append(dt::as_text(from));
    return dt::attempt::done(from.size());
  }
  std::error_code shutdown_write() { return tcp_stream::try_write(dt::as_byte_view(held)).ec; }
  bool holds = false;
  std::string held;
};
using held_wire = lensdb_test::wire_over<dt::tls_stream<held_stream, dt::tcp_endpoint>>;
using drop_wire = lensdb_test::wire_over<dt::tls_stream<drop_stream, dt::tcp_endpoint>>;

constexpr std::string_view endless = R"J({"sql":"with recursive n(i) as (select 1 union all select i + 1 from n) )J"
                                     R"J(select max(i) from n"})J";

struct GatewayTls : secure_gateway {
  /// Over another stream than TCP's.
  dt::tls_endpoint<dt::tcp_endpoint> other_place(const ws::gateway& of) const {
    return {{"127.0.0.1", of.port()}, place(of).settings};
  }
  std::string dsn(const ws::gateway& of, const std::string& more = {}) const {
    return of.dsn("apiKey=J&retryAttempts=1&healthCheckInterval=3600s&tlsAuthorities=" + authority.file() + more);
  }
  dt::error_info why(const dt::tls_server_settings& tls) {
    how.tls = tls;
    try {
      ws::gateway served{file.db, how};
    } catch (const dt::error& failure) {
      EXPECT_EQ(failure.kind(), dt::condition::configuration);
      return failure.info();
    }
    return {};
  }
};

std::string contents(const std::string& file) {
  std::ifstream from{file};
  return {std::istreambuf_iterator<char>{from}, {}};
}

TEST_F(GatewayTls, OurClientAsksItAndVerifiesIt) {
  ws::gateway served{file.db, how};
  ws::client db{dsn(served)};
  EXPECT_EQ(db.execute("insert into users(id, name) values (?, ?)", 1, "Ann").rows_affected, 1);
  ws::batch work;
  work.add("insert into users(id, name) values (?, ?)", 2, "Bo")
      .add("update users set name = ? where id = ?", "Bob", 2);
  EXPECT_EQ(db.batch(work).rows_affected, 2);
  EXPECT_EQ(db.query_value<std::string>("select name from users where id = ?", 2), "Bob");
  EXPECT_EQ(served.statistics().failed_handshakes, 0U);

  ws::client stranger{served.dsn("apiKey=J&retryAttempts=1")};
  const auto refused = stranger.with(dt::as_result).query_value<int>("select 1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), dt::condition::authentication);
  EXPECT_TRUE(soon([&] { return served.statistics().failed_handshakes == 1; }));
  EXPECT_TRUE(
      ask(secure_wire{place(served)}, get("/metrics")).has("workersql_gateway_tls_handshakes_failed_total 1\n"));
}

TEST_F(GatewayTls, ACertificateForAnotherNameIsNotAccepted) {
  const tests::tls_authority::server_files other = authority.server("DNS:elsewhere.example");
  how.tls = {.certificate = other.certificate, .private_key = other.key};
  ws::gateway served{file.db, how};
  ws::client db{dsn(served)};
  const auto refused = db.with(dt::as_result).query_value<int>("select 1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), dt::condition::authentication);
}

TEST_F(GatewayTls, TransactionsGoOverItsWebSockets) {
  ws::gateway served{file.db, how};
  ws::client db{dsn(served)};
  db.transaction([](auto& tx) { tx.execute("insert into users(id) values (1)"); });
  EXPECT_THROW(db.transaction([](auto& tx) {
    tx.execute("insert into users(id) values (2)");
    throw std::runtime_error{"no"};
  }),
               std::runtime_error);
  EXPECT_EQ(db.query_value<int>("select count(*) from users"), 1);
  EXPECT_GE(served.statistics().messages, 5U);
}

TEST_F(GatewayTls, TheAsynchronousClientDoesTheSame) {
  ws::gateway served{file.db, how};
  asio::io_context io;
  const auto work = [&]() -> asio::awaitable<int> {
    ws::async_client db{io.get_executor(), dsn(served)};
    co_await db.execute("insert into users(id, name) values (?, ?)", 1, "Ann");
    co_await db.transaction(
        [](auto& tx) -> asio::awaitable<void> { co_await tx.execute("insert into users(id) values (2)"); });
    const int count = co_await db.query_value<int>("select count(*) from users");
    db.close();
    co_return count;
  };
  std::future<int> count = asio::co_spawn(io, work(), asio::use_future);
  io.run();
  EXPECT_EQ(count.get(), 2);
}

TEST_F(GatewayTls, BytesThatComeAndGoOneByOneAreAWholeConversation) {
  ws::gateway served{file.db, how};
  drop_wire client{other_place(served)};
  ASSERT_FALSE(client.error()) << client.error().message();
  client.send(query(R"J({"sql":"select 7 as a"})J"));
  EXPECT_TRUE(receive(client).has(R"J("rows":[{"a":7}])J"));
  socket_client_over<drop_wire> socket{std::move(client)};
  EXPECT_NE(socket.say(R"J({"type":"query","id":"1","sql":"select 7 as a"})J").find(R"J({"a":7})J"), std::string::npos);
}

TEST_F(GatewayTls, PipelinedRequestsAndLargeBodiesAreReadAndLargeAnswersWritten) {
  how.results.bytes = 64 * 1024 * 1024;
  ws::gateway served{file.db, how};
  secure_wire client{place(served)};
  std::string all;
  for (int i = 0; i < 50; ++i) all += query(R"J({"sql":"select )J" + std::to_string(i) + R"J( as a"})J");
  all += query(R"J({"sql":"select length(?) as a","params":[")J" + std::string(900'000, 'x') + R"J("]})J");
  client.send(all);
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(receive(client).has(R"J("rows":[{"a":)J" + std::to_string(i) + "}]"));
  }
  EXPECT_TRUE(receive(client).has(R"J("rows":[{"a":900000}])J"));
  client.send(
      "POST /sql HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer J\r\nContent-Length: 23\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(receive(client).status(), "100");
  client.send(R"J({"sql":"select 7 as a"})J");
  EXPECT_TRUE(receive(client).has(R"J("rows":[{"a":7}])J"));
  client.send(query(R"J({"sql":"select hex(zeroblob(10000000)) as a"})J"));
  const response large = receive(client);
  EXPECT_EQ(large.status(), "200");
  EXPECT_TRUE(large.has(std::string(20'000'000, '0')));
}

TEST_F(GatewayTls, AnswersThatAreNotReadCountAndAreCutWithoutAGoodbye) {
  how.results.bytes = 64 * 1024 * 1024;
  how.answer_memory = 10'000'000;
  how.write_limit = 1s;
  ws::gateway served{file.db, how};
  secure_wire slow{place(served)};
  slow.send(query(R"J({"sql":"select hex(zeroblob(15000000)) as a"})J"));
  EXPECT_EQ(text_of(slow.read(4)), "HTTP");
  EXPECT_EQ(ask(secure_wire{place(served)}, query(R"J({"sql":"select 1"})J")).status(), "503");
  EXPECT_TRUE(
      soon([&] { return ask(secure_wire{place(served)}, query(R"J({"sql":"select 1"})J")).status() == "200"; }));
  EXPECT_LT(slow.read_all().size(), 30'000'000U);
  EXPECT_NE(slow.error(), dt::errc::connection_closed) << "what is cut must not look whole";
}

// RFC 8446 section 6.1: without close_notify nobody knows whether something is missing.
TEST_F(GatewayTls, ItSaysGoodbyeWhereverItEnds) {
  how.idle_limit = 50ms;
  {
    ws::gateway served{file.db, how};
    secure_wire idle{place(served)};
    EXPECT_TRUE(idle.read_all().empty());
    EXPECT_EQ(idle.error(), dt::errc::connection_closed) << idle.error().message();
  }
  how.idle_limit = 1h;
  ws::gateway served{file.db, how};
  secure_wire last{place(served)};
  last.send(query(R"J({"sql":"select 1"})J", "Authorization: Bearer J\r\nConnection: close\r\n"));
  EXPECT_EQ(receive(last).status(), "200");
  EXPECT_TRUE(last.read_all().empty());
  EXPECT_EQ(last.error(), dt::errc::connection_closed) << last.error().message();
  secure_wire first{place(served)};
  first.send(get("/auth/me"));
  EXPECT_EQ(receive(first).status(), "200");
  first.end();
  EXPECT_TRUE(first.read_all().empty());
  EXPECT_EQ(first.error(), dt::errc::connection_closed) << "also as an answer to ours";
  secure_wire idle{place(served)};
  socket_client_over<secure_wire> socket{secure_wire{place(served)}};
  EXPECT_EQ(socket.answer.status(), "101");
  std::thread stopping{[&] { served.stop(); }};
  EXPECT_TRUE(idle.read_all().empty());
  EXPECT_EQ(idle.error(), dt::errc::connection_closed) << idle.error().message();
  EXPECT_EQ(socket.read_frame(), "\x03\xE9") << "1001, RFC 6455 section 7.4.1";
  EXPECT_TRUE(socket.to.read_all().empty());
  EXPECT_EQ(socket.to.error(), dt::errc::connection_closed) << socket.to.error().message();
  for (secure_wire* each : {&last, &first, &idle, &socket.to}) each->close();
  stopping.join();
}

TEST_F(GatewayTls, WhatRunsForAClientThatHasGoneIsEnded) {
  how.worker_threads = 1;
  how.request_limit = 100s;
  ws::gateway served{file.db, how};
  for (const bool says_goodbye : {true, false}) {
    for (const bool waits : {true, false}) {  // the goodbye comes behind the request, or with it
      secure_wire client{place(served)};
      client.send(query(endless));
      ASSERT_TRUE(!waits || soon([&] { return file.db.statistics().active == 1; }));
      says_goodbye ? client.end() : client.close();
      EXPECT_EQ(ask(secure_wire{place(served)}, query(R"J({"sql":"select 1"})J")).status(), "200");
    }
    socket_client_over<secure_wire> socket{secure_wire{place(served)}};
    socket.send_frame(0x81, R"J({"type":"query","id":"1",)J" + std::string{endless.substr(1)});
    ASSERT_TRUE(soon([&] { return file.db.statistics().active == 1; }));
    says_goodbye ? socket.to.end() : socket.to.close();
    EXPECT_EQ(ask(secure_wire{place(served)}, query(R"J({"sql":"select 1"})J")).status(), "200");
  }
}

// What TLS has taken from the socket wakes nobody who waits for the socket.
TEST_F(GatewayTls, AGoodbyeThatCameWithTheRequestIsSeenThoughTheSocketStaysOpen) {
  how.worker_threads = 1;
  how.request_limit = 100s;
  ws::gateway served{file.db, how};
  held_wire client{other_place(served)};
  client.stream().next_layer().holds = true;
  client.send(query(endless));
  client.end();
  EXPECT_TRUE(soon([&] { return served.statistics().accepted == 1 && served.statistics().connections == 0; }));
  socket_client_over<held_wire> socket{held_wire{other_place(served)}};
  socket.to.stream().next_layer().holds = true;
  socket.send_frame(0x81, R"J({"type":"query","id":"1",)J" + std::string{endless.substr(1)});
  socket.to.end();
  EXPECT_TRUE(soon([&] { return served.statistics().messages == 1 && served.statistics().connections == 0; }));
}

TEST_F(GatewayTls, WhoHasEndedItsSendingIsAnsweredWhereTheGatewayIsToldTo) {
  const std::string slow = std::string{R"J({"sql":"with recursive n(i) as (select 1 union all select i + 1 from n )J"} +
                           R"J(where i < 3000000) select max(i) as m from n"})J";
  for (const bool answers : {true, false}) {
    how.answers_half_closed = answers;
    ws::gateway served{file.db, how};
    secure_wire client{place(served)};
    client.send(query(slow));
    ASSERT_TRUE(soon([&] { return file.db.statistics().active == 1; }));
    client.end();
    EXPECT_EQ(receive(client).has(R"J("m":3000000)J"), answers);
    EXPECT_TRUE(client.read_all().empty());
  }
}

TEST_F(GatewayTls, WhoHasSentMoreMeanwhileGetsAllAnswers) {
  ws::gateway served{file.db, how};
  secure_wire client{place(served)};
  const std::string slow = std::string{R"J({"sql":"with recursive n(i) as (select 1 union all select i + 1 from n )J"} +
                           R"J(where i < 300000) select max(i) as m from n"})J";
  client.send(query(slow));
  ASSERT_TRUE(soon([&] { return file.db.statistics().active == 1 || served.statistics().requests == 1; }));
  client.send(query(R"J({"sql":"select 7 as m"})J"));
  EXPECT_TRUE(receive(client).has(R"J("m":300000)J"));
  EXPECT_TRUE(receive(client).has(R"J("m":7)J"));
}

// Handshakes.

TEST_F(GatewayTls, WhoDoesNotSpeakTlsIsSentAway) {
  ws::gateway served{file.db, how};
  std::mt19937 random{7};
  std::string noise(5000, '\0');
  for (char& each : noise) each = static_cast<char>(random());
  const std::string texts[] = {"OPTIONS / HTTP/1.1\r\n\r\n",  // OpenSSL knows this one not
                               noise, std::string(100'000, 'x'), std::string(3, '\0'),
                               "\x16\x03\x01\xFF\xFF" + std::string(70'000, '\x01')};
  for (const std::string& text : texts) {
    wire client{served.endpoint()};
    client.send(text);
    client.end();
    const std::string got = text_of(client.read_all());
    EXPECT_EQ(got.find("HTTP"), std::string::npos) << got;
    // An alert, if anything: type 21 (RFC 8446 section 5.1) and "fatal" (section 6).
    EXPECT_TRUE(got.empty() || (got[0] == '\x15' && got[5] == '\x02'));
    EXPECT_EQ(client.error(), dt::errc::connection_closed) << "a reset would destroy the alert";
  }
  EXPECT_TRUE(soon([&] { return served.statistics().failed_handshakes == std::size(texts); }));
  EXPECT_TRUE(soon([&] { return served.statistics().connections == 0; }));
  EXPECT_EQ(ask(secure_wire{place(served)}, get("/health")).status(), "200");
}

TEST_F(GatewayTls, WhoSpeaksPlainHttpIsToldSo) {
  ws::gateway served{file.db, how};
  const std::string large = query(std::string(3'000'000, 'x'));
  for (const std::string& text : {get("/health"), query(R"J({"sql":"select 1"})J"), large}) {
    wire client{served.endpoint()};
    client.send(text);
    const response got = receive(client);
    EXPECT_EQ(got.status(), "400");
    EXPECT_TRUE(got.has("Connection: close\r\n")) << got.head;
    EXPECT_TRUE(got.has("this port speaks TLS")) << got.body;
    EXPECT_TRUE(client.read_all().empty());
    EXPECT_EQ(client.error(), dt::errc::connection_closed);
  }
  EXPECT_EQ(served.statistics().failed_handshakes, 3U);
  EXPECT_EQ(file.db.statistics().active, 0U);

  const std::string clear = "workersql://127.0.0.1:" + std::to_string(served.port()) + "/main?ssl=false&apiKey=J";
  ws::client db{clear};
  for (const auto& refused : {db.with(dt::as_result).query_value<int>("select 1").error(),
                              db.with(dt::as_result).execute("delete from users").error(),
                              db.with(dt::as_result)
                                  .transaction([](auto& tx) { return tx.with(dt::as_result).execute("select 1"); })
                                  .error()}) {
    EXPECT_NE(refused.message().find("ssl=true"), std::string::npos) << refused.message();
    EXPECT_NE(refused.message().find("this port speaks TLS"), std::string::npos) << refused.message();
  }
  asio::io_context io;
  ws::async_client other{io.get_executor(), clear};
  auto asked = other.with(asio::use_future).query_value<int>("select 1");
  io.run();
  try {
    asked.get();
    ADD_FAILURE();
  } catch (const dt::error& refused) {
    EXPECT_NE(refused.info().message().find("ssl=true"), std::string::npos) << refused.what();
  }
  EXPECT_EQ(served.statistics().failed_handshakes, 7U) << "nothing is repeated";
}

TEST_F(GatewayTls, AnEncryptedClientAtAPlainPortIsAnsweredInPlainText) {
  ws::gateway served{file.db, with_key()};
  secure_wire client{place(served)};
  EXPECT_TRUE(client.error());
  EXPECT_EQ(ask(served, get("/health")).status(), "200");
}

TEST_F(GatewayTls, AHandshakeThatStallsOrCrawlsIsCutAfterTheReadLimit) {
  how.read_limit = 100ms;
  how.idle_limit = 1h;
  ws::gateway served{file.db, how};
  wire silent{served.endpoint()};
  wire begun{served.endpoint()};
  begun.send(std::string_view{"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03", 11});  // RFC 8446 section 4.1.2
  wire crawling{served.endpoint()};
  crawling.send(std::string_view{"\x16\x03\x01\x3F\xFF\x01\x00\x3F\xFB\x03\x03", 11});
  EXPECT_TRUE(soon([&] {
    crawling.send("x");
    return static_cast<bool>(crawling.error());
  }));
  EXPECT_TRUE(silent.read_all().empty());
  EXPECT_TRUE(begun.read_all().empty());
  EXPECT_TRUE(soon([&] { return served.statistics().failed_handshakes == 3; }));
  secure_wire half{place(served)};
  half.send("GET /health HTT");
  EXPECT_EQ(receive(half).status(), "408");
  half.close();
  secure_wire honest{place(served)};
  std::this_thread::sleep_for(200ms);  // longer than the read limit, which was for the handshake
  honest.send(get("/health"));
  EXPECT_EQ(receive(honest).status(), "200");
}

TEST_F(GatewayTls, HandshakesCountAsConnections) {
  how.max_connections = 2;
  ws::gateway served{file.db, how};
  wire first{served.endpoint()};
  wire second{served.endpoint()};
  ASSERT_TRUE(soon([&] { return served.statistics().connections == 2; }));
  wire third{served.endpoint()};
  EXPECT_TRUE(third.read_all().empty());
  EXPECT_EQ(served.statistics().refused_connections, 1U);
}

TEST_F(GatewayTls, StopEndsHandshakesAtOnce) {
  how.read_limit = 1h;
  how.stop_grace = 1h;
  ws::gateway served{file.db, how};
  std::vector<std::unique_ptr<wire>> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(std::make_unique<wire>(served.endpoint()));
    if (i % 2 == 0) all.back()->send(std::string_view{"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03", 11});
  }
  ASSERT_TRUE(soon([&] { return served.statistics().connections == 20; }));
  served.stop();  // or this test never ends
  for (const auto& each : all) EXPECT_TRUE(each->read_all().empty());
}

TEST_F(GatewayTls, StopDuringManyHandshakesEnds) {
  how.stop_grace = 100ms;
  for (int round = 0; round < 5; ++round) {
    ws::gateway served{file.db, how};
    const secure_endpoint where = place(served);
    std::vector<std::thread> all;
    for (int i = 0; i < 4; ++i) {
      all.emplace_back([&] {
        while (!secure_wire{where}.error()) {
        }
      });
    }
    EXPECT_TRUE(soon([&] { return served.statistics().accepted > 10; }));
    served.stop();
    for (std::thread& each : all) each.join();
  }
}

TEST_F(GatewayTls, ManyConnectionsAtTheSameTimeGetTheirOwnAnswers) {
  ws::gateway served{file.db, how};
  std::atomic<int> right{0};
  std::vector<std::thread> all;
  for (int thread = 0; thread < 8; ++thread) {
    all.emplace_back([&, thread] {
      std::vector<std::unique_ptr<secure_wire>> clients;
      for (int i = 0; i < 16; ++i) clients.push_back(std::make_unique<secure_wire>(place(served)));
      for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 16; ++i) {
          clients[static_cast<std::size_t>(i)]->send(
              query(R"J({"sql":"select )J" + std::to_string(thread * 100 + i) + R"J( as a"})J"));
        }
        for (int i = 0; i < 16; ++i) {
          right += receive(*clients[static_cast<std::size_t>(i)])
                       .has(R"J("rows":[{"a":)J" + std::to_string(thread * 100 + i) + "}]");
        }
      }
    });
  }
  for (std::thread& each : all) each.join();
  EXPECT_EQ(right, 8 * 16 * 3);
  EXPECT_TRUE(soon([&] { return served.statistics().connections == 0; }));
  EXPECT_EQ(served.statistics().failed_handshakes, 0U);
}

TEST_F(GatewayTls, Http11IsChosenAndWhoWantsOnlySomethingElseIsRefused) {
  ws::gateway served{file.db, how};
  secure_endpoint where = place(served);
  EXPECT_EQ(secure_wire{where}.stream().application_protocol(), "");
  where.settings.application_protocol = "http/1.1";
  EXPECT_EQ(secure_wire{where}.stream().application_protocol(), "http/1.1");
  where.settings.application_protocol = "h2";
  EXPECT_TRUE(secure_wire{where}.error());
}

/// What is agreed with a client that speaks from `oldest` to `newest`; empty: nothing.
std::string agreed(const ws::gateway& with, int oldest, int newest) {
  dt::tcp_stream plain{with.endpoint()};
  EXPECT_FALSE(dt::connect(plain, dt::deadline::after(60s)));
  const dt::detail::owned_handle socket = plain.release();
  ::fcntl(socket.get(), F_SETFL, ::fcntl(socket.get(), F_GETFL) & ~O_NONBLOCK);
  const std::unique_ptr<SSL_CTX, dt::detail::tls_deleter> context{SSL_CTX_new(TLS_client_method())};
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(), oldest);
  SSL_CTX_set_max_proto_version(context.get(), newest);
  const std::unique_ptr<SSL, dt::detail::tls_deleter> session{SSL_new(context.get())};
  SSL_set_fd(session.get(), socket.get());
  const bool is_done = SSL_connect(session.get()) == 1;
  ERR_clear_error();
  return is_done ? SSL_get_version(session.get()) : "";
}

TEST_F(GatewayTls, NothingOlderThanTls12IsSpokenOrThanWhatIsSaid) {
  {
    ws::gateway served{file.db, how};
    EXPECT_EQ(agreed(served, TLS1_VERSION, TLS1_1_VERSION), "");
    EXPECT_EQ(agreed(served, TLS1_VERSION, TLS1_2_VERSION), "TLSv1.2");
    EXPECT_EQ(agreed(served, TLS1_VERSION, TLS1_3_VERSION), "TLSv1.3");
  }
  how.tls->oldest = dt::tls_version::tls_1_3;
  ws::gateway served{file.db, how};
  EXPECT_EQ(agreed(served, TLS1_VERSION, TLS1_2_VERSION), "");
  EXPECT_EQ(agreed(served, TLS1_VERSION, TLS1_3_VERSION), "TLSv1.3");
}

TEST_F(GatewayTls, SessionsAreResumedUnlessClientsShowCertificates) {
  for (const bool shows : {false, true}) {
    if (shows) how.tls->client_authorities = authority.file();
    ws::gateway served{file.db, how};
    secure_endpoint where = place(served);
    if (shows) {
      where.settings.certificate = authority.client_file();
      where.settings.private_key = authority.client_key_file();
      where.settings.private_key_password = dt::secret{"sesame"};
    }
    for (const bool is_second : {false, true}) {
      secure_wire client{where};
      client.send(get("/auth/me"));
      EXPECT_EQ(receive(client).status(), "200");
      EXPECT_EQ(client.stream().is_resumed(), is_second && !shows);
    }
  }
}

TEST_F(GatewayTls, WhereClientsMustShowACertificateNobodyElseIsServed) {
  how.tls->client_authorities = authority.file();
  ws::gateway served{file.db, how};
  const auto is_served = [&](const secure_endpoint& from) {
    return ask(secure_wire{from}, get("/auth/me")).status() == "200";
  };
  secure_endpoint where = place(served);
  EXPECT_FALSE(is_served(where)) << "without one";
  const tests::tls_authority another;
  where.settings.private_key_password = dt::secret{"sesame"};
  where.settings.certificate = another.client_file();
  where.settings.private_key = another.client_key_file();
  EXPECT_FALSE(is_served(where)) << "of another authority";
  EXPECT_TRUE(soon([&] { return served.statistics().failed_handshakes == 2; }));
  where.settings.certificate = authority.client_file();
  where.settings.private_key = authority.client_key_file();
  EXPECT_TRUE(is_served(where));
  EXPECT_EQ(ask(secure_wire{where}, query(R"J({"sql":"select 1"})J", "")).status(), "401") << "and its key besides";
}

// What was good when the list of authorities was made may have ended since.
TEST_F(GatewayTls, ACertificateOfAClientThatHasExpiredIsNone) {
  how.tls->client_authorities = authority.file();
  ws::gateway served{file.db, how};
  const tests::tls_authority::server_files ended = authority.expired_client();
  secure_endpoint where = place(served);
  where.settings.certificate = ended.certificate;
  where.settings.private_key = ended.key;
  EXPECT_NE(ask(secure_wire{where}, get("/auth/me")).status(), "200");
  EXPECT_TRUE(soon([&] { return served.statistics().failed_handshakes == 1; }));
}

/// A TLS client whose records are made before they are sent.
class prepared_client {
 public:
  explicit prepared_client(const secure_endpoint& where, int newest = TLS1_3_VERSION) : to_(where.peer) {
    SSL_set_max_proto_version(session_.get(), newest);
    SSL_set_bio(session_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    while (SSL_connect(session_.get()) != 1) {
      to_.send(take());
      if (!receive()) return;
    }
    to_.send(take());
  }

  /// RFC 8446 section 4.6.3.
  void renew_key() {
    SSL_key_update(session_.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
    SSL_do_handshake(session_.get());
  }
  /// RFC 5246 section 7.4.1.2: a new handshake, of TLS 1.2.
  void begin_again() {
    SSL_renegotiate(session_.get());
    SSL_do_handshake(session_.get());
  }
  bool is_handshaking() const { return SSL_in_init(session_.get()) == 1; }
  void write(std::string_view text) { SSL_write(session_.get(), text.data(), static_cast<int>(text.size())); }
  void send_all() { to_.send(take()); }
  /// The beginning of the answer.
  std::string read() {
    char text[16];
    for (;;) {
      const int size = SSL_read(session_.get(), text, sizeof text);
      if (size > 0) return {text, static_cast<std::size_t>(size)};
      if (SSL_get_error(session_.get(), size) == SSL_ERROR_SSL) {
        why_ = ERR_GET_REASON(ERR_get_error());
        return {};
      }
      if (!receive()) return {};
    }
  }
  /// It could not be read.
  int why() const { return why_; }

 private:
  std::string take() {
    BIO* const from = SSL_get_wbio(session_.get());
    std::string bytes(BIO_ctrl_pending(from), '\0');
    if (!bytes.empty()) BIO_read(from, bytes.data(), static_cast<int>(bytes.size()));
    return bytes;
  }
  bool receive() {
    const std::vector<std::byte> one = to_.read(1);
    if (!one.empty()) BIO_write(SSL_get_rbio(session_.get()), one.data(), 1);
    return !one.empty();
  }

  wire to_;
  int why_ = 0;
  std::unique_ptr<SSL_CTX, dt::detail::tls_deleter> context_{SSL_CTX_new(TLS_client_method())};
  std::unique_ptr<SSL, dt::detail::tls_deleter> session_{SSL_new(context_.get())};
};

// None of them ends a step of OpenSSL's: it reads on while there is something.
TEST_F(GatewayTls, WhoRenewsItsKeysAllTheTimeHoldsUpNobody) {
  ws::gateway served{file.db, how};
  prepared_client busy{place(served)};
  for (int i = 0; i < 100'000; ++i) busy.renew_key();
  busy.write(get("/auth/me"));
  secure_wire other{place(served)};
  std::atomic<bool> is_over{false};
  std::thread sending{[&] {
    busy.send_all();
    EXPECT_TRUE(busy.read().starts_with("HTTP/1.1 200"));
    is_over = true;
  }};
  int answers = 0;
  for (; !is_over; ++answers) {
    other.send(get("/auth/me"));
    EXPECT_EQ(receive(other).status(), "200");
  }
  sending.join();
  EXPECT_GE(answers, 10);
}

// Each would cost it a key agreement, and its client next to nothing.
TEST_F(GatewayTls, NobodyMayBeginAnotherHandshake) {
  ws::gateway served{file.db, how};
  secure_wire other{place(served)};
  for (int i = 0; i < 20; ++i) {
    prepared_client busy{place(served), TLS1_2_VERSION};
    busy.begin_again();
    EXPECT_TRUE(busy.is_handshaking());
    busy.send_all();
    EXPECT_TRUE(busy.read().empty());  // an alert, no_renegotiation (100), at which OpenSSL's client ends
    EXPECT_TRUE(busy.is_handshaking());
    EXPECT_EQ(busy.why(), SSL_R_NO_RENEGOTIATION);
    other.send(get("/auth/me"));
    EXPECT_EQ(receive(other).status(), "200");
  }
  EXPECT_EQ(served.statistics().failed_handshakes, 0U);
}

// Files.

TEST_F(GatewayTls, FilesThatAreMissingOrWrongAreNamed) {
  const auto says = [this](const dt::tls_server_settings& tls, std::string_view words) {
    const dt::error_info got = why(tls);
    EXPECT_EQ(got.code(), dt::errc::invalid_option);
    EXPECT_NE(got.message().find(words), std::string::npos) << got.message();
  };
  const std::string nothing = files.certificate + ".nothing";
  says({}, "tls.certificate is missing");
  says({.private_key = files.key}, "tls.certificate is missing");
  says({.certificate = nothing, .private_key = files.key}, "tls.certificate '" + nothing + "': ");
  says({.certificate = nothing, .private_key = files.key}, "No such file or directory");
  says({.certificate = files.key, .private_key = files.key}, "tls.certificate '" + files.key + "': ");
  says({.certificate = files.certificate, .private_key = nothing}, "tls.private_key must be the name of a PEM file");
  says({.certificate = files.certificate, .private_key = nothing}, "No such file or directory");
  says({.certificate = files.certificate}, "tls.private_key must be the name of a PEM file");
  says({.certificate = files.certificate, .private_key = files.certificate}, "tls.private_key must be");
  says({.certificate = files.certificate, .private_key = files.key, .client_authorities = nothing},
       "tls.client_authorities '" + nothing + "': ");
  says({.certificate = files.certificate, .private_key = files.key, .client_authorities = files.key},
       "tls.client_authorities '" + files.key + "': ");
}

TEST_F(GatewayTls, AKeyOfAnotherCertificateIsRefused) {
  const std::string words = "tls.private_key is not the key of tls.certificate";
  EXPECT_NE(why({.certificate = files.certificate, .private_key = authority.server().key}).message().find(words),
            std::string::npos);
  EVP_PKEY* const other = EVP_RSA_gen(2048);  // of another kind, too
  const std::string path = files.key + ".rsa";
  std::FILE* const to = std::fopen(path.c_str(), "w");
  PEM_write_PrivateKey(to, other, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(to);
  EVP_PKEY_free(other);
  EXPECT_NE(why({.certificate = files.certificate, .private_key = path}).message().find(words), std::string::npos);
}

TEST_F(GatewayTls, AnEncryptedKeyNeedsItsPasswordAndNeverAsksForIt) {
  const tests::tls_authority::server_files locked = authority.server("IP:127.0.0.1", "sesame");
  EXPECT_NE(why({.certificate = locked.certificate, .private_key = locked.key})
                .message()
                .find("tls.private_key is encrypted, and tls.private_key_password is missing"),
            std::string::npos);
  const std::string wrong = why({locked.certificate, locked.key, dt::secret{"wrong-password"}}).message();
  EXPECT_NE(wrong.find("tls.private_key_password does not open tls.private_key"), std::string::npos) << wrong;
  EXPECT_EQ(wrong.find("wrong-password"), std::string::npos);
  how.tls = {locked.certificate, locked.key, dt::secret{"sesame"}};
  ws::gateway served{file.db, how};
  EXPECT_EQ(ask(secure_wire{place(served)}, get("/health")).status(), "200");
}

TEST_F(GatewayTls, AKeyThatIsGivenAsTextIsNotPrinted) {
  const std::string text = contents(files.key);
  ASSERT_NE(text.find("PRIVATE KEY"), std::string::npos);
  const std::string message = why({.certificate = files.certificate, .private_key = text}).message();
  EXPECT_NE(message.find("tls.private_key must be the name of a PEM file"), std::string::npos) << message;
  EXPECT_EQ(message.find(text.substr(40, 20)), std::string::npos);
}

TEST_F(GatewayTls, CertificateAndKeyMayBeInOneFile) {
  const std::string both = files.certificate + ".both";
  std::ofstream{both} << contents(files.certificate) << contents(files.key);
  how.tls = {.certificate = both};
  ws::gateway served{file.db, how};
  EXPECT_EQ(ask(secure_wire{place(served)}, get("/health")).status(), "200");
}

// Files that have changed.

/// What a client is shown: the hash of the certificate (RFC 5929 section 4).
std::string shown_to(secure_wire& client) {
  const dt::byte_view hash = client.stream().channel_binding();
  return std::string{dt::as_text(hash)};
}
std::string shown_to(secure_wire&& client) { return shown_to(client); }

void replace(const std::string& file, const std::string& by) {
  std::filesystem::copy_file(by, file, std::filesystem::copy_options::overwrite_existing);
}

TEST_F(GatewayTls, ARenewedCertificateIsShownWhenItIsToldToReadItAgain) {
  ws::gateway served{file.db, how};
  ws::client db{dsn(served)};  // goes on with the sessions that it has
  EXPECT_EQ(db.query_value<int>("select 1"), 1);
  secure_wire before{place(served)};
  const std::string first = shown_to(before);
  EXPECT_FALSE(first.empty());

  const tests::tls_authority::server_files renewed = authority.server();
  replace(files.certificate, renewed.certificate);
  EXPECT_EQ(shown_to(secure_wire{place(served)}), first) << "nobody has told it";
  const dt::result<void> half = served.reload_tls();
  ASSERT_FALSE(half);
  EXPECT_EQ(half.error().code(), dt::errc::invalid_option);
  EXPECT_NE(half.error().message().find("tls.private_key is not the key of tls.certificate"), std::string::npos)
      << half.error().message();
  EXPECT_EQ(shown_to(secure_wire{place(served)}), first) << "nothing changes by half";

  replace(files.key, renewed.key);
  EXPECT_TRUE(served.reload_tls());
  const std::string second = shown_to(secure_wire{place(served)});
  EXPECT_FALSE(second.empty());
  EXPECT_NE(second, first);
  EXPECT_EQ(ask(std::move(before), query(R"J({"sql":"select 7 as a"})J")).status(), "200");
  EXPECT_EQ(db.query_value<int>("select 2"), 2);
  db.close();
  ws::client resuming{dsn(served)};
  EXPECT_EQ(resuming.query_value<int>("select 3"), 3);

  std::ofstream{files.certificate} << "nothing of a certificate";
  const dt::result<void> broken = served.reload_tls();
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message().find("tls.certificate"), std::string::npos) << broken.error().message();
  std::filesystem::remove(files.certificate);
  EXPECT_FALSE(served.reload_tls());
  EXPECT_EQ(shown_to(secure_wire{place(served)}), second);
  served.stop();
  EXPECT_FALSE(served.reload_tls());
}

TEST_F(GatewayTls, ASessionOfBeforeIsNotGoneOnWithAfterwards) {
  ws::gateway served{file.db, how};
  const secure_endpoint where = place(served);
  for (const bool is_resumed : {false, true}) {
    secure_wire client{where};
    client.send(get("/auth/me"));
    EXPECT_EQ(receive(client).status(), "200");
    EXPECT_EQ(client.stream().is_resumed(), is_resumed);
  }
  ASSERT_TRUE(served.reload_tls());
  secure_wire client{where};
  client.send(get("/auth/me"));
  EXPECT_EQ(receive(client).status(), "200");
  EXPECT_FALSE(client.stream().is_resumed());
}

TEST_F(GatewayTls, AHandshakeThatIsUnderWayGoesOnWithWhatItBeganWith) {
  ws::gateway served{file.db, how};
  const std::string first = shown_to(secure_wire{place(served)});
  secure_endpoint where = place(served);
  where.settings.start = dt::tls_start::on_request;
  where.settings.application_protocol = "http/1.1";
  secure_wire early{where};
  ASSERT_TRUE(soon([&] { return served.statistics().accepted == 2; }));
  const tests::tls_authority::server_files renewed = authority.server();
  replace(files.certificate, renewed.certificate);
  replace(files.key, renewed.key);
  ASSERT_TRUE(served.reload_tls());
  EXPECT_NE(shown_to(secure_wire{place(served)}), first) << "by now the first ones are used by nobody else";
  EXPECT_FALSE(dt::start_tls(early.stream(), dt::deadline::after(60s)));
  EXPECT_EQ(shown_to(early), first);
  EXPECT_EQ(early.stream().application_protocol(), "http/1.1");
  EXPECT_EQ(ask(std::move(early), get("/auth/me")).status(), "200");
}

TEST_F(GatewayTls, AuthoritiesOfClientsAreReadAgainToo) {
  const tests::tls_authority another;
  const std::string list = files.certificate + ".authorities";
  replace(list, authority.file());
  how.tls->client_authorities = list;
  ws::gateway served{file.db, how};
  secure_endpoint where = place(served);
  where.settings.certificate = another.client_file();
  where.settings.private_key = another.client_key_file();
  where.settings.private_key_password = dt::secret{"sesame"};
  EXPECT_NE(ask(secure_wire{where}, get("/auth/me")).status(), "200");
  replace(list, another.file());
  ASSERT_TRUE(served.reload_tls());
  EXPECT_EQ(ask(secure_wire{where}, get("/auth/me")).status(), "200");
}

TEST_F(GatewayTls, SeveralThreadsMayHaveTheFilesReadWhileOthersConnect) {
  ws::gateway served{file.db, how};
  const secure_endpoint where = place(served);
  std::vector<std::thread> all;
  for (int thread = 0; thread < 2; ++thread) {
    all.emplace_back([&] {
      for (int i = 0; i < 20; ++i) EXPECT_TRUE(served.reload_tls());
    });
    all.emplace_back([&] {
      for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(secure_wire{where}, get("/auth/me")).status(), "200");
    });
  }
  for (std::thread& each : all) each.join();
  EXPECT_EQ(served.statistics().failed_handshakes, 0U);
}

TEST_F(GatewayTls, WithoutTlsThereIsNothingToReadAgain) {
  ws::gateway served{file.db, with_key()};
  const dt::result<void> refused = served.reload_tls();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), dt::errc::invalid_state);
  EXPECT_EQ(ask(served, get("/health")).status(), "200");
}

}  // namespace
