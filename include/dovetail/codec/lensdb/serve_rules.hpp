// How a LensDB server behaves towards its clients, and what it counts.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/format/lensdb/lens_v1.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace dovetail::inline v0::lensdb {

/// Where a request ends and the next begins.
enum class framing : std::uint8_t {
  exact,         ///< where its header says: pipelined and fragmented requests work
  one_per_recv,  ///< as the real server has it: what one recv gives is one request, whatever it holds
};

/// How a server behaves towards each connection.
struct serve_rules {
  lensdb::framing framing = framing::exact;
  bool accepts_lens = true;
  bool accepts_ldbd = true;
  std::size_t key_limit = lens_v1::key_size_limit;
  std::size_t value_limit = lens_v1::value_size_limit;
  std::size_t receive_size = lens_v1::default_request_limit;  ///< the recv of framing::one_per_recv
  std::size_t output_limit = 64 * 1024;              ///< unsent bytes of replies from which on no request is looked at
  std::size_t discard_limit = 16 * 1024 * 1024;      ///< a refused request that announces more ends the connection
  clock::time_point (*now)() noexcept = clock::now;  ///< the clock of times to live
};

/// What a server has seen so far. Threads: written by the server's, read by any.
struct serve_counters {
  std::atomic<std::uint64_t> requests{0};  ///< executed
  std::atomic<std::uint64_t> refused{0};   ///< answered with status::invalid_message
};

}  // namespace dovetail::inline v0::lensdb
