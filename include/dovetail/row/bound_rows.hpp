// What is remembered with a prepared statement for each row type that it was read into.
#pragma once

#include <dovetail/row/binding.hpp>

#include <cstddef>
#include <utility>

namespace dovetail::inline v0::detail {

/// One address per row type: tells row types apart without RTTI.
template <class Row>
inline constexpr char row_tag = 0;

/// How the columns of a statement fill a row type, and how many rows it gave lately.
struct bound_row {
  const char* tag = nullptr;
  binding columns{};
  std::size_t lately[2]{};

  /// As many rows as the last two runs both gave: worth making room for.
  std::size_t likely_rows() const noexcept { return lately[0] < lately[1] ? lately[0] : lately[1]; }
  void gave(std::size_t count) noexcept {
    lately[0] = lately[1];
    lately[1] = count;
  }
};

/// The bindings of one prepared statement; a backend may remember more with each (`Entry`).
template <class Entry = bound_row>
class bound_rows {
 public:
  bound_rows() noexcept = default;
  bound_rows(bound_rows&& other) noexcept : first_(std::exchange(other.first_, nullptr)) {}
  bound_rows& operator=(bound_rows&& other) noexcept {
    std::swap(first_, other.first_);
    other.clear();
    return *this;
  }
  ~bound_rows() { clear(); }

  /// What is remembered for the row type with this tag, or null. Lifetime: until `clear`.
  Entry* find(const char* tag) noexcept {
    for (node* known = first_; known != nullptr; known = known->next) {
      if (known->entry.tag == tag) return &known->entry;
    }
    return nullptr;
  }
  [[gnu::cold, gnu::noinline]] Entry* remember(const char* tag, binding columns) {
    first_ = new node{{}, first_};
    first_->entry.tag = tag;
    first_->entry.columns = std::move(columns);
    return &first_->entry;
  }
  void clear() noexcept {
    if (first_ != nullptr) forget();
  }

 private:
  // A list by hand: a vector of std::unique_ptr is some hundreds of functions.
  struct node {
    Entry entry;
    node* next;
  };

  [[gnu::cold, gnu::noinline]] void forget() noexcept {
    while (first_ != nullptr) delete std::exchange(first_, first_->next);
  }

  node* first_ = nullptr;
};

}  // namespace dovetail::inline v0::detail
