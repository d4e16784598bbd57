// Cases of the specification that need a real database and belong to no other file: endings, reaping, arrays, results.
#include <dovetail/asyncsql.hpp>
#include <dovetail/client/asyncsql/query_some.hpp>
#include <dovetail/postgres.hpp>
#include <dovetail/sqlite.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
namespace as = dovetail::asyncsql;
using namespace std::chrono_literals;
using dt::test::postgres_server;

struct town {
  std::int64_t id = 0;
  std::string name;
  std::optional<double> area;

  friend bool operator==(const town&, const town&) = default;
};

struct on_postgres {
  using client = dt::postgres::client;
  static constexpr dt::dialect speaks = dt::dialect::postgres;
  std::string url(std::string_view more = {}) const {
    return postgres_server::shared().url("app", std::string{"?sslmode=disable"}.append(more));
  }
};

struct on_sqlite {
  using client = dt::sqlite::client;
  static constexpr dt::dialect speaks = dt::dialect::sqlite;
  on_sqlite() { std::filesystem::create_directories(folder); }
  on_sqlite(const on_sqlite&) = delete;
  on_sqlite& operator=(const on_sqlite&) = delete;
  ~on_sqlite() {
    std::error_code ec;
    std::filesystem::remove_all(folder, ec);
  }
  std::string url(std::string_view more = {}) const {
    return "sqlite:" + (folder / "cases.db").string() + std::string{"?mode=rwc"}.append(more);
  }
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("dovetail_asyncsql_cases_" + std::to_string(::getpid()));
};

template <class Database>
class AsyncsqlCases : public testing::Test {
 protected:
  using session_type = as::session<typename Database::client>;

  AsyncsqlCases() : db(database.url()) {
    db.script(
        "drop table if exists town; create table town(id bigint primary key, name varchar(20) not null unique, area "
        "double precision)");
    for (std::int64_t id = 1; id <= 25; ++id) db.insert("town", row(id));
  }
  static town row(std::int64_t id) {
    return {id, "town " + std::to_string(id), id % 3 == 0 ? std::optional<double>{} : static_cast<double>(id) / 4};
  }
  session_type open(as::pool_registry& in, std::string_view more) {
    return as::open<typename Database::client, as::no_guard>(as::read_config(database.url(more)).value(), in);
  }
  std::int64_t count() { return db.template query_value<std::int64_t>("select count(*) from town"); }

  Database database;
  typename Database::client db;
};

using databases = testing::Types<on_postgres, on_sqlite>;
struct database_name {
  template <class Database>
  static std::string GetName(int) {
    return std::string{dt::to_string(Database::speaks)};
  }
};
TYPED_TEST_SUITE(AsyncsqlCases, databases, database_name);

template <class Call>
dt::error_info failure_of(Call&& call) {
  try {
    call();
  } catch (const dt::error& failed) {
    return failed.info();
  }
  return {};
}

TYPED_TEST(AsyncsqlCases, X11_APoolThatClosesWhileATransactionIsOpenRollsItBackInTime) {
  as::pool_registry registry;
  {
    auto manual = this->open(registry, "&transaction_mode=manual&close_timeout=1");
    manual.begin();
    manual.execute("delete from town where id = 1");
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(registry.close_all(), 1u);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 25s);
    const auto other = failure_of([&] { manual.client().template query_value<int>("select 1"); });
    EXPECT_EQ(other.code(), dt::errc::pool_closed);
    manual.close();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 25s);
    EXPECT_EQ(failure_of([&] { manual.execute("delete from town where id = 2"); }).code(),
              dt::errc::transaction_closed);
    EXPECT_EQ(manual.statistics().total, 0u) << "its connection is closed";
  }
  EXPECT_EQ(this->count(), 25);
  // Nobody holds a lock any more.
  this->db.execute("update town set area = 1 where id = 1");
}

TYPED_TEST(AsyncsqlCases, X13_WhatRunsInABorrowedTransactionGoesWithItsOwnersRollback) {
  as::session_settings how;
  how.transaction.mode = as::transaction_mode::manual;
  typename TestFixture::session_type owner{this->db, how};
  const auto borrow = [](auto& tx) {
    tx.execute("insert into town(id, name) values (?, ?)", 100, "single");
    const auto many = dt::execute_many(tx, "insert into town(id, name, area) values (:id, :name, :area)",
                                       std::vector<town>{{101, "many", {}}, {102, "more", 1.5}});
    EXPECT_EQ(many.rows_affected, 2);
    EXPECT_EQ(dt::bulk_insert(tx, "town", std::vector<town>{{103, "bulk", {}}}).rows_affected, 1);
    EXPECT_EQ(tx.template query_value<std::int64_t>("select count(*) from town"), 29);
  };
  owner.begin();
  borrow(owner);
  owner.rollback();
  EXPECT_EQ(this->count(), 25);
  auto scope = owner.scope();
  borrow(scope);
  scope.rollback();
  EXPECT_EQ(this->count(), 25);
  owner.begin();
  borrow(owner);
  owner.commit();
  EXPECT_EQ(this->count(), 29);
}

