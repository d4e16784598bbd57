#include <dovetail/base/calendar.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
using namespace std::chrono;

constexpr bool has_date_text(year_month_day date, std::string_view text) {
  char buffer[dt::date_text_size]{};
  const char* const end = dt::format_date(buffer, date);
  return std::string_view{buffer, static_cast<std::size_t>(end - buffer)} == text;
}

template <class Duration>
std::string text_of(sys_time<Duration> time) {
  char buffer[dt::timestamp_text_size];
  return {buffer, dt::format_timestamp(buffer, time)};
}

template <class Duration>
std::string text_of(Duration span) {
  char buffer[dt::duration_text_size];
  return {buffer, dt::format_duration(buffer, span)};
}

struct date_case {
  std::string_view text;
  year_month_day date;
  bool is_canonical = true;
};

constexpr date_case date_cases[] = {
    {"2026-11-21", 2026y / 11 / 21},
    {"1970-01-01", 1970y / 1 / 1},
    {"2024-02-29", 2024y / 2 / 29},
    {"2000-02-29", 2000y / 2 / 29},
    {"0000-12-31", 0y / 12 / 31},
    {"0001-01-01", 1y / 1 / 1},
    {"9999-12-31", 9999y / 12 / 31},
    {"10000-01-01", 10000y / 1 / 1},
    {"32767-12-31", 32767y / 12 / 31},
    {"-0001-05-06", year{-1} / 5 / 6},
    {"-32767-01-01", year{-32767} / 1 / 1},
    {"+2026-11-21", 2026y / 11 / 21, false},
    {"-0000-01-01", 0y / 1 / 1, false},
    {"02026-11-21", 2026y / 11 / 21, false},
    {"0044-03-15 BC", year{-43} / 3 / 15, false},
    {"0001-12-31 BC", 0y / 12 / 31, false},
};

constexpr bool holds(const date_case& each) {
  year_month_day read{};
  return dt::parse_date(each.text, read) && read == each.date &&
         (!each.is_canonical || has_date_text(each.date, each.text));
}

constexpr bool all_date_cases_hold() {
  for (const date_case& each : date_cases) {
    if (!holds(each)) return false;
  }
  return true;
}
static_assert(all_date_cases_hold());

TEST(Calendar, DatesComeBackFromTheirText) {
  for (const date_case& each : date_cases) EXPECT_TRUE(holds(each)) << each.text;
}

constexpr std::string_view malformed_dates[] = {
    "",
    "2026",
    "2026-11",
    "2026-11-2",
    "2026-1-21",
    "26-11-21",
    "2026-11-21 ",
    " 2026-11-21",
    "2026/11/21",
    "20261121",
    "2026-13-01",
    "2026-00-01",
    "2026-01-00",
    "2026-01-32",
    "2026-02-29",
    "1900-02-29",
    "2026-04-31",
    "32768-01-01",
    "-32768-01-01",
    "99999999999999999999-01-01",
    "2026-11-2x",
    "2026-11-21T00:00",
    "0000-01-01 BC",
    "-0001-01-01 BC",
    "2026-11-21 AD",
    "--2026-11-21",
};

constexpr bool malformed_dates_are_refused() {
  for (const std::string_view text : malformed_dates) {
    year_month_day read = 1999y / 9 / 9;
    if (dt::parse_date(text, read) || read != 1999y / 9 / 9) return false;
  }
  return true;
}
static_assert(malformed_dates_are_refused());

TEST(Calendar, DatesThatNoCalendarHasAndOtherTextsAreRefused) {
  for (const std::string_view text : malformed_dates) {
    year_month_day read{};
    EXPECT_FALSE(dt::parse_date(text, read)) << text;
  }
}

constexpr bool impossible_dates_have_no_text() {
  return has_date_text(2026y / 2 / 30, "") && has_date_text(2026y / 200 / 1, "") && has_date_text({}, "") &&
         has_date_text(year{-32768} / 1 / 1, "");
}
static_assert(impossible_dates_have_no_text());

TEST(Calendar, ADateThatIsNotOkHasNoText) { EXPECT_TRUE(impossible_dates_have_no_text()); }

