// Checks all SQL of a program against a real database, in a test that CI runs: tables, columns, types and nulls.
#define DOVETAIL_REGISTER_QUERIES  // for every file of the test program: -DDOVETAIL_REGISTER_QUERIES
#include <dovetail/sqlite_verify.hpp>

#include <cstdint>
#include <iostream>
#include <optional>
#include <string>

namespace dt = dovetail;

struct city {
  std::int64_t id;
  std::string name;
  std::optional<double> area;
};

// The program's own code. A literal that stands in a lambda is known by its type, and is found without being executed.
//[program
dt::rows<city> large_cities(dt::sqlite::client& db, double than) {
  return db.query<city>([] { return dt::sql_text("select id, name, area from city where area > ?"); }, than);
}
//]

void rename(dt::sqlite::client& db, std::int64_t id, const std::string& name) {
  db.execute([] { return dt::sql_text("update city set name = :name where id = :id"); }, dt::arg<"name">(name),
             dt::arg<"id">(id));
}

int main() {
  // In CI: the schema as the migrations make it.
  dt::sqlite::client db{"sqlite::memory:?maxConnections=1"};
  db.execute("create table city(id integer primary key, name text not null, area real)");
  //[verify
  const dt::verification good = dt::verify_queries(db);
  if (!good.is_clean()) std::cerr << good.report();
  //]
  std::cout << good.checked << " statements checked, " << good.findings.size() << " findings\n";

  // A migration that somebody forgot about: the report names each statement that it breaks.
  db.execute("alter table city rename column name to title");
  const dt::verification bad = dt::verify_queries(db);
  std::cout << bad.report() << '\n';
  return good.checked == 2 && good.is_clean() && bad.findings.size() == 2 ? 0 : 1;
}
