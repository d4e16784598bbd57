// The SDKs' check of a statement's text, by its tokens: what stands in quotes and comments is no danger.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/sql/classify.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql {
namespace detail {

/// Where `exec` or `execute` stands as a statement, or in front of a parenthesis; the size of the text when nowhere.
constexpr std::size_t find_execution(std::string_view sql) noexcept {
  using dovetail::detail::token;
  using dovetail::detail::token_kind;
  using dovetail::detail::word_key;
  dovetail::detail::lexer source{sql, lexis_of(dialect::sqlite)};
  token previous;
  token before;
  token at;
  for (;; before = previous, previous = at) {
    source.read(at);
    const bool is_word =
        previous.kind == token_kind::word && (previous.key == word_key("exec") || previous.key == word_key("execute"));
    const bool is_first = before.kind == token_kind::end || before.is(';');
    if (is_word && (is_first || (at.is('(') && !before.is('.')))) return previous.begin;
    if (at.kind == token_kind::end) return sql.size();
  }
}

[[gnu::cold, gnu::noinline]] inline error_info dangerous(std::string_view why, std::size_t at) {
  std::string text{"SQL contains potentially dangerous statements: "};
  dovetail::detail::append_parts(
      text, {why, " (at byte ", dovetail::detail::number_text{static_cast<std::uint64_t>(at)}, ")"});
  return {dovetail::errc::statement_refused, std::move(text)};
}

}  // namespace detail

/// The text without white space around it, when it is one statement of the kind that the SDKs' `sanitizeSQL` lets
/// through. For texts that a program did not write itself; no verb calls it, and parameters are what keeps values out
/// of a text.
/// Errors, all of them `sdk_code::invalid_query`: a blank text; quotes or comments without an end; a second statement,
/// whatever it is; a union, with `all` or without; `exec` and `execute` as statements or called. Unlike the SDKs'
/// patterns this takes a semicolon, a union or any word in a literal, a quoted name or a comment for what it is, takes
/// one semicolon at the end, and sees through comments and line breaks between words.
[[gnu::noinline]] inline result<std::string> sanitize_sql(std::string_view sql) {
  constexpr std::string_view space = " \t\r\n\f\v";
  const std::size_t begin = sql.find_first_not_of(space);
  if (begin == sql.npos) return error_info{dovetail::errc::malformed_statement, "SQL must be a non-empty text"};
  sql = sql.substr(begin, sql.find_last_not_of(space) - begin + 1);
  const classification found = classify(dialect::sqlite, sql);
  if (found.problem) return detail::dangerous("a quote or a comment has no end", found.problem.at);
  if (found.what == statement_class::none) {
    return error_info{dovetail::errc::malformed_statement, "SQL must be a non-empty text"};
  }
  if (found.has_more) return detail::dangerous("another statement follows", found.more_at);
  if (found.has_union) return detail::dangerous("a union", found.union_at);
  const std::size_t execution = detail::find_execution(sql);
  if (execution != sql.size()) return detail::dangerous("a text is executed", execution);
  return std::string{sql};
}

}  // namespace dovetail::inline v0::workersql
