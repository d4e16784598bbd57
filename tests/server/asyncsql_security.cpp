// A corpus of injection strings against real databases: as values, as names, and pasted into texts, where no profile of
// the guard ever lets a second statement through.
#include <dovetail/asyncsql.hpp>
#include <dovetail/postgres.hpp>
#include <dovetail/sqlite.hpp>

#include <support/injections.hpp>
#include <support/postgres_server.hpp>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace dt = dovetail;
namespace as = dovetail::asyncsql;
using dt::test::injections;
using dt::test::pasted;
using dt::test::pastes;
using dt::test::postgres_server;

template <class Client>
using guarded = as::session<Client, as::guard<>>;

as::session_settings once() {
  as::session_settings how;
  how.retry.max_retries = 0;
  return how;
}

template <class Client>
guarded<Client> session_with(Client& on, dt::validation_profile profile) {
  as::security_settings how;
  how.profile = profile;
  how.validate_queries = profile != dt::validation_profile::off;
  return guarded<Client>{on, once(), as::guard<>{how}};
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t more = first < 0x80 ? 0 : first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC2 ? 1 : 9;
    if (more == 9 || i + more >= text.size()) return false;
    for (std::size_t at = 1; at <= more; ++at) {
      if ((static_cast<unsigned char>(text[i + at]) & 0xC0) != 0x80) return false;
    }
    if (first == 0xED && static_cast<unsigned char>(text[i + 1]) >= 0xA0) return false;
    i += more + 1;
  }
  return true;
}

std::string shown(std::string_view text) {
  std::string all;
  for (const char c : text.substr(0, 300)) {
    if (c >= ' ' && c <= '~') {
      all += c;
    } else {
      constexpr std::string_view digits = "0123456789ABCDEF";
      all += "\\x";
      all += digits[static_cast<unsigned char>(c) >> 4];
      all += digits[static_cast<unsigned char>(c) & 15];
    }
  }
  return all;
}

std::vector<std::string> all_texts() {
  std::vector<std::string> all = injections();
  for (std::string& each : dt::test::long_injections()) all.push_back(std::move(each));
  return all;
}

/// The statements made of a text. Of a very long one only a few: reading them takes the time of all the others.
std::vector<std::string> statements_of(const std::string& text) {
  std::vector<std::string> all;
  const std::size_t step = text.size() > 1000 ? 6 : 1;
  for (std::size_t i = 0; i < pastes.size(); i += step) all.push_back(pasted(pastes[i], text));
  return all;
}

/// What differs between the two databases.
struct on_postgres {
  using client = dt::postgres::client;
  static constexpr dt::dialect speaks = dt::dialect::postgres;
  /// The role has standard_conforming_strings off: the client must turn it on.
  static std::string url() {
    postgres_server::shared().sql("alter role app set standard_conforming_strings = off");
    return postgres_server::shared().url("app", "?maxConnections=1&sslmode=disable");
  }
  static std::string gone() { return "postgresql://app@127.0.0.1:1/app?sslmode=disable"; }
  static constexpr const char* setup =
      "drop schema public cascade; create schema public;"
      "create table canary(id bigint primary key, name text not null);"
      "create table item(id bigint generated always as identity, name text)";
  /// All that a second statement could have changed, beside the canary: relations, functions, roles, who we are.
  static std::string surroundings(client& db) {
    return db.query_value<std::string>(
        "select concat_ws(' ', (select count(*) from pg_class), (select count(*) from pg_proc), (select count(*) from "
        "pg_roles), (select count(*) from pg_largeobject_metadata), current_user, current_setting('search_path'))");
  }
  static void tidy(client& db) { db.script("delete from item; drop table if exists dead"); }
  static bool takes(std::string_view text) { return is_utf8(text) && text.find('\0') == std::string_view::npos; }
};

struct on_sqlite {
  using client = dt::sqlite::client;
  static constexpr dt::dialect speaks = dt::dialect::sqlite;
  static std::string url() { return "sqlite::memory:?maxConnections=1"; }
  static std::string gone() { return "sqlite:/nonexistent/folder/x.db"; }
  static constexpr const char* setup =
      "create table canary(id integer primary key, name text not null);"
      "create table item(id integer primary key, name text)";
  static std::string surroundings(client& db) {
    return db.query_value<std::string>(
        "select (select group_concat(name) from sqlite_master) || ' ' || (select count(*) from sqlite_temp_master) || "
        "' ' "
        "|| (select count(*) from pragma_database_list)");
  }
  static void tidy(client& db) { db.script("delete from item; drop table if exists dead"); }
  static bool takes(std::string_view) { return true; }
};

