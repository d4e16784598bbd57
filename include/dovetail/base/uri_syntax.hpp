// Where the parts of a connection string are, and what is wrong with it; copies nothing and never quotes it.
#pragma once

#include <dovetail/base/text.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::detail {

enum class uri_mistake : std::uint8_t {
  none,
  empty,
  no_scheme,
  control_character,
  fragment,
  at_in_path,
  open_bracket,
  behind_bracket,
  no_ip_address,
  missing_brackets,
  empty_host,
  bad_host,
  empty_port,
  bad_port,
  bad_escape,
  zero_byte,
  unnamed_parameter,
};

enum class uri_part : std::uint8_t { whole, user, password, host, path, parameter_name, parameter_value };

struct uri_problem {
  uri_mistake what = uri_mistake::none;
  uri_part part = uri_part::whole;
  std::size_t position = 0;  // in the connection string, from 0
  std::size_t ordinal = 0;   // of the host or parameter, from 0
};

/// A stretch of the connection string that knows where it begins.
struct uri_piece {
  std::string_view text{};
  std::size_t position = 0;

  constexpr bool empty() const noexcept { return text.empty(); }

  constexpr uri_piece from(std::size_t offset) const noexcept { return {text.substr(offset), position + offset}; }

  /// Takes what is in front of the first `mark` off the front, and the mark; all of it when there is no mark.
  constexpr uri_piece take_until(char mark) noexcept {
    const std::size_t found = text.find(mark);
    const uri_piece front{text.substr(0, found), position};
    *this = found == text.npos ? from(text.size()) : from(found + 1);
    return front;
  }
};

struct uri_parts {
  uri_piece scheme, user, password, hosts, path, query;
  bool has_authority = false;
  bool has_password = false;
  bool may_hide_password = false;
  uri_problem problem{};
};

struct uri_host_parts {
  uri_piece name;
  std::uint16_t port = 0;
  bool is_ipv6 = false;
};

struct uri_parameter_parts {
  uri_piece name, value;
  bool has_value = false;
};

/// The first '%' of `piece` that is no escape of two hexadecimal digits, or an escape of the zero byte.
[[gnu::cold, gnu::noinline]] constexpr uri_problem check_escapes(uri_piece piece, uri_part part,
                                                                 std::size_t ordinal = 0) noexcept {
  const std::string_view text = piece.text;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    const bool is_complete = text.size() - i >= 3 && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    if (!is_complete) return {uri_mistake::bad_escape, part, piece.position + i, ordinal};
    if (text[i + 1] == '0' && text[i + 2] == '0') return {uri_mistake::zero_byte, part, piece.position + i, ordinal};
    i += 2;
  }
  return {};
}

/// Decodes `text`, whose escapes have been checked, at `out`, at most `text.size()` characters; returns their end.
constexpr char* decode_escapes(char* out, std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const int code = hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]);
      *out++ = static_cast<char>(static_cast<unsigned char>(code));
      i += 2;
    } else {
      *out++ = text[i];
    }
  }
  return out;
}

/// True for the text form of an IPv4 address: four numbers up to 255 without leading zeros.
[[gnu::cold, gnu::noinline]] constexpr bool is_ipv4_address(std::string_view text) noexcept {
  for (int part = 0; part < 4; ++part) {
    const std::string_view number = text.substr(0, text.find('.'));
    unsigned value = 256;
    if (number.size() > 3 || (number.size() > 1 && number.front() == '0') || number.starts_with('+')) return false;
    if (!parse_integer(number, value) || value > 255) return false;
    text.remove_prefix(number.size());
    if (part == 3) break;
    if (text.empty()) return false;
    text.remove_prefix(1);
  }
  return text.empty();
}

