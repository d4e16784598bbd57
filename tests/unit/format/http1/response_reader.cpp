#include <dovetail/format/http1/response_reader.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

using namespace std::string_view_literals;
namespace http1 = dovetail::http1;
using http1::framing;
using http1::problem;
using http1::progress;
using http1::request_kind;

struct response_outcome {
  http1::head_progress how;
  http1::response_head head;
};

constexpr response_outcome read_whole(std::string_view bytes, request_kind kind = request_kind::ordinary,
                                      const http1::limits& bounds = {}) {
  http1::response_reader reader{kind, bounds};
  response_outcome made;
  made.how = reader.read(bytes, made.head);
  return made;
}

constexpr response_outcome read_each_byte(std::string_view bytes, request_kind kind = request_kind::ordinary,
                                          const http1::limits& bounds = {}) {
  http1::response_reader reader{kind, bounds};
  response_outcome made;
  for (std::size_t size = 0; size <= bytes.size() && made.how.state == progress::need_more; ++size) {
    made.how = reader.read(bytes.substr(0, size), made.head);
  }
  return made;
}

constexpr bool are_same(const response_outcome& a, const response_outcome& b) {
  return a.how.state == b.how.state && a.how.why == b.how.why && a.how.size == b.how.size &&
         a.head.status == b.head.status && a.head.reason == b.head.reason &&
         a.head.minor_version == b.head.minor_version && a.head.fields.text() == b.head.fields.text() &&
         a.head.body == b.head.body && a.head.keep_alive == b.head.keep_alive;
}

// RFC 9110 section 3.9
constexpr std::string_view hello =
    "HTTP/1.1 200 OK\r\n"
    "Date: Mon, 27 Jul 2009 12:28:53 GMT\r\n"
    "Server: Apache\r\n"
    "Last-Modified: Wed, 22 Jul 2009 19:15:56 GMT\r\n"
    "ETag: \"34aa387-d-1568eb00\"\r\n"
    "Accept-Ranges: bytes\r\n"
    "Content-Length: 51\r\n"
    "Vary: Accept-Encoding\r\n"
    "Content-Type: text/plain\r\n"
    "\r\n"
    "Hello World! My content includes a trailing CRLF.\r\n";

TEST(HttpResponseReader, TheExampleOfTheStandardIsRead) {
  constexpr response_outcome made = read_whole(hello);
  EXPECT_BOTH_TIMES(made.how.state == progress::complete && made.how.size == hello.size() - 51);
  EXPECT_BOTH_TIMES(made.head.status == 200 && made.head.reason == "OK" && made.head.minor_version == 1);
  EXPECT_BOTH_TIMES(made.head.body == http1::body_plan{framing::length, 51} && made.head.keep_alive);
  EXPECT_BOTH_TIMES(made.head.fields.find("etag") == "\"34aa387-d-1568eb00\"");
  EXPECT_BOTH_TIMES(are_same(made, read_each_byte(hello)));
}

TEST(HttpFieldLines, AFieldIsFoundByItsWholeNameOnly) {
  constexpr dovetail::http1::field_lines fields{
      "X-Request: a\r\nX-Request-ID:\t b:c \r\nx-request-id: d\r\nEmpty:\r\n"};
  EXPECT_BOTH_TIMES(fields.find("X-Request") == "a" && fields.find("x-REQUEST") == "a");
  EXPECT_BOTH_TIMES(fields.find("X-Request-ID") == "b:c");
  EXPECT_BOTH_TIMES(fields.find("Empty") == "");
  EXPECT_BOTH_TIMES(!fields.find("X-Req") && !fields.find("X-Request-") && !fields.find("Empty-Not"));
  EXPECT_BOTH_TIMES(!fields.find("X-Request-ID:\t b") && !fields.find("Empty:") && !fields.find(""));
  EXPECT_BOTH_TIMES(!dovetail::http1::field_lines{}.find("Empty"));
}

