// Golden examples G26 and G27 of the specification against the gateway over real sockets: the upstream dialect of
// transactions over WebSocket, and the preflight request of a browser.
#include <dovetail/sqlite.hpp>
#include <dovetail/workersql_gateway.hpp>

#include <support/lensdb_wire.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
namespace ws = dt::workersql;
using lensdb_test::wire;

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string read_head(wire& from) {
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    const std::string one = text_of(from.read(1));
    if (one.empty()) break;
    head += one;
  }
  return head;
}

/// Sends a text frame masked with zeros (RFC 6455 section 5.2), and reads one of less than 64 KiB.
std::string say(wire& to, std::string_view message) {
  std::string frame{"\x81"};
  frame += static_cast<char>(0x80 | message.size());
  frame.append(4, '\0').append(message);
  to.send(frame);
  const std::string head = text_of(to.read(2));
  if (head.size() < 2 || head[0] != '\x81') return "no text frame";
  std::size_t size = static_cast<unsigned char>(head[1]);
  if (size == 126) {
    const std::string more = text_of(to.read(2));
    size = static_cast<std::size_t>(static_cast<unsigned char>(more[0])) << 8 | static_cast<unsigned char>(more[1]);
  }
  return text_of(to.read(size));
}

ws::gateway_options with_key() {
  ws::gateway_options how;
  how.authentication.api_keys.push_back({.key = dt::secret{"J"}, .name = "app", .may = ws::permissions::admin});
  return how;
}

// Where the upstream gateway answers 'Transaction not found', the statement is executed here: that is what the dialect
// was made for. The shapes are the same, and the second commit fails in both.
TEST(WorkersqlGolden, G26) {
  dt::sqlite::client behind{"sqlite::memory:"};
  behind.execute("create table wst(v text)");
  ws::gateway served{behind, with_key()};
  wire client{served.endpoint()};
  client.send(std::string_view{
      "GET /sql/ws HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer J\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"});
  const std::string head = read_head(client);
  ASSERT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
  const std::string begun = say(client, R"J({"action":"begin","transactionId":"tx-1"})J");
  EXPECT_TRUE(begun.starts_with(R"J({"success":true,"action":"begin",)J")) << begun;
  EXPECT_NE(begun.find(R"J("transactionId":"tx-1")J"), std::string::npos) << begun;
  const std::string inserted = say(client, R"J({"sql":"INSERT INTO wst (v) VALUES (?)","params":["a"]})J");
  EXPECT_TRUE(inserted.starts_with(R"J({"success":true,"data":{"rows":[],"rowsAffected":1,)J")) << inserted;
  const std::string committed = say(client, R"J({"action":"commit"})J");
  EXPECT_TRUE(committed.starts_with(R"J({"success":true,"action":"commit")J")) << committed;
  const std::string again = say(client, R"J({"action":"commit"})J");
  EXPECT_TRUE(again.starts_with(R"J({"success":false,"action":"commit")J")) << again;
  EXPECT_EQ(behind.query_value<std::string>("select v from wst"), "a");
}

TEST(WorkersqlGolden, G27) {
  dt::sqlite::client behind{"sqlite::memory:"};
  ws::gateway_options how = with_key();
  how.cors_origins = {"*"};
  ws::gateway served{behind, how};
  wire client{served.endpoint()};
  client.send(std::string_view{"OPTIONS /sql/query HTTP/1.1\r\nHost: h\r\nOrigin: https://app.example\r\n\r\n"});
  const std::string head = read_head(client);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 204 ")) << head;
  const std::size_t at = head.find("Access-Control-Allow-Methods: ");
  ASSERT_NE(at, std::string::npos) << head;
  const std::string methods = head.substr(at, head.find("\r\n", at) - at);
  for (const std::string_view each : {"GET", "POST", "OPTIONS"}) {  // this gateway has no PUT and DELETE
    EXPECT_NE(methods.find(each), std::string::npos) << methods;
  }
}

}  // namespace
