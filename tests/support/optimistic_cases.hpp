// The cases of optimistic locking, for every backend and both styles of client.
#pragma once

#include <dovetail/client/asyncsql/optimistic_async.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_future.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::test {

struct account {
  std::int64_t id = 0;
  std::string owner;
  std::int64_t balance = 0;
  std::optional<double> rate;
  dovetail::version version;
  friend bool operator==(const account&, const account&) = default;
};

/// Calls with a blocking client.
template <class Client>
struct blocking_calls {
  Client& db;
  template <class Fn>
  auto operator()(Fn fn) const {
    return fn(db);
  }
};

/// Awaits the calls of an asynchronous client.
template <class Client>
struct awaited_calls {
  Client& db;
  asio::io_context& io;
  template <class Fn>
  auto operator()(Fn fn) const {
    auto future = asio::co_spawn(io, caught(fn(db)), asio::use_future);
    io.restart();
    io.run();
    return std::move(*future.get()).value();
  }
  /// The failure as a value: the count of an exception's owners is kept where ThreadSanitizer does not see it.
  template <class T>
  static asio::awaitable<std::optional<result<T>>> caught(asio::awaitable<T> body) {
    try {
      std::optional<result<T>> done;
      if constexpr (std::is_void_v<T>) {
        co_await std::move(body);
        done.emplace();
      } else {
        done.emplace(co_await std::move(body));
      }
      co_return done;
    } catch (const error& thrown) {
      std::optional<result<T>> failed{thrown.info()};
      co_return failed;
    }
  }
};

/// Each case begins with three accounts at version 1. `Setup` is a blocking client of the same database.
template <class Setup, class Calls>
class optimistic_cases {
 public:
  optimistic_cases(Setup& setup, Calls call) : setup_(setup), call_(call) {}

  void run_all() {
    k1_read();
    k2_update();
    k3_fail_fast();
    k5_retry();
    k5_same_value_from_both();
    k6_exhausted();
    k7_deleted_meanwhile();
    k9_merge();
    k10_merge_again();
    k11_last_writer_wins();
    k14_null_versions();
    k13_changed_key();
    k15_other_names();
    k17_other_keys();
    k18_batch();
    k21_metrics();
    k22_history();
    erasing();
    modifying();
  }

 private:
  static lock_settings quick(conflict_strategy strategy, int retries = 3) {
    return {strategy, retries, std::chrono::milliseconds{0}};
  }
  void reset() {
    SCOPED_TRACE("reset");
    setup_.script("drop table if exists account");
    setup_.script(
        "create table account(id bigint primary key, owner text not null, balance bigint not null, "
        "rate double precision, version bigint)");
    setup_.insert("account",
                  std::vector<account>{{1, "ann", 100, 0.5, {1}}, {2, "bob", 200, {}, {1}}, {3, "cid", 0, {}, {1}}});
  }
  account stored(std::int64_t id) {
    return setup_.template query_one<account>("select * from account where id = ?", id);
  }
  void other_writer(std::int64_t id, const char* set) {
    setup_.execute(runtime{std::string{"update account set version = version + 1, "} + set + " where id = ?"}, id);
  }

  void k1_read() {
    SCOPED_TRACE("K1");
    reset();
    const optimistic<account> accounts{"account"};
    const auto found = call_([&](auto& db) { return accounts.read(db, 1); });
    EXPECT_TRUE(found);
    EXPECT_EQ(found.status, lock_status::success);
    EXPECT_EQ(found.row, (account{1, "ann", 100, 0.5, {1}}));
    EXPECT_EQ(found.current_version, 1);
    const auto missing = call_([&](auto& db) { return accounts.read(db, 9); });
    EXPECT_FALSE(missing);
    EXPECT_EQ(missing.status, lock_status::record_not_found);
  }

