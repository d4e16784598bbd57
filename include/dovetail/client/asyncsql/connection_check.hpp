// Looks at a connection string for what only an attack puts there, before anything takes it apart.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/base/uri.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace dovetail::inline v0::asyncsql::detail {

/// A semicolon, a back-tick or `$(`: commands of a shell and statements are pasted with them.
[[gnu::cold]] inline bool has_command_characters(std::string_view text) noexcept {
  return text.find_first_of(";`") != std::string_view::npos || text.find("$(") != std::string_view::npos;
}

/// A value of a parameter of the client; passwords may be anything.
[[gnu::cold]] inline bool is_suspicious_value(std::string_view name, std::string_view value) {
  if (name == "password" || name == "sslpassword" || name == "passwd") return false;
  if (has_command_characters(value)) return true;
  if (name == "host" || name == "hostaddr") return value.starts_with('|');
  if (!name.starts_with("ssl") && name != "passfile") return false;
  return value == "/etc/shadow" || value == "/etc/passwd" || value == "/etc/gshadow";
}

/// Words of libpq: name=value, values in single quotes with backslashes.
[[gnu::cold]] inline bool is_suspicious_list(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t equals = text.find('=', at);
    if (equals == std::string_view::npos) return has_command_characters(text.substr(at));
    std::string_view name = text.substr(at, equals - at);
    while (!name.empty() && name.front() <= ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() <= ' ') name.remove_suffix(1);
    std::string value;
    at = equals + 1;
    while (at < text.size() && text[at] == ' ') ++at;
    const bool is_quoted = at < text.size() && text[at] == '\'';
    for (at += is_quoted ? 1 : 0; at < text.size(); ++at) {
      if (is_quoted ? text[at] == '\'' : text[at] <= ' ') break;
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      value += text[at];
    }
    at += is_quoted && at < text.size() ? 1 : 0;
    if (has_command_characters(name) || is_suspicious_value(name, value)) return true;
  }
  return false;
}

/// True for a connection string that carries statements, commands of a shell or the system's own files. Names of files
/// of SQLite may be anything.
[[gnu::cold, gnu::noinline]] inline bool is_suspicious_connection(std::string_view text) {
  if (text.starts_with("sqlite") || text.starts_with("file:") || text == ":memory:") return false;
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return is_suspicious_list(text);
  std::string_view rest = text.substr(scheme + 3);
  const std::size_t authority = rest.find_first_of("/?");
  const std::size_t user_end = rest.substr(0, authority).rfind('@');
  const std::string_view user = user_end == std::string_view::npos ? std::string_view{} : rest.substr(0, user_end);
  if (has_command_characters(dovetail::detail::decoded(user.substr(0, user.find(':'))))) return true;
  if (has_command_characters(user)) return true;  // a password's own are to be percent-encoded
  if (user_end != std::string_view::npos) rest.remove_prefix(user_end + 1);
  const std::size_t query = rest.find('?');
  if (is_suspicious_value("host", dovetail::detail::decoded(rest.substr(0, query)))) return true;
  for (std::string_view parts = query == std::string_view::npos ? std::string_view{} : rest.substr(query + 1);
       !parts.empty();) {
    const std::string_view part = parts.substr(0, parts.find('&'));
    parts.remove_prefix(part.size() < parts.size() ? part.size() + 1 : part.size());
    const std::size_t equals = part.find('=');
    const std::string_view value = equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1);
    const std::string name = dovetail::detail::decoded(part.substr(0, equals));  // as the client reads it
    if (has_command_characters(name) || is_suspicious_value(name, dovetail::detail::decoded(value))) return true;
  }
  return false;
}

}  // namespace dovetail::inline v0::asyncsql::detail
