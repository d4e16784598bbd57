// COPY out and in by the clients against a real server: rows in bounded memory, text, and what happens when it breaks.
#include <dovetail/postgres.hpp>

#include <support/postgres_server.hpp>
#include <support/recovery.hpp>

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace dt = dovetail;
using dt::test::postgres_server;
using namespace std::chrono_literals;

namespace {

struct city {
  std::int64_t id;
  std::string name;
  std::optional<double> area;
  friend bool operator==(const city&, const city&) = default;
};

struct PostgresCopy : testing::Test {
  dt::postgres::client db{postgres_server::shared().socket_string("app", " maxConnections=1")};
  std::vector<city> some{{1, "Bern", 51.6}, {2, "Chur", std::nullopt}, {3, "tab\tnewline\n\\ ü", -0.5}};

  void SetUp() override {
    db.script("drop table if exists city; create table city(area float8, id bigint primary key, name text not null)");
    db.copy_in("city", some);
  }
  int process() { return db.query_value<int>("select pg_backend_pid()"); }

  template <class Rows>
  static std::vector<city> all_of(Rows&& rows) {
    std::vector<city> all;
    for (city& each : rows) all.push_back(std::move(each));
    return all;
  }
};

TEST_F(PostgresCopy, ATableComesOutAsItWentIn) {
  EXPECT_EQ(all_of(db.copy_out<city>("city")), some);
  EXPECT_EQ(all_of(db.copy_out<city>("public.city")), some);
  db.execute("delete from city");
  EXPECT_TRUE(all_of(db.copy_out<city>("city")).empty());
}

enum class mood { sad, happy };

struct place {
  std::string street;
  int number;
  friend bool operator==(const place&, const place&) = default;
};

struct listed {
  std::int64_t id;
  std::optional<std::vector<std::vector<mood>>> moods;
  std::vector<std::optional<dt::postgres::composite<place>>> places;
  std::vector<int> sizes;
  std::vector<std::string> names;
  friend bool operator==(const listed&, const listed&) = default;
};

TEST_F(PostgresCopy, ListsGoToArraysOfTypesThatAreNotBuiltIn) {
  db.script(
      "drop table if exists listed; drop type if exists mood, place; drop domain if exists size;"
      "create type mood as enum ('sad', 'happy'); create type place as (street text, number int);"
      "create domain size as int check (value > 0);"
      "create table listed(sizes size[], id bigint, names mood[], moods mood[], places place[])");
  const std::vector<listed> sent{{1, {{{mood::sad}, {mood::happy}}}, {{{"a \"b\"", 1}}, std::nullopt}, {1, 2}, {"sad"}},
                                 {2, std::nullopt, {}, {}, {}}};
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(db.copy_in("listed", sent).rows_affected, 2);
    using values = std::tuple<std::string, std::string, std::string, std::string>;
    const values found = db.query_one<values>(
        "delete from listed where id = 1 returning moods::text, places::text, sizes::text, names::text");
    EXPECT_EQ(found, (values{"{{sad},{happy}}", R"x({"(\"a \"\"b\"\"\",1)",NULL})x", "{1,2}", "{sad}"}));
    db.copy_in("listed", std::vector<listed>{sent[0]});
    std::vector<listed> out;
    for (const listed& each :
         db.copy_out_query<listed>("select id, moods, places, sizes::int[], names from listed order by id")) {
      out.push_back(each);
    }
    EXPECT_EQ(out, sent);
    db.execute("delete from listed");
  }
  // What the server refuses, it refuses whole, and the connection lives.
  const int before = process();
  std::vector<listed> wrong = sent;
  wrong[1].sizes = {0};
  EXPECT_EQ(db.with(dt::as_result).copy_in("listed", wrong).error().code(), dt::postgres::sqlstate::check_violation);
  wrong[1].sizes.clear();
  wrong[1].names = {"angry"};
  EXPECT_EQ(db.with(dt::as_result).copy_in("listed", wrong).error().code(),
            dt::postgres::sqlstate::invalid_text_representation);
  EXPECT_EQ(db.query_value<std::int64_t>("select count(*) from listed"), 0);
  EXPECT_EQ(process(), before);
  db.script("drop table listed; drop type mood, place; drop domain size");
}

TEST_F(PostgresCopy, AQueryIsCopiedWithItsOwnOrderAndTypes) {
  using row = std::tuple<std::string, std::int64_t>;
  std::vector<row> all;
  for (const row& each :
       db.copy_out_query<row>("select name, id from city where id < 3 order by id desc -- downwards")) {
    all.push_back(each);
  }
  EXPECT_EQ(all, (std::vector<row>{{"Chur", 2}, {"Bern", 1}}));
  EXPECT_EQ(all_of(db.copy_out_query<city>(dt::runtime("select * from city order by id;"))), some);
}

TEST_F(PostgresCopy, WhatHasNoBinaryFormHereIsReadAsText) {
  using row = std::tuple<std::int32_t, std::string, std::optional<std::string>>;
  std::vector<row> all;
  for (const row& each : db.copy_out_query<row>(
           "select 1, '<a/>'::xml, null::tsvector union all select 2, '<b/>'::xml, 'x y'::tsvector")) {
    all.push_back(each);
  }
  EXPECT_EQ(all, (std::vector<row>{{1, "<a/>", std::nullopt}, {2, "<b/>", "'x' 'y'"}}));
}

long most_memory() {  // in KiB
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss;
}

TEST_F(PostgresCopy, AMillionRowsPassThroughLittleMemory) {
  const int before = process();
  const long memory = most_memory();
  std::int64_t sum = 0;
  std::size_t count = 0;
  for (const auto& [n, text] : db.copy_out_query<std::tuple<std::int64_t, std::string_view>>(
           "select n, repeat('x', 100) from generate_series(1, 1000000) n")) {
    sum += n;
    count += text.size() == 100;
  }
  EXPECT_EQ(sum, 500000500000);
  EXPECT_EQ(count, 1000000U);
  EXPECT_LT(most_memory() - memory, 16 * 1024) << "the data has more than 100 MB";
  EXPECT_EQ(process(), before);
}

TEST_F(PostgresCopy, AValueLargerThanTheReadBufferComesWhole) {
  std::vector<std::size_t> sizes;
  for (const auto& [text] :
       db.copy_out_query<std::tuple<std::string>>("select repeat('y', n * 300000) from generate_series(0, 3) n")) {
    sizes.push_back(text.size());
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{0, 300000, 600000, 900000}));
}

TEST_F(PostgresCopy, NoStatementNeedsToBeKept) {
  dt::postgres::client poolers{postgres_server::shared().socket_string("app", " unnamedStatements=true")};
  EXPECT_EQ(all_of(poolers.copy_out<city>("city")), some);
  EXPECT_EQ(poolers.copy_in("city", std::vector<city>{{7, "Elm", 1.0}}).rows_affected, 1);
}

TEST_F(PostgresCopy, AStreamThatIsGivenUpLeavesTheConnectionClean) {
  const int before = process();
  std::optional<dt::test::recovery_watch> watch;
  {
    auto rows = db.copy_out_query<std::tuple<int, std::string>>(
        "select n, repeat('x', 1000) from generate_series(1, 1000000) n");
    auto first = rows.begin();
    EXPECT_EQ(std::get<0>(*first), 1);
    watch.emplace();
  }
  EXPECT_TRUE(process() == before || !watch->must_live());
}

TEST_F(PostgresCopy, AnErrorInTheMiddleEndsTheStreamAndNotTheConnection) {
  const int before = process();
  int seen = 0;
  try {
    for (const auto& [n] :
         db.copy_out_query<std::tuple<int>>("select 100 / (50000 - n) from generate_series(1, 60000) n")) {
      static_cast<void>(n);
      ++seen;
    }
    FAIL() << "no error";
  } catch (const dt::error& failed) {
    EXPECT_EQ(failed.info().server().sqlstate, "22012");
    EXPECT_GT(failed.info().where().line(), 0U);
  }
  EXPECT_GT(seen, 0);
  EXPECT_LT(seen, 50000);
  EXPECT_EQ(process(), before);
}

TEST_F(PostgresCopy, ADeadlineInTheMiddleLeavesTheConnectionClean) {
  int before = process();
  dt::error_info why;
  int seen = 0;
  for (auto limit = 200ms; seen == 0; limit *= 2) {  // more, when not even the first rows came in time
    ASSERT_LT(limit, 60s);
    const dt::test::recovery_watch watch{limit};
    auto rows = db.within(limit)
                    .with(dt::as_result)
                    .copy_out_query<std::tuple<int, std::string>>(
                        "select n, case n when 5000 then pg_sleep(600)::text else repeat('x', 100) end from "
                        "generate_series(1, 6000) n");
    if (!rows) why = rows.error();
    while (rows) {
      auto next = rows->next();
      if (!next) why = next.error();
      if (!next || *next == nullptr) break;
      ++seen;
    }
    EXPECT_EQ(why.code(), dt::errc::deadline_passed) << why.message();
    const int after = process();
    EXPECT_TRUE(after == before || !watch.must_live());
    before = after;
  }
  EXPECT_LT(seen, 5000);
}

TEST_F(PostgresCopy, ATransactionSeesItsOwnRows) {
  db.transaction([&](auto& tx) {
    tx.copy_in("city", std::vector<city>{{4, "Davos", 284.0}});
    EXPECT_EQ(all_of(tx.template copy_out<city>("city")).size(), 4U);
    std::string text;
    tx.copy_out_text("copy (select id from city order by id) to stdout",
                     [&](std::string_view some_of) { text += some_of; });
    EXPECT_EQ(text, "1\n2\n3\n4\n");
    EXPECT_EQ(tx.copy_in_text("copy city(id, name) from stdin", std::vector<std::string>{"5\tElm"}).rows_affected, 1);
    EXPECT_EQ(tx.template query_value<int>("select count(*)::int from city"), 5);
  });
  EXPECT_EQ(db.query_value<int>("select count(*)::int from city"), 5);
}

TEST_F(PostgresCopy, ColumnsThatDoNotFitAreReportedBeforeTheFirstRow) {
  struct other {
    std::int64_t id;
    int name;
  };
  const auto failed = db.with(dt::as_result).copy_out<other>("city");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), dt::errc::row_mismatch);
  EXPECT_NE(failed.error().message().find("name"), std::string::npos) << failed.error().message();
  const auto missing = db.with(dt::as_result).copy_out<city>("town");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().server().sqlstate, "42P01");
  const auto wrong = db.with(dt::as_result).copy_in("city", std::vector<other>{{1, 2}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), dt::errc::row_mismatch);
  EXPECT_NE(wrong.error().message().find("field 'name'"), std::string::npos) << wrong.error().message();
  EXPECT_FALSE(db.with(dt::as_result).copy_in("city", std::vector<other>{})) << "compared although there is no row";
  EXPECT_EQ(process(), process());
}