template <class Database>
class AsyncsqlSecurity : public testing::Test {
 protected:
  using client = typename Database::client;

  AsyncsqlSecurity() : db{Database::url()} {
    db.script(Database::setup);
    db.execute("insert into canary(id, name) values (1, 'alive'), (2, 'and well')");
  }
  std::string canary() {
    return db.template query_value<std::string>(
        "select (select name from canary where id = 1) || ' ' || (select name from canary where id = 2) || ' ' || "
        "(select count(*) from canary)");
  }

  client db;
};

using databases = testing::Types<on_postgres, on_sqlite>;
struct database_name {
  template <class Database>
  static std::string GetName(int) {
    return std::string{dt::to_string(Database::speaks)};
  }
};
TYPED_TEST_SUITE(AsyncsqlSecurity, databases, database_name);

TYPED_TEST(AsyncsqlSecurity, TheCorpusHasTheTextsThatItClaims) {
  EXPECT_GE(injections().size(), 300u);
  EXPECT_EQ(std::set<std::string>(injections().begin(), injections().end()).size(), injections().size());
}

TYPED_TEST(AsyncsqlSecurity, A45_EveryTextOfTheCorpusIsEqualWhenItComesBackAsAValue) {
  auto session = session_with(this->db, dt::validation_profile::strict);
  for (const std::string& text : all_texts()) {
    this->db.execute("delete from item");
    if (!TypeParam::takes(text)) {  // PostgreSQL has no such text
      const auto refused = session.with(dt::as_result).execute("insert into item(name) values (?)", text);
      EXPECT_FALSE(refused) << shown(text);
      continue;
    }
    session.execute("insert into item(name) values (?)", text);
    EXPECT_EQ(session.template query_value<std::string>("select name from item where name = :it", dt::arg<"it">(text)),
              text)
        << shown(text);
    EXPECT_EQ(session.template query_value<std::int64_t>("select count(*) from item where name in (:its)",
                                                         dt::arg<"its">(std::vector<std::string>{text, "x"})),
              1)
        << shown(text);
  }
  EXPECT_EQ(this->canary(), "alive and well 2");
}

TYPED_TEST(AsyncsqlSecurity, EveryTextOfTheCorpusIsANameOrRefusedWhenItIsQuotedAsOne) {
  const std::string before = TypeParam::surroundings(this->db);
  std::size_t names = 0;
  for (const std::string& text : injections()) {
    const auto quoted = dt::quote_identifier(TypeParam::speaks, text);
    const bool is_too_long = TypeParam::speaks == dt::dialect::postgres && text.size() > 63;
    if (!quoted) {
      EXPECT_TRUE(text.empty() || text.find('\0') != std::string::npos || is_too_long) << shown(text);
      continue;
    }
    if (!TypeParam::takes(text)) continue;
    ++names;
    const auto rows = this->db.template query<dt::row>(dt::runtime("select 1 as " + *quoted));
    ASSERT_EQ(rows.size(), 1u) << shown(text);
    ASSERT_EQ(rows[0].size(), 1u) << shown(text);
    EXPECT_EQ(rows[0].name(0), text);
    this->db.execute(dt::runtime("create table " + *quoted + "(" + *quoted + " integer)"));
    this->db.execute(dt::runtime("insert into " + *quoted + "(" + *quoted + ") values (7)"));
    EXPECT_EQ(this->db.template query_value<int>(dt::runtime("select " + *quoted + " from " + *quoted)), 7)
        << shown(text);
    this->db.execute(dt::runtime("drop table " + *quoted));
    ASSERT_EQ(this->canary(), "alive and well 2") << shown(text);
  }
  EXPECT_GT(names, 250u);
  EXPECT_EQ(TypeParam::surroundings(this->db), before);
}

struct named {
  std::string name;
};

