// Connection strings of WorkerSQL: `workersql://host/database?apiKey=…`.
#pragma once

#include <dovetail/base/option_reader.hpp>
#include <dovetail/base/uri.hpp>
#include <dovetail/client/read_settings.hpp>
#include <dovetail/client/settings.hpp>
#include <dovetail/client/workersql/result_cache.hpp>
#include <dovetail/codec/workersql/options.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql {

namespace detail {

/// `cacheTtl` (off without it), `cacheEntries`, `cacheBytes`, `cacheInvalidation` (tables, all).
[[gnu::cold, gnu::noinline]] inline std::shared_ptr<result_cache> read_cache(option_reader& reader) {
  using namespace std::chrono_literals;
  cache_settings how;
  std::chrono::milliseconds ttl{0};
  const bool is_on = reader.has("cacheTtl");
  bool has_more = false;
  for (const std::string_view name : {"cacheEntries", "cacheBytes", "cacheInvalidation"}) {
    has_more = reader.has(name) || has_more;
  }
  reader.milliseconds("cacheTtl", ttl, 1ms)
      .integer("cacheEntries", how.entries, std::size_t{1}, std::size_t{10'000'000})
      .integer("cacheBytes", how.bytes, std::size_t{1024}, std::size_t{1} << 34)
      .choice("cacheInvalidation", how.invalidation,
              {{"tables", cache_invalidation::tables}, {"all", cache_invalidation::all}});
  if (!is_on && has_more) {
    reader.problem(dovetail::errc::invalid_option,
                   "the parameters of the cache mean nothing without 'cacheTtl', which turns it on");
  }
  if (!is_on) return nullptr;
  how.ttl = ttl;
  return std::make_shared<result_cache>(how);
}

}  // namespace detail

/// Reads a connection string. Parameters: those of every client (`timeout`, `retryAttempts`, `retryDelay`, `pooling`,
/// `minConnections`, `maxConnections`, `idleTimeout`, `acquireTimeout`, `maxLifetime`), `healthCheckInterval`,
/// those of the cache (`detail::read_cache`), and those of `read_options`. Times are in milliseconds unless they have a
/// unit. Errors: one failure that names every mistake, and quotes neither key nor password.
[[gnu::cold, gnu::noinline]] inline result<parsed_string<options>> parse(std::string_view text) {
  result<uri> where = parse_uri(text);
  if (!where) return std::move(where).error();
  option_reader reader{*where};
  reader.scheme({"workersql"});
  string_settings said = read_settings(reader);
  if (reader.has("healthCheckInterval")) {
    std::chrono::milliseconds interval{};
    reader.milliseconds("healthCheckInterval", interval, std::chrono::milliseconds{1});
    said.check_interval = interval;
  }
  options read = read_options(*where, reader);
  read.cache = detail::read_cache(reader);
  if (result<void> done = reader.finish(); !done) return std::move(done).error();
  return parsed_string<options>{std::move(read), said};
}

}  // namespace dovetail::inline v0::workersql
