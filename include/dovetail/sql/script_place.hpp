// Says which statement of a script failed, and on which line: servers say it of one statement at most.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/utf8.hpp>
#include <dovetail/sql/dialect.hpp>
#include <dovetail/sql/lexer.hpp>
#include <dovetail/sql/transaction_end.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::detail {

/// Puts "statement 3, line 7" before the words of a failure: the statement that has the place that the server names
/// (`server_fields::position`, in the whole script), or else the statement of this number, counted from 1. Nothing when
/// the script has one statement, or not so many.
[[gnu::cold]] void note_script_place(error_info& failure, dialect d, std::string_view script, std::uint32_t statement);

}  // namespace dovetail::inline v0::detail

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::detail {

[[gnu::noinline]] DOVETAIL_DEFINE void note_script_place(error_info& failure, dialect d, std::string_view script,
                                                         std::uint32_t statement) {
  const int position = failure.server().position;
  const std::size_t named = position > 0 ? byte_of_character(script, position) : script.size();
  lexer source{script, lexis_of(d)};
  transaction_end_finder finder{d, script};
  std::uint32_t count = 0;
  std::uint32_t found = 0;
  std::size_t place = 0;
  for (token at = source.next(); at.kind != token_kind::end; at = source.next()) {
    if (finder.is_between() && !at.is(';')) {
      ++count;
      if (position > 0 ? at.begin <= named : count == statement) {
        found = count;
        place = at.begin;
      }
    }
    static_cast<void>(finder.take(at));
  }
  if (count < 2 || found == 0) return;
  if (position > 0) place = named;
  std::size_t line = 1;
  for (const char c : script.substr(0, place)) line += c == '\n' ? 1 : 0;
  std::string words;
  append_parts(words, {"statement ", number_text{found}, ", line ", number_text{line},
                       failure.context().empty() ? "" : ": ", failure.context()});
  failure.with_context(std::move(words));
}

}  // namespace dovetail::inline v0::detail
#undef DOVETAIL_DEFINE
#endif
