#include <dovetail/base/sole.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <utility>

namespace dt = dovetail;

namespace {

using counted = std::shared_ptr<int>;
using owner = dt::detail::sole<counted>;

TEST(Sole, DeletesItsObject) {
  const auto count = std::make_shared<int>(1);
  {
    owner first{new counted{count}};
    EXPECT_TRUE(first);
    owner second{std::move(first)};
    EXPECT_FALSE(first);
    EXPECT_EQ(second->use_count(), 2);
    second = owner{new counted{count}};
    EXPECT_EQ(count.use_count(), 2);
    owner& same = second;
    second = std::move(same);
    EXPECT_TRUE(second);
    EXPECT_EQ(count.use_count(), 2);
  }
  EXPECT_EQ(count.use_count(), 1);
}

TEST(Sole, GivesItsObjectAway) {
  owner first{new counted{}};
  counted* const away = first.release();
  EXPECT_EQ(first.get(), nullptr);
  first.reset(away);
  EXPECT_EQ(first.get(), away);
  first.reset();
  EXPECT_FALSE(first);
}

int closed = 0;
struct closing {
  void operator()(int*) const noexcept { ++closed; }
};

TEST(Sole, CallsItsDeleterForWhatItHas) {
  int handle = 0;
  {
    const dt::detail::sole<int, closing> none;
    const dt::detail::sole<int, closing> some{&handle};
    EXPECT_EQ(closed, 0);
  }
  EXPECT_EQ(closed, 1);
}

TEST(SoleArray, OwnsAndMovesItsElements) {
  const auto count = std::make_shared<int>(1);
  {
    dt::detail::sole_array<counted> all{3};
    for (std::size_t i = 0; i < 3; ++i) all[i] = count;
    EXPECT_EQ(count.use_count(), 4);
    dt::detail::sole_array<counted> taken{std::move(all)};
    EXPECT_EQ(all.get(), nullptr);
    EXPECT_EQ(*taken[2], 1);
    dt::detail::sole_array<counted>& same = taken;
    taken = std::move(same);
    EXPECT_EQ(count.use_count(), 4);
    taken = dt::detail::sole_array<counted>{1};
    EXPECT_EQ(count.use_count(), 1);
    taken.reset();
    EXPECT_EQ(taken.get(), nullptr);
  }
}

}  // namespace
