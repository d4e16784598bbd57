// What a WorkerSQL client is told of its gateway: endpoint, key, dialects; and how a connection string says it.
#pragma once

#include <dovetail/base/option_reader.hpp>
#include <dovetail/base/secret.hpp>
#include <dovetail/base/uri.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0 {
class tls_sessions;
}

namespace dovetail::inline v0::workersql {

/// The key under which a batch is sent. A gateway that reads the other one answers "success" and executes nothing; the
/// client sees that by the number of results.
enum class batch_dialect : std::uint8_t {
  gateway,  ///< {'batch':[…]}, what the gateway reads: insert, update and delete only, all or none
  sdk,      ///< {'queries':[…],'transaction':true,'stopOnError':true}, what the SDKs send
};

/// How fresh the rows of a query must be: the hints that the gateway reads from the statement's text.
enum class consistency : std::uint8_t {
  unspecified,  ///< no hint: what the table's policy says
  strong,       ///< from the database, never from the cache
  bounded,      ///< from the cache while that is fresh
  weak,         ///< from the cache, even when it is stale; it is renewed behind the answer
};

/// For which writes the gateway honours an `Idempotency-Key`; only those are repeated when their answer was lost.
enum class idempotency : std::uint8_t {
  automatic,  ///< batches; single statements too once this gateway has echoed the key in an answer
  all,        ///< the gateway honours it everywhere
  batch,      ///< only for batches
  none,       ///< nowhere: no key is sent
};

/// What the connections of a client have learnt about their gateway. Threads: any.
struct gateway_facts {
  std::atomic<bool> honours_keys{false};
  std::mutex tls_lock;
  std::shared_ptr<tls_sessions> tls;  ///< under the lock; made by the first connection
};

class result_cache;

/// Where requests go: the parts of the API endpoint, `https://host:port/v1`.
struct api_endpoint {
  std::string host;
  std::uint16_t port = 443;
  bool is_tls = true;
  std::string path = "/v1";  ///< what `/query`, `/batch` and `/health` are put behind; slashes at its end are left out

  friend bool operator==(const api_endpoint&, const api_endpoint&) = default;
};

/// Options of one connection; all connections of a client share them.
struct options {
  api_endpoint endpoint;
  std::string user;      ///< never transmitted, as in every SDK: the token says who the caller is
  secret password;       ///< never transmitted
  std::string database;  ///< never transmitted: the token names the tenant
  secret api_key;        ///< sent as `Authorization: Bearer …`; empty: no such field is sent
  batch_dialect batches = batch_dialect::gateway;
  std::size_t batch_limit = 0;  ///< statements of a batch that the gateway takes; 0: what its dialect's takes
  workersql::consistency consistency = workersql::consistency::unspecified;
  workersql::idempotency idempotency = workersql::idempotency::automatic;
  std::string proxy_host;  ///< an HTTP proxy that the gateway is reached through by CONNECT; empty: none
  std::uint16_t proxy_port = 0;
  std::string proxy_user;  ///< for the proxy alone, by the Basic scheme (RFC 7617); empty: it is told nobody
  secret proxy_password;
  bool verify_certificate = true;                 ///< and the host's name in it
  std::string certificate_authorities;            ///< PEM file; empty: the system's
  std::size_t response_limit = 64 * 1024 * 1024;  ///< bytes of one answer's body
  bool include_statement_text = false;            ///< SQL text in errors; may hold literals
  std::shared_ptr<gateway_facts> facts = std::make_shared<gateway_facts>();
  std::shared_ptr<result_cache> cache{};  ///< of the client's own: see `result_cache`; null: none