/// True for the text form of an IPv6 address (RFC 4291 section 2.2), with an IPv4 address as its end or not.
[[gnu::cold, gnu::noinline]] constexpr bool is_ipv6_address(std::string_view text) noexcept {
  int groups = 0;
  bool has_gap = false;
  if (text.starts_with("::")) {
    has_gap = true;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    const std::string_view group = text.substr(0, text.find(':'));
    if (group.find('.') != group.npos) {
      groups += 2;
      if (group.size() != text.size() || !is_ipv4_address(group)) return false;
      break;
    }
    if (group.empty() || group.size() > 4) return false;
    for (const char c : group) {
      if (hex_value(c) < 0) return false;
    }
    ++groups;
    text.remove_prefix(group.size());
    if (text.empty()) break;
    text.remove_prefix(1);
    if (text.empty()) return false;  // a single ':' at the end
    if (text.front() == ':') {
      if (has_gap) return false;
      has_gap = true;
      text.remove_prefix(1);
    }
  }
  return has_gap ? groups < 8 : groups == 8;
}

/// Takes one host with its port off the front of `rest`.
[[gnu::cold, gnu::noinline]] constexpr uri_problem take_host(uri_piece& rest, std::size_t ordinal,
                                                             uri_host_parts& host) noexcept {
  const uri_piece whole = rest.take_until(',');
  const auto mistake = [ordinal](uri_mistake what, std::size_t position) {
    return uri_problem{what, uri_part::host, position, ordinal};
  };
  host = {};
  uri_piece port = whole;
  bool has_port = false;
  if (whole.text.starts_with('[')) {
    const std::size_t end = whole.text.find(']');
    if (end == whole.text.npos) return mistake(uri_mistake::open_bracket, whole.position);
    host.name = {whole.text.substr(1, end - 1), whole.position + 1};
    host.is_ipv6 = true;
    const std::size_t zone = host.name.text.find("%25");  // RFC 6874: [fe80::1%25eth0]
    if (zone != host.name.text.npos && zone + 3 == host.name.text.size()) {
      return mistake(uri_mistake::no_ip_address, whole.position);
    }
    if (!is_ipv6_address(host.name.text.substr(0, zone))) return mistake(uri_mistake::no_ip_address, whole.position);
    port = whole.from(end + 1);
    if (!port.empty()) {
      if (port.text.front() != ':') return mistake(uri_mistake::behind_bracket, port.position);
      has_port = true;
      port = port.from(1);
    }
  } else {
    if (is_ipv6_address(whole.text)) return mistake(uri_mistake::missing_brackets, whole.position);
    has_port = whole.text.find(':') != whole.text.npos;
    host.name = port.take_until(':');
    if (host.name.empty()) return mistake(uri_mistake::empty_host, whole.position);
    if (port.text.find(':') != port.text.npos) return mistake(uri_mistake::missing_brackets, whole.position);
    for (std::size_t i = 0; i < host.name.text.size(); ++i) {
      constexpr std::string_view forbidden = " []<>\"'\\^`{|}";
      if (forbidden.find(host.name.text[i]) != forbidden.npos) {
        return mistake(uri_mistake::bad_host, host.name.position + i);
      }
    }
  }
  if (has_port) {
    if (port.empty()) return mistake(uri_mistake::empty_port, port.position);
    if (!is_ascii_digit(port.text.front()) || !parse_integer(port.text, host.port) || host.port == 0) {
      return mistake(uri_mistake::bad_port, port.position);
    }
  }
  const uri_problem in_name = check_escapes(host.name, uri_part::host, ordinal);
  for (std::size_t i = 0; in_name.what == uri_mistake::none && i < host.name.text.size(); ++i) {
    if (host.name.text[i] != '%') continue;
    const int code = hex_value(host.name.text[i + 1]) * 16 + hex_value(host.name.text[i + 2]);
    // A line feed would end the line of a protocol that says the host's name.
    if (code < 0x20 || code == 0x7F) return mistake(uri_mistake::bad_host, host.name.position + i);
  }
  return in_name;
}

