// What a server tells besides answers: notices for the observer, parameters of the session, the place of a mistake.
#include <dovetail/format/postgres/typed.hpp>
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
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
