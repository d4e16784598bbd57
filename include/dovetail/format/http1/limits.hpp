// What an HTTP/1.1 message may have at most, whatever the peer says.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dovetail::inline v0::http1 {

/// The limits of reading. A message over one of them fails as soon as that is known.
struct limits {
  std::size_t head = 64 * 1024;            ///< bytes of start line and header fields
  std::size_t target = 16 * 1024;          ///< bytes of a request's target
  std::size_t fields = 128;                ///< header fields, and trailer fields
  std::uint64_t body = 64 * 1024 * 1024;   ///< bytes of content
  std::size_t chunk_overhead = 64 * 1024;  ///< bytes of chunk extensions and trailers together
};

}  // namespace dovetail::inline v0::http1
