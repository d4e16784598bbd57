// The client against the gateway of this library, over a SQLite database in memory.
#include <dovetail/sqlite.hpp>
#include <dovetail/workersql_async.hpp>
#include <dovetail/workersql_gateway.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

namespace {

namespace dt = dovetail;
namespace workersql = dovetail::workersql;

struct city {
  std::int64_t id;
  std::string name;
  std::optional<double> area;

  friend bool operator==(const city&, const city&) = default;
};

class WorkersqlWithGateway : public ::testing::TestWithParam<workersql::envelope> {
 protected:
  WorkersqlWithGateway() {
    workersql::gateway_options how;
    how.envelope = GetParam();
    how.authentication.api_keys.push_back(
        {.key = dt::secret{"k1"}, .name = "app", .tenant = "t1", .may = workersql::permissions::admin});
    served.emplace(dt::sqlite::client{"sqlite::memory:"}, how);
  }
  std::string dsn(const std::string& more = "") const { return served->dsn("apiKey=k1" + more); }

  std::optional<workersql::gateway> served;
};

template <class Call>
dt::error_info failure_of(const Call& call) {
  try {
    call();
  } catch (const dt::error& failed) {
    return failed.info();
  }
  return {};
}

TEST_P(WorkersqlWithGateway, ABatchNamesTheStatementThatFailed) {
  workersql::client db{dsn()};
  db.execute("create table city(id integer primary key, name text not null, area real)");
  workersql::batch work;
  work.add("insert into city(id, name) values (?, ?)", 1, "Bern").add("update city set name = null");
  for (const dt::error_info& why :
       {failure_of([&] { db.batch(work); }), failure_of([&] {
          db.execute_many("insert into city(id, name) values (?, 'x')", std::vector<std::tuple<int>>{{1}, {1}});
        })}) {
    EXPECT_EQ(why.code(), dt::condition::constraint) << why.message();
    EXPECT_EQ(why.context(), "statement 2 of the batch: the gateway answered with status 400");
  }
  const dt::error_info single = failure_of([&] { db.insert("city", std::vector<city>{{1, "Bern", {}}, {1, "", {}}}); });
  EXPECT_EQ(single.context().find("statement 3"), std::string::npos) << single.message();
  EXPECT_EQ(db.query_value<int>("select count(*) from city"), 0);
}

TEST_P(WorkersqlWithGateway, ARefusalSaysWhatMayBeWrongInTheConnectionString) {
  const auto ask = [](const std::string& where) {
    workersql::client db{where};
    return failure_of([&] { db.query_value<int>("select 1"); });
  };
  const auto begin = [](const std::string& where) {
    workersql::client db{where};
    return failure_of([&] { db.transaction([](auto& tx) { tx.execute("select 1"); }); });
  };
  const std::string at = "127.0.0.1:" + std::to_string(served->port());
  for (const dt::error_info& keyless : {ask(served->dsn()), begin(served->dsn())}) {
    EXPECT_EQ(keyless.code(), workersql::gateway_errc::unauthorized);
    EXPECT_TRUE(keyless.server().hint.starts_with("no apiKey was given; the request's id is ")) << keyless.message();
  }
  for (const dt::error_info& wrong : {ask(served->dsn("apiKey=k2")), begin(served->dsn("apiKey=k2"))}) {
    EXPECT_EQ(wrong.code(), workersql::gateway_errc::unauthorized);
    EXPECT_TRUE(wrong.server().hint.starts_with("the request's id is ")) << wrong.message();
  }
  const dt::error_info path = begin("workersql://x/d?apiKey=k1&apiEndpoint=http://" + at + "/v2");
  EXPECT_EQ(path.code(), dt::errc::operation_unsupported);
  EXPECT_TRUE(path.context().ends_with("with status 404 (is the apiEndpoint right?)")) << path.message();
  const dt::error_info clear = ask("workersql://" + at + "/d?apiKey=k1&retryAttempts=1");
  EXPECT_EQ(clear.code(), dt::condition::connection);
  EXPECT_NE(clear.server().hint.find("ssl=false"), std::string::npos) << clear.message();
  EXPECT_NE(clear.message().find(at + ": TLS: wrong version number"), std::string::npos) << clear.message();
}

TEST_P(WorkersqlWithGateway, RowsComeBackAsTheyWent) {
  workersql::client db{dsn()};
  db.execute("create table city(id integer primary key, name text not null, area real)");
  const std::vector<city> cities{
      {1, "Bern", 51.6}, {2, "Ch\xC3\xBCr \"\\\n", std::nullopt}, {9007199254740992, "", 0.1}};
  EXPECT_EQ(db.insert("city", cities).rows_affected, 3);
  EXPECT_EQ(db.query<city>("select id, name, area from city order by id"), cities);
  EXPECT_EQ(db.query_one<city>("select id, name, area from city where id = :id", dt::arg<"id">(2)).name,
            cities[1].name);
  EXPECT_FALSE(db.query_optional<city>("select id, name, area from city where id = ?", 77));
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from city where id in (?)", std::vector<int>{1, 2}), 2);
  const dt::summary done = db.insert("city", city{5, "Zug", 21.6});
  EXPECT_EQ(done.rows_affected, 1);
  EXPECT_EQ(db.execute("update city set name = ? where id < ?", "x", 3).rows_affected, 2);
  EXPECT_EQ(db.execute_many("delete from city where id = ?", std::vector<std::tuple<int>>{{1}, {2}}).rows_affected, 2);
}

TEST_P(WorkersqlWithGateway, NumbersKeepTheirKindsInExpressions) {
  workersql::client db{dsn()};
  constexpr std::int64_t big = 9007199254740993;
  EXPECT_EQ(db.query_value<std::string>("select typeof(?)", big), "integer");
  EXPECT_TRUE(db.query_value<bool>("select ? < 9007199254740994 and ? > 9007199254740992", big, big));
  EXPECT_EQ(db.query_value<std::int64_t>("select :n - 1", dt::arg<"n">(std::numeric_limits<std::int64_t>::max())),
            std::numeric_limits<std::int64_t>::max() - 1);
  EXPECT_EQ(db.query_value<int>("select count(*) where 9007199254740993 in (?)", std::vector<std::int64_t>{1, big}), 1);
  EXPECT_EQ(db.query_value<double>("select ? / 2", 1.0), 0.5);
  EXPECT_EQ(db.query_value<int>("select ? / 2", 1), 0);
  db.execute("create table t(a, b text, c integer)");
  struct wide {
    std::int64_t a, b, c;
  };
  db.insert("t", std::vector<wide>{{big, 1, big}, {1, 2, -big}});
  EXPECT_EQ(db.query_value<std::int64_t>("select sum(a) from t where c = ?", big), big);
  EXPECT_EQ(db.query_value<std::string>("select typeof(a) from t where a = ?", big), "integer");
}

TEST_P(WorkersqlWithGateway, FailuresAreOfTheirKinds) {
  workersql::client db{dsn()};
  db.execute("create table city(id integer primary key, name text not null, area real)");
  db.insert("city", city{1, "Bern", 51.6});
  const auto twice = db.with(dt::as_result).insert("city", city{1, "Bern", 51.6});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().kind(), dt::condition::constraint);
  EXPECT_TRUE(twice.error().code() == workersql::sdk_code::invalid_query);
  EXPECT_EQ(db.with(dt::as_result).query<city>("select id, name, area from nope").error().kind(),
            dt::condition::not_found);
  workersql::client stranger{served->dsn("apiKey=k2")};
  EXPECT_TRUE(stranger.with(dt::as_result).query_value<int>("select 1").error().code() ==
              workersql::sdk_code::auth_error);
}

