// The settings of an in-process LensDB server.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/codec/lensdb/serve_rules.hpp>
#include <dovetail/codec/lensdb/store.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace dovetail::inline v0::lensdb {

/// How a server listens, and what it takes. The defaults are the real server's, but for the port and the framing.
struct server_options {
  std::string host = "127.0.0.1";  ///< an address of this machine (0.0.0.0 and :: are all of them), or localhost
  std::uint16_t port = 0;          ///< 0: any free one; `server::port()` says which
  lensdb::framing framing = lensdb::framing::exact;
  bool accepts_lens = true;            ///< speak lens_v1
  bool accepts_ldbd = true;            ///< speak ldbd_v1 (never with framing::one_per_recv)
  std::size_t max_connections = 1000;  ///< one more is accepted and closed at once
  store_limits storage{};
  std::size_t key_limit = lens_v1::key_size_limit;            ///< the dialect's own limit holds beside it
  std::size_t value_limit = lens_v1::value_size_limit;        ///< the same
  std::size_t receive_size = lens_v1::default_request_limit;  ///< only of framing::one_per_recv
  std::size_t output_limit = 64 * 1024;  ///< unsent bytes of replies from which on no request is looked at
  clock::duration idle_limit = std::chrono::seconds{300};  ///< the longest wait for a request, or to get a reply sent
  clock::duration linger = std::chrono::seconds{2};        ///< how long an ended connection waits for the peer's end
  clock::duration stop_grace =
      std::chrono::seconds{2};  ///< how long `stop()` waits for requests under way and their replies
  clock::time_point (*now)() noexcept = clock::now;  ///< the clock of times to live
};

/// What a server has seen since its start.
struct server_statistics {
  std::size_t connections = 0;            ///< open now
  std::uint64_t accepted = 0;             ///< connections
  std::uint64_t refused_connections = 0;  ///< because there were `max_connections`
  std::uint64_t requests = 0;             ///< executed
  std::uint64_t refused_requests = 0;     ///< malformed or over a limit
};

}  // namespace dovetail::inline v0::lensdb
