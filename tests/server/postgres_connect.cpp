// Connecting to a real PostgreSQL server: by TCP, Unix socket and TLS, with each way to log in.
#include <dovetail/client/postgres/crypto.hpp>
#include <dovetail/client/postgres/endpoint.hpp>
#include <dovetail/codec/postgres/cancel_request.hpp>
#include <dovetail/codec/postgres/startup.hpp>
#include <dovetail/driver/async_run.hpp>
#include <dovetail/driver/run.hpp>

#include <support/postgres_server.hpp>

#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
namespace pg = dovetail::postgres;
using dt::test::postgres_server;
using namespace std::chrono_literals;

postgres_server& server() { return postgres_server::shared(); }

pg::connect_options by_tcp(std::string_view role, pg::ssl_mode tls = pg::ssl_mode::disable) {
  pg::connect_options how;
  how.servers.push_back({"127.0.0.1", {}, server().port(), {}});
  how.user = role;
  how.password = dt::secret{std::string{postgres_server::password}};
  how.database = "app";
  how.tls = tls;
  how.tls_authorities = tls >= pg::ssl_mode::verify_ca ? server().authority_file() : "";
  return how;
}

pg::connect_options by_socket(std::string_view role) {
  pg::connect_options how = by_tcp(role);
  how.servers.front().host = server().socket_folder();
  how.tls = pg::ssl_mode::require;  // means nothing for a Unix socket
  return how;
}

/// One connection, opened by the blocking driver and by the asynchronous one.
struct connection {
  explicit connection(pg::connect_options how) : options(std::move(how)) {}

  dt::result<void> open(dt::deadline by = dt::deadline::after(60s)) {
    stream.emplace(pg::endpoint_of(options));
    return dt::run(*stream, pg::startup{facts, options, pg::openssl_crypto()}, by);
  }

  dt::result<void> async_open(dt::deadline by = dt::deadline::after(60s)) {
    asio::io_context context;
    dt::async_stream<pg::transport> asynchronous{context.get_executor(), pg::endpoint_of(options)};
    dt::result<void> outcome = dt::errc::invalid_state;
    dt::async_run(asynchronous, pg::startup{facts, options, pg::openssl_crypto()}, by, nullptr,
                  [&outcome](dt::result<void> result) { outcome = std::move(result); });
    context.run();
    return outcome;
  }

  pg::connect_options options;
  pg::connection_facts facts;
  std::optional<pg::transport::stream> stream;
};

void expect_open(pg::connect_options how, bool is_encrypted) {
  for (const bool is_async : {false, true}) {
    connection one{how};
    const dt::result<void> opened = is_async ? one.async_open() : one.open();
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_EQ(is_encrypted, one.facts.is_encrypted);
    EXPECT_EQ(dt::session_health::idle, one.facts.health);
    EXPECT_EQ('I', one.facts.transaction_status);
    EXPECT_GE(one.facts.server_version(), 130000);
    EXPECT_EQ("UTF8", one.facts.parameters.find("client_encoding"));
    EXPECT_NE(0u, one.facts.key.process);
    EXPECT_EQ(4u, one.facts.key.size);
    EXPECT_TRUE(one.facts.input.committed().empty());
  }
}

dt::error_info expect_refused(pg::connect_options how) {
  dt::error_info found;
  for (const bool is_async : {false, true}) {
    connection one{how};
    const dt::result<void> opened = is_async ? one.async_open() : one.open();
    EXPECT_FALSE(opened);
    EXPECT_EQ(dt::session_health::closed, one.facts.health);
    EXPECT_EQ(opened.error().message().find(postgres_server::password), std::string::npos);
    EXPECT_TRUE(is_async || !one.stream->is_open());
    found = opened.error();
  }
  return found;
}

TEST(PostgresConnect, EveryRoleLogsInOverTcp) {
  for (const char* role : {"app", "plain", "md5", "scram"}) {
    SCOPED_TRACE(role);
    expect_open(by_tcp(role), false);
  }
}

