// Types of parameters, and closing with an open transaction, against a real PostgreSQL server.
#include <dovetail/asyncsql.hpp>
#include <dovetail/postgres.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::asyncsql::parameter_types;
using dt::asyncsql::transaction_mode;
using dt::test::postgres_server;
using session = dt::asyncsql::session<dt::postgres::client>;

class AsyncsqlHints : public ::testing::Test {
 protected:
  AsyncsqlHints() {
    client.script(
        "drop schema if exists h cascade; create schema h; create type h.mood as enum ('sad', 'happy');"
        "create table h.audit(role_id text, meta jsonb, mood h.mood, price numeric(10,2))");
  }
  static dt::asyncsql::session_settings with_types(parameter_types types) {
    dt::asyncsql::session_settings how;
    how.parameter_types = std::move(types);
    return how;
  }

  std::string url = postgres_server::shared().url();
  dt::postgres::client client{url};
};

dt::error_info failure(const auto& body) {
  try {
    body();
  } catch (const dt::error& thrown) {
    return thrown.info();
  }
  return {};
}

TEST_F(AsyncsqlHints, H1_AValueIsSentAsTheTypeThatTheSessionNames) {
  session db{client, with_types({{"meta", "jsonb"}, {"elsewhere", "uuid"}})};
  EXPECT_EQ(db.query_value<std::string>("select pg_typeof(:meta)::text", dt::arg<"meta">("{\"a\": 1}")), "jsonb");
  EXPECT_EQ(
      db.query_value<std::string>("select jsonb_build_object('k', :meta)->'k'->>'a'", dt::arg<"meta">("{\"a\": 1}")),
      "1");
  const auto why = failure([&] {
    static_cast<void>(db.query_value<std::string>("select pg_typeof(:meta)::text", dt::arg<"meta">("no json")));
  });
  EXPECT_EQ(why.kind(), dt::condition::data) << why.message();
}

TEST_F(AsyncsqlHints, H9_TypesOfACallWinNameByName) {
  session db{client, with_types({{"a", "jsonb"}, {"b", "uuid"}})};
  using types = std::tuple<std::string, std::string>;
  const types both =
      db.with(parameter_types{{"b", "text"}})
          .query_one<types>("select pg_typeof(:a)::text, pg_typeof(:b)::text", dt::arg<"a">("1"), dt::arg<"b">("x"));
  EXPECT_EQ(both, (types{"jsonb", "text"}));
  // The same literal without the call's types, and again: neither takes the other's prepared statement.
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(
        db.query_value<std::string>("select pg_typeof(:b)::text", dt::arg<"b">("0b1fb9c9-6d1c-4ee1-a1a6-0f5b8a2f9c01")),
        "uuid");
    EXPECT_EQ(db.with(parameter_types{{"b", "h.mood"}})
                  .query_value<std::string>("select pg_typeof(:b)::text", dt::arg<"b">("sad")),
              "h.mood");
  }
}

TEST_F(AsyncsqlHints, H5_TheSessionsTypesAndThoseOfACall) {
  //[hints
  dt::asyncsql::session_settings how;
  how.parameter_types = {{"meta", "jsonb"}, {"mood", "h.mood"}};
  session db{client, how};
  db.execute("insert into h.audit(meta, mood) values (jsonb_build_object('in', :meta), :mood)",
             dt::arg<"meta">("{\"n\": 1}"), dt::arg<"mood">("sad"));
  db.with(parameter_types{{"meta", "text"}})
      .execute("insert into h.audit(meta) values (jsonb_build_object('in', :meta))", dt::arg<"meta">("plain"));
  //]
  EXPECT_EQ(
      client.query_value<std::string>("select string_agg(jsonb_typeof(meta->'in'), ',' order by mood) from h.audit"),
      "object,string");
  // A cast of the statement's own stands behind the type.
  EXPECT_EQ(db.query_value<std::string>("select pg_typeof(:meta::text)::text", dt::arg<"meta">("1")), "text");
}

TEST_F(AsyncsqlHints, H10_TypesStandForPositions) {
  session db{client};
  using types = std::tuple<std::string, std::string>;
  EXPECT_EQ(db.with(parameter_types::positional({"jsonb", "text"}))
                .query_one<types>("select pg_typeof(?)::text, pg_typeof(?)::text", "1", "x"),
            (types{"jsonb", "text"}));
  EXPECT_EQ(
      db.with(parameter_types{{1, "h.mood"}}).query_one<types>("select $2::text, pg_typeof($1)::text", 7, "happy"),
      (types{"happy", "integer"}));
}