TYPED_TEST(AsyncsqlSecurity, TablesAreNamedByTextsOnlyThroughQuotes) {
  for (const std::string& text : injections()) {
    const auto done = this->db.with(dt::as_result).insert(text, named{"x"});
    EXPECT_EQ(static_cast<bool>(done), text == "item") << shown(text);
  }
  EXPECT_EQ(this->canary(), "alive and well 2");
}

TYPED_TEST(AsyncsqlSecurity, V3_V18_NoTextOfTheCorpusExecutesASecondStatementInAnyProfile) {
  typename TypeParam::client gone{TypeParam::gone()};
  std::size_t refused = 0;
  std::size_t executed = 0;
  std::string before = TypeParam::surroundings(this->db);
  for (const auto profile :
       {dt::validation_profile::off, dt::validation_profile::standard, dt::validation_profile::strict}) {
    const bool is_off = profile == dt::validation_profile::off;
    auto session = session_with(this->db, profile);
    auto nowhere = session_with(gone, profile);
    for (const std::string& text : all_texts()) {
      std::vector<std::string> statements = statements_of(text);
      if (!is_off) {  // without rules the text alone may be any one statement
        statements.push_back(text);
        statements.push_back("select " + text);
      }
      for (const std::string& statement : statements) {
        const auto verdict = dt::validate(TypeParam::speaks, statement, {.profile = profile});
        if (!verdict.is_allowed()) {
          ++refused;
          // Nobody is asked: there is nobody.
          const auto why = nowhere.with(dt::as_result).execute(dt::runtime(statement));
          ASSERT_FALSE(why);
          EXPECT_EQ(why.error().code(), dt::errc::statement_refused) << shown(statement) << why.error().message();
        }
        const auto done = session.with(dt::as_result).execute(dt::runtime(statement));
        if (!verdict.is_allowed()) {
          EXPECT_FALSE(done) << shown(statement);
        } else if (done) {
          ++executed;
        } else {
          // The server saw a second statement that the guard did not see.
          EXPECT_EQ(done.error().message().find("multiple commands"), std::string::npos) << shown(statement);
        }
      }
      ASSERT_EQ(this->canary(), "alive and well 2") << shown(text);
      if (!is_off) {
        ASSERT_EQ(TypeParam::surroundings(this->db), before) << shown(text);
      }
      TypeParam::tidy(this->db);
    }
    before = TypeParam::surroundings(this->db);
  }
  EXPECT_GT(refused, 5'000u);
  EXPECT_GT(executed, 500u);
}

TYPED_TEST(AsyncsqlSecurity, PiecesOfTheCorpusPutTogetherExecuteNoSecondStatementEither) {
  auto session = session_with(this->db, dt::validation_profile::off);
  dt::test::splicer texts{20261121};
  std::size_t allowed = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string statement = texts.next();
    if (!dt::validate(TypeParam::speaks, statement, {.profile = dt::validation_profile::off}).is_allowed()) continue;
    ++allowed;
    const auto done = session.with(dt::as_result).execute(dt::runtime(statement));
    if (!done) {
      EXPECT_EQ(done.error().message().find("multiple commands"), std::string::npos) << shown(statement);
    }
    if (i % 50 == 0) {
      ASSERT_EQ(this->canary(), "alive and well 2") << shown(statement);
      TypeParam::tidy(this->db);
    }
  }
  EXPECT_GT(allowed, 300u);
  EXPECT_EQ(this->canary(), "alive and well 2");
}

/// What SQLite's own parser makes of a text.
struct parsed {
  bool is_statement = false;
  bool has_second = false;
  bool is_risky = false;
  std::string action;            ///< one that the standard profile does not allow
  std::set<std::string> tables;  ///< that are read or written
};

class sqlite_parser {
 public:
  sqlite_parser() {
    sqlite3_open(":memory:", &db_);
    sqlite3_exec(db_, on_sqlite::setup, nullptr, nullptr, nullptr);
    sqlite3_db_config(db_, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, nullptr);
    sqlite3_set_authorizer(db_, &sqlite_parser::see, this);
  }
  sqlite_parser(const sqlite_parser&) = delete;
  sqlite_parser& operator=(const sqlite_parser&) = delete;
  ~sqlite_parser() { sqlite3_close(db_); }

