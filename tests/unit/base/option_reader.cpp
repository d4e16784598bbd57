#include <dovetail/base/option_reader.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;

dt::uri parsed(std::string_view text) { return dt::parse_uri(text).value(); }

enum class journal { wal, memory };

struct options {
  bool ssl = true;
  int maximum = 10;
  std::chrono::milliseconds timeout = 30s;
  std::chrono::nanoseconds idle = 5min;
  std::string name = "unset";
  dt::secret key;
  journal mode = journal::wal;
};

dt::result<void> read(const dt::uri& source, options& into) {
  return dt::option_reader(source)
      .scheme({"kv", "kvs"})
      .boolean("ssl", into.ssl)
      .integer("maxConnections", into.maximum, 1, 1000)
      .milliseconds("timeout", into.timeout, 1ms, 1h)
      .seconds("idle", into.idle)
      .text("name", into.name)
      .secret_text("apiKey", into.key)
      .choice("mode", into.mode, {{"wal", journal::wal}, {"memory", journal::memory}})
      .finish();
}

std::string failure_of(std::string_view text) {
  options into;
  const dt::uri source = parsed(text);
  const dt::result<void> done = read(source, into);
  EXPECT_FALSE(done.has_value()) << text;
  EXPECT_EQ(done.error().kind(), dt::condition::configuration);
  return std::string{done.error().context()};
}

TEST(OptionReader, EveryKindOfOptionIsRead) {
  options into;
  const dt::uri source = parsed("kv://h?ssl=no&maxConnections=4&timeout=250&idle=90&name=a%20b&apiKey=k&mode=memory");
  ASSERT_TRUE(read(source, into).has_value());
  EXPECT_FALSE(into.ssl);
  EXPECT_EQ(into.maximum, 4);
  EXPECT_EQ(into.timeout, 250ms);
  EXPECT_EQ(into.idle, 90s);
  EXPECT_EQ(into.name, "a b");
  EXPECT_EQ(into.key.reveal(), "k");
  EXPECT_EQ(into.mode, journal::memory);
}

TEST(OptionReader, WhatIsNotThereKeepsItsValue) {
  options into;
  const dt::uri source = parsed("kvs://h");
  ASSERT_TRUE(read(source, into).has_value());
  EXPECT_TRUE(into.ssl);
  EXPECT_EQ(into.maximum, 10);
  EXPECT_EQ(into.timeout, 30s);
  EXPECT_EQ(into.name, "unset");
}

TEST(OptionReader, AMisspeltNameIsAnErrorThatSaysWhatWasMeant) {
  EXPECT_EQ(failure_of("kv://h?maxConection=3"),
            "unknown parameter 'maxConection' in the connection string; did you mean 'maxConnections'?");
  EXPECT_EQ(failure_of("kv://h?max_connections=3"),
            "unknown parameter 'max_connections' in the connection string; did you mean 'maxConnections'?");
  EXPECT_EQ(failure_of("kv://h?SSL=true"), "unknown parameter 'SSL' in the connection string; did you mean 'ssl'?");
}

TEST(OptionReader, AnUnknownNameIsAnErrorThatSaysWhichAreKnown) {
  EXPECT_EQ(failure_of("kv://h?pooling=1"),
            "unknown parameter 'pooling' in the connection string; known are 'ssl', 'maxConnections', 'timeout', "
            "'idle', 'name', 'apiKey', 'mode'");
}

TEST(OptionReader, ARepeatedParameterIsAnErrorAndIsReportedOnce) {
  EXPECT_EQ(failure_of("kv://h?timeout=1&ssl=1&timeout=2&timeout=3"),
            "parameter 'timeout' is given more than once in the connection string");
}

TEST(OptionReader, NumbersHaveLimits) {
  const std::string expected =
      "parameter 'maxConnections' in the connection string must be a whole number from 1 to 1000";
  EXPECT_EQ(failure_of("kv://h?maxConnections=0"), expected + ", not '0'");
  EXPECT_EQ(failure_of("kv://h?maxConnections=1001"), expected + ", not '1001'");
  EXPECT_EQ(failure_of("kv://h?maxConnections=99999999999999999999"), expected + ", not '99999999999999999999'");
  EXPECT_EQ(failure_of("kv://h?maxConnections=ten"), expected + ", not 'ten'");
  EXPECT_EQ(failure_of("kv://h?maxConnections="), expected + ", not empty");
  EXPECT_EQ(failure_of("kv://h?maxConnections"), expected + ", not empty");
}

TEST(OptionReader, IntegersOfEveryWidthAreReadWithinTheirOwnLimits) {
  const dt::uri source = parsed("kv://h?a=255&b=-128&c=18446744073709551615&d=9223372036854775807");
  std::uint8_t a = 0;
  std::int8_t b = 0;
  std::uint64_t c = 7;
  std::size_t d = 0;
  dt::option_reader reader(source);
  reader.integer("a", a).integer("b", b).integer("c", c).integer("d", d);
  EXPECT_EQ(a, 255);
  EXPECT_EQ(b, -128);
  EXPECT_EQ(d, 9223372036854775807u);
  EXPECT_EQ(c, 7u);  // above 2^63-1: no option is that large
  EXPECT_FALSE(reader.finish().has_value());
}

TEST(OptionReader, TimesMayHaveAUnit) {
  for (const auto& [text, expected] : {std::pair<std::string_view, std::chrono::milliseconds>{"1500", 1500ms},
                                       {"1500ms", 1500ms},
                                       {"2s", 2s},
                                       {"3min", 3min},
                                       {"1h", 1h}}) {
    options into;
    const dt::uri source = parsed("kv://h?timeout=" + std::string{text});
    EXPECT_TRUE(read(source, into).has_value()) << text;
    EXPECT_EQ(into.timeout, expected) << text;
  }
  options into;
  const dt::uri source = parsed("kv://h?idle=2500ms");
  EXPECT_TRUE(read(source, into).has_value());
  EXPECT_EQ(into.idle, 2500ms);
}

