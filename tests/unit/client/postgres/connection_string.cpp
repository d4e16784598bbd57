#include <dovetail/client/postgres/connection_string.hpp>

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
namespace pg = dovetail::postgres;
using namespace std::chrono_literals;

pg::environment nothing() {
  pg::environment around;
  around.user = "somebody";
  around.socket_folders.clear();
  return around;
}

pg::environment variables(std::initializer_list<std::pair<const char*, const char*>> values) {
  pg::environment around = nothing();
  for (const auto& each : values) {
    around.variables.parameters.push_back({each.first, dt::secret{each.second}, true});
  }
  return around;
}

pg::connect_options read(std::string_view text, const pg::environment& around = nothing()) {
  const auto parsed = pg::parse(text, around);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().message();
  return parsed ? parsed->options : pg::connect_options{};
}

dt::error_info refused(std::string_view text, const pg::environment& around = nothing()) {
  const auto parsed = pg::parse(text, around);
  EXPECT_FALSE(parsed) << text;
  return parsed.error();
}

std::string servers(const pg::connect_options& how) {
  std::string text;
  for (const pg::server_address& each : how.servers) {
    text += (text.empty() ? "" : " ") + each.text();
    if (!each.host_address.empty()) text += "(" + each.host_address + ")";
  }
  return text;
}

/// A folder that goes with its files.
struct scratch_folder {
  scratch_folder() {
    char pattern[] = "/tmp/dovetail-pgpass-XXXXXX";
    path = ::mkdtemp(pattern);
  }
  ~scratch_folder() {
    std::error_code ec;
    std::filesystem::remove_all(path, ec);
  }
  std::string write(const std::string& name, const std::string& text, mode_t mode) const {
    const std::string file = path + "/" + name;
    std::ofstream{file, std::ios::binary} << text;
    EXPECT_EQ(0, ::chmod(file.c_str(), mode));
    return file;
  }
  std::string path;
};

TEST(PostgresConnectionString, AUriIsTakenApart) {
  const pg::connect_options how = read(
      "postgresql://me:pass%20word@db.example:5433/app?sslmode=verify-full&connect_timeout=7&application_name=x"
      "&options=-c%20search_path%3Dapp&target_session_attrs=read-write&load_balance_hosts=random"
      "&channel_binding=require&sslrootcert=/etc/ca.pem&max_protocol_version=3.2&keepalives=0&sslsni=0");
  EXPECT_EQ("db.example:5433", servers(how));
  EXPECT_EQ("me", how.user);
  EXPECT_EQ("pass word", how.password.reveal());
  EXPECT_EQ("app", how.database);
  EXPECT_EQ("x", how.application_name);
  EXPECT_EQ("-c search_path=app", how.options);
  EXPECT_EQ(pg::ssl_mode::verify_full, how.tls);
  EXPECT_EQ("/etc/ca.pem", how.tls_authorities);
  EXPECT_EQ(pg::channel_binding::require, how.binding);
  EXPECT_EQ(pg::target_session::read_write, how.target);
  EXPECT_EQ(pg::load_balance::random, how.balance);
  EXPECT_EQ(pg::protocol_version::v3_2, how.newest_protocol);
  EXPECT_EQ(7s, how.connect_timeout);
  EXPECT_FALSE(how.keep_alive);
  EXPECT_FALSE(how.tls_sends_name);
}

TEST(PostgresConnectionString, WordsAreTakenApart) {
  const pg::connect_options how =
      read("  host = db.example port=5433\tdbname='my app' user=me password='it\\'s \\\\ secret' sslmode=require");
  EXPECT_EQ("db.example:5433", servers(how));
  EXPECT_EQ("my app", how.database);
  EXPECT_EQ("it's \\ secret", how.password.reveal());
  EXPECT_EQ(pg::ssl_mode::require, how.tls);
  EXPECT_EQ("a b", read("application_name=a\\ b").application_name);
  EXPECT_EQ("", read("application_name='' dbname=x").application_name);
  EXPECT_EQ("me", read("user=me").database_name());
}

TEST(PostgresConnectionString, TheUriMayLeaveNearlyEverythingOut) {
  for (const char* text : {"postgresql://", "postgres://", "postgresql:///", ""}) {
    const pg::connect_options how = read(text);
    EXPECT_EQ("localhost:5432", servers(how));
    EXPECT_EQ("somebody", how.user);
    EXPECT_EQ("somebody", how.database_name());
    EXPECT_EQ(pg::ssl_mode::prefer, how.tls);
  }
}

