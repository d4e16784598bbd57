#include <dovetail/base/error.hpp>

#include <gtest/gtest.h>

#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace {

namespace dt = dovetail;

static_assert(std::is_base_of_v<std::system_error, dt::error>);
static_assert(std::is_nothrow_copy_constructible_v<dt::error>);

TEST(Error, HoldsAllThatIsKnownOfTheFailure) {
  dt::server_fields fields;
  fields.sqlstate = "40001";
  const dt::error thrown{dt::error_info{dt::errc::deadline_passed, "query"}.with_server(fields)};
  EXPECT_STREQ(thrown.what(), "query: the deadline passed (timeout) [SQLSTATE 40001]");
  EXPECT_EQ(thrown.code(), dt::errc::deadline_passed);
  EXPECT_EQ(thrown.kind(), dt::condition::timeout);
  EXPECT_TRUE(thrown.is_transient());
  EXPECT_EQ(thrown.server().sqlstate, "40001");
  EXPECT_EQ(thrown.info().context(), "query");
}

TEST(Error, IsCaughtAsASystemErrorWithItsWholeText) {
  try {
    dt::detail::throw_error({dt::errc::invalid_key, "key ''"});
  } catch (const std::system_error& caught) {
    EXPECT_STREQ(caught.what(), "key '': invalid key");
    EXPECT_EQ(caught.code(), dt::errc::invalid_key);
    return;
  }
  FAIL();
}

TEST(Error, ACopyKeepsTheText) {
  const dt::error first{dt::error_info{dt::errc::invalid_key, "one"}};
  const dt::error second(first);
  EXPECT_STREQ(second.what(), first.what());
}

}  // namespace
