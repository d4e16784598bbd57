#include <dovetail/format/lensdb/status.hpp>

#include <dovetail/base/errc.hpp>

#include <gtest/gtest.h>

namespace {

namespace dt = dovetail;
using dt::lensdb::status;

TEST(LensStatus, EachStatusHasAConditionToBranchOn) {
  EXPECT_EQ(make_error_code(status::key_not_found), dt::condition::not_found);
  EXPECT_EQ(make_error_code(status::invalid_key), dt::condition::misuse);
  EXPECT_EQ(make_error_code(status::storage_full), dt::condition::limit);
  EXPECT_EQ(make_error_code(status::invalid_message), dt::condition::protocol);
  EXPECT_EQ(make_error_code(status::internal_error), dt::condition::server);
  EXPECT_EQ(make_error_code(status::unsupported), dt::condition::unsupported);
  EXPECT_EQ(make_error_code(status::general_error), dt::condition::server);
}

TEST(LensStatus, TheCategoryNamesTheDatabaseAndTheStatus) {
  const std::error_code ec = status::storage_full;
  EXPECT_STREQ(ec.category().name(), "dovetail.lensdb");
  EXPECT_EQ(ec.message(), "LensDB: storage full");
  EXPECT_NE(ec, std::error_code{dt::errc::busy});
}

TEST(LensStatus, NumbersThatNoServerSendsHaveAText) {
  EXPECT_EQ(dt::lensdb::name_of(static_cast<status>(99)), "unknown status");
}

}  // namespace
