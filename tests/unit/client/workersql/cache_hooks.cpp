#include <dovetail/client/workersql/cache_hooks.hpp>

#include <support/workersql_session.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace workersql_test;
using namespace std::chrono_literals;

workersql::options with_cache(dt::clock::duration ttl,
                              workersql::cache_invalidation what = workersql::cache_invalidation::all) {
  workersql::options how = plain_options();
  workersql::cache_settings settings;
  settings.ttl = ttl;
  settings.invalidation = what;
  how.cache = std::make_shared<workersql::result_cache>(settings);
  return how;
}

dt::clock::duration most_age(dt::clock::duration ttl, std::chrono::milliseconds staleness,
                             std::optional<std::chrono::seconds> wanted = {}) {
  workersql::query_options how{workersql::consistency::bounded};
  how.staleness = staleness;
  how.cache.ttl = wanted;
  return workersql::detail::cache_wish_of(with_cache(ttl), &how).most_age;
}

TEST(WorkersqlCacheHooks, AnAgeThatTheClockCannotCountIsNoBound) {
  EXPECT_EQ(most_age(30s, std::chrono::milliseconds::max()), 30s);
  EXPECT_EQ(most_age(30s, 30s + 1ms), 30s);
  EXPECT_EQ(most_age(30s, 5ms), 5ms);
  EXPECT_EQ(most_age(5ms + 1ns, 5ms), 5ms);
  EXPECT_EQ(most_age(5ms + 1ns, 6ms), 5ms + 1ns);
  EXPECT_EQ(most_age(30s, 0ms), 30s) << "none was wanted";
  EXPECT_EQ(most_age(30s, 20s, 10s), 10s);
  EXPECT_EQ(most_age(1500ms, 0ms, 1s), 1s);
  EXPECT_EQ(most_age(1500ms, 0ms, 2s), 1500ms);
  EXPECT_EQ(most_age(30s, 20s, std::chrono::seconds::max()), 20s);
  EXPECT_EQ(most_age(30s, 20s, std::chrono::seconds::min()), 0s) << "refused when it is asked";
  EXPECT_EQ(most_age(dt::clock::duration::max(), std::chrono::milliseconds::max()), dt::clock::duration::max());
}

TEST(WorkersqlCacheHooks, AParameterThatNamesTheClockIsNotKept) {
  const auto is_kept = [](std::string_view body) {
    session_maker sessions{with_cache(30s)};
    workersql::session& on = sessions.fresh();
    on.body() = body;
    workersql::detail::cached_read reading;
    reading.begin(on, "select id as now from t where at > ?", nullptr);
    workersql::reply_facts said;
    said.has_rows = true;
    reading.keep(on, "{}", said);
    return on.options().cache->statistics().entries == 1;
  };
  EXPECT_TRUE(is_kept(R"J({"sql":"select id as now from t where at > ?","params":["2026-11-21"]})J"));
  EXPECT_TRUE(is_kept(R"J({"sql":"select id as now from t where at > ?","params":["Nowak"]})J"));
  EXPECT_TRUE(is_kept(R"J({"sql":"select \"params\": now","params":[]})J"));
  EXPECT_FALSE(is_kept(R"J({"sql":"select id as now from t where at > ?","params":["now"]})J"));
  EXPECT_FALSE(is_kept(R"J({"sql":"select id as now from t where at > ?","params":[1," Today 10:00"]})J"));
}

TEST(WorkersqlCacheHooks, ATransactionNotesEachTableOnce) {
  session_maker sessions{with_cache(30s, workersql::cache_invalidation::tables)};
  workersql::session& on = sessions.fresh(dt::session_health::in_transaction);
  on.open_socket();
  workersql::detail::cached_write writing;
  for (int i = 0; i < 100; ++i) {
    on.body() = i % 2 == 0 ? R"J({"sql":"insert into city values (1)"})J" : R"J({"sql":"delete from Country"})J";
    writing.begin(on);
    writing.finish();
  }
  EXPECT_EQ(on.socket()->written, (std::vector<std::string>{"city", "country"}));
}

TEST(WorkersqlCacheHooks, NoTextIsSearchedWhereEveryWriteForgetsEverything) {
  session_maker sessions{with_cache(30s)};
  workersql::session& on = sessions.fresh(dt::session_health::in_transaction);
  on.open_socket();
  const auto keep = [&on] {
    workersql::table_set tables;
    tables.add("city");
    const workersql::cache_ticket begun = on.options().cache->begin(dt::clock::now(), true);
    on.options().cache->store(on.options(), "q", "{}", tables, begun, dt::clock::now());
    return on.options().cache->statistics().entries;
  };
  ASSERT_EQ(keep(), 1U);
  workersql::detail::cached_write writing;
  on.body() = R"J({"sql":"insert into country values (1)"})J";
  writing.begin(on);
  EXPECT_TRUE(on.socket()->written.empty()) << "the text was searched";
  EXPECT_TRUE(on.socket()->has_written_all);
  writing.finish();
  EXPECT_EQ(on.options().cache->statistics().entries, 0U);
  ASSERT_EQ(keep(), 1U);
  writing.begin_commit(on);
  writing.finish();
  EXPECT_EQ(on.options().cache->statistics().entries, 0U);
}

}  // namespace
