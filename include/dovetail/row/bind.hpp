// Compares a row type with the columns of a result, once per prepared statement, and reports every mismatch at once.
#pragma once

#include <dovetail/base/plain_list.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/row/binding.hpp>
#include <dovetail/row/description.hpp>
#include <dovetail/row/report.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

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
  binder(const row_description& row, std::span<const column_info> columns, const bind_options& options) noexcept
      : row_(row), columns_(columns), options_(options) {}

  [[gnu::cold, gnu::noinline]] void run() {
    bound_.grow(row_.leaves.size());
    if (row_.shape == row_shape::by_name) {
      for (std::size_t i = 0; i < row_.leaves.size(); ++i) bind_by_name(i);
      if (!options_.allow_surplus_columns) find_surplus();
    } else if (columns_.size() != row_.leaves.size()) {
      add(mismatch_kind::wrong_column_count, -1, -1);
    } else {
      for (std::size_t i = 0; i < row_.leaves.size(); ++i) bind(i, i);
      if (row_.shape == row_shape::by_position) find_swapped();
    }
  }

  plain_list<mismatch>& problems() noexcept { return problems_; }
  plain_list<std::uint16_t>& bound() noexcept { return bound_; }

 private:
  [[gnu::cold, gnu::noinline]] void add(mismatch_kind kind, int leaf, int column) {
    problems_.push_back({kind, leaf, column});
  }

  /// The first column from `begin` on that the leaf takes; the number of columns when there is none.
  std::size_t find(std::size_t leaf, std::size_t begin) const noexcept {
    while (begin < columns_.size() && !is_taken_by(row_, leaf, columns_[begin].name, options_.style)) ++begin;
    return begin;
  }

  void bind_by_name(std::size_t leaf) {
    const std::size_t found = find(leaf, 0);
    if (found == columns_.size()) return add(mismatch_kind::missing_column, static_cast<int>(leaf), -1);
    if (find(leaf, found + 1) != columns_.size()) {
      add(mismatch_kind::duplicate_column, static_cast<int>(leaf), static_cast<int>(found));
    }
    bind(leaf, found);
  }

  /// Notes the column, and checks kind and nulls.
  void bind(std::size_t leaf, std::size_t column) {
    bound_[leaf] = static_cast<std::uint16_t>(column);
    if (!columns_[column].fits(row_.leaves[leaf])) {
      add(mismatch_kind::incompatible_type, static_cast<int>(leaf), static_cast<int>(column));
    }
    if (columns_[column].nulls == nullability::possible && !row_.leaves[leaf].is_nullable) {
      add(mismatch_kind::null_not_allowed, static_cast<int>(leaf), static_cast<int>(column));
    }
  }

  void find_surplus() {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      bool is_taken = false;
      for (std::size_t j = 0; j < row_.leaves.size(); ++j) {
        is_taken = is_taken || is_taken_by(row_, j, columns_[i].name, options_.style);
      }
      if (!is_taken) add(mismatch_kind::surplus_column, -1, static_cast<int>(i));
    }
  }

  /// By position: when every field's name is a column's, but the order is another one, the columns have been swapped.
  void find_swapped() {
    for (std::size_t i = 0; i < row_.leaves.size(); ++i) {
      if (find(i, 0) == columns_.size()) return;
    }
    for (std::size_t i = 0; i < row_.leaves.size(); ++i) {
      const std::size_t named = find(i, 0);
      const bool is_at_home = is_taken_by(row_, i, columns_[i].name, options_.style);
      if (!is_at_home) add(mismatch_kind::swapped_columns, static_cast<int>(i), static_cast<int>(named));
    }
  }

  const row_description& row_;
  std::span<const column_info> columns_;
  const bind_options& options_;
  plain_list<std::uint16_t> bound_;
  plain_list<mismatch> problems_;
};

}  // namespace detail

/// Finds the column of every field of a row type; `problems`, when given, gets what does not fit.
/// Errors: errc::row_mismatch with all problems in one text; the caller adds the statement and its own place.
[[gnu::cold]] result<binding> bind_row(const row_description& row, std::span<const column_info> columns,
                                       const bind_options& options = {},
                                       detail::plain_list<mismatch>* problems = nullptr);
/// The same for a std::vector of mismatches; a template, so that it costs nothing where nobody calls it.
template <class Mismatches>
[[gnu::cold]] result<binding> bind_row(const row_description& row, std::span<const column_info> columns,
                                       const bind_options& options, Mismatches* problems) {
  detail::plain_list<mismatch> found;
  result<binding> bound = bind_row(row, columns, options, &found);
  problems->assign(found.begin(), found.end());
  return bound;
}

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {

[[gnu::noinline]] DOVETAIL_DEFINE result<binding> bind_row(const row_description& row,
                                                           std::span<const column_info> columns,
                                                           const bind_options& options,
                                                           detail::plain_list<mismatch>* problems) {
  detail::binder binder{row, columns, options};
  binder.run();
  if (binder.problems().empty()) return binding{std::move(binder.bound())};
  error_info failure{errc::row_mismatch};
  failure.with_context(
      format_mismatches(row, columns, {binder.problems().data(), binder.problems().size()}, options.style));
  if (problems != nullptr) *problems = std::move(binder.problems());
  return failure;
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
