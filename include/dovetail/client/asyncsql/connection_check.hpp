// Looks at a connection string for what only an attack puts there, before anything takes it apart.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/base/uri.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace dovetail::inline v0::asyncsql::detail {

/// Commands of a shell and statements are pasted with these; empty when a text has none of them.
[[gnu::cold]] inline std::string_view command_characters(std::string_view text) noexcept {
  if (text.find(';') != std::string_view::npos) return "a semicolon";
  if (text.find('`') != std::string_view::npos) return "a back-tick";
  return text.find("$(") != std::string_view::npos ? "'$('" : "";
}

/// What is suspicious in a value of a parameter of the client; passwords may be anything.
[[gnu::cold]] inline std::string_view suspicion_of_value(std::string_view name, std::string_view value) {
  if (name == "password" || name == "sslpassword" || name == "passwd") return {};
  if (const std::string_view found = command_characters(value); !found.empty()) return found;
  if (name == "host" || name == "hostaddr") return value.starts_with('|') ? "a pipe in the place of the host" : "";
  if (!name.starts_with("ssl") && name != "passfile") return {};
  const bool is_of_system = value == "/etc/shadow" || value == "/etc/passwd" || value == "/etc/gshadow";
  return is_of_system ? "the path of a file of the system's passwords" : "";
}

/// The same of a name and its value.
[[gnu::cold]] inline std::string_view suspicion_of_pair(std::string_view name, std::string_view value) {
  const std::string_view found = command_characters(name);
  return found.empty() ? suspicion_of_value(name, value) : found;
}

/// Words of libpq: name=value, values in single quotes with backslashes.
[[gnu::cold]] inline std::string_view suspicion_of_list(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t equals = text.find('=', at);
    if (equals == std::string_view::npos) return command_characters(text.substr(at));
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
    if (const std::string_view found = suspicion_of_pair(name, value); !found.empty()) return found;
  }
  return {};
}

/// Which kind of thing in a connection string belongs to statements, commands of a shell or the system's own files;
/// empty when there is none. Names of files of SQLite may be anything. Tells nothing of the text.
[[gnu::cold, gnu::noinline]] inline std::string_view suspicion_of_connection(std::string_view text) {
  if (text.starts_with("sqlite") || text.starts_with("file:") || text == ":memory:") return {};
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return suspicion_of_list(text);
  std::string_view rest = text.substr(scheme + 3);
  const std::size_t authority = rest.find_first_of("/?");
  const std::size_t user_end = rest.substr(0, authority).rfind('@');
  const std::string_view user = user_end == std::string_view::npos ? std::string_view{} : rest.substr(0, user_end);
  std::string_view found = command_characters(dovetail::detail::decoded(user.substr(0, user.find(':'))));
  if (found.empty()) found = command_characters(user);  // a password's own are to be percent-encoded
  if (!found.empty()) return found;
  if (user_end != std::string_view::npos) rest.remove_prefix(user_end + 1);
  const std::size_t query = rest.find('?');
  found = suspicion_of_value("host", dovetail::detail::decoded(rest.substr(0, query)));
  if (!found.empty()) return found;
  for (std::string_view parts = query == std::string_view::npos ? std::string_view{} : rest.substr(query + 1);
       !parts.empty();) {
    const std::string_view part = parts.substr(0, parts.find('&'));
    parts.remove_prefix(part.size() < parts.size() ? part.size() + 1 : part.size());
    const std::size_t equals = part.find('=');
    const std::string_view value = equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1);
    const std::string name = dovetail::detail::decoded(part.substr(0, equals));  // as the client reads it
    found = suspicion_of_pair(name, dovetail::detail::decoded(value));
    if (!found.empty()) return found;
  }
  return {};
}

}  // namespace dovetail::inline v0::asyncsql::detail
