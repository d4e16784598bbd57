// The words for results and values that do not fit a row type, built in one place that is no template.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/plain_list.hpp>
#include <dovetail/base/similarity.hpp>
#include <dovetail/row/binding.hpp>
#include <dovetail/row/description.hpp>
#include <dovetail/row/text_parts.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

/// `leaf_takes`, compiled once.
[[gnu::noinline]] inline bool is_taken_by(const row_description& row, std::size_t leaf, std::string_view column,
                                          name_style style) noexcept {
  return leaf_takes(row, leaf, column, style);
}

[[gnu::cold, gnu::noinline]] inline std::string with_optional(std::string_view type) {
  std::string text = tidy_type_name(type);
  if (text.starts_with("std::optional<")) return text;
  std::string optional;
  append_parts(optional, {"std::optional<", text, ">"});
  return optional;
}

/// The type that one would write for a field of this kind.
inline std::string_view type_for(field_kind kind) noexcept {
  static constexpr std::string_view names[] = {"",
                                               "bool",
                                               "std::int64_t",
                                               "std::uint64_t",
                                               "double",
                                               "std::string",
                                               "std::vector<std::byte>",
                                               "std::chrono::year_month_day",
                                               "std::chrono::hh_mm_ss",
                                               "std::chrono::sys_time",
                                               "std::chrono::local_time",
                                               "std::chrono::microseconds",
                                               "dt::uuid",
                                               "dt::decimal",
                                               "dt::json_value",
                                               "an enum",
                                               "std::vector",
                                               "a type of the backend"};
  return names[static_cast<std::size_t>(kind)];
}

/// "; use std::int64_t, or double": the types that a column's values can go to, at most three of them.
[[gnu::cold, gnu::noinline]] inline void append_advice(std::string& text, const column_info& column) {
  if (!column.advice.empty()) return append_parts(text, {"; ", column.advice});
  int named = 0;
  for (int i = 1; i <= static_cast<int>(field_kind::list) && named < 3; ++i) {
    const auto kind = static_cast<field_kind>(i);
    if (!column.accepts.contains(kind) || kind == field_kind::enumeration) continue;
    append_parts(text, {named++ == 0 ? "; use " : ", or ", type_for(kind)});
  }
}

/// Makes the words of one comparison.
class mismatch_writer {
 public:
  mismatch_writer(const row_description& row, std::span<const column_info> columns, name_style style) noexcept
      : row_(row), columns_(columns), style_(style) {}

  /// What stands in front of the colon: "field 'total' (double)".
  [[gnu::cold, gnu::noinline]] std::string subject(const mismatch& problem) const {
    std::string text;
    if (problem.leaf >= 0) {
      append_parts(text, {"field '", path_of(row_, index_of(problem.leaf)), "' (", type_of(problem.leaf), ")"});
    } else if (problem.column >= 0) {
      append_parts(text, {"column '", name_of(problem.column), "'"});
    } else {
      text = "number of columns";
    }
    return text;
  }

  [[gnu::cold, gnu::noinline]] void append(std::string& text, const mismatch& problem) const {
    switch (problem.kind) {
      case mismatch_kind::missing_column:
        return append_missing(text, index_of(problem.leaf));
      case mismatch_kind::duplicate_column:
        return append_duplicate(text, index_of(problem.leaf));
      case mismatch_kind::incompatible_type: {
        const std::string_view type = columns_[index_of(problem.column)].database_type;
        append_parts(text, {"column '", name_of(problem.column), type.empty() ? "' has another type" : "' is ", type});
        return append_advice(text, columns_[index_of(problem.column)]);
      }
      case mismatch_kind::null_not_allowed:
        return append_parts(text, {"column '", name_of(problem.column), "' may be null; use ",
                                   with_optional(row_.leaves[index_of(problem.leaf)].type_name)});
      case mismatch_kind::surplus_column:
        return append_parts(text, {"no field takes it"});
      case mismatch_kind::wrong_column_count:
        return append_parts(text, {"the query returns ", number_text{columns_.size()}, ", the row type takes ",
                                   number_text{row_.leaves.size()}});
      case mismatch_kind::swapped_columns:
        // Here `column` is the one with the field's name.
        return append_parts(
            text, {"takes column ", number_text{index_of(problem.leaf) + 1}, ", which is '", name_of(problem.leaf),
                   "'; '", name_of(problem.column), "' is column ", number_text{index_of(problem.column) + 1}});
    }
  }

 private:
  static std::size_t index_of(int number) noexcept { return static_cast<std::size_t>(number); }
  std::string_view name_of(int column) const noexcept { return columns_[index_of(column)].name; }
  std::string type_of(int leaf) const { return tidy_type_name(row_.leaves[index_of(leaf)].type_name); }

  [[gnu::cold, gnu::noinline]] void append_missing(std::string& text, std::size_t leaf) const {
    append_parts(text, {"no such column"});
    for (const column_info& column : columns_) {
      if (style_ == name_style::exact && is_taken_by(row_, leaf, column.name, name_style::snake_case)) {
        return append_parts(text, {"; did you mean '", column.name, "' (dt::name_style::snake_case)?"});
      }
    }
    plain_list<std::string_view> free;  // what another field takes was not meant
    for (const column_info& column : columns_) {
      bool is_taken = false;
      for (std::size_t j = 0; j < row_.leaves.size(); ++j) {
        is_taken = is_taken || is_taken_by(row_, j, column.name, style_);
      }
      if (!is_taken) free.push_back(column.name);
    }
    std::string_view closest = nearest(path_of(row_, leaf), free);
    if (closest.empty() && row_.leaves[leaf].group != leaf::no_group) closest = nearest(row_.leaves[leaf].name, free);
    if (!closest.empty()) append_parts(text, {"; did you mean '", closest, "'?"});
  }