TEST_F(PostgresCopy, TextGoesThroughAsItIs) {
  std::string csv;
  const auto out = db.copy_out_text("copy (select id, name, area from city order by id) to stdout (format csv, header)",
                                    [&](std::string_view some_of) { csv += some_of; });
  EXPECT_EQ(csv, "id,name,area\n1,Bern,51.6\n2,Chur,\n3,\"tab\tnewline\n\\ ü\",-0.5\n");
  EXPECT_EQ(out.rows_affected, 3);
  db.execute("delete from city");
  bool is_given = false;
  const auto in = db.copy_in_text("copy city(id, name, area) from stdin (format csv, header)", [&] {
    return std::exchange(is_given, true) ? std::string_view{} : std::string_view{csv};
  });
  EXPECT_EQ(in.rows_affected, 3);
  EXPECT_EQ(all_of(db.copy_out<city>("city")), some);
}

TEST_F(PostgresCopy, LinesMayHaveTheirNewlineOrNot) {
  const std::vector<std::string_view> lines{"10\tA\t1", "11\tB\t\\N\n", "12\tC\t-1"};
  EXPECT_EQ(db.copy_in_text("copy city(id, name, area) from stdin", lines).rows_affected, 3);
  EXPECT_EQ(db.query_value<std::string>("select string_agg(name, '' order by id) from city where id >= 10"), "ABC");
}

