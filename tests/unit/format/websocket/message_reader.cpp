#include <dovetail/format/websocket/message_reader.hpp>

#include <dovetail/format/websocket/frame_writer.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_literals;
namespace dt = dovetail;
namespace websocket = dovetail::websocket;
using websocket::close_code;
using websocket::problem;
using websocket::received;
using websocket::role;

std::string bytes_of(std::initializer_list<int> numbers) {
  std::string bytes;
  for (const int each : numbers) bytes += static_cast<char>(each);
  return bytes;
}

/// Everything that a reader gives for a stream, in words.
std::vector<std::string> told(role ours, std::string stream, std::size_t step, websocket::reader_limits bounds = {}) {
  websocket::message_reader reader{ours, bounds};
  std::vector<std::string> events;
  std::string pending;
  std::size_t given = 0;
  while (true) {
    const websocket::reading found = reader.read({reinterpret_cast<std::byte*>(pending.data()), pending.size()});
    const std::string payload{dt::as_text(found.payload)};
    switch (found.what) {
      case received::need_more:
        EXPECT_GT(found.wanted, 0u);
        break;
      case received::text:
        events.push_back("text " + payload);
        break;
      case received::binary:
        events.push_back("binary " + payload);
        break;
      case received::ping:
        events.push_back("ping " + payload);
        break;
      case received::pong:
        events.push_back("pong " + payload);
        break;
      case received::close:
        events.push_back("close " + std::to_string(static_cast<unsigned>(found.code)) + " " + payload);
        return events;
      case received::failed:
        events.push_back("failed: " + std::string{websocket::text_of(found.why)});
        return events;
    }
    EXPECT_LE(found.used, pending.size());
    pending.erase(0, found.used);
    if (found.what != received::need_more) continue;
    if (given == stream.size()) return events;
    const std::size_t count = step == 0 ? stream.size() : std::min(step, stream.size() - given);
    std::string moved = pending + stream.substr(given, count);  // at another place
    pending = std::move(moved);
    given += count;
  }
}

using events = std::vector<std::string>;

void expect_events(role ours, const std::string& stream, const events& expected, websocket::reader_limits bounds = {}) {
  for (const std::size_t step : {0u, 1u, 2u, 3u, 7u}) {
    EXPECT_EQ(told(ours, stream, step, bounds), expected) << "by " << step << " bytes";
  }
}

void expect_problem(role ours, const std::string& stream, problem why) {
  expect_events(ours, stream, {"failed: " + std::string{websocket::text_of(why)}});
}

// RFC 6455 section 5.7
const std::string plain_hello = bytes_of({0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f});
const std::string masked_hello = bytes_of({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58});
const std::string fragmented_hello = bytes_of({0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f});
const std::string plain_ping = bytes_of({0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f});
const std::string masked_pong = bytes_of({0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58});

TEST(WebSocketMessageReader, TheExamplesOfTheStandardAreRead) {
  expect_events(role::client, plain_hello, {"text Hello"});
  expect_events(role::server, masked_hello, {"text Hello"});
  expect_events(role::client, fragmented_hello, {"text Hello"});
  expect_events(role::client, plain_ping, {"ping Hello"});
  expect_events(role::server, masked_pong, {"pong Hello"});
  const std::string many(256, 'x');
  expect_events(role::client, bytes_of({0x82, 0x7E, 0x01, 0x00}) + many, {"binary " + many});
  const std::string more(65536, 'y');
  EXPECT_EQ(told(role::client, bytes_of({0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0}) + more, 1000), events{"binary " + more});
}

TEST(WebSocketMessageReader, MessagesFollowEachOtherAndMayBeEmpty) {
  expect_events(role::client,
                plain_hello + bytes_of({0x81, 0x00}) + bytes_of({0x82, 0x00}) + fragmented_hello +
                    bytes_of({0x01, 0x00, 0x00, 0x00, 0x80, 0x00}) + plain_hello,
                {"text Hello", "text ", "binary ", "text Hello", "text ", "text Hello"});
}

TEST(WebSocketMessageReader, ControlFramesComeBetweenFragments) {
  const std::string first = bytes_of({0x01, 0x03, 0x48, 0x65, 0x6c});
  const std::string second = bytes_of({0x80, 0x02, 0x6c, 0x6f});
  expect_events(role::client, first + plain_ping + bytes_of({0x8A, 0x00}) + second,
                {"ping Hello", "pong ", "text Hello"});
  expect_events(role::client, first + bytes_of({0x88, 0x00}), {"close 1005 "});
}

