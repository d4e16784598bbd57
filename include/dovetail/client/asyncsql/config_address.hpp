// A connection string made of the parts of a database's address.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/base/option_reader.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/secret.hpp>
#include <dovetail/base/text.hpp>
#include <dovetail/base/uri.hpp>
#include <dovetail/base/uri_syntax.hpp>
#include <dovetail/client/asyncsql/config_calls.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::asyncsql::detail {

/// Appends `text` with an escape for everything that may mean something in a URI, but for the characters in `kept`.
[[gnu::cold, gnu::noinline]] inline void append_escaped(std::string& out, std::string_view text,
                                                        std::string_view kept = {}) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_ascii_letter(c) || is_ascii_digit(c) || c == '-' || c == '_' || c == '.' || c == '~' ||
        kept.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
}

/// The parts of a database's address. `host` and `port` may be lists, as libpq's are.
struct address_parts {
  std::string type;
  std::string host;
  std::string port;
  std::string database;
  std::string user;
  secret password;
  std::string given;  ///< the names of those that are there: "'host', 'port'"
};

/// Takes what is in front of the first comma off the front, and the comma; `is_last` when there was none.
[[gnu::cold, gnu::noinline]] inline std::string_view take_item(std::string_view& list, bool& is_last) noexcept {
  const std::size_t comma = list.find(',');
  const std::string_view item = list.substr(0, comma);
  is_last = comma == std::string_view::npos;
  list.remove_prefix(is_last ? list.size() : comma + 1);
  return item;
}

/// The servers with their ports: one port for all of them, or one for each.
[[gnu::cold, gnu::noinline]] inline void append_servers(option_reader& reader, std::string& to,
                                                        const address_parts& from) {
  std::string_view hosts = from.host;
  std::string_view ports = from.port;
  const bool has_port_each = from.port.find(',') != std::string::npos;
  if (from.type == "mysql" && from.host.find(',') != std::string::npos) {
    reader.problem(errc::invalid_option, "'host' has several servers, which only PostgreSQL's client knows");
  }
  bool is_last = false;
  bool is_last_port = !has_port_each;
  std::string_view port = from.port;
  for (bool is_first = true; !is_last; is_first = false) {
    std::string_view host = take_item(hosts, is_last);
    if (has_port_each) {
      if (!is_first && is_last_port) {
        reader.problem(errc::invalid_option, "'port' has fewer values than 'host' has servers");
        return;
      }
      port = take_item(ports, is_last_port);
    }
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    const bool is_v6 = dovetail::detail::is_ipv6_address(host.substr(0, host.find('%')));
    if (host.empty()) {
      reader.problem(errc::invalid_option, "'host' has a server without a name");
    } else if (!is_v6 && !host.starts_with('/') && host.find(':') != std::string_view::npos) {
      reader.problem(errc::invalid_option, "'host' has a ':' in it: the port stands in 'port'");
    }
    to += is_first ? "" : ",";
    to += is_v6 ? "[" : "";
    append_escaped(to, host, is_v6 ? ":" : "");
    to += is_v6 ? "]" : "";
    std::uint16_t number = 0;
    if (port.empty()) continue;
    if (!is_ascii_digit(port.front()) || !parse_integer(port, number) || number == 0) {
      reader.problem(errc::invalid_option,
                     "'port' must be a whole number from 1 to 65535, or a list with one for each server of 'host'");
      return;
    }
    dovetail::detail::append_parts(to, {":", dovetail::detail::number_text{number}});
  }
  if (has_port_each && !is_last_port) {
    reader.problem(errc::invalid_option, "'port' has more values than 'host' has servers");
  }
}

[[gnu::cold, gnu::noinline]] inline secret join_address(option_reader& reader, const address_parts& from) {
  const std::string_view hidden = from.password.reveal();
  for (const std::string_view each :
       {std::string_view{from.user}, hidden, std::string_view{from.host}, std::string_view{from.database}}) {
    if (each.find('\0') == std::string_view::npos) continue;
    reader.problem(errc::invalid_option,
                   "'host', 'database', 'user' or 'password' contains a NUL character, which is refused");
    break;
  }
  std::string text;
  if (from.type == "sqlite") {
    std::string foreign;
    for (const std::string_view each : {"host", "port", "user", "password"}) {
      if (!reader.has(each)) continue;
      dovetail::detail::append_parts(foreign, {foreign.empty() ? "'" : ", '", each, "'"});
    }
    if (!foreign.empty()) {
      reader.problem(errc::invalid_option,
                     foreign + " contradicts 'database_type' = 'sqlite': a SQLite database is a file and has none");
    }
    if (from.database.empty()) reader.problem(errc::invalid_option, "SQLite requires database path: 'database'");
    text = "sqlite:";
    if (from.database.starts_with("//")) text += "%2F";  // two would begin a server's name
    append_escaped(text, std::string_view{from.database}.substr(from.database.starts_with("//") ? 1 : 0), "/:");
    return secret{std::move(text)};
  }
  if (from.host.empty() || from.database.empty()) {
    reader.problem(errc::invalid_option, from.type + " requires host and database or connection_string");
    return {};
  }
  text += from.type == "mysql" ? "mysql://" : "postgresql://";
  append_escaped(text, from.user);
  if (!from.password.empty()) {
    text += ':';
    append_escaped(text, hidden);
  }
  if (!from.user.empty() || !from.password.empty()) text += '@';
  append_servers(reader, text, from);
  text += '/';
  append_escaped(text, from.database);
  return secret{std::move(text)};
}

