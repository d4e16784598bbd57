// How much does one row by its key cost, compared with a prepared statement of the C API? A file with a write-ahead
// log.
#include <dovetail/sqlite.hpp>

#include "support/bench.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include <unistd.h>

namespace dt = dovetail;

namespace {

struct account {
  std::int64_t id;
  std::string name;
  double balance;
  std::optional<std::string> note;
};

constexpr std::int64_t accounts = 10'000;
constexpr std::size_t selects = 20'000;

void check(int code, int expected, sqlite3* db) {
  if (code == expected) return;
  std::fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
  std::exit(1);
}

class by_hand {
 public:
  explicit by_hand(const std::string& file) {
    check(sqlite3_open_v2(file.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr), SQLITE_OK, db_);
    check(sqlite3_prepare_v3(db_, "select id, name, balance, note from account where id = ?", -1,
                             SQLITE_PREPARE_PERSISTENT, &select_, nullptr),
          SQLITE_OK, db_);
  }
  ~by_hand() {
    sqlite3_finalize(select_);
    sqlite3_close(db_);
  }
  by_hand(const by_hand&) = delete;
  by_hand& operator=(const by_hand&) = delete;

  account find(std::int64_t id) {
    account found{};
    sqlite3_bind_int64(select_, 1, id);
    check(sqlite3_step(select_), SQLITE_ROW, db_);
    found.id = sqlite3_column_int64(select_, 0);
    text(1, found.name);
    found.balance = sqlite3_column_double(select_, 2);
    if (sqlite3_column_type(select_, 3) != SQLITE_NULL) text(3, found.note.emplace());
    check(sqlite3_step(select_), SQLITE_DONE, db_);
    sqlite3_reset(select_);
    return found;
  }

 private:
  void text(int column, std::string& out) {
    const auto* const at = reinterpret_cast<const char*>(sqlite3_column_text(select_, column));
    out.assign(at, static_cast<std::size_t>(sqlite3_column_bytes(select_, column)));
  }

  sqlite3* db_ = nullptr;
  sqlite3_stmt* select_ = nullptr;
};

template <class Find>
std::uint64_t round(bench::latencies& times, Find find) {
  std::uint64_t sum = 0;
  std::int64_t id = 1;
  for (std::size_t i = 0; i < selects; ++i) {
    id = id * 7919 % 10'007 % accounts + 1;
    const std::uint64_t start = bench::wall_ns();
    const account found = find(id);
    times.add(bench::wall_ns() - start);
    sum = sum * 31 + static_cast<std::uint64_t>(found.id) + found.name.size() + (found.note ? found.note->size() : 3);
  }
  return sum;
}

}  // namespace

int main() {
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("dovetail_point_" + std::to_string(getpid()) + ".db");
  int failed = 0;
  {
    dt::sqlite::client db{"sqlite:" + file.string()};
    db.script(R"(
      create table account(id integer primary key, name text not null, balance real not null, note text);
      with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)
      insert into account select i, printf('account %d', i), i * 1.5, case when i % 2 = 0 then 'a note' end from n;)");
    by_hand hand{file.string()};
    constexpr auto& by_id = "select id, name, balance, note from account where id = ?";

    bench::task task{"sqlite_point"};
    task.add("SQLite's C API by hand", selects,
             [&](bench::latencies& times) { return round(times, [&](std::int64_t id) { return hand.find(id); }); });
    task.add("dovetail", selects, [&](bench::latencies& times) {
      return round(times, [&](std::int64_t id) { return db.query_one<account>(by_id, id); });
    });
    task.add("dovetail in a transaction", selects, [&](bench::latencies& times) {
      return db.transaction(dt::begin_mode::deferred, [&](auto& tx) {
        return round(times, [&](std::int64_t id) { return tx.template query_one<account>(by_id, id); });
      });
    });
    failed = task.run();
  }
  for (const char* tail : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + tail);
  return failed;
}
