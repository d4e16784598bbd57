// Passwords that the server prepares (SASLprep) before it hashes them: each lets us in, as it lets psql in.
#include <dovetail/postgres.hpp>

#include <support/postgres_server.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>

namespace dt = dovetail;
using dt::test::postgres_server;

namespace {

class PostgresPasswords : public testing::Test {
 protected:
  ~PostgresPasswords() override { set(std::string{postgres_server::password}); }

  /// The server makes the hash.
  void set(const std::string& password) {
    std::string quoted;
    for (const char each : password) quoted.append(each == '\'' ? 2U : 1U, each);
    server_.sql("set client_encoding = 'UTF8'; alter role scram password '" + quoted + "'");
  }

  dt::result<int> log_in(const std::string& password) {
    std::string quoted;
    for (const char each : password) {
      if (each == '\'' || each == '\\') quoted += '\\';
      quoted += each;
    }
    dt::postgres::client db{"host=127.0.0.1 sslmode=disable port=" + std::to_string(server_.port()) +
                            " dbname=app user=scram password='" + quoted + "'"};
    return db.with(dt::as_result).query_value<int>("select 1");
  }

  postgres_server& server_ = postgres_server::shared();
};

TEST_F(PostgresPasswords, ThoseThatTheServerPreparesLetUsIn) {
  for (const char* password : {"plain",
                               "Z\u00FCrich",
                               "I\u00ADX",
                               "\u00AA\u00B2\u00B3\u00B5\u00BA\u00B9",
                               "a\u00A0b\u3000c\u2003d\u200Be",
                               "\uFEFFa\u200D\u2764\uFE0F",
                               "\uFF30\uFF41\uFF53\uFF53\uFF11\uFF5E",
                               "\u00BC\u00BD\u00BE",
                               "a\u00B4\u00A8\u00AF\u00B8",
                               "o\uFB03ce\u2026\u2122\u2011\uFB00\uFB01\uFB02\uFB04\uFB05\uFB06",
                               "\u041F\u0430\u0440\u043E\u043B\u044C \u20AC",
                               "\u65E5\u672C\u304B\u30AB",
                               "\uBE44\uBC00",
                               "a\t\u00ADb",
                               "\u0085\u00AA",
                               "\u200E\u00A0",
                               "\uE000\u00A0",
                               "\U0001F600\u00A0",
                               "\u00AD",
                               "\U000F0000\u00AA",
                               "\u2061\u00AA",
                               "\u05D0"}) {
    set(password);
    const dt::result<int> in = log_in(password);
    EXPECT_TRUE(in) << password << ": " << in.error().message();
  }
}

TEST_F(PostgresPasswords, OneWithCharactersThatWeDoNotPrepareIsRefusedWithItsReason) {
  set("u\u0308");
  const dt::result<int> refused = log_in("u\u0308");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), dt::condition::authentication);
  EXPECT_NE(refused.error().message().find("SASLprep"), std::string::npos) << refused.error().message();
  const dt::result<int> in = log_in("\u00FC");
  EXPECT_TRUE(in) << "as it is prepared: " << in.error().message();
}

/// In the table of what stays, so many that not all are tried: one password of the first and last of each range.
TEST_F(PostgresPasswords, TheEndsOfTheRangesOfWhatStaysLetUsIn) {
  std::string all;
  const auto add = [&all](unsigned code) {
    if (code >= 0x800) {
      all += static_cast<char>(0xE0 | (code >> 12));
      all += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    } else {
      all += static_cast<char>(0xC0 | (code >> 6));
    }
    all += static_cast<char>(0x80 | (code & 0x3F));
  };
  for (unsigned code = 0xA0; code < 0xD7A4; ++code) {
    const auto stays = [](unsigned c) { return dt::postgres::detail::stays_in_saslprep(c); };
    if (stays(code) && (code < 0x2800 || code % 97 == 0 || !stays(code - 1) || !stays(code + 1))) add(code);
  }
  ASSERT_GT(all.size(), 3000u);
  for (std::size_t at = 0; at < all.size();) {  // in parts: a failure says which
    std::size_t end = std::min(at + 300, all.size());
    while (end < all.size() && (static_cast<unsigned char>(all[end]) & 0xC0) == 0x80) ++end;
    const std::string part = all.substr(at, end - at);
    set("\u00AD" + part);
    const dt::result<int> in = log_in("\u00AD" + part);
    EXPECT_TRUE(in) << part << ": " << in.error().message();
    at = end;
  }
}

}  // namespace
