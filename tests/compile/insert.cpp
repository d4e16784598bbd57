// Inserts that cannot be made from a struct.
#include <dovetail/sql/insert_text.hpp>

#include <cstdint>
#include <string>

namespace dt = dovetail;

struct city {
  std::int64_t id;
  std::string name;
};
struct only_key {
  std::int64_t id;
};

constexpr auto usual = dt::insert_tail<dt::dialect::sqlite, city, dt::on_conflict::update, "id">;

#if CASE == 1  // expect: a key of the insert is no member of the struct
constexpr auto wrong = dt::insert_tail<dt::dialect::sqlite, city, dt::on_conflict::update, "key">;
#elif CASE == 2  // expect: an insert that updates needs the key columns
constexpr auto wrong = dt::insert_tail<dt::dialect::sqlite, city, dt::on_conflict::update>;
#elif CASE == 3  // expect: every column is a key
constexpr auto wrong = dt::insert_tail<dt::dialect::sqlite, only_key, dt::on_conflict::update, "id">;
#elif CASE == 4  // expect: reflectable
constexpr auto wrong = dt::insert_tail<dt::dialect::sqlite, int>;
#endif
