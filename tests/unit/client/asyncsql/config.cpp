#include <dovetail/client/asyncsql/config.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace {

namespace dt = dovetail;
using namespace std::chrono_literals;
using dt::asyncsql::config;
using dt::asyncsql::read_config;
using dt::asyncsql::transaction_mode;

const char* variable(const char* name) {
  if (std::strcmp(name, "DB_HOST") == 0) return "db.internal";
  if (std::strcmp(name, "DB_PASSWORD") == 0) return "p@ss/w:rd";
  if (std::strcmp(name, "WILD") == 0) return "a@evil/x?sslmode=disable#%41 b";
  if (std::strcmp(name, "SERVERS") == 0) return "h1:5433,[::1]:5434";
  if (std::strcmp(name, "FOLDER") == 0) return "/srv/app data";
  if (std::strcmp(name, "BOTH") == 0) return "app:hidden";
  if (std::strcmp(name, "URL") == 0) return "postgresql://u:p%40q@h/d?sslmode=require";
  if (std::strcmp(name, "QUOTED") == 0) return "it's host=evil \\";
  if (std::strcmp(name, "NOTHING") == 0) return "";
  if (std::strcmp(name, "CODE") == 0) return "55006";
  return nullptr;
}

dt::result<config> read_text(std::string_view entry, std::string_view name = "main") {
  const std::string text = R"({"databases": {"main": )" + std::string{entry} + R"(, "other": {"url": "sqlite:o.db"}}})";
  return dt::asyncsql::read_config_text(text, name, &variable);
}

std::string complaint(std::string_view entry) {
  const auto read = read_text(entry);
  return read ? "nothing is wrong" : read.error().message();
}

#define EXPECT_SAYS(text, words) EXPECT_NE(std::string{text}.find(words), std::string::npos) << (text)

TEST(AsyncsqlConfig, DefaultsAreThoseOfTheSpecification) {
  const config how;
  EXPECT_EQ(how.session.transaction.mode, transaction_mode::automatic);
  EXPECT_EQ(how.session.timeout, 60s);
  EXPECT_EQ(how.session.retry.max_retries, 3);
  EXPECT_EQ(how.session.retry.initial_delay, 1s);
  EXPECT_EQ(how.session.retry.max_delay, 60s);
  EXPECT_EQ(how.session.retry.exponential_base, 2.0);
  EXPECT_TRUE(how.pool.share);
  EXPECT_EQ(how.pool.max_connections, 20u);
  EXPECT_EQ(how.pool.acquire_wait, 30s);
  EXPECT_EQ(how.pool.idle_limit, 300s);
  EXPECT_TRUE(how.security.validate_queries);
  EXPECT_FALSE(how.security.allow_admin);
}

TEST(AsyncsqlConfig, AConnectionStringsOwnParametersStayWithIt) {
  const config how = read_config(
                         "postgresql://app@localhost/app?sslmode=require&transaction_mode=manual&max_retries=5&"
                         "connect_timeout=3&slow_query=250ms")
                         .value();
  EXPECT_EQ(how.connection_string.reveal(), "postgresql://app@localhost/app?sslmode=require&connect_timeout=3");
  EXPECT_EQ(how.session.transaction.mode, transaction_mode::manual);
  EXPECT_EQ(how.session.retry.max_retries, 5);
  EXPECT_EQ(how.session.monitor.slow_query, 250ms);
  EXPECT_EQ(read_config("sqlite::memory:").value().connection_string.reveal(), "sqlite::memory:");
  EXPECT_EQ(read_config("sqlite:a.db?max_pool_size=2&journal=wal").value().connection_string.reveal(),
            "sqlite:a.db?journal=wal");
}

TEST(AsyncsqlConfig, X21_AMisspeltModeIsRefusedByName) {
  const auto read = read_config("sqlite:a.db?transaction_mode=atuo");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), dt::condition::configuration);
  EXPECT_SAYS(read.error().message(), "'transaction_mode'");
  EXPECT_SAYS(read.error().message(), "did you mean 'auto'?");
}

