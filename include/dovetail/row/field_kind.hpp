// The kinds of value that fields hold and columns give.
#pragma once

#include <cstdint>

namespace dovetail::inline v0 {

/// The kinds of value that a field can hold; backends say which of them a column can give.
enum class field_kind : std::uint8_t {
  unsupported,       ///< a type that no column can fill
  boolean,           ///< bool
  integer,           ///< signed integers
  unsigned_integer,  ///< unsigned integers
  real,              ///< float, double
  text,              ///< std::string, std::string_view (borrowed from the source), char[N]
  bytes,             ///< std::vector<std::byte>, byte_view (borrowed), std::array<std::byte, N>
  date,              ///< std::chrono::year_month_day, sys_days, local_days
  time_of_day,       ///< std::chrono::hh_mm_ss
  timestamp,         ///< std::chrono::sys_time: a point in time
  local_timestamp,   ///< std::chrono::local_time: date and time without a zone
  duration,          ///< std::chrono::duration
  uuid,              ///< dt::uuid
  decimal,           ///< dt::decimal
  json,              ///< dt::json_value<T>
  /// Enums, by number or by name. A number that no enumerator has is taken if the underlying type holds it: flags are
  /// combined so, and not every enumerator is known (see `enum_name`). A `field_codec` can refuse it.
  enumeration,
  list,    ///< std::vector<T> of one of the above
  native,  ///< a type of one backend only: dt::postgres::interval
};

/// A set of kinds, as backends describe a column.
class field_kinds {
 public:
  constexpr field_kinds() noexcept = default;
  constexpr field_kinds(field_kind kind) noexcept : bits_(std::uint32_t{1} << static_cast<unsigned>(kind)) {}  // NOLINT
  static constexpr field_kinds all() noexcept { return from_bits(~std::uint32_t{1}); }

  constexpr bool contains(field_kind kind) const noexcept { return (bits_ & field_kinds{kind}.bits_) != 0; }
  friend constexpr field_kinds operator|(field_kinds a, field_kinds b) noexcept { return from_bits(a.bits_ | b.bits_); }
  friend constexpr bool operator==(field_kinds, field_kinds) noexcept = default;

 private:
  static constexpr field_kinds from_bits(std::uint32_t bits) noexcept {
    field_kinds kinds;
    kinds.bits_ = bits;
    return kinds;
  }
  std::uint32_t bits_ = 0;
};

constexpr field_kinds operator|(field_kind a, field_kind b) noexcept { return field_kinds{a} | field_kinds{b}; }

namespace detail {

/// What a backend says of a type of its own (`field_kind::native`). Types of columns are the server's numbers of them.
struct native_traits {
  /// Whether values of the type can go to it; true where only the values tell.
  bool (*takes)(std::uint32_t type) noexcept;
  /// Whether values of the type are to come as text; null: never.
  bool (*is_read_as_text)(std::uint32_t type) noexcept;
};

}  // namespace detail
}  // namespace dovetail::inline v0
