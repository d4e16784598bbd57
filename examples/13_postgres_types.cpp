// PostgreSQL: types that you have made, an enum, a composite type and a range, in structs.
// Usage: 13_postgres_types CONNECTION_STRING
#include <dovetail/postgres.hpp>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace dt = dovetail;
namespace pg = dt::postgres;

namespace {

//[structs
enum class mood { sad, happy };  // create type mood as enum ('sad', 'happy')

struct address {  // create type address as (street text, number int)
  std::string street;
  std::optional<int> number;
};

struct sensor {
  int id;
  mood feels;
  pg::composite<address> place;
  std::vector<pg::composite<address>> earlier;  // address[]
  pg::range<double> bounds;                     // create type float_range as range (subtype = float8)
};
//]

void run(pg::client& db) {
  //[range
  db.insert("sensor", sensor{1, mood::happy, {{"Main street", 5}}, {}, {0.5, 2.5}});
  const auto fits = db.query_value<bool>("select ?::float_range && bounds from sensor", pg::range<double>{2.0, 9.0});
  //]
  std::printf("%s\n", fits ? "they overlap" : "they do not overlap");
  for (const sensor& s : db.query<sensor>("select * from sensor")) {
    std::printf("%s %d, %g to %g, %s\n", s.place->street.c_str(), s.place->number.value_or(0), *s.bounds.lower,
                *s.bounds.upper, s.feels == mood::happy ? "happy" : "sad");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: 13_postgres_types CONNECTION_STRING\n");
    return 2;
  }
  try {
    pg::client db{argv[1]};
    const char* const undo =
        "drop table if exists sensor; drop type if exists mood; drop type if exists address; drop type if exists "
        "float_range";
    db.script(dt::runtime(undo));
    db.script(
        "create type mood as enum ('sad', 'happy'); create type address as (street text, number int);"
        "create type float_range as range (subtype = float8);"
        "create table sensor(id int primary key, feels mood not null, place address not null, earlier address[] not "
        "null, bounds float_range not null)");
    run(db);
    db.script(dt::runtime(undo));
    return 0;
  } catch (const dt::error& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
  }
}
