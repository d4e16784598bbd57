#include <dovetail/base/result.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace {

namespace dt = dovetail;

dt::result<std::string> half(int number) {
  if (number % 2 != 0) return dt::error_info{dt::errc::invalid_option, "odd"};
  return std::to_string(number / 2);
}

TEST(Result, HoldsAValue) {
  dt::result<std::string> four = half(8);
  ASSERT_TRUE(four);
  EXPECT_TRUE(four.has_value());
  EXPECT_EQ(four.value(), "4");
  EXPECT_EQ(*four, "4");
  EXPECT_EQ(four->size(), 1u);
  EXPECT_EQ(std::as_const(four).value(), "4");
  EXPECT_FALSE(four.error());
  EXPECT_EQ(four.value_or("x"), "4");
  EXPECT_EQ(half(8).value(), "4");
}

TEST(Result, HoldsAFailureThatValueThrows) {
  const dt::result<std::string> odd = half(3);
  EXPECT_FALSE(odd);
  EXPECT_EQ(odd.error().code(), dt::errc::invalid_option);
  EXPECT_EQ(odd.value_or("x"), "x");
  EXPECT_EQ(half(3).value_or("x"), "x");
  try {
    static_cast<void>(odd.value());
    FAIL();
  } catch (const dt::error& caught) {
    EXPECT_STREQ(caught.what(), "odd: invalid option");
  }
}

TEST(Result, AnyKindOfFailureIsAResult) {
  const dt::result<int> from_errc = dt::errc::cancelled;
  const dt::result<int> from_code = std::make_error_code(std::errc::timed_out);
  EXPECT_EQ(from_errc.error().kind(), dt::condition::cancelled);
  EXPECT_EQ(from_code.error().kind(), dt::condition::timeout);
}

TEST(Result, AValueThatCannotBeCopiedIsMovedOut) {
  dt::result<std::unique_ptr<int>> owner = std::make_unique<int>(5);
  const std::unique_ptr<int> taken = std::move(owner).value();
  EXPECT_EQ(*taken, 5);
}

TEST(Result, TheFailureIsMovedOut) {
  dt::result<std::string> odd = half(3);
  const dt::error_info failure = std::move(odd).error();
  EXPECT_EQ(failure.context(), "odd");
}

// An owner that is counted tells whether each value is made and destroyed exactly once.
TEST(Result, CopiesAndAssignmentsKeepOneValueEach) {
  using owner = std::shared_ptr<int>;
  const owner five = std::make_shared<int>(5);
  {
    const dt::result<owner> first = five;
    dt::result<owner> second = first;
    EXPECT_EQ(five.use_count(), 3);
    EXPECT_EQ(**second, 5);
    dt::result<owner> third = std::move(second);
    EXPECT_EQ(five.use_count(), 3);
    ASSERT_TRUE(third);
    third = dt::result<owner>{dt::errc::busy};
    EXPECT_EQ(five.use_count(), 2);
    EXPECT_FALSE(third);
    EXPECT_EQ(third.error().code(), dt::errc::busy);
    third = first;
    EXPECT_EQ(five.use_count(), 3);
    EXPECT_FALSE(third.error());
    const dt::result<owner>& same = third;
    third = same;
    EXPECT_EQ(**third, 5);
    third = std::make_shared<int>(6);
    EXPECT_EQ(five.use_count(), 2);
    EXPECT_EQ(**third, 6);
  }
  EXPECT_EQ(five.use_count(), 1);
}

struct refuses_copies {
  refuses_copies() = default;
  refuses_copies(const refuses_copies&) { throw std::runtime_error{"no copy"}; }
  refuses_copies(refuses_copies&&) noexcept = default;
};

TEST(Result, StaysAsItWasWhenTheOtherCannotBeCopied) {
  const dt::result<refuses_copies> full = refuses_copies{};
  dt::result<refuses_copies> failed = dt::errc::busy;
  EXPECT_THROW(failed = full, std::runtime_error);
  EXPECT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), dt::errc::busy);
}

TEST(Result, CanBeCopiedOnlyIfItsValueCan) {
  static_assert(!std::is_copy_constructible_v<dt::result<std::unique_ptr<int>>>);
  static_assert(!std::is_copy_assignable_v<dt::result<std::unique_ptr<int>>>);
  static_assert(std::is_nothrow_move_constructible_v<dt::result<std::unique_ptr<int>>>);
  static_assert(std::is_copy_constructible_v<dt::result<std::string>>);
}

TEST(Result, SuccessMayHaveNoValue) {
  const dt::result<void> fine;
  EXPECT_TRUE(fine);
  EXPECT_NO_THROW(fine.value());
  const dt::result<void> not_fine = dt::errc::busy;
  EXPECT_FALSE(not_fine.has_value());
  EXPECT_THROW(not_fine.value(), dt::error);
  EXPECT_EQ(not_fine.error().code(), dt::errc::busy);
  EXPECT_TRUE((dt::result<void>{std::error_code{}}));
}

}  // namespace