/// Whether one of the parameters is a password, however its name is escaped.
[[gnu::cold, gnu::noinline]] inline bool has_password_parameter(std::string_view query) {
  while (!query.empty()) {
    const std::size_t size = query.find('&') < query.size() ? query.find('&') : query.size();
    const std::string_view parameter = query.substr(0, size);
    const std::string_view name = parameter.substr(0, parameter.find('='));
    const auto escapes = dovetail::detail::check_escapes({name, 0}, dovetail::detail::uri_part::parameter_name);
    if (escapes.what == dovetail::detail::uri_mistake::none && dovetail::detail::decoded(name) == "password")
      return true;
    query.remove_prefix(size < query.size() ? size + 1 : size);
  }
  return false;
}

/// Puts a password that stands beside a connection string into it. Without an authority, or where it has a password of
/// its own, the two contradict each other.
[[gnu::cold, gnu::noinline]] inline secret with_password(option_reader& reader, const secret& target,
                                                         const secret& password) {
  const std::string_view text = target.reveal();
  const dovetail::detail::uri_parts parts = dovetail::detail::split_uri(text);
  const bool has_one = parts.has_password || has_password_parameter(parts.query.text);
  if (!parts.has_authority || has_one || parts.scheme.text == "sqlite") {
    reader.problem(errc::invalid_option,
                   has_one ? "'password' and the password in 'connection_string' (or 'url') contradict each other: "
                             "give one of them"
                           : "'password' has no place in this 'connection_string' (or 'url')");
    return target;
  }
  if (password.reveal().find('\0') != std::string_view::npos) {
    reader.problem(errc::invalid_option, "'password' contains a NUL character, which is refused");
  }
  const bool has_user = parts.hosts.position > parts.scheme.text.size() + 3;  // the '@' stands in front of the servers
  std::string made{text.substr(0, parts.hosts.position - (has_user ? 1 : 0))};
  made += ':';
  append_escaped(made, password.reveal());
  made += '@';
  made += text.substr(parts.hosts.position);
  return secret{std::move(made)};
}

/// Where the database of an entry of a file is: its connection string, or one that is made of the parts.
/// `knows_database` is false when its kind was a mistake that has been reported.
[[gnu::cold, gnu::noinline]] inline secret read_address(option_reader& reader, secret target, bool knows_database) {
  address_parts parts;
  reader.text("host", parts.host).text("database", parts.database).text("user", parts.user);
  reader.text("port", parts.port).secret_text("password", parts.password);
  bool has_password_only = reader.has("password");
  for (const std::string_view each : {"host", "port", "database", "user", "password"}) {
    if (!reader.has(each)) continue;
    dovetail::detail::append_parts(parts.given, {parts.given.empty() ? "'" : ", '", each, "'"});
    has_password_only = has_password_only && each == "password";
  }
  enum class kind { unset, postgres, sqlite, mysql } type = kind::unset;
  reader.choice("database_type", type,
                {{"postgresql", kind::postgres},
                 {"postgres", kind::postgres},
                 {"sqlite", kind::sqlite},
                 {"mysql", kind::mysql},
                 {"mariadb", kind::mysql}});
  secret url;
  reader.secret_text("connection_string", target).secret_text("url", url);
  if (!url.empty() && !target.empty()) {
    reader.problem(errc::invalid_option, "'connection_string' and 'url' are the same: give one of them");
  }
  if (target.empty()) target = std::move(url);
  parts.type = type == kind::sqlite ? "sqlite" : type == kind::mysql ? "mysql" : "postgresql";
  if (!target.empty() && !parts.given.empty() && !has_password_only) {
    reader.problem(errc::invalid_option, "'connection_string' (or 'url') and " + parts.given +
                                             " contradict each other: give the one or the others");
  } else if (!target.empty()) {
    if (has_password_only) target = with_password(reader, target, parts.password);
    const std::optional<dialect> found = detect_database(target.reveal());
    const dialect wanted = type == kind::sqlite  ? dialect::sqlite
                           : type == kind::mysql ? dialect::mysql
                                                 : dialect::postgres;
    if (type != kind::unset && found && *found != wanted) {
      reader.problem(errc::invalid_option, "'database_type' and 'connection_string' name different databases");
    }
  } else if (!knows_database) {
    // Reported already; what an address needs depends on it.
  } else if (!parts.given.empty() || type != kind::unset) {
    target = join_address(reader, parts);
  } else {
    reader.problem(errc::invalid_option, "the entry must have 'connection_string' or 'url', or 'host' and 'database'");
  }
  return target;
}

}  // namespace dovetail::inline v0::asyncsql::detail
