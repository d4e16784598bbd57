#include <dovetail/client/asyncsql/open.hpp>
#include <dovetail/client/asyncsql/open_async.hpp>

#include <dovetail/postgres_async.hpp>
#include <dovetail/sqlite.hpp>
#include <dovetail/sqlite_async.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/execution.hpp>
#include <asio/io_context.hpp>
#include <asio/prefer.hpp>
#include <asio/query.hpp>
#include <asio/require.hpp>

#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::asyncsql::config;
using dt::asyncsql::open;
using dt::asyncsql::pool_registry;
using client = dt::sqlite::client;

std::string file_name() {
  static std::atomic<int> made{0};
  return (std::filesystem::temp_directory_path() /
          ("dovetail_registry_" + std::to_string(::getpid()) + "_" + std::to_string(made.fetch_add(1)) + ".db"))
      .string();
}

class AsyncsqlRegistry : public ::testing::Test {
 protected:
  ~AsyncsqlRegistry() override {
    for (const char* end : {"", "-wal", "-shm"}) {
      std::error_code ec;
      std::filesystem::remove(path + end, ec);
    }
  }
  config of(std::string_view more = {}) {
    return dt::asyncsql::read_config("sqlite:" + path + std::string{more}).value();
  }

  std::string path = file_name();
  pool_registry registry;
};

TEST_F(AsyncsqlRegistry, P1_TheSameSettingsShareOnePoolThatTheLastSessionCloses) {
  auto one = std::make_unique<dt::asyncsql::session<client>>(open<client, dt::asyncsql::no_guard>(of(), registry));
  auto two = std::make_unique<dt::asyncsql::session<client>>(open<client, dt::asyncsql::no_guard>(of(), registry));
  EXPECT_EQ(registry.count(), 1u);
  EXPECT_EQ(registry.pools().front().users, 2u);
  EXPECT_EQ(&one->client(), &two->client());
  one->execute("create table t(x integer)");
  EXPECT_EQ(two->query_value<int>("select count(*) from t"), 0);
  one.reset();
  EXPECT_EQ(registry.count(), 1u);
  EXPECT_EQ(two->query_value<int>("select count(*) from t"), 0);
  two.reset();
  EXPECT_EQ(registry.count(), 0u);
}

TEST_F(AsyncsqlRegistry, P1_SessionsOfOnePoolHaveTheirOwnModesAndTransactions) {
  auto automatic = open<client, dt::asyncsql::no_guard>(of(), registry);
  auto manual = open<client, dt::asyncsql::no_guard>(of("?transaction_mode=manual&name=writer"), registry);
  EXPECT_EQ(registry.count(), 1u);
  automatic.execute("create table t(x integer)");
  manual.begin(dt::begin_mode::deferred);
  manual.execute("insert into t values (1)");
  EXPECT_EQ(automatic.query_value<int>("select count(*) from t"), 0);
  manual.commit();
  EXPECT_EQ(automatic.query_value<int>("select count(*) from t"), 1);
}

TEST_F(AsyncsqlRegistry, AFileWhoseNameHasMarksOfAUrlIsTheOneThatIsOpened) {
  path += " ?mode=ro#x&y=%41%.db";
  const std::string file = R"({"databases": {"default": {"database_type": "sqlite", "database": ")" + path + "\"}}}";
  auto one = open<client, dt::asyncsql::no_guard>(dt::asyncsql::read_config_text(file).value(), registry);
  one.execute("create table t(x integer)");
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(AsyncsqlRegistry, P2_WhateverDiffersMakesAnotherPool) {
  std::vector<dt::asyncsql::session<client>> all;
  for (const char* more : {"", "?mode=rw", "?foreignKeys=false", "?max_pool_size=3", "?min_pool_size=1",
                           "?acquire_timeout=1", "?idle_timeout=1", "?timeout=5s", "?busyTimeout=1s"}) {
    all.push_back(open<client, dt::asyncsql::no_guard>(of(more), registry));
    EXPECT_EQ(registry.count(), all.size()) << more;
  }
  const std::string other = file_name();
  all.push_back(open<client, dt::asyncsql::no_guard>("sqlite:" + other, registry));
  EXPECT_EQ(registry.count(), all.size());
}

