#include <dovetail/base/lesser.hpp>

#include <gtest/gtest.h>

namespace dt = dovetail;

namespace {

TEST(Lesser, OfTwoNumbers) {
  static_assert(dt::detail::lesser(1, 2) == 1 && dt::detail::lesser(2, 1) == 1 && dt::detail::lesser(-1, -1) == -1);
  static_assert(dt::detail::greater(1U, 2U) == 2U && dt::detail::greater(2U, 1U) == 2U);
  EXPECT_EQ(dt::detail::greater(3, 3), 3);
}

}  // namespace
