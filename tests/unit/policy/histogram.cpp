#include <dovetail/policy/histogram.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using scale = dt::detail::histogram_scale;

static_assert(scale::index(0) == 0 && scale::index(1) == 0 && scale::upper_edge(0) == 1);
static_assert(scale::index(32) == 31 && scale::upper_edge(31) == 32);
static_assert(scale::index(33) == 32 && scale::index(34) == 32 && scale::index(35) == 33);
static_assert(scale::index(std::uint64_t{1} << 40) == scale::size - 1);
static_assert(scale::index((std::uint64_t{1} << 40) + 1) == scale::size - 1);
static_assert(scale::index(~std::uint64_t{0}) == scale::size - 1);
static_assert(scale::upper_edge(scale::size - 1) == std::uint64_t{1} << 40);

constexpr bool buckets_fit_together() {
  for (std::size_t i = 0; i + 1 < scale::size; ++i) {
    const std::uint64_t edge = scale::upper_edge(i);
    if (scale::index(edge) != i || scale::index(edge + 1) != i + 1) return false;
    if (scale::upper_edge(i + 1) - edge > edge / 16 + 1) return false;  // the promised width
  }
  return true;
}
static_assert(buckets_fit_together());

dt::detail::histogram_counts counts_of(const dt::detail::histogram& recorded) {
  dt::detail::histogram_counts counts;
  recorded.add_to(counts);
  return counts;
}

TEST(Histogram, OfNothingIsAllZeros) {
  const auto recorded = std::make_unique<dt::detail::histogram>();
  EXPECT_EQ(counts_of(*recorded).summary(), dt::duration_summary{});
}

TEST(Histogram, OfOneValueKnowsItExactly) {
  const auto recorded = std::make_unique<dt::detail::histogram>();
  recorded->record(12'345ns);
  const auto summary = counts_of(*recorded).summary();
  EXPECT_EQ(summary, (dt::duration_summary{1, 12'345ns, 12'345ns, 12'345ns, 12'345ns, 12'345ns, 12'345ns}));
}

TEST(Histogram, PercentilesAreAtMostASixteenthTooHighAndNeverTooLow) {
  std::mt19937_64 random{7};
  const auto recorded = std::make_unique<dt::detail::histogram>();
  std::vector<std::uint64_t> all;
  for (int i = 0; i < 20'000; ++i) {
    all.push_back(random() >> (24 + random() % 40));
    recorded->record(std::chrono::nanoseconds{all.back()});
  }
  std::sort(all.begin(), all.end());
  const auto counts = counts_of(*recorded);
  for (const std::uint64_t thousandths : {1u, 10u, 500u, 950u, 990u, 999u, 1000u}) {
    const std::uint64_t exact = all[(all.size() * thousandths + 999) / 1000 - 1];
    EXPECT_GE(counts.percentile(thousandths), exact);
    EXPECT_LE(counts.percentile(thousandths), exact + exact / 16 + 1);
  }
  EXPECT_EQ(counts.max(), all.back());
}

TEST(Histogram, CountsUpToAPowerOfTwoExactly) {
  const auto recorded = std::make_unique<dt::detail::histogram>();
  for (const auto value : {4095ns, 4096ns, 4097ns, 8192ns, 8193ns}) recorded->record(value);
  const auto counts = counts_of(*recorded);
  EXPECT_EQ(counts.count_up_to(2048), 0u);
  EXPECT_EQ(counts.count_up_to(4096), 2u);
  EXPECT_EQ(counts.count_up_to(8192), 4u);
  EXPECT_EQ(counts.count_up_to(16384), 5u);
}

TEST(Histogram, TakesWhatIsLongerThanTheScaleAndNegativeTimes) {
  const auto recorded = std::make_unique<dt::detail::histogram>();
  recorded->record(3h);
  recorded->record(-5ns);
  const auto summary = counts_of(*recorded).summary();
  EXPECT_EQ(summary.count, 2u);
  EXPECT_EQ(summary.max, dt::clock::duration{3h});
  EXPECT_EQ(summary.p99, dt::clock::duration{3h});
  EXPECT_EQ(summary.p50, 1ns);
}

}  // namespace
