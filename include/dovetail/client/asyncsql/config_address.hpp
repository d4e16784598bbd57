// A connection string made of the parts of a database's address.
#pragma once

#include <dovetail/base/name.hpp>
#include <dovetail/base/option_reader.hpp>
#include <dovetail/base/secret.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::asyncsql::detail {

[[gnu::cold, gnu::noinline]] inline void append_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_ascii_letter(c) || is_ascii_digit(c) || c == '-' || c == '_' || c == '.' || c == '~') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
}

/// The parts of a database's address.
struct address_parts {
  std::string type;
  std::string host;
  std::string database;
  std::string user;
  secret password;
  std::uint16_t port = 0;
  bool has_any = false;
};

[[gnu::cold, gnu::noinline]] inline secret join_address(option_reader& reader, const address_parts& from) {
  const bool is_sqlite = from.type == "sqlite";
  std::string text;
  if (is_sqlite) {
    if (!from.host.empty() || !from.user.empty() || from.port != 0) {
      reader.problem(errc::invalid_option, "a SQLite database has no 'host', 'port' or 'user'");
    }
    if (from.database.empty()) reader.problem(errc::invalid_option, "SQLite requires database path: 'database'");
    return secret{text.append("sqlite:").append(from.database)};
  }
  if (from.host.empty() || from.database.empty()) {
    reader.problem(errc::invalid_option, from.type + " requires host and database or connection_string");
  }
  const std::string_view hidden = from.password.reveal();
  if (from.user.find('\0') != std::string::npos || hidden.find('\0') != std::string_view::npos) {
    reader.problem(errc::invalid_option, "'user' or 'password' contains a NUL character, which is refused");
  }
  text += from.type == "mysql" ? "mysql://" : "postgresql://";
  append_escaped(text, from.user);
  if (!from.password.empty()) {
    text += ':';
    append_escaped(text, hidden);
  }
  if (!from.user.empty() || !from.password.empty()) text += '@';
  const bool is_v6 = from.host.find(':') != std::string::npos;
  text += is_v6 ? "[" : "";
  if (is_v6) {
    text += from.host;
  } else {
    append_escaped(text, from.host);
  }
  text += is_v6 ? "]" : "";
  if (from.port != 0) text.append(":").append(std::to_string(from.port));
  text += '/';
  append_escaped(text, from.database);
  return secret{std::move(text)};
}

}  // namespace dovetail::inline v0::asyncsql::detail
