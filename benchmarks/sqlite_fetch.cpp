// How much does a query mapped to a struct cost, compared with the C API by hand? 100 000 rows of 8 mixed columns.
// Same library, same flags (no mutexes), same database in memory, same process; both make a vector of the same struct.
#include <dovetail/sqlite.hpp>

#include "support/bench.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace dt = dovetail;

namespace {

struct reading {
  std::int64_t id;
  std::int32_t sensor;
  double value;
  bool valid;
  std::string name;
  std::string taken_at;
  std::string device;
  std::optional<std::string> note;
};

constexpr std::int64_t count = 100'000;

constexpr const char* fill = R"(
  create table reading(id integer primary key, sensor integer not null, value real not null, valid integer not null,
                       name text not null, taken_at text not null, device text not null, note text);
  with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
  insert into reading select i, i % 1000, i * 0.37, i % 3 <> 0, printf('sensor of row %06d', i),
    strftime('%Y-%m-%d %H:%M:%S', 1700000000 + i, 'unixepoch'),
    printf('%08x-0000-4000-8000-%012x', i * 2654435761 % 4294967296, i),
    case when i % 2 = 0 then printf('note %d', i) end from n;)";

void check(int code, int expected, sqlite3* db) {
  if (code == expected) return;
  std::fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
  std::exit(1);
}

/// The loop that one writes by hand, with the length of each text and without a copy too many.
class by_hand {
 public:
  by_hand() {
    check(sqlite3_open_v2(":memory:", &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr),
          SQLITE_OK, db_);
    check(sqlite3_exec(db_, fill, nullptr, nullptr, nullptr), SQLITE_OK, db_);
    check(sqlite3_prepare_v3(db_, "select id, sensor, value, valid, name, taken_at, device, note from reading", -1,
                             SQLITE_PREPARE_PERSISTENT, &select_, nullptr),
          SQLITE_OK, db_);
  }
  ~by_hand() {
    sqlite3_finalize(select_);
    sqlite3_close(db_);
  }
  by_hand(const by_hand&) = delete;
  by_hand& operator=(const by_hand&) = delete;

  std::vector<reading> fetch() {
    std::vector<reading> rows;
    int code = sqlite3_step(select_);
    for (; code == SQLITE_ROW; code = sqlite3_step(select_)) {
      reading& row = rows.emplace_back();
      row.id = sqlite3_column_int64(select_, 0);
      row.sensor = sqlite3_column_int(select_, 1);
      row.value = sqlite3_column_double(select_, 2);
      row.valid = sqlite3_column_int(select_, 3) != 0;
      text(4, row.name);
      text(5, row.taken_at);
      text(6, row.device);
      if (sqlite3_column_type(select_, 7) != SQLITE_NULL) text(7, row.note.emplace());
    }
    check(code, SQLITE_DONE, db_);
    sqlite3_reset(select_);
    return rows;
  }

 private:
  void text(int column, std::string& out) {
    const auto* const at = reinterpret_cast<const char*>(sqlite3_column_text(select_, column));
    out.assign(at, static_cast<std::size_t>(sqlite3_column_bytes(select_, column)));
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* select_ = nullptr;
};

template <class Rows>
std::uint64_t checksum(const Rows& rows) {
  std::uint64_t sum = rows.size();
  for (const reading& row : rows) {
    sum = sum * 31 + static_cast<std::uint64_t>(row.id) + static_cast<std::uint64_t>(row.sensor) + row.valid +
          static_cast<std::uint64_t>(row.value * 100) + row.name.size() + static_cast<unsigned char>(row.name.back()) +
          row.taken_at.size() + static_cast<unsigned char>(row.device[7]) + (row.note ? row.note->size() : 7);
  }
  return sum;
}

}  // namespace

int main() {
  by_hand hand;
  dt::sqlite::client db{"sqlite::memory:"};
  db.script(fill);

  bench::task task{"sqlite_fetch"};
  task.add("SQLite's C API by hand", count, [&] { return checksum(hand.fetch()); });
  task.add("dovetail", count, [&] {
    return checksum(db.query<reading>("select id, sensor, value, valid, name, taken_at, device, note from reading"));
  });
  task.add("dovetail, any order of columns", count, [&] {
    return checksum(db.query<reading>("select note, id, sensor, value, valid, name, taken_at, device from reading"));
  });
  task.add("dovetail stream", count, [&] {
    std::vector<reading> rows;
    for (const reading& row :
         db.stream<reading>("select id, sensor, value, valid, name, taken_at, device, note from reading")) {
      rows.push_back(row);
    }
    return checksum(rows);
  });
  return task.run();
}