  /// For messages and metrics: the endpoint, without the key.
  std::string public_name() const;
  /// `batch_limit`, or 100 for the SDKs' dialect, as their schema says, and 500 for the gateway's, as it does.
  std::size_t most_in_batch() const noexcept {
    if (batch_limit != 0) return batch_limit;
    return batches == batch_dialect::sdk ? 100 : 500;
  }
};

namespace detail {

[[gnu::cold, gnu::noinline]] inline void append_host(std::string& text, const api_endpoint& of) {
  const bool is_v6 = of.host.find(':') != std::string::npos;
  dovetail::detail::append_parts(text, {is_v6 ? "[" : "", of.host, is_v6 ? "]" : ""});
  if (of.port != (of.is_tls ? 443 : 80)) {
    dovetail::detail::append_parts(text, {":", dovetail::detail::number_text{of.port}});
  }
}

/// The path of a request: `what` behind that of the endpoint.
[[gnu::cold, gnu::noinline]] inline std::string target_of(const api_endpoint& of, std::string_view what) {
  std::string_view path = of.path;
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string{path}.append(what);
}

/// True when a path may stand in a request line as it is: visible ASCII without '?' and '#'.
constexpr bool is_plain_path(std::string_view path) noexcept {
  for (const char c : path) {
    if (c <= ' ' || c >= 0x7F || c == '?' || c == '#' || c == '"' || c == '<' || c == '>' || c == '\\') return false;
  }
  return true;
}

/// True when a key may stand in a header field: visible ASCII.
constexpr bool is_plain_key(std::string_view key) noexcept {
  for (const char c : key) {
    if (c <= ' ' || c >= 0x7F) return false;
  }
  return true;
}

/// Reads the text of `apiEndpoint`: `http://host[:port][/path]`, or https.
[[gnu::cold, gnu::noinline]] inline void read_endpoint(std::string_view text, api_endpoint& out,
                                                       option_reader& reader) {
  const auto wrong = [&reader](std::string_view why) {
    std::string words{"parameter 'apiEndpoint' in the connection string "};
    words += why;
    reader.problem(dovetail::errc::invalid_option, words);
  };
  result<uri> parsed = parse_uri(text);
  if (!parsed) return wrong("is no URL such as https://host:port/path");
  if (parsed->scheme != "http" && parsed->scheme != "https") return wrong("must begin with http:// or https://");
  if (parsed->hosts.size() != 1 || parsed->hosts.front().name.empty()) return wrong("must name one host");
  if (!parsed->user.empty() || parsed->has_password) return wrong("must not have a user; the key is 'apiKey'");
  if (!parsed->parameters.empty() || text.find('?') != text.npos) return wrong("must not have parameters");
  const std::size_t path_at = text.find('/', text.find("//") + 2);  // as it is written: it goes on the wire so
  std::string_view path = path_at == text.npos ? std::string_view{} : text.substr(path_at);
  if (!is_plain_path(path)) return wrong("has a path that cannot be sent; escape its characters");
  while (path.ends_with('/')) path.remove_suffix(1);
  out.is_tls = parsed->scheme == "https";
  out.host = parsed->hosts.front().name;
  out.port = parsed->hosts.front().port != 0 ? parsed->hosts.front().port : out.is_tls ? 443 : 80;
  out.path = path;
}

/// What Basic cannot send to a proxy (RFC 7617 section 2), in words; empty: all of it can be sent.
[[gnu::cold, gnu::noinline]] inline std::string_view basic_problem(std::string_view user, std::string_view password) {
  if (user.find(':') != user.npos) return "has a user with a colon, which Basic cannot send";
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(user.begin(), user.end(), is_control)) {
    return "has a user with a control character, which Basic cannot send";
  }
  if (std::any_of(password.begin(), password.end(), is_control)) {
    return "has a password with a control character, which Basic cannot send";
  }
  return {};
}

[[gnu::cold, gnu::noinline]] inline void read_proxy(std::string_view text, options& out, option_reader& reader) {
  result<uri> parsed = parse_uri(text);
  const bool is_right = parsed && parsed->scheme == "http" && parsed->hosts.size() == 1 &&
                        !parsed->hosts.front().name.empty() && parsed->parameters.empty() &&
                        (!parsed->has_password || !parsed->user.empty()) &&
                        (parsed->path.empty() || parsed->path == "/");
  if (!is_right) {
    reader.problem(dovetail::errc::invalid_option,
                   "parameter 'proxy' in the connection string must be a URL such as http://[user:password@]host:port");
    return;
  }
  if (const std::string_view why = basic_problem(parsed->user, parsed->password.reveal()); !why.empty()) {
    std::string words{"parameter 'proxy' in the connection string "};
    reader.problem(dovetail::errc::invalid_option, words.append(why));
    return;
  }
  out.proxy_user = parsed->user;
  out.proxy_password = parsed->password;
  out.proxy_host = parsed->hosts.front().name;
  out.proxy_port = parsed->hosts.front().port != 0 ? parsed->hosts.front().port : 80;
}

}  // namespace detail

