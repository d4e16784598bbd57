// Compares a row type with the columns of a result, once per prepared statement, and reports every mismatch at once.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/base/similarity.hpp>
#include <dovetail/row/binding.hpp>
#include <dovetail/row/description.hpp>
#include <dovetail/row/report.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// How strictly a result is compared with a row type.
struct bind_options {
  name_style style = name_style::exact;  ///< `snake_case`: the field `userName` takes the column `user_name`
  bool allow_surplus_columns = true;     ///< columns that no field takes are ignored
};

namespace detail {

/// One comparison of a row type with columns.
class binder {
 public:
  binder(const row_description& row, std::span<const column_info> columns, const bind_options& options)
      : row_(row), columns_(columns), options_(options), taken_(columns.size(), false) {
    bound_.reserve(row.leaves.size());
  }

  void run() {
    if (row_.shape == row_shape::by_name) {
      for (std::size_t i = 0; i < row_.leaves.size(); ++i) bind_by_name(i);
      if (!options_.allow_surplus_columns) check_surplus();
      return;
    }
    if (columns_.size() != row_.leaves.size()) {
      add(mismatch_kind::wrong_column_count, none, none,
          "the query returns " + count_of(columns_.size(), "column") + ", the row type takes " +
              std::to_string(row_.leaves.size()));
      return;
    }
    for (std::size_t i = 0; i < row_.leaves.size(); ++i) bind(i, i);
    check_order();
  }

  std::vector<mismatch>& problems() noexcept { return problems_; }
  std::vector<std::uint16_t>& bound() noexcept { return bound_; }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  static std::string count_of(std::size_t count, std::string_view what) {
    return std::to_string(count) + ' ' + std::string{what} + (count == 1 ? "" : "s");
  }
  std::string quoted(std::size_t column) const { return '\'' + std::string{columns_[column].name} + '\''; }

  void add(mismatch_kind kind, std::size_t field, std::size_t column, std::string text) {
    mismatch& problem = problems_.emplace_back();
    problem.kind = kind;
    if (field != none) {
      problem.field = path_of(row_, field);
      problem.cpp_type = tidy_type_name(row_.leaves[field].type_name);
    }
    if (column != none) problem.column = columns_[column].name;
    problem.text = std::move(text);
  }

  void bind_by_name(std::size_t field) {
    // The columns of a query mostly have the order of the fields: the same number is looked at first, but only a look
    // at all of them finds duplicates.
    std::size_t found = none;
    std::string others;
    std::size_t matches = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!leaf_takes(row_, field, columns_[i].name, options_.style)) continue;
      if (matches++ == 0) {
        found = i;
      } else {
        others += " and " + std::to_string(i + 1);
        if (columns_[i].name != columns_[found].name) others += " (" + quoted(i) + ')';
        taken_[i] = true;
      }
    }
    if (found == none) {
      add(mismatch_kind::missing_column, field, none, missing_text(field));
      bound_.push_back(0);
      return;
    }
    if (matches > 1) {
      add(mismatch_kind::duplicate_column, field, found,
          std::to_string(matches) + " columns are named " + quoted(found) + ": number " + std::to_string(found + 1) +
              others + "; give all but one another name (as …)");
    }
    bind(field, found);
  }

  std::string missing_text(std::size_t field) const {
    const std::string path = path_of(row_, field);
    if (options_.style == name_style::exact) {
      for (const column_info& column : columns_) {
        if (leaf_takes(row_, field, column.name, name_style::snake_case)) {
          return "no such column; did you mean '" + std::string{column.name} + "' (dt::name_style::snake_case)?";
        }
      }
    }
    std::vector<std::string_view> free;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      bool is_taken = false;
      for (std::size_t j = 0; j < row_.leaves.size() && !is_taken; ++j) {
        is_taken = leaf_takes(row_, j, columns_[i].name, options_.style);
      }
      if (!is_taken) free.push_back(columns_[i].name);
    }
    std::string_view near = nearest(path, free);
    if (near.empty() && row_.leaves[field].group != leaf::no_group) near = nearest(row_.leaves[field].name, free);
    if (near.empty()) return "no such column";
    return "no such column; did you mean '" + std::string{near} + "'?";
  }

  /// Checks the kinds and notes the column.
  void bind(std::size_t field, std::size_t column) {
    const leaf& wanted = row_.leaves[field];
    const column_info& given = columns_[column];
    taken_[column] = true;
    bound_.push_back(static_cast<std::uint16_t>(column));
    if (!given.accepts.contains(wanted.kind)) {
      std::string text =
          "column " + quoted(column) +
          (given.database_type.empty() ? std::string{" has another type"} : " is " + std::string{given.database_type});
      const std::string advice = given.advice.empty() ? advice_for(given.accepts) : std::string{given.advice};
      if (!advice.empty()) text += "; " + advice;
      add(mismatch_kind::incompatible_type, field, column, std::move(text));
    }
    if (given.nulls == nullability::possible && !wanted.is_nullable) {
      add(mismatch_kind::null_not_allowed, field, column,
          "column " + quoted(column) + " may be null; use " + with_optional(wanted.type_name));
    }
  }

  void check_surplus() {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!taken_[i]) add(mismatch_kind::surplus_column, none, i, "no field takes it");
    }
  }

  /// By position: when every field's name is a column's, but the order is another one, the columns have been swapped.
  void check_order() {
    std::vector<std::size_t> named(row_.leaves.size(), none);
    bool is_swapped = false;
    for (std::size_t i = 0; i < named.size(); ++i) {
      for (std::size_t j = 0; j < columns_.size() && named[i] == none; ++j) {
        if (leaf_takes(row_, i, columns_[j].name, options_.style)) named[i] = j;
      }
      if (named[i] == none) return;
      is_swapped = is_swapped || named[i] != i;
    }
    if (!is_swapped) return;
    for (std::size_t i = 0; i < named.size(); ++i) {
      if (named[i] == i) continue;
      add(mismatch_kind::swapped_columns, i, i,
          "takes column " + std::to_string(i + 1) + ", which is " + quoted(i) + "; " + quoted(named[i]) +
              " is column " + std::to_string(named[i] + 1));
    }
  }

  const row_description& row_;
  std::span<const column_info> columns_;
  const bind_options& options_;
  std::vector<bool> taken_;
  std::vector<std::uint16_t> bound_;
  std::vector<mismatch> problems_;
};

}  // namespace detail

/// Finds the column of every field of a row type; `problems`, when given, gets what does not fit.
/// Errors: errc::row_mismatch with all problems in one text; the caller adds the statement and its own place.
inline result<binding> bind_row(const row_description& row, std::span<const column_info> columns,
                                const bind_options& options = {}, std::vector<mismatch>* problems = nullptr) {
  detail::binder binder{row, columns, options};
  binder.run();
  if (binder.problems().empty()) return binding{std::move(binder.bound())};
  error_info failure{errc::row_mismatch};
  failure.with_context(format_mismatches(row, columns, binder.problems()));
  if (problems != nullptr) *problems = std::move(binder.problems());
  return failure;
}

}  // namespace dovetail::inline v0
