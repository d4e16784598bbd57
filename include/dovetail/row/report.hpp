// The words for results and values that do not fit a row type, built in one place that is no template.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/row/binding.hpp>
#include <dovetail/row/description.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

inline void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

/// Drops a template argument that begins with `name`, such as an allocator, wherever it follows another argument.
inline void drop_argument(std::string& text, std::string_view name) {
  const std::string start = ", " + std::string{name} + '<';
  for (std::size_t at = text.find(start); at != std::string::npos; at = text.find(start, at)) {
    std::size_t end = at + start.size();
    for (int depth = 1; end < text.size() && depth > 0; ++end)
      depth += text[end] == '<' ? 1 : text[end] == '>' ? -1 : 0;
    while (end < text.size() && text[end] == ' ') ++end;
    text.erase(at, end - at);
  }
}

/// A type's name as programmers write it, from what a compiler prints.
inline std::string tidy_type_name(std::string_view name) {
  std::string text{name};
  replace_all(text, "std::__cxx11::", "std::");
  replace_all(text, "std::__1::", "std::");
  replace_all(text, "dovetail::v0::", "dt::");
  replace_all(text, "dovetail::", "dt::");
  replace_all(text, "{anonymous}::", "");
  replace_all(text, "(anonymous namespace)::", "");
  drop_argument(text, "std::allocator");
  drop_argument(text, "std::char_traits");
  replace_all(text, "std::basic_string<char>", "std::string");
  replace_all(text, "std::basic_string_view<char>", "std::string_view");
  replace_all(text, "long long unsigned int", "std::uint64_t");
  replace_all(text, "unsigned long long", "std::uint64_t");
  replace_all(text, "long unsigned int", "std::uint64_t");
  replace_all(text, "unsigned long", "std::uint64_t");
  replace_all(text, "long long int", "std::int64_t");
  replace_all(text, "long long", "std::int64_t");
  replace_all(text, "long int", "std::int64_t");
  replace_all(text, "<long>", "<std::int64_t>");
  replace_all(text, "> >", ">>");
  return text;
}

inline std::string with_optional(std::string_view type) {
  std::string text = tidy_type_name(type);
  return text.starts_with("std::optional<") ? text : "std::optional<" + text + '>';
}

/// The type that one would write for a field of this kind.
inline std::string_view type_for(field_kind kind) noexcept {
  switch (kind) {
    case field_kind::boolean:
      return "bool";
    case field_kind::integer:
      return "std::int64_t";
    case field_kind::unsigned_integer:
      return "std::uint64_t";
    case field_kind::real:
      return "double";
    case field_kind::text:
      return "std::string";
    case field_kind::bytes:
      return "std::vector<std::byte>";
    case field_kind::date:
      return "std::chrono::year_month_day";
    case field_kind::time_of_day:
      return "std::chrono::hh_mm_ss";
    case field_kind::timestamp:
      return "std::chrono::sys_time";
    case field_kind::local_timestamp:
      return "std::chrono::local_time";
    case field_kind::duration:
      return "std::chrono::microseconds";
    case field_kind::uuid:
      return "dt::uuid";
    case field_kind::decimal:
      return "dt::decimal";
    case field_kind::json:
      return "dt::json_value";
    case field_kind::enumeration:
      return "an enum";
    case field_kind::list:
      return "std::vector";
    case field_kind::unsupported:
      break;
  }
  return {};
}

/// "use std::int64_t, or double": the types that a column's values can go to, at most three of them.
inline std::string advice_for(field_kinds accepts) {
  std::string text;
  int named = 0;
  for (int i = 1; i <= static_cast<int>(field_kind::list) && named < 3; ++i) {
    const auto kind = static_cast<field_kind>(i);
    if (!accepts.contains(kind) || kind == field_kind::enumeration) continue;
    text += named++ == 0 ? "use " : ", or ";
    text += type_for(kind);
  }
  return text;
}

