// How a PostgreSQL server is reached, and how a session with it is to be.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/secret.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres {

/// How much TLS is wanted; the words and meanings of libpq's `sslmode`. Unix sockets are never encrypted.
enum class ssl_mode : std::uint8_t {
  disable,      ///< never
  allow,        ///< only if the server refuses without
  prefer,       ///< if the server has it; whoever is in between can turn it off
  require,      ///< always; nothing is verified unless a file of authorities is named, then as `verify_ca`
  verify_ca,    ///< always, with a certificate of a trusted authority
  verify_full,  ///< always, with a certificate of a trusted authority for the host's name
};

/// How TLS begins.
enum class ssl_negotiation : std::uint8_t {
  request,  ///< asked for with SSLRequest: every server understands it
  direct,   ///< at once, with ALPN: one round trip less, PostgreSQL 17 and later
};

/// Whether SCRAM proves that nobody is between the ends of the TLS connection.
enum class channel_binding : std::uint8_t { disable, prefer, require };

/// Which of several servers will do.
enum class target_session : std::uint8_t {
  any,
  read_write,      ///< takes writes: no hot standby, default_transaction_read_only is off
  read_only,       ///< the opposite
  primary,         ///< no hot standby
  standby,         ///< a hot standby
  prefer_standby,  ///< a hot standby if there is one, else any
};

/// The newest version of the protocol that is asked for. 3.2 differs by longer cancel keys; some poolers refuse it.
enum class protocol_version : std::uint32_t { v3_0 = 3u << 16, v3_2 = (3u << 16) | 2 };

enum class load_balance : std::uint8_t { disable, random };

/// One of the servers that will do.
struct server_address {
  std::string host;          ///< a name, an address, or the folder of a Unix socket (begins with '/' or '@')
  std::string host_address;  ///< the address to connect to; empty: looked up from `host`
  std::uint16_t port = 5432;
  secret password;  ///< for this server; empty: the options' password

  bool is_unix_socket() const noexcept {
    return host_address.empty() && !host.empty() && (host.front() == '/' || host.front() == '@');
  }
  /// The path of the Unix socket: the folder and the name that servers give it.
  std::string socket_path() const { return host + "/.s.PGSQL." + std::to_string(port); }
  /// For messages: "host:port", or the path.
  std::string text() const;

  friend bool operator==(const server_address&, const server_address&) = default;
};

/// Gives the password, or a token that stands for it, to each new connection.
class credential_source {
 public:
  credential_source() = default;
  credential_source(const credential_source&) = delete;
  credential_source& operator=(const credential_source&) = delete;
  virtual ~credential_source() = default;

  /// Called whenever a connection is opened, by the thread that opens it; should be quick. What it throws, and an empty
  /// secret, fail the opening with errc::login_refused; the text of the exception is not repeated anywhere.
  /// Threads: by several at once.
  virtual secret fetch() = 0;
  /// What is really called, for a source that can stop waiting: `by` is when the call must be over that opens the
  /// connection. Nothing interrupts a source; what it gives, or throws, later than that fails the opening with
  /// errc::deadline_passed, and one whose time is over already is not asked.
  virtual secret fetch_by(deadline by) {
    static_cast<void>(by);
    return fetch();
  }
};

/// What a connection needs to know before it is opened. The defaults are libpq's, except that TLS, once it is asked for
/// by a file of certificates or by direct negotiation, is verified.
struct connect_options {
  std::vector<server_address> servers;  ///< tried in this order; at least one
  std::string user;
  secret password;
  /// When it is set, it gives the password, and no other one is ever used. Kept by every copy of the options.
  std::shared_ptr<credential_source> credentials;
  std::string password_note;  ///< why there is none, for the message when a server asks for one
  std::string database;       ///< empty: named as the user
  std::string application_name;
  std::string options;  ///< command-line options for the server: "-c search_path=app"
  /// Other parameters of the session, sent when it begins: {"search_path", "app"}. `client_encoding` is always UTF8,
  /// `DateStyle` ISO.
  std::vector<std::pair<std::string, std::string>> session_parameters;

  ssl_mode tls = ssl_mode::prefer;
  ssl_negotiation tls_negotiation = ssl_negotiation::request;
  std::string tls_authorities;  ///< file of trusted certificates; empty: the system's
  std::string tls_certificate;  ///< our own certificate chain
  std::string tls_key;          ///< its key; empty: in the same file
  secret tls_key_password;
  bool tls_sends_name = true;  ///< SNI
  channel_binding binding = channel_binding::prefer;
  /// Methods that we answer; a server that asks for another one is refused. Empty: all that we know. Words as libpq's
  /// require_auth: "password", "md5", "scram-sha-256", "none".
  std::vector<std::string> allowed_authentication;

  target_session target = target_session::any;
  load_balance balance = load_balance::disable;
  protocol_version newest_protocol = protocol_version::v3_0;
  /// For each server, from the first packet to the end of the log-in; zero: only the operation's own time limit.
  std::chrono::milliseconds connect_timeout{0};

  bool keep_alive = true;
  std::chrono::seconds keep_alive_idle{60};

  std::size_t statement_cache = 256;  ///< prepared statements that a connection keeps
  bool unnamed_statements = false;    ///< for poolers that do not keep named ones between transactions
  bool include_statement_text = false;
  std::size_t message_limit = std::size_t{1} << 30;  ///< the largest message that is read

  /// The database that is asked for.
  const std::string& database_name() const noexcept { return database.empty() ? user : database; }

  /// For messages and metrics: user, servers and database.
  std::string public_name() const;

  /// The same servers, user, secrets and settings; secrets are compared in constant time.
  friend bool operator==(const connect_options&, const connect_options&) = default;
};

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {

DOVETAIL_DEFINE std::string server_address::text() const {
  if (is_unix_socket()) return socket_path();
  const std::string& shown = host.empty() ? host_address : host;
  const bool is_v6 = shown.find(':') != std::string::npos;
  return (is_v6 ? "[" + shown + "]:" : shown + ":") + std::to_string(port);
}

DOVETAIL_DEFINE std::string connect_options::public_name() const {
  std::string text = "postgresql://" + user + "@";
  for (const server_address& each : servers) {
    if (text.back() != '@') text += ',';
    text += each.text();
  }
  return text + "/" + database_name();
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
