// What one peer may take of a WorkerSQL gateway that others want too: threads, time, messages, room; and its end.
#include <support/workersql_gateway.hpp>

#include <dovetail/format/base64.hpp>
#include <dovetail/transport/tls_digest.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using namespace gateway_test;

TEST(GatewayHealth, ManyWhoAskAtOnceAskTheDatabaseOnce) {
  auto behind = std::make_unique<gated_database>();
  const auto gate = behind->state;
  gate->holds_pings = true;
  ws::gateway_options how = with_key();
  how.health_keep = 1h;
  ws::gateway served{std::move(behind), how};
  std::vector<std::unique_ptr<wire>> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(std::make_unique<wire>(served.endpoint()));
    all.back()->send(get("/health"));
  }
  EXPECT_TRUE(soon([&] {
    const std::lock_guard lock{gate->mutex};
    return gate->pings > 0;
  }));
  gate->open();
  std::string body;
  for (const auto& each : all) {
    const response got = receive(*each);
    EXPECT_EQ(got.status(), "503");
    if (body.empty()) body = got.body;
    EXPECT_EQ(got.body, body);
  }
  const std::lock_guard lock{gate->mutex};
  EXPECT_EQ(gate->pings, 1);
}

TEST(GatewayHealth, AnAnswerThatIsTooOldIsAskedForAgain) {
  auto behind = std::make_unique<gated_database>();
  const auto gate = behind->state;
  ws::gateway_options how = with_key();
  how.health_keep = 0s;
  ws::gateway served{std::move(behind), how};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(served, get("/health")).status(), "503");
  const std::lock_guard lock{gate->mutex};
  EXPECT_EQ(gate->pings, 3);
}

TEST(GatewayTransactions, NothingButItsNextMessageKeepsOneAlive) {
  for (const bool sends_fragments : {false, true}) {
    file_database file;
    ws::gateway_options how = with_key();
    how.transaction_limit = 300ms;
    ws::gateway served{file.db, how};
    socket_client client{served};
    ASSERT_NE(client.say(R"J({"type":"begin","id":"1"})J").find("response"), std::string::npos);
    if (sends_fragments) client.send_frame(0x01, "{");
    bool is_over = false;
    for (int i = 0; i < 400 && !is_over; ++i) {
      client.send_frame(sends_fragments ? 0x00 : 0x89, " ");
      std::this_thread::sleep_for(20ms);
      is_over = served.statistics().transactions == 0;
    }
    EXPECT_TRUE(is_over) << (sends_fragments ? "fragments" : "pings");
  }
}

TEST(GatewayTransactions, TheLimitOfAMessageCountsTheWaitForAThread) {
  auto behind = std::make_unique<gated_database>();
  const auto gate = behind->state;
  ws::gateway_options how = with_key();
  how.worker_threads = 1;
  how.request_limit = 200ms;
  ws::gateway served{std::move(behind), how};
  wire first{served.endpoint()};
  first.send(query(R"J({"sql":"insert into t values(1)"})J"));
  gate->wait_for_executions(1);
  socket_client second{served};
  second.send_frame(0x81, R"J({"type":"query","id":"1","sql":"insert into t values(2)"})J");
  EXPECT_TRUE(soon([&] { return served.statistics().messages == 1; }));
  std::this_thread::sleep_for(300ms);
  gate->open();
  EXPECT_FALSE(second.read_frame().empty());
  const std::lock_guard lock{gate->mutex};
  EXPECT_EQ(gate->executed, 2);
  EXPECT_TRUE(gate->was_late);
}

TEST(GatewayLimits, MessagesCountAsRequests) {
  file_database file;
  ws::gateway_options how = with_key();
  how.rate = {.requests = 3, .window = 3600s};
  ws::gateway served{file.db, how};
  socket_client client{served};
  EXPECT_NE(client.say(R"J({"type":"begin","id":"1"})J").find("response"), std::string::npos);
  EXPECT_NE(client.say(R"J({"type":"query","id":"2","sql":"insert into users(id) values (5)"})J").find("response"),
            std::string::npos);
  const std::string refused = client.say(R"J({"type":"query","id":"3","sql":"insert into users(id) values (6)"})J");
  EXPECT_TRUE(refused.starts_with(R"J({"id":"3","type":"error","error":{"code":"RESOURCE_LIMIT")J")) << refused;
  EXPECT_NE(refused.find(R"J("retryAfter":)J"), std::string::npos) << refused;
  EXPECT_EQ(served.statistics().limited, 1u);
  EXPECT_NE(client.say(R"J({"type":"commit","id":"4"})J").find("response"), std::string::npos)
      << "what ends a transaction is always let through";
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 1);
}

