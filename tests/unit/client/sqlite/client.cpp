#include <dovetail/sqlite.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace dt = dovetail;
using namespace std::chrono_literals;

namespace {

enum class color { red, green };

struct values {
  std::int64_t whole;
  std::uint8_t small;
  double real;
  bool flag;
  std::string text;
  std::vector<std::byte> bytes;
  std::optional<int> maybe;
  std::chrono::year_month_day day;
  std::chrono::sys_time<std::chrono::milliseconds> at;
  std::chrono::seconds span;
  dt::uuid id;
  dt::decimal price;
  color paint;
};

TEST(SqliteClient, RowsOfOneBool) {
  dt::sqlite::client db{"sqlite::memory:"};
  EXPECT_EQ(db.query<bool>("select 1 union all select 0"), (std::vector<bool>{true, false}));
  const auto failed = db.with(dt::as_result).query<bool>("select 1 union all select 2");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), dt::errc::value_out_of_range);
}

TEST(SqliteClient, EveryTypeComesBackAsItWentIn) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute(
      "create table v(whole integer, small integer, real real, flag boolean, text text, bytes blob, maybe integer, day "
      "date, at timestamp, span text, id text, price text, paint integer)");
  values in{};
  in.whole = std::numeric_limits<std::int64_t>::min();
  in.small = 255;
  in.real = 0.1 + 0.2;
  in.flag = true;
  in.text = std::string("a\0b", 3);
  in.bytes = {std::byte{0}, std::byte{255}};
  in.day = std::chrono::year_month_day{std::chrono::year{2024}, std::chrono::month{2}, std::chrono::day{29}};
  in.at = std::chrono::sys_time<std::chrono::milliseconds>{1'700'000'000'123ms};
  in.span = 3661s;
  in.id.bytes[0] = std::byte{0x42};
  in.price = dt::decimal{"12.3400"};
  in.paint = color::green;
  db.insert("v", in);
  const values out = db.query_one<values>("select * from v");
  EXPECT_EQ(out.whole, in.whole);
  EXPECT_EQ(out.small, in.small);
  EXPECT_EQ(out.real, in.real);
  EXPECT_EQ(out.flag, in.flag);
  EXPECT_EQ(out.text, in.text);
  EXPECT_EQ(out.bytes, in.bytes);
  EXPECT_EQ(out.maybe, in.maybe);
  EXPECT_EQ(out.day, in.day);
  EXPECT_EQ(out.at, in.at);
  EXPECT_EQ(out.span, in.span);
  EXPECT_EQ(out.id, in.id);
  EXPECT_EQ(dt::to_string(out.price), "12.3400");
  EXPECT_EQ(out.paint, in.paint);
  EXPECT_EQ(db.query_value<std::string>("select at from v"), "2023-11-14 22:13:20.123");
}

TEST(SqliteClient, WhatSqliteCannotHoldIsRefused) {
  auto db = dt::sqlite::client{"sqlite::memory:"};
  auto quiet = db.with(dt::as_result);
  EXPECT_EQ(quiet.query_value<bool>("select ? is null", std::numeric_limits<std::uint64_t>::max()).error().code(),
            dt::errc::value_out_of_range);
  EXPECT_EQ(quiet.query_value<bool>("select ? is null", std::numeric_limits<double>::quiet_NaN()).error().code(),
            dt::errc::value_out_of_range);
  EXPECT_TRUE(db.query_value<bool>("select ? is not null", std::vector<std::byte>{}));
}

TEST(SqliteClient, ALengthLimitIsKeptByTheLibraryItself) {
  dt::sqlite::client db{"sqlite::memory:?lengthLimit=65536"};
  EXPECT_EQ(db.query_one<std::int64_t>("select length(hex(zeroblob(16384)))"), 32768);
  const auto refused = db.with(dt::as_result).query_one<std::int64_t>("select length(hex(zeroblob(40000)))");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), dt::condition::limit) << refused.error().message();
  EXPECT_EQ(db.query_one<int>("select 1"), 1);
}

