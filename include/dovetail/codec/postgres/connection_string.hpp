// Connection options from the parts of a connection string: libpq's keywords, in a URI or as words.
#pragma once

#include <dovetail/base/option_reader.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/text.hpp>
#include <dovetail/base/uri.hpp>
#include <dovetail/codec/postgres/options.hpp>
#include <dovetail/codec/postgres/words.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres {

/// True for "postgresql://…" and "postgres://…"; anything else is read as words.
inline bool is_uri(std::string_view text) noexcept {
  return text.starts_with("postgresql:") || text.starts_with("postgres:");
}

/// Options as they are collected: first from the environment, then from the connection string, which wins.
/// Errors are left in the reader, for its `finish()`; none holds a password.
class options_reader {
 public:
  connect_options options;
  std::optional<ssl_mode> mode;  ///< when one has been said
  std::string password_file;
  bool asks_for_tls = false;  ///< by a file of certificates or direct negotiation
  bool trusts_system = false;

  /// Reads one source: the authority and path of a URI, and the parameters, which win over them.
  void read(const uri& source, option_reader& reader);

  /// After the last source: makes the servers of the lists, and settles how TLS is verified.
  void finish(option_reader& reader);

 private:
  void read_authority(const uri& source);

  void read_tls(option_reader& reader);

  void read_choices(option_reader& reader);

  /// require_auth: methods that are answered, or, each with a '!', methods that are not.
  void read_authentication(option_reader& reader);

  /// Takes what is in front of the first comma off the front, and the comma.
  static std::string_view take_part(std::string_view& rest) noexcept;

  static std::size_t count_of_parts(std::string_view list) noexcept {
    return list.empty() ? 0 : dovetail::detail::count_of(list, ',') + 1;
  }

  void make_servers(option_reader& reader);

  std::string hosts_, addresses_, ports_;  // lists, separated by commas
};

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif

#include <algorithm>

namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE void options_reader::read(const uri& source, option_reader& reader) {
  read_authority(source);
  reader.text("host", hosts_).text("hostaddr", addresses_).text("port", ports_);
  reader.text("dbname", options.database).text("user", options.user).secret_text("password", options.password);
  reader.text("passfile", password_file)
      .text("application_name", options.application_name)
      .text("options", options.options);
  if (options.application_name.empty())
    reader.text("fallback_application_name", options.application_name);
  else
    reader.has("fallback_application_name");
  reader.seconds("connect_timeout", options.connect_timeout)
      .boolean("keepalives", options.keep_alive)
      .seconds("keepalives_idle", options.keep_alive_idle, std::chrono::seconds{0}, std::chrono::hours{9});
  read_tls(reader);
  read_choices(reader);
  read_authentication(reader);
  std::string encoding = "UTF8";
  reader.text("client_encoding", encoding);
  if (!equals_ignoring_case(encoding, "utf8") && !equals_ignoring_case(encoding, "utf-8") && encoding != "auto") {
    reader.problem(errc::invalid_option, "parameter 'client_encoding' must be UTF8: texts here are in UTF-8");
  }
  reader.integer("cacheStatements", options.statement_cache, 0, 100000)
      .integer("messageLimit", options.message_limit, 64 * 1024, std::size_t{1} << 30)
      .boolean("unnamedStatements", options.unnamed_statements)
      .boolean("includeStatementText", options.include_statement_text);
}

DOVETAIL_DEFINE void options_reader::finish(option_reader& reader) {
  if (!ports_.empty() || !hosts_.empty() || !addresses_.empty()) make_servers(reader);
  options.tls = mode.value_or(asks_for_tls ? ssl_mode::verify_full : ssl_mode::prefer);
  if (options.tls < ssl_mode::require && options.tls_negotiation == ssl_negotiation::direct) {
    reader.problem(errc::invalid_option, "direct TLS needs sslmode 'require', 'verify-ca' or 'verify-full'");
  }
  if (trusts_system && options.tls != ssl_mode::verify_full) {
    reader.problem(errc::invalid_option, "sslrootcert=system needs sslmode 'verify-full'");
  }
  if (options.tls == ssl_mode::disable && options.binding == channel_binding::require) {
    reader.problem(errc::invalid_option, "channel_binding=require and sslmode=disable contradict each other");
  }
}

DOVETAIL_DEFINE void options_reader::read_authority(const uri& source) {
  if (!source.user.empty()) options.user = source.user;
  if (!source.password.empty()) options.password = source.password;
  if (!source.database().empty()) options.database = source.database();
  if (source.hosts.empty()) return;
  hosts_.clear();
  ports_.clear();
  bool has_port = false;
  for (const uri_host& each : source.hosts) {
    const std::string_view comma = &each == source.hosts.data() ? "" : ",";
    has_port = has_port || each.port != 0;
    dovetail::detail::append_parts(hosts_, {comma, each.name});
    dovetail::detail::append_parts(ports_, {comma});
    if (each.port != 0) dovetail::detail::append_parts(ports_, {dovetail::detail::number_text{each.port}});
  }
  if (!has_port) ports_.clear();
}

