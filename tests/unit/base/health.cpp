#include <dovetail/base/health.hpp>

#include <gtest/gtest.h>

namespace {

namespace dt = dovetail;

static_assert(sizeof(dt::session_health) == 1);
static_assert(dt::session_health{} == dt::session_health::idle);

TEST(Health, ASessionIsIdleUnlessSomethingElseIsKnown) { EXPECT_EQ(dt::session_health{}, dt::session_health::idle); }

}  // namespace
