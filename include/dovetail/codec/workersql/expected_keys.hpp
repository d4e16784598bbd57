// The keys of a row as its struct makes one expect them, known to the compiler.
#pragma once

#include <dovetail/row/column.hpp>
#include <dovetail/row/description.hpp>
#include <dovetail/row/plan.hpp>

#include <array>
#include <cstddef>
#include <string_view>

namespace dovetail::inline v0::workersql::detail {

/// One column, as the first row names it. Lifetime: borrows from the answer's text, from `row_target`, or from nobody.
struct row_key {
  std::string_view name{};
  std::string_view written{};  ///< quotes and colon included, as it stands in the text of the first row
};

/// True when an answer names each column as the struct names its field, if the gateway adds no white space: the struct
/// has no other structs in it and no other style, and no name has a character that JSON may write in several ways.
template <class Row>
inline constexpr bool has_expected_keys = [] {
  const row_description& row = row_plan<Row>::description;
  if (row.shape != row_shape::by_name || name_style_of<row_value_t<Row>> != name_style::exact) return false;
  for (const leaf& each : row.leaves) {
    if (each.name.empty()) return false;
    for (const char c : each.name) {
      if (c < ' ' || c > '~' || c == '"' || c == '\\') return false;
    }
  }
  return row.groups.empty() && !row.leaves.empty();
}();

template <class Row>
inline constexpr auto expected_key_texts = [] {
  constexpr std::size_t size = [] {
    std::size_t sum = 0;
    for (const leaf& each : row_plan<Row>::leaves) sum += each.name.size() + 3;
    return sum;
  }();
  std::array<char, size> texts{};
  std::size_t at = 0;
  for (const leaf& each : row_plan<Row>::leaves) {
    texts[at++] = '"';
    for (const char c : each.name) texts[at++] = c;
    texts[at++] = '"';
    texts[at++] = ':';
  }
  return texts;
}();

/// The keys of the fields, in their order. Only where `has_expected_keys<Row>`.
template <class Row>
inline constexpr auto expected_keys = [] {
  std::array<row_key, row_plan<Row>::size> keys{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string_view name = row_plan<Row>::leaves[i].name;
    keys[i] = {name, {expected_key_texts<Row>.data() + at, name.size() + 3}};
    at += name.size() + 3;
  }
  return keys;
}();

}  // namespace dovetail::inline v0::workersql::detail
