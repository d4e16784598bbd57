// Times that a field is too coarse for: nothing is rounded, and the words say what to do.
#include <dovetail/sqlite.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace {

namespace dt = dovetail;

struct visit {
  std::chrono::sys_seconds at;
};
struct lap {
  std::chrono::seconds took;
};

TEST(SqliteTimes, AFractionThatWouldBeLostIsNamedWithATypeThatHoldsIt) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.script("create table visits(at text); insert into visits values ('2024-02-29 12:30:00.25')");
  const auto point = db.with(dt::as_result).query<visit>("select at from visits");
  ASSERT_FALSE(point);
  EXPECT_EQ(point.error().code(), dt::errc::malformed_value);
  EXPECT_EQ(point.error().kind(), dt::condition::data);
  EXPECT_TRUE(
      point.error().message().starts_with("row 1 does not fit row type visit\n"
                                          "  field 'at' (std::chrono::sys_seconds) : column 'at' (TEXT) holds a value "
                                          "that is no std::chrono::sys_seconds; it "
                                          "has a fraction of a second, which would be lost: use "
                                          "std::chrono::sys_time<std::chrono::microseconds>, or round it "
                                          "in the query"))
      << point.error().message();
  const auto span = db.with(dt::as_result).query<lap>("select '00:01:00.5' as took");
  ASSERT_FALSE(span);
  EXPECT_NE(span.error().message().find("use std::chrono::microseconds, or round"), std::string::npos)
      << span.error().message();
  const auto other = db.with(dt::as_result).query<lap>("select 'soon' as took");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message().find("would be lost"), std::string::npos) << other.error().message();
}

}  // namespace
