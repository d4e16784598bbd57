#include <dovetail/format/http1/request_reader.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <iterator>
#include <string>
#include <string_view>

namespace {

using namespace std::string_view_literals;
namespace http1 = dovetail::http1;
using http1::framing;
using http1::problem;
using http1::progress;
using http1::target_form;

static_assert(std::forward_iterator<http1::field_lines::iterator>);

struct request_outcome {
  http1::head_progress how;
  http1::request_head head;
};

constexpr request_outcome read_whole(std::string_view bytes, const http1::limits& bounds = {}) {
  http1::request_reader reader{bounds};
  request_outcome made;
  made.how = reader.read(bytes, made.head);
  return made;
}

constexpr request_outcome read_each_byte(std::string_view bytes, const http1::limits& bounds = {}) {
  http1::request_reader reader{bounds};
  request_outcome made;
  for (std::size_t size = 0; size <= bytes.size() && made.how.state == progress::need_more; ++size) {
    made.how = reader.read(bytes.substr(0, size), made.head);
  }
  return made;
}

constexpr bool are_same(const request_outcome& a, const request_outcome& b) {
  return a.how.state == b.how.state && a.how.why == b.how.why && a.how.size == b.how.size &&
         a.head.method == b.head.method && a.head.target == b.head.target && a.head.authority == b.head.authority &&
         a.head.form == b.head.form && a.head.minor_version == b.head.minor_version &&
         a.head.fields.text() == b.head.fields.text() && a.head.body == b.head.body &&
         a.head.keep_alive == b.head.keep_alive && a.head.expects_continue == b.head.expects_continue;
}

constexpr problem problem_of(std::string_view bytes) { return read_whole(bytes).how.why; }

// RFC 9110 section 3.9
constexpr std::string_view hello =
    "GET /hello.txt HTTP/1.1\r\n"
    "User-Agent: curl/7.64.1\r\n"
    "Host: www.example.com\r\n"
    "Accept-Language: en, mi\r\n"
    "\r\n";

TEST(HttpRequestReader, TheExampleOfTheStandardIsRead) {
  constexpr request_outcome made = read_whole(hello);
  EXPECT_BOTH_TIMES(made.how.state == progress::complete && made.how.size == hello.size());
  EXPECT_BOTH_TIMES(made.head.method == "GET" && made.head.target == "/hello.txt");
  EXPECT_BOTH_TIMES(made.head.form == target_form::origin && made.head.minor_version == 1);
  EXPECT_BOTH_TIMES(made.head.authority == "www.example.com");
  EXPECT_BOTH_TIMES(made.head.fields.find("user-agent") == "curl/7.64.1");
  EXPECT_BOTH_TIMES(made.head.fields.lists("ACCEPT-LANGUAGE", "MI") && !made.head.fields.lists("Host", "en"));
  EXPECT_BOTH_TIMES(!made.head.fields.find("Accept") && made.head.fields.count("Host") == 1);
  EXPECT_BOTH_TIMES(made.head.body.kind == framing::none && made.head.keep_alive && !made.head.expects_continue);
}

TEST(HttpRequestReader, FieldsAreWalkedInTheirOrderWithoutTheSpaceAroundTheirValues) {
  const auto made = read_whole("GET / HTTP/1.1\r\nHost:a\r\nA:\t b c \t\r\nEmpty:\r\nUtf: \xC3\xBC\r\n\r\nnext");
  ASSERT_EQ(made.how.state, progress::complete);
  std::string text;
  for (const http1::field& each : made.head.fields) {
    text.append(each.name).append("=").append(each.value).append("|");
  }
  EXPECT_EQ(text, "Host=a|A=b c|Empty=|Utf=\xC3\xBC|");
  EXPECT_FALSE(made.head.fields.empty());
}

struct target_case {
  std::string_view bytes;
  std::string_view target;
  std::string_view authority;
  target_form form;
};

// RFC 9112 section 3.2
constexpr target_case target_cases[] = {
    {"GET /where?q=now HTTP/1.1\r\nHost: www.example.org\r\n\r\n", "/where?q=now", "www.example.org",
     target_form::origin},
    {"GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1\r\nHost: other\r\n\r\n",
     "http://www.example.org/pub/WWW/TheProject.html", "www.example.org", target_form::absolute},
    {"CONNECT www.example.com:80 HTTP/1.1\r\nHost: www.example.com\r\n\r\n", "www.example.com:80", "www.example.com:80",
     target_form::authority},
    {"OPTIONS * HTTP/1.1\r\nHost: www.example.org:8001\r\n\r\n", "*", "www.example.org:8001", target_form::asterisk},
    {"OPTIONS HTTPS://www.example.org:8001 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTPS://www.example.org:8001",
     "www.example.org:8001", target_form::absolute},
    {"GET /a%20b/?c[]={d}&e=|f HTTP/1.1\r\nHost: [::1]:8787\r\n\r\n", "/a%20b/?c[]={d}&e=|f", "[::1]:8787",
     target_form::origin},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", "/", "", target_form::origin},
    {"\r\nGET / HTTP/1.1\r\nHost: a:\r\n\r\n", "/", "a:", target_form::origin},
};

constexpr bool reads_target(const target_case& each) {
  const request_outcome whole = read_whole(each.bytes);
  return whole.how.state == progress::complete && whole.how.size == each.bytes.size() &&
         whole.head.target == each.target && whole.head.authority == each.authority && whole.head.form == each.form &&
         are_same(whole, read_each_byte(each.bytes));
}

TEST(HttpRequestReader, TheFourFormsOfTargetsAreToldApart) {
  static_assert([] {
    for (const target_case& each : target_cases) {
      if (!reads_target(each)) return false;
    }
    return true;
  }());
  for (const target_case& each : target_cases) EXPECT_TRUE(reads_target(each)) << each.bytes;
}

struct body_case {
  std::string_view bytes;
  framing kind;
  std::uint64_t length;
  bool keep_alive;
};

constexpr body_case body_cases[] = {
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", framing::length, 0, true},
    {"POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 51 \r\n\r\n", framing::length, 51, true},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 00051\r\n\r\n", framing::length, 51, true},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", framing::chunked, 0, true},
    {"POST / HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING:CHUNKED\r\n\r\n", framing::chunked, 0, true},
    {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", framing::none, 0, true},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", framing::none, 0, false},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade , , Close\r\n\r\n", framing::none, 0, false},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n", framing::none, 0, false},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", framing::none, 0, true},
    {"GET / HTTP/1.0\r\n\r\n", framing::none, 0, false},
    {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", framing::none, 0, true},
    {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", framing::none, 0, false},
    {"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n", framing::length, 3, false},
    {"GET / HTTP/1.9\r\nHost: a\r\n\r\n", framing::none, 0, true},
};

constexpr bool reads_body(const body_case& each) {
  const request_outcome whole = read_whole(each.bytes);
  return whole.how.state == progress::complete && whole.head.body == http1::body_plan{each.kind, each.length} &&
         whole.head.keep_alive == each.keep_alive && are_same(whole, read_each_byte(each.bytes));
}

TEST(HttpRequestReader, TheFieldsSayHowTheBodyEndsAndWhetherTheConnectionStays) {
  static_assert([] {
    for (const body_case& each : body_cases) {
      if (!reads_body(each)) return false;
    }
    return true;
  }());
  for (const body_case& each : body_cases) EXPECT_TRUE(reads_body(each)) << each.bytes;
}

TEST(HttpRequestReader, AnExpectationOfContinueCountsFromHttp11On) {
  EXPECT_TRUE(read_whole("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n").head.expects_continue);
  EXPECT_FALSE(read_whole("PUT / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n").head.expects_continue);
}

struct refusal_case {
  std::string_view bytes;
  problem why;
};

constexpr refusal_case refusal_cases[] = {
    // What ends a line for one reader and not for another.
    {"GET / HTTP/1.1\nHost: a\n\n"sv, problem::bare_line_feed},
    {"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"sv, problem::bare_line_feed},
    {"GET / HTTP/1.1\r\nHost: a\r\n\n"sv, problem::bare_line_feed},
    {"GET / HTTP/1.1\rHost: a\r\n\r\n"sv, problem::bare_carriage_return},
    {"GET / HTTP/1.1\r\nHost: a\rContent-Length: 5\r\n\r\n"sv, problem::bare_carriage_return},
    {"GET / HTTP/1.1\r\r\n"sv, problem::bare_carriage_return},
    {"GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n"sv, problem::control_character},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: \x0B\r\n\r\n"sv, problem::control_character},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: \x7F\r\n\r\n"sv, problem::control_character},
    {"\x16\x03\x01\x02"sv, problem::control_character},  // a client that speaks TLS
    // Start lines.
    {"\r\n\r\nGET / HTTP/1.1\r\n"sv, problem::malformed_request_line},
    {"GET /\r\n"sv, problem::malformed_request_line},
    {"GET\r\n"sv, problem::malformed_request_line},
    {"GET  / HTTP/1.1\r\n"sv, problem::malformed_target},
    {"GET /  HTTP/1.1\r\n"sv, problem::malformed_target},
    {" GET / HTTP/1.1\r\n"sv, problem::malformed_request_line},
    {"GET / HTTP/1.1 \r\n"sv, problem::malformed_request_line},
    {"GET\t/\tHTTP/1.1\r\n"sv, problem::malformed_request_line},
    {"G(T / HTTP/1.1\r\n"sv, problem::malformed_request_line},
    {"GET / http/1.1\r\n"sv, problem::malformed_request_line},
    {"GET / HTTP/1.10\r\n"sv, problem::malformed_request_line},
    {"GET / HTTP/+1.1\r\n"sv, problem::malformed_request_line},
    {"GET / HTTP/1,1\r\n"sv, problem::malformed_request_line},
    {"A23456789012345678901234567890123 / HTTP/1.1\r\n"sv, problem::malformed_request_line},
    {"PRI * HTTP/2.0\r\n"sv, problem::unsupported_version},
    {"GET / HTTP/0.9\r\n"sv, problem::unsupported_version},
    // Targets.
    {"GET hello.txt HTTP/1.1\r\n"sv, problem::malformed_target},
    {"GET * HTTP/1.1\r\n"sv, problem::malformed_target},
    {"GET /a b HTTP/1.1\r\n"sv, problem::malformed_target},
    {"GET /a#b HTTP/1.1\r\n"sv, problem::malformed_target},
    {"GET /a\\b HTTP/1.1\r\n"sv, problem::malformed_target},
    {"GET /a\"b HTTP/1.1\r\n"sv, problem::malformed_target},
    {"GET /\xC3\xBC HTTP/1.1\r\n"sv, problem::malformed_target},
    {"GET /%4 HTTP/1.1\r\n"sv, problem::malformed_target},
    {"GET /%4x HTTP/1.1\r\n"sv, problem::malformed_target},
    {"GET /?% HTTP/1.1\r\n"sv, problem::malformed_target},
    {"GET ftp://a/ HTTP/1.1\r\n"sv, problem::malformed_target},
    {"GET http:///a HTTP/1.1\r\n"sv, problem::malformed_target},
    {"GET http://user@host/ HTTP/1.1\r\n"sv, problem::malformed_target},
    {"CONNECT www.example.com HTTP/1.1\r\n"sv, problem::malformed_target},
    {"CONNECT :80 HTTP/1.1\r\n"sv, problem::malformed_target},
    {"CONNECT / HTTP/1.1\r\n"sv, problem::malformed_target},
    {"CONNECT a:80/b HTTP/1.1\r\n"sv, problem::malformed_target},
    // Fields.
    {"GET / HTTP/1.1\r\nHost : a\r\n\r\n"sv, problem::space_before_colon},
    {"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\t : chunked\r\n\r\n"sv, problem::space_before_colon},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n"sv, problem::folded_field},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz: 1\r\n\r\n"sv, problem::folded_field},
    {"GET / HTTP/1.1\r\n Host: a\r\n\r\n"sv, problem::folded_field},
    {"GET / HTTP/1.1\r\n: a\r\n\r\n"sv, problem::malformed_field},
    {"GET / HTTP/1.1\r\nHost\r\n\r\n"sv, problem::malformed_field},
    {"GET / HTTP/1.1\r\nHo st: a\r\n\r\n"sv, problem::malformed_field},
    {"GET / HTTP/1.1\r\nX(y): a\r\n\r\n"sv, problem::malformed_field},
    {"GET / HTTP/1.1\r\nX\xC3\xBC: a\r\n\r\n"sv, problem::malformed_field},
    // Host.
    {"GET / HTTP/1.1\r\n\r\n"sv, problem::missing_host},
    {"GET http://a/ HTTP/1.1\r\n\r\n"sv, problem::missing_host},
    {"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"sv, problem::repeated_host},
    {"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"sv, problem::repeated_host},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"sv, problem::malformed_host},
    {"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"sv, problem::malformed_host},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"sv, problem::malformed_host},
    {"GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"sv, problem::malformed_host},
    {"GET / HTTP/1.1\r\nHost: a:+80\r\n\r\n"sv, problem::malformed_host},
    {"GET / HTTP/1.1\r\nHost: ::1\r\n\r\n"sv, problem::malformed_host},
    {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"sv, problem::malformed_host},
    {"GET / HTTP/1.1\r\nHost: [x]\r\n\r\n"sv, problem::malformed_host},
    {"GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n"sv, problem::malformed_host},
    // Lengths.
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"sv, problem::malformed_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"sv, problem::malformed_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n"sv, problem::malformed_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\n"sv, problem::malformed_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5 6\r\n\r\n"sv, problem::malformed_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5;\r\n\r\n"sv, problem::malformed_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n"sv, problem::malformed_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n"sv, problem::repeated_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"sv,
     problem::repeated_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-length: 6\r\n\r\n"sv,
     problem::repeated_content_length},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 67108865\r\n\r\n"sv, problem::body_too_large},
    // Transfer-Encoding.
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
     problem::length_with_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"sv,
     problem::length_with_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n"sv, problem::malformed_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n"sv, problem::malformed_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n"sv, problem::malformed_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n"sv, problem::malformed_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n"sv, problem::malformed_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked,\r\n\r\n"sv, problem::malformed_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n"sv,
     problem::malformed_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
     problem::malformed_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n"sv,
     problem::malformed_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n"sv, problem::malformed_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n"sv, problem::malformed_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"sv,
     problem::unsupported_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
     problem::unsupported_transfer_encoding},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"sv, problem::transfer_encoding_in_http10},
};