TEST(OptionReader, TimesHaveLimits) {
  const std::string expected =
      "parameter 'timeout' in the connection string must be a time such as 250ms, 30s or 5min, at least 1ms, at most "
      "1h";
  EXPECT_EQ(failure_of("kv://h?timeout=0"), expected + ", not '0'");
  EXPECT_EQ(failure_of("kv://h?timeout=2h"), expected + ", not '2h'");
  EXPECT_EQ(failure_of("kv://h?timeout=-5"), expected + ", not '-5'");
  EXPECT_EQ(failure_of("kv://h?timeout=1.5s"), expected + ", not '1.5s'");
  EXPECT_EQ(failure_of("kv://h?timeout=9223372036854775807h"), expected + ", not '9223372036854775807h'");
  EXPECT_EQ(failure_of("kv://h?timeout=ms"), expected + ", not 'ms'");
  EXPECT_EQ(failure_of("kv://h?timeout="), expected + ", not empty");
}

TEST(OptionReader, ATimeMustFitTheStepsOfItsType) {
  const dt::uri source = parsed("kv://h?timeout=1500");
  std::chrono::seconds timeout = 7s;
  const dt::result<void> done = dt::option_reader(source).milliseconds("timeout", timeout).finish();
  EXPECT_EQ(done.error().context(),
            "parameter 'timeout' in the connection string must be a time such as 250ms, 30s or 5min, in steps of 1s, "
            "not '1500'");
  EXPECT_EQ(timeout, 7s);
}

TEST(OptionReader, BooleansAreReadInTheirManyForms) {
  for (const std::string_view text : {"=true", "=TRUE", "=yes", "=on", "=1", ""}) {
    options into;
    into.ssl = false;
    const dt::uri source = parsed("kv://h?ssl" + std::string{text});
    EXPECT_TRUE(read(source, into).has_value() && into.ssl) << text;
  }
  for (const std::string_view text : {"=false", "=False", "=no", "=off", "=0"}) {
    options into;
    const dt::uri source = parsed("kv://h?ssl" + std::string{text});
    EXPECT_TRUE(read(source, into).has_value() && !into.ssl) << text;
  }
  EXPECT_EQ(failure_of("kv://h?ssl=maybe"),
            "parameter 'ssl' in the connection string must be true or false, not 'maybe'");
  EXPECT_EQ(failure_of("kv://h?ssl="), "parameter 'ssl' in the connection string must be true or false, not empty");
}

TEST(OptionReader, AWordOutsideOfTheChoiceIsAnErrorThatSaysWhatWasMeant) {
  EXPECT_EQ(failure_of("kv://h?mode=memmory"),
            "parameter 'mode' in the connection string must be one of 'wal', 'memory', not 'memmory'; did you mean "
            "'memory'?");
  EXPECT_EQ(failure_of("kv://h?mode=off"),
            "parameter 'mode' in the connection string must be one of 'wal', 'memory', not 'off'");
}

TEST(OptionReader, AnotherSchemeIsAnError) {
  EXPECT_EQ(failure_of("mysql://h"), "the connection string must begin with 'kv:' or 'kvs:', not with 'mysql:'");
}

TEST(OptionReader, AllMistakesAreReportedTogetherWithTheCodeOfTheFirst) {
  options into;
  const dt::uri source = parsed("kv://h?ssl=x&maxConnections=0&what=1&timeuot=2");
  const dt::result<void> done = read(source, into);
  EXPECT_EQ(done.error().code(), dt::errc::invalid_option);
  EXPECT_EQ(
      done.error().context(),
      "parameter 'ssl' in the connection string must be true or false, not 'x'\n"
      "  parameter 'maxConnections' in the connection string must be a whole number from 1 to 1000, not '0'\n"
      "  unknown parameter 'what' in the connection string; known are 'ssl', 'maxConnections', 'timeout', 'idle', "
      "'name', 'apiKey', 'mode'\n"
      "  unknown parameter 'timeuot' in the connection string; did you mean 'timeout'?");
  EXPECT_EQ(into.maximum, 10);
}

TEST(OptionReader, NoMessageQuotesWhatMayBeASecret) {
  for (const std::string_view text : {
           "kv://h?apiKey=sesame&apiKey=sesame",  // a secret that is repeated
           "kv://h?timeout=30;password=sesame",   // another style of connection string
           "kv://h?password:sesame",              // a name with a separator in it
           "kv://u:1?sesame=1&ssl=sesame@h",      // a password with a '?' in it
           "kv://u:x@1?sesame&ssl=sesame&maxConnections=sesame@h",
           "kv://h?mode=sesame%0A",  // not plain
       }) {
    EXPECT_EQ(failure_of(text).find("sesame"), std::string::npos) << text << '\n' << failure_of(text);
  }
}

TEST(OptionReader, TheCallerAddsMistakesOfItsOwn) {
  const dt::uri source = parsed("kv://h?minimum=5&maximum=3");
  int minimum = 0;
  int maximum = 0;
  dt::option_reader reader(source);
  reader.integer("minimum", minimum).integer("maximum", maximum);
  EXPECT_TRUE(reader.has("minimum"));
  EXPECT_FALSE(reader.has("other"));
  reader.problem(dt::errc::invalid_option, "parameter 'minimum' is above 'maximum'");
  EXPECT_EQ(reader.finish().error().context(), "parameter 'minimum' is above 'maximum'");
}

}  // namespace
