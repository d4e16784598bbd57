// What the connections of a gateway share.
#pragma once

#include <dovetail/client/workersql_gateway/counters.hpp>
#include <dovetail/client/workersql_gateway/health_check.hpp>
#include <dovetail/client/workersql_gateway/workers.hpp>
#include <dovetail/codec/workersql_gateway/execute.hpp>
#include <dovetail/transport/tls_digest.hpp>

#include <asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

namespace dovetail::inline v0::workersql::serving {

/// What the gateway knows of a connection. Threads: the gateway's own, but `work()`.
class gateway_connection : public job {
 public:
  /// Ends the connection when nothing is under way, at once or after the answer.
  virtual void stop() = 0;
  /// Ends it whatever is under way.
  virtual void kill() = 0;
};

inline std::int64_t unix_time() noexcept {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// Threads: the gateway's own, but for what says otherwise.
class gateway_hub {
 public:
  gateway_hub(std::unique_ptr<serving::database> behind, gateway_options how)
      : options(std::move(how)),
        database(std::move(behind)),
        rules{.form = {options.envelope, options.large_integers, options.blob_text},
              .results = options.results,
              .batch_operations = options.batch_operations},
        who(options.authentication, {&dovetail::detail::sha256, &dovetail::detail::hmac_sha256}),
        answers(options.idempotency),
        health(options.health_keep),
        limiter(options.rate) {}

  /// Too much waits for peers to read it: nothing that gives more may begin. Threads: any.
  bool is_full() const noexcept { return unsent.load(std::memory_order_relaxed) >= options.answer_memory; }

  /// A connection has begun, or has become another one.
  void adopt(std::shared_ptr<gateway_connection> made) {
    gateway_connection* const key = made.get();
    connections.emplace(key, std::move(made));
    counters.open.store(connections.size(), std::memory_order_relaxed);
  }
  /// It has ended.
  void forget(gateway_connection& ended) {
    connections.erase(&ended);
    counters.open.store(connections.size(), std::memory_order_relaxed);
    if (is_stopping && connections.empty() && on_empty != nullptr) on_empty(on_empty_state);
  }

  const gateway_options options;
  const std::unique_ptr<serving::database> database;
  const execution_rules rules;
  const authenticator who;
  gateway_counters counters;
  idempotency_store answers;
  health_check health;
  rate_limiter limiter;
  const clock::time_point since = clock::now();
  std::atomic<std::size_t> unsent{0};  ///< bytes of answers that were made, and not read by their peers
  bool is_stopping = false;
  void (*on_empty)(void*) = nullptr;
  void* on_empty_state = nullptr;
  asio::io_context io{1};
  std::unordered_map<gateway_connection*, std::shared_ptr<gateway_connection>> connections;
  std::unique_ptr<workers> for_requests;
  std::unique_ptr<workers> for_transactions;  // so that a commit never waits behind those who wait for its locks
};

}  // namespace dovetail::inline v0::workersql::serving