constexpr bool is_refused(const refusal_case& each) {
  const request_outcome whole = read_whole(each.bytes);
  const request_outcome slowly = read_each_byte(each.bytes);
  return whole.how.state == progress::failed && whole.how.why == each.why && slowly.how.state == progress::failed &&
         slowly.how.why == each.why;
}

TEST(HttpRequestReader, WhatTwoReadersMayUnderstandDifferentlyIsRefusedAlsoByteByByte) {
  static_assert([] {
    for (const refusal_case& each : refusal_cases) {
      if (!is_refused(each)) return false;
    }
    return true;
  }());
  for (const refusal_case& each : refusal_cases) {
    EXPECT_TRUE(is_refused(each)) << each.bytes << " -> " << http1::text_of(problem_of(each.bytes));
  }
}

TEST(HttpRequestReader, ARequestThatComesByteByByteIsReadLikeAWholeOne) {
  EXPECT_BOTH_TIMES(are_same(read_whole(hello), read_each_byte(hello)));
  for (std::size_t size = 0; size < hello.size(); ++size) {
    EXPECT_EQ(read_whole(hello.substr(0, size)).how.state, progress::need_more) << size;
  }
}

TEST(HttpRequestReader, TheBytesMayMoveBetweenTheCalls) {
  http1::request_reader reader;
  http1::request_head head;
  std::string kept;
  for (const char c : hello) {
    std::string moved = kept + c;
    kept.assign(kept.size(), '?');  // whoever looks at the old bytes is found out
    kept = std::move(moved);
    const auto how = reader.read(kept, head);
    EXPECT_EQ(how.state, kept.size() == hello.size() ? progress::complete : progress::need_more);
  }
  EXPECT_EQ(head.authority, "www.example.com");
  EXPECT_EQ(head.target, "/hello.txt");
}

