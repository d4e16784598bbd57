// A result that is read some rows at a time: what is remembered between its batches.
#pragma once

#include <dovetail/codec/postgres/session.hpp>
#include <dovetail/codec/postgres/statement_cache.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::postgres {

/// A portal of the server. In a transaction it lives until its end, and other statements may run between its batches.
/// Outside of one it holds the session: nothing else can run until it is read to its end or closed.
class portal {
 public:
  /// There may be more rows.
  bool is_open() const noexcept { return is_open_; }
  bool holds_session() const noexcept { return holds_session_; }
  std::string_view name() const noexcept { return name_; }
  std::int32_t row_limit() const noexcept { return row_limit_; }
  /// For the next batches.
  void set_row_limit(std::int32_t rows) noexcept { row_limit_ = rows; }

  // For the dialogues.

  void open(session& on, bool is_in_transaction, std::int32_t row_limit);
  /// The statement stays what it is as long as this is there: rows that were read may not be decoded yet.
  void suspend(statement_use of) noexcept {
    statement_ = std::move(of);
    is_open_ = true;
  }
  void close() noexcept { is_open_ = false; }

 private:
  statement_use statement_;
  std::string name_;
  std::int32_t row_limit_ = 0;
  bool is_open_ = false;
  bool holds_session_ = false;
};

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE void portal::open(session& on, bool is_in_transaction, std::int32_t row_limit) {
  holds_session_ = !is_in_transaction;
  row_limit_ = row_limit;
  is_open_ = false;
  name_ = "dt_portal_" + std::to_string(on.next_portal());
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
