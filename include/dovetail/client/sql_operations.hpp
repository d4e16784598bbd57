// What the verbs of a SQL client become: a checked statement with its arguments, and what is wanted of it.
#pragma once

#include <dovetail/client/parameter_hints.hpp>
#include <dovetail/row/borrows.hpp>
#include <dovetail/row/rows.hpp>
#include <dovetail/sql/statement.hpp>
#include <dovetail/sql/transaction_end.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace dovetail::inline v0 {

/// What a statement did that returned no rows.
struct summary {
  std::int64_t rows_affected = 0;                ///< inserted, updated or deleted; 0 for other statements
  std::optional<std::int64_t> last_insert_id{};  ///< of the row that an insert made, where the database counts them

  friend bool operator==(const summary&, const summary&) = default;
};

/// A checked statement and its arguments; all of them are references or values.
template <class Statement, class Arguments>
struct sql_request {
  using statement_type = std::remove_cvref_t<Statement>;
  using arguments_type = Arguments;
  Statement sql;
  Arguments arguments;
  const detail::parameter_hints* hints = nullptr;  // types that the caller has named; lives as long as the call

  bool is_read_only() const noexcept { return sql.view().traits.read_only == tri_state::yes; }
  bool may_end_transaction() const noexcept {
    return sql.view().traits.kind == statement_kind::transaction &&
           detail::ends_transaction(dialect::postgres,
                                    sql.view().text);  // one statement: no dialect makes a difference
  }
};

/// How a write tells its server that a repeated attempt is the same write. Connections set it whose servers have such a
/// thing; it stays the same for all attempts.
struct repeat_key {
  std::array<std::byte, 16> bits{};
  bool is_set = false;
  bool is_honoured = false;  ///< the server executes the write once, however often it comes with this key
};

/// For statements of which no server knows whether they are repeated: those of a pipeline.
struct no_repeat_key {
  static constexpr bool is_honoured = false;
};
template <class Request>
struct repeat_key_of {
  using type = repeat_key;
};
template <class Request>
  requires requires { typename Request::key_type; }
struct repeat_key_of<Request> {
  using type = typename Request::key_type;
};

/// Runs a statement; rows are dropped.
template <class Request>
struct sql_execute {
  using value_type = summary;
  static constexpr std::string_view name = "execute";
  Request request;
  [[no_unique_address]] typename repeat_key_of<Request>::type key{};
  bool is_idempotent() const noexcept { return request.is_read_only() || key.is_honoured; }
  bool may_end_transaction() const noexcept { return request.may_end_transaction(); }
};

/// Reads all rows.
template <class Row, class Request>
struct sql_query {
  using value_type = rows<kept_row_t<Row>>;
  static constexpr std::string_view name = "query";
  Request request;
  [[no_unique_address]] typename repeat_key_of<Request>::type key{};  // of `insert … returning` and its like
  bool is_idempotent() const noexcept { return request.is_read_only() || key.is_honoured; }
};

/// Reads exactly one row. Errors: errc::no_row, errc::too_many_rows.
template <class Row, class Request>
struct sql_query_one {
  using value_type = kept_row_t<Row>;
  static constexpr std::string_view name = "query_one";
  Request request;
  [[no_unique_address]] typename repeat_key_of<Request>::type key{};  // of `insert … returning` and its like
  bool is_idempotent() const noexcept { return request.is_read_only() || key.is_honoured; }
};

/// Reads one row or none. Errors: errc::too_many_rows.
template <class Row, class Request>
struct sql_query_optional {
  using value_type = std::optional<kept_row_t<Row>>;
  static constexpr std::string_view name = "query_optional";
  Request request;
  [[no_unique_address]] typename repeat_key_of<Request>::type key{};  // of `insert … returning` and its like
  bool is_idempotent() const noexcept { return request.is_read_only() || key.is_honoured; }
};

/// How much of a result is read.
struct row_limits {
  std::size_t rows = 0;   ///< at most; 0: any number
  std::size_t bytes = 0;  ///< about: reading ends with the row that reaches it; 0: any number

  row_limits() = default;
  explicit row_limits(std::size_t most_rows, std::size_t most_bytes = 0) : rows(most_rows), bytes(most_bytes) {}
  bool are_reached(std::size_t have_rows, std::size_t have_bytes) const noexcept {
    return (rows != 0 && have_rows >= rows) || (bytes != 0 && have_bytes >= bytes);
  }
};

/// The first rows of a result.
template <class Row>
struct limited_rows {
  v0::rows<Row> rows;
  bool has_more = false;  ///< the result has rows that were not read
};

/// Reads the first rows, and ends the statement there.
template <class Row, class Request>
struct sql_query_some {
  using value_type = limited_rows<kept_row_t<Row>>;
  static constexpr std::string_view name = "query_some";
  Request request;
  row_limits limits;
  repeat_key key{};
  bool is_idempotent() const noexcept { return request.is_read_only() || key.is_honoured; }
};

/// Inserts all rows of a range, or none. `Range` is a reference or a value.
template <class Range>
struct sql_insert {
  using value_type = summary;
  static constexpr std::string_view name = "insert";
  std::string table;
  std::string_view tail;  ///< `insert_tail<D, Row>`
  Range rows;
  repeat_key key{};
  bool is_idempotent() const noexcept { return key.is_honoured; }
};

/// Inserts one row and reads what the database made of it.
template <class Row, class Struct>
struct sql_insert_returning {
  using value_type = kept_row_t<Row>;
  static constexpr std::string_view name = "insert_returning";
  std::string table;
  std::string_view tail;       ///< `insert_tail<D, Struct>`
  std::string_view returning;  ///< `returning_tail<D, Row>`
  Struct row;
  repeat_key key{};
  bool is_idempotent() const noexcept { return key.is_honoured; }
};

/// What a stream has next: a row, its end, a failure, or more rows that have to be fetched.
enum class stream_step : unsigned char { row, done, failed, more };

/// Executes a query whose rows are read some at a time, and reads the first of them into `rows`, which stays where it
/// is. A repeated attempt starts from the beginning, maybe on another connection.
template <class Rows, class Request>
struct sql_stream_open {
  using value_type = void;
  static constexpr std::string_view name = "stream";
  Request request;
  Rows* rows;
  bool is_idempotent() const noexcept { return request.is_read_only(); }
};

/// Reads the next rows of a stream.
template <class Rows>
struct sql_stream_fetch {
  using value_type = void;
  static constexpr std::string_view name = "fetch";
  Rows* rows;
  bool is_idempotent() const noexcept { return false; }
};

/// Ends a stream before its last row: the connection can be used for anything else then.
template <class Rows>
struct sql_stream_close {
  using value_type = void;
  static constexpr std::string_view name = "close_stream";
  Rows* rows;
  bool is_idempotent() const noexcept { return true; }
};

/// Runs each statement of a text without parameters.
struct sql_script {
  using value_type = void;
  static constexpr std::string_view name = "script";
  static constexpr bool keeps_parts = true;
  std::string text;
  bool has_transaction_end = false;  ///< see `ends_transaction`
  bool is_idempotent() const noexcept { return false; }
  bool may_end_transaction() const noexcept { return has_transaction_end; }
};

}  // namespace dovetail::inline v0
