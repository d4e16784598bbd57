// Where a request to a WorkerSQL gateway goes: its path and method.
#pragma once

#include <cstdint>
#include <string_view>

namespace dovetail::inline v0::workersql::serving {

enum class endpoint : std::uint8_t { none, query, batch, health, metrics, who, socket };

constexpr std::string_view to_string(endpoint what) noexcept {
  constexpr std::string_view names[] = {"none", "query", "batch", "health", "metrics", "auth", "websocket"};
  return names[static_cast<std::size_t>(what)];
}

/// Of a path without its query. All of `/query`, `/batch`, `/health`, `/metrics`, `/auth/me` and `/ws` are known alone
/// and behind `/v1`, `/api/v1` and `/sql`; `/sql` alone is a query. Nothing else is guessed at.
constexpr endpoint endpoint_of(std::string_view path) noexcept {
  if (path == "/sql") return endpoint::query;
  for (const std::string_view prefix :
       {std::string_view{"/api/v1/"}, std::string_view{"/v1/"}, std::string_view{"/sql/"}}) {
    if (path.substr(0, prefix.size()) == prefix) {
      path.remove_prefix(prefix.size() - 1);
      break;
    }
  }
  if (path == "/query") return endpoint::query;
  if (path == "/batch") return endpoint::batch;
  if (path == "/health") return endpoint::health;
  if (path == "/metrics") return endpoint::metrics;
  if (path == "/auth/me") return endpoint::who;
  if (path == "/ws") return endpoint::socket;
  return endpoint::none;
}

/// The methods that an endpoint has, as the field Allow says them.
constexpr std::string_view methods_of(endpoint what) noexcept {
  return what == endpoint::query || what == endpoint::batch ? "POST" : what == endpoint::socket ? "GET" : "GET, HEAD";
}

/// Whether its requests have a body that says something; those of others are read past.
constexpr bool has_statements(endpoint what) noexcept { return what == endpoint::query || what == endpoint::batch; }

constexpr bool has_method(endpoint what, std::string_view method) noexcept {
  if (what == endpoint::query || what == endpoint::batch) return method == "POST";
  return method == "GET" || (method == "HEAD" && what != endpoint::socket);
}

static_assert(endpoint_of("/v1/query") == endpoint::query && endpoint_of("/sql/batch") == endpoint::batch &&
              endpoint_of("/api/v1/auth/me") == endpoint::who && endpoint_of("/v1") == endpoint::none &&
              endpoint_of("/x/health") == endpoint::none);

}  // namespace dovetail::inline v0::workersql::serving
