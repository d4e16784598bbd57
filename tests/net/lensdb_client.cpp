// LensDB clients over real sockets: verbs, value formats, limits, and peers that answer wrongly, late or not at all.
#include <dovetail/lensdb.hpp>
#include <dovetail/lensdb_server.hpp>

#include <support/lensdb_peer.hpp>
#include <support/lensdb_session.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <future>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// Reflection sees structs with linkage only.
namespace lensdb_client_test {

struct user {
  std::string name;
  int age = 0;
  std::optional<double> score;
  friend bool operator==(const user&, const user&) = default;
};

}  // namespace lensdb_client_test

namespace {

using namespace lensdb_test;
using namespace std::chrono_literals;
using dt::errc;
using lensdb::operation;
using lensdb::status;
using lensdb_client_test::user;

using ldbd_client = dt::client<dt::tcp, lensdb::codec<lensdb::ldbd_v1, dt::json>>;

TEST(LensClient, TheVerbsOfTheFrontDoor) {
  lensdb::server server;
  lensdb::client kv{server.uri()};
  const user ada{"Ada", 36, 1.5};
  kv.set("user:1", ada);
  EXPECT_EQ(kv.get<user>("user:1"), ada);
  EXPECT_EQ(kv.get<user>("user:2"), std::nullopt);
  EXPECT_EQ(kv.get("user:1"), R"({"name":"Ada","age":36,"score":1.5})");
  kv.set("k", "v", 60s);
  EXPECT_EQ(kv.get("k"), "v");
  EXPECT_TRUE(kv.exists("k"));
  EXPECT_EQ(kv.size(), 2u);
  const auto keys = kv.keys();
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()), (std::set<std::string>{"k", "user:1"}));
  EXPECT_TRUE(kv.erase("k"));
  EXPECT_FALSE(kv.erase("k"));
  EXPECT_FALSE(kv.exists("k"));
  kv.ping();
  EXPECT_EQ(kv.stats(), "Basic statistics placeholder");
  kv.clear();
  EXPECT_EQ(kv.size(), 0u);
  EXPECT_TRUE(kv.keys().empty());
}

TEST(LensClient, TextAndBytesAreStoredAsTheyAreAndOtherTypesInTheFormat) {
  lensdb::server server;
  lensdb::client kv{server.uri()};
  const std::vector<std::byte> bytes{std::byte{0}, std::byte{0xFF}, std::byte{'"'}};
  kv.set("bytes", bytes);
  EXPECT_EQ(kv.get<std::vector<std::byte>>("bytes"), bytes);
  kv.set("text", std::string{"a \"quoted\" text"});
  EXPECT_EQ(kv.get("text"), "a \"quoted\" text");
  kv.set("empty", "");
  EXPECT_EQ(kv.get("empty"), "");
  kv.set("number", 42);
  EXPECT_EQ(kv.get<int>("number"), 42);
  EXPECT_EQ(kv.get("number"), "42");
  const std::vector<user> users{{"A", 1, {}}, {"B", 2, 0.5}};
  kv.set("users", users);
  EXPECT_EQ(kv.get<std::vector<user>>("users"), users);
}

TEST(LensClient, AValueThatIsNotOfItsTypeIsAnErrorAndTheConnectionLivesOn) {
  lensdb::server server;
  lensdb::client kv{server.uri("maxConnections=1")};
  kv.set("k", "not JSON");
  EXPECT_THROW(kv.get<user>("k"), dt::error);
  const auto failed = kv.with(dt::as_result).get<user>("k");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), dt::condition::data);
  EXPECT_EQ(kv.get("k"), "not JSON");
  EXPECT_EQ(kv.statistics().opened, 1u);
}

TEST(LensClient, AnotherFormatIsAPolicy) {
  lensdb::server server;
  dt::client<dt::tcp, lensdb::codec<lensdb::lens_v1, digits>> kv{server.uri()};
  kv.set("n", 7);
  EXPECT_EQ(kv.get<long>("n"), 7);
}