TEST_F(AsyncsqlRegistry, P3_APrivatePoolIsSharedWithNobody) {
  auto shared = open<client, dt::asyncsql::no_guard>(of(), registry);
  auto mine = open<client, dt::asyncsql::no_guard>(of("?share_pool=false"), registry);
  auto yours = open<client, dt::asyncsql::no_guard>(of("?share_pool=false"), registry);
  auto ours = open<client, dt::asyncsql::no_guard>(of(), registry);
  EXPECT_EQ(registry.count(), 3u);
  EXPECT_EQ(&shared.client(), &ours.client());
}

TEST_F(AsyncsqlRegistry, EveryInMemoryDatabaseIsOnItsOwn) {
  auto one = open<client, dt::asyncsql::no_guard>("sqlite::memory:", registry);
  auto two = open<client, dt::asyncsql::no_guard>("sqlite::memory:", registry);
  one.execute("create table t(x integer)");
  EXPECT_EQ(registry.count(), 2u);
  EXPECT_THROW(two.query_value<int>("select count(*) from t"), dt::error);
}

TEST_F(AsyncsqlRegistry, P5_ThereAreNoMorePoolsThanAllowedAndTheErrorNamesTheSetting) {
  registry.set_defaults({.max_pools = 2});
  auto one = open<client, dt::asyncsql::no_guard>(of(), registry);
  auto two = open<client, dt::asyncsql::no_guard>(of("?max_pool_size=3"), registry);
  auto same = open<client, dt::asyncsql::no_guard>(of(), registry);
  try {
    open<client, dt::asyncsql::no_guard>(of("?max_pool_size=4"), registry);
    FAIL() << "a third pool was made";
  } catch (const dt::error& thrown) {
    const std::string text = thrown.what();
    EXPECT_NE(text.find("there are 2 pools, and 2 are allowed"), std::string::npos) << text;
    EXPECT_NE(text.find("set_defaults"), std::string::npos) << text;
  }
  registry.set_defaults({.max_pools = 3});
  auto three = open<client, dt::asyncsql::no_guard>(of("?max_pool_size=4"), registry);
}

TEST_F(AsyncsqlRegistry, P6_AFullPoolIsAnErrorAfterTheWaitAndRecovers) {
  auto one = open<client, dt::asyncsql::no_guard>(of("?max_pool_size=1&acquire_timeout=50ms"), registry);
  {
    auto tx = one.scope(dt::begin_mode::deferred);
    try {
      one.query_value<int>("select 1");
      FAIL() << "there was a connection";
    } catch (const dt::error& thrown) {
      EXPECT_EQ(thrown.kind(), dt::condition::timeout);
      EXPECT_NE(std::string{thrown.what()}.find("held for"), std::string::npos) << thrown.what();
    }
    tx.rollback();
  }
  EXPECT_EQ(one.query_value<int>("select 1"), 1);
  EXPECT_EQ(one.metrics().exhaustions(), 1u);
}

TEST_F(AsyncsqlRegistry, P9_NothingIsOpenedDuringAShutdown) {
  auto one = open<client, dt::asyncsql::no_guard>(of(), registry);
  EXPECT_EQ(registry.shut_down(), 1u);
  try {
    one.query_value<int>("select 1");
    FAIL() << "the pool is closed";
  } catch (const dt::error& thrown) {
    EXPECT_EQ(thrown.info().code(), dt::errc::pool_closed);
  }
  try {
    open<client, dt::asyncsql::no_guard>(of(), registry);
    FAIL() << "the registry is shut";
  } catch (const dt::error& thrown) {
    EXPECT_NE(std::string{thrown.what()}.find("shutting down"), std::string::npos) << thrown.what();
  }
}

TEST_F(AsyncsqlRegistry, AClosedPoolIsReplacedForTheNextSession) {
  auto one = open<client, dt::asyncsql::no_guard>(of(), registry);
  EXPECT_EQ(registry.close_all(), 1u);
  EXPECT_EQ(registry.count(), 0u);
  auto two = open<client, dt::asyncsql::no_guard>(of(), registry);
  EXPECT_EQ(two.query_value<int>("select 1"), 1);
}

TEST_F(AsyncsqlRegistry, P10_SettingsOfTheRegistryAreChecked) {
  EXPECT_THROW(registry.set_defaults({.max_pools = 0}), dt::error);
}

