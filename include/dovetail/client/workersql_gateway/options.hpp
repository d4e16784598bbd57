// The settings of a WorkerSQL gateway, and what it has seen.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/codec/workersql_gateway/authentication.hpp>
#include <dovetail/codec/workersql_gateway/database.hpp>
#include <dovetail/codec/workersql_gateway/envelope.hpp>
#include <dovetail/codec/workersql_gateway/idempotency.hpp>
#include <dovetail/codec/workersql_gateway/rate_limit.hpp>
#include <dovetail/transport/tls_server.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dovetail::inline v0::workersql {

struct gateway_options {
  std::string host = "127.0.0.1";  ///< an address of this machine (0.0.0.0 and :: are all of them), or localhost
  std::uint16_t port = 0;          ///< 0: any free one; `gateway::port()` says which
  std::optional<tls_server_settings> tls{};  ///< empty: plain text; the handshake has `read_limit`
  gateway_authentication authentication{};
  workersql::envelope envelope = workersql::envelope::docs;
  workersql::large_integers large_integers = workersql::large_integers::numbers;
  workersql::blob_text blob_text = workersql::blob_text::base64;

  std::size_t worker_threads = 4;      ///< that wait for the database; more than its connections are of no use
  std::size_t max_connections = 1000;  ///< one more is accepted and closed at once
  std::size_t max_transactions = 4;    ///< over WebSocket, at the same time; each has a thread, and holds a connection
  std::size_t head_limit = 16 * 1024;  ///< bytes of a request's head
  std::size_t body_limit = 1024 * 1024;  ///< bytes of a request's body, and of a WebSocket's message
  std::size_t batch_operations = 500;
  serving::result_limits results{};
  rate_limit rate{};
  idempotency_limits idempotency{};

  std::size_t answer_memory = 256 * 1024 * 1024;  ///< bytes of answers that wait for their readers, of all connections;
                                                  ///< with so many, nothing more is executed (503), and with half
                                                  ///< of what others leave nothing more of one principal

  clock::duration request_limit = std::chrono::seconds{30};  ///< for the database, the wait for a thread included
  clock::duration read_limit = std::chrono::seconds{20};     ///< from a request's first byte to its last
  clock::duration write_limit = std::chrono::seconds{30};    ///< to get an answer sent
  clock::duration idle_limit = std::chrono::seconds{75};     ///< the longest wait for a request; of a WebSocket: before
                                                             ///< a ping, and again before the end
  clock::duration transaction_limit = std::chrono::seconds{30};  ///< from an answer to the transaction's next message
  clock::duration health_keep = std::chrono::seconds{1};         ///< so long `/health` is answered without the database
  clock::duration stop_grace = std::chrono::seconds{5};  ///< how long `stop()` lets requests come that have begun, and
                                                         ///< transactions go on; then, from an answer on, how long
                                                         ///< its reader may take

  bool answers_half_closed = false;  ///< also who has ended its sending behind a request gets the answer; then a client
                                     ///< that hangs up without a reset is not told from one that waits, and its
                                     ///< statement runs to its end

  bool allow_connection_changes = false;  ///< also for admins: settings, attached files, temporary tables …, which are
                                          ///< the connection's, and there for whoever is lent it next
  std::vector<std::string> reader_functions{};  ///< PostgreSQL: what who only reads may call beside its own functions
                                                ///< that only look: `similarity`, `app.price`, `st_*`
  std::vector<std::string> cors_origins{};      ///< the pages that may ask, as their Origin says; "*": any; empty: none
  bool metrics_are_public = true;               ///< false: they need the permission admin
};

/// What a gateway has seen since its start.
struct gateway_statistics {
  std::size_t connections = 0;            ///< open now
  std::size_t transactions = 0;           ///< open now
  std::uint64_t accepted = 0;             ///< connections
  std::uint64_t refused_connections = 0;  ///< because there were `max_connections`
  std::uint64_t failed_handshakes = 0;    ///< of TLS, those that took too long too
  std::uint64_t requests = 0;             ///< answered
  std::uint64_t failed_requests = 0;      ///< answered with a status of 400 and more
  std::uint64_t replays = 0;              ///< answered from what was kept under an idempotency key
  std::uint64_t limited = 0;              ///< refused by the rate limit, with messages
  std::uint64_t messages = 0;             ///< of WebSockets
};

}  // namespace dovetail::inline v0::workersql
