#include <dovetail/workersql.hpp>

#include <support/tls_server.hpp>

#include <gtest/gtest.h>

#include <string>

namespace {

namespace dt = dovetail;
namespace workersql = dovetail::workersql;

constexpr const char* one =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 33\r\n\r\n"
    R"({"success":true,"data":[{"n":1}]})";

std::string dsn(const tests::tls_server& server, const std::string& more) {
  return "workersql://127.0.0.1:" + std::to_string(server.port()) + "/db?apiKey=J&retryAttempts=1&" + more;
}

TEST(WorkersqlTls, HttpsIsTheDefaultAndTheCertificateIsChecked) {
  tests::tls_server server{{.answer = one}};
  {
    workersql::client db{dsn(server, "tlsAuthorities=" + server.authority_file())};
    EXPECT_EQ(db.query_value<int>("select 1 as n"), 1);
    EXPECT_EQ(db.query_value<int>("select 1 as n"), 1);
  }
  workersql::client stranger{dsn(server, "")};
  const auto refused = stranger.with(dt::as_result).query_value<int>("select 1 as n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), dt::condition::authentication);
  workersql::client careless{dsn(server, "tlsVerify=false")};
  EXPECT_EQ(careless.query_value<int>("select 1 as n"), 1);
}

TEST(WorkersqlTls, TheCertificateMustBeForTheHost) {
  tests::tls_server server{{.names = "DNS:elsewhere.example", .answer = one}};
  workersql::client db{dsn(server, "tlsAuthorities=" + server.authority_file())};
  const auto refused = db.with(dt::as_result).query_value<int>("select 1 as n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), dt::condition::authentication);
}

TEST(WorkersqlTls, AServerWithoutTlsIsAnErrorAndGetsNoKey) {
  tests::tls_server server{{.speaks_plain_text = true}};
  workersql::client db{dsn(server, "tlsAuthorities=" + server.authority_file())};
  const auto refused = db.with(dt::as_result).query_value<int>("select 1 as n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message().find("Bearer"), std::string::npos);
}

}  // namespace
