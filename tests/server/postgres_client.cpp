// The PostgreSQL clients against a real server: every verb in every completion style, over TCP, Unix socket and TLS,
// errors with all that the server says, transactions, streams, deadlines that leave the connection alive.
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/postgres_server.hpp>
#include <support/recovery.hpp>
#include <support/styles.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

namespace dt = dovetail;
using dt::test::postgres_server;
using namespace std::chrono_literals;

namespace {

struct city {
  std::int64_t id;
  std::string name;
  std::optional<double> area;
  friend bool operator==(const city&, const city&) = default;
};

struct both {
  explicit both(const std::string& text, const char* more = "")
      : blocking(text + more), asynchronous(io.get_executor(), text + more) {}

  template <class Body>
  void in_each_style(Body body) {
    dt::test::for_each_main_style(blocking, asynchronous, io, [&](auto& s) { body(s); });
  }

  asio::io_context io;
  dt::postgres::client blocking;
  dt::postgres::async_client asynchronous;
};

void run_all_verbs(both& db) {
  db.in_each_style([&](auto& s) {
    ASSERT_TRUE(s.template run<void>([](auto&& c) {
      return c.script(
          "drop table if exists city; create table city(id bigint primary key, name text not null, area float8)");
    }));
    const auto inserted = s.template run<dt::summary>([](auto&& c) {
      return c.insert("city", std::vector<city>{{1, "Bern", 51.6}, {2, "Chur", std::nullopt}});
    });
    ASSERT_TRUE(inserted) << inserted.error().message();
    EXPECT_EQ(inserted->rows_affected, 2);
    const auto all = s.template run<dt::rows<city>>(
        [](auto&& c) { return c.template query<city>("select id, name, area from city where id > ? order by id", 0); });
    ASSERT_TRUE(all) << all.error().message();
    ASSERT_EQ(all->size(), 2U);
    EXPECT_EQ((*all)[0], (city{1, "Bern", 51.6}));
    EXPECT_EQ((*all)[1], (city{2, "Chur", std::nullopt}));
    const auto one = s.template run<city>(
        [](auto&& c) { return c.template query_one<city>("select * from city where id = :id", dt::arg<"id">(1)); });
    ASSERT_TRUE(one) << one.error().message();
    EXPECT_EQ(one->name, "Bern");
    const auto changed = s.template run<dt::summary>(
        [](auto&& c) { return c.execute("update city set name = ? where id = ?", "Basel", 1); });
    ASSERT_TRUE(changed) << changed.error().message();
    EXPECT_EQ(changed->rows_affected, 1);
  });
  // What differs between these and the verbs above has nothing to do with the completion style.
  dt::postgres::client& c = db.blocking;
  EXPECT_FALSE(c.query_optional<city>("select * from city where id = $1", 7));
  EXPECT_EQ(c.query_value<std::int64_t>("select count(*) from city"), 2);
  EXPECT_EQ(c.insert_returning("city", city{3, "Davos", 284.0}), (city{3, "Davos", 284.0}));
  EXPECT_EQ(c.upsert<"id">("city", city{3, "Davos", 285.0}).rows_affected, 1);
  EXPECT_EQ(c.copy_in("city", std::vector<city>{{4, "Elm", 1.5}, {5, "Flims", std::nullopt}}).rows_affected, 2);
  const auto listed =
      c.query<std::int64_t>("select id from city where id in (?) order by id", std::vector<std::int64_t>{1, 3, 9});
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[1], 3);
  EXPECT_EQ(c.query<std::int64_t>("select id from city where id = any(?)", std::vector<std::int64_t>{2, 3}).size(), 2U);
}

/// One body over each transport and pool.
struct way {
  const char* transport;
  int connections;
  friend void PrintTo(const way& w, std::ostream* out) { *out << w.transport << ", pool of " << w.connections; }
};

class PostgresWays : public testing::TestWithParam<way> {};

TEST_P(PostgresWays, EveryVerbInEveryStyle) {
  const postgres_server& server = postgres_server::shared();
  const std::string_view transport = GetParam().transport;
  const std::string pool = "maxConnections=" + std::to_string(GetParam().connections);
  const std::string where = transport == "unix"  ? server.socket_string("app", ' ' + pool)
                            : transport == "tls" ? server.url("app", "?sslmode=verify-full&sslrootcert=") +
                                                       server.authority_file() + '&' + pool
                                                 : server.url("app", "?sslmode=disable&" + pool);
  both db{where};
  run_all_verbs(db);
  EXPECT_EQ(db.blocking.query_value<bool>("select ssl from pg_stat_ssl where pid = pg_backend_pid()"),
            transport == "tls");
  EXPECT_EQ(db.blocking.query_value<bool>("select inet_server_addr() is null"), transport == "unix");
}