TEST(PostgresConnect, EveryRoleLogsInOverAUnixSocket) {
  for (const char* role : {"app", "plain", "md5", "scram"}) {
    SCOPED_TRACE(role);
    expect_open(by_socket(role), false);
  }
}

TEST(PostgresConnect, EveryRoleLogsInOverTls) {
  for (const pg::ssl_mode mode :
       {pg::ssl_mode::prefer, pg::ssl_mode::require, pg::ssl_mode::verify_ca, pg::ssl_mode::verify_full}) {
    for (const char* role : {"app", "plain", "md5", "scram"}) {
      SCOPED_TRACE(role);
      expect_open(by_tcp(role, mode), true);
    }
  }
}

TEST(PostgresConnect, ChannelBindingIsUsedWhereItIsRequired) {
  pg::connect_options how = by_tcp("scram", pg::ssl_mode::verify_full);
  how.binding = pg::channel_binding::require;
  expect_open(how, true);
  how.binding = pg::channel_binding::disable;
  expect_open(how, true);
}

TEST(PostgresConnect, ChannelBindingThatCannotBeIsRefused) {
  pg::connect_options how = by_tcp("scram");
  how.binding = pg::channel_binding::require;
  EXPECT_EQ(expect_refused(how).code(), dt::errc::login_refused);
  how = by_tcp("md5", pg::ssl_mode::require);
  how.binding = pg::channel_binding::require;
  EXPECT_NE(expect_refused(how).message().find("channel binding is required"), std::string::npos);
}

TEST(PostgresConnect, AClientCertificateLogsIn) {
  pg::connect_options how = by_tcp("cert", pg::ssl_mode::verify_full);
  how.password = {};
  how.tls_certificate = server().client_certificate_file();
  how.tls_key = server().client_key_file();
  expect_open(how, true);
  how.tls_key.clear();
  const dt::error_info keyless = expect_refused(how);
  EXPECT_EQ(keyless.kind(), dt::condition::configuration) << keyless.message();
  EXPECT_NE(keyless.message().find("holds the private key too unless sslkey names another file"), std::string::npos)
      << keyless.message();
  how.tls_key = server().client_key_file();
  how.tls_certificate.clear();
  const dt::error_info failure = expect_refused(how);
  EXPECT_EQ(failure.kind(), dt::condition::authentication) << failure.message();
  EXPECT_EQ(failure.server().sqlstate, "28000");
}

TEST(PostgresConnect, AWrongPasswordSaysSo) {
  for (const char* role : {"plain", "md5", "scram"}) {
    for (const pg::ssl_mode mode : {pg::ssl_mode::disable, pg::ssl_mode::prefer, pg::ssl_mode::allow}) {
      pg::connect_options how = by_tcp(role, mode);
      how.password = dt::secret{"wrong"};
      const dt::error_info failure = expect_refused(how);
      EXPECT_EQ(failure.code(), pg::sqlstate::invalid_password) << failure.message();
      EXPECT_EQ(failure.kind(), dt::condition::authentication);
      EXPECT_EQ(failure.message().find('\n'), std::string::npos) << "one attempt: " << failure.message();
      EXPECT_NE(failure.message().find(std::string{"user '"} + role + "', database 'app'"), std::string::npos);
    }
  }
}

TEST(PostgresConnect, AMissingPasswordSaysWhatItIsFor) {
  pg::connect_options how = by_tcp("scram");
  how.password = {};
  EXPECT_NE(expect_refused(how).message().find("the server asks for SCRAM-SHA-256, and there is no password"),
            std::string::npos);
}

TEST(PostgresConnect, AMethodThatWeLackIsNamed) {
  const dt::error_info failure = expect_refused(by_tcp("gss"));
  EXPECT_EQ(failure.code(), dt::errc::login_refused) << failure.message();
  EXPECT_NE(failure.message().find("GSSAPI"), std::string::npos) << failure.message();
}

TEST(PostgresConnect, AMethodThatIsNotAllowedIsNotAnswered) {
  pg::connect_options how = by_tcp("plain");
  how.allowed_authentication = {"scram-sha-256", "md5"};
  const dt::error_info failure = expect_refused(how);
  EXPECT_EQ(failure.code(), dt::errc::login_refused);
  EXPECT_NE(failure.message().find("scram-sha-256, md5"), std::string::npos) << failure.message();
  how.user = "app";
  EXPECT_EQ(expect_refused(how).code(), dt::errc::login_refused);
  how.user = "scram";
  expect_open(how, false);
}