/// What stands in front of the colon: "field 'total' (double)", "column 'x'", or nothing in particular.
inline std::string subject_of(const mismatch& problem) {
  if (!problem.field.empty()) {
    std::string text = "field '" + problem.field + '\'';
    if (problem.kind != mismatch_kind::missing_column && !problem.cpp_type.empty())
      text += " (" + problem.cpp_type + ')';
    return text;
  }
  if (problem.kind == mismatch_kind::wrong_column_count) return "number of columns";
  return "column '" + problem.column + '\'';
}

}  // namespace detail

/// All problems of a result in one text: the row type, a line a problem, the columns that came.
inline std::string format_mismatches(const row_description& row, std::span<const column_info> columns,
                                     std::span<const mismatch> problems) {
  std::string text = "row type " + detail::tidy_type_name(row.type_name) + " does not match the query result (" +
                     std::to_string(problems.size()) + (problems.size() == 1 ? " problem)" : " problems)");
  std::size_t width = 0;
  for (const mismatch& problem : problems) width = std::max(width, detail::subject_of(problem).size());
  for (const mismatch& problem : problems) {
    std::string subject = detail::subject_of(problem);
    subject.resize(width, ' ');
    text += "\n  " + subject + " : " + problem.text;
  }
  constexpr std::size_t most = 64;
  text += "\n  columns returned: ";
  if (columns.empty()) text += "none";
  for (std::size_t i = 0; i < columns.size() && i < most; ++i) {
    if (i != 0) text += ", ";
    text += columns[i].name;
    if (!columns[i].database_type.empty()) text += ' ', text += columns[i].database_type;
  }
  if (columns.size() > most) text += ", and " + std::to_string(columns.size() - most) + " more";
  return text;
}

/// Where reading a row failed; `code` is `errc{}` when it did not.
struct read_status {
  errc code{};
  int leaf = -1;

  constexpr explicit operator bool() const noexcept { return code == errc{}; }
};

/// The failure of one value: row (counted from 1), field, C++ type, column and what is wrong. `detail` is what a source
/// or a codec has to add; it must not hold the value unless the user asked for values in errors.
inline error_info value_error(const row_description& row, const binding& bound, std::span<const column_info> columns,
                              read_status status, std::size_t row_number, std::string_view detail = {}) {
  std::string text =
      "row " + std::to_string(row_number) + " does not fit row type " + detail::tidy_type_name(row.type_name);
  if (status.leaf < 0 || static_cast<std::size_t>(status.leaf) >= row.leaves.size()) {
    if (!detail.empty()) text += ": ", text += detail;
    return {make_error_code(status.code), std::move(text)};
  }
  const auto index = static_cast<std::size_t>(status.leaf);
  const leaf& field = row.leaves[index];
  const std::string type = detail::tidy_type_name(field.type_name);
  text += row.shape == row_shape::single ? "\n  value (" : "\n  field '" + path_of(row, index) + "' (";
  text += type + ") : column ";
  const int number = index < bound.columns().size() ? bound.column(index) : status.leaf;
  const auto at = static_cast<std::size_t>(number);
  if (at < columns.size()) {
    text += '\'';
    text += columns[at].name;
    text += '\'';
    if (!columns[at].database_type.empty()) text += " (", text += columns[at].database_type, text += ')';
  } else {
    text += std::to_string(number + 1);
  }
  switch (status.code) {
    case errc::unexpected_null:
      text += " is null; use " + detail::with_optional(field.type_name);
      break;
    case errc::value_out_of_range:
      text += " holds a value that does not fit " + type;
      break;
    case errc::malformed_value:
      text += " holds a value that is no " + type;
      break;
    default:
      text += ": " + make_error_code(status.code).message();
      break;
  }
  if (!detail.empty()) text += "; ", text += detail;
  return {make_error_code(status.code), std::move(text)};
}

}  // namespace dovetail::inline v0