TEST_F(PostgresCopy, WhatTheUsersFunctionThrowsEndsTheCopyAndNothingStays) {
  const int before = process();
  int calls = 0;
  const auto in = db.with(dt::as_result).copy_in_text("copy city(id, name) from stdin", [&]() -> std::string {
    if (++calls == 3) throw std::runtime_error{"the file is gone"};
    return std::to_string(100 + calls) + "\tx\n";
  });
  ASSERT_FALSE(in);
  EXPECT_NE(in.error().message().find("the file is gone"), std::string::npos) << in.error().message();
  const dt::test::recovery_watch watch;
  const auto out = db.with(dt::as_result).copy_out_text("copy city to stdout", [](std::string_view) {
    throw std::runtime_error{"the disk is full"};
  });
  ASSERT_FALSE(out);
  EXPECT_NE(out.error().message().find("the disk is full"), std::string::npos) << out.error().message();
  EXPECT_EQ(db.query_value<int>("select count(*)::int from city"), 3);
  EXPECT_TRUE(process() == before || !watch.must_live());
}

TEST_F(PostgresCopy, DataThatTheServerRefusesAndStatementsThatAreNoCopyLeaveTheConnectionClean) {
  const int before = process();
  const auto bad =
      db.with(dt::as_result).copy_in_text("copy city(id, name) from stdin", std::vector<std::string>{"x\ty"});
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().server().sqlstate, "22P02");
  const auto second =
      db.with(dt::as_result).copy_in_text("copy city(id, name) from stdin", std::vector<std::string>{"91\ta", "x\tb"});
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().message().starts_with("line 2: invalid input syntax")) << second.error().message();
  const std::vector<city> twice{{92, "a", std::nullopt}, {93, "b", std::nullopt}, {92, "c", std::nullopt}};
  const auto duplicate = db.with(dt::as_result).copy_in("city", twice);
  ASSERT_FALSE(duplicate);
  EXPECT_TRUE(duplicate.error().message().starts_with("row 3: duplicate key")) << duplicate.error().message();
  const auto none = [](std::string_view) {};
  EXPECT_EQ(db.with(dt::as_result).copy_out_text("select 1", none).error().code(), dt::errc::operation_unsupported);
  EXPECT_EQ(db.with(dt::as_result).copy_out_text("copy city from stdin", none).error().code(),
            dt::errc::operation_unsupported);
  EXPECT_EQ(db.with(dt::as_result).copy_in_text("copy city to stdout", std::vector<std::string>{}).error().code(),
            dt::errc::operation_unsupported);
  EXPECT_EQ(process(), before);
}

}  // namespace
