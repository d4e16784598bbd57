// Literal statements with a mistake: the compiler names it, and the struct and field where there is one.
// clang-format off: the expected words stand in comments of one line.
#include <dovetail/sql/statement.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace dt = dovetail;
using dt::arg;

struct city {
  std::int64_t id;
  std::string name;
  std::optional<double> area;
};

struct mayor {
  std::int64_t id;
  std::optional<city> home;
};

// Verbs without a database.
template <class Row, class... Args>
void query(dt::statement_for<dt::dialect::sqlite, Row, Args...>, const Args&...) {}
template <class... Args>
void execute(dt::statement_for<dt::dialect::sqlite, void, Args...>, const Args&...) {}
template <class Row, class... Args>
void query_postgres(dt::statement_for<dt::dialect::postgres, Row, Args...>, const Args&...) {}
template <class... Args>
void execute_mysql(dt::statement_for<dt::dialect::mysql, void, Args...>, const Args&...) {}

void calls() {
  const std::vector<int> ids{1, 2};
  std::string made = "select * from city";

  query<city>("select id, name, area from city where id > ?", 0);
  query<city>("select * from city where id in (:ids)", arg<"ids">(ids));
  query<city>(dt::runtime(made));
  query<std::int64_t>("select count(*) from city");
  query_postgres<city>("select * from city where id = any($1)", ids);
  execute("insert into city(id, name, area) values (:id, :name, :area)", city{});
  execute_mysql("update city set name = ? where id = ?", "Bern", 1);

#if CASE == 1  // expect: more_placeholders_than_arguments
               // expect: placeholders<2>
               // expect: arguments<1>
  query<city>("select * from city where id = ? and name = ?", 1);
#elif CASE == 2   // expect: more_arguments_than_placeholders
                  // expect: placeholders<1>
                  // expect: arguments<2>
  query<city>("select * from city where id = ?", 1, 2);
#elif CASE == 3   // expect: parameter_without_argument
                  // expect: select * from city where id = :idd
                  // expect-clang: {"idd
                  // expect: parameter_without_argument_did_you_mean
                  // expect: "id"
  query<city>("select * from city where id = :idd", arg<"id">(1));
#elif CASE == 4   // expect: argument_without_parameter<
                  // expect: "old"
  execute("update city set name = :name", arg<"name">("Bern"), arg<"old">(1));
#elif CASE == 5   // expect: placeholders_of_different_styles_are_mixed
  query<city>("select * from city where id = ? and name = $2", 1, "Bern");
#elif CASE == 6   // expect: named_and_positional_arguments_are_mixed
  query<city>("select * from city where id = :id and name = ?", arg<"id">(1), "Bern");
#elif CASE == 7   // expect: named_placeholders_need_dt_arg_or_a_struct
  query<city>("select * from city where id = :id", 1);
#elif CASE == 8   // expect: positional_placeholders_do_not_take_named_arguments
  query<city>("select * from city where id = ?", arg<"id">(1));
#elif CASE == 9   // expect: mistake_in_sql::quote_not_closed
  query<city>("select * from city where name = 'Bern");
#elif CASE == 10  // expect: identifier_quote_not_closed
  query<city>("select * from \"city");
#elif CASE == 11  // expect: comment_not_closed
  query<city>("select * from city /* all of them");
#elif CASE == 12  // expect: dollar_quote_not_closed
  query_postgres<city>("select * from city where name = $$Bern");
#elif CASE == 13  // expect: several_statements_need_script
  execute("delete from city; delete from mayor");
#elif CASE == 14  // expect: empty_statement
  execute("  -- nothing");
#elif CASE == 15  // expect: invalid_parameter_name
  query<city>("select * from city where area > :größe", arg<"gr">(1));
#elif CASE == 16  // expect: parameters_are_numbered_from_1
  query<city>("select * from city where id = $0", 1);
#elif CASE == 17  // expect: parameter_number_is_skipped
  query<city>("select * from city where id = $1 or id = $3", 1, 2, 3);
#elif CASE == 18  // expect: too_many_parameters
  query_postgres<city>("select * from city where id = $65536", 1);
#elif CASE == 19  // expect: insert_has_more_or_fewer_values_than_columns
  execute("insert into city(id, name, area) values (?, ?)", 1, "Bern");
#elif CASE == 20  // expect: insert_has_more_or_fewer_values_than_columns
  execute("insert into city(id, name) values (1, 'Bern'), (2)");
#elif CASE == 21  // expect: select_list_has_no_column_for_field
                  // expect: city
                  // expect: "area"
  query<city>("select id, name from city");
#elif CASE == 22  // expect: select_list_has_no_column_for_field
                  // expect: mayor
                  // expect: "home_area"
  query<mayor>("select m.id, c.id as home_id, c.name as home_name from mayor m left join city c on c.id = m.city");
#elif CASE == 23  // expect: select_list_has_two_columns_for_field
                  // expect: city
                  // expect: "id"
  query<city>("select a.id, b.id, b.name, b.area from city a, city b");
#elif CASE == 24  // expect: select_list_has_no_column_for_field
                  // expect: "name"
  query<city>("insert into city(id) values (1) returning id");
#elif CASE == 25  // expect: statement_returns_no_rows_for
                  // expect: city
  query<city>("update city set name = 'Bern'");
#elif CASE == 26  // expect: select_list_has_more_or_fewer_columns_than
  query<std::tuple<int, int>>("select a, b, c from t");
#elif CASE == 27  // expect: any_of_a_range_is_not_known_here_use_in
  query<city>("select * from city where id = any(:ids)", arg<"ids">(ids));
#elif CASE == 28  // expect: a_range_must_be_alone_in_its_in
  query<city>("select * from city where id in (:ids, 7)", arg<"ids">(ids));
#elif CASE == 29  // expect: a_range_is_used_in_in_and_as_one_value
  query_postgres<city>("select * from city where id in (:ids) or x && :ids", arg<"ids">(ids));
#elif CASE == 30  // expect: parenthesis_not_closed
  query<city>("select * from city where id in (1, 2");
#elif CASE == 31  // expect: parenthesis_not_opened
  query<city>("select * from city where id = 1)");
#elif CASE == 32  // expect: made
                  // expect: constant expression
  query<city>(made);
#elif CASE == 33  // expect: nul_character
  query<city>("select * from city where name = '\0'");
#elif CASE == 34  // expect: parameter_without_argument
                  // expect-clang: {"title
                  // R22: a batch's rows are structs, and the compiler finds the member that none of them has.
  execute("insert into city(id, name) values (:id, :title)", city{});
#elif CASE == 35  // expect: positional_placeholders_do_not_take_named_arguments
  execute("insert into city(id, name, area) values (?, ?, ?)", city{});
#elif CASE == 36  // expect: mistake_in_sql::quote_not_closed
  execute_mysql("select \"Bern\\\"");
#elif CASE == 37  // expect: more_placeholders_than_arguments
  query_postgres<city>("select * from city where data ? 'k' and id = ?");
#elif CASE == 38  // expect: argument_without_parameter
  query<city>("select * from city", city{});
#elif CASE == 39  // expect: parameter_without_argument
                  // expect-clang: {"a_name_that_is_longer_than_other
  execute("update city set name = :a_name_that_is_longer_than_others_are");
#elif CASE == 40  // expect: parameter_without_argument_did_you_mean
                  // expect: "area"
                  // expect-clang: {"aera
  execute("update city set area = %(aera)s where id = %(id)s", city{});
#endif
}
