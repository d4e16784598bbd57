// The rows of an asynchronous stream that have been read and not been taken yet.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/client/sqlite/cursor.hpp>
#include <dovetail/client/sqlite/session.hpp>
#include <dovetail/client/sqlite/statement_cache.hpp>
#include <dovetail/row/borrows.hpp>
#include <dovetail/row/plan.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {
namespace sqlite::detail {

/// The bytes of the texts and blobs of a statement's row.
std::size_t bytes_of_row(sqlite3_stmt* statement) noexcept;

/// A statement that is read some rows at a time: on the connection's thread, while those who take rows wait.
/// A batch has 256 rows, or 128 KiB of text and blobs, or what came in two milliseconds; one row, when it borrows from
/// the statement.
template <class Row>
class stream_rows {
 public:
  using value_type = row_value_t<Row>;

  stream_rows() = default;
  stream_rows(const stream_rows&) = delete;
  stream_rows& operator=(const stream_rows&) = delete;

  stream_step take(value_type*& out) noexcept {
    if (next_ != count_) {
      out = &batch_[next_++];
      return stream_step::row;
    }
    if (failure_) return stream_step::failed;
    return used_ ? stream_step::more : stream_step::done;
  }
  error_info take_failure() { return std::move(failure_); }
  bool needs_close() const noexcept { return static_cast<bool>(used_); }
  void abandon() noexcept {
    next_ = count_ = 0;
    at_.reset();
    used_.end();
  }

  /// Takes a statement whose arguments are bound, and compares its columns with the row type.
  error_info begin(session& on, statement_use used) {
    abandon();
    failure_ = {};
    used_ = std::move(used);
    at_.emplace(on, *used_);
    return at_->prepare();
  }

  /// Reads the next batch; SQLite's failure, unless rows came before it. At the end the statement is given back.
  error_info fetch() {
    next_ = count_ = 0;
    const clock::time_point end = clock::now() + std::chrono::milliseconds{2};
    std::size_t bytes = 0;
    for (;;) {
      if (count_ == batch_.size()) batch_.emplace_back();
      switch (at_->next(batch_[count_])) {
        case step::row:
          ++count_;
          break;
        case step::done:
          finish();
          return {};
        case step::failed: {
          error_info why = std::move(at_->failure());
          finish();
          if (count_ == 0) return why;
          failure_ = std::move(why);
          return {};
        }
      }
      if (borrows_from_source<Row> || count_ == most_rows || (bytes += bytes_of_row(used_.get())) >= most_bytes)
        return {};
      if (count_ % 16 == 0 && clock::now() >= end) return {};
    }
  }

 private:
  static constexpr std::size_t most_rows = 256;
  static constexpr std::size_t most_bytes = 128 * 1024;

  void finish() noexcept {
    at_.reset();
    used_.end();
  }

  statement_use used_;
  std::optional<cursor<Row>> at_;
  std::vector<value_type> batch_;
  std::size_t count_ = 0;
  std::size_t next_ = 0;
  error_info failure_;
};

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/sqlite_async_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SQLITE_ASYNC_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace sqlite::detail {

[[gnu::noinline]] DOVETAIL_DEFINE std::size_t bytes_of_row(sqlite3_stmt* statement) noexcept {
  std::size_t bytes = 0;
  const int count = sqlite3_data_count(statement);
  for (int column = 0; column < count; ++column) {
    const int type = sqlite3_column_type(statement, column);
    // Asked of a number, sqlite3_column_bytes() would make a text of it.
    if (type == SQLITE_TEXT || type == SQLITE_BLOB) {
      bytes += static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
    }
  }
  return bytes;
}

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