INSTANTIATE_TEST_SUITE_P(TransportsAndPools, PostgresWays,
                         testing::Values(way{"tcp", 1}, way{"tcp", 8}, way{"unix", 1}, way{"unix", 8}, way{"tls", 1},
                                         way{"tls", 8}));

TEST(PostgresClient, AnErrorCarriesWhatTheServerSaysAndTheConnectionLivesOn) {
  both db{postgres_server::shared().socket_string("app", " maxConnections=1")};
  db.blocking.script(
      "drop table if exists account; create table account(id int primary key, owner text not null unique)");
  db.blocking.execute("insert into account values (1, 'a')");
  const int process = db.blocking.query_value<int>("select pg_backend_pid()");
  db.in_each_style([&](auto& s) {
    const auto twice =
        s.template run<dt::summary>([](auto&& c) { return c.execute("insert into account values (?, ?)", 2, "a"); });
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().kind(), dt::condition::constraint);
    EXPECT_EQ(twice.error().code(), dt::postgres::sqlstate::unique_violation);
    EXPECT_EQ(twice.error().server().sqlstate, "23505");
    EXPECT_EQ(twice.error().server().table, "account");
    EXPECT_EQ(twice.error().server().constraint, "account_owner_key");
    EXPECT_TRUE(s.template run<void>([](auto&& c) { return c.script("select 1"); }));
  });
  EXPECT_EQ(db.blocking.query_value<int>("select pg_backend_pid()"), process);
  EXPECT_EQ(db.blocking.with(dt::as_result).query<int>(dt::runtime("selekt 1")).error().kind(), dt::condition::syntax);
}

TEST(PostgresClient, RowsThatDoNotFitAreReportedTogetherBeforeAnythingRuns) {
  both db{postgres_server::shared().socket_string()};
  db.blocking.script("drop table if exists log; create table log(id bigint, nmae text, area numeric)");
  const auto failed = db.blocking.with(dt::as_result).query<city>("insert into log values (1, 'a', 1.5) returning *");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), dt::errc::row_mismatch);
  EXPECT_NE(failed.error().message().find("numeric"), std::string::npos) << failed.error().message();
  EXPECT_NE(failed.error().message().find("nmae"), std::string::npos) << failed.error().message();
  EXPECT_EQ(db.blocking.query_value<int>("select count(*)::int from log"), 0);
}

TEST(PostgresClient, ATableThatWasMadeAnewIsReadAsItIsNow) {
  dt::postgres::client db{postgres_server::shared().socket_string("app", " maxConnections=1")};
  struct first {
    bool value;
  };
  struct second {
    std::string value;
    int more;
  };
  const auto make = [&](const char* columns) {
    db.script(std::string{"drop table if exists made_anew; create table made_anew("} + columns + ")");
  };
  make("value boolean");
  EXPECT_TRUE(db.query<first>("select * from made_anew").empty());
  make("value text, more integer");
  EXPECT_TRUE(db.query<second>("select * from made_anew").empty());
  make("value boolean");
  EXPECT_TRUE(db.transaction([](auto& tx) { return tx.template query<first>("select * from made_anew").empty(); }));
  make("value text, more integer");
  db.pipeline(dt::postgres::execute("insert into made_anew values ('x', 1)"),
              dt::postgres::query<second>("select * from made_anew"));
  make("value boolean");
  for ([[maybe_unused]] const first& each : db.stream<first>("select * from made_anew")) ADD_FAILURE();
  make("value text, more integer");
  for ([[maybe_unused]] const second& each : db.copy_out<second>("made_anew")) ADD_FAILURE();
}

TEST(PostgresClient, RowsOfOneBool) {
  dt::postgres::client db{postgres_server::shared().socket_string()};
  EXPECT_EQ(db.query<bool>("select x from (values (true), (false)) as v(x)"), (std::vector<bool>{true, false}));
  bool last = true;
  for (const bool each : db.stream<bool>("select x from (values (true), (false)) as v(x)")) last = each;
  EXPECT_FALSE(last);
}

enum class weather { dry, wet };

