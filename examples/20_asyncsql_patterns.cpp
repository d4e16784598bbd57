// AsyncSQL: what a production program does with a session, pattern by pattern: configuration, modes, values, security,
// errors.
#include <dovetail/asyncsql.hpp>
#include <dovetail/sqlite.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace dt = dovetail;
namespace sql = dovetail::asyncsql;
using namespace std::chrono_literals;
using dt::arg;

namespace {

struct user {
  std::int64_t id;
  std::string name;
  bool active;
};
struct account {
  std::int64_t id = 0;
  std::int64_t balance = 0;
  dt::version version;
};
//[json_struct
struct event {
  std::string action;
  std::chrono::sys_seconds timestamp;
  std::map<std::string, std::string> metadata;
};
//]

// Who may make tables; see 16_asyncsql.cpp.
using owner = sql::guard<dt::validation{.allow_ddl = true}>;

// Everything in one place; the password comes from the environment. Nothing is connected here.
bool configure() {
  const sql::variable_lookup environment = [](const char*) { return "p@ss/word"; };
  //[file
  const std::string_view file = R"({"databases": {"production": {
      "database_type": "postgresql", "host": "db1,db2", "port": 5432, "database": "production_db",
      "user": "app_user", "password": "${DB_PASSWORD}", "transaction_mode": "auto", "share_pool": true,
      "validate_queries": true, "allow_admin": false, "timeout": 30.0,
      "parameter_types": {"metadata": "jsonb", "role_id": "uuid", "created_at": "timestamptz"}}}})";
  sql::config how = sql::read_config_text(file, "production", environment).value();
  //]
  //[retry
  how.session.retry.max_retries = 5;  // after the first attempt
  how.session.retry.initial_delay = 500ms;
  how.session.retry.max_delay = 10s;
  how.session.retry.exponential_base = 2.0;
  how.session.retry.jitter = sql::jitter_kind::quarter;
  //]
  return how.session.timeout == 30s && how.session.retry.attempts() == 6;
}

// A statement that fails in automatic mode leaves nothing behind; reads need no transaction at all.
bool modes(sql::config how) {
  //[automatic
  auto db = sql::open<dt::sqlite::client>(how);
  try {
    db.execute("insert into orders(customer_id, total) values (:customer_id, :total)", arg<"customer_id">(123),
               arg<"total">(dt::decimal{"99.99"}));  // committed
    db.execute("insert into orders(customer_id, total) values (:customer_id, null)", arg<"customer_id">(124));
  } catch (const dt::error& failed) {  // rolled back
    std::printf("%s\n", failed.server().message.c_str());
  }
  //]
  //[none
  how.session.transaction.mode = sql::transaction_mode::none;
  auto reader = sql::open<dt::sqlite::client>(how);
  const dt::rows<user> active = reader.query<user>("select * from users where active = :active", arg<"active">(true));
  //]
  //[shared
  how.session.name = "analytics";
  how.connection_string = dt::secret{"sqlite::memory:"};  // another database: a pool of its own
  auto analytics = sql::open<dt::sqlite::client>(how);
  const std::size_t pools = sql::pool_registry::process().count();
  //]
  return active.size() == 1 && pools >= 2 && db.query_value<int>("select count(*) from orders") == 1;
}

bool values(sql::session<dt::sqlite::client, owner>& db, const std::string& price) {
  //[lists
  const std::vector<std::int64_t> ids{1, 2, 3};
  const auto some = db.query<user>("select * from users where id in (:user_ids)", arg<"user_ids">(ids));
  const auto none = db.query<user>("select * from users where id in (:user_ids)",
                                   arg<"user_ids">(std::vector<std::int64_t>{}));  // an empty list finds nothing
  const auto all = db.query<user>("select * from users where id in (select value from json_each(:user_ids))",
                                  arg<"user_ids">(dt::json_value{ids}));  // a list as one value, of any length
  //]
  //[json
  const event login{"login", std::chrono::sys_days{std::chrono::year{2024} / 1 / 1} + 10h, {{"ip", "192.168.1.1"}}};
  db.execute("insert into events(user_id, event_data) values (:user_id, :data)", arg<"user_id">(123),
             arg<"data">(dt::json_value{login}));
  const auto back = db.query_value<dt::json_value<event>>("select event_data from events where user_id = ?", 123);
  const std::string& ip = back->metadata.at("ip");
  //]
  //[dates
  const auto placed = db.query_value<int>(
      "select count(*) from visits where created_date >= :start_date and created_at <= :end_time",
      arg<"start_date">(std::chrono::year{2024} / 1 / 1), arg<"end_time">(std::chrono::system_clock::now()));
  //]
  //[decimal
  dt::decimal total;  // exact, as the digits say; dt::decimal{"99.99"} is a literal
  if (!dt::parse_decimal(price, total)) return false;
  db.execute("insert into orders(customer_id, total) values (?, ?)", 5, total);
  //]
  //[values
  constexpr dt::uuid id{"8c5d6c2e-0f6b-4d37-9a51-2f8d3a6d7c11"};
  const std::vector<std::byte> picture{std::byte{0x89}, std::byte{0x50}};  // bytea, or a BLOB
  const std::optional<std::string> remark;                                 // null; std::nullopt is one too
  db.execute("insert into files(id, content, remark) values (:id, :content, :remark)", arg<"id">(id),
             arg<"content">(picture), arg<"remark">(remark));
  const auto kept = db.query_value<std::vector<std::byte>>("select content from files where id = ?", id);
  const auto said = db.query_value<std::optional<std::string>>("select remark from files where id = ?", id);
  //]
  if (kept != picture || said) return false;
  return some.size() == 2 && none.empty() && all.size() == 2 && ip == "192.168.1.1" && placed == 1 &&
         to_string(db.query_value<dt::decimal>("select total from orders where customer_id = 5")) == price;
}

