// Connection strings: the parts of `scheme://user:password@host:port/path?name=value` and of `scheme:path?name=value`.
#pragma once

#include <dovetail/base/parts.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/base/secret.hpp>
#include <dovetail/base/uri_syntax.hpp>

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
  /// There is an '@', or its escape, where it may end a password that lacks an escape, so that host, port, path and the
  /// names of parameters may be pieces of a password: messages must not quote them.
  bool may_hide_password = false;

  /// The path without the slash in front: the name of a database.
  std::string_view database() const noexcept {
    return std::string_view{path}.substr(has_authority && path.starts_with('/') ? 1 : 0);
  }

  /// The connection string for messages and logs: without password and parameters.
  std::string public_text() const;
};

namespace detail {

[[gnu::cold, gnu::noinline]] inline std::string decoded(std::string_view text) {
  std::string plain{text};  // never shorter than what it stands for
  plain.erase(static_cast<std::size_t>(decode_escapes(plain.data(), text) - plain.data()));
  return plain;
}

/// True when a message may quote `text`: short, and nothing that separates a password from something else.
bool may_be_shown(std::string_view text) noexcept;

inline std::size_t count_of(std::string_view text, char mark) noexcept {
  std::size_t count = 0;
  for (const char c : text) count += c == mark ? 1 : 0;
  return count;
}

/// Says what is wrong without quoting anything but the name of a parameter.
error_info uri_error(const uri_problem& problem, std::string_view parameter, bool is_host_one_of_several,
                     bool has_at_behind);

}  // namespace detail

/// Takes a connection string apart.
/// Several hosts are separated by commas; IPv6 addresses are in brackets. A '+' is a '+', never a space. The last '@'
/// in front of the path ends the password, so that only '/', '?', '#' and '%' need escapes in it.
/// Errors: errc::malformed_connection_string, which names the part and its place, and quotes nothing but the names of
/// parameters.
result<uri> parse_uri(std::string_view text);

