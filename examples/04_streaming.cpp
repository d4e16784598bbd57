// Any number of rows in bounded memory, lists in `in (…)`, and texts made at run time.
#include <dovetail/sqlite.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace dt = dovetail;

struct measurement {
  std::int64_t id;
  double value;
};

int main() {
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute("create table measurement(id integer primary key, value real not null)");
  std::vector<measurement> many;
  for (int i = 0; i < 10'000; ++i) many.push_back({i, i * 0.5});
  db.insert("measurement", many);  // one transaction, one prepared statement

  double sum = 0;
  //[stream
  for (const measurement& m : db.stream<measurement>("select id, value from measurement")) sum += m.value;
  //]

  //[lists
  const std::vector<int> ids{3, 5, 7};
  auto some = db.query<measurement>("select id, value from measurement where id in (:ids)", dt::arg<"ids">(ids));
  //]

  //[runtime
  const std::string column = some.empty() ? "id" : "value";
  auto largest = db.query_value<double>(dt::runtime("select max(" + column + ") from measurement where id < ?"), 100);
  //]
  std::printf("%.1f %zu %.1f\n", sum, some.size(), largest);
  return some.size() == 3 && largest == 49.5 ? 0 : 1;
}