/// Of every kind of member that has a text form.
struct everything {
  std::int64_t whole;
  std::uint16_t small;
  double real;
  float single;
  bool flag;
  std::string text;
  std::optional<std::string> none;
  weather name;
  dt::uuid key;
  dt::decimal exact;
  std::chrono::year_month_day date;
  std::chrono::sys_time<std::chrono::microseconds> at;
  std::chrono::sys_days midnight;
  std::chrono::local_time<std::chrono::seconds> local;
  std::chrono::microseconds span;
  std::vector<std::byte> bytes;
  std::vector<int> list;
  std::vector<std::vector<std::string>> table;
  friend bool operator==(const everything&, const everything&) = default;
};

TEST(PostgresClient, ListsOfCompositesKeepEveryMember) {
  using namespace std::chrono;
  dt::postgres::client db{postgres_server::shared().socket_string()};
  db.script(
      "create type weather as enum ('dry', 'wet');"
      "create type everything as (whole bigint, small int, real float8, single float4, flag boolean, text text, none "
      "text, "
      "name weather, key uuid, exact numeric, date date, at timestamptz, midnight date, local timestamp, span "
      "interval, bytes bytea, list int[], table_ text[]);"
      "create table everythings(id bigint primary key, all_of_them everything[] not null)");
  dt::uuid key;
  ASSERT_TRUE(dt::parse_uuid("8c5d6c2e-0f6b-4d37-9a51-2f8d3a6d7c11", key));
  const sys_days day = 2024y / February / 29;
  const everything first{-9'223'372'036'854'775'807 - 1,
                         65'535,
                         0.1,
                         0.1F,
                         true,
                         "a \"b\" \\ {c}, (d)\n",
                         std::nullopt,
                         weather::wet,
                         key,
                         dt::decimal{"-123456789.00100"},
                         1999y / December / 31,
                         day + 12h + 34min + 56s + 789'012us,
                         day,
                         local_days{day.time_since_epoch()} + 5s,
                         -(100h + 1us),
                         {std::byte{0}, std::byte{0xFF}},
                         {1, -2},
                         {{"", "NULL"}, {"null", "\\"}}};
  everything second = first;
  second.real = std::numeric_limits<double>::infinity();
  second.text.clear();
  second.list.clear();
  second.table.clear();
  using list = std::vector<dt::postgres::composite<everything>>;
  const list sent{{first}, {second}};
  db.execute("set timezone to 'Asia/Kolkata'");
  db.execute("insert into everythings values (?, ?)", 1, sent);
  EXPECT_EQ(db.query_value<list>("select all_of_them from everythings where id = 1"), sent);
  // Without what is not comparable, and with null elements.
  using optional_list = std::vector<std::optional<dt::postgres::composite<everything>>>;
  db.execute("update everythings set all_of_them = ? where id = ?", optional_list{std::nullopt, {{first}}}, 1);
  EXPECT_TRUE(db.query_value<bool>(
      "select all_of_them[1] is not distinct from null and all_of_them[2] is distinct from null from everythings"));
}

struct tagged {
  std::int64_t id;
  std::string tags;
  std::string name;
};

