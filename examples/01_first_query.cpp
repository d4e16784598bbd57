// A first query: open a database, ask it something, get C++ values.
#include <dovetail/sqlite.hpp>

#include <cstdio>
#include <string>
#include <utility>

namespace dt = dovetail;

int main() {
  //[first_query
  dt::sqlite::client db{"sqlite::memory:"};  // or "sqlite:cities.db"
  db.execute("create table city(name text not null, people integer not null)");
  db.execute("insert into city values (?, ?)", "Bern", 134794);
  db.execute("insert into city values (:name, :people)", dt::arg<"name">("Chur"), dt::arg<"people">(38293));

  auto people = db.query_value<std::int64_t>("select sum(people) from city");
  for (const auto& [name, count] : db.query<std::pair<std::string, int>>("select name, people from city order by 1")) {
    std::printf("%-8s %d\n", name.c_str(), count);
  }
  //]
  std::printf("%-8s %lld\n", "all", static_cast<long long>(people));
  return people == 134794 + 38293 ? 0 : 1;
}
