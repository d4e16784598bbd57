// What a session's configuration holds, and the calls that read it; config.hpp has their bodies.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/base/secret.hpp>
#include <dovetail/base/uri.hpp>
#include <dovetail/client/asyncsql/security_settings.hpp>
#include <dovetail/client/asyncsql/settings.hpp>
#include <dovetail/sql/dialect.hpp>

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dovetail::inline v0::asyncsql {

/// Everything that `open()` needs: `config how; how.connection_string = secret{"sqlite:cities.db"}; how.pool.share =
/// false;`.
struct config {
  secret connection_string{};  ///< the client's, without the session's own parameters
  session_settings session{};
  pool_settings pool{};
  security_settings security{};  ///< of the guard that `open()` makes
};

/// The database that a connection string leads to; empty when its scheme tells none. ":memory:" and what looks like a
/// file is SQLite; "mariadb://" is MySQL.
std::optional<dialect> detect_database(std::string_view connection_string) noexcept;

/// Takes the session's parameters out of a connection string, "postgresql://app@host/app?transaction_mode=manual";
/// what is left is for the client. The names are those of a file; times are seconds, or have a unit ("250ms", "30s"),
/// the client's `timeout` too when a session is opened. Errors: one failure that names every mistake.
[[gnu::cold]] result<config> read_config(std::string_view connection_string);

/// Looks a name up in the environment; null when it is not there.
using variable_lookup = const char* (*)(const char* name);
inline const char* process_variable(const char* name) { return std::getenv(name); }

/// Reads one entry of a text such as {"databases": {"main": {"url": "postgresql://app@${DB_HOST}/app", "password":
/// "${DB_PASSWORD}", "transaction_mode": "manual", "timeout": 30}}}. Without a name it is the entry "default"; one that
/// is not there is an error, which names those that are. Names: connection_string (or url), or database_type, host,
/// port, database, user and password (which may stand beside a connection string that has none); name, transaction_mode
/// (auto, manual, none), isolation, close_timeout, timeout, share_pool, min_pool_size, max_pool_size, pool_capacity,
/// acquire_timeout, idle_timeout, max_lifetime, health_check_interval, max_retries (after the first attempt) or
/// attempts (in all), retry_delay, max_delay, exponential_base, jitter (true, false, full), retry_deadline,
/// retry_lock_not_available, retry_timeouts_of_reads, retryable_codes, slow_query, kept_slow_queries, validate_queries,
/// profile (off, standard, strict), allow_admin, allow_ddl, allow_calls, allow_settings, allow_notifications,
/// allow_risky_functions, parameter_types (an object; in a connection string parameter_types.name=type). Times are in
/// seconds, or text with a unit: "250ms". `host` and `port` may be lists, "h1,h2" or ["h1", "h2"], for PostgreSQL;
/// `database` of SQLite is a file's name as it is.
/// `${NAME}` in a text is the environment's variable, `$$` is a dollar; any other dollar is itself. In a connection
/// string a variable is one piece of its part, escaped as need be, unless it stands at the very beginning.
/// Errors: a mistake of the JSON, keys that are given twice included, with line and column; else one failure that names
/// every mistake: unknown names, values out of range, what contradicts each other, variables that are not set. No value
/// of a secret is quoted.
[[gnu::cold]] result<config> read_config_text(std::string_view json, std::string_view name = {},
                                              variable_lookup variables = process_variable);
/// The same from a file. Errors: errc::invalid_option, naming the file.
[[gnu::cold]] result<config> read_config_file(const std::string& path, std::string_view name = {},
                                              variable_lookup variables = process_variable);

namespace detail {

/// The settings that `values` give. `origin` names an entry of a file; it is empty for a connection string, `target`.
/// `problems` are mistakes that were found before, to be reported with the others; `knows_database` is false when the
/// kind of database was one of them, so that nothing can be said of its address.
[[gnu::cold]] result<config> config_of(std::vector<uri_parameter> values, secret target, std::string_view origin,
                                       std::string_view problems = {}, bool knows_database = true);

}  // namespace detail
}  // namespace dovetail::inline v0::asyncsql
