// The environment's variables in the texts of a configuration.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/uri_syntax.hpp>
#include <dovetail/client/asyncsql/config_address.hpp>
#include <dovetail/client/asyncsql/config_calls.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::asyncsql::detail {

/// What in a template of a connection string stands behind a variable, up to the end of the servers, has an '@': the
/// variable is in front of the servers then.
[[gnu::cold, gnu::noinline]] inline bool has_servers_behind(std::string_view rest) noexcept {
  while (!rest.empty()) {
    const std::size_t at = rest.find_first_of("@/?$");
    if (at == std::string_view::npos || rest[at] == '/' || rest[at] == '?') return false;
    if (rest[at] == '@') return true;
    const std::size_t end = rest.substr(at).starts_with("${") ? rest.find('}', at) : at;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return false;
}

/// Appends a variable's value to the beginning of a connection string, such that it is one piece of the part where it
/// stands, whatever characters it has: escaped in a URI, behind backslashes in libpq's words. What begins the text
/// brings its own parts and stands as it is. `rest` is the template behind the variable.
/// False where a user's name would have a ':' in it: it may be a user and a password.
[[gnu::cold, gnu::noinline]] inline bool append_piece(std::string& done, std::string_view value,
                                                      std::string_view rest) {
  const std::size_t colon = done.find(':');
  const bool is_uri = colon != std::string::npos && dovetail::detail::is_scheme(done.substr(0, colon));
  if (done.empty() || (!is_uri && done.find('=') == std::string::npos)) {
    done += value;
    return true;
  }
  if (!is_uri) {
    const std::size_t before = done.find_last_not_of(" \t\n\v\f\r");
    const bool is_whole = done[before] == '=' && (rest.empty() || std::string_view{" \t\n\v\f\r"}.find(rest.front()) !=
                                                                      std::string_view::npos);
    if (value.empty() && is_whole) done += "''";  // else the next word would be the value
    for (const char c : value) {
      if (c == '\\' || c == '\'' || c == ' ' || (c >= '\t' && c <= '\r')) done += '\\';
      done += c;
    }
    return true;
  }
  const std::string_view behind = std::string_view{done}.substr(colon + 1);
  const bool is_file = done.starts_with("sqlite:");
  if (behind.find('?') != std::string_view::npos) {
    append_escaped(done, value);
  } else if (!is_file && behind.starts_with("//") && behind.find('/', 2) == std::string_view::npos) {
    if (has_servers_behind(rest)) {
      if (behind.find(':') == std::string_view::npos && value.find(':') != std::string_view::npos) return false;
      append_escaped(done, value);
    } else {
      append_escaped(done, value, ":,[]");
    }
  } else {
    // A second slash at the beginning would make a server's name of the path.
    const bool is_second = done.ends_with('/') && behind != "//" && value.starts_with('/');
    if (is_second || value.starts_with("//")) {
      done += is_second ? "%2F" : "/%2F";
      value.remove_prefix(is_second ? 1 : 2);
    }
    append_escaped(done, value, "/:");
  }
  return true;
}

/// Puts the environment's variables into the text of a setting.
[[gnu::cold, gnu::noinline]] inline error_info substitute(std::string& text, variable_lookup variables,
                                                          std::string_view setting) {
  using dovetail::detail::append_parts;
  const bool is_connection = setting == "connection_string" || setting == "url";
  std::string done;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t dollar = text.find('$', at);
    done.append(text, at, dollar - at);
    if (dollar == std::string::npos) break;
    const char next = dollar + 1 < text.size() ? text[dollar + 1] : '\0';
    const std::size_t end = next == '{' ? text.find('}', dollar) : std::string::npos;
    if (end != std::string::npos) {
      const std::string name = text.substr(dollar + 2, end - dollar - 2);
      const char* const value = variables(name.c_str());
      std::string context;
      if (value == nullptr) {
        append_parts(context, {"Environment variable '", name, "' not found, in '", setting, "'"});
      } else if (!is_connection) {
        done += value;
      } else if (!append_piece(done, value, std::string_view{text}.substr(end + 1))) {
        append_parts(context, {"Environment variable '", name, "' has a ':' where '", setting,
                               "' has the user: give 'password' as a setting of its own"});
      }
      if (!context.empty()) return {make_error_code(errc::invalid_option), std::move(context)};
      at = end + 1;
    } else {
      done += '$';
      at = dollar + (next == '$' ? 2 : 1);
    }
  }
  text = std::move(done);
  return {};
}

}  // namespace dovetail::inline v0::asyncsql::detail