  void k2_update() {
    SCOPED_TRACE("K2");
    reset();
    const optimistic<account> accounts{"account"};
    auto found = call_([&](auto& db) { return accounts.read(db, 1); });
    found.row.balance += 5;
    auto done = call_([&](auto& db) { return accounts.update(db, found); });
    EXPECT_EQ(done.status, lock_status::success);
    EXPECT_TRUE(done.updated);
    EXPECT_EQ(done.new_version(), 2);
    EXPECT_EQ(done.retry_count, 0);
    EXPECT_EQ(stored(1), (account{1, "ann", 105, 0.5, {2}}));
    EXPECT_EQ(done.row, stored(1));
    done.row.owner = "eve";  // the next change starts from there
    EXPECT_EQ(call_([&](auto& db) { return accounts.update(db, done); }).new_version(), 3);
    EXPECT_EQ(stored(1).owner, "eve");
  }

  void k3_fail_fast() {
    SCOPED_TRACE("K3");
    reset();
    const optimistic<account> accounts{"account", conflict_strategy::fail_fast};
    const auto done = call_([&](auto& db) { return accounts.update(db, account{1, "eve", 0, {}, {7}}); });
    EXPECT_EQ(done.status, lock_status::version_conflict);
    EXPECT_FALSE(done);
    EXPECT_FALSE(done.updated);
    EXPECT_EQ(done.retry_count, 0);
    EXPECT_EQ(done.expected_version, 7);
    EXPECT_EQ(done.current_version, 1);
    EXPECT_EQ(done.new_version(), 0);
    EXPECT_EQ(done.theirs, stored(1));
    EXPECT_EQ(stored(1), (account{1, "ann", 100, 0.5, {1}}));
    EXPECT_EQ(accounts.metrics().retries_performed, 0U);
  }

  void k5_retry() {
    SCOPED_TRACE("K5");
    reset();
    const optimistic<account> accounts{"account", quick(conflict_strategy::retry)};
    auto found = call_([&](auto& db) { return accounts.read(db, 1); });
    other_writer(1, "owner = 'eve'");
    found.row.balance = 150;
    const auto done = call_([&](auto& db) { return accounts.update(db, found); });
    EXPECT_EQ(done.status, lock_status::success);
    EXPECT_EQ(done.retry_count, 1);
    EXPECT_EQ(done.new_version(), 3);
    EXPECT_EQ(stored(1), (account{1, "eve", 150, 0.5, {3}}));

    auto again = call_([&](auto& db) { return accounts.read(db, 1); });
    other_writer(1, "balance = 7, owner = 'fay'");
    again.row.balance = 8;
    const auto refused = call_([&](auto& db) { return accounts.update(db, again); });
    EXPECT_EQ(refused.status, lock_status::version_conflict);
    EXPECT_EQ(refused.conflicts, (std::vector<std::string_view>{"balance"}));
    EXPECT_EQ(stored(1).balance, 7);
    // Without a base nobody knows what the caller has changed.
    EXPECT_EQ(call_([&](auto& db) { return accounts.update(db, again.row); }).status, lock_status::version_conflict);
  }

  // Two deposits of 10 give the same new balance: taken for one change, the second one would be lost.
  void k5_same_value_from_both() {
    for (const conflict_strategy strategy : {conflict_strategy::retry, conflict_strategy::fail_fast}) {
      SCOPED_TRACE("K5: the same value from both, " + std::string{to_string(strategy)});
      reset();
      const optimistic<account> accounts{"account", quick(strategy)};
      auto first = call_([&](auto& db) { return accounts.read(db, 1); });
      auto second = call_([&](auto& db) { return accounts.read(db, 1); });
      first.row.balance += 10;
      second.row.balance += 10;
      EXPECT_TRUE(call_([&](auto& db) { return accounts.update(db, first); }));
      const auto refused = call_([&](auto& db) { return accounts.update(db, second); });
      EXPECT_EQ(refused.status, lock_status::version_conflict);
      EXPECT_FALSE(refused.updated);
      EXPECT_EQ(refused.new_version(), 0);
      EXPECT_EQ(refused.conflicts, (std::vector<std::string_view>{"balance"}));
      EXPECT_EQ(stored(1), (account{1, "ann", 110, 0.5, {2}}));
    }
  }

