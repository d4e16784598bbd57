// The verbs for many statements in few writes.
#pragma once

#include <dovetail/client/postgres/pipeline_statement.hpp>

#include <source_location>
#include <tuple>
#include <type_traits>
#include <vector>

namespace dovetail::inline v0 {
namespace postgres {

/// Adds them to `Base`, the verbs of a client, view or transaction.
template <class Base, argument_storage Storage>
class pipeline_verbs : public Base {
 public:
  /// Executes statements in few writes, without waiting for the answer to one before the next is sent:
  /// `auto [users, changed] = db.pipeline(pg::query<user>("…", 7), pg::execute("…", 1))`, `pg` being `dt::postgres`.
  /// Outside of a transaction they are one: all of them are executed, or none. (a tuple of what each one gives)
  /// Errors: that of the statement which failed, with its number; the others are undone, or were not executed. What is
  /// found when the rows are read (errc::no_row, errc::unexpected_null, …) undoes nothing, and says so.
  /// errc::operation_unsupported without a statement cache. Repeated only when nothing was sent or all are reads.
  template <pipelined_statement... Statements>
    requires(sizeof...(Statements) != 0)
  decltype(auto) pipeline(const Statements&... statements) { return pipe<false>(statements...); }
  /// The same with statements of one type, as many as the range has. (a vector)
  template <pipelined_range Range>
  decltype(auto) pipeline(const Range& statements, std::source_location where = std::source_location::current()) {
    return pipe_range<false>(statements, where);
  }
  /// As `pipeline`, but each statement stands for itself: one that fails leaves the others alone. In a transaction it
  /// fails those behind it. (a tuple, or a vector, of `dt::result`)
  template <pipelined_statement... Statements>
    requires(sizeof...(Statements) != 0)
  decltype(auto) pipeline_each(const Statements&... statements) { return pipe<true>(statements...); }
  template <pipelined_range Range>
  decltype(auto) pipeline_each(const Range& statements, std::source_location where = std::source_location::current()) {
    return pipe_range<true>(statements, where);
  }

 private:
  template <bool IsEach, class... Statements>
  decltype(auto) pipe(const Statements&... statements) {
    const auto& first = std::get<0>(std::tie(statements...));
    using operands = std::conditional_t<Storage == argument_storage::owned, std::tuple<Statements...>,
                                        std::tuple<const Statements&...>>;
    return this->self().run(pipelined<operands, IsEach>{operands{statements...}}, first.request.sql.view().where);
  }
  template <bool IsEach, class Range>
  decltype(auto) pipe_range(const Range& statements, std::source_location where) {
    using operands = std::vector<std::remove_cvref_t<decltype(*statements.begin())>>;
    if constexpr (Storage == argument_storage::borrowed && std::is_same_v<Range, operands>) {
      return this->self().run(pipelined<const operands&, IsEach>{statements}, where);
    } else {
      return this->self().run(pipelined<operands, IsEach>{operands(statements.begin(), statements.end())}, where);
    }
  }
};

}  // namespace postgres
}  // namespace dovetail::inline v0
