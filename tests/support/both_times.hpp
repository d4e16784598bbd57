// One claim, checked by the compiler and again when the test runs.
#pragma once

#include <gtest/gtest.h>

// A comma may stand in the claim.
#define EXPECT_BOTH_TIMES(...)  \
  do {                          \
    static_assert(__VA_ARGS__); \
    EXPECT_TRUE((__VA_ARGS__)); \
  } while (false)
