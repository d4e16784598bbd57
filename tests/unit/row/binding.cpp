#include <dovetail/row/binding.hpp>

#include <support/both_times.hpp>

#include <gtest/gtest.h>

#include <cstdint>

namespace dt = dovetail;

namespace {

TEST(Binding, KnowsWhetherTheColumnsAreInOrder) {
  EXPECT_TRUE(dt::binding{}.is_in_order());
  EXPECT_TRUE((dt::binding{dt::detail::plain_list<std::uint16_t>{0, 1, 2}}.is_in_order()));
  const dt::binding mixed{dt::detail::plain_list<std::uint16_t>{0, 2, 1}};
  EXPECT_FALSE(mixed.is_in_order());
  EXPECT_EQ(mixed.column(1), 2);
  EXPECT_EQ(mixed.columns().size(), 3u);
  EXPECT_FALSE((dt::binding{dt::detail::plain_list<std::uint16_t>{1}}.is_in_order()));
}

TEST(ColumnInfo, TakesEveryKindAndKnowsNothingOfNullsUnlessTold) {
  constexpr dt::column_info column{"x"};
  EXPECT_BOTH_TIMES(column.accepts.contains(dt::field_kind::decimal));
  EXPECT_BOTH_TIMES(column.nulls == dt::nullability::unknown);
}

}  // namespace
