// What a gateway counts, and how it tells it: Prometheus' text, or JSON.
#pragma once

#include <dovetail/client/workersql_gateway/options.hpp>
#include <dovetail/codec/workersql_gateway/route.hpp>
#include <dovetail/policy/histogram.hpp>
#include <dovetail/policy/prometheus.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace dovetail::inline v0::workersql::serving {

/// Threads: any.
class gateway_counters {
 public:
  static constexpr std::size_t endpoints = 7;

  void saw_answer(endpoint where, unsigned status, clock::duration took, bool is_replayed) noexcept {
    const auto at = static_cast<std::size_t>(where);
    by_class[at][status / 100 % 6].fetch_add(1, std::memory_order_relaxed);
    times[at].record(took);
    if (status >= 400) failed.fetch_add(1, std::memory_order_relaxed);
    if (is_replayed) replays.fetch_add(1, std::memory_order_relaxed);
    requests.fetch_add(1, std::memory_order_relaxed);
  }

  std::atomic<std::size_t> open{0};
  std::atomic<std::size_t> transactions{0};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> failed_handshakes{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> replays{0};
  std::atomic<std::uint64_t> limited{0};
  std::atomic<std::uint64_t> messages{0};
  std::array<std::array<std::atomic<std::uint64_t>, 6>, endpoints> by_class{};
  std::array<dovetail::detail::histogram, endpoints> times{};

  gateway_statistics snapshot() const noexcept {
    return {.connections = open.load(std::memory_order_relaxed),
            .transactions = transactions.load(std::memory_order_relaxed),
            .accepted = accepted.load(std::memory_order_relaxed),
            .refused_connections = refused.load(std::memory_order_relaxed),
            .failed_handshakes = failed_handshakes.load(std::memory_order_relaxed),
            .requests = requests.load(std::memory_order_relaxed),
            .failed_requests = failed.load(std::memory_order_relaxed),
            .replays = replays.load(std::memory_order_relaxed),
            .limited = limited.load(std::memory_order_relaxed),
            .messages = messages.load(std::memory_order_relaxed)};
  }
};

inline std::string prometheus_text(const gateway_counters& of, const database_load& behind, std::size_t kept) {
  const gateway_statistics now = of.snapshot();
  dovetail::detail::prometheus_writer out{"workersql_gateway", {}};
  const auto single = [&out](std::string_view name, std::string_view type, std::string_view help, std::uint64_t value) {
    out.family(name, type, help);
    out.sample({}, value);
  };
  single("connections", "gauge", "Open connections.", now.connections);
  single("transactions", "gauge", "Open transactions.", now.transactions);
  single("database_connections", "gauge", "Connections to the database.", behind.connections);
  single("database_connections_in_use", "gauge", "Connections to the database that are in use.", behind.in_use);
  single("idempotency_keys", "gauge", "Keys whose answers are kept.", kept);
  single("connections_accepted_total", "counter", "Connections accepted.", now.accepted);
  single("connections_refused_total", "counter", "Connections closed because there were too many.",
         now.refused_connections);
  single("tls_handshakes_failed_total", "counter", "TLS handshakes that failed or took too long.",
         now.failed_handshakes);
  single("replays_total", "counter", "Answers given again for an idempotency key.", now.replays);
  single("rate_limited_total", "counter", "Requests refused by the rate limit.", now.limited);
  single("websocket_messages_total", "counter", "Messages over WebSocket.", now.messages);
  out.family("requests_total", "counter", "Requests answered, by endpoint and class of status.");
  for (std::size_t i = 0; i < gateway_counters::endpoints; ++i) {
    for (std::size_t j = 1; j < 6; ++j) {
      const std::uint64_t count = of.by_class[i][j].load(std::memory_order_relaxed);
      if (count == 0) continue;
      std::string status{static_cast<char>('0' + j)};
      out.sample({{"endpoint", std::string{to_string(static_cast<endpoint>(i))}}, {"status", status += "xx"}}, count);
    }
  }
  out.family("request_seconds", "histogram", "From a request's head to its answer.");
  for (const endpoint each : {endpoint::query, endpoint::batch}) {
    dovetail::detail::histogram_counts counts;
    of.times[static_cast<std::size_t>(each)].add_to(counts);
    out.histogram_samples({{"endpoint", std::string{to_string(each)}}}, counts);
  }
  return std::move(out).text();
}

/// The upstream gateway's members, with ours behind them.
inline std::string json_metrics(const gateway_counters& of, const database_load& behind, std::size_t kept) {
  const gateway_statistics now = of.snapshot();
  std::string out{R"({"timestamp":)"};
  append_timestamp(out, std::chrono::system_clock::now());
  out += R"(,"connections":{)";
  append_count(out, "active", static_cast<std::int64_t>(now.connections));
  append_count(out, "inTransaction", static_cast<std::int64_t>(now.transactions));
  out += R"(},"cache":{"status":"off"},"shards":{"status":"none"},"database":{)";
  append_count(out, "connections", static_cast<std::int64_t>(behind.connections));
  append_count(out, "inUse", static_cast<std::int64_t>(behind.in_use));
  out += R"(},"requests":{)";
  append_count(out, "total", static_cast<std::int64_t>(now.requests));
  append_count(out, "failed", static_cast<std::int64_t>(now.failed_requests));
  append_count(out, "replayed", static_cast<std::int64_t>(now.replays));
  append_count(out, "rateLimited", static_cast<std::int64_t>(now.limited));
  out += '}';
  append_count(out, "idempotencyKeys", static_cast<std::int64_t>(kept));
  return out += '}';
}

}  // namespace dovetail::inline v0::workersql::serving