TEST(Calendar, EveryDayOfTenThousandYearsComesBack) {
  char buffer[dt::date_text_size];
  for (sys_days day = sys_days{year{-100} / 1 / 1}; day <= sys_days{9900y / 12 / 31}; day += days{17}) {
    const year_month_day date{day};
    year_month_day read{};
    const std::string_view text{buffer, static_cast<std::size_t>(dt::format_date(buffer, date) - buffer)};
    ASSERT_TRUE(dt::parse_date(text, read)) << text;
    ASSERT_EQ(read, date) << text;
  }
}

struct time_case {
  std::string_view text;
  sys_time<nanoseconds> time;
};

constexpr sys_time<nanoseconds> noon = sys_days{2026y / 11 / 21} + 12h;

constexpr time_case time_cases[] = {
    {"2026-11-21T12:00:00Z", noon},
    {"2026-11-21T12:00:00z", noon},
    {"2026-11-21t12:00:00Z", noon},
    {"2026-11-21 12:00:00", noon},
    {"2026-11-21 12:00", noon},
    {"2026-11-21T12:00Z", noon},
    {"2026-11-21", noon - 12h},
    {"2026-11-21 12:00:00.5", noon + 500ms},
    {"2026-11-21 12:00:00,5", noon + 500ms},
    {"2026-11-21 12:00:00.000000001", noon + 1ns},
    {"2026-11-21 12:00:00.123456789000", noon + 123456789ns},
    {"2026-11-21 13:00:00+01", noon},
    {"2026-11-21 13:30:00+01:30", noon},
    {"2026-11-21 13:30:00+0130", noon},
    {"2026-11-21 13:30:15+01:30:15", noon},
    {"2026-11-21 13:00:00 +01:00", noon},
    {"2026-11-21 12:00:00 Z", noon},
    {"2026-11-21 04:00:00-08", noon},
    {"2026-11-22 00:30:00+12:30", noon},
    {"2026-11-20 23:00:00-13:00", noon},
    {"1969-12-31 23:59:59.999999999", sys_time<nanoseconds>{-1ns}},
    {"1677-09-21T00:12:43.145224192Z", sys_time<nanoseconds>::min()},
    {"2262-04-11T23:47:16.854775807Z", sys_time<nanoseconds>::max()},
};

constexpr bool holds(const time_case& each) {
  sys_time<nanoseconds> read{};
  return dt::parse_timestamp(each.text, read) && read == each.time;
}

constexpr bool all_time_cases_hold() {
  for (const time_case& each : time_cases) {
    if (!holds(each)) return false;
  }
  return true;
}
static_assert(all_time_cases_hold());

TEST(Calendar, PointsInTimeAreReadInTheirManyFormsAndBroughtToUtc) {
  for (const time_case& each : time_cases) EXPECT_TRUE(holds(each)) << each.text;
}

constexpr std::string_view malformed_times[] = {
    "",
    "2026-11-21T",
    "2026-11-21 ",
    "2026-11-21 12",
    "2026-11-21 12:0",
    "2026-11-21 12:00:0",
    "2026-11-21 12:00:",
    "2026-11-21 12:00:00.",
    "2026-11-21 24:00:00",
    "2026-11-21 12:60:00",
    "2026-11-21 12:00:60",
    "2026-11-21  12:00:00",
    "2026-11-21_12:00:00",
    "2026-11-21 12:00:00+",
    "2026-11-21 12:00:00+1",
    "2026-11-21 12:00:00+24",
    "2026-11-21 12:00:00+01:",
    "2026-11-21 12:00:00+01:60",
    "2026-11-21 12:00:00+01:00:",
    "2026-11-21 12:00:00+010",
    "2026-11-21 12:00:00ZZ",
    "2026-11-21 12:00:00 ",
    "2026-11-21 12:00:00X",
    "2026-11-21 12:00:00.0000000001",
    "2026-02-29 12:00:00",
    "1677-09-21T00:12:43.145224191Z",
    "2262-04-11T23:47:16.854775808Z",
    "9999-12-31T23:59:59Z",
};

constexpr bool malformed_times_are_refused() {
  for (const std::string_view text : malformed_times) {
    sys_time<nanoseconds> read = noon;
    if (dt::parse_timestamp(text, read) || read != noon) return false;
  }
  return true;
}
static_assert(malformed_times_are_refused());