TYPED_TEST(AsyncsqlCases, P7_IdleConnectionsAreReapedAndBusyOnesAndTransactionsAreNot) {
  const auto now = [] { return std::chrono::steady_clock::now(); };
  for (auto limit = 200ms;; limit *= 2) {  // more, when the machine let so much pass between two steps
    ASSERT_LT(limit, 60s);
    as::pool_registry registry;
    const std::string idle = "&min_pool_size=0&idle_timeout=" + std::to_string(limit.count()) + "ms";
    auto session = this->open(registry, idle + "&max_pool_size=4&transaction_mode=manual");
    auto since = now();
    {
      auto one = session.scope(dt::begin_mode::read_only);
      auto two = session.scope(dt::begin_mode::read_only);
      since = now();
      one.rollback();
      two.rollback();
    }
    const std::size_t both = session.statistics().total;
    if (now() - since >= limit) continue;
    EXPECT_EQ(both, 2u);
    std::this_thread::sleep_for(limit * 3 / 2);
    session.client().maintain();
    EXPECT_EQ(session.statistics().total, 0u) << "both were idle for too long";

    // One that is asked now and then stays.
    since = now();
    bool is_late = false;
    for (int i = 0; i < 8; ++i) {
      const auto asked = now();
      EXPECT_EQ(session.template query_value<int>("select 1"), 1);
      is_late = is_late || now() - since >= limit;
      since = asked;
      std::this_thread::sleep_for(limit / 4);
      session.client().maintain();
      is_late = is_late || now() - since >= limit;
    }
    if (is_late) continue;
    EXPECT_EQ(session.statistics().total, 1u);
    EXPECT_EQ(session.statistics().opened, 3u);

    session.begin();
    session.execute("insert into town(id, name) values (200, 'open')");
    std::this_thread::sleep_for(limit * 3 / 2);
    session.client().maintain();
    EXPECT_EQ(session.statistics().active, 1u) << "its transaction is open";
    session.commit();
    EXPECT_EQ(this->count(), 26);
    break;
  }
}

TYPED_TEST(AsyncsqlCases, Y13_AClosedClientOfSomebodyElsesIsToldAtOnce) {
  typename TypeParam::client external{this->database.url()};
  as::session_settings patient;
  patient.retry.initial_delay = 300s;
  patient.retry.max_delay = 300s;
  typename TestFixture::session_type session{external, patient};
  EXPECT_EQ(session.template query_value<int>("select 1"), 1);
  external.close();
  const auto begun = std::chrono::steady_clock::now();
  const auto why = failure_of([&] { session.template query_value<int>("select 1"); });
  EXPECT_EQ(why.code(), dt::errc::pool_closed);
  EXPECT_NE(why.message().find("closed"), std::string::npos) << why.message();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 60s);
  EXPECT_EQ(session.metrics().retries(), 0u);
}

TYPED_TEST(AsyncsqlCases, R1_R2_OneRowIsAValueOrNothingAndARowWithoutAStructKnowsItsColumns) {
  typename TestFixture::session_type session{this->db};
  EXPECT_FALSE(session.template query_optional<town>("select * from town where id = 99"));
  const auto one = session.template query_one<dt::row>("select name, id from town where id = 2");
  ASSERT_EQ(one.size(), 2u);
  EXPECT_EQ(one.name(0), "name");
  EXPECT_EQ(one.name(1), "id");
  EXPECT_EQ(one.template get<std::string>(0), "town 2");
  EXPECT_EQ(one.template get<std::int64_t>("id"), 2);
}

TYPED_TEST(AsyncsqlCases, R9_ReturningGivesTheRowsThatWereWritten) {
  typename TestFixture::session_type session{this->db};
  EXPECT_EQ(session.template query<std::int64_t>("insert into town(id, name) values (30, 'a'), (31, 'b') returning id"),
            (std::vector<std::int64_t>{30, 31}));
  EXPECT_EQ(this->count(), 27);
  EXPECT_EQ(session.template query<town>("delete from town where id > 24 and id < 31 returning *").size(), 2u);
  EXPECT_EQ(this->count(), 25);
}

