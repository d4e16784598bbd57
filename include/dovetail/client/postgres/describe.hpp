// Describes a statement's columns with what PostgreSQL's catalogue says of them; executes nothing of it.
#pragma once

#include <dovetail/client/postgres/connection.hpp>
#include <dovetail/client/postgres/describe_call.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/verify_queries.hpp>
#include <dovetail/sql/statement.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {
namespace postgres {

/// For `verify_queries`. Errors: the server's about the statement.
error_info describe_query(connection& on, std::string_view text, deadline by, std::vector<described_column>& columns);

}  // namespace postgres
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace postgres {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info describe_query(connection& on, std::string_view text,
                                                                       deadline by,
                                                                       std::vector<described_column>& columns) {
  describe_statement asked{std::string{text}};
  auto described = on.perform(asked, by);
  if (!described) return std::move(described).error();
  for (described_origin& each : *described) {
    described_column column{std::move(each.name), std::string{each.column.database_type},
                            each.column.accepts,  nullability::unknown,
                            each.column.advice,   each.column.elements,
                            each.column.type,     each.column.element_type};
    if (each.table != 0 && each.attribute > 0) {
      using statement = statement_for<dialect::postgres, bool, std::int64_t, std::int64_t>;
      const statement is_set{
          "select attnotnull from pg_catalog.pg_attribute where attrelid = $1::int8::oid and attnum = $2::int8"};
      sql_query_optional<bool, sql_request<statement, std::tuple<std::int64_t, std::int64_t>>> query{
          {is_set, {std::int64_t{each.table}, std::int64_t{each.attribute}}}};
      auto answer = on.perform(query, by);
      if (!answer) return std::move(answer).error();
      if (answer->has_value()) column.nulls = **answer ? nullability::never : nullability::possible;
    }
    columns.push_back(std::move(column));
  }
  return {};
}

}  // namespace postgres
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