TEST(PostgresConnect, PreferAndAllowChangeBetweenTlsAndNone) {
  expect_open(by_tcp("no_tls", pg::ssl_mode::prefer), false);
  expect_open(by_tcp("no_tls", pg::ssl_mode::allow), false);
  expect_open(by_tcp("tls_only", pg::ssl_mode::prefer), true);
  expect_open(by_tcp("tls_only", pg::ssl_mode::allow), true);
  EXPECT_EQ(expect_refused(by_tcp("tls_only")).server().sqlstate, "28000");
  EXPECT_EQ(expect_refused(by_tcp("no_tls", pg::ssl_mode::require)).server().sqlstate, "28000");
  const dt::error_info failure = expect_refused(by_tcp("nobody_knows", pg::ssl_mode::prefer));
  EXPECT_EQ(failure.server().sqlstate, "28000");
  EXPECT_NE(failure.message().find('\n'), std::string::npos) << "both attempts: " << failure.message();
}

TEST(PostgresConnect, ACertificateOfAnotherAuthorityIsRefused) {
  pg::connect_options how = by_tcp("app", pg::ssl_mode::verify_ca);
  how.tls_authorities = server().other_authority_file();
  const dt::error_info failure = expect_refused(how);
  EXPECT_EQ(failure.kind(), dt::condition::authentication) << failure.message();
  EXPECT_NE(failure.message().find("with the authorities of " + server().other_authority_file()), std::string::npos)
      << failure.message();
  how.tls_authorities.clear();
  how.tls = pg::ssl_mode::verify_full;
  const dt::error_info unknown = expect_refused(how);
  EXPECT_NE(unknown.message().find("sslrootcert names a file of others"), std::string::npos) << unknown.message();
  how.tls_authorities = server().other_authority_file();
  how.tls = pg::ssl_mode::require;  // whoever names authorities wants them to be asked
  EXPECT_EQ(expect_refused(how).kind(), dt::condition::authentication);
  how.tls_authorities.clear();
  expect_open(how, true);
}

TEST(PostgresConnect, ACertificateForAnotherNameIsRefusedByVerifyFullOnly) {
  pg::connect_options how = by_tcp("app", pg::ssl_mode::verify_full);
  how.servers.front().host = "database.example";
  how.servers.front().host_address = "127.0.0.1";
  EXPECT_EQ(expect_refused(how).kind(), dt::condition::authentication);
  how.tls = pg::ssl_mode::verify_ca;
  expect_open(how, true);
  how.tls = pg::ssl_mode::verify_full;
  how.servers.front().host = "localhost";
  expect_open(how, true);
}

TEST(PostgresConnect, AFileOfCertificatesThatIsMissingIsNamed) {
  pg::connect_options how = by_tcp("app", pg::ssl_mode::verify_full);
  how.tls_authorities = "/nonexistent/authority.pem";
  const dt::error_info failure = expect_refused(how);
  EXPECT_EQ(failure.code(), std::errc::no_such_file_or_directory) << failure.message();
  EXPECT_NE(failure.message().find("/nonexistent/authority.pem"), std::string::npos) << failure.message();
}

int server_version() {
  connection one{by_tcp("app")};
  EXPECT_TRUE(one.open());
  return one.facts.server_version();
}

TEST(PostgresConnect, DirectTlsIsSpokenFromVersion17AndFailsClearlyBefore) {
  pg::connect_options how = by_tcp("scram", pg::ssl_mode::verify_full);
  how.tls_negotiation = pg::ssl_negotiation::direct;
  if (server_version() >= 170000) return expect_open(how, true);
  const dt::error_info failure = expect_refused(how);
  EXPECT_NE(failure.message().find("TLS"), std::string::npos) << failure.message();
}

