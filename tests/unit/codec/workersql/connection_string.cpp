#include <dovetail/client/workersql/connection_string.hpp>
#include <dovetail/client/workersql/policies.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace {

namespace dt = dovetail;
namespace workersql = dovetail::workersql;
using namespace std::chrono_literals;

dt::parsed_string<workersql::options> parsed(std::string_view text) {
  auto read = workersql::parse(text);
  EXPECT_TRUE(read) << read.error().message();
  return read ? *std::move(read) : dt::parsed_string<workersql::options>{};
}

std::string complaint(std::string_view text) {
  const auto read = workersql::parse(text);
  EXPECT_FALSE(read) << "no complaint about " << text;
  return read ? std::string{} : read.error().message();
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

// The three DSNs of the seed document, character for character.

TEST(WorkersqlDsn, TheSeedsBasicConnectionIsRead) {
  const auto read = parsed("workersql://user:pass@api.workersql.com/mydb?apiKey=abc123");
  EXPECT_EQ(read.options.user, "user");
  EXPECT_EQ(read.options.password.reveal(), "pass");
  EXPECT_EQ(read.options.database, "mydb");
  EXPECT_EQ(read.options.api_key.reveal(), "abc123");
  EXPECT_EQ(read.options.endpoint, (workersql::api_endpoint{"api.workersql.com", 443, true, "/v1"}));
  EXPECT_EQ(read.options.public_name(), "https://api.workersql.com/v1");
}

TEST(WorkersqlDsn, TheSeedsPoolingConfigurationIsRead) {
  const auto read = parsed("workersql://api.workersql.com/mydb?apiKey=abc123&maxConnections=20&minConnections=5");
  EXPECT_EQ(read.settings.max_connections, 20U);
  EXPECT_EQ(read.settings.min_connections, 5U);
  EXPECT_TRUE(read.options.user.empty());
}

TEST(WorkersqlDsn, TheSeedsLocalDevelopmentIsPlainHttp) {
  const auto read = parsed("workersql://localhost:8787/test?ssl=false&apiKey=dev-key");
  EXPECT_EQ(read.options.endpoint, (workersql::api_endpoint{"localhost", 8787, false, "/v1"}));
  EXPECT_EQ(read.options.public_name(), "http://localhost:8787/v1");
}

TEST(WorkersqlDsn, TheDefaultsAreThoseOfTheSeed) {
  const auto read = parsed("workersql://h/d");
  EXPECT_FALSE(read.settings.timeout);
  const workersql::sdk_backoff retry;
  EXPECT_EQ(retry.attempts, 3);
  EXPECT_EQ(retry.initial_delay, 1s);
  const workersql::keep_alive_pool pool;
  EXPECT_EQ(pool.min_connections, 1U);
  EXPECT_EQ(pool.max_connections, 10U);
  EXPECT_EQ(pool.idle_limit, 300s);
  EXPECT_EQ(pool.check_interval, 60s);
  EXPECT_EQ(read.options.batches, workersql::batch_dialect::gateway);
}

TEST(WorkersqlDsn, EveryParameterIsRead) {
  const auto read = parsed(
      "workersql://h/d?timeout=1500&retryAttempts=5&retryDelay=250&idleTimeout=9000&healthCheckInterval=7000"
      "&pooling=true&batch=sdk&batchLimit=50&consistency=strong&idempotency=all&proxy=http://"
      "u:p%2540ss@proxy:3128&tlsVerify=false"
      "&responseLimit=4096&includeStatementText=true");
  EXPECT_EQ(read.settings.timeout, 1500ms);
  EXPECT_EQ(read.settings.retry_attempts, 5);
  EXPECT_EQ(read.settings.retry_delay, 250ms);
  EXPECT_EQ(read.settings.idle_limit, 9s);
  EXPECT_EQ(read.settings.check_interval, 7s);
  EXPECT_EQ(read.options.batches, workersql::batch_dialect::sdk);
  EXPECT_EQ(read.options.consistency, workersql::consistency::strong);
  EXPECT_EQ(read.options.idempotency, workersql::idempotency::all);
  EXPECT_EQ(read.options.proxy_host, "proxy");
  EXPECT_EQ(read.options.proxy_port, 3128);
  EXPECT_EQ(read.options.batch_limit, 50U);
  EXPECT_EQ(read.options.proxy_user, "u");
  EXPECT_EQ(read.options.proxy_password.reveal(), "p@ss");
  EXPECT_FALSE(read.options.verify_certificate);
  EXPECT_EQ(read.options.response_limit, 4096U);
  EXPECT_TRUE(read.options.include_statement_text);
}

TEST(WorkersqlDsn, AnExplicitEndpointWinsOverHostPortAndSsl) {
  const auto read = parsed("workersql://h:1/d?ssl=false&apiEndpoint=https://edge.example:8443/sql/");
  EXPECT_EQ(read.options.endpoint, (workersql::api_endpoint{"edge.example", 8443, true, "/sql"}));
  EXPECT_EQ(parsed("workersql://h/d?apiEndpoint=http%3A%2F%2F127.0.0.1%3A8787%2Fapi%2Fv1").options.endpoint,
            (workersql::api_endpoint{"127.0.0.1", 8787, false, "/api/v1"}));
  EXPECT_EQ(parsed("workersql://h/d?apiEndpoint=http://h2").options.endpoint,
            (workersql::api_endpoint{"h2", 80, false, ""}));
  EXPECT_EQ(parsed("workersql://h/d?apiEndpoint=https://[::1]:9/v1").options.endpoint,
            (workersql::api_endpoint{"::1", 9, true, "/v1"}));
}

// One line of the table of edge cases (specs/workersql.md, section 5) each, in its sane reading.

TEST(WorkersqlDsn, EdgeCasesAreReadSanely) {
  EXPECT_EQ(parsed("WORKERSQL://h/d").options.endpoint.host, "h");
  EXPECT_EQ(parsed("workersql://h").options.database, "");
  EXPECT_EQ(parsed("workersql://h/").options.database, "");
  EXPECT_EQ(parsed("workersql://h/?timeout=5s").options.database, "");
  EXPECT_EQ(parsed("workersql://h/d?").options.database, "d");
  EXPECT_EQ(parsed("workersql://[::1]:8787/d?ssl=false").options.public_name(), "http://[::1]:8787/v1");
  EXPECT_EQ(parsed("workersql://u:a:b@h/d").options.password.reveal(), "a:b");
  EXPECT_EQ(parsed("workersql://u:p@ss@h/d").options.password.reveal(), "p@ss");
  EXPECT_EQ(parsed("workersql://u@h/d").options.user, "u");
  EXPECT_EQ(parsed("workersql://:p@h/d").options.password.reveal(), "p");
  EXPECT_EQ(parsed("workersql://user:@h/d").options.user, "user");
  EXPECT_EQ(parsed("workersql://h/d%62").options.database, "db");
  EXPECT_EQ(parsed("workersql://h/d?apiKey=a+b").options.api_key.reveal(), "a+b");
  EXPECT_EQ(parsed("workersql://h/d?apiKey=a=b==").options.api_key.reveal(), "a=b==");
  EXPECT_EQ(parsed("workersql://h:8787/db?apiKey=a@b").options.endpoint.host, "h");
  EXPECT_EQ(parsed("workersql://h/d?ssl=FALSE").options.endpoint.is_tls, false);
  EXPECT_EQ(parsed("workersql://h/d?pooling=false").settings.max_connections, 1U);
}

TEST(WorkersqlDsn, MistakesAreNamedPrecisely) {
  EXPECT_TRUE(has(complaint(""), "empty"));
  EXPECT_TRUE(has(complaint("mysql://h/d"), "must begin with 'workersql:'"));
  EXPECT_TRUE(has(complaint("workersql:///db"), "no host"));
  EXPECT_TRUE(has(complaint("workersql://h:0/d"), "port"));
  EXPECT_TRUE(has(complaint("workersql://h:99999/d"), "port"));
  EXPECT_TRUE(has(complaint("workersql://h:abc/d"), "port"));
  EXPECT_TRUE(has(complaint("workersql://h/d?apiKey=%zz"), "'apiKey'"));
  EXPECT_TRUE(has(complaint("workersql://h/d#frag"), "'#'"));
  EXPECT_TRUE(has(complaint("workersql://h/d?timeout=1&timeout=2"), "'timeout' is given more than once"));
  EXPECT_TRUE(has(complaint("workersql://h/d?apikey=x"), "did you mean 'apiKey'?"));
  EXPECT_TRUE(has(complaint("workersql://h/d?timeout=soon"), "'timeout'"));
  EXPECT_TRUE(has(complaint("workersql://h/d?timeout=0"), "'timeout'"));
  EXPECT_TRUE(has(complaint("workersql://h/d?timeout=0"), "at least 1ms"));
  EXPECT_EQ(parsed("workersql://h/d?timeout=1&acquireTimeout=0").settings.timeout, 1ms);
  EXPECT_TRUE(has(complaint("workersql://h/d?retryAttempts=0"), "'retryAttempts'"));
  EXPECT_TRUE(has(complaint("workersql://h/d?ssl=maybe"), "'ssl'"));
  EXPECT_TRUE(has(complaint("workersql://h/d?batch=quick"), "'gateway', 'sdk'"));
  EXPECT_TRUE(has(complaint("workersql://h/d?apiEndpoint=ftp://x"), "'apiEndpoint'"));
  EXPECT_TRUE(has(complaint("workersql://h/d?apiEndpoint=https://x/v1%3Fa=b"), "must not have parameters"));
  EXPECT_TRUE(has(complaint("workersql://h/d?proxy=https://p:1"), "'proxy'"));
  EXPECT_TRUE(has(complaint("workersql://h/d?batchLimit=0"), "'batchLimit'"));
  EXPECT_TRUE(has(complaint("workersql://h/d?proxy=http://:hunter2@p:1"), "'proxy'"));
  EXPECT_TRUE(has(complaint("workersql://h/d?proxy=http://u%253Av:hunter2@p:1"), "a user with a colon"));
  EXPECT_FALSE(has(complaint("workersql://h/d?proxy=http://u%253Av:hunter2@p:1"), "hunter2"));
  EXPECT_FALSE(has(complaint("workersql://h/d?proxy=http://:hunter2@p:1"), "hunter2"));
  for (const char* character : {"%2500", "%250A", "%251F", "%257F"}) {  // RFC 7617 section 2
    const std::string of_user = std::string{"workersql://h/d?proxy=http://u"} + character + "v:hunter2@p:1";
    const std::string of_password = std::string{"workersql://h/d?proxy=http://u:hunter2"} + character + "@p:1";
    EXPECT_TRUE(has(complaint(of_user), "'proxy'")) << character;
    EXPECT_TRUE(has(complaint(of_password), "'proxy'")) << character;
    EXPECT_FALSE(has(complaint(of_password), "hunter2")) << character;
  }
  EXPECT_TRUE(has(complaint("workersql://h/d?proxy=http://u%250Av:hunter2@p:1"), "a user with a control character"));
  EXPECT_TRUE(has(complaint("workersql://h/d?proxy=http://u:hunter%250A2@p:1"), "a password with a control character"));
  EXPECT_TRUE(has(complaint("workersql://h/d?apiKey="), "'apiKey'"));
}

TEST(WorkersqlDsn, NoMessageQuotesAKeyOrAPassword) {
  // A '&' that is not escaped in the password of a proxy makes a piece of it look like a parameter.
  EXPECT_FALSE(has(complaint("workersql://h/d?proxy=http%3A%2F%2Fuser%3Apa&SECRET&tail%40host"), "SECRET"));
  for (const char* each :
       {"workersql://u:hushhush@h/d?apiKey=hushhush%0A", "workersql://u:hushhush@h:0/d?apiKey=hushhush",
        "workersql://u:hushhush@h/d?apiKey=hushhush&nonsense=1", "workersql://u:hushhush@h/d?apiKey=hush hush"}) {
    EXPECT_FALSE(has(complaint(each), "hush")) << complaint(each);
  }
}

TEST(WorkersqlRetry, TheDelayGrowsToItsCapAndJitterComesOnTop) {
  const workersql::sdk_backoff retry;
  EXPECT_EQ(retry.delay_after(1), 1s);
  EXPECT_EQ(retry.delay_after(2), 2s);
  EXPECT_EQ(retry.delay_after(7), 30s);
  dt::failure facts;
  facts.kind = dt::condition::busy;
  EXPECT_EQ(retry.decide(facts), dt::verdict::repeat_after(1s));
  facts.random = 0x80000000U;  // half of 30 %
  EXPECT_EQ(retry.decide(facts), dt::verdict::repeat_after(1150ms));
  facts.attempt = 3;
  EXPECT_EQ(retry.decide(facts), dt::verdict::give_up());
}

// Section 1.4: CONNECTION_ERROR, TIMEOUT_ERROR and RESOURCE_LIMIT are retryable.
TEST(WorkersqlRetry, WhatTheSdksRepeatIsRepeatedWhereItDoesNoHarm) {
  const workersql::sdk_backoff retry;
  const auto repeats = [&retry](dt::condition kind, bool is_idempotent, std::chrono::seconds budget = 60s) {
    return retry
        .decide({.kind = kind,
                 .attempt = 1,
                 .idempotent = is_idempotent,
                 .bytes_sent = 9,
                 .elapsed = {},
                 .budget = budget,
                 .random = 0})
        .repeat;
  };
  EXPECT_TRUE(repeats(dt::condition::timeout, true));
  EXPECT_FALSE(repeats(dt::condition::timeout, false));
  EXPECT_FALSE(repeats(dt::condition::timeout, true, 0s)) << "the caller's own limit";
  EXPECT_TRUE(repeats(dt::condition::connection, true));
  EXPECT_FALSE(repeats(dt::condition::connection, false));
  EXPECT_TRUE(repeats(dt::condition::busy, false)) << "nothing was executed";
  for (const dt::condition never : {dt::condition::syntax, dt::condition::authentication, dt::condition::permission,
                                    dt::condition::limit, dt::condition::server}) {
    EXPECT_FALSE(repeats(never, true));
  }
}

}  // namespace