TEST(LensClient, TheSecondDialectTakesAConnectionForEachRequest) {
  lensdb::server server;
  ldbd_client kv{server.uri("dialect=ldbd_v1")};
  kv.set("user:1", user{"Ada", 36, {}});
  EXPECT_EQ(kv.get<user>("user:1")->name, "Ada");
  kv.set("t", "v", 60s);
  EXPECT_EQ(kv.size(), 2u);
  EXPECT_FALSE(kv.erase("nokey"));
  kv.ping();
  const auto unknown = kv.with(dt::as_result).stats();
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), errc::operation_unsupported);
  EXPECT_EQ(kv.get_many({"user:1", "t", "nokey"})[1], "v");
  EXPECT_EQ(server.statistics().requests, server.statistics().accepted);
}

TEST(LensClient, ManyValuesGoOverManyConnectionsAndComeBackInOrder) {
  lensdb::server server;
  lensdb::client kv{server.uri("maxConnections=4")};
  std::map<std::string, int> numbers;
  std::vector<std::string> keys;
  for (int i = 0; i < 500; ++i) numbers.emplace("n" + std::to_string(i), i);
  for (int i = 0; i < 500; ++i) keys.push_back("n" + std::to_string(i));
  keys.push_back("missing");
  kv.set_many(numbers);
  const auto values = kv.get_many<int>(keys);
  ASSERT_EQ(values.size(), 501u);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(values[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(values.back(), std::nullopt);
  EXPECT_LE(kv.statistics().opened, 4u);
  EXPECT_GE(kv.statistics().opened, 2u);
  EXPECT_TRUE(kv.get_many({}).empty());
  kv.set_many(std::vector<std::pair<std::string, std::string>>{{"a", "1"}, {"b", "2"}}, 60s);
  EXPECT_EQ(kv.get_many({"b", "a"}), (std::vector<std::optional<std::string>>{"2", "1"}));
  keys[250] = "";
  const auto failed = kv.with(dt::as_result).get_many(keys);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), errc::invalid_key);
  EXPECT_TRUE(failed.error().context().starts_with("request 251 of 501: GET")) << failed.error().message();
  std::vector<std::pair<std::string, std::string>> entries(500, {"k", "v"});
  entries[499].second.assign(2'000'000, 'v');
  const auto too_large = kv.with(dt::as_result).set_many(entries);
  ASSERT_FALSE(too_large);
  EXPECT_EQ(too_large.error().code(), errc::request_too_large);
  EXPECT_TRUE(too_large.error().context().starts_with("request 500 of 500: SET")) << too_large.error().message();
  EXPECT_FALSE(kv.exists("k"));  // no share has begun
  const auto too_long = kv.with(dt::as_result).set_many(std::vector(500, std::pair{"k", 1}), -1s);
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code(), errc::invalid_argument);
}

TEST(LensClient, ManyMayBeGivenInBraces) {
  lensdb::server server;
  lensdb::client kv{server.uri()};
  const std::string long_key(100, 'k');
  kv.set_many({{"a", 1}, {"b", "two"}, {long_key, user{"Ada", 36, {}}}});
  EXPECT_EQ(kv.get_many({"a", "b", "c"}), (std::vector<std::optional<std::string>>{"1", "two", std::nullopt}));
  EXPECT_EQ(kv.get_many<user>({long_key}), (std::vector<std::optional<user>>{user{"Ada", 36, {}}}));
  kv.set_many({{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"e", 5}, {"f", 6}, {"g", 7}, {"h", 8}, {"i", 9}}, 60s);
  EXPECT_EQ(kv.get_many<int>({"h", "i"}), (std::vector<std::optional<int>>{8, 9}));
  kv.set_many({{"a", 10}});
  kv.set_many({std::pair{"b", 20}, std::pair{"c", 30}});
  EXPECT_EQ(kv.get_many<int>({"a", "b", "c"}), (std::vector<std::optional<int>>{10, 20, 30}));
  kv.set_many({});
  EXPECT_EQ(kv.size(), 10u);
  const auto refused = kv.with(dt::as_result).set_many({{"a", 1}, {"b", 2}}, 0s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::invalid_argument);
  EXPECT_TRUE(refused.error().context().starts_with("request 1 of 2: a time to live")) << refused.error().message();
}

