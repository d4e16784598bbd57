// Request targets (RFC 9112 section 3.2): their forms, their parts, and escapes (RFC 3986 section 2.1).
#pragma once

#include <dovetail/base/text.hpp>
#include <dovetail/base/uri_syntax.hpp>
#include <dovetail/format/http1/characters.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::http1 {

/// The forms of a request target.
enum class target_form : std::uint8_t {
  origin,     ///< /path?query
  absolute,   ///< http://host/path?query
  authority,  ///< host:port, of CONNECT
  asterisk,   ///< *, of OPTIONS
};

/// Path and query of a target, escapes and all; the query is without its '?'.
struct target_parts {
  std::string_view path;
  std::string_view query;
};

namespace detail {

/// True when all of `text` is characters of the class and whole escapes.
constexpr bool is_escaped_text(std::string_view text, character_class what) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_in(text[i], what)) continue;
    if (text[i] != '%' || text.size() - i < 3 || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) return false;
    i += 2;
  }
  return true;
}

/// True for a host with an optional port, as Host and targets have it.
constexpr bool is_authority(std::string_view text, bool needs_port) noexcept {
  std::size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == text.npos || !dovetail::detail::is_ipv6_address(text.substr(1, end - 1))) return false;
    ++end;
  } else {
    end = (std::min)(text.find(':'), text.size());
    if (!is_escaped_text(text.substr(0, end), host_character)) return false;
  }
  std::string_view port = text.substr(end);
  if (port.empty()) return !needs_port;
  if (port.front() != ':') return false;
  port.remove_prefix(1);
  std::uint16_t number = 0;
  if (port.empty()) return !needs_port;
  return is_ascii_digit(port.front()) && parse_integer(port, number) && end != 0;
}

/// Behind `http://` or `https://`; nothing when the target begins otherwise.
constexpr std::string_view behind_scheme(std::string_view target) noexcept {
  for (const std::string_view scheme : {std::string_view{"http://"}, std::string_view{"https://"}}) {
    if (starts_with_ignoring_case(target, scheme)) return target.substr(scheme.size());
  }
  return {};
}

constexpr bool is_path_and_query(std::string_view text) noexcept {
  const std::size_t mark = (std::min)(text.find('?'), text.size());
  return is_escaped_text(text.substr(0, mark), path_character) &&
         is_escaped_text(text.substr((std::min)(mark + 1, text.size())), query_character);
}

/// Finds the form of a target and checks all of it. `authority` gets that of an absolute target or of CONNECT.
constexpr bool read_target(std::string_view method, std::string_view target, target_form& form,
                           std::string_view& authority) noexcept {
  authority = {};
  if (method == "CONNECT") {
    form = target_form::authority;
    authority = target;
    return is_authority(target, true);
  }
  if (target.starts_with('/')) {
    form = target_form::origin;
    return is_path_and_query(target);
  }
  if (target == "*") {
    form = target_form::asterisk;
    return method == "OPTIONS";
  }
  form = target_form::absolute;
  const std::string_view rest = behind_scheme(target);
  authority = rest.substr(0, rest.find_first_of("/?"));
  return !authority.empty() && is_authority(authority, false) && is_path_and_query(rest.substr(authority.size()));
}

}  // namespace detail

/// Path and query of a target in origin or absolute form; the path of `http://host` is "/".
constexpr target_parts split_target(std::string_view target) noexcept {
  if (!target.starts_with('/')) {
    target = detail::behind_scheme(target);
    target.remove_prefix((std::min)(target.find_first_of("/?"), target.size()));
  }
  const std::size_t mark = (std::min)(target.find('?'), target.size());
  const std::string_view path = target.substr(0, mark);
  return {path.empty() ? std::string_view{"/"} : path, target.substr((std::min)(mark + 1, target.size()))};
}

/// How many characters `write_escaped` writes.
constexpr std::size_t escaped_size(std::string_view text) noexcept {
  std::size_t size = text.size();
  for (const char c : text) size += detail::is_in(c, detail::unreserved_character) ? 0 : 2;
  return size;
}

/// Writes `text` at `out` as a piece of a path or of a query: all but letters, digits and `-._~` as % and two
/// hexadecimal digits. Gives its end.
constexpr char* write_escaped(char* out, std::string_view text) noexcept {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    if (detail::is_in(c, detail::unreserved_character)) {
      *out++ = c;
    } else {
      *out++ = '%';
      *out++ = digits[static_cast<unsigned char>(c) >> 4];
      *out++ = digits[static_cast<unsigned char>(c) & 15];
    }
  }
  return out;
}

/// As `write_escaped`, behind what `out` has.
inline void append_escaped(std::string& out, std::string_view text) {
  const std::size_t size = out.size();
  out.resize(size + escaped_size(text));
  write_escaped(out.data() + size, text);
}

/// Reads the escapes of `text` into `out`; with `plus_is_space` a '+' is a space, as in forms.
/// False, and `out` is as before, when a '%' is without its two hexadecimal digits.
inline bool unescape(std::string_view text, std::string& out, bool plus_is_space = false) {
  for (std::size_t i = text.find('%'); i != text.npos; i = text.find('%', i + 3)) {
    if (text.size() - i < 3 || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0) return false;
  }
  std::string plain(text.size(), '\0');
  char* to = plain.data();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      *to++ = static_cast<char>(static_cast<unsigned char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
      i += 2;
    } else {
      *to++ = plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  plain.resize(static_cast<std::size_t>(to - plain.data()));
  out = std::move(plain);
  return true;
}

/// Finds the first `name=value` of a query by its name, escapes read, a '+' taken as a space. False when there is none,
/// or when its escapes are wrong.
inline bool find_query_parameter(std::string_view query, std::string_view name, std::string& value) {
  std::string read;
  while (!query.empty()) {
    const std::size_t end = (std::min)(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix((std::min)(end + 1, query.size()));
    const std::size_t equals = (std::min)(pair.find('='), pair.size());
    if (!unescape(pair.substr(0, equals), read, true) || read != name) continue;
    return unescape(pair.substr((std::min)(equals + 1, pair.size())), value, true);
  }
  return false;
}

}  // namespace dovetail::inline v0::http1
