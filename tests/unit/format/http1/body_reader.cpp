#include <dovetail/format/http1/body_reader.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace {

using namespace std::string_view_literals;
namespace http1 = dovetail::http1;
using http1::framing;
using http1::problem;
using http1::progress;

struct body_outcome {
  progress state = progress::need_more;
  problem why = problem::none;
  std::size_t used = 0;
  std::array<char, 64> content{};
  std::size_t size = 0;
  std::size_t trailer_count = 0;

  constexpr std::string_view text() const { return {content.data(), size}; }
  friend constexpr bool operator==(const body_outcome& a, const body_outcome& b) {
    return a.state == b.state && a.why == b.why && a.text() == b.text() && a.trailer_count == b.trailer_count &&
           (a.used == b.used || a.state == progress::failed);
  }
};

// What comes by `step` bytes; all at once for 0.
constexpr body_outcome read_body(http1::body_plan plan, std::string_view bytes, std::size_t step,
                                 const http1::limits& bounds = {}) {
  http1::body_reader reader{plan, bounds};
  body_outcome made;
  std::size_t there = step == 0 ? bytes.size() : 0;
  while (true) {
    const http1::body_piece piece = reader.next(bytes.substr(made.used, there - made.used));
    for (const char c : piece.content) made.content[made.size++] = c;
    made.used += piece.used;
    made.state = piece.state;
    made.why = piece.why;
    for (const http1::field& each : piece.trailers) made.trailer_count += each.name.empty() ? 0 : 1;
    if (piece.state != progress::need_more) return made;
    if (piece.used != 0) continue;
    if (there == bytes.size()) return made;
    there = there + step < bytes.size() ? there + step : bytes.size();
  }
}

struct chunked_case {
  std::string_view bytes;
  std::string_view content;
  std::size_t trailer_count = 0;
};

// RFC 9112 section 7.1
constexpr chunked_case chunked_cases[] = {
    {"0\r\n\r\n", ""},
    {"000\r\n\r\n", ""},
    {"5\r\nHello\r\n0\r\n\r\n", "Hello"},
    {"5\r\nHello\r\n7\r\n, world\r\n0\r\n\r\n", "Hello, world"},
    {"00000000000000A\r\n0123456789\r\n0\r\n\r\n", "0123456789"},
    {"a\r\n0123456789\r\n1\r\n\r\r\n0\r\n\r\n", "0123456789\r"},
    {"5;name\r\nHello\r\n0;last=\"a;\\\"b\\\t\"\r\n\r\n", "Hello"},
    {"5;a=b;c=\"d e\";f\r\nHello\r\n0\r\n\r\n", "Hello"},
    {"5 ; a = b \t;c\r\nHello\r\n0\r\n\r\n", "Hello"},
    {"5\r\nHello\r\n0\r\nExpires: now\r\nX:\r\n\r\n", "Hello", 2},
};

constexpr bool is_good(const chunked_case& each) {
  const body_outcome whole = read_body({framing::chunked, 0}, each.bytes, 0);
  if (whole.state != progress::complete || whole.used != each.bytes.size() || whole.text() != each.content ||
      whole.trailer_count != each.trailer_count) {
    return false;
  }
  for (const std::size_t step : {1u, 2u, 3u, 5u}) {
    if (!(read_body({framing::chunked, 0}, each.bytes, step) == whole)) return false;
  }
  return true;
}

TEST(HttpBodyReader, ChunksAreReadAlsoByteByByte) {
  static_assert([] {
    for (const chunked_case& each : chunked_cases) {
      if (!is_good(each)) return false;
    }
    return true;
  }());
  for (const chunked_case& each : chunked_cases) EXPECT_TRUE(is_good(each)) << each.bytes;
}

TEST(HttpBodyReader, WhatIsBehindTheLastChunkIsLeft) {
  constexpr body_outcome made = read_body({framing::chunked, 0}, "1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n", 0);
  EXPECT_BOTH_TIMES(made.state == progress::complete && made.used == 11 && made.text() == "a");
}

struct refusal_case {
  std::string_view bytes;
  problem why;
};

