// Bulk updates, upserts and deletes by arrays on PostgreSQL: what they change, count and refuse is what row by row
// does.
#include <dovetail/client/asyncsql/async_session.hpp>
#include <dovetail/client/asyncsql/batch_async.hpp>
#include <dovetail/client/asyncsql/session.hpp>
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/optimistic_cases.hpp>
#include <support/postgres_server.hpp>

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace dt = dovetail;
using dt::test::postgres_server;

namespace {

enum class mood { sad, ok };

struct city {
  std::int64_t id = 0;
  std::string name;
  std::optional<double> area;
  friend bool operator==(const city&, const city&) = default;
};

struct sample {
  int id = 0;  // the column is a bigint
  std::string label;
  dt::decimal price;
  dt::uuid code;
  std::vector<std::byte> raw;
  std::chrono::sys_time<std::chrono::microseconds> at;
  std::chrono::year_month_day day;
  std::optional<std::string> note;
  mood feels{};
  bool is_new = false;
  std::string data;   // the column is jsonb
  std::string state;  // the column is a domain over text
  friend bool operator==(const sample&, const sample&) = default;
};

struct tagged {
  std::int64_t id = 0;
  std::vector<std::string> tags;
};

struct as_text {
  std::int64_t id = 0;
  std::string tags;
};

struct named {
  std::string name;
  std::int64_t value = 0;
};

struct place {
  std::int32_t x = 0;
  std::optional<std::int32_t> y;
  std::string what;
};

std::string url() {
  return "postgresql://app@127.0.0.1:" + std::to_string(postgres_server::shared().port()) + "/app?sslmode=disable";
}

/// Any guard of its own.
struct watching_guard : dt::asyncsql::no_guard {};
static_assert(!dt::detail::is_guarded<dt::postgres::client>);
static_assert(!dt::detail::is_guarded<dt::asyncsql::session<dt::postgres::client>>);
static_assert(dt::detail::is_guarded<dt::asyncsql::session<dt::postgres::client, watching_guard>>);

class BatchArrays : public ::testing::Test {
 protected:
  void SetUp() override {
    db.script(
        "drop table if exists city; create table city(id bigint primary key, name text not null, area double precision "
        "check (area > 0)); drop table if exists seen; create table seen(what text)");
  }
  static std::vector<city> cities(std::int64_t count) {
    std::vector<city> all;
    for (std::int64_t id = 1; id <= count; ++id) {
      city one{id, "c\"" + std::to_string(id) + ",\\", {}};
      if (id % 2 == 0) one.area = 0.5 * static_cast<double>(id);
      all.push_back(std::move(one));
    }
    return all;
  }
  std::vector<city> stored() { return db.query<city>("select id, name, area from city order by id").vector(); }
  /// Statements that changed the table: a trigger for each says how many there were.
  void count_statements() {
    db.script(
        "create or replace function note() returns trigger language plpgsql as $f$ begin insert into seen "
        "values(lower(tg_op)); return null; end $f$; create trigger note after insert or update or delete on city for "
        "each statement execute function note()");
  }
  std::int64_t statements(const std::string& what) {
    return db.query_value<std::int64_t>("select count(*) from seen where what = ?", what);
  }
  template <class Fn>
  static dt::error_info error_of(Fn fn) {
    try {
      static_cast<void>(fn());
    } catch (const dt::error& failed) {
      return failed.info();
    }
    ADD_FAILURE() << "nothing failed";
    return {};
  }