TYPED_TEST(AsyncsqlCases, R10_AnInsertThatIsIgnoredReturnsNoRow) {
  typename TestFixture::session_type session{this->db};
  EXPECT_EQ(session.template query_optional<std::int64_t>(
                "insert into town(id, name) values (40, 'new') on conflict do nothing returning id"),
            std::optional<std::int64_t>{40});
  EXPECT_EQ(session.template query_optional<std::int64_t>(
                "insert into town(id, name) values (41, 'new') on conflict do nothing returning id"),
            std::nullopt);
  if constexpr (TypeParam::speaks == dt::dialect::sqlite) {
    EXPECT_EQ(session.template query_optional<std::int64_t>(
                  "insert or ignore into town(id, name) values (42, 'new') returning id"),
              std::nullopt);
  }
  EXPECT_EQ(this->count(), 26);
}

TYPED_TEST(AsyncsqlCases, R13_AStreamGivesTheRowsThatAQueryGives) {
  typename TestFixture::session_type session{this->db};
  const auto all = session.template query<town>("select * from town order by id");
  ASSERT_EQ(all.size(), 25u);
  std::vector<town> streamed;
  for (const town& each : session.template stream<town>("select * from town order by id")) streamed.push_back(each);
  EXPECT_EQ(streamed, all);
  for (std::int64_t id = 1; id <= 25; ++id) EXPECT_EQ(all[static_cast<std::size_t>(id - 1)], this->row(id));
}

TYPED_TEST(AsyncsqlCases, R14_R3_OneRowOfManyEndsTheStatementThere) {
  typename TestFixture::session_type session{this->db};
  const auto first = dt::query_some<town>(session, dt::row_limits{5}, "select * from town order by id");
  EXPECT_EQ(first.rows.size(), 5u);
  EXPECT_TRUE(first.has_more);
  // A row behind the first ones that cannot be made is never asked for.
  const auto begun = std::chrono::steady_clock::now();
  const auto one = dt::query_some<std::int64_t>(
      session, dt::row_limits{1},
      "with recursive n(x) as (select 1 union all select x + 1 from n where x < 50000000) select x from n");
  EXPECT_EQ(one.rows, std::vector<std::int64_t>{1});
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 30s);
  EXPECT_EQ(session.statistics().active, 0u);
}

TYPED_TEST(AsyncsqlCases, R15_AStreamThatIsLeftEarlyGivesItsConnectionBackAndHoldsNoLock) {
  typename TypeParam::client own{this->database.url("&maxConnections=1")};
  typename TestFixture::session_type session{own};
  for (const town& each : session.template stream<town>("select * from town order by id")) {
    EXPECT_EQ(each.id, 1);
    break;
  }
  EXPECT_EQ(own.statistics().active, 0u);
  try {
    for (const town& each : session.template stream<town>("select * from town order by id")) {
      throw std::runtime_error("at " + each.name);
    }
    ADD_FAILURE() << "there were no rows";
  } catch (const std::runtime_error& thrown) {
    EXPECT_STREQ(thrown.what(), "at town 1");
  }
  EXPECT_EQ(own.statistics().active, 0u);
  this->db.execute("alter table town add column more integer");
  EXPECT_EQ(session.template query_value<std::int64_t>("select count(more) from town"), 0);
  EXPECT_EQ(own.statistics().opened, 1u) << "the connection was good for more";
}

TYPED_TEST(AsyncsqlCases, X18_WithoutTransactionsWhateverWritesIsKeptAtOnce) {
  as::pool_registry registry;
  auto plain = this->open(registry, "&transaction_mode=none");
  plain.execute("/*c*/ insert into town values (101, 'a', null)");
  EXPECT_EQ(this->count(), 26);
  plain.execute("with x as (select 101 as id) delete from town where id in (select id from x)");
  EXPECT_EQ(this->count(), 25);
  if constexpr (TypeParam::speaks == dt::dialect::sqlite) {
    plain.execute("replace into town values (1, 'other', null)");
  } else {
    plain.script(
        "create or replace procedure rename_one() language sql as 'update town set name = ''other'' where id = 1'");
    plain.execute("call rename_one()");
  }
  EXPECT_EQ(this->db.template query_value<std::string>("select name from town where id = 1"), "other");
}

