// Connection strings: the parts of `scheme://user:password@host:port/path?name=value` and of `scheme:path?name=value`.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/base/secret.hpp>
#include <dovetail/base/uri_syntax.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// One of the hosts of a connection string.
struct uri_host {
  std::string name;        ///< decoded, without brackets
  std::uint16_t port = 0;  ///< 0 when the connection string has none
  bool is_ipv6 = false;    ///< it was an address in brackets

  friend bool operator==(const uri_host&, const uri_host&) = default;
};

/// One `name=value` behind the '?'. The value is a secret because it may be a key.
struct uri_parameter {
  std::string name;
  secret value;
  bool has_value = false;  ///< there was a '='
};

/// A connection string taken apart; all parts are decoded.
struct uri {
  std::string scheme;  ///< in lower case
  std::string user;
  secret password;
  std::vector<uri_host> hosts;  ///< in the order of the text; none in `sqlite:file` and `sqlite:///file`
  std::string path;             ///< with its slash: "/app" in `postgresql://localhost/app`, "file" in `sqlite:file`
  std::vector<uri_parameter> parameters;  ///< in the order of the text, repeated ones too
  bool has_authority = false;             ///< there was a '//' behind the scheme
  bool has_password = false;              ///< there was a ':' behind the user
  /// There is an '@' where it may end a password that lacks an escape, so that host, port, path and the names of
  /// parameters may be pieces of a password: messages must not quote them.
  bool may_hide_password = false;

  /// The path without the slash in front: the name of a database.
  std::string_view database() const noexcept {
    return std::string_view{path}.substr(has_authority && path.starts_with('/') ? 1 : 0);
  }

  /// The connection string for messages and logs: without password and parameters.
  std::string public_text() const {
    std::string text = scheme + (has_authority ? "://" : ":");
    if (may_hide_password) return text.append(secret::redacted());
    if (!user.empty() || has_password) {
      text += user;
      if (has_password) text.append(":").append(secret::redacted());
      text += '@';
    }
    bool is_first = true;
    for (const uri_host& host : hosts) {
      if (!is_first) text += ',';
      is_first = false;
      const std::string_view name = host.name;
      text.append(host.is_ipv6 ? "[" : "").append(name).append(host.is_ipv6 ? "]" : "");
      if (host.port != 0) text.append(":").append(std::to_string(host.port));
    }
    return text + path;
  }
};

