// What goes wrong says what it is: a condition to branch on, the database's own fields, and every mismatch of a row.
#include <dovetail/sqlite.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace dt = dovetail;
using namespace std::chrono_literals;

struct user {
  std::int64_t id;
  std::string email;
};

int main() {
  dt::sqlite::client db{"sqlite::memory:"};
  db.script(
      "create table user(id integer primary key, email text unique); insert into user values (1, 'a@b.c');"
      "create table old_user(id text, e_mail text);");
  try {
    db.insert("user", user{2, "a@b.c"});
  } catch (const dt::error& e) {
    std::printf("constraint on %s.%s\n", e.server().table.c_str(), e.server().column.c_str());
  }
  try {
    db.query<user>("select * from old_user");
  } catch (const dt::error& e) {
    std::printf("%s\n", e.what());
  }
  // Without exceptions, and with a time limit of its own.
  const dt::result<std::int64_t> late =
      db.within(20ms)
          .with(dt::as_result)
          .query_value<std::int64_t>(
              "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n");
  std::printf("%s\n", late.error().kind() == dt::condition::timeout ? "too slow" : "fast enough");
}
