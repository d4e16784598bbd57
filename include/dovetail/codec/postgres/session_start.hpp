// What the server says between the log-in and its first ReadyForQuery.
#pragma once

#include <dovetail/codec/postgres/connection_facts.hpp>
#include <dovetail/codec/postgres/message.hpp>
#include <dovetail/codec/postgres/options.hpp>

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::postgres::detail {

enum class session_fact : std::uint8_t { taken, ready, unexpected };

/// Takes ParameterStatus, BackendKeyData or ReadyForQuery; anything else, and what is malformed, is unexpected.
session_fact take_session_fact(connection_facts& facts, const message& found);

/// Is this the body of a NegotiateProtocolVersion that we can live with? The server has an older minor version, which
/// is fine, or lacks an option, of which we ask none.
bool is_older_version(byte_view body, const connect_options& how) noexcept;

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

DOVETAIL_DEFINE session_fact take_session_fact(connection_facts& facts, const message& found) {
  message_reader reader{found.body};
  std::uint32_t process = 0;
  std::string_view name, value;
  switch (found.type) {
    case from_server::parameter_status:
      if (!reader.text(name) || !reader.text(value) || !reader.at_end() || !facts.parameters.set(name, value)) break;
      return session_fact::taken;
    case from_server::backend_key_data:
      if (!reader.u32(process) || reader.left() < 4 || !facts.key.assign(process, reader.rest())) break;
      return session_fact::taken;
    case from_server::ready_for_query:
      if (found.body.size() != 1 || static_cast<char>(found.body[0]) != 'I') break;
      return session_fact::ready;
    default:
      break;
  }
  return session_fact::unexpected;
}

DOVETAIL_DEFINE bool is_older_version(byte_view body, const connect_options& how) noexcept {
  message_reader reader{body};
  std::uint32_t newest = 0;
  std::uint32_t unknown_options = 0;
  return reader.u32(newest) && reader.u32(unknown_options) && unknown_options == 0 && reader.at_end() &&
         newest >= static_cast<std::uint32_t>(protocol_version::v3_0) &&
         newest < static_cast<std::uint32_t>(how.newest_protocol);
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