TEST(AsyncsqlConfig, P17_AnEntryIsFoundByNameAndTheDefaultOneWithoutAName) {
  const std::string_view file = R"({"databases": {"a": {"url": "sqlite:a.db"}, "default": {"url": "sqlite:d.db"}}})";
  EXPECT_EQ(dt::asyncsql::read_config_text(file, "a", &variable)->connection_string.reveal(), "sqlite:a.db");
  EXPECT_EQ(dt::asyncsql::read_config_text(file, {}, &variable)->connection_string.reveal(), "sqlite:d.db");
  EXPECT_EQ(dt::asyncsql::read_config_text(file)->connection_string.reveal(), "sqlite:d.db");
  const auto other = dt::asyncsql::read_config_text(file, "x", &variable);
  ASSERT_FALSE(other) << "a misspelt name is not the default entry's database";
  EXPECT_SAYS(other.error().message(), "Failed to load config 'x'");
  EXPECT_SAYS(other.error().message(), "'default'");
  const auto misspelt = read_text(R"({"url": "sqlite:m.db"})", "othre");
  ASSERT_FALSE(misspelt);
  EXPECT_SAYS(misspelt.error().message(), "did you mean 'other'?");
  const auto nameless = read_text(R"({"url": "sqlite:m.db"})", {});
  ASSERT_FALSE(nameless);
  EXPECT_SAYS(nameless.error().message(), "Failed to load config 'default'");
  const auto missing = read_text(R"({"url": "sqlite:m.db"})", "x");
  ASSERT_FALSE(missing);
  EXPECT_SAYS(missing.error().message(), "Failed to load config 'x'");
  EXPECT_SAYS(missing.error().message(), "not found in configuration");
  EXPECT_SAYS(missing.error().message(), "'main'");
  EXPECT_SAYS(missing.error().message(), "'other'");
}

TEST(AsyncsqlConfig, P17_VariablesComeFromTheEnvironmentAndADollarStaysADollar) {
  const config how = read_text(R"({"database_type": "postgresql", "host": "${DB_HOST}", "port": 5433, "database": "app",
                                   "user": "u", "password": "${DB_PASSWORD}", "name": "pa$$w0rd $5 $x"})")
                         .value();
  EXPECT_EQ(how.connection_string.reveal(), "postgresql://u:p%40ss%2Fw%3Ard@db.internal:5433/app");
  EXPECT_EQ(how.session.name, "pa$w0rd $5 $x");
  EXPECT_SAYS(complaint(R"({"url": "postgresql://${NOWHERE}/app"})"), "Environment variable 'NOWHERE' not found");
}

/// The connection string of an entry, or what is wrong with it.
std::string target(std::string_view entry) {
  const auto read = read_text(entry);
  return read ? std::string{read->connection_string.reveal()} : read.error().message();
}

TEST(AsyncsqlConfig, AFileOfSqliteMayHaveAnyName) {
  const auto path = [](std::string_view name) {
    std::string entry = R"({"database_type": "sqlite", "database": ")";
    const std::string text = target(entry.append(name).append("\"}"));
    const auto uri = dt::parse_uri(text);
    EXPECT_TRUE(uri && uri->scheme == "sqlite" && uri->hosts.empty() && uri->parameters.empty()) << text;
    return uri ? uri->path : std::string{};
  };
  for (const char* name :
       {"a.db", "what?.db", "a#b.db", "100%.db", "%41.db", "a.db?mode=ro", "/tmp/a?b/c#d%e.db", "a b.db", "a&b=c.db",
        "file:x?mode=memory", "//server/share/a.db", "///a.db", "a@b.db", ":memory:", "./ä.db"}) {
    EXPECT_EQ(path(name), name);
  }
  EXPECT_EQ(path("a\\nb.db"), "a\nb.db");
  EXPECT_EQ(target(R"({"database_type": "sqlite", "database": "/var/a.db"})"), "sqlite:/var/a.db");
  EXPECT_SAYS(complaint(R"({"database_type": "sqlite", "database": "a\u0000b"})"), "NUL");
}

TEST(AsyncsqlConfig, SettingsThatSqliteDoesNotHaveAreNamed) {
  const std::string file = R"({"database_type": "sqlite", "database": "a.db", )";
  for (const char* name : {"host", "user", "password"}) {
    const auto text = complaint(file + "\"" + name + "\": \"x\"}");
    EXPECT_SAYS(text, std::string{"'"} + name + "' contradicts 'database_type' = 'sqlite'");
  }
  EXPECT_SAYS(complaint(file + R"("port": 1})"), "'port' contradicts");
  EXPECT_SAYS(complaint(file + R"("password": ""})"), "'password' contradicts");
  EXPECT_SAYS(complaint(file + R"("user": "u", "password": "p"})"), "'user', 'password' contradicts");
}

