#include <dovetail/format/http1/head_writer.hpp>

#include <dovetail/format/http1/chunk_writer.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <limits>
#include <string>
#include <string_view>

namespace {

using namespace std::string_view_literals;
namespace dt = dovetail;
namespace http1 = dovetail::http1;
using http1::problem;

TEST(HttpHeadWriter, WritesARequest) {
  dt::byte_buffer out;
  out.append("before");
  http1::head_writer head{out};
  head.request("POST", "/v1/query?a=%20").field("Host", "[::1]:8787").field("Content-Length", 51).field("Empty", "");
  EXPECT_EQ(head.end(), problem::none);
  EXPECT_EQ(dt::as_text(out.view()),
            "beforePOST /v1/query?a=%20 HTTP/1.1\r\nHost: [::1]:8787\r\nContent-Length: 51\r\nEmpty: \r\n\r\n");
}

TEST(HttpHeadWriter, WritesAResponseWithItsDateAndRegisteredReason) {
  dt::byte_buffer out;
  http1::head_writer head{out};
  head.response(200).date(std::chrono::sys_seconds{std::chrono::seconds{784111777}});
  head.field("Content-Length", (std::numeric_limits<std::uint64_t>::max)());
  EXPECT_EQ(head.end(), problem::none);
  EXPECT_EQ(dt::as_text(out.view()),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Length: 18446744073709551615\r\n\r\n");
}

TEST(HttpHeadWriter, AnUnregisteredStatusKeepsItsSpace) {
  dt::byte_buffer out;
  EXPECT_EQ(http1::head_writer{out}.response(599).end(), problem::none);
  EXPECT_EQ(dt::as_text(out.view()), "HTTP/1.1 599 \r\n\r\n");
  out.clear();
  EXPECT_EQ(http1::head_writer{out}.response(200, "Fine\twith me").end(), problem::none);
  EXPECT_EQ(dt::as_text(out.view()), "HTTP/1.1 200 Fine\twith me\r\n\r\n");
}

TEST(HttpHeadWriter, WhatCouldEndALineIsRefusedAndNothingIsWritten) {
  const auto refused = [](auto write) {
    dt::byte_buffer out;
    out.append("before");
    http1::head_writer head{out};
    write(head);
    head.field("Behind", "it");
    const problem why = head.end();
    EXPECT_EQ(dt::as_text(out.view()), "before");
    return why;
  };
  using writer = http1::head_writer;
  for (const std::string_view value : {"a\r\nX: y"sv, "a\n"sv, "\r"sv, "a\0b"sv, "\x7F"sv, "\x1F"sv}) {
    EXPECT_EQ(refused([&](writer& head) { head.request("GET", "/").field("A", value); }), problem::refused_value);
    EXPECT_EQ(refused([&](writer& head) { head.response(200, value); }), problem::refused_start_line);
    EXPECT_EQ(refused([&](writer& head) { head.request("GET", value); }), problem::refused_start_line);
    EXPECT_EQ(refused([&](writer& head) { head.request(value, "/"); }), problem::refused_start_line);
    EXPECT_EQ(refused([&](writer& head) { head.request("GET", "/").field(value, "b"); }), problem::refused_name);
  }
  for (const std::string_view name : {""sv, "a b"sv, "a:"sv, " a"sv, "\xC3\xBC"sv}) {
    EXPECT_EQ(refused([&](writer& head) { head.request("GET", "/").field(name, "b"); }), problem::refused_name);
    EXPECT_EQ(refused([&](writer& head) { head.request(name, "/"); }), problem::refused_start_line);
  }
  for (const std::string_view target : {""sv, "/a b"sv, "/#"sv, "/\xC3\xBC"sv}) {
    EXPECT_EQ(refused([&](writer& head) { head.request("GET", target); }), problem::refused_start_line);
  }
  EXPECT_EQ(refused([](writer& head) { head.response(99); }), problem::refused_start_line);
  EXPECT_EQ(refused([](writer& head) { head.response(1000); }), problem::refused_start_line);
  EXPECT_EQ(refused([](writer& head) { head.response(200).response(200); }), problem::refused_start_line);
  EXPECT_EQ(refused([](writer& head) { head.field("A", "b").request("GET", "/"); }), problem::refused_start_line);
  EXPECT_EQ(refused([](writer&) {}), problem::refused_start_line);
}

TEST(HttpHeadWriter, ReasonsAreThoseOfTheRegistry) {
  EXPECT_BOTH_TIMES(http1::reason_of(404) == "Not Found" && http1::reason_of(429) == "Too Many Requests");
  EXPECT_BOTH_TIMES(http1::reason_of(413) == "Content Too Large" && http1::reason_of(299).empty());
}

constexpr std::string_view chunk_head(std::uint64_t size, std::array<char, http1::chunk_head_size>& room) {
  return {room.data(), static_cast<std::size_t>(http1::write_chunk_head(room.data(), size) - room.data())};
}

constexpr bool heads_chunk(std::uint64_t size, std::string_view expected) {
  std::array<char, http1::chunk_head_size> room{};
  return chunk_head(size, room) == expected;
}

TEST(HttpChunkWriter, SizesAreHexadecimalWithoutLeadingZeros) {
  EXPECT_BOTH_TIMES(heads_chunk(0, "0\r\n") && heads_chunk(15, "f\r\n") && heads_chunk(16, "10\r\n"));
  EXPECT_BOTH_TIMES(heads_chunk(0xABCDEF01, "abcdef01\r\n"));
  EXPECT_BOTH_TIMES(heads_chunk(0xFFFFFFFFFFFFFFFF, "ffffffffffffffff\r\n"));
}

TEST(HttpChunkWriter, AnEmptyPieceDoesNotEndTheBody) {
  dt::byte_buffer out;
  http1::append_chunk(out, dt::as_byte_view("Hello"));
  http1::append_chunk(out, {});
  http1::append_chunk(out, dt::as_byte_view(std::string(17, 'x')));
  out.append(http1::last_chunk);
  EXPECT_EQ(dt::as_text(out.view()), "5\r\nHello\r\n11\r\nxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n");
}

}  // namespace
