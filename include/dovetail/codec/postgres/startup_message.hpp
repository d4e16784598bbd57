// What a client says before it is logged in: SSLRequest and StartupMessage.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/name.hpp>
#include <dovetail/codec/postgres/message.hpp>
#include <dovetail/codec/postgres/options.hpp>

#include <cstddef>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

/// Asks for TLS; the answer is one byte, 'S' or 'N'.
inline void write_ssl_request(byte_buffer& out) {
  message_writer{out}.begin_untyped().u32(80877103).end();  // documentation, SSLRequest
}

/// A server closes the connection at a longer one, and says nothing.
/// Source: MAX_STARTUP_PACKET_LENGTH in PostgreSQL's src/include/libpq/pqcomm.h, behind the four bytes of the length.
inline constexpr std::size_t longest_startup_message = 10000 + 4;

/// Refuses options that make the server read texts otherwise than they are checked here: a session of ours has
/// `standard_conforming_strings` on and `client_encoding` UTF8. Errors: errc::invalid_option, with the setting's name.
error_info check_text_settings(const connect_options& how);

/// `out` is empty. Errors: errc::invalid_option when the user or a parameter's name is missing, a text cannot be sent,
/// or `check_text_settings` refuses; errc::request_too_large.
error_info write_startup_message(byte_buffer& out, const connect_options& how);

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info check_text_settings(const connect_options& how) {
  constexpr std::string_view conforming = "standard_conforming_strings";
  const auto is_on = [](std::string_view value) {
    return equals_ignoring_case(value, "on") || equals_ignoring_case(value, "true") || value == "1";
  };
  bool is_conforming = true;
  for (const auto& [name, value] : how.session_parameters) {
    if (equals_ignoring_case(name, conforming)) is_conforming = is_conforming && is_on(value);
    if (equals_ignoring_case(name, "client_encoding") && !equals_ignoring_case(value, "utf8") &&
        !equals_ignoring_case(value, "utf-8")) {
      return {errc::invalid_option, "the session parameter 'client_encoding' must be UTF8: texts here are in UTF-8"};
    }
  }
  // In `-c name=value` and `--name=value`. Whatever is spelt otherwise is overruled by the parameter that we send.
  for (std::string_view rest = how.options; !rest.empty(); rest.remove_prefix(1)) {
    if (!starts_with_ignoring_case(rest, conforming) &&
        !starts_with_ignoring_case(rest, "standard-conforming-strings")) {
      continue;
    }
    const std::string_view behind = rest.substr(conforming.size());
    const bool has_value = behind.starts_with('=');
    const std::string_view value = behind.substr(has_value ? 1 : 0);
    is_conforming = is_conforming && has_value && is_on(value.substr(0, value.find(' ')));
  }
  if (is_conforming) return {};
  return {errc::invalid_option,
          "standard_conforming_strings cannot be turned off: the server would read texts otherwise than they are "
          "checked here"};
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info write_startup_message(byte_buffer& out,
                                                                              const connect_options& how) {
  if (how.user.empty()) return {errc::invalid_option, "no user is given to log in as"};
  if (error_info wrong = check_text_settings(how)) return wrong;
  message_writer writer{out};
  writer.begin_untyped().u32(static_cast<std::uint32_t>(how.newest_protocol));
  bool is_text = true;
  const auto set = [&](std::string_view name, std::string_view value) {
    is_text = is_text && may_be_text(name) && may_be_text(value);
    writer.text(name).text(value);
  };
  const auto add = [&set](std::string_view name, std::string_view value) {
    if (!value.empty()) set(name, value);
  };
  add("user", how.user);
  add("database", how.database);  // as the user when it is not said
  add("application_name", how.application_name);
  add("options", how.options);
  add("client_encoding", "UTF8");
  add("DateStyle", "ISO");
  add("standard_conforming_strings",
      "on");  // stronger than `options` and what a role or a database has; known to poolers
  for (const auto& each : how.session_parameters) {
    if (each.first.empty()) return {errc::invalid_option, "a parameter of the session has no name"};
    set(each.first, each.second);  // an empty value is one: no schema in the search_path
  }
  writer.u8(0);
  if (!writer.end() || !is_text) return {errc::invalid_option, "a parameter of the session has a zero byte in it"};
  if (out.size() > longest_startup_message) {
    return {errc::request_too_large, "user, database and the session's parameters are more than 10000 bytes"};
  }
  return {};
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