TEST_F(AsyncsqlRegistry, V19_ASessionIsGuardedUnlessItIsToldOtherwise) {
  auto guarded = open<client>(of(), registry);
  EXPECT_EQ(guarded.query_value<int>("select 1"), 1);
  for (const char* text : {"create table t(x integer)", "select 1; select 2"}) {
    EXPECT_THROW(guarded.execute(dt::runtime(text)), dt::error) << text;
  }
  auto owner = open<client>(of("?allow_ddl=true"), registry);
  owner.execute(dt::runtime("create table t(x integer)"));
  EXPECT_EQ(registry.count(), 1u) << "the rules are the session's own";
}

TEST_F(AsyncsqlRegistry, V19_AGuardTypeIsNeverLaxerThanItSaysWhateverTheConfigurationAllows) {
  using strict = dt::asyncsql::guard<dt::validation{.profile = dt::validation_profile::strict}>;
  using owner = dt::asyncsql::guard<dt::validation{.allow_ddl = true}>;
  const auto allows = [&](auto&& session, std::string_view text) {
    try {
      session.execute(dt::runtime(text));
      return true;
    } catch (const dt::error& refused) {
      EXPECT_EQ(refused.code(), dt::errc::statement_refused) << refused.what();
      return false;
    }
  };
  constexpr std::string_view ddl = "create table if not exists t(x integer)";
  constexpr std::string_view comment = "select 1 /* comment */";
  EXPECT_TRUE(allows(open<client, owner>(of("?allow_ddl=true"), registry), ddl));
  EXPECT_FALSE(allows(open<client, owner>(of(), registry), ddl));
  EXPECT_FALSE(allows(open<client, strict>(of("?allow_ddl=true"), registry), ddl));
  EXPECT_FALSE(allows(open<client, strict>(of(), registry), comment));
  EXPECT_FALSE(allows(open<client, strict>(of("?validate_queries=false"), registry), comment));
  EXPECT_FALSE(allows(open<client, owner>(of("?profile=strict"), registry), comment));
  EXPECT_TRUE(allows(open<client>(of(), registry), comment));
  EXPECT_TRUE(allows(open<client>(of("?allow_ddl=true"), registry), ddl));
}

TEST_F(AsyncsqlRegistry, ATimeoutIsInSecondsInAConnectionStringAsInAFile) {
  const auto timeout = [&](std::string_view more) { return open<client>(of(more), registry).settings().timeout; };
  EXPECT_EQ(timeout("?timeout=30"), 30s);
  EXPECT_EQ(timeout("?timeout=1.5"), 1500ms);
  EXPECT_EQ(timeout("?timeout=500ms&busyTimeout=100"), 500ms);
  EXPECT_EQ(timeout("?busyTimeout=100&timeout=30s"), 30s);
  EXPECT_EQ(timeout("?timeout=2min"), 120s);
  EXPECT_EQ(timeout("?busyTimeout=100"), 60s);
  const std::string file = R"({"databases": {"a": {"url": "sqlite:)" + path +
                           R"(?timeout=20"}, "b": {"url": "sqlite:)" + path + R"(", "timeout": 20}}})";
  for (const char* name : {"a", "b"}) {
    const auto how = dt::asyncsql::read_config_text(file, name).value();
    EXPECT_EQ(open<client>(how, registry).settings().timeout, 20s) << name;
  }
}

TEST_F(AsyncsqlRegistry, AMisspeltParameterOfTheSessionIsToldWithTheSessionsNames) {
  for (const auto& [written, meant] :
       {std::pair{"transaction_mod", "transaction_mode"}, std::pair{"max_pol_size", "max_pool_size"},
        std::pair{"allow_dll", "allow_ddl"}}) {
    try {
      open<client>(of("?" + std::string{written} + "=1"), registry);
      ADD_FAILURE() << written;
    } catch (const dt::error& refused) {
      EXPECT_EQ(refused.code(), dt::errc::unknown_option);
      const std::string words =
          "'" + std::string{written} + "' may be meant for the session: did you mean '" + meant + "'?";
      EXPECT_NE(std::string_view{refused.what()}.find(words), std::string_view::npos) << refused.what();
    }
  }
}

TEST_F(AsyncsqlRegistry, ThePoolKeepsFiveConnectionsAndOpensNone) {
  auto one = open<client>(of(), registry);
  EXPECT_EQ(one.statistics().min, 5u);
  EXPECT_EQ(one.statistics().opened, 0u);
  auto small = open<client>(of("?max_pool_size=3"), registry);
  EXPECT_EQ(small.statistics().min, 3u);
}

