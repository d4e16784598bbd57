// Whether a result can be written as JSON, which is found out before the change that gave it is kept.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/base/utf8.hpp>
#include <dovetail/row/row.hpp>
#include <dovetail/row/rows.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql::serving {

[[gnu::cold, gnu::noinline]] inline error_info not_utf8(std::size_t row, std::string_view column) {
  std::string words{"row "};
  words.append(std::to_string(row)).append(", column '").append(column).append("': not UTF-8");
  return {errc::malformed_value, std::move(words)};
}

/// Errors: errc::malformed_value for a name or a text that is not UTF-8, with row (counted from 1) and column.
/// Cost: one look at every text.
inline result<void> check_texts(const rows<row>& all) {
  if (all.empty()) return {};
  for (const row_column& each : all.front().columns()) {
    if (!is_valid_utf8(each.name)) return error_info{errc::malformed_value, "the name of a column is not UTF-8"};
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < all[i].size(); ++j) {
      const row_value& value = all[i][j];
      if (value.is_null() || value.kind() == field_kind::bytes || is_valid_utf8(value.text())) continue;
      return not_utf8(i + 1, all[i].name(j));
    }
  }
  return {};
}

}  // namespace dovetail::inline v0::workersql::serving
