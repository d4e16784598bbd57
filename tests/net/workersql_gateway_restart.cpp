// The WorkerSQL gateway with idempotency keys in its database: a change is done once, whatever becomes of gateways.
#include <support/workersql_gateway.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace gateway_test;

struct GatewayRestart : testing::Test {
  file_database file;
  ws::gateway_options how = with_key();
  std::optional<ws::gateway> served;

  GatewayRestart() {
    how.idempotency.in_database = true;
    restart();
  }
  void restart() {
    served.reset();
    served.emplace(file.db, how);
  }
  response send(std::string_view key, std::string_view body, std::string_view path = "/v1/query") {
    return ask(*served, post(path, body,
                             std::string{"Authorization: Bearer J\r\nIdempotency-Key: "}.append(key).append("\r\n")));
  }
  int users() { return file.db.query_value<int>("select count(*) from users"); }
};

constexpr std::string_view insert = R"J({"sql":"insert into users(big) values (?) returning big","params":[7]})J";

TEST_F(GatewayRestart, AChangeThatIsRepeatedAfterARestartIsAnsweredAsTheFirstTime) {
  const response first = send("k", insert);
  EXPECT_EQ(first.status(), "200");
  EXPECT_TRUE(first.has(R"J("rows":[{"big":7}])J")) << first.body;
  EXPECT_FALSE(first.has("Idempotency-Replayed"));
  restart();
  const response again = send("k", insert);
  EXPECT_EQ(again.status(), "200");
  EXPECT_EQ(again.body, first.body);
  EXPECT_TRUE(again.has("Idempotency-Replayed: true\r\n"));
  EXPECT_EQ(users(), 1);
  restart();
  const response other = send("k", R"J({"sql":"insert into users(big) values (8)"})J");
  EXPECT_EQ(other.status(), "400");
  EXPECT_TRUE(other.has("was used for another request")) << other.body;
  EXPECT_EQ(send("l", insert).status(), "200");
  EXPECT_EQ(users(), 2);
}

TEST_F(GatewayRestart, ABatchIsDoneOnceInBothDialects) {
  for (const std::string_view name : {"batch", "queries"}) {
    const std::string body =
        std::string{"{\""}.append(name).append(R"J(":[)J").append(insert).append(",").append(insert).append("]}");
    const response first = send(name, body, "/v1/batch");
    EXPECT_EQ(first.status(), "200") << first.body;
    restart();
    const response again = send(name, body, "/v1/batch");
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(users(), 2) << name;
    file.db.execute("delete from users");
  }
}

TEST_F(GatewayRestart, WhatFailedWasNotDoneAndIsTriedAgain) {
  file.db.execute("insert into users(id) values (1)");
  const std::string_view body = R"J({"sql":"insert into users(id) values (1)"})J";
  EXPECT_EQ(send("k", body).status(), "400");
  file.db.execute("delete from users");
  restart();
  EXPECT_EQ(send("k", body).status(), "200");
  EXPECT_EQ(users(), 1);
  restart();
  EXPECT_TRUE(send("k", body).has("Idempotency-Replayed"));
}

TEST_F(GatewayRestart, WhatHasExpiredIsForgotten) {
  EXPECT_EQ(send("k", insert).status(), "200");
  EXPECT_EQ(send("old", insert).status(), "200");
  file.db.execute("update dovetail_idempotency set expires = 1");
  restart();
  EXPECT_FALSE(send("k", insert).has("Idempotency-Replayed"));
  EXPECT_EQ(users(), 3);
  EXPECT_EQ(file.db.query_value<int>("select count(*) from dovetail_idempotency"), 1);
}

TEST_F(GatewayRestart, TwoGatewaysThatAreAskedAtOnceDoItOnce) {
  dt::sqlite::client second_db{"sqlite:" + file.path + "?maxConnections=8"};
  ws::gateway second{second_db, how};
  std::atomic<int> replays{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 6; ++i) {
    clients.emplace_back([&, i] {
      for (int key = 0; key < 10; ++key) {
        const std::string fields = "Authorization: Bearer J\r\nIdempotency-Key: k" + std::to_string(key) + "\r\n";
        const std::string body =
            R"J({"sql":"insert into users(big) values (?)","params":[)J" + std::to_string(key) + "]}";
        response got;
        EXPECT_TRUE(soon([&] {  // 409 and 503: it is asked for again
          got = ask(i % 2 == 0 ? *served : second, query(body, fields));
          return got.status() == "200";
        })) << got.head
            << got.body;
        if (got.has("Idempotency-Replayed")) ++replays;
      }
    });
  }
  for (std::thread& each : clients) each.join();
  EXPECT_EQ(users(), 10);
  EXPECT_EQ(file.db.query_value<int>("select count(distinct big) from users"), 10);
  EXPECT_EQ(replays, 50);
}

TEST(GatewayOptions, ADatabaseThatKeepsNoKeysIsAMistake) {
  ws::gateway_options how = with_key();
  how.idempotency.in_database = true;
  EXPECT_THROW((ws::gateway{std::make_unique<gated_database>(), how}), dt::error);
}

// A process of its own serves, and is killed while it works; every key has then been done once or never.
TEST(GatewayKilled, WhatIsRepeatedAfterAKillIsDoneOnce) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "ThreadSanitizer knows no threads behind fork";
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "ThreadSanitizer knows no threads behind fork";
#endif
#endif
  std::string path;
  {
    file_database made;
    path = made.path + "_killed";
  }
  const std::string dsn = "sqlite:" + path + "?maxConnections=8";
  {
    dt::sqlite::client db{dsn};
    db.script("pragma journal_mode=wal; create table done(k int)");
  }
  ws::gateway_options how = with_key();
  how.idempotency.in_database = true;
  int ends[2] = {};
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    dt::sqlite::client db{dsn};
    ws::gateway served{db, how};
    const std::uint16_t port = served.port();
    if (::write(ends[1], &port, sizeof port) != sizeof port) ::_exit(1);
    for (;;) ::pause();
  }
  std::uint16_t port = 0;
  ASSERT_EQ(::read(ends[0], &port, sizeof port), static_cast<ssize_t>(sizeof port));
  const auto change = [](int key) {
    return query(R"J({"sql":"insert into done values (?)","params":[)J" + std::to_string(key) + "]}",
                 "Authorization: Bearer J\r\nIdempotency-Key: k" + std::to_string(key) + "\r\n");
  };
  std::atomic<int> next{0};
  std::atomic<int> answered{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      wire client{dt::tcp_endpoint{"127.0.0.1", port}};
      for (;;) {
        client.send(change(next++));
        if (receive(client).status() != "200") return;
        ++answered;
      }
    });
  }
  EXPECT_TRUE(soon([&] { return answered >= 40; }));
  ::kill(child, SIGKILL);
  for (std::thread& each : clients) each.join();
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  dt::sqlite::client db{dsn};
  {
    ws::gateway served{db, how};
    for (int key = 0; key < next; ++key) EXPECT_EQ(ask(served, change(key)).status(), "200");
  }
  EXPECT_EQ(db.query_value<int>("select count(*) from done"), next);
  EXPECT_EQ(db.query_value<int>("select count(distinct k) from done"), next);
  db.close();
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(path + end);
}

}  // namespace