  dt::postgres::client db{url()};
};

TEST_F(BatchArrays, ManyRowsGoInPiecesWithNullsAndEachIsCounted) {
  count_statements();
  std::vector<city> rows = cities(25'001);
  const dt::batch_result inserted = dt::bulk_upsert<"id">(db, "city", rows);
  EXPECT_EQ(inserted.rows_affected, 25'001);
  EXPECT_EQ(inserted.affected, std::vector<std::int64_t>(25'001, 1));
  EXPECT_EQ(stored(), rows);
  EXPECT_EQ(statements("insert"), 3);

  for (city& each : rows) {
    each.name += "!";
    each.area = each.area ? std::nullopt : std::optional{1.0};
  }
  std::vector<city> asked = rows;
  asked[7].id = -1;
  asked[20'000].id = -2;
  const dt::batch_result updated = dt::bulk_update<"id">(db, "public.city", asked);
  EXPECT_EQ(updated.rows_affected, 24'999);
  std::vector<std::int64_t> expected(25'001, 1);
  expected[7] = expected[20'000] = 0;
  EXPECT_EQ(updated.affected, expected);
  const std::vector<city> before = cities(25'001);
  rows[7] = before[7];
  rows[20'000] = before[20'000];
  EXPECT_EQ(stored(), rows);
  EXPECT_EQ(statements("update"), 6);  // an upsert is one too

  const dt::batch_result deleted = dt::bulk_delete<"id">(db, "city", asked);
  EXPECT_EQ(deleted.rows_affected, 24'999);
  EXPECT_EQ(deleted.affected, expected);
  EXPECT_EQ(statements("delete"), 3);
  EXPECT_EQ(stored(), (std::vector<city>{rows[7], rows[20'000]}));
}

TEST_F(BatchArrays, AwaitedOnesDoTheSame) {
  count_statements();
  asio::io_context io;
  dt::postgres::async_client client{io.get_executor(), url()};
  const dt::test::awaited_calls<dt::postgres::async_client> call{client, io};
  std::vector<city> rows = cities(100);
  EXPECT_EQ(call([&](auto& on) { return dt::bulk_upsert<"id">(on, "city", rows); }).rows_affected, 100);
  for (city& each : rows) each.area = 2;
  rows[3].id = 999;
  const dt::batch_result updated = call([&](auto& on) { return dt::bulk_update<"id">(on, "city", rows); });
  EXPECT_EQ(updated.rows_affected, 99);
  EXPECT_EQ(updated.affected[3], 0);
  rows[50].area = -1;
  const dt::error_info why =
      error_of([&] { return call([&](auto& on) { return dt::bulk_update<"id">(on, "city", rows); }); });
  EXPECT_EQ(why.kind(), dt::condition::constraint);
  EXPECT_EQ(why.message().substr(0, 7), "row 51:") << why.message();
  EXPECT_EQ(call([&](auto& on) { return dt::bulk_delete<"id">(on, "city", rows); }).rows_affected, 99);
  EXPECT_EQ(statements("insert"), 1);
  EXPECT_EQ(statements("delete"), 1);
}

TEST_F(BatchArrays, OfEqualKeysTheLastWinsAndEachCounts) {
  std::vector<city> rows = cities(40);
  rows.push_back({5, "last", 5.0});
  const dt::batch_result inserted = dt::bulk_upsert<"id">(db, "city", rows);
  EXPECT_EQ(inserted.rows_affected, 41);
  EXPECT_EQ(inserted.affected, std::vector<std::int64_t>(41, 1));
  EXPECT_EQ(stored()[4], rows[40]);

  rows[40].name = "last again";
  rows[10].id = 5;
  const dt::batch_result updated = dt::bulk_update<"id">(db, "city", rows);
  EXPECT_EQ(updated.rows_affected, 41);
  EXPECT_EQ(updated.affected, std::vector<std::int64_t>(41, 1));
  EXPECT_EQ(stored()[4].name, "last again");

  const dt::batch_result deleted = dt::bulk_delete<"id">(db, "city", rows);
  EXPECT_EQ(deleted.rows_affected, 39);
  std::vector<std::int64_t> expected(41, 1);
  expected[10] = expected[40] = 0;
  EXPECT_EQ(deleted.affected, expected);
}

TEST_F(BatchArrays, KeysThatAreNotUniqueCountEveryRow) {
  db.script("drop table if exists named; create table named(name text, value bigint)");
  std::vector<named> rows;
  for (std::int64_t i = 0; i < 20; ++i) rows.push_back({"n" + std::to_string(i), i});
  db.insert("named", rows);
  db.insert("named", std::vector<named>{rows[2], rows[2]});
  for (named& each : rows) each.value += 100;
  const dt::batch_result updated = dt::bulk_update<"name">(db, "named", rows);
  EXPECT_EQ(updated.rows_affected, 22);
  EXPECT_EQ(updated.affected[2], 3);
  EXPECT_EQ(updated.affected[3], 1);
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from named where value = 102"), 3);
  const dt::batch_result deleted = dt::bulk_delete<"name">(db, "named", rows);
  EXPECT_EQ(deleted.rows_affected, 22);
  EXPECT_EQ(deleted.affected[2], 3);
}

TEST_F(BatchArrays, KeysThatOnlyTheServerFindsEqualAreSeen) {
  db.script(
      "create collation if not exists caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false); "
      "drop table if exists named; create table named(name text collate caseless, value bigint)");
  std::vector<named> rows;
  for (std::int64_t i = 0; i < 20; ++i) rows.push_back({"n" + std::to_string(i), i});
  db.insert("named", rows);
  rows.push_back({"N3", 33});
  const dt::batch_result updated = dt::bulk_update<"name">(db, "named", rows);
  EXPECT_EQ(updated.rows_affected, 21);
  EXPECT_EQ(db.query_value<std::int64_t>("select value from named where name = 'n3'"), 33);
  const dt::batch_result deleted = dt::bulk_delete<"name">(db, "named", rows);
  EXPECT_EQ(deleted.rows_affected, 20);
  EXPECT_EQ(deleted.affected.front(), 1);
  EXPECT_EQ(deleted.affected.back(), 0);
}

TEST_F(BatchArrays, SeveralKeysAndNullsInThem) {
  db.script("drop table if exists place; create table place(x int, y int, what text)");
  std::vector<place> rows;
  for (std::int32_t i = 0; i < 30; ++i) rows.push_back({i % 5, i, "w"});
  rows[4].y = std::nullopt;  // equals nothing, as in a single statement
  db.insert("place", rows);
  for (place& each : rows) each.what = "v";
  const dt::batch_result updated = dt::bulk_update<"x", "y">(db, "place", rows);
  EXPECT_EQ(updated.rows_affected, 29);
  EXPECT_EQ(updated.affected[4], 0);
  const dt::batch_result deleted = dt::bulk_delete<"y", "x">(db, "place", rows);
  EXPECT_EQ(deleted.rows_affected, 29);
  EXPECT_EQ(db.query_value<std::string>("select what from place"), "w");
}

TEST_F(BatchArrays, ARowThatFailsIsNamedAndNothingStays) {
  db.insert("city", city{3, "there", 3.0});
  std::vector<city> rows = cities(12'000);
  rows[11'000].area = -1;
  const dt::error_info why = error_of([&] { return dt::bulk_upsert<"id">(db, "city", rows); });
  EXPECT_EQ(why.kind(), dt::condition::constraint);
  EXPECT_EQ(why.message().substr(0, 10), "row 11001:") << why.message();
  EXPECT_EQ(stored(), (std::vector<city>{{3, "there", 3.0}}));

  rows[11'000].name = std::string{"zero\0byte", 9};
  const dt::error_info unsendable = error_of([&] { return dt::bulk_update<"id">(db, "city", rows); });
  EXPECT_EQ(unsendable.code(), dt::errc::malformed_value);
  EXPECT_EQ(unsendable.message().substr(0, 10), "row 11001:") << unsendable.message();
  EXPECT_EQ(db.query_value<std::string>("select name from city"), "there");

  db.script("create table if not exists holder(id bigint references city); insert into holder values(3)");
  const dt::error_info held = error_of([&] { return dt::bulk_delete<"id">(db, "city", rows); });
  EXPECT_EQ(held.kind(), dt::condition::constraint);
  EXPECT_EQ(held.message().substr(0, 6), "row 3:") << held.message();
  db.script("drop table holder");
}

TEST_F(BatchArrays, RowsThatFailAreSkippedWhenAskedFor) {
  std::vector<city> rows = cities(40);
  rows[20].area = -1;
  const dt::batch_result done = dt::bulk_upsert<"id">(db, "city", rows, dt::batch_errors::skip_row);
  ASSERT_EQ(done.failures.size(), 1U);
  EXPECT_EQ(done.failures[0].row, 20U);
  EXPECT_EQ(done.rows_affected, 39);
  EXPECT_EQ(done.affected[20], -1);
  EXPECT_EQ(stored().size(), 39U);
}

TEST_F(BatchArrays, ATransactionOutlivesATriedArray) {
  db.script("drop table if exists named; create table named(name text primary key, value bigint)");
  std::vector<named> rows;
  for (std::int64_t i = 0; i < 30; ++i) rows.push_back({"n" + std::to_string(i), i});
  auto tx = db.begin();
  EXPECT_EQ(dt::bulk_upsert<"name">(tx, "named", rows).rows_affected, 30);
  rows.push_back({"n1", 100});  // the server refuses the array (21000): row by row, in the same transaction
  EXPECT_EQ(dt::bulk_upsert<"name">(tx, "named", rows).rows_affected, 31);
  EXPECT_EQ(tx.query_value<std::int64_t>("select value from named where name = 'n1'"), 100);
  rows.back().value = 200;
  EXPECT_EQ(dt::bulk_update<"name">(tx, "named", rows).affected, std::vector<std::int64_t>(31, 1));
  EXPECT_EQ(tx.query_value<std::int64_t>("select value from named where name = 'n1'"), 200);
  tx.rollback();
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from named"), 0);
}

TEST_F(BatchArrays, ASessionUsesThemToo) {
  count_statements();
  dt::asyncsql::session<dt::postgres::client> session{db};
  std::vector<city> rows = cities(30);
  EXPECT_EQ(dt::bulk_upsert<"id">(session, "city", rows).rows_affected, 30);
  rows[29].area = -1;
  const dt::error_info why = error_of([&] { return dt::bulk_update<"id">(session, "city", rows); });
  EXPECT_EQ(why.message().substr(0, 7), "row 30:") << why.message();
  EXPECT_EQ(dt::bulk_delete<"id">(session, "city", rows).rows_affected, 30);
  EXPECT_EQ(statements("insert"), 1);
  EXPECT_EQ(statements("delete"), 1);
}

TEST_F(BatchArrays, ValuesOfManyTypesArriveAsTheyDoOneByOne) {
  db.script(
      "drop table if exists sample; drop domain if exists state; drop type if exists mood; create type mood as enum "
      "('sad', 'ok'); create domain state as text check (value <> ''); create table sample(id bigint primary key, "
      "label "
      "varchar(10), price numeric(10,2), code uuid, raw bytea, at timestamptz, day date, note text, feels mood, is_new "
      "boolean, data jsonb, state state)");
  std::vector<sample> rows;
  for (int i = 1; i <= 50; ++i) {
    sample one;
    one.id = i;
    one.label = i == 7 ? "NULL" : "l{" + std::to_string(i) + "}";
    EXPECT_TRUE(parse_decimal(std::to_string(i) + ".25", one.price));
    one.code.bytes[0] = static_cast<std::byte>(i);
    one.raw.assign(static_cast<std::size_t>(i % 3), static_cast<std::byte>(i));
    one.at = std::chrono::sys_days{std::chrono::year{2024} / 2 / 29} + std::chrono::microseconds{i};
    one.day = std::chrono::year{2024} / 2 / 29;
    if (i % 2 == 0) one.note = "";
    one.feels = i % 2 == 0 ? mood::ok : mood::sad;
    one.is_new = i % 3 == 0;
    one.data = "{\"a\": \"\\\\\"}";
    one.state = "s";
    rows.push_back(std::move(one));
  }
  const auto read = [this] {
    return db
        .query<sample>(
            "select id::int, label, price, code, raw, at, day, note, feels, is_new, data::text as data, state from "
            "sample order by id")
        .vector();
  };
  db.script(
      "create or replace function note() returns trigger language plpgsql as $f$ begin insert into seen "
      "values(lower(tg_op)); return null; end $f$; create trigger note after insert or update or delete on sample for "
      "each statement execute function note()");
  EXPECT_EQ(dt::bulk_upsert<"id">(db, "sample", rows).rows_affected, 50);
  EXPECT_EQ(read(), rows);
  for (sample& each : rows) {
    each.feels = mood::ok;
    each.note.reset();
    each.label += "'";
  }
  EXPECT_EQ(dt::bulk_update<"id">(db, "sample", rows).rows_affected, 50);
  EXPECT_EQ(read(), rows);
  EXPECT_EQ((dt::bulk_delete<"id", "feels", "code">(db, "sample", rows).rows_affected), 50);
  EXPECT_EQ(statements("insert"), 1);  // all by arrays
  EXPECT_EQ(statements("delete"), 1);

  rows[30].label = "longer than ten";
  const dt::error_info why = error_of([&] { return dt::bulk_upsert<"id">(db, "sample", rows); });
  EXPECT_EQ(why.kind(), dt::condition::data);
  EXPECT_EQ(why.message().substr(0, 7), "row 31:") << why.message();
}

TEST_F(BatchArrays, ListsAndTextForArrayColumnsGoRowByRow) {
  db.script("drop table if exists tagged; create table tagged(id bigint primary key, tags text[])");
  std::vector<tagged> rows;
  for (std::int64_t id = 1; id <= 20; ++id) rows.push_back({id, {"a", "b"}});
  EXPECT_EQ(dt::bulk_upsert<"id">(db, "tagged", rows).rows_affected, 20);
  std::vector<as_text> texts;
  for (std::int64_t id = 1; id <= 20; ++id) texts.push_back({id, "{x,y}"});
  EXPECT_EQ(dt::bulk_update<"id">(db, "tagged", texts).rows_affected, 20);
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from tagged where tags = '{x,y}'"), 20);
}

TEST_F(BatchArrays, ProgressIsToldAfterEachPiece) {
  using seen = std::vector<std::pair<std::size_t, std::size_t>>;
  seen told;
  const auto tell = [&told](std::size_t done, std::size_t total) { told.emplace_back(done, total); };
  const std::vector<city> rows = cities(100);
  static_cast<void>(dt::bulk_upsert<"id">(db, "city", rows, dt::batch_options{{}, 40}, tell));
  EXPECT_EQ(told, (seen{{40, 100}, {80, 100}}));
  told.clear();
  std::vector<city> bad = rows;
  bad[85].area = -1;
  EXPECT_THROW(static_cast<void>(dt::bulk_upsert<"id">(db, "city", bad, dt::batch_options{{}, 40}, tell)), dt::error);
  EXPECT_EQ(told, (seen{{40, 100}, {80, 100}, {40, 100}, {80, 100}})) << "by arrays, and then row by row";
  told.clear();
  static_cast<void>(dt::bulk_update<"id">(db, "city", rows, dt::batch_options{{}, 50}, tell));
  EXPECT_EQ(told, (seen{{50, 100}, {100, 100}}));
  told.clear();
  static_cast<void>(dt::bulk_delete<"id">(db, "city", rows, dt::batch_options{{}, 30}, tell));
  EXPECT_EQ(told, (seen{{30, 100}, {60, 100}, {90, 100}}));
  EXPECT_TRUE(stored().empty());
}

TEST_F(BatchArrays, LargeValuesAreCutByTheirBytes) {
  count_statements();
  std::vector<city> rows = cities(20);
  for (city& each : rows) each.name.assign(1'000'000, 'x');
  EXPECT_EQ(dt::bulk_upsert<"id">(db, "city", rows).rows_affected, 20);
  EXPECT_EQ(statements("insert"), 5);  // four megabytes each
  EXPECT_EQ(stored(), rows);
}

TEST_F(BatchArrays, ATriggerThatLeavesRowsOutIsNotGuessedAt) {
  db.script(
      "create or replace function even_only() returns trigger language plpgsql as $f$ begin if new.id % 2 = 0 then "
      "return new; end if; return null; end $f$; create trigger even before insert on city for each row execute "
      "function even_only()");
  const dt::batch_result done = dt::bulk_upsert<"id">(db, "city", cities(30));
  EXPECT_EQ(done.rows_affected, 15);
  EXPECT_TRUE(done.affected.empty());
}

TEST_F(BatchArrays, ADeadlineEndsTheBatchAndNothingStays) {
  const std::vector<city> rows = cities(20'000);
  db.insert("city", rows);
  dt::postgres::client other{url()};
  auto tx = other.begin();
  tx.execute("update city set name = 'held' where id = 15000");
  const auto begun = std::chrono::steady_clock::now();
  const dt::error_info why =
      error_of([&] { return dt::bulk_delete<"id">(db.within(std::chrono::milliseconds{300}), "city", rows); });
  EXPECT_EQ(why.kind(), dt::condition::timeout) << why.message();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds{30});
  tx.rollback();
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from city"), 20'000);
}

/// Counts what it was asked about.
struct counting_guard : dt::asyncsql::no_guard {
  std::shared_ptr<std::atomic<int>> asked = std::make_shared<std::atomic<int>>(0);
  dt::error_info check(const dt::statement_view&, const dt::asyncsql::guard_context&) const noexcept {
    ++*asked;
    return {};
  }
};

// A guard judges texts that the program wrote: that of arrays is ours.
TEST_F(BatchArrays, AGuardedSessionGoesRowByRowWithTheSameOutcome) {
  count_statements();
  const counting_guard guard;
  dt::asyncsql::session<dt::postgres::client, counting_guard> blocking{db, {}, guard};
  const std::vector<city> rows = cities(30);
  EXPECT_EQ(dt::bulk_upsert<"id">(blocking, "city", rows).affected, std::vector<std::int64_t>(30, 1));
  EXPECT_EQ(statements("insert"), 30);
  EXPECT_GT(*guard.asked, 0);
  EXPECT_EQ(stored(), rows);

  asio::io_context io;
  dt::postgres::async_client client{io.get_executor(), url()};
  *guard.asked = 0;
  dt::asyncsql::async_session<dt::postgres::async_client, counting_guard> awaited{client, {}, guard};
  const dt::test::awaited_calls<decltype(awaited)> call{awaited, io};
  EXPECT_EQ(call([&](auto& on) { return dt::bulk_delete<"id">(on, "city", rows); }).rows_affected, 30);
  EXPECT_EQ(statements("delete"), 30);
  EXPECT_GT(*guard.asked, 0);
  EXPECT_TRUE(stored().empty());
}

/// Spawns `make()`, cancels it when a statement waits for somebody's lock, and tells how it ended.
template <class Make>
std::error_code cancel_when_blocked(asio::io_context& io, dt::postgres::client& looker, Make make) {
  std::error_code ended;
  bool is_over = false;
  asio::cancellation_signal stop;
  asio::co_spawn(io, make(), asio::bind_cancellation_slot(stop.slot(), [&](const std::exception_ptr& thrown) {
                   is_over = true;
                   try {
                     if (thrown) std::rethrow_exception(thrown);
                   } catch (const std::system_error& failed) {
                     ended = failed.code();
                   }
                 }));
  const auto watch = [&]() -> asio::awaitable<void> {
    while (!is_over && looker.query_value<std::int64_t>("select count(*) from pg_locks where not granted") == 0) {
      asio::steady_timer pause{io, std::chrono::milliseconds{5}};
      co_await pause.async_wait(asio::use_awaitable);
    }
    EXPECT_FALSE(is_over);
    stop.emit(asio::cancellation_type::terminal);
  };
  asio::co_spawn(io, watch(), asio::detached);
  io.restart();
  io.run();
  io.restart();
  EXPECT_TRUE(is_over);
  return ended;
}

TEST_F(BatchArrays, ACancelledBatchEndsAndNothingOfItStays) {
  const std::vector<city> rows = cities(20'000);
  db.insert("city", rows);
  dt::postgres::client other{url()};
  asio::io_context io;
  dt::postgres::async_client client{io.get_executor(), url()};
  dt::asyncsql::session_settings how;
  how.transaction.mode = dt::asyncsql::transaction_mode::manual;
  dt::asyncsql::async_session<dt::postgres::async_client> manual{client, how};
  const dt::test::awaited_calls<decltype(manual)> call{manual, io};
  {
    auto tx = other.begin();
    tx.execute("update city set name = 'held' where id = 15000");  // in the second piece
    const auto alone = [&]() -> asio::awaitable<void> {
      static_cast<void>(co_await dt::bulk_delete<"id">(client, "city", rows));
    };
    EXPECT_TRUE(cancel_when_blocked(io, other, alone));
    call([](auto& on) { return on.begin(); });
    static_cast<void>(call([](auto& on) { return on.execute("update city set name = 'kept' where id = 20000"); }));
    const auto inside = [&]() -> asio::awaitable<void> {
      static_cast<void>(co_await dt::bulk_delete<"id">(manual, "city", rows));
    };
    EXPECT_TRUE(cancel_when_blocked(io, other, inside));
    call([](auto& on) { return on.commit(); });  // the savepoint around the attempt was rolled back
    tx.rollback();
  }
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from city"), 20'000);
  EXPECT_EQ(db.query_value<std::string>("select name from city where id = 20000"), "kept");
}

TEST_F(BatchArrays, AnEmptyRangeDoesNothing) {
  const std::vector<city> none;
  EXPECT_EQ(dt::bulk_upsert<"id">(db, "city", none).rows_affected, 0);
  EXPECT_EQ(dt::bulk_update<"id">(db, "city", none).rows_affected, 0);
  EXPECT_TRUE(dt::bulk_delete<"id">(db, "city", none).affected.empty());
}

TEST_F(BatchArrays, AResultNamesTheRowToo) {
  std::vector<city> rows = cities(30);
  rows[9].area = 0;
  const dt::result<dt::batch_result> refused = dt::bulk_upsert<"id">(db.with(dt::as_result), "city", rows);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message().substr(0, 7), "row 10:");
  rows[9].area = 1;
  const dt::result<dt::batch_result> done = dt::bulk_upsert<"id">(db.with(dt::as_result), "city", rows);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->rows_affected, 30);
}

}  // namespace
