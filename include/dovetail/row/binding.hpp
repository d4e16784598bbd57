// Which column fills which field: the outcome of comparing a row type with a result, kept with the prepared statement.
#pragma once

#include <dovetail/base/plain_list.hpp>
#include <dovetail/row/description.hpp>
#include <dovetail/row/field_kind.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {

/// Whether a column may hold null, as far as the server says.
enum class nullability : std::uint8_t { unknown, never, possible };

/// One column of a result, as a backend describes it. Lifetime: borrows from whatever the backend says.
struct column_info {
  std::string_view name{};
  std::string_view database_type{};           ///< in the server's words; empty when it has none
  field_kinds accepts = field_kinds::all();   ///< what fields its values can go to
  nullability nulls = nullability::unknown;   ///< only `possible` can be a mismatch
  std::string_view advice{};                  ///< what to do when the field's kind is not accepted: "use dt::decimal"
  field_kinds elements = field_kinds::all();  ///< of an array: what its elements can go to
  std::uint32_t type = 0;                     ///< the server's number of the type; 0: not said
  std::uint32_t element_type = 0;             ///< of an array: of its elements' type; 0: not said

  /// Whether the column's values can go to the field, as far as the types tell.
  constexpr bool fits(const leaf& field) const noexcept {
    const bool is_list = field.kind == field_kind::list;
    if (!accepts.contains(field.kind) || (is_list && !elements.contains(field.element))) return false;
    const std::uint32_t number = is_list ? element_type : type;
    return field.native == nullptr || number == 0 || field.native->takes(number);
  }
};

/// The columns of a row type's leaves, in their order.
class binding {
 public:
  binding() = default;
  explicit binding(detail::plain_list<std::uint16_t> columns) noexcept : columns_(std::move(columns)) {
    for (std::size_t i = 0; i < columns_.size(); ++i) is_in_order_ = is_in_order_ && columns_[i] == i;
  }

  /// True when leaf 0 takes column 0, and so on: then rows are read without a look at the numbers.
  bool is_in_order() const noexcept { return is_in_order_; }
  int column(std::size_t leaf) const noexcept { return columns_[leaf]; }
  std::span<const std::uint16_t> columns() const noexcept { return {columns_.data(), columns_.size()}; }

 private:
  detail::plain_list<std::uint16_t> columns_;
  bool is_in_order_ = true;
};

/// The ways in which a result may not fit a row type.
enum class mismatch_kind : std::uint8_t {
  missing_column,      ///< no column has the field's name
  duplicate_column,    ///< several columns have it
  incompatible_type,   ///< the column's values cannot go to the field's type
  null_not_allowed,    ///< the column may be null, the field may not
  surplus_column,      ///< no field takes the column, and that was forbidden
  wrong_column_count,  ///< by position: more or fewer columns than fields
  swapped_columns,     ///< by position: the names say that the order is another one
};

/// One way in which a result does not fit a row type: which leaf of its description, which column (-1: none).
struct mismatch {
  mismatch_kind kind{};
  int leaf = -1;
  int column = -1;

  friend constexpr bool operator==(const mismatch&, const mismatch&) noexcept = default;
};

}  // namespace dovetail::inline v0