TEST(AsyncsqlConfig, AVariableInAUrlIsOnePieceOfTheUrlWhateverItHolds) {
  EXPECT_EQ(target(R"({"url": "postgresql://app:${DB_PASSWORD}@${DB_HOST}/app"})"),
            "postgresql://app:p%40ss%2Fw%3Ard@db.internal/app");
  const std::string wild = "a%40evil%2Fx%3Fsslmode%3Ddisable%23%2541%20b";
  EXPECT_EQ(target(R"({"url": "postgresql://${WILD}@h/d"})"), "postgresql://" + wild + "@h/d");
  EXPECT_EQ(target(R"({"url": "postgresql://u:x${WILD}y@h/d"})"), "postgresql://u:x" + wild + "y@h/d");
  EXPECT_EQ(target(R"({"url": "postgresql://h/d?password=${WILD}&sslmode=require"})"),
            "postgresql://h/d?password=" + wild + "&sslmode=require");
  EXPECT_EQ(target(R"({"url": "postgresql://${WILD}/d"})"), "postgresql://" + wild + "/d");
  EXPECT_EQ(target(R"({"url": "postgresql://${SERVERS}/d"})"), "postgresql://h1:5433,[::1]:5434/d");
  EXPECT_EQ(target(R"({"url": "postgresql://u:${DB_PASSWORD}@${SERVERS}/d"})"),
            "postgresql://u:p%40ss%2Fw%3Ard@h1:5433,[::1]:5434/d");
  EXPECT_EQ(target(R"({"url": "postgresql://${DB_HOST}:${DB_PASSWORD}@${FOLDER}/d"})"),
            "postgresql://db.internal:p%40ss%2Fw%3Ard@%2Fsrv%2Fapp%20data/d");
  const auto both = complaint(R"({"url": "postgresql://${BOTH}@h/d"})");
  EXPECT_SAYS(both, "'BOTH'");
  EXPECT_SAYS(both, "'password'");
  EXPECT_EQ(both.find("hidden"), std::string::npos);
}

std::string any_value;
const char* any_variable(const char*) { return any_value.c_str(); }

TEST(AsyncsqlConfig, EveryByteOfAVariableComesOutOfTheUrlAsItWent) {
  const auto parsed = [](std::string_view url) {
    std::string file{R"({"databases": {"default": {"validate_queries": false, "url": ")"};
    const auto how = dt::asyncsql::read_config_text(file.append(url).append("\"}}}"), {}, &any_variable);
    EXPECT_TRUE(how);
    return how ? dt::parse_uri(how->connection_string.reveal()).value() : dt::uri{};
  };
  for (int byte = 1; byte < 256; ++byte) {
    for (const std::string_view end : {"", "/", "b"}) {
      any_value = std::string{static_cast<char>(byte)}.append(end);
      const dt::uri secret = parsed("postgresql://u:${X}@h:5/d?a=1");
      EXPECT_EQ(secret.password.reveal(), any_value);
      EXPECT_EQ(secret.public_text(), "postgresql://u:[redacted]@h:5/d");
      EXPECT_EQ(parsed("postgresql://h/${X}").path, "/" + any_value);
      EXPECT_EQ(parsed("sqlite:${X}").path, any_value);
      EXPECT_EQ(parsed("sqlite:/${X}").path, "/" + any_value);
      const dt::uri query = parsed("postgresql://h/d?a=${X}&b=2");
      ASSERT_EQ(query.parameters.size(), 2u);
      EXPECT_EQ(query.parameters[0].value.reveal(), any_value);
    }
  }
}

TEST(AsyncsqlConfig, AVariableThatBeginsAConnectionStringBringsItsParts) {
  EXPECT_EQ(target(R"({"url": "${URL}"})"), "postgresql://u:p%40q@h/d?sslmode=require");
  EXPECT_EQ(target(R"({"url": "${URL}&application_name=${WILD}"})"),
            "postgresql://u:p%40q@h/d?sslmode=require&application_name=a%40evil%2Fx%3Fsslmode%3Ddisable%23%2541%20b");
}

TEST(AsyncsqlConfig, VariablesInPathsOfFilesAndInWords) {
  EXPECT_EQ(target(R"({"url": "sqlite:${FOLDER}/a.db"})"), "sqlite:/srv/app%20data/a.db");
  EXPECT_EQ(target(R"({"url": "sqlite://${FOLDER}/a.db"})"), "sqlite:///srv/app%20data/a.db");
  EXPECT_EQ(target(R"({"url": "sqlite:/${FOLDER}/a.db"})"), "sqlite:/%2Fsrv/app%20data/a.db");
  EXPECT_EQ(target(R"({"url": "sqlite:${WILD}?journal=wal"})"),
            "sqlite:a%40evil/x%3Fsslmode%3Ddisable%23%2541%20b?journal=wal");
  EXPECT_EQ(target(R"({"connection_string": "host=h password=${QUOTED} dbname=d"})"),
            R"(host=h password=it\'s\ host=evil\ \\ dbname=d)");
  EXPECT_EQ(target(R"({"connection_string": "host=h password='${QUOTED}' dbname=d"})"),
            R"(host=h password='it\'s\ host=evil\ \\' dbname=d)");
  EXPECT_EQ(target(R"({"connection_string": "password=${NOTHING} host=h"})"), "password='' host=h");
  EXPECT_EQ(target(R"({"connection_string": "password=${NOTHING}\n host=h"})"), "password=''\n host=h");
  EXPECT_EQ(target(R"({"connection_string": "password=${NOTHING}\thost=h"})"), "password=''\thost=h");
}

TEST(AsyncsqlConfig, APasswordMayStandBesideAConnectionStringThatHasNone) {
  EXPECT_EQ(target(R"({"url": "postgresql://app@h/d?sslmode=require", "password": "${DB_PASSWORD}"})"),
            "postgresql://app:p%40ss%2Fw%3Ard@h/d?sslmode=require");
  EXPECT_EQ(target(R"({"url": "postgresql://h1,h2/d", "password": "p"})"), "postgresql://:p@h1,h2/d");
  for (const char* url :
       {"postgresql://u:q@h/d", "postgresql://u@h/d?password=q", "postgresql://u@h/d?a=b&password=q"}) {
    EXPECT_SAYS(complaint(std::string{R"({"password": "p", "url": ")"} + url + "\"}"), "contradict each other");
  }
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "password": "p"})"), "'password' has no place");
  EXPECT_SAYS(complaint(R"({"url": "host=h dbname=d", "password": "p"})"), "'password' has no place");
}

TEST(AsyncsqlConfig, SeveralServersAreAListAsInAConnectionString) {
  const auto servers = [](std::string_view host) {
    return target(std::string{R"({"database_type": "postgresql", "database": "d", )"}.append(host).append("}"));
  };
  EXPECT_EQ(servers(R"("host": "h1,h2")"), "postgresql://h1,h2/d");
  EXPECT_EQ(servers(R"("host": "h1,h2", "port": 5433)"), "postgresql://h1:5433,h2:5433/d");
  EXPECT_EQ(servers(R"("host": "h1,::1,/tmp", "port": "5433,5434,5435")"),
            "postgresql://h1:5433,[::1]:5434,%2Ftmp:5435/d");
  EXPECT_EQ(servers(R"("host": ["${DB_HOST}", "[fe80::1%eth0]"], "port": [5433, 5434])"),
            "postgresql://db.internal:5433,[fe80::1%25eth0]:5434/d");
  EXPECT_SAYS(servers(R"("host": "h1,h2", "port": "1,2,3")"), "'port' has more values");
  EXPECT_SAYS(servers(R"("host": "h1,h2,h3", "port": "1,2")"), "'port' has fewer values");
  EXPECT_SAYS(servers(R"("host": "h1,,h2")"), "'host' has a server without a name");
  EXPECT_SAYS(servers(R"("host": "h1:5433")"), "the port stands in 'port'");
  EXPECT_SAYS(servers(R"("host": "h1", "port": "x")"), "'port' must be a whole number");
  EXPECT_SAYS(complaint(R"({"database_type": "mysql", "database": "d", "host": "h1,h2"})"), "several servers");
}

TEST(AsyncsqlConfig, AKeyThatComesTwiceIsAnErrorWithItsLineAndColumn) {
  const auto wrong = [](std::string_view text) {
    const auto read = dt::asyncsql::read_config_text(text, "main", &variable);
    return read ? std::string{"nothing is wrong"} : read.error().message();
  };
  const auto inside =
      wrong("{\"databases\": {\n  \"main\": {\n    \"url\": \"sqlite:a\",\n    \"url\": \"sqlite:b\"}}}");
  EXPECT_SAYS(inside,
              "Failed to load config 'main': line 4, column 5, $.databases.main: the key \"url\" is given twice");
  EXPECT_SAYS(wrong(R"({"databases": {"main": {"url": "sqlite:a"}, "main": {}}})"), "column 45");
  EXPECT_SAYS(wrong(R"({"databases": {}, "databases": {}})"), "\"databases\" is given twice");
  EXPECT_SAYS(wrong(R"({"databases": {"main": {"url": "sqlite:a"}, "x": {"name": "a", "name": "b"}}})"), "\"name\"");
  EXPECT_SAYS(wrong(R"({"databases": {"main": {"url": "sqlite:a", "retry_config": {"jitter": 1, "jitter": 2}}}})"),
              "$.databases.main.retry_config");
  EXPECT_SAYS(wrong("{\"databases\": {\n \"main\": {\"url\": nil}}}"), "line 2, column 18");
}

TEST(AsyncsqlConfig, OnlyRetriesStandInTheirObject) {
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "retry_config": {"allow_admin": true}})"),
              "'retry_config' has 'allow_admin', which is no setting of retries");
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "retry_config": {"password": "s3cret"}})"),
              "'retry_config' has 'password'");
  EXPECT_TRUE(read_text(R"({"url": "sqlite:a.db", "retry_config": {"retryable_codes": ["14"], "retry_deadline": 2}})"));
}

TEST(AsyncsqlConfig, ASecondPasswordIsFoundBehindEscapesToo) {
  EXPECT_SAYS(complaint(R"({"url": "postgresql://u@h/d?a=b&%70assword=a", "password": "p"})"), "contradict each other");
}

TEST(AsyncsqlConfig, VariablesStandInListsToo) {
  const config how = read_text(R"({"url": "sqlite:a.db", "retryable_codes": ["${CODE}", 14, "$$x"]})").value();
  EXPECT_EQ(how.session.retry.codes, (std::vector<std::string>{"55006", "14", "$x"}));
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "retryable_codes": ["1", "${NOWHERE}"]})"),
              "Environment variable 'NOWHERE' not found, in 'retryable_codes'");
  EXPECT_SAYS(complaint(R"({"url": ["sqlite:a.db"]})"), "'url' is a list");
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "retryable_codes": [{}]})"), "'retryable_codes' is a list");
}

TEST(AsyncsqlConfig, ACodeOfAListIsNotTakenApart) {
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "retryable_codes": ["14", "55006,40001"]})"),
              "'retryable_codes' has an element with a comma");
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "retry_config": {"retryable_codes": ["14,"]}})"),
              "'retryable_codes' has an element with a comma");
  EXPECT_EQ(read_text(R"({"url": "sqlite:a.db", "retryable_codes": "14, 55006"})").value().session.retry.codes,
            (std::vector<std::string>{"14", "55006"}))
      << "a text is a list with commas";
}

TEST(AsyncsqlConfig, VariablesThatAreNotSetHideNoOtherMistake) {
  const auto all = complaint(R"({"url": "postgresql://${NOWHERE}/app", "max_pol_size": 3, "timeout": "soon",
                                 "name": "${NOBODY}", "max_retries": "${NEVER}"})");
  for (const char* words : {"'NOWHERE'", "'NOBODY'", "'NEVER'", "did you mean 'max_pool_size'?", "'timeout'"}) {
    EXPECT_SAYS(all, words);
  }
  EXPECT_EQ(all.find("must have 'connection_string'"), std::string::npos) << all;
  EXPECT_EQ(all.find("'max_retries' must"), std::string::npos) << all;
}

