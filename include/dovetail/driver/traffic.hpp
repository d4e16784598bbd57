// How many bytes an operation moved.
#pragma once

#include <cstddef>

namespace dovetail::inline v0 {

/// Bytes that one operation moved over its transport; `sent` decides whether a failed one may be repeated.
struct traffic {
  std::size_t sent = 0;
  std::size_t received = 0;

  friend constexpr bool operator==(const traffic&, const traffic&) noexcept = default;
};

}  // namespace dovetail::inline v0
