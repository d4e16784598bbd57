// Where the literals of a statement's text go on, and the names of its formats end.
#pragma once

#include <dovetail/sql/token.hpp>

#include <cstdint>

namespace dovetail::inline v0 {
namespace detail {

/// The quote of a literal's next part, behind a line's end, with comments of lines between; `at` when there is none.
/// Backslashes count in all parts of E'…'.
/// Source: https://www.postgresql.org/docs/15/sql-syntax-lexical.html#SQL-SYNTAX-CONSTANTS
constexpr std::uint32_t continuation_of_string(const char* text, std::uint32_t size, std::uint32_t at,
                                               bool returns_end_lines) noexcept {
  const auto ends_line = [=](char c) { return c == '\n' || (c == '\r' && returns_end_lines); };
  bool has_line_end = false;
  std::uint32_t to = at;
  for (; to < size; ++to) {
    if (text[to] == '-' && to + 1 < size && text[to + 1] == '-') {
      while (to + 1 < size && !ends_line(text[to + 1])) ++to;
    } else if ((class_of(text[to]) & class_space) == 0) {
      break;
    }
    has_line_end = has_line_end || ends_line(text[to]);
  }
  return has_line_end && to < size && text[to] == '\'' ? to : at;
}

/// The end of the `%(name)s` whose sign is text[at]; `at` when it is none.
constexpr std::uint32_t end_of_pyformat(const char* text, std::uint32_t size, std::uint32_t at) noexcept {
  std::uint32_t end = at + 2;
  while (end < size && is_name_character(text[end])) ++end;
  const bool is_name = end + 1 < size && text[end] == ')' && text[end + 1] == 's' &&
                       (end + 2 == size || !continues_word(text[end + 2])) && is_name_start(text[at + 2]);
  return is_name ? end + 2 : at;
}

}  // namespace detail
}  // namespace dovetail::inline v0
