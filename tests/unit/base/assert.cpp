#include <dovetail/base/assert.hpp>

#include <gtest/gtest.h>

namespace {

constexpr int after_an_assertion([[maybe_unused]] bool holds) {
  DOVETAIL_ASSERT(holds, "with words");
  return 1;
}
static_assert(after_an_assertion(true) == 1);

TEST(Assert, AnAssertionIsAnExpressionThatDoesNothingByItself) {
  EXPECT_EQ((DOVETAIL_ASSERT(true), 2), 2);
  EXPECT_EQ(after_an_assertion(true), 1);
}

}  // namespace