namespace detail {

/// The same, into an empty `read`: a result and its value are much code. Of a failure it holds nothing that is whole.
error_info parse_uri_into(std::string_view text, uri& read);

}  // namespace detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE std::string uri::public_text() const {
  std::string text;
  detail::append_parts(text, {scheme, has_authority ? "://" : ":"});
  if (may_hide_password) return text.append(secret::redacted());
  if (!user.empty() || has_password) {
    text += user;
    if (has_password) detail::append_parts(text, {":", secret::redacted()});
    text += '@';
  }
  bool is_first = true;
  for (const uri_host& host : hosts) {
    if (!is_first) text += ',';
    is_first = false;
    detail::append_parts(text, {host.is_ipv6 ? "[" : "", host.name, host.is_ipv6 ? "]" : ""});
    if (host.port != 0) detail::append_parts(text, {":", detail::number_text{host.port}});
  }
  return text.append(path);
}

}  // namespace dovetail::inline v0
namespace dovetail::inline v0 {
namespace detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool may_be_shown(std::string_view text) noexcept {
  for (const char c : text) {
    if (!is_ascii_letter(c) && !is_ascii_digit(c) && std::string_view{"_-.+ "}.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return !text.empty() && text.size() <= 48;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info uri_error(const uri_problem& problem,
                                                                  std::string_view parameter,
                                                                  bool is_host_one_of_several, bool has_at_behind) {
  std::string part;
  const number_text ordinal{problem.ordinal + 1};
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
      part = is_host_one_of_several ? "host " : "the host";
      if (is_host_one_of_several) part += ordinal;
      break;
    case uri_part::path:
      part = "the path";
      break;
    case uri_part::parameter_name:
      append_parts(part, {"the name of parameter ", ordinal});
      break;
    case uri_part::parameter_value:
      if (may_be_shown(parameter)) {
        append_parts(part, {"the value of parameter '", parameter, "'"});
      } else {
        append_parts(part, {"the value of parameter ", ordinal});
      }
      break;
  }
  // In front of the part, and behind it.
  struct wording {
    bool names_part;
    std::string_view before;
    std::string_view behind;
  };
  static constexpr wording words[] = {
      {false, "", ""},
      {false, "the connection string is empty", ""},
      {false, "the connection string must begin with a scheme, as in 'sqlite:file.db' or 'postgresql://host/database'",
       ""},
      {false, "the connection string has a control character in it (write it as % and two hexadecimal digits)", ""},
      {false, "a connection string has no '#' (write %23 for the character itself)", ""},
      {false, "an '@' stands in the path (in a password write '/' as %2F, in a path write '@' as %40)", ""},
      {true, "", " has a '[' without a ']'"},
      {true, "", " has something other than ':' and a port behind its ']'"},
      {true, "", " has something else than an IPv6 address between its brackets"},
      {true, "", " has more than one ':' (an IPv6 address needs brackets: [::1]:5432)"},
      {true, "", " is empty"},
      {true, "", " has a character that no host name has"},
      {true, "", " has a ':' without a port behind it"},
      {true, "the port of ", " is not a number from 1 to 65535"},
      {true, "", " has a '%' without two hexadecimal digits behind it (write %25 for the character itself)"},
      {true, "", " has an escaped zero byte, which is refused"},
  };
  std::string text;
  if (problem.what == uri_mistake::none) return {};
  if (problem.what == uri_mistake::unnamed_parameter) {
    append_parts(text, {"parameter ", ordinal, " of the connection string has a value but no name"});
  } else {
    const wording& said = words[static_cast<std::size_t>(problem.what)];
    append_parts(text, {said.before, said.names_part ? std::string_view{part} : std::string_view{}, said.behind});
  }
  if (problem.what != uri_mistake::empty && problem.what != uri_mistake::no_scheme) {
    if (has_at_behind && problem.part == uri_part::host) {
      text += "; if that is a piece of a password, write '/' as %2F and '?' as %3F there";
    }
    append_parts(text, {", at character ", number_text{problem.position + 1}});
  }
  return {errc::malformed_connection_string, std::move(text)};
}

}  // namespace detail
}  // namespace dovetail::inline v0
namespace dovetail::inline v0 {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE result<uri> parse_uri(std::string_view text) {
  uri read;
  if (error_info failure = detail::parse_uri_into(text, read)) return failure;
  return read;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info detail::parse_uri_into(std::string_view text, uri& read) {
  const detail::uri_parts parts = detail::split_uri(text);
  const std::size_t behind_hosts = parts.hosts.position + parts.hosts.text.size();
  const bool has_at_behind = parts.has_authority && text.find('@', behind_hosts) != text.npos;
  const bool has_several_hosts = parts.hosts.text.find(',') != text.npos;
  detail::uri_problem problem = parts.problem;
  std::string_view parameter_at_fault;
  if (problem.what == detail::uri_mistake::none) {
    for (const char c : parts.scheme.text) read.scheme += ascii_lower(c);
    read.user = detail::decoded(parts.user.text);
    read.password = secret{detail::decoded(parts.password.text)};
    read.path = detail::decoded(parts.path.text);
    read.has_authority = parts.has_authority;
    read.has_password = parts.has_password;
    read.may_hide_password = parts.may_hide_password;
  }

  // Room for all, made once: vectors that grow are much code.
  detail::uri_piece rest = parts.hosts;
  if (problem.what == detail::uri_mistake::none && !rest.empty()) {
    read.hosts = std::vector<uri_host>(detail::count_of(rest.text, ',') + 1);
    for (std::size_t i = 0; i < read.hosts.size() && problem.what == detail::uri_mistake::none; ++i) {
      detail::uri_host_parts host;
      problem = detail::take_host(rest, i, host);
      if (problem.what != detail::uri_mistake::none) break;
      read.hosts[i].name = detail::decoded(host.name.text);
      read.hosts[i].port = host.port;
      read.hosts[i].is_ipv6 = host.is_ipv6;
    }
  }

  rest = parts.query;
  if (problem.what == detail::uri_mistake::none && !rest.empty()) {
    read.parameters = std::vector<uri_parameter>(detail::count_of(rest.text, '&') + 1);
    std::size_t count = 0;
    for (std::size_t ordinal = 0; !rest.empty(); ++ordinal) {
      detail::uri_parameter_parts parameter;
      problem = detail::take_parameter(rest, ordinal, parameter);
      if (problem.what != detail::uri_mistake::none) {
        if (!parts.may_hide_password) parameter_at_fault = parameter.name.text;
        break;
      }
      if (parameter.name.empty()) continue;
      uri_parameter& next = read.parameters[count++];
      next.name = detail::decoded(parameter.name.text);
      next.value = secret{detail::decoded(parameter.value.text)};
      next.has_value = parameter.has_value;
    }
    while (read.parameters.size() > count) read.parameters.pop_back();
  }
  if (problem.what != detail::uri_mistake::none) {
    return detail::uri_error(problem, parameter_at_fault, has_several_hosts, has_at_behind);
  }
  return {};
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