TEST(SqliteClient, AValueThatDoesNotFitNamesRowFieldAndColumn) {
  dt::sqlite::client db{"sqlite::memory:"};
  struct small_row {
    std::int8_t n;
  };
  try {
    db.query<std::pair<int, std::int8_t>>("select 1, 5 union all select 2, 300");
    FAIL();
  } catch (const dt::error& e) {
    EXPECT_EQ(e.code(), dt::errc::value_out_of_range);
    EXPECT_NE(std::string{e.what()}.find("row 2"), std::string::npos) << e.what();
  }
  EXPECT_EQ(db.with(dt::as_result).query_value<int>("select null").error().code(), dt::errc::unexpected_null);
  EXPECT_EQ(db.with(dt::as_result).query_value<int>("select 'x'").error().code(), dt::errc::malformed_value);
}

TEST(SqliteClient, OneRowMeansOne) {
  dt::sqlite::client db{"sqlite::memory:"};
  auto quiet = db.with(dt::as_result);
  EXPECT_EQ(quiet.query_one<int>("select 1 where 0").error().code(), dt::errc::no_row);
  EXPECT_EQ(quiet.query_one<int>("select 1 union select 2").error().code(), dt::errc::too_many_rows);
  EXPECT_EQ(quiet.query_optional<int>("select 1 union select 2").error().code(), dt::errc::too_many_rows);
}

TEST(SqliteClient, ARangeExpandsAndAnEmptyOneMatchesNothing) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.script("create table t(x integer); insert into t values (1), (2), (3)");
  const std::vector<int> some{1, 3, 5};
  EXPECT_EQ(db.query_value<int>("select count(*) from t where x in (:some)", dt::arg<"some">(some)), 2);
  EXPECT_EQ(db.query_value<int>("select count(*) from t where x in (?) and x > ?", some, 1), 1);
  EXPECT_EQ(db.query_value<int>("select count(*) from t where x in (?)", std::vector<int>{}), 0);
  EXPECT_EQ(db.query_value<int>("select count(*) from t where x not in (?)", std::vector<int>{}), 3);
}

struct item {
  std::int64_t id;
  std::string name;
};

TEST(SqliteClient, AnInsertIsAllOrNothing) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute("create table item(id integer primary key, name text not null)");
  const auto failed = db.with(dt::as_result).insert("item", std::vector<item>{{1, "a"}, {2, "b"}, {1, "c"}});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), dt::condition::constraint);
  EXPECT_EQ(failed.error().server().column, "id");
  EXPECT_NE(failed.error().message().find("row 3"), std::string::npos) << failed.error().message();
  EXPECT_EQ(db.query_value<int>("select count(*) from item"), 0);
  EXPECT_EQ(db.insert("item", std::vector<item>{{1, "a"}, {2, "b"}}).rows_affected, 2);
  EXPECT_EQ(db.insert("item", item{7, "g"}).last_insert_id, 7);
  EXPECT_EQ(db.upsert<"id">("item", item{7, "changed"}).rows_affected, 1);
  EXPECT_EQ(db.insert_returning("item", item{8, "h"}).name, "h");
  EXPECT_EQ(db.query_value<std::string>("select name from item where id = 7"), "changed");
  EXPECT_EQ(db.execute("insert or ignore into item values (7, 'x')").last_insert_id, std::nullopt);
}

TEST(SqliteClient, AnExceptionRollsBackAndANestedOneOnlyItsPart) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute("create table item(id integer primary key, name text not null)");
  EXPECT_THROW(db.transaction([](auto& tx) {
    tx.execute("insert into item values (1, 'a')");
    throw std::runtime_error("stop");
  }),
               std::runtime_error);
  EXPECT_EQ(db.query_value<int>("select count(*) from item"), 0);
  const int kept = db.transaction([](auto& tx) {
    tx.insert("item", item{1, "a"});
    try {
      tx.transaction([](auto& inner) {
        inner.insert("item", item{2, "b"});
        inner.insert("item", item{1, "again"});
      });
    } catch (const dt::error&) {
    }
    return tx.template query_value<int>("select count(*) from item");
  });
  EXPECT_EQ(kept, 1);
  EXPECT_EQ(db.statistics().active, 0u);
}