TEST(HttpFieldLines, AFieldOfAnyLengthIsFoundInAHeadThatWasRead) {
  for (std::size_t size = 1; size < 200; ++size) {
    const std::string name(size, 'n');
    const std::string bytes = "HTTP/1.1 204 \r\nX: y\r\n" + name + ": there\r\n\r\n";
    const response_outcome made = read_whole(bytes);
    ASSERT_EQ(made.how.state, progress::complete) << size;
    EXPECT_EQ(made.head.fields.find(std::string(size, 'N')), "there") << size;
    EXPECT_EQ(made.head.fields.find("x"), "y") << size;
    for (const std::size_t other : {size + 1, size + 63, size + 64, size + 128}) {
      EXPECT_FALSE(made.head.fields.find(std::string(other, 'n'))) << size << " " << other;
    }
  }
}

struct body_case {
  std::string_view bytes;
  request_kind kind;
  framing body;
  std::uint64_t length;
  bool keep_alive;
};

constexpr request_kind ordinary = request_kind::ordinary;

// RFC 9112 section 6.3
constexpr body_case body_cases[] = {
    {"HTTP/1.1 200 \r\n\r\n", ordinary, framing::until_close, 0, false},
    {"HTTP/1.1 500 \r\nContent-Length: 0\r\n\r\n", ordinary, framing::length, 0, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ordinary, framing::chunked, 0, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n", ordinary, framing::chunked, 0,
     false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\n", ordinary, framing::length, 7, false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 7\r\nConnection: keep-alive\r\n\r\n", ordinary, framing::length, 7, true},
    {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", ordinary, framing::until_close, 0, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", request_kind::head, framing::none, 0, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", request_kind::head, framing::none, 0, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", request_kind::head, framing::none, 0, true},
    {"HTTP/1.1 200 OK\r\n\r\n", request_kind::head, framing::none, 0, true},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", ordinary, framing::none, 0, true},
    {"HTTP/1.1 204 No Content\r\n\r\n", ordinary, framing::none, 0, true},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", ordinary, framing::none, 0, true},
    {"HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n", ordinary, framing::none, 0, false},
    {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", ordinary, framing::none, 0, false},
    {"HTTP/1.1 100 Continue\r\n\r\n", ordinary, framing::none, 0, true},
    {"HTTP/1.1 101 Switching Protocols\r\n\r\n", ordinary, framing::tunnel, 0, false},
    {"HTTP/1.1 200 Connection established\r\nContent-Length: 7\r\n\r\n", request_kind::connect, framing::tunnel, 0,
     false},
    {"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 7\r\n\r\n", request_kind::connect, framing::length,
     7, true},
    {"HTTP/1.1 999 \xFF\t~\r\nContent-Length: 7\r\n\r\n", ordinary, framing::length, 7, true},
};

constexpr bool reads_body(const body_case& each) {
  const response_outcome whole = read_whole(each.bytes, each.kind);
  return whole.how.state == progress::complete && whole.how.size == each.bytes.size() &&
         whole.head.body == http1::body_plan{each.body, each.length} && whole.head.keep_alive == each.keep_alive &&
         are_same(whole, read_each_byte(each.bytes, each.kind));
}

TEST(HttpResponseReader, StatusAndRequestAndFieldsSayHowTheBodyEnds) {
  static_assert([] {
    for (const body_case& each : body_cases) {
      if (!reads_body(each)) return false;
    }
    return true;
  }());
  for (const body_case& each : body_cases) EXPECT_TRUE(reads_body(each)) << each.bytes;
}

struct refusal_case {
  std::string_view bytes;
  problem why;
};

constexpr refusal_case refusal_cases[] = {
    {"HTTP/1.1 200\r\n\r\n"sv, problem::malformed_status_line},
    {"HTTP/1.1 20 OK\r\n\r\n"sv, problem::malformed_status_line},
    {"HTTP/1.1 2000 OK\r\n\r\n"sv, problem::malformed_status_line},
    {"HTTP/1.1 099 OK\r\n\r\n"sv, problem::malformed_status_line},
    {"HTTP/1.1 +20 OK\r\n\r\n"sv, problem::malformed_status_line},
    {"HTTP/1.1  200 OK\r\n\r\n"sv, problem::malformed_status_line},
    {"HTTP/1.1\t200 OK\r\n\r\n"sv, problem::malformed_status_line},
    {" HTTP/1.1 200 OK\r\n\r\n"sv, problem::malformed_status_line},
    {"\r\nHTTP/1.1 200 OK\r\n\r\n"sv, problem::malformed_status_line},
    {"ICY 200 OK\r\n\r\n"sv, problem::malformed_status_line},
    {"http/1.1 200 OK\r\n\r\n"sv, problem::malformed_status_line},
    {"\r\n"sv, problem::malformed_status_line},
    {"HTTP/2.0 200 OK\r\n\r\n"sv, problem::unsupported_version},
    {"HTTP/1.1 200 OK\n\n"sv, problem::bare_line_feed},
    {"HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n"sv, problem::bare_carriage_return},
    {"HTTP/1.1 200 O\0K\r\n\r\n"sv, problem::control_character},
    {"HTTP/1.1 200 OK\r\nA : b\r\n\r\n"sv, problem::space_before_colon},
    {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"sv, problem::folded_field},
    {"HTTP/1.1 200 OK\r\nHello\r\n\r\n"sv, problem::malformed_field},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"sv, problem::repeated_content_length},
    {"HTTP/1.1 304 OK\r\nContent-Length: x\r\n\r\n"sv, problem::malformed_content_length},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
     problem::length_with_transfer_encoding},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"sv, problem::malformed_transfer_encoding},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"sv, problem::unsupported_transfer_encoding},
    {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"sv, problem::transfer_encoding_in_http10},
    {"HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n"sv, problem::body_too_large},
};

constexpr bool is_refused(const refusal_case& each) {
  const response_outcome whole = read_whole(each.bytes);
  const response_outcome slowly = read_each_byte(each.bytes);
  return whole.how.state == progress::failed && whole.how.why == each.why && slowly.how.state == progress::failed &&
         slowly.how.why == each.why;
}

TEST(HttpResponseReader, WhatTwoReadersMayUnderstandDifferentlyIsRefusedAlsoByteByByte) {
  static_assert([] {
    for (const refusal_case& each : refusal_cases) {
      if (!is_refused(each)) return false;
    }
    return true;
  }());
  for (const refusal_case& each : refusal_cases) {
    EXPECT_TRUE(is_refused(each)) << each.bytes << " -> " << http1::text_of(read_whole(each.bytes).how.why);
  }
}

TEST(HttpResponseReader, TheFinalResponseIsReadBehindAnInformationalOne) {
  constexpr std::string_view bytes =
      "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n";
  http1::response_reader reader;
  http1::response_head head;
  const auto first = reader.read(bytes, head);
  ASSERT_EQ(first.state, progress::complete);
  EXPECT_TRUE(head.is_informational());
  reader.restart();
  const auto second = reader.read(bytes.substr(first.size), head);
  EXPECT_EQ(second.state, progress::complete);
  EXPECT_EQ(head.status, 204u);
  EXPECT_FALSE(head.is_informational());
  EXPECT_TRUE(head.fields.empty());
}

TEST(HttpResponseReader, SwitchingProtocolsIsTheLastResponse) {
  EXPECT_FALSE(read_whole("HTTP/1.1 101 Switching Protocols\r\n\r\n").head.is_informational());
}

TEST(HttpResponseReader, TheMethodTellsTheKindOfTheRequest) {
  EXPECT_BOTH_TIMES(http1::kind_of("HEAD") == request_kind::head && http1::kind_of("CONNECT") == request_kind::connect);
  EXPECT_BOTH_TIMES(http1::kind_of("GET") == ordinary && http1::kind_of("head") == ordinary);
}

TEST(HttpResponseReader, EachLimitHoldsExactly) {
  constexpr std::string_view head = "HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n";
  const auto why = [head](const http1::limits& bounds) {
    const problem whole = read_whole(head, ordinary, bounds).how.why;
    EXPECT_EQ(whole, read_each_byte(head, ordinary, bounds).how.why);
    return whole;
  };
  EXPECT_EQ(why({.head = head.size()}), problem::none);
  EXPECT_EQ(why({.head = head.size() - 1}), problem::head_too_large);
  EXPECT_EQ(why({.fields = 2}), problem::none);
  EXPECT_EQ(why({.fields = 1}), problem::too_many_fields);
}

}  // namespace