TEST(LensClient, ManyThreadsShareOneClient) {
  lensdb::server server;
  lensdb::client kv{server.uri("maxConnections=4")};
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int number = 0; number < 16; ++number) {
    threads.emplace_back([&, number] {
      const std::string key = "thread:" + std::to_string(number);
      for (int i = 0; i < 100; ++i) {
        kv.set(key, i);
        if (kv.get<int>(key) != i) ++failures;
      }
    });
  }
  for (std::thread& each : threads) each.join();
  EXPECT_EQ(failures, 0);
  EXPECT_LE(kv.statistics().opened, 4u);
}

TEST(LensClient, WhatTheRealServerWouldNotTakeIsRefusedWithoutAByte) {
  lensdb::server server{{.framing = lensdb::framing::one_per_recv}};
  lensdb::client kv{server.uri()};
  const auto refused = [](auto answer, errc code) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), code) << answer.error().message();
    EXPECT_NE(answer.error().where().line(), 0u);
  };
  kv.ping();
  const auto before = server.statistics().requests;
  refused(kv.with(dt::as_result).get(""), errc::invalid_key);
  refused(kv.with(dt::as_result).get(std::string(1025, 'k')), errc::invalid_key);
  refused(kv.with(dt::as_result).set("k", std::string(4078, 'v')), errc::request_too_large);
  refused(kv.with(dt::as_result).set("k", "v", 60s), errc::operation_unsupported);
  refused(kv.with(dt::as_result).set("k", "v", 0s), errc::invalid_argument);
  refused(kv.with(dt::as_result).set("k", "v", -1h), errc::invalid_argument);
  refused(kv.with(dt::as_result).set("k", "v", 24h * 365 * 200), errc::invalid_argument);
  EXPECT_EQ(dt::condition_of(errc::invalid_argument), dt::condition::misuse);
  EXPECT_EQ(server.statistics().requests, before);
  kv.set("b", std::string(4077, 'z'));  // V39: the largest that the real server takes
  EXPECT_EQ(kv.get("b")->size(), 4077u);
  EXPECT_EQ(server.statistics().refused_requests, 0u);
}

// What is wrong with each of these requests is known without a server.
template <class Client>
void expect_own_mistakes(Client& kv) {
  const auto refused = [](auto answer, errc code, std::string_view words) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code(), code) << answer.error().message();
    EXPECT_NE(answer.error().message().find(words), std::string::npos) << answer.error().message();
    EXPECT_NE(answer.error().where().line(), 0u);
  };
  const auto view = kv.with(dt::as_result);
  auto asking = view;
  refused(asking.get(""), errc::invalid_key, "GET: the key is empty");
  refused(asking.erase(std::string(70'000, 'k')), errc::invalid_key, "DELETE: the key has 70000 bytes");
  refused(asking.set("k", std::string(5000, 'v')), errc::request_too_large, "requestLimit is 4096");
  refused(asking.set("k", "v", 0s), errc::invalid_argument, "a time to live must be more than 0");
  refused(asking.set("k", "v", 1s), errc::operation_unsupported, "setex=true");
  refused(asking.get_many({"a", ""}), errc::invalid_key, "request 2 of 2: GET: the key is empty");
  refused(asking.set_many({{"", 1}}), errc::invalid_key, "SET: the key is empty");
  refused(asking.set_many(std::vector(200, std::pair{"", 1})), errc::invalid_key, "request 1 of 200");
  const auto counters = kv.statistics();
  EXPECT_EQ(counters.failed, 0u);
  EXPECT_EQ(counters.total, counters.active + counters.idle);
}

TEST(LensClient, OnesOwnMistakeIsToldWhenTheServerCannotBeReached) {
  std::string uri;
  {
    lensdb::server gone;
    uri = "lensdb://127.0.0.1:" + std::to_string(gone.port());
  }
  lensdb::client kv{uri + "?retryAttempts=1&maxConnections=4"};
  expect_own_mistakes(kv);
  ldbd_client second{uri + "?retryAttempts=1&requestLimit=4096"};
  expect_own_mistakes(second);
  const auto unknown = second.with(dt::as_result).stats();
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), errc::operation_unsupported);
}