TYPED_TEST(AsyncsqlCases, X19_WithoutTransactionsEachReadSeesWhatOthersHaveCommitted) {
  as::pool_registry registry;
  for (const std::string_view mode : {"&transaction_mode=none", "&transaction_mode=auto"}) {
    auto plain = this->open(registry, mode);
    EXPECT_EQ(plain.template query_value<std::int64_t>("select count(*) from town"), this->count());
    this->db.execute("delete from town where id = (select max(id) from town)");
    EXPECT_EQ(plain.template query_value<std::int64_t>("select count(*) from town"), this->count());
  }
  EXPECT_EQ(this->count(), 23);
}

TYPED_TEST(AsyncsqlCases, R5_HowManyRowsAreReadIsTheVerbsBusinessAndNoSetting) {
  for (const std::string_view mode : {"iterator", "bogus", "one"}) {
    as::pool_registry registry;
    const auto refused = failure_of([&] { this->open(registry, std::string{"&fetch_mode="}.append(mode)); });
    EXPECT_EQ(refused.code(), dt::errc::unknown_option) << mode;
    EXPECT_NE(refused.message().find("fetch_mode"), std::string::npos) << refused.message();
  }
}

TYPED_TEST(AsyncsqlCases, R11_TheNumberOfANewRowIsInTheAnswerWhereTheDatabaseCounts) {
  as::pool_registry registry;
  auto session = this->open(registry, "");
  const dt::summary done = session.execute("insert into town values (700, 'new', null)");
  EXPECT_EQ(done.rows_affected, 1);
  if constexpr (TypeParam::speaks == dt::dialect::sqlite) {
    session.execute("create table counted(id integer primary key autoincrement, name text)");
    session.execute("insert into counted(name) values ('first')");
    EXPECT_EQ(session.execute("insert into counted(name) values ('second')").last_insert_id, 2);
    EXPECT_EQ(session.execute("delete from counted").last_insert_id, std::nullopt);
  } else {
    EXPECT_EQ(done.last_insert_id, std::nullopt);  // `returning` is its way
  }
}

TYPED_TEST(AsyncsqlCases, R22_ABatchWhoseRowsLackAFieldIsRefusedAtItsPlaceAndNothingIsWritten) {
  as::pool_registry registry;
  auto session = this->open(registry, "");
  const std::vector<town> rows{{900, "a", {}}, {901, "b", {}}};
  const std::string text = "insert into town(id, name) values (:id, :title)";
  const auto refused = failure_of([&] { static_cast<void>(dt::execute_many(session, dt::runtime(text), rows)); });
  EXPECT_EQ(refused.code(), dt::errc::unknown_parameter);
  EXPECT_NE(refused.message().find("line 1, column 41"), std::string::npos) << refused.message();  // of ":title"
  EXPECT_EQ(this->count(), 25);
}

TEST(AsyncsqlCasesOnPostgres, P11_AServerThatIsNotThereIsLeftAloneAfterSomeFailures) {
  as::pool_registry registry;
  auto how = as::read_config(
                 "postgresql://app@127.0.0.1:1/app?sslmode=disable&circuit_failures=3&circuit_open_time=1h"
                 "&retry_delay=1ms&max_retries=9")
                 .value();
  auto session = as::open<dt::postgres::client>(how, registry);
  const auto why = failure_of([&] { session.query_value<int>("select 1"); });
  EXPECT_NE(why.code(), dt::errc::circuit_open) << "the third attempt has opened it, and tells why";
  EXPECT_EQ(why.kind(), dt::condition::connection) << why.message();
  EXPECT_EQ(session.metrics().retries(), 2u) << "and ended the retries";
  EXPECT_EQ(failure_of([&] { session.query_value<int>("select 1"); }).code(), dt::errc::circuit_open);
  EXPECT_EQ(session.circuit(), dt::circuit_state::open);
  EXPECT_FALSE(session.health().is_healthy);
}