TEST(PostgresConnectionString, SeveralServersAreListed) {
  EXPECT_EQ("a:1 b:2", servers(read("postgresql://a:1,b:2/app")));
  EXPECT_EQ("a:5432 b:2 [::1]:5432", servers(read("postgresql://a,b:2,[::1]/app")));
  EXPECT_EQ("a:7 b:7", servers(read("host=a,b port=7")));
  EXPECT_EQ("a:7 b:8", servers(read("host=a,b port=7,8")));
  EXPECT_EQ("a:5432 b:8", servers(read("host=a,b port=,8")));
  EXPECT_EQ("a:5432(10.0.0.1) b:5432(10.0.0.2)", servers(read("host=a,b hostaddr=10.0.0.1,10.0.0.2")));
  EXPECT_EQ("10.0.0.1:5432(10.0.0.1)", servers(read("hostaddr=10.0.0.1")));
  EXPECT_EQ("a:7 b:7", servers(read("postgresql://me@/app?host=a,b&port=7")));
  EXPECT_EQ(refused("host=a,b port=1,2,3").code(), dt::errc::invalid_option);
  EXPECT_EQ(refused("host=a,b hostaddr=10.0.0.1").code(), dt::errc::invalid_option);
  EXPECT_EQ(refused("host=a port=x").code(), dt::errc::invalid_option);
  EXPECT_EQ(refused("host=a port=65536").code(), dt::errc::invalid_option);
}

TEST(PostgresConnectionString, AUnixSocketIsAFolder) {
  EXPECT_EQ("/run/pg/.s.PGSQL.5433", servers(read("host=/run/pg port=5433")));
  EXPECT_EQ("/run/pg/.s.PGSQL.5432", servers(read("postgresql://%2Frun%2Fpg/app")));
  EXPECT_EQ("/run/pg/.s.PGSQL.5432", servers(read("postgresql:///app?host=/run/pg")));
  EXPECT_FALSE(read("host=/run/pg hostaddr=127.0.0.1").servers.front().is_unix_socket());
  const scratch_folder folder;
  folder.write(".s.PGSQL.5432", "", 0600);
  pg::environment around = nothing();
  around.socket_folders = {"/nonexistent", folder.path};
  EXPECT_EQ(folder.path + "/.s.PGSQL.5432", servers(read("dbname=app", around)));
  EXPECT_EQ("localhost:5433", servers(read("port=5433", around))) << "no socket of this port";
  EXPECT_EQ("a:5432", servers(read("host=a", around)));
}

TEST(PostgresConnectionString, TlsThatIsAskedForIsVerified) {
  EXPECT_EQ(pg::ssl_mode::verify_full, read("host=a sslrootcert=/ca.pem").tls);
  EXPECT_EQ(pg::ssl_mode::verify_full, read("host=a sslcert=/me.pem").tls);
  EXPECT_EQ(pg::ssl_mode::verify_full, read("host=a sslnegotiation=direct").tls);
  EXPECT_EQ(pg::ssl_mode::verify_full, read("postgresql://a/app?ssl=true").tls);
  EXPECT_EQ(pg::ssl_mode::disable, read("postgresql://a/app?ssl=false").tls);
  EXPECT_EQ(pg::ssl_mode::require, read("host=a sslrootcert=/ca.pem sslmode=require").tls);
  EXPECT_EQ(pg::ssl_mode::verify_full, read("host=a sslrootcert=system").tls);
  EXPECT_EQ("", read("host=a sslrootcert=system").tls_authorities);
  EXPECT_EQ(refused("host=a sslrootcert=system sslmode=require").code(), dt::errc::invalid_option);
  EXPECT_EQ(refused("host=a sslnegotiation=direct sslmode=prefer").code(), dt::errc::invalid_option);
  EXPECT_EQ(refused("host=a channel_binding=require sslmode=disable").code(), dt::errc::invalid_option);
}

TEST(PostgresConnectionString, MethodsOfLoggingInAreAllowedOrRefused) {
  using words = std::vector<std::string>;
  EXPECT_EQ((words{"md5", "scram-sha-256"}), read("require_auth=scram-sha-256,md5").allowed_authentication);
  EXPECT_EQ((words{"scram-sha-256", "none"}), read("require_auth=!md5,!password").allowed_authentication);
  EXPECT_EQ(words{}, read("host=a").allowed_authentication);
  EXPECT_EQ(refused("require_auth=!md5,password").code(), dt::errc::invalid_option);
  EXPECT_EQ(refused("require_auth=kerberos").code(), dt::errc::invalid_option);
  EXPECT_EQ(refused("require_auth=!password,!md5,!scram-sha-256,!none").code(), dt::errc::invalid_option);
}