TEST_F(AsyncsqlRegistry, P13_AClientOfSomebodyElsesIsNeverClosed) {
  client external{"sqlite:" + path};
  { dt::asyncsql::session<client> borrowed{external}; }
  EXPECT_EQ(external.query_value<int>("select 1"), 1);
}

TEST_F(AsyncsqlRegistry, APoolIsResizedWhileSessionsUseIt) {
  auto one = open<client, dt::asyncsql::no_guard>(of("?max_pool_size=1"), registry);
  auto first = one.scope(dt::begin_mode::deferred);
  one.resize(2);
  EXPECT_EQ(one.statistics().max, 2u);
  auto second = one.scope(dt::begin_mode::deferred);
  first.rollback();
  second.rollback();
  one.resize(1);
  EXPECT_EQ(one.statistics().total, 1u);
}

TEST_F(AsyncsqlRegistry, ASizeThatThePoolCannotHaveIsAnErrorThatNamesIt) {
  auto one = open<client, dt::asyncsql::no_guard>(of("?max_pool_size=2&pool_capacity=4"), registry);
  const auto refused = [&](std::size_t most) {
    try {
      one.resize(most);
    } catch (const dt::error& e) {
      EXPECT_EQ(e.code(), dt::errc::invalid_option);
      return std::string{e.what()};
    }
    return std::string{"nothing is wrong"};
  };
  EXPECT_NE(refused(5).find("resize(5)"), std::string::npos) << refused(5);
  EXPECT_NE(refused(5).find("room for 4 ('pool_capacity'"), std::string::npos) << refused(5);
  EXPECT_NE(refused(0).find("resize(0)"), std::string::npos) << refused(0);
  EXPECT_EQ(one.statistics().max, 2u) << "as before";
  one.resize(4);
  EXPECT_EQ(one.statistics().max, 4u);
}

TEST_F(AsyncsqlRegistry, AHealthCheckSaysWhatIsWrong) {
  auto one = open<client, dt::asyncsql::no_guard>(of(), registry);
  const auto good = one.health();
  EXPECT_TRUE(good.is_healthy);
  EXPECT_EQ(good.pool.opened, 1u);
  auto gone = open<client, dt::asyncsql::no_guard>("sqlite:/nonexistent/folder/x.db", registry);
  const auto bad = gone.health();
  EXPECT_FALSE(bad.is_healthy);
  EXPECT_EQ(bad.why.kind(), dt::condition::connection);
}

TEST_F(AsyncsqlRegistry, P21_MetricsHaveTheNamesAndLabelsOfTheSpecification) {
  auto one = open<client, dt::asyncsql::no_guard>(of(), registry);
  one.execute("create table t(x integer)");
  const std::string text = registry.prometheus();
  const std::string label = "=\"sqlite:" + path + " #1\"";
  const std::vector<std::string> all{"# TYPE asyncsql_lock_acquisitions_total counter\n",
                                     "asyncsql_lock_acquisitions_total{pool_key" + label + ",status=\"timeout\"} 0\n",
                                     std::string{"# TYPE asyncsql_lock_wait_seconds histogram\n"},
                                     "asyncsql_lock_wait_seconds_bucket{pool_key" + label + ",le=\"0.001\"} ",
                                     "asyncsql_lock_wait_seconds_bucket{pool_key" + label + ",le=\"5\"} ",
                                     "asyncsql_lock_wait_seconds_bucket{pool_key" + label + ",le=\"+Inf\"} ",
                                     "asyncsql_active_locks{pool_key" + label + "} 0\n",
                                     "asyncsql_pool_operations_total{pool_key" + label + ",operation=\"create\"} 1\n",
                                     "asyncsql_pool_operations_total{pool_key" + label + ",operation=\"acquire\"} 1\n",
                                     std::string{"# TYPE asyncsql_lock_contention_seconds summary\n"},
                                     "asyncsql_transactions_total{pool_key" + label + ",outcome=\"committed\"} 1\n",
                                     "kailash_pool_acquire_wait_seconds_bucket{pool" + label + ",le=\"10\"} 1\n",
                                     "kailash_pool_connections_idle{pool" + label + "} 1\n",
                                     "kailash_pool_exhaustion_events_total{pool" + label + "} 0\n"};
  for (const std::string& expected : all) {
    EXPECT_NE(text.find(expected), std::string::npos) << expected << "\nin\n" << text;
  }
}

