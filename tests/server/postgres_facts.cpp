// What a server tells besides answers: notices for the observer, parameters of the session, the place of a mistake.
#include <dovetail/format/postgres/typed.hpp>
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>
#include <dovetail/sql/validation.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace dt = dovetail;
using dt::test::postgres_server;

namespace {

/// Keeps the notices.
struct listener {
  struct notices {
    std::mutex mutex;
    std::vector<dt::server_fields> all;
  };
  std::shared_ptr<notices> seen = std::make_shared<notices>();

  void on(const dt::observation& what) const noexcept {
    if (what.what != dt::observed::notice) return;
    const std::lock_guard lock{seen->mutex};
    seen->all.push_back(*what.notice);
  }
};

constexpr const char* talk = "do $$ begin raise warning 'careful' using errcode = '01999', hint = 'slowly'; end $$";

TEST(PostgresFacts, NoticesReachTheObserverOfBothClients) {
  const std::string where = postgres_server::shared().socket_string();
  listener blocking;
  dt::basic_client<dt::postgres::connection, dt::exponential_backoff, dt::bounded_pool, listener> db{
      where, {.observer = blocking}};
  db.script(talk);
  db.execute("drop table if exists is_not_there");
  ASSERT_EQ(blocking.seen->all.size(), 2U);
  EXPECT_EQ(blocking.seen->all[0].severity, "WARNING");
  EXPECT_EQ(blocking.seen->all[0].sqlstate, "01999");
  EXPECT_EQ(blocking.seen->all[0].message, "careful");
  EXPECT_EQ(blocking.seen->all[0].hint, "slowly");
  EXPECT_EQ(blocking.seen->all[1].severity, "NOTICE");

  asio::io_context io;
  listener awaited;
  dt::basic_async_client<dt::postgres::async_connection, dt::exponential_backoff, dt::bounded_pool, listener> async{
      io.get_executor(), where, {.observer = awaited}};
  std::future<void> done = async.with(asio::use_future).script(talk);
  io.run();
  done.get();
  ASSERT_EQ(awaited.seen->all.size(), 1U);
  EXPECT_EQ(awaited.seen->all[0].message, "careful");
}

TEST(PostgresFacts, ParametersOfTheSessionAreKnown) {
  dt::postgres::client db{postgres_server::shared().socket_string("app", " maxConnections=1")};
  EXPECT_EQ(db.parameter("server_version"), db.query_value<std::string>("show server_version"));
  EXPECT_EQ(db.parameter("client_encoding"), "UTF8");
  EXPECT_FALSE(db.parameter("work_mem"));
  db.transaction([](auto& tx) {
    tx.execute("set local time zone 'Asia/Tokyo'");
    EXPECT_EQ(tx.parameter("TimeZone"), "Asia/Tokyo");
  });
  EXPECT_NE(db.parameter("TimeZone"), "Asia/Tokyo");
}

TEST(PostgresFacts, TheServerReadsTextsAsTheyAreJudgedWhateverTheRoleSays) {
  auto& server = postgres_server::shared();
  server.sql("alter role scram set standard_conforming_strings = off; alter role scram set client_encoding = 'SJIS'");
  dt::postgres::client db{server.url("scram", "?maxConnections=1&sslmode=disable")};
  EXPECT_EQ(db.parameter("standard_conforming_strings"), "on");
  EXPECT_EQ(db.query_value<std::string>(dt::runtime("select '\\'")), "\\");
  EXPECT_EQ(db.query_value<std::string>("select current_setting('client_encoding')"), "UTF8");

  // A function of the server's turns it off behind our back: the pool opens another connection.
  server.sql(
      "create or replace function misread() returns void language sql as "
      "$$select set_config('standard_conforming_strings', 'off', false)$$");
  const int before = db.query_value<int>("select pg_backend_pid()");
  db.execute("select misread()");
  EXPECT_NE(db.query_value<int>("select pg_backend_pid()"), before);
  EXPECT_EQ(db.query_value<std::string>(dt::runtime("select '\\'")), "\\");

  // Within a transaction nothing more is sent, and all of it is undone.
  server.sql("create table if not exists misread_into(x int); grant all on misread_into to scram");
  const auto refused = db.with(dt::as_result).transaction([](auto& tx) -> dt::result<void> {
    auto done = tx.execute("insert into misread_into values (1)");
    if (done) done = tx.execute("select misread()");
    if (done) done = tx.execute(dt::runtime("select '\\'' as a into evil --'"));
    if (!done) return done.error();
    return {};
  });
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("standard_conforming_strings"), std::string::npos)
      << refused.error().message();
  EXPECT_EQ(server.sql("select count(*) from misread_into"), "0");
  EXPECT_EQ(server.sql("select to_regclass('evil') is null"), "t");
}