/// Takes one parameter off the front of `rest`; empty ones ("a=1&&b=2") have no name and no value.
[[gnu::cold, gnu::noinline]] constexpr uri_problem take_parameter(uri_piece& rest, std::size_t ordinal,
                                                                  uri_parameter_parts& parameter) noexcept {
  const uri_piece whole = rest.take_until('&');
  parameter = {};
  parameter.value = whole;
  parameter.name = parameter.value.take_until('=');
  parameter.has_value = parameter.name.text.size() != whole.text.size();
  if (parameter.name.empty() && parameter.has_value) {
    return {uri_mistake::unnamed_parameter, uri_part::parameter_name, whole.position, ordinal};
  }
  const uri_problem in_name = check_escapes(parameter.name, uri_part::parameter_name, ordinal);
  return in_name.what != uri_mistake::none ? in_name
                                           : check_escapes(parameter.value, uri_part::parameter_value, ordinal);
}

constexpr bool is_scheme(std::string_view text) noexcept {
  if (text.empty() || !is_ascii_letter(text.front())) return false;
  for (const char c : text) {
    if (!is_ascii_letter(c) && !is_ascii_digit(c) && c != '+' && c != '-' && c != '.') return false;
  }
  return true;
}

/// True when there is an '@', as it is or escaped, as in a connection string that is a parameter of another.
constexpr bool has_at(std::string_view text) noexcept {
  return text.find('@') != text.npos || text.find("%40") != text.npos;
}

/// Splits `scheme://[user[:password]@]hosts[/path][?query]` or `scheme:path[?query]`, and checks everything but hosts
/// and parameters, which `take_host` and `take_parameter` check.
[[gnu::cold, gnu::noinline]] constexpr uri_parts split_uri(std::string_view text) noexcept {
  uri_parts parts;
  const auto mistake = [&parts](uri_mistake what, uri_part part, std::size_t position) {
    parts.problem = {what, part, position, 0};
    return parts;
  };
  if (text.empty()) return mistake(uri_mistake::empty, uri_part::whole, 0);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7F) return mistake(uri_mistake::control_character, uri_part::whole, i);
  }
  if (text.find(':') == text.npos || !is_scheme(text.substr(0, text.find(':')))) {
    return mistake(uri_mistake::no_scheme, uri_part::whole, 0);
  }
  if (text.find('#') != text.npos) return mistake(uri_mistake::fragment, uri_part::whole, text.find('#'));

  parts.query = {text, 0};
  parts.scheme = parts.query.take_until(':');
  parts.path = parts.query.take_until('?');
  if (parts.path.text.starts_with("//")) {
    parts.has_authority = true;
    const uri_piece behind = parts.path.from(2);
    const std::size_t slash = behind.text.find('/');
    parts.path = behind.from(slash == behind.text.npos ? behind.text.size() : slash);
    parts.hosts = {behind.text.substr(0, slash), behind.position};
    const std::size_t at = parts.hosts.text.rfind('@');
    if (at != behind.text.npos) {
      parts.password = {parts.hosts.text.substr(0, at), parts.hosts.position};
      parts.hosts = parts.hosts.from(at + 1);
      const std::size_t length = parts.password.text.size();
      parts.user = parts.password.take_until(':');
      parts.has_password = parts.user.text.size() != length;
    }
    // An unescaped '/' or '?' in a password makes the rest of it look like path and parameters, and the '@' behind it
    // gives that away. A path may be refused; parameters with an '@' in them are common, and are only not quoted.
    if (parts.path.text.find('@') != text.npos)
      return mistake(uri_mistake::at_in_path, uri_part::path, parts.path.position);
    parts.may_hide_password = has_at(parts.query.text);
  } else {
    parts.may_hide_password = has_at(text);  // user:password@host without the '//'
  }
  parts.problem = check_escapes(parts.user, uri_part::user);
  if (parts.problem.what == uri_mistake::none) parts.problem = check_escapes(parts.password, uri_part::password);
  if (parts.problem.what == uri_mistake::none) parts.problem = check_escapes(parts.path, uri_part::path);
  return parts;
}

}  // namespace dovetail::inline v0::detail
