// What a connection has prepared, when tables and types are other ones afterwards: statements go on, and none is spoilt
// for good.
#include <dovetail/postgres.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dt = dovetail;
namespace pg = dt::postgres;
using dt::test::postgres_server;

namespace {

struct mood_row {
  std::string mood;
};

struct PostgresMigrations : testing::Test {
  // Another one: what this connection has prepared knows nothing of it.
  static void migrate(const std::string& text) { postgres_server::shared().sql("set role app; " + text); }
  void SetUp() override {
    migrate(
        "drop table if exists person, feeling; drop type if exists mood;"
        "create table person(id int, name text); insert into person values (1, 'Ada');"
        "create type mood as enum ('sad', 'glad'); create table feeling(mood mood)");
  }
  static void remake_the_enum() {
    migrate("drop table feeling; drop type mood; create type mood as enum ('glad'); create table feeling(mood mood)");
  }
  std::string name_of(const std::string& id) {
    return db.query_value<std::string>("select name from person where id = ?", id);
  }

  pg::client db{postgres_server::shared().socket_string("app", " maxConnections=1")};
};

TEST_F(PostgresMigrations, AParameterWhoseTypeWasInferredIsOfTheColumnsNewType) {
  EXPECT_EQ(name_of("1"), "Ada");
  migrate("alter table person alter column id type text");
  EXPECT_EQ(name_of("1"), "Ada");
  migrate("alter table person alter column id type int using id::int");
  EXPECT_EQ(name_of("1"), "Ada");
  migrate("alter table person alter column id type uuid using '3f2504e0-4f89-11d3-9a0c-0305e82c3301'");
  EXPECT_EQ(name_of("3f2504e0-4f89-11d3-9a0c-0305e82c3301"), "Ada");
  EXPECT_EQ(db.with(dt::as_result).query<std::string>("select name from person where id = ?", "Ada").error().code(),
            pg::sqlstate::invalid_text_representation);
}

TEST_F(PostgresMigrations, InATransactionTheNextAttemptSucceeds) {
  EXPECT_EQ(name_of("1"), "Ada");
  migrate("alter table person alter column id type text");
  const auto ask = [this] {
    std::string found;
    db.transaction([&found](auto& tx) {
      found = tx.template query_value<std::string>("select name from person where id = ?", "1");
    });
    return found;
  };
  EXPECT_THROW(ask(), dt::error);
  EXPECT_EQ(ask(), "Ada");
}

TEST_F(PostgresMigrations, ATypeThatWasMadeAnewIsTheOneThatIsMeant) {
  const auto add = [this] { db.execute("insert into feeling values (?)", "glad"); };
  add();
  remake_the_enum();
  add();
  EXPECT_EQ(db.query_value<int>("select count(*)::int from feeling where mood = ?::mood", "glad"), 1);
  remake_the_enum();
  EXPECT_EQ(db.query_value<int>("select count(*)::int from feeling where mood = ?::mood", "glad"), 0);
}

TEST_F(PostgresMigrations, APipelineGoesOn) {
  const auto ask = [this] {
    return std::get<1>(db.pipeline(pg::execute("update person set name = ? where false", "Bea"),
                                   pg::query_value<std::string>("select name from person where id = ?", "1")));
  };
  EXPECT_EQ(ask(), "Ada");
  migrate("alter table person alter column id type text");
  EXPECT_EQ(ask(), "Ada");
}

TEST_F(PostgresMigrations, WhatWasWrittenForTheOldTypeIsNotSentAndTheNextCallSucceeds) {
  const std::vector<mood_row> many{{"glad"}, {"glad"}};
  db.insert("feeling", many);
  remake_the_enum();
  EXPECT_THROW(db.insert("feeling", many), dt::error);
  db.insert("feeling", many);
  EXPECT_EQ(db.query_value<int>("select count(*)::int from feeling"), 2);
}

}  // namespace