TEST(LensClient, OnesOwnMistakeIsToldWhenAllConnectionsAreTaken) {
  std::promise<void> may_answer;
  peer slow{[told = may_answer.get_future().share()](peer::socket& from, int) {
    std::vector<std::byte> frame;
    while (peer::read_request(from, frame)) {
      told.wait();
      peer::write(from, ok("v"));
    }
  }};
  lensdb::client kv{slow.uri("?maxConnections=1&acquireTimeout=60s")};
  std::thread other{[&] { EXPECT_EQ(kv.get("k"), "v"); }};
  while (kv.statistics().active == 0) std::this_thread::yield();
  expect_own_mistakes(kv);
  may_answer.set_value();
  other.join();
}

TEST(LensClient, ARefusalIsReportedToTheObserverOnce) {
  struct recorder {
    std::vector<dt::observed>* seen = nullptr;
    void on(const dt::observation& what) noexcept { seen->push_back(what.what); }
  };
  std::vector<dt::observed> seen;
  dt::client<dt::tcp, lensdb::codec<>, dt::no_retry, dt::single_connection, recorder> kv{"lensdb://127.0.0.1:1",
                                                                                         {.observer = {&seen}}};
  EXPECT_FALSE(kv.with(dt::as_result).get(""));
  EXPECT_EQ(seen, std::vector{dt::observed::error});
}

