#include <dovetail/client/asyncsql/lock_merge.hpp>

#include <dovetail/client/asyncsql/optimistic.hpp>
#include <dovetail/sqlite.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dt = dovetail;
using dt::merge_rule;

struct stock {
  std::int64_t id = 0;
  std::uint32_t pieces = 0;
  std::vector<std::string> notes;
  dt::version version;
};
using layout = dt::lock_layout<stock, "id", "">;

dt::lock_settings with_rule(std::string field, merge_rule rule) {
  dt::lock_settings how{dt::conflict_strategy::merge};
  how.rules = {{std::move(field), rule}};
  return how;
}

TEST(LockMerge, ADecreaseOfAnUnsignedFieldIsADifferenceLikeAnother) {
  const auto how = with_rule("pieces", merge_rule::numeric_delta);
  const auto merged = [&](std::uint32_t base, std::uint32_t mine, std::uint32_t theirs, bool& fits) {
    const stock b{1, base, {}, {1}};
    const stock m{1, mine, {}, {1}};
    const stock t{1, theirs, {}, {2}};
    stock out = t;
    fits = dt::detail::merge_rows<layout>(&b, m, t, how, true, out).conflicts.empty();
    return out.pieces;
  };
  bool fits = false;
  EXPECT_EQ(merged(10, 7, 9, fits), 6u);  // I took 3, they took 1
  EXPECT_TRUE(fits);
  EXPECT_EQ(merged(10, 7, 20, fits), 17u);
  EXPECT_TRUE(fits);
  EXPECT_EQ(merged(10, 15, 7, fits), 12u);
  EXPECT_TRUE(fits);
  EXPECT_EQ(merged(10, 7, 7, fits), 4u);  // both took 3
  EXPECT_TRUE(fits);
  merged(10, 2, 5, fits);  // 8 of 5 cannot be taken
  EXPECT_FALSE(fits);
  constexpr std::uint32_t most = (std::numeric_limits<std::uint32_t>::max)();
  merged(0, most, 1, fits);
  EXPECT_FALSE(fits);
}

TEST(LockMerge, K9_TheSameValueFromBothIsOneChangeButTwoDepositsAreTwo) {
  const auto merged = [&](merge_rule rule, bool adds_equal_deltas) {
    auto how = with_rule("pieces", rule);
    how.adds_equal_deltas = adds_equal_deltas;
    const stock b{1, 100, {}, {1}};
    const stock m{1, 110, {}, {1}};
    const stock t{1, 110, {}, {2}};
    stock out = t;
    const auto done = dt::detail::merge_rows<layout>(&b, m, t, how, true, out);
    EXPECT_TRUE(done.conflicts.empty());
    EXPECT_EQ(done.is_changed, out.pieces != 110u);
    return out.pieces;
  };
  EXPECT_EQ(merged(merge_rule::numeric_delta, true), 120u);
  EXPECT_EQ(merged(merge_rule::numeric_delta, false), 110u);
  // Specification, 8.6: mine == theirs is dropped before any rule.
  for (const merge_rule rule : {merge_rule::conflict, merge_rule::last_writer_wins, merge_rule::keep_current,
                                merge_rule::numeric_add, merge_rule::list_append}) {
    EXPECT_EQ(merged(rule, true), 110u);
  }
}

TEST(LockMerge, WhatIAppendedComesBehindTheirsAndTheBaseOnce) {
  const auto how = with_rule("notes", merge_rule::list_append);
  using list = std::vector<std::string>;
  const auto merged = [&](const list& base, const list& mine, const list& theirs) {
    const stock b{1, 0, base, {1}};
    const stock m{1, 0, mine, {1}};
    const stock t{1, 0, theirs, {2}};
    stock out = t;
    EXPECT_TRUE(dt::detail::merge_rows<layout>(&b, m, t, how, true, out).conflicts.empty());
    return out.notes;
  };
  EXPECT_EQ(merged({"a"}, {"a", "mine"}, {"a", "theirs"}), (list{"a", "theirs", "mine"}));
  EXPECT_EQ(merged({"a"}, {"mine"}, {"theirs"}), (list{"theirs", "mine"}));
  // The same change by both is one change (specification, 8.6).
  EXPECT_EQ(merged({"a"}, {"a", "b"}, {"a", "b"}), (list{"a", "b"}));
}

