#include <dovetail/base/errc.hpp>

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <system_error>

namespace {

namespace dt = dovetail;

TEST(Errc, EveryCodeHasATextOfItsOwnAndAKind) {
  std::set<std::string> texts;
  int count = 0;
  for (int value = 1; dt::error_category().message(value) != "unknown error"; ++value, ++count) {
    const std::error_code code = static_cast<dt::errc>(value);
    EXPECT_TRUE(texts.insert(code.message()).second) << code.message();
    EXPECT_TRUE(code == dt::condition_of(code)) << code.message();
  }
  EXPECT_GE(count, static_cast<int>(dt::errc::invalid_state));
}

TEST(Errc, ACodeIsAnErrorCodeOfTheLibrary) {
  const std::error_code code = dt::errc::deadline_passed;
  EXPECT_EQ(code.category().name(), std::string{"dovetail"});
  EXPECT_EQ(code, dt::errc::deadline_passed);
  EXPECT_NE(code, dt::errc::cancelled);
  EXPECT_TRUE(code == dt::condition::timeout);
  EXPECT_FALSE(code == dt::condition::cancelled);
}

TEST(Errc, AnUnknownValueIsStillAFailureWithAText) {
  const std::error_code code{9999, dt::error_category()};
  EXPECT_EQ(code.message(), "unknown error");
  EXPECT_EQ(dt::condition_of(code), dt::condition::server);
}

}  // namespace