TEST(WebSocketMessageReader, AMessageOfOneFrameIsNotCopied) {
  std::string bytes = masked_hello;
  websocket::message_reader reader{role::server};
  const auto found = reader.read({reinterpret_cast<std::byte*>(bytes.data()), bytes.size()});
  EXPECT_EQ(static_cast<const void*>(found.payload.data()), static_cast<const void*>(bytes.data() + 6));
}

TEST(WebSocketMessageReader, SaysHowManyBytesMustCome) {
  std::string bytes = plain_hello;
  websocket::message_reader reader{role::client};
  const auto read = [&](std::size_t size) { return reader.read({reinterpret_cast<std::byte*>(bytes.data()), size}); };
  EXPECT_EQ(read(0).wanted, 2u);
  EXPECT_EQ(read(1).wanted, 1u);
  EXPECT_EQ(read(2).wanted, 5u);
  EXPECT_EQ(read(4).wanted, 3u);
  EXPECT_EQ(read(7).used, 7u);
}

TEST(WebSocketMessageReader, AClientMustMaskAndAServerMustNot) {
  expect_problem(role::server, plain_hello, problem::mask_missing);
  expect_problem(role::client, masked_hello, problem::mask_forbidden);
  expect_problem(role::server, plain_ping, problem::mask_missing);
  expect_problem(role::client, masked_pong, problem::mask_forbidden);
}

TEST(WebSocketMessageReader, FragmentsOutOfOrderAreRefused) {
  expect_problem(role::client, bytes_of({0x80, 0x00}), problem::nothing_to_continue);
  expect_problem(role::client, bytes_of({0x00, 0x00}), problem::nothing_to_continue);
  expect_problem(role::client, bytes_of({0x01, 0x00, 0x81, 0x00}), problem::message_unfinished);
  expect_problem(role::client, bytes_of({0x02, 0x00, 0x02, 0x00}), problem::message_unfinished);
  expect_events(role::client, fragmented_hello + bytes_of({0x80, 0x00}),
                {"text Hello", "failed: " + std::string{websocket::text_of(problem::nothing_to_continue)}});
}

TEST(WebSocketMessageReader, HeadersAreCheckedToo) {
  expect_problem(role::client, bytes_of({0xC1, 0x00}), problem::reserved_bits);
  expect_problem(role::client, bytes_of({0x83, 0x00}), problem::unknown_opcode);
  expect_problem(role::client, bytes_of({0x09, 0x00}), problem::control_fragmented);
  expect_problem(role::client, bytes_of({0x89, 0x7E, 0x00, 0x7E}), problem::control_too_long);
  expect_problem(role::client, bytes_of({0x81, 0x7E, 0x00, 0x05}), problem::length_not_minimal);
  expect_problem(role::client, bytes_of({0x81, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0}), problem::length_too_large);
}

TEST(WebSocketMessageReader, TextIsUtf8AlsoAcrossFragments) {
  const std::string all = "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xF0\x9F\x99\x82";
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    const std::string stream = bytes_of({0x01, static_cast<int>(cut)}) + all.substr(0, cut) +
                               bytes_of({0x80, static_cast<int>(all.size() - cut)}) + all.substr(cut);
    expect_events(role::client, stream, {"text " + all});
  }
  expect_events(role::client, bytes_of({0x82, 0x01, 0xFF}), {"binary \xFF"});
  expect_problem(role::client, bytes_of({0x81, 0x01, 0xFF}), problem::invalid_utf8);
  expect_problem(role::client, bytes_of({0x81, 0x02, 0xE1, 0xBD}), problem::invalid_utf8);  // cut short
  expect_problem(role::client, bytes_of({0x01, 0x01, 0xE1, 0x80, 0x01, 0x41}), problem::invalid_utf8);
  expect_problem(role::client, bytes_of({0x01, 0x02, 0xED, 0xA0, 0x80, 0x01, 0x80}), problem::invalid_utf8);
}

TEST(WebSocketMessageReader, TextThatCannotBecomeUtf8IsRefusedBeforeTheFrameIsWhole) {
  std::string bytes = bytes_of({0x81, 0x7D}) + "abc\xC0";
  websocket::message_reader reader{role::client};
  const auto found = reader.read({reinterpret_cast<std::byte*>(bytes.data()), bytes.size()});
  EXPECT_EQ(found.what, received::failed);
  EXPECT_EQ(found.why, problem::invalid_utf8);
}

