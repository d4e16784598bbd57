// Texts for logs without what they must not tell: passwords in URLs, values in the errors of databases.
#pragma once

#include <dovetail/base/name.hpp>

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace dovetail::inline v0 {
namespace detail {

inline constexpr std::string_view hidden_text = "***";

/// True for the names of parameters whose values are secrets; case, '_', '-' and escapes of URLs make no difference.
bool is_secret_name(std::string_view written);

constexpr bool continues_scheme(char c) noexcept {
  return is_ascii_letter(c) || is_ascii_digit(c) || c == '+' || c == '-' || c == '.';
}

/// Where the scheme begins that ends at `end`; `end` when there is none.
constexpr std::size_t scheme_begin(std::string_view text, std::size_t end) noexcept {
  std::size_t begin = end;
  while (begin > 0 && continues_scheme(text[begin - 1])) --begin;
  while (begin < end && !is_ascii_letter(text[begin])) ++begin;
  return begin;
}

/// Adds `name=value&…` with the values of secrets hidden. Values end at one of `ends`.
void append_masked_pairs(std::string& to, std::string_view text, std::string_view ends);

/// How a message goes on behind a value that it shows.
using value_ends = std::initializer_list<std::string_view>;

/// True where a message is over, or goes on with a line of its own and not with one of a value.
bool is_over(std::string_view rest) noexcept;

/// Where a value ends that begins at `at`: at the last `close` of its line behind which the message goes on as one of
/// `ends` or is over; else at the first such one of the lines that follow, because a value may have lines of its own;
/// else nowhere.
std::size_t end_of_value(std::string_view text, std::size_t at, char close, value_ends ends) noexcept;

/// Hides the value behind each `mark`, and behind the first `quote` after it in its line.
void hide_values(std::string& text, std::string_view mark, std::string_view quote, char close, value_ends ends);

}  // namespace detail

/// What replaces a text that is no URL.
inline constexpr std::string_view unreadable_url = "[no readable URL]";

/// A connection string without user, password and the values of parameters that are secrets:
/// "postgresql://***@h1,h2/app?sslmode=require&password=***". What stands before the last '@' is hidden, so that
/// passwords may lack escapes. Words of libpq ("host=h password=p") are masked by name. Other text becomes
/// `unreadable_url`.
std::string mask_url(std::string_view text);

/// A key or token of which a log may show that it is the same one: at most the last four characters of it.
[[gnu::cold]] inline std::string mask_secret(std::string_view text) {
  std::string masked{detail::hidden_text};
  if (text.size() > 4) masked.append(text.substr(text.size() - 4));
  return masked;
}

/// An error's text for a log: URLs without user and password, and without the values of rows that PostgreSQL, MySQL
/// and SQLite put into some messages. The failure itself keeps the whole text.
std::string mask_error_text(std::string_view text);

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool is_secret_name(std::string_view written) {
  constexpr std::string_view names[] = {
      "password",       "passwd",     "pwd",      "sslpassword", "secret",       "clientsecret",  "secretkey",
      "token",          "authtoken",  "apitoken", "accesstoken", "apikey",       "accesskey",     "sslkey",
      "sslcert",        "privatekey", "sig",      "signature",   "sessiontoken", "xamzsignature", "xamzsecuritytoken",
      "xamzcredential", "auth"};
  const auto digit = [](char c) { return is_ascii_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::string name;
  for (std::size_t i = 0; i < written.size(); ++i) {
    char c = written[i];
    if (c == '%' && i + 2 < written.size()) {
      c = static_cast<char>(digit(written[i + 1]) * 16 + digit(written[i + 2]));
      i += 2;
    }
    if (c != '_' && c != '-') name += ascii_lower(c);
  }
  for (const std::string_view known : names) {
    if (name == known) return true;
  }
  return false;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void append_masked_pairs(std::string& to, std::string_view text,
                                                                      std::string_view ends) {
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(ends);
    const std::string_view pair = text.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (equals != pair.npos && is_secret_name(pair.substr(0, equals))) {
      to.append(pair.substr(0, equals + 1)).append(hidden_text);
    } else {
      to.append(pair);
    }
    if (end == text.npos) return;
    to += text[end];
    text.remove_prefix(end + 1);
  }
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool is_over(std::string_view rest) noexcept {
  if (rest.empty() || rest.starts_with(" [SQLSTATE ")) return true;
  for (const std::string_view line :
       {"\n  detail: ", "\n  hint: ", "\n  constraint: ", "\n  table: ", "\n  column: ", "\n  and then: ", "\n  SQL: ",
        "\n  at: ", "\nDETAIL:", "\nHINT:", "\nCONTEXT:", "\nLINE ", "\nQUERY:", "\nSTATEMENT:"}) {
    if (rest.starts_with(line)) return true;
  }
  return rest == "\n";
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE std::size_t end_of_value(std::string_view text, std::size_t at, char close,
                                                                      value_ends ends) noexcept {
  const std::size_t line = text.find('\n', at);
  std::size_t found = text.npos;
  for (std::size_t i = text.find(close, at); i != text.npos; i = text.find(close, i + 1)) {
    if (i > line && found != text.npos) break;
    const std::string_view rest = text.substr(i + 1);
    bool is_end = is_over(rest);
    for (const std::string_view each : ends) is_end = is_end || rest.starts_with(each);
    if (is_end) found = i;
  }
  return found == text.npos ? text.size() : found;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE void hide_values(std::string& text, std::string_view mark,
                                                              std::string_view quote, char close, value_ends ends) {
  for (std::size_t at = text.find(mark); at != text.npos; at = text.find(mark, at)) {
    at += mark.size();
    const std::size_t begin = text.find(quote, at);
    if (begin == text.npos || begin > text.find('\n', at)) continue;
    at = begin + quote.size();
    const std::size_t stop = end_of_value(text, at, close, ends);
    text.replace(at, stop - at, hidden_text);
    at += hidden_text.size();
  }
}

}  // namespace detail
}  // namespace dovetail::inline v0
namespace dovetail::inline v0 {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE std::string mask_url(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::size_t equals = text.find('=');
  if (equals != text.npos && (colon == text.npos || equals < colon)) {
    std::string masked;
    for (std::size_t at = 0; at < text.size();) {  // host=h password='a b'
      const std::size_t sign = text.find('=', at);
      if (sign == text.npos) return std::string{unreadable_url};
      const std::size_t name = text.find_first_not_of(" \t\r\n", at);
      // Of words without a value the last one is the name: "host password=p" is wrong, and no less secret.
      std::size_t word = name;
      for (std::size_t i = name; i < sign; ++i) {
        const bool is_begin = i > name && std::string_view{" \t\r\n"}.find(text[i - 1]) != std::string_view::npos;
        if (is_begin && std::string_view{" \t\r\n"}.find(text[i]) == std::string_view::npos) word = i;
      }
      const std::string_view written = text.substr(word, text.find_first_of(" \t\r\n=", word) - word);
      std::size_t end = text.find_first_not_of(" \t\r\n", sign + 1);
      if (end != text.npos && text[end] == '\'') {
        for (++end; end < text.size() && text[end] != '\''; ++end) end += text[end] == '\\' ? 1 : 0;
        end = end < text.size() ? end + 1 : text.npos;
      } else if (end != text.npos) {
        while (end < text.size() && std::string_view{" \t\r\n"}.find(text[end]) == std::string_view::npos) {
          end += text[end] == '\\' ? 2 : 1;
        }
      }
      end = end > text.size() ? text.size() : end;
      const bool has_url = text.substr(sign, end - sign).find("://") != std::string_view::npos;
      if (detail::is_secret_name(written) || written == "user" || has_url) {
        masked.append(text.substr(at, word - at)).append(written).append("=").append(detail::hidden_text);
      } else {
        masked.append(text.substr(at, end - at));
      }
      at = end;
    }
    return masked;
  }
  if (colon == text.npos || detail::scheme_begin(text, colon) != 0 || colon == 0) return std::string{unreadable_url};
  std::string masked{text.substr(0, colon + 1)};
  std::string_view rest = text.substr(colon + 1);
  if (rest.starts_with("//")) {
    masked += "//";
    rest.remove_prefix(2);
    if (const std::size_t at = rest.rfind('@'); at != rest.npos) {
      masked.append(detail::hidden_text).append("@");
      rest.remove_prefix(at + 1);
    }
  }
  const std::size_t query = rest.find('?');
  masked.append(rest.substr(0, query));
  if (query == rest.npos) return masked;
  masked += '?';
  detail::append_masked_pairs(masked, rest.substr(query + 1), "&;#");
  return masked;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE std::string mask_error_text(std::string_view text) {
  std::string masked;
  std::size_t copied = 0;
  for (std::size_t mark = text.find("://"); mark != text.npos; mark = text.find("://", mark + 3)) {
    if (mark < copied || detail::scheme_begin(text, mark) == mark) continue;
    std::size_t end = text.find_first_of(" \t\"'<>", mark + 3);
    if (const std::size_t next = text.find("://", mark + 3); next < end) end = detail::scheme_begin(text, next);
    const std::size_t begin = detail::scheme_begin(text, mark);
    masked.append(text.substr(copied, begin - copied));
    masked.append(mask_url(text.substr(begin, end == text.npos ? end : end - begin)));
    copied = end == text.npos ? text.size() : end;
  }
  masked.append(text.substr(copied));
  using detail::hide_values;
  hide_values(masked, ")=(", "", ')',  // Key (name)=(Bern) already exists.
              {" already exists", " is not present", " is still referenced", " conflicts with", " is duplicated"});
  hide_values(masked, "Failing row contains (", "", ')', {"."});
  hide_values(masked, "Duplicate entry '", "", '\'', {" for key"});
  for (const std::string_view mark :
       {"invalid input syntax", "invalid input value for enum", "value out of range", "displacement out of range",
        "malformed array literal", "malformed record literal", "malformed range literal",
        "malformed multirange literal", "COPY "}) {
    hide_values(masked, mark, ": \"", '"', {});
  }
  hide_values(masked, "value \"", "", '"', {" is out of range", " for \""});
  hide_values(masked, "time zone \"", "", '"', {" not recognized"});
  hide_values(masked, "Token \"", "", '"', {" is invalid"});
  hide_values(masked, "but found \"", "", '"', {"."});
  hide_values(masked, "ncorrect ", " value: '", '\'', {" for column"});  // of MySQL, Truncated and not
  hide_values(masked, "portal parameter $", " = '", '\'', {});
  return masked;
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