TEST(LensClient, AfterAStatusFourTheConnectionIsDroppedAndNoAnswerIsMixedUp) {
  // The Haskell client of the real server goes on here and then returns one key's value for another.
  lensdb::server server{{.framing = lensdb::framing::one_per_recv}};
  lensdb::client kv{server.uri("maxConnections=1&requestLimit=100000")};
  kv.set("a", "value of a");
  const auto failed = kv.with(dt::as_result).set("b", std::string(50'000, 'y'));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind() == dt::condition::protocol || failed.error().code() == errc::outcome_unknown, true)
      << failed.error().message();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(kv.get("a"), "value of a");
    EXPECT_EQ(kv.get("b"), std::nullopt);
  }
  EXPECT_EQ(kv.statistics().opened, 2u);
}

TEST(LensClient, ADeadlineLeavesTheOutcomeOfAChangeUnknownAndTheConnectionUnused) {
  lensdb::server server{{.framing = lensdb::framing::one_per_recv, .storage = {.keys = 1}}};
  lensdb::client kv{server.uri("maxConnections=2&setex=true")};
  kv.set("a", "1");
  dt::result<void> stalled = errc::deadline_passed;
  for (auto limit = 30ms; limit < 60s && stalled.error().code() == errc::deadline_passed; limit *= 2) {  // not sent
    stalled = kv.within(limit).with(dt::as_result).set("t", "v", 60s);  // the real server never answers
    ASSERT_FALSE(stalled);
  }
  EXPECT_EQ(stalled.error().code(), errc::outcome_unknown);
  EXPECT_EQ(stalled.error().kind(), dt::condition::commit_unknown);
  EXPECT_NE(stalled.error().message().find("SETEX"), std::string::npos);
  dt::result<void> full = errc::deadline_passed;
  for (auto limit = 30ms; limit < 60s && full.error().code() == errc::deadline_passed; limit *= 2) {
    full = kv.within(limit).with(dt::as_result).set("b", "2");
    ASSERT_FALSE(full);
  }
  EXPECT_EQ(full.error().code(), errc::outcome_unknown);
  EXPECT_TRUE(kv.erase("a"));
  while (!kv.exists("b")) std::this_thread::yield();  // it did happen, later
  EXPECT_EQ(kv.get("b"), "2");
  EXPECT_EQ(kv.statistics().active, 0u);
}

TEST(LensClient, MistakesInTheConnectionStringAreNamed) {
  const auto failure = [](const std::string& text) {
    try {
      lensdb::client kv{text};
    } catch (const dt::error& wrong) {
      EXPECT_EQ(wrong.kind(), dt::condition::configuration) << text;
      return std::string{wrong.what()};
    }
    return std::string{"no failure"};
  };
  EXPECT_NE(failure("lensdb://127.0.0.1?maxConection=4").find("did you mean 'maxConnections'"), std::string::npos);
  EXPECT_NE(failure("lensdb://127.0.0.1?requestLimit=17").find("requestLimit"), std::string::npos);
  EXPECT_NE(failure("lensdb://127.0.0.1?requestLimit=x").find("requestLimit"), std::string::npos);
  EXPECT_NE(failure("lensdb://127.0.0.1?setex=perhaps").find("setex"), std::string::npos);
  EXPECT_NE(failure("lensdb://127.0.0.1?dialect=ldbd_v1").find("'lens_v1'"), std::string::npos);
  EXPECT_NE(failure("lensdb://127.0.0.1/db").find("path"), std::string::npos);
  EXPECT_NE(failure("lensdb:127.0.0.1:8080").find("behind two slashes"), std::string::npos);
  EXPECT_EQ(failure("lensdb://me:secret@127.0.0.1").find("secret"), std::string::npos);
  EXPECT_NE(failure("lensdb://me:secret@127.0.0.1").find("users"), std::string::npos);
  EXPECT_NE(failure("lensdb://127.0.0.1:99999").find("port"), std::string::npos);
  EXPECT_NE(failure("redis://127.0.0.1").find("lensdb"), std::string::npos);
  EXPECT_EQ(failure("lensdb://127.0.0.1:8080?timeout=250&minConnections=1&maxConnections=2&replyLimit=1000"),
            "no failure");
}

TEST(LensClient, LimitsOfEverythingAndOfNothingAreTakenOrRefused) {
  lensdb::server server;
  constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
  lensdb::client all{lensdb::client::options{server.endpoint(), {.reply_data = no_limit, .reply_message = no_limit}}};
  all.set("k", "v");
  EXPECT_EQ(all.get("k"), "v");
  const auto refused = [&](lensdb::client::settings how, std::string_view name) {
    try {
      lensdb::client kv{server.uri(), std::move(how)};
      ADD_FAILURE() << name;
    } catch (const dt::error& wrong) {
      EXPECT_EQ(wrong.code(), errc::invalid_option);
      EXPECT_NE(wrong.info().message().find(name), std::string::npos) << wrong.what();
    }
  };
  refused({.pool = {.max_connections = no_limit}}, "'max_connections'");
  refused({.pool = {.capacity = 1'000'001}}, "'capacity'");
  refused({.timeout = 0s}, "'timeout'");
  refused({.timeout = -1s}, "'timeout'");
  lensdb::client small{server.uri(), {.pool = {.min_connections = 20, .max_connections = 0, .idle_limit = -1s}}};
  small.maintain();
  EXPECT_EQ(small.get("k"), "v");
  EXPECT_EQ(small.statistics().max, 1u);
  EXPECT_EQ(small.statistics().min, 1u);
}

TEST(LensClient, AHostsNameDoesNotEndAtAZero) {
  lensdb::server server;
  const std::string name{"127.0.0.1\0.example.org", 22};
  lensdb::client kv{lensdb::client::options{{name, server.port()}, {}}, {.retry = {.attempts = 1}}};
  const auto refused = kv.with(dt::as_result).ping();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::host_not_found);
}

