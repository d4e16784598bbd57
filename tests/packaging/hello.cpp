// The program of the install page: a first query.
//[program
#include <dovetail/sqlite.hpp>

#include <cstdint>
#include <cstdio>
#include <string>

struct city {
  std::int64_t id;
  std::string name;
};

int main() {
  dovetail::sqlite::client db{"sqlite::memory:"};
  db.execute("create table city(id integer primary key, name text not null)");
  db.insert("city", city{1, "Bern"});
  for (const city& c : db.query<city>("select id, name from city where id > ?", 0)) std::puts(c.name.c_str());
}
//]
