// Structs with nested ones are written to the columns that they are read from: by insert, upsert and COPY.
#include <dovetail/postgres.hpp>
#include <dovetail/postgres_async.hpp>

#include <support/postgres_server.hpp>
#include <support/styles.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dt = dovetail;
using dt::test::postgres_server;

namespace {

struct customer {
  std::int64_t id;
  std::string name;
  std::optional<std::vector<int>> marks;
  friend bool operator==(const customer&, const customer&) = default;
};
struct order {
  std::int64_t id;
  customer buyer;
  std::optional<customer> receiver;
  double total;
  friend bool operator==(const order&, const order&) = default;
};

const std::vector<order> some{{1, {7, "Ada", std::vector{1, 2}}, customer{8, "Bob", std::nullopt}, 1.5},
                              {2, {9, "Cy", std::nullopt}, std::nullopt, 2.5}};

TEST(PostgresNestedInsert, GivesBackTheRowsThatWentIn) {
  const std::string where = postgres_server::shared().socket_string();
  dt::postgres::client blocking{where};
  asio::io_context io;
  dt::postgres::async_client asynchronous{io.get_executor(), where};
  dt::test::for_each_main_style(blocking, asynchronous, io, [&](auto& style) {
    blocking.script(
        "drop table if exists orders; create table orders(id bigint primary key, buyer_id bigint not null,"
        " buyer_name text not null, buyer_marks int[], receiver_id bigint, receiver_name text, receiver_marks int[],"
        " total float8 not null)");
    const auto all = [&] {
      const auto found = blocking.query<order>("select * from orders order by id");
      return std::vector<order>(found.begin(), found.end());
    };
    const auto inserted = style.template run<dt::summary>([](auto&& c) { return c.insert("orders", some); });
    ASSERT_TRUE(inserted) << inserted.error().message();
    EXPECT_EQ(all(), some);
    blocking.execute("delete from orders");
    const auto one = style.template run<order>([](auto&& c) { return c.insert_returning("orders", some[1]); });
    ASSERT_TRUE(one) << one.error().message();
    EXPECT_EQ(*one, some[1]);
    const auto changed =
        style.template run<dt::summary>([](auto&& c) { return c.template upsert<"id">("orders", some); });
    ASSERT_TRUE(changed) << changed.error().message();
    EXPECT_EQ(all(), some);
    blocking.execute("delete from orders");
    const auto copied = style.template run<dt::summary>([](auto&& c) { return c.copy_in("orders", some); });
    ASSERT_TRUE(copied) << copied.error().message();
    EXPECT_EQ(all(), some);
  });
  std::vector<order> out;
  for (const order& each : blocking.copy_out<order>("orders")) out.push_back(each);
  EXPECT_EQ(out, some);
}

struct wrong {
  std::int64_t id;
  std::optional<order> inner;
};

TEST(PostgresNestedInsert, NamesTheColumnThatDoesNotFit) {
  dt::postgres::client db{postgres_server::shared().socket_string()};
  db.script(
      "drop table if exists wrong; create table wrong(id bigint, inner_id bigint, inner_buyer_id bigint, "
      "inner_buyer_name "
      "text, inner_buyer_marks int[], inner_receiver_id bigint, inner_receiver_name date, inner_receiver_marks int[], "
      "inner_total float8)");
  const std::vector<wrong> rows{{1, std::nullopt}, {2, some[0]}};
  const auto copied = db.with(dt::as_result).copy_in("wrong", rows);
  ASSERT_FALSE(copied);
  EXPECT_NE(copied.error().message().find("inner_receiver_name"), std::string::npos) << copied.error().message();
}

}  // namespace
