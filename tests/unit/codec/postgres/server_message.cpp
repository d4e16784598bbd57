#include <dovetail/codec/postgres/server_message.hpp>

#include <support/postgres_login.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

namespace dt = dovetail;
namespace pg = dovetail::postgres;
namespace wire = postgres_wire;

dt::byte_view body_of(const std::string& message) { return dt::as_byte_view(message).subspan(5); }

// What PostgreSQL 15 sends for a duplicate key, but for the language of its severity.
const std::string duplicate = wire::report('E', {{'S', "FEHLER"},
                                                 {'V', "ERROR"},
                                                 {'C', "23505"},
                                                 {'M', "duplicate key value violates unique constraint \"city_pkey\""},
                                                 {'D', "Key (id)=(1) already exists."},
                                                 {'s', "public"},
                                                 {'t', "city"},
                                                 {'n', "city_pkey"},
                                                 {'F', "nbtinsert.c"},
                                                 {'L', "664"},
                                                 {'R', "_bt_check_unique"}});

TEST(PostgresServerMessage, AnErrorKeepsEveryField) {
  const dt::error_info failure = pg::detail::server_error(body_of(duplicate));
  EXPECT_EQ(failure.code(), pg::sqlstate::unique_violation);
  EXPECT_EQ(failure.kind(), dt::condition::constraint);
  EXPECT_EQ("ERROR", failure.server().severity);
  EXPECT_EQ("23505", failure.server().sqlstate);
  EXPECT_EQ("duplicate key value violates unique constraint \"city_pkey\"", failure.server().message);
  EXPECT_EQ("Key (id)=(1) already exists.", failure.server().detail);
  EXPECT_EQ("public", failure.server().schema);
  EXPECT_EQ("city", failure.server().table);
  EXPECT_EQ("city_pkey", failure.server().constraint);
  EXPECT_EQ(0, failure.server().position);
  EXPECT_FALSE(pg::detail::is_fatal(failure.server()));
}

TEST(PostgresServerMessage, PositionHintColumnAndTypeAreKeptToo) {
  const std::string message = wire::report(
      'E', {{'S', "FATAL"}, {'C', "42703"}, {'M', "m"}, {'H', "hint"}, {'P', "8"}, {'c', "col"}, {'d', "typ"}});
  const dt::error_info failure = pg::detail::server_error(body_of(message));
  EXPECT_EQ("hint", failure.server().hint);
  EXPECT_EQ(8, failure.server().position);
  EXPECT_EQ("col", failure.server().column);
  EXPECT_EQ("typ", failure.server().datatype);
  EXPECT_EQ("FATAL", failure.server().severity);
  EXPECT_TRUE(pg::detail::is_fatal(failure.server()));
}

TEST(PostgresServerMessage, TheContextIsKeptAndNotInTheTextWithoutTheStatement) {
  const std::string at = "PL/pgSQL function pay(integer) line 3 at RAISE\nSQL statement \"select pay(17)\"";
  const std::string message = wire::report('E', {{'S', "ERROR"}, {'C', "P0001"}, {'M', "too little"}, {'W', at}});
  dt::error_info failure = pg::detail::server_error(body_of(message));
  EXPECT_EQ(failure.server().context, at);
  EXPECT_EQ(failure.message(), "too little [SQLSTATE P0001]");
  failure.with_statement("call pay(17)");
  EXPECT_EQ(failure.message(), "too little [SQLSTATE P0001]\n  context: " + at + "\n  SQL: call pay(17)");
}

TEST(PostgresServerMessage, OfACopysContextTheRowIsTaken) {
  const auto row = [](std::string_view context) {
    const std::string message = wire::report('E', {{'S', "ERROR"}, {'C', "23505"}, {'M', "m"}, {'W', context}});
    return pg::detail::server_error(body_of(message)).server().copy_row;
  };
  EXPECT_EQ(row("COPY city, line 17"), 17);
  EXPECT_EQ(row("COPY city, line 3, column name: \"Bern, line 9\""), 3);
  EXPECT_EQ(row("PL/pgSQL function watch() line 4 at RAISE\nCOPY city, line 20"), 20);
  EXPECT_EQ(row("PL/pgSQL function watch(), line 4 at RAISE"), 0);
  EXPECT_EQ(row("COPY city, ligne 18, colonne name : \u00ab Bern, ligne 9 \u00bb"), 18);  // servers have languages
  EXPECT_EQ(row("COPY city, \u0441\u0442\u0440\u043e\u043a\u0430 19"), 19);
  EXPECT_EQ(row("COPY city 2, 3, line 21"), 21);
  EXPECT_EQ(row("COPY city, line x"), 0);
  EXPECT_EQ(row("COPY city\nSQL statement, line 4"), 0);
  EXPECT_EQ(row("COPY city, line -1"), 0);
  EXPECT_EQ(row("COPY city, line 99999999999999999999"), 0);
  EXPECT_EQ(row("COPY city"), 0);
  EXPECT_EQ(row(""), 0);
}

TEST(PostgresServerMessage, ACopysRowStandsInFront) {
  const std::string message =
      wire::report('E', {{'S', "ERROR"}, {'C', "23505"}, {'M', "m"}, {'W', "COPY city, line 17"}});
  dt::error_info failure = pg::detail::server_error(body_of(message));
  pg::detail::name_copied_row(failure, "line ");
  EXPECT_TRUE(failure.message().starts_with("line 17: m")) << failure.message();
  dt::error_info other{dt::errc::connection_lost};
  pg::detail::name_copied_row(other, "line ");
  EXPECT_EQ(other.context(), "");
}

TEST(PostgresServerMessage, AMalformedErrorIsAFailureAllTheSame) {
  const dt::byte_view whole = body_of(duplicate);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(pg::detail::server_error(whole.first(size)).code(), dt::errc::malformed_frame) << size;
  }
  EXPECT_EQ(pg::detail::server_error(body_of(duplicate + "x")).code(), dt::errc::malformed_frame);
}

TEST(PostgresServerMessage, AnErrorWithoutSqlstateIsAnInternalOne) {
  EXPECT_EQ(pg::detail::server_error(body_of(wire::report('E', {{'M', "m"}}))).code(), pg::sqlstate::internal_error);
}

TEST(PostgresServerMessage, ANoticeIsReadAndAMalformedOneIsEmpty) {
  const std::string notice = wire::report('N', {{'V', "NOTICE"}, {'C', "00000"}, {'M', "relation exists, skipping"}});
  EXPECT_EQ("relation exists, skipping", pg::detail::notice_fields(body_of(notice)).message);
  EXPECT_EQ("", pg::detail::notice_fields(body_of(notice).first(9)).message);
}

}  // namespace