TEST(PostgresConnectionString, SettingsOfEveryClientAreReadToo) {
  const auto parsed = pg::parse(
      "host=a maxConnections=7 timeout=250ms cacheStatements=0 messageLimit=65536 unnamedStatements=1", nothing());
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(7u, parsed->settings.max_connections);
  EXPECT_EQ(250ms, parsed->settings.timeout);
  EXPECT_EQ(0u, parsed->options.statement_cache);
  EXPECT_EQ(65536u, parsed->options.message_limit);
  EXPECT_TRUE(parsed->options.unnamed_statements);
}

TEST(PostgresConnectionString, MistakesAreNamedTogetherAndWithoutThePassword) {
  const dt::error_info failure = refused("postgresql://me:hunter2@a/app?sslmod=require&target_session_attrs=writer");
  EXPECT_EQ(failure.kind(), dt::condition::configuration);
  EXPECT_NE(failure.message().find("'sslmod'"), std::string::npos) << failure.message();
  EXPECT_NE(failure.message().find("did you mean 'sslmode'?"), std::string::npos) << failure.message();
  EXPECT_NE(failure.message().find("'read-write'"), std::string::npos) << failure.message();
  EXPECT_EQ(failure.message().find("hunter2"), std::string::npos);
}

TEST(PostgresConnectionString, APasswordWithoutQuotesIsNotPrintedInPieces) {
  for (const char* text :
       {"host=a password=open sesame", "host=a password=open sesame=hidden", "password=open port=sesame host=a",
        "password='open sesame", "password='open'sesame", "password=open sslmode=sesame", "password=a =sesame"}) {
    const dt::error_info failure = refused(text);
    EXPECT_EQ(failure.message().find("sesame"), std::string::npos) << text << " -> " << failure.message();
    EXPECT_EQ(failure.message().find("open"), std::string::npos) << text << " -> " << failure.message();
  }
  EXPECT_NE(refused("host=a password=open sesame").message().find("word 3 of the connection string has no '='"),
            std::string::npos);
}

TEST(PostgresConnectionString, WordsBetweenSemicolonsAreRefusedAndNotPrinted) {
  for (const char* text : {"host=db;port=5432;user=me;password=sesame", "host=db,other;password=sesame",
                           "postgresql://me@db;password=sesame/app"}) {
    const dt::error_info failure = refused(text);
    EXPECT_EQ(failure.code(), dt::errc::invalid_option);
    EXPECT_NE(failure.message().find("words are separated by spaces"), std::string::npos) << failure.message();
    EXPECT_EQ(failure.message().find("sesame"), std::string::npos) << failure.message();
  }
  EXPECT_TRUE(pg::parse("host=/tmp/a;b=c", nothing())) << "a folder may be named so";
  EXPECT_TRUE(pg::parse("host=db password=a;b=c", nothing()));
}

TEST(PostgresConnectionString, OtherSchemesAndEncodingsAreRefused) {
  EXPECT_FALSE(pg::parse("mysql://a/app", nothing()));
  for (const auto& [text, scheme] : {std::pair<const char*, const char*>{"mysql://me:hunter2@h/app", "'mysql:'"},
                                     {"mysql://me:hunter2@h/app?charset=utf8", "'mysql:'"},
                                     {"sqlite:x.db", "'sqlite:'"},
                                     {"localhost:5432 dbname=app", "'localhost:'"}}) {
    const dt::error_info failure = refused(text);
    EXPECT_EQ(failure.code(), dt::errc::malformed_connection_string);
    EXPECT_NE(failure.message().find("must begin with 'postgresql:'"), std::string::npos) << failure.message();
    EXPECT_NE(failure.message().find(std::string{"begins with "} + scheme), std::string::npos) << failure.message();
    EXPECT_EQ(failure.message().find("hunter2"), std::string::npos);
  }
  EXPECT_NE(refused("app me").message().find("word 1 of the connection string has no '='"), std::string::npos);
  EXPECT_TRUE(pg::parse("host=/tmp:x dbname=a:b", nothing()));  // no keyword has a ':', but a value may
  EXPECT_EQ(refused("client_encoding=latin1").code(), dt::errc::invalid_option);
  EXPECT_TRUE(pg::parse("client_encoding=auto", nothing()));
}

