// Follows an insert as far as its numbers are checked: as many values in each row, and columns of a select, as it names
// columns of the table.
#pragma once

#include <dovetail/sql/leading_word.hpp>

#include <cstdint>

namespace dovetail::inline v0::detail {

/// Sees the words outside of parentheses, and the parentheses there.
class insert_counts {
 public:
  /// The statement is an insert.
  constexpr void begin() noexcept { part_ = part::table; }
  /// Nothing is checked from here on.
  constexpr void end() noexcept { part_ = part::done; }
  /// Every token may tell something.
  constexpr bool is_open() const noexcept { return part_ != part::none && part_ != part::done; }
  constexpr std::uint32_t expected() const noexcept { return columns_; }
  /// Whether so many values, or columns of a select, are as many as there have to be.
  constexpr bool allows(std::uint32_t given) const noexcept { return !has_columns_ || given == columns_; }

  /// `select` or its like is the first word in a parenthesis outside of all others.
  constexpr void take_query_inside() noexcept {
    if (part_ == part::columns) part_ = part::done;
  }
  /// The end of a parenthesis with so many things in it; false when they are not as many as `expected()`.
  constexpr bool take_list(std::uint32_t count) noexcept {
    if (part_ == part::columns) {
      columns_ = count;
      has_columns_ = count != 0;
      part_ = part::source;
    } else if (part_ == part::values) {
      if (!allows(count)) return false;
      columns_ = count;
      has_columns_ = true;
    }
    return true;
  }
  /// True when a select follows whose columns are counted.
  constexpr bool take_word(std::uint64_t key) noexcept {
    if (part_ == part::table && key == word_key("into")) {
      part_ = part::columns;
    } else if (part_ == part::columns || part_ == part::source) {
      if (key == word_key("values") || key == word_key("value")) {
        part_ = part::values;
      } else if (key == word_key("select")) {
        part_ = part::done;
        return has_columns_;
      } else if (key == word_key("default") || key == word_key("set")) {
        part_ = part::done;
      } else if (key == word_key("with")) {
        part_ = part::source;  // what is in parentheses from here on names no column of the table
      }
    } else if (part_ == part::values && (key == word_key("on") || key == word_key("as"))) {
      part_ = part::done;
    }
    return false;
  }

 private:
  enum class part : std::uint8_t { none, table, columns, source, values, done };

  std::uint32_t columns_ = 0;
  part part_ = part::none;
  bool has_columns_ = false;
};

}  // namespace dovetail::inline v0::detail
