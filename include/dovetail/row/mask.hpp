// Hides the values of some columns of a row from who reads it.
#pragma once

#include <dovetail/row/field.hpp>
#include <dovetail/row/plan.hpp>
#include <dovetail/row/read.hpp>
#include <dovetail/row/value.hpp>
#include <dovetail/row/visit.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0::detail {

/// Names as they are compared: without underscores, in lower case.
[[gnu::cold, gnu::noinline]] inline std::string comparable_column(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c != '_') plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return plain;
}

[[gnu::cold, gnu::noinline]] inline bool has_column(const std::vector<std::string>& columns, std::string_view name) {
  const std::string plain = comparable_column(name);
  for (const std::string& each : columns) {
    if (comparable_column(each) == plain) return true;
  }
  return false;
}

/// A field is meant by its own name, and by that name behind those of the structs around it.
[[gnu::cold, gnu::noinline]] inline bool has_column(const std::vector<std::string>& columns, const row_description& row,
                                                    std::size_t at) {
  std::string path{row.leaves[at].name};
  if (has_column(columns, path)) return true;
  for (std::uint16_t group = row.leaves[at].group; group != leaf::no_group; group = row.groups[group].parent) {
    path.insert(0, row.groups[group].name);
    if (has_column(columns, path)) return true;
  }
  return false;
}

/// Text becomes "***", what may be null becomes null, everything else its type's zero.
template <class T>
void mask_value(T& value) {
  if constexpr (is_optional<T>) {
    value.reset();
  } else if constexpr (std::is_array_v<T>) {
    if (assign_text("***", value) != errc{}) value[0] = '\0';
  } else if constexpr (field_kind_of<T> == field_kind::text) {
    static_cast<void>(assign_text("***", value));
  } else {
    value = T{};
  }
}

/// True for row types whose fields, or content, have the names of the columns.
template <class Row>
inline constexpr bool is_maskable = is_dynamic_row<row_value_t<Row>> ||
                                    (row_plan<Row>::description.shape == row_shape::by_name && reflectable<Row>);

/// Masks the values of the columns.
template <class Row>
[[gnu::cold]] void mask_row(Row& row, const std::vector<std::string>& columns) {
  if constexpr (is_dynamic_row<Row>) {
    for (std::size_t i = 0; i < row.columns().size(); ++i) {
      if (!has_column(columns, row.columns()[i].name) || row.is_null(i)) continue;
      auto hidden = row[i];
      if (hidden.kind() == field_kind::text) {
        hidden.set_text(field_kind::text, "***");
      } else {
        hidden.set_null(hidden.kind());
      }
      row.replace(i, std::move(hidden));
    }
  } else {
    visit_leaves(row, [&]<std::size_t Leaf, class T>(std::integral_constant<std::size_t, Leaf>, const T& value) {
      if constexpr (!std::is_same_v<T, std::nullopt_t>) {
        if (has_column(columns, row_plan<Row>::description, Leaf)) mask_value(const_cast<T&>(value));  // of a `Row&`
      }
      return true;
    });
  }
}

}  // namespace dovetail::inline v0::detail