TEST(PostgresConnectionString, TheEnvironmentCompletesWhatIsNotSaid) {
  const pg::environment around = variables({{"host", "e1,e2"},
                                            {"port", "6000"},
                                            {"user", "envuser"},
                                            {"password", "envpass"},
                                            {"dbname", "envdb"},
                                            {"sslmode", "verify-ca"},
                                            {"connect_timeout", "3"}});
  pg::connect_options how = read("", around);
  EXPECT_EQ("e1:6000 e2:6000", servers(how));
  EXPECT_EQ("envuser", how.user);
  EXPECT_EQ("envpass", how.password.reveal());
  EXPECT_EQ("envdb", how.database);
  EXPECT_EQ(pg::ssl_mode::verify_ca, how.tls);
  EXPECT_EQ(3s, how.connect_timeout);
  how = read("host=h user=u sslmode=disable", around);
  EXPECT_EQ("h:6000", servers(how)) << "the port is not said";
  EXPECT_EQ("u", how.user);
  EXPECT_EQ(pg::ssl_mode::disable, how.tls);
  how = read("postgresql://u:p@h:1/d", around);
  EXPECT_EQ("h:1", servers(how));
  EXPECT_EQ("p", how.password.reveal());
  EXPECT_EQ("d", how.database);
}

TEST(PostgresConnectionString, AWrongVariableIsNamedAsOne) {
  const dt::error_info failure = refused("host=a", variables({{"sslmode", "sometimes"}}));
  EXPECT_EQ(failure.code(), dt::errc::invalid_option);
  EXPECT_TRUE(failure.context().starts_with("in the PG* environment variables: ")) << failure.message();
  EXPECT_TRUE(failure.context().starts_with("in the PG* environment variables: PGSSLMODE must be one of 'disable'"))
      << failure.message();
  EXPECT_EQ(failure.context().find("connection string"), std::string::npos) << failure.message();
  // What is judged only when all sources are read says where it comes from.
  EXPECT_TRUE(
      refused("host=a", variables({{"port", "abc"}})).context().starts_with("parameter 'port' (from PGPORT) must be"));
  EXPECT_TRUE(refused("host=a port=b", variables({{"port", "1"}})).context().starts_with("parameter 'port' must be"));
  EXPECT_TRUE(refused("postgresql://a:0/b", variables({{"port", "x"}})).context().find("PGPORT") == std::string::npos);
  EXPECT_EQ(refused("host=a", variables({{"port", "1,2"}})).context(),
            "'host', 'hostaddr' and 'port' (from PGPORT) name different numbers of servers");
}

TEST(PostgresConnectionString, ThePasswordFileIsReadByItsRules) {
  const scratch_folder folder;
  pg::environment around = nothing();
  around.password_file = folder.write("pgpass",
                                      "# comment:*:*:*:no\n"
                                      "db.example:5433:app:me:first\n"
                                      "db.example:*:app:me:second\n"
                                      "db\\:x:*:*:*:colon\r\n"
                                      "/run/pg:*:*:*:socket\n"
                                      "localhost:*:*:loc\\:al:with\\:colon\\\\\n"
                                      "*:*:*:other:last",
                                      0600);
  EXPECT_EQ("first", read("host=db.example port=5433 dbname=app user=me", around).servers[0].password.reveal());
  EXPECT_EQ("second", read("host=db.example dbname=app user=me", around).servers[0].password.reveal());
  EXPECT_EQ("socket", read("host=/run/pg dbname=app user=me", around).servers[0].password.reveal());
  EXPECT_EQ("with:colon\\", read("host=localhost user=loc:al", around).servers[0].password.reveal());
  EXPECT_EQ("with:colon\\", read("host=/tmp user=loc:al", around).servers[0].password.reveal()) << "the default socket";
  EXPECT_EQ("last", read("host=elsewhere user=other", around).servers[0].password.reveal());
  pg::connect_options how = read("host=db.example,elsewhere dbname=app user=me", around);
  EXPECT_EQ("second", how.servers[0].password.reveal());
  EXPECT_TRUE(how.servers[1].password.empty());
  how = read("host=db.example dbname=app user=me password=said", around);
  EXPECT_TRUE(how.servers[0].password.empty()) << "the file is not asked";
  EXPECT_EQ("said", how.password.reveal());
  const std::string other = folder.write("other", "*:*:*:*:other file", 0400);
  EXPECT_EQ("other file", read("host=a passfile=" + other, around).servers[0].password.reveal());
}

