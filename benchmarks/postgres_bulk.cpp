// What is the fastest way to change 10 000 rows of 5 columns: a prepared statement for each (pipelined), arrays, or a
// COPY to a temporary table and one statement? With a real server; every second row of an upsert is there already.
#include <dovetail/client/asyncsql/batch.hpp>
#include <dovetail/postgres.hpp>

#include "support/bench.hpp"

#include <support/postgres_server.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dt = dovetail;

namespace {

struct item {
  std::int64_t id = 0;
  std::string name;
  std::optional<double> price;
  std::int32_t stock = 0;
  bool is_listed = false;
};

constexpr std::size_t count = 10'000;

std::vector<item> make_items() {
  std::vector<item> all;
  for (std::size_t i = 1; i <= count; ++i) {
    item one{static_cast<std::int64_t>(i), "item number " + std::to_string(i), {}, static_cast<std::int32_t>(i), true};
    if (i % 3 != 0) one.price = 0.25 * static_cast<double>(i);
    all.push_back(std::move(one));
  }
  return all;
}

/// COPY to a temporary table, then one statement.
std::uint64_t by_table(dt::postgres::client& db, const std::vector<item>& items, const std::string& statement) {
  auto tx = db.begin();
  tx.script("create temporary table incoming(like item) on commit drop");
  tx.copy_in("incoming", items);
  const auto done = tx.execute(dt::runtime{statement}).rows_affected;
  tx.commit();
  return static_cast<std::uint64_t>(done);
}

/// The same, which tells as arrays do what became of each row.
std::uint64_t by_numbered_table(dt::postgres::client& db, const std::vector<item>& items,
                                const std::string& statement) {
  auto tx = db.begin();
  tx.script("create temporary table incoming(like item, n bigserial) on commit drop");
  tx.copy_in("incoming", items);
  std::vector<std::int64_t> counts(items.size());
  std::uint64_t done = 0;
  for (const std::int64_t number : tx.query<std::int64_t>(dt::runtime{statement + " returning v.n"})) {
    ++counts[static_cast<std::size_t>(number) - 1];
    ++done;
  }
  bench::keep(counts);
  tx.commit();
  return done;
}

/// The time of a round is that of one item: `p50_us` is what 10 000 rows take.
template <class Run>
auto timed(Run run) {
  return [run](bench::latencies& times) {
    const std::uint64_t begun = bench::wall_ns();
    const std::uint64_t done = run();
    times.add(bench::wall_ns() - begun);
    return done;
  };
}

std::uint64_t affected(const dt::batch_result& of) { return static_cast<std::uint64_t>(of.rows_affected); }

}  // namespace

int main() {
  dt::test::postgres_server& server = dt::test::postgres_server::shared();
  dt::postgres::client db{server.socket_string()};
  db.script(
      "create table item(id bigint primary key, name text not null, price double precision, stock integer not null, "
      "is_listed boolean not null)");
  const std::vector<item> items = make_items();
  const auto fill = [&] {
    db.script("truncate item");
    db.insert("item", items);
    db.script("analyze item");
  };
  const auto fill_half = [&] {
    fill();
    db.script("delete from item where id % 2 = 0");
  };

  const std::string update_text =
      "update item as t set name = v.name, price = v.price, stock = v.stock, is_listed = v.is_listed from incoming as "
      "v "
      "where t.id = v.id";
  bench::task update{"postgres_bulk_update"};
  update.add(
      "pipelined", count, timed([&] {
        return affected(dt::execute_many(
            db, "update item set name = :name, price = :price, stock = :stock, is_listed = :is_listed where id = :id",
            items));
      }),
      fill);
  update.add("arrays", count, timed([&] { return affected(dt::bulk_update<"id">(db, "item", items)); }), fill);
  update.add("temporary table", count, timed([&] { return by_table(db, items, update_text); }), fill);
  update.add("temporary table, each row counted", count,
             timed([&] { return by_numbered_table(db, items, update_text); }), fill);

  bench::task upsert{"postgres_bulk_upsert"};
  upsert.add(
      "pipelined", count, timed([&] {
        return affected(dt::execute_many(
            db,
            "insert into item values(:id, :name, :price, :stock, :is_listed) on conflict (id) do update set name "
            "= excluded.name, price = excluded.price, stock = excluded.stock, is_listed = excluded.is_listed",
            items));
      }),
      fill_half);
  upsert.add("arrays", count, timed([&] { return affected(dt::bulk_upsert<"id">(db, "item", items)); }), fill_half);
  upsert.add("temporary table", count, timed([&] {
               return by_table(db, items,
                               "insert into item select * from incoming on conflict (id) do update set name = "
                               "excluded.name, price = excluded.price, stock = excluded.stock, is_listed = "
                               "excluded.is_listed");
             }),
             fill_half);

  const std::string erase_text = "delete from item as t using incoming as v where t.id = v.id";
  bench::task erase{"postgres_bulk_delete"};
  erase.add("pipelined", count,
            timed([&] { return affected(dt::execute_many(db, "delete from item where id = :id", items)); }), fill);
  erase.add("arrays", count, timed([&] { return affected(dt::bulk_delete<"id">(db, "item", items)); }), fill);
  erase.add("temporary table", count, timed([&] { return by_table(db, items, erase_text); }), fill);
  erase.add("temporary table, each row counted", count, timed([&] { return by_numbered_table(db, items, erase_text); }),
            fill);
  return update.run() + upsert.run() + erase.run();
}