TEST(HttpRequestReader, TheNextRequestIsReadBehindTheFirst) {
  const std::string bytes = std::string{hello} + "DELETE /x HTTP/1.1\r\nHost: b\r\n\r\n";
  http1::request_reader reader;
  http1::request_head head;
  const auto first = reader.read(bytes, head);
  ASSERT_EQ(first.size, hello.size());
  reader.restart();
  const auto second = reader.read(std::string_view{bytes}.substr(first.size), head);
  EXPECT_EQ(second.state, progress::complete);
  EXPECT_EQ(head.method, "DELETE");
  EXPECT_EQ(head.authority, "b");
}

constexpr bool hits(std::string_view bytes, const http1::limits& bounds, problem why) {
  return read_whole(bytes, bounds).how.why == why && read_each_byte(bytes, bounds).how.why == why;
}

TEST(HttpRequestReader, EachLimitHoldsExactly) {
  constexpr std::string_view bytes = "GET /12345 HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n";
  EXPECT_BOTH_TIMES(hits(bytes, {.head = bytes.size()}, problem::none));
  EXPECT_BOTH_TIMES(hits(bytes, {.head = bytes.size() - 1}, problem::head_too_large));
  EXPECT_BOTH_TIMES(hits(bytes, {.target = 6}, problem::none));
  EXPECT_BOTH_TIMES(hits(bytes, {.target = 5}, problem::target_too_long));
  EXPECT_BOTH_TIMES(hits(bytes, {.fields = 2}, problem::none));
  EXPECT_BOTH_TIMES(hits(bytes, {.fields = 1}, problem::too_many_fields));
  EXPECT_BOTH_TIMES(hits("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", {.body = 9}, problem::none));
  EXPECT_BOTH_TIMES(
      hits("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n", {.body = 8}, problem::body_too_large));
}