TEST(AsyncsqlCasesOnPostgres, P22_ACopyOutIsAReadThatTheGuardIsAskedAbout) {
  const on_postgres database;
  dt::postgres::client client{database.url()};
  client.script(
      "drop table if exists secret; create table secret(id bigint, name text); insert into secret values (1, 'x')");
  struct item {
    std::int64_t id = 0;
    std::string name;
  };
  const auto read = [](auto& db) {
    std::string names;
    for (const item& each : db.template copy_out<item>("secret")) names += each.name;
    for (const item& each : db.template copy_out_query<item>("select id, name from secret")) names += each.name;
    return names;
  };
  as::security_settings how;
  how.user = "eve";
  std::vector<std::string> asked;
  how.access = as::make_access_control([&asked](const as::access_request& of) {
    for (const as::touched_table& table : of.tables) asked.push_back(table.name);
    return of.user == "boss" ? as::access_decision::allow() : as::access_decision::deny("not for eve");
  });
  as::session<dt::postgres::client, as::guard<>> eve{client, {}, as::guard<>{how}};
  EXPECT_EQ(failure_of([&] { read(eve); }).code(), dt::errc::access_denied);
  EXPECT_EQ(asked, std::vector<std::string>{"secret"});
  const auto within = eve.with(dt::as_result).copy_out_query<item>("select id, name from secret");
  EXPECT_EQ(within.error().code(), dt::errc::access_denied);
  EXPECT_EQ(failure_of([&] { eve.run_transaction([&](auto& tx) { read(tx); }); }).code(), dt::errc::access_denied);
  how.user = "boss";
  as::session<dt::postgres::client, as::guard<>> boss{client, {}, as::guard<>{how}};
  EXPECT_EQ(read(boss), "xx");
  boss.run_transaction([&](auto& tx) { EXPECT_EQ(read(tx), "xx"); });
  as::session<dt::postgres::client> open{client};
  EXPECT_EQ(read(open), "xx");
  as::session<dt::postgres::client, as::masking_guard<>> masked{
      client, {}, as::masking_guard<>{how, as::make_row_masking([](const as::access_request&) {
                                        return std::vector<std::string>{"name"};
                                      })}};
  EXPECT_EQ(read(masked), "******");
  EXPECT_EQ(masked.query_one<item>("select id, name from secret").name, "***");
  const auto to = [](std::string_view) {};
  EXPECT_EQ(failure_of([&] { masked.copy_out_text("copy secret to stdout", to); }).code(), dt::errc::access_denied);
}

TEST(AsyncsqlCasesOnPostgres, T5_ANestedListIsAnArrayOfTwoDimensionsAndARaggedOneIsRefused) {
  dt::postgres::client client{on_postgres{}.url()};
  as::session<dt::postgres::client> session{client};
  using grid = std::vector<std::vector<int>>;
  const grid given{{1, 2}, {3, 4}};
  EXPECT_EQ(session.query_value<grid>("select ?::int[]", given), given);
  EXPECT_EQ(session.query_value<int>("select (:g::int[][])[2][1]", dt::arg<"g">(given)), 3);
  EXPECT_EQ(session.query_value<std::string>("select array_dims(?::int[])", given), "[1:2][1:2]");
  const std::vector<std::vector<std::string>> words{{"a,b", "\"c\""}, {"", "NULL"}};
  EXPECT_EQ(session.query_value<std::vector<std::vector<std::string>>>("select ?::text[]", words), words);
  const auto ragged = failure_of([&] { session.query_value<grid>("select ?::int[]", grid{{1, 2}, {3}}); });
  EXPECT_TRUE(ragged);
  EXPECT_NE(ragged.message().find("differ in length"), std::string::npos) << ragged.message();
  EXPECT_EQ(session.query_value<int>("select 1"), 1);
  EXPECT_EQ(client.statistics().opened, 1u) << "it was refused before anything was sent";
}

TEST(AsyncsqlCasesOnSqlite, P19_EveryFormOfADatabasesNameOpensItAsItShould) {
  const on_sqlite database;
  const std::string path = (database.folder / "forms.db").string();
  const auto pragma = [](dt::sqlite::client& db, const std::string& name) {
    return db.query_value<std::string>(dt::runtime("select cast(" + name + " as text) from pragma_" + name));
  };
  {
    dt::sqlite::client absolute{"sqlite:" + path};
    absolute.script("create table t(x integer); insert into t values (1)");
    EXPECT_EQ(pragma(absolute, "journal_mode"), "wal");
    EXPECT_EQ(pragma(absolute, "foreign_keys"), "1");
  }
  const std::string relative = std::filesystem::relative(path).string();
  dt::sqlite::client by_relative{"sqlite:" + relative};
  EXPECT_EQ(by_relative.query_value<int>("select x from t"), 1);
  dt::sqlite::client memory{"sqlite::memory:"};
  EXPECT_NE(pragma(memory, "journal_mode"), "wal");
  EXPECT_EQ(pragma(memory, "foreign_keys"), "1");
  dt::sqlite::client read_only{"sqlite:" + path + "?mode=ro"};
  EXPECT_EQ(read_only.query_value<int>("select x from t"), 1);
  EXPECT_TRUE(failure_of([&] { read_only.execute("insert into t values (2)"); }));
  EXPECT_TRUE(failure_of([&] {
    dt::sqlite::client missing{"sqlite:" + path + ".missing?mode=ro"};
    missing.query_value<int>("select 1");
  }));
}

}  // namespace
