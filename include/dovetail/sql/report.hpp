// Says in words what is wrong with a statement that was made at run time.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/name.hpp>
#include <dovetail/base/similarity.hpp>
#include <dovetail/base/utf8.hpp>
#include <dovetail/row/binding.hpp>
#include <dovetail/row/description.hpp>
#include <dovetail/row/report.hpp>
#include <dovetail/row/text_parts.hpp>
#include <dovetail/sql/analysis.hpp>
#include <dovetail/sql/argument.hpp>
#include <dovetail/sql/columns.hpp>
#include <dovetail/sql/dialect.hpp>
#include <dovetail/sql/mistake.hpp>
#include <dovetail/sql/token.hpp>
#include <dovetail/sql/validation_rule.hpp>

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dovetail::inline v0 {
namespace detail {

struct text_position {
  std::size_t line = 1;
  std::size_t column = 1;
  std::size_t line_begin = 0;
};

inline text_position position_of(std::string_view text, std::size_t offset) noexcept {
  text_position found;
  for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++found.line;
      found.column = 1;
      found.line_begin = i + 1;
    } else if (begins_character(text[i])) {
      ++found.column;
    }
  }
  return found;
}

/// The line of the text with a mark under the place.
inline std::string excerpt_of(std::string_view text, const text_position& at) {
  std::string_view line = text.substr(at.line_begin);
  line = line.substr(0, line.find_first_of("\r\n"));
  std::string excerpt{"\n    "};
  for (const char c : line) excerpt += c == '\t' || static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  excerpt += "\n    ";
  excerpt.append(at.column - 1, ' ');
  excerpt += '^';
  return excerpt;
}

/// The failure that stands for a mistake. The statement's text is shown only when `shows_text`; of the names in it that
/// of a parameter without an argument always, and those of the select list when a `row` does not fit it: they are the
/// program's words and no values.
error_info describe_mistake(const sql_problem& found, dialect d, std::string_view text, bool shows_text,
                            std::span<const argument_slot> argument_slots, const row_description* row,
                            std::source_location where);

}  // namespace detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::detail {

/// The select list that `compare_columns` has found not to fit: every field that it does not fill, in the words of a
/// result that does not fit. The text is read once more for that.
[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE std::string misfit_of(dialect d, std::string_view text,
                                                                   std::span<const argument_slot> argument_slots,
                                                                   const row_description& row) {
  const argument_style style = argument_slots.empty()                ? argument_style::none
                               : argument_slots.front().name.empty() ? argument_style::positional
                                                                     : argument_style::named;
  std::vector<parameter_place> places(argument_slots.size());
  output_column storage[select_list::capacity];
  analyser found(
      text, d, lexis_of(d),
      {.argument_slots = argument_slots.data(), .count = argument_slots.size(), .style = style, .is_literal = false},
      places.data(), storage);
  found.run();
  const select_list& list = found.columns();
  std::vector<std::string> names(list.count());  // empty where the text does not tell
  for (std::uint32_t i = 0; i < list.count() && i < select_list::capacity; ++i) {
    names[i] = text.substr(list[i].at, list[i].size);
    if (d != dialect::postgres || list[i].is_quoted) continue;
    for (char& c : names[i]) c = ascii_lower(c);
  }
  std::vector<column_info> columns;
  columns.reserve(names.size());
  for (const std::string& name : names) columns.push_back({.name = name});
  std::vector<mismatch> problems;
  if (row.shape != row_shape::by_name) {
    problems.push_back({.kind = mismatch_kind::wrong_column_count});
  } else {
    for (std::size_t i = 0; i < row.leaves.size(); ++i) {
      const column_match match = match_of(d, text, list, row, i);
      const auto field = static_cast<int>(i);
      if (match.count > 1) {
        problems.push_back({mismatch_kind::duplicate_column, field, static_cast<int>(match.last)});
      } else if (match.is_missing()) {
        problems.push_back({mismatch_kind::missing_column, field});
      }
    }
  }
  return format_mismatches(row, columns, problems, name_style::exact, mismatch_origin::select_list);
}

/// "; did you mean 'id'?" when an argument has nearly that name.
[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE std::string advice_of(std::string_view parameter,
                                                                   std::span<const argument_slot> argument_slots) {
  nearest_search search{parameter};
  for (const argument_slot& slot : argument_slots) search.offer(slot.name);
  std::string advice;
  if (!search.best.empty()) append_parts(advice, {"; did you mean '", search.best, "'?"});
  return advice;
}

DOVETAIL_DEFINE error_info describe_mistake(const sql_problem& found, dialect d, std::string_view text, bool shows_text,
                                            std::span<const argument_slot> argument_slots, const row_description* row,
                                            std::source_location where) {
  std::string words{words_of(found.what)};
  const auto number = [](std::size_t value) { return std::to_string(value); };
  std::string advice;
  bool has_place = true;
  switch (found.what) {
    case sql_mistake::wrong_argument_count:
      words += ": it takes " + number(found.expected) + ", given were " + number(found.given);
      has_place = false;
      break;
    case sql_mistake::insert_counts_differ:
      words += ": " + number(found.expected) + " columns, " + number(found.given) + " values";
      break;
    case sql_mistake::too_many_parameters:
      words += ": at most " + number(found.expected);
      break;
    case sql_mistake::parameter_number_skipped:
      words += ": number " + number(found.expected);
      has_place = false;
      break;
    case sql_mistake::field_not_selected:
    case sql_mistake::column_selected_twice:
    case sql_mistake::wrong_column_count:
      if (row != nullptr) words = misfit_of(d, text, argument_slots, *row);
      has_place = false;
      break;
    case sql_mistake::parameter_without_argument: {
      const std::string_view name = name_in_placeholder(text.substr(found.at, found.size));
      if (!name.empty()) append_parts(words, {": '", name, "'"});
      advice = advice_of(name, argument_slots);
      break;
    }
    case sql_mistake::argument_without_parameter:
      if (found.expected < argument_slots.size())
        words += ": '" + std::string{argument_slots[found.expected].name} + '\'';
      has_place = false;
      break;
    case sql_mistake::no_rows_returned:
      if (row != nullptr) words += " for " + tidy_type_name(row->type_name);
      has_place = false;
      break;
    case sql_mistake::refused: {
      const auto rule = static_cast<validation_rule>(found.expected);
      const auto cause = static_cast<sql_mistake>(found.given);
      append_parts(words, {" by the rule '", to_string(rule),
                           "': ", cause == sql_mistake::none ? words_of(rule) : words_of(cause)});
      has_place = rule != validation_rule::no_statement;
      break;
    }
    case sql_mistake::empty_statement:
    case sql_mistake::named_and_positional_arguments:
      has_place = false;
      break;
    default:
      break;
  }
  if (has_place) {
    const text_position at = position_of(text, found.at);
    words += " (line " + number(at.line) + ", column " + number(at.column) + ')' + advice;
    if (shows_text) words += excerpt_of(text, at);
  }
  error_info failure{make_error_code(code_of(found.what)), std::move(words)};
  if (shows_text) failure.with_statement(std::string{text});
  failure.with_location(where);
  return failure;
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
