// Rows become your own structs: by name, with optional values, enums, times, and nested structs for joins.
#include <dovetail/sqlite.hpp>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace dt = dovetail;

//[structs
enum class status { open, paid };

struct customer {
  std::int64_t id;
  std::string name;
};

struct order {
  std::int64_t id;
  status state;  // stored as a number, unless a dt::field_codec says otherwise
  std::chrono::sys_seconds placed;
  std::optional<customer> buyer;  // empty when all its columns are null
};
//]

int main() {
  dt::sqlite::client db{"sqlite::memory:"};
  db.script(
      "create table customer(id integer primary key, name text not null);"
      "create table orders(id integer primary key, state integer not null, placed text not null, customer_id "
      "integer);");
  db.insert("customer", std::vector<customer>{{1, "Ada"}});
  db.execute("insert into orders values (1, 1, '2026-11-21T08:00:00Z', 1), (2, 0, '2026-11-21 09:30:00', null)");

  //[join
  const auto orders = db.query<order>(
      R"(select o.id, o.state, o.placed, c.id as "buyer.id", c.name as "buyer.name"
         from orders o left join customer c on c.id = o.customer_id order by o.id)");
  for (const order& o : orders) {
    std::printf("%lld %s %s\n", static_cast<long long>(o.id), o.state == status::paid ? "paid" : "open",
                o.buyer ? o.buyer->name.c_str() : "nobody");
  }
  //]
  //[write
  struct new_customer {
    std::string name;
  };
  const auto bob = db.insert_returning<customer>("customer", new_customer{"Bob"});  // the row, with the id it got
  db.upsert<"id">("customer", customer{bob.id, "Bobby"});  // inserts, or updates the row that has this id
  //]
  const auto named = db.query_value<std::string>("select name from customer where id = 2");
  const bool are_right = orders.size() == 2 && orders[0].buyer && !orders[1].buyer && orders[1].state == status::open;
  return are_right && named == "Bobby" ? 0 : 1;
}
