#include <dovetail/policy/log_observer.hpp>

#include <dovetail/base/errc.hpp>
#include <dovetail/codec/postgres/sqlstate.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::log_level;
using dt::observed;

constexpr std::chrono::sys_time<std::chrono::microseconds> noon{
    std::chrono::sys_days{std::chrono::year{2026} / 11 / 21} + 12h + 1us};

std::string line(const dt::observation& seen) { return dt::detail::log_line(seen, log_level::info, noon); }

TEST(LogObserver, ARequestIsOneLineOfJson) {
  EXPECT_EQ(
      line({.operation = "get", .duration = 1'234'567ns, .bytes_sent = 24, .bytes_received = 131}),
      R"({"time":"2026-11-21T12:00:00.000001Z","level":"info","event":"request","operation":"get","duration_ms":1.234,)"
      R"("bytes_sent":24,"bytes_received":131,"attempt":1})");
}

TEST(LogObserver, AFailureHasItsConditionTextAndCode) {
  EXPECT_EQ(
      line({.what = observed::retry,
            .operation = "get",
            .ec = dt::errc::connection_lost,
            .duration = 50ms,
            .attempt = 2}),
      R"({"time":"2026-11-21T12:00:00.000001Z","level":"info","event":"retry","operation":"get","delay_ms":50.000,)"
      R"("attempt":2,"condition":"connection","error":"the connection was lost","code":"dovetail:7"})");
}

TEST(LogObserver, AFailureOfPostgresHasItsSqlstate) {
  const std::string text = line({.what = observed::retry, .ec = dt::postgres::make_error_code("40P01")});
  EXPECT_TRUE(text.ends_with(R"(","sqlstate":"40P01"})")) << text;
}

TEST(LogObserver, APlaceIsPartOfTheLineWhenItIsKnown) {
  const auto here = std::source_location::current();
  const std::string text = line({.what = observed::leak_warning, .duration = 61s, .where = here});
  EXPECT_NE(text.find(R"("duration_ms":61000.000,"where":")"), std::string::npos) << text;
  EXPECT_NE(text.find("log_observer.cpp:" + std::to_string(here.line()) + "\""), std::string::npos) << text;
}

TEST(LogObserver, TextIsEscapedAndMalformedUtf8IsReplaced) {
  std::string out;
  dt::detail::append_json_text(out, "a\"b\\c\nd\x01\xC3\xA4\xFF\xC3");
  EXPECT_EQ(out, "\"a\\\"b\\\\c\\u000ad\\u0001\xC3\xA4\xEF\xBF\xBD\xEF\xBF\xBD\"");
  out.clear();
  dt::detail::append_json_text(out, "");
  EXPECT_EQ(out, "\"\"");
}

TEST(LogObserver, LevelsFollowFromWhatHappened) {
  const auto never = dt::clock::duration::max();
  EXPECT_EQ(dt::level_of({.what = observed::request, .duration = 1s}, never), log_level::debug);
  EXPECT_EQ(dt::level_of({.what = observed::request, .duration = 1s}, 1s), log_level::warning);
  EXPECT_EQ(dt::level_of({.what = observed::request, .ec = dt::errc::no_row}, never), log_level::warning);
  EXPECT_EQ(dt::level_of({.what = observed::pool_wait, .duration = 1ms}, 1s), log_level::debug);
  EXPECT_EQ(dt::level_of({.what = observed::connect}, never), log_level::info);
  EXPECT_EQ(dt::level_of({.what = observed::connect, .ec = dt::errc::host_not_found}, never), log_level::error);
  EXPECT_EQ(dt::level_of({.what = observed::disconnect}, never), log_level::info);
  EXPECT_EQ(dt::level_of({.what = observed::retry}, never), log_level::warning);
  EXPECT_EQ(dt::level_of({.what = observed::leak_warning}, never), log_level::warning);
  EXPECT_EQ(dt::level_of({.what = observed::circuit, .ec = dt::errc::connection_lost}, never), log_level::warning);
  EXPECT_EQ(dt::level_of({.what = observed::circuit}, never), log_level::info);
  EXPECT_EQ(dt::level_of({.what = observed::error}, never), log_level::error);
  EXPECT_EQ(dt::to_string(log_level::warning), "warning");
}

TEST(LogObserver, WritesWhatIsUrgentEnoughToTheUsersSink) {
  auto lines = std::make_shared<std::vector<std::string>>();
  dt::log_observer log{[lines](std::string_view text) { lines->emplace_back(text); },
                       dt::log_settings{.level = log_level::warning, .slow = 100ms}};
  static_assert(dt::observer<decltype(log)>);
  log.on({.operation = "fast", .duration = 99ms});
  log.on({.operation = "slow", .duration = 100ms});
  log.on({.what = observed::connect});
  ASSERT_EQ(lines->size(), 1u);
  EXPECT_NE(lines->at(0).find(R"("level":"warning","event":"request","operation":"slow")"), std::string::npos);
}

void ignore(std::string_view) {}

TEST(LogObserver, TakesAPlainFunction) {
  dt::log_observer<> log{&ignore};
  log.on({.what = observed::error, .ec = dt::errc::no_row});
}

TEST(LogObserver, ASinkThatThrowsDoesNotBreakTheWork) {
  dt::log_observer log{[](std::string_view) { throw std::runtime_error("disk full"); }};
  log.on({.what = observed::error, .ec = dt::errc::no_row});
}

}  // namespace
