// The result of a query: a vector of rows.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// All rows of a result, in their order. `std::move(rows).vector()` gives the vector inside.
template <class T>
class rows {
 public:
  using value_type = T;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using reference = typename std::vector<T>::reference;
  using const_reference = typename std::vector<T>::const_reference;
  using iterator = typename std::vector<T>::iterator;
  using const_iterator = typename std::vector<T>::const_iterator;

  rows() = default;
  rows(std::initializer_list<T> list) : rows_(list) {}
  explicit rows(std::vector<T> list) noexcept : rows_(std::move(list)) {}

  iterator begin() noexcept { return rows_.begin(); }
  iterator end() noexcept { return rows_.end(); }
  const_iterator begin() const noexcept { return rows_.begin(); }
  const_iterator end() const noexcept { return rows_.end(); }

  bool empty() const noexcept { return rows_.empty(); }
  size_type size() const noexcept { return rows_.size(); }
  size_type capacity() const noexcept { return rows_.capacity(); }
  void reserve(size_type count) { rows_.reserve(count); }
  auto data() noexcept { return rows_.data(); }
  auto data() const noexcept { return rows_.data(); }

  /// Without a check, as in `std::vector`.
  reference operator[](size_type i) { return rows_[i]; }
  const_reference operator[](size_type i) const { return rows_[i]; }
  reference front() { return rows_.front(); }
  const_reference front() const { return rows_.front(); }
  reference back() { return rows_.back(); }
  const_reference back() const { return rows_.back(); }

  /// Errors: throws `std::out_of_range`.
  reference at(size_type i) { return rows_.at(i); }
  const_reference at(size_type i) const { return rows_.at(i); }

  /// Adds a row at the end and gives it.
  template <class... Values>
  reference emplace_back(Values&&... values) {
    return rows_.emplace_back(std::forward<Values>(values)...);
  }
  void push_back(T row) { rows_.push_back(std::move(row)); }
  void pop_back() { rows_.pop_back(); }
  void clear() noexcept { rows_.clear(); }

  std::vector<T>& vector() & noexcept { return rows_; }
  const std::vector<T>& vector() const& noexcept { return rows_; }
  std::vector<T>&& vector() && noexcept { return std::move(rows_); }

  friend bool operator==(const rows&, const rows&) = default;
  friend bool operator==(const rows& a, const std::vector<T>& b) { return a.rows_ == b; }

 private:
  std::vector<T> rows_;
};

namespace detail {

/// Has `read(row)` fill a new row at the end, which is taken away again when it is false. A vector's bits, which have
/// no address, are read beside it.
template <class Row, class Read>
[[gnu::always_inline]] inline bool append_row(rows<Row>& to, Read&& read) {
  if constexpr (std::is_same_v<Row, bool>) {
    bool value = false;
    if (!read(value)) return false;
    to.push_back(value);
    return true;
  } else {
    if (read(to.emplace_back())) [[likely]]
      return true;
    to.pop_back();
    return false;
  }
}

}  // namespace detail

}  // namespace dovetail::inline v0