TEST(AsyncsqlConfig, ADatabaseTypeThatIsNotSetIsOneMistakeAndNoSecondOneAboutTheAddress) {
  for (const char* rest : {"", R"(, "database": "a.db")", R"(, "host": "h", "database": "d")"}) {
    const auto all = complaint(std::string{R"({"database_type": "${NOWHERE}")"} + rest + "}");
    EXPECT_SAYS(all, "Environment variable 'NOWHERE' not found, in 'database_type'");
    EXPECT_EQ(all.find("requires"), std::string::npos) << all;
    EXPECT_EQ(all.find("must have"), std::string::npos) << all;
  }
  const auto more = complaint(R"({"database_type": "${NOWHERE}", "max_pol_size": 3})");
  EXPECT_SAYS(more, "'NOWHERE'");
  EXPECT_SAYS(more, "did you mean 'max_pool_size'?");
}

TEST(AsyncsqlConfig, P17_AnExplicitValueWinsEvenWhenItIsTheDefault) {
  const config how = read_text(R"({"url": "sqlite:a.db", "timeout": 60, "max_retries": 3})").value();
  EXPECT_EQ(how.session.timeout, 60s);
  EXPECT_EQ(how.session.retry.max_retries, 3);
}

TEST(AsyncsqlConfig, EverySettingOfAFileIsRead) {
  const config how = read_text(R"({"connection_string": "sqlite:a.db", "name": "orders", "transaction_mode": "none",
      "isolation": "serializable", "close_timeout": 2, "timeout": 1.5, "share_pool": false, "min_pool_size": 1,
      "max_pool_size": 4, "pool_capacity": 9, "acquire_timeout": "250ms", "idle_timeout": 10, "max_lifetime": "5min",
      "health_check_interval": 3, "retry_config": {"max_retries": 2, "initial_delay": 0.5, "max_delay": 10.0,
      "exponential_base": 1.5, "jitter": false}, "retry_deadline": 8, "retry_lock_not_available": true,
      "retry_timeouts_of_reads": true, "retryable_codes": ["55006", "14"], "slow_query": 0.25,
      "kept_slow_queries": 7, "profile": "strict", "validate_queries": false, "allow_admin": true, "allow_ddl": true})")
                         .value();
  EXPECT_EQ(how.session.name, "orders");
  EXPECT_EQ(how.session.transaction.mode, transaction_mode::none);
  EXPECT_EQ(how.session.transaction.isolation, dt::begin_mode::serializable);
  EXPECT_EQ(how.session.transaction.close_limit, 2s);
  EXPECT_EQ(how.session.timeout, 1500ms);
  EXPECT_FALSE(how.pool.share);
  EXPECT_EQ(how.pool.min_connections, 1u);
  EXPECT_EQ(how.pool.max_connections, 4u);
  EXPECT_EQ(how.pool.capacity, 9u);
  EXPECT_EQ(how.pool.acquire_wait, 250ms);
  EXPECT_EQ(how.pool.idle_limit, 10s);
  EXPECT_EQ(how.pool.age_limit, 5min);
  EXPECT_EQ(how.pool.check_interval, 3s);
  EXPECT_EQ(how.session.retry.max_retries, 2);
  EXPECT_EQ(how.session.retry.initial_delay, 500ms);
  EXPECT_EQ(how.session.retry.max_delay, 10s);
  EXPECT_EQ(how.session.retry.exponential_base, 1.5);
  EXPECT_EQ(how.session.retry.jitter, dt::asyncsql::jitter_kind::none);
  EXPECT_EQ(how.session.retry.deadline, 8s);
  EXPECT_TRUE(how.session.retry.lock_not_available);
  EXPECT_TRUE(how.session.retry.timeouts_of_reads);
  EXPECT_EQ(how.session.retry.codes, (std::vector<std::string>{"55006", "14"}));
  EXPECT_EQ(how.session.monitor.slow_query, 250ms);
  EXPECT_EQ(how.session.monitor.kept_slow_queries, 7u);
  EXPECT_EQ(how.security.profile, dt::validation_profile::strict);
  EXPECT_FALSE(how.security.validate_queries);
  EXPECT_TRUE(how.security.allow_admin);
  EXPECT_TRUE(how.security.allow_ddl);
}

