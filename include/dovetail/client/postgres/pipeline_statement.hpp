// The statements of a pipeline: values that say what is wanted, for `db.pipeline(…)`.
#pragma once

#include <dovetail/client/operation.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/sql_verbs.hpp>
#include <dovetail/sql/brief_statement.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {
namespace postgres {
namespace detail {

/// As `sql_request`, in few bytes: a program keeps many of them. Its arguments are copies: a statement may be made long
/// before it is sent. With a constructor, as GCC writes zeros over the whole of an aggregate first.
template <class Row, class... Args>
struct pipelined_request {
  using statement_type = brief_statement<statement_for<dialect::postgres, Row, Args...>>;
  using arguments_type = typename dovetail::detail::argument_tuple<argument_storage::owned, Args...>::type;
  using key_type = no_repeat_key;
  static constexpr const dovetail::detail::parameter_hints* hints = nullptr;

  statement_type sql;
  arguments_type arguments;

  pipelined_request(const statement_for<dialect::postgres, Row, Args...>& of, const Args&... args)
      : sql(of), arguments(dovetail::detail::argument_tuple<argument_storage::owned, Args...>::make(args...)) {}

  bool is_read_only() const noexcept { return sql.is_read_only(); }
  bool may_end_transaction() const noexcept {
    return sql.view().traits.kind == statement_kind::transaction &&
           dovetail::detail::ends_transaction(dialect::postgres, sql.view().text);
  }
};

template <class Row, class... Args>
pipelined_request<Row, Args...> ask(const statement_for<dialect::postgres, Row, Args...>& sql, const Args&... args) {
  dovetail::detail::note_use(sql);
  return {sql, args...};
}

template <class Op>
inline constexpr bool is_pipelined = false;
template <class Request>
inline constexpr bool is_pipelined<sql_execute<Request>> = true;
template <class Row, class Request>
inline constexpr bool is_pipelined<sql_query<Row, Request>> = true;
template <class Row, class Request>
inline constexpr bool is_pipelined<sql_query_one<Row, Request>> = true;
template <class Row, class Request>
inline constexpr bool is_pipelined<sql_query_optional<Row, Request>> = true;

}  // namespace detail

/// What the functions below give: `execute`, `query`, `query_one`, `query_optional`, `query_value`.
template <class T>
concept pipelined_statement = detail::is_pipelined<T>;

/// Statements of one type: a vector, or any other range that can be walked more than once.
template <class Range>
concept pipelined_range = requires(const Range& range) {
  range.begin();
  range.end();
  requires pipelined_statement<std::remove_cvref_t<decltype(*range.begin())>>;
};

/// A statement that returns no rows (or drops them). (summary)
/// These take a literal, checked by the compiler, or `dt::runtime(text)`, checked before anything is sent, as the verbs
/// of a client do. Lifetime: the arguments are copied; a text that is no literal must stay until it is sent.
template <class... Args>
sql_execute<detail::pipelined_request<void, Args...>> execute(
    const statement_for<dialect::postgres, void, Args...>& sql, const Args&... args) {
  return {detail::ask<void>(sql, args...)};
}
/// All rows. (rows<Row>)
template <class Row, class... Args>
sql_query<Row, detail::pipelined_request<Row, Args...>> query(const statement_for<dialect::postgres, Row, Args...>& sql,
                                                              const Args&... args) {
  return {detail::ask<Row>(sql, args...)};
}
/// The only row. Errors: errc::no_row, errc::too_many_rows. (Row)
template <class Row, class... Args>
sql_query_one<Row, detail::pipelined_request<Row, Args...>> query_one(
    const statement_for<dialect::postgres, Row, Args...>& sql, const Args&... args) {
  return {detail::ask<Row>(sql, args...)};
}
/// The only row, or nothing. Errors: errc::too_many_rows. (std::optional<Row>)
template <class Row, class... Args>
sql_query_optional<Row, detail::pipelined_request<Row, Args...>> query_optional(
    const statement_for<dialect::postgres, Row, Args...>& sql, const Args&... args) {
  return {detail::ask<Row>(sql, args...)};
}
/// The only value of the only row. Errors: errc::no_row, errc::too_many_rows. (T)
template <class T, class... Args>
  requires(row_plan<T>::size == 1)
sql_query_one<T, detail::pipelined_request<T, Args...>> query_value(
    const statement_for<dialect::postgres, T, Args...>& sql, const Args&... args) {
  return {detail::ask<T>(sql, args...)};
}

namespace detail {

/// What a pipeline of `Ops` gives: `IsEach`, a result of its own for each statement.
template <class Ops, bool IsEach>
struct pipeline_values;
template <class... Ops>
struct pipeline_values<std::tuple<Ops...>, false> {
  using type = std::tuple<typename std::remove_cvref_t<Ops>::value_type...>;
};
template <class... Ops>
struct pipeline_values<std::tuple<Ops...>, true> {
  using type = std::tuple<result<typename std::remove_cvref_t<Ops>::value_type>...>;
};
template <class Op>
struct pipeline_values<std::vector<Op>, false> {
  using type = std::vector<typename Op::value_type>;
};
template <class Op>
struct pipeline_values<std::vector<Op>, true> {
  using type = std::vector<result<typename Op::value_type>>;
};

}  // namespace detail

/// Performs several statements in few writes. `Ops`: a tuple or a vector of statements, or references to them.
template <class Ops, bool IsEach>
struct pipelined {
  using value_type = typename detail::pipeline_values<std::remove_cvref_t<Ops>, IsEach>::type;
  static constexpr std::string_view name = "pipeline";
  Ops ops;

  /// Only reads may be repeated.
  bool is_idempotent() const noexcept {
    if constexpr (requires { ops.size(); }) {
      for (const auto& each : ops) {
        if (!each.is_idempotent()) return false;
      }
      return true;
    } else {
      return std::apply([](const auto&... each) { return (each.is_idempotent() && ...); }, ops);
    }
  }
  bool may_end_transaction() const noexcept {
    if constexpr (requires { ops.size(); }) {
      for (const auto& each : ops) {
        if (v0::may_end_transaction(each)) return true;
      }
      return false;
    } else {
      return std::apply([](const auto&... each) { return (v0::may_end_transaction(each) || ...); }, ops);
    }
  }
};

}  // namespace postgres
}  // namespace dovetail::inline v0