  parsed parse(const std::string& text) {
    now_ = {};
    const char* tail = nullptr;
    now_.is_statement = prepare(text.c_str(), tail);
    parsed found = std::move(now_);
    if (!found.is_statement) return found;
    // Another statement, or what cannot be one, is more than one statement.
    for (const char* rest = tail; rest != nullptr && *rest != '\0';) {
      const char* const from = rest;
      sqlite3_stmt* more = nullptr;
      const int said = sqlite3_prepare_v2(db_, from, -1, &more, &rest);
      sqlite3_finalize(more);
      if (said != SQLITE_OK || more != nullptr) {
        found.has_second = true;
        break;
      }
      if (rest == from) break;
    }
    return found;
  }

 private:
  bool prepare(const char* text, const char*& tail) {
    sqlite3_stmt* made = nullptr;
    const int said = sqlite3_prepare_v2(db_, text, -1, &made, &tail);
    sqlite3_finalize(made);
    return said == SQLITE_OK && made != nullptr;
  }

  static int see(void* self, int what, const char* first, const char* second, const char*, const char*) {
    parsed& now = static_cast<sqlite_parser*>(self)->now_;
    switch (what) {
      case SQLITE_SELECT:
      case SQLITE_RECURSIVE:
        break;
      case SQLITE_FUNCTION:
        if (std::string_view{second} == "load_extension") now.is_risky = true;
        break;
      case SQLITE_READ:
      case SQLITE_INSERT:
      case SQLITE_UPDATE:
      case SQLITE_DELETE:
        if (first != nullptr) now.tables.insert(first);
        break;
      default:
        now.action = std::to_string(what) + " " + (first == nullptr ? "" : first);
        break;
    }
    return SQLITE_OK;
  }

  sqlite3* db_ = nullptr;
  parsed now_;
};

/// Says how the guard's reading differs from the database's; empty when the guard is at least as strict.
std::string difference(sqlite_parser& parser, const std::string& text) {
  if (text.find('\0') != std::string::npos) {
    return dt::validate(dt::dialect::sqlite, text, {}).is_allowed() ? "a text with NUL is allowed" : "";
  }
  const parsed seen = parser.parse(text);
  if (!seen.is_statement) return {};
  const auto off = dt::validate(dt::dialect::sqlite, text, {.profile = dt::validation_profile::off});
  if (off.is_allowed() && seen.has_second) return "a second statement";
  if (!dt::validate(dt::dialect::sqlite, text, {}).is_allowed()) return {};
  if (seen.is_risky) return "load_extension is called";
  if (!seen.action.empty()) return "not allowed: action " + seen.action;
  const dt::classification found = dt::classify(dt::dialect::sqlite, text);
  if (!found.has_all_tables) return {};
  std::set<std::string> known;
  for (std::size_t i = 0; i < found.table_count; ++i) {
    const dt::table_place& at = found.tables[i];
    known.insert(dt::comparable_name(dt::dialect::sqlite, std::string_view{text}.substr(at.begin, at.end - at.begin)));
  }
  for (const char* const table : {"canary", "item"}) {
    bool is_known = false;
    for (const std::string& name : known)
      is_known = is_known || name == table || name.ends_with(std::string{"."} + table);
    if (seen.tables.contains(table) && !is_known) return std::string{"not seen: table "} + table;
  }
  return {};
}

TEST(AsyncsqlSecurityOfSqlite, TheGuardSeesWhateverSqlitesOwnParserSeesInTheCorpus) {
  sqlite_parser parser;
  std::size_t statements = 0;
  for (const std::string& text : all_texts()) {
    for (const std::string& whole : statements_of(text)) {
      statements += parser.parse(whole).is_statement ? 1 : 0;
      EXPECT_EQ(difference(parser, whole), "") << shown(whole);
    }
    EXPECT_EQ(difference(parser, text), "") << shown(text);
    EXPECT_EQ(difference(parser, "select " + text), "") << shown(text);
  }
  EXPECT_GT(statements, 500u);
}

TEST(AsyncsqlSecurityOfSqlite, TheGuardSeesWhateverSqlitesOwnParserSeesInPiecesOfTheCorpus) {
  sqlite_parser parser;
  dt::test::splicer texts{5};
  for (int i = 0; i < 100'000; ++i) {
    const std::string text = texts.next();
    const std::string found = difference(parser, text);
    ASSERT_EQ(found, "") << shown(text);
  }
}

}  // namespace
