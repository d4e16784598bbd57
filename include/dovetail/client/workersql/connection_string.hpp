// Connection strings of WorkerSQL: `workersql://host/database?apiKey=…`.
#pragma once

#include <dovetail/base/option_reader.hpp>
#include <dovetail/base/uri.hpp>
#include <dovetail/client/read_settings.hpp>
#include <dovetail/client/settings.hpp>
#include <dovetail/codec/workersql/options.hpp>

#include <chrono>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::workersql {

/// Reads a connection string. Parameters: those of every client (`timeout`, `retryAttempts`, `retryDelay`, `pooling`,
/// `minConnections`, `maxConnections`, `idleTimeout`, `acquireTimeout`, `maxLifetime`), `healthCheckInterval`, and
/// those of `read_options`. Times are in milliseconds unless they have a unit.
/// Errors: one failure that names every mistake, and quotes neither key nor password.
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
  if (result<void> done = reader.finish(); !done) return std::move(done).error();
  return parsed_string<options>{std::move(read), said};
}

}  // namespace dovetail::inline v0::workersql
