// money: a count of the currency's smallest unit.
#pragma once

#include <dovetail/format/postgres/native.hpp>

#include <compare>
#include <cstdint>

namespace dovetail::inline v0::postgres {

/// An amount in cents, or whatever the smallest unit is in the server's `lc_monetary`: the value does not say it.
/// As text (a field of type std::string) it comes as the server writes it: "$1,234.50".
struct money {
  std::int64_t smallest_units = 0;
  friend constexpr auto operator<=>(const money&, const money&) noexcept = default;
};

}  // namespace dovetail::inline v0::postgres

namespace dovetail::inline v0 {

template <>
inline constexpr bool detail::is_native_value<postgres::money> = true;

namespace postgres::detail {

template <>
struct native_codec<money> {
  static constexpr bool takes(oid type) noexcept { return type == oids::money; }
  static constexpr oid type() noexcept { return oids::money; }
  static errc decode(const value_ref& value, money& out, decode_context&) noexcept {
    if (value.size != 8) return errc::malformed_value;
    out.smallest_units = static_cast<std::int64_t>(load_big<std::uint64_t>(value.data));
    return errc{};
  }
  static errc encode(byte_buffer& out, const money& value, oid wanted, encode_context& context) {
    if (wanted != oids::money) return context.refuse("the parameter is no money", errc::malformed_value);
    return out.append_big(static_cast<std::uint64_t>(value.smallest_units)), errc{};
  }
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