TEST(AsyncsqlConfig, UnknownSettingsAreErrorsThatNameThem) {
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "max_pol_size": 3})"), "did you mean 'max_pool_size'?");
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "fetch_size": {"a": 1}})"), "'fetch_size'");
  const auto root = dt::asyncsql::read_config_text(R"({"database": {}})", "x", &variable);
  ASSERT_FALSE(root);
  EXPECT_SAYS(root.error().message(), "'database'");
}

TEST(AsyncsqlConfig, ContradictionsAreErrorsThatNameThem) {
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "host": "h"})"), "contradict each other");
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "connection_string": "sqlite:b.db"})"), "give one of them");
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "database_type": "postgresql"})"), "name different databases");
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "min_pool_size": 5, "max_pool_size": 4})"), "'min_pool_size'");
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "max_retries": 5, "attempts": 5})"), "'max_retries'");
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "retry_delay": 5, "max_delay": 1})"), "'retry_delay'");
  EXPECT_SAYS(complaint(R"({"timeout": 3})"), "must have 'connection_string' or 'url'");
  EXPECT_SAYS(complaint(R"({"database_type": "postgresql", "host": "h"})"), "requires host and database");
  EXPECT_SAYS(complaint(R"({"database_type": "sqlite"})"), "SQLite requires database path");
  const auto all = complaint(R"({"url": "sqlite:a.db", "port": 0, "timeout": "soon", "max_retries": -1})");
  for (const char* name : {"'port'", "'timeout'", "'max_retries'"}) EXPECT_SAYS(all, name);
}

