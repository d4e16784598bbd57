#include <dovetail/base/later.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace dt = dovetail;

namespace {

using text = dt::detail::later<std::string>;

TEST(Later, IsEmptyUntilItIsMade) {
  text made;
  EXPECT_FALSE(made);
  EXPECT_EQ(made.emplace(40U, 'x'), std::string(40, 'x'));
  EXPECT_TRUE(made);
  EXPECT_EQ(std::as_const(made)->size(), 40U);
  made.reset();
  EXPECT_FALSE(made);
}

TEST(Later, DestroysWhatItHeldOnceOnly) {
  const auto counted = std::make_shared<int>(1);
  {
    dt::detail::later<std::shared_ptr<int>> made;
    made.emplace(counted);
    made.emplace(counted);
    EXPECT_EQ(counted.use_count(), 2);
    made.reset();
    made.reset();
    EXPECT_EQ(counted.use_count(), 1);
    made.emplace(counted);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(Later, MovesItsObject) {
  text from;
  from.emplace("a text that is too long for the string itself");
  text to{std::move(from)};
  ASSERT_TRUE(to);
  EXPECT_EQ(*to, "a text that is too long for the string itself");
  text other;
  other.emplace("another");
  other = std::move(to);
  EXPECT_EQ(*other, "a text that is too long for the string itself");
  other = text{};
  EXPECT_FALSE(other);
}

struct refusing {
  explicit refusing(bool refuses) {
    if (refuses) throw std::runtime_error{"no"};
  }
};

TEST(Later, IsEmptyWhenItsObjectCouldNotBeMade) {
  dt::detail::later<refusing> made;
  made.emplace(false);
  EXPECT_THROW(made.emplace(true), std::runtime_error);
  EXPECT_FALSE(made);
}

}  // namespace
