#include <dovetail/format/websocket/handshake.hpp>

#include <dovetail/base/text.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
namespace http1 = dovetail::http1;
namespace websocket = dovetail::websocket;
using websocket::problem;

// RFC 6455 sections 1.2 and 1.3
constexpr std::string_view example_request =
    "GET /chat HTTP/1.1\r\n"
    "Host: server.example.com\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Origin: http://example.com\r\n"
    "Sec-WebSocket-Protocol: chat, superchat\r\n"
    "Sec-WebSocket-Version: 13\r\n"
    "\r\n";
constexpr std::string_view example_response =
    "HTTP/1.1 101 Switching Protocols\r\n"
    "Upgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    "Sec-WebSocket-Protocol: chat\r\n"
    "\r\n";

/// Knows the hash of the standard's example, and no other.
bool sha1_of_the_example(dt::byte_view data, std::array<std::byte, 20>& out) noexcept {
  return dt::as_text(data) == "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11" &&
         dt::parse_hex("b37a4f2cc0624f1690f64606cf385945b2bec4ea", out);
}

websocket::accept_text example_accept() {
  websocket::accept_text accept{};
  EXPECT_TRUE(websocket::make_accept("dGhlIHNhbXBsZSBub25jZQ==", &sha1_of_the_example, accept));
  return accept;
}

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string made{text};
  const std::size_t at = made.find(what);
  EXPECT_NE(at, made.npos) << what;
  return made.replace(at, what.size(), by);
}

