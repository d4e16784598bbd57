// A prepared statement that is finalized when it goes, and what is remembered with it.
#pragma once

#include <dovetail/client/sqlite/library.hpp>
#include <dovetail/row/bind.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {
namespace sqlite::detail {

/// One address per row type: tells row types apart without RTTI.
template <class Row>
inline constexpr char row_tag = 0;

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

  sqlite3_stmt* get() const noexcept { return handle_; }
  explicit operator bool() const noexcept { return handle_ != nullptr; }

  /// True once after SQLite compiled the text again because the schema changed: columns may be others now.
  bool schema_changed() noexcept {
    const int count = sqlite3_stmt_status(handle_, SQLITE_STMTSTATUS_REPREPARE, 0);
    return std::exchange(prepared_again_, count) != count;
  }

  /// The binding of the row type with this tag, or null. Lifetime: until the next `remember` or `forget`.
  const binding* find(const char* tag) const noexcept {
    for (const entry& known : bindings_) {
      if (known.tag == tag) return &known.columns;
    }
    return nullptr;
  }
  const binding* remember(const char* tag, binding columns) {
    bindings_.push_back({tag, std::move(columns)});
    return &bindings_.back().columns;
  }
  void forget_bindings() noexcept { bindings_.clear(); }

 private:
  struct entry {
    const char* tag;
    binding columns;
  };

  sqlite3_stmt* handle_ = nullptr;
  std::vector<entry> bindings_;
  int prepared_again_ = 0;
};

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0