TEST(PostgresConnect, Protocol32GivesLongCancelKeysFromVersion18) {
  pg::connect_options how = by_tcp("app");
  how.newest_protocol = pg::protocol_version::v3_2;
  const std::size_t expected = server_version() >= 180000 ? 32 : 4;  // bytes; an older server agrees on 3.0
  for (const bool is_async : {false, true}) {
    connection one{how};
    const dt::result<void> opened = is_async ? one.async_open() : one.open();
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_EQ(expected, one.facts.key.size);
  }
}

TEST(PostgresConnect, ServersThatCannotBeReachedArePassedOver) {
  pg::connect_options how = by_tcp("app");
  how.servers.insert(how.servers.begin(), {"127.0.0.1", {}, 1, {}});
  how.servers.insert(how.servers.begin(), {"/nonexistent", {}, 5432, {}});
  for (const bool is_async : {false, true}) {
    connection one{how};
    const dt::result<void> opened = is_async ? one.async_open() : one.open();
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_EQ(2u, one.facts.server);
  }
  how.servers.pop_back();
  const dt::error_info failure = expect_refused(how);
  EXPECT_EQ(failure.kind(), dt::condition::connection);
  EXPECT_NE(failure.message().find("/nonexistent/.s.PGSQL.5432"), std::string::npos) << failure.message();
  EXPECT_NE(failure.message().find("127.0.0.1:1 "), std::string::npos) << failure.message();
}

TEST(PostgresConnect, ASocketThatIsNotThereIsAFailureOfTheConnection) {
  pg::connect_options how = by_tcp("app");
  how.servers.front().host = "/nonexistent";
  const dt::error_info failure = expect_refused(how);
  EXPECT_EQ(failure.kind(), dt::condition::connection) << failure.message();
  EXPECT_NE(failure.message().find("/nonexistent/.s.PGSQL."), std::string::npos) << failure.message();
  EXPECT_NE(failure.message().find("is the server running"), std::string::npos) << failure.message();
}

TEST(PostgresConnect, TheFirstServerInTheWantedRoleIsTaken) {
  pg::connect_options how = by_tcp("app");
  for (const pg::target_session wanted : {pg::target_session::any, pg::target_session::read_write,
                                          pg::target_session::primary, pg::target_session::prefer_standby}) {
    how.target = wanted;
    expect_open(how, false);
  }
  how.target = pg::target_session::standby;
  EXPECT_EQ(expect_refused(how).code(), dt::errc::no_suitable_server);
  how.target = pg::target_session::read_only;
  EXPECT_EQ(expect_refused(how).code(), dt::errc::no_suitable_server);
  how.options = "-c default_transaction_read_only=on";
  expect_open(how, false);
}

TEST(PostgresConnect, AServerThatIsSilentGetsItsPartOfTheTimeOnly) {
  const int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(0, ::bind(silent, reinterpret_cast<sockaddr*>(&address), sizeof address));
  ASSERT_EQ(0, ::listen(silent, 8));
  ASSERT_EQ(0, ::getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size));
  pg::connect_options how = by_tcp("app");
  how.servers.insert(how.servers.begin(), {"127.0.0.1", {}, ntohs(address.sin_port), {}});
  for (const bool is_async : {false, true}) {
    for (how.connect_timeout = 100ms;; how.connect_timeout *= 2) {  // more, when the other one had too little
      connection one{how};
      const dt::result<void> opened = is_async ? one.async_open() : one.open();
      if (!opened && how.connect_timeout < 10s) continue;
      EXPECT_TRUE(opened) << opened.error().message();
      EXPECT_EQ(1u, one.facts.server);
      break;
    }
  }
  // The operation's own time limit holds, however many servers there are.
  how.connect_timeout = 0ms;
  for (const bool is_async : {false, true}) {
    connection one{how};
    const dt::deadline by = dt::deadline::after(150ms);
    const dt::result<void> opened = is_async ? one.async_open(by) : one.open(by);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind(), dt::condition::timeout) << opened.error().message();
    EXPECT_TRUE(by.has_passed());
  }
  ::close(silent);
}

