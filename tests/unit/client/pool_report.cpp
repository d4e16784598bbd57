#include <dovetail/client/pool_report.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <source_location>
#include <string>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;

std::string duration_text(dt::clock::duration value) {
  std::string text;
  dt::detail::append_duration(text, value);
  return text;
}

TEST(PoolReport, DurationsAreReadable) {
  EXPECT_EQ(duration_text(0ns), "0.000 ms");
  EXPECT_EQ(duration_text(1'234'567ns), "1.234 ms");
  EXPECT_EQ(duration_text(999'999us), "999.999 ms");
  EXPECT_EQ(duration_text(1s), "1.000 s");
  EXPECT_EQ(duration_text(75s + 40ms), "75.040 s");
}

TEST(PoolReport, AnExhaustedPoolIsExplainedInOneLine) {
  const auto here = std::source_location::current();
  const std::string place =
      std::string{here.file_name()} + ':' + std::to_string(here.line()) + ' ' + here.function_name();
  const dt::error_info failure = dt::detail::exhaustion_error(
      {.waited = 5s,
       .counts = {.total = 2, .active = 2, .waiting = 3, .max = 2},
       .holders = {{.where = here, .age = 12'300ms}, {.where = {}, .age = 40ms, .opening = true}},
       .last_connect_error = dt::error_info{dt::make_error_code(dt::errc::host_not_found), "db.example"},
       .last_connect_error_age = 2s,
       .where = here});
  EXPECT_EQ(failure.context(), "waited 5.000 s for a connection: 2 of 2 in use, 3 waiting; held for 12.300 s by " +
                                   place +
                                   "; being opened for 40.000 ms by an unknown place; last connect error, 2.000 s ago: "
                                   "db.example: the host name could not be resolved");
  EXPECT_EQ(failure.where().line(), here.line());
}

TEST(PoolReport, AFullQueueIsExplainedWithoutAWait) {
  const dt::error_info failure = dt::detail::exhaustion_error(
      {.code = dt::errc::pool_queue_full, .counts = {.active = 1, .waiting = 9, .max = 1}});
  EXPECT_EQ(failure.message(), "1 of 1 in use, 9 waiting: too many callers are waiting for a connection");
}

TEST(PoolReport, ManyHoldersAreCutShort) {
  dt::detail::exhaustion facts;
  facts.holders.grow(20);
  const std::string text{dt::detail::exhaustion_error(facts).context()};
  EXPECT_TRUE(text.ends_with("; and 4 more")) << text;
}

}  // namespace