TEST(LensClient, AServerThatIsNotThereIsAConnectionError) {
  std::string uri;
  {
    lensdb::server gone;
    uri = gone.uri("retryAttempts=1");
  }
  lensdb::client kv{uri};
  try {
    kv.ping();
    FAIL();
  } catch (const dt::error& failure) {
    EXPECT_EQ(failure.kind(), dt::condition::connection);
    EXPECT_NE(std::string{failure.what()}.find("127.0.0.1:"), std::string::npos) << failure.what();
  }
}

TEST(LensClient, AServerWithTooManyConnectionsIsAnErrorThatSaysSo) {
  lensdb::server server{{.max_connections = 1}};
  lensdb::client first{server.uri()};
  first.ping();
  lensdb::client second{server.uri("retryAttempts=1")};
  const auto refused = second.with(dt::as_result).set("k", "v");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), dt::condition::connection);
  EXPECT_NE(refused.error().message().find("too many"), std::string::npos) << refused.error().message();
  first.close();
}

// A peer that is good for the first PINGs and then does the worst at one step; the next connection is good again.
struct misdeed {
  const char* what;
  void (*commit)(peer::socket&);
};

const misdeed misdeeds[] = {
    {"dies without a word", [](peer::socket&) {}},
    {"dies in the header",
     [](peer::socket& to) {
       auto half = ok("1");
       half.resize(7);
       peer::write(to, half);
     }},
    {"dies in the data",
     [](peer::socket& to) {
       auto half = ok("12345");
       half.resize(16);
       peer::write(to, half);
     }},
    {"answers garbage",
     [](peer::socket& to) {
       peer::write(to, std::vector<std::byte>(100, std::byte{0xAA}));
       peer::wait_for_end(to);
     }},
    {"announces four gigabytes",
     [](peer::socket& to) {
       auto huge = ok("x");
       huge[6] = huge[7] = std::byte{0xFF};
       peer::write(to, huge);
       peer::wait_for_end(to);
     }},
    {"answers twice",
     [](peer::socket& to) {
       auto twice = ok("1");
       const auto other = ok("2");
       twice.insert(twice.end(), other.begin(), other.end());
       peer::write(to, twice);
       peer::wait_for_end(to);
     }},
    {"has an unknown status",
     [](peer::socket& to) {
       auto odd = ok("1");
       odd[5] = std::byte{9};
       peer::write(to, odd);
       peer::wait_for_end(to);
     }},
    {"stalls", [](peer::socket& to) { peer::wait_for_end(to); }},
    {"resets",
     [](peer::socket& to) {
       to.set_option(asio::socket_base::linger{true, 0});
     }},
};

void serve_well(peer::socket& from, int requests) {
  std::vector<std::byte> frame;
  for (int i = 0; i < requests && peer::read_request(from, frame); ++i) {
    peer::write(from, ok(frame[5] == std::byte{0} ? "pong" : "1"));
  }
}

TEST(LensClient, APeerThatMisbehavesLeavesTheClientUsableAndThePoolClean) {
  for (const misdeed& each : misdeeds) {
    SCOPED_TRACE(each.what);
    peer bad{[&](peer::socket& from, int number) {
      if (number != 0) return serve_well(from, 1'000'000);
      serve_well(from, 1);  // the PING of the start
      std::vector<std::byte> frame;
      if (peer::read_request(from, frame)) each.commit(from);
    }};
    lensdb::client kv{bad.uri("?maxConnections=1&retryAttempts=1&timeout=200")};
    const auto failed = kv.with(dt::as_result).set("k", "1");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code(), errc::outcome_unknown) << failed.error().message();
    EXPECT_EQ(kv.get("k"), "1");
    const auto statistics = kv.statistics();
    EXPECT_EQ(statistics.active, 0u);
    EXPECT_EQ(statistics.total, 1u);
    EXPECT_EQ(statistics.opened, 2u);
    EXPECT_EQ(statistics.closed, 1u);
    kv.close();
  }
}