TEST(PostgresConnectionString, APasswordFileThatOthersMayReadIsNotUsed) {
  const scratch_folder folder;
  pg::environment around = nothing();
  around.password_file = folder.write("pgpass", "*:*:*:*:secret", 0640);
  pg::connect_options how = read("host=a", around);
  EXPECT_TRUE(how.servers[0].password.empty());
  EXPECT_NE(how.password_note.find("chmod 0600"), std::string::npos) << how.password_note;
  around.password_file = folder.path + "/missing";
  EXPECT_EQ("", read("host=a", around).password_note);
  EXPECT_EQ("the password file " + folder.path + "/none is not there",
            read("host=a passfile=" + folder.path + "/none", around).password_note);
  around.password_file = folder.path;
  EXPECT_NE("", read("host=a", around).password_note) << "a folder";
}

TEST(PostgresConnectionString, AServiceStandsBetweenTheStringAndTheVariables) {
  const scratch_folder folder;
  pg::environment around = variables({{"dbname", "envdb"}, {"user", "envuser"}, {"application_name", "env"}});
  around.service_files = {folder.path + "/none",
                          folder.write("mine",
                                       "# services\n\n[other]\nhost=wrong\n[app]\nhost=db.example\n  port=5433  \n"
                                       "dbname=app\nuser=service\npassword=p w=1\r\n#comment\n[app]\nhost=again\n",
                                       0600),
                          folder.write("system", "[app]\nhost=late\n[shared]\nhost=far\nsslmod=require", 0644)};
  pg::connect_options how = read("service=app user=me", around);
  EXPECT_EQ("db.example:5433", servers(how));
  EXPECT_EQ("app", how.database);
  EXPECT_EQ("me", how.user);
  EXPECT_EQ("p w=1", how.password.reveal());
  EXPECT_EQ("env", how.application_name);
  EXPECT_EQ("db.example:5433", servers(read("postgresql:///?service=app", around)));
  const dt::error_info wrong = refused("service=shared", around);
  EXPECT_NE(wrong.message().find("in the service 'shared': unknown parameter 'sslmod'"), std::string::npos)
      << wrong.message();
  const dt::error_info unknown = refused("service=ap", around);
  EXPECT_EQ(unknown.code(), dt::errc::invalid_option);
  EXPECT_NE(unknown.message().find("the service 'ap' is not in " + folder.path + "/none, "), std::string::npos);
  around.service_files = {folder.write("bad", "[a]\nhost=h\nsesame\n[b]\nservice=a\n", 0600)};
  EXPECT_NE(refused("service=a", around).message().find("line 3 of the service file"), std::string::npos);
  EXPECT_EQ(refused("service=a", around).message().find("sesame"), std::string::npos);
  EXPECT_NE(refused("service=b", around).message().find("names another service"), std::string::npos);
  around.variables.parameters.push_back({"service", dt::secret{"c"}, true});
  EXPECT_NE(refused("", around).message().find("the service 'c'"), std::string::npos) << "PGSERVICE";
}

TEST(PostgresConnectionString, CertificatesOfTheUserAreFound) {
  const scratch_folder folder;
  std::filesystem::create_directory(folder.path + "/.postgresql");
  folder.write(".postgresql/root.crt", "", 0644);
  folder.write(".postgresql/postgresql.crt", "", 0644);
  const std::string key = folder.write(".postgresql/postgresql.key", "", 0600);
  pg::environment around = nothing();
  around.home = folder.path;
  pg::connect_options how = read("host=a sslmode=verify-full", around);
  EXPECT_EQ(folder.path + "/.postgresql/root.crt", how.tls_authorities);
  EXPECT_EQ(folder.path + "/.postgresql/postgresql.crt", how.tls_certificate);
  EXPECT_EQ(key, how.tls_key);
  EXPECT_EQ("", read("host=a sslmode=prefer", around).tls_authorities) << "prefer verifies nothing";
  EXPECT_EQ("", read("host=a sslrootcert=system", around).tls_authorities);
  EXPECT_EQ("", read("host=a sslmode=disable", around).tls_certificate);
  ASSERT_EQ(0, ::chmod(key.c_str(), 0644));
  EXPECT_NE(refused("host=a sslmode=verify-full", around).message().find("may be read by others"), std::string::npos);
}

TEST(PostgresConnectionString, TheProcessHasAnEnvironment) {
  ASSERT_EQ(0, ::setenv("PGAPPNAME", "from the variable", 1));
  EXPECT_EQ("from the variable", read("host=a", pg::environment::of_process()).application_name);
  ASSERT_EQ(0, ::unsetenv("PGAPPNAME"));
  EXPECT_FALSE(pg::environment::of_process().user.empty());
}

}  // namespace
