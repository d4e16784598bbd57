// COPY out as a stream of rows that are awaited.
#pragma once

#include <dovetail/client/postgres/copy_stream.hpp>
#include <dovetail/client/postgres/stream_call.hpp>
#include <dovetail/client/sql_async_verbs.hpp>

#include <memory>
#include <source_location>
#include <string_view>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {
namespace postgres {

/// Part of the asynchronous client's verbs.
template <class Self, class Base>
class async_copy_stream_verbs : public Base {
 public:
  /// As `copy_out` of the blocking client: `auto rows = co_await db.copy_out<city>("city")`, then
  /// `while (city* each = co_await rows.next()) …`. (async_sql_stream)
  /// In a transaction the stream must be read to its end: otherwise the transaction's connection is of no use any more.
  template <reflectable Row>
  auto copy_out(std::string_view table, std::source_location where = std::source_location::current()) {
    return start_copy<Row>(detail::copy_origin::of_table(table, column_list<dialect::postgres, Row>), where);
  }
  /// The same for the rows of a query, which has no parameters.
  template <class Row>
  auto copy_out_query(statement_for<dialect::postgres, Row> query) {
    return start_copy<Row>(detail::origin_of(query), query.view().where);
  }

 private:
  template <class Row>
  auto start_copy(result<detail::copy_origin> from, std::source_location where) {
    Self& self = this->self();
    using core_type = std::remove_cvref_t<decltype(*self.core())>;
    std::shared_ptr<v0::detail::async_transaction_state<core_type>> inside;
    if constexpr (v0::detail::inside_async_transaction<Self>) inside = self.state();
    return v0::detail::open_async_stream<Row>(self.core(), std::move(inside), self.get_executor(), self.budget(),
                                              self.limit(), where, copy_request{std::move(from)}, self.token());
  }
};

}  // namespace postgres
}  // namespace dovetail::inline v0
