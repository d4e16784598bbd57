// Structs with nested ones where only a struct of columns is taken.
// clang-format off: the expected words stand in comments of one line.
#include <dovetail/client/asyncsql/batch.hpp>
#include <dovetail/client/asyncsql/optimistic.hpp>
#include <dovetail/sqlite.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace dt = dovetail;

struct address {
  std::string street;
};
struct person {
  std::int64_t id;
  address home;
  std::int64_t version;
};

void use(dt::sqlite::client& db) {
  const std::vector<person> some{{1, {"Main street"}, 1}};
  db.insert("person", some);
#if CASE == 1  // expect: bulk changes take no nested structs
  dt::bulk_insert(db, "person", some);
#elif CASE == 2  // expect: bulk changes take no nested structs
  dt::bulk_update<"id">(db, "person", some);
#elif CASE == 3  // expect: optimistic locking takes no nested structs
  dt::lock_layout<person, "id", "version"> layout;
#endif
}
