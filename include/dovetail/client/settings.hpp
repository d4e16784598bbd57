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

/// Sets a policy's member where it has one; `member` fails to compile as an expression where it has none.
template <class Policy, class Value, class Member>
error_info apply_to(Policy& policy, const std::optional<Value>& value, Member member, std::string_view parameter,
                    std::string_view kind) {
  if (!value) return {};
  if constexpr (std::is_invocable_v<Member, Policy&, const Value&>) {
    member(policy, *value);
    return {};
  } else {
    return policy_lacks(parameter, kind);
  }
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
  if (said.timeout) settings.timeout = *said.timeout;
  error_info wrong = apply_to(
      settings.pool, said.min_connections,
      [](auto& p, auto v) -> decltype(void(p.min_connections = v)) { p.min_connections = v; }, "minConnections",
      "pool");
  if (!wrong && !(said.max_connections == std::size_t{1} && settings.pool.limits().max == 1)) {
    wrong = apply_to(
        settings.pool, said.max_connections,
        [](auto& p, auto v) -> decltype(void(p.max_connections = v)) { p.max_connections = v; }, "maxConnections",
        "pool");
  }
  if (!wrong) {
    wrong = apply_to(
        settings.pool, said.acquire_wait,
        [](auto& p, auto v) -> decltype(void(p.acquire_wait = v)) { p.acquire_wait = v; }, "acquireTimeout", "pool");
  }
  if (!wrong) {
    wrong = apply_to(
        settings.pool, said.idle_limit, [](auto& p, auto v) -> decltype(void(p.idle_limit = v)) { p.idle_limit = v; },
        "idleTimeout", "pool");
  }
  if (!wrong) {
    wrong = apply_to(
        settings.pool, said.age_limit, [](auto& p, auto v) -> decltype(void(p.age_limit = v)) { p.age_limit = v; },
        "maxLifetime", "pool");
  }
  if (!wrong) {
    wrong = apply_to(
        settings.retry, said.retry_attempts, [](auto& p, auto v) -> decltype(void(p.attempts = v)) { p.attempts = v; },
        "retryAttempts", "retry");
  }
  if (!wrong) {
    wrong = apply_to(
        settings.retry, said.retry_delay,
        [](auto& p, auto v) -> decltype(void(p.initial_delay = v)) { p.initial_delay = v; }, "retryDelay", "retry");
  }
  if (!wrong) {
    wrong = apply_to(
        settings.pool, said.check_interval,
        [](auto& p, auto v) -> decltype(void(p.check_interval = v)) { p.check_interval = v; }, "healthCheckInterval",
        "pool");
  }
  if (!wrong && said.min_connections) {
    const std::size_t most = settings.pool.limits().max;
    if (*said.min_connections > most) return too_many_kept(most);
  }
  return wrong;
}

}  // namespace detail
}  // namespace dovetail::inline v0
