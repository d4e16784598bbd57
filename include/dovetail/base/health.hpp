// What state a connection is in after its last operation.
#pragma once

#include <cstdint>

namespace dovetail::inline v0 {

/// Decides what a pool may do with a connection that comes back.
enum class session_health : std::uint8_t {
  idle,            ///< clean: may be reused
  in_transaction,  ///< must be reset (rolled back) before reuse
  desynchronised,  ///< requests and replies no longer match: must be discarded
  closed,          ///< not open (any more)
};

}  // namespace dovetail::inline v0
