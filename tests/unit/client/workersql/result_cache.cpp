#include <dovetail/client/workersql/result_cache.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

namespace dt = dovetail;
namespace workersql = dovetail::workersql;
using namespace std::chrono_literals;
using workersql::result_cache;
using workersql::table_set;

const dt::clock::time_point start{1h};

workersql::options gateway(std::string_view key = "J") {
  workersql::options how;
  how.endpoint = {"gw", 8787, false, "/v1"};
  how.api_key = dt::secret{std::string{key}};
  return how;
}

class ResultCache : public ::testing::Test {
 protected:
  static workersql::cache_settings small() {
    workersql::cache_settings how;
    how.invalidation = workersql::cache_invalidation::tables;
    how.ttl = 10s;
    how.entries = 3;
    how.bytes = 100'000;
    return how;
  }
  void keep(std::string_view request, std::string_view answer, const table_set& tables = {{"city"}}) {
    cache.store(who, request, answer, tables, cache.begin(now, true), now);
  }
  std::string find(std::string_view request) {
    const auto kept = cache.find(who, request, cache.settings().ttl, now);
    return kept == nullptr ? "-" : *kept;
  }

  workersql::options who = gateway();
  dt::clock::time_point now = start;
  result_cache cache{small()};
};

TEST_F(ResultCache, GivesWhatWasKeptUntilItsTimeIsOver) {
  EXPECT_EQ(find("q1"), "-");
  keep("q1", "rows");
  EXPECT_EQ(find("q1"), "rows");
  EXPECT_EQ(find("q2"), "-");
  now = start + 10s - 1ns;
  EXPECT_EQ(find("q1"), "rows");
  now = start + 10s;
  EXPECT_EQ(find("q1"), "-");
  const workersql::cache_statistics counts = cache.statistics();
  EXPECT_EQ(counts.hits, 2U);
  EXPECT_EQ(counts.misses, 1U);
  EXPECT_EQ(counts.expirations, 1U);
  EXPECT_EQ(counts.entries, 0U);
  EXPECT_EQ(counts.bytes, 0U);
}

TEST_F(ResultCache, TheTimeCountsFromWhenTheQueryWasSent) {
  const workersql::cache_ticket sent = cache.begin(start, true);
  cache.store(who, "q1", "rows", {{"city"}}, sent, start + 6s);
  now = start + 9s;
  EXPECT_EQ(find("q1"), "rows");
  now = start + 10s;
  EXPECT_EQ(find("q1"), "-");
  cache.store(who, "q2", "rows", {{"city"}}, sent, now);
  EXPECT_EQ(cache.statistics().entries, 0U) << "old before it came";
}

TEST_F(ResultCache, ACallerMayWantAYoungerAnswer) {
  keep("q1", "rows");
  now = start + 5s;
  EXPECT_EQ(cache.find(who, "q1", 5s, now), nullptr);
  EXPECT_NE(cache.find(who, "q1", 6s, now), nullptr);
  EXPECT_EQ(cache.statistics().entries, 1U) << "others may still have it";
}

TEST_F(ResultCache, TheLeastRecentlyUsedGoesFirst) {
  keep("q1", "1");
  keep("q2", "2");
  keep("q3", "3");
  EXPECT_EQ(find("q1"), "1");
  keep("q4", "4");
  EXPECT_EQ(find("q2"), "-");
  EXPECT_EQ(find("q1"), "1");
  EXPECT_EQ(find("q3"), "3");
  EXPECT_EQ(find("q4"), "4");
  EXPECT_EQ(cache.statistics().evictions, 1U);
  EXPECT_EQ(cache.statistics().entries, 3U);
}

