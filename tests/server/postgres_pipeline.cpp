// Pipelines of the PostgreSQL clients against a real server: in every completion style, in transactions, with failures.
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/postgres_server.hpp>
#include <support/recovery.hpp>
#include <support/styles.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace dt = dovetail;
namespace pg = dt::postgres;
using dt::test::postgres_server;
using namespace std::chrono_literals;

namespace {

struct item {
  int id;
  std::string name;
};

struct PostgresPipeline : testing::Test {
  void SetUp() override {
    db.script("drop table if exists item; create table item(id int primary key, name text not null)");
    db.script("insert into item values (1, 'one'), (2, 'two'), (3, 'three')");
  }
  std::int64_t count() { return db.query_value<std::int64_t>("select count(*) from item"); }

  asio::io_context io;
  pg::client db{postgres_server::shared().socket_string("app", " maxConnections=1")};
  pg::async_client async_db{io.get_executor(), postgres_server::shared().socket_string("app", " maxConnections=1")};
};

TEST_F(PostgresPipeline, GivesATupleInEveryStyle) {
  using all = std::tuple<dt::rows<item>, std::optional<item>, std::int64_t, dt::summary>;
  dt::test::for_each_style(db, async_db, io, [](auto& s) {
    const auto got = s.template run<all>([](auto&& c) {
      return c.pipeline(pg::query<item>("select id, name from item where id < ? order by id", 3),
                        pg::query_optional<item>("select id, name from item where name = :name",
                                                 dt::arg<"name">(std::string{"nobody"})),
                        pg::query_value<std::int64_t>("select count(*) from item"),
                        pg::execute(dt::runtime("update item set name = name || ? where id = ?"), "!", 3));
    });
    ASSERT_TRUE(got) << got.error().message();
    ASSERT_EQ(std::get<0>(*got).size(), 2U);
    EXPECT_EQ(std::get<0>(*got)[1].name, "two");
    EXPECT_FALSE(std::get<1>(*got));
    EXPECT_EQ(std::get<2>(*got), 3);
    EXPECT_EQ(std::get<3>(*got).rows_affected, 1);
  });
}

TEST_F(PostgresPipeline, AllOrNothing) {
  dt::test::for_each_style(db, async_db, io, [this](auto& s) {
    const auto got = s.template run<std::tuple<dt::summary, dt::summary, dt::summary>>([](auto&& c) {
      return c.pipeline(pg::execute("insert into item values (?, ?)", 4, "four"),
                        pg::execute("insert into item values (?, ?)", 1, "again"),
                        pg::execute("insert into item values (?, ?)", 5, "five"));
    });
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), pg::sqlstate::unique_violation);
    EXPECT_EQ(got.error().kind(), dt::condition::constraint);
    EXPECT_NE(got.error().context().find("statement 2 of the pipeline"), std::string_view::npos);
    EXPECT_NE(std::string_view{got.error().where().file_name()}.find("postgres_pipeline.cpp"), std::string_view::npos);
    EXPECT_EQ(count(), 3);
  });
}

TEST_F(PostgresPipeline, EachForItself) {
  const auto [first, second, third] =
      db.pipeline_each(pg::execute("insert into item values (?, ?)", 4, "four"),
                       pg::query<item>("insert into item values (?, ?) returning id, name", 1, "again"),
                       pg::query_value<std::string>("select name from item where id = ?", 4));
  EXPECT_EQ(first->rows_affected, 1);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), pg::sqlstate::unique_violation);
  EXPECT_EQ(*third, "four");
  EXPECT_EQ(count(), 4);
}

TEST_F(PostgresPipeline, ManyOfOneTypeGiveAVector) {
  using select = decltype(pg::query_one<item>("select id, name from item where id = ?", 1));
  std::vector<select> asked;
  for (int i = 0; i < 64; ++i) {
    asked.push_back(pg::query_one<item>("select id, name from item where id = ?", i % 3 + 1));
  }
  dt::test::for_each_style(db, async_db, io, [&asked](auto& s) {
    const auto got = s.template run<std::vector<item>>([&asked](auto&& c) { return c.pipeline(asked); });
    ASSERT_TRUE(got) << got.error().message();
    ASSERT_EQ(got->size(), 64U);
    EXPECT_EQ((*got)[62].name, "three");
    EXPECT_EQ((*got)[63].id, 1);
  });
  asked.push_back(pg::query_one<item>("select id, name from item where id = ?", 99));
  const auto each = db.pipeline_each(asked);
  ASSERT_EQ(each.size(), 65U);
  EXPECT_EQ(each[1]->name, "two");
  EXPECT_EQ(each[64].error().code(), dt::errc::no_row);
}