constexpr refusal_case refusal_cases[] = {
    {"\r\n"sv, problem::malformed_chunk},
    {"g\r\n"sv, problem::malformed_chunk},
    {"-1\r\n"sv, problem::malformed_chunk},
    {"+1\r\n"sv, problem::malformed_chunk},
    {"0x1\r\n"sv, problem::malformed_chunk},
    {" 1\r\n"sv, problem::malformed_chunk},
    {"1 \r\n"sv, problem::malformed_chunk},
    {"1 1\r\n"sv, problem::malformed_chunk},
    {"1\0\r\n"sv, problem::malformed_chunk},
    {"1_0\r\n"sv, problem::malformed_chunk},
    {"00000000000000001\r\n"sv, problem::malformed_chunk},
    {"10000000000000000\r\n"sv, problem::malformed_chunk},
    {"1\na\r\n"sv, problem::bare_line_feed},
    {"1\ra\r\n"sv, problem::bare_carriage_return},
    {"1;a\nb\r\n"sv, problem::bare_line_feed},
    {"1;a\rb\r\n"sv, problem::bare_carriage_return},
    {"1;\r\n"sv, problem::malformed_chunk},
    {"1;a=\r\n"sv, problem::malformed_chunk},
    {"1;=b\r\n"sv, problem::malformed_chunk},
    {"1;a b\r\n"sv, problem::malformed_chunk},
    {"1;a=b c\r\n"sv, problem::malformed_chunk},
    {"1;a=\"b\"c\r\n"sv, problem::malformed_chunk},
    {"1;a=\"b\r\n\"\r\n"sv, problem::malformed_chunk},
    {"1;a=\"b\n\"\r\n"sv, problem::bare_line_feed},
    {"1;a=\"\\\r\"\r\n"sv, problem::malformed_chunk},
    {"1\r\nab\r\n"sv, problem::malformed_chunk},  // the data spills over
    {"1\r\na\n"sv, problem::malformed_chunk},
    {"1\r\na\rb"sv, problem::malformed_chunk},
    {"1\r\na0\r\n\r\n"sv, problem::malformed_chunk},
    {"0\r\nA : b\r\n\r\n"sv, problem::space_before_colon},
    {"0\r\nA: b\r\n c\r\n\r\n"sv, problem::folded_field},
    {"0\r\nA: b\n\r\n"sv, problem::bare_line_feed},
    {"0\r\n\n"sv, problem::bare_line_feed},
    {"0\r\nno field\r\n\r\n"sv, problem::malformed_field},
    {"0\r\nContent-Length: 5\r\n\r\n"sv, problem::malformed_trailer},
    {"0\r\ntransfer-encoding: chunked\r\n\r\n"sv, problem::malformed_trailer},
    {"0\r\nHOST: a\r\n\r\n"sv, problem::malformed_trailer},
    {"4000001\r\n"sv, problem::body_too_large},
    {"ffffffffffffffff\r\n"sv, problem::body_too_large},
    {"1\r\na\r\nffffffffffffffff\r\n"sv, problem::body_too_large},
};

constexpr bool is_refused(const refusal_case& each) {
  for (const std::size_t step : {0u, 1u, 2u}) {
    const body_outcome made = read_body({framing::chunked, 0}, each.bytes, step);
    if (made.state != progress::failed || made.why != each.why) return false;
  }
  return true;
}

TEST(HttpBodyReader, ChunksThatTwoReadersMayUnderstandDifferentlyAreRefused) {
  static_assert([] {
    for (const refusal_case& each : refusal_cases) {
      if (!is_refused(each)) return false;
    }
    return true;
  }());
  for (const refusal_case& each : refusal_cases) {
    EXPECT_TRUE(is_refused(each)) << each.bytes << " -> "
                                  << http1::text_of(read_body({framing::chunked, 0}, each.bytes, 0).why);
  }
}