TEST_P(WorkersqlWithGateway, AnEndpointThatIsWrongIsNoMissingTable) {
  workersql::client db{dsn("&apiEndpoint=http://127.0.0.1:" + std::to_string(served->port()) + "/v2")};
  const auto check = [](const dt::error_info& why) {
    EXPECT_EQ(why.code(), workersql::gateway_errc::not_found) << why.message();
    EXPECT_NE(why.message().find("apiEndpoint"), std::string::npos) << why.message();
  };
  check(db.with(dt::as_result).query_value<int>("select 1").error());
  check(db.with(dt::as_result).execute("insert into t values (1)").error());
}

TEST_P(WorkersqlWithGateway, ASlashBehindThePathIsLeftOutOfEveryRequest) {
  workersql::options how;
  how.endpoint = {"127.0.0.1", served->port(), false, "/v1/"};
  how.api_key = dt::secret{"k1"};
  workersql::client db{how};
  db.execute("create table t(id integer)");
  db.transaction([](auto& tx) { tx.execute("insert into t(id) values (1)"); });
  EXPECT_EQ(db.query_value<int>("select count(*) from t"), 1);
  EXPECT_TRUE(db.health().is_healthy());
}

TEST_P(WorkersqlWithGateway, ABatchIsAllOrNothingInBothDialects) {
  for (const char* dialect : {"&batch=gateway", "&batch=sdk"}) {
    workersql::client db{dsn(dialect)};
    db.execute("create table if not exists t(id integer primary key)");
    db.execute("delete from t");
    workersql::batch work;
    work.add("insert into t(id) values (?)", 1).add("insert into t(id) values (?)", 2);
    EXPECT_EQ(db.batch(work).rows_affected, 2);
    work.clear();
    work.add("insert into t(id) values (?)", 3).add("insert into t(id) values (?)", 1);
    EXPECT_FALSE(db.with(dt::as_result).batch(work));
    EXPECT_EQ(db.query_value<int>("select count(*) from t"), 2);
  }
}