dt::error_info failure(const auto& body) {
  try {
    body();
  } catch (const dt::error& thrown) {
    return thrown.info();
  }
  return {};
}

TEST(LockMerge, ARuleForAFieldThatIsNotThereIsAMistake) {
  const auto said = [](std::string field) {
    const auto why = failure([&] { dt::optimistic<stock> rows("stock", with_rule(field, merge_rule::numeric_delta)); });
    const dt::optimistic<stock> plain{"stock"};
    const auto later = failure([&] { static_cast<void>(plain.with(with_rule(field, merge_rule::numeric_delta))); });
    EXPECT_EQ(why.message(), later.message());
    EXPECT_TRUE(!why || why.code() == dt::errc::invalid_option);
    return why ? why.message() : std::string{};
  };
  EXPECT_NE(said("piecs").find("'piecs', which is no field of the row; did you mean 'pieces'?"), std::string::npos);
  EXPECT_NE(said("id").find("key"), std::string::npos);
  EXPECT_NE(said("version").find("version"), std::string::npos);
  EXPECT_EQ(said("pieces"), "");
  EXPECT_NE(said("notes").find("'notes', which is no number"), std::string::npos);
}

struct sensor {
  std::int64_t id = 0;
  double rate = 0;
  std::optional<double> limit;
  std::string place;
  dt::version version;
};

TEST(LockMerge, K9_ARuleThatTheTypeOfAFieldCannotFollowIsAMistake) {
  const auto said = [](std::string field, merge_rule rule) {
    return failure([&] { dt::optimistic<sensor> rows("sensor", with_rule(field, rule)); });
  };
  for (const merge_rule rule : {merge_rule::numeric_add, merge_rule::numeric_delta}) {
    EXPECT_EQ(said("place", rule).code(), dt::errc::invalid_option);
    EXPECT_EQ(said("limit", rule).code(), dt::errc::invalid_option);
    EXPECT_FALSE(said("rate", rule));
  }
  EXPECT_NE(said("place", merge_rule::list_append).message().find("'place', which is no list"), std::string::npos);
  EXPECT_FALSE(said("place", merge_rule::keep_current));
}

TEST(LockMerge, K5_ANaNThatNobodyHasTouchedIsNoConflict) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  using sensor_layout = dt::lock_layout<sensor, "id", "">;
  const sensor base{1, nan, nan, "roof", {1}};
  sensor mine = base;
  mine.place = "cellar";
  sensor theirs = base;
  theirs.version = {2};
  const auto merged = [&](bool uses_rules) {
    sensor out = theirs;
    return dt::detail::merge_rows<sensor_layout>(&base, mine, theirs, {}, uses_rules, out);
  };
  for (const bool uses_rules : {false, true}) {
    EXPECT_TRUE(merged(uses_rules).conflicts.empty());
    EXPECT_TRUE(merged(uses_rules).is_changed);
  }
  theirs.rate = 1;
  mine.rate = 2;
  EXPECT_EQ(merged(false).conflicts, (std::vector<std::string_view>{"rate"}));
  mine.rate = nan;
  EXPECT_TRUE(merged(false).conflicts.empty());
  theirs.limit = 3;
  mine.limit.reset();
  EXPECT_EQ(merged(false).conflicts, (std::vector<std::string_view>{"limit"}));
}

struct account {
  std::int64_t id = 0;
  std::int64_t balance = 0;
  dt::version version;
};

TEST(LockMerge, WhatReadGaveCanBeErased) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.script(
      "create table account(id integer primary key, balance integer, version integer); insert into account values "
      "(1, 5, 1), (2, 6, 1)");
  const dt::optimistic<account> accounts{"account"};
  auto found = accounts.read(db, 1);
  auto stale = accounts.read(db, 2);
  db.execute("update account set version = 2 where id = 2");
  EXPECT_TRUE(accounts.erase(db, found));
  EXPECT_EQ(accounts.erase(db, stale).status, dt::lock_status::version_conflict);
  EXPECT_TRUE(accounts.with(dt::conflict_strategy::last_writer_wins).erase(db, stale));
  EXPECT_EQ(db.query_value<int>("select count(*) from account"), 0);
}

}  // namespace
