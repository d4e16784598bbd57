#include <dovetail/sql/parameters.hpp>

#include "support/sql_cases.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <forward_list>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace sql_cases;
using dt::arg;

TEST(Parameters, SizesAreThoseOfTheRanges) {
  const auto sizes = dt::slot_sizes(1, std::vector<int>{1, 2, 3}, std::string{"text"}, std::forward_list<int>{1, 2});
  EXPECT_EQ(sizes, (std::array<std::uint32_t, 4>{1, 3, 1, 2}));
}

template <class... Args>
std::vector<std::pair<std::uint32_t, std::string>> bound(std::string_view text, const Args&... args) {
  const auto found = dt::check_statement<dialect::sqlite, void, Args...>(text);
  std::vector<std::pair<std::uint32_t, std::string>> all;
  dt::bind_parameters(
      found.traits, found.places,
      [&](std::uint32_t number, const auto& value) {
        all.emplace_back(number, show(value));
        return true;
      },
      args...);
  return all;
}

struct pair_of_ids {
  int a;
  int b;
};

using numbered = std::vector<std::pair<std::uint32_t, std::string>>;

TEST(Parameters, AreBoundUnderTheNumbersOfTheirPlaceholders) {
  EXPECT_EQ(bound("select ?, ?", 5, 6), (numbered{{1, "5"}, {2, "6"}}));
  EXPECT_EQ(bound("select :b, :a", pair_of_ids{5, 6}), (numbered{{2, "5"}, {1, "6"}}));
  EXPECT_EQ(bound("select :b", pair_of_ids{5, 6}), (numbered{{1, "6"}}));
  EXPECT_EQ(bound("select :x, :b", pair_of_ids{5, 6}, arg<"x">(7)), (numbered{{2, "6"}, {1, "7"}}));
}

TEST(Parameters, OfRangesAreBoundOneByOne) {
  EXPECT_EQ(bound("select ? where x in (?) and y = ?", 1, std::vector<int>{2, 3}, 4),
            (numbered{{1, "1"}, {2, "2"}, {3, "3"}, {4, "4"}}));
  EXPECT_EQ(bound("select 1 where y = :y and x in (:x) and z = :z", arg<"z">(4), arg<"x">(std::vector<int>{2, 3}),
                  arg<"y">(1)),
            (numbered{{4, "4"}, {2, "2"}, {3, "3"}, {1, "1"}}));
  EXPECT_EQ(bound("select 1 where x in (?) and y = ?", std::vector<int>{}, 4), (numbered{{1, "4"}}));
}

TEST(Parameters, BindingStopsAtTheFirstFailure) {
  const auto found = dt::check_statement<dialect::sqlite, void, int, int, int>("select ?, ?, ?");
  int calls = 0;
  EXPECT_FALSE(dt::bind_parameters(
      found.traits, found.places, [&](std::uint32_t number, int) { return ++calls, number < 2; }, 1, 2, 3));
  EXPECT_EQ(calls, 2);
}

}  // namespace
