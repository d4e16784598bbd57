// A prepared statement that is finalized when it goes, and what is remembered with it.
#pragma once

#include <dovetail/client/sqlite/library.hpp>
#include <dovetail/row/binding.hpp>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {
namespace sqlite::detail {

/// One address per row type: tells row types apart without RTTI.
template <class Row>
inline constexpr char row_tag = 0;

/// How the columns of a statement fill a row type, and how many rows it gave lately.
struct bound_row {
  const char* tag;
  binding columns;
  std::size_t lately[2]{};

  /// As many rows as the last two runs both gave: worth making room for.
  std::size_t likely_rows() const noexcept { return lately[0] < lately[1] ? lately[0] : lately[1]; }
  void gave(std::size_t count) noexcept {
    lately[0] = lately[1];
    lately[1] = count;
  }
};

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

  /// What is remembered for the row type with this tag, or null. Lifetime: until the next `remember` or
  /// `forget_bindings`.
  bound_row* find(const char* tag) noexcept {
    for (const auto& known : bindings_) {
      if (known->tag == tag) return known.get();
    }
    return nullptr;
  }
  bound_row* remember(const char* tag, binding columns) {
    bindings_.push_back(std::make_unique<bound_row>(bound_row{tag, std::move(columns), {}}));
    return bindings_.back().get();
  }
  void forget_bindings() noexcept { bindings_.clear(); }

 private:
  sqlite3_stmt* handle_ = nullptr;
  std::vector<std::unique_ptr<bound_row>> bindings_;
  int prepared_again_ = 0;
};

}  // namespace sqlite::detail
}  // namespace dovetail::inline v0
