// Structs with nested ones are written to the columns that they are read from.
#include <dovetail/client/asyncsql/answer_mask.hpp>
#include <dovetail/sqlite.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace {

namespace dt = dovetail;

enum class standing : std::uint8_t { fresh, regular };

struct customer {
  std::int64_t id;
  std::string name;
  std::optional<standing> rank;
  friend bool operator==(const customer&, const customer&) = default;
};
struct order {
  std::int64_t id;
  customer buyer;
  std::optional<customer> receiver;
  double total;
  friend bool operator==(const order&, const order&) = default;
};

struct sum {
  std::int64_t id;
  double total;
};

constexpr const char* table =
    "create table orders(id integer primary key, buyer_id integer not null, buyer_name text not null, buyer_rank "
    "integer,"
    " receiver_id integer, receiver_name text, receiver_rank integer, total real not null)";

const std::vector<order> some{{1, {7, "Ada", standing::regular}, customer{8, "Bob", std::nullopt}, 1.5},
                              {2, {9, "Cy", std::nullopt}, std::nullopt, 2.5}};

TEST(SqliteNestedInsert, GivesBackTheRowsThatWentIn) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute(table);
  EXPECT_EQ(db.insert("orders", some).rows_affected, 2);
  EXPECT_EQ(db.insert("orders", order{3, {1, "Di", {}}, {}, 0}).last_insert_id, 3);
  const auto all = db.query<order>("select * from orders where id < 3 order by id");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], some[0]);
  EXPECT_EQ(all[1], some[1]);
  EXPECT_EQ(db.query_value<int>("select count(*) from orders where receiver_id is null and receiver_name is null"), 2);
}

TEST(SqliteNestedInsert, ReturnsUpsertsAndBelongsToTransactions) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute(table);
  EXPECT_EQ(db.insert_returning("orders", some[1]), some[1]);
  EXPECT_EQ(db.insert_returning<sum>("orders", order{5, {9, "x", {}}, {}, 4.5}).total, 4.5);
  order changed = some[1];
  changed.receiver = customer{4, "Eve", standing::fresh};
  EXPECT_EQ(db.upsert<"id">("orders", changed).rows_affected, 1);
  EXPECT_EQ(db.query_one<order>("select * from orders where id = 2"), changed);
}

struct counted {
  std::uint64_t most;
};
struct holder {
  int id;
  counted inner;
};

TEST(SqliteNestedInsert, NamesTheColumnThatCannotBeWritten) {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute("create table h(id integer, inner_most integer)");
  const auto failed = db.with(dt::as_result).insert("h", holder{1, {(std::numeric_limits<std::uint64_t>::max)()}});
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message().find("field 'inner_most'"), std::string::npos) << failed.error().message();
}

TEST(SqliteNestedInsert, IsRefusedOverRowsOfWhichANestedColumnIsHidden) {
  const dt::sql_insert<const std::vector<order>&> over{
      "orders", dt::insert_tail<dt::dialect::sqlite, order, dt::on_conflict::update, "id">, some};
  const auto here = std::source_location::current();
  const auto written = dt::asyncsql::detail::columns_over_rows(over);
  for (const char* hidden : {"buyer_name", "name", "receiverName"}) {
    EXPECT_TRUE(dt::asyncsql::detail::refuse_mask(written, {hidden}, here)) << hidden;
  }
  EXPECT_FALSE(dt::asyncsql::detail::refuse_mask(written, {"title"}, here));
  const dt::sql_insert<const std::vector<order>&> fresh{"orders", dt::insert_tail<dt::dialect::sqlite, order>, some};
  EXPECT_TRUE(dt::asyncsql::detail::columns_over_rows(fresh).empty());
}

}  // namespace