TEST(SqliteClient, ATransactionThatGoesWithoutACommitIsRolledBack) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute("create table item(id integer primary key, name text not null)");
  {
    auto tx = db.begin();
    tx.insert("item", item{1, "a"});
  }
  {
    auto tx = db.begin(dt::begin_mode::deferred);
    tx.insert("item", item{2, "b"});
    tx.commit();
    EXPECT_EQ(tx.with(dt::as_result).execute("delete from item").error().code(), dt::errc::transaction_closed);
  }
  EXPECT_EQ(db.query_value<int>("select sum(id) from item"), 2);
}

TEST(SqliteClient, ACommitOfWhatSqliteRolledBackIsAnError) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute("create table item(id integer primary key on conflict rollback, name text not null)");
  const auto done = db.with(dt::as_result).transaction([](auto& tx) {
    static_cast<void>(tx.insert("item", item{1, "a"}));
    static_cast<void>(tx.insert("item", item{1, "b"}));
    static_cast<void>(tx.insert("item", item{2, "c"}));  // must not run outside of the transaction
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), dt::errc::transaction_aborted);
  EXPECT_EQ(db.query_value<int>("select count(*) from item"), 0);
}

TEST(SqliteClient, TransactionStatementsAreRefusedAndScriptsEndTheirOwn) {
  dt::sqlite::client db{"sqlite::memory:"};
  EXPECT_EQ(db.with(dt::as_result).execute("begin").error().code(), dt::errc::invalid_state);
  EXPECT_EQ(db.with(dt::as_result).script("begin; create table t(x)").error().code(), dt::errc::invalid_state);
  EXPECT_EQ(db.with(dt::as_result).query<int>("select x from t").error().kind(), dt::condition::not_found);
}

TEST(SqliteClient, AStreamHoldsItsConnectionOnlyAsLongAsItLives) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.script("create table t(x text); insert into t values ('a'), ('bc'), ('def')");
  std::size_t seen = 0;
  for (const std::string_view text : db.stream<std::string_view>("select x from t where x <> ?", std::string{"bc"})) {
    seen += text.size();
    EXPECT_EQ(db.statistics().active, 1u);
  }
  EXPECT_EQ(seen, 4u);
  for ([[maybe_unused]] const auto& text : db.stream<std::string>("select x from t")) break;
  EXPECT_EQ(db.statistics().active, 0u);
  db.execute("drop table t");
}

TEST(SqliteClient, ADeadlineEndsAQueryAndTheConnectionLivesOn) {
  dt::sqlite::client db{"sqlite::memory:"};
  const auto late = db.within(20ms)
                        .with(dt::as_result)
                        .query_value<std::int64_t>(
                            "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n");
  EXPECT_EQ(late.error().kind(), dt::condition::timeout);
  EXPECT_EQ(db.query_value<int>("select 1"), 1);
  EXPECT_EQ(db.statistics().opened, 1u);
}

TEST(SqliteClient, AStatementSurvivesAChangeOfTheSchema) {
  dt::sqlite::client db{"sqlite::memory:?maxConnections=1"};
  db.script("create table item(id integer primary key, name text); insert into item values (1, 'a')");
  constexpr auto& all = "select * from item";
  EXPECT_EQ(db.query<item>(all).size(), 1u);
  db.script(
      "drop table item; create table item(name text, extra text, id integer); insert into item values ('b', 'c', 2)");
  const auto rows = db.query<item>(all);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].id, 2);
  EXPECT_EQ(rows[0].name, "b");
}

TEST(SqliteClient, AStatementThatDidNotFitIsComparedAnewAfterAChangeOfTheSchema) {
  dt::sqlite::client db{"sqlite::memory:?maxConnections=1"};
  db.script("create table item(id integer primary key, label text); insert into item values (1, 'a')");
  constexpr auto& all = "select * from item";
  EXPECT_FALSE(db.with(dt::as_result).query<item>(all));
  db.script("alter table item rename column label to name");
  EXPECT_EQ(db.query<item>(all).size(), 1u);
  EXPECT_EQ(db.query_one<item>("select * from item").name, "a");
}