TEST(WebSocketHandshake, TheAcceptOfTheStandardsExampleIsMade) {
  const auto accept = example_accept();
  EXPECT_EQ(std::string_view(accept.data(), accept.size()), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  websocket::accept_text other{};
  EXPECT_FALSE(websocket::make_accept("dGhlIHNhbXBsZSBub25jZQ=", &sha1_of_the_example, other));
  EXPECT_FALSE(websocket::make_accept("AGhlIHNhbXBsZSBub25jZQ==", &sha1_of_the_example, other));
}

TEST(WebSocketHandshake, AKeyIsTheBase64OfSixteenBytes) {
  // "the sample nonce"
  std::array<std::byte, 16> nonce{};
  ASSERT_TRUE(dt::parse_hex("7468652073616d706c65206e6f6e6365", nonce));
  const auto key = websocket::make_key(nonce);
  EXPECT_EQ(std::string_view(key.data(), key.size()), "dGhlIHNhbXBsZSBub25jZQ==");
}

problem check_request(std::string_view bytes, std::string& key) {
  http1::request_reader reader;
  http1::request_head head;
  EXPECT_EQ(reader.read(bytes, head).state, http1::progress::complete) << bytes;
  std::string_view found;
  const problem why = websocket::check_upgrade_request(head, found);
  key = found;
  return why;
}

TEST(WebSocketHandshake, AServerTakesTheRequestOfTheStandard) {
  std::string key;
  EXPECT_EQ(check_request(example_request, key), problem::none);
  EXPECT_EQ(key, "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(check_request(replaced(example_request, "Connection: Upgrade", "Connection: keep-alive, UPGRADE"), key),
            problem::none);
  EXPECT_EQ(check_request(replaced(example_request, "Upgrade: websocket", "Upgrade: h2c, WebSocket"), key),
            problem::none);
  EXPECT_EQ(check_request(replaced(example_request, "Origin: http://example.com", "Content-Length: 0"), key),
            problem::none);
}

TEST(WebSocketHandshake, AServerRefusesWhatIsNoUpgrade) {
  std::string key;
  const auto refusal = [&key](std::string_view what, std::string_view by) {
    return check_request(replaced(example_request, what, by), key);
  };
  EXPECT_EQ(refusal("GET", "POST"), problem::not_an_upgrade);
  EXPECT_EQ(refusal("HTTP/1.1", "HTTP/1.0"), problem::not_an_upgrade);
  EXPECT_EQ(refusal("Connection: Upgrade\r\n", ""), problem::not_an_upgrade);
  EXPECT_EQ(refusal("Connection: Upgrade", "Connection: Upgraded"), problem::not_an_upgrade);
  EXPECT_EQ(refusal("Upgrade: websocket", "Upgrade: websockets"), problem::not_an_upgrade);
  EXPECT_EQ(refusal("Origin: http://example.com", "Content-Length: 1"), problem::not_an_upgrade);
  EXPECT_EQ(refusal("Origin: http://example.com", "Transfer-Encoding: chunked"), problem::not_an_upgrade);
  EXPECT_EQ(refusal("Version: 13", "Version: 8"), problem::unsupported_version);
  EXPECT_EQ(refusal("Version: 13", "Version: 13\r\nSec-WebSocket-Version: 8"), problem::unsupported_version);
  EXPECT_EQ(refusal("Sec-WebSocket-Version: 13\r\n", ""), problem::unsupported_version);
  EXPECT_EQ(refusal("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""), problem::bad_key);
  EXPECT_EQ(refusal("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j"), problem::bad_key);
  EXPECT_EQ(refusal("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=!"), problem::bad_key);
  EXPECT_EQ(refusal("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZWVl"), problem::bad_key);  // 18 bytes
  EXPECT_EQ(refusal("Origin: http://example.com", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), problem::bad_key);
}

problem check_response(std::string_view bytes, std::string_view offered) {
  http1::response_reader reader;
  http1::response_head head;
  EXPECT_EQ(reader.read(bytes, head).state, http1::progress::complete) << bytes;
  return websocket::check_upgrade_response(head, example_accept(), offered);
}

TEST(WebSocketHandshake, AClientTakesTheResponseOfTheStandard) {
  EXPECT_EQ(check_response(example_response, "chat, superchat"), problem::none);
  EXPECT_EQ(check_response(replaced(example_response, "Sec-WebSocket-Protocol: chat\r\n", ""), ""), problem::none);
  EXPECT_EQ(check_response(replaced(example_response, ": websocket", ": WebSocket"), "chat"), problem::none);
}

TEST(WebSocketHandshake, AClientRefusesWhatItDidNotAskFor) {
  const auto refusal = [](std::string_view what, std::string_view by) {
    return check_response(replaced(example_response, what, by), "chat, superchat");
  };
  EXPECT_EQ(refusal("101", "200"), problem::not_an_upgrade);
  EXPECT_EQ(refusal("HTTP/1.1", "HTTP/1.0"), problem::not_an_upgrade);
  EXPECT_EQ(refusal("Upgrade: websocket\r\n", ""), problem::not_an_upgrade);
  EXPECT_EQ(refusal("Upgrade: websocket", "Upgrade: h2c"), problem::not_an_upgrade);
  EXPECT_EQ(refusal("Connection: Upgrade\r\n", ""), problem::not_an_upgrade);
  EXPECT_EQ(refusal("s3pPL", "S3pPL"), problem::bad_accept);
  EXPECT_EQ(refusal("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", ""), problem::bad_accept);
  EXPECT_EQ(refusal("Protocol: chat", "Protocol: Chat"), problem::unasked_protocol);
  EXPECT_EQ(refusal("Protocol: chat", "Protocol: chat, superchat"), problem::unasked_protocol);
  EXPECT_EQ(refusal("Protocol: chat", "Extensions: permessage-deflate"), problem::unasked_extension);
  EXPECT_EQ(check_response(example_response, ""), problem::unasked_protocol);
}

TEST(WebSocketHandshake, BothSidesWriteTheFieldsOfTheStandard) {
  std::array<std::byte, 16> nonce{};
  ASSERT_TRUE(dt::parse_hex("7468652073616d706c65206e6f6e6365", nonce));
  dt::byte_buffer out;
  http1::head_writer request{out};
  request.request("GET", "/chat").field("Host", "server.example.com");
  websocket::add_upgrade_request(request, websocket::make_key(nonce));
  EXPECT_EQ(request.end(), http1::problem::none);
  EXPECT_EQ(dt::as_text(out.view()),
            "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  out.clear();
  http1::head_writer response{out};
  response.response(101);
  websocket::add_upgrade_response(response, example_accept());
  response.field("Sec-WebSocket-Protocol", "chat");
  EXPECT_EQ(response.end(), http1::problem::none);
  EXPECT_EQ(dt::as_text(out.view()), example_response);
}

TEST(WebSocketHandshake, TheFirstSubprotocolThatBothSidesHaveIsChosen) {
  http1::request_reader reader;
  http1::request_head head;
  ASSERT_EQ(reader.read(example_request, head).state, http1::progress::complete);
  EXPECT_EQ(websocket::choose_protocol(head, {"superchat", "chat"}), "chat");
  EXPECT_EQ(websocket::choose_protocol(head, {"x", "superchat"}), "superchat");
  EXPECT_FALSE(websocket::choose_protocol(head, {"Chat"}));
  EXPECT_FALSE(websocket::choose_protocol(head, {}));
}

}  // namespace
