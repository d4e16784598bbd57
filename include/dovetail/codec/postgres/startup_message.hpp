// What a client says before it is logged in: SSLRequest and StartupMessage.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/codec/postgres/message.hpp>
#include <dovetail/codec/postgres/options.hpp>

#include <string_view>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

/// Asks for TLS; the answer is one byte, 'S' or 'N'.
inline void write_ssl_request(byte_buffer& out) {
  message_writer{out}.begin_untyped().u32(80877103).end();  // documentation, SSLRequest
}

/// Errors: errc::invalid_option when the user is missing, or a text cannot be sent.
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

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info write_startup_message(byte_buffer& out,
                                                                              const connect_options& how) {
  if (how.user.empty()) return {errc::invalid_option, "no user is given to log in as"};
  message_writer writer{out};
  writer.begin_untyped().u32(static_cast<std::uint32_t>(how.newest_protocol));
  bool is_text = true;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty() || name.empty()) return;
    is_text = is_text && may_be_text(name) && may_be_text(value);
    writer.text(name).text(value);
  };
  add("user", how.user);
  add("database", how.database);  // as the user when it is not said
  add("application_name", how.application_name);
  add("options", how.options);
  add("client_encoding", "UTF8");
  add("DateStyle", "ISO");
  for (const auto& each : how.session_parameters) add(each.first, each.second);
  writer.u8(0);
  if (!writer.end() || !is_text) return {errc::invalid_option, "a parameter of the session has a zero byte in it"};
  return {};
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
