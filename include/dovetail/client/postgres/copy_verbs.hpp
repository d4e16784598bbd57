// The verbs of COPY that are one operation: structs in, text in and out.
#pragma once

#include <dovetail/client/postgres/copy_call.hpp>
#include <dovetail/client/postgres/copy_text.hpp>
#include <dovetail/client/sql_verbs.hpp>
#include <dovetail/sql/insert_text.hpp>

#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {
namespace postgres {

/// Part of `extra_verbs`.
template <class Base, argument_storage Storage>
class copy_verbs : public Base {
 public:
  /// Copies the structs of a range into a table by a binary COPY: all of them, or none. The fields name the columns;
  /// the table may have a schema. The fastest way in for many rows. (summary) Errors: what the table refuses;
  /// errc::value_out_of_range, errc::malformed_value with row and field, for a value that the column's type does not
  /// take (a COPY in binary converts nothing): nothing is copied then.
  template <dovetail::detail::row_range Range>
  decltype(auto) copy_in(std::string_view table, const Range& rows,
                         std::source_location where = std::source_location::current()) {
    return copy_structs(table, rows, false, where);
  }

  /// Used by `bulk_insert`: the same where it does what INSERT does. Else nothing is copied, and `rows_affected` is -1:
  /// views, row security and rules on the table, values for columns that are generated always.
  template <dovetail::detail::row_range Range>
  decltype(auto) copy_in_as_insert(std::string_view table, const Range& rows,
                                   std::source_location where = std::source_location::current()) {
    return copy_structs(table, rows, true, where);
  }

  /// Runs a `copy … to stdout` as it is written, in text, CSV or binary, and calls `to(std::string_view)` with the data
  /// as it comes: whole rows with their newlines, from servers as they are today. (summary) Errors: what the consumer
  /// throws ends the copy; errc::operation_unsupported for another statement.
  template <class Consumer>
    requires copy_consumer<std::remove_reference_t<Consumer>>
  decltype(auto) copy_out_text(std::string_view copy, Consumer&& to,
                               std::source_location where = std::source_location::current()) {
    return this->self().run(copy_text_out<held_by<Consumer>>{std::string{copy}, std::forward<Consumer>(to)}, where);
  }

  /// Runs a `copy … from stdin` as it is written; the data is a range of lines (strings, with a newline or without), or
  /// a function that gives some of it at each call, and nothing at the end: all of it is copied, or nothing. (summary)
  /// Errors: what the source throws ends the copy; errc::operation_unsupported for another statement.
  template <class Source>
    requires copy_producer<std::remove_reference_t<Source>> || line_range<std::remove_reference_t<Source>>
  decltype(auto) copy_in_text(std::string_view copy, Source&& from,
                              std::source_location where = std::source_location::current()) {
    return this->self().run(copy_text_in<held_by<Source>>{std::string{copy}, std::forward<Source>(from)}, where);
  }

 private:
  template <class Range>
  decltype(auto) copy_structs(std::string_view table, const Range& rows, bool only_as_insert,
                              std::source_location where) {
    constexpr std::string_view columns = column_list<dialect::postgres, dovetail::detail::row_of<Range>>;
    if constexpr (Storage == argument_storage::owned) {
      using held = std::vector<dovetail::detail::row_of<Range>>;
      return this->self().run(
          copy_rows<held>{std::string{table}, columns, held(rows.begin(), rows.end()), only_as_insert}, where);
    } else {
      return this->self().run(copy_rows<const Range&>{std::string{table}, columns, rows, only_as_insert}, where);
    }
  }

  template <class T>
  using held_by = std::conditional_t<Storage == argument_storage::owned, std::decay_t<T>, T>;
};

}  // namespace postgres
}  // namespace dovetail::inline v0
