// From a configuration to an awaited session, on a pool that other sessions may share.
#pragma once

#include <dovetail/base/error.hpp>
#include <dovetail/client/asyncsql/async_session.hpp>
#include <dovetail/client/asyncsql/open.hpp>

#include <asio/any_io_executor.hpp>

#include <concepts>
#include <memory>
#include <utility>

namespace dovetail::inline v0::asyncsql {

namespace detail {

template <class Client, class Change, class Guard>
async_session<Client, Guard> open_async_with(const asio::any_io_executor& executor, const config& how,
                                             const Change& change, Guard by, pool_registry& in) {
  if (error_info wrong = problem_of(how)) dovetail::detail::throw_error(std::move(wrong));
  auto parsed = Client::connection_type::wire::parse(with_seconds(how.connection_string).reveal());
  if (!parsed) dovetail::detail::throw_error(with_session_names(std::move(parsed).error()));
  typename Client::settings settings;
  config own = how;
  if (error_info wrong = client_settings_of(own, parsed->settings, settings)) {
    dovetail::detail::throw_error(std::move(wrong));
  }
  change(parsed->options);
  std::shared_ptr<shared_pool<Client>> pool =
      in.get<Client>(std::move(parsed->options), std::move(settings), how.pool.share, executor).value();
  std::shared_ptr<sql_metrics> metrics = pool->metrics();
  std::shared_ptr<circuit_breaker> circuit = pool->circuit();
  metrics->keep_slow(how.session.monitor.kept_slow_queries);
  Client& client = pool->client();
  return async_session<Client, Guard>{std::shared_ptr<Client>{std::move(pool), &client}, own.session, std::move(by),
                                      std::move(metrics), std::move(circuit)};
}

}  // namespace detail

/// As `open`, for an asynchronous client that works on `executor`.
template <class Client, class Guard>
  requires statement_guard<Guard> async_session<Client, Guard> open_async(
      const asio::any_io_executor& executor, const config& how, Guard by,
      pool_registry& in = pool_registry::process()) {
    return detail::open_async_with<Client>(
        executor, how, [](typename Client::options&) {}, std::move(by), in);
  }
template <class Client>
async_session<Client, guard<>> open_async(const asio::any_io_executor& executor, const config& how,
                                          pool_registry& in = pool_registry::process()) {
  return open_async<Client>(executor, how, guard<>{how.security}, in);
}
template <class Client, class Guard>
async_session<Client, Guard> open_async(const asio::any_io_executor& executor, const config& how,
                                        pool_registry& in = pool_registry::process()) {
  return open_async<Client>(executor, how, detail::make_guard<Guard>(how.security), in);
}
/// The same, when `change(options)` has changed the client's options, such as `credentials`.
template <class Client, class Change>
  requires std::invocable<const Change&, typename Client::options&> async_session<Client, guard<>> open_async(
      const asio::any_io_executor& executor, const config& how, const Change& change,
      pool_registry& in = pool_registry::process()) {
    return detail::open_async_with<Client>(executor, how, change, guard<>{how.security}, in);
  }
template <class Client, class Guard, class Change>
  requires std::invocable<const Change&, typename Client::options&> async_session<Client, Guard> open_async(
      const asio::any_io_executor& executor, const config& how, const Change& change,
      pool_registry& in = pool_registry::process()) {
    return detail::open_async_with<Client>(executor, how, change, detail::make_guard<Guard>(how.security), in);
  }

}  // namespace dovetail::inline v0::asyncsql