[[gnu::cold, gnu::noinline]] inline std::string options::public_name() const {
  std::string text{endpoint.is_tls ? "https://" : "http://"};
  detail::append_host(text, endpoint);
  return text += endpoint.path;
}

/// Reads what `workersql://[user[:password]@]host[:port][/database][?parameters]` says of a connection: `apiKey`,
/// `apiEndpoint` (the base URL; it overrides host, port and ssl), `ssl` (true), `batch` (gateway, sdk), `batchLimit`
/// (statements), `consistency` (strong, bounded, weak), `idempotency` (automatic, all, batch, none), `proxy`
/// (http://[user:password@]host:port), `tlsVerify` (true), `tlsAuthorities` (a PEM file), `responseLimit` (bytes),
/// `includeStatementText`. The parameters of every client (pool, retry, timeout) are read elsewhere. Where the five
/// SDKs differ: the last '@' in front of the path ends the password, so an '@' in a parameter needs no escape; IPv6
/// addresses stand in brackets; everything is percent-decoded, '+' is a '+', a value may hold '='; a repeated or
/// unknown parameter, port 0 and a fragment are mistakes; an empty database or query is none.
[[gnu::cold, gnu::noinline]] inline options read_options(const uri& where, option_reader& reader) {
  using dovetail::errc;
  options read;
  bool is_tls = true;
  std::string endpoint;
  std::string proxy;
  reader.secret_text("apiKey", read.api_key)
      .text("apiEndpoint", endpoint)
      .boolean("ssl", is_tls)
      .choice("batch", read.batches, {{"gateway", batch_dialect::gateway}, {"sdk", batch_dialect::sdk}})
      .integer("batchLimit", read.batch_limit, 1, 1'000'000)
      .choice("consistency", read.consistency,
              {{"strong", consistency::strong}, {"bounded", consistency::bounded}, {"weak", consistency::weak}})
      .choice("idempotency", read.idempotency,
              {{"automatic", idempotency::automatic},
               {"all", idempotency::all},
               {"batch", idempotency::batch},
               {"none", idempotency::none}})
      .text("proxy", proxy)
      .boolean("tlsVerify", read.verify_certificate)
      .text("tlsAuthorities", read.certificate_authorities)
      .integer("responseLimit", read.response_limit, 1024, std::size_t{1} << 34)
      .boolean("includeStatementText", read.include_statement_text);
  read.user = where.user;
  read.password = where.password;
  read.database = where.database();
  if (where.hosts.size() > 1) reader.problem(errc::invalid_option, "WorkerSQL takes one host");
  if (where.hosts.empty() || where.hosts.front().name.empty()) {
    reader.problem(errc::malformed_connection_string, "the connection string names no host: workersql://host/database");
  } else {
    const uri_host& host = where.hosts.front();
    read.endpoint.host = host.name;
    read.endpoint.is_tls = is_tls;
    read.endpoint.port = host.port != 0 ? host.port : is_tls ? 443 : 80;
  }
  if (reader.has("apiEndpoint")) detail::read_endpoint(endpoint, read.endpoint, reader);
  if (reader.has("proxy")) detail::read_proxy(proxy, read, reader);
  if (reader.has("apiKey") && (read.api_key.empty() || !detail::is_plain_key(read.api_key.reveal()))) {
    reader.problem(errc::invalid_option,
                   "parameter 'apiKey' in the connection string must be a token of visible ASCII characters");
  }
  return read;
}

}  // namespace dovetail::inline v0::workersql