TEST(SqliteClient, ManyThreadsShareAnInMemoryDatabase) {
  dt::sqlite::client db{"sqlite::memory:?maxConnections=4"};
  db.execute("create table t(x integer)");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&db, i] {
      for (int j = 0; j < 25; ++j) {
        db.execute("insert into t values (?)", i);
        EXPECT_GT(db.query_value<int>("select count(*) from t"), 0);
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(db.query_value<int>("select count(*) from t"), 100);
}

}  // namespace

TEST(SqliteClient, AStatementMayUseTheRowidOfTheLastInsert) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.script("create table a(id integer primary key, s text); create table b(a_id integer)");
  db.transaction([](auto& tx) {
    tx.execute("insert into a(id, s) values (41, 'x')");
    tx.execute("insert into b(a_id) values (last_insert_rowid())");
  });
  EXPECT_EQ(db.query_value<int>("select a_id from b"), 41);
}

TEST(SqliteClient, ATimeThatIsOverStopsAnOperationBeforeItBegins) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute("create table a(id integer primary key)");
  const auto late = db.within(std::chrono::seconds{0}).with(dt::as_result).execute("insert into a values (1)");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), dt::condition::timeout);
  EXPECT_EQ(db.query_value<int>("select count(*) from a"), 0);
}

namespace {
enum class level { low, high };
struct graded {
  int id;
  level grade;
};
}  // namespace

TEST(SqliteClient, AnEnumComesBackFromATextColumnToo) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute("create table g(id integer primary key, grade text not null)");
  db.insert("g", graded{1, level::high});
  db.execute("insert into g values (2, 'low')");
  const auto all = db.query<graded>("select id, grade from g order by id");
  EXPECT_EQ(all[0].grade, level::high);
  EXPECT_EQ(all[1].grade, level::low);
}

namespace {
struct touchy {
  int value;
};
struct touchy_row {
  int id;
  touchy grade;
};
TEST(SqliteClient, AScriptIsNotRepeatedWhenALaterStatementFoundTheDatabaseBusy) {
  const auto folder = std::filesystem::temp_directory_path();
  const std::string here = (folder / ("dovetail_script_" + std::to_string(::getpid()) + ".db")).string();
  const std::string there = (folder / ("dovetail_script_other_" + std::to_string(::getpid()) + ".db")).string();
  {
    dt::sqlite::client db{"sqlite:" + here + "?busyTimeout=0&maxConnections=1"};
    dt::sqlite::client other{"sqlite:" + there};
    db.execute("create table t(x)");
    other.execute("create table u(x)");
    db.script("attach '" + there + "' as other");
    auto blocker = other.begin();
    blocker.execute("insert into u values (0)");
    const auto done = db.with(dt::as_result).script("insert into t values (1); insert into other.u values (1)");
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind(), dt::condition::busy);
    EXPECT_EQ(db.query_value<int>("select count(*) from t"), 1);
  }
  for (const std::string& path : {here, there}) {
    for (const char* const end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
  }
}

}  // namespace

template <>
struct dovetail::field_codec<touchy> {
  using stored_type = int;
  static int encode(const touchy& from) {
    if (from.value == 2) throw std::runtime_error("not two");
    return from.value;
  }
  static dovetail::result<touchy> decode(int stored) { return touchy{stored}; }
};

TEST(SqliteClient, AnInsertWhoseCodecThrowsInATransactionLeavesNoRowsBehind) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute("create table g(id integer primary key, grade integer not null)");
  db.transaction([](auto& tx) {
    EXPECT_THROW(tx.insert("g", std::vector<touchy_row>{{1, {0}}, {2, {1}}, {3, {2}}}), std::runtime_error);
    tx.execute("insert into g values (9, 0)");
  });
  EXPECT_EQ(db.query_value<int>("select count(*) from g"), 1);
}
