// AsyncSQL: one configuration, shared pools, transaction modes, retries and metrics.
#include <dovetail/asyncsql.hpp>
#include <dovetail/policy/log_observer.hpp>
#include <dovetail/sqlite.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace dt = dovetail;
namespace sql = dovetail::asyncsql;

//[owner
// Who may make tables; without it such a literal does not compile.
using owner = sql::guard<dt::validation{.allow_ddl = true}>;
//]

struct city {
  std::int64_t id;
  std::string name;
  std::optional<double> area;
};

namespace {

// Many rows with one statement, and rows that no struct fits.
bool change_many() {
  dt::sqlite::client db{"sqlite::memory:"};
  db.script("create table city(id integer primary key, name text not null, area real)");
  const std::vector<city> cities{{1, "Berne", 51.6}, {2, "Coire", {}}};
  //[bulk
  std::int64_t changed = dt::bulk_insert(db, "city", cities).rows_affected;
  changed += dt::bulk_upsert<"id">(db, "city", cities).rows_affected;
  changed += dt::bulk_update<"id">(db, "city", cities).rows_affected;  // sets all other columns
  changed += dt::bulk_delete<"id">(db, "city", cities).rows_affected;  // looks at the keys only
  //]
  //[many
  // Structs give arguments by name, tuples by position.
  changed += dt::execute_many(db, "insert into city values(:id, :name, :area)", cities).rows_affected;

  const std::vector<std::tuple<std::string, int>> names{{"Bern", 1}, {"Chur", 2}};
  const dt::batch_result done = dt::execute_many(db, "update city set name = ? where id = ?", names);
  //]
  const std::vector<city> more{{3, "Zug", {}}, {4, "Sion", {}}};
  //[progress
  const dt::batch_result inserted =
      dt::bulk_insert(db, "city", more, {dt::batch_errors::undo_all, 10'000},
                      [](std::size_t rows, std::size_t total) { std::printf("%zu of %zu\n", rows, total); });
  //]
  std::string name;
  //[row
  for (const dt::row& r : db.query<dt::row>("select * from city where id > ? order by id desc", 1)) {
    name = r.get<std::string>("name");
    if (!r.is_null("area")) std::printf("%g\n", *r.get<std::optional<double>>(2));
    std::printf("%s\n", dt::to_json(r).c_str());
  }
  //]
  return changed == 10 && done.rows_affected == 2 && inserted.rows_affected == 2 && name == "Chur";
}

// Texts that a program puts together are judged before they are sent.
bool guard_statements(const std::string& text) {
  dt::sqlite::client db{"sqlite::memory:?maxConnections=1"};
  db.script("create table city(id integer primary key, name text, area real); create table ledger(id integer)");
  //[guard
  sql::session<dt::sqlite::client, sql::guard<>> session{db};

  session.query<city>("select * from city where id = ?", 7);                    // judged by the compiler
  const auto refused = session.with(dt::as_result).execute(dt::runtime(text));  // judged now
  //]
  const auto write = [](std::string_view line) { std::printf("%.*s\n", static_cast<int>(line.size()), line.data()); };
  //[access
  sql::security_settings how;
  how.user = "eve";
  how.access = sql::make_access_control([](const sql::access_request& asked) {
    for (const sql::touched_table& table : asked.tables) {
      if (table.is_written && table.table() == "ledger") return sql::access_decision::deny("the ledger is read-only");
    }
    return asked.has_all_tables ? sql::access_decision::allow() : sql::access_decision::deny("what does it touch?");
  });
  how.audit = sql::make_audit(dt::log_observer{[&](std::string_view line) { write(line); }});
  sql::session<dt::sqlite::client, sql::guard<>> audited{db, {}, sql::guard<>{how}};
  //]
  const auto denied = audited.with(dt::as_result).execute("insert into ledger values (1)");
  const auto denied_too = audited.with(dt::as_result).execute("insert into main.ledger values (1)");
  return !refused && refused.error().code() == dt::errc::statement_refused && !denied && !denied_too &&
         audited.query_value<int>("select count(*) from ledger") == 0;
}

}  // namespace

int main() {
  // From a connection string; a JSON file (`read_config_file`) and plain code say the same.
  const auto file = std::filesystem::temp_directory_path() / "dovetail_example_16.db";
  std::filesystem::remove(file);
  sql::config how = sql::read_config("sqlite:" + file.string() + "?max_retries=5&slow_query=100ms").value();
  //[open
  how.session.name = "bank";
  auto db = sql::open<dt::sqlite::client, owner>(how);
  db.execute("create table account(id integer primary key, balance integer not null)");
  db.execute("insert into account values (1, 100), (2, 100)");  // each of them in a transaction of its own
  //]

  // The same database with the same settings: the pool is shared, the mode is the session's own.
  how.session.transaction.mode = sql::transaction_mode::manual;
  auto manual = sql::open<dt::sqlite::client>(how);
  std::printf("%zu pool, %zu users\n", sql::pool_registry::process().count(),
              sql::pool_registry::process().pools().front().users);

  //[manual
  manual.begin();
  try {
    manual.execute("update account set balance = balance - :n where id = 1", dt::arg<"n">(30));
    manual.execute("update account set balance = balance + :n where id = 2", dt::arg<"n">(30));
    manual.commit();
  } catch (...) {
    if (manual.is_in_transaction()) manual.rollback();  // not behind a commit that failed
    throw;
  }
  //]

  // As one function, which is called again when the database has undone it because of somebody else.
  //[run
  db.run_transaction([](auto& tx) {
    // The condition stands in the statement: what was read before may have been changed by somebody else since.
    const auto paid = tx.execute("update account set balance = balance - 10 where id = ? and balance >= 10", 1);
    if (paid.rows_affected == 0) throw std::runtime_error("too little");
    tx.savepoint("fee");
    tx.execute("update account set balance = 0");
    tx.rollback_to("fee");
  });
  //]
  const auto left = db.query_value<std::int64_t>("select balance from account where id = 1");
  std::printf("left: %lld\n", static_cast<long long>(left));

  //[health
  const sql::health_report health = db.health();
  const bool has_metrics = db.prometheus().find("asyncsql_transactions_total") != std::string::npos;
  //]
  std::printf("healthy: %s, metrics: %s\n", health.is_healthy ? "yes" : "no", has_metrics ? "yes" : "no");
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + end);
  return left == 60 && health.is_healthy && has_metrics && change_many() && guard_statements("drop table city") ? 0 : 1;
}
