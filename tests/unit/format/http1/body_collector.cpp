#include <dovetail/format/http1/body_collector.hpp>

#include <dovetail/base/buffer.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
namespace http1 = dovetail::http1;
using http1::framing;
using http1::problem;
using http1::progress;

void append(dt::read_buffer& buffer, std::string_view text) {
  ASSERT_TRUE(buffer.prepare(text.size()));
  std::memcpy(buffer.free().data(), text.data(), text.size());
  buffer.commit(text.size());
}

http1::body_progress collect(http1::body_collector& body, dt::read_buffer& buffer, std::string_view bytes,
                             std::size_t step) {
  http1::body_progress how = body.collect(buffer.filled());
  while (how.state == progress::need_more && !bytes.empty()) {
    EXPECT_GT(how.wanted, 0u);
    append(buffer, bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    how = body.collect(buffer.filled());
  }
  EXPECT_TRUE(bytes.empty());
  return how;
}

constexpr std::string_view chunks = "5;x=y\r\nHello\r\n7\r\n, world\r\nA\r\n0123456789\r\n0\r\nT: u\r\n\r\n";

TEST(HttpBodyCollector, ChunksAreMovedTogetherInPlaceHoweverTheyCome) {
  for (std::size_t step = 1; step <= chunks.size(); ++step) {
    dt::read_buffer buffer(1000, 1);  // grows, so that the bytes move
    http1::body_collector body{{framing::chunked, 0}};
    const auto how = collect(body, buffer, std::string{chunks}, step);
    ASSERT_EQ(how.state, progress::complete) << step;
    EXPECT_EQ(dt::as_text(how.content), "Hello, world0123456789") << step;
    EXPECT_EQ(how.content.data(), buffer.committed().data()) << step;
    EXPECT_EQ(how.used, chunks.size()) << step;
    EXPECT_EQ(how.trailers.find("t"), "u") << step;
  }
}

TEST(HttpBodyCollector, WhatStandsBetweenChunksCanBeForgottenBeforeTheEnd) {
  std::string bytes;
  for (int i = 0; i < 200; ++i) (bytes += "1;x\r\n") += std::string{static_cast<char>('a' + i % 26)} + "\r\n";
  bytes += "0\r\nT: u\r\n\r\n";
  for (std::size_t step = 1; step <= 40; ++step) {
    dt::read_buffer buffer(260, 1);  // the content, and a little
    http1::body_collector body{{framing::chunked, 0}};
    http1::body_progress how;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      append(buffer, std::string_view{bytes}.substr(at, step));
      how = body.collect(buffer.filled());
      if (how.state != progress::need_more) break;
      buffer.truncate(body.compact(buffer.filled()));
    }
    ASSERT_EQ(how.state, progress::complete) << step;
    ASSERT_EQ(how.content.size(), 200u) << step;
    for (std::size_t i = 0; i < 200; ++i) ASSERT_EQ(dt::as_text(how.content)[i], static_cast<char>('a' + i % 26));
    EXPECT_EQ(how.trailers.find("t"), "u") << step;
    EXPECT_EQ(how.used, buffer.committed().size()) << step;
  }
}

TEST(HttpBodyCollector, TheNextMessageStaysBehindTheBody) {
  dt::read_buffer buffer(1000);
  append(buffer, std::string{chunks} + "HTTP/1.1");
  http1::body_collector body{{framing::chunked, 0}};
  const auto how = body.collect(buffer.filled());
  ASSERT_EQ(how.state, progress::complete);
  buffer.consume(how.used);
  EXPECT_EQ(dt::as_text(buffer.committed()), "HTTP/1.1");
}

TEST(HttpBodyCollector, ALengthIsLeftWhereItIs) {
  dt::read_buffer buffer(1000);
  http1::body_collector body{{framing::length, 5}};
  append(buffer, "Hel");
  auto how = body.collect(buffer.filled());
  EXPECT_EQ(how.state, progress::need_more);
  EXPECT_EQ(how.wanted, 2u);
  EXPECT_EQ(dt::as_text(how.content), "Hel");
  append(buffer, "lo next");
  how = body.collect(buffer.filled());
  EXPECT_EQ(how.state, progress::complete);
  EXPECT_EQ(dt::as_text(how.content), "Hello");
  EXPECT_EQ(how.used, 5u);
  http1::body_collector none{{framing::none, 0}};
  EXPECT_EQ(none.collect({}).state, progress::complete);
}

TEST(HttpBodyCollector, TheEndOfTheStreamEndsABodyWithoutLength) {
  dt::read_buffer buffer(1000);
  http1::body_collector body{{framing::until_close, 0}};
  append(buffer, "abc");
  EXPECT_EQ(body.collect(buffer.filled()).state, progress::need_more);
  append(buffer, "def");
  EXPECT_EQ(body.collect(buffer.filled()).wanted, 1u);
  EXPECT_EQ(body.end_of_stream(), problem::none);
  const auto how = body.collect(buffer.filled());
  EXPECT_EQ(how.state, progress::complete);
  EXPECT_EQ(dt::as_text(how.content), "abcdef");
  EXPECT_EQ(how.used, 6u);
}

TEST(HttpBodyCollector, FailuresKeepTheirReason) {
  dt::read_buffer buffer(1000);
  append(buffer, "1\r\nab");
  http1::body_collector body{{framing::chunked, 0}};
  const auto how = body.collect(buffer.filled());
  EXPECT_EQ(how.state, progress::failed);
  EXPECT_EQ(how.why, problem::malformed_chunk);
  http1::body_collector cut{{framing::length, 5}};
  EXPECT_EQ(cut.end_of_stream(), problem::truncated);
  EXPECT_EQ(cut.collect({}).why, problem::truncated);
}

}  // namespace