std::string base64url(dt::byte_view bytes) {
  std::string text(dt::detail::base64_size(bytes.size()), '\0');
  dt::detail::write_base64(text.data(), bytes);
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return text;
}

std::string token_until(std::int64_t expires) {
  std::string token = base64url(dt::as_byte_view(std::string_view{R"J({"alg":"HS256"})J"})) + '.';
  token +=
      base64url(dt::as_byte_view(R"J({"tenant_id":"t","permissions":"write","exp":)J" + std::to_string(expires) + '}'));
  ws::serving::digest signature{};
  EXPECT_TRUE(dt::detail::hmac_sha256(dt::as_byte_view(std::string_view{"s"}), dt::as_byte_view(token), signature));
  return token + '.' + base64url(signature);
}

TEST(GatewayToken, AWebSocketDoesNotOutliveIt) {
  for (const bool has_transaction : {false, true}) {
    file_database file;
    ws::gateway_options how;
    how.authentication.jwt_secret = dt::secret{"s"};
    how.authentication.jwt_leeway = 0s;
    ws::gateway served{file.db, how};
    std::unique_ptr<socket_client> client;
    for (const int seconds : {2, 4, 8}) {  // on a slow machine the token may have ended before it comes
      const std::string token = token_until(ws::serving::unix_time() + seconds);
      client = std::make_unique<socket_client>(served, "/v1/ws", "Authorization: Bearer " + token + "\r\n");
      const bool is_open = client->answer.status() == "101";
      if (is_open &&
          (!has_transaction || client->say(R"J({"type":"begin","id":"1"})J").find("response") != std::string::npos)) {
        break;
      }
    }
    EXPECT_EQ(client->read_frame(), (std::string_view{"\x03\xF0", 2})) << "policy violation (RFC 6455, section 7.4.1)";
    EXPECT_EQ(client->code, 0x88u);
    EXPECT_TRUE(soon([&] { return served.statistics().transactions == 0; }));
  }
}

TEST(GatewayLimits, WhoDoesNotReadItsAnswersDoesNotTakeTheRoomOfAll) {
  file_database file;
  ws::gateway_options how = with_key();
  how.results = {.rows = 100, .bytes = 64 * 1024 * 1024};
  how.answer_memory = 1024 * 1024;
  ws::gateway served{file.db, how};
  socket_client socket{served};
  const std::string keyed =
      query(R"J({"sql":"insert into users(id) values (1)"})J", "Authorization: Bearer J\r\nIdempotency-Key: k\r\n");
  EXPECT_EQ(ask(served, keyed).status(), "200");
  auto slow = std::make_unique<wire>(served.endpoint());
  slow->send(query(R"J({"sql":"select hex(zeroblob(20000000)) as a"})J"));
  EXPECT_TRUE(soon([&] { return served.statistics().requests == 3; }));  // with the upgrade: its answer is under way
  const response refused = ask(served, query(R"J({"sql":"insert into users(id) values (2)"})J"));
  EXPECT_EQ(refused.status(), "503");
  EXPECT_TRUE(refused.has("Retry-After: 1\r\n"));
  EXPECT_TRUE(refused.has(R"J("code":"RESOURCE_LIMIT")J"));
  EXPECT_EQ(ask(served, keyed).status(), "503") << "an answer that is kept needs room as well";
  EXPECT_NE(socket.say(R"J({"type":"query","id":"1","sql":"select 1"})J").find("RESOURCE_LIMIT"), std::string::npos);
  EXPECT_EQ(ask(served, get("/health")).status(), "200");
  slow->close();
  EXPECT_TRUE(soon([&] { return ask(served, query(R"J({"sql":"select 1"})J")).status() == "200"; }));
  EXPECT_TRUE(ask(served, keyed).has("Idempotency-Replayed: true\r\n"));
  EXPECT_NE(socket.say(R"J({"type":"query","id":"2","sql":"select 1"})J").find("response"), std::string::npos);
  EXPECT_EQ(file.db.query_value<int>("select count(*) from users"), 1) << "what was refused was not executed";
}