TEST(PostgresFacts, AConnectionInAnotherEncodingIsNotUsed) {
  dt::postgres::client db{postgres_server::shared().socket_string("app", " maxConnections=1")};
  for (const char* statement : {"set client_encoding = 'LATIN1'", "set names 'WIN1252'"}) {
    db.execute(dt::runtime(statement));
    EXPECT_EQ(db.query_value<std::string>("select chr(252)"), "\u00FC") << statement;
    EXPECT_EQ(db.query_value<int>("select length(?)", std::string{"\u00FC"}), 1) << statement;
    EXPECT_EQ(db.parameter("client_encoding"), "UTF8");
  }
  const auto refused = db.with(dt::as_result).transaction([](auto& tx) -> dt::result<void> {
    const auto done = tx.execute("set local client_encoding = 'LATIN1'");
    if (!done) return done.error();
    const auto letter = tx.template query_value<std::string>("select chr(252)");
    if (!letter) return letter.error();
    return {};
  });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), dt::errc::invalid_state);
  EXPECT_NE(refused.error().message().find("client_encoding"), std::string::npos) << refused.error().message();
  EXPECT_EQ(db.query_value<std::string>("select chr(252)"), "\u00FC");
}

/// PostgreSQL's functions that are kept from ordinary users, or are volatile, and yet only tell, compute, draw numbers,
/// wait no longer than the transaction, or write what is data.
constexpr std::string_view tells_only[] = {"amvalidate",
                                           "clock_timestamp",
                                           "current_query",
                                           "currtid2",
                                           "currval",
                                           "gen_random_uuid",
                                           "lastval",
                                           "nextval",
                                           "random",
                                           "random_normal",
                                           "setseed",
                                           "setval",
                                           "timeofday",
                                           "txid_status",
                                           "uuidv7",
                                           "uuidv4",
                                           "pg_advisory_unlock",
                                           "pg_advisory_unlock_all",
                                           "pg_advisory_unlock_shared",
                                           "pg_advisory_xact_lock",
                                           "pg_advisory_xact_lock_shared",
                                           "pg_try_advisory_xact_lock",
                                           "pg_try_advisory_xact_lock_shared",
                                           "pg_blocking_pids",
                                           "pg_collation_actual_version",
                                           "pg_control_checkpoint",
                                           "pg_control_init",
                                           "pg_control_recovery",
                                           "pg_control_system",
                                           "pg_current_wal_flush_lsn",
                                           "pg_current_wal_insert_lsn",
                                           "pg_current_wal_lsn",
                                           "pg_database_collation_actual_version",
                                           "pg_database_size",
                                           "pg_get_multixact_members",
                                           "pg_get_wal_replay_pause_state",
                                           "pg_get_wal_resource_managers",
                                           "pg_indexes_size",
                                           "pg_is_in_recovery",
                                           "pg_is_wal_replay_paused",
                                           "pg_isolation_test_session_is_blocked",
                                           "pg_jit_available",
                                           "pg_last_committed_xact",
                                           "pg_last_wal_receive_lsn",
                                           "pg_last_wal_replay_lsn",
                                           "pg_last_xact_replay_timestamp",
                                           "pg_lock_status",
                                           "pg_notification_queue_usage",
                                           "pg_partition_ancestors",
                                           "pg_partition_tree",
                                           "pg_prepared_xact",
                                           "pg_relation_size",
                                           "pg_safe_snapshot_blocking_pids",
                                           "pg_sequence_last_value",
                                           "pg_stat_clear_snapshot",
                                           "pg_stat_get_recovery_prefetch",
                                           "pg_table_size",
                                           "pg_tablespace_size",
                                           "pg_total_relation_size",
                                           "pg_xact_commit_timestamp",
                                           "pg_xact_commit_timestamp_origin",
                                           "pg_xact_status"};

