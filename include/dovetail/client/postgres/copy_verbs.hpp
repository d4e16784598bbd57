// The verbs of COPY: structs and text, in and out.
#pragma once

#include <dovetail/client/postgres/copy_call.hpp>
#include <dovetail/client/postgres/copy_reading.hpp>
#include <dovetail/client/postgres/copy_text.hpp>
#include <dovetail/client/sql_blocking_verbs.hpp>
#include <dovetail/client/sql_stream.hpp>
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
namespace detail {

template <class Statement>
result<copy_origin> origin_of(const Statement& query) {
  if (!query.is_valid()) return query.failure();
  result<native_statement> native = query.native();
  if (!native) return std::move(native).error();
  return copy_origin::of_query(native->text);
}

}  // namespace detail

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
    constexpr std::string_view columns = column_list<dialect::postgres, dovetail::detail::row_of<Range>>;
    if constexpr (Storage == argument_storage::owned) {
      using held = std::vector<dovetail::detail::row_of<Range>>;
      return this->self().run(copy_rows<held>{std::string{table}, columns, held(rows.begin(), rows.end())}, where);
    } else {
      return this->self().run(copy_rows<const Range&>{std::string{table}, columns, rows}, where);
    }
  }

  /// Copies all rows of a table out by a binary COPY, one at a time and in bounded memory: the fields name the columns.
  /// (a stream of rows: see `sql_stream`, and `stream` for what it does to the pool)
  /// Errors: as `query`. A stream that goes before its end has the server stop the copy, which aborts a transaction
  /// that it is in.
  template <reflectable Row>
  auto copy_out(std::string_view table, std::source_location where = std::source_location::current()) {
    return start_copy<Row>(detail::copy_origin::of_table(table, column_list<dialect::postgres, Row>), where);
  }
  /// The same for the rows of a query, which has no parameters.
  template <class Row>
  auto copy_out_query(statement_for<dialect::postgres, Row> query) {
    return start_copy<Row>(detail::origin_of(query), query.view().where);
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
  template <class T>
  using held_by = std::conditional_t<Storage == argument_storage::owned, std::decay_t<T>, T>;

  template <class Row>
  auto start_copy(result<detail::copy_origin> from, std::source_location where) {
    auto& self = this->self();
    using stream_type = sql_stream<Row, dovetail::detail::core_of<std::remove_reference_t<decltype(self)>>>;
    return self.deliver([&]() -> result<stream_type> {
      if (!from) return std::move(from).error().with_location(where);
      const call how = self.start_call(where);
      auto on = dovetail::detail::hold_connection(self, how);
      if (!on) return std::move(on).error();
      auto state = (*on)->template open_copy<Row>(*std::move(from), how.by);
      if (!state) return std::move(state).error().with_location(where);
      return stream_type{*std::move(on), *std::move(state), self.core().timeout(), self.limit(), where};
    }());
  }
};

}  // namespace postgres
}  // namespace dovetail::inline v0