TEST_F(PostgresPipeline, MoreThanTheBuffersHoldDoesNotStopEitherSide) {
  using echo = decltype(pg::query_value<std::string>("select ?::text", std::string{}));
  std::vector<echo> asked;
  for (int i = 0; i < 64; ++i) {
    asked.push_back(
        pg::query_value<std::string>("select ?::text", std::string(100'000, static_cast<char>('a' + i % 26))));
  }
  for (const bool is_each : {false, true}) {
    std::vector<std::string> got;
    if (is_each) {
      for (auto& one : db.pipeline_each(asked)) got.push_back(std::move(one).value());
    } else {
      got = db.pipeline(asked);
    }
    ASSERT_EQ(got.size(), 64U);
    EXPECT_EQ(got[27], std::string(100'000, 'b'));
  }
}

TEST_F(PostgresPipeline, InATransactionItSharesItsFate) {
  db.transaction([](auto& tx) {
    const auto [inserted, found] = tx.pipeline(pg::execute("insert into item values (?, ?)", 4, "four"),
                                               pg::query_value<std::string>("select name from item where id = 4"));
    EXPECT_EQ(inserted.rows_affected, 1);
    EXPECT_EQ(found, "four");
  });
  EXPECT_EQ(count(), 4);
  const auto failed = db.with(dt::as_result).transaction([](auto& tx) {
    const auto both = tx.pipeline_each(pg::execute("insert into item values (?, ?)", 1, "again"),
                                       pg::execute("insert into item values (?, ?)", 5, "five"));
    EXPECT_TRUE(both);
    EXPECT_EQ(std::get<0>(*both).error().code(), pg::sqlstate::unique_violation);
    EXPECT_EQ(std::get<1>(*both).error().code(), dt::errc::transaction_aborted);
  });
  EXPECT_EQ(failed.error().code(), dt::errc::transaction_aborted);
  EXPECT_EQ(count(), 4);
}

TEST_F(PostgresPipeline, InAnAwaitedTransactionToo) {
  std::exception_ptr thrown;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        co_await async_db.transaction([](auto& tx) -> asio::awaitable<void> {
          const auto both = co_await tx.pipeline(pg::execute("insert into item values (?, ?)", 4, "four"),
                                                 pg::query_value<std::int64_t>("select count(*) from item"));
          EXPECT_EQ(std::get<1>(both), 4);
        });
        const auto each = co_await async_db.pipeline_each(pg::execute("delete from item where id = ?", 4),
                                                          pg::execute(dt::runtime("selekt")));
        EXPECT_TRUE(std::get<0>(each));
        EXPECT_EQ(std::get<1>(each).error().kind(), dt::condition::syntax);
      },
      [&](std::exception_ptr failed) { thrown = failed; });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
  EXPECT_EQ(count(), 3);
}

TEST_F(PostgresPipeline, ADeadlineEndsItAndTheConnectionLives) {
  const int process = db.query_value<int>("select pg_backend_pid()");
  const dt::test::recovery_watch watch{100ms};
  const auto late =
      db.within(100ms)
          .with(dt::as_result)
          .pipeline(pg::execute("insert into item values (?, ?)", 4, "four"), pg::execute("select pg_sleep(600)"));
  EXPECT_EQ(late.error().code(), dt::errc::deadline_passed);
  EXPECT_TRUE(db.query_value<int>("select pg_backend_pid()") == process || !watch.must_live());
  EXPECT_EQ(count(), 3);
}

TEST_F(PostgresPipeline, NothingBehindAConnectionThatTheServerEndsHasSucceeded) {
  pg::client other{postgres_server::shared().socket_string("app"), {.retry = {.attempts = 1}}};
  const auto ended = [&] {
    return other.with(dt::as_result)
        .pipeline_each(pg::execute("select 1"), pg::execute("select pg_terminate_backend(pg_backend_pid())"),
                       pg::execute("delete from item"));
  };
  for (int i = 0; i < 2; ++i) {
    const auto got = ended();
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().server().sqlstate, "57P01") << got.error().message();
  }
  EXPECT_EQ(count(), 3);
}

TEST_F(PostgresPipeline, WhatTheServerLosesBetweenStatementsOfOneTextIsPreparedAgain) {
  db.script(
      "create or replace function lose(n int) returns int language plpgsql as "
      "$$ begin if n = 1 then execute 'deallocate all'; end if; return n; end $$");
  using select = decltype(pg::query_value<int>("select lose(?)", 1));
  for (const int count : {2, 5}) {
    std::vector<select> asked;
    for (int i = 1; i <= count; ++i) asked.push_back(pg::query_value<int>("select lose(?)", i));
    const auto got = db.pipeline_each(asked);
    for (int i = 1; i <= count; ++i) {
      const auto& one = got[static_cast<std::size_t>(i - 1)];
      ASSERT_TRUE(one) << i << ": " << one.error().message();
      EXPECT_EQ(*one, i);
    }
  }
  db.script("drop function lose(int)");
}

TEST_F(PostgresPipeline, WhatIsStaleFailsOnceEvenWhereNothingCanBeRepeated) {
  const auto each = [this] {
    return db.pipeline_each(pg::query<item>("select * from item"), pg::execute("update item set name = name"));
  };
  const auto in_transaction = [this] {
    db.transaction([](auto& tx) {
      static_cast<void>(tx.pipeline(pg::query<item>("select * from item"), pg::execute("update item set name = name")));
    });
  };
  EXPECT_TRUE(std::get<0>(each()));
  db.script("alter table item add column more int");
  EXPECT_EQ(std::get<0>(each()).error().code(), pg::sqlstate::feature_not_supported) << "the update ran behind it";
  const auto again = each();
  EXPECT_TRUE(std::get<0>(again)) << std::get<0>(again).error().message();
  db.script("alter table item drop column more");
  EXPECT_THROW(in_transaction(), dt::error);
  EXPECT_NO_THROW(in_transaction());
}

TEST_F(PostgresPipeline, WithoutACacheOfStatementsItSaysSo) {
  pg::client unnamed{postgres_server::shared().socket_string("app", " unnamedStatements=true")};
  EXPECT_EQ(unnamed.with(dt::as_result).pipeline(pg::execute("select 1")).error().code(),
            dt::errc::operation_unsupported);
}

}  // namespace