TEST(LensClient, AQuestionIsAskedAgainAfterALostReplyAndAChangeIsNot) {
  for (const misdeed& each : misdeeds) {
    SCOPED_TRACE(each.what);
    if (std::string_view{each.what} == "stalls" || std::string_view{each.what} == "answers garbage" ||
        std::string_view{each.what}.starts_with("announces") || std::string_view{each.what} == "answers twice" ||
        std::string_view{each.what}.starts_with("has an")) {
      continue;  // takes the whole time, or is no failure of the connection
    }
    peer bad{[&](peer::socket& from, int number) {
      if (number != 0) return serve_well(from, 1'000'000);
      serve_well(from, 1);
      std::vector<std::byte> frame;
      if (peer::read_request(from, frame)) each.commit(from);
    }};
    lensdb::client kv{bad.uri("?maxConnections=1&retryAttempts=3&retryDelay=1")};
    EXPECT_EQ(kv.get("k"), "1");
    EXPECT_EQ(bad.connections(), 2);
    kv.close();
  }
}

TEST(LensClient, AReplyTooManyThatComesLaterAnswersNoOtherRequest) {
  std::atomic<bool> has_first{false};
  std::atomic<bool> has_said_more{false};
  peer bad{[&](peer::socket& from, int number) {
    if (number != 0) return serve_well(from, 1'000'000);
    from.set_option(asio::ip::tcp::no_delay{true});
    serve_well(from, 2);  // the PING of the start, and the first request
    while (!has_first) std::this_thread::yield();
    peer::write(from, ok("of nobody"));
    has_said_more = true;
    serve_well(from, 1'000'000);
  }};
  lensdb::client kv{bad.uri("?maxConnections=1&retryAttempts=1")};
  EXPECT_EQ(kv.get("a"), "1");
  has_first = true;
  while (!has_said_more) std::this_thread::yield();
  EXPECT_EQ(kv.get("b"), "1");
  EXPECT_EQ(kv.statistics().opened, 2u);
  kv.close();
}

// A format that keeps the client between a reply of "2" and its next request until the peer has said more.
std::atomic<bool> has_read_two{false};
std::atomic<bool> has_said_more_than_two{false};
struct patient_digits : digits {
  template <class T>
  static dt::result<T> decode(std::string_view text) {
    if (text == "2") {
      has_read_two = true;
      while (!has_said_more_than_two) std::this_thread::yield();
    }
    return digits::decode<T>(text);
  }
};

TEST(LensClient, AReplyTooManyWithinAManyAnswersNoOtherRequest) {
  has_read_two = has_said_more_than_two = false;
  peer bad{[&](peer::socket& from, int number) {
    if (number != 0) return serve_well(from, 1'000'000);
    from.set_option(asio::ip::tcp::no_delay{true});
    serve_well(from, 2);  // the PING of the start, and "a"
    std::vector<std::byte> frame;
    peer::read_request(from, frame);
    peer::write(from, ok("2"));
    while (!has_read_two) std::this_thread::yield();
    peer::write(from, ok("3"));  // again for "b"; "c" has 1
    has_said_more_than_two = true;
    peer::wait_for_end(from);
  }};
  dt::client<dt::tcp, lensdb::codec<lensdb::lens_v1, patient_digits>> kv{bad.uri("?maxConnections=1&retryAttempts=1")};
  const auto failed = kv.with(dt::as_result).get_many<int>({"a", "b", "c"});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), errc::unexpected_message) << failed.error().message();
  EXPECT_TRUE(failed.error().context().starts_with("request 3 of 3: GET")) << failed.error().message();
  EXPECT_EQ(kv.get<int>("c"), 1);
  EXPECT_EQ(kv.statistics().opened, 2u);
  kv.close();
}

TEST(LensClient, AChangeAfterARestartOfTheServerIsExecutedOnANewConnection) {
  std::optional<lensdb::server> server{std::in_place};
  const std::uint16_t port = server->port();
  lensdb::client kv{server->uri("maxConnections=1&retryAttempts=1")};
  kv.set("k", 1);
  server.reset();
  server.emplace(lensdb::server_options{.port = port});
  kv.set("k", 2);  // an idle connection that the peer has ended was: the outcome is unknown
  EXPECT_EQ(kv.get<int>("k"), 2);
  EXPECT_EQ(kv.statistics().opened, 2u);
}

