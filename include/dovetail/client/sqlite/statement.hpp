// A prepared statement that is finalized when it goes, and what is remembered with it.
#pragma once

#include <dovetail/client/sqlite/library.hpp>
#include <dovetail/row/bound_rows.hpp>

#include <utility>

namespace dovetail::inline v0 {
namespace sqlite::detail {

using dovetail::detail::bound_row;
using dovetail::detail::row_tag;

/// A prepared statement of one connection, with the row bindings that were made for it.
class statement {
 public:
  statement() noexcept = default;
  explicit statement(sqlite3_stmt* handle) noexcept : handle_(handle) {}
  statement(statement&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)),
        bindings_(std::move(other.bindings_)),
        prepared_again_(other.prepared_again_) {}
  statement& operator=(statement&& other) noexcept {
    if (this != &other) {
      sqlite3_finalize(handle_);
      handle_ = std::exchange(other.handle_, nullptr);
      bindings_ = std::move(other.bindings_);
      prepared_again_ = other.prepared_again_;
    }
    return *this;
  }
  ~statement() { sqlite3_finalize(handle_); }

  /// Puts a newly compiled statement of the same text in its place, with the arguments that are bound.
  void replace(statement fresh) noexcept {
    sqlite3_transfer_bindings(handle_, fresh.handle_);
    *this = std::move(fresh);
  }

  sqlite3_stmt* get() const noexcept { return handle_; }
  explicit operator bool() const noexcept { return handle_ != nullptr; }

  /// True once after SQLite compiled the text again because the schema changed: columns may be others now.
  bool schema_changed() noexcept {
    const int count = sqlite3_stmt_status(handle_, SQLITE_STMTSTATUS_REPREPARE, 0);
    return std::exchange(prepared_again_, count) != count;
  }

  /// What is remembered for the row type with this tag, or null. Lifetime: until `forget_bindings`.
  bound_row* find(const char* tag) noexcept { return bindings_.find(tag); }
  bound_row* remember(const char* tag, binding columns) { return bindings_.remember(tag, std::move(columns)); }
  void forget_bindings() noexcept { bindings_.clear(); }

 private:
  sqlite3_stmt* handle_ = nullptr;
  dovetail::detail::bound_rows<> bindings_;
  int prepared_again_ = 0;
};

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0
