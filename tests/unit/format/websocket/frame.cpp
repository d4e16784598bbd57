#include <dovetail/format/websocket/frame.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dt = dovetail;
namespace websocket = dovetail::websocket;
using websocket::frame_header;
using websocket::frame_progress;
using websocket::opcode;
using websocket::problem;

struct some_bytes {
  std::array<std::byte, 16> data{};
  std::size_t size = 0;

  constexpr some_bytes(std::initializer_list<unsigned> numbers) {
    for (const unsigned each : numbers) data[size++] = static_cast<std::byte>(each);
  }
  constexpr dt::byte_view view() const { return {data.data(), size}; }
};

struct header_case {
  some_bytes bytes;
  frame_header header;
};

constexpr websocket::masking_key example_key{std::byte{0x37}, std::byte{0xfa}, std::byte{0x21}, std::byte{0x3d}};

// RFC 6455 section 5.7, and the edges of the three forms of lengths.
constexpr header_case header_cases[] = {
    {{0x81, 0x05}, {opcode::text, true, false, {}, 5}},
    {{0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d}, {opcode::text, true, true, example_key, 5}},
    {{0x01, 0x03}, {opcode::text, false, false, {}, 3}},
    {{0x80, 0x02}, {opcode::continuation, true, false, {}, 2}},
    {{0x89, 0x05}, {opcode::ping, true, false, {}, 5}},
    {{0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d}, {opcode::pong, true, true, example_key, 5}},
    {{0x82, 0x7E, 0x01, 0x00}, {opcode::binary, true, false, {}, 256}},
    {{0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0}, {opcode::binary, true, false, {}, 65536}},
    {{0x88, 0x00}, {opcode::close, true, false, {}, 0}},
    {{0x82, 0x7D}, {opcode::binary, true, false, {}, 125}},
    {{0x82, 0x7E, 0, 0x7E}, {opcode::binary, true, false, {}, 126}},
    {{0x82, 0x7E, 0xFF, 0xFF}, {opcode::binary, true, false, {}, 65535}},
    {{0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x37, 0xfa, 0x21, 0x3d},
     {opcode::binary, true, true, example_key, 0x7FFF'FFFF'FFFF'FFFF}},
};

constexpr bool reads(const header_case& each) {
  frame_header read;
  const frame_progress how = websocket::read_frame_header(each.bytes.view(), read);
  if (how.why != problem::none || how.size != each.bytes.size || read.code != each.header.code ||
      read.is_final != each.header.is_final || read.is_masked != each.header.is_masked ||
      read.length != each.header.length || (read.is_masked && read.key != each.header.key)) {
    return false;
  }
  for (std::size_t size = 0; size < each.bytes.size; ++size) {
    const frame_progress part = websocket::read_frame_header(each.bytes.view().first(size), read);
    if (part.why != problem::none || part.size != 0 || part.wanted == 0 || part.wanted > each.bytes.size - size) {
      return false;
    }
  }
  return true;
}

constexpr bool writes(const header_case& each) {
  std::array<std::byte, 16> out{};
  const std::byte* const end = websocket::write_frame_header(out.data(), each.header);
  if (static_cast<std::size_t>(end - out.data()) != each.bytes.size) return false;
  if (websocket::frame_header_size(each.header.length, each.header.is_masked) != each.bytes.size) return false;
  return out == each.bytes.data;
}

TEST(WebSocketFrame, HeadersOfTheStandardAreReadAndWritten) {
  static_assert([] {
    for (const header_case& each : header_cases) {
      if (!reads(each) || !writes(each)) return false;
    }
    return true;
  }());
  for (const header_case& each : header_cases) {
    EXPECT_TRUE(reads(each)) << each.header.length;
    EXPECT_TRUE(writes(each)) << each.header.length;
  }
}

struct refusal_case {
  some_bytes bytes;
  problem why;
};

constexpr refusal_case refusal_cases[] = {
    {{0xC1, 0x00}, problem::reserved_bits},
    {{0xA1, 0x00}, problem::reserved_bits},
    {{0x91, 0x00}, problem::reserved_bits},
    {{0x83, 0x00}, problem::unknown_opcode},
    {{0x87, 0x00}, problem::unknown_opcode},
    {{0x8B, 0x00}, problem::unknown_opcode},
    {{0x8F, 0x00}, problem::unknown_opcode},
    {{0x09, 0x00}, problem::control_fragmented},
    {{0x08, 0x00}, problem::control_fragmented},
    {{0x89, 0x7E}, problem::control_too_long},
    {{0x88, 0xFF}, problem::control_too_long},
    {{0x82, 0x7E, 0, 0x7D}, problem::length_not_minimal},
    {{0x82, 0x7E, 0, 0}, problem::length_not_minimal},
    {{0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, problem::length_not_minimal},
    {{0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0}, problem::length_too_large},
};

constexpr bool is_refused(const refusal_case& each) {
  frame_header read;
  const frame_progress how = websocket::read_frame_header(each.bytes.view(), read);
  return how.why == each.why && how.size == 0;
}

TEST(WebSocketFrame, HeadersThatTheStandardForbidsAreRefused) {
  static_assert([] {
    for (const refusal_case& each : refusal_cases) {
      if (!is_refused(each)) return false;
    }
    return true;
  }());
  for (const refusal_case& each : refusal_cases) EXPECT_TRUE(is_refused(each)) << websocket::text_of(each.why);
}

constexpr bool masks_the_example() {
  // RFC 6455 section 5.7: "Hello"
  some_bytes data{0x7f, 0x9f, 0x4d, 0x51, 0x58};
  websocket::apply_mask({data.data.data(), data.size}, example_key);
  return data.data == some_bytes{0x48, 0x65, 0x6c, 0x6c, 0x6f}.data;
}

TEST(WebSocketMask, TheExampleOfTheStandardIsUnmasked) { EXPECT_BOTH_TIMES(masks_the_example()); }

TEST(WebSocketMask, APayloadInPiecesIsMaskedLikeAWholeOne) {
  std::mt19937 random{7};
  std::vector<std::byte> plain(300);
  for (std::byte& each : plain) each = static_cast<std::byte>(random());
  std::vector<std::byte> expected = plain;
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] ^= example_key[i % 4];  // section 5.3, word by word
  for (std::size_t first = 0; first < 40; ++first) {
    for (std::size_t second = first; second < 80; ++second) {
      std::vector<std::byte> masked = plain;
      const dt::byte_span all{masked};
      websocket::apply_mask(all.first(first), example_key);
      websocket::apply_mask(all.subspan(first, second - first), example_key, first);
      websocket::apply_mask(all.subspan(second), example_key, second);
      ASSERT_EQ(masked, expected) << first << " " << second;
    }
  }
}

TEST(WebSocketMask, AnOffsetBeyond32BitsCounts) {
  std::array<std::byte, 1> one{};
  websocket::apply_mask(one, example_key, 0x1'0000'0003);
  EXPECT_EQ(one[0], example_key[3]);
}

TEST(WebSocketCloseCode, OnlyCodesForFramesMayBeSent) {
  // RFC 6455 section 7.4 and the registry
  constexpr auto may = [](unsigned code) { return websocket::may_be_sent(static_cast<websocket::close_code>(code)); };
  for (const unsigned code : {1000u, 1001u, 1002u, 1003u, 1007u, 1010u, 1011u, 1014u, 3000u, 4999u}) {
    EXPECT_TRUE(may(code)) << code;
  }
  for (const unsigned code : {0u, 999u, 1004u, 1005u, 1006u, 1015u, 1016u, 2000u, 2999u, 5000u, 65535u}) {
    EXPECT_FALSE(may(code)) << code;
  }
}

TEST(WebSocketProblem, EachHasItsWordsAndItsCode) {
  EXPECT_BOTH_TIMES(websocket::close_code_for(problem::invalid_utf8) == websocket::close_code::invalid_payload);
  EXPECT_BOTH_TIMES(websocket::close_code_for(problem::message_too_large) == websocket::close_code::message_too_big);
  EXPECT_BOTH_TIMES(websocket::close_code_for(problem::mask_missing) == websocket::close_code::protocol_error);
  for (int i = 0; i <= static_cast<int>(problem::unasked_extension); ++i) {
    EXPECT_GT(websocket::text_of(static_cast<problem>(i)).size(), 8u) << i;
    EXPECT_TRUE(websocket::may_be_sent(websocket::close_code_for(static_cast<problem>(i)))) << i;
  }
}

}  // namespace