TEST(Calendar, MalformedPointsInTimeAndThoseOutOfRangeAreRefused) {
  for (const std::string_view text : malformed_times) {
    sys_time<nanoseconds> read{};
    EXPECT_FALSE(dt::parse_timestamp(text, read)) << text;
  }
}

constexpr bool nothing_is_rounded() {
  sys_seconds whole{};
  sys_time<milliseconds> milli{};
  sys_days day{};
  return !dt::parse_timestamp("2026-11-21 12:00:00.5", whole) &&
         dt::parse_timestamp("2026-11-21 12:00:00.000", whole) && whole == noon &&
         !dt::parse_timestamp("2026-11-21 12:00:00.0001", milli) &&
         dt::parse_timestamp("2026-11-21 12:00:00.001000", milli) && milli == noon + 1ms &&
         !dt::parse_timestamp("2026-11-21 12:00:00", day) && dt::parse_timestamp("2026-11-21", day) &&
         day == sys_days{2026y / 11 / 21} && dt::parse_timestamp("2026-11-22 00:00:00", day);
}
static_assert(nothing_is_rounded());

TEST(Calendar, ATextThatIsFinerThanTheTypeIsRefusedRatherThanRounded) { EXPECT_TRUE(nothing_is_rounded()); }

TEST(Calendar, DigitsBehindThePointFollowTheType) {
  const sys_days day = 2026y / 11 / 21;
  EXPECT_EQ(text_of(sys_seconds{day + 12h}), "2026-11-21T12:00:00Z");
  EXPECT_EQ(text_of(day + 12h + 5ms), "2026-11-21T12:00:00.005Z");
  EXPECT_EQ(text_of(day + 12h + 5us), "2026-11-21T12:00:00.000005Z");
  EXPECT_EQ(text_of(day + 12h + 5ns), "2026-11-21T12:00:00.000000005Z");
  EXPECT_EQ(text_of(day), "2026-11-21T00:00:00Z");
  EXPECT_EQ(text_of(sys_time<microseconds>{-1us}), "1969-12-31T23:59:59.999999Z");
  char buffer[dt::timestamp_text_size];
  EXPECT_EQ(std::string(buffer, dt::format_timestamp(buffer, sys_seconds{day}, ' ')), "2026-11-21 00:00:00Z");
}

TEST(Calendar, PointsInTimeComeBackOverTheWholeRangeOfTheCalendar) {
  const auto comes_back = [](auto time) {
    decltype(time) read{};
    const std::string text = text_of(time);
    EXPECT_TRUE(text.size() <= dt::timestamp_text_size && dt::parse_timestamp(text, read)) << text;
    EXPECT_EQ(read.time_since_epoch().count(), time.time_since_epoch().count()) << text;
  };
  const sys_days first = year{-32767} / 1 / 1;
  const sys_days last = 32767y / 12 / 31;
  comes_back(sys_seconds{first});
  comes_back(sys_seconds{last + 86399s});
  comes_back(sys_time<microseconds>{first});
  comes_back(last + 86400s - 1us);
  comes_back(sys_time<nanoseconds>::min());
  comes_back(sys_time<nanoseconds>::max());
  for (std::int64_t count = -4'000'000'000'000'000; count < 4'000'000'000'000'000; count += 7'777'777'777'777) {
    comes_back(sys_time<microseconds>{microseconds{count}});
  }
}

TEST(Calendar, ATimeBeyondTheCalendarHasNoText) {
  EXPECT_EQ(text_of(sys_seconds{sys_days{32767y / 12 / 31} + 86400s}), "");
  EXPECT_EQ(text_of(sys_seconds{sys_days{year{-32767} / 1 / 1} - 1s}), "");
  EXPECT_EQ(text_of(sys_seconds::max()), "");
  EXPECT_EQ(text_of(sys_seconds::min()), "");
  EXPECT_EQ(text_of(sys_time<microseconds>::max()), "");
  EXPECT_EQ(text_of(sys_time<hours>::min()), "");
}

