#include <dovetail/client/lensdb/bulk.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace {

namespace dt = dovetail;
namespace detail = dovetail::lensdb::detail;
using dt::errc;

TEST(LensBulk, SharesDifferByOneAtMostAndKnowTheirPlace) {
  for (const std::size_t count : {0U, 1U, 7U, 8U, 501U}) {
    std::vector<std::size_t> all(count);
    std::size_t next = 0;
    const std::size_t shares = count == 0 ? 1 : std::size_t{7};
    detail::deal_out(all, shares, [&](auto first, auto last, const dt::lensdb::share_of_many& share) {
      EXPECT_EQ(share.before, next);
      EXPECT_EQ(share.total, count);
      const auto size = static_cast<std::size_t>(last - first);
      EXPECT_TRUE(size == count / shares || size == count / shares + 1) << size;
      next += size;
    });
    EXPECT_EQ(next, count);
  }
}

TEST(LensBulk, AnswersComeInTheOrderOfTheShares) {
  using part = std::vector<int>;
  std::vector<std::optional<dt::result<part>>> parts{part{1, 2}, part{}, part{3}};
  EXPECT_EQ(detail::gather<part>(parts).value(), (part{1, 2, 3}));
}

TEST(LensBulk, TheFirstFailureIsToldButAnUnknownOutcomeGoesBeforeIt) {
  const dt::error_info late{errc::deadline_passed, "late"};
  const dt::error_info cut{errc::connection_closed, "cut"};
  const dt::error_info unknown{errc::outcome_unknown, "unknown"};
  const dt::error_info also_unknown{errc::outcome_unknown, "also unknown"};
  const auto told = [](std::vector<std::optional<dt::result<void>>> parts) {
    return std::string{detail::gather<void>(parts).error().context()};
  };
  using whole = dt::result<void>;
  EXPECT_EQ(told({whole{}, whole{late}, whole{cut}}), "late");
  EXPECT_EQ(told({whole{late}, whole{}, whole{unknown}, whole{also_unknown}}), "unknown");
  EXPECT_EQ(told({whole{unknown}, whole{cut}}), "unknown");
  std::vector<std::optional<dt::result<void>>> good{whole{}, whole{}};
  EXPECT_TRUE(detail::gather<void>(good));
}

}  // namespace
