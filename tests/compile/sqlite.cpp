// What SQLite cannot store.
// clang-format off: the expected words stand in comments of one line.
#include <dovetail/format/json.hpp>
#include <dovetail/sqlite.hpp>

#include <string>

namespace dt = dovetail;

struct address {
  std::string street;
};
struct kept {
  int id;
  dt::json_value<address> home;
};
struct nested {
  int id;
  address home;
};
struct ambiguous {
  int id;
  std::string home_street;
  address home;
};

void use(dt::sqlite::client& db) {
  db.insert("person", kept{1, {{"Main street"}}});
  db.insert("person", nested{1, {"Main street"}});
#if CASE == 1  // expect: two fields of a row struct take the same column
  db.insert("person", ambiguous{1, "Main street", {"Main street"}});
#elif CASE == 2  // expect: this type cannot be stored in a column; give it a dt::field_codec
  db.execute("insert into person(id) values (?)", 'c');
#elif CASE == 3  // expect: the key columns: upsert<
  db.upsert("person", kept{1, {{"Main street"}}});
#elif CASE == 4  // expect: insert_returning gives a struct: one value is a struct of one member
  static_cast<void>(db.insert_returning<int>("person", kept{1, {{"Main street"}}}));
#endif
}
