// AsyncSQL: one configuration, shared pools, transaction modes, retries and metrics.
#include <dovetail/asyncsql.hpp>
#include <dovetail/sqlite.hpp>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace dt = dovetail;
namespace sql = dovetail::asyncsql;

// Who may make tables; without it such a literal does not compile.
using owner = sql::guard<dt::validation{.allow_ddl = true}>;

int main() {
  // From a connection string; a JSON file (`read_config_file`) and plain code say the same.
  const auto file = std::filesystem::temp_directory_path() / "dovetail_example_12.db";
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
    manual.rollback();
    throw;
    //]
  }

  // As one function, which is called again when the database has undone it because of somebody else.
  //[run
  db.run_transaction([](auto& tx) {
    const auto have = tx.template query_value<std::int64_t>("select balance from account where id = ?", 1);
    if (have < 10) throw std::runtime_error("too little");
    tx.execute("update account set balance = balance - 10 where id = ?", 1);
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
  return left == 60 && health.is_healthy && has_metrics ? 0 : 1;
}