TEST_P(WorkersqlWithGateway, TransactionsGoOverAWebSocket) {
  workersql::client db{dsn()};
  db.execute("create table t(id integer primary key)");
  db.transaction([](auto& tx) {
    tx.execute("insert into t(id) values (?)", 1);
    EXPECT_EQ(tx.template query_value<int>("select count(*) from t"), 1);
    struct row {
      int id;
    };
    EXPECT_EQ(tx.insert("t", std::vector<row>{{2}, {3}}).rows_affected, 2);
  });
  EXPECT_EQ(db.query_value<int>("select count(*) from t"), 3);
  const auto fail_inside = [&db] {
    db.transaction([](auto& tx) {
      tx.execute("delete from t");
      throw std::runtime_error{"no"};
    });
  };
  EXPECT_THROW(fail_inside(), std::runtime_error);
  EXPECT_EQ(db.query_value<int>("select count(*) from t"), 3);
  auto tx = db.begin();
  EXPECT_FALSE(tx.with(dt::as_result).execute("insert into t(id) values (?)", 1));  // the key is taken
  tx.execute("insert into t(id) values (?)", 4);
  EXPECT_EQ(tx.with(dt::as_result).begin().error().code(), dt::errc::operation_unsupported);
  tx.commit();
  EXPECT_EQ(db.query_value<int>("select count(*) from t"), 4);
  int rows = 0;
  for (const int id : db.stream<int>("select id from t order by id")) rows += id;
  EXPECT_EQ(rows, 10);
}

TEST_P(WorkersqlWithGateway, TheAsynchronousClientDoesTheSame) {
  asio::io_context io;
  workersql::async_client db{io.get_executor(), dsn()};
  bool is_done = false;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        co_await db.execute("create table t(id integer primary key)");
        co_await db.transaction([](auto& tx) -> asio::awaitable<void> {
          co_await tx.execute("insert into t(id) values (?)", 1);
          co_await tx.execute("insert into t(id) values (?)", 2);
        });
        const int count = co_await db.query_value<int>("select count(*) from t");
        EXPECT_EQ(count, 2);
        int sum = 0;
        auto ids = co_await db.stream<int>("select id from t where id < ?", 9);
        while (const int* each = co_await ids.next()) sum += *each;
        EXPECT_EQ(sum, 3);
        co_await db.transaction([&sum](auto& tx) -> asio::awaitable<void> {
          co_await tx.execute("insert into t(id) values (?)", 10);
          auto inside = co_await tx.template stream<int>("select id from t order by id");
          while (const int* each = co_await inside.next()) {
            sum += *each;
            co_await tx.execute("update t set id = id where id = ?", *each);
          }
        });
        EXPECT_EQ(sum, 16);
        const workersql::gateway_health health = co_await db.health();
        EXPECT_TRUE(health.is_healthy());
        is_done = true;
      },
      [](std::exception_ptr thrown) {
        if (thrown) std::rethrow_exception(thrown);
      });
  io.run();
  EXPECT_TRUE(is_done);
}

INSTANTIATE_TEST_SUITE_P(Envelopes, WorkersqlWithGateway,
                         ::testing::Values(workersql::envelope::docs, workersql::envelope::sdk),
                         [](const auto& of) { return of.param == workersql::envelope::docs ? "docs" : "sdk"; });

}  // namespace
