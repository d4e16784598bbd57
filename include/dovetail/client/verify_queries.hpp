// Compares every SQL literal of a program with a real database, and reports all that does not fit at once.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/client/operation.hpp>
#include <dovetail/row/bind.hpp>
#include <dovetail/sql/registered_query.hpp>

#include <algorithm>
#include <cstddef>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// A column of a statement's result, as the database describes it before anything is executed.
struct described_column {
  std::string name;
  std::string database_type;
  field_kinds accepts = field_kinds::all();
  nullability nulls = nullability::unknown;
  std::string_view advice{};
  field_kinds elements = field_kinds::all();  ///< these three as `column_info` has them
  std::uint32_t type = 0;
  std::uint32_t element_type = 0;
};

/// What a verification looks at.
struct verify_settings {
  /// A column that the schema lets be null must have a field that can be: a `where … is not null`, which the schema
  /// does not know of, is then reported too. (Columns of outer joins and expressions: nothing is known of them.)
  bool check_nulls = true;
};

/// A statement that does not fit the database.
struct query_finding {
  std::source_location where;
  std::string text;     ///< of the statement: a literal of the program, shown whole
  std::string problem;  ///< the database's own words, or the report about the row type
};

/// What `verify_queries` found.
struct verification {
  std::size_t checked = 0;  ///< 0: nothing has registered itself; see DOVETAIL_REGISTER_QUERIES
  std::vector<query_finding> findings;

  bool is_clean() const noexcept { return findings.empty(); }
  /// All findings as one text, with their places: empty when there is none.
  [[gnu::cold]] std::string report() const;
};

[[gnu::cold, gnu::noinline]] inline std::string verification::report() const {
  using detail::append_parts;
  using detail::number_text;
  std::string text;
  if (is_clean()) return text;
  append_parts(
      text, {number_text{findings.size()}, " of ", number_text{checked},
             findings.size() == 1 ? " statements does not fit the database" : " statements do not fit the database"});
  for (const query_finding& each : findings) {
    append_parts(text, {"\n\n", each.where.file_name(), ":", number_text{each.where.line()}, ": ", each.text, "\n"});
    append_parts(text, {each.problem});
  }
  return text;
}

namespace detail {

/// What is wrong with one statement, or an empty text.
[[gnu::cold, gnu::noinline]] inline std::string compare_description(const registered_query& query,
                                                                    const std::vector<described_column>& described,
                                                                    const verify_settings& how) {
  if (query.row == nullptr || query.row->leaves.empty()) return {};
  std::vector<column_info> columns;
  columns.reserve(described.size());
  for (const described_column& each : described) {
    columns.push_back({each.name, each.database_type, each.accepts, how.check_nulls ? each.nulls : nullability::unknown,
                       each.advice, each.elements, each.type, each.element_type});
  }
  const result<binding> bound = bind_row(*query.row, columns, {.style = query.style});
  return bound ? std::string{} : std::string{bound.error().context()};
}

}  // namespace detail

/// Prepares each registered statement of `db`'s dialect on one of its connections, and executes none: wrong syntax,
/// tables and columns that do not exist, columns that do not fit the struct's fields by name, type or null.
/// Registered are, in a program that was compiled with DOVETAIL_REGISTER_QUERIES, the literals that are known by their
/// type (`sql_text`), and of the plain ones that read or change rows those that a verb has been called with before. The
/// header of the backend is needed too: dovetail/sqlite_verify.hpp and its like. Errors: throws `dt::error` when no
/// connection can be had; what is wrong with a statement is a finding.
template <class Db>
verification verify_queries(Db& db, const verify_settings& how = {},
                            std::source_location where = std::source_location::current()) {
  const call limits = db.start_call(where);
  auto lent = db.core().acquire(limits);
  if (!lent) detail::throw_error(std::move(lent).error());
  verification done;
  for (auto* at = detail::first_registered_query.load(std::memory_order_acquire); at != nullptr; at = at->next) {
    if (at->language != Db::speaks) continue;
    ++done.checked;
    std::vector<described_column> columns;
    const error_info failure = describe_query(**lent, at->native(*at), limits.by, columns);
    std::string problem = failure ? failure.message() : detail::compare_description(*at, columns, how);
    if (!problem.empty()) done.findings.push_back({at->view.where, std::string{at->view.text}, std::move(problem)});
  }
  std::sort(done.findings.begin(), done.findings.end(), [](const query_finding& a, const query_finding& b) {
    const int order = std::string_view{a.where.file_name()}.compare(b.where.file_name());
    return order != 0 ? order < 0 : a.where.line() < b.where.line();
  });
  return done;
}

}  // namespace dovetail::inline v0
