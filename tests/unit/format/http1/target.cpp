#include <dovetail/format/http1/target.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

using namespace std::string_view_literals;
namespace http1 = dovetail::http1;

constexpr bool splits(std::string_view target, std::string_view path, std::string_view query) {
  const http1::target_parts parts = http1::split_target(target);
  return parts.path == path && parts.query == query;
}

TEST(HttpTarget, IsSplitIntoPathAndQuery) {
  EXPECT_BOTH_TIMES(splits("/where?q=now", "/where", "q=now"));
  EXPECT_BOTH_TIMES(splits("/a?b?c", "/a", "b?c") && splits("/a?", "/a", "") && splits("/", "/", ""));
  EXPECT_BOTH_TIMES(splits("http://www.example.org/pub/x?y", "/pub/x", "y"));
  EXPECT_BOTH_TIMES(splits("https://host", "/", "") && splits("http://host?q", "/", "q"));
}

TEST(HttpTarget, AllButUnreservedCharactersAreEscaped) {
  // RFC 3986 sections 2.1 and 2.3
  std::string out = "/";
  http1::append_escaped(out, "azAZ09-._~");
  EXPECT_EQ(out, "/azAZ09-._~");
  out.clear();
  http1::append_escaped(out, "a b/c?d=e&f+%\r\n\xC3\xBC\0"sv);
  EXPECT_EQ(out, "a%20b%2Fc%3Fd%3De%26f%2B%25%0D%0A%C3%BC%00");
  EXPECT_BOTH_TIMES(http1::escaped_size("a b") == 5 && http1::escaped_size("") == 0);
}

TEST(HttpTarget, EscapesAreReadBack) {
  std::string out = "before";
  EXPECT_TRUE(http1::unescape("a%20b%2fc+d", out));
  EXPECT_EQ(out, "a b/c+d");
  EXPECT_TRUE(http1::unescape("a+b%2B", out, true));
  EXPECT_EQ(out, "a b+");
  EXPECT_TRUE(http1::unescape("%00%FF", out));
  EXPECT_EQ(out, "\x00\xFF"sv);
  for (const std::string_view text : {"%", "a%2", "%zz", "%%20", "%2%20"}) {
    out = "before";
    EXPECT_FALSE(http1::unescape(text, out)) << text;
    EXPECT_EQ(out, "before");
  }
}

TEST(HttpTarget, AParameterIsFoundByItsDecodedName) {
  std::string value;
  EXPECT_TRUE(http1::find_query_parameter("a=1&b=2&a=3", "a", value));
  EXPECT_EQ(value, "1");
  EXPECT_TRUE(http1::find_query_parameter("x&t%6Fken=a%3Db+c=d&", "token", value));
  EXPECT_EQ(value, "a=b c=d");
  EXPECT_TRUE(http1::find_query_parameter("x&flag", "flag", value));
  EXPECT_EQ(value, "");
  EXPECT_FALSE(http1::find_query_parameter("ab=1", "a", value));
  EXPECT_FALSE(http1::find_query_parameter("", "a", value));
  EXPECT_FALSE(http1::find_query_parameter("a=%", "a", value));
}

}  // namespace