TEST(AsyncsqlConfig, Y3_AttemptsAreRetriesAndOne) {
  EXPECT_EQ(read_text(R"({"url": "sqlite:a.db", "attempts": 0})")->session.retry.attempts(), 1);
  EXPECT_EQ(read_text(R"({"url": "sqlite:a.db", "attempts": 1})")->session.retry.attempts(), 1);
  EXPECT_EQ(read_text(R"({"url": "sqlite:a.db", "attempts": 3})")->session.retry.attempts(), 3);
  EXPECT_EQ(read_text(R"({"url": "sqlite:a.db", "max_retries": 3, "attempts": 4})")->session.retry.attempts(), 4);
}

TEST(AsyncsqlConfig, V22_TruthValuesAreReadStrictly) {
  EXPECT_FALSE(read_text(R"({"url": "sqlite:a.db", "allow_admin": "false"})")->security.allow_admin);
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "allow_admin": "maybe"})"), "'allow_admin'");
}

TEST(AsyncsqlConfig, V21_AConnectionStringThatCarriesCommandsOrTheSystemsFilesIsRefused) {
  using dt::asyncsql::read_config;
  for (const char* text : {"postgresql://u:p@h/d;drop table t",
                           "postgresql://u:p@h/d?application_name=x;%20delete%20from%20t",
                           "postgresql://h/d?application_name=$(id)",
                           "postgresql://h/d?options=`id`",
                           "postgresql://h/d?options=%60id%60",
                           "postgresql://u;x@h/d",
                           "postgresql://h;x/d",
                           "postgresql://u:p;q@h/d",
                           "postgresql://|id/d",
                           "postgresql://h/d?host=|id",
                           "postgresql://h/d?sslkey=/etc/shadow",
                           "postgresql://h/d?sslkey=%2Fetc%2Fshadow",
                           "postgresql://h/d?%70assfile=/etc/shadow",
                           "postgresql://h/d?ssl%6bey=%2Fetc%2Fshadow",
                           "postgresql://h/d?%68ost=%7Cid",
                           "postgresql://h/d?application%60id%60name=x",
                           "postgresql://h/d?sslcert=/etc/passwd",
                           "postgresql://h/d?sslrootcert=/etc/passwd",
                           "host=|id dbname=d",
                           "host=h dbname='d;drop table t'",
                           "host=h sslkey=/etc/shadow",
                           "host=h dbname=$(id)",
                           "mysql://u:p@h/d;drop table t"}) {
    const auto read = read_config(text);
    ASSERT_FALSE(read) << text;
    EXPECT_SAYS(read.error().message(), "security validation");
    EXPECT_EQ(read.error().message().find("drop table"), std::string::npos);
  }
  for (const char* text :
       {"postgresql://u:p%60a%24%28b%29%3Bc@h/d", "postgresql://u:p$a@h/d", "postgresql://h/d?password=a%3Bb%60",
        "postgresql://h/d?%70assword=a%3Bb%60", "host=h password='a;b`$(c)' dbname=d",
        "postgresql://h1,h2:5433/d?sslkey=/home/u/key.pem&options=-c%20a%3Db",
        "postgresql://h/d?sslmode=require&application_name=pa$$", "sqlite:/tmp/a;b.db", "sqlite:`x`.db"}) {
    const auto read = read_config(text);
    EXPECT_TRUE(read) << text << ": " << (read ? "" : read.error().message());
  }
  EXPECT_TRUE(read_config("postgresql://h/d;x?validate_queries=false"));
  EXPECT_SAYS(complaint(R"({"url": "postgresql://h/d?sslkey=/etc/shadow"})"), "security validation");
}

TEST(AsyncsqlConfig, SecretsAreInNoMessage) {
  for (const char* entry :
       {R"({"database_type": "postgresql", "host": "h", "database": "d", "user": "u", "password": "hidden\u0000x"})",
        R"({"password": "hidden", "host": "h"})", R"({"url": "postgresql://u:hidden@h/d", "port": 70000})",
        R"({"url": "postgresql://u:hidden@h/d", "connection_string": "postgresql://u:hidden@h/d", "x": "hidden"})"}) {
    EXPECT_EQ(complaint(entry).find("hidden"), std::string::npos) << complaint(entry);
    EXPECT_NE(complaint(entry), "nothing is wrong");
  }
}

TEST(AsyncsqlConfig, P18_TheDatabaseIsToldByTheConnectionString) {
  using dt::dialect;
  using dt::asyncsql::detect_database;
  for (const char* text : {":memory:", "a.db", "a.sqlite", "a.sqlite3", "sqlite:x", "sqlite:///x", "/var/data", "./x",
                           "file:x?mode=memory"}) {
    EXPECT_EQ(detect_database(text), dialect::sqlite) << text;
  }
  for (const char* text : {"postgres://h/d", "postgresql://h/d"}) EXPECT_EQ(detect_database(text), dialect::postgres);
  for (const char* text : {"mysql://h/d", "mysql+pymysql://h/d", "mariadb://h/d"}) {
    EXPECT_EQ(detect_database(text), dialect::mysql);
  }
  EXPECT_EQ(detect_database("host=/tmp dbname=x"), std::nullopt);
}

TEST(AsyncsqlConfig, AFileThatIsNotThereIsNamed) {
  const auto missing = dt::asyncsql::read_config_file("/nonexistent/databases.json", "main");
  ASSERT_FALSE(missing);
  EXPECT_SAYS(missing.error().message(), "/nonexistent/databases.json");
  const std::string path =
      std::filesystem::temp_directory_path() / ("dovetail_config_" + std::to_string(::getpid()) + ".json");
  std::ofstream{path} << R"({"databases": {"main": {"url": "sqlite:a.db"}}})";
  EXPECT_EQ(dt::asyncsql::read_config_file(path, "main")->connection_string.reveal(), "sqlite:a.db");
  std::filesystem::remove(path);
}

TEST(AsyncsqlConfig, TypesOfParametersComeFromAFileAndFromAConnectionString) {
  const auto type_of = [](const config& how, std::string_view name) {
    for (const auto& each : how.session.parameter_types.all()) {
      if (each.name == name) return each.type;
    }
    return std::string{"none"};
  };
  const config file =
      read_text(R"json({"url": "sqlite:a.db", "parameter_types": {"meta": "jsonb", "price": "numeric(10,2)"}})json")
          .value();
  EXPECT_EQ(type_of(file, "meta"), "jsonb");
  EXPECT_EQ(type_of(file, "price"), "numeric(10,2)");
  const config url =
      read_config("postgresql://h/app?parameter_types.price=numeric(10%2C2)&sslmode=require&parameter_types.1=uuid")
          .value();
  EXPECT_EQ(type_of(url, "price"), "numeric(10,2)");
  EXPECT_EQ(type_of(url, "1"), "uuid");
  EXPECT_EQ(url.connection_string.reveal(), "postgresql://h/app?sslmode=require");
  EXPECT_SAYS(complaint(R"json({"url": "sqlite:a.db", "parameter_types": {"meta": "text); drop table t"}})json"),
              "'meta'");
  EXPECT_SAYS(complaint(R"json({"url": "sqlite:a.db", "parameter_types": {"meta": {}}})json"), "must be a text");
}

TEST(AsyncsqlConfig, ASuspiciousPatternIsNamedByItsKindAndNotByItsText) {
  const std::pair<const char*, const char*> all[] = {
      {"postgresql://u:hid;den@h/d", "a suspicious pattern, a semicolon."},
      {"postgresql://h/d?application_name=hidden`", "a suspicious pattern, a back-tick."},
      {"postgresql://h/hidden$(x)", "a suspicious pattern, '$('."},
      {"postgresql://%7chidden/d", "a suspicious pattern, a pipe in the place of the host."},
      {"host=hidden sslkey=/etc/shadow", "a suspicious pattern, the path of a file of the system's passwords."}};
  for (const auto& [text, words] : all) {
    const auto read = read_config(text);
    ASSERT_FALSE(read) << text;
    EXPECT_SAYS(read.error().message(), words);
    EXPECT_EQ(read.error().message().find("hid"), std::string::npos) << read.error().message();
    EXPECT_EQ(read.error().message().find("shadow"), std::string::npos) << read.error().message();
  }
}

TEST(AsyncsqlConfig, NamesOfObjectsAreKnownToo) {
  const std::string known = complaint(R"({"url": "sqlite:a.db", "nothing_like_it": 1})");
  EXPECT_SAYS(known, "'parameter_types'");
  EXPECT_SAYS(known, "'retry_config'");
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "retry_confg": {"attempts": 2}})"), "'retry_confg'");
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "retry_config": "twice"})"), "'retry_config' must be an object");
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "parameter_types": 1})"), "'parameter_types' must be an object");
  EXPECT_SAYS(complaint(R"({"url": "sqlite:a.db", "max_pool": 3})"), "did you mean 'max_pool_size'?");
}

}  // namespace
