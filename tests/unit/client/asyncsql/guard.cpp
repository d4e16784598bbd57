#include <dovetail/client/asyncsql/batch.hpp>
#include <dovetail/client/asyncsql/guard.hpp>
#include <dovetail/client/asyncsql/query_some.hpp>
#include <dovetail/client/asyncsql/session.hpp>
#include <dovetail/client/postgres/pipeline_statement.hpp>
#include <dovetail/sqlite.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

namespace {

namespace dt = dovetail;
namespace as = dovetail::asyncsql;

using plain_session = as::session<dt::sqlite::client>;
using guarded_session = as::session<dt::sqlite::client, as::guard<>>;
using admin_session = as::session<dt::sqlite::client, as::guard<dt::validation{.allow_admin = true}>>;

struct only_id {
  std::int64_t id;
};

struct event {
  std::string what;
  std::string subject;
  std::error_code ec;
  bool has_place;
};

struct recorder {
  std::shared_ptr<std::vector<event>> events;
  void on(const dt::observation& seen) noexcept {
    if (seen.what != dt::observed::audit) return;
    events->push_back({std::string{seen.operation}, std::string{seen.subject}, seen.ec, seen.where.line() != 0});
  }
};

class Guard : public ::testing::Test {
 protected:
  Guard() {
    db_.script(
        "create table city(id integer primary key, name text not null);"
        "create table secret_city(id integer primary key)");
  }

  template <class Call>
  dt::error_info failure_of(Call&& call) {
    try {
      call();
    } catch (const dt::error& failed) {
      return failed.info();
    }
    return {};
  }

