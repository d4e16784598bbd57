// Says in words what is wrong with a statement that was made at run time.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/row/description.hpp>
#include <dovetail/row/text_parts.hpp>
#include <dovetail/sql/argument.hpp>
#include <dovetail/sql/mistake.hpp>
#include <dovetail/sql/validation_rule.hpp>

#include <cstddef>
#include <source_location>
#include <span>
#include <string>
#include <string_view>

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
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\n') {
      ++found.line;
      found.column = 1;
      found.line_begin = i + 1;
    } else if ((byte & 0xC0) != 0x80) {  // not the rest of a character in UTF-8
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
/// of a parameter without an argument always, which is the program's word and no value.
error_info describe_mistake(const sql_problem& found, std::string_view text, bool shows_text,
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

DOVETAIL_DEFINE error_info describe_mistake(const sql_problem& found, std::string_view text, bool shows_text,
                                            std::span<const argument_slot> argument_slots, const row_description* row,
                                            std::source_location where) {
  std::string words{words_of(found.what)};
  const auto number = [](std::size_t value) { return std::to_string(value); };
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
    case sql_mistake::wrong_column_count:
      words += ": the row type takes " + number(found.expected) + ", selected are " + number(found.given);
      break;
    case sql_mistake::parameter_without_argument: {
      std::string_view name = text.substr(found.at, found.size);  // :name, @name, $name or %(name)s
      if (name.starts_with("%(") && name.ends_with(")s")) {
        name.remove_prefix(1);
        name.remove_suffix(2);
      }
      if (name.size() > 1) append_parts(words, {": '", name.substr(1), "'"});
      break;
    }
    case sql_mistake::argument_without_parameter:
      if (found.expected < argument_slots.size())
        words += ": '" + std::string{argument_slots[found.expected].name} + '\'';
      has_place = false;
      break;
    case sql_mistake::field_not_selected:
    case sql_mistake::column_selected_twice:
      if (row != nullptr && found.expected < row->leaves.size()) {
        words += ": '" + path_of(*row, found.expected) + "' of " + tidy_type_name(row->type_name);
      }
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
    words += " (line " + number(at.line) + ", column " + number(at.column) + ')';
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