TEST_F(AsyncsqlRegistry, AsManySlowStatementsAreKeptAsTheSettingsSay) {
  config how = of("?kept_slow_queries=2&slow_query=0");
  auto s = open<client, dt::asyncsql::no_guard>(how, registry);
  for (int i = 0; i < 5; ++i) s.query_value<int>("select 1");
  EXPECT_EQ(s.metrics().slow_statements().size(), 2u);
  EXPECT_EQ(s.metrics().slow_count(), 5u);
  s.metrics().keep_slow(1);
  EXPECT_EQ(s.metrics().slow_statements().size(), 1u);
}

TEST_F(AsyncsqlRegistry, SettingsFromCodeThatCannotBeAreOneErrorThatNamesThemAndTheirValues) {
  const auto told = [&](const config& how) {
    try {
      open<client>(how, registry);
    } catch (const dt::error& failed) {
      EXPECT_EQ(failed.info().code(), dt::errc::invalid_option);
      return failed.info().message();
    }
    return std::string{"opened"};
  };
  const auto says = [](const std::string& message, std::string_view words) {
    EXPECT_NE(message.find(words), std::string::npos) << words << " is not in: " << message;
  };
  config how = of();
  how.pool.max_connections = 0;
  how.pool.idle_limit = -1s;
  how.session.retry.exponential_base = -1;
  how.session.retry.max_retries = -5;
  how.session.retry.initial_delay = 2min;
  how.session.timeout = 0s;
  how.session.transaction.close_limit = -1ns;
  how.session.circuit.successes = 0;
  const std::string all = told(how);
  says(all, "pool.max_connections = 0 must be from 1 to 10000");
  says(all, "pool.idle_limit = -1000ms must not be negative");
  says(all, "session.retry.exponential_base = -1.0");
  says(all, "session.retry.max_retries = -5 must be from 0 to 1000");
  says(all, "session.retry.initial_delay = 120000ms is longer than session.retry.max_delay = 60000ms");
  says(all, "session.timeout = 0ms must be positive");
  says(all, "session.transaction.close_limit = -1ns must not be negative");
  says(all, "session.circuit.successes = 0 must be from 1 to 1000000");
  how = of();
  how.pool.min_connections = 9;
  how.pool.max_connections = 3;
  how.pool.capacity = 2;
  const std::string sizes = told(how);
  says(sizes, "pool.min_connections = 9 is larger than pool.max_connections = 3");
  says(sizes, "pool.capacity = 2 is smaller than pool.max_connections = 3");
  EXPECT_EQ(registry.count(), 0u);
  how = of();
  how.pool.max_connections = 3;  // fewer than min_connections by default
  EXPECT_EQ(told(how), "opened");
  how.pool.max_connections = 100;  // more than the capacity by default
  EXPECT_EQ(told(how), "opened");
}

TEST_F(AsyncsqlRegistry, AConfigurationWithoutAConnectionStringIsRefused) {
  try {
    open<client>(config{}, registry);
    ADD_FAILURE() << "opened";
  } catch (const dt::error& failed) {
    EXPECT_EQ(failed.info().code(), dt::errc::invalid_option);
    EXPECT_NE(failed.info().message().find("requires host and database or connection_string"), std::string::npos);
  }
  try {
    open<client>("?transaction_mode=manual", registry);
    ADD_FAILURE() << "opened";
  } catch (const dt::error& failed) {
    EXPECT_EQ(failed.info().code(), dt::errc::invalid_option);
  }
}

TEST_F(AsyncsqlRegistry, AwaitedSessionsCheckTheSettingsToo) {
  asio::io_context io;
  config how = of();
  how.pool.max_connections = 0;
  for (const config& wrong : {how, config{}}) {
    try {
      dt::asyncsql::open_async<dt::sqlite::async_client>(io.get_executor(), wrong, registry);
      ADD_FAILURE() << "opened";
    } catch (const dt::error& failed) {
      EXPECT_EQ(failed.info().code(), dt::errc::invalid_option) << failed.what();
    }
  }
}