  [[gnu::cold, gnu::noinline]] void append_duplicate(std::string& text, std::size_t leaf) const {
    std::string_view before = "columns ";
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!is_taken_by(row_, leaf, columns_[i].name, style_)) continue;
      append_parts(text, {before, number_text{i + 1}, " ('", columns_[i].name, "')"});
      before = " and ";
    }
    append_parts(text, {" have its name; rename all but one (as …)"});
  }

  const row_description& row_;
  std::span<const column_info> columns_;
  name_style style_;
};

}  // namespace detail

/// Where the columns come from that do not fit.
enum class mismatch_origin : std::uint8_t {
  result,       ///< the database described them
  select_list,  ///< the statement's text names them; those without a name have expressions
};

/// All problems of a result in one text: the row type, a line a problem, the columns that came.
[[gnu::cold]] std::string format_mismatches(const row_description& row, std::span<const column_info> columns,
                                            std::span<const mismatch> problems, name_style style = name_style::exact,
                                            mismatch_origin origin = mismatch_origin::result);

/// Where reading a row failed; `code` is `errc{}` when it did not.
struct read_status {
  errc code{};
  int leaf = -1;

  constexpr explicit operator bool() const noexcept { return code == errc{}; }
};

/// The failure of one value: row (counted from 1), field, C++ type, column and what is wrong. `detail` is what a source
/// or a codec has to add; it must not hold the value unless the user asked for values in errors.
[[gnu::cold]] error_info value_error(const row_description& row, const binding& bound,
                                     std::span<const column_info> columns, read_status status, std::size_t row_number,
                                     std::string_view detail = {});

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {

[[gnu::noinline]] DOVETAIL_DEFINE std::string format_mismatches(const row_description& row,
                                                                std::span<const column_info> columns,
                                                                std::span<const mismatch> problems, name_style style,
                                                                mismatch_origin origin) {
  const detail::mismatch_writer writer{row, columns, style};
  const bool is_result = origin == mismatch_origin::result;
  std::string text;
  detail::append_parts(text, {"row type ", detail::tidy_type_name(row.type_name), " does not match the ",
                              is_result ? "query result (" : "select list (", detail::number_text{problems.size()},
                              problems.size() == 1 ? " problem)" : " problems)"});
  std::size_t width = 0;
  for (const mismatch& problem : problems) {
    if (const std::size_t size = writer.subject(problem).size(); size > width) width = size;
  }
  for (const mismatch& problem : problems) {
    std::string subject = writer.subject(problem);
    while (subject.size() < width) subject += ' ';
    detail::append_parts(text, {"\n  ", subject, " : "});
    writer.append(text, problem);
  }
  constexpr std::size_t most = 64;
  detail::append_parts(
      text, {is_result ? "\n  columns returned: " : "\n  columns selected: ", columns.empty() ? "none" : ""});
  for (std::size_t i = 0; i < columns.size() && i < most; ++i) {
    const std::string_view type = columns[i].database_type;
    const bool is_named = is_result || !columns[i].name.empty();
    detail::append_parts(
        text, {i == 0 ? "" : ", ", is_named ? columns[i].name : "(expression)", type.empty() ? "" : " ", type});
  }
  if (columns.size() > most) {
    detail::append_parts(text, {", and ", detail::number_text{columns.size() - most}, " more"});
  }
  return text;
}

[[gnu::noinline]] DOVETAIL_DEFINE error_info value_error(const row_description& row, const binding& bound,
                                                         std::span<const column_info> columns, read_status status,
                                                         std::size_t row_number, std::string_view detail) {
  using detail::append_parts;
  using detail::number_text;
  std::string text;
  append_parts(text,
               {"row ", number_text{row_number}, " does not fit row type ", detail::tidy_type_name(row.type_name)});
  const auto index = static_cast<std::size_t>(status.leaf);
  if (status.leaf >= 0 && index < row.leaves.size()) {
    const std::string type = detail::tidy_type_name(row.leaves[index].type_name);
    if (row.shape == row_shape::single) {
      append_parts(text, {"\n  value (", type});
    } else {
      append_parts(text, {"\n  field '", path_of(row, index), "' (", type});
    }
    const auto at = static_cast<std::size_t>(index < bound.columns().size() ? bound.column(index) : status.leaf);
    const bool is_known = at < columns.size();
    const std::string_view database_type = is_known ? columns[at].database_type : std::string_view{};
    const number_text number{at + 1};
    append_parts(text, {") : column ", is_known ? "'" : "", is_known ? columns[at].name : number, is_known ? "'" : "",
                        database_type.empty() ? "" : " (", database_type, database_type.empty() ? "" : ")"});
    switch (status.code) {
      case errc::unexpected_null:
        // What is null inside of the value has been explained: the column itself is not.
        if (!detail.empty()) {
          append_parts(text, {" holds a null"});
        } else {
          append_parts(text, {" is null; use ", detail::with_optional(row.leaves[index].type_name)});
        }
        break;
      case errc::value_out_of_range:
        append_parts(text, {" holds a value that does not fit ", type});
        break;
      case errc::malformed_value:
        append_parts(text, {" holds a value that is no ", type});
        break;
      default:
        append_parts(text, {": ", make_error_code(status.code).message()});
        break;
    }
  }
  if (!detail.empty()) append_parts(text, {"; ", detail});
  return {make_error_code(status.code), std::move(text)};
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