TEST(LensClient, AServerThatAcceptsAndNeverAnswersIsATimeoutNotAnUnknownOutcome) {
  peer silent{[](peer::socket& from, int) { peer::wait_for_end(from); }};  // as the upstream program is, unmodified
  lensdb::client kv{silent.uri("?timeout=50&retryAttempts=1")};
  const auto failed = kv.with(dt::as_result).set("k", "v");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind(), dt::condition::timeout) << failed.error().message();
}

// The pool's clock is the policy's, so that a test needs no four minutes.
std::atomic<std::int64_t> fake_seconds{0};
struct fake_time_pool : dt::bounded_pool {
  dt::clock::time_point now() const noexcept {
    return dt::clock::time_point{std::chrono::seconds{fake_seconds.load()}};
  }
};

dt::clock::time_point server_now() noexcept { return dt::clock::time_point{std::chrono::seconds{fake_seconds.load()}}; }

TEST(LensClient, ATimeToLiveIsRoundedUpToSeconds) {
  fake_seconds = 1000;
  lensdb::server server{{.now = server_now}};
  lensdb::client kv{server.uri()};
  kv.set("k", "v", 1ms);
  EXPECT_EQ(kv.get("k"), "v");  // a second, not nothing
  fake_seconds = 1001;
  EXPECT_EQ(kv.get("k"), std::nullopt);
}

TEST(LensClient, ATimeToLiveIsRoundedUpExactlyUpToItsBounds) {
  const auto rounded = [](lensdb::time_to_live wanted) {
    lensdb::set_operation asked;
    wanted.apply_to(asked);
    EXPECT_EQ(asked.refused.code() == errc::invalid_argument, !asked.seconds);
    return asked.seconds.value_or(0);
  };
  using real = std::chrono::duration<double>;
  EXPECT_EQ(rounded(1ns), 1U);
  EXPECT_EQ(rounded(1s), 1U);
  EXPECT_EQ(rounded(1s + 1ns), 2U);
  EXPECT_EQ(rounded(1'000'000'000s + 1ns), 1'000'000'001U);
  EXPECT_EQ(rounded(4'294'967'295s), 4'294'967'295U);
  EXPECT_EQ(rounded(real{4'294'967'294.5}), 4'294'967'295U);
  EXPECT_EQ(rounded(std::chrono::duration<float>{1.5F}), 2U);
  EXPECT_EQ(rounded(std::chrono::duration<std::uint64_t>{5}), 5U);
  EXPECT_EQ(rounded(0s), 0U);
  EXPECT_EQ(rounded(-1ns), 0U);
  EXPECT_EQ(rounded(4'294'967'295s + 1ns), 0U);
  EXPECT_EQ(rounded(4'294'967'296s), 0U);
  EXPECT_EQ(rounded(std::chrono::hours::max()), 0U);
  EXPECT_EQ(rounded(std::chrono::nanoseconds::min()), 0U);
  EXPECT_EQ(rounded(std::chrono::duration<std::uint64_t>::max()), 0U);
  EXPECT_EQ(rounded(real{std::numeric_limits<double>::quiet_NaN()}), 0U);
  EXPECT_EQ(rounded(real{std::numeric_limits<double>::infinity()}), 0U);
}

TEST(LensClient, AnIdleConnectionIsRetiredBeforeTheServerForgetsIt) {
  using client = dt::client<dt::tcp, lensdb::codec<>, dt::no_retry, fake_time_pool>;
  static_assert(lensdb::codec<>::idle_limit < 240s);
  fake_seconds = 10'000;
  lensdb::server server;
  client kv{server.uri()};
  kv.ping();
  fake_seconds = 10'000 + 234;
  kv.ping();
  EXPECT_EQ(kv.statistics().opened, 1u);
  fake_seconds = 10'000 + 234 + 235;
  kv.ping();
  EXPECT_EQ(kv.statistics().opened, 2u);
}

}  // namespace
