// One line of a statement with a caret under the place that a server complains of.
#pragma once

#include <dovetail/base/parts.hpp>
#include <dovetail/base/utf8.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace dovetail::inline v0::detail {

/// Appends the line of `sql` that has the character `position` (counted from 1, in UTF-8), and a line with a caret
/// below it: "\n  line 2: from town\n               ^". Nothing for a position that the text does not have. Tabs stay
/// tabs, so that the caret stands right however wide they are shown.
void append_caret(std::string& text, std::string_view sql, int position);

}  // namespace dovetail::inline v0::detail

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void append_caret(std::string& text, std::string_view sql, int position) {
  if (position < 1 || sql.empty()) return;
  const std::size_t at = byte_of_character(sql, position);
  if (at == std::string_view::npos) return;
  const std::string_view before = sql.substr(0, at);
  const std::size_t line = before.rfind('\n') + 1;  // npos + 1 is the first
  std::size_t number = 1;
  for (const char c : before) number += c == '\n' ? 1 : 0;
  std::string_view whole = sql.substr(line, sql.find('\n', line) - line);
  if (whole.ends_with('\r')) whole.remove_suffix(1);
  const std::size_t begin = text.size() + 1;
  append_parts(text, {"\n  line ", number_text{number}, ": "});
  const std::size_t margin = text.size() - begin;
  append_parts(text, {whole, "\n"});
  for (std::size_t i = 0; i < margin; ++i) text += ' ';
  for (std::size_t i = line; i < at; ++i) {
    if (begins_character(sql[i])) text += sql[i] == '\t' ? '\t' : ' ';
  }
  text += '^';
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
