// Transfers between accounts by many threads while the PostgreSQL server is killed, restarted and frozen: the sum never
// changes, nobody waits past a deadline, and the pool heals by itself.
#include <dovetail/postgres.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace dt = dovetail;
using dt::test::postgres_server;
using namespace std::chrono_literals;

namespace {

constexpr int account_count = 20;
constexpr std::int64_t money = 1000;

class PostgresFaults : public testing::Test {
 protected:
  PostgresFaults()
      : db_{server_.socket_string("app", " maxConnections=8 acquireTimeout=5s"),
            {.retry = {.attempts = 20, .initial_delay = 20ms}, .timeout = 5s}} {
    db_.script(
        "drop table if exists purse; create table purse(id int primary key, money bigint not null check (money >= 0))");
    db_.execute("insert into purse select n, ? from generate_series(1, ?) as n", money, account_count);
  }

  /// Moves money at random until `stop`; whatever the server does to it.
  void transfer(unsigned seed) {
    std::mt19937 random{seed};
    while (!stop_) {
      const int from = static_cast<int>(random() % account_count) + 1;
      const int to = static_cast<int>(random() % account_count) + 1;
      const auto amount = static_cast<std::int64_t>(random() % 10);
      const auto begun = std::chrono::steady_clock::now();
      try {
        db_.transaction([&](auto& tx) {
          tx.execute("update purse set money = money - ? where id = ?", amount, from);
          tx.execute("update purse set money = money + ? where id = ?", amount, to);
        });
        ++done_;
      } catch (const dt::error&) {
        ++failed_;
      }
      const auto took = std::chrono::steady_clock::now() - begun;
      if (took > 60s) late_ = true;  // the deadline of 5 s, what ends a transaction, and what a busy machine adds
    }
  }

  void disturb(void (*with)(postgres_server&, dt::postgres::client&)) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 16; ++i) threads.emplace_back([this, i] { transfer(i); });
    std::this_thread::sleep_for(200ms);
    for (int round = 0; round < 2; ++round) {
      with(server_, db_);
      std::this_thread::sleep_for(300ms);
    }
    const long before = done_;
    for (int i = 0; i < 2400 && done_ < before + 20; ++i) std::this_thread::sleep_for(50ms);
    EXPECT_GE(done_, before + 20) << "the pool did not heal";
    stop_ = true;
    for (std::thread& each : threads) each.join();
    EXPECT_FALSE(late_);
    EXPECT_EQ(db_.query_value<std::int64_t>("select sum(money)::bigint from purse"), money * account_count);
  }

  postgres_server& server_ = postgres_server::shared();
  dt::postgres::client db_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> late_{false};
  std::atomic<long> done_{0};
  std::atomic<long> failed_{0};
};

TEST_F(PostgresFaults, AKilledBackendLosesNoMoney) {
  disturb([](postgres_server&, dt::postgres::client& db) {
    const auto process = db.with(dt::as_result).query_value<int>("select pg_backend_pid()");
    if (process) postgres_server::kill_backend(*process);
  });
}

TEST_F(PostgresFaults, TerminatedSessionsLoseNoMoney) {
  disturb([](postgres_server& server, dt::postgres::client&) {
    server.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'");
  });
}

TEST_F(PostgresFaults, ARestartLosesNoMoney) {
  disturb([](postgres_server& server, dt::postgres::client&) { server.restart(); });
}

/// Sessions of somebody else, as many as the server takes; and what it said to the next.
struct crowd {
  std::vector<std::unique_ptr<dt::postgres::client>> sessions;
  dt::error_info refusal;

  explicit crowd(const postgres_server& server) {
    while (sessions.size() < 200) {
      auto next = std::make_unique<dt::postgres::client>(server.socket_string("app", " maxConnections=1"),
                                                         dt::postgres::client::settings{.retry = {.attempts = 1}});
      const auto answer = next->with(dt::as_result).query_value<int>("select 1");
      if (!answer) {
        refusal = answer.error();
        return;
      }
      sessions.push_back(std::move(next));
    }
  }
};

TEST_F(PostgresFaults, AFullConnectionTableLosesNoMoney) {
  disturb([](postgres_server& server, dt::postgres::client&) {
    server.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'app'");
    const crowd others{server};
    EXPECT_EQ(others.refusal.server().sqlstate, "53300") << others.refusal.message();
    std::this_thread::sleep_for(500ms);
  });
}

TEST_F(PostgresFaults, AFullConnectionTableIsBusyAndPasses) {
  {
    const crowd others{server_};
    EXPECT_EQ(others.refusal.kind(), dt::condition::busy) << others.refusal.message();
    EXPECT_TRUE(others.refusal.is_transient());
    // Sessions of the test before this one may have ended late, and made room.
    std::vector<std::unique_ptr<dt::postgres::client>> more;
    dt::error_info refusal;
    while (!refusal && more.size() < 100) {
      more.push_back(std::make_unique<dt::postgres::client>(
          server_.socket_string("app", " maxConnections=1"),
          dt::postgres::client::settings{.retry = {.attempts = 3, .initial_delay = 10ms}}));
      const auto late = more.back()->with(dt::as_result).query_value<int>("select 1");
      if (!late) refusal = late.error();
    }
    EXPECT_EQ(refusal.kind(), dt::condition::busy) << refusal.message();
  }
  EXPECT_EQ(db_.query_value<int>("select 1"), 1);
}

TEST_F(PostgresFaults, AFrozenServerKeepsNobodyPastTheDeadline) {
  disturb([](postgres_server& server, dt::postgres::client&) {
    server.freeze();
    std::this_thread::sleep_for(1s);
    server.thaw();
  });
}

TEST_F(PostgresFaults, AFrozenServerIsLeftAtTheDeadline) {
  dt::postgres::client patient{server_.socket_string("app"), {.timeout = 120s}};
  patient.execute("select 1");
  server_.freeze();
  const auto begun = std::chrono::steady_clock::now();
  const auto answer = patient.within(300ms).with(dt::as_result).query_value<int>("select 1");
  const auto took = std::chrono::steady_clock::now() - begun;
  server_.thaw();
  EXPECT_EQ(answer.error().kind(), dt::condition::timeout) << answer.error().message();
  EXPECT_LT(took, 60s) << "of the 120 s that it would have without a deadline of its own";
  EXPECT_EQ(patient.query_value<int>("select 1"), 1);
}

}  // namespace
