// Literal statements that the rules of a client's type refuse: the compiler names the rule.
// clang-format off: the expected words stand in comments of one line.
#include <dovetail/client/sql_verbs.hpp>
#include <dovetail/sql/validated_statement.hpp>

#include <cstdint>
#include <source_location>
#include <string>

namespace dt = dovetail;

inline constexpr dt::validation standard{};
inline constexpr dt::validation strict{.profile = dt::validation_profile::strict};
inline constexpr dt::validation ddl{.allow_ddl = true};
inline constexpr dt::validation admin{.allow_admin = true};

template <dt::validation May, dt::dialect D = dt::dialect::postgres>
struct client {
  template <class... Args>
  static void execute(dt::validated_statement_for<May, D, void, Args...>, const Args&...) {}
};

// The verbs of a client whose type has rules, as sessions with a guard have them.
template <dt::validation May>
struct ruled : dt::sql_verbs<ruled<May>, dt::dialect::sqlite, dt::argument_storage::borrowed> {
  struct guard_type {
    static constexpr dt::validation literals = May;
  };
  template <class Op>
  typename Op::value_type run(Op, std::source_location) {
    return {};
  }
};

void calls(ruled<standard> db, ruled<admin> administrator) {
  const std::string made = "drop table city";
  client<standard>::execute("insert into city(id) values ($1)", 1);
  client<standard>::execute("select 1 union select 2 -- both");
  client<standard>::execute(dt::runtime(made));
  client<ddl>::execute("create table city(id int)");
  client<admin>::execute("grant select on city to bob");
  db.execute("delete from city where id = ?", 1);
  administrator.execute("drop table city");

#if CASE == 1  // expect: refused_sql::definition_needs_allow_ddl_or_allow_admin
  client<standard>::execute("drop table city");
#elif CASE == 2   // expect: refused_sql::administration_needs_allow_admin
  client<ddl>::execute("grant select on city to bob");
#elif CASE == 3   // expect: refused_sql::transaction_control_use_transaction_or_begin
  client<admin>::execute("begin");
#elif CASE == 4   // expect: refused_sql::risky_function_needs_allow_risky_functions
  client<admin>::execute("select pg_sleep(1)");
#elif CASE == 5   // expect: refused_sql::comment_in_strict_profile
  client<strict>::execute("select 1 -- one");
#elif CASE == 6   // expect: refused_sql::set_operation_in_strict_profile
  client<strict>::execute("select 1 union select 2");
#elif CASE == 7   // expect: refused_sql::session_setting_needs_allow_settings
  client<standard, dt::dialect::sqlite>::execute("pragma user_version = 3");
#elif CASE == 8   // expect: refused_sql::procedure_call_needs_allow_calls
  client<standard>::execute("call p($1)", 1);
#elif CASE == 9   // expect: refused_sql::notification_needs_allow_notifications
  client<standard>::execute("notify news");
#elif CASE == 10  // expect: more_placeholders_than_arguments
  client<standard>::execute("delete from city where id = $1");
#elif CASE == 11  // expect: refused_sql::conditional_comment_that_some_servers_run
  client<standard, dt::dialect::mysql>::execute("/*!50000 drop table city */");
#elif CASE == 12  // expect: refused_sql::definition_needs_allow_ddl_or_allow_admin
  db.execute("drop table city");
#elif CASE == 13  // expect: refused_sql::administration_needs_allow_admin
  db.execute("vacuum");
#elif CASE == 14  // expect: refused_sql::transaction_control_use_transaction_or_begin
  administrator.execute("savepoint here");
#endif
}