TEST(PostgresConnect, ParametersOfTheSessionAreSet) {
  pg::connect_options how = by_tcp("app");
  how.application_name = "dovetail test";
  how.session_parameters = {{"search_path", "one, two"}, {"TimeZone", "UTC"}};
  connection one{how};
  ASSERT_TRUE(one.open());
  EXPECT_EQ("dovetail test", one.facts.parameters.find("application_name"));
  EXPECT_EQ("UTC", one.facts.parameters.find("TimeZone"));
  EXPECT_EQ("ISO, MDY", one.facts.parameters.find("DateStyle"));
}

TEST(PostgresConnect, AMissingDatabaseIsNamedByTheServer) {
  pg::connect_options how = by_tcp("app");
  how.database = "nowhere";
  const dt::error_info failure = expect_refused(how);
  EXPECT_EQ(failure.code(), pg::sqlstate::database_not_found);
  EXPECT_EQ(failure.server().severity, "FATAL");
  EXPECT_NE(failure.message().find("database \"nowhere\" does not exist"), std::string::npos) << failure.message();
}

/// Sends a query and gives the SQLSTATE that it ends with ("" when it succeeds).
struct simple_query {
  using value_type = std::string;
  pg::connection_facts* facts;
  std::string text;
  bool is_sent = false;
  std::string sqlstate{};

  dt::action resume(const dt::event& ev) {
    if (ev.ec) return dt::action::done(ev.ec);
    if (!std::exchange(is_sent, true)) {
      facts->output.clear();
      pg::detail::message_writer{facts->output}.begin('Q').text(text).end();
      return dt::action::write(facts->output.view());
    }
    facts->input.commit(is_reading ? ev.bytes : 0);
    is_reading = true;
    pg::detail::message found;
    while (pg::detail::next_message(facts->input.committed(), found) == pg::detail::frame_status::whole) {
      facts->input.consume(found.size);
      if (found.type == 'E') sqlstate = pg::detail::server_error(found.body).server().sqlstate;
      if (found.type == 'Z') return dt::action::done();
    }
    facts->input.prepare(1);
    return dt::action::read(facts->input.free());
  }
  std::string value() && { return sqlstate; }

  bool is_reading = false;
};

TEST(PostgresConnect, ACancelRequestEndsAStatementAndTheConnectionLives) {
  std::vector<pg::connect_options> ways{by_tcp("app"), by_tcp("app", pg::ssl_mode::verify_full), by_tcp("app")};
  ways.back().newest_protocol = pg::protocol_version::v3_2;
  if (server_version() >= 170000) {
    ways.push_back(by_tcp("app", pg::ssl_mode::verify_full));
    ways.back().tls_negotiation = pg::ssl_negotiation::direct;
  }
  for (const pg::connect_options& how : ways) {
    connection one{how};
    ASSERT_TRUE(one.open());
    dt::traffic moved;
    std::thread canceller{[&] {
      std::string running;
      const std::string process = std::to_string(one.facts.key.process);
      while (running != "active") {
        running =
            server().sql("select state from pg_stat_activity where query like 'select pg_sleep%' and pid = " + process);
      }
      pg::transport::stream other{pg::endpoint_of(one.options)};
      const dt::result<void> asked =
          dt::run(other, pg::cancel_request{one.facts, one.options}, dt::deadline::after(60s));
      EXPECT_TRUE(asked) << asked.error().message();
      EXPECT_FALSE(other.is_open());
    }};
    const dt::result<std::string> said =
        dt::run(*one.stream, simple_query{&one.facts, "select pg_sleep(600)"}, dt::deadline::after(60s), moved);
    canceller.join();
    ASSERT_TRUE(said) << said.error().message();
    EXPECT_EQ("57014", *said);
    const dt::result<std::string> again = dt::run(*one.stream, simple_query{&one.facts, "select 1"});
    ASSERT_TRUE(again);
    EXPECT_EQ("", *again);
    EXPECT_TRUE(dt::run(*one.stream, pg::terminate{one.facts}));
    EXPECT_FALSE(one.stream->is_open());
    EXPECT_EQ(dt::session_health::closed, one.facts.health);
  }
}

}  // namespace