  dt::sqlite::client db_{"sqlite::memory:?maxConnections=1"};
};

TEST_F(Guard, V19_ATextMadeAtRunTimeIsRefusedBeforeItIsSentByEveryVerb) {
  guarded_session session{db_};
  const std::string drop = "drop table city";
  const dt::error_info by_execute = failure_of([&] { session.execute(dt::runtime(drop)); });
  EXPECT_EQ(by_execute.code(), dt::errc::statement_refused);
  EXPECT_EQ(by_execute.kind(), dt::condition::misuse);
  EXPECT_NE(by_execute.message().find("'definition'"), std::string::npos) << by_execute.message();
  EXPECT_EQ(by_execute.message().find("drop table"), std::string::npos) << by_execute.message();
  EXPECT_NE(by_execute.where().line(), 0u);
  const std::string attach = "attach ':memory:' as other";
  EXPECT_EQ(failure_of([&] { session.query<std::int64_t>(dt::runtime(attach)); }).code(), dt::errc::statement_refused);
  EXPECT_EQ(failure_of([&] { session.script("delete from city; drop table city"); }).code(),
            dt::errc::statement_refused);
  EXPECT_EQ(failure_of([&] { session.script(dt::runtime("delete from city; " + drop)); }).code(),
            dt::errc::statement_refused);
  session.script(dt::runtime("insert into city(id, name) values (1, 'x'); delete from city where id = 1"));
  EXPECT_EQ(failure_of([&] { session.stream<std::int64_t>(dt::runtime(attach)); }).code(), dt::errc::statement_refused);
  EXPECT_EQ(failure_of([&] { session.run_transaction([&](auto& tx) { tx.execute(dt::runtime(drop)); }); }).code(),
            dt::errc::statement_refused);
  EXPECT_EQ(session.query_value<std::int64_t>("select count(*) from city"), 0);
}

TEST_F(Guard, ARefusalOfAMalformedTextSaysWhatIsMalformedAndNothingOfTheText) {
  guarded_session session{db_};
  const auto told = [&](std::string text) {
    const dt::error_info why = failure_of([&] { session.execute(dt::runtime(text)); });
    EXPECT_EQ(why.code(), dt::errc::statement_refused) << text;
    EXPECT_EQ(why.message().find("hidden"), std::string::npos) << why.message();
    return why.message();
  };
  const auto says = [](const std::string& message, std::string_view words) {
    EXPECT_NE(message.find("'malformed_text': " + std::string{words}), std::string::npos) << message;
  };
  says(told("update hidden set n = $0"), "parameters are numbered from 1 (line 1, column 23)");
  says(told("select :gr\xc3\xb6\xc3\x9f"
            "e"),
       "the name of a parameter is not made of letters");
  says(told("select 'hidden"), "a quote is not closed");
  says(told("select 1 /* hidden"), "a comment is not closed");
  const dt::error_info second = failure_of([&] { session.script("select 1; select 'hidden"); });
  EXPECT_EQ(second.code(), dt::errc::statement_refused);
  says(second.message(), "a quote is not closed");
}

TEST_F(Guard, LiteralsThatKeepTheRulesOfTheTypeAreSent) {
  guarded_session session{db_};
  session.execute("insert into city(id, name) values (?, ?)", 1, "Bern");
  EXPECT_EQ(session.query_value<std::string>("select name from city -- the only one"), "Bern");
  admin_session admin{db_};
  admin.execute("drop table secret_city");
}

TEST_F(Guard, TheLiteralsOfBatchesAndPipelinesMeetTheRulesToo) {
  namespace pg = dovetail::postgres;
  static_assert(dt::detail::batch_statement<guarded_session, int>::rules == dt::validation{});
  static_assert(dt::detail::batch_statement<admin_session&, int>::rules.allow_admin);
  guarded_session session{db_};
  EXPECT_EQ(dt::execute_many(session, "insert into city(name) values (?)", std::vector<std::string>{"Bern", "Oslo"})
                .rows_affected,
            2);
  EXPECT_EQ(dt::query_some<int>(session, dt::row_limits{1, 100}, "select id from city").rows.size(), 1u);
  const as::guard<> by;
  const auto refusal = [&](const auto& op) {
    return as::detail::admit(by, op, {.speaks = dt::dialect::postgres}).code();
  };
  const auto drop = pg::execute("drop table city");
  const auto read = pg::query<int>("select 1");
  EXPECT_EQ(refusal(pg::pipelined<std::tuple<decltype(read)>, false>{{read}}), std::error_code{});
  EXPECT_EQ(refusal(pg::pipelined<std::tuple<decltype(read), decltype(drop)>, false>{{read, drop}}),
            dt::errc::statement_refused);
  EXPECT_EQ(refusal(pg::pipelined<std::vector<std::remove_const_t<decltype(drop)>>, true>{{drop, drop}}),
            dt::errc::statement_refused);
}

TEST_F(Guard, SettingsGivePermissionsForTextsMadeAtRunTime) {
  as::security_settings how;
  how.allow_ddl = true;
  guarded_session session{db_, {}, as::guard<>{how}};
  session.execute(dt::runtime("create table lake(id integer)"));
  EXPECT_EQ(failure_of([&] { session.execute(dt::runtime("vacuum")); }).code(), dt::errc::statement_refused);
  how.validate_queries = false;
  guarded_session open{db_, {}, as::guard<>{how}};
  open.execute(dt::runtime("pragma user_version = 3"));
  EXPECT_TRUE(failure_of([&] { open.execute(dt::runtime("select 1; select 2")); }));
}

TEST_F(Guard, P22_AccessControlAllowsAndDeniesWithItsReason) {
  as::security_settings how;
  how.user = "eve";
  std::vector<std::string> asked;
  how.access = as::make_access_control([&asked](const as::access_request& of) {
    std::string line{of.user};
    line += ' ';
    line += to_string(of.what);
    for (const as::touched_table& table : of.tables) {
      line += ' ' + table.name + (table.is_written ? "!" : "");
      if (table.name == "secret_city") {
        asked.push_back(line);
        return as::access_decision::deny("not for eve");
      }
    }
    asked.push_back(line);
    return as::access_decision::allow();
  });
  guarded_session session{db_, {}, as::guard<>{how}};
  session.query<std::int64_t>("select id from City");
  const dt::error_info denied = failure_of([&] { session.query<std::int64_t>("select id from \"SECRET_city\""); });
  EXPECT_EQ(denied.code(), dt::errc::access_denied);
  EXPECT_EQ(denied.kind(), dt::condition::permission);
  EXPECT_TRUE(denied.message().starts_with("not for eve: access denied\n")) << denied.message();  // said once
  EXPECT_EQ(failure_of([&] { session.script("delete from city; delete from secret_city"); }).code(),
            dt::errc::access_denied);
  EXPECT_EQ(asked, (std::vector<std::string>{"eve select city", "eve select secret_city", "eve delete city!",
                                             "eve delete secret_city!"}));
}

TEST_F(Guard, P22_TheAccessControlIsAskedAboutATableBehindInToo) {
  as::security_settings how;
  how.user = "eve";
  how.access = as::make_access_control([](const as::access_request& of) {
    return of.tables.empty() && of.has_all_tables ? as::access_decision::allow() : as::access_decision::deny("a table");
  });
  guarded_session session{db_, {}, as::guard<>{how}};
  EXPECT_EQ(session.query<std::int64_t>("select 7 where ? not in (1, 2)", 3), std::vector<std::int64_t>{7});
  const auto denied = [&](auto sql) {
    return failure_of([&] { session.query<std::int64_t>(sql, 3); }).code() == dt::errc::access_denied;
  };
  EXPECT_TRUE(denied(dt::runtime("select 7 where ? in secret_city")));
  EXPECT_TRUE(denied(dt::runtime("select 7 where ? not in main.\"secret_city\"")));
  EXPECT_TRUE(denied(dt::runtime("select 7 where ? not in 'secret_city'")));
}

TEST_F(Guard, P22_ATableWhoseNameIsAWordOfTheGrammarElsewhereIsAskedAbout) {
  as::security_settings how;
  how.user = "eve";
  how.allow_ddl = true;
  how.access = as::make_access_control([](const as::access_request& of) {
    for (const as::touched_table& table : of.tables) {
      if (table.table() == "temp" || table.table() == "replace" || table.table() == "if") {
        return as::access_decision::deny("not for eve");
      }
    }
    return as::access_decision::allow();
  });
  db_.script("create table temp(id); create table \"replace\"(id); create table x(id); create table \"if\"(id)");
  guarded_session session{db_, {}, as::guard<>{how}};
  for (const char* text : {"update temp as x set id = 1", "insert into temp select 1", "insert into replace values (1)",
                           "update or replace replace set id = 1", "update main.temp as x set id = 1",
                           "update if as x set id = 1", "update \"if\" set id = 1"}) {
    EXPECT_NO_THROW(db_.execute(dt::runtime(text))) << text;  // the database takes it
    const auto why = failure_of([&] { session.execute(dt::runtime(text)); });
    EXPECT_EQ(why.code(), dt::errc::access_denied) << text << ": " << why.message();
  }
  session.execute(dt::runtime(std::string_view{"update or replace x set id = 1"}));
}

// Only PostgreSQL knows such names; the guard asks nothing of the database.
TEST_F(Guard, ATableThatMayHaveAnyNameIsRefusedWithoutAskingAboutIt) {
  as::security_settings how;
  how.user = "eve";
  how.profile = dt::validation_profile::off;
  how.access = as::make_access_control([](const as::access_request&) { return as::access_decision::allow(); });
  const as::guard<> guard{how};
  const as::guard_context context{dt::dialect::postgres, "s", "query", {}};
  const auto check = [&](std::string_view text) {
    return guard.check(dt::statement_view{.text = text, .traits = {}}, context).code();
  };
  EXPECT_EQ(check("select * from U&\"l!0065dger\" uescape '!'"), dt::errc::access_denied);
  EXPECT_EQ(check("delete from app.U&\"ledger\""), dt::errc::access_denied);
  EXPECT_EQ(check("select U&\"stra\\00dfe\" from ledger"), std::error_code{});
}

TEST_F(Guard, ATableIsKnownByItsBareNameWhateverSchemaStandsBefore) {
  as::security_settings how;
  how.user = "eve";
  std::vector<std::string> schemas;
  how.access = as::make_access_control([&schemas](const as::access_request& of) {
    for (const as::touched_table& table : of.tables) {
      if (table.is_written && table.table() == "secret_city") {
        schemas.emplace_back(table.schema());
        return as::access_decision::deny("not for eve");
      }
    }
    return as::access_decision::allow();
  });
  guarded_session session{db_, {}, as::guard<>{how}};
  const auto denied = [&](const std::string& text) {
    return failure_of([&] { session.execute(dt::runtime(text)); }).code() == dt::errc::access_denied;
  };
  EXPECT_TRUE(denied("delete from secret_city"));
  EXPECT_TRUE(denied("delete from main.secret_city"));
  EXPECT_TRUE(denied("delete from \"MAIN\" . \"Secret_City\""));
  EXPECT_TRUE(denied("delete from \"a.b\".secret_city"));
  EXPECT_TRUE(denied("delete from \"a\"\".b\".secret_city"));
  EXPECT_TRUE(denied("delete from [a\"].secret_city"));
  EXPECT_EQ(schemas, (std::vector<std::string>{"", "main", "main", "\"a.b\"", "\"a\"\".b\"", "\"a\"\"\""}));
  const std::vector<only_id> one{{1}};
  EXPECT_EQ(failure_of([&] { static_cast<void>(dt::bulk_insert(session, "main.secret_city", one)); }).code(),
            dt::errc::access_denied);
  EXPECT_EQ(schemas.back(), "main");

  const as::touched_table quoted{"app.\"b.c\"", true};
  EXPECT_EQ(quoted.table(), "\"b.c\"");
  EXPECT_EQ(quoted.schema(), "app");
  const as::touched_table three{"base.app.city", false};
  EXPECT_EQ(three.table(), "city");
  EXPECT_EQ(three.schema(), "base.app");
}

TEST_F(Guard, P22_AnAccessControlWithoutAUserDeniesAndOneThatThrowsDoesToo) {
  as::security_settings how;
  how.access = as::make_access_control([](const as::access_request&) { return as::access_decision::allow(); });
  guarded_session nobody{db_, {}, as::guard<>{how}};
  EXPECT_EQ(failure_of([&] { nobody.query<std::int64_t>("select id from city"); }).code(), dt::errc::access_denied);
  how.user = "eve";
  how.access = as::make_access_control([](const as::access_request&) -> as::access_decision { throw 1; });
  guarded_session broken{db_, {}, as::guard<>{how}};
  EXPECT_EQ(failure_of([&] { broken.query<std::int64_t>("select id from city"); }).code(), dt::errc::access_denied);
}

TEST_F(Guard, AuditTellsWhoDidWhatAndHowItEndedAndNoContents) {
  as::security_settings how;
  how.user = "eve";
  auto events = std::make_shared<std::vector<event>>();
  how.audit = as::make_audit(recorder{events});
  guarded_session session{db_, {}, as::guard<>{how}};
  session.execute("insert into city(id, name) values (?, ?)", 1, "Bern");
  failure_of([&] { session.execute("insert into city(id, name) values (?, ?)", 1, "Chur"); });
  failure_of([&] { session.execute(dt::runtime("drop table city")); });
  ASSERT_EQ(events->size(), 3u);
  EXPECT_EQ((*events)[0].what, "insert");
  EXPECT_EQ((*events)[0].subject, "eve");
  EXPECT_FALSE((*events)[0].ec);
  EXPECT_TRUE((*events)[0].has_place);
  EXPECT_EQ((*events)[1].ec, dt::condition::constraint);
  EXPECT_EQ((*events)[2].what, "definition");
  EXPECT_EQ((*events)[2].ec, dt::errc::statement_refused);
}

constexpr std::string_view injections[] = {
    "'; drop table city; --",
    "'; delete from city; select '",
    "' or '1'='1",
    "') ; drop table city ; --",
    "1; drop table city",
    "\\'; drop table city; --",
    "'/**/;/**/drop/**/table/**/city;--",
    "'; attach ':memory:' as x; --",
    "';\tvacuum;--",
    "' union select name from sqlite_master --",
    "\"; drop table city; --",
    "`; drop table city; --",
    "]; drop table city; --",
    "'; pragma writable_schema = 1; --",
    "$$; drop table city; $$",
    "%27; drop table city; --",
};

TEST_F(Guard, NoStringOfTheCorpusExecutesASecondStatement) {
  guarded_session session{db_};
  session.execute("insert into city(id, name) values (1, 'Bern')");
  for (const std::string_view value : injections) {
    // As a value it is a value.
    session.execute("update city set name = ? where id = 1", value);
    EXPECT_EQ(session.query_value<std::string>("select name from city where name = :name", dt::arg<"name">(value)),
              value);
    // Pasted into a text, where a program should not: whatever comes of it, nothing is dropped, deleted or attached.
    for (const std::string_view quote : {"'", "\"", "`", ""}) {
      std::string text = "select name from city where name = ";
      text.append(quote).append(value).append(quote);
      failure_of([&] { session.query<std::string>(dt::runtime(text)); });
    }
    EXPECT_EQ(session.query_value<std::int64_t>("select count(*) from city"), 1) << value;
    EXPECT_EQ(session.query<std::string>("select name from pragma_database_list").size(), 1U) << value;
  }
}

TEST_F(Guard, ASessionWithoutAGuardTakesWhatTheClientTakes) {
  plain_session session{db_};
  session.execute("create table lake(id integer)");
}

}  // namespace
