#include <dovetail/format/http1/date.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <string_view>

namespace {

namespace http1 = dovetail::http1;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr sys_seconds at(std::int64_t since_epoch) { return sys_seconds{seconds{since_epoch}}; }
constexpr sys_seconds now = at(1'795'280'400);  // 2026-11-21

constexpr bool reads(std::string_view text, std::int64_t since_epoch, sys_seconds today = now) {
  sys_seconds value{};
  return http1::parse_http_date(text, today, value) && value == at(since_epoch);
}

constexpr bool writes(std::int64_t since_epoch, std::string_view text) {
  std::array<char, http1::http_date_size> room{};
  const char* const end = http1::write_http_date(room.data(), at(since_epoch));
  return std::string_view{room.data(), static_cast<std::size_t>(end - room.data())} == text;
}

TEST(HttpDate, TheThreeFormsOfTheStandardAreRead) {
  // RFC 9110 section 5.6.7
  EXPECT_BOTH_TIMES(reads("Sun, 06 Nov 1994 08:49:37 GMT", 784111777));
  EXPECT_BOTH_TIMES(reads("Sunday, 06-Nov-94 08:49:37 GMT", 784111777));
  EXPECT_BOTH_TIMES(reads("Sun Nov  6 08:49:37 1994", 784111777));
  EXPECT_BOTH_TIMES(reads("Wed Nov 16 08:49:37 1994", 784975777));
  EXPECT_BOTH_TIMES(reads("Thu, 01 Jan 1970 00:00:00 GMT", 0));
  EXPECT_BOTH_TIMES(reads("Thu, 29 Feb 2024 23:59:60 GMT", 1709251200));
}

TEST(HttpDate, AYearOfTwoDigitsIsAtMostFiftyYearsAhead) {
  EXPECT_BOTH_TIMES(reads("Wednesday, 01-Jan-76 00:00:00 GMT", 3345062400));                 // 2076
  EXPECT_BOTH_TIMES(reads("Saturday, 01-Jan-77 00:00:00 GMT", 220924800));                   // 1977
  EXPECT_BOTH_TIMES(reads("Saturday, 01-Jan-00 00:00:00 GMT", 4102444800, at(4070908800)));  // of 2099: 2100
}

TEST(HttpDate, AnythingElseIsNoDate) {
  constexpr std::string_view bad[] = {"",
                                      "Sun, 06 Nov 1994 08:49:37",
                                      "Sun, 06 Nov 1994 08:49:37 GMT ",
                                      "Sun, 06 Nov 1994 08:49:37 UTC",
                                      "Sun, 6 Nov 1994 08:49:37 GMT",
                                      "sun, 06 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 nov 1994 08:49:37 GMT",
                                      "Sun, 31 Feb 1994 08:49:37 GMT",
                                      "Sun, 00 Nov 1994 08:49:37 GMT",
                                      "Sun, 06 Nov 1994 24:49:37 GMT",
                                      "Sun, 06 Nov 1994 08:60:37 GMT",
                                      "Sun, 06 Nov 1994 08:49:61 GMT",
                                      "Fri, 31 Dec 9999 23:59:60 GMT",  // would be in the year 10000
                                      "Sun, 06 Nov 94 08:49:37 GMT",
                                      "Sun, 06-Nov-94 08:49:37 GMT",
                                      "Sun Nov 6 08:49:37 1994",
                                      "1994-11-06T08:49:37Z"};
  for (const std::string_view text : bad) {
    sys_seconds value = now;
    EXPECT_FALSE(http1::parse_http_date(text, now, value)) << text;
    EXPECT_EQ(value, now);
  }
}

TEST(HttpDate, DatesAreWrittenInTheFixedForm) {
  EXPECT_BOTH_TIMES(writes(784111777, "Sun, 06 Nov 1994 08:49:37 GMT"));
  EXPECT_BOTH_TIMES(writes(0, "Thu, 01 Jan 1970 00:00:00 GMT"));
  EXPECT_BOTH_TIMES(writes(-1, "Wed, 31 Dec 1969 23:59:59 GMT"));
  EXPECT_BOTH_TIMES(writes(253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"));
}

constexpr bool delays(std::string_view text, std::int64_t expected, sys_seconds today = now) {
  seconds delay{-1};
  return http1::parse_retry_after(text, today, delay) && delay == seconds{expected};
}

TEST(HttpRetryAfter, IsANumberOfSecondsOrADate) {
  // RFC 9110 section 10.2.3
  EXPECT_BOTH_TIMES(delays("120", 120) && delays("0", 0) && delays("007", 7));
  EXPECT_BOTH_TIMES(delays("Fri, 31 Dec 1999 23:59:59 GMT", 59, at(946684740)));
  EXPECT_BOTH_TIMES(delays("Fri, 31 Dec 1999 23:59:59 GMT", 0));  // long past
  EXPECT_BOTH_TIMES(delays("99999999999999999999999999", 2147483647));
}

TEST(HttpRetryAfter, AnythingElseIsNoDelay) {
  for (const std::string_view text : {"", " 1", "1 ", "-1", "+1", "1.5", "1s", "soon"}) {
    seconds delay{-1};
    EXPECT_FALSE(http1::parse_retry_after(text, now, delay)) << text;
    EXPECT_EQ(delay, seconds{-1});
  }
}

}  // namespace
