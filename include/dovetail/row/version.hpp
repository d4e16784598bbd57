// `dt::version`: the member of a row struct that counts the row's changes.
#pragma once

#include <dovetail/base/result.hpp>
#include <dovetail/row/reflect.hpp>

#include <compare>
#include <cstdint>

namespace dovetail::inline v0 {

/// How often a row has been changed, as optimistic locking compares it: `struct account { …; dt::version version; };`.
/// Stored as a 64-bit integer. A column of another name: `dt::column<"lock_version", dt::version> version;`. A column
/// that may be null, which counts as 0: `std::optional<dt::version>`.
struct version {
  std::int64_t value = 0;

  friend constexpr bool operator==(const version&, const version&) noexcept = default;
  friend constexpr auto operator<=>(const version&, const version&) noexcept = default;
};

template <>
struct field_codec<version> {
  using stored_type = std::int64_t;
  static std::int64_t encode(const version& of) noexcept { return of.value; }
  static result<version> decode(std::int64_t stored) { return version{stored}; }
};

}  // namespace dovetail::inline v0
