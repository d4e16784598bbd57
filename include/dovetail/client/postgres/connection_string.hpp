// Connection strings of PostgreSQL: URIs and words, completed from the environment as psql does.
#pragma once

#include <dovetail/base/option_reader.hpp>
#include <dovetail/client/postgres/environment.hpp>
#include <dovetail/client/postgres/service_file.hpp>
#include <dovetail/client/read_settings.hpp>
#include <dovetail/client/settings.hpp>
#include <dovetail/codec/postgres/connection_string.hpp>
#include <dovetail/codec/postgres/options.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::postgres {

/// Reads "postgresql://user:password@host:port/database?name=value" or "host=… dbname=…". The parameters are libpq's
/// (host, hostaddr, port, dbname, user, password, passfile, connect_timeout, options, application_name,
/// fallback_application_name, client_encoding, keepalives, keepalives_idle, sslmode, sslnegotiation, sslrootcert,
/// sslcert, sslkey, sslpassword, sslsni, gssencmode (ignored), channel_binding, require_auth, target_session_attrs,
/// load_balance_hosts, max_protocol_version), besides `ssl`, `cacheStatements`, `messageLimit`, `unnamedStatements`,
/// `includeStatementText` and those of every client. `service` names a section of a service file. What is not said
/// comes from there, from the PG* variables, a password file and ~/.postgresql. An empty text is all defaults. TLS:
/// without `sslmode` it is `prefer`; or `verify-full` where `ssl=true`, files of certificates or direct negotiation ask
/// for TLS. Errors: one failure that names every mistake, and prints no password.
result<parsed_string<connect_options>> parse(std::string_view text,
                                             const environment& around = environment::of_process());

namespace detail {

/// In words about the variables, their names instead of those of the parameters.
std::string name_variables(std::string_view words);

/// Words about another source than the connection string.
std::string without_place(std::string_view words);

}  // namespace detail
}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {
namespace detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE std::string without_place(std::string_view words) {
  constexpr std::string_view place = " in the connection string";
  std::string text{words};
  for (std::size_t at = 0; (at = text.find(place, at)) != std::string::npos;) text.erase(at, place.size());
  return text;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE std::string name_variables(std::string_view words) {
  std::string text = without_place(words);
  for (const variable_name& each : variable_names) {
    std::string parameter;
    dovetail::detail::append_parts(parameter, {"parameter '", each.parameter, "'"});
    for (std::size_t at = 0; (at = text.find(parameter, at)) != std::string::npos;) {
      text.replace(at, parameter.size(), each.variable);
    }
  }
  return text;
}

}  // namespace detail

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE result<parsed_string<connect_options>> parse(std::string_view text,
                                                                                          const environment& around) {
  result<uri> where = is_uri(text) ? parse_uri(text) : detail::parse_words(text);
  if (!where) return std::move(where).error();
  options_reader read;
  option_reader variables{around.variables};
  std::string service;
  variables.text("service", service);
  read.read(around.variables, variables, "PGPORT");
  if (result<void> done = variables.finish(); !done) {
    std::string context = "in the PG* environment variables: ";
    return std::move(done).error().with_context(context.append(detail::name_variables(done.error().context())));
  }
  option_reader reader{*where};
  reader.scheme({"postgresql", "postgres"});
  reader.text("service", service);
  if (!service.empty()) {
    const result<uri> named = read_service(service, around);
    if (!named) return named.error();
    option_reader inside{*named};
    std::string origin;
    dovetail::detail::append_parts(origin, {"the service '", service, "'"});
    read.read(*named, inside, origin);
    if (result<void> done = inside.finish(); !done) {
      std::string context;
      dovetail::detail::append_parts(
          context, {"in the service '", service, "': ", detail::without_place(done.error().context())});
      return std::move(done).error().with_context(std::move(context));
    }
  }
  string_settings said = read_settings(reader);
  read.read(*where, reader);
  read.finish(reader);
  if (result<void> done = reader.finish(); !done) return std::move(done).error();
  if (error_info wrong = fill_defaults(read.options, around, read.password_file, read.trusts_system)) return wrong;
  return parsed_string<connect_options>{std::move(read.options), said};
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
