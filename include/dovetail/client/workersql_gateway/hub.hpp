// What the connections of a gateway share.
#pragma once

#include <dovetail/client/workersql_gateway/counters.hpp>
#include <dovetail/client/workersql_gateway/health_check.hpp>
#include <dovetail/client/workersql_gateway/workers.hpp>
#include <dovetail/codec/workersql_gateway/execute.hpp>
#include <dovetail/policy/pause.hpp>
#include <dovetail/transport/tls_digest.hpp>
#include <dovetail/transport/tls_server.hpp>

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
  /// The time of grace is over: ends it, but what the database has begun is answered.
  virtual void kill() = 0;
};

/// Tells a database that nobody waits for an answer any more, until what was running has ended.
class interruption_job final : public job, public std::enable_shared_from_this<interruption_job> {
 public:
  interruption_job(std::shared_ptr<interruption> what, workers& on) noexcept : what_(std::move(what)), on_(&on) {}
  void work() noexcept override {
    if (!what_->tell()) return;
    dovetail::detail::pause_for(std::chrono::milliseconds{20});
    on_->submit(shared_from_this());
  }

 private:
  std::shared_ptr<interruption> what_;
  workers* on_;
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
              .results = {options.results.rows, options.results.bytes, options.blob_text == blob_text::hex},
              .batch_operations = options.batch_operations,
              .allows_connection_changes = options.allow_connection_changes,
              .reader_functions = options.reader_functions},
        who(options.authentication, {&dovetail::detail::sha256, &dovetail::detail::hmac_sha256}),
        answers(options.idempotency),
        health(options.health_keep),
        limiter(options.rate) {}

  /// Too much waits for peers to read it: nothing that gives more may begin. Threads: any.
  /// `own` is what waits for the one who asks: of what others leave free half is for each.
  bool is_full(const std::atomic<std::size_t>* own) const noexcept {
    const std::size_t all = unsent.load(std::memory_order_relaxed);
    if (all >= options.answer_memory) return true;
    const std::size_t mine = own == nullptr ? 0 : own->load(std::memory_order_relaxed);
    const std::size_t others = all > mine ? all - mine : 0;
    return mine != 0 && mine >= (options.answer_memory - others) / 2;
  }

  /// What waits for a principal, on all its connections.
  std::shared_ptr<std::atomic<std::size_t>> unsent_of(const std::string& principal) {
    if (const auto known = unsent_shares.find(principal); known != unsent_shares.end()) {
      if (auto alive = known->second.lock()) return alive;
    }
    if (unsent_shares.size() >= connections.size() + 64) {  // as many come before it is done again
      std::erase_if(unsent_shares, [](const auto& each) { return each.second.expired(); });
    }
    auto made = std::make_shared<std::atomic<std::size_t>>(0);
    unsent_shares.insert_or_assign(principal, made);
    return made;
  }

  /// A connection has begun, or has become another one.
  void adopt(std::shared_ptr<gateway_connection> made) {
    gateway_connection* const key = made.get();
    connections.emplace(key, std::move(made));
    counters.open.store(connections.size(), std::memory_order_relaxed);
  }
  /// Nobody waits for what runs under `what`.
  void interrupt(const std::shared_ptr<interruption>& what) {
    what->request();
    for_interruptions->submit(std::make_shared<interruption_job>(what, *for_interruptions));
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
  std::unordered_map<std::string, std::weak_ptr<std::atomic<std::size_t>>> unsent_shares;  ///< by principal
  std::shared_ptr<const dovetail::detail::tls_server_context> tls;                         ///< null: plain text
  bool is_stopping = false;
  void (*on_empty)(void*) = nullptr;
  void* on_empty_state = nullptr;
  asio::io_context io{1};
  std::unordered_map<gateway_connection*, std::shared_ptr<gateway_connection>> connections;
  std::unique_ptr<workers> for_requests;
  std::unique_ptr<workers> for_interruptions;
  std::unique_ptr<workers> for_transactions;  // so that a commit never waits behind those who wait for its locks
};

}  // namespace dovetail::inline v0::workersql::serving
