#include <dovetail/sqlite.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dt = dovetail;

namespace {

struct city {
  std::int64_t id;
  std::string name;
  std::optional<double> area;
  friend bool operator==(const city&, const city&) = default;
};

// The lines of DESIGN section 1, as they are printed there.
TEST(FrontDoor, TheLinesOfTheDesignCompileAndWork) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute("create table city(id integer primary key, name text not null, area real)");
  db.insert("city", std::vector<city>{{1, "Bern", 51.6}, {2, "Chur", std::nullopt}});

  std::vector<city> seen;
  for (const city& c : db.query<city>("select id, name, area from city where id > ?", 0)) seen.push_back(c);
  EXPECT_EQ(seen, (std::vector<city>{{1, "Bern", 51.6}, {2, "Chur", std::nullopt}}));
  city a = db.query_one<city>("select * from city where id = :id", dt::arg<"id">(1));
  EXPECT_EQ(a.name, "Bern");
  std::optional<city> b = db.query_optional<city>("select * from city where id = $1", 7);
  EXPECT_FALSE(b);
  std::int64_t n = db.query_value<std::int64_t>("select count(*) from city");
  EXPECT_EQ(n, 2);
  dt::summary s = db.execute("update city set name = ? where id = ?", "Basel", 1);
  EXPECT_EQ(s.rows_affected, 1);
  std::size_t streamed = 0;
  for (const city& c : db.stream<city>("select * from city")) streamed += c.name.size();
  EXPECT_EQ(streamed, 9u);
  db.transaction([](auto& tx) {
    tx.execute("insert into city(id, name) values (3, 'Zug')");
    tx.execute("delete from city where id = 1");
  });
  EXPECT_EQ((db.query_value<std::int64_t>("select sum(id) from city")), 5);
}

TEST(FrontDoor, StatementsMadeAtRunTimeGetTheSameChecksBeforeAnything) {
  dt::sqlite::client db{"sqlite::memory:"};
  const std::string text = "select 1 as id, 'x' as name, null as area where 1 = ?";
  EXPECT_EQ(db.query<city>(dt::runtime(text), 1).size(), 1u);
  EXPECT_EQ(db.with(dt::as_result).query<city>(dt::runtime(text)).error().code(), dt::errc::wrong_argument_count);
  EXPECT_EQ(db.with(dt::as_result).execute(dt::runtime("select 'x")).error().kind(), dt::condition::syntax);
}

struct address {
  std::string street;
  std::string town;
};
struct person {
  std::int64_t id;
  address home;
  std::optional<address> work;
};

TEST(FrontDoor, OtherShapesOfRowsWorkToo) {
  dt::sqlite::client db{"sqlite::memory:"};
  const auto pairs = db.query<std::pair<int, std::string>>("select 1, 'a' union all select 2, 'b'");
  EXPECT_EQ(pairs[1].second, "b");
  const auto [x, y, z] = db.query_one<std::tuple<int, double, std::optional<int>>>("select 1, 2.5, null");
  EXPECT_EQ(x, 1);
  EXPECT_EQ(y, 2.5);
  EXPECT_FALSE(z);
  EXPECT_EQ(db.query_one<dt::by_position<address>>("select 'a', 'b'").town, "b");
  const person one = db.query_one<person>(
      "select 1 as id, 'Gasse' as home_street, 'Bern' as \"home.town\", null as work_street, null as work_town");
  EXPECT_EQ(one.home.town, "Bern");
  EXPECT_FALSE(one.work);
}

TEST(FrontDoor, AllMismatchesAreReportedTogetherWithTheCallersPlace) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute("create table city(id text, nmae text not null, area real)");
  const auto rows = db.with(dt::as_result).query<city>("select * from city where nmae <> 'secret'");
  ASSERT_FALSE(rows);
  const std::string text = rows.error().message();
  EXPECT_EQ(rows.error().code(), dt::errc::row_mismatch);
  for (const char* part : {"city", "'id'", "did you mean 'nmae'", "select * from city", "front_door.cpp"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
  EXPECT_EQ(text.find("secret"), std::string::npos) << text;
}

}  // namespace
