// What every consumer test builds: the smallest program that queries a database and speaks to another.
#include <dovetail/lensdb.hpp>
#include <dovetail/sqlite.hpp>
#include <dovetail/version.hpp>

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
  const city found = db.query_one<city>("select id, name from city where id = ?", 1);
  constexpr auto request = dovetail::lensdb::frame(dovetail::lensdb::get{"user:1"});
  static_assert(request.size() == 18 + 6);
  std::printf("%s with dovetail %s\n", found.name.c_str(), DOVETAIL_VERSION_STRING);
  return found.name == "Bern" ? 0 : 1;
}