  void k6_exhausted() {
    SCOPED_TRACE("K6");
    reset();
    lock_settings how{conflict_strategy::retry, 2, std::chrono::milliseconds{10}};
    how.retry_backoff_multiplier = 3;
    const optimistic<account> accounts{"account", how};
    int calls = 0;
    const auto began = std::chrono::steady_clock::now();
    const auto done = call_([&](auto& db) {
      return accounts.modify(db, 1, [&](account& row) {
        ++calls;
        other_writer(1, "owner = 'eve'");
        row.balance = 999;
      });
    });
    EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds{10 + 30});
    EXPECT_EQ(done.status, lock_status::retry_exhausted);
    EXPECT_EQ(done.retry_count, 2);
    EXPECT_EQ(calls, 3);
    EXPECT_EQ(stored(1).balance, 100);
  }

  void k7_deleted_meanwhile() {
    SCOPED_TRACE("K7");
    reset();
    const optimistic<account> accounts{"account", quick(conflict_strategy::retry)};
    auto found = call_([&](auto& db) { return accounts.read(db, 1); });
    setup_.execute("delete from account where id = 1");
    found.row.balance = 1;
    EXPECT_EQ(call_([&](auto& db) { return accounts.update(db, found); }).status, lock_status::record_not_found);
    const auto forced = accounts.with(conflict_strategy::last_writer_wins);
    EXPECT_EQ(call_([&](auto& db) { return forced.update(db, found.row); }).status, lock_status::record_not_found);
  }

  void k9_merge() {
    SCOPED_TRACE("K9");
    reset();
    const optimistic<account> accounts{"account", quick(conflict_strategy::merge)};
    auto found = call_([&](auto& db) { return accounts.read(db, 1); });
    other_writer(1, "balance = 110, rate = 0.75");
    found.row.balance = 105;
    found.row.owner = "eve";
    const auto refused = call_([&](auto& db) { return accounts.update(db, found); });
    EXPECT_EQ(refused.status, lock_status::merge_conflict);
    EXPECT_EQ(refused.conflicts, (std::vector<std::string_view>{"balance"}));
    EXPECT_EQ(refused.base->balance, 100);
    EXPECT_EQ(refused.row.balance, 105);
    EXPECT_EQ(refused.theirs->balance, 110);
    EXPECT_EQ(stored(1), (account{1, "ann", 110, 0.75, {2}}));

    const auto with_rule = [&](merge_rule rule) {
      lock_settings how = quick(conflict_strategy::merge);
      how.rules = {{"balance", rule}};
      const auto merging = accounts.with(how);
      return call_([&](auto& db) { return merging.update(db, found); });
    };
    EXPECT_TRUE(with_rule(merge_rule::keep_current));
    EXPECT_EQ(stored(1), (account{1, "eve", 110, 0.75, {3}}));
    EXPECT_TRUE(with_rule(merge_rule::last_writer_wins));
    EXPECT_EQ(stored(1), (account{1, "eve", 105, 0.75, {4}}));
    setup_.execute("update account set balance = 110, version = 5 where id = 1");
    EXPECT_TRUE(with_rule(merge_rule::numeric_delta));
    EXPECT_EQ(stored(1).balance, 115);
    setup_.execute("update account set balance = 10, version = 7 where id = 1");
    found.row.balance = 5;
    EXPECT_TRUE(with_rule(merge_rule::numeric_add));
    EXPECT_EQ(stored(1).balance, 15);
    // The same value from both is one change, but what each has added to the base adds up.
    setup_.execute("update account set balance = 110, version = 9 where id = 1");
    found.row.balance = 110;
    EXPECT_TRUE(with_rule(merge_rule::numeric_add));
    EXPECT_EQ(stored(1).balance, 110);
    setup_.execute("update account set version = 9 where id = 1");
    EXPECT_TRUE(with_rule(merge_rule::numeric_delta));
    EXPECT_EQ(stored(1).balance, 120);
    EXPECT_EQ(stored(1).version.value, 10);
    // Nothing left to write: no new version.
    const auto now = call_([&](auto& db) { return accounts.read(db, 1); });
    account stale = now.row;
    stale.version.value -= 1;
    const auto same = call_([&](auto& db) { return accounts.update(db, stale); });
    EXPECT_TRUE(same);
    EXPECT_FALSE(same.updated);
    EXPECT_EQ(stored(1), now.row);
  }

  void k10_merge_again() {
    SCOPED_TRACE("K10");
    reset();
    lock_settings how = quick(conflict_strategy::merge);
    how.rules = {{"balance", merge_rule::numeric_add}};
    using layout = lock_layout<account, "id", "">;
    // The decisions alone: a second writer between the merge and its write.
    const account base{1, "ann", 100, 0.5, {1}};
    account mine = base;
    mine.balance = 7;
    detail::lock_attempts<layout> at{mine, base, how};
    EXPECT_EQ(at.begin(), detail::lock_step::write);
    EXPECT_EQ(at.wrote(std::nullopt), detail::lock_step::read);
    EXPECT_EQ(at.found(account{1, "ann", 50, 0.5, {2}}), detail::lock_step::write);
    EXPECT_EQ(at.row(), (account{1, "ann", 57, 0.5, {2}}));
    EXPECT_EQ(at.wrote(std::nullopt), detail::lock_step::read);
    EXPECT_EQ(at.found(account{1, "eve", 60, 0.5, {3}}), detail::lock_step::write);
    EXPECT_EQ(at.row(), (account{1, "eve", 67, 0.5, {3}}));
    EXPECT_EQ(at.wrote(dovetail::version{4}), detail::lock_step::done);
    EXPECT_EQ(at.outcome().retry_count, 2);
    EXPECT_EQ(at.outcome().new_version(), 4);
  }

  void k11_last_writer_wins() {
    SCOPED_TRACE("K11");
    reset();
    const optimistic<account> accounts{"account", conflict_strategy::last_writer_wins};
    auto found = call_([&](auto& db) { return accounts.read(db, 1); });
    other_writer(1, "owner = 'eve'");
    other_writer(1, "owner = 'fay'");
    found.row.balance = 1;
    const auto done = call_([&](auto& db) { return accounts.update(db, found); });
    EXPECT_EQ(done.status, lock_status::success);
    EXPECT_TRUE(done.forced_update);
    EXPECT_EQ(done.new_version(), 4);
    EXPECT_EQ(stored(1), (account{1, "ann", 1, 0.5, {4}}));
  }

  struct lenient_account {
    std::int64_t id = 0;
    std::int64_t balance = 0;
    std::optional<dovetail::version> version;
  };
  void k14_null_versions() {
    SCOPED_TRACE("K14");
    reset();
    setup_.execute("update account set version = null where id = 1");
    const optimistic<lenient_account> lenient{"account"};
    auto found = call_([&](auto& db) { return lenient.read(db, 1); });
    EXPECT_FALSE(found.row.version);
    found.row.balance = 1;
    EXPECT_EQ(call_([&](auto& db) { return lenient.update(db, found); }).new_version(), 1);
    EXPECT_EQ(stored(1), (account{1, "ann", 1, 0.5, {1}}));
    setup_.execute("update account set version = null where id = 1");
    const optimistic<account> strict{"account"};
    EXPECT_THROW(static_cast<void>(call_([&](auto& db) {
                   return strict.update(db, account{1, "x", 0, {}, {0}});
                 })),
                 error);  // it cannot even be read
    EXPECT_EQ(setup_.template query_value<std::string>("select owner from account where id = 1"), "ann");
  }

  // Both rows are at version 1: written under the other key, the change would replace a row that nobody has read.
  void k13_changed_key() {
    SCOPED_TRACE("K13: another key than that of the row that was read");
    reset();
    const optimistic<account> accounts{"account"};
    const auto found = call_([&](auto& db) { return accounts.read(db, 1); });
    auto moved = found;
    moved.row.id = 2;
    moved.row.owner = "eve";
    const auto refuses = [&](auto change) {
      try {
        static_cast<void>(call_(change));
      } catch (const error& refused) {
        EXPECT_EQ(refused.code(), errc::invalid_key);
        EXPECT_NE(std::string{refused.what()}.find("'id'"), std::string::npos) << refused.what();
        return true;
      }
      return false;
    };
    const auto forced = accounts.with(conflict_strategy::last_writer_wins);
    EXPECT_TRUE(refuses([&](auto& db) { return accounts.update(db, moved); }));
    EXPECT_TRUE(refuses([&](auto& db) { return accounts.update(db, *found.base, moved.row); }));
    EXPECT_TRUE(refuses([&](auto& db) { return forced.update(db, moved); }));
    EXPECT_TRUE(refuses([&](auto& db) { return accounts.erase(db, moved); }));
    auto other = found;
    other.row.balance = 1;
    const std::vector<lock_result<account>> both{other, moved};
    for (const batch_mode mode : {batch_mode::each_alone, batch_mode::atomic}) {
      EXPECT_TRUE(refuses([&](auto& db) { return accounts.update_all(db, both, mode); }));
    }
    EXPECT_EQ(stored(1), (account{1, "ann", 100, 0.5, {1}}));
    EXPECT_EQ(stored(2), (account{2, "bob", 200, {}, {1}}));
  }

  struct renamed {
    std::string code;
    std::string text;
    dovetail::column<"lock version", dovetail::version> version;
  };
  struct counted {
    std::string code;
    std::string text;
    int revision = 0;
  };
  void k15_other_names() {
    SCOPED_TRACE("K15");
    setup_.script(R"(drop table if exists page; create table page(code text primary key, text text not null,
                  "lock version" bigint not null default 1, revision integer not null default 1))");
    setup_.execute("insert into page(code, text) values('a', 'one'), ('b', 'two')");
    const optimistic<renamed, "code"> by_type{"page"};
    auto first = call_([&](auto& db) { return by_type.read(db, "a"); });
    first.row.text = "uno";
    EXPECT_EQ(call_([&](auto& db) { return by_type.update(db, first); }).new_version(), 2);
    const optimistic<counted, "code", "revision"> by_name{"page"};
    auto second = call_([&](auto& db) { return by_name.read(db, "b"); });
    second.row.text = "due";
    EXPECT_EQ(call_([&](auto& db) { return by_name.update(db, second); }).new_version(), 2);
    EXPECT_EQ(call_([&](auto& db) {
                return by_name.with(conflict_strategy::fail_fast).update(db, counted{"b", "x", 1});
              }).status,
              lock_status::version_conflict);
    EXPECT_EQ(
        setup_.template query_value<std::int64_t>(R"(select revision + "lock version" from page where code = 'b')"), 3);
  }

  struct tagged {
    uuid id;
    std::string text;
    dovetail::version version;
  };
  void k17_other_keys() {
    SCOPED_TRACE("K17");
    reset();
    setup_.insert("account", account{0, "zero", 0, {}, {1}});
    const optimistic<account> accounts{"account"};
    EXPECT_EQ(call_([&](auto& db) { return accounts.update(db, account{0, "null", 1, {}, {1}}); }).new_version(), 2);
    setup_.script(std::string{"drop table if exists tagged; create table tagged(id "} +
                  (Setup::speaks == dialect::postgres ? "uuid" : "text") + " primary key, text text, version bigint)");
    uuid key;
    ASSERT_TRUE(parse_uuid("0b1fb9c9-6d1c-4ee1-a1a6-0f5b8a2f9c01", key));
    setup_.insert("tagged", tagged{key, "one", {1}});
    const optimistic<tagged> all{"tagged"};
    auto found = call_([&](auto& db) { return all.read(db, key); });
    found.row.text = "two";
    EXPECT_EQ(call_([&](auto& db) { return all.update(db, found); }).new_version(), 2);
  }

  void k18_batch() {
    SCOPED_TRACE("K18");
    reset();
    const optimistic<account> accounts{"account", conflict_strategy::fail_fast};
    const std::vector<account> rows{{1, "eve", 1, {}, {1}}, {2, "fay", 2, {}, {9}}, {8, "gus", 3, {}, {1}}};
    const auto none = call_([&](auto& db) { return accounts.update_all(db, rows, batch_mode::atomic); });
    EXPECT_FALSE(none);
    EXPECT_TRUE(none.is_rolled_back);
    ASSERT_EQ(none.results.size(), 3U);
    for (const auto& each : none.results) EXPECT_FALSE(each.updated);
    EXPECT_EQ(none.results[0].status, lock_status::rolled_back);
    EXPECT_EQ(to_string(none.results[0].status), "rolled_back");
    EXPECT_FALSE(none.results[0]);
    EXPECT_EQ(none.results[0].new_version(), 0);
    EXPECT_EQ(none.results[0].current_version, 1);
    EXPECT_EQ(none.results[0].row, rows[0]);  // as it was given: with the version that can be tried again
    EXPECT_FALSE(none.results[0].base);
    EXPECT_EQ(none.results[1].status, lock_status::version_conflict);
    EXPECT_EQ(none.total_rolled_back, 1U);
    EXPECT_EQ(none.total_updated, 0U);
    EXPECT_EQ(accounts.metrics().successful_operations, 0U) << "an undone row is no success";
    EXPECT_EQ(accounts.metrics().total_operations, 3U);
    EXPECT_EQ(accounts.metrics().version_conflicts, 1U);
    EXPECT_EQ(accounts.conflict_history().size(), 1U);
    EXPECT_EQ(stored(1).version.value, 1);
    const auto some = call_([&](auto& db) { return accounts.update_all(db, rows); });
    EXPECT_FALSE(some.ok());
    EXPECT_EQ(some.total_operations, 3U);
    EXPECT_EQ(some.total_updated, 1U);
    EXPECT_EQ(some.total_conflicts, 1U);
    EXPECT_EQ(some.total_not_found, 1U);
    EXPECT_DOUBLE_EQ(some.success_rate(), 1.0 / 3);
    EXPECT_EQ(some.results[2].status, lock_status::record_not_found);
    EXPECT_EQ(stored(1).owner, "eve");
    EXPECT_EQ(stored(2).owner, "bob");
    const auto empty = call_([&](auto& db) { return accounts.update_all(db, std::vector<account>{}); });
    EXPECT_TRUE(empty.ok());
    EXPECT_EQ(empty.success_rate(), 0);
    const auto both = call_([&](auto& db) {
      return accounts.update_all(db, std::vector<account>{{2, "x", 1, {}, {1}}, {3, "y", 2, {}, {1}}},
                                 batch_mode::atomic);
    });
    EXPECT_TRUE(both.ok());
    EXPECT_EQ(stored(3).owner, "y");
    EXPECT_EQ(accounts.metrics().successful_operations, 3U);  // one of `some`, two of `both`
    EXPECT_EQ(accounts.metrics().total_operations, 8U);
    // Met another writer, written at the second attempt, and undone with the batch.
    reset();
    const optimistic<account> again{"account", {conflict_strategy::retry, 3, std::chrono::milliseconds{0}}};
    auto found = call_([&](auto& db) { return again.read(db, 1); });
    setup_.script("update account set version = 7 where id = 1");
    found.row.owner = "eve";
    const std::vector<lock_result<account>> changed{found, {.row = {8, "gus", 3, {}, {1}}}};
    const auto undone = call_([&](auto& db) { return again.update_all(db, changed, batch_mode::atomic); });
    EXPECT_TRUE(undone.is_rolled_back);
    EXPECT_EQ(again.metrics().successful_operations, 1U);  // the read
    ASSERT_EQ(again.conflict_history().size(), 1U);
    EXPECT_EQ(again.conflict_history()[0].status, lock_status::rolled_back);
  }

  void k21_metrics() {
    SCOPED_TRACE("K21");
    reset();
    const optimistic<account> accounts{"account", conflict_strategy::fail_fast};
    static_cast<void>(call_([&](auto& db) { return accounts.read(db, 1); }));
    static_cast<void>(call_([&](auto& db) { return accounts.update(db, account{1, "x", 1, {}, {1}}); }));
    static_cast<void>(call_([&](auto& db) { return accounts.update(db, account{1, "x", 1, {}, {1}}); }));
    static_cast<void>(call_([&](auto& db) { return accounts.update(db, account{7, "x", 1, {}, {1}}); }));
    for (int reading = 0; reading < 2; ++reading) {
      EXPECT_EQ(accounts.metrics().total_operations, 4U);
      EXPECT_EQ(accounts.metrics().successful_operations, 2U);
      EXPECT_EQ(accounts.metrics().version_conflicts, 1U);
      EXPECT_DOUBLE_EQ(accounts.metrics().success_rate(), 0.5);
    }
    EXPECT_NE(accounts.monitor()->prometheus().find("asyncsql_optimistic_version_conflicts_total 1\n"),
              std::string::npos);
  }

  void k22_history() {
    SCOPED_TRACE("K22");
    reset();
    const optimistic<account> accounts{"account", conflict_strategy::fail_fast, std::make_shared<lock_monitor>(20)};
    for (int version = 2; version < 27; ++version) {
      static_cast<void>(call_([&](auto& db) { return accounts.update(db, account{1, "x", 1, {}, {version}}); }));
    }
    const auto newest = accounts.conflict_history(10);
    ASSERT_EQ(newest.size(), 10U);
    EXPECT_EQ(newest[0].expected_version, 26);
    EXPECT_EQ(newest[0].current_version, 1);
    EXPECT_EQ(newest[0].table_name, "account");
    EXPECT_EQ(newest[0].record_id, "1");
    EXPECT_EQ(newest[9].expected_version, 17);
    EXPECT_EQ(accounts.conflict_history(100).size(), 20U);
    EXPECT_EQ(accounts.analyze_conflicts().hotspot_tables[0].second, 20U);
    EXPECT_FALSE(accounts.analyze_conflicts().recommendations.empty());
  }

  void erasing() {
    SCOPED_TRACE("erase");
    reset();
    const optimistic<account> accounts{"account"};
    EXPECT_EQ(call_([&](auto& db) {
                return accounts.erase(db, account{1, {}, 0, {}, {3}});
              }).status,
              lock_status::version_conflict);
    EXPECT_EQ(call_([&](auto& db) { return accounts.erase(db, stored(1)); }).status, lock_status::success);
    EXPECT_EQ(call_([&](auto& db) {
                return accounts.erase(db, account{1, {}, 0, {}, {1}});
              }).status,
              lock_status::record_not_found);
    const auto forced = accounts.with(conflict_strategy::last_writer_wins);
    EXPECT_TRUE(call_([&](auto& db) { return forced.erase(db, account{2, {}, 0, {}, {3}}); }));
    EXPECT_EQ(setup_.template query_value<std::int64_t>("select count(*) from account"), 1);
  }

  void modifying() {
    SCOPED_TRACE("modify");
    reset();
    const optimistic<account> accounts{"account", quick(conflict_strategy::fail_fast, 5)};
    int calls = 0;
    const auto done = call_([&](auto& db) {
      return accounts.modify(db, 1, [&](account& row) {
        if (++calls < 3) other_writer(1, "balance = balance + 1");
        row.balance += 10;
        row.id = 99;  // not his business
      });
    });
    EXPECT_TRUE(done);
    EXPECT_EQ(done.retry_count, 2);
    EXPECT_EQ(stored(1), (account{1, "ann", 112, 0.5, {4}}));
    EXPECT_EQ(accounts.metrics().version_conflicts, 2U);
    const auto nothing = call_([&](auto& db) { return accounts.modify(db, 1, [](account&) { return false; }); });
    EXPECT_FALSE(nothing.updated);
    EXPECT_EQ(call_([&](auto& db) { return accounts.modify(db, 9, [](account&) {}); }).status,
              lock_status::record_not_found);
  }

  Setup& setup_;
  Calls call_;
};

}  // namespace dovetail::test
