// Looks at a configuration that was made in code, as connection strings and files are looked at when they are read.
#pragma once

#include <dovetail/base/errc.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/client/asyncsql/config_calls.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::asyncsql::detail {

/// Collects what is wrong, one line for each member.
struct config_problems {
  std::string text{};

  [[gnu::cold, gnu::noinline]] void add(std::string_view name, std::string_view value, std::string_view rule) {
    dovetail::detail::append_parts(text, {text.empty() ? "" : "\n  ", name, " = ", value, " ", rule});
  }
  template <class Number>
  void range(std::string_view name, Number value, Number least, Number most) {
    if (value >= least && value <= most) return;
    add(name, std::to_string(value), "must be from " + std::to_string(least) + " to " + std::to_string(most));
  }
  [[gnu::cold, gnu::noinline]] void time(std::string_view name, clock::duration value,
                                         clock::duration least = clock::duration::zero()) {
    if (value >= least) return;
    add(name, words_of(value), least == clock::duration::zero() ? "must not be negative" : "must be positive");
  }
  [[gnu::cold, gnu::noinline]] static std::string words_of(clock::duration time) {
    using std::chrono::duration_cast;
    const auto whole = duration_cast<std::chrono::milliseconds>(time);
    if (whole == time) return std::to_string(whole.count()) + "ms";
    return std::to_string(duration_cast<std::chrono::nanoseconds>(time).count()) + "ns";
  }
};

[[gnu::cold, gnu::noinline]] inline void check_retry(config_problems& wrong, const retry_settings& how) {
  wrong.range("session.retry.max_retries", how.max_retries, 0, 1000);
  wrong.time("session.retry.initial_delay", how.initial_delay);
  wrong.time("session.retry.max_delay", how.max_delay);
  wrong.time("session.retry.deadline", how.deadline);
  if (!std::isfinite(how.exponential_base) || how.exponential_base < 1) {
    wrong.add("session.retry.exponential_base", std::to_string(how.exponential_base), "must be a number of at least 1");
  }
  if (how.initial_delay > how.max_delay) {
    wrong.add("session.retry.initial_delay", config_problems::words_of(how.initial_delay),
              "is longer than session.retry.max_delay = " + config_problems::words_of(how.max_delay));
  }
}

/// The defaults of `min_connections` and `capacity` give way to `max_connections`, as they do in a file.
[[gnu::cold, gnu::noinline]] inline void check_pool(config_problems& wrong, const pool_settings& how) {
  constexpr std::size_t most = 10000;
  constexpr pool_settings untouched{};
  wrong.range<std::size_t>("pool.min_connections", how.min_connections, 0, most);
  wrong.range<std::size_t>("pool.max_connections", how.max_connections, 1, most);
  wrong.range<std::size_t>("pool.capacity", how.capacity, 1, most);
  const std::string maximum = "pool.max_connections = " + std::to_string(how.max_connections);
  if (how.min_connections > how.max_connections && how.min_connections != untouched.min_connections) {
    wrong.add("pool.min_connections", std::to_string(how.min_connections), "is larger than " + maximum);
  }
  if (how.capacity < how.max_connections && how.capacity != untouched.capacity) {
    wrong.add("pool.capacity", std::to_string(how.capacity), "is smaller than " + maximum);
  }
  wrong.time("pool.acquire_wait", how.acquire_wait);
  wrong.time("pool.idle_limit", how.idle_limit);
  wrong.time("pool.age_limit", how.age_limit);
  wrong.time("pool.check_interval", how.check_interval);
}

/// What is wrong with a configuration before a session is opened. Errors: errc::invalid_option, which names all the
/// members that are wrong, and their values.
[[gnu::cold, gnu::noinline]] inline error_info problem_of(const config& how) {
  config_problems wrong;
  if (how.connection_string.reveal().empty())
    wrong.text = "a configuration requires host and database or connection_string";
  const session_settings& session = how.session;
  wrong.time("session.timeout", session.timeout, clock::duration{1});
  wrong.time("session.transaction.close_limit", session.transaction.close_limit);
  check_retry(wrong, session.retry);
  wrong.range("session.circuit.failures", session.circuit.failures, 0, 1000000);
  wrong.time("session.circuit.open_time", session.circuit.open_time);
  wrong.range("session.circuit.successes", session.circuit.successes, 1, 1000000);
  wrong.time("session.monitor.slow_query", session.monitor.slow_query);
  wrong.range<std::size_t>("session.monitor.kept_slow_queries", session.monitor.kept_slow_queries, 0, 100000);
  wrong.time("session.monitor.health_wait", session.monitor.health_wait);
  check_pool(wrong, how.pool);
  if (wrong.text.empty()) return {};
  return {make_error_code(errc::invalid_option), std::move(wrong.text)};
}

}  // namespace dovetail::inline v0::asyncsql::detail