DOVETAIL_DEFINE void options_reader::read_tls(option_reader& reader) {
  using negotiation = ssl_negotiation;
  if (bool is_on = false; reader.has("ssl")) {
    reader.boolean("ssl", is_on);
    if (is_on)
      asks_for_tls = true;
    else
      mode = ssl_mode::disable;
  }
  ssl_mode said = mode.value_or(ssl_mode::prefer);
  if (reader.has("sslmode")) {
    reader.choice("sslmode", said,
                  {{"disable", ssl_mode::disable},
                   {"allow", ssl_mode::allow},
                   {"prefer", ssl_mode::prefer},
                   {"require", ssl_mode::require},
                   {"verify-ca", ssl_mode::verify_ca},
                   {"verify-full", ssl_mode::verify_full}});
    mode = said;
  }
  reader
      .choice("sslnegotiation", options.tls_negotiation,
              {{"postgres", negotiation::request}, {"direct", negotiation::direct}})
      .text("sslrootcert", options.tls_authorities)
      .text("sslcert", options.tls_certificate)
      .text("sslkey", options.tls_key)
      .secret_text("sslpassword", options.tls_key_password)
      .boolean("sslsni", options.tls_sends_name);
  if (options.tls_authorities == "system") {
    trusts_system = true;
    asks_for_tls = true;
    options.tls_authorities.clear();
  }
  asks_for_tls = asks_for_tls || !options.tls_authorities.empty() || !options.tls_certificate.empty() ||
                 options.tls_negotiation == negotiation::direct;
  ssl_mode gss = ssl_mode::prefer;
  reader.choice("gssencmode", gss, {{"disable", ssl_mode::disable}, {"prefer", ssl_mode::prefer}});
}

DOVETAIL_DEFINE void options_reader::read_choices(option_reader& reader) {
  reader
      .choice("channel_binding", options.binding,
              {{"disable", channel_binding::disable},
               {"prefer", channel_binding::prefer},
               {"require", channel_binding::require}})
      .choice("target_session_attrs", options.target,
              {{"any", target_session::any},
               {"read-write", target_session::read_write},
               {"read-only", target_session::read_only},
               {"primary", target_session::primary},
               {"standby", target_session::standby},
               {"prefer-standby", target_session::prefer_standby}})
      .choice("load_balance_hosts", options.balance,
              {{"disable", load_balance::disable}, {"random", load_balance::random}})
      .choice("max_protocol_version", options.newest_protocol,
              {{"3.0", protocol_version::v3_0}, {"3.2", protocol_version::v3_2}, {"latest", protocol_version::v3_2}});
}

DOVETAIL_DEFINE void options_reader::read_authentication(option_reader& reader) {
  if (!reader.has("require_auth")) return;
  static constexpr std::string_view known[] = {"password", "md5", "scram-sha-256", "none"};
  std::string said;
  reader.text("require_auth", said);
  bool is_named[std::size(known)] = {};
  bool is_refusal = said.starts_with('!');
  for (std::string_view rest = said; !rest.empty();) {
    std::string_view word = take_part(rest);
    const bool is_refused = word.starts_with('!');
    if (is_refused) word.remove_prefix(1);
    const auto* const found = std::find(std::begin(known), std::end(known), word);
    if (found == std::end(known) || is_refused != is_refusal) {
      reader.problem(errc::invalid_option,
                     "parameter 'require_auth' must be a list of 'password', 'md5', 'scram-sha-256' and 'none', "
                     "each of them or none with a '!' in front");
      return;
    }
    is_named[found - std::begin(known)] = true;
  }
  options.allowed_authentication.clear();
  if (said.empty()) return;
  for (std::size_t i = 0; i < std::size(known); ++i) {
    if (is_named[i] != is_refusal) options.allowed_authentication.emplace_back(known[i]);
  }
  if (options.allowed_authentication.empty()) {
    reader.problem(errc::invalid_option, "parameter 'require_auth' leaves no way to log in");
  }
}

DOVETAIL_DEFINE std::string_view options_reader::take_part(std::string_view& rest) noexcept {
  const std::size_t comma = rest.find(',');
  const std::string_view part = rest.substr(0, comma);
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return part;
}

DOVETAIL_DEFINE void options_reader::make_servers(option_reader& reader) {
  const std::size_t hosts = count_of_parts(hosts_);
  const std::size_t addresses = count_of_parts(addresses_);
  const std::size_t ports = count_of_parts(ports_);
  const std::size_t count = (std::max)({hosts, addresses, std::size_t{1}});
  if ((hosts != 0 && addresses != 0 && hosts != addresses) || (ports > 1 && ports != count)) {
    reader.problem(errc::invalid_option, "'host', 'hostaddr' and 'port' name different numbers of servers");
    return;
  }
  std::string_view host_rest = hosts_, address_rest = addresses_, port_rest = ports_;
  options.servers.clear();
  std::string_view port_text;
  for (std::size_t i = 0; i < count; ++i) {
    server_address& each = options.servers.emplace_back();
    each.host = take_part(host_rest);
    each.host_address = take_part(address_rest);
    // "host=db;port=5432;password=…", as other clients' strings are: messages would quote the password as a host.
    if (!each.is_unix_socket() && each.host.find_first_of(";=") != std::string::npos) {
      reader.problem(errc::invalid_option,
                     "parameter 'host' has a ';' or a '=' in it: words are separated by spaces, as in 'host=localhost "
                     "port=5432'");
      return;
    }
    if (i == 0 || ports > 1) port_text = take_part(port_rest);
    if (!port_text.empty() && (!parse_integer(port_text, each.port) || each.port == 0)) {
      reader.problem(errc::invalid_option,
                     "parameter 'port' must be a whole number from 1 to 65535, or a list of them");
      return;
    }
  }
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
