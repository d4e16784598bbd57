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

  /// Lets the server work ahead, where the portal holds the session: while the rows of a batch are read, the next one
  /// is asked for already, `batches_ahead` in all. Call it before the portal is opened, for a statement that does
  /// nothing but give rows: more of it is executed than is read, and what nobody waits for may be cancelled.
  void run_ahead() noexcept { may_run_ahead_ = true; }
  bool runs_ahead() const noexcept { return may_run_ahead_ && holds_session_; }
  static constexpr std::size_t batches_ahead = 2;

  // For the dialogues.

  void open(session& on, bool is_in_transaction, std::int32_t row_limit);
  /// The statement stays what it is as long as this is there: rows that were read may not be decoded yet, the last ones
  /// too. It is the connection's: this must go before somebody else may have that.
  void keep(statement_use of) noexcept { statement_ = std::move(of); }
  void suspend() noexcept { is_open_ = true; }
  void close() noexcept { is_open_ = false; }
  /// Batches that are asked for, and whose end has not come.
  std::size_t asked() const noexcept { return asked_; }
  void note_asked() noexcept { ++asked_; }
  /// False when none was asked for.
  bool note_answered() noexcept { return asked_ != 0 && asked_-- != 0; }
  /// The server executes none of them any more, or what is left of the dialogue.
  void forget_asked() noexcept { asked_ = 0; }

 private:
  statement_use statement_;
  std::string name_;
  std::size_t asked_ = 0;
  std::int32_t row_limit_ = 0;
  bool is_open_ = false;
  bool holds_session_ = false;
  bool may_run_ahead_ = false;
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
  asked_ = 0;
  name_ = "dt_portal_" + std::to_string(on.next_portal());
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
