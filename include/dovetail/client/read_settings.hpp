// The parameters of a connection string that every client knows: pool, retry, time limit.
#pragma once

#include <dovetail/base/option_reader.hpp>
#include <dovetail/client/settings.hpp>

#include <chrono>
#include <optional>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0 {

/// Reads `minConnections maxConnections pooling acquireTimeout idleTimeout maxLifetime timeout retryAttempts
/// retryDelay`; times are in milliseconds unless they have a unit, and `timeout` is at least 1 ms. Mistakes stay in the
/// reader, for its `finish()`.
string_settings read_settings(option_reader& reader);

}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE string_settings read_settings(option_reader& reader) {
  string_settings said;
  const auto count = [&reader](std::string_view name, auto& target, int least, int most) {
    if (!reader.has(name)) return;
    typename std::remove_reference_t<decltype(target)>::value_type value{};
    using number = decltype(value);
    reader.integer(name, value, static_cast<number>(least), static_cast<number>(most));
    target = value;
  };
  const auto time = [&reader](std::string_view name, std::optional<std::chrono::milliseconds>& target,
                              std::chrono::milliseconds least = std::chrono::milliseconds{0}) {
    if (!reader.has(name)) return;
    std::chrono::milliseconds value{};
    reader.milliseconds(name, value, least);
    target = value;
  };
  count("minConnections", said.min_connections, 0, 10000);
  count("maxConnections", said.max_connections, 1, 10000);
  bool is_pooling = true;
  reader.boolean("pooling", is_pooling);
  if (!is_pooling) {
    if (said.max_connections.value_or(1) != 1) {
      reader.problem(errc::invalid_option, "'pooling=false' and 'maxConnections' contradict each other");
    }
    said.max_connections = 1;
    said.min_connections.reset();
  }
  if (said.min_connections && said.max_connections && *said.min_connections > *said.max_connections) {
    reader.problem(errc::invalid_option, "'minConnections' is larger than 'maxConnections'");
  }
  time("acquireTimeout", said.acquire_wait);
  time("idleTimeout", said.idle_limit);
  time("maxLifetime", said.age_limit);
  time("timeout", said.timeout, std::chrono::milliseconds{1});  // without any time every call would fail
  count("retryAttempts", said.retry_attempts, 1, 1000);
  time("retryDelay", said.retry_delay);
  return said;
}

}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
