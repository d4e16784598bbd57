// The verbs that PostgreSQL has beyond those of every SQL client.
#pragma once

#include <dovetail/client/postgres/copy_call.hpp>
#include <dovetail/client/sql_verbs.hpp>
#include <dovetail/sql/insert_text.hpp>

#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace dovetail::inline v0 {
namespace postgres {

/// Base class of clients, views and transactions, on top of `Base`, which has the verbs of every SQL client.
template <class Base, argument_storage Storage>
class extra_verbs : public Base {
 public:
  /// Copies the structs of a range into a table by a binary COPY: all of them, or none. The fields name the columns;
  /// the table may have a schema. The fastest way in for many rows. (summary) Errors: what the table refuses;
  /// errc::value_out_of_range, errc::malformed_value with row and field, for a value that the column's type does not
  /// take (a COPY in binary converts nothing): nothing is copied then.
  template <dovetail::detail::row_range Range>
  decltype(auto) copy_in(std::string_view table, const Range& rows,
                         std::source_location where = std::source_location::current()) {
    constexpr std::string_view columns = column_list<dialect::postgres, dovetail::detail::row_of<Range>>;
    if constexpr (Storage == argument_storage::owned) {
      using held = std::vector<dovetail::detail::row_of<Range>>;
      return this->self().run(copy_rows<held>{std::string{table}, columns, held(rows.begin(), rows.end())}, where);
    } else {
      return this->self().run(copy_rows<const Range&>{std::string{table}, columns, rows}, where);
    }
  }
};

}  // namespace postgres
}  // namespace dovetail::inline v0