TEST(HttpRequestReader, ALineWithoutEndIsRefusedAtTheLimitOfTargets) {
  const std::string endless(20'000, 'a');
  EXPECT_EQ(read_whole(endless).how.why, problem::target_too_long);
  EXPECT_EQ(read_whole("GET /" + endless).how.why, problem::target_too_long);
  EXPECT_EQ(read_whole("GET / HTTP/1.1\r\n" + endless).how.state, progress::need_more);
  EXPECT_EQ(read_whole("GET / HTTP/1.1\r\n" + endless + endless + endless + endless).how.why, problem::head_too_large);
}

TEST(HttpRequestReader, EachProblemHasItsStatusAndItsWords) {
  EXPECT_BOTH_TIMES(http1::status_for(problem::body_too_large) == 413);
  EXPECT_BOTH_TIMES(http1::status_for(problem::target_too_long) == 414);
  EXPECT_BOTH_TIMES(http1::status_for(problem::head_too_large) == 431);
  EXPECT_BOTH_TIMES(http1::status_for(problem::unsupported_transfer_encoding) == 501);
  EXPECT_BOTH_TIMES(http1::status_for(problem::unsupported_version) == 505);
  EXPECT_BOTH_TIMES(http1::status_for(problem::repeated_host) == 400);
  for (int i = 0; i <= static_cast<int>(problem::refused_start_line); ++i) {
    EXPECT_GT(http1::text_of(static_cast<problem>(i)).size(), 8u) << i;
  }
}

}  // namespace
