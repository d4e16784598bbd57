// Hides the values of some columns of a row from who reads it.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/base/name.hpp>
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

/// True when the names differ in underscores and the case of ASCII letters at most.
constexpr bool is_same_column(std::string_view a, std::string_view b) noexcept {
  for (std::size_t i = 0, j = 0;; ++i, ++j) {
    while (i < a.size() && a[i] == '_') ++i;
    while (j < b.size() && b[j] == '_') ++j;
    if (i == a.size() || j == b.size()) return i == a.size() && j == b.size();
    if (ascii_lower(a[i]) != ascii_lower(b[j])) return false;
  }
}

[[gnu::cold, gnu::noinline]] inline bool has_column(const std::vector<std::string>& columns, std::string_view name) {
  for (const std::string& each : columns) {
    if (is_same_column(each, name)) return true;
  }
  return false;
}

/// A field is meant by its own name, and by that name behind those of the structs around it.
[[gnu::cold, gnu::noinline]] inline bool has_column(const std::vector<std::string>& columns, const row_description& row,
                                                    std::size_t at) {
  if (has_column(columns, row.leaves[at].name)) return true;
  if (row.leaves[at].group == leaf::no_group) return false;
  std::string path{row.leaves[at].name};
  for (std::uint16_t group = row.leaves[at].group; group != leaf::no_group; group = row.groups[group].parent) {
    path.insert(0, row.groups[group].name);
    if (has_column(columns, path)) return true;
  }
  return false;
}

template <class T>
void mask_value(T& value);

/// What stands for a hidden value of a type with a codec: what that makes of "***" where it stores text, or else `T{}`;
/// empty where neither is there.
template <has_field_codec T>
std::optional<T> hidden_value() {
  constexpr bool has_default = std::is_default_constructible_v<T>;
  if constexpr (field_kind_of<T> == field_kind::text || !has_default) {
    typename field_codec<T>::stored_type stored{};
    mask_value(stored);
    if (auto decoded = field_codec<T>::decode(std::move(stored))) return *std::move(decoded);
  }
  if constexpr (has_default) {
    return T{};
  } else {
    return std::nullopt;
  }
}

/// Text becomes "***", what may be null becomes null, everything else its type's zero.
/// Errors: throws errc::access_denied for a type with a codec that has no value to stand for a hidden one.
template <class T>
void mask_value(T& value) {
  if constexpr (has_field_codec<T>) {
    std::optional<T> hidden = hidden_value<T>();
    if (!hidden) throw_error(error_info{errc::access_denied, "a column cannot be hidden"});
    value = *std::move(hidden);
  } else if constexpr (is_optional<T>) {
    value.reset();
  } else if constexpr (std::is_array_v<T>) {
    if (assign_text("***", value) != errc{}) value[0] = '\0';
  } else if constexpr (field_kind_of<T> == field_kind::text) {
    static_cast<void>(assign_text("***", value));
  } else {
    value = T{};
  }
}

template <class Row, class... Members>
bool can_mask_each(const std::vector<std::string>& columns, std::size_t& leaf, type_list<Members...>);

template <class Row, class Member>
bool can_mask_member(const std::vector<std::string>& columns, std::size_t& leaf) {
  using type = typename node<Member>::inner;
  if constexpr (node<Member>::is_struct) {
    return can_mask_each<Row>(columns, leaf, field_types<typename node<Member>::value>{});
  } else {
    [[maybe_unused]] const std::size_t at = leaf++;
    if constexpr (has_field_codec<type> && !std::is_default_constructible_v<type>) {
      return !has_column(columns, row_plan<Row>::description, at) || hidden_value<type>().has_value();
    } else {
      return true;
    }
  }
}

template <class Row, class... Members>
bool can_mask_each(const std::vector<std::string>& columns, std::size_t& leaf, type_list<Members...>) {
  return (can_mask_member<Row, Members>(columns, leaf) && ...);
}

/// False when one of the columns has a type without a value to stand for a hidden one.
template <class Row>
[[gnu::cold]] bool can_mask_columns(const std::vector<std::string>& columns) {
  if constexpr (is_dynamic_row<row_value_t<Row>>) {
    return true;
  } else {
    std::size_t leaf = 0;
    return can_mask_each<Row>(columns, leaf, members_of_row<row_value_t<Row>>());
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