// A session that may define tables, and one that may not.
bool security(const sql::config& how, const std::string& text) {
  //[admin
  auto secure = sql::open<dt::sqlite::client>(how);  // validate_queries: true, allow_admin and allow_ddl: false
  const auto refused = secure.with(dt::as_result).execute(dt::runtime(text));

  auto admin = sql::open<dt::sqlite::client, owner>(how);
  const int kept = admin.run_transaction([](auto& tx) {  // a temporary table belongs to one connection
    tx.execute("create temporary table temp_analysis as select * from users where active = :active",
               arg<"active">(true));
    return tx.template query_value<int>("select count(*) from temp_analysis");
  });
  //]
  return !refused && refused.error().code() == dt::errc::statement_refused && kept == 1;
}

void errors(sql::session<dt::sqlite::client, owner>& db) {
  //[errors
  try {
    const auto found = db.query_optional<user>("select * from users where id = :user_id", arg<"user_id">(123));
    std::printf("%s\n", found ? found->name.c_str() : "User not found");
  } catch (const dt::error& failed) {
    if (failed.kind() == dt::condition::connection) {
      std::puts("Database connection issue");
    } else if (failed.kind() == dt::condition::timeout) {
      std::puts("Query timeout");
    } else {
      std::printf("Database error: %s\n", failed.what());
    }
  }
  //]
}

// Optimistic locking inside of a transaction that the program holds.
bool deposit(sql::config how, std::int64_t amount) {
  //[combined
  how.session.transaction.mode = sql::transaction_mode::manual;
  auto db = sql::open<dt::sqlite::client>(how);
  const dt::optimistic<account> accounts{"accounts", {dt::conflict_strategy::retry, 5, 200ms}};

  db.begin();
  try {
    auto found = accounts.read(db, 1);  // with its version
    found.row.balance += amount;
    const auto done = accounts.update(db, found);
    if (!done) throw std::runtime_error(std::string{to_string(done.status)});
    db.commit();
  } catch (...) {
    if (db.is_in_transaction()) db.rollback();  // not behind a commit that failed
    throw;
  }
  //]
  return db.query_value<std::int64_t>("select balance from accounts where id = 1") == 100 + amount;
}

}  // namespace

int main() {
  const auto file = std::filesystem::temp_directory_path() / "dovetail_example_20.db";
  std::filesystem::remove(file);
  bool is_right = configure();
  {
    sql::config how;
    how.connection_string = dt::secret{"sqlite:" + file.string()};
    how.security.allow_ddl = true;
    auto db = sql::open<dt::sqlite::client, owner>(how);
    db.script(
        "create table users(id integer primary key, name text not null, active integer not null);"
        "create table orders(customer_id integer not null, total text not null);"
        "create table events(user_id integer not null, event_data text not null);"
        "create table files(id text primary key, content blob not null, remark text);"
        "create table visits(created_date text not null, created_at text not null);"
        "create table accounts(id integer primary key, balance integer not null, version integer not null);"
        "insert into users values (1, 'Ann', 1), (2, 'Ben', 0); insert into accounts values (1, 100, 1);"
        "insert into visits values ('2024-02-29', '2024-02-29 12:30:00')");
    how.security.allow_ddl = false;
    is_right = modes(how) && values(db, "19.90") && security(how, "drop table users") && is_right;
    errors(db);
    is_right = deposit(how, 50) && is_right;
  }
  for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + end);
  return is_right ? 0 : 1;
}