TEST(GatewayIdempotent, AQueryThatOnlyReadsIsNotKept) {
  file_database file;
  ws::gateway_options how = with_key();
  how.idempotency.entries = 2;
  ws::gateway served{file.db, how};
  const auto keyed = [&](std::string_view key, std::string_view sql) {
    return ask(served, query(std::string{R"J({"sql":")J"}.append(sql).append("\"}"),
                             std::string{"Authorization: Bearer J\r\nIdempotency-Key: "}.append(key).append("\r\n")));
  };
  for (const char* key : {"a", "b", "c", "d"}) {
    const response got = keyed(key, "select count(*) as n from users");
    EXPECT_TRUE(got.has(R"J("n":0)J")) << got.body;
  }
  EXPECT_EQ(keyed("e", "insert into users(id) values (1)").status(), "200");
  EXPECT_TRUE(keyed("a", "select count(*) as n from users").status() == "503") << "half of two is one";
  const response full = keyed("f", "insert into users(id) values (2)");
  EXPECT_EQ(full.status(), "503");
  const std::size_t at = full.head.find("Retry-After: ");
  ASSERT_NE(at, std::string::npos) << full.head;
  const int wait = std::stoi(full.head.substr(at + 13));
  EXPECT_TRUE(wait > 200 && wait <= 300) << wait << ": the first key is forgotten then";
}

TEST(GatewayLimits, AChunkedBodyMayBeCutIntoSingleBytes) {
  file_database file;
  ws::gateway served{file.db, with_key()};
  std::string body = R"J({"sql":"select 7 as a"})J";
  body.append(600'000, ' ');
  std::string bytes = "POST /sql HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer J\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const char c : body) ((bytes += "1\r\n") += c) += "\r\n";
  const response got = ask(served, bytes + "0\r\n\r\n");
  EXPECT_TRUE(got.has(R"J("rows":[{"a":7}])J")) << got.head << got.body;
}

TEST(GatewayStop, AWebSocketThatIsOpenedMeanwhileIsToldSo) {
  std::string opened;
  for (int i = 0; i < 50 && opened != "101"; ++i) {
    file_database file;
    ws::gateway_options how = with_key();
    how.stop_grace = 30s;
    ws::gateway served{file.db, how};
    wire idle{served.endpoint()};
    wire late{served.endpoint()};
    late.send(get("/health") + "GET /v1/ws HTTP/1.1\r\nHost: h\r\n");
    EXPECT_EQ(receive(late).status(), "200");
    std::this_thread::sleep_for(5ms * i);  // when the stop comes before the upgrade has begun, it does not begin
    std::thread stopping{[&] { served.stop(); }};
    EXPECT_TRUE(idle.read(1).empty()) << "everybody has been told";
    late.send(
        "Authorization: Bearer J\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    opened = receive(late).status();
    if (opened == "101") {
      EXPECT_EQ(text_of(late.read(4)), (std::string_view{"\x88\x02\x03\xE9", 4})) << "going away";
    }
    late.close();
    stopping.join();
  }
  EXPECT_EQ(opened, "101");
}

TEST(GatewayStop, SeveralThreadsMayStopIt) {
  auto behind = std::make_unique<gated_database>();
  const auto gate = behind->state;
  ws::gateway served{std::move(behind), with_key()};
  wire client{served.endpoint()};
  client.send(query(R"J({"sql":"insert into t values(1)"})J"));
  gate->wait_for_executions(1);
  std::vector<std::thread> all;
  for (int i = 0; i < 4; ++i) all.emplace_back([&] { served.stop(); });
  std::this_thread::sleep_for(100ms);  // all of them wait for the one who asks
  gate->open();
  for (std::thread& each : all) each.join();
  EXPECT_EQ(receive(client).status(), "200");
}

}  // namespace