TEST(HttpBodyReader, ALengthIsReadExactly) {
  for (const std::size_t step : {0u, 1u, 3u}) {
    const body_outcome made = read_body({framing::length, 5}, "Helloworld", step);
    EXPECT_EQ(made.state, progress::complete);
    EXPECT_EQ(made.used, 5u);
    EXPECT_EQ(made.text(), "Hello");
  }
  EXPECT_EQ(read_body({framing::length, 5}, "Hell", 0).state, progress::need_more);
  EXPECT_BOTH_TIMES(read_body({framing::length, 0}, "x", 0).state == progress::complete);
  EXPECT_BOTH_TIMES(read_body({framing::none, 0}, "x", 0).used == 0);
  EXPECT_BOTH_TIMES(read_body({framing::tunnel, 0}, "x", 0).state == progress::complete);
}

TEST(HttpBodyReader, ABodyWithoutLengthEndsWithTheStream) {
  http1::body_reader reader{{framing::until_close, 0}};
  EXPECT_EQ(reader.next("abc").content, "abc");
  EXPECT_EQ(reader.next("").state, progress::need_more);
  EXPECT_EQ(reader.end_of_stream(), problem::none);
  EXPECT_EQ(reader.next("").state, progress::complete);
}

TEST(HttpBodyReader, AStreamThatEndsEarlyIsTruncated) {
  http1::body_reader by_length{{framing::length, 5}};
  by_length.next("Hell");
  EXPECT_EQ(by_length.end_of_stream(), problem::truncated);
  EXPECT_EQ(by_length.next("o").why, problem::truncated);
  http1::body_reader chunked{{framing::chunked, 0}};
  chunked.next("0\r\n");
  EXPECT_EQ(chunked.end_of_stream(), problem::truncated);
  http1::body_reader whole{{framing::length, 1}};
  whole.next("a");
  EXPECT_EQ(whole.end_of_stream(), problem::none);
}

TEST(HttpBodyReader, AFailureStays) {
  http1::body_reader reader{{framing::chunked, 0}};
  EXPECT_EQ(reader.next("x").why, problem::malformed_chunk);
  EXPECT_EQ(reader.next("0\r\n\r\n").why, problem::malformed_chunk);
}

constexpr problem limited(std::string_view bytes, const http1::limits& bounds) {
  return read_body({framing::chunked, 0}, bytes, 1, bounds).why;
}

TEST(HttpBodyReader, EachLimitHoldsExactly) {
  constexpr std::string_view two = "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n";
  EXPECT_BOTH_TIMES(limited(two, {.body = 4}) == problem::none);
  EXPECT_BOTH_TIMES(limited(two, {.body = 3}) == problem::body_too_large);
  EXPECT_BOTH_TIMES(limited("1;abc\r\na\r\n0\r\n\r\n", {.chunk_overhead = 6}) == problem::none);
  EXPECT_BOTH_TIMES(limited("1;abc\r\na\r\n0\r\n\r\n", {.chunk_overhead = 3}) == problem::malformed_chunk);
  EXPECT_BOTH_TIMES(limited("0\r\nA: b\r\n\r\n", {.chunk_overhead = 8}) == problem::none);
  EXPECT_BOTH_TIMES(limited("0\r\nA: b\r\n\r\n", {.chunk_overhead = 7}) == problem::malformed_trailer);
  EXPECT_BOTH_TIMES(limited("0\r\nA: b\r\nC: d\r\n\r\n", {.fields = 1}) == problem::too_many_fields);
  http1::body_reader until_close{{framing::until_close, 0}, {.body = 3}};
  EXPECT_EQ(until_close.next("abc").why, problem::none);
  EXPECT_EQ(until_close.next("d").why, problem::body_too_large);
}

TEST(HttpBodyReader, SaysHowManyBytesMustCome) {
  http1::body_reader by_length{{framing::length, 5}};
  by_length.next("H");
  EXPECT_EQ(by_length.wanted(), 4u);
  http1::body_reader chunked{{framing::chunked, 0}};
  EXPECT_EQ(chunked.wanted(), 1u);
  chunked.next("10\r\nab");
  EXPECT_EQ(chunked.wanted(), 16u);  // 14 of the chunk, CR and LF
}

}  // namespace
