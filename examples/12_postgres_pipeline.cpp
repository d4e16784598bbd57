// PostgreSQL: many statements, one trip to the server. Usage: 12_postgres_pipeline CONNECTION_STRING
#include <dovetail/postgres.hpp>

#include <cstdint>
#include <cstdio>
#include <ranges>
#include <string>
#include <vector>

namespace dt = dovetail;

namespace {

//[struct
namespace pg = dt::postgres;

struct account {
  std::int64_t id;
  std::string owner;
  double balance;
};
//]

void run(pg::client& db) {
  db.script("drop table if exists account; create table account(id bigint, owner text, balance double precision)");
  db.insert("account", std::vector<account>{{1, "Ada", 100.0}, {2, "Bob", 50.0}, {3, "Cleo", 0.0}});

  //[tuple
  const auto [taken, given, rich] =
      db.pipeline(pg::execute("update account set balance = balance - ? where id = ?", 10.0, 1),
                  pg::execute("update account set balance = balance + ? where id = ?", 10.0, 2),
                  pg::query<account>("select * from account where balance > ? order by id", 20.0));
  //]
  std::printf("%lld and %lld rows changed, %zu are rich\n", static_cast<long long>(taken.rows_affected),
              static_cast<long long>(given.rows_affected), rich.size());

  //[each
  const auto [deleted, refused] = db.pipeline_each(pg::execute("delete from account where id = ?", 3),
                                                   pg::query_value<double>("select 1 / (balance - 60) from account"));
  if (deleted && !refused) std::printf("deleted, although: %s\n", refused.error().server().message.c_str());
  //]

  //[many
  const std::vector<int> ids{2, 1, 2};
  const auto by_id = [](int id) { return pg::query_one<account>("select * from account where id = ?", id); };
  for (const account& each : db.pipeline(ids | std::views::transform(by_id))) {
    std::printf("%s: %g\n", each.owner.c_str(), each.balance);
  }
  //]
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: 12_postgres_pipeline CONNECTION_STRING\n");
    return 2;
  }
  try {
    pg::client db{argv[1]};
    run(db);
    return 0;
  } catch (const dt::error& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
  }
}
