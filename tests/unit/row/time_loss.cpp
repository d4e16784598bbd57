#include <dovetail/row/time_loss.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <ratio>
#include <string>

namespace {

namespace dt = dovetail;
using namespace std::chrono;
using dt::detail::lost_part_of;
using dt::detail::second_parts;

TEST(LostPart, NamesTheFractionAndATypeThatHoldsIt) {
  EXPECT_EQ(
      lost_part_of<sys_seconds>("2024-02-29 12:30:00.5"),
      "it has a fraction of a second, which would be lost: use std::chrono::sys_time<std::chrono::microseconds>, or "
      "round it in the query");
  EXPECT_EQ(
      lost_part_of<local_seconds>("2024-02-29 12:30:00.000000001"),
      "it has a fraction of a second, which would be lost: use std::chrono::local_time<std::chrono::nanoseconds>, "
      "or round it in the query");
  EXPECT_EQ(
      lost_part_of<seconds>("12:30:00.25"),
      "it has a fraction of a second, which would be lost: use std::chrono::microseconds, or round it in the query");
  EXPECT_EQ(
      lost_part_of<hh_mm_ss<seconds>>(second_parts{-1, 500'000'000}),
      "it has a fraction of a second, which would be lost: use std::chrono::hh_mm_ss<std::chrono::microseconds>, or "
      "round it in the query");
}

TEST(LostPart, NamesWhatIsFinerThanAnyType) {
  EXPECT_EQ(lost_part_of<sys_time<milliseconds>>("2024-02-29 12:30:00.1234"),
            "it has more digits behind the second, which would be lost: use std::chrono::sys_time<std::chrono::"
            "microseconds>, or round it in the query");
  EXPECT_EQ(lost_part_of<minutes>("12:30:01"),
            "it has minutes or seconds, which would be lost: use std::chrono::seconds, or round it in the query");
  EXPECT_EQ(
      (lost_part_of<hours>("12:30:00.5")),
      "it has a fraction of a second, which would be lost: use std::chrono::microseconds, or round it in the query");
}

TEST(LostPart, IsEmptyWhereSomethingElseIsWrong) {
  EXPECT_EQ(lost_part_of<sys_seconds>("2024-02-30 12:30:00.5"), "");
  EXPECT_EQ(lost_part_of<sys_seconds>("yesterday"), "");
  EXPECT_EQ(lost_part_of<sys_seconds>("2024-02-29 12:30:00.000"), "");
  EXPECT_EQ(lost_part_of<local_seconds>("2024-02-29 12:30:00.5Z"), "");                 // a zone is what is wrong
  EXPECT_EQ(lost_part_of<sys_time<nanoseconds>>("3024-02-29 12:30:00.000000001"), "");  // its year does not fit
  EXPECT_EQ((lost_part_of<duration<short>>("12:30:00")), "");
}

}  // namespace