TEST(WebSocketMessageReader, ACloseFrameGivesCodeAndReason) {
  expect_events(role::client, bytes_of({0x88, 0x00}), {"close 1005 "});
  expect_events(role::client, bytes_of({0x88, 0x02, 0x03, 0xE8}), {"close 1000 "});
  expect_events(role::client, bytes_of({0x88, 0x05, 0x03, 0xE9}) + "bye", {"close 1001 bye"});
  expect_events(role::client, bytes_of({0x88, 0x02, 0x0F, 0xA0}) + "ignored"s, {"close 4000 "});
  expect_problem(role::client, bytes_of({0x88, 0x01, 0x03}), problem::malformed_close);
  expect_problem(role::client, bytes_of({0x88, 0x02, 0x03, 0xED}), problem::malformed_close);  // 1005
  expect_problem(role::client, bytes_of({0x88, 0x02, 0x00, 0x00}), problem::malformed_close);
  expect_problem(role::client, bytes_of({0x88, 0x03, 0x03, 0xE8, 0xFF}), problem::invalid_utf8);
}

TEST(WebSocketMessageReader, TheLimitCountsAllFragmentsAndHoldsBeforeTheBytesCome) {
  const std::string too_large = "failed: " + std::string{websocket::text_of(problem::message_too_large)};
  expect_events(role::client, plain_hello, {"text Hello"}, {.message = 5});
  expect_events(role::client, bytes_of({0x81, 0x05}), {too_large}, {.message = 4});
  expect_events(role::client, fragmented_hello, {"text Hello"}, {.message = 5});
  expect_events(role::client, bytes_of({0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02}), {too_large}, {.message = 4});
  expect_events(role::client, bytes_of({0x82, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}), {too_large});
  expect_events(role::client, plain_hello + plain_hello, {"text Hello", "text Hello"}, {.message = 5});
  expect_events(role::client, plain_ping, {"ping Hello"}, {.message = 0});
}

// The writer, by the bytes of the standard.

std::string written(const dt::byte_buffer& out) { return std::string{dt::as_text(out.view())}; }

constexpr websocket::masking_key example_key{std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}};

TEST(WebSocketFrameWriter, WritesTheExamplesOfTheStandard) {
  dt::byte_buffer out;
  const auto hello = dt::as_byte_view("Hello");
  websocket::append_frame(out, websocket::opcode::text, hello);
  EXPECT_EQ(written(out), plain_hello);
  out.clear();
  websocket::append_frame(out, websocket::opcode::text, hello, &example_key);
  EXPECT_EQ(written(out), masked_hello);
  out.clear();
  websocket::append_frame(out, websocket::opcode::text, hello.first(3), nullptr, false);
  websocket::append_frame(out, websocket::opcode::continuation, hello.subspan(3));
  EXPECT_EQ(written(out), fragmented_hello);
  out.clear();
  websocket::append_frame(out, websocket::opcode::pong, hello, &example_key);
  EXPECT_EQ(written(out), masked_pong);
  out.clear();
  websocket::append_frame(out, websocket::opcode::ping, {}, &example_key);
  EXPECT_EQ(written(out), bytes_of({0x89, 0x80, 0x37, 0xfa, 0x21, 0x3d}));
}

TEST(WebSocketFrameWriter, ACloseFrameHasItsCodeAndAReasonThatFits) {
  const auto closed = [](close_code code, std::string_view reason) {
    dt::byte_buffer out;
    websocket::append_close(out, code, reason);
    return written(out);
  };
  EXPECT_EQ(closed(close_code::no_status, "unsaid"), bytes_of({0x88, 0x00}));
  EXPECT_EQ(closed(close_code::going_away, "bye"), bytes_of({0x88, 0x05, 0x03, 0xE9}) + "bye");
  EXPECT_EQ(closed(close_code::abnormal, ""), bytes_of({0x88, 0x02, 0x03, 0xF3}));  // 1011
  const std::string fits(123, 'x');
  EXPECT_EQ(closed(close_code::normal, fits), bytes_of({0x88, 0x7D, 0x03, 0xE8}) + fits);
  const std::string cut = std::string(122, 'x') + "\xE2\x82\xAC";
  EXPECT_EQ(closed(close_code::normal, cut), bytes_of({0x88, 0x7C, 0x03, 0xE8}) + std::string(122, 'x'));
  dt::byte_buffer out;
  websocket::append_close(out, close_code::normal, {}, &example_key);
  EXPECT_EQ(written(out), bytes_of({0x88, 0x82, 0x37, 0xfa, 0x21, 0x3d, 0x34, 0x12}));
}

}  // namespace
