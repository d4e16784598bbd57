// Connection strings of `keyword=value` words, as libpq's: host=localhost dbname=app password='it''s \'secret\''.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/base/secret.hpp>
#include <dovetail/base/uri.hpp>
#include <dovetail/codec/postgres/message.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

error_info bad_words(std::string_view what, std::size_t ordinal);

/// What to say of a text that begins with a scheme, as the connection strings of other databases do and no keyword
/// does; success for others. Quotes the scheme alone.
error_info foreign_scheme(std::string_view text);

/// Takes one value off the front: quoted or up to the next space; a backslash takes the next character as it is.
/// False when the quote does not end.
bool take_value(std::string_view& rest, std::string& value, bool& is_quoted);

/// Reads the words into the parameters of a connection string without authority and path.
/// Errors: errc::malformed_connection_string, which names the word's number and quotes nothing but a scheme.
result<uri> parse_words(std::string_view text);

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info bad_words(std::string_view what, std::size_t ordinal) {
  std::string text;
  dovetail::detail::append_parts(text,
                                 {"word ", dovetail::detail::number_text{ordinal}, " of the connection string ", what});
  return {errc::malformed_connection_string, std::move(text)};
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info foreign_scheme(std::string_view text) {
  const std::string_view scheme = text.substr(0, text.find(':'));
  if (scheme.size() == text.size() || !dovetail::detail::is_scheme(scheme)) return {};
  std::string words;
  dovetail::detail::append_parts(
      words, {"the connection string must begin with 'postgresql:' or 'postgres:', or be words as in 'host=localhost "
              "dbname=app'"});
  if (dovetail::detail::may_be_shown(scheme)) {
    dovetail::detail::append_parts(words, {"; this one begins with '", scheme, ":'"});
  }
  return {errc::malformed_connection_string, std::move(words)};
}

DOVETAIL_DEFINE bool take_value(std::string_view& rest, std::string& value, bool& is_quoted) {
  is_quoted = rest.starts_with('\'');
  if (is_quoted) rest.remove_prefix(1);
  while (!rest.empty()) {
    char c = rest.front();
    if (is_quoted ? c == '\'' : is_space(c)) break;
    rest.remove_prefix(1);
    if (c == '\\') {
      if (rest.empty()) break;
      c = rest.front();
      rest.remove_prefix(1);
    }
    value += c;
  }
  if (!is_quoted) return true;
  if (rest.empty()) return false;
  rest.remove_prefix(1);
  return rest.empty() || is_space(rest.front());
}

DOVETAIL_DEFINE result<uri> parse_words(std::string_view text) {
  if (error_info other = foreign_scheme(text)) return other;
  uri read;
  read.scheme = "postgresql";
  bool may_be_password = false;  // what follows may be pieces of a password that lacks quotes
  for (std::size_t ordinal = 1;; ++ordinal) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    if (text.empty()) return read;
    std::size_t end = 0;
    while (end < text.size() && text[end] != '=' && !is_space(text[end])) ++end;
    const std::string_view name = text.substr(0, end);
    text.remove_prefix(end);
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    if (!text.starts_with('=')) {
      return bad_words("has no '=' (a value with spaces stands between single quotes)", ordinal);
    }
    if (name.empty()) return bad_words("has a value but no keyword", ordinal);
    text.remove_prefix(1);
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    std::string value;
    bool is_quoted = false;
    if (!take_value(text, value, is_quoted))
      return bad_words("has a quote that does not end, or text behind it", ordinal);
    if (!may_be_text(value)) return bad_words("has a zero byte in it", ordinal);
    read.may_hide_password = read.may_hide_password || may_be_password;
    may_be_password = may_be_password || (!is_quoted && name == "password");
    read.parameters.push_back({std::string{name}, secret{std::move(value)}, true});
  }
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
