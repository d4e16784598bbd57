// From a configuration to a session, on a pool that other sessions may share.
#pragma once

#include <dovetail/client/asyncsql/config.hpp>
#include <dovetail/client/asyncsql/config_check.hpp>
#include <dovetail/client/asyncsql/guard.hpp>
#include <dovetail/client/asyncsql/pool_registry.hpp>
#include <dovetail/client/asyncsql/session.hpp>
#include <dovetail/client/settings.hpp>

#include <concepts>
#include <memory>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::asyncsql {
namespace detail {

/// The client's settings that a configuration asks for. What the connection string says itself wins.
template <class Settings>
error_info client_settings_of(config& how, const string_settings& said, Settings& settings) {
  settings.pool.min_connections = how.pool.min_connections;
  settings.pool.max_connections = how.pool.max_connections;
  settings.pool.capacity = how.pool.capacity;
  settings.pool.acquire_wait = how.pool.acquire_wait;
  settings.pool.idle_limit = how.pool.idle_limit;
  settings.pool.age_limit = how.pool.age_limit;
  settings.pool.check_interval = how.pool.check_interval;
  if (said.timeout) how.session.timeout = *said.timeout;
  settings.timeout = how.session.timeout;
  if constexpr (requires { settings.retry.multiplier; }) {
    const retry_settings& retry = how.session.retry;
    settings.retry.attempts = retry.attempts();
    settings.retry.initial_delay = retry.initial_delay;
    settings.retry.multiplier = retry.exponential_base;
    settings.retry.cap = retry.max_delay;
    settings.retry.full_jitter = retry.jitter != jitter_kind::none;
    settings.retry.total_budget = retry.deadline;
  }
  return dovetail::detail::apply(settings, said);
}

template <class Client, class Change>
result<std::shared_ptr<shared_pool<Client>>> open_pool(config& how, pool_registry& in, const Change& change) {
  if (error_info wrong = problem_of(how)) return wrong;
  auto parsed = Client::connection_type::parse(with_seconds(how.connection_string).reveal());
  if (!parsed) return with_session_names(std::move(parsed).error());
  typename Client::settings settings;
  if (error_info wrong = client_settings_of(how, parsed->settings, settings)) return wrong;
  change(parsed->options);
  auto pool = in.get<Client>(std::move(parsed->options), std::move(settings), how.pool.share);
  if (pool) (*pool)->metrics()->keep_slow(how.session.monitor.kept_slow_queries);
  return pool;
}

template <class Client, class Guard>
session<Client, Guard> session_on(std::shared_ptr<shared_pool<Client>> pool, const config& how, Guard guard) {
  std::shared_ptr<sql_metrics> metrics = pool->metrics();
  std::shared_ptr<circuit_breaker> circuit = pool->circuit();
  Client& client = pool->client();
  return session<Client, Guard>{std::shared_ptr<Client>{std::move(pool), &client}, how.session, std::move(guard),
                                std::move(metrics), std::move(circuit)};
}

/// The stricter of a configuration's rules and of those that a guard type has for literals.
[[gnu::cold, gnu::noinline]] inline security_settings stricter(security_settings how, const validation& than) {
  if (than.profile > how.rules().profile) {
    how.validate_queries = true;
    how.profile = than.profile;
  }
  how.allow_admin = how.allow_admin && than.allow_admin;
  how.allow_ddl = how.allow_ddl && than.allow_ddl;
  how.allow_calls = how.allow_calls && than.allow_calls;
  how.allow_settings = how.allow_settings && than.allow_settings;
  how.allow_notifications = how.allow_notifications && than.allow_notifications;
  how.allow_risky_functions = how.allow_risky_functions && than.allow_risky_functions;
  return how;
}

/// The guard that a configuration asks for, and no laxer than its type.
template <class Guard>
Guard make_guard(const security_settings& how) {
  if constexpr (std::constructible_from<Guard, security_settings>) {
    if constexpr (requires { Guard::literals; }) {
      return Guard{stricter(how, Guard::literals)};
    } else {
      return Guard{how};
    }
  } else {
    return Guard{};
  }
}

template <class Client, class Change, class Guard>
session<Client, Guard> open_with(const config& how, const Change& change, Guard by, pool_registry& in) {
  config own = how;
  auto pool = open_pool<Client>(own, in, change).value();
  return session_on(std::move(pool), own, std::move(by));
}

}  // namespace detail

/// A session as the configuration says: `auto db = asyncsql::open<sqlite::client>(read_config("sqlite:a.db").value())`.
/// Opens no connection yet. Its guard validates statements: literals by the standard rules, when they are compiled,
/// other texts by `how.security`.
/// Errors: throws `dt::error` when there is no connection string or it is wrong, with all settings that are out of
/// range or contradict each other (errc::invalid_option), or when the registry refuses.
template <class Client>
session<Client, guard<>> open(const config& how, pool_registry& in = pool_registry::process()) {
  return detail::open_with<Client>(
      how, [](typename Client::options&) {}, guard<>{how.security}, in);
}
/// The same with a type of guard: literals by the rules of the type, other texts by the stricter of these rules and of
/// `how.security`. `open<sqlite::client, no_guard>` has none.
template <class Client, class Guard>
session<Client, Guard> open(const config& how, pool_registry& in = pool_registry::process()) {
  return detail::open_with<Client>(
      how, [](typename Client::options&) {}, detail::make_guard<Guard>(how.security), in);
}
/// The same with a guard of one's own.
template <class Client, class Guard>
  requires statement_guard<Guard> session<Client, Guard> open(const config& how, Guard by,
                                                              pool_registry& in = pool_registry::process()) {
    return detail::open_with<Client>(
        how, [](typename Client::options&) {}, std::move(by), in);
  }
/// The same, when `change(options)` has changed the client's options, such as `credentials`.
template <class Client, class Change>
  requires std::invocable<const Change&, typename Client::options&> session<Client, guard<>> open(
      const config& how, const Change& change, pool_registry& in = pool_registry::process()) {
    return detail::open_with<Client>(how, change, guard<>{how.security}, in);
  }
template <class Client, class Guard, class Change>
  requires std::invocable<const Change&, typename Client::options&> session<Client, Guard> open(
      const config& how, const Change& change, pool_registry& in = pool_registry::process()) {
    return detail::open_with<Client>(how, change, detail::make_guard<Guard>(how.security), in);
  }
/// The same from a connection string; see `read_config`.
template <class Client>
session<Client, guard<>> open(std::string_view connection_string, pool_registry& in = pool_registry::process()) {
  return open<Client>(read_config(connection_string).value(), in);
}
template <class Client, class Guard>
session<Client, Guard> open(std::string_view connection_string, pool_registry& in = pool_registry::process()) {
  return open<Client, Guard>(read_config(connection_string).value(), in);
}

}  // namespace dovetail::inline v0::asyncsql
