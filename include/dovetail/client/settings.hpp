// Settings that every client has: policies, and how long an operation may take; a connection string may set them too.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/policy/observer.hpp>
#include <dovetail/policy/pool.hpp>
#include <dovetail/policy/retry.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dovetail::inline v0 {

/// The values of a client's policies, and its time limit: `{.retry = {.attempts = 5}, .timeout = 2s}`.
template <retry_policy Retry, pool_policy Pool, observer Observer>
struct client_settings {
  Retry retry{};
  Pool pool{};
  Observer observer{};
  /// The longest that an operation may take, from the wait for a connection to the last byte, retries included.
  clock::duration timeout = std::chrono::seconds{30};  // more than zero
};

/// What a connection string says of the settings; it wins over what the program says.
struct string_settings {
  std::optional<std::size_t> min_connections{};               ///< minConnections
  std::optional<std::size_t> max_connections{};               ///< maxConnections; 1 with pooling=false
  std::optional<std::chrono::milliseconds> acquire_wait{};    ///< acquireTimeout
  std::optional<std::chrono::milliseconds> idle_limit{};      ///< idleTimeout
  std::optional<std::chrono::milliseconds> age_limit{};       ///< maxLifetime
  std::optional<std::chrono::milliseconds> timeout{};         ///< timeout
  std::optional<int> retry_attempts{};                        ///< retryAttempts, the first attempt included
  std::optional<std::chrono::milliseconds> retry_delay{};     ///< retryDelay, before the second attempt
  std::optional<std::chrono::milliseconds> check_interval{};  ///< healthCheckInterval, where a database has it
};

/// A client's options and settings, as a connection string gives them.
template <class Options>
struct parsed_string {
  Options options;
  string_settings settings;
};

namespace detail {

[[gnu::cold, gnu::noinline]] inline error_info policy_lacks(std::string_view parameter, std::string_view policy) {
  std::string text = "the connection string sets '";
  text.append(parameter).append("', which this client's ").append(policy).append(" policy does not have");
  return {errc::invalid_option, std::move(text)};
}

[[gnu::cold, gnu::noinline]] inline error_info too_many_kept(std::size_t most) {
  std::string text;
  append_parts(text, {"'minConnections' is larger than 'maxConnections', which is ", number_text{most}, " here"});
  return {errc::invalid_option, std::move(text)};
}

/// Errors: errc::invalid_option for a parameter that the policies do not have, and for a `minConnections` above the
/// most that the pool may have, which it would not reach.
template <class Settings>
error_info apply(Settings& settings, const string_settings& said) {
  // Each by hand: a function for each member is more for the compiler than all the rest of them.
  auto& pool = settings.pool;
  auto& retry = settings.retry;
  if (said.timeout) settings.timeout = *said.timeout;
  if (said.min_connections) {
    if constexpr (requires { pool.min_connections = *said.min_connections; }) {
      pool.min_connections = *said.min_connections;
    } else {
      return policy_lacks("minConnections", "pool");
    }
  }
  if (said.max_connections && !(*said.max_connections == 1 && pool.limits().max == 1)) {
    if constexpr (requires { pool.max_connections = *said.max_connections; }) {
      pool.max_connections = *said.max_connections;
    } else {
      return policy_lacks("maxConnections", "pool");
    }
  }
  if (said.acquire_wait) {
    if constexpr (requires { pool.acquire_wait = *said.acquire_wait; }) {
      pool.acquire_wait = *said.acquire_wait;
    } else {
      return policy_lacks("acquireTimeout", "pool");
    }
  }
  if (said.idle_limit) {
    if constexpr (requires { pool.idle_limit = *said.idle_limit; }) {
      pool.idle_limit = *said.idle_limit;
    } else {
      return policy_lacks("idleTimeout", "pool");
    }
  }
  if (said.age_limit) {
    if constexpr (requires { pool.age_limit = *said.age_limit; }) {
      pool.age_limit = *said.age_limit;
    } else {
      return policy_lacks("maxLifetime", "pool");
    }
  }
  if (said.retry_attempts) {
    if constexpr (requires { retry.attempts = *said.retry_attempts; }) {
      retry.attempts = *said.retry_attempts;
    } else {
      return policy_lacks("retryAttempts", "retry");
    }
  }
  if (said.retry_delay) {
    if constexpr (requires { retry.initial_delay = *said.retry_delay; }) {
      retry.initial_delay = *said.retry_delay;
    } else {
      return policy_lacks("retryDelay", "retry");
    }
  }
  if (said.check_interval) {
    if constexpr (requires { pool.check_interval = *said.check_interval; }) {
      pool.check_interval = *said.check_interval;
    } else {
      return policy_lacks("healthCheckInterval", "pool");
    }
  }
  if (said.min_connections) {
    const std::size_t most = pool.limits().max;
    if (*said.min_connections > most) return too_many_kept(most);
  }
  return {};
}

}  // namespace detail
}  // namespace dovetail::inline v0
