// Addresses: inet, cidr, macaddr and macaddr8.
#pragma once

#include <dovetail/format/postgres/native.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace dovetail::inline v0::postgres {

/// An address of IPv4 or IPv6 with the length of its network's prefix, for inet and cidr.
struct inet {
  bool is_v6 = false;
  std::uint8_t prefix = 32;                ///< bits of the network; 32 or 128: one host
  std::array<std::byte, 16> address = {};  ///< of IPv4 the first four bytes, the others are zero

  static constexpr inet v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d,
                           std::uint8_t prefix = 32) noexcept {
    return {false, prefix, {std::byte{a}, std::byte{b}, std::byte{c}, std::byte{d}}};
  }
  static constexpr inet v6(const std::array<std::byte, 16>& address, std::uint8_t prefix = 128) noexcept {
    return {true, prefix, address};
  }

  friend constexpr bool operator==(const inet&, const inet&) noexcept = default;
};

/// A hardware address of six bytes.
struct macaddr {
  std::array<std::byte, 6> bytes = {};
  friend constexpr bool operator==(const macaddr&, const macaddr&) noexcept = default;
};

/// A hardware address of eight bytes.
struct macaddr8 {
  std::array<std::byte, 8> bytes = {};
  friend constexpr bool operator==(const macaddr8&, const macaddr8&) noexcept = default;
};

}  // namespace dovetail::inline v0::postgres

namespace dovetail::inline v0 {

template <>
inline constexpr bool detail::is_native_value<postgres::inet> = true;
template <>
inline constexpr bool detail::is_native_value<postgres::macaddr> = true;
template <>
inline constexpr bool detail::is_native_value<postgres::macaddr8> = true;

namespace postgres::detail {

template <>
struct native_codec<inet> {
  // inet_net.h: PGSQL_AF_INET is the AF_INET of all platforms, PGSQL_AF_INET6 one more.
  static constexpr std::uint8_t family_v4 = 2;
  static constexpr std::uint8_t family_v6 = 3;

  static constexpr bool takes(oid type) noexcept { return type == oids::inet || type == oids::cidr; }
  static constexpr oid type() noexcept { return oids::inet; }
  static errc decode(const value_ref& value, inet& out, decode_context&) noexcept {
    part_reader reader{value.bytes()};
    std::uint8_t family = 0;
    std::uint8_t prefix = 0;
    std::uint8_t is_cidr = 0;
    std::uint8_t size = 0;
    if (!reader.take(family) || !reader.take(prefix) || !reader.take(is_cidr) || !reader.take(size)) {
      return errc::malformed_value;
    }
    if ((family != family_v4 && family != family_v6) || size != (family == family_v4 ? 4 : 16) || prefix > size * 8 ||
        reader.left() != size) {
      return errc::malformed_value;
    }
    out = {.is_v6 = family == family_v6, .prefix = prefix};
    std::memcpy(out.address.data(), value.data + 4, size);
    return errc{};
  }
  static errc encode(byte_buffer& out, const inet& value, oid wanted, encode_context& context) {
    if (!takes(wanted)) return context.refuse("an address can be sent to inet and cidr only", errc::malformed_value);
    const std::uint8_t size = value.is_v6 ? 16 : 4;
    if (value.prefix > size * 8) return context.refuse("the prefix is longer than the address");
    std::byte* const at = out.grow(std::size_t{4} + size);
    at[0] = std::byte{value.is_v6 ? family_v6 : family_v4};
    at[1] = std::byte{value.prefix};
    at[2] = std::byte{wanted == oids::cidr};
    at[3] = std::byte{size};
    std::memcpy(at + 4, value.address.data(), size);
    return errc{};
  }
};

template <class T, oid Type>
struct hardware_address_codec {
  static constexpr bool takes(oid type) noexcept { return type == Type; }
  static constexpr oid type() noexcept { return Type; }
  static errc decode(const value_ref& value, T& out, decode_context&) noexcept {
    if (value.bytes().size() != out.bytes.size()) return errc::malformed_value;
    std::memcpy(out.bytes.data(), value.data, out.bytes.size());
    return errc{};
  }
  static errc encode(byte_buffer& out, const T& value, oid wanted, encode_context& context) {
    if (wanted != Type) return context.refuse("the parameter is no hardware address", errc::malformed_value);
    return out.append(byte_view{value.bytes}), errc{};
  }
};

template <>
struct native_codec<macaddr> : hardware_address_codec<macaddr, oids::macaddr> {};
template <>
struct native_codec<macaddr8> : hardware_address_codec<macaddr8, oids::macaddr8> {};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