TEST_F(ResultCache, BytesAreBoundedToo) {
  keep("q1", std::string(40'000, 'a'));
  keep("q2", std::string(40'000, 'b'));
  EXPECT_GE(cache.statistics().bytes, 80'000U);
  keep("q3", std::string(40'000, 'c'));
  EXPECT_EQ(find("q1"), "-");
  EXPECT_EQ(find("q3").size(), 40'000U);
  EXPECT_LE(cache.statistics().bytes, 100'000U);
  keep("q4", std::string(100'000, 'd'));
  EXPECT_EQ(find("q4"), "-") << "larger than the whole cache";
  EXPECT_EQ(find("q3").size(), 40'000U) << "and nothing had to go for it";
}

TEST_F(ResultCache, ANewAnswerReplacesTheOldOne) {
  keep("q1", "old");
  const std::size_t before = cache.statistics().bytes;
  keep("q1", "new");
  EXPECT_EQ(find("q1"), "new");
  EXPECT_EQ(cache.statistics().entries, 1U);
  EXPECT_EQ(cache.statistics().bytes, before);
}

TEST_F(ResultCache, AnAnswerThatCameLateDoesNotReplaceThatOfALaterQuery) {
  const workersql::cache_ticket slow = cache.begin(start, true);
  const workersql::cache_ticket refresh = cache.begin(start + 1s, false);
  cache.store(who, "q1", "new", {{"city"}}, refresh, start + 2s);
  const std::size_t before = cache.statistics().bytes;
  cache.store(who, "q1", "old", {{"city"}}, slow, start + 3s);
  now = start + 4s;
  EXPECT_EQ(find("q1"), "new");
  EXPECT_EQ(cache.statistics().bytes, before);
  EXPECT_EQ(cache.statistics().entries, 1U);
}

TEST_F(ResultCache, AWriteForgetsWhatNamesItsTables) {
  keep("q1", "1", {{"city"}});
  keep("q2", "2", {{"city", "country"}});
  keep("q3", "3", {{"river"}});
  cache.invalidate({{"country", "unheard_of"}});
  EXPECT_EQ(find("q1"), "1");
  EXPECT_EQ(find("q2"), "-");
  EXPECT_EQ(find("q3"), "3");
  EXPECT_EQ(cache.statistics().invalidations, 1U);
  cache.invalidate({{}, true});
  EXPECT_EQ(find("q1"), "-");
  EXPECT_EQ(find("q3"), "-");
  EXPECT_EQ(cache.statistics().invalidations, 3U);
  EXPECT_EQ(cache.statistics().bytes, 0U);
}

TEST_F(ResultCache, AReadThatAWriteOvertookIsNotKept) {
  const workersql::cache_ticket read = cache.begin(now, true);
  const workersql::cache_ticket other = cache.begin(now, true);
  cache.invalidate({{"city"}});
  cache.store(who, "q1", "from before", {{"city"}}, read, now);
  cache.store(who, "q2", "untouched", {{"river"}}, other, now);
  EXPECT_EQ(find("q1"), "-");
  EXPECT_EQ(find("q2"), "untouched");
  keep("q1", "from after");
  EXPECT_EQ(find("q1"), "from after");
  const workersql::cache_ticket third = cache.begin(now, true);
  cache.clear();
  cache.store(who, "q3", "from before", {{"lake"}}, third, now);
  cache.store(who, "q4", "from before", {}, third, now);
  EXPECT_EQ(find("q3"), "-");
  EXPECT_EQ(find("q4"), "-") << "a query without tables depends on everything";
}

TEST_F(ResultCache, TableNamesWithoutEndDoNotFillTheMemory) {
  const workersql::cache_ticket read = cache.begin(now, true);
  for (int i = 0; i < 5000; ++i) cache.invalidate({{"t" + std::to_string(i)}});
  cache.store(who, "q1", "from before", {{"t0"}}, read, now);
  EXPECT_EQ(find("q1"), "-") << "the write to t0 is forgotten, and its read is refused all the same";
  keep("q1", "rows", {{"t0"}});
  EXPECT_EQ(find("q1"), "rows");
}

TEST_F(ResultCache, AllMayBeWhatEveryWriteForgets) {
  workersql::cache_settings how = small();
  how.invalidation = workersql::cache_invalidation::all;
  result_cache careful{how};
  careful.store(who, "q1", "1", {{"a_view"}}, careful.begin(now, true), now);
  careful.invalidate({{"city"}});
  EXPECT_EQ(careful.find(who, "q1", 10s, now), nullptr);
}

TEST_F(ResultCache, CallersWithOtherKeysSeeNothingOfIt) {
  keep("q1", "J's");
  const workersql::options other = gateway("K");
  EXPECT_EQ(cache.find(other, "q1", 10s, now), nullptr);
  cache.store(other, "q1", "K's", {{"city"}}, cache.begin(now, true), now);
  EXPECT_EQ(find("q1"), "J's");
  EXPECT_EQ(*cache.find(other, "q1", 10s, now), "K's");
  workersql::options elsewhere = who;
  elsewhere.endpoint.port = 1;
  EXPECT_EQ(cache.find(elsewhere, "q1", 10s, now), nullptr);
  workersql::options database = who;
  database.database = "other";
  EXPECT_EQ(cache.find(database, "q1", 10s, now), nullptr);
  cache.invalidate({{"city"}});
  EXPECT_EQ(find("q1"), "-") << "a write is everybody's: the tables may be the same ones";
  EXPECT_EQ(cache.find(other, "q1", 10s, now), nullptr);
  for (int i = 0; i < 600; ++i) {
    const workersql::options each = gateway("user" + std::to_string(i));
    cache.store(each, "q1", std::to_string(i), {{"city"}}, cache.begin(now, true), now);
    EXPECT_EQ(*cache.find(each, "q1", 10s, now), std::to_string(i));
  }
}

TEST_F(ResultCache, AnyThreadsMayUseItAtOnce) {
  // What is kept of table t is the number of the last write that its reader had seen; a reader that begins after write
  // n was told must never find a smaller one.
  std::atomic<int> written{0};
  std::atomic<int> told{0};
  std::atomic<bool> is_wrong{false};
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    for (int i = 1; i <= 2000; ++i) {
      written = i;
      cache.invalidate({{"t"}});
      told = i;
    }
  });
  for (int reader = 0; reader < 3; ++reader) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const int least = told;
        if (const auto kept = cache.find(who, "q", 10s, now)) {
          if (std::stoi(*kept) < least) is_wrong = true;
          continue;
        }
        const workersql::cache_ticket sent = cache.begin(now, true);
        const std::string answer = std::to_string(written.load());
        cache.store(who, "q", answer, {{"t"}}, sent, now);
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_FALSE(is_wrong);
}

}  // namespace