TEST(PostgresClient, TypesOfExtensionsAreTextAndWhatIsNoneIsNotTakenForIt) {
  dt::postgres::client db{postgres_server::shared().socket_string()};
  db.script(
      "create extension hstore; create extension citext; create extension ltree;"
      "create table tagged(id bigint primary key, tags hstore not null, name citext not null)");
  db.execute("insert into tagged values (?, ?, ?)", 1, "a=>1, b=>NULL", "Ada");
  db.insert("tagged", std::vector<tagged>{{2, "x=>\"y z\"", "Bob"}});
  const auto found = db.query_one<tagged>("select * from tagged where name = ?", "BOB");
  EXPECT_EQ(found.tags, "\"x\"=>\"y z\"");
  EXPECT_EQ(found.name, "Bob");
  EXPECT_EQ(db.query<dt::row>("select tags from tagged order by id")[0].get<std::string>(0),
            "\"a\"=>\"1\", \"b\"=>NULL");
  std::vector<std::string> copied;
  for (const tagged& each : db.copy_out<tagged>("tagged")) copied.push_back(each.tags);
  EXPECT_EQ(copied.size(), 2U);
  EXPECT_EQ(copied[1], found.tags);
  // Arrays and composites come in binary.
  using texts = std::vector<std::string>;
  EXPECT_EQ(db.query_value<texts>("select array_agg(name order by id) from tagged"), (texts{"Ada", "Bob"}));
  EXPECT_EQ(db.query_value<texts>("select array_agg(tags::text order by id) from tagged")[1], found.tags);
  const auto refused = [&](const dt::result<texts>& given) {
    ASSERT_FALSE(given);
    EXPECT_EQ(given.error().code(), dt::errc::malformed_value);
    EXPECT_NE(given.error().message().find("cast it in the query: ::text, ::text[]"), std::string::npos)
        << given.error().message();
  };
  refused(db.with(dt::as_result).query_value<texts>("select array_agg(tags) from tagged"));
  refused(db.with(dt::as_result).query_value<texts>("select array['a.b'::ltree]"));
  using record = dt::postgres::composite<tagged>;
  EXPECT_THROW(db.query_value<record>("select row(1::bigint, tags, name) from tagged where id = 1"), dt::error);
  EXPECT_EQ(db.query_value<record>("select row(1::bigint, tags::text, name) from tagged where id = 1")->name, "Ada");
  // A COPY is binary.
  const dt::result<dt::summary> sent =
      db.with(dt::as_result).copy_in("tagged", std::vector<tagged>{{3, "k=>v", "Eve"}});
  ASSERT_FALSE(sent);
  EXPECT_NE(sent.error().message().find("the text of field 'tags' went as the binary form of a user-defined type"),
            std::string::npos)
      << sent.error().message();
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from tagged"), 2);
}

TEST(PostgresClient, TransactionsCommitRollBackAndNest) {
  dt::postgres::client db{postgres_server::shared().socket_string()};
  db.script("drop table if exists ledger; create table ledger(x int)");
  db.transaction([](auto& tx) {
    tx.execute("insert into ledger values (1)");
    try {
      tx.transaction([](auto& inner) {
        inner.execute("insert into ledger values (2)");
        inner.execute("insert into ledger values (1/0)");
      });
      FAIL() << "a division by zero must throw";
    } catch (const dt::error& failed) {
      EXPECT_EQ(failed.info().server().sqlstate, "22012");
    }
    tx.execute("insert into ledger values (3)");
  });
  EXPECT_EQ(db.query<int>("select x from ledger order by x").size(), 2U);
  EXPECT_THROW(db.transaction([](auto& tx) {
    tx.execute("insert into ledger values (4)");
    throw 1;
  }),
               int);
  EXPECT_EQ(db.query_value<int>("select count(*)::int from ledger"), 2);
  const auto read_only = db.with(dt::as_result).transaction(dt::begin_mode::read_only, [](auto& tx) {
    return tx.execute("insert into ledger values (5)");
  });
  EXPECT_EQ(read_only.error().kind(), dt::condition::permission) << read_only.error().message();
}

TEST(PostgresClient, CommittingAnAbortedTransactionIsAnError) {
  dt::postgres::client db{postgres_server::shared().socket_string()};
  auto tx = db.begin();
  EXPECT_THROW(tx.execute(dt::runtime("select 1/0")), dt::error);
  EXPECT_THROW(tx.commit(), dt::error);
  EXPECT_EQ(db.query_value<int>("select 1"), 1);
}