namespace detail {

inline std::string decoded(std::string_view text) {
  std::string plain(text.size(), '\0');
  plain.resize(static_cast<std::size_t>(decode_escapes(plain.data(), text) - plain.data()));
  return plain;
}

/// True when a message may quote `text`: short, and nothing that separates a password from something else.
inline bool may_be_shown(std::string_view text) noexcept {
  for (const char c : text) {
    if (!is_ascii_letter(c) && !is_ascii_digit(c) && std::string_view{"_-.+ "}.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return !text.empty() && text.size() <= 48;
}

/// Says what is wrong without quoting anything but the name of a parameter.
inline error_info uri_error(const uri_problem& problem, std::string_view parameter, bool is_host_one_of_several,
                            bool has_at_behind) {
  std::string part;
  switch (problem.part) {
    case uri_part::whole:
      part = "the connection string";
      break;
    case uri_part::user:
      part = "the user";
      break;
    case uri_part::password:
      part = "the password";
      break;
    case uri_part::host:
      part = is_host_one_of_several ? "host " + std::to_string(problem.ordinal + 1) : "the host";
      break;
    case uri_part::path:
      part = "the path";
      break;
    case uri_part::parameter_name:
      part = "the name of parameter " + std::to_string(problem.ordinal + 1);
      break;
    case uri_part::parameter_value:
      part = may_be_shown(parameter) ? "the value of parameter '" + std::string{parameter} + "'"
                                     : "the value of parameter " + std::to_string(problem.ordinal + 1);
      break;
  }
  std::string text;
  switch (problem.what) {
    case uri_mistake::none:
      return {};
    case uri_mistake::empty:
      return {errc::malformed_connection_string, "the connection string is empty"};
    case uri_mistake::no_scheme:
      return {errc::malformed_connection_string,
              "the connection string must begin with a scheme, as in 'sqlite:file.db' or 'postgresql://host/database'"};
    case uri_mistake::control_character:
      text = "the connection string has a control character in it (write it as % and two hexadecimal digits)";
      break;
    case uri_mistake::fragment:
      text = "a connection string has no '#' (write %23 for the character itself)";
      break;
    case uri_mistake::at_in_path:
      text = "an '@' stands in the path (in a password write '/' as %2F, in a path write '@' as %40)";
      break;
    case uri_mistake::open_bracket:
      text = part + " has a '[' without a ']'";
      break;
    case uri_mistake::behind_bracket:
      text = part + " has something other than ':' and a port behind its ']'";
      break;
    case uri_mistake::no_ip_address:
      text = part + " has something else than an IPv6 address between its brackets";
      break;
    case uri_mistake::missing_brackets:
      text = part + " has more than one ':' (an IPv6 address needs brackets: [::1]:5432)";
      break;
    case uri_mistake::empty_host:
      text = part + " is empty";
      break;
    case uri_mistake::bad_host:
      text = part + " has a character that no host name has";
      break;
    case uri_mistake::empty_port:
      text = part + " has a ':' without a port behind it";
      break;
    case uri_mistake::bad_port:
      text = "the port of " + part + " is not a number from 1 to 65535";
      break;
    case uri_mistake::bad_escape:
      text = part + " has a '%' without two hexadecimal digits behind it (write %25 for the character itself)";
      break;
    case uri_mistake::zero_byte:
      text = part + " has an escaped zero byte, which is refused";
      break;
    case uri_mistake::unnamed_parameter:
      text = "parameter " + std::to_string(problem.ordinal + 1) + " of the connection string has a value but no name";
      break;
  }
  if (has_at_behind && problem.part == uri_part::host) {
    text += "; if that is a piece of a password, write '/' as %2F and '?' as %3F there";
  }
  return {errc::malformed_connection_string, text + ", at character " + std::to_string(problem.position + 1)};
}

}  // namespace detail

/// Takes a connection string apart.
/// Several hosts are separated by commas; IPv6 addresses are in brackets. A '+' is a '+', never a space. The last '@'
/// in front of the path ends the password, so that only '/', '?', '#' and '%' need escapes in it.
/// Errors: errc::malformed_connection_string, which names the part and its place, and quotes nothing but the names of
/// parameters.
inline result<uri> parse_uri(std::string_view text) {
  const detail::uri_parts parts = detail::split_uri(text);
  const std::size_t behind_hosts = parts.hosts.position + parts.hosts.text.size();
  const bool has_at_behind = parts.has_authority && text.find('@', behind_hosts) != text.npos;
  const bool has_several_hosts = parts.hosts.text.find(',') != text.npos;
  const auto failure = [&](const detail::uri_problem& problem, std::string_view parameter) {
    return detail::uri_error(problem, parameter, has_several_hosts, has_at_behind);
  };
  if (parts.problem.what != detail::uri_mistake::none) return failure(parts.problem, {});

  uri read;
  for (const char c : parts.scheme.text) read.scheme += ascii_lower(c);
  read.user = detail::decoded(parts.user.text);
  read.password = secret{detail::decoded(parts.password.text)};
  read.path = detail::decoded(parts.path.text);
  read.has_authority = parts.has_authority;
  read.has_password = parts.has_password;
  read.may_hide_password = parts.may_hide_password;

  detail::uri_piece rest = parts.hosts;
  const auto commas = std::count(rest.text.begin(), rest.text.end(), ',');
  for (std::ptrdiff_t i = 0; i <= commas && !parts.hosts.empty(); ++i) {
    detail::uri_host_parts host;
    const detail::uri_problem problem = detail::take_host(rest, read.hosts.size(), host);
    if (problem.what != detail::uri_mistake::none) return failure(problem, {});
    read.hosts.push_back({detail::decoded(host.name.text), host.port, host.is_ipv6});
  }

  rest = parts.query;
  for (std::size_t ordinal = 0; !rest.empty(); ++ordinal) {
    detail::uri_parameter_parts parameter;
    const detail::uri_problem problem = detail::take_parameter(rest, ordinal, parameter);
    if (problem.what != detail::uri_mistake::none) {
      return failure(problem, parts.may_hide_password ? std::string_view{} : parameter.name.text);
    }
    if (parameter.name.empty()) continue;
    read.parameters.push_back(
        {detail::decoded(parameter.name.text), secret{detail::decoded(parameter.value.text)}, parameter.has_value});
  }
  return read;
}

}  // namespace dovetail::inline v0