constexpr bool local_times_have_no_zone() {
  local_time<milliseconds> read{};
  const local_time<milliseconds> expected = local_days{2026y / 11 / 21} + 12h + 250ms;
  if (!dt::parse_local_timestamp("2026-11-21T12:00:00.25", read) || read != expected) return false;
  if (dt::parse_local_timestamp("2026-11-21T12:00:00Z", read) || read != expected) return false;
  if (dt::parse_local_timestamp("2026-11-21T12:00:00+00", read)) return false;
  char buffer[dt::timestamp_text_size]{};
  const char* const end = dt::format_local_timestamp(buffer, expected);
  return std::string_view{buffer, static_cast<std::size_t>(end - buffer)} == "2026-11-21T12:00:00.250";
}
static_assert(local_times_have_no_zone());

TEST(Calendar, LocalTimesAreReadAndWrittenWithoutAZone) { EXPECT_TRUE(local_times_have_no_zone()); }

struct duration_case {
  std::string_view text;
  nanoseconds span;
  bool is_canonical = true;
};

constexpr duration_case duration_cases[] = {
    {"00:00:00.000000000", 0ns},
    {"12:34:56.000000000", 12h + 34min + 56s},
    {"-00:00:00.000000001", -1ns},
    {"-01:30:00.500000000", -(1h + 30min + 500ms)},
    {"838:59:59.000000000", 838h + 59min + 59s},
    {"2562047:47:16.854775807", nanoseconds::max()},
    {"-2562047:47:16.854775808", nanoseconds::min()},
    {"1:02", 1h + 2min, false},
    {"+01:02:03", 1h + 2min + 3s, false},
    {"01:02:03.5", 1h + 2min + 3s + 500ms, false},
    {"-0:00:00", 0ns, false},
};

constexpr bool holds(const duration_case& each) {
  nanoseconds read{};
  if (!dt::parse_duration(each.text, read) || read != each.span) return false;
  char buffer[dt::duration_text_size]{};
  const char* const end = dt::format_duration(buffer, each.span);
  return !each.is_canonical || std::string_view{buffer, static_cast<std::size_t>(end - buffer)} == each.text;
}

constexpr bool all_duration_cases_hold() {
  for (const duration_case& each : duration_cases) {
    if (!holds(each)) return false;
  }
  return true;
}
static_assert(all_duration_cases_hold());

TEST(Calendar, DurationsComeBackFromTheirText) {
  for (const duration_case& each : duration_cases) EXPECT_TRUE(holds(each)) << each.text;
}

TEST(Calendar, DurationsOfEverySizeComeBack) {
  EXPECT_EQ(text_of(seconds::max()), "2562047788015215:30:07");
  EXPECT_EQ(text_of(seconds::min()), "-2562047788015215:30:08");
  EXPECT_EQ(text_of(hours{25}), "25:00:00");
  EXPECT_EQ(text_of(hours::max()), "");
  EXPECT_EQ(text_of(-1ms), "-00:00:00.001");
  seconds read{};
  EXPECT_TRUE(dt::parse_duration("2562047788015215:30:07", read) && read == seconds::max());
  EXPECT_TRUE(dt::parse_duration("-2562047788015215:30:08", read) && read == seconds::min());
  EXPECT_FALSE(dt::parse_duration("2562047788015215:30:08", read));
  EXPECT_FALSE(dt::parse_duration("-2562047788015215:30:09", read));
  EXPECT_FALSE(dt::parse_duration("99999999999999999999:00:00", read));
}

constexpr std::string_view malformed_durations[] = {
    "",
    "-",
    "12",
    ":30",
    "12:3",
    "12:60",
    "12:30:",
    "12:30:60",
    "12:30:00.",
    "12:30:00.x",
    " 12:30",
    "12:30 ",
    "12:30:00.0000000001",
    "--12:30",
    "+-12:30",
    "2562047:47:16.854775808",
    "-2562047:47:16.854775809",
    "1 day 02:00",
};

constexpr bool malformed_durations_are_refused() {
  for (const std::string_view text : malformed_durations) {
    nanoseconds read = 42ns;
    if (dt::parse_duration(text, read) || read != 42ns) return false;
  }
  minutes coarse{};
  return !dt::parse_duration("00:00:01", coarse) && dt::parse_duration("00:05:00", coarse) && coarse == 5min;
}
static_assert(malformed_durations_are_refused());

TEST(Calendar, MalformedDurationsAreRefused) {
  for (const std::string_view text : malformed_durations) {
    nanoseconds read{};
    EXPECT_FALSE(dt::parse_duration(text, read)) << text;
  }
}

}  // namespace
