// What a stream of rows keeps of its statement.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/client/sqlite/cursor.hpp>
#include <dovetail/client/sqlite/session.hpp>
#include <dovetail/client/sqlite/statement_cache.hpp>

#include <utility>

namespace dovetail::inline v0 {
namespace sqlite::detail {

/// A statement that is being read row by row. The connection must stay where it is.
template <class Row>
class stream_state {
 public:
  stream_state(session& on, statement_use used) noexcept : session_(&on), used_(std::move(used)), at_(on, *used_) {}

  error_info prepare() { return at_.prepare(); }

  /// The next row.
  step next(row_value_t<Row>& out, call_limits limits) {
    const session::limits_scope scope{*session_, limits};
    return at_.next(out);
  }
  error_info take_failure() { return std::move(at_.failure()); }
  std::size_t rows_read() const noexcept { return at_.rows_read(); }
  void close() noexcept { used_.end(); }

 private:
  session* session_;
  statement_use used_;
  cursor<Row> at_;
};

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0
