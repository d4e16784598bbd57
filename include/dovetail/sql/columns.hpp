// Compares the columns that a statement's text delivers with those that a row type wants.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/row/description.hpp>
#include <dovetail/sql/analysis.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

/// Whether a column of the text fills a leaf: `unknown` when it does only under another spelling of its name.
constexpr tri_state fills(const row_description& row, std::size_t index, std::string_view column) noexcept {
  if (leaf_takes(row, index, column)) return tri_state::yes;
  if (leaf_takes(row, index, column, name_style::snake_case)) return tri_state::unknown;
  return tri_state::no;
}

constexpr bool cut_in_any_case(std::string_view& text, std::string_view name) noexcept {
  if (text.size() < name.size()) return false;
  const std::size_t rest = text.size() - name.size();
  if (!equals_ignoring_case(text.substr(rest), name)) return false;
  text = text.substr(0, rest);
  return true;
}

/// As `leaf_takes`, whatever the case of the names is.
constexpr bool takes_in_any_case(const row_description& row, std::size_t index, std::string_view column) noexcept {
  if (!cut_in_any_case(column, row.leaves[index].name)) return false;
  for (std::uint16_t group = row.leaves[index].group; group != leaf::no_group; group = row.groups[group].parent) {
    if (row.groups[group].name.empty()) continue;
    if (!column.ends_with('.') && !column.ends_with('_')) return false;
    column.remove_suffix(1);
    if (!cut_in_any_case(column, row.groups[group].name)) return false;
  }
  return column.empty();
}

/// As `fills`, with the dialect's rule for the case of names without quotes.
constexpr tri_state fills(dialect d, const row_description& row, std::size_t index, std::string_view column,
                          bool is_quoted) noexcept {
  constexpr std::size_t longest = 128;
  if (d == dialect::postgres) {
    if (is_quoted || column.size() > longest) return fills(row, index, column);
    char folded[longest]{};
    for (std::size_t i = 0; i < column.size(); ++i) folded[i] = ascii_lower(column[i]);
    return fills(row, index, std::string_view{folded, column.size()});
  }
  if (const tri_state found = fills(row, index, column); found != tri_state::no) return found;
  // The server answers with the table's own spelling.
  return takes_in_any_case(row, index, column) ? tri_state::unknown : tri_state::no;
}

/// What the columns of a text have for one leaf.
struct column_match {
  std::uint32_t count = 0;  ///< of columns that fill it; not counted beyond two
  std::uint32_t last = 0;   ///< of those that were counted
  bool is_silent = false;   ///< one may fill it under another spelling of its name

  constexpr bool is_missing() const noexcept { return count == 0 && !is_silent; }
};

constexpr column_match match_of(dialect d, std::string_view text, const select_list& columns,
                                const row_description& row, std::size_t leaf) noexcept {
  column_match found;
  for (std::uint32_t i = 0; i < columns.count() && found.count < 2; ++i) {
    const tri_state answer = fills(d, row, leaf, text.substr(columns[i].at, columns[i].size), columns[i].is_quoted);
    if (answer == tri_state::unknown) found.is_silent = true;
    if (answer != tri_state::yes) continue;
    ++found.count;
    found.last = i;
  }
  return found;
}

/// The first thing that the row type cannot get from the statement. Silent where the text does not tell.
constexpr sql_problem compare_columns(dialect d, std::string_view text, const analyser& found,
                                      const row_description& row) noexcept {
  if (found.traits().returns_rows == tri_state::no) return {.what = sql_mistake::no_rows_returned};
  if (!found.has_columns()) return {};
  const select_list& columns = found.columns();
  const std::uint32_t at = found.list_begin();
  if (row.shape != row_shape::by_name) {
    if (!columns.is_counted() || columns.count() == row.leaves.size()) return {};
    return {.what = sql_mistake::wrong_column_count,
            .at = at,
            .expected = static_cast<std::uint32_t>(row.leaves.size()),
            .given = columns.count()};
  }
  if (!columns.is_known()) return {};
  for (std::size_t i = 0; i < row.leaves.size(); ++i) {
    const auto field = static_cast<std::uint32_t>(i);
    const column_match match = match_of(d, text, columns, row, i);
    if (match.count == 2) {
      const output_column& second = columns[match.last];
      return {.what = sql_mistake::column_selected_twice, .at = second.at, .size = second.size, .expected = field};
    }
    if (match.is_missing()) return {.what = sql_mistake::field_not_selected, .at = at, .expected = field};
  }
  return {};
}

}  // namespace detail
}  // namespace dovetail::inline v0