TEST_F(AsyncsqlHints, ATypeWithAPrecisionAndOneOfOnesOwnAreCasts) {
  session db{client, with_types({{"price", "numeric(10,2)"}, {"mood", "h.mood"}})};
  EXPECT_EQ(db.query_value<std::string>("select (:price)::text", dt::arg<"price">("1.005")), "1.01");
  EXPECT_EQ(db.query_value<std::string>("select pg_typeof(:mood)::text || :mood", dt::arg<"mood">("sad")), "h.moodsad");
  client.execute("create type h.pair as (a integer, b text)");
  session of_parts{client, with_types({{"moods", "h.mood[]"}, {"pair", "h.pair"}})};
  EXPECT_EQ(of_parts.query_value<std::string>("select :moods[2]::text", dt::arg<"moods">("{sad,happy}")), "happy");
  EXPECT_EQ(of_parts.query_value<std::string>("select (:pair).b", dt::arg<"pair">("(1,x)")), "x");
  EXPECT_EQ(of_parts.query_value<std::string>("select :pair.b", dt::arg<"pair">("(1,x)")), "x");
}

struct audit {
  std::string role_id;
  std::string meta;
  std::string mood;
};

TEST_F(AsyncsqlHints, BatchesAndStreamsAndTransactionsHaveTheSessionsTypes) {
  session db{client, with_types({{"meta", "jsonb"}, {"mood", "h.mood"}})};
  const std::vector<audit> rows{{"1", "{\"n\": 1}", "sad"}, {"2", "{\"n\": 2}", "happy"}};
  EXPECT_EQ(dt::execute_many(db,
                             "insert into h.audit(role_id, meta, mood) values (:role_id, jsonb_build_object('in', "
                             ":meta), :mood)",
                             rows)
                .rows_affected,
            2);
  EXPECT_EQ(db.query_value<std::string>("select string_agg(meta->'in'->>'n', ',' order by role_id) from h.audit"),
            "1,2");
  int seen = 0;
  for (const std::string& each : db.stream<std::string>("select pg_typeof(:meta)::text", dt::arg<"meta">("1"))) {
    EXPECT_EQ(each, "jsonb");
    ++seen;
  }
  EXPECT_EQ(seen, 1);
  db.run_transaction([](auto& tx) {
    EXPECT_EQ(tx.template query_value<std::string>("select pg_typeof(:meta)::text", dt::arg<"meta">("1")), "jsonb");
  });
}

TEST_F(AsyncsqlHints, T9_AListInParenthesesHasElementsOfTheType) {
  session db{client, with_types({{"ids", "uuid"}})};
  const std::vector<std::string> ids{"0b1fb9c9-6d1c-4ee1-a1a6-0f5b8a2f9c01", "0b1fb9c9-6d1c-4ee1-a1a6-0f5b8a2f9c02"};
  EXPECT_EQ(db.query_value<std::int64_t>(
                "select count(*) from (values ('0b1fb9c9-6d1c-4ee1-a1a6-0f5b8a2f9c02'::uuid)) v(id) where id in (:ids)",
                dt::arg<"ids">(ids)),
            1);
}

TEST_F(AsyncsqlHints, H13_AParameterWhoseTypeNobodyKnowsIsExplained) {
  session db{client};
  const auto why = failure([&] {
    static_cast<void>(db.query_value<std::string>("select jsonb_build_object('k', :v)::text", dt::arg<"v">("text")));
  });
  EXPECT_EQ(why.server().sqlstate, "42P18") << why.message();
  EXPECT_NE(why.message().find("parameter_types"), std::string::npos) << why.message();
}

TEST_F(AsyncsqlHints, H7_NothingOfAWrongTypeReachesTheServer) {
  session db{client};
  client.execute("insert into h.audit(role_id) values ('kept')");
  for (const std::string_view bad : {"text); drop table h.audit; --", "text union select 1",
                                     "text; delete from h.audit", "jsonb' || '", "text/**/or/**/true"}) {
    const auto why = failure([&] {
      db.with(parameter_types{{"r", bad}}).execute("delete from h.audit where role_id = :r", dt::arg<"r">("x"));
    });
    EXPECT_EQ(why.code(), dt::errc::invalid_option) << bad;
  }
  EXPECT_EQ(client.query_value<std::int64_t>("select count(*) from h.audit"), 1);
}

TEST_F(AsyncsqlHints, X11_ClosingWaitsItsOwnLimitForARollbackThatDoesNotCome) {
  dt::asyncsql::session_settings how;
  how.transaction.mode = transaction_mode::manual;
  how.transaction.close_limit = 300ms;
  session db{client, how};
  db.begin();
  const auto backend = static_cast<::pid_t>(db.query_value<int>("select pg_backend_pid()"));
  ASSERT_EQ(::kill(backend, SIGSTOP), 0);
  const auto since = std::chrono::steady_clock::now();
  db.close();
  const auto took = std::chrono::steady_clock::now() - since;
  ::kill(backend, SIGCONT);
  EXPECT_GE(took, 250ms);
  EXPECT_LT(took, 25s);  // the client's own limit is longer
  EXPECT_GT(dt::postgres::client::settings{}.timeout, 25s);
}

}  // namespace