TEST_F(AsyncsqlRegistry, AwaitedSessionsTakeChangedOptions) {
  asio::io_context io;
  const auto without_keys = [](dt::sqlite::async_client::options& to) { to.foreign_keys = false; };
  auto guarded = dt::asyncsql::open_async<dt::sqlite::async_client>(io.get_executor(), of(), without_keys, registry);
  auto same = dt::asyncsql::open_async<dt::sqlite::async_client, dt::asyncsql::no_guard>(io.get_executor(), of(),
                                                                                         without_keys, registry);
  EXPECT_EQ(registry.count(), 1U);
  auto other = dt::asyncsql::open_async<dt::sqlite::async_client>(io.get_executor(), of(), registry);
  EXPECT_EQ(registry.count(), 2U);
}

TEST_F(AsyncsqlRegistry, ManyThreadsOpenOnePool) {
  std::vector<std::thread> threads;
  std::atomic<int> opened{0};
  auto keeper = open<client, dt::asyncsql::no_guard>(of(), registry);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        auto one = open<client, dt::asyncsql::no_guard>(of(), registry);
        if (&one.client() == &keeper.client()) ++opened;
      }
    });
  }
  for (auto& each : threads) each.join();
  EXPECT_EQ(opened.load(), 400);
  EXPECT_EQ(registry.keys(), std::vector<std::string>{"sqlite:" + path + " #1"});
}

/// An executor that calls somebody when it is compared, which the registry does under its lock.
class noticing_executor {
 public:
  using hook = std::shared_ptr<std::function<void()>>;
  noticing_executor(asio::any_io_executor on, hook when_compared) noexcept
      : on_(std::move(on)), when_compared_(std::move(when_compared)) {}

  template <class Property>
  requires asio::can_query<const asio::any_io_executor&, Property>::value decltype(auto) query(
      const Property& property) const {
    return asio::query(on_, property);
  }
  template <class Property>
    requires asio::can_require<const asio::any_io_executor&, Property>::value noticing_executor
    require(const Property& property)
  const { return {asio::require(on_, property), when_compared_}; }
  template <class Property>
    requires asio::can_prefer<const asio::any_io_executor&, Property>::value noticing_executor
    prefer(const Property& property)
  const { return {asio::prefer(on_, property), when_compared_}; }
  template <class Fn>
  void execute(Fn&& fn) const {
    on_.execute(std::forward<Fn>(fn));
  }
  bool operator==(const noticing_executor&) const noexcept {
    if (*when_compared_) (*when_compared_)();
    return false;
  }
  bool operator!=(const noticing_executor& other) const noexcept { return !(*this == other); }

 private:
  asio::any_io_executor on_;
  hook when_compared_;
};

/// A source of credentials that asks the registry when it goes.
class asking_source final : public dt::postgres::credential_source {
 public:
  asking_source(pool_registry& of, std::size_t& said) : of_(of), said_(said) {}
  ~asking_source() override { said_ = of_.count() + 100 * of_.pools().size(); }
  dt::secret fetch() override { return dt::secret{"x"}; }

 private:
  pool_registry& of_;
  std::size_t& said_;
};

TEST_F(AsyncsqlRegistry, WhatAPoolHoldsMayAskTheRegistryWhenItGoesThoughTheRegistryHeldItLast) {
  using postgres = dt::postgres::async_client;
  asio::io_context io;
  const auto when_compared = std::make_shared<std::function<void()>>();
  const asio::any_io_executor on = noticing_executor{io.get_executor(), when_compared};
  const asio::any_io_executor another = noticing_executor{io.get_executor(), when_compared};
  const config how = dt::asyncsql::read_config("postgresql://app@127.0.0.1:1/app").value();
  std::size_t said = 0;
  const auto with_source = [&](postgres::options& options) {
    options.credentials = std::make_shared<asking_source>(registry, said);
  };
  auto first = std::make_unique<dt::asyncsql::async_session<postgres>>(
      dt::asyncsql::open_async<postgres, dt::asyncsql::no_guard>(on, how, with_source, registry));
  EXPECT_EQ(registry.count(), 1u);
  *when_compared = [&] { first.reset(); };  // the pool's last session, while the registry looks at the pool
  auto second = dt::asyncsql::open_async<postgres, dt::asyncsql::no_guard>(another, how, registry);
  EXPECT_EQ(first, nullptr);
  EXPECT_EQ(said, 101U) << "the source's destructor has seen the pool of the second session alone";
  EXPECT_EQ(registry.count(), 1u);
  *when_compared = nullptr;
}

}  // namespace
