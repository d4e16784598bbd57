// What a session is told: one struct for each concern, with defaults that do no harm.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/client/asyncsql/parameter_types.hpp>
#include <dovetail/client/transaction.hpp>
#include <dovetail/policy/circuit_breaker.hpp>
#include <dovetail/policy/pool.hpp>
#include <dovetail/policy/sql_retry.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dovetail::inline v0::asyncsql {

/// Who begins and ends transactions.
enum class transaction_mode : std::uint8_t {
  automatic,  ///< each statement that may write has a transaction of its own; reads have none
  manual,     ///< the program, by `begin()`, `commit()` and `rollback()`
  none,       ///< nobody: the database commits each statement by itself
};

/// The name of a mode: "automatic", "manual", "none".
constexpr std::string_view to_string(transaction_mode mode) noexcept {
  return mode == transaction_mode::automatic ? "automatic" : mode == transaction_mode::manual ? "manual" : "none";
}

struct transaction_settings {
  transaction_mode mode = transaction_mode::automatic;
  begin_mode isolation = begin_mode::automatic;  ///< of transactions that do not ask for another one
  /// How long the rollback of a transaction that is open when the session closes may take; the connection is closed
  /// then, which rolls back too.
  clock::duration close_limit = std::chrono::seconds{5};
};

/// The pool that `open()` makes or finds.
struct pool_settings {
  bool share = true;  ///< with the other sessions of the same server, database, user, secret and settings
  /// Idleness never closes more than leave so many, at most `max_connections`. None is opened before it is needed.
  std::size_t min_connections = 5;
  std::size_t max_connections = 20;
  std::size_t capacity = 64;  ///< the most that `resize` may allow
  clock::duration acquire_wait = std::chrono::seconds{30};
  clock::duration idle_limit = std::chrono::minutes{5};
  clock::duration age_limit = std::chrono::minutes{30};
  clock::duration check_interval = std::chrono::seconds{30};  ///< idle for longer: checked before it is used

  friend bool operator==(const pool_settings&, const pool_settings&) = default;
};

struct monitor_settings {
  clock::duration slow_query = (clock::duration::max)();  ///< statements that take longer are counted and kept
  std::size_t kept_slow_queries = 100;                    ///< of a shared pool: what the newest session says
  clock::duration health_wait = std::chrono::seconds{2};  ///< longest wait for the answer to a health check
};

/// Everything about a session that is not its pool's.
struct session_settings {
  std::string name = "asyncsql";  ///< for messages, metrics and access control
  transaction_settings transaction{};
  retry_settings retry{};
  /// When the server is left alone for a while; off by default. What is known of the server is shared by the sessions
  /// of a registry's pool.
  circuit_policy circuit{};
  monitor_settings monitor{};
  /// The longest that a statement may take, from the wait for a connection to the last byte, retries included.
  clock::duration timeout = std::chrono::seconds{60};
  /// Types of parameters, by name, for all statements; those of a call win over them.
  asyncsql::parameter_types parameter_types{};
};

}  // namespace dovetail::inline v0::asyncsql