TEST(PostgresClient, SerializationConflictsAreRepeated) {
  // As many attempts as there can be conflicts: how many there are depends on what else the machine does.
  dt::postgres::client db{postgres_server::shared().socket_string(),
                          {.retry = {.attempts = 1000, .initial_delay = 1ms, .cap = 50ms}, .timeout = 300s}};
  db.script("drop table if exists counter; create table counter(n int); insert into counter values (0)");
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&db] {
      for (int j = 0; j < 20; ++j) {
        db.transaction(dt::begin_mode::serializable, [](auto& tx) {
          const int n = tx.template query_value<int>("select n from counter");
          tx.execute("update counter set n = ?", n + 1);
        });
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(db.query_value<int>("select n from counter"), 80);
}

TEST(PostgresClient, AStreamReadsManyRowsWithTheFieldsOfThePresentOne) {
  dt::postgres::client db{postgres_server::shared().socket_string()};
  struct numbered {
    std::int64_t n;
    std::string_view text;
  };
  std::int64_t expected = 0;
  for (const numbered& row :
       db.stream<numbered>("select n, 'row ' || n as text from generate_series(1, ?) as n", std::int64_t{100'000})) {
    ASSERT_EQ(row.n, ++expected);
    ASSERT_EQ(row.text, "row " + std::to_string(expected));
  }
  EXPECT_EQ(expected, 100'000);
  for (const numbered& row :
       db.stream<numbered>("select n, 'x' as text from generate_series(1::bigint, 100000) as n")) {
    if (row.n == 10) break;
  }
  EXPECT_EQ(db.query_value<int>("select 1"), 1);
}

// Rows of a batch that the error ends are there, too; the batches before were read while the server was ahead.
TEST(PostgresClient, AStreamGivesAllRowsInFrontOfAnErrorAndItsConnectionLives) {
  dt::postgres::client db{postgres_server::shared().socket_string("app", " maxConnections=1")};
  const int before = db.query_value<int>("select pg_backend_pid()");
  for (const int wrong : {257, 5'000, 99'999}) {
    auto rows = db.stream<int>("select n + 0 / (n - ?) from generate_series(1, 100000) n", wrong);
    int seen = 0;
    for (;;) {
      auto next = rows.next();
      if (!next) {
        EXPECT_EQ(next.error().server().sqlstate, "22012") << next.error().message();
        break;
      }
      ASSERT_NE(*next, nullptr);
      ASSERT_EQ(**next, ++seen);
    }
    EXPECT_EQ(seen, wrong - 1);
    EXPECT_EQ(db.query_value<int>("select pg_backend_pid()"), before);
  }
}

TEST(PostgresClient, AStreamThatIsLeftWhereverItIsGivesItsConnectionBackAlive) {
  dt::postgres::client db{postgres_server::shared().socket_string("app", " maxConnections=1")};
  int before = db.query_value<int>("select pg_backend_pid()");
  for (const int last : {1, 256, 257, 700, 2'000, 20'000, 99'999}) {
    std::optional<dt::test::recovery_watch> watch;
    for (const int n : db.stream<int>("select n from generate_series(1, 100000) n")) {
      if (n != last) continue;
      watch.emplace();
      break;
    }
    const int now = db.query_value<int>("select pg_backend_pid()");
    EXPECT_TRUE(now == before || !watch->must_live()) << last;
    before = now;
  }
}

// What was asked for ahead would take minutes: it is cancelled.
TEST(PostgresClient, AStreamThatIsLeftDoesNotWaitForRowsThatNobodyWants) {
  dt::postgres::client db{postgres_server::shared().socket_string()};
  const auto began = std::chrono::steady_clock::now();
  for (const auto& [n, text] : db.stream<std::tuple<int, std::string>>(
           "select n, repeat('x', 900) from generate_series(1, 2000) n where n < 400 or pg_sleep(60)::text = ''")) {
    static_cast<void>(text);
    if (n == 300) break;
  }
  EXPECT_EQ(db.query_value<int>("select 1"), 1);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
}

TEST(PostgresClient, AStreamWhoseBackendIsKilledInTheMiddleSaysSo) {
  dt::postgres::client db{postgres_server::shared().socket_string("app", " retryAttempts=1")};
  auto rows = db.stream<std::tuple<int, int, std::string>>(
      "select n, pg_backend_pid(), repeat('x', 200) from generate_series(1, 200000) n");
  int seen = 0;
  for (;;) {
    auto next = rows.next();
    if (!next) {
      EXPECT_EQ(next.error().kind(), dt::condition::connection) << next.error().message();
      break;
    }
    ASSERT_NE(*next, nullptr) << "the end of the rows, after " << seen;
    ASSERT_EQ(std::get<0>(**next), ++seen);
    if (seen == 1000) {
      EXPECT_TRUE(db.query_value<bool>("select pg_terminate_backend(?)", std::get<1>(**next)));
    }
  }
  EXPECT_GE(seen, 1000);
  EXPECT_EQ(db.query_value<int>("select 1"), 1);
}

// The rows are there and not decoded when their statement is not prepared any more: one without a name lives as long as
// somebody uses it, one of the cache makes room for others.
TEST(PostgresClient, AStreamThatCameWholeKeepsTheStatementThatItsRowsAreDecodedBy) {
  const auto expect_three = [](auto rows, auto between) {
    for (int expected = 1; expected <= 3; ++expected) {
      between(expected);
      auto next = rows.next();
      ASSERT_TRUE(next) << next.error().message();
      ASSERT_NE(*next, nullptr);
      EXPECT_EQ(std::get<0>(**next), expected);
      EXPECT_EQ(std::get<1>(**next), "row " + std::to_string(expected));
    }
    auto end = rows.next();
    ASSERT_TRUE(end);
    EXPECT_EQ(*end, nullptr);
  };
  using numbered = std::tuple<int, std::string>;
  constexpr const char* few = "select n, 'row ' || n from generate_series(1, 3) n";
  for (const char* const how : {" unnamedStatements=true", " cacheStatements=0", " cacheStatements=1", ""}) {
    dt::postgres::client db{postgres_server::shared().socket_string("app", how)};
    expect_three(db.stream<numbered>(dt::runtime(few)), [](int) {});
    db.transaction([&](auto& tx) {
      expect_three(tx.template stream<numbered>(dt::runtime(few)), [&](int n) {
        EXPECT_EQ(tx.template query_value<int>("select ?::int", n), n);
        EXPECT_EQ(tx.template query_value<int>("select 1 + ?::int", n), n + 1);
      });
    });
  }
}

TEST(PostgresClient, AStreamInATransactionLeavesItOpen) {
  dt::postgres::client db{postgres_server::shared().socket_string()};
  db.transaction([](auto& tx) {
    int sum = 0;
    for (const int n : tx.template stream<int>("select generate_series(1, 10000)")) {
      sum += n;
      if (n == 5000) break;
    }
    EXPECT_EQ(sum, 5000 * 5001 / 2);
    EXPECT_EQ(tx.template query_value<int>("select 7"), 7);
  });
}

TEST(PostgresClient, ADeadlineEndsTheStatementAndTheConnectionLives) {
  both db{postgres_server::shared().socket_string("app", " maxConnections=1 retryAttempts=1")};
  const int blocking = db.blocking.query_value<int>("select pg_backend_pid()");
  bool must_live = true;
  db.in_each_style([&](auto& s) {
    EXPECT_TRUE(s.template run<void>([](auto&& c) { return c.script("select 1"); }));  // now it has a connection
    const dt::test::recovery_watch watch{100ms};
    const auto late = s.template run<void>([](auto&& c) { return c.within(100ms).script("select pg_sleep(600)"); });
    EXPECT_EQ(late.error().code(), dt::errc::deadline_passed);
    EXPECT_TRUE(s.template run<void>([](auto&& c) { return c.script("select 1"); }));
    must_live = must_live && watch.must_live();
  });
  if (!must_live) return;
  EXPECT_EQ(db.blocking.query_value<int>("select pg_backend_pid()"), blocking) << "the connection was not kept";
  EXPECT_EQ(db.asynchronous.statistics().opened, 1U);
}

TEST(PostgresClient, AnIntegerFitsTheTypeThatTheServerInfers) {
  dt::postgres::client db{postgres_server::shared().socket_string()};
  db.script("drop table if exists narrow; create table narrow(a smallint, b integer, c numeric(10,2), d uuid, e date)");
  db.execute("insert into narrow values (?, ?, ?, ?, ?)", std::int16_t{1}, 2, dt::decimal{"3.50"},
             "01234567-89ab-cdef-0123-456789abcdef", std::chrono::sys_days{std::chrono::year{2024} / 2 / 29});
  EXPECT_EQ(db.query_value<std::string>("select to_char(e, 'YYYY-MM-DD') from narrow where d = ?",
                                        "01234567-89ab-cdef-0123-456789abcdef"),
            "2024-02-29");
  EXPECT_EQ(to_string(db.query_value<dt::decimal>("select c from narrow")), "3.50");
}

TEST(PostgresClient, AsynchronousTransactionsCommitAndNest) {
  asio::io_context io;
  dt::postgres::async_client db{io.get_executor(), postgres_server::shared().socket_string()};
  std::exception_ptr failed;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        co_await db.script("drop table if exists aledger; create table aledger(x int)");
        co_await db.transaction([](auto& tx) -> asio::awaitable<void> {
          co_await tx.execute("insert into aledger values (1)");
          bool has_failed = false;
          try {
            co_await tx.transaction([](auto& inner) -> asio::awaitable<void> {
              co_await inner.execute("insert into aledger values (2)");
              co_await inner.execute("insert into aledger values (1/0)");
            });
          } catch (const dt::error&) {
            has_failed = true;
          }
          EXPECT_TRUE(has_failed);
        });
        const int n = co_await db.query_value<int>("select count(*)::int from aledger");
        EXPECT_EQ(n, 1);
      },
      [&](std::exception_ptr thrown) { failed = thrown; });
  io.run();
  if (failed) std::rethrow_exception(failed);
}

}  // namespace
