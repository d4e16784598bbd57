// COPY out as a stream of rows, for blocking clients.
#pragma once

#include <dovetail/client/postgres/copy_reading.hpp>
#include <dovetail/client/sql_blocking_verbs.hpp>
#include <dovetail/client/sql_stream.hpp>
#include <dovetail/sql/insert_text.hpp>
#include <dovetail/sql/mask.hpp>
#include <dovetail/sql/statement.hpp>

#include <source_location>
#include <string>
#include <string_view>
#include <utility>

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

/// Part of the blocking client's verbs.
template <class Self, class Base>
class copy_stream_verbs : public Base {
 public:
  /// Copies all rows of a table out by a binary COPY, one at a time and in bounded memory: the fields name the columns.
  /// (a stream of rows: see `sql_stream`, and `stream` for what it does to the pool)
  /// Errors: as `query`. A stream that goes before its end has the server stop the copy, which aborts a transaction
  /// that it is in.
  template <reflectable Row>
  auto copy_out(std::string_view table, std::source_location where = std::source_location::current()) & {
    return start_copy<Row>(detail::copy_origin::of_table(table, column_list<dialect::postgres, Row>), where);
  }
  template <reflectable Row>
  auto copy_out(std::string_view table, std::source_location where = std::source_location::current()) && {
    static_assert(!v0::detail::owns_connections<Self>,
                  "dovetail: a stream must not outlive its client: give the temporary client a name");
    return this->template copy_out<Row>(table, where);
  }
  /// The same for the rows of a query, which has no parameters.
  template <class Row>
  auto copy_out_query(statement_for<dialect::postgres, Row> query) & {
    return start_copy<Row>(detail::origin_of(query), query.view().where);
  }
  template <class Row>
  auto copy_out_query(statement_for<dialect::postgres, Row> query) && {
    static_assert(!v0::detail::owns_connections<Self>,
                  "dovetail: a stream must not outlive its client: give the temporary client a name");
    return this->template copy_out_query<Row>(query);
  }

 private:
  template <class Row>
  auto start_copy(result<detail::copy_origin> from, std::source_location where) {
    Self& self = this->self();
    using stream_type = sql_stream<Row, v0::detail::core_of<Self>>;
    const auto copy = [&]() -> result<stream_type> {
      if (!from) return std::move(from).error().with_location(where);
      const call how = self.start_call(where);
      auto on = v0::detail::hold_connection(self, how);
      if (!on) return std::move(on).error();
      auto state = (*on)->template open_copy<Row>(*std::move(from), how.by);
      if (!state) return std::move(state).error().with_location(where);
      const bool of_transaction = on->is_borrowed();
      result<stream_type> opened{
          stream_type{*std::move(on), *std::move(state), self.core().timeout(), self.limit(), where}};
      v0::detail::join_guests(self, *opened, of_transaction);
      return opened;
    };
    const auto open = [&] { return self.deliver(copy()); };
    if constexpr (requires { typename Self::guard_type; }) {  // of a session, whose guard is asked about what is read
      if (from) {
        const std::string look = from->look();
        return self.open_stream(statement_view{.text = look, .traits = {}, .where = where, .mask = &mask_literals},
                                open);
      }
    }
    return open();
  }
};

}  // namespace postgres
}  // namespace dovetail::inline v0