TEST(PostgresFacts, TheGuardKnowsAllFunctionsOfTheServerThatReachBeyondTheData) {
  dt::postgres::client db{postgres_server::shared().socket_string()};
  // Those that take or give only what no text can spell, and the samplers of TABLESAMPLE, cannot be called.
  const auto names = db.query<std::string>(
      "select distinct proname::text from pg_proc where pronamespace = 'pg_catalog'::regnamespace "
      "and (provolatile = 'v' or proacl is not null or proname ~ '_to_xml') and proname !~ '^pg_stat_get_xact_' "
      "and prorettype not in ('trigger'::regtype, 'event_trigger'::regtype, 'tsm_handler'::regtype, "
      "'language_handler'::regtype) and not 'internal'::regtype = any(proargtypes::oid[]) "
      "and proname not like 'plpgsql%' order by 1");
  EXPECT_GT(names.size(), 150u);
  for (const std::string& name : names) {
    const bool tells = std::find(std::begin(tells_only), std::end(tells_only), name) != std::end(tells_only);
    const auto rule = dt::validate(dt::dialect::postgres, "select " + name + "()").rule;
    EXPECT_EQ(dt::to_string(rule), tells ? "none" : "risky_function") << name;
  }
}

TEST(PostgresFacts, APlaceInTheStatementIsOneOfTheTextThatTheUserWrote) {
  dt::postgres::client db{postgres_server::shared().socket_string()};
  constexpr auto& text = "select :first_of_all::text\n  , :second::text, nowhere";
  const auto failed = db.with(dt::as_result)
                          .query<std::tuple<std::string, std::string, int>>(
                              dt::runtime(text), dt::arg<"first_of_all">("a"), dt::arg<"second">("b"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().server().sqlstate, "42703");
  EXPECT_EQ(failed.error().server().position, 47);
  EXPECT_EQ(failed.error().message().find("nowhere\n"), std::string::npos) << "no SQL unless it is asked for";
  const std::string shown = failed.error().describe(text);
  EXPECT_NE(shown.find("\n  line 2:   , :second::text, nowhere\n" + std::string(29, ' ') + "^"), std::string::npos)
      << shown;
  const auto listed =
      db.with(dt::as_result).query_value<int>("select 1 where 1 in (?) and 'ä' < nix", std::vector<int>{1, 2, 3});
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().server().position, 35);
}

TEST(PostgresFacts, ClientsThatMayShowTheStatementShowThePlaceToo) {
  dt::postgres::client db{postgres_server::shared().socket_string("app", " includeStatementText=true")};
  const auto failed = db.with(dt::as_result).execute("delete from nowhere where id = ?", 1);
  ASSERT_FALSE(failed);
  EXPECT_NE(
      failed.error().message().find("\n  line 1: delete from nowhere where id = ?\n" + std::string(22, ' ') + "^"),
      std::string::npos)
      << failed.error().message();
}

TEST(PostgresFacts, AHintSetsTheTypeOfAParameter) {
  namespace pg = dt::postgres;
  pg::client db{postgres_server::shared().socket_string()};
  EXPECT_EQ(db.query_value<std::string>("select pg_typeof(?)::text", pg::typed<"jsonb">("{}")), "jsonb");
  EXPECT_EQ(db.query_value<std::string>("select pg_typeof(:j)::text", dt::arg<"j">(pg::typed<"JSONB">("{}"))), "jsonb");
  EXPECT_EQ(db.query_value<std::string>("select pg_typeof(?)::text", pg::typed<"int2">(7)), "smallint");
  EXPECT_EQ(db.query_value<std::string>("select pg_typeof(?)::text", pg::typed<"numeric">("12.50")), "numeric");
  EXPECT_EQ(db.query_value<std::string>("select (?)::text", pg::typed<"numeric">("12.50")), "12.50");
  EXPECT_EQ(db.query_value<std::string>("select pg_typeof(?)::text", pg::typed<"inet">("10.0.0.1")), "inet");
  EXPECT_EQ(
      db.query_value<std::string>("select pg_typeof(?)::text", pg::typed<"integer[]">(std::vector<std::int64_t>{1, 2})),
      "integer[]");
  const auto large = db.with(dt::as_result).query_value<std::string>("select (?)::text", pg::typed<"int2">(70000));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code(), dt::errc::value_out_of_range);
  asio::io_context io;
  pg::async_client async{io.get_executor(), postgres_server::shared().socket_string()};
  std::future<std::string> type =
      async.with(asio::use_future)
          .query_value<std::string>("select pg_typeof(?)::text", pg::typed<"date">("2024-02-29"));
  io.run();
  EXPECT_EQ(type.get(), "date");
}

}  // namespace
